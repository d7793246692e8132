/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/outcome.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/published.h"

_Static_assert(TENON_HEALTH_TEXT_BYTES % sizeof(uint64_t) == 0,
	       "a text is made of words");

#define PROBES_MAX UINT16_MAX
#define FAILURES_MAX 0xffffffu
#define RECOVERIES_MAX 0xffffffu

int tenon__outcomes_init(struct tenon__outcomes *outcomes, size_t count)
{
	outcomes->servers = tenon__calloc(count, sizeof(*outcomes->servers));
	return outcomes->servers ? 0 : TENON_ENOMEM;
}

void tenon__outcomes_fini(struct tenon__outcomes *outcomes)
{
	tenon__free(outcomes->servers);
	outcomes->servers = NULL;
}

/* Let every client notice that a record has changed. known may be NULL. */
static void announce(struct tenon__outcomes *outcomes, uint64_t *known)
{
	uint64_t before = atomic_fetch_add(&outcomes->sequence, 1);

	if (known && *known == before) {
		*known = before + 1;
	}
}

/* ---- counts -------------------------------------------------------------- */

struct tenon__outcome_counts tenon__outcome_unpack(uint64_t counts)
{
	return (struct tenon__outcome_counts){
		.recoveries = (uint32_t)(counts >> 40),
		.failed_probes = (uint32_t)(counts >> 24) & PROBES_MAX,
		.failures = (uint32_t)counts & FAILURES_MAX,
	};
}

static uint64_t pack(struct tenon__outcome_counts counts)
{
	return (uint64_t)(counts.recoveries & RECOVERIES_MAX) << 40 |
	       (uint64_t)counts.failed_probes << 24 | counts.failures;
}

static uint64_t with_failure(uint64_t packed, bool is_probe)
{
	struct tenon__outcome_counts counts = tenon__outcome_unpack(packed);

	counts.failures += counts.failures < FAILURES_MAX;
	counts.failed_probes += is_probe && counts.failed_probes < PROBES_MAX;
	return pack(counts);
}

static uint64_t with_recovery(uint64_t packed)
{
	return pack((struct tenon__outcome_counts){
		.recoveries = tenon__outcome_unpack(packed).recoveries + 1,
	});
}

/* Forget all failures, whatever their time. */
static void forget(struct tenon__outcome *outcome)
{
	uint64_t counts = atomic_load(&outcome->counts);

	while (!atomic_compare_exchange_weak(&outcome->counts, &counts,
					     with_recovery(counts))) {
	}
	atomic_store(&outcome->probe_until_ms, 0);
	atomic_store(&outcome->answered_at_ms, INT64_MIN);
}

/* ---- addresses ----------------------------------------------------------- */

/* A place word has a hash of the address in its upper 40 bits, the number of clients below. */
#define PLACE_CLIENTS UINT64_C(0xffffff)

uint64_t tenon__outcome_place(const char *address)
{
	uint64_t hash = tenon__hash(address, strlen(address)) & ~PLACE_CLIENTS;

	return hash ? hash : PLACE_CLIENTS + 1;
}

bool tenon__outcome_join(struct tenon__outcomes *outcomes, uint32_t server,
			 uint64_t place, bool take)
{
	struct tenon__outcome *outcome = &outcomes->servers[server];
	uint64_t at = atomic_load(&outcome->place);
	bool moves;

	do {
		moves = (at & ~PLACE_CLIENTS) != place;
		if (moves && !take && (at & PLACE_CLIENTS) > 0) {
			return false;
		}
	} while (!atomic_compare_exchange_weak(
		&outcome->place, &at, moves ? place + 1 : at + 1));
	if (moves && at != 0) { /* 0: the first client of all */
		forget(outcome);
		announce(outcomes, NULL);
	}
	return true;
}

void tenon__outcome_leave(struct tenon__outcomes *outcomes, uint32_t server,
			  uint64_t place)
{
	struct tenon__outcome *outcome = &outcomes->servers[server];
	uint64_t at = atomic_load(&outcome->place);

	do {
		if ((at & ~PLACE_CLIENTS) != place ||
		    (at & PLACE_CLIENTS) == 0) {
			return;
		}
	} while (!atomic_compare_exchange_weak(&outcome->place, &at, at - 1));
	if ((at & PLACE_CLIENTS) == 1) {
		announce(outcomes, NULL); /* clients with another place may join now */
	}
}

/* ---- texts --------------------------------------------------------------- */

/* When another client is writing, its text tells of the same incident. So it is kept. */
static void write_text(struct tenon__outcome *outcome, const char *text)
{
	uint64_t words[TENON_OUTCOME_TEXT_WORDS] = { 0 };

	snprintf((char *)words, sizeof(words), "%s", text);
	(void)tenon__try_publish(&outcome->text_sequence, outcome->text, words,
				 TENON_OUTCOME_TEXT_WORDS);
}

void tenon__outcome_text(const struct tenon__outcome *outcome,
			 char out[TENON_HEALTH_TEXT_BYTES])
{
	uint64_t words[TENON_OUTCOME_TEXT_WORDS];
	bool whole = tenon__read_published(&outcome->text_sequence,
					   outcome->text, words,
					   TENON_OUTCOME_TEXT_WORDS);

	memcpy(out, words, sizeof(words));
	out[whole ? TENON_HEALTH_TEXT_BYTES - 1 : 0] = '\0';
}

void tenon__outcomes_forked(struct tenon__outcomes *outcomes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct tenon__outcome *outcome = &outcomes->servers[i];

		tenon__published_forked(&outcome->text_sequence);
		tenon__published_forked(&outcome->hold.sequence);
	}
}

/* ---- events -------------------------------------------------------------- */

static void write_failure(struct tenon__outcome *outcome,
			  const struct tenon__outcome_failure *failure)
{
	atomic_store(&outcome->failed_at_ms, failure->at_ms);
	atomic_store(&outcome->unanswered_since_ms,
		     failure->unanswered_since_ms);
	atomic_store(&outcome->status, failure->status);
	atomic_store(&outcome->sys_errno, failure->sys_errno);
	write_text(outcome, failure->text);
}

/* Return true when the failure says nothing that the record does not know. */
static bool is_old_news(const struct tenon__outcome *outcome, uint64_t packed,
			const struct tenon__outcome_failure *failure)
{
	struct tenon__outcome_counts counts = tenon__outcome_unpack(packed);

	if (counts.failures > 0) {
		return failure->began_ms < atomic_load(&outcome->failed_at_ms);
	}
	return counts.recoveries > 0 &&
	       failure->unanswered_since_ms <
		       atomic_load(&outcome->answered_at_ms);
}

bool tenon__outcome_failed(struct tenon__outcomes *outcomes, uint32_t server,
			   const struct tenon__outcome_failure *failure,
			   uint64_t *known, uint64_t *before, uint64_t *after)
{
	struct tenon__outcome *outcome = &outcomes->servers[server];

	*before = atomic_load(&outcome->counts);
	do {
		if (is_old_news(outcome, *before, failure)) {
			return false;
		}
		write_failure(outcome, failure);
		*after = with_failure(*before, failure->is_probe);
	} while (!atomic_compare_exchange_strong(&outcome->counts, before,
						 *after));
	announce(outcomes, known);
	return true;
}

bool tenon__outcome_recovered(struct tenon__outcomes *outcomes,
			      uint32_t server, int64_t answered_at_ms,
			      uint64_t *known, uint64_t *after)
{
	struct tenon__outcome *outcome = &outcomes->servers[server];
	uint64_t before = atomic_load(&outcome->counts);

	do {
		*after = before;
		if (tenon__outcome_unpack(before).failures == 0) {
			return true;
		}
		if (answered_at_ms <
		    atomic_load(&outcome->unanswered_since_ms)) {
			return false;
		}
		atomic_store(&outcome->answered_at_ms, answered_at_ms);
		*after = with_recovery(before);
	} while (!atomic_compare_exchange_weak(&outcome->counts, &before,
					       *after));
	atomic_store(&outcome->probe_until_ms, 0);
	announce(outcomes, known);
	return true;
}

/* ---- probes -------------------------------------------------------------- */

int64_t tenon__outcome_claim(struct tenon__outcome *outcome, int64_t *mine,
			     int64_t now_ms, int64_t hold_ms)
{
	int64_t until_ms = atomic_load(&outcome->probe_until_ms);

	do {
		/* a claim of more than hold_ms was made before the clock jumped back */
		if (until_ms > now_ms && until_ms - now_ms <= hold_ms) {
			return until_ms == *mine ? 0 : until_ms;
		}
	} while (!atomic_compare_exchange_strong(
		&outcome->probe_until_ms, &until_ms, now_ms + hold_ms));
	*mine = now_ms + hold_ms;
	return 0;
}

bool tenon__outcome_unclaim(struct tenon__outcome *outcome, int64_t *mine)
{
	int64_t until_ms = *mine;

	*mine = 0;
	return until_ms != 0 &&
	       atomic_compare_exchange_strong(&outcome->probe_until_ms,
					      &until_ms, 0);
}
