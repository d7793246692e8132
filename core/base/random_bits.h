/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers, for tokens that differ between processes and for waits that do. No secrets. */
#ifndef TENON_CORE_RANDOM_BITS_H
#define TENON_CORE_RANDOM_BITS_H

#include <stdint.h>

/* Return 64 random bits of the kernel; those of the clock while the kernel has none yet. */
uint64_t tenon__random(void);

#endif
