/* SPDX-License-Identifier: BSD-3-Clause */
/* A value to store, from a file or standard input. */
#ifndef TENON_CLI_VALUE_INPUT_H
#define TENON_CLI_VALUE_INPUT_H

#include <stddef.h>

struct app;

struct value {
	char *data; /* for free() */
	size_t len;
};

/*
 * Read a whole file; NULL or "-" is standard input. *value begins zeroed. Returns enum exit_status,
 * after a report when it is not EXIT_DONE.
 */
int value_read(struct app *app, const char *path, struct value *value);

#endif
