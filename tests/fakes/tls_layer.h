/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TLS for fake servers: with `.layer = &tls_layer` in fake_listen, a script is about the plain bytes,
 * and OpenSSL makes records of them. FAKE_EXPECT and FAKE_SEND shake hands first. The deeds
 * are what a hostile server does. Needs libssl, so these functions are not in libsuite: a program
 * names $(tls_layer_sources).
 */
#ifndef TENON_TESTS_FAKES_TLS_LAYER_H
#define TENON_TESTS_FAKES_TLS_LAYER_H

#include <openssl/ssl.h>

#include "fake_server.h"

/* The layer_context of a fake. */
struct tls_fake {
	const char *folder;	 /* of the certificates of certificates.h */
	const char *certificate; /* NULL: server */
	int version; /* TLS1_2_VERSION or TLS1_3_VERSION: the only one that the server speaks */
	size_t records; /* most records that the server sends on a connection; 0: no limit */
};

extern const struct fake_layer tls_layer;

/* Shake hands. The number is 1 when the handshake has to resume a session, and 0 when it may not. */
int tls_shake_hands(void *state, size_t resumes);

/* Answer the first flight of the client, and go on without waiting for the next one. */
int tls_begin_handshake(void *state, size_t unused);

/* Send the records that were held back by `records` of tls_fake, and all later ones. */
int tls_go_on(void *state, size_t unused);

/* Read the first flight of the client, which the server has to refuse. */
int tls_refuse(void *state, size_t unused);

/* Send close_notify: the server sends nothing more. */
int tls_say_goodbye(void *state, size_t unused);

/* Ask a client of TLS 1.2 to negotiate anew. */
int tls_renegotiate(void *state, size_t unused);

/* Send a fatal alert: bad_record_mac. */
int tls_send_alert(void *state, size_t unused);

/* Wait for a fatal alert of the client, with this number (SSL_AD_...). */
int tls_expect_alert(void *state, size_t alert);

/*
 * Send so many messages behind the handshake, and read nothing: KeyUpdates that want an answer, or
 * tickets. Done earlier when the client closes.
 */
int tls_update_keys(void *state, size_t count);
int tls_send_tickets(void *state, size_t count);

#endif
