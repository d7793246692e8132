/* SPDX-License-Identifier: BSD-3-Clause */
/* Parse server lines: "host[:port][ alias]", "[ipv6]:port[ alias]", "/path.sock[ alias]". */
#ifndef TENON_CORE_SERVER_H
#define TENON_CORE_SERVER_H

#include <stdbool.h>

#include "tenon/plugin/plugin.h"

#define TENON_SERVER_MAX_COUNT 65535
#define TENON_ALIAS_MAX_BYTES 250
#define TENON_HOST_MAX_BYTES 255
#define TENON_WEIGHT_MAX 1000
#define TENON_POOL_NAME_MAX_BYTES 60
#define TENON_LABELS_MAX_COUNT 64

/* One server of a config. The server owns all its strings. */
struct tenon__server {
	char *alias;     /* as configured; NULL: the server has no alias */
	char *host;      /* name or IP address without brackets; for a UNIX socket: the path */
	char *address;   /* in the form of a server line: "host:port", "[::1]:port", "/path.sock" */
	uint32_t port;   /* 0 for a UNIX socket */
	uint32_t weight; /* 1..TENON_WEIGHT_MAX, relative to the other servers' */
	bool weight_given; /* the weight stands in the config */
	char *pool;      /* the spare pool that the server belongs to; NULL: the main ring */
	struct tenon_map *labels; /* one block of memory; NULL: none */
};

/* Return the server's name in logs and tables: its alias, or its address if it has no alias. */
const char *tenon__server_name(const struct tenon__server *server);

/*
 * Parse one server line of len bytes. A backslash before a space makes the space part of the
 * word. Spaces at both ends of the line are ignored. The weight is 1.
 * Owns:   *out is the caller's, freed by tenon__server_fini().
 * Errors: TENON_ECONFIG with a message that quotes spec; TENON_ENOMEM. *out is then zeroed.
 * Source: libmc, Common.cpp (the backslash).
 */
int tenon__server_parse(struct tenon__server *out, const char *spec, size_t len,
			struct tenon_error *err);

/*
 * Make a server from an address ("host[:port]", "[ipv6]:port" or "/path.sock"), an alias (NULL:
 * none) and a weight. Backslashes have no meaning here.
 * Owns:   *out is the caller's, freed by tenon__server_fini().
 * Errors: TENON_ECONFIG with a message that quotes address; TENON_ENOMEM. *out is then zeroed.
 */
int tenon__server_make(struct tenon__server *out, const char *address,
		       const char *alias, uint64_t weight,
		       struct tenon_error *err);

/*
 * Put a server into a spare pool. The pool's name has 1..TENON_POOL_NAME_MAX_BYTES bytes:
 * letters, digits, '.', '-' and '_'. The server must not be in a spare pool yet.
 * Errors: TENON_ECONFIG for another name; TENON_ENOMEM.
 */
int tenon__server_set_pool(struct tenon__server *server, const char *pool,
			   struct tenon_error *err);

/* Copy a server. Owns: *out is the caller's. Errors: TENON_ENOMEM; *out is then zeroed. */
int tenon__server_copy(struct tenon__server *out,
		       const struct tenon__server *server,
		       struct tenon_error *err);

/* Free the strings of a server and zero it. server may be NULL. */
void tenon__server_fini(struct tenon__server *server);

#endif
