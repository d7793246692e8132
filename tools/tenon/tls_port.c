/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls_port.h"

#include "direct.h"

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

bool tls_port_ask(const char *address, int64_t deadline_ms)
{
	unsigned char reply[ALERT_BYTES];
	struct direct direct;
	bool is_answered = direct_open(&direct, address, deadline_ms) &&
			   direct_exchange(&direct, hello, sizeof(hello), reply,
					   sizeof(reply), deadline_ms);

	direct_close(&direct);
	return is_answered &&
	       (reply[0] == RECORD_ALERT || reply[0] == RECORD_HANDSHAKE) &&
	       reply[1] == VERSION_MAJOR;
}
