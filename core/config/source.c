/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/conf.h"
#include "option/option.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Put the key in front of an error message that does not name it. err may be NULL. */
static void name_key(struct tenon_error *err, const char *key)
{
	struct tenon_error without;

	if (err && err->code != TENON_ENOMEM &&
	    strncmp(err->message, "key '", 5) != 0) {
		without = *err;
		tenon__error_set(err, without.code, "key '%.60s': %s", key,
				 without.message);
	}
}

int tenon__source_parse(const struct tenon__source *source,
			struct tenon__node **out, struct tenon_error *err)
{
	int code = tenon__node_parse(out, source->where, source->text,
				     source->len, err);

	if (code && source->key) {
		name_key(err, source->key);
	}
	return code;
}

int tenon__source_add(struct tenon_config *config, struct tenon__source **out,
		      const char *where, char *folder, const char *key,
		      const char *text, size_t len, struct tenon_error *err)
{
	struct tenon__source *source = tenon__calloc(1, sizeof(*source));

	if (!source || !folder) {
		tenon__free(source);
		tenon__free(folder);
		return tenon__error_no_memory(err);
	}
	source->folder = folder;
	source->next = config->sources;
	config->sources = source;
	source->where = tenon__strndup(where, strlen(where));
	/* one byte more than the limit shows again that the text is too long */
	source->len = len > TENON_CONFIG_MAX_BYTES ? TENON_CONFIG_MAX_BYTES + 1
						   : len;
	source->text = tenon__strndup(text, source->len);
	if (key) {
		source->key = tenon__strndup(key, strlen(key));
	}
	if (!source->where || !source->text || (key && !source->key)) {
		return tenon__error_no_memory(err);
	}
	*out = source;
	return tenon__source_parse(source, &source->root, err);
}

/* Find an earlier entry with the same key as entry. Returns NULL when there is none. */
static const struct tenon__node *find_twin(const struct tenon__node *root,
					   const struct tenon__node *entry)
{
	const struct tenon__node *other = root->first;

	while (other != entry && !tenon__same_word(other->key, entry->key)) {
		other = other->next;
	}
	return other != entry ? other : NULL;
}

/* Apply all keys of a whole config. */
static int read_root(struct tenon_config *config,
		     const struct tenon__node *root, const char *folder,
		     struct tenon_error *err)
{
	char found[TENON__NODE_FOUND_BYTES];
	int code = 0;

	if (tenon__node_is_null(root)) {
		return 0;
	}
	if (root->type != TENON__NODE_MAP) {
		return tenon__error_place(err, TENON_ECONFIG, &root->place,
					  "found %s, expected keys with values, as in `poll_timeout: 300ms`",
					  tenon__node_found(found, root));
	}
	/* find_twin() is quadratic, but the loop ends at the first unknown or repeated key */
	for (const struct tenon__node *entry = root->first; entry && !code;
	     entry = entry->next) {
		const struct tenon__node *twin = find_twin(root, entry);

		if (twin) {
			return tenon__error_place(
				err, TENON_ECONFIG, &entry->key_place,
				"key '%s' is set twice, first in line %u, expected once",
				entry->key, (unsigned)twin->key_place.line);
		}
		code = tenon__config_read_key(config, entry->key,
					      &entry->key_place, entry, folder,
					      err);
	}
	return code;
}

int tenon__source_apply(struct tenon_config *config,
			const struct tenon__source *source,
			const struct tenon__node *root,
			struct tenon_error *err)
{
	static char empty[] = "";
	static const struct tenon__node nothing = { .text = empty,
						    .plain = true,
						    .place = { "", 0, 0 } };
	static const struct tenon__place nowhere = { "", 0, 0 };
	int code;

	if (!source->key) {
		return read_root(config, root, source->folder, err);
	}
	code = tenon__config_read_key(config, source->key, &nowhere,
				      root ? root : &nothing, source->folder,
				      err);
	if (code) {
		name_key(err, source->key);
	}
	return code;
}

int tenon__source_load(struct tenon_config *config, const char *where,
		       char *folder, const char *text, size_t len,
		       struct tenon_error *err)
{
	struct tenon__source *source = NULL;
	int code = tenon__source_add(config, &source, where, folder, NULL, text,
				     len, err);

	return code ? code
		    : tenon__source_apply(config, source, source->root, err);
}

static int cannot_read(const char *path, const char *reason,
		       struct tenon_error *err)
{
	int sys_errno = errno;

	tenon__error_at(err, TENON_EIO, path, 0, 0, "%s: cannot be read: %s",
			path, reason ? reason : strerror(sys_errno));
	if (err) {
		err->sys_errno = sys_errno;
	}
	return TENON_EIO;
}

/* A config in a FIFO or pipe may take this long to come, and as long between two parts of it. */
#define FIFO_WAIT_MS 5000
#define FIFO_SILENT "it is a FIFO or pipe, and nothing was written to it for 5 s"

/*
 * Open a config. A FIFO is opened without waiting for a writer: there may never be one. *is_fifo
 * tells that read() must not be called before there is something to read; this is also so for a
 * pipe, such as /dev/stdin or the shell's <(command). Returns -1 with errno set.
 */
static int open_config(const char *path, bool *is_fifo)
{
	struct stat status;
	int fd;

	*is_fifo = stat(path, &status) == 0 && S_ISFIFO(status.st_mode);
	do {
		fd = open(path, O_RDONLY | O_CLOEXEC |
					(*is_fifo ? O_NONBLOCK : 0));
	} while (fd < 0 && errno == EINTR);
	return fd;
}

/* Wait until a FIFO has bytes or its last writer has closed it. Returns -1 with errno set. */
static int wait_for_bytes(int fd)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };
	int ready;

	do {
		ready = poll(&wanted, 1, FIFO_WAIT_MS);
	} while (ready < 0 && errno == EINTR);
	if (ready == 0) {
		errno = ETIMEDOUT;
	}
	return ready > 0 ? 0 : -1;
}

/* Read a file to its end, but at most size bytes. Returns the length, or -1 with errno set. */
static ssize_t read_all(int fd, bool is_fifo, char *out, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t got;

		if (is_fifo && wait_for_bytes(fd) != 0) {
			return -1;
		}
		got = read(fd, out + used, size - used);
		if (got < 0 && errno != EINTR && errno != EAGAIN) {
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
			   int fd, bool is_fifo, struct tenon_error *err)
{
	const char *slash = strrchr(path, '/');
	size_t folder_len = slash ? (size_t)(slash - path) : 0;
	/* one byte more than the limit, so that a file that is too long is noticed */
	size_t size = TENON_CONFIG_MAX_BYTES + 1;
	char *text = tenon__alloc(size);
	ssize_t len;
	int code;

	if (!text) {
		return tenon__error_no_memory(err);
	}
	const struct tenon__source *before = config->sources;
	struct stat status;

	len = read_all(fd, is_fifo, text, size);
	if (len < 0) {
		code = cannot_read(path,
				   is_fifo && errno == ETIMEDOUT ? FIFO_SILENT
								 : NULL,
				   err);
	} else {
		code = tenon__source_load(
			config, path,
			slash == path ? tenon__strndup("/", 1)
				      : tenon__strndup(path, folder_len),
			text, (size_t)len, err);
	}
	if (config->sources != before) {
		config->sources->is_public = fstat(fd, &status) == 0 &&
					     S_ISREG(status.st_mode) &&
					     (status.st_mode & S_IROTH);
	}
	tenon__free_secret(text, len > 0 ? (size_t)len : 0);
	return code;
}

int tenon__source_load_file(struct tenon_config *config, const char *path,
			    struct tenon_error *err)
{
	bool is_fifo;
	int fd = open_config(path, &is_fifo);
	int code;

	if (fd < 0) {
		return cannot_read(path, NULL, err);
	}
	code = load_descriptor(config, path, fd, is_fifo, err);
	close(fd);
	return code;
}

void tenon__source_free_all(struct tenon__source *source)
{
	while (source) {
		struct tenon__source *next = source->next;

		tenon__node_free(source->root);
		tenon__free(source->where);
		tenon__free(source->folder);
		tenon__free(source->key);
		tenon__free_text(source->text);
		tenon__free(source);
		source = next;
	}
}
