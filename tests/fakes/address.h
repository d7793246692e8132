/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses on this machine that fakes listen at, connect to, and block. */
#ifndef TENON_TESTS_FAKES_ADDRESS_H
#define TENON_TESTS_FAKES_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

enum fake_family {
	FAKE_INET = 0,  /* 127.0.0.1, a free port */
	FAKE_INET6 = 1, /* ::1, a free port */
	FAKE_UNIX = 2   /* a socket in the scratch folder */
};

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} u;
	socklen_t len;
};

/*
 * Bind a new socket, which does not block, to a free address and write that address to
 * *where. Returns the socket, or -1 with errno.
 */
int address_bind(enum fake_family family, struct address *where);

/* Write "127.0.0.1:port", "[::1]:port" or "/path.sock". */
void address_print(const struct address *where, char *out, size_t bytes);

/*
 * Read an address as address_print() writes it; any numeric IPv4 or IPv6 address is
 * taken. Returns false when the text is no such address.
 */
bool address_parse(const char *text, struct address *out);

/* Make a socket of the address's family that does not block, or -1 with errno. */
int address_socket(const struct address *where);

#define ADDRESS_FILLERS_MAX 16

/*
 * Connect to a socket that listens with a backlog of 0, until the kernel takes no further
 * connection. Returns the number of sockets in fds, which the caller closes; 0 when the
 * backlog does not get full.
 */
size_t address_fill_backlog(const struct address *where,
			    int fds[ADDRESS_FILLERS_MAX]);

#endif
