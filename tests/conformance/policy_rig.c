/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/policy_rig.h"

#include <stdlib.h>
#include <string.h>

#include "conformance/told_servers.h"

uint32_t policy_spares(void)
{
	return (servers_pool_count() - 1) * SPARES;
}

void told_init(struct told *told, uint32_t ring_count,
	       int64_t retry_timeout_ms)
{
	uint32_t all = ring_count + policy_spares();

	*told = (struct told){ .servers = calloc(all, sizeof(*told->servers)) };
	ck_assert_ptr_nonnull(told->servers);
	for (uint32_t pool = 0; pool < servers_pool_count(); pool++) {
		told->pools[pool] = servers_pool(pool);
	}
	for (uint32_t i = 0; i < all; i++) {
		bool is_spare = i >= ring_count;
		uint32_t spare = is_spare ? i - ring_count : 0;

		servers_describe(&told->servers[i],
				 is_spare ? 1 + spare / SPARES : 0,
				 is_spare ? spare % SPARES : i);
	}
	told->setup = (struct tenon_failover_setup){
		.size = sizeof(told->setup),
		.server_count = all,
		.retry_timeout_ms = retry_timeout_ms,
		.servers = told->servers,
		.pools = told->pools,
		.pool_count = servers_pool_count(),
	};
}

void told_fini(struct told *told)
{
	memset(told->servers, 0x55,
	       told->setup.server_count * sizeof(*told->servers));
	free(told->servers);
	memset(told, 0x55, sizeof(*told));
}

void policy_init(struct policy *policy, const struct tenon__plugin *plugin,
		 const char *options, uint32_t server_count,
		 int64_t retry_timeout_ms)
{
	struct tenon_error err = { 0 };
	struct told told;

	*policy = (struct policy){
		.plugin = plugin,
		.ops = &plugin->ops.failover,
		.server_count = server_count,
	};
	told_init(&told, server_count, retry_timeout_ms);
	watched_host_init(&policy->host);
	if (!options) {
		policy->options = subject_options(plugin, &policy->host);
	} else {
		ck_assert_msg(subject_options_read(plugin, options,
						   &policy->host,
						   &policy->options,
						   &err) == 0,
			      "failover plugin '%s' refuses %s: %s",
			      plugin->name, options, err.message);
	}
	policy->self = subject_state(policy->ops->state_size);
	ck_assert_msg(policy->ops->init(policy->self, policy->options,
					&policy->host.table, &told.setup,
					&err) == 0,
		      "failover plugin '%s': init: %s", plugin->name,
		      err.message);
	told_fini(&told);
}

void policy_fini(struct policy *policy)
{
	const struct tenon__plugin *plugin = policy->plugin;

	policy->ops->fini(policy->self);
	ck_assert_subject_int(policy->host.live, ==, 0);
	free(policy->self);
	subject_options_free(plugin, policy->options);
}

/* A query together with its ring and its spare pool. */
struct question {
	struct tenon_route_query query; /* must be first: next() gets a pointer to it */
	uint32_t server_count;
	uint32_t asked; /* calls of next() and spare() */
};

static uint32_t question_next(const struct tenon_route_query *query,
			      uint32_t nth)
{
	struct question *question = (struct question *)(uintptr_t)query;

	ck_assert_msg(nth >= 1, "%s: next() of number %u, expected 1 or more",
		      subject_now(), (unsigned)nth);
	question->asked++;
	return nth < question->server_count ?
		       (query->home + nth) % question->server_count :
		       TENON_NO_SERVER;
}

static uint32_t question_spare(const struct tenon_route_query *query,
			       uint32_t pool, uint32_t nth)
{
	struct question *question = (struct question *)(uintptr_t)query;

	ck_assert_msg(pool >= 1, "%s: spare() of pool %u, expected 1 or more",
		      subject_now(), (unsigned)pool);
	question->asked++;
	return pool < servers_pool_count() && nth < SPARES ?
		question->server_count + (pool - 1) * SPARES +
			(query->home + nth) % SPARES :
		TENON_NO_SERVER;
}

/* The longest exptime that memcached takes as relative. */
#define EXPTIME_MAX_S (30u * 24 * 3600)

uint32_t policy_route(struct policy *policy, uint32_t home, uint32_t access,
		      int64_t now_ms)
{
	const struct tenon__plugin *plugin = policy->plugin;
	static const struct tenon_ring_key key = { .hash = 7,
						   .key = "key",
						   .key_len = 3 };
	uint32_t all = policy->server_count + policy_spares();
	struct question question = {
		.query = { .home = home,
			   .access = access,
			   .key = &key,
			   .next = question_next,
			   .spare = question_spare },
		.server_count = policy->server_count,
	};
	uint32_t server = policy->ops->route(policy->self, &question.query,
					     now_ms);

	ck_assert_subject(server < all || server == TENON_NO_SERVER ||
				  server == TENON_ROUTE_REFUSED,
			  "server %u of %u", (unsigned)server, (unsigned)all);
	/* The policy must not change the query. */
	ck_assert_subject_int(question.query.home, ==, home);
	ck_assert_subject_int(question.query.access, ==, access);
	ck_assert_subject_int(question.query.exptime_max_s, <=, EXPTIME_MAX_S);
	/* A policy may ask for each server of the rings twice. */
	ck_assert_subject_int(question.asked, <=, 2 * (all + 1));
	policy->exptime_max_s = question.query.exptime_max_s;
	return server;
}

struct tenon_failover_state policy_state(struct policy *policy,
					 uint32_t server, int64_t now_ms)
{
	const struct tenon__plugin *plugin = policy->plugin;
	struct tenon_failover_state state = { .state = TENON_SERVER_UP };

	policy->ops->state(policy->self, server, now_ms, &state);
	ck_assert_subject_int(state.state, <=, TENON_SERVER_PROBING);
	if (state.state == TENON_SERVER_DOWN) {
		ck_assert_subject_int(state.down_until_ms, >, now_ms);
		ck_assert_subject_int(state.failures, >, 0);
	}
	return state;
}
