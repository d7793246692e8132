/* SPDX-License-Identifier: BSD-3-Clause */
/* The one-at-a-time hash (Jenkins), the default hash of libmemcached. */
#include "../hash_char.h"

static inline uint32_t one_at_a_time(const unsigned char *bytes, size_t count,
				     bool is_signed)
{
	uint32_t hash = 0;

	for (size_t i = 0; i < count; i++) {
		hash += char_bits(bytes[i], is_signed);
		hash += hash << 10;
		hash ^= hash >> 6;
	}
	hash += hash << 3;
	hash ^= hash >> 11;
	return hash + (hash << 15);
}

static uint64_t one_at_a_time_hash(const void *self, const void *key,
				   size_t key_len)
{
	const struct char_state *state = self;

	return state->is_signed ? one_at_a_time(key, key_len, true)
				: one_at_a_time(key, key_len, false);
}

static const struct tenon_option one_at_a_time_options[] = {
	CHAR_OPTION("signed"),
	{ .name = NULL },
};

/* Computed by libhashkit 1.1.4 on x86-64. */
static const struct tenon_hash_vector one_at_a_time_vectors[] = {
	{ "", 0, 0, 0x00000000 },
	{ "a", 1, 0, 0xca2e9442 },
	{ "foo", 3, 0, 0x238678dd },
	{ "key:1", 5, 0, 0xa2b61284 },
	{ "user:1234", 9, 0, 0x856833ab },
	{ "\xe4\xb8\xad\xe6\x96\x87", 6, 0, 0x6c64fe48 },
	{ HIGH_BYTES, 16, 0, 0xcf3def2a },
	{ DIGITS_250, 250, 0, 0xfa1d72ff },
};

static const struct tenon_hash_ops one_at_a_time_ops = {
	.size = sizeof(struct tenon_hash_ops),
	.state_size = sizeof(struct char_state),
	.init = char_init,
	.hash = one_at_a_time_hash,
	.selftest = one_at_a_time_vectors,
	.selftest_count = sizeof(one_at_a_time_vectors) /
			  sizeof(one_at_a_time_vectors[0]),
	.bits = 32,
};

TENON_PLUGIN_DEFINE(hash_one_at_a_time, .kind = TENON_KIND_HASH,
		    .name = "one_at_a_time", .version = "1.0",
		    .summary = "one-at-a-time (Jenkins)",
		    .ops = &one_at_a_time_ops,
		    .options_bytes = sizeof(struct char_options),
		    .options = one_at_a_time_options)
