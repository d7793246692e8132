/* SPDX-License-Identifier: BSD-3-Clause */
/* Read a key, then show how the servers did, for people and for Prometheus. */
#include <stdio.h>
#include <tenon/health.h>

static int write_text(void *payload, const char *text, size_t len)
{
	return fwrite(text, 1, len, payload) == len ? 0 : -1;
}

static void show(const struct tenon_client *client)
{
	struct tenon_health health;

	for (size_t i = 0; i < tenon_client_server_count(client); i++) {
		tenon_client_health(client, i, &health);
		printf("%s is %s: %llu hits, median %llu ns. %s\n", health.alias,
		       tenon_server_state_name((int)health.state),
		       (unsigned long long)health.hits,
		       (unsigned long long)tenon_histogram_permille_ns(
			       &health.latency, 500),
		       health.error_text);
	}
	tenon_client_prometheus(client, write_text, stdout);
}

int main(int argc, char **argv)
{
	struct tenon_config *config;
	struct tenon_client *client = NULL;
	struct tenon_error err;
	int failed = tenon_config_create(&config, &err) ||
		     tenon_config_load_file(config, argc > 1 ? argv[1] :
					    "tenon.yaml", &err) ||
		     tenon_client_open(config, &client, &err);

	tenon_config_destroy(config);
	if (failed) {
		fprintf(stderr, "%s\n", err.message);
	} else {
		tenon_get(client, tenon_slice_of("greeting"), NULL, NULL);
		show(client);
	}
	tenon_client_close(client);
	return failed ? 2 : 0;
}
