/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A core for transports alone: connections that say and hear what a script tells them, without a
 * client and without a protocol. Every function here ends the test when something is wrong.
 */
#ifndef TENON_TESTS_TALK_H
#define TENON_TESTS_TALK_H

#include "conformance/drive.h"
#include "conformance/subject.h"
#include "fakes/address.h"
#include "fakes/fake_server.h"
#include "tenon/plugin/transport.h"

/*
 * A part of a script: the connection says and hears these bytes at the same time. The next part
 * begins when both are complete. Bytes that come early belong to the next parts.
 */
struct talk_part {
	const char *say;
	size_t say_len;
	const char *hear;
	size_t hear_len;
};

#define TALK_SAY(literal) { .say = (literal), .say_len = sizeof(literal) - 1 }
#define TALK_HEAR(literal) { .hear = (literal), .hear_len = sizeof(literal) - 1 }

enum talk_outcome {
	TALK_UNDER_WAY,
	TALK_KEPT,   /* the script came to its end, which keeps the connection */
	TALK_CLOSED, /* the script came to its end, which closes the connection; or talk_stop() */
	TALK_FAILED
};

/* Return an outcome in words. */
const char *talk_outcome(enum talk_outcome outcome);

/* One connection and its script. */
struct talker {
	struct tenon_connection base; /* must be first */
	struct address address;
	bool was_given; /* the address, since the connection is under way */
	int lookup_fd;  /* the address is known when this is readable; -1: at once */
	bool no_space;  /* there is no memory to receive into */
	const struct talk_part *parts;
	size_t count;
	bool closes; /* the end of the script closes the connection */
	/* the current part, and its bytes so far; heard also counts bytes of the next parts */
	size_t part, said, heard;
	enum talk_outcome outcome;
	bool is_connected; /* connected() was called, and the connection is open since */
	int status, sys_errno; /* of TALK_FAILED */
	size_t connects;
	char space[64 * 1024];
};

/* An instance of a transport. */
struct talk {
	const struct tenon__plugin *plugin;
	enum drive_way way;
	struct watched_host host;
	void *options;
	void *self;
	struct tenon_connection_ops ops;
	size_t calls; /* calls of functions of ops: shows that the context is this struct */
	size_t made;  /* allocations until the last talk_add(): no other slot allocates */
};

/* Return how a connection has ended, with the status of a failure, or that it is under way. */
const char *talk_end_of(const struct talker *talker);

#define ck_assert_outcome(talker, expected)                                    \
	ck_assert_msg((talker)->outcome == (expected), "%s: %s is %s, expected %s", \
		      subject_now(), #talker, talk_end_of(talker),             \
		      talk_outcome(expected))

/* Assert that a connection has no descriptor. */
void check_closed(const struct talker *talker);

/* Wait until a server has done so many steps of its script; else say why it has not. */
void check_steps(struct fake_server *server, size_t count);

/* Make an instance of subject number i, which is used in that way. */
void talk_open(struct talk *talk, int i, enum drive_way way);
void talk_close(struct talk *talk);

/*
 * Add a connection to a server. address is as address_print() writes it. Returns what add() returns.
 */
int talk_add(struct talk *talk, struct talker *talker, const char *address);

/* Close a connection, also one that is under way. Nothing is heard of it any more. */
void talk_stop(struct talk *talk, struct talker *talker);

/* Close and remove a connection. */
void talk_remove(struct talk *talk, struct talker *talker);

/* Give a connection its next script. */
void talk_script(struct talker *talker, const struct talk_part *parts,
		 size_t count);

/* Begin the script of one connection, with a deadline in timeout_ms. Not for DRIVE_RUN. */
void talk_begin(struct talk *talk, struct talker *talker, int64_t timeout_ms);

/*
 * Go on once with the connections that were begun, and wait for timeout_ms at most. Returns the
 * number of connections that are under way.
 */
size_t talk_turn(struct talk *talk, int64_t timeout_ms);

/* Go on until a connection is finished. */
void talk_await(struct talk *talk, struct talker *talker);

/* Do the scripts of these connections, with a deadline in timeout_ms. Each is finished then. */
void talk_run(struct talk *talk, struct talker *const *talkers, size_t count,
	      int64_t timeout_ms);

/* ---- tests --------------------------------------------------------------- */

/* Add the tests of transport_alone.c. */
void transport_alone_add(TCase *tc);

/* Add the tests of transport_begun.c. */
void transport_begun_add(TCase *tc);

#endif
