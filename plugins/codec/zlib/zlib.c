/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Codec zlib, as libmc compresses: the stored form is the zlib stream that Python's
 * zlib.compress() makes of the value.
 */
#include <limits.h>
#include <stdbool.h>

#define ZLIB_CONST
#include <zlib.h>

#include "../codec_common.h"

/* zlib counts bytes in an unsigned int, and a stream can be longer than its value. */
#define VALUE_MAX_BYTES (UINT_MAX / 2)

/* The first buffer for a value is so many times as long as its stream; text mostly fits. */
#define FIRST_RATIO 4
#define ROOM_MIN_BYTES 64 /* the least first buffer */

#define LEVEL_MAX Z_BEST_COMPRESSION

struct zlib_options {
	int64_t flag;
	int64_t level;
	int64_t threshold_bytes;
	int32_t keep_if_smaller;
};

/* Each stream is set up when it is first needed, as most clients only read. */
struct zlib {
	const struct tenon_host *host;
	uint64_t max_value_bytes;
	size_t threshold_bytes;
	uint32_t flag;
	int level;
	bool keep_if_smaller;
	bool can_deflate; /* deflater is set up */
	bool can_inflate; /* inflater is set up */
	z_stream deflater;
	z_stream inflater;
};

static int zlib_check(const void *options, const struct tenon_host *host,
		      struct tenon_error *err)
{
	const struct zlib_options *chosen = options;

	return codec_check_flag(chosen->flag, host, err);
}

static voidpf stream_alloc(voidpf opaque, uInt items, uInt size)
{
	const struct tenon_host *host = opaque;

	if (size != 0 && items > SIZE_MAX / size) {
		return NULL;
	}
	return host->alloc(host->context, (size_t)items * size);
}

static void stream_free(voidpf opaque, voidpf memory)
{
	const struct tenon_host *host = opaque;

	host->free(host->context, memory);
}

static int zlib_init(void *self, const void *options,
		     const struct tenon_host *host,
		     const struct tenon_codec_setup *setup,
		     struct tenon_error *err)
{
	const struct zlib_options *chosen = options;
	struct zlib *zlib = self;

	(void)err;
	zlib->host = host;
	zlib->max_value_bytes = setup->max_value_bytes < VALUE_MAX_BYTES
					? setup->max_value_bytes
					: VALUE_MAX_BYTES;
	zlib->threshold_bytes = (size_t)chosen->threshold_bytes;
	zlib->flag = (uint32_t)chosen->flag;
	zlib->level = (int)chosen->level;
	zlib->keep_if_smaller = chosen->keep_if_smaller != 0;
	zlib->deflater.zalloc = stream_alloc;
	zlib->deflater.zfree = stream_free;
	zlib->deflater.opaque = (voidpf)(uintptr_t)host;
	zlib->inflater = zlib->deflater;
	return 0;
}

static void zlib_fini(void *self)
{
	struct zlib *zlib = self;

	if (zlib->can_deflate) {
		deflateEnd(&zlib->deflater);
		zlib->can_deflate = false;
	}
	if (zlib->can_inflate) {
		inflateEnd(&zlib->inflater);
		zlib->can_inflate = false;
	}
}

static uint32_t zlib_flags(const void *self)
{
	const struct zlib *zlib = self;

	return zlib->flag;
}

/* Set up the stream, or reset it for the next value. Errors: TENON_ENOMEM. */
static int ready_deflater(struct zlib *zlib, struct tenon_error *err)
{
	int code = zlib->can_deflate
			   ? deflateReset(&zlib->deflater)
			   : deflateInit(&zlib->deflater, zlib->level);

	if (code != Z_OK) {
		return zlib->host->set_error(err, TENON_ENOMEM, "zlib: %s",
					     zError(code));
	}
	zlib->can_deflate = true;
	return 0;
}

static int ready_inflater(struct zlib *zlib, struct tenon_error *err)
{
	int code = zlib->can_inflate ? inflateReset(&zlib->inflater)
				     : inflateInit(&zlib->inflater);

	if (code != Z_OK) {
		return zlib->host->set_error(err, TENON_ENOMEM, "zlib: %s",
					     zError(code));
	}
	zlib->can_inflate = true;
	return 0;
}

/* Return the longest stream in bytes that encode accepts for a value. */
static size_t encoded_max_bytes(struct zlib *zlib, size_t value_bytes)
{
	uint64_t most = zlib->max_value_bytes + TENON_OUTPUT_EXTRA_BYTES;
	size_t bound;

	if (zlib->keep_if_smaller) {
		return value_bytes - 1;
	}
	bound = deflateBound(&zlib->deflater, (uLong)value_bytes);
	return bound < most ? bound : (size_t)most;
}

static uint64_t zlib_least_bytes(const void *self)
{
	const struct zlib *zlib = self;

	return (uint64_t)zlib->threshold_bytes + 1;
}

static int zlib_encode(void *self, const struct tenon_slice *value,
		       struct tenon_output *output, struct tenon_error *err)
{
	struct zlib *zlib = self;
	z_stream *stream = &zlib->deflater;
	size_t room;
	int code;

	if (value->len <= zlib->threshold_bytes ||
	    value->len > VALUE_MAX_BYTES) {
		return 0;
	}
	code = ready_deflater(zlib, err);
	if (code) {
		return code;
	}
	room = encoded_max_bytes(zlib, value->len);
	output->len = 0;
	code = codec_reserve(zlib->host, output, room, err);
	if (code) {
		return code;
	}
	stream->next_in = value->data;
	stream->avail_in = (uInt)value->len;
	stream->next_out = (Bytef *)output->data;
	stream->avail_out = (uInt)room;
	/* no Z_STREAM_END: the stream does not fit, so the value stays as it is */
	if (deflate(stream, Z_FINISH) != Z_STREAM_END) {
		return 0;
	}
	output->len = room - stream->avail_out;
	return 1;
}

/*
 * Make room for more of the value. First the buffer's present capacity is used, then
 * FIRST_RATIO times the stream, then twice as much each time.
 * Errors: TENON_ETOOBIG above max_value_bytes; TENON_ENOMEM.
 */
static int grow(const struct zlib *zlib, size_t stored_bytes,
		struct tenon_output *output, struct tenon_error *err)
{
	uint64_t wanted = (uint64_t)output->capacity * 2;

	if (output->len >= zlib->max_value_bytes) {
		return zlib->host->set_error(
			err, TENON_ETOOBIG,
			"zlib stream of %zu bytes holds a value larger than max_value_bytes (%llu)",
			stored_bytes,
			(unsigned long long)zlib->max_value_bytes);
	}
	if (output->len < output->capacity) {
		return 0;
	}
	if (wanted < (uint64_t)stored_bytes * FIRST_RATIO) {
		wanted = (uint64_t)stored_bytes * FIRST_RATIO;
	}
	if (wanted < ROOM_MIN_BYTES) {
		wanted = ROOM_MIN_BYTES;
	}
	if (wanted > zlib->max_value_bytes) {
		wanted = zlib->max_value_bytes;
	}
	return codec_reserve(zlib->host, output, (size_t)wanted, err);
}

/* Inflate until the stream ends, fails, or the buffer is full. Returns the code of inflate(). */
static int inflate_some(const struct zlib *zlib, z_stream *stream,
			struct tenon_output *output)
{
	size_t most = output->capacity;
	size_t room;
	int code;

	if (most > zlib->max_value_bytes) {
		most = (size_t)zlib->max_value_bytes;
	}
	room = most - output->len;
	stream->next_out = (Bytef *)output->data + output->len;
	stream->avail_out = (uInt)room;
	code = inflate(stream, Z_FINISH);
	output->len += room - stream->avail_out;
	return code;
}

/* Write a sentence about a stream that failed; code: of inflate(). Returns an error code. */
static int explain(const struct zlib *zlib, int code, size_t stored_bytes,
		   struct tenon_error *err)
{
	const z_stream *stream = &zlib->inflater;
	const struct tenon_host *host = zlib->host;

	switch (code) {
	case Z_MEM_ERROR:
		return host->set_error(err, TENON_ENOMEM, "zlib: %s",
				       zError(code));
	case Z_BUF_ERROR:
		return host->set_error(
			err, TENON_EUNDECODABLE,
			"zlib stream of %zu bytes ends early, after %lu bytes of the value",
			stored_bytes, stream->total_out);
	case Z_NEED_DICT:
		return host->set_error(
			err, TENON_EUNDECODABLE,
			"zlib stream of %zu bytes needs a dictionary, but values are compressed without one",
			stored_bytes);
	default:
		return host->set_error(err, TENON_EUNDECODABLE,
				       "zlib stream of %zu bytes is broken "
				       "after %lu bytes of the value: %s",
				       stored_bytes, stream->total_out,
				       stream->msg ? stream->msg
						   : zError(code));
	}
}

static int zlib_decode(void *self, const struct tenon_slice *stored,
		       struct tenon_output *output, struct tenon_error *err)
{
	struct zlib *zlib = self;
	z_stream *stream = &zlib->inflater;
	int code;

	if (stored->len > VALUE_MAX_BYTES) {
		return zlib->host->set_error(
			err, TENON_ETOOBIG, "zlib stream of %zu bytes is too long",
			stored->len);
	}
	code = ready_inflater(zlib, err);
	if (code) {
		return code;
	}
	stream->next_in = stored->data;
	stream->avail_in = (uInt)stored->len;
	output->len = 0;
	do {
		code = grow(zlib, stored->len, output, err);
		if (code) {
			return code;
		}
		code = inflate_some(zlib, stream, output);
	} while (code == Z_BUF_ERROR && stream->avail_out == 0);
	if (code != Z_STREAM_END) {
		return explain(zlib, code, stored->len, err);
	}
	if (stream->avail_in > 0) {
		return zlib->host->set_error(
			err, TENON_EUNDECODABLE,
			"zlib stream ends %u bytes before the end of its %zu bytes: something was appended to the value",
			stream->avail_in, stored->len);
	}
	return 0;
}

static const struct tenon_option zlib_options[] = {
	CODEC_THRESHOLD_OPTION(struct zlib_options),
	{ .name = "level",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct zlib_options, level),
	  .min = 1,
	  .max = LEVEL_MAX,
	  .def = 6,
	  .help = "1 compresses fastest, 9 compresses most; libmc uses 6" },
	{ .name = "keep_if_smaller",
	  .type = TENON_OPTION_BOOL,
	  .offset = offsetof(struct zlib_options, keep_if_smaller),
	  .def = 1,
	  .help = "store a value uncompressed when its stream would not be shorter; libmc does not" },
	CODEC_FLAG_OPTION(struct zlib_options, 16),
	{ .name = NULL }
};

static const struct tenon_codec_ops zlib_ops = {
	.size = sizeof(struct tenon_codec_ops),
	.state_size = sizeof(struct zlib),
	.init = zlib_init,
	.fini = zlib_fini,
	.flags = zlib_flags,
	.encode = zlib_encode,
	.decode = zlib_decode,
	.least_bytes = zlib_least_bytes,
};

TENON_PLUGIN_DEFINE(codec_zlib, .kind = TENON_KIND_CODEC, .name = "zlib",
		    .version = "1.0",
		    .summary = "compression with zlib, in the format of libmc",
		    .options_bytes = sizeof(struct zlib_options),
		    .options = zlib_options, .ops = &zlib_ops,
		    .check = zlib_check)
