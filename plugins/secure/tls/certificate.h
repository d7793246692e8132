/* SPDX-License-Identifier: BSD-3-Clause */
/* What a certificate says, as texts for people and as numbers. */
#ifndef TENON_PLUGINS_CERTIFICATE_H
#define TENON_PLUGINS_CERTIFICATE_H

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tenon/plugin/secure.h"

/* Cut a text that was too long for its room: it ends with "...". */
static void certificate_cut(char *out, size_t bytes)
{
	memcpy(out + bytes - sizeof("..."), "...", sizeof("..."));
}

/* A certificate comes from the network: no byte of it may move a terminal's cursor. */
static void certificate_clean(char *text)
{
	for (; *text != '\0'; text++) {
		if (*text < ' ' || *text > '~') {
			*text = '?';
		}
	}
}

/* Write a name such as "CN=cache.example.net,O=Example" to out. */
static void certificate_subject(char *out, size_t bytes, X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len = 0;

	out[0] = '\0';
	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
		len = BIO_get_mem_data(bio, &text);
		snprintf(out, bytes, "%.*s", (int)len, text);
	}
	if ((size_t)len >= bytes) {
		certificate_cut(out, bytes);
	}
	certificate_clean(out);
	BIO_free(bio);
}

/* Write one name of a host to out. Returns false for a name of another kind. */
static bool certificate_host(char *out, size_t bytes, const GENERAL_NAME *name)
{
	int type;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
	const unsigned char *data;
	int len;

	if (type != GEN_DNS && type != GEN_IPADD) {
		return false;
	}
	data = ASN1_STRING_get0_data(value);
	len = ASN1_STRING_length(value);
	if (type == GEN_DNS) {
		snprintf(out, bytes, "%.*s", len, (const char *)data);
		return true;
	}
	return (len == 4 || len == 16) &&
	       inet_ntop(len == 4 ? AF_INET : AF_INET6, data, out,
			 (socklen_t)bytes);
}

/* Write all names of hosts that a certificate is for, with commas between. "": there are none. */
static void certificate_hosts(char *out, size_t bytes, X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(
		certificate, NID_subject_alt_name, NULL, NULL);
	size_t len = 0;

	out[0] = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && len < bytes; i++) {
		char host[TENON_SECURE_TEXT_BYTES];

		if (certificate_host(host, sizeof(host),
				     sk_GENERAL_NAME_value(names, i))) {
			len += (size_t)snprintf(out + len, bytes - len, "%s%s",
						len > 0 ? ", " : "", host);
		}
	}
	if (len >= bytes) {
		certificate_cut(out, bytes);
	}
	certificate_clean(out);
	GENERAL_NAMES_free(names);
}

/* Return the Unix time of a time in a certificate; 0 when it has none. */
static int64_t certificate_time(const ASN1_TIME *time)
{
	struct tm parts;

	return time && ASN1_TIME_to_tm(time, &parts) ? (int64_t)timegm(&parts)
						     : 0;
}

#define CERTIFICATE_DATE_BYTES 24

/* Write a time in a certificate as "2026-11-28 22:00 UTC". */
static void certificate_date(char out[CERTIFICATE_DATE_BYTES],
			     const ASN1_TIME *time)
{
	struct tm parts;

	snprintf(out, CERTIFICATE_DATE_BYTES, "an unknown time");
	if (ASN1_TIME_to_tm(time, &parts)) {
		strftime(out, CERTIFICATE_DATE_BYTES, "%Y-%m-%d %H:%M UTC",
			 &parts);
	}
}

static void certificate_tell(struct tenon_secure_certificate *out,
			     X509 *certificate)
{
	out->not_before_s =
		certificate_time(X509_get0_notBefore(certificate));
	out->not_after_s = certificate_time(X509_get0_notAfter(certificate));
	certificate_subject(out->subject, sizeof(out->subject),
			    X509_get_subject_name(certificate));
	certificate_subject(out->issuer, sizeof(out->issuer),
			    X509_get_issuer_name(certificate));
	certificate_hosts(out->names, sizeof(out->names), certificate);
}

#endif
