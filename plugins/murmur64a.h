/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MurmurHash64A of a key, for distributions that hash names themselves. The function is inline in
 * a header, because a plugin links to no library of tenon.
 */
#ifndef TENON_PLUGINS_MURMUR64A_H
#define TENON_PLUGINS_MURMUR64A_H

#include "little_endian.h"

#define MURMUR64A_FACTOR UINT64_C(0xc6a4a7935bd1e995)
#define MURMUR64A_SHIFT	 47

/* Return the 64-bit MurmurHash64A (Appleby) of len bytes. Bytes are unsigned. */
static inline uint64_t murmur64a(const void *key, size_t len, uint64_t seed)
{
	const unsigned char *bytes = key;
	uint64_t hash = seed ^ (len * MURMUR64A_FACTOR);

	for (; len >= 8; bytes += 8, len -= 8) {
		uint64_t word = load_le64(bytes) * MURMUR64A_FACTOR;

		word = (word ^ (word >> MURMUR64A_SHIFT)) * MURMUR64A_FACTOR;
		hash = (hash ^ word) * MURMUR64A_FACTOR;
	}
	if (len > 0) {
		hash = (hash ^ load_le_part(bytes, len)) * MURMUR64A_FACTOR;
	}
	hash = (hash ^ (hash >> MURMUR64A_SHIFT)) * MURMUR64A_FACTOR;
	return hash ^ (hash >> MURMUR64A_SHIFT);
}

#endif
