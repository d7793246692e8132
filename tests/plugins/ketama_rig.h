/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of ketama: a ring of given servers and options, and a point hash that records names. */
#ifndef TENON_TEST_KETAMA_RIG_H
#define TENON_TEST_KETAMA_RIG_H

#include <stdlib.h>
#include <string.h>

#include "plugins/ring_file.h"

#define SPY_POINTS_MAX 4096
#define SPY_NAME_BYTES 560
#define SPY_WORDS      5

/* The things that a ring is made from. */
struct ring_setup {
	const struct tenon_ring_server *servers;
	uint32_t count;
	const char *options; /* as in a config; NULL: the defaults */
	const struct tenon_hash
		*point_hash; /* instead of the option's; NULL: the option's */
	const struct tenon_hash *key_hash; /* NULL: crc32 */
};

/* Overwrite the option point_hash, which a config cannot set to a hash of a test. */
static inline void ring_set_point_hash(struct ring *ring,
				       const struct tenon_hash *hash)
{
	const struct tenon_option *row = ring->plugin->options;

	while (strcmp(row->name, "point_hash") != 0) {
		row++;
	}
	memcpy((char *)ring->options + row->offset, &hash, sizeof(hash));
}

/* Returns the result of build. ring_free() releases the ring, also after an error. */
static inline int ketama_make(struct ring *ring, const struct ring_setup *setup,
			      struct tenon_error *err)
{
	ring_prepare(ring, "ketama", setup->options);
	if (setup->point_hash) {
		ring_set_point_hash(ring, setup->point_hash);
	}
	ring_init(ring);
	return ring_build(
		ring, setup->servers, setup->count,
		setup->key_hash ? setup->key_hash : subject_hash("crc32"), err);
}

static inline uint32_t locate(const struct ring *ring, uint64_t hash)
{
	const struct tenon_ring_key key = { hash, "", 0 };

	return ring->ops->locate(ring->self, &key);
}

/* Return the nth next server of an empty key with this hash. */
static inline uint32_t next(const struct ring *ring, uint64_t hash,
			    uint32_t nth)
{
	return ring_nth(ring, hash, "", 0, nth);
}

static inline struct tenon_ring_traits describe(const struct ring *ring)
{
	struct tenon_ring_traits traits = { .size = sizeof(traits) };

	ring->ops->describe(ring->self, &traits);
	return traits;
}

/* ---- a point hash that records the names that it gets ------------------- */

struct spy {
	uint64_t (*value)(
		const char *name); /* value of the point with this name */
	char names[SPY_POINTS_MAX][SPY_NAME_BYTES];
	uint64_t values[SPY_POINTS_MAX];
	uint32_t count;
};

extern struct spy spy;
extern const struct tenon_hash spy_hash;

/* Forget all names. Points get values by this function from now on. */
void spy_start(uint64_t (*value)(const char *name));

/* Values for spy_start(): the md5 of the name. */
uint64_t md5_value(const char *name);
/* 64-bit values. The ring uses the lower half. */
uint64_t wide_value(const char *name);
/* All points have the same value. */
uint64_t same_value(const char *name);
/* The points have four values, the smallest and the largest among them. */
uint64_t few_value(const char *name);
/* The points have values close together. */
uint64_t dense_value(const char *name);
/* The points of "a..." are at 1000, of "b..." at 2000, of "c..." at 3000. */
uint64_t step_value(const char *name);

#endif
