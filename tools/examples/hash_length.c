/* SPDX-License-Identifier: BSD-3-Clause */
/* The smallest hash plugin: a key's length. */
#include <tenon/plugin/hash.h>

static uint64_t length(const void *self, const void *key, size_t key_len)
{
	(void)self;
	(void)key;
	return key_len;
}

static const struct tenon_hash_vector vectors[] = {
	{ .key = "", .key_len = 0, .hash = 0 },
	{ .key = "a", .key_len = 1, .hash = 1 },
	{ .key = "key:1", .key_len = 5, .hash = 5 },
};

static const struct tenon_hash_ops ops = {
	.size = sizeof(ops),
	.hash = length,
	.selftest = vectors,
	.selftest_count = 3,
	.bits = 16,
};

TENON_PLUGIN_DEFINE(hash_length,
	.kind = TENON_KIND_HASH,
	.name = "length",
	.version = "1.0",
	.summary = "the length of the key (an example)",
	.ops = &ops)
