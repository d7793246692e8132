/* SPDX-License-Identifier: BSD-3-Clause */
/* SpookyHash V2 (Jenkins): the low 32 bits, called Hash32 by its author. */
#include <stddef.h>

#include "../../spooky.h"
#include "../hash_common.h"

struct spooky_options {
	int64_t seed;
};

struct spooky {
	uint32_t seed;
};

static int spooky_init(void *self, const void *options,
		       const struct tenon_host *host, struct tenon_error *err)
{
	const struct spooky_options *spooky_options = options;
	struct spooky *spooky = self;

	(void)host;
	(void)err;
	spooky->seed = (uint32_t)spooky_options->seed;
	return 0;
}

static uint64_t spooky_hash(const void *self, const void *key, size_t key_len)
{
	const struct spooky *spooky = self;

	return spooky32(key, key_len, spooky->seed);
}

static const struct tenon_option spooky_options[] = {
	{ .name = "seed",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct spooky_options, seed),
	  .min = 0,
	  .max = UINT32_MAX,
	  .def = 0,
	  .help = "seed of the hash" },
	{ .name = NULL },
};

/* Computed by SpookyHash::Hash32() of its author's SpookyV2.cpp. */
static const struct tenon_hash_vector spooky_vectors[] = {
	{ "", 0, 0, 0x6bf50919 },
	{ "a", 1, 0, 0xa0bbc9bd },
	{ "foo", 3, 0, 0x314fcf27 },
	{ "key:1", 5, 0, 0x6b25cade },
	{ "user:1234", 9, 0, 0x0687cc83 },
	{ "\xe4\xb8\xad\xe6\x96\x87", 6, 0, 0xb228f716 },
	{ HIGH_BYTES, 16, 0, 0xb933561b },
	{ DIGITS_250, 250, 0, 0xa9135e5f },
	{ DIGITS_250, 15, 0, 0xe3a26643 },
	{ DIGITS_250, 16, 0, 0x01a7a4c3 },
	{ DIGITS_250, 31, 0, 0x271698e5 },
	{ DIGITS_250, 32, 0, 0xa0193908 },
	{ DIGITS_250, 191, 0, 0x06aa8df5 },
	{ DIGITS_250, 192, 0, 0x09c1202f },
};

static const struct tenon_hash_ops spooky_ops = {
	.size = sizeof(struct tenon_hash_ops),
	.state_size = sizeof(struct spooky),
	.init = spooky_init,
	.hash = spooky_hash,
	.selftest = spooky_vectors,
	.selftest_count = sizeof(spooky_vectors) / sizeof(spooky_vectors[0]),
	.bits = 32,
};

TENON_PLUGIN_DEFINE(hash_spooky, .kind = TENON_KIND_HASH, .name = "spooky",
		    .version = "1.0", .summary = "SpookyHash V2, 32 bits",
		    .ops = &spooky_ops,
		    .options_bytes = sizeof(struct spooky_options),
		    .options = spooky_options)
