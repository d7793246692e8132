/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Parts that hash plugins share. Functions are inline in a header, because a plugin links to no
 * library of tenon.
 */
#ifndef TENON_HASH_COMMON_H
#define TENON_HASH_COMMON_H

#include "tenon/plugin/hash.h"

#include "../little_endian.h"

/* Keys for self-tests: 250 digits, and 16 bytes above 0x7f. */
#define DIGITS_50  "01234567890123456789012345678901234567890123456789"
#define DIGITS_250 DIGITS_50 DIGITS_50 DIGITS_50 DIGITS_50 DIGITS_50
#define HIGH_BYTES                                                             \
	"\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa\xfb\xfc\xfd\xfe\xff"

static inline uint32_t rotate_left32(uint32_t word, int bits)
{
	return (word << bits) | (word >> (32 - bits));
}

#endif
