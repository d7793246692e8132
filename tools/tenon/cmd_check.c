/* SPDX-License-Identifier: BSD-3-Clause */
/* check: the servers, plugins and settings that result from a config. Connects to no server. */
#include <stdbool.h>
#include <stdlib.h>

#include "alloc.h"
#include "cli.h"
#include "json.h"
#include "output.h"
#include "report.h"
#include "setup.h"
#include "tenon/introspect.h"

/* Log lines of the library from the time when it put the client together. */
struct warnings {
	char **lines;
	size_t count;
};

static void keep_warning(void *payload, int level, const char *line)
{
	struct warnings *warnings = payload;

	if (level > TENON_LOG_WARNING) {
		return;
	}
	warnings->lines = alloc_resize(warnings->lines, warnings->count + 1,
				       sizeof(*warnings->lines));
	warnings->lines[warnings->count++] = alloc_text(line);
}

static void report_warnings(const struct warnings *warnings)
{
	for (size_t i = 0; i < warnings->count; i++) {
		report("warning: %s", warnings->lines[i]);
	}
}

static json_t *json_warnings(const struct warnings *warnings)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < warnings->count; i++) {
		js_append(lines, json_string(warnings->lines[i]));
	}
	return lines;
}

static void warnings_fini(struct warnings *warnings)
{
	for (size_t i = 0; i < warnings->count; i++) {
		free(warnings->lines[i]);
	}
	free(warnings->lines);
}

/* ---- text --------------------------------------------------------------- */

static void add_setting(const struct tenon_setting_info *info, void *payload)
{
	struct table *table = payload;

	table_add(table, STYLE_BOLD, "%s", info->name);
	table_add(table, STYLE_NONE, "%s",
		  info->value[0] == '\0' ? "\"\"" : info->value);
	if (info->kind[0] != '\0' && info->origin[0] == '\0') {
		table_add(table, STYLE_BAD, "not found");
	} else {
		table_add(table, STYLE_DIM, "%s%s%s", info->version,
			  info->kind[0] == '\0' ? "" : ", ", info->origin);
	}
}

/* Return true when the config has spare servers. They are at the end of the list of servers. */
static bool has_spares(const struct app *app)
{
	struct tenon_server_info info;

	tenon_client_server(app->client,
			    tenon_client_server_count(app->client) - 1, &info);
	return info.pool[0] != '\0';
}

static void print_servers(const struct app *app)
{
	static const char *const titles[] = { "SERVER", "ADDRESS", "WEIGHT",
					      "POOL" };
	struct table table = { .columns = has_spares(app) ? 4 : 3,
			       .right = 1u << 2 };
	size_t count = tenon_client_server_count(app->client);

	for (size_t i = 0; i < table.columns; i++) {
		table_add(&table, STYLE_DIM, "%s", titles[i]);
	}
	for (size_t i = 0; i < count; i++) {
		struct tenon_server_info info;

		tenon_client_server(app->client, i, &info);
		table_add(&table, STYLE_BOLD, "%s", info.alias);
		table_add(&table, STYLE_NONE, "%s", info.address);
		table_add(&table, STYLE_NONE, "%u", (unsigned)info.weight);
		if (table.columns > 3) {
			table_add(&table, STYLE_NONE, "%s", info.pool);
		}
	}
	table_print(&table, 2);
}

static void check_text(const struct app *app, const struct warnings *warnings)
{
	struct table settings = { .columns = 3 };

	output_format("%s: ",
		      app->config_path ? app->config_path : "no config file");
	output_styled(STYLE_GOOD, "ok");
	output_text("\n\n");
	print_servers(app);
	output_text("\n");
	tenon_config_each_setting(app->config, add_setting, &settings);
	table_print(&settings, 2);
	report_warnings(warnings);
}

/* ---- JSON --------------------------------------------------------------- */

static void add_setting_json(const struct tenon_setting_info *info,
			     void *payload)
{
	json_t *array = payload;
	json_t *object = json_object();

	js_put_text(object, "name", info->name);
	js_put_text(object, "value", info->value);
	if (info->kind[0] != '\0') {
		js_put_text(object, "kind", info->kind);
		js_put_text(object, "version", info->version);
		js_put_text(object, "origin", info->origin);
	}
	js_append(array, object);
}

static json_t *json_servers(const struct app *app)
{
	size_t count = tenon_client_server_count(app->client);
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		struct tenon_server_info info;
		json_t *object = json_object();

		tenon_client_server(app->client, i, &info);
		js_put_server(object, app->client, i);
		js_put_u64(object, "weight", info.weight);
		if (info.pool[0] != '\0') {
			js_put_text(object, "pool", info.pool);
		}
		js_append(array, object);
	}
	return array;
}

static void check_json(const struct app *app, const struct warnings *warnings)
{
	json_t *root = json_object();
	json_t *settings = json_array();

	js_put_text(root, "file", app->config_path);
	js_put(root, "servers", json_servers(app));
	tenon_config_each_setting(app->config, add_setting_json, settings);
	js_put(root, "settings", settings);
	js_put(root, "warnings", json_warnings(warnings));
	js_print(root);
}

/* ---- problems ----------------------------------------------------------- */

/* The errors of a config, on stderr and for --json in an array. */
struct problems {
	size_t count;
	json_t *array;
	json_t *first;
};

static void add_problem(const struct tenon_error *problem, void *payload)
{
	struct problems *problems = payload;
	char *text = error_text(problem);

	report("%s", text);
	free(text);
	js_append(problems->array, js_error(problem));
	if (problems->count++ == 0) {
		problems->first = js_error(problem);
	}
}

/* End a check that has found errors. */
static void end_problems(const struct app *app, struct problems *problems,
			 const struct warnings *warnings)
{
	json_t *root = json_object();

	if (problems->count == TENON_PROBLEM_MAX_COUNT) {
		report("there may be more errors: the check ends after %d",
		       TENON_PROBLEM_MAX_COUNT);
	}
	report_warnings(warnings);
	js_put(root, "error", problems->first);
	js_put(root, "errors", problems->array);
	js_put(root, "warnings", json_warnings(warnings));
	if (app->options.json) {
		js_print(root);
	} else {
		json_decref(root);
	}
}

/* Report every error of the config. Returns enum exit_status. */
static int check_all(struct app *app, struct warnings *warnings)
{
	struct problems problems = { .array = json_array() };
	struct tenon_error err;
	int code;

	tenon_config_set_log(app->config, keep_warning, warnings);
	code = tenon_config_each_problem(app->config, add_problem, &problems,
					 &err);
	tenon_config_set_log(app->config, NULL, NULL); /* each warning once */
	if (problems.count > 0) {
		end_problems(app, &problems, warnings);
		return exit_status_of(code);
	}
	json_decref(problems.array);
	return code == 0 ? EXIT_DONE : fail_error(app, &err);
}

int run_check(struct app *app)
{
	struct warnings warnings = { 0 };
	int status = setup_all(app);

	if (status == EXIT_DONE) {
		status = check_all(app, &warnings);
	}
	if (status == EXIT_DONE) {
		status = setup_open(app);
		if (status == EXIT_DONE) {
			(app->options.json ? check_json : check_text)(
				app, &warnings);
		}
	}
	warnings_fini(&warnings);
	return status;
}
