/* SPDX-License-Identifier: BSD-3-Clause */
#include "quartiles.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

/* Return the value at `part` of the sorted values, interpolated linearly between neighbours. */
static double quantile(const double *sorted, size_t count, double part)
{
	double place = part * (double)(count - 1);
	size_t below = (size_t)place;
	double rest = place - (double)below;

	return below + 1 < count
		       ? sorted[below] * (1 - rest) + sorted[below + 1] * rest
		       : sorted[below];
}

struct quartiles quartiles_of(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return (struct quartiles){ quantile(values, count, 0.25),
				   quantile(values, count, 0.5),
				   quantile(values, count, 0.75) };
}
