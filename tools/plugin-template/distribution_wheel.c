/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * distribution wheel: every server has as many slots on a wheel as its weight says, in the order
 * of the config. The hash of a key picks a slot, and so the home server. The next servers of a key
 * are those after the home server, in the order of the config.
 */
#include <tenon/plugin/distribution.h>

struct wheel {
	const struct tenon_host *host;
	uint64_t *ends; /* ends[i]: the slots of servers 0 to i */
	uint32_t count; /* of servers */
};

static int wheel_init(void *self, const void *options,
		      const struct tenon_host *host, struct tenon_error *err)
{
	struct wheel *wheel = self;

	(void)options;
	(void)err;
	wheel->host = host;
	return 0;
}

static void wheel_fini(void *self)
{
	struct wheel *wheel = self;

	wheel->host->free(wheel->host->context, wheel->ends);
	wheel->ends = NULL;
}

/* servers is not kept: it is valid during build() only. */
static int wheel_build(void *self, const struct tenon_ring_server *servers,
		       uint32_t count, const struct tenon_hash *key_hash,
		       struct tenon_error *err)
{
	struct wheel *wheel = self;
	const struct tenon_host *host = wheel->host;
	uint64_t end = 0;

	(void)key_hash;
	wheel->count = count;
	wheel->ends = host->alloc(host->context, count * sizeof(*wheel->ends));
	if (!wheel->ends) {
		return host->set_error(err, TENON_ENOMEM, "out of memory");
	}
	for (uint32_t i = 0; i < count; i++) {
		end += servers[i].weight;
		wheel->ends[i] = end;
	}
	return 0;
}

static uint32_t wheel_locate(const void *self, const struct tenon_ring_key *key)
{
	const struct wheel *wheel = self;
	uint64_t slot = key->hash % wheel->ends[wheel->count - 1];
	uint32_t low = 0;
	uint32_t high = wheel->count - 1;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (slot < wheel->ends[middle]) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return low;
}

static uint32_t wheel_next(const void *self, struct tenon_ring_cursor *cursor)
{
	const struct wheel *wheel = self;

	if (cursor->found_count == wheel->count) {
		return TENON_NO_SERVER;
	}
	return (uint32_t)(((uint64_t)wheel_locate(self, cursor->key) +
			   cursor->found_count) %
			  wheel->count);
}

static void wheel_describe(const void *self, struct tenon_ring_traits *out)
{
	(void)self;
	out->flags = TENON_RING_ORDERED | TENON_RING_NO_NAMES;
}

static const struct tenon_distribution_ops wheel_ops = {
	.size = sizeof(struct tenon_distribution_ops),
	.state_size = sizeof(struct wheel),
	.init = wheel_init,
	.fini = wheel_fini,
	.build = wheel_build,
	.locate = wheel_locate,
	.next = wheel_next,
	.describe = wheel_describe,
};

TENON_PLUGIN_DEFINE(distribution_wheel,
	.kind = TENON_KIND_DISTRIBUTION,
	.name = "wheel",
	.version = "1.0",
	.summary = "each server has as many slots on a wheel as its weight says",
	.ops = &wheel_ops)
