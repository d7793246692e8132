/* SPDX-License-Identifier: BSD-3-Clause */
#include "meta.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "number.h"
#include "output.h"

/* Two replies are far shorter: a key of 250 bytes, and numbers. */
#define REPLIES_MAX_BYTES 2048

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool fail_with(struct meta_item *out, enum meta_state state,
		      const char *text)
{
	out->state = state;
	snprintf(out->text, sizeof(out->text), "%s", text);
	return false;
}

/* ---- replies ------------------------------------------------------------------ */

/* Quote a line of a server in out->text. */
static bool fail_line(struct meta_item *out, const char *line)
{
	char *clean = output_label(line, strlen(line));

	out->state = META_FAILED;
	snprintf(out->text, sizeof(out->text), "unexpected reply %s", clean);
	free(clean);
	return false;
}

/* Read a whole number; *negative becomes true for one with a minus. */
static bool read_number(const char *text, uint64_t *out, bool *negative)
{
	*negative = *text == '-';
	return parse_u64(text + *negative, INT64_MAX, out);
}

/* Read one flag of the reply to `mg`, such as "t98". Unknown flags are passed over. */
static bool read_flag(struct meta_item *out, const char *word)
{
	bool negative;
	uint64_t number;

	if (!strchr("tlhsf", word[0])) {
		return true;
	}
	if (!read_number(word + 1, &number, &negative) ||
	    (negative && word[0] != 't')) {
		return false;
	}
	switch (word[0]) {
	case 't':
		out->ttl_s = negative ? -1 : (int64_t)number;
		return true;
	case 'l':
		out->idle_s = number;
		return true;
	case 'h':
		out->fetched = number == 1;
		return number <= 1;
	case 's':
		out->value_bytes = number;
		return true;
	default:
		out->flags = (uint32_t)number;
		return number <= UINT32_MAX;
	}
}

/* Read one field of the reply to `me`, such as "cls=1". Other fields are passed over. */
static bool read_field(struct meta_item *out, const char *word)
{
	if (strncmp(word, "cls=", 4) == 0) {
		return parse_u64(word + 4, UINT32_MAX, &out->class);
	}
	if (strncmp(word, "size=", 5) == 0) {
		return parse_u64(word + 5, INT64_MAX, &out->item_bytes);
	}
	return true;
}

/* Read the words of a line behind the first `skip` words. The line is changed. */
static bool read_words(struct meta_item *out, char *line, int skip,
		       bool (*read)(struct meta_item *out, const char *word))
{
	char *rest = NULL;
	char *word = strtok_r(line, " ", &rest);

	for (; word; word = strtok_r(NULL, " ", &rest)) {
		if (skip-- > 0) {
			continue;
		}
		if (!read(out, word)) {
			return false;
		}
	}
	return skip <= 0;
}

/* Read the replies to `me`, which is in first, and to `mg`. */
static bool read_lines(struct meta_item *out, char *first, char *second)
{
	char *copies[] = { alloc_text(first), alloc_text(second) };
	bool fine = true;

	if (strcmp(second, "EN") == 0) {
		out->state = META_ABSENT;
	} else if (strcmp(second, "ERROR") == 0) {
		fine = fail_with(out, META_UNKNOWN,
				 "the server does not know meta commands");
	} else if (strncmp(second, "HD ", 3) != 0 ||
		   !read_words(out, second, 1, read_flag)) {
		fine = fail_line(out, copies[1]);
	} else if (strncmp(first, "ME ", 3) == 0 &&
		   !read_words(out, first, 2, read_field)) {
		fine = fail_line(out, copies[0]);
	} else {
		out->state = META_FOUND;
	}
	free(copies[0]);
	free(copies[1]);
	return fine;
}

bool meta_parse(const char *replies, size_t len, struct meta_item *out)
{
	char *text = alloc_format("%.*s", (int)len, replies);
	char *end = strstr(text, "\r\n");
	char *second = end ? end + 2 : text;
	char *second_end = strstr(second, "\r\n");
	bool fine;

	*out = (struct meta_item){ .ttl_s = -1 };
	if (!end || !second_end || second_end[2] != '\0' ||
	    strlen(text) != len) {
		fine = fail_line(out, text);
	} else {
		*end = *second_end = '\0';
		fine = read_lines(out, text, second);
	}
	free(text);
	return fine;
}

/* ---- the exchange --------------------------------------------------------------- */

/* Wait until the socket is ready for events. Returns false when the time is over. */
static bool await(int fd, short events, int64_t deadline_ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };
	int64_t left_ms;
	int code;

	do {
		left_ms = deadline_ms - now_ms();
		if (left_ms <= 0) {
			errno = ETIMEDOUT;
			return false;
		}
		code = poll(&poll_fd, 1, left_ms < 60000 ? (int)left_ms : 60000);
	} while (code == 0 || (code < 0 && errno == EINTR));
	return code > 0;
}

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

static int connect_path(const char *path, int64_t deadline_ms)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	return connect_one((const struct sockaddr *)&address, sizeof(address),
			   deadline_ms);
}

/* Connect to "host:port" or "[ipv6]:port". Returns -1, and the reason in *why. */
static int connect_host(const char *address, int64_t deadline_ms,
			const char **why)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	const char *port = strrchr(address, ':');
	size_t brackets = address[0] == '[' ? 1 : 0;
	struct addrinfo *list = NULL;
	int fd = -1;

	*why = "the address has no port";
	if (!port || (size_t)(port - address) < 2 * brackets) {
		return -1;
	}
	char *host = alloc_format("%.*s",
				  (int)((size_t)(port - address) - 2 * brackets),
				  address + brackets);
	int code = getaddrinfo(host, port + 1, &hints, &list);
	free(host);
	if (code) {
		*why = gai_strerror(code);
		return -1;
	}
	for (struct addrinfo *at = list; at && fd < 0; at = at->ai_next) {
		fd = connect_one(at->ai_addr, at->ai_addrlen, deadline_ms);
		*why = strerror(errno);
	}
	freeaddrinfo(list);
	return fd;
}

static int connect_to(const char *address, int64_t deadline_ms,
		      const char **why)
{
	int fd;

	if (address[0] != '/') {
		return connect_host(address, deadline_ms, why);
	}
	fd = connect_path(address, deadline_ms);
	*why = strerror(errno);
	return fd;
}

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

static bool has_two_lines(const char *data)
{
	const char *first = strstr(data, "\r\n");

	return first && strstr(first + 2, "\r\n");
}

/*
 * Receive two lines into buffer, REPLIES_MAX_BYTES + 1 bytes, which becomes a string. Returns
 * their length, or 0 with errno.
 */
static size_t receive_lines(int fd, char *buffer, int64_t deadline_ms)
{
	size_t len = 0;

	while (len < REPLIES_MAX_BYTES) {
		ssize_t got = recv(fd, buffer + len, REPLIES_MAX_BYTES - len, 0);

		if (got == 0) {
			errno = ECONNRESET;
			return 0;
		}
		if (got < 0) {
			if ((errno != EAGAIN && errno != EINTR) ||
			    !await(fd, POLLIN, deadline_ms)) {
				return 0;
			}
			continue;
		}
		len += (size_t)got;
		buffer[len] = '\0';
		if (has_two_lines(buffer)) {
			return len;
		}
	}
	errno = EMSGSIZE;
	return 0;
}

/* Ask on an open socket. The flag u keeps the question from counting as an access. */
static void ask(int fd, struct tenon_slice key, int64_t deadline_ms,
		struct meta_item *out)
{
	char buffer[REPLIES_MAX_BYTES + 1] = "";
	const char *name = key.data;
	char *question = alloc_format("me %.*s\r\nmg %.*s s t l h f u\r\n",
				      (int)key.len, name, (int)key.len, name);
	size_t len = 0;

	if (send_all(fd, question, strlen(question), deadline_ms)) {
		len = receive_lines(fd, buffer, deadline_ms);
	}
	free(question);
	if (len == 0) {
		fail_with(out, META_FAILED, strerror(errno));
		return;
	}
	meta_parse(buffer, len, out);
}

void meta_read(const char *address, struct tenon_slice key, int64_t timeout_ms,
	       struct meta_item *out)
{
	int64_t deadline_ms = now_ms() + timeout_ms;
	const char *why = "";
	int fd = connect_to(address, deadline_ms, &why);

	*out = (struct meta_item){ .ttl_s = -1 };
	if (fd < 0) {
		fail_with(out, META_FAILED, why);
		return;
	}
	ask(fd, key, deadline_ms, out);
	close(fd);
}
