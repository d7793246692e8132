/* SPDX-License-Identifier: BSD-3-Clause */
/* The health of servers that a client reports, and the lines about it in the log. */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/client.h"
#include "base/clock.h"
#include "fakes/rig.h"
#include "runner/suite.h"
#include "tenon/health.h"

static struct tenon_health health;

static const struct tenon_health *look(const struct rig *rig, size_t server)
{
	ck_assert_int_eq(tenon_client_health(rig->client, server, &health), 0);
	return &health;
}

/* ---- counters ---------------------------------------------------------- */

START_TEST(a_server_that_was_not_asked_is_up_and_has_no_numbers)
{
	struct rig rig = { 0 };

	rig_open_one(&rig, "127.0.0.1:1 anna", NULL);
	look(&rig, 0);
	ck_assert_str_eq(health.alias, "anna");
	ck_assert_str_eq(health.address, "127.0.0.1:1");
	ck_assert_uint_eq(health.state, TENON_SERVER_UP);
	ck_assert_uint_eq(health.operations, 0);
	ck_assert_uint_eq(health.keys, 0);
	ck_assert_uint_eq(health.connects, 0);
	ck_assert_int_eq(health.error_status, 0);
	ck_assert_int_eq(tenon_client_health(rig.client, 1, &health),
			 TENON_EINVAL);
	rig_close(&rig);
}
END_TEST

START_TEST(every_key_is_counted_by_its_outcome)
{
	const struct tenon_item gets[] = { item("a", NULL), item("b", NULL),
					   item("c", NULL) };
	const struct tenon_item one = item("k", "v");
	struct rig rig = { 0 };

	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get a b c\r\n"),
			    FAKE_SEND("VALUE b 0 1\r\n1\r\nEND\r\n"),
			    FAKE_EXPECT("set k 0 0 1\r\nv\r\n"),
			    FAKE_SEND("STORED\r\n"),
			    FAKE_EXPECT("add k 0 0 1\r\nv\r\n"),
			    FAKE_SEND("NOT_STORED\r\n"),
			    FAKE_EXPECT("delete k\r\n"),
			    FAKE_SEND("NOT_FOUND\r\n"),
			    FAKE_EXPECT("incr k 0\r\n"),
			    FAKE_SEND("CLIENT_ERROR no number\r\n"),
			    FAKE_ACCEPT, FAKE_EXPECT("touch k 0\r\n"),
			    FAKE_SEND("hm\r\n"), FAKE_EXPECT_CLOSE));
	rig_open(&rig, NULL);
	rig_run(&rig, TENON_GET, gets, COUNT(gets), 0);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	ck_assert_int_eq(rig_one(&rig, TENON_ADD, &one, 0), TENON_NOT_STORED);
	ck_assert_int_eq(rig_one(&rig, TENON_DELETE, &one, 0), TENON_MISS);
	ck_assert_int_eq(rig_one(&rig, TENON_INCR, &one, 0), TENON_ECLIENT);
	tenon_client_disconnect(rig.client);
	ck_assert_int_eq(rig_one(&rig, TENON_TOUCH, &one, 0), TENON_EPROTOCOL);
	ck_assert_int_eq(rig_one(&rig, TENON_TOUCH, &one, 0), TENON_EDOWN);
	look(&rig, 0);
	ck_assert_uint_eq(health.hits, 1);
	ck_assert_uint_eq(health.misses, 2);
	ck_assert_uint_eq(health.stored, 1);
	ck_assert_uint_eq(health.other, 2);
	ck_assert_uint_eq(health.errors[-TENON_ECLIENT], 1);
	ck_assert_uint_eq(health.errors[-TENON_EPROTOCOL], 1);
	ck_assert_uint_eq(health.errors[-TENON_EDOWN], 1);
	ck_assert_uint_eq(health.keys, 9);
	ck_assert_uint_eq(health.operations, 6);
	ck_assert_uint_eq(health.failed, 1);
	ck_assert_uint_eq(health.latency.total, 5);
	rig_close(&rig);
}
END_TEST

START_TEST(bytes_are_those_on_the_wire)
{
	const struct tenon_item quiet = item("k", "v");
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND_SPLIT("VALUE k 0 1\r\n1\r\nEND\r\n",
						  5, 1),
				  FAKE_EXPECT("set k 0 0 1 noreply\r\nv\r\n")));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_HIT);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &quiet, TENON_NOREPLY),
			 TENON_SENT);
	look(&rig, 0);
	ck_assert_uint_eq(health.sent_bytes,
			  strlen("get k\r\nset k 0 0 1 noreply\r\nv\r\n"));
	ck_assert_uint_eq(health.received_bytes,
			  strlen("VALUE k 0 1\r\n1\r\nEND\r\n"));
	ck_assert_uint_eq(health.operations, 2);
	ck_assert_uint_eq(health.other, 1);
	rig_close(&rig);
}
END_TEST

START_TEST(a_dead_idle_connection_is_a_retry_and_no_failure)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n"), FAKE_CLOSE, FAKE_ACCEPT,
				  FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n")));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert(fake_server_await(rig.fakes[0], 4));
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	look(&rig, 0);
	ck_assert_uint_eq(health.retries, 1);
	ck_assert_uint_eq(health.connects, 2);
	ck_assert_uint_eq(health.reconnects, 1);
	ck_assert_uint_eq(health.failed, 0);
	ck_assert_uint_eq(health.operations, 2);
	ck_assert_uint_eq(rig.log_lines, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(latency_is_the_time_until_the_answer_was_complete)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END"), FAKE_DELAY(50),
				  FAKE_SEND("\r\n")));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	look(&rig, 0);
	ck_assert_uint_eq(health.latency.total, 1);
	ck_assert_uint_ge(health.latency.max_ns, 40000000);
	ck_assert_uint_eq(health.latency.sum_ns, health.latency.max_ns);
	ck_assert_uint_eq(tenon_histogram_permille_ns(&health.latency, 500),
			  health.latency.max_ns);
	rig_close(&rig);
}
END_TEST

START_TEST(numbers_stay_with_the_alias_when_the_server_moves)
{
	struct rig rig = { 0 };
	char line[100];
	const char *lines[] = { line };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n")));
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n")));
	snprintf(line, sizeof(line), "%s anna", fake_server_address(rig.fakes[0]));
	rig_open_one(&rig, line, NULL);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	snprintf(line, sizeof(line), "%s anna", fake_server_address(rig.fakes[1]));
	ck_assert_int_eq(tenon_client_update_servers(rig.client, lines, 1,
						     &rig.err), 0);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	look(&rig, 0);
	ck_assert_str_eq(health.address, fake_server_address(rig.fakes[1]));
	ck_assert_uint_eq(health.misses, 2);
	ck_assert_uint_eq(health.connects, 2);
	rig_close(&rig);
}
END_TEST

START_TEST(a_reset_keeps_state_and_last_error)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n"), FAKE_ACCEPT,
				  FAKE_EXPECT("get k\r\n"), FAKE_SEND("?\r\n"),
				  FAKE_EXPECT_CLOSE));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	tenon_client_disconnect(rig.client);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_EPROTOCOL);
	ck_assert_int_eq(tenon_client_health_reset(rig.client), 0);
	look(&rig, 0);
	ck_assert_uint_eq(health.operations, 0);
	ck_assert_uint_eq(health.keys, 0);
	ck_assert_uint_eq(health.connects, 0);
	ck_assert_uint_eq(health.sent_bytes, 0);
	ck_assert_uint_eq(health.latency.max_ns, 0);
	ck_assert_uint_ne(health.state, TENON_SERVER_UP);
	ck_assert_uint_eq(health.failures, 1);
	ck_assert_int_eq(health.error_status, TENON_EPROTOCOL);
	rig_close(&rig);
}
END_TEST

static void let_pass_ms(int64_t ms)
{
	tenon__clock_advance(ms * 1000000);
}

/* ---- state ------------------------------------------------------------- */

START_TEST(a_failure_is_kept_with_its_reason_and_its_time)
{
	char address[64];
	struct rig rig = { 0 };
	int64_t before_ms = tenon__now_ns() / 1000000;

	fake_refused_address(FAKE_INET, address, sizeof(address));
	rig_open_one(&rig, address, RETRY_SOON);
	for (unsigned i = 1; i <= 3; i++) {
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECONNECT);
		look(&rig, 0);
		ck_assert_uint_eq(health.failures, i);
	}
	ck_assert_uint_ne(health.state, TENON_SERVER_UP);
	ck_assert_int_eq(health.error_status, TENON_ECONNECT);
	ck_assert_int_eq(health.error_sys_errno, ECONNREFUSED);
	ck_assert_str_eq(health.error_text, strerror(ECONNREFUSED));
	ck_assert_int_ge(health.state_at_ms, before_ms);
	ck_assert_int_ge(health.error_at_ms, health.state_at_ms);
	ck_assert_int_le(health.error_at_ms, health.now_ms);
	ck_assert_uint_eq(health.errors[-TENON_ECONNECT], 3);
	ck_assert_uint_eq(health.failed, 3);
	ck_assert_uint_eq(health.latency.total, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(a_server_that_the_policy_spares_is_down_until_its_time)
{
	char address[64];
	struct rig rig = { 0 };

	fake_refused_address(FAKE_INET, address, sizeof(address));
	rig_open_one(&rig, address, "retry_timeout: 1h\n");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECONNECT);
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_EDOWN);
	}
	ck_assert_ptr_nonnull(strstr(rig.err.message, strerror(ECONNREFUSED)));
	look(&rig, 0);
	ck_assert_uint_eq(health.state, TENON_SERVER_DOWN);
	ck_assert_int_gt(health.retry_at_ms, health.now_ms);
	ck_assert_int_le(health.retry_at_ms, health.error_at_ms + 3600000);
	ck_assert_uint_eq(health.failures, 1);
	ck_assert_uint_eq(health.operations, 1);
	ck_assert_uint_eq(health.errors[-TENON_EDOWN], 5);
	ck_assert_uint_eq(rig.log_lines, 1);
	ck_assert_ptr_nonnull(strstr(rig.log, "; next try in 3600000 ms\n"));
	let_pass_ms(3600000);
	look(&rig, 0);
	ck_assert_uint_eq(health.state, TENON_SERVER_PROBING);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECONNECT);
	ck_assert_uint_eq(look(&rig, 0)->state, TENON_SERVER_DOWN);
	ck_assert_uint_eq(health.failures, 2);
	ck_assert_uint_eq(rig.log_lines, 1);
	rig_close(&rig);
}
END_TEST

START_TEST(a_key_that_goes_elsewhere_is_a_hop_of_its_home)
{
	char dead[64];
	char lines[2][100];
	const char *servers[] = { lines[0], lines[1] };
	char key[RIG_KEY_LEN + 1];
	struct rig rig = { 0 };

	fake_refused_address(FAKE_INET, dead, sizeof(dead));
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_SERVE(RIG_GET_LEN,
							  "END\r\n", 2)));
	snprintf(lines[0], sizeof(lines[0]), "%s dead", dead);
	snprintf(lines[1], sizeof(lines[1]), "%s alive",
		 fake_server_address(rig.fakes[0]));
	rig_open_at(&rig, servers, 2, "failover: eject\nretry_timeout: 1h\n");
	rig_key_at(&rig, 0, 0, key);
	ck_assert_int_eq(rig_get(&rig, key), TENON_MISS);
	ck_assert_int_eq(rig_get(&rig, key), TENON_MISS);
	look(&rig, 0);
	ck_assert_uint_eq(health.hops, 2);
	ck_assert_uint_eq(health.failed, 1);
	look(&rig, 1);
	ck_assert_uint_eq(health.hops, 0);
	ck_assert_uint_eq(health.misses, 2);
	rig_close(&rig);
}
END_TEST

START_TEST(an_unexpected_reply_is_in_the_error_text)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("HTTP/1.1 400\x1b\r\n"),
				  FAKE_EXPECT_CLOSE));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_EPROTOCOL);
	ck_assert_ptr_nonnull(strstr(rig.err.message, "\"HTTP/1.1 400.\""));
	ck_assert_str_eq(look(&rig, 0)->error_text,
			 "an unexpected reply: \"HTTP/1.1 400.\"");
	rig_close(&rig);
}
END_TEST

START_TEST(an_answer_ends_the_failures_and_the_last_error_stays)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_CLOSE, FAKE_ACCEPT,
				  FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n")));
	rig_open(&rig, RETRY_SOON);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECLOSED);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	look(&rig, 0);
	ck_assert_uint_eq(health.state, TENON_SERVER_UP);
	ck_assert_uint_eq(health.failures, 0);
	ck_assert_int_eq(health.error_status, TENON_ECLOSED);
	ck_assert_str_eq(health.error_text, "closed by the server");
	rig_close(&rig);
}
END_TEST

/* ---- the log ----------------------------------------------------------- */

/* Return the number of lines of the log with this text. */
static size_t lines_with(const struct rig *rig, const char *text)
{
	size_t count = 0;

	for (const char *at = strstr(rig->log, text); at;
	     at = strstr(at + 1, text)) {
		count++;
	}
	return count;
}

/* Report a failure, or an answer, of the one server at the current time. */
static void let_fail(struct rig *rig, int status, const char *text)
{
	const struct tenon__health_failure failure = {
		.status = status,
		.text = text,
		.state = TENON_SERVER_FAILING,
		.now_ms = tenon__now_ns() / 1000000,
	};

	tenon__health_failed(rig->client->engine.health, &failure);
}

static void let_recover(struct rig *rig)
{
	if (rig->client->engine.health->unsettled) {
		tenon__health_recovered(rig->client->engine.health,
					TENON_SERVER_UP,
					tenon__now_ns() / 1000000);
	}
}

START_TEST(one_line_when_a_server_fails_and_one_when_it_is_back)
{
	struct rig rig = { 0 };
	struct fake_step steps[70];
	size_t count = 0;

	for (int i = 0; i < 20; i++) {
		steps[count++] = (struct fake_step)FAKE_ACCEPT;
		steps[count++] = (struct fake_step)FAKE_EXPECT("get k\r\n");
		steps[count++] = (struct fake_step)FAKE_CLOSE;
	}
	steps[count++] = (struct fake_step)FAKE_ACCEPT;
	steps[count++] = (struct fake_step)FAKE_EXPECT("get k\r\n");
	steps[count++] = (struct fake_step)FAKE_SEND("END\r\n");
	rig_fake(&rig, steps, count);
	rig_open(&rig, RETRY_SOON);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECLOSED);
	}
	ck_assert_uint_eq(rig.log_lines, 1);
	ck_assert_ptr_nonnull(strstr(rig.log, "s0 (127.0.0.1:"));
	ck_assert_ptr_nonnull(strstr(rig.log, "): down: closed by the server"));
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_uint_eq(rig.log_lines, 2);
	ck_assert_uint_eq(lines_with(&rig, "up again after 20 failures in"), 1);
	rig_close(&rig);
}
END_TEST

START_TEST(a_server_down_for_long_is_one_line)
{
	struct rig rig = { 0 };

	rig_open_one(&rig, "127.0.0.1:1 anna", NULL);
	for (int i = 0; i < 100; i++) {
		let_fail(&rig, TENON_ETIMEDOUT, "late");
		let_pass_ms(60000);
	}
	ck_assert_uint_eq(rig.log_lines, 1);
	rig_close(&rig);
}
END_TEST

/* TENON_LOG_LINES */
START_TEST(a_flapping_server_has_five_lines_in_ten_seconds)
{
	struct rig rig = { 0 };

	rig_open_one(&rig, "127.0.0.1:1 anna", NULL);
	for (int i = 0; i < 50; i++) {
		let_fail(&rig, TENON_ETIMEDOUT, "late");
		let_recover(&rig);
	}
	ck_assert_uint_eq(rig.log_lines, 5);
	let_pass_ms(TENON_LOG_WINDOW_MS + 1000);
	let_recover(&rig); /* the last line of the log still says that the server fails */
	ck_assert_uint_eq(rig.log_lines, TENON_LOG_LINES + 1);
	ck_assert_uint_eq(lines_with(&rig, "up again for"), 1);
	ck_assert_uint_eq(lines_with(&rig, "(95 lines left out)"), 1);
	let_recover(&rig);
	ck_assert_uint_eq(rig.log_lines, TENON_LOG_LINES + 1);
	rig_close(&rig);
}
END_TEST

START_TEST(a_failure_that_was_left_out_is_logged_when_there_is_room)
{
	struct rig rig = { 0 };

	rig_open_one(&rig, "127.0.0.1:1 anna", NULL);
	for (int i = 0; i < TENON_LOG_LINES; i++) {
		tenon__health_log(rig.client->engine.health, TENON_LOG_INFO,
				  tenon__now_ns() / 1000000, "room is used up");
	}
	let_pass_ms(TENON_LOG_WINDOW_MS / 2);
	let_fail(&rig, TENON_ETIMEDOUT, "unheard");
	ck_assert_uint_eq(lines_with(&rig, "unheard"), 0);
	let_pass_ms(TENON_LOG_WINDOW_MS);
	let_fail(&rig, TENON_ECLOSED, "heard");
	let_fail(&rig, TENON_ECLOSED, "not news");
	ck_assert_uint_eq(lines_with(&rig, "failing: heard"), 1);
	ck_assert_uint_eq(lines_with(&rig, "not news"), 0);
	rig_close(&rig);
}
END_TEST

START_TEST(each_protocol_error_is_logged_up_to_the_limit)
{
	struct rig rig = { 0 };

	rig_open_one(&rig, "127.0.0.1:1 anna", NULL);
	for (int i = 0; i < 100; i++) {
		let_fail(&rig, TENON_EPROTOCOL, "nonsense");
	}
	ck_assert_uint_eq(lines_with(&rig, "nonsense"), TENON_LOG_LINES);
	let_pass_ms(TENON_LOG_WINDOW_MS);
	let_fail(&rig, TENON_EPROTOCOL, "nonsense");
	ck_assert_uint_eq(lines_with(&rig, "nonsense (95 lines left out)"), 1);
	rig_close(&rig);
}
END_TEST

START_TEST(a_server_whose_policy_wants_to_see_more_is_not_up_yet)
{
	struct rig rig = { 0 };

	rig_open_one(&rig, "127.0.0.1:1 anna", NULL);
	let_fail(&rig, TENON_ETIMEDOUT, "late");
	tenon__health_recovered(rig.client->engine.health, TENON_SERVER_PROBING,
				tenon__now_ns() / 1000000);
	look(&rig, 0);
	ck_assert_uint_eq(health.state, TENON_SERVER_PROBING);
	ck_assert_uint_eq(health.failures, 0);
	ck_assert_uint_eq(rig.log_lines, 1);
	let_fail(&rig, TENON_ETIMEDOUT, "late");
	ck_assert_uint_eq(look(&rig, 0)->failures, 1);
	let_recover(&rig);
	ck_assert_uint_eq(look(&rig, 0)->state, TENON_SERVER_UP);
	ck_assert_uint_eq(rig.log_lines, 2);
	ck_assert_uint_eq(lines_with(&rig, "up again after 2 failures"), 1);
	rig_close(&rig);
}
END_TEST

START_TEST(a_line_says_how_long_the_policy_spares_a_server)
{
	struct rig rig = { 0 };
	const struct tenon__health_failure failure = {
		.status = TENON_ETIMEDOUT,
		.text = "late",
		.state = TENON_SERVER_DOWN,
		.now_ms = 1000,
		.retry_at_ms = 6000,
	};

	rig_open_one(&rig, "127.0.0.1:1", NULL);
	tenon__health_failed(rig.client->engine.health, &failure);
	ck_assert_str_eq(rig.log,
			 "127.0.0.1:1: down: late; next try in 5000 ms\n");
	rig_close(&rig);
}
END_TEST

/* ---- other threads ----------------------------------------------------- */

struct reader {
	const struct tenon_client *client;
	atomic_bool stop;
	atomic_size_t looks;
	size_t torn, backwards;
};

static void *read_on(void *argument)
{
	static struct tenon_health now; /* used by one reader at a time */
	struct reader *reader = argument;
	uint64_t before = 0;

	while (!atomic_load(&reader->stop)) {
		char expected[TENON_HEALTH_TEXT_BYTES] = "";

		tenon_client_health(reader->client, 0, &now);
		if (now.error_sys_errno) {
			memset(expected, 'a' + now.error_sys_errno % 26, 100);
			expected[100] = '\0';
		}
		reader->torn += strcmp(expected, now.error_text) != 0;
		reader->backwards += now.hits < before;
		before = now.hits;
		atomic_fetch_add(&reader->looks, 1);
	}
	return NULL;
}

START_TEST(another_thread_reads_a_consistent_state)
{
	struct rig rig = { 0 };
	struct reader reader = { 0 };
	pthread_t thread;
	int64_t start_ms = now_ms();

	rig_open_one(&rig, "127.0.0.1:1 anna", NULL);
	reader.client = rig.client;
	ck_assert_int_eq(pthread_create(&thread, NULL, read_on, &reader), 0);
	/* with one processor the other thread may run late */
	for (int i = 1; i < 1000 || now_ms() - start_ms < 300 ||
			atomic_load(&reader.looks) < 10;
	     i++) {
		struct tenon__health_failure failure = {
			.status = TENON_ECLOSED,
			.sys_errno = i % 100 + 1,
			.state = TENON_SERVER_FAILING,
			.now_ms = i,
		};
		char text[101] = "";

		memset(text, 'a' + failure.sys_errno % 26, 100);
		failure.text = text;
		tenon__health_failed(rig.client->engine.health, &failure);
		tenon__count(&rig.client->engine.health->tally.hits, 1);
	}
	atomic_store(&reader.stop, true);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(reader.torn, 0);
	ck_assert_uint_eq(reader.backwards, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(another_thread_reads_while_operations_run)
{
	struct rig rig = { 0 };
	struct reader reader = { 0 };
	pthread_t thread;

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT,
				  FAKE_SERVE(strlen("get k\r\n"),
					     "VALUE k 0 1\r\n1\r\nEND\r\n",
					     500)));
	rig_open(&rig, NULL);
	reader.client = rig.client;
	ck_assert_int_eq(pthread_create(&thread, NULL, read_on, &reader), 0);
	for (int i = 0; i < 500; i++) {
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_HIT);
	}
	atomic_store(&reader.stop, true);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(reader.torn, 0);
	ck_assert_uint_eq(reader.backwards, 0);
	ck_assert_uint_eq(look(&rig, 0)->hits, 500);
	ck_assert_uint_eq(health.latency.total, 500);
	rig_close(&rig);
}
END_TEST

/* ---- sums -------------------------------------------------------------- */

START_TEST(a_sum_has_the_worse_state_and_the_later_error)
{
	static struct tenon_health sum, other;

	sum = (struct tenon_health){ .state = TENON_SERVER_FAILING,
				     .failures = 2,
				     .error_status = TENON_ECLOSED,
				     .error_at_ms = 50,
				     .error_text = "early",
				     .operations = 10, .hits = 3 };
	other = (struct tenon_health){ .state = TENON_SERVER_DOWN,
				       .failures = 1, .retry_at_ms = 90,
				       .error_status = TENON_ETIMEDOUT,
				       .error_at_ms = 60,
				       .error_text = "later",
				       .operations = 5, .hits = 4 };
	other.errors[5] = 7;
	tenon_histogram_add(&other.latency, 1000);
	tenon_health_merge(&sum, &other);
	ck_assert_uint_eq(sum.state, TENON_SERVER_DOWN);
	ck_assert_uint_eq(sum.failures, 2);
	ck_assert_int_eq(sum.retry_at_ms, 90);
	ck_assert_str_eq(sum.error_text, "later");
	ck_assert_uint_eq(sum.operations, 15);
	ck_assert_uint_eq(sum.hits, 7);
	ck_assert_uint_eq(sum.errors[5], 7);
	ck_assert_uint_eq(sum.latency.total, 1);
	other.state = TENON_SERVER_UP;
	other.error_at_ms = 10;
	tenon_health_merge(&sum, &other);
	ck_assert_uint_eq(sum.state, TENON_SERVER_DOWN);
	ck_assert_int_eq(sum.error_at_ms, 60);
}
END_TEST

START_TEST(a_sum_has_all_noreply_errors_and_the_last_one)
{
	static struct tenon_health sum, other;

	sum = (struct tenon_health){ .alias = "a" };
	other = (struct tenon_health){
		.noreply = { .errors = 2,
			     .error_at_ms = 5,
			     .error_status = TENON_ESERVER,
			     .error_text = "SERVER_ERROR busy" } };
	tenon_health_merge(&sum, &other);
	other.noreply.error_at_ms = 4;
	strcpy(other.noreply.error_text, "earlier");
	tenon_health_merge(&sum, &other);
	other.noreply = (struct tenon_noreply_health){ .errors = 0 };
	tenon_health_merge(&sum, &other);
	ck_assert_uint_eq(sum.noreply.errors, 4);
	ck_assert_int_eq(sum.noreply.error_status, TENON_ESERVER);
	ck_assert_int_eq(sum.noreply.error_at_ms, 5);
	ck_assert_str_eq(sum.noreply.error_text, "SERVER_ERROR busy");
}
END_TEST

START_TEST(a_sum_has_the_certificate_that_ends_first)
{
	static struct tenon_health sum, other;

	sum = (struct tenon_health){ .alias = "a" };
	other = (struct tenon_health){
		.secure = { .sessions = 2,
			    .resumptions = 1,
			    .handshake_ns = 5,
			    .handshake_max_ns = 7,
			    .handshake_sum_ns = 12,
			    .certificate_ends_s = 200,
			    .certificate_state = TENON_CERTIFICATE_VALID,
			    .protocol = "p" } };
	tenon_health_merge(&sum, &other);
	ck_assert_int_eq(sum.secure.certificate_ends_s, 200);
	ck_assert_str_eq(sum.secure.protocol, "p");
	ck_assert_uint_eq(sum.secure.handshake_ns, 5);
	other.secure.certificate_ends_s = 100;
	other.secure.certificate_state = TENON_CERTIFICATE_ENDING;
	other.secure.handshake_max_ns = 6;
	tenon_health_merge(&sum, &other);
	other.secure.certificate_ends_s = 0;
	tenon_health_merge(&sum, &other);
	ck_assert_int_eq(sum.secure.certificate_ends_s, 100);
	ck_assert_uint_eq(sum.secure.certificate_state,
			  TENON_CERTIFICATE_ENDING);
	ck_assert_uint_eq(sum.secure.sessions, 6);
	ck_assert_uint_eq(sum.secure.resumptions, 3);
	ck_assert_uint_eq(sum.secure.handshake_max_ns, 7);
	ck_assert_uint_eq(sum.secure.handshake_sum_ns, 36);
}
END_TEST

/* ---- certificates -------------------------------------------------------- */

static const struct {
	int64_t left_s; /* until the end of the certificate */
	uint32_t state;
	const char *name;
} certificates[] = {
	{ 15 * 86400, TENON_CERTIFICATE_VALID, "valid" },
	{ 14 * 86400, TENON_CERTIFICATE_ENDING, "ending" },
	{ 60, TENON_CERTIFICATE_ENDING, "ending" },
	{ 0, TENON_CERTIFICATE_ENDED, "ended" },
	{ -86400, TENON_CERTIFICATE_ENDED, "ended" },
};

START_TEST(a_certificate_ends_within_fourteen_days_or_later)
{
	struct tenon_secure_facts facts = {
		.size = sizeof(facts),
		.expires_s = (int64_t)time(NULL) + certificates[_i].left_s,
	};
	struct rig rig = { 0 };

	memset(facts.protocol, 'x', sizeof(facts.protocol));
	rig_open_one(&rig, "127.0.0.1:1 anna", NULL);
	tenon__health_secured(&rig.client->engine.health[0], &facts, 7);
	look(&rig, 0);
	ck_assert_uint_eq(health.secure.certificate_state,
			  certificates[_i].state);
	ck_assert_str_eq(tenon_certificate_state_name(
				 (int)health.secure.certificate_state),
			 certificates[_i].name);
	ck_assert_uint_eq(strlen(health.secure.protocol),
			  sizeof(facts.protocol) - 1);
	ck_assert_uint_eq(health.secure.handshake_ns, 7);
	ck_assert_str_eq(tenon_certificate_state_name(-1), "unknown");
	ck_assert_str_eq(tenon_certificate_state_name(4), "unknown");
	rig_close(&rig);
}
END_TEST

START_TEST(a_sum_orders_all_states)
{
	static const uint32_t order[] = {
		TENON_SERVER_UP, TENON_SERVER_FAILING, TENON_SERVER_REFUSING,
		TENON_SERVER_PROBING, TENON_SERVER_DOWN,
		TENON_SERVER_MISCONFIGURED
	};
	static struct tenon_health sum, other;

	for (size_t i = 0; i < COUNT(order); i++) {
		for (size_t j = 0; j < COUNT(order); j++) {
			sum = (struct tenon_health){ .state = order[i] };
			other = (struct tenon_health){ .state = order[j] };
			tenon_health_merge(&sum, &other);
			ck_assert_uint_eq(sum.state, order[i > j ? i : j]);
		}
	}
}
END_TEST

/* ---- servers that refuse ------------------------------------------------- */

/* The error lines of a server, the status of the key, and a request that gets the line. */
static const struct {
	const char *line;
	int status;
	enum tenon_verb verb;
	size_t request_len;
} refusals[] = {
	{ "CLIENT_ERROR no such tenant\r\n", TENON_ECLIENT, TENON_GET, 7 },
	{ "SERVER_ERROR no backend\r\n", TENON_ESERVER, TENON_GET, 7 },
	{ "ERROR\r\n", TENON_EUNKNOWN, TENON_GET, 7 },
	{ "SERVER_ERROR no backend\r\n", TENON_ESERVER, TENON_SET, 16 },
};

static void check_refused(struct rig *rig, int i)
{
	const struct tenon_item one = item("k", "v");

	ck_assert_int_eq(rig_one(rig, refusals[i].verb, &one, 0),
			 refusals[i].status);
}

static void check_state(const struct rig *rig, uint32_t state,
			uint32_t failures)
{
	look(rig, 0);
	ck_assert_uint_eq(health.state, state);
	ck_assert_uint_eq(health.failures, failures);
}

START_TEST(a_server_that_never_answers_properly_is_refusing_at_once)
{
	struct rig rig = { 0 };
	struct fake_step steps[] = {
		FAKE_ACCEPT,
		FAKE_SERVE(refusals[_i].request_len, NULL, 2),
		FAKE_EXPECT("get k\r\n"),
		FAKE_SEND("END\r\n"),
	};
	char line[40];

	steps[1].bytes = refusals[_i].line;
	snprintf(line, sizeof(line), "%s", refusals[_i].line);
	*strchr(line, '\r') = '\0';
	rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, NULL);
	check_state(&rig, TENON_SERVER_UP, 0);
	check_refused(&rig, _i);
	check_state(&rig, TENON_SERVER_REFUSING, 0);
	ck_assert_str_eq(health.error_text, line);
	ck_assert_int_eq(health.error_status, refusals[_i].status);
	ck_assert_int_eq(health.retry_at_ms, 0);
	check_refused(&rig, _i);
	check_state(&rig, TENON_SERVER_REFUSING, 0);
	ck_assert_uint_eq(lines_with(&rig, "refusing: "), 1);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	check_state(&rig, TENON_SERVER_UP, 0);
	ck_assert_str_eq(health.error_text, line);
	ck_assert_uint_eq(lines_with(&rig, "up again after 2 refusals"), 1);
	rig_close(&rig);
}
END_TEST

START_TEST(three_refused_exchanges_in_a_row_make_a_server_refusing)
{
	struct rig rig = { 0 };
	struct fake_step steps[] = {
		FAKE_ACCEPT,
		FAKE_SERVE(7, "END\r\n", 1),
		FAKE_SERVE(refusals[_i].request_len, NULL, 2),
		FAKE_SERVE(7, "END\r\n", 1),
		FAKE_SERVE(refusals[_i].request_len, NULL, 3),
		FAKE_SERVE(7, "END\r\n", 1),
	};

	steps[2].bytes = refusals[_i].line;
	steps[4].bytes = refusals[_i].line;
	rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	check_refused(&rig, _i);
	check_refused(&rig, _i);
	check_state(&rig, TENON_SERVER_UP, 0);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	for (int i = 0; i < TENON_REFUSALS_MAX; i++) {
		check_state(&rig, TENON_SERVER_UP, 0);
		if (i == 1) { /* the proof that the server has answered stays */
			ck_assert_int_eq(tenon_client_health_reset(rig.client),
					 0);
		}
		check_refused(&rig, _i);
	}
	check_state(&rig, TENON_SERVER_REFUSING, 0);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	check_state(&rig, TENON_SERVER_UP, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(one_proper_answer_in_an_exchange_is_enough)
{
	const struct tenon_item items[] = { item("a", "1"), item("b", "2") };
	struct rig rig = { 0 };

	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT,
			    FAKE_EXPECT("set a 0 0 1\r\n1\r\nset b 0 0 1\r\n2\r\n"),
			    FAKE_SEND("SERVER_ERROR out of memory storing object\r\nSTORED\r\n")));
	rig_open(&rig, NULL);
	rig_run(&rig, TENON_SET, items, COUNT(items), 0);
	ck_assert_int_eq(rig.results[0].status, TENON_ESERVER);
	ck_assert_int_eq(rig.results[1].status, TENON_STORED);
	check_state(&rig, TENON_SERVER_UP, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(requests_without_reply_are_no_proper_answers)
{
	const struct tenon_item one = item("k", "v");
	struct rig rig = { 0 };

	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT,
			    FAKE_SERVE(7, "CLIENT_ERROR no such tenant\r\n", 1),
			    FAKE_EXPECT("delete k noreply\r\n"),
			    FAKE_EXPECT_CLOSE));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECLIENT);
	ck_assert_int_eq(rig_one(&rig, TENON_DELETE, &one, TENON_NOREPLY),
			 TENON_SENT);
	check_state(&rig, TENON_SERVER_REFUSING, 0);
	tenon_client_disconnect(rig.client);
	rig_close(&rig);
}
END_TEST

START_TEST(a_refused_store_that_costs_the_connection_counts)
{
	struct rig rig = { 0 };

	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("set k 0 0 1\r\nv\r\n"),
			    FAKE_SEND("CLIENT_ERROR no such tenant\r\n"),
			    FAKE_EXPECT_CLOSE));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_set(&rig, "k", "v"), TENON_ECLIENT);
	check_state(&rig, TENON_SERVER_REFUSING, 0);
	ck_assert_str_eq(health.error_text, "CLIENT_ERROR no such tenant");
	rig_close(&rig);
}
END_TEST

START_TEST(a_server_may_fail_while_it_is_refusing)
{
	struct rig rig = { 0 };

	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT,
			    FAKE_SERVE(7, "CLIENT_ERROR no such tenant\r\n", 1),
			    FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
			    FAKE_SEND("?\r\n"),
			    FAKE_EXPECT_CLOSE, FAKE_ACCEPT,
			    FAKE_SERVE(7, "CLIENT_ERROR no such tenant\r\n", 1),
			    FAKE_SERVE(7, "END\r\n", 1)));
	rig_open(&rig, RETRY_SOON);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECLIENT);
	tenon_client_disconnect(rig.client);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_EPROTOCOL);
	look(&rig, 0);
	ck_assert_uint_ne(health.state, TENON_SERVER_REFUSING);
	ck_assert_uint_ne(health.state, TENON_SERVER_UP);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECLIENT);
	check_state(&rig, TENON_SERVER_REFUSING, 0);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	check_state(&rig, TENON_SERVER_UP, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(a_command_that_a_server_does_not_know_is_no_refusal)
{
	const struct tenon_item one = item("k", NULL);
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT,
				  FAKE_SERVE(9, "ERROR\r\n", 5)));
	rig_open(&rig, NULL);
	for (int i = 0; i < 5; i++) {
		/* "gat 0 k" */
		ck_assert_int_eq(rig_one(&rig, TENON_GAT, &one, 0),
				 TENON_EUNKNOWN);
		check_state(&rig, TENON_SERVER_UP, 0);
	}
	rig_close(&rig);
}
END_TEST

START_TEST(the_words_of_a_server_are_made_printable)
{
	struct rig rig = { 0 };

	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT,
			    FAKE_SERVE(7, "CLIENT_ERROR \x1b[2J\xc2\x9b\r\n", 1)));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECLIENT);
	check_state(&rig, TENON_SERVER_REFUSING, 0);
	ck_assert_str_eq(health.error_text, "CLIENT_ERROR .[2J..");
	rig_close(&rig);
}
END_TEST

START_TEST(states_have_names)
{
	ck_assert_str_eq(tenon_server_state_name(TENON_SERVER_UP), "up");
	ck_assert_str_eq(tenon_server_state_name(TENON_SERVER_PROBING),
			 "probing");
	ck_assert_str_eq(tenon_server_state_name(TENON_SERVER_REFUSING),
			 "refusing");
	ck_assert_str_eq(tenon_server_state_name(TENON_SERVER_MISCONFIGURED),
			 "misconfigured");
	ck_assert_str_eq(tenon_server_state_name(6), "unknown state");
	ck_assert_str_eq(tenon_server_state_name(-1), "unknown state");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("health");
	TCase *tc = tcase_create("counters");

	tcase_add_test(tc, a_server_that_was_not_asked_is_up_and_has_no_numbers);
	tcase_add_test(tc, every_key_is_counted_by_its_outcome);
	tcase_add_test(tc, bytes_are_those_on_the_wire);
	tcase_add_test(tc, a_dead_idle_connection_is_a_retry_and_no_failure);
	tcase_add_test(tc, latency_is_the_time_until_the_answer_was_complete);
	tcase_add_test(tc, numbers_stay_with_the_alias_when_the_server_moves);
	tcase_add_test(tc, a_reset_keeps_state_and_last_error);
	suite_add_tcase(suite, tc);

	tc = tcase_create("state");
	tcase_add_test(tc, a_failure_is_kept_with_its_reason_and_its_time);
	tcase_add_test(tc, a_server_that_the_policy_spares_is_down_until_its_time);
	tcase_add_test(tc, a_key_that_goes_elsewhere_is_a_hop_of_its_home);
	tcase_add_test(tc, an_unexpected_reply_is_in_the_error_text);
	tcase_add_test(tc, an_answer_ends_the_failures_and_the_last_error_stays);
	tcase_add_test(tc, states_have_names);
	LOOP(tc, a_server_that_never_answers_properly_is_refusing_at_once,
	     COUNT(refusals));
	LOOP(tc, three_refused_exchanges_in_a_row_make_a_server_refusing,
	     COUNT(refusals));
	tcase_add_test(tc, one_proper_answer_in_an_exchange_is_enough);
	tcase_add_test(tc, requests_without_reply_are_no_proper_answers);
	tcase_add_test(tc, a_refused_store_that_costs_the_connection_counts);
	tcase_add_test(tc, a_server_may_fail_while_it_is_refusing);
	tcase_add_test(tc, a_command_that_a_server_does_not_know_is_no_refusal);
	tcase_add_test(tc, the_words_of_a_server_are_made_printable);
	suite_add_tcase(suite, tc);

	tc = tcase_create("log");
	tcase_add_test(tc, one_line_when_a_server_fails_and_one_when_it_is_back);
	tcase_add_test(tc, a_server_down_for_long_is_one_line);
	tcase_add_test(tc, a_flapping_server_has_five_lines_in_ten_seconds);
	tcase_add_test(tc,
		       a_failure_that_was_left_out_is_logged_when_there_is_room);
	tcase_add_test(tc, each_protocol_error_is_logged_up_to_the_limit);
	tcase_add_test(tc,
		       a_server_whose_policy_wants_to_see_more_is_not_up_yet);
	tcase_add_test(tc, a_line_says_how_long_the_policy_spares_a_server);
	suite_add_tcase(suite, tc);

	tc = tcase_create("threads");
	tcase_add_test(tc, another_thread_reads_a_consistent_state);
	tcase_add_test(tc, another_thread_reads_while_operations_run);
	suite_add_tcase(suite, tc);

	tc = tcase_create("sums");
	tcase_add_test(tc, a_sum_has_the_worse_state_and_the_later_error);
	tcase_add_test(tc, a_sum_orders_all_states);
	tcase_add_test(tc, a_sum_has_all_noreply_errors_and_the_last_one);
	tcase_add_test(tc, a_sum_has_the_certificate_that_ends_first);
	LOOP(tc, a_certificate_ends_within_fourteen_days_or_later,
	     COUNT(certificates));
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
