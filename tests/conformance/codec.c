/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rules of tenon/plugin/codec.h, tested for every codec plugin. codec_hostile.c and codec_split.c
 * have more of them.
 */
#include <stdlib.h>
#include <string.h>

#include "conformance/codec_stored.h"
#include "conformance/guard.h"
#include "runner/suite.h"

START_TEST(a_codec_of_the_tree_has_variants_here)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	ck_assert_subject(variant_find(plugin, 0, &variant),
			  "no row for '%s' in codec_stored.c", plugin->name);
}
END_TEST

/* Store a value and read it back. Return true when the codec took the value. */
static bool round_trip(struct codec *codec, struct tenon_slice value)
{
	const struct tenon__plugin *plugin = codec->plugin;
	struct rig_output output;
	struct stored stored;
	int code = stored_put(codec, value, &stored);

	rig_output_init(&output, codec->max_value_bytes);
	if (code == 1) {
		rig_assert(
			stored_get(codec, &stored, &output) == 0,
			"codec '%s' cannot read its own form of %zu bytes: %s",
			plugin->name, value.len, seen_text(codec->err.message));
		rig_assert(slices_equal(written(&output), value),
			   "codec '%s' makes another value: %s", plugin->name,
			   seen_difference(written(&output), value));
	}
	rig_output_fini(&output);
	stored_free(&stored);
	return code == 1;
}

/* As round_trip(), for a value that the codec has taken before. */
static void check_taken(struct codec *codec, struct tenon_slice value)
{
	const struct tenon__plugin *plugin = codec->plugin;

	ck_assert_subject(round_trip(codec, value),
			  "that a value of %zu bytes stays as it is, which the codec took before: %s",
			  value.len, seen_bytes(value));
}

/* ---- flags -------------------------------------------------------------- */

START_TEST(flags_are_some_and_stay)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct codec codec;
		uint32_t flags;
		char text[EVERY_SIZE_TO];

		codec_open(&codec, plugin, variant.options, MAX_VALUE_BYTES);
		flags = codec.ops->flags(codec.self);
		ck_assert_subject_int(flags, !=, 0);
		for (size_t len = 0; len < EVERY_SIZE_TO; len += 50) {
			round_trip(&codec, make_value(text, len, VALUE_TEXT));
			ck_assert_subject_int(codec.ops->flags(codec.self), ==, flags);
		}
		codec_close(&codec);
	}
}
END_TEST

START_TEST(codec_either_encodes_or_splits)
{
	const struct tenon__plugin *plugin = subject(_i);
	const struct tenon_codec_ops *ops = &plugin->ops.codec;

	bool splits = ops->scatter != NULL;

	ck_assert_subject((ops->encode != NULL) == !splits &&
				  (ops->decode != NULL) == !splits &&
				  (ops->plan != NULL) == splits &&
				  (ops->gather != NULL) == splits,
			  "encode %s, decode %s, scatter %s, plan %s, gather %s",
			  seen_pointer(ops->encode), seen_pointer(ops->decode),
			  seen_pointer(ops->scatter), seen_pointer(ops->plan),
			  seen_pointer(ops->gather));
}
END_TEST

/* ---- round trips -------------------------------------------------------- */

START_TEST(values_of_every_size_come_back)
{
	static char bytes[EVERY_SIZE_TO];
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct codec codec;

		codec_open(&codec, subject(_i), variant.options,
			   MAX_VALUE_BYTES);
		for (size_t len = 0; len < EVERY_SIZE_TO; len++) {
			for (int kind = 0; kind < VALUE_KINDS; kind++) {
				round_trip(&codec,
					   make_value(bytes, len,
						      (enum value_kind)kind));
			}
		}
		codec_close(&codec);
	}
}
END_TEST

START_TEST(values_around_limits_come_back)
{
	static const size_t limits[] = { 1024,	4096,	 16384,	 32768,
					 65536, 131072, MAX_VALUE_BYTES - 2 };
	char *bytes = malloc(MAX_VALUE_BYTES + 2);
	struct variant variant;

	ck_assert_ptr_nonnull(bytes);
	FOR_EACH_VARIANT(variant) {
		struct codec codec;

		codec_open(&codec, subject(_i), variant.options,
			   MAX_VALUE_BYTES);
		for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
			for (size_t n = 0; n < 5 * VALUE_KINDS; n++) {
				size_t len = limits[i] - 2 + n / VALUE_KINDS;
				enum value_kind kind = n % VALUE_KINDS;

				if (len <= MAX_VALUE_BYTES) {
					round_trip(&codec, make_value(bytes, len,
								      kind));
				}
			}
		}
		codec_close(&codec);
	}
	free(bytes);
}
END_TEST

START_TEST(codec_takes_some_values)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;
	uint64_t least = UINT64_MAX;
	bool taken = false;

	FOR_EACH_VARIANT(variant) {
		struct stored stored;
		struct codec codec;
		char *value;

		codec_open(&codec, plugin, variant.options, MAX_VALUE_BYTES);
		taken = stored_put_some(&codec, 2000, &stored, &value) > 0 || taken;
		least = codec.ops->least_bytes(codec.self);
		stored_free(&stored);
		free(value);
		codec_close(&codec);
	}
	ck_assert_msg(taken,
		      "codec plugin '%s' takes no value of 1 to 2000 bytes, text or zeros; its least_bytes is %llu, choose smaller limits with --options",
		      plugin->name, (unsigned long long)least);
}
END_TEST

START_TEST(output_does_not_depend_on_the_room_before)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct codec codec;
		char text[2000];
		const struct tenon_slice value =
			make_value(text, sizeof(text), VALUE_TEXT);
		struct rig_output first;

		codec_open(&codec, plugin, variant.options, MAX_VALUE_BYTES);
		rig_output_init(&first, MAX_VALUE_BYTES);
		if (codec_splits(plugin) || codec_encode(&codec, value, &first) == 0) {
			codec_close(&codec);
			continue;
		}
		for (size_t room = 0; room <= 3000; room += 59) {
			struct rig_output stored;
			struct rig_output back;

			rig_output_init(&stored, MAX_VALUE_BYTES);
			rig_output_init(&back, MAX_VALUE_BYTES);
			stored.base.reserve(&stored.base, room);
			back.base.reserve(&back.base, room);
			ck_assert_subject_code(
				codec_encode(&codec, value, &stored), 1);
			ck_assert_subject_bytes(written(&stored), written(&first));
			ck_assert_subject_code(
				codec_decode(&codec, written(&stored), &back), 0);
			ck_assert_subject_bytes(written(&back), value);
			rig_output_fini(&stored);
			rig_output_fini(&back);
		}
		rig_output_fini(&first);
		codec_close(&codec);
	}
}
END_TEST

/* ---- memory ------------------------------------------------------------- */

/*
 * Write one value while reserve() and add() fail from call n on. Return true when
 * writing failed.
 */
static bool fails_at(struct codec *codec, struct tenon_slice value, size_t n)
{
	const struct tenon__plugin *plugin = codec->plugin;
	struct tenon_split_item item = codec_item(value, 0);
	struct rig_output output;
	struct rig_chunks chunks;
	bool failed = false;
	int code;

	rig_output_init(&output, codec->max_value_bytes);
	rig_chunks_init(&chunks);
	output.fail_from = n;
	chunks.fail_from = n;
	code = codec_splits(plugin)
		       ? codec_scatter(codec, &item, &chunks, &output)
		       : codec_encode(codec, value, &output);
	if (code == TENON_ENOMEM) {
		ck_assert_subject(output.calls >= n || chunks.calls >= n,
				  "%zu calls of reserve() and %zu of add(), of which number %zu would fail",
				  output.calls, chunks.calls, n);
		failed = true;
	} else {
		ck_assert_subject(!code || code == 1, "%s", seen_code(code));
		ck_assert_subject(output.calls < n && chunks.calls < n,
				  "%s after %zu calls of reserve() and %zu of add(), of which number %zu failed",
				  seen_code(code), output.calls,
				  chunks.calls, n);
	}
	rig_chunks_fini(&chunks);
	rig_output_fini(&output);
	return failed;
}

/*
 * Read one value while reserve() and add() fail from call n on. Return true when
 * reading failed.
 */
static bool fails_to_read_at(struct codec *codec, const struct stored *stored,
			     size_t n)
{
	const struct tenon__plugin *plugin = codec->plugin;
	struct tenon_split_item parent = codec_item(stored_form(stored), 0);
	struct rig_output output;
	struct rig_chunks chunks;
	int code;

	rig_output_init(&output, codec->max_value_bytes);
	rig_chunks_init(&chunks);
	output.fail_from = n;
	chunks.fail_from = n;
	code = codec_splits(plugin)
		       ? codec_plan(codec, &parent, &chunks)
		       : codec_decode(codec, stored_form(stored), &output);
	ck_assert_subject(code == (output.calls < n && chunks.calls < n
					   ? 0 : TENON_ENOMEM),
			  "%s after %zu calls of reserve() and %zu of add(), which fail from number %zu on",
			  seen_code(code), output.calls, chunks.calls, n);
	rig_chunks_fini(&chunks);
	rig_output_fini(&output);
	return code != 0;
}

START_TEST(no_room_is_an_error_and_passes)
{
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct kept kept;

		kept_open(&kept, subject(_i), variant.options, 1000);
		if (kept.len > 0) {
			const struct tenon_slice value = kept_value(&kept);
			size_t n = 1;

			while (fails_at(&kept.codec, value, n)) {
				check_taken(&kept.codec, value);
				n++;
			}
			for (n = 1; fails_to_read_at(&kept.codec, &kept.stored, n); n++) {
				check_taken(&kept.codec, value);
			}
		}
		kept_close(&kept);
	}
}
END_TEST

START_TEST(no_memory_is_an_error_and_passes)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct codec helper;
		struct stored stored;
		char *text;
		size_t len;
		bool failed = true;

		codec_open(&helper, plugin, variant.options, MAX_VALUE_BYTES);
		len = stored_put_some(&helper, 2000, &stored, &text);
		for (size_t n = 1; len > 0 && failed; n++) {
			const struct tenon_slice value = { text, len };
			struct rig_output output;
			struct stored again;
			struct codec codec;
			int code;

			codec_open(&codec, plugin, variant.options,
				   MAX_VALUE_BYTES);
			rig_output_init(&output, MAX_VALUE_BYTES);
			codec.host.made = 0;
			codec.host.fail_from = n;
			code = stored_put(&codec, value, &again);
			failed = code == TENON_ENOMEM;
			ck_assert_subject(failed || code == 1,
					  "%s when allocation %zu fails",
					  seen_code(code), n);
			stored_free(&again);
			code = stored_get(&codec, &stored, &output);
			ck_assert_subject(!code || code == TENON_ENOMEM,
					  "%s when allocation %zu fails",
					  seen_code(code), n);
			failed = failed || code != 0;
			codec.host.fail_from = 0;
			check_taken(&codec, value);
			rig_output_fini(&output);
			codec_close(&codec);
		}
		stored_free(&stored);
		free(text);
		codec_close(&helper);
	}
}
END_TEST

static int try_init(const struct tenon__plugin *plugin, void *self,
		    const void *options, const struct watched_host *host)
{
	const struct tenon_codec_setup setup = {
		.size = sizeof(setup),
		.max_value_bytes = MAX_VALUE_BYTES,
	};
	struct tenon_error err = { 0 };

	return subject_check_reason(
		plugin,
		plugin->ops.codec.init(self, options, &host->table, &setup, &err),
		&err);
}

START_TEST(init_that_runs_out_of_memory_cleans_up)
{
	const struct tenon__plugin *plugin = subject(_i);
	const struct tenon_codec_ops *ops = &plugin->ops.codec;

	subject_check_without_memory(plugin, ops->state_size, try_init,
				     ops->fini);
}
END_TEST

START_TEST(instance_that_was_never_used_is_released)
{
	struct codec codec;

	codec_open(&codec, subject(_i), NULL, MAX_VALUE_BYTES);
	codec_close(&codec);
}
END_TEST

START_TEST(values_ask_for_no_memory_of_the_host)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		char text[2000];
		struct codec codec;
		size_t made = 0;

		codec_open(&codec, plugin, variant.options, MAX_VALUE_BYTES);
		for (size_t round = 0; round < 3; round++) {
			for (size_t len = 0; len <= sizeof(text); len += 100) {
				round_trip(&codec,
					   make_value(text, len, VALUE_TEXT));
				round_trip(&codec,
					   make_value(text, len, VALUE_ZEROS));
			}
			made = round == 0 ? codec.host.made : made;
		}
		ck_assert_subject_int(codec.host.made, ==, made);
		codec_close(&codec);
	}
}
END_TEST

#define LEAK_ROUNDS 500

/* Store and read some values, and fail to read others. */
static void use_memory(struct codec *codec, const struct stored *stored,
		       struct tenon_slice value)
{
	struct stored cut = *stored;
	struct rig_output output;

	round_trip(codec, value);
	cut.form_len /= 2;
	rig_output_init(&output, codec->max_value_bytes);
	stored_get(codec, &cut, &output);
	rig_output_fini(&output);
}

START_TEST(values_leave_no_memory_behind)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct kept kept;
		size_t before = 0;
		size_t after;

		kept_open(&kept, plugin, variant.options, 2000);
		for (int i = 0; kept.len > 0 && i < 2 * LEAK_ROUNDS; i++) {
			before = i == LEAK_ROUNDS ? heap_bytes() : before;
			use_memory(&kept.codec, &kept.stored,
				   kept_value(&kept));
		}
		after = heap_bytes();
		ck_assert_msg(kept.len == 0 || after < before + LEAK_ROUNDS,
			      "codec plugin '%s': %zu bytes more of malloc are in use after %d values",
			      plugin->name, after - before, LEAK_ROUNDS);
		kept_close(&kept);
	}
}
END_TEST

/* ---- state -------------------------------------------------------------- */

START_TEST(errors_leave_no_traces)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct stored first;
		struct codec codec;
		char *text;
		size_t len;

		codec_open(&codec, plugin, variant.options, MAX_VALUE_BYTES);
		len = stored_put_some(&codec, 2000, &first, &text);
		for (size_t cut = 1; len > 0 && cut < first.form_len; cut++) {
			struct tenon_slice value = { text, len };
			struct stored broken = { .form = first.form,
						 .form_len = cut };
			struct rig_output output;
			struct stored again;

			rig_output_init(&output, MAX_VALUE_BYTES);
			stored_get(&codec, &broken, &output);
			rig_output_fini(&output);
			rig_output_init(&output, MAX_VALUE_BYTES);
			ck_assert_subject_code(
				stored_get(&codec, &first, &output), 0);
			ck_assert_subject_bytes(written(&output), value);
			rig_output_fini(&output);
			ck_assert_subject_code(
				stored_put(&codec, value, &again), 1);
			ck_assert_subject_bytes(stored_form(&again),
						stored_form(&first));
			stored_free(&again);
		}
		stored_free(&first);
		free(text);
		codec_close(&codec);
	}
}
END_TEST

START_TEST(instances_are_independent)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		char text[1000];
		struct codec one;
		struct codec other;

		codec_open(&one, plugin, variant.options, MAX_VALUE_BYTES);
		codec_open(&other, plugin, variant.options, MAX_VALUE_BYTES);
		for (size_t len = 0; len <= sizeof(text); len += 250) {
			struct tenon_slice value =
				make_value(text, len, VALUE_TEXT);
			struct rig_output output;
			struct stored stored;

			rig_output_init(&output, MAX_VALUE_BYTES);
			if (stored_put(&one, value, &stored) == 1) {
				ck_assert_subject_code(
					stored_get(&other, &stored, &output), 0);
				ck_assert_subject_bytes(written(&output), value);
			}
			stored_free(&stored);
			rig_output_fini(&output);
		}
		codec_close(&one);
		round_trip(&other, make_value(text, sizeof(text), VALUE_TEXT));
		codec_close(&other);
	}
}
END_TEST

START_TEST(error_object_may_be_missing)
{
	const struct tenon__plugin *plugin = subject(_i);
	const struct tenon_slice bad = { "\x01", 1 };
	const struct tenon_split_item parent = codec_item(bad, 0);
	struct rig_output output;
	struct rig_chunks chunks;
	struct codec codec;
	int code;

	codec_open(&codec, plugin, NULL, MAX_VALUE_BYTES);
	rig_output_init(&output, MAX_VALUE_BYTES);
	rig_chunks_init(&chunks);
	code = codec_splits(plugin)
		       ? codec.ops->plan(codec.self, &parent, &chunks.base, NULL)
		       : codec.ops->decode(codec.self, &bad, &output.base, NULL);
	ck_assert_subject(code != 0, "%s for the stored form of %s",
			  seen_code(code), seen_bytes(bad));
	rig_chunks_fini(&chunks);
	rig_output_fini(&output);
	codec_close(&codec);
}
END_TEST

int conformance_codec(void)
{
	Suite *suite = suite_create("conformance/codec");

	subjects_load(TENON_KIND_CODEC);
	subjects_add_tests(suite);
	subjects_add_test(a_codec_of_the_tree_has_variants_here);
	subjects_add_test(flags_are_some_and_stay);
	subjects_add_test(codec_either_encodes_or_splits);
	subjects_add_test(values_of_every_size_come_back);
	subjects_add_test(values_around_limits_come_back);
	subjects_add_test(codec_takes_some_values);
	subjects_add_test(output_does_not_depend_on_the_room_before);
	codec_hostile_add();
	subjects_add_test(no_room_is_an_error_and_passes);
	subjects_add_test(no_memory_is_an_error_and_passes);
	subjects_add_test(init_that_runs_out_of_memory_cleans_up);
	subjects_add_test(instance_that_was_never_used_is_released);
	subjects_add_test(values_ask_for_no_memory_of_the_host);
	subjects_add_test(values_leave_no_memory_behind);
	subjects_add_test(errors_leave_no_traces);
	subjects_add_test(instances_are_independent);
	subjects_add_test(error_object_may_be_missing);
	codec_split_add();
	return suite_run(suite);
}
