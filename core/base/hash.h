/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hash for tables and fingerprints inside the library. Where a key goes is decided by the hash
 * plugins alone.
 * Source: Fowler, Noll and Vo, FNV-1a with 64 bits.
 */
#ifndef TENON_CORE_HASH_H
#define TENON_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t tenon__hash(const void *data, size_t len)
{
	const unsigned char *bytes = data;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++) {
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	}
	return hash;
}

#endif
