/* SPDX-License-Identifier: BSD-3-Clause */
/* A session: an SSL of OpenSSL for one connection, and what OpenSSL calls for it. */
#ifndef TENON_PLUGINS_SESSION_H
#define TENON_PLUGINS_SESSION_H

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tls_instance.h"
#include "name.h"
#include "sentence.h"
#include "wire_bio.h"

/*
 * Most steps of TLS itself behind the handshake without a plain byte. A ticket or a new key has one to
 * three.
 */
#define TLS_STEPS_MAX 200

struct tls_session {
	SSL *ssl;
	struct tls *tls;
	struct tls_peer *peer;
	int64_t ticket_ends_s; /* end of the chain of the session that is offered for resumption */
	STACK_OF(X509) *refused; /* the chain that was not trusted */
	struct wire wire;
	bool open;    /* the handshake is over */
	bool greeted; /* the first bytes of the server have come */
	bool asked;   /* the server has asked for a client certificate */
	unsigned steps; /* of TLS itself since the last plain byte */
	bool goodbye; /* the server has said that it sends nothing more */
	struct tls_name name;
	char problem[SENTENCE_BYTES]; /* why the session ends; "": not known */
};

/* ---- what OpenSSL calls ------------------------------------------------------- */

/* The session reads nothing more, and fails with this sentence. */
static void stop(struct tls_session *session, const char *problem)
{
	snprintf(session->problem, sizeof(session->problem), "%s", problem);
	session->wire.stopped = true;
}

static void hear_alert(struct tls_session *session, int where, int alert)
{
	if (where == SSL_CB_READ_ALERT && alert == SSL_AD_CLOSE_NOTIFY) {
		session->goodbye = true;
	}
	if (where == SSL_CB_WRITE_ALERT && alert == SSL_AD_NO_RENEGOTIATION) {
		stop(session, SENTENCE_RENEGOTIATION);
	}
}

/* OpenSSL calls this for each alert, and for each step that a message of TLS itself is. */
static void hear(const SSL *ssl, int where, int value)
{
	struct tls_session *session = SSL_get_app_data(ssl);

	if (where & SSL_CB_ALERT) {
		hear_alert(session, where, value & 0xff);
	} else if ((where & SSL_CB_LOOP) && session->open &&
		   ++session->steps > TLS_STEPS_MAX) {
		stop(session, SENTENCE_ENDLESS);
	}
}

/* OpenSSL calls this when the server asks for a client certificate. Returns 1: go on. */
static int hear_request(SSL *ssl, void *payload)
{
	struct tls_session *session = SSL_get_app_data(ssl);

	(void)payload;
	session->asked = true;
	return 1;
}

/* Return the Unix time at which the first certificate of a chain ends; 0: there is none. */
static int64_t first_end_s(const STACK_OF(X509) *chain)
{
	int64_t first_s = 0;

	for (int i = 0; i < sk_X509_num(chain); i++) {
		int64_t ends_s = certificate_time(
			X509_get0_notAfter(sk_X509_value(chain, i)));

		if (ends_s != 0 && (first_s == 0 || ends_s < first_s)) {
			first_s = ends_s;
		}
	}
	return first_s;
}

/*
 * Return the Unix time at which the first certificate ends that the server was judged by. A resumed
 * session has the chain that the server sent, but not the one that was verified.
 */
static int64_t session_ends_s(const struct tls_session *session)
{
	const SSL *ssl = session->ssl;
	STACK_OF(X509) *chain = SSL_get_verify_result(ssl) == X509_V_OK
					? SSL_get0_verified_chain(ssl)
					: NULL;

	if (SSL_session_reused(ssl) == 1) {
		return session->ticket_ends_s;
	}
	return first_end_s(chain ? chain : SSL_get_peer_cert_chain(ssl));
}

/* OpenSSL calls this for each ticket that the server has sent. Returns 0: OpenSSL keeps its own. */
static int hear_ticket(SSL *ssl, SSL_SESSION *ticket)
{
	struct tls_session *session = SSL_get_app_data(ssl);
	struct tls *tls = session->tls;

	/* memcached without ssl_session_cache fails a handshake that resumes such a session */
	if (!session->asked || tls->options.resume != TLS_RESUME_AUTO) {
		tls_keep_ticket(tls, session->peer, SSL_get_SSL_CTX(ssl),
				ticket, session_ends_s(session));
	}
	return 0;
}

/* Set what OpenSSL calls for the sessions of a context. */
static void session_listen(const struct tls *tls, SSL_CTX *ctx)
{
	SSL_CTX_set_session_cache_mode(
		ctx,
		tls->options.resume == TLS_RESUME_NEVER
			? SSL_SESS_CACHE_OFF
			: SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_set_cert_cb(ctx, hear_request, NULL);
	SSL_CTX_sess_set_new_cb(ctx, hear_ticket);
	SSL_CTX_set_info_callback(ctx, hear);
}

/* ---- the certificate of the server ---------------------------------------------- */

/* Return 1 when a certificate that is not for the expected name is for the address. */
static bool is_for_address(const struct tls_session *session,
			   X509_STORE_CTX *store)
{
	return X509_STORE_CTX_get_error(store) ==
		       X509_V_ERR_HOSTNAME_MISMATCH &&
	       session->name.address[0] &&
	       X509_check_ip_asc(X509_STORE_CTX_get_current_cert(store),
				 session->name.address, 0) == 1;
}

/* OpenSSL calls this for each certificate of the chain. good: nothing is wrong with it. */
static int judge(int good, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(
		store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_session *session = SSL_get_app_data(ssl);
	STACK_OF(X509) *chain;

	if (good) {
		return 1;
	}
	if (is_for_address(session, store)) {
		X509_STORE_CTX_set_error(store, X509_V_OK);
		return 1;
	}
	sentence_untrusted(session->problem, store, session->name.expected);
	chain = X509_STORE_CTX_get0_untrusted(store);
	session->refused = chain ? X509_chain_up_ref(chain) : NULL;
	return 0;
}

/* Tell OpenSSL the name to ask for, and the name to expect. Returns 1, or 0 without memory. */
static int set_name(struct tls_session *session)
{
	const char *name = session->name.expected;
	X509_VERIFY_PARAM *param = SSL_get0_param(session->ssl);
	int verify = session->tls->options.verify;

	if (verify != TLS_VERIFY_NONE) {
		SSL_set_verify(session->ssl, SSL_VERIFY_PEER, judge);
	}
	if (is_host_name(name) &&
	    SSL_set_tlsext_host_name(session->ssl, name) != 1) {
		return 0;
	}
	if (verify != TLS_VERIFY_FULL) {
		return 1;
	}
	X509_VERIFY_PARAM_set_hostflags(param,
					X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return is_ip(name) ? X509_VERIFY_PARAM_set1_ip_asc(param, name)
			   : X509_VERIFY_PARAM_set1_host(param, name, 0);
}

/* ---- the handshake -------------------------------------------------------------- */

static int no_memory(const struct tls_session *session, struct tenon_error *err)
{
	ERR_clear_error();
	return session->tls->host->set_error(err, TENON_ENOMEM,
					     "out of memory");
}

/* Make the SSL of a session, with its BIO. Returns false without memory. */
static bool make_ssl(struct tls_session *session)
{
	SSL_CTX *ctx = tls_context(session->tls);
	BIO *bio = BIO_new(session->tls->method);

	session->ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	if (!session->ssl || !bio) {
		BIO_free(bio);
		return false;
	}
	BIO_set_data(bio, &session->wire);
	SSL_set_bio(session->ssl, bio, bio);
	SSL_set_app_data(session->ssl, session);
	SSL_set_connect_state(session->ssl);
	return true;
}

/* Let the handshake resume the newest session with the peer, if there is one. */
static void offer_ticket(struct tls_session *session)
{
	SSL_SESSION *ticket = tls_ticket(session->tls, session->peer,
					 SSL_get_SSL_CTX(session->ssl),
					 &session->ticket_ends_s);

	if (ticket) {
		SSL_set_session(session->ssl, ticket);
		SSL_SESSION_free(ticket);
	}
}

/* What the session wants now: bits of enum tenon_secure_want. */
static int wants(const struct tls_session *session)
{
	return (wire_has_rest(&session->wire) ? TENON_SECURE_SEND : 0) |
	       (session->open ? 0 : TENON_SECURE_RECEIVE) |
	       (SSL_pending(session->ssl) > 0 ? TENON_SECURE_MORE : 0);
}

/* OpenSSL has refused to go on. Returns a negative status, with a sentence. */
static int failed(struct tls_session *session, struct tenon_error *err)
{
	char text[SENTENCE_BYTES];

	if (!session->open) {
		tls_drop_ticket(session->tls, session->peer);
	}
	if (session->wire.no_memory) {
		return no_memory(session, err);
	}
	if (session->goodbye) {
		ERR_clear_error();
		return TENON_ECLOSED;
	}
	sentence_failed(text, session->tls->options.minimum);
	return session->tls->host->set_error(
		err, TENON_ESECURE, "%s",
		session->problem[0] ? session->problem : text);
}

static int shake_hands(struct tls_session *session, struct tenon_error *err)
{
	session->wire.starved = false;
	if (SSL_do_handshake(session->ssl) == 1) {
		session->open = true;
		return 0;
	}
	return session->wire.starved ? 0 : failed(session, err);
}

#endif
