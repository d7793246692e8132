/* SPDX-License-Identifier: BSD-3-Clause */
/* Codecs when memory runs out, and when a value needs more memory than the limits allow. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "api/client.h"
#include "base/clock.h"
#include "fakes/cluster.h"
#include "fakes/scratch.h"
#include "fakes/store.h"
#include "base/memory.h"
#include "runner/suite.h"

#define FLAG_ZLIB 16u
#define KEYS 4
#define ATTEMPTS_MAX 2000

static const char *const formats[] = { "libmc", "sealed" };
static struct rig rig;
static struct store store;

static void open_store(const char *settings)
{
	static const char *const servers[] = { "127.0.0.1:1 s0",
					       "127.0.0.1:2 s1" };

	memset(&rig, 0, sizeof(rig));
	rig_open_at(&rig, servers, COUNT(servers), settings);
	store_wrap(&store, rig.client);
}

static void close_store(void)
{
	store_unwrap(&store, rig.client);
	rig_close(&rig);
}

/* ---- without memory ------------------------------------------------------ */

static struct tenon_item items[KEYS];
static char settings[160];

/* Make one value of each kind: plain, compressed, split, compressed and split. */
static void make_items(const char *format)
{
	static const char *const keys[KEYS] = { "plain", "zlib", "split",
						"both" };
	static const size_t lengths[KEYS] = { 90, 1000, 1000, 20000 };

	snprintf(settings, sizeof(settings),
		 "codecs: [zlib: {threshold: 100B}, "
		 "split: {format: %s, chunk: 200B, max: 20000B}]\n", format);
	for (unsigned i = 0; i < KEYS; i++) {
		items[i] = (struct tenon_item){
			.key = slice(keys[i]),
			.value = { i % 2 ? prose(lengths[i], i) :
					   noise(lengths[i], i), lengths[i] },
		};
	}
	memcpy((char *)(uintptr_t)items[3].value.data, items[2].value.data,
	       1000);
}

static void free_items(void)
{
	for (size_t i = 0; i < KEYS; i++) {
		free((void *)(uintptr_t)items[i].value.data);
	}
}

/* The client works, after any failure before. */
static void check_works(void)
{
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, KEYS, 0), 0);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, KEYS, 0), 0);
	for (size_t i = 0; i < KEYS; i++) {
		ck_assert(result_value_is(&rig.results[i], items[i].value.data,
					  items[i].value.len));
	}
}

/* Every value is right, and every other outcome is TENON_ENOMEM. */
static void check_outcome(enum tenon_verb verb)
{
	for (size_t i = 0; rig.results && i < KEYS; i++) {
		const struct tenon_result *result = &rig.results[i];

		if (result->status == TENON_HIT) {
			ck_assert(result_value_is(result, items[i].value.data,
						  items[i].value.len));
		} else if (result->status != TENON_STORED) {
			ck_assert_msg(result->status == TENON_ENOMEM,
				      "%s: key %zu: %d %s",
				      verb == TENON_GET ? "get" : "set", i,
				      result->status,
				      result->text ? result->text : "");
		}
	}
}

/*
 * Run the verb on a new client whose nth allocation fails, and every later one too.
 * Returns the number of allocations.
 */
static size_t run_with_failure(enum tenon_verb verb, size_t nth)
{
	size_t made;

	open_store(settings);
	if (verb != TENON_SET) {
		ck_assert_int_eq(rig_run(&rig, TENON_SET, items, KEYS, 0), 0);
		tenon__block_cache_fini(&rig.client->engine.blocks);
	}
	tenon__memory_fail_from(nth);
	rig_run(&rig, verb, items, KEYS, 0);
	made = tenon__memory_made();
	tenon__memory_fail_from(0);
	check_outcome(verb);
	check_works();
	close_store();
	return made;
}

START_TEST(an_operation_without_memory_fails_and_the_next_one_works)
{
	enum tenon_verb verb = _i < 2 ? TENON_SET : TENON_GET;
	size_t nth = 1;

	make_items(formats[_i % 2]);
	while (run_with_failure(verb, nth) >= nth) {
		ck_assert_uint_lt(++nth, ATTEMPTS_MAX);
	}
	ck_assert_uint_gt(nth, 5);
	free_items();
}
END_TEST

START_TEST(a_client_without_memory_for_its_codecs_is_not_opened)
{
	struct tenon_client *client = NULL;
	struct tenon_error err;
	struct tenon_config *config;
	size_t nth = 0;
	int code;

	make_items(formats[1]);
	ck_assert_int_eq(rig_config(&config, &err), 0);
	ck_assert_int_eq(tenon_config_add_server(config, "a:1", NULL, 1, &err),
			 0);
	ck_assert_int_eq(tenon_config_load_text(config, "test", settings,
						strlen(settings), &err), 0);
	ck_assert_int_eq(tenon_config_check(config, &err), 0);
	do {
		tenon__memory_fail_from(++nth);
		code = tenon_client_open(config, &client, &err);
		tenon__memory_fail_from(0);
		ck_assert(!code || code == TENON_ENOMEM);
		ck_assert((client != NULL) == (!code));
	} while (code);
	ck_assert_uint_gt(nth, 10);
	tenon_client_close(client);
	tenon_config_destroy(config);
	free_items();
}
END_TEST

/* ---- too much memory ----------------------------------------------------- */

/* Store the zlib stream of len zeros. */
static void put_bomb(const char *key, size_t len)
{
	char *zeros = calloc(1, len);
	uLongf stored_len = compressBound(len);
	Bytef *stored = malloc(stored_len);

	ck_assert_ptr_nonnull(zeros);
	ck_assert_ptr_nonnull(stored);
	ck_assert_int_eq(compress(stored, &stored_len, (const Bytef *)zeros,
				  len), Z_OK);
	store_put(&store, key, strlen(key), FLAG_ZLIB, stored, stored_len);
	free(stored);
	free(zeros);
}

START_TEST(a_bomb_gets_no_more_memory_than_a_value)
{
	size_t most = 65536 + TENON_OUTPUT_EXTRA_BYTES;
	size_t after_first = 0;

	open_store("max_value_bytes: 64KiB\n"
		   "codecs: [zlib: {threshold: 100B}]\n");
	put_bomb("bomb", 20000000);
	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(rig_get(&rig, "bomb"), TENON_ETOOBIG);
		if (i == 0) {
			after_first = rig.client->engine.blocks.owned_bytes;
			/* the stored form and other received bytes */
			ck_assert_uint_lt(after_first, most + 100000);
		}
		ck_assert_uint_eq(rig.client->engine.blocks.owned_bytes,
				  after_first);
	}
	close_store();
}
END_TEST

START_TEST(many_bombs_in_one_call_are_one_large_bomb)
{
	struct tenon__chain *chain;
	const struct store_item *bomb;
	struct tenon_error err = { 0 };
	unsigned decoded = 0;
	int code = 0;

	open_store("max_value_bytes: 64KiB\n"
		   "codecs: [zlib: {threshold: 100B}]\n");
	put_bomb("bomb", 60000);
	bomb = store.items;
	chain = &rig.client->operation.chain;
	chain->left_bytes = 200000;
	while (!code && decoded < 10) {
		struct tenon_slice value = { bomb->value, bomb->value_len };
		uint32_t flags = FLAG_ZLIB;

		code = tenon__chain_decode(chain, tenon_slice_of("bomb"),
					   &value, &flags, &err);
		decoded += !code;
	}
	ck_assert_int_eq(code, TENON_ETOOBIG);
	ck_assert_uint_ge(decoded, 1);
	ck_assert_uint_le(decoded, 3);
	ck_assert_str_ne(err.message, "");
	ck_assert_uint_le(rig.client->engine.blocks.owned_bytes, 300000);
	/* the next operation starts with the full limit */
	ck_assert_int_eq(rig_get(&rig, "bomb"), TENON_HIT);
	ck_assert_uint_eq(rig.result.value_len, 60000);
	/* max_operation_bytes limits decoded values as well. */
	ck_assert_uint_eq(chain->left_bytes, (UINT64_C(1) << 30) - 60000);
	close_store();
}
END_TEST

/* ---- too many chunks ----------------------------------------------------- */

#define PARENTS 1000
#define BOMB_CHUNKS 4096
#define SPLIT_SETTINGS "codecs: [split: {format: sealed, chunk: 100B, max: 2000B}]\n"

static char bomb_keys[PARENTS][8];
static struct tenon_item bombs[PARENTS];

/* Store 1,000 parents that name 4,096 chunks each. No chunk is stored. */
static void put_chunk_bombs(void)
{
	static const char parent[] =
		"S1 16000000 4096 0123456789abcdef 0123456789abcdef";

	for (size_t i = 0; i < PARENTS; i++) {
		snprintf(bomb_keys[i], sizeof(bomb_keys[i]), "b%zu", i);
		bombs[i] = item(bomb_keys[i], NULL);
		store_put(&store, bomb_keys[i], strlen(bomb_keys[i]), 4096,
			  parent, sizeof(parent) - 1);
	}
}

static size_t count_status(int status)
{
	size_t count = 0;

	for (size_t i = 0; i < PARENTS; i++) {
		count += rig.results[i].status == status;
	}
	return count;
}

/* max_chunks is 65,536, which 16 parents use up. */
START_TEST(parents_that_name_too_many_chunks_are_refused)
{
	const struct tenon__operation *op;

	open_store(SPLIT_SETTINGS);
	put_chunk_bombs();
	op = &rig.client->operation;
	ck_assert_int_eq(rig_run(&rig, TENON_GET, bombs, PARENTS, 0),
			 TENON_ETOOBIG);
	ck_assert_uint_eq(store.rounds, 2);
	ck_assert_uint_eq(count_status(TENON_MISS), 16);
	ck_assert_uint_eq(count_status(TENON_ETOOBIG), PARENTS - 16);
	check_says(rig.results[16].text, "max_chunks (65536)");
	check_says(rig.err.message, "max_chunks");
	ck_assert_uint_eq(op->chain.left_chunks, 0);
	/* TENON_REQUESTS_KEEP_MAX: the memory of the chunks' requests went back */
	ck_assert_uint_le(op->request_capacity, PARENTS + 16384);
	/* and so did that of their values: TENON_BLOCK_KEEP_MAX_BYTES */
	ck_assert_int_eq(rig_get(&rig, "none"), TENON_MISS);
	ck_assert_uint_le(rig.client->engine.blocks.owned_bytes, 64u << 20);
	close_store();
}
END_TEST

/* A command that follows the chunks of old values does its own work all the same. */
START_TEST(a_delete_of_parents_with_too_many_chunks_deletes_the_parents)
{
	open_store(SPLIT_SETTINGS);
	put_chunk_bombs();
	ck_assert_int_eq(rig_run(&rig, TENON_DELETE, bombs, PARENTS, 0), 0);
	ck_assert_uint_eq(count_status(TENON_DELETED), PARENTS);
	ck_assert_ptr_null(store.items);
	ck_assert_uint_le(rig.client->operation.request_capacity,
			  PARENTS + 16384);
	close_store();
}
END_TEST

START_TEST(a_set_has_max_chunks_too)
{
	static const char value[1000];
	struct tenon_item pair[2] = { item("a", NULL), item("b", NULL) };

	open_store("max_chunks: 19\n" SPLIT_SETTINGS);
	for (size_t i = 0; i < 2; i++) {
		pair[i].value = (struct tenon_slice){ value, sizeof(value) };
	}
	ck_assert_int_eq(rig_run(&rig, TENON_SET, pair, 2, 0), TENON_ETOOBIG);
	ck_assert_int_eq(rig.results[0].status, TENON_STORED);
	check_says(rig.results[1].text, "max_chunks (19)");
	/* each operation has max_chunks */
	ck_assert_int_eq(rig_run(&rig, TENON_SET, pair + 1, 1, 0), 0);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, pair, 2, 0), TENON_ETOOBIG);
	ck_assert_int_eq(rig.results[0].status, TENON_HIT);
	check_says(rig.results[1].text, "max_chunks (19)");
	ck_assert_int_eq(rig_run(&rig, TENON_GET, pair + 1, 1, 0), 0);
	close_store();
}
END_TEST

static const struct tenon_codec_ops *real_split;

/* List the chunks of a parent in a second. */
static int slow_plan(void *self, const struct tenon_split_item *parent,
		     struct tenon_chunks *chunks, struct tenon_error *err)
{
	tenon__clock_advance(1000000000);
	return real_split->plan(self, parent, chunks, err);
}

START_TEST(the_deadline_holds_while_chunks_are_listed)
{
	struct tenon_codec_ops slow_split;
	struct tenon__chain *chain;
	size_t listed;

	open_store("poll_timeout: 30s\nmax_chunks: 4194304\n" RETRY_NEVER
		   SPLIT_SETTINGS);
	put_chunk_bombs();
	chain = &rig.client->operation.chain;
	real_split = chain->splitter;
	slow_split = *real_split;
	slow_split.plan = slow_plan;
	chain->splitter = &slow_split;
	ck_assert_int_eq(rig_run(&rig, TENON_GET, bombs, PARENTS, 0),
			 TENON_ETIMEDOUT);
	ck_assert_uint_eq(count_status(TENON_ETIMEDOUT), PARENTS);
	check_says(rig.results[PARENTS - 1].text, "no time left");
	listed = (4194304 - chain->left_chunks) / BOMB_CHUNKS;
	ck_assert_uint_ge(listed, 28);
	ck_assert_uint_le(listed, 31);
	/* no server is blamed */
	ck_assert_int_eq(rig_get(&rig, "none"), TENON_MISS);
	close_store();
}
END_TEST

/* ---- max_operation_bytes ------------------------------------------------- */

START_TEST(values_beyond_max_operation_bytes_are_told_so)
{
	static const char value[1000];
	char keys[4][4] = { "k0", "k1", "k2", "k3" };
	struct tenon_item four[4];

	open_store("max_operation_bytes: 2500B\ncodecs: none\n");
	for (size_t i = 0; i < 4; i++) {
		four[i] = item(keys[i], NULL);
		store_put(&store, keys[i], 2, 0, value, i == 3 ? 10 : 1000);
	}
	ck_assert_int_eq(rig_run(&rig, TENON_GET, four, 4, 0), TENON_ETOOBIG);
	ck_assert_int_eq(rig.results[1].status, TENON_HIT);
	ck_assert_int_eq(rig.results[2].status, TENON_ETOOBIG);
	check_says(rig.results[2].text, "max_operation_bytes");
	check_says(rig.err.message, "max_operation_bytes");
	ck_assert_ptr_null(strstr(rig.err.message, "max_value_bytes"));
	ck_assert_int_eq(rig.results[3].status, TENON_HIT);
	close_store();
}
END_TEST

/* A value above max_value_bytes has the other reason. */
START_TEST(a_value_above_max_value_bytes_is_told_so)
{
	static const char value[2000];

	open_store("max_value_bytes: 1024B\ncodecs: none\n");
	store_put(&store, "k", 1, 0, value, sizeof(value));
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ETOOBIG);
	check_says(rig.err.message, "max_value_bytes (1024)");
	close_store();
}
END_TEST

/* The chunks of a split value, and decoded values, count as well. */
START_TEST(split_and_decoded_values_have_max_operation_bytes)
{
	static const char value[2000];
	struct tenon_item one = item("k", NULL);

	open_store("max_operation_bytes: 1500B\n" SPLIT_SETTINGS);
	one.value = (struct tenon_slice){ value, sizeof(value) };
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ETOOBIG);
	check_says(rig.err.message, "max_operation_bytes (1500)");
	close_store();
	open_store("max_operation_bytes: 1500B\n"
		   "codecs: [zlib: {threshold: 100B}]\n");
	put_bomb("bomb", 2000);
	ck_assert_int_eq(rig_get(&rig, "bomb"), TENON_ETOOBIG);
	check_says(rig.err.message, "max_operation_bytes (1500)");
	close_store();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("codec_memory");
	TCase *tcase = tcase_create("memory");

	scratch_begin();
	LOOP(tcase, an_operation_without_memory_fails_and_the_next_one_works,
	     4);
	tcase_add_test(tcase,
		       a_client_without_memory_for_its_codecs_is_not_opened);
	tcase_add_test(tcase, a_bomb_gets_no_more_memory_than_a_value);
	tcase_add_test(tcase, many_bombs_in_one_call_are_one_large_bomb);
	tcase_add_test(tcase, parents_that_name_too_many_chunks_are_refused);
	tcase_add_test(tcase,
		       a_delete_of_parents_with_too_many_chunks_deletes_the_parents);
	tcase_add_test(tcase, a_set_has_max_chunks_too);
	tcase_add_test(tcase, the_deadline_holds_while_chunks_are_listed);
	tcase_add_test(tcase, values_beyond_max_operation_bytes_are_told_so);
	tcase_add_test(tcase, a_value_above_max_value_bytes_is_told_so);
	tcase_add_test(tcase,
		       split_and_decoded_values_have_max_operation_bytes);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
