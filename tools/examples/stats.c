/* SPDX-License-Identifier: BSD-3-Clause */
/* Show the statistics of every server. */
#include <stdio.h>
#include <tenon/tenon.h>

static void show(const struct tenon_result *result)
{
	struct tenon_slice name, value;
	size_t cursor = 0;

	printf("server %u: %s\n", (unsigned)result->server,
	       tenon_status_name(result->status));
	while (tenon_stat_next(result, &cursor, &name, &value)) {
		printf("  %.*s = %.*s\n", (int)name.len, (const char *)name.data,
		       (int)value.len, (const char *)value.data);
	}
}

int main(int argc, char **argv)
{
	struct tenon_config *config;
	struct tenon_client *client = NULL;
	const struct tenon_result *results = NULL;
	struct tenon_error err;
	int failed = tenon_config_create(&config, &err) ||
		     tenon_config_load_file(config, argc > 1 ? argv[1] :
					    "tenon.yaml", &err) ||
		     tenon_client_open(config, &client, &err) ||
		     tenon_run_servers(client, TENON_STATS, NULL, NULL, &results,
				       &err);

	tenon_config_destroy(config);
	if (failed) {
		fprintf(stderr, "%s\n", err.message);
	}
	for (size_t i = 0; results && i < tenon_client_server_count(client); i++) {
		show(&results[i]);
	}
	tenon_client_close(client);
	return failed ? 3 : 0;
}
