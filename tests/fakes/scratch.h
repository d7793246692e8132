/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A folder for the sockets and files of one test program. It is removed when the
 * program ends.
 */
#ifndef TENON_TESTS_FAKES_SCRATCH_H
#define TENON_TESTS_FAKES_SCRATCH_H

#include <stddef.h>

/*
 * Make the folder. Call this first in main(): the folder belongs to the process that
 * calls it, and that process has to outlive every test.
 */
void scratch_begin(void);

/* Write a new path in the folder: no file of that name exists yet. */
void scratch_path(char *out, size_t bytes);

/* Make a new, empty folder in the folder, and write its path. */
void scratch_folder(char *out, size_t bytes);

#endif
