/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Decimal numbers for plugins that build keys. The function is inline in a header, because a
 * plugin links to no library of tenon.
 */
#ifndef TENON_PLUGINS_DECIMAL_H
#define TENON_PLUGINS_DECIMAL_H

#include <stddef.h>
#include <stdint.h>

#define DECIMAL_DIGITS_MAX 20 /* of a uint64_t */

/* Write number in decimal, without NUL. Returns the count of digits, 1..DECIMAL_DIGITS_MAX. */
static inline size_t put_decimal(char *to, uint64_t number)
{
	char digits[DECIMAL_DIGITS_MAX];
	size_t len = 0;

	do {
		digits[len++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	for (size_t i = 0; i < len; i++) {
		to[i] = digits[len - 1 - i];
	}
	return len;
}

#endif
