/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One connection of a client to one server: its state, its address, its blocks, and the requests
 * that wait or are in flight (wire). A transport moves the bytes.
 */
#ifndef TENON_CORE_CONNECTION_H
#define TENON_CORE_CONNECTION_H

#include "cluster/assembly.h"
#include "cluster/resolve.h"
#include "connection/faults.h"
#include "wire/protocol.h"

enum tenon__connection_state {
	TENON_CONNECTION_CLOSED = 0,
	TENON_CONNECTION_RESOLVING,
	TENON_CONNECTION_CONNECTING,
	TENON_CONNECTION_SECURING,
	TENON_CONNECTION_GREETING,
	TENON_CONNECTION_READY
};

/* The names of the states, and which state may follow which. */
extern const struct tenon__states tenon__connection_states;

struct tenon__connection {
	struct tenon_connection base; /* the transport's part; must be first */
	uint8_t state; /* enum tenon__connection_state */
	struct tenon__block_cache *blocks;
	struct tenon__health *health; /* of the server */
	const struct tenon__secure *secure; /* of the server; NULL: bytes are sent as they are */
	struct tenon__filter *filter; /* NULL: none yet */
	const struct tenon__greeting *greeting; /* the assembly's; NULL: none */
	size_t greeted_bytes; /* of the greeting: bytes that the kernel took */
	const char *name; /* the server's alias; without alias, its first address */
	const struct tenon_map *labels; /* of the server; NULL: none */
	const struct tenon__protocol *protocol; /* in which new connections begin */

	bool heard;  /* a byte arrived in this exchange */
	bool cut;    /* the server closed the connection while it was set up */
	bool held;   /* the exchange failed because the server is held back */
	bool erred_first; /* the only reply on this connection so far is an error line */
	bool used; /* results of the running operation may point into its blocks */
	struct tenon__hold *hold; /* of the server; all clients of the assembly share it */
	int64_t retry_ms; /* how long the server is held back */
	int32_t sys_errno; /* the errno that belongs to wire.status; 0: none */
	int64_t done_ns; /* monotonic time at the end of the last complete exchange */
	int64_t failed_ns; /* monotonic time of the last failure that the transport reported */
	int64_t heard_ns; /* as done_ns, of the last exchange with a reply */
	/* when wire.status is not 0: whose fault; NULL: not judged yet */
	const struct tenon__fault *fault;
	struct tenon__block *full; /* full blocks that results of the operation point into */

	struct tenon__wire wire;
	struct tenon__resolver resolver;
};

/* Return the connection of the transport's part. */
static inline struct tenon__connection *tenon__connection_of(
	struct tenon_connection *base)
{
	return (struct tenon__connection *)(void *)base;
}

/*
 * Set up a closed connection to server number `server` of the assembly.
 * Owns:   assembly, blocks and health are the caller's and live longer.
 * Errors: TENON_ENOMEM, TENON_ECONFIG.
 */
int tenon__connection_init(struct tenon__connection *conn,
			   const struct tenon__assembly *assembly,
			   uint32_t server, struct tenon__block_cache *blocks,
			   struct tenon__health *health,
			   struct tenon_error *err);

static inline void tenon__connection_go(struct tenon__connection *conn,
					enum tenon__connection_state state)
{
	tenon__states_check(&tenon__connection_states, conn->state, state);
	conn->state = (uint8_t)state;
}

/* Return true when requests can be sent at once. */
static inline bool tenon__connection_is_open(
	const struct tenon__connection *conn)
{
	return conn->state == TENON_CONNECTION_READY;
}

/* Free the memory of a connection, which is closed already. */
void tenon__connection_fini(struct tenon__connection *conn);

/*
 * Give a closed connection the new address of its server.
 * Owns: the connection takes over the memory of *place, which is zeroed.
 */
void tenon__connection_move(struct tenon__connection *conn,
			    struct tenon__resolver *place, int64_t now_ms);

/*
 * Give the full blocks of the last operation back; when the client owns more than
 * TENON_BLOCK_KEEP_MAX_BYTES, give the current block back too.
 */
void tenon__connection_release_blocks(struct tenon__connection *conn);

/* Give up the replies of the last operation: results that point into the blocks are gone. */
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

/* Go to the start of the exchange: before its first try and before it is repeated. */
static inline void tenon__connection_rewind(struct tenon__connection *conn)
{
	tenon__wire_rewind(&conn->wire);
	conn->sys_errno = 0;
	conn->heard = false;
	conn->cut = false;
	conn->held = false;
	if (!tenon__connection_is_open(conn)) {
		tenon__resolver_rewind(&conn->resolver);
	}
}

/*
 * Return true when a byte of an answer to a request arrived in this exchange. What answers a fence
 * answers no request.
 */
bool tenon__connection_is_begun(const struct tenon__connection *conn);

/*
 * Decide whose fault the failure of the exchange is: set conn->fault. wire.status is not 0.
 * Give up the answers that may belong to other requests: after a reply out of protocol, all
 * answers but the values of retrieval commands.
 * had_little_time: the server had less than its share of the time until the deadline.
 */
void tenon__connection_judge(struct tenon__connection *conn, int64_t start_ns,
			     bool had_little_time);

/*
 * The set-up of a connection was refused: let no client of the assembly try it again for
 * retry_timeout. Returns the time of the next try in milliseconds.
 */
int64_t tenon__connection_hold(struct tenon__connection *conn, int64_t now_ms);

/*
 * Prepare to send the exchange again on a new connection: its requests that have no answer and
 * may be sent twice behind conn->fault, which is set, or were never sent. The others get their final
 * status.
 * Returns false when no request goes again; the exchange is as it was then.
 */
bool tenon__connection_go_again(struct tenon__connection *conn);

/*
 * Slots of tenon__connection_ops that the table of greeting.c has too, because a greeting changes
 * nothing there.
 */
int64_t tenon__connection_now_ns(void *context);
int tenon__connection_address(void *context, struct tenon_connection *base,
			      struct tenon_address *out);
void tenon__connection_address_ended(void *context,
				     struct tenon_connection *base,
				     uint32_t nth, int sys_errno);
uint32_t tenon__connection_addresses_left(void *context,
					  struct tenon_connection *base);
void *tenon__connection_recv_space(void *context, struct tenon_connection *base,
				   size_t *len);
int tenon__connection_seen(void *context, struct tenon_connection *base,
			   unsigned seen, const void *bytes, size_t len);
int tenon__connection_sets_up(void *context, struct tenon_connection *base);
void tenon__connection_server(void *context, struct tenon_connection *base,
			      struct tenon_server_facts *out);

/* The functions of a connection that transports call. */
extern const struct tenon_connection_ops tenon__connection_ops;

#endif
