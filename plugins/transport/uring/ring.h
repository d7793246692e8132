/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One io_uring: which kind the kernel has, whose it is, and how to wait in it.
 */
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
};

/* The best ring first. An older kernel refuses what it does not know with EINVAL. */
static const unsigned ring_flags[] = {
	IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, /* Linux 6.1 */
	IORING_SETUP_COOP_TASKRUN, /* 5.19, which knows POLL_FIRST as well */
	0,
};
#define RING_KINDS (sizeof(ring_flags) / sizeof(ring_flags[0]))

/* Give the ring back; in a fork, its copy. Nothing may be in flight. */
static inline void ring_close(struct ring *ring)
{
	if (ring->open) {
		io_uring_queue_exit(&ring->io);
		ring->open = false;
	}
}

/* Make the best ring that the kernel has: 0 or a negative errno. */
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
		ring_close(ring); /* no timeout in the wait before 5.11 */
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
 * Submit what was prepared and wait for `count` completions or for `ns`, less than
 * a second. Returns 0, also when interrupted or late, or the negative errno with
 * which the kernel took nothing: -EEXIST when another thread made the ring.
 */
static inline int ring_wait(struct ring *ring, unsigned count, int64_t ns)
{
	struct __kernel_timespec time = { .tv_nsec = ns > 0 ? ns : 0 };
	struct io_uring_cqe *first;
	int code = io_uring_submit_and_wait_timeout(&ring->io, &first, count,
						    &time, NULL);

	return code >= 0 || code == -ETIME || code == -EINTR ? 0 : code;
}

#endif
