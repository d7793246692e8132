/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors: one line on stderr and, with --json, an object on stdout. */
#ifndef TENON_CLI_REPORT_H
#define TENON_CLI_REPORT_H

#include "tenon/tenon.h"

struct app;

/* Flush stdout, then print "tenon: " and one line on stderr. Control bytes become \xNN. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Return the enum exit_status for an enum tenon_status. */
int exit_status_of(int status);

/* Return the greater of two exit statuses. */
int exit_worse(int a, int b);

/*
 * A server as messages name it, like the library's: "alias (address)", or the address alone for a server
 * without an alias of its own. The caller frees the text.
 */
char *server_named(const char *alias, const char *address);

/*
 * Why a key or a server of the last operation has no answer: the text of the server or of a codec, or
 * the library's sentence without the server's name. Returns NULL when the status has no more to
 * tell. The caller frees the text.
 */
char *result_reason(const struct app *app, const struct tenon_result *result);

/* The error as one sentence, which names the file or the server. The caller frees the text. */
char *error_text(const struct tenon_error *err);

/* Fill an error with a code and one sentence. Returns code. */
int error_set(struct tenon_error *err, int code, const char *text);

/*
 * Report why a command cannot go on, on stderr and with --json also as an object. Returns the
 * exit status that the command has to return. code is a negative enum tenon_status.
 */
int fail(struct app *app, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int fail_error(struct app *app, const struct tenon_error *err);

/* Report a wrong command line, with a hint to --help. Returns EXIT_USAGE. */
int fail_usage(struct app *app, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
