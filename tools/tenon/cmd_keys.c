/* SPDX-License-Identifier: BSD-3-Clause */
/* delete, touch, incr and decr. */
#include <inttypes.h>
#include <stdlib.h>

#include "items.h"
#include "output.h"
#include "report.h"
#include "setup.h"

/* Return the option if one of the options of the command line that stand for it is given, else 0. */
static unsigned option_of(struct app *app, uint64_t which, unsigned option)
{
	if ((app->options.given & which) == 0) {
		return 0;
	}
	setup_speak_meta(app);
	return option;
}

static int run_verb(struct app *app, unsigned options)
{
	struct items_call call = { .verb = (enum tenon_verb)app->command->verb,
				   .options = options,
				   .items = items_of_operands(app),
				   .count = app->operand_count };
	int status = items_run(app, &call);

	free(call.items);
	return status;
}

int run_delete(struct app *app)
{
	unsigned stale = option_of(app, OPTION_BIT(OPTION_STALE),
				   TENON_INVALIDATE);
	int status = items_check_expiry(app, false);

	if (!stale && (app->options.given & OPTIONS_EXPIRY) != 0) {
		return fail_usage(app, "--ttl and --exptime of delete go with --stale only");
	}
	return status == EXIT_DONE ? run_verb(app, stale) : status;
}

int run_touch(struct app *app)
{
	int status = items_check_expiry(app, true);

	return status == EXIT_DONE ? run_verb(app, 0) : status;
}

static int show_number(struct app *app, const struct tenon_item *item,
		       const struct tenon_result *result)
{
	(void)app;
	(void)item;
	if (result->status != TENON_SENT) {
		output_format("%" PRIu64 "\n", result->number);
	}
	return EXIT_DONE;
}

static int add_number(struct app *app, json_t *object,
		      const struct tenon_result *result)
{
	(void)app;
	if (result->status != TENON_SENT) {
		js_put_u64(object, "number", result->number);
	}
	return EXIT_DONE;
}

int run_count(struct app *app)
{
	struct items_call call = { .verb = (enum tenon_verb)app->command->verb,
				   .count = 1,
				   .show = show_number,
				   .add_json = add_number };
	uint64_t delta = 1;
	int status = items_check_expiry(app, false);

	if (app->operand_count > 1 &&
	    !parse_u64(app->operands[1], UINT64_MAX, &delta)) {
		return fail_usage(app,
				  "DELTA is '%s', expected a number from 0 to 18446744073709551615",
				  app->operands[1]);
	}
	if (status != EXIT_DONE) {
		return status;
	}
	call.items = items_of_operands(app);
	call.items[0].delta = delta;
	call.items[0].initial = app->options.initial;
	call.options = option_of(app, OPTION_BIT(OPTION_INITIAL) | OPTIONS_EXPIRY,
				 TENON_VIVIFY);
	status = items_run(app, &call);
	free(call.items);
	return status;
}
