/* SPDX-License-Identifier: BSD-3-Clause */
/* health: the state of every server as this client sees it, once or again and again. */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "cli.h"
#include "json.h"
#include "latency.h"
#include "output.h"
#include "report.h"
#include "setup.h"

/* One look sends this many version requests, but none after PROBES_MAX_MS. */
#define PROBES 10
#define PROBES_MAX_MS 200

/* Numbers from the statistics of a server. */
struct counts {
	uint64_t uptime_s;
	uint64_t operations;
	uint64_t hits;
	uint64_t misses;
};

struct row {
	struct tenon_health health; /* sum of all looks; failures: failed looks in a row */
	bool has_counts;            /* the server answered stats in the last look */
	struct counts counts;
	char *version; /* NULL until the server has answered */
	bool has_rate;
	double rate; /* operations a second between the last two looks */
	int64_t counted_at_ms;
};

struct view {
	struct row *rows;
	size_t count;
	bool is_watch;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- a look at the servers ----------------------------------------------- */

/* The counts of commands that take a key: protocol.txt, "General-purpose statistics". */
static const char *const operation_stats[] = {
	"cmd_get",   "cmd_set",   "cmd_touch",   "delete_hits", "delete_misses",
	"incr_hits", "incr_misses", "decr_hits", "decr_misses",
};

static bool is_named(const struct tenon_slice *slice, const char *name)
{
	return slice->len == strlen(name) &&
	       memcmp(slice->data, name, slice->len) == 0;
}

static uint64_t number_of(const struct tenon_slice *slice)
{
	char *text = alloc_format("%.*s", (int)slice->len,
				  (const char *)slice->data);
	uint64_t number = 0;

	parse_u64(text, UINT64_MAX, &number);
	free(text);
	return number;
}

static void read_counts(struct row *row, const struct tenon_result *result)
{
	struct counts *counts = &row->counts;
	struct tenon_slice name;
	struct tenon_slice value;
	size_t cursor = 0;

	*counts = (struct counts){ 0 };
	while (tenon_stat_next(result, &cursor, &name, &value) != 0) {
		if (is_named(&name, "uptime")) {
			counts->uptime_s = number_of(&value);
		} else if (is_named(&name, "get_hits")) {
			counts->hits = number_of(&value);
		} else if (is_named(&name, "get_misses")) {
			counts->misses = number_of(&value);
		} else if (is_named(&name, "version") && !row->version) {
			row->version = output_clean(value.data, value.len);
		}
		for (size_t i = 0; i < sizeof(operation_stats) /
					       sizeof(operation_stats[0]); i++) {
			if (is_named(&name, operation_stats[i])) {
				counts->operations += number_of(&value);
			}
		}
	}
}

/* Add the health that the library recorded since the last call; latencies only on request. */
static void collect(struct app *app, struct view *view, bool with_latency)
{
	static struct tenon_health now;

	for (size_t i = 0; i < view->count; i++) {
		struct tenon_health *sum = &view->rows[i].health;

		tenon_client_health(app->client, i, &now);
		if (!with_latency) {
			memset(&now.latency, 0, sizeof(now.latency));
		}
		now.failures = 0;
		tenon_health_merge(sum, &now);
		sum->alias = now.alias;
		memcpy(sum->address, now.address, sizeof(sum->address));
		sum->now_ms = now.now_ms;
		sum->state = now.state;
		sum->state_at_ms = now.state_at_ms;
		sum->retry_at_ms = now.retry_at_ms;
	}
	tenon_client_health_reset(app->client);
}

/* Ask every server once. Returns false when no server could be asked; err has the reason. */
static bool ask(struct app *app, enum tenon_server_verb verb,
		const struct tenon_result **results, struct tenon_error *err)
{
	tenon_run_servers(app->client, verb, NULL, 0, results, err);
	return *results != NULL;
}

static void count_row(struct row *row, const struct tenon_result *result)
{
	struct counts before = row->counts;
	bool had_counts = row->has_counts;
	int64_t at_ms = now_ms();
	double seconds = (double)(at_ms - row->counted_at_ms) / 1e3;

	row->has_counts = result->status >= 0;
	row->has_rate = false;
	if (!row->has_counts) {
		return;
	}
	read_counts(row, result);
	row->counted_at_ms = at_ms;
	/* A restarted server counts from 0, so there is no rate for this look. */
	if (had_counts && seconds > 0 &&
	    row->counts.operations >= before.operations) {
		row->has_rate = true;
		row->rate = (double)(row->counts.operations -
				     before.operations) / seconds;
	}
}

static bool look(struct app *app, struct view *view, struct tenon_error *err)
{
	const struct tenon_result *results;
	int64_t until_ms = now_ms() + PROBES_MAX_MS;

	if (!ask(app, TENON_STATS, &results, err)) {
		return false;
	}
	for (size_t i = 0; i < view->count; i++) {
		count_row(&view->rows[i], &results[i]);
	}
	/* Leave out the latencies of connecting and of stats: a get is much faster. */
	collect(app, view, false);
	for (int probe = 0; probe < PROBES && now_ms() < until_ms; probe++) {
		if (!ask(app, TENON_VERSION, &results, err)) {
			return false;
		}
	}
	collect(app, view, true);
	for (size_t i = 0; i < view->count; i++) {
		struct tenon_health *health = &view->rows[i].health;

		health->failures = health->state == TENON_SERVER_UP ?
					   0 : health->failures + 1;
	}
	return true;
}

/* ---- text ---------------------------------------------------------------- */

/* A duration such as "12 s", "3 min 20 s", "5 h 7 min" or "3 d 4 h". The caller frees the text. */
static char *duration_text(int64_t ms)
{
	static const struct {
		const char *name;
		int64_t seconds;
	} units[] = { { "d", 86400 }, { "h", 3600 }, { "min", 60 }, { "s", 1 } };
	int64_t seconds = ms < 0 ? 0 : ms / 1000;
	size_t unit = 0;

	while (units[unit].seconds > 1 && seconds < units[unit].seconds) {
		unit++;
	}
	int64_t whole = seconds / units[unit].seconds;
	int64_t rest = seconds % units[unit].seconds;

	if (rest == 0 || rest < units[unit + 1].seconds) {
		return alloc_format("%" PRId64 " %s", whole, units[unit].name);
	}
	return alloc_format("%" PRId64 " %s %" PRId64 " %s", whole,
			    units[unit].name, rest / units[unit + 1].seconds,
			    units[unit + 1].name);
}

/* How long the server has been in its state, in milliseconds; -1 when that is not known. */
static int64_t state_ms(const struct row *row)
{
	const struct tenon_health *health = &row->health;

	/* The library saw the server change its state. */
	if (health->state_at_ms > 0) {
		return health->now_ms - health->state_at_ms;
	}
	/* It was up in every look: the server knows since when it runs. */
	return row->has_counts ? (int64_t)row->counts.uptime_s * 1000 : -1;
}

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

static void add_counts(struct table *table, const struct view *view,
		       const struct row *row)
{
	const struct counts *counts = &row->counts;
	uint64_t gets = counts->hits + counts->misses;

	if (row->has_counts) {
		table_add(table, STYLE_NONE, "%" PRIu64, counts->operations);
	} else {
		table_add(table, STYLE_NONE, "-");
	}
	if (view->is_watch && row->has_rate) {
		table_add(table, STYLE_NONE, "%.0f", row->rate);
	} else if (view->is_watch) {
		table_add(table, STYLE_NONE, "-");
	}
	if (row->has_counts && gets > 0) {
		table_add(table, STYLE_NONE, "%.1f %%",
			  (double)counts->hits * 100 / (double)gets);
	} else {
		table_add(table, STYLE_NONE, "-");
	}
}

static void add_error(struct table *table, const struct tenon_health *health)
{
	if (health->error_status == 0) {
		table_add(table, STYLE_NONE, "%s", "");
		return;
	}
	int64_t ago_ms = health->now_ms - health->error_at_ms;
	char *ago = duration_text(ago_ms);

	table_add(table,
		  health->state == TENON_SERVER_UP ? STYLE_DIM : STYLE_BAD,
		  "%s%s%s%s", health->error_text, ago_ms < 1000 ? "" : " (",
		  ago_ms < 1000 ? "" : ago, ago_ms < 1000 ? "" : " ago)");
	free(ago);
}

static void add_row(struct table *table, const struct view *view,
		    const struct row *row)
{
	const struct tenon_health *health = &row->health;
	int64_t for_ms = state_ms(row);

	table_add(table, STYLE_BOLD, "%s", health->alias);
	table_add(table, STYLE_DIM, "%s", health->address);
	table_add(table,
		  health->state == TENON_SERVER_UP ? STYLE_GOOD : STYLE_BAD,
		  "%s", tenon_server_state_name((int)health->state));
	if (for_ms < 0) {
		table_add(table, STYLE_NONE, "-");
	} else {
		add_text(table, STYLE_NONE, duration_text(for_ms));
	}
	table_add(table, STYLE_NONE, "%" PRIu32, health->failures);
	add_counts(table, view, row);
	add_latency(table, &health->latency);
	add_error(table, health);
}

static size_t count_up(const struct view *view)
{
	size_t up = 0;

	for (size_t i = 0; i < view->count; i++) {
		up += view->rows[i].health.state == TENON_SERVER_UP;
	}
	return up;
}

/* Show at most rows_max servers. When there are more, servers that are up are left out first. */
static void print_table(const struct view *view, size_t rows_max)
{
	static const char *const titles[] = { "SERVER", "ADDRESS", "STATE",
					      "FOR",    "FAILS",   "OPS",
					      "OPS/s",  "HITS",    "p50",
					      "p99",    "max",     "LAST ERROR" };
	size_t title_count = sizeof(titles) / sizeof(titles[0]);
	struct table table = { .columns = title_count - !view->is_watch,
			       .right = view->is_watch ? 0x7f8 : 0x3f8 };
	size_t bad = view->count - count_up(view);
	size_t room_for_up = rows_max > bad ? rows_max - bad : 0;
	size_t left_out = 0;

	for (size_t i = 0; i < title_count; i++) {
		if (view->is_watch || strcmp(titles[i], "OPS/s") != 0) {
			table_add(&table, STYLE_DIM, "%s", titles[i]);
		}
	}
	for (size_t i = 0, shown = 0; i < view->count; i++) {
		bool is_up = view->rows[i].health.state == TENON_SERVER_UP;

		if (shown == rows_max || (is_up && room_for_up == 0)) {
			left_out++;
			continue;
		}
		room_for_up -= is_up;
		shown++;
		add_row(&table, view, &view->rows[i]);
	}
	table_print(&table, 0);
	if (left_out > 0) {
		output_format("and %zu more", left_out);
		output_newline();
	}
}

/* ---- for machines -------------------------------------------------------- */

static json_t *json_error(const struct tenon_health *health)
{
	json_t *object = json_object();

	js_put(object, "code", json_integer(health->error_status));
	js_put_text(object, "status", tenon_status_name(health->error_status));
	js_put_text(object, "message", health->error_text);
	if (health->error_sys_errno != 0) {
		js_put(object, "errno", json_integer(health->error_sys_errno));
	}
	js_put(object, "ago_ms",
	       json_integer(health->now_ms - health->error_at_ms));
	return object;
}

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

static json_t *json_row(const struct row *row)
{
	const struct tenon_health *health = &row->health;
	const struct counts *counts = &row->counts;
	uint64_t gets = counts->hits + counts->misses;
	json_t *object = json_object();

	js_put_text(object, "server", health->alias);
	js_put_text(object, "address", health->address);
	js_put_text(object, "state",
		    tenon_server_state_name((int)health->state));
	if (state_ms(row) >= 0) {
		js_put(object, "state_ms", json_integer(state_ms(row)));
	}
	js_put(object, "failures", json_integer(health->failures));
	if (health->retry_at_ms > health->now_ms) {
		js_put(object, "retry_in_ms",
		       json_integer(health->retry_at_ms - health->now_ms));
	}
	if (health->error_status != 0) {
		js_put(object, "last_error", json_error(health));
	}
	js_put_text(object, "version", row->version);
	if (row->has_counts) {
		js_put_u64(object, "operations", counts->operations);
		js_put_u64(object, "get_hits", counts->hits);
		js_put_u64(object, "get_misses", counts->misses);
	}
	if (row->has_counts && gets > 0) {
		js_put(object, "hit_ratio",
		       json_real((double)counts->hits / (double)gets));
	}
	if (row->has_rate) {
		js_put(object, "operations_per_second", json_real(row->rate));
	}
	js_put(object, "latency_us", json_latency(&health->latency));
	return object;
}

static json_t *json_view(const struct view *view)
{
	json_t *array = json_array();

	for (size_t i = 0; i < view->count; i++) {
		js_append(array, json_row(&view->rows[i]));
	}
	return array;
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
		alloc_array(view->count, sizeof(*servers));

	for (size_t i = 0; i < view->count; i++) {
		servers[i] = view->rows[i].health;
	}
	tenon_health_prometheus(servers, view->count, write_text, NULL);
	free(servers);
}

/* ---- once, and again and again ------------------------------------------- */

static void report_bad(const struct view *view)
{
	size_t bad = view->count - count_up(view);
	size_t first = 0;

	if (bad == 0) {
		return;
	}
	while (view->rows[first].health.state == TENON_SERVER_UP) {
		first++;
	}
	const struct tenon_health *health = &view->rows[first].health;

	report("%zu of %zu servers %s not up%s: %s (%s): %s", bad, view->count,
	       bad == 1 ? "is" : "are", bad == 1 ? "" : ", the first",
	       health->alias, health->address, health->error_text);
}

static int run_once(struct app *app, struct view *view)
{
	struct tenon_error err;

	if (!look(app, view, &err)) {
		return fail_error(app, &err);
	}
	if (app->options.prometheus) {
		print_prometheus(view);
	} else if (app->options.json) {
		js_print(json_view(view));
	} else {
		print_table(view, view->count);
	}
	report_bad(view);
	return count_up(view) == view->count ? EXIT_DONE : EXIT_SERVER;
}

static void print_title(const struct app *app, const struct view *view)
{
	time_t now = time(NULL);
	struct tm local;
	char clock[16] = "";

	if (localtime_r(&now, &local)) {
		strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	}
	output_format("%s  %zu of %zu up, every %g s, Ctrl-C ends", clock,
		      count_up(view), view->count,
		      (double)app->options.watch_ms / 1e3);
	output_newline();
	output_newline();
}

static void show(const struct app *app, const struct view *view, bool on_screen)
{
	size_t rows = screen_rows();

	if (app->options.json) {
		js_print_compact(json_view(view));
		output_text("\n");
	} else if (on_screen) {
		/* Five lines are taken: title, empty line, column titles, "and n more", cursor. */
		screen_home();
		print_title(app, view);
		print_table(view, rows > 6 ? rows - 5 : 1);
		screen_done();
	} else {
		print_title(app, view);
		print_table(view, view->count);
		output_newline();
	}
	output_flush();
}

/* Wait ms milliseconds for one of the blocked signals. Returns true when one came. */
static bool is_stopped(const sigset_t *signals, int64_t ms)
{
	const struct timespec time = { .tv_sec = ms > 0 ? ms / 1000 : 0,
				       .tv_nsec = ms > 0 ? ms % 1000 * 1000000 :
							   0 };

	return sigtimedwait(signals, NULL, &time) > 0;
}

static void on_signal(int number)
{
	(void)number; /* is_stopped() takes the signal */
}

static int run_watch(struct app *app, struct view *view)
{
	bool on_screen = output_is_terminal() && !app->options.json;
	const struct sigaction action = { .sa_handler = on_signal };
	int64_t left_ms = 0;
	sigset_t signals;
	struct tenon_error err = { 0 };

	/*
	 * Block the signals, so that the terminal is restored whenever one arrives. They need
	 * a handler: the kernel would drop a signal that is ignored.
	 */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (on_screen) {
		screen_begin();
	}
	do {
		int64_t until_ms = now_ms() + (int64_t)app->options.watch_ms;

		if (!look(app, view, &err)) {
			break;
		}
		show(app, view, on_screen);
		err.code = 0; /* the error of a server: the table shows it */
		left_ms = until_ms - now_ms();
	} while (!is_stopped(&signals, left_ms));
	if (on_screen) {
		screen_end();
	}
	return err.code == 0 ? EXIT_DONE : fail_error(app, &err);
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
	view.count = tenon_client_server_count(app->client);
	view.rows = alloc_array(view.count, sizeof(*view.rows));
	status = (view.is_watch ? run_watch : run_once)(app, &view);
	for (size_t i = 0; i < view.count; i++) {
		free(view.rows[i].version);
	}
	free(view.rows);
	return status;
}
