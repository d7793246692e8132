/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One connection of a client to one server: its address, its blocks, and the
 * protocol's side of it. A transport moves the bytes.
 */
#ifndef TENON_CORE_CONNECTION_H
#define TENON_CORE_CONNECTION_H

#include "cluster/assembly.h"
#include "cluster/resolve.h"
#include "wire/wire.h"

struct tenon__connection {
	struct tenon_connection base; /* first: the transport's part */
	struct tenon__block_cache *blocks;
	const char *name; /* alias, or first address: the server's identity */

	bool reused; /* the connection has answered an earlier operation */
	bool heard;  /* a byte arrived in this exchange */
	bool used; /* results of the running operation may point into its blocks */
	int32_t sys_errno; /* of wire.status; 0: none */
	int64_t done_ns;   /* when the exchange was complete; 0: not yet */
	struct tenon__block *full; /* earlier blocks that results point into */

	struct tenon__wire wire;
	struct tenon__resolver resolver;
};

/* Set up a connection that is closed. Errors: TENON_ENOMEM, TENON_ECONFIG. */
int tenon__connection_init(struct tenon__connection *conn,
			   const struct tenon__assembly *assembly,
			   uint32_t server, struct tenon__requests *requests,
			   struct tenon__block_cache *blocks,
			   struct tenon__health *health,
			   struct tenon_error *err);

/* Free what it owns; the connection is closed already. */
void tenon__connection_fini(struct tenon__connection *conn);

/* Move to the server's new address; the connection is closed. What *place owns is taken. */
void tenon__connection_move(struct tenon__connection *conn,
			    struct tenon__resolver *place);

/* Give up the replies of the last operation, where they fill more than one block. */
void tenon__connection_release_blocks(struct tenon__connection *conn);

/* Give up the replies of the last operation. */
static inline void tenon__connection_release(struct tenon__connection *conn)
{
	if (conn->full ||
	    conn->blocks->owned_bytes > TENON_BLOCK_KEEP_MAX_BYTES) {
		tenon__connection_release_blocks(conn);
	}
	if (conn->wire.block) {
		conn->wire.block->filled = 0;
	}
}

/* Go to the start of the exchange, for its first try or for another one on a new connection. */
static inline void tenon__connection_rewind(struct tenon__connection *conn)
{
	tenon__wire_rewind(&conn->wire);
	conn->sys_errno = 0;
	conn->done_ns = 0;
	conn->heard = false;
	if (conn->base.fd < 0) {
		tenon__resolver_rewind(&conn->resolver);
	}
}

/*
 * Return true when a connection that was idle proved closed before a byte of a reply
 * came: the server has closed it while it was idle.
 */
static inline bool tenon__connection_is_stale(
	const struct tenon__connection *conn)
{
	return conn->wire.status == TENON_ECLOSED && conn->wire.blamed &&
	       conn->reused && !conn->heard;
}

/* The functions that transports call. */
extern const struct tenon_connection_ops tenon__connection_ops;

#endif
