/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An operation: the requests of one call, their results, the memory of both, and the
 * deadline. Results live until the next call.
 */
#ifndef TENON_CORE_OPERATION_H
#define TENON_CORE_OPERATION_H

#include "base/arena.h"
#include "connection/engine.h"
#include "operation/chain.h"

/* An operation has fewer requests: an index of one has 32 bits. */
#define TENON_REQUESTS_LIMIT UINT32_MAX

/* Which values are received into the caller's memory (tenon_client_set_sink). */
struct tenon__sink_rule {
	tenon_sink_fn fn; /* asks the caller for memory; NULL: the caller gives none */
	void *payload;
	size_t min_bytes;  /* values of this size or more go into the caller's memory */
	uint32_t excluded; /* no values with one of these flags: a codec decodes them */
};

/*
 * The requests of one operation. The arrays have one entry for each request: first the caller's
 * items in their order, then the requests that codecs add.
 */
struct tenon__requests {
	struct tenon__intake intake; /* must be first */
	struct tenon_slice *keys; /* with the prefix */
	struct tenon__request *list;
	struct tenon_result *results;
	struct tenon__sink_rule sink_rule;
};

/* After a call, an operation keeps room for this many requests that codecs added. */
#define TENON_REQUESTS_KEEP_MAX 16384

struct tenon__operation {
	struct tenon__engine *engine;
	const struct tenon__assembly *assembly; /* the engine's */
	struct tenon__requests
		requests; /* arrays of request_capacity entries */
	struct tenon__chain chain;
	struct tenon__arena arena;
	uint32_t item_count;	/* number of the caller's items; their requests come first */
	uint32_t request_count; /* all requests, with those that codecs added */
	uint32_t hashed_count;	/* number of requests, from the first, whose keys are hashed */
	uint32_t request_capacity;
	bool noreply; /* no request of the running round has a reply */
	bool looks; /* connections are looked at before requests are sent on them */
	bool routed; /* an item has a routing key, or a part of each key is hashed */
	int64_t start_ns; /* monotonic; codecs that run before the first round move it */
	int64_t deadline_ns;
	int64_t start_ms;  /* start_ns in ms, for the failover policies */
	int64_t timeout_ms; /* of this call; 0: poll_timeout */
	struct tenon_call call; /* set when a request has `more` */
	int64_t latest_ns; /* upper limit of deadline_ns; INT64_MAX: only the timeout counts */
	uint64_t *hashes; /* one for each request */
	const struct tenon_slice *routing_keys; /* of this round: what decides the server of each request */
	char *key_buffer; /* the keys of the caller's items with the prefix */
	size_t key_buffer_capacity; /* bytes */
};

/*
 * Set up an operation for an engine, which must be set up and must live longer.
 * Errors: TENON_ENOMEM, the errors of a codec's init. Call tenon__operation_fini() also
 *         after an error.
 */
int tenon__operation_init(struct tenon__operation *op,
			  struct tenon__engine *engine,
			  struct tenon_error *err);

/* Free an operation, before its engine is freed. A zeroed operation is allowed. */
void tenon__operation_fini(struct tenon__operation *op);

/* The part of tenon__operation_excuse_codecs() for codecs that have worked. */
void tenon__operation_move_deadline(struct tenon__operation *op);

/* Return the time that this call has for its network work. */
static inline int64_t
tenon__operation_timeout_ms(const struct tenon__operation *op)
{
	return op->timeout_ms ? op->timeout_ms : op->assembly->poll_timeout_ms;
}

/*
 * Begin a call: give up the results of the last call, and set the deadline. The caller has set
 * op->timeout_ms.
 */
void tenon__operation_begin(struct tenon__operation *op);

/*
 * Move the deadline by the time that codecs took since the last round, because the deadline
 * covers network work only. Reads no clock when no codec has worked.
 */
static inline void tenon__operation_excuse_codecs(struct tenon__operation *op)
{
	if (op->chain.busy_since_ns != 0) {
		tenon__operation_move_deadline(op);
	}
}

/*
 * Grow the arrays to exactly count requests.
 * Errors: TENON_ENOMEM; the old capacity stays usable.
 */
int tenon__operation_grow(struct tenon__operation *op, size_t count);

/* Give back the memory of all requests but those of the caller's items. */
void tenon__operation_shrink(struct tenon__operation *op);

/* Make sure that the arrays can hold count requests. Errors: TENON_ENOMEM. */
static inline int tenon__operation_reserve(struct tenon__operation *op,
					   size_t count)
{
	return count <= op->request_capacity ? 0
					     : tenon__operation_grow(op, count);
}

/*
 * Append a request. The arrays must have room for it.
 * Shape: key has the prefix already; for a server verb it is the argument, and item is NULL.
 * Owns:  the bytes of key and *item are not copied; they must live as long as the call.
 * Returns the index of the request.
 */
static inline uint32_t tenon__operation_add(struct tenon__operation *op,
					    const struct tenon__verb *verb,
					    struct tenon_slice key,
					    const struct tenon_item *item)
{
	struct tenon__requests *rs = &op->requests;
	uint32_t req = op->request_count++;

	rs->keys[req] = key;
	rs->list[req] = (struct tenon__request){
		.verb = verb,
		.item = item,
		.key = key,
	};
	rs->results[req] = (struct tenon_result){ .server = TENON_NO_SERVER };
	return req;
}

/*
 * Change the exptime of a request. The request gets a copy of its item, because the caller's
 * item must not change.
 * Errors: TENON_ENOMEM.
 */
int tenon__operation_set_exptime(struct tenon__operation *op, uint32_t req,
				 int64_t exptime);

#endif
