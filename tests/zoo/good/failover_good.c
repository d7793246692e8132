/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Always the home server. Has an option of each type but HASH, and a rule between two options.
 */
#include "tenon/plugin/failover.h"

#include "good.h"

static const char *const modes[] = { "lax", "strict", NULL };

static const struct tenon_option good_options[] = {
	{ .name = "limit",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct good_failover_options, limit),
	  .min = 1,
	  .max = 10,
	  .def = 3,
	  .help = "failures in a row" },
	{ .name = "window",
	  .type = TENON_OPTION_DURATION,
	  .unit = TENON_UNIT_MS,
	  .offset = offsetof(struct good_failover_options, window_ms),
	  .min = 1000,
	  .max = 60000,
	  .def = 10000,
	  .help = "time in which failures count" },
	{ .name = "memory",
	  .type = TENON_OPTION_SIZE,
	  .offset = offsetof(struct good_failover_options, memory_bytes),
	  .min = 1024,
	  .max = 1048576,
	  .def = 4096,
	  .help = "memory for failures" },
	{ .name = "note",
	  .type = TENON_OPTION_STRING,
	  .offset = offsetof(struct good_failover_options, note),
	  .min = 0,
	  .max = 8,
	  .def_text = "none",
	  .help = "a word" },
	{ .name = "mode",
	  .type = TENON_OPTION_CHOICE,
	  .offset = offsetof(struct good_failover_options, mode),
	  .def_text = "lax",
	  .choices = modes,
	  .help = "how strict to be" },
	{ .name = "verbose",
	  .type = TENON_OPTION_BOOL,
	  .offset = offsetof(struct good_failover_options, verbose),
	  .def = 0,
	  .help = "log more" },
	{ .name = NULL },
};

static int good_check(const void *options, const struct tenon_host *host,
		      struct tenon_error *err)
{
	const struct good_failover_options *chosen = options;

	if (chosen->limit > 5 && chosen->mode == 0) {
		return host->set_error(err, TENON_ECONFIG,
				       "limit above 5 needs mode strict");
	}
	return 0;
}

static uint32_t good_route(void *self, struct tenon_route_query *query,
			   int64_t now_ms)
{
	(void)self;
	(void)now_ms;
	return query->home;
}

static void good_on_failure(void *self, uint32_t server, int status,
			    int64_t now_ms)
{
	(void)self;
	(void)server;
	(void)status;
	(void)now_ms;
}

static void good_on_success(void *self, uint32_t server, int64_t now_ms)
{
	(void)self;
	(void)server;
	(void)now_ms;
}

static const struct tenon_failover_ops good_ops = {
	.size = sizeof(good_ops),
	.route = good_route,
	.on_failure = good_on_failure,
	.on_success = good_on_success,
};

TENON_PLUGIN_DEFINE(failover_good, .kind = TENON_KIND_FAILOVER, .name = "good",
		    .version = "1", .summary = "always the home server",
		    .ops = &good_ops,
		    .options_bytes = sizeof(struct good_failover_options),
		    .options = good_options, .check = good_check)
