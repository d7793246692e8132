/* SPDX-License-Identifier: BSD-3-Clause */
/* Split values in libmc's format, against real memcached. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/cluster.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

#define FLAG_SPLIT 4096u
#define CHUNK 100u
#define MAX 1000u
#define SPLIT "codecs: [split: {chunk: 100B, max: 1000B}]\n"

static struct cluster cluster;

static void start(void)
{
	cluster_start(&cluster, 3);
}

static void stop(void)
{
	cluster_stop(&cluster);
}

static void open_split(void)
{
	cluster_open(&cluster, SPLIT);
}

static void close_split(void)
{
	cluster_close(&cluster);
}

static const char *chunk_key(const char *key, unsigned i)
{
	static char out[TENON_KEY_MAX_BYTES + 16];

	snprintf(out, sizeof(out), "~%zu%s/%u", strlen(key), key, i);
	return out;
}

/* ---- limits -------------------------------------------------------------- */

static const size_t sizes[] = { 0,	   1,		  CHUNK - 1, CHUNK,
				CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK,
				2 * CHUNK + 1, MAX - 1,	  MAX };

START_TEST(a_value_is_whole_up_to_chunk_and_in_pieces_above)
{
	size_t len = sizes[_i];
	size_t count = (len + CHUNK - 1) / CHUNK;
	char *value = noise(len, 1);
	char parent[24];

	cluster_drop(&cluster, chunk_key("k", 0));
	ck_assert_int_eq(cluster_set(&cluster, "k", value, len), TENON_STORED);
	if (len <= CHUNK) {
		ck_assert(cluster_holds(&cluster, "k", 0, value, len));
		ck_assert_int_eq(cluster_peek(&cluster, chunk_key("k", 0)),
				 TENON_MISS);
	} else {
		snprintf(parent, sizeof(parent), "%zu", count);
		ck_assert(cluster_holds(&cluster, "k", FLAG_SPLIT, parent,
					strlen(parent)));
		for (size_t i = 0; i < count; i++) {
			size_t left = len - i * CHUNK;

			ck_assert(cluster_holds(
				&cluster, chunk_key("k", (unsigned)i), 0,
				value + i * CHUNK,
				left < CHUNK ? left : CHUNK));
		}
	}
	ck_assert(cluster_gives(&cluster, "k", value, len));
	ck_assert_uint_eq(cluster.rig.result.flags, 0);
	free(value);
}
END_TEST

START_TEST(a_value_above_max_is_refused_and_the_old_one_stays)
{
	char *value = noise(MAX + 1, 2);

	ck_assert_int_eq(cluster_set(&cluster, "k", value, 250), TENON_STORED);
	ck_assert_int_eq(cluster_set(&cluster, "k", value, MAX + 1),
			 TENON_ETOOBIG);
	check_says(cluster.rig.result.text, "1000");
	check_says(cluster.rig.err.message, "1001 bytes");
	ck_assert(cluster_gives(&cluster, "k", value, 250));
	free(value);
}
END_TEST

START_TEST(a_key_that_is_too_long_is_refused_only_for_a_split_value)
{
	char key[TENON_KEY_MAX_BYTES + 1];
	char *value = noise(150, 3);

	memset(key, 'k', sizeof(key));
	key[201] = '\0';
	ck_assert_int_eq(cluster_set(&cluster, key, value, CHUNK),
			 TENON_STORED);
	ck_assert_int_eq(cluster_set(&cluster, key, value, 150), TENON_ETOOBIG);
	check_says(cluster.rig.result.text, "key of 201 bytes");
	ck_assert(cluster_gives(&cluster, key, value, CHUNK));
	key[200] = '\0';
	ck_assert_int_eq(cluster_set(&cluster, key, value, 150), TENON_STORED);
	ck_assert(cluster_gives(&cluster, key, value, 150));
	/* the prefix counts as part of the key */
	cluster_reopen(&cluster, "prefix: p\n" SPLIT);
	ck_assert_int_eq(cluster_set(&cluster, key, value, 150), TENON_ETOOBIG);
	key[199] = '\0';
	ck_assert_int_eq(cluster_set(&cluster, key, value, 150), TENON_STORED);
	free(value);
}
END_TEST

START_TEST(chunks_have_the_prefix_where_the_key_has_it)
{
	static const struct {
		const char *key, *parent, *chunk;
	} rows[] = {
		{ "k", "app/k", "~5app/k/1" },
		{ "?k", "?app/k", "~6?app/k/1" },
	};
	char *value = noise(150, 4);

	cluster_reopen(&cluster, "prefix: app/\n" SPLIT);
	ck_assert_int_eq(cluster_set(&cluster, rows[_i].key, value, 150),
			 TENON_STORED);
	ck_assert(cluster_holds(&cluster, rows[_i].parent, FLAG_SPLIT, "2", 1));
	ck_assert(cluster_holds(&cluster, rows[_i].chunk, 0, value + CHUNK,
				50));
	ck_assert(cluster_gives(&cluster, rows[_i].key, value, 150));
	free(value);
}
END_TEST

START_TEST(chunks_live_as_long_as_their_parent)
{
	char *value = noise(150, 5);
	struct tenon_item one = { .key = TENON_LITERAL("k"),
				  .value = { value, 150 },
				  .exptime = -1 };

	ck_assert_int_eq(cluster_set(&cluster, "k", value, 150), TENON_STORED);
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_SET, &one, 0),
			 TENON_STORED);
	ck_assert_int_eq(cluster_peek(&cluster, "k"), TENON_MISS);
	ck_assert_int_eq(cluster_peek(&cluster, chunk_key("k", 0)), TENON_MISS);
	free(value);
}
END_TEST

/* ---- chunks that do not fit ---------------------------------------------- */

enum change { ABSENT, SHORT, EMPTY, LONG };

/* A value of three chunks, 250 bytes. One chunk is changed. */
static const struct {
	unsigned chunk;
	enum change change;
	const char *says;
} changes[] = {
	{ 0, ABSENT, "chunk 1 of 3 is absent" },
	{ 1, ABSENT, "chunk 2 of 3 is absent" },
	{ 2, ABSENT, "chunk 3 of 3 is absent" },
	{ 0, SHORT, "chunk 1 of 3 has 99 bytes" },
	{ 1, SHORT, "chunk 2 of 3 has 99 bytes" },
	{ 0, EMPTY, "chunk 1 of 3 has 0 bytes" },
	{ 1, EMPTY, "chunk 2 of 3 has 0 bytes" },
	{ 2, EMPTY, "chunk 3 of 3 has 0 bytes" },
	{ 0, LONG, "chunk 1 of 3" },
	{ 1, LONG, "chunk 2 of 3" },
	{ 2, LONG, "chunk 3 of 3" },
};

static void change_chunk(const char *key, unsigned chunk, enum change change)
{
	char *value = noise(2 * CHUNK, 6);

	key = chunk_key(key, chunk);
	switch (change) {
	case ABSENT:
		cluster_drop(&cluster, key);
		break;
	case SHORT:
		cluster_put(&cluster, key, 0, value, CHUNK - 1);
		break;
	case EMPTY:
		cluster_put(&cluster, key, 0, value, 0);
		break;
	case LONG:
		cluster_put(&cluster, key, 0, value, CHUNK + 1);
		break;
	}
	free(value);
}

START_TEST(a_value_with_a_chunk_that_does_not_fit_is_absent_with_the_reason)
{
	const struct tenon_item items[] = { item("good", NULL),
					    item("k", NULL),
					    item("plain", NULL) };
	char *value = noise(250, 7);

	ck_assert_int_eq(cluster_set(&cluster, "good", value, 250),
			 TENON_STORED);
	ck_assert_int_eq(cluster_set(&cluster, "k", value, 250), TENON_STORED);
	ck_assert_int_eq(cluster_set(&cluster, "plain", "p", 1), TENON_STORED);
	change_chunk("k", changes[_i].chunk, changes[_i].change);
	ck_assert_int_eq(rig_run(&cluster.rig, TENON_GET, items, 3, 0), 0);
	ck_assert(result_value_is(&cluster.rig.results[0], value, 250));
	ck_assert_int_eq(cluster.rig.results[1].status, TENON_MISS);
	check_says(cluster.rig.results[1].text, changes[_i].says);
	ck_assert_ptr_null(cluster.rig.results[1].value);
	ck_assert(result_value_is(&cluster.rig.results[2], "p", 1));
	free(value);
}
END_TEST

START_TEST(a_shorter_value_over_a_longer_one_is_read_as_itself)
{
	char *old = noise(450, 8), *value = noise(210, 9);

	ck_assert_int_eq(cluster_set(&cluster, "k", old, 450), TENON_STORED);
	ck_assert_int_eq(cluster_set(&cluster, "k", value, 210), TENON_STORED);
	ck_assert(cluster_gives(&cluster, "k", value, 210));
	ck_assert_int_eq(cluster_set(&cluster, "k", value, 20), TENON_STORED);
	ck_assert(cluster_gives(&cluster, "k", value, 20));
	free(old);
	free(value);
}
END_TEST

/* ---- parents that no client wrote ---------------------------------------- */

static const struct {
	const char *parent;
	int status;
} parents[] = {
	{ "", TENON_EUNDECODABLE },
	{ "0", TENON_EUNDECODABLE },
	{ "-1", TENON_EUNDECODABLE },
	{ "11", TENON_EUNDECODABLE },
	{ "1000000000", TENON_EUNDECODABLE },
	{ "99999999999999999999999999", TENON_EUNDECODABLE },
	{ "4294967298", TENON_EUNDECODABLE }, /* is 2 when cut to 32 bits */
	{ "two", TENON_EUNDECODABLE },
	{ "2 ", TENON_EUNDECODABLE },
	{ " 2", TENON_EUNDECODABLE },
	{ "+2", TENON_EUNDECODABLE },
	{ "02", TENON_EUNDECODABLE },
	{ "0x2", TENON_EUNDECODABLE },
	{ "2.5", TENON_EUNDECODABLE },
	{ "2\r\nflush_all", TENON_EUNDECODABLE },
	{ "S", TENON_EUNDECODABLE },
	{ "S1", TENON_EUNDECODABLE },
	{ "S2 200 2 0123456789abcdef 0123456789abcdef", TENON_EUNDECODABLE },
	{ "S1 200 2 0123456789abcde 0123456789abcdef", TENON_EUNDECODABLE },
	{ "S1 200 2 0123456789ABCDEF 0123456789abcdef", TENON_EUNDECODABLE },
	{ "S1 200 2 0123456789abcdef 0123456789abcdef ", TENON_EUNDECODABLE },
	{ "S1 0 1 0123456789abcdef 0123456789abcdef", TENON_EUNDECODABLE },
	{ "S1 200 0 0123456789abcdef 0123456789abcdef", TENON_EUNDECODABLE },
	{ "S1 3 4 0123456789abcdef 0123456789abcdef", TENON_EUNDECODABLE },
	{ "S1 -5 2 0123456789abcdef 0123456789abcdef", TENON_EUNDECODABLE },
	{ "S1 5000 4097 0123456789abcdef 0123456789abcdef",
	  TENON_EUNDECODABLE },
	{ "S1 9999999999 2 0123456789abcdef 0123456789abcdef", TENON_ETOOBIG },
	{ "S1 99999999999 2 0123456789abcdef 0123456789abcdef",
	  TENON_EUNDECODABLE },
	{ "S1 200 2 0123456789abcdef 0123456789abcdef", TENON_MISS },
	{ "2", TENON_MISS },
	{ "10", TENON_MISS },
};

START_TEST(a_hostile_parent_fails_only_its_key_and_has_a_reason)
{
	const struct tenon_item items[] = { item("good", NULL),
					    item("hostile", NULL),
					    item("plain", NULL) };
	const char *parent = parents[_i].parent;
	char *value = noise(250, 10);

	ck_assert_int_eq(cluster_set(&cluster, "good", value, 250),
			 TENON_STORED);
	ck_assert_int_eq(cluster_set(&cluster, "plain", "p", 1), TENON_STORED);
	cluster_put_text(&cluster, "hostile", FLAG_SPLIT, parent);
	rig_run(&cluster.rig, TENON_GET, items, 3, 0);
	ck_assert(result_value_is(&cluster.rig.results[0], value, 250));
	ck_assert_msg(cluster.rig.results[1].status == parents[_i].status,
		      "'%s': %d, expected %d", parent,
		      cluster.rig.results[1].status, parents[_i].status);
	ck_assert_ptr_nonnull(cluster.rig.results[1].text);
	ck_assert(!strpbrk(cluster.rig.results[1].text, "\r\n"));
	ck_assert_ptr_null(cluster.rig.results[1].value);
	ck_assert(result_value_is(&cluster.rig.results[2], "p", 1));
	free(value);
}
END_TEST

START_TEST(a_long_parent_is_no_parent)
{
	char *digits = noise(5000, 11);

	memset(digits, '1', 5000);
	cluster_put(&cluster, "hostile", FLAG_SPLIT, digits, 5000);
	ck_assert_int_eq(rig_get(&cluster.rig, "hostile"), TENON_EUNDECODABLE);
	ck_assert_uint_lt(strlen(cluster.rig.result.text), 300);
	free(digits);
}
END_TEST

START_TEST(nuls_around_a_count_are_passed_over_as_by_libmc)
{
	char *value = noise(150, 12);

	ck_assert_int_eq(cluster_set(&cluster, "k", value, 150), TENON_STORED);
	cluster_put(&cluster, "k", FLAG_SPLIT, "\0002\0", 3);
	ck_assert(cluster_gives(&cluster, "k", value, 150));
	free(value);
}
END_TEST

START_TEST(the_flags_of_chunks_do_not_matter)
{
	char *value = noise(150, 13);

	ck_assert_int_eq(cluster_set(&cluster, "k", value, 150), TENON_STORED);
	cluster_put(&cluster, chunk_key("k", 0), 0xffffffff, value, CHUNK);
	ck_assert(cluster_gives(&cluster, "k", value, 150));
	ck_assert_uint_eq(cluster.rig.result.flags, 0);
	free(value);
}
END_TEST

START_TEST(a_chunk_that_is_a_parent_is_a_chunk)
{
	cluster_put_text(&cluster, chunk_key("k", 0), FLAG_SPLIT, "1");
	cluster_put_text(&cluster, "k", FLAG_SPLIT, "1");
	ck_assert(cluster_gives(&cluster, "k", "1", 1));
}
END_TEST

START_TEST(hostile_parents_get_no_more_memory_than_replies_may_have)
{
	enum { KEYS = 120 };
	static char keys[KEYS][16];
	struct tenon_item items[KEYS];
	size_t too_big = 0;

	/* each parent names ten chunks of a million bytes, 1.2 GB in all; no chunk exists */
	cluster_reopen(&cluster, NULL);
	for (unsigned i = 0; i < KEYS; i++) {
		snprintf(keys[i], sizeof(keys[i]), "hostile:%u", i);
		items[i] = item(keys[i], NULL);
		cluster_put_text(&cluster, keys[i], FLAG_SPLIT, "10");
	}
	rig_run(&cluster.rig, TENON_GET, items, KEYS, 0);
	for (unsigned i = 0; i < KEYS; i++) {
		int status = cluster.rig.results[i].status;

		ck_assert(status == TENON_MISS || status == TENON_ETOOBIG);
		too_big += status == TENON_ETOOBIG;
	}
	ck_assert_uint_ge(too_big, 10);
	ck_assert_uint_lt(too_big, 30);
	ck_assert_int_eq(cluster_set(&cluster, "k", "v", 1), TENON_STORED);
	ck_assert(cluster_gives(&cluster, "k", "v", 1));
}
END_TEST

/* ---- verbs that libmc's format does not support -------------------------- */

static const enum tenon_verb conditional[] = { TENON_ADD, TENON_REPLACE,
					       TENON_CAS };

START_TEST(a_conditional_split_is_refused_and_the_old_value_stays)
{
	char *value = noise(250, 14), *other = noise(250, 15);
	struct tenon_item one = { .key = TENON_LITERAL("k"),
				  .value = { other, 250 } };

	for (size_t len = 50; len <= 250; len += 200) {
		ck_assert_int_eq(cluster_set(&cluster, "k", value, len),
				 TENON_STORED);
		ck_assert_int_eq(cluster_run(&cluster, TENON_GETS, "k"),
				 TENON_HIT);
		one.cas = cluster.rig.result.cas;
		ck_assert_int_eq(rig_one(&cluster.rig, conditional[_i], &one,
					 0), TENON_ETOOBIG);
		check_says(cluster.rig.result.text, "sealed");
		check_says(cluster.rig.err.message, "\"k\"");
		ck_assert(cluster_gives(&cluster, "k", value, len));
	}
	cluster_drop(&cluster, "k");
	ck_assert_int_eq(rig_one(&cluster.rig, conditional[_i], &one, 0),
			 TENON_ETOOBIG);
	ck_assert_int_eq(rig_get(&cluster.rig, "k"), TENON_MISS);
	free(value);
	free(other);
}
END_TEST

START_TEST(a_small_value_may_take_the_place_of_a_split_one)
{
	char *value = noise(250, 16);
	struct tenon_item one = item("k", "small");

	ck_assert_int_eq(cluster_set(&cluster, "k", value, 250), TENON_STORED);
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_ADD, &one, 0),
			 TENON_NOT_STORED);
	ck_assert(cluster_gives(&cluster, "k", value, 250));
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_CAS, &one, 0),
			 TENON_EXISTS);
	ck_assert(cluster_gives(&cluster, "k", value, 250));
	ck_assert_int_eq(cluster_run(&cluster, TENON_GETS, "k"), TENON_HIT);
	one.cas = cluster.rig.result.cas;
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_CAS, &one, 0),
			 TENON_STORED);
	ck_assert(cluster_gives(&cluster, "k", "small", 5));
	ck_assert_int_eq(cluster_set(&cluster, "k", value, 250), TENON_STORED);
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_REPLACE, &one, 0),
			 TENON_STORED);
	ck_assert(cluster_gives(&cluster, "k", "small", 5));
	free(value);
}
END_TEST

START_TEST(a_deleted_value_is_gone)
{
	char *value = noise(250, 17);

	ck_assert_int_eq(cluster_set(&cluster, "k", value, 250), TENON_STORED);
	ck_assert_int_eq(cluster_run(&cluster, TENON_DELETE, "k"),
			 TENON_DELETED);
	ck_assert_int_eq(rig_get(&cluster.rig, "k"), TENON_MISS);
	ck_assert_ptr_null(cluster.rig.result.text);
	ck_assert_int_eq(cluster_run(&cluster, TENON_DELETE, "k"), TENON_MISS);
	free(value);
}
END_TEST

/* ---- servers that are down ----------------------------------------------- */

/* Write a key whose home server is 0 and whose chunk 1 of 2 has home server 1. */
static void find_key(struct rig *rig, char out[RIG_KEY_LEN + 1])
{
	struct tenon_error err;
	size_t home[2];

	for (unsigned i = 0; i < 1000; i++) {
		rig_key_at(rig, 0, i, out);
		for (unsigned chunk = 0; chunk < 2; chunk++) {
			ck_assert_int_eq(
				tenon_client_where(rig->client,
						   slice(chunk_key(out, chunk)),
						   &home[chunk], &err), 0);
		}
		if (home[0] == 0 && home[1] == 1) {
			return;
		}
	}
	ck_abort_msg("no key with a chunk on another server");
}

START_TEST(a_server_that_is_down_is_no_miss)
{
	char *value = noise(150, 18);
	char key[RIG_KEY_LEN + 1];
	struct tenon_item one;

	find_key(&cluster.rig, key);
	one = item(key, NULL);
	one.value = (struct tenon_slice){ value, 150 };
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_SET, &one, 0),
			 TENON_STORED);
	memcached_stop(&cluster.servers[1]);
	rig_one(&cluster.rig, TENON_GET, &one, 0);
	ck_assert(cluster.rig.result.status == TENON_ECONNECT ||
		  cluster.rig.result.status == TENON_ECLOSED);
	ck_assert_uint_eq(cluster.rig.result.server, 1);
	ck_assert_ptr_nonnull(strstr(cluster.rig.err.message,
				     cluster.servers[1].address));
	rig_one(&cluster.rig, TENON_SET, &one, 0);
	ck_assert_int_lt(cluster.rig.result.status, 0);
	ck_assert_int_ne(cluster.rig.result.status, TENON_ETOOBIG);
	/* a value whose servers all live is stored */
	one.value.len = 50;
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_SET, &one, 0),
			 TENON_STORED);
	ck_assert(cluster_gives(&cluster, key, value, 50));
	free(value);
}
END_TEST

START_TEST(a_new_value_whose_chunk_was_not_stored_is_not_stored)
{
	char *value = noise(150, 19);
	char key[RIG_KEY_LEN + 1];

	find_key(&cluster.rig, key);
	memcached_stop(&cluster.servers[1]);
	ck_assert_int_lt(cluster_set(&cluster, key, value, 150), 0);
	/* the parent's server lives and holds no parent */
	ck_assert_int_eq(cluster_peek(&cluster, key), TENON_MISS);
	free(value);
}
END_TEST

static void add(Suite *suite, TCase *tcase)
{
	tcase_add_unchecked_fixture(tcase, start, stop);
	tcase_add_checked_fixture(tcase, open_split, close_split);
	suite_add_tcase(suite, tcase);
}

static void start_and_open(void)
{
	start();
	open_split();
}

static void close_and_stop(void)
{
	close_split();
	stop();
}

static TCase *parent_cases(void)
{
	TCase *tcase = tcase_create("parents");

	LOOP(tcase, a_hostile_parent_fails_only_its_key_and_has_a_reason,
	     COUNT(parents));
	tcase_add_test(tcase, a_long_parent_is_no_parent);
	tcase_add_test(tcase, nuls_around_a_count_are_passed_over_as_by_libmc);
	tcase_add_test(tcase, the_flags_of_chunks_do_not_matter);
	tcase_add_test(tcase, a_chunk_that_is_a_parent_is_a_chunk);
	tcase_add_test(tcase,
		hostile_parents_get_no_more_memory_than_replies_may_have);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("codec_chunks");
	TCase *limits = tcase_create("limits");
	TCase *pieces = tcase_create("pieces");
	TCase *verbs = tcase_create("verbs");
	TCase *down = tcase_create("down");

	scratch_begin();
	LOOP(limits, a_value_is_whole_up_to_chunk_and_in_pieces_above,
	     COUNT(sizes));
	tcase_add_test(limits,
		       a_value_above_max_is_refused_and_the_old_one_stays);
	tcase_add_test(limits,
		a_key_that_is_too_long_is_refused_only_for_a_split_value);
	LOOP(limits, chunks_have_the_prefix_where_the_key_has_it, 2);
	tcase_add_test(limits, chunks_live_as_long_as_their_parent);
	add(suite, limits);
	LOOP(pieces,
	     a_value_with_a_chunk_that_does_not_fit_is_absent_with_the_reason,
	     COUNT(changes));
	tcase_add_test(pieces,
		       a_shorter_value_over_a_longer_one_is_read_as_itself);
	add(suite, pieces);
	add(suite, parent_cases());
	LOOP(verbs,
	     a_conditional_split_is_refused_and_the_old_value_stays,
	     COUNT(conditional));
	tcase_add_test(verbs, a_small_value_may_take_the_place_of_a_split_one);
	tcase_add_test(verbs, a_deleted_value_is_gone);
	add(suite, verbs);
	/* these tests stop servers, so each test starts its own */
	tcase_add_checked_fixture(down, start_and_open, close_and_stop);
	tcase_add_test(down, a_server_that_is_down_is_no_miss);
	tcase_add_test(down,
		       a_new_value_whose_chunk_was_not_stored_is_not_stored);
	suite_add_tcase(suite, down);
	return suite_run(suite);
}
