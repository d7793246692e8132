/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The protocol's side of one connection: the requests of the running exchange,
 * the bytes to send and the bytes that arrived. An exchange is the part of a
 * round that concerns one server: a chain of requests to write and to answer.
 * No system call is made here.
 */
#ifndef TENON_CORE_WIRE_H
#define TENON_CORE_WIRE_H

#include <sys/uio.h>

#include "base/block.h"
#include "cluster/health.h"
#include "tenon/plugin/transport.h"
#include "wire/request.h"

/* The send buffer: its first size, and the size that it grows to. One send writes at most that. */
#define TENON_SEND_FIRST_BYTES ((size_t)4 * 1024)
#define TENON_SEND_MAX_BYTES ((size_t)64 * 1024)
/* Values up to this are copied behind their request line; larger ones are sent from the caller's memory. */
#define TENON_SEND_COPY_MAX_BYTES 1024
/* Pieces of one send. */
#define TENON_SEND_PIECES 64
/*
 * Longest retrieval line. Servers look for the end of a line in the first 2 KiB
 * of input. memcached makes an exception for get and gets (proto_text.c), not for
 * gat and gats; it answers keys of one line faster than keys of several lines. The
 * limit also bounds the search when replies come out of order.
 */
#define TENON_GET_LINE_MAX_BYTES 8000
#define TENON_GAT_LINE_MAX_BYTES 2000
/* Longest reply line; a VALUE line needs at most 6 + 250 + 3 * 21 + 2 bytes. */
#define TENON_REPLY_LINE_MAX_BYTES 2048
/* All values of one operation. A value beyond it is skipped and answered TENON_ETOOBIG. */
#define TENON_REPLY_MAX_BYTES ((uint64_t)1 << 30)
/* The stats of one server. */
#define TENON_STATS_MAX_BYTES ((size_t)16 * 1024 * 1024)

/* What is received next. */
enum tenon__recv_state {
	TENON_RECV_LINE,  /* a reply line */
	TENON_RECV_VALUE, /* the rest of a value and its line end, into the block */
	TENON_RECV_SINK,  /* the rest of a value, into its request's sink */
	TENON_RECV_TAIL,  /* the line end behind a value that went into a sink */
	TENON_RECV_SKIP   /* the rest of a value that is not kept */
};

struct tenon__wire {
	struct tenon__requests *requests;
	struct tenon__health *health;
	uint64_t max_value_bytes; /* a longer value is skipped: TENON_ETOOBIG */
	bool fence; /* noreply requests were sent since the last reply */

	/* the exchange: its requests, and its outcome */
	uint32_t first, last;
	uint32_t send_req; /* the next to write */
	uint32_t line_req; /* the first of the line that is being answered */
	uint32_t seek_req; /* the one that the next VALUE is expected to match */
	int32_t status;    /* of the requests without an answer; 0: nothing failed */
	bool blamed;       /* the server is to blame for status: the failover policy hears of it */

	/* sending: pieces[piece..piece_count-1] are left to send */
	char *send_buffer;
	size_t send_capacity;
	bool send_short; /* the buffer did not hold all requests of the last send */
	bool fence_sent;
	uint32_t piece, piece_count;

	/* receiving: block->data[parsed..block->filled) is not parsed yet */
	struct tenon__block *block;
	size_t parsed;
	size_t keep_from; /* bytes from here on stay in one piece when the block is changed */
	enum tenon__recv_state recv_state;
	bool fenced;        /* replies up to VERSION belong to noreply requests */
	uint32_t value_req; /* of TENON_RECV_VALUE, SINK, TAIL */
	size_t value_len;
	size_t sink_filled;
	uint64_t skip_bytes; /* of TENON_RECV_SKIP */

	/* large, or seldom read */
	struct iovec pieces[TENON_SEND_PIECES];
	char problem[TENON_HEALTH_TEXT_BYTES]; /* TENON_EPROTOCOL: the reply that was found instead */
};

/* Double the send buffer; all pieces are sent. Errors: TENON_ENOMEM. */
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

/* Append another request to an exchange that has begun. */
static inline void tenon__wire_add(struct tenon__wire *wire, uint32_t req)
{
	struct tenon__request *list = wire->requests->list;

	list[req].next = TENON_REQUEST_END;
	list[wire->last].next = req;
	wire->last = req;
}

/* Go to the start of the exchange, for its first try or for another one. */
static inline void tenon__wire_rewind(struct tenon__wire *wire)
{
	wire->send_req = wire->first;
	wire->line_req = wire->first;
	wire->seek_req = wire->first;
	wire->status = 0;
	wire->problem[0] = '\0';
	wire->blamed = false;
	wire->piece = 0;
	wire->piece_count = 0;
	wire->fence_sent = false;
	wire->fenced = wire->fence || wire->requests->noreply;
	wire->recv_state = TENON_RECV_LINE;
	wire->parsed = wire->block ? wire->block->filled : 0;
	wire->keep_from = wire->parsed;
}

#endif
