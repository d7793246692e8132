/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_plugin.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/plugin/builtin.h"
#include "tenon/introspect.h"

/* ---- finding them -------------------------------------------------------- */

static const char *kind_name(uint32_t kind)
{
	static const char *const names[] = {
		[TENON_KIND_HASH] = "hash",
		[TENON_KIND_DISTRIBUTION] = "distribution",
		[TENON_KIND_TRANSPORT] = "transport",
		[TENON_KIND_CODEC] = "codec",
		[TENON_KIND_FAILOVER] = "failover",
		[TENON_KIND_SECURE] = "secure",
	};

	return kind < sizeof(names) / sizeof(names[0]) && names[kind]
		       ? names[kind]
		       : "";
}

static const struct tenon_plugin *find_builtin(const char *kind,
					       const char *name)
{
	for (size_t i = 0; i < tenon__builtin_plugin_count; i++) {
		const struct tenon_plugin *plugin = tenon__builtin_plugins[i]();

		if (strcmp(kind_name(plugin->kind), kind) == 0 &&
		    strcmp(plugin->name, name) == 0) {
			return plugin;
		}
	}
	return NULL;
}

/* Open a plugin module. The core has opened the file before and has checked its descriptor. */
static const struct tenon_plugin *find_module(const char *path)
{
	void *file = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	void *symbol = file ? dlsym(file, TENON_PLUGIN_ENTRY_NAME) : NULL;
	tenon_plugin_entry_fn entry;

	memcpy(&entry, &symbol, sizeof(entry));
	return entry ? entry() : NULL;
}

/* Payload of the function by which plugins_select() collects plugins. */
struct choice {
	struct plugins *plugins;
	const char *kind;
	const char *patterns;
};

static void add(const struct tenon_plugin_info *info, void *payload)
{
	struct choice *choice = payload;
	struct plugins *plugins = choice->plugins;
	const struct tenon_plugin *plugin;

	if (strcmp(info->kind, choice->kind) != 0 || info->problem[0] != '\0' ||
	    !is_selected(choice->patterns, info->name)) {
		return;
	}
	plugin = find_builtin(info->kind, info->name);
	if (!plugin) {
		plugin = find_module(info->origin);
	}
	if (plugin && plugins->count < PLUGINS_MAX) {
		plugins->list[plugins->count++] = plugin;
	}
}

void plugins_select(struct plugins *plugins, const char *kind,
		    const char *patterns)
{
	struct choice choice = { plugins, kind, patterns };
	struct tenon_config *config;
	struct tenon_error err;

	*plugins = (struct plugins){ .count = 0 };
	if (tenon_config_create(&config, &err) != 0 ||
	    tenon_config_each_plugin(config, add, &choice, &err) != 0) {
		fail("%s", err.message);
	}
	tenon_config_destroy(config);
}

const struct tenon_plugin *plugin_find(const char *kind, const char *name)
{
	struct plugins plugins;

	plugins_select(&plugins, kind, name);
	return plugins.count > 0 ? plugins.list[0] : NULL;
}

/* ---- the host ------------------------------------------------------------ */

static void *host_alloc(void *context, size_t bytes)
{
	(void)context;
	return calloc(1, bytes);
}

static void host_free(void *context, void *memory)
{
	(void)context;
	free(memory);
}

static void host_log(void *context, int level, const char *line)
{
	(void)context, (void)level;
	warn("%s", line);
}

static void host_random_bytes(void *context, void *out, size_t len)
{
	(void)context;
	if (getrandom(out, len, 0) != (ssize_t)len) {
		fail("no random bytes");
	}
}

static int host_set_error(struct tenon_error *err, int code,
			  const char *format, ...)
{
	char line[200];
	va_list args;

	(void)err;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	warn("%s", line);
	return code;
}

const struct tenon_host plugin_host = {
	.size = sizeof(struct tenon_host),
	.abi_major = TENON_PLUGIN_ABI_MAJOR,
	.abi_minor = TENON_PLUGIN_ABI_MINOR,
	.alloc = host_alloc,
	.free = host_free,
	.log = host_log,
	.random_bytes = host_random_bytes,
	.set_error = host_set_error,
};

/* ---- options ------------------------------------------------------------- */

static int32_t choice_index(const struct tenon_option *row)
{
	int32_t index = 0;

	while (row->choices[index] &&
	       strcmp(row->choices[index], row->def_text) != 0) {
		index++;
	}
	return index;
}

static void set_default(const struct tenon_option *row, char *field)
{
	static const struct tenon_list no_list;
	static const struct tenon_map no_map;
	const void *none = row->type == TENON_OPTION_LIST
				   ? (const void *)&no_list
				   : (const void *)&no_map;
	const struct tenon_hash *hash;
	int32_t word = row->type == TENON_OPTION_CHOICE ? choice_index(row) :
							  (int32_t)row->def;

	switch (row->type) {
	case TENON_OPTION_BOOL:
	case TENON_OPTION_CHOICE:
		memcpy(field, &word, sizeof(word));
		break;
	case TENON_OPTION_STRING:
		memcpy(field, &row->def_text, sizeof(row->def_text));
		break;
	case TENON_OPTION_HASH:
		hash = plugin_hash(row->def_text);
		memcpy(field, &hash, sizeof(hash));
		break;
	case TENON_OPTION_LIST:
	case TENON_OPTION_MAP:
		memcpy(field, &none, sizeof(none));
		break;
	default:
		memcpy(field, &row->def, sizeof(row->def));
	}
}

void *plugin_options(const struct tenon_plugin *plugin)
{
	char *options;

	if (!plugin->options) {
		return NULL;
	}
	options = alloc_array(1, plugin->options_bytes);
	for (const struct tenon_option *row = plugin->options; row->name;
	     row++) {
		set_default(row, options + row->offset);
	}
	return options;
}

void plugin_set_number(const struct tenon_plugin *plugin, void *options,
		       const char *name, int64_t number)
{
	for (const struct tenon_option *row = plugin->options;
	     row && row->name; row++) {
		if (strcmp(row->name, name) == 0) {
			memcpy((char *)options + row->offset, &number,
			       sizeof(number));
		}
	}
}

/* ---- hashes -------------------------------------------------------------- */

/* The hashes that plugin_hash() has started. They stay until the program ends. */
static struct ready {
	const struct tenon_plugin *plugin;
	void *options;
	struct tenon_hash hash;
} ready[PLUGINS_MAX];

static void make_ready(struct ready *one, const struct tenon_plugin *plugin)
{
	const struct tenon_hash_ops *ops = plugin->ops;
	void *self = alloc_array(1, ops->state_size + 1);

	one->plugin = plugin;
	one->options = plugin_options(plugin);
	one->hash = (struct tenon_hash){ self, ops };
	if (ops->init &&
	    ops->init(self, one->options, &plugin_host, NULL) != 0) {
		fail("hash '%s' does not start", plugin->name);
	}
}

const struct tenon_hash *plugin_hash(const char *name)
{
	const struct tenon_plugin *plugin = plugin_find("hash", name);
	size_t i = 0;

	if (!plugin) {
		return NULL;
	}
	while (i < PLUGINS_MAX - 1 && ready[i].plugin &&
	       ready[i].plugin != plugin) {
		i++;
	}
	if (ready[i].plugin != plugin) {
		make_ready(&ready[i], plugin);
	}
	return &ready[i].hash;
}
