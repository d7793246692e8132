/* SPDX-License-Identifier: BSD-3-Clause */
#include "plugin/loader.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "plugin/elf.h"

int tenon__folders_add(struct tenon__folders *folders, const char *path,
		       size_t len)
{
	char **paths = tenon__realloc(folders->paths, folders->count + 1,
				      sizeof(*paths));

	if (!paths) {
		return TENON_ENOMEM;
	}
	folders->paths = paths;
	paths[folders->count] = tenon__strndup(path, len);
	if (!paths[folders->count]) {
		return TENON_ENOMEM;
	}
	folders->count++;
	return 0;
}

void tenon__folders_fini(struct tenon__folders *folders)
{
	for (size_t i = 0; i < folders->count; i++) {
		tenon__free(folders->paths[i]);
	}
	tenon__free(folders->paths);
	*folders = (struct tenon__folders){ NULL, 0 };
}

/* Append the folders of a colon-separated list. Empty ones are skipped. */
static int add_list(struct tenon__folders *folders, const char *list)
{
	int code = 0;

	while (*list != '\0' && !code) {
		size_t len = strcspn(list, ":");

		if (len > 0) {
			code = tenon__folders_add(folders, list, len);
		}
		list += len + (list[len] == ':');
	}
	return code;
}

int tenon__search_path(struct tenon__folders *out,
		       const struct tenon__folders *first)
{
	const char *list = secure_getenv(TENON__PLUGIN_PATH_VARIABLE);
	int code = 0;

	*out = (struct tenon__folders){ NULL, 0 };
	for (size_t i = 0; i < first->count && !code; i++) {
		code = tenon__folders_add(out, first->paths[i],
					  strlen(first->paths[i]));
	}
	if (!code && list) {
		code = add_list(out, list);
	}
	if (!code) {
		code = tenon__folders_add(out, TENON_PLUGIN_DIR,
					  strlen(TENON_PLUGIN_DIR));
	}
	return code;
}

/* Return the text of dlerror(), without the path at its beginning. */
static const char *dl_problem(const char *path)
{
	const char *text = dlerror();
	size_t len = strlen(path);

	if (!text) {
		return "unknown reason";
	}
	if (strncmp(text, path, len) == 0 && strncmp(text + len, ": ", 2) == 0) {
		text += len + 2;
	}
	return text;
}

static int find_entry(struct tenon__module *module,
		      struct tenon__refusal *refusal)
{
	tenon_plugin_entry_fn entry;
	void *symbol = dlsym(module->handle, TENON_PLUGIN_ENTRY_NAME);

	if (!symbol) {
		return tenon__refuse(
			refusal,
			"not a plugin: found no function %s, expected the one that TENON_PLUGIN_DEFINE() writes",
			TENON_PLUGIN_ENTRY_NAME);
	}
	/* ISO C has no cast from an object pointer to a function pointer. */
	memcpy(&entry, &symbol, sizeof(entry));
	module->descriptor = entry();
	if (!module->descriptor) {
		return tenon__refuse(
			refusal, "%s returned NULL, expected a descriptor",
			TENON_PLUGIN_ENTRY_NAME);
	}
	return 0;
}

/* Check the open file, which has been found to be a regular file before it was opened. */
static int check_descriptor(int fd, struct tenon__refusal *refusal)
{
	struct stat status;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		return tenon__refuse(
			refusal, "found no regular file, expected a shared object");
	}
	return tenon__elf_check(fd, (uint64_t)status.st_size, refusal);
}

/* Check that a path is a file that dlopen() can map without a fault. */
static int check_file(const char *path, struct tenon__refusal *refusal)
{
	struct stat status;
	int fd;
	int code;

	if (stat(path, &status) != 0) {
		return tenon__refuse(refusal,
				     "found no file (%s), expected a shared object",
				     strerror(errno));
	}
	if (!S_ISREG(status.st_mode)) {
		return tenon__refuse(
			refusal, "found no regular file, expected a shared object");
	}
	/* O_NONBLOCK: the path may have become a FIFO since stat() */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		return tenon__refuse(refusal,
				     "cannot be read (%s), expected a shared object",
				     strerror(errno));
	}
	code = check_descriptor(fd, refusal);
	close(fd);
	return code;
}

int tenon__module_open(struct tenon__module *out, const char *path,
		       struct tenon__refusal *refusal)
{
	int code = check_file(path, refusal);

	*out = (struct tenon__module){ NULL, NULL };
	if (code) {
		return code;
	}
	out->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!out->handle) {
		return tenon__refuse(
			refusal, "cannot be loaded: %.200s; expected a shared object",
			dl_problem(path));
	}
	code = find_entry(out, refusal);
	if (code) {
		tenon__module_close(out);
	}
	return code;
}

void tenon__module_close(struct tenon__module *module)
{
	if (module->handle) {
		dlclose(module->handle);
	}
	*module = (struct tenon__module){ NULL, NULL };
}
