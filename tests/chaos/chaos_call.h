/* SPDX-License-Identifier: BSD-3-Clause */
/* One call of a worker: its keys and values, its time, and the keys without an answer. */
#ifndef TENON_TESTS_CHAOS_CALL_H
#define TENON_TESTS_CHAOS_CALL_H

#include "chaos/chaos.h"

#define BATCH_MAX 30
#define VALUE_MAX_BYTES 90000

/* The worker's arrays for one call. Used by its thread only. */
struct desk {
	struct tenon_item items[BATCH_MAX];
	uint32_t owners[BATCH_MAX]; /* number of the worker that writes the key */
	uint32_t keys[BATCH_MAX];   /* index among that worker's keys */
	uint64_t writes[BATCH_MAX];
	size_t count;
	char names[BATCH_MAX][CHAOS_KEY_BYTES];
	char values[BATCH_MAX][VALUE_MAX_BYTES];
	const struct tenon_result *results;
	struct tenon_error err;
};

extern _Thread_local struct desk *desk;

/* Count a violation, and keep the message when it is the worker's first one. */
__attribute__((format(printf, 3, 4))) void
complain(struct chaos_worker *worker, enum chaos_violation violation,
	 const char *format, ...);

void look_at_places(uint16_t *generations);

/*
 * Begin and end what is judged as one call. Calls may lie in each other; the gate stays
 * shut out from the first begin to the last end.
 */
void begin_call(struct chaos_worker *worker);
void end_call(struct chaos_worker *worker, const char *verb);

/* Count a key without an answer. A status that no fault explains is a violation. */
void count_failure(struct chaos_worker *worker, const char *verb,
		   const struct tenon_result *result);

/* Run the desk's items. Return false when there are no results, which is a violation. */
bool run(struct chaos_worker *worker, enum tenon_verb verb, const char *name,
	 unsigned options);

/*
 * Return the place of a server of this client. A server number out of range is a
 * violation.
 */
uint32_t place_of(struct chaos_worker *worker, uint32_t server);

/* Return true when every server was well for this client, before the call and in it. */
bool was_well(const struct chaos_worker *worker);

/*
 * Return true when stray bytes may have waited on a connection, and the client had no
 * reason to look before it sent a get.
 */
bool may_be_stray(const struct chaos_worker *worker);

#endif
