/* SPDX-License-Identifier: BSD-3-Clause */
/* Routing keys: the server of an item is decided by another key than its own. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "api/client.h"
#include "fakes/memcached.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "operation/round.h"
#include "runner/suite.h"
#include "tenon/ring.h"

#define SERVERS 3
#define KEYS 300

static struct memcached servers[SERVERS];
static struct rig rig;
static char keys[KEYS][16];
static char groups[KEYS][16];
static struct tenon_item items[KEYS];

static void open_servers(const char *settings)
{
	const char *lines[SERVERS];

	for (size_t i = 0; i < SERVERS; i++) {
		lines[i] = servers[i].address;
	}
	memset(&rig, 0, sizeof(rig));
	rig_open_at(&rig, lines, SERVERS, settings);
}

static void start(void)
{
	for (size_t i = 0; i < SERVERS; i++) {
		ck_assert(memcached_start(&servers[i], MEMCACHED_UNIX, NULL));
	}
}

static void stop(void)
{
	rig_close(&rig);
	for (size_t i = 0; i < SERVERS; i++) {
		memcached_stop(&servers[i]);
	}
}

/* The home server of a key, without a prefix. */
static size_t home_of(const char *key)
{
	size_t home;

	ck_assert_int_eq(
		tenon_client_where(rig.client, slice(key), &home, &rig.err), 0);
	return home;
}

/* Make items, of which one in `nth` has a routing key. */
static void make_items(size_t nth)
{
	for (size_t i = 0; i < KEYS; i++) {
		snprintf(keys[i], sizeof(keys[i]), "k%zu", i);
		snprintf(groups[i], sizeof(groups[i]), "group %zu", i / 10);
		items[i] = item(keys[i], keys[i]);
		if (i % nth == 0) {
			items[i].routing_key = slice(groups[i]);
		}
	}
}

static const struct {
	size_t count, nth;
} calls[] = {
	{ 1, 1 },
	{ 2, 1 },
	{ KEYS, 1 },
	{ KEYS, 3 },
	{ KEYS, KEYS }, /* the first only */
};

START_TEST(a_routing_key_decides_the_server_of_its_item_only)
{
	size_t homes[KEYS];
	size_t moved = 0;

	open_servers(NULL);
	make_items(calls[_i].nth);
	for (size_t i = 0; i < calls[_i].count; i++) {
		size_t usual = home_of(keys[i]);

		ck_assert_int_eq(tenon_client_where_item(rig.client, &items[i],
							 &homes[i], &rig.err),
				 0);
		moved += homes[i] != usual;
		ck_assert(items[i].routing_key.len > 0 || homes[i] == usual);
	}
	ck_assert(calls[_i].count < KEYS || calls[_i].nth > 3 ||
		  moved > KEYS / 10);
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, calls[_i].count, 0), 0);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, calls[_i].count, 0), 0);
	for (size_t i = 0; i < calls[_i].count; i++) {
		ck_assert(result_value_is(&rig.results[i], keys[i],
					  strlen(keys[i])));
		ck_assert_uint_eq(rig.results[i].server, homes[i]);
	}
}
END_TEST

START_TEST(a_routing_key_has_no_prefix)
{
	size_t homes[20];

	open_servers(NULL);
	for (size_t i = 0; i < COUNT(homes); i++) {
		snprintf(groups[i], sizeof(groups[i]), "group%zu", i);
		homes[i] = home_of(groups[i]);
	}
	rig_close(&rig);
	open_servers("prefix: \"app:\"\n");
	for (size_t i = 0; i < COUNT(homes); i++) {
		struct tenon_item one = item("k", "v");
		size_t home;

		one.routing_key = slice(groups[i]);
		ck_assert_int_eq(tenon_client_where_item(rig.client, &one,
							 &home, &rig.err),
				 0);
		ck_assert_uint_eq(home, homes[i]);
		ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0),
				 TENON_STORED);
		ck_assert_uint_eq(rig.result.server, homes[i]);
	}
}
END_TEST

/* Longer than a key may be, with bytes that a key may not have. */
START_TEST(a_routing_key_may_be_any_bytes)
{
	static char bytes[1000];
	struct tenon_item one = item("k", "v");
	size_t home;

	open_servers(NULL);
	memset(bytes, ' ', sizeof(bytes));
	bytes[500] = '\0';
	bytes[501] = '\n';
	one.routing_key = (struct tenon_slice){ bytes, sizeof(bytes) };
	ck_assert_int_eq(
		tenon_client_where_item(rig.client, &one, &home, &rig.err), 0);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	ck_assert_uint_eq(rig.result.server, home);
	ck_assert_int_eq(rig_one(&rig, TENON_GET, &one, 0), TENON_HIT);
}
END_TEST

static const struct {
	enum tenon_verb verb;
	int status;
} verbs[] = {
	{ TENON_GET, TENON_HIT },	{ TENON_GETS, TENON_HIT },
	{ TENON_GAT, TENON_HIT },	{ TENON_GATS, TENON_HIT },
	{ TENON_SET, TENON_STORED },	{ TENON_ADD, TENON_NOT_STORED },
	{ TENON_REPLACE, TENON_STORED }, { TENON_APPEND, TENON_STORED },
	{ TENON_PREPEND, TENON_STORED }, { TENON_CAS, TENON_EXISTS },
	{ TENON_DELETE, TENON_DELETED }, { TENON_TOUCH, TENON_TOUCHED },
	{ TENON_INCR, TENON_HIT },	{ TENON_DECR, TENON_HIT },
};

START_TEST(every_verb_reads_the_routing_key)
{
	struct tenon_item one = item("7", "7");
	char group[16];

	open_servers(NULL);
	unsigned nth = 0;
	do {
		snprintf(group, sizeof(group), "g%u", nth++);
	} while (home_of(group) == home_of("7"));
	one.routing_key = slice(group);
	one.delta = 1;
	one.cas = 1 << 20;
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	ck_assert_int_eq(rig_one(&rig, verbs[_i].verb, &one, 0),
			 verbs[_i].status);
	ck_assert_uint_eq(rig.result.server, home_of(group));
	/* without the routing key, another server is asked, which has nothing */
	ck_assert_int_eq(rig_get(&rig, "7"), TENON_MISS);
}
END_TEST

static uint32_t locate_by_bytes(const void *self,
				const struct tenon_ring_key *key)
{
	(void)self;
	return *(const unsigned char *)key->key % SERVERS;
}

/* A distribution may look at the bytes in place of the hash. */
START_TEST(a_distribution_gets_the_bytes_of_the_routing_key)
{
	struct tenon_distribution_ops by_bytes;

	open_servers(NULL);
	struct tenon__assembly *assembly =
		(struct tenon__assembly *)rig.client->operation.assembly;
	const struct tenon_distribution_ops *usual = assembly->distribution;

	by_bytes = *usual;
	by_bytes.locate = locate_by_bytes;
	assembly->distribution = &by_bytes;
	for (unsigned char byte = 0; byte < SERVERS; byte++) {
		struct tenon_item one = item("k", "v");

		one.routing_key = (struct tenon_slice){ &byte, 1 };
		ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0),
				 TENON_STORED);
		ck_assert_uint_eq(rig.result.server, byte);
		/* for the codecs, which ask for the home server after a round */
		ck_assert_uint_eq(tenon__round_home(&rig.client->operation, 0),
				  byte);
	}
	assembly->distribution = usual;
}
END_TEST

/* Server 0 for the keys that a plugin may get, server 1 for longer ones. */
static uint32_t locate_by_length(const void *self,
				 const struct tenon_ring_key *key)
{
	(void)self;
	return key->key_len > TENON_KEY_MAX_BYTES;
}

/* distribution.h promises at most TENON_KEY_MAX_BYTES bytes; the hash is that of all bytes. */
START_TEST(a_distribution_gets_the_beginning_of_a_long_routing_key)
{
	struct tenon_distribution_ops by_length;
	struct tenon_item one = item("k", "v");
	struct tenon_route route;
	char group[1000];
	size_t home;

	open_servers(NULL);
	struct tenon__assembly *assembly =
		(struct tenon__assembly *)rig.client->operation.assembly;
	const struct tenon_distribution_ops *usual = assembly->distribution;

	by_length = *usual;
	by_length.locate = locate_by_length;
	assembly->distribution = &by_length;
	memset(group, 'g', sizeof(group));
	one.routing_key = (struct tenon_slice){ group, sizeof(group) };
	ck_assert_int_eq(
		tenon_client_where_item(rig.client, &one, &home, &rig.err), 0);
	ck_assert_uint_eq(home, 0);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	ck_assert_uint_eq(rig.result.server, 0);
	ck_assert_uint_eq(tenon__round_home(&rig.client->operation, 0), 0);
	assembly->distribution = usual;
	ck_assert_int_eq(
		tenon_client_route(rig.client, &one, &route, &rig.err), 0);
	ck_assert_uint_eq(route.hashed.len, sizeof(group));
	ck_assert_uint_eq(route.hash,
			  assembly->hash.ops->hash(assembly->hash.self, group,
						   sizeof(group)));
}
END_TEST

/* One key may be there twice, with two routing keys: these are two items. */
START_TEST(a_key_with_two_routing_keys_is_two_items)
{
	struct tenon_item two[] = { item("k", "one"), item("k", "two") };
	char group[2][16];

	open_servers(NULL);
	for (size_t i = 0; i < 2; i++) {
		unsigned nth = 0;

		do {
			snprintf(group[i], sizeof(group[i]), "g%u", nth++);
		} while (home_of(group[i]) != i);
		two[i].routing_key = slice(group[i]);
	}
	ck_assert_int_eq(rig_run(&rig, TENON_SET, two, 2, 0), 0);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, two, 2, 0), 0);
	ck_assert(result_value_is(&rig.results[0], "one", 3));
	ck_assert(result_value_is(&rig.results[1], "two", 3));
}
END_TEST

START_TEST(a_wrong_key_is_refused_with_a_routing_key_too)
{
	struct tenon_item one = item("a b", "v");
	size_t home;

	open_servers(NULL);
	one.routing_key = slice("group");
	ck_assert_int_eq(
		tenon_client_where_item(rig.client, &one, &home, &rig.err),
		TENON_EKEY);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_EKEY);
}
END_TEST

/* The next server is the next one of the routing key, also within the call in which one fails. */
START_TEST(failover_goes_by_the_routing_key)
{
	size_t nexts[20], homes[20];

	open_servers("failover: eject\n" RETRY_NEVER);
	memcached_stop(&servers[0]);
	for (size_t i = 0; i < COUNT(nexts); i++) {
		snprintf(groups[i], sizeof(groups[i]), "group%zu", i);
		homes[i] = home_of(groups[i]);
		ck_assert_int_eq(rig_get(&rig, groups[i]), TENON_MISS);
		nexts[i] = rig.result.server;
	}
	rig_close(&rig);
	open_servers("failover: eject\n" RETRY_NEVER);
	for (size_t i = 0; i < COUNT(nexts); i++) {
		items[i] = item("k", NULL);
		items[i].routing_key = slice(groups[i]);
	}
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, COUNT(nexts), 0), 0);
	for (size_t i = 0; i < COUNT(nexts); i++) {
		ck_assert_uint_eq(rig.results[i].server, nexts[i]);
		ck_assert(homes[i] == 0 || nexts[i] == homes[i]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("routing");
	TCase *tcase = tcase_create("routing keys");

	scratch_begin();
	memcached_require();
	tcase_add_checked_fixture(tcase, start, stop);
	LOOP(tcase, a_routing_key_decides_the_server_of_its_item_only,
	     COUNT(calls));
	tcase_add_test(tcase, a_routing_key_has_no_prefix);
	tcase_add_test(tcase, a_routing_key_may_be_any_bytes);
	LOOP(tcase, every_verb_reads_the_routing_key, COUNT(verbs));
	tcase_add_test(tcase, a_distribution_gets_the_bytes_of_the_routing_key);
	tcase_add_test(tcase,
		       a_distribution_gets_the_beginning_of_a_long_routing_key);
	tcase_add_test(tcase, a_key_with_two_routing_keys_is_two_items);
	tcase_add_test(tcase, a_wrong_key_is_refused_with_a_routing_key_too);
	tcase_add_test(tcase, failover_goes_by_the_routing_key);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
