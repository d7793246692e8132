/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Resolve the address of a server to socket addresses. IP addresses and paths are resolved at
 * once. Names are looked up by the threads of cluster/lookup.h. The transport waits for the
 * descriptor of a lookup as for a socket, so a slow lookup cannot hold an operation beyond its
 * deadline.
 *
 * An operation that needs a connection begins a new lookup, at most one in
 * TENON_LOOKUP_INTERVAL_MS. It does not wait for the lookup when addresses of the name are known:
 * they are tried first. When they all fail, the operation waits for the lookup and tries the
 * addresses that are new.
 */
#ifndef TENON_CORE_RESOLVE_H
#define TENON_CORE_RESOLVE_H

#include <stdbool.h>

#include "cluster/lookup.h"
#include "config/server_line.h"

/* How the lookup of the running operation went, and whose fault it is that it failed. */
enum tenon__lookup_outcome {
	TENON_LOOKUP_NONE = 0,     /* no lookup was needed, or the operation has not asked yet */
	TENON_LOOKUP_UNFINISHED,   /* ours: the lookup is in progress, and the operation waits */
	TENON_LOOKUP_FOUND,        /* the name has addresses */
	TENON_LOOKUP_NO_NAME,      /* the server's: the name does not exist or has no address */
	TENON_LOOKUP_UNREACHABLE,  /* ours: EAI_AGAIN, EAI_SYSTEM, EAI_MEMORY, EAI_FAIL; a limit */
	TENON_LOOKUP_TIMED_OUT     /* ours: the lookup takes longer than resolve_timeout */
};

/* The socket addresses of one server. */
struct tenon__resolver {
	char *address; /* as configured, for people */
	const char *server_host; /* name or IP address without brackets, or path; in the memory of address */
	char *host;    /* the name to look up; NULL for an IP address or a path */
	uint32_t port; /* 0 for a path */
	int64_t resolve_timeout_ms;
	struct tenon__lookup *known;  /* its addresses are tried; NULL: none is known */
	struct tenon__lookup *newest; /* the lookup that the operation has joined, or NULL */
	/* Index in known: the address that worked last, or the first one that was not tried. */
	uint32_t first;

	/* The running operation. */
	bool begun;   /* address() was called */
	bool waiting; /* the operation waits for the lookup `newest` */
	bool worked;  /* an address has worked */
	enum tenon__lookup_outcome outcome;
	int server_errno; /* the last failure of an address, but no local limit; 0: none */
	int local_errno;  /* the last local limit that an address or the lookup met; 0: none */
	int64_t given_ns; /* when the first address of a name was given; 0: none was */
	uint32_t given;   /* number of addresses that tenon__resolver_next() gave */
	uint32_t given_before; /* of these, from the list that was known before `known` */
	uint32_t next;    /* number of addresses of `known` that were given or skipped */
	uint32_t skip;    /* bit i: address i of `known` was tried already */
	uint8_t order[TENON_ADDRESS_MAX_COUNT]; /* index in known of each address given from it */
};

/*
 * Set up the resolver of a server. Starts no lookup.
 * Owns:   *resolver is the caller's, released by tenon__resolver_fini(). server is not kept.
 * Errors: TENON_ENOMEM, TENON_ECONFIG (path too long); *resolver is then zeroed.
 */
int tenon__resolver_init(struct tenon__resolver *resolver,
			 const struct tenon__server *server,
			 int64_t resolve_timeout_ms, struct tenon_error *err);

/*
 * Free the contents of the resolver and zero it. Never blocks: a lookup in progress ends by
 * itself.
 */
void tenon__resolver_fini(struct tenon__resolver *resolver);

/* Call this in a forked child. Gives up the parent's lookups; the known addresses are forgotten. */
void tenon__resolver_forked(struct tenon__resolver *resolver);

/* Begin a new operation: all addresses may be tried again. */
void tenon__resolver_rewind(struct tenon__resolver *resolver);

/*
 * Get the next address to try; see tenon_connection_ops.address for *out and the result.
 * Returns 1: *out is the address; 0: the lookup is in progress, wait until out->wait_fd is
 * readable and ask again.
 * Errors: TENON_ECONNECT (no address is left), TENON_ENOMEM.
 */
int tenon__resolver_next(struct tenon__resolver *resolver,
			 struct tenon_address *out);

/* Return the number of addresses that tenon__resolver_next() has left, without a lookup. */
uint32_t tenon__resolver_left(const struct tenon__resolver *resolver);

/* Record how the nth address of this operation (from 0) ended; see tenon_connection_ops.address_ended. */
void tenon__resolver_ended(struct tenon__resolver *resolver, uint32_t nth,
			   int sys_errno);

/*
 * A connection was made. When no address was reported as the one that worked, it is the one that was
 * given last: the transport tries one address after the other.
 */
void tenon__resolver_connected(struct tenon__resolver *resolver);

/*
 * Return the errno that tells best why this operation has no connection. The answer of a server
 * comes before a local limit, because a limit says nothing about the server. 0: no errno is known.
 */
int tenon__resolver_errno(const struct tenon__resolver *resolver);

/*
 * Write a sentence about a lookup that failed. Returns false and an empty sentence when no lookup
 * is the reason of the failure.
 */
bool tenon__resolver_explain(const struct tenon__resolver *resolver, char *out,
			     size_t size);

#endif
