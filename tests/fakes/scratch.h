/* SPDX-License-Identifier: BSD-3-Clause */
/* A folder for the sockets of one test program, gone when the program ends. */
#ifndef TENON_TESTS_FAKES_SCRATCH_H
#define TENON_TESTS_FAKES_SCRATCH_H

#include <stddef.h>

/*
 * Make the folder. Call it first thing in main(), so that the folder belongs to
 * the process that outlives every test.
 */
void scratch_begin(void);

/* Write the path of a file in it that does not exist yet. */
void scratch_path(char *out, size_t bytes);

#endif
