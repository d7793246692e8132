/* SPDX-License-Identifier: BSD-3-Clause */
/* info: what the server knows of keys, without their values. */
#include <inttypes.h>
#include <stdlib.h>

#include "alloc.h"
#include "flags.h"
#include "give_back.h"
#include "items.h"
#include "output.h"
#include "setup.h"

/* Looks that have won the right to refresh a stale item. */
struct wins {
	struct win {
		struct tenon_slice key;
		struct tenon_result result; /* its texts are not kept */
	} *list;
	size_t count;
};

static void see(void *payload, const struct tenon_item *item,
		const struct tenon_result *result)
{
	struct wins *wins = payload;

	if (result->marks & TENON_MARK_WON) {
		wins->list = alloc_resize(wins->list, wins->count + 1,
					  sizeof(*wins->list));
		wins->list[wins->count++] = (struct win){ item->key, *result };
	}
}

static void give_all_back(const struct app *app, struct wins *wins)
{
	for (size_t i = 0; i < wins->count; i++) {
		give_back(app, wins->list[i].key, &wins->list[i].result);
	}
	free(wins->list);
}

static int show_facts(struct app *app, const struct tenon_item *item,
		      const struct tenon_result *result)
{
	char *flags = flags_text(app, result->flags);
	char *marks = give_back_marks(result->marks);

	output_shown(item->key.data, item->key.len);
	output_format(": %" PRIu64 " bytes, ", result->size_bytes);
	if (result->ttl_s < 0) {
		output_text("for ever");
	} else {
		output_format("%" PRId64 " s left", result->ttl_s);
	}
	output_format(", last access %" PRIu64 " s ago%s, flags %s, cas %" PRIu64 "%s%s\n",
		      result->idle_s,
		      result->marks & TENON_MARK_READ ? "" : ", never read",
		      flags, result->cas, *marks ? ", marks " : "", marks);
	free(marks);
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
	give_back_put_marks(object, result->marks);
	return EXIT_DONE;
}

int run_info(struct app *app)
{
	struct wins wins = { 0 };
	struct items_call call = { .verb = TENON_GETS,
				   .items = items_of_operands(app),
				   .count = app->operand_count,
				   .options = TENON_FACTS,
				   .see = see,
				   .payload = &wins,
				   .show = show_facts,
				   .add_json = add_facts };

	setup_speak_meta(app);
	int status = items_run(app, &call);

	give_all_back(app, &wins);
	free(call.items);
	return status;
}
