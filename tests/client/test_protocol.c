/* SPDX-License-Identifier: BSD-3-Clause */
/* The bytes of the classic text protocol, both ways, against a scripted server. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

/* ---- every verb and every legal reply ------------------------------------ */

struct exchange {
	enum tenon_verb verb;
	unsigned options;
	const char *request;
	const char *reply;
	int status;
	const char *value;
	const char *text;
	uint32_t flags;
	uint64_t cas;
	uint64_t number;
	bool closes; /* the client closes the connection afterwards */
};

#define HELLO "VALUE k 7 5\r\nhello\r\nEND\r\n"
#define HELLO_CAS "VALUE k 7 5 99\r\nhello\r\nEND\r\n"
#define OOM "SERVER_ERROR out of memory storing object"
#define BAD_FORMAT "CLIENT_ERROR bad command line format"
#define NON_NUMERIC \
	"CLIENT_ERROR cannot increment or decrement non-numeric value"

/* All requests have key k, value hello, flags 5, exptime 60, cas 99, delta 5. */
static const struct exchange exchanges[] = {
	{ TENON_GET, 0, "get k\r\n", HELLO, TENON_HIT, "hello", .flags = 7 },
	{ TENON_GET, 0, "get k\r\n", "END\r\n", .status = TENON_MISS },
	{ TENON_GET, 0, "get k\r\n", "VALUE k 0 0\r\n\r\nEND\r\n", .status = TENON_HIT, .value = "" },
	{ TENON_GET, 0, "get k\r\n",
	  "VALUE k 4294967295 7\r\n\r\nEND\r\n\r\nEND\r\n", TENON_HIT,
	  "\r\nEND\r\n", .flags = UINT32_MAX },
	{ TENON_GET, 0, "get k\r\n", "SERVER_ERROR out of memory\r\n",
	  .status = TENON_ESERVER, .text = "SERVER_ERROR out of memory" },
	{ TENON_GET, 0, "get k\r\n", BAD_FORMAT "\r\n", .status = TENON_ECLIENT, .text = BAD_FORMAT },
	{ TENON_GET, 0, "get k\r\n", "ERROR\r\n", .status = TENON_EUNKNOWN, .text = "ERROR" },
	{ TENON_GETS, 0, "gets k\r\n", HELLO_CAS, TENON_HIT, "hello",
	  .flags = 7, .cas = 99 },
	{ TENON_GETS, 0, "gets k\r\n",
	  "VALUE k 0 1 18446744073709551615\r\nx\r\nEND\r\n", TENON_HIT, "x",
	  .cas = UINT64_MAX },
	{ TENON_GETS, 0, "gets k\r\n", "END\r\n", .status = TENON_MISS },
	{ TENON_GAT, 0, "gat 60 k\r\n", HELLO, TENON_HIT, "hello", .flags = 7 },
	{ TENON_GAT, 0, "gat 60 k\r\n", "END\r\n", .status = TENON_MISS },
	{ TENON_GAT, 0, "gat 60 k\r\n", "ERROR\r\n", .status = TENON_EUNKNOWN, .text = "ERROR" },
	{ TENON_GATS, 0, "gats 60 k\r\n", HELLO_CAS, TENON_HIT, "hello",
	  .flags = 7, .cas = 99 },
	{ TENON_GATS, 0, "gats 60 k\r\n", "END\r\n", .status = TENON_MISS },
	{ TENON_SET, 0, "set k 5 60 5\r\nhello\r\n", "STORED\r\n",
	  .status = TENON_STORED },
	{ TENON_SET, 0, "set k 5 60 5\r\nhello\r\n", OOM "\r\n", .status = TENON_ESERVER, .text = OOM },
	{ TENON_SET, 0, "set k 5 60 5\r\nhello\r\n", BAD_FORMAT "\r\n",
	  .status = TENON_ECLIENT, .text = BAD_FORMAT, .closes = true },
	{ TENON_SET, 0, "set k 5 60 5\r\nhello\r\n", "ERROR\r\n",
	  .status = TENON_EUNKNOWN, .text = "ERROR", .closes = true },
	{ TENON_ADD, 0, "add k 5 60 5\r\nhello\r\n", "STORED\r\n",
	  .status = TENON_STORED },
	{ TENON_ADD, 0, "add k 5 60 5\r\nhello\r\n", "NOT_STORED\r\n",
	  .status = TENON_NOT_STORED },
	{ TENON_REPLACE, 0, "replace k 5 60 5\r\nhello\r\n", "STORED\r\n",
	  .status = TENON_STORED },
	{ TENON_REPLACE, 0, "replace k 5 60 5\r\nhello\r\n", "NOT_STORED\r\n",
	  .status = TENON_NOT_STORED },
	{ TENON_APPEND, 0, "append k 5 60 5\r\nhello\r\n", "STORED\r\n",
	  .status = TENON_STORED },
	{ TENON_APPEND, 0, "append k 5 60 5\r\nhello\r\n", "NOT_STORED\r\n",
	  .status = TENON_NOT_STORED },
	{ TENON_PREPEND, 0, "prepend k 5 60 5\r\nhello\r\n", "STORED\r\n",
	  .status = TENON_STORED },
	{ TENON_PREPEND, 0, "prepend k 5 60 5\r\nhello\r\n", "NOT_STORED\r\n",
	  .status = TENON_NOT_STORED },
	{ TENON_CAS, 0, "cas k 5 60 5 99\r\nhello\r\n", "STORED\r\n",
	  .status = TENON_STORED },
	{ TENON_CAS, 0, "cas k 5 60 5 99\r\nhello\r\n", "EXISTS\r\n",
	  .status = TENON_EXISTS },
	{ TENON_CAS, 0, "cas k 5 60 5 99\r\nhello\r\n", "NOT_FOUND\r\n",
	  .status = TENON_MISS },
	{ TENON_DELETE, 0, "delete k\r\n", "DELETED\r\n", .status = TENON_DELETED },
	{ TENON_DELETE, 0, "delete k\r\n", "NOT_FOUND\r\n", .status = TENON_MISS },
	{ TENON_DELETE, 0, "delete k\r\n", "SERVER_ERROR busy\r\n",
	  .status = TENON_ESERVER, .text = "SERVER_ERROR busy" },
	{ TENON_TOUCH, 0, "touch k 60\r\n", "TOUCHED\r\n", .status = TENON_TOUCHED },
	{ TENON_TOUCH, 0, "touch k 60\r\n", "NOT_FOUND\r\n", .status = TENON_MISS },
	{ TENON_TOUCH, 0, "touch k 60\r\n", "ERROR\r\n", .status = TENON_EUNKNOWN, .text = "ERROR" },
	{ TENON_INCR, 0, "incr k 5\r\n", "12\r\n", TENON_HIT, .number = 12 },
	{ TENON_INCR, 0, "incr k 5\r\n", "18446744073709551615\r\n", TENON_HIT,
	  .number = UINT64_MAX },
	{ TENON_INCR, 0, "incr k 5\r\n", "NOT_FOUND\r\n", .status = TENON_MISS },
	{ TENON_INCR, 0, "incr k 5\r\n", NON_NUMERIC "\r\n", .status = TENON_ECLIENT, .text = NON_NUMERIC },
	{ TENON_DECR, 0, "decr k 5\r\n", "0\r\n", TENON_HIT, .number = 0 },
	{ TENON_DECR, 0, "decr k 5\r\n", "NOT_FOUND\r\n", .status = TENON_MISS },

	{ TENON_SET, TENON_NOREPLY, "set k 5 60 5 noreply\r\nhello\r\n", "",
	  .status = TENON_SENT },
	{ TENON_ADD, TENON_NOREPLY, "add k 5 60 5 noreply\r\nhello\r\n", "",
	  .status = TENON_SENT },
	{ TENON_REPLACE, TENON_NOREPLY, "replace k 5 60 5 noreply\r\nhello\r\n",
	  "", .status = TENON_SENT },
	{ TENON_APPEND, TENON_NOREPLY, "append k 5 60 5 noreply\r\nhello\r\n",
	  "", .status = TENON_SENT },
	{ TENON_PREPEND, TENON_NOREPLY, "prepend k 5 60 5 noreply\r\nhello\r\n",
	  "", .status = TENON_SENT },
	{ TENON_CAS, TENON_NOREPLY, "cas k 5 60 5 99 noreply\r\nhello\r\n", "",
	  .status = TENON_SENT },
	{ TENON_DELETE, TENON_NOREPLY, "delete k noreply\r\n", "", .status = TENON_SENT },
	{ TENON_TOUCH, TENON_NOREPLY, "touch k 60 noreply\r\n", "",
	  .status = TENON_SENT },
	{ TENON_INCR, TENON_NOREPLY, "incr k 5 noreply\r\n", "", .status = TENON_SENT },
	{ TENON_DECR, TENON_NOREPLY, "decr k 5 noreply\r\n", "", .status = TENON_SENT },
};

/*
 * Add the steps of a get of z, on the same connection or on a new one: the client still
 * works.
 */
static size_t then_get_z(struct fake_step *steps, size_t n, bool closes,
			 bool fence)
{
	if (closes) {
		steps[n++] = (struct fake_step)FAKE_EXPECT_CLOSE;
		steps[n++] = (struct fake_step)FAKE_ACCEPT;
	}
	steps[n++] = fake_expect_text(
		fence ? "version\r\nget tenon:fence\r\nget z\r\n"
		      : "get z\r\n");
	steps[n++] = fake_send_text(fence ? "VERSION 1.6\r\nEND\r\nEND\r\n"
					  : "END\r\n");
	return n;
}

START_TEST(every_verb_writes_its_request_and_reads_every_legal_reply)
{
	const struct exchange *e = &exchanges[_i];
	struct rig rig = { 0 };
	struct fake_step steps[8] = { FAKE_ACCEPT, fake_expect_text(e->request),
				      fake_send_text(e->reply) };

	rig_fake(&rig, steps,
		 then_get_z(steps, 3, e->closes, e->options & TENON_NOREPLY));
	rig_open(&rig, NULL);
	ck_assert_msg(rig_one(&rig, e->verb, &rig_usual_item, e->options) ==
			      e->status,
		      "%s%s: %s", e->request, e->reply, rig.err.message);
	ck_assert_uint_eq(rig.result.flags, e->flags);
	ck_assert_uint_eq(rig.result.cas, e->cas);
	ck_assert_uint_eq(rig.result.number, e->number);
	ck_assert_uint_eq(rig.result.server, 0);
	ck_assert(!e->value == !rig.result.value);
	ck_assert(!e->value || rig_value_is(&rig, e->value));
	ck_assert_pstr_eq(rig.result.text, e->text);
	if (e->text) {
		ck_assert_ptr_nonnull(strstr(rig.err.message, e->text));
	}
	ck_assert_int_eq(rig_get(&rig, "z"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

struct server_exchange {
	enum tenon_server_verb verb;
	const char *argument;
	unsigned options;
	const char *request;
	const char *reply;
	int status;
	const char *value;
};

#define STATS "STAT pid 12\r\nSTAT version 1.6 x\r\n"

static const struct server_exchange server_exchanges[] = {
	{ TENON_VERSION, NULL, 0, "version\r\n", "VERSION 1.6.18\r\n",
	  TENON_OK, "1.6.18" },
	{ TENON_VERSION, NULL, 0, "version\r\n", "ERROR\r\n", .status = TENON_EUNKNOWN },
	{ TENON_STATS, NULL, 0, "stats\r\n", STATS "END\r\n", .status = TENON_OK },
	{ TENON_STATS, "slabs", 0, "stats slabs\r\n", "END\r\n", .status = TENON_OK },
	{ TENON_STATS, "cachedump 1 2", 0, "stats cachedump 1 2\r\n",
	  "ITEM foo [3 b; 0 s]\r\nEND\r\n", .status = TENON_OK },
	{ TENON_STATS, "detail dump", 0, "stats detail dump\r\n",
	  "PREFIX a get 1 hit 1 set 1 del 0\r\nPREFIX b get 0 hit 0 set 1 del 0\r\nEND\r\n",
	  .status = TENON_OK },
	{ TENON_STATS, "detail on", 0, "stats detail on\r\n", "OK\r\n", .status = TENON_OK },
	/* memcached 1.6.18 ends these without END, but not those of "stats sizes" */
	{ TENON_STATS, "sizes_enable", 0, "stats sizes_enable\r\n",
	  "STAT sizes_status enabled\r\n", .status = TENON_OK },
	{ TENON_STATS, " sizes_disable x", 0, "stats  sizes_disable x\r\n",
	  "STAT sizes_status disabled\r\n", .status = TENON_OK },
	{ TENON_STATS, "sizes_enable", 0, "stats sizes_enable\r\n",
	  "STAT sizes_status error\r\nSTAT sizes_error cas_support_disabled\r\n",
	  .status = TENON_OK },
	{ TENON_STATS, "sizes_enable", 0, "stats sizes_enable\r\n",
	  "STAT sizes_status enabled\r\nEND\r\n", .status = TENON_OK },
	{ TENON_STATS, "sizes", 0, "stats sizes\r\n",
	  "STAT sizes_status disabled\r\nEND\r\n", .status = TENON_OK },
	{ TENON_STATS, "reset", 0, "stats reset\r\n", "RESET\r\n", .status = TENON_OK },
	{ TENON_STATS, "nonsense", 0, "stats nonsense\r\n", "ERROR\r\n",
	  .status = TENON_EUNKNOWN },
	{ TENON_FLUSH_ALL, NULL, 0, "flush_all\r\n", "OK\r\n", .status = TENON_OK },
	{ TENON_FLUSH_ALL, "30", 0, "flush_all 30\r\n", "OK\r\n", .status = TENON_OK },
	{ TENON_FLUSH_ALL, NULL, 0, "flush_all\r\n",
	  "CLIENT_ERROR flush_all not allowed\r\n", .status = TENON_ECLIENT },
	{ TENON_FLUSH_ALL, "30", TENON_NOREPLY, "flush_all 30 noreply\r\n", "",
	  .status = TENON_SENT },
	{ TENON_VERBOSITY, "1", 0, "verbosity 1\r\n", "OK\r\n", .status = TENON_OK },
	{ TENON_VERBOSITY, "1", TENON_NOREPLY, "verbosity 1 noreply\r\n", "",
	  .status = TENON_SENT },
};

START_TEST(every_server_verb_writes_its_request_and_reads_every_legal_reply)
{
	const struct server_exchange *e = &server_exchanges[_i];
	struct rig rig = { 0 };
	struct fake_step steps[8] = { FAKE_ACCEPT, fake_expect_text(e->request),
				      fake_send_text(e->reply) };

	rig_fake(&rig, steps,
		 then_get_z(steps, 3, false, e->options & TENON_NOREPLY));
	rig_open(&rig, "enable_flush_all: true\n");
	ck_assert_int_eq(rig_run_servers(&rig, e->verb, e->argument, e->options),
			 e->status < 0 ? e->status : 0);
	ck_assert_int_eq(rig.result.status, e->status);
	if (e->value) {
		ck_assert_str_eq(rig.result.value, e->value);
	}
	ck_assert_int_eq(rig_get(&rig, "z"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

static bool slice_is(struct tenon_slice found, const char *text)
{
	return found.len == strlen(text) &&
		memcmp(found.data, text, found.len) == 0;
}

/* OK and RESET answer "stats detail on" and "stats reset" only. */
START_TEST(one_word_does_not_answer_plain_stats)
{
	static const char *const words[] = { "OK\r\n", "RESET\r\n" };
	struct rig rig = { 0 };
	struct fake_step steps[] = { FAKE_ACCEPT, FAKE_EXPECT("stats\r\n"),
				     fake_send_text(words[_i]), FAKE_EXPECT_CLOSE };

	rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_run_servers(&rig, TENON_STATS, NULL, 0), TENON_EPROTOCOL);
	rig_close(&rig);
}
END_TEST

START_TEST(stats_are_read_pair_by_pair)
{
	struct rig rig = { 0 };
	struct tenon_slice name, value;
	size_t cursor = 0;

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("stats\r\n"),
				  FAKE_SEND(STATS "STAT empty \r\nEND\r\n")));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_run_servers(&rig, TENON_STATS, NULL, 0), 0);
	ck_assert_int_eq(
		tenon_stat_next(&rig.result, &cursor, &name, &value), 1);
	ck_assert(slice_is(name, "pid") && slice_is(value, "12"));
	ck_assert_int_eq(
		tenon_stat_next(&rig.result, &cursor, &name, &value), 1);
	ck_assert(slice_is(name, "version") && slice_is(value, "1.6 x"));
	ck_assert_int_eq(
		tenon_stat_next(&rig.result, &cursor, &name, &value), 1);
	ck_assert(slice_is(name, "empty") && slice_is(value, ""));
	ck_assert_int_eq(
		tenon_stat_next(&rig.result, &cursor, &name, &value), 0);
	rig_close(&rig);
}
END_TEST

START_TEST(quit_lets_the_server_close_and_the_next_operation_reconnects)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get z\r\n"),
				  FAKE_SEND("END\r\n"),
				  FAKE_EXPECT("quit\r\n"),
				  FAKE_CLOSE, FAKE_ACCEPT,
				  FAKE_EXPECT("get z\r\n"),
				  FAKE_SEND("END\r\n")));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_get(&rig, "z"), TENON_MISS);
	ck_assert_int_eq(rig_run_servers(&rig, TENON_QUIT, NULL, 0), 0);
	ck_assert_int_eq(rig.result.status, TENON_SENT);
	ck_assert_int_eq(rig_get(&rig, "z"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(quit_connects_to_nobody)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_DELAY(0)));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_run_servers(&rig, TENON_QUIT, NULL, 0), 0);
	ck_assert_int_eq(rig.result.status, TENON_OK);
	rig_close(&rig);
}
END_TEST

/* ---- numbers in requests ------------------------------------------------- */

static const struct {
	struct tenon_item item;
	enum tenon_verb verb;
	const char *request;
} extremes[] = {
	{ { .key = TENON_LITERAL("k"), .flags = UINT32_MAX,
	    .exptime = 2147483647 },
	  TENON_SET, "set k 4294967295 2147483647 0\r\n\r\n" },
	{ { .key = TENON_LITERAL("k"), .exptime = -1 },
	  TENON_SET, "set k 0 -1 0\r\n\r\n" },
	{ { .key = TENON_LITERAL("k"), .cas = UINT64_MAX },
	  TENON_CAS, "cas k 0 0 0 18446744073709551615\r\n\r\n" },
};

START_TEST(numbers_are_written_to_their_limits)
{
	struct rig rig = { 0 };
	struct fake_step steps[] = { FAKE_ACCEPT,
				     fake_expect_text(extremes[_i].request),
				     FAKE_SEND("STORED\r\n") };

	rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, NULL);
	ck_assert_int_eq(
		rig_one(&rig, extremes[_i].verb, &extremes[_i].item, 0),
		TENON_STORED);
	rig_close(&rig);
}
END_TEST

START_TEST(largest_delta_is_written)
{
	const struct tenon_item one = { .key = TENON_LITERAL("k"),
					.delta = UINT64_MAX };
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT,
				  FAKE_EXPECT(
					  "incr k 18446744073709551615\r\n"),
				  FAKE_SEND("4\r\n")));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_one(&rig, TENON_INCR, &one, 0), TENON_HIT);
	rig_close(&rig);
}
END_TEST

/* ---- wrong replies ------------------------------------------------------- */

struct nonsense {
	enum tenon_verb verb;
	const char *reply;
	size_t len;
};

#define NONSENSE(verb, literal) { verb, literal, sizeof(literal) - 1 }
#define A64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define A1024 \
	A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64

static const struct nonsense nonsenses[] = {
	/* a key that the client did not request */
	NONSENSE(TENON_GET, "VALUE x 0 1\r\na\r\nEND\r\n"),
	NONSENSE(TENON_GET, "VALUE kk 0 1\r\na\r\nEND\r\n"),
	NONSENSE(TENON_GET, "VALUE K 0 1\r\na\r\nEND\r\n"),
	NONSENSE(TENON_GET, "VALUE  0 1\r\na\r\nEND\r\n"),
	/* a length that differs from the value's length */
	NONSENSE(TENON_GET, "VALUE k 0 5\r\nhello!\r\nEND\r\n"),
	NONSENSE(TENON_GET, "VALUE k 0 6\r\nhello\r\nEND\r\n"),
	NONSENSE(TENON_GET, "VALUE k 0 5\r\nhello\n\nEND\r\n"),
	NONSENSE(TENON_GET, "VALUE k 0 5\r\nhelloEND\r\n"),
	/* fields that are no numbers, or too large */
	NONSENSE(TENON_GET, "VALUE k 0 -1\r\n\r\nEND\r\n"),
	NONSENSE(TENON_GET, "VALUE k 0 +5\r\nhello\r\nEND\r\n"),
	NONSENSE(TENON_GET, "VALUE k 0 0x5\r\nhello\r\nEND\r\n"),
	NONSENSE(TENON_GET, "VALUE k 0 5.0\r\nhello\r\nEND\r\n"),
	NONSENSE(TENON_GET, "VALUE k 0 18446744073709551616\r\n\r\nEND\r\n"),
	NONSENSE(TENON_GET, "VALUE k 0 18446744073709551615\r\n\r\nEND\r\n"),
	NONSENSE(TENON_GET, "VALUE k 0 18446744073709551614\r\n\r\nEND\r\n"),
	NONSENSE(TENON_GET, "VALUE k 4294967296 1\r\na\r\nEND\r\n"),
	NONSENSE(TENON_GET, "VALUE k -1 1\r\na\r\nEND\r\n"),
	NONSENSE(TENON_GETS,
		 "VALUE k 0 1 18446744073709551616\r\na\r\nEND\r\n"),
	NONSENSE(TENON_GETS, "VALUE k 0 1 -1\r\na\r\nEND\r\n"),
	/* fields that are missing, empty or too many */
	NONSENSE(TENON_GET, "VALUE\r\nEND\r\n"),
	NONSENSE(TENON_GET, "VALUE \r\nEND\r\n"),
	NONSENSE(TENON_GET, "VALUE k\r\nEND\r\n"),
	NONSENSE(TENON_GET, "VALUE k 0\r\nEND\r\n"),
	NONSENSE(TENON_GET, "VALUE k  1\r\na\r\nEND\r\n"),
	NONSENSE(TENON_GET, "VALUE k 0 1 2 3\r\na\r\nEND\r\n"),
	NONSENSE(TENON_GETS, "VALUE k 0 1\r\na\r\nEND\r\n"),
	NONSENSE(TENON_GET, "VALUEk 0 1\r\na\r\nEND\r\n"),
	NONSENSE(TENON_GET, "value k 0 1\r\na\r\nEND\r\n"),
	/* replies to something else */
	NONSENSE(TENON_GET, "STORED\r\n"),
	NONSENSE(TENON_GET, "OK\r\n"),
	NONSENSE(TENON_GET, "12\r\n"),
	NONSENSE(TENON_GET, "VERSION 1.6.18\r\n"),
	NONSENSE(TENON_GET, "HD\r\n"),
	NONSENSE(TENON_GET, "HTTP/1.1 400 Bad Request\r\n\r\n"),
	NONSENSE(TENON_GET, "END of it\r\n"),
	NONSENSE(TENON_SET, HELLO),
	NONSENSE(TENON_SET, "DELETED\r\n"),
	NONSENSE(TENON_SET, "EXISTS\r\n"),
	NONSENSE(TENON_SET, "stored\r\n"),
	NONSENSE(TENON_SET, "STORED \r\n"),
	NONSENSE(TENON_SET, "STOREDX\r\n"),
	NONSENSE(TENON_SET, "END\r\n"),
	NONSENSE(TENON_DELETE, "STORED\r\n"),
	NONSENSE(TENON_TOUCH, "STORED\r\n"),
	NONSENSE(TENON_INCR, "STORED\r\n"),
	NONSENSE(TENON_INCR, "abc\r\n"),
	NONSENSE(TENON_INCR, "12x\r\n"),
	NONSENSE(TENON_INCR, "1 2\r\n"),
	NONSENSE(TENON_INCR, "-1\r\n"),
	NONSENSE(TENON_INCR, "18446744073709551616\r\n"),
	/* lines that are no replies */
	NONSENSE(TENON_GET, "\r\n"),
	NONSENSE(TENON_GET, "\n"),
	NONSENSE(TENON_GET, "END\n"),
	NONSENSE(TENON_GET, "ENDX\n"),
	NONSENSE(TENON_GET, "\0\0\0\0\r\n"),
	NONSENSE(TENON_GET, "END\0\r\n"),
	NONSENSE(TENON_INCR, "\r\n"),
	NONSENSE(TENON_SET, "\r\nSTORED\r\n"),
	NONSENSE(TENON_GET, A1024 A1024 A1024),
	NONSENSE(TENON_GET, "VALUE " A1024 A1024 A1024),
	NONSENSE(TENON_SET, "SERVER_ERROR " A1024 A1024 A1024),
	/* terminal escapes must not reach a log unchanged */
	NONSENSE(TENON_GET, "\x1b[2J\x1b]0;x\x07\r\n"),
};

START_TEST(nonsense_closes_the_connection_and_the_next_operation_works)
{
	const struct nonsense *n = &nonsenses[_i];
	struct rig rig = { 0 };
	struct fake_step steps[8] = { FAKE_ACCEPT };
	char request[64];
	size_t count = 1;

	for (size_t i = 0; !steps[1].len; i++) {
		if (exchanges[i].verb == n->verb) {
			snprintf(request, sizeof(request), "%s",
				 exchanges[i].request);
			steps[count++] = fake_expect_text(request);
		}
	}
	steps[count++] =
		(struct fake_step)FAKE_SEND_BYTES(n->reply, n->len);
	count = then_get_z(steps, count, true, false);
	rig_fake(&rig, steps, count);
	rig_open(&rig, RETRY_SOON);
	ck_assert_msg(rig_one(&rig, n->verb, &rig_usual_item, 0) ==
			      TENON_EPROTOCOL,
		      "\"%s\" gave status %d", n->reply, rig.result.status);
	ck_assert_ptr_null(rig.result.value);
	ck_assert_str_ne(rig.err.where, "");
	ck_assert_uint_ge(rig.log_lines, 1);
	ck_assert_ptr_null(strchr(rig.log, '\x1b'));
	ck_assert_ptr_null(strchr(rig.err.message, '\x1b'));
	ck_assert_int_eq(rig_get(&rig, "z"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(garbage_is_a_protocol_error)
{
	struct rig rig = { 0 };

	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
			    FAKE_GARBAGE(100000), FAKE_EXPECT_CLOSE, FAKE_ACCEPT,
			    FAKE_EXPECT("get z\r\n"), FAKE_SEND("END\r\n")));
	rig_open(&rig, RETRY_SOON);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_EPROTOCOL);
	ck_assert_int_eq(rig_get(&rig, "z"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

/* Bytes behind the last reply must not become the reply to the next request. */
START_TEST(bytes_behind_the_last_reply_are_never_an_answer)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\nVALUE z 0 3\r\nbad\r\n"
					    "END\r\n"),
				  FAKE_EXPECT_CLOSE, FAKE_ACCEPT,
				  FAKE_EXPECT("get z\r\n"),
				  FAKE_SEND("END\r\n")));
	rig_open(&rig, RETRY_SOON);
	/* k has a complete answer, which the client may use or refuse */
	ck_assert(rig_get(&rig, "k") == TENON_MISS ||
		  rig.result.status == TENON_EPROTOCOL);
	ck_assert_uint_ge(rig.log_lines, 1);
	ck_assert_int_eq(rig_get(&rig, "z"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

static const char *const late_replies[] = {
	"VALUE other 0 3\r\nbad\r\nEND\r\n",
	"STORED\r\n",
	"12\r\n",
	"VERSION 1\r\n",
};

START_TEST(a_reply_to_nothing_is_never_an_answer)
{
	struct rig rig = { 0 };
	struct fake_step steps[] = {
		FAKE_ACCEPT,
		FAKE_EXPECT("get k\r\n"),
		FAKE_SEND("END\r\n"),
		FAKE_WAIT,
		fake_send_text(late_replies[_i]),
		FAKE_ACCEPT,
		FAKE_EXPECT("get z\r\n"),
		FAKE_SEND("VALUE z 0 3\r\nnew\r\nEND\r\n"),
	};

	struct fake_server *fake = rig_fake(&rig, steps, COUNT(steps));

	rig_open(&rig, RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	fake_server_go(fake);
	ck_assert(fake_server_await(fake, 5));
	ck_assert_int_eq(rig_get(&rig, "z"), TENON_HIT);
	ck_assert(rig_value_is(&rig, "new"));
	rig_close(&rig);
}
END_TEST

/* ---- replies that break off ---------------------------------------------- */

static const char *const torn[] = {
	"",
	"E",
	"END",
	"END\r",
	"VALUE k 0 5\r\n",
	"VALUE k 0 5\r\nhel",
	"VALUE k 0 5\r\nhello",
	"VALUE k 0 5\r\nhello\r",
	"VALUE k 0 5\r\nhello\r\n",
	"VALUE k 0 5\r\nhello\r\nEN",
};

/* The key has either a whole answer or this status and no value. */
static void check_torn(struct rig *rig, int status)
{
	if (rig->result.status == TENON_HIT) {
		ck_assert(rig_value_is(rig, "hello"));
	} else {
		ck_assert_int_eq(rig->result.status, status);
		ck_assert_ptr_null(rig->result.value);
	}
}

START_TEST(torn_reply_then_end_of_file_is_closed)
{
	struct rig rig = { 0 };
	struct fake_step steps[] = {
		FAKE_ACCEPT,	FAKE_EXPECT("get k\r\n"),
		fake_send_text(torn[_i]), FAKE_CLOSE,
		FAKE_ACCEPT,	FAKE_EXPECT("get z\r\n"),
		FAKE_SEND("END\r\n"),
	};

	rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, RETRY_SOON);
	rig_get(&rig, "k");
	check_torn(&rig, TENON_ECLOSED);
	ck_assert_int_eq(rig_get(&rig, "z"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(torn_reply_then_silence_times_out)
{
	struct rig rig = { 0 };
	struct fake_step steps[] = {
		FAKE_ACCEPT,	FAKE_EXPECT("get k\r\n"),
		fake_send_text(torn[_i]), FAKE_EXPECT_CLOSE,
		FAKE_ACCEPT,	FAKE_EXPECT("get z\r\n"),
		FAKE_SEND("END\r\n"),
	};

	rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, RETRY_SOON "poll_timeout: 150ms\n");
	rig_get(&rig, "k");
	check_torn(&rig, TENON_ETIMEDOUT);
	ck_assert_int_eq(rig_get(&rig, "z"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

/* ---- replies in pieces --------------------------------------------------- */

static const char long_request[] = "get aa bb cc dd\r\n";
static const char long_reply[] =
	"VALUE aa 1 5\r\nhello\r\n"
	"VALUE bb 22 0\r\n\r\n"
	"VALUE dd 4294967295 14\r\n\r\nEND\r\nVALUE \r\r\n"
	"END\r\n";

static void check_long_reply(struct rig *rig)
{
	const struct tenon_item items[] = { item("aa", NULL), item("bb", NULL),
					    item("cc", NULL),
					    item("dd", NULL) };

	ck_assert_int_eq(rig_run(rig, TENON_GET, items, COUNT(items), 0), 0);
	ck_assert(result_value_is(&rig->results[0], "hello", 5));
	ck_assert_uint_eq(rig->results[0].flags, 1);
	ck_assert(result_value_is(&rig->results[1], "", 0));
	ck_assert_uint_eq(rig->results[1].flags, 22);
	ck_assert_int_eq(rig->results[2].status, TENON_MISS);
	ck_assert(result_value_is(&rig->results[3], "\r\nEND\r\nVALUE \r",
				  14));
	ck_assert_uint_eq(rig->results[3].flags, UINT32_MAX);
}

START_TEST(a_reply_split_at_any_byte_reads_the_same)
{
	enum { LEN = sizeof(long_reply) - 1 };
	static struct fake_step steps[1 + 4 * LEN];
	struct rig rig = { 0 };
	size_t n = 0;

	steps[n++] = (struct fake_step)FAKE_ACCEPT;
	for (size_t at = 1; at < LEN; at++) {
		steps[n++] = fake_expect_text(long_request);
		steps[n++] =
			(struct fake_step)FAKE_SEND_BYTES(long_reply, at);
		steps[n++] = (struct fake_step)FAKE_DELAY(2);
		steps[n++] = (struct fake_step)FAKE_SEND_BYTES(long_reply + at,
							       LEN - at);
	}
	rig_fake(&rig, steps, n);
	rig_open(&rig, NULL);
	for (size_t at = 1; at < LEN; at++) {
		check_long_reply(&rig);
	}
	rig_close(&rig);
}
END_TEST

START_TEST(a_reply_in_pieces_of_n_bytes_reads_the_same)
{
	struct fake_step steps[] = { FAKE_ACCEPT, fake_expect_text(long_request),
				     fake_send_text(long_reply) };
	struct rig rig = { 0 };

	steps[2].piece_bytes = (size_t)_i;
	steps[2].pause_ms = 1;
	rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, NULL);
	check_long_reply(&rig);
	rig_close(&rig);
}
END_TEST

START_TEST(one_line_replies_byte_by_byte_read_the_same)
{
	const struct tenon_item items[] = { item("a", "1"), item("b", "2"),
					    item("c", "3") };
	struct rig rig = { 0 };

	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT,
			    FAKE_EXPECT("set a 0 0 1\r\n1\r\n"
					"set b 0 0 1\r\n2\r\n"
					"set c 0 0 1\r\n3\r\n"),
			    FAKE_SEND_SPLIT("STORED\r\n" OOM
					    "\r\nNOT_STORED\r\n",
					    1, 1)));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, 3, 0), TENON_ESERVER);
	ck_assert_int_eq(rig.results[0].status, TENON_STORED);
	ck_assert_int_eq(rig.results[1].status, TENON_ESERVER);
	ck_assert_str_eq(rig.results[1].text, OOM);
	ck_assert_int_eq(rig.results[2].status, TENON_NOT_STORED);
	rig_close(&rig);
}
END_TEST

START_TEST(stats_byte_by_byte_read_the_same)
{
	struct rig rig = { 0 };
	struct tenon_slice name, value;
	size_t cursor = 0;

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("stats\r\n"),
				  FAKE_SEND_SPLIT(STATS "END\r\n", 1, 1)));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_run_servers(&rig, TENON_STATS, NULL, 0), 0);
	ck_assert(tenon_stat_next(&rig.result, &cursor, &name, &value) == 1);
	ck_assert(slice_is(name, "pid") && slice_is(value, "12"));
	ck_assert(tenon_stat_next(&rig.result, &cursor, &name, &value) == 1);
	ck_assert(slice_is(name, "version") && slice_is(value, "1.6 x"));
	ck_assert(tenon_stat_next(&rig.result, &cursor, &name, &value) == 0);
	rig_close(&rig);
}
END_TEST

/* ---- values of all lengths, in pieces of all lengths ---------------------- */

#define BLOCKS 30

struct reply {
	char *bytes;
	size_t len;
	char keys[BLOCKS][16];
	struct tenon_item items[BLOCKS];
	size_t at[BLOCKS]; /* offset of each value in bytes */
	size_t lens[BLOCKS];
	char request[16 * BLOCKS];
};

/* Return a pseudo-random number. The sequence is the same in every run. */
static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Most values are small; some are larger than any buffer is at first. */
static void make_reply(struct reply *reply, uint32_t *state)
{
	size_t request_len;

	reply->bytes = malloc(BLOCKS * (65536 + 100));
	ck_assert_ptr_nonnull(reply->bytes);
	request_len = (size_t)snprintf(reply->request, sizeof(reply->request),
				       "get");
	reply->len = 0;
	for (size_t i = 0; i < BLOCKS; i++) {
		uint32_t limit = next_random(state) % 4 == 0 ? 65536 : 2000;
		char *value;

		reply->lens[i] = next_random(state) % limit;
		value = binary_value(reply->lens[i], next_random(state));
		snprintf(reply->keys[i], sizeof(reply->keys[i]), "k:%zu", i);
		reply->items[i] = item(reply->keys[i], NULL);
		request_len += (size_t)snprintf(
			reply->request + request_len,
			sizeof(reply->request) - request_len, " %s",
			reply->keys[i]);
		reply->len += (size_t)snprintf(reply->bytes + reply->len, 64,
					       "VALUE %s 0 %zu\r\n",
					       reply->keys[i], reply->lens[i]);
		reply->at[i] = reply->len;
		memcpy(reply->bytes + reply->len, value, reply->lens[i]);
		memcpy(reply->bytes + reply->len + reply->lens[i], "\r\n", 2);
		reply->len += reply->lens[i] + 2;
		free(value);
	}
	memcpy(reply->bytes + reply->len, "END\r\n", 5);
	reply->len += 5;
	snprintf(reply->request + request_len,
		 sizeof(reply->request) - request_len, "\r\n");
}

START_TEST(values_of_any_length_in_pieces_of_any_length_read_the_same)
{
	static const size_t pieces[] = { 0,    7,    1000,  1448,  4095,
					 4096, 8192, 16383, 16384, 65536 };
	uint32_t state = (uint32_t)_i;
	struct reply reply;
	struct rig rig = { 0 };
	struct fake_step steps[] = { FAKE_ACCEPT, FAKE_READ(0), FAKE_READ(0) };

	make_reply(&reply, &state);
	steps[1] = fake_expect_text(reply.request);
	steps[2] = (struct fake_step)FAKE_SEND_BYTES(reply.bytes, reply.len);
	steps[2].piece_bytes = pieces[(size_t)_i % COUNT(pieces)];
	rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, reply.items, BLOCKS, 0), 0);
	for (size_t i = 0; i < BLOCKS; i++) {
		ck_assert_msg(result_value_is(&rig.results[i],
					      reply.bytes + reply.at[i],
					      reply.lens[i]),
			      "value %zu of %zu bytes", i, reply.lens[i]);
	}
	rig_close(&rig);
	free(reply.bytes);
}
END_TEST

/* ---- list ---------------------------------------------------------------- */

static TCase *requests_case(void)
{
	TCase *tc = tcase_create("requests and replies");

	LOOP(tc, every_verb_writes_its_request_and_reads_every_legal_reply,
	     COUNT(exchanges));
	LOOP(tc,
	     every_server_verb_writes_its_request_and_reads_every_legal_reply,
	     COUNT(server_exchanges));
	LOOP(tc, one_word_does_not_answer_plain_stats, 2);
	tcase_add_test(tc, stats_are_read_pair_by_pair);
	tcase_add_test(
		tc, quit_lets_the_server_close_and_the_next_operation_reconnects);
	tcase_add_test(tc, quit_connects_to_nobody);
	LOOP(tc, numbers_are_written_to_their_limits, COUNT(extremes));
	tcase_add_test(tc, largest_delta_is_written);
	return tc;
}

static TCase *wrong_case(void)
{
	TCase *tc = tcase_create("wrong replies");

	LOOP(tc, nonsense_closes_the_connection_and_the_next_operation_works,
	     COUNT(nonsenses));
	tcase_add_test(tc, garbage_is_a_protocol_error);
	tcase_add_test(tc, bytes_behind_the_last_reply_are_never_an_answer);
	LOOP(tc, a_reply_to_nothing_is_never_an_answer, COUNT(late_replies));
	LOOP(tc, torn_reply_then_end_of_file_is_closed, COUNT(torn));
	LOOP(tc, torn_reply_then_silence_times_out, COUNT(torn));
	return tc;
}

static TCase *pieces_case(void)
{
	TCase *tc = tcase_create("replies in pieces");

	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, a_reply_split_at_any_byte_reads_the_same);
	tcase_add_loop_test(tc, a_reply_in_pieces_of_n_bytes_reads_the_same, 1,
			    8);
	tcase_add_test(tc, one_line_replies_byte_by_byte_read_the_same);
	tcase_add_test(tc, stats_byte_by_byte_read_the_same);
	LOOP(tc, values_of_any_length_in_pieces_of_any_length_read_the_same,
	     60);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("protocol");

	scratch_begin();
	suite_add_tcase(suite, requests_case());
	suite_add_tcase(suite, wrong_case());
	suite_add_tcase(suite, pieces_case());
	return suite_run(suite);
}
