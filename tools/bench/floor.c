/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The floor, f_blk. The request bytes are built beforehand. An operation sends them to all
 * servers by blocking sends, then receives in the same order until every byte of the replies has
 * arrived. An operation hashes nothing, builds nothing and parses nothing. The variant "ring"
 * exchanges the same bytes by floor_ring.c. On servers that speak TLS, floor_tls.c sends and
 * receives.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "floor.h"

/*
 * A value of more bytes is not copied into the request but sent from the work's memory, as by the
 * other clients: for every client it is as likely to be in the CPU's cache.
 */
#define INLINE_MAX_BYTES 1024

struct requests {
	struct request *list; /* one for each key, or one for each server that has keys */
	size_t count;
};

struct floor {
	const struct work *work;
	int fds[SERVERS_MAX];
	struct floor_tls *tls[SERVERS_MAX]; /* NULL: send() and recv() */
	struct requests gets;
	struct requests sets;
	struct requests quiet_sets;
	struct requests deletes;
	char *buffer;
	size_t buffer_bytes;
	struct floor_ring *ring; /* NULL: use send() and recv() */
};

static int connect_to(const struct address *address)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(address->port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	inet_pton(AF_INET, address->host, &in.sin_addr);
	if (fd < 0 || connect(fd, (struct sockaddr *)&in, sizeof(in)) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0) {
		driver_fail("%s:%u: %s", address->host, address->port,
			    strerror(errno));
		if (fd >= 0) {
			close(fd);
		}
		return -1;
	}
	return fd;
}

/* ---- building ------------------------------------------------------------ */

enum command { GET, SET, SET_QUIET, DELETE };

static void write_key(FILE *stream, const struct work *work, size_t index,
		      enum command command)
{
	const struct work_key *key = &work->keys[index];

	if (command == GET) {
		fprintf(stream, " %s", key->key);
	} else if (command == DELETE) {
		fprintf(stream, "delete %s\r\n", key->key);
	} else {
		fprintf(stream, "set %s 0 0 %zu%s\r\n", key->key,
			work->value_len,
			command == SET_QUIET ? " noreply" : "");
		if (work->value_len <= INLINE_MAX_BYTES) {
			fwrite(key->value, 1, work->value_len, stream);
			fputs("\r\n", stream);
		}
	}
}

static size_t reply_len(const struct work *work, enum command command)
{
	switch (command) {
	case GET:
		return (size_t)snprintf(NULL, 0, "VALUE %s 0 %zu\r\n\r\n",
					work->keys[0].key, work->value_len) +
		       work->value_len;
	case SET:
		return strlen("STORED\r\n");
	case DELETE:
		return strlen("DELETED\r\n");
	case SET_QUIET:
		break;
	}
	return 0;
}

/* Build the request of one server: for those of the keys first .. last-1 with this home server. */
static void build(struct request *request, const struct work *work,
		  enum command command, size_t server, size_t first,
		  size_t last)
{
	FILE *stream = open_memstream(&request->bytes, &request->send_len);

	if (!stream) {
		fail("out of memory");
	}
	request->server = server;
	fputs(command == GET ? "get" : "", stream);
	request->reply_len = command == GET ? strlen("END\r\n") : 0;
	for (size_t i = first; i <= last; i++) {
		if (work->keys[i].server == server) {
			write_key(stream, work, i, command);
			request->reply_len += reply_len(work, command);
		}
	}
	fputs(command == GET ? "\r\n" : "", stream);
	if (fclose(stream) != 0) {
		fail("out of memory");
	}
	request->iov[0] = (struct iovec){ request->bytes, request->send_len };
	request->iov_count = 1;
	if ((command == SET || command == SET_QUIET) &&
	    work->value_len > INLINE_MAX_BYTES) {
		/* Only cases with one key an operation have values of this size. */
		request->iov[1] =
			(struct iovec){ (char *)work->keys[first].value,
					work->value_len };
		request->iov[2] = (struct iovec){ (char *)"\r\n", 2 };
		request->iov_count = 3;
		request->send_len += work->value_len + 2;
	}
}

static struct requests build_all(const struct work *work, enum command command)
{
	bool is_multi = work->bench_case->is_multi;
	struct requests requests = {
		.count = is_multi ? work->bench_case->touched_count
				  : work->key_count,
	};
	size_t reply_at = 0;

	requests.list = alloc_array(requests.count, sizeof(*requests.list));
	for (size_t i = 0; i < requests.count; i++) {
		if (is_multi) {
			build(&requests.list[i], work, command, i, 0,
			      work->key_count - 1);
			requests.list[i].reply_at = reply_at;
			reply_at += requests.list[i].reply_len;
		} else {
			build(&requests.list[i], work, command,
			      work->keys[i].server, i, i);
		}
	}
	return requests;
}

static void free_all(struct requests *requests)
{
	for (size_t i = 0; i < requests->count; i++) {
		free(requests->list[i].bytes);
	}
	free(requests->list);
}

/* ---- moving bytes -------------------------------------------------------- */

/* Send the rest of a request, of which `sent` bytes are sent. */
static int send_rest(int fd, const struct request *request, size_t sent)
{
	struct iovec iov[3];

	while (sent < request->send_len) {
		struct msghdr message = { .msg_iov = iov };
		size_t skip = sent;
		ssize_t n;

		for (int i = 0; i < request->iov_count; i++) {
			struct iovec piece = request->iov[i];

			if (skip >= piece.iov_len) {
				skip -= piece.iov_len;
				continue;
			}
			piece.iov_base = (char *)piece.iov_base + skip;
			piece.iov_len -= skip;
			skip = 0;
			iov[message.msg_iovlen++] = piece;
		}
		n = sendmsg(fd, &message, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR) {
			return driver_fail("send: %s", strerror(errno));
		}
		sent += n < 0 ? 0 : (size_t)n;
	}
	return 0;
}

static int send_secured(struct floor_tls *tls, const struct request *request)
{
	for (int i = 0; i < request->iov_count; i++) {
		if (floor_tls_send(tls, request->iov[i].iov_base,
				   request->iov[i].iov_len) != 0) {
			return -1;
		}
	}
	return 0;
}

static int send_request(const struct floor *self, const struct request *request)
{
	if (self->tls[request->server]) {
		return send_secured(self->tls[request->server], request);
	}
	int fd = self->fds[request->server];
	ssize_t n;

	if (request->iov_count == 1) {
		n = send(fd, request->bytes, request->send_len, MSG_NOSIGNAL);
	} else {
		n = 0;
	}
	if (n < 0) {
		return driver_fail("send: %s", strerror(errno));
	}
	return (size_t)n == request->send_len
		       ? 0
		       : send_rest(fd, request, (size_t)n);
}

int floor_check_reply(const struct request *request, const char *reply,
		      size_t got)
{
	if (got < request->reply_len) {
		/* The reply to an absent key is shorter: no more bytes will arrive. */
		return got >= 5 && memcmp(reply + got - 5, "END\r\n", 5) == 0
			       ? driver_fail("a key is absent")
			       : 0;
	}
	return got == request->reply_len && reply[got - 1] == '\n'
		       ? 0
		       : driver_fail("the reply is not the expected one");
}

/* Receive the next bytes of a reply. Returns their number, or -1 after driver_fail(). */
static ssize_t receive(const struct floor *self, size_t server, char *at,
		       size_t room)
{
	ssize_t n;

	if (self->tls[server]) {
		return floor_tls_receive(self->tls[server], at, room);
	}
	n = recv(self->fds[server], at, room, 0);
	if (n <= 0) {
		return driver_fail("recv: %s",
				   n == 0 ? "end of file" : strerror(errno));
	}
	return n;
}

static int receive_reply(const struct floor *self,
			 const struct request *request)
{
	size_t got = 0;

	while (got < request->reply_len) {
		ssize_t n = receive(self, request->server, self->buffer + got,
				    self->buffer_bytes - got);

		if (n < 0) {
			return -1;
		}
		got += (size_t)n;
		if (floor_check_reply(request, self->buffer, got) != 0) {
			return -1;
		}
	}
	return 0;
}

/* Pass the values of a reply to a get to seen_value(). */
static int look(const struct request *request, const char *at,
		struct seen *seen)
{
	const char *end = at + request->reply_len;

	while (end - at > 6 && memcmp(at, "VALUE ", 6) == 0) {
		char *number;
		size_t len;

		at += 6;
		/* "KEY 0 LEN\r\n" */
		len = strtoul(at + KEY_BYTES + 3, &number, 10);
		if (len > (size_t)(end - number)) {
			break;
		}
		seen_value(seen, at, KEY_BYTES, number + 2, len);
		at = number + 2 + len + 2;
	}
	return memcmp(at, "END\r\n", 5) == 0
		       ? 0
		       : driver_fail("not a reply to get");
}

/* Send all requests, then receive and check one reply after the other. */
static int exchange_in_order(const struct floor *self,
			     const struct request *first,
			     const struct request *last, struct seen *seen)
{
	for (const struct request *request = first; request < last; request++) {
		if (send_request(self, request) != 0) {
			return -1;
		}
	}
	for (const struct request *request = first; request < last; request++) {
		if (request->reply_len > 0 &&
		    receive_reply(self, request) != 0) {
			return -1;
		}
		if (seen && look(request, self->buffer, seen) != 0) {
			return -1;
		}
	}
	return 0;
}

static int exchange_in_ring(const struct floor *self,
			    const struct request *first,
			    const struct request *last, struct seen *seen)
{
	int code = floor_ring_exchange(self->ring, self->fds, first, last,
				     self->buffer);

	for (const struct request *request = first;
	     !code && seen && request < last; request++) {
		code = look(request, self->buffer + request->reply_at, seen);
	}
	return code;
}

static int exchange(const struct floor *self, const struct requests *requests,
		    size_t index, struct seen *seen)
{
	bool is_multi = self->work->bench_case->is_multi;
	const struct request *first = &requests->list[is_multi ? 0 : index];
	const struct request *last =
		is_multi ? first + requests->count : first + 1;

	if (self->ring) {
		return exchange_in_ring(self, first, last, seen);
	}
	return exchange_in_order(self, first, last, seen);
}

/* ---- driver -------------------------------------------------------------- */

static void floor_close(void *opened)
{
	struct floor *self = opened;

	for (size_t i = 0; i < SERVERS_MAX; i++) {
		floor_tls_close(self->tls[i]);
		if (self->fds[i] >= 0) {
			close(self->fds[i]);
		}
	}
	floor_ring_close(self->ring);
	free_all(&self->gets);
	free_all(&self->sets);
	free_all(&self->quiet_sets);
	free_all(&self->deletes);
	free(self->buffer);
	free(self);
}

static size_t reply_end(const struct request *request)
{
	return request->reply_at + request->reply_len;
}

/* Connect to one server. Returns 0 or driver_fail(). */
static int open_server(struct floor *self, size_t server)
{
	self->fds[server] = connect_to(&self->work->addresses[server]);
	if (self->fds[server] < 0) {
		return -1;
	}
	if (!self->work->tls_ca) {
		return 0;
	}
	self->tls[server] =
		floor_tls_open(self->fds[server], self->work->tls_ca);
	return self->tls[server] ? 0 : -1;
}

static int open_ring(struct floor *self)
{
	if (self->work->tls_ca) {
		return driver_fail("the floor of io_uring speaks no TLS");
	}
	self->ring = floor_ring_open();
	return self->ring ? 0 : -1;
}

static void *floor_open(const struct work *work, const char *variant)
{
	struct floor *self = alloc_array(1, sizeof(*self));

	self->work = work;
	self->gets = build_all(work, GET);
	self->sets = build_all(work, SET);
	self->quiet_sets = build_all(work, SET_QUIET);
	self->deletes = build_all(work, DELETE);
	for (size_t i = 0; i < self->gets.count; i++) {
		size_t len = reply_end(&self->gets.list[i]) +
			     reply_end(&self->sets.list[i]) +
			     reply_end(&self->deletes.list[i]);

		self->buffer_bytes =
			len > self->buffer_bytes ? len : self->buffer_bytes;
	}
	self->buffer = alloc_array(self->buffer_bytes, 1);
	for (size_t i = 0; i < SERVERS_MAX; i++) {
		self->fds[i] = -1;
	}
	for (size_t i = 0; i < work->server_count; i++) {
		if (open_server(self, i) != 0) {
			floor_close(self);
			return NULL;
		}
	}
	if (strcmp(variant, "ring") == 0 && open_ring(self) != 0) {
		floor_close(self);
		return NULL;
	}
	return self;
}

static int floor_get(void *self, size_t index, struct seen *seen)
{
	const struct floor *opened = self;

	return exchange(opened, &opened->gets, index, seen);
}

static int floor_set(void *self, size_t index)
{
	const struct floor *opened = self;

	return exchange(opened, &opened->sets, index, NULL);
}

static int floor_set_noreply(void *self)
{
	const struct floor *opened = self;

	return exchange(opened, &opened->quiet_sets, 0, NULL);
}

int floor_delete(void *self)
{
	const struct floor *opened = self;

	for (size_t i = 0; i < opened->work->key_count; i++) {
		if (exchange(opened, &opened->deletes, i, NULL) != 0) {
			return -1;
		}
		if (opened->work->bench_case->is_multi) {
			break;
		}
	}
	return 0;
}

const struct driver floor_driver = {
	.speaks_tls = true,
	.open = floor_open,
	.close = floor_close,
	.get = floor_get,
	.set = floor_set,
	.set_noreply = floor_set_noreply,
};
