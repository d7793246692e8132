/* SPDX-License-Identifier: BSD-3-Clause */
/* Pseudo-random numbers for tests that must do the same in every run. */
#ifndef TENON_TESTS_FAKES_RANDOM_H
#define TENON_TESTS_FAKES_RANDOM_H

#include <stdint.h>

/*
 * Return the next number of the sequence and advance *seed. Source: Steele, Lea, Flood:
 * SplitMix64.
 */
uint64_t random_next(uint64_t *seed);

#endif
