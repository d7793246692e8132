/* SPDX-License-Identifier: BSD-3-Clause */
/* ROT13 of values that have a letter. The codec's flag bits are an option. */
#include <string.h>

#include "tenon/plugin/codec.h"

#include "good.h"

struct good {
	const struct good_codec_options *options;
	const struct tenon_host *host;
	void *memory;
};

static const struct tenon_option good_options[] = {
	{ .name = "flags",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct good_codec_options, flags),
	  .min = 1,
	  .max = UINT32_MAX,
	  .def = 256,
	  .help = "flag bits of the codec" },
	{ .name = "room",
	  .type = TENON_OPTION_SIZE,
	  .offset = offsetof(struct good_codec_options, room_bytes),
	  .min = 1,
	  .max = 1048576,
	  .def = 1024,
	  .help = "least max_value_bytes that the codec accepts" },
	{ .name = NULL },
};

static int good_init(void *self, const void *options,
		     const struct tenon_host *host,
		     const struct tenon_codec_setup *setup,
		     struct tenon_error *err)
{
	struct good *good = self;

	good->options = options;
	good->host = host;
	if (setup->max_value_bytes < (uint64_t)good->options->room_bytes) {
		return host->set_error(
			err, TENON_ECONFIG,
			"max_value_bytes is %llu, expected %llu or more",
			(unsigned long long)setup->max_value_bytes,
			(unsigned long long)good->options->room_bytes);
	}
	good->memory = host->alloc(host->context, 100);
	if (!good->memory) {
		return host->set_error(err, TENON_ENOMEM, "out of memory");
	}
	return 0;
}

static void good_fini(void *self)
{
	struct good *good = self;

	good->host->free(good->host->context, good->memory);
}

static uint32_t good_flags(const void *self)
{
	const struct good *good = self;

	return (uint32_t)good->options->flags;
}

/* Rotate the letters. Returns 1 when there was a letter, else 0. */
static int rotate(char *out, const struct tenon_slice *in)
{
	static const char from[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	static const char to[] =
		"NOPQRSTUVWXYZABCDEFGHIJKLMnopqrstuvwxyzabcdefghijklm";
	const char *bytes = in->data;
	int found = 0;

	for (size_t i = 0; i < in->len; i++) {
		const char *at = memchr(from, bytes[i], sizeof(from) - 1);

		out[i] = at ? to[at - from] : bytes[i];
		found |= at != NULL;
	}
	return found;
}

static int good_encode(void *self, const struct tenon_slice *value,
		       struct tenon_output *output, struct tenon_error *err)
{
	int code = output->reserve(output, value->len);

	(void)self;
	(void)err;
	if (code) {
		return code;
	}
	output->len = value->len;
	return rotate(output->data, value);
}

static int good_decode(void *self, const struct tenon_slice *stored,
		       struct tenon_output *output, struct tenon_error *err)
{
	const struct good *good = self;
	int code = output->reserve(output, stored->len);

	if (code) {
		return code;
	}
	output->len = stored->len;
	return rotate(output->data, stored) ?
		       0 :
		       good->host->set_error(err, TENON_EUNDECODABLE,
					     "found no letter");
}

static const struct tenon_codec_ops good_ops = {
	.size = sizeof(good_ops),
	.state_size = sizeof(struct good),
	.init = good_init,
	.fini = good_fini,
	.flags = good_flags,
	.encode = good_encode,
	.decode = good_decode,
};

TENON_PLUGIN_DEFINE(codec_good, .kind = TENON_KIND_CODEC, .name = "good",
		    .version = "1", .summary = "ROT13", .ops = &good_ops,
		    .options_bytes = sizeof(struct good_codec_options),
		    .options = good_options)
