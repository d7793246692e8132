/* SPDX-License-Identifier: BSD-3-Clause */
/* The client against real memcached. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

#define SERVERS 3
#define KEY_BYTES 32

/* Started once for all tests. Every test uses its own keys. */
static struct memcached servers[SERVERS];

static void start_servers(void)
{
	const enum memcached_family families[SERVERS] = {
		MEMCACHED_UNIX, MEMCACHED_INET, MEMCACHED_UNIX
	};

	for (size_t i = 0; i < SERVERS; i++) {
		ck_assert(memcached_start(&servers[i], families[i], NULL));
	}
}

static void stop_servers(void)
{
	for (size_t i = 0; i < SERVERS; i++) {
		memcached_stop(&servers[i]);
	}
}

static void open_all(struct rig *rig, const char *settings)
{
	const char *lines[SERVERS];

	memset(rig, 0, sizeof(*rig));
	for (size_t i = 0; i < SERVERS; i++) {
		lines[i] = servers[i].address;
	}
	rig_open_at(rig, lines, SERVERS, settings);
}

static int store(struct rig *rig, enum tenon_verb verb, const char *key,
		 const char *value)
{
	const struct tenon_item one = item(key, value);

	return rig_one(rig, verb, &one, 0);
}

static void check_value(struct rig *rig, const char *key, const char *value)
{
	ck_assert_int_eq(rig_get(rig, key), TENON_HIT);
	ck_assert_msg(rig_value_is(rig, value), "\"%s\" is \"%s\"", key,
		      rig->result.value);
}

/* ---- verbs --------------------------------------------------------------- */

START_TEST(set_then_get_gives_value_and_flags)
{
	struct tenon_item one = item("set:1", "hello");
	struct rig rig;

	open_all(&rig, NULL);
	one.flags = 0xdeadbeef;
	ck_assert_int_eq(rig_get(&rig, "set:1"), TENON_MISS);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	check_value(&rig, "set:1", "hello");
	ck_assert_uint_eq(rig.result.flags, 0xdeadbeef);
	rig_close(&rig);
}
END_TEST

START_TEST(add_and_replace_look_whether_the_key_exists)
{
	struct rig rig;

	open_all(&rig, NULL);
	ck_assert_int_eq(store(&rig, TENON_REPLACE, "add:1", "0"),
			 TENON_NOT_STORED);
	ck_assert_int_eq(store(&rig, TENON_ADD, "add:1", "1"), TENON_STORED);
	ck_assert_int_eq(store(&rig, TENON_ADD, "add:1", "2"),
			 TENON_NOT_STORED);
	check_value(&rig, "add:1", "1");
	ck_assert_int_eq(store(&rig, TENON_REPLACE, "add:1", "3"),
			 TENON_STORED);
	check_value(&rig, "add:1", "3");
	rig_close(&rig);
}
END_TEST

START_TEST(append_and_prepend_extend_an_existing_value)
{
	struct rig rig;

	open_all(&rig, NULL);
	ck_assert_int_eq(store(&rig, TENON_APPEND, "app:1", "x"),
			 TENON_NOT_STORED);
	ck_assert_int_eq(store(&rig, TENON_PREPEND, "app:1", "x"),
			 TENON_NOT_STORED);
	ck_assert_int_eq(store(&rig, TENON_SET, "app:1", "b"), TENON_STORED);
	ck_assert_int_eq(store(&rig, TENON_APPEND, "app:1", "c"),
			 TENON_STORED);
	ck_assert_int_eq(store(&rig, TENON_PREPEND, "app:1", "a"),
			 TENON_STORED);
	check_value(&rig, "app:1", "abc");
	rig_close(&rig);
}
END_TEST

START_TEST(cas_stores_only_over_an_unchanged_value)
{
	struct tenon_item one = item("cas:1", "mine");
	struct rig rig;

	open_all(&rig, NULL);
	one.cas = 1;
	ck_assert_int_eq(rig_one(&rig, TENON_CAS, &one, 0), TENON_MISS);
	ck_assert_int_eq(rig_set(&rig, "cas:1", "first"), TENON_STORED);
	ck_assert_int_eq(rig_one(&rig, TENON_GETS, &one, 0), TENON_HIT);
	one.cas = rig.result.cas;
	ck_assert_uint_ne(one.cas, 0);
	ck_assert_int_eq(rig_set(&rig, "cas:1", "theirs"), TENON_STORED);
	ck_assert_int_eq(rig_one(&rig, TENON_CAS, &one, 0), TENON_EXISTS);
	check_value(&rig, "cas:1", "theirs");
	ck_assert_int_eq(rig_one(&rig, TENON_GETS, &one, 0), TENON_HIT);
	one.cas = rig.result.cas;
	ck_assert_int_eq(rig_one(&rig, TENON_CAS, &one, 0), TENON_STORED);
	check_value(&rig, "cas:1", "mine");
	rig_close(&rig);
}
END_TEST

START_TEST(delete_removes_the_key)
{
	const struct tenon_item one = item("del:1", NULL);
	struct rig rig;

	open_all(&rig, NULL);
	ck_assert_int_eq(rig_one(&rig, TENON_DELETE, &one, 0), TENON_MISS);
	ck_assert_int_eq(rig_set(&rig, "del:1", "x"), TENON_STORED);
	ck_assert_int_eq(rig_one(&rig, TENON_DELETE, &one, 0), TENON_DELETED);
	ck_assert_int_eq(rig_get(&rig, "del:1"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(a_negative_exptime_expires_at_once)
{
	struct tenon_item one = item("exp:1", "x");
	struct rig rig;

	open_all(&rig, NULL);
	one.exptime = -1;
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	ck_assert_int_eq(rig_get(&rig, "exp:1"), TENON_MISS);
	ck_assert_int_eq(rig_set(&rig, "exp:1", "x"), TENON_STORED);
	ck_assert_int_eq(rig_one(&rig, TENON_TOUCH, &one, 0), TENON_TOUCHED);
	ck_assert_int_eq(rig_get(&rig, "exp:1"), TENON_MISS);
	ck_assert_int_eq(rig_one(&rig, TENON_TOUCH, &one, 0), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(gat_and_gats_read_and_touch)
{
	struct tenon_item one = item("gat:1", "x");
	struct rig rig;

	open_all(&rig, NULL);
	ck_assert_int_eq(rig_one(&rig, TENON_GAT, &one, 0), TENON_MISS);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	one.exptime = 100;
	ck_assert_int_eq(rig_one(&rig, TENON_GATS, &one, 0), TENON_HIT);
	ck_assert(rig_value_is(&rig, "x"));
	ck_assert_uint_ne(rig.result.cas, 0);
	one.exptime = -1;
	ck_assert_int_eq(rig_one(&rig, TENON_GAT, &one, 0), TENON_HIT);
	ck_assert(rig_value_is(&rig, "x"));
	ck_assert_int_eq(rig_get(&rig, "gat:1"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(incr_wraps_and_decr_stops_at_zero)
{
	struct tenon_item one = item("num:1", "18446744073709551615");
	struct rig rig;

	open_all(&rig, NULL);
	one.delta = 1;
	ck_assert_int_eq(rig_one(&rig, TENON_INCR, &one, 0), TENON_MISS);
	ck_assert_int_eq(rig_one(&rig, TENON_DECR, &one, 0), TENON_MISS);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	ck_assert_int_eq(rig_one(&rig, TENON_INCR, &one, 0), TENON_HIT);
	ck_assert_uint_eq(rig.result.number, 0);
	one.delta = UINT64_MAX;
	ck_assert_int_eq(rig_one(&rig, TENON_INCR, &one, 0), TENON_HIT);
	ck_assert_uint_eq(rig.result.number, UINT64_MAX);
	one.delta = 5;
	ck_assert_int_eq(rig_one(&rig, TENON_DECR, &one, 0), TENON_HIT);
	ck_assert_uint_eq(rig.result.number, UINT64_MAX - 5);
	one.delta = UINT64_MAX;
	ck_assert_int_eq(rig_one(&rig, TENON_DECR, &one, 0), TENON_HIT);
	ck_assert_uint_eq(rig.result.number, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(incr_of_a_word_is_the_servers_client_error)
{
	struct tenon_item one = item("num:2", "word");
	struct rig rig;

	open_all(&rig, NULL);
	one.delta = 1;
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	ck_assert_int_eq(rig_one(&rig, TENON_INCR, &one, 0), TENON_ECLIENT);
	ck_assert_ptr_nonnull(strstr(rig.result.text, "non-numeric"));
	check_value(&rig, "num:2", "word");
	rig_close(&rig);
}
END_TEST

/* Each function for one key calls its own verb. */
START_TEST(each_function_for_one_key_runs_its_verb)
{
	struct tenon_item one = item("one:1", "5");
	struct tenon_result r;
	struct rig rig;
	struct tenon_client *c;

	open_all(&rig, NULL);
	c = rig.client;
	ck_assert_int_eq(tenon_get(c, one.key, &r, NULL), 0);
	ck_assert_int_eq(r.status, TENON_MISS);
	ck_assert_int_eq(tenon_replace(c, &one, &r, NULL), 0);
	ck_assert_int_eq(r.status, TENON_NOT_STORED);
	ck_assert_int_eq(tenon_add(c, &one, &r, NULL), 0);
	ck_assert_int_eq(r.status, TENON_STORED);
	ck_assert_int_eq(tenon_append(c, &one, &r, NULL), 0);
	ck_assert_int_eq(r.status, TENON_STORED);
	one.value = slice("1");
	ck_assert_int_eq(tenon_prepend(c, &one, NULL, NULL), 0);
	ck_assert_int_eq(tenon_incr(c, one.key, 5, &r, NULL), 0);
	ck_assert_uint_eq(r.number, 160);
	ck_assert_int_eq(tenon_decr(c, one.key, 60, &r, NULL), 0);
	ck_assert_uint_eq(r.number, 100);
	ck_assert_int_eq(tenon_gets(c, one.key, &r, NULL), 0);
	ck_assert(result_value_is(&r, "100", 3));
	one.cas = r.cas;
	ck_assert_int_eq(tenon_cas(c, &one, &r, NULL), 0);
	ck_assert_int_eq(r.status, TENON_STORED);
	ck_assert_int_eq(tenon_cas(c, &one, &r, NULL), 0);
	ck_assert_int_eq(r.status, TENON_EXISTS);
	ck_assert_int_eq(tenon_gats(c, one.key, 100, &r, NULL), 0);
	ck_assert_uint_ne(r.cas, 0);
	ck_assert_int_eq(tenon_touch(c, one.key, 200, &r, NULL), 0);
	ck_assert_int_eq(r.status, TENON_TOUCHED);
	ck_assert_int_eq(tenon_gat(c, one.key, 100, &r, NULL), 0);
	ck_assert(result_value_is(&r, "1", 1));
	ck_assert_int_eq(tenon_set(c, &one, &r, NULL), 0);
	ck_assert_int_eq(tenon_delete(c, one.key, &r, NULL), 0);
	ck_assert_int_eq(r.status, TENON_DELETED);
	ck_assert_int_eq(tenon_get(c, slice(""), &r, NULL), TENON_EKEY);
	ck_assert_int_eq(r.status, TENON_EKEY);
	rig_close(&rig);
}
END_TEST

/* ---- values -------------------------------------------------------------- */

static const size_t lengths[] = {
	0,	1,	2,	    1023,	 1024,	      1025,
	2046,	2047,	2048,	    4095,	 4096,	      16383,
	16384,	16385,	65535,	    65536,	 65537,	      300000,
	1000000, 1048576 - 512,
};

START_TEST(binary_values_of_any_length_come_back)
{
	size_t len = lengths[_i];
	char *value = binary_value(len, (unsigned)_i);
	char key[KEY_BYTES];
	struct tenon_item one;
	struct rig rig;

	open_all(&rig, NULL);
	snprintf(key, sizeof(key), "len:%zu", len);
	one = item(key, NULL);
	one.value = (struct tenon_slice){ value, len };
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	/* twice: the second round uses the client's buffers again */
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(rig_get(&rig, key), TENON_HIT);
		ck_assert(result_value_is(&rig.result, value, len));
	}
	rig_close(&rig);
	free(value);
}
END_TEST

START_TEST(values_of_all_lengths_come_back_in_one_call)
{
	char keys[COUNT(lengths)][KEY_BYTES];
	char *values[COUNT(lengths)];
	struct tenon_item items[COUNT(lengths)];
	struct rig rig;

	open_all(&rig, NULL);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		values[i] = binary_value(lengths[i], (unsigned)(100 + i));
		snprintf(keys[i], sizeof(keys[i]), "all:%zu", i);
		items[i] = item(keys[i], NULL);
		items[i].value = (struct tenon_slice){ values[i], lengths[i] };
		items[i].flags = (uint32_t)i;
	}
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, COUNT(items), 0), 0);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, COUNT(items), 0), 0);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		ck_assert_msg(result_value_is(&rig.results[i], values[i],
					      lengths[i]),
			      "value %zu", i);
		ck_assert_uint_eq(rig.results[i].flags, i);
		free(values[i]);
	}
	rig_close(&rig);
}
END_TEST

/* memcached's option -I, the config's item_max, and the length of key and flags. */
static const struct {
	const char *option;
	const char *item_max;
	size_t max_bytes;
	size_t key_len;
	uint32_t flags;
} edges[] = {
	{ "-I1m", "item_max: 1MiB\n", 1 << 20, 1, 0 },
	{ "-I1m", "item_max: 1MiB\n", 1 << 20, 1, 7 },
	{ "-I1m", "item_max: 1MiB\n", 1 << 20, 250, 0 },
	{ "-I1m", "item_max: 1MiB\n", 1 << 20, 250, 7 },
	{ "-I2m", "item_max: 2MiB\n", 2 << 20, 10, 7 },
};

/* The largest item that the client sends is the largest that the server takes. */
START_TEST(item_max_is_exactly_the_limit_of_the_server)
{
	size_t len = edges[_i].max_bytes - edges[_i].key_len - 59 -
		(edges[_i].flags ? 4 : 0);
	char *value = binary_value(len + 1, 1);
	char key[251];
	struct tenon_item one;
	struct memcached own;
	struct rig rig = { 0 };

	memset(key, 'k', edges[_i].key_len);
	key[edges[_i].key_len] = '\0';
	one = item(key, NULL);
	one.flags = edges[_i].flags;
	one.value = (struct tenon_slice){ value, len };
	ck_assert(memcached_start(&own, MEMCACHED_UNIX, edges[_i].option));
	rig_open_one(&rig, own.address, edges[_i].item_max);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	one.value.len++;
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_ETOOBIG);
	ck_assert_uint_eq(rig.result.server, UINT32_MAX);
	ck_assert_ptr_nonnull(strstr(rig.err.message, "more than item_max"));
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, TENON_NOREPLY),
			 TENON_ETOOBIG);
	/* nothing was sent, so the old value stays */
	ck_assert_int_eq(rig_get(&rig, key), TENON_HIT);
	ck_assert(result_value_is(&rig.result, value, len));
	rig_close(&rig);

	/* without the client's check the server refuses the item and drops the old value */
	rig_open_one(&rig, own.address, "item_max: 1GiB\n");
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_ESERVER);
	ck_assert_int_eq(rig_get(&rig, key), TENON_MISS);
	rig_close(&rig);
	memcached_stop(&own);
	free(value);
}
END_TEST

START_TEST(an_item_larger_than_item_max_is_not_sent)
{
	char *large = binary_value(2000, 1);
	struct tenon_item items[] = { item("edge:1", "1"), item("edge:2", NULL),
				      item("edge:3", "3") };
	struct rig rig = { 0 };

	items[1].value = (struct tenon_slice){ large, 2000 };
	rig_open_one(&rig, servers[0].address, "item_max: 1KiB\n");
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, 3, 0), TENON_ETOOBIG);
	ck_assert_int_eq(rig.results[0].status, TENON_STORED);
	ck_assert_int_eq(rig.results[1].status, TENON_ETOOBIG);
	ck_assert_int_eq(rig.results[2].status, TENON_STORED);
	rig_close(&rig);
	free(large);
}
END_TEST

START_TEST(a_value_that_the_server_refuses_costs_only_its_own_key)
{
	char *large = binary_value(2 << 20, 1);
	struct tenon_item items[] = { item("big:1", "1"), item("big:2", NULL),
				      item("big:3", "3") };
	struct rig rig = { 0 };

	items[1].value = (struct tenon_slice){ large, 2 << 20 };
	rig_open_one(&rig, servers[0].address, "max_value_bytes: 4MiB\n");
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, 3, 0), TENON_ESERVER);
	ck_assert_int_eq(rig.results[0].status, TENON_STORED);
	ck_assert_int_eq(rig.results[1].status, TENON_ESERVER);
	ck_assert_ptr_nonnull(strstr(rig.results[1].text, "too large"));
	ck_assert_int_eq(rig.results[2].status, TENON_STORED);
	check_value(&rig, "big:3", "3");
	rig_close(&rig);
	free(large);
}
END_TEST

START_TEST(a_noreply_value_that_the_server_refuses_confuses_nothing)
{
	char *large = binary_value(2 << 20, 1);
	struct tenon_item one = item("nor:1", NULL);
	struct rig rig = { 0 };

	one.value = (struct tenon_slice){ large, 2 << 20 };
	rig_open_one(&rig, servers[0].address, "max_value_bytes: 4MiB\n");
	ck_assert_int_eq(rig_set(&rig, "nor:2", "2"), TENON_STORED);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, TENON_NOREPLY),
			 TENON_SENT);
	check_value(&rig, "nor:2", "2");
	ck_assert_int_eq(rig_get(&rig, "nor:1"), TENON_MISS);
	rig_close(&rig);
	free(large);
}
END_TEST

START_TEST(noreply_commands_are_done_before_the_next_reply)
{
	struct tenon_item one = item("nor:3", "7");
	struct rig rig = { 0 };

	rig_open_one(&rig, servers[1].address, NULL);
	one.delta = 1;
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, TENON_NOREPLY),
			 TENON_SENT);
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(rig_one(&rig, TENON_INCR, &one, TENON_NOREPLY),
				 TENON_SENT);
	}
	check_value(&rig, "nor:3", "107");
	ck_assert_int_eq(rig_one(&rig, TENON_DELETE, &one, TENON_NOREPLY),
			 TENON_SENT);
	ck_assert_int_eq(rig_get(&rig, "nor:3"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(a_value_full_of_commands_stays_a_value)
{
	static const char text[] =
		"x\r\nflush_all\r\nset inj:2 0 0 1\r\nx\r\nEND\r\n";
	struct rig rig = { 0 };

	rig_open_one(&rig, servers[0].address, NULL);
	ck_assert_int_eq(rig_set(&rig, "inj:1", text), TENON_STORED);
	check_value(&rig, "inj:1", text);
	ck_assert_int_eq(rig_get(&rig, "inj:2"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(values_live_until_the_next_operation)
{
	const struct tenon_item items[] = { item("live:1", "one"),
					    item("live:2", "two") };
	struct tenon_result first;
	struct rig rig;

	open_all(&rig, NULL);
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, 2, 0), 0);
	ck_assert_int_eq(rig_get(&rig, "live:1"), TENON_HIT);
	first = rig.result;
	/* these calls are no operations and keep the results valid */
	ck_assert_uint_eq(tenon_client_server_count(rig.client), SERVERS);
	tenon_client_disconnect(rig.client);
	ck_assert(result_value_is(&first, "one", 3));
	check_value(&rig, "live:2", "two");
	rig_close(&rig);
}
END_TEST

/* ---- many keys ----------------------------------------------------------- */

#define MANY 5000

static char many_keys[MANY][KEY_BYTES];
static struct tenon_item many_items[MANY];

static void make_many(const char *name)
{
	for (size_t i = 0; i < MANY; i++) {
		snprintf(many_keys[i], KEY_BYTES, "%s:%zu", name, i);
		many_items[i] = item(many_keys[i], many_keys[i]);
		many_items[i].flags = (uint32_t)i;
	}
}

START_TEST(thousands_of_keys_over_several_servers_come_back_by_index)
{
	struct tenon_item stored[MANY / 2];
	struct rig rig;

	make_many("many");
	for (size_t i = 0; i < MANY / 2; i++) {
		stored[i] = many_items[2 * i];
	}
	open_all(&rig, NULL);
	ck_assert_int_eq(rig_run(&rig, TENON_SET, stored, MANY / 2, 0), 0);
	ck_assert_int_eq(rig_run(&rig, TENON_GETS, many_items, MANY, 0), 0);
	for (size_t i = 0; i < MANY; i++) {
		const struct tenon_result *r = &rig.results[i];

		if (i % 2 != 0) {
			ck_assert_int_eq(r->status, TENON_MISS);
			continue;
		}
		ck_assert(result_value_is(r, many_keys[i],
					  strlen(many_keys[i])));
		ck_assert_uint_eq(r->flags, i);
		ck_assert_uint_ne(r->cas, 0);
		ck_assert_uint_lt(r->server, SERVERS);
	}
	rig_close(&rig);
}
END_TEST

/* memcached takes long request lines only for get and gets. */
START_TEST(thousands_of_keys_can_be_touched_and_read_in_one_call)
{
	struct rig rig = { 0 };

	make_many("gatmany");
	rig_open_one(&rig, servers[0].address, NULL);
	ck_assert_int_eq(rig_run(&rig, TENON_SET, many_items, MANY, 0), 0);
	for (size_t i = 0; i < MANY; i++) {
		many_items[i].exptime = 1000;
	}
	many_items[7].exptime = -1;
	ck_assert_int_eq(rig_run(&rig, TENON_GAT, many_items, MANY, 0), 0);
	for (size_t i = 0; i < MANY; i++) {
		ck_assert(result_value_is(&rig.results[i], many_keys[i],
					  strlen(many_keys[i])));
	}
	ck_assert_int_eq(rig_run(&rig, TENON_GET, many_items, MANY, 0), 0);
	for (size_t i = 0; i < MANY; i++) {
		ck_assert_int_eq(rig.results[i].status,
				 i == 7 ? TENON_MISS : TENON_HIT);
	}
	rig_close(&rig);
}
END_TEST

START_TEST(every_verb_takes_many_keys)
{
	struct rig rig;

	make_many("verbs");
	open_all(&rig, NULL);
	for (size_t i = 0; i < MANY; i++) {
		many_items[i].value = slice("1");
		many_items[i].delta = i;
	}
	ck_assert_int_eq(rig_run(&rig, TENON_ADD, many_items, MANY, 0), 0);
	ck_assert_int_eq(rig_run(&rig, TENON_APPEND, many_items, MANY, 0), 0);
	ck_assert_int_eq(rig_run(&rig, TENON_TOUCH, many_items, MANY, 0), 0);
	ck_assert_int_eq(rig_run(&rig, TENON_INCR, many_items, MANY, 0), 0);
	for (size_t i = 0; i < MANY; i++) {
		ck_assert_uint_eq(rig.results[i].number, 11 + i);
	}
	ck_assert_int_eq(rig_run(&rig, TENON_DELETE, many_items, MANY, 0), 0);
	for (size_t i = 0; i < MANY; i++) {
		ck_assert_int_eq(rig.results[i].status, TENON_DELETED);
	}
	rig_close(&rig);
}
END_TEST

START_TEST(keys_of_250_bytes_in_thousands_come_back)
{
	static char keys[1000][251];
	static struct tenon_item items[1000];
	struct rig rig;

	open_all(&rig, NULL);
	for (size_t i = 0; i < 1000; i++) {
		memset(keys[i], 'x', 250);
		snprintf(keys[i], sizeof(keys[i]), "%0250zu", i);
		items[i] = item(keys[i], keys[i]);
	}
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, 1000, 0), 0);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, 1000, 0), 0);
	for (size_t i = 0; i < 1000; i++) {
		ck_assert(result_value_is(&rig.results[i], keys[i], 250));
	}
	rig_close(&rig);
}
END_TEST

START_TEST(duplicates_and_refused_keys_do_not_hinder_the_others)
{
	struct tenon_item items[] = { item("dup:1", "1"), item("", "0"),
				      item("dup:2", "2"), item("dup:1", "3"),
				      item("a b", "0"),	  item("dup:1", "4") };
	struct rig rig;

	open_all(&rig, NULL);
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, COUNT(items), 0),
			 TENON_EKEY);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, COUNT(items), 0),
			 TENON_EKEY);
	ck_assert(result_value_is(&rig.results[0], "4", 1));
	ck_assert_int_eq(rig.results[1].status, TENON_EKEY);
	ck_assert(result_value_is(&rig.results[2], "2", 1));
	ck_assert(result_value_is(&rig.results[3], "4", 1));
	ck_assert_int_eq(rig.results[4].status, TENON_EKEY);
	ck_assert(result_value_is(&rig.results[5], "4", 1));
	rig_close(&rig);
}
END_TEST

#define FLOOD 100000
#define FLOOD_VALUE_LEN 100

/* Servers on TCP and on UNIX sockets, through every transport that is always built. */
static const struct {
	uint32_t server;
	const char *transport;
} floods[] = {
	{ 0, "transport: poll\n" },
	{ 1, "transport: poll\n" },
	{ 0, "transport: blocking\n" },
	{ 1, "transport: blocking\n" },
};

static void flood(size_t row, unsigned options)
{
	static char keys[FLOOD][12];
	static struct tenon_item items[FLOOD];
	char *value = binary_value(FLOOD_VALUE_LEN, 3);
	int status = options ? TENON_SENT : TENON_STORED;
	size_t sent = 0, hits = 0;
	struct rig rig = { 0 };

	for (size_t i = 0; i < FLOOD; i++) {
		snprintf(keys[i], sizeof(keys[i]), "f:%06zu", i);
		items[i] = item(keys[i], NULL);
		items[i].value = (struct tenon_slice){ value, FLOOD_VALUE_LEN };
	}
	rig_open_one(&rig, servers[floods[row].server].address,
		     floods[row].transport);
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, FLOOD, options), 0);
	/* Count instead of asserting: libcheck writes a message for every assertion. */
	for (size_t i = 0; i < FLOOD; i++) {
		sent += rig.results[i].status == status;
	}
	ck_assert_uint_eq(sent, FLOOD);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, FLOOD, 0), 0);
	for (size_t i = 0; i < FLOOD; i++) {
		hits += result_value_is(&rig.results[i], value, FLOOD_VALUE_LEN);
	}
	ck_assert_uint_eq(hits, FLOOD);
	rig_close(&rig);
	free(value);
}

START_TEST(a_hundred_thousand_sets_in_one_call_do_not_deadlock)
{
	flood((size_t)_i, 0);
}
END_TEST

START_TEST(a_hundred_thousand_noreply_sets_in_one_call_arrive)
{
	flood((size_t)_i, TENON_NOREPLY);
}
END_TEST

/* ---- whole servers ------------------------------------------------------- */

START_TEST(version_and_stats_answer_for_every_server)
{
	struct tenon_slice name, value;
	struct rig rig;

	open_all(&rig, NULL);
	ck_assert_int_eq(tenon_run_servers(rig.client, TENON_VERSION, NULL, NULL,
					   &rig.results, &rig.err),
			 0);
	for (size_t i = 0; i < SERVERS; i++) {
		ck_assert_int_eq(rig.results[i].status, TENON_OK);
		ck_assert_uint_gt(rig.results[i].value_len, 3);
	}
	ck_assert_int_eq(tenon_run_servers(rig.client, TENON_STATS, NULL, NULL,
					   &rig.results, &rig.err),
			 0);
	for (size_t i = 0; i < SERVERS; i++) {
		size_t cursor = 0;
		char pid[24];

		snprintf(pid, sizeof(pid), "%ld", (long)servers[i].pid);
		ck_assert_int_eq(tenon_stat_next(&rig.results[i], &cursor,
						 &name, &value),
				 1);
		ck_assert_uint_eq(name.len, 3);
		ck_assert_mem_eq(name.data, "pid", 3);
		ck_assert_uint_eq(value.len, strlen(pid));
		ck_assert_mem_eq(value.data, pid, value.len);
	}
	ck_assert_int_eq(tenon_run_servers(rig.client, TENON_STATS, "slabs", NULL,
					   &rig.results, &rig.err),
			 0);
	ck_assert_int_eq(tenon_run_servers(rig.client, TENON_STATS, "settings",
					   NULL, &rig.results, &rig.err),
			 0);
	ck_assert_int_eq(tenon_run_servers(rig.client, TENON_VERBOSITY, "0", NULL,
					   &rig.results, &rig.err),
			 0);
	rig_close(&rig);
}
END_TEST

START_TEST(flush_all_empties_every_server_when_it_is_enabled)
{
	struct memcached own[2];
	const char *lines[2];
	const struct tenon_item items[] = { item("k:1", "1"), item("k:2", "2"),
					    item("k:3", "3") };
	struct rig rig = { 0 };

	for (size_t i = 0; i < 2; i++) {
		ck_assert(memcached_start(&own[i], MEMCACHED_UNIX, NULL));
		lines[i] = own[i].address;
	}
	rig_open_at(&rig, lines, 2, "enable_flush_all: true\n");
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, 3, 0), 0);
	ck_assert_int_eq(tenon_run_servers(rig.client, TENON_FLUSH_ALL, NULL, NULL,
					   &rig.results, &rig.err),
			 0);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, 3, 0), 0);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(rig.results[i].status, TENON_MISS);
	}
	rig_close(&rig);
	memcached_stop(&own[0]);
	memcached_stop(&own[1]);
}
END_TEST

START_TEST(the_servers_of_a_client_are_described)
{
	static const char *const lines[] = { "127.0.0.1:11311 first",
					     "/tmp/some.sock second",
					     "[::1]:11312", "localhost" };
	struct tenon_server_info info;
	struct rig rig = { 0 };

	rig_open_at(&rig, lines, 4, NULL);
	ck_assert_uint_eq(tenon_client_server_count(rig.client), 4);
	ck_assert_int_eq(tenon_client_server(rig.client, 0, &info), 0);
	ck_assert_str_eq(info.alias, "first");
	ck_assert_str_eq(info.address, "127.0.0.1:11311");
	ck_assert_uint_eq(info.weight, 1);
	ck_assert_int_eq(tenon_client_server(rig.client, 1, &info), 0);
	ck_assert_str_eq(info.address, "/tmp/some.sock");
	ck_assert_int_eq(tenon_client_server(rig.client, 2, &info), 0);
	ck_assert_str_eq(info.alias, "[::1]:11312");
	ck_assert_int_eq(tenon_client_server(rig.client, 3, &info), 0);
	ck_assert_str_eq(info.address, "localhost:11211");
	ck_assert_int_eq(tenon_client_server(rig.client, 4, &info),
			 TENON_EINVAL);
	rig_close(&rig);
}
END_TEST

START_TEST(client_where_names_the_server_that_is_asked)
{
	struct rig rig;
	size_t home;

	make_many("where");
	open_all(&rig, "prefix: \"pre:\"\n");
	ck_assert_int_eq(rig_run(&rig, TENON_GET, many_items, 200, 0), 0);
	for (size_t i = 0; i < 200; i++) {
		ck_assert_int_eq(tenon_client_where(rig.client,
						    many_items[i].key, &home,
						    &rig.err),
				 0);
		ck_assert_uint_eq(rig.results[i].server, home);
	}
	ck_assert_int_eq(tenon_client_where(rig.client, slice("a b"), &home,
					    &rig.err),
			 TENON_EKEY);
	rig_close(&rig);
}
END_TEST

/* ---- ways to a server ---------------------------------------------------- */

START_TEST(names_are_resolved)
{
	char line[64];
	struct rig rig = { 0 };

	if (!fake_has_localhost()) {
		dprintf(STDOUT_FILENO,
			"# localhost has no address here, names are not tested\n");
		return;
	}
	snprintf(line, sizeof(line), "localhost:%s",
		 strrchr(servers[1].address, ':') + 1);
	rig_open_one(&rig, line, NULL);
	ck_assert_int_eq(rig_set(&rig, "name:1", "x"), TENON_STORED);
	tenon_client_disconnect(rig.client);
	check_value(&rig, "name:1", "x");
	rig_close(&rig);
}
END_TEST

START_TEST(ipv6_works_where_the_machine_has_it)
{
	struct memcached six;
	struct rig rig = { 0 };

	if (!fake_has_ipv6()) {
		dprintf(STDOUT_FILENO, "# no ::1 here, IPv6 is not tested\n");
		return;
	}
	ck_assert(memcached_start(&six, MEMCACHED_INET6, NULL));
	rig_open_one(&rig, six.address, NULL);
	ck_assert_int_eq(rig_set(&rig, "six:1", "x"), TENON_STORED);
	check_value(&rig, "six:1", "x");
	rig_close(&rig);
	memcached_stop(&six);
}
END_TEST

START_TEST(a_server_that_restarts_is_used_again)
{
	struct memcached first, second;
	char line[160];
	const char *spec = line;
	struct rig rig = { 0 };

	ck_assert(memcached_start(&first, (enum memcached_family)_i, NULL));
	ck_assert(memcached_start(&second, (enum memcached_family)_i, NULL));
	snprintf(line, sizeof(line), "%s a", first.address);
	rig_open_one(&rig, line, "retry_timeout: 0s\n");
	ck_assert_int_eq(rig_set(&rig, "re:1", "x"), TENON_STORED);
	memcached_stop(&first);
	ck_assert_int_lt(rig_get(&rig, "re:1"), 0);
	snprintf(line, sizeof(line), "%s a", second.address);
	ck_assert_int_eq(
		tenon_client_update_servers(rig.client, &spec, 1, &rig.err), 0);
	ck_assert_int_eq(rig_get(&rig, "re:1"), TENON_MISS);
	ck_assert_int_eq(rig_set(&rig, "re:1", "y"), TENON_STORED);
	check_value(&rig, "re:1", "y");
	rig_close(&rig);
	memcached_stop(&second);
}
END_TEST

START_TEST(a_stopped_process_times_out_and_works_when_it_goes_on)
{
	struct memcached own;
	struct rig rig = { 0 };

	ck_assert(memcached_start(&own, MEMCACHED_INET, NULL));
	rig_open_one(&rig, own.address,
		     "poll_timeout: 1500ms\nretry_timeout: 0s\n");
	ck_assert_int_eq(rig_set(&rig, "stop:1", "x"), TENON_STORED);
	memcached_freeze(&own);
	ck_assert_int_eq(rig_get(&rig, "stop:1"), TENON_ETIMEDOUT);
	memcached_thaw(&own);
	check_value(&rig, "stop:1", "x");
	rig_close(&rig);
	memcached_stop(&own);
}
END_TEST

/* ---- list ---------------------------------------------------------------- */

static TCase *server_case(Suite *suite, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_unchecked_fixture(tc, start_servers, stop_servers);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	return tc;
}

static void add_verbs(TCase *tc)
{
	tcase_add_test(tc, set_then_get_gives_value_and_flags);
	tcase_add_test(tc, add_and_replace_look_whether_the_key_exists);
	tcase_add_test(tc, append_and_prepend_extend_an_existing_value);
	tcase_add_test(tc, cas_stores_only_over_an_unchanged_value);
	tcase_add_test(tc, delete_removes_the_key);
	tcase_add_test(tc, a_negative_exptime_expires_at_once);
	tcase_add_test(tc, gat_and_gats_read_and_touch);
	tcase_add_test(tc, incr_wraps_and_decr_stops_at_zero);
	tcase_add_test(tc, incr_of_a_word_is_the_servers_client_error);
	tcase_add_test(tc, each_function_for_one_key_runs_its_verb);
}

static void add_values(TCase *tc)
{
	LOOP(tc, binary_values_of_any_length_come_back, COUNT(lengths));
	tcase_add_test(tc, values_of_all_lengths_come_back_in_one_call);
	LOOP(tc, item_max_is_exactly_the_limit_of_the_server, COUNT(edges));
	tcase_add_test(tc, an_item_larger_than_item_max_is_not_sent);
	tcase_add_test(tc,
		       a_value_that_the_server_refuses_costs_only_its_own_key);
	tcase_add_test(
		tc, a_noreply_value_that_the_server_refuses_confuses_nothing);
	tcase_add_test(tc, noreply_commands_are_done_before_the_next_reply);
	tcase_add_test(tc, a_value_full_of_commands_stays_a_value);
	tcase_add_test(tc, values_live_until_the_next_operation);
}

static void add_many(TCase *tc)
{
	tcase_add_test(
		tc, thousands_of_keys_over_several_servers_come_back_by_index);
	tcase_add_test(tc,
		       thousands_of_keys_can_be_touched_and_read_in_one_call);
	tcase_add_test(tc, every_verb_takes_many_keys);
	tcase_add_test(tc, keys_of_250_bytes_in_thousands_come_back);
	tcase_add_test(tc,
		       duplicates_and_refused_keys_do_not_hinder_the_others);
	LOOP(tc, a_hundred_thousand_sets_in_one_call_do_not_deadlock,
	     COUNT(floods));
	LOOP(tc, a_hundred_thousand_noreply_sets_in_one_call_arrive,
	     COUNT(floods));
}

static void add_servers(TCase *tc)
{
	tcase_add_test(tc, version_and_stats_answer_for_every_server);
	tcase_add_test(tc, flush_all_empties_every_server_when_it_is_enabled);
	tcase_add_test(tc, the_servers_of_a_client_are_described);
	tcase_add_test(tc, client_where_names_the_server_that_is_asked);
	tcase_add_test(tc, names_are_resolved);
	tcase_add_test(tc, ipv6_works_where_the_machine_has_it);
	tcase_add_loop_test(tc, a_server_that_restarts_is_used_again,
			    MEMCACHED_UNIX, MEMCACHED_INET + 1);
	tcase_add_test(tc,
		       a_stopped_process_times_out_and_works_when_it_goes_on);
}

int main(void)
{
	Suite *suite;

	memcached_require();
	scratch_begin();
	suite = suite_create("client");
	add_verbs(server_case(suite, "verbs"));
	add_values(server_case(suite, "values"));
	add_many(server_case(suite, "many keys"));
	add_servers(server_case(suite, "servers"));
	return suite_run(suite);
}
