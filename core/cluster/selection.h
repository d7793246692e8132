/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plugins that a config chooses, found in the registry and with their options: those of the config's
 * keys, the hashes that keys and options name, and the plugins that options of the type PLUGIN name.
 */
#ifndef TENON_CORE_SELECTION_H
#define TENON_CORE_SELECTION_H

#include "config/conf.h"
#include "plugin/instance.h"
#include "plugin/registry.h"

/* The most plugins in one another, by options of the type PLUGIN, without the outermost one. */
#define TENON_WRAPPED_DEPTH_MAX 8

struct tenon__hash_part;
struct tenon__inner_part;

struct tenon__selection {
	struct tenon__registry *registry; /* owns the ops of all plugins */
	const struct tenon__log *log;
	struct tenon__chosen *chosen; /* all plugins; the list ends with NULL */
	/* Private to selection.c. */
	struct tenon__hash_part *hashes;
	struct tenon__inner_part *inners;
	unsigned wrapped_depth; /* of the options that are read: 0 outside of an inner plugin */
};

/* Begin an empty selection. It keeps a reference of the registry, and log. */
void tenon__selection_init(struct tenon__selection *selection,
			   struct tenon__registry *registry,
			   const struct tenon__log *log);

/*
 * Free what the selection made. No instance of a plugin may be left, and every *chosen that
 * tenon__select() filled is released before. The selection may be all zero.
 */
void tenon__selection_fini(struct tenon__selection *selection);

/*
 * Find the plugin of a choice and make its options. chosen->plugin is NULL when the choice is optional
 * and the plugin was not found.
 * Owns:   *chosen, which is all zero and must stay at its address, has to be released by
 *         tenon__chosen_fini(), also after an error.
 * Errors: those of tenon__registry_find() and tenon__chosen_init().
 */
int tenon__select(struct tenon__selection *selection,
		  const struct tenon__choice *choice,
		  struct tenon__chosen *chosen, struct tenon_error *err);

/*
 * Make the hash of a query, or find it: hashes whose options all have their defaults are shared.
 * options is a map of the config; NULL: the defaults.
 * Owns:   *out is the selection's.
 * Errors: those of tenon__registry_find(), tenon__chosen_init() and tenon__hash_create().
 */
int tenon__select_hash(struct tenon__selection *selection,
		       const struct tenon_hash **out,
		       const struct tenon__plugin_query *query,
		       const struct tenon__node *options,
		       struct tenon_error *err);

/* Make the hash of a choice. The rest is as for tenon__select_hash(). */
int tenon__select_chosen_hash(struct tenon__selection *selection,
			      const struct tenon_hash **out,
			      const struct tenon__choice *choice,
			      struct tenon_error *err);

/* Return the option rows of a hash of the selection, which end with name NULL; NULL: it has no options. */
const struct tenon_option *tenon__selection_hash_rows(
	const struct tenon__selection *selection,
	const struct tenon_hash *hash);

#endif
