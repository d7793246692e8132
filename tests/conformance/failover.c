/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules of tenon/plugin/failover.h, tested for every failover policy. */
#include <stdlib.h>
#include <string.h>

#include "conformance/policy_rig.h"
#include "conformance/told_servers.h"
#include "fakes/random.h"
#include "plugin/kind.h"
#include "runner/suite.h"
#include "tenon/health.h"

#define RETRY_TIMEOUT_MS 5000
#define DAY_MS (24 * 3600 * 1000)

static uint32_t route(struct policy *policy, uint32_t home, int64_t now_ms)
{
	return policy_route(policy, home, TENON_ACCESS_READ, now_ms);
}

/*
 * Return the server of a home server's keys while all servers work. It is the home server, unless
 * the servers of the command line make the policy prefer another one: one of its zone, for example.
 */
static uint32_t usual(struct policy *policy, uint32_t home, int64_t now_ms)
{
	uint32_t server = route(policy, home, now_ms);

	ck_assert_msg(server == home || servers_are_given(),
		      "failover plugin '%s': the keys of server %u go to %u while all servers work",
		      policy->plugin->name, (unsigned)home, (unsigned)server);
	return server;
}

static const int statuses[] = { TENON_ECONNECT, TENON_ECLOSED,
				TENON_ETIMEDOUT, TENON_EPROTOCOL };

/* Report failures of a server until every policy has noticed. Returns the time after that. */
static int64_t kill_server(struct policy *policy, uint32_t server, int64_t now_ms)
{
	for (size_t i = 0; i < 100; i++) {
		policy->ops->on_failure(policy->self, server, statuses[i % 4],
					now_ms++);
	}
	return now_ms;
}

/* A monotonic clock may start at any value. */
static const int64_t starts_ms[] = { 0, 1, -1, INT64_MIN / 2, 1754000000000,
				     INT64_MAX / 2 };
#define STARTS_COUNT (sizeof(starts_ms) / sizeof(starts_ms[0]))

START_TEST(healthy_home_is_used)
{
	const struct tenon__plugin *plugin = subject(_i);

	for (size_t i = 0; i < STARTS_COUNT; i++) {
		struct policy policy;

		policy_init(&policy, plugin, NULL, 7, RETRY_TIMEOUT_MS);
		for (uint32_t home = 0; home < 7; home++) {
			uint32_t server = usual(&policy, home, starts_ms[i]);

			for (uint32_t access = TENON_ACCESS_READ;
			     access <= TENON_ACCESS_DELETE; access++) {
				ck_assert_subject_int(
					policy_route(&policy, home, access, starts_ms[i]), ==,
					server);
			}
			policy.ops->on_success(policy.self, server,
					       starts_ms[i]);
			ck_assert_subject_int(route(&policy, home, starts_ms[i]), ==, server);
		}
		policy_fini(&policy);
	}
}
END_TEST

START_TEST(dead_server_is_avoided_and_comes_back)
{
	const struct tenon__plugin *plugin = subject(_i);

	for (size_t i = 0; i < STARTS_COUNT; i++) {
		struct policy policy;
		int64_t now_ms = starts_ms[i];
		uint32_t dead;

		policy_init(&policy, plugin, NULL, 3, RETRY_TIMEOUT_MS);
		dead = usual(&policy, 1, now_ms);
		now_ms = kill_server(&policy, dead, now_ms);
		ck_assert_subject_int(route(&policy, 1, now_ms), !=, dead);
		now_ms += DAY_MS;
		/* The server is tried again, succeeds, and stays in use. */
		ck_assert_subject_int(route(&policy, 1, now_ms), ==, dead);
		policy.ops->on_success(policy.self, dead, now_ms);
		ck_assert_subject_int(route(&policy, 1, now_ms), ==, dead);
		ck_assert_subject_int(route(&policy, 1, now_ms + 1), ==, dead);
		policy_fini(&policy);
	}
}
END_TEST

START_TEST(server_dies_more_than_once)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct policy policy;
	int64_t now_ms = 0;
	uint32_t dead;

	policy_init(&policy, plugin, NULL, 3, RETRY_TIMEOUT_MS);
	dead = usual(&policy, 2, now_ms);
	for (int i = 0; i < 20; i++) {
		now_ms = kill_server(&policy, dead, now_ms);
		ck_assert_subject_int(route(&policy, 2, now_ms), !=, dead);
		now_ms += DAY_MS;
		ck_assert_subject_int(route(&policy, 2, now_ms), ==, dead);
		policy.ops->on_success(policy.self, dead, now_ms);
	}
	policy_fini(&policy);
}
END_TEST

START_TEST(failure_of_one_server_is_not_that_of_another)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct policy policy;
	uint32_t servers[5];
	int64_t now_ms;
	uint32_t dead;

	policy_init(&policy, plugin, NULL, 5, RETRY_TIMEOUT_MS);
	for (uint32_t home = 0; home < 5; home++) {
		servers[home] = usual(&policy, home, 0);
	}
	dead = servers[3];
	now_ms = kill_server(&policy, dead, 0);
	for (uint32_t home = 0; home < 5; home++) {
		uint32_t server = route(&policy, home, now_ms);

		ck_assert_subject((server == servers[home]) ==
					  (servers[home] != dead),
				  "server %u for home %u, which was %u before server %u died",
				  (unsigned)server, (unsigned)home,
				  (unsigned)servers[home], (unsigned)dead);
	}
	/* The success of another server does not bring it back either. */
	policy.ops->on_success(policy.self, (dead + 1) % 5, now_ms);
	ck_assert_subject_int(route(&policy, 3, now_ms), !=, dead);
	policy_fini(&policy);
}
END_TEST

START_TEST(instances_are_independent)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct policy one;
	struct policy other;
	int64_t now_ms;
	uint32_t dead;

	policy_init(&one, plugin, NULL, 2, RETRY_TIMEOUT_MS);
	policy_init(&other, plugin, NULL, 2, RETRY_TIMEOUT_MS);
	dead = usual(&one, 0, 0);
	now_ms = kill_server(&one, dead, 0);
	ck_assert_subject_int(route(&one, 0, now_ms), !=, dead);
	ck_assert_subject_int(route(&other, 0, now_ms), ==, dead);
	policy_fini(&one);
	policy_fini(&other);
}
END_TEST

START_TEST(a_policy_works_when_all_servers_are_dead)
{
	const struct tenon__plugin *plugin = subject(_i);

	for (uint32_t count = 1; count <= 40; count++) {
		struct policy policy;
		uint32_t servers[40];
		int64_t now_ms = 0;

		policy_init(&policy, plugin, NULL, count, RETRY_TIMEOUT_MS);
		for (uint32_t home = 0; home < count; home++) {
			servers[home] = usual(&policy, home, now_ms);
		}
		for (uint32_t server = 0; server < count; server++) {
			now_ms = kill_server(&policy, server, now_ms);
		}
		for (uint32_t home = 0; home < count; home++) {
			route(&policy, home, now_ms);
		}
		now_ms += DAY_MS;
		for (uint32_t home = 0; home < count; home++) {
			route(&policy, home, now_ms);
			policy.ops->on_success(policy.self, servers[home],
					       now_ms);
			ck_assert_subject_int(route(&policy, home, now_ms), ==, servers[home]);
		}
		policy_fini(&policy);
	}
}
END_TEST

START_TEST(any_history_gives_a_server_or_none)
{
	const struct tenon__plugin *plugin = subject(_i);
	uint64_t seed = 9;

	for (size_t round = 0; round < 50; round++) {
		uint32_t count = 1 + (uint32_t)(random_next(&seed) % 20);
		int64_t now_ms = starts_ms[round % STARTS_COUNT];
		struct policy policy;

		policy_init(&policy, plugin, NULL, count,
			    (int64_t)(round % 3) * RETRY_TIMEOUT_MS);
		for (size_t i = 0; i < 500; i++) {
			uint64_t dice = random_next(&seed);
			uint32_t server = (uint32_t)(dice >> 32) % count;

			now_ms += (int64_t)(dice >> 8 & 0xfff);
			if (dice % 4 == 0) {
				policy.ops->on_failure(policy.self, server,
						       statuses[dice >> 2 & 3],
						       now_ms);
			} else if (dice % 16 == 1) {
				policy.ops->on_probe(policy.self, server,
						     now_ms + 300);
			} else if (dice % 4 == 1) {
				policy.ops->on_success(policy.self, server,
						       now_ms);
			} else {
				policy_route(&policy, server,
					  (uint32_t)(dice >> 24) % 3, now_ms);
			}
		}
		policy_fini(&policy);
	}
}
END_TEST

START_TEST(same_history_gives_the_same_answers)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct policy one;
	struct policy other;
	uint64_t seed = 10;
	int64_t now_ms = 0;

	policy_init(&one, plugin, NULL, 6, RETRY_TIMEOUT_MS);
	policy_init(&other, plugin, NULL, 6, RETRY_TIMEOUT_MS);
	for (size_t i = 0; i < 5000; i++) {
		uint32_t server = (uint32_t)(random_next(&seed) % 6);

		now_ms += 100;
		ck_assert_subject_int(
			route(&one, server, now_ms), ==,
			route(&other, server, now_ms));
		if (i % 3 == 0) {
			one.ops->on_failure(one.self, server, TENON_ETIMEDOUT,
					    now_ms);
			other.ops->on_failure(other.self, server,
					      TENON_ETIMEDOUT, now_ms);
		}
	}
	policy_fini(&one);
	policy_fini(&other);
}
END_TEST

static void check_state(struct policy *policy, uint32_t server,
			int64_t now_ms, uint32_t expected)
{
	const struct tenon__plugin *plugin = policy->plugin;
	uint32_t state = policy_state(policy, server, now_ms).state;

	ck_assert_subject(state == expected,
			  "that server %u is %s (%u), expected %s (%u)",
			  (unsigned)server, tenon_server_state_name((int)state),
			  (unsigned)state,
			  tenon_server_state_name((int)expected),
			  (unsigned)expected);
}

START_TEST(the_reported_state_agrees_with_the_route)
{
	const struct tenon__plugin *plugin = subject(_i);

	for (size_t i = 0; i < STARTS_COUNT; i++) {
		struct policy policy;
		int64_t now_ms;

		policy_init(&policy, plugin, NULL, 3, RETRY_TIMEOUT_MS);
		for (uint32_t server = 0; server < 3 + policy_spares(); server++) {
			check_state(&policy, server, starts_ms[i], TENON_SERVER_UP);
		}
		now_ms = kill_server(&policy, 1, starts_ms[i]);
		if (plugin->ops.failover.state != tenon__state_up) {
			check_state(&policy, 1, now_ms, TENON_SERVER_DOWN);
			check_state(&policy, 1, now_ms + DAY_MS, TENON_SERVER_PROBING);
		}
		check_state(&policy, 0, now_ms, TENON_SERVER_UP);
		policy.ops->on_success(policy.self, 1, now_ms);
		check_state(&policy, 1, now_ms, TENON_SERVER_UP);
		policy_fini(&policy);
	}
}
END_TEST

START_TEST(asking_for_a_state_changes_no_route)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct policy watched;
	struct policy alone;
	uint64_t seed = 12;

	policy_init(&watched, plugin, NULL, 4, RETRY_TIMEOUT_MS);
	policy_init(&alone, plugin, NULL, 4, RETRY_TIMEOUT_MS);
	for (int64_t now_ms = 0; now_ms < 200000; now_ms += 100) {
		uint64_t dice = random_next(&seed);
		uint32_t server = (uint32_t)(dice >> 32) % 4;

		policy_state(&watched, server, now_ms);
		ck_assert_subject_int(
			route(&watched, server, now_ms), ==,
			route(&alone, server, now_ms));
		if (dice % 3 == 0) {
			watched.ops->on_failure(watched.self, server,
						TENON_ECONNECT, now_ms);
			alone.ops->on_failure(alone.self, server,
					      TENON_ECONNECT, now_ms);
		} else if (dice % 16 == 1) {
			watched.ops->on_success(watched.self, server, now_ms);
			alone.ops->on_success(alone.self, server, now_ms);
		}
	}
	policy_fini(&watched);
	policy_fini(&alone);
}
END_TEST

/* Kill a server, and wait until it may be tried again. Returns the time. */
static int64_t let_probe(struct policy *policy, uint32_t server, int64_t now_ms)
{
	now_ms = kill_server(policy, server, now_ms) + DAY_MS;
	if (policy->ops->state != tenon__state_up) {
		check_state(policy, server, now_ms, TENON_SERVER_PROBING);
	}
	return now_ms;
}

/* Check that the keys of server 1 avoid the probed server, or not. */
static void check_avoided(struct policy *policy, uint32_t probed, bool avoided,
			  int64_t now_ms)
{
	const struct tenon__plugin *plugin = policy->plugin;
	uint32_t server = route(policy, 1, now_ms);

	ck_assert_subject((server != probed) == avoided,
			  "server %u while another client probes server %u; on_probe is %s",
			  (unsigned)server, (unsigned)probed,
			  avoided ? "the plugin's" : "missing");
}

START_TEST(a_server_that_another_client_probes_is_avoided)
{
	const struct tenon__plugin *plugin = subject(_i);
	bool cares = plugin->ops.failover.on_probe != tenon__ignore_probe;

	for (size_t i = 0; i < STARTS_COUNT; i++) {
		struct policy policy;
		int64_t now_ms = starts_ms[i];
		uint32_t probed;
		uint32_t other;

		policy_init(&policy, plugin, NULL, 3, RETRY_TIMEOUT_MS);
		probed = usual(&policy, 1, now_ms);
		other = usual(&policy, 0, now_ms);
		now_ms = let_probe(&policy, probed, now_ms);
		policy.ops->on_probe(policy.self, probed, now_ms + 300);
		check_avoided(&policy, probed, cares, now_ms);
		check_avoided(&policy, probed, cares, now_ms + 299);
		if (other != probed) {
			ck_assert_subject_int(route(&policy, 0, now_ms), ==, other);
		}
		/* The probe's time is over, and nobody told its outcome. */
		ck_assert_subject_int(route(&policy, 1, now_ms + 300), ==, probed);
		policy_fini(&policy);
	}
}
END_TEST

START_TEST(the_outcome_of_another_clients_probe_counts)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct policy policy;
	int64_t now_ms;
	uint32_t probed;

	policy_init(&policy, plugin, NULL, 3, RETRY_TIMEOUT_MS);
	probed = usual(&policy, 1, 0);
	now_ms = let_probe(&policy, probed, 0);
	policy.ops->on_probe(policy.self, probed, now_ms + 300);
	policy.ops->on_success(policy.self, probed, now_ms + 1);
	ck_assert_subject_int(route(&policy, 1, now_ms + 1), ==, probed);
	now_ms = let_probe(&policy, probed, now_ms + 2);
	/* The news of the probe come together with its outcome. */
	policy.ops->on_probe(policy.self, probed, now_ms);
	policy.ops->on_failure(policy.self, probed, TENON_ETIMEDOUT, now_ms);
	ck_assert_subject_int(route(&policy, 1, now_ms), !=, probed);
	ck_assert_subject_int(route(&policy, 1, now_ms + DAY_MS), ==, probed);
	policy_fini(&policy);
}
END_TEST

START_TEST(a_probe_of_a_healthy_server_changes_nothing)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct policy policy;

	policy_init(&policy, plugin, NULL, 3, RETRY_TIMEOUT_MS);
	for (uint32_t server = 0; server < 3 + policy_spares(); server++) {
		policy.ops->on_probe(policy.self, server, 1000);
		check_state(&policy, server, 500, TENON_SERVER_UP);
	}
	for (uint32_t home = 0; home < 3; home++) {
		(void)usual(&policy, home, 500);
	}
	policy_fini(&policy);
}
END_TEST

START_TEST(questions_ask_for_no_memory)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct policy policy;
	size_t made;

	policy_init(&policy, plugin, NULL, 4, RETRY_TIMEOUT_MS);
	made = policy.host.made;
	for (int64_t now_ms = 0; now_ms < 1000; now_ms++) {
		route(&policy, (uint32_t)(now_ms % 4), now_ms);
	}
	ck_assert_subject_int(policy.host.made, ==, made);
	policy_fini(&policy);
}
END_TEST

static int try_init(const struct tenon__plugin *plugin, void *self,
		    const void *options, const struct watched_host *host)
{
	struct tenon_error err = { 0 };
	struct told told;
	int code;

	told_init(&told, 10, 5000);
	code = plugin->ops.failover.init(self, options, &host->table,
					 &told.setup, &err);
	told_fini(&told);
	return subject_check_reason(plugin, code, &err);
}

START_TEST(init_that_runs_out_of_memory_cleans_up)
{
	const struct tenon__plugin *plugin = subject(_i);
	const struct tenon_failover_ops *ops = &plugin->ops.failover;

	subject_check_without_memory(plugin, ops->state_size, try_init,
				     ops->fini);
}
END_TEST

int conformance_failover(void)
{
	Suite *suite = suite_create("conformance/failover");

	subjects_load(TENON_KIND_FAILOVER);
	subjects_add_tests(suite);
	subjects_add_test(healthy_home_is_used);
	subjects_add_test(dead_server_is_avoided_and_comes_back);
	subjects_add_test(server_dies_more_than_once);
	subjects_add_test(failure_of_one_server_is_not_that_of_another);
	subjects_add_test(instances_are_independent);
	subjects_add_test(a_policy_works_when_all_servers_are_dead);
	subjects_add_test(any_history_gives_a_server_or_none);
	subjects_add_test(same_history_gives_the_same_answers);
	subjects_add_test(the_reported_state_agrees_with_the_route);
	subjects_add_test(asking_for_a_state_changes_no_route);
	subjects_add_test(a_server_that_another_client_probes_is_avoided);
	subjects_add_test(the_outcome_of_another_clients_probe_counts);
	subjects_add_test(a_probe_of_a_healthy_server_changes_nothing);
	subjects_add_test(questions_ask_for_no_memory);
	subjects_add_test(init_that_runs_out_of_memory_cleans_up);
	return suite_run(suite);
}
