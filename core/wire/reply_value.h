/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The value of a reply: it stays in the block, goes into the memory of its request, or is skipped.
 * The functions are inline in the readers of all protocols.
 */
#ifndef TENON_CORE_REPLY_VALUE_H
#define TENON_CORE_REPLY_VALUE_H

#include "wire/digits.h"
#include "wire/reply.h"

/* What the line in front of a value says of it. */
struct tenon__value_head {
	uint64_t flags, bytes, cas;
};

/* Ask for memory for a value. A repeated exchange asks again. */
static inline void tenon__value_ask(struct tenon__request *req, uint64_t bytes)
{
	req->sink = req->intake->sink(req->intake, req, (size_t)bytes);
	req->sink_bytes = (size_t)bytes;
}

/* All bytes of a value have arrived: check its line end and make it the request's result. */
static inline int tenon__value_end(struct tenon__wire *wire,
			    struct tenon__request *req, char *value, size_t len)
{
	struct tenon_result *result;

	if (memcmp(value + len, "\r\n", 2) != 0) {
		return tenon__reply_broken(wire, "no line end after a value", value + len,
			      2);
	}
	value[len] = '\0';
	tenon__count(&wire->tally->hits, 1);
	result = tenon__reply_answer(req, TENON_HIT);
	result->value = value;
	result->value_len = len;
	wire->parsed = (size_t)(value + len + 2 - wire->block->data);
	wire->keep_from = wire->parsed;
	wire->recv_state = TENON_RECV_LINE;
	return TENON_WIRE_READ_ON;
}

/*
 * Receive a value into its request's sink. The bytes that have arrived are copied; the
 * transport receives the rest directly into the sink.
 */
static inline int tenon__value_begin_sink(struct tenon__wire *wire)
{
	const struct tenon__request *req = wire->value_req;
	size_t here = wire->block->filled - wire->parsed;

	wire->sink_filled = here < wire->value_len ? here : wire->value_len;
	memcpy(req->sink, wire->block->data + wire->parsed, wire->sink_filled);
	wire->parsed += wire->sink_filled;
	wire->keep_from = wire->parsed;
	wire->recv_state = wire->sink_filled == wire->value_len
				   ? TENON_RECV_TAIL
				   : TENON_RECV_SINK;
	return TENON_WIRE_READ_ON;
}

/* Read the line end after a value that was received into a sink. */
static inline int tenon__value_end_sink(struct tenon__wire *wire)
{
	const char *tail = wire->block->data + wire->parsed;

	if (memcmp(tail, "\r\n", 2) != 0) {
		return tenon__reply_broken(wire, "no line end after a value", tail, 2);
	}
	wire->parsed += 2;
	wire->keep_from = wire->parsed;
	wire->recv_state = TENON_RECV_LINE;
	tenon__count(&wire->tally->hits, 1);
	struct tenon__request *req = wire->value_req;
	struct tenon_result *result = tenon__reply_answer(req, TENON_HIT);

	if (req->asks) {
		req->sink[wire->value_len] = '\0';
	}
	result->value = req->sink;
	result->value_len = wire->value_len;
	return TENON_WIRE_READ_ON;
}

/* Skip a value of this length. Its request gets an answer without a value. */
static inline int tenon__value_pass(struct tenon__wire *wire, uint64_t bytes)
{
	wire->keep_from = wire->parsed;
	if (bytes > UINT64_MAX - 2) {
		return tenon__reply_broken(wire, "a value of impossible length", "", 0);
	}
	wire->recv_state = TENON_RECV_SKIP;
	wire->skip_bytes = bytes + 2;
	return TENON_WIRE_READ_ON;
}

/* A value is too large: answer its request, and skip the value. */
static inline int tenon__value_refuse(struct tenon__wire *wire, struct tenon__request *req,
			uint64_t bytes)
{
	int verdict = tenon__value_pass(wire, bytes);

	if (verdict == TENON_WIRE_BROKEN) {
		return verdict;
	}
	tenon__tally_key(wire->tally, TENON_ETOOBIG);
	tenon__reply_answer(req, TENON_ETOOBIG);
	if (bytes > req->intake->left_bytes && bytes <= wire->max_value_bytes) {
		req->result->text = TENON_OPERATION_TOO_BIG;
	}
	return verdict;
}

/*
 * The length of a value is known: take the value when all of it has arrived, receive the
 * rest, or skip a value that is too large.
 */
static inline int tenon__value_begin(struct tenon__wire *wire,
			      struct tenon__request *req, char *value,
			      uint64_t bytes)
{
	struct tenon__intake *intake = req->intake;
	size_t from = (size_t)(value - wire->block->data);
	const char *end = wire->block->data + wire->block->filled;

	if (req->asks) {
		req->sink = NULL;
	}
	uint64_t most = req->sink ? req->sink_bytes : wire->max_value_bytes;
	if (bytes > most || bytes > intake->left_bytes) {
		wire->parsed = from;
		return tenon__value_refuse(wire, req, bytes);
	}
	intake->left_bytes -= bytes;
	if (req->asks) {
		tenon__value_ask(req, bytes);
	}
	if (!req->sink && (size_t)(end - value) >= bytes + 2) {
		return tenon__value_end(wire, req, value, (size_t)bytes);
	}
	wire->parsed = from;
	wire->keep_from = from;
	wire->value_req = req;
	wire->value_len = (size_t)bytes;
	wire->recv_state = TENON_RECV_VALUE;
	return req->sink ? tenon__value_begin_sink(wire) : TENON_WIRE_READ_ON;
}

/*
 * Take a value when it is the usual case: it has arrived completely, and stays in the block.
 * Otherwise nothing changes, and tenon__value_begin() has to read it. end: of the bytes that
 * arrived. Returns the end of the value's line; NULL: it is another case.
 */
static inline char *tenon__value_take(const struct tenon__wire *wire,
				      struct tenon__request *req, char *value,
				      const struct tenon__value_head *said,
				      const char *end)
{
	if (said->bytes > wire->max_value_bytes ||
	    said->bytes > req->intake->left_bytes ||
	    (size_t)(end - value) < said->bytes + 2 ||
	    memcmp(value + said->bytes, "\r\n", 2) != 0) {
		return NULL;
	}
	req->intake->left_bytes -= said->bytes;
	value[said->bytes] = '\0';
	struct tenon_result *result = tenon__reply_answer(req, TENON_HIT);
	result->flags = (uint32_t)said->flags;
	result->cas = said->cas;
	result->value = value;
	result->value_len = (size_t)said->bytes;
	return value + said->bytes + 2;
}

/* Skip the bytes that have arrived of a value that is not kept. */
static inline void tenon__value_skip(struct tenon__wire *wire)
{
	size_t here = wire->block->filled - wire->parsed;
	size_t n = wire->skip_bytes < here ? (size_t)wire->skip_bytes : here;

	wire->parsed += n;
	wire->keep_from = wire->parsed;
	wire->skip_bytes -= n;
	if (wire->skip_bytes == 0) {
		wire->recv_state = TENON_RECV_LINE;
	} else {
		/* receive the next bytes into the same place of the block */
		wire->block->filled = wire->parsed;
	}
}

/* Continue a value that had not arrived completely. */
static inline int tenon__value_continue(struct tenon__wire *wire)
{
	struct tenon__block *block = wire->block;

	switch (wire->recv_state) {
	case TENON_RECV_VALUE:
		return block->filled - wire->keep_from >= wire->value_len + 2
			       ? tenon__value_end(wire, wire->value_req,
					   block->data + wire->keep_from,
					   wire->value_len)
			       : TENON_WIRE_MORE;
	case TENON_RECV_SINK:
		if (wire->sink_filled < wire->value_len) {
			return TENON_WIRE_MORE;
		}
		wire->recv_state = TENON_RECV_TAIL;
		return TENON_WIRE_READ_ON;
	case TENON_RECV_TAIL:
		return block->filled - wire->parsed >= 2 ? tenon__value_end_sink(wire)
							 : TENON_WIRE_MORE;
	case TENON_RECV_SKIP:
		tenon__value_skip(wire);
		return wire->recv_state == TENON_RECV_LINE ? TENON_WIRE_READ_ON
							   : TENON_WIRE_MORE;
	case TENON_RECV_LINE:
		break;
	}
	return TENON_WIRE_READ_ON;
}

/* Answer the current request with a number. memcached may pad a number with spaces. */
static inline int tenon__value_number(struct tenon__wire *wire,
				      const char *line, size_t len)
{
	const char *end = line + len;
	uint64_t number;

	while (end > line && end[-1] == ' ') {
		end--;
	}
	if (tenon__read_u64(line, &number) != end) {
		return tenon__reply_broken(wire, "a malformed number", line, len);
	}
	tenon__reply_answer_next(wire, TENON_HIT)->number = number;
	return TENON_WIRE_READ_ON;
}

#endif
