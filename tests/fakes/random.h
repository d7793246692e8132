/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers that look random, for tests that have to be the same in every run. */
#ifndef TENON_TESTS_FAKES_RANDOM_H
#define TENON_TESTS_FAKES_RANDOM_H

#include <stdint.h>

/* The next number that follows from *seed. Source: Steele, Lea, Flood: SplitMix64. */
uint64_t random_next(uint64_t *seed);

#endif
