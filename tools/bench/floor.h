/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests of the floor, and a second way to exchange them. */
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
	size_t reply_len; /* 0: there is none */
	size_t reply_at;  /* where in the floor's buffer it goes, with others */
};

/* Is this what has to be there? Else the reason is kept; see driver_fail(). */
int floor_check_reply(const struct request *request, const char *reply,
		      size_t got);

/* An io_uring of the kind that costs least: its user is one thread. */
struct floor_ring;

#ifdef HAVE_URING
/* NULL after driver_fail(). */
struct floor_ring *floor_ring_open(void);
void floor_ring_close(struct floor_ring *ring);

/*
 * Send requests first..last-1, at most one for each server, and receive their
 * replies to where they go in the buffer: one system call, unless a reply comes in
 * parts. fds are by server. Returns 0 or driver_fail().
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
