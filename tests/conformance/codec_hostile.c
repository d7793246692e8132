/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules for what a codec reads: forms that are damaged or made to harm, and their limits. */
#include <stdlib.h>
#include <string.h>

#include "conformance/codec_stored.h"
#include "conformance/guard.h"
#include "fakes/random.h"

/* ---- damage ------------------------------------------------------------- */

/* What a damaged form may become. */
enum outcome {
	ANYTHING,
	ERROR_OR_VALUE, /* no other value; a flipped bit may be one that does not count */
	ERROR
};

/* Read a damaged form, and check what it became. */
static void read_damaged(struct codec *codec, const struct stored *stored,
			 struct tenon_slice value, enum outcome allowed)
{
	const struct tenon__plugin *plugin = codec->plugin;
	struct rig_output output;
	int code;

	rig_output_init(&output, codec->max_value_bytes);
	code = stored_get(codec, stored, &output);
	rig_assert(code || allowed == ANYTHING ||
			   (allowed == ERROR_OR_VALUE &&
			    slices_equal(written(&output), value)),
		   "codec '%s' takes a damaged form for a value: the form has %s; the value: %s",
		   plugin->name, seen_bytes(stored_form(stored)),
		   seen_difference(written(&output), value));
	rig_output_fini(&output);
}

START_TEST(truncated_forms_are_no_values)
{
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct kept kept;

		kept_open(&kept, subject(_i), variant.options, 2000);
		while (kept.len > 0 && kept.stored.form_len > 0) {
			kept.stored.form_len--;
			read_damaged(&kept.codec, &kept.stored,
				     kept_value(&kept),
				     variant.promise != NONE ? ERROR
							     : ANYTHING);
		}
		kept_close(&kept);
	}
}
END_TEST

START_TEST(flipped_bits_are_survived)
{
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct kept kept;

		kept_open(&kept, subject(_i), variant.options, 1000);
		for (size_t bit = 0; kept.len > 0 && bit < kept.stored.form_len * 8;
		     bit++) {
			char flip = (char)(1 << bit % 8);

			kept.stored.form[bit / 8] ^= flip;
			read_damaged(&kept.codec, &kept.stored,
				     kept_value(&kept),
				     variant.promise == DETECTS ? ERROR_OR_VALUE
								: ANYTHING);
			kept.stored.form[bit / 8] ^= flip;
		}
		kept_close(&kept);
	}
}
END_TEST

START_TEST(bytes_behind_the_form_are_no_part_of_it)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct kept kept;
		char *longer;

		kept_open(&kept, plugin, variant.options, 2000);
		for (size_t more = 1; kept.len > 0 && more < 20; more++) {
			longer = calloc(1, kept.stored.form_len + more);
			ck_assert_ptr_nonnull(longer);
			memcpy(longer, kept.stored.form, kept.stored.form_len);
			memset(longer + kept.stored.form_len, 'x', more);
			free(kept.stored.form);
			kept.stored.form = longer;
			kept.stored.form_len += more;
			read_damaged(&kept.codec, &kept.stored,
				     kept_value(&kept),
				     variant.promise != NONE ? ERROR
							     : ANYTHING);
		}
		kept_close(&kept);
	}
}
END_TEST

START_TEST(garbage_is_survived)
{
	struct variant variant;
	uint64_t seed = 12;

	FOR_EACH_VARIANT(variant) {
		struct codec codec;

		codec_open(&codec, subject(_i), variant.options, 4096);
		for (size_t round = 0; round < 3000; round++) {
			char bytes[200];
			struct stored stored = { .form = bytes };
			struct rig_output output;

			stored.form_len = random_next(&seed) % sizeof(bytes);
			for (size_t i = 0; i < stored.form_len; i++) {
				bytes[i] = (char)random_next(&seed);
			}
			rig_output_init(&output, 4096);
			stored_get(&codec, &stored, &output);
			rig_output_fini(&output);
		}
		codec_close(&codec);
	}
}
END_TEST

/* ---- reading the input and nothing else ---------------------------------- */

/* Call encode or scatter, decode or plan with inputs at the ends of a guarded page. */
static void use_guarded(struct codec *codec, const struct guard *guard,
			const void *bytes, size_t len, bool is_stored)
{
	struct tenon_slice places[] = {
		{ guard_at_end(guard, bytes, len), len },
		{ NULL, len },
	};
	const struct tenon_codec_ops *ops = codec->ops;

	for (size_t i = 0; i < 2; i++) {
		struct tenon_split_item item;
		struct rig_output output;
		struct rig_chunks chunks;

		if (i == 1) {
			places[1].data = guard_at_start(guard, bytes, len);
		}
		item = codec_item(places[i], is_stored ? ops->flags(codec->self) : 0);
		rig_output_init(&output, codec->max_value_bytes);
		rig_chunks_init(&chunks);
		if (codec_splits(codec->plugin)) {
			is_stored ? ops->plan(codec->self, &item, &chunks.base,
					      &codec->err)
				  : ops->scatter(codec->self, &item, &chunks.base,
						 &output.base, &codec->err);
		} else {
			(is_stored ? ops->decode : ops->encode)(
				codec->self, &places[i], &output.base,
				&codec->err);
		}
		rig_chunks_fini(&chunks);
		rig_output_fini(&output);
	}
}

START_TEST(no_byte_beside_the_input_is_read)
{
	static char bytes[EVERY_SIZE_TO];
	struct variant variant;
	struct guard guard;

	guard_open(&guard, 2 * EVERY_SIZE_TO + TENON_OUTPUT_EXTRA_BYTES);
	FOR_EACH_VARIANT(variant) {
		struct codec codec;

		codec_open(&codec, subject(_i), variant.options,
			   MAX_VALUE_BYTES);
		for (size_t n = 0; n < EVERY_SIZE_TO * VALUE_KINDS; n++) {
			struct tenon_slice value =
				make_value(bytes, n / VALUE_KINDS,
					   (enum value_kind)(n % VALUE_KINDS));
			struct stored stored;

			if (value.len >= codec.ops->least_bytes(codec.self)) {
				use_guarded(&codec, &guard, value.data,
					    value.len, false);
			}
			if (stored_put(&codec, value, &stored) == 1) {
				use_guarded(&codec, &guard, stored.form,
					    stored.form_len, true);
				use_guarded(&codec, &guard, stored.form,
					    stored.form_len / 2, true);
			}
			stored_free(&stored);
		}
		codec_close(&codec);
	}
	guard_close(&guard);
}
END_TEST

/* ---- ceilings ----------------------------------------------------------- */

/*
 * Read with the limit max, into an output without memory and into one with more memory
 * than the limit.
 */
static void read_below(const struct variant *variant,
		       const struct tenon__plugin *plugin,
		       const struct stored *stored, size_t len, size_t max)
{
	for (size_t room = 0; room <= 2 * len; room += 2 * len) {
		struct rig_output output;
		struct codec codec;
		int code;

		codec_open(&codec, plugin, variant->options, max);
		rig_output_init(&output, max);
		output.base.data = malloc(room + 1);
		ck_assert_ptr_nonnull(output.base.data);
		output.base.capacity = room;
		code = stored_get(&codec, stored, &output);
		ck_assert_subject((code == 0) == (max >= len),
				  "%s for a value of %zu bytes with max_value_bytes %zu",
				  seen_code(code), len, max);
		ck_assert_subject_int(output.largest, <=, max);
		rig_output_fini(&output);
		codec_close(&codec);
	}
}

START_TEST(nothing_above_max_value_bytes_is_made)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		/* Every splitting variant takes 1000 bytes. */
		size_t len = codec_splits(plugin) ? 1000 : MAX_VALUE_BYTES;
		char *zeros = calloc(1, len);
		struct codec writer;
		struct stored stored;

		ck_assert_ptr_nonnull(zeros);
		codec_open(&writer, plugin, variant.options, MAX_VALUE_BYTES);
		if (stored_put(&writer, (struct tenon_slice){ zeros, len },
			       &stored) == 1) {
			for (size_t max = len - 3; max <= len + 3; max++) {
				read_below(&variant, plugin, &stored, len, max);
			}
		}
		stored_free(&stored);
		free(zeros);
		codec_close(&writer);
	}
}
END_TEST

START_TEST(bombs_are_refused_early)
{
	const struct tenon__plugin *plugin = subject(_i);
	const size_t len = (size_t)16 << 20;
	const size_t max = 4096;
	struct rlimit before;
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		char *zeros = calloc(1, len);
		struct rig_output output;
		struct codec writer;
		struct codec codec;
		struct stored stored = { 0 };
		int code = 0;

		ck_assert_ptr_nonnull(zeros);
		codec_open(&writer, plugin, variant.options, len);
		codec_open(&codec, plugin, variant.options, max);
		rig_output_init(&output, max);
		if (!codec_splits(plugin)) {
			code = stored_put(&writer,
					  (struct tenon_slice){ zeros, len },
					  &stored);
		}
		if (code == 1) {
			bool is_limited = space_limit(len / 2, &before);

			code = stored_get(&codec, &stored, &output);
			if (is_limited) {
				space_unlimit(&before);
			}
			ck_assert_msg(code == TENON_ETOOBIG,
				      "codec plugin '%s': decode of %zu bytes that make %zu, with max_value_bytes %zu and room for %zu bytes: found %s, expected %s: %s",
				      plugin->name, stored.form_len, len, max,
				      len / 2, seen_code(code),
				      seen_code(TENON_ETOOBIG),
				      codec.err.message);
			ck_assert_subject_int(output.largest, <=, max);
			ck_assert_subject_int(codec.host.largest, <, len / 2);
		}
		stored_free(&stored);
		rig_output_fini(&output);
		codec_close(&codec);
		codec_close(&writer);
		free(zeros);
	}
}
END_TEST

void codec_hostile_add(void)
{
	subjects_add_test(truncated_forms_are_no_values);
	subjects_add_test(flipped_bits_are_survived);
	subjects_add_test(bytes_behind_the_form_are_no_part_of_it);
	subjects_add_test(garbage_is_survived);
	subjects_add_test(no_byte_beside_the_input_is_read);
	subjects_add_test(nothing_above_max_value_bytes_is_made);
	subjects_add_test(bombs_are_refused_early);
}
