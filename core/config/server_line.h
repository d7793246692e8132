/* SPDX-License-Identifier: BSD-3-Clause */
/* Server lines: "host[:port][ alias]", "[ipv6]:port[ alias]", "/path.sock[ alias]". */
#ifndef TENON_CORE_SERVER_H
#define TENON_CORE_SERVER_H

#include "tenon/error.h"

#define TENON_SERVER_MAX_COUNT 65535
#define TENON_ALIAS_MAX_BYTES 250
#define TENON_HOST_MAX_BYTES 255
#define TENON_WEIGHT_MAX 1000
#define TENON_POOL_NAME_MAX_BYTES 60

/* All strings are the server's own. */
struct tenon__server {
	char *alias;    /* as configured; NULL when none was given */
	char *host;     /* without brackets; UNIX sockets: the path */
	char *address;  /* as a person writes it: "host:port", "[::1]:port", "/path.sock" */
	uint32_t port;  /* UNIX sockets: 0 */
	uint32_t weight;
	char *pool;     /* spare pool that it belongs to; NULL: the main ring */
};

/* What the server is called in logs and tables: its alias, else its address. */
const char *tenon__server_name(const struct tenon__server *server);

/*
 * Parse one line. A backslash before a space keeps the space (libmc,
 * Common.cpp). Surrounding space is dropped.
 * Owns:   *out is the caller's, for tenon__server_fini().
 * Errors: TENON_ECONFIG with a sentence that quotes spec; TENON_ENOMEM. *out is
 *         then zeroed.
 */
int tenon__server_parse(struct tenon__server *out, const char *spec, size_t len,
			struct tenon_error *err);

/* Parse an address without alias; alias NULL: none. Otherwise as above. */
int tenon__server_make(struct tenon__server *out, const char *address,
		       const char *alias, uint64_t weight,
		       struct tenon_error *err);

/*
 * Put a server into a spare pool. Errors: TENON_ECONFIG for a name that is not
 * 1..TENON_POOL_NAME_MAX_BYTES letters, digits, '.', '-' and '_'; TENON_ENOMEM.
 */
int tenon__server_set_pool(struct tenon__server *server, const char *pool,
			   struct tenon_error *err);

/* Errors: TENON_ENOMEM; *out is then zeroed. */
int tenon__server_copy(struct tenon__server *out,
		       const struct tenon__server *server,
		       struct tenon_error *err);

/* Free what the server owns and zero it. */
void tenon__server_fini(struct tenon__server *server);

#endif
