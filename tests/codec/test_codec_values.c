/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The items that libmc stored. For the same value tenon stores the same items, and
 * tenon reads libmc's items as that value. vectors/libmc/README.md describes the table.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "codec/inflates.h"
#include "conformance/libmc_values.h"
#include "fakes/cluster.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

#define FLAG_ZLIB 16u
#define FLAG_SPLIT 4096u
#define CHUNK_BYTES 1000000u
#define ITEM_MAX_BYTES 64 /* the longest item whose bytes the table has */

static struct cluster cluster;

static void start(void)
{
	cluster_start(&cluster, 3);
}

static void stop(void)
{
	cluster_stop(&cluster);
}

/* ---- helpers ------------------------------------------------------------- */

/* Return the settings for tenon that correspond to the option of libmc. */
static const char *settings_of(const struct libmc_case *one, char *out,
			       size_t size)
{
	char prefix[32];
	unsigned threshold;

	if (sscanf(one->option, "comp_threshold=%u", &threshold) == 1) {
		snprintf(out, size, "compression_threshold: %u\n", threshold);
	} else if (sscanf(one->option, "prefix=%31s", prefix) == 1) {
		snprintf(out, size, "prefix: %s\n", prefix);
	} else if (strcmp(one->option, "do_split=False") == 0) {
		snprintf(out, size, "codecs: []\n");
	} else {
		ck_assert_str_eq(one->option, "-");
		return NULL;
	}
	return out;
}

static void clear(const struct libmc_case *one)
{
	for (size_t i = 0; i < one->count; i++) {
		cluster_drop(&cluster, one->items[i].key);
	}
	for (size_t i = 0; i < one->absent_count; i++) {
		cluster_drop(&cluster, one->absent[i]);
	}
}

/* Return the user's part of the flags: 4 and 8 stand for the types of libmc's users. */
static uint32_t user_flags(const struct libmc_case *one)
{
	return one->count ?
		one->items[0].flags & ~(FLAG_ZLIB | FLAG_SPLIT) : 0;
}

/*
 * Return the bytes of an item: from the table, or the value or the part of it that the
 * item holds.
 */
static const char *item_bytes(const struct libmc_case *one, size_t index,
			      char room[ITEM_MAX_BYTES])
{
	const struct libmc_item *stored = &one->items[index];

	if (strcmp(stored->hex, "-") != 0) {
		ck_assert_uint_eq(libmc_item_bytes(stored, room, ITEM_MAX_BYTES),
				  stored->len);
		return room;
	}
	if (one->count == 1) {
		ck_assert_uint_eq(stored->len, one->len);
		return one->value;
	}
	ck_assert_uint_ge(index, 1);
	ck_assert_uint_le((index - 1) * CHUNK_BYTES + stored->len, one->len);
	return one->value + (index - 1) * CHUNK_BYTES;
}

/* ---- tests --------------------------------------------------------------- */

static void check_stored(const struct libmc_case *one, size_t index)
{
	const struct libmc_item *want = &one->items[index];
	char room[ITEM_MAX_BYTES];
	const char *bytes = item_bytes(one, index, room);

	ck_assert_msg(cluster_peek(&cluster, want->key) == TENON_HIT, "%s",
		      want->key);
	ck_assert_uint_eq(cluster.raw.result.flags, want->flags);
	if (want->flags & FLAG_ZLIB) {
		check_inflates(cluster.raw.result.value,
			       cluster.raw.result.value_len, one->value,
			       one->len);
		return;
	}
	ck_assert_msg(result_value_is(&cluster.raw.result, bytes, want->len),
		      "%s: %zu bytes, expected %zu", want->key,
		      cluster.raw.result.value_len, want->len);
}

static void check_read(const struct libmc_case *one)
{
	if (one->stored) {
		ck_assert(cluster_gives(&cluster, one->key, one->value,
					one->len));
		ck_assert_uint_eq(cluster.rig.result.flags, user_flags(one));
	} else {
		ck_assert_int_eq(rig_get(&cluster.rig, one->key), TENON_MISS);
	}
}

static void set_and_look(const struct libmc_case *one, void *payload)
{
	const struct tenon_item item = {
		.key = slice(one->key),
		.value = { one->value, one->len },
		.flags = user_flags(one),
	};
	char settings[64];

	(void)payload;
	cluster_open(&cluster, settings_of(one, settings, sizeof(settings)));
	clear(one);
	rig_one(&cluster.rig, TENON_SET, &item, 0);
	ck_assert_msg((cluster.rig.result.status == TENON_STORED) ==
		      one->stored, "%s: %s", one->name, cluster.rig.err.message);
	for (size_t i = 0; i < one->count; i++) {
		check_stored(one, i);
	}
	for (size_t i = 0; i < one->absent_count; i++) {
		ck_assert_int_eq(cluster_peek(&cluster, one->absent[i]),
				 TENON_MISS);
	}
	check_read(one);
	cluster_close(&cluster);
}

START_TEST(tenon_stores_the_items_that_libmc_stores)
{
	ck_assert_uint_eq(libmc_values_each(set_and_look, NULL), 16);
}
END_TEST

static void put_and_read(const struct libmc_case *one, void *payload)
{
	char settings[64], room[ITEM_MAX_BYTES];

	(void)payload;
	cluster_open(&cluster, settings_of(one, settings, sizeof(settings)));
	clear(one);
	for (size_t i = 0; i < one->count; i++) {
		cluster_put(&cluster, one->items[i].key, one->items[i].flags,
			    item_bytes(one, i, room), one->items[i].len);
	}
	check_read(one);
	cluster_close(&cluster);
}

START_TEST(tenon_reads_the_items_that_libmc_stored)
{
	ck_assert_uint_eq(libmc_values_each(put_and_read, NULL), 16);
}
END_TEST

/* The values that libmc refuses with False. tenon's error names the limit. */
static const struct {
	const char *name;
	int status;
	const char *says[2];
} refusals[] = {
	{ "10000001", TENON_ETOOBIG, { "value of 10000001 bytes", "10000000" } },
	{ "long-key-201", TENON_ETOOBIG, { "key of 201 bytes", "200" } },
	{ "no-split", TENON_ESERVER, { "too large", "" } },
};

static void refuse_and_say(const struct libmc_case *one, void *payload)
{
	char settings[64];
	size_t i = 0;

	if (one->stored) {
		return;
	}
	while (strcmp(one->name, refusals[i].name) != 0) {
		ck_assert_msg(++i < COUNT(refusals), "%s", one->name);
	}
	++*(size_t *)payload;
	cluster_open(&cluster, settings_of(one, settings, sizeof(settings)));
	ck_assert_int_eq(cluster_set(&cluster, one->key, one->value, one->len),
			 refusals[i].status);
	for (size_t k = 0; k < 2; k++) {
		ck_assert_msg(strstr(cluster.rig.err.message,
				     refusals[i].says[k]) != NULL,
			      "no '%s' in '%s'", refusals[i].says[k],
			      cluster.rig.err.message);
	}
	cluster_close(&cluster);
}

START_TEST(a_refusal_says_which_limit)
{
	size_t seen = 0;

	libmc_values_each(refuse_and_say, &seen);
	ck_assert_uint_eq(seen, COUNT(refusals));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("codec_values");
	TCase *tcase = tcase_create("libmc");

	scratch_begin();
	tcase_set_timeout(tcase, 30);
	tcase_add_unchecked_fixture(tcase, start, stop);
	tcase_add_test(tcase, tenon_stores_the_items_that_libmc_stores);
	tcase_add_test(tcase, tenon_reads_the_items_that_libmc_stored);
	tcase_add_test(tcase, a_refusal_says_which_limit);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
