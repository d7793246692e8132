/* SPDX-License-Identifier: BSD-3-Clause */
/* explain: where keys go, and why. With --online also: what is stored there. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "facts.h"
#include "flags.h"
#include "give_back.h"
#include "items.h"
#include "json.h"
#include "output.h"
#include "report.h"
#include "setup.h"
#include "slab.h"
#include "tenon/introspect.h"
#include "tenon/ring.h"

/* With --online, the item is looked for on the home server and on the next one. */
#define LOOKED_AT 2

/* Next servers that the text shows. JSON has all. */
#define NEXT_SHOWN 3

/* One key, explained. */
struct explained {
	struct app *app;
	const char *hash_name;
	const char *distribution;
	const char *key_rule;
	const char *key;
	struct tenon_route route;
	struct tenon_error err; /* code 0: all is known */
	size_t looked_at;	/* entries of stored */
	struct facts_item stored[LOOKED_AT];
	struct slab slabs[LOOKED_AT]; /* zeros for a server that does not tell */
	struct facts facts; /* with --online */
};

static const char *const accesses[TENON_ROUTE_ACCESS_COUNT] = {
	[TENON_ROUTE_READ] = "read",
	[TENON_ROUTE_WRITE] = "write",
	[TENON_ROUTE_DELETE] = "delete",
};

static struct tenon_server_info server_of(const struct explained *at,
					  uint32_t server)
{
	struct tenon_server_info info = { .alias = "", .address = "" };

	tenon_client_server(at->app->client, server, &info);
	return info;
}

/* ---- settings of the config ---------------------------------------------------- */

/* The settings that this command needs, as text. The caller frees them. */
struct settings {
	char *hash_function;
	char *distribution;
	char *key_rule;
};

static void take_setting(const struct tenon_setting_info *info, void *payload)
{
	struct settings *settings = payload;
	struct {
		const char *name;
		char **text;
	} wanted[] = {
		{ "hash_function", &settings->hash_function },
		{ "distribution", &settings->distribution },
		{ "key_rule", &settings->key_rule },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (strcmp(info->name, wanted[i].name) == 0) {
			free(*wanted[i].text);
			*wanted[i].text = alloc_text(info->value);
		}
	}
}

/* ---- the picture of the ring ------------------------------------------------------ */

/* Return the hexadecimal digits that the places need: 8, or 16 when a place needs more. */
static int place_digits(const struct tenon_route *route)
{
	uint64_t all = route->hash_bits > 0 ? route->place : 0;

	for (size_t i = 0; i < route->point_count; i++) {
		all |= route->points[i].place;
	}
	return all > UINT32_MAX ? 16 : 8;
}

static void print_key_place(const struct explained *at)
{
	const struct tenon_route *route = &at->route;

	if (route->hash_bits == 0) {
		return;
	}
	output_text("    ");
	output_styled(STYLE_GOOD, "▶");
	output_format(" %0*" PRIx64 "  ", place_digits(route), route->place);
	output_styled(STYLE_GOOD, "the key");
	output_text("\n");
}

static void print_point(const struct explained *at, size_t index)
{
	const struct tenon_route *route = &at->route;
	const struct tenon_route_point *point = &route->points[index];
	bool is_home = index == route->home_point;
	struct tenon_server_info info = server_of(at, point->server);
	char *name = output_clean(info.alias, strlen(info.alias));

	output_format("    %s %0*" PRIx64 "  ", is_home ? "●" : "│",
		      place_digits(route), point->place);
	output_styled(is_home ? STYLE_BOLD : STYLE_NONE, name);
	output_text(is_home ? "  home\n" : "\n");
	free(name);
}

/* The points around the key, one below the other, and the key's place among them. */
static void print_points(const struct explained *at)
{
	const struct tenon_route *route = &at->route;

	if (route->point_count == 0) {
		return;
	}
	output_text("\n  ring");
	if (route->ring_points > 0) {
		output_format("     %" PRIu64 " points", route->ring_points);
	}
	output_text("\n");
	for (size_t i = 0; i < route->point_count; i++) {
		if (i == route->home_point) {
			print_key_place(at);
		}
		print_point(at, i);
	}
}

/* ---- text ------------------------------------------------------------------------- */

static void print_bytes(const char *name, struct tenon_slice bytes)
{
	char *clean = output_clean(bytes.data, bytes.len);

	output_format("  %-8s %s\n", name, clean);
	free(clean);
}

/* The key as it is sent, and the rule that made it when it is another one than was given. */
static void print_sent(const struct explained *at)
{
	if (at->route.key_replaced) {
		output_format("  key      %zu bytes, which memcached does not accept\n",
			      strlen(at->key));
	}
	print_bytes("sent", at->route.key);
	if (at->route.key_replaced) {
		output_format("  rule     key_rule: %s made these %zu bytes of the key\n",
			      at->key_rule, at->route.key.len);
	}
}

static void print_servers(const struct explained *at)
{
	const struct tenon_route *route = &at->route;
	struct table table = { .columns = 3 };
	size_t shown = route->server_count;

	shown = shown > NEXT_SHOWN + 1 ? NEXT_SHOWN + 1 : shown;
	for (size_t i = 0; i < shown; i++) {
		struct tenon_server_info info =
			server_of(at, route->servers[i]);

		if (i == 0) {
			table_add(&table, STYLE_NONE, "home");
		} else {
			table_add(&table, STYLE_NONE, "next %zu", i);
		}
		table_add(&table, STYLE_BOLD, "%s", info.alias);
		table_add(&table, STYLE_DIM, "%s", info.address);
	}
	output_text("\n");
	table_print(&table, 2);
	if (route->server_count > shown) {
		output_format("  and %zu more\n", route->server_count - shown);
	}
}

/* Say what a policy answers, such as "mc-two, for at most 7 s". The caller frees the text. */
static char *answer_text(const struct explained *at,
			 const struct tenon_route_answer *answer)
{
	if (answer->status != 0) {
		return alloc_format("no server: %s",
				    tenon_status_name(answer->status));
	}
	if (answer->exptime_max_s > 0) {
		return alloc_format("%s, for at most %" PRIu32 " s",
				    server_of(at, answer->server).alias,
				    answer->exptime_max_s);
	}
	return alloc_text(server_of(at, answer->server).alias);
}

static void add_answer(const struct explained *at, struct table *table,
		       const struct tenon_route_answer *answer)
{
	char *text = answer_text(at, answer);

	table_add(table, answer->status != 0 ? STYLE_BAD : STYLE_BOLD, "%s",
		  text);
	free(text);
}

static void print_policies(const struct explained *at)
{
	static const char *const titles[] = { "POLICY", "NOW",
					      "WHEN HOME IS DOWN", "" };
	struct table table = { .columns = 4 };

	for (size_t i = 0; i < table.columns; i++) {
		table_add(&table, STYLE_DIM, "%s", titles[i]);
	}
	for (size_t i = 0; i < TENON_ROUTE_ACCESS_COUNT; i++) {
		const struct tenon_route_answer *down = &at->route.home_down[i];

		table_add(&table, STYLE_NONE, "%s", accesses[i]);
		add_answer(at, &table, &at->route.now[i]);
		add_answer(at, &table, down);
		if (down->failures == 0) {
			table_add(&table, STYLE_DIM, "however often it fails");
		} else {
			table_add(&table, STYLE_DIM,
				  "after %" PRIu32 " failure%s", down->failures,
				  down->failures == 1 ? "" : "s");
		}
	}
	output_text("\n");
	table_print(&table, 2);
}

/* The items that a value of --value-bytes would be stored in. */
static void print_value(const struct explained *at)
{
	const struct tenon_route *route = &at->route;
	struct table table = { .columns = 4, .right = 1u << 1 };

	if (at->app->options.value_size == 0 || at->err.code != 0) {
		return;
	}
	char *flags = flags_text(at->app, route->stored_flags);
	output_format("\n  value    %" PRIu64 " bytes in %zu item%s, flags %s\n",
		      at->app->options.value_size, route->chunk_count + 1,
		      route->chunk_count == 0 ? "" : "s", flags);
	free(flags);
	for (size_t i = 0; i <= route->chunk_count; i++) {
		const struct tenon_route_chunk *chunk = &route->chunks[i - (i > 0)];
		struct tenon_slice key = i == 0 ? route->key : chunk->key;
		struct tenon_server_info info = server_of(
			at, i == 0 ? route->home : chunk->server);

		table_add(&table, STYLE_NONE, "%.*s", (int)key.len,
			  (const char *)key.data);
		table_add(&table, STYLE_NONE, "%" PRIu64,
			  i == 0 ? route->stored_bytes : chunk->value_bytes);
		table_add(&table, STYLE_BOLD, "%s", info.alias);
		table_add(&table, STYLE_DIM, "%s", info.address);
	}
	table_print(&table, 4);
}

/* Columns about stored items, without that of the marks, which few items have. */
#define STORED_COLUMNS 7

static void add_stored(const struct explained *at, struct table *table,
		       size_t index)
{
	const struct facts_item *item = &at->stored[index];
	const struct slab *slab = &at->slabs[index];
	char *flags;

	if (item->state != FACTS_FOUND) {
		table_add(table, item->state == FACTS_ABSENT ? STYLE_NONE : STYLE_BAD,
			  "%s", item->state == FACTS_ABSENT ? "absent" : item->text);
		for (size_t i = 3; i < table->columns; i++) {
			table_add(table, STYLE_NONE, "%s", "");
		}
		return;
	}
	flags = flags_text(at->app, item->flags);
	table_add(table, STYLE_NONE, "%" PRIu64, item->value_bytes);
	if (item->ttl_s < 0) {
		table_add(table, STYLE_NONE, "for ever");
	} else {
		table_add(table, STYLE_NONE, "%" PRId64 " s", item->ttl_s);
	}
	table_add(table, STYLE_NONE, "%" PRIu64 " s ago%s", item->idle_s,
		  item->fetched ? "" : ", never read");
	if (slab->class > 0) {
		table_add(table, STYLE_NONE, "%" PRIu64, slab->class);
	} else {
		table_add(table, STYLE_NONE, "-");
	}
	table_add(table, STYLE_NONE, "%s", flags);
	free(flags);
	if (table->columns > STORED_COLUMNS) {
		char *marks = give_back_marks(item->marks);

		table_add(table, STYLE_NONE, "%s", marks);
		free(marks);
	}
}

static bool one_is_marked(const struct explained *at)
{
	size_t i = 0;

	while (i < at->looked_at && at->stored[i].marks == 0) {
		i++;
	}
	return i < at->looked_at;
}

static void print_stored(const struct explained *at)
{
	static const char *const titles[] = { "STORED", "SERVER",
					      "BYTES",	"TTL LEFT",
					      "LAST ACCESS", "CLASS", "FLAGS",
					      "MARKS" };
	struct table table = { .columns = STORED_COLUMNS + one_is_marked(at) };

	if (at->looked_at == 0) {
		return;
	}
	for (size_t i = 0; i < table.columns; i++) {
		table_add(&table, STYLE_DIM, "%s", titles[i]);
	}
	for (size_t i = 0; i < at->looked_at; i++) {
		struct tenon_server_info info =
			server_of(at, at->route.servers[i]);

		table_add(&table, STYLE_NONE, "%s", i == 0 ? "home" : "next");
		table_add(&table, STYLE_BOLD, "%s", info.alias);
		add_stored(at, &table, i);
	}
	output_text("\n");
	table_print(&table, 2);
}

static void print_explained(const struct explained *at)
{
	const struct tenon_route *route = &at->route;
	char *clean = output_clean(at->key, strlen(at->key));

	output_styled(STYLE_BOLD, clean);
	output_text("\n");
	free(clean);
	print_sent(at);
	print_bytes("hashed", route->hashed);
	if (route->hash_bits > 0) {
		output_format("  hash     %0*" PRIx64 ", %" PRIu32
			      " bits of %s\n",
			      (int)(route->hash_bits + 3) / 4, route->hash,
			      route->hash_bits, at->hash_name);
	} else {
		output_format("  hash     of distribution %s itself\n",
			      at->distribution);
	}
	print_points(at);
	print_servers(at);
	print_policies(at);
	print_value(at);
	print_stored(at);
}

/* ---- JSON ------------------------------------------------------------------------- */

static json_t *points_json(const struct explained *at)
{
	json_t *array = json_array();

	for (size_t i = 0; i < at->route.point_count; i++) {
		const struct tenon_route_point *point = &at->route.points[i];
		json_t *object = json_object();

		js_put_u64(object, "place", point->place);
		js_put_server(object, at->app->client, point->server);
		js_put(object, "home",
		       json_boolean(i == at->route.home_point));
		js_append(array, object);
	}
	return array;
}

static json_t *servers_json(const struct explained *at)
{
	json_t *array = json_array();

	for (size_t i = 0; i < at->route.server_count; i++) {
		json_t *object = json_object();

		js_put_server(object, at->app->client, at->route.servers[i]);
		js_append(array, object);
	}
	return array;
}

static json_t *answer_json(const struct explained *at,
			   const struct tenon_route_answer *answer)
{
	json_t *object = json_object();

	if (answer->status != 0) {
		js_put_text(object, "status", tenon_status_name(answer->status));
		js_put(object, "code", json_integer(answer->status));
		return object;
	}
	js_put_server(object, at->app->client, answer->server);
	if (answer->exptime_max_s > 0) {
		js_put(object, "exptime_max_s",
		       json_integer(answer->exptime_max_s));
	}
	return object;
}

static json_t *policies_json(const struct explained *at)
{
	json_t *policies = json_object();

	for (size_t i = 0; i < TENON_ROUTE_ACCESS_COUNT; i++) {
		const struct tenon_route_answer *down = &at->route.home_down[i];
		json_t *object = json_object();
		json_t *when_down = answer_json(at, down);

		js_put(when_down, "failures", json_integer(down->failures));
		js_put(object, "now", answer_json(at, &at->route.now[i]));
		js_put(object, "home_down", when_down);
		js_put(policies, accesses[i], object);
	}
	return policies;
}

static json_t *value_json(const struct explained *at)
{
	const struct tenon_route *route = &at->route;
	json_t *object = json_object();
	json_t *chunks = json_array();

	js_put_u64(object, "bytes", at->app->options.value_size);
	js_put_u64(object, "stored_bytes", route->stored_bytes);
	flags_put(at->app, object, route->stored_flags);
	for (size_t i = 0; i < route->chunk_count; i++) {
		const struct tenon_route_chunk *chunk = &route->chunks[i];
		json_t *item = json_object();

		js_put_bytes(item, "key", chunk->key.data, chunk->key.len);
		js_put_u64(item, "bytes", chunk->value_bytes);
		js_put_server(item, at->app->client, chunk->server);
		js_append(chunks, item);
	}
	js_put(object, "chunks", chunks);
	return object;
}

static json_t *meta_json(const struct explained *at, size_t index)
{
	static const char *const names[] = { "found", "absent", "no meta",
					     "failed" };
	const struct facts_item *item = &at->stored[index];
	const struct slab *slab = &at->slabs[index];
	json_t *object = json_object();

	js_put_server(object, at->app->client, at->route.servers[index]);
	js_put_text(object, "state", names[item->state]);
	if (item->state != FACTS_FOUND) {
		js_put_text(object, "text",
			    item->text[0] != '\0' ? item->text : NULL);
		return object;
	}
	js_put_u64(object, "bytes", item->value_bytes);
	if (slab->item_bytes > 0) {
		js_put_u64(object, "item_bytes", slab->item_bytes);
	}
	flags_put(at->app, object, item->flags);
	js_put(object, "ttl_s",
	       item->ttl_s < 0 ? json_null() : json_integer(item->ttl_s));
	js_put_u64(object, "last_access_s", item->idle_s);
	js_put(object, "fetched", json_boolean(item->fetched));
	give_back_put_marks(object, item->marks);
	if (slab->class > 0) {
		js_put_u64(object, "class", slab->class);
	}
	return object;
}

static json_t *stored_json(const struct explained *at)
{
	json_t *array = json_array();

	for (size_t i = 0; i < at->looked_at; i++) {
		js_append(array, meta_json(at, i));
	}
	return array;
}

static json_t *explained_json(const struct explained *at)
{
	const struct tenon_route *route = &at->route;
	json_t *object = json_object();

	js_put_bytes(object, "key", at->key, strlen(at->key));
	if (at->err.code != 0) {
		js_put(object, "error", js_error(&at->err));
	}
	if (route->server_count == 0) {
		return object;
	}
	js_put_bytes(object, "sent", route->key.data, route->key.len);
	if (route->key_replaced) {
		js_put_text(object, "key_rule", at->key_rule);
	}
	js_put_bytes(object, "hashed", route->hashed.data, route->hashed.len);
	js_put_text(object, "hash_function", at->hash_name);
	js_put_text(object, "distribution", at->distribution);
	js_put(object, "hash_bits", json_integer(route->hash_bits));
	js_put_u64(object, "hash", route->hash);
	js_put_u64(object, "place", route->place);
	js_put_u64(object, "ring_points", route->ring_points);
	js_put(object, "points", points_json(at));
	js_put(object, "servers", servers_json(at));
	js_put(object, "policies", policies_json(at));
	if (at->app->options.value_size > 0 && at->err.code == 0) {
		js_put(object, "value", value_json(at));
	}
	if (at->app->options.online) {
		js_put(object, "stored", stored_json(at));
	}
	return object;
}

/* ---- the command -------------------------------------------------------------------- */

/*
 * Make a value of --value-bytes that no codec can make shorter: random numbers, always the same.
 * NULL without the option. The caller frees the value.
 */
static char *make_value(uint64_t bytes)
{
	char *value = bytes > 0 ? alloc_array((size_t)bytes, 1) : NULL;
	uint64_t state = 1;

	for (uint64_t i = 0; i < bytes; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		value[i] = (char)(state >> 24);
	}
	return value;
}

static int look(struct explained *at)
{
	int status = EXIT_DONE;
	size_t count = at->route.server_count;

	at->looked_at = count < LOOKED_AT ? count : LOOKED_AT;
	for (size_t i = 0; i < at->looked_at; i++) {
		struct tenon_server_info info =
			server_of(at, at->route.servers[i]);
		struct facts_item *item = &at->stored[i];

		facts_read(&at->facts, item_of_operand(at->app, at->key),
			   at->route.servers[i], item);
		at->slabs[i] = (struct slab){ 0 };
		if (item->state == FACTS_FOUND) {
			slab_read(at->facts.app.client, at->route.servers[i],
				  tenon_slice_of(at->key), &at->slabs[i]);
		}
		if (item->state == FACTS_FAILED || item->state == FACTS_UNKNOWN) {
			char *server = server_named(info.alias, info.address);

			report("%s: %s", server, item->text);
			free(server);
			status = EXIT_SERVER;
		}
	}
	return status;
}

static int explain_key(struct explained *at, struct tenon_slice value,
		       json_t *array)
{
	struct tenon_item item = item_of_operand(at->app, at->key);
	int status = EXIT_DONE;

	item.value = value;
	if (tenon_client_route(at->app->client, &item, &at->route, &at->err) !=
	    0) {
		char *label = output_label(at->key, strlen(at->key));

		report("%s: %s", label, at->err.message);
		free(label);
		status = exit_status_of(at->err.code);
	}
	at->looked_at = 0;
	if (at->app->options.online && at->route.server_count > 0) {
		status = exit_worse(status, look(at));
	}
	if (array) {
		js_append(array, explained_json(at));
	} else if (at->route.server_count > 0) {
		print_explained(at);
	}
	return status;
}

static int explain_keys(struct explained *at)
{
	const struct app *app = at->app;
	json_t *array = app->options.json ? json_array() : NULL;
	uint64_t bytes = app->options.value_size;
	char *value = make_value(bytes);
	int status = EXIT_DONE;

	for (size_t i = 0; i < app->operand_count; i++) {
		at->key = app->operands[i];
		if (i > 0 && !array) {
			output_text("\n");
		}
		status = exit_worse(
			status,
			explain_key(at,
				    (struct tenon_slice){ value, (size_t)bytes },
				    array));
	}
	free(value);
	if (array) {
		js_print(array);
	}
	return status;
}

static int explain_all(struct app *app, const struct settings *settings)
{
	struct explained at = { .app = app,
				.hash_name = settings->hash_function,
				.distribution = settings->distribution,
				.key_rule = settings->key_rule };
	struct tenon_error err;
	int status;

	if (app->options.online && facts_open(&at.facts, app, &err) != 0) {
		status = fail_error(app, &err);
	} else {
		status = explain_keys(&at);
	}
	facts_close(&at.facts);
	return status;
}

static void settings_fini(struct settings *settings)
{
	free(settings->hash_function);
	free(settings->distribution);
	free(settings->key_rule);
}

int run_explain(struct app *app)
{
	struct settings settings = { .key_rule = NULL };
	int status;

	if (app->options.failures) {
		return app->operand_count > 0
			       ? fail_usage(app, "--failures goes without keys")
			       : run_failures(app);
	}
	if (app->operand_count == 0) {
		return fail_usage(app, "no key: give KEY... or --failures");
	}
	status = setup_client(app);
	if (status != EXIT_DONE) {
		return status;
	}
	tenon_config_each_setting(app->config, take_setting, &settings);
	status = explain_all(app, &settings);
	settings_fini(&settings);
	return status;
}
