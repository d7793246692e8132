/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transport blocking: send to every server, then receive from each in turn with calls that
 * block.
 */
#include "../blocking.h"

static void blocking_run(void *self, struct tenon_connection *const *conns,
			 size_t count, int64_t start_ns, int64_t deadline_ns)
{
	blocking_exchange(self, conns, count, start_ns, deadline_ns);
}

static const struct tenon_transport_ops ops = {
	.size = sizeof(ops),
	.state_size = sizeof(struct batch),
	.init = batch_init,
	.fini = batch_fini,
	.add = batch_add,
	.remove = batch_remove,
	.run = blocking_run,
	.close = batch_close,
	.set_wait = batch_set_wait,
	.look = batch_look,
	.set_interrupt = batch_set_interrupt,
	.begin = batch_begin,
	.turn = batch_turn,
	.fds = batch_fds,
};

TENON_PLUGIN_DEFINE(transport_blocking,
	.kind = TENON_KIND_TRANSPORT,
	.name = "blocking",
	.version = "1.0",
	.summary = "sends to all servers, then blocks in receive: two system calls for a single get",
	.ops = &ops)
