/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of transports alone: connections follow a script (talk.h), without a client. The first tests
 * run in every way (drive.h). The others are about begin, turn and fds, and run in those two ways.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "conformance/drive.h"
#include "conformance/subject.h"
#include "conformance/talk.h"
#include "fakes/proxy.h"
#include "fakes/rig.h"

/* Longer than any test takes, also under valgrind on a busy machine. */
#define FAR_MS (60 * 1000)
#define TALKERS 24

/* Larger than the kernel's buffers of a connection. */
#define LARGE_LEN ((size_t)6 << 20)

/* ---- what connections want ------------------------------------------------ */

static struct talk talk;
static struct talker talkers[TALKERS];
static struct talker *const all_talkers[] = { &talkers[0], &talkers[1],
					      &talkers[2], &talkers[3],
					      &talkers[4] };
static struct fake_server *talk_servers[TALKERS];

/* Make an instance for a test of all ways. */
static void open_talk(int i)
{
	talk_open(&talk, i % subjects_count(), drive_of(i));
}

/* Make an instance for a test of begin, turn and fds: in every way except DRIVE_RUN. */
static void open_begun(int i)
{
	open_talk(drive_first == DRIVE_RUN ? i + subjects_count() : i);
}

/* Start server number i, and add a connection to it. */
static void talk_start(size_t i, const struct fake_listen *listen,
		       const struct fake_step *steps, size_t count)
{
	talk_servers[i] = fake_server_listen(listen, steps, count);
	ck_assert_ptr_nonnull(talk_servers[i]);
	ck_assert_int_eq(talk_add(&talk, &talkers[i],
				  fake_server_address(talk_servers[i])),
			 0);
}

/* End the connections and the servers 0 to count-1, which have done their scripts. */
static void talk_end(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		talk_remove(&talk, &talkers[i]);
		if (talk_servers[i]) {
			char *problem = fake_server_join(talk_servers[i]);

			ck_assert_msg(!problem, "%s", problem);
		}
	}
	talk_close(&talk);
}

static const struct fake_listen plain = { .family = FAKE_INET };

/* Run a script on the connections 0 to count-1. */
static void talk_all(size_t count, const struct talk_part *parts,
		     size_t part_count)
{
	for (size_t i = 0; i < count; i++) {
		talk_script(&talkers[i], parts, part_count);
	}
	talk_run(&talk, all_talkers, count, FAR_MS);
	for (size_t i = 0; i < count; i++) {
		ck_assert_int_eq(talkers[i].outcome, TALK_KEPT);
	}
}

START_TEST(a_connection_may_receive_before_it_sends)
{
	static const struct talk_part parts[] = { TALK_HEAR("HELLO"),
						  TALK_SAY("get"),
						  TALK_HEAR("END") };

	open_talk(_i);
	talk_start(0, &plain,
		   FAKE_STEPS(FAKE_ACCEPT, FAKE_DELAY(20), FAKE_SEND("HELLO"),
			      FAKE_EXPECT("get"), FAKE_SEND("END"),
			      FAKE_EXPECT_CLOSE));
	talk_all(1, parts, COUNT(parts));
	talk_end(1);
}
END_TEST

#define ROUND_TRIP(n) FAKE_EXPECT("ask" #n), FAKE_SEND("answer" #n)
#define ROUND_TRIP_PARTS(n) TALK_SAY("ask" #n), TALK_HEAR("answer" #n)

/* Three connections send and receive in turns: first when they are new, then when they are open. */
START_TEST(a_connection_may_send_after_it_has_received)
{
	static const struct talk_part parts[] = { ROUND_TRIP_PARTS(1),
						  ROUND_TRIP_PARTS(2),
						  ROUND_TRIP_PARTS(3) };
	static const struct fake_step quick[] = {
		FAKE_ACCEPT,   ROUND_TRIP(1), ROUND_TRIP(2), ROUND_TRIP(3),
		ROUND_TRIP(1), ROUND_TRIP(2), ROUND_TRIP(3), FAKE_EXPECT_CLOSE
	};
	static const struct fake_step slow[] = {
		FAKE_ACCEPT,   ROUND_TRIP(1), FAKE_DELAY(20), ROUND_TRIP(2),
		ROUND_TRIP(3), ROUND_TRIP(1), FAKE_DELAY(20), ROUND_TRIP(2),
		ROUND_TRIP(3), FAKE_EXPECT_CLOSE
	};

	open_talk(_i);
	talk_start(0, &plain, quick, COUNT(quick));
	talk_start(1, &plain, slow, COUNT(slow));
	talk_start(2, &plain, quick, COUNT(quick));
	talk_all(3, parts, COUNT(parts));
	talk_all(3, parts, COUNT(parts));
	for (size_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(talkers[i].connects, 1);
	}
	talk_end(3);
}
END_TEST

static const struct fake_listen narrow = { .family = FAKE_UNIX,
					   .buffer_bytes = 8192 };

/* The last bytes need no answer, and do not fit into the socket's buffers. */
START_TEST(a_connection_may_be_finished_by_a_send_after_it_has_received)
{
	char *large = binary_value(LARGE_LEN, 1);
	const struct talk_part parts[] = {
		TALK_SAY("ask"), TALK_HEAR("answer"),
		{ .say = large, .say_len = LARGE_LEN }
	};
	const struct fake_step steps[] = {
		FAKE_ACCEPT,		      FAKE_EXPECT("ask"),
		FAKE_SEND("answer"),	      FAKE_DELAY(50),
		FAKE_EXPECT_BYTES(large, LARGE_LEN), FAKE_EXPECT("ask"),
		FAKE_SEND("answer"),	      FAKE_DELAY(50),
		FAKE_EXPECT_BYTES(large, LARGE_LEN), FAKE_EXPECT_CLOSE
	};

	open_talk(_i);
	talk_start(0, &narrow, steps, COUNT(steps));
	talk_all(1, parts, COUNT(parts));
	talk_all(1, parts, COUNT(parts));
	talk_end(1);
	free(large);
}
END_TEST

#define SERVE_LEN 100
#define SERVE_TIMES (LARGE_LEN / SERVE_LEN)
#define SERVE_REPLY "0123456789abcdefghij0123456789abcdefghij"

/* The server stops reading when its replies are not read. */
START_TEST(a_connection_sends_and_receives_at_the_same_time)
{
	const size_t reply_len = sizeof(SERVE_REPLY) - 1;
	char *say = binary_value(SERVE_TIMES * SERVE_LEN, 1);
	char *hear = malloc(SERVE_TIMES * reply_len);
	const struct talk_part parts[] = {
		TALK_SAY("ask"), TALK_HEAR("answer"),
		{ .say = say, .say_len = SERVE_TIMES * SERVE_LEN,
		  .hear = hear, .hear_len = SERVE_TIMES * reply_len },
		ROUND_TRIP_PARTS(1)
	};
	const struct fake_step steps[] = {
		FAKE_ACCEPT, FAKE_EXPECT("ask"), FAKE_SEND("answer"),
		FAKE_SERVE(SERVE_LEN, SERVE_REPLY, SERVE_TIMES), ROUND_TRIP(1),
		FAKE_EXPECT("ask"), FAKE_SEND("answer"),
		FAKE_SERVE(SERVE_LEN, SERVE_REPLY, SERVE_TIMES), ROUND_TRIP(1),
		FAKE_EXPECT_CLOSE
	};

	ck_assert_ptr_nonnull(hear);
	for (size_t i = 0; i < SERVE_TIMES; i++) {
		memcpy(hear + i * reply_len, SERVE_REPLY, reply_len);
	}
	open_talk(_i);
	talk_start(0, &narrow, steps, COUNT(steps));
	talk_all(1, parts, COUNT(parts));
	talk_all(1, parts, COUNT(parts));
	talk_end(1);
	free(say);
	free(hear);
}
END_TEST

/* The script ends after connected(), sent() or received(), on a new connection or an open one. */
START_TEST(a_connection_ends_after_any_event)
{
	static const struct talk_part parts[] = { ROUND_TRIP_PARTS(1) };
	static const struct fake_step steps[] = {
		FAKE_ACCEPT,	   FAKE_EXPECT_CLOSE, /* after connected() */
		FAKE_ACCEPT,	   FAKE_EXPECT("ask1"), FAKE_EXPECT_CLOSE,
		FAKE_ACCEPT,	   ROUND_TRIP(1), FAKE_EXPECT_CLOSE,
		/* kept after connected(), then closed after sent() */
		FAKE_ACCEPT,	   FAKE_EXPECT("ask1"), FAKE_EXPECT_CLOSE,
		/* kept after received(), then closed after received() */
		FAKE_ACCEPT,	   ROUND_TRIP(1), ROUND_TRIP(1), FAKE_EXPECT_CLOSE,
	};
	static const struct {
		size_t parts;
		bool closes;
	} runs[] = { { 0, true }, { 1, true }, { 2, true }, { 0, false },
		     { 1, true }, { 2, false }, { 2, true } };

	open_talk(_i);
	talk_start(0, &plain, steps, COUNT(steps));
	for (size_t i = 0; i < COUNT(runs); i++) {
		talk_script(&talkers[0], parts, runs[i].parts);
		talkers[0].closes = runs[i].closes;
		talk_run(&talk, all_talkers, 1, FAR_MS);
		ck_assert_int_eq(talkers[0].outcome,
				 runs[i].closes ? TALK_CLOSED : TALK_KEPT);
	}
	talk_end(1);
}
END_TEST

/* ---- failures -------------------------------------------------------------- */

static const struct fake_listen full = { .full = true };

/* Add connection i to this address, without a server. */
static void talk_nowhere(size_t i, const char *address)
{
	talk_servers[i] = NULL;
	ck_assert_int_eq(talk_add(&talk, &talkers[i], address), 0);
}

static void check_failed(size_t i, int status, int sys_errno)
{
	ck_assert_int_eq(talkers[i].outcome, TALK_FAILED);
	ck_assert_int_eq(talkers[i].status, status);
	ck_assert_int_eq(talkers[i].sys_errno, sys_errno);
	ck_assert_int_eq(talkers[i].base.fd, -1);
}

static const struct talk_part one_trip[] = { ROUND_TRIP_PARTS(1) };

/* Each connection fails by itself, and the next time each succeeds that can. */
START_TEST(a_connection_that_fails_leaves_the_others_alone)
{
	enum { ANSWERS, REFUSED, CLOSED, NO_SPACE, KINDS };
	static const struct fake_step steps[] = { FAKE_ACCEPT, ROUND_TRIP(1),
						  ROUND_TRIP(1),
						  FAKE_EXPECT_CLOSE };
	char refused[128];

	open_talk(_i);
	fake_refused_address(FAKE_INET, refused, sizeof(refused));
	talk_start(ANSWERS, &plain, steps, COUNT(steps));
	talk_nowhere(REFUSED, refused);
	talk_start(CLOSED, &plain,
		   FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("ask1"), FAKE_CLOSE,
			      FAKE_ACCEPT, ROUND_TRIP(1), FAKE_EXPECT_CLOSE));
	talk_start(NO_SPACE, &plain,
		   FAKE_STEPS(FAKE_ACCEPT, ROUND_TRIP(1), FAKE_EXPECT_CLOSE,
			      FAKE_ACCEPT, ROUND_TRIP(1), FAKE_EXPECT_CLOSE));
	for (int run = 0; run < 2; run++) {
		for (size_t i = 0; i < KINDS; i++) {
			talk_script(&talkers[i], one_trip, COUNT(one_trip));
		}
		talkers[NO_SPACE].no_space = run == 0;
		talk_run(&talk, all_talkers, KINDS, FAR_MS);
		ck_assert_int_eq(talkers[ANSWERS].outcome, TALK_KEPT);
		check_failed(REFUSED, TENON_ECONNECT, 0);
		if (run == 0) {
			check_failed(CLOSED, TENON_ECLOSED, 0);
			check_failed(NO_SPACE, TENON_ENOMEM, 0);
		}
	}
	ck_assert_int_eq(talkers[CLOSED].outcome, TALK_KEPT);
	ck_assert_int_eq(talkers[NO_SPACE].outcome, TALK_KEPT);
	talk_end(KINDS);
}
END_TEST

/* The connections are being made, sending and receiving when the deadline passes. */
START_TEST(a_deadline_passes_in_every_phase)
{
	enum { CONNECTING, SENDING, RECEIVING, PHASES };
	char *large = binary_value(LARGE_LEN, 1);
	const struct talk_part much[] = { { .say = large,
					    .say_len = LARGE_LEN } };

	open_talk(_i);
	talk_start(CONNECTING, &full, NULL, 0);
	talk_start(SENDING, &narrow, FAKE_STEPS(FAKE_ACCEPT, FAKE_HOLD));
	talk_start(RECEIVING, &plain,
		   FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("ask1"),
			      FAKE_EXPECT_CLOSE));
	talk_script(&talkers[CONNECTING], one_trip, COUNT(one_trip));
	talk_script(&talkers[SENDING], much, COUNT(much));
	talk_script(&talkers[RECEIVING], one_trip, COUNT(one_trip));
	talk_run(&talk, all_talkers, PHASES, 100);
	check_failed(CONNECTING, TENON_ECONNECT, 0);
	check_failed(SENDING, TENON_ETIMEDOUT, 0);
	check_failed(RECEIVING, TENON_ETIMEDOUT, 0);
	ck_assert_uint_eq(talkers[RECEIVING].said, 0);
	ck_assert_uint_eq(talkers[RECEIVING].part, 1);
	talk_end(PHASES);
	free(large);
}
END_TEST

START_TEST(an_instance_without_memory_adds_no_connection)
{
	static const struct fake_step steps[] = { FAKE_ACCEPT, ROUND_TRIP(1),
						  FAKE_EXPECT_CLOSE };
	int code = TENON_ENOMEM;

	open_talk(_i);
	talk_start(0, &plain, steps, COUNT(steps));
	talk_servers[1] = fake_server_start(steps, COUNT(steps));
	ck_assert_ptr_nonnull(talk_servers[1]);
	for (size_t n = 1; code; n++) {
		talk.host.made = 0;
		talk.host.fail_from = n;
		code = talk_add(&talk, &talkers[1],
				fake_server_address(talk_servers[1]));
		ck_assert(!code || code == TENON_ENOMEM);
	}
	talk.host.fail_from = 0;
	talk_all(2, one_trip, COUNT(one_trip));
	talk_end(2);
}
END_TEST

/* The kernel repeats the connect after 1 s. Only a transport with the bug waits until this time. */
#define BLOCKED_MS (5 * 1000)

enum { HANGS = 1, OTHERS = 3, ALL = HANGS + OTHERS };

static struct proxy *gate;
static atomic_size_t asked;

/* A server other than HANGS was asked. The last one lets the connect to HANGS go on. */
static int open_gate(void *state, size_t number)
{
	(void)state;
	(void)number;
	if (atomic_fetch_add(&asked, 1) + 1 < OTHERS) {
		return 0;
	}
	fake_server_go(talk_servers[HANGS]);
	return proxy_set_deaf(gate, false) ? 0 : -1;
}

/* Add a connection whose connect gets no answer until open_gate(). */
static void start_behind_gate(void)
{
	static const struct fake_step steps[] = { FAKE_WAIT, FAKE_ACCEPT,
						  ROUND_TRIP(1),
						  FAKE_EXPECT_CLOSE };

	atomic_store(&asked, 0);
	talk_servers[HANGS] = fake_server_start(steps, COUNT(steps));
	ck_assert_ptr_nonnull(talk_servers[HANGS]);
	gate = proxy_start(fake_server_address(talk_servers[HANGS]), FAKE_INET);
	ck_assert_ptr_nonnull(gate);
	ck_assert(proxy_set_deaf(gate, true));
	ck_assert_int_eq(talk_add(&talk, &talkers[HANGS], proxy_address(gate)),
			 0);
}

/*
 * One connect hangs until all other servers have been asked. A transport that waits for each
 * connection in turn never asks them, from whichever end it starts: the others are on both sides.
 */
START_TEST(connections_do_not_wait_for_one_another)
{
	static const struct fake_step steps[] = {
		FAKE_ACCEPT, FAKE_EXPECT("ask1"), FAKE_DEED(open_gate, 0),
		FAKE_SEND("answer1"), FAKE_EXPECT_CLOSE
	};

	open_talk(_i);
	for (size_t i = 0; i < ALL; i++) {
		if (i == HANGS) {
			start_behind_gate();
		} else {
			talk_start(i, &plain, steps, COUNT(steps));
		}
		talk_script(&talkers[i], one_trip, COUNT(one_trip));
	}
	talk_run(&talk, all_talkers, ALL, BLOCKED_MS);
	ck_assert_msg(talkers[HANGS].outcome == TALK_KEPT,
		      "a connect that hangs until the other %d servers are asked failed with status %d, errno %d: they were not asked in time",
		      OTHERS, talkers[HANGS].status,
		      talkers[HANGS].sys_errno);
	for (size_t i = 0; i < ALL; i++) {
		ck_assert_int_eq(talkers[i].outcome, TALK_KEPT);
	}
	talk_end(ALL);
	proxy_stop(gate);
}
END_TEST

/* Let a lookup end after a while. */
static void *answer_later(void *payload)
{
	const int *fd = payload;

	sleep_ms(300);
	(void)!write(*fd, "", 1);
	return NULL;
}

/* More calls than any transport needs for one lookup and one round trip. */
#define CALLS_MOST 500

START_TEST(a_lookup_is_waited_for_without_spinning)
{
	static const struct fake_step steps[] = { FAKE_ACCEPT, ROUND_TRIP(1),
						  FAKE_EXPECT_CLOSE };
	struct stat before, after;
	pthread_t thread;
	int ends[2];
	size_t calls;

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(fstat(ends[0], &before), 0);
	open_talk(_i);
	talk_start(0, &plain, steps, COUNT(steps));
	talkers[0].lookup_fd = ends[0];
	talk_script(&talkers[0], one_trip, COUNT(one_trip));
	calls = talk.calls;
	ck_assert_int_eq(pthread_create(&thread, NULL, answer_later, &ends[1]),
			 0);
	talk_run(&talk, all_talkers, 1, FAR_MS);
	pthread_join(thread, NULL);
	calls = talk.calls - calls;
	ck_assert_int_eq(talkers[0].outcome, TALK_KEPT);
	ck_assert_msg(calls <= CALLS_MOST,
		      "%zu calls of functions of the core during a lookup of 300 ms: the transport spins",
		      calls);
	talk_end(1);
	ck_assert_msg(fstat(ends[0], &after) == 0 &&
			      after.st_ino == before.st_ino,
		      "the transport has closed wait_fd, which is the core's");
	close(ends[0]);
	close(ends[1]);
}
END_TEST

/* After a fork the child closes its copy of an open connection, and the parent still uses its own. */
START_TEST(a_fork_leaves_open_connections_to_the_parent)
{
	static const struct fake_step steps[] = { FAKE_ACCEPT, ROUND_TRIP(1),
						  ROUND_TRIP(1),
						  FAKE_EXPECT_CLOSE };
	int status;

	open_talk(_i);
	talk_start(0, &plain, steps, COUNT(steps));
	talk_all(1, one_trip, COUNT(one_trip));
	pid_t child = fork();
	if (child == 0) {
		talk.plugin->ops.transport.close(talk.self, &talkers[0].base);
		_exit(talkers[0].base.fd == -1 ? 0 : 1);
	}
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	talk_script(&talkers[0], one_trip, COUNT(one_trip));
	talk_run(&talk, all_talkers, 1, FAR_MS);
	ck_assert_msg(talkers[0].outcome == TALK_KEPT &&
			      talkers[0].connects == 1,
		      "after close() in a child, the parent's connection fails with status %d, errno %d",
		      talkers[0].status, talkers[0].sys_errno);
	talk_end(1);
}
END_TEST

/* Use up the descriptors below FD_SETSIZE. Returns how many; 0: the limit of the process is lower. */
static size_t fill_descriptors(int fillers[FD_SETSIZE])
{
	struct rlimit limit;
	size_t count = 0;
	int fd;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < FD_SETSIZE + 64) {
		limit.rlim_cur = FD_SETSIZE + 64;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
			return 0;
		}
	}
	while ((fd = dup(STDOUT_FILENO)) >= 0 && fd < FD_SETSIZE) {
		fillers[count++] = fd;
	}
	close(fd);
	return count;
}

START_TEST(descriptors_may_have_any_number)
{
	static const struct fake_step steps[] = { FAKE_ACCEPT, ROUND_TRIP(1),
						  ROUND_TRIP(1),
						  FAKE_EXPECT_CLOSE };
	static int fillers[FD_SETSIZE];
	size_t count;

	open_talk(_i);
	talk_start(0, &plain, steps, COUNT(steps));
	count = fill_descriptors(fillers);
	if (count > 0) {
		talk_all(1, one_trip, COUNT(one_trip));
		ck_assert_int_ge(talkers[0].base.fd, FD_SETSIZE);
		while (count > 0) {
			close(fillers[--count]);
		}
		talk_all(1, one_trip, COUNT(one_trip));
	} else {
		dprintf(STDOUT_FILENO,
			"# few descriptors here, high numbers are not tested\n");
		talk_all(1, one_trip, COUNT(one_trip));
		talk_all(1, one_trip, COUNT(one_trip));
	}
	talk_end(1);
}
END_TEST

/* ---- begin, turn and fds ---------------------------------------------------- */

/* A server that answers once it is let go, and its connection, which is under way. */
static void begin_waiting(size_t i, int64_t timeout_ms)
{
	static const struct fake_step steps[] = { FAKE_ACCEPT,
						  FAKE_EXPECT("ask1"), FAKE_WAIT,
						  FAKE_SEND("answer1"),
						  FAKE_EXPECT_CLOSE };

	talk_start(i, &plain, steps, COUNT(steps));
	talk_script(&talkers[i], one_trip, COUNT(one_trip));
	talk_begin(&talk, &talkers[i], timeout_ms);
}

/* Let the server of begin_waiting() answer. */
static void finish_waiting(size_t i)
{
	ck_assert_int_eq(talkers[i].outcome, TALK_UNDER_WAY);
	fake_server_go(talk_servers[i]);
	talk_await(&talk, &talkers[i]);
	ck_assert_int_eq(talkers[i].outcome, TALK_KEPT);
}

/* Go on until the current part of a script is said. */
static void await_said(size_t i)
{
	const struct talker *talker = &talkers[i];

	while (talker->part == 0 && talker->said < talker->parts[0].say_len) {
		(void)talk_turn(&talk, 1000);
		ck_assert_int_eq(talker->outcome, TALK_UNDER_WAY);
	}
}

START_TEST(each_connection_has_its_own_deadline)
{
	open_begun(_i);
	begin_waiting(0, FAR_MS);
	talk_start(1, &plain,
		   FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("ask1"),
			      FAKE_EXPECT_CLOSE));
	talk_script(&talkers[1], one_trip, COUNT(one_trip));
	talk_begin(&talk, &talkers[1], 100);
	begin_waiting(2, FAR_MS);
	talk_await(&talk, &talkers[1]);
	check_failed(1, TENON_ETIMEDOUT, 0);
	finish_waiting(2);
	finish_waiting(0);
	talk_end(3);
}
END_TEST

START_TEST(connections_begin_at_different_times)
{
	static const struct fake_step twice[] = { FAKE_ACCEPT, ROUND_TRIP(1),
						  ROUND_TRIP(1),
						  FAKE_EXPECT_CLOSE };

	open_begun(_i);
	begin_waiting(0, FAR_MS);
	await_said(0);
	ck_assert_uint_eq(talk_turn(&talk, 0), 1);
	talk_start(1, &plain, twice, COUNT(twice));
	for (int trip = 0; trip < 2; trip++) {
		talk_script(&talkers[1], one_trip, COUNT(one_trip));
		talk_begin(&talk, &talkers[1], FAR_MS);
		talk_await(&talk, &talkers[1]);
		ck_assert_int_eq(talkers[1].outcome, TALK_KEPT);
		ck_assert_uint_eq(talk_turn(&talk, 0), 1);
	}
	ck_assert_uint_eq(talkers[1].connects, 1);
	finish_waiting(0);
	ck_assert_uint_eq(talk_turn(&talk, 0), 0);
	talk_end(2);
}
END_TEST

/* Every phase is under way while the lists of the transport grow. */
START_TEST(connections_are_added_while_others_are_under_way)
{
	enum { CONNECTING, SENDING, FIRST };
	char *large = binary_value(LARGE_LEN, 1);
	const struct talk_part much[] = { { .say = large,
					    .say_len = LARGE_LEN } };
	const struct fake_step steps[] = { FAKE_ACCEPT, FAKE_WAIT,
					   FAKE_EXPECT_BYTES(large, LARGE_LEN),
					   FAKE_EXPECT_CLOSE };

	open_begun(_i);
	talk_start(CONNECTING, &full, NULL, 0);
	talk_script(&talkers[CONNECTING], one_trip, COUNT(one_trip));
	talk_begin(&talk, &talkers[CONNECTING], FAR_MS);
	talk_start(SENDING, &narrow, steps, COUNT(steps));
	talk_script(&talkers[SENDING], much, COUNT(much));
	talk_begin(&talk, &talkers[SENDING], FAR_MS);
	for (size_t i = FIRST; i < TALKERS; i++) {
		begin_waiting(i, FAR_MS);
		ck_assert_uint_eq(talk_turn(&talk, 0), i + 1);
	}
	for (size_t i = FIRST; i < TALKERS; i++) {
		finish_waiting(i);
	}
	finish_waiting(SENDING);
	ck_assert_int_eq(talkers[CONNECTING].outcome, TALK_UNDER_WAY);
	talk_end(TALKERS);
	free(large);
}
END_TEST

/* ---- closing what is under way ---------------------------------------------- */

enum phase { LOOKING_UP, CONNECTING, SENDING, RECEIVING, PHASES };

/* Begin a connection that stays in this phase. */
static void begin_phase(enum phase phase, size_t i, int lookup_fd,
			const struct talk_part *much)
{
	static const struct fake_step receiving[] = { FAKE_ACCEPT,
						      FAKE_EXPECT("ask1"),
						      FAKE_EXPECT_CLOSE };
	static const struct fake_step holding[] = { FAKE_ACCEPT, FAKE_HOLD };

	if (phase <= CONNECTING) {
		talk_start(i, &full, NULL, 0);
		talkers[i].lookup_fd = phase == LOOKING_UP ? lookup_fd : -1;
	} else if (phase == SENDING) {
		talk_start(i, &narrow, holding, COUNT(holding));
	} else {
		talk_start(i, &plain, receiving, COUNT(receiving));
	}
	talk_script(&talkers[i], phase == SENDING ? much : one_trip,
		    phase == SENDING ? 1 : COUNT(one_trip));
	talk_begin(&talk, &talkers[i], FAR_MS);
}

START_TEST(a_connection_under_way_can_be_closed)
{
	char *large = binary_value(LARGE_LEN, 1);
	const struct talk_part much = { .say = large, .say_len = LARGE_LEN };

	for (enum phase phase = LOOKING_UP; phase < PHASES; phase++) {
		struct rig_fds before;
		int ends[2];

		ck_assert_int_eq(pipe(ends), 0);
		fds_look(&before);
		open_begun(_i);
		begin_waiting(0, FAR_MS);
		await_said(0);
		ck_assert(fake_server_await(talk_servers[0], 2));
		begin_phase(phase, 1, ends[0], &much);
		if (phase == RECEIVING) {
			await_said(1);
			ck_assert(fake_server_await(talk_servers[1], 2));
		}
		begin_waiting(2, FAR_MS);
		await_said(2);
		ck_assert(fake_server_await(talk_servers[2], 2));
		ck_assert_uint_eq(talk_turn(&talk, 0), 3);
		talk_stop(&talk, &talkers[1]);
		ck_assert_uint_eq(talk_turn(&talk, 0), 2);
		finish_waiting(0);
		finish_waiting(2);
		ck_assert_uint_eq(talk_turn(&talk, 0), 0);
		talk_end(3);
		ck_assert_uint_eq(fds_since(&before, NULL), 0);
		close(ends[0]);
		close(ends[1]);
	}
	free(large);
}
END_TEST

START_TEST(a_connection_that_was_closed_can_begin_again)
{
	open_begun(_i);
	talk_start(0, &plain,
		   FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("ask1"),
			      FAKE_EXPECT_CLOSE, FAKE_ACCEPT, ROUND_TRIP(1),
			      FAKE_EXPECT_CLOSE));
	talk_script(&talkers[0], one_trip, COUNT(one_trip));
	talk_begin(&talk, &talkers[0], FAR_MS);
	await_said(0);
	talk_stop(&talk, &talkers[0]);
	ck_assert_uint_eq(talk_turn(&talk, 0), 0);
	talk_script(&talkers[0], one_trip, COUNT(one_trip));
	talk_begin(&talk, &talkers[0], FAR_MS);
	talk_await(&talk, &talkers[0]);
	ck_assert_int_eq(talkers[0].outcome, TALK_KEPT);
	ck_assert_uint_eq(talkers[0].connects, 2);
	talk_end(1);
}
END_TEST

/* The child of a fork closes its copies. The parent's connections go on. */
START_TEST(a_fork_closes_what_is_under_way_in_its_parent)
{
	int status;

	open_begun(_i);
	begin_waiting(0, FAR_MS);
	talk_start(1, &full, NULL, 0);
	talk_script(&talkers[1], one_trip, COUNT(one_trip));
	talk_begin(&talk, &talkers[1], FAR_MS);
	await_said(0);
	ck_assert(fake_server_await(talk_servers[0], 2));
	pid_t child = fork();
	if (child == 0) {
		talk_remove(&talk, &talkers[0]);
		talk_remove(&talk, &talkers[1]);
		size_t left = talk_turn(&talk, 0);

		talk_close(&talk);
		_exit(left == 0 ? 0 : 1);
	}
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(talk_turn(&talk, 0), 2);
	finish_waiting(0);
	talk_end(2);
}
END_TEST

/* ---- a second begin ----------------------------------------------------------- */

/* First while the connection may still be made, then while it receives. */
START_TEST(a_connection_under_way_may_send_more)
{
	static const struct fake_step steps[] = { FAKE_ACCEPT,
						  FAKE_EXPECT("ask1ask2"),
						  FAKE_SEND("answer1answer2"),
						  FAKE_EXPECT_CLOSE };

	for (int receives = 0; receives < 2; receives++) {
		struct talk_part part = { .say = "ask1ask2",
					  .say_len = 4,
					  .hear = "answer1answer2",
					  .hear_len = 14 };

		open_begun(_i);
		talk_start(0, &plain, steps, COUNT(steps));
		talk_script(&talkers[0], &part, 1);
		talk_begin(&talk, &talkers[0], FAR_MS);
		if (receives) {
			await_said(0);
		}
		part.say_len = 8;
		talk_begin(&talk, &talkers[0], FAR_MS);
		ck_assert_uint_le(talk_turn(&talk, 0), 1);
		talk_await(&talk, &talkers[0]);
		ck_assert_int_eq(talkers[0].outcome, TALK_KEPT);
		ck_assert_uint_eq(talkers[0].connects, 1);
		ck_assert_uint_eq(talk_turn(&talk, 0), 0);
		talk_end(1);
	}
}
END_TEST

START_TEST(a_second_begin_while_the_send_waits_disturbs_nothing)
{
	char *large = binary_value(LARGE_LEN, 1);
	struct talk_part part = { .say = large, .say_len = LARGE_LEN / 2 };
	const struct fake_step steps[] = { FAKE_ACCEPT, FAKE_WAIT,
					   FAKE_EXPECT_BYTES(large, LARGE_LEN),
					   FAKE_EXPECT_CLOSE };

	open_begun(_i);
	talk_start(0, &narrow, steps, COUNT(steps));
	talk_script(&talkers[0], &part, 1);
	talk_begin(&talk, &talkers[0], FAR_MS);
	ck_assert_uint_eq(talk_turn(&talk, 0), 1);
	part.say_len = LARGE_LEN;
	talk_begin(&talk, &talkers[0], FAR_MS);
	ck_assert_uint_eq(talk_turn(&talk, 0), 1);
	finish_waiting(0);
	talk_end(1);
	free(large);
}
END_TEST

START_TEST(a_second_begin_replaces_the_deadline)
{
	struct talk_part part = { .say = "ask1ask2",
				  .say_len = 4,
				  .hear = "answer",
				  .hear_len = 6 };

	open_begun(_i);
	talk_start(0, &plain,
		   FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("ask1ask2"),
			      FAKE_EXPECT_CLOSE));
	talk_script(&talkers[0], &part, 1);
	talk_begin(&talk, &talkers[0], 60 * 1000);
	await_said(0);
	part.say_len = 8;
	talk_begin(&talk, &talkers[0], 50);
	talk_await(&talk, &talkers[0]);
	check_failed(0, TENON_ETIMEDOUT, 0);
	talk_end(1);
}
END_TEST

/* ---- waiting -------------------------------------------------------------------- */

START_TEST(a_lookup_is_waited_for)
{
	static const struct fake_step steps[] = { FAKE_ACCEPT, ROUND_TRIP(1),
						  FAKE_EXPECT_CLOSE };
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	open_begun(_i);
	talk_start(0, &plain, steps, COUNT(steps));
	talkers[0].lookup_fd = ends[0];
	talk_script(&talkers[0], one_trip, COUNT(one_trip));
	talk_begin(&talk, &talkers[0], FAR_MS);
	ck_assert_uint_eq(talk_turn(&talk, 20), 1);
	ck_assert(!talkers[0].was_given);
	ck_assert_int_eq(write(ends[1], "", 1), 1);
	talk_await(&talk, &talkers[0]);
	ck_assert_int_eq(talkers[0].outcome, TALK_KEPT);
	talk_end(1);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

/* A loop may sleep until the time that fds gives, and no longer. */
START_TEST(fds_gives_the_time_of_the_next_deadline)
{
	const struct tenon_transport_ops *ops;
	int64_t now_ns = tenon__now_ns();
	int64_t far_ns = now_ns + INT64_C(3600) * 1000000000;
	int64_t until_ns = far_ns;
	struct pollfd none;

	open_begun(_i);
	ops = &talk.plugin->ops.transport;
	begin_waiting(0, 2 * FAR_MS);
	begin_waiting(1, FAR_MS);
	begin_waiting(2, 3 * FAR_MS);
	await_said(0);
	await_said(1);
	await_said(2);
	ck_assert_uint_ge(ops->fds(talk.self, &none, 0, &until_ns), 1);
	ck_assert_int_gt(until_ns, now_ns);
	ck_assert_int_le(until_ns, tenon__now_ns() + FAR_MS * INT64_C(1000000));
	until_ns = now_ns;
	ck_assert_uint_ge(ops->fds(talk.self, &none, 0, &until_ns), 1);
	ck_assert_int_eq(until_ns, now_ns);
	finish_waiting(2);
	finish_waiting(1);
	finish_waiting(0);
	until_ns = far_ns;
	ck_assert_uint_eq(ops->fds(talk.self, &none, 0, &until_ns), 0);
	ck_assert_int_eq(until_ns, far_ns);
	talk_end(3);
}
END_TEST

struct hook {
	size_t calls;
	size_t signals;
	int timeout_ms; /* of the last call */
	int code;       /* errno to fail with; 0: wait */
	int answer;     /* of the interrupt function */
};

static int hooked_wait(struct pollfd *fds, size_t count, int timeout_ms,
		       void *payload)
{
	struct hook *hook = payload;

	hook->calls++;
	hook->timeout_ms = timeout_ms;
	if (hook->code) {
		errno = hook->code;
		return -1;
	}
	return poll(fds, (nfds_t)count, timeout_ms);
}

static int hooked_interrupt(void *payload)
{
	struct hook *hook = payload;

	hook->signals++;
	return hook->answer;
}

/* Set the hooks. Returns false when the transport takes none. */
static bool set_hooks(struct hook *hook)
{
	const struct tenon_transport_ops *ops = &talk.plugin->ops.transport;

	return ops->set_wait(talk.self, hooked_wait, hook) == 0 &&
	       ops->set_interrupt(talk.self, hooked_interrupt, hook) == 0;
}

START_TEST(a_turn_waits_once_and_not_longer_than_it_may)
{
	struct hook hook = { 0 };
	bool is_hooked;

	open_begun(_i);
	begin_waiting(0, FAR_MS);
	await_said(0);
	ck_assert(fake_server_await(talk_servers[0], 2));
	is_hooked = set_hooks(&hook);
	for (int timeout_ms = 0; timeout_ms <= 50; timeout_ms += 50) {
		hook.calls = 0;
		ck_assert_uint_eq(talk_turn(&talk, timeout_ms), 1);
		ck_assert_uint_eq(hook.calls, is_hooked ? 1 : 0);
		ck_assert_int_le(hook.timeout_ms,
				 talk.way == DRIVE_TURN ? timeout_ms : 0);
	}
	finish_waiting(0);
	hook.calls = 0;
	ck_assert_uint_eq(talk_turn(&talk, 20), 0);
	ck_assert_uint_eq(talk.plugin->ops.transport.turn(
				  talk.self, tenon__now_ns(), INT64_MAX),
			  0);
	ck_assert_uint_eq(hook.calls, 0);
	talk_end(1);
}
END_TEST

/* Connections in every phase fail with the reason of the hook, and can begin again. */
START_TEST(a_wait_that_fails_fails_what_is_under_way)
{
	static const struct fake_step steps[] = { FAKE_ACCEPT,
						  FAKE_EXPECT("ask1"),
						  FAKE_EXPECT_CLOSE,
						  FAKE_ACCEPT, ROUND_TRIP(1),
						  FAKE_EXPECT_CLOSE };
	static const struct {
		int code, answer, sys_errno;
	} rows[] = { { EBADF, 0, EBADF }, { EINTR, 1, ECANCELED } };

	for (size_t row = 0; row < COUNT(rows); row++) {
		struct hook hook = { .answer = 0 };

		open_begun(_i);
		talk_start(0, &plain, steps, COUNT(steps));
		talk_start(1, &full, NULL, 0);
		if (!set_hooks(&hook)) { /* the waits of such a transport cannot fail here */
			talk_remove(&talk, &talkers[0]);
			talk_remove(&talk, &talkers[1]);
			return;
		}
		for (size_t i = 0; i < 2; i++) {
			talk_script(&talkers[i], one_trip, COUNT(one_trip));
			talk_begin(&talk, &talkers[i], FAR_MS);
		}
		await_said(0);
		hook.code = EINTR; /* and the application goes on */
		ck_assert_uint_eq(talk_turn(&talk, 0), 2);
		ck_assert_uint_gt(hook.signals, 0);
		hook.code = rows[row].code;
		hook.answer = rows[row].answer;
		ck_assert_uint_eq(talk_turn(&talk, 0), 0);
		check_failed(0, TENON_EWAIT, rows[row].sys_errno);
		check_failed(1, TENON_EWAIT, rows[row].sys_errno);
		hook.code = 0;
		talk_script(&talkers[0], one_trip, COUNT(one_trip));
		talk_begin(&talk, &talkers[0], FAR_MS);
		talk_await(&talk, &talkers[0]);
		ck_assert_int_eq(talkers[0].outcome, TALK_KEPT);
		talk_end(2);
	}
}
END_TEST

/* ---- list ------------------------------------------------------------------------ */

void transport_alone_add(TCase *tc)
{
	static const TTest *const *const tests[] = {
		&a_connection_may_receive_before_it_sends,
		&a_connection_may_send_after_it_has_received,
		&a_connection_may_be_finished_by_a_send_after_it_has_received,
		&a_connection_sends_and_receives_at_the_same_time,
		&a_connection_ends_after_any_event,
		&a_connection_that_fails_leaves_the_others_alone,
		&a_deadline_passes_in_every_phase,
		&an_instance_without_memory_adds_no_connection,
		&connections_do_not_wait_for_one_another,
		&a_lookup_is_waited_for_without_spinning,
		&a_fork_leaves_open_connections_to_the_parent,
		&descriptors_may_have_any_number,
	};

	for (size_t i = 0; i < COUNT(tests); i++) {
		subjects_add_test_to(tc, *tests[i], drive_ways);
	}
}

void transport_begun_add(TCase *tc)
{
	static const TTest *const *const tests[] = {
		&each_connection_has_its_own_deadline,
		&connections_begin_at_different_times,
		&connections_are_added_while_others_are_under_way,
		&a_connection_under_way_can_be_closed,
		&a_connection_that_was_closed_can_begin_again,
		&a_fork_closes_what_is_under_way_in_its_parent,
		&a_connection_under_way_may_send_more,
		&a_second_begin_while_the_send_waits_disturbs_nothing,
		&a_second_begin_replaces_the_deadline,
		&a_lookup_is_waited_for,
		&fds_gives_the_time_of_the_next_deadline,
		&a_turn_waits_once_and_not_longer_than_it_may,
		&a_wait_that_fails_fails_what_is_under_way,
	};

	for (size_t i = 0; i < COUNT(tests); i++) {
		subjects_add_test_to(tc, *tests[i],
				     drive_first == DRIVE_RUN ? drive_ways - 1
							      : drive_ways);
	}
}
