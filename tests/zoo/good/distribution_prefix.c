/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prefix routing: "users:7" goes to a server with the label `prefix: users`. Other keys, and the keys of a
 * prefix without server, go to server 0. The walk goes round from the home server.
 */
#include <string.h>

#include "tenon/plugin/distribution.h"

#define SERVERS_MAX 16

struct prefix {
	const char *prefixes[SERVERS_MAX]; /* NULL: the server has no such label */
	uint32_t count;
};

static int prefix_labels(void *self, const struct tenon_map *const *labels,
			 uint32_t count, struct tenon_error *err)
{
	struct prefix *prefix = self;

	(void)err;
	for (uint32_t i = 0; i < count && i < SERVERS_MAX; i++) {
		prefix->prefixes[i] = tenon_map_get(labels[i], "prefix");
	}
	return 0;
}

static int prefix_build(void *self, const struct tenon_ring_server *servers,
			uint32_t count, const struct tenon_hash *key_hash,
			struct tenon_error *err)
{
	struct prefix *prefix = self;

	(void)servers;
	(void)key_hash;
	(void)err;
	prefix->count = count;
	return count <= SERVERS_MAX ? 0 : TENON_ECONFIG;
}

static uint32_t prefix_locate(const void *self,
			      const struct tenon_ring_key *key)
{
	const struct prefix *prefix = self;
	const char *end = memchr(key->key, ':', key->key_len);
	size_t len = end ? (size_t)(end - (const char *)key->key) : 0;

	for (uint32_t i = 0; i < prefix->count; i++) {
		const char *own = prefix->prefixes[i];

		if (own && strlen(own) == len &&
		    memcmp(own, key->key, len) == 0) {
			return i;
		}
	}
	return 0;
}

static uint32_t prefix_next(const void *self, struct tenon_ring_cursor *cursor)
{
	const struct prefix *prefix = self;
	uint32_t home = prefix_locate(self, cursor->key);

	return cursor->found_count < prefix->count
		       ? (home + cursor->found_count) % prefix->count
		       : TENON_NO_SERVER;
}

static const struct tenon_distribution_ops prefix_ops = {
	.size = sizeof(prefix_ops),
	.state_size = sizeof(struct prefix),
	.labels = prefix_labels,
	.build = prefix_build,
	.locate = prefix_locate,
	.next = prefix_next,
};

TENON_PLUGIN_DEFINE(distribution_prefix, .kind = TENON_KIND_DISTRIBUTION,
		    .name = "prefix", .version = "1",
		    .summary = "the prefix of a key names its server",
		    .ops = &prefix_ops)
