/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_client.h"

#include <stdlib.h>

static int add_servers(struct tenon_config *config,
		       const struct address *servers, size_t count,
		       struct tenon_error *err)
{
	int code = 0;

	for (size_t i = 0; i < count && !code; i++) {
		char *address = alloc_format("%s:%u", servers[i].host,
					     servers[i].port);

		code = tenon_config_add_server(config, address, NULL, 1, err);
		free(address);
	}
	return code;
}

struct tenon_config *config_open(const struct address *servers, size_t count,
				 struct tenon_error *err)
{
	struct tenon_config *config;

	if (tenon_config_create(&config, err) != 0) {
		return NULL;
	}
	if (add_servers(config, servers, count, err) != 0 ||
	    tenon_config_set(config, "connect_timeout", "5s", err) != 0 ||
	    tenon_config_set(config, "poll_timeout", "10s", err) != 0) {
		tenon_config_destroy(config);
		return NULL;
	}
	return config;
}

struct tenon_client *client_open(const struct address *servers, size_t count,
				 const struct config_key *keys,
				 struct tenon_error *err)
{
	struct tenon_config *config = config_open(servers, count, err);
	struct tenon_client *client = NULL;
	int code = config ? 0 : err->code;

	for (; !code && keys && keys->key; keys++) {
		code = tenon_config_set(config, keys->key, keys->value, err);
	}
	if (!code) {
		tenon_client_open(config, &client, err);
	}
	tenon_config_destroy(config);
	return client;
}
