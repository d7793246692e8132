/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Policies for which a server is dead after some failures in a row, until a time has passed since
 * its last failure: all slots but route, and the options of this. The policy's state is a struct
 * dead, or begins with one; its option struct is a struct dead_options, or begins with one. The
 * functions are inline in a header, because a plugin links to no library of tenon.
 */
#ifndef TENON_FAILOVER_DEAD_H
#define TENON_FAILOVER_DEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "tenon/plugin/failover.h"

/*
 * Most dead servers that route passes over for one key, which bounds its time. A key with more
 * dead servers in a row gets no server.
 */
#define DEAD_PASSED_MAX 64

/* Largest values of the options. */
#define DEAD_FAILURES_MAX 1000
#define DEAD_RETRY_MAX_MS (INT64_C(24) * 3600 * 1000)

struct dead_options {
	int64_t failures;
	int64_t late_retry_ms; /* 0: retry_timeout */
};

/* The rows of struct dead_options. */
#define DEAD_OPTION_ROWS                                                      \
	{ .name = "failures",                                                 \
	  .type = TENON_OPTION_INT,                                           \
	  .offset = offsetof(struct dead_options, failures),                  \
	  .min = 1,                                                           \
	  .max = DEAD_FAILURES_MAX,                                           \
	  .def = 1,                                                           \
	  .help = "failures in a row before a server is dead" },              \
	{ .name = "late_retry",                                               \
	  .type = TENON_OPTION_DURATION,                                      \
	  .unit = TENON_UNIT_MS,                                              \
	  .offset = offsetof(struct dead_options, late_retry_ms),             \
	  .min = 0,                                                           \
	  .max = DEAD_RETRY_MAX_MS,                                           \
	  .def = 0,                                                           \
	  .help = "time after which a server whose answer was late is tried again; 0s: retry_timeout" }

struct dead_server {
	int64_t until_ms;  /* dead before this time */
	uint32_t most_ms;  /* and at most this long before it; UINT32_MAX: at any time; 0: alive */
	uint32_t failures; /* in a row; 0 after a success */
};

struct dead {
	const struct tenon_host *host;
	int64_t failures; /* failures in a row before a server is dead */
	int64_t retry_timeout_ms;
	int64_t late_retry_ms;
	struct dead_server *servers;
};

static inline int dead_init(void *self, const void *options,
			    const struct tenon_host *host,
			    const struct tenon_failover_setup *setup,
			    struct tenon_error *err)
{
	const struct dead_options *chosen = options;
	struct dead *dead = self;

	dead->host = host;
	dead->failures = chosen->failures;
	dead->retry_timeout_ms = setup->retry_timeout_ms;
	dead->late_retry_ms = chosen->late_retry_ms > 0
				      ? chosen->late_retry_ms
				      : setup->retry_timeout_ms;
	dead->servers = host->alloc(host->context,
				    (size_t)setup->server_count *
					    sizeof(*dead->servers));
	if (!dead->servers) {
		return host->set_error(err, TENON_ENOMEM, "out of memory");
	}
	return 0;
}

static inline void dead_fini(void *self)
{
	struct dead *dead = self;

	if (dead->host) {
		dead->host->free(dead->host->context, dead->servers);
		dead->servers = NULL;
	}
}

/* A time that is longer before until_ms than most_ms means that the clock has jumped back. */
static inline bool is_dead(const struct dead *dead, uint32_t server,
			   int64_t now_ms)
{
	const struct dead_server *at = &dead->servers[server];

	return now_ms < at->until_ms &&
	       (at->most_ms == UINT32_MAX ||
		(uint64_t)at->until_ms - (uint64_t)now_ms <= at->most_ms);
}

/* Return a + b, or UINT32_MAX on overflow. */
static inline uint32_t dead_sum(uint64_t a, uint64_t b)
{
	return a >= UINT32_MAX || b >= UINT32_MAX - a ? UINT32_MAX
						      : (uint32_t)(a + b);
}

static inline void dead_on_failure(void *self, uint32_t server, int status,
				   int64_t now_ms)
{
	struct dead *dead = self;
	struct dead_server *at = &dead->servers[server];
	int64_t retry_ms = status == TENON_ETIMEDOUT ? dead->late_retry_ms
						     : dead->retry_timeout_ms;

	at->failures += at->failures < UINT32_MAX;
	if (at->failures < dead->failures) {
		return;
	}
	at->until_ms = now_ms > INT64_MAX - retry_ms ? INT64_MAX
						     : now_ms + retry_ms;
	/* an operation that began before the failure may ask with the time of its beginning */
	at->most_ms = dead_sum((uint64_t)retry_ms, (uint64_t)retry_ms);
}

static inline void dead_on_success(void *self, uint32_t server, int64_t now_ms)
{
	struct dead *dead = self;

	(void)now_ms;
	dead->servers[server] = (struct dead_server){ .until_ms = 0 };
}

/* A server that is never dead (retry_timeout 0) stays in use while another client probes it. */
static inline void dead_on_probe(void *self, uint32_t server, int64_t until_ms)
{
	struct dead *dead = self;
	struct dead_server *at = &dead->servers[server];

	if (at->most_ms > 0 && at->until_ms < until_ms) {
		at->most_ms = dead_sum(at->most_ms,
				       (uint64_t)until_ms -
					       (uint64_t)at->until_ms);
		at->until_ms = until_ms;
	}
}

static inline void dead_state(const void *self, uint32_t server, int64_t now_ms,
			      struct tenon_failover_state *out)
{
	const struct dead *dead = self;
	const struct dead_server *at = &dead->servers[server];

	out->failures = at->failures;
	if (is_dead(dead, server, now_ms)) {
		out->state = TENON_SERVER_DOWN;
		out->down_until_ms = at->until_ms;
	} else if (at->failures >= dead->failures) {
		out->state = TENON_SERVER_PROBING;
	}
}

#endif
