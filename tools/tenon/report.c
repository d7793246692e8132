/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cli.h"
#include "json.h"
#include "needs_meta.h"
#include "output.h"
#include "report.h"
#include "tenon/health.h"

void report(const char *format, ...)
{
	va_list args;
	char *text;
	char *clean;

	va_start(args, format);
	text = alloc_format_args(format, args);
	va_end(args);
	clean = output_clean(text, strlen(text));
	output_flush();
	fprintf(stderr, "tenon: %s\n", clean);
	free(clean);
	free(text);
}

int exit_worse(int a, int b)
{
	return a > b ? a : b;
}

int exit_status_of(int status)
{
	switch (status) {
	case TENON_MISS:
	case TENON_NOT_STORED:
	case TENON_EXISTS:
		return EXIT_ABSENT;
	case TENON_EINVAL:
	case TENON_EKEY:
	case TENON_ETOOBIG:
	case TENON_EDISABLED:
	case TENON_ECONFIG:
	case TENON_EPLUGIN:
	case TENON_EIO:
		return EXIT_USAGE;
	default:
		return status >= 0 ? EXIT_DONE : EXIT_SERVER;
	}
}

char *server_named(const char *alias, const char *address)
{
	return strcmp(alias, address) == 0
		       ? alloc_text(address)
		       : alloc_format("%s (%s)", alias, address);
}

char *result_reason(const struct app *app, const struct tenon_result *result)
{
	struct tenon_error err;
	size_t len;

	if (result->text) {
		return needs_meta_advise(app, alloc_text(result->text));
	}
	if (result->server == UINT32_MAX) {
		return NULL;
	}
	switch (result->status) {
	case TENON_ECONNECT:
	case TENON_ECLOSED:
	case TENON_EDOWN:
	case TENON_EPROTOCOL:
	case TENON_EWAIT:
	case TENON_ELOCAL:
	case TENON_ESECURE:
	case TENON_EAUTH:
		break;
	default:
		return NULL;
	}
	tenon_client_explain(app->client, NULL, result, &err);
	len = strlen(err.where);
	bool named = len > 0 && strncmp(err.message, err.where, len) == 0 &&
		     strncmp(err.message + len, ": ", 2) == 0;
	return needs_meta_advise(
		app, alloc_text(err.message + (named ? len + 2 : 0)));
}

char *error_text(const struct tenon_error *err)
{
	if (err->where[0] != '\0' && !strstr(err->message, err->where)) {
		return alloc_format("%s: %s", err->where, err->message);
	}
	return alloc_text(err->message);
}

int fail_error(struct app *app, const struct tenon_error *err)
{
	char *text = error_text(err);

	report("%s", text);
	free(text);
	if (app->options.json) {
		json_t *root = json_object();

		js_put(root, "error", js_error(err));
		js_print(root);
	}
	return exit_status_of(err->code);
}

int error_set(struct tenon_error *err, int code, const char *text)
{
	memset(err, 0, sizeof(*err));
	err->code = code;
	snprintf(err->message, sizeof(err->message), "%s", text);
	return code;
}

int fail(struct app *app, int code, const char *format, ...)
{
	struct tenon_error err;
	va_list args;
	char *text;

	va_start(args, format);
	text = alloc_format_args(format, args);
	va_end(args);
	error_set(&err, code, text);
	free(text);
	return fail_error(app, &err);
}

int fail_usage(struct app *app, const char *format, ...)
{
	const char *command = !app->command ? "" : app->command->name;
	va_list args;
	char *text;
	int status;

	va_start(args, format);
	text = alloc_format_args(format, args);
	va_end(args);
	status = fail(app, TENON_EINVAL, "%s (see tenon %s%s--help)", text,
		      command, *command == '\0' ? "" : " ");
	free(text);
	return status;
}
