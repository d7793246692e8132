/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sentences of tls for a handshake or a record that failed: each says what has to be changed. The
 * health record of a server keeps TENON_HEALTH_TEXT_BYTES of a sentence, "secure plugin 'tls': "
 * included. So sentences are short, and long names of a certificate come last.
 */
#ifndef TENON_PLUGINS_SENTENCE_H
#define TENON_PLUGINS_SENTENCE_H

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "certificate.h"
#include "tls_options.h"

#define SENTENCE_BYTES 240

/* ---- the certificate of the server ------------------------------------------ */

/* Say that the certificate is for other names than the one that was expected. */
static void sentence_name(char out[SENTENCE_BYTES], X509 *certificate,
			  const char *expected)
{
	char found[TENON_SECURE_TEXT_BYTES];

	certificate_hosts(found, sizeof(found), certificate);
	if (!found[0]) {
		certificate_subject(found, sizeof(found),
				    X509_get_subject_name(certificate));
	}
	snprintf(out, SENTENCE_BYTES,
		 "the server's certificate is not for '%.70s', but for '%.70s'",
		 expected, found);
}

static void sentence_date(char out[SENTENCE_BYTES], const char *what,
			  const ASN1_TIME *time)
{
	char date[CERTIFICATE_DATE_BYTES];

	certificate_date(date, time);
	snprintf(out, SENTENCE_BYTES, "%s %s", what, date);
}

/* Say that nobody in `ca` has issued this certificate. */
static void sentence_issuer(char out[SENTENCE_BYTES], X509 *certificate)
{
	char issuer[TENON_SECURE_TEXT_BYTES];

	certificate_subject(issuer, sizeof(issuer),
			    X509_get_issuer_name(certificate));
	snprintf(out, SENTENCE_BYTES,
		 "the server's certificate has an unknown issuer: `ca` does not have '%.100s'",
		 issuer);
}

/* Write why OpenSSL does not trust the chain that it has just looked at. */
static void sentence_untrusted(char out[SENTENCE_BYTES], X509_STORE_CTX *store,
			       const char *expected)
{
	int reason = X509_STORE_CTX_get_error(store);
	X509 *certificate = X509_STORE_CTX_get_current_cert(store);
	bool is_own = X509_STORE_CTX_get_error_depth(store) == 0;
	const char *whose = is_own ? "the server's certificate"
				   : "an issuer's certificate";
	char begin[80];

	snprintf(out, SENTENCE_BYTES, "%s is refused: %s", whose,
		 X509_verify_cert_error_string(reason));
	if (!certificate) {
		return;
	}
	switch (reason) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		sentence_name(out, certificate, expected);
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		snprintf(begin, sizeof(begin), "%s has expired on", whose);
		sentence_date(out, begin, X509_get0_notAfter(certificate));
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		snprintf(begin, sizeof(begin), "%s is not valid before", whose);
		sentence_date(out, begin, X509_get0_notBefore(certificate));
		break;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		sentence_issuer(out, certificate);
		break;
	case X509_V_ERR_INVALID_PURPOSE:
		snprintf(out, SENTENCE_BYTES,
			 "%s is not for servers: its key usage says so", whose);
		break;
	default:
		break;
	}
}

/* ---- a server that speaks something else -------------------------------------- */

/* Return true when the bytes begin with this word, or are the first ones of the word. */
static bool sentence_begins(const unsigned char *bytes, size_t len,
			    const char *word)
{
	size_t n = strlen(word);

	return memcmp(bytes, word, len < n ? len : n) == 0;
}

#define SENTENCE_FULL                                                          \
	"the server has no connection left: raise its limit (memcached -c), or lower the number of clients"

/* Return true when the first bytes of a server refuse one more connection. memcached says so without TLS. */
static bool sentence_is_full(const unsigned char *bytes, size_t len)
{
	static const char refusal[] = "ERROR Too many open connections";

	return len >= sizeof(refusal) - 1 &&
	       sentence_begins(bytes, len, refusal);
}

/* Look at the first bytes of a server. Returns true, with a sentence, when they are not TLS. */
static bool sentence_not_tls(char out[SENTENCE_BYTES],
			     const unsigned char *bytes, size_t len)
{
	char text[17];
	size_t n = len < sizeof(text) - 1 ? len : sizeof(text) - 1;

	if (bytes[0] == SSL3_RT_HANDSHAKE || bytes[0] == SSL3_RT_ALERT) {
		return false;
	}
	if (sentence_begins(bytes, len, "ERROR") ||
	    sentence_begins(bytes, len, "CLIENT_ERROR") ||
	    sentence_begins(bytes, len, "SERVER_ERROR")) {
		snprintf(out, SENTENCE_BYTES,
			 "the server speaks plain memcached, and no TLS, on this port");
		return true;
	}
	memcpy(text, bytes, n);
	for (size_t i = 0; i < n; i++) {
		text[i] = text[i] == '\0' ? '?' : text[i];
	}
	text[n] = '\0';
	certificate_clean(text);
	snprintf(out, SENTENCE_BYTES,
		 "the server does not speak TLS on this port; it begins with '%s'",
		 text);
	return true;
}

/* ---- a server that asks for too much ------------------------------------------- */

#define SENTENCE_RENEGOTIATION                                                 \
	"the server has asked for a renegotiation, which is refused: turn it off there, or use TLS 1.3"
#define SENTENCE_ENDLESS                                                       \
	"the server sends messages of TLS without end, and no answer"

/* ---- the other failures ----------------------------------------------------------- */

struct sentence_row {
	int reason; /* of OpenSSL */
	const char *text;
};

static const struct sentence_row sentence_rows[] = {
	{ SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
	  "the server requires a client certificate: set `certificate` and `key`" },
	{ SSL_R_TLSV1_ALERT_UNKNOWN_CA,
	  "the server refused the client's certificate: its issuer is unknown there" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
	  "the server refused the client's certificate: it has expired" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED,
	  "the server refused the client's certificate: it is revoked" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
	  "the server refused the client's certificate" },
	{ SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
	  "the server refused the client's certificate, or the client has none: set `certificate` and `key`" },
	{ SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
	  "the server refused the client's certificate: it is not for clients" },
	{ SSL_R_TLSV1_ALERT_ACCESS_DENIED,
	  "the server refused the client's certificate: access is denied" },
	{ SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
	  "the server refused the handshake: no shared cipher, or it requires `certificate` and `key`" },
	{ SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL,
	  "the server speaks no protocol of `alpn`" },
	{ SSL_R_TLSV1_UNRECOGNIZED_NAME,
	  "the server does not know the name that was asked for: set `server_name`" },
	{ SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC,
	  "a record from the server is damaged" },
};

/* The client has offered its versions, and the server has none of them. */
static void sentence_versions(char out[SENTENCE_BYTES], int minimum)
{
	snprintf(out, SENTENCE_BYTES,
		 "the server speaks TLS %s or older, and `minimum` is %s",
		 minimum == TLS_MINIMUM_1_3 ? "1.2" : "1.1",
		 tls_minimum_words[minimum]);
}

/* Write a sentence for a reason of OpenSSL that is in no row. */
static void sentence_reason(char out[SENTENCE_BYTES], unsigned long code)
{
	const char *reason = ERR_reason_error_string(code);
	int alert = ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET;

	if (ERR_GET_LIB(code) == ERR_LIB_SSL && alert >= 0 && alert < 256) {
		snprintf(out, SENTENCE_BYTES,
			 "the server has ended the session with the alert '%s'",
			 SSL_alert_desc_string_long(alert));
	} else {
		snprintf(out, SENTENCE_BYTES, "TLS failed: %.90s",
			 reason ? reason : "no reason is known");
	}
}

/* Write a sentence for the last error of OpenSSL, and forget OpenSSL's errors. */
static void sentence_failed(char out[SENTENCE_BYTES], int minimum)
{
	unsigned long code = ERR_peek_last_error();
	int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code)
						      : -1;

	sentence_reason(out, code);
	for (size_t i = 0;
	     i < sizeof(sentence_rows) / sizeof(sentence_rows[0]); i++) {
		if (reason == sentence_rows[i].reason) {
			snprintf(out, SENTENCE_BYTES, "%s",
				 sentence_rows[i].text);
		}
	}
	if (reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION ||
	    reason == SSL_R_UNSUPPORTED_PROTOCOL) {
		sentence_versions(out, minimum);
	}
	ERR_clear_error();
}

#endif
