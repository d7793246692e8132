/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * No failover, libmc's default: the keys of a dead server fail at once until
 * retry_timeout has passed since its last failure; then it is tried again. The
 * ring never changes.
 */
#include "../dead.h"

static int none_init(void *self, const void *options,
		     const struct tenon_host *host,
		     const struct tenon_failover_setup *setup,
		     struct tenon_error *err)
{
	(void)options;
	return dead_init(self, host, setup, err);
}

static void none_fini(void *self)
{
	dead_fini(self);
}

static uint32_t none_route(void *self, struct tenon_route_query *query,
			   int64_t now_ms)
{
	return is_dead(self, query->home, now_ms) ? TENON_NO_SERVER :
						    query->home;
}

static void none_on_failure(void *self, uint32_t server, int status,
			    int64_t now_ms)
{
	(void)status;
	dead_on_failure(self, server, now_ms);
}

static void none_on_success(void *self, uint32_t server, int64_t now_ms)
{
	(void)now_ms;
	dead_on_success(self, server);
}

static void none_state(const void *self, uint32_t server, int64_t now_ms,
		       struct tenon_failover_state *out)
{
	dead_state(self, server, now_ms, out);
}

static const struct tenon_failover_ops none_ops = {
	.size = sizeof(struct tenon_failover_ops),
	.state_size = sizeof(struct dead),
	.init = none_init,
	.fini = none_fini,
	.route = none_route,
	.on_failure = none_on_failure,
	.on_success = none_on_success,
	.state = none_state,
};

TENON_PLUGIN_DEFINE(
	failover_none, .kind = TENON_KIND_FAILOVER, .name = "none",
	.version = "1.0",
	.summary =
		"a dead server fails its keys until retry_timeout has passed",
	.ops = &none_ops)
