/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of tenon-bench: every case and every client has its row. No test asserts a speed. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/builddir.h"
#include "fakes/memcached.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

#define BENCH "tools/bench/tenon-bench"

/*
 * Run tenon-bench with these arguments. Returns its output, or NULL when it ends with
 * another status.
 */
static char *output_of(const char *arguments, int status)
{
	char command[1024];
	char *text = NULL;
	size_t size = 0;
	FILE *pipe;
	int ended;

	enter_builddir();
	snprintf(command, sizeof(command), BENCH " %s", arguments);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	if (getdelim(&text, &size, '\0', pipe) < 0 && text) {
		text[0] = '\0';
	}
	ended = pclose(pipe);
	ck_assert_msg(WIFEXITED(ended) && WEXITSTATUS(ended) == status,
		      "%s: wait status %d", command, ended);
	return text;
}

static json_t *json_of(const char *arguments)
{
	char *text = output_of(arguments, 0);
	json_error_t error;
	json_t *root = json_loads(text, 0, &error);

	ck_assert_msg(root != NULL, "%s: %s", arguments, error.text);
	free(text);
	return root;
}

static void expect_quartiles(json_t *client, const char *name)
{
	json_t *quartiles = json_object_get(client, name);
	double lower = json_real_value(json_object_get(quartiles, "lower"));
	double median = json_real_value(json_object_get(quartiles, "median"));
	double upper = json_real_value(json_object_get(quartiles, "upper"));

	ck_assert_msg(lower > 0, "%s of %s", name,
		      json_string_value(json_object_get(client, "name")));
	ck_assert(lower <= median && median <= upper);
}

/* Check that each case has the same clients with numbers. Returns the number of cases. */
static size_t expect_rows(json_t *cases, size_t clients_min)
{
	size_t clients = json_array_size(json_object_get(
		json_array_get(cases, 0), "clients"));
	json_t *row;
	size_t i;

	ck_assert_uint_ge(clients, clients_min);
	json_array_foreach(cases, i, row) {
		json_t *list = json_object_get(row, "clients");
		json_t *client;
		size_t c;

		ck_assert_uint_eq(json_array_size(list), clients);
		json_array_foreach(list, c, client) {
			if (json_is_true(json_object_get(client, "left_out"))) {
				continue;
			}
			expect_quartiles(client, "wall_us");
			expect_quartiles(client, "wall_ratio");
			expect_quartiles(client, "cpu_ratio");
		}
	}
	return json_array_size(cases);
}

static bool has_client(json_t *cases, const char *name)
{
	json_t *list = json_object_get(json_array_get(cases, 0), "clients");
	json_t *client;
	size_t i;

	json_array_foreach(list, i, client) {
		if (strcmp(json_string_value(json_object_get(client, "name")),
			   name) == 0) {
			return true;
		}
	}
	return false;
}

START_TEST(every_case_and_client_has_a_row)
{
	json_t *root = json_of("--rounds 3 --slice-ms 1 --json");
	json_t *cases = json_object_get(root, "cases");

	ck_assert_uint_eq(expect_rows(cases, 3), 16);
	ck_assert(has_client(cases, "f_blk"));
#ifdef HAVE_URING
	ck_assert(has_client(cases, "f_ring"));
#endif
	ck_assert(has_client(cases, "tenon-poll"));
	ck_assert(has_client(cases, "tenon-blocking"));
	json_decref(root);
}
END_TEST

#ifdef HAVE_TLS
START_TEST(clients_and_the_floor_speak_tls)
{
	json_t *root = json_of(
		"--tls --clients tenon-blocking,tenon-poll --cases get-100,mset-100 "
		"--rounds 3 --slice-ms 1 --json");
	json_t *cases = json_object_get(root, "cases");
	json_t *row;
	json_t *client;
	size_t i;
	size_t c;

	ck_assert_uint_eq(expect_rows(cases, 3), 2);
	json_array_foreach(cases, i, row) {
		json_array_foreach(json_object_get(row, "clients"), c, client) {
			ck_assert(!json_is_true(
				json_object_get(client, "left_out")));
		}
	}
	json_decref(root);
}
END_TEST
#endif

START_TEST(clients_run_in_processes_of_their_own)
{
	json_t *root = json_of(
		"--alone --cases 'get-100,mset-*' --rounds 3 --slice-ms 1 --json");
	json_t *cases = json_object_get(root, "cases");

	ck_assert_uint_eq(expect_rows(cases, 3), 3);
	ck_assert(json_is_true(json_object_get(root, "alone")));
	json_decref(root);
}
END_TEST

START_TEST(the_picture_has_a_bar_for_each_client)
{
	char path[108];
	char arguments[256];
	char *table;
	char line[512];
	size_t bars = 0;
	FILE *file;

	scratch_path(path, sizeof(path));
	snprintf(arguments, sizeof(arguments),
		 "--clients tenon-poll --cases 'get-100*' --rounds 3 --slice-ms 1 --markdown --svg %s",
		 path);
	table = output_of(arguments, 0);
	ck_assert_ptr_nonnull(strstr(table, "| get 100 B, 20 servers |"));
	free(table);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file)) {
		bars += strstr(line, "class=\"value") != NULL;
	}
	fclose(file);
	/* get-100, get-100-20 and get-100k, by wall clock and by CPU time. */
	ck_assert_uint_eq(bars, 3 * 2);
}
END_TEST

START_TEST(system_calls_are_counted)
{
	json_t *root = json_of("count --clients f_blk --cases mget-100 --json");
	json_t *row = json_array_get(json_object_get(root, "cases"), 0);
	json_t *client = json_array_get(json_object_get(row, "clients"), 0);
	json_t *counted = json_object_get(client, "system_calls");

	/* null when strace is missing or may not trace */
	ck_assert(json_is_real(counted) || json_is_null(counted));
	if (json_is_real(counted)) {
		ck_assert_double_eq_tol(json_real_value(counted), 38, 0.05);
	}
	json_decref(root);
}
END_TEST

/* The rows of a mode that has one table: count of them, each key above 0. */
static json_t *expect_table(const char *arguments, size_t count,
			    const char *const *keys)
{
	json_t *root = json_of(arguments);
	json_t *rows = json_object_get(root, "rows");
	json_t *row;
	size_t i;

	ck_assert_uint_eq(json_array_size(rows), count);
	json_array_foreach(rows, i, row) {
		for (size_t k = 0; keys[k]; k++) {
			ck_assert_msg(json_number_value(
					      json_object_get(row, keys[k])) > 0,
				      "%s, row %zu: %s", arguments, i, keys[k]);
		}
	}
	return root;
}

static json_t *cell(json_t *root, size_t row, const char *key)
{
	return json_object_get(json_array_get(json_object_get(root, "rows"),
					      row),
			       key);
}

/* null where valgrind is missing, or cannot run this build */
static void expect_instructions(json_t *counted, double lower, double upper)
{
	double number = json_real_value(counted);

	ck_assert(json_is_real(counted) || json_is_null(counted));
	if (json_is_real(counted)) {
		ck_assert_double_ge(number, lower);
		ck_assert_double_le(number, upper);
	}
}

START_TEST(keys_are_placed_on_small_and_large_rings)
{
	static const char *const keys[] = { "build_ms", "lookup_ns", NULL };
	json_t *root = expect_table(
		"ring --clients tenon,ketama --cases where-20,where-2000 --rounds 1 --slice-ms 1 --json",
		4, keys);

	for (size_t i = 0; i < 4; i++) {
		bool is_alone = i % 2 == 1;

		ck_assert_int_eq(json_integer_value(cell(root, i, "servers")),
				 i < 2 ? 20 : 2000);
		ck_assert_str_eq(json_string_value(cell(root, i, "client")),
				 is_alone ? "ketama" : "tenon");
		/* A search, and a hash, whatever the compiler makes of them. */
		expect_instructions(cell(root, i, "instructions"),
				    is_alone ? 10 : 100, is_alone ? 20000 : 1000000);
	}
	json_decref(root);
}
END_TEST

START_TEST(hash_plugins_hash_one_key_and_many)
{
	static const char *const keys[] = { "key_ns", NULL };
	/* crc32 has no way of its own to hash many. */
	static const char *const rows[][2] = {
		{ "md5", "hash-20" },
		{ "md5", "hash-many-20" },
		{ "crc32", "hash-20" },
	};
	json_t *root = expect_table(
		"hash --clients md5,crc32 --cases '*-20' --rounds 1 --slice-ms 1 --json",
		3, keys);

	for (size_t i = 0; i < 3; i++) {
		ck_assert_str_eq(json_string_value(cell(root, i, "client")),
				 rows[i][0]);
		ck_assert_str_eq(json_string_value(cell(root, i, "case")),
				 rows[i][1]);
		expect_instructions(cell(root, i, "instructions"), 20, 1000000);
	}
	json_decref(root);
}
END_TEST

/* The library is the row in front of its plugin. */
START_TEST(codecs_are_measured_beside_their_libraries)
{
	static const char *const keys[] = { "mb_per_s", NULL };
#ifdef WITH_ZLIB
	size_t count = 4;
#else
	size_t count = 0;
#endif
	json_t *root = expect_table(
		"codec --clients zlib --cases '*-4k' --rounds 1 --slice-ms 1 --json",
		count, keys);

	for (size_t i = 0; i < count; i++) {
		bool is_plugin = i % 2 == 1;

		ck_assert_str_eq(json_string_value(cell(root, i, "case")),
				 i < 2 ? "compress-4k" : "decompress-4k");
		ck_assert_str_eq(json_string_value(cell(root, i, "client")),
				 is_plugin ? "zlib" : "libz");
		expect_instructions(cell(root, i, "instructions_per_byte"), 1,
				    10000);
		/* The library has no ratio to itself. */
		ck_assert(is_plugin ||
			  json_is_null(cell(root, i, "ratio")));
		expect_instructions(cell(root, i, "ratio"), 0.5, 2);
	}
	json_decref(root);
}
END_TEST

START_TEST(a_table_is_markdown)
{
	char *text = output_of(
		"ring --clients tenon --cases where-20 --rounds 1 --slice-ms 1", 0);

	ck_assert_ptr_eq(strstr(text, "| servers | client | build ms |"), text);
	ck_assert_ptr_nonnull(strstr(text, "\n|---:|---|---:|---:|---:|\n"));
	ck_assert_ptr_nonnull(strstr(text, "\n| 20 | tenon | "));
	free(text);
}
END_TEST

START_TEST(split_values_are_measured_beside_whole_ones)
{
	static const char *const keys[] = { "cpu_us", "ratio", "lower", "upper",
					    NULL };
	json_t *root = expect_table("split --rounds 1 --json", 8, keys);

	for (size_t i = 0; i < 8; i++) {
		json_t *client = cell(root, i, "client");
		bool is_floor = strncmp(json_string_value(client), "floor",
					5) == 0;

		ck_assert_str_eq(json_string_value(cell(root, i, "call")),
				 i < 4 ? "set" : "get");
		ck_assert_int_eq(is_floor, i % 4 == 0);
		ck_assert(!is_floor ||
			  json_number_value(cell(root, i, "ratio")) == 1);
	}
	json_decref(root);
}
END_TEST

START_TEST(threads_share_the_clients_of_a_pool)
{
	static const char *const keys[] = { "threads", "gets_per_s", "cpu_us",
					    NULL };
	json_t *root = expect_table(
		"pool --cases threads-2,threads-8 --rounds 2 --slice-ms 50 --json",
		4, keys);

	for (size_t i = 0; i < 4; i++) {
		const char *clients =
			json_string_value(cell(root, i, "clients"));

		ck_assert_int_eq(json_integer_value(cell(root, i, "threads")),
				 i < 2 ? 2 : 8);
		ck_assert_str_eq(clients, i % 2 == 0 ? "pool" : "own");
	}
	json_decref(root);
}
END_TEST

START_TEST(a_wrong_command_line_is_refused)
{
	static const char *const lines[] = { "--rounds 0", "--pin 1", "nothing",
					     "time more", "loop f_blk",
					     "--no-such", "--level 13" };
	char arguments[64];

	snprintf(arguments, sizeof(arguments), "%s 2>/dev/null", lines[_i]);
	free(output_of(arguments, 2));
}
END_TEST

/* Kept in step with tools/bench/modes.c. */
static const char *const modes[] = { "time", "count", "ring",
				     "hash", "codec", "split", "pool", "loop" };
#define MODE_COUNT ((int)(sizeof(modes) / sizeof(modes[0])))

START_TEST(each_mode_has_help_with_an_example)
{
	char arguments[64];
	char usage[64];
	char example[64];
	char *examples;
	char *text;

	snprintf(arguments, sizeof(arguments), "%s --help", modes[_i]);
	snprintf(usage, sizeof(usage), "usage: tenon-bench %s ", modes[_i]);
	snprintf(example, sizeof(example), "tenon-bench %s ", modes[_i]);
	text = output_of(arguments, 0);
	ck_assert_ptr_eq(strstr(text, usage), text);
	examples = strstr(text, "\nExample\n");
	ck_assert_ptr_nonnull(examples);
	ck_assert_ptr_nonnull(strstr(examples, example));
	free(text);
}
END_TEST

START_TEST(the_help_lists_each_mode)
{
	char *text = output_of("--help", 0);
	char line[64];

	for (int i = 0; i < MODE_COUNT; i++) {
		snprintf(line, sizeof(line), "\n  %s ", modes[i]);
		ck_assert_msg(strstr(text, line) != NULL, "%s", modes[i]);
	}
	free(text);
}
END_TEST

START_TEST(an_unknown_case_or_client_is_named)
{
	char *text = output_of("--cases none-such 2>&1", 1);

	ck_assert_ptr_nonnull(strstr(text, "no case matches 'none-such'"));
	free(text);
	text = output_of("--clients none-such 2>&1", 1);
	ck_assert_ptr_nonnull(strstr(text, "no client matches 'none-such'"));
	free(text);
}
END_TEST

static void expect_refusal(const char *arguments, const char *sentence)
{
	char *text = output_of(arguments, 2);

	ck_assert_ptr_nonnull(strstr(text, sentence));
	free(text);
}

START_TEST(tls_is_refused_where_it_cannot_be_measured)
{
	expect_refusal("pool --tls 2>&1", "--tls is not for the mode 'pool'");
	expect_refusal("--tls=ca.pem 2>&1",
		       "--tls: without --servers there is no 'ca.pem'");
	expect_refusal("--tls --servers 127.0.0.1:1 2>&1",
		       "--tls: expected --tls=FILE beside --servers '127.0.0.1:1'");
}
END_TEST

int main(void)
{
	Suite *suite;
	TCase *load;
	TCase *line;

	memcached_require();
	scratch_begin();
	suite = suite_create("bench");
	load = tcase_create("with servers");
	line = tcase_create("command line");
	tcase_set_timeout(load, 30);
	tcase_add_test(load, every_case_and_client_has_a_row);
#ifdef HAVE_TLS
	tcase_add_test(load, clients_and_the_floor_speak_tls);
#endif
	tcase_add_test(load, clients_run_in_processes_of_their_own);
	tcase_add_test(load, the_picture_has_a_bar_for_each_client);
	tcase_add_test(load, system_calls_are_counted);
	tcase_add_test(load, keys_are_placed_on_small_and_large_rings);
	tcase_add_test(load, hash_plugins_hash_one_key_and_many);
	tcase_add_test(load, codecs_are_measured_beside_their_libraries);
	tcase_add_test(load, a_table_is_markdown);
	tcase_add_test(load, split_values_are_measured_beside_whole_ones);
	tcase_add_test(load, threads_share_the_clients_of_a_pool);
	tcase_add_loop_test(line, a_wrong_command_line_is_refused, 0, 7);
	tcase_add_loop_test(line, each_mode_has_help_with_an_example, 0,
			    MODE_COUNT);
	tcase_add_test(line, the_help_lists_each_mode);
	tcase_add_test(line, an_unknown_case_or_client_is_named);
	tcase_add_test(line, tls_is_refused_where_it_cannot_be_measured);
	suite_add_tcase(suite, load);
	suite_add_tcase(suite, line);
	return suite_run(suite);
}
