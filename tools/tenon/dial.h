/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connection of the tool's own to one server, for what the library cannot ask. Every wait has a
 * deadline, the lookup of a name included.
 */
#ifndef TENON_CLI_DIAL_H
#define TENON_CLI_DIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dial_state {
	DIAL_LOOKUP,  /* the name of the server was not found in time */
	DIAL_CONNECT, /* no address of the server took a connection in time */
	DIAL_OPEN     /* the connection is open */
};

struct dial {
	enum dial_state state;
	int fd;               /* -1: none */
	char why[160];        /* the reason, when the connection is not open */
	size_t address_count; /* addresses of the name; 0: none was found */
	int64_t lookup_us;    /* time of the lookup, in microseconds */
	int64_t connect_us;   /* time of connecting, in microseconds */
};

/*
 * Connect to "host:port", "[ipv6]:port" or "/path.sock". The deadline is a time of clock_ms().
 * The caller ends *out by dial_end(). Returns true when the connection is open.
 */
bool dial(struct dial *out, const char *address, int64_t deadline_ms);

/*
 * Send a question and receive so many lines into buffer, which becomes a string; it has room for
 * `room` bytes. Returns the length of the lines and of all that came behind them, or 0 with errno.
 */
size_t dial_ask(const struct dial *dial, const char *question, char *buffer,
		size_t room, int lines, int64_t deadline_ms);

void dial_end(struct dial *dial);

#endif
