/* SPDX-License-Identifier: BSD-3-Clause */
/* explain --failures: the table that says whose fault a failure is. */
#include "cli.h"
#include "json.h"
#include "output.h"
#include "report.h"
#include "tenon/introspect.h"

/* Widest lines, so that the text is easy to read on a wide terminal. */
#define COLUMNS 100

static const char *const titles[] = {
	[TENON_FAILURE_OURS] = "OURS: this process's or this host's",
	[TENON_FAILURE_CONNECTION] = "THIS CONNECTION'S",
	[TENON_FAILURE_SERVER] = "THE SERVER'S, for now",
	[TENON_FAILURE_REQUEST] = "THE REQUEST'S",
	[TENON_FAILURE_CONFIGURATION] =
		"THE CONFIGURATION'S: this config and this server do not fit",
};

static void print_row(const struct tenon_failure *row, size_t columns)
{
	output_text("  ");
	output_styled(STYLE_BOLD, row->name);
	output_newline();
	output_wrapped(STYLE_NONE, row->happens, columns, 4);
	output_wrapped(STYLE_DIM, row->follows, columns, 6);
}

static void print_kind(uint32_t kind, size_t columns)
{
	struct tenon_failure row;

	output_styled(STYLE_BOLD, titles[kind]);
	output_newline();
	for (size_t i = 0; tenon_failure_row(i, &row) == 0; i++) {
		if (row.kind == kind) {
			print_row(&row, columns);
		}
	}
}

static void print_json(void)
{
	json_t *array = json_array();
	struct tenon_failure row;

	for (size_t i = 0; tenon_failure_row(i, &row) == 0; i++) {
		json_t *object = json_object();

		js_put_text(object, "name", row.name);
		js_put_text(object, "kind",
			    tenon_failure_kind_name((int)row.kind));
		js_put_text(object, "happens", row.happens);
		js_put_text(object, "follows", row.follows);
		js_append(array, object);
	}
	js_print(array);
}

int run_failures(struct app *app)
{
	size_t columns = output_size().columns;

	if (app->options.json) {
		print_json();
		return EXIT_DONE;
	}
	for (uint32_t kind = 0; kind <= TENON_FAILURE_CONFIGURATION; kind++) {
		print_kind(kind, columns < COLUMNS ? columns : COLUMNS);
	}
	return EXIT_DONE;
}
