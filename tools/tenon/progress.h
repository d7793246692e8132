/* SPDX-License-Identifier: BSD-3-Clause */
/* The progress of long work: one line on stderr, written again and again, when stderr is a terminal. */
#ifndef TENON_CLI_PROGRESS_H
#define TENON_CLI_PROGRESS_H

/* Show a line in place of the last one. Threads: any. */
void progress_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Erase the line, if there is one. Threads: one, when no other shows lines. */
void progress_end(void);

#endif
