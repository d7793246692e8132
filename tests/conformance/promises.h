/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Promises: what a plugin does beyond the contract of its kind, such as "order" of a distribution.
 * Each promise has tests of its own. The suites know the promises of the tree's plugins; those of
 * another plugin are words in the environment, with commas between: "order,growth".
 */
#ifndef TENON_TESTS_PROMISES_H
#define TENON_TESTS_PROMISES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROMISES_VARIABLE "TENON_CONFORMANCE_PROMISES"

/* Return true when the environment has this word. */
bool promises_have(const char *word);

/*
 * Check that each word of a list is a promise of the kind. Returns false, with one sentence in
 * problem, when one is not.
 */
bool promises_check(uint32_t kind, const char *list, char *problem,
		    size_t problem_bytes);

/* Print a line "# SKIP ..." for each promise of the kind that the environment does not have. */
void promises_say_skipped(uint32_t kind);

#endif
