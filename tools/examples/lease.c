/* SPDX-License-Identifier: BSD-3-Clause */
/* Let one of all callers ask the database, when a popular key has expired. */
#include <stdio.h>
#include <tenon/lease.h>

struct page {
	int id;
	char text[64];
};

/* Ask the database. Called only when no other program is asking for this key. */
static int render(void *user, struct tenon_item *item)
{
	struct page *page = user;
	int len = snprintf(page->text, sizeof(page->text), "page %d",
			   page->id);

	item->value = (struct tenon_slice){ page->text, (size_t)len };
	return 0;
}

int main(int argc, char **argv)
{
	/* 10 s for the database; the old page is good enough for a minute more */
	const struct tenon_lease lease = { .size = sizeof(lease),
					   .lease_s = 10,
					   .exptime = 300,
					   .stale_for_s = 60 };
	struct page page = { .id = 7 };
	struct tenon_config *config;
	struct tenon_client *client = NULL;
	struct tenon_result result;
	struct tenon_error err;

	if (argc != 2 || tenon_config_create(&config, &err) != 0) {
		return 2;
	}
	int code = tenon_config_load_file(config, argv[1], &err);
	if (!code) {
		code = tenon_config_set(config, "protocol", "meta", &err);
	}
	if (!code) {
		code = tenon_client_open(config, &client, &err);
	}
	if (!code) {
		code = tenon_fetch(client, tenon_slice_of("page:7"), &lease,
				   render, &page, &result, &err);
	}
	if (code) {
		fprintf(stderr, "lease: %s\n", err.message);
	} else {
		printf("%s%s\n", result.value,
		       result.marks & TENON_MARK_WON ? ", made anew" : "");
	}
	tenon_client_close(client);
	tenon_config_destroy(config);
	return code ? 1 : 0;
}
