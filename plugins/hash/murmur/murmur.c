/* SPDX-License-Identifier: BSD-3-Clause */
/* MurmurHash2 (Appleby), 32 bits, with the seed of libmemcached and twemproxy: 0xdeadbeef * length. */
#include "../hash_common.h"

#define FACTOR 0x5bd1e995u
#define SEED   0xdeadbeefu

static uint64_t murmur_hash(const void *self, const void *key, size_t key_len)
{
	const unsigned char *bytes = key;
	uint32_t hash = (SEED * (uint32_t)key_len) ^ (uint32_t)key_len;

	(void)self;
	for (; key_len >= 4; bytes += 4, key_len -= 4) {
		uint32_t word = load_le32(bytes) * FACTOR;

		word = (word ^ (word >> 24)) * FACTOR;
		hash = (hash * FACTOR) ^ word;
	}
	if (key_len > 0) {
		hash ^= (uint32_t)load_le_part(bytes, key_len);
		hash *= FACTOR;
	}
	hash = (hash ^ (hash >> 13)) * FACTOR;
	return hash ^ (hash >> 15);
}

/* Computed by libhashkit 1.1.4. */
static const struct tenon_hash_vector murmur_vectors[] = {
	{ "", 0, 0, 0x00000000 },
	{ "a", 1, 0, 0x4b41757c },
	{ "foo", 3, 0, 0xc4e0338f },
	{ "key:1", 5, 0, 0xdc094157 },
	{ "user:1234", 9, 0, 0x3619c7c6 },
	{ "\xe4\xb8\xad\xe6\x96\x87", 6, 0, 0xe240ad88 },
	{ HIGH_BYTES, 16, 0, 0x17d812e3 },
	{ DIGITS_250, 250, 0, 0x0e0af0f3 },
};

static const struct tenon_hash_ops murmur_ops = {
	.size = sizeof(struct tenon_hash_ops),
	.hash = murmur_hash,
	.selftest = murmur_vectors,
	.selftest_count = sizeof(murmur_vectors) / sizeof(murmur_vectors[0]),
	.bits = 32,
};

TENON_PLUGIN_DEFINE(
	hash_murmur, .kind = TENON_KIND_HASH, .name = "murmur",
	.version = "1.0",
	.summary = "MurmurHash2, 32 bits, with the seed of libmemcached",
	.ops = &murmur_ops)
