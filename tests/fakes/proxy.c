/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG 128
#define PIPE_BYTES 16384
#define EVENTS_MAX 64
#define IDLE_STEPS 8 /* idle connections are looked for so many times per idle_ms */
#define SETTLE_MS 2
#define NOT_CUT (-1)

enum side {
	CLIENT = 0,
	SERVER = 1
};

/* Bytes that came from one side and that the other side has not taken yet. */
struct pipe_bytes {
	char bytes[PIPE_BYTES];
	size_t at, len;
};

/* A connection of a client, and the proxy's connection to the server for it. */
struct pair {
	int fds[2]; /* by side; CLIENT -1: the pair is free */
	uint32_t interest[2];
	struct pipe_bytes from[2];
	struct toy_stream stream;
	int cut; /* an enum proxy_cut, or NOT_CUT */
	int64_t used_ns;
};

struct proxy {
	struct address server, own;
	enum toy translated; /* the language of the clients; the server's is classic */
	char text[128]; /* own, as text */
	int listen_fd, epoll_fd, wake_fd;
	pthread_t thread;
	pthread_mutex_t lock; /* of everything below */
	bool over, deaf;
	int fillers[ADDRESS_FILLERS_MAX];
	size_t filler_count;
	size_t skip; /* so many of the next connections are fillers */
	enum proxy_cut idle_cut;
	unsigned idle_ms;
	struct pair *pairs; /* [PROXY_CONNECTIONS_MAX] */
	struct proxy_counts counts;
};

/* Values of epoll_data.u32 beside those of pairs. */
#define EVENT_LISTEN (2u * PROXY_CONNECTIONS_MAX)
#define EVENT_WAKE (EVENT_LISTEN + 1)

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void pause_ms(long ms)
{
	const struct timespec pause = { .tv_nsec = ms * 1000000 };

	nanosleep(&pause, NULL);
}

/* ---- pairs --------------------------------------------------------------- */

static void close_side(struct pair *pair, enum side side)
{
	if (pair->fds[side] >= 0) {
		close(pair->fds[side]);
		pair->fds[side] = -1;
	}
}

static bool is_untold(const struct pair *pair)
{
	return pair->cut == PROXY_SWALLOW || pair->cut == PROXY_END_ON_USE ||
		pair->cut == PROXY_RESET_ON_USE;
}

static void close_pair(struct proxy *proxy, struct pair *pair)
{
	close_side(pair, SERVER);
	close_side(pair, CLIENT);
	proxy->counts.open--;
	proxy->counts.cut_open -= pair->cut != NOT_CUT;
	proxy->counts.untold_open -= is_untold(pair);
}

/* Ask epoll for the events of one side that the proxy can use now. */
static void watch(struct proxy *proxy, size_t index, enum side side)
{
	struct pair *pair = &proxy->pairs[index];
	struct epoll_event event = { .data.u32 = (uint32_t)(2 * index + side) };

	if (pair->fds[side] < 0) {
		return;
	}
	event.events = (pair->from[side].len == 0 ? EPOLLIN : 0u) |
		(pair->from[!side].len > 0 ? EPOLLOUT : 0u);
	if (event.events != pair->interest[side]) {
		pair->interest[side] = event.events;
		epoll_ctl(proxy->epoll_fd, EPOLL_CTL_MOD, pair->fds[side],
			  &event);
	}
}

/* Send what is in the pipe. Returns false when the connection has failed. */
static bool flush(struct pipe_bytes *pipe, int fd)
{
	while (pipe->len > 0) {
		ssize_t n = send(fd, pipe->bytes + pipe->at, pipe->len,
				 MSG_NOSIGNAL);

		if (n < 0) {
			return errno == EAGAIN;
		}
		pipe->at += (size_t)n;
		pipe->len -= (size_t)n;
	}
	return true;
}

static void translate(struct pair *pair, enum side from, enum toy toy,
		      void *bytes, size_t len)
{
	if (from == CLIENT) {
		toy_from_client(&pair->stream, toy, bytes, len);
	} else {
		toy_to_client(toy, bytes, len);
	}
}

/* Copy bytes from one side to the other. Returns false when a side has ended. */
static bool copy(struct pair *pair, enum side side, enum toy toy)
{
	struct pipe_bytes *pipe = &pair->from[side];

	for (;;) {
		ssize_t n;

		if (!flush(pipe, pair->fds[!side])) {
			return false;
		}
		if (pipe->len > 0) {
			return true;
		}
		n = recv(pair->fds[side], pipe->bytes, PIPE_BYTES, 0);
		if (n <= 0) {
			return n < 0 && errno == EAGAIN;
		}
		translate(pair, side, toy, pipe->bytes, (size_t)n);
		pair->used_ns = now_ns();
		pipe->at = 0;
		pipe->len = (size_t)n;
	}
}

static void reset_on_close(int fd)
{
	const struct linger linger = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

/* The client has used a connection that was cut. */
static void take_lost_bytes(struct proxy *proxy, struct pair *pair)
{
	char bytes[4096];
	ssize_t n;

	do {
		n = recv(pair->fds[CLIENT], bytes, sizeof(bytes), 0);
		proxy->counts.lost_bytes += n > 0 ? (size_t)n : 0;
		if (n > 0 && pair->cut == PROXY_END_ON_USE) {
			shutdown(pair->fds[CLIENT], SHUT_WR);
			pair->cut = PROXY_END;
			proxy->counts.untold_open--;
		} else if (n > 0 && pair->cut == PROXY_RESET_ON_USE) {
			reset_on_close(pair->fds[CLIENT]);
			n = 0;
		}
	} while (n > 0);
	if (n == 0 || errno != EAGAIN) {
		close_pair(proxy, pair);
	}
}

static void serve(struct proxy *proxy, size_t index)
{
	struct pair *pair = &proxy->pairs[index];

	if (pair->fds[CLIENT] < 0) {
		return;
	}
	if (pair->cut != NOT_CUT) {
		take_lost_bytes(proxy, pair);
		return;
	}
	if (!copy(pair, CLIENT, proxy->translated) ||
	    !copy(pair, SERVER, proxy->translated)) {
		close_pair(proxy, pair);
		return;
	}
	watch(proxy, index, CLIENT);
	watch(proxy, index, SERVER);
}

/* Without TCP_NODELAY the kernel would hold pieces back for up to 40 ms. */
static void do_not_wait(int fd)
{
	int one = 1;

	/* a UNIX socket refuses the option and needs none */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

/* Give a new connection of a client a free pair and a connection to the server. */
static bool make_pair(struct proxy *proxy, int fd)
{
	size_t i = 0;

	while (i < PROXY_CONNECTIONS_MAX && proxy->pairs[i].fds[CLIENT] >= 0) {
		i++;
	}
	struct pair *pair = &proxy->pairs[i];
	int server_fd = i < PROXY_CONNECTIONS_MAX ?
		address_socket(&proxy->server) : -1;

	if (server_fd < 0) {
		return false;
	}
	if (connect(server_fd, &proxy->server.u.any, proxy->server.len) < 0 &&
	    errno != EINPROGRESS) {
		close(server_fd);
		return false;
	}
	*pair = (struct pair){ .fds = { fd, server_fd }, .cut = NOT_CUT,
			       .used_ns = now_ns() };
	for (uint32_t side = 0; side < 2; side++) {
		struct epoll_event event = { .data.u32 =
						     (uint32_t)(2 * i) + side };

		do_not_wait(pair->fds[side]);
		epoll_ctl(proxy->epoll_fd, EPOLL_CTL_ADD, pair->fds[side],
			  &event);
		watch(proxy, i, side);
	}
	proxy->counts.accepted++;
	proxy->counts.open++;
	return true;
}

/* Accept every connection that waits. Returns false when the process is out of descriptors. */
static bool accept_all(struct proxy *proxy)
{
	while (!proxy->deaf) {
		int fd = accept4(proxy->listen_fd, NULL, NULL,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			return errno == EAGAIN || errno == ECONNABORTED ||
				errno == EINTR;
		}
		if (proxy->skip > 0) {
			proxy->skip--;
			close(fd);
		} else if (!make_pair(proxy, fd)) {
			close(fd);
		}
	}
	return true;
}

/* ---- cuts ---------------------------------------------------------------- */

/*
 * Wait until the clients' kernel has what was sent, the end of file included. The loopback
 * device hands a packet over during the system call that sends it; only a busy kernel does
 * so a little later. An acknowledgement would take up to 40 ms.
 */
static void settle(const struct proxy *proxy)
{
	if (proxy->own.u.any.sa_family != AF_UNIX) {
		pause_ms(SETTLE_MS);
	}
}

/* Return true when the pair can be cut. Bytes that came before the cut are copied first. */
static bool is_open(struct proxy *proxy, size_t index)
{
	struct pair *pair = &proxy->pairs[index];

	if (pair->fds[CLIENT] < 0 || pair->cut != NOT_CUT) {
		return false;
	}
	serve(proxy, index);
	return pair->fds[CLIENT] >= 0;
}

static void cut_pair(struct proxy *proxy, size_t index, enum proxy_cut how)
{
	struct pair *pair = &proxy->pairs[index];
	int fd = pair->fds[CLIENT];

	pair->cut = (int)how;
	pair->from[CLIENT].len = pair->from[SERVER].len = 0;
	proxy->counts.cut++;
	proxy->counts.cut_open++;
	proxy->counts.untold_open += is_untold(pair);
	if (how == PROXY_SWALLOW) {
		epoll_ctl(proxy->epoll_fd, EPOLL_CTL_DEL, pair->fds[SERVER],
			  NULL);
	} else {
		close_side(pair, SERVER);
	}
	if (how == PROXY_END || how == PROXY_CLOSE) {
		shutdown(fd, SHUT_WR);
	} else if (how == PROXY_RESET) {
		reset_on_close(fd);
	}
	if (how == PROXY_CLOSE || how == PROXY_RESET) {
		close_pair(proxy, pair);
	} else {
		watch(proxy, index, CLIENT);
	}
}

static void cut_idle(struct proxy *proxy)
{
	int64_t limit_ns = now_ns() - proxy->idle_ms * INT64_C(1000000);

	for (size_t i = 0; proxy->idle_ms > 0 && i < PROXY_CONNECTIONS_MAX;
	     i++) {
		if (is_open(proxy, i) && proxy->pairs[i].used_ns <= limit_ns) {
			cut_pair(proxy, i, proxy->idle_cut);
		}
	}
}

/* ---- the thread ---------------------------------------------------------- */

static void take_event(struct proxy *proxy, uint32_t which)
{
	uint64_t count;

	if (which == EVENT_WAKE) {
		(void)!read(proxy->wake_fd, &count, sizeof(count));
	} else if (which != EVENT_LISTEN) {
		serve(proxy, which / 2);
	} else if (!accept_all(proxy)) {
		pause_ms(1); /* the limit of descriptors is reached */
	}
}

static void *run_proxy(void *payload)
{
	struct proxy *proxy = payload;
	struct epoll_event events[EVENTS_MAX];
	int wait_ms = -1;
	bool over = false;

	while (!over) {
		int count = epoll_wait(proxy->epoll_fd, events, EVENTS_MAX,
				       wait_ms);

		pthread_mutex_lock(&proxy->lock);
		for (int i = 0; i < count; i++) {
			take_event(proxy, events[i].data.u32);
		}
		cut_idle(proxy);
		wait_ms = proxy->idle_ms > 0 ?
			(int)(proxy->idle_ms / IDLE_STEPS) + 1 : -1;
		over = proxy->over;
		pthread_mutex_unlock(&proxy->lock);
	}
	return NULL;
}

static void wake(struct proxy *proxy)
{
	const uint64_t one = 1;

	(void)!write(proxy->wake_fd, &one, sizeof(one));
}

/* Begin or stop to hear of connections that wait. */
static bool hear(struct proxy *proxy, int operation)
{
	struct epoll_event event = { .events = EPOLLIN,
				     .data.u32 = EVENT_LISTEN };

	return epoll_ctl(proxy->epoll_fd, operation, proxy->listen_fd,
			 &event) == 0;
}

/* Listen at the address of listen_fd, which is bound. */
static bool set_up(struct proxy *proxy)
{
	struct epoll_event event = { .events = EPOLLIN,
				     .data.u32 = EVENT_WAKE };

	proxy->pairs = calloc(PROXY_CONNECTIONS_MAX, sizeof(*proxy->pairs));
	for (size_t i = 0; proxy->pairs && i < PROXY_CONNECTIONS_MAX; i++) {
		proxy->pairs[i].fds[CLIENT] = proxy->pairs[i].fds[SERVER] = -1;
	}
	proxy->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	proxy->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!proxy->pairs || proxy->listen_fd < 0 || listen(proxy->listen_fd, BACKLOG) < 0 ||
	    proxy->epoll_fd < 0 || proxy->wake_fd < 0) {
		return false;
	}
	address_print(&proxy->own, proxy->text, sizeof(proxy->text));
	return hear(proxy, EPOLL_CTL_ADD) &&
		epoll_ctl(proxy->epoll_fd, EPOLL_CTL_ADD, proxy->wake_fd,
			  &event) == 0;
}

static void release(struct proxy *proxy)
{
	for (size_t i = 0; proxy->pairs && i < PROXY_CONNECTIONS_MAX; i++) {
		close_side(&proxy->pairs[i], CLIENT);
		close_side(&proxy->pairs[i], SERVER);
	}
	free(proxy->pairs);
	for (size_t i = 0; i < proxy->filler_count; i++) {
		close(proxy->fillers[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		int fd = (const int[]){ proxy->listen_fd, proxy->epoll_fd,
					proxy->wake_fd }[i];

		if (fd >= 0) {
			close(fd);
		}
	}
	if (proxy->own.u.any.sa_family == AF_UNIX) {
		(void)unlink(proxy->own.u.un.sun_path);
	}
	free(proxy);
}

/* Block all signals in the proxy's thread: the test's thread handles them. */
static bool spawn(struct proxy *proxy)
{
	sigset_t all, before;
	int code;

	pthread_mutex_init(&proxy->lock, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&proxy->thread, NULL, run_proxy, proxy);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return !code;
}

/* ---- the interface -------------------------------------------------------- */

struct proxy *proxy_start(const char *server, enum fake_family family)
{
	struct address own;
	int fd = address_bind(family, &own);

	return proxy_start_at(server, &own, fd, TOY_NONE);
}

struct proxy *proxy_start_at(const char *server, const struct address *own,
			     int fd, enum toy toy)
{
	struct proxy *proxy = calloc(1, sizeof(*proxy));

	if (!proxy) {
		return NULL;
	}
	proxy->own = *own;
	proxy->listen_fd = fd;
	proxy->translated = toy;
	proxy->epoll_fd = proxy->wake_fd = -1;
	if (!address_parse(server, &proxy->server)) {
		fprintf(stderr, "proxy: %s is no address\n", server);
		release(proxy);
		return NULL;
	}
	if (!set_up(proxy) || !spawn(proxy)) {
		perror("proxy");
		release(proxy);
		return NULL;
	}
	return proxy;
}

const char *proxy_address(const struct proxy *proxy)
{
	return proxy->text;
}

size_t proxy_cut(struct proxy *proxy, enum proxy_cut how)
{
	size_t count = 0;

	pthread_mutex_lock(&proxy->lock);
	accept_all(proxy);
	for (size_t i = 0; i < PROXY_CONNECTIONS_MAX; i++) {
		if (is_open(proxy, i)) {
			cut_pair(proxy, i, how);
			count++;
		}
	}
	settle(proxy);
	pthread_mutex_unlock(&proxy->lock);
	return count;
}

void proxy_cut_idle(struct proxy *proxy, enum proxy_cut how, unsigned idle_ms)
{
	pthread_mutex_lock(&proxy->lock);
	proxy->idle_cut = how;
	proxy->idle_ms = idle_ms;
	pthread_mutex_unlock(&proxy->lock);
	wake(proxy);
}

size_t proxy_stray(struct proxy *proxy, const void *bytes, size_t len)
{
	char *copy = malloc(len + 1);
	size_t count = 0;

	if (!copy) {
		return 0;
	}
	memcpy(copy, bytes, len);
	toy_to_client(toy_chosen(), copy, len);
	pthread_mutex_lock(&proxy->lock);
	accept_all(proxy);
	for (size_t i = 0; i < PROXY_CONNECTIONS_MAX; i++) {
		if (is_open(proxy, i) &&
		    send(proxy->pairs[i].fds[CLIENT], copy, len,
			 MSG_NOSIGNAL) == (ssize_t)len) {
			count++;
		}
	}
	settle(proxy);
	pthread_mutex_unlock(&proxy->lock);
	free(copy);
	return count;
}

/* Make the kernel refuse or ignore further connections. */
static bool stop_hearing(struct proxy *proxy)
{
	accept_all(proxy);
	hear(proxy, EPOLL_CTL_DEL);
	listen(proxy->listen_fd, 0);
	proxy->filler_count = address_fill_backlog(&proxy->own, proxy->fillers);
	return proxy->filler_count > 0;
}

/* The last filler waits for a place in the backlog; the others are in the backlog. */
static void hear_again(struct proxy *proxy)
{
	for (size_t i = 0; i < proxy->filler_count; i++) {
		close(proxy->fillers[i]);
	}
	proxy->skip = proxy->filler_count > 0 ? proxy->filler_count - 1 : 0;
	proxy->filler_count = 0;
	listen(proxy->listen_fd, BACKLOG);
	hear(proxy, EPOLL_CTL_ADD);
}

bool proxy_set_deaf(struct proxy *proxy, bool deaf)
{
	bool fine = true;

	pthread_mutex_lock(&proxy->lock);
	if (deaf && !proxy->deaf) {
		fine = stop_hearing(proxy);
	} else if (!deaf && proxy->deaf) {
		hear_again(proxy);
	}
	proxy->deaf = deaf;
	pthread_mutex_unlock(&proxy->lock);
	return fine;
}

struct proxy_counts proxy_look(struct proxy *proxy)
{
	struct proxy_counts counts;

	pthread_mutex_lock(&proxy->lock);
	counts = proxy->counts;
	pthread_mutex_unlock(&proxy->lock);
	return counts;
}

void proxy_stop(struct proxy *proxy)
{
	if (!proxy) {
		return;
	}
	pthread_mutex_lock(&proxy->lock);
	proxy->over = true;
	pthread_mutex_unlock(&proxy->lock);
	wake(proxy);
	pthread_join(proxy->thread, NULL);
	pthread_mutex_destroy(&proxy->lock);
	release(proxy);
}
