/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transport uring: hand the sends and receives of all servers to an io_uring, and wait for them
 * in the same system call. A batch in which a connection is not open yet goes through poll(2).
 * Batches for fewer servers than `ring_from` go without the ring, as with transport blocking; so do those
 * for one server with a secure plugin.
 */
#include "../blocking.h"
#include "uring_ring.h"

#include <stddef.h>

/*
 * How long to wait for all servers before the completions so far are handled. A partial reply
 * lies unread for this long at most because another server is slow.
 */
#define PATIENCE_NS ((int64_t)10 * 1000000)
/* A request up to this size nearly always fits into the socket's send buffer at once. */
#define WHOLE_MAX_BYTES ((size_t)64 * 1024)
/* Larger batches go through poll(2). */
#define CONNECTIONS_MAX 4096
/* The first ring is for this many connections. It fills the pages that the smallest ring takes. */
#define CONNECTIONS_FIRST 32

enum outcome {
	RUNNING, /* a send or a receive is in flight */
	DONE,
	BROKEN,
	FAILED,
	BLOCKED /* a send that no reply follows would have to wait: poll(2) goes on with it */
};

struct uring_job {
	struct tenon_connection *conn;
	enum outcome outcome;
	int status; /* when FAILED: the status to report */
	int sys_errno;
	bool sending; /* a send is in flight: the kernel may read the bytes that iov names */
	bool receiving;
	bool waits;   /* the send in flight waits for room in the socket's send buffer */
	size_t room;  /* bytes that the receive in flight has room for */
	struct iovec iov[BATCH_SEND_PIECES];
	struct msghdr message;
};

/* Bits of a completion's user_data next to the job's address. */
#define TAG_SEND 1u   /* the completion of a send; else of a receive */
#define TAG_URGENT 2u /* the connection cannot go on before this completion is handled */
#define TAGS 3u

struct uring_options {
	int64_t ring_from;
};

struct uring {
	struct batch batch;
	size_t ring_from; /* batches of fewer connections go without the ring */
	struct ring ring;
	struct uring_job *jobs; /* [capacity] */
	size_t capacity;
	size_t count;       /* jobs of this run */
	unsigned in_flight; /* completions that are still to come */
	unsigned urgent;    /* of these, completions with TAG_URGENT */
};

/* ---- set-up -------------------------------------------------------------- */

static int refuse(const struct tenon_host *host, struct tenon_error *err,
		  int code)
{
	const char *why = "the kernel could not set up an io_uring";

	switch (code) {
	case -ENOSYS:
		why = "the kernel has no io_uring";
		break;
	case -EPERM:
	case -EACCES:
		why = "io_uring is forbidden, by seccomp or by sysctl kernel.io_uring_disabled";
		break;
	case -EINVAL:
		why = "the io_uring of this kernel is older than Linux 5.11";
		break;
	case -ENOMEM:
		why = "out of memory for an io_uring (before Linux 5.12 RLIMIT_MEMLOCK limits it)";
		break;
	default:
		break;
	}
	return host->set_error(err, TENON_EIO,
			       "%s (errno %d); use 'transport: poll'", why,
			       -code);
}

/* Make the ring that is for `connections` connections: one send and one receive for each. */
static int set_up_ring(struct uring *uring, size_t connections,
		       struct tenon_error *err)
{
	unsigned before = uring->ring.entries;

	ring_close(&uring->ring);
	uring->ring.entries = (unsigned)(2 * connections);
	int code = ring_open(&uring->ring);
	if (code) {
		uring->ring.entries = before;
	}
	return !code ? 0 : refuse(uring->batch.host, err, code);
}

static int uring_init(void *self, const void *options,
		      const struct tenon_host *host,
		      const struct tenon_transport_setup *setup,
		      struct tenon_error *err)
{
	const struct uring_options *chosen = options;
	struct uring *uring = self;
	int code = batch_init(&uring->batch, options, host, setup, err);

	if (code) {
		return code;
	}
	uring->ring_from = (size_t)chosen->ring_from;
	return set_up_ring(uring, CONNECTIONS_FIRST, err);
}

/* Make room for `capacity` jobs, and a ring for them. */
static int grow(struct uring *uring, size_t capacity, struct tenon_error *err)
{
	const struct tenon_host *host = uring->batch.host;
	int code = capacity > CONNECTIONS_FIRST
			   ? set_up_ring(uring, capacity, err)
			   : 0;

	if (code) {
		return code;
	}
	if (!batch_renew(host, &uring->jobs, 0,
			 capacity * sizeof(*uring->jobs))) {
		return host->set_error(err, TENON_ENOMEM, "out of memory");
	}
	uring->capacity = capacity;
	return 0;
}

/* Note whether a secure plugin is between the connection and this transport. */
static void note_secure(struct uring *uring, struct tenon_connection *conn)
{
	const struct tenon_connection_ops *ops = uring->batch.ops;
	struct tenon_server_facts facts = { .size = 0 };
	struct batch_job *job = conn->io;

	ops->server(ops->context, conn, &facts);
	job->secure = facts.size >= sizeof(facts) && facts.secure;
}

static int uring_add(void *self, struct tenon_connection *conn,
		     struct tenon_error *err)
{
	struct uring *uring = self;
	size_t capacity = uring->capacity ? 2 * uring->capacity : 1;
	int code = 0;

	if (uring->batch.added == uring->capacity &&
	    capacity <= CONNECTIONS_MAX) {
		code = grow(uring, capacity, err);
	}
	code = code ? code : batch_add(&uring->batch, conn, err);
	if (!code) {
		note_secure(uring, conn);
	}
	return code;
}

static void uring_fini(void *self)
{
	struct uring *uring = self;
	const struct tenon_host *host = uring->batch.host;

	ring_close(&uring->ring);
	if (host) {
		host->free(host->context, uring->jobs);
	}
	batch_fini(&uring->batch);
}

/*
 * Close a connection, and the ring with it. In a fork the ring's memory is the parent's: the
 * core closes every connection there before it runs anything, so no ring of the parent is
 * used. Elsewhere the core closes connections seldom (disconnect, a server that moves), and the
 * next run makes a new ring.
 */
static void uring_close(void *self, struct tenon_connection *conn)
{
	struct uring *uring = self;

	batch_close(&uring->batch, conn);
	ring_close(&uring->ring);
}

/* ---- requests ------------------------------------------------------------ */

static void fail(struct uring_job *job, int status, int sys_errno)
{
	job->outcome = FAILED;
	job->status = status;
	job->sys_errno = sys_errno;
}

/* Never NULL: the ring has room for two requests of each connection. */
static struct io_uring_sqe *new_request(struct uring *uring)
{
	uring->in_flight++;
	return io_uring_get_sqe(&uring->ring.io);
}

static void tag(struct uring *uring, struct io_uring_sqe *sqe,
		struct uring_job *job, unsigned tags)
{
	io_uring_sqe_set_data64(sqe, (uintptr_t)job | tags);
	uring->urgent += (tags & TAG_URGENT) != 0;
}

/* Queue a receive. drained: the socket is known to be empty, so the kernel polls it first. */
static void push_receive(struct uring *uring, struct uring_job *job,
			 bool drained, unsigned tags)
{
	const struct tenon_connection_ops *ops = uring->batch.ops;
	void *space = ops->recv_space(ops->context, job->conn, &job->room);

	if (!space) {
		fail(job, TENON_ENOMEM, 0);
		return;
	}
	struct io_uring_sqe *sqe = new_request(uring);
	io_uring_prep_recv(sqe, job->conn->fd, space,
			   job->room < INT32_MAX ? job->room : INT32_MAX, 0);
	if (drained && uring->ring.poll_first) {
		sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
	}
	job->receiving = true;
	tag(uring, sqe, job, tags);
}

/*
 * Choose the flags of a send; after: what the connection wants when `bytes` are sent.
 * - No receive is in flight meanwhile: the send must not wait.
 * - More is to be sent, or the send is large: the kernel completes it when a part is sent, and
 *   the rest is sent next.
 * - Else the kernel sends all of it, as nothing has to be done before the reply.
 */
static int send_flags(int after, size_t bytes, bool receives)
{
	if (!receives) {
		return MSG_NOSIGNAL | MSG_DONTWAIT;
	}
	if (after != TENON_WANT_RECEIVE || bytes > WHOLE_MAX_BYTES) {
		return MSG_NOSIGNAL;
	}
	return MSG_NOSIGNAL | MSG_WAITALL;
}

static void follow(struct uring *uring, struct uring_job *job, int want,
		   bool drained);

/* Queue the next send of a connection and, when it wants to receive then, a receive. */
static void push_send(struct uring *uring, struct uring_job *job)
{
	const struct tenon_connection_ops *ops = uring->batch.ops;
	size_t count = ops->send_next(ops->context, job->conn, job->iov,
				      BATCH_SEND_PIECES);
	size_t bytes = 0;

	if (count == 0) {
		follow(uring, job, ops->sent(ops->context, job->conn, 0), true);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		bytes += job->iov[i].iov_len;
	}
	int after = ops->after(ops->context, job->conn, bytes);
	bool follows = after > 0 && (after & TENON_WANT_RECEIVE);
	int flags = send_flags(after, bytes, follows || job->receiving);
	struct io_uring_sqe *sqe = new_request(uring);

	if (count == 1 && bytes <= WHOLE_MAX_BYTES) {
		io_uring_prep_send(sqe, job->conn->fd, job->iov[0].iov_base,
				   bytes, flags);
	} else {
		job->message = socket_message(job->iov, count);
		io_uring_prep_sendmsg(sqe, job->conn->fd, &job->message,
				      (unsigned)flags);
	}
	job->sending = true;
	job->waits = !(flags & MSG_DONTWAIT);
	tag(uring, sqe, job,
	    flags & MSG_WAITALL ? TAG_SEND : TAG_SEND | TAG_URGENT);
	if (follows && !job->receiving) {
		push_receive(uring, job, true, 0);
	}
}

/* Queue what the connection wants, as far as it is not in flight. drained: as in push_receive(). */
static inline void follow(struct uring *uring, struct uring_job *job, int want,
			  bool drained)
{
	if (want <= TENON_WANT_NOTHING) {
		job->outcome = want == TENON_WANT_NOTHING ? DONE : BROKEN;
		return;
	}
	if (want == TENON_WANT_RECEIVE && job->receiving) {
		return; /* the common case after a send */
	}
	if ((want & TENON_WANT_SEND) && !job->sending) {
		push_send(uring, job);
	}
	if ((want & TENON_WANT_RECEIVE) && !job->receiving &&
	    job->outcome == RUNNING) {
		push_receive(uring, job, drained, TAG_URGENT);
	}
}

/* ---- completions --------------------------------------------------------- */

/*
 * Return true when a request failed with this result but may be made again. EAGAIN happens
 * although the kernel waits for the socket: after too many rounds of polling the kernel gives
 * up, and returns EAGAIN because the socket is non-blocking.
 */
static bool is_passing(int result)
{
	return result == -EINTR || result == -EAGAIN;
}

static void sent(struct uring *uring, struct uring_job *job, int result)
{
	const struct tenon_connection_ops *ops = uring->batch.ops;

	if (result > 0) {
		follow(uring, job,
		       ops->sent(ops->context, job->conn, (size_t)result), true);
	} else if (result == -EAGAIN && !job->waits) {
		job->outcome = BLOCKED;
	} else if (is_passing(result)) {
		push_send(uring, job);
	} else if (!job->receiving) {
		fail(job, TENON_ECLOSED, -result);
	} /* else the receive in flight gets the server's last words, or fails as well */
}

static void received(struct uring *uring, struct uring_job *job, int result)
{
	const struct tenon_connection_ops *ops = uring->batch.ops;

	if (is_passing(result)) {
		push_receive(uring, job, true, TAG_URGENT);
		return;
	}
	if (result <= 0) {
		fail(job, TENON_ECLOSED, -result);
		return;
	}
	follow(uring, job,
	       ops->received(ops->context, job->conn, (size_t)result),
	       (size_t)result < job->room);
}

/*
 * End a job that is not RUNNING any more. While a request of the job is in flight the kernel
 * uses its buffers; shutting the socket down makes such a request complete, and settle() is
 * called again then.
 */
static void settle(const struct uring *uring, struct uring_job *job)
{
	if (job->sending || job->receiving) {
		if (job->outcome == DONE) {
			job->outcome = BROKEN; /* the reply came before all was sent */
		}
		shutdown(job->conn->fd, SHUT_RDWR);
	} else if (job->outcome == BROKEN) {
		socket_close(job->conn);
	} else if (job->outcome == FAILED) {
		socket_close(job->conn);
		uring->batch.ops->failed(uring->batch.ops->context, job->conn,
					 job->status, job->sys_errno);
	}
}

/* Handle the completions that have come. */
static void reap(struct uring *uring)
{
	struct io_uring_cqe *cqe;
	unsigned head, count = 0;

	io_uring_for_each_cqe(&uring->ring.io, head, cqe) {
		uintptr_t data = (uintptr_t)io_uring_cqe_get_data64(cqe);
		struct uring_job *job = (void *)(data & ~(uintptr_t)TAGS);

		count++;
		uring->in_flight--;
		uring->urgent -= (data & TAG_URGENT) != 0;
		if (data & TAG_SEND) {
			job->sending = false;
		} else {
			job->receiving = false;
		}
		if (job->outcome == RUNNING && (data & TAG_SEND)) {
			sent(uring, job, cqe->res);
		} else if (job->outcome == RUNNING) {
			received(uring, job, cqe->res);
		}
		if (job->outcome != RUNNING) {
			settle(uring, job);
		}
	}
	io_uring_cq_advance(&uring->ring.io, count);
}

/* ---- a run --------------------------------------------------------------- */

/* Fail every job that is RUNNING, all with the same status. */
static void fail_all(struct uring *uring, int status, int sys_errno)
{
	for (size_t i = 0; i < uring->count; i++) {
		if (uring->jobs[i].outcome == RUNNING) {
			fail(&uring->jobs[i], status, sys_errno);
			settle(uring, &uring->jobs[i]);
		}
	}
}

/* The ring is unusable: close it, which ends all requests in flight, and fail the jobs. */
static void lose_ring(struct uring *uring, int code)
{
	fail_all(uring, TENON_ECLOSED, -code);
	ring_close(&uring->ring);
	for (size_t i = 0; i < uring->count; i++) {
		struct uring_job *job = &uring->jobs[i];

		if (job->sending || job->receiving) {
			job->sending = false;
			job->receiving = false;
			settle(uring, job);
		}
	}
}

static int wait_for_some(struct uring *uring, int64_t ns)
{
	return ring_wait(&uring->ring, uring->urgent ? 1 : uring->in_flight,
			 ns < PATIENCE_NS ? ns : PATIENCE_NS);
}

/*
 * After a wait that brought nothing: return true when the application ends the run. A signal may
 * have come between two waits.
 */
static bool is_ended(const struct uring *uring)
{
	return uring->batch.interrupt &&
		uring->batch.interrupt(uring->batch.interrupt_payload) != 0;
}

/* Wait and handle completions until no request is in flight. */
static void finish(struct uring *uring, int64_t deadline_ns)
{
	bool late = false;
	int code = 0;

	for (;;) {
		reap(uring);
		if (uring->in_flight == 0) {
			return;
		}
		if (code) {
			lose_ring(uring, code);
			return;
		}
		int64_t now_ns = batch_now_ns(&uring->batch);
		if (now_ns >= deadline_ns && !late) {
			fail_all(uring, TENON_ETIMEDOUT, 0);
			late = true;
		}
		if (uring->ring.idle && !late && is_ended(uring)) {
			fail_all(uring, TENON_EWAIT, ECANCELED);
			late = true;
		}
		code = wait_for_some(uring, late ? PATIENCE_NS :
						   deadline_ns - now_ns);
	}
}

/* Finish with poll(2) the sends that no reply follows and that would have had to wait. */
static void finish_blocked(struct uring *uring, int64_t deadline_ns)
{
	struct batch *batch = &uring->batch;

	for (size_t i = 0; i < uring->count; i++) {
		struct batch_job *job = batch_job_of(uring->jobs[i].conn);

		if (uring->jobs[i].outcome == BLOCKED) {
			job->phase = BATCH_SENDING;
			job->deadline_ns = deadline_ns;
			batch->jobs[batch->count++] = job;
		}
	}
	if (batch->count > 0) {
		batch_finish(batch, batch_now_ns(batch));
	}
}

static bool all_connected(struct tenon_connection *const *conns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (conns[i]->fd < 0) {
			return false;
		}
	}
	return true;
}

static void begin(struct uring *uring, struct tenon_connection *const *conns,
		  size_t count)
{
	uring->count = count;
	uring->in_flight = 0;
	uring->urgent = 0;
	for (size_t i = 0; i < count; i++) {
		struct uring_job *job = &uring->jobs[i];

		job->conn = conns[i];
		job->outcome = RUNNING;
		job->sending = false;
		job->receiving = false;
		push_send(uring, job);
		if (job->outcome != RUNNING) {
			settle(uring, job);
		}
	}
}

/*
 * Run a batch in the ring. Returns false when the batch does not fit the ring or the kernel took
 * no request; the connections are unchanged then.
 */
static bool run_in_ring(struct uring *uring,
			struct tenon_connection *const *conns, size_t count,
			int64_t start_ns, int64_t deadline_ns)
{
	if (count > uring->capacity || !all_connected(conns, count)) {
		return false;
	}
	/* the first try fails when another thread made the ring; the second makes a new one */
	for (int tries = 0; tries < 2 && ring_ready(&uring->ring); tries++) {
		begin(uring, conns, count);
		if (uring->in_flight == 0 ||
		    wait_for_some(uring, deadline_ns - start_ns) == 0) {
			finish(uring, deadline_ns);
			finish_blocked(uring, deadline_ns);
			return true;
		}
		ring_close(&uring->ring);
	}
	return false;
}

/*
 * Return true for a batch that is cheaper without the ring: a small one, as the user says, and that of one
 * connection with a secure plugin. Such a reply often needs several receives, and a thread that waits
 * in the ring is woken at the first bytes (tools/bench/README.md).
 */
static bool goes_without_ring(const struct uring *uring,
			      struct tenon_connection *const *conns,
			      size_t count)
{
	return count < uring->ring_from ||
	       (count == 1 && ((const struct batch_job *)conns[0]->io)->secure);
}

static void uring_run(void *self, struct tenon_connection *const *conns,
		      size_t count, int64_t start_ns, int64_t deadline_ns)
{
	struct uring *uring = self;

	if (goes_without_ring(uring, conns, count)) {
		blocking_exchange(&uring->batch, conns, count, start_ns,
				  deadline_ns);
	} else if (!run_in_ring(uring, conns, count, start_ns, deadline_ns)) {
		int64_t now_ns = batch_enter_all(&uring->batch, conns, count,
						 start_ns, deadline_ns);
		batch_finish(&uring->batch, now_ns);
	}
}

static const struct tenon_option uring_options[] = {
	{ .name = "ring_from",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct uring_options, ring_from),
	  .min = 1,
	  .max = CONNECTIONS_MAX,
	  .def = 1,
	  .help = "operations on fewer servers than this do not use the ring, but work as transport blocking; over TLS those on one server never use it" },
	{ .name = NULL }
};

static const struct tenon_transport_ops ops = {
	.size = sizeof(ops),
	.state_size = sizeof(struct uring),
	.init = uring_init,
	.fini = uring_fini,
	.add = uring_add,
	.remove = batch_remove,
	.run = uring_run,
	.close = uring_close,
	.look = batch_look,
	.set_interrupt = batch_set_interrupt,
	.begin = batch_begin,
	.turn = batch_turn,
	.fds = batch_fds,
};

TENON_PLUGIN_DEFINE(transport_uring,
	.kind = TENON_KIND_TRANSPORT,
	.name = "uring",
	.version = "1.0",
	.summary = "io_uring: one system call for all servers of an operation",
	.ops = &ops,
	.options = uring_options,
	.options_bytes = sizeof(struct uring_options))
