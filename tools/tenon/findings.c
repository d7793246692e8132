/* SPDX-License-Identifier: BSD-3-Clause */
#include "findings.h"

#include <stdlib.h>

#include "alloc.h"
#include "cli.h"
#include "json.h"
#include "report.h"
#include "tenon/introspect.h"

const char *severity_name(uint32_t severity)
{
	static const char *const names[] = { "note", "warning", "error" };

	return names[severity];
}

static json_t *json_finding(const struct tenon_finding *finding)
{
	json_t *object = json_object();

	js_put_text(object, "name", finding->name);
	js_put_text(object, "severity", severity_name(finding->severity));
	if (finding->where[0] != '\0') {
		js_put_text(object, "file", finding->where);
	}
	if (finding->line != 0) {
		js_put(object, "line", json_integer(finding->line));
		js_put(object, "column", json_integer(finding->column));
	}
	js_put_text(object, "text", finding->text);
	if (finding->advice[0] != '\0') {
		js_put_text(object, "advice", finding->advice);
	}
	return object;
}

static void add_error(struct findings *findings,
		      const struct tenon_finding *finding)
{
	char *text = error_text(finding->error);

	report("%s", text);
	free(text);
	if (findings->error_count++ == 0) {
		findings->first_error = finding->error->code;
	}
	js_append(findings->errors, js_error(finding->error));
}

static void report_finding(const struct tenon_finding *finding)
{
	char *place = finding->line == 0 ?
			      alloc_text("") :
			      alloc_format("%s:%u:%u: ", finding->where,
					   (unsigned)finding->line,
					   (unsigned)finding->column);

	report("%s%s: %s; way out: %s [%s]", place, severity_name(finding->severity),
	       finding->text, finding->advice, finding->name);
	free(place);
}

static void add_finding(const struct tenon_finding *finding, void *payload)
{
	struct findings *findings = payload;

	js_append(findings->all, json_finding(finding));
	if (finding->severity == TENON_FINDING_ERROR) {
		add_error(findings, finding);
		return;
	}
	report_finding(finding);
	if (finding->severity == TENON_FINDING_WARNING) {
		findings->warning_count++;
		js_append(findings->warnings, json_string(finding->text));
	}
}

/* Log lines of the library from the time when it put the client together. */
static void add_log_line(void *payload, int level, const char *line)
{
	struct findings *findings = payload;

	if (level <= TENON_LOG_WARNING) {
		report("warning: %s", line);
		findings->warning_count++;
		js_append(findings->warnings, json_string(line));
	}
}

int findings_make(struct findings *out, const struct app *app,
		  struct tenon_error *err)
{
	int code;

	*out = (struct findings){ .all = json_array(),
				  .errors = json_array(),
				  .warnings = json_array() };
	tenon_config_set_log(app->config, add_log_line, out);
	code = tenon_config_each_finding(app->config, add_finding, out, err);
	tenon_config_set_log(app->config, NULL, NULL); /* each line once */
	if (out->error_count == TENON_PROBLEM_MAX_COUNT) {
		report("there may be more errors: the check ends after %d",
		       TENON_PROBLEM_MAX_COUNT);
	}
	return code;
}

void findings_put(json_t *object, const struct findings *findings)
{
	if (findings->error_count > 0) {
		js_put(object, "error",
		       json_incref(json_array_get(findings->errors, 0)));
		js_put(object, "errors", json_incref(findings->errors));
	}
	js_put(object, "warnings", json_incref(findings->warnings));
	js_put(object, "findings", json_incref(findings->all));
}

void findings_fini(struct findings *findings)
{
	json_decref(findings->all);
	json_decref(findings->errors);
	json_decref(findings->warnings);
}
