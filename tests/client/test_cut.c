/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections that a proxy cuts, or sends stray bytes on: no server is marked, no request fails
 * that was not sent, and no stray line is taken for an answer.
 */
#include <check.h>
#include <string.h>

#include "base/clock.h"
#include "conformance/subject.h"
#include "fakes/proxy.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"
#include "tenon/health.h"

#define IDLE_NS (INT64_C(200) * 1000000)
#define SET_NOREPLY FAKE_EXPECT("set k 0 0 1 noreply\r\nx\r\n")

static struct fake_server *server;
static struct proxy *proxy;

static const struct tenon_item k = { .key = TENON_LITERAL("k"),
				     .value = TENON_LITERAL("x"),
				     .delta = 1 };

/* Open a client of a proxy before a fake, and send a get that finds nothing. */
static void start(struct rig *rig, int transport, const struct fake_step *steps,
		  size_t count)
{
	rig_transport = subject(transport)->name;
	server = fake_server_start(steps, count);
	proxy = proxy_start(fake_server_address(server), FAKE_INET);
	rig_open_one(rig, proxy_address(proxy),
		     "poll_timeout: 300ms\n" RETRY_NEVER);
	ck_assert_int_eq(rig_get(rig, "k"), TENON_MISS);
}

static void finish(struct rig *rig)
{
	char *problem;

	rig_close(rig);
	proxy_stop(proxy);
	problem = fake_server_join(server);
	ck_assert_msg(!problem, "%s", problem);
}

#define GREETED FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"), FAKE_SEND("END\r\n")

START_TEST(a_noreply_request_on_a_silent_connection_is_no_sign_of_life)
{
	struct rig rig = { 0 };
	struct tenon_health health;

	start(&rig, _i,
	      FAKE_STEPS(GREETED, FAKE_EXPECT_CLOSE, GREETED));
	tenon__clock_advance(IDLE_NS);
	proxy_cut(proxy, PROXY_SWALLOW);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &k, TENON_NOREPLY),
			 TENON_SENT);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ETIMEDOUT);
	ck_assert_int_eq(tenon_client_health(rig.client, 0, &health), 0);
	ck_assert_uint_eq(health.state, TENON_SERVER_UP);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	finish(&rig);
}
END_TEST

static const char *const strays[] = {
	"END\r\n", "STORED\r\n", "NOT_FOUND\r\n", "77\r\n", "E",
	"VERSION 1.2.3\r\n", "VALUE s 0 1\r\nx\r\nEND\r\n",
};

START_TEST(stray_bytes_behind_a_noreply_request_fail_no_request)
{
	struct rig rig = { 0 };

	start(&rig, _i,
	      FAKE_STEPS(GREETED, SET_NOREPLY, FAKE_EXPECT_CLOSE, FAKE_ACCEPT,
			 FAKE_EXPECT("incr k 1\r\n"), FAKE_SEND("5\r\n"),
			 FAKE_EXPECT("set k 0 0 1 noreply\r\nx\r\n"),
			 FAKE_EXPECT_CLOSE, FAKE_ACCEPT,
			 FAKE_EXPECT("incr k 1\r\n"), FAKE_SEND("6\r\n"),
			 FAKE_EXPECT_CLOSE));
	for (size_t i = 0; i < 2; i++) {
		const char *stray = strays[(size_t)(_i + (int)i * 3) %
					   COUNT(strays)];

		ck_assert_int_eq(rig_one(&rig, TENON_SET, &k, TENON_NOREPLY),
				 TENON_SENT);
		ck_assert(fake_server_await(server, 4 + 4 * i));
		proxy_stray(proxy, stray, strlen(stray));
		ck_assert_int_eq(rig_one(&rig, TENON_INCR, &k, 0), TENON_HIT);
		ck_assert_uint_eq(rig.result.number, 5 + i);
	}
	finish(&rig);
}
END_TEST

START_TEST(an_error_line_behind_a_noreply_request_keeps_the_connection)
{
	struct rig rig = { 0 };

	start(&rig, _i,
	      FAKE_STEPS(GREETED, SET_NOREPLY,
			 FAKE_EXPECT("version\r\nget tenon:fence\r\nincr k 1\r\n"),
			 FAKE_SEND("VERSION 1.6.18\r\nEND\r\n5\r\n"),
			 FAKE_EXPECT_CLOSE));
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &k, TENON_NOREPLY),
			 TENON_SENT);
	ck_assert(fake_server_await(server, 4));
	proxy_stray(proxy, "SERVER_ERROR out of memory\r\nERROR\r\n", 35);
	ck_assert_int_eq(rig_one(&rig, TENON_INCR, &k, 0), TENON_HIT);
	ck_assert_uint_eq(rig.result.number, 5);
	finish(&rig);
}
END_TEST

/* ---- before a real server -------------------------------------------------- */

struct real {
	struct memcached memcached;
	struct proxy *proxy;
	struct rig rig;
};

static void real_start(struct real *real, int transport, const char *settings)
{
	*real = (struct real){ .proxy = NULL };
	rig_transport = subject(transport)->name;
	ck_assert(memcached_start(&real->memcached, MEMCACHED_INET, NULL));
	real->proxy = proxy_start(real->memcached.address, FAKE_INET);
	rig_open_one(&real->rig, proxy_address(real->proxy), settings);
}

static void real_finish(struct real *real)
{
	rig_close(&real->rig);
	proxy_stop(real->proxy);
	memcached_stop(&real->memcached);
}

static const struct {
	enum tenon_verb verb;
	unsigned options;
	bool stored; /* the key has the value 1 before */
	int status;
} kept[] = {
	{ TENON_ADD, 0, false, TENON_STORED },
	{ TENON_REPLACE, 0, true, TENON_STORED },
	{ TENON_CAS, 0, false, TENON_MISS },
	{ TENON_APPEND, 0, true, TENON_STORED },
	{ TENON_PREPEND, 0, true, TENON_STORED },
	{ TENON_INCR, 0, true, TENON_HIT },
	{ TENON_DECR, 0, true, TENON_HIT },
	{ TENON_SET, 0, false, TENON_STORED },
	{ TENON_DELETE, 0, true, TENON_DELETED },
	{ TENON_TOUCH, 0, true, TENON_TOUCHED },
	{ TENON_SET, TENON_NOREPLY, false, TENON_SENT },
	{ TENON_DELETE, TENON_NOREPLY, true, TENON_SENT },
	{ TENON_INCR, TENON_NOREPLY, true, TENON_SENT },
};

/* Make the key as the row wants it, so that the connection is open and idle. */
static void prepare(struct real *real, size_t row)
{
	struct tenon_item one = item("k", "1");

	if (kept[row].stored) {
		ck_assert_int_eq(rig_one(&real->rig, TENON_SET, &one, 0),
				 TENON_STORED);
	} else {
		(void)rig_one(&real->rig, TENON_DELETE, &one, 0);
	}
}

/* Run the row's request, and check that it was done, also without a reply. */
static void run_kept(struct real *real, size_t row)
{
	const struct tenon_item one = { .key = TENON_LITERAL("k"),
					.value = TENON_LITERAL("2"),
					.cas = 1, .delta = 1 };

	ck_assert_int_eq(rig_one(&real->rig, kept[row].verb, &one,
				 kept[row].options),
			 kept[row].status);
	if (kept[row].options & TENON_NOREPLY) {
		int status = rig_get(&real->rig, "k");

		ck_assert_int_eq(status, kept[row].verb == TENON_DELETE
						 ? TENON_MISS
						 : TENON_HIT);
		ck_assert(kept[row].verb == TENON_DELETE ||
			  rig_value_is(&real->rig, "2"));
	}
}

START_TEST(a_request_is_not_lost_on_a_connection_that_has_ended)
{
	static const enum proxy_cut ends[] = { PROXY_END, PROXY_CLOSE,
					       PROXY_RESET };
	struct real real;

	real_start(&real, _i, RETRY_NEVER);
	for (size_t row = 0; row < COUNT(kept); row++) {
		prepare(&real, row);
		ck_assert_uint_eq(proxy_cut(real.proxy,
					    ends[row % COUNT(ends)]), 1);
		run_kept(&real, row);
	}
	real_finish(&real);
}
END_TEST

START_TEST(stray_bytes_are_no_answer_to_a_request_whose_reply_has_no_key)
{
	struct real real;

	real_start(&real, _i, RETRY_NEVER);
	for (size_t row = 0; row < COUNT(kept); row++) {
		const char *stray = strays[row % COUNT(strays)];

		prepare(&real, row);
		ck_assert_uint_eq(proxy_stray(real.proxy, stray, strlen(stray)),
				  1);
		run_kept(&real, row);
	}
	real_finish(&real);
}
END_TEST

START_TEST(with_integrity_strict_no_stray_bytes_answer_a_get)
{
	struct real real;

	real_start(&real, _i, "integrity: strict\n" RETRY_NEVER);
	ck_assert_int_eq(rig_set(&real.rig, "k", "1"), TENON_STORED);
	for (size_t i = 0; i < COUNT(strays); i++) {
		(void)proxy_stray(real.proxy, strays[i], strlen(strays[i]));
		ck_assert_int_eq(rig_get(&real.rig, "k"), TENON_HIT);
		ck_assert(rig_value_is(&real.rig, "1"));
		(void)proxy_stray(real.proxy, "VALUE k 0 1\r\n9\r\nEND\r\n", 21);
		ck_assert_int_eq(rig_get(&real.rig, "k"), TENON_HIT);
		ck_assert(rig_value_is(&real.rig, "1"));
	}
	real_finish(&real);
}
END_TEST

START_TEST(a_connection_that_was_idle_for_max_idle_is_not_used_again)
{
	struct proxy_counts counts;
	struct real real;

	real_start(&real, _i, "max_idle: 100ms\n" RETRY_NEVER);
	ck_assert_int_eq(rig_set(&real.rig, "k", "1"), TENON_STORED);
	ck_assert_int_eq(rig_get(&real.rig, "k"), TENON_HIT);
	counts = proxy_look(real.proxy);
	ck_assert_uint_eq(counts.accepted, 1);
	proxy_cut(real.proxy, PROXY_SWALLOW);
	tenon__clock_advance(IDLE_NS);
	ck_assert_int_eq(rig_get(&real.rig, "k"), TENON_HIT);
	counts = proxy_look(real.proxy);
	ck_assert_uint_eq(counts.accepted, 2);
	real_finish(&real);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cut");

	scratch_begin();
	subjects_load(TENON_KIND_TRANSPORT);
	subjects_add_tests(suite);
	subjects_add_test(
		a_noreply_request_on_a_silent_connection_is_no_sign_of_life);
	subjects_add_test(stray_bytes_behind_a_noreply_request_fail_no_request);
	subjects_add_test(
		an_error_line_behind_a_noreply_request_keeps_the_connection);
	subjects_add_test(a_request_is_not_lost_on_a_connection_that_has_ended);
	subjects_add_test(
		stray_bytes_are_no_answer_to_a_request_whose_reply_has_no_key);
	subjects_add_test(with_integrity_strict_no_stray_bytes_answer_a_get);
	subjects_add_test(
		a_connection_that_was_idle_for_max_idle_is_not_used_again);
	return suite_run(suite);
}
