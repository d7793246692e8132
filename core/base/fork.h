/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Detect that this process is a fork of the process that made a mark. The mark is a page of
 * memory with MADV_WIPEONFORK: the kernel zeroes the page in a child process. So the check
 * needs no system call, and it works for children made by fork(), clone() or anything else.
 */
#ifndef TENON_CORE_FORK_H
#define TENON_CORE_FORK_H

#include <stdbool.h>
#include <sys/types.h>
#include <unistd.h>

/* A zeroed mark has not been made yet. */
struct tenon__fork_mark {
	/* The first byte is 1 in the process that made the mark and 0 in a fork. */
	const volatile unsigned char *page;
	/*
	 * 0 where the kernel wipes the page. Linux before 4.14 cannot; then this is the
	 * process that made the mark, and the check costs a getpid().
	 */
	pid_t pid;
};

/*
 * Make a mark. *mark is zeroed before.
 * Errors: TENON_ENOMEM. After an error tenon__fork_mark_fini() may be called, but need not be.
 */
int tenon__fork_mark_init(struct tenon__fork_mark *mark);
void tenon__fork_mark_fini(struct tenon__fork_mark *mark);

/* Let the mark belong to this process, so that tenon__forked() returns false again. */
void tenon__fork_mark_renew(struct tenon__fork_mark *mark);

/* Return true when this process is a fork of the process that the mark belongs to. */
static inline bool tenon__forked(const struct tenon__fork_mark *mark)
{
	return *mark->page == 0 || (mark->pid != 0 && mark->pid != getpid());
}

#endif
