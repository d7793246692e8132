/* SPDX-License-Identifier: BSD-3-Clause */
/* Jump consistent hash: answers of memcached's function, and the servers after the home server. */
#include <stdio.h>
#include <stdlib.h>

#include "fakes/random.h"
#include "plugins/ring_file.h"
#include "runner/suite.h"
#include "vectors/jump.h"

#define SERVERS 10

static struct tenon_ring_server *make_servers(uint32_t count)
{
	struct tenon_ring_server *servers = calloc(count, sizeof(*servers));

	ck_assert_ptr_nonnull(servers);
	for (uint32_t i = 0; i < count; i++) {
		servers[i] = (struct tenon_ring_server){ .host = "h",
							 .port = 1 + i,
							 .weight = 1 };
	}
	return servers;
}

static void make(struct ring *ring, uint32_t count)
{
	struct tenon_ring_server *servers = make_servers(count);

	ring_make(ring, "jump", NULL, servers, count, NULL);
	free(servers);
}

static uint32_t home(const struct ring *ring, uint64_t hash)
{
	const struct tenon_ring_key key = { hash, "", 0 };

	return ring->ops->locate(ring->self, &key);
}

static const struct ring_file files[] = {
	{ "memcached-jump-xxh3-2", "jump", NULL, "xxh3", 100 },
	{ "memcached-jump-xxh3-3", "jump", NULL, "xxh3", 100 },
	{ "memcached-jump-xxh3-8", "jump", NULL, "xxh3", 100 },
	{ "memcached-jump-xxh3-20", "jump", NULL, "xxh3", 100 },
	{ "memcached-jump-xxh3-100", "jump", NULL, "xxh3", 100 },
	{ "memcached-jump-xxh3-1000", "jump", NULL, "xxh3", 100 },
};
#define FILES_COUNT (sizeof(files) / sizeof(files[0]))

START_TEST(every_key_is_where_memcached_puts_it)
{
	ring_file_check(&files[_i]);
}
END_TEST

/* The homes of "key:0" ... "key:11" among 3 and among 10 servers. */
static const uint32_t published[2][12] = {
	{ 0, 1, 1, 0, 1, 0, 1, 1, 2, 2, 1, 2 },
	{ 0, 1, 8, 9, 8, 8, 5, 1, 2, 8, 8, 9 },
};

START_TEST(published_homes_are_found)
{
	const struct tenon_hash *xxh3 = subject_hash("xxh3");
	struct ring ring;

	make(&ring, _i ? 10 : 3);
	for (unsigned n = 0; n < 12; n++) {
		char key[16];
		int len = snprintf(key, sizeof(key), "key:%u", n);

		ck_assert_uint_eq(ring_home(&ring, xxh3, key, (size_t)len),
				  published[_i][n]);
	}
	ring_free(&ring);
}
END_TEST

START_TEST(hashes_are_where_memcached_puts_them)
{
	struct ring ring;

	make(&ring, jump_counts[_i]);
	for (size_t i = 0; i < sizeof(jump_rows) / sizeof(jump_rows[0]); i++) {
		ck_assert_uint_eq(home(&ring, jump_rows[i].hash),
				  jump_rows[i].servers[_i]);
	}
	ring_free(&ring);
}
END_TEST

/* The second servers of the keys of one home server are all other servers, about equally often. */
START_TEST(keys_of_a_server_go_on_to_all_other_servers)
{
	unsigned seconds[SERVERS] = { 0 };
	unsigned keys = 0;
	uint64_t seed = 3;
	struct ring ring;

	make(&ring, SERVERS);
	while (keys < 1000 * (SERVERS - 1)) {
		uint64_t hash = random_next(&seed);

		if (home(&ring, hash) == (uint32_t)_i) {
			seconds[ring_nth(&ring, hash, "", 0, 1)]++;
			keys++;
		}
	}
	ck_assert_uint_eq(seconds[_i], 0);
	for (int i = 0; i < SERVERS; i++) {
		ck_assert_msg(i == _i || (seconds[i] > 800 && seconds[i] < 1200),
			      "server %d has %u keys of server %d", i,
			      seconds[i], _i);
	}
	ring_free(&ring);
}
END_TEST

START_TEST(later_servers_come_by_position)
{
	uint64_t seed = 4;
	struct ring ring;

	make(&ring, SERVERS);
	for (unsigned i = 0; i < 500; i++) {
		uint64_t hash = random_next(&seed);
		uint32_t first = ring_nth(&ring, hash, "", 0, 0);
		uint32_t expected = ring_nth(&ring, hash, "", 0, 1);

		for (uint32_t nth = 1; nth < SERVERS; nth++) {
			ck_assert_uint_eq(ring_nth(&ring, hash, "", 0, nth),
					  expected);
			expected = (expected + 1) % SERVERS;
			if (expected == first) {
				expected = (expected + 1) % SERVERS;
			}
		}
	}
	ring_free(&ring);
}
END_TEST

START_TEST(ring_describes_itself)
{
	struct ring ring;

	make(&ring, SERVERS);
	ck_assert_uint_eq(ring_traits(&ring),
			  TENON_RING_NO_WEIGHT | TENON_RING_ORDERED |
				  TENON_RING_NO_NAMES);
	ring_free(&ring);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("jump");
	TCase *tcase = tcase_create("jump");

	subject_add_test_with(tcase, "hash_xxh3",
			      every_key_is_where_memcached_puts_it, 0,
			      FILES_COUNT);
	subject_add_test_with(tcase, "hash_xxh3", published_homes_are_found, 0,
			      2);
	tcase_add_loop_test(tcase, hashes_are_where_memcached_puts_them, 0,
			    JUMP_COUNTS);
	tcase_add_loop_test(tcase, keys_of_a_server_go_on_to_all_other_servers,
			    0, SERVERS);
	tcase_add_test(tcase, later_servers_come_by_position);
	tcase_add_test(tcase, ring_describes_itself);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
