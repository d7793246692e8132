/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/seen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tenon/error.h"

#define TEXTS 8
#define TEXT_BYTES 600

/* Bytes that are shown of a longer string. */
#define SHOWN 24

/* Return the next of the texts, empty. */
static char *next_text(void)
{
	static char texts[TEXTS][TEXT_BYTES];
	static size_t next;
	char *text = texts[next++ % TEXTS];

	text[0] = '\0';
	return text;
}

const char *seen_format(const char *format, ...)
{
	char *text = next_text();
	va_list list;

	va_start(list, format);
	vsnprintf(text, TEXT_BYTES, format, list);
	va_end(list);
	return text;
}

char *seen_copy(const char *format, ...)
{
	char text[TEXT_BYTES];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	return strdup(text);
}

const char *seen_status(int status)
{
	return seen_format("%s (%d)", tenon_status_name(status), status);
}

const char *seen_code(int code)
{
	return code == 0 || code == 1 ? seen_format("%d", code)
				      : seen_status(code);
}

const char *seen_statuses(const int *statuses)
{
	char *text = next_text();
	size_t used = 0;

	for (; *statuses != 0 && used < TEXT_BYTES; statuses++) {
		used += (size_t)snprintf(text + used, TEXT_BYTES - used,
					 ", %s (%d)",
					 tenon_status_name(*statuses),
					 *statuses);
	}
	return text;
}

/* Append bytes in hex, as many as are shown. */
static void append_hex(char *text, struct tenon_slice bytes)
{
	const unsigned char *at = bytes.data;
	size_t used = strlen(text);

	for (size_t i = 0; i < bytes.len && i < SHOWN; i++) {
		used += (size_t)snprintf(text + used, TEXT_BYTES - used,
					 " %02x", at[i]);
	}
	snprintf(text + used, TEXT_BYTES - used, "%s",
		 bytes.len > SHOWN ? " ..." : "");
}

const char *seen_bytes(struct tenon_slice bytes)
{
	char *text = next_text();

	snprintf(text, TEXT_BYTES, "%zu bytes%s", bytes.len,
		 bytes.len > 0 ? ":" : "");
	append_hex(text, bytes);
	return text;
}

bool slices_equal(struct tenon_slice a, struct tenon_slice b)
{
	return a.len == b.len &&
	       (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Return the part of the bytes from `at` on; at their end, it is empty. */
static struct tenon_slice part_from(struct tenon_slice bytes, size_t at)
{
	return (struct tenon_slice){
		bytes.data ? (const char *)bytes.data + at : NULL, bytes.len - at
	};
}

const char *seen_difference(struct tenon_slice found,
			    struct tenon_slice expected)
{
	const char *a = found.data;
	const char *b = expected.data;
	char *text = next_text();
	size_t at = 0;

	while (at < found.len && at < expected.len && a[at] == b[at]) {
		at++;
	}
	snprintf(text, TEXT_BYTES,
		 "found %zu bytes, expected %zu; from byte %zu on, found",
		 found.len, expected.len, at);
	append_hex(text, part_from(found, at));
	strcat(text, ", expected");
	append_hex(text, part_from(expected, at));
	return text;
}

const char *seen_text(const char *given)
{
	char *text = next_text();
	size_t used = 1;

	if (!given) {
		return "NULL";
	}
	text[0] = '\'';
	/* room for one more byte, dots, the quote and the end */
	while (*given != '\0' && used < TEXT_BYTES - 9) {
		bool is_plain = *given >= ' ' && *given <= '~';

		used += (size_t)snprintf(text + used, TEXT_BYTES - used,
					 is_plain ? "%c" : "\\x%02x",
					 (unsigned char)*given);
		given++;
	}
	snprintf(text + used, TEXT_BYTES - used, "%s'", *given ? "..." : "");
	return text;
}
