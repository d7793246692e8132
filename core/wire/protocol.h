/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A protocol: how requests become bytes, and bytes become answers. A protocol is a folder of
 * core/wire and a row in protocols.c. Its functions are called once for many requests, so that the
 * way from one request to the next stays inlined in the protocol.
 */
#ifndef TENON_CORE_PROTOCOL_H
#define TENON_CORE_PROTOCOL_H

#include "wire/wire.h"

struct tenon__protocol {
	/*
	 * Write the next requests, from wire->queue on, into the send buffer and its list of
	 * pieces: as many as fit, at least one. Write a fence in front of a request that has a
	 * reply when wire->fence. All earlier pieces were sent.
	 */
	void (*write)(struct tenon__wire *wire);
	/*
	 * Read the bytes that have arrived, and answer the requests in flight.
	 * Returns: an enum tenon__verdict.
	 */
	int (*read)(struct tenon__wire *wire);
	/*
	 * Write the bytes that greet a server with user and password. Neither has a space, a control
	 * byte or more than its ceiling in wire.h, and neither is empty. Returns the number of bytes.
	 * Shape: out has TENON_GREETING_MAX_BYTES.
	 */
	size_t (*greet)(char *out, const char *user, const char *password);
	/*
	 * Read the bytes that have arrived as the answer to the greeting. No request is in flight.
	 * The reason of a refusal quotes nothing that may be the password.
	 * Returns: an enum tenon__verdict. TENON_WIRE_DONE: requests may be sent now.
	 */
	int (*greeted)(struct tenon__wire *wire);
	/* Return true when the bytes, which wait on an idle connection, answer noreply requests. */
	bool (*are_unasked)(const char *bytes, size_t len);
	bool sends_binary_keys; /* a key of any bytes, as base64: see `binary` of a request */
	bool sends_more; /* the options of a call that need more than classic text: `more` of a request */
	/* A new connection asks for `version`, by a fence in front of its first request with a reply. */
	bool asks;
	/* The text of results when the server knows no command of the protocol; NULL: all servers know it. */
	const char *unknown;
	/*
	 * The end of the sentence when the server closes a new connection before it answers:
	 * it may be a server that does not know the protocol. NULL: no such server.
	 */
	const char *closed;
};

/* All protocols, and their names in the same order, with NULL at the end. The first is the default. */
extern const struct tenon__protocol *const tenon__protocols[];
extern const char *const tenon__protocol_names[];

#endif
