/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/ring.h"

#include "base/error.h"
#include "base/memory.h"
#include "plugin/instance.h"

#include <string.h>

int tenon__ring_build(struct tenon__ring *ring,
		      const struct tenon__ring_setup *plan, const char **slot,
		      struct tenon_error *err)
{
	const struct tenon_distribution_ops *ops = plan->ops;
	struct tenon_ring_server *servers =
		tenon__calloc(ring->count, sizeof(*servers));
	int code;

	*slot = NULL;
	if (!servers) {
		return tenon__error_no_memory(err);
	}
	ring->instance = tenon__instance_alloc(ops->state_size);
	if (!ring->instance) {
		tenon__free(servers);
		return tenon__error_no_memory(err);
	}
	for (uint32_t i = 0; i < ring->count; i++) {
		const struct tenon__server *server =
			&plan->servers[ring->first + i];

		servers[i] = (struct tenon_ring_server){
			.alias = server->alias,
			.host = server->host,
			.port = server->port,
			.weight = server->weight,
			.weight_given = server->weight_given,
		};
	}
	*slot = "init";
	code = ops->init(ring->instance, plan->options, plan->host, err);
	if (!code && plan->labels && ops->labels) {
		*slot = "labels";
		code = ops->labels(ring->instance, plan->labels + ring->first,
				   ring->count, err);
	}
	if (!code) {
		*slot = "build";
		code = ops->build(ring->instance, servers, ring->count,
				  plan->hash, err);
	}
	tenon__free(servers);
	return code;
}

void tenon__ring_fini(struct tenon__ring *ring,
		      const struct tenon_distribution_ops *ops)
{
	if (ring->instance) {
		ops->fini(ring->instance);
		tenon__free(ring->instance);
		ring->instance = NULL;
	}
}

/* ---- walks -------------------------------------------------------------- */

int tenon__walk_init(struct tenon__walk *walk, size_t server_count)
{
	walk->found = tenon__calloc(server_count, sizeof(*walk->found));
	walk->seen = tenon__calloc((server_count + 7) / 8, 1);
	return walk->found && walk->seen ? 0 : TENON_ENOMEM;
}

void tenon__walk_fini(struct tenon__walk *walk)
{
	tenon__free(walk->found);
	tenon__free(walk->seen);
	*walk = (struct tenon__walk){ .ring = NULL };
}

static void begin_walk(struct tenon__walk *walk, const struct tenon__ring *ring,
		       const struct tenon_ring_key *key)
{
	memset(walk->seen, 0, (ring->count + 7) / 8);
	walk->ring = ring;
	walk->cursor = (struct tenon_ring_cursor){
		.size = sizeof(walk->cursor),
		.key = key,
		.seen = walk->seen,
	};
}

/* Find one more server. Returns false when there are no more. */
static bool go_on(struct tenon__walk *walk,
		  const struct tenon_distribution_ops *ops)
{
	uint32_t count = walk->ring->count;
	uint32_t server = count == 1 ?
		0 : ops->next(walk->ring->instance, &walk->cursor);

	if (server >= count || tenon_ring_seen(&walk->cursor, server)) {
		return false; /* a server that came before breaks the contract */
	}
	walk->seen[server / 8] |= (unsigned char)(1u << server % 8);
	walk->found[walk->cursor.found_count++] = server;
	return true;
}

uint32_t tenon__walk_nth(struct tenon__walk *walk,
			 const struct tenon__ring *ring,
			 const struct tenon_distribution_ops *ops,
			 const struct tenon_ring_key *key, uint32_t nth)
{
	if (walk->ring != ring) {
		begin_walk(walk, ring, key);
	}
	while (walk->cursor.found_count <= nth) {
		if (walk->cursor.found_count == ring->count ||
		    !go_on(walk, ops)) {
			return TENON_NO_SERVER;
		}
	}
	return ring->first + walk->found[nth];
}
