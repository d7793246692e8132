/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * secure tls: TLS by OpenSSL. All cryptography and all judgement of certificates is OpenSSL's. This
 * file makes an SSL of the options for each connection, lets it read and write the bytes of the
 * host (wire_bio.h), and says what failed (sentence.h).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* timegm, explicit_bzero */
#endif
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <string.h>

#include "certificate.h"
#include "context.h"
#include "tls_options.h"
#include "process_lock.h"
#include "sentence.h"
#include "wire_bio.h"

/* A server that sessions can be resumed with: the sessions of one alias and one expected name. */
struct tls_peer {
	struct tls_peer *next;
	SSL_SESSION *ticket; /* the newest; NULL: none yet */
	const char *expected; /* behind the alias */
	char alias[];
};

struct tls {
	struct tls_options options; /* the texts are the host's */
	const struct tenon_host *host;
	BIO_METHOD *method;

	struct process_lock lock; /* for all that follows */
	SSL_CTX *ctx;
	struct context_files files; /* that ctx was made from, or that could not be used */
	int reloads; /* the process of the thread that makes a new ctx; 0: none does */
	struct tls_peer *peers;
};

/* Most steps of TLS itself behind the handshake without a plain byte. A ticket or a new key has one to three. */
#define STEPS_MAX 200

struct tls_session {
	SSL *ssl;
	struct tls *tls;
	struct tls_peer *peer;
	STACK_OF(X509) *refused; /* the chain that was not trusted */
	struct wire wire;
	bool open;    /* the handshake is over */
	bool greeted; /* the first bytes of the server have come */
	bool asked;   /* the server has asked for a client certificate */
	unsigned steps; /* of TLS itself since the last plain byte */
	bool goodbye; /* the server has said that it sends nothing more */
	char address[TENON_SECURE_TEXT_BYTES]; /* an IP address that is as good as the expected name; "": none */
	char expected[TENON_SECURE_TEXT_BYTES];
	char problem[SENTENCE_BYTES]; /* why the certificate is not trusted */
};

/* ---- instances ------------------------------------------------------------ */

static int tls_check(const void *options, const struct tenon_host *host,
		     struct tenon_error *err)
{
	const struct tls_options *given = options;
	unsigned char alpn[TLS_ALPN_BYTES + 1];

	if (given->key[0] && !given->certificate[0]) {
		return host->set_error(
			err, TENON_ECONFIG,
			"found a key without a certificate, expected both");
	}
	if (given->key_password_file[0] && !given->certificate[0]) {
		return host->set_error(
			err, TENON_ECONFIG,
			"found a key_password_file without a certificate, expected both");
	}
	if (given->alpn[0] && context_alpn(alpn, given->alpn) == 0) {
		return host->set_error(
			err, TENON_ECONFIG,
			"alpn: found '%s', expected names with commas between, such as memcache or a,b",
			given->alpn);
	}
	return 0;
}

static void tls_warn(const struct tls *tls, const char *text)
{
	tls->host->log(tls->host->context, TENON_LOG_WARNING, text);
}

static int keep_ticket(SSL *ssl, SSL_SESSION *ticket);

/* The session reads nothing more: the server has to hear that, and why. */
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
		stop(session,
		     "the server has asked for a renegotiation, which is refused: turn it off there, or let the server speak TLS 1.3");
	}
}

/* OpenSSL calls this for each alert, and for each step that a message of TLS itself is. */
static void hear(const SSL *ssl, int where, int value)
{
	struct tls_session *session = SSL_get_app_data(ssl);

	if (where & SSL_CB_ALERT) {
		hear_alert(session, where, value & 0xff);
	} else if ((where & SSL_CB_LOOP) && session->open &&
		   ++session->steps > STEPS_MAX) {
		stop(session,
		     "the server sends messages of TLS without end, and no answer");
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

/* Set what every context has, besides what the options say. */
static void tls_finish_context(const struct tls *tls, SSL_CTX *ctx)
{
	SSL_CTX_set_session_cache_mode(
		ctx, tls->options.resume == TLS_RESUME_NEVER
			     ? SSL_SESS_CACHE_OFF
			     : SSL_SESS_CACHE_CLIENT |
				       SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_set_cert_cb(ctx, hear_request, NULL);
	SSL_CTX_sess_set_new_cb(ctx, keep_ticket);
	SSL_CTX_set_info_callback(ctx, hear);
}

static int tls_init(void *self, const void *options,
		    const struct tenon_host *host,
		    const struct tenon_secure_setup *setup,
		    struct tenon_error *err)
{
	const struct tls_options *given = options;
	struct tls *tls = self;

	(void)setup;
	tls->options = *given;
	tls->host = host;
	tls->method = wire_method();
	if (!tls->method) {
		return host->set_error(err, TENON_ENOMEM, "out of memory");
	}
	int code = context_create(&tls->ctx, &tls->files, given, host, err);
	if (code) {
		return code;
	}
	tls_finish_context(tls, tls->ctx);
	if (given->verify == TLS_VERIFY_NONE) {
		tls_warn(tls,
			 "secure plugin 'tls': verify is none, so the servers' certificates are not looked at: anyone on the way can read and change everything");
	}
	return 0;
}

static void tls_fini(void *self)
{
	struct tls *tls = self;

	while (tls->peers) {
		struct tls_peer *peer = tls->peers;

		tls->peers = peer->next;
		SSL_SESSION_free(peer->ticket);
		tls->host->free(tls->host->context, peer);
	}
	SSL_CTX_free(tls->ctx);
	BIO_meth_free(tls->method);
}

/* ---- files that change -------------------------------------------------------- */

/* Put a new context in the place of the old one, and forget the tickets of the old one. */
static void tls_replace(struct tls *tls, SSL_CTX *ctx,
			const struct context_files *files)
{
	SSL_CTX *old = NULL;

	process_lock_take(&tls->lock);
	tls->files = *files;
	if (ctx) {
		old = tls->ctx;
		tls->ctx = ctx;
		for (struct tls_peer *peer = tls->peers; peer;
		     peer = peer->next) {
			SSL_SESSION *ticket = peer->ticket;

			peer->ticket = NULL;
			SSL_SESSION_free(ticket);
		}
	}
	tls->reloads = 0;
	process_lock_drop(&tls->lock);
	SSL_CTX_free(old);
}

/* Make a new context of the files. When they cannot be used, the old context stays in use. */
static void tls_reload(struct tls *tls)
{
	struct tenon_error err = { .code = 0 };
	struct context_files files;
	SSL_CTX *ctx;
	int code = context_create(&ctx, &files, &tls->options, tls->host, &err);
	char line[TENON_ERROR_MESSAGE_BYTES + 100];

	if (code) {
		snprintf(line, sizeof(line),
			 "secure plugin 'tls': a file has changed and cannot be used, so the old one stays in use: %s",
			 err.message);
		tls_warn(tls, line);
	} else {
		tls_finish_context(tls, ctx);
	}
	tls_replace(tls, ctx, &files);
}

/* Return a context of the files as they are now. The caller frees it. */
static SSL_CTX *tls_context(struct tls *tls)
{
	struct context_files files;
	SSL_CTX *ctx;

	context_look_at(&files, &tls->options);
	process_lock_take(&tls->lock);
	bool reload = !context_files_equal(&files, &tls->files) &&
		      tls->reloads != (int)getpid();
	if (reload) {
		tls->reloads = (int)getpid();
	}
	process_lock_drop(&tls->lock);
	if (reload) {
		tls_reload(tls);
	}
	process_lock_take(&tls->lock);
	ctx = tls->ctx;
	SSL_CTX_up_ref(ctx);
	process_lock_drop(&tls->lock);
	return ctx;
}

/* ---- sessions that are resumed --------------------------------------------------- */

static struct tls_peer *make_peer(const struct tls *tls, const char *alias,
				  const char *expected)
{
	size_t alias_bytes = strlen(alias) + 1;
	size_t expected_bytes = strlen(expected) + 1;
	struct tls_peer *peer = tls->host->alloc(
		tls->host->context,
		sizeof(*peer) + alias_bytes + expected_bytes);

	if (peer) {
		memcpy(peer->alias, alias, alias_bytes);
		memcpy(peer->alias + alias_bytes, expected, expected_bytes);
		peer->expected = peer->alias + alias_bytes;
	}
	return peer;
}

/* Return the peer with this alias and this expected name; a new one when there is none. NULL: no memory. */
static struct tls_peer *tls_peer(struct tls *tls, const char *alias,
				 const char *expected)
{
	struct tls_peer *peer;

	process_lock_take(&tls->lock);
	for (peer = tls->peers;
	     peer && (strcmp(peer->alias, alias) != 0 ||
		      strcmp(peer->expected, expected) != 0);
	     peer = peer->next) {
	}
	if (!peer) {
		peer = make_peer(tls, alias, expected);
		if (peer) {
			peer->next = tls->peers;
			tls->peers = peer;
		}
	}
	process_lock_drop(&tls->lock);
	return peer;
}

/*
 * OpenSSL calls this for each ticket that the server has sent. The peer gets a copy, because
 * OpenSSL changes the session that a connection uses. Returns 0: OpenSSL keeps its own.
 */
static int keep_ticket(SSL *ssl, SSL_SESSION *ticket)
{
	struct tls_session *session = SSL_get_app_data(ssl);
	SSL_SESSION *copy;

	/* memcached without ssl_session_cache fails a handshake that resumes such a session */
	if (session->asked && session->tls->options.resume == TLS_RESUME_AUTO) {
		return 0;
	}
	copy = SSL_SESSION_dup(ticket);
	/* a ticket of an old context would outlive the files that its server was judged by */
	process_lock_take(&session->tls->lock);
	if (copy && SSL_get_SSL_CTX(ssl) == session->tls->ctx) {
		SSL_SESSION *old = session->peer->ticket;

		session->peer->ticket = copy;
		copy = old;
	}
	process_lock_drop(&session->tls->lock);
	SSL_SESSION_free(copy);
	return 0;
}

/* Return true when the certificate that a session was made with is valid now. */
static bool is_in_time(const SSL_SESSION *ticket)
{
	X509 *certificate = SSL_SESSION_get0_peer((SSL_SESSION *)(uintptr_t)ticket);

	return certificate &&
	       X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

/* Let the handshake resume the newest session with the peer, if there is one. */
static void offer_ticket(const struct tls_session *session)
{
	struct tls *tls = session->tls;
	SSL_SESSION *copy = NULL;

	process_lock_take(&tls->lock);
	if (session->peer->ticket &&
	    SSL_get_SSL_CTX(session->ssl) == tls->ctx &&
	    is_in_time(session->peer->ticket)) {
		copy = SSL_SESSION_dup(session->peer->ticket);
	}
	process_lock_drop(&tls->lock);
	if (copy) {
		SSL_set_session(session->ssl, copy);
		SSL_SESSION_free(copy);
	}
}

/* A handshake has failed: the next one to the peer does not try to resume a session. */
static void drop_ticket(const struct tls_session *session)
{
	SSL_SESSION *ticket;

	process_lock_take(&session->tls->lock);
	ticket = session->peer->ticket;
	session->peer->ticket = NULL;
	process_lock_drop(&session->tls->lock);
	SSL_SESSION_free(ticket);
}

/* ---- the name that is expected ------------------------------------------------------ */

static bool is_ip(const char *text)
{
	unsigned char address[16];

	return inet_pton(AF_INET, text, address) == 1 ||
	       inet_pton(AF_INET6, text, address) == 1;
}

/* Return true when a text can be the name of a host. */
static bool is_host_name(const char *text)
{
	return text[0] != '\0' && strlen(text) <= TLS_NAME_BYTES &&
	       text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")] ==
		       '\0' &&
	       !is_ip(text);
}

/* The dot at the end of an absolute name is for name servers: no certificate has it. */
static void drop_dot(char *name)
{
	size_t len = strlen(name);

	if (len > 1 && name[len - 1] == '.' && is_host_name(name)) {
		name[len - 1] = '\0';
	}
}

/*
 * Choose the name that the certificate has to be for: server_name; else the host of the address. When
 * that is an IP address or a socket, the alias, if it can be the name of a host; the IP address is
 * as good then.
 */
static void choose_name(struct tls_session *session,
			const struct tenon_server_facts *server)
{
	const char *given = session->tls->options.server_name;
	const char *name = given[0] ? given : server->host;

	if (!given[0] && !is_host_name(server->host)) {
		name = is_host_name(server->alias) ? server->alias
						   : server->host;
		snprintf(session->address, sizeof(session->address), "%s",
			 is_ip(server->host) ? server->host : "");
	}
	snprintf(session->expected, sizeof(session->expected), "%s", name);
	drop_dot(session->expected);
}

/* Return 1 when a certificate that is not for the expected name is for the address. */
static bool is_for_address(const struct tls_session *session,
			   X509_STORE_CTX *store)
{
	return X509_STORE_CTX_get_error(store) ==
		       X509_V_ERR_HOSTNAME_MISMATCH &&
	       session->address[0] &&
	       X509_check_ip_asc(X509_STORE_CTX_get_current_cert(store),
				 session->address, 0) == 1;
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
	sentence_untrusted(session->problem, store, session->expected);
	chain = X509_STORE_CTX_get0_untrusted(store);
	session->refused = chain ? X509_chain_up_ref(chain) : NULL;
	return 0;
}

/* Tell OpenSSL the name to ask for, and the name to expect. Returns 1, or 0 without memory. */
static int set_name(struct tls_session *session)
{
	const char *name = session->expected;
	X509_VERIFY_PARAM *param = SSL_get0_param(session->ssl);
	int verify = session->tls->options.verify;

	if (verify != TLS_VERIFY_NONE) {
		SSL_set_verify(session->ssl, SSL_VERIFY_PEER, judge);
	}
	if (is_host_name(name) && SSL_set_tlsext_host_name(session->ssl, name) != 1) {
		return 0;
	}
	if (verify != TLS_VERIFY_FULL) {
		return 1;
	}
	X509_VERIFY_PARAM_set_hostflags(
		param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return is_ip(name) ? X509_VERIFY_PARAM_set1_ip_asc(param, name)
			   : X509_VERIFY_PARAM_set1_host(param, name, 0);
}

/* ---- the beginning and the end ----------------------------------------------------------- */

static int no_memory(const struct tls_session *session, struct tenon_error *err)
{
	ERR_clear_error();
	return session->tls->host->set_error(err, TENON_ENOMEM, "out of memory");
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
		drop_ticket(session);
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

static int tls_begin(const void *self, void *memory,
		     const struct tenon_server_facts *server,
		     struct tenon_error *err)
{
	struct tls_session *session = memory;

	session->tls = (struct tls *)(uintptr_t)self;
	session->wire.host = session->tls->host;
	ERR_clear_error();
	choose_name(session, server);
	session->peer =
		tls_peer(session->tls, server->alias, session->expected);
	if (!session->peer || !make_ssl(session) || set_name(session) != 1) {
		return no_memory(session, err);
	}
	if (session->tls->options.resume != TLS_RESUME_NEVER) {
		offer_ticket(session);
	}
	int code = shake_hands(session, err);
	return code ? code : wants(session);
}

static void tls_end(const void *self, void *memory)
{
	struct tls_session *session = memory;

	(void)self;
	if (session->ssl) {
		/* or OpenSSL takes the session for damaged, because no goodbye was sent */
		SSL_set_shutdown(session->ssl, SSL_SENT_SHUTDOWN |
						       SSL_RECEIVED_SHUTDOWN);
		SSL_free(session->ssl);
		session->ssl = NULL;
	}
	sk_X509_pop_free(session->refused, X509_free);
	session->refused = NULL;
	if (session->wire.host) {
		wire_fini(&session->wire);
	}
}

/* ---- bytes --------------------------------------------------------------------------------- */

/* No record is longer than its plain bytes and this. */
#define RECORD_EXTRA_BYTES 128

/* Return how many of the plain bytes become wire bytes that fit in the room. */
static size_t fitting(size_t len, size_t room)
{
	size_t records = room / SSL3_RT_MAX_PLAIN_LENGTH + 1;

	if (room <= records * RECORD_EXTRA_BYTES) {
		return 0;
	}
	room -= records * RECORD_EXTRA_BYTES;
	return len < room ? len : room;
}

static int tls_push(const void *self, void *memory, struct tenon_secure_io *io,
		    struct tenon_error *err)
{
	struct tls_session *session = memory;
	struct wire *wire = &session->wire;
	size_t taken = 0;

	(void)self;
	wire->out = io->out;
	wire->out_room = io->out_room;
	wire_drain(wire);
	if (io->in_len > 0) {
		bool idle = wire->out_room == io->out_room;
		size_t len = fitting(io->in_len, wire->out_room);

		if (len == 0 && idle) {
			len = io->in_len < RECORD_EXTRA_BYTES
				      ? io->in_len
				      : RECORD_EXTRA_BYTES; /* waits in the rest */
		}
		if (len > 0 &&
		    SSL_write_ex(session->ssl, io->in, len, &taken) != 1) {
			return failed(session, err);
		}
	}
	io->in_used = taken;
	io->out_len = io->out_room - wire->out_room;
	wire->out_room = 0;
	return wants(session);
}

static int tls_pull(const void *self, void *memory, struct tenon_secure_io *io,
		    struct tenon_error *err)
{
	struct tls_session *session = memory;
	struct wire *wire = &session->wire;
	size_t given = 0;
	int code = 0;

	(void)self;
	wire->in = io->in;
	wire->in_len = io->in_len;
	if (!session->greeted && io->in_len > 0) {
		session->greeted = true;
		if (sentence_not_tls(session->problem, io->in, io->in_len)) {
			return session->tls->host->set_error(
				err, TENON_ESECURE, "%s", session->problem);
		}
	}
	if (!session->open) {
		code = shake_hands(session, err);
	}
	if (session->open) {
		wire->starved = false;
		if (SSL_read_ex(session->ssl, io->out, io->out_room, &given) !=
			    1 &&
		    !wire->starved) {
			code = failed(session, err);
		}
		session->steps = given > 0 ? 0 : session->steps;
	}
	io->in_used = io->in_len - wire->in_len;
	io->out_len = given;
	wire->in_len = 0;
	return code ? code : wants(session);
}

/* ---- what a session tells ------------------------------------------------------------------- */

static void tls_facts(const void *self, const void *memory,
		      struct tenon_secure_facts *out)
{
	const struct tls_session *session = memory;
	X509 *certificate;

	(void)self;
	if (!session->open) {
		return;
	}
	certificate = SSL_get0_peer_certificate(session->ssl);
	out->resumed = SSL_session_reused(session->ssl) == 1;
	out->expires_s =
		certificate ? certificate_time(X509_get0_notAfter(certificate))
			    : 0;
	snprintf(out->protocol, sizeof(out->protocol), "%s",
		 SSL_get_version(session->ssl));
	snprintf(out->cipher, sizeof(out->cipher), "%s",
		 SSL_get_cipher_name(session->ssl));
}

static int tls_certificate(const void *self, const void *memory, uint32_t index,
			   struct tenon_secure_certificate *out)
{
	const struct tls_session *session = memory;
	STACK_OF(X509) *chain = session->refused ? session->refused
				: session->ssl
					? SSL_get_peer_cert_chain(session->ssl)
					: NULL;

	(void)self;
	if (!chain || (int)index >= sk_X509_num(chain)) {
		return 0;
	}
	certificate_tell(out, sk_X509_value(chain, (int)index));
	return 1;
}

/* ---- the plugin --------------------------------------------------------------------------------- */

static const struct tenon_secure_ops tls_ops = {
	.size = sizeof(tls_ops),
	.state_size = sizeof(struct tls),
	.session_size = sizeof(struct tls_session),
	.init = tls_init,
	.fini = tls_fini,
	.begin = tls_begin,
	.end = tls_end,
	.push = tls_push,
	.pull = tls_pull,
	.facts = tls_facts,
	.certificate = tls_certificate,
};

TENON_PLUGIN_DEFINE(secure_tls, .kind = TENON_KIND_SECURE, .name = "tls",
	.version = "1.0", .summary = "TLS 1.2 and 1.3, by OpenSSL",
	.ops = &tls_ops, .options_bytes = sizeof(struct tls_options),
	.options = tls_rows, .check = tls_check)
