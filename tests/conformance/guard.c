/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/guard.h"

#include <check.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- pages ------------------------------------------------------------------- */

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

void guard_open(struct guard *guard, size_t bytes)
{
	size_t page = page_bytes();
	unsigned char *pages;

	guard->bytes = (bytes / page + 1) * page;
	pages = mmap(NULL, guard->bytes + 2 * page, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(pages, MAP_FAILED);
	guard->start = pages + page;
	ck_assert_int_eq(mprotect(guard->start, guard->bytes,
				  PROT_READ | PROT_WRITE),
			 0);
}

void guard_close(struct guard *guard)
{
	size_t page = page_bytes();

	munmap(guard->start - page, guard->bytes + 2 * page);
	guard->start = NULL;
}

static void *put(void *to, const void *bytes, size_t len)
{
	if (len > 0) {
		memcpy(to, bytes, len);
	}
	return to;
}

void *guard_at_end(const struct guard *guard, const void *bytes, size_t len)
{
	return put(guard->start + guard->bytes - len, bytes, len);
}

void *guard_at_start(const struct guard *guard, const void *bytes, size_t len)
{
	return put(guard->start, bytes, len);
}

void guard_forbid(const struct guard *guard)
{
	ck_assert_int_eq(mprotect(guard->start, guard->bytes, PROT_NONE), 0);
}

/* ---- the address space --------------------------------------------------------- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER true
#else
#define HAS_SANITIZER false
#endif

/* Return the bytes that the process has mapped. */
static size_t mapped_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	if (file) {
		(void)!fscanf(file, "%lu", &pages);
		fclose(file);
	}
	return pages * page_bytes();
}

bool space_limit(size_t more_bytes, struct rlimit *before)
{
	size_t mapped = mapped_bytes();
	struct rlimit limit;

	/* Without fork, as under valgrind, the limit would also be that of the test's machinery. */
	if (HAS_SANITIZER || mapped == 0 ||
	    (getenv("CK_FORK") && strcmp(getenv("CK_FORK"), "no") == 0) ||
	    getrlimit(RLIMIT_AS, before) != 0) {
		return false;
	}
	limit = *before;
	limit.rlim_cur = mapped + more_bytes;
	return setrlimit(RLIMIT_AS, &limit) == 0;
}

void space_unlimit(const struct rlimit *before)
{
	(void)setrlimit(RLIMIT_AS, before);
}

size_t heap_bytes(void)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
	return mallinfo2().uordblks;
#else
	return 0;
#endif
}
