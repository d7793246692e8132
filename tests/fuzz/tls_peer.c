/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz/tls_peer.h"

#include <openssl/err.h>
#include <string.h>

#include "fakes/certificates.h"
#include "fakes/scratch.h"

static char folder[108];
static SSL_CTX *ctx;

const char *peer_folder(void)
{
	static const struct certificate rows[] = {
		{ "ca", NULL, NULL, CERTIFICATE_CA, 0, 0, NULL },
		{ "server", "ca", "DNS:cache.test", CERTIFICATE_SERVER, 0, 0,
		  NULL },
	};

	if (!folder[0]) {
		scratch_begin();
		scratch_folder(folder, sizeof(folder));
		certificate_make(folder, &rows[0]);
		certificate_make(folder, &rows[1]);
	}
	return folder;
}

static SSL_CTX *context(void)
{
	char certificate[200], key[200];

	if (!ctx) {
		snprintf(certificate, sizeof(certificate), "%s/server.pem",
			 peer_folder());
		snprintf(key, sizeof(key), "%s/server.key", peer_folder());
		ctx = SSL_CTX_new(TLS_server_method());
		fuzz_must(ctx &&
				  SSL_CTX_use_certificate_chain_file(
					  ctx, certificate) == 1 &&
				  SSL_CTX_use_PrivateKey_file(
					  ctx, key, SSL_FILETYPE_PEM) == 1,
			  "there is a server");
		SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	}
	return ctx;
}

void peer_open(struct peer *peer, int version)
{
	peer->ssl = SSL_new(context());
	peer->in = BIO_new(BIO_s_mem());
	peer->out = BIO_new(BIO_s_mem());
	fuzz_must(peer->ssl && peer->in && peer->out, "there is memory");
	SSL_set_bio(peer->ssl, peer->in, peer->out);
	SSL_set_min_proto_version(peer->ssl, version);
	SSL_set_max_proto_version(peer->ssl, version);
	SSL_set_accept_state(peer->ssl);
}

void peer_close(struct peer *peer)
{
	SSL_free(peer->ssl); /* frees the BIOs */
	peer->ssl = NULL;
	ERR_clear_error();
}

void peer_end(void)
{
	SSL_CTX_free(ctx);
	ctx = NULL;
}

/* ---- bytes ------------------------------------------------------------------ */

void peer_wire(struct peer *peer, const void *bytes, size_t len)
{
	size_t room = PEER_WIRE_BYTES - peer->wire_len;

	len = len < room ? len : room;
	if (len > 0) {
		memcpy(peer->wire + peer->wire_len, bytes, len);
		peer->wire_len += len;
	}
}

/* Take over what OpenSSL has written, and forget its errors. */
static void move_out(struct peer *peer)
{
	char *bytes;
	long len = BIO_get_mem_data(peer->out, &bytes);

	if (len > 0) {
		peer_wire(peer, bytes, (size_t)len);
	}
	(void)BIO_reset(peer->out);
	ERR_clear_error();
}

void peer_take(struct peer *peer, const void *bytes, size_t len)
{
	char scrap[1024];

	if (!peer->ssl || len == 0) {
		return;
	}
	BIO_write(peer->in, bytes, (int)len);
	while (SSL_read(peer->ssl, scrap, sizeof(scrap)) > 0) {
	}
	move_out(peer);
}

void peer_say(struct peer *peer, const void *bytes, size_t len)
{
	if (!peer->ssl || !SSL_is_init_finished(peer->ssl) || len == 0 ||
	    len > PEER_PLAIN_BYTES - peer->plain_len) {
		return;
	}
	if (SSL_write(peer->ssl, bytes, (int)len) > 0) {
		memcpy(peer->plain + peer->plain_len, bytes, len);
		peer->plain_len += len;
	}
	move_out(peer);
}

/* ---- messages of TLS ----------------------------------------------------------- */

void peer_ticket(struct peer *peer)
{
	if (peer->ssl && SSL_new_session_ticket(peer->ssl) == 1) {
		(void)SSL_do_handshake(peer->ssl);
		move_out(peer);
	}
	ERR_clear_error();
}

void peer_new_key(struct peer *peer)
{
	if (!peer->ssl || !SSL_is_init_finished(peer->ssl)) {
		return;
	}
	if (SSL_version(peer->ssl) == TLS1_3_VERSION) {
		(void)SSL_key_update(peer->ssl, SSL_KEY_UPDATE_REQUESTED);
	} else {
		(void)SSL_renegotiate(peer->ssl);
	}
	(void)SSL_do_handshake(peer->ssl);
	move_out(peer);
}

void peer_goodbye(struct peer *peer)
{
	if (peer->ssl) {
		(void)SSL_shutdown(peer->ssl);
		move_out(peer);
	}
}
