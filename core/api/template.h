/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every client of a pool should be like. Immutable, counted: a change of the
 * pool is another plan, and a client is up to date when it was made by the pool's.
 */
#ifndef TENON_CORE_PLAN_H
#define TENON_CORE_PLAN_H

#include <stdatomic.h>

#include "cluster/assembly.h"

struct tenon__plan {
	atomic_uint refs;
	struct tenon__assembly *assembly;
	char **specs; /* where servers live now, as lines of `servers:`; NULL: as the config said */
	size_t spec_count;
	tenon_wait_fn wait;
	void *wait_payload;
};

/*
 * Make a plan like another, or empty (like NULL); change it before it is shared.
 * Owns: one reference is the caller's. Returns NULL when there is no memory.
 */
struct tenon__plan *tenon__plan_like(const struct tenon__plan *other);

/* Replace the server lines. Errors: TENON_ENOMEM. */
int tenon__plan_set_specs(struct tenon__plan *plan, const char *const *specs,
			  size_t count);

struct tenon__plan *tenon__plan_ref(struct tenon__plan *plan);
void tenon__plan_unref(struct tenon__plan *plan);

/*
 * Make a client that is as the plan wants it; it keeps a reference.
 * Errors: as tenon_client_open(); TENON_EINVAL: its transport takes no hook.
 */
int tenon__plan_open(struct tenon__plan *plan, struct tenon_client **out,
		     struct tenon_error *err);

/*
 * Bring a client up to date. Takes the client and returns it, or another in its
 * place; NULL when there is no memory, and the client is closed.
 */
struct tenon_client *tenon__plan_apply(struct tenon__plan *plan,
				       struct tenon_client *client);

/* Close a client that was made by a plan. */
void tenon__plan_close(struct tenon_client *client);

#endif
