/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transport poll: non-blocking sockets and poll(2). Every connection connects, sends and
 * receives whenever its socket is ready; poll() is the only call that waits.
 */
#include "../batch.h"

/*
 * How long to wait for the server that was asked last, before waiting for all servers. While
 * the client waits for its reply, the other replies arrive, so one poll() serves the whole
 * batch. A slow last server delays the others by this time at most.
 */
#define LAST_FIRST_MS 2

/* Wait for the server that was asked last, then receive from all without waiting. */
static void collect(struct batch *batch, int64_t now_ns, int64_t deadline_ns)
{
	size_t left = 0;
	int timeout_ms = batch_timeout_ms(now_ns, deadline_ns);

	for (size_t i = 0; i < batch->count; i++) {
		if (batch->jobs[i]->phase != BATCH_RECEIVING) {
			return;
		}
	}
	struct pollfd last = {
		.fd = batch->jobs[batch->count - 1]->conn->fd,
		.events = POLLIN,
	};
	if (timeout_ms > LAST_FIRST_MS) {
		timeout_ms = LAST_FIRST_MS;
	}
	int ready = batch_wait(batch, &last, 1, timeout_ms);
	if (ready == 0 && batch_now_ns(batch) - now_ns <
				  (int64_t)timeout_ms * 1000000) {
		batch_after_wait(batch, ready);
	}
	for (size_t i = 0; i < batch->count; i++) {
		if (!batch_receive(batch, batch->jobs[i])) {
			batch->jobs[left++] = batch->jobs[i];
		}
	}
	batch->count = left;
}

static void poll_run(void *self, struct tenon_connection *const *conns,
		     size_t count, int64_t start_ns, int64_t deadline_ns)
{
	struct batch *batch = self;
	int64_t now_ns = batch_enter_all(batch, conns, count, start_ns,
					 deadline_ns);

	if (batch->count > 1) {
		collect(batch, now_ns, deadline_ns);
		now_ns = batch_now_ns(batch);
	}
	batch_finish(batch, now_ns);
}

static const struct tenon_transport_ops ops = {
	.size = sizeof(ops),
	.state_size = sizeof(struct batch),
	.init = batch_init,
	.fini = batch_fini,
	.add = batch_add,
	.remove = batch_remove,
	.run = poll_run,
	.close = batch_close,
	.set_wait = batch_set_wait,
	.look = batch_look,
	.set_interrupt = batch_set_interrupt,
	.begin = batch_begin,
	.turn = batch_turn,
	.fds = batch_fds,
};

TENON_PLUGIN_DEFINE(transport_poll,
	.kind = TENON_KIND_TRANSPORT,
	.name = "poll",
	.version = "1.0",
	.summary = "non-blocking sockets and poll(2): all servers at the same time",
	.ops = &ops)
