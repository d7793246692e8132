/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of transports alone: connections follow a script (talk.h), without a client. They run in
 * every way (drive.h).
 */
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/talk_rig.h"
#include "fakes/proxy.h"
#include "fakes/rig.h"

/* ---- what connections want ------------------------------------------------ */

/* Run a script on the connections 0 to count-1. */
static void talk_all(size_t count, const struct talk_part *parts,
		     size_t part_count)
{
	for (size_t i = 0; i < count; i++) {
		talk_script(&talkers[i], parts, part_count);
	}
	talk_run(&talk, all_talkers, count, FAR_MS);
	for (size_t i = 0; i < count; i++) {
		ck_assert_outcome(&talkers[i], TALK_KEPT);
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
		ck_assert_number(talkers[i].connects, ==, 1);
	}
	talk_end(3);
}
END_TEST

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
		ck_assert_outcome(&talkers[0],
				  runs[i].closes ? TALK_CLOSED : TALK_KEPT);
	}
	talk_end(1);
}
END_TEST

/* ---- failures -------------------------------------------------------------- */

/* Add connection i to this address, without a server. */
static void talk_nowhere(size_t i, const char *address)
{
	talk_servers[i] = NULL;
	ck_assert_status(talk_add(&talk, &talkers[i], address), TENON_OK);
}

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
		ck_assert_outcome(&talkers[ANSWERS], TALK_KEPT);
		check_failed(REFUSED, TENON_ECONNECT, 0);
		if (run == 0) {
			check_failed(CLOSED, TENON_ECLOSED, 0);
			check_failed(NO_SPACE, TENON_ENOMEM, 0);
		}
	}
	ck_assert_outcome(&talkers[CLOSED], TALK_KEPT);
	ck_assert_outcome(&talkers[NO_SPACE], TALK_KEPT);
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
	ck_assert_number(talkers[RECEIVING].said, ==, 0);
	ck_assert_number(talkers[RECEIVING].part, ==, 1);
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
		ck_assert_msg(!code || code == TENON_ENOMEM,
			      "%s: add: %s, expected 0 or %s", subject_now(),
			      seen_status(code), seen_status(TENON_ENOMEM));
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
	ck_assert_msg(proxy_set_deaf(gate, true), "the proxy %s stays open",
		      proxy_address(gate));
	ck_assert_status(talk_add(&talk, &talkers[HANGS], proxy_address(gate)), TENON_OK);
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
		      "%s: a connect that hangs until the other %d servers are asked is %s: they were not asked in time",
		      subject_now(), OTHERS, talk_end_of(&talkers[HANGS]));
	for (size_t i = 0; i < ALL; i++) {
		ck_assert_outcome(&talkers[i], TALK_KEPT);
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
	ck_assert_outcome(&talkers[0], TALK_KEPT);
	ck_assert_msg(calls <= CALLS_MOST,
		      "%s: %zu calls of functions of the core during a lookup of 300 ms, expected %d or fewer: the transport spins",
		      subject_now(), calls, (int)CALLS_MOST);
	talk_end(1);
	ck_assert_msg(fstat(ends[0], &after) == 0 &&
			      after.st_ino == before.st_ino,
		      "%s has closed wait_fd %d, which is the core's: the file was %llu and is %llu",
		      subject_now(), ends[0], (unsigned long long)before.st_ino,
		      (unsigned long long)after.st_ino);
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
		if (talkers[0].base.fd == -1) {
			raise(SIGKILL); /* at an exit valgrind would report what the parent frees */
		}
		_exit(1);
	}
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		      "%s: close() in a child leaves the descriptor in the struct (status %d)",
		      subject_now(), status);
	talk_script(&talkers[0], one_trip, COUNT(one_trip));
	talk_run(&talk, all_talkers, 1, FAR_MS);
	ck_assert_msg(talkers[0].outcome == TALK_KEPT &&
			      talkers[0].connects == 1,
		      "%s: after close() in a child, the parent's connection is %s, and has connected %zu times",
		      subject_now(), talk_end_of(&talkers[0]),
		      talkers[0].connects);
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
		ck_assert_number(talkers[0].base.fd, >=, FD_SETSIZE);
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
