/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kinds of plugins. For each kind: its name, the size of its table of slots, the slots that
 * are required, and the defaults of the slots that are optional.
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
 * Copy a plugin's table of slots into out->ops, check the copy, and set its optional slots that
 * are missing to their defaults. The plugin's table may be shorter or longer than this
 * version's.
 * Errors: TENON_EPLUGIN with *refusal.
 */
int tenon__kind_take_ops(struct tenon__plugin *out,
			 const struct tenon_plugin *descriptor,
			 const struct tenon__kind *kind,
			 struct tenon__refusal *refusal);

/* The default of tenon_plugin.check: accept every combination of options. */
int tenon__check_nothing(const void *options, const struct tenon_host *host,
			 struct tenon_error *err);

/* The default of tenon_failover_ops.state: every server is up. */
void tenon__state_up(const void *self, uint32_t server, int64_t now_ms,
		     struct tenon_failover_state *out);

/* The default of tenon_failover_ops.on_probe: the policy does not care. */
void tenon__ignore_probe(void *self, uint32_t server, int64_t until_ms);

#endif
