/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the replies to retrieval lines. The functions are inline in the reader, read.c. */
#ifndef TENON_CORE_VALUES_H
#define TENON_CORE_VALUES_H

#include "wire/digits.h"
#include "wire/reply_value.h"

/* The value of a request is in the memory of another: ask for memory, and copy it. */
static void copy_to_sink(struct tenon__request *req)
{
	struct tenon_result *result = req->result;

	tenon__value_ask(req, result->value_len);
	if (req->sink) {
		memcpy(req->sink, result->value, result->value_len + 1);
		result->value = req->sink;
	}
}

/* Return one of the lower 63 bits for a key. Different keys may share a bit. */
static uint64_t key_bit(const struct tenon_slice *key)
{
	const unsigned char *bytes = key->data;

	return UINT64_C(1)
	       << ((bytes[key->len - 1] + 7u * bytes[0] + key->len) % 63);
}

static bool is_hit(const struct tenon__request *req)
{
	return tenon__request_is_done(req) && req->result->status == TENON_HIT;
}

/*
 * Return the bits of the keys of the current retrieval line that have a value. A line without
 * values gives a bit that no key has, not 0.
 */
static uint64_t bits_of_hits(const struct tenon__wire *wire)
{
	const struct tenon__request *req = wire->flight;
	uint64_t bits = UINT64_C(1) << 63;

	for (;; req = req->next) {
		if (is_hit(req)) {
			bits |= key_bit(&req->key);
		}
		if (req->line_end) {
			return bits;
		}
	}
}

/*
 * Return the request of the current retrieval line that has this key, and a value; NULL when
 * there is none.
 */
static const struct tenon__request *find_twin(const struct tenon__wire *wire,
					      const struct tenon_slice *key)
{
	const struct tenon__request *at = wire->flight;

	for (;; at = at->next) {
		if (is_hit(at) && at->key.len == key->len &&
		    memcmp(at->key.data, key->data, key->len) == 0) {
			return at;
		}
		if (at->line_end) {
			return NULL;
		}
	}
}

/*
 * Some proxies answer once for a key that a retrieval line has twice. Give the value to the
 * second request too. *hits are the bits of the keys with a value; 0: not known yet.
 * Returns false when no request of the line with this key has a value.
 */
static bool answer_as_twin(struct tenon__wire *wire, struct tenon__request *req,
			   uint64_t *hits)
{
	if (*hits == 0) {
		*hits = bits_of_hits(wire);
	}
	if (!(*hits & key_bit(&req->key))) {
		return false;
	}
	const struct tenon__request *twin = find_twin(wire, &req->key);
	if (!twin) {
		return false;
	}
	uint32_t server = req->result->server;
	*req->result = *twin->result;
	req->result->server = server;
	tenon__request_go(req, TENON_REQUEST_DONE);
	tenon__count(&wire->tally->hits, 1);
	if (twin->sink && req->asks) {
		copy_to_sink(req);
	}
	return true;
}

/*
 * Answer a request of a retrieval line whose reply is complete without a value for it. Not
 * inline, so that a line of hits stays short.
 */
__attribute__((noinline)) static void answer_without_value(
	struct tenon__wire *wire, struct tenon__request *req, int status,
	const char *text, uint64_t *hits)
{
	if (status != TENON_MISS) {
		tenon__tally_key(wire->tally, status);
	} else if (answer_as_twin(wire, req, hits)) {
		return;
	} else {
		tenon__count(&wire->tally->misses, 1);
	}
	tenon__reply_answer(req, status)->text = text;
}

/* The reply to a retrieval line is complete: every key without a value gets this status. */
static void end_retrieve(struct tenon__wire *wire, int status,
			 const char *text)
{
	struct tenon__request *req = wire->flight;
	uint64_t hits = 0;
	bool last;

	do {
		last = req->line_end;
		if (!tenon__request_is_done(req)) {
			answer_without_value(wire, req, status, text, &hits);
		}
		req = req->next;
	} while (!last);
	wire->flight = req;
	wire->seek = req;
}

/* Return true when this request has the key that starts at `key` and has no answer yet. */
static inline bool awaits(const struct tenon__request *req, const char *key,
			  const char *end)
{
	const struct tenon_slice *want = &req->key;

	return !tenon__request_is_done(req) &&
	       want->len < (size_t)(end - key) && key[want->len] == ' ' &&
	       tenon__reply_same(key, want->data, want->len);
}

/*
 * Find the request of this retrieval line whose key starts at `key`. Values come in the
 * order of the keys in the line, except from some proxies; so the search starts at the
 * expected request and goes round the whole line.
 * Returns NULL when no request has this key.
 */
static struct tenon__request *find_key(const struct tenon__wire *wire,
				       const char *key, const char *end)
{
	struct tenon__request *req = wire->seek;
	bool wrapped = false;

	for (;;) {
		if (awaits(req, key, end)) {
			return req;
		}
		if (!req->line_end) {
			req = req->next;
		} else if (!wrapped) {
			wrapped = true;
			req = wire->flight;
		} else {
			return NULL;
		}
	}
}

/*
 * Read "<flags> <bytes>[ <cas unique>]" behind the key of a VALUE line that answers req. `at` is
 * the end of the key. Returns the begin of the value; NULL: the line is malformed, or has not
 * arrived completely.
 */
static inline __attribute__((always_inline)) const char *read_value_fields(
	const struct tenon__request *req, const char *at,
	struct tenon__value_head *out)
{
	out->cas = 0;
	at = tenon__read_field(at, &out->flags);
	at = tenon__read_field(at, &out->bytes);
	if (req->verb->cas) {
		at = tenon__read_field(at, &out->cas);
	}
	return at && at[0] == '\r' && at[1] == '\n' &&
			       out->flags <= UINT32_MAX
		       ? at + 2
		       : NULL;
}

/*
 * Take the value whose VALUE line begins at `line`, when it is the usual case: the value is that
 * of req, has arrived completely, and stays in the block. Otherwise nothing changes, and
 * read_value_line() reads the line again.
 * Returns the end of the value's line; NULL: it is another case.
 */
static inline char *take_value(const struct tenon__wire *wire,
			       struct tenon__request *req, char *line,
			       const char *end)
{
	char *key = line + 6;
	struct tenon__value_head said;

	if (!awaits(req, key, end) || req->asks || req->sink) {
		return NULL;
	}
	const char *at = read_value_fields(req, key + req->key.len, &said);
	return at ? tenon__value_take(wire, req, line + (at - line), &said, end) :
		    NULL;
}

/* Take the values of the usual case, up to the first line that is something else. */
static inline void take_values(struct tenon__wire *wire, const char *end)
{
	char *line = wire->block->data + wire->parsed;
	struct tenon__request *req = wire->seek;
	uint64_t hits = 0;

	while (TENON__STARTS(line, (size_t)(end - line), "VALUE ")) {
		char *next = take_value(wire, req, line, end);

		if (!next) {
			break;
		}
		line = next;
		hits++;
		req = req->line_end ? wire->flight : req->next;
	}
	tenon__count(&wire->tally->hits, hits);
	wire->seek = req;
	wire->parsed = (size_t)(line - wire->block->data);
	wire->keep_from = wire->parsed;
}

/*
 * Read "VALUE <key> <flags> <bytes>[ <cas unique>]" in one pass, without a search for the
 * end of the line first. end: of the bytes that arrived.
 */
static inline int read_value_line(struct tenon__wire *wire, char *line,
				  const char *end)
{
	char *key = line + 6;
	struct tenon__request *req = wire->seek;
	struct tenon__value_head said;

	if (!awaits(req, key, end)) {
		req = find_key(wire, key, end);
	}
	if (!req) {
		return tenon__reply_incomplete(
			wire, "a value for a key that was not asked for", line);
	}
	const char *at = read_value_fields(req, key + req->key.len, &said);
	if (!at) {
		return tenon__reply_incomplete(wire, "a malformed VALUE line", line);
	}
	wire->seek = req->line_end ? wire->flight : req->next;
	req->result->flags = (uint32_t)said.flags;
	req->result->cas = said.cas;
	return tenon__value_begin(wire, req, line + (at - line), said.bytes);
}

#endif
