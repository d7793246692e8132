/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/reply.h"

#include <stdio.h>

/* Most bytes of an unexpected reply that an error message quotes. */
#define SHOWN_REPLY_MAX_BYTES 60

int tenon__reply_give_up(struct tenon__wire *wire, int status, const char *what,
		   const char *line, size_t len)
{
	int shown = len > SHOWN_REPLY_MAX_BYTES ? SHOWN_REPLY_MAX_BYTES
						: (int)len;
	char clean[SHOWN_REPLY_MAX_BYTES];

	for (int i = 0; i < shown; i++) {
		unsigned char byte = (unsigned char)line[i];

		clean[i] = byte < 0x20 || byte > 0x7e ? '.' : (char)byte;
	}
	snprintf(wire->problem, sizeof(wire->problem),
		 shown > 0 ? "%s: \"%.*s\"" : "%s", what, shown, clean);
	wire->status = status;
	return TENON_WIRE_BROKEN;
}

int tenon__reply_reject(struct tenon__wire *wire, int status, const char *what,
			const char *line, size_t len)
{
	wire->rejected = true;
	return tenon__reply_give_up(wire, status, what, line, len);
}

int tenon__reply_broken(struct tenon__wire *wire, const char *what, const char *line,
		  size_t len)
{
	return tenon__reply_give_up(wire, TENON_EPROTOCOL, what, line, len);
}

bool tenon__reply_is_foreign(struct tenon__wire *wire, const char *bytes,
			     size_t here)
{
	static const struct {
		const char *bytes;
		int status;
		const char *sentence;
	} others[] = {
		/* an alert of TLS 1.x: RFC 8446, 5.1 */
		{ "\x15\x03", TENON_ESECURE,
		  "the server speaks TLS; set `tls: true`" },
		/* the magic byte of a reply: memcached, protocol_binary.h */
		{ "\x81", TENON_EAUTH, TENON_WANTS_SASL },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		size_t len = strlen(others[i].bytes);

		if (here >= len && memcmp(bytes, others[i].bytes, len) == 0) {
			tenon__reply_reject(wire, others[i].status,
					    others[i].sentence, "", 0);
			return true;
		}
	}
	return false;
}

int tenon__reply_incomplete(struct tenon__wire *wire, const char *why,
		      const char *line)
{
	size_t here = wire->block->filled - wire->parsed;
	const char *newline = memchr(line, '\n', here);

	if (newline) {
		return tenon__reply_broken(wire, why, line, (size_t)(newline - line));
	}
	if (here > TENON_REPLY_LINE_MAX_BYTES) {
		return tenon__reply_broken(wire, "a reply line that is too long", line, here);
	}
	return TENON_WIRE_MORE;
}

bool tenon__reply_is_full(const char *line, size_t len)
{
	return TENON__IS(line, len, "ERROR Too many open connections");
}

bool tenon__reply_wants_login(const char *line, size_t len)
{
	return TENON__IS(line, len, "CLIENT_ERROR unauthenticated") ||
	       TENON__IS(line, len, "CLIENT_ERROR authentication failure") ||
	       TENON__STARTS(line, len, "CLIENT_ERROR bad authentication token");
}

int tenon__reply_refuse_login(struct tenon__wire *wire, const char *line,
			      size_t len)
{
	return tenon__reply_reject(wire, TENON_EAUTH,
			"the server wants user and password (key `auth`)", line,
			len);
}

int tenon__reply_check_fresh(struct tenon__wire *wire, int status,
			     const char *line, size_t len)
{
	if (tenon__reply_is_full(line, len) ||
	    (wire->suspect && status != TENON_ECLIENT)) {
		return tenon__reply_reject(wire, TENON_ECONNECT,
			       "the server refuses the connection", line, len);
	}
	return tenon__reply_wants_login(line, len)
		       ? tenon__reply_refuse_login(wire, line, len)
		       : TENON_WIRE_READ_ON;
}

int tenon__reply_note_error(struct tenon__wire *wire, int status, char *line,
			    size_t len)
{
	if (wire->fresh && wire->flight == wire->first &&
	    tenon__reply_check_fresh(wire, status, line, len) !=
		    TENON_WIRE_READ_ON) {
		return TENON_WIRE_BROKEN;
	}
	wire->erred = (uint8_t)-status;
	line[len] = '\0';
	return TENON_WIRE_READ_ON;
}

int tenon__reply_error(struct tenon__wire *wire, int status, const char *line)
{
	bool stores = tenon__reply_verb(wire)->shape == TENON_SHAPE_STORE;

	tenon__reply_answer_next(wire, status)->text = line;
	if (stores && status != TENON_ESERVER) {
		wire->status = TENON_ECLOSED;
		return TENON_WIRE_BROKEN;
	}
	return TENON_WIRE_READ_ON;
}

int tenon__reply_unasked(struct tenon__wire *wire, const char *line, size_t len)
{
	if (!wire->fence) {
		return tenon__reply_broken(wire, "a reply without a request", line, len);
	}
	int status = tenon__reply_error_status(line, len);
	if (status == 0) {
		return tenon__reply_broken(wire, "an unexpected reply", line, len);
	}
	tenon__reply_tell_unasked(wire, status, line, len);
	return TENON_WIRE_READ_ON;
}

void tenon__reply_tell_waiting(struct tenon__wire *wire, const char *bytes,
			       size_t len)
{
	const char *end;

	while ((end = memmem(bytes, len, "\r\n", 2)) != NULL) {
		size_t line_len = (size_t)(end - bytes);
		int status = tenon__reply_error_status(bytes, line_len);

		if (status != 0) {
			tenon__reply_tell_unasked(wire, status, bytes, line_len);
		}
		bytes += line_len + 2;
		len -= line_len + 2;
	}
}

bool tenon__reply_are_lines(const char *bytes, size_t len,
			    bool (*accepts)(const char *line, size_t len))
{
	while (len > 0) {
		const char *newline = memchr(bytes, '\n', len);
		size_t line_len =
			newline ? (size_t)(newline - bytes) + 1 : len;

		if (!accepts(bytes, line_len)) {
			return false;
		}
		bytes += line_len;
		len -= line_len;
	}
	return true;
}
