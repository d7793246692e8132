/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Are we in a fork of the process that made a mark? A page that a fork gets wiped
 * says so without a system call, whatever the fork was made by.
 */
#ifndef TENON_CORE_FORK_H
#define TENON_CORE_FORK_H

#include <stdbool.h>
#include <sys/types.h>
#include <unistd.h>

/* Zeroed: not made. */
struct tenon__fork_mark {
	const volatile unsigned char *page; /* 1 in the process that made it, 0 in a fork */
	pid_t pid; /* where the kernel cannot wipe (Linux before 4.14): whose it is; else 0 */
};

/* Errors: TENON_ENOMEM; *mark is safe for fini. */
int tenon__fork_mark_init(struct tenon__fork_mark *mark);
void tenon__fork_mark_fini(struct tenon__fork_mark *mark);

/* The fork is known about: from now on it is as if this process had made the mark. */
void tenon__fork_mark_renew(struct tenon__fork_mark *mark);

static inline bool tenon__forked(const struct tenon__fork_mark *mark)
{
	return *mark->page == 0 || (mark->pid != 0 && mark->pid != getpid());
}

#endif
