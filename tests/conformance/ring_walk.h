/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests: the nth server of a key's walk, asked of a distribution as the core asks it. */
#ifndef TENON_TEST_RING_WALK_H
#define TENON_TEST_RING_WALK_H

#include <check.h>
#include <stdlib.h>

#include "cluster/ring.h"

/*
 * Return the nth server of the key's walk over a ring of `count` servers, in memory of its own;
 * 0 is the home server. Returns TENON_NO_SERVER when there is none.
 */
static inline uint32_t ring_walk_nth(const struct tenon_distribution_ops *ops,
				     void *self, uint32_t count,
				     const struct tenon_ring_key *key,
				     uint32_t nth)
{
	const struct tenon__ring ring = { .count = count, .instance = self };
	struct tenon__walk walk = { .ring = NULL };

	ck_assert_int_eq(tenon__walk_init(&walk, count), 0);
	uint32_t server = tenon__walk_nth(&walk, &ring, ops, key, nth);
	tenon__walk_fini(&walk);
	return server;
}

#endif
