/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE 1 /* madvise() */
#include "base/fork.h"

#include <stdint.h>
#include <sys/mman.h>

#include "tenon/error.h"

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

int tenon__fork_mark_init(struct tenon__fork_mark *mark)
{
	void *page = mmap(NULL, page_bytes(), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED) {
		return TENON_ENOMEM;
	}
	mark->page = page;
	if (madvise(page, page_bytes(), MADV_WIPEONFORK) != 0) {
		mark->pid = getpid();
	}
	*(unsigned char *)page = 1;
	return 0;
}

void tenon__fork_mark_fini(struct tenon__fork_mark *mark)
{
	if (mark->page) {
		munmap((void *)(uintptr_t)mark->page, page_bytes());
		mark->page = NULL;
	}
}

void tenon__fork_mark_renew(struct tenon__fork_mark *mark)
{
	if (mark->pid != 0) {
		mark->pid = getpid();
	}
	*(volatile unsigned char *)(uintptr_t)mark->page = 1;
}
