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

/*
 * Give up the connection, because the server refuses the connection itself and not a request. The
 * rest is as for tenon__reply_give_up().
 */
int tenon__reply_reject(struct tenon__wire *wire, int status, const char *what,
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

/*
 * Return true when the server wants user and password first.
 * Source: memcached 1.6.18, proto_text.c (option -Y).
 */
bool tenon__reply_wants_login(const char *line, size_t len);

/*
 * Return true when the server has too many connections.
 * Source: memcached.c (option maxconns_fast).
 */
bool tenon__reply_is_full(const char *line, size_t len);

/* The server answers no request without user and password. Returns TENON_WIRE_BROKEN. */
int tenon__reply_refuse_login(struct tenon__wire *wire, const char *line,
			      size_t len);

/*
 * An error line is the first reply on a new connection. Returns TENON_WIRE_BROKEN when the line refuses
 * the connection, otherwise TENON_WIRE_READ_ON. See tenon__reply_note_error().
 */
int tenon__reply_check_fresh(struct tenon__wire *wire, int status,
			     const char *line, size_t len);

/*
 * An error line answers the current request: note it, and end its text.
 * Returns TENON_WIRE_READ_ON; TENON_WIRE_BROKEN when the line, the first reply on a new connection,
 * refuses the connection: by memcached's own words, for want of user and password, or because the
 * server closed the last new connection behind an error line too.
 */
int tenon__reply_note_error(struct tenon__wire *wire, int status, char *line,
			    size_t len);

/*
 * Answer the current request with an error line that is noted. After CLIENT_ERROR or ERROR to a
 * store request, the server may read the data block as commands and answer those too. Then no
 * later reply can be matched with a request, so the connection is closed.
 */
int tenon__reply_error(struct tenon__wire *wire, int status, const char *line);

/* No request in flight has a reply: the line may be an error of a noreply request. */
int tenon__reply_unasked(struct tenon__wire *wire, const char *line,
			 size_t len);

/*
 * These bytes wait behind noreply requests, on a connection that is closed now: tell of the error
 * lines among them that are complete.
 */
void tenon__reply_tell_waiting(struct tenon__wire *wire, const char *bytes,
			       size_t len);

/*
 * Return true when all bytes are lines that the function accepts. A line comes with its line end;
 * the last one without, when its end is missing.
 */
bool tenon__reply_are_lines(const char *bytes, size_t len,
			    bool (*accepts)(const char *line, size_t len));

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

/* The status of an error line; 0 when the line is no error line. */
static inline int tenon__reply_error_status(const char *line, size_t len)
{
	if (TENON__STARTS(line, len, "SERVER_ERROR")) {
		return TENON_ESERVER;
	}
	if (TENON__STARTS(line, len, "CLIENT_ERROR")) {
		return TENON_ECLIENT;
	}
	return TENON__STARTS(line, len, "ERROR") ? TENON_EUNKNOWN : 0;
}

/* A noreply request, or a fence that the server does not know, was answered with this line. */
static inline void tenon__reply_tell_unasked(struct tenon__wire *wire,
					     int status, const char *line,
					     size_t len)
{
	if (wire->unasked) {
		wire->unasked(wire, status, line, len);
	}
}

/* The reply to the fence in front of the next request is complete. */
static inline void tenon__reply_end_fence(struct tenon__wire *wire)
{
	wire->flight->bits ^= TENON_REQUEST_FENCED;
}

/* Return true when the next reply is lines that stay together. */
static inline bool tenon__reply_keeps_lines(struct tenon__wire *wire)
{
	return tenon__wire_awaits(wire) && !tenon__wire_is_fenced(wire) &&
	       tenon__reply_verb(wire)->shape == TENON_SHAPE_LINES;
}

/*
 * Find the end of the next reply line, and read it: read_line gets the line without its line end.
 * Returns what read_line returns; TENON_WIRE_MORE or TENON_WIRE_BROKEN without a line.
 */
static inline __attribute__((always_inline)) int tenon__reply_take_line(
	struct tenon__wire *wire,
	int (*read_line)(struct tenon__wire *wire, char *line, size_t len))
{
	char *line = wire->block->data + wire->parsed;
	size_t here = wire->block->filled - wire->parsed;

	if (wire->fresh && tenon__reply_is_foreign(wire, line, here)) {
		return TENON_WIRE_BROKEN;
	}
	char *newline = memchr(line, '\n', here);
	if (!newline) {
		return tenon__reply_incomplete(wire, "", line);
	}
	size_t len = (size_t)(newline - line);
	if (len == 0 || newline[-1] != '\r' ||
	    len > TENON_REPLY_LINE_MAX_BYTES) {
		return tenon__reply_broken(wire, "a malformed line", line, len);
	}
	wire->parsed += len + 1;
	if (!tenon__reply_keeps_lines(wire)) {
		wire->keep_from = wire->parsed;
	}
	return read_line(wire, line, len - 1);
}

#endif
