/* SPDX-License-Identifier: BSD-3-Clause */
/* List the plugins, and show how the value of a key is stored. */
#include <stdio.h>
#include <tenon/introspect.h>

static void show_plugin(const struct tenon_plugin_info *info, void *payload)
{
	(void)payload;
	printf("%s %s: %zu options. %s\n", info->kind, info->name,
	       info->option_count, info->problem);
}

static int show_items(struct tenon_client *client, struct tenon_error *err)
{
	const struct tenon_item greeting = {
		.key = tenon_slice_of("greeting"),
	};
	struct tenon_stored stored;
	int code = tenon_client_stored(client, &greeting, &stored, err);

	for (size_t i = 0; i < stored.item_count; i++) {
		const struct tenon_stored_item *item = &stored.items[i];

		printf("%.*s: %s, %llu bytes on server %u\n",
		       (int)item->key.len, (const char *)item->key.data,
		       tenon_status_name(item->status),
		       (unsigned long long)item->value_bytes,
		       (unsigned)item->server);
	}
	return code;
}

int main(int argc, char **argv)
{
	struct tenon_config *config;
	struct tenon_client *client = NULL;
	struct tenon_error err;
	int failed = tenon_config_create(&config, &err) ||
		     tenon_config_load_file(config, argc > 1 ? argv[1] :
					    "tenon.yaml", &err) ||
		     tenon_config_each_plugin(config, show_plugin, NULL, &err) ||
		     tenon_client_open(config, &client, &err);

	tenon_config_destroy(config);
	failed = failed || show_items(client, &err);
	if (failed) {
		fprintf(stderr, "%s\n", err.message);
	}
	tenon_client_close(client);
	return failed ? 3 : 0;
}
