/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Split values in format sealed, against real memcached. Every verb works, and no chunk
 * is left behind: the tests count the items on the servers.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fakes/cluster.h"
#include "fakes/scratch.h"
#include "fakes/toy.h"
#include "runner/suite.h"

#define FLAG_SPLIT 4096u
#define CHUNKS_MAX 40
#define SEALED "{format: sealed, chunk: 100B, max: 4000B}"
#define CODECS "codecs: [split: " SEALED "]\n"
#define SEALED_PARENT_LEN(digits) (sizeof("S1  2  ") - 1 + (digits) + 2 * 16)

static struct cluster cluster;
static char *a, *b; /* values of at most 4000 bytes */

static void start(void)
{
	cluster_start(&cluster, 3);
	cluster_open(&cluster, CODECS);
	a = noise(4000, 1);
	b = noise(4000, 2);
}

static void stop(void)
{
	cluster_close(&cluster);
	cluster_stop(&cluster);
	free(a);
	free(b);
}

/* The content of a sealed parent. */
struct pieces {
	size_t len;
	unsigned count;
	char keys[CHUNKS_MAX][TENON_KEY_MAX_BYTES + 1];
};

/* Read and parse the parent under a key. */
static struct pieces look(const char *key)
{
	struct pieces out = { 0 };
	char id[17];

	ck_assert_int_eq(cluster_peek(&cluster, key), TENON_HIT);
	ck_assert_uint_eq(cluster.raw.result.flags & FLAG_SPLIT, FLAG_SPLIT);
	ck_assert_int_eq(sscanf(cluster.raw.result.value,
				"S1 %zu %u %16[0-9a-f] %*16[0-9a-f]", &out.len,
				&out.count, id), 3);
	ck_assert_uint_le(out.count, CHUNKS_MAX);
	for (unsigned i = 0; i < out.count; i++) {
		snprintf(out.keys[i], sizeof(out.keys[i]), "~%zu%s/%s/%u",
			 strlen(key), key, id, i);
	}
	return out;
}

/*
 * Return the number of items on the living servers. The same connections carried the
 * deletes, so the deletes have been done.
 */
static size_t item_count(void)
{
	size_t total = 0;

	rig_run_servers(&cluster.rig, TENON_STATS, NULL, 0);
	for (size_t i = 0; i < cluster.count; i++) {
		struct tenon_slice name, value;
		size_t cursor = 0;

		while (cluster.rig.results[i].status == TENON_OK &&
		       tenon_stat_next(&cluster.rig.results[i], &cursor, &name,
				       &value)) {
			if (name.len == 10 &&
			    memcmp(name.data, "curr_items", 10) == 0) {
				total += strtoul(value.data, NULL, 10);
			}
		}
	}
	return total;
}

/* The value is stored with all its chunks, and no other item exists. */
static void check_alone(const char *key, const char *value, size_t len)
{
	ck_assert_uint_eq(item_count(), len > 100 ? 1 + (len + 99) / 100 : 1);
	ck_assert(cluster_gives(&cluster, key, value, len));
	ck_assert_uint_eq(cluster.rig.result.flags, 0);
}

static void check_gone(const struct pieces *pieces)
{
	item_count();
	for (unsigned i = 0; i < pieces->count; i++) {
		ck_assert_int_eq(cluster_peek(&cluster, pieces->keys[i]),
				 TENON_MISS);
	}
}

static uint64_t cas_of(const char *key)
{
	ck_assert_int_eq(cluster_run(&cluster, TENON_GETS, key), TENON_HIT);
	return cluster.rig.result.cas;
}

static int store_cas(const char *key, const char *value, size_t len,
		     uint64_t cas)
{
	const struct tenon_item one = { .key = slice(key),
					.value = { value, len },
					.cas = cas };

	return rig_one(&cluster.rig, TENON_CAS, &one, 0);
}

static void must_set(const char *key, const char *value, size_t len)
{
	ck_assert_int_eq(cluster_set(&cluster, key, value, len), TENON_STORED);
}

/* ---- set and get --------------------------------------------------------- */

static const size_t sizes[] = { 0,   1,   99,  100, 101,  199,
				200, 201, 333, 999, 3999, 4000 };

START_TEST(a_value_is_whole_up_to_chunk_and_sealed_above)
{
	size_t len = sizes[_i];

	must_set("k", a, len);
	check_alone("k", a, len);
	ck_assert_int_eq(cluster_run(&cluster, TENON_GETS, "k"), TENON_HIT);
	ck_assert(result_value_is(&cluster.rig.result, a, len));
	ck_assert_uint_ne(cluster.rig.result.cas, 0);
	if (len > 100) {
		struct pieces pieces = look("k");

		ck_assert_uint_eq(pieces.len, len);
		ck_assert_uint_eq(pieces.count, (len + 99) / 100);
	}
}
END_TEST

START_TEST(every_write_has_chunks_of_its_own)
{
	struct pieces first, second;

	must_set("k", a, 250);
	first = look("k");
	must_set("k", a, 250);
	second = look("k");
	ck_assert_str_ne(first.keys[0], second.keys[0]);
	check_gone(&first);
	check_alone("k", a, 250);
}
END_TEST

/* Sizes of a value before and after a write. */
static const size_t changes[][2] = {
	{ 250, 350 }, { 350, 250 }, { 250, 50 }, { 50, 250 }, { 4000, 101 },
	{ 100, 0 },
};

START_TEST(set_leaves_no_chunk_of_the_value_before)
{
	must_set("k", a, changes[_i][0]);
	must_set("k", b, changes[_i][1]);
	check_alone("k", b, changes[_i][1]);
}
END_TEST

START_TEST(many_values_in_one_call_leave_nothing_of_those_before)
{
	static const char *const keys[] = { "m1", "m2", "m3", "m4", "m5" };
	struct tenon_item items[5];

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < 5; i++) {
			items[i] = (struct tenon_item){
				.key = slice(keys[i]),
				.value = { round % 2 ? a : b, 150 + 100 * i },
				.flags = (uint32_t)i,
			};
		}
		ck_assert_int_eq(rig_run(&cluster.rig, TENON_SET, items, 5, 0),
				 0);
	}
	ck_assert_uint_eq(item_count(), 5 + 2 + 3 + 4 + 5 + 6);
	ck_assert_int_eq(rig_run(&cluster.rig, TENON_GET, items, 5, 0), 0);
	for (size_t i = 0; i < 5; i++) {
		ck_assert(result_value_is(&cluster.rig.results[i],
					  items[i].value.data,
					  items[i].value.len));
		ck_assert_uint_eq(cluster.rig.results[i].flags, i);
	}
	ck_assert_int_eq(rig_run(&cluster.rig, TENON_DELETE, items, 5, 0), 0);
	ck_assert_uint_eq(item_count(), 0);
}
END_TEST

START_TEST(noreply_leaves_nothing_of_the_value_before)
{
	const struct tenon_item one = { .key = TENON_LITERAL("k"),
					.value = { b, 350 } };

	must_set("k", a, 250);
	rig_one(&cluster.rig, TENON_SET, &one, TENON_NOREPLY);
	ck_assert_int_ge(cluster.rig.result.status, 0);
	check_alone("k", b, 350);
	rig_one(&cluster.rig, TENON_DELETE, &one, TENON_NOREPLY);
	ck_assert_int_ge(cluster.rig.result.status, 0);
	ck_assert_uint_eq(item_count(), 0);
}
END_TEST

START_TEST(compressed_values_are_sealed_too)
{
	char *text = noise(2000, 3);

	memset(text + 500, 'x', 1500);
	cluster_reopen(&cluster, "codecs:\n  - zlib: {threshold: 100B}\n"
				 "  - split: " SEALED "\n");
	must_set("k", text, 2000);
	ck_assert_uint_lt(look("k").len, 1000);
	ck_assert_uint_eq(cluster.raw.result.flags, FLAG_SPLIT | 16);
	ck_assert(cluster_gives(&cluster, "k", text, 2000));
	must_set("k", text, 100);
	check_alone("k", text, 100);
	free(text);
}
END_TEST

START_TEST(a_value_above_max_is_refused_and_the_old_one_stays)
{
	char *large = noise(4001, 4);

	must_set("k", a, 250);
	ck_assert_int_eq(cluster_set(&cluster, "k", large, 4001),
			 TENON_ETOOBIG);
	check_says(cluster.rig.result.text, "4000");
	check_alone("k", a, 250);
	free(large);
}
END_TEST

START_TEST(keys_may_be_as_long_as_their_chunks_keys_can_be)
{
	/* "~" length key "/" 16 digits "/" index, of 250 bytes in all */
	size_t longest = TENON_KEY_MAX_BYTES - (1 + 3 + 1 + 16 + 1 + 1);
	char key[TENON_KEY_MAX_BYTES + 1];

	memset(key, 'k', sizeof(key));
	key[longest] = '\0';
	must_set(key, a, 250);
	check_alone(key, a, 250);
	cluster_run(&cluster, TENON_DELETE, key);
	ck_assert_uint_eq(item_count(), 0);
	/* an index of two digits makes the key one byte too long */
	ck_assert_int_eq(cluster_set(&cluster, key, a, 1500), TENON_ETOOBIG);
	key[longest] = 'k';
	key[longest + 1] = '\0';
	ck_assert_int_eq(cluster_set(&cluster, key, a, 250), TENON_ETOOBIG);
	check_says(cluster.rig.result.text, "251");
	must_set(key, a, 100);
	check_alone(key, a, 100);
}
END_TEST

START_TEST(chunks_have_the_prefix_where_the_key_has_it)
{
	static const char *const keys[][2] = { { "k", "app/k" },
					       { "?k", "?app/k" } };

	cluster_reopen(&cluster, "prefix: app/\n" CODECS);
	must_set(keys[_i][0], a, 250);
	ck_assert_uint_eq(look(keys[_i][1]).count, 3);
	for (unsigned i = 0; i < 3; i++) {
		struct pieces pieces = look(keys[_i][1]);

		ck_assert_int_eq(cluster_peek(&cluster, pieces.keys[i]),
				 TENON_HIT);
	}
	check_alone(keys[_i][0], a, 250);
	cluster_run(&cluster, TENON_DELETE, keys[_i][0]);
	ck_assert_uint_eq(item_count(), 0);
}
END_TEST

/* ---- add, replace, cas --------------------------------------------------- */

START_TEST(add_stores_only_an_absent_key)
{
	ck_assert_int_eq(cluster_store(&cluster, TENON_ADD, "k", a, 250),
			 TENON_STORED);
	check_alone("k", a, 250);
	ck_assert_int_eq(cluster_store(&cluster, TENON_ADD, "k", b, 350),
			 TENON_NOT_STORED);
	check_alone("k", a, 250);
	ck_assert_int_eq(cluster_store(&cluster, TENON_ADD, "k", b, 50),
			 TENON_NOT_STORED);
	check_alone("k", a, 250);
}
END_TEST

START_TEST(replace_stores_only_an_existing_key)
{
	ck_assert_int_eq(cluster_store(&cluster, TENON_REPLACE, "k", a, 250),
			 TENON_NOT_STORED);
	ck_assert_uint_eq(item_count(), 0);
	for (size_t i = 0; i < COUNT(changes); i++) {
		struct pieces before = { 0 };

		must_set("k", a, changes[i][0]);
		if (changes[i][0] > 100) {
			before = look("k");
		}
		ck_assert_int_eq(cluster_store(&cluster, TENON_REPLACE, "k", b,
					       changes[i][1]), TENON_STORED);
		check_alone("k", b, changes[i][1]);
		check_gone(&before);
	}
}
END_TEST

START_TEST(cas_stores_only_over_an_unchanged_value)
{
	struct pieces before;
	uint64_t cas;

	ck_assert_int_eq(store_cas("k", a, 250, 1), TENON_MISS);
	ck_assert_uint_eq(item_count(), 0);
	must_set("k", a, 250);
	before = look("k");
	cas = cas_of("k");
	ck_assert_int_eq(store_cas("k", b, 350, cas), TENON_STORED);
	check_gone(&before);
	check_alone("k", b, 350);
	ck_assert_int_eq(store_cas("k", a, 250, cas), TENON_EXISTS);
	check_alone("k", b, 350);
	ck_assert_int_eq(store_cas("k", a, 50, cas), TENON_EXISTS);
	check_alone("k", b, 350);
	ck_assert_int_eq(store_cas("k", a, 50, cas_of("k")), TENON_STORED);
	check_alone("k", a, 50);
}
END_TEST

START_TEST(a_split_value_is_not_changed_in_place)
{
	static const enum tenon_verb verbs[] = { TENON_APPEND, TENON_PREPEND,
						 TENON_INCR, TENON_DECR };

	must_set("k", a, 250);
	ck_assert_int_eq(cluster_run(&cluster, verbs[_i], "k"),
			 TENON_EENCODED);
	check_alone("k", a, 250);
}
END_TEST

/* ---- lifetime ------------------------------------------------------------ */

/*
 * Return the time to live of a key in seconds, by memcached's "mg key t"; 0: no such
 * key, -1: for ever.
 */
static long ttl_of(const char *key)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[512];
	size_t server;
	ssize_t n;
	long ttl = 0;

	ck_assert_int_eq(tenon_client_where(cluster.raw.client, slice(key),
					    &server, NULL), 0);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s",
		 cluster.servers[server].address);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	n = snprintf(text, sizeof(text), "mg %s t\r\n", key);
	toy_from_client(&(struct toy_stream){ 0 }, toy_chosen(), text,
			(size_t)n);
	ck_assert_int_eq(write(fd, text, (size_t)n), n);
	n = read(fd, text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	toy_to_client(toy_chosen(), text, (size_t)n);
	text[n] = '\0';
	close(fd);
	if (sscanf(text, "HD t%ld", &ttl) != 1) {
		ck_assert_str_eq(text, "EN\r\n");
	}
	return ttl;
}

/* The time to live of the parent and of all chunks is from..to seconds. */
static void check_lives(const char *key, long from, long to)
{
	struct pieces pieces = look(key);

	item_count(); /* deletes without reply have been done after this */
	ck_assert_int_ge(ttl_of(key), from);
	ck_assert_int_le(ttl_of(key), to);
	for (unsigned i = 0; i < pieces.count; i++) {
		ck_assert_int_ge(ttl_of(pieces.keys[i]), from);
		ck_assert_int_le(ttl_of(pieces.keys[i]), to);
	}
}

START_TEST(chunks_live_as_long_as_their_parent)
{
	struct tenon_item one = { .key = TENON_LITERAL("k"),
				  .value = { a, 250 },
				  .exptime = 1000 };

	ck_assert_int_eq(rig_one(&cluster.rig, TENON_SET, &one, 0),
			 TENON_STORED);
	check_lives("k", 500, 1000);
	one.exptime = 9000;
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_TOUCH, &one, 0),
			 TENON_TOUCHED);
	check_lives("k", 8000, 9000);
	one.exptime = 2000;
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_GAT, &one, 0), TENON_HIT);
	ck_assert(result_value_is(&cluster.rig.result, a, 250));
	check_lives("k", 1500, 2000);
	one.exptime = 5000;
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_GATS, &one, 0),
			 TENON_HIT);
	ck_assert(result_value_is(&cluster.rig.result, a, 250));
	ck_assert_uint_ne(cluster.rig.result.cas, 0);
	check_lives("k", 4000, 5000);
	one.exptime = 0;
	rig_one(&cluster.rig, TENON_TOUCH, &one, TENON_NOREPLY);
	ck_assert_int_ge(cluster.rig.result.status, 0);
	check_lives("k", -1, -1);
	check_alone("k", a, 250);
}
END_TEST

START_TEST(a_negative_exptime_removes_the_value_and_its_chunks)
{
	static const enum tenon_verb verbs[] = { TENON_TOUCH, TENON_GAT };
	struct tenon_item one = { .key = TENON_LITERAL("k"), .exptime = -1 };
	struct pieces pieces;

	must_set("k", a, 250);
	pieces = look("k");
	ck_assert_int_ge(rig_one(&cluster.rig, verbs[_i], &one, 0), 0);
	ck_assert_int_eq(rig_get(&cluster.rig, "k"), TENON_MISS);
	check_gone(&pieces);
}
END_TEST

START_TEST(touch_and_delete_of_absent_and_plain_items_are_plain_commands)
{
	ck_assert_int_eq(cluster_run(&cluster, TENON_TOUCH, "k"), TENON_MISS);
	ck_assert_int_eq(cluster_run(&cluster, TENON_DELETE, "k"), TENON_MISS);
	must_set("k", a, 50);
	ck_assert_int_eq(cluster_run(&cluster, TENON_TOUCH, "k"),
			 TENON_TOUCHED);
	check_alone("k", a, 50);
	ck_assert_int_eq(cluster_run(&cluster, TENON_DELETE, "k"),
			 TENON_DELETED);
	ck_assert_uint_eq(item_count(), 0);
}
END_TEST

START_TEST(delete_takes_the_chunks_along)
{
	struct pieces pieces;

	must_set("k", a, 3950);
	pieces = look("k");
	ck_assert_uint_eq(item_count(), 41);
	ck_assert_int_eq(cluster_run(&cluster, TENON_DELETE, "k"),
			 TENON_DELETED);
	ck_assert_uint_eq(item_count(), 0);
	check_gone(&pieces);
	ck_assert_int_eq(rig_get(&cluster.rig, "k"), TENON_MISS);
}
END_TEST

/* ---- chunks of two writes ------------------------------------------------ */

/* The change of chunk 2 of 3, and the reason in the result. */
enum piece_change { GONE, SHORTER, LONGER, OF_ANOTHER_WRITE, SWAPPED, FLIPPED };

static const struct {
	enum piece_change change;
	int status;
	const char *says;
} piece_changes[] = {
	{ GONE, TENON_MISS, "chunk 2 of 3 is absent" },
	{ SHORTER, TENON_MISS, "chunk 2 of 3 has 99 bytes" },
	{ LONGER, TENON_MISS, "chunk 2 of 3" },
	{ OF_ANOTHER_WRITE, TENON_EUNDECODABLE, "checksum" },
	{ SWAPPED, TENON_EUNDECODABLE, "checksum" },
	{ FLIPPED, TENON_EUNDECODABLE, "checksum" },
};

static void change_piece(const struct pieces *pieces, enum piece_change change)
{
	char bytes[101];

	memcpy(bytes, a + 100, sizeof(bytes));
	switch (change) {
	case GONE:
		cluster_drop(&cluster, pieces->keys[1]);
		return;
	case SHORTER:
		cluster_put(&cluster, pieces->keys[1], 0, bytes, 99);
		return;
	case LONGER:
		cluster_put(&cluster, pieces->keys[1], 0, bytes, 101);
		return;
	case OF_ANOTHER_WRITE:
		cluster_put(&cluster, pieces->keys[1], 0, b + 100, 100);
		return;
	case SWAPPED:
		cluster_put(&cluster, pieces->keys[1], 0, a, 100);
		cluster_put(&cluster, pieces->keys[0], 0, a + 100, 100);
		return;
	case FLIPPED:
		bytes[99] ^= 1;
		cluster_put(&cluster, pieces->keys[1], 0, bytes, 100);
	}
}

START_TEST(a_chunk_that_is_not_as_it_was_written_is_no_value)
{
	struct pieces pieces;

	must_set("k", a, 300);
	pieces = look("k");
	ck_assert_uint_eq(pieces.count, 3);
	change_piece(&pieces, piece_changes[_i].change);
	ck_assert_int_eq(rig_get(&cluster.rig, "k"), piece_changes[_i].status);
	check_says(cluster.rig.result.text, piece_changes[_i].says);
	ck_assert_ptr_null(cluster.rig.result.value);
	must_set("k", a, 300);
	ck_assert(cluster_gives(&cluster, "k", a, 300));
}
END_TEST

START_TEST(a_parent_of_another_write_finds_no_chunk)
{
	char parent[64];
	size_t len;

	must_set("k", a, 300);
	look("k");
	len = cluster.raw.result.value_len;
	ck_assert_uint_lt(len, sizeof(parent));
	memcpy(parent, cluster.raw.result.value, len);
	must_set("k", a, 300);
	cluster_put(&cluster, "k", FLAG_SPLIT, parent, len);
	ck_assert_int_eq(rig_get(&cluster.rig, "k"), TENON_MISS);
	check_says(cluster.rig.result.text, "chunk 1 of 3 is absent");
}
END_TEST

/* ---- the two formats ----------------------------------------------------- */

START_TEST(both_formats_are_read_whichever_is_written)
{
	cluster_reopen(&cluster, "codecs: [split: {chunk: 100B, max: 4000B}]\n");
	must_set("libmc", a, 250);
	ck_assert(cluster_holds(&cluster, "libmc", FLAG_SPLIT, "3", 1));
	cluster_reopen(&cluster, CODECS);
	must_set("sealed", b, 350);
	ck_assert(cluster_gives(&cluster, "libmc", a, 250));
	ck_assert(cluster_gives(&cluster, "sealed", b, 350));
	cluster_reopen(&cluster, "codecs: [split: {chunk: 100B, max: 4000B}]\n");
	ck_assert(cluster_gives(&cluster, "libmc", a, 250));
	ck_assert(cluster_gives(&cluster, "sealed", b, 350));
}
END_TEST

START_TEST(chunks_of_libmc_s_format_go_with_their_parent)
{
	for (int i = 0; i < 3; i++) {
		cluster_reopen(&cluster,
			       "codecs: [split: {chunk: 100B, max: 4000B}]\n");
		must_set("k", a, 250);
		cluster_reopen(&cluster, CODECS);
		if (i == 0) {
			must_set("k", b, 350);
			check_alone("k", b, 350);
		} else if (i == 1) {
			ck_assert_int_eq(store_cas("k", b, 50, cas_of("k")),
					 TENON_STORED);
			check_alone("k", b, 50);
		}
		ck_assert_int_eq(cluster_run(&cluster, TENON_DELETE, "k"),
				 TENON_DELETED);
		ck_assert_uint_eq(item_count(), 0);
	}
}
END_TEST

/* ---- servers that fail --------------------------------------------------- */

START_TEST(a_failed_store_leaves_the_old_value_and_no_chunk)
{
	char key[RIG_KEY_LEN + 1];

	rig_key_at(&cluster.rig, 0, 0, key);
	must_set(key, a, 50);
	memcached_stop(&cluster.servers[1]);
	/* some of 40 chunks belong to the server that is down */
	ck_assert_int_lt(cluster_set(&cluster, key, b, 4000), 0);
	ck_assert_ptr_nonnull(strstr(cluster.rig.err.message,
				     cluster.servers[1].address));
	check_alone(key, a, 50);
}
END_TEST

START_TEST(chunks_stay_when_the_reply_to_their_parent_is_lost)
{
	static const char chunk[] = "set ~1k/0123456789abcdef/0 0 0 75\r\n";
	static const char parent[] = "set k 4096 0 42\r\n";
	size_t parent_len = sizeof(parent) - 1 + SEALED_PARENT_LEN(3) + 2;
	const struct tenon_item one = { .key = TENON_LITERAL("k"),
					.value = { a, 150 } };
	struct rig rig = { 0 };

	ck_assert_uint_eq(SEALED_PARENT_LEN(3), 42);
	/* two connections: the first try may meet a connection that was closed long ago */
	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT,
			    FAKE_READ(2 * (sizeof(chunk) - 1 + 75 + 2) +
				      sizeof("get k\r\n") - 1),
			    FAKE_SEND("STORED\r\nSTORED\r\nEND\r\n"),
			    FAKE_READ(parent_len), FAKE_CLOSE, FAKE_ACCEPT,
			    FAKE_READ(parent_len), FAKE_CLOSE));
	rig_open(&rig, CODECS RETRY_SOON);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_ECLOSED);
	rig_close(&rig);
}
END_TEST

static void add(Suite *suite, TCase *tcase)
{
	/* the tests count items, so the servers have to be empty */
	tcase_add_checked_fixture(tcase, start, stop);
	suite_add_tcase(suite, tcase);
}

static TCase *set_and_get(void)
{
	TCase *tcase = tcase_create("set and get");

	LOOP(tcase, a_value_is_whole_up_to_chunk_and_sealed_above,
	     COUNT(sizes));
	tcase_add_test(tcase, every_write_has_chunks_of_its_own);
	LOOP(tcase, set_leaves_no_chunk_of_the_value_before, COUNT(changes));
	tcase_add_test(tcase,
		       many_values_in_one_call_leave_nothing_of_those_before);
	tcase_add_test(tcase, noreply_leaves_nothing_of_the_value_before);
	tcase_add_test(tcase, compressed_values_are_sealed_too);
	tcase_add_test(tcase,
		       a_value_above_max_is_refused_and_the_old_one_stays);
	tcase_add_test(tcase,
		       keys_may_be_as_long_as_their_chunks_keys_can_be);
	LOOP(tcase, chunks_have_the_prefix_where_the_key_has_it, 2);
	return tcase;
}

static TCase *lifetime(void)
{
	TCase *tcase = tcase_create("lifetime");

	tcase_add_test(tcase, chunks_live_as_long_as_their_parent);
	LOOP(tcase, a_negative_exptime_removes_the_value_and_its_chunks, 2);
	tcase_add_test(tcase,
		       touch_and_delete_of_absent_and_plain_items_are_plain_commands);
	tcase_add_test(tcase, delete_takes_the_chunks_along);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("codec_sealed");
	TCase *conditions = tcase_create("conditions");
	TCase *pieces = tcase_create("pieces");
	TCase *formats = tcase_create("formats");
	TCase *down = tcase_create("down");

	scratch_begin();
	add(suite, set_and_get());
	tcase_add_test(conditions, add_stores_only_an_absent_key);
	tcase_add_test(conditions, replace_stores_only_an_existing_key);
	tcase_add_test(conditions, cas_stores_only_over_an_unchanged_value);
	LOOP(conditions, a_split_value_is_not_changed_in_place, 4);
	add(suite, conditions);
	add(suite, lifetime());
	LOOP(pieces, a_chunk_that_is_not_as_it_was_written_is_no_value,
	     COUNT(piece_changes));
	tcase_add_test(pieces, a_parent_of_another_write_finds_no_chunk);
	add(suite, pieces);
	tcase_add_test(formats, both_formats_are_read_whichever_is_written);
	tcase_add_test(formats, chunks_of_libmc_s_format_go_with_their_parent);
	add(suite, formats);
	tcase_add_test(down,
		a_failed_store_leaves_the_old_value_and_no_chunk);
	tcase_add_test(down,
		chunks_stay_when_the_reply_to_their_parent_is_lost);
	add(suite, down);
	return suite_run(suite);
}
