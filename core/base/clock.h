/* SPDX-License-Identifier: BSD-3-Clause */
/* The clock: the only place where the library reads the time. Tests can move it forward. */
#ifndef TENON_CORE_CLOCK_H
#define TENON_CORE_CLOCK_H

#include <stdint.h>

/* Return the monotonic time in ns. The time that policies and transports are given is this one. */
int64_t tenon__now_ns(void);

/*
 * Return the UNIX time in seconds, as the system's clock tells it. Only expiration times are
 * made of it, because servers compare them with their own clocks.
 */
int64_t tenon__unix_s(void);

/*
 * For tests: move the clock forward by ns nanoseconds, for the whole process. The clock then
 * runs on from there. So a test need not sleep until a timeout passes. Waits in the kernel are
 * not shortened.
 */
void tenon__clock_advance(int64_t ns);

#endif
