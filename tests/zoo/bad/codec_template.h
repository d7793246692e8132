/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A correct codec plugin that does nothing. Each codec_*.c of this folder defines macros before
 * it includes this file, which give it exactly one mistake.
 */
#include "tenon/plugin/codec.h"

#ifndef PLUGIN_NAME
#error "define PLUGIN_NAME"
#endif
#ifndef OPS_SIZE
#define OPS_SIZE sizeof(struct tenon_codec_ops)
#endif
#ifndef OPS_INIT
#define OPS_INIT NULL
#endif
#ifndef OPS_FLAGS
#define OPS_FLAGS flags
#endif
#ifndef OPS_ENCODE
#define OPS_ENCODE encode
#endif
#ifndef OPS_DECODE
#define OPS_DECODE encode
#endif
#ifndef OPS_SCATTER
#define OPS_SCATTER NULL
#endif
#ifndef OPS_PLAN
#define OPS_PLAN NULL
#endif
#ifndef OPS_GATHER
#define OPS_GATHER NULL
#endif
#ifndef FLAGS
#define FLAGS 1024
#endif

/* For functions that some macros leave unused. */
#define UNUSED __attribute__((unused))

UNUSED static uint32_t flags(const void *self)
{
	(void)self;
	return FLAGS;
}

UNUSED static int encode(void *self, const struct tenon_slice *value,
			 struct tenon_output *output, struct tenon_error *err)
{
	(void)self;
	(void)value;
	(void)output;
	(void)err;
	return 0;
}

UNUSED static int scatter(void *self, const struct tenon_split_item *item,
			  struct tenon_chunks *chunks,
			  struct tenon_output *parent, struct tenon_error *err)
{
	(void)self;
	(void)item;
	(void)chunks;
	(void)parent;
	(void)err;
	return 0;
}

UNUSED static int plan(void *self, const struct tenon_split_item *parent,
		       struct tenon_chunks *chunks, struct tenon_error *err)
{
	(void)self;
	(void)parent;
	(void)chunks;
	(void)err;
	return 0;
}

UNUSED static int gather(void *self, const struct tenon_split_item *parent,
			 const struct tenon_chunk *list, uint32_t count,
			 struct tenon_error *err)
{
	(void)self;
	(void)parent;
	(void)list;
	(void)count;
	(void)err;
	return 0;
}

static const struct tenon_codec_ops ops = {
	.size = OPS_SIZE,
	.init = OPS_INIT,
	.flags = OPS_FLAGS,
	.encode = OPS_ENCODE,
	.decode = OPS_DECODE,
	.scatter = OPS_SCATTER,
	.plan = OPS_PLAN,
	.gather = OPS_GATHER,
};

TENON_PLUGIN_DEFINE(codec, .kind = TENON_KIND_CODEC, .name = PLUGIN_NAME,
		    .version = "1", .summary = "does nothing", .ops = &ops)
