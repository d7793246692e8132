/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The protocol's side of one connection: the requests that wait or are in flight, the bytes to
 * send and the bytes that arrived. This code makes no system call, and knows neither servers nor
 * the application. A reader can be run over bytes: see tests/unit/wire/test_reader.c.
 */
#ifndef TENON_CORE_WIRE_H
#define TENON_CORE_WIRE_H

#include <sys/uio.h>

#include "base/error.h"
#include "base/block.h"
#include "base/counter.h"
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
/* Longest user and password, and the longest greeting made of them, with the command around them. */
#define TENON_USER_MAX_BYTES 250
#define TENON_PASSWORD_MAX_BYTES 1000
#define TENON_GREETING_MAX_BYTES \
	(TENON_USER_MAX_BYTES + TENON_PASSWORD_MAX_BYTES + 50)
/* The sentence for a server that answers in the binary protocol: TENON_EAUTH. */
#define TENON_WANTS_SASL \
	"the server wants SASL over the binary protocol, which memcached deprecates and tenon does not speak"
/* Most bytes of the reply to stats of one server. */
#define TENON_STATS_MAX_BYTES ((size_t)16 * 1024 * 1024)

/* What a reader says of the bytes that have arrived. */
enum tenon__verdict {
	TENON_WIRE_BROKEN = -1, /* out of protocol: close the connection; wire->status is the reason */
	TENON_WIRE_MORE = 0,    /* replies are still missing */
	TENON_WIRE_DONE = 1     /* every request has its reply */
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

/* What is sent first on a new connection: user and password. It is a secret. */
struct tenon__greeting {
	struct tenon__greeting *next; /* in a list of all greetings of an assembly */
	size_t len;
	char bytes[TENON_GREETING_MAX_BYTES];
};

/* What the meta protocol remembers. Its opaques are numbers of 24 bits: see meta/opaque.h. */
struct tenon__meta_state {
	/* the server has answered a meta command; kept when it connects anew */
	bool known;
	uint32_t next;  /* the opaque of the next request */
	uint32_t heard; /* the opaque behind that of the last reply */
	/* error lines since the last reply to a request of the current batch */
	uint32_t errors;
	int32_t error_status; /* of the first of them, and its text */
	const char *error_text;
};

/* What has come of the reply to a request of TENON_SHAPE_VERBATIM. */
struct tenon__verbatim_state {
	const char *line; /* its line; NULL: none has come */
	int32_t status;   /* the status that the line or the value gives */
	bool valued;      /* a value came, or is coming, and is counted */
};

struct tenon__wire {
	const struct tenon__protocol *protocol; /* of this connection */
	struct tenon__tally *tally; /* where answers are counted */
	/* Called with an error line that answers a noreply request; NULL: nobody hears of it. */
	void (*unasked)(struct tenon__wire *wire, int status, const char *line,
			size_t len);
	uint64_t max_value_bytes; /* a longer value is skipped: TENON_ETOOBIG */
	/* noreply requests were sent, and no fence behind them; or a new connection asks for `version` */
	bool fence;
	bool fresh; /* no reply was read on this connection yet */
	bool suspect; /* the server closed the last connection behind an error line, its first reply */
	enum tenon__version version; /* of this server; kept when it connects anew */
	uint32_t release; /* of memcached, by its last answer to a fence: 10618 is 1.6.18; 0: unknown */

	/*
	 * The requests, linked in the order in which they are sent. Those before `flight` have
	 * their replies, those from `flight` to `queue` are written and in flight, and those from
	 * `queue` on are not written. NULL: the end of the list.
	 */
	struct tenon__request *first, *last;
	struct tenon__request *flight; /* the request, or first key of the line, that the next reply answers */
	struct tenon__request *queue; /* the next request to write */
	struct tenon__request *seek; /* the next VALUE line is expected to have the key of this request */
	int32_t status;    /* the status of requests without an answer; 0: nothing failed */
	uint8_t erred;	 /* -status of the last error line since tenon__wire_rewind(); 0: none came */
	bool rejected;	 /* the first line or bytes refused the connection */

	/* sending: pieces[piece..piece_count-1] are left to send */
	char *send_buffer;
	size_t send_capacity;
	bool send_short; /* the buffer was too small for all requests of the last send */
	struct tenon__request *buffered; /* the first request in the send buffer */
	uint32_t piece, piece_count;

	/* receiving: block->data[parsed..block->filled) is not parsed yet */
	struct tenon__block *block;
	size_t parsed;
	size_t keep_from; /* bytes from here on are copied when the block is changed */
	enum tenon__recv_state recv_state;
	struct tenon__request *value_req; /* TENON_RECV_VALUE, SINK, TAIL: the request of the value */
	size_t value_len;
	size_t sink_filled;  /* TENON_RECV_SINK: bytes of the value in the sink */
	uint64_t skip_bytes; /* TENON_RECV_SKIP: bytes left to skip */

	/* large, or seldom read */
	struct tenon__meta_state meta;
	struct tenon__verbatim_state verbatim;
	struct iovec pieces[TENON_SEND_PIECES];
	char problem[TENON__SENTENCE_BYTES]; /* one sentence, or "" */
};

/*
 * Make the first send buffer, or double it. All pieces were sent.
 * Errors: TENON_ENOMEM; the old buffer is kept.
 */
int tenon__wire_grow(struct tenon__wire *wire);

/* Queue the first request. Errors: TENON_ENOMEM. */
static inline int tenon__wire_begin(struct tenon__wire *wire,
				    struct tenon__request *req)
{
	if (!wire->send_buffer && tenon__wire_grow(wire) != 0) {
		return TENON_ENOMEM;
	}
	tenon__request_go(req, TENON_REQUEST_QUEUED);
	req->next = NULL;
	wire->first = req;
	wire->last = req;
	return 0;
}

/* Queue one more request; the connection has at least one. */
static inline void tenon__wire_add(struct tenon__wire *wire,
				   struct tenon__request *req)
{
	tenon__request_go(req, TENON_REQUEST_QUEUED);
	req->next = NULL;
	wire->last->next = req;
	wire->last = req;
}

/* Forget all requests. */
static inline void tenon__wire_clear(struct tenon__wire *wire)
{
	wire->first = NULL;
	wire->flight = NULL;
	wire->queue = NULL;
}

/* Go to the first request: before the first try and before requests are repeated. */
static inline void tenon__wire_rewind(struct tenon__wire *wire)
{
	wire->queue = wire->first;
	wire->flight = wire->first;
	wire->seek = wire->first;
	wire->status = 0;
	wire->problem[0] = '\0';
	wire->erred = 0;
	wire->rejected = false;
	wire->piece = 0;
	wire->piece_count = 0;
	wire->recv_state = TENON_RECV_LINE;
	wire->parsed = wire->block ? wire->block->filled : 0;
	wire->keep_from = wire->parsed;
}

/*
 * Return true when a request in flight has a reply. Requests in front of it that have none
 * leave the flight: their errors may still come.
 */
static inline bool tenon__wire_awaits(struct tenon__wire *wire)
{
	while (wire->flight != wire->queue &&
	       (wire->flight->bits & TENON_REQUEST_NOREPLY)) {
		wire->flight = wire->flight->next;
		wire->seek = wire->flight;
	}
	return wire->flight != wire->queue;
}

/*
 * Return true when a part of a line has arrived that is not read yet. Behind noreply requests, it
 * has to come completely before the next exchange begins.
 */
static inline bool tenon__wire_has_part(const struct tenon__wire *wire)
{
	return wire->block && wire->parsed != wire->block->filled;
}

/* Return true when the next reply is that of a fence. */
static inline bool tenon__wire_is_fenced(const struct tenon__wire *wire)
{
	return wire->flight != wire->queue &&
	       (wire->flight->bits & TENON_REQUEST_FENCED);
}

/*
 * Return the first request of which the kernel took no byte, with all behind it; NULL: there
 * is none.
 */
static inline struct tenon__request *tenon__wire_unsent(
	const struct tenon__wire *wire)
{
	bool untouched = wire->piece_count > 0 && wire->piece == 0 &&
			 wire->pieces[0].iov_base == wire->send_buffer;

	return untouched ? wire->buffered : wire->queue;
}

#endif
