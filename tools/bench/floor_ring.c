/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The floor of io_uring, f_ring. It sends the requests of f_blk, with all sends and receives of an
 * operation in one system call. The transport `uring` is compared to it. It does less than a
 * transport: it has no deadline, handles no failed connection and cancels nothing.
 */
#include "floor.h"

#include <liburing.h>
#include <stdlib.h>
#include <string.h>

/* user_data of a send. Only a send that failed has a completion. */
#define SEND UINT64_MAX

struct floor_ring {
	struct io_uring io;
	struct msghdr messages[SERVERS_MAX];
	size_t got[SERVERS_MAX]; /* bytes received of each reply */
	unsigned awaited;	 /* replies that are not all here */
};

struct floor_ring *floor_ring_open(void)
{
	struct floor_ring *ring = alloc_array(1, sizeof(*ring));
	struct io_uring_params params = {
		.flags =
			IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	};
	/* A send and a receive for each server. */
	int code =
		io_uring_queue_init_params(2 * SERVERS_MAX, &ring->io, &params);

	if (code) {
		driver_fail("the kernel gives no such io_uring: %s",
			    strerror(-code));
		free(ring);
		return NULL;
	}
	return ring;
}

void floor_ring_close(struct floor_ring *ring)
{
	if (ring) {
		io_uring_queue_exit(&ring->io);
		free(ring);
	}
}

static void push_send(struct floor_ring *ring, int fd,
		      const struct request *request, size_t index)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->io);
	int flags = MSG_NOSIGNAL | MSG_WAITALL;

	if (request->iov_count == 1) {
		io_uring_prep_send(sqe, fd, request->bytes, request->send_len,
				   flags);
	} else {
		ring->messages[index] = (struct msghdr){
			.msg_iov = (struct iovec *)request->iov,
			.msg_iovlen = (size_t)request->iov_count,
		};
		io_uring_prep_sendmsg(sqe, fd, &ring->messages[index],
				      (unsigned)flags);
	}
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	io_uring_sqe_set_data64(sqe, SEND);
}

static void push_receive(struct floor_ring *ring, int fd,
			 const struct request *request, size_t index,
			 char *buffer)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->io);
	size_t got = ring->got[index];

	io_uring_prep_recv(sqe, fd, buffer + request->reply_at + got,
			   request->reply_len - got, 0);
	sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
	io_uring_sqe_set_data64(sqe, index);
}

/* Handle one completion. */
static int take(struct floor_ring *ring, const struct io_uring_cqe *cqe,
		const int *fds, const struct request *first, char *buffer)
{
	uint64_t index = io_uring_cqe_get_data64(cqe);

	if (index == SEND || cqe->res <= 0) {
		return driver_fail("%s: %s", index == SEND ? "send" : "recv",
				   cqe->res == 0 ? "end of file"
						 : strerror(-cqe->res));
	}
	const struct request *request = &first[index];
	ring->got[index] += (size_t)cqe->res;
	if (ring->got[index] < request->reply_len) {
		push_receive(ring, fds[request->server], request,
			     (size_t)index, buffer);
		return 0;
	}
	ring->awaited--;
	return floor_check_reply(request, buffer + request->reply_at,
				 ring->got[index]);
}

int floor_ring_exchange(struct floor_ring *ring, const int *fds,
			const struct request *first, const struct request *last,
			char *buffer)
{
	int code = 0;

	ring->awaited = 0;
	for (const struct request *request = first; request < last; request++) {
		size_t index = (size_t)(request - first);

		ring->got[index] = 0;
		push_send(ring, fds[request->server], request, index);
		if (request->reply_len > 0) {
			push_receive(ring, fds[request->server], request, index,
				     buffer);
			ring->awaited++;
		}
	}
	while (!code && (ring->awaited > 0 || io_uring_sq_ready(&ring->io))) {
		struct io_uring_cqe *cqe;
		unsigned head, count = 0;
		int entered =
			io_uring_submit_and_wait(&ring->io, ring->awaited);

		if (entered < 0 && entered != -EINTR) {
			return driver_fail("io_uring_enter: %s",
					   strerror(-entered));
		}
		io_uring_for_each_cqe(&ring->io, head, cqe) {
			count++;
			if (!code) {
				code = take(ring, cqe, fds, first, buffer);
			}
		}
		io_uring_cq_advance(&ring->io, count);
	}
	return code;
}
