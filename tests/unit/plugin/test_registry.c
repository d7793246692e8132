/* SPDX-License-Identifier: BSD-3-Clause */
#include "plugin/registry.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "runner/builddir.h"
#include "base/error.h"
#include "runner/suite.h"
#include "tenon/introspect.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define TABLE                                                                  \
	"; make sure that .kind is the kind of the table, or rebuild the plugin against tenon/plugin/plugin.h of this version"
#define REBUILD "; rebuild the plugin against tenon/plugin/plugin.h of this version"

/* The size of a struct up to and including the last field of version 1.0. */
#define SIZE_TO(type, field) (offsetof(type, field) + sizeof(((type *)NULL)->field))

/* The fault of each plugin of the zoo, in the words of the error message. */
static const struct {
	const char *file; /* <kind>_<name> */
	/* %zu stands for each of the two sizes, if the message has them */
	const char *problem;
	size_t found;
	size_t expected;
} zoo[] = {
	{ "hash_magic",
	  "magic 0xdeadbeef, expected 0x4e4e4554; it is not a tenon plugin", 0, 0 },
	{ "hash_major", "ABI major 2, expected 1" REBUILD, 0, 0 },
	{ "hash_short", "descriptor of %zu bytes, expected %zu or more" REBUILD,
	  offsetof(struct tenon_plugin, check),
	  SIZE_TO(struct tenon_plugin, check) },
	{ "hash_later",
	  "needs ABI 1.9, expected at most 1.0; the plugin needs a later version of tenon", 0, 0 },
	{ "hash_flags", "unknown flags 0x4, expected 0x0", 0, 0 },
	{ "hash_rows", "option rows of %zu bytes, expected %zu or more" REBUILD, 16,
	  SIZE_TO(struct tenon_option, help) },
	{ "hash_kind",
	  "unknown kind 77, expected hash (1), distribution (2), transport (3), codec (4), failover (5) or secure (6)", 0, 0 },
	{ "hash_name", "name 'No-Name', expected lower_snake of 1..47 bytes", 0, 0 },
	{ "hash_other_kind", "kind failover, expected hash", 0, 0 },
	{ "hash_other_name", "name 'something', expected 'other_name'", 0, 0 },
	{ "hash_version", "no version, expected one line", 0, 0 },
	{ "hash_no_ops", "no table of slots (ops is NULL), expected one", 0, 0 },
	{ "hash_short_ops",
	  "table of slots has %zu bytes, expected %zu or more for kind hash" TABLE, 16,
	  SIZE_TO(struct tenon_hash_ops, bits) },
	{ "hash_no_slot", "required slot 'hash' is missing, expected a function", 0, 0 },
	{ "hash_option", "option 'factor' has a default outside its range, expected min <= def <= max", 0, 0 },
	{ "hash_few", "self-test of 2 vectors, expected 3 or more", 0, 0 },
	{ "hash_no_bits", "hash of 0 bits, expected 1..64", 0, 0 },
	{ "hash_wide", "self-test vector 2 is 0xc3, expected less than 2^7", 0, 0 },
	{ "hash_answer", "self-test vector 2: hash found 0xc3, expected 0xc2", 0, 0 },
	{ "hash_many", "self-test vector 1: hash_many found 0x0, expected 0x61", 0, 0 },
	{ "hash_digest",
	  "self-test vector 1: digest begins with 0x0, expected the low 32 bits of the hash, 0x61", 0, 0 },
	{ "hash_digest_missing", "found digest_words 4, expected 1..16 with a digest slot and 0 without", 0, 0 },
	{ "hash_digest_empty", "found digest_words 0, expected 1..16 with a digest slot and 0 without", 0, 0 },
	/* verify.c: DIGEST_WORDS_MAX */
	{ "hash_digest_wide", "found digest_words 17, expected 1..16 with a digest slot and 0 without", 0, 0 },
	{ "hash_init", "failed before its self-test with -14 (config error): found no mood", 0, 0 },
	{ "hash_nothing", "tenon_plugin_entry returned NULL, expected a descriptor", 0, 0 },
	{ "hash_no_entry",
	  "not a plugin: found no function tenon_plugin_entry, expected the one that TENON_PLUGIN_DEFINE() writes", 0, 0 },
	{ "codec_short_ops",
	  "table of slots has %zu bytes, expected %zu or more for kind codec" TABLE,
	  offsetof(struct tenon_codec_ops, owns_chunks),
	  SIZE_TO(struct tenon_codec_ops, owns_chunks) },
	{ "codec_no_flags", "required slot 'flags' is missing, expected a function", 0, 0 },
	{ "codec_no_decode",
	  "slot 'decode' is missing but slot 'encode' is set, expected all of them or none", 0, 0 },
	{ "codec_no_encode",
	  "slot 'encode' is missing but slot 'decode' is set, expected all of them or none", 0, 0 },
	{ "codec_no_gather",
	  "slot 'gather' is missing but slot 'scatter' is set, expected all of them or none", 0, 0 },
	{ "codec_both",
	  "slots 'encode' and 'scatter' are both set, expected exactly one of them", 0, 0 },
	{ "secure_no_pull", "required slot 'pull' is missing, expected a function", 0, 0 },
	{ "codec_neither",
	  "slots 'encode' and 'scatter' are both missing, expected exactly one of them", 0, 0 },
	{ "transport_no_turn",
	  "slot 'turn' is missing but slot 'begin' is set, expected all of them or none", 0, 0 },
};

static struct tenon_config *config;
static struct tenon_error err;

/* Tests may share one process, so each test begins with the same environment. */
static void setup(void)
{
	setenv("TENON_PLUGIN_PATH", "plugins/.libs", 1);
	ck_assert_int_eq(tenon_config_create(&config, &err), 0);
}

static void teardown(void)
{
	tenon_config_destroy(config);
}

/* Load text as site.yaml. */
static int load(const char *text)
{
	return tenon_config_load_text(config, "site.yaml", text, strlen(text),
				      &err);
}

/* Load a config that is good except for `text`. */
static int check(const char *text)
{
	char whole[2000];
	int code;

	snprintf(whole, sizeof(whole),
		 "%s\nservers: [a, b]\ndistribution: good\nfailover: good\n%s",
		 text, strstr(text, "transport:") ? "" : "transport: good\n");
	code = load(whole);
	return code ? code : tenon_config_check(config, &err);
}

/* Expect the error message "<begin><problem of zoo[row]>". */
static void expect_problem(int row, const char *begin)
{
	char problem[300];
	char expected[600];

	snprintf(problem, sizeof(problem), zoo[row].problem, zoo[row].found,
		 zoo[row].expected);
	snprintf(expected, sizeof(expected), "%s%s", begin, problem);
	ck_assert_str_eq(err.message, expected);
}

static bool is_open(const char *path)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD);

	if (handle) {
		dlclose(handle);
	}
	return handle != NULL;
}

START_TEST(a_plugin_that_is_wrong_in_one_way_is_refused_by_name)
{
	static const char *const kinds[][2] = {
		{ "hash", "hash_function" },
		{ "codec", "codecs" },
		{ "secure", "secure" },
		{ "transport", "transport" },
	};
	size_t k = 0;
	while (strncmp(zoo[_i].file, kinds[k][0], strlen(kinds[k][0])) != 0) {
		k++;
	}
	const char *kind = kinds[k][0];
	const char *key = kinds[k][1];
	const char *name = zoo[_i].file + strlen(kind) + 1;
	unsigned column = (unsigned)strlen(key) + 3;
	char text[200];
	char begin[300];
	char path[100];

	snprintf(path, sizeof(path), BAD_DIR "/%s.so", zoo[_i].file);
	snprintf(text, sizeof(text),
		 "plugin_path: [" BAD_DIR ", " GOOD_DIR "]\n%s: %s", key, name);
	ck_assert_int_eq(check(text), TENON_EPLUGIN);
	snprintf(begin, sizeof(begin),
		 "site.yaml:2:%u: key '%s': %s plugin '%s' (%s): ", column, key,
		 kind, name, path);
	expect_problem(_i, begin);
	ck_assert_str_eq(err.where, "site.yaml");
	ck_assert_uint_eq(err.line, 2);
	ck_assert_uint_eq(err.column, column);
	ck_assert_int_eq(err.code, TENON_EPLUGIN);
	ck_assert(!is_open(path));
}
END_TEST

START_TEST(a_plugin_that_is_wrong_in_one_way_is_refused_by_path)
{
	char text[200];
	char begin[300];

	/* These plugins are refused only when another kind or name is asked for. */
	if (strncmp(zoo[_i].file, "hash_other_", 11) == 0) {
		return;
	}
	snprintf(text, sizeof(text), "plugins:\n  - " BAD_DIR "/%s.so\n",
		 zoo[_i].file);
	ck_assert_int_eq(load(text), TENON_EPLUGIN);
	snprintf(begin, sizeof(begin),
		 "site.yaml:2:5: plugin " BAD_DIR "/%s.so: ", zoo[_i].file);
	expect_problem(_i, begin);
	ck_assert_uint_eq(err.line, 2);
	ck_assert_uint_eq(err.column, 5);
}
END_TEST

START_TEST(a_second_plugin_of_the_same_kind_and_name_is_refused)
{
	ck_assert_int_eq(load("plugins: [" GOOD_DIR "/hash_good.so,\n " BAD_DIR
			      "/hash_twin.so]\n"),
			 TENON_EPLUGIN);
	ck_assert_str_eq(
		err.message,
		"site.yaml:2:2: plugin " BAD_DIR
		"/hash_twin.so: a hash plugin 'good' is registered already (" GOOD_DIR
		"/hash_good.so), expected another name");
	ck_assert(!is_open(BAD_DIR "/hash_twin.so"));
}
END_TEST

START_TEST(a_missing_file_is_refused)
{
	ck_assert_int_eq(load("plugins: [./no/such.so]\n"), TENON_EPLUGIN);
	ck_assert_str_eq(
		err.message,
		"site.yaml:1:11: plugin ./no/such.so: found no file (No such file or directory), expected a shared object");
}
END_TEST

START_TEST(a_folder_is_no_plugin)
{
	ck_assert_int_eq(load("plugins: tests"), TENON_EPLUGIN);
	ck_assert_str_eq(
		err.message,
		"site.yaml:1:10: plugin ./tests: found no regular file, expected a shared object");
}
END_TEST

START_TEST(a_file_that_is_no_shared_object_is_refused)
{
	ck_assert_int_eq(load("plugins: Makefile"), TENON_EPLUGIN);
	ck_assert_str_eq(
		err.message,
		"site.yaml:1:10: plugin ./Makefile: found no ELF file, expected a shared object");
}
END_TEST

/* tests/unit/plugin/test_elf.c has many more damaged files. */
START_TEST(a_truncated_file_is_refused)
{
	char whole[5000];
	FILE *file = fopen(GOOD_DIR "/hash_good.so", "rb");

	ck_assert_uint_eq(fread(whole, 1, sizeof(whole), file), sizeof(whole));
	fclose(file);
	file = fopen("truncated.so", "wb");
	ck_assert_uint_eq(fwrite(whole, 1, sizeof(whole), file), sizeof(whole));
	fclose(file);
	ck_assert_int_eq(load("plugins: truncated.so"), TENON_EPLUGIN);
	ck_assert_ptr_nonnull(strstr(err.message,
		"plugin ./truncated.so: truncated: found 5000 bytes, expected at least "));
	remove("truncated.so");
}
END_TEST

START_TEST(a_plugin_that_is_not_found_says_where_it_was_looked_for)
{
	setenv("TENON_PLUGIN_PATH", ":/no/such/folder::plugins/.libs", 1);
	ck_assert_int_eq(check("plugin_path: " GOOD_DIR
			       "\nhash_function: godo"),
			 TENON_EPLUGIN);
	ck_assert_ptr_nonnull(strstr(
		err.message,
		"site.yaml:2:16: key 'hash_function': hash plugin 'godo' not found; did you mean 'good'? Searched: built-in plugins, and hash_godo.so in " GOOD_DIR
		", /no/such/folder, plugins/.libs, "));
	ck_assert_uint_eq(err.line, 2);
	ck_assert_uint_eq(err.column, 16);
}
END_TEST

START_TEST(nothing_is_suggested_where_nothing_is_near)
{
	ck_assert_int_eq(check("hash_function: surely_not_there"),
			 TENON_EPLUGIN);
	ck_assert_ptr_nonnull(strstr(
		err.message,
		"hash plugin 'surely_not_there' not found; searched: built-in plugins, and hash_surely_not_there.so in "));
}
END_TEST

/* Built-in, registered, or a file that was not loaded yet. */
START_TEST(a_plugin_of_another_kind_with_that_name_is_told)
{
	static const struct {
		const char *line;
		const char *said;
	} rows[] = {
		{ "plugin_path: " GOOD_DIR "\nhash_function: ketama",
		  "hash plugin 'ketama' not found; a distribution plugin has that name; " },
		{ "plugin_path: " GOOD_DIR "\nhash_function: halves",
		  "hash plugin 'halves' not found; a codec plugin has that name; " },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(check(rows[i].line), TENON_EPLUGIN);
		ck_assert_msg(strstr(err.message, rows[i].said) != NULL,
			      "found '%s', expected '%s'", err.message,
			      rows[i].said);
	}
}
END_TEST

START_TEST(a_path_is_not_taken_for_a_name)
{
	ck_assert_int_eq(check("plugin_path: " GOOD_DIR
			       "\nhash_function: ../.libs/hash_good.so"),
			 TENON_EPLUGIN);
	ck_assert_str_eq(
		err.message,
		"site.yaml:2:16: key 'hash_function': found '../.libs/hash_good.so', expected the name of a hash plugin; to load a file, add it to the key 'plugins'");
}
END_TEST

START_TEST(a_long_name_is_no_name)
{
	ck_assert_int_eq(
		check("hash_function: "
		      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
		TENON_EPLUGIN);
	ck_assert_ptr_nonnull(
		strstr(err.message, "expected the name of a hash plugin"));
}
END_TEST

START_TEST(plugins_are_found_in_the_folders_of_the_config)
{
	ck_assert_msg(check("plugin_path: [" GOOD_DIR "]\nhash_function: GOOD") ==
			      0,
		      "%s", err.message);
}
END_TEST

START_TEST(plugins_are_found_in_the_folders_of_the_environment)
{
	setenv("TENON_PLUGIN_PATH", "/no/such/folder:" GOOD_DIR, 1);
	ck_assert_msg(check("hash_function: good") == 0, "%s", err.message);
}
END_TEST

START_TEST(plugins_that_were_loaded_by_path_are_found_by_name)
{
	ck_assert_msg(check("plugins: [" GOOD_DIR "/hash_good.so, " GOOD_DIR
			    "/distribution_good.so, " GOOD_DIR
			    "/transport_good.so, ./" GOOD_DIR
			    "/failover_good.so]\nhash_function: good") == 0,
		      "%s", err.message);
}
END_TEST

/* hash_twin.so also has the name good. The first file with the name is taken. */
START_TEST(the_folders_of_the_config_come_first)
{
	char folder[] = "first-XXXXXX";
	char text[200];
	char path[60];
	FILE *file;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/hash_good.so", folder);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fclose(file);
	setenv("TENON_PLUGIN_PATH", GOOD_DIR, 1);
	snprintf(text, sizeof(text), "plugin_path: %s\nhash_function: good",
		 folder);
	ck_assert_int_eq(check(text), TENON_EPLUGIN);
	ck_assert_ptr_nonnull(strstr(err.message, path));
	remove(path);
	remove(folder);
}
END_TEST

START_TEST(a_registered_plugin_stays_open)
{
	ck_assert_int_eq(load("plugins: [" GOOD_DIR "/hash_good.so]"), 0);
	tenon_config_destroy(config);
	config = NULL;
	ck_assert(is_open(GOOD_DIR "/hash_good.so"));
}
END_TEST

START_TEST(a_plugin_of_a_later_minor_works)
{
	ck_assert_msg(
		check("plugin_path: " GOOD_DIR
		      "\nhash_function: {newer: {first: 1, second: 9}}") == 0,
		"%s", err.message);
	ck_assert_int_eq(check("hash_function: {newer: {second: 10}}"),
			 TENON_ECONFIG);
	ck_assert_ptr_nonnull(strstr(err.message, "option 'second': found '10'"));
}
END_TEST

/* ---- listing plugins ---------------------------------------------------- */

struct seen {
	int core;
	int good;
	int codecs;
	int refused;
	int others_refused;
	char problem[400];
};

static void look(const struct tenon_plugin_info *info, void *payload)
{
	struct seen *seen = payload;

	if (strcmp(info->kind, "core") == 0) {
		seen->core++;
		ck_assert_uint_ge(info->option_count, 14);
	}
	if (strcmp(info->kind, "failover") == 0 &&
	    strcmp(info->name, "good") == 0) {
		const struct tenon_option_info *window = &info->options[1];

		seen->good++;
		ck_assert_str_eq(info->origin, GOOD_DIR "/failover_good.so");
		ck_assert_str_eq(info->version, "1");
		ck_assert_str_eq(info->problem, "");
		ck_assert_uint_eq(info->option_count, 6);
		ck_assert_str_eq(window->name, "window");
		ck_assert_str_eq(window->type, "duration");
		ck_assert_str_eq(window->default_text, "10s");
		ck_assert_str_eq(window->range, "1s..1min");
		ck_assert_str_eq(window->units, "us, ms, s, min, h");
		ck_assert_str_eq(window->bare_unit, "");
		ck_assert_str_eq(window->help, "time in which failures count");
		ck_assert_str_eq(info->options[4].choices, "lax, strict");
	}
	if (strcmp(info->kind, "codec") == 0 &&
	    strcmp(info->name, "good") == 0) {
		seen->codecs++;
		ck_assert_str_eq(info->origin, GOOD_DIR "/codec_good.so");
		ck_assert_uint_eq(info->option_count, 2);
		ck_assert_str_eq(info->options[1].name, "room");
		ck_assert_str_eq(info->options[1].default_text, "1KiB");
	}
	if (info->problem[0] != '\0') {
		seen->others_refused++;
		ck_assert_ptr_null(info->options);
		if (strcmp(info->name, "major") == 0) {
			seen->refused++;
			ck_assert_str_eq(info->kind, "hash");
			ck_assert_str_eq(info->origin,
					 BAD_DIR "/hash_major.so");
			snprintf(seen->problem, sizeof(seen->problem), "%s",
				 info->problem);
		}
	}
}

START_TEST(every_plugin_in_the_search_path_is_listed_refused_or_not)
{
	struct seen seen = { .core = 0 };

	ck_assert_int_eq(load("plugin_path: [" GOOD_DIR ", " BAD_DIR "]"), 0);
	ck_assert_int_eq(tenon_config_each_plugin(config, look, &seen, &err),
			 0);
	ck_assert_int_eq(seen.core, 1);
	ck_assert_int_eq(seen.good, 1);
	ck_assert_int_eq(seen.codecs, 1);
	ck_assert_int_eq(seen.refused, 1);
	/* plus hash_twin.so, whose name is not twin. */
	ck_assert_int_eq(seen.others_refused, COUNT(zoo) + 1);
	ck_assert_str_eq(seen.problem, "ABI major 2, expected 1" REBUILD);
}
END_TEST

static void find_timeouts(const struct tenon_plugin_info *info, void *payload)
{
	int *found = payload;

	for (size_t i = 0;
	     strcmp(info->kind, "core") == 0 && i < info->option_count; i++) {
		const struct tenon_option_info *option = &info->options[i];

		if (strcmp(option->name, "retry_timeout") == 0) {
			ck_assert_str_eq(option->default_text, "5s");
			ck_assert_str_eq(option->bare_unit, "s");
			(*found)++;
		} else if (strcmp(option->name, "max_value_bytes") == 0) {
			ck_assert_str_eq(option->default_text, "16MiB");
			ck_assert_str_eq(option->range, "1KiB..1GiB");
			ck_assert_str_eq(option->bare_unit, "");
			(*found)++;
		} else if (strcmp(option->name, "hash_function") == 0) {
			ck_assert_str_eq(option->type, "plugin");
			ck_assert_str_eq(option->default_text, "md5");
			(*found)++;
		} else if (strcmp(option->name, "codecs") == 0) {
			ck_assert_str_eq(option->type, "list");
			ck_assert_str_eq(option->default_text, "zlib, split");
			(*found)++;
		}
	}
}

START_TEST(the_keys_of_the_config_are_listed_too)
{
	int found = 0;

	ck_assert_int_eq(tenon_config_each_plugin(config, find_timeouts, &found,
						  &err),
			 0);
	ck_assert_int_eq(found, 4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("registry");
	TCase *refusals = tcase_create("refusals");
	TCase *finding = tcase_create("finding");
	TCase *listing = tcase_create("listing");

	enter_builddir();
	tcase_add_checked_fixture(refusals, setup, teardown);
	tcase_add_loop_test(
		refusals, a_plugin_that_is_wrong_in_one_way_is_refused_by_name,
		0, COUNT(zoo));
	tcase_add_loop_test(
		refusals, a_plugin_that_is_wrong_in_one_way_is_refused_by_path,
		0, COUNT(zoo));
	tcase_add_test(refusals,
		       a_second_plugin_of_the_same_kind_and_name_is_refused);
	tcase_add_test(refusals, a_missing_file_is_refused);
	tcase_add_test(refusals, a_folder_is_no_plugin);
	tcase_add_test(refusals, a_file_that_is_no_shared_object_is_refused);
	tcase_add_test(refusals, a_truncated_file_is_refused);
	suite_add_tcase(suite, refusals);
	tcase_add_checked_fixture(finding, setup, teardown);
	tcase_add_test(finding,
		       a_plugin_that_is_not_found_says_where_it_was_looked_for);
	tcase_add_test(finding, nothing_is_suggested_where_nothing_is_near);
	tcase_add_test(finding, 
		       a_plugin_of_another_kind_with_that_name_is_told);
	tcase_add_test(finding, a_path_is_not_taken_for_a_name);
	tcase_add_test(finding, a_long_name_is_no_name);
	tcase_add_test(finding, plugins_are_found_in_the_folders_of_the_config);
	tcase_add_test(finding,
		       plugins_are_found_in_the_folders_of_the_environment);
	tcase_add_test(finding,
		       plugins_that_were_loaded_by_path_are_found_by_name);
	tcase_add_test(finding, the_folders_of_the_config_come_first);
	tcase_add_test(finding, a_registered_plugin_stays_open);
	tcase_add_test(finding, a_plugin_of_a_later_minor_works);
	suite_add_tcase(suite, finding);
	tcase_add_checked_fixture(listing, setup, teardown);
	tcase_add_test(listing,
		       every_plugin_in_the_search_path_is_listed_refused_or_not);
	tcase_add_test(listing, the_keys_of_the_config_are_listed_too);
	suite_add_tcase(suite, listing);
	return suite_run(suite);
}
