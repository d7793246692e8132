/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/verbatim.h"

#include <string.h>

#include "wire/meta/opaque.h"
#include "wire/reply_value.h"
#include "wire/send.h"

/* The end of an exchange. */
#define END "mn\r\n"

/* ---- the request --------------------------------------------------------------- */

char *tenon__verbatim_write(struct tenon__wire *wire, char *at,
			    const char **from)
{
	struct tenon__request *req = wire->queue;

	at = tenon__send_name(at, req->verb);
	if (req->key.len > 0) {
		*at++ = ' ';
		at = tenon__send_bytes(at, req->key.data, req->key.len);
	}
	at = tenon__send_bytes(at, "\r\n", 2);
	if (tenon__verbatim_stores(req->verb)) {
		at = tenon__send_value(wire, at, &req->item->value, from);
		at = tenon__send_bytes(at, "\r\n", 2);
	}
	if (!tenon__verbatim_is_end(req->verb)) {
		at = tenon__send_bytes(at, END, sizeof(END) - 1);
	}
	/* it has no opaque: those in front of it are smaller */
	req->opaque = wire->meta.next & OPAQUE_MASK;
	wire->verbatim = (struct tenon__verbatim_state){ .line = NULL };
	tenon__send_mark(req);
	wire->queue = req->next;
	return at;
}

/* ---- the reply ----------------------------------------------------------------- */

/* The status that a reply of two letters gives. */
static int status_of(const char *code)
{
	static const struct {
		char code[3];
		uint8_t status;
	} replies[] = {
		{ "VA", TENON_HIT },	    { "EN", TENON_MISS },
		{ "NF", TENON_MISS },	    { "NS", TENON_NOT_STORED },
		{ "EX", TENON_EXISTS },
	};

	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		if (memcmp(code, replies[i].code, 2) == 0) {
			return replies[i].status;
		}
	}
	return TENON_OK;
}

/* Return true when a line is a reply: two capital letters, and perhaps more behind a space. */
static bool is_reply(const char *line, size_t len)
{
	return len >= 2 && line[0] >= 'A' && line[0] <= 'Z' &&
	       line[1] >= 'A' && line[1] <= 'Z' &&
	       (len == 2 || line[2] == ' ') && !memchr(line, '\0', len);
}

/*
 * MN has come. A quiet command without a reply has done what it was asked for; only mg is quiet about
 * a miss.
 */
static int end_reply(struct tenon__wire *wire, const char *line)
{
	const struct tenon__verbatim_state seen = wire->verbatim;
	struct tenon__request *req = wire->flight;
	bool is_get = req->verb->name[1] == 'g';
	int status = is_get && !seen.line ? TENON_MISS : seen.status;

	if (is_get && status == TENON_MISS) {
		tenon__count(&wire->tally->misses, 1);
	} else if (!seen.valued) {
		tenon__tally_key(wire->tally, status);
	}
	wire->verbatim = (struct tenon__verbatim_state){ .line = NULL };
	wire->meta.known = true;
	wire->flight = req->next;
	wire->seek = req->next;
	struct tenon_result *result = tenon__reply_answer(req, status);
	if (status >= 0) {
		result->text = tenon__verbatim_is_end(req->verb) ? line
								 : seen.line;
	}
	return TENON_WIRE_READ_ON;
}

/*
 * An error line answers the command, or the end of the exchange. A server that does not understand the
 * command may read the block behind it as commands, so no later reply can be trusted.
 */
static int read_error(struct tenon__wire *wire, int status, char *line,
		      size_t len)
{
	int verdict = tenon__reply_note_error(wire, status, line, len);

	if (verdict != TENON_WIRE_READ_ON) {
		return verdict;
	}
	if (wire->flight->result->value) {
		*wire->flight->result = (struct tenon_result){
			.server = wire->flight->result->server,
		};
	}
	tenon__reply_answer_next(wire, status)->text =
		status == TENON_EUNKNOWN ? TENON_VERBATIM_UNKNOWN : line;
	wire->status = TENON_ECLOSED;
	return TENON_WIRE_BROKEN;
}

/* The line of a value: its length, and perhaps flags. */
static int read_value(struct tenon__wire *wire, char *line, size_t len)
{
	uint64_t bytes = 0;
	const char *end = len > 3 ? tenon__read_field(line + 2, &bytes) : NULL;

	if (!end || (*end != ' ' && end != line + len)) {
		return tenon__reply_broken(wire, "a malformed VA line", line, len);
	}
	wire->verbatim.valued = true;
	return tenon__value_begin(wire, wire->flight, line + len + 2, bytes);
}

/* The line end stands behind the line. */
static int read_line(struct tenon__wire *wire, char *line, size_t len)
{
	struct tenon__verbatim_state *seen = &wire->verbatim;
	int status = tenon__reply_error_status(line, len);

	if (status != 0) {
		return read_error(wire, status, line, len);
	}
	if (TENON__IS(line, len, "MN")) {
		line[len] = '\0';
		return end_reply(wire, line);
	}
	if (seen->line || tenon__verbatim_is_end(wire->flight->verb) ||
	    !is_reply(line, len)) {
		return tenon__reply_broken(wire, "an unexpected reply", line, len);
	}
	seen->line = line;
	seen->status = status_of(line);
	int verdict = seen->status == TENON_HIT ? read_value(wire, line, len)
						: TENON_WIRE_READ_ON;
	line[len] = '\0'; /* the value, if there is one, begins behind this */
	return verdict;
}

int tenon__verbatim_next(struct tenon__wire *wire)
{
	struct tenon__request *req = wire->flight;

	if (tenon__request_is_done(req)) {
		/* its value has come or was skipped, and the end is still missing */
		wire->verbatim.status = req->result->status;
		req->result->status = 0;
		tenon__request_go(req, TENON_REQUEST_WRITTEN);
	}
	return tenon__reply_take_line(wire, read_line);
}
