/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Resolve the address of a server to socket addresses. IP addresses and paths are resolved at
 * once. A name is looked up by a thread of its own. The thread makes a file descriptor readable
 * when the lookup is done, and the transport waits for this descriptor as for a socket. So a slow
 * lookup cannot hold an operation beyond its deadline.
 */
#ifndef TENON_CORE_RESOLVE_H
#define TENON_CORE_RESOLVE_H

#include <stdbool.h>

#include "config/server_line.h"
#include "tenon/plugin/transport.h"

/* The most addresses of a name that are tried, in the order of getaddrinfo(3). */
#define TENON_ADDRESS_MAX_COUNT 16

struct tenon__lookup;

/* The socket addresses of one server. */
struct tenon__resolver {
	char *address; /* as configured, for people */
	struct tenon_address *addresses; /* of the last successful lookup; [count] */
	uint32_t count;
	uint32_t next;  /* index of the next address to try in this operation */
	bool literal;   /* an IP address or a path: there is no lookup */
	bool answered;  /* this operation needs no lookup any more */
	int gai_error;  /* of the last lookup: EAI_..., or 0 for success */
	char *host;     /* the name to look up; NULL for a literal */
	uint32_t port;  /* 0 for a path */
	struct tenon__lookup *lookup; /* the lookup in progress, or NULL */
};

/*
 * Set up the resolver of a server. Starts no lookup.
 * Owns:   *resolver is the caller's, released by tenon__resolver_fini(). server is not kept.
 * Errors: TENON_ENOMEM, TENON_ECONFIG (path too long); *resolver is then zeroed.
 */
int tenon__resolver_init(struct tenon__resolver *resolver,
			 const struct tenon__server *server,
			 struct tenon_error *err);

/*
 * Free the contents of the resolver and zero it. Never blocks: the thread of a lookup in
 * progress ends by itself and frees the lookup.
 */
void tenon__resolver_fini(struct tenon__resolver *resolver);

/* Call this in a forked child. Gives up a lookup in progress: its thread is in the parent only. */
void tenon__resolver_forked(struct tenon__resolver *resolver);

/* Begin a new operation: the name will be looked up again, and all addresses may be tried. */
void tenon__resolver_rewind(struct tenon__resolver *resolver);

/*
 * Get the next address to try; see tenon_connection_ops.address for *out and the result.
 * Returns 1: *out is the address; 0: the lookup is in progress, wait until out->wait_fd is
 * readable and ask again.
 * Errors: TENON_ECONNECT (no address is left), TENON_ENOMEM.
 */
int tenon__resolver_next(struct tenon__resolver *resolver,
			 struct tenon_address *out);

#endif
