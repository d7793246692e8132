/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Policies for which a server is dead until retry_timeout has passed since its last failure:
 * all slots but route. The policy's state is a struct dead, or begins with one. The functions are
 * inline in a header, because a plugin links to no library of tenon.
 */
#ifndef TENON_FAILOVER_DEAD_H
#define TENON_FAILOVER_DEAD_H

#include <stdbool.h>

#include "tenon/plugin/failover.h"

/*
 * Most dead servers that route passes over for one key, which bounds its time. A key with more
 * dead servers in a row gets no server.
 */
#define DEAD_PASSED_MAX 64

#define DEAD_NEVER INT64_MIN

struct dead_server {
	int64_t until_ms;  /* dead before this time; DEAD_NEVER: alive */
	uint32_t failures; /* in a row; 0 after a success */
};

struct dead {
	const struct tenon_host *host;
	int64_t retry_timeout_ms;
	struct dead_server *servers;
};

static inline int dead_init(void *self, const void *options,
			    const struct tenon_host *host,
			    const struct tenon_failover_setup *setup,
			    struct tenon_error *err)
{
	struct dead *dead = self;

	(void)options;
	dead->host = host;
	dead->retry_timeout_ms = setup->retry_timeout_ms;
	dead->servers = host->alloc(host->context,
				    (size_t)setup->server_count *
					    sizeof(*dead->servers));
	if (!dead->servers) {
		return host->set_error(err, TENON_ENOMEM, "out of memory");
	}
	for (uint32_t i = 0; i < setup->server_count; i++) {
		dead->servers[i].until_ms = DEAD_NEVER;
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

static inline bool is_dead(const struct dead *dead, uint32_t server,
			   int64_t now_ms)
{
	return now_ms < dead->servers[server].until_ms;
}

static inline void dead_on_failure(void *self, uint32_t server, int status,
				   int64_t now_ms)
{
	struct dead *dead = self;
	struct dead_server *at = &dead->servers[server];

	(void)status;
	at->failures += at->failures < UINT32_MAX;
	at->until_ms = now_ms > INT64_MAX - dead->retry_timeout_ms ?
		INT64_MAX : now_ms + dead->retry_timeout_ms;
}

static inline void dead_on_success(void *self, uint32_t server, int64_t now_ms)
{
	struct dead *dead = self;

	(void)now_ms;
	dead->servers[server].until_ms = DEAD_NEVER;
	dead->servers[server].failures = 0;
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
	} else if (at->failures > 0) {
		out->state = TENON_SERVER_PROBING;
	}
}

#endif
