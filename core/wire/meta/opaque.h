/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The opaque of a request: a number of 24 bits, which the server sends back with the reply. The
 * requests of a connection are numbered in the order in which they are written. On the wire the
 * number has four letters of 6 bits each, from '0' on, the lowest first. With the flag O in front
 * and the line end behind, it is the tail of a line: 8 bytes.
 */
#ifndef TENON_CORE_META_OPAQUE_H
#define TENON_CORE_META_OPAQUE_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define OPAQUE_MASK UINT32_C(0xffffff)
#define OPAQUE_LETTERS 4
#define TAIL_BYTES (2 + OPAQUE_LETTERS + 2)
_Static_assert(TAIL_BYTES == sizeof(uint64_t), "a tail is read and written as one number");

/* The four letters of a number, the first in the lowest byte. */
static inline uint32_t letters_of(uint32_t number)
{
	uint32_t pairs = (number & 0xfff) | (number & 0xfff000) << 4;

	return ((pairs & 0x003f003f) | (pairs & 0x0fc00fc0) << 2) + 0x30303030;
}

/* The tail of a line, as it stands in memory. */
static inline uint64_t tail_of(uint32_t number)
{
	const uint64_t flag = ' ' | 'O' << 8, end = '\r' | '\n' << 8;

	return htole64(flag | (uint64_t)letters_of(number) << 16 | end << 48);
}

/* Read the number of four letters. Returns false when they are no such letters. */
static inline bool read_letters(const char *at, uint32_t *number)
{
	uint32_t letters;

	memcpy(&letters, at, sizeof(letters));
	letters = le32toh(letters);
	uint32_t sixes = letters - 0x30303030;
	uint32_t pairs = (sixes & 0x003f003f) | (sixes & 0x3f003f00) >> 2;
	*number = (pairs & 0xfff) | (pairs >> 4 & 0xfff000);
	return letters_of(*number) == letters;
}

/* The steps from one number to another that comes behind it. */
static inline uint32_t opaque_distance(uint32_t from, uint32_t to)
{
	return (to - from) & OPAQUE_MASK;
}

/* Write the tail of a line. */
static inline char *put_tail(char *at, uint32_t number)
{
	uint64_t tail = tail_of(number);

	memcpy(at, &tail, TAIL_BYTES);
	return at + TAIL_BYTES;
}

/* Return true when the tail of this number stands at `at`. TAIL_BYTES bytes have arrived there. */
static inline bool has_tail(const char *at, uint32_t number)
{
	uint64_t tail;

	memcpy(&tail, at, TAIL_BYTES);
	return tail == tail_of(number);
}

#endif
