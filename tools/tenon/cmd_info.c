/* SPDX-License-Identifier: BSD-3-Clause */
/* info: what the server knows of keys, without their values. */
#include <inttypes.h>
#include <stdlib.h>

#include "flags.h"
#include "items.h"
#include "output.h"
#include "setup.h"

static int show_facts(struct app *app, const struct tenon_item *item,
		      const struct tenon_result *result)
{
	char *flags = flags_text(app, result->flags);

	output_shown(item->key.data, item->key.len);
	output_format(": %" PRIu64 " bytes, ", result->size_bytes);
	if (result->ttl_s < 0) {
		output_text("for ever");
	} else {
		output_format("%" PRId64 " s left", result->ttl_s);
	}
	output_format(", last access %" PRIu64 " s ago%s, flags %s, cas %" PRIu64 "\n",
		      result->idle_s,
		      result->marks & TENON_MARK_READ ? "" : ", never read",
		      flags, result->cas);
	free(flags);
	return EXIT_DONE;
}

static int add_facts(struct app *app, json_t *object,
		     const struct tenon_result *result)
{
	js_put_u64(object, "bytes", result->size_bytes);
	js_put(object, "ttl_s",
	       result->ttl_s < 0 ? json_null() : json_integer(result->ttl_s));
	js_put_u64(object, "idle_s", result->idle_s);
	js_put(object, "read", json_boolean(result->marks & TENON_MARK_READ));
	flags_put(app, object, result->flags);
	js_put_u64(object, "cas", result->cas);
	return EXIT_DONE;
}

int run_info(struct app *app)
{
	struct items_call call = { .verb = TENON_GETS,
				   .items = items_of_operands(app),
				   .count = app->operand_count,
				   .options = TENON_FACTS,
				   .show = show_facts,
				   .add_json = add_facts };

	setup_speak_meta(app);
	int status = items_run(app, &call);

	free(call.items);
	return status;
}
