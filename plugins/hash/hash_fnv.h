/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The loops of the FNV hash functions (Fowler, Noll, Vo). The low 32 bits of a 64-bit FNV hash
 * depend on the low 32 bits of its numbers only, so one loop of 32 bits serves both widths.
 */
#ifndef TENON_HASH_FNV_H
#define TENON_HASH_FNV_H

#include "hash_char.h"

#define FNV_32_OFFSET_BASIS 0x811c9dc5u
#define FNV_32_PRIME	    0x01000193u

/* The low halves of 0xcbf29ce484222325 and 0x00000100000001b3. */
#define FNV_64_OFFSET_BASIS 0x84222325u
#define FNV_64_PRIME	    0x000001b3u

/* FNV-1: multiply, then xor. */
static inline uint32_t fnv1(const void *key, size_t key_len, uint32_t hash,
			    uint32_t prime, bool is_signed)
{
	const unsigned char *bytes = key;

	for (size_t i = 0; i < key_len; i++) {
		hash = (hash * prime) ^ char_bits(bytes[i], is_signed);
	}
	return hash;
}

/* FNV-1a: xor, then multiply. */
static inline uint32_t fnv1a(const void *key, size_t key_len, uint32_t hash,
			     uint32_t prime, bool is_signed)
{
	const unsigned char *bytes = key;

	for (size_t i = 0; i < key_len; i++) {
		hash = (hash ^ char_bits(bytes[i], is_signed)) * prime;
	}
	return hash;
}

#endif
