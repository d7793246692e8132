/* SPDX-License-Identifier: BSD-3-Clause */
/* Values that codecs change or split, with a routing key: every item is on its server. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/cluster.h"
#include "fakes/scratch.h"
#include "runner/suite.h"
#include "tenon/introspect.h"

#define LEN 950u

static const char *const formats[] = {
	"codecs: [split: {chunk: 100B, max: 1000B}]\n",
	"codecs: [split: {format: sealed, chunk: 100B, max: 1000B}]\n",
	"prefix: \"app:\"\n"
	"codecs: [{zlib: {threshold: 100B}}, "
	"{split: {chunk: 100B, max: 1000B}}]\n",
};

static struct cluster cluster;
static struct tenon_item k;
static char group[16];
static size_t group_home;
static char *value;

/* Find a routing key that is not at home where the key is. */
static void find_group(void)
{
	size_t home;
	unsigned nth = 0;

	ck_assert_int_eq(tenon_client_where(cluster.rig.client, slice("k"),
					    &home, NULL),
			 0);
	do {
		snprintf(group, sizeof(group), "group%u", nth++);
		ck_assert_int_eq(tenon_client_where(cluster.raw.client,
						    slice(group), &group_home,
						    NULL),
				 0);
	} while (group_home == home);
}

static void start(void)
{
	cluster_start(&cluster, 3);
}

static void stop(void)
{
	cluster_stop(&cluster);
}

static void store(int format)
{
	cluster_open(&cluster, formats[format]);
	find_group();
	value = noise(LEN, (unsigned)format);
	k = item("k", NULL);
	k.value = (struct tenon_slice){ value, LEN };
	k.routing_key = slice(group);
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_SET, &k, 0), TENON_STORED);
	ck_assert_uint_eq(cluster.rig.result.server, group_home);
}

static void finish(void)
{
	cluster_close(&cluster);
	free(value);
}

/* Read an item without codecs, on the server of the routing key. */
static int peek(struct tenon_slice key)
{
	struct tenon_item one = { .key = key, .routing_key = k.routing_key };

	return rig_one(&cluster.raw, TENON_GET, &one, 0);
}

START_TEST(chunks_and_parent_are_on_the_server_of_the_routing_key)
{
	struct tenon_stored stored;
	struct tenon_error err;

	store(_i);
	ck_assert_int_eq(
		tenon_client_stored(cluster.rig.client, &k, &stored, &err), 0);
	ck_assert_uint_gt(stored.item_count, 8);
	for (size_t i = 0; i < stored.item_count; i++) {
		ck_assert_int_eq(stored.items[i].status, TENON_HIT);
		ck_assert_uint_eq(stored.items[i].server, group_home);
		ck_assert_int_eq(peek(stored.items[i].key), TENON_HIT);
	}
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_GET, &k, 0), TENON_HIT);
	ck_assert(result_value_is(&cluster.rig.result, value, LEN));
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_GAT, &k, 0), TENON_HIT);
	ck_assert(result_value_is(&cluster.rig.result, value, LEN));
	/* without the routing key, the value is not there */
	ck_assert_int_eq(rig_get(&cluster.rig, "k"), TENON_MISS);
	finish();
}
END_TEST

START_TEST(append_is_refused_on_the_server_of_the_routing_key)
{
	struct tenon_item more = item("k", "more");

	store(_i);
	more.routing_key = k.routing_key;
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_APPEND, &more, 0),
			 TENON_EENCODED);
	ck_assert_uint_eq(cluster.rig.result.server, group_home);
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_GET, &k, 0), TENON_HIT);
	ck_assert(result_value_is(&cluster.rig.result, value, LEN));
	finish();
}
END_TEST

/* The sealed format owns its chunks: a delete or a new value deletes them. */
static const enum tenon_verb ends[] = { TENON_DELETE, TENON_SET };

START_TEST(old_sealed_chunks_are_deleted_on_the_server_of_the_routing_key)
{
	char chunks[16][TENON_KEY_MAX_BYTES + 1];
	struct tenon_stored stored;
	struct tenon_error err;

	store(1);
	ck_assert_int_eq(
		tenon_client_stored(cluster.rig.client, &k, &stored, &err), 0);
	size_t count = stored.item_count;
	ck_assert_uint_le(count, COUNT(chunks));
	for (size_t i = 0; i < count; i++) {
		snprintf(chunks[i], sizeof(chunks[i]), "%.*s",
			 (int)stored.items[i].key.len,
			 (const char *)stored.items[i].key.data);
	}
	k.value = slice("small");
	ck_assert_int_gt(rig_one(&cluster.rig, ends[_i], &k, 0), 0);
	/* the deletes of the chunks have no reply: a get goes behind them */
	ck_assert_int_ge(rig_one(&cluster.rig, TENON_GET, &k, 0), 0);
	for (size_t i = 1; i < count; i++) {
		ck_assert_int_eq(peek(slice(chunks[i])), TENON_MISS);
	}
	finish();
}
END_TEST

/* A call with many keys, of which every second has a routing key. */
START_TEST(split_values_with_and_without_a_routing_key_go_together)
{
	char keys[20][8];
	struct tenon_item items[COUNT(keys)];

	store(_i);
	for (size_t i = 0; i < COUNT(keys); i++) {
		snprintf(keys[i], sizeof(keys[i]), "k%zu", i);
		items[i] = item(keys[i], NULL);
		items[i].value = (struct tenon_slice){ value, LEN - i };
		if (i % 2) {
			items[i].routing_key = slice(group);
		}
	}
	ck_assert_int_eq(rig_run(&cluster.rig, TENON_SET, items, COUNT(items),
				 0),
			 0);
	ck_assert_int_eq(rig_run(&cluster.rig, TENON_GET, items, COUNT(items),
				 0),
			 0);
	for (size_t i = 0; i < COUNT(items); i++) {
		size_t home;

		ck_assert(result_value_is(&cluster.rig.results[i], value,
					  LEN - i));
		ck_assert_int_eq(tenon_client_where_item(cluster.rig.client,
							 &items[i], &home,
							 NULL),
				 0);
		ck_assert_uint_eq(cluster.rig.results[i].server, home);
		ck_assert(i % 2 == 0 || home == group_home);
	}
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("codec_routing");
	TCase *tcase = tcase_create("routing keys");

	scratch_begin();
	memcached_require();
	tcase_add_checked_fixture(tcase, start, stop);
	LOOP(tcase, chunks_and_parent_are_on_the_server_of_the_routing_key,
	     COUNT(formats));
	LOOP(tcase, append_is_refused_on_the_server_of_the_routing_key,
	     COUNT(formats));
	LOOP(tcase,
	     old_sealed_chunks_are_deleted_on_the_server_of_the_routing_key,
	     COUNT(ends));
	LOOP(tcase, split_values_with_and_without_a_routing_key_go_together,
	     COUNT(formats));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
