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

/** One known answer of a hash function: a key and its hash. */
struct tenon_hash_vector {
	const char *key;  /**< key_len bytes */
	uint32_t key_len; /**< 0..TENON_KEY_MAX_BYTES */
	uint32_t reserved; /**< 0 */
	uint64_t hash;    /**< hash of key */
};

/**
 * The slots of a hash plugin. After init nothing changes in the instance, so that any thread may
 * use it.
 */
struct tenon_hash_ops {
	uint32_t size;       /**< sizeof(struct tenon_hash_ops) */
	uint32_t state_size; /**< bytes, all zero, that the host allocates as `self`; 0: none */
	/**
	 * Prepare the instance. Called once, before any other slot. The host calls fini also when
	 * init fails, so init must leave self in a state that fini can release.
	 * Returns: 0, or a negative enum tenon_status.
	 * Errors:  TENON_ENOMEM, TENON_ECONFIG.
	 * OPTIONAL. NULL: nothing to prepare.
	 */
	int (*init)(void *self, const void *options,
		    const struct tenon_host *host, struct tenon_error *err);
	/** Release the instance, also after a failed init. OPTIONAL. NULL: nothing to release. */
	void (*fini)(void *self);
	/**
	 * Hash one key. The hash depends on the key only, and on each of its bytes: for each byte
	 * there is another value that changes the hash. The slot never blocks, and changes nothing
	 * in self.
	 * Shape:   key_len is 0..TENON_KEY_MAX_BYTES for keys. A distribution may hash longer
	 *          names. Bytes are unsigned.
	 * Threads: any.
	 * REQUIRED.
	 */
	uint64_t (*hash)(const void *self, const void *key, size_t key_len);
	/**
	 * Hash all keys of an operation: out[i] = hash(keys[i]). For hash functions that are
	 * faster on many keys.
	 * Shape:   keys and out have count entries.
	 * Threads: any.
	 * OPTIONAL. NULL: the host calls hash for each key.
	 */
	void (*hash_many)(const void *self, const struct tenon_slice *keys,
			  size_t count, uint64_t *out);
	/**
	 * Known answers. The host checks them before it uses the plugin, on an instance with the
	 * default options. tenon-conformance also wants among them: an empty key, a key of 1 byte, a
	 * key of TENON_KEY_MAX_BYTES (250) bytes, and a key with a byte above 0x7f.
	 * REQUIRED, 3 or more.
	 */
	const struct tenon_hash_vector *selftest;
	uint32_t selftest_count; /**< entries of selftest */
	uint32_t bits; /**< every hash is below 2^bits; 1..64. REQUIRED */
	uint32_t digest_words; /**< 32-bit words that digest writes, 1..16; 0: no digest */
	/**
	 * Compute the whole digest of a name, for a distribution that places several points by one
	 * digest. words[0] has the low 32 bits of the hash.
	 * Shape:   words has digest_words entries.
	 * Threads: any.
	 * OPTIONAL. NULL: the hash function has no digest, and digest_words is 0.
	 */
	void (*digest)(const void *self, const void *key, size_t key_len,
		       uint32_t *words);
};

/** A hash that is ready to use. An option of type TENON_OPTION_HASH points to one. */
struct tenon_hash {
	const void *self;                 /**< first argument of the slots */
	const struct tenon_hash_ops *ops; /**< no slot is NULL: the host has filled the optional ones */
};

TENON_END_DECLS

#endif
