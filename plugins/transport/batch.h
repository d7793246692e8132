/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections that are driven with poll(2): every connection connects, and does what it wants (enum
 * tenon_want) whenever its socket is ready. The slots run, begin, turn and fds are made of the same
 * functions. The functions are inline in a header, because a plugin links to no library of tenon.
 */
#ifndef TENON_TRANSPORT_BATCH_H
#define TENON_TRANSPORT_BATCH_H

#include "dial.h"

#include <string.h>

/* Most sends or receives on one connection before the next connection has its turn. */
#define BATCH_CALLS_PER_TURN 16
/* Most pieces that one sendmsg() takes. */
#define BATCH_SEND_PIECES 64
/* The clock is read before each connect, and before each send whose number is a multiple of this. */
#define BATCH_SENDS_PER_LOOK 64

enum batch_phase {
	BATCH_IDLE, /* the connection is not under way */
	BATCH_RECEIVING,
	BATCH_SENDING, /* the socket's send buffer is full; replies are still read */
	BATCH_DIALING  /* a connection is being made */
};

/* One connection, from add() to remove(). The field io of the connection points to it. */
struct batch_job {
	struct tenon_connection *conn;
	enum batch_phase phase;
	bool blocks; /* receives without MSG_DONTWAIT may block: see blocking.h */
	bool secure; /* for transport uring: a secure plugin changes the bytes */
	int64_t deadline_ns; /* while the connection is set up, not after connect_timeout */
	int64_t last_ns; /* when later than deadline_ns: the deadline once the connection is set up */
	struct dial dial; /* BATCH_DIALING: how far it is */
};

struct batch {
	const struct tenon_host *host;
	const struct tenon_connection_ops *ops;
	struct dialer dialer;
	tenon_wait_fn wait; /* NULL: poll(2) */
	void *wait_payload;
	tenon_interrupt_fn interrupt; /* NULL: a signal ends no wait */
	void *interrupt_payload;
	struct batch_job **jobs; /* [capacity]; the first `count` are under way */
	struct pollfd *fds; /* [capacity * DIAL_FDS_MAX], in the order of the jobs */
	size_t capacity;    /* connections that there is room for */
	size_t added;       /* connections that were added and not removed */
	size_t count;       /* connections that are under way */
};

/*
 * The slots, except run, for a transport whose state begins with a batch. begin, turn and fds are at
 * the end.
 */

static inline int batch_init(void *self, const void *options,
			     const struct tenon_host *host,
			     const struct tenon_transport_setup *setup,
			     struct tenon_error *err)
{
	struct batch *batch = self;

	(void)options;
	(void)err;
	batch->host = host;
	batch->ops = setup->ops;
	dialer_init(&batch->dialer, setup);
	return 0;
}

static inline struct batch_job *batch_job_of(const struct tenon_connection *conn)
{
	return conn->io;
}

/*
 * Replace an array by a new one of `bytes` bytes, which begins with the first `kept` bytes of the old
 * one. The other bytes are zero. Returns false, and keeps the old one, without memory.
 */
static inline bool batch_renew(const struct tenon_host *host, void *array,
			       size_t kept, size_t bytes)
{
	void *old, *memory = host->alloc(host->context, bytes);

	if (!memory) {
		return false;
	}
	memcpy(&old, array, sizeof(old));
	if (kept > 0) {
		memcpy(memory, old, kept);
	}
	host->free(host->context, old);
	memcpy(array, &memory, sizeof(memory));
	return true;
}

/* Make room in the arrays for one more connection. Returns false without memory. */
static inline bool batch_grow(struct batch *batch)
{
	size_t capacity = batch->capacity ? 2 * batch->capacity : 1;

	if (batch->added < batch->capacity) {
		return true;
	}
	if (!batch_renew(batch->host, &batch->jobs,
			 batch->count * sizeof(*batch->jobs),
			 capacity * sizeof(*batch->jobs)) ||
	    !batch_renew(batch->host, &batch->fds, 0,
			 capacity * DIAL_FDS_MAX * sizeof(*batch->fds))) {
		return false;
	}
	batch->capacity = capacity;
	return true;
}

static inline int batch_add(void *self, struct tenon_connection *conn,
			    struct tenon_error *err)
{
	struct batch *batch = self;
	const struct tenon_host *host = batch->host;
	struct batch_job *job = NULL;

	if (batch_grow(batch)) {
		job = host->alloc(host->context, sizeof(*job));
	}
	if (!job) {
		return host->set_error(err, TENON_ENOMEM, "out of memory");
	}
	job->conn = conn;
	conn->io = job;
	batch->added++;
	return 0;
}

static inline void batch_remove(void *self, struct tenon_connection *conn)
{
	struct batch *batch = self;

	batch->host->free(batch->host->context, conn->io);
	conn->io = NULL;
	batch->added--;
}

static inline void batch_fini(void *self)
{
	struct batch *batch = self;

	if (batch->host) {
		batch->host->free(batch->host->context, batch->jobs);
		batch->host->free(batch->host->context, batch->fds);
	}
}

/* Take a job out of the list of those under way. */
static inline void batch_drop(struct batch *batch, const struct batch_job *job)
{
	size_t i = 0;

	while (batch->jobs[i] != job) {
		i++;
	}
	batch->jobs[i] = batch->jobs[--batch->count];
}

static inline void batch_close(void *self, struct tenon_connection *conn)
{
	struct batch_job *job = batch_job_of(conn);

	if (job->phase != BATCH_IDLE) {
		batch_drop(self, job);
	}
	if (job->phase == BATCH_DIALING) {
		dial_abort(&job->dial);
	}
	job->phase = BATCH_IDLE;
	socket_close(conn);
}

static inline int batch_set_wait(void *self, tenon_wait_fn wait, void *payload)
{
	struct batch *batch = self;

	batch->wait = wait;
	batch->wait_payload = payload;
	return 0;
}

static inline int batch_set_interrupt(void *self, tenon_interrupt_fn interrupt,
				      void *payload)
{
	struct batch *batch = self;

	batch->interrupt = interrupt;
	batch->interrupt_payload = payload;
	return 0;
}

/* Translate the events of a poll(2) for the core. */
static inline unsigned batch_seen(int events)
{
	return (events & (POLLRDHUP | POLLHUP | POLLERR) ? TENON_SEEN_END : 0) |
	       (events & POLLIN ? TENON_SEEN_BYTES : 0);
}

/* Close a connection with these events when the core wants it. Reads no byte. */
static inline void batch_tell_seen(const struct batch *batch,
				   struct tenon_connection *conn, int events)
{
	char bytes[TENON_SEEN_MAX_BYTES];
	unsigned seen = batch_seen(events);
	ssize_t len = 0;

	if (seen & TENON_SEEN_BYTES) {
		len = recv(conn->fd, bytes, sizeof(bytes),
			   MSG_PEEK | MSG_DONTWAIT);
	}
	if (batch->ops->seen(batch->ops->context, conn, seen, bytes,
			     len < 0 ? 0 : (size_t)len)) {
		socket_close(conn);
	}
}

static inline void batch_look(void *self, struct tenon_connection *const *conns,
			      size_t count)
{
	struct batch *batch = self;
	nfds_t open = 0;

	for (size_t i = 0; i < count; i++) {
		if (conns[i]->fd >= 0) {
			batch->fds[open++] =
				(struct pollfd){ .fd = conns[i]->fd,
						 .events = POLLIN | POLLRDHUP };
		}
	}
	if (open == 0 || poll(batch->fds, open, 0) <= 0) {
		return;
	}
	open = 0;
	for (size_t i = 0; i < count; i++) {
		if (conns[i]->fd < 0) {
			continue;
		}
		int events = batch->fds[open++].revents;
		if (events) {
			batch_tell_seen(batch, conns[i], events);
		}
	}
}

static inline int64_t batch_now_ns(const struct batch *batch)
{
	return batch->ops->now_ns(batch->ops->context);
}

/* Each step below returns true when the connection is finished. Its phase is BATCH_IDLE then. */

static inline bool batch_fail(const struct batch *batch, struct batch_job *job,
			      int status, int sys_errno)
{
	job->phase = BATCH_IDLE;
	socket_close(job->conn);
	batch->ops->failed(batch->ops->context, job->conn, status, sys_errno);
	return true;
}

static inline bool batch_wants_send(int want)
{
	return want > 0 && (want & TENON_WANT_SEND);
}

/* Go on after an event that leaves nothing to send. */
static inline bool batch_rest(struct batch_job *job, int want)
{
	if (want == TENON_WANT_CLOSE) {
		socket_close(job->conn);
	}
	job->phase = want > TENON_WANT_NOTHING ? BATCH_RECEIVING : BATCH_IDLE;
	return want <= TENON_WANT_NOTHING;
}

/* The outcome of one receive. */
enum batch_received {
	BATCH_FINISHED, /* the connection is finished */
	BATCH_MORE,	/* bytes came, and the socket may hold more */
	BATCH_DRAINED,	/* bytes came, and the socket is empty now */
	BATCH_ANSWERS,	/* bytes came, and the connection wants to send now */
	BATCH_INTERRUPTED, /* a signal came before any byte */
	BATCH_NOTHING	/* no byte came before the receive would block or timed out */
};

/* Receive once. MSG_DONTWAIT in flags: never wait. 0: wait for bytes, at most as long as the socket's timeout. */
static inline __attribute__((always_inline)) enum batch_received
batch_receive_once(const struct batch *batch, struct batch_job *job, int flags)
{
	const struct tenon_connection_ops *ops = batch->ops;
	size_t room;
	void *space = ops->recv_space(ops->context, job->conn, &room);

	if (!space) {
		batch_fail(batch, job, TENON_ENOMEM, 0);
		return BATCH_FINISHED;
	}
	ssize_t n = recv(job->conn->fd, space, room, flags);
	if (n < 0 && errno == EINTR) {
		return BATCH_INTERRUPTED;
	}
	if (n < 0 && socket_would_block(errno)) {
		return BATCH_NOTHING;
	}
	if (n <= 0) {
		batch_fail(batch, job, TENON_ECLOSED, n < 0 ? errno : 0);
		return BATCH_FINISHED;
	}
	int want = ops->received(ops->context, job->conn, (size_t)n);
	if (!batch_wants_send(want)) {
		return batch_rest(job, want)  ? BATCH_FINISHED
		       : (size_t)n < room ? BATCH_DRAINED
					  : BATCH_MORE;
	}
	if (job->phase == BATCH_SENDING) { /* the socket has no room yet */
		return (size_t)n < room ? BATCH_DRAINED : BATCH_MORE;
	}
	return BATCH_ANSWERS;
}

/*
 * A send failed because the server closed the connection. Read the bytes that came before the
 * end: they may say why, such as "SERVER_ERROR object too large for cache".
 */
__attribute__((cold, noinline)) static bool
batch_broken_send(const struct batch *batch, struct batch_job *job,
		  int sys_errno)
{
	enum batch_received received;

	do {
		received = batch_receive_once(batch, job, MSG_DONTWAIT);
	} while (received == BATCH_MORE || received == BATCH_DRAINED);
	return received == BATCH_FINISHED ||
	       batch_fail(batch, job, TENON_ECLOSED, sys_errno);
}

static inline bool batch_send(const struct batch *batch, struct batch_job *job)
{
	const struct tenon_connection_ops *ops = batch->ops;
	struct iovec iov[BATCH_SEND_PIECES];

	job->phase = BATCH_SENDING;
	for (int calls = 0; calls < BATCH_CALLS_PER_TURN; calls++) {
		size_t count = ops->send_next(ops->context, job->conn, iov,
					      BATCH_SEND_PIECES);
		ssize_t n = socket_send(job->conn, iov, count, MSG_DONTWAIT);
		if (n >= 0) {
			int want = ops->sent(ops->context, job->conn,
					     (size_t)n);

			if (!batch_wants_send(want)) {
				return batch_rest(job, want);
			}
		} else if (socket_would_block(errno)) {
			return false;
		} else if (errno != EINTR) {
			return batch_broken_send(batch, job, errno);
		}
	}
	return false;
}

static inline bool batch_receive(const struct batch *batch,
				 struct batch_job *job)
{
	enum batch_received received = BATCH_MORE;

	for (int calls = 0;
	     received == BATCH_MORE && calls < BATCH_CALLS_PER_TURN; calls++) {
		received = batch_receive_once(batch, job, MSG_DONTWAIT);
	}
	return received == BATCH_ANSWERS ? batch_send(batch, job)
					 : received == BATCH_FINISHED;
}

/* Go on after a step of dial.h. */
static inline bool batch_dialed(const struct batch *batch,
				struct batch_job *job, int code)
{
	if (code == DIAL_GOES_ON) {
		return false;
	}
	if (code < 0) {
		return batch_fail(batch, job, code, 0);
	}
	job->blocks = false;
	int want = batch->ops->connected(batch->ops->context, job->conn);
	if (job->dial.until_ns < job->deadline_ns &&
	    batch->ops->sets_up(batch->ops->context, job->conn)) {
		job->last_ns = job->deadline_ns;
		job->deadline_ns = job->dial.until_ns;
	}
	return batch_wants_send(want) ? batch_send(batch, job)
				      : batch_rest(job, want);
}

/* Start a connection: connect it, or send as much as the kernel takes without waiting. */
static inline bool batch_start(const struct batch *batch, struct batch_job *job,
			       int64_t now_ns)
{
	if (job->conn->fd >= 0) {
		return batch_send(batch, job);
	}
	job->phase = BATCH_DIALING;
	return batch_dialed(batch, job,
			    dial_begin(&batch->dialer, job->conn, &job->dial,
				       now_ns));
}

/* Start a connection that is not under way. */
static inline void batch_enter(struct batch *batch, struct batch_job *job,
			       int64_t now_ns, int64_t deadline_ns)
{
	job->deadline_ns = deadline_ns;
	if (!batch_start(batch, job, now_ns)) {
		batch->jobs[batch->count++] = job;
	}
}

/*
 * Start every connection, as long as the deadline has not passed. The ones that come after it fail,
 * and stay open because nothing was sent on them. When the deadline had passed before, each is
 * started: noreply requests are sent also then.
 * Returns the time in ns.
 */
static inline int64_t batch_enter_all(struct batch *batch,
				      struct tenon_connection *const *conns,
				      size_t count, int64_t start_ns,
				      int64_t deadline_ns)
{
	bool is_late = start_ns >= deadline_ns;
	int64_t now_ns = start_ns;

	for (size_t i = 0; i < count; i++) {
		if (conns[i]->fd < 0 || (i + 1) % BATCH_SENDS_PER_LOOK == 0) {
			now_ns = batch_now_ns(batch);
		}
		if (!is_late && now_ns >= deadline_ns) {
			batch->ops->failed(batch->ops->context, conns[i],
					   TENON_ETIMEDOUT, 0);
			continue;
		}
		batch_enter(batch, batch_job_of(conns[i]), now_ns, deadline_ns);
	}
	return now_ns;
}

/* Continue a job whose descriptor has events. */
static inline bool batch_go_on(const struct batch *batch, struct batch_job *job,
			       const struct pollfd *fd)
{
	if (fd->revents == 0) {
		return false;
	}
	if (job->phase == BATCH_RECEIVING) {
		return batch_receive(batch, job);
	}
	if ((fd->revents & ~POLLOUT) && batch_receive(batch, job)) {
		return true;
	}
	/* the bytes that came may have changed what the connection wants */
	return job->phase == BATCH_SENDING && (fd->revents & POLLOUT) &&
	       batch_send(batch, job);
}

/*
 * Write the events that the jobs wait for into fds. Returns the number of entries. *until_ns is
 * lowered to the time when the first job has to be looked at although no descriptor has events.
 */
static inline __attribute__((always_inline)) size_t batch_fill_fds(struct batch *batch, int64_t *until_ns)
{
	size_t count = 0;

	for (size_t i = 0; i < batch->count; i++) {
		const struct batch_job *job = batch->jobs[i];

		if (job->deadline_ns < *until_ns) {
			*until_ns = job->deadline_ns;
		}
		if (job->phase != BATCH_DIALING) {
			batch->fds[count++] = (struct pollfd){
				.fd = job->conn->fd,
				.events = job->phase == BATCH_SENDING
						  ? POLLIN | POLLOUT
						  : POLLIN,
			};
			continue;
		}
		count += dial_fill_fds(&job->dial, batch->fds + count);
		if (dial_due_ns(&job->dial) < *until_ns) {
			*until_ns = dial_due_ns(&job->dial);
		}
	}
	return count;
}

/* Continue every job whose descriptors have events; remove the finished ones. */
static inline __attribute__((always_inline)) void batch_go_on_all(struct batch *batch)
{
	const struct pollfd *fds = batch->fds;
	size_t left = 0;

	for (size_t i = 0; i < batch->count; i++) {
		struct batch_job *job = batch->jobs[i];
		bool done;

		if (job->phase == BATCH_DIALING) {
			bool looked_up;

			fds += dial_note_events(&job->dial, fds, &looked_up);
			done = batch_dialed(batch, job,
					    dial_go_on(&batch->dialer,
						       job->conn, &job->dial,
						       looked_up));
		} else {
			done = batch_go_on(batch, job, fds++);
		}
		if (!done) {
			batch->jobs[left++] = job;
		}
	}
	batch->count = left;
}

/* The deadline of a job has come: its own, or that for the set-up of its connection. */
static inline bool batch_expire(const struct batch *batch,
				struct batch_job *job)
{
	if (job->last_ns <= job->deadline_ns) {
		return batch_fail(batch, job, TENON_ETIMEDOUT, 0);
	}
	job->deadline_ns = job->last_ns;
	return batch->ops->sets_up(batch->ops->context, job->conn) &&
	       batch_fail(batch, job, TENON_ECONNECT, ETIMEDOUT);
}

/* Look at a job although no descriptor has events: it may be out of time. */
static inline bool batch_check(const struct batch *batch, struct batch_job *job,
			       int64_t now_ns)
{
	bool late = now_ns >= job->deadline_ns;

	if (job->phase != BATCH_DIALING) {
		return late && batch_expire(batch, job);
	}
	if (late) {
		return batch_dialed(batch, job,
				    dial_expire(&batch->dialer, job->conn,
						&job->dial));
	}
	return now_ns >= dial_due_ns(&job->dial) &&
	       batch_dialed(batch, job,
			    dial_due(&batch->dialer, job->conn, &job->dial,
				     now_ns));
}

static inline void batch_check_all(struct batch *batch, int64_t now_ns)
{
	size_t left = 0;

	for (size_t i = 0; i < batch->count; i++) {
		struct batch_job *job = batch->jobs[i];

		if (!batch_check(batch, job, now_ns)) {
			batch->jobs[left++] = job;
		}
	}
	batch->count = left;
}

/* Waiting failed, so the state of the remaining jobs is unknown: fail all with TENON_EWAIT. */
static inline void batch_give_up(struct batch *batch, int sys_errno)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct batch_job *job = batch->jobs[i];

		if (job->phase == BATCH_DIALING) {
			dial_abort(&job->dial);
		}
		batch_fail(batch, job, TENON_EWAIT, sys_errno);
	}
	batch->count = 0;
}

/*
 * After a signal has interrupted a wait: ask the application whether to go on. Returns false,
 * with every job failed, when the application ends the run.
 */
static inline bool batch_after_signal(struct batch *batch)
{
	if (!batch->interrupt ||
	    batch->interrupt(batch->interrupt_payload) == 0) {
		return true;
	}
	batch_give_up(batch, ECANCELED);
	return false;
}

/*
 * Wait for events, up to timeout_ms. Returns as poll(2). When waiting fails, fails every job.
 * The call must be written as poll(...), not through a function pointer: tools such as greenify
 * replace only such calls.
 */
static inline __attribute__((always_inline)) int batch_wait(struct batch *batch, struct pollfd *fds,
			     size_t count, int timeout_ms)
{
	int ready = batch->wait ?
		batch->wait(fds, count, timeout_ms, batch->wait_payload) :
		poll(fds, (nfds_t)count, timeout_ms);

	if (ready < 0 && errno != EINTR) {
		batch_give_up(batch, errno);
	} else if (ready < 0) {
		(void)batch_after_signal(batch);
	}
	return ready;
}

/*
 * After a wait that has ended before its time. poll(2) returns 0 at the end of its time only. A
 * replacement of poll(2), such as greenify's, returns 0 early when an exception was thrown into
 * the waiting green thread, so the run ends. A wait hook may return 0 early.
 */
static inline void batch_after_wait(struct batch *batch, int ready)
{
	if (ready == 0 && !batch->wait) {
		batch_give_up(batch, ECANCELED);
	}
}

/* Return the time from now_ns to until_ns in ms, rounded up, for poll(2). */
static inline int batch_timeout_ms(int64_t now_ns, int64_t until_ns)
{
	int64_t left_ns = until_ns - now_ns;

	if (left_ns > INT32_MAX * INT64_C(1000000)) {
		return INT32_MAX;
	}
	return left_ns < 0 ? 0 : (int)((left_ns + 999999) / 1000000);
}

/*
 * Wait once, not longer than until until_ns, and continue the jobs that can go on. Returns the time
 * in ns, unless no job is left: then it may be that of the call.
 */
static inline __attribute__((always_inline)) int64_t batch_step(struct batch *batch, int64_t now_ns,
				 int64_t until_ns)
{
	size_t fd_count = batch_fill_fds(batch, &until_ns);
	int ready = batch_wait(batch, batch->fds, fd_count,
			       batch_timeout_ms(now_ns, until_ns));

	if (ready > 0) {
		batch_go_on_all(batch);
	}
	if (batch->count > 0) {
		now_ns = batch_now_ns(batch);
		if (now_ns >= until_ns) {
			batch_check_all(batch, now_ns);
		} else {
			batch_after_wait(batch, ready);
		}
	}
	return now_ns;
}

/* Drive the jobs until each is finished or its time is over. */
static inline void batch_finish(struct batch *batch, int64_t now_ns)
{
	while (batch->count > 0) {
		now_ns = batch_step(batch, now_ns, INT64_MAX);
	}
}

/* ---- the slots of an event loop ------------------------------------------- */

static inline void batch_begin(void *self, struct tenon_connection *conn,
			       int64_t now_ns, int64_t deadline_ns)
{
	struct batch *batch = self;
	struct batch_job *job = batch_job_of(conn);

	if (job->phase == BATCH_IDLE) {
		batch_enter(batch, job, now_ns, deadline_ns);
		return;
	}
	job->deadline_ns = job->last_ns = deadline_ns;
	/* in the other phases it sends when the socket has room, or has connected */
	if (job->phase == BATCH_RECEIVING && batch_send(batch, job)) {
		batch_drop(batch, job);
	}
}

static inline size_t batch_turn(void *self, int64_t now_ns, int64_t until_ns)
{
	struct batch *batch = self;

	if (batch->count > 0) {
		(void)batch_step(batch, now_ns, until_ns);
	}
	return batch->count;
}

static inline size_t batch_fds(void *self, struct pollfd *fds, size_t max,
			       int64_t *until_ns)
{
	struct batch *batch = self;
	size_t count = batch_fill_fds(batch, until_ns);

	if (count > 0 && max > 0) {
		memcpy(fds, batch->fds,
		       (count < max ? count : max) * sizeof(*fds));
	}
	return count;
}

#endif
