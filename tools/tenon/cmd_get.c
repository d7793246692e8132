/* SPDX-License-Identifier: BSD-3-Clause */
/* get and gat. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "items.h"
#include "output.h"
#include "report.h"

static bool needs_header(const struct app *app)
{
	return app->operand_count > 1 || app->options.with_cas;
}

/* --output - is standard output, also when that is a terminal and the value is no text. */
static bool is_output_stdout(const struct app *app)
{
	return app->options.output_path &&
	       strcmp(app->options.output_path, "-") == 0;
}

static bool is_output_file(const struct app *app)
{
	return app->options.output_path && !is_output_stdout(app);
}

/* Warn in place of printing a value that would control the terminal, as curl does. */
static int refuse_binary(const struct tenon_item *item,
			 const struct tenon_result *result)
{
	char *label = output_label(item->key.data, item->key.len);

	report("%s: the value of %zu bytes is not text and could control the terminal; give --output FILE, or '--output -' to print it all the same",
	       label, result->value_len);
	free(label);
	return EXIT_USAGE;
}

/* Print the header "VALUE key flags bytes[ cas]", as memcached writes it. */
static void show_header(const struct app *app, const struct tenon_item *item,
			const struct tenon_result *result)
{
	output_text("VALUE ");
	output_shown(item->key.data, item->key.len);
	output_format(" %" PRIu32 " %zu", result->flags, result->value_len);
	if (app->options.with_cas) {
		output_format(" %" PRIu64, result->cas);
	}
	output_text("\n");
}

/* Print the header, when the command line asks for one, and the value. */
static int show_value(const struct app *app, const struct tenon_item *item,
		      const struct tenon_result *result)
{
	if (needs_header(app)) {
		show_header(app, item, result);
	}
	if (is_output_file(app)) {
		return EXIT_DONE;
	}
	if (output_is_terminal() && !is_output_stdout(app) &&
	    !output_is_text(result->value, result->value_len)) {
		return refuse_binary(item, result);
	}
	output_write(result->value, result->value_len);
	if (needs_header(app) || output_is_terminal()) {
		output_text("\n");
	}
	return EXIT_DONE;
}

/* Write the value to the file of --output. Only a hit comes here, so a miss changes no file. */
static int write_file(const char *path, const struct tenon_result *result)
{
	FILE *file = fopen(path, "wb");
	bool written = file && fwrite(result->value, 1, result->value_len,
				      file) == result->value_len;
	int reason = errno;

	if (file && fclose(file) != 0 && written) {
		reason = errno;
		written = false;
	}
	if (!written) {
		report("%s: %s", path, strerror(reason));
		return EXIT_SERVER;
	}
	return EXIT_DONE;
}

static int show(struct app *app, const struct tenon_item *item,
		const struct tenon_result *result)
{
	int status = show_value(app, item, result);

	return is_output_file(app) ?
		       write_file(app->options.output_path, result) : status;
}

static int add_json(struct app *app, json_t *object,
		    const struct tenon_result *result)
{
	js_put(object, "flags", json_integer(result->flags));
	js_put_u64(object, "bytes", result->value_len);
	if (app->options.with_cas) {
		js_put_u64(object, "cas", result->cas);
	}
	if (is_output_file(app)) {
		return write_file(app->options.output_path, result);
	}
	js_put_bytes(object, "value", result->value, result->value_len);
	return EXIT_DONE;
}

int run_get(struct app *app)
{
	bool touches = app->command->verb == TENON_GAT;
	struct items_call call = { .count = app->operand_count,
				   .show = show,
				   .add_json = add_json };
	int status = items_check_expiry(app, touches);

	if (status != EXIT_DONE) {
		return status;
	}
	if (app->options.explain) {
		return is_output_file(app) || app->options.with_cas ?
			       fail_usage(app, "--explain goes with neither --output nor --cas") :
			       run_stored(app);
	}
	if (is_output_file(app) && app->operand_count > 1) {
		return fail_usage(app, "--output takes one KEY");
	}
	if (app->options.with_cas) {
		call.verb = touches ? TENON_GATS : TENON_GETS;
	} else {
		call.verb = touches ? TENON_GAT : TENON_GET;
	}
	call.items = items_of_operands(app);
	status = items_run(app, &call);
	free(call.items);
	return status;
}
