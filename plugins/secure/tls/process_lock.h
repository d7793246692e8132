/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A lock for short sections that a child of fork(2) may take at once: a lock that a thread of
 * another process holds is nobody's, because that thread is not in the child. Each section that the
 * lock is for ends with one store, so a child finds the state before or after it.
 */
#ifndef TENON_PLUGINS_PROCESS_LOCK_H
#define TENON_PLUGINS_PROCESS_LOCK_H

#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

struct process_lock {
	atomic_int holder; /* the process of the thread that holds the lock; 0: none does */
};

static void process_lock_take(struct process_lock *lock)
{
	int own = (int)getpid();
	int found = 0;

	while (!atomic_compare_exchange_strong(&lock->holder, &found, own)) {
		if (found == own) {
			sched_yield();
			found = 0;
		}
	}
}

static void process_lock_drop(struct process_lock *lock)
{
	atomic_store(&lock->holder, 0);
}

#endif
