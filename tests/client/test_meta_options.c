/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The options of calls that only the meta protocol can send, on a real memcached: leases, early
 * refreshes, stale items, facts about an item, conditions, and values for absent keys.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fakes/memcached.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"
#include "tenon/health.h"

static struct memcached server;
static struct rig rig;

static void start_with(const char *settings)
{
	memset(&rig, 0, sizeof(rig));
	ck_assert(memcached_start(&server, MEMCACHED_UNIX, NULL));
	rig_open_one(&rig, server.address, settings);
}

/* Another client of the same server. */
static void reopen(const char *settings)
{
	rig_close(&rig);
	memset(&rig, 0, sizeof(rig));
	rig_open_one(&rig, server.address, settings);
}

static void start(void)
{
	start_with("protocol: meta\n");
}

static void start_classic(void)
{
	start_with("protocol: classic\n");
}

static void stop(void)
{
	rig_close(&rig);
	memcached_stop(&server);
}

/* ---- one step after the other ------------------------------------------------ */

/* Instead of a cas unique in a step: that of the last result that had one. */
#define SEEN UINT64_MAX

struct step {
	enum tenon_verb verb;
	const char *key, *value;
	unsigned options;
	int64_t lease_s, refresh_s;
	struct tenon_item more; /* the other fields of the item */
	int status;
	uint32_t marks;
	const char *found; /* the value of a hit */
	int64_t ttl_s;	   /* at most, and at least two seconds less; 0: not looked at */
	uint64_t number;
};

#define ST(s) .status = TENON_##s
#define WON TENON_MARK_WON
#define STALE TENON_MARK_STALE
#define TAKEN TENON_MARK_TAKEN

/* On a server that is empty, in this order. */
static const struct step steps[] = {
	/* a lease for an absent key, and the value that its winner stores */
	{ TENON_GETS, "a", .lease_s = 30, ST(MISS), .marks = WON },
	{ TENON_GETS, "a", .lease_s = 30, ST(MISS), .marks = TAKEN },
	{ TENON_GET, "a", ST(MISS), .marks = TAKEN },
	{ TENON_CAS, "a", "one", .more = { .cas = 99 }, ST(EXISTS) },
	{ TENON_CAS, "a", "one", .more = { .cas = SEEN, .exptime = 100 }, ST(STORED) },
	{ TENON_GETS, "a", .lease_s = 30, ST(HIT), .found = "one", .ttl_s = 100 },
	/* stale: one wins, all have the value */
	{ TENON_DELETE, "a", .options = TENON_INVALIDATE, .more = { .exptime = 40 }, ST(DELETED) },
	{ TENON_GETS, "a", .lease_s = 30, ST(HIT), .marks = WON | STALE, .found = "one", .ttl_s = 40 },
	{ TENON_GETS, "a", .lease_s = 30, ST(HIT), .marks = TAKEN | STALE, .found = "one" },
	{ TENON_CAS, "a", "two", .more = { .cas = SEEN, .exptime = 50 }, ST(STORED) },
	{ TENON_GETS, "a", .lease_s = 30, ST(HIT), .found = "two" },
	{ TENON_DELETE, "none", .options = TENON_INVALIDATE, ST(MISS) },
	/* early refresh */
	{ TENON_GETS, "a", .refresh_s = 40, ST(HIT), .found = "two" },
	{ TENON_GETS, "a", .refresh_s = 60, ST(HIT), .marks = WON, .found = "two", .ttl_s = 50 },
	{ TENON_GETS, "a", .refresh_s = 60, ST(HIT), .marks = TAKEN, .found = "two", .ttl_s = 50 },
	{ TENON_SET, "a", "three", .more = { .flags = 7 }, ST(STORED) },
	{ TENON_GETS, "a", .refresh_s = 60, .lease_s = 9, ST(HIT), .found = "three", .ttl_s = -1 },
	/* a delete makes the lease of the winner void */
	{ TENON_GETS, "b", .lease_s = 30, ST(MISS), .marks = WON },
	{ TENON_DELETE, "b", ST(DELETED) },
	{ TENON_CAS, "b", "old", .more = { .cas = SEEN }, ST(MISS) },
	/* not modified */
	{ TENON_GETS, "a", ST(HIT), .found = "three" },
	{ TENON_GETS, "a", .options = TENON_COMPARE, .more = { .cas = SEEN }, ST(NOT_MODIFIED), .ttl_s = -1 },
	{ TENON_GATS, "a", .options = TENON_COMPARE, .more = { .cas = 1, .exptime = 70 }, ST(HIT), .found = "three" },
	{ TENON_GETS, "none", .options = TENON_COMPARE, ST(MISS) },
	{ TENON_DELETE, "a", .options = TENON_COMPARE, .more = { .cas = 1 }, ST(EXISTS) },
	{ TENON_GETS, "a", .options = TENON_NO_BUMP, ST(HIT), .found = "three", .ttl_s = 70 },
	{ TENON_DELETE, "a", .options = TENON_COMPARE, .more = { .cas = SEEN }, ST(DELETED) },
	/* facts: nobody has read the item yet, then somebody has */
	{ TENON_SET, "f", "12345", .more = { .flags = 9, .exptime = 80 }, ST(STORED) },
	{ TENON_GET, "f", .options = TENON_NO_BUMP, ST(HIT), .found = "12345" },
	{ TENON_GETS, "f", .options = TENON_FACTS, ST(HIT), .ttl_s = 80 },
	{ TENON_GET, "f", ST(HIT), .found = "12345" },
	{ TENON_GET, "f", .options = TENON_FACTS, ST(HIT), .marks = TENON_MARK_READ },
	{ TENON_GETS, "none", .options = TENON_FACTS, ST(MISS) },
	{ TENON_GETS, "lease", .lease_s = 30, ST(MISS), .marks = WON },
	{ TENON_GETS, "lease", .options = TENON_FACTS, ST(MISS), .marks = TAKEN },
	/* numbers for absent keys */
	{ TENON_INCR, "n", .more = { .delta = 3, .initial = 5, .exptime = 60 }, ST(HIT), .number = 5 },
	{ TENON_INCR, "n", .more = { .delta = 3, .initial = 5, .exptime = 90 }, ST(HIT), .number = 8 },
	{ TENON_GETS, "n", .options = TENON_NO_BUMP, ST(HIT), .found = "8", .ttl_s = 60 },
	{ TENON_DECR, "z", .options = TENON_VIVIFY, .more = { .delta = 1 }, ST(HIT), .number = 0 },
	{ TENON_DECR, "zz", .more = { .delta = 1 }, ST(MISS) },
	{ TENON_INCR, "q", .options = TENON_NOREPLY | TENON_VIVIFY, .more = { .delta = 1, .initial = 4 }, ST(SENT) },
	{ TENON_INCR, "q", .more = { .delta = 1 }, ST(HIT), .number = 5 },
	{ TENON_INCR, "f", .options = TENON_VIVIFY, .more = { .exptime = -5 }, ST(EINVAL) },
};

static const struct tenon_result *take_step(const struct step *step, uint64_t seen)
{
	const struct tenon_call call = { .size = sizeof(call),
					 .options = step->options,
					 .lease_s = step->lease_s,
					 .refresh_s = step->refresh_s };
	struct tenon_item one = step->more;

	one.key = slice(step->key);
	if (step->value) {
		one.value = slice(step->value);
	}
	one.cas = one.cas == SEEN ? seen : one.cas;
	tenon_run(rig.client, step->verb, &one, 1, &call, &rig.results, &rig.err);
	ck_assert_msg(rig.results != NULL, "%s", rig.err.message);
	return rig.results;
}

static void check_step(const struct step *step, const struct tenon_result *result,
		       const char *what)
{
	ck_assert_msg(result->status == step->status, "%s: %s (%s)", what,
		      tenon_status_name(result->status), rig.err.message);
	ck_assert_msg(result->marks == step->marks, "%s: marks %u", what,
		      result->marks);
	ck_assert_msg(!step->found == !result->value &&
			      (!step->found ||
			       strcmp(result->value, step->found) == 0),
		      "%s: value %s", what, result->value);
	ck_assert_msg(step->ttl_s == 0 || (result->ttl_s <= step->ttl_s &&
					   result->ttl_s >= step->ttl_s - 2),
		      "%s: %lld s left", what, (long long)result->ttl_s);
	ck_assert_msg(result->number == step->number, "%s: number %llu", what,
		      (unsigned long long)result->number);
}

START_TEST(every_option_has_its_answer)
{
	uint64_t seen = 0;
	char what[80];

	for (size_t i = 0; i < COUNT(steps); i++) {
		snprintf(what, sizeof(what), "step %zu, key %s", i, steps[i].key);
		const struct tenon_result *result = take_step(&steps[i], seen);

		check_step(&steps[i], result, what);
		seen = result->cas ? result->cas : seen;
	}
	struct tenon_health health;
	ck_assert_int_eq(tenon_client_health(rig.client, 0, &health), 0);
	ck_assert_uint_eq(health.reconnects, 0);
}
END_TEST

#define NINETY_DAYS_S 7776000

/* Commands that give an item a lifetime, with options and with fields of the item that need more. */
static const struct {
	enum tenon_verb verb;
	unsigned options;
	struct tenon_item more;
} long_lives[] = {
	{ TENON_SET, 0, { .routing_key = { "r", 1 } } },
	{ TENON_TOUCH, 0, { .routing_key = { "r", 1 } } },
	{ TENON_INCR, TENON_VIVIFY, { .delta = 1 } },
	{ TENON_INCR, TENON_VIVIFY, { .initial = 5 } },
	{ TENON_DECR, TENON_VIVIFY, { .routing_key = { "r", 1 } } },
	{ TENON_DELETE, TENON_INVALIDATE, { .flags = 0 } },
	{ TENON_DELETE, TENON_INVALIDATE, { .routing_key = { "r", 1 } } },
};

/* Loop: each, without and with the option that reckons from now. memcached takes 90 days as a date. */
START_TEST(a_lifetime_above_30_days_is_a_date_once)
{
	size_t row = (size_t)_i / 2;
	struct tenon_item one = long_lives[row].more;
	const struct tenon_item asked = item("k", NULL);
	bool counts = long_lives[row].verb == TENON_INCR || long_lives[row].verb == TENON_DECR;
	unsigned from_now = _i % 2 ? TENON_FROM_NOW : 0;

	if (!counts) {
		const struct tenon_item stored = item("k", "v");
		ck_assert_int_eq(rig_one(&rig, TENON_SET, &stored, 0), TENON_STORED);
	}
	one.key = slice("k");
	one.exptime = from_now ? NINETY_DAYS_S : (int64_t)time(NULL) + NINETY_DAYS_S;
	int status = rig_one(&rig, long_lives[row].verb, &one,
			     long_lives[row].options | from_now);
	ck_assert_msg(status >= 0, "%s", rig.err.message);
	ck_assert_int_ge(rig_one(&rig, TENON_GETS, &asked, TENON_FACTS), 0);
	ck_assert_int_le(rig.result.ttl_s, NINETY_DAYS_S + 2);
	ck_assert_int_ge(rig.result.ttl_s, NINETY_DAYS_S - 60);
}
END_TEST

START_TEST(facts_are_all_there)
{
	const struct tenon_item stored = { .key = slice("k"),
					   .value = slice("12345"),
					   .flags = UINT32_MAX };
	const struct tenon_item asked = item("k", NULL);

	ck_assert_int_eq(rig_one(&rig, TENON_SET, &stored, 0), TENON_STORED);
	ck_assert_int_eq(rig_one(&rig, TENON_GETS, &asked, 0), TENON_HIT);
	uint64_t cas = rig.result.cas;
	ck_assert_int_eq(rig_one(&rig, TENON_GETS, &asked, TENON_FACTS), TENON_HIT);
	ck_assert_uint_eq(rig.result.cas, cas);
	ck_assert_uint_eq(rig.result.flags, UINT32_MAX);
	ck_assert_uint_eq(rig.result.size_bytes, 5);
	ck_assert_uint_le(rig.result.idle_s, 2);
	ck_assert_uint_eq(rig.result.marks, TENON_MARK_READ);
	ck_assert_int_eq(rig.result.ttl_s, -1);
	ck_assert_ptr_null(rig.result.value);
}
END_TEST

/* A batch with all that can happen to a key: the replies are matched, whatever their shape. */
START_TEST(many_keys_of_a_call_with_options_are_matched)
{
	enum { KEYS = 400 };
	struct tenon_item items[KEYS];
	char keys[KEYS][16];
	const struct tenon_call facts = { .size = sizeof(facts), .options = TENON_FACTS };
	const struct tenon_call lease = { .size = sizeof(lease), .lease_s = 30 };

	for (size_t i = 0; i < KEYS; i++) {
		snprintf(keys[i], sizeof(keys[i]), "key:%zu", i);
		items[i] = (struct tenon_item){ .key = slice(keys[i]),
						.value = { "0123456789", i % 10 + 1 } };
		if (i % 3 == 0) {
			ck_assert_int_eq(rig_one(&rig, TENON_SET, &items[i], 0), TENON_STORED);
		}
	}
	ck_assert_int_eq(tenon_run(rig.client, TENON_GETS, items, KEYS, &facts,
				   &rig.results, &rig.err), 0);
	for (size_t i = 0; i < KEYS; i++) {
		ck_assert_int_eq(rig.results[i].status, i % 3 ? TENON_MISS : TENON_HIT);
		ck_assert_uint_eq(rig.results[i].size_bytes, i % 3 ? 0 : i % 10 + 1);
	}
	ck_assert_int_eq(tenon_run(rig.client, TENON_GETS, items, KEYS, &lease,
				   &rig.results, &rig.err), 0);
	for (size_t i = 0; i < KEYS; i++) {
		ck_assert_int_eq(rig.results[i].status, i % 3 ? TENON_MISS : TENON_HIT);
		ck_assert_uint_eq(rig.results[i].marks, i % 3 ? TENON_MARK_WON : 0);
		ck_assert_uint_eq(rig.results[i].value_len, i % 3 ? 0 : i % 10 + 1);
	}
}
END_TEST

/* meta_flags.h: META_MORE_MAX_BYTES. Many of the longest lines, so that some meet the end of the send buffer. */
START_TEST(the_longest_lines_fit)
{
	enum { KEYS = 600 };
	static char keys[KEYS][TENON_KEY_MAX_BYTES + 1];
	struct tenon_item items[KEYS];
	const struct tenon_call call = { .size = sizeof(call),
					 .options = TENON_COMPARE | TENON_NO_BUMP,
					 .lease_s = TENON_LEASE_MAX_S,
					 .refresh_s = TENON_LEASE_MAX_S };

	for (size_t i = 0; i < KEYS; i++) {
		snprintf(keys[i], sizeof(keys[i]), "%0250zu", i);
		items[i] = (struct tenon_item){ .key = slice(keys[i]),
						.cas = UINT64_MAX,
						.delta = UINT64_MAX,
						.initial = UINT64_MAX,
						.exptime = INT32_MAX };
	}
	ck_assert_int_eq(tenon_run(rig.client, TENON_GETS, items, KEYS, &call,
				   &rig.results, &rig.err), 0);
	for (size_t i = 0; i < KEYS; i++) {
		ck_assert_int_eq(rig.results[i].status, TENON_MISS);
		ck_assert_uint_eq(rig.results[i].marks, TENON_MARK_WON);
	}
	ck_assert_int_eq(rig_run(&rig, TENON_DELETE, items, KEYS, 0), 0);
	ck_assert_int_eq(rig_run(&rig, TENON_INCR, items, KEYS, 0), 0);
	for (size_t i = 0; i < KEYS; i++) {
		ck_assert_uint_eq(rig.results[i].number, UINT64_MAX);
	}
}
END_TEST

/* ---- binary keys -------------------------------------------------------------- */

static const struct tenon_slice binary_keys[] = {
	TENON_LITERAL(" "),    TENON_LITERAL("a b"),	TENON_LITERAL("\0"),
	TENON_LITERAL("\r\n"), TENON_LITERAL("get a\r\n"), TENON_LITERAL("\x7f\xff"),
};

/* Loop: without codecs, and with those that look at the old item first. */
START_TEST(a_key_may_have_any_bytes)
{
	static const char *const codecs[] = { "protocol: meta\n",
		"protocol: meta\nprefix: 'p:'\ncodecs: [{split: {format: sealed}}]\n" };
	const struct tenon_item text = item("YSBi", "text"); /* the base64 of "a b" */
	struct tenon_item all[COUNT(binary_keys) + 1];
	struct tenon_item one = { .value = slice("1") };

	reopen(codecs[_i]);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &text, 0), TENON_STORED);
	all[COUNT(binary_keys)] = text;
	for (size_t i = 0; i < COUNT(binary_keys); i++) {
		one.key = binary_keys[i];
		one.delta = i;
		all[i] = (struct tenon_item){ .key = one.key };
		ck_assert_int_eq(rig_one(&rig, TENON_GET, &one, 0), TENON_MISS);
		ck_assert_int_eq(rig_one(&rig, TENON_ADD, &one, 0), TENON_STORED);
		ck_assert_int_eq(rig_one(&rig, TENON_INCR, &one, 0), TENON_HIT);
		ck_assert_int_eq(rig_one(&rig, TENON_APPEND, &one, 0), TENON_STORED);
		ck_assert_int_eq(rig_one(&rig, TENON_TOUCH, &one, 0), TENON_TOUCHED);
	}
	ck_assert_int_eq(rig_run(&rig, TENON_GETS, all, COUNT(all), 0), 0);
	for (size_t i = 0; i < COUNT(binary_keys); i++) {
		char expected[] = { (char)('1' + i), '1', '\0' };

		ck_assert_str_eq(rig.results[i].value, expected);
	}
	ck_assert_str_eq(rig.results[COUNT(binary_keys)].value, "text");
	ck_assert_int_eq(rig_run(&rig, TENON_GETS, all, COUNT(all), TENON_FACTS), 0);
	ck_assert_uint_eq(rig.results[0].size_bytes, 2);
	ck_assert_int_eq(rig_run(&rig, TENON_DELETE, all, COUNT(all), 0), 0);
	ck_assert_int_eq(rig.results[2].status, TENON_DELETED);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, all, COUNT(all), 0), 0);
	ck_assert_int_eq(rig.results[2].status, TENON_MISS);
}
END_TEST

/* TENON_BINARY_KEY_MAX_BYTES */
START_TEST(a_binary_key_has_186_bytes_at_most)
{
	char key[251];
	struct tenon_item one = { .key = { key, 186 } };

	memset(key, ' ', sizeof(key));
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	ck_assert_int_eq(rig_one(&rig, TENON_GET, &one, 0), TENON_HIT);
	for (size_t len = 187; len <= 250; len += 63) {
		one.key.len = len;
		ck_assert_int_eq(rig_one(&rig, TENON_GET, &one, 0), TENON_EKEY);
		ck_assert_ptr_nonnull(strstr(rig.err.message, "may have 186 over the meta protocol"));
	}
	one.key.len = 251;
	ck_assert_int_eq(rig_one(&rig, TENON_GET, &one, 0), TENON_EKEY);
	ck_assert_ptr_nonnull(strstr(rig.err.message, "memcached accepts at most 250"));
	one.key.len = 0;
	ck_assert_int_eq(rig_one(&rig, TENON_GET, &one, 0), TENON_EKEY);
}
END_TEST

START_TEST(a_value_of_a_binary_key_cannot_be_split)
{
	static char bytes[3000];
	struct tenon_item one = { .key = slice("a b"), .value = { bytes, sizeof(bytes) } };

	reopen("protocol: meta\ncodecs: [{split: {chunk: 1000, max: 9000}}]\n");
	tenon_set(rig.client, &one, &rig.result, &rig.err);
	ck_assert_int_eq(rig.result.status, TENON_EKEY);
	ck_assert_ptr_nonnull(strstr(rig.err.message, "has no chunks"));
	one.value.len = 900;
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	ck_assert_int_eq(rig_one(&rig, TENON_GET, &one, 0), TENON_HIT);
}
END_TEST

static uint64_t cas_of(const struct tenon_item *one)
{
	ck_assert_int_eq(rig_one(&rig, TENON_GETS, one, 0), TENON_HIT);
	ck_assert_uint_eq(rig.result.value_len, one->value.len);
	return rig.result.cas;
}

/* Loop: a whole value and one of three chunks, which the caller has, and which it has not. */
START_TEST(gats_touches_a_split_value_that_the_caller_has)
{
	static char bytes[3000];
	struct tenon_item one = { .key = slice("k"), .value = { bytes, _i % 2 ? 3000 : 900 },
				  .flags = 7, .exptime = 50 };
	const struct tenon_item chunk = item("~1k/2", NULL);
	bool known = _i < 2;

	reopen("protocol: meta\ncodecs: [{split: {chunk: 1000, max: 9000}}]\n");
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	one.cas = cas_of(&one) + !known;
	one.exptime = 500;
	ck_assert_int_eq(rig_one(&rig, TENON_GATS, &one, TENON_COMPARE),
			 known ? TENON_NOT_MODIFIED : TENON_HIT);
	ck_assert_uint_eq(rig.result.flags, 7);
	ck_assert(known == !rig.result.value);
	ck_assert_uint_eq(rig.result.value_len, known ? 0 : one.value.len);
	ck_assert_int_eq(rig_one(&rig, TENON_GETS, _i % 2 ? &chunk : &one, TENON_FACTS), TENON_HIT);
	ck_assert_int_gt(rig.result.ttl_s, 50);
	one.cas -= !known;
	ck_assert_int_eq(rig_one(&rig, TENON_GETS, &one, TENON_COMPARE), TENON_NOT_MODIFIED);
	ck_assert_uint_eq(rig.result.flags, 7);
}
END_TEST

START_TEST(classic_text_refuses_binary_keys)
{
	for (size_t i = 0; i < COUNT(binary_keys); i++) {
		const struct tenon_item one = { .key = binary_keys[i] };

		ck_assert_int_eq(rig_one(&rig, TENON_GET, &one, 0), TENON_EKEY);
	}
}
END_TEST

/* The raw key decides the server: the ring does not see the base64. */
START_TEST(a_binary_key_is_hashed_as_it_is)
{
	static const struct fake_step script[] = {
		FAKE_ACCEPT,
		FAKE_EXPECT("mg eCB5 b v f O0000\r\n"),
		FAKE_SEND("EN O0000\r\n"),
		FAKE_EXPECT("ms eCB5 1 b O1000\r\n1\r\n"),
		FAKE_SEND("HD O1000\r\n"),
		FAKE_EXPECT("md eCB5 b q O2000\r\n"),
		FAKE_HOLD,
	};
	struct tenon_item one = { .key = slice("x y"), .value = slice("1") };
	size_t where;

	rig_close(&rig);
	memset(&rig, 0, sizeof(rig));
	rig_fake(&rig, script, COUNT(script));
	rig_open(&rig, "protocol: meta\n");
	ck_assert_int_eq(rig_one(&rig, TENON_GET, &one, 0), TENON_MISS);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	ck_assert_int_eq(rig_one(&rig, TENON_DELETE, &one, TENON_NOREPLY), TENON_SENT);
	rig_close(&rig);

	const char *const servers[] = { "[::1]:1 a", "[::1]:2 b", "[::1]:3 c" };
	memset(&rig, 0, sizeof(rig));
	rig_open_at(&rig, servers, COUNT(servers), "protocol: meta\nhash_function: fnv1a_32\ndistribution: modula\n");
	for (size_t i = 0; i < COUNT(binary_keys); i++) {
		uint32_t hash = 2166136261u;
		const unsigned char *bytes = binary_keys[i].data;

		for (size_t at = 0; at < binary_keys[i].len; at++) {
			hash = (hash ^ bytes[at]) * 16777619u;
		}
		ck_assert_int_eq(tenon_client_where(rig.client, binary_keys[i], &where, &rig.err), 0);
		ck_assert_uint_eq(where, hash % 3);
		one.key = binary_keys[i];
		ck_assert_int_lt(rig_one(&rig, TENON_GET, &one, 0), 0);
		ck_assert_uint_eq(rig.result.server, where);
	}
}
END_TEST

/* ---- what is refused --------------------------------------------------------- */

static const struct {
	enum tenon_verb verb;
	struct tenon_call call;
	const char *words;
} refused[] = {
	{ TENON_GET, { .lease_s = 1 }, "lease_s is not allowed with get: use it with gets" },
	{ TENON_GATS, { .refresh_s = 1 }, "refresh_s is not allowed with gats" },
	{ TENON_GETS, { .lease_s = -1 }, "lease_s is -1, expected 1 to 2592000 seconds" },
	/* TENON_LEASE_MAX_S */
	{ TENON_GETS, { .refresh_s = 2592001 }, "refresh_s is 2592001" },
	{ TENON_SET, { .options = TENON_FACTS }, "options 0x40 are not allowed with set" },
	{ TENON_GET, { .options = TENON_COMPARE }, "options 0x80 are not allowed with get" },
	{ TENON_SET, { .options = TENON_VIVIFY }, "options 0x100 are not allowed with set" },
	{ TENON_TOUCH, { .options = TENON_INVALIDATE }, "options 0x10 are not allowed with touch" },
};

static const struct {
	enum tenon_verb verb;
	struct tenon_call call;
} only_meta[] = {
	{ TENON_GETS, { .lease_s = 1 } },
	{ TENON_GETS, { .refresh_s = 1 } },
	{ TENON_GET, { .options = TENON_FACTS } },
	{ TENON_GET, { .options = TENON_NO_BUMP } },
	{ TENON_GETS, { .options = TENON_COMPARE } },
	{ TENON_DELETE, { .options = TENON_INVALIDATE } },
	{ TENON_INCR, { .options = TENON_VIVIFY } },
};

static void check_refused(enum tenon_verb verb, struct tenon_call call,
			  const char *words)
{
	const struct tenon_item one = item("k", "v");

	call.size = sizeof(call);
	ck_assert_int_eq(tenon_run(rig.client, verb, &one, 1, &call,
				   &rig.results, &rig.err),
			 TENON_EINVAL);
	ck_assert_msg(strstr(rig.err.message, words) != NULL, "%s",
		      rig.err.message);
	ck_assert_ptr_null(rig.results);
}

START_TEST(an_option_that_does_not_go_with_the_verb_is_refused)
{
	check_refused(refused[_i].verb, refused[_i].call, refused[_i].words);
}
END_TEST

START_TEST(classic_text_refuses_what_it_cannot_send)
{
	check_refused(only_meta[_i].verb, only_meta[_i].call, "`protocol: meta`");
}
END_TEST

int main(void)
{
	scratch_begin();
	memcached_require();
	Suite *suite = suite_create("meta options");
	TCase *meta = tcase_create("meta");
	TCase *classic = tcase_create("classic");

	tcase_add_checked_fixture(meta, start, stop);
	tcase_add_test(meta, every_option_has_its_answer);
	LOOP(meta, a_lifetime_above_30_days_is_a_date_once, 2 * COUNT(long_lives));
	tcase_add_test(meta, facts_are_all_there);
	tcase_add_test(meta, many_keys_of_a_call_with_options_are_matched);
	tcase_add_test(meta, the_longest_lines_fit);
	LOOP(meta, a_key_may_have_any_bytes, 2);
	tcase_add_test(meta, a_binary_key_has_186_bytes_at_most);
	tcase_add_test(meta, a_value_of_a_binary_key_cannot_be_split);
	LOOP(meta, gats_touches_a_split_value_that_the_caller_has, 4);
	tcase_add_test(meta, a_binary_key_is_hashed_as_it_is);
	LOOP(meta, an_option_that_does_not_go_with_the_verb_is_refused, COUNT(refused));
	suite_add_tcase(suite, meta);
	tcase_add_checked_fixture(classic, start_classic, stop);
	LOOP(classic, classic_text_refuses_what_it_cannot_send, COUNT(only_meta));
	tcase_add_test(classic, classic_text_refuses_binary_keys);
	suite_add_tcase(suite, classic);
	return suite_run(suite);
}
