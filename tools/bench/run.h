/* SPDX-License-Identifier: BSD-3-Clause */
/* One function for each mode. Each returns an exit status. */
#ifndef TENON_BENCH_RUN_H
#define TENON_BENCH_RUN_H

#include "bench.h"

int run_time(const struct settings *settings);
int run_count(const struct settings *settings);
int run_codec(const struct settings *settings);
int run_ring(const struct settings *settings);
int run_hash(const struct settings *settings);
int run_pool(const struct settings *settings);
int run_split(const struct settings *settings);
int run_loop(const struct settings *settings, const char *client,
	     const char *case_name, size_t operations);

#endif
