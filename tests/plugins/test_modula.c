/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Remainders: the places of libmemcached, twemproxy, python-memcached and mcrouter, weights, and
 * the servers after the home server.
 */
#include <stdio.h>
#include <string.h>

#include "fakes/random.h"
#include "plugins/ring_file.h"
#include "runner/suite.h"

#define LIBMEMCACHED "{weights: ignored, hash_bits: 32}"
#define TWEMPROXY "{order: twemproxy, weights: repeat, hash_bits: 32}"
#define MCROUTER "{weights: ignored, hash_bits: 31}"
#define PYTHON_MEMCACHED "{weights: repeat, next: rehash}"

/* Three files of libmemcached or twemproxy with one hash. */
#define LIBMEMCACHED_FILES(peer_hash, hash)                                    \
	{ "libmemcached-modula-" peer_hash "-0", "modula", LIBMEMCACHED, hash, \
	  100 },                                                               \
	{ "libmemcached-modula-" peer_hash "-1", "modula", LIBMEMCACHED, hash, \
	  100 },                                                               \
	{ "libmemcached-modula-" peer_hash "-2", "modula", LIBMEMCACHED, hash, \
	  100 }
#define TWEMPROXY_FILES(peer_hash, hash)                                       \
	{ "twemproxy-modula-" peer_hash "-plain", "modula", TWEMPROXY, hash,   \
	  120 },                                                               \
	{ "twemproxy-modula-" peer_hash "-weighted", "modula", TWEMPROXY,      \
	  hash, 120 },                                                         \
	{ "twemproxy-modula-" peer_hash "-namedw", "modula", TWEMPROXY, hash,  \
	  120 }

/* Servers that are not in the order of their names. */
#define INTEROP_FILE(servers)                                                  \
	{ "../interop/twemproxy-modula-md5-" servers, "modula", TWEMPROXY,     \
	  "md5", 300 }

static const struct ring_file files[] = {
	LIBMEMCACHED_FILES("crc", "crc"),
	LIBMEMCACHED_FILES("fnv1_32", "fnv1_32"),
	LIBMEMCACHED_FILES("fnv1_64", "fnv1_64"),
	LIBMEMCACHED_FILES("fnv1a_32", "fnv1a_32"),
	LIBMEMCACHED_FILES("fnv1a_64", "fnv1a_64"),
	LIBMEMCACHED_FILES("jenkins", "jenkins"),
	LIBMEMCACHED_FILES("md5", "md5"),
	LIBMEMCACHED_FILES("murmur", "murmur"),
	LIBMEMCACHED_FILES("murmur3", "murmur3"),
	LIBMEMCACHED_FILES("one_at_a_time", "one_at_a_time"),
	TWEMPROXY_FILES("crc16", "crc16"),
	TWEMPROXY_FILES("crc32", "crc"),
	TWEMPROXY_FILES("crc32a", "crc32"),
	TWEMPROXY_FILES("fnv1_32", "fnv1_32"),
	TWEMPROXY_FILES("fnv1_64", "fnv1_64"),
	TWEMPROXY_FILES("fnv1a_32", "fnv1a_32"),
	TWEMPROXY_FILES("fnv1a_64", "fnv1a_64"),
	TWEMPROXY_FILES("hsieh", "hsieh"),
	TWEMPROXY_FILES("jenkins", "jenkins"),
	TWEMPROXY_FILES("md5", "md5"),
	TWEMPROXY_FILES("murmur", "murmur"),
	TWEMPROXY_FILES("one_at_a_time", "one_at_a_time"),
	{ "python-memcached-modula-crc-3", "modula", PYTHON_MEMCACHED, "crc",
	  100 },
	{ "python-memcached-modula-crc-8", "modula", PYTHON_MEMCACHED, "crc",
	  100 },
	{ "python-memcached-modula-crc-20", "modula", PYTHON_MEMCACHED, "crc",
	  100 },
	{ "python-memcached-tries-crc-3", "modula", PYTHON_MEMCACHED, "crc",
	  100 },
	{ "python-memcached-tries-crc-8", "modula", PYTHON_MEMCACHED, "crc",
	  100 },
	{ "python-memcached-tries-crc-20", "modula", PYTHON_MEMCACHED, "crc",
	  100 },
	INTEROP_FILE("default-port-weights"),
	INTEROP_FILE("name-weights"),
	INTEROP_FILE("names"),
	INTEROP_FILE("ports"),
	INTEROP_FILE("socket-names"),
	INTEROP_FILE("sockets"),
	INTEROP_FILE("weights"),
	{ "mcrouter-modula-crc32-3", "modula", MCROUTER, "crc32", 100 },
	{ "mcrouter-modula-crc32-20", "modula", MCROUTER, "crc32", 100 },
};
#define FILES_COUNT (sizeof(files) / sizeof(files[0]))

START_TEST(every_key_is_where_the_peer_puts_it)
{
	ring_file_check(&files[_i]);
}
END_TEST

/* ---- known servers ------------------------------------------------------ */

static const struct tenon_ring_server three[] = {
	{ NULL, "10.0.0.1", 11211, 1, 0, 0 },
	{ NULL, "10.0.0.2", 11211, 1, 0, 0 },
	{ NULL, "10.0.0.3", 11212, 1, 0, 0 },
};

/* The home servers of "key:0" ... "key:11". */
static const struct {
	const char *options;
	const char *hash;
	uint32_t homes[12];
} published[] = {
	{ LIBMEMCACHED, "one_at_a_time",
	  { 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 2, 2 } },
	{ PYTHON_MEMCACHED, "crc", { 0, 2, 0, 0, 2, 2, 2, 2, 2, 2, 0, 2 } },
	{ LIBMEMCACHED, "md5", { 1, 2, 2, 2, 1, 1, 0, 2, 2, 1, 2, 0 } },
	/* gomemcache, and mcrouter's Crc32 */
	{ "{weights: ignored}", "crc32", { 1, 0, 2, 2, 2, 1, 2, 1, 1, 1, 1, 1 } },
	{ MCROUTER, "crc32", { 1, 0, 0, 0, 2, 1, 0, 2, 1, 1, 1, 1 } },
};

START_TEST(published_homes_are_found)
{
	const struct tenon_hash *hash = subject_hash(published[_i].hash);
	struct ring ring;

	ring_make(&ring, "modula", published[_i].options, three, 3, hash);
	for (unsigned n = 0; n < 12; n++) {
		char key[16];
		int len = snprintf(key, sizeof(key), "key:%u", n);

		ck_assert_uint_eq(ring_home(&ring, hash, key, (size_t)len),
				  published[_i].homes[n]);
	}
	ring_free(&ring);
}
END_TEST

/* ---- arithmetic --------------------------------------------------------- */

static uint32_t home(const struct ring *ring, uint64_t hash)
{
	const struct tenon_ring_key key = { hash, "", 0 };

	return ring->ops->locate(ring->self, &key);
}

static void fill(struct tenon_ring_server *servers, uint32_t count,
		 const uint32_t *weights)
{
	for (uint32_t i = 0; i < count; i++) {
		servers[i] = (struct tenon_ring_server){
			.host = "h", .port = 1 + i, .weight = weights[i]
		};
	}
}

/* Weights that differ, that are equal, and the largest. */
static const uint32_t weight_lists[][5] = { { 1, 2, 3, 1, 7 },
					    { 9, 1, 1, 1, 1 },
					    { 1, 1, 1, 1, 9 },
					    { 4, 4, 4, 4, 4 },
					    { 1, 1, 1, 1, 1 },
					    { 1000, 999, 1000, 1000, 1 } };

START_TEST(a_server_has_as_many_places_as_its_weight)
{
	const uint32_t *weights = weight_lists[_i];
	struct tenon_ring_server servers[5];
	struct ring ring;
	uint64_t hash = 0;

	fill(servers, 5, weights);
	ring_make(&ring, "modula", NULL, servers, 5, NULL);
	for (unsigned round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 5; i++) {
			for (uint32_t n = 0; n < weights[i]; n++) {
				ck_assert_uint_eq(home(&ring, hash++), i);
			}
		}
	}
	ck_assert_uint_eq(home(&ring, hash), 0);
	ck_assert_uint_eq(ring_traits(&ring),
			  TENON_RING_ORDERED | TENON_RING_NO_NAMES);
	ring_free(&ring);
}
END_TEST

START_TEST(weights_that_are_ignored_count_one)
{
	struct tenon_ring_server servers[5];
	struct ring ring;

	fill(servers, 5, weight_lists[0]);
	ring_make(&ring, "modula", "{weights: ignored}", servers, 5, NULL);
	for (uint64_t hash = 0; hash < 20; hash++) {
		ck_assert_uint_eq(home(&ring, hash), hash % 5);
	}
	ck_assert_uint_eq(ring_traits(&ring),
			  TENON_RING_ORDERED | TENON_RING_NO_NAMES |
				  TENON_RING_NO_WEIGHT);
	ring_free(&ring);
}
END_TEST

static const int bit_counts[] = { 1, 15, 31, 32, 63, 64 };

START_TEST(other_bits_of_a_hash_are_cleared)
{
	int bits = bit_counts[_i];
	uint64_t mask = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
	char options[32];
	uint64_t seed = 7;
	struct ring ring;

	snprintf(options, sizeof(options), "{hash_bits: %d}", bits);
	ring_make(&ring, "modula", options, three, 3, NULL);
	for (unsigned i = 0; i < 200; i++) {
		uint64_t hash = random_next(&seed);

		ck_assert_uint_eq(home(&ring, hash), (hash & mask) % 3);
	}
	ring_free(&ring);
}
END_TEST

/* ---- the servers after the home server ---------------------------------- */

START_TEST(next_servers_come_by_position)
{
	struct tenon_ring_server servers[5];
	struct ring ring;

	fill(servers, 5, weight_lists[0]);
	ring_make(&ring, "modula", NULL, servers, 5, NULL);
	for (uint64_t hash = 0; hash < 14; hash++) {
		for (uint32_t nth = 0; nth < 5; nth++) {
			ck_assert_uint_eq(ring_nth(&ring, hash, "", 0, nth),
					  (home(&ring, hash) + nth) % 5);
		}
		ck_assert_uint_eq(ring_nth(&ring, hash, "", 0, 5),
				  TENON_NO_SERVER);
	}
	ring_free(&ring);
}
END_TEST

/* The names are, in this order: "b", "ab", "/s:", "h:1", "zzzz". */
START_TEST(next_servers_come_in_the_order_of_names)
{
	static const struct tenon_ring_server servers[] = {
		{ "zzzz", "h", 4, 1, 0, 0 },
		{ NULL, "h", 1, 1, 0, 0 },
		{ NULL, "ab", 11211, 1, 0, 0 },
		{ NULL, "/s", 0, 1, 0, 0 },
		{ "b", "h", 5, 1, 0, 0 },
	};
	static const uint32_t ranks[] = { 4, 2, 3, 1, 0 };
	struct ring ring;

	ring_make(&ring, "modula", TWEMPROXY, servers, 5, NULL);
	for (uint64_t hash = 0; hash < 5; hash++) {
		for (uint32_t nth = 0; nth < 5; nth++) {
			ck_assert_uint_eq(ring_nth(&ring, hash, "", 0, nth),
					  ranks[(hash + nth) % 5]);
		}
	}
	ck_assert_uint_eq(ring_traits(&ring), 0);
	ring_free(&ring);
}
END_TEST

/* Names that are equal keep the order of the config. A name may be as long as an address can be. */
START_TEST(names_may_be_long_and_equal)
{
	char name[256];
	struct tenon_ring_server servers[] = {
		{ NULL, name, 65535, 1, 0, 0 },
		{ NULL, name, 65535, 1, 0, 0 },
		{ name, "h", 1, 1, 0, 0 },
	};
	static const uint32_t ranks[] = { 2, 0, 1 };
	struct ring ring;

	memset(name, 'n', 255);
	name[255] = '\0';
	ring_make(&ring, "modula", TWEMPROXY, servers, 3, NULL);
	for (uint64_t hash = 0; hash < 3; hash++) {
		ck_assert_uint_eq(home(&ring, hash), ranks[hash]);
	}
	ring_free(&ring);
}
END_TEST

/* A hash that gives the same for all keys, and counts the keys. */
static unsigned asked;
static char last_asked[64];

static uint64_t same_hash(const void *self, const void *key, size_t key_len)
{
	(void)self;
	ck_assert_uint_lt(key_len, sizeof(last_asked));
	memcpy(last_asked, key, key_len);
	last_asked[key_len] = '\0';
	asked++;
	return UINT64_MAX;
}

static const struct tenon_hash_ops same_ops = { .size = sizeof(same_ops),
						.hash = same_hash,
						.bits = 64 };

/* modula.c: 10 tries, the home server's included. */
START_TEST(rehash_gives_up_after_ten_tries)
{
	const struct tenon_hash same = { NULL, &same_ops };
	static const uint32_t ones[15] = { 1, 1, 1, 1, 1, 1, 1, 1,
					   1, 1, 1, 1, 1, 1, 1 };
	struct tenon_ring_server servers[15];
	uint32_t first = UINT64_MAX % 15;
	struct ring ring;

	fill(servers, 15, ones);
	ring_make(&ring, "modula", "{next: rehash}", servers, 15, &same);
	asked = 0;
	ck_assert_uint_eq(ring_nth(&ring, UINT64_MAX, "", 0, 0), first);
	ck_assert_uint_eq(asked, 0);
	for (uint32_t nth = 1; nth < 15; nth++) {
		ck_assert_uint_eq(ring_nth(&ring, UINT64_MAX, "", 0, nth),
				  (first + nth) % 15);
	}
	/* the longest text that is hashed */
	ck_assert_str_eq(last_asked, "184467440737095516158");
	ck_assert_uint_eq(ring_nth(&ring, UINT64_MAX, "", 0, 15),
			  TENON_NO_SERVER);
	ring_free(&ring);
}
END_TEST

START_TEST(hash_bits_are_one_to_sixty_four)
{
	const struct tenon__plugin *modula =
		subject_named(TENON_KIND_DISTRIBUTION, "modula");

	subject_option_ends_at(modula, "hash_bits", "64", "65");
	subject_option_ends_at(modula, "hash_bits", "1", "0");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("modula");
	TCase *tcase = tcase_create("peers");

	tcase_add_loop_test(tcase, every_key_is_where_the_peer_puts_it, 0,
			    FILES_COUNT);
	tcase_add_loop_test(tcase, published_homes_are_found, 0,
			    sizeof(published) / sizeof(published[0]));
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("arithmetic");
	tcase_add_loop_test(tcase, a_server_has_as_many_places_as_its_weight,
			    0, sizeof(weight_lists) / sizeof(weight_lists[0]));
	tcase_add_test(tcase, weights_that_are_ignored_count_one);
	tcase_add_loop_test(tcase, other_bits_of_a_hash_are_cleared, 0,
			    sizeof(bit_counts) / sizeof(bit_counts[0]));
	tcase_add_test(tcase, hash_bits_are_one_to_sixty_four);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("next");
	tcase_add_test(tcase, next_servers_come_by_position);
	tcase_add_test(tcase, next_servers_come_in_the_order_of_names);
	tcase_add_test(tcase, names_may_be_long_and_equal);
	tcase_add_test(tcase, rehash_gives_up_after_ten_tries);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
