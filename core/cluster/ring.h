/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A ring: a server pool with an instance of the distribution plugin, which spreads keys over
 * the pool's servers. There is the main ring, and one ring for each spare pool. No server is in
 * two of them. A ring does not change after it was built.
 */
#ifndef TENON_CORE_RING_H
#define TENON_CORE_RING_H

#include "config/server_line.h"
#include "tenon/plugin/distribution.h"

/* The most server pools of one config: the main ring and 16 spare pools. */
#define TENON_SERVER_POOL_MAX_COUNT 17

struct tenon__ring {
	const char *pool; /* the pool's name, owned by one of its servers; "": the main ring */
	uint32_t first;   /* the ring has the assembly's servers first..first+count-1 */
	uint32_t count;   /* 1 or more */
	void *instance;   /* state of the distribution plugin; NULL: not made yet */
};

/* The things that all rings of an assembly are made from. */
struct tenon__ring_setup {
	const struct tenon_distribution_ops *ops;
	const void *options;
	const struct tenon_host *host;
	const struct tenon_hash *hash;
	const struct tenon__server *servers; /* all servers of the assembly */
	const struct tenon_map *const *labels; /* of all servers; NULL: no server has labels */
};

/*
 * Make the instance of a ring and build it. The caller has set first and count.
 * Shape:  *slot is the name of the plugin's slot that was called last ("init", "labels", "build"), for
 *         errors; NULL: none was called.
 * Owns:   *ring has to be released by tenon__ring_fini(), also after an error.
 * Errors: TENON_ENOMEM, and the errors of the plugin's init and build.
 */
int tenon__ring_build(struct tenon__ring *ring,
		      const struct tenon__ring_setup *plan, const char **slot,
		      struct tenon_error *err);

/* Free the instance of a ring, if there is one. */
void tenon__ring_fini(struct tenon__ring *ring,
		      const struct tenon_distribution_ops *ops);

/*
 * Return the home server of a key, as an index into the assembly's servers. key has to have its
 * hash when the ring has more than one server.
 */
static inline uint32_t tenon__ring_locate(const struct tenon__ring *ring,
					  const struct tenon_distribution_ops *ops,
					  const struct tenon_ring_key *key)
{
	return ring->count == 1 ?
		ring->first : ring->first + ops->locate(ring->instance, key);
}

/* Ask the distribution for the nature of a ring that was built. */
static inline struct tenon_ring_traits tenon__ring_traits(
	const struct tenon__ring *ring, const struct tenon_distribution_ops *ops)
{
	struct tenon_ring_traits traits = { .size = sizeof(traits) };

	ops->describe(ring->instance, &traits);
	return traits;
}

/* Return the weight by which a ring of this nature gives a server its share; 1 when it has no weights. */
static inline uint32_t tenon__ring_weight(const struct tenon_ring_traits *traits,
					  const struct tenon__server *server)
{
	if (traits->flags & TENON_RING_NO_WEIGHT) {
		return 1;
	}
	return server->weight_given || traits->absent_weight == 0
		       ? server->weight : traits->absent_weight;
}

/*
 * A walk over the servers of one key, for questions for the nth next server. The servers that were
 * found are kept, so that the questions for 1, 2, ... cost one walk together.
 */
struct tenon__walk {
	const struct tenon__ring *ring; /* NULL: no walk has begun for the key */
	struct tenon_ring_cursor cursor;
	uint32_t *found;     /* the servers found, as indexes in the ring: home first */
	unsigned char *seen; /* the bits of the cursor */
};

/*
 * Allocate the memory of a walk over rings of up to server_count servers.
 * Owns:   tenon__walk_fini() frees the memory, also after an error.
 * Errors: TENON_ENOMEM.
 */
int tenon__walk_init(struct tenon__walk *walk, size_t server_count);

/* Free the memory of a walk. A zeroed walk is allowed. */
void tenon__walk_fini(struct tenon__walk *walk);

/* Forget the servers that were found: the next question is for another key. */
static inline void tenon__walk_reset(struct tenon__walk *walk)
{
	walk->ring = NULL;
}

/*
 * Return the nth other server after the home server of the key (nth 1, 2, ...; 0 is the home
 * server), as an index into the assembly's servers; TENON_NO_SERVER when there is no such server.
 * Owns: *key has to stay as it is until tenon__walk_reset().
 */
uint32_t tenon__walk_nth(struct tenon__walk *walk,
			 const struct tenon__ring *ring,
			 const struct tenon_distribution_ops *ops,
			 const struct tenon_ring_key *key, uint32_t nth);

#endif
