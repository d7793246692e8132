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

/** One server, for build(). Strings are NUL-terminated and valid during build() only. */
struct tenon_ring_server {
	const char *alias; /**< as configured; NULL: the server has no alias */
	const char *host;  /**< name or IP address without brackets; UNIX socket: the path */
	uint32_t port;     /**< 1..65535; UNIX socket: 0 */
	uint32_t weight;   /**< 1..1000: relative share of the keys */
};

/** One key, for locate() and next(). */
struct tenon_ring_key {
	uint64_t hash;   /**< hash of the key, by the hash function of the config */
	const void *key; /**< key_len bytes, with prefix */
	size_t key_len;  /**< 1..TENON_KEY_MAX_BYTES */
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
	 * Find the nth other server after the home server. Over nth 1, 2, ... each other server
	 * comes exactly once.
	 * Returns: the index of the server; TENON_NO_SERVER when there are no more.
	 * Threads: any; the answer depends on the ring and the key only.
	 * REQUIRED.
	 */
	uint32_t (*next)(const void *self, const struct tenon_ring_key *key,
			 uint32_t nth);
};

TENON_END_DECLS

#endif
