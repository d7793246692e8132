/* SPDX-License-Identifier: BSD-3-Clause */
/* Structs that the plugins of this folder share with the tests. */
#ifndef TENON_TESTS_PLUGINS_GOOD_H
#define TENON_TESTS_PLUGINS_GOOD_H

#include <stdatomic.h>

#include "tenon/plugin/hash.h"

/* Options of failover_good: one of each type but HASH. */
struct good_failover_options {
	int64_t limit;
	int64_t window_ms;
	int64_t memory_bytes;
	const char *note;
	int32_t mode; /* 0 lax, 1 strict */
	int32_t verbose;
};

/* Options of distribution_good. */
struct good_distribution_options {
	const struct tenon_hash *point_hash;
	int64_t shift;
};

/* Options of codec_good. */
struct good_codec_options {
	int64_t flags;
	int64_t room_bytes;
};

/* State of distribution_good. */
struct good_ring {
	uint64_t point; /* point_hash of "x" */
	uint32_t server_count;
	uint32_t shift;
	uint32_t weights; /* sum of the servers' weights */
	void *memory;     /* allocated from the host */
};

/* Memory that the instances of failover_counts share. */
struct good_shared {
	atomic_uint instances;
};

#endif
