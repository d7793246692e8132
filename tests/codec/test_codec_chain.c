/* SPDX-License-Identifier: BSD-3-Clause */
/* Values through a chain of codecs, against real memcached. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "codec/inflates.h"
#include "fakes/cluster.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

#define FLAG_ZLIB 16u
#define FLAG_LZ4 16777216u
#define FLAG_SPLIT 4096u
#define FLAGS_USER 0xffefefu

#define CHAIN                                              \
	"codecs:\n"                                        \
	"  - zlib: {threshold: 100B}\n"                    \
	"  - split: {chunk: 1000B, max: 10000B}\n"

static struct cluster cluster;

static void start(void)
{
	cluster_start(&cluster, 3);
}

static void stop(void)
{
	cluster_stop(&cluster);
}

static void open_chain(void)
{
	cluster_open(&cluster, CHAIN);
}

static void close_chain(void)
{
	cluster_close(&cluster);
}

/* Return the zlib stream of a value, for free(). */
static char *deflated(const char *value, size_t len, size_t *out_len)
{
	uLongf room = compressBound(len);
	char *out = malloc(room);

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(compress((Bytef *)out, &room, (const Bytef *)value,
				  len), Z_OK);
	*out_len = room;
	return out;
}

/* ---- round trips --------------------------------------------------------- */

START_TEST(a_value_that_compresses_into_one_item_is_not_split)
{
	char *value = prose(5000, 1);

	ck_assert_int_eq(cluster_set(&cluster, "k", value, 5000), TENON_STORED);
	ck_assert_int_eq(cluster_peek(&cluster, "k"), TENON_HIT);
	ck_assert_uint_eq(cluster.raw.result.flags, FLAG_ZLIB);
	ck_assert_uint_lt(cluster.raw.result.value_len, 1000);
	check_inflates(cluster.raw.result.value, cluster.raw.result.value_len,
		       value, 5000);
	ck_assert(cluster_gives(&cluster, "k", value, 5000));
	free(value);
}
END_TEST

START_TEST(the_compressed_form_is_split)
{
	char stored[4000], key[16];
	char *value = noise(3000, 2);
	size_t len = 0;

	/* half of the value compresses: two chunks instead of three */
	memset(value + 1500, 'x', 1500);
	ck_assert_int_eq(cluster_set(&cluster, "k", value, 3000), TENON_STORED);
	ck_assert(cluster_holds(&cluster, "k", FLAG_ZLIB | FLAG_SPLIT, "2", 1));
	for (unsigned i = 0; i < 2; i++) {
		snprintf(key, sizeof(key), "~1k/%u", i);
		ck_assert_int_eq(cluster_peek(&cluster, key), TENON_HIT);
		ck_assert_uint_eq(cluster.raw.result.flags, FLAG_ZLIB);
		ck_assert_uint_le(cluster.raw.result.value_len, 1000);
		memcpy(stored + len, cluster.raw.result.value,
		       cluster.raw.result.value_len);
		len += cluster.raw.result.value_len;
	}
	check_inflates(stored, len, value, 3000);
	ck_assert(cluster_gives(&cluster, "k", value, 3000));
	ck_assert_uint_eq(cluster.rig.result.flags, 0);
	free(value);
}
END_TEST

START_TEST(codecs_are_undone_in_the_opposite_order)
{
#ifdef WITH_LZ4 /* no other codec encodes what zlib made smaller still */
	char *zeros = calloc(1, 60000);

	ck_assert_ptr_nonnull(zeros);
	cluster_reopen(&cluster,
		       "codecs: [zlib: {level: 1}, lz4: {threshold: 1B}]\n");
	ck_assert_int_eq(cluster_set(&cluster, "k", zeros, 60000),
			 TENON_STORED);
	ck_assert_int_eq(cluster_peek(&cluster, "k"), TENON_HIT);
	ck_assert_uint_eq(cluster.raw.result.flags, FLAG_ZLIB | FLAG_LZ4);
	ck_assert(cluster_gives(&cluster, "k", zeros, 60000));
	ck_assert_uint_eq(cluster.rig.result.flags, 0);
	free(zeros);
#endif
}
END_TEST

START_TEST(values_of_any_size_come_back_with_a_nul_behind)
{
	static const size_t sizes[] = { 0,    1,	  99,	100,  101,
					999,  1000, 1001, 1999, 2000,
					2001, 5000, 9999, 10000 };
	size_t len = sizes[(size_t)_i / 2];
	char *value = _i % 2 ? prose(len, 3) : noise(len, 3);

	ck_assert_int_eq(cluster_set(&cluster, "k", value, len), TENON_STORED);
	ck_assert(cluster_gives(&cluster, "k", value, len));
	ck_assert_int_eq(cluster.rig.result.value[len], '\0');
	free(value);
}
END_TEST

START_TEST(only_values_above_the_threshold_are_compressed)
{
	char *value = prose(101, 4);

	ck_assert_int_eq(cluster_set(&cluster, "k", value, 100), TENON_STORED);
	ck_assert(cluster_holds(&cluster, "k", 0, value, 100));
	ck_assert_int_eq(cluster_set(&cluster, "k", value, 101), TENON_STORED);
	ck_assert_int_eq(cluster_peek(&cluster, "k"), TENON_HIT);
	ck_assert_uint_eq(cluster.raw.result.flags, FLAG_ZLIB);
	free(value);
}
END_TEST

START_TEST(an_empty_value_may_have_a_stored_form)
{
	size_t len;
	char *stored = deflated("", 0, &len);

	cluster_put(&cluster, "k", FLAG_ZLIB, stored, len);
	ck_assert(cluster_gives(&cluster, "k", "", 0));
	ck_assert_ptr_nonnull(cluster.rig.result.value);
	free(stored);
}
END_TEST

START_TEST(every_verb_that_gets_decodes)
{
	static const enum tenon_verb verbs[] = { TENON_GET, TENON_GETS,
						 TENON_GAT, TENON_GATS };
	char *value = prose(3000, 5);

	ck_assert_int_eq(cluster_set(&cluster, "k", value, 3000), TENON_STORED);
	ck_assert_int_eq(cluster_run(&cluster, verbs[_i], "k"), TENON_HIT);
	ck_assert(result_value_is(&cluster.rig.result, value, 3000));
	ck_assert_uint_eq(cluster.rig.result.flags, 0);
	ck_assert((cluster.rig.result.cas != 0) ==
		  (verbs[_i] == TENON_GETS || verbs[_i] == TENON_GATS));
	free(value);
}
END_TEST

START_TEST(every_verb_that_stores_a_whole_value_encodes)
{
	char *value = prose(3000, 6);
	struct tenon_item one = { .key = TENON_LITERAL("k"),
				  .value = { value, 3000 } };

	cluster_drop(&cluster, "k");
	ck_assert_int_eq(cluster_store(&cluster, TENON_REPLACE, "k", value,
				       3000), TENON_NOT_STORED);
	ck_assert_int_eq(cluster_store(&cluster, TENON_ADD, "k", value, 3000),
			 TENON_STORED);
	ck_assert_int_eq(cluster_peek(&cluster, "k"), TENON_HIT);
	ck_assert_uint_eq(cluster.raw.result.flags, FLAG_ZLIB);
	cluster_put_text(&cluster, "k", 0, "plain");
	ck_assert_int_eq(cluster_store(&cluster, TENON_REPLACE, "k", value,
				       3000), TENON_STORED);
	ck_assert(cluster_gives(&cluster, "k", value, 3000));
	ck_assert_int_eq(cluster_run(&cluster, TENON_GETS, "k"), TENON_HIT);
	one.cas = cluster.rig.result.cas;
	value[0] = '#';
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_CAS, &one, 0),
			 TENON_STORED);
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_CAS, &one, 0),
			 TENON_EXISTS);
	ck_assert(cluster_gives(&cluster, "k", value, 3000));
	ck_assert_int_eq(cluster_peek(&cluster, "k"), TENON_HIT);
	ck_assert_uint_eq(cluster.raw.result.flags, FLAG_ZLIB);
	free(value);
}
END_TEST

START_TEST(a_split_key_given_twice_gets_its_value_twice)
{
	const struct tenon_item items[] = { item("a", NULL), item("b", NULL),
					    item("a", NULL), item("none", NULL),
					    item("a", NULL) };
	char *a = noise(2500, 7), *b = noise(1500, 8);

	ck_assert_int_eq(cluster_set(&cluster, "a", a, 2500), TENON_STORED);
	ck_assert_int_eq(cluster_set(&cluster, "b", b, 1500), TENON_STORED);
	cluster_drop(&cluster, "none");
	ck_assert_int_eq(rig_run(&cluster.rig, TENON_GET, items, COUNT(items),
				 0), 0);
	ck_assert(result_value_is(&cluster.rig.results[0], a, 2500));
	ck_assert(result_value_is(&cluster.rig.results[1], b, 1500));
	ck_assert(result_value_is(&cluster.rig.results[2], a, 2500));
	ck_assert_int_eq(cluster.rig.results[3].status, TENON_MISS);
	ck_assert(result_value_is(&cluster.rig.results[4], a, 2500));
	free(a);
	free(b);
}
END_TEST

START_TEST(hundreds_of_values_of_all_kinds_share_a_call)
{
	enum { KEYS = 300 };
	static char keys[KEYS][16];
	struct tenon_item items[KEYS];

	for (unsigned i = 0; i < KEYS; i++) {
		size_t len = i * 37 % 4000;

		snprintf(keys[i], sizeof(keys[i]), "many:%u", i);
		items[i] = (struct tenon_item){
			.key = slice(keys[i]),
			.value = { i % 3 ? noise(len, i) : prose(len, i), len },
			.flags = i & FLAGS_USER,
		};
	}
	ck_assert_int_eq(rig_run(&cluster.rig, TENON_SET, items, KEYS, 0), 0);
	for (unsigned i = 0; i < KEYS; i++) {
		ck_assert_int_eq(cluster.rig.results[i].status, TENON_STORED);
	}
	/* twice: the second round uses the client's memory again */
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(rig_run(&cluster.rig, TENON_GET, items, KEYS,
					 0), 0);
		for (unsigned i = 0; i < KEYS; i++) {
			const struct tenon_result *got = &cluster.rig.results[i];

			ck_assert(result_value_is(got, items[i].value.data,
						  items[i].value.len));
			ck_assert_uint_eq(got->flags, items[i].flags);
		}
	}
	for (unsigned i = 0; i < KEYS; i++) {
		free((void *)(uintptr_t)items[i].value.data);
	}
}
END_TEST

START_TEST(noreply_values_arrive_encoded)
{
	static const char *const formats[] = { "libmc", "sealed" };
	char *plain = prose(50, 9), *split = noise(2500, 10);
	const struct tenon_item items[] = {
		{ .key = TENON_LITERAL("q1"), .value = { plain, 50 } },
		{ .key = TENON_LITERAL("q2"), .value = { plain, 50 } },
		{ .key = TENON_LITERAL("q3"), .value = { split, 2500 } },
	};
	char settings[160];

	snprintf(settings, sizeof(settings),
		 "codecs:\n  - zlib: {threshold: 10B}\n"
		 "  - split: {chunk: 1000B, max: 10000B, format: %s}\n",
		 formats[_i]);
	cluster_reopen(&cluster, settings);
	ck_assert_int_eq(rig_run(&cluster.rig, TENON_SET, items, COUNT(items),
				 TENON_NOREPLY), 0);
	for (size_t i = 0; i < COUNT(items); i++) {
		ck_assert(cluster.rig.results[i].status == TENON_SENT ||
			  cluster.rig.results[i].status == TENON_STORED);
	}
	for (size_t i = 0; i < COUNT(items); i++) {
		ck_assert_int_eq(rig_one(&cluster.rig, TENON_GET, &items[i], 0),
				 TENON_HIT);
		ck_assert(result_value_is(&cluster.rig.result,
					  items[i].value.data,
					  items[i].value.len));
	}
	rig_run(&cluster.rig, TENON_DELETE, items, COUNT(items), TENON_NOREPLY);
	for (size_t i = 0; i < COUNT(items); i++) {
		ck_assert_int_eq(rig_one(&cluster.rig, TENON_GET, &items[i], 0),
				 TENON_MISS);
	}
	free(plain);
	free(split);
}
END_TEST

/* ---- flags --------------------------------------------------------------- */

START_TEST(flags_of_the_user_are_kept)
{
	static const size_t sizes[] = { 50, 3000 };
	char *text = prose(3000, 11), *bytes = noise(3000, 11);

	for (size_t i = 0; i < 2 * COUNT(sizes); i++) {
		const struct tenon_item one = {
			.key = TENON_LITERAL("k"),
			.value = { i % 2 ? text : bytes, sizes[i / 2] },
			.flags = FLAGS_USER,
		};

		ck_assert_int_eq(rig_one(&cluster.rig, TENON_SET, &one, 0),
				 TENON_STORED);
		ck_assert(cluster_gives(&cluster, "k", one.value.data,
					one.value.len));
		ck_assert_uint_eq(cluster.rig.result.flags, FLAGS_USER);
	}
	free(text);
	free(bytes);
}
END_TEST

START_TEST(flags_that_belong_to_a_codec_are_refused_and_nothing_is_sent)
{
	static const uint32_t flags[] = { FLAG_ZLIB, FLAG_SPLIT, 0xffffffff };
	struct tenon_item items[3] = { item("a", "1"), item("b", "2"),
				       item("c", "3") };
	struct rig rig = { 0 };

	items[1].flags = flags[_i];
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT,
				  FAKE_EXPECT("set a 0 0 1\r\n1\r\n"
					      "set c 0 0 1\r\n3\r\n"),
				  FAKE_SEND("STORED\r\nSTORED\r\n")));
	rig_open(&rig, CHAIN);
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, 3, 0), TENON_EINVAL);
	ck_assert_int_eq(rig.results[0].status, TENON_STORED);
	ck_assert_int_eq(rig.results[1].status, TENON_EINVAL);
	ck_assert_int_eq(rig.results[2].status, TENON_STORED);
	check_says(rig.results[1].text, "codec");
	check_says(rig.err.message, "\"b\"");
	rig_close(&rig);
}
END_TEST

START_TEST(unknown_flags_make_a_value_undecodable)
{
	const struct tenon_item items[] = { item("good", NULL),
					    item("unknown", NULL) };
	struct tenon_item unknown = item("unknown", "v");

	cluster_reopen(&cluster, "user_flags: 255\n"
				 "codecs: [split: {chunk: 1000B, max: 10000B}]\n");
	cluster_put_text(&cluster, "good", 7, "v");
	cluster_put_text(&cluster, "unknown", 256 | 7, "v");
	ck_assert_int_eq(rig_run(&cluster.rig, TENON_GET, items, 2, 0),
			 TENON_EUNDECODABLE);
	ck_assert(result_value_is(&cluster.rig.results[0], "v", 1));
	ck_assert_uint_eq(cluster.rig.results[0].flags, 7);
	check_says(cluster.rig.results[1].text, "0x100");
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_GET, &unknown, TENON_RAW),
			 TENON_HIT);
	unknown.flags = 256;
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_SET, &unknown, 0),
			 TENON_EINVAL);
	check_says(cluster.rig.result.text, "user_flags");
	ck_assert(cluster_holds(&cluster, "unknown", 256 | 7, "v", 1));
}
END_TEST

/*
 * Without `codecs:` a client reads zlib, and the flag bit of lz4 belongs to no
 * application.
 */
START_TEST(an_item_of_a_codec_that_is_not_configured_is_undecodable)
{
	static const char stream[] =
		"\x78\x9c\x4b\x4c\x4a\x06\x00\x02\x4d\x01\x27"; /* "abc" */
	struct tenon_item one = item("lz4", "v");

	cluster_reopen(&cluster, "retry_timeout: 0s\n");
	cluster_put(&cluster, "zlib", FLAG_ZLIB, stream, sizeof(stream) - 1);
	cluster_put_text(&cluster, "lz4", FLAG_LZ4 | 7, "v");
	ck_assert(cluster_gives(&cluster, "zlib", "abc", 3));
	ck_assert_uint_eq(cluster.rig.result.flags, 0);
	ck_assert_int_eq(rig_get(&cluster.rig, "lz4"), TENON_EUNDECODABLE);
	check_says(cluster.rig.result.text, "0x1000000");
	one.flags = FLAG_LZ4;
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_SET, &one, 0),
			 TENON_EINVAL);
}
END_TEST

START_TEST(a_default_client_compresses_nothing)
{
	char *text = prose(100000, 1);

	cluster_reopen(&cluster, "retry_timeout: 0s\n");
	ck_assert_int_eq(cluster_set(&cluster, "k", text, 100000),
			 TENON_STORED);
	ck_assert(cluster_holds(&cluster, "k", 0, text, 100000));
	free(text);
}
END_TEST

START_TEST(raw_stores_and_returns_items_as_they_are)
{
	char *value = prose(3000, 12);
	const struct tenon_item text = { .key = TENON_LITERAL("k"),
					 .value = { value, 3000 },
					 .flags = FLAG_ZLIB | FLAG_SPLIT | 3 };

	ck_assert_int_eq(rig_one(&cluster.rig, TENON_SET, &text, TENON_RAW),
			 TENON_STORED);
	ck_assert(cluster_holds(&cluster, "k", text.flags, value, 3000));
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_GET, &text, TENON_RAW),
			 TENON_HIT);
	ck_assert(result_value_is(&cluster.rig.result, value, 3000));
	ck_assert_uint_eq(cluster.rig.result.flags, text.flags);
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_APPEND,
				 &(const struct tenon_item){
					 .key = TENON_LITERAL("k"),
					 .value = TENON_LITERAL("!") },
				 TENON_RAW), TENON_STORED);
	ck_assert_int_eq(cluster_peek(&cluster, "k"), TENON_HIT);
	ck_assert_uint_eq(cluster.raw.result.value_len, 3001);
	/* TENON_RAW returns the stored form of a value that went through the chain */
	ck_assert_int_eq(cluster_set(&cluster, "k", value, 3000), TENON_STORED);
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_GET, &text, TENON_RAW),
			 TENON_HIT);
	ck_assert_uint_eq(cluster.rig.result.flags, FLAG_ZLIB);
	ck_assert_uint_lt(cluster.rig.result.value_len, 1000);
	free(value);
}
END_TEST

START_TEST(no_compress_splits_but_does_not_compress)
{
	char *value = prose(3000, 13);
	const struct tenon_item small = { .key = TENON_LITERAL("k"),
					  .value = { value, 900 } };
	const struct tenon_item large = { .key = TENON_LITERAL("k"),
					  .value = { value, 3000 } };

	ck_assert_int_eq(rig_one(&cluster.rig, TENON_SET, &small,
				 TENON_NO_COMPRESS), TENON_STORED);
	ck_assert(cluster_holds(&cluster, "k", 0, value, 900));
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_SET, &large,
				 TENON_NO_COMPRESS), TENON_STORED);
	ck_assert(cluster_holds(&cluster, "k", FLAG_SPLIT, "3", 1));
	ck_assert(cluster_holds(&cluster, "~1k/1", 0, value + 1000, 1000));
	ck_assert(cluster_gives(&cluster, "k", value, 3000));
	free(value);
}
END_TEST

/* ---- values that cannot be decoded --------------------------------------- */

/* The damage that is done to a stored form. */
enum damage { GARBAGE, NOTHING, TRUNCATED, TWO_BYTES, FLIPPED, LENGTHENED };

static const struct {
	enum damage damage;
	const char *says;
} damages[] = {
	{ GARBAGE, "broken" },    { NOTHING, "ends early" },
	{ TRUNCATED, "ends early" }, { TWO_BYTES, "ends early" },
	{ FLIPPED, "broken" },    { LENGTHENED, "ends 1 byte" },
};

static void put_damaged(const char *key, enum damage damage)
{
	char *value = noise(600, 14);
	size_t len;
	char *stored = deflated(value, 600, &len);

	switch (damage) {
	case GARBAGE:
		memcpy(stored, value, len < 600 ? len : 600);
		break;
	case NOTHING:
		len = 0;
		break;
	case TRUNCATED:
		len -= 5;
		break;
	case TWO_BYTES:
		len = 2;
		break;
	case FLIPPED:
		stored[len / 2] ^= 4;
		break;
	case LENGTHENED:
		stored = realloc(stored, len + 1);
		ck_assert_ptr_nonnull(stored);
		stored[len++] = 'x';
		break;
	}
	cluster_put(&cluster, key, FLAG_ZLIB, stored, len);
	free(stored);
	free(value);
}

START_TEST(a_broken_payload_fails_only_its_key_and_has_a_reason)
{
	const struct tenon_item items[] = { item("good", NULL),
					    item("bad", NULL),
					    item("also", NULL) };
	char *value = prose(2000, 15);

	ck_assert_int_eq(cluster_set(&cluster, "good", value, 2000),
			 TENON_STORED);
	ck_assert_int_eq(cluster_set(&cluster, "also", "plain", 5),
			 TENON_STORED);
	put_damaged("bad", damages[_i].damage);
	ck_assert_int_eq(rig_run(&cluster.rig, TENON_GET, items, 3, 0),
			 TENON_EUNDECODABLE);
	ck_assert(result_value_is(&cluster.rig.results[0], value, 2000));
	ck_assert_int_eq(cluster.rig.results[1].status, TENON_EUNDECODABLE);
	check_says(cluster.rig.results[1].text, "zlib");
	check_says(cluster.rig.results[1].text, damages[_i].says);
	check_says(cluster.rig.err.message, damages[_i].says);
	ck_assert(result_value_is(&cluster.rig.results[2], "plain", 5));
	/* the codec still works */
	ck_assert(cluster_gives(&cluster, "good", value, 2000));
	free(value);
}
END_TEST

START_TEST(a_bomb_is_too_big)
{
	const struct tenon_item items[] = { item("bomb", NULL),
					    item("good", NULL) };
	char *zeros = calloc(1, 8000000);
	size_t len;
	char *stored;

	ck_assert_ptr_nonnull(zeros);
	stored = deflated(zeros, 8000000, &len);
	ck_assert_uint_lt(len, 10000);
	cluster_reopen(&cluster, "max_value_bytes: 64KiB\n"
				 "codecs: [zlib: {threshold: 100B}]\n");
	cluster_put(&cluster, "bomb", FLAG_ZLIB, stored, len);
	ck_assert_int_eq(cluster_set(&cluster, "good", zeros, 65536),
			 TENON_STORED);
	ck_assert_int_eq(rig_run(&cluster.rig, TENON_GET, items, 2, 0),
			 TENON_ETOOBIG);
	ck_assert_int_eq(cluster.rig.results[0].status, TENON_ETOOBIG);
	check_says(cluster.rig.results[0].text, "max_value_bytes");
	check_says(cluster.rig.err.message, "65536");
	ck_assert(result_value_is(&cluster.rig.results[1], zeros, 65536));
	free(stored);
	free(zeros);
}
END_TEST

START_TEST(a_broken_stream_in_good_chunks_is_undecodable)
{
	char *value = noise(2500, 16);

	cluster_put(&cluster, "~1k/0", FLAG_ZLIB, value, 1000);
	cluster_put(&cluster, "~1k/1", FLAG_ZLIB, value + 1000, 1000);
	cluster_put(&cluster, "~1k/2", FLAG_ZLIB, value + 2000, 500);
	cluster_put_text(&cluster, "k", FLAG_ZLIB | FLAG_SPLIT, "3");
	ck_assert_int_eq(rig_get(&cluster.rig, "k"), TENON_EUNDECODABLE);
	check_says(cluster.rig.result.text, "zlib");
	free(value);
}
END_TEST

/* ---- verbs that change the stored bytes ---------------------------------- */

static const struct {
	enum tenon_verb verb;
	const char *name;
	int absent; /* status for an absent key */
} modifiers[] = {
	{ TENON_APPEND, "append", TENON_NOT_STORED },
	{ TENON_PREPEND, "prepend", TENON_NOT_STORED },
	{ TENON_INCR, "incr", TENON_MISS },
	{ TENON_DECR, "decr", TENON_MISS },
};

START_TEST(an_encoded_or_split_item_is_not_changed_in_place)
{
	enum tenon_verb verb = modifiers[_i].verb;
	struct tenon_item items[4] = { item("zlib", "7"), item("none", "7"),
				       item("split", "7"), item("plain", "7") };
	char *text = prose(900, 17), *bytes = noise(2500, 17);

	for (size_t i = 0; i < COUNT(items); i++) {
		items[i].delta = 1;
	}
	cluster_drop(&cluster, "none");
	ck_assert_int_eq(cluster_set(&cluster, "zlib", text, 900),
			 TENON_STORED);
	ck_assert_int_eq(cluster_set(&cluster, "split", bytes, 2500),
			 TENON_STORED);
	ck_assert_int_eq(cluster_set(&cluster, "plain", "5", 1), TENON_STORED);
	ck_assert_int_eq(rig_run(&cluster.rig, verb, items, 4, 0),
			 TENON_EENCODED);
	ck_assert_int_eq(cluster.rig.results[0].status, TENON_EENCODED);
	ck_assert_int_eq(cluster.rig.results[1].status, modifiers[_i].absent);
	ck_assert_int_eq(cluster.rig.results[2].status, TENON_EENCODED);
	ck_assert_int_eq(cluster.rig.results[3].status,
			 verb < TENON_CAS ? TENON_STORED : TENON_HIT);
	check_says(cluster.rig.results[0].text, "encoded");
	check_says(cluster.rig.err.message, "encoded");
	/* also without waiting for the answer */
	rig_run(&cluster.rig, verb, items, 3, TENON_NOREPLY);
	ck_assert_int_eq(cluster.rig.results[0].status, TENON_EENCODED);
	ck_assert_int_eq(cluster.rig.results[2].status, TENON_EENCODED);
	ck_assert(cluster_gives(&cluster, "zlib", text, 900));
	ck_assert(cluster_gives(&cluster, "split", bytes, 2500));
	ck_assert_int_eq(rig_get(&cluster.rig, "none"), TENON_MISS);
	free(text);
	free(bytes);
}
END_TEST

START_TEST(bytes_beyond_item_max_are_not_appended)
{
	struct tenon_item one = item("k", NULL);
	struct rig rig = { 0 };
	char *bytes = noise(5000, 18);

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("VALUE k 0 1\r\n5\r\nEND\r\n")));
	rig_open(&rig, CHAIN "item_max: 4KiB\n");
	one.value = (struct tenon_slice){ bytes, 5000 };
	ck_assert_int_eq(rig_one(&rig, modifiers[_i].verb, &one, 0),
			 TENON_ETOOBIG);
	check_says(rig.err.message,
		   "more than item_max (4096); the bytes of append and prepend are never split");
	ck_assert_uint_eq(rig.result.server, UINT32_MAX);
	rig_close(&rig);
	free(bytes);
}
END_TEST

START_TEST(an_item_that_cannot_be_read_is_not_changed)
{
	struct tenon_item one = item("k", "v");
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("SERVER_ERROR busy\r\n")));
	rig_open(&rig, CHAIN);
	ck_assert_int_eq(rig_one(&rig, modifiers[_i].verb, &one, 0),
			 TENON_ESERVER);
	check_says(rig.result.text, "SERVER_ERROR busy");
	check_says(rig.err.message, "SERVER_ERROR busy");
	rig_close(&rig);
}
END_TEST

START_TEST(a_plain_item_is_changed_in_place)
{
	struct tenon_item one = item("k", "b");

	ck_assert_int_eq(cluster_set(&cluster, "k", "c", 1), TENON_STORED);
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_PREPEND, &one, 0),
			 TENON_STORED);
	one.value = slice("d");
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_APPEND, &one,
				 TENON_NOREPLY), TENON_SENT);
	ck_assert(cluster_gives(&cluster, "k", "bcd", 3));
	ck_assert_int_eq(cluster_set(&cluster, "k", "41", 2), TENON_STORED);
	one.delta = 1;
	ck_assert_int_eq(rig_one(&cluster.rig, TENON_INCR, &one, 0), TENON_HIT);
	ck_assert_uint_eq(cluster.rig.result.number, 42);
}
END_TEST

static void add(Suite *suite, TCase *tcase)
{
	tcase_add_unchecked_fixture(tcase, start, stop);
	tcase_add_checked_fixture(tcase, open_chain, close_chain);
	suite_add_tcase(suite, tcase);
}

static TCase *there_and_back(void)
{
	TCase *tcase = tcase_create("there and back");

	tcase_add_test(tcase,
		       a_value_that_compresses_into_one_item_is_not_split);
	tcase_add_test(tcase, the_compressed_form_is_split);
	tcase_add_test(tcase, codecs_are_undone_in_the_opposite_order);
	LOOP(tcase, values_of_any_size_come_back_with_a_nul_behind, 28);
	tcase_add_test(tcase, only_values_above_the_threshold_are_compressed);
	tcase_add_test(tcase, an_empty_value_may_have_a_stored_form);
	LOOP(tcase, every_verb_that_gets_decodes, 4);
	tcase_add_test(tcase, every_verb_that_stores_a_whole_value_encodes);
	tcase_add_test(tcase, a_split_key_given_twice_gets_its_value_twice);
	tcase_add_test(tcase, hundreds_of_values_of_all_kinds_share_a_call);
	LOOP(tcase, noreply_values_arrive_encoded, 2);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("codec_chain");
	TCase *flags = tcase_create("flags");
	TCase *undecodable = tcase_create("undecodable");
	TCase *in_place = tcase_create("in place");

	scratch_begin();
	add(suite, there_and_back());
	tcase_add_test(flags, flags_of_the_user_are_kept);
	LOOP(flags,
	     flags_that_belong_to_a_codec_are_refused_and_nothing_is_sent, 3);
	tcase_add_test(flags,
		       unknown_flags_make_a_value_undecodable);
	tcase_add_test(flags,
		       an_item_of_a_codec_that_is_not_configured_is_undecodable);
	tcase_add_test(flags, a_default_client_compresses_nothing);
	tcase_add_test(flags, raw_stores_and_returns_items_as_they_are);
	tcase_add_test(flags, no_compress_splits_but_does_not_compress);
	add(suite, flags);
	LOOP(undecodable, a_broken_payload_fails_only_its_key_and_has_a_reason,
	     COUNT(damages));
	tcase_add_test(undecodable, a_bomb_is_too_big);
	tcase_add_test(undecodable,
		       a_broken_stream_in_good_chunks_is_undecodable);
	add(suite, undecodable);
	LOOP(in_place, an_encoded_or_split_item_is_not_changed_in_place,
	     COUNT(modifiers));
	LOOP(in_place, bytes_beyond_item_max_are_not_appended, 2);
	LOOP(in_place, an_item_that_cannot_be_read_is_not_changed,
	     COUNT(modifiers));
	tcase_add_test(in_place, a_plain_item_is_changed_in_place);
	add(suite, in_place);
	return suite_run(suite);
}
