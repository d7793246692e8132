/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A batch whose receives block, so that no system call is spent on waiting. Connections that
 * are still connecting, full send buffers and slow servers are handled with poll(2). The
 * functions are inline in a header, because a plugin links to no library of tenon.
 */
#ifndef TENON_TRANSPORT_BLOCKING_H
#define TENON_TRANSPORT_BLOCKING_H

#include "batch.h"

#include <fcntl.h>
#include <sys/time.h>

/*
 * How long one receive may block before the batch goes on with poll(2). Bytes of the other
 * servers wait for this long at most.
 */
#define BLOCKING_PATIENCE_MS 10

/* Let receives on a connection block for BLOCKING_PATIENCE_MS. Needed once per connection. */
static inline bool blocking_enable(struct batch_job *job)
{
	const struct timeval patience = { .tv_usec =
						  BLOCKING_PATIENCE_MS * 1000 };
	int fd = job->conn->fd;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) != 0) {
		return false;
	}
	job->blocks = true;
	return true;
}

/*
 * Receive from one server until its connection is finished. Returns false when poll(2) has to
 * go on with it: the server is slow, a send buffer is full, or less than BLOCKING_PATIENCE_MS is
 * left. Returns false, with an empty batch, when a signal has ended the run.
 */
static inline bool blocking_collect_one(struct batch *batch,
					struct batch_job *job,
					int64_t now_ns, int64_t deadline_ns)
{
	enum batch_received received;

	if (!job->blocks && !blocking_enable(job)) {
		return false;
	}
	for (;;) {
		if (deadline_ns - now_ns < BLOCKING_PATIENCE_MS * 1000000) {
			return false;
		}
		received = batch_receive_once(batch, job, 0);
		if (received == BATCH_FINISHED || received == BATCH_NOTHING) {
			return received == BATCH_FINISHED;
		}
		if (received == BATCH_ANSWERS) {
			if (batch_send(batch, job)) {
				return true;
			}
			if (job->phase == BATCH_SENDING) {
				return false;
			}
		}
		if (received == BATCH_INTERRUPTED &&
		    !batch_after_signal(batch)) {
			return false;
		}
		now_ns = batch_now_ns(batch);
	}
}

/*
 * Receive from every server, beginning with the one that was asked last: while the client waits
 * for its reply, the other replies arrive, and their receives do not wait.
 * When a connection is being made or set up, poll(2) has to go on with all.
 * Leaves in the batch the jobs that poll(2) has to go on with. Returns the time in ns.
 */
static inline int64_t blocking_collect(struct batch *batch, int64_t now_ns,
				       int64_t deadline_ns)
{
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->jobs[i]->phase != BATCH_RECEIVING ||
		    batch->jobs[i]->deadline_ns != deadline_ns) {
			return now_ns;
		}
	}
	while (batch->count > 0 &&
	       blocking_collect_one(batch, batch->jobs[batch->count - 1],
				    now_ns, deadline_ns)) {
		batch->count--;
		if (batch->count > 0) {
			now_ns = batch_now_ns(batch);
		}
	}
	return batch->count > 0 ? batch_now_ns(batch) : now_ns;
}

/* Send to every server, receive from each, and go on until all are finished or out of time. */
static inline void blocking_exchange(struct batch *batch,
				     struct tenon_connection *const *conns,
				     size_t count, int64_t start_ns,
				     int64_t deadline_ns)
{
	int64_t now_ns = batch_enter_all(batch, conns, count, start_ns,
					 deadline_ns);

	/* with a wait hook the thread must not block: do as transport poll does */
	if (!batch->wait) {
		now_ns = blocking_collect(batch, now_ns, deadline_ns);
	}
	batch_finish(batch, now_ns);
}

#endif
