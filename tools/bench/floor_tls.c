/* SPDX-License-Identifier: BSD-3-Clause */
/* The floor on servers that speak TLS: OpenSSL over blocking sockets. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "floor.h"

struct floor_tls {
	SSL_CTX *context;
	SSL *session;
};

static int fail_tls(const char *call)
{
	char reason[200];

	ERR_error_string_n(ERR_get_error(), reason, sizeof(reason));
	return driver_fail("%s: %s", call, reason);
}

void floor_tls_close(struct floor_tls *tls)
{
	if (tls) {
		SSL_free(tls->session);
		SSL_CTX_free(tls->context);
		free(tls);
	}
}

struct floor_tls *floor_tls_open(int fd, const char *ca_path)
{
	struct floor_tls *tls = alloc_array(1, sizeof(*tls));

	tls->context = SSL_CTX_new(TLS_client_method());
	if (!tls->context ||
	    SSL_CTX_load_verify_file(tls->context, ca_path) != 1) {
		fail_tls(ca_path);
		floor_tls_close(tls);
		return NULL;
	}
	SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(tls->context, SSL_MODE_AUTO_RETRY);
	tls->session = SSL_new(tls->context);
	if (!tls->session || SSL_set_fd(tls->session, fd) != 1 ||
	    SSL_connect(tls->session) != 1) {
		fail_tls("SSL_connect");
		floor_tls_close(tls);
		return NULL;
	}
	return tls;
}

int floor_tls_send(struct floor_tls *tls, const void *bytes, size_t len)
{
	size_t sent;

	/* without SSL_MODE_ENABLE_PARTIAL_WRITE a blocking write sends all */
	return SSL_write_ex(tls->session, bytes, len, &sent) == 1
		       ? 0
		       : fail_tls("SSL_write");
}

ssize_t floor_tls_receive(struct floor_tls *tls, void *bytes, size_t len)
{
	size_t got;

	return SSL_read_ex(tls->session, bytes, len, &got) == 1
		       ? (ssize_t)got
		       : fail_tls("SSL_read");
}
