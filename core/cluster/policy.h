/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The failover policies of one client: one policy for everything, or one policy each for reads,
 * writes and deletes. All of them are told of every outcome.
 */
#ifndef TENON_CORE_POLICY_H
#define TENON_CORE_POLICY_H

#include "tenon/plugin/failover.h"

/* A failover policy of the config, with its options. */
struct tenon__policy_choice {
	const struct tenon_failover_ops *ops; /* with all defaults filled in */
	const void *options;
};

/* The failover policies of a config. Every client makes its own instances of them. */
struct tenon__policy_choices {
	size_t count;
	struct tenon__policy_choice list[TENON_ACCESS_COUNT];
	uint8_t of
		[TENON_ACCESS_COUNT]; /* index into list, by enum tenon_access */
	struct tenon_failover_setup setup;
	const struct tenon_host *host;
};

/* An instance of a policy. */
struct tenon__policy {
	const struct tenon_failover_ops *ops;
	void *self;
};

/* The instances of one client. */
struct tenon__policies {
	size_t count;
	struct tenon__policy list[TENON_ACCESS_COUNT];
	const struct tenon__policy *of[TENON_ACCESS_COUNT]; /* by enum tenon_access */
};

/*
 * Make the instances. *policies is zeroed before.
 * Errors: the errors of a policy's init, TENON_ENOMEM. *which is then the index of that policy
 *         in choices->list. *policies has to be released by tenon__policies_fini() in any case.
 */
int tenon__policies_init(struct tenon__policies *policies,
			 const struct tenon__policy_choices *choices,
			 size_t *which, struct tenon_error *err);

/* Free the instances. *policies may be zeroed. */
void tenon__policies_fini(struct tenon__policies *policies);

/*
 * Ask the policy for the query's access where the key goes to. Returns a server,
 * TENON_NO_SERVER or TENON_ROUTE_REFUSED.
 */
static inline uint32_t tenon__policies_route(const struct tenon__policies *policies,
					     struct tenon_route_query *query,
					     int64_t now_ms)
{
	const struct tenon__policy *policy = policies->of[query->access];

	return policy->ops->route(policy->self, query, now_ms);
}

/* Tell all policies that an exchange with this server was completed. */
static inline void tenon__policies_succeeded(const struct tenon__policies *policies,
					     uint32_t server, int64_t now_ms)
{
	for (size_t i = 0; i < policies->count; i++) {
		policies->list[i].ops->on_success(policies->list[i].self,
						  server, now_ms);
	}
}

/* Tell all policies that an exchange with this server failed with this status. */
void tenon__policies_failed(const struct tenon__policies *policies,
			    uint32_t server, int status, int64_t now_ms);

/* Write the state of a server to *out. When the policies differ, this is the worst state. */
void tenon__policies_state(const struct tenon__policies *policies,
			   uint32_t server, int64_t now_ms,
			   struct tenon_failover_state *out);

#endif
