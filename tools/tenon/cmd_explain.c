/* SPDX-License-Identifier: BSD-3-Clause */
/* get --explain: the items on the servers that make up a value. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
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

/*
 * Find the next codec, from number *index on, that owns a bit of flags. Moves *index behind
 * the codec. Returns false when there is none.
 */
static bool next_codec(const struct app *app, uint32_t flags, size_t *index,
		       struct tenon_codec_info *out)
{
	for (; tenon_client_codec(app->client, *index, out) == 0; ++*index) {
		if ((flags & out->flags) != 0) {
			++*index;
			return true;
		}
	}
	return false;
}

/* ---- text ---------------------------------------------------------------- */

/* "4113: zlib 16, split 4096, application 1" */
static void print_flags(const struct app *app, uint32_t flags)
{
	struct tenon_codec_info codec;
	const char *between = ": ";
	uint32_t left = flags;
	size_t index = 0;

	output_format("  flags    %" PRIu32, flags);
	while (next_codec(app, flags, &index, &codec)) {
		output_format("%s%s %" PRIu32, between, codec.name,
			      flags & codec.flags);
		left &= ~codec.flags;
		between = ", ";
	}
	if (left != 0 && left != flags) {
		output_format("%sapplication %" PRIu32, between, left);
	}
	output_text("\n");
}

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
		print_flags(app, stored->items[0].flags);
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

static void put_flags(const struct app *app, json_t *object, uint32_t flags)
{
	json_t *codecs = json_object();
	struct tenon_codec_info codec;
	uint32_t left = flags;
	size_t index = 0;

	while (next_codec(app, flags, &index, &codec)) {
		js_put(codecs, codec.name,
		       json_integer(flags & codec.flags));
		left &= ~codec.flags;
	}
	js_put(object, "flags", json_integer(flags));
	js_put(object, "codec_flags", codecs);
	js_put(object, "application_flags", json_integer(left));
}

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
		put_flags(app, object, stored->items[0].flags);
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

int run_explain(struct app *app)
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
