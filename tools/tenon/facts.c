/* SPDX-License-Identifier: BSD-3-Clause */
#include "facts.h"

#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"
#include "give_back.h"
#include "home_keys.h"
#include "report.h"

int facts_open(struct facts *out, const struct app *app,
	       struct tenon_error *err)
{
	int code = tenon_config_set(app->config, "protocol", "meta", err);

	*out = (struct facts){ .app = *app };
	out->app.client = NULL;
	if (!code) {
		code = tenon_config_set(app->config, "failover", "none", err);
	}
	if (!code) {
		code = tenon_client_open(app->config, &out->app.client, err);
	}
	if (!code) {
		out->count = tenon_client_server_count(out->app.client);
		out->routing_keys =
			alloc_array(out->count, sizeof(*out->routing_keys));
		home_keys_find(out->app.client, out->routing_keys);
	}
	return code;
}

void facts_close(struct facts *facts)
{
	for (size_t i = 0; i < facts->count; i++) {
		free(facts->routing_keys[i]);
	}
	free(facts->routing_keys);
	tenon_client_close(facts->app.client);
}

/* Say why there are no facts. result: NULL when the call failed as a whole. */
static void fail_with(const struct facts *facts,
		      const struct tenon_result *result,
		      const struct tenon_error *err, struct facts_item *out)
{
	char *reason = result ? result_reason(&facts->app, result) : NULL;

	out->state = FACTS_FAILED;
	snprintf(out->text, sizeof(out->text), "%s",
		 reason	  ? reason
		 : result ? tenon_status_name(result->status)
			  : err->message);
	free(reason);
	if (result && result->status == TENON_EUNKNOWN) {
		out->state = FACTS_UNKNOWN;
		snprintf(out->text, sizeof(out->text),
			 "the server does not know meta commands");
	}
}

static void take(const struct tenon_result *result, struct facts_item *out)
{
	out->state = FACTS_FOUND;
	out->value_bytes = result->size_bytes;
	out->flags = result->flags;
	out->ttl_s = result->ttl_s;
	out->idle_s = result->idle_s;
	out->fetched = (result->marks & TENON_MARK_READ) != 0;
	out->marks = result->marks & ~TENON_MARK_READ;
}

void facts_read(struct facts *facts, struct tenon_item item, uint32_t server,
		struct facts_item *out)
{
	const struct tenon_call call = { .size = sizeof(call),
					 .options = TENON_FACTS };
	const struct tenon_result *results = NULL;
	struct tenon_error err = { .message = "the server is home to no key" };

	*out = (struct facts_item){ .ttl_s = -1 };
	if (facts->routing_keys[server]) {
		item.routing_key = tenon_slice_of(facts->routing_keys[server]);
		tenon_run(facts->app.client, TENON_GETS, &item, 1, &call,
			  &results, &err);
	}
	if (!results || results[0].status < 0) {
		fail_with(facts, results, &err, out);
	} else if (results[0].status == TENON_HIT) {
		take(&results[0], out);
	} else {
		out->state = FACTS_ABSENT;
	}
	if (results) {
		const struct tenon_result seen = results[0];

		give_back(&facts->app, item.key, &seen);
	}
}
