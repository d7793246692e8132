/* SPDX-License-Identifier: BSD-3-Clause */
/* Saying what went wrong: one line on stderr, with --json an object on stdout. */
#ifndef TENON_CLI_REPORT_H
#define TENON_CLI_REPORT_H

#include "tenon/tenon.h"

struct app;

/* Print "tenon: " and one line on stderr, after what stdout got so far. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The exit status (enum exit_status) for an enum tenon_status. */
int exit_status_of(int status);

/* The worse of two exit statuses. */
int exit_worse(int a, int b);

/*
 * Why a key or a server has no answer, in few words: the server's, a codec's, or
 * those of the server's last error. For the caller to free; NULL where the status
 * says all there is.
 */
char *result_reason(const struct app *app, const struct tenon_result *result);

/* The error as one sentence that names its place. For the caller to free. */
char *error_text(const struct tenon_error *err);

/*
 * End a command that cannot go on: print the reason in both forms and return
 * its exit status. code is a negative enum tenon_status.
 */
int fail(struct app *app, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int fail_error(struct app *app, const struct tenon_error *err);

/* The same for a wrong command line: points at --help. */
int fail_usage(struct app *app, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
