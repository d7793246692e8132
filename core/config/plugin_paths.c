/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys `plugins` and `plugin_path`: paths, which start from the folder of the config. */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/readers.h"

#include <string.h>

/*
 * Join a path with its folder. The path of a file always gets a slash: without one, dlopen()
 * searches other folders for the file.
 */
static char *join_path(const char *folder, const char *path, bool is_file)
{
	bool is_bare = is_file && folder[0] == '\0' && !strchr(path, '/');

	return tenon__path_join(is_bare ? "." : folder, path);
}

/* Read the path in one node and join it with folder. *out is a new string. */
static int read_path(char **out, const struct tenon__root_key *key,
		     const struct tenon__node *node, const char *folder,
		     bool is_file, struct tenon_error *err)
{
	if (node->type != TENON__NODE_SCALAR || tenon__node_is_null(node) ||
	    node->text[0] == '\0') {
		return tenon__key_unexpected(key, node, "a path", err);
	}
	*out = join_path(folder, node->text, is_file);
	return *out ? 0 : tenon__error_no_memory(err);
}

/* Return the first node of a list, or the value itself when it is a single path. NULL: none. */
static const struct tenon__node *first_path(const struct tenon__node *value)
{
	if (tenon__node_is_null(value)) {
		return NULL;
	}
	return value->type == TENON__NODE_LIST ? value->first : value;
}

static const struct tenon__node *next_path(const struct tenon__node *value,
					   const struct tenon__node *node)
{
	return node != value ? node->next : NULL;
}

int tenon__read_plugins(struct tenon_config *config,
			const struct tenon__root_key *key,
			const struct tenon__node *value, const char *folder,
			struct tenon_error *err)
{
	const struct tenon__node *node = first_path(value);
	int code = 0;

	for (; node && !code; node = next_path(value, node)) {
		char *path = NULL;

		code = read_path(&path, key, node, folder, true, err);
		if (!code) {
			code = tenon__registry_load(config->registry, path,
						    &node->place, err);
		}
		tenon__free(path);
	}
	return code;
}

int tenon__read_plugin_path(struct tenon_config *config,
			    const struct tenon__root_key *key,
			    const struct tenon__node *value, const char *folder,
			    struct tenon_error *err)
{
	const struct tenon__node *node = first_path(value);
	struct tenon__folders folders = { NULL, 0 };
	int code = 0;

	for (; node && !code; node = next_path(value, node)) {
		char *path = NULL;

		code = read_path(&path, key, node, folder, false, err);
		if (!code &&
		    tenon__folders_add(&folders, path, strlen(path)) != 0) {
			code = tenon__error_no_memory(err);
		}
		tenon__free(path);
	}
	if (!code) {
		tenon__registry_set_folders(config->registry, &folders);
	}
	tenon__folders_fini(&folders);
	return code;
}
