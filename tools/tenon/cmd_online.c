/* SPDX-License-Identifier: BSD-3-Clause */
/* check --online: the answers of the servers as a table and as JSON, and what they mean. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json.h"
#include "latency.h"
#include "online.h"
#include "output.h"
#include "report.h"
#include "secured.h"
#include "setup.h"

/* The state of a server in one word: its worst finding decides. */
static const char *state_of(const struct online_server *server)
{
	return server->severity < TENON_FINDING_WARNING
		       ? "ok"
		       : severity_name((uint32_t)server->severity);
}

/* ---- the table ------------------------------------------------------------- */

enum column {
	COLUMN_SERVER,
	COLUMN_ADDRESS,
	COLUMN_STATE,
	COLUMN_VERSION,
	COLUMN_LOOKUP,
	COLUMN_CONNECT,
	COLUMN_ANSWER,
	COLUMN_SECURE,
	COLUMN_CERTIFICATE,
	COLUMN_AUTH,
	COLUMN_CLOCK,
	COLUMN_ITEM,
	COLUMN_OFFERS,
	COLUMN_COUNT
};

#define COLUMNS_RIGHT                                        \
	(1u << COLUMN_LOOKUP | 1u << COLUMN_CONNECT |        \
	 1u << COLUMN_ANSWER | 1u << COLUMN_CLOCK | 1u << COLUMN_ITEM)

/* The columns to leave out, one after the other, until the table fits the terminal. */
static const unsigned char left_out_first[] = {
	COLUMN_OFFERS, COLUMN_LOOKUP,  COLUMN_ITEM,   COLUMN_CONNECT,
	COLUMN_CLOCK,  COLUMN_ADDRESS, COLUMN_AUTH,   COLUMN_SECURE,
	COLUMN_ANSWER, COLUMN_VERSION, COLUMN_CERTIFICATE,
};

static void add_titles(struct table *table)
{
	static const char *const titles[COLUMN_COUNT] = {
		[COLUMN_SERVER] = "SERVER",   [COLUMN_ADDRESS] = "ADDRESS",
		[COLUMN_STATE] = "STATE",     [COLUMN_VERSION] = "VERSION",
		[COLUMN_LOOKUP] = "LOOKUP",   [COLUMN_CONNECT] = "CONNECT",
		[COLUMN_ANSWER] = "ANSWER",   [COLUMN_CLOCK] = "CLOCK",
		[COLUMN_SECURE] = "SECURE",   [COLUMN_CERTIFICATE] = "CERTIFICATE",
		[COLUMN_AUTH] = "AUTH",       [COLUMN_ITEM] = "ITEM MAX",
		[COLUMN_OFFERS] = "OFFERS",
	};

	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		table_add(table, STYLE_DIM, "%s", titles[i]);
	}
}

/* Add a time that is known, or a hyphen. */
static void add_time(struct table *table, bool is_known, uint64_t ns)
{
	char *text = is_known ? latency_text(ns) : alloc_text("-");

	table_add(table, STYLE_NONE, "%s", text);
	free(text);
}

static void add_item_max(struct table *table, uint64_t bytes)
{
	if (bytes == 0) {
		table_add(table, STYLE_NONE, "-");
	} else if (bytes % (1 << 20) == 0) {
		table_add(table, STYLE_NONE, "%" PRIu64 " MiB", bytes >> 20);
	} else if (bytes % (1 << 10) == 0) {
		table_add(table, STYLE_NONE, "%" PRIu64 " KiB", bytes >> 10);
	} else {
		table_add(table, STYLE_NONE, "%" PRIu64 " B", bytes);
	}
}

static const struct {
	const char *name;
	size_t offset;
} offers[] = {
	{ "meta", offsetof(struct online_server, meta) },
	{ "gat", offsetof(struct online_server, gat) },
	{ "cas", offsetof(struct online_server, cas) },
	{ "flush_all", offsetof(struct online_server, flush) },
};

#define OFFER_COUNT (sizeof(offers) / sizeof(offers[0]))

static enum offer offer_of(const struct online_server *server, size_t index)
{
	return *(const enum offer *)(const void *)((const char *)server +
						    offers[index].offset);
}

static void add_offers(struct table *table, const struct online_server *server)
{
	char *text = alloc_text("");

	for (size_t i = 0; i < OFFER_COUNT; i++) {
		if (offer_of(server, i) == OFFER_YES) {
			text = alloc_joined(text, " ", offers[i].name);
		}
	}
	table_add(table, STYLE_NONE, "%s", *text == '\0' ? "-" : text);
	free(text);
}

static const char *const yes_no[] = { [OFFER_UNKNOWN] = "-",
				      [OFFER_NO] = "no",
				      [OFFER_YES] = "yes" };

static void add_server(struct table *table, const struct online_server *server)
{
	const struct direct *direct = &server->direct;

	table_add(table, STYLE_BOLD, "%s", server->info.alias);
	table_add(table, STYLE_DIM, "%s", server->info.address);
	table_add(table,
		  server->severity < TENON_FINDING_WARNING ? STYLE_GOOD
							   : STYLE_BAD,
		  "%s", state_of(server));
	table_add(table, STYLE_NONE, "%s",
		  server->version ? server->version : "-");
	add_time(table, direct->state != DIRECT_LOOKUP && direct->lookup_us > 0,
		 (uint64_t)direct->lookup_us * 1000);
	add_time(table, direct->state == DIRECT_OPEN,
		 (uint64_t)direct->connect_us * 1000);
	add_time(table, server->round_trip_ns > 0, server->round_trip_ns);
	secured_add(table, &server->secure);
	if (server->status == TENON_EAUTH) {
		table_add(table, STYLE_BAD, "refused");
	} else {
		table_add(table, STYLE_NONE, "%s", yes_no[server->auth]);
	}
	if (server->has_time) {
		table_add(table, STYLE_NONE, "%s%" PRId64 " s",
			  server->skew_s > 0 ? "+" : "", server->skew_s);
	} else {
		table_add(table, STYLE_NONE, "-");
	}
	add_item_max(table, server->item_max_bytes);
	add_offers(table, server);
}

static bool one_is_secured(const struct online *online)
{
	size_t i = 0;

	while (i < online->count &&
	       !secured_is_known(&online->servers[i].secure)) {
		i++;
	}
	return i < online->count;
}

static void print_table(const struct online *online)
{
	struct table table = { .columns = COLUMN_COUNT,
			       .right = COLUMNS_RIGHT };

	add_titles(&table);
	for (size_t i = 0; i < online->count; i++) {
		add_server(&table, &online->servers[i]);
	}
	if (!one_is_secured(online)) {
		table.hidden |= 1u << COLUMN_SECURE | 1u << COLUMN_CERTIFICATE;
	}
	table_fit(&table, left_out_first, sizeof(left_out_first),
		  output_size().columns);
	table_print(&table, 0);
}

/* ---- certificates ------------------------------------------------------------ */

static void print_certificates(const struct online *online)
{
	struct secured_tree tree = { 0 };

	for (size_t i = 0; i < online->count; i++) {
		const struct online_server *server = &online->servers[i];

		secured_tree_add(&tree, server->info.alias, server->chain,
				 server->chain_count);
	}
	if (tree.count > 0) {
		output_newline();
		output_styled(STYLE_DIM, "CERTIFICATES");
		output_newline();
		secured_tree_print(&tree);
	}
	secured_tree_fini(&tree);
}

/* ---- findings ---------------------------------------------------------------- */

/* List the aliases of a finding. The caller frees the text. */
static char *aliases_of(const struct online *online,
			const struct online_finding *finding)
{
	char *text = alloc_text("");

	for (size_t i = 0; i < finding->server_count; i++) {
		text = alloc_joined(
			text, ", ",
			online->servers[finding->servers[i]].info.alias);
	}
	return text;
}

static void print_finding(const struct online *online,
			  const struct online_finding *finding)
{
	size_t columns = output_size().columns;
	char *aliases = aliases_of(online, finding);
	char *line = alloc_format("%s: %s: %s [%s]",
				  severity_name((uint32_t)finding->severity), aliases,
				  finding->text, finding->name);
	char *advice = alloc_format("way out: %s", finding->advice);
	char *clean = output_clean(line, strlen(line));

	output_newline();
	output_wrapped(finding->severity < TENON_FINDING_WARNING ? STYLE_NONE
								 : STYLE_BAD,
		       clean, columns, 0);
	output_wrapped(STYLE_NONE, advice, columns, 2);
	free(clean);
	free(advice);
	free(line);
	free(aliases);
}

static void print_text(const struct app *app, const struct online *online,
		       const struct online_findings *judged)
{
	output_format("%s: ", setup_source(app));
	output_styled(STYLE_GOOD, "ok");
	output_text("\n\n");
	print_table(online);
	print_certificates(online);
	for (size_t i = 0; i < judged->count; i++) {
		print_finding(online, &judged->list[i]);
	}
}

/* ---- JSON -------------------------------------------------------------------- */

static void put_direct(json_t *object, const struct direct *direct)
{
	if (direct->state != DIRECT_LOOKUP) {
		js_put_u64(object, "addresses", direct->address_count);
	}
	if (direct->state != DIRECT_LOOKUP && direct->lookup_us > 0) {
		js_put(object, "lookup_ms",
		       json_real((double)direct->lookup_us / 1e3));
	}
	if (direct->state == DIRECT_OPEN) {
		js_put(object, "connect_ms",
		       json_real((double)direct->connect_us / 1e3));
	}
}

static void put_offers(json_t *object, const struct online_server *server)
{
	json_t *list = json_object();

	for (size_t i = 0; i < OFFER_COUNT; i++) {
		enum offer offer = offer_of(server, i);

		js_put(list, offers[i].name,
		       offer == OFFER_UNKNOWN ? json_null()
					      : json_boolean(offer == OFFER_YES));
	}
	js_put(object, "offers", list);
}

/* Put the numbers that the server told: every one that is not 0. */
static void put_numbers(json_t *object, const struct online_server *server)
{
	const struct {
		const char *name;
		uint64_t number;
	} numbers[] = {
		{ "item_max_bytes", server->item_max_bytes },
		{ "connections", server->connections },
		{ "connections_max", server->connections_max },
		{ "uptime_s", server->uptime_s },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i].number > 0) {
			js_put_u64(object, numbers[i].name, numbers[i].number);
		}
	}
}

static json_t *json_server(const struct app *app, const struct online *online,
			   size_t index)
{
	const struct online_server *server = &online->servers[index];
	json_t *object = json_object();

	js_put_server(object, app->client, index);
	js_put_text(object, "state", state_of(server));
	put_direct(object, &server->direct);
	js_put_text(object, "status", tenon_status_name(server->status));
	js_put(object, "code", json_integer(server->status));
	js_put_text(object, "text", server->reason);
	js_put_text(object, "version", server->version);
	if (server->round_trip_ns > 0) {
		js_put(object, "answer_ms",
		       json_real((double)server->round_trip_ns / 1e6));
	}
	if (server->has_time) {
		js_put(object, "clock_skew_s", json_integer(server->skew_s));
		js_put_u64(object, "evictions", server->evictions);
	}
	put_numbers(object, server);
	if (secured_is_known(&server->secure)) {
		js_put(object, "secure", secured_json(&server->secure));
	}
	if (server->chain_count > 0) {
		js_put(object, "certificates",
		       secured_chain_json(server->chain, server->chain_count));
	}
	if (server->auth != OFFER_UNKNOWN) {
		js_put(object, "authentication",
		       json_boolean(server->auth == OFFER_YES));
	}
	put_offers(object, server);
	return object;
}

static json_t *json_finding(const struct app *app,
			    const struct online_finding *finding)
{
	json_t *object = json_object();
	json_t *servers = json_array();

	js_put_text(object, "name", finding->name);
	js_put_text(object, "severity", severity_name((uint32_t)finding->severity));
	js_put_text(object, "text", finding->text);
	js_put_text(object, "advice", finding->advice);
	for (size_t i = 0; i < finding->server_count; i++) {
		json_t *server = json_object();

		js_put_server(server, app->client, finding->servers[i]);
		js_append(servers, server);
	}
	js_put(object, "servers", servers);
	return object;
}

/* The findings of the config come first. */
static void print_json(const struct app *app, const struct online *online,
		       const struct online_findings *judged,
		       const struct findings *findings)
{
	json_t *root = json_object();
	json_t *servers = json_array();

	for (size_t i = 0; i < online->count; i++) {
		js_append(servers, json_server(app, online, i));
	}
	for (size_t i = 0; i < judged->count; i++) {
		const struct online_finding *finding = &judged->list[i];

		js_append(findings->all, json_finding(app, finding));
		if (finding->severity == TENON_FINDING_WARNING) {
			js_append(findings->warnings,
				  json_string(finding->text));
		}
	}
	js_put_text(root, "file", app->config_path);
	js_put(root, "servers", servers);
	findings_put(root, findings);
	js_print(root);
}

/* ---- the command --------------------------------------------------------------- */

/* Report on stderr how many servers cannot be used, and the reason of the first. */
static void report_failed(const struct online *online,
			  const struct online_findings *judged)
{
	const struct online_server *first = NULL;
	size_t bad = 0;

	for (size_t i = 0; i < online->count; i++) {
		bad += online->servers[i].status < 0;
	}
	if (bad > 0) {
		first = &online->servers[judged->list[0].servers[0]];
		char *server = server_named(first->info.alias,
					    first->info.address);

		report("%zu of %zu servers cannot be used%s: %s: %s", bad,
		       online->count, bad == 1 ? "" : ", the first", server,
		       judged->list[0].text);
		free(server);
	}
}

static int status_of(const struct online *online, const struct findings *findings)
{
	int status = findings->warning_count > 0 ? EXIT_WARNINGS : EXIT_DONE;

	for (size_t i = 0; i < online->count; i++) {
		const struct online_server *server = &online->servers[i];

		if (server->severity == TENON_FINDING_WARNING) {
			status = exit_worse(status, EXIT_WARNINGS);
		} else if (server->severity == TENON_FINDING_ERROR) {
			status = exit_worse(status, EXIT_SERVER);
		}
	}
	return status;
}

int online_run(struct app *app, const struct findings *findings)
{
	struct online_findings judged = { 0 };
	struct online online;
	struct tenon_error err;
	int status;

	if (online_ask(&online, app, &err)) {
		online_judge(&online, &judged);
		if (app->options.json) {
			print_json(app, &online, &judged, findings);
		} else {
			print_text(app, &online, &judged);
		}
		report_failed(&online, &judged);
		status = status_of(&online, findings);
	} else {
		status = fail_error(app, &err);
	}
	online_findings_fini(&judged);
	online_fini(&online);
	return status;
}
