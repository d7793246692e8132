/* SPDX-License-Identifier: BSD-3-Clause */
/* CRC-32 (IEEE 802.3; ITU-T V.42) of a key, all 32 bits, as libmc computes it. */
#include "../crc32_slices.h"

static int crc32_init(void *self, const void *options,
		      const struct tenon_host *host, struct tenon_error *err)
{
	(void)options;
	(void)host;
	(void)err;
	crc32_fill(self);
	return 0;
}

static uint64_t crc32_hash(const void *self, const void *key, size_t key_len)
{
	return crc32_of(self, key, key_len);
}

/* "123456789": the check value of the CRC catalogue; the others: computed by libmc. */
static const struct tenon_hash_vector crc32_vectors[] = {
	{ "", 0, 0, 0x00000000 },
	{ "a", 1, 0, 0xe8b7be43 },
	{ "123456789", 9, 0, 0xcbf43926 },
	{ "foo", 3, 0, 0x8c736521 },
	{ "key:1", 5, 0, 0x0b6f3bec },
	{ "user:1234", 9, 0, 0xb0b05457 },
	{ "\xe4\xb8\xad\xe6\x96\x87", 6, 0, 0x5a09ed37 },
	{ HIGH_BYTES, 16, 0, 0x61e8443c },
	{ DIGITS_250, 250, 0, 0xfc03a249 },
};

static const struct tenon_hash_ops crc32_ops = {
	.size = sizeof(struct tenon_hash_ops),
	.state_size = sizeof(struct crc32),
	.init = crc32_init,
	.hash = crc32_hash,
	.selftest = crc32_vectors,
	.selftest_count = sizeof(crc32_vectors) / sizeof(crc32_vectors[0]),
	.bits = 32,
};

TENON_PLUGIN_DEFINE(hash_crc32, .kind = TENON_KIND_HASH, .name = "crc32",
		    .version = "1.0",
		    .summary = "CRC-32 (IEEE 802.3), all 32 bits",
		    .ops = &crc32_ops)
