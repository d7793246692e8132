/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules for a codec that splits values into chunks. */
#include <stdlib.h>
#include <string.h>

#include "conformance/codec_stored.h"
#include "fakes/random.h"

#define HOSTILE_COUNT 100000 /* number of hostile parents, over all variants */

/* Check that scatter made the chunk that plan asks for, from this place of the value. */
static void check_chunk(const struct tenon__plugin *plugin,
			const struct tenon_chunk *made,
			const struct tenon_chunk *named, const char *place)
{
	rig_assert(slices_equal(made->key, named->key) && !named->value.data &&
			   made->value.len <= named->value.len &&
			   made->value.data == place,
		   "codec '%s' plans other chunks than it makes: made %zu bytes %s its place with the key %s, planned %zu bytes with the key %s and a value that is %s",
		   plugin->name, made->value.len,
		   made->value.data == place ? "at" : "not at",
		   seen_bytes(made->key), named->value.len,
		   seen_bytes(named->key), seen_pointer(named->value.data));
}

START_TEST(chunks_are_the_value_and_plan_names_them)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct codec codec;

		codec_open(&codec, plugin, variant.options, MAX_VALUE_BYTES);
		for (size_t len = 0; codec_splits(plugin) && len < EVERY_SIZE_TO;
		     len++) {
			char bytes[EVERY_SIZE_TO];
			struct tenon_split_item item = codec_item(
				make_value(bytes, len, VALUE_NOISE), 0);
			struct rig_output parent;
			struct rig_chunks chunks;
			struct rig_chunks plan;
			size_t at = 0;

			rig_output_init(&parent, MAX_VALUE_BYTES);
			rig_chunks_init(&chunks);
			rig_chunks_init(&plan);
			if (codec_scatter(&codec, &item, &chunks, &parent) == 1) {
				item.value = written(&parent);
				ck_assert_subject_code(
					codec_plan(&codec, &item, &plan), 0);
				ck_assert_subject_int(plan.base.count, ==, chunks.base.count);
			}
			for (uint32_t i = 0; i < plan.base.count; i++) {
				check_chunk(plugin, &chunks.list[i],
					    &plan.list[i], bytes + at);
				at += chunks.list[i].value.len;
			}
			ck_assert_subject(at == 0 || at == len,
					  "chunks with %zu of %zu bytes", at, len);
			rig_chunks_fini(&plan);
			rig_chunks_fini(&chunks);
			rig_output_fini(&parent);
		}
		codec_close(&codec);
	}
}
END_TEST

/* Check that the key of a chunk is neither that of the chunk before nor that of the item. */
static void check_key(const struct tenon__plugin *plugin,
		      const struct tenon_chunk *chunk, struct tenon_slice before,
		      struct tenon_slice item)
{
	ck_assert_subject(!slices_equal(chunk->key, before) &&
				  !slices_equal(chunk->key, item),
			  "a chunk with the key %s, behind one with %s, of an item with %s",
			  seen_bytes(chunk->key), seen_bytes(before),
			  seen_bytes(item));
}

START_TEST(keys_of_chunks_can_be_sent_and_differ)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct codec codec;

		codec_open(&codec, plugin, variant.options, MAX_VALUE_BYTES);
		for (size_t len = 1; codec_splits(plugin) && len <= 250; len++) {
			char key[250];
			char bytes[1000];
			struct tenon_split_item item = codec_item(
				make_value(bytes, sizeof(bytes), VALUE_TEXT),
				0);
			struct rig_output parent;
			struct rig_chunks chunks;

			memset(key, 'k', sizeof(key));
			item.key = (struct tenon_slice){ key, len };
			rig_output_init(&parent, MAX_VALUE_BYTES);
			rig_chunks_init(&chunks);
			/* A chunk key that cannot be sent would give TENON_EKEY. */
			codec_scatter(&codec, &item, &chunks, &parent);
			for (uint32_t i = 0; i < chunks.base.count; i++) {
				check_key(plugin, &chunks.list[i],
					  i > 0 ? chunks.list[i - 1].key
						: item.key, item.key);
			}
			rig_chunks_fini(&chunks);
			rig_output_fini(&parent);
		}
		codec_close(&codec);
	}
}
END_TEST

START_TEST(only_a_codec_that_owns_chunks_splits_a_conditional_value)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct rig_output parent;
		struct rig_chunks chunks;
		struct kept kept;

		kept_open(&kept, plugin, variant.options,
			  codec_splits(plugin) ? 1000 : 0);
		rig_output_init(&parent, MAX_VALUE_BYTES);
		rig_chunks_init(&chunks);
		if (kept.len > 0) {
			struct tenon_split_item item = codec_item(
				kept_value(&kept), 0);

			item.conditional = 1;
			ck_assert_subject_code(
				codec_scatter(&kept.codec, &item, &chunks, &parent),
				kept.codec.ops->owns_chunks(kept.codec.self)
					? 1 : TENON_ETOOBIG);
		}
		rig_chunks_fini(&chunks);
		rig_output_fini(&parent);
		kept_close(&kept);
	}
}
END_TEST

/* Read a value in which `value` has replaced chunk i. */
static int get_with(struct codec *codec, struct stored *stored, uint32_t i,
		    struct tenon_slice value)
{
	const struct tenon_slice kept = stored->list[i].value;
	struct rig_output output;
	int code;

	rig_output_init(&output, codec->max_value_bytes);
	stored->list[i].value = value;
	code = stored_get(codec, stored, &output);
	stored->list[i].value = kept;
	rig_output_fini(&output);
	return code;
}

START_TEST(absent_and_short_chunks_are_misses)
{
	static const struct tenon_slice absent = { NULL, 0 };
	static const struct tenon_slice empty = { "", 0 };
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct kept kept;

		kept_open(&kept, plugin, variant.options,
			  codec_splits(plugin) ? 950 : 0);
		for (uint32_t i = 0; i < kept.stored.count; i++) {
			struct tenon_slice value = kept.stored.list[i].value;
			bool last = i + 1 == kept.stored.count;

			ck_assert_subject_code(
				get_with(&kept.codec, &kept.stored, i, absent),
				TENON_MISS);
			ck_assert_subject_code(
				get_with(&kept.codec, &kept.stored, i, empty),
				TENON_MISS);
			value.len--;
			/*
			 * Without a promise a codec may not know the length of the last
			 * chunk.
			 */
			if (!last || variant.promise == DETECTS) {
				ck_assert_subject_code(
					get_with(&kept.codec, &kept.stored, i, value),
					TENON_MISS);
			}
		}
		kept_close(&kept);
	}
}
END_TEST

START_TEST(damaged_chunks_are_no_values_where_promised)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		const bool detects = variant.promise == DETECTS;
		struct kept kept;

		kept_open(&kept, plugin, variant.options,
			  codec_splits(plugin) && detects ? 950 : 0);
		for (uint32_t i = 0; i < kept.stored.count; i++) {
			struct tenon_slice value = kept.stored.list[i].value;
			char *flipped = exact_copy(value.data, value.len);

			flipped[value.len / 2] ^= 4;
			value.data = flipped;
			ck_assert_subject_code(
				get_with(&kept.codec, &kept.stored, i, value),
				TENON_EUNDECODABLE);
			free(flipped);
		}
		kept_close(&kept);
	}
}
END_TEST

/* Write a hostile parent, made of a damaged good parent or of parts of parents. */
static size_t make_hostile(char to[80], const struct stored *good,
			   uint64_t *seed)
{
	static const char *const pieces[] = {
		"0", "1",  "2",	  "9",	  "10", "11", "-1", "1000000000", "S1 ",
		" ", "+",  "\n",  "4294967297", "18446744073709551617", "x",
		"S2 ", "0123456789abcdef", "", "950", "ffffffffffffffff ",
	};
	size_t len = 0;

	if (random_next(seed) % 2 == 0 && good->form_len > 0) {
		len = good->form_len < 80 ? good->form_len : 80;
		memcpy(to, good->form, len);
		for (uint64_t i = 0; i <= random_next(seed) % 3; i++) {
			to[random_next(seed) % len] =
				random_next(seed) % 2 == 0
					? (char)('0' + random_next(seed) % 10)
					: (char)random_next(seed);
		}
		return random_next(seed) % 4 == 0 ? random_next(seed) % len
						     : len;
	}
	for (uint64_t i = 0; i <= random_next(seed) % 6; i++) {
		uint64_t dice = random_next(seed);
		const char *piece = pieces[dice % 20];
		size_t piece_len = dice >> 8 & 7 ? strlen(piece) : 1;

		if (len + piece_len <= 80) {
			memcpy(to + len, piece, piece_len);
			len += piece_len;
		}
	}
	return len;
}

/* Check the limits of a plan, which hold for every parent. */
static void check_plan(const struct codec *codec, const struct rig_chunks *plan)
{
	uint64_t total = 0;

	rig_assert(plan->base.count > 0,
		   "codec '%s' plans %u chunks, expected 1 or more",
		   codec->plugin->name, (unsigned)plan->base.count);
	for (uint32_t i = 0; i < plan->base.count; i++) {
		rig_assert(plan->list[i].value.len > 0,
			   "codec '%s' plans a chunk of 0 bytes, number %u of %u",
			   codec->plugin->name, (unsigned)i + 1,
			   (unsigned)plan->base.count);
		total += plan->list[i].value.len;
	}
	rig_assert(total <= codec->max_value_bytes,
		   "codec '%s' plans %llu bytes, and max_value_bytes is %llu",
		   codec->plugin->name, (unsigned long long)total,
		   (unsigned long long)codec->max_value_bytes);
}

static size_t count_variants(const struct tenon__plugin *plugin)
{
	struct variant variant;
	size_t count = 0;

	while (variant_find(plugin, count, &variant)) {
		count++;
	}
	return count;
}

START_TEST(hostile_parents_are_survived)
{
	const struct tenon__plugin *plugin = subject(_i);
	size_t rounds = HOSTILE_COUNT / count_variants(plugin);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct tenon_split_item parent =
			codec_item((struct tenon_slice){ NULL, 0 }, 0);
		struct stored good;
		struct codec codec;
		uint64_t seed = 13;
		char *text;

		if (!codec_splits(plugin)) {
			continue;
		}
		codec_open(&codec, plugin, variant.options, 4096);
		stored_put_some(&codec, 950, &good, &text);
		for (size_t round = 0; round < rounds; round++) {
			char bytes[80];
			struct rig_chunks plan;

			parent.value.data = bytes;
			parent.value.len = make_hostile(bytes, &good, &seed);
			rig_chunks_init(&plan);
			if (codec_plan(&codec, &parent, &plan) == 0) {
				struct tenon_chunk *list = stored_fetch(&plan, &good);

				check_plan(&codec, &plan);
				codec_gather(&codec, &parent, list,
					     plan.base.count);
				free(list);
			}
			rig_chunks_fini(&plan);
		}
		stored_free(&good);
		free(text);
		codec_close(&codec);
	}
}
END_TEST

void codec_split_add(void)
{
	subjects_add_test(chunks_are_the_value_and_plan_names_them);
	subjects_add_test(keys_of_chunks_can_be_sent_and_differ);
	subjects_add_test(only_a_codec_that_owns_chunks_splits_a_conditional_value);
	subjects_add_test(absent_and_short_chunks_are_misses);
	subjects_add_test(damaged_chunks_are_no_values_where_promised);
	subjects_add_test(hostile_parents_are_survived);
}
