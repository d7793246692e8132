/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/policy.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "plugin/instance.h"

static int policy_init(struct tenon__policy *policy,
		       const struct tenon__policy_choices *choices, size_t i,
		       struct tenon_error *err)
{
	const struct tenon__policy_choice *choice = &choices->list[i];

	policy->ops = choice->ops;
	policy->self = tenon__instance_alloc(choice->ops->state_size);
	if (!policy->self) {
		return tenon__error_no_memory(err);
	}
	return policy->ops->init(policy->self, choice->options, choice->host,
				 &choices->setup, err);
}

int tenon__policies_init(struct tenon__policies *policies,
			 const struct tenon__policy_choices *choices,
			 size_t *which, struct tenon_error *err)
{
	int code = 0;

	*which = 0;
	for (size_t i = 0; i < choices->count && !code; i++) {
		*which = i;
		policies->count++;
		code = policy_init(&policies->list[i], choices, i, err);
	}
	for (size_t access = 0; access < TENON_ACCESS_COUNT; access++) {
		policies->of[access] = &policies->list[choices->of[access]];
	}
	return code;
}

static void leave_all(struct tenon__policies *policies)
{
	for (uint32_t i = 0; i < policies->server_count; i++) {
		const struct tenon__heard *heard = &policies->heard[i];

		if (heard->joined) {
			tenon__outcome_leave(policies->outcomes, i,
					     heard->place);
		}
	}
	tenon__free(policies->heard);
	policies->heard = NULL;
	policies->server_count = 0;
}

void tenon__policies_fini(struct tenon__policies *policies)
{
	leave_all(policies);
	for (size_t i = 0; i < policies->count; i++) {
		struct tenon__policy *policy = &policies->list[i];

		if (policy->self) {
			policy->ops->fini(policy->self);
			tenon__free(policy->self);
			policy->self = NULL;
		}
	}
	policies->count = 0;
}

/*
 * Return true when left is the worse state. Down is worse than probing, probing worse than up. Of
 * two servers that are down, the one that is tried again later is worse. Else more failures are.
 */
static bool is_worse(const struct tenon_failover_state *left,
		     const struct tenon_failover_state *right)
{
	static const uint8_t order[] = {
		[TENON_SERVER_UP] = 0,
		[TENON_SERVER_PROBING] = 1,
		[TENON_SERVER_DOWN] = 2,
	};

	if (left->state != right->state) {
		return order[left->state] > order[right->state];
	}
	if (left->state == TENON_SERVER_DOWN) {
		return left->down_until_ms > right->down_until_ms;
	}
	return left->failures > right->failures;
}

void tenon__policies_state(const struct tenon__policies *policies,
			   uint32_t server, int64_t now_ms,
			   struct tenon_failover_state *out)
{
	*out = (struct tenon_failover_state){ .state = TENON_SERVER_UP };
	for (size_t i = 0; i < policies->count; i++) {
		const struct tenon__policy *policy = &policies->list[i];
		struct tenon_failover_state state = { .state = TENON_SERVER_UP };

		policy->ops->state(policy->self, server, now_ms, &state);
		if (state.state > TENON_SERVER_PROBING) {
			state.state = TENON_SERVER_DOWN; /* an unknown state counts as down */
		}
		if (is_worse(&state, out)) {
			*out = state;
		}
	}
}

void tenon__policies_judge(const struct tenon__policies *policies,
			   uint32_t server, int64_t now_ms,
			   struct tenon__health_failure *failure)
{
	struct tenon_failover_state state;

	tenon__policies_state(policies, server, now_ms, &state);
	failure->state = state.state == TENON_SERVER_UP ? TENON_SERVER_FAILING
							: state.state;
	failure->retry_at_ms = state.down_until_ms;
}

/* ---- telling the policies of this client --------------------------------- */

void tenon__policies_tell_failure(const struct tenon__policies *policies,
				  uint32_t server, int status, int64_t at_ms)
{
	for (size_t i = 0; i < policies->count; i++) {
		policies->list[i].ops->on_failure(policies->list[i].self,
						  server, status, at_ms);
	}
}

static void tell_probe(const struct tenon__policies *policies,
		       uint32_t server, int64_t until_ms)
{
	for (size_t i = 0; i < policies->count; i++) {
		policies->list[i].ops->on_probe(policies->list[i].self, server,
						until_ms);
	}
}

/* ---- guards -------------------------------------------------------------- */

/* Servers that a guard passes over for one key, which bounds its time. */
#define GUARDED_MAX 64

/* Return true when the client shares the record of this server. */
static bool is_shared(const struct tenon__policies *policies, uint32_t server)
{
	const struct tenon__heard *heard = &policies->heard[server];

	return policies->outcomes && heard->joined &&
	       tenon__outcome_is_at(&policies->outcomes->servers[server],
				    heard->place);
}

static bool is_doubtful(uint64_t counts)
{
	return tenon__outcome_unpack(counts).failures > 0;
}

/* Take note of the record's counts. While a server is in doubt, guards stand before policies. */
static void set_counts(struct tenon__policies *policies, uint32_t server,
		       uint64_t counts)
{
	struct tenon__heard *heard = &policies->heard[server];
	bool guarded;

	policies->doubtful_count += is_doubtful(counts);
	policies->doubtful_count -= is_doubtful(heard->counts);
	heard->counts = counts;
	guarded = policies->doubtful_count > 0;
	for (size_t i = 0; i < TENON_ACCESS_COUNT; i++) {
		policies->of[i] = guarded ? &policies->guards[i]
					  : policies->guarded[i].policy;
	}
}

static void hear(struct tenon__policies *policies, uint32_t server,
		 int64_t now_ms);

/*
 * The policy wants to send a key to this server. Return 0 when the client may send it. When the
 * key would be a probe and another client probes the server already, return the time until which
 * it does.
 */
static int64_t claim(struct tenon__policies *policies,
		     const struct tenon__policy *policy, uint32_t server,
		     int64_t now_ms)
{
	struct tenon_failover_state state = { .state = TENON_SERVER_UP };

	if (!is_doubtful(policies->heard[server].counts) ||
	    !is_shared(policies, server)) {
		return 0;
	}
	policy->ops->state(policy->self, server, now_ms, &state);
	if (state.state != TENON_SERVER_PROBING) {
		return 0;
	}
	return tenon__outcome_claim(&policies->outcomes->servers[server],
				    &policies->heard[server].probe_until_ms,
				    tenon__now_ns() / 1000000,
				    policies->probe_ms);
}

/* Return true when the record has changed since the client looked at it. */
static bool is_behind(const struct tenon__policies *policies, uint32_t server)
{
	return is_shared(policies, server) &&
	       atomic_load(&policies->outcomes->servers[server].counts) !=
		       policies->heard[server].counts;
}

/* What a guard finds about a server that a policy chose. */
enum objection {
	OBJECTION_NONE,
	OBJECTION_NEWS, /* another client has seen something; the policies are told now */
	OBJECTION_PROBE /* another client probes the server; the policies are told now */
};

static enum objection object(const struct tenon__guard *guard, uint32_t server,
			     int64_t now_ms)
{
	struct tenon__policies *policies = guard->policies;
	int64_t until_ms;

	if (server >= policies->server_count) {
		return OBJECTION_NONE;
	}
	if (is_behind(policies, server)) {
		hear(policies, server, now_ms);
		return OBJECTION_NEWS;
	}
	until_ms = claim(policies, guard->policy, server, now_ms);
	if (!until_ms) {
		return OBJECTION_NONE;
	}
	tell_probe(policies, server, until_ms);
	return OBJECTION_PROBE;
}

static uint32_t guarded_route(void *self, struct tenon_route_query *query,
			      int64_t now_ms)
{
	const struct tenon__guard *guard = self;
	const struct tenon__policy *policy = guard->policy;
	uint32_t server = policy->ops->route(policy->self, query, now_ms);

	for (int i = 0; i < GUARDED_MAX; i++) {
		enum objection objection = object(guard, server, now_ms);
		uint32_t before = server;

		if (objection == OBJECTION_NONE) {
			break;
		}
		query->exptime_max_s = 0;
		server = policy->ops->route(policy->self, query, now_ms);
		if (server == before && objection == OBJECTION_PROBE) {
			break; /* the policy uses a server that is probed */
		}
	}
	return server;
}

static const struct tenon_failover_ops guard_ops = {
	.size = sizeof(guard_ops),
	.route = guarded_route,
};

/* ---- sharing ------------------------------------------------------------- */

/* Most failures and probes that are replayed one by one. No policy counts further. */
#define REPLAY_MAX 1024

int tenon__policies_share(struct tenon__policies *policies,
			  struct tenon__outcomes *outcomes,
			  struct tenon__health *health, size_t server_count,
			  int64_t poll_timeout_ms)
{
	policies->heard = tenon__calloc(server_count, sizeof(*policies->heard));
	if (!policies->heard) {
		return TENON_ENOMEM;
	}
	policies->outcomes = outcomes;
	policies->health = health;
	policies->server_count = server_count;
	/* the client that probes reports its failure a little later than the deadline */
	policies->probe_ms = poll_timeout_ms + poll_timeout_ms / 4 + 10;
	for (size_t i = 0; i < TENON_ACCESS_COUNT; i++) {
		policies->guarded[i] = (struct tenon__guard){
			.policies = policies,
			.policy = policies->of[i],
		};
		policies->guards[i] = (struct tenon__policy){
			.ops = &guard_ops,
			.self = &policies->guarded[i],
		};
	}
	for (uint32_t i = 0; i < server_count; i++) {
		struct tenon__heard *heard = &policies->heard[i];

		heard->place = tenon__outcome_place(health[i].view.address);
		heard->joined = tenon__outcome_join(outcomes, i, heard->place,
						    false);
	}
	return 0;
}

/* Join when the record is about this client's address now. Returns true when it is. */
static bool join_again(struct tenon__policies *policies, uint32_t server)
{
	struct tenon__heard *heard = &policies->heard[server];

	if (!is_shared(policies, server)) {
		heard->probe_until_ms = 0;
		heard->joined = tenon__outcome_join(policies->outcomes, server,
						    heard->place, false);
	}
	return heard->joined;
}

static uint32_t fewer(uint32_t count)
{
	return count < REPLAY_MAX ? count : REPLAY_MAX;
}

/* Tell the health record of the failure that another client saw. */
static void note_failure(struct tenon__policies *policies, uint32_t server,
			 uint32_t count, int64_t now_ms)
{
	const struct tenon__outcome *outcome =
		&policies->outcomes->servers[server];
	char text[TENON_HEALTH_TEXT_BYTES];
	int status = atomic_load(&outcome->status);

	tenon__outcome_text(outcome, text);
	if (text[0] == '\0') {
		snprintf(text, sizeof(text), "another client found: %s",
			 tenon_status_name(status));
	}
	struct tenon__health_failure failure = {
		.status = status,
		.sys_errno = atomic_load(&outcome->sys_errno),
		.text = text,
		.now_ms = atomic_load(&outcome->failed_at_ms),
	};
	tenon__policies_judge(policies, server, now_ms, &failure);
	tenon__health_heard_failure(&policies->health[server], &failure, count);
}

/* Replay the failures between two counts without a recovery between them. */
static void replay_failures(struct tenon__policies *policies, uint32_t server,
			    struct tenon__outcome_counts from,
			    struct tenon__outcome_counts to, int64_t now_ms)
{
	const struct tenon__outcome *outcome =
		&policies->outcomes->servers[server];
	int64_t at_ms = atomic_load(&outcome->failed_at_ms);
	int status = atomic_load(&outcome->status);
	uint32_t failures = to.failures - from.failures;
	uint32_t probes = to.failed_probes - from.failed_probes;

	probes = probes < failures ? probes : failures;
	for (uint32_t i = fewer(failures - probes); i > 0; i--) {
		tenon__policies_tell_failure(policies, server, status, at_ms);
	}
	for (uint32_t i = fewer(probes); i > 0; i--) {
		tell_probe(policies, server, at_ms);
		tenon__policies_tell_failure(policies, server, status, at_ms);
	}
	if (failures > 0) {
		note_failure(policies, server, failures, now_ms);
	}
}

/* Tell the policies of the events between the counts that they know and these. */
static void replay(struct tenon__policies *policies, uint32_t server,
		   uint64_t counts, int64_t now_ms)
{
	struct tenon__outcome_counts from =
		tenon__outcome_unpack(policies->heard[server].counts);
	struct tenon__outcome_counts to = tenon__outcome_unpack(counts);
	struct tenon_failover_state state;

	set_counts(policies, server, counts);
	if (from.recoveries != to.recoveries) {
		tenon__policies_succeeded(policies, server, now_ms);
		tenon__policies_state(policies, server, now_ms, &state);
		tenon__health_heard_recovery(&policies->health[server],
					     state.state, now_ms);
		from.failures = 0;
		from.failed_probes = 0;
	}
	replay_failures(policies, server, from, to, now_ms);
}

/*
 * Another client has seen a failure. When this client got an answer from the server meanwhile,
 * the failure is one of the other client's connection, and this client's policies do not hear of
 * it. The answer revives the server for all clients, unless the failure was one of connecting:
 * then the other client still cannot connect, and only this client has a connection that works.
 * Returns true when the failure is contradicted.
 */
static bool contradict(struct tenon__policies *policies, uint32_t server,
		       uint64_t *counts)
{
	const struct tenon__outcome *outcome =
		&policies->outcomes->servers[server];
	int64_t answered_at_ms = *policies->health[server].answered_ns / 1000000;

	if (!is_doubtful(*counts) ||
	    answered_at_ms <= atomic_load(&outcome->unanswered_since_ms)) {
		return false;
	}
	if (atomic_load(&outcome->status) != TENON_ECONNECT) {
		(void)tenon__outcome_recovered(policies->outcomes, server,
					       answered_at_ms,
					       &policies->sequence, counts);
	}
	return true;
}

/* Look at the record of one server, and believe what is there. */
static void believe(struct tenon__policies *policies, uint32_t server,
		    int64_t now_ms)
{
	uint64_t counts =
		atomic_load(&policies->outcomes->servers[server].counts);

	if (counts != policies->heard[server].counts) {
		replay(policies, server, counts, now_ms);
	}
}

/* Look at the record of one server. */
static void hear(struct tenon__policies *policies, uint32_t server,
		 int64_t now_ms)
{
	uint64_t counts;

	if (!join_again(policies, server)) {
		set_counts(policies, server, 0);
		return;
	}
	counts = atomic_load(&policies->outcomes->servers[server].counts);
	if (counts != policies->heard[server].counts &&
	    contradict(policies, server, &counts)) {
		set_counts(policies, server, counts);
	}
	believe(policies, server, now_ms);
}

void tenon__policies_listen(struct tenon__policies *policies, int64_t now_ms)
{
	uint64_t sequence = atomic_load(&policies->outcomes->sequence);

	for (uint32_t i = 0; i < policies->server_count; i++) {
		hear(policies, i, now_ms);
	}
	policies->sequence = sequence;
}

bool tenon__policies_doubt(const struct tenon__policies *policies,
			   uint32_t server, int64_t answered_at_ms)
{
	return is_doubtful(policies->heard[server].counts) &&
	       is_shared(policies, server) &&
	       answered_at_ms <=
		       atomic_load(&policies->outcomes->servers[server]
					    .unanswered_since_ms);
}

void tenon__policies_failed(struct tenon__policies *policies, uint32_t server,
			    struct tenon__outcome_failure *failure)
{
	struct tenon__heard *heard = &policies->heard[server];
	uint64_t before, after;

	if (!is_shared(policies, server)) {
		tenon__policies_tell_failure(policies, server, failure->status, failure->at_ms);
		return;
	}
	failure->is_probe = heard->probe_until_ms > 0;
	if (tenon__outcome_failed(policies->outcomes, server, failure,
				  &policies->sequence, &before, &after)) {
		if (before != heard->counts) {
			replay(policies, server, before, failure->at_ms);
		}
		tenon__policies_tell_failure(policies, server, failure->status, failure->at_ms);
		set_counts(policies, server, after);
	} else { /* the client has just seen the same itself */
		believe(policies, server, failure->at_ms);
	}
	(void)tenon__outcome_unclaim(&policies->outcomes->servers[server],
				     &heard->probe_until_ms);
}

bool tenon__policies_recovered(struct tenon__policies *policies,
			       uint32_t server, int64_t answered_at_ms)
{
	uint64_t after;

	if (!is_shared(policies, server)) {
		return true;
	}
	if (!tenon__outcome_recovered(policies->outcomes, server,
				      answered_at_ms, &policies->sequence,
				      &after)) {
		return false;
	}
	policies->heard[server].probe_until_ms = 0;
	set_counts(policies, server, after);
	return true;
}

void tenon__policies_moved(struct tenon__policies *policies, uint32_t server,
			   int64_t now_ms)
{
	struct tenon__heard *heard = &policies->heard[server];
	const char *address = policies->health[server].view.address;

	if (heard->joined) {
		tenon__outcome_leave(policies->outcomes, server, heard->place);
	}
	heard->place = tenon__outcome_place(address);
	heard->probe_until_ms = 0;
	heard->joined = tenon__outcome_join(policies->outcomes, server,
					    heard->place, true);
	tenon__policies_succeeded(policies, server, now_ms);
	set_counts(policies, server, 0);
	hear(policies, server, now_ms);
}
