/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/ring.h"

#include "base/error.h"
#include "base/memory.h"

static int out_of_memory(struct tenon_error *err)
{
	return tenon__error_set(err, TENON_ENOMEM, "out of memory");
}

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
		return out_of_memory(err);
	}
	/* One byte for a ring without state: NULL would mean that there is none. */
	ring->instance = tenon__calloc(1, ops->state_size > 0 ? ops->state_size :
								 1);
	if (!ring->instance) {
		tenon__free(servers);
		return out_of_memory(err);
	}
	for (uint32_t i = 0; i < ring->count; i++) {
		const struct tenon__server *server =
			&plan->servers[ring->first + i];

		servers[i] = (struct tenon_ring_server){
			.alias = server->alias,
			.host = server->host,
			.port = server->port,
			.weight = server->weight,
		};
	}
	*slot = "init";
	code = ops->init(ring->instance, plan->options, plan->host, err);
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
