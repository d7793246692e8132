/* SPDX-License-Identifier: BSD-3-Clause */
/* ASCII text. The locale of the process has no influence here. */
#ifndef TENON_CORE_TEXT_H
#define TENON_CORE_TEXT_H

#include <stdbool.h>

/* Return the lower-case form of an ASCII letter. Any other byte is returned unchanged. */
static inline char tenon__lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

/* Return true when two strings are equal, ignoring the case of ASCII letters. */
bool tenon__same_word(const char *a, const char *b);

#endif
