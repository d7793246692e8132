/* SPDX-License-Identifier: BSD-3-Clause */
/* A client in a fuzz target, and what every result of it is. */
#ifndef TENON_TESTS_FUZZ_RIG_H
#define TENON_TESTS_FUZZ_RIG_H

#include "api/client.h"
#include "fuzz/fuzz.h"

/*
 * Open a client; NULL where a plugin that the config names is not there. The random
 * bytes that its plugins get are the same each time.
 */
struct tenon_client *fuzz_open(const char *config);

/* Begin the sequence of random bytes again. */
void fuzz_rewind_random(void);

/*
 * A result that says it has a value has one that can be read to its NUL, and any
 * other has none.
 */
void fuzz_check_value(const struct tenon_result *result);

#endif
