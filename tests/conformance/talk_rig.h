/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One instance of a transport with its connections and fake servers, for the tests of
 * transport_alone.c and transport_begun.c. A test uses the numbers from 0 on.
 */
#ifndef TENON_TESTS_TALK_RIG_H
#define TENON_TESTS_TALK_RIG_H

#include "conformance/talk.h"
#include "fakes/fake_server.h"

/* Longer than any test takes, also under valgrind on a busy machine. */
#define FAR_MS (60 * 1000)
#define TALKERS 24

/* Larger than the kernel's buffers of a connection. */
#define LARGE_LEN ((size_t)6 << 20)

extern struct talk talk;
extern struct talker talkers[TALKERS];
extern struct talker *const all_talkers[5]; /* the first ones */
extern struct fake_server *talk_servers[TALKERS]; /* NULL: a connection without a server */

extern const struct fake_listen plain;  /* TCP */
extern const struct fake_listen narrow; /* a UNIX socket with small buffers */
extern const struct fake_listen full;   /* a connect gets no answer */

/* A question and its answer: for the server, and for the connection. */
#define ROUND_TRIP(n) FAKE_EXPECT("ask" #n), FAKE_SEND("answer" #n)
#define ROUND_TRIP_PARTS(n) TALK_SAY("ask" #n), TALK_HEAR("answer" #n)

/* The script of one round trip. */
extern const struct talk_part one_trip[2];

/* Make an instance for a test of all ways. */
void open_talk(int i);

/* Make an instance for a test of begin, turn and fds: in every way except DRIVE_RUN. */
void open_begun(int i);

/* Start server number i, and add a connection to it. */
void talk_start(size_t i, const struct fake_listen *listen,
		const struct fake_step *steps, size_t count);

/* End the connections and the servers 0 to count-1, which have done their scripts. */
void talk_end(size_t count);

/* Assert that connection i failed with this status, and is closed. */
void check_failed(size_t i, int status, int sys_errno);

#endif
