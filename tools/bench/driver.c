/* SPDX-License-Identifier: BSD-3-Clause */
/* Used by every driver: the last error, and the check of received values. */
#include "driver.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char last_error[200];

int driver_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(last_error, sizeof(last_error), format, args);
	va_end(args);
	return -1;
}

const char *driver_error(void)
{
	return last_error;
}

void seen_value(struct seen *seen, const void *key, size_t key_len,
		const void *value, size_t value_len)
{
	const struct work *work = seen->work;

	for (size_t i = 0; i < work->key_count && key_len == KEY_BYTES; i++) {
		if (memcmp(work->keys[i].key, key, KEY_BYTES) != 0) {
			continue;
		}
		seen->counts[i]++;
		seen->wrong +=
			value_len != work->value_len ||
			memcmp(value, work->keys[i].value, value_len) != 0;
		return;
	}
	seen->wrong++;
}
