/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cluster/assembly.h"
#include "base/error.h"
#include "base/memory.h"
#include "option/option.h"

static const struct tenon__place nowhere = { "", 0, 0 };

static int out_of_memory(struct tenon_error *err)
{
	return tenon__error_set(err, TENON_ENOMEM, "out of memory");
}

/* ---- sources ------------------------------------------------------------ */

/* Keep a text's tree for as long as the config lives; takes folder. */
static int add_source(struct tenon_config *config, struct tenon__source **out,
		      const char *where, char *folder, const char *text,
		      size_t len, struct tenon_error *err)
{
	struct tenon__source *source = tenon__calloc(1, sizeof(*source));

	if (!source || !folder) {
		tenon__free(source);
		tenon__free(folder);
		return out_of_memory(err);
	}
	source->folder = folder;
	source->next = config->sources;
	config->sources = source;
	source->where = tenon__strndup(where, strlen(where));
	if (!source->where) {
		return out_of_memory(err);
	}
	*out = source;
	return tenon__node_parse(&source->root, source->where, text, len, err);
}

/* An earlier entry of the same key; those before it are known to differ. */
static const struct tenon__node *find_twin(const struct tenon__node *root,
					   const struct tenon__node *entry)
{
	const struct tenon__node *other = root->first;

	while (other != entry && strcasecmp(other->key, entry->key) != 0) {
		other = other->next;
	}
	return other != entry ? other : NULL;
}

static int read_root(struct tenon_config *config,
		     const struct tenon__source *source,
		     struct tenon_error *err)
{
	const struct tenon__node *root = source->root;
	char found[TENON__NODE_FOUND_BYTES];
	int code = 0;

	if (tenon__node_is_null(root)) {
		return 0;
	}
	if (root->type != TENON__NODE_MAP) {
		return tenon__error_place(err, TENON_ECONFIG, &root->place,
					  "found %s, expected keys with values",
					  tenon__node_found(found, root));
	}
	/* An unknown key ends the loop, which keeps the search for twins short. */
	for (const struct tenon__node *entry = root->first; entry && !code;
	     entry = entry->next) {
		const struct tenon__node *twin = find_twin(root, entry);

		if (twin) {
			return tenon__error_place(
				err, TENON_ECONFIG, &entry->key_place,
				"key '%s': is there twice, first in line %u",
				entry->key, (unsigned)twin->key_place.line);
		}
		code = tenon__config_read_key(config, entry->key,
					      &entry->key_place, entry,
					      source->folder, err);
	}
	return code;
}

static int load(struct tenon_config *config, const char *where, char *folder,
		const char *text, size_t len, struct tenon_error *err)
{
	struct tenon__source *source;
	int code = add_source(config, &source, where, folder, text, len, err);

	return code ? code : read_root(config, source, err);
}

static int cannot_read(const char *path, struct tenon_error *err)
{
	int sys_errno = errno;

	tenon__error_at(err, TENON_EIO, path, 0, 0, "%s: cannot be read: %s",
			path, strerror(sys_errno));
	if (err) {
		err->sys_errno = sys_errno;
	}
	return TENON_EIO;
}

/* Read a descriptor to its end, at most size bytes. Returns -1 with errno. */
static ssize_t read_all(int fd, char *out, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t got = read(fd, out + used, size - used);

		if (got < 0 && errno != EINTR) {
			return -1;
		}
		if (got == 0) {
			break;
		}
		used += got > 0 ? (size_t)got : 0;
	}
	return (ssize_t)used;
}

static int load_descriptor(struct tenon_config *config, const char *path,
			   int fd, struct tenon_error *err)
{
	const char *slash = strrchr(path, '/');
	size_t folder_len = slash ? (size_t)(slash - path) : 0;
	/* One byte more than fits, so that a file that is too long shows. */
	size_t size = TENON_CONFIG_MAX_BYTES + 1;
	char *text = tenon__alloc(size);
	ssize_t len;
	int code;

	if (!text) {
		return out_of_memory(err);
	}
	len = read_all(fd, text, size);
	if (len < 0) {
		code = cannot_read(path, err);
	} else {
		code = load(config, path,
			    slash == path ? tenon__strndup("/", 1)
					  : tenon__strndup(path, folder_len),
			    text, (size_t)len, err);
	}
	tenon__free(text);
	return code;
}

/* ---- the public interface ----------------------------------------------- */

int tenon_config_create(struct tenon_config **out, struct tenon_error *err)
{
	struct tenon_config *config;
	int code;

	tenon__error_clear(err);
	*out = NULL;
	config = tenon__calloc(1, sizeof(*config));
	if (!config) {
		return out_of_memory(err);
	}
	code = tenon__registry_create(&config->registry, err);
	if (!code) {
		code = tenon__config_reset(config, err);
	}
	if (code) {
		tenon_config_destroy(config);
		return code;
	}
	*out = config;
	return 0;
}

void tenon_config_destroy(struct tenon_config *config)
{
	struct tenon__source *source;

	if (!config) {
		return;
	}
	source = config->sources;
	while (source) {
		struct tenon__source *next = source->next;

		tenon__node_free(source->root);
		tenon__free(source->where);
		tenon__free(source->folder);
		tenon__free(source);
		source = next;
	}
	tenon__server_list_fini(&config->servers);
	tenon__option_fini(tenon__setting_rows, &config->settings);
	tenon__registry_unref(config->registry);
	tenon__free(config);
}

int tenon_config_load_file(struct tenon_config *config, const char *path,
			   struct tenon_error *err)
{
	int fd;
	int code;

	tenon__error_clear(err);
	do {
		fd = open(path, O_RDONLY | O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);
	if (fd < 0) {
		return cannot_read(path, err);
	}
	code = load_descriptor(config, path, fd, err);
	close(fd);
	return code;
}

int tenon_config_load_text(struct tenon_config *config, const char *name,
			   const char *text, size_t len,
			   struct tenon_error *err)
{
	tenon__error_clear(err);
	return load(config, name, tenon__strndup("", 0), text, len, err);
}

/* Errors of a value alone do not always say the key. */
static void name_key(struct tenon_error *err, const char *key)
{
	struct tenon_error without = *err;

	if (err->code != TENON_ENOMEM &&
	    strncmp(err->message, "key '", 5) != 0) {
		tenon__error_set(err, err->code, "key '%.60s': %s", key,
				 without.message);
	}
}

int tenon_config_set(struct tenon_config *config, const char *key,
		     const char *value, struct tenon_error *err)
{
	static char empty[] = "";
	static const struct tenon__node nothing = { .text = empty,
						    .plain = true,
						    .place = { "", 0, 0 } };
	struct tenon_error reported = { .code = 0 };
	struct tenon__source *source;
	int code;

	tenon__error_clear(err);
	code = add_source(config, &source, "", tenon__strndup("", 0), value,
			  strlen(value), &reported);
	if (!code) {
		code = tenon__config_read_key(
			config, key, &nowhere,
			source->root ? source->root : &nothing, "", &reported);
	}
	if (code && err) {
		*err = reported;
		name_key(err, key);
	}
	return code;
}

/* Append a server; pool NULL: to the main ring. */
static int add_server(struct tenon_config *config, const char *pool,
		      const char *address, const char *alias, unsigned weight,
		      struct tenon_error *err)
{
	struct tenon__server server;
	int code;

	tenon__error_clear(err);
	code = tenon__server_make(&server, address, alias, weight, err);
	if (!code && pool) {
		code = tenon__server_set_pool(&server, pool, err);
		if (code) {
			tenon__server_fini(&server);
		}
	}
	if (!code) {
		code = tenon__server_list_add(&config->servers, &server,
					      &nowhere, err);
	}
	return code;
}

int tenon_config_add_server(struct tenon_config *config, const char *address,
			    const char *alias, unsigned weight,
			    struct tenon_error *err)
{
	return add_server(config, NULL, address, alias, weight, err);
}

int tenon_config_add_spare(struct tenon_config *config, const char *pool,
			   const char *address, const char *alias,
			   unsigned weight, struct tenon_error *err)
{
	return add_server(config, pool, address, alias, weight, err);
}

void tenon_config_set_log(struct tenon_config *config, tenon_log_fn fn,
			  void *payload)
{
	config->log = fn;
	config->log_payload = payload;
}

int tenon_config_check(struct tenon_config *config, struct tenon_error *err)
{
	struct tenon__assembly *assembly;
	int code;

	tenon__error_clear(err);
	code = tenon__assembly_create(&assembly, config, err);
	if (!code) {
		tenon__assembly_unref(assembly);
	}
	return code;
}
