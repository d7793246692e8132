/* SPDX-License-Identifier: BSD-3-Clause */
/* secure tls: each sentence fits in a health record, with the name of the plugin in front of it. */
#include <check.h>

#include "runner/suite.h"
#include "sentence.h"
#include "tenon/health.h"

#define PREFIX "secure plugin 'tls': "
/* The longest sentence that a health record keeps, and the longest one that the core passes on. */
#define FITS_BYTES  (TENON_HEALTH_TEXT_BYTES - sizeof(PREFIX))
#define WHOLE_BYTES 200
#define HOST	    "cache-1.prod.example.org"
/* Behind the last reason of OpenSSL that is no alert, and the last reason of a chain. */
#define REASONS	      1000
#define CHAIN_REASONS 100

static void check_fits(const char *sentence)
{
	ck_assert_uint_gt(strlen(sentence), 0);
	ck_assert_msg(strlen(sentence) <= FITS_BYTES, "%zu bytes: %s",
		      strlen(sentence), sentence);
}

/* ---- reasons of OpenSSL ------------------------------------------------------- */

static void fail_with_reason(int reason)
{
	char out[SENTENCE_BYTES];

	for (int minimum = TLS_MINIMUM_1_2; minimum <= TLS_MINIMUM_1_3;
	     minimum++) {
		ERR_raise(ERR_LIB_SSL, reason);
		sentence_failed(out, minimum);
		check_fits(out);
	}
}

START_TEST(the_sentence_of_each_reason_fits)
{
	for (int reason = 1; reason < REASONS; reason++) {
		fail_with_reason(reason);
	}
	for (int alert = 0; alert < 256; alert++) {
		fail_with_reason(SSL_AD_REASON_OFFSET + alert);
	}
}
END_TEST

START_TEST(the_sentences_of_the_plugin_itself_fit)
{
	static const unsigned char full[] = "ERROR Too many open connections\r\n";

	ck_assert(sentence_is_full(full, sizeof(full) - 1));
	check_fits(SENTENCE_FULL);
	check_fits(SENTENCE_RENEGOTIATION);
	check_fits(SENTENCE_ENDLESS);
}
END_TEST

START_TEST(a_server_without_tls_has_a_sentence_that_fits)
{
	static const char *const greetings[] = {
		"ERROR\r\n", "SSH-2.0-OpenSSH_9.2p1 Debian", "x"
	};

	for (size_t i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++) {
		char out[SENTENCE_BYTES] = "";

		ck_assert(sentence_not_tls(
			out, (const unsigned char *)greetings[i],
			strlen(greetings[i])));
		check_fits(out);
	}
}
END_TEST

/* ---- certificates ------------------------------------------------------------- */

/* Make a certificate whose subject and issuer have this name, without a key. */
static X509 *make_certificate(const char *name)
{
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_NAME_new();

	ck_assert(certificate && subject);
	ck_assert_int_eq(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
						    (const unsigned char *)name,
						    -1, -1, 0), 1);
	X509_set_subject_name(certificate, subject);
	X509_set_issuer_name(certificate, subject);
	X509_NAME_free(subject);
	ck_assert(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
	ck_assert(X509_gmtime_adj(X509_getm_notAfter(certificate), 0));
	return certificate;
}

/* Write the sentence of a certificate that OpenSSL refused for this reason, at this depth of the chain. */
static void refuse(char out[SENTENCE_BYTES], const char *name, int reason,
		   int depth)
{
	X509_STORE_CTX *store = X509_STORE_CTX_new();
	X509 *certificate = make_certificate(name);

	ck_assert(store);
	X509_STORE_CTX_set_current_cert(store, certificate); /* has it now */
	X509_STORE_CTX_set_error(store, reason);
	X509_STORE_CTX_set_error_depth(store, depth);
	sentence_untrusted(out, store, name);
	X509_STORE_CTX_free(store);
	X509_free(certificate);
}

START_TEST(the_sentence_of_each_refused_certificate_fits)
{
	char out[SENTENCE_BYTES];

	for (int reason = 1; reason < CHAIN_REASONS; reason++) {
		for (int depth = 0; depth < 2; depth++) {
			refuse(out, HOST, reason, depth);
			check_fits(out);
		}
	}
}
END_TEST

static const struct {
	int reason;
	const char *says; /* at least so much is in the health record */
} long_names[] = {
	{ X509_V_ERR_HOSTNAME_MISMATCH,
	  "certificate is not for 'aaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
	  "unknown issuer: `ca` does not have 'CN=aaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
};

/* A common name has 64 bytes at most. */
START_TEST(the_useful_part_of_a_sentence_comes_before_long_names)
{
	char name[65] = "";
	char out[SENTENCE_BYTES];

	memset(name, 'a', sizeof(name) - 1);
	refuse(out, name, long_names[_i].reason, 0);
	ck_assert_uint_le(strlen(out), WHOLE_BYTES);
	out[FITS_BYTES] = '\0';
	ck_assert_ptr_nonnull(strstr(out, long_names[_i].says));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tls_sentences");
	TCase *tcase = tcase_create("all");

	(void)certificate_tell; /* of the same header; no sentence needs it */
	tcase_add_test(tcase, the_sentence_of_each_reason_fits);
	tcase_add_test(tcase, the_sentences_of_the_plugin_itself_fit);
	tcase_add_test(tcase, a_server_without_tls_has_a_sentence_that_fits);
	tcase_add_test(tcase, the_sentence_of_each_refused_certificate_fits);
	tcase_add_loop_test(tcase,
			    the_useful_part_of_a_sentence_comes_before_long_names,
			    0, sizeof(long_names) / sizeof(long_names[0]));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
