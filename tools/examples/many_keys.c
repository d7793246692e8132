/* SPDX-License-Identifier: BSD-3-Clause */
/* Count a visit, then read several keys with one call that takes 50 ms at most. */
#include <stdio.h>
#include <tenon/tenon.h>

static int count_visit(struct tenon_client *client, struct tenon_error *err)
{
	const struct tenon_item first = {
		.key = tenon_slice_of("visits"),
		.value = tenon_slice_of("1"),
	};
	struct tenon_result result;

	if (tenon_incr(client, first.key, 1, &result, err)) {
		return -1;
	}
	return result.status == TENON_MISS ?
		tenon_add(client, &first, NULL, err) : 0;
}

static void read_keys(struct tenon_client *client, struct tenon_error *err)
{
	const struct tenon_item items[] = {
		{ .key = tenon_slice_of("visits") },
		{ .key = tenon_slice_of("greeting") },
	};
	const struct tenon_call call = { .size = sizeof(call),
					 .timeout_ms = 50 };
	const struct tenon_result *results;

	if (tenon_run(client, TENON_GET, items, 2, &call, &results, err)) {
		fprintf(stderr, "%s\n", err->message); /* the first error */
	}
	for (int i = 0; results && i < 2; i++) {
		printf("%s: %s %s\n", (const char *)items[i].key.data,
		       tenon_status_name(results[i].status),
		       results[i].value ? results[i].value : "");
	}
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
	failed = failed || count_visit(client, &err);
	if (failed) {
		fprintf(stderr, "%s\n", err.message);
	} else {
		read_keys(client, &err);
	}
	tenon_client_close(client);
	return failed ? 3 : 0;
}
