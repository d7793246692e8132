/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hold-back of a server that does not fit the config: the set-up of a connection was refused, so
 * the next one would be refused as well. For retry_timeout no client of the assembly tries a new
 * connection; then one client tries it, and the others stay held back meanwhile. So a wrong password
 * or certificate costs one connection in each retry_timeout, whatever the number of clients and calls.
 * Only clients that connect at the same moment, before the first refusal, try once each: 16 threads
 * that start together make up to 16 connections. A client does not wait for the verdict on another
 * client's connection, because every start with a right password would then take a round trip longer.
 *
 * A hold-back is about one address: a client at another address is free. All fields are atomic and
 * nobody waits for anybody.
 */
#ifndef TENON_CORE_HOLD_H
#define TENON_CORE_HOLD_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/error.h"
#include "tenon/health.h"

/* Why a server is held back. */
struct tenon__hold_reason {
	uint64_t place; /* the address: see tenon__outcome_place() */
	int64_t status; /* enum tenon_status */
	char text[TENON__SENTENCE_BYTES]; /* one sentence */
};

#define TENON_HOLD_WORDS (sizeof(struct tenon__hold_reason) / sizeof(uint64_t))

/* The record of one server. A zeroed record holds nothing back. */
struct tenon__hold {
	_Atomic int64_t until_ms; /* 0: the server is not held back */
	_Atomic uint64_t sequence; /* odd while words are written */
	_Atomic uint64_t words[TENON_HOLD_WORDS]; /* struct tenon__hold_reason */
};

/* Hold a server back until until_ms. Threads: any. */
void tenon__hold_begin(struct tenon__hold *hold,
		       const struct tenon__hold_reason *reason,
		       int64_t until_ms);

/*
 * Return true when a client at this place may not try a new connection now. *out is the reason then.
 * The first client that asks when the time is over may try; the others are held back for retry_ms
 * more, or until the hold-back has ended. Threads: any.
 */
bool tenon__hold_stops(struct tenon__hold *hold, uint64_t place, int64_t now_ms,
		       int64_t retry_ms, struct tenon__hold_reason *out);

/* A new connection works. Threads: any. */
static inline void tenon__hold_end(struct tenon__hold *hold)
{
	if (atomic_load_explicit(&hold->until_ms, memory_order_relaxed) != 0) {
		atomic_store(&hold->until_ms, 0);
	}
}

#endif
