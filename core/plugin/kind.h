/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kinds of plugins: the name of each, the size of its table of slots, the
 * slots that it must have, and the defaults of those that it may leave out.
 */
#ifndef TENON_CORE_KIND_H
#define TENON_CORE_KIND_H

#include "plugin/plugin.h"
#include "plugin/refusal.h"

struct tenon__kind;

/* Find a kind; NULL when this version has no such kind. */
const struct tenon__kind *tenon__kind_find(uint32_t kind);

/* Return "hash" for TENON_KIND_HASH and so on; NULL when this version has no such kind. */
const char *tenon__kind_name(uint32_t kind);

/*
 * Copy a plugin's table of slots into out->ops, check it and fill the optional
 * slots with their defaults.
 * Errors: TENON_EPLUGIN with *refusal.
 */
int tenon__kind_take_ops(struct tenon__plugin *out,
			 const struct tenon_plugin *descriptor,
			 const struct tenon__kind *kind,
			 struct tenon__refusal *refusal);

/* The default of tenon_plugin.check: every combination of options is good. */
int tenon__check_nothing(const void *options, const struct tenon_host *host,
			 struct tenon_error *err);

/* The default of tenon_failover_ops.state: every server is up. */
void tenon__state_up(const void *self, uint32_t server, int64_t now_ms,
		     struct tenon_failover_state *out);

#endif
