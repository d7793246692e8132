/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/plugin/distribution.h
 * @brief Distributions: from the hash of a key to its home server and to the servers after it.
 *
 * Stability: plugin ABI 1; grows only at the end of structs.
 */
#ifndef TENON_PLUGIN_DISTRIBUTION_H
#define TENON_PLUGIN_DISTRIBUTION_H

#include "tenon/plugin/hash.h"

TENON_BEGIN_DECLS

/** In place of a server's index: there is no server. */
#define TENON_NO_SERVER UINT32_MAX

/**
 * One server, for build(). Strings are NUL-terminated and valid during build() only. The server's
 * position is its index in the array of build(): the order of the config, spare pools apart.
 */
struct tenon_ring_server {
	const char *alias; /**< as configured; NULL: the server has no alias */
	const char *host;  /**< name or IP address without brackets; UNIX socket: the path */
	uint32_t port;     /**< 1..65535; UNIX socket: 0 */
	uint32_t weight;   /**< 1..1000: relative share of the keys; 1 when the config has none */
	uint32_t weight_given; /**< 1: the config has a weight for the server; 0: it has none */
	uint32_t reserved;     /**< 0 */
};

/** One key, for locate() and the walk over the next servers. */
struct tenon_ring_key {
	uint64_t hash;   /**< hash of the bytes that decide the server, by the hash function of the config */
	/**
	 * The bytes that decide the server, key_len of them: the routing key of the item, or the
	 * key with its prefix; only a part of it when the config has a rule such as hash_tag. Of a
	 * routing key with more than TENON_KEY_MAX_BYTES bytes, only the first ones are here.
	 */
	const void *key;
	size_t key_len; /**< 0..TENON_KEY_MAX_BYTES; 0 only by a rule that allows an empty part */
};

/**
 * A walk over the servers of one key: the home server, then the next ones. The host allocates and
 * fills a cursor, and keeps it for the whole walk; the distribution only changes `at`.
 */
struct tenon_ring_cursor {
	uint32_t size;        /**< sizeof(struct tenon_ring_cursor) */
	uint32_t found_count; /**< servers found so far, 0 when the walk begins */
	const struct tenon_ring_key *key; /**< the key, as for locate() */
	/**
	 * One bit for each server: bit (i % 8) of seen[i / 8] is 1 when server i was found. The
	 * host sets the bits.
	 */
	const unsigned char *seen;
	uint64_t at; /**< the distribution's own; 0 when the walk begins */
};

/** Return true when the walk has found this server already. */
static inline int tenon_ring_seen(const struct tenon_ring_cursor *cursor,
				  uint32_t server)
{
	return cursor->seen[server / 8] >> server % 8 & 1;
}

/** One point of a continuum, for people who ask why a key has its home. */
struct tenon_ring_point {
	uint64_t place;    /**< where the point lies, comparable to the place_bits low bits of a hash */
	uint32_t server;   /**< index of the server that the point belongs to */
	uint32_t reserved; /**< 0 */
};

/** The hash of a key does not matter: the distribution hashes the key itself. */
#define TENON_RING_OWN_HASH 1u
/** The weights of servers do not matter. */
#define TENON_RING_NO_WEIGHT 2u
/** The order of servers matters: another order moves keys. */
#define TENON_RING_ORDERED 4u
/** The servers are counted, their names do not matter. */
#define TENON_RING_NO_NAMES 8u
/** Keys are placed on a continuum: a hash function with few bits leaves most of it unused. */
#define TENON_RING_CONTINUUM 16u
/** Points of several servers are on one place, where the order of the servers decides. No other key moves with the order. */
#define TENON_RING_TIES 32u

/** The nature of a ring, for checks of a config. */
struct tenon_ring_traits {
	uint32_t size;   /**< sizeof(struct tenon_ring_traits) */
	uint32_t flags;  /**< TENON_RING_* bits */
	uint32_t points; /**< points of all servers; 0: the distribution has no points */
	/** Bits of the hash that decide the place of a key on the continuum, 1..64; 0: all bits. */
	uint32_t place_bits;
	uint32_t absent_weight; /**< weight of a server to which the config gives none; 0: it is 1 */
};

/**
 * The slots of a distribution. After build() nothing changes in the instance, and threads share it.
 */
struct tenon_distribution_ops {
	uint32_t size;       /**< sizeof(struct tenon_distribution_ops) */
	uint32_t state_size; /**< bytes, all zero, that the host allocates as `self`; 0: none */
	/**
	 * Prepare the instance, as tenon_hash_ops.init does: the host calls fini also when init
	 * fails.
	 * Returns: 0, or a negative enum tenon_status.
	 * Errors:  TENON_ENOMEM, TENON_ECONFIG.
	 * OPTIONAL. NULL: nothing to prepare.
	 */
	int (*init)(void *self, const void *options,
		    const struct tenon_host *host, struct tenon_error *err);
	/** Release the instance, also after a failed init or build. OPTIONAL. NULL: nothing to release. */
	void (*fini)(void *self);
	/**
	 * Build the ring. Called once, after init. key_hash is the hash function of the keys.
	 * Shape:   servers has count entries, count is 1..65535. locate() and next() return
	 *          indexes of this array.
	 * Returns: 0, or a negative enum tenon_status.
	 * Owns:    servers is not kept. key_hash lives as long as the instance.
	 * Errors:  TENON_ENOMEM, TENON_ECONFIG.
	 * REQUIRED.
	 */
	int (*build)(void *self, const struct tenon_ring_server *servers,
		     uint32_t count, const struct tenon_hash *key_hash,
		     struct tenon_error *err);
	/**
	 * Find the home server of a key. Not called when there is one server.
	 * Returns: the index of the server, 0..count-1.
	 * Threads: any; the answer depends on the ring and the key only.
	 * Cost:    O(1) or O(log n).
	 * REQUIRED.
	 */
	uint32_t (*locate)(const void *self, const struct tenon_ring_key *key);
	/**
	 * Find the next server of a walk. The first call finds the home server, each further call
	 * a server that was not found before. Over all calls each server comes exactly once.
	 * Returns: the index of the server; TENON_NO_SERVER when there are no more.
	 * Threads: any, with a cursor each; the answer depends on the ring and the cursor only.
	 * Cost:    a whole walk over all servers costs about as much as building the ring.
	 * REQUIRED.
	 */
	uint32_t (*next)(const void *self, struct tenon_ring_cursor *cursor);
	/**
	 * Tell the points around a key: `before` points before the home server's point, that point,
	 * and points after it, in the order of a walk. The continuum is a circle.
	 * Shape:   out has count entries; before < count. *home becomes the index in out of the
	 *          home server's point.
	 * Returns: number of entries written, at most count.
	 * Threads: any.
	 * OPTIONAL. NULL: the distribution has no points.
	 */
	uint32_t (*points)(const void *self, const struct tenon_ring_key *key,
			   uint32_t before, struct tenon_ring_point *out,
			   uint32_t count, uint32_t *home);
	/**
	 * Describe the ring, after build. The host has set size and zeroed the other fields.
	 * Threads: any.
	 * OPTIONAL. NULL: nothing is known of the ring.
	 */
	void (*describe)(const void *self, struct tenon_ring_traits *out);
	/**
	 * Get the labels of the servers in the config, such as {zone: a}, between init and build.
	 * Shape:   labels has count entries, those of the servers of build(); an entry is NULL when
	 *          the server has no labels. See tenon_map_get().
	 * Returns: 0, or a negative enum tenon_status.
	 * Owns:    the labels live as long as the instance; the array is valid during the call only.
	 * Errors:  TENON_ENOMEM, TENON_ECONFIG.
	 * OPTIONAL. NULL: labels do not matter.
	 */
	int (*labels)(void *self, const struct tenon_map *const *labels,
		      uint32_t count, struct tenon_error *err);
};

TENON_END_DECLS

#endif
