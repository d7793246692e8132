/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

static _Atomic int64_t ahead_ns; /* sum of the times that tests added */

int64_t tenon__now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec +
		atomic_load_explicit(&ahead_ns, memory_order_relaxed);
}

int64_t tenon__unix_s(void)
{
	return (int64_t)time(NULL) +
	       atomic_load_explicit(&ahead_ns, memory_order_relaxed) /
		       1000000000;
}

void tenon__clock_advance(int64_t ns)
{
	atomic_fetch_add_explicit(&ahead_ns, ns, memory_order_relaxed);
}
