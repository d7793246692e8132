/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One server of one client: its connection's buffers and the exchange that runs
 * over it. An exchange is the part of an operation that concerns one server: a
 * chain of requests to ask for and to answer. Sans-I/O: a transport moves the bytes.
 */
#ifndef TENON_CORE_LINK_H
#define TENON_CORE_LINK_H

#include "base/block.h"
#include "cluster/assembly.h"
#include "cluster/health.h"
#include "cluster/resolve.h"
#include "wire/verb.h"

/* One send: requests are written into the buffer in rounds of at most this. */
#define TENON_SEND_FIRST_BYTES ((size_t)4 * 1024)
#define TENON_SEND_MAX_BYTES   ((size_t)64 * 1024)
/* Values up to this are copied next to their request line, larger ones sent from where they are. */
#define TENON_SEND_COPY_MAX_BYTES 1024
/* Pieces of one send. */
#define TENON_SEND_PIECES 64
/*
 * Longest retrieval line. Servers look for the end of a line in the first 2 KiB
 * of input; memcached makes an exception for get and gets (proto_text.c), whose
 * keys it answers faster in one line, not for gat and gats. It also bounds the
 * search when replies come out of order.
 */
#define TENON_GET_LINE_MAX_BYTES 8000
#define TENON_GAT_LINE_MAX_BYTES 2000
/* Longest reply line; a VALUE line needs at most 6 + 250 + 3 * 21 + 2 bytes. */
#define TENON_REPLY_LINE_MAX_BYTES 2048
/* All replies of one operation; more is skipped and answered TENON_ETOOBIG. */
#define TENON_REPLY_MAX_BYTES ((uint64_t)1 << 30)
/* One server's stats. */
#define TENON_STATS_MAX_BYTES ((size_t)16 * 1024 * 1024)

#define TENON_REQUEST_END UINT32_MAX

/* One request on its way. */
struct tenon__request {
	const struct tenon__verb *verb;
	const struct tenon_item
		*item;	   /* what goes with the key; NULL for server verbs */
	char *sink;	   /* where a value is to be put; NULL: in a block */
	size_t sink_bytes; /* a longer value is passed over: TENON_ETOOBIG */
	uint32_t
		next; /* the next request for the same server, or TENON_REQUEST_END */
	bool answered; /* the result's status is final */
	bool held;     /* waits for another round */
	bool pinned; /* goes to its result's server, whatever the policy says */
	bool line_end; /* the last key of its retrieval line */
};

/* The caller's memory for large values: who gives it, and which values. */
struct tenon__sink_rule {
	tenon_sink_fn fn;
	void *payload;
	size_t min_bytes;
	uint32_t count;	   /* requests below that; 0: none in this operation */
	uint32_t excluded; /* flags of values that have to be decoded */
};

/*
 * The requests that a client is running. Arrays are by request: the caller's items
 * first, in their order, then what codecs add.
 */
struct tenon__operation {
	const char *argument; /* of a server verb; NULL: none */
	bool noreply;
	struct tenon_slice *keys; /* with prefix */
	struct tenon__request *requests;
	struct tenon_result *results;
	uint64_t reply_left_bytes; /* of TENON_REPLY_MAX_BYTES */
	struct tenon__sink_rule sink_rule;
};

enum tenon__recv_state {
	TENON_RECV_LINE,  /* a reply line comes next */
	TENON_RECV_VALUE, /* the rest of a value and its line end */
	TENON_RECV_SINK, /* the rest of a value, straight into its request's sink */
	TENON_RECV_TAIL, /* the line end behind a value that went into a sink */
	TENON_RECV_SKIP	 /* the rest of a value that nobody wants */
};

struct tenon__connection {
	struct tenon_connection base; /* first: what the transport sees */
	const struct tenon__assembly *assembly;
	struct tenon__operation *operation;
	struct tenon__block_cache *pool;
	struct tenon__health *health;
	const char *name; /* alias, or first address: the server's identity */

	/* the connection */
	bool reused; /* it has answered an earlier operation */
	bool fence;  /* noreply commands went out since the last reply */
	bool heard;  /* a byte arrived in this exchange */
	bool used; /* results of the running operation may point into its blocks */

	/* the exchange: its requests, and how it went */
	uint32_t first, last;
	uint32_t send_req; /* the next to write a request for */
	uint32_t line_req; /* the first of the line being answered */
	uint32_t seek_req; /* where the next VALUE is expected to match */
	int32_t status; /* why unanswered requests are unanswered; 0: all is well */
	int32_t sys_errno;
	int64_t done_ns; /* when it was complete; 0: it is not */
	bool blamed; /* status is the server's fault: the failover policy hears of it */

	/* sending: pieces[piece..piece_count-1] are still to go */
	char *send_buffer;
	size_t send_capacity;
	bool send_short; /* the buffer did not hold all requests of the last round */
	bool fence_sent;
	uint32_t piece, piece_count;

	/* receiving: block->data[parsed..block->filled) is not looked at yet */
	struct tenon__block *block;
	struct tenon__block *full; /* earlier blocks that results point into */
	size_t parsed;
	size_t keep_from; /* what must stay in one piece when the block is changed */
	enum tenon__recv_state recv_state;
	bool fenced; /* replies up to VERSION belong to noreply commands */
	uint32_t value_req; /* TENON_RECV_VALUE, SINK, TAIL */
	size_t value_len;
	size_t sink_filled;
	uint64_t skip_bytes; /* TENON_RECV_SKIP */

	/* what is large, or seldom looked at */
	struct iovec pieces[TENON_SEND_PIECES];
	char problem
		[TENON_HEALTH_TEXT_BYTES]; /* TENON_EPROTOCOL: what came instead */
	struct tenon__resolver resolver;
};

/* Set up a connection without connection. Errors: TENON_ENOMEM, TENON_ECONFIG. */
int tenon__connection_init(struct tenon__connection *conn,
			   const struct tenon__assembly *assembly,
			   uint32_t server, struct tenon__operation *operation,
			   struct tenon__block_cache *pool,
			   struct tenon__health *health,
			   struct tenon_error *err);

/* Free what it owns; the connection is closed already. */
void tenon__connection_fini(struct tenon__connection *conn);

/* Let the server live elsewhere; its connection is closed already. Takes over what *place owns. */
void tenon__connection_move(struct tenon__connection *conn,
			    struct tenon__resolver *place);

/* Give up the replies of the last operation that are in more than a block. */
void tenon__connection_release_blocks(struct tenon__connection *conn);

/* Give up the replies of the last operation. */
static inline void tenon__connection_release(struct tenon__connection *conn)
{
	if (conn->full ||
	    conn->pool->owned_bytes > TENON_BLOCK_KEEP_MAX_BYTES) {
		tenon__connection_release_blocks(conn);
	}
	if (conn->block) {
		conn->block->filled = 0;
	}
}

/* Let the send buffer hold twice as much; all pieces are sent. Errors: TENON_ENOMEM. */
int tenon__connection_grow(struct tenon__connection *conn);

/* Begin an exchange, with no requests yet. Errors: TENON_ENOMEM. */
static inline int tenon__connection_begin(struct tenon__connection *conn)
{
	conn->first = TENON_REQUEST_END;
	return conn->send_buffer ? 0 : tenon__connection_grow(conn);
}

/* Append request to the exchange. */
static inline void tenon__connection_add(struct tenon__connection *conn,
					 uint32_t req)
{
	struct tenon__request *requests = conn->operation->requests;

	requests[req].next = TENON_REQUEST_END;
	if (conn->first == TENON_REQUEST_END) {
		conn->first = req;
	} else {
		requests[conn->last].next = req;
	}
	conn->last = req;
}

/* Go to the start of the exchange: its first try, or another on a new connection. */
void tenon__connection_rewind(struct tenon__connection *conn);

/* May the exchange be repeated: a kept connection proved dead before a byte came? */
static inline bool tenon__connection_is_stale(
	const struct tenon__connection *conn)
{
	return conn->status == TENON_ECLOSED && conn->blamed && conn->reused &&
	       !conn->heard;
}

/* What transports call. */
extern const struct tenon_connection_ops tenon__connection_ops;

#endif
