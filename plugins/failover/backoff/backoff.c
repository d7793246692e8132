/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Policy backoff: a server that fails `failures` times in a row leaves the ring, and its keys
 * go to the next server on the ring. After a time, one key is sent to it as a probe. A success
 * brings the server back; a failure makes the next time out longer. At most max_ejected percent
 * of the ring's servers are out at the same time.
 */
#include <stddef.h>
#include <stdbool.h>

#include "tenon/plugin/failover.h"

/*
 * Most servers that route passes over for one key, which bounds its time. A key with more servers
 * out of the ring in a row gets no server.
 */
#define PASSED_MAX 64

struct backoff_options {
	int64_t failures;
	int64_t failure_limit; /* 0: failures counts */
	int64_t min_ms;
	int64_t max_ms;
	int64_t factor;
	int64_t jitter_pct;
	int64_t max_ejected_pct;
};

enum state {
	IN,	/* on the ring */
	OUT,	/* out of the ring: no key is sent before at_ms */
	PROBING /* out of the ring: one key was sent as a probe; the next may be sent at at_ms */
};

struct server {
	enum state state;
	uint32_t failures; /* in a row; 0 after a success */
	int64_t out_ms;    /* its last time out, without jitter; 0: none since a success */
	int64_t at_ms;     /* OUT, PROBING: when the next probe is due */
	int64_t from_ms;   /* OUT, PROBING: an earlier time means that the clock has jumped back */
	bool main;	   /* on the main ring, not in a spare pool */
};

struct backoff {
	const struct tenon_host *host;
	struct backoff_options options;
	struct server *servers;
	uint32_t out_count; /* servers of the main ring that are OUT or PROBING */
	uint32_t out_max;   /* most of them: max_ejected percent */
};

static int backoff_check(const void *options, const struct tenon_host *host,
			 struct tenon_error *err)
{
	const struct backoff_options *chosen = options;

	if (chosen->min_ms > chosen->max_ms) {
		return host->set_error(err, TENON_ECONFIG,
				       "option 'min' is longer than option 'max'");
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
	if (backoff->options.failure_limit > 0) {
		backoff->options.failures = backoff->options.failure_limit;
	}
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

/* Return now_ms + ms, or INT64_MAX on overflow. */
static int64_t later(int64_t now_ms, int64_t ms)
{
	return now_ms > INT64_MAX - ms ? INT64_MAX : now_ms + ms;
}

/* Return now_ms - ms, or INT64_MIN on overflow. */
static int64_t earlier(int64_t now_ms, int64_t ms)
{
	return now_ms < INT64_MIN + ms ? INT64_MIN : now_ms - ms;
}

/* Return true when a server that is out may get a key as a probe. */
static bool is_due(const struct server *server, int64_t now_ms)
{
	return server->state != IN &&
	       (now_ms >= server->at_ms || now_ms < server->from_ms);
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
		/* the operation may end before the key is sent, so allow another probe after min */
		home->state = PROBING;
		home->at_ms = later(now_ms, backoff->options.min_ms);
		home->from_ms = earlier(now_ms, backoff->options.min_ms);
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

/* Return ms less a random part of up to jitter percent. */
static int64_t jittered(const struct backoff *backoff, int64_t ms)
{
	int64_t range_ms = ms / 100 * backoff->options.jitter_pct +
		ms % 100 * backoff->options.jitter_pct / 100;
	uint64_t random = 0;

	backoff->host->random_bytes(backoff->host->context, &random,
				    sizeof(random));
	return ms - (int64_t)(random % ((uint64_t)range_ms + 1));
}

/* Take a server out of the ring, for `factor` times its last time out. */
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
	server->from_ms = earlier(now_ms, server->out_ms);
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
	} else if (server->failures >= backoff->options.failures &&
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

/* Another client sends a key as a probe: this one sends none before until_ms. */
static void backoff_on_probe(void *self, uint32_t index, int64_t until_ms)
{
	struct backoff *backoff = self;
	struct server *server = &backoff->servers[index];

	if (server->state != IN) {
		server->state = PROBING;
		server->at_ms = until_ms;
	}
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

/* Largest values of failures, of min and max, and of factor. */
#define FAILURES_MAX 1000
#define OUT_MAX_MS (INT64_C(24) * 3600 * 1000)
#define FACTOR_MAX 100

static const struct tenon_option backoff_options[] = {
	{ .name = "failures",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct backoff_options, failures),
	  .min = 1,
	  .max = FAILURES_MAX,
	  .def = 3,
	  .help = "failures in a row before a server leaves the ring" },
	{ .name = "failure_limit",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct backoff_options, failure_limit),
	  .min = 0,
	  .max = FAILURES_MAX,
	  .def = 0,
	  .help = "old name of `failures`; 0: not set" },
	{ .name = "min",
	  .type = TENON_OPTION_DURATION,
	  .unit = TENON_UNIT_MS,
	  .offset = offsetof(struct backoff_options, min_ms),
	  .min = 1,
	  .max = OUT_MAX_MS,
	  .def = 1000,
	  .help = "how long a server is out of the ring the first time" },
	{ .name = "max",
	  .type = TENON_OPTION_DURATION,
	  .unit = TENON_UNIT_MS,
	  .offset = offsetof(struct backoff_options, max_ms),
	  .min = 1,
	  .max = OUT_MAX_MS,
	  .def = 60000,
	  .help = "longest time that a server is out of the ring" },
	{ .name = "factor",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct backoff_options, factor),
	  .min = 1,
	  .max = FACTOR_MAX,
	  .def = 2,
	  .help = "factor by which the time out of the ring grows after each failed probe" },
	{ .name = "jitter",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct backoff_options, jitter_pct),
	  .min = 0,
	  .max = 100,
	  .def = 25,
	  .help = "a time out of the ring is shortened at random by up to this percentage" },
	{ .name = "max_ejected",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct backoff_options, max_ejected_pct),
	  .min = 0,
	  .max = 100,
	  .def = 50,
	  .help = "largest percentage of the ring's servers that may be out at the same time" },
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
	.on_probe = backoff_on_probe,
};

TENON_PLUGIN_DEFINE(
	failover_backoff, .kind = TENON_KIND_FAILOVER, .name = "backoff",
	.version = "1.0",
	.summary =
		"a server leaves the ring after failures in a row, until a probe succeeds",
	.ops = &backoff_ops, .options_bytes = sizeof(struct backoff_options),
	.options = backoff_options, .check = backoff_check)
