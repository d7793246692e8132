/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TENON_BENCH_QUARTILES_H
#define TENON_BENCH_QUARTILES_H

#include <stddef.h>

struct quartiles {
	double lower;
	double median;
	double upper;
};

/* Sorts values. */
struct quartiles quartiles_of(double *values, size_t count);

#endif
