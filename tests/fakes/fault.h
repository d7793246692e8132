/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A transport that wraps the one a client was assembled with and spoils what goes
 * through it: short reads and writes, delays, resets, garbage. Seeded: the same
 * plan does the same again.
 */
#ifndef TENON_TESTS_FAKES_FAULT_H
#define TENON_TESTS_FAKES_FAULT_H

#include <stddef.h>
#include <stdint.h>

struct tenon_client;

/* Zero: that fault does not happen. Chances are in percent of the calls. */
struct fault_plan {
	size_t read_max_bytes;  /* a receive brings 1 to this many */
	size_t write_max_bytes; /* a send takes 1 to this many */
	unsigned delay_chance;  /* of a receive: delay_ms late, or 1 ms */
	unsigned delay_ms;
	int64_t advance_ms;     /* every receive is so late by the core's clock; none waits */
	unsigned reset_chance;  /* of a receive: nothing more comes on this connection */
	unsigned lose_chance;   /* of a send: it goes out, nothing comes back */
	unsigned cut_chance;    /* of an idle connection: it has ended when it is used again */
	unsigned garbage_chance; /* of a reply: its first bytes are others */
	uint64_t seed;
};

/* How often each happened. */
struct fault_counts {
	size_t short_reads, short_writes, delays, resets, losses, cuts,
		garbage;
};

/*
 * Wrap the transport of a client that has not run anything yet. One client a
 * thread at a time, and that thread runs it. plan is copied.
 */
void fault_wrap(struct tenon_client *client, const struct fault_plan *plan);

/* Go on with another plan, on this thread. */
void fault_change(const struct fault_plan *plan);

/* Take the wrapping off: after tenon_client_disconnect(), before tenon_client_close(). */
void fault_unwrap(struct tenon_client *client);

extern _Thread_local struct fault_counts fault_counts;

#endif
