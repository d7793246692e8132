/* SPDX-License-Identifier: BSD-3-Clause */
/* The smallest hash plugin: the sum of a key's bytes. */
#include <tenon/plugin/hash.h>

static uint64_t sum(const void *self, const void *key, size_t key_len)
{
	const unsigned char *bytes = key;
	uint32_t total = 0;

	(void)self;
	for (size_t i = 0; i < key_len; i++) {
		total += bytes[i];
	}
	return total;
}

/* Known answers: the empty key, one byte, a byte above 0x7f, and the longest key. */
#define DIGITS_50 "01234567890123456789012345678901234567890123456789"
#define DIGITS_250 DIGITS_50 DIGITS_50 DIGITS_50 DIGITS_50 DIGITS_50

static const struct tenon_hash_vector vectors[] = {
	{ .key = "", .key_len = 0, .hash = 0 },
	{ .key = "a", .key_len = 1, .hash = 97 },
	{ .key = "\xff\x80", .key_len = 2, .hash = 383 },
	{ .key = DIGITS_250, .key_len = 250, .hash = 13125 },
};

static const struct tenon_hash_ops ops = {
	.size = sizeof(ops),
	.hash = sum,
	.selftest = vectors,
	.selftest_count = 4,
	.bits = 32,
};

TENON_PLUGIN_DEFINE(hash_sum,
	.kind = TENON_KIND_HASH,
	.name = "sum",
	.version = "1.0",
	.summary = "the sum of the key's bytes (an example)",
	.ops = &ops)
