/* SPDX-License-Identifier: BSD-3-Clause */
/* The times at which the policy none gives up a server and tries it again. */
#include "conformance/policy_rig.h"
#include "runner/suite.h"

#define TIMEOUT_MS 5000

static struct policy none;

static void start_with(const char *options, int64_t retry_timeout_ms)
{
	policy_init(&none, subject_named(TENON_KIND_FAILOVER, "none"), options,
		    4, retry_timeout_ms);
}

static void start(int64_t retry_timeout_ms)
{
	start_with(NULL, retry_timeout_ms);
}

static void set_up(void)
{
	start(TIMEOUT_MS);
}

static void tear_down(void)
{
	policy_fini(&none);
}

static uint32_t route(uint32_t home, int64_t now_ms)
{
	return policy_route(&none, home, TENON_ACCESS_READ, now_ms);
}

static void kill_server(uint32_t server, int64_t now_ms)
{
	none.ops->on_failure(none.self, server, TENON_ECONNECT, now_ms);
}

START_TEST(one_failure_is_enough)
{
	static const int statuses[] = { TENON_ECONNECT, TENON_ECLOSED,
					TENON_ETIMEDOUT, TENON_EPROTOCOL };

	none.ops->on_failure(none.self, 2, statuses[_i], 1000);
	ck_assert_uint_eq(route(2, 1000), TENON_NO_SERVER);
}
END_TEST

START_TEST(server_is_tried_again_when_retry_timeout_has_passed)
{
	kill_server(1, 1000);
	ck_assert_uint_eq(route(1, 1000 + TIMEOUT_MS - 1), TENON_NO_SERVER);
	ck_assert_uint_eq(route(1, 1000 + TIMEOUT_MS), 1);
}
END_TEST

START_TEST(retry_timeout_is_counted_from_last_failure)
{
	kill_server(1, 1000);
	kill_server(1, 3000);
	ck_assert_uint_eq(route(1, 1000 + TIMEOUT_MS), TENON_NO_SERVER);
	ck_assert_uint_eq(route(1, 3000 + TIMEOUT_MS), 1);
}
END_TEST

START_TEST(failed_retry_is_another_failure)
{
	kill_server(1, 1000);
	ck_assert_uint_eq(route(1, 6000), 1);
	kill_server(1, 6001);
	ck_assert_uint_eq(route(1, 6001), TENON_NO_SERVER);
	ck_assert_uint_eq(route(1, 6001 + TIMEOUT_MS), 1);
}
END_TEST

START_TEST(until_a_retry_ends_every_key_is_sent)
{
	kill_server(1, 1000);
	ck_assert_uint_eq(route(1, 6000), 1);
	ck_assert_uint_eq(route(1, 6000), 1);
}
END_TEST

START_TEST(success_forgets_the_failure)
{
	kill_server(1, 1000);
	none.ops->on_success(none.self, 1, 1001);
	ck_assert_uint_eq(route(1, 1001), 1);
}
END_TEST

START_TEST(other_servers_stay_in_use)
{
	kill_server(1, 1000);
	ck_assert_uint_eq(route(0, 1000), 0);
	ck_assert_uint_eq(route(2, 1000), 2);
	ck_assert_uint_eq(route(3, 1000), 3);
}
END_TEST

START_TEST(no_retry_timeout_means_never_dead)
{
	tear_down();
	start(0);
	kill_server(1, 1000);
	ck_assert_uint_eq(route(1, 1000), 1);
}
END_TEST

START_TEST(time_may_be_negative)
{
	kill_server(1, -100000);
	ck_assert_uint_eq(route(1, -100000), TENON_NO_SERVER);
	ck_assert_uint_eq(route(1, -100000 + TIMEOUT_MS), 1);
}
END_TEST

START_TEST(time_does_not_overflow)
{
	kill_server(1, INT64_MAX - 10);
	ck_assert_uint_eq(route(1, INT64_MAX - 10), TENON_NO_SERVER);
	tear_down();
	start(INT64_MAX);
	kill_server(1, 1000);
	ck_assert_uint_eq(route(1, INT64_MAX - 1), TENON_NO_SERVER);
}
END_TEST

START_TEST(reads_writes_and_deletes_are_treated_alike)
{
	kill_server(1, 1000);
	ck_assert_uint_eq(policy_route(&none, 1, (uint32_t)_i, 1000),
			  TENON_NO_SERVER);
	ck_assert_uint_eq(none.exptime_max_s, 0);
}
END_TEST

START_TEST(the_policy_reports_its_state)
{
	struct tenon_failover_state state;

	kill_server(1, 1000);
	kill_server(1, 2000);
	state = policy_state(&none, 1, 3000);
	ck_assert_uint_eq(state.state, TENON_SERVER_DOWN);
	ck_assert_uint_eq(state.failures, 2);
	ck_assert_int_eq(state.down_until_ms, 2000 + TIMEOUT_MS);
	state = policy_state(&none, 1, 2000 + TIMEOUT_MS);
	ck_assert_uint_eq(state.state, TENON_SERVER_PROBING);
	none.ops->on_success(none.self, 1, 8000);
	state = policy_state(&none, 1, 8000);
	ck_assert_uint_eq(state.state, TENON_SERVER_UP);
	ck_assert_uint_eq(state.failures, 0);
}
END_TEST

/* ---- options ---------------------------------------------------------------- */

static void restart(const char *options)
{
	tear_down();
	start_with(options, TIMEOUT_MS);
}

static uint32_t state_of(uint32_t server, int64_t now_ms)
{
	return policy_state(&none, server, now_ms).state;
}

START_TEST(a_server_is_dead_after_as_many_failures_as_the_option_says)
{
	restart("{failures: 3}");
	kill_server(1, 1000);
	kill_server(1, 2000);
	ck_assert_uint_eq(route(1, 2000), 1);
	ck_assert_uint_eq(state_of(1, 2000), TENON_SERVER_UP);
	ck_assert_uint_eq(policy_state(&none, 1, 2000).failures, 2);
	kill_server(1, 3000);
	ck_assert_uint_eq(route(1, 3000), TENON_NO_SERVER);
	/* one more failure is enough when the server is tried again */
	ck_assert_uint_eq(route(1, 3000 + TIMEOUT_MS), 1);
	kill_server(1, 8001);
	ck_assert_uint_eq(route(1, 8001), TENON_NO_SERVER);
}
END_TEST

START_TEST(only_failures_in_a_row_are_counted)
{
	restart("{failures: 2}");
	for (int64_t now_ms = 1000; now_ms < 9000; now_ms += 10) {
		kill_server(1, now_ms);
		ck_assert_uint_eq(route(1, now_ms), 1);
		none.ops->on_success(none.self, 1, now_ms + 1);
	}
}
END_TEST

START_TEST(a_late_server_has_a_retry_time_of_its_own)
{
	static const int statuses[] = { TENON_ECONNECT, TENON_ECLOSED,
					TENON_EPROTOCOL };

	restart("{late_retry: 100ms}");
	none.ops->on_failure(none.self, 1, TENON_ETIMEDOUT, 1000);
	ck_assert_uint_eq(route(1, 1099), TENON_NO_SERVER);
	ck_assert_uint_eq(route(1, 1100), 1);
	for (uint32_t i = 0; i < 3; i++) {
		none.ops->on_failure(none.self, i, statuses[i], 2000);
		ck_assert_uint_eq(route(i, 2000 + TIMEOUT_MS - 1),
				  TENON_NO_SERVER);
		ck_assert_uint_eq(route(i, 2000 + TIMEOUT_MS), i);
	}
	/* without the option, retry_timeout counts for all failures */
	restart(NULL);
	none.ops->on_failure(none.self, 1, TENON_ETIMEDOUT, 1000);
	ck_assert_uint_eq(route(1, 1000 + TIMEOUT_MS - 1), TENON_NO_SERVER);
}
END_TEST

/* dead.h: DEAD_FAILURES_MAX, dead.h: DEAD_RETRY_MAX_MS */
START_TEST(options_have_largest_values)
{
	subject_option_ends_at(none.plugin, "failures", "1000", "1001");
	subject_option_ends_at(none.plugin, "late_retry", "24h", "86400001ms");
}
END_TEST

/* ---- clocks and probes ------------------------------------------------------ */

START_TEST(a_clock_that_jumps_back_kills_no_server)
{
	kill_server(1, 1000000);
	/* an operation may ask with the time of its beginning */
	ck_assert_uint_eq(route(1, 1000000 - TIMEOUT_MS), TENON_NO_SERVER);
	ck_assert_uint_eq(route(1, 1000000 - TIMEOUT_MS - 1), 1);
	ck_assert_uint_eq(route(1, INT64_MIN), 1);
	ck_assert_uint_eq(state_of(1, 0), TENON_SERVER_PROBING);
}
END_TEST

START_TEST(a_probe_may_be_longer_than_the_retry_time)
{
	tear_down();
	start(10);
	kill_server(1, 1000);
	none.ops->on_probe(none.self, 1, 1310);
	ck_assert_uint_eq(route(1, 1010), TENON_NO_SERVER);
	ck_assert_uint_eq(route(1, 1309), TENON_NO_SERVER);
	ck_assert_uint_eq(route(1, 1310), 1);
	ck_assert_uint_eq(route(1, 900), 1);
}
END_TEST

START_TEST(a_server_that_is_never_dead_is_used_during_a_probe)
{
	tear_down();
	start(0);
	kill_server(1, 1000);
	none.ops->on_probe(none.self, 1, 1300);
	ck_assert_uint_eq(route(1, 1000), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("failover_none");
	TCase *tcase = tcase_create("states");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, one_failure_is_enough, 0, 4);
	tcase_add_test(tcase,
		       server_is_tried_again_when_retry_timeout_has_passed);
	tcase_add_test(tcase, retry_timeout_is_counted_from_last_failure);
	tcase_add_test(tcase, failed_retry_is_another_failure);
	tcase_add_test(tcase, until_a_retry_ends_every_key_is_sent);
	tcase_add_test(tcase, success_forgets_the_failure);
	tcase_add_test(tcase, other_servers_stay_in_use);
	tcase_add_test(tcase, no_retry_timeout_means_never_dead);
	tcase_add_test(tcase, time_may_be_negative);
	tcase_add_test(tcase, time_does_not_overflow);
	tcase_add_loop_test(tcase, reads_writes_and_deletes_are_treated_alike,
			    0, TENON_ACCESS_COUNT);
	tcase_add_test(tcase, the_policy_reports_its_state);
	tcase_add_test(
		tcase,
		a_server_is_dead_after_as_many_failures_as_the_option_says);
	tcase_add_test(tcase, only_failures_in_a_row_are_counted);
	tcase_add_test(tcase, a_late_server_has_a_retry_time_of_its_own);
	tcase_add_test(tcase, options_have_largest_values);
	tcase_add_test(tcase, a_clock_that_jumps_back_kills_no_server);
	tcase_add_test(tcase, a_probe_may_be_longer_than_the_retry_time);
	tcase_add_test(tcase,
		       a_server_that_is_never_dead_is_used_during_a_probe);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
