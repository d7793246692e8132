/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An assembly: everything that clients need from a config, ready for use: servers, rings,
 * limits, plugins and their options. An assembly is reference-counted and never changes, except for
 * the records of which servers have failed. All clients that are made from it share it. The config may be freed before the assembly.
 */
#ifndef TENON_CORE_ASSEMBLY_H
#define TENON_CORE_ASSEMBLY_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/log.h"
#include "cluster/codec_list.h"
#include "cluster/greetings.h"
#include "cluster/policy.h"
#include "cluster/ring.h"
#include "cluster/secures.h"
#include "cluster/selection.h"
#include "config/server_line.h"
#include "tenon/plugin/distribution.h"
#include "tenon/plugin/failover.h"
#include "tenon/plugin/hash.h"
#include "tenon/plugin/transport.h"
#include "tenon/tenon.h"
#include "wire/key.h"
#include "wire/part.h"

struct tenon__protocol;

/*
 * The bytes of an item besides its key and its value: 56 for header and cas unique, 1 for the
 * NUL after the key, 2 for the CR LF after the value. An item whose flags are not 0 has 4 more.
 * Source: memcached items.c, item_size_ok(); measured by storing values in memcached 1.6.18.
 */
#define TENON_ITEM_EXTRA_BYTES 59
#define TENON_ITEM_FLAGS_BYTES 4

struct tenon__assembly {
	atomic_uint refs;

	size_t server_count; /* 1..TENON_SERVER_MAX_COUNT */
	/* First the main ring, then each spare pool. Within a pool in the order of the config. */
	struct tenon__server *servers;

	/* Instances that all clients share. All ops have their defaults filled in. */
	struct tenon_hash hash;
	const struct tenon_distribution_ops *distribution;
	/* One ring for each server pool; rings[0] is the main ring. */
	struct tenon__ring rings[TENON_SERVER_POOL_MAX_COUNT];
	size_t ring_count;
	struct tenon__secures secures; /* by server */
	/* Keys have to be hashed: a ring has more than one server, and uses the hash function. */
	bool needs_hash;
	bool hashes_parts; /* not always the whole key that is sent is hashed */
	bool hashes_prefix;
	bool plain_keys; /* a key that can be sent is sent and hashed as it is */
	struct tenon__part_rule part; /* its text is hash_tag */
	char *hash_tag;
	enum tenon__key_rule key_rule;
	const struct tenon_hash *key_digest; /* NULL: keys that cannot be sent are refused */

	struct tenon__selection selection; /* of all plugins */

	/* Plugins of which each client makes an instance of its own. */
	const struct tenon_transport_ops *transport;
	const char *transport_name;
	const void *transport_options;
	const struct tenon_host *transport_host;
	struct tenon__policy_choices policies;
	struct tenon__outcomes outcomes; /* shared by all clients; the one part that changes */
	struct tenon__codec_list codecs;

	struct tenon__greetings greetings; /* by server */

	struct tenon__log log;

	struct tenon__prefix prefix; /* the text is the assembly's */
	int64_t resolve_timeout_ms;
	int64_t connect_timeout_ms;
	int64_t poll_timeout_ms;
	int64_t retry_timeout_ms;
	int64_t keepalive_idle_s; /* 0: no keepalive */
	int64_t keepalive_interval_s;
	int64_t keepalive_count;
	int64_t max_idle_ns; /* 0: connections may be idle for ever */
	uint64_t max_value_bytes;
	uint64_t max_operation_bytes; /* of the values of one operation */
	uint32_t max_chunks;          /* of the split values of one operation */
	uint64_t item_max_bytes;
	uint32_t user_flags; /* flag bits of the application; others have to be a codec's */
	bool enable_flush_all;
	bool strict; /* integrity: strict */
	const struct tenon__protocol *protocol;

	/* Things that are only needed to free the assembly; private to assembly.c. */
	struct tenon__assembly_parts *parts;
};

/*
 * Make an assembly from a config.
 * Owns:   one reference is the caller's, dropped by tenon__assembly_unref(). config is not kept.
 * Errors: as tenon_client_open(); *out is then NULL.
 */
int tenon__assembly_create(struct tenon__assembly **out,
			   const struct tenon_config *config,
			   struct tenon_error *err);

/* Add a reference. Returns assembly. Threads: any. */
struct tenon__assembly *tenon__assembly_ref(struct tenon__assembly *assembly);

/* Drop a reference; the last one frees the assembly. assembly may be NULL. Threads: any. */
void tenon__assembly_unref(struct tenon__assembly *assembly);

/* Return true when an option of a failover policy names this spare pool. */
bool tenon__assembly_uses_pool(const struct tenon__assembly *assembly,
			       const char *pool);

/* Return the length in bytes of the longest value that fits with the longest key and any flags. */
static inline uint64_t
tenon__item_value_bytes(const struct tenon__assembly *assembly)
{
	return assembly->item_max_bytes - TENON_ITEM_EXTRA_BYTES -
		TENON_ITEM_FLAGS_BYTES - TENON_KEY_MAX_BYTES;
}

/*
 * Return true when servers would refuse an item for its size. Such an item is never sent, because
 * a server that refuses a set also drops the stored item, and with noreply the caller would not
 * hear of the refusal.
 */
static inline bool
tenon__item_is_too_big(const struct tenon__assembly *assembly, size_t key_len,
		       uint64_t value_bytes, uint32_t flags)
{
	return value_bytes + key_len + TENON_ITEM_EXTRA_BYTES +
		       (flags ? TENON_ITEM_FLAGS_BYTES : 0) >
	       assembly->item_max_bytes;
}

/* Return the setup that each codec of the assembly gets. */
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
