/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A queue of callers that wait for one thing each, such as a client of a client pool: first
 * come, first served. Each caller has a waiter, with a file descriptor that becomes readable
 * when the caller's turn comes. So a caller waits in the same way as for a socket: by poll(2),
 * or by a wait hook that switches to another green thread.
 *
 * A waiter is allocated and never on a caller's stack, because libraries for green threads may
 * move stacks while other threads still write to the waiter.
 */
#ifndef TENON_CORE_QUEUE_H
#define TENON_CORE_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "tenon/tenon.h"

/* The number of unused waiters that a queue keeps for later callers. */
#define TENON_QUEUE_SPARE_MAX 64

struct tenon__waiter {
	struct tenon__waiter *next, *before; /* neighbours in the queue */
	int event_fd; /* an eventfd(2) */
	atomic_bool granted; /* the caller's turn has come */
	bool refused; /* once granted: the caller gets nothing; see tenon__queue_refuse() */
	/* Once granted: the thing that the caller waited for; NULL: the right to make a new one. */
	void *item;
	tenon_wait_fn wait; /* NULL: poll(2) */
	void *wait_payload;
};

/*
 * A zeroed queue is empty.
 * Threads: the tenon__queue_ functions are called with the lock of the queue's owner held.
 */
struct tenon__queue {
	struct tenon__waiter *first, *last;
	uint32_t count;
	struct tenon__waiter *spare; /* unused waiters */
	uint32_t spare_count;
};

/* Free the unused waiters. No caller may be waiting. */
void tenon__queue_fini(struct tenon__queue *queue);

/*
 * Append a waiter to the queue. The new waiter has no wait hook; the caller may set one.
 * Owns:   *out is the caller's until tenon__queue_reuse().
 * Errors: TENON_ENOMEM, TENON_ELOCAL (no eventfd; errno says why).
 */
int tenon__queue_join(struct tenon__queue *queue, struct tenon__waiter **out);

/* Take a waiter out of the queue before its turn has come. */
void tenon__queue_leave(struct tenon__queue *queue,
			struct tenon__waiter *waiter);

/*
 * Give item (or NULL, the right to make one) to the first waiter, and take that waiter out
 * of the queue. The queue must not be empty. Returns the waiter; after the caller has released
 * the lock, it wakes the waiter by tenon__waiter_wake().
 */
struct tenon__waiter *tenon__queue_grant(struct tenon__queue *queue,
					 void *item);

/*
 * Take the first waiter out of the queue, which must not be empty, and end its wait without
 * giving it anything. Returns the waiter, to be woken as by tenon__queue_grant().
 */
struct tenon__waiter *tenon__queue_refuse(struct tenon__queue *queue);

/* Give up a waiter that is not in the queue any more. The queue keeps it for another caller. */
void tenon__queue_reuse(struct tenon__queue *queue,
			struct tenon__waiter *waiter);

/* The functions below are called without the lock. */

/* Make event_fd readable, so that the waiting caller wakes up. Any thread may call this. */
void tenon__waiter_wake(const struct tenon__waiter *waiter);

/*
 * Wait until the waiter's turn has come, but not beyond until_ns (monotonic time in ns;
 * INT64_MAX: no limit). Returns 0 when the turn has come.
 * Errors: TENON_ETIMEDOUT, TENON_EWAIT (errno says why). The turn may still come between the
 *         error and the moment when the caller takes the lock. So the caller has to check
 *         `granted` again with the lock held.
 */
int tenon__waiter_wait(struct tenon__waiter *waiter, int64_t until_ns);

/*
 * Clear the waiter's wake-up so that the waiter can be used again. Only for a waiter that was
 * granted: the call blocks while the wake-up is still on its way.
 */
void tenon__waiter_reset(struct tenon__waiter *waiter);

#endif
