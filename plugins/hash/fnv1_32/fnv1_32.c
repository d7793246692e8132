/* SPDX-License-Identifier: BSD-3-Clause */
/* FNV-1, 32 bits: multiply, then xor (Fowler, Noll, Vo). */
#include "../hash_fnv.h"

static uint64_t fnv1_32_hash(const void *self, const void *key, size_t key_len)
{
	const struct char_state *state = self;

	return state->is_signed ? fnv1(key, key_len, FNV_32_OFFSET_BASIS,
				       FNV_32_PRIME, true)
				: fnv1(key, key_len, FNV_32_OFFSET_BASIS,
				       FNV_32_PRIME, false);
}

static const struct tenon_option fnv1_32_options[] = {
	CHAR_OPTION("unsigned"),
	{ .name = NULL },
};

/* "", "a" and "foobar": published by the authors of FNV; the others: computed by libmc. */
static const struct tenon_hash_vector fnv1_32_vectors[] = {
	{ "", 0, 0, 0x811c9dc5 },
	{ "a", 1, 0, 0x050c5d7e },
	{ "foobar", 6, 0, 0x31f0b262 },
	{ "foo", 3, 0, 0x408f5e13 },
	{ "key:1", 5, 0, 0x8964f7a5 },
	{ "user:1234", 9, 0, 0x13b52562 },
	{ "\xe4\xb8\xad\xe6\x96\x87", 6, 0, 0x1369c6c9 },
	{ HIGH_BYTES, 16, 0, 0x078edd45 },
	{ DIGITS_250, 250, 0, 0xfc1311cc },
};

static const struct tenon_hash_ops fnv1_32_ops = {
	.size = sizeof(struct tenon_hash_ops),
	.state_size = sizeof(struct char_state),
	.init = char_init,
	.hash = fnv1_32_hash,
	.selftest = fnv1_32_vectors,
	.selftest_count = sizeof(fnv1_32_vectors) / sizeof(fnv1_32_vectors[0]),
	.bits = 32,
};

TENON_PLUGIN_DEFINE(hash_fnv1_32, .kind = TENON_KIND_HASH, .name = "fnv1_32",
		    .version = "1.0", .summary = "FNV-1, 32 bits",
		    .ops = &fnv1_32_ops,
		    .options_bytes = sizeof(struct char_options),
		    .options = fnv1_32_options)
