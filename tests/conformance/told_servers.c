/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/told_servers.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/ring.h"
#include "tenon/tenon.h"

#define USUAL "[\"127.0.0.1:1 alias\", \"127.0.0.1:2 other\"]"
#define USUAL_POOL "gutter"

/* A client of the given servers, to ask what they are; it lives until the program ends. */
static struct tenon_client *client;

/* The pools of the client. Its servers stand pool by pool, those of the main ring first. */
static struct {
	const char *name;
	size_t first; /* index of the first server */
	size_t count; /* of servers */
} pools[TENON_SERVER_POOL_MAX_COUNT];
static uint32_t pool_count;

bool servers_are_given(void)
{
	return getenv(SERVERS_VARIABLE) != NULL;
}

const char *servers_text(void)
{
	return servers_are_given() ? getenv(SERVERS_VARIABLE) : USUAL;
}

static void close_client(void)
{
	tenon_client_close(client);
}

static void open_client(void)
{
	struct tenon_config *config;
	struct tenon_error err = { 0 };

	ck_assert_msg(tenon_config_create(&config, &err) == 0 &&
			      tenon_config_set(config, "servers",
					       servers_text(), &err) == 0 &&
			      tenon_client_open(config, &client, &err) == 0,
		      "--servers %s: %s", servers_text(), err.message);
	tenon_config_destroy(config);
	atexit(close_client);
}

/* Find the pools of the servers that are given. */
static void find_pools(void)
{
	struct tenon_server_info info;

	pools[0].name = "";
	pools[1].name = USUAL_POOL;
	pool_count = 1;
	if (!servers_are_given()) {
		pool_count = 2;
		return;
	}
	open_client();
	for (size_t i = 0; tenon_client_server(client, i, &info) == 0; i++) {
		if (strcmp(pools[pool_count - 1].name, info.pool) != 0) {
			pools[pool_count].name = info.pool;
			pools[pool_count++].first = i;
		}
		pools[pool_count - 1].count++;
	}
	pool_count = pool_count < 2 ? 2 : pool_count;
}

uint32_t servers_pool_count(void)
{
	if (pool_count == 0) {
		find_pools();
	}
	return pool_count;
}

const char *servers_pool(uint32_t pool)
{
	return pool < servers_pool_count() ? pools[pool].name : "";
}

void servers_describe(struct tenon_failover_server *out, uint32_t pool,
		      uint32_t nth)
{
	struct tenon_server_info info;

	*out = (struct tenon_failover_server){ .alias = "alias",
					       .host = "host",
					       .port = 11211,
					       .weight = 1,
					       .pool = pool };
	if (pool < servers_pool_count() && pools[pool].count > 0 &&
	    tenon_client_server(client,
				pools[pool].first + nth % pools[pool].count,
				&info) == 0) {
		out->alias = info.alias;
		out->weight = info.weight;
	}
}
