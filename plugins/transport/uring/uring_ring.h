/* SPDX-License-Identifier: BSD-3-Clause */
/* One io_uring: open the best kind that the kernel has, wait in it, close it. */
#ifndef TENON_TRANSPORT_URING_RING_H
#define TENON_TRANSPORT_URING_RING_H

#include <liburing.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
	struct io_uring io;
	unsigned entries;
	bool open;
	bool poll_first; /* the kernel knows IORING_RECVSEND_POLL_FIRST */
	bool idle;       /* the last wait ended without a completion: by a signal, or by its time */
};

/* Set-up flags, the best ring first. A kernel that does not know a flag refuses with EINVAL. */
static const unsigned ring_flags[] = {
	IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, /* Linux 6.1 */
	IORING_SETUP_COOP_TASKRUN, /* Linux 5.19, which also knows IORING_RECVSEND_POLL_FIRST */
	0,
};
#define RING_KINDS (sizeof(ring_flags) / sizeof(ring_flags[0]))

/*
 * Give the ring back to the kernel, if it is open. In a fork this gives back the fork's copy
 * only. No request of this process may be in flight.
 */
static inline void ring_close(struct ring *ring)
{
	if (ring->open) {
		io_uring_queue_exit(&ring->io);
		ring->open = false;
	}
}

/*
 * Open the best ring that the kernel has, for ring->entries requests. Returns 0 or a negative
 * errno.
 */
static inline int ring_open(struct ring *ring)
{
	int code = -EINVAL;

	for (size_t i = 0; i < RING_KINDS && code == -EINVAL; i++) {
		struct io_uring_params params = { .flags = ring_flags[i] };

		code = io_uring_queue_init_params(ring->entries, &ring->io,
						  &params);
		ring->poll_first = params.flags != 0;
	}
	if (code) {
		return code;
	}
	ring->open = true;
	if (!(ring->io.features & IORING_FEAT_EXT_ARG)) {
		ring_close(ring); /* before Linux 5.11 a wait in the ring has no timeout */
		return -EINVAL;
	}
	return 0;
}

/*
 * Return true when there is a ring to submit to; make a new one when there is none. A ring of
 * another thread counts as open here; ring_wait() finds out.
 */
static inline bool ring_ready(struct ring *ring)
{
	return ring->open || ring_open(ring) == 0;
}

/*
 * Submit the prepared requests and wait for `count` completions, up to `ns` (less than 1 s).
 * Returns 0, also when the wait was interrupted or timed out. Returns a negative errno when the
 * kernel took no request: -EEXIST when another thread made the ring.
 */
static inline int ring_wait(struct ring *ring, unsigned count, int64_t ns)
{
	struct __kernel_timespec time = { .tv_nsec = ns > 0 ? ns : 0 };
	struct io_uring_cqe *first;
	int code = io_uring_submit_and_wait_timeout(&ring->io, &first, count,
						    &time, NULL);

	ring->idle = code == -EINTR || code == -ETIME;
	return code >= 0 || code == -ETIME || code == -EINTR ? 0 : code;
}

#endif
