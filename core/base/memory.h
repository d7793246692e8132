/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory: the core allocates only through these functions, so that tests can make the nth fail. */
#ifndef TENON_CORE_MEMORY_H
#define TENON_CORE_MEMORY_H

#include <stddef.h>

/* Allocate bytes, not zeroed. 0 bytes are allowed. Returns NULL only when out of memory. */
void *tenon__alloc(size_t bytes);

/*
 * Allocate count * size bytes, zeroed. Returns NULL when out of memory, and when the product
 * overflows.
 */
void *tenon__calloc(size_t count, size_t size);

/*
 * As tenon__calloc(), for memory that is written all over. A large block lies on huge pages
 * where the kernel gives such pages to those who ask (Linux: transparent_hugepage madvise): it is
 * ready sooner, and random reads are faster. Not for memory of which most is never written.
 */
void *tenon__calloc_dense(size_t count, size_t size);

/*
 * Grow or shrink old to count * size bytes. Returns NULL when out of memory, and when the
 * product overflows; old is then unchanged.
 */
void *tenon__realloc(void *old, size_t count, size_t size);

/* Copy len bytes of text and append a NUL. Returns NULL when out of memory. */
char *tenon__strndup(const char *text, size_t len);

/* Copy a text. Returns NULL when text is NULL, and when out of memory. */
char *tenon__strdup(const char *text);

void tenon__free(void *memory);

/* Overwrite `bytes` bytes with zeros, then free them: they may be a secret. memory may be NULL. */
void tenon__free_secret(void *memory, size_t bytes);

/* The same for a text and its NUL. text may be NULL. */
void tenon__free_text(char *text);

/*
 * For tests: let `watch` see each memory before it is freed or moved. NULL: nobody sees it.
 * Threads: as for the functions below.
 */
void tenon__memory_watch(void (*watch)(const void *memory));

/*
 * For tests: let allocations return NULL. nth counts from now, 1 is the next allocation, 0 lets
 * every allocation succeed. fail_from: the nth and all later ones fail. fail_at: only the nth
 * fails. made: the number of allocations since the last of these calls.
 * Threads: none of these is thread-safe, and from the first call on neither is allocation.
 */
void tenon__memory_fail_from(size_t nth);
void tenon__memory_fail_at(size_t nth);
size_t tenon__memory_made(void);

#endif
