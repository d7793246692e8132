/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * secure xor: a toy. It hides nothing. It changes every byte of both directions by XOR, so that a
 * test sees at once when a byte has gone past the filter. Its peer is any program that does the
 * same. A plugin like this one is built outside the tree of tenon.
 */
#include "tenon/plugin/secure.h"

struct xor_options {
	int64_t mask;
};

static const struct tenon_option xor_rows[] = {
	{ .name = "mask",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct xor_options, mask),
	  .min = 0,
	  .max = 0xff,
	  .def = 0x2a,
	  .help = "number that every byte is changed by" },
	{ .name = NULL },
};

struct xor_state {
	unsigned char mask;
};

static int xor_init(void *self, const void *options,
		    const struct tenon_host *host,
		    const struct tenon_secure_setup *setup,
		    struct tenon_error *err)
{
	const struct xor_options *given = options;
	struct xor_state *state = self;

	(void)host;
	(void)setup;
	(void)err;
	state->mask = (unsigned char)given->mask;
	return 0;
}

/* push and pull: change as many bytes as there is room for. */
static int xor_change(const void *self, void *session,
		      struct tenon_secure_io *io, struct tenon_error *err)
{
	const struct xor_state *state = self;
	const unsigned char *in = io->in;
	unsigned char *out = io->out;
	size_t n = io->in_len < io->out_room ? io->in_len : io->out_room;

	(void)session;
	(void)err;
	for (size_t i = 0; i < n; i++) {
		out[i] = in[i] ^ state->mask;
	}
	io->in_used = n;
	io->out_len = n;
	return 0;
}

static const struct tenon_secure_ops xor_ops = {
	.size = sizeof(xor_ops),
	.state_size = sizeof(struct xor_state),
	.init = xor_init,
	.push = xor_change,
	.pull = xor_change,
};

TENON_PLUGIN_DEFINE(secure_xor, .kind = TENON_KIND_SECURE, .name = "xor",
		    .version = "1", .summary = "XOR of every byte (a toy)",
		    .options = xor_rows,
		    .options_bytes = sizeof(struct xor_options),
		    .ops = &xor_ops)
