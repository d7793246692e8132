/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/histogram.h"

uint64_t tenon_histogram_bucket_ns(size_t bucket)
{
	uint64_t shift = (uint64_t)bucket >> TENON_HISTOGRAM_SUB_BITS;
	uint64_t units = bucket;

	if (bucket >= TENON_HISTOGRAM_BUCKETS) {
		return UINT64_MAX;
	}
	if (shift > 1) {
		shift--;
		units = (bucket - (shift << TENON_HISTOGRAM_SUB_BITS)) << shift;
	}
	return units << TENON_HISTOGRAM_UNIT_BITS;
}

void tenon_histogram_add(struct tenon_histogram *histogram, uint64_t ns)
{
	histogram->counts[tenon__histogram_bucket(ns)]++;
	histogram->total++;
	histogram->sum_ns += ns;
	histogram->max_ns = ns > histogram->max_ns ? ns : histogram->max_ns;
}

void tenon_histogram_merge(struct tenon_histogram *into,
			   const struct tenon_histogram *from)
{
	for (size_t i = 0; i < TENON_HISTOGRAM_BUCKETS; i++) {
		into->counts[i] += from->counts[i];
	}
	into->total += from->total;
	into->sum_ns += from->sum_ns;
	into->max_ns = from->max_ns > into->max_ns ? from->max_ns :
						     into->max_ns;
}

uint64_t tenon_histogram_permille_ns(const struct tenon_histogram *histogram,
				     unsigned permille)
{
	/* total * permille / 1000, rounded up; divided first to avoid an overflow */
	uint64_t rank = histogram->total / 1000 * permille +
		(histogram->total % 1000 * permille + 999) / 1000;
	uint64_t below = 0;

	for (size_t i = 0; rank > 0 && i < TENON_HISTOGRAM_BUCKETS - 1; i++) {
		below += histogram->counts[i];
		if (below >= rank) {
			uint64_t end_ns = tenon_histogram_bucket_ns(i + 1) - 1;

			return end_ns < histogram->max_ns ? end_ns :
							    histogram->max_ns;
		}
	}
	return rank > 0 ? histogram->max_ns : 0;
}
