/* SPDX-License-Identifier: BSD-3-Clause */
/* Ch3 and WeightedCh3: answers of mcrouter's functions, and the servers after the home server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/ring_file.h"
#include "runner/suite.h"

/* 8 servers after the home server: the low bits of a number would choose among them. */
#define SERVERS 9
#define TRIED "{weights: tried}"

static const struct ring_file files[] = {
	{ "mcrouter-ch3-2", "ch3", NULL, NULL, 100 },
	{ "mcrouter-ch3-3", "ch3", NULL, NULL, 100 },
	{ "mcrouter-ch3-8", "ch3", NULL, NULL, 100 },
	{ "mcrouter-ch3-20", "ch3", NULL, NULL, 100 },
	{ "mcrouter-ch3-100", "ch3", NULL, NULL, 100 },
	{ "mcrouter-ch3-1000", "ch3", NULL, NULL, 100 },
	{ "mcrouter-weighted-ch3-3", "ch3", TRIED, NULL, 100 },
	{ "mcrouter-weighted-ch3-8", "ch3", TRIED, NULL, 100 },
	{ "mcrouter-weighted-ch3-20", "ch3", TRIED, NULL, 100 },
	{ "mcrouter-weighted-ch3-light", "ch3", TRIED, NULL, 100 },
	{ "mcrouter-weighted-ch3-full", "ch3", TRIED, NULL, 100 },
	/* with the weight 1.0 everywhere, WeightedCh3 is Ch3 */
	{ "mcrouter-weighted-ch3-full", "ch3", NULL, NULL, 100 },
};
#define FILES_COUNT (sizeof(files) / sizeof(files[0]))

START_TEST(every_key_is_where_mcrouter_puts_it)
{
	ring_file_check(&files[_i]);
}
END_TEST

static void make(struct ring *ring, uint32_t count, const char *options)
{
	struct tenon_ring_server *servers = calloc(count, sizeof(*servers));

	ck_assert_ptr_nonnull(servers);
	for (uint32_t i = 0; i < count; i++) {
		servers[i] = (struct tenon_ring_server){
			.host = "h", .port = 1 + i % 65535,
			.weight = 1 + i % 1000, .weight_given = 1
		};
	}
	ring_make(ring, "ch3", options, servers, count, NULL);
	free(servers);
}

static uint32_t home(const struct ring *ring, const char *key)
{
	return ring_home(ring, NULL, key, strlen(key));
}

static const struct {
	const char *key;
	uint32_t homes[5]; /* among 2, 3, 5, 10 and 100 servers */
} published[] = {
	{ "foo", { 1, 1, 1, 1, 1 } },
	{ "key:1", { 1, 1, 1, 8, 51 } },
	{ "user:1234", { 0, 0, 0, 0, 51 } },
	{ "a", { 1, 1, 4, 4, 34 } },
};

START_TEST(published_homes_are_found)
{
	static const uint32_t counts[5] = { 2, 3, 5, 10, 100 };
	struct ring ring;

	make(&ring, counts[_i], NULL);
	for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++) {
		ck_assert_uint_eq(home(&ring, published[i].key),
				  published[i].homes[_i]);
	}
	ring_free(&ring);
}
END_TEST

/* The tree has its greatest depth, so that the stream of bits is as long as it can be. */
START_TEST(largest_ring_gives_each_half_its_keys)
{
	struct ring ring;
	unsigned upper = 0;

	make(&ring, 65535, _i ? TRIED : NULL);
	for (unsigned i = 0; i < 10000; i++) {
		char key[16];

		snprintf(key, sizeof(key), "key:%u", i);
		upper += home(&ring, key) >= 32768;
	}
	ck_assert_msg(upper > 4700 && upper < 5300,
		      "the upper half has %u of 10000 keys", upper);
	ring_free(&ring);
}
END_TEST

/* A salt needs room behind the longest key. The empty key is one that a rule such as hash_tag makes. */
START_TEST(shortest_and_longest_key_have_a_home)
{
	char key[TENON_KEY_MAX_BYTES];
	struct ring ring;

	memset(key, 'k', sizeof(key));
	make(&ring, 8, TRIED);
	for (size_t len = 0; len <= sizeof(key); len += sizeof(key)) {
		ck_assert_uint_lt(ring_home(&ring, NULL, key, len), 8);
	}
	ring_free(&ring);
}
END_TEST

START_TEST(keys_of_a_server_go_on_to_all_other_servers)
{
	unsigned seconds[SERVERS] = { 0 };
	struct ring ring;
	unsigned keys = 0;

	make(&ring, SERVERS, NULL);
	for (unsigned i = 0; keys < 500 * (SERVERS - 1); i++) {
		char key[16];
		int len = snprintf(key, sizeof(key), "key:%u", i);

		if (home(&ring, key) == (uint32_t)_i) {
			/* the hash of the key does not matter */
			seconds[ring_nth(&ring, i, key, (size_t)len, 1)]++;
			keys++;
		}
	}
	ck_assert_uint_eq(seconds[_i], 0);
	for (int i = 0; i < SERVERS; i++) {
		ck_assert_msg(i == _i || (seconds[i] > 350 && seconds[i] < 650),
			      "server %d has %u keys of server %d", i,
			      seconds[i], _i);
	}
	ring_free(&ring);
}
END_TEST

START_TEST(ring_describes_itself)
{
	uint32_t traits = TENON_RING_OWN_HASH | TENON_RING_ORDERED |
			  TENON_RING_NO_NAMES;
	struct tenon_ring_traits all = { .size = sizeof(all) };
	struct ring ring;

	make(&ring, SERVERS, NULL);
	ck_assert_uint_eq(ring_traits(&ring), traits | TENON_RING_NO_WEIGHT);
	ring_free(&ring);
	make(&ring, SERVERS, TRIED);
	ck_assert_uint_eq(ring_traits(&ring), traits);
	ring.ops->describe(ring.self, &all);
	ck_assert_uint_eq(all.absent_weight, 500);
	/* a host of an older version has no such field */
	all = (struct tenon_ring_traits){ .size = offsetof(struct tenon_ring_traits,
							   absent_weight) };
	ring.ops->describe(ring.self, &all);
	ck_assert_uint_eq(all.absent_weight, 0);
	ring_free(&ring);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ch3");
	TCase *tcase = tcase_create("mcrouter");

	tcase_add_loop_test(tcase, every_key_is_where_mcrouter_puts_it, 0,
			    FILES_COUNT);
	tcase_add_loop_test(tcase, published_homes_are_found, 0, 5);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("limits");
	tcase_add_loop_test(tcase, largest_ring_gives_each_half_its_keys, 0, 2);
	tcase_add_test(tcase, shortest_and_longest_key_have_a_home);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("next");
	tcase_add_loop_test(tcase, keys_of_a_server_go_on_to_all_other_servers,
			    0, SERVERS);
	tcase_add_test(tcase, ring_describes_itself);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
