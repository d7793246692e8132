/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/hold.h"

#include <string.h>

#include "base/published.h"

_Static_assert(sizeof(struct tenon__hold_reason) % sizeof(uint64_t) == 0,
	       "a reason is made of words");

void tenon__hold_begin(struct tenon__hold *hold,
		       const struct tenon__hold_reason *reason,
		       int64_t until_ms)
{
	uint64_t words[TENON_HOLD_WORDS];

	memcpy(words, reason, sizeof(words));
	/* when another client is writing, its reason is as good, so it is kept */
	(void)tenon__try_publish(&hold->sequence, hold->words, words,
				 TENON_HOLD_WORDS);
	atomic_store(&hold->until_ms, until_ms);
}

bool tenon__hold_stops(struct tenon__hold *hold, uint64_t place, int64_t now_ms,
		       int64_t retry_ms, struct tenon__hold_reason *out)
{
	int64_t until_ms = atomic_load(&hold->until_ms);
	uint64_t words[TENON_HOLD_WORDS];

	if (until_ms == 0 ||
	    !tenon__read_published(&hold->sequence, hold->words, words,
				   TENON_HOLD_WORDS)) {
		return false;
	}
	memcpy(out, words, sizeof(words));
	if (out->place != place) {
		return false;
	}
	/* a hold-back of more than retry_ms was begun before the clock jumped back */
	if (now_ms < until_ms && until_ms - now_ms <= retry_ms) {
		return true;
	}
	return !atomic_compare_exchange_strong(&hold->until_ms, &until_ms,
					       now_ms + retry_ms);
}
