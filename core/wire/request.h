/* SPDX-License-Identifier: BSD-3-Clause */
/* A request: one verb for one key, or for one server without a key. */
#ifndef TENON_CORE_REQUEST_H
#define TENON_CORE_REQUEST_H

#include "base/states.h"
#include "wire/verb.h"

enum tenon__request_state {
	TENON_REQUEST_NEW = 0,
	TENON_REQUEST_HELD,
	TENON_REQUEST_QUEUED,
	TENON_REQUEST_WRITTEN,
	TENON_REQUEST_DONE
};

/* The names of the states, and which state may follow which. */
extern const struct tenon__states tenon__request_states;

/* Bit of a request: it has no reply. */
#define TENON_REQUEST_NOREPLY 1u
/* Bit of a request: a fence is written in front of it, whose reply comes first. */
#define TENON_REQUEST_FENCED 2u
/* Bit of a request: it is in a batch of the meta protocol, in which a miss has no reply. */
#define TENON_REQUEST_QUIET 4u
/* Bit of a request: the protocol has to send options of the call; see tenon__request_more(). */
#define TENON_REQUEST_MORE 8u
/* Bit of a request: `key` is the base64 of the key that the server is to use. */
#define TENON_REQUEST_BINARY 16u
/* Bit of a request that writes no exptime: items live no longer than item->exptime on its server. */
#define TENON_REQUEST_CAPPED 32u
/* The bits that stay when a request is queued or sent again. */
#define TENON_REQUEST_LASTING \
	(TENON_REQUEST_MORE | TENON_REQUEST_BINARY | TENON_REQUEST_CAPPED)

struct tenon__request;

/* Where the values of one operation go. */
struct tenon__intake {
	uint64_t left_bytes; /* the rest of max_operation_bytes; a longer value is skipped */
	const struct tenon_call *call; /* the call, for requests that have TENON_REQUEST_MORE */
	/*
	 * Return memory of bytes + 1 for the value of a request that has `asks`; NULL: none. The
	 * result of the request has its flags already. A repeated exchange asks again.
	 */
	char *(*sink)(struct tenon__intake *intake,
		      const struct tenon__request *req, size_t bytes);
};

struct tenon__request {
	const struct tenon__verb *verb;
	const struct tenon_item *item; /* the caller's, or made for the codecs; NULL: server verb */
	struct tenon_slice key; /* as it is sent, with the prefix; of a server verb: its argument */
	struct tenon__request *next;   /* behind it on the same connection; NULL: the last one */
	struct tenon_result *result;   /* set when the request is queued */
	struct tenon__intake *intake;  /* set when the request is queued */
	char *sink;        /* the value is received into this memory; NULL: into a block */
	size_t sink_bytes; /* a longer value is skipped: TENON_ETOOBIG */
	uint8_t state;     /* enum tenon__request_state */
	uint8_t bits;      /* TENON_REQUEST_... */
	bool asks;         /* intake->sink() is asked for memory before the value is received */
	bool pinned;       /* sent to the server in its result, without asking a failover policy */
	bool line_end;     /* this is the last key of its retrieval line, or batch of the meta protocol */
	uint32_t opaque : 24; /* the meta protocol: the number that its reply has to carry */
};

/* Return the options of the call, when the protocol has to send some of them; NULL: none. */
static inline const struct tenon_call *tenon__request_more(
	const struct tenon__request *req)
{
	return req->bits & TENON_REQUEST_MORE ? req->intake->call : NULL;
}

/*
 * Return how long before its end an item may count as old, when the caller says early_s: where the route
 * caps the life of items, half of the cap at most. Otherwise an item could be old from its first second on.
 */
static inline int64_t tenon__request_early_s(const struct tenon__request *req,
					     int64_t early_s)
{
	return (req->bits & TENON_REQUEST_CAPPED) &&
			       early_s > req->item->exptime / 2
		       ? req->item->exptime / 2
		       : early_s;
}

static inline void tenon__request_go(struct tenon__request *req,
				     enum tenon__request_state state)
{
	tenon__states_check(&tenon__request_states, req->state, state);
	req->state = (uint8_t)state;
}

/* Return true when the status in the result is final. */
static inline bool tenon__request_is_done(const struct tenon__request *req)
{
	return req->state == TENON_REQUEST_DONE;
}

#endif
