/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A batch whose receives block: no system call is spent on waiting. Whatever does
 * not fit that (connecting, full buffers, a server that is slow) goes through
 * poll(2). Included, not linked: a plugin stands alone.
 */
#ifndef TENON_TRANSPORT_BLOCKING_H
#define TENON_TRANSPORT_BLOCKING_H

#include "batch.h"

#include <fcntl.h>
#include <sys/time.h>

/*
 * How long one receive may block before the batch is handed to poll(2): for so
 * long at most the other servers' bytes wait.
 */
#define BLOCKING_PATIENCE_MS 10

/* Let receives on a new connection block, for BLOCKING_PATIENCE_MS; once per connection. */
static inline bool blocking_enable(struct tenon_connection *conn)
{
	const struct timeval patience = { .tv_usec =
						  BLOCKING_PATIENCE_MS * 1000 };
	int flags = fcntl(conn->fd, F_GETFL);

	if (flags < 0 || fcntl(conn->fd, F_SETFL, flags & ~O_NONBLOCK) != 0 ||
	    setsockopt(conn->fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) != 0) {
		return false;
	}
	conn->io = conn; /* done; closing the socket forgets it */
	return true;
}

/* Receive from one server until it is finished; false: it is slow, or time is short. */
static inline bool blocking_collect_one(const struct batch *batch,
					const struct batch_job *job,
					int64_t now_ns, int64_t deadline_ns)
{
	enum batch_received received;

	if (!job->conn->io && !blocking_enable(job->conn)) {
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
		now_ns = batch->ops->now_ns();
	}
}

/*
 * Receive from every server, the last one asked first: while its answer is
 * awaited the others arrive, and their receives need not wait. Leaves in the batch
 * what poll(2) has to go on with; returns the time.
 */
static inline int64_t blocking_collect(struct batch *batch, int64_t now_ns,
				       int64_t deadline_ns)
{
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->jobs[i].phase != BATCH_RECEIVING) {
			return now_ns;
		}
	}
	while (batch->count > 0 &&
	       blocking_collect_one(batch, &batch->jobs[batch->count - 1],
				    now_ns, deadline_ns)) {
		batch->count--;
		if (batch->count > 0) {
			now_ns = batch->ops->now_ns();
		}
	}
	return batch->count > 0 ? batch->ops->now_ns() : now_ns;
}

/* Send to every server, receive from each, and go on until all is finished or late. */
static inline void blocking_exchange(struct batch *batch,
				     struct tenon_connection *const *conns,
				     size_t count, int64_t start_ns,
				     int64_t deadline_ns)
{
	batch_begin(batch, conns, count);
	/* with a hook nobody may block here: as transport poll does */
	int64_t now_ns =
		batch->wait ? start_ns
			    : blocking_collect(batch, start_ns, deadline_ns);
	batch_finish(batch, start_ns, now_ns, deadline_ns);
}

#endif
