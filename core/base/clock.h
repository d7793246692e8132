/* SPDX-License-Identifier: BSD-3-Clause */
/* The one place where the library reads a clock; tests move it. */
#ifndef TENON_CORE_CLOCK_H
#define TENON_CORE_CLOCK_H

#include <stdint.h>

/* Monotonic time in ns. Policies and transports get theirs from here. */
int64_t tenon__now_ns(void);

/*
 * Tests: let ns pass at once, for the whole process. Time goes on from there, so
 * that a wait in the kernel takes what it takes and everything else needs none.
 */
void tenon__clock_advance(int64_t ns);

#endif
