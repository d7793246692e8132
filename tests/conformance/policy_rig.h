/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A failover policy under test: an instance on a ring of servers 0, 1, 2 …, where
 * the next one after a server is the one with the next number, and behind them the
 * servers of one spare pool, likewise.
 */
#ifndef TENON_TESTS_POLICY_RIG_H
#define TENON_TESTS_POLICY_RIG_H

#include "conformance/subject.h"
#include "tenon/plugin/failover.h"

#define SPARES 3
#define SPARE_POOL "gutter"

/* What a policy is told, for as long as init runs. */
struct told {
	struct tenon_failover_setup setup;
	struct tenon_failover_server *servers;
	const char *pools[2];
};

void told_init(struct told *told, uint32_t ring_count,
	       int64_t retry_timeout_ms);
void told_fini(struct told *told); /* what it pointed to is no longer right */

struct policy {
	const struct tenon__plugin *plugin;
	const struct tenon_failover_ops *ops;
	struct watched_host host;
	void *options;
	void *self;
	uint32_t server_count;  /* of the ring */
	uint32_t exptime_max_s; /* of the last answer */
};

/* options is as in a config, "{min: 1s}"; NULL: the plugin's defaults. */
void policy_init(struct policy *policy, const struct tenon__plugin *plugin,
		 const char *options, uint32_t server_count,
		 int64_t retry_timeout_ms);
void policy_fini(struct policy *policy);

/* Ask; check that the answer is a server or none, and that little was asked for. */
uint32_t policy_route(struct policy *policy, uint32_t home, uint32_t access,
		      int64_t now_ms);

/* What is told of a server makes sense. */
struct tenon_failover_state policy_state(struct policy *policy,
					 uint32_t server, int64_t now_ms);

#endif
