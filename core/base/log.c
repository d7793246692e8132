/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

void tenon__log_line(const struct tenon__log *log, int level,
		     const char *format, ...)
{
	char line[TENON_ERROR_MESSAGE_BYTES + TENON_ERROR_WHERE_BYTES];
	va_list args;

	if (!log->fn) {
		return;
	}
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	tenon__mask_controls(line);
	log->fn(log->payload, level, line);
}
