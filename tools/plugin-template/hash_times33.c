/* SPDX-License-Identifier: BSD-3-Clause */
/* hash times33 (Bernstein), 32 bits: for each byte multiply by 33 and add the byte. */
#include <tenon/plugin/hash.h>

#define START 5381u

static uint64_t times33_hash(const void *self, const void *key, size_t key_len)
{
	const unsigned char *bytes = key;
	uint32_t hash = START;

	(void)self;
	for (size_t i = 0; i < key_len; i++) {
		hash = hash * 33 + bytes[i];
	}
	return hash;
}

/*
 * Known answers, computed by another program. tenon checks them before it uses the plugin. They
 * must include an empty key, one byte, bytes above 0x7f, and 250 bytes.
 */
#define DIGITS_50 "01234567890123456789012345678901234567890123456789"
#define DIGITS_250 DIGITS_50 DIGITS_50 DIGITS_50 DIGITS_50 DIGITS_50
#define HIGH "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa\xfb\xfc\xfd\xfe\xff"

static const struct tenon_hash_vector times33_vectors[] = {
	{ .key = "", .key_len = 0, .hash = 0x1505 },
	{ .key = "a", .key_len = 1, .hash = 0x2b606 },
	{ .key = "key:1", .key_len = 5, .hash = 0xfc8aab9 },
	{ .key = HIGH, .key_len = 16, .hash = 0xe852547d },
	{ .key = DIGITS_250, .key_len = 250, .hash = 0x6be7a08a },
};

static const struct tenon_hash_ops times33_ops = {
	.size = sizeof(struct tenon_hash_ops),
	.hash = times33_hash,
	.selftest = times33_vectors,
	.selftest_count = sizeof(times33_vectors) / sizeof(times33_vectors[0]),
	.bits = 32,
};

TENON_PLUGIN_DEFINE(hash_times33,
	.kind = TENON_KIND_HASH,
	.name = "times33",
	.version = "1.0",
	.summary = "for each byte times 33 plus the byte, 32 bits",
	.ops = &times33_ops)
