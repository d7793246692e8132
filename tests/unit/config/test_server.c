/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/server_line.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "config/server_list.h"
#include "runner/suite.h"

static const struct {
	const char *spec;
	const char *host;
	uint32_t port;
	const char *address;
	const char *alias;
} good[] = {
	{ "localhost", "localhost", 11211, "localhost:11211", NULL },
	{ "localhost:1", "localhost", 1, "localhost:1", NULL },
	{ "localhost:65535 mc1", "localhost", 65535, "localhost:65535", "mc1" },
	{ "  10.0.0.1:11212 \t mc-server112  ", "10.0.0.1", 11212,
	  "10.0.0.1:11212", "mc-server112" },
	{ "a_b.example", "a_b.example", 11211, "a_b.example:11211", NULL },
	{ "[::1]", "::1", 11211, "[::1]:11211", NULL },
	{ "[::1]:7 six", "::1", 7, "[::1]:7", "six" },
	{ "[fe80::1%eth0]:7", "fe80::1%eth0", 7, "[fe80::1%eth0]:7", NULL },
	{ "/run/mc.sock", "/run/mc.sock", 0, "/run/mc.sock", NULL },
	{ "/run/mc:1.sock a", "/run/mc:1.sock", 0, "/run/mc:1.sock", "a" },
	{ "/run/my\\ sock my\\ alias", "/run/my sock", 0, "/run/my sock",
	  "my alias" },
	{ "unix:/run/mc.sock a", "/run/mc.sock", 0, "/run/mc.sock", "a" },
	{ "unix:///run/mc.sock", "///run/mc.sock", 0, "///run/mc.sock", NULL },
	{ "unix", "unix", 11211, "unix:11211", NULL },
	{ "host a\\b", "host", 11211, "host:11211", "a\\b" },
	{ "host \xc3\xa9", "host", 11211, "host:11211", "\xc3\xa9" },
};

static const struct {
	const char *spec;
	const char *problem;
} bad[] = {
	{ "", "has no address" },
	{ "   ", "has no address" },
	{ ":11211", "has no host" },
	{ "a:0", "the port is not a number in 1..65535" },
	{ "a:", "the port is not a number in 1..65535" },
	{ "a:65536", "the port is not a number in 1..65535" },
	{ "a:111111", "the port is not a number in 1..65535" },
	{ "a:+1", "the port is not a number in 1..65535" },
	{ "a:1x", "the port is not a number in 1..65535" },
	{ "a:1:2", "a weight goes into a map" },
	{ "::1", "needs brackets" },
	{ "fe80::1", "needs brackets" },
	{ "[::1", "has no closing ']'" },
	{ "[]:1", "has no IPv6 address between the brackets" },
	{ "[a]:1", "has no IPv6 address between the brackets" },
	{ "[::1%]:1", "has no IPv6 address between the brackets" },
	{ "[::1]1", "the port is not a number in 1..65535" },
	{ "[::1]:", "the port is not a number in 1..65535" },
	{ "a b c", "more than an address and an alias" },
	{ "a/b", "a host has letters" },
	{ "tcp//a", "a host has letters" },
	{ "unix:", "the port is not a number in 1..65535" },
	{ "unix:mc.sock", "the port is not a number in 1..65535" },
	{ "a\r\nb", "contains a control byte" },
	{ "a b\r\nset", "contains a control byte" },
	{ "a\x7f", "contains a control byte" },
};

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

START_TEST(a_server_line_is_understood)
{
	struct tenon__server server;
	struct tenon_error err = { .code = 0 };

	ck_assert_msg(tenon__server_parse(&server, good[_i].spec,
					  strlen(good[_i].spec), &err) == 0,
		      "%s: %s", good[_i].spec, err.message);
	ck_assert_str_eq(server.host, good[_i].host);
	ck_assert_uint_eq(server.port, good[_i].port);
	ck_assert_str_eq(server.address, good[_i].address);
	ck_assert_pstr_eq(server.alias, good[_i].alias);
	ck_assert_uint_eq(server.weight, 1);
	ck_assert_str_eq(tenon__server_name(&server),
			 good[_i].alias ? good[_i].alias : good[_i].address);
	tenon__server_fini(&server);
	ck_assert_ptr_null(server.host);
}
END_TEST

/* Clients copy servers in this way. */
START_TEST(a_server_can_be_made_again_from_its_address)
{
	struct tenon__server server;
	struct tenon__server copy;

	ck_assert_int_eq(tenon__server_parse(&server, good[_i].spec,
					     strlen(good[_i].spec), NULL),
			 0);
	ck_assert_int_eq(tenon__server_make(&copy, server.address, server.alias,
					    7, NULL),
			 0);
	ck_assert_str_eq(copy.host, server.host);
	ck_assert_uint_eq(copy.port, server.port);
	ck_assert_str_eq(copy.address, server.address);
	ck_assert_pstr_eq(copy.alias, server.alias);
	ck_assert_uint_eq(copy.weight, 7);
	tenon__server_fini(&copy);
	tenon__server_fini(&server);
}
END_TEST

START_TEST(a_malformed_line_is_refused_with_its_reason)
{
	struct tenon__server server;
	struct tenon_error err = { .code = 0 };

	ck_assert_int_eq(tenon__server_parse(&server, bad[_i].spec,
					     strlen(bad[_i].spec), &err),
			 TENON_ECONFIG);
	ck_assert_int_eq(err.code, TENON_ECONFIG);
	ck_assert_msg(strstr(err.message, bad[_i].problem) != NULL,
		      "'%s' says: %s", bad[_i].spec, err.message);
	ck_assert_ptr_null(server.host);
	ck_assert_ptr_null(server.address);
	ck_assert_ptr_null(server.alias);
}
END_TEST

START_TEST(a_line_ends_at_its_length)
{
	struct tenon__server server;

	ck_assert_int_eq(tenon__server_parse(&server, "a:1 bcd", 5, NULL), 0);
	ck_assert_str_eq(server.alias, "b");
	tenon__server_fini(&server);
	ck_assert_int_eq(tenon__server_parse(&server, "a\0b", 3, NULL),
			 TENON_ECONFIG);
}
END_TEST

static void fill(char *out, size_t count, const char *end)
{
	memset(out, 'a', count);
	memcpy(out + count, end, strlen(end) + 1);
}

static int parse_long(size_t count, const char *begin, const char *end)
{
	struct tenon__server server;
	char spec[600];
	size_t begin_len = strlen(begin);
	int code;

	memcpy(spec, begin, begin_len);
	fill(spec + begin_len, count, end);
	code = tenon__server_parse(&server, spec, strlen(spec), NULL);
	tenon__server_fini(&server);
	return code;
}

/* TENON_HOST_MAX_BYTES, TENON_ALIAS_MAX_BYTES */
START_TEST(lengths_are_limited)
{
	ck_assert_int_eq(parse_long(255, "", ":1"), 0);
	ck_assert_int_eq(parse_long(256, "", ":1"), TENON_ECONFIG);
	ck_assert_int_eq(parse_long(250, "a ", ""), 0);
	ck_assert_int_eq(parse_long(251, "a ", ""), TENON_ECONFIG);
	ck_assert_int_eq(parse_long(106, "/", " x"), 0);
	ck_assert_int_eq(parse_long(107, "/", " x"), TENON_ECONFIG);
}
END_TEST

/* server_line.c: SHOWN_SPEC_MAX_BYTES */
START_TEST(an_error_quotes_200_bytes_of_a_malformed_line_at_most)
{
	struct tenon__server server;
	struct tenon_error err = { .code = 0 };
	char spec[302], shown[203];

	fill(spec, 300, "/");
	fill(shown, 200, "':");
	ck_assert_int_eq(tenon__server_parse(&server, spec, strlen(spec), &err),
			 TENON_ECONFIG);
	ck_assert_ptr_nonnull(strstr(err.message, shown));
	ck_assert_int_eq(strstr(err.message, shown)[-1], '\'');
}
END_TEST

/* TENON_POOL_NAME_MAX_BYTES */
START_TEST(the_name_of_a_pool_has_60_bytes_at_most)
{
	struct tenon__server server;
	char name[62];

	fill(name, 61, "");
	ck_assert_int_eq(tenon__server_parse(&server, "a", 1, NULL), 0);
	ck_assert_int_eq(tenon__server_set_pool(&server, name, NULL),
			 TENON_ECONFIG);
	ck_assert_int_eq(tenon__server_set_pool(&server, name + 1, NULL), 0);
	tenon__server_fini(&server);
}
END_TEST

static int add_server(struct tenon__server_list *list, unsigned number,
		      struct tenon_error *err)
{
	static const struct tenon__place nowhere = { "", 0, 0 };
	struct tenon__server server;
	char spec[20];
	int len = snprintf(spec, sizeof(spec), "h%05u", number);

	ck_assert_int_eq(tenon__server_parse(&server, spec, (size_t)len, err),
			 0);
	return tenon__server_list_add(list, &server, &nowhere, err);
}

/* TENON_SERVER_MAX_COUNT */
START_TEST(a_list_has_65535_servers_at_most)
{
	struct tenon__server_list list = { 0 };
	struct tenon_error err = { 0 };
	int code = 0;

	for (unsigned number = 0; number < 65535 && !code; number++) {
		code = add_server(&list, number, &err);
	}
	ck_assert_msg(code == 0, "%s", err.message);
	ck_assert_int_eq(add_server(&list, 65535, &err), TENON_ECONFIG);
	ck_assert_ptr_nonnull(strstr(err.message, "more servers than the limit of 65535"));
	ck_assert_uint_eq(list.count, 65535);
	tenon__server_list_fini(&list);
}
END_TEST

/* TENON_WEIGHT_MAX */
START_TEST(a_weight_is_limited)
{
	static const struct {
		uint64_t weight;
		int code;
	} rows[] = {
		{ 0, TENON_ECONFIG },	 { 1, 0 },
		{ 1000, 0 },		 { 1001, TENON_ECONFIG },
		{ UINT64_C(1) << 32, TENON_ECONFIG },
	};
	struct tenon__server server;

	for (int i = 0; i < COUNT(rows); i++) {
		ck_assert_int_eq(tenon__server_make(&server, "a", NULL,
						    rows[i].weight, NULL),
				 rows[i].code);
		tenon__server_fini(&server);
	}
}
END_TEST

START_TEST(an_alias_of_its_own_may_not_be_empty_or_hold_control_bytes)
{
	struct tenon__server server;

	ck_assert_int_eq(tenon__server_make(&server, "a", "", 1, NULL),
			 TENON_ECONFIG);
	ck_assert_int_eq(tenon__server_make(&server, "a", "b\nc", 1, NULL),
			 TENON_ECONFIG);
	ck_assert_int_eq(tenon__server_make(&server, "a b", "c", 1, NULL),
			 TENON_ECONFIG);
}
END_TEST

START_TEST(any_allocation_may_fail)
{
	struct tenon__server server;
	struct tenon_error err;
	int code = TENON_ENOMEM;
	size_t n;

	for (n = 1; code; n++) {
		ck_assert_uint_lt(n, 20);
		tenon__memory_fail_from(n);
		code = tenon__server_parse(&server, "a:1 b", 5, &err);
		tenon__memory_fail_from(0);
		if (code) {
			ck_assert_int_eq(code, TENON_ENOMEM);
			ck_assert_int_eq(err.code, TENON_ENOMEM);
			ck_assert_ptr_null(server.host);
		}
	}
	ck_assert_uint_gt(n, 3);
	tenon__server_fini(&server);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("server");
	TCase *lines = tcase_create("lines");
	TCase *limits = tcase_create("limits");

	tcase_add_loop_test(lines, a_server_line_is_understood, 0, COUNT(good));
	tcase_add_loop_test(lines, a_server_can_be_made_again_from_its_address,
			    0, COUNT(good));
	tcase_add_loop_test(lines, a_malformed_line_is_refused_with_its_reason,
			    0, COUNT(bad));
	tcase_add_test(lines, a_line_ends_at_its_length);
	suite_add_tcase(suite, lines);
	tcase_add_test(limits, lengths_are_limited);
	tcase_add_test(limits, an_error_quotes_200_bytes_of_a_malformed_line_at_most);
	tcase_add_test(limits, the_name_of_a_pool_has_60_bytes_at_most);
	tcase_add_test(limits, a_list_has_65535_servers_at_most);
	tcase_add_test(limits, a_weight_is_limited);
	tcase_add_test(
		limits,
		an_alias_of_its_own_may_not_be_empty_or_hold_control_bytes);
	tcase_add_test(limits, any_allocation_may_fail);
	suite_add_tcase(suite, limits);
	return suite_run(suite);
}
