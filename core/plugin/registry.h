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
#include "option/node.h"
#include "tenon/plugin/codec.h"
#include "tenon/plugin/distribution.h"
#include "tenon/plugin/failover.h"
#include "tenon/plugin/hash.h"
#include "tenon/plugin/transport.h"

/* The option struct of one plugin has a ceiling, so that a wrong one is found. */
#define TENON_OPTIONS_MAX_BYTES (64 * 1024)

#define TENON__BUILTIN_ORIGIN "built-in"

union tenon__ops {
	struct tenon_hash_ops hash;
	struct tenon_distribution_ops distribution;
	struct tenon_transport_ops transport;
	struct tenon_codec_ops codec;
	struct tenon_failover_ops failover;
};

/* A registered plugin. Strings but origin are the plugin's. */
struct tenon__plugin {
	struct tenon__plugin *next;
	uint32_t kind;
	const char *kind_name;
	const char *name;
	const char *version;
	const char *summary;
	char *origin;                 /* path, or TENON__BUILTIN_ORIGIN */
	struct tenon_option *options; /* our copy, ends with name NULL */
	size_t options_bytes;
	int (*check)(const void *options, const struct tenon_host *host,
		     struct tenon_error *err);
	/*
	 * Our copy, optional slots filled. A codec encodes or splits: the slots
	 * of what it does not do are NULL, and so tell which it is.
	 */
	union tenon__ops ops;
};

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

/* "hash" for TENON_KIND_HASH; NULL for a kind that this version has no use for. */
const char *tenon__kind_name(uint32_t kind);

/* Describe a plugin for errors: "hash plugin 'md5' (built-in)". */
#define TENON__SUBJECT_BYTES 256
void tenon__plugin_describe(char out[TENON__SUBJECT_BYTES],
			    const struct tenon__plugin *plugin);

/*
 * Pass on what a plugin's slot reported: adds place and plugin, and turns a code
 * that the contract does not know into TENON_EPLUGIN. Returns the code.
 */
int tenon__plugin_error(struct tenon_error *err, int code,
			const struct tenon_error *reported,
			const struct tenon__plugin *plugin, const char *slot,
			const struct tenon__place *place);

#endif
