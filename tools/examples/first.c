/* SPDX-License-Identifier: BSD-3-Clause */
/* Store a value and read it back. */
#include <stdio.h>
#include <tenon/tenon.h>

int main(int argc, char **argv)
{
	struct tenon_config *config;
	struct tenon_client *client;
	struct tenon_error err;
	struct tenon_result result;
	const struct tenon_item item = {
		.key = tenon_slice_of("greeting"),
		.value = tenon_slice_of("hello, cluster"),
		.exptime = 60, /* seconds */
	};

	if (tenon_config_create(&config, &err) ||
	    tenon_config_load_file(config, argc > 1 ? argv[1] : "tenon.yaml",
				   &err) ||
	    tenon_client_open(config, &client, &err)) {
		fprintf(stderr, "%s\n", err.message);
		return 2;
	}
	tenon_config_destroy(config); /* the client does not need it */

	if (tenon_set(client, &item, NULL, &err) ||
	    tenon_get(client, item.key, &result, &err)) {
		fprintf(stderr, "%s\n", err.message); /* says which server */
		tenon_client_close(client);
		return 3;
	}
	if (result.status == TENON_HIT) {
		printf("%s\n", result.value);
	}
	tenon_client_close(client);
	return 0;
}
