/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CRC-32 (IEEE 802.3; ITU-T V.42) with tables that process eight bytes at a time. The functions
 * are inline in a header, because a plugin links to no library of tenon.
 */
#ifndef TENON_HASH_CRC32_SLICES_H
#define TENON_HASH_CRC32_SLICES_H

#include "hash_common.h"

#define CRC32_POLYNOMIAL 0xedb88320u /* bits reversed: the lowest bit is x^31 */
#define CRC32_SLICES	 8

struct crc32 {
	/* table[n][byte]: the CRC of `byte` followed by n zero bytes */
	uint32_t table[CRC32_SLICES][256];
};

static inline void crc32_fill(struct crc32 *crc32)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t crc = byte;

		for (int bit = 0; bit < 8; bit++) {
			crc = (crc >> 1) ^ (crc & 1 ? CRC32_POLYNOMIAL : 0);
		}
		crc32->table[0][byte] = crc;
	}
	for (int n = 1; n < CRC32_SLICES; n++) {
		for (int byte = 0; byte < 256; byte++) {
			uint32_t crc = crc32->table[n - 1][byte];

			crc32->table[n][byte] =
				(crc >> 8) ^ crc32->table[0][crc & 0xff];
		}
	}
}

/* Return the CRC of four bytes, the lowest first, followed by n zero bytes. */
static inline uint32_t crc32_slice(const struct crc32 *crc32, int n,
				   uint32_t bytes)
{
	return crc32->table[n + 3][bytes & 0xff] ^
	       crc32->table[n + 2][bytes >> 8 & 0xff] ^
	       crc32->table[n + 1][bytes >> 16 & 0xff] ^
	       crc32->table[n][bytes >> 24];
}

/* Return the CRC-32 of a key. */
static inline uint32_t crc32_of(const struct crc32 *crc32, const void *key,
				size_t key_len)
{
	const unsigned char *bytes = key;
	uint32_t crc = UINT32_MAX;

	for (; key_len >= 8; bytes += 8, key_len -= 8) {
		crc = crc32_slice(crc32, 4, crc ^ load_le32(bytes)) ^
		      crc32_slice(crc32, 0, load_le32(bytes + 4));
	}
	if (key_len >= 4) {
		crc = crc32_slice(crc32, 0, crc ^ load_le32(bytes));
		bytes += 4;
		key_len -= 4;
	}
	for (; key_len > 0; bytes++, key_len--) {
		crc = (crc >> 8) ^ crc32->table[0][(crc ^ *bytes) & 0xff];
	}
	return ~crc;
}

#endif
