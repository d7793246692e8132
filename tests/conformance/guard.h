/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a plugin does to memory that is not its own: pages that cannot be read beside an input, a
 * limit of the address space, and the bytes in use of malloc.
 */
#ifndef TENON_TESTS_GUARD_H
#define TENON_TESTS_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

/* Memory between two pages that cannot be read or written. */
struct guard {
	unsigned char *start;
	size_t bytes; /* a multiple of the page size */
};

/* Map memory of at least so many bytes. */
void guard_open(struct guard *guard, size_t bytes);
void guard_close(struct guard *guard);

/* Copy bytes to the end of the memory; the first byte behind them cannot be read. */
void *guard_at_end(const struct guard *guard, const void *bytes, size_t len);

/* Copy bytes to the start of the memory; the byte in front of them cannot be read. */
void *guard_at_start(const struct guard *guard, const void *bytes, size_t len);

/* From now on any access to the memory ends the test with SIGSEGV. */
void guard_forbid(const struct guard *guard);

/*
 * Let the process map at most so many bytes more. Returns false, and limits nothing, where a
 * sanitizer or valgrind needs the address space.
 */
bool space_limit(size_t more_bytes, struct rlimit *before);
void space_unlimit(const struct rlimit *before);

/* Return the bytes of malloc that are in use; 0 where the C library or a sanitizer does not say. */
size_t heap_bytes(void);

#endif
