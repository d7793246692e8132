/* SPDX-License-Identifier: BSD-3-Clause */
/* The times and states of the policy backoff. */
#include <string.h>

#include "conformance/policy_rig.h"
#include "runner/suite.h"

/* Two of the four servers may be out. */
#define RING 4
#define EXACT "failure_limit: 3, min: 1s, max: 10s, jitter: 0"

static struct policy backoff;

static void start(const char *options)
{
	policy_init(&backoff, subject_named(TENON_KIND_FAILOVER, "backoff"),
		    options, RING, 5000);
}

static void restart(const char *options)
{
	policy_fini(&backoff);
	start(options);
}

static void set_up(void)
{
	start("{" EXACT "}");
}

static void tear_down(void)
{
	policy_fini(&backoff);
}

static uint32_t route(uint32_t home, int64_t now_ms)
{
	return policy_route(&backoff, home, TENON_ACCESS_READ, now_ms);
}

static void failures(uint32_t server, unsigned times, int64_t now_ms)
{
	for (unsigned i = 0; i < times; i++) {
		backoff.ops->on_failure(backoff.self, server, TENON_ETIMEDOUT,
					now_ms);
	}
}

static void succeed(uint32_t server, int64_t now_ms)
{
	backoff.ops->on_success(backoff.self, server, now_ms);
}

START_TEST(a_server_leaves_the_ring_at_the_limit)
{
	failures(1, 2, 1000);
	ck_assert_uint_eq(route(1, 1000), 1);
	failures(1, 1, 1000);
	ck_assert_uint_eq(route(1, 1000), 2);
}
END_TEST

START_TEST(every_kind_of_failure_counts)
{
	static const int statuses[] = { TENON_ECONNECT, TENON_ECLOSED,
					TENON_ETIMEDOUT, TENON_EPROTOCOL };

	for (int i = 0; i < 3; i++) {
		backoff.ops->on_failure(backoff.self, 1, statuses[_i], 1000);
	}
	ck_assert_uint_eq(route(1, 1000), 2);
}
END_TEST

START_TEST(only_failures_in_a_row_count)
{
	for (int i = 0; i < 100; i++) {
		failures(1, 2, 1000);
		succeed(1, 1000);
	}
	ck_assert_uint_eq(route(1, 1000), 1);
}
END_TEST

START_TEST(one_probe_goes_out_and_no_other_key)
{
	failures(1, 3, 1000);
	ck_assert_uint_eq(route(1, 1999), 2);
	ck_assert_uint_eq(route(1, 2000), 1);
	for (int i = 0; i < 10; i++) {
		ck_assert_uint_eq(route(1, 2000 + i), 2);
	}
	succeed(1, 2020);
	ck_assert_uint_eq(route(1, 2020), 1);
	ck_assert_uint_eq(route(1, 2020), 1);
}
END_TEST

START_TEST(a_probe_that_comes_to_nothing_is_followed_by_another)
{
	failures(1, 3, 1000);
	ck_assert_uint_eq(route(1, 2000), 1);
	ck_assert_uint_eq(route(1, 2999), 2);
	ck_assert_uint_eq(route(1, 3000), 1);
	ck_assert_uint_eq(route(1, 3000), 2);
}
END_TEST

START_TEST(each_failed_probe_makes_the_time_longer_up_to_max)
{
	static const int64_t expected_ms[] = { 1000, 2000, 4000, 8000, 10000,
					       10000 };
	int64_t now_ms = 0;

	failures(1, 3, now_ms);
	for (size_t i = 0; i < sizeof(expected_ms) / sizeof(*expected_ms);
	     i++) {
		ck_assert_uint_eq(route(1, now_ms + expected_ms[i] - 1), 2);
		now_ms += expected_ms[i];
		ck_assert_uint_eq(route(1, now_ms), 1);
		failures(1, 1, now_ms);
	}
	/* a success makes the time short again */
	now_ms += 10000;
	ck_assert_uint_eq(route(1, now_ms), 1);
	succeed(1, now_ms);
	failures(1, 3, now_ms);
	ck_assert_uint_eq(route(1, now_ms + 999), 2);
	ck_assert_uint_eq(route(1, now_ms + 1000), 1);
}
END_TEST

START_TEST(the_factor_is_an_option)
{
	restart("{" EXACT ", factor: 5}");
	failures(1, 3, 0);
	ck_assert_uint_eq(route(1, 1000), 1);
	failures(1, 1, 1000);
	ck_assert_uint_eq(route(1, 5999), 2);
	ck_assert_uint_eq(route(1, 6000), 1);
}
END_TEST

START_TEST(jitter_makes_times_shorter_and_different)
{
	int64_t last_ms = 0;
	bool differ = false;

	restart("{failure_limit: 1, min: 10s, max: 10s, jitter: 40, max_ejected: 100}");
	for (uint32_t server = 0; server < RING; server++) {
		struct tenon_failover_state state;

		failures(server, 1, 0);
		state = policy_state(&backoff, server, 0);
		ck_assert_int_ge(state.down_until_ms, 6000);
		ck_assert_int_le(state.down_until_ms, 10000);
		differ |= server > 0 && last_ms != state.down_until_ms;
		last_ms = state.down_until_ms;
	}
	ck_assert(differ);
}
END_TEST

START_TEST(no_more_than_max_ejected_percent_are_out)
{
	failures(0, 3, 1000);
	failures(1, 3, 1000);
	failures(2, 100, 1000);
	ck_assert_uint_eq(route(0, 1000), 2);
	ck_assert_uint_eq(route(1, 1000), 2);
	ck_assert_uint_eq(route(2, 1000), 2);
	/* one server is back, so the third may be out, at its next failure */
	succeed(0, 1000);
	ck_assert_uint_eq(route(2, 1000), 2);
	failures(2, 1, 1000);
	ck_assert_uint_eq(route(2, 1000), 3);
}
END_TEST

/* The option as a percentage of four servers. */
static const struct {
	const char *options;
	unsigned out;
} limits[] = {
	{ "{failure_limit: 1, max_ejected: 0}", 0 },
	{ "{failure_limit: 1, max_ejected: 24}", 0 },
	{ "{failure_limit: 1, max_ejected: 25}", 1 },
	{ "{failure_limit: 1, max_ejected: 99}", 3 },
	{ "{failure_limit: 1, max_ejected: 100}", 4 },
};

START_TEST(the_percentage_is_rounded_down)
{
	unsigned out = 0;

	restart(limits[_i].options);
	for (uint32_t server = 0; server < RING; server++) {
		failures(server, 1, 1000);
		out += policy_state(&backoff, server, 1000).state ==
			TENON_SERVER_DOWN;
	}
	ck_assert_uint_eq(out, limits[_i].out);
	ck_assert((route(0, 1000) == TENON_NO_SERVER) == (out == RING));
}
END_TEST

START_TEST(spare_servers_do_not_count)
{
	failures(RING, 10, 1000);
	failures(RING + 1, 10, 1000);
	failures(0, 3, 1000);
	failures(1, 3, 1000);
	ck_assert_uint_eq(route(0, 1000), 2);
	ck_assert_uint_eq(route(1, 1000), 2);
}
END_TEST

START_TEST(results_from_another_policy_count_for_a_server_that_is_out)
{
	/* a failure that another policy reports is no probe */
	failures(1, 3, 1000);
	failures(1, 5, 1500);
	ck_assert_uint_eq(route(1, 2000), 1);
	/* a success is a probe */
	failures(1, 1, 2000);
	succeed(1, 2001);
	ck_assert_uint_eq(route(1, 2001), 1);
}
END_TEST

START_TEST(the_policy_reports_its_states)
{
	struct tenon_failover_state state;

	failures(1, 2, 1000);
	state = policy_state(&backoff, 1, 1000);
	ck_assert_uint_eq(state.state, TENON_SERVER_UP);
	ck_assert_uint_eq(state.failures, 2);
	failures(1, 1, 1000);
	state = policy_state(&backoff, 1, 1000);
	ck_assert_uint_eq(state.state, TENON_SERVER_DOWN);
	ck_assert_uint_eq(state.failures, 3);
	ck_assert_int_eq(state.down_until_ms, 2000);
	ck_assert_uint_eq(policy_state(&backoff, 1, 2000).state,
			  TENON_SERVER_PROBING);
	route(1, 2000);
	ck_assert_uint_eq(policy_state(&backoff, 1, 2001).state,
			  TENON_SERVER_PROBING);
}
END_TEST

/* backoff.c: PASSED_MAX */
START_TEST(route_passes_over_64_servers_out_of_the_ring_at_most)
{
	policy_fini(&backoff);
	policy_init(&backoff, subject_named(TENON_KIND_FAILOVER, "backoff"),
		    "{failure_limit: 1, max_ejected: 100}", 1000, 5000);
	for (uint32_t server = 0; server < 999; server++) {
		failures(server, 1, 1000);
	}
	ck_assert_uint_eq(route(999 - 64, 1000), 999);
	ck_assert_uint_eq(route(999 - 65, 1000), TENON_NO_SERVER);
}
END_TEST

/* backoff.c: FAILURES_MAX, backoff.c: OUT_MAX_MS, backoff.c: FACTOR_MAX */
START_TEST(each_option_has_a_largest_value)
{
	const struct tenon__plugin *plugin = backoff.plugin;

	subject_option_ends_at(plugin, "failures", "1000", "1001");
	subject_option_ends_at(plugin, "failure_limit", "1000", "1001");
	subject_option_ends_at(plugin, "max: 24h, min", "24h", "86400001ms");
	subject_option_ends_at(plugin, "max", "24h", "86400001ms");
	subject_option_ends_at(plugin, "factor", "100", "101");
	subject_option_ends_at(plugin, "jitter", "100", "101");
	subject_option_ends_at(plugin, "max_ejected", "100", "101");
}
END_TEST

START_TEST(min_above_max_is_refused)
{
	struct tenon_error err = { 0 };
	void *options = NULL;

	ck_assert_int_eq(subject_options_read(backoff.plugin,
					      "{min: 2s, max: 1s}",
					      &backoff.host, &options, &err),
			 TENON_ECONFIG);
	ck_assert_ptr_nonnull(strstr(err.message, "option 'min' is longer than option 'max'"));
}
END_TEST

START_TEST(failures_has_the_old_name_failure_limit_too)
{
	static const char *const same[] = { "{failures: 2}",
					    "{failure_limit: 2}",
					    "{failures: 9, failure_limit: 2}" };

	restart(same[_i]);
	failures(1, 1, 1000);
	ck_assert_uint_eq(route(1, 1000), 1);
	failures(1, 1, 1000);
	ck_assert_uint_eq(route(1, 1000), 2);
}
END_TEST

START_TEST(probes_of_other_clients_make_the_time_longer_too)
{
	failures(1, 3, 0);
	backoff.ops->on_probe(backoff.self, 1, 1300);
	ck_assert_uint_eq(route(1, 1000), 2);
	failures(1, 1, 1300);
	ck_assert_uint_eq(route(1, 3299), 2);
	/* three more probes that the client hears of late, with the time of the last */
	for (int i = 0; i < 3; i++) {
		backoff.ops->on_probe(backoff.self, 1, 20000);
		failures(1, 1, 20000);
	}
	ck_assert_uint_eq(route(1, 29999), 2);
	ck_assert_uint_eq(route(1, 30000), 1);
}
END_TEST

START_TEST(a_clock_that_jumps_back_keeps_no_server_out)
{
	failures(1, 3, 1000000);
	/* an operation may ask with the time of its beginning */
	ck_assert_uint_eq(route(1, 1000000 - 1000), 2);
	ck_assert_uint_eq(route(1, 1000000 - 1001), 1);
	/* the next probe is due after min of the new time */
	ck_assert_uint_eq(route(1, 1000000 - 1001), 2);
	ck_assert_uint_eq(route(1, 1000000 - 1), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("failover_backoff");
	TCase *tcase = tcase_create("states");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_server_leaves_the_ring_at_the_limit);
	tcase_add_loop_test(tcase, every_kind_of_failure_counts, 0, 4);
	tcase_add_test(tcase, only_failures_in_a_row_count);
	tcase_add_test(tcase, one_probe_goes_out_and_no_other_key);
	tcase_add_test(tcase,
		       a_probe_that_comes_to_nothing_is_followed_by_another);
	tcase_add_test(tcase,
		       each_failed_probe_makes_the_time_longer_up_to_max);
	tcase_add_test(tcase, the_factor_is_an_option);
	tcase_add_test(tcase, jitter_makes_times_shorter_and_different);
	tcase_add_test(tcase, no_more_than_max_ejected_percent_are_out);
	tcase_add_loop_test(tcase, the_percentage_is_rounded_down, 0, 5);
	tcase_add_test(tcase, spare_servers_do_not_count);
	tcase_add_test(tcase,
		       results_from_another_policy_count_for_a_server_that_is_out);
	tcase_add_test(tcase, the_policy_reports_its_states);
	tcase_add_test(tcase, min_above_max_is_refused);
	tcase_add_test(tcase,
		       route_passes_over_64_servers_out_of_the_ring_at_most);
	tcase_add_test(tcase, each_option_has_a_largest_value);
	tcase_add_loop_test(tcase,
			    failures_has_the_old_name_failure_limit_too, 0, 3);
	tcase_add_test(tcase, probes_of_other_clients_make_the_time_longer_too);
	tcase_add_test(tcase, a_clock_that_jumps_back_keeps_no_server_out);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
