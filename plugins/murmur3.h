/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Steps of MurmurHash3 (Appleby), the form of 32 bits. To hash a key: begin with the seed, take
 * each four bytes with murmur3_word(), and the rest with murmur3_end(). The functions are inline
 * in a header, because a plugin links to no library of tenon.
 */
#ifndef TENON_PLUGINS_MURMUR3_H
#define TENON_PLUGINS_MURMUR3_H

#include "little_endian.h"

static inline uint32_t murmur3_rotate(uint32_t word, int bits)
{
	return (word << bits) | (word >> (32 - bits));
}

static inline uint32_t murmur3_scramble(uint32_t word)
{
	return murmur3_rotate(word * 0xcc9e2d51u, 15) * 0x1b873593u;
}

/* Take four bytes, read as a little-endian number. Returns the new hash. */
static inline uint32_t murmur3_word(uint32_t hash, uint32_t word)
{
	return murmur3_rotate(hash ^ murmur3_scramble(word), 13) * 5 +
	       0xe6546b64u;
}

/* Take the last count bytes, 0..3, of a key of key_len bytes. Returns the key's hash. */
static inline uint32_t murmur3_end(uint32_t hash, const unsigned char *rest,
				   size_t count, size_t key_len)
{
	hash ^= murmur3_scramble((uint32_t)load_le_part(rest, count));
	hash ^= (uint32_t)key_len;
	hash = (hash ^ hash >> 16) * 0x85ebca6bu;
	hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
	return hash ^ hash >> 16;
}

#endif
