/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A pool of servers and the distribution over it. The main ring is one, and so is
 * every spare pool, whose servers are not on the main ring. Immutable once built.
 */
#ifndef TENON_CORE_RING_H
#define TENON_CORE_RING_H

#include "config/server_line.h"
#include "tenon/plugin/distribution.h"

/* Pools of one config, the main one included. */
#define TENON_SERVER_POOL_MAX_COUNT 17

struct tenon__ring {
	const char *pool; /* its name, a server's; "" for the main ring */
	uint32_t first;   /* the servers first..first+count-1 of the assembly */
	uint32_t count;   /* 1 or more */
	void *instance;   /* the distribution's; NULL: not begun */
};

/* What rings are made from. */
struct tenon__ring_setup {
	const struct tenon_distribution_ops *ops;
	const void *options;
	const struct tenon_host *host;
	const struct tenon_hash *hash;
	const struct tenon__server *servers; /* the assembly's */
};

/*
 * Make and build the ring of a pool. *slot is what of the plugin ran last, NULL
 * when nothing did.
 * Errors: TENON_ENOMEM, what init and build return. *ring is for
 *         tenon__ring_fini() in any case.
 */
int tenon__ring_build(struct tenon__ring *ring,
		      const struct tenon__ring_setup *plan, const char **slot,
		      struct tenon_error *err);

void tenon__ring_fini(struct tenon__ring *ring,
		      const struct tenon_distribution_ops *ops);

/* The home server of a key, which has been hashed where a pool has more than one. */
static inline uint32_t tenon__ring_locate(const struct tenon__ring *ring,
					  const struct tenon_distribution_ops *ops,
					  const struct tenon_ring_key *key)
{
	return ring->count == 1 ?
		ring->first : ring->first + ops->locate(ring->instance, key);
}

/* The nth other server after it, or TENON_NO_SERVER. */
static inline uint32_t tenon__ring_next(const struct tenon__ring *ring,
					const struct tenon_distribution_ops *ops,
					const struct tenon_ring_key *key,
					uint32_t nth)
{
	uint32_t server = ring->count == 1 ?
		TENON_NO_SERVER : ops->next(ring->instance, key, nth);

	return server == TENON_NO_SERVER ? server : ring->first + server;
}

#endif
