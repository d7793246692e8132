/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of begin, turn and fds: connections follow a script (talk.h), without a client. They run in
 * the two ways that use these slots (drive.h).
 */
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "conformance/talk_rig.h"
#include "fakes/rig.h"

/* ---- several connections ------------------------------------------------------- */

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
	ck_assert_outcome(&talkers[i], TALK_UNDER_WAY);
	fake_server_go(talk_servers[i]);
	talk_await(&talk, &talkers[i]);
	ck_assert_outcome(&talkers[i], TALK_KEPT);
}

/* Go on until the current part of a script is said. */
static void await_said(size_t i)
{
	const struct talker *talker = &talkers[i];

	while (talker->part == 0 && talker->said < talker->parts[0].say_len) {
		(void)talk_turn(&talk, 1000);
		ck_assert_outcome(talker, TALK_UNDER_WAY);
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
	ck_assert_number(talk_turn(&talk, 0), ==, 1);
	talk_start(1, &plain, twice, COUNT(twice));
	for (int trip = 0; trip < 2; trip++) {
		talk_script(&talkers[1], one_trip, COUNT(one_trip));
		talk_begin(&talk, &talkers[1], FAR_MS);
		talk_await(&talk, &talkers[1]);
		ck_assert_outcome(&talkers[1], TALK_KEPT);
		ck_assert_number(talk_turn(&talk, 0), ==, 1);
	}
	ck_assert_number(talkers[1].connects, ==, 1);
	finish_waiting(0);
	ck_assert_number(talk_turn(&talk, 0), ==, 0);
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
		ck_assert_number(talk_turn(&talk, 0), ==, i + 1);
	}
	for (size_t i = FIRST; i < TALKERS; i++) {
		finish_waiting(i);
	}
	finish_waiting(SENDING);
	ck_assert_outcome(&talkers[CONNECTING], TALK_UNDER_WAY);
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
		check_steps(talk_servers[0], 2);
		begin_phase(phase, 1, ends[0], &much);
		if (phase == RECEIVING) {
			await_said(1);
			check_steps(talk_servers[1], 2);
		}
		begin_waiting(2, FAR_MS);
		await_said(2);
		check_steps(talk_servers[2], 2);
		ck_assert_number(talk_turn(&talk, 0), ==, 3);
		talk_stop(&talk, &talkers[1]);
		ck_assert_number(talk_turn(&talk, 0), ==, 2);
		finish_waiting(0);
		finish_waiting(2);
		ck_assert_number(talk_turn(&talk, 0), ==, 0);
		talk_end(3);
		ck_assert_number(fds_since(&before, NULL), ==, 0);
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
	ck_assert_number(talk_turn(&talk, 0), ==, 0);
	talk_script(&talkers[0], one_trip, COUNT(one_trip));
	talk_begin(&talk, &talkers[0], FAR_MS);
	talk_await(&talk, &talkers[0]);
	ck_assert_outcome(&talkers[0], TALK_KEPT);
	ck_assert_number(talkers[0].connects, ==, 2);
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
	check_steps(talk_servers[0], 2);
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
	ck_assert_number(status, ==, 0);
	ck_assert_number(talk_turn(&talk, 0), ==, 2);
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
		ck_assert_number(talk_turn(&talk, 0), <=, 1);
		talk_await(&talk, &talkers[0]);
		ck_assert_outcome(&talkers[0], TALK_KEPT);
		ck_assert_number(talkers[0].connects, ==, 1);
		ck_assert_number(talk_turn(&talk, 0), ==, 0);
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
	ck_assert_number(talk_turn(&talk, 0), ==, 1);
	part.say_len = LARGE_LEN;
	talk_begin(&talk, &talkers[0], FAR_MS);
	ck_assert_number(talk_turn(&talk, 0), ==, 1);
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
	ck_assert_number(talk_turn(&talk, 20), ==, 1);
	ck_assert_msg(!talkers[0].was_given,
		      "%s: the connection has its address, and descriptor %d of the lookup has no byte",
		      subject_now(), ends[0]);
	ck_assert_int_eq(write(ends[1], "", 1), 1);
	talk_await(&talk, &talkers[0]);
	ck_assert_outcome(&talkers[0], TALK_KEPT);
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
	ck_assert_number(ops->fds(talk.self, &none, 0, &until_ns), >=, 1);
	ck_assert_number(until_ns, >, now_ns);
	ck_assert_number(until_ns, <=, tenon__now_ns() + FAR_MS * INT64_C(1000000));
	until_ns = now_ns;
	ck_assert_number(ops->fds(talk.self, &none, 0, &until_ns), >=, 1);
	ck_assert_number(until_ns, ==, now_ns);
	finish_waiting(2);
	finish_waiting(1);
	finish_waiting(0);
	until_ns = far_ns;
	ck_assert_number(ops->fds(talk.self, &none, 0, &until_ns), ==, 0);
	ck_assert_number(until_ns, ==, far_ns);
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
	check_steps(talk_servers[0], 2);
	is_hooked = set_hooks(&hook);
	for (int timeout_ms = 0; timeout_ms <= 50; timeout_ms += 50) {
		hook.calls = 0;
		ck_assert_number(talk_turn(&talk, timeout_ms), ==, 1);
		ck_assert_number(hook.calls, ==, is_hooked ? 1 : 0);
		ck_assert_number(hook.timeout_ms, <=, talk.way == DRIVE_TURN ? timeout_ms : 0);
	}
	finish_waiting(0);
	hook.calls = 0;
	ck_assert_number(talk_turn(&talk, 20), ==, 0);
	ck_assert_number(
		talk.plugin->ops.transport.turn( talk.self, tenon__now_ns(), INT64_MAX), ==, 0);
	ck_assert_number(hook.calls, ==, 0);
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
		ck_assert_number(talk_turn(&talk, 0), ==, 2);
		ck_assert_number(hook.signals, >, 0);
		hook.code = rows[row].code;
		hook.answer = rows[row].answer;
		ck_assert_number(talk_turn(&talk, 0), ==, 0);
		check_failed(0, TENON_EWAIT, rows[row].sys_errno);
		check_failed(1, TENON_EWAIT, rows[row].sys_errno);
		hook.code = 0;
		talk_script(&talkers[0], one_trip, COUNT(one_trip));
		talk_begin(&talk, &talkers[0], FAR_MS);
		talk_await(&talk, &talkers[0]);
		ck_assert_outcome(&talkers[0], TALK_KEPT);
		talk_end(2);
	}
}
END_TEST

/* ---- list ------------------------------------------------------------------------ */

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
