/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A scripted server. Its thread, in the process of the test, listens, does the steps of
 * a script in order and compares every byte that it receives with the script. At the
 * end it reports the first difference. A script is in the classic protocol; the server
 * speaks the language of the toy that $TENON_TOY names (toy.h), or the meta protocol.
 */
#ifndef TENON_TESTS_FAKES_SERVER_H
#define TENON_TESTS_FAKES_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "address.h"

enum fake_step_kind {
	FAKE_STEP_ACCEPT,       /* wait for a connection; an earlier one is closed */
	FAKE_STEP_EXPECT,       /* receive exactly these bytes */
	FAKE_STEP_READ,         /* receive len bytes and ignore their content */
	FAKE_STEP_SEND,         /* send these bytes, piece_bytes at a time with pauses */
	FAKE_STEP_GARBAGE,      /* send len pseudo-random bytes */
	FAKE_STEP_SERVE,        /* times: receive len bytes, then send the reply */
	FAKE_STEP_DELAY,        /* do nothing for pause_ms */
	FAKE_STEP_WAIT,         /* do nothing until fake_server_go() */
	FAKE_STEP_HALF_CLOSE,   /* shut down sending, go on receiving */
	FAKE_STEP_RESET,        /* close with RST (TCP) */
	FAKE_STEP_CLOSE,
	FAKE_STEP_EXPECT_CLOSE, /* wait until the client closes; it may send nothing before */
	FAKE_STEP_HOLD,         /* do not read, answer or close until the test ends */
	FAKE_STEP_RAW,          /* send these bytes as they are, past the layer */
	/* send these bytes past the layer until the client closes: after `times` times at the latest */
	FAKE_STEP_FLOOD,
	FAKE_STEP_DEED          /* do something of the layer */
};

/*
 * What lies between a fake and its socket, such as TLS (tls_layer.h). Every slot is called on the
 * thread of the fake, and does not block.
 */
struct fake_layer {
	/* A connection was accepted. context is that of fake_listen. NULL: the script fails. */
	void *(*open)(const void *context, int fd);
	/* The socket is closed next. */
	void (*close)(void *state);
	/* As recv(2) and send(2). */
	ssize_t (*receive)(void *state, void *into, size_t len);
	ssize_t (*send)(void *state, const void *bytes, size_t len);
};

/*
 * A deed of a layer. number is that of the step. Returns 0: done; POLLIN or POLLOUT: to be called
 * again when the socket is ready for that; -1: the script fails.
 */
typedef int (*fake_deed_fn)(void *state, size_t number);

struct fake_step {
	enum fake_step_kind kind;
	const void *bytes; /* borrowed; must outlive the server */
	size_t len;
	size_t piece_bytes; /* 0: all in one piece */
	unsigned pause_ms;
	size_t times; /* of a deed: its number */
	fake_deed_fn deed;
};

#define FAKE_ACCEPT { .kind = FAKE_STEP_ACCEPT }
#define FAKE_EXPECT(literal) FAKE_EXPECT_BYTES((literal), sizeof(literal) - 1)
#define FAKE_EXPECT_BYTES(data, n) \
	{ .kind = FAKE_STEP_EXPECT, .bytes = (data), .len = (n) }
#define FAKE_READ(n) { .kind = FAKE_STEP_READ, .len = (n) }
#define FAKE_SEND(literal) FAKE_SEND_BYTES((literal), sizeof(literal) - 1)
#define FAKE_SEND_BYTES(data, n) \
	{ .kind = FAKE_STEP_SEND, .bytes = (data), .len = (n) }
#define FAKE_SEND_SPLIT(literal, piece, ms)                        \
	{ .kind = FAKE_STEP_SEND, .bytes = (literal),              \
	  .len = sizeof(literal) - 1, .piece_bytes = (piece),      \
	  .pause_ms = (ms) }
#define FAKE_GARBAGE(n) { .kind = FAKE_STEP_GARBAGE, .len = (n) }
#define FAKE_SERVE(request_len, reply, n)                         \
	{ .kind = FAKE_STEP_SERVE, .bytes = (reply),              \
	  .len = (request_len), .times = (n) }
#define FAKE_DELAY(ms) { .kind = FAKE_STEP_DELAY, .pause_ms = (ms) }
#define FAKE_WAIT { .kind = FAKE_STEP_WAIT }
#define FAKE_HALF_CLOSE { .kind = FAKE_STEP_HALF_CLOSE }
#define FAKE_RESET { .kind = FAKE_STEP_RESET }
#define FAKE_CLOSE { .kind = FAKE_STEP_CLOSE }
#define FAKE_EXPECT_CLOSE { .kind = FAKE_STEP_EXPECT_CLOSE }
#define FAKE_HOLD { .kind = FAKE_STEP_HOLD }
#define FAKE_RAW(literal)                                         \
	{ .kind = FAKE_STEP_RAW, .bytes = (literal),              \
	  .len = sizeof(literal) - 1 }
#define FAKE_FLOOD(data, n, most)                                 \
	{ .kind = FAKE_STEP_FLOOD, .bytes = (data), .len = (n),   \
	  .times = (most) }
#define FAKE_DEED(function, n) \
	{ .kind = FAKE_STEP_DEED, .deed = (function), .times = (n) }

/*
 * A script and its length, as two arguments. The script lives as long as the enclosing
 * block.
 */
#define FAKE_STEPS(...)                            \
	(const struct fake_step[]){ __VA_ARGS__ }, \
		(sizeof((const struct fake_step[]){ __VA_ARGS__ }) / \
		 sizeof(struct fake_step))

/* FAKE_EXPECT and FAKE_SEND for a string that is not a literal. */
struct fake_step fake_expect_text(const char *text);
struct fake_step fake_send_text(const char *text);

/* How the server listens. A zeroed struct is the common way: 127.0.0.1 with a free port. */
struct fake_listen {
	enum fake_family family;
	int buffer_bytes; /* SO_RCVBUF and SO_SNDBUF; 0: the system's default */
	/* the backlog is full until the test ends: a connect gets no answer */
	bool full;
	/* answer the first line of the first connection with "END", before the script */
	bool greeted;
	/* NULL: none. Both live as long as the server */
	const struct fake_layer *layer;
	const void *layer_context;
};

struct fake_server;

/*
 * Start a server on a free port of 127.0.0.1.
 * Shape:  steps[count] must live until fake_server_join().
 * Errors: NULL, with a line on stderr.
 */
struct fake_server *fake_server_start(const struct fake_step *steps,
				      size_t count);

struct fake_server *fake_server_listen(const struct fake_listen *listen,
				       const struct fake_step *steps,
				       size_t count);

/* "127.0.0.1:port", "[::1]:port" or "/path.sock"; lives as long as the server. */
const char *fake_server_address(const struct fake_server *server);

/* The port, or 0 for a UNIX socket. */
uint16_t fake_server_port(const struct fake_server *server);

/* Wait until `count` steps are done. Return false when the script stopped before that. */
bool fake_server_await(struct fake_server *server, size_t count);

/* Let one FAKE_WAIT pass: the current one, or else the next one. */
void fake_server_go(struct fake_server *server);

/*
 * Wait for the end of the script, stop the thread and free the server.
 * Returns NULL when the client did what the script says. Otherwise returns a message
 * for free(): the step, the expected bytes and the received bytes.
 * Three more things are problems: a step without progress for a few seconds, bytes
 * after the last step, and a connection that the script does not have. The last two are
 * allowed when the script ends in FAKE_HOLD.
 */
char *fake_server_join(struct fake_server *server);

/*
 * Write an address that refuses every connection: a port that is bound and does not
 * listen, or the path of a socket that does not exist. text is the caller's buffer of
 * this many bytes.
 */
void fake_refused_address(enum fake_family family, char *text, size_t bytes);

/* Return true when a socket can be bound to ::1 on this machine. */
bool fake_has_ipv6(void);

/*
 * Return true when the name localhost has an address. It may have none in a chroot
 * without /etc/hosts.
 */
bool fake_has_localhost(void);

#endif
