/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A request: one verb for one key, or for one server without a key. Requests, keys and
 * results of an operation are arrays with the same indexes.
 */
#ifndef TENON_CORE_REQUEST_H
#define TENON_CORE_REQUEST_H

#include "wire/verb.h"

/* Ends a chain of requests; no request has this index. */
#define TENON_REQUEST_END UINT32_MAX

struct tenon__request {
	const struct tenon__verb *verb;
	const struct tenon_item *item; /* the caller's, or made for the codecs; NULL: server verb */
	char *sink;        /* the value is received into this memory; NULL: into a block */
	size_t sink_bytes; /* a longer value is skipped: TENON_ETOOBIG */
	uint32_t next;     /* the next request of the same exchange, or TENON_REQUEST_END */
	bool answered;     /* the result's status is final */
	bool held;         /* the request waits for a later round */
	bool pinned;       /* sent to the server in its result, without asking a failover policy */
	bool line_end;     /* this is the last key of its retrieval line */
};

/* Which values are received into the caller's memory (tenon_client_set_sink). */
struct tenon__sink_rule {
	tenon_sink_fn fn; /* asks the caller for memory; NULL: the caller gives none */
	void *payload;
	size_t min_bytes;  /* values of this size or more go into the caller's memory */
	uint32_t count;    /* only requests with an index below this; 0: none in this operation */
	uint32_t excluded; /* no values with one of these flags: a codec decodes them */
};

/*
 * The requests of one operation, as far as the protocol needs them. The arrays have one
 * entry for each request: first the caller's items in their order, then the requests
 * that codecs add.
 */
struct tenon__requests {
	const char *argument; /* of a server verb; NULL: none */
	bool noreply;         /* no request of this round has a reply */
	struct tenon_slice *keys; /* with the prefix, as they are sent */
	struct tenon__request *list;
	struct tenon_result *results;
	uint64_t reply_left_bytes; /* the rest of max_operation_bytes; a longer value is skipped */
	struct tenon__sink_rule sink_rule;
};

#endif
