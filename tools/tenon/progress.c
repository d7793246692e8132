/* SPDX-License-Identifier: BSD-3-Clause */
#include "progress.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "alloc.h"

/* Go to the begin of the line, and erase it. */
#define ERASE "\r\033[K"

static atomic_bool is_shown;

void progress_line(const char *format, ...)
{
	va_list args;
	char *text;

	if (isatty(STDERR_FILENO) != 1) {
		return;
	}
	va_start(args, format);
	text = alloc_format_args(format, args);
	va_end(args);
	fprintf(stderr, ERASE "%s", text);
	free(text);
	atomic_store(&is_shown, true);
}

void progress_end(void)
{
	if (atomic_exchange(&is_shown, false)) {
		fputs(ERASE, stderr);
	}
}
