/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/ring_rig.h"

#include <stdlib.h>

#include "cluster/ring.h"

void ring_begin(struct ring *ring, const struct tenon__plugin *plugin)
{
	*ring = (struct ring){ .plugin = plugin,
			       .ops = &plugin->ops.distribution };
	watched_host_init(&ring->host);
}

void ring_init(struct ring *ring)
{
	struct tenon_error err = { 0 };

	ring->self = subject_state(ring->ops->state_size);
	ck_assert_msg(ring->ops->init(ring->self, ring->options,
				      &ring->host.table, &err) == 0,
		      "%s: %s", ring->plugin->name, err.message);
}

int ring_build(struct ring *ring, const struct tenon_ring_server *servers,
	       uint32_t count, const struct tenon_hash *hash,
	       struct tenon_error *err)
{
	ring->count = count;
	return ring->ops->build(ring->self, servers, count, hash, err);
}

void ring_free(struct ring *ring)
{
	const struct tenon__plugin *plugin = ring->plugin;

	ring->ops->fini(ring->self);
	free(ring->self);
	subject_options_free(plugin, ring->options);
	ck_assert_subject_int(ring->host.live, ==, 0);
}

uint32_t ring_walk_nth(const struct ring *ring,
		       const struct tenon_ring_key *key, uint32_t nth)
{
	const struct tenon__ring built = { .count = ring->count,
					   .instance = ring->self };
	struct tenon__walk walk = { .ring = NULL };

	ck_assert_status(tenon__walk_init(&walk, ring->count), TENON_OK);
	uint32_t server =
		tenon__walk_nth(&walk, &built, ring->ops, key, nth);
	tenon__walk_fini(&walk);
	return server;
}
