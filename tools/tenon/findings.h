/* SPDX-License-Identifier: BSD-3-Clause */
/* The findings of check: on stderr as they come, and for --json in arrays. */
#ifndef TENON_CLI_FINDINGS_H
#define TENON_CLI_FINDINGS_H

#include <jansson.h>
#include <stddef.h>

#include "tenon/tenon.h"

struct app;

struct findings {
	json_t *all;      /* every finding, in the order of the files */
	json_t *errors;   /* the errors among them, as js_error() makes them */
	json_t *warnings; /* texts: log lines, and the warnings among the findings */
	size_t error_count;
	size_t warning_count;
	int first_error; /* enum tenon_status of the first error */
};

/* "note", "warning" or "error", for an enum tenon_finding_severity. */
const char *severity_name(uint32_t severity);

/*
 * Check the config of app, and report every finding and every warning of the log on stderr. The
 * caller releases *out by findings_fini(), also after an error. Returns 0 when the search ended, or
 * a negative enum tenon_status.
 */
int findings_make(struct findings *out, const struct app *app,
		  struct tenon_error *err);

/* Put "errors" with the first one as "error" (only when there are any), "warnings", "findings". */
void findings_put(json_t *object, const struct findings *findings);

void findings_fini(struct findings *findings);

#endif
