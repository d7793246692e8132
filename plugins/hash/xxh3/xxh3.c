/* SPDX-License-Identifier: BSD-3-Clause */
/* XXH3 (Collet), 64 bits, the hash of memcached's built-in proxy. */
#include <stddef.h>
#include <string.h>
#include <xxhash.h>

#include "../hash_common.h"

#define SEED_MAX_BYTES 200

struct xxh3_options {
	const char *seed;
};

struct xxh3 {
	uint64_t seed;
};

static int xxh3_init(void *self, const void *options,
		     const struct tenon_host *host, struct tenon_error *err)
{
	const struct xxh3_options *xxh3_options = options;
	size_t len = strlen(xxh3_options->seed);
	struct xxh3 *xxh3 = self;

	(void)host;
	(void)err;
	xxh3->seed = len > 0 ? XXH3_64bits(xxh3_options->seed, len) : 0;
	return 0;
}

static uint64_t xxh3_hash(const void *self, const void *key, size_t key_len)
{
	const struct xxh3 *xxh3 = self;

	return XXH3_64bits_withSeed(key, key_len, xxh3->seed);
}

static const struct tenon_option xxh3_options[] = {
	{ .name = "seed",
	  .type = TENON_OPTION_STRING,
	  .offset = offsetof(struct xxh3_options, seed),
	  .min = 0,
	  .max = SEED_MAX_BYTES,
	  .def_text = "",
	  .help = "text whose XXH3 is the seed, as with option seed of mcp.pool() in memcached's proxy; empty: seed 0" },
	{ .name = NULL },
};

/* Computed by xxhash 3.0.0 of Python. */
static const struct tenon_hash_vector xxh3_vectors[] = {
	{ "", 0, 0, 0x2d06800538d394c2 },
	{ "a", 1, 0, 0xe6c632b61e964e1f },
	{ "foo", 3, 0, 0xab6e5f64077e7d8a },
	{ "key:1", 5, 0, 0xbf2d6d6b8270d37a },
	{ "user:1234", 9, 0, 0xb10d9bc42a04d581 },
	{ "\xe4\xb8\xad\xe6\x96\x87", 6, 0, 0x8dbce87fe32cdda6 },
	{ HIGH_BYTES, 16, 0, 0xd435ef92be0cb974 },
	{ DIGITS_250, 250, 0, 0xbaa80fc00b9b7d9e },
	{ DIGITS_250, 240, 0, 0x73697f089085eabd },
	{ DIGITS_250, 241, 0, 0x367d0ce95644ade5 },
};

static const struct tenon_hash_ops xxh3_ops = {
	.size = sizeof(struct tenon_hash_ops),
	.state_size = sizeof(struct xxh3),
	.init = xxh3_init,
	.hash = xxh3_hash,
	.selftest = xxh3_vectors,
	.selftest_count = sizeof(xxh3_vectors) / sizeof(xxh3_vectors[0]),
	.bits = 64,
};

TENON_PLUGIN_DEFINE(hash_xxh3, .kind = TENON_KIND_HASH, .name = "xxh3",
		    .version = "1.0",
		    .summary = "XXH3, 64 bits, as in the proxy of memcached",
		    .ops = &xxh3_ops,
		    .options_bytes = sizeof(struct xxh3_options),
		    .options = xxh3_options)
