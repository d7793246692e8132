/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SpookyHash V2 (Jenkins) of a key: the low 32 bits of its 128-bit hash, called Hash32 by its
 * author. The functions are inline in a header, because a plugin links to no library of tenon.
 */
#ifndef TENON_PLUGINS_SPOOKY_H
#define TENON_PLUGINS_SPOOKY_H

#include <string.h>

#include "little_endian.h"

#define SPOOKY_CONST	   UINT64_C(0xdeadbeefdeadbeef)
#define SPOOKY_WORDS	   12 /* in the state and in a block of the long form */
#define SPOOKY_BLOCK_BYTES 96
#define SPOOKY_LONG_BYTES                                                      \
	192 /* the long form hashes keys of this length or more */

static inline uint64_t spooky_rotate(uint64_t number, int bits)
{
	return (number << bits) | (number >> (64 - bits));
}

/* ---- fewer than SPOOKY_LONG_BYTES: a state of four words ----------------- */

/* One step of spooky_short_mix. */
#define SPOOKY_MIX(x, y, z, bits)                                              \
	do {                                                                   \
		(x) = spooky_rotate((x), (bits)) + (y);                        \
		(z) ^= (x);                                                    \
	} while (0)

static inline void spooky_short_mix(uint64_t s[4])
{
	SPOOKY_MIX(s[2], s[3], s[0], 50);
	SPOOKY_MIX(s[3], s[0], s[1], 52);
	SPOOKY_MIX(s[0], s[1], s[2], 30);
	SPOOKY_MIX(s[1], s[2], s[3], 41);
	SPOOKY_MIX(s[2], s[3], s[0], 54);
	SPOOKY_MIX(s[3], s[0], s[1], 48);
	SPOOKY_MIX(s[0], s[1], s[2], 38);
	SPOOKY_MIX(s[1], s[2], s[3], 37);
	SPOOKY_MIX(s[2], s[3], s[0], 62);
	SPOOKY_MIX(s[3], s[0], s[1], 34);
	SPOOKY_MIX(s[0], s[1], s[2], 5);
	SPOOKY_MIX(s[1], s[2], s[3], 36);
}

/* One step of spooky_short_end. */
#define SPOOKY_END(x, y, bits)                                                 \
	do {                                                                   \
		(x) ^= (y);                                                    \
		(y) = spooky_rotate((y), (bits));                              \
		(x) += (y);                                                    \
	} while (0)

static inline void spooky_short_end(uint64_t s[4])
{
	SPOOKY_END(s[3], s[2], 15);
	SPOOKY_END(s[0], s[3], 52);
	SPOOKY_END(s[1], s[0], 26);
	SPOOKY_END(s[2], s[1], 51);
	SPOOKY_END(s[3], s[2], 28);
	SPOOKY_END(s[0], s[3], 9);
	SPOOKY_END(s[1], s[0], 47);
	SPOOKY_END(s[2], s[1], 54);
	SPOOKY_END(s[3], s[2], 32);
	SPOOKY_END(s[0], s[3], 25);
	SPOOKY_END(s[1], s[0], 63);
}

/* Add the last count bytes, 0..15. */
static inline void spooky_short_tail(uint64_t s[4], const unsigned char *bytes,
				     size_t count)
{
	if (count >= 8) {
		s[2] += load_le64(bytes);
		s[3] += load_le_part(bytes + 8, count - 8);
	} else if (count > 0) {
		s[2] += load_le_part(bytes, count);
	} else {
		s[2] += SPOOKY_CONST;
		s[3] += SPOOKY_CONST;
	}
}

static inline uint32_t spooky_short(const unsigned char *bytes, size_t len,
				    uint64_t seed)
{
	uint64_t s[4] = { seed, seed, SPOOKY_CONST, SPOOKY_CONST };
	size_t left = len;

	for (; left >= 16; bytes += 16, left -= 16) {
		s[2] += load_le64(bytes);
		s[3] += load_le64(bytes + 8);
		spooky_short_mix(s);
		if (left >= 32) {
			s[0] += load_le64(bytes + 16);
			s[1] += load_le64(bytes + 24);
			bytes += 16;
			left -= 16;
		}
	}
	s[3] += (uint64_t)len << 56;
	spooky_short_tail(s, bytes, left);
	spooky_short_end(s);
	return (uint32_t)s[0];
}

/* ---- SPOOKY_LONG_BYTES or more: a state of twelve words ------------------ */

/* The place of word i of the state, which is a ring. */
#define SPOOKY_AT(i) ((i) % SPOOKY_WORDS)

static inline void spooky_long_mix(uint64_t s[SPOOKY_WORDS],
				   const unsigned char *block)
{
	static const unsigned char bits[SPOOKY_WORDS] = {
		11, 32, 43, 31, 17, 28, 39, 57, 55, 54, 22, 46,
	};

	for (size_t i = 0; i < SPOOKY_WORDS; i++) {
		s[i] += load_le64(block + i * 8);
		s[SPOOKY_AT(i + 2)] ^= s[SPOOKY_AT(i + 10)];
		s[SPOOKY_AT(i + 11)] ^= s[i];
		s[i] = spooky_rotate(s[i], bits[i]);
		s[SPOOKY_AT(i + 11)] += s[SPOOKY_AT(i + 1)];
	}
}

static inline void spooky_long_end(uint64_t s[SPOOKY_WORDS],
				   const unsigned char *block)
{
	static const unsigned char bits[SPOOKY_WORDS] = {
		44, 15, 34, 21, 38, 33, 10, 13, 38, 53, 42, 54,
	};

	for (size_t i = 0; i < SPOOKY_WORDS; i++) {
		s[i] += load_le64(block + i * 8);
	}
	for (size_t step = 0; step < (size_t)3 * SPOOKY_WORDS; step++) {
		size_t i = SPOOKY_AT(step);
		uint64_t *next = &s[SPOOKY_AT(i + 1)];

		s[SPOOKY_AT(i + 11)] += *next;
		s[SPOOKY_AT(i + 2)] ^= s[SPOOKY_AT(i + 11)];
		*next = spooky_rotate(*next, bits[i]);
	}
}

static inline uint32_t spooky_long(const unsigned char *bytes, size_t len,
				   uint64_t seed)
{
	unsigned char last[SPOOKY_BLOCK_BYTES] = { 0 };
	uint64_t s[SPOOKY_WORDS];

	for (size_t i = 0; i < SPOOKY_WORDS; i++) {
		s[i] = i % 3 == 2 ? SPOOKY_CONST : seed;
	}
	for (; len >= SPOOKY_BLOCK_BYTES; len -= SPOOKY_BLOCK_BYTES) {
		spooky_long_mix(s, bytes);
		bytes += SPOOKY_BLOCK_BYTES;
	}
	memcpy(last, bytes, len);
	last[SPOOKY_BLOCK_BYTES - 1] = (unsigned char)len;
	spooky_long_end(s, last);
	return (uint32_t)s[0];
}

/* Return the Hash32 of len bytes; both 64-bit seeds are seed. Bytes are unsigned. */
static inline uint32_t spooky32(const void *key, size_t len, uint32_t seed)
{
	return len < SPOOKY_LONG_BYTES ? spooky_short(key, len, seed)
				       : spooky_long(key, len, seed);
}

#endif
