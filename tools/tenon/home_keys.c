/* SPDX-License-Identifier: BSD-3-Clause */
#include "home_keys.h"

#include <stdlib.h>
#include <unistd.h>

#include "alloc.h"

void home_keys_find(struct tenon_client *client, char **keys)
{
	size_t count = tenon_client_server_count(client);
	size_t tries = 50 * count + 1000;

	for (size_t i = 0; i < tries; i++) {
		char *key = alloc_format("tenon-check:%d:%zu", (int)getpid(), i);
		struct tenon_item item = { .key = tenon_slice_of(key),
					   .routing_key = tenon_slice_of(key) };
		struct tenon_error err;
		size_t server = 0;

		if (tenon_client_where_item(client, &item, &server, &err) == 0 &&
		    !keys[server]) {
			keys[server] = key;
		} else {
			free(key);
		}
	}
}
