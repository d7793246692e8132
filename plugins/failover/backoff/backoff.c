/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A server that fails failure_limit times in a row leaves the ring, for longer
 * each time; its keys go to the next one on the ring. One key is sent to see
 * whether it is back. No more than max_ejected percent of the ring are out.
 */
#include <stddef.h>
#include <stdbool.h>

#include "tenon/plugin/failover.h"

/* Servers that are out and passed by at most: a question has a bound. */
#define PASSED_MAX 64

struct backoff_options {
	int64_t failure_limit;
	int64_t min_ms;
	int64_t max_ms;
	int64_t factor;
	int64_t jitter_pct;
	int64_t max_ejected_pct;
};

enum state {
	IN,     /* the ring has it */
	OUT,    /* no key before at_ms */
	PROBING /* a key was sent to it; another may be at at_ms */
};

struct server {
	enum state state;
	uint32_t failures; /* in a row */
	int64_t out_ms;    /* how long it was out the last time; 0: not since it worked */
	int64_t at_ms;
	bool main; /* on the main ring */
};

struct backoff {
	const struct tenon_host *host;
	struct backoff_options options;
	struct server *servers;
	uint32_t out_count; /* servers of the main ring that are OUT or PROBING */
	uint32_t out_max;
};

static int backoff_check(const void *options, const struct tenon_host *host,
			 struct tenon_error *err)
{
	const struct backoff_options *chosen = options;

	if (chosen->min_ms > chosen->max_ms) {
		return host->set_error(err, TENON_ECONFIG,
				       "min is longer than max");
	}
	return 0;
}

static int backoff_init(void *self, const void *options,
			const struct tenon_host *host,
			const struct tenon_failover_setup *setup,
			struct tenon_error *err)
{
	struct backoff *backoff = self;
	uint64_t main_count = 0;

	backoff->host = host;
	backoff->options = *(const struct backoff_options *)options;
	backoff->servers = host->alloc(host->context,
				       (size_t)setup->server_count *
					       sizeof(*backoff->servers));
	if (!backoff->servers) {
		return host->set_error(err, TENON_ENOMEM, "out of memory");
	}
	for (uint32_t i = 0; i < setup->server_count; i++) {
		backoff->servers[i].main = setup->servers[i].pool == 0;
		main_count += backoff->servers[i].main;
	}
	backoff->out_max =
		(uint32_t)(main_count *
			   (uint64_t)backoff->options.max_ejected_pct / 100);
	return 0;
}

static void backoff_fini(void *self)
{
	struct backoff *backoff = self;

	if (backoff->host) {
		backoff->host->free(backoff->host->context, backoff->servers);
		backoff->servers = NULL;
	}
}

static int64_t later(int64_t now_ms, int64_t ms)
{
	return now_ms > INT64_MAX - ms ? INT64_MAX : now_ms + ms;
}

/* May a key be sent to see whether the server is back? */
static bool is_due(const struct server *server, int64_t now_ms)
{
	return server->state != IN && now_ms >= server->at_ms;
}

static uint32_t backoff_route(void *self, struct tenon_route_query *query,
			      int64_t now_ms)
{
	struct backoff *backoff = self;
	struct server *home = &backoff->servers[query->home];

	if (home->state == IN) {
		return query->home;
	}
	if (is_due(home, now_ms)) {
		/* the key may never be sent: another follows after a while */
		home->state = PROBING;
		home->at_ms = later(now_ms, backoff->options.min_ms);
		return query->home;
	}
	for (uint32_t nth = 1; nth <= PASSED_MAX; nth++) {
		uint32_t server = query->next(query, nth);

		if (server == TENON_NO_SERVER ||
		    backoff->servers[server].state == IN) {
			return server;
		}
	}
	return TENON_NO_SERVER;
}

/* ms less up to jitter percent. */
static int64_t jittered(const struct backoff *backoff, int64_t ms)
{
	int64_t range_ms = ms / 100 * backoff->options.jitter_pct +
		ms % 100 * backoff->options.jitter_pct / 100;
	uint64_t random = 0;

	backoff->host->random_bytes(backoff->host->context, &random,
				    sizeof(random));
	return ms - (int64_t)(random % ((uint64_t)range_ms + 1));
}

/* Take a server out of the ring, for longer than the last time. */
static void eject(struct backoff *backoff, struct server *server,
		  int64_t now_ms)
{
	const struct backoff_options *options = &backoff->options;

	if (server->out_ms == 0) {
		server->out_ms = options->min_ms;
	} else if (server->out_ms > options->max_ms / options->factor) {
		server->out_ms = options->max_ms;
	} else {
		server->out_ms *= options->factor;
	}
	server->state = OUT;
	server->at_ms = later(now_ms, jittered(backoff, server->out_ms));
}

static void backoff_on_failure(void *self, uint32_t index, int status,
			       int64_t now_ms)
{
	struct backoff *backoff = self;
	struct server *server = &backoff->servers[index];

	(void)status;
	server->failures += server->failures < UINT32_MAX;
	if (!server->main || server->state == OUT) {
		return;
	}
	if (server->state == PROBING) {
		eject(backoff, server, now_ms);
	} else if (server->failures >= backoff->options.failure_limit &&
		   backoff->out_count < backoff->out_max) {
		backoff->out_count++;
		eject(backoff, server, now_ms);
	}
}

static void backoff_on_success(void *self, uint32_t index, int64_t now_ms)
{
	struct backoff *backoff = self;
	struct server *server = &backoff->servers[index];

	(void)now_ms;
	if (server->state != IN) {
		backoff->out_count--;
		server->state = IN;
	}
	server->failures = 0;
	server->out_ms = 0;
}

static void backoff_state(const void *self, uint32_t index, int64_t now_ms,
			  struct tenon_failover_state *out)
{
	const struct backoff *backoff = self;
	const struct server *server = &backoff->servers[index];

	out->failures = server->failures;
	if (server->state == OUT && !is_due(server, now_ms)) {
		out->state = TENON_SERVER_DOWN;
		out->down_until_ms = server->at_ms;
	} else if (server->state != IN) {
		out->state = TENON_SERVER_PROBING;
	}
}

#define FAILURE_LIMIT_MAX 1000
#define OUT_MAX_MS (INT64_C(24) * 3600 * 1000)
#define FACTOR_MAX 100

static const struct tenon_option backoff_options[] = {
	{ .name = "failure_limit",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct backoff_options, failure_limit),
	  .min = 1,
	  .max = FAILURE_LIMIT_MAX,
	  .def = 3,
	  .help = "failures in a row before a server leaves the ring" },
	{ .name = "min",
	  .type = TENON_OPTION_DURATION,
	  .unit = TENON_UNIT_MS,
	  .offset = offsetof(struct backoff_options, min_ms),
	  .min = 1,
	  .max = OUT_MAX_MS,
	  .def = 1000,
	  .help = "time out of the ring the first time" },
	{ .name = "max",
	  .type = TENON_OPTION_DURATION,
	  .unit = TENON_UNIT_MS,
	  .offset = offsetof(struct backoff_options, max_ms),
	  .min = 1,
	  .max = OUT_MAX_MS,
	  .def = 60000,
	  .help = "longest time out of the ring" },
	{ .name = "factor",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct backoff_options, factor),
	  .min = 1,
	  .max = FACTOR_MAX,
	  .def = 2,
	  .help = "how many times longer it is out after each probe that fails" },
	{ .name = "jitter",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct backoff_options, jitter_pct),
	  .min = 0,
	  .max = 100,
	  .def = 25,
	  .help = "percent that a time out of the ring may be shorter, at random" },
	{ .name = "max_ejected",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct backoff_options, max_ejected_pct),
	  .min = 0,
	  .max = 100,
	  .def = 50,
	  .help = "percent of the ring's servers that may be out at the same time" },
	{ .name = NULL },
};

static const struct tenon_failover_ops backoff_ops = {
	.size = sizeof(struct tenon_failover_ops),
	.state_size = sizeof(struct backoff),
	.init = backoff_init,
	.fini = backoff_fini,
	.route = backoff_route,
	.on_failure = backoff_on_failure,
	.on_success = backoff_on_success,
	.state = backoff_state,
};

TENON_PLUGIN_DEFINE(
	failover_backoff, .kind = TENON_KIND_FAILOVER, .name = "backoff",
	.version = "1.0",
	.summary =
		"servers leave the ring after failures in a row, and come back by a probe",
	.ops = &backoff_ops, .options_bytes = sizeof(struct backoff_options),
	.options = backoff_options, .check = backoff_check)
