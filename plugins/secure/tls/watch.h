/* SPDX-License-Identifier: BSD-3-Clause */
/* The files that a context was made from, and whether they have changed since. */
#ifndef TENON_PLUGINS_WATCH_H
#define TENON_PLUGINS_WATCH_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "identity.h"
#include "tls_options.h"

/* What is known of a file, or of some folders, without reading them. All 0: there is none. */
struct watch_entry {
	uint64_t device;
	uint64_t inode;
	uint64_t size;
	uint64_t changed_s;
	uint64_t changed_ns;
};

enum watch_place {
	WATCH_CA,
	WATCH_CA_FOLDERS,
	WATCH_CERTIFICATE,
	WATCH_KEY,
	WATCH_PASSWORD,
	WATCH_PLACES
};

struct watch {
	struct watch_entry list[WATCH_PLACES];
};

/* Add the state of one more file to an entry. A file that is not there adds nothing. */
static void watch_add(struct watch_entry *entry, const char *path)
{
	struct stat status;

	if (path[0] == '\0' || stat(path, &status) != 0) {
		return;
	}
	entry->device = entry->device * 31 + (uint64_t)status.st_dev;
	entry->inode = entry->inode * 31 + (uint64_t)status.st_ino;
	entry->size = entry->size * 31 + (uint64_t)status.st_size;
	/* st_ctim, as `cp -p` sets st_mtim */
	entry->changed_s =
		entry->changed_s * 31 + (uint64_t)status.st_ctim.tv_sec;
	entry->changed_ns =
		entry->changed_ns * 31 + (uint64_t)status.st_ctim.tv_nsec;
}

/* Add the state of each folder of a list with colons between. */
static void watch_add_folders(struct watch_entry *entry, const char *folders)
{
	char path[TLS_PATH_BYTES + 1];

	while (*folders != '\0') {
		size_t len = strcspn(folders, ":");

		if (len < sizeof(path)) {
			snprintf(path, sizeof(path), "%.*s", (int)len, folders);
			watch_add(entry, path);
		}
		folders += len + (folders[len] == ':');
	}
}

/* Return the value of a variable of the environment as OpenSSL reads it, or its default. */
static const char *watch_variable(const char *name, const char *otherwise)
{
	const char *value = secure_getenv(name);

	return value ? value : otherwise;
}

/* Look at all files and folders as they are now. */
static void watch_look(struct watch *out, const struct tls_options *options)
{
	struct watch_entry *list = out->list;

	memset(out, 0, sizeof(*out));
	if (options->ca[0]) {
		watch_add(&list[WATCH_CA], options->ca);
	} else {
		/* where SSL_CTX_set_default_verify_paths() looks */
		watch_add(&list[WATCH_CA],
			  watch_variable(X509_get_default_cert_file_env(),
					 X509_get_default_cert_file()));
		watch_add_folders(
			&list[WATCH_CA_FOLDERS],
			watch_variable(X509_get_default_cert_dir_env(),
				       X509_get_default_cert_dir()));
	}
	watch_add(&list[WATCH_CERTIFICATE], options->certificate);
	watch_add(&list[WATCH_KEY], identity_key(options));
	watch_add(&list[WATCH_PASSWORD], options->key_password_file);
}

static bool watch_is_equal(const struct watch *a, const struct watch *b)
{
	bool equal = true;

	for (size_t i = 0; i < WATCH_PLACES; i++) {
		const struct watch_entry *x = &a->list[i];
		const struct watch_entry *y = &b->list[i];

		equal &= x->device == y->device && x->inode == y->inode &&
			 x->size == y->size && x->changed_s == y->changed_s &&
			 x->changed_ns == y->changed_ns;
	}
	return equal;
}

#endif
