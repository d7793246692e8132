/* SPDX-License-Identifier: BSD-3-Clause */
/* get --explain: the items on the servers that make up a value. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "flags.h"
#include "items.h"
#include "json.h"
#include "output.h"
#include "report.h"
#include "setup.h"
#include "tenon/introspect.h"

/* The bytes of all items of the value: the parent and its chunks. */
static uint64_t stored_bytes(const struct tenon_stored *stored)
{
	uint64_t total = 0;

	for (size_t i = 0; i < stored->item_count; i++) {
		total += stored->items[i].value_bytes;
	}
	return total;
}

static size_t stored_count(const struct tenon_stored *stored)
{
	size_t count = 0;

	for (size_t i = 0; i < stored->item_count; i++) {
		count += stored->items[i].status == TENON_HIT;
	}
	return count;
}

/* The length of the value divided by its stored bytes; 0 when no byte is stored. */
static double ratio_of(const struct tenon_stored *stored)
{
	uint64_t bytes = stored_bytes(stored);

	return bytes == 0 ? 0 : (double)stored->result->value_len /
					(double)bytes;
}

/* ---- text ---------------------------------------------------------------- */

static void add_item_row(const struct app *app, struct table *table,
			 const struct tenon_stored_item *item)
{
	struct tenon_server_info server = { .alias = "", .address = "" };

	tenon_client_server(app->client, item->server, &server);
	table_add(table, STYLE_NONE, "%.*s", (int)item->key.len,
		  (const char *)item->key.data);
	if (item->status == TENON_HIT) {
		table_add(table, STYLE_NONE, "%" PRIu64, item->value_bytes);
		table_add(table, STYLE_NONE, "%" PRIu32, item->flags);
	} else {
		table_add(table, STYLE_BAD, "%s",
			  tenon_status_name(item->status));
		table_add(table, STYLE_NONE, "%s", "");
	}
	table_add(table, STYLE_BOLD, "%s", server.alias);
	table_add(table, STYLE_DIM, "%s", server.address);
}

static void print_items(const struct app *app,
			const struct tenon_stored *stored)
{
	static const char *const titles[] = { "ITEM", "BYTES", "FLAGS",
					      "SERVER", "ADDRESS" };
	struct table table = { .columns = 5, .right = 1u << 1 | 1u << 2 };

	for (size_t i = 0; i < table.columns; i++) {
		table_add(&table, STYLE_DIM, "%s", titles[i]);
	}
	for (size_t i = 0; i < stored->item_count; i++) {
		add_item_row(app, &table, &stored->items[i]);
	}
	table_print(&table, 2);
}

static void print_stored(const struct app *app, const char *key,
			 const struct tenon_stored *stored)
{
	char *clean = output_clean(key, strlen(key));
	size_t count = stored_count(stored);

	output_styled(STYLE_BOLD, clean);
	free(clean);
	output_format(": %s\n", tenon_status_name(stored->result->status));
	if (count > 0) {
		char *flags = flags_text(app, stored->items[0].flags);

		output_format("  flags    %s\n", flags);
		free(flags);
		output_format("  stored   %" PRIu64 " bytes in %zu item%s\n",
			      stored_bytes(stored), count,
			      count == 1 ? "" : "s");
	}
	if (stored->result->status == TENON_HIT) {
		output_format("  decoded  %zu bytes, ratio %.2f\n",
			      stored->result->value_len, ratio_of(stored));
	}
	print_items(app, stored);
}

/* ---- JSON ---------------------------------------------------------------- */

static json_t *item_json(const struct app *app,
			 const struct tenon_stored_item *item)
{
	json_t *object = json_object();

	js_put_bytes(object, "key", item->key.data, item->key.len);
	js_put_text(object, "status", tenon_status_name(item->status));
	if (item->status == TENON_HIT) {
		js_put_u64(object, "bytes", item->value_bytes);
		js_put(object, "flags", json_integer(item->flags));
	}
	js_put_server(object, app->client, item->server);
	return object;
}

static json_t *stored_json(const struct app *app, const char *key,
			   const struct tenon_stored *stored)
{
	json_t *object = json_object();
	json_t *items = json_array();

	js_put_bytes(object, "key", key, strlen(key));
	js_put_text(object, "status",
		    tenon_status_name(stored->result->status));
	js_put(object, "code", json_integer(stored->result->status));
	js_put_text(object, "text", stored->result->text);
	if (stored_count(stored) > 0) {
		flags_put(app, object, stored->items[0].flags);
		js_put_u64(object, "stored_bytes", stored_bytes(stored));
	}
	if (stored->result->status == TENON_HIT) {
		js_put_u64(object, "decoded_bytes", stored->result->value_len);
		js_put(object, "ratio", json_real(ratio_of(stored)));
	}
	for (size_t i = 0; i < stored->item_count; i++) {
		js_append(items, item_json(app, &stored->items[i]));
	}
	js_put(object, "items", items);
	return object;
}

static json_t *error_json(const char *key, const struct tenon_error *err)
{
	json_t *object = json_object();

	js_put_bytes(object, "key", key, strlen(key));
	js_put_text(object, "status", tenon_status_name(err->code));
	js_put(object, "code", json_integer(err->code));
	js_put(object, "error", js_error(err));
	return object;
}

/* ---- the command --------------------------------------------------------- */

static void report_trouble(const char *key, const struct tenon_stored *stored,
			   const struct tenon_error *err)
{
	char *label = output_label(key, strlen(key));

	if (err->code != 0) {
		char *text = error_text(err);

		report("%s: %s", label, text);
		free(text);
	} else if (stored->result->status == TENON_MISS) {
		const char *why = stored->result->text;

		report("%s: no such key%s%s", label, !why ? "" : ": ",
		       !why ? "" : why);
	}
	free(label);
}

int run_stored(struct app *app)
{
	int status = setup_client(app);
	json_t *array;

	if (status != EXIT_DONE) {
		return status;
	}
	array = app->options.json ? json_array() : NULL;
	for (size_t i = 0; i < app->operand_count; i++) {
		const char *key = app->operands[i];
		const struct tenon_item item = item_of_operand(app, key);
		struct tenon_stored stored;
		struct tenon_error err;
		int code = tenon_client_stored(app->client, &item, &stored,
					       &err);

		if (array) {
			js_append(array, !stored.result ? error_json(key, &err)
							: stored_json(app, key,
								      &stored));
		} else if (stored.result) {
			print_stored(app, key, &stored);
		}
		report_trouble(key, &stored, &err);
		status = exit_worse(
			status,
			exit_status_of(!stored.result ? code
						      : stored.result->status));
	}
	if (array) {
		js_print(array);
	}
	return status;
}
