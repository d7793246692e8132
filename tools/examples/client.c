/* SPDX-License-Identifier: BSD-3-Clause */
/* Show the servers of a client, the home server of a key, and move a server. */
#include <stdio.h>
#include <tenon/tenon.h>

static void show(struct tenon_client *client, const char *key)
{
	struct tenon_server_info info;
	struct tenon_error err;
	size_t home;

	for (size_t i = 0; i < tenon_client_server_count(client); i++) {
		tenon_client_server(client, i, &info);
		printf("%s is at %s\n", info.alias, info.address);
	}
	if (tenon_client_where(client, tenon_slice_of(key), &home, &err)) {
		fprintf(stderr, "%s\n", err.message);
		return;
	}
	tenon_client_server(client, home, &info);
	printf("the home server of %s is %s\n", key, info.alias);
}

int main(void)
{
	static const char *const moved[] = {
		"127.0.0.1:11212 bert", "127.0.0.2:11211 anna",
	};
	struct tenon_config *config;
	struct tenon_client *client = NULL;
	struct tenon_error err;
	int failed = tenon_config_create(&config, &err) ||
		     tenon_config_set(config, "servers",
			"[127.0.0.1:11211 anna, 127.0.0.1:11212 bert]", &err) ||
		     tenon_client_open(config, &client, &err);

	tenon_config_destroy(config);
	if (!failed) {
		show(client, "greeting");
		failed = tenon_client_update_servers(client, moved, 2, &err);
	}
	if (failed) {
		fprintf(stderr, "%s\n", err.message);
	} else {
		show(client, "greeting"); /* anna has moved, the key has not */
	}
	tenon_client_close(client);
	return failed ? 2 : 0;
}
