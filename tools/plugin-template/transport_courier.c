/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * transport courier: non-blocking sockets and poll(2), with the slot run alone. The addresses of a
 * server race: the next one starts while the one before is still connecting, and the first that
 * connects wins. A second connect(2) on a socket says how the first one ended.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <tenon/plugin/transport.h>

#define RACERS 16            /* most sockets of one connection that connect at the same time */
#define FDS (RACERS + 1)     /* descriptors that one connection waits for: racers and a lookup */
#define AGAIN_NS 2000000     /* wait before a UNIX socket with a full backlog is tried again */
#define NEVER INT64_MAX

/* One address that is connecting. */
struct racer {
	int fd;
	uint32_t nth;
	int code; /* EINPROGRESS; EAGAIN: the backlog of a UNIX socket is full */
	struct tenon_address address;
};

/* One connection; its io. */
struct ride {
	struct tenon_connection *conn;
	int is_under_way;
	int want;            /* once the connection is open */
	int wait_fd;         /* the lookup; -1: none is waited for */
	uint32_t given;      /* addresses so far */
	uint32_t count;      /* of racers */
	int64_t give_up_ns;  /* resolve_timeout, then connect_timeout */
	int64_t next_ns;     /* when the next address starts */
	struct racer racers[RACERS];
};

struct courier {
	const struct tenon_host *host;
	const struct tenon_connection_ops *ops;
	struct tenon_transport_setup setup;
	struct pollfd *fds; /* room for all connections */
	size_t added;
	size_t room;
};

static int courier_init(void *self, const void *options,
			const struct tenon_host *host,
			const struct tenon_transport_setup *setup,
			struct tenon_error *err)
{
	struct courier *courier = self;

	(void)options;
	(void)err;
	courier->host = host;
	courier->ops = setup->ops;
	courier->setup = *setup;
	return 0;
}

static void courier_fini(void *self)
{
	struct courier *courier = self;

	courier->host->free(courier->host->context, courier->fds);
}

static int grow(struct courier *courier, size_t room)
{
	const struct tenon_host *host = courier->host;
	struct pollfd *fds = host->alloc(host->context,
					 room * FDS * sizeof(*fds));

	if (!fds) {
		return TENON_ENOMEM;
	}
	host->free(host->context, courier->fds);
	courier->fds = fds;
	courier->room = room;
	return 0;
}

static int courier_add(void *self, struct tenon_connection *conn,
		       struct tenon_error *err)
{
	struct courier *courier = self;
	const struct tenon_host *host = courier->host;
	struct ride *ride = host->alloc(host->context, sizeof(*ride));

	if (!ride || (courier->added == courier->room &&
		      grow(courier, 2 * courier->room + 1) != 0)) {
		host->free(host->context, ride);
		return host->set_error(err, TENON_ENOMEM, "out of memory");
	}
	ride->conn = conn;
	conn->io = ride;
	courier->added++;
	return 0;
}

static void courier_remove(void *self, struct tenon_connection *conn)
{
	struct courier *courier = self;

	courier->host->free(courier->host->context, conn->io);
	conn->io = NULL;
	courier->added--;
}

/* ---- the end of a connection ------------------------------------------------- */

/* The sockets that lost, or that nobody waits for any more. Their addresses have not failed. */
static void close_racers(struct ride *ride)
{
	while (ride->count > 0) {
		close(ride->racers[--ride->count].fd);
	}
}

/* After a fork the parent still uses the connection, so the slot only closes descriptors. */
static void courier_close(void *self, struct tenon_connection *conn)
{
	struct ride *ride = conn->io;

	(void)self;
	close_racers(ride);
	if (conn->fd >= 0) {
		close(conn->fd);
		conn->fd = -1;
	}
	ride->is_under_way = 0;
}

static void fail(struct courier *courier, struct ride *ride, int status,
		 int sys_errno)
{
	courier_close(courier, ride->conn);
	courier->ops->failed(courier->ops->context, ride->conn, status,
			     sys_errno);
}

/* Take note of what the core wants next. */
static void set_want(struct courier *courier, struct ride *ride, int want)
{
	ride->want = want;
	if (want == TENON_WANT_CLOSE) {
		courier_close(courier, ride->conn);
	} else if (want == TENON_WANT_NOTHING) {
		ride->is_under_way = 0;
	}
}

/* ---- connecting ---------------------------------------------------------------- */

static void set_option(int fd, int level, int name, int64_t value)
{
	int number = (int)value;

	(void)setsockopt(fd, level, name, &number, sizeof(number));
}

static void set_options(const struct courier *courier, int fd)
{
	const struct tenon_transport_setup *setup = &courier->setup;

	if (setup->keepalive_idle_s > 0) {
		set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, setup->keepalive_idle_s);
		set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, setup->keepalive_interval_s);
		set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, setup->keepalive_count);
		set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	}
	if (setup->user_timeout_ms > 0) {
		set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, setup->user_timeout_ms);
	}
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

static void win(struct courier *courier, struct ride *ride, uint32_t index)
{
	const struct tenon_connection_ops *ops = courier->ops;
	struct racer winner = ride->racers[index];

	ride->racers[index] = ride->racers[--ride->count];
	close_racers(ride);
	ride->conn->fd = winner.fd;
	if (winner.address.sockaddr.ss_family != AF_UNIX) {
		set_options(courier, winner.fd);
	}
	ops->address_ended(ops->context, ride->conn, winner.nth, 0);
	set_want(courier, ride, ops->connected(ops->context, ride->conn));
}

/* Begin to connect, or find out how it went. A racer that has failed leaves the race. */
static void try_racer(struct courier *courier, struct ride *ride,
		      uint32_t index)
{
	const struct tenon_connection_ops *ops = courier->ops;
	struct racer *racer = &ride->racers[index];
	int code = 0;

	if (connect(racer->fd, (struct sockaddr *)&racer->address.sockaddr,
		    racer->address.sockaddr_len) != 0 &&
	    errno != EISCONN) {
		code = errno == EALREADY || errno == EINTR ? EINPROGRESS : errno;
	}
	racer->code = code;
	if (!code) {
		win(courier, ride, index);
	} else if (code != EINPROGRESS && code != EAGAIN) {
		close(racer->fd);
		ops->address_ended(ops->context, ride->conn, racer->nth, code);
		*racer = ride->racers[--ride->count];
	}
}

static void start_racer(struct courier *courier, struct ride *ride,
			const struct tenon_address *address)
{
	const struct tenon_connection_ops *ops = courier->ops;
	struct racer *racer = &ride->racers[ride->count];

	racer->nth = ride->given++;
	racer->address = *address;
	racer->fd = socket(address->sockaddr.ss_family,
			   SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (racer->fd < 0) {
		ops->address_ended(ops->context, ride->conn, racer->nth, errno);
		return;
	}
	try_racer(courier, ride, ride->count++);
}

/* When the address after this one starts: all get a share of the time, and none a long one. */
static int64_t next_start_ns(struct courier *courier, struct ride *ride,
			     int64_t now_ns)
{
	const struct tenon_connection_ops *ops = courier->ops;
	int64_t most_ns = courier->setup.connect_timeout_ms * 1000000 / 4;
	int64_t share_ns = (ride->give_up_ns - now_ns) /
			   (ops->addresses_left(ops->context, ride->conn) + 1);

	return now_ns + (share_ns < most_ns ? share_ns : most_ns);
}

/* Start addresses until one is connecting, or no more are known. */
static void start_next(struct courier *courier, struct ride *ride,
		       int64_t now_ns)
{
	const struct tenon_connection_ops *ops = courier->ops;
	uint32_t before = ride->count;
	struct tenon_address address;

	ride->wait_fd = -1;
	ride->next_ns = NEVER;
	while (ride->is_under_way && ride->conn->fd < 0 &&
	       ride->count == before && ride->count < RACERS) {
		int code = ops->address(ops->context, ride->conn, &address);

		if (code < 0 && ride->count == 0) {
			fail(courier, ride, code, 0);
		}
		if (code == 0) {
			ride->wait_fd = address.wait_fd;
		}
		if (code <= 0) {
			return;
		}
		if (ride->given == 0) {
			ride->give_up_ns = now_ns + courier->setup.connect_timeout_ms * 1000000;
		}
		start_racer(courier, ride, &address);
	}
	if (ride->is_under_way && ride->conn->fd < 0) {
		ride->next_ns = next_start_ns(courier, ride, now_ns);
	}
}

/* No address has connected in time. */
static void give_up(struct courier *courier, struct ride *ride)
{
	const struct tenon_connection_ops *ops = courier->ops;

	for (uint32_t i = 0; i < ride->count; i++) {
		const struct racer *racer = &ride->racers[i];

		ops->address_ended(ops->context, ride->conn, racer->nth,
				   racer->code == EAGAIN ? EAGAIN : ETIMEDOUT);
	}
	fail(courier, ride, TENON_ECONNECT, 0);
}

static void go_on_connecting(struct courier *courier, struct ride *ride,
			     int64_t now_ns)
{
	uint32_t before = ride->count;

	for (uint32_t i = ride->count; i > 0 && ride->conn->fd < 0; i--) {
		if (i <= ride->count) {
			try_racer(courier, ride, i - 1);
		}
	}
	if (ride->conn->fd >= 0 || !ride->is_under_way) {
		return;
	}
	if (now_ns >= ride->give_up_ns) {
		give_up(courier, ride);
	} else if (ride->wait_fd >= 0 || ride->count < before ||
		   now_ns >= ride->next_ns) {
		start_next(courier, ride, now_ns);
	}
}

/* ---- sending and receiving ------------------------------------------------------ */

/* Return 1 when the core was told something, 0 when the socket was not ready or failed. */
static int send_some(struct courier *courier, struct ride *ride)
{
	const struct tenon_connection_ops *ops = courier->ops;
	struct iovec iov[64];
	struct msghdr message = { .msg_iov = iov };
	ssize_t n = 0;

	message.msg_iovlen = ops->send_next(ops->context, ride->conn, iov, 64);
	if (message.msg_iovlen > 0) {
		n = sendmsg(ride->conn->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	if (n >= 0) {
		set_want(courier, ride, ops->sent(ops->context, ride->conn, (size_t)n));
		return 1;
	}
	if (errno != EAGAIN && errno != EINTR) {
		fail(courier, ride, TENON_ECLOSED, errno);
	}
	return 0;
}

static int receive_some(struct courier *courier, struct ride *ride)
{
	const struct tenon_connection_ops *ops = courier->ops;
	size_t len;
	void *space = ops->recv_space(ops->context, ride->conn, &len);
	ssize_t n;

	if (!space) {
		fail(courier, ride, TENON_ENOMEM, 0);
		return 0;
	}
	n = recv(ride->conn->fd, space, len, MSG_DONTWAIT);
	if (n > 0) {
		set_want(courier, ride, ops->received(ops->context, ride->conn, (size_t)n));
		return 1;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		fail(courier, ride, TENON_ECLOSED, n == 0 ? 0 : errno);
	}
	return 0;
}

/*
 * Send and receive until the socket is not ready. While a send has to wait, the courier receives
 * too, because the server may say why it does not read.
 */
static void talk(struct courier *courier, struct ride *ride)
{
	int moved = 1;

	while (moved && ride->is_under_way) {
		moved = ride->want & TENON_WANT_SEND ? send_some(courier, ride) : 0;
		if (ride->is_under_way &&
		    (!moved || ride->want & TENON_WANT_RECEIVE)) {
			moved |= receive_some(courier, ride);
		}
	}
}

/* ---- run -------------------------------------------------------------------------- */

static void begin(struct courier *courier, struct ride *ride, int64_t now_ns)
{
	ride->is_under_way = 1;
	ride->want = TENON_WANT_SEND;
	ride->wait_fd = -1;
	ride->given = 0;
	ride->give_up_ns = NEVER;
	if (ride->conn->fd < 0) {
		ride->give_up_ns = now_ns + courier->setup.resolve_timeout_ms * 1000000;
		start_next(courier, ride, now_ns);
	}
}

static void go_on(struct courier *courier, struct ride *ride, int64_t now_ns,
		  int64_t deadline_ns)
{
	const struct tenon_connection_ops *ops = courier->ops;

	if (ride->conn->fd < 0) {
		go_on_connecting(courier, ride, now_ns);
	}
	if (ride->is_under_way && ride->conn->fd >= 0) {
		talk(courier, ride);
	}
	if (!ride->is_under_way) {
		return;
	}
	if (now_ns >= deadline_ns) {
		fail(courier, ride, ride->conn->fd < 0 ? TENON_ECONNECT : TENON_ETIMEDOUT, 0);
	} else if (ride->conn->fd >= 0 && now_ns >= ride->give_up_ns) {
		/* The connection is open, but its handshake may not be done. */
		ride->give_up_ns = NEVER;
		if (ops->sets_up(ops->context, ride->conn)) {
			fail(courier, ride, TENON_ECONNECT, ETIMEDOUT);
		}
	}
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* List what one connection waits for. Returns the number of entries, and lowers *until_ns. */
static size_t list_fds(const struct ride *ride, struct pollfd *fds,
		       int64_t now_ns, int64_t *until_ns)
{
	size_t count = 0;

	*until_ns = earlier(*until_ns, ride->give_up_ns);
	if (ride->conn->fd >= 0) {
		fds[0].fd = ride->conn->fd;
		fds[0].events = ride->want & TENON_WANT_SEND ? POLLIN | POLLOUT : POLLIN;
		return 1;
	}
	*until_ns = earlier(*until_ns, ride->next_ns);
	if (ride->wait_fd >= 0) {
		fds[count++] = (struct pollfd){ .fd = ride->wait_fd, .events = POLLIN };
	}
	for (uint32_t i = 0; i < ride->count; i++) {
		if (ride->racers[i].code == EAGAIN) {
			*until_ns = earlier(*until_ns, now_ns + AGAIN_NS);
		} else {
			fds[count++] = (struct pollfd){ .fd = ride->racers[i].fd,
							.events = POLLOUT };
		}
	}
	return count;
}

static void wait_for(struct courier *courier,
		     struct tenon_connection *const *conns, size_t count,
		     int64_t now_ns, int64_t deadline_ns)
{
	int64_t until_ns = deadline_ns;
	nfds_t fds_count = 0;

	for (size_t i = 0; i < count; i++) {
		const struct ride *ride = conns[i]->io;

		if (ride->is_under_way) {
			fds_count += list_fds(ride, courier->fds + fds_count,
					      now_ns, &until_ns);
		}
	}
	/* Round up: poll(2) must not return before the time. */
	int64_t left_ms = until_ns <= now_ns ? 0 : (until_ns - now_ns + 999999) / 1000000;
	(void)poll(courier->fds, fds_count, left_ms > 1000 ? 1000 : (int)left_ms);
}

/* Let every connection go on. Returns the number of those that are under way. */
static size_t go_on_all(struct courier *courier,
			struct tenon_connection *const *conns, size_t count,
			int64_t now_ns, int64_t deadline_ns)
{
	size_t left = 0;

	for (size_t i = 0; i < count; i++) {
		struct ride *ride = conns[i]->io;

		if (ride->is_under_way) {
			go_on(courier, ride, now_ns, deadline_ns);
		}
		left += (size_t)ride->is_under_way;
	}
	return left;
}

static void courier_run(void *self, struct tenon_connection *const *conns,
			size_t count, int64_t start_ns, int64_t deadline_ns)
{
	struct courier *courier = self;
	int64_t now_ns = start_ns;

	for (size_t i = 0; i < count; i++) {
		begin(courier, conns[i]->io, now_ns);
	}
	while (go_on_all(courier, conns, count, now_ns, deadline_ns) > 0) {
		wait_for(courier, conns, count, now_ns, deadline_ns);
		now_ns = courier->ops->now_ns(courier->ops->context);
	}
}

static const struct tenon_transport_ops courier_ops = {
	.size = sizeof(struct tenon_transport_ops),
	.state_size = sizeof(struct courier),
	.init = courier_init,
	.fini = courier_fini,
	.add = courier_add,
	.remove = courier_remove,
	.run = courier_run,
	.close = courier_close,
};

TENON_PLUGIN_DEFINE(transport_courier,
	.kind = TENON_KIND_TRANSPORT,
	.name = "courier",
	.version = "1.0",
	.summary = "non-blocking sockets and poll(2), as an example",
	.ops = &courier_ops)
