/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Distribution jump: jump consistent hash (Lamping and Veach, "A Fast, Minimal Memory, Consistent
 * Hash Algorithm", 2014), as in the proxy of memcached.
 */
#include "tenon/plugin/distribution.h"

#include "../by_position.h"

#define JUMP_FACTOR UINT64_C(2862933555777941757)

struct jump {
	uint32_t server_count;
};

static int jump_build(void *self, const struct tenon_ring_server *servers,
		      uint32_t count, const struct tenon_hash *key_hash,
		      struct tenon_error *err)
{
	struct jump *jump = self;

	(void)servers;
	(void)key_hash;
	(void)err;
	jump->server_count = count;
	return 0;
}

/*
 * A key jumps from server to server while servers are added one by one. Find the last jump within
 * the servers that there are. The division rounds as the proxy's does.
 */
static uint32_t jump_locate(const void *self, const struct tenon_ring_key *key)
{
	const struct jump *jump = self;
	uint64_t hash = key->hash;
	int64_t server = 0;
	int64_t after = 0;

	while (after < jump->server_count) {
		server = after;
		hash = hash * JUMP_FACTOR + 1;
		after = (int64_t)((double)(server + 1) *
				  ((double)(INT64_C(1) << 31) /
				   (double)((hash >> 33) + 1)));
	}
	return (uint32_t)server;
}

static uint32_t jump_next(const void *self, struct tenon_ring_cursor *cursor)
{
	const struct jump *jump = self;

	if (cursor->found_count == 0) {
		return begin_scattered_walk(cursor, jump->server_count,
					    jump_locate(jump, cursor->key),
					    cursor->key->hash);
	}
	return next_by_position(cursor, jump->server_count);
}

static void jump_describe(const void *self, struct tenon_ring_traits *out)
{
	(void)self;
	out->flags = TENON_RING_NO_WEIGHT | TENON_RING_ORDERED |
		     TENON_RING_NO_NAMES;
}

static const struct tenon_distribution_ops jump_ops = {
	.size = sizeof(struct tenon_distribution_ops),
	.state_size = sizeof(struct jump),
	.build = jump_build,
	.locate = jump_locate,
	.next = jump_next,
	.describe = jump_describe,
};

TENON_PLUGIN_DEFINE(distribution_jump, .kind = TENON_KIND_DISTRIBUTION,
		    .name = "jump", .version = "1.0",
		    .summary = "jump consistent hash, as in the proxy of memcached",
		    .ops = &jump_ops)
