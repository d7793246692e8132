/* SPDX-License-Identifier: BSD-3-Clause */
#include "give_back.h"

#include <inttypes.h>
#include <stdlib.h>

#include "alloc.h"
#include "json.h"
#include "output.h"
#include "report.h"
#include "tenon/introspect.h"

static void warn(struct tenon_slice key, const char *reason)
{
	char *label = output_label(key.data, key.len);

	report("warning: %s: this look has won the right to refresh the stale item, and cannot give it back: %s",
	       label, reason);
	free(label);
}

void give_back(const struct app *app, struct tenon_slice key,
	       const struct tenon_result *result)
{
	struct tenon_meta_request request = { .command = "md",
					      .key = key,
					      .server = result->server };
	struct tenon_result answer;
	struct tenon_error err;

	if ((result->marks & TENON_MARK_WON) == 0) {
		return;
	}
	if (result->cas == 0) {
		warn(key, "the server has no cas uniques");
		return;
	}
	/* without T, the item keeps its lifetime */
	char *flags = alloc_format("C%" PRIu64 " I", result->cas);

	request.flags = flags;
	if (tenon_client_ask_meta(app->client, &request, NULL, &answer, &err) !=
	    0) {
		warn(key, err.message);
	}
	free(flags);
}

/* The marks about a stale item. */
static const struct {
	uint32_t mark;
	const char *name;
} names[] = {
	{ TENON_MARK_STALE, "stale" },
	{ TENON_MARK_WON, "won" },
	{ TENON_MARK_TAKEN, "taken" },
};

#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

char *give_back_marks(uint32_t marks)
{
	char *text = alloc_text("");

	for (size_t i = 0; i < NAME_COUNT; i++) {
		if (marks & names[i].mark) {
			text = alloc_joined(text, " ", names[i].name);
		}
	}
	return text;
}

void give_back_put_marks(json_t *object, uint32_t marks)
{
	for (size_t i = 0; i < NAME_COUNT; i++) {
		js_put(object, names[i].name,
		       json_boolean(marks & names[i].mark));
	}
}
