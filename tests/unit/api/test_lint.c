/* SPDX-License-Identifier: BSD-3-Clause */
/* tenon_config_each_finding(): every check, the order of findings, comments that silence them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/lint_checks.h"
#include "base/memory.h"
#include "runner/builddir.h"
#include "runner/suite.h"

static struct tenon_config *config;
static struct tenon_error err;
static char told[20000];
static size_t told_count;

static void append(const char *text)
{
	size_t used = strlen(told);

	snprintf(told + used, sizeof(told) - used, "%s", text);
}

/* Write "name:line" for each finding. */
static void tell(const struct tenon_finding *finding, void *payload)
{
	static const char *const severities[] = { "", "!", "!!" };
	char line[100];

	ck_assert_ptr_eq(payload, told);
	ck_assert_uint_le(finding->severity, TENON_FINDING_ERROR);
	ck_assert_ptr_null(strchr(finding->text, '\n'));
	ck_assert(finding->text[0] != '\0');
	ck_assert((finding->error != NULL) ==
		  (finding->severity == TENON_FINDING_ERROR));
	ck_assert((finding->advice[0] == '\0') == (finding->error != NULL));
	ck_assert((finding->line == 0) == (finding->column == 0));
	snprintf(line, sizeof(line), "%s%s:%u ", severities[finding->severity],
		 finding->name, (unsigned)finding->line);
	append(line);
	told_count++;
}

static void tell_text(const struct tenon_finding *finding, void *payload)
{
	(void)payload;
	append(finding->where);
	append("|");
	append(finding->text);
	append("|");
	append(finding->advice);
	append("\n");
}

static void set_up(void)
{
	ck_assert_int_eq(tenon_config_create(&config, &err), 0);
}

static void tear_down(void)
{
	tenon_config_destroy(config);
}

static int find(tenon_finding_fn fn)
{
	told[0] = '\0';
	told_count = 0;
	return tenon_config_each_finding(config, fn, told, &err);
}

static void load(const char *name, const char *text)
{
	tenon_config_load_text(config, name, text, strlen(text), NULL);
}

static void expect_found(const char *expected)
{
	ck_assert_msg(find(tell) == 0, "%s", err.message);
	ck_assert_str_eq(told, expected);
}

/* ---- each check ---------------------------------------------------------- */

#define PLUGINS "plugin_path: " GOOD_DIR "\n"
#define SERVERS "servers: [a, b, c, d]\n"
#define NATURE(flags) "distribution: {nature: {flags: " flags "}}\n"

/* A config that provokes findings, and a config that is nearly the same and provokes none. */
static const struct {
	const char *finds;
	const char *wrong;
	const char *right;
} checks[] = {
	{ "!weak-hash:3 ", "{plugin_path: " GOOD_DIR ",\n servers: [a, b],\n"
	  " hash_function: good, distribution: {nature: {flags: 16}}}",
	  PLUGINS SERVERS NATURE("16") },
	{ "!skewed-hash:3 ",
	  PLUGINS SERVERS "hash_function: {sign: {char: signed, coarse: yes}}\n"
	  NATURE("0"),
	  PLUGINS SERVERS "hash_function: {sign: {char: signed}}\n" NATURE("0") },
	{ "!weak-hash:3 ", PLUGINS SERVERS "hash_function: good\n"
	  "distribution: {nature: {flags: 16, crowd: 50}}\n",
	  PLUGINS SERVERS NATURE("17") },
	{ "imbalance:3 ",
	  PLUGINS SERVERS "distribution: {nature: {crowd: 20}}\n",
	  PLUGINS SERVERS "distribution: {nature: {crowd: 5}}\n" },
	{ "order-dependent:3 ", PLUGINS SERVERS NATURE("4"),
	  PLUGINS "servers: [a]\n" NATURE("4") },
	{ "order-dependent:3 ", PLUGINS SERVERS NATURE("32"),
	  PLUGINS "servers: [a]\n" NATURE("32") },
	{ "overridden-ring:2 overridden-ring:3 overridden-ring:4 ",
	  "ring: pymemcache\ndistribution: ketama\nhash_prefix: yes\n"
	  "prefix_rule: libmc\nhash_function: murmur3\n" SERVERS,
	  "ring: pymemcache\nhash_prefix: no\nprefix_rule: front\nhash_tag: '{}'\n"
	  SERVERS },
	{ "overridden-ring:2 ",
	  "ring: twemproxy-ketama\nhash_function: {md5: {bytes: big}}\n" SERVERS,
	  "hash_function: fnv1a_64\ndistribution: modula\nservers: [a]\n" },
	{ "hash-name:2 ",
	  "ring: twemproxy-ketama\n"
	  "hash_function: crc32 # tenon: ignore overridden-ring\n" SERVERS,
	  "ring: dalli\nhash_function: crc32\n" SERVERS },
	{ "char-sign:3 ", PLUGINS SERVERS "hash_function: sign\n",
	  PLUGINS SERVERS "hash_function: {sign: {char: signed}}\n" },
	{ "char-sign:3 ",
	  PLUGINS SERVERS "hash_function: {sign: {coarse: no}}\n",
	  PLUGINS "servers: [a]\nhash_function: sign\n" },
	{ "ephemeral-address:2 ephemeral-address:3 ephemeral-address:4 ephemeral-address:5 "
	  "ephemeral-address:6 ephemeral-address:7 ephemeral-address:8 ",
	  "servers:\n- 10.0.0.1\n- 172.31.0.1\n- 192.168.1.1:1\n- 100.127.0.1\n"
	  "- '[fd00::1]:1'\n- ip-10-0-12-7.ec2.internal\n- 10-0-12-7.ns.pod.cluster.local\n",
	  "servers:\n- 10.0.0.1 a\n- 172.32.0.1\n- 192.169.1.1\n- 100.128.0.1\n"
	  "- 11.0.0.1\n- '[fe80::1]:1'\n- cache-1-2-3\n- x.10-0-12-7\n- /10.0.0.1.sock\n"
	  "- memcached-0.memcached.ns.svc.cluster.local\n" },
	{ "ephemeral-address:2 ", PLUGINS "servers: [10.0.0.1, b]\n" NATURE("0"),
	  PLUGINS "servers: [10.0.0.1, b]\n" NATURE("8") },
	{ "!ignored-weight:4 ",
	  PLUGINS "servers:\n- a\n- {address: b, weight: 2}\n- c\n" NATURE("2"),
	  PLUGINS "servers:\n- {address: b, weight: 2}\n- {address: c, weight: 2}\n"
	  "- {address: d, weight: 3, pool: x}\nfailover: {gutter: {pool: x}}\n"
	  NATURE("2") },
	{ "ignored-alias:3 ", PLUGINS "servers:\n- {address: a, alias: x}\n- b\n"
	  NATURE("8"), PLUGINS "servers:\n- {address: a, alias: x}\n- b\n"
	  NATURE("0") },
	{ "!unused-pool:3 ", "servers:\n- a\n- {address: b, pool: x}\n",
	  "servers:\n- a\n- {address: b, pool: x}\nfailover: {gutter: {pool: x}}\n" },
	{ "!poll-below-connect:2 ", "servers: [a]\npoll_timeout: 9\n",
	  "servers: [a]\npoll_timeout: 10\n" },
	{ "!poll-below-connect:2 ", "servers: [a]\nconnect_timeout: 301ms\n",
	  "servers: [a]\nconnect_timeout: 300ms\n" },
	{ "!retry-below-poll:2 ", "servers: [a]\nretry_timeout: 299ms\n",
	  "servers: [a]\nretry_timeout: 300ms\n" },
	{ "!resolve-above-poll:2 ", "servers: [a]\nresolve_timeout: 300ms\n",
	  "servers: [127.0.0.1, '[::1]:1', /a.sock]\nresolve_timeout: 300ms\n" },
	{ "late-keepalive:2 ",
	  "servers: [a]\nkeepalive: 60s\nmax_idle: 60s\n",
	  "servers: [a]\nkeepalive: 60s\nmax_idle: 61s\n" },
	{ "unused-ignore:2 ", "servers: [a]\n# tenon: ignore weak-hash\n",
	  "servers: [a]\n# tenon: weak-hash\n#tenon ignore weak-hash\n" },
};

#define CHECK_COUNT ((int)(sizeof(checks) / sizeof(checks[0])))

START_TEST(a_check_finds_what_is_wrong)
{
	load("site.yaml", checks[_i].wrong);
	expect_found(checks[_i].finds);
}
END_TEST

START_TEST(a_check_is_silent_when_nothing_is_wrong)
{
	load("site.yaml", checks[_i].right);
	expect_found("");
}
END_TEST

START_TEST(a_comment_at_the_top_silences_each_check)
{
	static char text[2000];
	const char *name = checks[_i].finds;
	int len;

	if (strncmp(name, "unused-ignore", 13) == 0) {
		return;
	}
	name += *name == '!';
	len = (int)strcspn(name, ":");
	snprintf(text, sizeof(text), "# tenon: ignore-file %.*s\n%s", len, name,
		 checks[_i].wrong);
	load("site.yaml", text);
	expect_found("");
}
END_TEST

/* Every row of the table of checks has a row in this test. */
START_TEST(every_check_is_tested)
{
	for (const struct tenon__check *check = tenon__checks; check->name;
	     check++) {
		int found = 0;

		for (int i = 0; i < CHECK_COUNT; i++) {
			found += strstr(checks[i].finds, check->name) != NULL;
		}
		ck_assert_msg(found > 0, "%s", check->name);
	}
}
END_TEST

/* ---- texts, places and order --------------------------------------------- */

START_TEST(a_finding_has_a_place_a_reason_and_a_way_out)
{
	load("site.yaml", "servers: [a]\npoll_timeout: 5\n");
	ck_assert_int_eq(find(tell_text), 0);
	ck_assert_str_eq(
		told,
		"site.yaml|poll_timeout (5ms) is below connect_timeout (10ms), so an operation ends before a slow connection is made|set poll_timeout to connect_timeout or more\n");
}
END_TEST

START_TEST(findings_come_in_the_order_of_the_files)
{
	load("first.yaml", "poll_timeout: 5\nservers:\n- 10.0.0.1\n"
			   "- {address: b, pool: x}\n");
	load("second.yaml", "retry_timeout: 1ms\n");
	load("", "max_idle: 1s\nkeepalive: 2s");
	expect_found("!poll-below-connect:1 ephemeral-address:3 !unused-pool:4 "
		     "!retry-below-poll:1 ");
	ck_assert_int_eq(tenon_config_set(config, "poll_timeout", "4", &err), 0);
	/* a value that was set has no line, so its finding comes last */
	expect_found("ephemeral-address:3 !unused-pool:4 !retry-below-poll:1 "
		     "!poll-below-connect:0 ");
}
END_TEST

START_TEST(errors_come_among_the_other_findings)
{
	load("site.yaml", "poll_timeout: 5\nprefx: 1\nservers:\n- 10.0.0.1\n- a:0\n- c\n"
			  "hash_function: md6\n");
	expect_found("!poll-below-connect:1 !!error:2 ephemeral-address:4 !!error:5 !!error:7 ");
	ck_assert_int_eq(find(tell_text), 0);
	ck_assert_ptr_nonnull(strstr(told, "site.yaml|key 'prefx': unknown"));
}
END_TEST

START_TEST(without_a_server_there_are_errors_only)
{
	load("site.yaml", "poll_timeout: 5\n# tenon: ignore weak-hash\n");
	expect_found("!!error:0 ");
}
END_TEST

/* ---- comments ------------------------------------------------------------ */

/* Configs with comments, and what is found nevertheless. */
static const struct {
	const char *finds, *text;
} comments[] = {
	{ "", "servers: [a]\npoll_timeout: 5 # tenon: ignore poll-below-connect\n" },
	{ "", "servers: [a]\n# tenon: ignore poll-below-connect\npoll_timeout: 5\n" },
	{ "", "servers: [a]\n # tenon:  ignore poll-below-connect\n\n# why\npoll_timeout: 5" },
	{ "", "#tenon: ignore poll-below-connect, retry-below-poll they said so\n"
	  "{poll_timeout: 5, servers: [a], retry_timeout: 1ms}\n" },
	{ "", "%YAML 1.1\n---\n# tenon: ignore-file poll-below-connect\nservers: [a]\npoll_timeout: 5\n" },
	{ "!poll-below-connect:1 unused-ignore:2 ",
	  "poll_timeout: 5\n# tenon: ignore poll-below-connect\nservers: [a]\n" },
	{ "unused-ignore:2 !poll-below-connect:3 ",
	  "servers: [a]\n# tenon: ignore-file poll-below-connect\npoll_timeout: 5\n" },
	{ "!poll-below-connect:2 ", "servers: [a] # as in #tenon: ignore weak-hash\npoll_timeout: 5\n" },
	{ "unused-ignore:1 unused-ignore:1 !poll-below-connect:2 ",
	  "servers: [a] # tenon: ignore pol-below-connect, weak-hash\npoll_timeout: 5\n" },
	{ "!!error:2 ", "servers: [a]\nprefx: a # tenon: ignore error\n" },
	{ "ephemeral-address:3 ",
	  "servers:\n- 10.0.0.1 # tenon: ignore ephemeral-address\n- 10.0.0.2\n" },
};

START_TEST(a_comment_silences_the_line_that_it_belongs_to)
{
	load("site.yaml", comments[_i].text);
	expect_found(comments[_i].finds);
}
END_TEST

START_TEST(a_comment_at_the_top_silences_what_has_no_line)
{
	load("site.yaml", "# tenon: ignore-file poll-below-connect\nservers: [a]\n");
	ck_assert_int_eq(tenon_config_set(config, "poll_timeout", "4", &err), 0);
	expect_found("");
}
END_TEST

START_TEST(a_comment_in_a_text_without_name_is_about_the_whole_text)
{
	load("", "poll_timeout: 4\nservers: [a]\n# tenon: ignore poll-below-connect\n");
	expect_found("");
}
END_TEST

START_TEST(a_wrong_name_has_a_suggestion)
{
	load("site.yaml", "# tenon: ignore-file week-hash\nservers: [a]\n");
	ck_assert_int_eq(find(tell_text), 0);
	ck_assert_ptr_nonnull(strstr(told, "`ignore-file week-hash` silences nothing"));
	ck_assert_ptr_nonnull(strstr(told, "did you mean 'weak-hash'?"));
}
END_TEST

/* ---- shares -------------------------------------------------------------- */

START_TEST(shares_are_those_of_the_simulated_keys)
{
	struct tenon_share shares[3];
	struct tenon_client *client;
	size_t counts[3] = { 0 };
	char key[TENON__SIMULATED_BYTES];

	load("site.yaml", _i == 0 ? "" : "hash_prefix: no\n");
	load("more.yaml", "prefix: 'p:'\nservers: [a, {address: b, weight: 3}, {address: c, pool: x}]\n");
	ck_assert_int_eq(tenon_client_open(config, &client, &err), 0);
	tenon_client_shares(client, shares);
	for (uint32_t i = 0; i < TENON_SHARE_KEY_COUNT; i++) {
		size_t server = 0;

		tenon__simulated_key(i, key);
		ck_assert_int_eq(tenon_client_where(client, tenon_slice_of(key),
						    &server, &err), 0);
		counts[server]++;
	}
	for (size_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(shares[i].key_count, counts[i]);
	}
	ck_assert(fabs(shares[0].fair_count - 25000) < 0.01);
	ck_assert(fabs(shares[1].fair_count - 75000) < 0.01);
	ck_assert(fabs(shares[2].fair_count) < 0.01);
	ck_assert_uint_gt(counts[0], 15000);
	ck_assert_uint_eq(counts[2], 0);
	tenon_client_close(client);
}
END_TEST

START_TEST(shares_are_equal_where_weights_are_ignored)
{
	struct tenon_share shares[2];
	struct tenon_client *client;

	load("site.yaml", PLUGINS "servers: [a, {address: b, weight: 3}]\n" NATURE("2"));
	ck_assert_int_eq(tenon_client_open(config, &client, &err), 0);
	tenon_client_shares(client, shares);
	ck_assert(fabs(shares[0].fair_count - 50000) < 0.01);
	ck_assert_uint_eq(shares[0].key_count + shares[1].key_count, TENON_SHARE_KEY_COUNT);
	tenon_client_close(client);
}
END_TEST

/* As mcrouter's WeightedCh3, where a server without a weight counts as one of weight 500. */
START_TEST(a_server_without_weight_has_the_weight_that_the_ring_gives_it)
{
	struct tenon_share shares[3];
	struct tenon_client *client;

	load("site.yaml", PLUGINS "servers: [a, {address: b, weight: 1000}, {address: c, weight: 500}]\n"
	     "distribution: {nature: {absent_weight: 500}}\n");
	ck_assert_int_eq(tenon_client_open(config, &client, &err), 0);
	tenon_client_shares(client, shares);
	ck_assert(fabs(shares[0].fair_count - 25000) < 0.01);
	ck_assert(fabs(shares[1].fair_count - 50000) < 0.01);
	ck_assert(fabs(shares[2].fair_count - 25000) < 0.01);
	tenon_client_close(client);
}
END_TEST

/* The texts of the linter tell an order that decides all from an order that decides ties. */
START_TEST(an_order_that_decides_ties_has_weaker_words)
{
	load("site.yaml", PLUGINS SERVERS NATURE("32"));
	ck_assert_int_eq(find(tell_text), 0);
	ck_assert_ptr_nonnull(strstr(told, "moves the few keys there, and no others"));
	load("more.yaml", NATURE("36"));
	ck_assert_int_eq(find(tell_text), 0);
	ck_assert_ptr_null(strstr(told, "few keys"));
	ck_assert_ptr_nonnull(strstr(told, "decides where keys are"));
}
END_TEST

START_TEST(a_name_of_another_hash_function_is_explained)
{
	load("site.yaml", "ring: twemproxy-modula\nhash_function: crc32\nservers: [a]\n");
	ck_assert_int_eq(find(tell_text), 0);
	ck_assert_ptr_nonnull(strstr(told, "the clients of ring 'twemproxy-modula' call another hash function 'crc32': it is 'crc' in tenon|"));
}
END_TEST

START_TEST(a_long_prefix_leaves_simulated_keys_of_legal_length)
{
	static char text[400];
	struct tenon_share shares[2];
	struct tenon_client *client;

	snprintf(text, sizeof(text), "servers: [a, b]\nprefix: %0*d\n", 249, 0);
	load("site.yaml", text);
	ck_assert_int_eq(tenon_client_open(config, &client, &err), 0);
	tenon_client_shares(client, shares);
	ck_assert_uint_eq(shares[0].key_count + shares[1].key_count, TENON_SHARE_KEY_COUNT);
	tenon_client_close(client);
}
END_TEST

START_TEST(any_allocation_may_fail)
{
	int code = TENON_ENOMEM;
	size_t n;

	load("site.yaml", "servers: [10.0.0.1, b]\nprefx: 1\npoll_timeout: 5\n");
	for (n = 1; code == TENON_ENOMEM; n++) {
		ck_assert_uint_lt(n, 5000);
		tenon__memory_fail_from(n);
		code = find(tell);
		tenon__memory_fail_from(0);
		ck_assert(code == 0 || told_count == 0);
	}
	ck_assert_int_eq(code, 0);
	ck_assert_str_eq(told, "ephemeral-address:1 !!error:2 !poll-below-connect:3 ");
	ck_assert_uint_gt(n, 50);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lint");
	TCase *found = tcase_create("findings");

	enter_builddir();
	tcase_add_checked_fixture(found, set_up, tear_down);
	tcase_add_loop_test(found, a_check_finds_what_is_wrong, 0, CHECK_COUNT);
	tcase_add_loop_test(found, a_check_is_silent_when_nothing_is_wrong, 0,
			    CHECK_COUNT);
	tcase_add_loop_test(found, a_comment_at_the_top_silences_each_check, 0,
			    CHECK_COUNT);
	tcase_add_test(found, every_check_is_tested);
	tcase_add_test(found, a_finding_has_a_place_a_reason_and_a_way_out);
	tcase_add_test(found, findings_come_in_the_order_of_the_files);
	tcase_add_test(found, errors_come_among_the_other_findings);
	tcase_add_test(found, without_a_server_there_are_errors_only);
	tcase_add_loop_test(found, a_comment_silences_the_line_that_it_belongs_to,
			    0, sizeof(comments) / sizeof(comments[0]));
	tcase_add_test(found, a_comment_at_the_top_silences_what_has_no_line);
	tcase_add_test(found, a_comment_in_a_text_without_name_is_about_the_whole_text);
	tcase_add_test(found, a_wrong_name_has_a_suggestion);
	tcase_add_loop_test(found, shares_are_those_of_the_simulated_keys, 0, 2);
	tcase_add_test(found, shares_are_equal_where_weights_are_ignored);
	tcase_add_test(found, a_server_without_weight_has_the_weight_that_the_ring_gives_it);
	tcase_add_test(found, an_order_that_decides_ties_has_weaker_words);
	tcase_add_test(found, a_name_of_another_hash_function_is_explained);
	tcase_add_test(found, a_long_prefix_leaves_simulated_keys_of_legal_length);
	tcase_add_test(found, any_allocation_may_fail);
	suite_add_tcase(suite, found);
	return suite_run(suite);
}
