/* SPDX-License-Identifier: BSD-3-Clause */
/* FNV-1a of 64 bits (Fowler, Noll, Vo): the low 32 bits, as in libmemcached and twemproxy. */
#include "../hash_fnv.h"

static uint64_t fnv1a_64_hash(const void *self, const void *key, size_t key_len)
{
	const struct char_state *state = self;

	return state->is_signed ? fnv1a(key, key_len, FNV_64_OFFSET_BASIS,
					FNV_64_PRIME, true)
				: fnv1a(key, key_len, FNV_64_OFFSET_BASIS,
					FNV_64_PRIME, false);
}

static const struct tenon_option fnv1a_64_options[] = {
	CHAR_OPTION("signed"),
	{ .name = NULL },
};

/* Computed by libhashkit 1.1.4 on x86-64. */
static const struct tenon_hash_vector fnv1a_64_vectors[] = {
	{ "", 0, 0, 0x84222325 },
	{ "a", 1, 0, 0x8601ec8c },
	{ "foo", 3, 0, 0xfed9d577 },
	{ "key:1", 5, 0, 0x962f5ac9 },
	{ "user:1234", 9, 0, 0xa44673c4 },
	{ "\xe4\xb8\xad\xe6\x96\x87", 6, 0, 0xdbb4e6c5 },
	{ HIGH_BYTES, 16, 0, 0x7c470275 },
	{ DIGITS_250, 250, 0, 0x08c87812 },
};

static const struct tenon_hash_ops fnv1a_64_ops = {
	.size = sizeof(struct tenon_hash_ops),
	.state_size = sizeof(struct char_state),
	.init = char_init,
	.hash = fnv1a_64_hash,
	.selftest = fnv1a_64_vectors,
	.selftest_count =
		sizeof(fnv1a_64_vectors) / sizeof(fnv1a_64_vectors[0]),
	.bits = 32,
};

TENON_PLUGIN_DEFINE(hash_fnv1a_64, .kind = TENON_KIND_HASH, .name = "fnv1a_64",
		    .version = "1.0",
		    .summary = "FNV-1a, the low 32 bits of 64",
		    .ops = &fnv1a_64_ops,
		    .options_bytes = sizeof(struct char_options),
		    .options = fnv1a_64_options)
