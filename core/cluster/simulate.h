/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Simulated keys: keys such as applications have, the same ones in each run and on each machine.
 * They show how evenly the main ring of a config spreads keys over its servers.
 */
#ifndef TENON_CORE_SIMULATE_H
#define TENON_CORE_SIMULATE_H

#include "cluster/assembly.h"
#include "tenon/introspect.h"

/* Return the lowest bits of a number. bits is 1..64. */
static inline uint64_t tenon__low_bits(uint64_t number, uint32_t bits)
{
	return number & (UINT64_MAX >> (64 - bits));
}

#define TENON__SIMULATED_BYTES 48 /* of the longest simulated key, its NUL included */

/*
 * Write the simulated key with this number: words with a counter, and identifiers that look random.
 * Returns the length of the key.
 */
size_t tenon__simulated_key(uint32_t number, char out[TENON__SIMULATED_BYTES]);

/* The hashes of simulated keys. */
enum tenon__simulated_hash {
	TENON__HASH_OF_CONFIG = 0, /* the config's hash function computes them */
	TENON__HASH_IDEAL = 1 /* they are random, and have as many bits as the config's hashes */
};

/* How evenly the main ring spreads the simulated keys. */
struct tenon__balance {
	double mean;          /* keys of a server, if all servers had the same number */
	double max_over_fair; /* of all servers, the greatest ratio of keys to the fair count */
	uint32_t fullest;     /* the server with this ratio, as an index in the ring */
};

/*
 * Place TENON_SHARE_KEY_COUNT keys on the main ring. When the distribution ignores weights, all
 * servers have the same fair count.
 * Shape:   shares has rings[0].count entries.
 * Threads: any.
 */
void tenon__simulate(const struct tenon__assembly *assembly,
		     enum tenon__simulated_hash hash,
		     struct tenon_share *shares);

/* Sum up the shares of count servers. count is 1 or more. */
struct tenon__balance tenon__balance_of(const struct tenon_share *shares,
					uint32_t count);

#endif
