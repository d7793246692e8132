/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The registry: the plugins that a config has used so far. A plugin is built in, or in a file
 * (a module). Each plugin is verified before it is registered. A registered plugin never
 * changes and never moves, and its file stays open until the process ends.
 *
 * A registry is reference-counted. An assembly that was made from a config keeps a reference,
 * so it can outlive the config.
 */
#ifndef TENON_CORE_REGISTRY_H
#define TENON_CORE_REGISTRY_H

#include "plugin/loader.h"
#include "plugin/plugin.h"

struct tenon__registry;

/*
 * Make an empty registry.
 * Owns:   one reference is the caller's, dropped by tenon__registry_unref().
 * Errors: TENON_ENOMEM; *out is then NULL.
 */
int tenon__registry_create(struct tenon__registry **out,
			   struct tenon_error *err);

/* Add a reference. Returns registry. Threads: any. */
struct tenon__registry *tenon__registry_ref(struct tenon__registry *registry);

/* Drop a reference; the last one frees the registry. registry may be NULL. Threads: any. */
void tenon__registry_unref(struct tenon__registry *registry);

/*
 * Set the folders that the config names, which are searched first.
 * Owns: the registry takes the paths; *folders is then empty.
 */
void tenon__registry_set_folders(struct tenon__registry *registry,
				 struct tenon__folders *folders);

/*
 * Load the plugin in a file and register it. Any kind and any name is accepted. place is the
 * place in the config that errors name.
 * Errors: TENON_EPLUGIN, TENON_ENOMEM.
 */
int tenon__registry_load(struct tenon__registry *registry, const char *path,
			 const struct tenon__place *place,
			 struct tenon_error *err);

/* A request for a plugin, by kind and name. */
struct tenon__plugin_query {
	uint32_t kind;
	const char *name;  /* as in the config: in any case, and not checked yet */
	const char *asker; /* the beginning of errors: "key 'hash_function'" */
	struct tenon__place place; /* the place in the config that errors name */
	bool optional; /* a missing plugin is no error; *out is then NULL */
};

/*
 * Find a plugin by kind and name, and register it if needed. Registered plugins come first,
 * then built-in plugins, then modules in the search path.
 * Owns:   *out is the registry's.
 * Errors: TENON_EPLUGIN, TENON_ENOMEM; *out is then NULL.
 */
int tenon__registry_find(struct tenon__registry *registry,
			 const struct tenon__plugin **out,
			 const struct tenon__plugin_query *request,
			 struct tenon_error *err);

/* Called for each plugin that was refused, with the reason in problem. */
typedef void (*tenon__refused_fn)(const char *kind_name, const char *name,
				  const char *path, const char *problem,
				  void *payload);

/*
 * Register every built-in plugin and every module in the search path. A plugin that fails its
 * checks is skipped, and `refused` is called for it.
 * Errors: TENON_ENOMEM.
 */
int tenon__registry_load_all(struct tenon__registry *registry,
			     tenon__refused_fn refused, void *payload,
			     struct tenon_error *err);

/*
 * Return the first registered plugin, or NULL. The others follow by `next`, in the order of
 * registration.
 */
const struct tenon__plugin *
tenon__registry_first(const struct tenon__registry *registry);

#endif
