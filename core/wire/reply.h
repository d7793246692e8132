/* SPDX-License-Identifier: BSD-3-Clause */
/* What the readers of all protocols do with a reply: answer a request, or give up the connection. */
#ifndef TENON_CORE_REPLY_H
#define TENON_CORE_REPLY_H

#include <string.h>

#include "wire/wire.h"

/* A result of functions that read a part of a reply, besides enum tenon__verdict: go on reading. */
#define TENON_WIRE_READ_ON 2

/*
 * Give up the connection with this status, because of the line, of which the sentence `what`
 * quotes some bytes. Returns TENON_WIRE_BROKEN.
 */
int tenon__reply_give_up(struct tenon__wire *wire, int status, const char *what,
			 const char *line, size_t len);

/* Give up the connection, because the protocol does not allow these bytes here. */
int tenon__reply_broken(struct tenon__wire *wire, const char *what,
			const char *line, size_t len);

/*
 * Return true when the first `here` bytes of a new connection are not of memcached's text protocol,
 * but of another one that servers speak: TLS, or memcached's binary protocol. The connection is given
 * up then: TENON_ESECURE or TENON_EAUTH.
 */
bool tenon__reply_is_foreign(struct tenon__wire *wire, const char *bytes,
			     size_t here);

/*
 * The line that begins at `line` cannot be read. Returns TENON_WIRE_MORE when the line has
 * not arrived completely; otherwise TENON_WIRE_BROKEN, with `why` as the problem.
 */
int tenon__reply_incomplete(struct tenon__wire *wire, const char *why,
			    const char *line);

/* The verb of the request that the next reply answers. There is such a request. */
static inline const struct tenon__verb *tenon__reply_verb(
	const struct tenon__wire *wire)
{
	return wire->flight->verb;
}

/* Record the answer of one request. */
static inline struct tenon_result *tenon__reply_answer(struct tenon__request *req,
					  int status)
{
	tenon__request_go(req, TENON_REQUEST_DONE);
	req->result->status = status;
	return req->result;
}

/* Record the answer of the current request, and make the next request the current one. */
static inline struct tenon_result *tenon__reply_answer_next(struct tenon__wire *wire,
					int status)
{
	struct tenon__request *req = wire->flight;

	tenon__tally_key(wire->tally, status);
	wire->flight = req->next;
	wire->seek = req->next;
	return tenon__reply_answer(req, status);
}

/* True when text[0..len) is this word, or starts with it. */
#define TENON__IS(text, len, word) \
	((len) == sizeof(word) - 1 && memcmp(text, word, sizeof(word) - 1) == 0)
#define TENON__STARTS(text, len, word) \
	((len) >= sizeof(word) - 1 && memcmp(text, word, sizeof(word) - 1) == 0)

/*
 * Return true when the first len bytes are the same. For keys and short lines, a call
 * of memcmp() costs more time than the comparison.
 */
static inline bool tenon__reply_same(const char *a, const char *b, size_t len)
{
	uint64_t x, y;

	if (len < sizeof(x)) {
		return memcmp(a, b, len) == 0;
	}
	for (size_t at = 0; at + sizeof(x) < len; at += sizeof(x)) {
		memcpy(&x, a + at, sizeof(x));
		memcpy(&y, b + at, sizeof(y));
		if (x != y) {
			return false;
		}
	}
	memcpy(&x, a + len - sizeof(x), sizeof(x));
	memcpy(&y, b + len - sizeof(y), sizeof(y));
	return x == y;
}

#endif
