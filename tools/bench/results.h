/* SPDX-License-Identifier: BSD-3-Clause */
/* Results, and the functions that print and draw them. */
#ifndef TENON_BENCH_RESULTS_H
#define TENON_BENCH_RESULTS_H

#include <stdio.h>

#include "contest.h"
#include "quartiles.h"

struct client_result {
	bool is_out;
	struct quartiles wall_us; /* of one operation */
	struct quartiles cpu_us;
	struct quartiles wall_ratio; /* to the floor of the same round */
	struct quartiles cpu_ratio;
};

struct case_result {
	const struct bench_case *bench_case;
	size_t slice_operations;
	struct client_result clients[CONTESTANTS_MAX];
};

struct results {
	const struct settings *settings;
	const struct contest *contest; /* has the names of the clients */
	struct case_result *cases;
	size_t count;
};

void results_table(const struct results *results);
void results_markdown(const struct results *results);
void results_json(const struct results *results);
/* Write the picture, and close the file. */
void results_svg(const struct results *results, FILE *file);

#endif
