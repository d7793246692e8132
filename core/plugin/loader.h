/* SPDX-License-Identifier: BSD-3-Clause */
/* Plugins in files: where they are looked for, and opening one. */
#ifndef TENON_CORE_LOADER_H
#define TENON_CORE_LOADER_H

#include "plugin/refusal.h"
#include "tenon/plugin/plugin.h"

/* Colon-separated folders; not heeded by setuid programs. */
#define TENON__PLUGIN_PATH_VARIABLE "TENON_PLUGIN_PATH"

/* Folders in the order of searching. */
struct tenon__folders {
	char **paths;
	size_t count;
};

/* Append a copy of a path of len bytes. Returns 0 or TENON_ENOMEM. */
int tenon__folders_add(struct tenon__folders *folders, const char *path,
		       size_t len);

/* Free the paths and zero the list. */
void tenon__folders_fini(struct tenon__folders *folders);

/*
 * Make the search path: first (the config's), then the environment's, then the
 * folder that modules are installed in.
 * Owns:   *out is for tenon__folders_fini(), also after an error.
 * Errors: TENON_ENOMEM.
 */
int tenon__search_path(struct tenon__folders *out,
		       const struct tenon__folders *first);

/* An open file. */
struct tenon__module {
	void *handle;
	const struct tenon_plugin *descriptor; /* not NULL; nothing of it is checked */
};

/*
 * Open a file and ask it for its descriptor. Returns 0 or TENON_EPLUGIN.
 * Owns: *out is for tenon__module_close(), or stays open for ever.
 */
int tenon__module_open(struct tenon__module *out, const char *path,
		       struct tenon__refusal *refusal);

void tenon__module_close(struct tenon__module *module);

#endif
