/* SPDX-License-Identifier: BSD-3-Clause */
/* Values received into a sink, which is memory of the caller. */
#include <stdlib.h>
#include <string.h>

#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

#define MIN_BYTES 1000
#define ROOMS	  4

/* The requests to the sink, and the memory that it gave. */
struct asked {
	char *rooms[ROOMS];
	size_t lens[ROOMS];
	int count;
	bool refuse;
};

static void *give_room(void *payload, size_t index, size_t len)
{
	struct asked *asked = payload;

	asked->count++;
	ck_assert_uint_lt(index, ROOMS);
	free(asked->rooms[index]);
	asked->rooms[index] = asked->refuse ? NULL : malloc(len + 1);
	asked->lens[index] = len;
	return asked->rooms[index];
}

static void free_rooms(struct asked *asked)
{
	for (int i = 0; i < ROOMS; i++) {
		free(asked->rooms[i]);
	}
}

/* Open a rig of one memcached whose values `a` and `b` have these lengths. */
static void open_with(struct rig *rig, struct memcached *memcached,
		      struct asked *asked, const size_t lens[2])
{
	const char *const keys[] = { "a", "b" };

	ck_assert(memcached_start(memcached, MEMCACHED_UNIX, NULL));
	rig_open_one(rig, memcached->address, NULL);
	for (unsigned i = 0; i < 2; i++) {
		char *value = binary_value(lens[i], i);
		const struct tenon_item stored = {
			.key = slice(keys[i]),
			.value = { value, lens[i] },
		};

		ck_assert_int_eq(rig_one(rig, TENON_SET, &stored, 0),
				 TENON_STORED);
		free(value);
	}
	tenon_client_set_sink(rig->client, MIN_BYTES, give_room, asked);
}

static void check_value(const struct tenon_result *result, size_t len,
			unsigned seed)
{
	char *value = binary_value(len, seed);

	ck_assert(result_value_is(result, value, len));
	free(value);
}

START_TEST(large_values_are_received_where_the_caller_says)
{
	const size_t lens[] = { 500000, MIN_BYTES };
	const struct tenon_item items[] = { item("a", ""), item("no", ""),
					    item("b", "") };
	struct memcached memcached;
	struct asked asked = { .count = 0 };
	struct rig rig = { 0 };

	open_with(&rig, &memcached, &asked, lens);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(rig_run(&rig, TENON_GETS, items, 3, 0), 0);
		ck_assert_ptr_eq(rig.results[0].value, asked.rooms[0]);
		ck_assert_ptr_eq(rig.results[2].value, asked.rooms[2]);
		check_value(&rig.results[0], lens[0], 0);
		check_value(&rig.results[2], lens[1], 1);
		ck_assert_int_eq(rig.results[1].status, TENON_MISS);
		ck_assert_uint_ne(rig.results[0].cas, 0);
	}
	ck_assert_int_eq(asked.count, 4);
	rig_close(&rig);
	free_rooms(&asked);
	memcached_stop(&memcached);
}
END_TEST

START_TEST(small_values_are_not_asked_for)
{
	const size_t lens[] = { MIN_BYTES - 1, 0 };
	struct memcached memcached;
	struct asked asked = { .count = 0 };
	struct rig rig = { 0 };

	open_with(&rig, &memcached, &asked, lens);
	ck_assert_int_eq(rig_get(&rig, "a"), TENON_HIT);
	check_value(&rig.result, lens[0], 0);
	ck_assert_int_eq(asked.count, 0);
	rig_close(&rig);
	memcached_stop(&memcached);
}
END_TEST

START_TEST(a_value_that_the_sink_refuses_is_in_the_clients_memory)
{
	const size_t lens[] = { 500000, 2000 };
	struct memcached memcached;
	struct asked asked = { .refuse = true };
	struct rig rig = { 0 };

	open_with(&rig, &memcached, &asked, lens);
	ck_assert_int_eq(rig_get(&rig, "a"), TENON_HIT);
	check_value(&rig.result, lens[0], 0);
	ck_assert_int_eq(asked.count, 1);
	tenon_client_set_sink(rig.client, 0, NULL, NULL);
	ck_assert_int_eq(rig_get(&rig, "b"), TENON_HIT);
	check_value(&rig.result, lens[1], 1);
	ck_assert_int_eq(asked.count, 1);
	rig_close(&rig);
	memcached_stop(&memcached);
}
END_TEST

/* Flag 4096 belongs to the codec split: the client itself reads such a parent. */
START_TEST(a_value_that_a_codec_has_to_see_is_not_asked_for)
{
	struct memcached memcached;
	struct asked asked = { .count = 0 };
	struct rig rig = { 0 };
	struct tenon_item stored = item("a", "10000000");

	rig_codecs = "[split]";
	ck_assert(memcached_start(&memcached, MEMCACHED_UNIX, NULL));
	rig_open_one(&rig, memcached.address, NULL);
	stored.flags = 4096;
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &stored, TENON_RAW),
			 TENON_STORED);
	tenon_client_set_sink(rig.client, 0, give_room, &asked);
	ck_assert_int_eq(rig_get(&rig, "a"), TENON_EUNDECODABLE);
	ck_assert_int_eq(asked.count, 0);
	rig_close(&rig);
	memcached_stop(&memcached);
}
END_TEST

START_TEST(a_value_that_is_torn_is_no_hit)
{
	struct asked asked = { .count = 0 };
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get a\r\n"),
				  FAKE_SEND("VALUE a 0 5000\r\nxxxxxxxx"),
				  FAKE_CLOSE));
	rig_open(&rig, NULL);
	tenon_client_set_sink(rig.client, MIN_BYTES, give_room, &asked);
	ck_assert_int_eq(rig_get(&rig, "a"), TENON_ECLOSED);
	ck_assert_ptr_null(rig.result.value);
	ck_assert_int_eq(asked.count, 1);
	ck_assert_uint_eq(asked.lens[0], 5000);
	rig_close(&rig);
	free_rooms(&asked);
}
END_TEST

START_TEST(a_value_above_the_limit_is_not_asked_for)
{
	struct asked asked = { .count = 0 };
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get a\r\n"),
				  FAKE_SEND("VALUE a 0 99999999999\r\nxxx"),
				  FAKE_CLOSE));
	rig_open(&rig, NULL);
	tenon_client_set_sink(rig.client, MIN_BYTES, give_room, &asked);
	ck_assert_int_eq(rig_get(&rig, "a"), TENON_ETOOBIG);
	ck_assert_int_eq(asked.count, 0);
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("room");
	TCase *tcase = tcase_create("room");

	scratch_begin();
	tcase_add_test(tcase, large_values_are_received_where_the_caller_says);
	tcase_add_test(tcase, small_values_are_not_asked_for);
	tcase_add_test(tcase,
		       a_value_that_the_sink_refuses_is_in_the_clients_memory);
	suite_add_codec_test(
		tcase, a_value_that_a_codec_has_to_see_is_not_asked_for, 1);
	tcase_add_test(tcase, a_value_that_is_torn_is_no_hit);
	tcase_add_test(tcase, a_value_above_the_limit_is_not_asked_for);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
