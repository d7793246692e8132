/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TENON_BENCH_QUARTILES_H
#define TENON_BENCH_QUARTILES_H

#include <stddef.h>

struct quartiles {
	double lower;
	double median;
	double upper;
};

/* Return the quartiles of the values. Sorts the array values. */
struct quartiles quartiles_of(double *values, size_t count);

#endif
