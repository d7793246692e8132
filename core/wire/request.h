/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A request: what is asked for one key, or of one server. The requests of an
 * operation stand in arrays that share their indexes with the results.
 */
#ifndef TENON_CORE_REQUEST_H
#define TENON_CORE_REQUEST_H

#include "wire/verb.h"

/* Ends a chain of requests; no request has this index. */
#define TENON_REQUEST_END UINT32_MAX

struct tenon__request {
	const struct tenon__verb *verb;
	const struct tenon_item *item; /* the caller's, or a codec's; NULL for server verbs */
	char *sink;        /* memory that the value is received into; NULL: a block */
	size_t sink_bytes; /* a longer value is skipped: TENON_ETOOBIG */
	uint32_t next;     /* the next request of the same exchange, or TENON_REQUEST_END */
	bool answered;     /* the result's status is final */
	bool held;         /* the request waits for a later round */
	bool pinned;       /* the request goes to its result's server; no policy is asked */
	bool line_end;     /* the last key of its retrieval line */
};

/* The caller's memory for large values (tenon_client_set_sink), and the values it is for. */
struct tenon__sink_rule {
	tenon_sink_fn fn; /* NULL: none */
	void *payload;
	size_t min_bytes;  /* smaller values are received into blocks */
	uint32_t count;    /* for requests with an index below this; 0: none in this operation */
	uint32_t excluded; /* not for values with one of these flags: a codec decodes them */
};

/*
 * The requests of one operation as the protocol sees them. Arrays are by request:
 * first the caller's items in their order, then the requests that codecs add.
 */
struct tenon__requests {
	const char *argument; /* of a server verb; NULL: none */
	bool noreply;         /* no request of this round has a reply */
	struct tenon_slice *keys; /* as sent: with the prefix */
	struct tenon__request *list;
	struct tenon_result *results;
	uint64_t reply_left_bytes; /* so much of TENON_REPLY_MAX_BYTES is left */
	struct tenon__sink_rule sink_rule;
};

#endif
