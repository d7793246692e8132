/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A scripted server: a thread of the test that listens, does the steps of a
 * script in order, checks every byte it receives, and reports at the end what
 * was not as written.
 */
#ifndef TENON_TESTS_FAKES_SERVER_H
#define TENON_TESTS_FAKES_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fake_step_kind {
	FAKE_STEP_ACCEPT,       /* wait for a connection; an earlier one is closed */
	FAKE_STEP_EXPECT,       /* receive exactly these bytes */
	FAKE_STEP_READ,         /* receive len bytes, whatever they are */
	FAKE_STEP_SEND,         /* send these bytes, piece_bytes at a time with pauses */
	FAKE_STEP_GARBAGE,      /* send len pseudo-random bytes */
	FAKE_STEP_SERVE,        /* times: receive len bytes, then send the reply */
	FAKE_STEP_DELAY,        /* do nothing for pause_ms */
	FAKE_STEP_WAIT,         /* do nothing until fake_server_go() */
	FAKE_STEP_HALF_CLOSE,   /* send no more, but go on receiving */
	FAKE_STEP_RESET,        /* close with RST (TCP) */
	FAKE_STEP_CLOSE,
	FAKE_STEP_EXPECT_CLOSE, /* wait until the client closes; it may send nothing before */
	FAKE_STEP_HOLD          /* neither read, answer nor close until the test ends */
};

struct fake_step {
	enum fake_step_kind kind;
	const void *bytes; /* the script's own; must outlive the server */
	size_t len;
	size_t piece_bytes; /* 0: all at once */
	unsigned pause_ms;
	size_t times;
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

/* A script and its length, as two arguments. Lives as long as the block. */
#define FAKE_STEPS(...)                            \
	(const struct fake_step[]){ __VA_ARGS__ }, \
		(sizeof((const struct fake_step[]){ __VA_ARGS__ }) / \
		 sizeof(struct fake_step))

/* The same for a text that is no literal. */
struct fake_step fake_expect_text(const char *text);
struct fake_step fake_send_text(const char *text);

enum fake_family {
	FAKE_INET = 0,  /* 127.0.0.1, a free port */
	FAKE_INET6 = 1, /* ::1, a free port */
	FAKE_UNIX = 2   /* a socket in the scratch folder */
};

/* How to listen; zeroed is the usual way. */
struct fake_listen {
	enum fake_family family;
	int buffer_bytes; /* SO_RCVBUF and SO_SNDBUF; 0: the system's */
	bool full;        /* the backlog is full and stays so: connects hang */
	bool greeted;     /* the first connection begins with a get: "END" answers it */
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

/* 0 for UNIX sockets. */
uint16_t fake_server_port(const struct fake_server *server);

/* Wait until `count` steps are done. False when the script stopped before. */
bool fake_server_await(struct fake_server *server, size_t count);

/* Let one FAKE_WAIT pass, now or when the script comes to it. */
void fake_server_go(struct fake_server *server);

/*
 * Let the script come to its end, stop the thread and free the server.
 * Returns NULL when everything came as written; otherwise a sentence, to be
 * freed: the step, what was expected, what came. A step that makes no progress
 * for a few seconds, bytes after the last step and connections that the script
 * does not have are problems too, the latter two unless the script ends in
 * FAKE_HOLD.
 */
char *fake_server_join(struct fake_server *server);

/*
 * An address where nobody listens and nobody can: a port that is bound, or a
 * path that does not exist. text is the caller's, bytes its size.
 */
void fake_refused_address(enum fake_family family, char *text, size_t bytes);

/* Can ::1 be bound here? */
bool fake_has_ipv6(void);

/* Has localhost an address? A bare chroot may lack /etc/hosts. */
bool fake_has_localhost(void);

#endif
