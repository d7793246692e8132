/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/ring.h"

#include "base/error.h"
#include "base/memory.h"
#include "plugin/instance.h"

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
