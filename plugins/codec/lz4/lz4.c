/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Codec lz4. Stored form: the value's length in four bytes, little-endian, then one raw LZ4
 * block.
 */
#include <lz4.h>
#include <lz4hc.h>

#include "../codec_common.h"

#define HEADER_BYTES 4

/*
 * An LZ4 block of n bytes holds at most 255 * n bytes: a match of up to 19 bytes takes three
 * bytes, and each further byte lengthens it by 255 at most.
 */
#define RATIO_MAX 255

struct lz4_options {
	int64_t flag;
	int64_t level;
	int64_t threshold_bytes;
};

struct lz4 {
	const struct tenon_host *host;
	uint64_t max_value_bytes;
	size_t threshold_bytes;
	uint32_t flag;
	int level;
	void *state; /* LZ4's memory; NULL before the first encode: most clients only read */
};

static int lz4_check(const void *options, const struct tenon_host *host,
		     struct tenon_error *err)
{
	const struct lz4_options *chosen = options;

	return codec_check_flag(chosen->flag, host, err);
}

static int lz4_init(void *self, const void *options,
		    const struct tenon_host *host,
		    const struct tenon_codec_setup *setup,
		    struct tenon_error *err)
{
	const struct lz4_options *chosen = options;
	struct lz4 *lz4 = self;

	(void)err;
	lz4->host = host;
	lz4->max_value_bytes = setup->max_value_bytes < LZ4_MAX_INPUT_SIZE
				       ? setup->max_value_bytes
				       : LZ4_MAX_INPUT_SIZE;
	lz4->threshold_bytes = (size_t)chosen->threshold_bytes;
	lz4->flag = (uint32_t)chosen->flag;
	lz4->level = (int)chosen->level;
	return 0;
}

static void lz4_fini(void *self)
{
	struct lz4 *lz4 = self;

	if (lz4->state) {
		lz4->host->free(lz4->host->context, lz4->state);
		lz4->state = NULL;
	}
}

static uint32_t lz4_flags(const void *self)
{
	const struct lz4 *lz4 = self;

	return lz4->flag;
}

/* Allocate LZ4's memory, if that was not done before. Errors: TENON_ENOMEM. */
static int ready_state(struct lz4 *lz4, struct tenon_error *err)
{
	int bytes = lz4->level > 0 ? LZ4_sizeofStateHC() : LZ4_sizeofState();

	if (lz4->state) {
		return 0;
	}
	lz4->state = lz4->host->alloc(lz4->host->context, (size_t)bytes);
	if (!lz4->state) {
		return lz4->host->set_error(err, TENON_ENOMEM, "out of memory");
	}
	return 0;
}

/* Compress into to[0..room-1]. Returns the length of the block, or 0 when it does not fit. */
static int compress(const struct lz4 *lz4, const struct tenon_slice *value,
		    char *to, int room)
{
	if (lz4->level > 0) {
		return LZ4_compress_HC_extStateHC(lz4->state, value->data, to,
						  (int)value->len, room,
						  lz4->level);
	}
	return LZ4_compress_fast_extState(lz4->state, value->data, to,
					  (int)value->len, room, 1);
}

static uint64_t lz4_least_bytes(const void *self)
{
	const struct lz4 *lz4 = self;

	return (uint64_t)lz4->threshold_bytes + 1;
}

static int lz4_encode(void *self, const struct tenon_slice *value,
		      struct tenon_output *output, struct tenon_error *err)
{
	struct lz4 *lz4 = self;
	uint64_t most = lz4->max_value_bytes + TENON_OUTPUT_EXTRA_BYTES;
	size_t wanted;
	size_t len;
	int code;

	if (value->len <= lz4->threshold_bytes ||
	    value->len > lz4->max_value_bytes) {
		return 0;
	}
	code = ready_state(lz4, err);
	if (code) {
		return code;
	}
	/* with room for the worst case LZ4 is faster, because it does not check for space */
	wanted = HEADER_BYTES + (size_t)LZ4_compressBound((int)value->len);
	if (wanted > most) {
		wanted = (size_t)most;
	}
	output->len = 0;
	code = codec_reserve(lz4->host, output, wanted, err);
	if (code) {
		return code;
	}
	len = HEADER_BYTES +
	      (size_t)compress(lz4, value, output->data + HEADER_BYTES,
			       (int)(wanted - HEADER_BYTES));
	if (len == HEADER_BYTES || len >= value->len) {
		return 0;
	}
	for (int i = 0; i < HEADER_BYTES; i++) {
		output->data[i] = (char)(value->len >> 8 * i & 0xff);
	}
	output->len = len;
	return 1;
}

/*
 * Read the length of the value, and check that the block can hold so much, before memory is
 * allocated for it.
 * Errors: TENON_EUNDECODABLE; TENON_ETOOBIG above max_value_bytes.
 */
static int read_header(const struct lz4 *lz4, const struct tenon_slice *stored,
		       size_t *out, struct tenon_error *err)
{
	const unsigned char *bytes = stored->data;
	uint64_t len = 0;

	if (stored->len <= HEADER_BYTES) {
		return lz4->host->set_error(
			err, TENON_EUNDECODABLE,
			"stored form has %zu bytes, expected a length of 4 bytes and an LZ4 block",
			stored->len);
	}
	for (int i = 0; i < HEADER_BYTES; i++) {
		len |= (uint64_t)bytes[i] << 8 * i;
	}
	if (len > (uint64_t)(stored->len - HEADER_BYTES) * RATIO_MAX ||
	    stored->len > LZ4_MAX_INPUT_SIZE) {
		return lz4->host->set_error(
			err, TENON_EUNDECODABLE,
			"LZ4 block of %zu bytes cannot hold the %llu bytes that its header gives",
			stored->len - HEADER_BYTES, (unsigned long long)len);
	}
	if (len > lz4->max_value_bytes) {
		return lz4->host->set_error(
			err, TENON_ETOOBIG,
			"LZ4 block holds a value of %llu bytes, max_value_bytes is %llu",
			(unsigned long long)len,
			(unsigned long long)lz4->max_value_bytes);
	}
	*out = (size_t)len;
	return 0;
}

static int lz4_decode(void *self, const struct tenon_slice *stored,
		      struct tenon_output *output, struct tenon_error *err)
{
	struct lz4 *lz4 = self;
	size_t len = 0;
	int found;
	int code = read_header(lz4, stored, &len, err);

	if (!code) {
		output->len = 0;
		code = codec_reserve(lz4->host, output, len, err);
	}
	if (code) {
		return code;
	}
	found = LZ4_decompress_safe((const char *)stored->data + HEADER_BYTES,
				    output->data,
				    (int)(stored->len - HEADER_BYTES),
				    (int)len);
	if (found < 0) {
		return lz4->host->set_error(
			err, TENON_EUNDECODABLE,
			"LZ4 block of %zu bytes is broken, or holds more than the %zu bytes that its header gives",
			stored->len - HEADER_BYTES, len);
	}
	if ((size_t)found != len) {
		return lz4->host->set_error(
			err, TENON_EUNDECODABLE,
			"LZ4 block holds %d bytes, its header gives %zu", found,
			len);
	}
	output->len = len;
	return 0;
}

static const struct tenon_option lz4_options[] = {
	CODEC_THRESHOLD_OPTION(struct lz4_options),
	{ .name = "level",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct lz4_options, level),
	  .min = 0,
	  .max = LZ4HC_CLEVEL_MAX,
	  .def = 0,
	  .help = "0 compresses fast; 1 to 12 (LZ4 HC) compress more and much slower; reading is equally fast" },
	CODEC_FLAG_OPTION(struct lz4_options, 1 << 24),
	{ .name = NULL }
};

static const struct tenon_codec_ops lz4_ops = {
	.size = sizeof(struct tenon_codec_ops),
	.state_size = sizeof(struct lz4),
	.init = lz4_init,
	.fini = lz4_fini,
	.flags = lz4_flags,
	.encode = lz4_encode,
	.decode = lz4_decode,
	.least_bytes = lz4_least_bytes,
};

TENON_PLUGIN_DEFINE(codec_lz4, .kind = TENON_KIND_CODEC, .name = "lz4",
		    .version = "1.0",
		    .summary = "compression with LZ4, fast in both directions",
		    .options_bytes = sizeof(struct lz4_options),
		    .options = lz4_options, .ops = &lz4_ops, .check = lz4_check)
