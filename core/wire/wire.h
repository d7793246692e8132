/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state of the protocol on one connection: the requests of the running exchange, the
 * bytes to send and the bytes that arrived. An exchange is the part of a round with one
 * server: a chain of requests that are sent and answered. This code makes no system call.
 */
#ifndef TENON_CORE_WIRE_H
#define TENON_CORE_WIRE_H

#include <sys/uio.h>

#include "base/block.h"
#include "cluster/health.h"
#include "tenon/plugin/transport.h"
#include "wire/request.h"

/* The first and the largest size of the send buffer, which holds the requests of one send. */
#define TENON_SEND_FIRST_BYTES ((size_t)4 * 1024)
#define TENON_SEND_MAX_BYTES ((size_t)64 * 1024)
/*
 * Values up to this size are copied into the send buffer. Larger values are sent from the
 * caller's memory.
 */
#define TENON_SEND_COPY_MAX_BYTES 1024
/* Most pieces (struct iovec) that are ready to send at a time. */
#define TENON_SEND_PIECES 64
/*
 * Longest retrieval line. memcached refuses input without a line end in its first 2 KiB;
 * only get and gets may have longer lines (proto_text.c), gat and gats may not. Long lines
 * are good because memcached answers the keys of one line faster than those of several
 * lines. The limit of 8000 bytes bounds the search when replies come out of order.
 */
#define TENON_GET_LINE_MAX_BYTES 8000
#define TENON_GAT_LINE_MAX_BYTES 2000
/* Longest reply line. (The longest VALUE line has 6 + 250 + 3 * 21 + 2 bytes.) */
#define TENON_REPLY_LINE_MAX_BYTES 2048
/* The sentence for a value that was skipped because of max_operation_bytes: TENON_ETOOBIG. */
#define TENON_OPERATION_TOO_BIG \
	"all values of the operation together are larger than max_operation_bytes"
/* Most bytes of the reply to stats of one server. */
#define TENON_STATS_MAX_BYTES ((size_t)16 * 1024 * 1024)

/* Meaning of the bytes received so far. */
enum tenon_verdict {
	TENON_VERDICT_MORE = 0, /* replies are missing */
	TENON_VERDICT_DONE = 1, /* every request has its reply */
	TENON_VERDICT_BROKEN = -1 /* out of protocol: close the connection */
};

/* The part of a reply that is received next. */
enum tenon__recv_state {
	TENON_RECV_LINE,  /* a reply line */
	TENON_RECV_VALUE, /* the rest of a value and its line end, into the block */
	TENON_RECV_SINK,  /* the rest of a value, into the sink of its request */
	TENON_RECV_TAIL,  /* the line end after a value that is in a sink */
	TENON_RECV_SKIP   /* the rest of a value that is not kept */
};

/* The server's answer to the command `version`, as far as the fences so far have shown it. */
enum tenon__version {
	TENON_VERSION_UNKNOWN,
	TENON_VERSION_HEARD, /* VERSION came in the first fence, which is not complete yet */
	TENON_VERSION_THERE,
	TENON_VERSION_MISSING
};

struct tenon__wire {
	struct tenon__requests *requests;
	struct tenon__health *health;
	uint64_t max_value_bytes; /* a longer value is skipped: TENON_ETOOBIG */
	bool fence; /* the next exchange needs a fence: noreply requests were sent last */
	bool fresh; /* no reply was read on this connection yet */
	bool suspect; /* the server closed the last connection behind an error line, its first reply */
	enum tenon__version version; /* of this server; kept when it connects anew */

	/* the exchange: the indexes of its requests, and its outcome */
	uint32_t first, last;
	uint32_t send_req; /* the next request to write */
	uint32_t line_req; /* the request, or first key of the line, that the next reply answers */
	uint32_t seek_req; /* the next VALUE line is expected to have the key of this request */
	int32_t status;    /* the status of requests without an answer; 0: nothing failed */
	/* of this exchange: */
	uint8_t erred;	 /* -status of the last error line; 0: none came */
	bool rejected;	 /* the error line refused the connection */
	bool fence_sent; /* the fence is written */

	/* sending: pieces[piece..piece_count-1] are left to send */
	char *send_buffer;
	size_t send_capacity;
	bool send_short; /* the buffer was too small for all requests of the last send */
	uint32_t buffer_req; /* the first request in the send buffer */
	uint32_t piece, piece_count;

	/* receiving: block->data[parsed..block->filled) is not parsed yet */
	struct tenon__block *block;
	size_t parsed;
	size_t keep_from; /* bytes from here on are copied when the block is changed */
	enum tenon__recv_state recv_state;
	bool fenced;        /* replies before VERSION belong to noreply requests */
	uint32_t value_req; /* TENON_RECV_VALUE, SINK, TAIL: the request of the value */
	size_t value_len;
	size_t sink_filled;  /* TENON_RECV_SINK: bytes of the value in the sink */
	uint64_t skip_bytes; /* TENON_RECV_SKIP: bytes left to skip */

	/* large, or seldom read */
	struct iovec pieces[TENON_SEND_PIECES];
	char problem[TENON_HEALTH_TEXT_BYTES]; /* TENON_EPROTOCOL: one sentence; else empty */
};

/*
 * Make the first send buffer, or double it. All pieces were sent.
 * Errors: TENON_ENOMEM; the old buffer is kept.
 */
int tenon__wire_grow(struct tenon__wire *wire);

/* Begin an exchange with its first request. Errors: TENON_ENOMEM. */
static inline int tenon__wire_begin(struct tenon__wire *wire, uint32_t req)
{
	if (!wire->send_buffer && tenon__wire_grow(wire) != 0) {
		return TENON_ENOMEM;
	}
	wire->requests->list[req].next = TENON_REQUEST_END;
	wire->first = req;
	wire->last = req;
	return 0;
}

/* Append a request to the exchange, which has at least one. list is wire->requests->list, which the caller has at hand. */
static inline void tenon__wire_add(struct tenon__wire *wire,
				   struct tenon__request *list, uint32_t req)
{
	list[req].next = TENON_REQUEST_END;
	list[wire->last].next = req;
	wire->last = req;
}

/* Go to the start of the exchange: before its first try and before it is repeated. */
static inline void tenon__wire_rewind(struct tenon__wire *wire)
{
	wire->send_req = wire->first;
	wire->line_req = wire->first;
	wire->seek_req = wire->first;
	wire->status = 0;
	wire->problem[0] = '\0';
	wire->erred = false;
	wire->rejected = false;
	wire->fence_sent = false;
	wire->piece = 0;
	wire->piece_count = 0;
	wire->fenced = wire->fence || wire->requests->noreply;
	wire->recv_state = TENON_RECV_LINE;
	wire->parsed = wire->block ? wire->block->filled : 0;
	wire->keep_from = wire->parsed;
}

/*
 * Return the first request of which the kernel took no byte, with all behind it;
 * TENON_REQUEST_END: there is none.
 */
static inline uint32_t tenon__wire_unsent(const struct tenon__wire *wire)
{
	bool untouched = wire->piece_count > 0 && wire->piece == 0 &&
			 wire->pieces[0].iov_base == wire->send_buffer;

	return untouched ? wire->buffer_req : wire->send_req;
}

#endif
