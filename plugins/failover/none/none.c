/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Policy none: no failover, as is libmc's default. While a server is dead its keys fail at
 * once; when retry_timeout has passed since its last failure, keys are sent to it again. The
 * ring never changes.
 */
#include "../dead.h"

static uint32_t none_route(void *self, struct tenon_route_query *query,
			   int64_t now_ms)
{
	return is_dead(self, query->home, now_ms) ? TENON_NO_SERVER :
						    query->home;
}

static const struct tenon_option none_options[] = {
	DEAD_OPTION_ROWS,
	{ .name = NULL },
};

static const struct tenon_failover_ops none_ops = {
	.size = sizeof(struct tenon_failover_ops),
	.state_size = sizeof(struct dead),
	.init = dead_init,
	.fini = dead_fini,
	.route = none_route,
	.on_failure = dead_on_failure,
	.on_success = dead_on_success,
	.state = dead_state,
	.on_probe = dead_on_probe,
};

TENON_PLUGIN_DEFINE(
	failover_none, .kind = TENON_KIND_FAILOVER, .name = "none",
	.version = "1.0",
	.summary =
		"keys of a dead server fail at once until retry_timeout has passed",
	.ops = &none_ops, .options_bytes = sizeof(struct dead_options),
	.options = none_options)
