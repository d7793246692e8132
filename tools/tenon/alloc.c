/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cli.h"

_Noreturn void alloc_failed(void)
{
	fputs("tenon: out of memory\n", stderr);
	exit(EXIT_SERVER);
}

void *alloc_array(size_t count, size_t size)
{
	void *memory;

	if (count == 0 || size == 0) {
		return NULL;
	}
	memory = calloc(count, size);
	if (!memory) {
		alloc_failed();
	}
	return memory;
}

void *alloc_resize(void *old, size_t count, size_t size)
{
	void *memory;

	if (count == 0 || size == 0 || count > SIZE_MAX / size) {
		alloc_failed();
	}
	memory = realloc(old, count * size);
	if (!memory) {
		alloc_failed();
	}
	return memory;
}

char *alloc_text(const char *text)
{
	char *copy = strdup(text);

	if (!copy) {
		alloc_failed();
	}
	return copy;
}

char *alloc_format_args(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0) {
		alloc_failed();
	}
	return text;
}

char *alloc_format(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = alloc_format_args(format, args);
	va_end(args);
	return text;
}

char *alloc_joined(char *list, const char *separator, const char *word)
{
	bool is_first = !list || *list == '\0';
	char *longer = alloc_format("%s%s%s", is_first ? "" : list,
				    is_first ? "" : separator, word);

	free(list);
	return longer;
}
