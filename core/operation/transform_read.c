/* SPDX-License-Identifier: BSD-3-Clause */
#include "operation/transform_read.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/error.h"
#include "operation/round.h"

/* Append requests that read the chunks of a parent into split->buffer. Errors: TENON_ENOMEM. */
static int add_parts(struct tenon__transform *t, struct tenon__split *split)
{
	struct tenon__requests *rs = &t->op->requests;
	const struct tenon__verb *verb = tenon__verb_of(
		t->verb->exptime ? TENON_GAT : TENON_GET);
	const struct tenon_item *item = rs->list[split->req].item;
	size_t at = 0;

	split->first = t->op->request_count;
	for (uint32_t i = 0; i < split->chunks.base.count; i++) {
		const struct tenon_chunk *chunk = &split->chunks.list[i];
		int code = tenon__transform_add(t->op, verb, chunk->key, item);
		if (code) {
			return code;
		}
		rs->list[split->first + i].sink = split->buffer + at;
		rs->list[split->first + i].sink_bytes = chunk->value.len;
		at += chunk->value.len;
	}
	return 0;
}

/* Get one buffer for all chunks of a value. Errors: TENON_ENOMEM; TENON_ETOOBIG with a sentence. */
static int make_buffer(struct tenon__transform *t, struct tenon__split *split,
		       struct tenon_error *err)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < split->chunks.base.count; i++) {
		bytes += split->chunks.list[i].value.len;
	}
	if (bytes > t->chain->max_value_bytes + TENON_OUTPUT_EXTRA_BYTES) {
		return tenon__error_set(
			err, TENON_ETOOBIG,
			"the split value is larger than max_value_bytes (%" PRIu64 ")",
			t->chain->max_value_bytes);
	}
	if (bytes > t->chain->left_bytes) {
		return tenon__error_set(err, TENON_ETOOBIG,
					TENON_OPERATION_TOO_BIG " (%" PRIu64 ")",
					t->chain->max_operation_bytes);
	}
	t->chain->left_bytes -= bytes;
	split->buffer = tenon__arena_alloc(&t->op->arena, (size_t)bytes + 1);
	return split->buffer ? 0 : TENON_ENOMEM;
}

/* The clock is read again after this many chunks were planned. */
#define CHUNKS_PER_CLOCK 1024

/*
 * Return true when the deadline has passed while chunks were planned. A hostile server can make
 * many parents that name many chunks.
 */
static bool is_late(struct tenon__transform *t)
{
	if (t->unclocked < CHUNKS_PER_CLOCK) {
		return false;
	}
	if (tenon__now_ns() < t->op->deadline_ns) {
		t->unclocked = 0;
		return false;
	}
	return true;
}

/*
 * A parent was read: append requests for its chunks. When the codec refuses the parent, the
 * request is answered with the codec's status.
 * Errors: TENON_ENOMEM.
 */
static int begin_gather(struct tenon__transform *t, uint32_t req)
{
	struct tenon__requests *rs = &t->op->requests;
	const struct tenon_result *result = &rs->results[req];
	struct tenon__split *split = tenon__arena_alloc(&t->op->arena, sizeof(*split));
	struct tenon_error err = { 0 };

	if (!split) {
		return TENON_ENOMEM;
	}
	*split = (struct tenon__split){
		.next = t->splits,
		.req = req,
		.parent = { .key = rs->keys[req],
			    .value = { result->value, result->value_len },
			    .flags = result->flags },
	};
	int code = tenon__chain_plan(t->chain, &split->parent, &split->chunks,
				     &err);
	t->unclocked += split->chunks.base.count;
	if (!code) {
		code = make_buffer(t, split, &err);
	}
	if (!code) {
		t->splits = split;
		return add_parts(t, split);
	}
	if (code != TENON_ENOMEM) {
		tenon__transform_answer(t, req, code,
		       err.message[0] ? err.message : tenon_status_name(code));
		code = 0;
	}
	return code;
}

/* Make one value of the chunks that were read, or answer the request with the failure. */
static void end_gather(struct tenon__transform *t, const struct tenon__split *split)
{
	struct tenon_result *results = t->op->requests.results;
	struct tenon_result *result = &results[split->req];
	struct tenon_error err = { 0 };
	size_t len = 0;

	for (uint32_t i = 0; i < split->chunks.base.count; i++) {
		const struct tenon_result *part = &results[split->first + i];

		/* without a text, TENON_ETOOBIG is a chunk that is longer than its parent says */
		if (part->status < 0 &&
		    (part->status != TENON_ETOOBIG || part->text)) {
			tenon__transform_share(t, split->req, split->first + i);
			return;
		}
		split->chunks.list[i].value = (struct tenon_slice){
			part->value, part->value_len,
		};
		len += part->value_len;
	}
	int code = t->chain->splitter->gather(t->chain->splitter_instance,
					      &split->parent,
					      split->chunks.list,
					      split->chunks.base.count, &err);
	if (code) {
		tenon__transform_answer(t, split->req, code,
		       err.message[0] ? err.message : tenon_status_name(code));
		return;
	}
	split->buffer[len] = '\0';
	result->value = split->buffer;
	result->value_len = len;
	result->flags &= ~t->chain->split_flags;
}

/* Decode the value of a request. On failure the request is answered with the codec's status. */
static void decode_req(struct tenon__transform *t, uint32_t req)
{
	struct tenon_result *result = &t->op->requests.results[req];
	struct tenon_slice value = { result->value, result->value_len };
	struct tenon_error err = { 0 };
	uint32_t unknown = result->flags &
		~(t->chain->flags | t->chain->user_flags);

	if (unknown) {
		tenon__error_set(&err, TENON_EUNDECODABLE,
			"flags 0x%x belong to no codec of the chain and are not in user_flags",
			(unsigned)unknown);
		tenon__transform_answer(t, req, TENON_EUNDECODABLE, err.message);
		return;
	}
	int code = tenon__chain_decode(t->chain, t->op->requests.keys[req],
				       &value, &result->flags, &err);
	if (code) {
		tenon__transform_answer(t, req, code, err.message);
		return;
	}
	result->value = value.data;
	result->value_len = value.len;
}

/*
 * Return true when gats with TENON_COMPARE may meet split values. Their chunks have to be touched also
 * when the caller has the value already, so that all values have to come.
 */
static bool compares_here(const struct tenon__transform *t)
{
	return (t->options & TENON_COMPARE) && t->verb->exptime &&
	       t->chain->split_flags != 0;
}

/* Answer TENON_COMPARE: a value that the caller has already is no value, and has no flags of codecs. */
static void answer_known(const struct tenon__transform *t)
{
	const struct tenon__requests *rs = &t->op->requests;
	bool here = compares_here(t);

	for (uint32_t i = 0; i < t->op->item_count; i++) {
		struct tenon_result *result = &rs->results[i];

		if (here && result->status == TENON_HIT &&
		    result->cas == rs->list[i].item->cas) {
			result->status = TENON_NOT_MODIFIED;
			result->value = NULL;
			result->value_len = 0;
		}
		if (result->status == TENON_NOT_MODIFIED) {
			result->flags &= ~t->chain->flags;
		}
	}
}

int tenon__transform_read(struct tenon__transform *t)
{
	const struct tenon__requests *rs = &t->op->requests;
	uint32_t ours = t->chain->flags | ~t->chain->user_flags;
	uint32_t count = t->op->item_count;
	uint32_t first = count; /* the first hit that has to be gathered or decoded */

	if (compares_here(t)) {
		t->op->call.options &= ~TENON_COMPARE;
	}
	int code = tenon__round_run(t->op, false);

	for (uint32_t i = 0; i < count && !code; i++) {
		if (!(rs->results[i].flags & ours) ||
		    rs->results[i].status != TENON_HIT) {
			continue;
		}
		if (first == count) {
			first = i;
			tenon__chain_begin(t->chain);
		}
		if (!(rs->results[i].flags & t->chain->split_flags)) {
			continue;
		}
		if (is_late(t)) {
			tenon__transform_answer(t, i, TENON_ETIMEDOUT,
			       "no time left to read the chunks of the split value");
			continue;
		}
		code = begin_gather(t, i);
	}
	if (!code && t->splits) {
		code = tenon__round_run(t->op, false);
	}
	if (code) {
		return code;
	}
	for (const struct tenon__split *split = t->splits; split; split = split->next) {
		end_gather(t, split);
	}
	if (t->splits) {
		tenon__transform_give_back(t->op);
	}
	for (uint32_t i = first; i < count; i++) {
		if (rs->results[i].status == TENON_HIT &&
		    (rs->results[i].flags & ours)) {
			decode_req(t, i);
		}
	}
	if (t->options & TENON_COMPARE) {
		answer_known(t);
	}
	return 0;
}
