/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The failover policies of one client: one policy for everything, or one policy each for reads,
 * writes and deletes. All of them are told of every outcome.
 *
 * The clients of an assembly share what they know about servers (cluster/outcome.h). Each client
 * replays the failures and recoveries that other clients saw into its own policies. When a policy
 * wants to try a server again, the client claims the probe first; when another client has claimed
 * it, the policies are told of this and asked again.
 */
#ifndef TENON_CORE_POLICY_H
#define TENON_CORE_POLICY_H

#include "cluster/health.h"
#include "cluster/outcome.h"
#include "tenon/plugin/failover.h"

/* A failover policy of the config, with its options. */
struct tenon__policy_choice {
	const struct tenon_failover_ops *ops; /* with all defaults filled in */
	const void *options;
	const struct tenon_host *host;
};

/* The failover policies of a config. Every client makes its own instances of them. */
struct tenon__policy_choices {
	size_t count;
	struct tenon__policy_choice list[TENON_ACCESS_COUNT];
	uint8_t of
		[TENON_ACCESS_COUNT]; /* index into list, by enum tenon_access */
	struct tenon_failover_setup setup;
};

/* An instance of a policy. */
struct tenon__policy {
	const struct tenon_failover_ops *ops;
	void *self;
};

struct tenon__policies;

/* Stands before a policy while a server is in doubt: a server that failed after its last answer. */
struct tenon__guard {
	struct tenon__policies *policies;
	const struct tenon__policy *policy;
};

/* The knowledge that a client has of a server from the record that it shares. */
struct tenon__heard {
	uint64_t counts;        /* the record's counts that the policies were told of */
	uint64_t place;         /* the server's address; see tenon__outcome_place() */
	int64_t probe_until_ms; /* the end of the client's last claim; 0: none */
	bool joined;            /* the client shares the record */
};

/* The instances of one client. */
struct tenon__policies {
	size_t count;
	struct tenon__policy list[TENON_ACCESS_COUNT];
	/* The policies that are asked, or their guards; by enum tenon_access. */
	const struct tenon__policy *of[TENON_ACCESS_COUNT];

	/* sharing; outcomes is NULL when the client shares nothing */
	struct tenon__outcomes *outcomes;
	uint64_t sequence; /* of outcomes, when it was looked at last */
	size_t server_count;
	struct tenon__heard *heard;   /* one for each server */
	struct tenon__health *health; /* one for each server; the engine's */
	size_t doubtful_count;        /* servers in doubt */
	int64_t probe_ms;             /* how long a probe is claimed */
	struct tenon__policy guards[TENON_ACCESS_COUNT];
	struct tenon__guard guarded[TENON_ACCESS_COUNT];
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

/* Tell all policies of this client that an exchange with this server failed at at_ms. */
void tenon__policies_tell_failure(const struct tenon__policies *policies,
				  uint32_t server, int status, int64_t at_ms);

/* Write the state of a server to *out. When the policies differ, this is the worst state. */
void tenon__policies_state(const struct tenon__policies *policies,
			   uint32_t server, int64_t now_ms,
			   struct tenon_failover_state *out);

/* Write the state of a server whose exchange failed to failure->state and retry_at_ms. */
void tenon__policies_judge(const struct tenon__policies *policies,
			   uint32_t server, int64_t now_ms,
			   struct tenon__health_failure *failure);

/* ---- sharing ------------------------------------------------------------- */

/*
 * Begin to share what is known about servers. A probe is claimed for a little longer than
 * poll_timeout.
 * Shape:  health has server_count entries, which know their addresses.
 * Owns:   outcomes and health are the caller's and live longer.
 * Errors: TENON_ENOMEM.
 */
int tenon__policies_share(struct tenon__policies *policies,
			  struct tenon__outcomes *outcomes,
			  struct tenon__health *health, size_t server_count,
			  int64_t poll_timeout_ms);

/*
 * Return true when another client has seen a failure or a recovery since the last look. outcomes
 * is policies->outcomes, which the caller has at hand.
 */
static inline bool tenon__policies_have_news(
	const struct tenon__policies *policies,
	const struct tenon__outcomes *outcomes)
{
	return atomic_load_explicit(&outcomes->sequence,
				    memory_order_relaxed) !=
	       policies->sequence;
}

/* Tell the policies and the health records what other clients have seen. */
void tenon__policies_listen(struct tenon__policies *policies, int64_t now_ms);

/* Return true when the server is in doubt and an answer at answered_at_ms is older than that. */
bool tenon__policies_doubt(const struct tenon__policies *policies,
			   uint32_t server, int64_t answered_at_ms);

/*
 * Tell all policies, and the other clients, that an exchange with this server failed. A failure
 * that the other clients know already, or have contradicted, is not told again.
 * Shape: failure->is_probe is set by this function.
 */
void tenon__policies_failed(struct tenon__policies *policies, uint32_t server,
			    struct tenon__outcome_failure *failure);

/*
 * Tell the other clients that a server in doubt has answered. The policies of this client were
 * told by tenon__policies_succeeded().
 * Returns false when another client has seen a later failure.
 */
bool tenon__policies_recovered(struct tenon__policies *policies,
			       uint32_t server, int64_t answered_at_ms);

/* An exchange ended without a verdict about its server: let another client probe the server. */
static inline void tenon__policies_undecided(struct tenon__policies *policies,
					     uint32_t server)
{
	if (policies->doubtful_count > 0) {
		(void)tenon__outcome_unclaim(
			&policies->outcomes->servers[server],
			&policies->heard[server].probe_until_ms);
	}
}

/*
 * The server has moved to the address in its health record: forget the failures of the old one.
 */
void tenon__policies_moved(struct tenon__policies *policies, uint32_t server,
			   int64_t now_ms);

#endif
