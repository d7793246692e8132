/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a server speak that gives no proper answer to text? Each question goes on a connection of its
 * own, which has no secure plugin. A deadline is a time of clock_ms().
 */
#ifndef TENON_CLI_FOREIGN_H
#define TENON_CLI_FOREIGN_H

#include <stdbool.h>
#include <stdint.h>

enum binary {
	BINARY_NO,   /* no answer in the binary protocol */
	BINARY_OPEN, /* a server that takes requests without authentication */
	BINARY_SASL  /* a server that wants SASL first */
};

/*
 * Does the server speak the binary protocol, which memcached deprecates and tenon does not speak? With
 * -S or -B binary memcached speaks nothing else: it answers no line of text, and closes the connection
 * when 24 bytes of text have come. A server that speaks text too may answer as well: ask one that has
 * answered no text.
 */
enum binary binary_ask(const char *address, int64_t deadline_ms);

/*
 * Does the server want TLS? memcached -Z closes a connection when it gets text, and does not say why. It
 * answers a handshake with a message of TLS. So do other servers that speak TLS. No library for TLS is
 * needed, and no session begins.
 */
bool tls_ask(const char *address, int64_t deadline_ms);

#endif
