/* SPDX-License-Identifier: BSD-3-Clause */
/* A client in a fuzz target, and the checks of its results. */
#ifndef TENON_TESTS_FUZZ_RIG_H
#define TENON_TESTS_FUZZ_RIG_H

#include "api/client.h"
#include "fuzz/fuzz.h"

/*
 * Open a client. Returns NULL when a plugin that the config names does not exist. The
 * plugins get the same random bytes in every run.
 */
struct tenon_client *fuzz_open(const char *config);

/* Start the sequence of random bytes from its beginning. */
void fuzz_rewind_random(void);

/*
 * Check a value: a result with a value can be read to the NUL behind the value, and any
 * other result has no value.
 */
void fuzz_check_value(const struct tenon_result *result);

#endif
