/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the clients of one assembly tell each other about a server: its failures, its recoveries,
 * and the client that probes it now. A client writes here only when an exchange fails, when an
 * exchange succeeds after a failure, and when it probes a server. So the record stays in every
 * CPU's cache while all servers are well. Each client compares the sequence number when it begins
 * an operation and, when it has changed, replays the difference into its own policies and health
 * records. The rules:
 *
 * - One incident that many clients see counts once: a failure whose exchange began before the last
 *   failure adds nothing.
 * - A client that had an answer while another one waited does not believe that failure, and revives
 *   the server for all clients: the connection of the other one was bad. When the other client could
 *   not connect, it only keeps its own connection.
 * - An answer revives a server when it came after the failure, or after the beginning of the
 *   exchange that was late.
 * - The client that tries a server in doubt claims the probe. The policies of the others hear of
 *   this by on_probe(), and are asked again. The claim is given up when the exchange ends without
 *   a verdict, and is over after poll_timeout and a quarter of it.
 * - A record is about one address. A client at another address shares nothing until it has moved.
 *
 * All fields are atomic and nobody waits for anybody, so a fork at any time leaves a record that
 * the child can use.
 */
#ifndef TENON_CORE_OUTCOME_H
#define TENON_CORE_OUTCOME_H

#include <stdatomic.h>
#include <stdbool.h>

#include "cluster/hold.h"
#include "tenon/health.h"

#define TENON_OUTCOME_TEXT_WORDS (TENON_HEALTH_TEXT_BYTES / sizeof(uint64_t))

/* The record of one server. */
struct tenon__outcome {
	_Atomic uint64_t counts;        /* struct tenon__outcome_counts in one word */
	_Atomic uint64_t place;         /* the server's address and the clients that are there */
	_Atomic int64_t probe_until_ms; /* a client probes the server until then; 0: none does */
	_Atomic int64_t answered_at_ms; /* the answer that was the last recovery */
	/* the last failure */
	_Atomic int64_t failed_at_ms, unanswered_since_ms;
	_Atomic int32_t status, sys_errno;
	_Atomic uint64_t text_sequence; /* odd while text is written */
	_Atomic uint64_t text[TENON_OUTCOME_TEXT_WORDS];
	struct tenon__hold hold; /* a server that does not fit the config; no failure of the server */
};

struct tenon__outcomes {
	_Atomic uint64_t sequence; /* grows with every change of a record */
	struct tenon__outcome *servers;
};

/*
 * The counts of a record. A client replays the difference between the counts that it knows and
 * the present ones into its failover policies.
 */
struct tenon__outcome_counts {
	uint32_t recoveries;    /* modulo 2^24 */
	uint32_t failed_probes; /* since the last recovery; at most 2^16 - 1 */
	uint32_t failures;      /* since the last recovery, probes included; at most 2^24 - 1 */
};

/* The failure of an exchange. */
struct tenon__outcome_failure {
	int status;         /* enum tenon_status */
	int sys_errno;      /* or 0 */
	int64_t began_ms;   /* the exchange began */
	int64_t at_ms;      /* the exchange failed */
	/*
	 * An answer to another client that came after this time shows that the server was well:
	 * the beginning of an exchange whose answer was late, else the time of the failure.
	 */
	int64_t unanswered_since_ms;
	const char *text;   /* one sentence */
	bool is_probe;      /* the client had claimed the probe */
};

/* Make the records of count servers. Errors: TENON_ENOMEM. */
int tenon__outcomes_init(struct tenon__outcomes *outcomes, size_t count);
void tenon__outcomes_fini(struct tenon__outcomes *outcomes);

struct tenon__outcome_counts tenon__outcome_unpack(uint64_t counts);

/* ---- addresses ----------------------------------------------------------- */

/* Return the number of an address for the three functions below. */
uint64_t tenon__outcome_place(const char *address);

/*
 * Share the record as a client whose server is at this place. A record is about one address. When
 * no client is at the record's place any more, or with `take`, the record changes to the new
 * place and forgets the old failures. Otherwise a client with another place cannot share it.
 * Returns true when the client shares the record now.
 */
bool tenon__outcome_join(struct tenon__outcomes *outcomes, uint32_t server,
			 uint64_t place, bool take);

/* A client that has joined at this place stops sharing the record. */
void tenon__outcome_leave(struct tenon__outcomes *outcomes, uint32_t server,
			  uint64_t place);

/* Return true when the record is about this place. */
static inline bool tenon__outcome_is_at(const struct tenon__outcome *outcome,
					uint64_t place)
{
	return (atomic_load(&outcome->place) & ~UINT64_C(0xffffff)) == place;
}

/* ---- events -------------------------------------------------------------- */

/*
 * The functions below announce a change: *known, the sequence number that the caller knows,
 * follows when nothing else has changed meanwhile.
 */

/*
 * Record a failure. An exchange that began before the last failure belongs to the same incident:
 * it is not counted again. So one incident counts once, however many clients see it. Neither is a
 * failure counted that an answer to another client has contradicted already.
 * Returns true when the failure was counted; *before and *after are then the counts around it.
 */
bool tenon__outcome_failed(struct tenon__outcomes *outcomes, uint32_t server,
			   const struct tenon__outcome_failure *failure,
			   uint64_t *known, uint64_t *before, uint64_t *after);

/*
 * Record that the server answered at this time. Nothing happens when the server has no failure,
 * or when the answer is older than the last failure and does not contradict it.
 * Returns true when the server has no failure now; *after is the counts then.
 */
bool tenon__outcome_recovered(struct tenon__outcomes *outcomes,
			      uint32_t server, int64_t answered_at_ms,
			      uint64_t *known, uint64_t *after);

/* Copy the text of the last failure, or "" while a client is writing it. */
void tenon__outcome_text(const struct tenon__outcome *outcome,
			 char out[TENON_HEALTH_TEXT_BYTES]);

/* In a forked child: let texts be written again, also when the fork interrupted a writer. */
void tenon__outcomes_forked(struct tenon__outcomes *outcomes, size_t count);

/* ---- probes -------------------------------------------------------------- */

/*
 * Claim the probe of a server for hold_ms. *mine is the end of the client's own last claim, or 0.
 * Returns 0 when the client may probe: it made the claim now (*mine is its end) or has it still.
 * Otherwise returns the time until which another client probes.
 */
int64_t tenon__outcome_claim(struct tenon__outcome *outcome, int64_t *mine,
			     int64_t now_ms, int64_t hold_ms);

/* Give the client's claim up, if it still has one. Returns true when it had. */
bool tenon__outcome_unclaim(struct tenon__outcome *outcome, int64_t *mine);

#endif
