/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of distributions: a ring, made and asked as the core does it. */
#ifndef TENON_TESTS_RING_RIG_H
#define TENON_TESTS_RING_RIG_H

#include "conformance/subject.h"

/* A ring of one distribution. */
struct ring {
	const struct tenon__plugin *plugin;
	const struct tenon_distribution_ops *ops;
	struct watched_host host;
	void *options; /* the caller sets them after ring_begin(); ring_free() frees them */
	void *self;
	uint32_t count; /* of servers */
};

/* Begin a ring of a plugin, without options. */
void ring_begin(struct ring *ring, const struct tenon__plugin *plugin);

/* Make the instance, and call its init. Asserts that it succeeds. */
void ring_init(struct ring *ring);

/* Call build. Returns its result. */
int ring_build(struct ring *ring, const struct tenon_ring_server *servers,
	       uint32_t count, const struct tenon_hash *hash,
	       struct tenon_error *err);

/* Release the ring, also after a failed build. Asserts that nothing of it stays allocated. */
void ring_free(struct ring *ring);

/*
 * Return the nth server of the key's walk, found anew from the home server on; 0 is the home server.
 * Returns TENON_NO_SERVER when there is none.
 */
uint32_t ring_walk_nth(const struct ring *ring,
		       const struct tenon_ring_key *key, uint32_t nth);

#endif
