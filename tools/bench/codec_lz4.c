/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include <lz4.h>
#include <lz4hc.h>

#include "codec_library.h"

struct lz4 {
	void *state;
	int level; /* 0: LZ4, else the level of LZ4 HC */
};

static void *lz4_open(unsigned level)
{
	struct lz4 *self = alloc_array(1, sizeof(*self));

	self->level = (int)level;
	self->state = alloc_array(1, (size_t)(level > 0 ? LZ4_sizeofStateHC() :
							  LZ4_sizeofState()));
	return self;
}

static size_t lz4_compress(void *opened, struct tenon_slice from, char *to,
			   size_t to_bytes)
{
	const struct lz4 *self = opened;
	int len;

	if (self->level > 0) {
		len = LZ4_compress_HC_extStateHC(self->state, from.data, to,
						 (int)from.len, (int)to_bytes,
						 self->level);
	} else {
		len = LZ4_compress_fast_extState(self->state, from.data, to,
						 (int)from.len, (int)to_bytes,
						 1);
	}
	return len > 0 ? (size_t)len : 0;
}

static size_t lz4_decompress(void *opened, struct tenon_slice from, char *to,
			     size_t to_bytes)
{
	int len = LZ4_decompress_safe(from.data, to, (int)from.len,
				      (int)to_bytes);

	(void)opened;
	return len > 0 ? (size_t)len : 0;
}

static void lz4_close(void *opened)
{
	struct lz4 *self = opened;

	free(self->state);
	free(self);
}

const struct codec_library lz4_library = {
	.client = "liblz4",
	.codec = "lz4",
	.header_bytes = 4,
	.open = lz4_open,
	.compress = lz4_compress,
	.decompress = lz4_decompress,
	.close = lz4_close,
};
