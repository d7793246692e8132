/* SPDX-License-Identifier: BSD-3-Clause */
/* tenon_client_route(): a route is compared with values that were computed without tenon. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/client.h"
#include "base/memory.h"
#include "fakes/memcached.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "conformance/subject.h"
#include "runner/suite.h"
#include "tenon/ring.h"

static const char *const lines[] = { "10.0.0.1:11211", "10.0.0.2:11211",
				     "10.0.0.3:11212" };
static struct rig rig;
static struct tenon_route route;

static void open_with(const char *settings)
{
	memset(&rig, 0, sizeof(rig));
	rig_open_at(&rig, lines, COUNT(lines), settings);
}

static void stop(void)
{
	rig_close(&rig);
}

static int explain(struct tenon_item one)
{
	return tenon_client_route(rig.client, &one, &route, &rig.err);
}

static bool is_text(struct tenon_slice bytes, const char *text)
{
	return bytes.len == strlen(text) &&
	       memcmp(bytes.data, text, bytes.len) == 0;
}

/* ---- the ring ------------------------------------------------------------- */

/*
 * Computed with Python's hashlib: 100 points for each server, each the first four bytes of
 * md5("host-N") or md5("host:port-N"), the lowest byte first.
 */
static const struct {
	const char *key;
	uint64_t hash;
	uint32_t servers[3];
	uint64_t places[TENON_ROUTE_POINTS_MAX_COUNT];
	uint32_t owners[TENON_ROUTE_POINTS_MAX_COUNT];
} golden[] = {
	{ "key:0", 0x82ab86df, { 1, 2, 0 },
	  { 0x7f13ac57, 0x7f29b508, 0x81912bb2, 0x81fa2948, 0x82ba7faa,
	    0x834a062b, 0x84e030bd, 0x8672de8b, 0x86cf3309 },
	  { 1, 0, 1, 2, 1, 2, 2, 1, 0 } },
	{ "key:5", 0x7cc94faa, { 1, 0, 2 },
	  { 0x7758fd44, 0x786bb7e8, 0x7ab19ac9, 0x7c0ae2ae, 0x7f13ac57,
	    0x7f29b508, 0x81912bb2, 0x81fa2948, 0x82ba7faa },
	  { 1, 2, 0, 2, 1, 0, 1, 2, 1 } },
	/* behind the last point: the ring is a circle */
	{ "key:911", 0xffd4b98b, { 2, 1, 0 },
	  { 0xfbe6d650, 0xfc411cfe, 0xff75f50c, 0xffc8f394, 0x38906b,
	    0x665ad1, 0x116d1ed, 0x1969812, 0x364c082 },
	  { 0, 1, 1, 1, 2, 2, 1, 2, 0 } },
};

START_TEST(a_route_has_hash_home_and_next_servers)
{
	open_with(NULL);
	ck_assert_int_eq(explain(item(golden[_i].key, NULL)), 0);
	ck_assert(is_text(route.key, golden[_i].key));
	ck_assert(is_text(route.hashed, golden[_i].key));
	ck_assert_uint_eq(route.hash, golden[_i].hash);
	ck_assert_uint_eq(route.hash_bits, 32);
	ck_assert_uint_eq(route.home, golden[_i].servers[0]);
	ck_assert_uint_eq(route.server_count, 3);
	ck_assert_mem_eq(route.servers, golden[_i].servers,
			 sizeof(golden[_i].servers));
}
END_TEST

START_TEST(a_route_has_the_points_around_the_key)
{
	open_with(NULL);
	ck_assert_int_eq(explain(item(golden[_i].key, NULL)), 0);
	ck_assert_uint_eq(route.ring_points, 300);
	ck_assert_uint_eq(route.point_count, TENON_ROUTE_POINTS_MAX_COUNT);
	ck_assert_uint_eq(route.home_point, 4);
	for (size_t i = 0; i < route.point_count; i++) {
		ck_assert_uint_eq(route.points[i].place, golden[_i].places[i]);
		ck_assert_uint_eq(route.points[i].server, golden[_i].owners[i]);
	}
}
END_TEST

/* The key lies between two points, also when the ring does not look at all bits of the hash. */
START_TEST(a_key_of_64_bits_has_its_place_among_the_points)
{
	open_with("ring: memcached-proxy-ring\n");
	ck_assert_int_eq(explain(item("foo", NULL)), 0);
	ck_assert_uint_eq(route.hash_bits, 64);
	ck_assert_uint_gt(route.hash, UINT32_MAX);
	ck_assert_uint_eq(route.place, route.hash & UINT32_MAX);
	ck_assert_uint_lt(route.points[route.home_point - 1].place,
			  route.place);
	ck_assert_uint_le(route.place, route.points[route.home_point].place);
}
END_TEST

static uint32_t tell_points(const void *self, const struct tenon_ring_key *key,
			    uint32_t before, struct tenon_ring_point *out,
			    uint32_t count, uint32_t *home)
{
	(void)self;
	ck_assert_uint_eq(key->hash, 0x82ab86df);
	ck_assert_uint_lt(before, count);
	*home = 1;
	out[0] = (struct tenon_ring_point){ .place = 5, .server = 2 };
	out[1] = (struct tenon_ring_point){ .place = 9, .server = 1 };
	return 2;
}

static void tell_traits(const void *self, struct tenon_ring_traits *out)
{
	(void)self;
	out->points = 17;
	out->flags = TENON_RING_OWN_HASH;
	out->place_bits = 4;
}

START_TEST(points_and_traits_are_those_of_the_distribution)
{
	open_with(NULL);
	struct tenon__assembly *assembly = rig.client->engine.assembly;
	const struct tenon_distribution_ops *usual = assembly->distribution;
	struct tenon_distribution_ops telling = *usual;

	telling.points = tell_points;
	telling.describe = tell_traits;
	assembly->distribution = &telling;
	ck_assert_int_eq(explain(item("key:0", NULL)), 0);
	assembly->distribution = usual;
	ck_assert_uint_eq(route.point_count, 2);
	ck_assert_uint_eq(route.home_point, 1);
	ck_assert_uint_eq(route.points[0].server, 2);
	ck_assert_uint_eq(route.points[1].place, 9);
	ck_assert_uint_eq(route.ring_points, 17);
	ck_assert_uint_eq(route.place, 0xf); /* of the hash 0x82ab86df */
	ck_assert_uint_eq(route.hash_bits, 0); /* the distribution hashes itself */
}
END_TEST

START_TEST(one_server_is_home_to_every_key)
{
	memset(&rig, 0, sizeof(rig));
	rig_open_at(&rig, lines, 1, NULL);
	ck_assert_int_eq(explain(item("key:0", NULL)), 0);
	ck_assert_uint_eq(route.home, 0);
	ck_assert_uint_eq(route.server_count, 1);
	ck_assert_uint_eq(route.hash, 0x82ab86df);
	ck_assert_uint_eq(route.point_count, 0);
}
END_TEST

START_TEST(the_prefix_is_sent_and_hashed)
{
	open_with("prefix: \"ke\"\n");
	ck_assert_int_eq(explain(item("y:0", NULL)), 0);
	ck_assert(is_text(route.key, "key:0"));
	ck_assert_uint_eq(route.hash, 0x82ab86df);
}
END_TEST

START_TEST(the_hash_tag_alone_is_hashed)
{
	open_with("prefix: \"p/\"\nhash_tag: \"{}\"\n");
	ck_assert_int_eq(explain(item("user{key:5}name", NULL)), 0);
	ck_assert(is_text(route.key, "p/user{key:5}name"));
	ck_assert(is_text(route.hashed, "key:5"));
	ck_assert_uint_eq(route.hash, 0x7cc94faa);
	ck_assert_uint_eq(route.home, 1);
}
END_TEST

START_TEST(a_routing_key_is_hashed_without_prefix)
{
	struct tenon_item one = item("a", NULL);

	open_with("prefix: \"p/\"\n");
	one.routing_key = slice("key:5");
	ck_assert_int_eq(explain(one), 0);
	ck_assert(is_text(route.key, "p/a"));
	ck_assert(is_text(route.hashed, "key:5"));
	ck_assert_uint_eq(route.hash, 0x7cc94faa);
	ck_assert_uint_eq(route.home, 1);
}
END_TEST

START_TEST(a_key_that_cannot_be_sent_has_no_route)
{
	open_with(NULL);
	ck_assert_int_eq(explain(item("a b", NULL)), TENON_EKEY);
	ck_assert_uint_eq(route.home, UINT32_MAX);
	ck_assert_uint_eq(route.server_count, 0);
	check_says(rig.err.message, "0x20");
}
END_TEST

START_TEST(a_busy_client_tells_no_route)
{
	open_with(NULL);
	ck_assert(tenon__client_enter(rig.client));
	ck_assert_int_eq(explain(item("key:0", NULL)), TENON_EBUSY);
	tenon__client_leave(rig.client);
}
END_TEST

/* ---- the failover policies -------------------------------------------------- */

static void check_answer(const struct tenon_route_answer *answer, int status,
			 uint32_t server, uint32_t failures)
{
	ck_assert_int_eq(answer->status, status);
	ck_assert_uint_eq(answer->server, server);
	ck_assert_uint_eq(answer->failures, failures);
}

START_TEST(each_access_has_its_own_answer)
{
	open_with("failover: {read: {eject: {failures: 3}}, write: none, "
		  "delete: eject}\n" RETRY_NEVER);
	ck_assert_int_eq(explain(item("key:5", NULL)), 0);
	for (size_t i = 0; i < TENON_ROUTE_ACCESS_COUNT; i++) {
		check_answer(&route.now[i], 0, 1, 0);
	}
	check_answer(&route.home_down[TENON_ROUTE_READ], 0, 0, 3);
	check_answer(&route.home_down[TENON_ROUTE_WRITE], TENON_EDOWN,
		     UINT32_MAX, 1);
	check_answer(&route.home_down[TENON_ROUTE_DELETE], 0, 0, 1);
}
END_TEST

START_TEST(spare_servers_and_their_limit_are_told)
{
	memset(&rig, 0, sizeof(rig));
	rig_open_at(&rig, lines, 0,
		    "servers: [{address: 10.0.0.9, pool: gutter}, 10.0.0.1, "
		    "10.0.0.2, \"10.0.0.3:11212\"]\n"
		    "failover: {gutter: {gutter_ttl: 7s}}\n" RETRY_NEVER);
	ck_assert_int_eq(explain(item("key:5", NULL)), 0);
	ck_assert_uint_eq(route.server_count, 3);
	check_answer(&route.home_down[TENON_ROUTE_WRITE], 0, 3, 1);
	ck_assert_uint_eq(route.home_down[TENON_ROUTE_WRITE].exptime_max_s, 7);
	ck_assert_uint_eq(route.now[TENON_ROUTE_WRITE].exptime_max_s, 0);
}
END_TEST

/* ring.h: TENON_ROUTE_FAILURES_MAX */
START_TEST(an_answer_that_never_changes_has_no_failures)
{
	memset(&rig, 0, sizeof(rig));
	rig_open_at(&rig, lines, COUNT(lines),
		    "failover: eject\nretry_timeout: 0s\n");
	ck_assert_int_eq(explain(item("key:5", NULL)), 0);
	check_answer(&route.home_down[TENON_ROUTE_READ], 0, 1, 0);
}
END_TEST

/* The home server is down: a get has found that. The route says where the next get goes. */
START_TEST(now_is_what_the_client_knows_of_its_servers)
{
	const char *nobody[] = { "127.0.0.1:1", "/nowhere/a.sock" };
	unsigned nth = 0;
	char key[RIG_KEY_LEN + 1];

	memset(&rig, 0, sizeof(rig));
	rig_open_at(&rig, nobody, COUNT(nobody),
		    "failover: eject\n" RETRY_NEVER);
	rig_key_at(&rig, 1, nth, key);
	ck_assert_int_eq(explain(item(key, NULL)), 0);
	check_answer(&route.now[TENON_ROUTE_READ], 0, 1, 0);
	tenon__policies_tell_failure(&rig.client->engine.policies, 1,
				     TENON_ECONNECT, now_ms());
	ck_assert_int_eq(explain(item(key, NULL)), 0);
	ck_assert_uint_eq(route.home, 1);
	check_answer(&route.now[TENON_ROUTE_READ], 0, 0, 0);
	check_answer(&route.home_down[TENON_ROUTE_READ], 0, 0, 1);
}
END_TEST

/* ---- values ----------------------------------------------------------------- */

#define SPLITS                                                               \
	"codecs: [zlib: {threshold: 100B, flag: 16}, split: {chunk: 1kB, "   \
	"max: 10kB, flag: 4096}]\n"

START_TEST(chunks_are_those_that_a_set_would_store)
{
	char *value = binary_value(2500, 7);
	struct tenon_item one = item("big", NULL);
	size_t total = 0;

	open_with(SPLITS "prefix: \"p/\"\n");
	one.value = (struct tenon_slice){ value, 2500 };
	one.flags = 5;
	ck_assert_int_eq(explain(one), 0);
	ck_assert_uint_eq(route.stored_flags & ~16u, 4096 | 5);
	ck_assert_uint_gt(route.chunk_count, 0);
	for (size_t i = 0; i < route.chunk_count; i++) {
		const struct tenon_route_chunk *chunk = &route.chunks[i];
		char name[32];
		size_t home;

		snprintf(name, sizeof(name), "~5p/big/%zu", i);
		ck_assert(is_text(chunk->key, name));
		ck_assert_uint_le(chunk->value_bytes, 1000);
		total += chunk->value_bytes;
		/* the server of the chunk's key, which has its prefix already */
		struct rig plain = { .client = NULL };
		rig_open_at(&plain, lines, COUNT(lines), NULL);
		ck_assert_int_eq(tenon_client_where(plain.client, chunk->key,
						    &home, &plain.err),
				 0);
		ck_assert_uint_eq(chunk->server, home);
		rig_close(&plain);
	}
	ck_assert_uint_gt(total, 1000);
	ck_assert_uint_le(total, 2500);
	free(value);
}
END_TEST

START_TEST(a_small_value_is_one_item)
{
	open_with(SPLITS);
	ck_assert_int_eq(explain(item("small", "hello")), 0);
	ck_assert_uint_eq(route.stored_bytes, 5);
	ck_assert_uint_eq(route.stored_flags, 0);
	ck_assert_uint_eq(route.chunk_count, 0);
}
END_TEST

START_TEST(a_value_that_is_not_stored_says_why)
{
	char *value = binary_value(20000, 7);
	struct tenon_item one = item("big", NULL);

	rig_codecs = NULL;
	open_with(SPLITS "item_max: 15kB\n");
	one.value = (struct tenon_slice){ value, 20000 };
	ck_assert_int_eq(explain(one), TENON_ETOOBIG);
	check_says(rig.err.message, "larger than max of codec split");
	ck_assert_uint_eq(route.server_count, 3); /* the rest is known */
	one = item("key", "v");
	one.flags = 4096;
	ck_assert_int_eq(explain(one), TENON_EINVAL);
	check_says(rig.err.message, "codec");
	rig_close(&rig);
	open_with("codecs: none\nitem_max: 15kB\n");
	one = item("big", NULL);
	one.value = (struct tenon_slice){ value, 20000 };
	ck_assert_int_eq(explain(one), TENON_ETOOBIG);
	check_says(rig.err.message, "20000 bytes");
	free(value);
}
END_TEST

/* ---- memory ----------------------------------------------------------------- */

START_TEST(a_route_needs_memory_and_says_so)
{
	static void (*const fail[])(size_t) = { tenon__memory_fail_from,
						tenon__memory_fail_at };
	size_t refused = 0;
	size_t n = 0;
	int code = TENON_ENOMEM;

	while (code) {
		open_with("failover: {read: eject, write: none, delete: "
			  "backoff}\n");
		fail[_i](++n);
		code = explain(item("key:0", NULL));
		tenon__memory_fail_from(0);
		ck_assert(!code || code == TENON_ENOMEM);
		refused += code != 0;
		ck_assert_int_eq(explain(item("key:0", NULL)), 0);
		ck_assert_uint_eq(route.home, 1);
		if (code) {
			rig_close(&rig);
		}
	}
	ck_assert_uint_gt(refused, 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("route");
	TCase *tcase = tcase_create("routes");

	scratch_begin();
	tcase_add_checked_fixture(tcase, NULL, stop);
	LOOP(tcase, a_route_has_hash_home_and_next_servers, COUNT(golden));
	LOOP(tcase, a_route_has_the_points_around_the_key, COUNT(golden));
	subject_add_test_with(tcase, "hash_xxh3",
			      a_key_of_64_bits_has_its_place_among_the_points,
			      0, 1);
	tcase_add_test(tcase, points_and_traits_are_those_of_the_distribution);
	tcase_add_test(tcase, one_server_is_home_to_every_key);
	tcase_add_test(tcase, the_prefix_is_sent_and_hashed);
	tcase_add_test(tcase, the_hash_tag_alone_is_hashed);
	tcase_add_test(tcase, a_routing_key_is_hashed_without_prefix);
	tcase_add_test(tcase, a_key_that_cannot_be_sent_has_no_route);
	tcase_add_test(tcase, a_busy_client_tells_no_route);
	tcase_add_test(tcase, each_access_has_its_own_answer);
	tcase_add_test(tcase, spare_servers_and_their_limit_are_told);
	tcase_add_test(tcase, an_answer_that_never_changes_has_no_failures);
	tcase_add_test(tcase, now_is_what_the_client_knows_of_its_servers);
	suite_add_codec_test(tcase, chunks_are_those_that_a_set_would_store, 1);
	suite_add_codec_test(tcase, a_small_value_is_one_item, 1);
	suite_add_codec_test(tcase, a_value_that_is_not_stored_says_why, 1);
	LOOP(tcase, a_route_needs_memory_and_says_so, 2);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
