/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Policy gutter: the keys of a dead server go to a spare server pool, where items live no longer
 * than gutter_ttl. When retry_timeout has passed since the server's last failure, its keys are
 * sent to it again.
 */
#include <stddef.h>
#include <string.h>

#include "../dead.h"

/* Longest name of a server pool, the same as in `servers:`. */
#define POOL_NAME_MAX_BYTES 60
/* Largest relative exptime: memcached reads a larger exptime as UNIX time. */
#define TTL_MAX_S (30 * 24 * 3600)

struct gutter_options {
	struct dead_options dead; /* first, as dead.h requires */
	const char *pool;
	int64_t ttl_s;
};

struct gutter {
	struct dead dead; /* first, as dead.h requires */
	uint32_t pool;    /* index of the spare pool */
	uint32_t ttl_s;
};

/* Find the spare pool by its name. Errors: TENON_ECONFIG when no server is in it. */
static int find_pool(struct gutter *gutter, const char *name,
		     const struct tenon_failover_setup *setup,
		     struct tenon_error *err)
{
	for (uint32_t pool = 1; pool < setup->pool_count; pool++) {
		if (strcmp(setup->pools[pool], name) == 0) {
			gutter->pool = pool;
			return 0;
		}
	}
	return gutter->dead.host->set_error(
		err, TENON_ECONFIG,
		"option 'pool': no server is in pool '%s'; add one to `servers:`, such as {address: host:port, pool: %s}",
		name, name);
}

static int gutter_init(void *self, const void *options,
		       const struct tenon_host *host,
		       const struct tenon_failover_setup *setup,
		       struct tenon_error *err)
{
	const struct gutter_options *chosen = options;
	struct gutter *gutter = self;
	int code = dead_init(self, options, host, setup, err);

	gutter->ttl_s = (uint32_t)chosen->ttl_s;
	return code ? code : find_pool(gutter, chosen->pool, setup, err);
}

static uint32_t gutter_route(void *self, struct tenon_route_query *query,
			     int64_t now_ms)
{
	const struct gutter *gutter = self;
	uint32_t server;

	if (!is_dead(&gutter->dead, query->home, now_ms)) {
		return query->home;
	}
	query->exptime_max_s = gutter->ttl_s;
	for (uint32_t nth = 0; nth <= DEAD_PASSED_MAX; nth++) {
		server = query->spare(query, gutter->pool, nth);
		if (server == TENON_NO_SERVER ||
		    !is_dead(&gutter->dead, server, now_ms)) {
			return server;
		}
	}
	return TENON_NO_SERVER;
}

static const struct tenon_option gutter_options[] = {
	{ .name = "pool",
	  .type = TENON_OPTION_STRING,
	  .offset = offsetof(struct gutter_options, pool),
	  .min = 1,
	  .max = POOL_NAME_MAX_BYTES,
	  .def_text = "gutter",
	  .help = "spare server pool that the keys of a dead server go to" },
	{ .name = "gutter_ttl",
	  .type = TENON_OPTION_DURATION,
	  .unit = TENON_UNIT_S,
	  .offset = offsetof(struct gutter_options, ttl_s),
	  .min = 1,
	  .max = TTL_MAX_S,
	  .def = 60,
	  .help = "longest exptime of items that are stored or touched in the spare pool" },
	DEAD_OPTION_ROWS,
	{ .name = NULL },
};

static const struct tenon_failover_ops gutter_ops = {
	.size = sizeof(struct tenon_failover_ops),
	.state_size = sizeof(struct gutter),
	.init = gutter_init,
	.fini = dead_fini,
	.route = gutter_route,
	.on_failure = dead_on_failure,
	.on_success = dead_on_success,
	.state = dead_state,
	.on_probe = dead_on_probe,
};

TENON_PLUGIN_DEFINE(
	failover_gutter, .kind = TENON_KIND_FAILOVER, .name = "gutter",
	.version = "1.0",
	.summary =
		"keys of a dead server go to a spare server pool, where items expire soon",
	.ops = &gutter_ops, .options_bytes = sizeof(struct gutter_options),
	.options = gutter_options)
