/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Servers that die, hang, answer byte by byte, move and come back: the results that the
 * client gives.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

/*
 * Time-outs in tests are much shorter or longer than the times that they are compared
 * with.
 */
#define SHORT_TIMEOUT "poll_timeout: 200ms\n"
#define SHORT_TIMEOUT_MS 200
#define FAR_TOO_LONG_MS 5000

/* ---- deadlines ----------------------------------------------------------- */

START_TEST(a_silent_server_costs_poll_timeout_and_is_then_down)
{
	struct rig rig = { 0 };
	int64_t start_ms;

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_EXPECT_CLOSE));
	rig_open(&rig, SHORT_TIMEOUT RETRY_NEVER);
	start_ms = now_ms();
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ETIMEDOUT);
	ck_assert_int_ge(now_ms() - start_ms, SHORT_TIMEOUT_MS / 2);
	ck_assert_int_lt(now_ms() - start_ms, FAR_TOO_LONG_MS);
	ck_assert_ptr_nonnull(strstr(rig.err.where, "s0"));
	/* Sent requests would be reported by the fake and would take long. */
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_EDOWN);
	}
	ck_assert_int_lt(now_ms() - start_ms, FAR_TOO_LONG_MS);
	rig_close(&rig);
}
END_TEST

START_TEST(a_silent_server_does_not_hinder_the_others)
{
	struct rig rig = { 0 };
	struct rig_pair pair;

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_HOLD));
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n"),
				  FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n")));
	rig_open(&rig, SHORT_TIMEOUT RETRY_NEVER);
	rig_make_pair(&rig, &pair);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, pair.items, 2, 0),
			 TENON_ETIMEDOUT);
	ck_assert_int_eq(rig.results[1].status, TENON_MISS);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, pair.items, 2, 0),
			 TENON_EDOWN);
	ck_assert_int_eq(rig.results[0].status, TENON_EDOWN);
	ck_assert_int_eq(rig.results[1].status, TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(a_server_that_drips_still_times_out)
{
	struct rig rig = { 0 };
	int64_t start_ms;

	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
			    FAKE_SEND_SPLIT("VALUE k 0 1000\r\n"
					    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
					    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
					    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
					    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
					    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
					    1, 50)));
	rig_open(&rig, SHORT_TIMEOUT);
	start_ms = now_ms();
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ETIMEDOUT);
	ck_assert_int_ge(now_ms() - start_ms, SHORT_TIMEOUT_MS / 2);
	ck_assert_int_lt(now_ms() - start_ms, FAR_TOO_LONG_MS);
	rig_close(&rig);
}
END_TEST

START_TEST(a_server_that_stops_reading_times_out_a_large_set)
{
	const struct fake_listen tiny = { .buffer_bytes = 4096 };
	struct rig rig = { 0 };
	char *value = binary_value(8 << 20, 1);
	struct tenon_item one = item("k", NULL);

	one.value = (struct tenon_slice){ value, 8 << 20 };
	rig_fake_at(&rig, &tiny,
		    FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(100), FAKE_HOLD));
	rig_open(&rig, SHORT_TIMEOUT "max_value_bytes: 16MiB\n");
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_ETIMEDOUT);
	rig_close(&rig);
	free(value);
}
END_TEST

/* ---- connecting ---------------------------------------------------------- */

START_TEST(a_full_backlog_costs_connect_timeout)
{
	const struct fake_listen full = { .family = (enum fake_family)_i,
					  .full = true };
	struct rig rig = { 0 };
	int64_t start_ms;

	rig_fake_at(&rig, &full, FAKE_STEPS(FAKE_HOLD));
	rig_open(&rig, "connect_timeout: 200ms\npoll_timeout: 1min\n");
	start_ms = now_ms();
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECONNECT);
	ck_assert_int_lt(now_ms() - start_ms, FAR_TOO_LONG_MS);
	rig_close(&rig);
}
END_TEST

START_TEST(poll_timeout_bounds_connecting_as_well)
{
	const struct fake_listen full = { .full = true };
	struct rig rig = { 0 };
	int64_t start_ms;
	int status;

	rig_fake_at(&rig, &full, FAKE_STEPS(FAKE_HOLD));
	rig_open(&rig, "connect_timeout: 1min\n" SHORT_TIMEOUT);
	start_ms = now_ms();
	status = rig_get(&rig, "k");
	ck_assert(status == TENON_ECONNECT || status == TENON_ETIMEDOUT);
	ck_assert_int_lt(now_ms() - start_ms, FAR_TOO_LONG_MS);
	rig_close(&rig);
}
END_TEST

START_TEST(a_refused_connection_fails_at_once_with_its_address)
{
	char address[128];
	struct rig rig = { 0 };

	fake_refused_address((enum fake_family)_i, address, sizeof(address));
	rig_open_one(&rig, address, RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECONNECT);
	ck_assert_int_ne(rig.err.sys_errno, 0);
	ck_assert_ptr_nonnull(strstr(rig.err.message, address));
	ck_assert_uint_ge(rig.log_lines, 1);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_EDOWN);
	rig_close(&rig);
}
END_TEST

START_TEST(a_name_that_does_not_exist_is_a_connect_error)
{
	struct rig rig = { 0 };

	rig_open_one(&rig, "no-such-host.invalid:11211",
		     "connect_timeout: 2s\npoll_timeout: 3s\n");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECONNECT);
	ck_assert_ptr_nonnull(strstr(rig.err.message, "no-such-host.invalid"));
	rig_close(&rig);
}
END_TEST

/* ---- connections that break ---------------------------------------------- */

START_TEST(an_idle_connection_that_the_server_closed_is_replaced)
{
	struct rig rig = { 0 };
	struct fake_server *fake = rig_fake(
		&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				 FAKE_SEND("END\r\n"), FAKE_CLOSE, FAKE_ACCEPT,
				 FAKE_EXPECT("get k\r\n"),
				 FAKE_SEND("VALUE k 0 1\r\nx\r\nEND\r\n"),
				 FAKE_RESET, FAKE_ACCEPT,
				 FAKE_EXPECT("get k\r\n"),
				 FAKE_SEND("END\r\n")));

	rig_open(&rig, RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert(fake_server_await(fake, 4));
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_HIT);
	ck_assert(fake_server_await(fake, 8));
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(a_request_that_was_read_and_not_answered_is_repeated_once_where_safe)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n"),
				  FAKE_EXPECT("get k\r\n"), FAKE_CLOSE,
				  FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_CLOSE));
	rig_open(&rig, RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECLOSED);
	rig_close(&rig);
}
END_TEST

static const struct {
	enum tenon_verb verb;
	size_t request_len;
	const char *reply;
} unrepeatable[] = {
	{ TENON_INCR, sizeof("incr k 1\r\n") - 1, "1\r\n" },
	{ TENON_DECR, sizeof("decr k 1\r\n") - 1, "1\r\n" },
	{ TENON_APPEND, sizeof("append k 0 0 1\r\nx\r\n") - 1, "STORED\r\n" },
	{ TENON_PREPEND, sizeof("prepend k 0 0 1\r\nx\r\n") - 1,
	  "STORED\r\n" },
	{ TENON_ADD, sizeof("add k 0 0 1\r\nx\r\n") - 1, "STORED\r\n" },
	{ TENON_CAS, sizeof("cas k 0 0 1 7\r\nx\r\n") - 1, "STORED\r\n" },
};

START_TEST(an_unrepeatable_request_is_not_repeated)
{
	const struct tenon_item one = { .key = TENON_LITERAL("k"),
					.value = TENON_LITERAL("x"),
					.cas = 7, .delta = 1 };
	const char *reply = unrepeatable[_i].reply;
	size_t len = unrepeatable[_i].request_len;
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(len),
				  FAKE_SEND_BYTES(reply, strlen(reply)),
				  FAKE_READ(len), FAKE_CLOSE));
	rig_open(&rig, NULL);
	ck_assert_int_ge(rig_one(&rig, unrepeatable[_i].verb, &one, 0), 0);
	ck_assert_int_eq(rig_one(&rig, unrepeatable[_i].verb, &one, 0),
			 TENON_ECLOSED);
	rig_close(&rig);
}
END_TEST

/* Commands that change something, and have the same effect when they run twice in a row. */
static const struct {
	enum tenon_verb verb;
	const char *request, *reply;
	int status;
} changes[] = {
	{ TENON_SET, "set k 0 0 1\r\nx\r\n", "STORED\r\n", TENON_STORED },
	{ TENON_DELETE, "delete k\r\n", "DELETED\r\n", TENON_DELETED },
	{ TENON_TOUCH, "touch k 0\r\n", "TOUCHED\r\n", TENON_TOUCHED },
	{ TENON_GAT, "gat 0 k\r\n", "END\r\n", TENON_MISS },
};

static const struct tenon_item changed = { .key = TENON_LITERAL("k"),
					   .value = TENON_LITERAL("x") };

START_TEST(a_change_goes_again_when_the_server_has_closed_the_connection)
{
	struct fake_step request = fake_expect_text(changes[_i].request);
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n"), request, FAKE_CLOSE,
				  FAKE_ACCEPT, request,
				  fake_send_text(changes[_i].reply)));
	rig_open(&rig, RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_one(&rig, changes[_i].verb, &changed, 0),
			 changes[_i].status);
	rig_close(&rig);
}
END_TEST

/*
 * The server may run what it has, at any later time. When the change went again, that could
 * undo a change that the caller makes after it.
 */
START_TEST(a_change_does_not_go_again_while_the_server_may_still_run_it)
{
	struct fake_step request = fake_expect_text(changes[_i].request);
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n"), request,
				  FAKE_SEND("WHAT\r\n"), FAKE_EXPECT_CLOSE,
				  FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n")));
	rig_open(&rig, RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_one(&rig, changes[_i].verb, &changed, 0),
			 TENON_EPROTOCOL);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(a_read_goes_again_behind_a_reply_that_is_none)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n"), FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("WHAT\r\n"), FAKE_EXPECT_CLOSE,
				  FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n")));
	rig_open(&rig, RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

/*
 * A server may close a connection that was idle for long. That is no failure of the
 * server.
 */
START_TEST(an_idle_connection_that_was_closed_is_not_the_servers_failure)
{
	const struct tenon_item one = { .key = TENON_LITERAL("k"), .delta = 1 };
	struct rig rig = { 0 };
	struct fake_server *fake = rig_fake(
		&rig,
		FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
			   FAKE_SEND("END\r\n"), FAKE_CLOSE, FAKE_ACCEPT,
			   FAKE_EXPECT("incr k 1\r\n"), FAKE_SEND("1\r\n"),
			   FAKE_EXPECT("incr k 1\r\n"), FAKE_CLOSE, FAKE_ACCEPT,
			   FAKE_EXPECT("get k\r\n"), FAKE_SEND("END\r\n")));

	rig_open(&rig, RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert(fake_server_await(fake, 4));
	ck_assert_int_eq(rig_one(&rig, TENON_INCR, &one, 0), TENON_HIT);
	ck_assert_int_eq(rig_one(&rig, TENON_INCR, &one, 0), TENON_ECLOSED);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(a_new_connection_that_breaks_is_not_tried_again)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_CLOSE));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECLOSED);
	rig_close(&rig);
}
END_TEST

START_TEST(an_answer_that_broke_off_on_an_open_connection_is_asked_for_again)
{
	struct rig rig = { 0 };

	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
			    FAKE_SEND("END\r\n"), FAKE_EXPECT("get k\r\n"),
			    FAKE_SEND("VAL"), FAKE_CLOSE, FAKE_ACCEPT,
			    FAKE_EXPECT("get k\r\n"), FAKE_SEND("END\r\n"),
			    FAKE_CLOSE));
	rig_open(&rig, RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(a_reset_is_a_closed_connection)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_RESET, FAKE_ACCEPT,
				  FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n")));
	rig_open(&rig, RETRY_SOON);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECLOSED);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(a_half_closed_server_is_a_closed_connection)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_HALF_CLOSE, FAKE_EXPECT_CLOSE));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECLOSED);
	rig_close(&rig);
}
END_TEST

START_TEST(an_early_refusal_of_a_large_value_is_the_servers_word)
{
	const struct fake_listen tiny = { .buffer_bytes = 4096 };
	struct rig rig = { 0 };
	char *value = binary_value(8 << 20, 1);
	struct tenon_item one = item("k", NULL);

	one.value = (struct tenon_slice){ value, 8 << 20 };
	rig_fake_at(&rig, &tiny,
		    FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(1000),
			       FAKE_SEND("SERVER_ERROR object too large for "
					 "cache\r\n"),
			       FAKE_HOLD));
	rig_open(&rig, "max_value_bytes: 16MiB\n");
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_ESERVER);
	ck_assert_str_eq(rig.result.text,
			 "SERVER_ERROR object too large for cache");
	rig_close(&rig);
	free(value);
}
END_TEST

/* A late reply must not be taken for the reply to the next request. */
START_TEST(a_reply_that_comes_too_late_answers_nothing)
{
	struct rig rig = { 0 };
	struct fake_server *fake = rig_fake(
		&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				 FAKE_WAIT,
				 FAKE_SEND("VALUE k 0 3\r\nold\r\nEND\r\n"),
				 FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				 FAKE_SEND("VALUE k 0 3\r\nnew\r\nEND\r\n")));

	rig_open(&rig, SHORT_TIMEOUT RETRY_SOON);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ETIMEDOUT);
	fake_server_go(fake);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_HIT);
	ck_assert(rig_value_is(&rig, "new"));
	rig_close(&rig);
}
END_TEST

START_TEST(one_broken_server_of_three_costs_only_its_own_keys)
{
	static const struct fake_step good[] = { FAKE_ACCEPT,
						 FAKE_READ(RIG_GET_LEN),
						 FAKE_SEND("END\r\n") };
	static const struct fake_step bad[] = { FAKE_ACCEPT,
						FAKE_READ(RIG_GET_LEN),
						FAKE_RESET };
	struct rig rig = { 0 };
	char keys[3][RIG_KEY_LEN + 1];
	struct tenon_item items[3];

	rig_fake(&rig, good, COUNT(good));
	rig_fake(&rig, bad, COUNT(bad));
	rig_fake(&rig, good, COUNT(good));
	rig_open(&rig, NULL);
	for (size_t i = 0; i < 3; i++) {
		rig_key_at(&rig, i, 0, keys[i]);
		items[i] = item(keys[i], NULL);
	}
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, 3, 0), TENON_ECLOSED);
	ck_assert_int_eq(rig.results[0].status, TENON_MISS);
	ck_assert_int_eq(rig.results[1].status, TENON_ECLOSED);
	ck_assert_uint_eq(rig.results[1].server, 1);
	ck_assert_int_eq(rig.results[2].status, TENON_MISS);
	rig_close(&rig);
}
END_TEST

/* ---- servers that move --------------------------------------------------- */

START_TEST(update_servers_reconnects_only_servers_that_moved)
{
	struct rig rig = { 0 };
	struct fake_server *moved;
	struct tenon_server_info info;
	struct rig_pair pair;
	char lines[2][160];
	const char *specs[2] = { lines[0], lines[1] };
	size_t home;

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n"), FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n")));
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n"), FAKE_EXPECT_CLOSE));
	rig_open(&rig, NULL);
	moved = rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
					  FAKE_SEND("END\r\n")));
	rig_make_pair(&rig, &pair);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, pair.items, 2, 0), 0);
	/* in a different order than at first */
	snprintf(lines[0], sizeof(lines[0]), "%s s1",
		 fake_server_address(moved));
	snprintf(lines[1], sizeof(lines[1]), "%s s0",
		 fake_server_address(rig.fakes[0]));
	ck_assert_int_eq(tenon_client_update_servers(rig.client, specs, 2,
						     &rig.err),
			 0);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(
			tenon_client_where(rig.client, slice(pair.keys[i]),
					   &home, NULL),
			0);
		ck_assert_uint_eq(home, i);
	}
	ck_assert_int_eq(tenon_client_server(rig.client, 1, &info), 0);
	ck_assert_str_eq(info.alias, "s1");
	ck_assert_str_eq(info.address, fake_server_address(moved));
	ck_assert_int_eq(rig_run(&rig, TENON_GET, pair.items, 2, 0), 0);
	rig_close(&rig);
}
END_TEST

START_TEST(two_servers_may_move_to_one_address)
{
	struct rig rig = { 0 };
	struct rig_pair pair;
	char lines[2][160];
	const char *specs[2] = { lines[0], lines[1] };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n")));
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n"), FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n"), FAKE_ACCEPT,
				  FAKE_READ(RIG_GET_LEN), FAKE_SEND("END\r\n")));
	rig_open(&rig, NULL);
	rig_make_pair(&rig, &pair);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, pair.items, 2, 0), 0);
	for (size_t i = 0; i < 2; i++) {
		snprintf(lines[i], sizeof(lines[i]), "%s s%zu",
			 fake_server_address(rig.fakes[1]), i);
	}
	ck_assert_msg(tenon_client_update_servers(rig.client, specs, 2,
						  &rig.err) == 0,
		      "%s", rig.err.message);
	/* one after the other: the fake server talks to one connection at a time */
	ck_assert_int_eq(rig_run(&rig, TENON_GET, pair.items + 1, 1, 0), 0);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, pair.items, 1, 0), 0);
	rig_close(&rig);
}
END_TEST

static const char *const wrong_servers[][3] = {
	{ "127.0.0.1:1 s0", NULL, NULL },
	{ "127.0.0.1:1 s0", "127.0.0.1:2 s2", NULL },
	{ "127.0.0.1:1 s0", "127.0.0.1:2 s0", NULL },
	{ "127.0.0.1:1 s0", "127.0.0.1:2", NULL },
	{ "127.0.0.1:1 s0", "127.0.0.1:2 s1", "127.0.0.1:3 s2" },
	{ "127.0.0.1:1 s0", "127.0.0.1:99999 s1", NULL },
	{ "127.0.0.1:1 s0", "", NULL },
	{ "127.0.0.1:1 s0", "s0", NULL }, /* two with the name s0 on the ring */
};

START_TEST(a_wrong_set_of_servers_changes_nothing)
{
	const char *const *specs = wrong_servers[_i];
	size_t count = 0;
	struct rig rig = { 0 };
	struct rig_pair pair;

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n"), FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n")));
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n"), FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n")));
	rig_open(&rig, NULL);
	rig_make_pair(&rig, &pair);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, pair.items, 2, 0), 0);
	while (count < COUNT(wrong_servers[0]) && specs[count]) {
		count++;
	}
	ck_assert_int_eq(tenon_client_update_servers(rig.client, specs, count,
						     &rig.err),
			 TENON_ECONFIG);
	ck_assert_str_ne(rig.err.message, "");
	ck_assert_int_eq(rig_run(&rig, TENON_GET, pair.items, 2, 0), 0);
	rig_close(&rig);
}
END_TEST

START_TEST(a_server_that_moves_away_from_a_dead_address_is_up_again)
{
	char address[128];
	char line[160];
	const char *spec = line;
	struct rig rig = { 0 };
	struct fake_server *alive =
		rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
					  FAKE_SEND("END\r\n")));

	fake_refused_address(FAKE_INET, address, sizeof(address));
	snprintf(line, sizeof(line), "%s a", address);
	rig_open_one(&rig, line, RETRY_SOON);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECONNECT);
	snprintf(line, sizeof(line), "%s a", fake_server_address(alive));
	ck_assert_int_eq(
		tenon_client_update_servers(rig.client, &spec, 1, &rig.err), 0);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(disconnect_closes_and_the_next_operation_reconnects)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n"), FAKE_EXPECT_CLOSE,
				  FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n")));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	tenon_client_disconnect(rig.client);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

/* ---- one thread at a time ------------------------------------------------ */

static void *get_in_thread(void *payload)
{
	struct tenon_client *client = payload;
	struct tenon_result result;

	tenon_get(client, slice("k"), &result, NULL);
	ck_assert_int_eq(result.status, TENON_MISS);
	return NULL;
}

START_TEST(a_second_thread_gets_ebusy)
{
	const struct tenon_result closed = { .status = TENON_ECLOSED };
	const struct tenon_item one = item("j", NULL);
	struct rig rig = { 0 };
	struct fake_server *fake = rig_fake(
		&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				 FAKE_WAIT, FAKE_SEND("END\r\n"),
				 FAKE_EXPECT("get j\r\n"),
				 FAKE_SEND("END\r\n")));
	pthread_t thread;

	rig_open(&rig, NULL);
	ck_assert_int_eq(
		pthread_create(&thread, NULL, get_in_thread, rig.client), 0);
	ck_assert(fake_server_await(fake, 2));
	ck_assert_int_eq(rig_run(&rig, TENON_GET, &one, 1, 0), TENON_EBUSY);
	ck_assert_ptr_null(rig.results);
	ck_assert_int_eq(
		tenon_client_explain(rig.client, NULL, &closed, &rig.err),
		TENON_EBUSY);
	fake_server_go(fake);
	pthread_join(thread, NULL);
	ck_assert_int_eq(rig_get(&rig, "j"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

/* ---- the reason of each result ------------------------------------------- */

/* Check the sentence for a result, and that it names the server. Returns its errno. */
static int explained(struct rig *rig, const struct tenon_item *one,
		     const struct tenon_result *result, const char *where,
		     const char *part)
{
	struct tenon_error err;

	ck_assert_int_eq(tenon_client_explain(rig->client, one, result, &err),
			 result->status);
	ck_assert_int_eq(err.code, result->status);
	check_says(err.message, where);
	check_says(err.message, part);
	return err.sys_errno;
}

START_TEST(each_result_of_a_call_is_explained)
{
	struct rig rig = { 0 };
	struct rig_pair pair;

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("SERVER_ERROR so busy\r\n")));
	rig_open_at(&rig,
		    (const char *const[]){ fake_server_address(rig.fakes[0]),
					   "127.0.0.1:1" },
		    2, RETRY_NEVER);
	rig_make_pair(&rig, &pair);
	const struct tenon_item items[] = { pair.items[0], pair.items[1],
					    item("", NULL) };
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, 3, 0), TENON_ESERVER);
	ck_assert_int_eq(explained(&rig, &items[0], &rig.results[0],
				   rig.err.where, "so busy"),
			 0);
	ck_assert_int_eq(explained(&rig, &items[1], &rig.results[1],
				   "127.0.0.1:1: ", "Connection refused"),
			 ECONNREFUSED);
	ck_assert_int_eq(
		explained(&rig, &items[2], &rig.results[2], "key ", "empty"), 0);
	const struct tenon_result refused = rig.results[1]; /* a copy will do */
	ck_assert_int_eq(explained(&rig, NULL, &refused, "127.0.0.1:1: ",
				   "Connection refused"),
			 ECONNREFUSED);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, &pair.items[1], 1, 0),
			 TENON_EDOWN);
	ck_assert_int_eq(explained(&rig, &pair.items[1], &rig.results[0],
				   "127.0.0.1:1: ", "marked down after a failure"),
			 0);
	rig_close(&rig);
}
END_TEST

START_TEST(only_a_result_without_an_answer_is_explained)
{
	const struct tenon_result miss = { .status = TENON_MISS };
	const struct tenon_result stranger = { .status = TENON_ECLOSED,
					       .server = 7 };
	const struct tenon_result no_item = { .status = TENON_EKEY,
					      .server = UINT32_MAX };
	struct rig rig = { 0 };

	rig_open_one(&rig, "127.0.0.1:1", NULL);
	rig.err.code = TENON_ENOMEM;
	ck_assert_int_eq(
		tenon_client_explain(rig.client, NULL, &miss, &rig.err), 0);
	ck_assert_int_eq(rig.err.code, 0);
	ck_assert_int_eq(
		tenon_client_explain(rig.client, NULL, &stranger, &rig.err),
		TENON_EINVAL);
	check_says(rig.err.message, "a server that does not exist");
	ck_assert_int_eq(
		tenon_client_explain(rig.client, NULL, &no_item, &rig.err),
		TENON_EINVAL);
	check_says(rig.err.message, "without its item");
	ck_assert_int_eq(
		tenon_client_explain(rig.client, NULL, &no_item, NULL),
		TENON_EINVAL);
	/* before the first call */
	const struct tenon_result too_big = { .status = TENON_ETOOBIG,
					      .server = UINT32_MAX };
	const struct tenon_item k = item("k", "v");
	ck_assert_int_eq(
		tenon_client_explain(rig.client, &k, &too_big, &rig.err),
		TENON_ETOOBIG);
	check_says(rig.err.message, "item_max");
	rig_close(&rig);
}
END_TEST

START_TEST(a_server_that_has_answered_before_wants_no_tls)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n"), FAKE_EXPECT_CLOSE,
				  FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_CLOSE));
	rig_open(&rig, RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	tenon_client_disconnect(rig.client);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECLOSED);
	check_says(rig.err.message, "closed by the server");
	ck_assert_ptr_null(strstr(rig.err.message, "may want"));
	rig_close(&rig);
}
END_TEST

/* The connection knows the reason of its last exchange only. */
START_TEST(an_old_result_gets_no_newer_reason)
{
	const struct tenon_result closed = { .status = TENON_ECLOSED };
	struct rig rig = { 0 };
	struct tenon_error err;

	rig_open_one(&rig, "127.0.0.1:1", RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECONNECT);
	ck_assert_int_eq(explained(&rig, NULL, &closed, "127.0.0.1:1: ",
				   tenon_status_name(TENON_ECLOSED)),
			 0);
	tenon_client_explain(rig.client, NULL, &closed, &err);
	ck_assert_ptr_null(strstr(err.message, "refused"));
	rig_close(&rig);
}
END_TEST

/* ---- list ---------------------------------------------------------------- */

static TCase *deadlines_case(void)
{
	TCase *tc = tcase_create("deadlines");

	tcase_set_timeout(tc, 20);
	tcase_add_test(tc,
		       a_silent_server_costs_poll_timeout_and_is_then_down);
	tcase_add_test(tc, a_silent_server_does_not_hinder_the_others);
	tcase_add_test(tc, a_server_that_drips_still_times_out);
	tcase_add_test(tc, a_server_that_stops_reading_times_out_a_large_set);
	return tc;
}

static TCase *connecting_case(void)
{
	TCase *tc = tcase_create("connecting");

	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, a_full_backlog_costs_connect_timeout, FAKE_INET,
			    FAKE_INET + 1);
	tcase_add_loop_test(tc, a_full_backlog_costs_connect_timeout, FAKE_UNIX,
			    FAKE_UNIX + 1);
	tcase_add_test(tc, poll_timeout_bounds_connecting_as_well);
	tcase_add_loop_test(tc,
			    a_refused_connection_fails_at_once_with_its_address,
			    FAKE_INET, FAKE_INET + 1);
	tcase_add_loop_test(tc,
			    a_refused_connection_fails_at_once_with_its_address,
			    FAKE_UNIX, FAKE_UNIX + 1);
	tcase_add_test(tc, a_name_that_does_not_exist_is_a_connect_error);
	return tc;
}

static TCase *breaking_case(void)
{
	TCase *tc = tcase_create("connections that break");

	tcase_add_test(tc,
		       an_idle_connection_that_the_server_closed_is_replaced);
	tcase_add_test(
		tc,
		a_request_that_was_read_and_not_answered_is_repeated_once_where_safe);
	LOOP(tc, an_unrepeatable_request_is_not_repeated,
	     COUNT(unrepeatable));
	LOOP(tc, a_change_goes_again_when_the_server_has_closed_the_connection,
	     COUNT(changes));
	LOOP(tc, a_change_does_not_go_again_while_the_server_may_still_run_it,
	     COUNT(changes));
	tcase_add_test(tc, a_read_goes_again_behind_a_reply_that_is_none);
	tcase_add_test(
		tc,
		an_idle_connection_that_was_closed_is_not_the_servers_failure);
	tcase_add_test(tc, a_new_connection_that_breaks_is_not_tried_again);
	tcase_add_test(
		tc,
		an_answer_that_broke_off_on_an_open_connection_is_asked_for_again);
	tcase_add_test(tc, a_reset_is_a_closed_connection);
	tcase_add_test(tc, a_half_closed_server_is_a_closed_connection);
	tcase_add_test(tc,
		       an_early_refusal_of_a_large_value_is_the_servers_word);
	tcase_add_test(tc, a_reply_that_comes_too_late_answers_nothing);
	tcase_add_test(tc,
		       one_broken_server_of_three_costs_only_its_own_keys);
	return tc;
}

static TCase *moving_case(void)
{
	TCase *tc = tcase_create("servers that move");

	tcase_add_test(tc, two_servers_may_move_to_one_address);
	tcase_add_test(tc,
		       update_servers_reconnects_only_servers_that_moved);
	LOOP(tc, a_wrong_set_of_servers_changes_nothing, COUNT(wrong_servers));
	tcase_add_test(
		tc, a_server_that_moves_away_from_a_dead_address_is_up_again);
	tcase_add_test(tc,
		       disconnect_closes_and_the_next_operation_reconnects);
	tcase_add_test(tc, a_second_thread_gets_ebusy);
	return tc;
}

static TCase *reasons_case(void)
{
	TCase *tc = tcase_create("reasons");

	tcase_add_test(tc, each_result_of_a_call_is_explained);
	tcase_add_test(tc, only_a_result_without_an_answer_is_explained);
	tcase_add_test(tc, a_server_that_has_answered_before_wants_no_tls);
	tcase_add_test(tc, an_old_result_gets_no_newer_reason);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("faults");

	scratch_begin();
	suite_add_tcase(suite, deadlines_case());
	suite_add_tcase(suite, connecting_case());
	suite_add_tcase(suite, breaking_case());
	suite_add_tcase(suite, moving_case());
	suite_add_tcase(suite, reasons_case());
	return suite_run(suite);
}
