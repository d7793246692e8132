/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a server speak the binary protocol, which memcached deprecates and tenon does not speak? With
 * -S or -B binary memcached speaks nothing else: it answers no line of text, and closes the connection
 * when 24 bytes of text have come.
 */
#ifndef TENON_CLI_BINARY_H
#define TENON_CLI_BINARY_H

#include <stdint.h>

enum binary {
	BINARY_NO,   /* no answer in the binary protocol */
	BINARY_OPEN, /* a server that takes requests without authentication */
	BINARY_SASL  /* a server that wants SASL first */
};

/*
 * Ask on a connection of its own, which has no secure plugin. The deadline is a time of clock_ms().
 * A server that speaks text too may answer as well: ask one that has answered no text.
 */
enum binary binary_ask(const char *address, int64_t deadline_ms);

#endif
