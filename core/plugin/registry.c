/* SPDX-License-Identifier: BSD-3-Clause */
#include "plugin/registry.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "option/option.h"
#include "option/suggest.h"
#include "plugin/builtin.h"
#include "plugin/kind.h"
#include "plugin/verify.h"

#define SUFFIX ".so"

struct tenon__registry {
	atomic_uint refs;
	struct tenon__plugin *first;
	struct tenon__plugin **last; /* the next field of the last plugin, or &first */
	struct tenon__folders folders;
};

int tenon__registry_create(struct tenon__registry **out,
			   struct tenon_error *err)
{
	struct tenon__registry *registry = tenon__calloc(1, sizeof(*registry));

	*out = registry;
	if (!registry) {
		return tenon__error_no_memory(err);
	}
	atomic_init(&registry->refs, 1);
	registry->last = &registry->first;
	return 0;
}

struct tenon__registry *tenon__registry_ref(struct tenon__registry *registry)
{
	atomic_fetch_add_explicit(&registry->refs, 1, memory_order_relaxed);
	return registry;
}

void tenon__registry_unref(struct tenon__registry *registry)
{
	struct tenon__plugin *plugin;

	if (!registry || atomic_fetch_sub_explicit(&registry->refs, 1,
						   memory_order_acq_rel) != 1) {
		return;
	}
	plugin = registry->first;
	while (plugin) {
		struct tenon__plugin *next = plugin->next;

		tenon__plugin_free(plugin);
		plugin = next;
	}
	tenon__folders_fini(&registry->folders);
	tenon__free(registry);
}

void tenon__registry_set_folders(struct tenon__registry *registry,
				 struct tenon__folders *folders)
{
	tenon__folders_fini(&registry->folders);
	registry->folders = *folders;
	*folders = (struct tenon__folders){ NULL, 0 };
}

const struct tenon__plugin *
tenon__registry_first(const struct tenon__registry *registry)
{
	return registry->first;
}

/* ---- registering -------------------------------------------------------- */

static struct tenon__plugin *
find_registered(const struct tenon__registry *registry, uint32_t kind,
		const char *name)
{
	struct tenon__plugin *plugin = registry->first;

	while (plugin &&
	       (plugin->kind != kind || strcmp(plugin->name, name) != 0)) {
		plugin = plugin->next;
	}
	return plugin;
}

/* Built-in plugins are of the same version as the core, so their fields are read unchecked. */
static const struct tenon_plugin *find_builtin(uint32_t kind, const char *name)
{
	for (size_t i = 0; i < tenon__builtin_plugin_count; i++) {
		const struct tenon_plugin *descriptor =
			tenon__builtin_plugins[i]();

		if (descriptor->kind == kind &&
		    strcmp(descriptor->name, name) == 0) {
			return descriptor;
		}
	}
	return NULL;
}

static int check_duplicate(const struct tenon__registry *registry,
			   const struct tenon__plugin *plugin,
			   const struct tenon_plugin *descriptor,
			   struct tenon__refusal *refusal)
{
	const struct tenon__plugin *other =
		find_registered(registry, plugin->kind, plugin->name);
	const struct tenon_plugin *builtin =
		find_builtin(plugin->kind, plugin->name);
	const char *origin = other ? other->origin : TENON__BUILTIN_ORIGIN;

	if (!other && (!builtin || builtin == descriptor)) {
		return 0;
	}
	return tenon__refuse(
		refusal,
		"a %s plugin '%s' is registered already (%.100s), expected another name",
		plugin->kind_name, plugin->name, origin);
}

static int verify(const struct tenon__registry *registry,
		  struct tenon__plugin *plugin,
		  const struct tenon_plugin *descriptor, uint32_t kind,
		  const char *name, struct tenon__refusal *refusal)
{
	int code = tenon__verify_descriptor(plugin, descriptor, kind, name,
					    refusal);

	if (!code) {
		code = check_duplicate(registry, plugin, descriptor, refusal);
	}
	if (!code) {
		code = tenon__verify_slots(plugin, descriptor, refusal);
	}
	if (!code && plugin->kind == TENON_KIND_HASH) {
		code = tenon__verify_hash(plugin, refusal);
	}
	return code;
}

/* Verify a descriptor and append its plugin to the registry, which owns *out. */
static int register_plugin(struct tenon__registry *registry,
			   const struct tenon__plugin **out,
			   const struct tenon_plugin *descriptor,
			   const char *origin, uint32_t kind, const char *name,
			   struct tenon__refusal *refusal)
{
	struct tenon__plugin *plugin = tenon__calloc(1, sizeof(*plugin));
	int code = TENON_ENOMEM;

	if (!plugin) {
		return code;
	}
	plugin->origin = tenon__strndup(origin, strlen(origin));
	if (plugin->origin) {
		code = verify(registry, plugin, descriptor, kind, name,
			      refusal);
	}
	if (code) {
		tenon__plugin_free(plugin);
		return code;
	}
	*registry->last = plugin;
	registry->last = &plugin->next;
	*out = plugin;
	return 0;
}

/* Open a file and register its plugin. The file is closed when the plugin is refused. */
static int register_file(struct tenon__registry *registry,
			 const struct tenon__plugin **out, const char *path,
			 uint32_t kind, const char *name,
			 struct tenon__refusal *refusal)
{
	struct tenon__module module;
	int code = tenon__module_open(&module, path, refusal);

	if (code) {
		return code;
	}
	code = register_plugin(registry, out, module.descriptor, path, kind,
			       name, refusal);
	if (code) {
		tenon__module_close(&module);
	}
	return code;
}

/* ---- errors ------------------------------------------------------------- */

static int report(struct tenon_error *err, int code,
		  const struct tenon__place *place, const char *subject,
		  const struct tenon__refusal *refusal)
{
	if (code == TENON_ENOMEM) {
		return tenon__error_no_memory(err);
	}
	return tenon__error_place(err, code, place, "%s: %s", subject,
				  refusal->text);
}

/* ---- loading ------------------------------------------------------------ */

int tenon__registry_load(struct tenon__registry *registry, const char *path,
			 const struct tenon__place *place,
			 struct tenon_error *err)
{
	const struct tenon__plugin *ignored;
	struct tenon__refusal refusal;
	char subject[TENON__SUBJECT_BYTES];
	char shown[TENON__SHOWN_PATH_BYTES];
	int code = register_file(registry, &ignored, path, 0, NULL, &refusal);

	if (!code) {
		return 0;
	}
	tenon__plugin_show_path(shown, path);
	snprintf(subject, sizeof(subject), "plugin %s", shown);
	return report(err, code, place, subject, &refusal);
}

/* Return "<folder>/<kind>_<name>.so" as a new string; NULL: out of memory. */
static char *module_path(const char *folder, uint32_t kind, const char *name)
{
	const char *kind_name = tenon__kind_name(kind);
	size_t size = strlen(folder) + strlen(kind_name) + strlen(name) +
		      sizeof("/_" SUFFIX);
	char *path = tenon__alloc(size);

	if (path) {
		snprintf(path, size, "%s/%s_%s" SUFFIX, folder, kind_name,
			 name);
	}
	return path;
}

/* Find the file of a plugin in the first folder that has one. *out is NULL when none has. */
static int find_file(const struct tenon__folders *folders, uint32_t kind,
		     const char *name, char **out)
{
	struct stat ignored;

	*out = NULL;
	for (size_t i = 0; i < folders->count; i++) {
		char *path = module_path(folders->paths[i], kind, name);

		if (!path) {
			return TENON_ENOMEM;
		}
		if (stat(path, &ignored) == 0) {
			*out = path;
			return 0;
		}
		tenon__free(path);
	}
	return 0;
}

/* Split a file name "<kind>_<name>.so". Returns false when the file has another form of name. */
static bool split_file_name(const char *file, uint32_t *kind,
			    char name[TENON_PLUGIN_NAME_BYTES])
{
	size_t len = strlen(file);

	for (*kind = TENON_KIND_HASH; *kind <= TENON_KIND_SECURE; (*kind)++) {
		const char *kind_name = tenon__kind_name(*kind);
		size_t kind_len = kind_name ? strlen(kind_name) : 0;
		size_t rest = kind_len + 1;
		size_t name_len;

		if (kind_len == 0 || len <= rest + strlen(SUFFIX) ||
		    strncmp(file, kind_name, kind_len) != 0 ||
		    file[kind_len] != '_' ||
		    strcmp(file + len - strlen(SUFFIX), SUFFIX) != 0) {
			continue;
		}
		name_len = len - rest - strlen(SUFFIX);
		if (name_len >= TENON_PLUGIN_NAME_BYTES) {
			return false;
		}
		memcpy(name, file + rest, name_len);
		name[name_len] = '\0';
		return tenon__name_is_valid(name);
	}
	return false;
}

/* Offer the name of every plugin of this kind: registered, built-in, or a file in a folder. */
static void suggest_names(const struct tenon__registry *registry,
			  const struct tenon__folders *folders, uint32_t kind,
			  struct tenon__suggestion *near)
{
	for (const struct tenon__plugin *plugin = registry->first; plugin;
	     plugin = plugin->next) {
		if (plugin->kind == kind) {
			tenon__suggest_offer(near, plugin->name);
		}
	}
	for (size_t i = 0; i < tenon__builtin_plugin_count; i++) {
		const struct tenon_plugin *builtin =
			tenon__builtin_plugins[i]();

		if (builtin->kind == kind) {
			tenon__suggest_offer(near, builtin->name);
		}
	}
	for (size_t i = 0; i < folders->count; i++) {
		DIR *dir = opendir(folders->paths[i]);
		const struct dirent *entry;

		while (dir && (entry = readdir(dir))) {
			char name[TENON_PLUGIN_NAME_BYTES];
			uint32_t found;

			if (split_file_name(entry->d_name, &found, name) &&
			    found == kind) {
				tenon__suggest_offer(near, name);
			}
		}
		if (dir) {
			closedir(dir);
		}
	}
}

/* Return true when a plugin of this kind and name is registered, built-in, or a file in a folder. */
static bool is_there(const struct tenon__registry *registry,
		     const struct tenon__folders *folders, uint32_t kind,
		     const char *name)
{
	char *path = NULL;
	bool found = find_registered(registry, kind, name) ||
		     find_builtin(kind, name) ||
		     (find_file(folders, kind, name, &path) == 0 && path);

	tenon__free(path);
	return found;
}

#define NAMESAKE_BYTES 64

/* Write "; 'x' is a hash plugin" when a plugin of another kind has the name, else "". */
static void print_namesake(char out[NAMESAKE_BYTES],
			   const struct tenon__registry *registry,
			   const struct tenon__plugin_query *query,
			   const struct tenon__folders *folders)
{
	out[0] = '\0';
	for (uint32_t kind = TENON_KIND_HASH; kind <= TENON_KIND_SECURE; kind++) {
		if (is_there(registry, folders, kind, query->name)) {
			snprintf(out, NAMESAKE_BYTES,
				 "; a %s plugin has that name",
				 tenon__kind_name(kind));
			return;
		}
	}
}

static int not_found(const struct tenon__registry *registry,
		     const struct tenon__plugin_query *query,
		     const struct tenon__folders *folders,
		     struct tenon_error *err)
{
	const char *kind_name = tenon__kind_name(query->kind);
	struct tenon__suggestion near;
	char hint[TENON__SUGGESTION_BYTES];
	char namesake[NAMESAKE_BYTES];
	char tried[TENON_ERROR_MESSAGE_BYTES] = "";
	size_t used = 0;

	tenon__suggest_begin(&near, query->name);
	suggest_names(registry, folders, query->kind, &near);
	tenon__suggest_print(hint, &near);
	print_namesake(namesake, registry, query, folders);
	for (size_t i = 0; i < folders->count && used < sizeof(tried); i++) {
		used += (size_t)snprintf(tried + used, sizeof(tried) - used,
					 "%s%s", i > 0 ? ", " : "",
					 folders->paths[i]);
	}
	return tenon__error_place(
		err, TENON_EPLUGIN, &query->place,
		"%s: %s plugin '%.60s' not found%s%s%s: built-in plugins, and %s_%.60s" SUFFIX
		" in %s",
		query->asker, kind_name, query->name, namesake, hint,
		hint[0] != '\0' ? " Searched" : "; searched", kind_name,
		query->name, tried);
}

/* Look for a module in the search path and register it. */
static int find_module(struct tenon__registry *registry,
		       const struct tenon__plugin **out,
		       const struct tenon__plugin_query *query,
		       struct tenon_error *err)
{
	struct tenon__folders folders;
	struct tenon__refusal refusal;
	char subject[TENON__SUBJECT_BYTES];
	char shown[TENON__SHOWN_PATH_BYTES];
	char *path = NULL;
	int code = tenon__search_path(&folders, &registry->folders);

	if (!code) {
		code = find_file(&folders, query->kind, query->name, &path);
	}
	if (code) {
		code = tenon__error_no_memory(err);
	} else if (!path) {
		code = query->optional
			       ? 0
			       : not_found(registry, query, &folders, err);
	} else {
		code = register_file(registry, out, path, query->kind,
				     query->name, &refusal);
		tenon__plugin_show_path(shown, path);
		snprintf(subject, sizeof(subject), "%s: %s plugin '%s' (%s)",
			 query->asker, tenon__kind_name(query->kind),
			 query->name, shown);
		code = code ? report(err, code, &query->place, subject,
				     &refusal)
			    : 0;
	}
	tenon__free(path);
	tenon__folders_fini(&folders);
	return code;
}

static int find_by_name(struct tenon__registry *registry,
			const struct tenon__plugin **out,
			const struct tenon__plugin_query *query,
			struct tenon_error *err)
{
	const struct tenon_plugin *builtin;
	struct tenon__refusal refusal;
	int code;

	*out = find_registered(registry, query->kind, query->name);
	if (*out) {
		return 0;
	}
	builtin = find_builtin(query->kind, query->name);
	if (!builtin) {
		return find_module(registry, out, query, err);
	}
	code = register_plugin(registry, out, builtin, TENON__BUILTIN_ORIGIN,
			       query->kind, query->name, &refusal);
	return code ? report(err, code, &query->place, query->name,
			     &refusal)
		    : 0;
}

int tenon__registry_find(struct tenon__registry *registry,
			 const struct tenon__plugin **out,
			 const struct tenon__plugin_query *query,
			 struct tenon_error *err)
{
	struct tenon__plugin_query lower = *query;
	char name[TENON_PLUGIN_NAME_BYTES];
	size_t len = strlen(query->name);

	*out = NULL;
	for (size_t i = 0; i < sizeof(name) && i <= len; i++) {
		name[i] = tenon__lower(query->name[i]);
	}
	if (len >= sizeof(name) || !tenon__name_is_valid(name)) {
		return tenon__error_place(
			err, TENON_EPLUGIN, &query->place,
			"%s: found '%.100s', expected the name of a %s plugin; to load a file, add it to the key 'plugins'",
			query->asker, query->name,
			tenon__kind_name(query->kind));
	}
	lower.name = name;
	return find_by_name(registry, out, &lower, err);
}

/* ---- everything there is ------------------------------------------------ */

/* The arguments of tenon__registry_load_all(). */
struct sweep {
	struct tenon__registry *registry;
	const struct tenon__folders *folders;
	tenon__refused_fn refused;
	void *payload;
};

static int is_module(const struct dirent *entry)
{
	char name[TENON_PLUGIN_NAME_BYTES];
	uint32_t kind;

	return split_file_name(entry->d_name, &kind, name);
}

/*
 * Register the plugin in one file. Skip the file when a lookup of its plugin by name would find
 * another one: a registered plugin, or a file in an earlier folder.
 */
static int sweep_file(const struct sweep *sweep, const char *folder,
		      const char *file)
{
	const struct tenon__plugin *ignored;
	struct tenon__refusal refusal;
	char name[TENON_PLUGIN_NAME_BYTES];
	uint32_t kind;
	char *path = NULL;
	int code;

	if (!split_file_name(file, &kind, name) ||
	    find_registered(sweep->registry, kind, name)) {
		return 0;
	}
	code = find_file(sweep->folders, kind, name, &path);
	if (!path || strncmp(path, folder, strlen(folder)) != 0 ||
	    path[strlen(folder)] != '/' ||
	    strcmp(path + strlen(folder) + 1, file) != 0) {
		tenon__free(path);
		return code;
	}
	code = register_file(sweep->registry, &ignored, path, kind, name,
			     &refusal);
	if (code == TENON_EPLUGIN) {
		sweep->refused(tenon__kind_name(kind), name, path, refusal.text,
			       sweep->payload);
		code = 0;
	}
	tenon__free(path);
	return code;
}

/* Register the plugins in one folder. A folder that cannot be read counts as empty. */
static int sweep_folder(const struct sweep *sweep, const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_module, alphasort);
	int code = 0;

	if (count < 0) {
		return 0;
	}
	for (int i = 0; i < count; i++) {
		if (!code) {
			code = sweep_file(sweep, folder, entries[i]->d_name);
		}
		free(entries[i]);
	}
	free(entries);
	return code;
}

static int sweep_builtins(const struct sweep *sweep)
{
	for (size_t i = 0; i < tenon__builtin_plugin_count; i++) {
		const struct tenon_plugin *descriptor =
			tenon__builtin_plugins[i]();
		const struct tenon__plugin *ignored;
		struct tenon__refusal refusal;
		int code;

		if (find_registered(sweep->registry, descriptor->kind,
				    descriptor->name)) {
			continue;
		}
		code = register_plugin(sweep->registry, &ignored, descriptor,
				       TENON__BUILTIN_ORIGIN, 0, NULL,
				       &refusal);
		if (code == TENON_ENOMEM) {
			return code;
		}
		if (code) {
			sweep->refused(tenon__kind_name(descriptor->kind),
				       descriptor->name, TENON__BUILTIN_ORIGIN,
				       refusal.text, sweep->payload);
		}
	}
	return 0;
}

int tenon__registry_load_all(struct tenon__registry *registry,
			     tenon__refused_fn refused, void *payload,
			     struct tenon_error *err)
{
	struct tenon__folders folders = { NULL, 0 };
	const struct sweep sweep = { registry, &folders, refused, payload };
	int code = sweep_builtins(&sweep);

	if (!code) {
		code = tenon__search_path(&folders, &registry->folders);
	}
	for (size_t i = 0; i < folders.count && !code; i++) {
		code = sweep_folder(&sweep, folders.paths[i]);
	}
	tenon__folders_fini(&folders);
	return code ? tenon__error_no_memory(err) : 0;
}
