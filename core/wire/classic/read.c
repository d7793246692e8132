/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the replies of the classic protocol. */
#include <string.h>

#include "wire/classic/classic.h"
#include "wire/classic/values.h"
#include "wire/digits.h"
#include "wire/reply.h"

/* The status of an error line; 0 when the line is no error line. */
static int error_status(const char *line, size_t len)
{
	if (TENON__STARTS(line, len, "SERVER_ERROR")) {
		return TENON_ESERVER;
	}
	if (TENON__STARTS(line, len, "CLIENT_ERROR")) {
		return TENON_ECLIENT;
	}
	return TENON__STARTS(line, len, "ERROR") ? TENON_EUNKNOWN : 0;
}

/*
 * Return true when this error line, the first reply on a new connection, refuses the connection:
 * memcached's own words, or the second new connection in a row that the server closes behind
 * an error line.
 * Source: memcached.c, "Too many open connections" (option maxconns_fast).
 */
static bool refuses_connection(const struct tenon__wire *wire, int status,
			       const char *line, size_t len)
{
	return wire->fresh && wire->flight == wire->first &&
	       (TENON__IS(line, len, "ERROR Too many open connections") ||
		(wire->suspect && status != TENON_ECLIENT));
}

/*
 * Return true when the server wants user and password first.
 * Source: memcached 1.6.18, proto_text.c (option -Y).
 */
static bool wants_login(const char *line, size_t len)
{
	return TENON__IS(line, len, "CLIENT_ERROR unauthenticated") ||
	       TENON__IS(line, len, "CLIENT_ERROR authentication failure") ||
	       TENON__STARTS(line, len, "CLIENT_ERROR bad authentication token");
}

/* The server answers no request without user and password. */
static int refuse_login(struct tenon__wire *wire, const char *line, size_t len)
{
	wire->rejected = true;
	return tenon__reply_give_up(wire, TENON_EAUTH,
			"the server wants user and password (key `auth`)", line,
			len);
}

/*
 * An error line answers the current request. After CLIENT_ERROR or ERROR to a store
 * request, the server may read the data block as commands and answer those too. Then no
 * later reply can be matched with a request, so the connection is closed.
 */
static int read_error(struct tenon__wire *wire, int status, char *line,
		      size_t len)
{
	enum tenon__shape shape = tenon__reply_verb(wire)->shape;

	if (refuses_connection(wire, status, line, len)) {
		wire->rejected = true;
		return tenon__reply_give_up(wire, TENON_ECONNECT,
			       "the server refuses the connection", line, len);
	}
	if (wire->fresh && wire->flight == wire->first && wants_login(line, len)) {
		return refuse_login(wire, line, len);
	}
	wire->erred = (uint8_t)-status;
	line[len] = '\0';
	if (shape == TENON_SHAPE_RETRIEVE) {
		end_retrieve(wire, status, line);
		return TENON_WIRE_READ_ON;
	}
	tenon__reply_answer_next(wire, status)->text = line;
	if (shape == TENON_SHAPE_STORE && status != TENON_ESERVER) {
		wire->status = TENON_ECLOSED;
		return TENON_WIRE_BROKEN;
	}
	return TENON_WIRE_READ_ON;
}

static int read_number(struct tenon__wire *wire, const char *line,
		       size_t len)
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

/*
 * Read a reply that is one word and its line end: the replies of store verbs, delete and
 * touch, and NOT_FOUND of incr and decr. Returns false when the line is no such reply.
 */
static inline bool read_word(struct tenon__wire *wire, const char *line,
			     size_t here)
{
	static const struct {
		char line[14]; /* longest: "NOT_STORED\r\n" */
		uint8_t len;
		uint8_t status;
	} words[] = {
#define WORD(text, status) { text "\r\n", sizeof(text "\r\n") - 1, status }
		WORD("STORED", TENON_STORED),
		WORD("NOT_STORED", TENON_NOT_STORED),
		WORD("EXISTS", TENON_EXISTS),
		WORD("NOT_FOUND", TENON_MISS),
		WORD("DELETED", TENON_DELETED),
		WORD("TOUCHED", TENON_TOUCHED),
#undef WORD
	};
	uint32_t answers = tenon__reply_verb(wire)->answers;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if ((answers >> words[i].status & 1) && here >= words[i].len &&
		    tenon__reply_same(line, words[i].line, words[i].len)) {
			wire->parsed += words[i].len;
			wire->keep_from = wire->parsed;
			tenon__reply_answer_next(wire, words[i].status);
			return true;
		}
	}
	return false;
}

/* The reply to version is "VERSION <text>"; the reply to flush_all and verbosity is "OK". */
static int read_server_line(struct tenon__wire *wire, char *line,
			    size_t len)
{
	bool versioned = tenon__reply_verb(wire)->versioned;

	if (versioned && TENON__STARTS(line, len, "VERSION ")) {
		struct tenon_result *result = tenon__reply_answer_next(wire, TENON_OK);

		line[len] = '\0';
		result->value = line + 8;
		result->value_len = len - 8;
		return TENON_WIRE_READ_ON;
	}
	if (versioned || !TENON__IS(line, len, "OK")) {
		return tenon__reply_broken(wire, "an unexpected reply", line, len);
	}
	tenon__reply_answer_next(wire, TENON_OK);
	return TENON_WIRE_READ_ON;
}

/* Return true when the argument of stats is this word, perhaps with more words behind it. */
static bool is_argument(const struct tenon_slice *argument, const char *word)
{
	const char *at = argument->data;
	size_t left = argument->len;
	size_t len = strlen(word);

	while (left > 0 && *at == ' ') {
		at++;
		left--;
	}
	return left >= len && memcmp(at, word, len) == 0 &&
	       (left == len || at[len] == ' ');
}

/*
 * Return true when a line is the last one of a reply without END. memcached 1.6 answers
 * "stats sizes_enable" and "stats sizes_disable" by one line, or by two when it cannot do so. The
 * same line begins the reply to "stats sizes", which has an END.
 */
static bool is_last_line(const struct tenon__wire *wire, const char *line,
			 size_t len)
{
	const struct tenon_slice *argument = &wire->flight->key;

	return (TENON__IS(line, len, "STAT sizes_status enabled") ||
		TENON__IS(line, len, "STAT sizes_status disabled") ||
		TENON__STARTS(line, len, "STAT sizes_error ")) &&
	       (is_argument(argument, "sizes_enable") ||
		is_argument(argument, "sizes_disable"));
}

/* The reply ends with a line that belongs to it. A server may send END all the same. */
static int end_lines_early(struct tenon__wire *wire)
{
	const char *first = wire->block->data + wire->keep_from;
	const char *rest = wire->block->data + wire->parsed;
	size_t here = wire->block->filled - wire->parsed;
	struct tenon_result *result = tenon__reply_answer_next(wire, TENON_OK);

	result->value = first;
	result->value_len = (size_t)(rest - first);
	if (TENON__STARTS(rest, here, "END\r\n")) {
		wire->parsed += 5;
	}
	wire->keep_from = wire->parsed;
	return TENON_WIRE_READ_ON;
}

/* The reply to stats is lines up to END; the reply to "stats reset" and the like is one word. */
static int read_server_lines(struct tenon__wire *wire, const char *line,
			     size_t len)
{
	const char *first = wire->block->data + wire->keep_from;
	bool end = TENON__IS(line, len, "END");

	if (is_last_line(wire, line, len)) {
		return end_lines_early(wire);
	}
	if (!end && !(line == first &&
		      (TENON__IS(line, len, "RESET") || TENON__IS(line, len, "OK")))) {
		if (wire->parsed - wire->keep_from > TENON_STATS_MAX_BYTES) {
			return tenon__reply_broken(wire, "stats that are too long", line,
				      len);
		}
		return TENON_WIRE_READ_ON;
	}
	struct tenon_result *result = tenon__reply_answer_next(wire, TENON_OK);
	result->value = first;
	result->value_len = end ? (size_t)(line - first) : 0;
	wire->keep_from = wire->parsed;
	return TENON_WIRE_READ_ON;
}

/* A noreply request, or a fence that the server does not know, was answered with this line. */
static void tell_unasked(struct tenon__wire *wire, const char *line, size_t len)
{
	if (wire->unasked) {
		wire->unasked(wire, line, len);
	}
}

/* The reply to the fence in front of the next request is complete. */
static void end_fence(struct tenon__wire *wire)
{
	wire->flight->bits ^= TENON_REQUEST_FENCED;
}

/*
 * Replies before the reply to a fence are errors of noreply requests. They answer nothing in
 * flight.
 */
static int read_fenced(struct tenon__wire *wire, const char *line,
		       size_t len)
{
	if (TENON__STARTS(line, len, "VERSION ") &&
	    wire->version != TENON_VERSION_MISSING) {
		if (wire->version == TENON_VERSION_THERE) {
			end_fence(wire);
		} else {
			wire->version = TENON_VERSION_HEARD;
		}
	} else if (TENON__IS(line, len, "END") &&
		   wire->version != TENON_VERSION_THERE) {
		end_fence(wire);
		wire->version = wire->version == TENON_VERSION_HEARD
					? TENON_VERSION_THERE
					: TENON_VERSION_MISSING;
	} else if (wire->version == TENON_VERSION_UNKNOWN &&
		   wants_login(line, len)) {
		return refuse_login(wire, line, len);
	} else if (error_status(line, len) != 0) {
		tell_unasked(wire, line, len);
	} else if (wire->version != TENON_VERSION_UNKNOWN ||
		   TENON__STARTS(line, len, "VALUE ")) {
		return tenon__reply_broken(wire, "an unexpected reply", line, len);
	}
	return TENON_WIRE_READ_ON; /* in the first fence, any line may be the reply to `version` */
}

/* No request in flight has a reply: the line may be an error of a noreply request. */
static int read_unasked(struct tenon__wire *wire, const char *line, size_t len)
{
	if (!wire->fence) {
		return tenon__reply_broken(wire, "a reply without a request", line, len);
	}
	if (error_status(line, len) == 0) {
		return tenon__reply_broken(wire, "an unexpected reply", line, len);
	}
	tell_unasked(wire, line, len);
	return TENON_WIRE_READ_ON;
}

bool tenon__classic_are_unasked(const char *bytes, size_t len)
{
	while (len > 0) {
		const char *newline = memchr(bytes, '\n', len);
		size_t line_len =
			newline ? (size_t)(newline - bytes) + 1 : len;

		if (!newline || error_status(bytes, line_len) == 0) {
			return false;
		}
		bytes += line_len;
		len -= line_len;
	}
	return true;
}

static int read_line(struct tenon__wire *wire, char *line, size_t len)
{
	if (!tenon__wire_awaits(wire)) {
		return read_unasked(wire, line, len);
	}
	if (wire->flight->bits & TENON_REQUEST_FENCED) {
		return read_fenced(wire, line, len);
	}
	int status = error_status(line, len);
	if (status != 0) {
		return read_error(wire, status, line, len);
	}
	switch (tenon__reply_verb(wire)->shape) {
	case TENON_SHAPE_RETRIEVE:
		return tenon__reply_broken(wire, "an unexpected reply", line, len);
	case TENON_SHAPE_LINE:
		return read_server_line(wire, line, len);
	case TENON_SHAPE_LINES:
		return read_server_lines(wire, line, len);
	default:
		return tenon__reply_verb(wire)->delta
			       ? read_number(wire, line, len)
			       : tenon__reply_broken(wire, "an unexpected reply", line, len);
	}
}

/* Return true when the next reply is lines that stay together. */
static bool keeps_lines(struct tenon__wire *wire)
{
	return tenon__wire_awaits(wire) && !tenon__wire_is_fenced(wire) &&
	       tenon__reply_verb(wire)->shape == TENON_SHAPE_LINES;
}

/* Read a reply line that is no VALUE line: find its end first. */
static int next_other(struct tenon__wire *wire)
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
	if (!keeps_lines(wire)) {
		wire->keep_from = wire->parsed;
	}
	return read_line(wire, line, len - 1);
}

/* Read values up to END, as far as they have arrived. */
static int next_values(struct tenon__wire *wire)
{
	const char *end = wire->block->data + wire->block->filled;

	take_values(wire, end);
	char *line = wire->block->data + wire->parsed;
	size_t here = (size_t)(end - line);

	if (TENON__STARTS(line, here, "END\r\n")) {
		wire->parsed += 5;
		wire->keep_from = wire->parsed;
		end_retrieve(wire, TENON_MISS, NULL);
		return TENON_WIRE_READ_ON;
	}
	return TENON__STARTS(line, here, "VALUE ")
		       ? read_value_line(wire, line, end)
		       : next_other(wire);
}

/* Read the next reply. */
static inline int next_reply(struct tenon__wire *wire)
{
	if (wire->flight->bits) {
		return next_other(wire);
	}
	if (tenon__reply_verb(wire)->shape == TENON_SHAPE_RETRIEVE) {
		return next_values(wire);
	}
	return read_word(wire, wire->block->data + wire->parsed,
			 wire->block->filled - wire->parsed)
		       ? TENON_WIRE_READ_ON
		       : next_other(wire);
}

/* Skip the bytes that have arrived of a value that is not kept. */
static void skip(struct tenon__wire *wire)
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
static int next_part(struct tenon__wire *wire)
{
	struct tenon__block *block = wire->block;

	switch (wire->recv_state) {
	case TENON_RECV_VALUE:
		return block->filled - wire->keep_from >= wire->value_len + 2
			       ? end_value(wire, wire->value_req,
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
		return block->filled - wire->parsed >= 2 ? end_sink(wire)
							 : TENON_WIRE_MORE;
	case TENON_RECV_SKIP:
		skip(wire);
		return wire->recv_state == TENON_RECV_LINE ? TENON_WIRE_READ_ON
							   : TENON_WIRE_MORE;
	case TENON_RECV_LINE:
		break;
	}
	return TENON_WIRE_READ_ON;
}

/*
 * Every request has its answer. Bytes left to parse now are the server's error, and so are bytes
 * left to send, except behind an error line: the server refused a value while it was sent.
 */
static int end_flight(struct tenon__wire *wire)
{
	if (wire->piece < wire->piece_count && wire->erred) {
		wire->status = TENON_ECLOSED;
		return TENON_WIRE_BROKEN;
	}
	if (wire->piece < wire->piece_count) {
		return tenon__reply_broken(wire, "an answer before the request was sent",
			      "", 0);
	}
	if (wire->parsed != wire->block->filled) {
		return tenon__reply_broken(wire, "bytes after the last reply",
			      wire->block->data + wire->parsed,
			      wire->block->filled - wire->parsed);
	}
	return TENON_WIRE_DONE;
}

/* No request in flight has a reply: judge the bytes that are left. */
static int next_unasked(struct tenon__wire *wire)
{
	if (wire->parsed != wire->block->filled &&
	    (wire->queue || wire->fence)) {
		return next_other(wire);
	}
	if (wire->queue || (wire->fence && wire->piece < wire->piece_count)) {
		return TENON_WIRE_MORE;
	}
	return end_flight(wire);
}

int tenon__classic_read(struct tenon__wire *wire)
{
	int verdict;

	/* reading stops here at the latest; a block has one byte more than its capacity for it */
	wire->block->data[wire->block->filled] = '\0';
	do {
		if (wire->recv_state != TENON_RECV_LINE) {
			verdict = next_part(wire);
		} else if (tenon__wire_awaits(wire)) {
			verdict = next_reply(wire);
		} else {
			verdict = next_unasked(wire);
		}
	} while (verdict == TENON_WIRE_READ_ON);
	return verdict;
}

const struct tenon__protocol tenon__classic = {
	.write = tenon__classic_write,
	.read = tenon__classic_read,
	.are_unasked = tenon__classic_are_unasked,
};
