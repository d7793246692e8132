/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The options of ketama: the rings of libmemcached, twemproxy and others. Their placements are
 * those that the programs themselves computed; the rest is compared with models.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/random.h"
#include "plugins/ketama_rig.h"
#include "runner/suite.h"

#define SERVERS_MAX	200
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Options of several peers. */
#define CONSISTENT "point_by: key_hash, weights: switch, unix_port: yes"
#define DIGESTS	   "points: 160, points_per_digest: 4"
#define DALLI                                                                  \
	"{points: 160, point_hash: sha1, name: full, separator: ':', "         \
	"weights: share_integer, lookup: at_or_before, tie: last, next: rehash}"

static uint64_t hash_text(const struct tenon_hash *hash, const char *text)
{
	return hash->ops->hash(hash->self, text, strlen(text));
}

/* ---- keys of other programs --------------------------------------------- */

/*
 * The homes of "key:0" ... "key:11" on 10.0.0.1:11211, 10.0.0.2:11211 and 10.0.0.3:11212, as
 * digits. From libmemcached 1.1.4 and from hashring of npm; the rows with `address` and of dalli
 * are from a model of those programs.
 */
static const struct {
	const char *options;
	const char *key_hash;
	uint32_t weights[3];
	const char *homes;
} peers[] = {
	{ "{" CONSISTENT "}", "one_at_a_time", { 1, 1, 1 }, "201020220210" },
	{ "{" CONSISTENT "}", "md5", { 1, 1, 1 }, "121221112221" },
	{ "{" CONSISTENT "}", "one_at_a_time", { 1, 2, 3 }, "212122221121" },
	{ "{" DIGESTS ", weights: share}", "md5", { 1, 1, 1 }, "112212221011" },
	{ "{" DIGESTS ", weights: share}", "md5", { 1, 2, 3 }, "112212221212" },
	{ "{" DIGESTS ", weights: share_double}",
	  "md5",
	  { 1, 2, 3 },
	  "112212221212" },
	{ "{" CONSISTENT ", name: slash}", "md5", { 1, 1, 1 }, "222101011221" },
	{ "{" DIGESTS ", name: full}", "md5", { 1, 1, 1 }, "021022201211" },
	{ "{points: 120, points_per_digest: 3, name: full, weights: share_double}",
	  "md5",
	  { 1, 1, 1 },
	  "221022200211" },
	{ "{" DIGESTS ", name: address, tie: last}",
	  "md5",
	  { 1, 1, 1 },
	  "220202021200" },
	{ DALLI, "crc32", { 1, 1, 1 }, "100122111122" },
	{ DALLI, "crc32", { 1, 2, 3 }, "120122111122" },
};

START_TEST(keys_are_where_other_programs_put_them)
{
	const struct tenon_hash *hash = subject_hash(peers[_i].key_hash);
	struct tenon_ring_server servers[] = {
		{ NULL, "10.0.0.1", 11211, peers[_i].weights[0], 0, 0 },
		{ NULL, "10.0.0.2", 11211, peers[_i].weights[1], 0, 0 },
		{ NULL, "10.0.0.3", 11212, peers[_i].weights[2], 0, 0 },
	};
	const struct ring_setup setup = { .servers = servers,
					  .count = 3,
					  .options = peers[_i].options,
					  .key_hash = hash };
	char homes[13] = "";
	struct ring ring;

	ck_assert_int_eq(ketama_make(&ring, &setup, NULL), 0);
	for (unsigned n = 0; n < 12; n++) {
		char key[16];

		snprintf(key, sizeof(key), "key:%u", n);
		homes[n] = (char)('0' + locate(&ring, hash_text(hash, key)));
	}
	ck_assert_str_eq(homes, peers[_i].homes);
	ring_free(&ring);
}
END_TEST

/* ---- files of keys ------------------------------------------------------ */

static const struct ring_file files[] = {
	{ "libmemcached-consistent-jenkins-1", "ketama",
	  "{" CONSISTENT "}", "jenkins", 100 },
	{ "libmemcached-ketama-fnv1a_64-2", "ketama",
	  "{" CONSISTENT "}", "fnv1a_64", 100 },
	{ "libmemcached-ketama-crc-2", "ketama",
	  "{" CONSISTENT "}", "crc", 100 },
	{ "libmemcached-ketama_weighted-md5-1", "ketama",
	  "{" DIGESTS ", weights: share}", "md5", 100 },
	{ "libmemcached-ketama_weighted-murmur-2", "ketama",
	  "{" DIGESTS ", weights: share}", "murmur", 100 },
	{ "libmemcached-spy-md5-2", "ketama",
	  "{" CONSISTENT ", name: slash}", "md5", 100 },
	{ "twemproxy-ketama-crc32a-namedw", "ketama",
	  "{" DIGESTS ", weights: share}", "crc32", 120 },
	{ "twemproxy-ketama-fnv1a_64-weighted", "ketama",
	  "{" DIGESTS ", weights: share}", "fnv1a_64", 120 },
};

START_TEST(every_key_of_a_file_is_where_the_program_put_it)
{
	ring_file_check(&files[_i]);
}
END_TEST

/* ---- numbers of points -------------------------------------------------- */

/*
 * Points of a ring of `count` servers. The weights are `weights`, and the last one again for
 * the other servers. Counts by the formula of the peer, in 32-bit floats or 64-bit floats.
 */
static const struct {
	const char *options;
	uint32_t weights[4];
	uint32_t count;
	uint32_t points;
} counts[] = {
	{ NULL, { 1, 2, 3, 1 }, 3, 600 },
	{ "{points: 7}", { 1 }, 2, 14 },
	{ "{points: 10, points_per_digest: 4}", { 1 }, 2, 16 },
	{ "{points: 10, points_per_digest: 4}", { 1, 3 }, 2, 36 },
	{ "{points: 10, points_per_digest: 3}", { 1 }, 2, 18 },
	{ "{points: 5, weights: ignored}", { 1, 9 }, 2, 10 },
	{ "{" DIGESTS ", weights: share}", { 1, 2, 3 }, 3, 480 },
	{ "{" DIGESTS ", weights: share}", { 1, 1, 1, 997 }, 4, 636 },
	{ "{" DIGESTS ", weights: share}", { 3, 5, 7, 11 }, 4, 632 },
	{ "{" DIGESTS ", weights: share}", { 7 }, 49, 7840 },
	{ "{" DIGESTS ", weights: share}", { 1 }, 25, 3900 },
	{ "{" DIGESTS ", weights: share}", { 1 }, 47, 7332 },
	{ "{" DIGESTS ", weights: share_double}", { 1 }, 25, 4000 },
	{ "{" DIGESTS ", weights: share_double}", { 1 }, 7, 1092 },
	{ "{" DIGESTS ", weights: share_double}", { 7 }, 49, 7644 },
	{ "{" DIGESTS ", weights: share_integer}", { 1 }, 49, 7840 },
	{ "{" DIGESTS ", weights: share_integer}", { 1, 1, 1, 997 }, 4, 636 },
	{ "{points: 160, weights: share_integer}", { 1, 1, 1, 997 }, 4, 638 },
	{ "{" DIGESTS ", weights: share_when_given}", { 1 }, 25, 4000 },
	{ "{weights: switch}", { 1 }, 25, 2500 },
	{ "{weights: switch}", { 1, 2 }, 2, 316 },
	{ "{weights: switch, point_by: key_hash}", { 2, 2, 2 }, 3, 480 },
};

static void fill_servers(struct tenon_ring_server *servers, char (*names)[16],
			 uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		snprintf(names[i], sizeof(names[i]), "cache%u", (unsigned)i);
		servers[i] = (struct tenon_ring_server){ NULL, names[i], 11211,
							 1,    0,	 0 };
	}
}

START_TEST(points_are_counted_as_the_peer_counts)
{
	struct tenon_ring_server servers[64];
	char texts[64][16];
	const struct ring_setup setup = { .servers = servers,
					  .count = counts[_i].count,
					  .options = counts[_i].options };
	struct ring ring;

	fill_servers(servers, texts, counts[_i].count);
	for (uint32_t i = 0, w = 0; i < counts[_i].count; i++) {
		servers[i].weight = counts[_i].weights[w];
		w += w < 3 && counts[_i].weights[w + 1] > 0;
	}
	ck_assert_int_eq(ketama_make(&ring, &setup, NULL), 0);
	ck_assert_uint_eq(describe(&ring).points, counts[_i].points);
	ring_free(&ring);
}
END_TEST

/* With share_when_given, one given weight makes all weights count: 25 equal shares are 39 names. */
START_TEST(given_weight_makes_shares)
{
	struct tenon_ring_server servers[25];
	char texts[25][16];
	const struct ring_setup setup = {
		.servers = servers,
		.count = 25,
		.options = "{" DIGESTS ", weights: share_when_given}"
	};
	struct ring ring;

	fill_servers(servers, texts, 25);
	servers[24].weight_given = 1;
	ck_assert_int_eq(ketama_make(&ring, &setup, NULL), 0);
	ck_assert_uint_eq(describe(&ring).points, 25 * 156);
	ring_free(&ring);
}
END_TEST

/* ---- names of points ---------------------------------------------------- */

static const struct {
	const char *options;
	struct tenon_ring_server server;
	const char *first;
} names[] = {
	{ "{name: full}", { NULL, "h", 11211, 1, 0, 0 }, "h:11211-0" },
	{ "{name: full}", { NULL, "h", 1, 1, 0, 0 }, "h:1-0" },
	{ "{name: full}", { NULL, "/s", 0, 1, 0, 0 }, "/s-0" },
	{ "{name: full}", { "a", "h", 1, 1, 0, 0 }, "a-0" },
	{ "{name: slash}", { NULL, "h", 11211, 1, 0, 0 }, "/h:11211-0" },
	{ "{name: slash}", { "a", "h", 11211, 1, 0, 0 }, "a-0" },
	{ "{name: address}", { NULL, "h", 11211, 1, 0, 0 }, "h/h:11211-0" },
	{ "{name: address}", { "a", "h", 11211, 1, 0, 0 }, "a-0" },
	{ "{unix_port: yes}", { NULL, "/s", 0, 1, 0, 0 }, "/s:0-0" },
	{ "{unix_port: yes, name: slash}",
	  { NULL, "/s", 0, 1, 0, 0 },
	  "//s:0-0" },
	{ "{unix_port: yes}", { "a", "/s", 0, 1, 0, 0 }, "a-0" },
	{ "{unix_port: yes}", { NULL, "h", 11211, 1, 0, 0 }, "h-0" },
	{ "{unix_port: colon}", { NULL, "/s", 0, 1, 0, 0 }, "/s:-0" },
	{ "{unix_port: colon}", { NULL, "h", 2, 1, 0, 0 }, "h:2-0" },
	{ "{separator: ':'}", { NULL, "h", 11211, 1, 0, 0 }, "h:0" },
	{ "{separator: '-'}", { NULL, "h", 11211, 1, 0, 0 }, "h-0" },
};

START_TEST(points_have_the_name_of_the_options)
{
	const struct ring_setup setup = { .servers = &names[_i].server,
					  .count = 1,
					  .options = names[_i].options,
					  .point_hash = &spy_hash };
	struct ring ring;

	spy_start(md5_value);
	ck_assert_int_eq(ketama_make(&ring, &setup, NULL), 0);
	ck_assert_str_eq(spy.names[0], names[_i].first);
	ring_free(&ring);
}
END_TEST

/* The longest name of a point fits. points.h: POINT_MAX_BYTES */
START_TEST(longest_name_is_hashed_whole)
{
	char host[481];
	const struct tenon_ring_server server = { NULL, host, 65535, 1, 0, 0 };
	const struct ring_setup setup = {
		.servers = &server,
		.count = 1,
		.options = "{name: address, points: 10000}",
		.point_hash = subject_hash("crc32")
	};
	const struct tenon_hash *crc32 = subject_hash("crc32");
	struct tenon_ring_point point;
	char name[1000];
	struct ring ring;
	uint32_t home;

	memset(host, 'x', 480);
	host[480] = '\0';
	snprintf(name, sizeof(name), "%s/%s:65535-9999", host, host);
	ck_assert_int_eq(ketama_make(&ring, &setup, NULL), 0);
	const struct tenon_ring_key key = { hash_text(crc32, name), "", 0 };

	ring.ops->points(ring.self, &key, 0, &point, 1, &home);
	ck_assert_uint_eq(point.place, key.hash);
	ring_free(&ring);
}
END_TEST

/* The points of "a-0" are 1000 ... 1003, and of "b-0" 2000 ... 2003. */
START_TEST(digest_gives_its_words_in_order)
{
	static const struct tenon_ring_server servers[] = {
		{ "a", "h", 1, 1, 0, 0 }, { "b", "h", 2, 1, 0, 0 }
	};
	const struct ring_setup setup = {
		.servers = servers,
		.count = 2,
		.options = "{points: 6, points_per_digest: 3}",
		.point_hash = &spy_hash
	};
	struct tenon_ring_point points[4];
	const struct tenon_ring_key key = { 1003, "", 0 };
	struct ring ring;
	uint32_t home;

	spy_start(step_value);
	ck_assert_int_eq(ketama_make(&ring, &setup, NULL), 0);
	ck_assert_uint_eq(describe(&ring).points, 12);
	ck_assert_uint_eq(spy.count, 4);
	ck_assert_uint_eq(locate(&ring, 1002), 0);
	ck_assert_uint_eq(locate(&ring, 1003), 1);
	ck_assert_uint_eq(locate(&ring, 2002), 1);
	ck_assert_uint_eq(locate(&ring, 2003), 0);
	ck_assert_uint_eq(
		ring.ops->points(ring.self, &key, 1, points, 4, &home), 4);
	ck_assert_uint_eq(points[0].place, 1002);
	ck_assert_uint_eq(points[1].place, 2000);
	ring_free(&ring);
}
END_TEST

START_TEST(points_by_key_hash_are_hashed_as_keys)
{
	static const struct tenon_ring_server server = { "a", "h", 1, 1, 0, 0 };
	const struct ring_setup setup = { .servers = &server,
					  .count = 1,
					  .options = "{point_by: key_hash}",
					  .key_hash = &spy_hash };
	struct ring ring;

	spy_start(md5_value);
	ck_assert_int_eq(ketama_make(&ring, &setup, NULL), 0);
	ck_assert_uint_eq(spy.count, 100);
	ring_free(&ring);
}
END_TEST

/* ---- look-ups against a model ------------------------------------------- */

static const struct tenon_ring_server five[] = {
	{ "a", "h", 11211, 1, 0, 0 },  { NULL, "h", 11211, 3, 0, 0 },
	{ NULL, "h", 11212, 1, 0, 0 }, { NULL, "i", 11211, 7, 0, 0 },
	{ NULL, "/s", 0, 2, 0, 0 },
};

enum lookup { AT_OR_AFTER, AFTER, AT_OR_BEFORE, LOOKUPS };
static const char *const lookups[] = { "at_or_after", "after", "at_or_before" };

/* Return how far a point is from the hash, in the direction of the look-up. */
static uint32_t distance(enum lookup lookup, uint32_t hash, uint32_t place)
{
	switch (lookup) {
	case AFTER:
		return place - hash - 1;
	case AT_OR_BEFORE:
		return hash - place;
	default:
		return place - hash;
	}
}

/* Return the home server of a hash, by comparing with every point. */
static uint32_t model_locate(enum lookup lookup, bool last,
			     const uint32_t *owner, uint32_t hash)
{
	uint64_t best = UINT64_MAX;
	uint32_t server = TENON_NO_SERVER;

	for (uint32_t i = 0; i < spy.count; i++) {
		uint32_t far = distance(lookup, hash, (uint32_t)spy.values[i]);

		if (far < best ||
		    (far == best && last == (owner[i] > server))) {
			best = far;
			server = owner[i];
		}
	}
	return server;
}

static uint64_t (*const spreads[])(const char *name) = { md5_value, wide_value,
							 same_value, few_value,
							 dense_value };

/*
 * Every look-up with every tie rule, on every spread of the points. The sort has parts of more
 * points than INSERT_MAX (build.h), and of fewer.
 */
START_TEST(home_is_the_point_that_the_model_finds)
{
	enum lookup lookup = (enum lookup)(_i % LOOKUPS);
	bool last = _i / LOOKUPS % 2 == 1;
	uint32_t owner[SPY_POINTS_MAX];
	struct ring_setup setup = { .servers = five,
				    .count = 5,
				    .point_hash = &spy_hash };
	char options[64];
	struct ring ring;
	uint64_t seed = 11;
	uint32_t at = 0;

	snprintf(options, sizeof(options), "{lookup: %s, tie: %s}",
		 lookups[lookup], last ? "last" : "first");
	setup.options = options;
	spy_start(spreads[_i / LOOKUPS / 2]);
	ck_assert_int_eq(ketama_make(&ring, &setup, NULL), 0);
	for (uint32_t i = 0; i < 5; i++) {
		for (uint32_t n = 0; n < 100 * five[i].weight; n++) {
			owner[at++] = i;
		}
	}
	for (uint32_t i = 0; i < spy.count; i += 3) {
		uint32_t value = (uint32_t)spy.values[i];

		for (uint32_t hash = value - 1; hash != value + 2; hash++) {
			ck_assert_uint_eq(
				locate(&ring, hash),
				model_locate(lookup, last, owner, hash));
		}
	}
	for (size_t i = 0; i < 1000; i++) {
		uint32_t hash = (uint32_t)random_next(&seed);

		ck_assert_uint_eq(locate(&ring, hash),
				  model_locate(lookup, last, owner, hash));
	}
	ring_free(&ring);
}
END_TEST

static const struct tenon_ring_server abc[] = {
	{ "c", "h", 11211, 1, 0, 0 },
	{ "a", "h", 11212, 1, 0, 0 },
	{ "b", "h", 11213, 1, 0, 0 },
};

/* A place with points of a, b and c (servers 1, 2, 0) belongs to number place % 3 of them. */
static uint64_t chosen_place;

static uint64_t chosen_value(const char *name)
{
	(void)name;
	return chosen_place;
}

START_TEST(tie_by_name_counts_by_the_place)
{
	static const uint32_t expected[] = { 1, 2, 0 };
	char options[80];
	struct ring_setup setup = { .servers = abc,
				    .count = 3,
				    .point_hash = &spy_hash };

	for (unsigned place = 0; place < 6; place++) {
		for (unsigned lookup = 0; lookup < LOOKUPS; lookup++) {
			struct ring ring;

			snprintf(options, sizeof(options),
				 "{points: 1, tie: name, lookup: %s}",
				 lookups[lookup]);
			setup.options = options;
			chosen_place = place;
			spy_start(chosen_value);
			ck_assert_int_eq(ketama_make(&ring, &setup, NULL), 0);
			ck_assert_uint_eq(locate(&ring, 77),
					  expected[place % 3]);
			ck_assert_uint_eq(
				describe(&ring).flags & TENON_RING_TIES, 0);
			ring_free(&ring);
		}
	}
}
END_TEST

/* ---- the next servers --------------------------------------------------- */

/* The points of a, b and c (servers 1, 2, 0) are at 1000, 2000 and 3000. */
START_TEST(walk_leads_away_from_the_hash)
{
	struct ring_setup setup = { .servers = abc,
				    .count = 3,
				    .options = "{lookup: at_or_before}",
				    .point_hash = &spy_hash };
	struct ring ring;

	spy_start(step_value);
	ck_assert_int_eq(ketama_make(&ring, &setup, NULL), 0);
	ck_assert_uint_eq(locate(&ring, 2500), 2);
	ck_assert_uint_eq(next(&ring, 2500, 1), 1);
	ck_assert_uint_eq(next(&ring, 2500, 2), 0);
	ck_assert_uint_eq(next(&ring, 2500, 3), TENON_NO_SERVER);
	ck_assert_uint_eq(locate(&ring, 999), 0);
	ck_assert_uint_eq(next(&ring, 999, 1), 2);
	ck_assert_uint_eq(next(&ring, 999, 2), 1);
	ring_free(&ring);
}
END_TEST

/* Servers 0 and 2 are too light for a point: the walk finds them at its end. */
START_TEST(walk_ends_with_servers_without_points)
{
	static const struct tenon_ring_server servers[] = {
		{ NULL, "a", 11211, 1, 0, 0 },
		{ NULL, "b", 11211, 900, 0, 0 },
		{ NULL, "c", 11211, 1, 0, 0 },
		{ NULL, "d", 11211, 900, 0, 0 },
	};
	struct ring_setup setup = { .servers = servers,
				    .count = 4,
				    .options =
					    "{" DIGESTS ", weights: share}" };
	uint64_t seed = 3;
	struct ring ring;

	ck_assert_int_eq(ketama_make(&ring, &setup, NULL), 0);
	for (size_t i = 0; i < 100; i++) {
		uint64_t hash = random_next(&seed);
		uint32_t home = locate(&ring, hash);

		ck_assert(home == 1 || home == 3);
		ck_assert_uint_eq(next(&ring, hash, 0), home);
		ck_assert_uint_eq(next(&ring, hash, 1), 4 - home);
		ck_assert_uint_eq(next(&ring, hash, 2), 0);
		ck_assert_uint_eq(next(&ring, hash, 3), 2);
		ck_assert_uint_eq(next(&ring, hash, 4), TENON_NO_SERVER);
	}
	ring_free(&ring);
}
END_TEST

/*
 * Write the order of servers that a model of rehashing finds: look-ups by the hashes of
 * "<number><key>", then the servers in order.
 */
static void model_rehash(const struct ring *ring, const char *key, bool sum,
			 unsigned lookups_most, uint32_t *order)
{
	const struct tenon_hash *md5 = subject_hash("md5");
	uint64_t hash = hash_text(md5, key);
	bool seen[SERVERS_MAX] = { false };
	uint32_t count = 0;
	char text[64];

	for (unsigned n = 0; n < lookups_most + ring->count; n++) {
		uint32_t server = n < lookups_most ? locate(ring, hash)
						   : n - lookups_most;

		if (!seen[server]) {
			seen[server] = true;
			order[count++] = server;
		}
		snprintf(text, sizeof(text), "%u%s", n, key);
		hash = hash_text(md5, text) + (sum ? hash : 0);
	}
	ck_assert_uint_eq(count, ring->count);
}

static void check_rehash(const struct ring *ring, const char *text, bool sum,
			 unsigned lookups_most)
{
	const struct tenon_hash *md5 = subject_hash("md5");
	struct tenon_ring_key key = { hash_text(md5, text), text,
				      strlen(text) };
	uint32_t order[SERVERS_MAX];

	model_rehash(ring, text, sum, lookups_most, order);
	for (uint32_t nth = 0; nth < ring->count; nth++) {
		ck_assert_uint_eq(ring_walk_nth(ring, &key, nth),
				  order[nth]);
	}
	ck_assert_uint_eq(ring_walk_nth(ring, &key, ring->count),
			  TENON_NO_SERVER);
}

START_TEST(next_server_is_found_by_another_hash)
{
	bool sum = _i == 1;
	struct tenon_ring_server servers[40];
	char texts[40][16];
	struct ring_setup setup = { .servers = servers,
				    .options = sum ? "{next: rehash_sum}"
						   : "{next: rehash}",
				    .key_hash = subject_hash("md5") };

	fill_servers(servers, texts, 40);
	for (setup.count = 2; setup.count <= 40; setup.count += 19) {
		struct ring ring;

		ck_assert_int_eq(ketama_make(&ring, &setup, NULL), 0);
		for (unsigned n = 0; n < 20; n++) {
			char key[16];

			snprintf(key, sizeof(key), "key:%u", n);
			check_rehash(&ring, key, sum, sum ? 7 : 20);
		}
		ring_free(&ring);
	}
}
END_TEST

/* ---- points and describe ------------------------------------------------ */

/*
 * The entries around a key with hash 1500, when the points of a, b and c (servers 1, 2, 0) are at
 * 1000, 2000 and 3000.
 */
static const struct {
	const char *options;
	uint32_t before, count;
	uint32_t home, written;
	uint64_t places[3];
} around[] = {
	{ "{points: 1}", 1, 3, 1, 3, { 1000, 2000, 3000 } },
	{ "{points: 1}", 0, 2, 0, 2, { 2000, 3000 } },
	{ "{points: 1}", 2, 3, 2, 3, { 3000, 1000, 2000 } },
	{ "{points: 1}", 5, 9, 2, 3, { 3000, 1000, 2000 } },
	{ "{points: 1, lookup: after}", 1, 3, 1, 3, { 1000, 2000, 3000 } },
	{ "{points: 1, lookup: at_or_before}",
	  1,
	  3,
	  1,
	  3,
	  { 2000, 1000, 3000 } },
	{ "{points: 1, lookup: at_or_before}", 0, 1, 0, 1, { 1000 } },
};

START_TEST(points_around_a_key_are_told)
{
	static const uint32_t owner[] = { TENON_NO_SERVER, 1, 2, 0 };
	struct ring_setup setup = { .servers = abc,
				    .count = 3,
				    .options = around[_i].options,
				    .point_hash = &spy_hash };
	const struct tenon_ring_key key = { 1500, "", 0 };
	struct tenon_ring_point points[9];
	struct ring ring;
	uint32_t home = 9;

	spy_start(step_value);
	ck_assert_int_eq(ketama_make(&ring, &setup, NULL), 0);
	ck_assert_uint_eq(ring.ops->points(ring.self, &key, around[_i].before,
					   points, around[_i].count, &home),
			  around[_i].written);
	ck_assert_uint_eq(home, around[_i].home);
	for (uint32_t i = 0; i < around[_i].written; i++) {
		ck_assert_uint_eq(points[i].place, around[_i].places[i]);
		ck_assert_uint_eq(points[i].server,
				  owner[points[i].place / 1000]);
	}
	ck_assert_uint_eq(points[home].server, locate(&ring, 1500));
	ring_free(&ring);
}
END_TEST

static const struct {
	const char *options;
	uint64_t (*value)(const char *name);
	uint32_t flags;
} natures[] = {
	{ NULL, md5_value, TENON_RING_CONTINUUM },
	{ "{weights: ignored}", md5_value,
	  TENON_RING_CONTINUUM | TENON_RING_NO_WEIGHT },
	{ "{weights: switch}", md5_value, TENON_RING_CONTINUUM },
	{ NULL, step_value, TENON_RING_CONTINUUM },
	{ NULL, same_value, TENON_RING_CONTINUUM | TENON_RING_TIES },
	{ "{tie: last}", same_value,
	  TENON_RING_CONTINUUM | TENON_RING_TIES },
	{ "{tie: name}", same_value, TENON_RING_CONTINUUM },
};

START_TEST(nature_of_the_ring_is_told)
{
	struct ring_setup setup = { .servers = abc,
				    .count = 3,
				    .options = natures[_i].options,
				    .point_hash = &spy_hash };
	struct tenon_ring_traits traits;
	struct ring ring;

	spy_start(natures[_i].value);
	ck_assert_int_eq(ketama_make(&ring, &setup, NULL), 0);
	traits = describe(&ring);
	ck_assert_uint_eq(traits.flags, natures[_i].flags);
	ck_assert_uint_eq(traits.points, 300);
	ring_free(&ring);
}
END_TEST

/* ---- refused ------------------------------------------------------------ */

/*
 * Options that a config refuses, and a part of the message. points.h: POINTS_PER_SERVER_MAX,
 * DIGEST_WORDS_MAX
 */
static const struct {
	const char *options;
	const char *message;
} refused[] = {
	{ "{points: 3, points_per_digest: 4}",
	  "points is 3 and points_per_digest is 4" },
	{ "{points: 0}", "points" },
	{ "{points: 10001}", "points" },
	{ "{points_per_digest: 17}", "points_per_digest" },
	{ "{weights: shares}", "weights" },
	{ "{name: long}", "name" },
	{ "{lookup: before}", "lookup" },
	{ "{tie: both}", "tie" },
	{ "{next: again}", "next" },
	{ "{separator: '/'}", "separator" },
	{ "{unix_port: maybe}", "unix_port" },
	{ "{point_by: name}", "point_by" },
};

START_TEST(options_without_sense_are_refused)
{
	const struct tenon__plugin *plugin =
		subject_named(TENON_KIND_DISTRIBUTION, "ketama");
	struct watched_host host;
	struct tenon_error err = { 0 };
	void *options = NULL;

	watched_host_init(&host);
	ck_assert_int_eq(subject_options_read(plugin, refused[_i].options,
					      &host, &options, &err),
			 TENON_ECONFIG);
	ck_assert_msg(strstr(err.message, refused[_i].message) != NULL, "%s",
		      err.message);
	subject_options_free(plugin, options);
}
END_TEST

/* Rings that cannot be built, and a part of the message. */
static const struct {
	const char *options;
	const char *message;
	uint32_t weight;
} unbuildable[] = {
	{ "{points: 160, points_per_digest: 4, point_hash: crc32}",
	  "points_per_digest is 4, but the hash of the points has a digest of 0",
	  1 },
	{ "{points: 160, points_per_digest: 5}", "a digest of 4 words", 1 },
	{ "{points: 8, points_per_digest: 4, point_by: key_hash}",
	  "a digest of 0 words", 1 },
	{ "{weights: switch, point_hash: crc32}", "points_per_digest is 4", 2 },
	{ "{points: 10000}", "30000000 points", 1000 },
};

START_TEST(ring_that_cannot_be_built_is_refused)
{
	struct tenon_ring_server servers[3];
	char texts[3][16];
	struct ring_setup setup = { .servers = servers,
				    .count = 3,
				    .options = unbuildable[_i].options };
	struct tenon_error err = { 0 };
	struct ring ring;

	fill_servers(servers, texts, 3);
	for (size_t i = 0; i < 3; i++) {
		servers[i].weight = unbuildable[_i].weight;
	}
	ck_assert_int_eq(ketama_make(&ring, &setup, &err), TENON_ECONFIG);
	ck_assert_int_eq(err.code, TENON_ECONFIG);
	ck_assert_msg(strstr(err.message, unbuildable[_i].message) != NULL,
		      "%s", err.message);
	ring_free(&ring);
}
END_TEST

/* Every allocation that a ring with sorted names makes fails once. */
START_TEST(ring_without_memory_is_refused)
{
	struct ring_setup setup = { .servers = abc,
				    .count = 3,
				    .options = "{tie: name}" };
	int code = TENON_ENOMEM;
	size_t made = 0;

	for (size_t n = 1; code; n++) {
		struct tenon_error err = { 0 };
		struct ring ring;

		ck_assert_int_eq(ketama_make(&ring, &setup, NULL), 0);
		made = ring.host.made;
		ring.ops->fini(ring.self);
		memset(ring.self, 0, ring.ops->state_size);
		ring.host.fail_from = ring.host.made + n;
		ck_assert_int_eq(ring.ops->init(ring.self, ring.options,
						&ring.host.table, &err),
				 0);
		code = ring.ops->build(ring.self, abc, 3, subject_hash("crc32"),
				       &err);
		ck_assert(code == TENON_ENOMEM || n > 5);
		ck_assert_int_eq(err.code, code);
		ring_free(&ring);
	}
	ck_assert_uint_ge(made, 5);
}
END_TEST

#define ADD_EACH(tcase, test, rows)                                            \
	tcase_add_loop_test(tcase, test, 0, (int)COUNT_OF(rows))

int main(void)
{
	Suite *suite = suite_create("ketama_options");
	TCase *tcase = tcase_create("peers");

	ADD_EACH(tcase, keys_are_where_other_programs_put_them, peers);
	ADD_EACH(tcase, every_key_of_a_file_is_where_the_program_put_it, files);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("points");
	ADD_EACH(tcase, points_are_counted_as_the_peer_counts, counts);
	tcase_add_test(tcase, given_weight_makes_shares);
	ADD_EACH(tcase, points_have_the_name_of_the_options, names);
	tcase_add_test(tcase, longest_name_is_hashed_whole);
	tcase_add_test(tcase, digest_gives_its_words_in_order);
	tcase_add_test(tcase, points_by_key_hash_are_hashed_as_keys);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("look-up");
	tcase_add_loop_test(tcase, home_is_the_point_that_the_model_finds, 0,
			    (int)(LOOKUPS * 2 * COUNT_OF(spreads)));
	tcase_add_test(tcase, tie_by_name_counts_by_the_place);
	tcase_add_test(tcase, walk_leads_away_from_the_hash);
	tcase_add_test(tcase, walk_ends_with_servers_without_points);
	tcase_add_loop_test(tcase, next_server_is_found_by_another_hash, 0, 2);
	ADD_EACH(tcase, points_around_a_key_are_told, around);
	ADD_EACH(tcase, nature_of_the_ring_is_told, natures);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("refused");
	ADD_EACH(tcase, options_without_sense_are_refused, refused);
	ADD_EACH(tcase, ring_that_cannot_be_built_is_refused, unbuildable);
	tcase_add_test(tcase, ring_without_memory_is_refused);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
