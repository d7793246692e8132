/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The failover policies of one client: one for everything, or one each for reads,
 * writes and deletes. All of them are told of every outcome.
 */
#ifndef TENON_CORE_POLICY_H
#define TENON_CORE_POLICY_H

#include "tenon/plugin/failover.h"

/* A policy and its options. */
struct tenon__policy_choice {
	const struct tenon_failover_ops *ops; /* as in struct tenon__plugin */
	const void *options;
};

/* The policies that every client makes instances of. */
struct tenon__policy_choices {
	size_t count;
	struct tenon__policy_choice list[TENON_ACCESS_COUNT];
	uint8_t of
		[TENON_ACCESS_COUNT]; /* index into list, by enum tenon_access */
	struct tenon_failover_setup setup;
	const struct tenon_host *host;
};

struct tenon__policy {
	const struct tenon_failover_ops *ops;
	void *self;
};

struct tenon__policies {
	size_t count;
	struct tenon__policy list[TENON_ACCESS_COUNT];
	const struct tenon__policy *of[TENON_ACCESS_COUNT]; /* by enum tenon_access */
};

/*
 * Make the instances. Errors: what a policy's init returns, TENON_ENOMEM; *which
 * is then the number of the assembly's policy concerned. *policies is safe for
 * fini.
 */
int tenon__policies_init(struct tenon__policies *policies,
			 const struct tenon__policy_choices *choices,
			 size_t *which, struct tenon_error *err);

/* Zeroed is fine. */
void tenon__policies_fini(struct tenon__policies *policies);

static inline uint32_t tenon__policies_route(const struct tenon__policies *policies,
					     struct tenon_route_query *query,
					     int64_t now_ms)
{
	const struct tenon__policy *policy = policies->of[query->access];

	return policy->ops->route(policy->self, query, now_ms);
}

/* An exchange with this server was completed, or failed with that status. */
static inline void tenon__policies_succeeded(const struct tenon__policies *policies,
					     uint32_t server, int64_t now_ms)
{
	for (size_t i = 0; i < policies->count; i++) {
		policies->list[i].ops->on_success(policies->list[i].self,
						  server, now_ms);
	}
}

void tenon__policies_failed(const struct tenon__policies *policies,
			    uint32_t server, int status, int64_t now_ms);

/*
 * What is made of a server: where policies differ, the worst that one of them
 * makes of it.
 */
void tenon__policies_state(const struct tenon__policies *policies,
			   uint32_t server, int64_t now_ms,
			   struct tenon_failover_state *out);

#endif
