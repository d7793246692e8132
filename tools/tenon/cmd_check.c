/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check: what is wrong or doubtful in a config, or the servers, plugins and settings that result from
 * the config. Connects to no server without --online.
 */
#include <stdbool.h>
#include <string.h>

#include "cli.h"
#include "findings.h"
#include "json.h"
#include "online.h"
#include "output.h"
#include "report.h"
#include "setup.h"
#include "shares.h"
#include "sheltered.h"
#include "tenon/introspect.h"

/* ---- text --------------------------------------------------------------- */

static void add_setting(const struct tenon_setting_info *info, void *payload)
{
	struct table *table = payload;

	/* a name with dots is an option of the plugin above it */
	table_add(table, strchr(info->name, '.') ? STYLE_NONE : STYLE_BOLD,
		  "%s", info->name);
	table_add(table, STYLE_NONE, "%s",
		  info->value[0] == '\0' ? "\"\"" : info->value);
	if (info->kind[0] != '\0' && info->origin[0] == '\0' &&
	    strcmp(info->value, "none") != 0) {
		table_add(table, STYLE_BAD, "not found");
	} else {
		table_add(table, STYLE_DIM, "%s%s%s", info->version,
			  info->origin[0] == '\0' ? "" : ", ", info->origin);
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

static void check_text(const struct app *app)
{
	struct table settings = { .columns = 3, .wraps = 1u << 1 | 1u << 2 };

	output_format("%s: ", setup_source(app));
	output_styled(STYLE_GOOD, "ok");
	output_text("\n\n");
	print_servers(app);
	output_text("\n");
	tenon_config_each_setting(app->config, add_setting, &settings);
	table_print(&settings, 2);
	output_text("\n");
	shares_print(app);
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

static void check_json(const struct app *app, const struct findings *findings)
{
	json_t *root = json_object();
	json_t *settings = json_array();

	js_put_text(root, "file", app->config_path);
	js_put(root, "servers", json_servers(app));
	tenon_config_each_setting(app->config, add_setting_json, settings);
	js_put(root, "settings", settings);
	js_put(root, "shares", shares_json(app));
	findings_put(root, findings);
	js_print(root);
}

/* ---- checking ------------------------------------------------------------ */

/* Print what follows from a config that has no errors. Returns enum exit_status. */
static int print_result(struct app *app, const struct findings *findings)
{
	int status;

	sheltered_loads();
	status = setup_open(app);
	sheltered_loaded();
	if (status != EXIT_DONE) {
		return status;
	}
	if (app->options.online) {
		return online_run(app, findings);
	}
	if (app->options.json) {
		check_json(app, findings);
	} else {
		check_text(app);
	}
	return findings->warning_count > 0 ? EXIT_WARNINGS : EXIT_DONE;
}

static int print_errors(const struct app *app, const struct findings *findings)
{
	if (app->options.json) {
		json_t *root = json_object();

		findings_put(root, findings);
		js_print(root);
	}
	return exit_status_of(findings->first_error);
}

static int check(struct app *app)
{
	struct findings findings;
	struct tenon_error err;
	int status;
	int code = 0;

	sheltered_loads();
	status = setup_all(app);
	if (status == EXIT_DONE) {
		code = findings_make(&findings, app, &err);
	}
	sheltered_loaded();
	if (status != EXIT_DONE) {
		return status;
	}
	if (code) {
		status = fail_error(app, &err);
	} else if (findings.error_count > 0) {
		status = print_errors(app, &findings);
	} else {
		status = print_result(app, &findings);
	}
	findings_fini(&findings);
	return status;
}

/* A plugin that crashes, hangs or calls exit() must not end the check without a sentence. */
int run_check(struct app *app)
{
	return sheltered_run(app, check);
}
