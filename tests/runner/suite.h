/* SPDX-License-Identifier: BSD-3-Clause */
/* What every test program's main() ends in. */
#ifndef TENON_TESTS_SUITE_H
#define TENON_TESTS_SUITE_H

#include <check.h>
#include <stdbool.h>

/*
 * Run the suite and report in TAP on standard output. Each test runs in a
 * process of its own unless CK_FORK=no is in the environment.
 * Owns:    suite is freed.
 * Returns: what main() returns: 0 also when tests failed, since each has said
 *          "not ok" already.
 */
int suite_run(Suite *suite);

/* How many tests of the last run failed. */
extern int suite_failed_count;

/* Does this build have the codecs zlib and split? */
bool suite_has_codecs(void);

/*
 * Add a loop test, _i from 0 to count - 1, that needs them. Without them it is left
 * out, which tests/runner/count.sh counts.
 */
void suite_add_codec_test(TCase *tcase, const TTest *test, int count);

#endif
