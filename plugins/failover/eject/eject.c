/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libmc's failover: the keys of a dead server go to the next one on the ring that
 * lives, until retry_timeout has passed since its last failure; then it is tried
 * again.
 */
#include "../dead.h"

/* Dead servers that are passed by at most: a question has a bound. */
#define PASSED_MAX 64

static int eject_init(void *self, const void *options,
		      const struct tenon_host *host,
		      const struct tenon_failover_setup *setup,
		      struct tenon_error *err)
{
	(void)options;
	return dead_init(self, host, setup, err);
}

static void eject_fini(void *self)
{
	dead_fini(self);
}

static uint32_t eject_route(void *self, struct tenon_route_query *query,
			    int64_t now_ms)
{
	uint32_t server = query->home;

	for (uint32_t nth = 1; is_dead(self, server, now_ms); nth++) {
		server = nth <= PASSED_MAX ? query->next(query, nth) :
					     TENON_NO_SERVER;
		if (server == TENON_NO_SERVER) {
			break;
		}
	}
	return server;
}

static void eject_on_failure(void *self, uint32_t server, int status,
			     int64_t now_ms)
{
	(void)status;
	dead_on_failure(self, server, now_ms);
}

static void eject_on_success(void *self, uint32_t server, int64_t now_ms)
{
	(void)now_ms;
	dead_on_success(self, server);
}

static void eject_state(const void *self, uint32_t server, int64_t now_ms,
			struct tenon_failover_state *out)
{
	dead_state(self, server, now_ms, out);
}

static const struct tenon_failover_ops eject_ops = {
	.size = sizeof(struct tenon_failover_ops),
	.state_size = sizeof(struct dead),
	.init = eject_init,
	.fini = eject_fini,
	.route = eject_route,
	.on_failure = eject_on_failure,
	.on_success = eject_on_success,
	.state = eject_state,
};

TENON_PLUGIN_DEFINE(
	failover_eject, .kind = TENON_KIND_FAILOVER, .name = "eject",
	.version = "1.0",
	.summary =
		"keys of a dead server go to the next one on the ring, as libmc does it",
	.ops = &eject_ops)
