/* SPDX-License-Identifier: BSD-3-Clause */
/* where: which server a key lives on. Connects to no server. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "json.h"
#include "lines.h"
#include "output.h"
#include "report.h"
#include "setup.h"
#include "shares.h"

struct place {
	bool spare; /* a spare server: no key has its home there */
	char *tail; /* "\tALIAS\tADDRESS\n" */
	size_t tail_len;
	uint64_t keys;
};

struct lookup {
	struct app *app;
	struct place *places;
	size_t place_count;
	bool any; /* a JSON object was printed, so the next one needs a comma */
	int status;
};

/* "\tALIAS\tADDRESS\n", fit for a terminal. The caller frees the text. */
static char *make_tail(const struct tenon_server_info *info)
{
	char *alias = output_clean(info->alias, strlen(info->alias));
	char *tail = alloc_format("\t%s\t%s\n",
				  output_is_terminal() ? alias : info->alias,
				  info->address);

	free(alias);
	return tail;
}

static void places_make(struct lookup *lookup)
{
	struct tenon_server_info info;

	lookup->place_count = tenon_client_server_count(lookup->app->client);
	lookup->places = alloc_array(lookup->place_count,
				     sizeof(*lookup->places));
	for (size_t i = 0; i < lookup->place_count; i++) {
		struct place *place = &lookup->places[i];

		tenon_client_server(lookup->app->client, i, &info);
		place->tail = make_tail(&info);
		place->tail_len = strlen(place->tail);
		place->spare = info.pool[0] != '\0';
	}
}

static void print_json(struct lookup *lookup, const void *key, size_t key_len,
		       size_t server, const struct tenon_error *err)
{
	json_t *object = json_object();

	js_put_bytes(object, "key", key, key_len);
	if (err) {
		js_put(object, "error", js_error(err));
	} else {
		js_put_server(object, lookup->app->client, server);
	}
	output_text(lookup->any ? ",\n" : "[\n");
	lookup->any = true;
	js_print_compact(object);
}

static void look_up(struct lookup *lookup, const void *key, size_t key_len)
{
	const struct tenon_item item = {
		.key = { key, key_len },
		.routing_key =
			tenon_slice_of(lookup->app->options.routing_key),
	};
	bool prints = !lookup->app->options.count;
	bool json = lookup->app->options.json;
	struct tenon_error err;
	size_t server = 0;

	if (tenon_client_where_item(lookup->app->client, &item, &server,
				    &err) != 0) {
		char *label = output_label(key, key_len);

		report("%s: %s", label, err.message);
		free(label);
		lookup->status = EXIT_USAGE;
		if (prints && json) {
			print_json(lookup, key, key_len, 0, &err);
		}
		return;
	}
	lookup->places[server].keys++;
	if (prints && json) {
		print_json(lookup, key, key_len, server, NULL);
	} else if (prints) {
		output_shown(key, key_len);
		output_write(lookup->places[server].tail,
			     lookup->places[server].tail_len);
	}
}

static void take_line(void *payload, const void *line, size_t len)
{
	look_up(payload, line, len);
}

static void look_up_stdin(struct lookup *lookup)
{
	int error = lines_read(STDIN_FILENO, take_line, lookup);

	if (error) {
		report("standard input: %s", strerror(error));
		lookup->status = EXIT_USAGE;
	}
}

static uint64_t total_keys(const struct lookup *lookup)
{
	uint64_t total = 0;

	for (size_t i = 0; i < lookup->place_count; i++) {
		total += lookup->places[i].keys;
	}
	return total;
}

static void print_counts_json(struct lookup *lookup)
{
	json_t *array = json_array();

	for (size_t i = 0; i < lookup->place_count; i++) {
		if (lookup->places[i].spare) {
			continue;
		}
		json_t *object = json_object();

		js_put_server(object, lookup->app->client, i);
		js_put_u64(object, "keys", lookup->places[i].keys);
		js_append(array, object);
	}
	js_print(array);
}

static void print_counts(struct lookup *lookup)
{
	struct table table = { .columns = 4, .right = 1u << 1 | 1u << 2 };
	uint64_t total = total_keys(lookup);
	uint64_t most = 0;

	for (size_t i = 0; i < lookup->place_count; i++) {
		most = lookup->places[i].keys > most ? lookup->places[i].keys :
						       most;
	}
	for (size_t i = 0; i < lookup->place_count; i++) {
		if (lookup->places[i].spare) {
			continue;
		}
		uint64_t keys = lookup->places[i].keys;
		struct tenon_server_info info;
		char *blocks = output_bar(keys, most, SHARE_BAR_COLUMNS);

		tenon_client_server(lookup->app->client, i, &info);
		table_add(&table, STYLE_BOLD, "%s", info.alias);
		table_add(&table, STYLE_NONE, "%" PRIu64, keys);
		table_add(&table, STYLE_DIM, "%.1f%%",
			  total == 0 ? 0.0 :
				       (double)keys * 100.0 / (double)total);
		table_add(&table, STYLE_GOOD, "%s", blocks);
		free(blocks);
	}
	table_print(&table, 0);
}

static void finish(struct lookup *lookup)
{
	const struct options *options = &lookup->app->options;

	if (options->count && options->json) {
		print_counts_json(lookup);
	} else if (options->count) {
		print_counts(lookup);
	} else if (options->json) {
		output_text(lookup->any ? "\n]\n" : "[]\n");
	}
	for (size_t i = 0; i < lookup->place_count; i++) {
		free(lookup->places[i].tail);
	}
	free(lookup->places);
}

int run_where(struct app *app)
{
	struct lookup lookup = { .app = app };
	int status;

	if (app->operand_count == 0 && !app->options.from_stdin) {
		return fail_usage(app, "no key: give KEY... or --stdin");
	}
	status = setup_client(app);
	if (status != EXIT_DONE) {
		return status;
	}
	places_make(&lookup);
	for (size_t i = 0; i < app->operand_count; i++) {
		look_up(&lookup, app->operands[i], strlen(app->operands[i]));
	}
	if (app->options.from_stdin) {
		look_up_stdin(&lookup);
	}
	finish(&lookup);
	return lookup.status;
}
