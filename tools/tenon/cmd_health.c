/* SPDX-License-Identifier: BSD-3-Clause */
/* health: the state of every server as this client sees it, once or again and again. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "cli.h"
#include "health_json.h"
#include "json.h"
#include "latency.h"
#include "look.h"
#include "metrics.h"
#include "output.h"
#include "report.h"
#include "screen.h"
#include "secured.h"
#include "setup.h"

struct view {
	const struct tenon_client *client;
	struct look look;
	bool is_watch;
};

/* ---- cells --------------------------------------------------------------- */

enum column {
	COLUMN_SERVER,
	COLUMN_ADDRESS,
	COLUMN_STATE,
	COLUMN_FOR,
	COLUMN_FAILS,
	COLUMN_OPERATIONS,
	COLUMN_HITS,
	COLUMN_P50,
	COLUMN_P99,
	COLUMN_MAX,
	COLUMN_SECURE,
	COLUMN_CERTIFICATE,
	COLUMN_ERROR,
	COLUMN_COUNT
};

#define COLUMNS_RIGHT                                             \
	(1u << COLUMN_FAILS | 1u << COLUMN_OPERATIONS |           \
	 1u << COLUMN_HITS | 1u << COLUMN_P50 | 1u << COLUMN_P99 | \
	 1u << COLUMN_MAX)

/*
 * The columns to leave out, one after the other, until the table fits the terminal. An error of
 * a server that is not up then has lines of its own. tools/man/tenon-servers.1 has this order.
 */
static const unsigned char left_out_first[] = {
	COLUMN_ERROR,  COLUMN_MAX, COLUMN_FAILS, COLUMN_FOR, COLUMN_ADDRESS,
	COLUMN_SECURE, COLUMN_P50, COLUMN_HITS,  COLUMN_P99, COLUMN_OPERATIONS,
	COLUMN_CERTIFICATE,
};

static void add_text(struct table *table, enum style style, char *text)
{
	table_add(table, style, "%s", text);
	free(text);
}

static void add_latency(struct table *table,
			const struct tenon_histogram *latency)
{
	if (latency->total == 0) {
		for (int i = 0; i < 3; i++) {
			table_add(table, STYLE_NONE, "-");
		}
		return;
	}
	add_text(table, STYLE_NONE,
		 latency_text(tenon_histogram_permille_ns(latency, 500)));
	add_text(table, STYLE_NONE,
		 latency_text(tenon_histogram_permille_ns(latency, 990)));
	add_text(table, STYLE_NONE, latency_text(latency->max_ns));
}

/* The hit rate that is shown: of the interval between two looks, or since the server started. */
static bool has_hit_ratio(const struct view *view, const struct row *row,
			  double *ratio)
{
	const struct counts *counts = view->is_watch ? &row->interval :
						       &row->total;
	bool has_counts = view->is_watch ? row->has_interval : row->has_total;
	uint64_t gets = counts->hits + counts->misses;

	if (!has_counts || gets == 0) {
		return false;
	}
	*ratio = (double)counts->hits / (double)gets;
	return true;
}

static double operations_per_second(const struct row *row)
{
	return (double)row->interval.operations / row->interval_s;
}

static void add_counts(struct table *table, const struct view *view,
		       const struct row *row)
{
	double ratio;

	if (view->is_watch && row->has_interval) {
		table_add(table, STYLE_NONE, "%.0f",
			  operations_per_second(row));
	} else if (!view->is_watch && row->has_total) {
		table_add(table, STYLE_NONE, "%" PRIu64,
			  row->total.operations);
	} else {
		table_add(table, STYLE_NONE, "-");
	}
	if (has_hit_ratio(view, row, &ratio)) {
		table_add(table, STYLE_NONE, "%.1f %%", ratio * 100);
	} else {
		table_add(table, STYLE_NONE, "-");
	}
}

static void add_error(struct table *table, const struct row *row)
{
	const struct tenon_health *health = &row->health;
	int64_t ago_ms = health->now_ms - health->error_at_ms;
	enum style style = row_is_up(row) ? STYLE_DIM : STYLE_BAD;

	if (health->error_status == 0) {
		table_add(table, STYLE_NONE, "%s", "");
	} else if (ago_ms < 1000) {
		table_add(table, style, "%s", health->error_text);
	} else {
		char *ago = duration_text(ago_ms);

		table_add(table, style, "%s (%s ago)", health->error_text, ago);
		free(ago);
	}
}

static void add_row(struct table *table, const struct view *view,
		    const struct row *row)
{
	const struct tenon_health *health = &row->health;
	int64_t for_ms = row_state_ms(row);

	table_add(table, STYLE_BOLD, "%s", health->alias);
	table_add(table, STYLE_DIM, "%s", health->address);
	table_add(table, row_is_up(row) ? STYLE_GOOD : STYLE_BAD, "%s",
		  row_state_name(row));
	if (for_ms < 0) {
		table_add(table, STYLE_NONE, "-");
	} else {
		add_text(table, STYLE_NONE, duration_text(for_ms));
	}
	table_add(table, STYLE_NONE, "%" PRIu32, health->failures);
	add_counts(table, view, row);
	add_latency(table, &health->latency);
	secured_add(table, &health->secure);
	add_error(table, row);
}

/* Titles of a watch are as wide as usual cells, so that columns seldom move. */
static void add_titles(struct table *table, const struct view *view)
{
	static const struct {
		const char *once;
		const char *watch;
	} titles[COLUMN_COUNT] = {
		[COLUMN_SERVER] = { "SERVER", "SERVER" },
		[COLUMN_ADDRESS] = { "ADDRESS", "ADDRESS" },
		[COLUMN_STATE] = { "STATE", "STATE   " },
		[COLUMN_FOR] = { "FOR", "FOR        " },
		[COLUMN_FAILS] = { "FAILS", "FAILS" },
		[COLUMN_OPERATIONS] = { "OPS", "  OPS/s" },
		[COLUMN_HITS] = { "HITS", "   HITS" },
		[COLUMN_P50] = { "p50", "    p50" },
		[COLUMN_P99] = { "p99", "    p99" },
		[COLUMN_MAX] = { "max", "    max" },
		[COLUMN_SECURE] = { "SECURE", "SECURE " },
		[COLUMN_CERTIFICATE] = { "CERTIFICATE", "CERTIFICATE" },
		[COLUMN_ERROR] = { "LAST ERROR", "LAST ERROR" },
	};

	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		table_add(table, STYLE_DIM, "%s",
			  view->is_watch ? titles[i].watch : titles[i].once);
	}
}

/* ---- the table in the room that it has ----------------------------------- */

/* Lines below a row, and the rest of a row that is too wide, begin with so many spaces. */
#define INDENT 2

static size_t count_up(const struct view *view)
{
	size_t up = 0;

	for (size_t i = 0; i < view->look.count; i++) {
		up += row_is_up(&view->look.rows[i]);
	}
	return up;
}

/* Return the error that has lines of its own below server number index, or "". */
static const char *error_below(const struct view *view,
			       const struct table *table, size_t index)
{
	bool is_hidden = (table->hidden & 1u << COLUMN_ERROR) != 0;

	return is_hidden && !row_is_up(&view->look.rows[index]) ?
		       table_cell(table, index + 1, COLUMN_ERROR) : "";
}

/* Return the number of lines that print_server() prints. */
static size_t server_lines(const struct view *view, const struct table *table,
			   size_t index, size_t columns)
{
	size_t lines = output_lines(error_below(view, table, index), columns,
				    INDENT);

	if (table_width(table) <= columns) {
		return lines + 1;
	}
	return lines +
	       output_lines(table_cell(table, index + 1, COLUMN_SERVER),
			    columns, 0) +
	       output_lines(table_cell(table, index + 1, COLUMN_STATE), columns,
			    INDENT);
}

static void print_server(const struct view *view, const struct table *table,
			 size_t index, size_t columns)
{
	if (table_width(table) <= columns) {
		table_print_row(table, index + 1);
	} else {
		output_wrapped(STYLE_BOLD,
			       table_cell(table, index + 1, COLUMN_SERVER),
			       columns, 0);
		output_wrapped(STYLE_NONE,
			       table_cell(table, index + 1, COLUMN_STATE),
			       columns, INDENT);
	}
	output_wrapped(STYLE_BAD, error_below(view, table, index), columns,
		       INDENT);
}

/*
 * Choose the servers to show in the room: those that are not up, then those that are up. Returns
 * the number of servers that are left out.
 */
static size_t choose(const struct view *view, const struct table *table,
		     struct output_size room, bool *is_shown)
{
	size_t left_out = 0;

	for (size_t i = 0; i < view->look.count * 2; i++) {
		size_t index = i % view->look.count;
		bool is_second_pass = i >= view->look.count;
		size_t lines;

		if (row_is_up(&view->look.rows[index]) != is_second_pass) {
			continue;
		}
		lines = server_lines(view, table, index, room.columns);
		is_shown[index] = lines <= room.rows;
		room.rows -= is_shown[index] ? lines : 0;
		left_out += !is_shown[index];
	}
	return left_out;
}

/* Hide the columns about sessions of a secure plugin when no server has one. */
static void leave_out_secure(struct table *table, const struct view *view)
{
	for (size_t i = 0; i < view->look.count; i++) {
		if (secured_is_known(&view->look.rows[i].health.secure)) {
			return;
		}
	}
	table->hidden |= 1u << COLUMN_SECURE | 1u << COLUMN_CERTIFICATE;
}

/* Print a table of the servers. room is the room below the titles. */
static void print_table(const struct view *view, struct output_size room)
{
	struct table table = { .columns = COLUMN_COUNT, .right = COLUMNS_RIGHT };
	bool *is_shown = alloc_array(view->look.count, sizeof(*is_shown));
	size_t left_out;

	add_titles(&table, view);
	for (size_t i = 0; i < view->look.count; i++) {
		add_row(&table, view, &view->look.rows[i]);
	}
	leave_out_secure(&table, view);
	table_fit(&table, left_out_first, sizeof(left_out_first), room.columns);
	left_out = choose(view, &table, room, is_shown);
	if (table_width(&table) <= room.columns) {
		table_print_row(&table, 0);
	}
	for (size_t i = 0; i < view->look.count; i++) {
		if (is_shown[i]) {
			print_server(view, &table, i, room.columns);
		}
	}
	if (left_out > 0) {
		output_format("and %zu more", left_out);
		output_newline();
	}
	free(is_shown);
	table_fini(&table);
}

/* ---- for machines -------------------------------------------------------- */

static json_t *json_latency(const struct tenon_histogram *latency)
{
	json_t *object = json_object();
	const struct {
		const char *name;
		uint64_t ns;
	} times[] = {
		{ "p50", tenon_histogram_permille_ns(latency, 500) },
		{ "p99", tenon_histogram_permille_ns(latency, 990) },
		{ "max", latency->max_ns },
	};

	js_put_u64(object, "probes", latency->total);
	for (size_t i = 0; latency->total > 0 && i < 3; i++) {
		js_put(object, times[i].name,
		       json_real((double)times[i].ns / 1e3));
	}
	return object;
}

static json_t *json_row(const struct view *view, const struct row *row)
{
	const struct tenon_health *health = &row->health;
	json_t *object = json_object();
	double ratio;

	js_put_text(object, "server", health->alias);
	js_put_text(object, "address", health->address);
	js_put_text(object, "state", row_state_name(row));
	if (row_state_ms(row) >= 0) {
		js_put(object, "state_ms", json_integer(row_state_ms(row)));
	}
	js_put(object, "answered", json_boolean(row->answered));
	js_put(object, "failures", json_integer(health->failures));
	if (health->retry_at_ms > health->now_ms) {
		js_put(object, "retry_in_ms",
		       json_integer(health->retry_at_ms - health->now_ms));
	}
	if (health->error_status != 0) {
		js_put(object, "last_error", health_json_error(health));
	}
	js_put(object, "noreply", health_json_noreply(health));
	js_put_text(object, "version", row->version);
	if (row->has_total) {
		js_put_u64(object, "operations", row->total.operations);
		js_put_u64(object, "get_hits", row->total.hits);
		js_put_u64(object, "get_misses", row->total.misses);
	}
	if (has_hit_ratio(view, row, &ratio)) {
		js_put(object, "hit_ratio", json_real(ratio));
	}
	if (row->has_interval) {
		js_put(object, "operations_per_second",
		       json_real(operations_per_second(row)));
	}
	js_put(object, "latency_us", json_latency(&health->latency));
	if (secured_is_known(&health->secure)) {
		js_put(object, "secure", secured_json(&health->secure));
	}
	return object;
}

static json_t *json_view(const struct view *view)
{
	json_t *object = json_object();
	json_t *servers = json_array();

	for (size_t i = 0; i < view->look.count; i++) {
		js_append(servers, json_row(view, &view->look.rows[i]));
	}
	js_put(object, "servers", servers);
	js_put(object, "metrics", metrics_json(view->client));
	return object;
}

static int write_text(void *payload, const char *text, size_t len)
{
	(void)payload;
	output_write(text, len);
	return 0;
}

static void print_prometheus(const struct view *view)
{
	struct tenon_health *servers =
		alloc_array(view->look.count, sizeof(*servers));

	for (size_t i = 0; i < view->look.count; i++) {
		servers[i] = view->look.rows[i].health;
	}
	output_text("# A probe: tenon health has asked every server for its statistics and version.\n"
		    "# tenon_server_up is 1 for a server that answered. Counters and durations are those\n"
		    "# of the probe's own requests. They begin at 0 in each run.\n");
	tenon_health_prometheus(servers, view->look.count, write_text, NULL);
	tenon_metrics_prometheus(view->client, write_text, NULL);
	free(servers);
}

/* ---- once, and again and again ------------------------------------------- */

static void report_bad(const struct view *view)
{
	size_t count = view->look.count;
	size_t bad = count - count_up(view);
	size_t first = 0;

	if (bad == 0) {
		return;
	}
	while (row_is_up(&view->look.rows[first])) {
		first++;
	}
	const struct tenon_health *health = &view->look.rows[first].health;
	char *server = server_named(health->alias, health->address);

	report("%zu of %zu servers %s not up%s: %s: %s", bad, count,
	       bad == 1 ? "is" : "are", bad == 1 ? "" : ", the first", server,
	       health->error_text);
	free(server);
}

/* Report the chain that ends first, when it ends soon. */
static void report_certificates(const struct view *view)
{
	const struct tenon_health *worst = NULL;

	for (size_t i = 0; i < view->look.count; i++) {
		const struct tenon_health *health = &view->look.rows[i].health;

		if (health->secure.certificate_state >=
			    TENON_CERTIFICATE_ENDING &&
		    (!worst || health->secure.certificate_ends_s <
				       worst->secure.certificate_ends_s)) {
			worst = health;
		}
	}
	if (worst) {
		char *left = certificate_text(worst->secure.certificate_ends_s);
		char *server = server_named(worst->alias, worst->address);

		report("warning: a certificate of the chain of %s %s%s", server,
		       worst->secure.certificate_state == TENON_CERTIFICATE_ENDED
			       ? "" : "ends in ", left);
		free(server);
		free(left);
	}
}

static int run_once(struct app *app, struct view *view)
{
	struct output_size room = output_size();
	struct tenon_error err;

	if (!look_again(&view->look, app, &err)) {
		return fail_error(app, &err);
	}
	room.rows = SIZE_MAX; /* a terminal scrolls */
	if (app->options.prometheus) {
		print_prometheus(view);
	} else if (app->options.json) {
		js_print(json_view(view));
	} else {
		print_table(view, room);
		metrics_print(view->client, room.columns);
	}
	report_bad(view);
	report_certificates(view);
	return count_up(view) == view->look.count ? EXIT_DONE : EXIT_SERVER;
}

/* Print when the servers were asked and how to quit. Returns the number of lines. */
static size_t print_head(const struct app *app, const struct view *view,
			 bool on_screen, size_t columns)
{
	time_t now = time(NULL);
	struct tm local;
	char clock[16] = "";
	char *head;
	size_t lines;

	if (localtime_r(&now, &local)) {
		strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	}
	head = alloc_format("%s  %zu of %zu up, every %g s, %s", clock,
			    count_up(view), view->look.count,
			    (double)app->options.watch_ms / 1e3,
			    on_screen ? "q quits" : "Ctrl-C ends");
	output_wrapped(STYLE_NONE, head, columns, 0);
	output_newline();
	lines = output_lines(head, columns, 0) + 1;
	free(head);
	return lines;
}

static void show_screen(const struct app *app, const struct view *view)
{
	enum { BELOW = 3, /* column titles, "and n more", and the line of the cursor */
	       LEAST = 2 };
	struct output_size room = output_size();
	size_t metrics = metrics_lines(view->client);
	size_t used;
	bool has_metrics;

	screen_home();
	used = print_head(app, view, true, room.columns) + BELOW;
	/* servers come first: a server has a row, and a line for its error */
	has_metrics = room.rows >= used + metrics + 2 * view->look.count;
	used += has_metrics ? metrics : 0;
	room.rows = room.rows > used + LEAST ? room.rows - used : LEAST;
	print_table(view, room);
	if (has_metrics) {
		metrics_print(view->client, room.columns);
	}
	screen_done();
}

static void show(const struct app *app, const struct view *view, bool on_screen)
{
	struct output_size room = output_size();

	if (app->options.json) {
		js_print_compact(json_view(view));
		output_text("\n");
	} else if (on_screen) {
		show_screen(app, view);
	} else {
		room.rows = SIZE_MAX;
		print_head(app, view, false, room.columns);
		print_table(view, room);
		metrics_print(view->client, room.columns);
		output_newline();
	}
}

/* Show the view until the next look is due. Returns false when the user has quit. */
static bool show_until(const struct app *app, const struct view *view,
		       bool on_screen, int64_t until_ms)
{
	enum screen_event event;

	do {
		screen_hold();
		show(app, view, on_screen);
		output_flush();
		screen_release();
		event = screen_wait(until_ms);
	} while (event == SCREEN_REDRAW);
	return event == SCREEN_TIME;
}

static int run_watch(struct app *app, struct view *view)
{
	bool on_screen = screen_is_possible() && !app->options.json;
	struct tenon_error err;
	int64_t until_ms;

	screen_begin(on_screen);
	do {
		until_ms = clock_ms() + (int64_t)app->options.watch_ms;
		if (!look_again(&view->look, app, &err)) {
			screen_end();
			return fail_error(app, &err);
		}
	} while (show_until(app, view, on_screen, until_ms));
	screen_end();
	return EXIT_DONE;
}

int run_health(struct app *app)
{
	struct view view = { .is_watch = app->options.watch_ms > 0 };
	int status;

	if (app->options.prometheus &&
	    (app->options.json || app->options.watch_ms > 0)) {
		return fail_usage(app, "--prometheus goes with neither --json nor --watch");
	}
	status = setup_client(app);
	if (status != EXIT_DONE) {
		return status;
	}
	view.client = app->client;
	look_init(&view.look, app);
	status = (view.is_watch ? run_watch : run_once)(app, &view);
	look_fini(&view.look);
	return status;
}
