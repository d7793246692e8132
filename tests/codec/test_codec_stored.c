/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tenon_client_codec() and tenon_client_stored(): the client's codecs, and the form in
 * which a value is stored.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/cluster.h"
#include "fakes/scratch.h"
#include "runner/suite.h"
#include "tenon/introspect.h"

#define CHAIN                                              \
	"codecs:\n"                                        \
	"  - zlib: {threshold: 100B, flag: 2}\n"           \
	"  - split: {chunk: 1000B, max: 10000B}\n"

static struct cluster cluster;
static struct tenon_stored stored;
static struct tenon_error err;

static void start(void)
{
	cluster_start(&cluster, 3);
	cluster_open(&cluster, CHAIN);
}

static void stop(void)
{
	cluster_close(&cluster);
	cluster_stop(&cluster);
}

static int read_stored(const char *key)
{
	const struct tenon_item one = item(key, NULL);

	return tenon_client_stored(cluster.rig.client, &one, &stored, &err);
}

static void check_item(size_t index, const char *key, int status,
		       uint32_t flags, uint64_t bytes)
{
	const struct tenon_stored_item *item = &stored.items[index];
	size_t server;

	ck_assert_uint_lt(index, stored.item_count);
	ck_assert_uint_eq(item->key.len, strlen(key));
	ck_assert(memcmp(item->key.data, key, item->key.len) == 0);
	ck_assert_int_eq(item->status, status);
	ck_assert_uint_eq(item->flags, flags);
	ck_assert_uint_eq(item->value_bytes, bytes);
	ck_assert_int_eq(tenon_client_where(cluster.raw.client, slice(key),
					    &server, NULL), 0);
	ck_assert_uint_eq(item->server, server);
}

START_TEST(client_codec_lists_the_codecs_in_the_order_of_the_chain)
{
	struct tenon_codec_info codec;

	ck_assert_int_eq(tenon_client_codec(cluster.rig.client, 0, &codec), 0);
	ck_assert_str_eq(codec.name, "zlib");
	ck_assert_uint_eq(codec.flags, 2);
	ck_assert_uint_eq(codec.splits, 0);
	ck_assert_int_eq(tenon_client_codec(cluster.rig.client, 1, &codec), 0);
	ck_assert_str_eq(codec.name, "split");
	ck_assert_uint_eq(codec.flags, 4096);
	ck_assert_uint_eq(codec.splits, 1);
	ck_assert_int_eq(tenon_client_codec(cluster.rig.client, 2, &codec),
			 TENON_EINVAL);
	ck_assert_int_eq(tenon_client_codec(cluster.raw.client, 0, &codec),
			 TENON_EINVAL);
}
END_TEST

START_TEST(a_plain_value_is_one_item)
{
	cluster_put(&cluster, "k", 5, "hello", 5);
	ck_assert_int_eq(read_stored("k"), 0);
	ck_assert_uint_eq(stored.item_count, 1);
	check_item(0, "k", TENON_HIT, 5, 5);
	ck_assert(result_value_is(stored.result, "hello", 5));
	ck_assert_uint_eq(stored.result->flags, 5);
	/* a client without codecs reports the same */
	const struct tenon_item one = item("k", NULL);
	ck_assert_int_eq(tenon_client_stored(cluster.raw.client, &one, &stored,
					     &err),
			 0);
	ck_assert_uint_eq(stored.item_count, 1);
	check_item(0, "k", TENON_HIT, 5, 5);
}
END_TEST

START_TEST(a_value_that_is_compressed_and_split_is_all_its_items)
{
	char *value = noise(3000, 1);
	uint64_t chunk_bytes = 0;

	memset(value + 1500, 'x', 1500);
	ck_assert_int_eq(cluster_set(&cluster, "k", value, 3000), TENON_STORED);
	ck_assert_int_eq(read_stored("k"), 0);
	ck_assert_uint_eq(stored.item_count, 3);
	check_item(0, "k", TENON_HIT, 4096 | 2, 1);
	check_item(1, "~1k/0", TENON_HIT, 2, 1000);
	chunk_bytes = stored.items[2].value_bytes;
	check_item(2, "~1k/1", TENON_HIT, 2, chunk_bytes);
	ck_assert_uint_gt(chunk_bytes, 500);
	ck_assert_uint_lt(chunk_bytes, 700);
	ck_assert(result_value_is(stored.result, value, 3000));
	free(value);
}
END_TEST

START_TEST(an_absent_chunk_is_reported)
{
	char *value = noise(2500, 2);

	cluster_reopen(&cluster, "prefix: app/\n" CHAIN);
	ck_assert_int_eq(cluster_set(&cluster, "k", value, 2500), TENON_STORED);
	cluster_drop(&cluster, "~5app/k/1");
	ck_assert_int_eq(read_stored("k"), 0);
	ck_assert_uint_eq(stored.item_count, 4);
	check_item(0, "app/k", TENON_HIT, 4096, 1);
	check_item(1, "~5app/k/0", TENON_HIT, 0, 1000);
	check_item(2, "~5app/k/1", TENON_MISS, 0, 0);
	check_item(3, "~5app/k/2", TENON_HIT, 0, 500);
	ck_assert_int_eq(stored.result->status, TENON_MISS);
	ck_assert_ptr_nonnull(strstr(stored.result->text, "chunk 2 of 3"));
	free(value);
}
END_TEST

START_TEST(an_item_that_cannot_be_decoded_is_reported)
{
	cluster_put(&cluster, "k", 2, "nonsense", 8);
	ck_assert_int_eq(read_stored("k"), TENON_EUNDECODABLE);
	ck_assert_int_eq(err.code, TENON_EUNDECODABLE);
	ck_assert_uint_eq(stored.item_count, 1);
	check_item(0, "k", TENON_HIT, 2, 8);
	ck_assert_int_eq(stored.result->status, TENON_EUNDECODABLE);
	cluster_put(&cluster, "k", 4096, "0", 1);
	ck_assert_int_eq(read_stored("k"), TENON_EUNDECODABLE);
	ck_assert_uint_eq(stored.item_count, 1);
	check_item(0, "k", TENON_HIT, 4096, 1);
}
END_TEST

START_TEST(an_absent_key_is_one_absent_item)
{
	ck_assert_int_eq(read_stored("k"), 0);
	ck_assert_uint_eq(stored.item_count, 1);
	check_item(0, "k", TENON_MISS, 0, 0);
	ck_assert_int_eq(stored.result->status, TENON_MISS);
	ck_assert_int_eq(read_stored("a b"), TENON_EKEY);
	ck_assert_uint_eq(stored.item_count, 0);
	ck_assert_ptr_null(stored.result);
	ck_assert_str_ne(err.message, "");
	for (size_t i = 0; i < cluster.count; i++) {
		memcached_stop(&cluster.servers[i]);
	}
	ck_assert_int_lt(read_stored("k"), 0);
	ck_assert_uint_eq(stored.item_count, 1);
	ck_assert_int_lt(stored.items[0].status, 0);
	ck_assert_int_eq(stored.result->status, stored.items[0].status);
	ck_assert_str_ne(err.message, "");
}
END_TEST

/* introspect.c: STORED_TRIES_MAX */
START_TEST(an_item_that_changes_all_the_time_is_read_four_times)
{
	enum { READS = 2 * 4 };
	struct fake_step steps[2 + 2 * READS] = {
		FAKE_ACCEPT, [1 + 2 * READS] = FAKE_CLOSE
	};
	static char replies[READS][60];
	struct rig rig = { 0 };

	for (int i = 0; i < READS; i++) {
		snprintf(replies[i], sizeof(replies[i]),
			 "VALUE k 0 1 %d\r\nv\r\nEND\r\n", i);
		steps[1 + 2 * i] = fake_expect_text("gets k\r\n");
		steps[2 + 2 * i] = fake_send_text(replies[i]);
	}
	rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, NULL);
	const struct tenon_item one = item("k", NULL);
	ck_assert_int_eq(tenon_client_stored(rig.client, &one, &stored, &err),
			 0);
	ck_assert_uint_eq(stored.result->cas, READS - 1);
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("codec_stored");
	TCase *tcase = tcase_create("stored");

	scratch_begin();
	tcase_add_checked_fixture(tcase, start, stop);
	tcase_add_test(tcase,
		       client_codec_lists_the_codecs_in_the_order_of_the_chain);
	tcase_add_test(tcase, a_plain_value_is_one_item);
	tcase_add_test(tcase,
		       a_value_that_is_compressed_and_split_is_all_its_items);
	tcase_add_test(tcase, an_absent_chunk_is_reported);
	tcase_add_test(tcase, an_item_that_cannot_be_decoded_is_reported);
	tcase_add_test(tcase, an_absent_key_is_one_absent_item);
	tcase_add_test(tcase,
		       an_item_that_changes_all_the_time_is_read_four_times);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
