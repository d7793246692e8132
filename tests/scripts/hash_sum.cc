/* SPDX-License-Identifier: BSD-3-Clause */
/* The smallest hash plugin in C++: tools/examples/hash_sum.c has the same in C. */
#include <tenon/plugin/hash.h>

namespace {

uint64_t sum(const void *, const void *key, size_t key_len)
{
	const unsigned char *bytes = static_cast<const unsigned char *>(key);
	uint32_t total = 0;

	for (size_t i = 0; i < key_len; i++) {
		total += bytes[i];
	}
	return total;
}

#define DIGITS_50 "01234567890123456789012345678901234567890123456789"
#define DIGITS_250 DIGITS_50 DIGITS_50 DIGITS_50 DIGITS_50 DIGITS_50

const tenon_hash_vector vectors[] = {
	{ "", 0, 0, 0 },
	{ "a", 1, 0, 97 },
	{ "\xff\x80", 2, 0, 383 },
	{ DIGITS_250, 250, 0, 13125 },
};

/* An initialiser that leaves slots out is a warning of -Wextra in C++. */
tenon_hash_ops make_ops()
{
	tenon_hash_ops made = {};

	made.size = sizeof(made);
	made.hash = sum;
	made.selftest = vectors;
	made.selftest_count = 4;
	made.bits = 32;
	return made;
}

const tenon_hash_ops ops = make_ops();

} // namespace

TENON_PLUGIN_DEFINE(hash_sum,
	.kind = TENON_KIND_HASH,
	.name = "sum",
	.version = "1.0",
	.summary = "the sum of the key's bytes, in C++",
	.ops = &ops)
