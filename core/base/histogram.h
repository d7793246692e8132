/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Find the bucket of a histogram that a time belongs to. A bucket is one unit wide for times
 * below 2 * TENON_HISTOGRAM_SUB_COUNT units. Above that, each power of two is divided into
 * TENON_HISTOGRAM_SUB_COUNT buckets of the same width.
 */
#ifndef TENON_CORE_HISTOGRAM_H
#define TENON_CORE_HISTOGRAM_H

#include "tenon/health.h"

#define TENON_HISTOGRAM_UNIT_BITS 5 /* a unit is 32 ns */
#define TENON_HISTOGRAM_SUB_BITS 6
#define TENON_HISTOGRAM_SUB_COUNT (UINT64_C(1) << TENON_HISTOGRAM_SUB_BITS)
/* Longer times are counted in the last bucket, which ends at 2^36 ns (69 s). */
#define TENON_HISTOGRAM_UNITS_MAX \
	((UINT64_C(1) << (36 - TENON_HISTOGRAM_UNIT_BITS)) - 1)

static inline size_t tenon__histogram_bucket(uint64_t ns)
{
	uint64_t units = ns >> TENON_HISTOGRAM_UNIT_BITS;

	if (units < TENON_HISTOGRAM_SUB_COUNT) {
		return (size_t)units;
	}
	if (units > TENON_HISTOGRAM_UNITS_MAX) {
		units = TENON_HISTOGRAM_UNITS_MAX;
	}
	unsigned shift = 63u - TENON_HISTOGRAM_SUB_BITS -
		(unsigned)__builtin_clzll(units);
	return (size_t)(((uint64_t)shift << TENON_HISTOGRAM_SUB_BITS) +
			(units >> shift));
}

#endif
