/* SPDX-License-Identifier: BSD-3-Clause */
/* Make and destroy instances of plugins: their option structs and their states. */
#ifndef TENON_CORE_INSTANCE_H
#define TENON_CORE_INSTANCE_H

#include "option/option.h"
#include "plugin/host.h"
#include "plugin/plugin.h"

/*
 * Make the option struct of a plugin and call the plugin's check. The values come from map, a
 * map of the config; NULL: all options have their defaults. place is the place in the config
 * that errors name.
 * Shape:  *out is NULL for a plugin without options. owner.subject is ignored: errors name the
 *         plugin.
 * Owns:   *out is the caller's, freed by tenon__options_destroy().
 * Errors: TENON_ECONFIG, TENON_EPLUGIN, TENON_ENOMEM; *out is then NULL.
 */
int tenon__options_create(void **out, const struct tenon__plugin *plugin,
			  const struct tenon__node *map,
			  struct tenon__option_owner owner,
			  const struct tenon_host *host,
			  const struct tenon__place *place,
			  struct tenon_error *err);

/* Free an option struct and its strings. options may be NULL. */
void tenon__options_destroy(const struct tenon__plugin *plugin, void *options);

/* A plugin that a config chooses, with its options and its services. */
struct tenon__chosen {
	const struct tenon__plugin *plugin; /* NULL: none */
	void *options; /* NULL: the plugin has none */
	struct tenon__host host;
	struct tenon__chosen *next; /* of the same config; for its owner */
};

/*
 * Fill *chosen, which is all zero and must stay at its address. The arguments are those of
 * tenon__options_create() and tenon__host_init().
 * Owns:   *chosen has to be released by tenon__chosen_fini(), also after an error.
 */
int tenon__chosen_init(struct tenon__chosen *chosen,
		       const struct tenon__plugin *plugin,
		       const struct tenon__node *map,
		       struct tenon__option_owner owner,
		       const struct tenon__log *log,
		       const struct tenon__place *place,
		       struct tenon_error *err);

/* Free the options and the services. No instance may be left. *chosen may be all zero. */
void tenon__chosen_fini(struct tenon__chosen *chosen);

/*
 * Allocate the state of an instance: state_size zeroed bytes. A plugin without state gets one
 * byte, so that a NULL state always means that there is no instance.
 * Owns:   the state is the caller's, freed by tenon__free().
 * Errors: returns NULL when out of memory.
 */
void *tenon__instance_alloc(uint32_t state_size);

/*
 * Make a hash that is ready to use.
 * Owns:   *out is the caller's, freed by tenon__hash_destroy(). options and host have to live
 *         as long as the hash.
 * Errors: the errors of the plugin's init, TENON_ENOMEM; *out is then zeroed.
 */
int tenon__hash_create(struct tenon_hash *out,
		       const struct tenon__plugin *plugin, const void *options,
		       const struct tenon_host *host, struct tenon_error *err);

/* Free a hash and zero it. The hash may be zeroed already. */
void tenon__hash_destroy(struct tenon_hash *hash);

/* The default of tenon_hash_ops.hash_many. Only for hashes made by tenon__hash_create(). */
void tenon__hash_each(const void *self, const struct tenon_slice *keys,
		      size_t count, uint64_t *out);

#endif
