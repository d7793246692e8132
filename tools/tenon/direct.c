/* SPDX-License-Identifier: BSD-3-Clause */
#include "direct.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "alloc.h"
#include "latency.h"

static int64_t now_us(void)
{
	return (int64_t)(clock_ns() / 1000);
}

static bool fail_with(struct direct *out, enum direct_state state, const char *why)
{
	out->state = state;
	snprintf(out->why, sizeof(out->why), "%s", why);
	return false;
}

/* Wait until the descriptor is ready for events. Returns false when the time is over. */
static bool await(int fd, short events, int64_t deadline_ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };
	int64_t left_ms;
	int code;

	do {
		left_ms = deadline_ms - clock_ms();
		if (left_ms <= 0) {
			errno = ETIMEDOUT;
			return false;
		}
		code = poll(&poll_fd, 1, left_ms < 60000 ? (int)left_ms : 60000);
	} while (code == 0 || (code < 0 && errno == EINTR));
	return code > 0;
}

/* ---- lookups ------------------------------------------------------------------ */

/*
 * A lookup in a thread of its own, because nothing can interrupt getaddrinfo(3). The caller and the
 * thread each hold it; the last one frees it. The end of the lookup closes `done`, whose other end
 * the caller waits for.
 */
struct lookup {
	atomic_int holders;
	char *host;
	char *port;
	int done;
	int code; /* of getaddrinfo(3) */
	struct addrinfo *list;
};

static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };

static void let_go(struct lookup *lookup)
{
	if (atomic_fetch_sub(&lookup->holders, 1) > 1) {
		return;
	}
	if (lookup->list) {
		freeaddrinfo(lookup->list);
	}
	free(lookup->host);
	free(lookup->port);
	free(lookup);
}

static void *look_up(void *argument)
{
	struct lookup *lookup = argument;
	int done = lookup->done;

	lookup->code = getaddrinfo(lookup->host, lookup->port, &hints,
				   &lookup->list);
	let_go(lookup);
	close(done);
	return NULL;
}

/* Start the thread. Returns the descriptor to wait for, or -1 with errno. */
static int start_lookup(struct lookup *lookup)
{
	pthread_t thread;
	int ends[2];
	int code;

	if (pipe2(ends, O_CLOEXEC) != 0) {
		return -1;
	}
	lookup->done = ends[1];
	atomic_store(&lookup->holders, 2);
	code = pthread_create(&thread, NULL, look_up, lookup);
	if (code != 0) {
		atomic_store(&lookup->holders, 1);
		close(ends[0]);
		close(ends[1]);
		errno = code;
		return -1;
	}
	pthread_detach(thread);
	return ends[0];
}

/* Return true for an IP address, which needs no lookup. */
static bool is_numeric(struct lookup *lookup)
{
	struct addrinfo numeric = hints;

	numeric.ai_flags = AI_NUMERICHOST;
	return getaddrinfo(lookup->host, lookup->port, &numeric,
			   &lookup->list) == 0;
}

/* Find the addresses of lookup->host. Returns NULL, or the reason why there are none. */
static const char *find_addresses(struct lookup *lookup, int64_t deadline_ms)
{
	const char *why = NULL;
	int done = start_lookup(lookup);

	if (done < 0 || !await(done, POLLIN, deadline_ms)) {
		why = errno == ETIMEDOUT ? "the lookup of the name timed out"
					 : strerror(errno);
	} else if (atomic_load(&lookup->holders) == 1 && lookup->code != 0) {
		/* The thread has let go before it closed its end of the pipe. */
		why = gai_strerror(lookup->code);
	}
	if (done >= 0) {
		close(done);
	}
	return why;
}

/* ---- connecting ---------------------------------------------------------------- */

/* Connect a socket to one socket address. Returns -1 with errno on failure. */
static int connect_one(const struct sockaddr *address, socklen_t len,
		       int64_t deadline_ms)
{
	int fd = socket(address->sa_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error = 0;
	socklen_t error_len = sizeof(error);

	if (fd < 0) {
		return -1;
	}
	if (connect(fd, address, len) == 0) {
		return fd;
	}
	if (errno == EINPROGRESS && await(fd, POLLOUT, deadline_ms) &&
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len) == 0) {
		if (error == 0) {
			return fd;
		}
		errno = error;
	}
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Keep the connection, or the reason why there is none, which is in errno. */
static bool end_connecting(struct direct *out, int fd, int64_t start_us)
{
	const char *why = fd < 0 ? strerror(errno) : "";

	out->connect_us = now_us() - start_us;
	out->fd = fd;
	if (fd < 0) {
		return fail_with(out, DIRECT_CONNECT, why);
	}
	out->state = DIRECT_OPEN;
	return true;
}

static bool open_path(struct direct *out, const char *path, int64_t deadline_ms)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int64_t start_us = now_us();
	int fd = -1;

	errno = ENAMETOOLONG;
	if (strlen(path) < sizeof(address.sun_path)) {
		memcpy(address.sun_path, path, strlen(path));
		fd = connect_one((const struct sockaddr *)&address,
				 sizeof(address), deadline_ms);
	}
	out->address_count = 1;
	return end_connecting(out, fd, start_us);
}

/* Connect to the first address that takes a connection. */
static bool open_list(struct direct *out, const struct addrinfo *list,
		      int64_t deadline_ms)
{
	int64_t start_us = now_us();
	int fd = -1;

	for (const struct addrinfo *at = list; at; at = at->ai_next) {
		out->address_count++;
		if (fd < 0) {
			fd = connect_one(at->ai_addr, at->ai_addrlen,
					 deadline_ms);
		}
	}
	return end_connecting(out, fd, start_us);
}

static bool open_host(struct direct *out, const char *address,
		      int64_t deadline_ms)
{
	const char *port = strrchr(address, ':');
	size_t brackets = address[0] == '[' ? 1 : 0;
	const char *why = NULL;

	if (!port || (size_t)(port - address) < 2 * brackets) {
		return fail_with(out, DIRECT_LOOKUP, "the address has no port");
	}
	struct lookup *lookup = alloc_array(1, sizeof(*lookup));

	atomic_store(&lookup->holders, 1);
	lookup->host = alloc_format(
		"%.*s", (int)((size_t)(port - address) - 2 * brackets),
		address + brackets);
	lookup->port = alloc_text(port + 1);
	if (!is_numeric(lookup)) {
		int64_t start_us = now_us();

		why = find_addresses(lookup, deadline_ms);
		out->lookup_us = now_us() - start_us;
	}
	bool is_open = why ? fail_with(out, DIRECT_LOOKUP, why)
			   : open_list(out, lookup->list, deadline_ms);
	let_go(lookup);
	return is_open;
}

bool direct_open(struct direct *out, const char *address, int64_t deadline_ms)
{
	*out = (struct direct){ .fd = -1 };
	return address[0] == '/' ? open_path(out, address, deadline_ms)
				 : open_host(out, address, deadline_ms);
}

void direct_close(struct direct *direct)
{
	if (direct->fd >= 0) {
		close(direct->fd);
		direct->fd = -1;
	}
}

/* ---- the exchange --------------------------------------------------------------- */

static bool send_all(int fd, const char *data, size_t len, int64_t deadline_ms)
{
	while (len > 0) {
		ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);

		if (sent > 0) {
			data += sent;
			len -= (size_t)sent;
		} else if ((errno != EAGAIN && errno != EINTR) ||
			   !await(fd, POLLOUT, deadline_ms)) {
			return false;
		}
	}
	return true;
}

/* Receive some bytes, at most `room`. Returns their number, or 0 with errno. */
static size_t receive(int fd, void *into, size_t room, int64_t deadline_ms)
{
	for (;;) {
		ssize_t got = recv(fd, into, room, 0);

		if (got > 0) {
			return (size_t)got;
		}
		if (got == 0) {
			errno = ECONNRESET;
			return 0;
		}
		if ((errno != EAGAIN && errno != EINTR) ||
		    !await(fd, POLLIN, deadline_ms)) {
			return 0;
		}
	}
}

bool direct_exchange(const struct direct *direct, const void *question,
		     size_t question_len, void *answer, size_t answer_len,
		     int64_t deadline_ms)
{
	char *at = answer;

	if (!send_all(direct->fd, question, question_len, deadline_ms)) {
		return false;
	}
	while (answer_len > 0) {
		size_t got = receive(direct->fd, at, answer_len, deadline_ms);

		if (got == 0) {
			return false;
		}
		at += got;
		answer_len -= got;
	}
	return true;
}
