/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rings of the config's key `ring`, compared with the placements of the real programs: each file
 * in tests/vectors/rings, interop and libmc is one test. TENON_VECTORS names another folder
 * of such files.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/subject.h"
#include "fakes/rig.h"
#include "plugins/ring_file.h"
#include "runner/suite.h"
#include "tenon/tenon.h"

#define FILES_MAX 1024
#define LINE_BYTES 2048
#define LIST_BYTES 200000 /* of the servers as the text of a config */

/* The ring for a program and its distribution, as the files name them. */
static const struct {
	const char *peer;
	const char *distribution;
	const char *ring;
} rings[] = {
	{ "libmc", "ketama", "libmc" },
	{ "libmemcached", "modula", "libmemcached-modula" },
	{ "libmemcached", "consistent", "libmemcached-consistent" },
	{ "libmemcached", "ketama", "libmemcached-consistent" },
	{ "libmemcached", "ketama_weighted", "libmemcached-weighted" },
	{ "libmemcached", "spy", "libmemcached-spy" },
	{ "twemproxy", "ketama", "twemproxy-ketama" },
	{ "twemproxy", "modula", "twemproxy-modula" },
	{ "memcached", "jump", "memcached-proxy-jump" },
	{ "mcrouter", "ch3", "mcrouter-ch3" },
	{ "mcrouter", "modula", "mcrouter-crc32" },
	{ "mcrouter", "rendezvous", "mcrouter-rendezvous" },
	{ "mcrouter", "weighted-ch3", "mcrouter-weighted-ch3" },
	{ "pymemcache", "rendezvous", "pymemcache" },
	{ "python-memcached", "modula", "python-memcached" },
};

/* tenon's name of a hash, where the program has another one; "": the hash of the ring. */
static const struct {
	const char *peer;
	const char *hash;
	const char *name;
} hashes[] = {
	{ "twemproxy", "crc32", "crc" },
	{ "twemproxy", "crc32a", "crc32" },
	{ "python-memcached", "crc", "" },
	{ "pymemcache", "murmur3_32", "" },
	{ "mcrouter", "own", "" },
};

static char *files[FILES_MAX];
static size_t file_count;

/* The things that a file says of itself. A line `meta config JSON` has the keys of tenon's config. */
struct file {
	char peer[40];
	char distribution[40];
	char hash[40];
	char hash_tag[40];
	char key_form[40];
	char servers[LIST_BYTES];
	size_t servers_len;
	bool has_config; /* the keys of tenon's config stand in the file */
	struct tenon_config *config;
	struct tenon_client *client; /* NULL: no key was read yet */
	size_t keys;
};

static struct file file;
static struct tenon_error err;

static const char *ring_of_file(void)
{
	for (size_t i = 0; i < COUNT(rings); i++) {
		if (strcmp(rings[i].peer, file.peer) == 0 &&
		    strcmp(rings[i].distribution, file.distribution) == 0) {
			return rings[i].ring;
		}
	}
	ck_abort_msg("no ring is known for %s, %s", file.peer,
		     file.distribution);
	return NULL;
}

static const char *hash_of_file(void)
{
	for (size_t i = 0; i < COUNT(hashes); i++) {
		if (strcmp(hashes[i].peer, file.peer) == 0 &&
		    strcmp(hashes[i].hash, file.hash) == 0) {
			return hashes[i].name;
		}
	}
	return file.hash;
}

static void set(const char *key, const char *value)
{
	if (value[0]) {
		ck_assert_msg(tenon_config_set(file.config, key, value, &err) ==
				      0,
			      "%s", err.message);
	}
}

/*
 * Add the server of a line: "address [name]". The weight stands behind a tab, as "weight=N". Files of
 * twemproxy without a config have the weight behind the port, as twemproxy itself.
 */
static void add_server(char *spec, const char *more)
{
	char *alias = strchr(spec, ' ');
	const char *weight = NULL;
	int len;

	if (alias) {
		*alias++ = '\0';
	}
	if (strcmp(file.peer, "twemproxy") == 0 && !file.has_config) {
		char *colon = strrchr(spec, ':');

		*colon = '\0';
		weight = colon + 1;
	}
	if (more && strncmp(more, "weight=", 7) == 0) {
		weight = more + 7;
	}
	len = snprintf(file.servers + file.servers_len,
		       LIST_BYTES - file.servers_len,
		       "%s{address: \"%s\", alias: %s%s%s, weight: %s}",
		       file.servers_len == 0 ? "[" : ", ", spec,
		       alias ? "\"" : "", alias ? alias : "null",
		       alias ? "\"" : "", weight ? weight : "null");
	file.servers_len += (size_t)len;
	ck_assert_uint_lt(file.servers_len + 2, LIST_BYTES);
}

static void open_client(void)
{
	char tag[48];
	char distribution[120];

	strcpy(file.servers + file.servers_len, "]");
	set("servers", file.servers);
	if (!file.has_config) {
		set("ring", ring_of_file());
		set("hash_function", hash_of_file());
	}
	if (file.hash_tag[0]) {
		snprintf(tag, sizeof(tag), "\"%s\"", file.hash_tag);
		set("hash_tag", tag);
	}
	if (file.key_form[0]) {
		snprintf(distribution, sizeof(distribution),
			 "{rendezvous: {of: pymemcache, key_form: %s}}",
			 file.key_form);
		set("distribution", distribution);
	}
	ck_assert_msg(tenon_client_open(file.config, &file.client, &err) == 0,
		      "%s", err.message);
}

static void check_key(const char *key, const char *expected)
{
	size_t server = SIZE_MAX;

	if (!file.client) {
		open_client();
	}
	ck_assert_msg(tenon_client_where(file.client, tenon_slice_of(key),
					 &server, &err) == 0,
		      "%s", err.message);
	ck_assert_msg(server == strtoul(expected, NULL, 10),
		      "key '%s': server %zu, %s has %s", key, server, file.peer,
		      expected);
	file.keys++;
}

static void keep(char out[40], const char *text)
{
	snprintf(out, 40, "%s", text);
}

static void take_meta(const char *name, const char *value)
{
	ck_assert_ptr_nonnull(value);
	if (strcmp(name, "peer") == 0) {
		keep(file.peer, value);
	} else if (strcmp(name, "distribution") == 0) {
		keep(file.distribution, value);
	} else if (strcmp(name, "hash") == 0) {
		keep(file.hash, value);
	} else if (strcmp(name, "key_form") == 0) {
		keep(file.key_form, value);
	} else if (strcmp(name, "config") == 0) {
		file.has_config = true;
		ck_assert_msg(tenon_config_load_text(file.config, "config", value,
						     strlen(value), &err) == 0,
			      "%s", err.message);
	} else if (strcmp(name, "hash_tag") == 0) {
		keep(file.hash_tag, value);
	} else if (strcmp(name, "case") != 0) {
		ck_abort_msg("unknown meta %s", name);
	}
}

static void take_line(char *line)
{
	char *value;
	char *more;

	if (!ring_file_cut(line, &value, &more)) {
		return;
	}
	if (strcmp(line, "meta") == 0) {
		take_meta(value, more);
	} else if (strcmp(line, "server") == 0) {
		add_server(value, more);
	} else {
		/* the lines "walk" and "tries" go on with the next servers */
		ck_assert(strcmp(line, "key") == 0 ||
			  strcmp(line, "walk") == 0 ||
			  strcmp(line, "tries") == 0);
		check_key(value, more);
	}
}

START_TEST(every_key_is_where_the_program_puts_it)
{
	char line[LINE_BYTES];
	FILE *stream = fopen(files[_i], "r");

	ck_assert_msg(stream != NULL, "%s: cannot be read", files[_i]);
	ck_assert_int_eq(tenon_config_create(&file.config, &err), 0);
	while (fgets(line, sizeof(line), stream)) {
		take_line(line);
	}
	fclose(stream);
	ck_assert_uint_ge(file.keys, 20);
	tenon_client_close(file.client);
	tenon_config_destroy(file.config);
}
END_TEST

static int is_vector(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcmp(dot, ".tsv") == 0 &&
	       strcmp(entry->d_name, "values.tsv") != 0;
}

static void add_folder(const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_vector, alphasort);

	for (int i = 0; i < count; i++) {
		if (file_count < FILES_MAX &&
		    asprintf(&files[file_count], "%s/%s", folder,
			     entries[i]->d_name) > 0) {
			file_count++;
		}
		free(entries[i]);
	}
	if (count >= 0) {
		free(entries);
	}
}

static void add_folders(void)
{
	const char *other = getenv("TENON_VECTORS");
	const char *source = getenv("abs_top_srcdir");
	static const char *const folders[] = { "interop", "libmc", "rings" };
	char folder[4096];

	if (other) {
		add_folder(other);
		return;
	}
	for (size_t i = 0; i < COUNT(folders); i++) {
		snprintf(folder, sizeof(folder), "%s/tests/vectors/%s",
			 source ? source : ".", folders[i]);
		add_folder(folder);
	}
}

START_TEST(there_are_files)
{
	ck_assert_uint_ge(file_count, 100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rings");
	TCase *tcase = tcase_create("rings");

	add_folders();
	tcase_set_timeout(tcase, 60);
	if (!getenv("TENON_VECTORS")) {
		tcase_add_test(tcase, there_are_files);
	}
	for (int i = 0; i < (int)file_count; i++) {
		if (strstr(files[i], "xxh3")) {
			subject_add_test_with(
				tcase, "hash_xxh3",
				every_key_is_where_the_program_puts_it, i,
				i + 1);
		} else {
			tcase_add_loop_test(
				tcase, every_key_is_where_the_program_puts_it,
				i, i + 1);
		}
	}
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
