/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Little-endian numbers for plugins that hash. The bytes may have any alignment. The functions
 * are inline in a header, because a plugin links to no library of tenon.
 */
#ifndef TENON_PLUGINS_LITTLE_ENDIAN_H
#define TENON_PLUGINS_LITTLE_ENDIAN_H

#include <stddef.h>
#include <stdint.h>

/* Read four bytes as a little-endian number. */
static inline uint32_t load_le32(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
	       (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* Read eight bytes as a little-endian number. */
static inline uint64_t load_le64(const unsigned char *bytes)
{
	return (uint64_t)load_le32(bytes) | (uint64_t)load_le32(bytes + 4)
						    << 32;
}

/* Read count bytes, 0..8, as a little-endian number. */
static inline uint64_t load_le_part(const unsigned char *bytes, size_t count)
{
	uint64_t number = 0;

	for (size_t i = 0; i < count; i++) {
		number |= (uint64_t)bytes[i] << (8 * i);
	}
	return number;
}

#endif
