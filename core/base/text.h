/* SPDX-License-Identifier: BSD-3-Clause */
/* Text. The locale of the process has no influence here. */
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

/* Return true when two strings are equal. Both may be NULL. */
bool tenon__same_text(const char *a, const char *b);

/* The text of a macro's value, such as "250". */
#define TENON__TEXT_OF(x) #x
#define TENON__TEXT(x) TENON__TEXT_OF(x)

/*
 * Put '?' in place of each byte of a control character, so that a text can neither break a line of
 * a log nor control a terminal. Control characters are C0 (below U+0020), DEL, C1 (U+0080 to
 * U+009F, and the same as single bytes, which some terminals obey as well), and the line
 * separators and direction marks of Unicode (U+2028 to U+202E, U+2066 to U+2069).
 */
void tenon__mask_controls(char *text);

/*
 * Join a path, such as one of a config, with the folder that the path is relative to. Returns a new string;
 * NULL: out of memory.
 */
char *tenon__path_join(const char *folder, const char *path);

#endif
