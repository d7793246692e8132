/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first use of a plugin, in a process of its own: a plugin that crashes, hangs or calls exit()
 * when it is loaded ends that process only.
 */
#ifndef TENON_TESTS_TRIAL_H
#define TENON_TESTS_TRIAL_H

#include <stdint.h>

/* Exit statuses of tenon-conformance. */
enum { TRIAL_FAILED = 1, TRIAL_USAGE = 2 };

/*
 * Load the plugin in this file, take the options of the environment, and make an instance in a
 * client. *kind becomes the plugin's kind.
 * Returns: 0, or the program's exit status after a message. A crash, a hang or a call of
 *          exit() is a test that failed, reported in TAP.
 */
int trial_run(const char *path, uint32_t *kind);

#endif
