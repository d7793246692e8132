/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool counting;    /* a test has called tenon__memory_fail_from() or _at() */
static size_t fail_from; /* the first call that fails; 0: no call fails */
static size_t fail_to;   /* the last call that fails */
static size_t made;      /* calls since counting began */
static void (*watcher)(const void *memory); /* of a test; NULL: none */

/* Nothing is written before a test begins to count, so other programs may use threads. */
static bool must_fail(void)
{
	if (!counting) {
		return false;
	}
	made++;
	return fail_from != 0 && made >= fail_from && made <= fail_to;
}

void *tenon__alloc(size_t bytes)
{
	if (must_fail()) {
		return NULL;
	}
	return malloc(bytes > 0 ? bytes : 1);
}

void *tenon__calloc(size_t count, size_t size)
{
	if (must_fail()) {
		return NULL;
	}
	if (count == 0 || size == 0) {
		count = size = 1;
	}
	return calloc(count, size);
}

#ifdef MADV_HUGEPAGE

/* The size from which a block is put on huge pages, which have 2 MiB on most machines. */
#define HUGE_MIN_BYTES ((size_t)4 << 20)

/* Ask for huge pages. It is a wish only, so an error is no failure. */
static void prefer_huge_pages(void *block, size_t bytes)
{
	uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = ((uintptr_t)block + page_bytes - 1) / page_bytes *
			  page_bytes;
	uintptr_t end = ((uintptr_t)block + bytes) / page_bytes * page_bytes;

	(void)madvise((void *)start, end - start, MADV_HUGEPAGE);
}

#else
#define HUGE_MIN_BYTES SIZE_MAX
#define prefer_huge_pages(block, bytes) ((void)0)
#endif

void *tenon__calloc_dense(size_t count, size_t size)
{
	void *block = tenon__calloc(count, size);

	if (block && count * size >= HUGE_MIN_BYTES) {
		prefer_huge_pages(block, count * size);
	}
	return block;
}

void *tenon__realloc(void *old, size_t count, size_t size)
{
	size_t bytes;

	if (must_fail() || (size > 0 && count > SIZE_MAX / size)) {
		return NULL;
	}
	bytes = count * size;
	if (watcher && old) {
		watcher(old);
	}
	return realloc(old, bytes > 0 ? bytes : 1);
}

char *tenon__strndup(const char *text, size_t len)
{
	char *copy;

	if (len == SIZE_MAX) {
		return NULL;
	}
	copy = tenon__alloc(len + 1);
	if (!copy) {
		return NULL;
	}
	if (len > 0) {
		memcpy(copy, text, len);
	}
	copy[len] = '\0';
	return copy;
}

char *tenon__strdup(const char *text)
{
	return text ? tenon__strndup(text, strlen(text)) : NULL;
}

void tenon__free(void *memory)
{
	if (watcher && memory) {
		watcher(memory);
	}
	free(memory);
}

void tenon__free_secret(void *memory, size_t bytes)
{
	if (memory) {
		explicit_bzero(memory, bytes);
	}
	tenon__free(memory);
}

void tenon__free_text(char *text)
{
	tenon__free_secret(text, text ? strlen(text) : 0);
}

void tenon__memory_watch(void (*watch)(const void *memory))
{
	watcher = watch;
}

static void fail_calls(size_t from, size_t to)
{
	made = 0;
	fail_from = from;
	fail_to = to;
	counting = true;
}

void tenon__memory_fail_from(size_t nth)
{
	fail_calls(nth, SIZE_MAX);
}

void tenon__memory_fail_at(size_t nth)
{
	fail_calls(nth, nth);
}

size_t tenon__memory_made(void)
{
	return made;
}
