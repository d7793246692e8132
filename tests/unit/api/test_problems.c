/* SPDX-License-Identifier: BSD-3-Clause */
/* tenon_config_each_problem(): all errors of a config, in the order of the file. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "runner/builddir.h"
#include "runner/suite.h"
#include "tenon/introspect.h"

static struct dirent **broken;
static int broken_count;
static char folder[400];
static struct tenon_config *config;
static struct tenon_error err;
static char told[20000];
static size_t told_count;
static char log_lines[1000];

static void tell(const struct tenon_error *problem, void *payload)
{
	size_t used = strlen(told);

	ck_assert_ptr_eq(payload, told);
	ck_assert(problem->code == TENON_ECONFIG ||
		  problem->code == TENON_EPLUGIN);
	snprintf(told + used, sizeof(told) - used, "%s\n", problem->message);
	told_count++;
}

static void keep_line(void *payload, int level, const char *line)
{
	size_t used = strlen(log_lines);

	(void)payload;
	(void)level;
	snprintf(log_lines + used, sizeof(log_lines) - used, "%s\n", line);
}

static void set_up(void)
{
	log_lines[0] = '\0';
	ck_assert_int_eq(tenon_config_create(&config, &err), 0);
	tenon_config_set_log(config, keep_line, NULL);
}

static void tear_down(void)
{
	tenon_config_destroy(config);
}

/* A test of a file changes the folder. The next test of this process starts in the old one. */
static char start[400];

static void tear_down_file(void)
{
	tear_down();
	ck_assert_int_eq(chdir(start), 0);
}

static int find(void)
{
	told[0] = '\0';
	told_count = 0;
	return tenon_config_each_problem(config, tell, told, &err);
}

static void load(const char *name, const char *text)
{
	tenon_config_load_text(config, name, text, strlen(text), NULL);
}

/* Expect that these lines are told. Each begins a line of the problems, in this order. */
static void expect_lines(const char *const *lines)
{
	const char *at = told;

	for (; *lines; lines++) {
		ck_assert_msg(strncmp(at, *lines, strlen(*lines)) == 0,
			      "expected '%s' in\n%s", *lines, told);
		at = strchr(at, '\n') + 1;
	}
	ck_assert_msg(*at == '\0', "more than expected: %s", at);
}

#define EXPECT(...)                                                            \
	expect_lines((const char *const[]){ __VA_ARGS__, NULL })

/* In a build without codecs, a file that names one has another mistake beside its own. */
static bool is_left_out(const char *name)
{
	return !suite_has_codecs() &&
	       (strcmp(name, "failover-write.yaml") == 0 ||
		strstr(name, "codec"));
}

static int is_file(const struct dirent *entry)
{
	if (is_left_out(entry->d_name)) {
		printf("# left out: configs/%s\n", entry->d_name);
		fflush(stdout);
		return 0;
	}
	return entry->d_name[0] != '.';
}

START_TEST(a_file_with_one_mistake_has_one_problem)
{
	const char *name = broken[_i]->d_name;
	char first[sizeof(err.message) + 1];
	int code;

	ck_assert_int_eq(chdir(folder), 0);
	code = tenon_config_load_file(config, name, &err);
	if (!code) {
		code = tenon_config_check(config, &err);
	}
	snprintf(first, sizeof(first), "%s\n", err.message);
	ck_assert_int_eq(find(), code);
	ck_assert_str_eq(told, first);
	ck_assert_int_eq(err.code, code);
}
END_TEST

START_TEST(a_good_config_has_no_problem)
{
	load("good.yaml", "servers: [a, b]\nprefix: x\n");
	ck_assert_int_eq(find(), 0);
	ck_assert_str_eq(told, "");
	ck_assert_int_eq(err.code, 0);
	ck_assert_int_eq(tenon_config_check(config, &err), 0);
}
END_TEST

START_TEST(problems_come_in_the_order_of_the_file)
{
	load("site.yaml", "hash_function: md6\n"
			  "servers:\n"
			  "  - a:99999\n"
			  "  - b:1 x\n"
			  "  - {wieght: 3, address: c}\n"
			  "  - d:1 x\n"
			  "  - d:1 y\n"
			  "  - {address: e, weight: 0, pol: f}\n"
			  "prefx: 1\n"
			  "poll_timeout: 5x\n"
			  "failover: {none: {no: 1, nor: 2}}\n"
			  "transport: [poll]\n"
			  "poll_timeout: 5\n"
			  "distribution: kettle\n");
	ck_assert_int_eq(find(), TENON_EPLUGIN);
	EXPECT("site.yaml:1:16: key 'hash_function': hash plugin 'md6' not found",
	       "site.yaml:3:5: server 'a:99999': the port",
	       "site.yaml:5:6: server: unknown option 'wieght'",
	       "site.yaml:6:5: servers: alias 'x' is used twice, first in site.yaml:4",
	       "site.yaml:8:26: server: option 'weight': found '0'",
	       "site.yaml:8:29: server: unknown option 'pol'",
	       "site.yaml:9:1: key 'prefx': unknown",
	       "site.yaml:10:15: key 'poll_timeout': found '5x'",
	       "site.yaml:11:19: failover plugin 'none' (built-in): unknown option 'no'",
	       "site.yaml:11:26: failover plugin 'none' (built-in): unknown option 'nor'",
	       "site.yaml:12:12: key 'transport': found a list",
	       "site.yaml:13:1: key 'poll_timeout' is set twice, first in line 10",
	       "site.yaml:14:15: key 'distribution': distribution plugin 'kettle' not found");
	ck_assert_str_eq(err.where, "site.yaml");
	ck_assert_uint_eq(err.line, 1);
}
END_TEST

START_TEST(the_config_stays_as_it_is)
{
	load("site.yaml", "servers: [a, b]\nprefx: a\nfailover: {none: {x: 1}}\n");
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(find(), TENON_ECONFIG);
		EXPECT("site.yaml:2:1: ", "site.yaml:3:19: ");
	}
	ck_assert_int_eq(tenon_config_set(config, "prefix", "p", &err), 0);
	ck_assert_int_eq(tenon_config_check(config, &err), 0);
}
END_TEST

START_TEST(keys_that_were_set_come_last)
{
	tenon_config_set(config, "prefx", "a", NULL);
	tenon_config_set(config, "poll_timeout", "5x", NULL);
	tenon_config_set(config, "hash_function", "md7", NULL);
	tenon_config_set(config, "transport", "{", NULL);
	tenon_config_set(config, "distribution", "kettle", NULL);
	load("site.yaml", "servers: [a:0]\nprefix: [a]\n");
	ck_assert_int_eq(find(), TENON_ECONFIG);
	EXPECT("site.yaml:1:11: server 'a:0'", "site.yaml:2:9: key 'prefix'",
	       "key 'prefx': unknown", "key 'poll_timeout': found '5x'",
	       "key 'transport': not YAML: ");
	/* with a server, the plugins are looked at as well */
	ck_assert_int_eq(tenon_config_add_server(config, "b:1", NULL, 1, &err), 0);
	ck_assert_int_eq(find(), TENON_ECONFIG);
	EXPECT("site.yaml:1:11: ", "site.yaml:2:9: ", "key 'prefx': ",
	       "key 'poll_timeout': ",
	       "key 'hash_function': hash plugin 'md7' not found",
	       "key 'transport': ",
	       "key 'distribution': distribution plugin 'kettle' not found");
}
END_TEST

START_TEST(texts_come_in_the_order_in_which_they_were_given)
{
	load("first.yaml", "prefx: a\nservers: [a]\nconnect_timeout: x\n");
	load("second.yaml", "servers: [a:0]\nprefx: 1\n");
	load("third.yaml", "{");
	ck_assert_int_eq(find(), TENON_ECONFIG);
	EXPECT("first.yaml:1:1: ", "first.yaml:3:18: ", "second.yaml:1:11: ",
	       "second.yaml:2:1: ", "third.yaml:");
}
END_TEST

START_TEST(a_missing_server_is_told_when_nothing_else_is_wrong)
{
	load("site.yaml", "prefix: a\n");
	ck_assert_int_eq(find(), TENON_ECONFIG);
	EXPECT("site.yaml: no server: add `servers:`");
	load("more.yaml", "prefx: a\n");
	ck_assert_int_eq(find(), TENON_ECONFIG);
	EXPECT("more.yaml:1:1: key 'prefx': unknown");
}
END_TEST

START_TEST(servers_that_are_all_spare_are_one_problem)
{
	load("site.yaml", "servers: [{address: a, pool: x}, {address: b, pool: x}]\n");
	ck_assert_int_eq(find(), TENON_ECONFIG);
	EXPECT("site.yaml:1:11: servers: every server is in a spare pool");
}
END_TEST

/* TENON_PROBLEM_MAX_COUNT */
START_TEST(a_hundred_problems_are_enough)
{
	char text[4000];
	size_t used = (size_t)snprintf(text, sizeof(text), "servers:\n");

	for (int i = 0; i < 101; i++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "  - a:%d\n", 70000 + i);
	}
	load("site.yaml", text);
	ck_assert_int_eq(find(), TENON_ECONFIG);
	ck_assert_uint_eq(told_count, 100);
	ck_assert_ptr_nonnull(strstr(told, "site.yaml:101:5: "));
	ck_assert_ptr_null(strstr(told, "site.yaml:102:5: "));
}
END_TEST

START_TEST(a_warning_is_logged_once_also_when_something_is_wrong)
{
	load("site.yaml", "plugin_path: " GOOD_DIR "\nservers: [a, b]\n"
			  "distribution: {nature: {crowd: 1}}\n"
			  "prefx: 1\nprefy: 1\ncodecs: none\n");
	ck_assert_int_eq(find(), TENON_ECONFIG);
	ck_assert_uint_eq(told_count, 2);
	const char *line = strstr(log_lines, "the first server has a crowd\n");
	ck_assert_ptr_nonnull(line);
	ck_assert_ptr_null(strstr(line + 1, "the first server has a crowd"));
}
END_TEST

START_TEST(any_allocation_may_fail)
{
	int code;
	size_t n;

	for (n = 1; told_count != 4; n++) {
		ck_assert_uint_lt(n, 5000);
		tear_down();
		set_up();
		load("site.yaml", "servers: [a:0, b]\nprefx: 1\nhash_function: md6\n");
		tenon_config_set(config, "distribution", "kettle", NULL);
		tenon__memory_fail_from(n);
		code = find();
		tenon__memory_fail_from(0);
		if (code == TENON_ENOMEM) {
			ck_assert_uint_eq(told_count, 0);
		}
	}
	ck_assert_int_eq(code, TENON_ECONFIG);
	ck_assert_uint_gt(n, 100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("problems");
	TCase *files = tcase_create("files");
	TCase *orders = tcase_create("orders");
	const char *top = getenv("abs_top_srcdir");
	char path[500];

	snprintf(folder, sizeof(folder), "%s/tests/configs/broken",
		 top ? top : ".");
	broken_count = scandir(folder, &broken, is_file, alphasort);
	enter_builddir();
	if (!getcwd(start, sizeof(start))) {
		abort();
	}
	snprintf(path, sizeof(path), "%s/plugins/.libs", start);
	setenv("TENON_PLUGIN_PATH", path, 1);
	tcase_add_checked_fixture(files, set_up, tear_down_file);
	tcase_add_loop_test(files, a_file_with_one_mistake_has_one_problem, 0,
			    broken_count);
	suite_add_tcase(suite, files);
	tcase_add_checked_fixture(orders, set_up, tear_down);
	tcase_add_test(orders, a_good_config_has_no_problem);
	tcase_add_test(orders, problems_come_in_the_order_of_the_file);
	tcase_add_test(orders, the_config_stays_as_it_is);
	tcase_add_test(orders, keys_that_were_set_come_last);
	tcase_add_test(orders, texts_come_in_the_order_in_which_they_were_given);
	tcase_add_test(orders, a_missing_server_is_told_when_nothing_else_is_wrong);
	tcase_add_test(orders, servers_that_are_all_spare_are_one_problem);
	tcase_add_test(orders, a_hundred_problems_are_enough);
	tcase_add_test(orders, a_warning_is_logged_once_also_when_something_is_wrong);
	tcase_add_test(orders, any_allocation_may_fail);
	suite_add_tcase(suite, orders);
	return suite_run(suite);
}
