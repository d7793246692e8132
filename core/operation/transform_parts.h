/* SPDX-License-Identifier: BSD-3-Clause */
/* What reading and writing through codecs have in common: the operation, its split values, its answers. */
#ifndef TENON_CORE_TRANSFORM_PARTS_H
#define TENON_CORE_TRANSFORM_PARTS_H

#include "operation/operation.h"

/* A split value. Its chunks are the requests first..first+chunks.base.count-1. */
struct tenon__split {
	struct tenon__split *next;
	uint32_t req; /* the caller's request, for the parent */
	uint32_t first;
	bool unsent; /* writing: a chunk was not stored, so the parent was not sent */
	struct tenon__chunks chunks;
	struct tenon_split_item parent; /* reading: the parent that was read */
	char *buffer;                   /* reading: all chunks are received into it */
};

struct tenon__look; /* of transform_write.c */

/* One operation with codecs. */
struct tenon__transform {
	struct tenon__operation *op;
	struct tenon__chain *chain;
	const struct tenon__verb *verb;
	unsigned options;
	struct tenon__split *splits;
	struct tenon__look *looks;
	bool held; /* a request waits for another round */
	const uint32_t *turns; /* writing: the turn of each of the caller's items; NULL: no turns */
	uint32_t turn;         /* the running turn */
	bool long_values;   /* writing: the splitter has to be asked about a value */
	uint32_t unclocked; /* reading: chunks that were planned since the clock was read */
};

/* Append a request. Errors: TENON_ENOMEM. */
int tenon__transform_add(struct tenon__operation *op,
			 const struct tenon__verb *verb, struct tenon_slice key,
			 const struct tenon_item *item);

/* Set the result of a request without a reply of its own. text is copied; NULL: none. */
void tenon__transform_answer(struct tenon__transform *t, uint32_t req,
			     int status, const char *text);

/* Set the result of a request to the status, text and server of another request. */
void tenon__transform_share(struct tenon__transform *t, uint32_t req,
			    uint32_t other);

/*
 * Give back the memory of the requests that codecs added, when there were very many. Their
 * results are gone then.
 */
void tenon__transform_give_back(struct tenon__operation *op);

#endif
