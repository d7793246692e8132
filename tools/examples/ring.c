/* SPDX-License-Identifier: BSD-3-Clause */
/* Show the servers of a key, and the share of keys that move when the config changes. */
#include <stdio.h>
#include <tenon/ring.h>

static int open_client(const char *path, struct tenon_client **out,
		       struct tenon_error *err)
{
	struct tenon_config *config;
	int code = tenon_config_create(&config, err);

	if (!code) {
		code = tenon_config_load_file(config, path, err);
	}
	if (!code) {
		code = tenon_client_open(config, out, err);
	}
	tenon_config_destroy(config);
	return code;
}

static int show_route(struct tenon_client *client, struct tenon_error *err)
{
	const struct tenon_item greeting = {
		.key = tenon_slice_of("greeting"),
	};
	struct tenon_route route;
	int code = tenon_client_route(client, &greeting, &route, err);

	for (size_t i = 0; i < route.server_count; i++) {
		struct tenon_server_info server;

		if (tenon_client_server(client, route.servers[i], &server) ==
		    0) {
			printf("%s %s\n", i == 0 ? "home" : "next",
			       server.alias);
		}
	}
	return code;
}

static int show_moves(struct tenon_client *before, struct tenon_client *after,
		      struct tenon_error *err)
{
	struct tenon_diff *diff;
	struct tenon_diff_sums sums;
	int code = tenon_diff_open(before, after, &diff, err);

	if (!code) {
		code = tenon_diff_simulate(diff, 100000, 1, err);
	}
	if (!code) {
		tenon_diff_sums(diff, &sums);
		printf("%.1f%% of the keys move\n",
		       100.0 * (double)sums.moved / (double)sums.keys);
	}
	tenon_diff_close(diff);
	return code;
}

int main(int argc, char **argv)
{
	struct tenon_client *before = NULL, *after = NULL;
	struct tenon_error err;
	int failed = open_client(argc > 1 ? argv[1] : "old.yaml", &before,
				 &err) ||
		     open_client(argc > 2 ? argv[2] : "new.yaml", &after,
				 &err) ||
		     show_route(before, &err) || show_moves(before, after, &err);

	if (failed) {
		fprintf(stderr, "%s\n", err.message);
	}
	tenon_client_close(before);
	tenon_client_close(after);
	return failed ? 3 : 0;
}
