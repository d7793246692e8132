/* SPDX-License-Identifier: BSD-3-Clause */
/* secure tls: real memcached servers with certificates of every kind. */
#include <check.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "conformance/subject.h"
#include "fakes/certificates.h"
#include "fakes/memcached.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/builddir.h"
#include "runner/suite.h"
#include "tenon/health.h"

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

/*
 * Open a client of one server, whose options of tls are these. '@' is the folder of the
 * certificates. more: further lines of the config.
 */
static void open_with(struct rig *rig, const char *server, const char *options,
		      const char *more)
{
	char text[SETTINGS_BYTES];
	char settings[SETTINGS_BYTES + 100];

	expand(text, sizeof(text), options);
	snprintf(settings, sizeof(settings), "tls: {%s}\n%s", text, more);
	rig_open_one(rig, server, settings);
}

/* Open a client of a server that has an alias. */
static void open_as(struct rig *rig, const struct memcached *server,
		    const char *alias, const char *options)
{
	char line[300];

	snprintf(line, sizeof(line), "%s %s", server->address, alias);
	open_with(rig, line, options, "");
}

/* Start a server that wants a client certificate. */
static void start_strict(struct memcached *out)
{
	char more[300];

	expand(more, sizeof(more), ",ssl_ca_cert=@ca.pem,ssl_verify_mode=2");
	start(out, "server", more);
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
	{ "server", "anna", TRUST ", server_name: cache.test.", NULL },
	{ "server", "anna", TRUST ", server_name: '::1'", NULL },
	{ "server", "anna", TRUST ", server_name: 10.0.0.1",
	  "certificate is not for '10.0.0.1', but for 'localhost, cache.test, 127.0.0.1, ::1'" },
	{ "wildcard", "a.cache.test", TRUST, NULL },
	{ "wildcard", "a.b.cache.test", TRUST,
	  "certificate is not for 'a.b.cache.test', but for '*.cache.test'" },
	{ "other-name", "cache.test", TRUST,
	  "certificate is not for 'cache.test', but for 'other.test'" },
	{ "other-name", "cache.test", TRUST ", verify: ca", NULL },
	{ "unnamed", "cache.test", TRUST,
	  "certificate is not for 'cache.test', but for 'CN=unnamed'" },
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
	  "an unknown issuer: `ca` does not have 'CN=self-signed'" },
	{ "self-signed", "cache.test", "ca: '@self-signed.pem'", NULL },
	{ "server", "cache.test", "ca: '@other-ca.pem'",
	  "an unknown issuer: `ca` does not have 'CN=ca'" },
	{ "server", "cache.test", "",
	  "an unknown issuer: `ca` does not have 'CN=ca'" },
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

#define PREFIX "secure plugin 'tls': "

/* Check that the log has this line, from its begin to its end. '@' is the folder of the certificates. */
static void check_logged(const struct rig *rig, const char *line)
{
	char text[SETTINGS_BYTES];
	const char *at;

	expand(text, sizeof(text) - 1, line);
	strcat(text, "\n");
	at = strstr(rig->log, text);
	ck_assert_msg(at && (at == rig->log || at[-1] == '\n'),
		      "no line '%s' in '%s'", line, rig->log);
}

START_TEST(without_verification_each_open_logs_a_warning)
{
	struct memcached server;

	start(&server, "self-signed", "");
	for (int i = 0; i < 2; i++) {
		struct rig rig = { 0 };

		open_as(&rig, &server, "anna", "verify: none");
		check_logged(
			&rig,
			PREFIX
			"verify is none, so the servers' certificates are not looked at: anyone on the way can read and change everything");
		expect_works(&rig);
		rig_close(&rig);
	}
	memcached_stop(&server);
}
END_TEST

/* memcached closes the connection without an alert. */
START_TEST(a_client_without_tls_hears_that_the_server_may_want_it)
{
	struct memcached server;
	struct rig rig = { 0 };

	start(&server, "server", "");
	rig_open_one(&rig, server.address, "tls: false\n");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECLOSED);
	check_says(rig.err.message, "; the server may want TLS");
	rig_close(&rig);
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

	start_strict(&server);
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

/* '@' is the folder of the certificates, with the files of make_odd_files(). */
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
	{ "certificate: '@client.pem'",
	  "key: '@client.pem' has no private key (PEM); set `key` to the file that has it" },
	{ "certificate: '@client.pem', key: '@ca.pem'",
	  "key: '@ca.pem' has no private key (PEM)" },
	{ "certificate: '@client.pem', key: '@empty'",
	  "key: '@empty' has no private key (PEM)" },
	{ "certificate: '@client.pem', key: '@damaged.key'",
	  "key: cannot use '@damaged.key': " },
	{ "certificate: '@client.pem', key: '@server.key'", "key: cannot use '" },
	{ "certificate: '@client.pem', key: '@none.key'", "key: cannot read '" },
	{ "certificate: '@client-locked.pem', key: '@client-locked.key'",
	  "is encrypted, and key_password_file gives no password" },
	{ "certificate: '@client-locked.pem', key: '@client-locked.key', key_password_file: '@ca.pem'",
	  "is encrypted, and the password in key_password_file does not fit" },
	{ "certificate: '@client-locked.pem', key: '@client-locked.key', key_password_file: '@none'",
	  "key_password_file: cannot read '" },
	{ "ca: '@fifo'", "ca: cannot read '@fifo': it is no regular file" },
	{ "certificate: '@fifo'", "certificate: cannot read '@fifo': it is no regular file" },
	{ "certificate: '@fifo', key: '@client.key'",
	  "certificate: cannot read '@fifo': it is no regular file" },
	{ "certificate: '@client.pem', key: '@fifo'",
	  "key: cannot read '@fifo': it is no regular file" },
	{ "certificate: '@client.pem', key: '@'", "': it is no regular file" },
	{ "certificate: '@client-locked.pem', key: '@client-locked.key', key_password_file: '@fifo'",
	  "key_password_file: cannot read '@fifo': it is no regular file" },
	{ "certificate: '@client.pem', key: '@client-locked.key', key_password_file: '@client-locked.password'",
	  "client-locked.key': key values mismatch" },
	{ "verify: sometimes", "expected one of full, ca, none" },
	{ "minimum: 1.1", "expected one of 1.2, 1.3" },
	{ "ciphers: NONESUCH", "ciphers: cannot use 'NONESUCH'" },
	{ "ciphers: TLS_NONESUCH", "ciphers: cannot use 'TLS_NONESUCH'" },
	{ "alpn: ','", "alpn: found ','" },
	{ "alpn: 'a,'", "alpn: found 'a,'" },
};

/* Make a config with these options of tls. Returns 0, or the status with *err. */
static int load_options(struct tenon_config **out, const char *given,
			struct tenon_error *err)
{
	char options[SETTINGS_BYTES];
	char text[SETTINGS_BYTES + 100];

	expand(options, sizeof(options), given);
	snprintf(text, sizeof(text),
		 "servers: [localhost]\nsecure: {tls: {%s}}\n", options);
	ck_assert_int_eq(tenon_config_create(out, err), 0);
	return tenon_config_load_text(*out, "", text, strlen(text), err);
}

/* Check a config with these options of tls. Returns 0, or the status with *err. */
static int check_options(const char *given, struct tenon_error *err)
{
	struct tenon_config *config;
	int code = load_options(&config, given, err);

	if (!code) {
		code = tenon_config_check(config, err);
	}
	tenon_config_destroy(config);
	return code;
}

START_TEST(an_option_that_cannot_be_used_is_refused_with_the_reason)
{
	struct tenon_error err;
	char says[500];

	expand(says, sizeof(says), option_rows[_i].says);
	ck_assert_int_eq(check_options(option_rows[_i].options, &err),
			 TENON_ECONFIG);
	check_says(err.message, says);
}
END_TEST

#define LOCKED \
	"certificate: '@client-locked.pem', key: '@client-locked.key', key_password_file: '@client-locked.password'"

/* Write the files to a new file, one behind the other, and put it in the place of an old one. */
static void join(const char *out_name, const char *first, const char *second)
{
	char out_path[200], new_path[200], path[200], bytes[8192];
	const char *const names[] = { first, second };

	expand(out_path, sizeof(out_path), out_name);
	expand(new_path, sizeof(new_path), "@new");
	FILE *out = fopen(new_path, "we");
	ck_assert_ptr_nonnull(out);
	for (size_t i = 0; i < COUNT(names); i++) {
		expand(path, sizeof(path), names[i]);
		FILE *in = fopen(path, "re");
		ck_assert_ptr_nonnull(in);
		size_t len = fread(bytes, 1, sizeof(bytes), in);
		ck_assert_uint_eq(fwrite(bytes, 1, len, out), len);
		fclose(in);
	}
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_int_eq(rename(new_path, out_path), 0);
}

START_TEST(a_certificate_and_its_key_may_be_in_one_file)
{
	struct tenon_error err;

	join("@both.pem", "@client.pem", "@client.key");
	ck_assert_msg(check_options("certificate: '@both.pem'", &err) == 0,
		      "%s", err.message);
	join("@both.pem", "@client.key", "@client.pem");
	ck_assert_msg(check_options("certificate: '@both.pem'", &err) == 0,
		      "%s", err.message);
	join("@both.pem", "@client.pem", "@server.key");
	ck_assert_int_eq(check_options("certificate: '@both.pem'", &err),
			 TENON_ECONFIG);
	check_says(err.message, "both.pem': key values mismatch");
}
END_TEST

/* IDENTITY_KEY_FILE_MAX_BYTES */
START_TEST(the_file_of_a_key_has_a_mebibyte_at_most)
{
	static const char options[] =
		"certificate: '@client.pem', key: '@large.key'";
	struct tenon_error err;
	char path[200];

	join("@large.key", "@client.key", "@client.pem");
	expand(path, sizeof(path), "@large.key");
	ck_assert_int_eq(truncate(path, 1048576), 0);
	ck_assert_msg(check_options(options, &err) == 0, "%s", err.message);
	ck_assert_int_eq(truncate(path, 1048577), 0);
	ck_assert_int_eq(check_options(options, &err), TENON_ECONFIG);
	check_says(err.message, "large.key' is larger than 1 MiB");
}
END_TEST

/* A second look at the name could find another file than the one that was judged. */
START_TEST(the_files_of_secrets_are_opened_once)
{
	static const char *const names[] = { "@client-locked.key",
					     "@client-locked.password" };
	struct tenon_error err;
	struct inotify_event event;
	char path[200];

	expand(path, sizeof(path), names[_i]);
	int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	ck_assert_int_ge(watch, 0);
	ck_assert_int_ge(inotify_add_watch(watch, path,
					   IN_OPEN | IN_CLOSE_NOWRITE), 0);
	ck_assert_msg(check_options(LOCKED, &err) == 0, "%s", err.message);
	/* without a name an event has the size of the struct */
	ck_assert_int_eq(read(watch, &event, sizeof(event)), sizeof(event));
	ck_assert_uint_eq(event.mask, IN_OPEN);
	ck_assert_int_eq(read(watch, &event, sizeof(event)), sizeof(event));
	ck_assert_uint_eq(event.mask, IN_CLOSE_NOWRITE);
	ck_assert_int_eq(read(watch, &event, sizeof(event)), -1);
	close(watch);
}
END_TEST

/* The core calls this for each memory that is freed. */
static void look_for_key(const void *memory)
{
	static const char text[] = "PRIVATE KEY-----";

	if (memory) {
		ck_assert_ptr_null(
			memmem(memory,
			       malloc_usable_size((void *)(uintptr_t)memory),
			       text, strlen(text)));
	}
}

START_TEST(no_text_of_a_key_is_left_in_memory_that_is_freed)
{
	struct tenon_error err;
	int code;

	tenon__memory_watch(look_for_key);
	code = check_options(IDENTITY("client"), &err);
	ck_assert_msg(code == 0, "%s", err.message);
	code = check_options("certificate: '@client.pem', key: '@server.key'",
			     &err);
	ck_assert_int_eq(code, TENON_ECONFIG);
	tenon__memory_watch(NULL);
}
END_TEST

START_TEST(without_memory_for_a_key_an_open_fails)
{
	struct tenon_config *config;
	struct tenon_error err;
	int code = TENON_ENOMEM;

	ck_assert_int_eq(load_options(&config, LOCKED, &err), 0);
	for (size_t nth = 1; code == TENON_ENOMEM; nth++) {
		tenon__memory_fail_at(nth);
		code = tenon_config_check(config, &err);
		tenon__memory_fail_at(0);
	}
	ck_assert_msg(code == 0, "%s", err.message);
	tenon_config_destroy(config);
}
END_TEST

static const char *const link_rows[] = {
	"certificate: '@client-locked.pem', key: '@link', key_password_file: '@client-locked.password'",
	"certificate: '@client-locked.pem', key: '@client-locked.key', key_password_file: '@link'",
};

/* A container gets its secrets as links. Only root can make the link of another user. */
START_TEST(a_link_to_a_secret_is_followed_unless_it_is_of_another_user)
{
	struct tenon_error err;
	char link[200];

	expand(link, sizeof(link), "@link");
	ck_assert_int_eq(symlink(_i == 0 ? "client-locked.key"
					 : "client-locked.password",
				 link), 0);
	ck_assert_msg(check_options(link_rows[_i], &err) == 0, "%s",
		      err.message);
	if (geteuid() == 0) {
		ck_assert_int_eq(lchown(link, 65534, 65534), 0);
		ck_assert_int_eq(check_options(link_rows[_i], &err),
				 TENON_ECONFIG);
		check_says(err.message, "is a symbolic link of another user");
	}
	ck_assert_int_eq(unlink(link), 0);
}
END_TEST

/* ---- the keys of the config --------------------------------------------------------- */

#define TWO_SERVERS "servers: [{address: '%s', alias: s0%s}, {address: '%s', alias: s1%s}]\n%s"

static const struct key_row {
	const char *first;  /* more keys of the first server, which speaks TLS */
	const char *second; /* and of the second, which does not */
	const char *all;    /* keys of the config */
} key_rows[] = {
	{ "", ", tls: false", "tls: {ca: '@ca.pem'}" },
	{ "", ", secure: none", "secure: {tls: {ca: '@ca.pem'}}" },
	{ "", ", tls: off", "secure: none\ntls: {ca: '@ca.pem'}" },
	{ ", tls: {ca: '@ca.pem'}", "", "" },
	{ ", tls: {ca: '@ca.pem'}", "", "tls: {ca: '@none.pem'}\nsecure: none" },
	{ ", secure: {tls: {ca: '@ca.pem'}}", ", tls: no", "tls: true" },
	{ ", tls: null", ", tls: false", "tls: {ca: '@ca.pem'}" },
};

static void open_two(struct rig *rig, const struct key_row *row,
		     const struct memcached *secured,
		     const struct memcached *plain)
{
	char text[SETTINGS_BYTES];
	char settings[SETTINGS_BYTES];

	snprintf(text, sizeof(text), TWO_SERVERS, secured->address, row->first,
		 plain->address, row->second, row->all);
	expand(settings, sizeof(settings), text);
	rig_open_one(rig, "127.0.0.1:1", settings);
}

START_TEST(each_server_has_tls_or_none)
{
	struct memcached secured, plain;
	struct rig rig = { 0 };
	char keys[2][RIG_KEY_LEN + 1];

	start(&secured, "server", "");
	ck_assert(memcached_start(&plain, MEMCACHED_UNIX, NULL));
	open_two(&rig, &key_rows[_i], &secured, &plain);
	for (size_t i = 0; i < 2; i++) {
		struct tenon_health health;

		rig_key_at(&rig, i, 0, keys[i]);
		ck_assert_msg(rig_set(&rig, keys[i], "v") == TENON_STORED,
			      "%s", rig.err.message);
		tenon_client_health(rig.client, i, &health);
		ck_assert_uint_eq(health.secure.sessions, i == 0);
	}
	rig_close(&rig);
	memcached_stop(&secured);
	memcached_stop(&plain);
}
END_TEST

static const struct option_row refused_keys[] = {
	{ "tls: sometimes", "key 'tls': found 'sometimes', expected true, false or a map of options" },
	{ "tls: [ca]", "key 'tls': found a list" },
	{ "tls: {cafile: x}", "unknown option 'cafile'" },
	{ "servers: [{address: a, tls: maybe}]", "found 'maybe', expected true, false or a map of options" },
	{ "servers: [{address: a, tls: true, secure: none}]",
	  "server: found 'secure' and 'tls', expected one of them" },
	{ "servers: [{address: a, secure: nonesuch}]", "nonesuch" },
};

START_TEST(a_key_that_cannot_be_used_is_refused_with_the_reason)
{
	struct tenon_error err;
	struct tenon_config *config;
	char text[SETTINGS_BYTES];

	snprintf(text, sizeof(text), "%s%s\n",
		 strncmp(refused_keys[_i].options, "servers", 7) == 0
			 ? ""
			 : "servers: [a]\n",
		 refused_keys[_i].options);
	ck_assert_int_eq(tenon_config_create(&config, &err), 0);
	int code = tenon_config_load_text(config, "", text, strlen(text), &err);
	if (!code) {
		code = tenon_config_check(config, &err);
	}
	ck_assert_int_lt(code, 0);
	check_says(err.message, refused_keys[_i].says);
	tenon_config_destroy(config);
}
END_TEST

START_TEST(a_relative_path_starts_from_the_folder_of_the_config)
{
	struct memcached server;
	struct tenon_config *config;
	struct tenon_client *client;
	struct tenon_error err;
	char path[200];

	start(&server, "server", "");
	snprintf(path, sizeof(path), "%s/client.yaml", folder);
	FILE *file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	fprintf(file, "servers: ['%s']\ntls: {ca: ca.pem}\n", server.address);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(tenon_config_create(&config, &err), 0);
	ck_assert_int_eq(tenon_config_load_file(config, path, &err), 0);
	ck_assert_msg(tenon_client_open(config, &client, &err) == 0, "%s",
		      err.message);
	tenon_client_close(client);
	tenon_config_destroy(config);
	memcached_stop(&server);
}
END_TEST

/* ---- sessions that are resumed, and files that change ---------------------------------- */

static void expect_sessions(struct rig *rig, uint64_t sessions,
			    uint64_t resumptions)
{
	struct tenon_health health;

	ck_assert_int_eq(tenon_client_health(rig->client, 0, &health), 0);
	ck_assert_uint_eq(health.secure.sessions, sessions);
	ck_assert_uint_eq(health.secure.resumptions, resumptions);
}

/* On a slow host, max_idle ends between any two requests, so there may be more sessions than two. */
static void expect_resumptions(struct rig *rig, bool resumes)
{
	struct tenon_health health;

	ck_assert_int_eq(tenon_client_health(rig->client, 0, &health), 0);
	ck_assert_uint_ge(health.secure.sessions, 2);
	ck_assert_uint_eq(health.secure.resumptions,
			  resumes ? health.secure.sessions - 1 : 0);
}

/* Use the client, close its connection, and use it again, with a handshake. */
static void reconnect(struct rig *rig)
{
	struct timespec long_enough = { .tv_nsec = 5000000 };

	expect_works(rig);
	nanosleep(&long_enough, NULL); /* longer than max_idle */
	expect_works(rig);
}

static const struct resume_row {
	const char *more;    /* options of memcached */
	const char *options; /* of the client */
	bool resumes;
} resume_rows[] = {
	{ "", TRUST, true },
	{ "", TRUST ", resume: never", false },
	{ ",ssl_session_cache", TRUST, true },
	{ ",ssl_ca_cert=@ca.pem,ssl_verify_mode=2", IDENTITY("client"), false },
	{ ",ssl_ca_cert=@ca.pem,ssl_verify_mode=2,ssl_session_cache",
	  IDENTITY("client"), false },
	{ ",ssl_ca_cert=@ca.pem,ssl_verify_mode=2,ssl_session_cache",
	  IDENTITY("client") ", resume: always", true },
	{ ",ssl_ca_cert=@ca.pem,ssl_verify_mode=1", TRUST, false },
};

START_TEST(a_new_connection_resumes_the_session)
{
	const struct resume_row *row = &resume_rows[_i];
	struct memcached server;
	struct rig rig = { 0 };
	char more[300];

	expand(more, sizeof(more), row->more);
	start(&server, "server", more);
	open_with(&rig, server.address, row->options, "max_idle: 1ms\n");
	reconnect(&rig);
	expect_resumptions(&rig, row->resumes);
	rig_close(&rig);
	memcached_stop(&server);
}
END_TEST

#define DAY_S INT64_C(86400)

/* Ends of the certificates of a chain, in days, and what is told then. */
static const struct chain_row {
	int ca, intermediate, server;
	const char *options;
	int told;
	bool resumes;
} chain_rows[] = {
	{ 400, 200, 90, TRUST, 90, true },
	{ 400, 3, 90, TRUST, 3, true },
	{ 3, 400, 90, TRUST, 3, true },
	{ 400, 3, 90, TRUST ", verify: none", 3, true },
	{ 3, 400, 90, "verify: none", 90, true }, /* the root is not sent */
	{ 400, -3, 90, TRUST ", verify: none", -3, false },
};

static void make_chain(const struct chain_row *row)
{
	const struct certificate chain[] = {
		{ "ca", NULL, NULL, CERTIFICATE_CA, -10 * DAY_S,
		  row->ca * DAY_S, NULL },
		{ "intermediate", "ca", NULL, CERTIFICATE_CA, -10 * DAY_S,
		  row->intermediate * DAY_S, NULL },
		{ "server", "intermediate", "IP:127.0.0.1", CERTIFICATE_SERVER,
		  -10 * DAY_S, row->server * DAY_S, NULL },
	};

	scratch_folder(folder, sizeof(folder));
	for (size_t i = 0; i < COUNT(chain); i++) {
		certificate_make(folder, &chain[i]);
	}
}

START_TEST(the_certificate_of_a_chain_that_ends_first_counts)
{
	const struct chain_row *row = &chain_rows[_i];
	int64_t before_s = (int64_t)time(NULL);
	struct memcached server;
	struct rig rig = { 0 };
	struct tenon_health health;

	make_chain(row);
	int64_t behind_s = (int64_t)time(NULL);
	start(&server, "server", "");
	open_with(&rig, server.address, row->options, "max_idle: 1ms\n");
	for (int i = 0; i < 2; i++) { /* the second session is a resumed one */
		reconnect(&rig);
		tenon_client_health(rig.client, 0, &health);
		ck_assert_int_ge(health.secure.certificate_ends_s,
				 before_s + row->told * DAY_S);
		ck_assert_int_le(health.secure.certificate_ends_s,
				 behind_s + row->told * DAY_S);
	}
	expect_resumptions(&rig, row->resumes);
	rig_close(&rig);
	memcached_stop(&server);
}
END_TEST

START_TEST(files_that_change_are_read_again)
{
	static const struct certificate good = { "client-expired", "ca", NULL,
						 CERTIFICATE_CLIENT, 0, 0,
						 NULL };
	struct memcached server;
	struct rig rig = { 0 };

	scratch_folder(folder, sizeof(folder));
	certificates_make(folder);
	start_strict(&server);
	open_with(&rig, server.address, IDENTITY("client-expired"), RETRY_SOON);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ESECURE);
	certificate_make(folder, &good);
	expect_works(&rig);
	rig_close(&rig);
	memcached_stop(&server);
}
END_TEST

START_TEST(a_secret_that_every_user_can_read_is_a_warning)
{
	struct memcached server;
	struct rig rig = { 0 };
	char path[200];

	scratch_folder(folder, sizeof(folder));
	certificates_make(folder);
	start_strict(&server);
	expand(path, sizeof(path), "@client.key");
	ck_assert_int_eq(chmod(path, 0604), 0);
	open_with(&rig, server.address, IDENTITY("client"), "");
	check_logged(
		&rig,
		PREFIX
		"key: every user can read '@client.key'; chmod o-r would change that");
	expect_works(&rig);
	rig_close(&rig);
	memcached_stop(&server);
}
END_TEST

/* Damage a key: cut it off, or put a FIFO in its place. Returns the end of the line in the log. */
static const char *damage_key(const char *path, bool by_fifo)
{
	if (!by_fifo) {
		ck_assert_int_eq(truncate(path, 20), 0);
		return "key: '@client.key' has no private key (PEM)";
	}
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	return "key: cannot read '@client.key': it is no regular file";
}

START_TEST(files_that_changed_and_cannot_be_used_leave_the_old_ones_in_use)
{
	struct memcached server;
	struct rig rig = { 0 };
	char path[200], line[500];

	scratch_folder(folder, sizeof(folder));
	certificates_make(folder);
	start_strict(&server);
	open_with(&rig, server.address, IDENTITY("client"), "max_idle: 1ms\n");
	expect_works(&rig);
	expand(path, sizeof(path), "@client.key");
	snprintf(line, sizeof(line),
		 PREFIX
		 "a file has changed and cannot be used, so the old one stays in use: %s",
		 damage_key(path, _i == 1));
	reconnect(&rig);
	check_logged(&rig, line);
	size_t lines = rig.log_lines;
	reconnect(&rig);
	ck_assert_uint_eq(rig.log_lines, lines);
	rig_close(&rig);
	memcached_stop(&server);
}
END_TEST

/* `cp -p` and `rsync -t` give a file the time of another one. */
START_TEST(a_file_that_changes_and_keeps_its_time_is_read_again)
{
	struct memcached server;
	struct rig rig = { 0 };
	struct stat before;
	char path[200];

	scratch_folder(folder, sizeof(folder));
	certificates_make(folder);
	start_strict(&server);
	open_with(&rig, server.address, IDENTITY("client"), "max_idle: 1ms\n");
	expect_works(&rig);
	expand(path, sizeof(path), "@client.key");
	ck_assert_int_eq(stat(path, &before), 0);
	FILE *file = fopen(path, "r+e");
	ck_assert_ptr_nonnull(file);
	fputs("damaged", file);
	ck_assert_int_eq(fclose(file), 0);
	const struct timespec times[2] = { before.st_atim, before.st_mtim };
	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
	reconnect(&rig);
	check_says(rig.log, "a file has changed and cannot be used");
	rig_close(&rig);
	memcached_stop(&server);
}
END_TEST

/* ---- the certificates of the system ------------------------------------------------------- */

/* Let these be the certificates of the system. '@' is the folder of the certificates. */
static void set_system(const char *file, const char *folders)
{
	char value[500];

	expand(value, sizeof(value), file);
	ck_assert_int_eq(setenv("SSL_CERT_FILE", value, 1), 0);
	expand(value, sizeof(value), folders);
	ck_assert_int_eq(setenv("SSL_CERT_DIR", value, 1), 0);
}

static void unset_system(void)
{
	unsetenv("SSL_CERT_FILE");
	unsetenv("SSL_CERT_DIR");
}

/* Get with a new connection: the old one is idle for longer than max_idle. */
static int get_anew(struct rig *rig)
{
	struct timespec long_enough = { .tv_nsec = 5000000 };

	nanosleep(&long_enough, NULL);
	return rig_get(rig, "k");
}

/* Each handshake follows SSL_CERT_FILE: an authority is removed, and comes back. */
START_TEST(the_file_of_the_system_is_read_again)
{
	struct memcached server;
	struct rig rig = { 0 };

	start(&server, "server", "");
	join("@system.pem", "@ca.pem", "@other-ca.pem");
	set_system("@system.pem", "@none");
	open_with(&rig, server.address, "", "max_idle: 1ms\n" RETRY_SOON);
	expect_works(&rig);
	join("@system.pem", "@other-ca.pem", "@other-ca.pem");
	ck_assert_int_eq(get_anew(&rig), TENON_ESECURE);
	check_says(rig.err.message, "`ca` does not have 'CN=ca'");
	join("@system.pem", "@other-ca.pem", "@ca.pem");
	expect_works(&rig);
	rig_close(&rig);
	unset_system();
	memcached_stop(&server);
}
END_TEST

/* Empty a folder. Its time changes then, also where the clock of the file system is slow. */
static void empty_folder(const char *name)
{
	const struct timespec tick = { .tv_nsec = 1000000 };
	char command[300], path[200];
	struct stat before, after;

	expand(path, sizeof(path), name);
	ck_assert_int_eq(stat(path, &before), 0);
	snprintf(command, sizeof(command), "rm '%s'/*", path);
	ck_assert_int_eq(system(command), 0);
	do {
		nanosleep(&tick, NULL);
		ck_assert_int_eq(chmod(path, 0700), 0);
		ck_assert_int_eq(stat(path, &after), 0);
	} while (before.st_ctim.tv_sec == after.st_ctim.tv_sec &&
		 before.st_ctim.tv_nsec == after.st_ctim.tv_nsec);
}

static const char *const folder_lists[] = {
	"@ca.d",
	"@none:@ca.d",
	"@ca.d:@none:",
};

/* Without the watch, OpenSSL keeps what it has found in the folder. */
START_TEST(the_folders_of_the_system_are_read_again)
{
	struct memcached server;
	struct rig rig = { 0 };

	scratch_folder(folder, sizeof(folder));
	certificates_make(folder);
	start(&server, "server", "");
	set_system("@none", folder_lists[_i]);
	open_with(&rig, server.address, "", "max_idle: 1ms\n" RETRY_SOON);
	expect_works(&rig);
	empty_folder("@ca.d");
	ck_assert_int_eq(get_anew(&rig), TENON_ESECURE);
	check_says(rig.err.message, "`ca` does not have 'CN=ca'");
	rig_close(&rig);
	unset_system();
	memcached_stop(&server);
}
END_TEST

/* ---- servers that do not speak TLS ------------------------------------------------------- */

START_TEST(a_server_that_speaks_plain_memcached_is_named)
{
	struct memcached server;
	struct rig rig = { 0 };

	rig_transport = subject(_i)->name;
	ck_assert(memcached_start(&server, MEMCACHED_INET, NULL));
	open_as(&rig, &server, "anna", TRUST);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ESECURE);
	check_says(rig.err.message,
		   "the server speaks plain memcached, and no TLS, on this port");
	rig_close(&rig);
	memcached_stop(&server);
}
END_TEST

/* ---- processes ---------------------------------------------------------------------------- */

START_TEST(a_child_of_fork_has_sessions_of_its_own)
{
	struct memcached server;
	struct rig rig = { 0 };
	int status;

	rig_transport = subject(_i)->name;
	start(&server, "server", "");
	open_as(&rig, &server, "anna", TRUST);
	expect_works(&rig);
	pid_t child = fork();
	if (child == 0) {
		bool good = rig_get(&rig, "k") == TENON_HIT &&
			    rig_value_is(&rig, "v");
		rig_close(&rig);
		_exit(good ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	expect_works(&rig);
	expect_sessions(&rig, 1, 0);
	rig_close(&rig);
	memcached_stop(&server);
}
END_TEST

static void fill(Suite *suite)
{
	TCase *tcase = tcase_create("certificates");

	LOOP(tcase, a_certificate_is_accepted_or_the_sentence_says_why_not,
	     COUNT(certificate_rows));
	tcase_add_test(tcase,
		       a_client_without_tls_hears_that_the_server_may_want_it);
	LOOP(tcase, a_server_accepts_the_client_or_the_sentence_says_why_not,
	     COUNT(client_rows));
	LOOP(tcase, an_option_that_cannot_be_used_is_refused_with_the_reason,
	     COUNT(option_rows));
	tcase_add_test(tcase, a_certificate_and_its_key_may_be_in_one_file);
	tcase_add_test(tcase, the_file_of_a_key_has_a_mebibyte_at_most);
	LOOP(tcase, the_files_of_secrets_are_opened_once, 2);
	LOOP(tcase,
	     a_link_to_a_secret_is_followed_unless_it_is_of_another_user,
	     COUNT(link_rows));
	LOOP(tcase, each_server_has_tls_or_none, COUNT(key_rows));
	LOOP(tcase, a_key_that_cannot_be_used_is_refused_with_the_reason,
	     COUNT(refused_keys));
	LOOP(tcase, a_new_connection_resumes_the_session, COUNT(resume_rows));
	LOOP(tcase, the_certificate_of_a_chain_that_ends_first_counts,
	     COUNT(chain_rows));
	tcase_add_test(tcase, files_that_change_are_read_again);
	tcase_add_test(tcase, a_secret_that_every_user_can_read_is_a_warning);
	LOOP(tcase,
	     files_that_changed_and_cannot_be_used_leave_the_old_ones_in_use, 2);
	tcase_add_test(tcase,
		       a_file_that_changes_and_keeps_its_time_is_read_again);
	tcase_add_test(tcase, the_file_of_the_system_is_read_again);
	LOOP(tcase, the_folders_of_the_system_are_read_again,
	     COUNT(folder_lists));
	tcase_add_test(tcase,
		       a_relative_path_starts_from_the_folder_of_the_config);
	tcase_add_test(tcase, without_verification_each_open_logs_a_warning);
	tcase_add_test(tcase, no_text_of_a_key_is_left_in_memory_that_is_freed);
	tcase_add_test(tcase, without_memory_for_a_key_an_open_fails);
	suite_add_tcase(suite, tcase);
}

static bool make_file(const char *name, const char *text)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "we");
	if (!file) {
		return false;
	}
	bool is_written = fputs(text, file) >= 0;
	return fclose(file) == 0 && is_written;
}

/* Files that no option can use. */
static bool make_odd_files(void)
{
	char fifo[200];

	snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
	return mkfifo(fifo, 0600) == 0 && make_file("empty", "") &&
	       make_file("damaged.key", "-----BEGIN PRIVATE KEY-----\nMAAA\n"
					"-----END PRIVATE KEY-----\n");
}

int main(void)
{
	Suite *suite;

	enter_builddir();
	memcached_require();
	scratch_begin();
	scratch_folder(folder, sizeof(folder));
	certificates_make(folder);
	if (!make_odd_files()) {
		perror(folder);
		return EXIT_FAILURE;
	}
	subjects_load(TENON_KIND_TRANSPORT);
	suite = suite_create("tls");
	subjects_add_tests(suite);
	subjects_add_test(values_of_any_length_come_back);
	subjects_add_test(a_server_that_speaks_plain_memcached_is_named);
	subjects_add_test(a_child_of_fork_has_sessions_of_its_own);
	fill(suite);
	return suite_run(suite);
}
