/* SPDX-License-Identifier: BSD-3-Clause */
/* Expiration times of every command that has one: as sent, and against real memcached. */
#include <check.h>
#include <string.h>

#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

#define DAY_S INT64_C(86400)

/* ---- as sent ------------------------------------------------------------- */

static const struct {
	enum tenon_verb verb;
	int64_t exptime;
	const char *request, *reply;
	int status;
} sent[] = {
	{ TENON_SET, 2147483648, "set k 0 2147483647 1\r\nv\r\n", "STORED\r\n",
	  TENON_STORED },
	{ TENON_SET, 4294967296, "set k 0 2147483647 1\r\nv\r\n", "STORED\r\n",
	  TENON_STORED },
	{ TENON_ADD, 4000000000, "add k 0 2147483647 1\r\nv\r\n", "STORED\r\n",
	  TENON_STORED },
	{ TENON_REPLACE, 4000000000, "replace k 0 2147483647 1\r\nv\r\n",
	  "STORED\r\n", TENON_STORED },
	{ TENON_APPEND, 4000000000, "append k 0 2147483647 1\r\nv\r\n",
	  "STORED\r\n", TENON_STORED },
	{ TENON_PREPEND, 4000000000, "prepend k 0 2147483647 1\r\nv\r\n",
	  "STORED\r\n", TENON_STORED },
	{ TENON_CAS, 4000000000, "cas k 0 2147483647 1 0\r\nv\r\n",
	  "STORED\r\n", TENON_STORED },
	{ TENON_TOUCH, 4000000000, "touch k 2147483647\r\n", "TOUCHED\r\n",
	  TENON_TOUCHED },
	{ TENON_GAT, 4000000000, "gat 2147483647 k\r\n", "END\r\n",
	  TENON_MISS },
	{ TENON_GATS, 4000000000, "gats 2147483647 k\r\n", "END\r\n",
	  TENON_MISS },
	{ TENON_SET, 2147483647, "set k 0 2147483647 1\r\nv\r\n", "STORED\r\n",
	  TENON_STORED },
	{ TENON_SET, 2592001, "set k 0 2592001 1\r\nv\r\n", "STORED\r\n",
	  TENON_STORED },
};

START_TEST(a_time_beyond_2038_is_sent_as_the_latest_one)
{
	struct fake_step steps[] = { FAKE_ACCEPT,
				     fake_expect_text(sent[_i].request),
				     fake_send_text(sent[_i].reply) };
	struct tenon_item one = item("k", "v");
	struct rig rig = { 0 };

	rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, NULL);
	one.exptime = sent[_i].exptime;
	ck_assert_int_eq(rig_one(&rig, sent[_i].verb, &one, 0),
			 sent[_i].status);
	ck_assert_int_eq(one.exptime, sent[_i].exptime);
	rig_close(&rig);
}
END_TEST

static const int64_t refused[] = { -2, -2592000, INT64_MIN, 4294967297,
				   INT64_MAX };
static const enum tenon_verb verbs[] = {
	TENON_SET, TENON_ADD,	 TENON_REPLACE, TENON_APPEND, TENON_PREPEND,
	TENON_CAS, TENON_TOUCH, TENON_GAT,	TENON_GATS,
};

START_TEST(an_exptime_without_a_meaning_is_refused_for_every_verb)
{
	const unsigned options[] = { 0, TENON_FROM_NOW, TENON_RAW };
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_HOLD));
	rig_open(&rig, NULL);
	for (size_t i = 0; i < COUNT(refused) * COUNT(verbs); i++) {
		struct tenon_item one = item("k", "v");

		one.exptime = refused[i % COUNT(refused)];
		ck_assert_int_eq(rig_one(&rig, verbs[i % COUNT(verbs)], &one,
					 options[i % 3]),
				 TENON_EINVAL);
		check_says(rig.result.text, "has no meaning");
		check_says(rig.err.message, "key \"k\": exptime ");
	}
	rig_close(&rig);
}
END_TEST

START_TEST(an_exptime_without_a_meaning_is_refused_for_its_key_only)
{
	struct tenon_item items[3] = { item("a", ""), item("b", ""),
				       item("c", "") };
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT,
				  FAKE_EXPECT("touch a 60\r\ntouch c -1\r\n"),
				  FAKE_SEND("TOUCHED\r\nTOUCHED\r\n")));
	rig_open(&rig, NULL);
	items[0].exptime = 60;
	items[1].exptime = -2;
	items[2].exptime = -1;
	ck_assert_int_eq(rig_run(&rig, TENON_TOUCH, items, 3, TENON_FROM_NOW),
			 TENON_EINVAL);
	ck_assert_int_eq(rig.results[0].status, TENON_TOUCHED);
	ck_assert_int_eq(rig.results[1].status, TENON_EINVAL);
	ck_assert_int_eq(rig.results[2].status, TENON_TOUCHED);
	rig_close(&rig);
}
END_TEST

START_TEST(get_and_delete_do_not_look_at_exptime)
{
	struct tenon_item one = item("k", "v");
	struct rig rig = { 0 };

	one.exptime = INT64_MIN;
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n"),
				  FAKE_EXPECT("delete k\r\n"),
				  FAKE_SEND("NOT_FOUND\r\n")));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_one(&rig, TENON_GET, &one, 0), TENON_MISS);
	ck_assert_int_eq(rig_one(&rig, TENON_DELETE, &one, 0), TENON_MISS);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, &one, 1, TENON_FROM_NOW),
			 TENON_EINVAL);
	ck_assert_int_eq(rig_run(&rig, TENON_INCR, &one, 1, TENON_FROM_NOW),
			 TENON_EINVAL);
	rig_close(&rig);
}
END_TEST

/* ---- flush_all ------------------------------------------------------------- */

static const struct {
	const char *delay, *request;
} delays[] = {
	{ "30", "flush_all 30\r\n" },
	{ "2592000", "flush_all 2592000\r\n" },
	{ "0004", "flush_all 4\r\n" },
	/* more than 30 days are sent as a UNIX time, at most the greatest one */
	{ "4294967296", "flush_all 2147483647\r\n" },
};

START_TEST(a_delay_of_flush_all_is_seconds_from_now)
{
	struct fake_step steps[] = { FAKE_ACCEPT,
				     fake_expect_text(delays[_i].request),
				     FAKE_SEND("OK\r\n") };
	struct rig rig = { 0 };

	rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, "enable_flush_all: true\n");
	ck_assert_int_eq(rig_run_servers(&rig, TENON_FLUSH_ALL,
					 delays[_i].delay, 0),
			 0);
	rig_close(&rig);
}
END_TEST

START_TEST(a_delay_of_flush_all_without_a_meaning_is_refused)
{
	static const char *const refused_delays[] = {
		"4294967297", "99999999999999999999999999",
	};
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_HOLD));
	rig_open(&rig, "enable_flush_all: true\n");
	for (size_t i = 0; i < COUNT(refused_delays); i++) {
		ck_assert_int_eq(rig_run_servers(&rig, TENON_FLUSH_ALL,
						 refused_delays[i], 0),
				 TENON_EINVAL);
		check_says(rig.err.message, "at most 4294967296 seconds");
	}
	rig_close(&rig);
}
END_TEST

/* ---- as kept by memcached -------------------------------------------------- */

static struct memcached server;
static struct rig real;

static void start(void)
{
	ck_assert(memcached_start(&server, MEMCACHED_UNIX, NULL));
	memset(&real, 0, sizeof(real));
	rig_open_one(&real, server.address, NULL);
}

static void stop(void)
{
	rig_close(&real);
	memcached_stop(&server);
}

static const struct {
	enum tenon_verb verb;
	int64_t exptime;
	unsigned options;
} kept[] = {
	{ TENON_SET, 2147483648, 0 },
	{ TENON_SET, 4294967296, 0 },
	{ TENON_SET, 2147483648, TENON_NOREPLY },
	{ TENON_SET, 4200 * DAY_S, TENON_FROM_NOW },
	{ TENON_SET, 20 * 365 * DAY_S, TENON_FROM_NOW },
	{ TENON_SET, 30 * DAY_S + 1, TENON_FROM_NOW },
	{ TENON_TOUCH, 2147483648, 0 },
	{ TENON_TOUCH, 4200 * DAY_S, TENON_FROM_NOW },
	{ TENON_TOUCH, 2147483648, TENON_NOREPLY },
	{ TENON_GAT, 4294967296, 0 },
	{ TENON_GAT, 4200 * DAY_S, TENON_FROM_NOW },
	{ TENON_GATS, 30 * DAY_S + 1, TENON_FROM_NOW },
};

/* The item would be gone if the server read a UNIX time in the past or a negative number. */
START_TEST(an_item_with_a_far_exptime_is_kept)
{
	struct tenon_item one = item("k", "v");

	ck_assert_int_eq(rig_one(&real, TENON_SET, &one, 0), TENON_STORED);
	one.exptime = kept[_i].exptime;
	ck_assert_int_ge(
		rig_one(&real, kept[_i].verb, &one, kept[_i].options), 0);
	ck_assert_int_eq(rig_get(&real, "k"), TENON_HIT);
	ck_assert(rig_value_is(&real, "v"));
}
END_TEST

START_TEST(an_exptime_in_1970_expires_without_from_now)
{
	struct tenon_item one = item("k", "v");

	one.exptime = 30 * DAY_S + 1;
	ck_assert_int_eq(rig_one(&real, TENON_SET, &one, 0), TENON_STORED);
	ck_assert_int_eq(rig_get(&real, "k"), TENON_MISS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("exptime");
	TCase *wire = tcase_create("as sent");
	TCase *memcached = tcase_create("memcached");

	scratch_begin();
	memcached_require();
	LOOP(wire, a_time_beyond_2038_is_sent_as_the_latest_one, COUNT(sent));
	tcase_add_test(wire,
		       an_exptime_without_a_meaning_is_refused_for_every_verb);
	tcase_add_test(wire,
		       an_exptime_without_a_meaning_is_refused_for_its_key_only);
	tcase_add_test(wire, get_and_delete_do_not_look_at_exptime);
	LOOP(wire, a_delay_of_flush_all_is_seconds_from_now, COUNT(delays));
	tcase_add_test(wire,
		       a_delay_of_flush_all_without_a_meaning_is_refused);
	suite_add_tcase(suite, wire);
	tcase_add_checked_fixture(memcached, start, stop);
	LOOP(memcached, an_item_with_a_far_exptime_is_kept, COUNT(kept));
	tcase_add_test(memcached, an_exptime_in_1970_expires_without_from_now);
	suite_add_tcase(suite, memcached);
	return suite_run(suite);
}
