/* SPDX-License-Identifier: BSD-3-Clause */
/* The required slot `pull` is missing. */
#include "tenon/plugin/secure.h"

static int push(const void *self, void *session, struct tenon_secure_io *io,
		struct tenon_error *err)
{
	(void)self;
	(void)session;
	(void)io;
	(void)err;
	return 0;
}

static const struct tenon_secure_ops ops = {
	.size = sizeof(ops),
	.push = push,
};

TENON_PLUGIN_DEFINE(secure, .kind = TENON_KIND_SECURE, .name = "no_pull",
		    .version = "1", .summary = "does nothing", .ops = &ops)
