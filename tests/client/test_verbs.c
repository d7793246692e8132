/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every verb over both protocols: the same calls go to one server by `protocol: classic` and to
 * another one by `protocol: meta`, and their results have to be the same. The servers are real
 * memcached processes, or scripted ones.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/memcached.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"
#include "tenon/health.h"

enum { CLASSIC, META, PROTOCOLS };

static const char *const settings[PROTOCOLS] = { "protocol: classic\n",
						 "protocol: meta\n" };
/* Servers for these two; `auto` goes to the second one. */
static const char *const modern[] = { "protocol: meta\n", "protocol: auto\n" };
static struct memcached servers[PROTOCOLS];
static struct rig rigs[PROTOCOLS];

/* ---- results --------------------------------------------------------------- */

static void check_same(const struct tenon_result *classic,
		       const struct tenon_result *meta, const char *what)
{
	ck_assert_msg(classic->status == meta->status, "%s: %s, %s", what,
		      tenon_status_name(classic->status),
		      tenon_status_name(meta->status));
	ck_assert_msg(classic->flags == meta->flags, "%s: flags", what);
	ck_assert_msg(classic->cas == meta->cas, "%s: cas", what);
	ck_assert_msg(classic->number == meta->number, "%s: number", what);
	ck_assert_msg(!classic->value == !meta->value &&
			      classic->value_len == meta->value_len &&
			      (!classic->value ||
			       memcmp(classic->value, meta->value,
				      classic->value_len + 1) == 0),
		      "%s: value", what);
	ck_assert_msg(!classic->text == !meta->text &&
			      (!classic->text ||
			       strcmp(classic->text, meta->text) == 0),
		      "%s: text: %s, %s", what, classic->text, meta->text);
}

/* Run the same items over both protocols. Returns the results over meta. */
static const struct tenon_result *run_both(enum tenon_verb verb,
					   const struct tenon_item *items,
					   size_t count, unsigned options,
					   const char *what)
{
	int codes[PROTOCOLS];

	for (int i = 0; i < PROTOCOLS; i++) {
		codes[i] = rig_run(&rigs[i], verb, items, count, options);
	}
	ck_assert_msg(codes[CLASSIC] == codes[META], "%s: %d, %d", what,
		      codes[CLASSIC], codes[META]);
	for (size_t i = 0; i < count; i++) {
		char text[700];

		snprintf(text, sizeof(text), "%s: item %zu", what, i);
		check_same(&rigs[CLASSIC].results[i], &rigs[META].results[i],
			   text);
	}
	return rigs[META].results;
}

/* The counters of both clients have to agree, too. */
static void check_counters(void)
{
	struct tenon_health health[PROTOCOLS];

	for (int i = 0; i < PROTOCOLS; i++) {
		ck_assert_int_eq(tenon_client_health(rigs[i].client, 0,
						     &health[i]),
				 0);
	}
	ck_assert_uint_eq(health[CLASSIC].keys, health[META].keys);
	ck_assert_uint_eq(health[CLASSIC].hits, health[META].hits);
	ck_assert_uint_eq(health[CLASSIC].misses, health[META].misses);
	ck_assert_uint_eq(health[CLASSIC].stored, health[META].stored);
	ck_assert_uint_eq(health[CLASSIC].other, health[META].other);
	ck_assert_mem_eq(health[CLASSIC].errors, health[META].errors,
			 sizeof(health[META].errors));
	ck_assert_int_eq((int)health[CLASSIC].state, (int)health[META].state);
}

/* The errors of noreply requests, as the client over meta has collected them. */
static const struct tenon_noreply_health *collected(void)
{
	static struct tenon_health health;

	ck_assert_int_eq(tenon_client_health(rigs[META].client, 0, &health), 0);
	return &health.noreply;
}

/* ---- real servers ------------------------------------------------------------ */

static void open_real_with(const char *option, const char *second)
{
	for (int i = 0; i < PROTOCOLS; i++) {
		ck_assert(memcached_start(&servers[i], MEMCACHED_UNIX, option));
		rig_open_one(&rigs[i], servers[i].address,
			     i == CLASSIC ? settings[CLASSIC] : second);
		ck_assert_int_eq(tenon_client_health_reset(rigs[i].client), 0);
	}
}

static void open_real(void)
{
	open_real_with(NULL, settings[META]);
}

static void close_real(void)
{
	for (int i = 0; i < PROTOCOLS; i++) {
		rig_close(&rigs[i]);
		memcached_stop(&servers[i]);
	}
}

/* Instead of a cas unique in a step: that of the last gets or gats of the key. */
#define SEEN UINT64_MAX
/* The least exptime that is a UNIX time, which is over. */
#define PAST (30 * 24 * 3600 + 1)

struct step {
	enum tenon_verb verb;
	const char *key, *value;
	int status;
	uint32_t flags;
	int64_t exptime;
	uint64_t cas, delta;
	unsigned options;
};

#define KEY_250                                          \
	"0123456789012345678901234567890123456789012345" \
	"6789012345678901234567890123456789012345678901" \
	"2345678901234567890123456789012345678901234567" \
	"8901234567890123456789012345678901234567890123" \
	"4567890123456789012345678901234567890123456789" \
	"01234567890123456789"
#define STATUS(s) .status = TENON_##s
#define QUIET STATUS(SENT), .options = TENON_NOREPLY

/* One after the other, on servers that are empty. */
static const struct step steps[] = {
	{ TENON_GET, "a", NULL, STATUS(MISS), .options = 0 },
	{ TENON_SET, "a", "hello", STATUS(STORED), .flags = 7 },
	{ TENON_GET, "a", NULL, STATUS(HIT), .options = 0 },
	{ TENON_GETS, "a", NULL, STATUS(HIT), .options = 0 },
	{ TENON_CAS, "a", "world", STATUS(STORED), .flags = 8, .cas = SEEN },
	{ TENON_CAS, "a", "later", STATUS(EXISTS), .cas = SEEN },
	{ TENON_CAS, "a", "zero", STATUS(EXISTS), .options = 0 },
	{ TENON_CAS, "none", "x", STATUS(MISS), .cas = SEEN },
	{ TENON_CAS, "none", "x", STATUS(MISS), .options = 0 },
	{ TENON_GETS, "a", NULL, STATUS(HIT), .options = 0 },
	{ TENON_ADD, "a", "x", STATUS(NOT_STORED), .options = 0 },
	{ TENON_ADD, "b", "x", STATUS(STORED), .flags = UINT32_MAX },
	{ TENON_GET, "b", NULL, STATUS(HIT), .options = 0 },
	{ TENON_REPLACE, "b", "xx", STATUS(STORED), .flags = 1 },
	{ TENON_REPLACE, "c", "xx", STATUS(NOT_STORED), .options = 0 },
	{ TENON_GET, "c", NULL, STATUS(MISS), .options = 0 },
	{ TENON_APPEND, "b", "-end", STATUS(STORED), .flags = 9, .exptime = -1 },
	{ TENON_PREPEND, "b", "begin-", STATUS(STORED), .flags = 9,
	  .exptime = -1 },
	{ TENON_APPEND, "c", "x", STATUS(NOT_STORED), .options = 0 },
	{ TENON_PREPEND, "c", "x", STATUS(NOT_STORED), .options = 0 },
	{ TENON_GETS, "b", NULL, STATUS(HIT), .options = 0 },
	{ TENON_SET, "empty", "", STATUS(STORED), .options = 0 },
	{ TENON_GET, "empty", NULL, STATUS(HIT), .options = 0 },
	{ TENON_SET, "lines", "\r\nMN\r\nEND\r\nmg a v\r\n", STATUS(STORED), .options = 0 },
	{ TENON_GET, "lines", NULL, STATUS(HIT), .options = 0 },
	{ TENON_SET, KEY_250, "long", STATUS(STORED), .options = 0 },
	{ TENON_GET, KEY_250, NULL, STATUS(HIT), .options = 0 },
	/* lifetimes */
	{ TENON_SET, "t", "x", STATUS(STORED), .exptime = -1 },
	{ TENON_GET, "t", NULL, STATUS(MISS), .options = 0 },
	{ TENON_SET, "t", "x", STATUS(STORED), .exptime = PAST },
	{ TENON_GET, "t", NULL, STATUS(MISS), .options = 0 },
	{ TENON_SET, "t", "x", STATUS(STORED), .exptime = PAST,
	  .options = TENON_FROM_NOW },
	{ TENON_TOUCH, "t", NULL, STATUS(TOUCHED), .exptime = 100 },
	{ TENON_GAT, "t", NULL, STATUS(HIT), .exptime = 50 },
	{ TENON_GATS, "t", NULL, STATUS(HIT), .exptime = 0 },
	{ TENON_CAS, "t", "y", STATUS(STORED), .cas = SEEN, .exptime = 60 },
	{ TENON_GAT, "t", NULL, STATUS(HIT), .exptime = -1 },
	{ TENON_GATS, "t", NULL, STATUS(MISS), .exptime = 60 },
	{ TENON_TOUCH, "t", NULL, STATUS(MISS), .exptime = 60 },
	{ TENON_SET, "t", "x", STATUS(STORED), .options = 0 },
	{ TENON_TOUCH, "t", NULL, STATUS(TOUCHED), .exptime = -1 },
	{ TENON_GET, "t", NULL, STATUS(MISS), .options = 0 },
	{ TENON_GAT, "t", NULL, STATUS(MISS), .exptime = 60 },
	/* numbers */
	{ TENON_INCR, "n", NULL, STATUS(MISS), .delta = 1 },
	{ TENON_DECR, "n", NULL, STATUS(MISS), .delta = 1 },
	{ TENON_SET, "n", "10", STATUS(STORED), .flags = 3 },
	{ TENON_DECR, "n", NULL, STATUS(HIT), .delta = 1 },
	{ TENON_GETS, "n", NULL, STATUS(HIT), .options = 0 },
	{ TENON_INCR, "n", NULL, STATUS(HIT), .delta = 0 },
	{ TENON_INCR, "n", NULL, STATUS(HIT), .delta = UINT64_MAX },
	{ TENON_DECR, "n", NULL, STATUS(HIT), .delta = UINT64_MAX },
	{ TENON_INCR, "n", NULL, STATUS(HIT), .delta = UINT64_MAX },
	{ TENON_GETS, "n", NULL, STATUS(HIT), .options = 0 },
	{ TENON_INCR, "a", NULL, STATUS(ECLIENT), .delta = 1 },
	{ TENON_DECR, "a", NULL, STATUS(ECLIENT), .delta = 1 },
	{ TENON_GETS, "a", NULL, STATUS(HIT), .options = 0 },
	/* delete */
	{ TENON_DELETE, "a", NULL, STATUS(DELETED), .options = 0 },
	{ TENON_DELETE, "a", NULL, STATUS(MISS), .options = 0 },
	{ TENON_GET, "a", NULL, STATUS(MISS), .options = 0 },
	/* noreply: what succeeds, and what changes nothing */
	{ TENON_SET, "q", "1", QUIET, .flags = 5 },
	{ TENON_ADD, "q", "x", QUIET, .flags = 0 },
	{ TENON_REPLACE, "none", "x", QUIET, .flags = 0 },
	{ TENON_APPEND, "q", "2", QUIET, .flags = 0 },
	{ TENON_APPEND, "none", "2", QUIET, .flags = 0 },
	{ TENON_PREPEND, "q", "3", QUIET, .flags = 0 },
	{ TENON_CAS, "q", "x", QUIET, .cas = SEEN },
	{ TENON_CAS, "none", "x", QUIET, .cas = SEEN },
	{ TENON_TOUCH, "q", NULL, QUIET, .exptime = 50 },
	{ TENON_TOUCH, "none", NULL, QUIET, .flags = 0 },
	{ TENON_INCR, "q", NULL, QUIET, .delta = 4 },
	{ TENON_DECR, "q", NULL, QUIET, .delta = 1 },
	{ TENON_INCR, "none", NULL, QUIET, .delta = 1 },
	{ TENON_INCR, "b", NULL, QUIET, .delta = 1 },
	{ TENON_DELETE, "b", NULL, QUIET, .flags = 0 },
	{ TENON_DELETE, "none", NULL, QUIET, .flags = 0 },
	{ TENON_GETS, "q", NULL, STATUS(HIT), .options = 0 },
	{ TENON_GETS, "b", NULL, STATUS(MISS), .options = 0 },
	{ TENON_ADD, "r", "1", QUIET, .flags = 0 },
	{ TENON_REPLACE, "r", "2", QUIET, .flags = 0 },
	{ TENON_INCR, "r", NULL, STATUS(HIT), .delta = 1 },
	{ TENON_DELETE, "r", NULL, QUIET, .flags = 0 },
	{ TENON_ADD, "r", "3", STATUS(STORED), .options = 0 },
};

/* Loop: meta, and auto. */
START_TEST(every_verb_answers_alike_over_both_protocols)
{
	uint64_t seen = 0;
	char what[600];

	open_real_with(NULL, modern[_i]);
	for (size_t i = 0; i < COUNT(steps); i++) {
		const struct step *step = &steps[i];
		struct tenon_item asked = item(step->key, step->value);

		snprintf(what, sizeof(what), "step %zu, key %s", i, step->key);
		asked.flags = step->flags;
		asked.exptime = step->exptime;
		asked.cas = step->cas == SEEN ? seen : step->cas;
		asked.delta = step->delta;
		const struct tenon_result *result = run_both(
			step->verb, &asked, 1, step->options, what);
		ck_assert_msg(result->status == step->status, "%s: %s", what,
			      tenon_status_name(result->status));
		seen = result->cas ? result->cas : seen;
	}
	check_counters();
	close_real();
}
END_TEST

#define KEYS 3000

/* Items with keys of their own; every fifth key is that of the item before. */
static void make_items(struct tenon_item *items, char (*keys)[16],
		       const char *value, size_t step_bytes)
{
	for (size_t i = 0; i < KEYS; i++) {
		snprintf(keys[i], sizeof(keys[i]), "key:%zu", i - (i % 5 == 4));
		items[i] = (struct tenon_item){
			.key = slice(keys[i]),
			.value = { value, i % 100 * step_bytes },
			.flags = (uint32_t)i,
			.exptime = (int64_t)(i % 3 * 100),
			.delta = i,
		};
	}
}

/* Loop: values that are copied into the send buffer, and values that are not. */
START_TEST(many_keys_answer_alike_over_both_protocols)
{
	static struct tenon_item items[KEYS], half[KEYS / 2];
	static char keys[KEYS][16];
	char *value = binary_value(100 * 100, 1); /* all fit into the servers, which evict nothing */

	open_real();
	make_items(items, keys, value, _i == 0 ? 3 : 100);
	for (size_t i = 0; i < COUNT(half); i++) {
		half[i] = items[2 * i];
	}
	run_both(TENON_GET, items, 10, 0, "all are absent");
	run_both(TENON_SET, half, COUNT(half), 0, "set half");
	run_both(TENON_GETS, items, KEYS, 0, "gets all");
	run_both(TENON_GET, half, COUNT(half), 0, "get those with values");
	run_both(TENON_ADD, items, KEYS, 0, "add");
	run_both(TENON_GATS, items, KEYS, 0, "gats, each with its exptime");
	run_both(TENON_APPEND, items, KEYS, TENON_NOREPLY, "append noreply");
	run_both(TENON_GETS, items, KEYS, 0, "gets behind noreply");
	run_both(TENON_DELETE, half, COUNT(half), 0, "delete half");
	run_both(TENON_TOUCH, items, KEYS, 0, "touch");
	run_both(TENON_DELETE, items, KEYS, TENON_NOREPLY, "delete noreply");
	run_both(TENON_REPLACE, items, KEYS, 0, "replace");
	check_counters();
	close_real();
	free(value);
}
END_TEST

#define FLOOD 200000

/*
 * Quiet commands that change nothing are answered, more often than the socket buffers hold: the
 * client has to read while it sends.
 */
START_TEST(replies_of_many_noreply_requests_are_read)
{
	struct tenon_item *items = calloc(FLOOD, sizeof(*items));
	struct tenon_item one = item("k", "v");

	ck_assert_ptr_nonnull(items);
	open_real();
	for (size_t i = 0; i < FLOOD; i++) {
		items[i].key = slice("absent");
	}
	run_both(TENON_SET, &one, 1, 0, "set");
	run_both(TENON_DELETE, items, FLOOD, TENON_NOREPLY, "delete noreply");
	run_both(TENON_REPLACE, &one, 1, 0, "replace");
	run_both(TENON_TOUCH, items, FLOOD, TENON_NOREPLY, "touch noreply");
	run_both(TENON_GETS, &one, 1, 0, "gets");
	check_counters();
	for (int i = 0; i < PROTOCOLS; i++) {
		struct tenon_health health;

		ck_assert_int_eq(tenon_client_health(rigs[i].client, 0, &health),
				 0);
		ck_assert_uint_eq(health.reconnects, 0);
		ck_assert_uint_eq(health.retries, 0);
	}
	close_real();
	free(items);
}
END_TEST

START_TEST(a_value_above_the_limit_of_the_server_fails_alike)
{
	size_t len = 2 << 20;
	char *value = binary_value(len, 1);
	struct tenon_item big = { .key = slice("k"), .value = { value, len } };
	struct tenon_item small = item("k", "small");

	open_real();
	/* memcached 1.6.18 drops the old value behind an add that failed, over meta only */
	run_both(TENON_ADD, &big, 1, 0, "add big");
	run_both(TENON_SET, &small, 1, 0, "small");
	ck_assert_int_eq(run_both(TENON_SET, &big, 1, 0, "set big")->status,
			 TENON_ESERVER);
	run_both(TENON_GET, &small, 1, 0, "behind a set that failed");
	run_both(TENON_SET, &small, 1, 0, "small again");
	run_both(TENON_SET, &big, 1, TENON_NOREPLY, "big noreply");
	run_both(TENON_GET, &small, 1, 0, "behind noreply");
	ck_assert_uint_eq(collected()->errors, 1);
	check_says(collected()->error_text,
		   "SERVER_ERROR object too large for cache");
	big.value.len = 1000000;
	run_both(TENON_SET, &big, 1, 0, "large");
	ck_assert_int_eq(run_both(TENON_GETS, &small, 1, 0, "large")->status,
			 TENON_HIT);
	check_counters();
	close_real();
	free(value);
}
END_TEST

#define FULL_ITEMS 20

/* A server that is full and evicts nothing: each item that is absent has its error. */
START_TEST(no_error_of_a_noreply_request_is_lost)
{
	struct tenon_item items[FULL_ITEMS];
	char keys[FULL_ITEMS][16];
	size_t len = 500000;
	char *value = binary_value(len, 1);
	uint64_t absent = 0;

	open_real_with("-M -m4", settings[META]);
	for (size_t i = 0; i < FULL_ITEMS; i++) {
		snprintf(keys[i], sizeof(keys[i]), "key:%zu", i);
		items[i] = item(keys[i], NULL);
		items[i].value = (struct tenon_slice){ value, len };
	}
	run_both(TENON_SET, items, FULL_ITEMS, TENON_NOREPLY, "noreply");
	const struct tenon_result *results =
		run_both(TENON_GET, items, FULL_ITEMS, 0, "behind noreply");
	for (size_t i = 0; i < FULL_ITEMS; i++) {
		absent += results[i].status == TENON_MISS;
	}
	ck_assert_uint_gt(absent, 0);
	ck_assert_uint_eq(collected()->errors, absent);
	check_says(collected()->error_text, "SERVER_ERROR out of memory");
	check_counters();
	close_real();
	free(value);
}
END_TEST

static const struct {
	enum tenon_server_verb verb;
	const char *argument;
	unsigned options;
	bool alike; /* the text of the reply */
} commands[] = {
	{ TENON_VERSION, NULL, 0, true },
	{ TENON_STATS, NULL, 0, false },
	{ TENON_STATS, "settings", 0, false },
	{ TENON_STATS, "reset", 0, true },
	{ TENON_STATS, "sizes_enable", 0, true },
	{ TENON_VERBOSITY, "0", 0, true },
	{ TENON_VERBOSITY, "0", TENON_NOREPLY, true },
	{ TENON_FLUSH_ALL, NULL, 0, true },
	{ TENON_FLUSH_ALL, NULL, TENON_NOREPLY, true },
};

/* On the connection of keys, and behind noreply requests. */
START_TEST(commands_for_servers_answer_alike_over_both_protocols)
{
	struct tenon_item one = item("k", "v");

	open_real();
	for (int i = 0; i < PROTOCOLS; i++) {
		rig_close(&rigs[i]);
		char text[80];
		snprintf(text, sizeof(text), "%senable_flush_all: true\n",
			 settings[i]);
		rig_open_one(&rigs[i], servers[i].address, text);
	}
	run_both(TENON_SET, &one, 1, 0, "set");
	run_both(TENON_ADD, &one, 1, TENON_NOREPLY, "add");
	for (int i = 0; i < PROTOCOLS; i++) {
		int code = rig_run_servers(&rigs[i], commands[_i].verb,
					   commands[_i].argument,
					   commands[_i].options);
		ck_assert_msg(code == 0, "%s", rigs[i].err.message);
	}
	if (commands[_i].alike) {
		check_same(&rigs[CLASSIC].result, &rigs[META].result, "command");
	} else {
		ck_assert_int_eq(rigs[META].result.status, TENON_OK);
		ck_assert_uint_gt(rigs[META].result.value_len, 100);
	}
	run_both(TENON_GETS, &one, 1, 0, "gets");
	check_counters();
	close_real();
}
END_TEST

/* ---- scripted servers ---------------------------------------------------------- */

#define OOM "SERVER_ERROR out of memory storing object\r\n"
#define NON_NUMERIC \
	"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"

/* All requests have key k, value hello, flags 5, exptime 60, cas 99, delta 5. */
static const struct {
	enum tenon_verb verb;
	const char *requests[PROTOCOLS], *replies[PROTOCOLS];
	int status;
} scripts[] = {
	{ TENON_GET,
	  { "get k\r\n", "mg k v f O0000\r\n" },
	  { "VALUE k 7 2\r\nhi\r\nEND\r\n", "VA 2 f7 O0000\r\nhi\r\n" },
	  TENON_HIT },
	{ TENON_GET,
	  { "get k\r\n", "mg k v f O0000\r\n" },
	  { "END\r\n", "EN O0000\r\n" },
	  TENON_MISS },
	{ TENON_GET,
	  { "get k\r\n", "mg k v f O0000\r\n" },
	  { OOM, OOM },
	  TENON_ESERVER },
	{ TENON_GETS,
	  { "gets k\r\n", "mg k v f c O0000\r\n" },
	  { "VALUE k 4294967295 0 18446744073709551615\r\n\r\nEND\r\n",
	    "VA 0 f4294967295 c18446744073709551615 O0000\r\n\r\n" },
	  TENON_HIT },
	{ TENON_GAT,
	  { "gat 60 k\r\n", "mg k v f T60 O0000\r\n" },
	  { "VALUE k 7 2\r\nhi\r\nEND\r\n", "VA 2 f7 O0000\r\nhi\r\n" },
	  TENON_HIT },
	{ TENON_GATS,
	  { "gats 60 k\r\n", "mg k v f c T60 O0000\r\n" },
	  { "VALUE k 7 2 3\r\nhi\r\nEND\r\n", "VA 2 f7 c3 O0000\r\nhi\r\n" },
	  TENON_HIT },
	{ TENON_SET,
	  { "set k 5 60 5\r\nhello\r\n", "ms k 5 F5 T60 O0000\r\nhello\r\n" },
	  { "STORED\r\n", "HD O0000\r\n" },
	  TENON_STORED },
	{ TENON_SET,
	  { "set k 5 60 5\r\nhello\r\n", "ms k 5 F5 T60 O0000\r\nhello\r\n" },
	  { OOM, OOM },
	  TENON_ESERVER },
	{ TENON_ADD,
	  { "add k 5 60 5\r\nhello\r\n", "ms k 5 F5 T60 ME O0000\r\nhello\r\n" },
	  { "NOT_STORED\r\n", "NS O0000\r\n" },
	  TENON_NOT_STORED },
	{ TENON_REPLACE,
	  { "replace k 5 60 5\r\nhello\r\n",
	    "ms k 5 F5 T60 MR O0000\r\nhello\r\n" },
	  { "NOT_STORED\r\n", "NS O0000\r\n" },
	  TENON_NOT_STORED },
	{ TENON_APPEND,
	  { "append k 5 60 5\r\nhello\r\n", "ms k 5 MA O0000\r\nhello\r\n" },
	  { "STORED\r\n", "HD O0000\r\n" },
	  TENON_STORED },
	{ TENON_PREPEND,
	  { "prepend k 5 60 5\r\nhello\r\n", "ms k 5 MP O0000\r\nhello\r\n" },
	  { "NOT_STORED\r\n", "NS O0000\r\n" },
	  TENON_NOT_STORED },
	{ TENON_CAS,
	  { "cas k 5 60 5 99\r\nhello\r\n",
	    "ms k 5 C99 F5 T60 O0000\r\nhello\r\n" },
	  { "EXISTS\r\n", "EX O0000\r\n" },
	  TENON_EXISTS },
	{ TENON_CAS,
	  { "cas k 5 60 5 99\r\nhello\r\n",
	    "ms k 5 C99 F5 T60 O0000\r\nhello\r\n" },
	  { "NOT_FOUND\r\n", "NF O0000\r\n" },
	  TENON_MISS },
	{ TENON_DELETE,
	  { "delete k\r\n", "md k O0000\r\n" },
	  { "DELETED\r\n", "HD O0000\r\n" },
	  TENON_DELETED },
	{ TENON_DELETE,
	  { "delete k\r\n", "md k O0000\r\n" },
	  { "NOT_FOUND\r\n", "NF O0000\r\n" },
	  TENON_MISS },
	{ TENON_TOUCH,
	  { "touch k 60\r\n", "mg k T60 O0000\r\n" },
	  { "TOUCHED\r\n", "HD O0000\r\n" },
	  TENON_TOUCHED },
	{ TENON_TOUCH,
	  { "touch k 60\r\n", "mg k T60 O0000\r\n" },
	  { "NOT_FOUND\r\n", "EN O0000\r\n" },
	  TENON_MISS },
	{ TENON_INCR,
	  { "incr k 5\r\n", "ma k D5 v O0000\r\n" },
	  { "12\r\n", "VA 2 O0000\r\n12\r\n" },
	  TENON_HIT },
	{ TENON_INCR,
	  { "incr k 5\r\n", "ma k D5 v O0000\r\n" },
	  { NON_NUMERIC, NON_NUMERIC },
	  TENON_ECLIENT },
	{ TENON_DECR,
	  { "decr k 5\r\n", "ma k D5 v MD O0000\r\n" },
	  { "NOT_FOUND\r\n", "NF O0000\r\n" },
	  TENON_MISS },
};

START_TEST(scripted_servers_are_understood_alike_over_both_protocols)
{
	struct fake_step script[PROTOCOLS][3];

	for (int i = 0; i < PROTOCOLS; i++) {
		script[i][0] = (struct fake_step)FAKE_ACCEPT;
		script[i][1] = fake_expect_text(scripts[_i].requests[i]);
		script[i][2] = fake_send_text(scripts[_i].replies[i]);
		rig_fake(&rigs[i], script[i], 3);
		rig_open(&rigs[i], settings[i]);
	}
	const struct tenon_result *result =
		run_both(scripts[_i].verb, &rig_usual_item, 1, 0, "script");
	ck_assert_int_eq(result->status, scripts[_i].status);
	check_counters();
	rig_close(&rigs[CLASSIC]);
	rig_close(&rigs[META]);
}
END_TEST

#define ANSWER(status) (1u << (status))
#define FOUND_OR_NOT (ANSWER(TENON_HIT) | ANSWER(TENON_MISS))
#define QUIETLY ANSWER(TENON_SENT)
#define IF_STORED (ANSWER(TENON_STORED) | ANSWER(TENON_NOT_STORED) | QUIETLY)

/* Every answer that memcached gives to a verb, with noreply; errors are below. */
static const unsigned answers[TENON_VERB_COUNT] = {
	[TENON_GET] = FOUND_OR_NOT,
	[TENON_GETS] = FOUND_OR_NOT,
	[TENON_GAT] = FOUND_OR_NOT,
	[TENON_GATS] = FOUND_OR_NOT,
	[TENON_SET] = ANSWER(TENON_STORED) | QUIETLY,
	[TENON_ADD] = IF_STORED,
	[TENON_REPLACE] = IF_STORED,
	[TENON_APPEND] = IF_STORED,
	[TENON_PREPEND] = IF_STORED,
	[TENON_CAS] = ANSWER(TENON_STORED) | ANSWER(TENON_EXISTS) |
		      ANSWER(TENON_MISS) | QUIETLY,
	[TENON_DELETE] = ANSWER(TENON_DELETED) | ANSWER(TENON_MISS) |
			 QUIETLY,
	[TENON_TOUCH] = ANSWER(TENON_TOUCHED) | ANSWER(TENON_MISS) |
			QUIETLY,
	[TENON_INCR] = FOUND_OR_NOT | QUIETLY,
	[TENON_DECR] = FOUND_OR_NOT | QUIETLY,
};

START_TEST(the_tables_have_every_answer_of_every_verb)
{
	unsigned real[TENON_VERB_COUNT] = { 0 }, scripted = 0, errors = 0;

	for (size_t i = 0; i < COUNT(steps); i++) {
		if (steps[i].status >= 0) {
			real[steps[i].verb] |= ANSWER(steps[i].status);
		}
	}
	for (size_t i = 0; i < COUNT(scripts); i++) {
		scripted |= 1u << scripts[i].verb;
		errors |= scripts[i].status < 0 ? ANSWER(-scripts[i].status) : 0;
	}
	for (int verb = 0; verb < TENON_VERB_COUNT; verb++) {
		ck_assert_msg(real[verb] == answers[verb], "verb %d: %x, not %x",
			      verb, real[verb], answers[verb]);
	}
	ck_assert_uint_eq(scripted, (1u << TENON_VERB_COUNT) - 1);
	ck_assert_uint_eq(errors, ANSWER(-TENON_ESERVER) | ANSWER(-TENON_ECLIENT));
}
END_TEST

/* ---- over meta only --------------------------------------------------------------- */

/* Three requests, and a server that answers each line with ERROR. */
static const struct {
	enum tenon_verb verb;
	const char *request;
	const char *reply;
} ignorant[] = {
	{ TENON_GET,
	  "mg a q v f O0000\r\nmg b q v f O1000\r\nmg c q v f O2000\r\nmn\r\n",
	  "ERROR\r\nERROR\r\nERROR\r\nERROR\r\n" },
	{ TENON_SET,
	  "ms a 1 O0000\r\n1\r\nms b 1 O1000\r\n1\r\nms c 1 O2000\r\n1\r\n",
	  "ERROR\r\nERROR\r\nERROR\r\nERROR\r\nERROR\r\nERROR\r\n" },
	{ TENON_DELETE, "md a O0000\r\nmd b O1000\r\nmd c O2000\r\n",
	  "ERROR\r\nERROR\r\nERROR\r\n" },
};

static void check_misfit(const struct rig *rig)
{
	struct tenon_health health;

	check_says(rig->err.message,
		   "the server knows no meta commands (it answered ERROR); the config needs protocol: classic");
	ck_assert_int_eq(tenon_client_health(rig->client, 0, &health), 0);
	ck_assert_uint_eq(health.state, TENON_SERVER_MISCONFIGURED);
	check_says(health.error_text, "no meta commands");
	ck_assert_uint_eq(health.failed, 1);
}

/* The script has one connection: the second call fails at once. */
START_TEST(a_server_without_meta_commands_gives_one_clear_error)
{
	const struct tenon_item items[] = { item("a", "1"), item("b", "1"),
					    item("c", "1") };
	struct fake_step steps_of_fake[] = {
		FAKE_ACCEPT, fake_expect_text(ignorant[_i].request),
		fake_send_text(ignorant[_i].reply), FAKE_EXPECT_CLOSE
	};
	struct rig *rig = &rigs[META];

	rig_fake(rig, steps_of_fake, COUNT(steps_of_fake));
	rig_open(rig, "protocol: meta\n" RETRY_NEVER);
	for (int call = 0; call < 2; call++) {
		ck_assert_int_eq(rig_run(rig, ignorant[_i].verb, items,
					 COUNT(items), 0),
				 TENON_EUNKNOWN);
		for (size_t i = 0; i < COUNT(items); i++) {
			ck_assert_int_eq(rig->results[i].status, TENON_EUNKNOWN);
			check_says(rig->results[i].text, "no meta commands");
		}
		check_misfit(rig);
	}
	rig_close(rig);
}
END_TEST

START_TEST(noreply_does_not_hide_a_server_without_meta_commands)
{
	struct rig *rig = &rigs[META];

	rig_fake(rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("md k q O0000\r\n"),
				 FAKE_EXPECT("mn\r\nmg z v f O1000\r\n"),
				 FAKE_SEND("ERROR\r\nERROR\r\nERROR\r\n"),
				 FAKE_EXPECT_CLOSE, FAKE_ACCEPT,
				 FAKE_EXPECT("mg z v f O2000\r\n"),
				 FAKE_SEND("ERROR\r\n"), FAKE_EXPECT_CLOSE));
	rig_open(rig, "protocol: meta\n" RETRY_NEVER);
	ck_assert_int_eq(rig_one(rig, TENON_DELETE, &rig_usual_item, TENON_NOREPLY),
			 TENON_SENT);
	ck_assert_int_eq(rig_get(rig, "z"), TENON_EUNKNOWN);
	check_misfit(rig);
	ck_assert_uint_ge(collected()->errors, 1);
	rig_close(rig);
}
END_TEST

/* An ERROR that nobody asked for, behind noreply requests: it is no answer, and holds no server back. */
START_TEST(a_stray_error_behind_noreply_requests_costs_the_connection)
{
	struct rig *rig = &rigs[META];

	rig_fake(rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("md k q O0000\r\n"),
				 FAKE_EXPECT("mn\r\nma k D5 v O1000\r\n"),
				 FAKE_SEND("ERROR\r\n"), FAKE_EXPECT_CLOSE,
				 FAKE_ACCEPT, FAKE_EXPECT("mg k v f O2000\r\n"),
				 FAKE_SEND("EN O2000\r\n")));
	rig_open(rig, "protocol: meta\n" RETRY_NEVER);
	ck_assert_int_eq(rig_one(rig, TENON_DELETE, &rig_usual_item, TENON_NOREPLY),
			 TENON_SENT);
	ck_assert_int_eq(rig_one(rig, TENON_INCR, &rig_usual_item, 0),
			 TENON_ECLOSED);
	check_says(rig->err.message, "ERROR to a noreply request");
	ck_assert_int_eq(rig_get(rig, "k"), TENON_MISS);
	ck_assert_uint_eq(collected()->errors, 1);
	rig_close(rig);
}
END_TEST

/* twemproxy closes behind a command that it does not know. One connection for each retry_timeout. */
START_TEST(a_server_that_closes_behind_meta_commands_gives_the_advice)
{
	struct rig *rig = &rigs[META];

	rig_fake(rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("mg k v f O0000\r\n"),
				 FAKE_CLOSE));
	rig_open(rig, "protocol: meta\n" RETRY_NEVER);
	ck_assert_int_eq(rig_get(rig, "k"), TENON_ECLOSED);
	check_says(rig->err.message, "protocol: classic");
	ck_assert_int_eq(rig_get(rig, "k"), TENON_EDOWN);
	rig_close(rig);
}
END_TEST

/* A server that knows meta commands, and not this one: it stays in use. */
START_TEST(a_meta_command_that_a_server_does_not_know_fails_alone)
{
	struct rig *rig = &rigs[META];

	rig_fake(rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("mg k v f O0000\r\n"),
				 FAKE_SEND("EN O0000\r\n"),
				 FAKE_EXPECT("ma k D5 v O1000\r\n"),
				 FAKE_SEND("ERROR\r\n"), FAKE_EXPECT_CLOSE,
				 FAKE_ACCEPT, FAKE_EXPECT("mg k v f O2000\r\n"),
				 FAKE_SEND("EN O2000\r\n")));
	rig_open(rig, "protocol: meta\n" RETRY_NEVER);
	ck_assert_int_eq(rig_get(rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_one(rig, TENON_INCR, &rig_usual_item, 0),
			 TENON_EUNKNOWN);
	ck_assert_int_eq(rig_get(rig, "k"), TENON_MISS);
	rig_close(rig);
}
END_TEST

/* Replies to a batch of two gets, and the statuses of both. The next call has a new connection. */
static const struct {
	const char *reply;
	int statuses[2];
	const char *says;
} hostile[] = {
	{ "VA 1 f0 O2000\r\nx\r\nMN\r\n", { TENON_EPROTOCOL, TENON_EPROTOCOL },
	  "a reply with a wrong opaque" },
	{ "VA 1 f0 O1000\r\nb\r\nVA 1 f0 O0000\r\na\r\nMN\r\n",
	  { TENON_EPROTOCOL, TENON_HIT }, "a reply with a wrong opaque" },
	{ "EN O1000\r\nEN O0000\r\nMN\r\n", { TENON_EPROTOCOL, TENON_EPROTOCOL },
	  "a reply with a wrong opaque" },
	{ "EN k O0000\r\nMN\r\n", { TENON_EPROTOCOL, TENON_EPROTOCOL },
	  "without the opaque" },
	{ "VA 1 f0 O0000\r\nax\r\nMN\r\n", { TENON_EPROTOCOL, TENON_EPROTOCOL },
	  "no line end after a value" },
	{ "VA 1 f0 O0000\r\na\r\nNS O1000\r\nMN\r\n",
	  { TENON_HIT, TENON_EPROTOCOL }, "an unexpected reply" },
	{ "VA 1 f0 O0000\r\na\r\nEX O1000\r\nMN\r\n",
	  { TENON_HIT, TENON_EPROTOCOL }, "an unexpected reply" },
	{ "VA 1 f0 O0000\r\na\r\nNF O1000\r\nMN\r\n",
	  { TENON_HIT, TENON_EPROTOCOL }, "an unexpected reply" },
	{ "HD O0000\r\nMN\r\n", { TENON_EPROTOCOL, TENON_EPROTOCOL },
	  "an unexpected reply" },
	{ "MN\r\nEN O1000\r\n", { TENON_EPROTOCOL, TENON_EPROTOCOL },
	  "bytes after the last reply" },
	{ "VA 1 f0 O0000\r\na\r\nSERVER_ERROR x\r\nSERVER_ERROR x\r\nMN\r\n",
	  { TENON_HIT, TENON_EPROTOCOL }, "more error lines than requests" },
};

START_TEST(a_hostile_reply_to_a_batch_poisons_the_connection)
{
	const struct tenon_item items[] = { item("a", NULL), item("b", NULL) };
	const struct fake_step script[] = {
		FAKE_ACCEPT,
		FAKE_EXPECT("mg a q v f O0000\r\nmg b q v f O1000\r\nmn\r\n"),
		fake_send_text(hostile[_i].reply),
		FAKE_EXPECT_CLOSE,
		FAKE_ACCEPT,
		FAKE_EXPECT("mg k v f O2000\r\n"),
		FAKE_SEND("EN O2000\r\n"),
	};
	struct rig *rig = &rigs[META];

	rig_fake(rig, script, COUNT(script));
	rig_open(rig, "protocol: meta\n" RETRY_SOON);
	ck_assert_int_eq(rig_run(rig, TENON_GET, items, 2, 0), TENON_EPROTOCOL);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(rig->results[i].status, hostile[_i].statuses[i]);
	}
	check_says(rig->err.message, hostile[_i].says);
	ck_assert_int_eq(rig_get(rig, "k"), TENON_MISS);
	rig_close(rig);
}
END_TEST

/* Loop: the batch ends without MN, by the end of the connection and by silence. Values stay. */
START_TEST(a_batch_without_its_end_keeps_its_values)
{
	const struct tenon_item items[] = { item("a", NULL), item("b", NULL) };
	struct fake_step script[] = {
		FAKE_ACCEPT,
		FAKE_EXPECT("mg a q v f O0000\r\nmg b q v f O1000\r\nmn\r\n"),
		FAKE_SEND("VA 1 f0 O0000\r\na\r\n"), FAKE_CLOSE
	};
	struct rig *rig = &rigs[META];

	if (_i == 1) {
		script[3] = (struct fake_step)FAKE_EXPECT_CLOSE;
	}
	rig_fake(rig, script, COUNT(script));
	rig_open(rig, "protocol: meta\npoll_timeout: 150ms\n" RETRY_SOON);
	ck_assert_int_eq(rig_run(rig, TENON_GET, items, 2, 0),
			 _i == 0 ? TENON_ECLOSED : TENON_ETIMEDOUT);
	ck_assert(result_value_is(&rig->results[0], "a", 1));
	rig_close(rig);
}
END_TEST

/* A reply that was late for its own call is not taken for the reply to the next one. */
START_TEST(the_opaques_of_a_connection_go_on_from_call_to_call)
{
	struct rig *rig = &rigs[META];

	rig_fake(rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("mg k v f O0000\r\n"),
				 FAKE_SEND("EN O0000\r\n"),
				 FAKE_EXPECT("mg k v f O1000\r\n"),
				 FAKE_SEND("VA 1 f0 O0000\r\nx\r\n"),
				 FAKE_EXPECT_CLOSE, FAKE_ACCEPT,
				 FAKE_EXPECT("mg k v f O2000\r\n"),
				 FAKE_SEND("VA 1 f0 O2000\r\ny\r\n")));
	rig_open(rig, settings[META]);
	ck_assert_int_eq(rig_get(rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_get(rig, "k"), TENON_HIT);
	ck_assert(rig_value_is(rig, "y"));
	rig_close(rig);
}
END_TEST

START_TEST(errors_of_noreply_requests_are_collected_and_logged)
{
	struct rig *rig = &rigs[META];

	rig_fake(rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("md k q O0000\r\n"),
				 FAKE_EXPECT("mn\r\nmg z v f O1000\r\n"),
				 FAKE_SEND("SERVER_ERROR busy\r\n"
					   "CLIENT_ERROR \ano\r\nMN\r\n"
					   "EN O1000\r\n")));
	rig_open(rig, settings[META]);
	ck_assert_int_eq(rig_one(rig, TENON_DELETE, &rig_usual_item, TENON_NOREPLY),
			 TENON_SENT);
	ck_assert_int_eq(rig_get(rig, "z"), TENON_MISS);
	check_says(rig->log, "a noreply command was answered: \"SERVER_ERROR busy\"");
	ck_assert_uint_eq(collected()->errors, 2);
	ck_assert_int_eq(collected()->error_status, TENON_ECLIENT);
	ck_assert_str_eq(collected()->error_text, "CLIENT_ERROR .no");
	ck_assert_int_gt(collected()->error_at_ms, 0);
	ck_assert_int_eq(tenon_client_health_reset(rig->client), 0);
	ck_assert_uint_eq(collected()->errors, 0);
	ck_assert_str_eq(collected()->error_text, "CLIENT_ERROR .no");
	rig_close(rig);
}
END_TEST

/*
 * The server answers and closes. A get is sent again on a new connection, with its next opaque; before
 * a set, the client looks at the connection.
 */
static const struct {
	int protocol;
	const char *quiet;
	enum tenon_verb verb;
	const char *request, *reply;
} last_words[] = {
	{ CLASSIC, "delete k noreply\r\n", TENON_GET, "get k\r\n",
	  "VALUE k 0 1\r\n1\r\nEND\r\n" },
	{ CLASSIC, "delete k noreply\r\n", TENON_INCR, "incr k 5\r\n", "1\r\n" },
	{ META, "md k q O0000\r\n", TENON_GET, "mg k v f O2000\r\n",
	  "VA 1 f0 O2000\r\n1\r\n" },
	{ META, "md k q O0000\r\n", TENON_INCR, "ma k D5 v O1000\r\n",
	  "VA 1 O1000\r\n1\r\n" },
};

START_TEST(errors_in_front_of_the_end_of_a_connection_are_collected)
{
	const struct fake_step script[] = {
		FAKE_ACCEPT,
		fake_expect_text(last_words[_i].quiet),
		FAKE_SEND("SERVER_ERROR busy\r\nSERVER_ERROR no\r\nERR"),
		FAKE_CLOSE,
		FAKE_ACCEPT,
		fake_expect_text(last_words[_i].request),
		fake_send_text(last_words[_i].reply),
	};
	struct rig *rig = &rigs[META];

	rig_fake(rig, script, COUNT(script));
	rig_open(rig, settings[last_words[_i].protocol]);
	ck_assert_int_eq(rig_one(rig, TENON_DELETE, &rig_usual_item, TENON_NOREPLY),
			 TENON_SENT);
	ck_assert(fake_server_await(rig->fakes[0], 4));
	ck_assert_int_eq(rig_one(rig, last_words[_i].verb, &rig_usual_item, 0),
			 TENON_HIT);
	ck_assert_uint_eq(collected()->errors, 2);
	ck_assert_str_eq(collected()->error_text, "SERVER_ERROR no");
	rig_close(rig);
}
END_TEST

int main(void)
{
	scratch_begin();
	memcached_require();
	Suite *suite = suite_create("verbs");
	TCase *real = tcase_create("real servers");
	TCase *scripted = tcase_create("scripted servers");

	tcase_set_timeout(real, 60);
	LOOP(real, every_verb_answers_alike_over_both_protocols, COUNT(modern));
	tcase_add_loop_test(real, many_keys_answer_alike_over_both_protocols, 0,
			    2);
	tcase_add_test(real, replies_of_many_noreply_requests_are_read);
	tcase_add_test(real, a_value_above_the_limit_of_the_server_fails_alike);
	tcase_add_test(real, no_error_of_a_noreply_request_is_lost);
	LOOP(real, commands_for_servers_answer_alike_over_both_protocols,
	     COUNT(commands));
	tcase_add_test(scripted, the_tables_have_every_answer_of_every_verb);
	LOOP(scripted, scripted_servers_are_understood_alike_over_both_protocols,
	     COUNT(scripts));
	LOOP(scripted, a_server_without_meta_commands_gives_one_clear_error,
	     COUNT(ignorant));
	tcase_add_test(scripted,
		       noreply_does_not_hide_a_server_without_meta_commands);
	tcase_add_test(scripted,
		       a_stray_error_behind_noreply_requests_costs_the_connection);
	tcase_add_test(scripted,
		       a_server_that_closes_behind_meta_commands_gives_the_advice);
	tcase_add_test(scripted,
		       a_meta_command_that_a_server_does_not_know_fails_alone);
	LOOP(scripted, a_hostile_reply_to_a_batch_poisons_the_connection,
	     COUNT(hostile));
	tcase_add_loop_test(scripted, a_batch_without_its_end_keeps_its_values,
			    0, 2);
	tcase_add_test(scripted,
		       the_opaques_of_a_connection_go_on_from_call_to_call);
	tcase_add_test(scripted,
		       errors_of_noreply_requests_are_collected_and_logged);
	LOOP(scripted, errors_in_front_of_the_end_of_a_connection_are_collected,
	     COUNT(last_words));
	suite_add_tcase(suite, real);
	suite_add_tcase(suite, scripted);
	return suite_run(suite);
}
