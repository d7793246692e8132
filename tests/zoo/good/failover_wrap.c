/* SPDX-License-Identifier: BSD-3-Clause */
/* Wraps another policy. Keys that begin with '?' are refused; the inner policy routes all others. */
#include "tenon/plugin/failover.h"

struct wrap_options {
	const struct tenon_inner *inner;
};

struct wrap {
	const struct tenon_host *host;
	const struct tenon_failover_ops *ops; /* NULL: there is no inner instance */
	void *inner;
};

/* The default is the wrapper itself, which has no end: the tests name another policy. */
static const struct tenon_option wrap_rows[] = {
	{ .name = "inner",
	  .type = TENON_OPTION_PLUGIN,
	  .offset = offsetof(struct wrap_options, inner),
	  .def = TENON_KIND_FAILOVER,
	  .def_text = "wrap",
	  .help = "policy that is wrapped" },
	{ .name = NULL },
};

static int wrap_init(void *self, const void *options,
		     const struct tenon_host *host,
		     const struct tenon_failover_setup *setup,
		     struct tenon_error *err)
{
	const struct wrap_options *chosen = options;
	const struct tenon_inner *inner = chosen->inner;
	struct wrap *wrap = self;
	const struct tenon_failover_ops *ops = inner->ops;

	wrap->host = host;
	wrap->inner = host->alloc(host->context, ops->state_size + 1);
	if (!wrap->inner) {
		return host->set_error(err, TENON_ENOMEM, "out of memory");
	}
	wrap->ops = ops;
	host->logf(host->context, TENON_LOG_DEBUG, "wraps %s", inner->name);
	return ops->init(wrap->inner, inner->options, inner->host, setup, err);
}

static void wrap_fini(void *self)
{
	struct wrap *wrap = self;

	if (wrap->ops) {
		wrap->ops->fini(wrap->inner);
	}
	wrap->host->free(wrap->host->context, wrap->inner);
}

static uint32_t wrap_route(void *self, struct tenon_route_query *query,
			   int64_t now_ms)
{
	struct wrap *wrap = self;
	const char *key = query->key->key;

	if (query->key->key_len > 0 && key[0] == '?') {
		return TENON_ROUTE_REFUSED;
	}
	return wrap->ops->route(wrap->inner, query, now_ms);
}

static void wrap_on_failure(void *self, uint32_t server, int status,
			    int64_t now_ms)
{
	struct wrap *wrap = self;

	wrap->ops->on_failure(wrap->inner, server, status, now_ms);
}

static void wrap_on_success(void *self, uint32_t server, int64_t now_ms)
{
	struct wrap *wrap = self;

	wrap->ops->on_success(wrap->inner, server, now_ms);
}

static const struct tenon_failover_ops wrap_ops = {
	.size = sizeof(wrap_ops),
	.state_size = sizeof(struct wrap),
	.init = wrap_init,
	.fini = wrap_fini,
	.route = wrap_route,
	.on_failure = wrap_on_failure,
	.on_success = wrap_on_success,
};

TENON_PLUGIN_DEFINE(failover_wrap, .kind = TENON_KIND_FAILOVER, .name = "wrap",
		    .version = "1", .summary = "wraps another policy",
		    .ops = &wrap_ops,
		    .options_bytes = sizeof(struct wrap_options),
		    .options = wrap_rows)
