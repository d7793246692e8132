/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a server's address to socket addresses. Literals and paths are known at
 * once; a name is looked up by a thread of its own, so that a slow lookup cannot
 * hold an operation beyond its deadline: the transport waits for a descriptor as
 * it waits for sockets.
 */
#ifndef TENON_CORE_RESOLVE_H
#define TENON_CORE_RESOLVE_H

#include <stdbool.h>

#include "config/server_line.h"
#include "tenon/plugin/transport.h"

/* Addresses of one name that are tried, in the order of getaddrinfo(3). */
#define TENON_ADDRESS_MAX_COUNT 16

struct tenon__lookup;

/* Where one server lives. */
struct tenon__resolver {
	char *address; /* as configured, for people */
	struct tenon_address *addresses; /* of the last answer */
	uint32_t count;
	uint32_t next;  /* the next to try in this operation */
	bool literal;   /* the addresses never change */
	bool answered;  /* addresses are this operation's */
	int gai_error;  /* of the last lookup: EAI_..., 0 when it was fine */
	char *host;     /* name to look up */
	uint32_t port;
	struct tenon__lookup *lookup; /* under way, or NULL */
};

/*
 * Set up for a server; no lookup yet. server is not kept.
 * Errors: TENON_ENOMEM, TENON_ECONFIG (path too long); *resolver is then zeroed.
 */
int tenon__resolver_init(struct tenon__resolver *resolver,
			 const struct tenon__server *server,
			 struct tenon_error *err);

/* Free; a lookup that is under way ends by itself. */
void tenon__resolver_fini(struct tenon__resolver *resolver);

/* In a fork: the thread of a lookup that is under way stayed with the parent. */
void tenon__resolver_forked(struct tenon__resolver *resolver);

/* A new operation begins: names are looked up anew, every address may be tried. */
void tenon__resolver_rewind(struct tenon__resolver *resolver);

/* As tenon_connection_ops.address. */
int tenon__resolver_next(struct tenon__resolver *resolver,
			 struct tenon_address *out);

#endif
