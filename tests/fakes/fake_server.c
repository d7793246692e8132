/* SPDX-License-Identifier: BSD-3-Clause */
#include "fake_server.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "interpreter.h"
#include "scratch.h"
#include "toy.h"

/* After the test is over, a step that waits this long for the client fails. */
#define GRACE_MS 5000
#define SHOWN_BYTES 80

struct fake_server {
	const struct fake_step *steps;
	size_t step_count;
	size_t at; /* index of the current step; used by the server's thread */
	struct fake_listen how;
	int listen_fd;
	int conn_fd; /* -1: no connection */
	void *layered; /* state of the layer for the connection; NULL: there is no layer */
	enum toy toy; /* the language that the client speaks */
	struct toy_stream stream; /* of the connection */
	struct interpreter interpreter; /* for a client that speaks the meta protocol */
	int stop_fd; /* readable as soon as the test is over */
	int fillers[ADDRESS_FILLERS_MAX];
	size_t filler_count;
	uint16_t port;
	char path[108];
	char address[128];
	char *problem; /* owned by the server's thread until it is joined */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t done_count; /* under lock */
	size_t go_count;   /* under lock */
	bool ended;        /* under lock */
	bool over;         /* under lock: the test waits for the end */
};

static const char *const step_names[] = {
	"accept", "expect", "read", "send", "garbage", "serve", "delay", "wait",
	"half-close", "reset", "close", "expect close", "hold", "raw", "flood",
	"deed",
};

struct fake_step fake_expect_text(const char *text)
{
	return (struct fake_step)FAKE_EXPECT_BYTES(text, strlen(text));
}

struct fake_step fake_send_text(const char *text)
{
	return (struct fake_step)FAKE_SEND_BYTES(text, strlen(text));
}

/* Write bytes as a C string literal would show them. */
static void show(char *out, size_t bytes, const char *data, size_t len)
{
	size_t n = 0;
	size_t shown = len < SHOWN_BYTES ? len : SHOWN_BYTES;

	out[0] = '\0';
	for (size_t i = 0; i < shown && n + 8 < bytes; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c == '\r' || c == '\n') {
			n += (size_t)snprintf(out + n, bytes - n, "\\%c",
					      c == '\r' ? 'r' : 'n');
		} else if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\') {
			n += (size_t)snprintf(out + n, bytes - n, "\\x%02x", c);
		} else {
			out[n++] = (char)c;
			out[n] = '\0';
		}
	}
	if (shown < len) {
		snprintf(out + n, bytes - n, "...");
	}
}

__attribute__((format(printf, 2, 3))) static bool
fail(struct fake_server *server, const char *format, ...)
{
	char text[1024];
	int n = 0;
	va_list args;

	if (server->problem) {
		return false;
	}
	if (server->at < server->step_count) {
		n = snprintf(text, sizeof(text), "%s: step %zu (%s): ",
			     server->address, server->at,
			     step_names[server->steps[server->at].kind]);
	} else {
		n = snprintf(text, sizeof(text), "%s: after the last step: ",
			     server->address);
	}
	va_start(args, format);
	vsnprintf(text + n, sizeof(text) - (size_t)n, format, args);
	va_end(args);
	server->problem = strdup(text);
	return false;
}

static void close_conn(struct fake_server *server)
{
	if (server->layered) {
		server->how.layer->close(server->layered);
		server->layered = NULL;
	}
	if (server->conn_fd >= 0) {
		close(server->conn_fd);
		server->conn_fd = -1;
	}
}

/* Sleep for ms, or until the test is over. Return true when the test is over. */
static bool pause_until_over(struct fake_server *server, int ms)
{
	struct pollfd over = { .fd = server->stop_fd, .events = POLLIN };

	return poll(&over, 1, ms) > 0;
}

/* Wait for fd without limit while the test runs, and for GRACE_MS after the test is over. */
static bool wait_for(struct fake_server *server, int fd, short events)
{
	struct pollfd fds[2] = {
		{ .fd = fd, .events = events },
		{ .fd = server->stop_fd, .events = POLLIN },
	};

	if (poll(fds, 2, -1) > 0 && !fds[0].revents) {
		poll(fds, 1, GRACE_MS);
	}
	return fds[0].revents != 0;
}

static ssize_t receive(struct fake_server *server, void *into, size_t len);
static bool send_all(struct fake_server *server, const char *data, size_t len);

/* Read one line and answer it with END, before the script goes on. */
static bool greet(struct fake_server *server)
{
	char byte = 0;

	server->how.greeted = false;
	while (byte != '\n') {
		ssize_t n = receive(server, &byte, 1);

		if (n <= 0) {
			return n == 0 ? fail(server, "closed before the first get")
				      : false;
		}
	}
	return send_all(server, "END\r\n", 5);
}

static bool do_accept(struct fake_server *server)
{
	int one = 1;

	close_conn(server);
	if (!wait_for(server, server->listen_fd, POLLIN)) {
		return fail(server, "no connection came");
	}
	server->conn_fd = accept4(server->listen_fd, NULL, NULL,
				  SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (server->conn_fd < 0) {
		return fail(server, "accept: %s", strerror(errno));
	}
	server->stream = (struct toy_stream){ 0 };
	interpreter_restart(&server->interpreter);
	if (server->how.family != FAKE_UNIX) {
		/*
		 * Without TCP_NODELAY the kernel would join pieces that a script sends
		 * one by one.
		 */
		setsockopt(server->conn_fd, IPPROTO_TCP, TCP_NODELAY, &one,
			   sizeof(one));
	}
	if (server->how.layer) {
		server->layered = server->how.layer->open(
			server->how.layer_context, server->conn_fd);
		if (!server->layered) {
			return fail(server, "the layer does not open");
		}
	}
	return !server->how.greeted || greet(server);
}

/* As recv(2), through the layer. */
static ssize_t receive_some(struct fake_server *server, void *into, size_t len)
{
	return server->layered
		       ? server->how.layer->receive(server->layered, into, len)
		       : recv(server->conn_fd, into, len, 0);
}

/* As send(2), through the layer. */
static ssize_t send_some(struct fake_server *server, const char *data,
			 size_t len)
{
	return server->layered
		       ? server->how.layer->send(server->layered, data, len)
		       : send(server->conn_fd, data, len, MSG_NOSIGNAL);
}

/*
 * Receive 1 to len bytes, in the classic protocol. Returns their number, 0 when the client
 * closed, -1 after fail().
 */
static ssize_t receive(struct fake_server *server, void *into, size_t len)
{
	ssize_t n;

	for (;;) {
		n = (ssize_t)interpreter_requests(&server->interpreter, into,
						  len);
		if (n > 0) {
			return n;
		}
		n = receive_some(server, into, len);
		if (n > 0 && server->toy == TOY_META) {
			interpreter_hear(&server->interpreter, into, (size_t)n);
			continue;
		}
		if (n > 0) {
			toy_from_client(&server->stream, server->toy, into,
					(size_t)n);
			return n;
		}
		if (n == 0 || errno == ECONNRESET) {
			return 0;
		}
		if (errno != EAGAIN && errno != EINTR) {
			fail(server, "recv: %s", strerror(errno));
			return -1;
		}
		if (!wait_for(server, server->conn_fd, POLLIN)) {
			fail(server, "nothing more came");
			return -1;
		}
	}
}

/* closed: the client closed the connection after these bytes. */
static bool differs(struct fake_server *server, const struct fake_step *step,
		    const char *received, size_t len, bool closed)
{
	const char *wanted = step->bytes;
	char expected[SHOWN_BYTES * 4 + 8];
	char found[SHOWN_BYTES * 4 + 8];
	size_t start = 0;

	while (start < len && received[start] == wanted[start]) {
		start++;
	}
	/* Show the last bytes that were right as well, so that the reader finds the place. */
	start = start > 20 ? start - 20 : 0;
	show(expected, sizeof(expected), wanted + start, step->len - start);
	show(found, sizeof(found), received + start, len - start);
	return fail(server,
		    "from byte %zu of %zu expected \"%s\", received \"%s\"%s",
		    start, step->len, expected, found,
		    closed ? ", then the connection closed" : "");
}

static bool do_expect(struct fake_server *server, const struct fake_step *step)
{
	char *got = malloc(step->len + 1);
	size_t len = 0;
	bool ok = got != NULL;

	while (ok && len < step->len) {
		ssize_t n = receive(server, got + len, step->len - len);

		if (n <= 0 || memcmp(got + len, (const char *)step->bytes + len,
				     (size_t)n) != 0) {
			/*
			 * The message about the bytes says more than the message of
			 * receive().
			 */
			free(server->problem);
			server->problem = NULL;
			len += n > 0 ? (size_t)n : 0;
			ok = differs(server, step, got, len, n == 0);
		} else {
			len += (size_t)n;
		}
	}
	free(got);
	return ok;
}

static bool do_read(struct fake_server *server, size_t len)
{
	char scrap[4096];

	while (len > 0) {
		ssize_t n = receive(server, scrap,
				    len < sizeof(scrap) ? len : sizeof(scrap));

		if (n <= 0) {
			return fail(server, "closed with %zu bytes missing",
				    len);
		}
		len -= (size_t)n;
	}
	return true;
}

/*
 * A client that has closed the connection is not a problem of the script: the test
 * checks the client's result.
 */
static bool send_wire(struct fake_server *server, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send_some(server, data, len);

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			return true;
		} else if (errno != EAGAIN && errno != EINTR) {
			return fail(server, "send: %s", strerror(errno));
		} else if (!wait_for(server, server->conn_fd, POLLOUT)) {
			return fail(server, "%zu bytes were not taken", len);
		}
	}
	return true;
}

/* Send bytes of the classic protocol in the language of the client. */
static bool send_all(struct fake_server *server, const char *data, size_t len)
{
	char *copy;
	bool fine;

	if (server->toy == TOY_NONE) {
		return send_wire(server, data, len);
	}
	if (server->toy == TOY_META) {
		const char *replies;
		size_t n = interpreter_say(&server->interpreter, data, len,
					   &replies);

		return send_wire(server, replies, n);
	}
	copy = malloc(len + 1);
	if (!copy) {
		return fail(server, "no memory");
	}
	memcpy(copy, data, len);
	toy_to_client(server->toy, copy, len);
	fine = send_wire(server, copy, len);
	free(copy);
	return fine;
}

/* Return true when the script goes on with bytes to send, perhaps after a pause. */
static bool goes_on(const struct fake_server *server)
{
	size_t next = server->at + 1;

	while (next < server->step_count &&
	       (server->steps[next].kind == FAKE_STEP_DELAY ||
		server->steps[next].kind == FAKE_STEP_WAIT)) {
		next++;
	}
	return next < server->step_count &&
	       server->steps[next].kind == FAKE_STEP_SEND;
}

/* A line that the script breaks off goes to the client as it is. */
static bool send_part(struct fake_server *server)
{
	const char *part;
	size_t n = interpreter_say_part(&server->interpreter, &part);

	return send_wire(server, part, n);
}

static bool do_send(struct fake_server *server, const struct fake_step *step)
{
	const char *data = step->bytes;
	size_t piece = step->piece_bytes ? step->piece_bytes : step->len;

	for (size_t sent = 0; sent < step->len; sent += piece) {
		size_t rest = step->len - sent;

		if (sent > 0 && step->pause_ms > 0 &&
		    pause_until_over(server, (int)step->pause_ms)) {
			return true;
		}
		if (!send_all(server, data + sent,
			      rest < piece ? rest : piece)) {
			return false;
		}
	}
	return server->toy != TOY_META || goes_on(server) || send_part(server);
}

static bool do_garbage(struct fake_server *server, size_t len)
{
	uint32_t state = 0x9e3779b9u;
	char byte;

	for (size_t i = 0; i < len; i++) {
		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		byte = (char)(state >> 11);
		if (!send_all(server, &byte, 1)) {
			return false;
		}
	}
	return true;
}

/*
 * Answer as a server with one thread does: it reads nothing while the client does not
 * take its replies.
 */
static bool do_serve(struct fake_server *server, const struct fake_step *step)
{
	size_t total = step->len * step->times;
	size_t reply_len = strlen(step->bytes);
	size_t got = 0;
	char scrap[4096];

	while (got < total) {
		size_t want = total - got < sizeof(scrap) ? total - got
							  : sizeof(scrap);
		ssize_t n = receive(server, scrap, want);

		if (n <= 0) {
			return fail(server, "closed after %zu of %zu bytes",
				    got, total);
		}
		for (size_t i = got / step->len;
		     i < (got + (size_t)n) / step->len; i++) {
			if (!send_all(server, step->bytes, reply_len)) {
				return false;
			}
		}
		got += (size_t)n;
	}
	return true;
}

static bool do_expect_close(struct fake_server *server)
{
	char got[SHOWN_BYTES];
	char text[SHOWN_BYTES * 4 + 8];
	ssize_t n = receive(server, got, sizeof(got));

	if (n > 0) {
		show(text, sizeof(text), got, (size_t)n);
		return fail(server, "received \"%s\"", text);
	}
	close_conn(server);
	return n == 0;
}

static bool do_reset(struct fake_server *server)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(server->conn_fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close_conn(server);
	return true;
}

static bool do_wait(struct fake_server *server)
{
	pthread_mutex_lock(&server->lock);
	while (server->go_count == 0 && !server->over) {
		pthread_cond_wait(&server->changed, &server->lock);
	}
	server->go_count -= server->go_count > 0;
	pthread_mutex_unlock(&server->lock);
	return true;
}

/* Send these bytes past the layer. Returns 1; 0: the client has closed; -1 after fail(). */
static int send_raw(struct fake_server *server, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(server->conn_fd, data, len, MSG_NOSIGNAL);

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			return 0;
		} else if (errno != EAGAIN ||
			   !wait_for(server, server->conn_fd, POLLOUT)) {
			fail(server, "%zu raw bytes were not taken", len);
			return -1;
		}
	}
	return 1;
}

static bool do_flood(struct fake_server *server, const struct fake_step *step)
{
	int code = 1;

	for (size_t i = 0; i < step->times && code > 0; i++) {
		code = send_raw(server, step->bytes, step->len);
	}
	close_conn(server);
	return code > 0 ? fail(server, "the client took %zu bytes %zu times",
			       step->len, step->times)
			: code == 0;
}

static bool do_deed(struct fake_server *server, const struct fake_step *step)
{
	int code;

	do {
		code = step->deed(server->layered, step->times);
	} while (code > 0 && wait_for(server, server->conn_fd, (short)code));
	return code == 0 ||
	       fail(server, code > 0 ? "nothing more came" : "it failed");
}

static bool do_step(struct fake_server *server, const struct fake_step *step)
{
	if (server->conn_fd < 0 && step->kind != FAKE_STEP_ACCEPT &&
	    step->kind != FAKE_STEP_DELAY && step->kind != FAKE_STEP_WAIT &&
	    step->kind != FAKE_STEP_HOLD) {
		return fail(server, "the script has no connection here");
	}
	switch (step->kind) {
	case FAKE_STEP_ACCEPT:
		return do_accept(server);
	case FAKE_STEP_EXPECT:
		return do_expect(server, step);
	case FAKE_STEP_READ:
		return do_read(server, step->len);
	case FAKE_STEP_SEND:
		return do_send(server, step);
	case FAKE_STEP_GARBAGE:
		return do_garbage(server, step->len);
	case FAKE_STEP_SERVE:
		return do_serve(server, step);
	case FAKE_STEP_DELAY:
		pause_until_over(server, (int)step->pause_ms);
		return true;
	case FAKE_STEP_WAIT:
		return do_wait(server);
	case FAKE_STEP_HALF_CLOSE:
		shutdown(server->conn_fd, SHUT_WR);
		return true;
	case FAKE_STEP_RESET:
		return do_reset(server);
	case FAKE_STEP_CLOSE:
		close_conn(server);
		return true;
	case FAKE_STEP_EXPECT_CLOSE:
		return do_expect_close(server);
	case FAKE_STEP_HOLD:
		pause_until_over(server, -1);
		return true;
	case FAKE_STEP_RAW:
		return send_raw(server, step->bytes, step->len) >= 0;
	case FAKE_STEP_FLOOD:
		return do_flood(server, step);
	case FAKE_STEP_DEED:
		return do_deed(server, step);
	}
	return fail(server, "unknown step");
}

/* Report bytes and connections that came after the last step of the script. */
static void check_rest(struct fake_server *server)
{
	char got[SHOWN_BYTES];
	char text[SHOWN_BYTES * 4 + 8];
	ssize_t n;
	int fd;

	if (server->conn_fd >= 0) {
		n = (ssize_t)interpreter_requests(&server->interpreter, got,
						  sizeof(got));
		if (n == 0) {
			n = recv(server->conn_fd, got, sizeof(got),
				 MSG_DONTWAIT);
			toy_from_client(&server->stream, server->toy, got,
					n > 0 ? (size_t)n : 0);
		}
		if (n > 0) {
			show(text, sizeof(text), got, (size_t)n);
			fail(server, "received \"%s\"", text);
		}
	}
	fd = accept4(server->listen_fd, NULL, NULL,
		     SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		fail(server, "another connection came");
		close(fd);
	}
}

static void *run_script(void *payload)
{
	struct fake_server *server = payload;
	bool ok = true;

	while (ok && server->at < server->step_count) {
		ok = do_step(server, &server->steps[server->at]);
		if (!ok) {
			/*
			 * The script has failed. Close the sockets, so that the client
			 * does not wait for replies.
			 */
			close_conn(server);
			close(server->listen_fd);
			server->listen_fd = -1;
		}
		server->at += ok;
		pthread_mutex_lock(&server->lock);
		server->done_count += ok;
		pthread_cond_broadcast(&server->changed);
		pthread_mutex_unlock(&server->lock);
	}
	pthread_mutex_lock(&server->lock);
	server->ended = true;
	pthread_cond_broadcast(&server->changed);
	pthread_mutex_unlock(&server->lock);

	pause_until_over(server, -1);
	if (ok && !server->how.full &&
	    (server->step_count == 0 ||
	     server->steps[server->step_count - 1].kind != FAKE_STEP_HOLD)) {
		check_rest(server);
	}
	return NULL;
}

static bool set_up(struct fake_server *server)
{
	struct address where;
	int size = server->how.buffer_bytes;

	server->listen_fd = address_bind(server->how.family, &where);
	if (server->listen_fd < 0) {
		return false;
	}
	address_print(&where, server->address, sizeof(server->address));
	if (server->how.family == FAKE_UNIX) {
		memcpy(server->path, where.u.un.sun_path, sizeof(server->path));
	} else {
		/* The port lies at the same offset in sockaddr_in and sockaddr_in6. */
		server->port = ntohs(where.u.in.sin_port);
	}
	if (size > 0) {
		setsockopt(server->listen_fd, SOL_SOCKET, SO_RCVBUF, &size,
			   sizeof(size));
		setsockopt(server->listen_fd, SOL_SOCKET, SO_SNDBUF, &size,
			   sizeof(size));
	}
	if (listen(server->listen_fd, server->how.full ? 0 : 16) < 0) {
		return false;
	}
	server->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->stop_fd < 0) {
		return false;
	}
	if (!server->how.full) {
		return true;
	}
	server->filler_count = address_fill_backlog(&where, server->fillers);
	return server->filler_count > 0;
}

static void release(struct fake_server *server)
{
	close_conn(server);
	for (size_t i = 0; i < server->filler_count; i++) {
		close(server->fillers[i]);
	}
	if (server->listen_fd >= 0) {
		close(server->listen_fd);
	}
	if (server->stop_fd >= 0) {
		close(server->stop_fd);
	}
	if (server->path[0]) {
		(void)unlink(server->path);
	}
	interpreter_fini(&server->interpreter);
	free(server->problem);
	free(server);
}

/* Block all signals in the server's thread: the test's thread handles them. */
static bool spawn(struct fake_server *server)
{
	sigset_t all, before;
	int code;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&server->thread, NULL, run_script, server);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return !code;
}

struct fake_server *fake_server_listen(const struct fake_listen *how,
				       const struct fake_step *steps,
				       size_t count)
{
	struct fake_server *server = calloc(1, sizeof(*server));

	if (!server) {
		return NULL;
	}
	server->steps = steps;
	server->step_count = count;
	server->how = *how;
	server->toy = toy_chosen();
	server->conn_fd = -1;
	server->listen_fd = -1;
	server->stop_fd = -1;
	if (!set_up(server)) {
		perror("fake server");
		release(server);
		return NULL;
	}
	pthread_mutex_init(&server->lock, NULL);
	pthread_cond_init(&server->changed, NULL);
	if (!spawn(server)) {
		perror("fake server");
		release(server);
		return NULL;
	}
	return server;
}

struct fake_server *fake_server_start(const struct fake_step *steps,
				      size_t count)
{
	const struct fake_listen usual = { .family = FAKE_INET };

	return fake_server_listen(&usual, steps, count);
}

const char *fake_server_address(const struct fake_server *server)
{
	return server->address;
}

uint16_t fake_server_port(const struct fake_server *server)
{
	return server->port;
}

bool fake_server_await(struct fake_server *server, size_t count)
{
	bool reached;

	pthread_mutex_lock(&server->lock);
	while (server->done_count < count && !server->ended) {
		pthread_cond_wait(&server->changed, &server->lock);
	}
	reached = server->done_count >= count;
	pthread_mutex_unlock(&server->lock);
	return reached;
}

void fake_server_go(struct fake_server *server)
{
	pthread_mutex_lock(&server->lock);
	server->go_count++;
	pthread_cond_broadcast(&server->changed);
	pthread_mutex_unlock(&server->lock);
}

char *fake_server_join(struct fake_server *server)
{
	const uint64_t one = 1;
	char *problem;
	ssize_t n = write(server->stop_fd, &one, sizeof(one));

	assert(n == sizeof(one));
	(void)n;
	pthread_mutex_lock(&server->lock);
	server->over = true;
	pthread_cond_broadcast(&server->changed);
	pthread_mutex_unlock(&server->lock);
	pthread_join(server->thread, NULL);
	pthread_cond_destroy(&server->changed);
	pthread_mutex_destroy(&server->lock);
	problem = server->problem;
	server->problem = NULL;
	release(server);
	return problem;
}

void fake_refused_address(enum fake_family family, char *text, size_t bytes)
{
	struct address where;

	if (family == FAKE_UNIX) {
		scratch_path(text, bytes);
		return;
	}
	/*
	 * The socket stays bound for the rest of the test and never listens, so that
	 * every connect is refused.
	 */
	if (address_bind(family, &where) < 0) {
		perror("bind");
		exit(EXIT_FAILURE);
	}
	address_print(&where, text, bytes);
}

bool fake_has_localhost(void)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list;

	if (getaddrinfo("localhost", NULL, &hints, &list) != 0) {
		return false;
	}
	freeaddrinfo(list);
	return true;
}

bool fake_has_ipv6(void)
{
	struct address where;
	int fd = address_bind(FAKE_INET6, &where);

	if (fd >= 0) {
		close(fd);
	}
	return fd >= 0;
}
