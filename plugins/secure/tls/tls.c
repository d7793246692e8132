/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * secure tls: TLS by OpenSSL. All cryptography and all judgement of certificates is OpenSSL's. This
 * file has the slots: an instance has a context of the options (tls_instance.h), and each connection a
 * session (session.h) that reads and writes the bytes of the host (wire_bio.h).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* timegm, explicit_bzero, memmem, secure_getenv */
#endif
#include "certificate.h"
#include "session.h"

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
	tls->listen = session_listen;
	tls->listen(tls, tls->ctx);
	if (given->verify == TLS_VERIFY_NONE) {
		tls_warn(
			tls,
			"verify is none, so the servers' certificates are not looked at: anyone on the way can read and change everything");
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

/* ---- the beginning and the end ------------------------------------------------ */

static int tls_begin(const void *self, void *memory,
		     const struct tenon_server_facts *server,
		     struct tenon_error *err)
{
	struct tls_session *session = memory;

	session->tls = (struct tls *)(uintptr_t)self;
	session->wire.host = session->tls->host;
	ERR_clear_error();
	choose_name(&session->name, session->tls->options.server_name, server);
	session->peer =
		tls_peer(session->tls, server->alias, session->name.expected);
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
		SSL_set_shutdown(session->ssl,
				 SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
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

/* Look at the first bytes of the server. Returns 0; or a negative status, when they are not TLS. */
static int judge_greeting(struct tls_session *session, const void *bytes,
			  size_t len, struct tenon_error *err)
{
	const struct tenon_host *host = session->tls->host;

	session->greeted = true;
	if (sentence_is_full(bytes, len)) {
		return host->set_error(err, TENON_ECLOSED, SENTENCE_FULL);
	}
	if (sentence_not_tls(session->problem, bytes, len)) {
		return host->set_error(err, TENON_ESECURE, "%s",
				       session->problem);
	}
	return 0;
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
		code = judge_greeting(session, io->in, io->in_len, err);
		if (code) {
			return code;
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

	(void)self;
	if (!session->open) {
		return;
	}
	out->resumed = SSL_session_reused(session->ssl) == 1;
	out->expires_s = session_ends_s(session);
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

/* The alert that OpenSSL wrote when it failed waits in the rest. */
static size_t tls_alert(const void *self, void *memory, void *out, size_t room)
{
	struct tls_session *session = memory;
	struct wire *wire = &session->wire;

	(void)self;
	wire->out = out;
	wire->out_room = room;
	wire_drain(wire);
	room -= wire->out_room;
	wire->out_room = 0;
	return room;
}

/* ---- the plugin --------------------------------------------------------------- */

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
	.alert = tls_alert,
};

TENON_PLUGIN_DEFINE(secure_tls, .kind = TENON_KIND_SECURE, .name = "tls",
		    .version = "1.0", .summary = "TLS 1.2 and 1.3, by OpenSSL",
		    .ops = &tls_ops,
		    .options_bytes = sizeof(struct tls_options),
		    .options = tls_rows, .check = tls_check)
