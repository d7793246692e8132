/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters that one thread writes and any thread reads. Because there is one writer, a counter is
 * an atomic that is loaded and stored, without a read-modify-write instruction. This costs no
 * more than a plain integer.
 */
#ifndef TENON_CORE_COUNTER_H
#define TENON_CORE_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

#include "tenon/health.h"

typedef _Atomic uint64_t tenon__counter;

/*
 * The index at which keys with a status are counted: TENON_OK is in the middle of the array, the
 * other answers are below the middle, and errors (keys without an answer) are above the middle.
 */
#define TENON_TALLY_OUTCOMES (2 * TENON_HEALTH_ERRORS)
#define TENON_TALLY_OUTCOME(status) \
	((unsigned)(TENON_HEALTH_ERRORS - (status)) % TENON_TALLY_OUTCOMES)

/* How many keys had which status. */
struct tenon__tally {
	tenon__counter hits, misses; /* of get, gets, gat, gats */
	tenon__counter outcomes[TENON_TALLY_OUTCOMES]; /* of all other keys */
};

/* Add n to a counter. Threads: the writer. */
static inline void tenon__count(tenon__counter *counter, uint64_t n)
{
	atomic_store_explicit(
		counter,
		atomic_load_explicit(counter, memory_order_relaxed) + n,
		memory_order_relaxed);
}

/* Count a key by its status. Hits and misses of get, gets, gat and gats are counted elsewhere. */
static inline void tenon__tally_key(struct tenon__tally *tally, int status)
{
	tenon__count(&tally->outcomes[TENON_TALLY_OUTCOME(status)], 1);
}

#endif
