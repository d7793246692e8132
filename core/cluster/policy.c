/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/policy.h"

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
	return policy->ops->init(policy->self, choice->options, choices->host,
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

void tenon__policies_fini(struct tenon__policies *policies)
{
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

void tenon__policies_failed(const struct tenon__policies *policies,
			    uint32_t server, int status, int64_t now_ms)
{
	for (size_t i = 0; i < policies->count; i++) {
		policies->list[i].ops->on_failure(policies->list[i].self,
						  server, status, now_ms);
	}
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
