/* SPDX-License-Identifier: BSD-3-Clause */
/* MurmurHash3 (Appleby), the form of 32 bits, with the seed of libmemcached or of pymemcache. */
#include <stddef.h>

#include "../../murmur3.h"
#include "../hash_common.h"

#define SEED 0xdeadbeefu

struct murmur3_options {
	int32_t seed; /* index into seed_choices */
};

static const char *const seed_choices[] = { "length", "zero", NULL };
enum { SEED_LENGTH, SEED_ZERO };

struct murmur3 {
	uint32_t seed_factor; /* the seed is this times the length of the key */
};

static int murmur3_init(void *self, const void *options,
			const struct tenon_host *host, struct tenon_error *err)
{
	const struct murmur3_options *murmur3_options = options;
	struct murmur3 *murmur3 = self;

	(void)host;
	(void)err;
	murmur3->seed_factor = murmur3_options->seed == SEED_LENGTH ? SEED : 0;
	return 0;
}

static uint64_t murmur3_hash(const void *self, const void *key, size_t key_len)
{
	const struct murmur3 *murmur3 = self;
	const unsigned char *bytes = key;
	uint32_t hash = murmur3->seed_factor * (uint32_t)key_len;
	size_t left = key_len;

	for (; left >= 4; bytes += 4, left -= 4) {
		hash = murmur3_word(hash, load_le32(bytes));
	}
	return murmur3_end(hash, bytes, left, key_len);
}

static const struct tenon_option murmur3_options[] = {
	{ .name = "seed",
	  .type = TENON_OPTION_CHOICE,
	  .offset = offsetof(struct murmur3_options, seed),
	  .def_text = "length",
	  .choices = seed_choices,
	  .help = "0xdeadbeef times the length of the key (length, as in libmemcached), or 0 (zero, as in pymemcache)" },
	{ .name = NULL },
};

/* Computed by libhashkit 1.1.4. */
static const struct tenon_hash_vector murmur3_vectors[] = {
	{ "", 0, 0, 0x00000000 },
	{ "a", 1, 0, 0x8872dbc8 },
	{ "foo", 3, 0, 0xa5f500b2 },
	{ "key:1", 5, 0, 0x20da3d68 },
	{ "user:1234", 9, 0, 0xb7858bc3 },
	{ "\xe4\xb8\xad\xe6\x96\x87", 6, 0, 0xf5de9bef },
	{ HIGH_BYTES, 16, 0, 0xb03541f4 },
	{ DIGITS_250, 250, 0, 0x815bb4fa },
};

static const struct tenon_hash_ops murmur3_ops = {
	.size = sizeof(struct tenon_hash_ops),
	.state_size = sizeof(struct murmur3),
	.init = murmur3_init,
	.hash = murmur3_hash,
	.selftest = murmur3_vectors,
	.selftest_count = sizeof(murmur3_vectors) / sizeof(murmur3_vectors[0]),
	.bits = 32,
};

TENON_PLUGIN_DEFINE(hash_murmur3, .kind = TENON_KIND_HASH, .name = "murmur3",
		    .version = "1.0", .summary = "MurmurHash3, 32 bits",
		    .ops = &murmur3_ops,
		    .options_bytes = sizeof(struct murmur3_options),
		    .options = murmur3_options)
