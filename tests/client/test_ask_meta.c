/* SPDX-License-Identifier: BSD-3-Clause */
/* tenon_client_ask_meta(): which server is asked, and what is sent and told; with fakes and with memcached. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"
#include "tenon/introspect.h"
#include "tenon/ring.h"

static const char *const protocols[] = { "protocol: classic\n",
					 "protocol: meta\n", "protocol: auto\n" };

static struct rig rig;
static struct memcached server;
static struct tenon_result told;

/* Ask the home server of a key. Returns what the call returns. */
static int ask(const char *command, const char *key, const char *flags,
	       const char *value)
{
	const struct tenon_meta_request request = {
		.command = command,
		.flags = flags,
		.key = slice(key),
		.value = tenon_slice_of(value),
		.server = *key ? UINT32_MAX : 0,
	};
	int code = tenon_client_ask_meta(rig.client, &request, NULL, &told,
					 &rig.err);

	ck_assert_int_eq(rig.err.code, code);
	ck_assert_int_eq(code < 0, told.status < 0);
	return code;
}

/* ---- with fakes ------------------------------------------------------------------ */

/* Open a client of one fake with a script, which lives as long as the enclosing block. */
#define OPEN(settings, ...)                                              \
	(memset(&rig, 0, sizeof(rig)),                                   \
	 (void)rig_fake(&rig, FAKE_STEPS(__VA_ARGS__)),                  \
	 rig_open(&rig, settings))

START_TEST(the_prefix_stands_in_front_of_the_key)
{
	OPEN("prefix: 'app/'\n", FAKE_ACCEPT,
	     FAKE_EXPECT("mg app/k v t\r\nmn\r\n"),
	     FAKE_SEND("VA 2 t-1\r\nhi\r\nMN\r\n"));
	ck_assert_int_eq(ask("mg", "k", "v t", NULL), 0);
	ck_assert_int_eq(told.status, TENON_HIT);
	ck_assert_str_eq(told.text, "VA 2 t-1");
	ck_assert_str_eq(told.value, "hi");
	ck_assert_uint_eq(told.server, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(a_key_in_base64_is_sent_as_it_is)
{
	OPEN("prefix: 'app/'\n", FAKE_ACCEPT,
	     FAKE_EXPECT("mg Zm9v k b\r\nmn\r\n"),
	     FAKE_SEND("HD kZm9v b\r\nMN\r\n"),
	     FAKE_EXPECT("mg app/k Ob tb\r\nmn\r\n"), FAKE_SEND("EN\r\nMN\r\n"));
	ck_assert_int_eq(ask("mg", "Zm9v", "k b", NULL), 0);
	ck_assert_str_eq(told.text, "HD kZm9v b");
	ck_assert_int_eq(ask("mg", "k", "Ob tb", NULL), 0);
	rig_close(&rig);
}
END_TEST

/* Where the protocol of the config sends such keys as base64, this call does too. */
START_TEST(a_key_that_cannot_be_sent_is_treated_as_in_other_calls)
{
	OPEN("protocol: meta\nprefix: 'p:'\n", FAKE_ACCEPT,
	     FAKE_EXPECT("mg cDphIGI= b v\r\nmn\r\n"),
	     FAKE_SEND("EN\r\nMN\r\n"));
	ck_assert_int_eq(ask("mg", "a b", "v", NULL), 0);
	rig_close(&rig);
	OPEN("protocol: classic\n", FAKE_HOLD);
	ck_assert_int_eq(ask("mg", "a b", "v", NULL), TENON_EKEY);
	ck_assert_int_eq(ask("mg", "a b", "b", NULL), TENON_EKEY);
	rig_close(&rig);
}
END_TEST

/* A server without meta commands would read the value as commands. */
START_TEST(a_value_is_sent_only_behind_an_mn_that_was_answered)
{
	OPEN(protocols[_i], FAKE_ACCEPT, FAKE_EXPECT("mn\r\n"),
	     FAKE_SEND("MN\r\n"),
	     FAKE_EXPECT("ms k 9 T60\r\nflush_all\r\nmn\r\n"),
	     FAKE_SEND("HD\r\nMN\r\n"));
	ck_assert_int_eq(ask("ms", "k", "T60", "flush_all"), 0);
	ck_assert_int_eq(told.status, TENON_OK);
	ck_assert_str_eq(told.text, "HD");
	rig_close(&rig);
	OPEN("protocol: classic\n", FAKE_ACCEPT, FAKE_EXPECT("mn\r\n"),
	     FAKE_SEND("ERROR\r\n"), FAKE_EXPECT_CLOSE);
	ck_assert_int_eq(ask("ms", "k", "T60", "flush_all"), TENON_EUNKNOWN);
	check_says(rig.err.message, "s0 (127.0.0.1:");
	check_says(rig.err.message,
		   "the server does not know this meta command (it answered ERROR)");
	rig_close(&rig);
}
END_TEST

/* The fences and opaques of other calls stay right around it. */
START_TEST(other_calls_go_on_over_the_same_connection)
{
	OPEN("protocol: meta\n", FAKE_ACCEPT,
	     FAKE_EXPECT("md a q O0000\r\n"),
	     FAKE_EXPECT("mn\r\nmg k t\r\nmn\r\n"),
	     FAKE_SEND("NF O0000\r\nMN\r\nHD t5\r\nMN\r\n"),
	     FAKE_EXPECT("mg b v f O1000\r\n"), FAKE_SEND("EN O1000\r\n"));
	const struct tenon_item a = { .key = slice("a") };

	ck_assert_int_eq(rig_one(&rig, TENON_DELETE, &a, TENON_NOREPLY),
			 TENON_SENT);
	ck_assert_int_eq(ask("mg", "k", "t", NULL), 0);
	ck_assert_str_eq(told.text, "HD t5");
	ck_assert_int_eq(rig_get(&rig, "b"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(the_home_server_is_asked_or_the_one_that_is_named)
{
	static const struct fake_step script[] = {
		FAKE_ACCEPT,
		FAKE_READ(sizeof("mg key:00000\r\nmn\r\n") - 1),
		FAKE_SEND("EN\r\nMN\r\n"),
		FAKE_EXPECT("mn\r\n"),
		FAKE_SEND("MN\r\n"),
	};
	struct rig_pair pair;

	memset(&rig, 0, sizeof(rig));
	rig_fake(&rig, script, COUNT(script));
	rig_fake(&rig, script, COUNT(script));
	rig_open(&rig, NULL);
	rig_make_pair(&rig, &pair);
	for (uint32_t i = 0; i < 2; i++) {
		const struct tenon_meta_request mn = { .command = "mn",
						       .server = i };
		/* the key of one server, with the routing key of the other, and by name */
		const struct tenon_meta_request mg = {
			.command = "mg",
			.key = pair.items[1].key,
			.routing_key = _i == 0 ? pair.items[i].key
					       : tenon_slice_of(NULL),
			.server = _i == 0 ? UINT32_MAX : i,
		};

		ck_assert_int_eq(tenon_client_ask_meta(rig.client, &mg, NULL,
						       &told, &rig.err),
				 0);
		ck_assert_int_eq(told.status, TENON_MISS);
		ck_assert_uint_eq(told.server, i);
		ck_assert_int_eq(tenon_client_ask_meta(rig.client, &mn, NULL,
						       &told, &rig.err),
				 0);
		ck_assert_str_eq(told.text, "MN");
	}
	rig_close(&rig);
}
END_TEST

/* A miss on another server would mislead, so no failover policy is asked. */
START_TEST(no_other_server_is_asked_when_the_home_is_dead)
{
	char dead[200];
	const char *servers[2];
	struct rig_pair pair;

	memset(&rig, 0, sizeof(rig));
	rig_fake(&rig, FAKE_STEPS(FAKE_HOLD));
	fake_refused_address(FAKE_INET, dead, sizeof(dead));
	servers[0] = fake_server_address(rig.fakes[0]);
	servers[1] = dead;
	rig_open_at(&rig, servers, 2, "failover: {eject: {}}\n");
	rig_make_pair(&rig, &pair);
	ck_assert_int_eq(ask("mg", pair.keys[1], "v", NULL), TENON_ECONNECT);
	ck_assert_uint_eq(told.server, 1);
	rig_close(&rig);
}
END_TEST

static const struct {
	const char *reply;
	int status;
	const char *says;
} hostile[] = {
	{ "VA 2\r\nhello\r\nMN\r\n", TENON_EPROTOCOL, "no line end after a value" },
	{ "garbage\r\n", TENON_EPROTOCOL, "an unexpected reply: \"garbage\"" },
	{ "HD\r\nHD\r\nMN\r\n", TENON_EPROTOCOL, "an unexpected reply: \"HD\"" },
	{ "CLIENT_ERROR bad token\r\n", TENON_ECLIENT, "CLIENT_ERROR bad token" },
	{ "SERVER_ERROR oom\r\n", TENON_ESERVER, "SERVER_ERROR oom" },
	{ "ERROR\r\nERROR\r\n", TENON_EUNKNOWN, "it answered ERROR" },
	{ "VA 2\r\nhi\r\nERROR\r\n", TENON_EUNKNOWN, "it answered ERROR" },
	{ "VA 9999999\r\n", TENON_ETOOBIG, "larger than max_value_bytes" },
};

START_TEST(a_hostile_reply_is_an_error)
{
	OPEN("poll_timeout: 300ms\nmax_value_bytes: 1MiB\n", FAKE_ACCEPT,
	     FAKE_EXPECT("mg k v\r\nmn\r\n"),
	     fake_send_text(hostile[_i].reply), FAKE_HOLD);
	ck_assert_int_eq(ask("mg", "k", "v", NULL), hostile[_i].status);
	check_says(rig.err.message, hostile[_i].says);
	ck_assert_ptr_null(told.value);
	rig_close(&rig);
}
END_TEST

START_TEST(a_reply_without_its_end_meets_the_deadline)
{
	static const char *const parts[] = { "HD\r\n", "VA 2\r\nhi\r\n",
					     "VA 9\r\nhi\r\nMN\r\n", "" };
	const struct tenon_call call = { .size = sizeof(call),
					 .timeout_ms = 50 };
	const struct tenon_meta_request request = { .command = "mg",
						    .key = slice("k"),
						    .server = UINT32_MAX };

	OPEN("protocol: classic\n", FAKE_ACCEPT, FAKE_EXPECT("mg k\r\nmn\r\n"),
	     fake_send_text(parts[_i]), FAKE_HOLD);
	ck_assert_int_eq(tenon_client_ask_meta(rig.client, &request, &call,
					       &told, &rig.err),
			 TENON_ETIMEDOUT);
	ck_assert_ptr_null(told.value);
	ck_assert_ptr_null(told.text);
	check_says(rig.err.message, "no complete answer within the timeout of the call");
	rig_close(&rig);
}
END_TEST

/* ---- arguments ------------------------------------------------------------------- */

static const struct {
	struct tenon_meta_request request;
	const char *says;
} refused[] = {
	{ { .command = NULL }, "command \"\", expected mg, ms" },
	{ { .command = "get" }, "command \"get\", expected mg, ms" },
	{ { .command = "mg", .reserved = 1 }, "the reserved field is not 0" },
	{ { .command = "mg", .flags = "v\r\nflush_all" }, "byte 0x0d" },
	{ { .command = "mg", .flags = "v\t" }, "byte 0x09" },
	{ { .command = "mg", .flags = "\xc3\xa4" }, "byte 0xc3" },
	{ { .command = "mg", .value = TENON_LITERAL("x") }, "a value, which only ms takes" },
	{ { .command = "mg", .server = 7 }, "a server that does not exist" },
	{ { .command = "mn", .server = UINT32_MAX }, "mn without a server" },
	{ { .command = "mn", .key = TENON_LITERAL("k") }, "a key or flags, which mn does not take" },
	{ { .command = "mn", .flags = "q" }, "a key or flags, which mn does not take" },
};

START_TEST(a_wrong_argument_is_refused_and_nothing_is_sent)
{
	OPEN(NULL, FAKE_HOLD);
	ck_assert_int_eq(tenon_client_ask_meta(rig.client, &refused[_i].request,
					       NULL, &told, &rig.err),
			 TENON_EINVAL);
	ck_assert_int_eq(told.status, TENON_EINVAL);
	ck_assert_uint_eq(told.server, UINT32_MAX);
	check_says(rig.err.message, refused[_i].says);
	rig_close(&rig);
}
END_TEST

/* TENON_META_FLAGS_MAX_BYTES is 1000. */
START_TEST(flags_have_a_ceiling)
{
	char flags[1002], line[1100];

	memset(flags, 'O', sizeof(flags) - 1);
	flags[1001] = '\0';
	snprintf(line, sizeof(line), "mg k %.1000s\r\nmn\r\n", flags);
	OPEN(NULL, FAKE_ACCEPT, fake_expect_text(line), FAKE_SEND("EN\r\nMN\r\n"));
	ck_assert_int_eq(ask("mg", "k", flags, NULL), TENON_EINVAL);
	check_says(rig.err.message, "the flags have 1001 bytes, expected at most 1000");
	flags[1000] = '\0';
	ck_assert_int_eq(ask("mg", "k", flags, NULL), 0);
	rig_close(&rig);
}
END_TEST

START_TEST(of_a_call_only_the_timeout_is_allowed)
{
	static const struct tenon_call calls[] = {
		{ .size = sizeof(calls[0]), .options = TENON_NOREPLY },
		{ .size = sizeof(calls[0]), .options = TENON_RAW },
		{ .size = sizeof(calls[0]), .lease_s = 1 },
		{ .size = sizeof(calls[0]), .refresh_s = 1 },
		{ .size = sizeof(calls[0]), .timeout_ms = -1 },
		{ .size = 0 },
	};
	const struct tenon_meta_request request = { .command = "mg",
						    .key = slice("k") };

	OPEN(NULL, FAKE_HOLD);
	for (size_t i = 0; i < COUNT(calls); i++) {
		ck_assert_int_eq(tenon_client_ask_meta(rig.client, &request,
						       &calls[i], &told,
						       &rig.err),
				 TENON_EINVAL);
	}
	rig_close(&rig);
}
END_TEST

START_TEST(a_value_above_max_value_bytes_is_not_sent)
{
	char *value = binary_value(1025, 1);

	OPEN("max_value_bytes: 1KiB\n", FAKE_HOLD);
	const struct tenon_meta_request request = {
		.command = "ms",
		.key = slice("k"),
		.value = { value, 1025 },
		.server = UINT32_MAX,
	};
	ck_assert_int_eq(tenon_client_ask_meta(rig.client, &request, NULL,
					       &told, &rig.err),
			 TENON_ETOOBIG);
	check_says(rig.err.message, "1025 bytes: more than max_value_bytes");
	free(value);
	rig_close(&rig);
}
END_TEST

/* ---- with memcached ---------------------------------------------------------------- */

static const struct {
	const char *command, *key, *flags, *value; /* of the request */
	int status;
	const char *text, *found; /* the begin of the line, and the value; NULL: none */
	const char *marks; /* flags that the line has too, in any order; NULL: none */
} steps[] = {
	{ "mg", "k", "v", NULL, TENON_MISS, "EN", NULL, NULL },
	{ "mg", "k", "v q", NULL, TENON_MISS, NULL, NULL, NULL },
	{ "ms", "k", "T0 F5", "hello", TENON_OK, "HD", NULL, NULL },
	{ "ms", "k", "ME Oa", "other", TENON_NOT_STORED, "NS Oa", NULL, NULL },
	{ "ms", "k", "C99", "other", TENON_EXISTS, "EX", NULL, NULL },
	{ "ms", "none", "C99", "other", TENON_MISS, "NF", NULL, NULL },
	{ "mg", "k", "v f t s k", NULL, TENON_HIT, "VA 5 f5 t-1 s5 kk", "hello", NULL },
	{ "mg", "k", "f", NULL, TENON_OK, "HD f5", NULL, NULL },
	{ "ms", "k", "MA q", "!", TENON_OK, NULL, NULL, NULL },
	{ "mg", "k", "v", NULL, TENON_HIT, "VA 6", "hello!", NULL },
	{ "ms", "empty", "", "", TENON_OK, "HD", NULL, NULL },
	{ "mg", "empty", "v", NULL, TENON_HIT, "VA 0", "", NULL },
	{ "md", "k", "I T30", NULL, TENON_OK, "HD", NULL, NULL },
	{ "mg", "k", "v", NULL, TENON_HIT, "VA 6", "hello!", "XW" },
	{ "mg", "k", "v", NULL, TENON_HIT, "VA 6", "hello!", "XZ" },
	{ "md", "k", "q", NULL, TENON_OK, NULL, NULL, NULL },
	{ "md", "k", "", NULL, TENON_MISS, "NF", NULL, NULL },
	{ "ma", "n", "", NULL, TENON_MISS, "NF", NULL, NULL },
	{ "ma", "n", "N0 J5 v", NULL, TENON_HIT, "VA 1", "5", NULL },
	{ "ma", "n", "MD D2 v", NULL, TENON_HIT, "VA 1", "3", NULL },
	{ "ma", "n", "MD", NULL, TENON_OK, "HD", NULL, NULL },
	{ "mg", "new", "N30 v", NULL, TENON_HIT, "VA 0", "", "W" },
	{ "ms", "Zm9v", "b", "bar", TENON_OK, "HD", NULL, NULL },
	{ "mg", "foo", "v", NULL, TENON_HIT, "VA 3", "bar", NULL },
	{ "me", "none", "", NULL, TENON_MISS, "EN", NULL, NULL },
	{ "mn", "", NULL, NULL, TENON_OK, "MN", NULL, NULL },
};

static void check_text(const char *text, size_t i)
{
	const char *begin = steps[i].text;

	ck_assert_int_eq(!text, !begin);
	ck_assert_msg(!text || strncmp(text, begin, strlen(begin)) == 0,
		      "step %zu: %s", i, text);
	for (const char *at = steps[i].marks; at && *at; at++) {
		const char mark[] = { ' ', *at, '\0' };

		check_says(text, mark);
	}
}

START_TEST(memcached_answers_in_its_own_words)
{
	memset(&rig, 0, sizeof(rig));
	ck_assert(memcached_start(&server, MEMCACHED_UNIX, NULL));
	rig_open_one(&rig, server.address, protocols[_i]);
	for (size_t i = 0; i < COUNT(steps); i++) {
		ck_assert_msg(ask(steps[i].command, steps[i].key,
				  steps[i].flags, steps[i].value) == 0,
			      "step %zu: %s", i, rig.err.message);
		ck_assert_msg(told.status == steps[i].status, "step %zu: %s", i,
			      tenon_status_name(told.status));
		check_text(told.text, i);
		ck_assert_pstr_eq(told.value, steps[i].found);
		/* other calls use the same connection */
		ck_assert_int_eq(rig_get(&rig, "empty") >= 0, 1);
	}
	ck_assert_int_eq(ask("me", "n", "", NULL), 0);
	check_says(told.text, "ME n exp=-1 la=");
	rig_close(&rig);
	memcached_stop(&server);
}
END_TEST

static const struct {
	const char *command, *flags;
	size_t value_bytes;
	int status;
	const char *says;
} mistakes[] = {
	{ "mg", "D", 0, TENON_ECLIENT, "CLIENT_ERROR invalid" },
	{ "ms", "T", 5, TENON_ECLIENT, "CLIENT_ERROR bad token" },
	{ "ms", "Mx", 5000, TENON_ECLIENT, "CLIENT_ERROR " },
	{ "ms", "", 2000000, TENON_ESERVER, "SERVER_ERROR object too large" },
	{ "ma", "Dx", 0, TENON_ECLIENT, "CLIENT_ERROR " },
};

/* The value behind a line that memcached refuses is made of commands that would store a key. */
START_TEST(a_mistake_is_an_error_and_no_byte_of_a_value_is_a_command)
{
	static const char command[] = "set evil 0 0 1\r\nx\r\n";
	size_t len = mistakes[_i].value_bytes;
	char *value = malloc(len + 1);

	for (size_t i = 0; i < len; i++) {
		value[i] = command[i % (sizeof(command) - 1)];
	}
	value[len] = '\0';
	memset(&rig, 0, sizeof(rig));
	ck_assert(memcached_start(&server, MEMCACHED_UNIX, NULL));
	rig_open_one(&rig, server.address, NULL);
	ck_assert_int_eq(ask(mistakes[_i].command, "k", mistakes[_i].flags,
			     len ? value : NULL),
			 mistakes[_i].status);
	check_says(rig.err.message, mistakes[_i].says);
	ck_assert_int_eq(ask("mn", "", NULL, NULL), 0);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_get(&rig, "evil"), TENON_MISS);
	free(value);
	rig_close(&rig);
	memcached_stop(&server);
}
END_TEST

START_TEST(values_of_any_bytes_go_and_come)
{
	static const size_t sizes[] = { 1, 1024, 1025, 70000, 1000000 };
	char *value = binary_value(sizes[_i], 7);
	const struct tenon_meta_request store = {
		.command = "ms",
		.key = slice("k"),
		.value = { value, sizes[_i] },
		.server = UINT32_MAX,
	};

	memset(&rig, 0, sizeof(rig));
	ck_assert(memcached_start(&server, MEMCACHED_UNIX, NULL));
	rig_open_one(&rig, server.address, NULL);
	ck_assert_int_eq(tenon_client_ask_meta(rig.client, &store, NULL, &told,
					       &rig.err),
			 0);
	ck_assert_str_eq(told.text, "HD");
	ck_assert_int_eq(ask("mg", "k", "v s", NULL), 0);
	ck_assert(result_value_is(&told, value, sizes[_i]));
	free(value);
	rig_close(&rig);
	memcached_stop(&server);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ask_meta");
	TCase *fakes = tcase_create("fakes");
	TCase *real = tcase_create("memcached");

	memcached_require();
	scratch_begin();
	tcase_add_test(fakes, the_prefix_stands_in_front_of_the_key);
	tcase_add_test(fakes, a_key_in_base64_is_sent_as_it_is);
	tcase_add_test(fakes,
		       a_key_that_cannot_be_sent_is_treated_as_in_other_calls);
	LOOP(fakes, a_value_is_sent_only_behind_an_mn_that_was_answered, 2);
	tcase_add_test(fakes, other_calls_go_on_over_the_same_connection);
	LOOP(fakes, the_home_server_is_asked_or_the_one_that_is_named, 2);
	tcase_add_test(fakes, no_other_server_is_asked_when_the_home_is_dead);
	LOOP(fakes, a_hostile_reply_is_an_error, COUNT(hostile));
	LOOP(fakes, a_reply_without_its_end_meets_the_deadline, 4);
	LOOP(fakes, a_wrong_argument_is_refused_and_nothing_is_sent,
	     COUNT(refused));
	tcase_add_test(fakes, flags_have_a_ceiling);
	tcase_add_test(fakes, of_a_call_only_the_timeout_is_allowed);
	tcase_add_test(fakes, a_value_above_max_value_bytes_is_not_sent);
	suite_add_tcase(suite, fakes);
	LOOP(real, memcached_answers_in_its_own_words, COUNT(protocols));
	LOOP(real, a_mistake_is_an_error_and_no_byte_of_a_value_is_a_command,
	     COUNT(mistakes));
	LOOP(real, values_of_any_bytes_go_and_come, 5);
	suite_add_tcase(suite, real);
	return suite_run(suite);
}
