/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests, the bytes that a protocol writes for them, and its reader, without a connection: the
 * test gives the bytes of the replies.
 */
#ifndef TENON_TESTS_FLOW_H
#define TENON_TESTS_FLOW_H

#include "wire/protocol.h"

/* Most requests of a flow, and most bytes that it sends or receives. */
#define FLOW_REQUESTS 16
#define FLOW_BYTES ((size_t)256 * 1024)

struct flow {
	struct tenon__wire wire;
	struct tenon__tally tally;
	struct tenon__intake intake;
	struct tenon__block_cache blocks;
	struct tenon_item items[FLOW_REQUESTS];
	struct tenon__request requests[FLOW_REQUESTS];
	struct tenon_result results[FLOW_REQUESTS];
	char *sinks[FLOW_REQUESTS]; /* memory that the reader asked for */
	uint32_t count;
	char *sent; /* FLOW_BYTES + 1 */
};

/* Begin without requests, with the protocol's name in a config. */
void flow_open(struct flow *flow, const char *protocol);

/* Queue a request. bits are TENON_REQUEST_... Returns the request. */
struct tenon__request *flow_ask(struct flow *flow, enum tenon_verb verb,
				const char *key, uint8_t bits);

/*
 * Queue a meta command in the caller's words: its name, such as "mg", and what stands behind it. ms
 * has the value "value".
 */
struct tenon__request *flow_ask_verbatim(struct flow *flow, const char *name,
					 const char *words);

/* Write all requests. Returns the bytes, with a NUL behind them. */
const char *flow_write(struct flow *flow);

/*
 * Let bytes arrive, `step` at a time. Returns an enum tenon__verdict; TENON_WIRE_BROKEN also when
 * bytes are left behind the last reply.
 */
int flow_read(struct flow *flow, const void *bytes, size_t len, size_t step);

void flow_close(struct flow *flow);

#endif
