/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls_layer.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define RECORD_HEAD_BYTES 5

/* One connection. OpenSSL reads from the socket, and writes to `out`, which is sent by flush(). */
struct state {
	SSL *ssl;
	BIO *out;
	int fd;
	bool limited;
	size_t records_left; /* when limited: records that may be sent */
	size_t written;	     /* bytes of the current send() that are in `out` */
	size_t done;	     /* messages of the current deed */
};

/* ---- open and close ------------------------------------------------------------ */

static SSL_CTX *make_context(const struct tls_fake *how)
{
	unsigned char ticket_keys[80] = { 0 };
	const char *name = how->certificate ? how->certificate : "server";
	char certificate[300], key[300];
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	snprintf(certificate, sizeof(certificate), "%s/%s.pem", how->folder,
		 name);
	snprintf(key, sizeof(key), "%s/%s.key", how->folder, name);
	/* the same keys of tickets for each connection: a session of an earlier one is resumed */
	if (ctx &&
	    (SSL_CTX_set_tlsext_ticket_keys(ctx, ticket_keys,
					    sizeof(ticket_keys)) != 1 ||
	     SSL_CTX_set_min_proto_version(ctx, how->version) != 1 ||
	     SSL_CTX_set_max_proto_version(ctx, how->version) != 1 ||
	     SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1 ||
	     SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)) {
		SSL_CTX_free(ctx);
		ctx = NULL;
	}
	return ctx;
}

static void tls_close(void *memory)
{
	struct state *state = memory;

	SSL_free(state->ssl); /* frees the BIOs */
	free(state);
	ERR_clear_error();
}

static void *tls_open(const void *context, int fd)
{
	const struct tls_fake *how = context;
	struct state *state = calloc(1, sizeof(*state));
	SSL_CTX *ctx = make_context(how);
	BIO *in = BIO_new_socket(fd, BIO_NOCLOSE);

	if (!state || !ctx || !in) {
		ERR_print_errors_fp(stderr);
		return NULL;
	}
	state->ssl = SSL_new(ctx);
	state->out = BIO_new(BIO_s_mem());
	state->fd = fd;
	state->limited = how->records > 0;
	state->records_left = how->records;
	SSL_CTX_free(ctx);
	SSL_set_bio(state->ssl, in, state->out);
	SSL_set_accept_state(state->ssl);
	return state;
}

/* ---- bytes --------------------------------------------------------------------- */

/* Return how many of the bytes of OpenSSL may be sent. */
static size_t allowed(struct state *state, const unsigned char *bytes,
		      size_t len)
{
	size_t n = 0;

	while (state->limited && state->records_left > 0 &&
	       n + RECORD_HEAD_BYTES <= len) {
		n += RECORD_HEAD_BYTES + (size_t)bytes[n + 3] * 256 +
		     bytes[n + 4];
		state->records_left--;
	}
	return state->limited ? n : len;
}

/* Leave the first n bytes out of what OpenSSL has written. */
static void drop(BIO *out, size_t n)
{
	unsigned char scrap[4096];

	while (n > 0) {
		int got =
			BIO_read(out, scrap,
				 (int)(n < sizeof(scrap) ? n : sizeof(scrap)));

		n -= got > 0 ? (size_t)got : n;
	}
}

/* Send what OpenSSL has written. Returns 0; POLLOUT: there is more; -1 with errno. */
static int flush(struct state *state)
{
	unsigned char *bytes;
	size_t len = (size_t)BIO_get_mem_data(state->out, &bytes);
	size_t may = allowed(state, bytes, len);
	ssize_t n = may > 0 ? send(state->fd, bytes, may, MSG_NOSIGNAL) : 0;

	if (n < 0) {
		return errno == EAGAIN ? POLLOUT : -1;
	}
	drop(state->out, (size_t)n);
	return (size_t)n < may ? POLLOUT : 0;
}

/* OpenSSL has returned `code`. Returns what a function like recv(2) returns, with errno. */
static ssize_t judge(const struct state *state, int code)
{
	unsigned long reason = ERR_peek_last_error();
	int found = SSL_get_error(state->ssl, code);

	if (found == SSL_ERROR_WANT_READ) {
		errno = EAGAIN;
		return -1;
	}
	if (found == SSL_ERROR_ZERO_RETURN ||
	    (found == SSL_ERROR_SYSCALL && errno == ECONNRESET) ||
	    ERR_GET_REASON(reason) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		return 0;
	}
	ERR_print_errors_fp(stderr);
	errno = EPROTO;
	return -1;
}

static ssize_t tls_receive(void *memory, void *into, size_t len)
{
	struct state *state = memory;
	int n;

	ERR_clear_error();
	n = SSL_read(state->ssl, into, (int)len);
	(void)flush(state);
	return n > 0 ? n : judge(state, n);
}

static ssize_t tls_send(void *memory, const void *bytes, size_t len)
{
	struct state *state = memory;
	int code;

	ERR_clear_error();
	if (state->written == 0) {
		int n = SSL_write(state->ssl, bytes, (int)len);

		if (n <= 0) {
			return judge(state, n);
		}
		state->written = (size_t)n;
	}
	code = flush(state);
	if (code != 0) {
		errno = code > 0 ? EAGAIN : errno;
		return -1;
	}
	len = state->written;
	state->written = 0;
	return (ssize_t)len;
}

const struct fake_layer tls_layer = {
	.open = tls_open,
	.close = tls_close,
	.receive = tls_receive,
	.send = tls_send,
};

/* ---- deeds ---------------------------------------------------------------------- */

/* What a deed returns when OpenSSL has returned `code`. */
static int deed(struct state *state, int code)
{
	int flushed = flush(state);

	if (code > 0) {
		return flushed > 0 ? flushed : 0;
	}
	return judge(state, code) < 0 && errno == EAGAIN ? POLLIN : -1;
}

int tls_shake_hands(void *memory, size_t resumes)
{
	struct state *state = memory;

	ERR_clear_error();
	int code = deed(state, SSL_do_handshake(state->ssl));
	return code == 0 && SSL_session_reused(state->ssl) != (int)resumes
		       ? -1
		       : code;
}

int tls_begin_handshake(void *memory, size_t unused)
{
	struct state *state = memory;
	int code = tls_shake_hands(state, 0);

	(void)unused;
	return SSL_get_state(state->ssl) == TLS_ST_BEFORE ? code : 0;
}

int tls_go_on(void *memory, size_t unused)
{
	struct state *state = memory;

	(void)unused;
	state->limited = false;
	return flush(state);
}

int tls_refuse(void *memory, size_t unused)
{
	struct state *state = memory;
	int code = SSL_do_handshake(state->ssl);
	int found = SSL_get_error(state->ssl, code);

	(void)unused;
	ERR_clear_error();
	if (found == SSL_ERROR_WANT_READ) {
		return POLLIN;
	}
	return found == SSL_ERROR_SSL ? flush(state) : -1;
}

int tls_say_goodbye(void *memory, size_t unused)
{
	struct state *state = memory;

	(void)unused;
	(void)SSL_shutdown(state->ssl);
	return flush(state);
}

int tls_renegotiate(void *memory, size_t unused)
{
	struct state *state = memory;

	(void)unused;
	ERR_clear_error();
	return SSL_renegotiate(state->ssl) == 1
		       ? deed(state, SSL_do_handshake(state->ssl))
		       : -1;
}

/* OpenSSL sends this alert when a record of the client is damaged, so one is made up. */
int tls_send_alert(void *memory, size_t unused)
{
	static const char record[] = "\x17\x03\x03\x00\x20"
				     "0123456789abcdef0123456789abcdef";
	struct state *state = memory;
	char byte;

	(void)unused;
	SSL_set0_rbio(state->ssl, BIO_new_mem_buf(record, sizeof(record) - 1));
	(void)SSL_read(state->ssl, &byte, 1);
	ERR_clear_error();
	return flush(state);
}

int tls_expect_alert(void *memory, size_t alert)
{
	struct state *state = memory;
	char byte;
	int n;

	ERR_clear_error();
	n = SSL_read(state->ssl, &byte, 1);
	(void)flush(state);
	if (n <= 0 && ERR_GET_REASON(ERR_peek_last_error()) ==
			      SSL_AD_REASON_OFFSET + (int)alert) {
		ERR_clear_error();
		return 0;
	}
	return n > 0 ? -1 : deed(state, n);
}

/* Send messages: next() makes one. */
static int flood(struct state *state, size_t count, int (*next)(SSL *ssl))
{
	while (state->done < count) {
		int code = flush(state);

		if (code != 0) {
			return code > 0 ? code : 0;
		}
		if (next(state->ssl) != 1 ||
		    SSL_do_handshake(state->ssl) != 1) {
			ERR_print_errors_fp(stderr);
			return -1;
		}
		state->done++;
	}
	state->done = 0;
	return flush(state);
}

static int update_key(SSL *ssl)
{
	return SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED);
}

int tls_update_keys(void *state, size_t count)
{
	return flood(state, count, update_key);
}

int tls_send_tickets(void *state, size_t count)
{
	return flood(state, count, SSL_new_session_ticket);
}
