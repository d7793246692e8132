/* SPDX-License-Identifier: BSD-3-Clause */
/* delete, touch, incr and decr. */
#include <inttypes.h>
#include <stdlib.h>

#include "items.h"
#include "output.h"
#include "report.h"

static int run_verb(struct app *app)
{
	struct items_call call = { .verb = (enum tenon_verb)app->command->verb,
				   .items = items_of_operands(app),
				   .count = app->operand_count };
	int status = items_run(app, &call);

	free(call.items);
	return status;
}

int run_delete(struct app *app)
{
	return run_verb(app);
}

int run_touch(struct app *app)
{
	int status = items_check_expiry(app, true);

	return status == EXIT_DONE ? run_verb(app) : status;
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
	int status;

	if (app->operand_count > 1 &&
	    !parse_u64(app->operands[1], UINT64_MAX, &delta)) {
		return fail_usage(app,
				  "DELTA is '%s', expected a number from 0 to 18446744073709551615",
				  app->operands[1]);
	}
	call.items = items_of_operands(app);
	call.items[0].delta = delta;
	status = items_run(app, &call);
	free(call.items);
	return status;
}
