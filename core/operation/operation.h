/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An operation: the requests of one call and their results, the memory that they
 * live in, and the deadline. Results live until the operation is used again.
 */
#ifndef TENON_CORE_OPERATION_H
#define TENON_CORE_OPERATION_H

#include "base/arena.h"
#include "connection/engine.h"
#include "operation/chain.h"

struct tenon__operation {
	struct tenon__engine *engine;
	const struct tenon__assembly *assembly; /* the engine's */
	struct tenon__requests
		requests; /* arrays of request_capacity entries */
	struct tenon__chain chain;
	struct tenon__arena arena;
	uint32_t item_count;	/* requests of the caller's items */
	uint32_t request_count; /* all requests */
	uint32_t hashed_count;	/* requests whose hash is known */
	uint32_t request_capacity;
	int64_t start_ns, deadline_ns;
	int64_t start_ms;  /* start_ns, for failover policies */
	int64_t latest_ns; /* the deadline is no later; INT64_MAX: only poll_timeout counts */
	uint64_t *hashes; /* by request */
	char *key_buffer; /* keys with the prefix */
	size_t key_buffer_capacity;
};

/*
 * Set up an operation for an engine, which is set up and lives as long.
 * Errors: TENON_ENOMEM, what init of a codec returns. *op is for
 *         tenon__operation_fini() in any case.
 */
int tenon__operation_init(struct tenon__operation *op,
			  struct tenon__engine *engine,
			  struct tenon_error *err);

/* Free it, before the engine; a zeroed operation is fine. */
void tenon__operation_fini(struct tenon__operation *op);

/* Begin a call: give up the results of the call before, and take the time. */
void tenon__operation_begin(struct tenon__operation *op);

/* Grow the arrays to count requests. Errors: TENON_ENOMEM. */
int tenon__operation_grow(struct tenon__operation *op, size_t count);

/* Let the arrays hold count requests. Errors: TENON_ENOMEM. */
static inline int tenon__operation_reserve(struct tenon__operation *op,
					   size_t count)
{
	return count <= op->request_capacity ? 0
					     : tenon__operation_grow(op, count);
}

/*
 * Append a request; the arrays hold one more. key is as sent: with the prefix.
 * Returns its index.
 */
static inline uint32_t tenon__operation_add(struct tenon__operation *op,
					    const struct tenon__verb *verb,
					    struct tenon_slice key,
					    const struct tenon_item *item)
{
	struct tenon__requests *rs = &op->requests;
	uint32_t req = op->request_count++;

	rs->keys[req] = key;
	rs->list[req] = (struct tenon__request){ .verb = verb, .item = item };
	rs->results[req] = (struct tenon_result){ .server = TENON_NO_SERVER };
	return req;
}

#endif
