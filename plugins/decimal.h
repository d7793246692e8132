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
	size_t len = 1;

	for (uint64_t rest = number; rest >= 10; rest /= 10) {
		len++;
	}
	for (char *at = to + len; at > to; number /= 10) {
		*--at = (char)('0' + number % 10);
	}
	return len;
}

#endif
