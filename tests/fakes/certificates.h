/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Certificates for tests, made with OpenSSL when a test needs them: small keys on the curve P-256,
 * so that all of them are made in a few milliseconds. Needs libcrypto, so these functions are not
 * in libsuite: a program names $(certificates_sources).
 */
#ifndef TENON_TESTS_FAKES_CERTIFICATES_H
#define TENON_TESTS_FAKES_CERTIFICATES_H

#include <stdbool.h>
#include <stdint.h>

enum certificate_usage {
	CERTIFICATE_SERVER = 0,
	CERTIFICATE_CLIENT = 1,
	CERTIFICATE_CA = 2
};

/* What one certificate is like. */
struct certificate {
	const char *name;   /* of its files: NAME.pem and NAME.key */
	const char *issuer; /* name of the certificate that signs it; NULL: it signs itself */
	const char *hosts;  /* such as "DNS:cache.test,IP:127.0.0.1"; NULL: none */
	enum certificate_usage usage;
	int64_t begins_s, ends_s; /* seconds from now; both 0: from an hour ago to a day ahead */
	const char *password; /* of the key; NULL: the key is not encrypted */
};

/*
 * Make a certificate and its key in a folder. Its subject is "CN=NAME". NAME.pem has the certificate
 * and its chain, without the root. The files of its issuer are in the same folder. Files
 * that are there are replaced, each in one step. Ends the program when something fails.
 */
void certificate_make(const char *folder, const struct certificate *certificate);

/*
 * Make these certificates in a folder:
 *
 *   ca              a root; also as the folder ca.d, named as `openssl rehash` names it
 *   intermediate    issued by ca; it issues server
 *   server          for localhost, cache.test, 127.0.0.1 and ::1
 *   wildcard        for *.cache.test
 *   unnamed         for no host
 *   other-name      for other.test
 *   expired         ended an hour ago
 *   future          begins in an hour
 *   wrong-usage     for clients only, for the hosts of server
 *   self-signed     for the hosts of server, signed by itself
 *   client          for clients, issued by ca
 *   client-locked   the same, with an encrypted key; client-locked.password has the password
 *   client-expired  for clients, ended an hour ago
 *   other-ca        another root, which a test of an unknown issuer trusts
 *   client-other    for clients, issued by other-ca
 *
 * All but server and client-other are issued by ca, unless they are roots.
 */
void certificates_make(const char *folder);

#endif
