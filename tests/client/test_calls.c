/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests of a call: keys, prefix, limits, refusals and noreply, against a scripted
 * server.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

/* ---- many keys ----------------------------------------------------------- */

START_TEST(values_out_of_order_are_matched_by_key)
{
	const struct tenon_item items[] = { item("a", NULL), item("ab", NULL),
					    item("b", NULL), item("c", NULL) };
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get a ab b c\r\n"),
				  FAKE_SEND("VALUE c 0 1\r\n3\r\n"
					    "VALUE ab 0 2\r\n12\r\n"
					    "VALUE a 0 1\r\n1\r\nEND\r\n")));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, COUNT(items), 0), 0);
	ck_assert(result_value_is(&rig.results[0], "1", 1));
	ck_assert(result_value_is(&rig.results[1], "12", 2));
	ck_assert_int_eq(rig.results[2].status, TENON_MISS);
	ck_assert(result_value_is(&rig.results[3], "3", 1));
	rig_close(&rig);
}
END_TEST

START_TEST(a_key_given_twice_gets_its_answer_twice)
{
	const struct tenon_item items[] = { item("a", NULL), item("b", NULL),
					    item("a", NULL) };
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get a b a\r\n"),
				  FAKE_SEND("VALUE a 0 1\r\n1\r\n"
					    "VALUE a 0 1\r\n1\r\nEND\r\n")));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, COUNT(items), 0), 0);
	ck_assert(result_value_is(&rig.results[0], "1", 1));
	ck_assert_int_eq(rig.results[1].status, TENON_MISS);
	ck_assert(result_value_is(&rig.results[2], "1", 1));
	rig_close(&rig);
}
END_TEST

/* As some proxies do. Also for a value in the caller's memory. */
START_TEST(a_key_given_twice_and_answered_once_has_its_value_twice)
{
	const struct tenon_item items[] = { item("a", NULL), item("b", NULL),
					    item("a", NULL), item("c", NULL) };
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get a b a c\r\n"),
				  FAKE_SEND("VALUE a 7 1\r\n1\r\nEND\r\n")));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, COUNT(items), 0), 0);
	ck_assert(result_value_is(&rig.results[0], "1", 1));
	ck_assert_int_eq(rig.results[1].status, TENON_MISS);
	ck_assert(result_value_is(&rig.results[2], "1", 1));
	ck_assert_uint_eq(rig.results[2].flags, 7);
	ck_assert_int_eq(rig.results[3].status, TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(a_key_echoed_twice_that_was_asked_once_closes_the_connection)
{
	const struct tenon_item items[] = { item("a", NULL), item("b", NULL) };
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get a b\r\n"),
				  FAKE_SEND("VALUE a 0 1\r\n1\r\n"
					    "VALUE a 0 1\r\n2\r\n"
					    "VALUE b 0 1\r\n3\r\nEND\r\n"),
				  FAKE_EXPECT_CLOSE));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, COUNT(items), 0),
			 TENON_EPROTOCOL);
	ck_assert(rig.results[0].status == TENON_EPROTOCOL ||
		  result_value_is(&rig.results[0], "1", 1));
	ck_assert_int_eq(rig.results[1].status, TENON_EPROTOCOL);
	ck_assert_uint_ge(rig.log_lines, 1);
	rig_close(&rig);
}
END_TEST

START_TEST(an_error_in_the_middle_of_a_pipeline_fails_one_key)
{
	const struct tenon_item items[] = { item("a", "1"), item("b", "22"),
					    item("c", "") };
	struct rig rig = { 0 };

	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT,
			    FAKE_EXPECT("set a 0 0 1\r\n1\r\n"
					"set b 0 0 2\r\n22\r\n"
					"set c 0 0 0\r\n\r\n"),
			    FAKE_SEND("STORED\r\n"
				      "SERVER_ERROR object too large for cache"
				      "\r\nSTORED\r\n"),
			    FAKE_EXPECT("get z\r\n"), FAKE_SEND("END\r\n")));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, 3, 0), TENON_ESERVER);
	ck_assert_int_eq(rig.results[0].status, TENON_STORED);
	ck_assert_int_eq(rig.results[1].status, TENON_ESERVER);
	ck_assert_str_eq(rig.results[1].text,
			 "SERVER_ERROR object too large for cache");
	ck_assert_int_eq(rig.results[2].status, TENON_STORED);
	ck_assert_int_eq(rig_get(&rig, "z"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(an_error_in_the_middle_of_a_get_fails_the_keys_left)
{
	const struct tenon_item items[] = { item("a", NULL), item("b", NULL),
					    item("c", NULL) };
	struct rig rig = { 0 };

	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get a b c\r\n"),
			    FAKE_SEND("VALUE b 0 1\r\n2\r\n"
				      "SERVER_ERROR out of memory\r\n"),
			    FAKE_EXPECT("get z\r\n"), FAKE_SEND("END\r\n")));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, 3, 0), TENON_ESERVER);
	ck_assert_int_eq(rig.results[0].status, TENON_ESERVER);
	ck_assert(result_value_is(&rig.results[1], "2", 1));
	ck_assert_int_eq(rig.results[2].status, TENON_ESERVER);
	ck_assert_str_eq(rig.results[2].text, "SERVER_ERROR out of memory");
	ck_assert_int_eq(rig_get(&rig, "z"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(keys_answered_before_the_break_stay_answered)
{
	const struct tenon_item items[] = { item("a", "1"), item("b", "2"),
					    item("c", "3") };
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(3 * 16),
				  FAKE_SEND("STORED\r\n"), FAKE_CLOSE));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, 3, 0), TENON_ECLOSED);
	ck_assert_int_eq(rig.results[0].status, TENON_STORED);
	ck_assert_int_eq(rig.results[1].status, TENON_ECLOSED);
	ck_assert_int_eq(rig.results[2].status, TENON_ECLOSED);
	rig_close(&rig);
}
END_TEST

static char long_key[252];

static const struct tenon_slice refused_keys[] = {
	{ NULL, 0 },	       { "", 0 },
	{ long_key, 251 },     { long_key, 100000 },
	TENON_LITERAL("a b"),  TENON_LITERAL(" a"),
	TENON_LITERAL("a "),   TENON_LITERAL("a\tb"),
	TENON_LITERAL("a\nb"), TENON_LITERAL("a\rb"),
	TENON_LITERAL("a\0b"), TENON_LITERAL("\0"),
	TENON_LITERAL("a\x7f"), TENON_LITERAL("\x1fz"),
	TENON_LITERAL("k\r\nflush_all\r\n"),
	TENON_LITERAL("k 0 0 0\r\n\r\nflush_all\r\nset k"),
};

START_TEST(refused_keys_do_not_hinder_the_others)
{
	struct tenon_item items[] = { item("one", NULL), item("", NULL),
				      item("two", NULL) };
	struct rig rig = { 0 };

	items[1].key = refused_keys[_i];
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get one two\r\n"),
				  FAKE_SEND("VALUE two 0 1\r\n2\r\nEND\r\n")));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, 3, 0), TENON_EKEY);
	ck_assert_int_eq(rig.results[0].status, TENON_MISS);
	ck_assert_int_eq(rig.results[1].status, TENON_EKEY);
	ck_assert_uint_eq(rig.results[1].server, UINT32_MAX);
	ck_assert(result_value_is(&rig.results[2], "2", 1));
	rig_close(&rig);
}
END_TEST

START_TEST(a_refused_key_is_refused_by_every_verb_and_nothing_is_sent)
{
	struct tenon_item one = rig_usual_item;
	struct rig rig = { 0 };
	char key[200]; /* too long to be sent as base64 */

	memset(key, 'k', sizeof(key));
	memcpy(key + 1, "\r\nflush_all\r\n", 13);
	one.key = (struct tenon_slice){ key, sizeof(key) };
	rig_fake(&rig, FAKE_STEPS(FAKE_DELAY(0)));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_one(&rig, (enum tenon_verb)_i, &one, 0),
			 TENON_EKEY);
	rig_close(&rig);
}
END_TEST

START_TEST(keys_with_high_bytes_are_sent_as_they_are)
{
	struct rig rig = { 0 };

	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT,
			    FAKE_EXPECT("get \xe4\xb8\xad\xff\x80\r\n"),
			    FAKE_SEND("VALUE \xe4\xb8\xad\xff\x80 0 1\r\nx\r\n"
				      "END\r\n")));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_get(&rig, "\xe4\xb8\xad\xff\x80"), TENON_HIT);
	rig_close(&rig);
}
END_TEST

/* ---- prefix -------------------------------------------------------------- */

static const struct {
	const char *prefix;
	const char *key;
	const char *request;
	const char *reply;
} prefixed[] = {
	{ "p:", "k", "get p:k\r\n", "VALUE p:k 0 1\r\nx\r\nEND\r\n" },
	{ "p:", "?k", "get ?p:k\r\n", "VALUE ?p:k 0 1\r\nx\r\nEND\r\n" },
	{ "p:", "?", "get ?p:\r\n", "VALUE ?p: 0 1\r\nx\r\nEND\r\n" },
	{ "p:", "k?", "get p:k?\r\n", "VALUE p:k? 0 1\r\nx\r\nEND\r\n" },
	{ "?", "??k", "get ???k\r\n", "VALUE ???k 0 1\r\nx\r\nEND\r\n" },
	{ "", "?k", "get ?k\r\n", "VALUE ?k 0 1\r\nx\r\nEND\r\n" },
};

START_TEST(prefix_goes_in_front_but_behind_a_question_mark)
{
	struct rig rig = { 0 };
	struct fake_step steps[] = { FAKE_ACCEPT,
				     fake_expect_text(prefixed[_i].request),
				     fake_send_text(prefixed[_i].reply) };
	char settings[64];

	snprintf(settings, sizeof(settings), "prefix: \"%s\"\n",
		 prefixed[_i].prefix);
	rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, settings);
	ck_assert_int_eq(rig_get(&rig, prefixed[_i].key), TENON_HIT);
	rig_close(&rig);
}
END_TEST

START_TEST(a_value_under_the_key_without_its_prefix_is_a_protocol_error)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get p:k\r\n"),
				  FAKE_SEND("VALUE k 0 1\r\nx\r\nEND\r\n"),
				  FAKE_EXPECT_CLOSE));
	rig_open(&rig, "prefix: \"p:\"\n");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_EPROTOCOL);
	rig_close(&rig);
}
END_TEST

START_TEST(the_250_byte_limit_counts_the_prefix)
{
	struct tenon_item items[2] = { { .key = { long_key, 248 } },
				       { .key = { long_key, 249 } } };
	char request[300];
	struct rig rig = { 0 };
	struct fake_step steps[3] = { FAKE_ACCEPT };

	snprintf(request, sizeof(request), "get p:%.248s\r\n", long_key);
	steps[1] = fake_expect_text(request);
	steps[2] = fake_send_text("END\r\n");
	rig_fake(&rig, steps, 3);
	rig_open(&rig, "prefix: \"p:\"\n");
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, 2, 0), TENON_EKEY);
	ck_assert_int_eq(rig.results[0].status, TENON_MISS);
	ck_assert_int_eq(rig.results[1].status, TENON_EKEY);
	rig_close(&rig);
}
END_TEST

/* ---- no server sees a command that the caller did not give --------------- */

START_TEST(a_value_full_of_commands_stays_a_value)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT,
				  FAKE_EXPECT("set k 0 0 16\r\n\r\nflush_all"
					      "\r\nEND\r\n"),
				  FAKE_SEND("STORED\r\n")));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_set(&rig, "k", "\r\nflush_all\r\nEND"),
			 TENON_STORED);
	rig_close(&rig);
}
END_TEST

static const char *const refused_prefixes[] = {
	"prefix: \"a b\"\n",
	"prefix: \"a\\r\\nflush_all\\r\\n\"\n",
	"prefix: \"\\0\"\n",
	"prefix: \"\\x7f\"\n",
};

START_TEST(a_prefix_that_is_no_key_is_a_config_error)
{
	const char *text = refused_prefixes[_i];
	struct tenon_client *client = NULL;
	struct tenon_config *config;
	struct tenon_error err;
	int code;

	ck_assert_int_eq(rig_config(&config, &err), 0);
	ck_assert_int_eq(tenon_config_add_server(config, "127.0.0.1:1", NULL, 1,
						 &err),
			 0);
	code = tenon_config_load_text(config, "test", text, strlen(text), &err);
	if (!code) {
		code = tenon_client_open(config, &client, &err);
	}
	ck_assert_int_eq(code, TENON_ECONFIG);
	ck_assert_str_ne(err.message, "");
	ck_assert_ptr_null(client);
	tenon_config_destroy(config);
}
END_TEST

static const struct {
	enum tenon_server_verb verb;
	const char *argument;
	unsigned options;
} refused_calls[] = {
	{ TENON_STATS, "slabs\r\nflush_all", 0 },
	{ TENON_STATS, "slabs\nflush_all", 0 },
	{ TENON_STATS, "\t", 0 },
	{ TENON_STATS, "\x7f", 0 },
	{ TENON_FLUSH_ALL, "30\r\nflush_all", 0 },
	{ TENON_FLUSH_ALL, "1 noreply", 0 },
	{ TENON_VERBOSITY, "1\r\nflush_all", 0 },
	{ TENON_VERBOSITY, "1 noreply", 0 },
	{ TENON_VERSION, "1", 0 },
	{ TENON_QUIT, "now", 0 },
	{ TENON_VERSION, NULL, TENON_NOREPLY },
	{ TENON_STATS, NULL, TENON_NOREPLY },
	{ TENON_VERSION, NULL, 0x80000000u },
	{ TENON_SERVER_VERB_COUNT, NULL, 0 },
};

START_TEST(an_argument_out_of_place_is_refused_and_nothing_is_sent)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_DELAY(0)));
	rig_open(&rig, "enable_flush_all: true\npoll_timeout: 300ms\n");
	ck_assert_int_eq(rig_run_servers(&rig, refused_calls[_i].verb,
				     refused_calls[_i].argument,
				     refused_calls[_i].options),
			 TENON_EINVAL);
	ck_assert_ptr_null(rig.results);
	ck_assert_str_ne(rig.err.message, "");
	rig_close(&rig);
}
END_TEST

/* run.c: ARGUMENT_MAX_BYTES */
START_TEST(an_argument_has_200_bytes_at_most)
{
	char argument[202], request[220];
	struct rig rig = { 0 };

	memset(argument, 'a', 201);
	argument[201] = '\0';
	snprintf(request, sizeof(request), "stats %s\r\n", argument + 1);
	const struct fake_step steps[] = {
		FAKE_ACCEPT,
		fake_expect_text(request),
		FAKE_SEND("END\r\n"),
	};
	rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_run_servers(&rig, TENON_STATS, argument, 0),
			 TENON_EINVAL);
	ck_assert_ptr_nonnull(strstr(rig.err.message, "201 bytes, expected at most 200"));
	ck_assert_int_eq(rig_run_servers(&rig, TENON_STATS, argument + 1, 0), 0);
	rig_close(&rig);
}
END_TEST

static const struct {
	enum tenon_verb verb;
	unsigned options;
} refused_runs[] = {
	{ TENON_GET, TENON_NOREPLY },  { TENON_GETS, TENON_NOREPLY },
	{ TENON_GAT, TENON_NOREPLY },  { TENON_GATS, TENON_NOREPLY },
	{ TENON_GET, 0x80000000u },    { TENON_SET, 16 },
	{ TENON_GET, TENON_FROM_NOW }, { TENON_DELETE, TENON_FROM_NOW },
	{ TENON_VERB_COUNT, 0 },       { (enum tenon_verb)1000, 0 },
};

START_TEST(a_call_that_makes_no_sense_is_refused_and_nothing_is_sent)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_DELAY(0)));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_run(&rig, refused_runs[_i].verb, &rig_usual_item, 1,
				 refused_runs[_i].options),
			 TENON_EINVAL);
	ck_assert_ptr_null(rig.results);
	rig_close(&rig);
}
END_TEST

START_TEST(flush_all_is_refused_unless_enabled)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_DELAY(0)));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_run_servers(&rig, TENON_FLUSH_ALL, NULL, 0),
			 TENON_EDISABLED);
	ck_assert_ptr_nonnull(strstr(rig.err.message, "enable_flush_all"));
	rig_close(&rig);
}
END_TEST

START_TEST(no_key_at_all_is_no_work)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_DELAY(0)));
	rig_open(&rig, NULL);
	ck_assert_int_eq(tenon_run(rig.client, TENON_GET, NULL, 0, NULL,
				   &rig.results, &rig.err),
			 0);
	rig_close(&rig);
}
END_TEST

/* ---- values at the limit ------------------------------------------------- */

#define LIMIT "max_value_bytes: 1KiB\n"
#define B64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define B1024 \
	B64 B64 B64 B64 B64 B64 B64 B64 B64 B64 B64 B64 B64 B64 B64 B64

START_TEST(a_value_of_exactly_max_value_bytes_goes_both_ways)
{
	struct rig rig = { 0 };

	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT,
			    FAKE_EXPECT("set k 0 0 1024\r\n" B1024 "\r\n"),
			    FAKE_SEND("STORED\r\n"), FAKE_EXPECT("get k\r\n"),
			    FAKE_SEND("VALUE k 0 1024\r\n" B1024 "\r\n"
				      "END\r\n")));
	rig_open(&rig, LIMIT);
	ck_assert_int_eq(rig_set(&rig, "k", B1024), TENON_STORED);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_HIT);
	ck_assert(rig_value_is(&rig, B1024));
	rig_close(&rig);
}
END_TEST

START_TEST(a_value_above_max_value_bytes_is_not_sent)
{
	const struct tenon_item items[] = { item("a", "1"),
					    item("b", B1024 "a"),
					    item("c", "3") };
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT,
				  FAKE_EXPECT("set a 0 0 1\r\n1\r\n"
					      "set c 0 0 1\r\n3\r\n"),
				  FAKE_SEND("STORED\r\nSTORED\r\n")));
	rig_open(&rig, LIMIT);
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, 3, 0), TENON_ETOOBIG);
	ck_assert_int_eq(rig.results[0].status, TENON_STORED);
	ck_assert_int_eq(rig.results[1].status, TENON_ETOOBIG);
	ck_assert_int_eq(rig.results[2].status, TENON_STORED);
	rig_close(&rig);
}
END_TEST

START_TEST(a_value_above_max_value_bytes_is_not_received)
{
	const struct tenon_item items[] = { item("a", NULL), item("b", NULL),
					    item("c", NULL) };
	struct rig rig = { 0 };

	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get a b c\r\n"),
			    FAKE_SEND("VALUE a 0 1\r\n1\r\n"
				      "VALUE b 0 1025\r\n" B1024 "a\r\n"
				      "VALUE c 0 1\r\n3\r\nEND\r\n"),
			    FAKE_EXPECT("get z\r\n"), FAKE_SEND("END\r\n")));
	rig_open(&rig, LIMIT);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, 3, 0), TENON_ETOOBIG);
	ck_assert(result_value_is(&rig.results[0], "1", 1));
	ck_assert_int_eq(rig.results[1].status, TENON_ETOOBIG);
	ck_assert_ptr_null(rig.results[1].value);
	ck_assert(result_value_is(&rig.results[2], "3", 1));
	ck_assert_int_eq(rig_get(&rig, "z"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(a_value_of_absurd_length_costs_no_memory_and_no_more_than_the_deadline)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("VALUE k 0 9223372036854775807"
					    "\r\nabc"),
				  FAKE_EXPECT_CLOSE, FAKE_ACCEPT,
				  FAKE_EXPECT("get z\r\n"),
				  FAKE_SEND("END\r\n")));
	rig_open(&rig, RETRY_SOON "poll_timeout: 150ms\n");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ETOOBIG);
	ck_assert_int_eq(rig_get(&rig, "z"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

/* ---- noreply ------------------------------------------------------------- */

static int set_noreply(struct rig *rig, const char *key)
{
	const struct tenon_item one = item(key, "x");

	return rig_one(rig, TENON_SET, &one, TENON_NOREPLY);
}

/* The first fence to a server, and its reply from a server that knows `version`. */
#define FIRST_FENCE  "version\r\nget tenon:fence\r\n"
#define FIRST_PASSED "VERSION 1.6.18\r\nEND\r\n"

START_TEST(a_fence_stands_once_between_noreply_and_the_next_reply)
{
	struct rig rig = { 0 };

	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT,
			    FAKE_EXPECT("set a 0 0 1 noreply\r\nx\r\n"),
			    FAKE_EXPECT("set b 0 0 1 noreply\r\nx\r\n"),
			    FAKE_EXPECT(FIRST_FENCE "get k\r\n"),
			    FAKE_SEND(FIRST_PASSED "END\r\n"),
			    FAKE_EXPECT("get k\r\n"), FAKE_SEND("END\r\n"),
			    FAKE_EXPECT("set c 0 0 1 noreply\r\nx\r\n"),
			    FAKE_EXPECT("version\r\nget k\r\n"),
			    FAKE_SEND("VERSION 1.6.18\r\nEND\r\n")));
	rig_open(&rig, NULL);
	ck_assert_int_eq(set_noreply(&rig, "a"), TENON_SENT);
	ck_assert_int_eq(set_noreply(&rig, "b"), TENON_SENT);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(set_noreply(&rig, "c"), TENON_SENT);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

static const char *const noreply_answers[] = {
	"SERVER_ERROR out of memory storing object\r\n",
	"SERVER_ERROR object too large for cache\r\n",
	"CLIENT_ERROR bad data chunk\r\nERROR\r\nERROR\r\n",
};

START_TEST(errors_for_noreply_commands_are_logged_and_answer_nothing)
{
	struct rig rig = { 0 };
	struct fake_step steps[] = {
		FAKE_ACCEPT,
		FAKE_EXPECT("set a 0 0 1 noreply\r\nx\r\n"),
		fake_send_text(noreply_answers[_i]),
		FAKE_EXPECT(FIRST_FENCE "set k 0 0 1\r\ny\r\n"),
		FAKE_SEND(FIRST_PASSED "STORED\r\n"),
		FAKE_EXPECT("get k\r\n"),
		FAKE_SEND("VALUE k 0 1\r\ny\r\nEND\r\n"),
	};

	struct fake_server *fake = rig_fake(&rig, steps, COUNT(steps));

	rig_open(&rig, NULL);
	ck_assert_int_eq(set_noreply(&rig, "a"), TENON_SENT);
	ck_assert(fake_server_await(fake, 3));
	ck_assert_int_eq(rig_set(&rig, "k", "y"), TENON_STORED);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_HIT);
	ck_assert(rig_value_is(&rig, "y"));
	ck_assert_ptr_nonnull(strstr(rig.log, "noreply"));
	rig_close(&rig);
}
END_TEST

START_TEST(a_connection_that_broke_after_noreply_needs_no_fence)
{
	struct rig rig = { 0 };
	struct fake_server *fake = rig_fake(
		&rig,
		FAKE_STEPS(FAKE_ACCEPT,
			   FAKE_EXPECT("set a 0 0 1 noreply\r\nx\r\n"),
			   FAKE_CLOSE, FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
			   FAKE_SEND("END\r\n")));

	rig_open(&rig, RETRY_NEVER);
	ck_assert_int_eq(set_noreply(&rig, "a"), TENON_SENT);
	ck_assert(fake_server_await(fake, 3));
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

/* The stray line is taken for the reply to `version`. The fence's own reply then answers no request. */
START_TEST(a_stray_version_behind_noreply_is_no_answer)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT,
				  FAKE_EXPECT("set a 0 0 1 noreply\r\nx\r\n"),
				  FAKE_EXPECT(FIRST_FENCE "get k\r\n"),
				  FAKE_SEND(FIRST_PASSED "END\r\n"),
				  FAKE_EXPECT("set a 0 0 1 noreply\r\nx\r\n"),
				  FAKE_SEND("VERSION 9\r\n"),
				  FAKE_EXPECT_CLOSE, FAKE_ACCEPT,
				  FAKE_EXPECT("incr k 1\r\n"),
				  FAKE_SEND("5\r\n")));
	rig_open(&rig, RETRY_NEVER);
	ck_assert_int_eq(set_noreply(&rig, "a"), TENON_SENT);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(set_noreply(&rig, "a"), TENON_SENT);
	ck_assert(fake_server_await(rig.fakes[0], 6));
	ck_assert_int_eq(
		rig_one(&rig, TENON_INCR,
			&(struct tenon_item){ .key = TENON_LITERAL("k"),
					      .delta = 1 },
			0),
		TENON_HIT);
	ck_assert_uint_eq(rig.result.number, 5);
	rig_close(&rig);
}
END_TEST

static const char *const other_versions[] = {
	"ERROR\r\n",
	"CLIENT_ERROR unknown\r\n",
	"1.0 of a look-alike\r\n",
	"OK\r\n",
	"",
};

/* Loop: how a server answers that does not know `version`. The next fence does without. */
START_TEST(a_server_without_version_has_a_fence_as_well)
{
	struct rig rig = { 0 };
	char passed[100];

	snprintf(passed, sizeof(passed), "%sEND\r\n1\r\n", other_versions[_i]);
	struct fake_step steps[] = {
		FAKE_ACCEPT,
		FAKE_EXPECT("set a 0 0 1 noreply\r\nx\r\n"),
		FAKE_SEND("SERVER_ERROR out of memory storing object\r\n"),
		FAKE_EXPECT(FIRST_FENCE "incr k 1\r\n"),
		fake_send_text(passed),
		FAKE_EXPECT("set a 0 0 1 noreply\r\nx\r\n"),
		FAKE_EXPECT("get tenon:fence\r\nincr k 1\r\n"),
		FAKE_SEND("END\r\n2\r\n"),
	};
	struct tenon_item one = { .key = TENON_LITERAL("k"), .delta = 1 };

	rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, RETRY_NEVER);
	for (uint64_t number = 1; number <= 2; number++) {
		ck_assert_int_eq(set_noreply(&rig, "a"), TENON_SENT);
		ck_assert_int_eq(rig_one(&rig, TENON_INCR, &one, 0), TENON_HIT);
		ck_assert_uint_eq(rig.result.number, number);
	}
	rig_close(&rig);
}
END_TEST

/* The request behind the fence goes again on a new connection, where it needs no fence. */
START_TEST(a_server_that_closes_behind_version_is_found_out_once)
{
	struct rig rig = { 0 };

	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT,
			    FAKE_EXPECT("set a 0 0 1 noreply\r\nx\r\n"),
			    FAKE_EXPECT(FIRST_FENCE "get k\r\n"), FAKE_CLOSE,
			    FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
			    FAKE_SEND("END\r\n"),
			    FAKE_EXPECT("set a 0 0 1 noreply\r\nx\r\n"),
			    FAKE_EXPECT("get tenon:fence\r\nget k\r\n"),
			    FAKE_SEND("END\r\nEND\r\n")));
	rig_open(&rig, RETRY_NEVER);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(set_noreply(&rig, "a"), TENON_SENT);
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	}
	rig_close(&rig);
}
END_TEST

START_TEST(a_fence_is_not_mistaken_for_the_version_that_was_asked)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT,
				  FAKE_EXPECT("set a 0 0 1 noreply\r\nx\r\n"),
				  FAKE_EXPECT(FIRST_FENCE "version\r\n"),
				  FAKE_SEND(FIRST_PASSED "VERSION 2\r\n")));
	rig_open(&rig, NULL);
	ck_assert_int_eq(set_noreply(&rig, "a"), TENON_SENT);
	ck_assert_int_eq(rig_run_servers(&rig, TENON_VERSION, NULL, 0), 0);
	ck_assert_str_eq(rig.result.value, "2");
	rig_close(&rig);
}
END_TEST

/* ---- list ---------------------------------------------------------------- */

static TCase *keys_case(void)
{
	TCase *tc = tcase_create("keys");

	tcase_add_test(tc, values_out_of_order_are_matched_by_key);
	tcase_add_test(tc, a_key_given_twice_gets_its_answer_twice);
	tcase_add_test(tc,
		       a_key_given_twice_and_answered_once_has_its_value_twice);
	tcase_add_test(
		tc,
		a_key_echoed_twice_that_was_asked_once_closes_the_connection);
	tcase_add_test(tc, an_error_in_the_middle_of_a_pipeline_fails_one_key);
	tcase_add_test(
		tc, an_error_in_the_middle_of_a_get_fails_the_keys_left);
	tcase_add_test(tc, keys_answered_before_the_break_stay_answered);
	LOOP(tc, refused_keys_do_not_hinder_the_others, COUNT(refused_keys));
	LOOP(tc, a_refused_key_is_refused_by_every_verb_and_nothing_is_sent,
	     TENON_VERB_COUNT);
	tcase_add_test(tc, keys_with_high_bytes_are_sent_as_they_are);
	LOOP(tc, prefix_goes_in_front_but_behind_a_question_mark,
	     COUNT(prefixed));
	tcase_add_test(
		tc,
		a_value_under_the_key_without_its_prefix_is_a_protocol_error);
	tcase_add_test(tc, the_250_byte_limit_counts_the_prefix);
	return tc;
}

static TCase *refusals_case(void)
{
	TCase *tc = tcase_create("refusals and limits");

	tcase_add_test(tc, a_value_full_of_commands_stays_a_value);
	LOOP(tc, a_prefix_that_is_no_key_is_a_config_error,
	     COUNT(refused_prefixes));
	tcase_add_test(tc, an_argument_has_200_bytes_at_most);
	LOOP(tc, an_argument_out_of_place_is_refused_and_nothing_is_sent,
	     COUNT(refused_calls));
	LOOP(tc, a_call_that_makes_no_sense_is_refused_and_nothing_is_sent,
	     COUNT(refused_runs));
	tcase_add_test(tc, flush_all_is_refused_unless_enabled);
	tcase_add_test(tc, no_key_at_all_is_no_work);
	tcase_add_test(tc, a_value_of_exactly_max_value_bytes_goes_both_ways);
	tcase_add_test(tc, a_value_above_max_value_bytes_is_not_sent);
	tcase_add_test(tc, a_value_above_max_value_bytes_is_not_received);
	tcase_add_test(
		tc,
		a_value_of_absurd_length_costs_no_memory_and_no_more_than_the_deadline);
	return tc;
}

static TCase *noreply_case(void)
{
	TCase *tc = tcase_create("noreply");

	tcase_add_test(tc,
		       a_fence_stands_once_between_noreply_and_the_next_reply);
	LOOP(tc, errors_for_noreply_commands_are_logged_and_answer_nothing,
	     COUNT(noreply_answers));
	tcase_add_test(tc,
		       a_connection_that_broke_after_noreply_needs_no_fence);
	tcase_add_test(tc, a_stray_version_behind_noreply_is_no_answer);
	LOOP(tc, a_server_without_version_has_a_fence_as_well,
	     COUNT(other_versions));
	tcase_add_test(tc,
		       a_server_that_closes_behind_version_is_found_out_once);
	tcase_add_test(tc,
		       a_fence_is_not_mistaken_for_the_version_that_was_asked);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("calls");

	scratch_begin();
	memset(long_key, 'x', sizeof(long_key) - 1);
	suite_add_tcase(suite, keys_case());
	suite_add_tcase(suite, refusals_case());
	suite_add_tcase(suite, noreply_case());
	return suite_run(suite);
}
