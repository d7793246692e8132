/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins: the list of plugins, and the options of one. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cli.h"
#include "json.h"
#include "output.h"
#include "report.h"
#include "setup.h"
#include "tenon/introspect.h"

struct listing {
	const struct app *app;
	const char *wanted; /* a name, or NULL for all plugins */
	size_t shown;
	char *nearest; /* the name most like wanted, for "did you mean" */
	size_t nearest_distance;
	struct table table;
	json_t *array;
};

static bool is_wanted(const struct listing *listing, const char *name)
{
	return !listing->wanted || strcmp(listing->wanted, name) == 0;
}

/* ---- text --------------------------------------------------------------- */

static void add_row(struct table *table, const struct tenon_plugin_info *info)
{
	table_add(table, STYLE_NONE, "%s", info->kind);
	table_add(table, STYLE_BOLD, "%s", info->name);
	table_add(table, STYLE_NONE, "%s",
		  info->version[0] == '\0' ? "-" : info->version);
	table_add(table, STYLE_DIM, "%s", info->origin);
	if (info->problem[0] != '\0') {
		table_add(table, STYLE_BAD, "cannot be used: %s", info->problem);
	} else {
		table_add(table, STYLE_NONE, "%s", info->summary);
	}
}

static const char *or_dash(const char *text)
{
	return text[0] == '\0' ? "-" : text;
}

static void add_option(struct table *table, const struct tenon_option_info *row)
{
	bool is_empty_string = strcmp(row->type, "string") == 0 &&
			       row->default_text[0] == '\0';

	table_add(table, STYLE_BOLD, "%s", row->name);
	table_add(table, STYLE_NONE, "%s", row->type);
	table_add(table, STYLE_NONE, "%s",
		  is_empty_string ? "\"\"" : or_dash(row->default_text));
	table_add(table, STYLE_NONE, "%s",
		  or_dash(row->choices[0] == '\0' ? row->range : row->choices));
	table_add(table, STYLE_NONE, "%s", or_dash(row->bare_unit));
	table_add(table, STYLE_NONE, "%s", row->help);
}

/* All options of a type have the same units, so one line lists them. */
static void print_units(const struct tenon_plugin_info *info, const char *type)
{
	for (size_t i = 0; i < info->option_count; i++) {
		if (strcmp(info->options[i].type, type) == 0) {
			output_format("  A %s has a unit: %s.\n", type,
				      info->options[i].units);
			return;
		}
	}
}

static void print_options(const struct tenon_plugin_info *info)
{
	static const char *const titles[] = { "OPTION", "TYPE", "DEFAULT",
					      "RANGE",	"BARE", "MEANING" };
	/* DEFAULT, RANGE and MEANING */
	struct table table = { .columns = 6, .wraps = 1u << 2 | 1u << 3 | 1u << 5 };
	bool has_bare = false;

	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
		table_add(&table, STYLE_DIM, "%s", titles[i]);
	}
	for (size_t i = 0; i < info->option_count; i++) {
		add_option(&table, &info->options[i]);
		has_bare = has_bare || info->options[i].bare_unit[0] != '\0';
	}
	output_text("\n");
	table_print(&table, 2);
	output_text("\n");
	print_units(info, "duration");
	print_units(info, "size");
	if (has_bare) {
		output_text("  BARE is the unit of a number that is written without one.\n");
	}
}

static void describe(const struct tenon_plugin_info *info)
{
	output_styled(STYLE_BOLD, info->name);
	if (strcmp(info->kind, info->name) != 0) {
		output_format(": %s plugin", info->kind);
	}
	output_format(" %s, %s\n", info->version, info->origin);
	if (info->problem[0] != '\0') {
		output_styled(STYLE_BAD, "  cannot be used: ");
		output_format("%s\n", info->problem);
		return;
	}
	output_wrapped(STYLE_NONE, info->summary, output_size().columns, 2);
	if (info->option_count == 0) {
		output_text("  no options\n");
	} else {
		print_options(info);
	}
}

/* ---- JSON --------------------------------------------------------------- */

static json_t *json_option(const struct tenon_option_info *row)
{
	json_t *object = json_object();

	js_put_text(object, "name", row->name);
	js_put_text(object, "type", row->type);
	js_put_text(object, "default", row->default_text);
	js_put_text(object, "range", row->range);
	js_put_text(object, "choices", row->choices);
	js_put_text(object, "units", row->units);
	js_put_text(object, "bare_unit", row->bare_unit);
	js_put_text(object, "help", row->help);
	return object;
}

static json_t *json_plugin(const struct tenon_plugin_info *info)
{
	json_t *object = json_object();
	json_t *options = json_array();

	js_put_text(object, "kind", info->kind);
	js_put_text(object, "name", info->name);
	js_put_text(object, "version", info->version);
	js_put_text(object, "origin", info->origin);
	js_put_text(object, "summary", info->summary);
	if (info->problem[0] != '\0') {
		js_put_text(object, "problem", info->problem);
	}
	for (size_t i = 0; i < info->option_count; i++) {
		js_append(options, json_option(&info->options[i]));
	}
	js_put(object, "options", options);
	return object;
}

/* ---- all of them -------------------------------------------------------- */

static void feed_nearest(struct listing *listing, const char *name)
{
	struct nearest nearest = { listing->nearest,
				   listing->nearest_distance };

	nearest_feed(&nearest, listing->wanted, name);
	if (nearest.name != listing->nearest) {
		free(listing->nearest);
		listing->nearest = alloc_text(name);
		listing->nearest_distance = nearest.distance;
	}
}

static void each(const struct tenon_plugin_info *info, void *payload)
{
	struct listing *listing = payload;
	const struct options *options = &listing->app->options;

	if (!is_wanted(listing, info->name)) {
		feed_nearest(listing, info->name);
		return;
	}
	if (options->json) {
		js_append(listing->array, json_plugin(info));
	} else if (options->names) {
		output_format("%s\n", info->name);
	} else if (!listing->wanted) {
		add_row(&listing->table, info);
	} else {
		output_text(listing->shown > 0 ? "\n" : "");
		describe(info);
	}
	listing->shown++;
}

/*
 * Make the config, so that plugins that the config loads are listed too. When a config
 * that the user did not name is wrong, the command goes on without it: the list of
 * plugins and options helps to mend it.
 */
static int make_config(struct app *app)
{
	const struct options *options = &app->options;
	struct tenon_error err;
	char *text;

	if (setup_try(app, &err) == 0) {
		return EXIT_DONE;
	}
	if (options->config_path || options->setting_count > 0 ||
	    options->servers) {
		return fail_error(app, &err);
	}
	if (!options->names) {
		text = error_text(&err);
		report("config not used: %s", text);
		free(text);
	}
	setup_fini(app);
	if (tenon_config_create(&app->config, &err) != 0) {
		return fail_error(app, &err);
	}
	return EXIT_DONE;
}

int run_plugins(struct app *app)
{
	struct listing listing = { .app = app, .table = { .columns = 5,
						    .wraps = 1u << 3 | 1u << 4 } };
	struct tenon_error err;
	int status;

	if (app->options.new_kind) {
		return run_plugins_new(app);
	}
	if (app->operand_count > 0 && strcmp(app->operands[0], "rings") == 0) {
		return run_rings(app);
	}
	if (app->operand_count > 1) {
		return fail_usage(app, "plugins takes one name, found also '%s'",
				  app->operands[1]);
	}
	status = make_config(app);
	if (status != EXIT_DONE) {
		return status;
	}
	listing.wanted = app->operand_count > 0 ? app->operands[0] : NULL;
	listing.array = json_array();
	if (listing.wanted) {
		feed_nearest(&listing, "rings");
	}
	if (tenon_config_each_plugin(app->config, each, &listing, &err) != 0) {
		status = fail_error(app, &err);
	} else if (listing.shown == 0 && listing.nearest) {
		status = fail(app, TENON_EINVAL,
			      "no plugin '%s', did you mean '%s'?",
			      listing.wanted, listing.nearest);
	} else if (listing.shown == 0) {
		status = fail(app, TENON_EINVAL,
			      "no plugin '%s'; 'tenon plugins' lists them",
			      listing.wanted);
	} else if (app->options.json) {
		js_print(json_incref(listing.array));
	} else {
		table_print(&listing.table, 0);
	}
	json_decref(listing.array);
	free(listing.nearest);
	return status;
}
