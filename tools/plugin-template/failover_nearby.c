/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * failover nearby: prefer the servers of one zone. A server is in zone "b" when its alias begins
 * with "b-". A key goes to the first server of the zone that is up, in the order of the ring from
 * the key's home server on. When no server of the zone is up, the key goes to the first server
 * that is. So each zone has its own copies of items, and a delete in one zone leaves the copies of
 * the other zones until they expire.
 */
#include <stddef.h>
#include <string.h>

#include <tenon/plugin/failover.h>

struct nearby_options {
	const char *zone;
};

struct server {
	uint32_t is_near;
	uint32_t failures; /* in a row; 0: the server is up */
	int64_t down_until_ms;
};

struct nearby {
	const struct tenon_host *host;
	int64_t retry_timeout_ms;
	struct server *servers;
};

static uint32_t is_near(const char *alias, const char *zone)
{
	size_t len = strlen(zone);

	return len == 0 || (strncmp(alias, zone, len) == 0 && alias[len] == '-');
}

static int nearby_init(void *self, const void *options,
		       const struct tenon_host *host,
		       const struct tenon_failover_setup *setup,
		       struct tenon_error *err)
{
	const char *zone = ((const struct nearby_options *)options)->zone;
	struct nearby *nearby = self;
	uint32_t near_count = 0;

	nearby->host = host;
	nearby->retry_timeout_ms = setup->retry_timeout_ms;
	nearby->servers =
		host->alloc(host->context, (size_t)setup->server_count *
						   sizeof(*nearby->servers));
	if (!nearby->servers) {
		return host->set_error(err, TENON_ENOMEM, "out of memory");
	}
	for (uint32_t i = 0; i < setup->server_count; i++) {
		nearby->servers[i].is_near = is_near(setup->servers[i].alias, zone);
		near_count += nearby->servers[i].is_near;
	}
	if (near_count == 0) {
		return host->set_error(err, TENON_ECONFIG,
				       "zone '%s': no server has an alias that begins with '%s-'",
				       zone, zone);
	}
	return 0;
}

static void nearby_fini(void *self)
{
	struct nearby *nearby = self;

	if (nearby->host) {
		nearby->host->free(nearby->host->context, nearby->servers);
		nearby->servers = NULL;
	}
}

static uint32_t nearby_route(void *self, struct tenon_route_query *query,
			     int64_t now_ms)
{
	const struct nearby *nearby = self;
	uint32_t any = TENON_NO_SERVER;
	uint32_t server = query->home;

	for (uint32_t nth = 1; server != TENON_NO_SERVER;
	     server = query->next(query, nth++)) {
		const struct server *at = &nearby->servers[server];

		if (at->failures > 0 && now_ms < at->down_until_ms) {
			continue;
		}
		if (at->is_near) {
			return server;
		}
		if (any == TENON_NO_SERVER) {
			any = server;
		}
	}
	return any;
}

static void nearby_on_failure(void *self, uint32_t server, int status,
			      int64_t now_ms)
{
	struct nearby *nearby = self;
	struct server *at = &nearby->servers[server];

	(void)status;
	at->failures += at->failures < UINT32_MAX;
	at->down_until_ms = now_ms + nearby->retry_timeout_ms;
}

static void nearby_on_success(void *self, uint32_t server, int64_t now_ms)
{
	struct nearby *nearby = self;

	(void)now_ms;
	nearby->servers[server].failures = 0;
}

static void nearby_state(const void *self, uint32_t server, int64_t now_ms,
			 struct tenon_failover_state *out)
{
	const struct nearby *nearby = self;
	const struct server *at = &nearby->servers[server];

	if (at->failures > 0) {
		out->state = now_ms < at->down_until_ms ? TENON_SERVER_DOWN :
							  TENON_SERVER_PROBING;
		out->failures = at->failures;
		out->down_until_ms = at->down_until_ms;
	}
}

static const struct tenon_option nearby_rows[] = {
	{ .name = "zone", .type = TENON_OPTION_STRING, .max = 100,
	  .offset = offsetof(struct nearby_options, zone), .def_text = "",
	  .help = "near servers have an alias that begins with this and a hyphen; \"\": all servers are near" },
	{ .name = NULL },
};

static const struct tenon_failover_ops nearby_ops = {
	.size = sizeof(struct tenon_failover_ops),
	.state_size = sizeof(struct nearby),
	.init = nearby_init,
	.fini = nearby_fini,
	.route = nearby_route,
	.on_failure = nearby_on_failure,
	.on_success = nearby_on_success,
	.state = nearby_state,
};

TENON_PLUGIN_DEFINE(failover_nearby,
	.kind = TENON_KIND_FAILOVER,
	.name = "nearby",
	.version = "1.0",
	.summary = "prefers the servers of one zone",
	.ops = &nearby_ops,
	.options = nearby_rows,
	.options_bytes = sizeof(struct nearby_options))
