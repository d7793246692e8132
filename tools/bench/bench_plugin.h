/* SPDX-License-Identifier: BSD-3-Clause */
/* Plugins alone, without a client around them. */
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
 * The plugins of a kind ("hash") that a config could name, built in or modules, and
 * that patterns select.
 */
void plugins_select(struct plugins *plugins, const char *kind,
		    const char *patterns);

/* NULL: there is none of that name. */
const struct tenon_plugin *plugin_find(const char *kind, const char *name);

/* Services for init. */
extern const struct tenon_host plugin_host;

/*
 * The option struct with defaults, for the caller to free; NULL for a plugin that has
 * no options.
 */
void *plugin_options(const struct tenon_plugin *plugin);

/* Set an option that is a number, where the plugin has it. */
void plugin_set_number(const struct tenon_plugin *plugin, void *options,
		       const char *name, int64_t number);

/* A hash that is ready to use; NULL: there is none of that name. */
const struct tenon_hash *plugin_hash(const char *name);

#endif
