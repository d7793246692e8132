/* SPDX-License-Identifier: BSD-3-Clause */
/* secure tls: real memcached servers with certificates of every kind. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/subject.h"
#include "fakes/certificates.h"
#include "fakes/memcached.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/builddir.h"
#include "runner/suite.h"

#define SETTINGS_BYTES 2000

static char folder[108]; /* of the certificates */

/* ---- servers and clients -------------------------------------------------- */

/* Start memcached with this certificate. more: further settings of -o, or "". */
static void start(struct memcached *out, const char *certificate,
		  const char *more)
{
	char option[512];

	snprintf(option, sizeof(option),
		 "-Z -o ssl_chain_cert=%s/%s.pem,ssl_key=%s/%s.key%s", folder,
		 certificate, folder, certificate, more);
	ck_assert(memcached_start(out, MEMCACHED_INET, option));
}

/* Write a text to out, with the folder of the certificates in the place of each '@'. */
static void expand(char *out, size_t bytes, const char *text)
{
	size_t len = 0;

	for (; *text != '\0'; text++) {
		len += (size_t)snprintf(out + len, bytes - len,
					*text == '@' ? "%s/" : "%.1s",
					*text == '@' ? folder : text);
		ck_assert_uint_lt(len, bytes);
	}
	out[len] = '\0';
}

/* Open a client of one server, whose options of tls are these. '@' is the folder of the certificates. */
static void open_with(struct rig *rig, const char *server, const char *options)
{
	char text[SETTINGS_BYTES];
	char settings[SETTINGS_BYTES + 100];

	expand(text, sizeof(text), options);
	snprintf(settings, sizeof(settings),
		 "secure: {tls: {%s}}\nfailover: {none: {}}\n", text);
	rig_open_one(rig, server, settings);
}

/* Open a client of a server that has an alias. */
static void open_as(struct rig *rig, const struct memcached *server,
		    const char *alias, const char *options)
{
	char line[300];

	snprintf(line, sizeof(line), "%s %s", server->address, alias);
	open_with(rig, line, options);
}

#define TRUST "ca: '@ca.pem'"

static void expect_works(struct rig *rig)
{
	ck_assert_msg(rig_set(rig, "k", "v") == TENON_STORED, "%s",
		      rig->err.message);
	ck_assert_int_eq(rig_get(rig, "k"), TENON_HIT);
	ck_assert(rig_value_is(rig, "v"));
}

/* ---- every transport --------------------------------------------------------- */

START_TEST(values_of_any_length_come_back)
{
	static const size_t lengths[] = { 0,	 1,	100,   16000, 16384,
					  16385, 65536, 100000, 900000 };
	struct memcached server;
	struct rig rig = { 0 };

	rig_transport = subject(_i)->name;
	start(&server, "server", "");
	open_as(&rig, &server, "anna", TRUST);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		char *value = binary_value(lengths[i], (unsigned)i);
		const struct tenon_item given = {
			.key = slice("k"),
			.value = { value, lengths[i] },
		};

		ck_assert_msg(rig_one(&rig, TENON_SET, &given, 0) ==
				      TENON_STORED,
			      "%s", rig.err.message);
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_HIT);
		ck_assert(result_value_is(&rig.result, value, lengths[i]));
		free(value);
	}
	rig_close(&rig);
	memcached_stop(&server);
}
END_TEST

/* ---- certificates ------------------------------------------------------------- */

static const struct certificate_row {
	const char *certificate; /* of the server */
	const char *alias;
	const char *options;
	const char *says; /* a part of the sentence; NULL: the certificate is accepted */
} certificate_rows[] = {
	{ "server", "cache.test", TRUST, NULL },
	{ "server", "anna", TRUST, NULL }, /* by its IP address */
	{ "server", "anna", "ca: '@ca.d'", NULL },
	{ "server", "anna", TRUST ", server_name: cache.test", NULL },
	{ "server", "anna", TRUST ", server_name: CACHE.TEST", NULL },
	{ "server", "anna", TRUST ", server_name: '::1'", NULL },
	{ "server", "anna", TRUST ", server_name: 10.0.0.1",
	  "for another name: expected '10.0.0.1', found 'localhost, cache.test, 127.0.0.1, ::1'" },
	{ "wildcard", "a.cache.test", TRUST, NULL },
	{ "wildcard", "a.b.cache.test", TRUST,
	  "for another name: expected 'a.b.cache.test', found '*.cache.test'" },
	{ "other-name", "cache.test", TRUST,
	  "for another name: expected 'cache.test', found 'other.test'" },
	{ "other-name", "cache.test", TRUST ", verify: ca", NULL },
	{ "unnamed", "cache.test", TRUST,
	  "for another name: expected 'cache.test', found 'CN=unnamed'" },
	{ "expired", "cache.test", TRUST,
	  "the server's certificate has expired on 20" },
	{ "expired", "cache.test", TRUST ", verify: ca",
	  "the server's certificate has expired on 20" },
	{ "expired", "cache.test", TRUST ", verify: none", NULL },
	{ "future", "cache.test", TRUST,
	  "the server's certificate is not valid before 20" },
	{ "wrong-usage", "cache.test", TRUST,
	  "the server's certificate is not for servers: its key usage says so" },
	{ "self-signed", "cache.test", TRUST,
	  "an unknown issuer, 'CN=self-signed': `ca` does not have it" },
	{ "self-signed", "cache.test", "ca: '@self-signed.pem'", NULL },
	{ "server", "cache.test", "ca: '@other-ca.pem'",
	  "an unknown issuer, 'CN=ca': `ca` does not have it" },
	{ "server", "cache.test", "",
	  "an unknown issuer, 'CN=ca': `ca` does not have it" },
	{ "server", "cache.test", TRUST ", minimum: 1.3", NULL },
};

START_TEST(a_certificate_is_accepted_or_the_sentence_says_why_not)
{
	const struct certificate_row *row = &certificate_rows[_i];
	struct memcached server;
	struct rig rig = { 0 };

	start(&server, row->certificate, "");
	open_as(&rig, &server, row->alias, row->options);
	if (row->says) {
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_ESECURE);
		check_says(rig.err.message, row->says);
		check_says(rig.err.message, row->alias);
	} else {
		expect_works(&rig);
	}
	rig_close(&rig);
	memcached_stop(&server);
}
END_TEST

START_TEST(without_verification_each_open_logs_a_warning)
{
	struct memcached server;

	start(&server, "self-signed", "");
	for (int i = 0; i < 2; i++) {
		struct rig rig = { 0 };

		open_as(&rig, &server, "anna", "verify: none");
		check_says(rig.log, "verify is none");
		expect_works(&rig);
		rig_close(&rig);
	}
	memcached_stop(&server);
}
END_TEST

/* ---- certificates of clients ------------------------------------------------------ */

#define IDENTITY(name) \
	TRUST ", certificate: '@" name ".pem', key: '@" name ".key'"

static const struct client_row {
	const char *options;
	const char *says; /* NULL: the server accepts the client */
} client_rows[] = {
	{ IDENTITY("client"), NULL },
	{ IDENTITY("client-locked")
	  ", key_password_file: '@client-locked.password'",
	  NULL },
	{ TRUST, "the server requires a client certificate" },
	{ IDENTITY("client-other"),
	  "the server refused the client's certificate: its issuer is unknown there" },
	{ IDENTITY("client-expired"),
	  "the server refused the client's certificate: it has expired" },
	{ IDENTITY("wildcard"),
	  "the server refused the client's certificate: it is not for clients" },
};

START_TEST(a_server_accepts_the_client_or_the_sentence_says_why_not)
{
	const struct client_row *row = &client_rows[_i];
	struct memcached server;
	struct rig rig = { 0 };
	char more[200];

	snprintf(more, sizeof(more), ",ssl_ca_cert=%s/ca.pem,ssl_verify_mode=2",
		 folder);
	start(&server, "server", more);
	open_as(&rig, &server, "anna", row->options);
	if (row->says) {
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_ESECURE);
		check_says(rig.err.message, row->says);
	} else {
		expect_works(&rig);
	}
	rig_close(&rig);
	memcached_stop(&server);
}
END_TEST

/* ---- options that are refused ------------------------------------------------------- */

static const struct option_row {
	const char *options;
	const char *says;
} option_rows[] = {
	{ "ca: '@none.pem'", "ca: cannot read '" },
	{ "ca: '@ca.key'", "ca: cannot use '" },
	{ "ca: '@'", "has no certificate that `openssl rehash` has named" },
	{ "key: '@client.key'", "found a key without a certificate" },
	{ "key_password_file: '@client.key'",
	  "found a key_password_file without a certificate" },
	{ "certificate: '@none.pem'", "certificate: cannot read '" },
	{ "certificate: '@client.pem'", "key: cannot use '" },
	{ "certificate: '@client.pem', key: '@server.key'", "key: cannot use '" },
	{ "certificate: '@client.pem', key: '@none.key'", "key: cannot read '" },
	{ "certificate: '@client-locked.pem', key: '@client-locked.key'",
	  "is encrypted, and key_password_file gives no password" },
	{ "certificate: '@client-locked.pem', key: '@client-locked.key', key_password_file: '@ca.pem'",
	  "is encrypted, and the password in key_password_file does not fit" },
	{ "certificate: '@client-locked.pem', key: '@client-locked.key', key_password_file: '@none'",
	  "key_password_file: cannot read '" },
	{ "verify: sometimes", "expected one of full, ca, none" },
	{ "minimum: 1.1", "expected one of 1.2, 1.3" },
	{ "ciphers: NONESUCH", "ciphers: cannot use 'NONESUCH'" },
	{ "ciphers: TLS_NONESUCH", "ciphers: cannot use 'TLS_NONESUCH'" },
	{ "alpn: ','", "alpn: found ','" },
	{ "alpn: 'a,'", "alpn: found 'a,'" },
};

START_TEST(an_option_that_cannot_be_used_is_refused_with_the_reason)
{
	struct tenon_error err;
	struct tenon_config *config;
	char options[SETTINGS_BYTES];
	char text[SETTINGS_BYTES + 100];

	expand(options, sizeof(options), option_rows[_i].options);
	snprintf(text, sizeof(text),
		 "servers: [localhost]\nsecure: {tls: {%s}}\n", options);
	ck_assert_int_eq(tenon_config_create(&config, &err), 0);
	int code = tenon_config_load_text(config, "", text, strlen(text), &err);
	if (!code) {
		code = tenon_config_check(config, &err);
	}
	ck_assert_int_eq(code, TENON_ECONFIG);
	check_says(err.message, option_rows[_i].says);
	tenon_config_destroy(config);
}
END_TEST

static void fill(Suite *suite)
{
	TCase *tcase = tcase_create("certificates");

	LOOP(tcase, a_certificate_is_accepted_or_the_sentence_says_why_not,
	     COUNT(certificate_rows));
	LOOP(tcase, a_server_accepts_the_client_or_the_sentence_says_why_not,
	     COUNT(client_rows));
	LOOP(tcase, an_option_that_cannot_be_used_is_refused_with_the_reason,
	     COUNT(option_rows));
	tcase_add_test(tcase, without_verification_each_open_logs_a_warning);
	suite_add_tcase(suite, tcase);
}

int main(void)
{
	Suite *suite;

	enter_builddir();
	memcached_require();
	scratch_begin();
	scratch_folder(folder, sizeof(folder));
	certificates_make(folder);
	subjects_load(TENON_KIND_TRANSPORT);
	suite = suite_create("tls");
	subjects_add_tests(suite);
	subjects_add_test(values_of_any_length_come_back);
	fill(suite);
	return suite_run(suite);
}
