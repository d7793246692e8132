/* SPDX-License-Identifier: BSD-3-Clause */
/* bench: put load on the configured cluster; measure throughput and latency. */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "json.h"
#include "latency.h"
#include "output.h"
#include "progress.h"
#include "report.h"
#include "setup.h"

#define PREFIX "tenon-bench:"
#define PREFIX_BYTES (sizeof(PREFIX) - 1)
#define NUMBER_BYTES 8 /* a key's number in hexadecimal digits */
#define KEY_MIN_BYTES (PREFIX_BYTES + NUMBER_BYTES)
#define VALUE_MAX_BYTES (UINT64_C(64) * 1024 * 1024)
#define MULTI_MAX 1000
/* The most that one call stores before the clock starts. More bytes might exceed poll_timeout. */
#define FILL_KEYS 100
#define FILL_BYTES (256 * 1024)
#define SEEDS 4096 /* number of different values */
#define STATUS_COUNT 64

/* The load, as the command line describes it. */
struct plan {
	uint64_t seconds;
	uint64_t threads;
	uint64_t keys;
	struct range key_bytes;
	struct range value_bytes;
	uint64_t reads_percent;
	uint64_t multi;
	int64_t exptime;
	char *bytes; /* all values are slices of these bytes */
};

/* The sums over all reads, or over all writes, of one worker. */
struct tally {
	uint64_t keys;
	uint64_t hits;
	uint64_t wrong; /* hits with another value than this program stores under the key */
	uint64_t failed;
	uint64_t bytes; /* of values */
	struct tenon_histogram latency;
};

struct worker {
	const struct plan *plan;
	struct tenon_client *client;
	pthread_t thread;
	uint64_t random;
	uint64_t first_key; /* the keys that this worker stores before the clock starts */
	uint64_t end_key;
	atomic_uint_fast64_t done; /* number of keys, for the progress line */
	struct tally reads;
	struct tally writes;
	uint64_t errors[STATUS_COUNT]; /* number of keys for each -status */
	struct tenon_error error;      /* the first error */
	struct tenon_item items[MULTI_MAX];
	char key_space[MULTI_MAX][TENON_KEY_MAX_BYTES];
	uint64_t numbers[MULTI_MAX];
};

static atomic_bool is_stopped;

static void on_interrupt(int number)
{
	(void)number;
	atomic_store(&is_stopped, true);
}

/* ---- work ---------------------------------------------------------------- */

/* splitmix64: fast, and random enough to choose keys. */
static uint64_t mix(uint64_t number)
{
	number += UINT64_C(0x9e3779b97f4a7c15);
	number = (number ^ number >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	number = (number ^ number >> 27) * UINT64_C(0x94d049bb133111eb);
	return number ^ number >> 31;
}

static uint64_t next_random(struct worker *worker)
{
	worker->random += UINT64_C(0x9e3779b97f4a7c15);
	return mix(worker->random);
}

static uint64_t within(const struct range *range, uint64_t random)
{
	return range->min + random % (range->max - range->min + 1);
}

/*
 * Make key number `number`. Its length depends on the number alone, so that every run has the
 * same keys.
 */
static void make_key(struct worker *worker, size_t index, uint64_t number)
{
	static const char hex[] = "0123456789abcdef";
	size_t len = (size_t)within(&worker->plan->key_bytes, mix(number));
	char *key = worker->key_space[index];

	for (size_t i = 0; i < NUMBER_BYTES; i++) {
		key[PREFIX_BYTES + i] =
			hex[number >> (4 * (NUMBER_BYTES - 1 - i)) & 15];
	}
	worker->numbers[index] = number;
	worker->items[index].key = (struct tenon_slice){ key, len };
}

/* Where the value of key `number` begins. The length may be any; the bytes follow from the key. */
static const char *value_of(const struct plan *plan, uint64_t number)
{
	return plan->bytes + mix(number) % SEEDS;
}

static void make_value(struct worker *worker, size_t index)
{
	const struct plan *plan = worker->plan;
	size_t len = (size_t)within(&plan->value_bytes, next_random(worker));

	worker->items[index].value = (struct tenon_slice){
		value_of(plan, worker->numbers[index]), len };
	worker->items[index].exptime = plan->exptime;
}

static void count_result(struct worker *worker, struct tally *tally,
			 size_t index, const struct tenon_result *result)
{
	const struct plan *plan = worker->plan;

	tally->keys++;
	if (result->status < 0) {
		tally->failed++;
		worker->errors[-result->status % STATUS_COUNT]++;
	} else if (result->status == TENON_HIT) {
		tally->hits++;
		tally->bytes += result->value_len;
		/* An earlier run may have stored a longer value: that one cannot be compared. */
		tally->wrong += result->value_len <= VALUE_MAX_BYTES &&
				result->value_len <= plan->value_bytes.max &&
				memcmp(result->value,
				       value_of(plan, worker->numbers[index]),
				       result->value_len) != 0;
	} else if (result->status == TENON_STORED) {
		tally->bytes += worker->items[index].value.len;
	}
}

/* Return true when one of the keys was sent to a server, or at least tried. */
static bool is_sent(const struct tenon_result *results, size_t count)
{
	for (size_t i = 0; results && i < count; i++) {
		if (results[i].status != TENON_EDOWN) {
			return true;
		}
	}
	return false;
}

static void call(struct worker *worker, enum tenon_verb verb, size_t count,
		 struct tally *tally)
{
	uint64_t start_ns = clock_ns();
	const struct tenon_result *results;
	struct tenon_error err;
	const struct tenon_call options = {
		.size = sizeof(options),
		.options = verb == TENON_SET ? TENON_FROM_NOW : 0,
	};
	int code = tenon_run(worker->client, verb, worker->items, count,
			     &options, &results, &err);
	uint64_t end_ns = clock_ns();

	/* Do not measure a call of which nothing was sent, because all its servers are down. */
	if (is_sent(results, count)) {
		tenon_histogram_add(&tally->latency, end_ns - start_ns);
	}
	if (code && worker->error.code == 0) {
		worker->error = err;
	}
	if (!results) {
		tally->keys += count;
		tally->failed += count;
		worker->errors[-code % STATUS_COUNT] += count;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		count_result(worker, tally, i, &results[i]);
	}
}

static void *fill(void *argument)
{
	struct worker *worker = argument;

	for (uint64_t key = worker->first_key;
	     key < worker->end_key && !atomic_load(&is_stopped);) {
		size_t count = 0;
		size_t bytes = 0;

		while (count < FILL_KEYS && bytes < FILL_BYTES &&
		       key < worker->end_key) {
			make_key(worker, count, key++);
			make_value(worker, count);
			bytes += worker->items[count++].value.len;
		}
		call(worker, TENON_SET, count, &worker->writes);
		atomic_fetch_add_explicit(&worker->done, count,
					  memory_order_relaxed);
	}
	return NULL;
}

static void *load(void *argument)
{
	struct worker *worker = argument;
	const struct plan *plan = worker->plan;

	while (!atomic_load_explicit(&is_stopped, memory_order_relaxed)) {
		bool is_read = next_random(worker) % 100 < plan->reads_percent;

		for (size_t i = 0; i < plan->multi; i++) {
			make_key(worker, i, next_random(worker) % plan->keys);
			if (!is_read) {
				make_value(worker, i);
			}
		}
		call(worker, is_read ? TENON_GET : TENON_SET,
		     (size_t)plan->multi,
		     is_read ? &worker->reads : &worker->writes);
		atomic_fetch_add_explicit(&worker->done, plan->multi,
					  memory_order_relaxed);
	}
	return NULL;
}

/* ---- running the workers ------------------------------------------------- */

static uint64_t count_done(struct worker *const *workers, uint64_t count)
{
	uint64_t done = 0;

	for (uint64_t i = 0; i < count; i++) {
		done += atomic_load_explicit(&workers[i]->done,
					     memory_order_relaxed);
	}
	return done;
}

static void show_progress(const char *what, double part, uint64_t done,
			  double seconds)
{
	enum { WIDTH = 30 };
	int filled = (int)(part * WIDTH);

	filled = filled > WIDTH ? WIDTH : filled;
	progress_line("%s [%.*s%*s] %.0f keys/s", what, filled,
		      "##############################", WIDTH - filled, "",
		      seconds > 0 ? (double)done / seconds : 0.0);
}

/*
 * Run body in all workers. It ends when the workers have done `wanted` keys together, or with
 * wanted == 0 after the seconds of the plan. Returns the seconds that it took.
 */
static double run_phase(struct worker *const *workers, const struct plan *plan,
			void *(*body)(void *), uint64_t wanted)
{
	const struct timespec step = { .tv_nsec = 20000000 };
	uint64_t start_ns = clock_ns();
	uint64_t end_ns = 0;
	uint64_t started = 0;

	for (; started < plan->threads; started++) {
		atomic_store(&workers[started]->done, 0);
		if (pthread_create(&workers[started]->thread, NULL, body,
				   workers[started]) != 0) {
			atomic_store(&is_stopped, true);
			report("only %" PRIu64 " threads could be started",
			       started);
			break;
		}
	}
	while (!atomic_load(&is_stopped)) {
		uint64_t done = count_done(workers, started);
		double seconds = (double)(clock_ns() - start_ns) / 1e9;
		double part = wanted > 0 ?
				      (double)done / (double)wanted :
				      seconds / (double)plan->seconds;

		if (part >= 1) {
			break;
		}
		show_progress(wanted > 0 ? "storing" : "loading", part, done,
			      seconds);
		nanosleep(&step, NULL);
	}
	end_ns = clock_ns();
	if (wanted == 0) {
		atomic_store(&is_stopped, true);
	}
	for (uint64_t i = 0; i < started; i++) {
		pthread_join(workers[i]->thread, NULL);
	}
	progress_end();
	return (double)(end_ns - start_ns) / 1e9;
}

static void reset(struct worker *worker)
{
	memset(&worker->reads, 0, sizeof(worker->reads));
	memset(&worker->writes, 0, sizeof(worker->writes));
	memset(worker->errors, 0, sizeof(worker->errors));
	memset(&worker->error, 0, sizeof(worker->error));
}

static void merge(struct tally *into, const struct tally *from)
{
	into->keys += from->keys;
	into->hits += from->hits;
	into->wrong += from->wrong;
	into->failed += from->failed;
	into->bytes += from->bytes;
	tenon_histogram_merge(&into->latency, &from->latency);
}

/* Add the counts of one worker to another. The first error is kept. */
static void collect(struct worker *into, const struct worker *from)
{
	merge(&into->reads, &from->reads);
	merge(&into->writes, &from->writes);
	for (size_t i = 0; i < STATUS_COUNT; i++) {
		into->errors[i] += from->errors[i];
	}
	if (into->error.code == 0) {
		into->error = from->error;
	}
}

/* ---- showing ------------------------------------------------------------- */

static void add_time(struct table *table, uint64_t ns)
{
	char *text = latency_text(ns);

	table_add(table, STYLE_NONE, "%s", text);
	free(text);
}

static const unsigned permilles[] = { 500, 900, 990, 999 };

#define PERMILLE_COUNT (sizeof(permilles) / sizeof(permilles[0]))

static void add_row(struct table *table, const char *name,
		    const struct tally *tally, double seconds)
{
	const struct tenon_histogram *latency = &tally->latency;

	if (latency->total == 0) {
		return;
	}
	table_add(table, STYLE_BOLD, "%s", name);
	table_add(table, STYLE_NONE, "%" PRIu64, latency->total);
	table_add(table, STYLE_NONE, "%.0f", (double)latency->total / seconds);
	table_add(table, STYLE_NONE, "%.0f",
		  (double)(tally->keys - tally->failed) / seconds);
	table_add(table, STYLE_NONE, "%.1f",
		  (double)tally->bytes / 1e6 / seconds);
	for (size_t i = 0; i < PERMILLE_COUNT; i++) {
		add_time(table, tenon_histogram_permille_ns(latency, permilles[i]));
	}
	add_time(table, latency->max_ns);
}

static void print_histogram(const struct tenon_histogram *latency)
{
	enum { WIDTH = 40 };
	static const char bar[] = "########################################";
	struct latency_row rows[LATENCY_ROWS_MAX];
	size_t count = latency_rows(latency, rows);
	struct table table = { .columns = 4, .right = 1u | 1u << 1 | 1u << 2 };
	uint64_t most = 1;

	for (size_t i = 0; i < count; i++) {
		most = rows[i].count > most ? rows[i].count : most;
	}
	for (size_t i = 0; i < count; i++) {
		double share = (double)rows[i].count / (double)most;
		int width = (int)(share * WIDTH + 0.5);

		/* A row with calls has at least one character, even for one call in a million. */
		width = rows[i].count > 0 && width == 0 ? 1 : width;
		add_time(&table, rows[i].from_ns);
		table_add(&table, STYLE_NONE, "%" PRIu64, rows[i].count);
		table_add(&table, STYLE_DIM, "%.2f %%",
			  (double)rows[i].count * 100 / (double)latency->total);
		table_add(&table, STYLE_GOOD, "%.*s", width, bar);
	}
	table_print(&table, 2);
}

static void print_range(const char *text, const struct range *range)
{
	if (range->min == range->max) {
		output_format("%s of %" PRIu64 " bytes", text, range->min);
	} else {
		output_format("%s of %" PRIu64 "-%" PRIu64 " bytes", text,
			      range->min, range->max);
	}
}

static void print_plan(const struct plan *plan, double seconds)
{
	output_format("%.1f s, %" PRIu64 " thread%s, %" PRIu64
		      " key%s a call, %" PRIu64 " %% reads\n",
		      seconds, plan->threads, plan->threads == 1 ? "" : "s",
		      plan->multi, plan->multi == 1 ? "" : "s",
		      plan->reads_percent);
	output_format("%" PRIu64 " keys", plan->keys);
	print_range("", &plan->key_bytes);
	print_range(" under '" PREFIX "', values", &plan->value_bytes);
	output_text(plan->exptime == 0 ? "; they do not expire\n\n" :
					 "; they expire and are not deleted\n\n");
}

static void print_outcome(const struct worker *sum, const struct tally *all)
{
	const struct tally *reads = &sum->reads;

	if (reads->keys > 0) {
		output_format("hits    %.3f %%\n",
			      (double)reads->hits * 100 / (double)reads->keys);
	}
	output_format("failed  %" PRIu64 " of %" PRIu64 " keys\n", all->failed,
		      all->keys);
	for (size_t i = 0; i < STATUS_COUNT; i++) {
		if (sum->errors[i] > 0) {
			output_format("        %" PRIu64 " %s\n",
				      sum->errors[i],
				      tenon_status_name(-(int)i));
		}
	}
	if (reads->wrong > 0) {
		output_format("wrong   %" PRIu64
			      " values are not what was stored\n",
			      reads->wrong);
	}
}

static void show_text(const struct plan *plan, const struct worker *sum,
		      const struct tally *all, double seconds)
{
	static const char *const titles[] = { "",    "calls", "calls/s",
					      "keys/s", "MB/s",  "p50",
					      "p90",    "p99",   "p99.9",
					      "max" };
	struct table table = { .columns = 10, .right = 0x3fe };

	print_plan(plan, seconds);
	for (size_t i = 0; i < table.columns; i++) {
		table_add(&table, STYLE_DIM, "%s", titles[i]);
	}
	add_row(&table, "reads", &sum->reads, seconds);
	add_row(&table, "writes", &sum->writes, seconds);
	add_row(&table, "all", all, seconds);
	table_print(&table, 0);
	output_text("\n");
	print_outcome(sum, all);
	output_text("\ncalls by time, each row from\n");
	print_histogram(&all->latency);
}

static json_t *json_range(const struct range *range)
{
	json_t *object = json_object();

	js_put_u64(object, "min", range->min);
	js_put_u64(object, "max", range->max);
	return object;
}

static json_t *json_tally(const struct tally *tally, double seconds,
			  bool is_read)
{
	static const char *const names[] = { "p50", "p90", "p99", "p99.9" };
	json_t *object = json_object();
	json_t *latency = json_object();

	js_put_u64(object, "calls", tally->latency.total);
	js_put_u64(object, "keys", tally->keys);
	js_put(object, "calls_per_second",
	       json_real((double)tally->latency.total / seconds));
	js_put(object, "keys_per_second",
	       json_real((double)(tally->keys - tally->failed) / seconds));
	js_put_u64(object, "value_bytes", tally->bytes);
	js_put_u64(object, "failed", tally->failed);
	if (is_read) {
		js_put_u64(object, "hits", tally->hits);
		js_put_u64(object, "wrong", tally->wrong);
	}
	for (size_t i = 0; i < PERMILLE_COUNT; i++) {
		js_put(latency, names[i],
		       json_real((double)tenon_histogram_permille_ns(&tally->latency,
							     permilles[i]) /
				 1e3));
	}
	js_put(latency, "max", json_real((double)tally->latency.max_ns / 1e3));
	js_put(object, "latency_us", latency);
	return object;
}

static json_t *json_histogram(const struct tenon_histogram *latency)
{
	struct latency_row rows[LATENCY_ROWS_MAX];
	size_t count = latency_rows(latency, rows);
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *row = json_object();

		js_put(row, "from_us", json_real((double)rows[i].from_ns / 1e3));
		js_put(row, "to_us", json_real((double)rows[i].to_ns / 1e3));
		js_put_u64(row, "calls", rows[i].count);
		js_append(array, row);
	}
	return array;
}

static void show_json(const struct plan *plan, const struct worker *sum,
		      const struct tally *all, double seconds)
{
	json_t *root = json_object();
	json_t *errors = json_object();

	js_put(root, "seconds", json_real(seconds));
	js_put_u64(root, "threads", plan->threads);
	js_put_text(root, "prefix", PREFIX);
	js_put_u64(root, "keys", plan->keys);
	js_put(root, "key_bytes", json_range(&plan->key_bytes));
	js_put(root, "value_bytes", json_range(&plan->value_bytes));
	js_put_u64(root, "reads_percent", plan->reads_percent);
	js_put_u64(root, "multi", plan->multi);
	js_put(root, "reads", json_tally(&sum->reads, seconds, true));
	js_put(root, "writes", json_tally(&sum->writes, seconds, false));
	js_put(root, "all", json_tally(all, seconds, false));
	js_put(root, "histogram", json_histogram(&all->latency));
	for (size_t i = 0; i < STATUS_COUNT; i++) {
		if (sum->errors[i] > 0) {
			js_put_u64(errors, tenon_status_name(-(int)i),
				   sum->errors[i]);
		}
	}
	js_put(root, "errors", errors);
	js_print(root);
}

/* ---- the command --------------------------------------------------------- */

/* The value of an option, or otherwise when the option was not given. */
static uint64_t given_or(const struct app *app, enum option_id id,
			 uint64_t value, uint64_t otherwise)
{
	return (app->options.given & OPTION_BIT(id)) != 0 ? value : otherwise;
}

static int check_number(struct app *app, const char *name, uint64_t number,
			uint64_t max)
{
	if (number < 1 || number > max) {
		return fail_usage(app,
				  "%s is %" PRIu64 ", expected 1 to %" PRIu64,
				  name, number, max);
	}
	return EXIT_DONE;
}

static int check_range(struct app *app, const char *name,
		       const struct range *range, uint64_t min, uint64_t max)
{
	if (range->min < min || range->max > max) {
		return fail_usage(app,
				  "%s is %" PRIu64 "-%" PRIu64
				  ", expected sizes from %" PRIu64
				  " to %" PRIu64,
				  name, range->min, range->max, min, max);
	}
	return EXIT_DONE;
}

static int make_plan(struct app *app, struct plan *plan)
{
	const struct options *options = &app->options;
	uint64_t given = options->given;
	int status;

	*plan = (struct plan){
		.seconds = given_or(app, OPTION_SECONDS, options->seconds, 10),
		.threads = given_or(app, OPTION_THREADS, options->threads, 1),
		.keys = given_or(app, OPTION_KEYS, options->keys, 10000),
		.reads_percent = given_or(app, OPTION_READS, options->reads, 90),
		.multi = given_or(app, OPTION_MULTI, options->multi, 1),
		.key_bytes = { 24, 24 },
		.value_bytes = { 100, 100 },
		.exptime = 3600,
	};
	if ((given & OPTION_BIT(OPTION_KEY_BYTES)) != 0) {
		plan->key_bytes = options->key_bytes;
	}
	if ((given & OPTION_BIT(OPTION_VALUE_BYTES)) != 0) {
		plan->value_bytes = options->value_bytes;
	}
	if ((given & OPTION_BIT(OPTION_TTL)) != 0) {
		plan->exptime = options->exptime;
	}
	status = check_number(app, "--seconds", plan->seconds, 86400);
	status = status ? status :
			  check_number(app, "--threads", plan->threads, 256);
	status = status ? status :
			  check_number(app, "--keys", plan->keys, UINT32_MAX);
	status = status ? status : check_number(app, "--multi", plan->multi,
						MULTI_MAX);
	status = status ? status : check_range(app, "--key-bytes",
					       &plan->key_bytes, KEY_MIN_BYTES,
					       TENON_KEY_MAX_BYTES);
	return status ? status : check_range(app, "--value-bytes",
					     &plan->value_bytes, 0,
					     VALUE_MAX_BYTES);
}

/* Make random letters: zeros would compress much better than real values, and text would too. */
static char *make_bytes(const struct plan *plan)
{
	size_t len = (size_t)plan->value_bytes.max + SEEDS;
	char *bytes = alloc_array(len, 1);

	for (size_t i = 0; i < len; i++) {
		bytes[i] = (char)('A' + mix(i) % 58);
	}
	return bytes;
}

static int open_worker(struct app *app, struct worker *worker,
		       const struct plan *plan, uint64_t index)
{
	struct tenon_error err;

	worker->plan = plan;
	worker->random = index << 32;
	worker->first_key = plan->keys * index / plan->threads;
	worker->end_key = plan->keys * (index + 1) / plan->threads;
	for (size_t i = 0; i < MULTI_MAX; i++) {
		memset(worker->key_space[i], 'x', TENON_KEY_MAX_BYTES);
		memcpy(worker->key_space[i], PREFIX, PREFIX_BYTES);
	}
	if (tenon_client_open(app->config, &worker->client, &err) != 0) {
		return fail_error(app, &err);
	}
	return EXIT_DONE;
}

/* Store every key once, so that reads are hits. */
static int fill_all(struct app *app, struct worker *const *workers,
		    const struct plan *plan)
{
	struct worker *sum = workers[0];
	int status = EXIT_DONE;

	run_phase(workers, plan, fill, plan->keys);
	for (uint64_t i = 1; i < plan->threads; i++) {
		collect(sum, workers[i]);
	}
	if (sum->writes.keys > 0 && sum->writes.failed == sum->writes.keys) {
		report("none of %" PRIu64 " keys could be stored",
		       sum->writes.keys);
		status = fail_error(app, &sum->error);
	}
	for (uint64_t i = 0; i < plan->threads; i++) {
		reset(workers[i]);
	}
	return status;
}

static int run_all(struct app *app, struct worker *const *workers,
		   const struct plan *plan)
{
	struct sigaction action = { .sa_handler = on_interrupt,
				    .sa_flags = (int)SA_RESETHAND };
	struct worker *sum = workers[0];
	struct tally *all;
	double seconds;
	int status;

	/* The first Ctrl-C ends the load and shows its results; the second ends the program. */
	sigaction(SIGINT, &action, NULL);
	status = fill_all(app, workers, plan);
	if (status != EXIT_DONE) {
		return status;
	}
	if (atomic_load(&is_stopped)) {
		raise(SIGINT); /* no results yet: end as Ctrl-C does */
	}
	seconds = run_phase(workers, plan, load, 0);
	for (uint64_t i = 1; i < plan->threads; i++) {
		collect(sum, workers[i]);
	}
	all = alloc_array(1, sizeof(*all));
	merge(all, &sum->reads);
	merge(all, &sum->writes);
	(app->options.json ? show_json : show_text)(plan, sum, all, seconds);
	if (all->failed > 0) {
		char *text = error_text(&sum->error);

		report("%" PRIu64 " of %" PRIu64 " keys failed, the first: %s",
		       all->failed, all->keys, text);
		free(text);
		status = EXIT_SERVER;
	}
	if (sum->reads.wrong > 0) {
		report("%" PRIu64 " values are not what was stored",
		       sum->reads.wrong);
		status = EXIT_SERVER;
	}
	free(all);
	return status;
}

int run_bench(struct app *app)
{
	struct worker **workers;
	struct plan plan;
	int status = make_plan(app, &plan);

	if (status != EXIT_DONE) {
		return status;
	}
	status = setup_client(app);
	if (status != EXIT_DONE) {
		return status;
	}
	plan.bytes = make_bytes(&plan);
	workers = alloc_array((size_t)plan.threads, sizeof(*workers));
	for (uint64_t i = 0; status == EXIT_DONE && i < plan.threads; i++) {
		workers[i] = alloc_array(1, sizeof(**workers));
		status = open_worker(app, workers[i], &plan, i);
	}
	if (status == EXIT_DONE) {
		status = run_all(app, workers, &plan);
	}
	for (uint64_t i = 0; i < plan.threads && workers[i]; i++) {
		tenon_client_close(workers[i]->client);
		free(workers[i]);
	}
	free(workers);
	free(plan.bytes);
	return status;
}
