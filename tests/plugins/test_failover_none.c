/* SPDX-License-Identifier: BSD-3-Clause */
/* The times at which the policy none gives up a server and tries it again. */
#include "conformance/policy_rig.h"
#include "runner/suite.h"

#define TIMEOUT_MS 5000

static struct policy none;

static void start(int64_t retry_timeout_ms)
{
	policy_init(&none, subject_named(TENON_KIND_FAILOVER, "none"), NULL, 4,
		    retry_timeout_ms);
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
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
