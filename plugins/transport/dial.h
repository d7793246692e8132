/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Making one connection. The addresses of a server race, as RFC 8305 says: the next address is
 * started while the one before is still connecting. The first socket that connects wins, and the others are
 * closed. The functions are inline in a header, because a plugin links to no library of tenon.
 */
#ifndef TENON_TRANSPORT_DIAL_H
#define TENON_TRANSPORT_DIAL_H

#include "socket.h"

#include <poll.h>

/* Most sockets of one connection that connect at the same time. */
#define DIAL_RACERS_MAX 16
/* Most descriptors that one connection waits for: its sockets and a lookup. */
#define DIAL_FDS_MAX (DIAL_RACERS_MAX + 1)
/* An address has at most this part of connect_timeout for itself before the next one is started. */
#define DIAL_HEAD_START 4
/* How long to wait before a UNIX socket whose backlog is full is tried again. */
#define DIAL_RETRY_NS ((int64_t)1000000)

/* One socket that is connecting. */
struct dial_racer {
	int32_t fd;
	uint16_t nth; /* number of its address, from 0 */
	bool is_tcp;
	bool is_busy; /* a UNIX socket whose backlog is full; it is tried again */
	bool is_ready; /* poll(2) has reported an event */
};

struct dial {
	int64_t until_ns; /* when to give up: resolve_timeout, then connect_timeout */
	int64_t due_ns;   /* when to start the next address or to try again; INT64_MAX: never */
	int wait_fd;      /* readable when the lookup has ended; -1: no lookup is waited for */
	bool is_known;    /* an address was given, so connect_timeout runs */
	bool is_last;     /* no address is left */
	uint32_t given;   /* number of addresses that were given */
	uint32_t count;   /* racers */
	struct dial_racer racers[DIAL_RACERS_MAX];
	struct tenon_address busy; /* the address of the racer that is busy */
};

/* The settings of a client, and the functions of its core. */
struct dialer {
	const struct tenon_connection_ops *ops;
	int64_t resolve_timeout_ns;
	int64_t connect_timeout_ns;
	struct socket_options options;
};

/* The outcome of a step: negative: the status of a failure. */
#define DIAL_GOES_ON 0
#define DIAL_CONNECTED 1

static inline void dialer_init(struct dialer *dialer,
			       const struct tenon_transport_setup *setup)
{
	dialer->ops = setup->ops;
	dialer->resolve_timeout_ns = setup->resolve_timeout_ms * 1000000;
	dialer->connect_timeout_ns = setup->connect_timeout_ms * 1000000;
	socket_options_init(&dialer->options, setup);
}

/* Close a racer whose address has failed. */
static inline void dial_drop(const struct dialer *dialer,
			     struct tenon_connection *conn, struct dial *dial,
			     uint32_t index, int sys_errno)
{
	close(dial->racers[index].fd);
	dialer->ops->address_ended(dialer->ops->context, conn, dial->racers[index].nth, sys_errno);
	dial->racers[index] = dial->racers[--dial->count];
}

/* A racer has connected: it becomes the socket of the connection. */
static inline int dial_win(const struct dialer *dialer,
			   struct tenon_connection *conn, struct dial *dial,
			   uint32_t index)
{
	const struct dial_racer winner = dial->racers[index];

	for (uint32_t i = 0; i < dial->count; i++) {
		if (i != index) {
			close(dial->racers[i].fd);
		}
	}
	dial->count = 0;
	conn->fd = winner.fd;
	if (winner.is_tcp) {
		socket_set_options(conn->fd, &dialer->options);
	}
	dialer->ops->address_ended(dialer->ops->context, conn, winner.nth, 0);
	return DIAL_CONNECTED;
}

/*
 * Judge the result of connect(2) of the racer at index; code is 0 or an errno. Returns
 * EINPROGRESS while the racer stays in the race, 0 when it has won, and its errno when it was
 * dropped. A connect of TCP that a signal interrupts goes on; one of a UNIX socket does not.
 */
static inline int dial_judge(const struct dialer *dialer,
			     struct tenon_connection *conn, struct dial *dial,
			     uint32_t index, int code)
{
	struct dial_racer *racer = &dial->racers[index];

	racer->is_ready = false;
	racer->is_busy = !racer->is_tcp && (code == EAGAIN || code == EINTR);
	if (racer->is_busy || code == EINTR || code == EINPROGRESS) {
		return EINPROGRESS;
	}
	if (!code) {
		dial_win(dialer, conn, dial, index);
	} else {
		dial_drop(dialer, conn, dial, index, code);
	}
	return code;
}

/* Start to connect to one address. Returns as dial_judge(). */
static inline int dial_start(const struct dialer *dialer,
			     struct tenon_connection *conn, struct dial *dial,
			     const struct tenon_address *address)
{
	struct dial_racer racer = { .nth = (uint16_t)dial->given++ };

	racer.is_tcp = address->sockaddr.ss_family != AF_UNIX;
	racer.fd = socket_open(address);
	if (racer.fd < 0) {
		int code = errno;

		dialer->ops->address_ended(dialer->ops->context, conn, racer.nth, code);
		return code;
	}
	if (!racer.is_tcp) {
		dial->busy = *address;
	}
	dial->racers[dial->count++] = racer;
	return dial_judge(dialer, conn, dial, dial->count - 1,
			  socket_connect(racer.fd, address));
}

/* Set when to go on although no descriptor has events, after an address was started at now_ns. */
static inline void dial_set_due(const struct dialer *dialer,
				struct tenon_connection *conn,
				struct dial *dial, int64_t now_ns)
{
	int64_t head_start_ns = dialer->connect_timeout_ns / DIAL_HEAD_START;
	uint32_t left = dialer->ops->addresses_left(dialer->ops->context,
						     conn);
	int64_t share_ns = (dial->until_ns - now_ns) / (left + 1);

	if (dial->racers[dial->count - 1].is_busy) {
		dial->due_ns = now_ns + DIAL_RETRY_NS;
	} else {
		dial->due_ns = now_ns + (share_ns < head_start_ns
						 ? share_ns
						 : head_start_ns);
	}
}

/*
 * Start the next address, and the ones after it as long as they fail at once. Returns
 * DIAL_GOES_ON, DIAL_CONNECTED, or the status of a failure.
 */
static inline int dial_next(const struct dialer *dialer,
			    struct tenon_connection *conn, struct dial *dial)
{
	int64_t now_ns = dialer->ops->now_ns(dialer->ops->context);
	struct tenon_address address;

	dial->due_ns = INT64_MAX;
	dial->wait_fd = -1;
	while (dial->count < DIAL_RACERS_MAX) {
		int code = dialer->ops->address(dialer->ops->context, conn,
						&address);
		if (code < 0) {
			dial->is_last = true;
			return dial->count > 0 ? DIAL_GOES_ON : code;
		}
		if (!code) {
			dial->wait_fd = address.wait_fd;
			return DIAL_GOES_ON;
		}
		if (!dial->is_known) {
			dial->is_known = true;
			dial->until_ns = now_ns + dialer->connect_timeout_ns;
		}
		code = dial_start(dialer, conn, dial, &address);
		if (!code) {
			return DIAL_CONNECTED;
		}
		if (code == EINPROGRESS) {
			dial_set_due(dialer, conn, dial, now_ns);
			return DIAL_GOES_ON;
		}
	}
	return DIAL_GOES_ON;
}

/* Begin to connect. Returns as dial_next(). */
static inline int dial_begin(const struct dialer *dialer,
			     struct tenon_connection *conn, struct dial *dial,
			     int64_t now_ns)
{
	dial->until_ns = now_ns + dialer->resolve_timeout_ns;
	dial->is_known = false;
	dial->is_last = false;
	dial->given = 0;
	dial->count = 0;
	return dial_next(dialer, conn, dial);
}

/* Write the events that the connection waits for. Returns the number of entries. */
static inline size_t dial_fill_fds(const struct dial *dial, struct pollfd *fds)
{
	size_t count = 0;

	if (dial->wait_fd >= 0) {
		fds[count++] = (struct pollfd){ .fd = dial->wait_fd,
						.events = POLLIN };
	}
	for (uint32_t i = 0; i < dial->count; i++) {
		if (!dial->racers[i].is_busy) {
			fds[count++] = (struct pollfd){
				.fd = dial->racers[i].fd, .events = POLLOUT
			};
		}
	}
	return count;
}

/* When to call dial_due() although no descriptor has events. */
static inline int64_t dial_due_ns(const struct dial *dial)
{
	return dial->due_ns < dial->until_ns ? dial->due_ns : dial->until_ns;
}

/*
 * Note the events that poll(2) wrote into the entries of dial_fill_fds(). Returns the number of
 * entries. *looked_up becomes true when the lookup has ended.
 */
static inline size_t dial_note_events(struct dial *dial,
				      const struct pollfd *fds, bool *looked_up)
{
	size_t count = 0;

	*looked_up = dial->wait_fd >= 0 && fds[count++].revents != 0;
	for (uint32_t i = 0; i < dial->count; i++) {
		struct dial_racer *racer = &dial->racers[i];

		racer->is_ready = !racer->is_busy && fds[count++].revents != 0;
	}
	return count;
}

/* Go on after dial_note_events(). Returns as dial_next(). */
static inline int dial_go_on(const struct dialer *dialer,
			     struct tenon_connection *conn, struct dial *dial,
			     bool looked_up)
{
	bool is_free = looked_up; /* the next address may start now */

	for (uint32_t i = 0; i < dial->count;) {
		if (!dial->racers[i].is_ready) {
			i++;
			continue;
		}
		/* a racer that is dropped is replaced by the last one */
		int code = dial_judge(dialer, conn, dial, i,
				      socket_result(dial->racers[i].fd));
		if (!code) {
			return DIAL_CONNECTED;
		}
		is_free |= code != EINPROGRESS;
	}
	if (is_free && (!dial->is_last || dial->count == 0)) {
		return dial_next(dialer, conn, dial);
	}
	return DIAL_GOES_ON;
}

/* Try the busy racer again. Returns as dial_next(). */
static inline int dial_again(const struct dialer *dialer,
			     struct tenon_connection *conn, struct dial *dial,
			     uint32_t index, int64_t now_ns)
{
	int code = dial_judge(dialer, conn, dial, index,
			      socket_connect(dial->racers[index].fd,
					     &dial->busy));

	if (!code) {
		return DIAL_CONNECTED;
	}
	if (code != EINPROGRESS) {
		return dial_next(dialer, conn, dial);
	}
	dial->due_ns = now_ns + DIAL_RETRY_NS;
	return DIAL_GOES_ON;
}

/* Close every socket. The addresses have not failed. */
static inline void dial_abort(struct dial *dial)
{
	while (dial->count > 0) {
		close(dial->racers[--dial->count].fd);
	}
}

/* The time is over: close every socket. Returns the status of the failure. */
static inline int dial_expire(const struct dialer *dialer,
			      struct tenon_connection *conn, struct dial *dial)
{
	while (dial->count > 0) {
		uint32_t last = dial->count - 1;

		dial_drop(dialer, conn, dial, last,
			  dial->racers[last].is_busy ? EAGAIN : ETIMEDOUT);
	}
	return TENON_ECONNECT;
}

/* dial_due_ns() has come. Returns as dial_next(). */
static inline int dial_due(const struct dialer *dialer,
			   struct tenon_connection *conn, struct dial *dial,
			   int64_t now_ns)
{
	if (now_ns >= dial->until_ns) {
		return dial_expire(dialer, conn, dial);
	}
	for (uint32_t i = 0; i < dial->count; i++) {
		if (dial->racers[i].is_busy) {
			return dial_again(dialer, conn, dial, i, now_ns);
		}
	}
	return dial_next(dialer, conn, dial);
}

#endif
