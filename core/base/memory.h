/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every allocation of the core goes through here, so that tests can fail the
 * nth one.
 */
#ifndef TENON_CORE_MEMORY_H
#define TENON_CORE_MEMORY_H

#include <stddef.h>

/* Get bytes (not zeroed), or NULL. */
void *tenon__alloc(size_t bytes);

/* Get count * size zeroed bytes, or NULL; also when the product overflows. */
void *tenon__calloc(size_t count, size_t size);

/* Grow or shrink to count * size bytes; NULL leaves old as it is. */
void *tenon__realloc(void *old, size_t count, size_t size);

/* Copy len bytes and a NUL. */
char *tenon__strndup(const char *text, size_t len);

void tenon__free(void *memory);

/*
 * Tests: let the nth allocation from now (1 is the next) return NULL, with all later
 * ones or alone; 0 switches that off. How many were made since then. Not for threads.
 */
void tenon__memory_fail_from(size_t nth);
void tenon__memory_fail_at(size_t nth);
size_t tenon__memory_made(void);

#endif
