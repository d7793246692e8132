/* SPDX-License-Identifier: BSD-3-Clause */
/* Leases on a real memcached: each test runs over the meta protocol and over classic text. */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fakes/memcached.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"
#include "tenon/introspect.h"
#include "tenon/lease.h"

enum { META, CLASSIC, PROTOCOLS };

static const char *const settings[PROTOCOLS] = { "protocol: meta\n",
						 "protocol: classic\n" };
static struct memcached server;
static struct rig rig;
static struct tenon_result result;
static const struct tenon_slice k = TENON_LITERAL("k");
static const struct tenon_lease usual = { .size = sizeof(usual) };
static const struct tenon_lease stale = { .size = sizeof(stale),
					  .stale_for_s = 100 };

static void open_rig(int protocol)
{
	memset(&rig, 0, sizeof(rig));
	rig_open_one(&rig, server.address, settings[protocol]);
}

static void start(int protocol)
{
	ck_assert(memcached_start(&server, MEMCACHED_UNIX, NULL));
	open_rig(protocol);
}

/* A client of a fake. */
static void open_fake(const struct fake_step *steps, size_t count, const char *text)
{
	memset(&rig, 0, sizeof(rig));
	rig_fake(&rig, steps, count);
	rig_open(&rig, text);
}

static void stop(void)
{
	rig_close(&rig);
	memcached_stop(&server);
}

static void check_result(int code, int status, uint32_t marks, const char *value)
{
	ck_assert_msg(code == 0, "%d: %s", code, rig.err.message);
	ck_assert_msg(result.status == status, "%s",
		      tenon_status_name(result.status));
	ck_assert_uint_eq(result.marks, marks);
	ck_assert_int_eq(!result.value, !value);
	if (value) {
		ck_assert_str_eq(result.value, value);
	}
}

static void get(const struct tenon_lease *lease, int status, uint32_t marks,
		const char *value)
{
	check_result(tenon_get_or_lease(rig.client, k, lease, &result, &rig.err),
		     status, marks, value);
}

static void fill(const struct tenon_lease *lease, uint64_t token,
		 const char *value, int64_t exptime, int status)
{
	const struct tenon_item one = { .key = k, .value = slice(value),
					.flags = 5, .exptime = exptime,
					.cas = token };

	check_result(tenon_fill(rig.client, &one, lease, &result, &rig.err),
		     status, 0, NULL);
}

/* ---- the answers --------------------------------------------------------------- */

START_TEST(one_caller_wins_and_the_others_wait)
{
	start(_i);
	get(NULL, TENON_MISS, TENON_MARK_WON, NULL);
	uint64_t token = result.cas;

	ck_assert_uint_ne(token, 0);
	get(NULL, TENON_MISS, TENON_MARK_TAKEN, NULL);
	get(&usual, TENON_MISS, TENON_MARK_TAKEN, NULL);
	fill(NULL, token, "value", 60, TENON_STORED);
	get(NULL, TENON_HIT, 0, "value");
	ck_assert_uint_eq(result.flags, 5);
	/* the lease is used up */
	ck_assert_int_eq(tenon_delete(rig.client, k, NULL, &rig.err), 0);
	fill(NULL, token, "late", 60, TENON_MISS);
	get(NULL, TENON_MISS, TENON_MARK_WON, NULL);
	ck_assert_uint_ne(result.cas, token);
	stop();
}
END_TEST

START_TEST(an_invalidation_ends_the_lease)
{
	start(_i);
	get(NULL, TENON_MISS, TENON_MARK_WON, NULL);
	uint64_t token = result.cas;

	ck_assert_int_eq(tenon_invalidate(rig.client, k, NULL, NULL, &rig.err), 0);
	fill(NULL, token, "old", 60, _i == META ? TENON_EXISTS : TENON_MISS);
	get(NULL, TENON_MISS, TENON_MARK_WON, NULL);
	fill(NULL, result.cas, "new", 60, TENON_STORED);
	get(NULL, TENON_HIT, 0, "new");
	stop();
}
END_TEST

START_TEST(the_lease_of_another_caller_is_no_key_to_the_fill)
{
	start(_i);
	get(NULL, TENON_MISS, TENON_MARK_WON, NULL);
	uint64_t token = result.cas;

	fill(NULL, token + 2, "value", 60, TENON_EXISTS);
	get(NULL, TENON_MISS, TENON_MARK_TAKEN, NULL);
	fill(NULL, token, "value", 60, TENON_STORED);
	stop();
}
END_TEST

START_TEST(a_value_that_was_set_meanwhile_stays)
{
	start(_i);
	get(NULL, TENON_MISS, TENON_MARK_WON, NULL);
	uint64_t token = result.cas;

	rig_set(&rig, "k", "set");
	fill(NULL, token, "value", 60, TENON_EXISTS);
	get(NULL, TENON_HIT, 0, "set");
	stop();
}
END_TEST

START_TEST(an_invalidated_value_is_stale_for_all_and_won_by_one)
{
	start(META);
	rig_set(&rig, "k", "old");
	ck_assert_int_eq(tenon_invalidate(rig.client, k, NULL, &result, &rig.err), 0);
	ck_assert_int_eq(result.status, TENON_DELETED);
	get(NULL, TENON_HIT, TENON_MARK_WON | TENON_MARK_STALE, "old");
	uint64_t token = result.cas;

	ck_assert_int_le(result.ttl_s, TENON_LEASE_S);
	get(NULL, TENON_HIT, TENON_MARK_TAKEN | TENON_MARK_STALE, "old");
	fill(NULL, token, "new", 60, TENON_STORED);
	get(NULL, TENON_HIT, 0, "new");
	ck_assert_int_eq(tenon_invalidate(rig.client, slice("none"), NULL, &result, &rig.err), 0);
	ck_assert_int_eq(result.status, TENON_MISS);
	stop();
}
END_TEST

/* The item lives stale_for_s longer than its exptime; in that time its value is stale. */
START_TEST(a_value_behind_its_exptime_is_stale_for_a_while)
{
	start(META);
	get(&stale, TENON_MISS, TENON_MARK_WON, NULL);
	fill(&stale, result.cas, "value", 50, TENON_STORED);
	get(&stale, TENON_HIT, 0, "value");
	ck_assert_int_gt(result.ttl_s, 140);
	ck_assert_int_le(result.ttl_s, 150);
	/* its exptime passes */
	ck_assert_int_eq(tenon_touch(rig.client, k, 90, NULL, &rig.err), 0);
	get(&stale, TENON_HIT, TENON_MARK_WON | TENON_MARK_STALE, "value");
	uint64_t token = result.cas;

	get(&stale, TENON_HIT, TENON_MARK_TAKEN | TENON_MARK_STALE, "value");
	fill(&stale, token, "next", 50, TENON_STORED);
	get(&stale, TENON_HIT, 0, "next");
	stop();
}
END_TEST

START_TEST(a_value_is_refreshed_before_its_exptime)
{
	const struct tenon_lease early = { .size = sizeof(early),
					   .stale_for_s = 100,
					   .refresh_s = 20 };

	start(META);
	get(&early, TENON_MISS, TENON_MARK_WON, NULL);
	fill(&early, result.cas, "value", 15, TENON_STORED);
	get(&early, TENON_HIT, TENON_MARK_WON, "value");
	uint64_t token = result.cas;

	get(&early, TENON_HIT, TENON_MARK_TAKEN, "value");
	fill(&early, token, "next", 60, TENON_STORED);
	get(&early, TENON_HIT, 0, "next");
	stop();
}
END_TEST

START_TEST(a_lease_can_be_given_back)
{
	struct tenon_item one = { .key = k };

	start(_i);
	get(NULL, TENON_MISS, TENON_MARK_WON, NULL);
	uint64_t token = result.cas;

	one.cas = token + 2;
	check_result(tenon_give_back(rig.client, &one, NULL, &result, &rig.err), TENON_EXISTS, 0, NULL);
	get(NULL, TENON_MISS, TENON_MARK_TAKEN, NULL);
	one.cas = token;
	check_result(tenon_give_back(rig.client, &one, NULL, &result, &rig.err), TENON_DELETED, 0, NULL);
	check_result(tenon_give_back(rig.client, &one, NULL, &result, &rig.err), TENON_MISS, 0, NULL);
	get(NULL, TENON_MISS, TENON_MARK_WON, NULL);
	stop();
}
END_TEST

static void give_back(uint64_t token, int status)
{
	const struct tenon_item one = { .key = k, .cas = token };

	check_result(tenon_give_back(rig.client, &one, NULL, &result, &rig.err), status, 0, NULL);
}

START_TEST(the_lease_of_a_stale_value_can_be_given_back)
{
	start(META);
	rig_set(&rig, "k", "old");
	ck_assert_int_eq(tenon_invalidate(rig.client, k, NULL, NULL, &rig.err), 0);
	get(NULL, TENON_HIT, TENON_MARK_WON | TENON_MARK_STALE, "old");
	uint64_t token = result.cas;

	give_back(token + 2, TENON_EXISTS);
	get(NULL, TENON_HIT, TENON_MARK_TAKEN | TENON_MARK_STALE, "old");
	give_back(token, TENON_DELETED);
	fill(NULL, token, "late", 60, TENON_EXISTS);
	get(NULL, TENON_HIT, TENON_MARK_WON | TENON_MARK_STALE, "old");
	ck_assert_int_ge(result.ttl_s, 0);
	ck_assert_int_le(result.ttl_s, TENON_LEASE_S);
	fill(NULL, result.cas, "new", 60, TENON_STORED);
	get(NULL, TENON_HIT, 0, "new");
	/* there is no lease to give back */
	give_back(result.cas, TENON_EXISTS);
	get(NULL, TENON_HIT, 0, "new");
	stop();
}
END_TEST

/* The value is not old, and its lease is given back: it is stale then, and ends when it did before. */
START_TEST(the_lease_of_an_early_refresh_can_be_given_back)
{
	const struct tenon_lease early = { .size = sizeof(early), .stale_for_s = 100,
					   .refresh_s = 20 };

	start(META);
	get(&early, TENON_MISS, TENON_MARK_WON, NULL);
	fill(&early, result.cas, "value", 15, TENON_STORED);
	get(&early, TENON_HIT, TENON_MARK_WON, "value");
	give_back(result.cas, TENON_DELETED);
	get(&early, TENON_HIT, TENON_MARK_WON | TENON_MARK_STALE, "value");
	ck_assert_int_le(result.ttl_s, 115);
	ck_assert_int_gt(result.ttl_s, 0);
	stop();
}
END_TEST

/* The look of tenon_give_back() would win an item that was invalidated meanwhile. */
START_TEST(a_lease_that_is_lost_is_not_taken_again_by_giving_it_back)
{
	start(META);
	get(NULL, TENON_MISS, TENON_MARK_WON, NULL);
	uint64_t token = result.cas;

	ck_assert_int_eq(tenon_invalidate(rig.client, k, NULL, NULL, &rig.err), 0);
	give_back(token, TENON_EXISTS);
	get(NULL, TENON_MISS, TENON_MARK_WON, NULL);
	fill(NULL, result.cas, "value", 60, TENON_STORED);
	ck_assert_int_eq(tenon_invalidate(rig.client, k, NULL, NULL, &rig.err), 0);
	give_back(token, TENON_EXISTS);
	get(NULL, TENON_HIT, TENON_MARK_WON | TENON_MARK_STALE, "value");
	stop();
}
END_TEST

/* The server refuses the look, or what follows it. */
START_TEST(a_lease_that_is_not_given_back_is_an_error)
{
	const struct fake_step steps[] = {
		FAKE_ACCEPT,
		FAKE_EXPECT("mg k f t h l s u c O0000\r\n"),
		_i == 0 ? (struct fake_step)FAKE_SEND("SERVER_ERROR busy\r\n")
			: (struct fake_step)FAKE_SEND("HD f0 t9 h0 l0 s5 c7 Z O0000\r\n"),
		FAKE_EXPECT("md k C7 I O1000\r\n"),
		FAKE_SEND("SERVER_ERROR busy\r\n"),
	};
	const struct tenon_item one = { .key = k, .cas = 7 };

	open_fake(steps, _i == 0 ? 3 : COUNT(steps), "protocol: meta\n");
	ck_assert_int_eq(tenon_give_back(rig.client, &one, NULL, &result, &rig.err), TENON_ESERVER);
	ck_assert_int_eq(result.status, TENON_ESERVER);
	rig_close(&rig);
}
END_TEST

/*
 * A winner stores the value and gives its lock key up, between the look of another caller and its
 * add. That caller adds the lock key, and looks again.
 */
START_TEST(a_caller_that_gets_the_lock_key_looks_again)
{
	static const struct fake_step steps[] = {
		FAKE_ACCEPT,
		FAKE_EXPECT("gets k\r\n"),
		FAKE_SEND("END\r\n"),
		FAKE_EXPECT("add k:lease 0 10 20\r\n"),
		FAKE_READ(22),
		FAKE_SEND("STORED\r\n"),
		FAKE_EXPECT("gets k\r\n"),
		FAKE_SEND("VALUE k 0 4 9\r\nmade\r\nEND\r\n"),
		FAKE_EXPECT("delete k:lease\r\n"),
		FAKE_SEND("DELETED\r\n"),
		FAKE_EXPECT("gets k\r\n"),
		FAKE_SEND("VALUE k 0 4 9\r\nmade\r\nEND\r\n"),
	};

	open_fake(steps, COUNT(steps), NULL);
	get(NULL, TENON_HIT, 0, "made");
	rig_close(&rig);
}
END_TEST

START_TEST(other_commands_find_the_placeholder_of_a_leased_key)
{
	const struct tenon_item one = { .key = k, .value = slice("x"), .exptime = 500, .delta = 1 };

	start(META);
	get(NULL, TENON_MISS, TENON_MARK_WON, NULL);
	uint64_t token = result.cas;

	ck_assert_int_eq(rig_one(&rig, TENON_ADD, &one, 0), TENON_NOT_STORED);
	ck_assert_int_eq(rig_one(&rig, TENON_INCR, &one, 0), TENON_ECLIENT);
	ck_assert_int_eq(rig_one(&rig, TENON_TOUCH, &one, 0), TENON_TOUCHED);
	ck_assert_int_eq(rig_one(&rig, TENON_APPEND, &one, 0), TENON_STORED);
	get(NULL, TENON_HIT, 0, "x");
	/* the touch moved the end of the lease, and the append keeps it */
	ck_assert_int_gt(result.ttl_s, TENON_LEASE_S);
	fill(NULL, token, "value", 60, TENON_EXISTS);
	stop();
}
END_TEST

START_TEST(an_empty_value_is_never_an_old_one)
{
	start(META);
	rig_set(&rig, "k", "");
	get(NULL, TENON_HIT, 0, "");
	ck_assert_int_eq(tenon_invalidate(rig.client, k, NULL, NULL, &rig.err), 0);
	get(NULL, TENON_MISS, TENON_MARK_WON, NULL);
	get(NULL, TENON_MISS, TENON_MARK_TAKEN, NULL);
	stop();
}
END_TEST

/* ---- what is refused ------------------------------------------------------------- */

static const struct {
	struct tenon_lease lease;
	const char *words;
} refused[] = {
	{ { .size = 3 }, "size of struct tenon_lease is 3" },
	{ { .size = sizeof(usual), .options = TENON_NOREPLY },
	  "options 0x1 are not allowed with a lease" },
	{ { .size = sizeof(usual), .lease_s = -1 }, "lease_s is -1, expected 0 to 2592000" },
	{ { .size = sizeof(usual), .stale_for_s = 2592001 }, "stale_for_s is 2592001" },
	{ { .size = sizeof(usual), .stale_for_s = 2592000, .refresh_s = 1 },
	  "refresh_s is 1, expected 0 to 0" },
	{ { .size = sizeof(usual), .wait_ms = 3600001 }, "wait_ms is 3600001" },
	{ { .size = sizeof(usual), .timeout_ms = -1 }, "timeout_ms is -1" },
};

static int no_value(void *user, struct tenon_item *item)
{
	(void)item;
	return *(const int *)user;
}

START_TEST(wrong_options_are_refused_by_every_call)
{
	const struct tenon_lease *lease = &refused[_i].lease;
	const struct tenon_item one = { .key = k, .value = slice("v") };
	int zero = 0;

	start(META);
	for (int call = 0; call < 4; call++) {
		int code = call == 0 ? tenon_get_or_lease(rig.client, k, lease, &result, &rig.err)
			   : call == 1 ? tenon_fill(rig.client, &one, lease, &result, &rig.err)
			   : call == 2 ? tenon_invalidate(rig.client, k, lease, &result, &rig.err)
				       : tenon_fetch(rig.client, k, lease, no_value, &zero,
						     &result, &rig.err);

		ck_assert_int_eq(code, TENON_EINVAL);
		ck_assert_int_eq(result.status, TENON_EINVAL);
		ck_assert_msg(strstr(rig.err.message, refused[_i].words) != NULL, "%s", rig.err.message);
	}
	stop();
}
END_TEST

START_TEST(classic_text_has_no_stale_values)
{
	const struct tenon_lease early = { .size = sizeof(early), .refresh_s = 1 };

	start(CLASSIC);
	ck_assert_int_eq(tenon_get_or_lease(rig.client, k, &stale, NULL, &rig.err), TENON_EINVAL);
	ck_assert_ptr_nonnull(strstr(rig.err.message, "need `protocol: meta`"));
	ck_assert_int_eq(tenon_get_or_lease(rig.client, k, &early, NULL, &rig.err), TENON_EINVAL);
	stop();
}
END_TEST

START_TEST(a_stale_value_needs_an_exptime)
{
	const struct tenon_item never = { .key = k, .value = slice("v") };

	start(META);
	ck_assert_int_eq(tenon_fill(rig.client, &never, &stale, &result, &rig.err), TENON_EINVAL);
	ck_assert_ptr_nonnull(strstr(rig.err.message, "behind an exptime of 1 or more"));
	stop();
}
END_TEST

/* The lock key is six bytes longer than the key, and not longer than any key. */
START_TEST(the_key_has_room_for_its_lock_key)
{
	char key[246];

	start(CLASSIC);
	memset(key, 'k', sizeof(key));
	ck_assert_int_eq(tenon_get_or_lease(rig.client, (struct tenon_slice){ key, 244 }, NULL, &result, &rig.err), 0);
	ck_assert_uint_eq(result.marks, TENON_MARK_WON);
	ck_assert_int_eq(tenon_get_or_lease(rig.client, (struct tenon_slice){ key, 245 }, NULL, &result, &rig.err), TENON_EKEY);
	ck_assert_ptr_nonnull(strstr(rig.err.message, "the key has 245 bytes: over classic text a lease is the item KEY:lease, so the key may have 244"));
	rig_close(&rig);
	memset(&rig, 0, sizeof(rig));
	rig_open_one(&rig, server.address, "prefix: abcd\n");
	ck_assert_int_eq(tenon_get_or_lease(rig.client, (struct tenon_slice){ key, 241 }, NULL, &result, &rig.err), TENON_EKEY);
	ck_assert_int_eq(tenon_get_or_lease(rig.client, (struct tenon_slice){ key, 240 }, NULL, &result, &rig.err), 0);
	ck_assert_int_eq(tenon_get_or_lease(rig.client, slice(""), NULL, &result, &rig.err), TENON_EKEY);
	stop();
}
END_TEST

/* Every call says whether a key of this length has room for its lock key. */
static void check_room(size_t key_bytes, bool has_room, const char *words)
{
	char bytes[2000];
	const struct tenon_slice key = { bytes, key_bytes };
	const struct tenon_item one = { .key = key, .value = slice("v"), .cas = 1 };

	memset(bytes, 'k', sizeof(bytes));
	for (int call = 0; call < 4; call++) {
		int code = call == 0 ? tenon_get_or_lease(rig.client, key, NULL, &result, &rig.err)
			   : call == 1 ? tenon_fill(rig.client, &one, NULL, &result, &rig.err)
			   : call == 2 ? tenon_invalidate(rig.client, key, NULL, &result, &rig.err)
				       : tenon_give_back(rig.client, &one, NULL, &result, &rig.err);

		ck_assert_int_eq(code, has_room ? 0 : TENON_EKEY);
		ck_assert_msg(has_room || strstr(rig.err.message, words) != NULL, "%s",
			      rig.err.message);
	}
}

/* A prefix can be so long that no key has room. */
static const size_t long_prefixes[] = { 243, 244, 245, 249 };

START_TEST(a_long_prefix_leaves_no_room_for_a_lock_key)
{
	static const size_t keys[] = { 1, 6, 250, 400, 2000 };
	size_t prefix_bytes = long_prefixes[_i];
	char prefix[250], text[300];

	memset(prefix, 'p', sizeof(prefix));
	snprintf(text, sizeof(text), "prefix: %.*s\n", (int)prefix_bytes, prefix);
	ck_assert(memcached_start(&server, MEMCACHED_UNIX, NULL));
	memset(&rig, 0, sizeof(rig));
	rig_open_one(&rig, server.address, text);
	for (size_t i = 0; i < COUNT(keys); i++) {
		check_room(keys[i], prefix_bytes + keys[i] + 6 <= 250,
			   prefix_bytes < 244 ? "so the key may have 1" : "leaves no room for a key");
	}
	stop();
}
END_TEST

/* ---- fetch ------------------------------------------------------------------------ */

/* The value of a fetch function, and how often it was asked for. */
struct maker {
	const char *value;
	unsigned pause_ms;
	atomic_int calls;
};

static int make(void *user, struct tenon_item *item)
{
	struct maker *maker = user;

	atomic_fetch_add(&maker->calls, 1);
	sleep_ms(maker->pause_ms);
	item->value = slice(maker->value);
	item->flags = 7;
	return 0;
}

static void fetch(const struct tenon_lease *lease, struct maker *maker,
		  uint32_t marks, const char *value)
{
	check_result(tenon_fetch(rig.client, k, lease, make, maker, &result, &rig.err),
		     TENON_HIT, marks, value);
	ck_assert_uint_eq(result.flags, 7);
	ck_assert_uint_eq(result.value_len, strlen(value));
}

START_TEST(a_fetch_makes_the_value_once)
{
	struct maker maker = { .value = "made" };

	start(_i);
	fetch(NULL, &maker, TENON_MARK_WON, "made");
	ck_assert_ptr_null(result.text);
	fetch(NULL, &maker, 0, "made");
	ck_assert_int_eq(maker.calls, 1);
	ck_assert_int_eq(tenon_delete(rig.client, k, NULL, &rig.err), 0);
	maker.value = "";
	fetch(NULL, &maker, TENON_MARK_WON, "");
	fetch(NULL, &maker, 0, "");
	ck_assert_int_eq(maker.calls, 2);
	stop();
}
END_TEST

START_TEST(a_fetch_of_a_stale_value_makes_the_next_one)
{
	struct maker maker = { .value = "first" };

	start(META);
	fetch(NULL, &maker, TENON_MARK_WON, "first");
	ck_assert_int_eq(tenon_invalidate(rig.client, k, NULL, NULL, &rig.err), 0);
	maker.value = "second";
	fetch(NULL, &maker, TENON_MARK_WON, "second");
	fetch(NULL, &maker, 0, "second");
	/* another caller is making the next one */
	ck_assert_int_eq(tenon_invalidate(rig.client, k, NULL, NULL, &rig.err), 0);
	get(NULL, TENON_HIT, TENON_MARK_WON | TENON_MARK_STALE, "second");
	fetch(NULL, &maker, TENON_MARK_TAKEN | TENON_MARK_STALE, "second");
	ck_assert_int_eq(maker.calls, 2);
	stop();
}
END_TEST

/* A function without a value: nothing is stored, and the next caller need not wait. */
START_TEST(a_function_that_fails_gives_its_lease_back)
{
	static const int codes[] = { TENON_EIO, 5 };
	struct maker maker = { .value = "made" };

	start(_i);
	for (size_t i = 0; i < COUNT(codes); i++) {
		int code = codes[i];
		int expected = code < 0 ? code : TENON_EINVAL;

		ck_assert_int_eq(tenon_fetch(rig.client, k, NULL, no_value, &code, &result, &rig.err), expected);
		ck_assert_int_eq(rig.err.code, expected);
		ck_assert_int_eq(result.status, expected);
		ck_assert_ptr_nonnull(strstr(rig.err.message, "the fetch function made no value"));
	}
	fetch(NULL, &maker, TENON_MARK_WON, "made");
	stop();
}
END_TEST

START_TEST(a_function_that_fails_gives_the_lease_of_a_stale_value_back)
{
	struct maker maker = { .value = "made" };
	int code = TENON_EIO;

	start(META);
	rig_set(&rig, "k", "old");
	ck_assert_int_eq(tenon_invalidate(rig.client, k, NULL, NULL, &rig.err), 0);
	ck_assert_int_eq(tenon_fetch(rig.client, k, NULL, no_value, &code, &result, &rig.err), TENON_EIO);
	fetch(NULL, &maker, TENON_MARK_WON, "made");
	ck_assert_int_eq(maker.calls, 1);
	stop();
}
END_TEST

START_TEST(a_fetch_waits_for_wait_ms_at_most)
{
	const struct tenon_lease brief = { .size = sizeof(brief), .wait_ms = 30 };
	struct maker maker = { .value = "made" };

	start(_i);
	get(NULL, TENON_MISS, TENON_MARK_WON, NULL);
	ck_assert_int_eq(tenon_fetch(rig.client, k, &brief, make, &maker, &result, &rig.err), TENON_ETIMEDOUT);
	ck_assert_int_eq(result.status, TENON_ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(rig.err.message, "within wait_ms (30 ms)"));
	ck_assert_int_eq(maker.calls, 0);
	stop();
}
END_TEST

/* The function invalidates the key that it makes: the caller has the value, but it is not stored. */
static int make_in_vain(void *user, struct tenon_item *item)
{
	ck_assert_int_eq(tenon_invalidate(rig.client, k, NULL, NULL, NULL), 0);
	return make(user, item);
}

START_TEST(a_value_that_is_not_stored_says_why)
{
	struct maker maker = { .value = "made" };

	start(_i);
	check_result(tenon_fetch(rig.client, k, NULL, make_in_vain, &maker, &result, &rig.err),
		     TENON_HIT, TENON_MARK_WON, "made");
	ck_assert_str_eq(result.text, _i == META ? "exists" : "miss");
	stop();
}
END_TEST

/* The first value is larger than a server takes, the second has an exptime that cannot be sent. */
static int make_badly(void *user, struct tenon_item *item)
{
	static char large[3000000];
	struct maker *maker = user;

	maker->calls++;
	item->value = maker->calls == 1 ? (struct tenon_slice){ large, sizeof(large) }
					: slice("made");
	item->exptime = maker->calls == 1 ? 60 : -5;
	return 0;
}

START_TEST(a_value_that_cannot_be_stored_gives_the_lease_back)
{
	static const char *const reasons[] = { "too large", "exptime -5 has no meaning" };
	struct maker maker = { .calls = 0 };

	start(_i);
	for (size_t i = 0; i < COUNT(reasons); i++) {
		ck_assert_int_eq(tenon_fetch(rig.client, k, NULL, make_badly, &maker, &result, &rig.err), 0);
		ck_assert_int_eq(result.status, TENON_HIT);
		ck_assert_msg(strstr(result.text, reasons[i]) != NULL, "%s", result.text);
	}
	ck_assert_int_eq(maker.calls, 2);
	get(NULL, TENON_MISS, TENON_MARK_WON, NULL);
	stop();
}
END_TEST

/* The function sets an exptime behind which nothing can be stale; the options can be refused at once. */
START_TEST(a_fetch_of_values_without_an_end_that_can_be_stale_is_refused)
{
	const struct tenon_lease ending = { .size = sizeof(ending), .stale_for_s = 100,
					    .exptime = 60 };
	struct maker maker = { .value = "made", .calls = 1 };

	start(META);
	ck_assert_int_eq(tenon_fetch(rig.client, k, &stale, make, &maker, &result, &rig.err), TENON_EINVAL);
	ck_assert_int_eq(result.status, TENON_EINVAL);
	ck_assert_ptr_nonnull(strstr(rig.err.message, "behind an exptime of 1 or more"));
	ck_assert_int_eq(maker.calls, 1);
	check_result(tenon_fetch(rig.client, k, &ending, make_badly, &maker, &result, &rig.err),
		     TENON_HIT, TENON_MARK_WON, "made");
	ck_assert_ptr_nonnull(strstr(result.text, "behind an exptime of 1 or more"));
	get(&ending, TENON_MISS, TENON_MARK_WON, NULL);
	stop();
}
END_TEST

static int waits;

static int count_wait(struct pollfd *fds, size_t count, int timeout_ms, void *payload)
{
	waits += count == 0;
	if (count == 0 && payload) {
		errno = ECANCELED;
		return -1;
	}
	return poll(fds, count, timeout_ms);
}

START_TEST(a_fetch_waits_through_the_hook)
{
	const struct tenon_lease brief = { .size = sizeof(brief), .wait_ms = 30 };
	struct maker maker = { .value = "made" };

	start(_i);
	get(NULL, TENON_MISS, TENON_MARK_WON, NULL);
	waits = 0;
	ck_assert_int_eq(tenon_client_set_wait(rig.client, count_wait, NULL, &rig.err), 0);
	ck_assert_int_eq(tenon_fetch(rig.client, k, &brief, make, &maker, &result, &rig.err), TENON_ETIMEDOUT);
	ck_assert_int_gt(waits, 0);
	ck_assert_int_eq(tenon_client_set_wait(rig.client, count_wait, &maker, &rig.err), 0);
	ck_assert_int_eq(tenon_fetch(rig.client, k, &brief, make, &maker, &result, &rig.err), TENON_EWAIT);
	ck_assert_int_eq(rig.err.sys_errno, ECANCELED);
	stop();
}
END_TEST

/* ---- split values ------------------------------------------------------------------- */

/* Delete a chunk of k, behind the back of the codec. */
static void lose_a_chunk(void)
{
	const struct tenon_item one = { .key = k };
	struct tenon_stored stored;
	char key[251];

	ck_assert_int_eq(tenon_client_stored(rig.client, &one, &stored, &rig.err), 0);
	ck_assert_uint_ge(stored.item_count, 3);
	const struct tenon_slice chunk = stored.items[2].key;
	snprintf(key, sizeof(key), "%.*s", (int)chunk.len, (const char *)chunk.data);
	const struct tenon_item lost = { .key = tenon_slice_of(key) };
	ck_assert_int_eq(rig_one(&rig, TENON_DELETE, &lost, TENON_RAW), TENON_DELETED);
}

static void start_split(int protocol, struct maker *maker)
{
	static char bytes[3000];
	char text[300];

	ck_assert(memcached_start(&server, MEMCACHED_UNIX, NULL));
	memset(&rig, 0, sizeof(rig));
	snprintf(text, sizeof(text), "%scodecs: [{split: {format: sealed, chunk: 1000B, max: 9000B}}]\n",
		 settings[protocol]);
	rig_open_one(&rig, server.address, text);
	memset(bytes, 'v', sizeof(bytes) - 1);
	maker->value = bytes;
	fetch(NULL, maker, TENON_MARK_WON, bytes);
}

#define LIBMC_SPLIT "codecs: [{split: {format: libmc, chunk: 1000B, max: 9000B}}]\n"

START_TEST(a_split_value_without_a_chunk_is_made_anew)
{
	struct maker maker = { .pause_ms = 0 };

	start_split(_i, &maker);
	lose_a_chunk();
	get(NULL, TENON_MISS, TENON_MARK_WON, NULL);
	uint64_t token = result.cas;

	get(NULL, TENON_MISS, TENON_MARK_TAKEN, NULL);
	fill(NULL, token, maker.value, 60, TENON_STORED);
	lose_a_chunk();
	fetch(NULL, &maker, TENON_MARK_WON, maker.value);
	fetch(NULL, &maker, 0, maker.value);
	ck_assert_int_eq(maker.calls, 2);
	stop();
}
END_TEST

/* Another caller stores a value between the look and the delete: the comparison keeps that value. */
START_TEST(only_the_rest_of_the_value_that_was_read_is_deleted)
{
	static const struct fake_step steps[] = {
		FAKE_ACCEPT,
		FAKE_EXPECT("mg k v f t c N10 O0000\r\n"),
		FAKE_SEND("VA 1 f4096 t-1 c7 O0000\r\n2\r\n"),
		FAKE_EXPECT("mg ~1k/0 q v f O1000\r\nmg ~1k/1 q v f O2000\r\nmn\r\n"),
		FAKE_SEND("MN\r\n"),
		FAKE_EXPECT("md k C7 O3000\r\n"),
		FAKE_SEND("EX O3000\r\n"),
		FAKE_EXPECT("mg k v f t c N10 O4000\r\n"),
		FAKE_SEND("VA 3 f0 t-1 c8 O4000\r\nnew\r\n"),
	};

	open_fake(steps, COUNT(steps), "protocol: meta\n" LIBMC_SPLIT);
	get(NULL, TENON_HIT, 0, "new");
	rig_close(&rig);
}
END_TEST

/* The same over classic text, where the winner of the lock key clears the rest away. */
START_TEST(the_winner_of_the_lock_key_keeps_what_was_stored_meanwhile)
{
	static const struct fake_step steps[] = {
		FAKE_ACCEPT,
		FAKE_EXPECT("gets k\r\n"),
		FAKE_SEND("VALUE k 4096 1 7\r\n2\r\nEND\r\n"),
		FAKE_EXPECT("get ~1k/0 ~1k/1\r\n"),
		FAKE_SEND("END\r\n"),
		FAKE_EXPECT("add k:lease 0 10 20\r\n"),
		FAKE_READ(22),
		FAKE_SEND("STORED\r\n"),
		FAKE_EXPECT("gets k\r\n"),
		FAKE_SEND("VALUE k 4096 1 7\r\n2\r\nEND\r\n"),
		FAKE_EXPECT("get ~1k/0 ~1k/1\r\n"),
		FAKE_SEND("END\r\n"),
		FAKE_EXPECT("cas k 0 -1 0 7\r\n\r\n"),
		FAKE_SEND("EXISTS\r\n"),
		FAKE_EXPECT("delete k:lease\r\n"),
		FAKE_SEND("DELETED\r\n"),
		FAKE_EXPECT("gets k\r\n"),
		FAKE_SEND("VALUE k 0 3 8\r\nnew\r\nEND\r\n"),
	};

	open_fake(steps, COUNT(steps), LIBMC_SPLIT);
	get(NULL, TENON_HIT, 0, "new");
	rig_close(&rig);
}
END_TEST

/* No caller deletes the rest, because the server does not answer the delete. */
START_TEST(a_delete_without_an_answer_is_an_error)
{
	static const struct fake_step steps[] = {
		FAKE_ACCEPT,
		FAKE_EXPECT("mg k v f t c N10 O0000\r\n"),
		FAKE_SEND("VA 1 f4096 t-1 c7 O0000\r\n2\r\n"),
		FAKE_EXPECT("mg ~1k/0 q v f O1000\r\nmg ~1k/1 q v f O2000\r\nmn\r\n"),
		FAKE_SEND("MN\r\n"),
		FAKE_EXPECT("md k C7 O3000\r\n"),
		FAKE_SEND("SERVER_ERROR busy\r\n"),
	};

	open_fake(steps, COUNT(steps), "protocol: meta\n" LIBMC_SPLIT);
	ck_assert_int_eq(tenon_get_or_lease(rig.client, k, NULL, &result, &rig.err), TENON_ESERVER);
	ck_assert_int_eq(result.status, TENON_ESERVER);
	rig_close(&rig);
}
END_TEST

/* ---- spare servers -------------------------------------------------------------------- */

/* The home server is down, and a spare server has the items, for gutter_ttl at most. */
static void open_spare(const char *spare, const char *gutter_ttl)
{
	char text[700], nowhere[108];

	scratch_path(nowhere, sizeof(nowhere));
	snprintf(text, sizeof(text),
		 "servers: [{address: %s, alias: spare, pool: gutter}, %s home]\nprotocol: meta\n"
		 "failover: {gutter: {gutter_ttl: %s}}\n" RETRY_NEVER, spare, nowhere, gutter_ttl);
	rig_open_at(&rig, NULL, 0, text);
}

/* A lease whose stale_for_s and refresh_s are longer than the life of items. */
static const struct tenon_lease longer = { .size = sizeof(longer), .exptime = 3600,
					   .stale_for_s = 1000, .refresh_s = 100 };

START_TEST(a_value_on_a_spare_server_is_not_stale_from_its_first_second_on)
{
	struct maker maker = { .value = "made" };

	ck_assert(memcached_start(&server, MEMCACHED_UNIX, NULL));
	memset(&rig, 0, sizeof(rig));
	open_spare(server.address, "1000s");
	fetch(&longer, &maker, TENON_MARK_WON, "made");
	fetch(&longer, &maker, 0, "made");
	get(&longer, TENON_HIT, 0, "made");
	ck_assert_int_gt(result.ttl_s, 500);
	/* half of gutter_ttl passes */
	ck_assert_int_eq(tenon_touch(rig.client, k, 400, NULL, &rig.err), 0);
	get(&longer, TENON_HIT, TENON_MARK_WON | TENON_MARK_STALE, "made");
	uint64_t token = result.cas;

	get(&longer, TENON_HIT, TENON_MARK_TAKEN | TENON_MARK_STALE, "made");
	give_back(token, TENON_DELETED);
	get(&longer, TENON_HIT, TENON_MARK_WON | TENON_MARK_STALE, "made");
	ck_assert_int_le(result.ttl_s, 400);
	stop();
}
END_TEST

/* What is asked of a spare server, for each gutter_ttl. Shorter times than half of it stay. */
static const struct {
	const char *gutter_ttl, *request;
} spares[] = {
	{ "1s", "mg k v f t c N10 O0000\r\n" },
	{ "7s", "mg k v f t c N10 R3 O0000\r\n" },
	{ "2199s", "mg k v f t c N10 R1099 O0000\r\n" },
	{ "2200s", "mg k v f t c N10 R1100 O0000\r\n" },
	{ "24h", "mg k v f t c N10 R1100 O0000\r\n" },
};

START_TEST(a_refresh_on_a_spare_server_begins_in_the_second_half)
{
	struct fake_step steps[] = {
		FAKE_ACCEPT,
		fake_expect_text(spares[_i].request),
		FAKE_SEND("EN O0000\r\n"),
	};

	memset(&rig, 0, sizeof(rig));
	rig_fake(&rig, steps, COUNT(steps));
	open_spare(fake_server_address(rig.fakes[0]), spares[_i].gutter_ttl);
	get(&longer, TENON_MISS, 0, NULL);
	rig_close(&rig);
}
END_TEST

/* ---- a winner that dies, and many callers at once ----------------------------------- */

/* A child wins the lease, and is killed before it stores the value. */
static void win_and_die(int protocol, const struct tenon_lease *lease)
{
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct rig own = { .client = NULL };
		struct tenon_result won;

		rig_open_one(&own, server.address, settings[protocol]);
		int code = tenon_get_or_lease(own.client, k, lease, &won, NULL);
		if (code == 0 && won.marks == TENON_MARK_WON) {
			raise(SIGKILL);
		}
		_exit(1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

START_TEST(the_next_waiter_wins_when_the_winner_has_died)
{
	const struct tenon_lease brief = { .size = sizeof(brief), .lease_s = 1,
					   .wait_ms = 20000 };
	struct maker maker = { .value = "made" };

	start(_i);
	win_and_die(_i, &brief);
	get(&brief, TENON_MISS, TENON_MARK_TAKEN, NULL);
	fetch(&brief, &maker, TENON_MARK_WON, "made");
	ck_assert_int_eq(maker.calls, 1);
	stop();
}
END_TEST

#define THREADS 64
#define EXPIRIES 2

struct crowd {
	pthread_barrier_t begin, end;
	struct maker maker;
	int protocol;
	atomic_int wrong;
};

static void *fetch_in_crowd(void *payload)
{
	const struct tenon_lease lease = { .size = sizeof(lease), .exptime = 3600,
					   .lease_s = 600, .wait_ms = 60000 };
	struct crowd *crowd = payload;
	struct rig own = { .client = NULL };
	struct tenon_result got;

	rig_open_one(&own, server.address, settings[crowd->protocol]);
	for (int i = 0; i < EXPIRIES; i++) {
		pthread_barrier_wait(&crowd->begin);
		int code = tenon_fetch(own.client, k, &lease, make, &crowd->maker,
				       &got, NULL);
		if (code || !got.value || strcmp(got.value, "made") != 0) {
			atomic_fetch_add(&crowd->wrong, 1);
		}
		pthread_barrier_wait(&crowd->end);
	}
	rig_close(&own);
	return NULL;
}

/* Let the value expire. A short exptime could pass before a slow machine has run all threads. */
static void expire(void)
{
	ck_assert_int_eq(tenon_touch(rig.client, k, -1, NULL, &rig.err), 0);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
}

START_TEST(a_stampede_of_64_threads_makes_one_value_for_each_expiry)
{
	struct crowd crowd = { .maker = { .value = "made", .pause_ms = 100 },
			       .protocol = _i };
	pthread_t threads[THREADS];

	start(_i);
	pthread_barrier_init(&crowd.begin, NULL, THREADS + 1);
	pthread_barrier_init(&crowd.end, NULL, THREADS + 1);
	for (int i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_create(&threads[i], NULL, fetch_in_crowd, &crowd), 0);
	}
	for (int i = 0; i < EXPIRIES; i++) {
		pthread_barrier_wait(&crowd.begin);
		pthread_barrier_wait(&crowd.end);
		ck_assert_int_eq(crowd.maker.calls, i + 1);
		expire();
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
	}
	ck_assert_int_eq(crowd.wrong, 0);
	pthread_barrier_destroy(&crowd.begin);
	pthread_barrier_destroy(&crowd.end);
	stop();
}
END_TEST

START_TEST(info_tells_what_the_server_knows)
{
	start(_i);
	rig_set(&rig, "k", "hello");
	int code = tenon_info(rig.client, k, &result, &rig.err);
	if (_i == CLASSIC) {
		ck_assert_int_eq(code, TENON_EINVAL);
		ck_assert_ptr_nonnull(strstr(rig.err.message, "`protocol: meta`"));
	} else {
		check_result(code, TENON_HIT, 0, NULL);
		ck_assert_uint_eq(result.size_bytes, 5);
		ck_assert_int_eq(result.ttl_s, -1);
	}
	stop();
}
END_TEST

int main(void)
{
	scratch_begin();
	memcached_require();
	Suite *suite = suite_create("lease");
	TCase *tcase = tcase_create("lease");

	tcase_set_timeout(tcase, 60);
	LOOP(tcase, one_caller_wins_and_the_others_wait, PROTOCOLS);
	LOOP(tcase, an_invalidation_ends_the_lease, PROTOCOLS);
	LOOP(tcase, the_lease_of_another_caller_is_no_key_to_the_fill, PROTOCOLS);
	LOOP(tcase, a_value_that_was_set_meanwhile_stays, PROTOCOLS);
	tcase_add_test(tcase, an_invalidated_value_is_stale_for_all_and_won_by_one);
	tcase_add_test(tcase, a_value_behind_its_exptime_is_stale_for_a_while);
	tcase_add_test(tcase, a_value_is_refreshed_before_its_exptime);
	LOOP(tcase, a_lease_can_be_given_back, PROTOCOLS);
	tcase_add_test(tcase, the_lease_of_a_stale_value_can_be_given_back);
	tcase_add_test(tcase, the_lease_of_an_early_refresh_can_be_given_back);
	tcase_add_test(tcase, a_lease_that_is_lost_is_not_taken_again_by_giving_it_back);
	LOOP(tcase, a_lease_that_is_not_given_back_is_an_error, 2);
	tcase_add_test(tcase, a_caller_that_gets_the_lock_key_looks_again);
	tcase_add_test(tcase, other_commands_find_the_placeholder_of_a_leased_key);
	tcase_add_test(tcase, an_empty_value_is_never_an_old_one);
	LOOP(tcase, wrong_options_are_refused_by_every_call, COUNT(refused));
	tcase_add_test(tcase, classic_text_has_no_stale_values);
	tcase_add_test(tcase, a_stale_value_needs_an_exptime);
	tcase_add_test(tcase, the_key_has_room_for_its_lock_key);
	LOOP(tcase, a_long_prefix_leaves_no_room_for_a_lock_key, COUNT(long_prefixes));
	LOOP(tcase, a_fetch_makes_the_value_once, PROTOCOLS);
	tcase_add_test(tcase, a_fetch_of_a_stale_value_makes_the_next_one);
	LOOP(tcase, a_function_that_fails_gives_its_lease_back, PROTOCOLS);
	tcase_add_test(tcase, a_function_that_fails_gives_the_lease_of_a_stale_value_back);
	LOOP(tcase, a_fetch_waits_for_wait_ms_at_most, PROTOCOLS);
	LOOP(tcase, a_value_that_is_not_stored_says_why, PROTOCOLS);
	LOOP(tcase, a_value_that_cannot_be_stored_gives_the_lease_back, PROTOCOLS);
	tcase_add_test(tcase, a_fetch_of_values_without_an_end_that_can_be_stale_is_refused);
	LOOP(tcase, a_fetch_waits_through_the_hook, PROTOCOLS);
	suite_add_codec_test(tcase, a_split_value_without_a_chunk_is_made_anew, PROTOCOLS);
	suite_add_codec_test(tcase, only_the_rest_of_the_value_that_was_read_is_deleted, 1);
	suite_add_codec_test(tcase, the_winner_of_the_lock_key_keeps_what_was_stored_meanwhile, 1);
	suite_add_codec_test(tcase, a_delete_without_an_answer_is_an_error, 1);
	tcase_add_test(tcase, a_value_on_a_spare_server_is_not_stale_from_its_first_second_on);
	LOOP(tcase, a_refresh_on_a_spare_server_begins_in_the_second_half, COUNT(spares));
	LOOP(tcase, the_next_waiter_wins_when_the_winner_has_died, PROTOCOLS);
	LOOP(tcase, a_stampede_of_64_threads_makes_one_value_for_each_expiry, PROTOCOLS);
	LOOP(tcase, info_tells_what_the_server_knows, PROTOCOLS);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
