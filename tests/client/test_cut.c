/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections that a proxy cuts, or sends stray bytes on, behind noreply requests: no server
 * is marked, and no request fails that was not sent.
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
	return suite_run(suite);
}
