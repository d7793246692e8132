/* SPDX-License-Identifier: BSD-3-Clause */
/* Plugins without a client, to measure the plugin alone. */
#ifndef TENON_BENCH_PLUGIN_H
#define TENON_BENCH_PLUGIN_H

#include "bench.h"
#include "tenon/plugin/hash.h"

#define PLUGINS_MAX 32

struct plugins {
	const struct tenon_plugin *list[PLUGINS_MAX];
	size_t count;
};

/*
 * Collect the plugins of a kind (such as "hash") that a config can name, built in or modules, and
 * that the patterns select.
 */
void plugins_select(struct plugins *plugins, const char *kind,
		    const char *patterns);

/* Find a plugin. NULL when there is none of this name. */
const struct tenon_plugin *plugin_find(const char *kind, const char *name);

/* The host services for a plugin's init. */
extern const struct tenon_host plugin_host;

/*
 * Make the plugin's option struct with its defaults. The caller frees it. NULL for a plugin
 * without options.
 */
void *plugin_options(const struct tenon_plugin *plugin);

/* Set a number option, when the plugin has this option. */
void plugin_set_number(const struct tenon_plugin *plugin, void *options,
		       const char *name, int64_t number);

/* Find a hash and start it. NULL when there is none of this name. */
const struct tenon_hash *plugin_hash(const char *name);

#endif
