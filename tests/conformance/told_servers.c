/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/told_servers.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tenon/tenon.h"

#define USUAL "[\"127.0.0.1:1 alias\", \"127.0.0.1:2 other\"]"
#define USUAL_POOL "gutter"

/* A client of the given servers, to ask what they are; it lives until the program ends. */
static struct tenon_client *client;

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

	if (client) {
		return;
	}
	ck_assert_msg(tenon_config_create(&config, &err) == 0 &&
			      tenon_config_set(config, "servers",
					       servers_text(), &err) == 0 &&
			      tenon_client_open(config, &client, &err) == 0,
		      "--servers: %s", err.message);
	tenon_config_destroy(config);
	atexit(close_client);
}

/* Count the servers of the main ring, or the spare ones; set *first to the index of the first. */
static size_t count_servers(bool is_spare, size_t *first)
{
	size_t all = tenon_client_server_count(client);
	struct tenon_server_info info;
	size_t ring = 0;

	while (ring < all && tenon_client_server(client, ring, &info) == 0 &&
	       info.pool[0] == '\0') {
		ring++;
	}
	*first = is_spare ? ring : 0;
	return is_spare ? all - ring : ring;
}

void servers_describe(struct tenon_failover_server *out, bool is_spare,
		      uint32_t nth)
{
	struct tenon_server_info info;
	size_t first;
	size_t count;

	*out = (struct tenon_failover_server){ .alias = "alias",
					       .host = "host",
					       .port = 11211,
					       .weight = 1,
					       .pool = is_spare };
	if (!servers_are_given()) {
		return;
	}
	open_client();
	count = count_servers(is_spare, &first);
	if (count > 0 &&
	    tenon_client_server(client, first + nth % count, &info) == 0) {
		out->alias = info.alias;
		out->weight = info.weight;
	}
}

const char *servers_pool(void)
{
	struct tenon_server_info info;
	size_t first;

	if (!servers_are_given()) {
		return USUAL_POOL;
	}
	open_client();
	return count_servers(true, &first) > 0 &&
			       tenon_client_server(client, first, &info) == 0
		       ? info.pool
		       : USUAL_POOL;
}
