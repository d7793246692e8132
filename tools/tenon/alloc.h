/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory for a program that cannot go on without it: when memory is out, these functions
 * end the program.
 */
#ifndef TENON_CLI_ALLOC_H
#define TENON_CLI_ALLOC_H

#include <stdarg.h>
#include <stddef.h>

/* Get count * size zeroed bytes. Returns NULL only when that product is 0. */
void *alloc_array(size_t count, size_t size);

/* Resize to count * size bytes. New bytes are not zeroed. */
void *alloc_resize(void *old, size_t count, size_t size);

char *alloc_text(const char *text);

/* Print into memory of the right size, as printf() and vprintf() do. */
char *alloc_format(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
char *alloc_format_args(const char *format, va_list args)
	__attribute__((format(printf, 1, 0)));

/*
 * Append a word to a list in a text, with the separator between; a list without words is NULL or
 * "". Takes over list. Returns the longer list.
 */
char *alloc_joined(char *list, const char *separator, const char *word);

/* Report that memory is out, and exit with EXIT_SERVER. */
_Noreturn void alloc_failed(void);

#endif
