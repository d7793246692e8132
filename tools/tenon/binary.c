/* SPDX-License-Identifier: BSD-3-Clause */
#include "binary.h"

#include "direct.h"

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
	struct direct direct;
	bool is_answered = direct_open(&direct, address, deadline_ms) &&
			   direct_exchange(&direct, request, sizeof(request),
					   reply, sizeof(reply), deadline_ms);

	direct_close(&direct);
	if (!is_answered || reply[0] != MAGIC_REPLY || reply[1] != NOOP) {
		return BINARY_NO;
	}
	return reply[6] == 0 && reply[7] == STATUS_WANTS_SASL ? BINARY_SASL
							      : BINARY_OPEN;
}
