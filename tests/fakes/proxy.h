/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A proxy between a client and one server, in a thread of the test. The proxy copies bytes
 * until the test cuts its connections, in one of the ways in which firewalls, load balancers
 * and restarted servers end a connection that was idle. The proxy can also send bytes that
 * nobody asked for, and stop accepting connections.
 *
 * A call that changes something has done so when it returns: a client that reads afterwards
 * finds the end of file, the reset or the bytes.
 */
#ifndef TENON_TESTS_FAKES_PROXY_H
#define TENON_TESTS_FAKES_PROXY_H

#include <stdbool.h>
#include <stddef.h>

#include "address.h"
#include "toy.h"

/* A proxy closes connections above this number at once. */
#define PROXY_CONNECTIONS_MAX 256

/*
 * The ways to cut a connection. All but PROXY_SWALLOW close the connection to the server
 * at once. Nothing that the client sends afterwards reaches the server.
 */
enum proxy_cut {
	/* The client is told nothing. Its bytes disappear, and no reply comes. */
	PROXY_SWALLOW = 0,
	/* The client reads end of file (FIN). Its bytes disappear. */
	PROXY_END = 1,
	/* The client reads end of file. Its bytes are answered by RST (UNIX: EPIPE). */
	PROXY_CLOSE = 2,
	/* The client reads ECONNRESET (RST). Over UNIX as PROXY_CLOSE. */
	PROXY_RESET = 3,
	/* The client is told nothing until it sends bytes. The answer is end of file. */
	PROXY_END_ON_USE = 4,
	/* The client is told nothing until it sends bytes. The answer is RST. */
	PROXY_RESET_ON_USE = 5
};

#define PROXY_CUTS 6

struct proxy;

struct proxy_counts {
	size_t accepted; /* connections since the start */
	size_t open;     /* connections that the client has not closed, cut ones included */
	size_t cut;      /* connections that were cut since the start */
	size_t cut_open; /* connections that were cut and that the client has not closed */
	/* those of cut_open whose client was told nothing yet */
	size_t untold_open;
	/* bytes of clients that came on a connection after it was cut */
	size_t lost_bytes;
};

/*
 * Start a proxy for the server at this address ("127.0.0.1:port", "[::1]:port" or
 * "/path"). The family is that of the proxy's own address. NULL, with a line on stderr:
 * it does not start. A server that refuses a connection makes the proxy close the
 * client's connection.
 */
struct proxy *proxy_start(const char *server, enum fake_family family);

/*
 * As proxy_start(), at this address, which the socket fd is bound to. The proxy translates:
 * its clients speak the toy's language, the server the classic protocol. The proxy closes
 * fd, also when the proxy does not start.
 */
struct proxy *proxy_start_at(const char *server, const struct address *own,
			     int fd, enum toy toy);

/* The address for the client; lives as long as the proxy. */
const char *proxy_address(const struct proxy *proxy);

/* Cut the connections that are open and not cut yet. Returns their number. */
size_t proxy_cut(struct proxy *proxy, enum proxy_cut how);

/*
 * From now on cut each connection on which nothing came from either side for this time.
 * idle_ms 0: stop cutting.
 */
void proxy_cut_idle(struct proxy *proxy, enum proxy_cut how, unsigned idle_ms);

/*
 * Send bytes of the classic protocol to the client on every connection that is open and
 * not cut, in the language of the toy that $TENON_TOY names. Returns the number of these
 * connections.
 */
size_t proxy_stray(struct proxy *proxy, const void *bytes, size_t len);

/*
 * While deaf, the proxy accepts no connection and its backlog is full: connect(2) fails
 * with EAGAIN (UNIX) or gets no answer (TCP). Open connections go on. Returns false when
 * the backlog does not get full.
 */
bool proxy_set_deaf(struct proxy *proxy, bool deaf);

struct proxy_counts proxy_look(struct proxy *proxy);

/* Close all connections, end the thread and free the proxy. NULL is allowed. */
void proxy_stop(struct proxy *proxy);

#endif
