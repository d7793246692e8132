/* SPDX-License-Identifier: BSD-3-Clause */
#include "foreign.h"

#include "direct.h"

/*
 * Ask on a connection of its own. Returns false when the answer has not come whole before the deadline,
 * or there is no connection.
 */
static bool ask(const char *address, const void *question, size_t question_len,
		void *answer, size_t answer_len, int64_t deadline_ms)
{
	struct direct direct;
	bool is_answered = direct_open(&direct, address, deadline_ms) &&
			   direct_exchange(&direct, question, question_len,
					   answer, answer_len, deadline_ms);

	direct_close(&direct);
	return is_answered;
}

/* ---- the binary protocol --------------------------------------------------------- */

/* memcached, protocol_binary.h: the header of every request and of every reply */
#define HEADER_BYTES 24
#define MAGIC_REQUEST 0x80
#define MAGIC_REPLY 0x81
#define NOOP 0x0a
/* The status, in bytes 6 and 7 of a reply, of a request that needs authentication first. */
#define STATUS_WANTS_SASL 0x20

enum binary binary_ask(const char *address, int64_t deadline_ms)
{
	static const unsigned char request[HEADER_BYTES] = { MAGIC_REQUEST, NOOP };
	unsigned char reply[HEADER_BYTES];

	if (!ask(address, request, sizeof(request), reply, sizeof(reply),
		 deadline_ms) ||
	    reply[0] != MAGIC_REPLY || reply[1] != NOOP) {
		return BINARY_NO;
	}
	return reply[6] == 0 && reply[7] == STATUS_WANTS_SASL ? BINARY_SASL
							      : BINARY_OPEN;
}

/* ---- TLS ---------------------------------------------------------------------------- */

/* RFC 8446, 5.1 and 6: the types of records, and the bytes of an alert with its header. */
#define RECORD_ALERT 0x15
#define RECORD_HANDSHAKE 0x16
#define VERSION_MAJOR 3
#define ALERT_BYTES 7

/*
 * A ClientHello without a content. A server that speaks TLS refuses it with an alert; no other reply
 * begins like one.
 */
static const unsigned char hello[] = {
	RECORD_HANDSHAKE, VERSION_MAJOR, 1, 0, 4, /* a record of 4 bytes */
	1, 0, 0, 0 /* client_hello of 0 bytes */
};

bool tls_ask(const char *address, int64_t deadline_ms)
{
	unsigned char reply[ALERT_BYTES];

	return ask(address, hello, sizeof(hello), reply, sizeof(reply),
		   deadline_ms) &&
	       (reply[0] == RECORD_ALERT || reply[0] == RECORD_HANDSHAKE) &&
	       reply[1] == VERSION_MAJOR;
}
