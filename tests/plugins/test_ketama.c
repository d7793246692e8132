/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ring of libmc: libmc's vectors, the names of its points, and a model to compare
 * with.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/server_line.h"
#include "fakes/random.h"
#include "plugins/ketama_rig.h"
#include "runner/suite.h"

#define SERVERS_MAX  200
#define KEYS_IN_FILE 200

/* Make a ring with the default options. Returns the result of build. */
static int make(struct ring *ring, const struct tenon_ring_server *servers,
		uint32_t count, const struct tenon_hash *point_hash,
		struct tenon_error *err)
{
	const struct ring_setup setup = { .servers = servers,
					  .count = count,
					  .point_hash = point_hash };

	return ketama_make(ring, &setup, err);
}

/* ---- vectors from libmc ------------------------------------------------- */

static const char *const lists[] = { "one",  "mixed", "alias",	  "partial",
				     "unix", "n20",   "n20alias", "n200" };
static const char *const hashes[] = { "md5", "crc32", "fnv1_32", "fnv1a_32" };
#define LISTS_COUNT  (sizeof(lists) / sizeof(lists[0]))
#define HASHES_COUNT (sizeof(hashes) / sizeof(hashes[0]))

START_TEST(every_key_is_where_libmc_puts_it)
{
	const char *hash = hashes[(size_t)_i % HASHES_COUNT];
	char name[80];
	const struct ring_file file = { .name = name,
					.distribution = "ketama",
					.hash = hash,
					.keys = KEYS_IN_FILE };

	snprintf(name, sizeof(name), "../libmc/libmc-ketama-%s-%s", hash,
		 lists[(size_t)_i / HASHES_COUNT]);
	ring_file_check_of(&file, hash);
}
END_TEST

/* The first row holds for libmc and libmemcached, the second for libmc's aliases. */
static const struct {
	struct tenon_ring_server servers[3];
	uint32_t homes[12]; /* home servers of "key:0" ... "key:11" */
} published[] = {
	{ { { NULL, "10.0.0.1", 11211, 1, 0, 0 },
	    { NULL, "10.0.0.2", 11211, 1, 0, 0 },
	    { NULL, "10.0.0.3", 11212, 1, 0, 0 } },
	  { 1, 2, 1, 2, 2, 1, 1, 1, 2, 2, 2, 1 } },
	{ { { "mc.alpha", "10.0.0.1", 11211, 1, 0, 0 },
	    { "mc.beta", "10.0.0.2", 11211, 1, 0, 0 },
	    { "mc.gamma", "10.0.0.3", 11212, 1, 0, 0 } },
	  { 0, 2, 2, 1, 2, 2, 1, 2, 2, 1, 1, 2 } },
};

START_TEST(published_homes_are_found)
{
	const struct tenon_hash *md5 = subject_hash("md5");
	struct ring ring;

	ck_assert_int_eq(make(&ring, published[_i].servers, 3, md5, NULL), 0);
	for (unsigned n = 0; n < 12; n++) {
		char key[16];
		int len = snprintf(key, sizeof(key), "key:%u", n);

		ck_assert_uint_eq(locate(&ring, md5->ops->hash(md5->self, key,
							       (size_t)len)),
				  published[_i].homes[n]);
	}
	ring_free(&ring);
}
END_TEST

/* ---- names of points ---------------------------------------------------- */

static const struct {
	struct tenon_ring_server server;
	const char *first;
	const char *last;
	uint32_t points;
} names[] = {
	{ { NULL, "h", 11211, 1, 0, 0 }, "h-0", "h-99", 100 },
	{ { NULL, "h", 11212, 1, 0, 0 }, "h:11212-0", "h:11212-99", 100 },
	{ { NULL, "h", 1, 1, 0, 0 }, "h:1-0", "h:1-99", 100 },
	{ { NULL, "h", 65535, 1, 0, 0 }, "h:65535-0", "h:65535-99", 100 },
	{ { "a", "h", 11211, 1, 0, 0 }, "a-0", "a-99", 100 },
	{ { "a", "h", 11212, 1, 0, 0 }, "a-0", "a-99", 100 },
	{ { "a:1", "h", 1, 1, 0, 0 }, "a:1-0", "a:1-99", 100 },
	{ { NULL, "/run/a.sock", 0, 1, 0, 0 },
	  "/run/a.sock-0",
	  "/run/a.sock-99",
	  100 },
	{ { "a", "/run/a.sock", 0, 1, 0, 0 }, "a-0", "a-99", 100 },
	{ { NULL, "::1", 11211, 1, 0, 0 }, "::1-0", "::1-99", 100 },
	{ { NULL, "::1", 11212, 1, 0, 0 }, "::1:11212-0", "::1:11212-99", 100 },
	{ { NULL, "h", 11211, 2, 0, 0 }, "h-0", "h-199", 200 },
	{ { "a", "h", 11211, 13, 0, 0 }, "a-0", "a-1299", 1300 },
};

START_TEST(points_are_named_after_alias_or_address)
{
	struct ring ring;

	spy_start(md5_value);
	ck_assert_int_eq(make(&ring, &names[_i].server, 1, &spy_hash, NULL), 0);
	ring_free(&ring);
	ck_assert_uint_eq(spy.count, names[_i].points);
	ck_assert_str_eq(spy.names[0], names[_i].first);
	ck_assert_str_eq(spy.names[spy.count - 1], names[_i].last);
}
END_TEST

/* ---- against a model ---------------------------------------------------- */

/* Return the home server of a hash, by comparing with every point. */
static uint32_t model_locate(const uint32_t *owner, uint32_t hash)
{
	uint64_t best = UINT64_MAX;
	uint32_t server = TENON_NO_SERVER;

	for (uint32_t i = 0; i < spy.count; i++) {
		uint32_t value = (uint32_t)spy.values[i];
		/* The distance from the hash to the point, clockwise. */
		uint64_t distance = (uint32_t)(value - hash);

		if (distance < best ||
		    (distance == best && owner[i] < server)) {
			best = distance;
			server = owner[i];
		}
	}
	return server;
}

static uint64_t (*const spreads[])(const char *name) = { md5_value, wide_value,
							 same_value, few_value,
							 dense_value };
#define SPREADS_COUNT (sizeof(spreads) / sizeof(spreads[0]))

START_TEST(home_is_the_first_point_at_or_after_the_hash)
{
	static const struct tenon_ring_server servers[] = {
		{ "a", "h", 11211, 1, 0, 0 },  { NULL, "h", 11211, 3, 0, 0 },
		{ NULL, "h", 11212, 1, 0, 0 }, { NULL, "i", 11211, 7, 0, 0 },
		{ NULL, "/s", 0, 2, 0, 0 },
	};
	uint32_t owner[SPY_POINTS_MAX];
	struct ring ring;
	uint64_t seed = 11;
	uint32_t at = 0;

	spy_start(spreads[_i]);
	ck_assert_int_eq(make(&ring, servers, 5, &spy_hash, NULL), 0);
	for (uint32_t i = 0; i < 5; i++) {
		for (uint32_t n = 0; n < 100 * servers[i].weight; n++) {
			owner[at++] = i;
		}
	}
	ck_assert_uint_eq(at, spy.count);
	for (uint32_t i = 0; i < spy.count; i++) {
		uint32_t value = (uint32_t)spy.values[i];

		for (uint32_t hash = value - 1; hash != value + 2; hash++) {
			ck_assert_uint_eq(locate(&ring, hash),
					  model_locate(owner, hash));
		}
	}
	for (size_t i = 0; i < 3000; i++) {
		uint32_t hash = (uint32_t)random_next(&seed);

		ck_assert_uint_eq(locate(&ring, hash),
				  model_locate(owner, hash));
	}
	ck_assert_uint_eq(locate(&ring, 0), model_locate(owner, 0));
	ck_assert_uint_eq(locate(&ring, UINT32_MAX),
			  model_locate(owner, UINT32_MAX));
	ring_free(&ring);
}
END_TEST

START_TEST(upper_half_of_a_hash_is_ignored)
{
	static const struct tenon_ring_server servers[] = {
		{ "a", "h", 11211, 1, 0, 0 }, { "b", "h", 11212, 1, 0, 0 }
	};
	struct ring ring;
	uint64_t seed = 12;

	ck_assert_int_eq(make(&ring, servers, 2, subject_hash("md5"), NULL), 0);
	for (size_t i = 0; i < 1000; i++) {
		uint64_t hash = random_next(&seed);

		ck_assert_uint_eq(locate(&ring, hash),
				  locate(&ring, hash & UINT32_MAX));
		ck_assert_uint_eq(next(&ring, hash, 1),
				  next(&ring, hash & UINT32_MAX, 1));
	}
	ring_free(&ring);
}
END_TEST

START_TEST(equal_points_belong_to_the_first_server)
{
	static const struct tenon_ring_server servers[] = {
		{ "a", "h", 11211, 1, 0, 0 },
		{ "b", "h", 11212, 1, 0, 0 },
		{ "c", "h", 11213, 1, 0, 0 },
	};
	struct ring ring;

	spy_start(same_value);
	ck_assert_int_eq(make(&ring, servers, 3, &spy_hash, NULL), 0);
	for (uint32_t hash = 0x12345600; hash < 0x123456ff; hash++) {
		ck_assert_uint_eq(locate(&ring, hash), 0);
		ck_assert_uint_eq(next(&ring, hash, 1), 1);
		ck_assert_uint_eq(next(&ring, hash, 2), 2);
		ck_assert_uint_eq(next(&ring, hash, 3), TENON_NO_SERVER);
	}
	ring_free(&ring);
}
END_TEST

START_TEST(next_walks_forward_and_around)
{
	static const struct tenon_ring_server servers[] = {
		{ "c", "h", 11211, 1, 0, 0 },
		{ "a", "h", 11212, 1, 0, 0 },
		{ "b", "h", 11213, 1, 0, 0 },
	};
	struct ring ring;

	spy_start(step_value);
	ck_assert_int_eq(make(&ring, servers, 3, &spy_hash, NULL), 0);
	ck_assert_uint_eq(locate(&ring, 1500), 2);
	ck_assert_uint_eq(next(&ring, 1500, 1), 0);
	ck_assert_uint_eq(next(&ring, 1500, 2), 1);
	ck_assert_uint_eq(locate(&ring, 3000), 0);
	ck_assert_uint_eq(next(&ring, 3000, 1), 1);
	ck_assert_uint_eq(next(&ring, 3000, 2), 2);
	ck_assert_uint_eq(locate(&ring, 3001), 1);
	ck_assert_uint_eq(next(&ring, 3001, 1), 2);
	ck_assert_uint_eq(next(&ring, 3001, 2), 0);
	ring_free(&ring);
}
END_TEST

START_TEST(large_ring_is_found_through)
{
	enum { COUNT = 2000 };
	struct tenon_ring_server *servers = calloc(COUNT, sizeof(*servers));
	const struct tenon_hash *md5 = subject_hash("md5");
	char(*text)[32] = calloc(COUNT, sizeof(*text));
	struct ring ring;

	ck_assert_ptr_nonnull(servers);
	ck_assert_ptr_nonnull(text);
	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(text[i], sizeof(text[i]), "cache%u", i);
		servers[i] = (struct tenon_ring_server){ NULL, text[i], 11211,
							 1,    0,	0 };
	}
	ck_assert_int_eq(make(&ring, servers, COUNT, md5, NULL), 0);
	for (unsigned i = 0; i < COUNT; i++) {
		char point[48];
		int len = snprintf(point, sizeof(point), "cache%u-42", i);

		/* A key whose hash equals a point belongs to that point. */
		ck_assert_uint_eq(locate(&ring, md5->ops->hash(md5->self, point,
							       (size_t)len)),
				  i);
	}
	ring_free(&ring);
	free(servers);
	free(text);
}
END_TEST

/*
 * 40,000 points, more than PART_MAX (build.h), on 32,768 places at the beginning of the ring. Each
 * hash belongs to the first server of the next place that has a point.
 */
START_TEST(large_ring_of_a_narrow_hash_is_in_order)
{
	enum { COUNT = 400, PLACES = 32768 };
	struct tenon_ring_server *servers = calloc(COUNT, sizeof(*servers));
	const struct tenon_hash *crc = subject_hash("crc");
	uint32_t *owner = malloc(PLACES * sizeof(*owner));
	char(*text)[32] = calloc(COUNT, sizeof(*text));
	uint32_t expected = TENON_NO_SERVER;
	struct ring ring;

	ck_assert(servers && owner && text);
	memset(owner, 0xff, PLACES * sizeof(*owner));
	for (uint32_t i = COUNT; i-- > 0;) {
		snprintf(text[i], sizeof(text[i]), "cache%u", i);
		servers[i] = (struct tenon_ring_server){ NULL, text[i], 11211,
							 1,    0,	0 };
		for (unsigned n = 0; n < 100; n++) {
			char point[48];
			int len = snprintf(point, sizeof(point), "cache%u-%u",
					   i, n);
			uint64_t place = crc->ops->hash(crc->self, point,
							  (size_t)len);

			ck_assert_uint_lt(place, PLACES);
			owner[place] = i;
		}
	}
	ck_assert_int_eq(make(&ring, servers, COUNT, crc, NULL), 0);
	for (uint32_t hash = 0; expected == TENON_NO_SERVER; hash++) {
		expected = owner[hash]; /* a hash behind the last point belongs to the first one */
	}
	for (uint32_t hash = PLACES; hash-- > 0;) {
		expected = owner[hash] == TENON_NO_SERVER ? expected
							  : owner[hash];
		ck_assert_uint_eq(locate(&ring, hash), expected);
	}
	ring_free(&ring);
	free(servers);
	free(owner);
	free(text);
}
END_TEST

/* ---- refused servers ---------------------------------------------------- */

/* ketama.c: POINTS_MAX */
START_TEST(more_weight_than_a_ring_holds_is_refused)
{
	struct tenon_ring_server servers[SERVERS_MAX];
	struct tenon_error err = { 0 };
	struct ring ring;

	for (size_t i = 0; i < SERVERS_MAX; i++) {
		servers[i] = (struct tenon_ring_server){ NULL, "h", 11211,
							 1000, 0,   0 };
	}
	ck_assert_int_eq(
		make(&ring, servers, SERVERS_MAX, subject_hash("md5"), &err),
		TENON_ECONFIG);
	ck_assert_int_eq(err.code, TENON_ECONFIG);
	ck_assert_ptr_nonnull(strstr(err.message, "20000000 points"));
	ring_free(&ring);
}
END_TEST

/* ketama.c: NAME_MAX_BYTES */
START_TEST(name_that_has_no_room_is_refused)
{
	char name[1000];
	struct tenon_ring_server server = { name, "h", 11211, 1, 0, 0 };
	struct tenon_error err = { 0 };
	struct ring ring;

	memset(name, 'x', sizeof(name));
	name[480] = '\0';
	ck_assert_int_eq(make(&ring, &server, 1, subject_hash("md5"), &err), 0);
	ring_free(&ring);
	/* The longest possible name of a point. */
	server = (struct tenon_ring_server){ NULL, name, 65535, 1000, 0, 0 };
	ck_assert_int_eq(make(&ring, &server, 1, subject_hash("md5"), &err), 0);
	ring_free(&ring);
	name[480] = 'x';
	name[481] = '\0';
	ck_assert_int_eq(make(&ring, &server, 1, subject_hash("md5"), &err),
			 TENON_ECONFIG);
	ck_assert_ptr_nonnull(strstr(err.message, "481 bytes"));
	ring_free(&ring);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ketama");
	TCase *tcase = tcase_create("libmc");

	tcase_add_loop_test(tcase, every_key_is_where_libmc_puts_it, 0,
			    LISTS_COUNT * HASHES_COUNT);
	tcase_add_loop_test(tcase, published_homes_are_found, 0, 2);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("points");
	tcase_add_loop_test(tcase, points_are_named_after_alias_or_address, 0,
			    sizeof(names) / sizeof(names[0]));
	tcase_add_loop_test(tcase, home_is_the_first_point_at_or_after_the_hash,
			    0, SPREADS_COUNT);
	tcase_add_test(tcase, upper_half_of_a_hash_is_ignored);
	tcase_add_test(tcase, equal_points_belong_to_the_first_server);
	tcase_add_test(tcase, next_walks_forward_and_around);
	tcase_add_test(tcase, large_ring_is_found_through);
	tcase_add_test(tcase, large_ring_of_a_narrow_hash_is_in_order);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("refused");
	tcase_add_test(tcase, more_weight_than_a_ring_holds_is_refused);
	tcase_add_test(tcase, name_that_has_no_room_is_refused);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
