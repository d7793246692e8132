/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Policy eject, libmc's failover: the keys of a dead server go to the next server on the ring
 * that is alive. When retry_timeout has passed since the server's last failure, its keys are
 * sent to it again.
 */
#include "../dead.h"

static uint32_t eject_route(void *self, struct tenon_route_query *query,
			    int64_t now_ms)
{
	uint32_t server = query->home;

	for (uint32_t nth = 1; is_dead(self, server, now_ms); nth++) {
		server = nth <= DEAD_PASSED_MAX ? query->next(query, nth) :
						  TENON_NO_SERVER;
		if (server == TENON_NO_SERVER) {
			break;
		}
	}
	return server;
}

static const struct tenon_option eject_options[] = {
	DEAD_OPTION_ROWS,
	{ .name = NULL },
};

static const struct tenon_failover_ops eject_ops = {
	.size = sizeof(struct tenon_failover_ops),
	.state_size = sizeof(struct dead),
	.init = dead_init,
	.fini = dead_fini,
	.route = eject_route,
	.on_failure = dead_on_failure,
	.on_success = dead_on_success,
	.state = dead_state,
	.on_probe = dead_on_probe,
};

TENON_PLUGIN_DEFINE(
	failover_eject, .kind = TENON_KIND_FAILOVER, .name = "eject",
	.version = "1.0",
	.summary =
		"keys of a dead server go to the next server on the ring, as in libmc",
	.ops = &eject_ops, .options_bytes = sizeof(struct dead_options),
	.options = eject_options)
