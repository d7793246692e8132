/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keys of a dead server go to a spare pool, where nothing lives longer than
 * gutter_ttl, until retry_timeout has passed since its last failure; then it is
 * tried again.
 */
#include <stddef.h>
#include <string.h>

#include "../dead.h"

/* Dead servers of the pool that are passed by at most: a question has a bound. */
#define PASSED_MAX 64
/* Longest name of a pool, as in `servers:`. */
#define POOL_NAME_MAX_BYTES 60
/* Longest exptime that memcached takes as relative. */
#define TTL_MAX_S (30 * 24 * 3600)

struct gutter_options {
	const char *pool;
	int64_t ttl_s;
};

struct gutter {
	struct dead dead; /* first */
	uint32_t pool;
	uint32_t ttl_s;
};

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
		"option 'pool': no server is in a pool '%s', expected one such as {address: host:port, pool: %s} in `servers:`",
		name, name);
}

static int gutter_init(void *self, const void *options,
		       const struct tenon_host *host,
		       const struct tenon_failover_setup *setup,
		       struct tenon_error *err)
{
	const struct gutter_options *chosen = options;
	struct gutter *gutter = self;
	int code = dead_init(&gutter->dead, host, setup, err);

	gutter->ttl_s = (uint32_t)chosen->ttl_s;
	return code ? code : find_pool(gutter, chosen->pool, setup, err);
}

static void gutter_fini(void *self)
{
	dead_fini(self);
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
	for (uint32_t nth = 0; nth <= PASSED_MAX; nth++) {
		server = query->spare(query, gutter->pool, nth);
		if (server == TENON_NO_SERVER ||
		    !is_dead(&gutter->dead, server, now_ms)) {
			return server;
		}
	}
	return TENON_NO_SERVER;
}

static void gutter_on_failure(void *self, uint32_t server, int status,
			      int64_t now_ms)
{
	struct gutter *gutter = self;

	(void)status;
	dead_on_failure(&gutter->dead, server, now_ms);
}

static void gutter_on_success(void *self, uint32_t server, int64_t now_ms)
{
	struct gutter *gutter = self;

	(void)now_ms;
	dead_on_success(&gutter->dead, server);
}

static void gutter_state(const void *self, uint32_t server, int64_t now_ms,
			 struct tenon_failover_state *out)
{
	const struct gutter *gutter = self;

	dead_state(&gutter->dead, server, now_ms, out);
}

static const struct tenon_option gutter_options[] = {
	{ .name = "pool",
	  .type = TENON_OPTION_STRING,
	  .offset = offsetof(struct gutter_options, pool),
	  .min = 1,
	  .max = POOL_NAME_MAX_BYTES,
	  .def_text = "gutter",
	  .help = "spare pool that keys of a dead server go to" },
	{ .name = "gutter_ttl",
	  .type = TENON_OPTION_DURATION,
	  .unit = TENON_UNIT_S,
	  .offset = offsetof(struct gutter_options, ttl_s),
	  .min = 1,
	  .max = TTL_MAX_S,
	  .def = 60,
	  .help = "longest life of what is stored or touched there" },
	{ .name = NULL },
};

static const struct tenon_failover_ops gutter_ops = {
	.size = sizeof(struct tenon_failover_ops),
	.state_size = sizeof(struct gutter),
	.init = gutter_init,
	.fini = gutter_fini,
	.route = gutter_route,
	.on_failure = gutter_on_failure,
	.on_success = gutter_on_success,
	.state = gutter_state,
};

TENON_PLUGIN_DEFINE(
	failover_gutter, .kind = TENON_KIND_FAILOVER, .name = "gutter",
	.version = "1.0",
	.summary =
		"keys of a dead server go to a spare pool, where they do not live long",
	.ops = &gutter_ops, .options_bytes = sizeof(struct gutter_options),
	.options = gutter_options)
