/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connection of the tool's own to one server, which shows how long the lookup of the name and the
 * connecting take. Both have a deadline.
 */
#ifndef TENON_CLI_DIRECT_H
#define TENON_CLI_DIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum direct_state {
	DIRECT_LOOKUP,  /* the name of the server was not found in time */
	DIRECT_CONNECT, /* no address of the server took a connection in time */
	DIRECT_OPEN     /* the connection is open */
};

struct direct {
	enum direct_state state;
	int fd;               /* -1: none */
	char why[160];        /* the reason, when the connection is not open */
	size_t address_count; /* addresses of the name; 0: none was found */
	int64_t lookup_us;    /* time of the lookup, in microseconds; 0: no name to look up */
	int64_t connect_us;   /* time of connecting, in microseconds */
};

/*
 * Connect to "host:port", "[ipv6]:port" or "/path.sock". The deadline is a time of clock_ms().
 * The caller ends *out by direct_close(). Returns true when the connection is open.
 */
bool direct_open(struct direct *out, const char *address, int64_t deadline_ms);

/*
 * Send question_len bytes and receive answer_len bytes. Returns false, with errno, when they have not
 * come before the deadline, or the server has closed the connection.
 */
bool direct_exchange(const struct direct *direct, const void *question,
		     size_t question_len, void *answer, size_t answer_len,
		     int64_t deadline_ms);

void direct_close(struct direct *direct);

#endif
