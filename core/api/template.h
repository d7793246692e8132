/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every client of a pool should be like. Immutable, counted: a change of the
 * pool is another template, and a client is up to date when it was made by the pool's.
 */
#ifndef TENON_CORE_TEMPLATE_H
#define TENON_CORE_TEMPLATE_H

#include <stdatomic.h>

#include "cluster/assembly.h"

struct tenon__template {
	atomic_uint refs;
	struct tenon__assembly *assembly;
	char **specs; /* where servers live now, as lines of `servers:`; NULL: as the config said */
	size_t spec_count;
	tenon_wait_fn wait;
	void *wait_payload;
};

/*
 * Make a template like another, or empty (like NULL); change it before it is shared.
 * Owns: one reference is the caller's. Returns NULL when there is no memory.
 */
struct tenon__template *tenon__template_like(
	const struct tenon__template *other);

/* Replace the server lines. Errors: TENON_ENOMEM. */
int tenon__template_set_specs(struct tenon__template *template,
			      const char *const *specs, size_t count);

struct tenon__template *tenon__template_ref(struct tenon__template *template);
void tenon__template_unref(struct tenon__template *template);

/*
 * Make a client that is as the template wants it; it keeps a reference.
 * Errors: as tenon_client_open(); TENON_EINVAL: its transport takes no hook.
 */
int tenon__template_open(struct tenon__template *template,
			 struct tenon_client **out, struct tenon_error *err);

/*
 * Bring a client up to date. Takes the client and returns it, or another in its
 * place; NULL when there is no memory, and the client is closed.
 */
struct tenon_client *tenon__template_apply(struct tenon__template *template,
					   struct tenon_client *client);

/* Close a client that was made by a template. */
void tenon__template_close(struct tenon_client *client);

#endif
