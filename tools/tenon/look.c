/* SPDX-License-Identifier: BSD-3-Clause */
#include "look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "latency.h"
#include "needs_meta.h"
#include "output.h"
#include "report.h"
#include "statistic.h"

/* One look sends this many version requests, but none after PROBES_MAX_MS. */
#define PROBES 10
#define PROBES_MAX_MS 200

/* ---- statistics ---------------------------------------------------------- */

/* The counts of commands that take a key: protocol.txt, "General-purpose statistics". */
static const char *const operation_stats[] = {
	"cmd_get",   "cmd_set",   "cmd_touch",   "delete_hits", "delete_misses",
	"incr_hits", "incr_misses", "decr_hits", "decr_misses",
};

static bool is_operation(const struct tenon_slice *name)
{
	for (size_t i = 0;
	     i < sizeof(operation_stats) / sizeof(operation_stats[0]); i++) {
		if (statistic_is(name, operation_stats[i])) {
			return true;
		}
	}
	return false;
}

static void read_counts(struct row *row, const struct tenon_result *result)
{
	struct counts *counts = &row->total;
	struct tenon_slice name;
	struct tenon_slice value;
	size_t cursor = 0;

	*counts = (struct counts){ 0 };
	while (tenon_stat_next(result, &cursor, &name, &value) != 0) {
		if (statistic_is(&name, "uptime")) {
			counts->uptime_s = statistic_number(&value, UINT64_MAX);
		} else if (statistic_is(&name, "get_hits")) {
			counts->hits = statistic_number(&value, UINT64_MAX);
		} else if (statistic_is(&name, "get_misses")) {
			counts->misses = statistic_number(&value, UINT64_MAX);
		} else if (statistic_is(&name, "version")) {
			free(row->version);
			row->version = output_clean(value.data, value.len);
		} else if (is_operation(&name)) {
			counts->operations += statistic_number(&value, UINT64_MAX);
		}
	}
}

/* Set the interval to the difference of two counts, unless the server restarted in between. */
static void set_interval(struct row *row, const struct counts *old,
			 int64_t old_at_ms)
{
	const struct counts *new = &row->total;

	row->interval_s = (double)(row->total_at_ms - old_at_ms) / 1e3;
	row->has_interval = row->interval_s > 0 &&
			    new->operations >= old->operations &&
			    new->hits >= old->hits &&
			    new->misses >= old->misses;
	if (row->has_interval) {
		row->interval.operations = new->operations - old->operations;
		row->interval.hits = new->hits - old->hits;
		row->interval.misses = new->misses - old->misses;
	}
}

static void take_stats(struct row *row, const struct tenon_result *result)
{
	struct counts old = row->total;
	int64_t old_at_ms = row->total_at_ms;
	bool had_total = row->has_total;

	row->has_interval = false;
	row->has_total = result->status >= 0;
	if (!row->has_total) {
		return;
	}
	read_counts(row, result);
	row->total_at_ms = clock_ms();
	if (had_total) {
		set_interval(row, &old, old_at_ms);
	}
}

/* ---- health -------------------------------------------------------------- */

/* Begin a look: forget the last one, but not since when the server fails and how often. */
static void forget(struct row *row)
{
	uint32_t failures = row->health.failures;

	row->answered = false;
	row->unfit.code = 0;
	memset(&row->health, 0, sizeof(row->health));
	row->health.failures = failures;
}

/* Add the health that the library recorded since the last call. */
static void collect(struct look *look, struct app *app, bool with_latency)
{
	static struct tenon_health now;

	for (size_t i = 0; i < look->count; i++) {
		struct tenon_health *health = &look->rows[i].health;

		tenon_client_health(app->client, i, &now);
		if (!with_latency) {
			memset(&now.latency, 0, sizeof(now.latency));
		}
		now.failures = 0; /* the program counts failed looks */
		tenon_health_merge(health, &now);
		health->alias = now.alias;
		memcpy(health->address, now.address, sizeof(health->address));
		health->now_ms = now.now_ms;
		health->state = now.state;
		health->state_at_ms = now.state_at_ms;
		health->retry_at_ms = now.retry_at_ms;
	}
	tenon_client_health_reset(app->client);
}

/* Give a server that the library calls up another state. */
static void set_state(struct row *row, uint32_t state, int status,
		      int sys_errno, const char *reason)
{
	struct tenon_health *health = &row->health;

	if (row->failing_at_ms == 0) {
		row->failing_at_ms = health->now_ms;
	}
	health->state = state;
	health->state_at_ms = row->failing_at_ms;
	health->error_at_ms = health->now_ms;
	health->error_status = status;
	health->error_sys_errno = sys_errno;
	snprintf(health->error_text, sizeof(health->error_text), "%.*s",
		 (int)sizeof(health->error_text) - 1, reason);
}

/* Make a server that did no request of this look failing. */
static void set_failing(struct row *row, const struct app *app,
			const struct tenon_result *result)
{
	char *reason = result_reason(app, result);
	struct tenon_error err;

	tenon_client_explain(app->client, NULL, result, &err);
	set_state(row, TENON_SERVER_FAILING, result->status, err.sys_errno,
		  reason ? reason : tenon_status_name(result->status));
	free(reason);
}

/*
 * A server that did one of the requests is up, even if it refused the others: a proxy may know
 * only one of them. A server that did none, or that cannot do what the protocol of the config
 * needs, is not up, which the library does not know before an operation with it has failed. last is
 * the result of the last request.
 */
static void judge(struct row *row, const struct app *app,
		  const struct tenon_result *last)
{
	struct tenon_health *health = &row->health;

	if (health->state == TENON_SERVER_REFUSING && row->answered) {
		health->state = TENON_SERVER_UP;
		health->state_at_ms = 0;
	}
	if (row_is_up(row) && !row->answered) {
		set_failing(row, app, last);
	} else if (row_is_up(row) && row->unfit.code != 0) {
		set_state(row,
			  row->unfit.code == TENON_EUNKNOWN
				  ? TENON_SERVER_MISCONFIGURED
				  : TENON_SERVER_FAILING,
			  row->unfit.code, row->unfit.sys_errno,
			  row->unfit.message);
	} else {
		row->failing_at_ms = 0;
	}
	health->failures = row_is_up(row) ? 0 : health->failures + 1;
}

/* ---- a look -------------------------------------------------------------- */

/* Ask every server once. Returns NULL when no server could be asked; err has the reason. */
static const struct tenon_result *ask(struct look *look, struct app *app,
				      enum tenon_server_verb verb,
				      struct tenon_error *err)
{
	const struct tenon_result *results = NULL;

	tenon_run_servers(app->client, verb, NULL, NULL, &results, err);
	for (size_t i = 0; results && i < look->count; i++) {
		look->rows[i].answered |= results[i].status >= 0;
	}
	return results;
}

/* Servers that did the first request are asked whether they know meta commands. */
static void ask_meta(struct look *look, struct app *app)
{
	bool wanted = needs_meta(app);

	for (size_t i = 0; wanted && i < look->count; i++) {
		if (look->rows[i].answered) {
			needs_meta_ask(app, i, NULL, &look->rows[i].unfit);
		}
	}
}

bool look_again(struct look *look, struct app *app, struct tenon_error *err)
{
	int64_t until_ms = clock_ms() + PROBES_MAX_MS;
	const struct tenon_result *results;

	for (size_t i = 0; i < look->count; i++) {
		forget(&look->rows[i]);
	}
	results = ask(look, app, TENON_STATS, err);
	for (size_t i = 0; results && i < look->count; i++) {
		take_stats(&look->rows[i], &results[i]);
	}
	if (results) {
		ask_meta(look, app);
	}
	/* Leave out the latencies of connecting and of stats: a get is much faster. */
	collect(look, app, false);
	for (int probe = 0; results && probe < PROBES; probe++) {
		if (probe > 0 && clock_ms() >= until_ms) {
			break;
		}
		results = ask(look, app, TENON_VERSION, err);
	}
	collect(look, app, true);
	for (size_t i = 0; results && i < look->count; i++) {
		judge(&look->rows[i], app, &results[i]);
	}
	return results != NULL;
}

bool row_is_up(const struct row *row)
{
	return row->health.state == TENON_SERVER_UP;
}

const char *row_state_name(const struct row *row)
{
	const struct tenon_health *health = &row->health;

	return health->state == TENON_SERVER_FAILING &&
			       health->error_status == TENON_ELOCAL
		       ? "not asked"
		       : tenon_server_state_name((int)health->state);
}

int64_t row_state_ms(const struct row *row)
{
	const struct tenon_health *health = &row->health;

	if (health->state_at_ms > 0) {
		return health->now_ms - health->state_at_ms;
	}
	/* It was up in every look: the server knows since when it runs. */
	return row->has_total ? (int64_t)row->total.uptime_s * 1000 : -1;
}

void look_init(struct look *look, const struct app *app)
{
	look->count = tenon_client_server_count(app->client);
	look->rows = alloc_array(look->count, sizeof(*look->rows));
}

void look_fini(struct look *look)
{
	for (size_t i = 0; i < look->count; i++) {
		free(look->rows[i].version);
	}
	free(look->rows);
}
