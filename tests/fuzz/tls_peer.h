/* SPDX-License-Identifier: BSD-3-Clause */
/* A TLS server in memory, for a fuzz target: OpenSSL, without a socket. */
#ifndef TENON_TESTS_FUZZ_TLS_PEER_H
#define TENON_TESTS_FUZZ_TLS_PEER_H

#include <openssl/ssl.h>

#include "fuzz/fuzz.h"

/* Most wire bytes that wait for the client, and most plain bytes of a run. The rest is dropped. */
#define PEER_WIRE_BYTES	 ((size_t)64 * 1024)
#define PEER_PLAIN_BYTES ((size_t)16 * 1024)

/* A zeroed peer sends what peer_wire() gives it, and no TLS of its own. */
struct peer {
	SSL *ssl; /* NULL: none */
	BIO *in, *out;
	uint8_t wire
		[PEER_WIRE_BYTES]; /* wire[wire_from..wire_len) waits for the client */
	size_t wire_from, wire_len;
	char plain[PEER_PLAIN_BYTES]; /* what the server has said */
	size_t plain_len;
};

/* Make the certificates. The client trusts FOLDER/ca.pem. Returns the folder. */
const char *peer_folder(void);

/* Begin to speak TLS, this version only: TLS1_2_VERSION or TLS1_3_VERSION. */
void peer_open(struct peer *peer, int version);
void peer_close(struct peer *peer);

/* The client has sent these bytes. */
void peer_take(struct peer *peer, const void *bytes, size_t len);

/* Send plain bytes in records. Nothing is sent before the end of the handshake. */
void peer_say(struct peer *peer, const void *bytes, size_t len);

/* Send wire bytes that are not OpenSSL's. */
void peer_wire(struct peer *peer, const void *bytes, size_t len);

/* Send a ticket; a new key, or in TLS 1.2 the wish for a renegotiation; a goodbye. */
void peer_ticket(struct peer *peer);
void peer_new_key(struct peer *peer);
void peer_goodbye(struct peer *peer);

/* Release what all peers share. */
void peer_end(void);

#endif
