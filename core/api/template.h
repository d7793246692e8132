/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The template of a client pool: the pool makes all its clients by it. A shared template
 * never changes; references are counted. To change a pool, another template becomes the
 * pool's. A client is up to date when its template is the pool's.
 */
#ifndef TENON_CORE_TEMPLATE_H
#define TENON_CORE_TEMPLATE_H

#include <stdatomic.h>

#include "cluster/assembly.h"

struct tenon__template {
	atomic_uint refs;
	struct tenon__assembly *assembly;
	char **specs; /* server lines with the present addresses; NULL: those of the config */
	size_t spec_count;
	tenon_wait_fn wait; /* NULL: none */
	void *wait_payload;
};

/*
 * Make a copy of a template; NULL: an empty template. The caller may change the copy until it
 * is shared.
 * Owns: one reference is the caller's.
 * Returns NULL without memory.
 */
struct tenon__template *tenon__template_like(
	const struct tenon__template *other);

/* Replace the server lines, which are copied. Errors: TENON_ENOMEM: the lines are incomplete. */
int tenon__template_set_specs(struct tenon__template *template,
			      const char *const *specs, size_t count);

struct tenon__template *tenon__template_ref(struct tenon__template *template);
void tenon__template_unref(struct tenon__template *template);

/*
 * Make a client by the template, with its server addresses and its wait hook.
 * Owns:   the client takes a reference of the template; *out is the caller's, for
 *         tenon__template_close().
 * Errors: as tenon__client_make(); TENON_ECONFIG: the server lines do not fit the config;
 *         TENON_EINVAL: the transport accepts no wait hook.
 */
int tenon__template_open(struct tenon__template *template,
			 struct tenon_client **out, struct tenon_error *err);

/*
 * Bring a client up to date with the template.
 * Owns: takes the client; the returned client is the caller's. It is the same client where
 *       possible; otherwise that client is closed and a new one made.
 * Returns NULL when no new client could be made.
 */
struct tenon_client *tenon__template_apply(struct tenon__template *template,
					   struct tenon_client *client);

/* Close a client that was made by a template. */
void tenon__template_close(struct tenon_client *client);

#endif
