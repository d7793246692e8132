/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Uses the services of the host: shared memory, metrics and the log. A key that begins with '!' goes
 * to the server after its home.
 */
#include "tenon/plugin/failover.h"

#include "good.h"

struct counts {
	const struct tenon_host *host;
	struct good_shared *shared;
	struct tenon_metric *instances, *routed, *last;
};

static int counts_init(void *self, const void *options,
		       const struct tenon_host *host,
		       const struct tenon_failover_setup *setup,
		       struct tenon_error *err)
{
	struct counts *counts = self;

	(void)options;
	counts->host = host;
	for (uint32_t i = 0; setup->labels && i < setup->server_count; i++) {
		const char *zone = tenon_map_get(setup->labels[i], "zone");

		host->logf(host->context, TENON_LOG_DEBUG, "server %s: zone %s",
			   setup->servers[i].alias, zone ? zone : "unknown");
	}
	counts->shared = host->shared(host->context, sizeof(*counts->shared));
	counts->instances = host->metric(host->context, "instances_total",
					 TENON_METRIC_COUNTER,
					 "Instances that were made.");
	counts->routed = host->metric(host->context, "routed_total",
				      TENON_METRIC_COUNTER,
				      "Keys that were routed.");
	counts->last = host->metric(host->context, "last_key_len",
				    TENON_METRIC_GAUGE,
				    "Bytes of the last key.");
	if (!counts->shared || !counts->instances || !counts->routed ||
	    !counts->last) {
		return host->set_error(err, TENON_ENOMEM, "out of memory");
	}
	host->metric_add(counts->instances, 1);
	host->logf(host->context, TENON_LOG_DEBUG, "%u instances",
		   atomic_fetch_add(&counts->shared->instances, 1) + 1);
	return 0;
}

static uint32_t counts_route(void *self, struct tenon_route_query *query,
			     int64_t now_ms)
{
	struct counts *counts = self;
	const char *key = query->key->key;

	(void)now_ms;
	counts->host->metric_add(counts->routed, 1);
	counts->host->metric_set(counts->last, (int64_t)query->key->key_len);
	return query->key->key_len > 0 && key[0] == '!' ? query->next(query, 1)
							: query->home;
}

static void counts_on_failure(void *self, uint32_t server, int status,
			      int64_t now_ms)
{
	(void)self;
	(void)server;
	(void)status;
	(void)now_ms;
}

static void counts_on_success(void *self, uint32_t server, int64_t now_ms)
{
	(void)self;
	(void)server;
	(void)now_ms;
}

static const struct tenon_failover_ops counts_ops = {
	.size = sizeof(counts_ops),
	.state_size = sizeof(struct counts),
	.init = counts_init,
	.route = counts_route,
	.on_failure = counts_on_failure,
	.on_success = counts_on_success,
};

TENON_PLUGIN_DEFINE(failover_counts, .kind = TENON_KIND_FAILOVER,
		    .name = "counts", .version = "1",
		    .summary = "counts what it does", .ops = &counts_ops)
