/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include <zlib.h>

#include "codec_library.h"

#define DEFAULT_LEVEL 6

struct streams {
	z_stream deflate;
	z_stream inflate;
};

static void *zlib_open(unsigned level)
{
	struct streams *self = alloc_array(1, sizeof(*self));

	if (deflateInit(&self->deflate,
			level > 0 ? (int)level : DEFAULT_LEVEL) != Z_OK ||
	    inflateInit(&self->inflate) != Z_OK) {
		fail("zlib does not start");
	}
	return self;
}

static void aim(z_stream *stream, struct tenon_slice from, char *to,
		size_t to_bytes)
{
	stream->next_in = (Bytef *)(uintptr_t)from.data;
	stream->avail_in = (uInt)from.len;
	stream->next_out = (Bytef *)to;
	stream->avail_out = (uInt)to_bytes;
}

static size_t zlib_compress(void *opened, struct tenon_slice from, char *to,
			    size_t to_bytes)
{
	z_stream *stream = &((struct streams *)opened)->deflate;

	aim(stream, from, to, to_bytes);
	return deflateReset(stream) == Z_OK &&
			       deflate(stream, Z_FINISH) == Z_STREAM_END
		       ? stream->total_out
		       : 0;
}

static size_t zlib_decompress(void *opened, struct tenon_slice from, char *to,
			      size_t to_bytes)
{
	z_stream *stream = &((struct streams *)opened)->inflate;

	aim(stream, from, to, to_bytes);
	return inflateReset(stream) == Z_OK &&
			       inflate(stream, Z_FINISH) == Z_STREAM_END
		       ? stream->total_out
		       : 0;
}

static void zlib_close(void *opened)
{
	struct streams *self = opened;

	deflateEnd(&self->deflate);
	inflateEnd(&self->inflate);
	free(self);
}

const struct codec_library zlib_library = {
	.client = "libz",
	.codec = "zlib",
	.open = zlib_open,
	.compress = zlib_compress,
	.decompress = zlib_decompress,
	.close = zlib_close,
};
