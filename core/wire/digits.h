/* SPDX-License-Identifier: BSD-3-Clause */
/* Decimal numbers of requests and replies. */
#ifndef TENON_CORE_DIGITS_H
#define TENON_CORE_DIGITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- writing ------------------------------------------------------------ */

/*
 * Write up to 20 digits. Always copies 20 bytes, as a fixed size is fast to copy; the next bytes
 * overwrite the rest. Returns the end of the digits.
 */
static inline char *tenon__put_digits(char *at, uint64_t number)
{
	enum { MOST = 20 };
	char digits[2 * MOST];
	size_t first = MOST;

	do {
		digits[--first] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	memcpy(at, digits + first, MOST);
	return at + MOST - first;
}

static inline char *tenon__put_u64(char *at, uint64_t number)
{
	if (number < 10) {
		*at = (char)('0' + number);
		return at + 1;
	}
	return tenon__put_digits(at, number);
}

static inline char *tenon__put_i64(char *at, int64_t number)
{
	if (number < 0) {
		*at++ = '-';
		return tenon__put_u64(at, 0 - (uint64_t)number);
	}
	return tenon__put_u64(at, (uint64_t)number);
}

/* ---- reading ------------------------------------------------------------ */

/* The value of a digit; above 9 for any other byte. */
static inline unsigned tenon__digit_of(char byte)
{
	return (unsigned char)(byte - '0');
}

/* Return true when these `count` digits fit into 64 bits. number is their value modulo 2^64. */
static inline bool tenon__fits_u64(const char *digits, size_t count, uint64_t number)
{
	/* 19 digits always fit. 20 digits above 2^64 - 1 wrap to a number below 10^19. */
	return count <= 19 || (count == 20 && *digits == '1' &&
			       number >= UINT64_C(10000000000000000000));
}

/*
 * Read decimal digits from `at` on; a NUL stands after the bytes that arrived.
 * Returns the end of the digits; NULL when there are no digits or the number has
 * more than 64 bits.
 */
static inline const char *tenon__read_u64(const char *at, uint64_t *out)
{
	const char *from = at;
	uint64_t number = 0;

	for (; tenon__digit_of(*at) <= 9; at++) {
		number = number * 10 + tenon__digit_of(*at);
	}
	*out = number;
	return at != from && tenon__fits_u64(from, (size_t)(at - from), number) ?
		at : NULL;
}

/* Read a space and a number, as tenon__read_u64(). Returns NULL also when `at` is NULL. */
static inline const char *tenon__read_field(const char *at, uint64_t *out)
{
	return at && *at == ' ' ? tenon__read_u64(at + 1, out) : NULL;
}

#endif
