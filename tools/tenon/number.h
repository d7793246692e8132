/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers that come as text. */
#ifndef TENON_CLI_NUMBER_H
#define TENON_CLI_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Read a decimal number of at most max; text must have nothing else in it. Returns false, and
 * leaves *out as it is, when text is not such a number.
 */
bool parse_u64(const char *text, uint64_t max, uint64_t *out);

/*
 * Read a duration or a size as the library prints it: "300ms", "1MiB". Returns milliseconds or
 * bytes; 0 for another text. A duration above 0 is 1 ms or more.
 */
int64_t printed_ms(const char *text);
uint64_t printed_bytes(const char *text);

#endif
