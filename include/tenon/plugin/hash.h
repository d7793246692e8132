/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/plugin/hash.h
 * @brief Hash functions: from a key's bytes to a number.
 *
 * Stability: plugin ABI 1; grows only at the end of structs.
 */
#ifndef TENON_PLUGIN_HASH_H
#define TENON_PLUGIN_HASH_H

#include "tenon/plugin/plugin.h"

TENON_BEGIN_DECLS

/** One known answer. */
struct tenon_hash_vector {
	const char *key;  /**< key_len bytes */
	uint32_t key_len; /**< 0..TENON_KEY_MAX_BYTES */
	uint32_t reserved; /**< 0 */
	uint64_t hash;    /**< the answer */
};

/** The slots of a hash plugin. The instance is immutable after init. */
struct tenon_hash_ops {
	uint32_t size;       /**< sizeof(struct tenon_hash_ops) */
	uint32_t state_size; /**< bytes the core allocates, zeroed, as `self`; 0 for none */
	/**
	 * Prepare the instance. Called once, before any other slot.
	 * Errors: TENON_ENOMEM, TENON_ECONFIG. Must leave self safe for fini.
	 * OPTIONAL, default: nothing.
	 */
	int (*init)(void *self, const void *options,
		    const struct tenon_host *host, struct tenon_error *err);
	/** Release the instance; also after a failed init. OPTIONAL. */
	void (*fini)(void *self);
	/**
	 * Hash one key. Pure, any thread, never blocks.
	 * Shape: key_len is 0..TENON_KEY_MAX_BYTES for keys; a distribution may
	 *        hash longer names. Bytes are unsigned. REQUIRED.
	 */
	uint64_t (*hash)(const void *self, const void *key, size_t key_len);
	/**
	 * Hash the keys of a whole multi operation: out[i] = hash(keys[i]).
	 * For implementations that are faster on many. OPTIONAL, default: a
	 * loop over hash.
	 */
	void (*hash_many)(const void *self, const struct tenon_slice *keys,
			  size_t count, uint64_t *out);
	/** Known answers, verified before the plugin is registered. REQUIRED, 3 or more. */
	const struct tenon_hash_vector *selftest;
	uint32_t selftest_count; /**< of selftest */
	uint32_t bits; /**< no hash is 2^bits or more; 1..64. REQUIRED */
};

/** A hash that is ready to use: what an option of type TENON_OPTION_HASH becomes. */
struct tenon_hash {
	const void *self;                 /**< for the slots */
	const struct tenon_hash_ops *ops; /**< optional slots are filled */
};

TENON_END_DECLS

#endif
