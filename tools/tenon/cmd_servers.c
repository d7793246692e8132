/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands for whole servers: stats, version, ping and flush-all. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cli.h"
#include "json.h"
#include "needs_meta.h"
#include "output.h"
#include "report.h"
#include "setup.h"
#include "tenon/health.h"

/* One answer of every server. */
struct round {
	const struct tenon_result *results;
	size_t count;
	struct tenon_error err;
};

/*
 * Run verb on every server of an open client. Returns EXIT_DONE, or EXIT_SERVER when a
 * server did not answer. When nothing could be asked at all, round->results is NULL, the
 * reason was reported, and the command has to end with the returned status.
 */
static int ask(struct app *app, enum tenon_server_verb verb,
	       const char *argument, struct round *round)
{
	int status = EXIT_DONE;

	round->count = tenon_client_server_count(app->client);
	tenon_run_servers(app->client, verb, argument, NULL, &round->results,
			  &round->err);
	if (!round->results && round->err.code == TENON_EDISABLED) {
		return fail(app, TENON_EDISABLED,
			    "flush-all would drop every item of %zu servers; to allow this, give --yes-flush or put 'enable_flush_all: true' into the config",
			    round->count);
	}
	if (!round->results) {
		return fail_error(app, &round->err);
	}
	for (size_t i = 0; i < round->count; i++) {
		status = exit_worse(status,
				    exit_status_of(round->results[i].status));
	}
	return status;
}

static struct tenon_server_info server_info(const struct app *app, size_t index)
{
	struct tenon_server_info info = { "", "", 0, "" };

	tenon_client_server(app->client, index, &info);
	return info;
}

/* Report on stderr how many servers failed, and the reason of the first. */
static void report_round(const struct round *round)
{
	size_t bad = 0;
	char *text;

	for (size_t i = 0; i < round->count; i++) {
		bad += round->results[i].status < 0;
	}
	if (bad == 0) {
		return;
	}
	text = error_text(&round->err);
	if (bad == 1) {
		report("%s", text);
	} else {
		report("%zu of %zu servers failed, the first: %s", bad,
		       round->count, text);
	}
	free(text);
}

/* The object that every command of this file prints for a server. */
static json_t *json_server(const struct app *app, size_t index,
			   const struct tenon_result *result)
{
	json_t *object = json_object();

	js_put_server(object, app->client, index);
	js_put_text(object, "status", tenon_status_name(result->status));
	js_put(object, "code", json_integer(result->status));
	js_put_reason(object, app, result);
	return object;
}

static void add_server(struct table *table, const struct app *app, size_t index)
{
	struct tenon_server_info info = server_info(app, index);

	table_add(table, STYLE_BOLD, "%s", info.alias);
	table_add(table, STYLE_DIM, "%s", info.address);
}

/*
 * Begin a row: alias and address. Returns true when the server answered, and the caller adds
 * the rest. Otherwise the row is complete: the failure was added.
 */
static bool begin_row(struct table *table, const struct app *app, size_t index,
		      const struct tenon_result *result)
{
	char *reason;

	add_server(table, app, index);
	if (result->status >= 0) {
		return true;
	}
	reason = result_reason(app, result);
	table_add(table, STYLE_BAD, "%s%s%s", tenon_status_name(result->status),
		  reason ? ": " : "", reason ? reason : "");
	free(reason);
	return false;
}

/* ---- version ----------------------------------------------------------- */

static void version_text(const struct app *app, const struct round *round)
{
	struct table table = { .columns = 3 };

	for (size_t i = 0; i < round->count; i++) {
		const struct tenon_result *result = &round->results[i];

		if (begin_row(&table, app, i, result)) {
			table_add(&table, STYLE_GOOD, "%.*s",
				  (int)result->value_len, result->value);
		}
	}
	table_print(&table, 0);
}

static void version_json(const struct app *app, const struct round *round)
{
	json_t *array = json_array();

	for (size_t i = 0; i < round->count; i++) {
		const struct tenon_result *result = &round->results[i];
		json_t *object = json_server(app, i, result);

		if (result->status >= 0) {
			js_put_bytes(object, "version", result->value,
				     result->value_len);
		}
		js_append(array, object);
	}
	js_print(array);
}

/* ---- stats ------------------------------------------------------------- */

/*
 * Get the next line of a reply: a pair of name and value, or a line that is no STAT line, such as
 * "ITEM key [5 b; 0 s]" of cachedump. Then name is empty, and value is the whole line. Returns
 * false at the end.
 */
static bool next_line(const struct tenon_result *result, size_t *cursor,
		      struct tenon_slice *name, struct tenon_slice *value)
{
	const char *line = result->status < 0 || !result->value ?
				   NULL : result->value + *cursor;

	if (!line || tenon_stat_next(result, cursor, name, value) == 0) {
		return false;
	}
	if (name->data == line) {
		const char *end = (const char *)value->data + value->len;

		*value = (struct tenon_slice){ line, (size_t)(end - line) };
		*name = (struct tenon_slice){ line, 0 };
	}
	return true;
}

static void print_line(const struct tenon_slice *line)
{
	char *clean = output_clean(line->data, line->len);

	output_format("  %s\n", clean);
	free(clean);
}

static void stats_text(const struct app *app, const struct round *round)
{
	for (size_t i = 0; i < round->count; i++) {
		const struct tenon_result *result = &round->results[i];
		struct table title = { .columns = result->status < 0 ? 3 : 2 };
		struct table table = { .columns = 2 };
		struct tenon_slice name;
		struct tenon_slice value;
		size_t cursor = 0;

		begin_row(&title, app, i, result);
		table_print(&title, 0);
		while (next_line(result, &cursor, &name, &value)) {
			if (name.len == 0) {
				print_line(&value);
				continue;
			}
			table_add(&table, STYLE_NONE, "%.*s", (int)name.len,
				  (const char *)name.data);
			table_add(&table, STYLE_NONE, "%.*s", (int)value.len,
				  (const char *)value.data);
		}
		table_print(&table, 2);
		output_text(i + 1 < round->count ? "\n" : "");
	}
}

/* Add the pairs of a reply to an object, and the other lines to an array. */
static void add_stats(json_t *object, const struct tenon_result *result)
{
	json_t *stats = json_object();
	json_t *lines = json_array();
	struct tenon_slice name;
	struct tenon_slice value;
	size_t cursor = 0;

	while (next_line(result, &cursor, &name, &value)) {
		if (name.len == 0) {
			json_t *line = json_object();

			js_put_bytes(line, "line", value.data, value.len);
			js_append(lines, line);
			continue;
		}
		char *label = js_name(name.data, name.len);

		js_put_bytes(stats, label, value.data, value.len);
		free(label);
	}
	js_put(object, "stats", stats);
	if (json_array_size(lines) > 0) {
		js_put(object, "lines", lines);
	} else {
		json_decref(lines);
	}
}

static void stats_json(const struct app *app, const struct round *round)
{
	json_t *array = json_array();

	for (size_t i = 0; i < round->count; i++) {
		json_t *object = json_server(app, i, &round->results[i]);

		add_stats(object, &round->results[i]);
		js_append(array, object);
	}
	js_print(array);
}

/* ---- flush-all --------------------------------------------------------- */

static void flush_text(const struct app *app, const struct round *round)
{
	struct table table = { .columns = 3 };

	for (size_t i = 0; i < round->count; i++) {
		if (!begin_row(&table, app, i, &round->results[i])) {
			continue;
		}
		if (app->options.delay_s == 0) {
			table_add(&table, STYLE_GOOD, "every item is gone");
		} else {
			table_add(&table, STYLE_GOOD,
				  "every item will be gone in %" PRIu64 " s",
				  app->options.delay_s);
		}
	}
	table_print(&table, 0);
}

static void flush_json(const struct app *app, const struct round *round)
{
	json_t *array = json_array();

	for (size_t i = 0; i < round->count; i++) {
		js_append(array, json_server(app, i, &round->results[i]));
	}
	js_print(array);
}

/* ---- one round, printed ------------------------------------------------ */

struct view {
	void (*text)(const struct app *app, const struct round *round);
	void (*json)(const struct app *app, const struct round *round);
};

static int run_round(struct app *app, const char *argument,
		     const struct view *view)
{
	enum tenon_server_verb verb =
		(enum tenon_server_verb)app->command->verb;
	struct round round;
	int status = setup_client(app);

	if (status != EXIT_DONE) {
		return status;
	}
	status = ask(app, verb, argument, &round);
	if (!round.results) {
		return status;
	}
	(app->options.json ? view->json : view->text)(app, &round);
	report_round(&round);
	return status;
}

int run_version(struct app *app)
{
	return run_round(app, NULL,
			 &(const struct view){ version_text, version_json });
}

/* Join the operands with spaces. NULL when there are none. The caller frees the text. */
static char *join_operands(const struct app *app)
{
	char *joined = NULL;

	for (size_t i = 0; i < app->operand_count; i++) {
		char *head = joined;

		joined = alloc_format("%s%s%s", head ? head : "",
				      head ? " " : "", app->operands[i]);
		free(head);
	}
	return joined;
}

int run_stats(struct app *app)
{
	char *argument = join_operands(app);
	int status = run_round(app, argument,
			       &(const struct view){ stats_text, stats_json });

	free(argument);
	return status;
}

int run_flush_all(struct app *app)
{
	char *delay = app->options.delay_s == 0 ?
			      NULL :
			      alloc_format("%" PRIu64, app->options.delay_s);
	int status = run_round(app, delay,
			       &(const struct view){ flush_text, flush_json });

	free(delay);
	return status;
}

/* ---- ping -------------------------------------------------------------- */

/* The two answers of one server. */
struct ping {
	double connect_ms; /* time to the first answer, with connecting */
	double answer_ms;  /* time to the second answer, on the open connection */
	char *version;     /* NULL when the server did not answer */
	struct tenon_error err;
};

/* Write why the server did not answer. */
static void set_failure(struct ping *ping, const struct app *app,
			const struct tenon_result *result)
{
	free(ping->version);
	ping->version = NULL;
	tenon_client_explain(app->client, NULL, result, &ping->err);
}

/* The state of a server that has no version: a local limit says nothing about the server. */
static const char *failed_state(const struct ping *ping)
{
	return ping->err.code == TENON_ELOCAL ? "not asked" : "down";
}

/*
 * Ask every server for its version. The times are those that the library measured, each until the
 * server's own answer. A server that has failed before keeps its error. Returns false when no
 * server could be asked.
 */
static bool ask_timed(struct app *app, struct ping *pings, size_t count,
		      bool connects, struct tenon_error *err)
{
	static struct tenon_health health;
	const struct tenon_result *results = NULL;

	tenon_client_health_reset(app->client);
	tenon_run_servers(app->client, TENON_VERSION, NULL, NULL, &results, err);
	for (size_t i = 0; results && i < count; i++) {
		struct ping *ping = &pings[i];

		if (ping->err.code != 0) {
			continue;
		}
		if (results[i].status < 0) {
			set_failure(ping, app, &results[i]);
			continue;
		}
		tenon_client_health(app->client, i, &health);
		*(connects ? &ping->connect_ms : &ping->answer_ms) =
			(double)health.latency.max_ns / 1e6;
		free(ping->version);
		ping->version = output_clean(results[i].value,
					     results[i].value_len);
	}
	return results != NULL;
}

/* With `protocol: meta`, a server without meta commands has failed. */
static void ask_meta(struct app *app, struct ping *pings, size_t count)
{
	bool wanted = needs_meta(app);

	for (size_t i = 0; wanted && i < count; i++) {
		struct ping *ping = &pings[i];

		if (ping->err.code == 0 &&
		    needs_meta_ask(app, i, NULL, &ping->err) != 0) {
			free(ping->version);
			ping->version = NULL;
		}
	}
}

static void ping_text(const struct app *app, const struct ping *pings,
		      size_t count)
{
	struct table table = { .columns = 6, .right = 1u << 4 | 1u << 5 };
	static const char *const titles[] = { "SERVER",	 "ADDRESS",    "STATE",
					      "VERSION", "CONNECT ms", "ANSWER ms" };

	for (size_t i = 0; i < 6; i++) {
		table_add(&table, STYLE_DIM, "%s", titles[i]);
	}
	for (size_t i = 0; i < count; i++) {
		const struct ping *ping = &pings[i];

		add_server(&table, app, i);
		if (!ping->version) {
			table_add(&table, STYLE_BAD, "%s",
				  failed_state(ping));
			table_add(&table, STYLE_BAD, "%s",
				  tenon_status_name(ping->err.code));
			table_add(&table, STYLE_NONE, "-");
			table_add(&table, STYLE_NONE, "-");
			continue;
		}
		table_add(&table, STYLE_GOOD, "up");
		table_add(&table, STYLE_NONE, "%s", ping->version);
		table_add(&table, STYLE_NONE, "%.3f", ping->connect_ms);
		table_add(&table, STYLE_NONE, "%.3f", ping->answer_ms);
	}
	table_print(&table, 0);
}

static void ping_json(const struct app *app, const struct ping *pings,
		      size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct ping *ping = &pings[i];
		json_t *object = json_object();

		js_put_server(object, app->client, i);
		if (!ping->version) {
			js_put_text(object, "state", failed_state(ping));
			js_put(object, "error", js_error(&ping->err));
		} else {
			js_put_text(object, "state", "up");
			js_put_text(object, "version", ping->version);
			js_put(object, "connect_ms",
			       json_real(ping->connect_ms));
			js_put(object, "answer_ms", json_real(ping->answer_ms));
		}
		js_append(array, object);
	}
	js_print(array);
}

int run_ping(struct app *app)
{
	struct tenon_error err;
	struct ping *pings;
	size_t count;
	int status = setup_client(app);

	if (status != EXIT_DONE) {
		return status;
	}
	count = tenon_client_server_count(app->client);
	pings = alloc_array(count, sizeof(*pings));
	if (!ask_timed(app, pings, count, true, &err) ||
	    !ask_timed(app, pings, count, false, &err)) {
		free(pings);
		return fail_error(app, &err);
	}
	ask_meta(app, pings, count);
	(app->options.json ? ping_json : ping_text)(app, pings, count);
	for (size_t i = 0; i < count; i++) {
		if (!pings[i].version) {
			char *text = error_text(&pings[i].err);

			report("%s", text);
			free(text);
			status = exit_worse(status,
					    exit_status_of(pings[i].err.code));
		}
		free(pings[i].version);
	}
	free(pings);
	return status;
}
