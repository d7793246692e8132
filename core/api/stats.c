/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "tenon/tenon.h"

int tenon_stat_next(const struct tenon_result *result, size_t *cursor,
		    struct tenon_slice *name, struct tenon_slice *value)
{
	if (!result->value || *cursor >= result->value_len) {
		return 0;
	}
	const char *line = result->value + *cursor;
	size_t here = result->value_len - *cursor;
	const char *newline = memchr(line, '\n', here);
	size_t len = newline ? (size_t)(newline - line) : here;

	*cursor += newline ? len + 1 : len;
	if (len > 0 && line[len - 1] == '\r') {
		len--;
	}
	if (len > 5 && memcmp(line, "STAT ", 5) == 0) {
		line += 5;
		len -= 5;
	}
	const char *space = memchr(line, ' ', len);
	size_t name_len = space ? (size_t)(space - line) : len;
	*name = (struct tenon_slice){ line, name_len };
	*value = space ? (struct tenon_slice){ space + 1, len - name_len - 1 } :
			 (struct tenon_slice){ line + len, 0 };
	return 1;
}
