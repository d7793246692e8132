/* SPDX-License-Identifier: BSD-3-Clause */
/* Moves no bytes: every connection fails. */
#include "tenon/plugin/transport.h"

struct good {
	const struct tenon_connection_ops *ops;
};

static int good_init(void *self, const void *options,
		     const struct tenon_host *host,
		     const struct tenon_transport_setup *setup,
		     struct tenon_error *err)
{
	struct good *good = self;

	(void)options;
	(void)host;
	(void)err;
	good->ops = setup->ops;
	return 0;
}

static void good_run(void *self, struct tenon_connection *const *conns,
		     size_t count, int64_t start_ns, int64_t deadline_ns)
{
	struct good *good = self;

	(void)start_ns;
	(void)deadline_ns;
	for (size_t i = 0; i < count; i++) {
		good->ops->failed(good->ops->context, conns[i],
				  TENON_ECONNECT, 0);
	}
}

static void good_close(void *self, struct tenon_connection *conn)
{
	(void)self;
	conn->fd = -1;
}

static const struct tenon_transport_ops good_ops = {
	.size = sizeof(good_ops),
	.state_size = sizeof(struct good),
	.init = good_init,
	.run = good_run,
	.close = good_close,
};

TENON_PLUGIN_DEFINE(transport_good, .kind = TENON_KIND_TRANSPORT,
		    .name = "good", .version = "1",
		    .summary = "fails every connection", .ops = &good_ops)
