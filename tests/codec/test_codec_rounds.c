/* SPDX-License-Identifier: BSD-3-Clause */
/* The number of rounds of an operation: the chunks of all its values share their rounds. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/cluster.h"
#include "fakes/scratch.h"
#include "fakes/store.h"
#include "runner/suite.h"

#define LIBMC "codecs: [zlib: {threshold: 100B}, split: {chunk: 100B, max: 2000B}]\n"
#define SEALED                                           \
	"codecs: [zlib: {threshold: 100B}, "             \
	"split: {format: sealed, chunk: 100B, max: 2000B}]\n"
#define KEYS 8

static struct rig rig;
static struct store store;
static char keys[KEYS][8];
static struct tenon_item items[KEYS];

static void open_store(const char *settings)
{
	static const char *const servers[] = { "127.0.0.1:1 s0",
					       "127.0.0.1:2 s1",
					       "127.0.0.1:3 s2" };

	memset(&rig, 0, sizeof(rig));
	rig_open_at(&rig, servers, COUNT(servers), settings);
	store_wrap(&store, rig.client);
}

static void close_store(void)
{
	store_unwrap(&store, rig.client);
	rig_close(&rig);
	for (size_t i = 0; i < KEYS; i++) {
		free((void *)(uintptr_t)items[i].value.data);
		items[i].value.data = NULL;
	}
}

/* Make values of len bytes for all keys: prose or noise. */
static void make_items(size_t len, bool compresses)
{
	for (unsigned i = 0; i < KEYS; i++) {
		snprintf(keys[i], sizeof(keys[i]), "k%u", i);
		free((void *)(uintptr_t)items[i].value.data);
		items[i] = (struct tenon_item){
			.key = slice(keys[i]),
			.value = { compresses ? prose(len, i) : noise(len, i),
				   len },
		};
	}
}

static size_t rounds_of(enum tenon_verb verb, size_t from, size_t count,
			unsigned options)
{
	size_t before = store.rounds;

	ck_assert_int_eq(rig_run(&rig, verb, items + from, count, options), 0);
	return store.rounds - before;
}

static void check_values(size_t from, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ck_assert(result_value_is(&rig.results[i],
					  items[from + i].value.data,
					  items[from + i].value.len));
	}
}

START_TEST(values_that_are_not_split_take_one_round)
{
	open_store(_i ? SEALED : LIBMC);
	make_items(100, false);
	ck_assert_uint_eq(rounds_of(TENON_SET, 0, KEYS, 0), 1);
	ck_assert_uint_eq(rounds_of(TENON_GET, 0, KEYS, 0), 1);
	check_values(0, KEYS);
	make_items(2000, true);
	ck_assert_uint_eq(rounds_of(TENON_SET, 0, KEYS, 0), 1);
	ck_assert_uint_eq(rounds_of(TENON_GET, 0, KEYS, 0), 1);
	check_values(0, KEYS);
	ck_assert_uint_eq(rounds_of(TENON_DELETE, 0, KEYS, 0), 1);
	close_store();
}
END_TEST

START_TEST(five_split_values_take_two_rounds)
{
	open_store(_i ? SEALED : LIBMC);
	make_items(1950, false);
	ck_assert_uint_eq(rounds_of(TENON_SET, 0, 5, 0), 2);
	ck_assert_uint_eq(rounds_of(TENON_GET, 0, 5, 0), 2);
	check_values(0, 5);
	ck_assert_uint_eq(rounds_of(TENON_GAT, 0, 1, 0), 2);
	check_values(0, 1);
	close_store();
}
END_TEST

START_TEST(values_of_all_kinds_share_their_rounds)
{
	open_store(_i ? SEALED : LIBMC);
	make_items(1000, false);
	items[0].value.len = 100;
	items[4].value.len = 0;
	ck_assert_uint_eq(rounds_of(TENON_SET, 0, KEYS - 1, 0), 2);
	ck_assert_uint_eq(rounds_of(TENON_GET, 0, KEYS - 1, 0), 2);
	check_values(0, KEYS - 1);
	close_store();
}
END_TEST

START_TEST(a_missing_chunk_takes_no_round_more)
{
	open_store(LIBMC);
	make_items(1000, false);
	rounds_of(TENON_SET, 0, 3, 0);
	store_put(&store, "~2k1/3", 6, 0, "short", 5);
	ck_assert_uint_eq(rounds_of(TENON_GET, 0, 3, 0), 2);
	ck_assert_int_eq(rig.results[1].status, TENON_MISS);
	check_values(0, 1);
	close_store();
}
END_TEST

START_TEST(raw_takes_one_round)
{
	open_store(SEALED);
	make_items(1000, false);
	ck_assert_uint_eq(rounds_of(TENON_SET, 0, KEYS, TENON_RAW), 1);
	ck_assert_uint_eq(rounds_of(TENON_GET, 0, KEYS, TENON_RAW), 1);
	check_values(0, KEYS);
	close_store();
}
END_TEST

START_TEST(old_chunks_are_deleted_in_one_round_without_reply)
{
	open_store(SEALED);
	make_items(1000, false);
	rounds_of(TENON_SET, 0, 5, 0);
	ck_assert_uint_eq(rounds_of(TENON_SET, 0, 5, 0), 3);
	ck_assert_uint_eq(rounds_of(TENON_DELETE, 0, 5, 0), 2);
	ck_assert_ptr_null(store.items);
	close_store();
}
END_TEST

START_TEST(noreply_waits_for_the_replies_of_split_values_only)
{
	open_store(LIBMC);
	make_items(100, false);
	ck_assert_uint_eq(rounds_of(TENON_SET, 0, 5, TENON_NOREPLY), 1);
	ck_assert_int_eq(rig.results[0].status, TENON_SENT);
	make_items(1000, false);
	ck_assert_uint_eq(rounds_of(TENON_SET, 0, 5, TENON_NOREPLY), 2);
	ck_assert_int_eq(rig.results[0].status, TENON_STORED);
	ck_assert_uint_eq(rounds_of(TENON_GET, 0, 5, 0), 2);
	check_values(0, 5);
	close_store();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("codec_rounds");
	TCase *tcase = tcase_create("rounds");

	scratch_begin();
	LOOP(tcase, values_that_are_not_split_take_one_round, 2);
	LOOP(tcase, five_split_values_take_two_rounds, 2);
	LOOP(tcase, values_of_all_kinds_share_their_rounds, 2);
	tcase_add_test(tcase, a_missing_chunk_takes_no_round_more);
	tcase_add_test(tcase, raw_takes_one_round);
	tcase_add_test(tcase,
		       old_chunks_are_deleted_in_one_round_without_reply);
	tcase_add_test(tcase,
		       noreply_waits_for_the_replies_of_split_values_only);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
