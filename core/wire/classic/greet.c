/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * User and password in the classic protocol: the first command on a connection is a set whose value
 * they are. The server ignores its key, flags and exptime.
 * Source: memcached doc/protocol.txt, "Authentication"; proto_text.c (option -Y).
 */
#include <string.h>

#include "wire/classic/classic.h"
#include "wire/digits.h"
#include "wire/reply.h"
#include "wire/send.h"

/*
 * A server that wants no password stores the value. With this exptime it is gone at once, so that no
 * other client can read the password. With this key the greeting is longer than a header of the binary
 * protocol, so that a server which speaks only that answers at once.
 */
#define COMMAND "set tenon:greeting 0 -1 "

static char *put(char *at, const char *text)
{
	return tenon__send_bytes(at, text, strlen(text));
}

size_t tenon__classic_greet(char *out, const char *user, const char *password)
{
	char *at = put(out, COMMAND);

	at = tenon__put_u64(at, strlen(user) + 1 + strlen(password));
	at = put(at, "\r\n");
	at = put(at, user);
	*at++ = ' ';
	at = put(at, password);
	return (size_t)(put(at, "\r\n") - out);
}

/*
 * Judge an answer other than STORED. Only memcached's own words are quoted, as a hostile server may
 * send the password back.
 */
static int refuse_line(struct tenon__wire *wire, const char *line, size_t len)
{
	if (tenon__reply_wants_login(line, len)) {
		return tenon__reply_reject(wire, TENON_EAUTH,
			      "the server refuses user and password", line,
			      TENON__STARTS(line, len, "CLIENT_ERROR bad")
				      ? 0
				      : len);
	}
	if (tenon__reply_is_full(line, len)) {
		return tenon__reply_reject(wire, TENON_ECONNECT,
			      "the server refuses the connection", line, len);
	}
	if (TENON__STARTS(line, len, "SERVER_ERROR")) {
		return tenon__reply_reject(wire, TENON_ECONNECT,
			      "the server answers user and password with a SERVER_ERROR",
			      "", 0);
	}
	if (TENON__STARTS(line, len, "CLIENT_ERROR") ||
	    TENON__STARTS(line, len, "ERROR")) {
		return tenon__reply_reject(wire, TENON_EAUTH,
			      "the server refuses user and password with an error that memcached does not have",
			      "", 0);
	}
	return tenon__reply_broken(wire,
			"an unexpected answer to user and password", "", 0);
}

int tenon__classic_greeted(struct tenon__wire *wire)
{
	const char *line = wire->block->data + wire->parsed;
	size_t here = wire->block->filled - wire->parsed;
	const char *newline = memchr(line, '\n', here);

	if (tenon__reply_is_foreign(wire, line, here)) {
		return TENON_WIRE_BROKEN;
	}
	if (!newline && here <= TENON_REPLY_LINE_MAX_BYTES) {
		return TENON_WIRE_MORE;
	}
	size_t len = newline ? (size_t)(newline - line) : here;
	if (newline && len > 0 && newline[-1] == '\r') {
		len--;
	}
	if (!newline || line + here != newline + 1 ||
	    !TENON__IS(line, len, "STORED")) {
		return refuse_line(wire, line, len);
	}
	wire->parsed = wire->block->filled;
	wire->keep_from = wire->parsed;
	return TENON_WIRE_DONE;
}
