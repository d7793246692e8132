/* SPDX-License-Identifier: BSD-3-Clause */
/* plugins rings: the rings that the config's key `ring` can choose. */
#include <string.h>

#include "cli.h"
#include "json.h"
#include "output.h"
#include "report.h"
#include "tenon/introspect.h"
#include "yaml_json.h"

static void print_list(void)
{
	struct table table = { .columns = 2, .wraps = 1u << 1 };
	struct tenon_ring row;

	table_add(&table, STYLE_DIM, "RING");
	table_add(&table, STYLE_DIM, "WHOSE");
	for (size_t i = 0; tenon_ring_row(i, &row) == 0; i++) {
		table_add(&table, STYLE_BOLD, "%s", row.name);
		table_add(&table, STYLE_NONE, "%s%s", row.whose,
			  i == 0 ? " (default)" : "");
	}
	table_print(&table, 0);
}

static void print_names(void)
{
	struct tenon_ring row;

	for (size_t i = 0; tenon_ring_row(i, &row) == 0; i++) {
		output_format("%s\n", row.name);
	}
}

static json_t *ring_json(const struct tenon_ring *row)
{
	json_t *object = json_object();

	js_put_text(object, "name", row->name);
	js_put_text(object, "whose", row->whose);
	js_put(object, "keys", yaml_json(row->keys));
	return object;
}

static void print_json(void)
{
	json_t *array = json_array();
	struct tenon_ring row;

	for (size_t i = 0; tenon_ring_row(i, &row) == 0; i++) {
		js_append(array, ring_json(&row));
	}
	js_print(array);
}

/* Print one ring: the keys that a config without `ring` would need for it. */
static int print_ring(struct app *app, const char *name)
{
	struct nearest nearest = { NULL, 0 };
	struct tenon_ring row;

	for (size_t i = 0; tenon_ring_row(i, &row) == 0; i++) {
		nearest_feed(&nearest, name, row.name);
		if (strcmp(row.name, name) != 0) {
			continue;
		}
		if (app->options.json) {
			js_print(ring_json(&row));
			return EXIT_DONE;
		}
		output_styled(STYLE_BOLD, row.name);
		output_format(": %s\n%s", row.whose, row.keys);
		return EXIT_DONE;
	}
	return nearest.name ?
		       fail(app, TENON_EINVAL, "no ring '%s', did you mean '%s'?",
			    name, nearest.name) :
		       fail(app, TENON_EINVAL,
			    "no ring '%s'; 'tenon plugins rings' lists them",
			    name);
}

int run_rings(struct app *app)
{
	if (app->operand_count > 1) {
		return print_ring(app, app->operands[1]);
	}
	if (app->options.json) {
		print_json();
	} else if (app->options.names) {
		print_names();
	} else {
		print_list();
	}
	return EXIT_DONE;
}
