/* SPDX-License-Identifier: BSD-3-Clause */
/* secure tls: values through every transport, version of TLS and codec, and gets over 20 servers. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/subject.h"
#include "fakes/certificates.h"
#include "fakes/memcached.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/builddir.h"
#include "runner/suite.h"
#include "tenon/health.h"

#define SERVERS	 20
#define VERSIONS 2

static char folder[108]; /* of the certificates */

/* The even ones speak TLS 1.2 only. */
static struct memcached servers[SERVERS];

static const char *const protocols[VERSIONS] = { "TLSv1.2", "TLSv1.3" };

/* ---- servers and clients ------------------------------------------------------- */

/* Before the tests run, so without assertions of libcheck. */
static void must(bool so, const char *what)
{
	if (!so) {
		perror(what);
		exit(EXIT_FAILURE);
	}
}

/* Write a config of OpenSSL with TLS 1.2 as the highest version: memcached has no option for it. */
static void write_limit(const char *path)
{
	FILE *file = fopen(path, "we");

	must(file, path);
	fputs("openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\n"
	      "system_default = limit\n[limit]\nMaxProtocol = TLSv1.2\n",
	      file);
	must(fclose(file) == 0, path);
}

/* Start the servers once for all tests. */
static void start_servers(void)
{
	char option[512];
	char limit[200];

	snprintf(limit, sizeof(limit), "%s/limit.cnf", folder);
	write_limit(limit);
	snprintf(option, sizeof(option),
		 "-Z -o ssl_chain_cert=%s/server.pem,ssl_key=%s/server.key",
		 folder, folder);
	for (size_t i = 0; i < SERVERS; i++) {
		if (i % VERSIONS == 0) {
			setenv("OPENSSL_CONF", limit, 1);
		}
		must(memcached_start(&servers[i], MEMCACHED_INET, option),
		     option);
		unsetenv("OPENSSL_CONF");
	}
}

static void stop_servers(void)
{
	for (size_t i = 0; i < SERVERS; i++) {
		memcached_stop(&servers[i]);
	}
}

/* Open a client of `count` servers from this one on. */
static void open_client(struct rig *rig, size_t first, size_t count,
			const char *codecs)
{
	const char *lines[SERVERS];
	char settings[300];

	for (size_t i = 0; i < count; i++) {
		lines[i] = servers[first + i].address;
	}
	snprintf(settings, sizeof(settings),
		 "item_max: 1MiB\ncodecs: %s\ntls: {ca: '%s/ca.pem'}\n", codecs,
		 folder);
	rig_open_at(rig, lines, count, settings);
}

/* ---- values -------------------------------------------------------------------- */

static const struct row {
	const char *codecs;
	const char *plugin; /* that it needs; NULL: none */
	size_t large;	    /* length of the largest value */
} rows[] = {
	{ "none", NULL, 1000000 },
	{ "[zlib]", "codec_zlib", 1000000 },
	{ "[lz4]", "codec_lz4", 1000000 },
	{ "[split]", "codec_split", 5000000 },
};

static void check_value(struct rig *rig, size_t len)
{
	char *value = binary_value(len, (unsigned)len);
	const struct tenon_item given = { .key = slice("k"),
					  .value = { value, len } };

	ck_assert_msg(rig_one(rig, TENON_SET, &given, 0) == TENON_STORED, "%s",
		      rig->err.message);
	ck_assert_int_eq(rig_get(rig, "k"), TENON_HIT);
	ck_assert(result_value_is(&rig->result, value, len));
	free(value);
}

static void check_values(const struct row *row, size_t version)
{
	/* none, few, and those around the 16 KiB of a record */
	static const size_t lengths[] = { 0, 1, 100, 16383, 16384, 16385 };
	struct tenon_health health;
	struct rig rig = { 0 };

	open_client(&rig, version, 1, row->codecs);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		check_value(&rig, lengths[i]);
	}
	check_value(&rig, row->large);
	ck_assert_int_eq(tenon_client_health(rig.client, 0, &health), 0);
	ck_assert_str_eq(health.secure.protocol, protocols[version]);
	rig_close(&rig);
}

START_TEST(values_come_back_in_every_version_over_every_transport)
{
	for (int i = 0; i < subjects_count(); i++) {
		rig_transport = subject(i)->name;
		for (size_t version = 0; version < VERSIONS; version++) {
			check_values(&rows[_i], version);
		}
	}
}
END_TEST

/* ---- many servers ---------------------------------------------------------------- */

#define KEYS	  400
#define KEY_BYTES 16

/* Items whose values are other for each transport. */
static void make_items(struct tenon_item *items, char keys[KEYS][KEY_BYTES],
		       char values[KEYS][KEY_BYTES])
{
	for (size_t i = 0; i < KEYS; i++) {
		snprintf(keys[i], KEY_BYTES, "key:%u", (unsigned)i % 10000);
		snprintf(values[i], KEY_BYTES, "%s %zu", rig_transport, i);
		items[i] = item(keys[i], values[i]);
	}
}

START_TEST(a_get_over_twenty_servers_finds_all_keys)
{
	static char keys[KEYS][KEY_BYTES], values[KEYS][KEY_BYTES];
	struct tenon_item items[KEYS];
	struct rig rig = { 0 };

	rig_transport = subject(_i)->name;
	make_items(items, keys, values);
	open_client(&rig, 0, SERVERS, "none");
	ck_assert_msg(rig_run(&rig, TENON_SET, items, KEYS, 0) == 0, "%s",
		      rig.err.message);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, KEYS, 0), 0);
	for (size_t i = 0; i < KEYS; i++) {
		ck_assert(result_value_is(&rig.results[i], values[i],
					  strlen(values[i])));
	}
	for (size_t i = 0; i < SERVERS; i++) {
		struct tenon_health health;

		tenon_client_health(rig.client, i, &health);
		ck_assert_str_eq(health.secure.protocol,
				 protocols[i % VERSIONS]);
	}
	rig_close(&rig);
}
END_TEST

/* ---- many requests on one connection ---------------------------------------------- */

static const struct pipeline_row {
	size_t count, len; /* of the values */
} pipeline_rows[] = { { 400, 100 }, { 40, 3000 }, { 40, 16000 }, { 8, 100000 } };

static void check_pipeline(struct rig *rig, const struct pipeline_row *row)
{
	char keys[KEYS][KEY_BYTES];
	struct tenon_item items[KEYS];
	char *value = binary_value(row->len, 1);

	for (size_t i = 0; i < row->count; i++) {
		snprintf(keys[i], KEY_BYTES, "key:%u", (unsigned)i % 10000);
		items[i] = item(keys[i], NULL);
		items[i].value = (struct tenon_slice){ value, row->len };
	}
	ck_assert_msg(rig_run(rig, TENON_SET, items, row->count, 0) == 0, "%s",
		      rig->err.message);
	ck_assert_int_eq(rig_run(rig, TENON_GET, items, row->count, 0), 0);
	for (size_t i = 0; i < row->count; i++) {
		ck_assert(result_value_is(&rig->results[i], value, row->len));
	}
	free(value);
}

/* memcached waits for its socket while bytes that it has decrypted wait: filter.c: push_pieces(). */
START_TEST(many_sets_on_one_connection_are_answered)
{
	rig_transport = subject(_i)->name;
	for (size_t i = 0; i < COUNT(pipeline_rows); i++) {
		for (size_t version = 0; version < VERSIONS; version++) {
			struct rig rig = { 0 };

			open_client(&rig, version, 1, "none");
			check_pipeline(&rig, &pipeline_rows[i]);
			rig_close(&rig);
		}
	}
}
END_TEST

/* ---- the suite --------------------------------------------------------------------- */

int main(void)
{
	TCase *tcase = tcase_create("codecs");
	Suite *suite;
	int status;

	enter_builddir();
	memcached_require();
	scratch_begin();
	scratch_folder(folder, sizeof(folder));
	certificates_make(folder);
	start_servers();
	subjects_load(TENON_KIND_TRANSPORT);
	suite = suite_create("tls_values");
	subjects_add_tests(suite);
	subjects_add_test(a_get_over_twenty_servers_finds_all_keys);
	subjects_add_test(many_sets_on_one_connection_are_answered);
	for (int i = 0; i < (int)COUNT(rows); i++) {
		const TTest *test =
			values_come_back_in_every_version_over_every_transport;

		if (rows[i].plugin) {
			subject_add_test_with(tcase, rows[i].plugin, test, i,
					      i + 1);
		} else {
			tcase_add_loop_test(tcase, test, i, i + 1);
		}
	}
	suite_add_tcase(suite, tcase);
	status = suite_run(suite);
	stop_servers();
	return status;
}
