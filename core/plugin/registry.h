/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plugins that a config knows: built-ins and modules, each verified before
 * it is registered. Counted: what was assembled from a config keeps the registry
 * and survives the config. A registered plugin never changes and never moves;
 * its file stays open for the life of the process.
 */
#ifndef TENON_CORE_REGISTRY_H
#define TENON_CORE_REGISTRY_H

#include "plugin/loader.h"
#include "plugin/plugin.h"

struct tenon__registry;

/* Errors: TENON_ENOMEM. Owns: one reference is the caller's. */
int tenon__registry_create(struct tenon__registry **out,
			   struct tenon_error *err);
struct tenon__registry *tenon__registry_ref(struct tenon__registry *registry);
void tenon__registry_unref(struct tenon__registry *registry);

/* The config's own folders, which are searched first. Takes what is in folders. */
void tenon__registry_set_folders(struct tenon__registry *registry,
				 struct tenon__folders *folders);

/*
 * Load the plugin in a file, whatever its kind and name.
 * Errors: TENON_EPLUGIN, TENON_ENOMEM.
 */
int tenon__registry_load(struct tenon__registry *registry, const char *path,
			 const struct tenon__place *place,
			 struct tenon_error *err);

/* Who asks for a plugin: "key 'hash_function'", for errors. */
struct tenon__plugin_query {
	uint32_t kind;
	const char *name; /* as in the config: any case, perhaps not a name */
	const char *asker;
	struct tenon__place place;
	bool optional; /* that there is no such plugin is no error: *out is NULL */
};

/*
 * Find a plugin by kind and name: registered, else built-in, else a module in
 * the search path, which is loaded.
 * Owns:   *out is the registry's.
 * Errors: TENON_EPLUGIN, TENON_ENOMEM.
 */
int tenon__registry_find(struct tenon__registry *registry,
			 const struct tenon__plugin **out,
			 const struct tenon__plugin_query *request,
			 struct tenon_error *err);

/* A file in the search path that is no plugin to use, and why. */
typedef void (*tenon__refused_fn)(const char *kind_name, const char *name,
				  const char *path, const char *problem,
				  void *payload);

/*
 * Register every built-in and every module in the search path that can be; the
 * others are told to refused. Errors: TENON_ENOMEM.
 */
int tenon__registry_load_all(struct tenon__registry *registry,
			     tenon__refused_fn refused, void *payload,
			     struct tenon_error *err);

/* Registered plugins, in the order of registration; next is the link. */
const struct tenon__plugin *
tenon__registry_first(const struct tenon__registry *registry);

#endif
