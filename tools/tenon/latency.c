/* SPDX-License-Identifier: BSD-3-Clause */
#include "latency.h"

#include <time.h>

#include "alloc.h"

#define ROW_BUCKETS 16 /* of 64 for each power of two: four rows */

int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

size_t latency_rows(const struct tenon_histogram *histogram,
		    struct latency_row *rows)
{
	size_t last = TENON_HISTOGRAM_BUCKETS - 1;
	size_t step = ROW_BUCKETS;
	size_t first = 0;
	size_t count = 0;

	if (histogram->total == 0) {
		return 0;
	}
	while (histogram->counts[first] == 0) {
		first++;
	}
	while (histogram->counts[last] == 0) {
		last--;
	}
	while (last / step - first / step >= LATENCY_ROWS_MAX) {
		step *= 2;
	}
	for (size_t begin = first / step * step; begin <= last; begin += step) {
		struct latency_row *row = &rows[count++];

		*row = (struct latency_row){
			tenon_histogram_bucket_ns(begin),
			tenon_histogram_bucket_ns(begin + step), 0 };
		for (size_t i = begin;
		     i < begin + step && i < TENON_HISTOGRAM_BUCKETS; i++) {
			row->count += histogram->counts[i];
		}
	}
	return count;
}

char *latency_text(uint64_t ns)
{
	if (ns < 1000000) {
		return alloc_format("%.*f us", ns < 10000 ? 1 : 0,
				    (double)ns / 1e3);
	}
	if (ns < 1000000000) {
		return alloc_format("%.*f ms", ns < 10000000 ? 2 : 1,
				    (double)ns / 1e6);
	}
	return alloc_format("%.2f s", (double)ns / 1e9);
}
