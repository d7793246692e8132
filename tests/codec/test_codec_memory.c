/* SPDX-License-Identifier: BSD-3-Clause */
/* Codecs when memory runs out, and when a value needs more memory than the limits allow. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "api/client.h"
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
	ck_assert_int_eq(tenon_config_create(&config, &err), 0);
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

		code = tenon__chain_decode(chain, &value, &flags, &err);
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
	/* TENON_REPLY_MAX_BYTES limits decoded values as well. */
	ck_assert_uint_eq(chain->left_bytes, (UINT64_C(1) << 30) - 60000);
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
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
