/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "items.h"
#include "latency.h"
#include "needs_meta.h"
#include "output.h"
#include "report.h"
#include "setup.h"

struct tenon_item item_of_operand(const struct app *app, const char *key)
{
	return (struct tenon_item){
		.key = tenon_slice_of(key),
		.exptime = app->options.exptime,
		.routing_key = tenon_slice_of(app->options.routing_key),
	};
}

struct tenon_item *items_of_operands(struct app *app)
{
	struct tenon_item *items =
		alloc_array(app->operand_count, sizeof(*items));

	for (size_t i = 0; i < app->operand_count; i++) {
		items[i] = item_of_operand(app, app->operands[i]);
	}
	return items;
}

/* protocol.txt, "Expiration times": the server takes a greater exptime for a UNIX time. */
#define EXPTIME_RELATIVE_MAX_S (60 * 60 * 24 * 30)

/* Warn when the exptime is a UNIX time that is past: the caller may have meant a lifetime. */
static void warn_of_past(int64_t exptime)
{
	time_t when = (time_t)exptime;
	struct tm date;
	char text[40];

	if (exptime <= EXPTIME_RELATIVE_MAX_S || when > time(NULL) ||
	    !gmtime_r(&when, &date)) {
		return;
	}
	strftime(text, sizeof(text), "%d %B %Y", &date);
	report("warning: --exptime %" PRId64
	       " is more than 30 days and so a UNIX time, %s, which is past: the key expires at once; --ttl %" PRId64
	       " is that many seconds from now",
	       exptime, text, exptime);
}

int items_check_expiry(struct app *app, bool needed)
{
	uint64_t given = app->options.given & OPTIONS_EXPIRY;

	if (given == OPTIONS_EXPIRY) {
		return fail_usage(app, "--ttl and --exptime set the same thing, give one of them");
	}
	if (given == 0 && needed) {
		return fail_usage(app, "--ttl DURATION is needed");
	}
	if (given == OPTION_BIT(OPTION_EXPTIME)) {
		warn_of_past(app->options.exptime);
	}
	return EXIT_DONE;
}

/* Return the options of the call: its own, --noreply and --ttl. */
static struct tenon_call call_of(const struct app *app, unsigned options)
{
	bool ttl = (app->options.given & OPTION_BIT(OPTION_TTL)) != 0;

	return (struct tenon_call){
		.size = sizeof(struct tenon_call),
		.options = options | (app->options.noreply ? TENON_NOREPLY : 0) |
			   (ttl ? TENON_FROM_NOW : 0),
	};
}

/* The meaning of a status under this verb, in words. */
static const char *explain(enum tenon_verb verb, int status)
{
	if (status == TENON_MISS ||
	    (status == TENON_NOT_STORED && verb != TENON_ADD &&
	     verb != TENON_SET)) {
		return "no such key";
	}
	if (status == TENON_NOT_STORED && verb == TENON_ADD) {
		return "not stored, the key exists";
	}
	if (status == TENON_EXISTS) {
		return "not stored, the value has changed since it was read";
	}
	return tenon_status_name(status);
}

/* ---- what failed --------------------------------------------------------- */

/* Keys that failed for the same reason. One line reports them all. */
struct group {
	const struct tenon_item *first;
	size_t count;
	int status;
	uint32_t server;
	char *text;     /* of the server or of a codec, or NULL */
	char *sentence; /* why; it names the key when `whole` is true */
	bool whole;
};

/* One run of a verb over all its keys, batch by batch. */
struct run {
	struct app *app;
	const struct items_call *call;
	struct group *groups;
	size_t group_count;
	json_t *array; /* NULL: text */
	int status;
};

/* The keys of one tenon_run(). */
struct batch {
	const struct tenon_item *items;
	const struct tenon_result *results;
	size_t count;
	struct tenon_error err;
};

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/*
 * Return true when the line of a group can report this result as well. A failure belongs to one
 * server; an absent key is absent whichever server it is on. Each wrong key is wrong in its own
 * way.
 */
static bool fits(const struct group *group, const struct tenon_result *result)
{
	return group->status == result->status &&
	       result->status != TENON_EKEY &&
	       same_text(group->text, result->text) &&
	       (result->status >= 0 || group->server == result->server);
}

/* Say what a result means: the library's sentence when there is no answer. The caller frees the text. */
static char *sentence_of(struct app *app, enum tenon_verb verb,
			 const struct tenon_item *item,
			 const struct tenon_result *result)
{
	struct tenon_error err;

	if (tenon_client_explain(app->client, item, result, &err) < 0) {
		return needs_meta_advise(app, error_text(&err));
	}
	return alloc_format("%s%s%s", explain(verb, result->status),
			    result->text ? ": " : "",
			    result->text ? result->text : "");
}

/* Begin a group with a result. */
static void add_group(struct run *run, const struct batch *batch, size_t index)
{
	const struct tenon_result *result = &batch->results[index];
	const struct tenon_item *item = &batch->items[index];
	struct group *group;

	run->groups = alloc_resize(run->groups, run->group_count + 1,
				   sizeof(*run->groups));
	group = &run->groups[run->group_count++];
	*group = (struct group){
		.first = item,
		.status = result->status,
		.server = result->server,
		.text = result->text ? alloc_text(result->text) : NULL,
		.sentence = sentence_of(run->app, run->call->verb, item, result),
		/* The key was not sent: the library's sentence names the key already. */
		.whole = result->status < 0 && result->status != TENON_EKEY &&
			 result->server == UINT32_MAX,
	};
}

/* Put each result that is no success into its group. */
static void group_results(struct run *run, const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct tenon_result *result = &batch->results[i];
		size_t g = result->status == TENON_EKEY ? run->group_count : 0;

		if (exit_status_of(result->status) == EXIT_DONE) {
			continue;
		}
		while (g < run->group_count && !fits(&run->groups[g], result)) {
			g++;
		}
		if (g == run->group_count) {
			add_group(run, batch, i);
		}
		run->groups[g].count++;
	}
}

static void report_group(const struct group *group)
{
	const struct tenon_slice *key = &group->first->key;
	char *label = output_label(key->data, key->len);

	if (group->whole) {
		report("%s", group->sentence);
	} else if (group->count == 1) {
		report("%s: %s", label, group->sentence);
	} else {
		report("%s and %zu more: %s", label, group->count - 1,
		       group->sentence);
	}
	free(label);
}

/* Report all groups and free them. */
static void report_groups(struct run *run)
{
	for (size_t g = 0; g < run->group_count; g++) {
		report_group(&run->groups[g]);
		free(run->groups[g].text);
		free(run->groups[g].sentence);
	}
	free(run->groups);
}

/* ---- what was done ------------------------------------------------------- */

static void add_json(struct run *run, const struct batch *batch)
{
	const struct items_call *call = run->call;

	for (size_t i = 0; i < batch->count; i++) {
		const struct tenon_result *result = &batch->results[i];
		const struct tenon_slice *key = &batch->items[i].key;
		json_t *object = json_object();

		js_put_bytes(object, "key", key->data, key->len);
		js_put_text(object, "status", tenon_status_name(result->status));
		js_put(object, "code", json_integer(result->status));
		js_put_reason(object, run->app, result);
		if (exit_status_of(result->status) == EXIT_DONE &&
		    call->add_json) {
			run->status = exit_worse(
				run->status,
				call->add_json(run->app, object, result));
		}
		js_put_server(object, run->app->client, result->server);
		js_append(run->array, object);
	}
}

static int show_done(struct app *app, const struct tenon_item *item,
		     const struct tenon_result *result)
{
	struct tenon_server_info info;

	if (output_is_terminal() &&
	    tenon_client_server(app->client, result->server, &info) == 0) {
		output_shown(item->key.data, item->key.len);
		output_text(" ");
		output_styled(STYLE_GOOD, tenon_status_name(result->status));
		output_text(" on ");
		output_shown(info.alias, strlen(info.alias));
		output_text("\n");
	}
	return EXIT_DONE;
}

static void print_text(struct run *run, const struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		if (exit_status_of(batch->results[i].status) == EXIT_DONE) {
			run->status = exit_worse(
				run->status,
				(run->call->show ? run->call->show : show_done)(
					run->app, &batch->items[i],
					&batch->results[i]));
		}
	}
}

/* ---- batches ------------------------------------------------------------- */

/*
 * Each batch has a deadline of its own, poll_timeout, so that any number of keys can come. The
 * sizes of the values are not known before they come: a batch that takes long is followed by a
 * smaller one.
 */
#define BATCH_FIRST 16
#define BATCH_MAX 1024
#define BATCH_FAST_MS 20
#define BATCH_SLOW_MS 60

/* Return the size of the next batch, after one that took so long. */
static size_t next_size(size_t size, int64_t took_ms)
{
	if (took_ms < BATCH_FAST_MS && size < BATCH_MAX) {
		return size * 2;
	}
	return took_ms > BATCH_SLOW_MS && size > 1 ? size / 2 : size;
}

/* Run one batch, and print its results: they live until the next batch. */
static int run_batch(struct run *run, struct batch *batch)
{
	struct app *app = run->app;
	const struct tenon_call call = call_of(app, run->call->options);

	tenon_run(app->client, run->call->verb, batch->items, batch->count,
		  &call, &batch->results, &batch->err);
	if (!batch->results) {
		return batch->err.code;
	}
	for (size_t i = 0; run->call->see && i < batch->count; i++) {
		run->call->see(run->call->payload, &batch->items[i],
			       &batch->results[i]);
	}
	if (run->array) {
		add_json(run, batch);
	} else {
		print_text(run, batch);
	}
	for (size_t i = 0; i < batch->count; i++) {
		run->status = exit_worse(
			run->status, exit_status_of(batch->results[i].status));
	}
	group_results(run, batch);
	return 0;
}

static int run_batches(struct run *run, struct tenon_error *err)
{
	size_t size = BATCH_FIRST;
	int code = 0;

	for (size_t done = 0; done < run->call->count && !code;) {
		size_t left = run->call->count - done;
		struct batch batch = { .items = run->call->items + done,
				       .count = left < size ? left : size };
		int64_t start_ms = clock_ms();

		code = run_batch(run, &batch);
		*err = batch.err;
		done += batch.count;
		size = next_size(size, clock_ms() - start_ms);
	}
	return code;
}

int items_run(struct app *app, const struct items_call *call)
{
	struct run run = { .app = app, .call = call };
	struct tenon_error err;
	int code;
	int status = setup_client(app);

	if (status != EXIT_DONE) {
		return status;
	}
	run.array = app->options.json ? json_array() : NULL;
	code = run_batches(&run, &err);
	if (run.array && !code) {
		js_print(json_incref(run.array));
	}
	json_decref(run.array);
	report_groups(&run);
	return code ? fail_error(app, &err) : run.status;
}
