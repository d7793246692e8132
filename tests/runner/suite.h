/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of every test program's main(). */
#ifndef TENON_TESTS_SUITE_H
#define TENON_TESTS_SUITE_H

#include <check.h>
#include <stdbool.h>

/*
 * Run the suite and report in TAP on standard output. Each test runs in a process of
 * its own unless CK_FORK=no is in the environment.
 * Owns:    frees suite.
 * Returns: the exit status for main(). It is 0 also when tests failed, because each of
 *          them has printed "not ok" already.
 */
int suite_run(Suite *suite);

/* Like suite_run(), for tests that each need a new process, also with CK_FORK=no. */
int suite_run_forked(Suite *suite);

/* The number of tests of the last run, and of those that failed. */
extern int suite_run_count;
extern int suite_failed_count;

/* Return true when this build has the codecs zlib and split. */
bool suite_has_codecs(void);

/*
 * Add a loop test (_i from 0 to count - 1) that needs zlib and split. In a build
 * without them the test is left out and tests/runner/count.sh counts it as left out.
 */
void suite_add_codec_test(TCase *tcase, const TTest *test, int count);

#endif
