/* SPDX-License-Identifier: BSD-3-Clause */
#include "latency.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "alloc.h"

#define ROW_BUCKETS 16 /* of 64 for each power of two: four rows */

uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int64_t clock_ms(void)
{
	return (int64_t)(clock_ns() / 1000000);
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

char *duration_text(int64_t ms)
{
	static const struct {
		const char *name;
		int64_t seconds;
	} units[] = { { "d", 86400 }, { "h", 3600 }, { "min", 60 }, { "s", 1 } };
	int64_t seconds = ms < 0 ? 0 : ms / 1000;
	size_t unit = 0;

	while (units[unit].seconds > 1 && seconds < units[unit].seconds) {
		unit++;
	}
	int64_t whole = seconds / units[unit].seconds;
	int64_t rest = seconds % units[unit].seconds;

	if (rest == 0 || rest < units[unit + 1].seconds) {
		return alloc_format("%" PRId64 " %s", whole, units[unit].name);
	}
	return alloc_format("%" PRId64 " %s %" PRId64 " %s", whole,
			    units[unit].name, rest / units[unit + 1].seconds,
			    units[unit + 1].name);
}

int64_t certificate_days(int64_t ends_s)
{
	int64_t left_s = ends_s - (int64_t)time(NULL);

	return left_s < 0 ? -((-left_s + 86399) / 86400) : left_s / 86400;
}

char *certificate_text(int64_t ends_s)
{
	int64_t left_s = ends_s - (int64_t)time(NULL);
	char *span = duration_text((left_s < 0 ? -left_s : left_s) * 1000);
	char *text;

	if (ends_s == 0) {
		text = alloc_text("-");
	} else if (left_s < 0) {
		text = alloc_format("ended %s ago", span);
	} else {
		text = alloc_text(span);
	}
	free(span);
	return text;
}
