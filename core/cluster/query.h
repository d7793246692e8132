/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a key to the questions of a failover policy: the bytes that decide the server, their hash,
 * and the next and spare servers of the key on the rings of an assembly.
 */
#ifndef TENON_CORE_QUERY_H
#define TENON_CORE_QUERY_H

#include "cluster/key_forms.h"

/* One key, for the questions of its failover policy. */
struct tenon__query {
	struct tenon_route_query base; /* the policy's part; must be first */
	const struct tenon__assembly *assembly;
	struct tenon__walk *walk; /* of this key; the owner of the query resets it for each key */
	struct tenon_ring_key key;
};

/* The functions of struct tenon_route_query. */
uint32_t tenon__query_next(const struct tenon_route_query *base, uint32_t nth);
uint32_t tenon__query_spare(const struct tenon_route_query *base,
			    uint32_t pool, uint32_t nth);

/*
 * Make the key of a ring from the bytes that decide the server, and their hash. A routing key may be
 * longer than a distribution expects. The distribution then gets its beginning, and the hash of
 * all bytes.
 */
static inline struct tenon_ring_key tenon__ring_key(struct tenon_slice bytes,
						    uint64_t hash)
{
	return (struct tenon_ring_key){
		.hash = hash,
		.key = bytes.data,
		.key_len = bytes.len < TENON_KEY_MAX_BYTES ? bytes.len
							   : TENON_KEY_MAX_BYTES,
	};
}

/* Set the fields of a query that are the same for all keys of an assembly. */
static inline void tenon__query_init(struct tenon__query *query,
				     const struct tenon__assembly *assembly,
				     struct tenon__walk *walk)
{
	query->base.next = tenon__query_next;
	query->base.spare = tenon__query_spare;
	query->base.exptime_max_s = 0;
	query->base.key = &query->key;
	query->assembly = assembly;
	query->walk = walk;
	query->key.hash = 0;
}

/* Fill *out for the bytes that decide the server of a key. Owns: *out points into them. */
static inline void tenon__query_hashed(struct tenon_ring_key *out,
				       const struct tenon__assembly *assembly,
				       struct tenon_slice hashed)
{
	const struct tenon_hash *hash = &assembly->hash;

	*out = tenon__ring_key(hashed, !assembly->needs_hash ? 0 :
		hash->ops->hash(hash->self, hashed.data, hashed.len));
}

/*
 * Fill *out for an item: the bytes that decide its server, and their hash when a ring needs one.
 * sent is the key that is sent. An item without key stands for a chunk, whose key a codec made.
 * Owns: *out points into sent, or into the item's key or routing key.
 */
static inline void tenon__query_key(struct tenon_ring_key *out,
				    const struct tenon__assembly *assembly,
				    const struct tenon_item *item,
				    struct tenon_slice sent)
{
	tenon__query_hashed(out, assembly,
			    tenon__hashed_part(assembly, item->routing_key,
					       item->key, sent));
}

#endif
