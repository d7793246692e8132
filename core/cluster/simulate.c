/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/simulate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cluster/key_forms.h"

/*
 * Scatter a number over 64 bits: each bit of the result depends on all bits of the number.
 * Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (SplitMix64).
 */
static uint64_t scatter(uint64_t number)
{
	number += UINT64_C(0x9e3779b97f4a7c15);
	number = (number ^ number >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	number = (number ^ number >> 27) * UINT64_C(0x94d049bb133111eb);
	return number ^ number >> 31;
}

size_t tenon__simulated_key(uint32_t number, char out[TENON__SIMULATED_BYTES])
{
	uint32_t counter = number / 4;
	int len;

	switch (number % 4) {
	case 0:
		len = snprintf(out, TENON__SIMULATED_BYTES, "user:%" PRIu32,
			       counter);
		break;
	case 1:
		len = snprintf(out, TENON__SIMULATED_BYTES,
			       "item/%" PRIu32 "/view", counter);
		break;
	case 2:
		len = snprintf(out, TENON__SIMULATED_BYTES,
			       "session:%016" PRIx64, scatter(counter));
		break;
	default:
		len = snprintf(out, TENON__SIMULATED_BYTES,
			       "%08" PRIx32 ":count", counter);
	}
	return (size_t)len;
}

/* Empty the shares, and set the fair counts. */
static void begin_shares(const struct tenon__assembly *assembly,
			struct tenon_share *shares)
{
	const struct tenon__ring *ring = &assembly->rings[0];
	const struct tenon__server *servers = assembly->servers + ring->first;
	const struct tenon_ring_traits traits =
		tenon__ring_traits(ring, assembly->distribution);
	double total = 0;

	for (uint32_t i = 0; i < ring->count; i++) {
		shares[i].key_count = 0;
		shares[i].fair_count = tenon__ring_weight(&traits, &servers[i]);
		total += shares[i].fair_count;
	}
	for (uint32_t i = 0; i < ring->count; i++) {
		shares[i].fair_count *= TENON_SHARE_KEY_COUNT / total;
	}
}

/*
 * Write simulated key number i behind the prefix, which is in buffer. Returns the bytes of it that
 * are hashed. A key behind a long prefix is cut to the longest legal key.
 */
static struct tenon_slice make_key(const struct tenon__assembly *assembly,
				   uint32_t i, char *buffer)
{
	const struct tenon_slice none = { NULL, 0 };
	struct tenon_slice key = { buffer + assembly->prefix.len, 0 };
	struct tenon_slice sent = { buffer, assembly->prefix.len };

	key.len = tenon__simulated_key(i, buffer + assembly->prefix.len);
	sent.len += key.len;
	if (sent.len > TENON_KEY_MAX_BYTES) {
		sent.len = TENON_KEY_MAX_BYTES;
	}
	return tenon__hashed_part(assembly, none, key, sent);
}

void tenon__simulate(const struct tenon__assembly *assembly,
		     enum tenon__simulated_hash which,
		     struct tenon_share *shares)
{
	const struct tenon__ring *ring = &assembly->rings[0];
	const struct tenon_hash *hash = &assembly->hash;
	char buffer[TENON_KEY_MAX_BYTES + TENON__SIMULATED_BYTES];

	begin_shares(assembly, shares);
	memcpy(buffer, assembly->prefix.text, assembly->prefix.len);
	for (uint32_t i = 0; i < TENON_SHARE_KEY_COUNT; i++) {
		struct tenon_slice part = make_key(assembly, i, buffer);
		struct tenon_ring_key key = { .key = part.data,
					      .key_len = part.len };
		uint32_t home;

		key.hash = which == TENON__HASH_IDEAL ?
			tenon__low_bits(scatter(i), hash->ops->bits) :
			hash->ops->hash(hash->self, part.data, part.len);
		home = tenon__ring_locate(ring, assembly->distribution, &key);
		shares[home - ring->first].key_count++;
	}
}

struct tenon__balance tenon__balance_of(const struct tenon_share *shares,
					uint32_t count)
{
	struct tenon__balance balance = {
		.mean = (double)TENON_SHARE_KEY_COUNT / count,
	};

	for (uint32_t i = 0; i < count; i++) {
		double ratio = (double)shares[i].key_count / shares[i].fair_count;

		if (ratio > balance.max_over_fair) {
			balance.max_over_fair = ratio;
			balance.fullest = i;
		}
	}
	return balance;
}
