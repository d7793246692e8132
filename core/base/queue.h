/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Callers that wait for a client, first come first served. Each has a descriptor
 * that becomes readable when it is its turn, so that whoever can wait for a socket
 * can wait for a client: poll(2), or a wait hook with green threads behind it.
 *
 * A waiter is never on a stack: green threads move theirs about.
 */
#ifndef TENON_CORE_QUEUE_H
#define TENON_CORE_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "tenon/tenon.h"

/* Waiters that are kept for the next who have to wait. */
#define TENON_QUEUE_SPARE_MAX 64

struct tenon__waiter {
	struct tenon__waiter *next, *before; /* the queue's */
	int event_fd;
	atomic_bool granted;
	struct tenon_client *client; /* granted: what; NULL: the right to make one */
	tenon_wait_fn wait; /* NULL: poll(2) */
	void *wait_payload;
};

/* The fields are the pool's to guard: every function is for who has its lock. */
struct tenon__queue {
	struct tenon__waiter *first, *last;
	uint32_t count;
	struct tenon__waiter *spare;
	uint32_t spare_count;
};

/* Frees what is spare; nobody waits. */
void tenon__queue_fini(struct tenon__queue *queue);

/*
 * Take a place at the end, without a wait hook.
 * Errors: TENON_ENOMEM, TENON_EIO (errno says why).
 */
int tenon__queue_join(struct tenon__queue *queue, struct tenon__waiter **out);

/* Leave before one's turn. */
void tenon__queue_leave(struct tenon__queue *queue,
			struct tenon__waiter *waiter);

/*
 * Let the first have the client, or NULL, and take it out; returns it, for
 * tenon__waiter_wake() when the lock is given up. There is one.
 */
struct tenon__waiter *tenon__queue_grant(struct tenon__queue *queue,
					 struct tenon_client *client);

/* Keep a waiter that is in the queue no more for another caller. */
void tenon__queue_reuse(struct tenon__queue *queue,
			struct tenon__waiter *waiter);

/* The rest is for who has no lock. */

void tenon__waiter_wake(const struct tenon__waiter *waiter);

/*
 * Wait until it is the waiter's turn, or until then (monotonic; INT64_MAX for
 * ever). Returns 0 when it is; TENON_ETIMEDOUT or TENON_EWAIT (errno says why) when
 * it seems not to be: the lock tells.
 */
int tenon__waiter_wait(struct tenon__waiter *waiter, int64_t until_ns);

/* Let the waiter forget that it was woken. It was, or is about to be. */
void tenon__waiter_reset(struct tenon__waiter *waiter);

#endif
