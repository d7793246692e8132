/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests of the floor, and their exchange by io_uring. */
#ifndef TENON_BENCH_FLOOR_H
#define TENON_BENCH_FLOOR_H

#include <sys/uio.h>

#include "driver.h"

struct request {
	size_t server;
	char *bytes;
	struct iovec iov[3];
	int iov_count;
	size_t send_len;
	size_t reply_len; /* 0: no reply */
	size_t reply_at;  /* place of the reply in the buffer of all replies */
};

/* Return 0 when the reply is the expected one, else driver_fail(). */
int floor_check_reply(const struct request *request, const char *reply,
		      size_t got);

/* A session of TLS on a connected socket. */
struct floor_tls;

#ifdef HAVE_TLS
/* Shake hands on a connected socket. NULL after driver_fail(). */
struct floor_tls *floor_tls_open(int fd, const char *ca_path);
void floor_tls_close(struct floor_tls *tls);

/* Send len bytes. Returns 0 or driver_fail(). */
int floor_tls_send(struct floor_tls *tls, const void *bytes, size_t len);

/* Receive 1 to len bytes. Returns their number, or -1 after driver_fail(). */
ssize_t floor_tls_receive(struct floor_tls *tls, void *bytes, size_t len);
#else
static inline struct floor_tls *floor_tls_open(int fd, const char *ca_path)
{
	(void)fd, (void)ca_path;
	driver_fail("built without OpenSSL");
	return NULL;
}

static inline void floor_tls_close(struct floor_tls *tls)
{
	(void)tls;
}

static inline int floor_tls_send(struct floor_tls *tls, const void *bytes,
				 size_t len)
{
	(void)tls, (void)bytes, (void)len;
	return -1;
}

static inline ssize_t floor_tls_receive(struct floor_tls *tls, void *bytes,
					size_t len)
{
	(void)tls, (void)bytes, (void)len;
	return -1;
}
#endif

/* An io_uring, set up for one thread, which costs least. */
struct floor_ring;

#ifdef HAVE_URING
/* Open an io_uring. NULL after driver_fail(). */
struct floor_ring *floor_ring_open(void);
void floor_ring_close(struct floor_ring *ring);

/*
 * Send the requests first .. last-1, at most one for each server, and receive each reply at its
 * place in the buffer. This is one system call, unless a reply arrives in parts. fds[i] is the
 * socket of server i. Returns 0 or driver_fail().
 */
int floor_ring_exchange(struct floor_ring *ring, const int *fds,
			const struct request *first,
			const struct request *last, char *buffer);
#else
static inline struct floor_ring *floor_ring_open(void)
{
	driver_fail("built without liburing");
	return NULL;
}

static inline void floor_ring_close(struct floor_ring *ring)
{
	(void)ring;
}

static inline int floor_ring_exchange(struct floor_ring *ring, const int *fds,
				      const struct request *first,
				      const struct request *last, char *buffer)
{
	(void)ring, (void)fds, (void)first, (void)last, (void)buffer;
	return -1;
}
#endif

#endif
