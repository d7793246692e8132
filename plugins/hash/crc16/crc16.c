/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CRC-16 (polynomial 0x1021, initial value 0) as in twemproxy: the register has 32 bits, and the
 * bits that leave its low half stay in its upper half.
 */
#include "../hash_common.h"

#define POLYNOMIAL 0x1021u

struct crc16 {
	uint32_t table[256]; /* table[byte]: the CRC of `byte` */
};

static int crc16_init(void *self, const void *options,
		      const struct tenon_host *host, struct tenon_error *err)
{
	struct crc16 *crc16 = self;

	(void)options;
	(void)host;
	(void)err;
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t crc = byte << 8;

		for (int bit = 0; bit < 8; bit++) {
			crc = (crc << 1) ^ (crc & 0x8000 ? POLYNOMIAL : 0);
		}
		crc16->table[byte] = crc & 0xffff;
	}
	return 0;
}

static uint64_t crc16_hash(const void *self, const void *key, size_t key_len)
{
	const struct crc16 *crc16 = self;
	const unsigned char *bytes = key;
	uint32_t crc = 0;

	for (size_t i = 0; i < key_len; i++) {
		crc = (crc << 8) ^ crc16->table[(crc >> 8 & 0xff) ^ bytes[i]];
	}
	return crc;
}

/* Computed by hash_crc16() of twemproxy. */
static const struct tenon_hash_vector crc16_vectors[] = {
	{ "", 0, 0, 0x00000000 },
	{ "a", 1, 0, 0x00007c87 },
	{ "foo", 3, 0, 0x0c3caf96 },
	{ "key:1", 5, 0, 0x70129a01 },
	{ "user:1234", 9, 0, 0xc1323dc6 },
	{ "\xe4\xb8\xad\xe6\x96\x87", 6, 0, 0xef6033c9 },
	{ HIGH_BYTES, 16, 0, 0x5dba9161 },
	{ DIGITS_250, 250, 0, 0xaaa0e990 },
};

static const struct tenon_hash_ops crc16_ops = {
	.size = sizeof(struct tenon_hash_ops),
	.state_size = sizeof(struct crc16),
	.init = crc16_init,
	.hash = crc16_hash,
	.selftest = crc16_vectors,
	.selftest_count = sizeof(crc16_vectors) / sizeof(crc16_vectors[0]),
	.bits = 32,
};

TENON_PLUGIN_DEFINE(
	hash_crc16, .kind = TENON_KIND_HASH, .name = "crc16", .version = "1.0",
	.summary = "CRC-16 (CCITT) in a register of 32 bits, as in twemproxy",
	.ops = &crc16_ops)
