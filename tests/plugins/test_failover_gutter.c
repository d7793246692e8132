/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The conditions under which the policy gutter sends keys to its spare pool, and the
 * exptime there.
 */
#include <stdlib.h>
#include <string.h>

#include "conformance/policy_rig.h"
#include "runner/suite.h"

#define TIMEOUT_MS 5000
#define RING 4

static struct policy gutter;

static void start(const char *options)
{
	policy_init(&gutter, subject_named(TENON_KIND_FAILOVER, "gutter"),
		    options, RING, TIMEOUT_MS);
}

static void set_up(void)
{
	start("{gutter_ttl: 7s}");
}

static void tear_down(void)
{
	policy_fini(&gutter);
}

static uint32_t route(uint32_t home, int64_t now_ms)
{
	return policy_route(&gutter, home, TENON_ACCESS_READ, now_ms);
}

static void kill_server(uint32_t server, int64_t now_ms)
{
	gutter.ops->on_failure(gutter.self, server, TENON_ECLOSED, now_ms);
}

START_TEST(keys_of_a_dead_server_go_to_the_pool_with_a_short_life)
{
	kill_server(1, 1000);
	ck_assert_uint_eq(policy_route(&gutter, 1, (uint32_t)_i, 1000),
			  RING + 1);
	ck_assert_uint_eq(gutter.exptime_max_s, 7);
	/* keys of other servers keep their server and their exptime */
	ck_assert_uint_eq(policy_route(&gutter, 2, (uint32_t)_i, 1000), 2);
	ck_assert_uint_eq(gutter.exptime_max_s, 0);
}
END_TEST

START_TEST(the_pool_has_a_default_time_to_live)
{
	tear_down();
	start(NULL);
	kill_server(1, 1000);
	route(1, 1000);
	ck_assert_uint_eq(gutter.exptime_max_s, 60);
}
END_TEST

START_TEST(dead_servers_of_the_pool_are_passed_over)
{
	kill_server(1, 1000);
	kill_server(RING + 1, 1000);
	ck_assert_uint_eq(route(1, 1000), RING + 2);
	kill_server(RING + 2, 1000);
	ck_assert_uint_eq(route(1, 1000), RING);
	kill_server(RING, 1000);
	ck_assert_uint_eq(route(1, 1000), TENON_NO_SERVER);
	ck_assert_uint_eq(route(1, 1000 + TIMEOUT_MS), 1);
}
END_TEST

static uint32_t no_server(const struct tenon_route_query *query, uint32_t nth)
{
	(void)query;
	(void)nth;
	return TENON_NO_SERVER;
}

/* The spare pool has every server except the home server, which is server 0. */
static uint32_t large_pool(const struct tenon_route_query *query, uint32_t pool,
			   uint32_t nth)
{
	(void)query;
	(void)pool;
	return 1 + nth;
}

/* DEAD_PASSED_MAX */
START_TEST(route_passes_over_64_dead_servers_of_the_pool_at_most)
{
	struct tenon_route_query query = {
		.next = no_server,
		.spare = large_pool,
	};

	tear_down();
	policy_init(&gutter, subject_named(TENON_KIND_FAILOVER, "gutter"), NULL,
		    100, TIMEOUT_MS);
	for (uint32_t server = 0; server <= 64; server++) {
		kill_server(server, 1000);
	}
	ck_assert_uint_eq(gutter.ops->route(gutter.self, &query, 1000), 65);
	kill_server(65, 1000);
	ck_assert_uint_eq(gutter.ops->route(gutter.self, &query, 1000),
			  TENON_NO_SERVER);
}
END_TEST

/* gutter.c: POOL_NAME_MAX_BYTES, gutter.c: TTL_MAX_S */
START_TEST(each_option_has_a_largest_value)
{
	char name[62];

	memset(name, 'p', 61);
	name[61] = '\0';
	subject_option_ends_at(gutter.plugin, "pool", name + 1, name);
	subject_option_ends_at(gutter.plugin, "gutter_ttl", "720h", "2592001s");
}
END_TEST

START_TEST(a_dead_server_is_tried_again_after_retry_timeout)
{
	kill_server(1, 1000);
	ck_assert_uint_eq(route(1, 1000 + TIMEOUT_MS - 1), RING + 1);
	ck_assert_uint_eq(route(1, 1000 + TIMEOUT_MS), 1);
	gutter.ops->on_success(gutter.self, 1, 1000);
	ck_assert_uint_eq(route(1, 1000), 1);
}
END_TEST

START_TEST(a_pool_that_does_not_exist_is_refused)
{
	const struct tenon_failover_ops *ops = gutter.ops;
	struct tenon_error err = { 0 };
	void *options;
	struct told told;
	void *self = subject_state(ops->state_size);

	ck_assert_int_eq(subject_options_read(gutter.plugin, "{pool: nine}",
					      &gutter.host, &options, &err),
			 0);
	told_init(&told, RING, TIMEOUT_MS);
	ck_assert_int_eq(ops->init(self, options, &gutter.host.table,
				   &told.setup, &err),
			 TENON_ECONFIG);
	ck_assert_str_eq(
		err.message,
		"option 'pool': no server is in pool 'nine'; add one to `servers:`, such as {address: host:port, pool: nine}");
	ops->fini(self);
	free(self);
	told_fini(&told);
	subject_options_free(gutter.plugin, options);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("failover_gutter");
	TCase *tcase = tcase_create("states");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(
		tcase, keys_of_a_dead_server_go_to_the_pool_with_a_short_life,
		0, TENON_ACCESS_COUNT);
	tcase_add_test(tcase, the_pool_has_a_default_time_to_live);
	tcase_add_test(tcase, dead_servers_of_the_pool_are_passed_over);
	tcase_add_test(tcase, a_dead_server_is_tried_again_after_retry_timeout);
	tcase_add_test(tcase, a_pool_that_does_not_exist_is_refused);
	tcase_add_test(tcase,
		       route_passes_over_64_dead_servers_of_the_pool_at_most);
	tcase_add_test(tcase, each_option_has_a_largest_value);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
