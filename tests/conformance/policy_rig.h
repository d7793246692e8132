/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A failover policy under test: an instance on a ring of servers 0, 1, 2, ..., where
 * the next server has the next number. The servers of the spare pools have the numbers
 * after the ring's, pool by pool, and those of a pool follow one another in the same way.
 */
#ifndef TENON_TESTS_POLICY_RIG_H
#define TENON_TESTS_POLICY_RIG_H

#include "cluster/ring.h"
#include "conformance/subject.h"
#include "tenon/plugin/failover.h"

/* Servers of each spare pool. */
#define SPARES 3

/* Return the number of servers in all spare pools. */
uint32_t policy_spares(void);

/* The setup that init gets. It is valid during init only. */
struct told {
	struct tenon_failover_setup setup;
	struct tenon_failover_server *servers;
	const char *pools[TENON_SERVER_POOL_MAX_COUNT];
};

void told_init(struct told *told, uint32_t ring_count,
	       int64_t retry_timeout_ms);
void told_fini(struct told *told); /* overwrites the setup, so that later use is noticed */

struct policy {
	const struct tenon__plugin *plugin;
	const struct tenon_failover_ops *ops;
	struct watched_host host;
	void *options;
	void *self;
	uint32_t server_count;  /* number of servers in the ring */
	uint32_t exptime_max_s; /* exptime_max_s of the last answer */
};

/*
 * Make an instance. options is as in a config, "{min: 1s}", or NULL for the plugin's
 * defaults.
 */
void policy_init(struct policy *policy, const struct tenon__plugin *plugin,
		 const char *options, uint32_t server_count,
		 int64_t retry_timeout_ms);
void policy_fini(struct policy *policy);

/*
 * Call route. Check that the answer is a server or none, and that the policy asked for
 * few servers.
 */
uint32_t policy_route(struct policy *policy, uint32_t home, uint32_t access,
		      int64_t now_ms);

/* Return the policy's state of a server, after checking that it makes sense. */
struct tenon_failover_state policy_state(struct policy *policy,
					 uint32_t server, int64_t now_ms);

#endif
