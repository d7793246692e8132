/* SPDX-License-Identifier: BSD-3-Clause */
/* Refuses every key. */
#include "tenon/plugin/failover.h"

static uint32_t refuse_route(void *self, struct tenon_route_query *query,
			     int64_t now_ms)
{
	(void)self;
	(void)query;
	(void)now_ms;
	return TENON_ROUTE_REFUSED;
}

static void refuse_on_failure(void *self, uint32_t server, int status,
			      int64_t now_ms)
{
	(void)self;
	(void)server;
	(void)status;
	(void)now_ms;
}

static void refuse_on_success(void *self, uint32_t server, int64_t now_ms)
{
	(void)self;
	(void)server;
	(void)now_ms;
}

static const struct tenon_failover_ops refuse_ops = {
	.size = sizeof(refuse_ops),
	.route = refuse_route,
	.on_failure = refuse_on_failure,
	.on_success = refuse_on_success,
};

TENON_PLUGIN_DEFINE(failover_refuse, .kind = TENON_KIND_FAILOVER,
		    .name = "refuse", .version = "1",
		    .summary = "refuses every key", .ops = &refuse_ops)
