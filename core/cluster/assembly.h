/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a config comes down to: servers, limits and plugins that are ready to
 * use. Immutable once made, counted, shared by every client made from it; it
 * does not need the config any more.
 */
#ifndef TENON_CORE_ASSEMBLY_H
#define TENON_CORE_ASSEMBLY_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/log.h"
#include "cluster/policy.h"
#include "cluster/ring.h"
#include "config/server_line.h"
#include "tenon/plugin/codec.h"
#include "tenon/plugin/distribution.h"
#include "tenon/plugin/failover.h"
#include "tenon/plugin/hash.h"
#include "tenon/plugin/transport.h"
#include "tenon/tenon.h"

/*
 * What an item takes besides its key and value: header and cas unique (56 bytes),
 * the ends of the key and of the value (1 + 2); and 4 where flags are not 0.
 * memcached items.c, item_size_ok(); found by storing with 1.6.18.
 */
#define TENON_ITEM_EXTRA_BYTES 59
#define TENON_ITEM_FLAGS_BYTES 4

/* One codec of the chain. */
struct tenon__codec_choice {
	const struct tenon_codec_ops *ops; /* as in struct tenon__plugin */
	const void *options;
	const char *name;
};

struct tenon__assembly {
	atomic_uint refs;

	size_t server_count; /* 1..TENON_SERVER_MAX_COUNT */
	/* Those of the main ring in the order of the config, then pool by pool. */
	struct tenon__server *servers;

	/* One instance for all clients. Optional slots are filled. */
	struct tenon_hash hash;
	const struct tenon_distribution_ops *distribution;
	/* By pool; rings[0] is the main one. */
	struct tenon__ring rings[TENON_SERVER_POOL_MAX_COUNT];
	size_t ring_count;
	bool needs_hash; /* a ring has more than one server */

	/* Every client makes its own instance of these. */
	const struct tenon_transport_ops *transport;
	const void *transport_options;
	struct tenon__policy_choices policies;
	struct tenon__codec_choice *codecs; /* codec_count, in the order of the config */
	size_t codec_count;                 /* one that splits is the last */
	uint32_t codec_flags;               /* the bits of all of them; no two share one */

	struct tenon__log log;
	struct tenon_host host; /* what instances get; its context is the log */

	char *prefix;
	size_t prefix_len;
	int64_t connect_timeout_ms;
	int64_t poll_timeout_ms;
	int64_t retry_timeout_ms;
	uint64_t max_value_bytes;
	uint64_t item_max_bytes;
	uint32_t user_flags; /* bits that are neither these nor a codec's are unknown */
	bool enable_flush_all;

	/* What else has to be freed with it; assembly.c knows. */
	struct tenon__assembly_parts *parts;
};

/*
 * Make one from a config. Errors: as tenon_client_open().
 * Owns: one reference is the caller's.
 */
int tenon__assembly_create(struct tenon__assembly **out,
			   const struct tenon_config *config,
			   struct tenon_error *err);

struct tenon__assembly *tenon__assembly_ref(struct tenon__assembly *assembly);

/* Drop a reference; frees the assembly with the last one. NULL is fine. */
void tenon__assembly_unref(struct tenon__assembly *assembly);

/* The longest value that servers take under any key and flags. */
static inline uint64_t
tenon__item_value_bytes(const struct tenon__assembly *assembly)
{
	return assembly->item_max_bytes - TENON_ITEM_EXTRA_BYTES -
		TENON_ITEM_FLAGS_BYTES - TENON_KEY_MAX_BYTES;
}

/* How a codec of this assembly is set up. */
static inline struct tenon_codec_setup tenon__codec_setup(
	const struct tenon__assembly *assembly)
{
	return (struct tenon_codec_setup){
		.size = sizeof(struct tenon_codec_setup),
		.max_value_bytes = assembly->max_value_bytes,
		.item_value_bytes = tenon__item_value_bytes(assembly),
	};
}

#endif
