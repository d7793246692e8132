/* SPDX-License-Identifier: BSD-3-Clause */
/* The mode loop under strace and callgrind. */
#ifndef TENON_BENCH_TOOL_H
#define TENON_BENCH_TOOL_H

#include "bench.h"

/*
 * Cost of one operation of `loop CLIENT CASE`: the difference of two runs, one with
 * twice as many operations as the other. Negative: it cannot be counted here.
 */
double count_calls(const struct settings *settings, const char *client,
		   const char *case_name, size_t operations);
double count_instructions(const struct settings *settings, const char *client,
			  const char *case_name, size_t operations);

#endif
