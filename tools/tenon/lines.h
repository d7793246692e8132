/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading keys from a file or from standard input, one on each line, in little memory. */
#ifndef TENON_CLI_LINES_H
#define TENON_CLI_LINES_H

#include <stddef.h>

/* Receives one line without its newline. The bytes are valid during the call only. */
typedef void (*line_fn)(void *payload, const void *line, size_t len);

/*
 * Read fd to its end, and call take for each line. A line that is far longer than a key is cut.
 * Returns 0, or errno.
 */
int lines_read(int fd, line_fn take, void *payload);

#endif
