/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A decorator for a client's transport. It adds faults: short reads and writes, delays,
 * resets, garbage. Faults follow from a seed: the same plan gives the same faults
 * again.
 */
#ifndef TENON_TESTS_FAKES_FAULT_H
#define TENON_TESTS_FAKES_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tenon/plugin/transport.h"

struct tenon_client;

#define FAULT_SERVERS_MAX 64

/* The faults to add. A field of 0 adds no such fault. A chance is in percent of the calls. */
struct fault_plan {
	size_t read_max_bytes;  /* a receive gives 1 to this many bytes */
	size_t write_max_bytes; /* a send takes 1 to this many bytes */
	unsigned delay_chance;  /* of a receive that comes delay_ms late (0: 1 ms) */
	unsigned delay_ms;
	/* the core's clock moves by this at every receive; nothing waits */
	int64_t advance_ms;
	/* the core's clock moves by this whenever the transport asks for an address */
	int64_t address_advance_ms;
	/* of a receive after which nothing more comes on the connection */
	unsigned reset_chance;
	unsigned lose_chance;   /* of a send after which no reply comes */
	/* of an idle connection that has ended when it is used again */
	unsigned cut_chance;
	unsigned garbage_chance; /* of a reply whose first bytes are replaced */
	uint64_t seed;
};

/* How often each fault happened. */
struct fault_counts {
	size_t short_reads, short_writes, delays, resets, losses, cuts,
		garbage, addresses;
};

/* A decorator. The test owns the struct, and reads counts, also after fault_unwrap(). */
struct fault {
	struct fault_counts counts;
	struct fault_plan plan;
	const struct tenon_transport_ops *next; /* the client's transport */
	void *self;                             /* its instance */
	void *replaced; /* the client's instance, without connections meanwhile */
	const struct tenon_connection_ops *core; /* what the transport would call */
	struct tenon_connection_ops connection_ops;
	char *space[FAULT_SERVERS_MAX];   /* the last result of recv_space */
	bool replying[FAULT_SERVERS_MAX]; /* the first bytes of the reply have arrived */
};

/*
 * Wrap the transport of a client that has not run anything yet, and whose config no other client
 * uses. plan is copied.
 */
void fault_wrap(struct fault *fault, struct tenon_client *client,
		const struct fault_plan *plan);

/*
 * Remove the decorator. Call after tenon_client_disconnect() and before
 * tenon_client_close().
 */
void fault_unwrap(struct fault *fault, struct tenon_client *client);

#endif
