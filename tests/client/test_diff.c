/* SPDX-License-Identifier: BSD-3-Clause */
/* struct tenon_diff: the keys that move between two rings, compared with tenon_client_where(). */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"
#include "tenon/ring.h"

static struct tenon_client *before, *after;
static struct tenon_diff *diff;
static struct tenon_diff_sums sums;
static struct tenon_error err;

static struct tenon_client *open_client(const char *text)
{
	struct tenon_client *client = NULL;
	struct tenon_config *config = NULL;

	ck_assert_int_eq(tenon_config_create(&config, &err), 0);
	ck_assert_msg(tenon_config_load_text(config, "test", text, strlen(text),
					     &err) == 0,
		      "%s", err.message);
	ck_assert_msg(tenon_client_open(config, &client, &err) == 0, "%s",
		      err.message);
	tenon_config_destroy(config);
	return client;
}

static void open_both(const char *old, const char *new)
{
	before = open_client(old);
	after = open_client(new);
	ck_assert_int_eq(tenon_diff_open(before, after, &diff, &err), 0);
}

static void stop(void)
{
	tenon_diff_close(diff);
	tenon_client_close(before);
	tenon_client_close(after);
	diff = NULL;
	before = after = NULL;
}

static void simulate(uint64_t count)
{
	ck_assert_int_eq(tenon_diff_simulate(diff, count, 1, &err), 0);
	tenon_diff_sums(diff, &sums);
}

static struct tenon_diff_server server_at(size_t index)
{
	struct tenon_diff_server server;

	ck_assert_int_eq(tenon_diff_server(diff, index, &server), 0);
	return server;
}

/* Servers, moves and sums have to agree with each other, whatever the rings are. */
static void check_sums(void)
{
	uint64_t keys[2] = { 0, 0 };
	uint64_t moved = 0, gained = 0, lost = 0;
	uint64_t most = UINT64_MAX;
	struct tenon_diff_server server;
	struct tenon_diff_move move;
	size_t i;

	tenon_diff_sums(diff, &sums);
	for (i = 0; tenon_diff_server(diff, i, &server) == 0; i++) {
		keys[0] += server.keys_before;
		keys[1] += server.keys_after;
		gained += server.keys_gained;
		lost += server.keys_lost;
		ck_assert_uint_eq(server.keys_before + server.keys_gained,
				  server.keys_after + server.keys_lost);
	}
	ck_assert_uint_eq(i, sums.server_count);
	for (i = 0; tenon_diff_move(diff, i, &move) == 0; i++) {
		ck_assert_uint_ne(move.from, move.to);
		ck_assert_uint_gt(move.keys, 0);
		ck_assert_uint_le(move.keys, most);
		most = move.keys;
		moved += move.keys;
	}
	ck_assert_uint_eq(i, sums.move_count);
	ck_assert_uint_eq(keys[0], sums.keys);
	ck_assert_uint_eq(keys[1], sums.keys);
	ck_assert_uint_eq(moved, sums.moved);
	ck_assert_uint_eq(gained, sums.moved);
	ck_assert_uint_eq(lost, sums.moved);
}

#define THREE "\"10.0.0.1 a\", \"10.0.0.2 b\", \"10.0.0.3 c\""

START_TEST(the_same_ring_moves_nothing)
{
	open_both("servers: [" THREE "]", "servers: [" THREE "]");
	simulate(10000);
	check_sums();
	ck_assert_uint_eq(sums.keys, 10000);
	ck_assert_uint_eq(sums.moved + sums.missed + sums.renamed, 0);
	ck_assert_uint_eq(sums.server_count, 3);
	ck_assert(sums.max_per_mean_before > 1);
	ck_assert(sums.max_per_mean_before == sums.max_per_mean_after);
}
END_TEST

START_TEST(a_fourth_server_only_gains_keys)
{
	struct tenon_diff_move move;

	open_both("servers: [" THREE "]",
		  "servers: [\"10.0.0.4 d\", " THREE "]");
	simulate(100000);
	check_sums();
	ck_assert_uint_eq(sums.server_count, 4);
	ck_assert_uint_gt(sums.moved, 15000);
	ck_assert_uint_lt(sums.moved, 35000);
	ck_assert_uint_eq(sums.missed, sums.moved);
	ck_assert_uint_eq(sums.move_count, 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(tenon_diff_move(diff, i, &move), 0);
		ck_assert_uint_eq(move.to, 3);
		ck_assert_uint_eq(server_at(i).keys_gained, 0);
		ck_assert_uint_eq(server_at(i).before, i);
		ck_assert_uint_eq(server_at(i).after, i + 1);
	}
	ck_assert_str_eq(server_at(3).name, "d");
	ck_assert_uint_eq(server_at(3).before, UINT32_MAX);
	ck_assert_uint_eq(server_at(3).after, 0);
	ck_assert_uint_eq(server_at(3).weight_before, 0);
	ck_assert_uint_eq(server_at(3).keys_after, sums.moved);
}
END_TEST

START_TEST(a_removed_server_only_loses_keys)
{
	open_both("servers: [" THREE "]",
		  "servers: [\"10.0.0.3 c\", \"10.0.0.1 a\"]");
	simulate(20000);
	check_sums();
	ck_assert_uint_eq(server_at(1).keys_after, 0);
	ck_assert_uint_eq(server_at(1).after, UINT32_MAX);
	ck_assert_uint_eq(server_at(1).keys_lost, sums.moved);
	ck_assert_uint_eq(server_at(1).keys_before, sums.moved);
}
END_TEST

START_TEST(a_greater_weight_moves_keys_to_its_server_only)
{
	open_both("servers: [" THREE "]",
		  "servers: [{address: 10.0.0.1, alias: a, weight: 4}, "
		  "\"10.0.0.2 b\", \"10.0.0.3 c\"]");
	simulate(20000);
	check_sums();
	ck_assert_uint_gt(sums.moved, 0);
	ck_assert_uint_eq(server_at(0).keys_gained, sums.moved);
	ck_assert_uint_eq(server_at(0).weight_before, 1);
	ck_assert_uint_eq(server_at(0).weight_after, 4);
	/* two thirds of the keys, but not more than its weight asks for */
	ck_assert(sums.max_per_mean_after < 1.5);
}
END_TEST

START_TEST(another_hash_moves_two_thirds_of_the_keys)
{
	open_both("servers: [" THREE "]",
		  "servers: [" THREE "]\nhash_function: crc32\n");
	simulate(20000);
	check_sums();
	ck_assert_uint_gt(sums.moved, 20000 / 2);
	ck_assert_uint_lt(sums.moved, 20000 * 5 / 6);
	ck_assert_uint_eq(sums.move_count, 6);
}
END_TEST

/* By name, then by address. */
START_TEST(servers_are_the_same_by_name_or_by_address)
{
	open_both("servers: [\"10.0.0.1 a\", \"10.0.0.2 b\", \"10.0.0.3\"]",
		  "servers: [\"10.0.0.3 c\", \"10.0.0.2 a\", \"10.0.0.9 b\", "
		  "\"10.0.0.1 d\"]");
	simulate(1000);
	check_sums();
	ck_assert_uint_eq(sums.server_count, 4);
	ck_assert_uint_eq(server_at(0).after, 1); /* a has another address */
	ck_assert_str_eq(server_at(0).address, "10.0.0.2:11211");
	ck_assert_uint_eq(server_at(1).after, 2);
	ck_assert_uint_eq(server_at(2).after, 0); /* 10.0.0.3 is now c */
	ck_assert_str_eq(server_at(2).name, "c");
	ck_assert_uint_eq(server_at(3).before, UINT32_MAX); /* a has 10.0.0.1 */
}
END_TEST

START_TEST(another_prefix_renames_every_key)
{
	open_both("servers: [\"10.0.0.1 a\"]",
		  "servers: [\"10.0.0.1 a\"]\nprefix: v2/\n");
	simulate(100);
	check_sums();
	ck_assert_uint_eq(sums.moved, 0);
	ck_assert_uint_eq(sums.renamed, 100);
	ck_assert_uint_eq(sums.missed, 100);
}
END_TEST

START_TEST(given_keys_are_where_the_clients_have_them)
{
	char keys[200][16];
	struct tenon_item items[200];
	uint64_t moved = 0;

	open_both("servers: [" THREE "]",
		  "servers: [" THREE ", \"10.0.0.4 d\"]");
	for (size_t i = 0; i < COUNT(items); i++) {
		size_t old_home, new_home;

		snprintf(keys[i], sizeof(keys[i]), "user:%zu", i);
		items[i] = item(keys[i], NULL);
		if (i % 10 == 0) {
			items[i].routing_key = slice("group");
		}
		ck_assert_int_eq(tenon_client_where_item(before, &items[i],
							 &old_home, &err),
				 0);
		ck_assert_int_eq(tenon_client_where_item(after, &items[i],
							 &new_home, &err),
				 0);
		moved += old_home != new_home;
	}
	items[0].key = slice("a b"); /* is refused, not counted */
	ck_assert_int_eq(tenon_diff_add(diff, items, COUNT(items), &err), 0);
	check_sums();
	ck_assert_uint_eq(sums.keys, 199);
	ck_assert_uint_eq(sums.refused, 1);
	ck_assert_uint_gt(moved, 0);
	ck_assert(sums.moved == moved || sums.moved + 1 == moved);
}
END_TEST

START_TEST(spare_servers_are_left_out)
{
	open_both("servers: [\"10.0.0.1 a\", \"10.0.0.2 b\"]",
		  "servers: [{address: 10.0.0.9, alias: s, pool: gutter}, "
		  "\"10.0.0.1 a\", \"10.0.0.2 b\"]\nfailover: gutter\n");
	simulate(100);
	check_sums();
	ck_assert_uint_eq(sums.server_count, 2);
	ck_assert_uint_eq(sums.moved, 0);
}
END_TEST

START_TEST(nothing_is_known_before_a_key)
{
	struct tenon_diff_move move = { .keys = 3 };
	struct tenon_diff_server server = { .keys_lost = 4 };

	open_both("servers: [" THREE "]", "servers: [" THREE "]");
	simulate(0);
	check_sums();
	ck_assert(sums.max_per_mean_before == 0);
	ck_assert_int_eq(tenon_diff_move(diff, 0, &move), TENON_EINVAL);
	ck_assert_int_eq(tenon_diff_server(diff, 3, &server), TENON_EINVAL);
	ck_assert_uint_eq(move.keys + server.keys_lost, 7);
	ck_assert_uint_eq(sums.server_count, 3);
}
END_TEST

START_TEST(clients_may_be_closed_before_the_comparison)
{
	open_both("servers: [" THREE "]",
		  "servers: [" THREE ", \"10.0.0.4 d\"]");
	tenon_client_close(before);
	tenon_client_close(after);
	before = after = NULL;
	simulate(1000);
	check_sums();
	ck_assert_str_eq(server_at(3).name, "d");
}
END_TEST

/* Seeds make other keys, the same seed the same; the order of keys does not matter. */
START_TEST(simulated_keys_depend_on_the_seed)
{
	uint64_t first;

	open_both("servers: [" THREE "]", "servers: [" THREE "]");
	simulate(5000);
	first = server_at(0).keys_before;
	simulate(5000);
	ck_assert_uint_eq(server_at(0).keys_before, 2 * first);
	ck_assert_int_eq(tenon_diff_simulate(diff, 5000, 2, &err), 0);
	ck_assert_uint_ne(server_at(0).keys_before, 3 * first);
}
END_TEST

/* Many servers make many moves: the table grows. */
START_TEST(all_moves_of_a_large_ring_are_counted)
{
	static char text[2][40000];

	for (size_t side = 0; side < 2; side++) {
		size_t len = (size_t)sprintf(text[side], "%sservers: [",
					     side ? "hash_function: crc32\n" : "");
		for (int i = 0; i < 1000; i++) {
			len += (size_t)sprintf(text[side] + len, "%s\"h%d s%d\"",
					       i ? ", " : "", i, i);
		}
		strcpy(text[side] + len, "]\n");
	}
	open_both(text[0], text[1]);
	simulate(200000);
	check_sums();
	ck_assert_uint_gt(sums.move_count, 100000);
}
END_TEST

START_TEST(a_comparison_needs_memory_and_says_so)
{
	static void (*const fail[])(size_t) = { tenon__memory_fail_from,
						tenon__memory_fail_at };
	struct tenon_diff_move move;
	size_t opened = 0;
	size_t n = 0;
	int code = TENON_ENOMEM;

	before = open_client("servers: [" THREE "]");
	after = open_client("servers: [" THREE "]\nhash_function: crc32\n");
	while (code) {
		fail[_i](++n);
		code = tenon_diff_open(before, after, &diff, &err);
		if (!code) {
			opened++;
			code = tenon_diff_simulate(diff, 100, 1, &err);
		}
		if (!code) {
			code = tenon_diff_move(diff, 0, &move);
		}
		tenon__memory_fail_from(0);
		ck_assert(!code || code == TENON_ENOMEM);
		if (code && diff) {
			/* the comparison works afterwards, without the key that failed */
			ck_assert_int_eq(tenon_diff_move(diff, 0, &move),
					 opened == 1 ? TENON_EINVAL : 0);
			check_sums();
		}
		if (code) {
			tenon_diff_close(diff);
			diff = NULL;
		}
	}
	ck_assert_uint_gt(n, 10);
	ck_assert_uint_eq(opened, 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("diff");
	TCase *tcase = tcase_create("rings");

	scratch_begin();
	tcase_add_checked_fixture(tcase, NULL, stop);
	tcase_add_test(tcase, the_same_ring_moves_nothing);
	tcase_add_test(tcase, a_fourth_server_only_gains_keys);
	tcase_add_test(tcase, a_removed_server_only_loses_keys);
	tcase_add_test(tcase, a_greater_weight_moves_keys_to_its_server_only);
	tcase_add_test(tcase, another_hash_moves_two_thirds_of_the_keys);
	tcase_add_test(tcase, servers_are_the_same_by_name_or_by_address);
	tcase_add_test(tcase, another_prefix_renames_every_key);
	tcase_add_test(tcase, given_keys_are_where_the_clients_have_them);
	tcase_add_test(tcase, spare_servers_are_left_out);
	tcase_add_test(tcase, nothing_is_known_before_a_key);
	tcase_add_test(tcase, clients_may_be_closed_before_the_comparison);
	tcase_add_test(tcase, simulated_keys_depend_on_the_seed);
	tcase_add_test(tcase, all_moves_of_a_large_ring_are_counted);
	LOOP(tcase, a_comparison_needs_memory_and_says_so, 2);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
