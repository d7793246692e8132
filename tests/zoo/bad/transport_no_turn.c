/* SPDX-License-Identifier: BSD-3-Clause */
/* The transport has the slots begin and fds, but no slot turn. */
#include "tenon/plugin/transport.h"

static void run(void *self, struct tenon_connection *const *conns, size_t count,
		int64_t start_ns, int64_t deadline_ns)
{
	(void)self;
	(void)conns;
	(void)count;
	(void)start_ns;
	(void)deadline_ns;
}

static void close_one(void *self, struct tenon_connection *conn)
{
	(void)self;
	conn->fd = -1;
}

static void begin(void *self, struct tenon_connection *conn, int64_t now_ns,
		  int64_t deadline_ns)
{
	(void)self;
	(void)conn;
	(void)now_ns;
	(void)deadline_ns;
}

static size_t fds(void *self, struct pollfd *out, size_t max, int64_t *until_ns)
{
	(void)self;
	(void)out;
	(void)max;
	(void)until_ns;
	return 0;
}

static const struct tenon_transport_ops ops = {
	.size = sizeof(ops),
	.run = run,
	.close = close_one,
	.begin = begin,
	.fds = fds,
};

TENON_PLUGIN_DEFINE(transport, .kind = TENON_KIND_TRANSPORT, .name = "no_turn",
		    .version = "1", .summary = "does nothing", .ops = &ops)
