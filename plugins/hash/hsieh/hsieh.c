/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SuperFastHash (Hsieh), as in libmemcached and twemproxy. The signedness of char matters only for
 * the last byte of keys whose length is 3 modulo 4.
 */
#include "../hash_char.h"

static inline uint32_t load_le16(const unsigned char *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8;
}

/* Mix in the last count bytes, 0..3. */
static uint32_t hsieh_tail(uint32_t hash, const unsigned char *bytes,
			   size_t count, bool is_signed)
{
	switch (count) {
	case 3:
		hash += load_le16(bytes);
		hash ^= hash << 16;
		hash ^= char_bits(bytes[2], is_signed) << 18;
		return hash + (hash >> 11);
	case 2:
		hash += load_le16(bytes);
		hash ^= hash << 11;
		return hash + (hash >> 17);
	case 1:
		hash += bytes[0];
		hash ^= hash << 10;
		return hash + (hash >> 1);
	default:
		return hash;
	}
}

static uint64_t hsieh_hash(const void *self, const void *key, size_t key_len)
{
	const struct char_state *state = self;
	const unsigned char *bytes = key;
	uint32_t hash = 0;

	for (; key_len >= 4; bytes += 4, key_len -= 4) {
		hash += load_le16(bytes);
		hash = (hash << 16) ^ (load_le16(bytes + 2) << 11) ^ hash;
		hash += hash >> 11;
	}
	hash = hsieh_tail(hash, bytes, key_len, state->is_signed);
	hash ^= hash << 3;
	hash += hash >> 5;
	hash ^= hash << 4;
	hash += hash >> 17;
	hash ^= hash << 25;
	return hash + (hash >> 6);
}

static const struct tenon_option hsieh_options[] = {
	CHAR_OPTION("signed"),
	{ .name = NULL },
};

/* Computed by hash_hsieh() of twemproxy on x86-64. */
static const struct tenon_hash_vector hsieh_vectors[] = {
	{ "", 0, 0, 0x00000000 },
	{ "a", 1, 0, 0x93642e87 },
	{ "foo", 3, 0, 0x76d4d427 },
	{ "key:1", 5, 0, 0x80bc54d9 },
	{ "user:1234", 9, 0, 0x52409379 },
	{ "\xe4\xb8\xad\xe6\x96\x87", 6, 0, 0x1df3608b },
	{ HIGH_BYTES, 16, 0, 0xc2fad487 },
	{ DIGITS_250, 250, 0, 0x0eb55049 },
	{ HIGH_BYTES, 15, 0, 0xb2268113 },
};

static const struct tenon_hash_ops hsieh_ops = {
	.size = sizeof(struct tenon_hash_ops),
	.state_size = sizeof(struct char_state),
	.init = char_init,
	.hash = hsieh_hash,
	.selftest = hsieh_vectors,
	.selftest_count = sizeof(hsieh_vectors) / sizeof(hsieh_vectors[0]),
	.bits = 32,
};

TENON_PLUGIN_DEFINE(hash_hsieh, .kind = TENON_KIND_HASH, .name = "hsieh",
		    .version = "1.0", .summary = "SuperFastHash (Hsieh)",
		    .ops = &hsieh_ops,
		    .options_bytes = sizeof(struct char_options),
		    .options = hsieh_options)
