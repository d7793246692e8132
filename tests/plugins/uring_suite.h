/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of main() in the test programs of the transport uring. */
#ifndef TENON_TESTS_URING_SUITE_H
#define TENON_TESTS_URING_SUITE_H

#include <check.h>
#include <stddef.h>

struct uring_test {
	const TTest *const *test; /* START_TEST defines a pointer */
	int times;                /* _i from 0 to times - 1 */
};

/*
 * Run the tests by suite_run(), each behind set_up(), with a scratch folder. Where the transport is
 * left out of this run, or the kernel has no io_uring that it can work with, no test runs: the program
 * is skipped, and each test is counted as left out.
 * Returns: the exit status for main().
 */
int uring_suite_run(const char *name, const struct uring_test *tests, size_t count, SFun set_up);

#endif
