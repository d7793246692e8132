/* SPDX-License-Identifier: BSD-3-Clause */
/* Find and open the files that plugins are in. */
#ifndef TENON_CORE_LOADER_H
#define TENON_CORE_LOADER_H

#include "plugin/refusal.h"
#include "tenon/plugin/plugin.h"

/* An environment variable with colon-separated folders. Setuid programs ignore it. */
#define TENON__PLUGIN_PATH_VARIABLE "TENON_PLUGIN_PATH"

/* Folders, in the order in which they are searched. */
struct tenon__folders {
	char **paths;
	size_t count;
};

/* Append a copy of a path of len bytes (no NUL needed). Errors: TENON_ENOMEM. */
int tenon__folders_add(struct tenon__folders *folders, const char *path,
		       size_t len);

/* Free the paths and zero the list. */
void tenon__folders_fini(struct tenon__folders *folders);

/*
 * Make the search path: the folders of the config (`first`), then those of the environment
 * variable, then the folder in which tenon's plugins are installed.
 * Owns:   *out is the caller's, freed by tenon__folders_fini(), also after an error.
 * Errors: TENON_ENOMEM.
 */
int tenon__search_path(struct tenon__folders *out,
		       const struct tenon__folders *first);

/* A file that dlopen() has opened. */
struct tenon__module {
	void *handle;
	const struct tenon_plugin *descriptor; /* not NULL; its contents are not checked yet */
};

/*
 * Open a file and call its entry, which returns the descriptor.
 * Owns:   *out is closed by tenon__module_close(). A module whose plugin was registered is
 *         never closed.
 * Errors: TENON_EPLUGIN with *refusal; *out is then zeroed.
 */
int tenon__module_open(struct tenon__module *out, const char *path,
		       struct tenon__refusal *refusal);

void tenon__module_close(struct tenon__module *module);

#endif
