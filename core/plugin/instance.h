/* SPDX-License-Identifier: BSD-3-Clause */
/* Instances of plugins: option structs and states. */
#ifndef TENON_CORE_INSTANCE_H
#define TENON_CORE_INSTANCE_H

#include "option/option.h"
#include "plugin/plugin.h"

/*
 * Make the option struct of a plugin from a map of the config (NULL: defaults)
 * and let the plugin check it.
 * Shape:  *out is NULL for a plugin without options. owner->subject is ours.
 * Owns:   *out is for tenon__options_destroy().
 * Errors: TENON_ECONFIG, TENON_EPLUGIN, TENON_ENOMEM.
 */
int tenon__options_create(void **out, const struct tenon__plugin *plugin,
			  const struct tenon__node *map,
			  struct tenon__option_owner owner,
			  const struct tenon_host *host,
			  const struct tenon__place *place,
			  struct tenon_error *err);

void tenon__options_destroy(const struct tenon__plugin *plugin, void *options);

/*
 * Allocate the state of an instance: state_size zeroed bytes, and one byte where
 * the plugin has no state, so that NULL always means that there is no instance.
 * Owns:   the caller's, for tenon__free().
 * Returns NULL when there is no memory.
 */
void *tenon__instance_alloc(uint32_t state_size);

/*
 * Make a hash that is ready to use.
 * Owns:   *out is for tenon__hash_destroy(); options and host must live as long.
 * Errors: what init returns, TENON_ENOMEM.
 */
int tenon__hash_create(struct tenon_hash *out,
		       const struct tenon__plugin *plugin, const void *options,
		       const struct tenon_host *host, struct tenon_error *err);

/* A zeroed hash is fine. */
void tenon__hash_destroy(struct tenon_hash *hash);

/* The default of tenon_hash_ops.hash_many, for instances made here. */
void tenon__hash_each(const void *self, const struct tenon_slice *keys,
		      size_t count, uint64_t *out);

#endif
