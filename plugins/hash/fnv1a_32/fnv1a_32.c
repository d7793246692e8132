/* SPDX-License-Identifier: BSD-3-Clause */
/* FNV-1a, 32 bits: xor, then multiply (Fowler, Noll, Vo). */
#include "../hash_fnv.h"

static uint64_t fnv1a_32_hash(const void *self, const void *key, size_t key_len)
{
	const struct char_state *state = self;

	return state->is_signed ? fnv1a(key, key_len, FNV_32_OFFSET_BASIS,
					FNV_32_PRIME, true)
				: fnv1a(key, key_len, FNV_32_OFFSET_BASIS,
					FNV_32_PRIME, false);
}

static const struct tenon_option fnv1a_32_options[] = {
	CHAR_OPTION("unsigned"),
	{ .name = NULL },
};

/* "", "a" and "foobar": published by the authors of FNV; the others: computed by libmc. */
static const struct tenon_hash_vector fnv1a_32_vectors[] = {
	{ "", 0, 0, 0x811c9dc5 },
	{ "a", 1, 0, 0xe40c292c },
	{ "foobar", 6, 0, 0xbf9cf968 },
	{ "foo", 3, 0, 0xa9f37ed7 },
	{ "key:1", 5, 0, 0x58140fa9 },
	{ "user:1234", 9, 0, 0x8457ce84 },
	{ "\xe4\xb8\xad\xe6\x96\x87", 6, 0, 0xc488f045 },
	{ HIGH_BYTES, 16, 0, 0x6cfe3e15 },
	{ DIGITS_250, 250, 0, 0x08b61cd2 },
};

static const struct tenon_hash_ops fnv1a_32_ops = {
	.size = sizeof(struct tenon_hash_ops),
	.state_size = sizeof(struct char_state),
	.init = char_init,
	.hash = fnv1a_32_hash,
	.selftest = fnv1a_32_vectors,
	.selftest_count =
		sizeof(fnv1a_32_vectors) / sizeof(fnv1a_32_vectors[0]),
	.bits = 32,
};

TENON_PLUGIN_DEFINE(hash_fnv1a_32, .kind = TENON_KIND_HASH, .name = "fnv1a_32",
		    .version = "1.0", .summary = "FNV-1a, 32 bits",
		    .ops = &fnv1a_32_ops,
		    .options_bytes = sizeof(struct char_options),
		    .options = fnv1a_32_options)
