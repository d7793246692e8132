/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * secure mask: change every byte of both directions by XOR. It hides nothing, and its servers need
 * a proxy that does the same. A filter with a handshake also has the slots begin and end, and a
 * struct for each session, whose size is session_size.
 */
#include <tenon/plugin/secure.h>

struct mask_options {
	int64_t byte;
};

static const struct tenon_option mask_rows[] = {
	{ .name = "byte",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct mask_options, byte),
	  .min = 0,
	  .max = 0xff,
	  .def = 0x2a,
	  .help = "number that every byte of both directions is changed by" },
	{ .name = NULL },
};

struct mask_state {
	unsigned char byte;
};

static int mask_init(void *self, const void *options,
		     const struct tenon_host *host,
		     const struct tenon_secure_setup *setup,
		     struct tenon_error *err)
{
	const struct mask_options *given = options;
	struct mask_state *state = self;

	(void)host;
	(void)setup;
	(void)err;
	state->byte = (unsigned char)given->byte;
	return 0;
}

/* push and pull: change as many bytes as there is room for. */
static int mask_change(const void *self, void *session,
		       struct tenon_secure_io *io, struct tenon_error *err)
{
	const struct mask_state *state = self;
	const unsigned char *in = io->in;
	unsigned char *out = io->out;
	size_t n = io->in_len < io->out_room ? io->in_len : io->out_room;

	(void)session;
	(void)err;
	for (size_t i = 0; i < n; i++) {
		out[i] = in[i] ^ state->byte;
	}
	io->in_used = n;
	io->out_len = n;
	return 0;
}

static const struct tenon_secure_ops mask_ops = {
	.size = sizeof(mask_ops),
	.state_size = sizeof(struct mask_state),
	.init = mask_init,
	.push = mask_change,
	.pull = mask_change,
};

TENON_PLUGIN_DEFINE(secure_mask,
	.kind = TENON_KIND_SECURE,
	.name = "mask",
	.version = "1.0",
	.summary = "XOR of every byte with one byte, which hides nothing",
	.options = mask_rows,
	.options_bytes = sizeof(struct mask_options),
	.ops = &mask_ops)
