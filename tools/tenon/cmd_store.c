/* SPDX-License-Identifier: BSD-3-Clause */
/* set, add, replace, append, prepend and cas. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "items.h"
#include "report.h"
#include "value_input.h"

/* Get the value from the argument, from --file, or from standard input. */
static int get_value(struct app *app, struct value *value)
{
	const char *operand = app->operand_count > 1 ? app->operands[1] : NULL;
	const char *path = app->options.file_path;

	if (operand && path) {
		return fail_usage(app, "VALUE and --file are both given");
	}
	if (operand && strcmp(operand, "-") != 0) {
		value->data = alloc_text(operand);
		value->len = strlen(operand);
		return EXIT_DONE;
	}
	if (!operand && !path && isatty(STDIN_FILENO) == 1) {
		return fail_usage(app, "no value: give VALUE, --file FILE, or a pipe");
	}
	return value_read(app, path, value);
}

int run_store(struct app *app)
{
	enum tenon_verb verb = (enum tenon_verb)app->command->verb;
	struct tenon_item item = item_of_operand(app, app->operands[0]);
	struct items_call call = { .verb = verb, .items = &item, .count = 1 };
	struct value value = { 0 };
	int status = items_check_expiry(app, false);

	if (status != EXIT_DONE) {
		return status;
	}
	if (verb == TENON_CAS &&
	    (app->options.given & OPTION_BIT(OPTION_CAS)) == 0) {
		return fail_usage(app, "--cas N is needed");
	}
	status = get_value(app, &value);
	if (status == EXIT_DONE) {
		item.flags = (uint32_t)app->options.flags;
		item.cas = app->options.cas;
		item.value.data = value.data;
		item.value.len = value.len;
		status = items_run(app, &call);
	}
	free(value.data);
	return status;
}
