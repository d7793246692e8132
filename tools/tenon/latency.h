/* SPDX-License-Identifier: BSD-3-Clause */
/* A histogram of times for people: rows, and times with units. */
#ifndef TENON_CLI_LATENCY_H
#define TENON_CLI_LATENCY_H

#include "tenon/health.h"

/* One row of a histogram: calls that took from_ns or more, less than to_ns. */
struct latency_row {
	uint64_t from_ns;
	uint64_t to_ns;
	uint64_t count;
};

#define LATENCY_ROWS_MAX 24

/*
 * Fill rows[LATENCY_ROWS_MAX], each up to the same factor above the one before
 * (from 2 us on), empty ones at both ends left out. Returns their number.
 */
size_t latency_rows(const struct tenon_histogram *histogram,
		    struct latency_row *rows);

/* "12.3 us", "4.56 ms", "7.89 s". For the caller to free. */
char *latency_text(uint64_t ns);

#endif
