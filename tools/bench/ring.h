/* SPDX-License-Identifier: BSD-3-Clause */
/* Looking up keys, as a case of the mode loop. */
#ifndef TENON_BENCH_RING_H
#define TENON_BENCH_RING_H

#include "bench.h"

/* Returns false when client and name are none of them. */
bool ring_loop(const char *client, const char *name, size_t operations);

#endif
