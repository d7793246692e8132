/* SPDX-License-Identifier: BSD-3-Clause */
/* Times: the clock, and times as people read them, with units and in few rows. */
#ifndef TENON_CLI_LATENCY_H
#define TENON_CLI_LATENCY_H

#include "tenon/health.h"

/* Nanoseconds and milliseconds of the monotonic clock. */
uint64_t clock_ns(void);
int64_t clock_ms(void);

/* One row of a histogram: the calls that took at least from_ns and less than to_ns. */
struct latency_row {
	uint64_t from_ns;
	uint64_t to_ns;
	uint64_t count;
};

#define LATENCY_ROWS_MAX 24

/*
 * Fill rows[LATENCY_ROWS_MAX] with rows of equal ratio: from 2 us on, to_ns / from_ns is the
 * same in all rows. Empty rows at both ends are left out. Returns the number of rows.
 */
size_t latency_rows(const struct tenon_histogram *histogram,
		    struct latency_row *rows);

/* A time such as "12.3 us", "4.56 ms" or "7.89 s". The caller frees the text. */
char *latency_text(uint64_t ns);

/* A duration such as "12 s", "3 min 20 s", "5 h 7 min" or "3 d 4 h". The caller frees the text. */
char *duration_text(int64_t ms);

/*
 * The whole days until a certificate ends, below 0 when it has ended; and that time as text:
 * "83 d 4 h", "ended 2 d ago", or "-" for 0, no certificate. The caller frees the text.
 */
int64_t certificate_days(int64_t ends_s);
char *certificate_text(int64_t ends_s);

#endif
