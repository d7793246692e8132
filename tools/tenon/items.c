/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "items.h"
#include "output.h"
#include "report.h"
#include "setup.h"

struct tenon_item *items_of_operands(struct app *app)
{
	struct tenon_item *items =
		alloc_array(app->operand_count, sizeof(*items));

	for (size_t i = 0; i < app->operand_count; i++) {
		items[i].key.data = app->operands[i];
		items[i].key.len = strlen(app->operands[i]);
		items[i].exptime = app->options.exptime;
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

/* Return the option bits of the call: --noreply and --ttl. */
static unsigned call_options(const struct app *app)
{
	bool ttl = (app->options.given & OPTION_BIT(OPTION_TTL)) != 0;

	return (app->options.noreply ? TENON_NOREPLY : 0) |
	       (ttl ? TENON_FROM_NOW : 0);
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

/* Keys that failed for the same reason. One line reports them all. */
struct group {
	const struct tenon_item *first;
	const struct tenon_result *result;
	size_t count;
};

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/*
 * Return true when one line can report both results. A failure belongs to one server;
 * an absent key is absent whichever server it is on.
 */
static bool same_trouble(const struct tenon_result *a,
			 const struct tenon_result *b)
{
	return a->status == b->status && same_text(a->text, b->text) &&
	       (a->status >= 0 || a->server == b->server);
}

static size_t group_results(struct group **out, const struct items_call *call,
			    const struct tenon_result *results)
{
	struct group *groups = NULL;
	size_t count = 0;

	for (size_t i = 0; i < call->count; i++) {
		const struct tenon_result *result = &results[i];
		/* Each wrong key is wrong in its own way: it gets a group of its own. */
		size_t g = result->status == TENON_EKEY ? count : 0;

		if (exit_status_of(result->status) == EXIT_DONE) {
			continue;
		}
		while (g < count && !same_trouble(groups[g].result, result)) {
			g++;
		}
		if (g == count) {
			groups = alloc_resize(groups, ++count, sizeof(*groups));
			groups[g] = (struct group){ &call->items[i], result, 0 };
		}
		groups[g].count++;
	}
	*out = groups;
	return count;
}

/*
 * The sentence that reports a group. When err is not NULL, it is the library's
 * explanation of the first key of the group. The caller frees the text.
 */
static char *group_reason(struct app *app, const struct items_call *call,
			  const struct group *group,
			  const struct tenon_error *err)
{
	const struct tenon_result *result = group->result;
	const char *why = explain(call->verb, result->status);
	struct tenon_server_info info;
	struct tenon_error key_err;
	size_t server;

	if (err) {
		return error_text(err);
	}
	if (result->status == TENON_EKEY &&
	    tenon_client_where(app->client, group->first->key, &server,
			       &key_err) != 0) {
		return error_text(&key_err);
	}
	char *reason = result_reason(app, result);
	char *text = alloc_format("%s%s%s", why, reason ? ": " : "",
				  reason ? reason : "");

	free(reason);
	if (result->status < 0 &&
	    tenon_client_server(app->client, result->server, &info) == 0) {
		char *tail = text;

		text = alloc_format("%s (%s): %s", info.alias, info.address,
				    tail);
		free(tail);
	}
	return text;
}

static void report_group(const struct group *group, const char *reason,
			 bool explained)
{
	const struct tenon_slice *key = &group->first->key;
	char *label = output_label(key->data, key->len);

	if (explained && group->result->status != TENON_EKEY &&
	    group->result->server == UINT32_MAX) {
		/* The key was not sent: the library's sentence names the key already. */
		report("%s", reason);
	} else if (group->count == 1) {
		report("%s: %s", label, reason);
	} else {
		report("%s and %zu more: %s", label, group->count - 1, reason);
	}
	free(label);
}

static void report_results(struct app *app, const struct items_call *call,
			   const struct tenon_result *results,
			   const struct tenon_error *err)
{
	struct group *groups;
	size_t count = group_results(&groups, call, results);

	for (size_t g = 0; g < count; g++) {
		bool explained = err && err->code != 0 &&
				 groups[g].result->status == err->code;
		char *reason = group_reason(app, call, &groups[g],
					    explained ? err : NULL);

		err = explained ? NULL : err;
		report_group(&groups[g], reason, explained);
		free(reason);
	}
	free(groups);
}

static int print_json(struct app *app, const struct items_call *call,
		      const struct tenon_result *results)
{
	json_t *array = json_array();
	int status = EXIT_DONE;

	for (size_t i = 0; i < call->count; i++) {
		const struct tenon_result *result = &results[i];
		const struct tenon_slice *key = &call->items[i].key;
		json_t *object = json_object();

		js_put_bytes(object, "key", key->data, key->len);
		js_put_text(object, "status", tenon_status_name(result->status));
		js_put(object, "code", json_integer(result->status));
		js_put_reason(object, app, result);
		if (exit_status_of(result->status) == EXIT_DONE &&
		    call->add_json) {
			status = exit_worse(status,
					    call->add_json(app, object, result));
		}
		js_put_server(object, app->client, result->server);
		js_append(array, object);
	}
	js_print(array);
	return status;
}

static int show_done(struct app *app, const struct tenon_item *item,
		     const struct tenon_result *result)
{
	struct tenon_server_info info;
	char *key;

	if (output_is_terminal() &&
	    tenon_client_server(app->client, result->server, &info) == 0) {
		key = output_clean(item->key.data, item->key.len);
		output_format("%s ", key);
		output_styled(STYLE_GOOD, tenon_status_name(result->status));
		output_format(" on %s\n", info.alias);
		free(key);
	}
	return EXIT_DONE;
}

static int print_text(struct app *app, const struct items_call *call,
		      const struct tenon_result *results)
{
	int status = EXIT_DONE;

	for (size_t i = 0; i < call->count; i++) {
		if (exit_status_of(results[i].status) == EXIT_DONE) {
			status = exit_worse(
				status,
				(call->show ? call->show : show_done)(
					app, &call->items[i], &results[i]));
		}
	}
	return status;
}

int items_run(struct app *app, const struct items_call *call)
{
	const struct tenon_result *results;
	struct tenon_error err;
	int status = setup_client(app);

	if (status != EXIT_DONE) {
		return status;
	}
	tenon_run(app->client, call->verb, call->items, call->count,
		  call_options(app), &results, &err);
	if (!results) {
		return fail_error(app, &err);
	}
	status = (app->options.json ? print_json : print_text)(app, call,
							      results);
	for (size_t i = 0; i < call->count; i++) {
		status = exit_worse(status, exit_status_of(results[i].status));
	}
	report_results(app, call, results, &err);
	return status;
}
