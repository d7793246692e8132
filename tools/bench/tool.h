/* SPDX-License-Identifier: BSD-3-Clause */
/* The mode `loop`, run under strace and callgrind. */
#ifndef TENON_BENCH_TOOL_H
#define TENON_BENCH_TOOL_H

#include "bench.h"

/*
 * Return the cost of one operation of `loop CLIENT CASE`: the difference of two runs, the second
 * with twice as many operations, divided by the number of operations of the first. Negative: the
 * tool is not installed or failed.
 */
double count_calls(const struct settings *settings, const char *client,
		   const char *case_name, size_t operations);
double count_instructions(const struct settings *settings, const char *client,
			  const char *case_name, size_t operations);

#endif
