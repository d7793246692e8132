/* SPDX-License-Identifier: BSD-3-Clause */
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"

/* A connect that has no answer after this time waits for a place in the backlog. */
#define FULL_MS 100

static void free_address(struct address *out, enum fake_family family)
{
	memset(out, 0, sizeof(*out));
	if (family == FAKE_UNIX) {
		out->u.un.sun_family = AF_UNIX;
		scratch_path(out->u.un.sun_path, sizeof(out->u.un.sun_path));
		out->len = sizeof(out->u.un);
	} else if (family == FAKE_INET6) {
		out->u.in6.sin6_family = AF_INET6;
		out->u.in6.sin6_addr = in6addr_loopback;
		out->len = sizeof(out->u.in6);
	} else {
		out->u.in.sin_family = AF_INET;
		out->u.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		out->len = sizeof(out->u.in);
	}
}

int address_socket(const struct address *where)
{
	return socket(where->u.any.sa_family,
		      SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int address_bind(enum fake_family family, struct address *where)
{
	int fd;

	free_address(where, family);
	fd = address_socket(where);
	if (fd < 0) {
		return -1;
	}
	if (bind(fd, &where->u.any, where->len) < 0 ||
	    (family != FAKE_UNIX &&
	     getsockname(fd, &where->u.any, &where->len) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

void address_print(const struct address *where, char *out, size_t bytes)
{
	if (where->u.any.sa_family == AF_UNIX) {
		snprintf(out, bytes, "%s", where->u.un.sun_path);
	} else if (where->u.any.sa_family == AF_INET6) {
		snprintf(out, bytes, "[::1]:%u", ntohs(where->u.in6.sin6_port));
	} else {
		snprintf(out, bytes, "127.0.0.1:%u",
			 ntohs(where->u.in.sin_port));
	}
}

bool address_parse(const char *text, struct address *out)
{
	char host[64];
	unsigned port;

	memset(out, 0, sizeof(*out));
	if (text[0] == '/') {
		out->u.un.sun_family = AF_UNIX;
		out->len = sizeof(out->u.un);
		return (size_t)snprintf(out->u.un.sun_path,
					sizeof(out->u.un.sun_path), "%s", text) <
			sizeof(out->u.un.sun_path);
	}
	if (sscanf(text, "[%63[^]]]:%u", host, &port) == 2) {
		out->u.in6.sin6_family = AF_INET6;
		out->u.in6.sin6_port = htons((in_port_t)port);
		out->len = sizeof(out->u.in6);
		return inet_pton(AF_INET6, host, &out->u.in6.sin6_addr) == 1;
	}
	out->u.in.sin_family = AF_INET;
	out->len = sizeof(out->u.in);
	if (sscanf(text, "%63[^:]:%u", host, &port) != 2) {
		return false;
	}
	out->u.in.sin_port = htons((in_port_t)port);
	return inet_pton(AF_INET, host, &out->u.in.sin_addr) == 1;
}

static size_t close_all(int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		close(fds[i]);
	}
	return 0;
}

size_t address_fill_backlog(const struct address *where,
			    int fds[ADDRESS_FILLERS_MAX])
{
	size_t count = 0;

	while (count < ADDRESS_FILLERS_MAX) {
		struct pollfd made = { .events = POLLOUT };
		int code;

		made.fd = address_socket(where);
		if (made.fd < 0) {
			break;
		}
		fds[count++] = made.fd;
		code = connect(made.fd, &where->u.any, where->len);
		if (code < 0 && errno == EAGAIN) {
			return count;
		}
		if (code < 0 && errno != EINPROGRESS) {
			break;
		}
		if (code < 0 && poll(&made, 1, FULL_MS) == 0) {
			return count;
		}
	}
	return close_all(fds, count);
}
