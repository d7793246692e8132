/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/query.h"

uint32_t tenon__query_next(const struct tenon_route_query *base, uint32_t nth)
{
	const struct tenon__query *query =
		(const struct tenon__query *)(const void *)base;
	const struct tenon__assembly *assembly = query->assembly;

	return tenon__walk_nth(query->walk, &assembly->rings[0],
			       assembly->distribution, &query->key, nth);
}

uint32_t tenon__query_spare(const struct tenon_route_query *base,
			    uint32_t pool, uint32_t nth)
{
	const struct tenon__query *query =
		(const struct tenon__query *)(const void *)base;
	const struct tenon__assembly *assembly = query->assembly;

	if (pool == 0 || pool >= assembly->ring_count) {
		return TENON_NO_SERVER;
	}
	if (nth == 0) {
		return tenon__ring_locate(&assembly->rings[pool],
					  assembly->distribution, &query->key);
	}
	return tenon__walk_nth(query->walk, &assembly->rings[pool],
			       assembly->distribution, &query->key, nth);
}

void tenon__query_key(struct tenon_ring_key *out,
		      const struct tenon__assembly *assembly,
		      const struct tenon_item *item, struct tenon_slice sent)
{
	const struct tenon_hash *hash = &assembly->hash;
	struct tenon_slice bytes = tenon__hashed_part(
		assembly, item->routing_key, item->key, sent);

	*out = tenon__ring_key(bytes, !assembly->needs_hash ? 0 :
		hash->ops->hash(hash->self, bytes.data, bytes.len));
}
