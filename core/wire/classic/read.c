/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the replies of the classic protocol. */
#include <string.h>

#include "wire/classic/classic.h"
#include "wire/classic/values.h"
#include "wire/reader.h"
#include "wire/verbatim.h"

static int read_error(struct tenon__wire *wire, int status, char *line,
		      size_t len)
{
	int verdict = tenon__reply_note_error(wire, status, line, len);

	if (verdict != TENON_WIRE_READ_ON) {
		return verdict;
	}
	if (tenon__reply_verb(wire)->shape == TENON_SHAPE_RETRIEVE) {
		end_retrieve(wire, status, line);
		return TENON_WIRE_READ_ON;
	}
	return tenon__reply_error(wire, status, line);
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

/*
 * Read the number of the release from "VERSION 1.6.18" and the like: 10618. Returns 0 for another text.
 * A number above 99 counts as 99.
 */
static uint32_t release_of(const char *line)
{
	const char *at = line + strlen("VERSION ");
	uint32_t release = 0;

	for (int i = 0; i < 3; i++) {
		uint64_t number;

		at = tenon__read_u64(i > 0 ? at + 1 : at, &number);
		if (!at || (i < 2 && *at != '.')) {
			return 0;
		}
		release = 100 * release + (uint32_t)(number < 99 ? number : 99);
	}
	return release;
}

/*
 * An error line is the first reply on a new connection, which begins with a fence. The line refuses
 * the connection, or the server does not know `version`; then the reply to `get` ends the fence.
 */
static int read_fresh_error(struct tenon__wire *wire, int status,
			    const char *line, size_t len)
{
	int verdict = tenon__reply_check_fresh(wire, status, line, len);

	if (verdict == TENON_WIRE_READ_ON &&
	    wire->version == TENON_VERSION_THERE) {
		wire->version = TENON_VERSION_UNKNOWN; /* it was another server before */
		tenon__reply_end_fence(wire);
	}
	return verdict;
}

/*
 * Replies before the reply to a fence are errors of noreply requests. They answer nothing in
 * flight.
 */
static int read_fenced(struct tenon__wire *wire, const char *line,
		       size_t len)
{
	int status = tenon__reply_error_status(line, len);

	if (wire->fresh && status != 0) {
		return read_fresh_error(wire, status, line, len);
	}
	if (TENON__STARTS(line, len, "VERSION ") &&
	    wire->version != TENON_VERSION_MISSING) {
		wire->release = release_of(line);
		if (wire->version == TENON_VERSION_THERE) {
			tenon__reply_end_fence(wire);
		} else {
			wire->version = TENON_VERSION_HEARD;
		}
	} else if (TENON__IS(line, len, "END") &&
		   wire->version != TENON_VERSION_THERE) {
		tenon__reply_end_fence(wire);
		wire->version = wire->version == TENON_VERSION_HEARD
					? TENON_VERSION_THERE
					: TENON_VERSION_MISSING;
	} else if (wire->version == TENON_VERSION_UNKNOWN &&
		   tenon__reply_wants_login(line, len)) {
		return tenon__reply_refuse_login(wire, line, len);
	} else if (status != 0) {
		tenon__reply_tell_unasked(wire, status, line, len);
	} else if (wire->version != TENON_VERSION_UNKNOWN ||
		   TENON__STARTS(line, len, "VALUE ")) {
		return tenon__reply_broken(wire, "an unexpected reply", line, len);
	}
	return TENON_WIRE_READ_ON; /* in the first fence, any line may be the reply to `version` */
}

static bool is_error_line(const char *line, size_t len)
{
	return line[len - 1] == '\n' && tenon__reply_error_status(line, len) != 0;
}

bool tenon__classic_are_unasked(const char *bytes, size_t len)
{
	return tenon__reply_are_lines(bytes, len, is_error_line);
}

static int read_line(struct tenon__wire *wire, char *line, size_t len)
{
	if (!tenon__wire_awaits(wire)) {
		return tenon__reply_unasked(wire, line, len);
	}
	if (wire->flight->bits & TENON_REQUEST_FENCED) {
		return read_fenced(wire, line, len);
	}
	int status = tenon__reply_error_status(line, len);
	if (status != 0) {
		return read_error(wire, status, line, len);
	}
	switch (tenon__reply_verb(wire)->shape) {
	case TENON_SHAPE_RETRIEVE:
		return tenon__reply_broken(wire, "an unexpected reply", line, len);
	case TENON_SHAPE_LINE:
	case TENON_SHAPE_LINES:
		return tenon__classic_read_server(wire, line, len);
	default:
		return tenon__reply_verb(wire)->delta
			       ? tenon__value_number(wire, line, len)
			       : tenon__reply_broken(wire, "an unexpected reply", line, len);
	}
}

/* Read a reply line that is no VALUE line: find its end first. */
static int next_other(struct tenon__wire *wire)
{
	return tenon__reply_take_line(wire, read_line);
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

/* Read a reply that is neither a value nor a usual word. */
static int next_rare(struct tenon__wire *wire)
{
	return tenon__reply_verb(wire)->shape == TENON_SHAPE_VERBATIM
		       ? tenon__verbatim_next(wire)
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
		       : next_rare(wire);
}

int tenon__classic_read(struct tenon__wire *wire)
{
	static const struct tenon__reader reader = {
		.next_reply = next_reply,
		.next_line = next_other,
	};

	return tenon__reader_run(&reader, wire);
}

const struct tenon__protocol tenon__classic = {
	.write = tenon__classic_write,
	.read = tenon__classic_read,
	.greet = tenon__classic_greet,
	.greeted = tenon__classic_greeted,
	.are_unasked = tenon__classic_are_unasked,
};
