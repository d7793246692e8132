/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The conditions under which the policy eject sends keys elsewhere, and the servers
 * that it chooses.
 */
#include "conformance/policy_rig.h"
#include "runner/suite.h"

#define TIMEOUT_MS 5000

static struct policy eject;

static void start(uint32_t server_count)
{
	policy_init(&eject, subject_named(TENON_KIND_FAILOVER, "eject"), NULL,
		    server_count, TIMEOUT_MS);
}

static void set_up(void)
{
	start(4);
}

static void tear_down(void)
{
	policy_fini(&eject);
}

static uint32_t route(uint32_t home, int64_t now_ms)
{
	return policy_route(&eject, home, TENON_ACCESS_READ, now_ms);
}

static void kill_server(uint32_t server, int64_t now_ms)
{
	eject.ops->on_failure(eject.self, server, TENON_ETIMEDOUT, now_ms);
}

START_TEST(keys_of_a_dead_server_go_to_the_next)
{
	kill_server(1, 1000);
	ck_assert_uint_eq(policy_route(&eject, 1, (uint32_t)_i, 1000), 2);
	ck_assert_uint_eq(eject.exptime_max_s, 0);
	ck_assert_uint_eq(policy_route(&eject, 2, (uint32_t)_i, 1000), 2);
}
END_TEST

START_TEST(dead_servers_after_the_home_server_are_passed_over)
{
	kill_server(3, 1000);
	kill_server(0, 1000);
	ck_assert_uint_eq(route(3, 1000), 1);
	ck_assert_uint_eq(route(0, 1000), 1);
}
END_TEST

START_TEST(no_server_is_chosen_when_all_are_dead)
{
	for (uint32_t server = 0; server < 4; server++) {
		kill_server(server, 1000);
	}
	ck_assert_uint_eq(route(2, 1000), TENON_NO_SERVER);
}
END_TEST

START_TEST(spare_servers_are_never_used)
{
	tear_down();
	start(1);
	kill_server(0, 1000);
	ck_assert_uint_eq(route(0, 1000), TENON_NO_SERVER);
}
END_TEST

START_TEST(a_dead_server_is_tried_again_after_retry_timeout)
{
	kill_server(1, 1000);
	ck_assert_uint_eq(route(1, 1000 + TIMEOUT_MS - 1), 2);
	ck_assert_uint_eq(route(1, 1000 + TIMEOUT_MS), 1);
	kill_server(1, 1000 + TIMEOUT_MS);
	ck_assert_uint_eq(route(1, 1000 + TIMEOUT_MS), 2);
}
END_TEST

START_TEST(success_brings_it_back)
{
	kill_server(1, 1000);
	eject.ops->on_success(eject.self, 1, 1001);
	ck_assert_uint_eq(route(1, 1001), 1);
}
END_TEST

START_TEST(a_question_has_a_bound)
{
	tear_down();
	start(1000);
	for (uint32_t server = 0; server < 999; server++) {
		kill_server(server, 1000);
	}
	/* DEAD_PASSED_MAX: the policy passes over at most 64 dead servers. */
	ck_assert_uint_eq(route(999 - 64, 1000), 999);
	ck_assert_uint_eq(route(999 - 65, 1000), TENON_NO_SERVER);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("failover_eject");
	TCase *tcase = tcase_create("states");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, keys_of_a_dead_server_go_to_the_next, 0,
			    TENON_ACCESS_COUNT);
	tcase_add_test(tcase,
		       dead_servers_after_the_home_server_are_passed_over);
	tcase_add_test(tcase, no_server_is_chosen_when_all_are_dead);
	tcase_add_test(tcase, spare_servers_are_never_used);
	tcase_add_test(tcase, a_dead_server_is_tried_again_after_retry_timeout);
	tcase_add_test(tcase, success_brings_it_back);
	tcase_add_test(tcase, a_question_has_a_bound);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
