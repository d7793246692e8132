/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * codec pairs: run-length encoding, for values with long runs of equal bytes. The stored form is
 * the length of the value, a check sum of the value, and pairs of bytes: a count of 1 to 255 and
 * the byte that comes so often. A value that would not become shorter stays as it is.
 */
#include <stddef.h>
#include <string.h>

#include <tenon/plugin/codec.h>

#define HEADER_BYTES 8 /* length and check sum, 4 bytes each, most significant byte first */
#define RUN_MAX 255

struct pairs_options {
	int64_t threshold_bytes;
	int64_t flag;
};

struct pairs {
	const struct tenon_host *host;
	uint64_t max_value_bytes;
	uint64_t threshold_bytes;
	uint32_t flag;
};

static int pairs_init(void *self, const void *options,
		      const struct tenon_host *host,
		      const struct tenon_codec_setup *setup,
		      struct tenon_error *err)
{
	const struct pairs_options *given = options;
	struct pairs *pairs = self;

	(void)err;
	pairs->host = host;
	pairs->max_value_bytes = setup->max_value_bytes;
	pairs->threshold_bytes = (uint64_t)given->threshold_bytes;
	pairs->flag = (uint32_t)given->flag;
	return 0;
}

static uint32_t pairs_flags(const void *self)
{
	return ((const struct pairs *)self)->flag;
}

static uint64_t pairs_least_bytes(const void *self)
{
	return ((const struct pairs *)self)->threshold_bytes;
}

/* ---- numbers and check sums ------------------------------------------------ */

static void write_number(unsigned char *to, uint32_t number)
{
	for (int i = 0; i < 4; i++) {
		to[i] = (unsigned char)(number >> (24 - 8 * i));
	}
}

static uint32_t read_number(const unsigned char *from)
{
	return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 |
	       (uint32_t)from[2] << 8 | from[3];
}

/* FNV-1a, 32 bits */
static uint32_t sum_of(const unsigned char *bytes, size_t len)
{
	uint32_t sum = 0x811c9dc5;

	for (size_t i = 0; i < len; i++) {
		sum = (sum ^ bytes[i]) * 0x01000193;
	}
	return sum;
}

/* ---- encoding ---------------------------------------------------------------- */

/* Return the length of the run of equal bytes at the start. */
static size_t run_of(const unsigned char *bytes, size_t len)
{
	size_t run = 1;

	while (run < len && run < RUN_MAX && bytes[run] == bytes[0]) {
		run++;
	}
	return run;
}

static size_t stored_bytes(const unsigned char *bytes, size_t len)
{
	size_t total = HEADER_BYTES;

	for (size_t at = 0; at < len; at += run_of(bytes + at, len - at)) {
		total += 2;
	}
	return total;
}

static int pairs_encode(void *self, const struct tenon_slice *value,
			struct tenon_output *output, struct tenon_error *err)
{
	const struct pairs *pairs = self;
	const unsigned char *bytes = value->data;
	size_t total = stored_bytes(bytes, value->len);
	unsigned char *out;
	int code;

	if (total >= value->len || value->len > UINT32_MAX) {
		return 0;
	}
	code = output->reserve(output, total);
	if (code) {
		return pairs->host->set_error(err, code, "no room for %zu bytes",
					      total);
	}
	out = (unsigned char *)output->data;
	write_number(out, (uint32_t)value->len);
	write_number(out + 4, sum_of(bytes, value->len));
	out += HEADER_BYTES;
	for (size_t at = 0; at < value->len; at += out[-2]) {
		out[0] = (unsigned char)run_of(bytes + at, value->len - at);
		out[1] = bytes[at];
		out += 2;
	}
	output->len = total;
	return 1;
}

/* ---- decoding ---------------------------------------------------------------- */

/* Return the length of the value that the pairs make; 0: they are no pairs. */
static uint64_t length_of(const unsigned char *bytes, size_t len)
{
	uint64_t total = 0;

	for (size_t at = 0; at < len; at += 2) {
		if (len - at < 2 || bytes[at] == 0) {
			return 0;
		}
		total += bytes[at];
	}
	return total;
}

static int pairs_decode(void *self, const struct tenon_slice *stored,
			struct tenon_output *output, struct tenon_error *err)
{
	const struct pairs *pairs = self;
	const struct tenon_host *host = pairs->host;
	const unsigned char *bytes = stored->data;
	uint64_t len = 0;
	char *out;
	int code;

	if (stored->len >= HEADER_BYTES) {
		len = length_of(bytes + HEADER_BYTES,
				stored->len - HEADER_BYTES);
	}
	if (len == 0 || len != read_number(bytes)) {
		return host->set_error(err, TENON_EUNDECODABLE,
				       "the pairs do not make a value of the stored length");
	}
	/* The bytes come from a server: no memory before the length is known to be good. */
	if (len > pairs->max_value_bytes) {
		return host->set_error(err, TENON_ETOOBIG,
				       "the value is longer than max_value_bytes");
	}
	code = output->reserve(output, (size_t)len);
	if (code) {
		return host->set_error(err, code, "no room for the value");
	}
	out = output->data;
	for (size_t at = HEADER_BYTES; at < stored->len; at += 2) {
		memset(out, bytes[at + 1], bytes[at]);
		out += bytes[at];
	}
	output->len = (size_t)len;
	if (sum_of((unsigned char *)output->data, output->len) !=
	    read_number(bytes + 4)) {
		return host->set_error(err, TENON_EUNDECODABLE,
				       "the check sum of the value is wrong");
	}
	return 0;
}

static const struct tenon_option pairs_rows[] = {
	{ .name = "threshold", .type = TENON_OPTION_SIZE,
	  .offset = offsetof(struct pairs_options, threshold_bytes),
	  .min = 0, .max = 1 << 30, .def = 100,
	  .help = "shorter values stay as they are" },
	{ .name = "flag", .type = TENON_OPTION_INT,
	  .offset = offsetof(struct pairs_options, flag),
	  .min = 1, .max = INT64_C(0x80000000), .def = 0x10000,
	  .help = "bit of the item's flags that marks an encoded value" },
	{ .name = NULL },
};

static const struct tenon_codec_ops pairs_ops = {
	.size = sizeof(struct tenon_codec_ops),
	.state_size = sizeof(struct pairs),
	.init = pairs_init,
	.flags = pairs_flags,
	.encode = pairs_encode,
	.decode = pairs_decode,
	.least_bytes = pairs_least_bytes,
};

TENON_PLUGIN_DEFINE(codec_pairs,
	.kind = TENON_KIND_CODEC,
	.name = "pairs",
	.version = "1.0",
	.summary = "run-length encoding with a check sum",
	.ops = &pairs_ops,
	.options = pairs_rows,
	.options_bytes = sizeof(struct pairs_options))
