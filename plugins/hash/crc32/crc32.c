/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CRC-32 (IEEE 802.3; ITU-T V.42) of a key, all 32 bits, as libmc computes it. The instance holds
 * tables with which eight bytes are processed at a time.
 */
#include "../hash_common.h"

#define POLYNOMIAL 0xedb88320u /* bits reversed: the lowest bit is x^31 */
#define SLICES	   8

struct crc32 {
	/* table[n][byte]: the CRC of `byte` followed by n zero bytes */
	uint32_t table[SLICES][256];
};

static int crc32_init(void *self, const void *options,
		      const struct tenon_host *host, struct tenon_error *err)
{
	struct crc32 *crc32 = self;

	(void)options;
	(void)host;
	(void)err;
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t crc = byte;

		for (int bit = 0; bit < 8; bit++) {
			crc = (crc >> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
		}
		crc32->table[0][byte] = crc;
	}
	for (int n = 1; n < SLICES; n++) {
		for (int byte = 0; byte < 256; byte++) {
			uint32_t crc = crc32->table[n - 1][byte];

			crc32->table[n][byte] =
				(crc >> 8) ^ crc32->table[0][crc & 0xff];
		}
	}
	return 0;
}

/* Return the CRC of four bytes, the lowest first, followed by n zero bytes. */
static inline uint32_t slice(const struct crc32 *crc32, int n, uint32_t bytes)
{
	return crc32->table[n + 3][bytes & 0xff] ^
	       crc32->table[n + 2][bytes >> 8 & 0xff] ^
	       crc32->table[n + 1][bytes >> 16 & 0xff] ^
	       crc32->table[n][bytes >> 24];
}

static uint64_t crc32_hash(const void *self, const void *key, size_t key_len)
{
	const struct crc32 *crc32 = self;
	const unsigned char *bytes = key;
	uint32_t crc = UINT32_MAX;

	for (; key_len >= 8; bytes += 8, key_len -= 8) {
		crc = slice(crc32, 4, crc ^ load_le32(bytes)) ^
		      slice(crc32, 0, load_le32(bytes + 4));
	}
	if (key_len >= 4) {
		crc = slice(crc32, 0, crc ^ load_le32(bytes));
		bytes += 4;
		key_len -= 4;
	}
	for (; key_len > 0; bytes++, key_len--) {
		crc = (crc >> 8) ^ crc32->table[0][(crc ^ *bytes) & 0xff];
	}
	return ~crc;
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
