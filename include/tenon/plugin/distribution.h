/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/plugin/distribution.h
 * @brief Distributions: from a key's hash to its home server, and the next ones.
 *
 * Stability: plugin ABI 1; grows only at the end of structs.
 */
#ifndef TENON_PLUGIN_DISTRIBUTION_H
#define TENON_PLUGIN_DISTRIBUTION_H

#include "tenon/plugin/hash.h"

TENON_BEGIN_DECLS

/** No server. */
#define TENON_NO_SERVER UINT32_MAX

/** One server as the ring sees it. Strings are NUL-terminated and live during build. */
struct tenon_ring_server {
	const char *alias; /**< as configured, NULL when none was given */
	const char *host;  /**< name or literal without brackets; UNIX sockets: the path */
	uint32_t port;     /**< 1..65535; UNIX sockets: 0 */
	uint32_t weight;   /**< 1..1000 */
};

/** One key as the ring sees it. */
struct tenon_ring_key {
	uint64_t hash;   /**< of the key, by the ring's hash */
	const void *key; /**< key_len bytes, with prefix */
	size_t key_len;  /**< 1..TENON_KEY_MAX_BYTES */
};

/** The slots of a distribution. Immutable after build; shared by threads. */
struct tenon_distribution_ops {
	uint32_t size;       /**< sizeof(struct tenon_distribution_ops) */
	uint32_t state_size; /**< bytes the core allocates, zeroed, as `self` */
	/** As tenon_hash_ops.init. OPTIONAL. */
	int (*init)(void *self, const void *options,
		    const struct tenon_host *host, struct tenon_error *err);
	/** Release everything; also after a failed init or build. OPTIONAL. */
	void (*fini)(void *self);
	/**
	 * Lay out the servers. Called once, after init. key_hash is the hash
	 * that keys go through; servers are not kept.
	 * Shape:  servers[count], count 1..65535; server i is index i below.
	 * Errors: TENON_ENOMEM, TENON_ECONFIG. REQUIRED.
	 */
	int (*build)(void *self, const struct tenon_ring_server *servers,
		     uint32_t count, const struct tenon_hash *key_hash,
		     struct tenon_error *err);
	/**
	 * Find the home server of a key: 0..count-1. Pure, any thread.
	 * Cost: O(1) or O(log n). REQUIRED. Not called when count is 1.
	 */
	uint32_t (*locate)(const void *self, const struct tenon_ring_key *key);
	/**
	 * Find the nth other server after the home (nth 1, 2, …), each server
	 * once; TENON_NO_SERVER when there are no more. Pure. REQUIRED.
	 */
	uint32_t (*next)(const void *self, const struct tenon_ring_key *key,
			 uint32_t nth);
};

TENON_END_DECLS

#endif
