/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules of tenon/plugin/codec.h, tested for every codec plugin. */
#include <stdlib.h>
#include <string.h>

#include "conformance/codec_rig.h"
#include "conformance/guard.h"
#include "conformance/promises.h"
#include "fakes/random.h"
#include "runner/suite.h"

#define MAX_VALUE_BYTES ((size_t)256 * 1024)
#define EVERY_SIZE_TO 1100
#define HOSTILE_COUNT 100000 /* number of hostile parents, over all variants */
#define KEY "conformance:key"

/*
 * Promises beyond the contract. For each promise, a stored form with this damage is
 * never decoded into a value.
 */
enum promise {
	NONE = 0,
	LENGTH = 1,  /* the stored form was cut off or lengthened */
	DETECTS = 2, /* the stored form was damaged in any way */
};

/*
 * Options that a plugin is tested with. The limits are small, so that the tests cross
 * them.
 */
struct variant {
	const char *name;
	const char *options;
	enum promise promise;
};

static const struct variant known[] = {
	{ "lz4", NULL, LENGTH },
	{ "lz4", "{threshold: 0B}", LENGTH },
	{ "lz4", "{threshold: 100B, level: 1}", LENGTH },
	{ "lz4", "{threshold: 100B, level: 9}", LENGTH },
	{ "lz4", "{threshold: 100B, level: 12, flag: 128}", LENGTH },
	{ "split", NULL, NONE },
	{ "split", "{chunk: 100, max: 1000}", NONE },
	{ "split", "{chunk: 7, max: 1000}", NONE },
	{ "split", "{chunk: 100, max: 1000, format: sealed}", DETECTS },
	{ "split", "{chunk: 7, max: 1000, format: sealed, flag: 8192}", DETECTS },
	{ "zlib", NULL, DETECTS },
	{ "zlib", "{threshold: 0B}", DETECTS },
	{ "zlib", "{threshold: 0B, keep_if_smaller: no}", DETECTS },
	{ "zlib", "{threshold: 100B, level: 1}", DETECTS },
	{ "zlib", "{threshold: 100B, level: 9, flag: 128}", DETECTS },
};

#define KNOWN_COUNT (sizeof(known) / sizeof(known[0]))

/* Write the nth variant of a plugin. Return false when there is none. */
static bool find_variant(const struct tenon__plugin *plugin, size_t n,
			 struct variant *out)
{
	if (subject_is_foreign()) {
		*out = (struct variant){
			plugin->name,
			n == 1 ? getenv(SUBJECT_OPTIONS_VARIABLE) : NULL,
			promises_have("detects")  ? DETECTS :
			promises_have("length") ? LENGTH :
						  NONE
		};
		return n == 0 || (n == 1 && out->options != NULL);
	}
	for (size_t i = 0; i < KNOWN_COUNT; i++) {
		if (strcmp(known[i].name, plugin->name) == 0 && n-- == 0) {
			*out = known[i];
			return true;
		}
	}
	return false;
}

/* Run the next statement for each variant of the subject. */
#define FOR_EACH_VARIANT(variant)                                              \
	for (size_t n_ = 0; find_variant(subject(_i), n_, &(variant)); n_++)

static size_t count_variants(const struct tenon__plugin *plugin)
{
	struct variant variant;
	size_t count = 0;

	while (find_variant(plugin, count, &variant)) {
		count++;
	}
	return count;
}

static bool splits(const struct tenon__plugin *plugin)
{
	return plugin->ops.codec.scatter != NULL;
}

START_TEST(a_codec_of_the_tree_has_variants_here)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	ck_assert_subject(find_variant(plugin, 0, &variant));
}
END_TEST

/* ---- stored values ------------------------------------------------------ */

/* A value as servers hold it: one stored form, or a parent and its chunks. */
struct stored {
	char *form;  /* the value under the key itself */
	size_t form_len;
	struct tenon_chunk *list;
	uint32_t count;
};

static struct tenon_slice form_of(const struct stored *stored)
{
	return (struct tenon_slice){ stored->form, stored->form_len };
}

static struct tenon_split_item item_of(struct tenon_slice value, uint32_t flags)
{
	return (struct tenon_split_item){
		.key = { KEY, strlen(KEY) }, .value = value, .flags = flags
	};
}

static void free_chunks(struct stored *stored)
{
	for (uint32_t i = 0; i < stored->count; i++) {
		free((void *)(uintptr_t)stored->list[i].key.data);
		free((void *)(uintptr_t)stored->list[i].value.data);
	}
	free(stored->list);
}

static void stored_free(struct stored *stored)
{
	free_chunks(stored);
	free(stored->form);
	memset(stored, 0, sizeof(*stored));
}

/* Copy the chunks that scatter made. */
static void keep_chunks(struct stored *stored, const struct rig_chunks *chunks)
{
	stored->count = chunks->base.count;
	stored->list = calloc(stored->count + 1, sizeof(*stored->list));
	rig_assert(stored->list != NULL, "out of memory");
	for (uint32_t i = 0; i < stored->count; i++) {
		const struct tenon_chunk *chunk = &chunks->list[i];

		stored->list[i] = (struct tenon_chunk){
			.key = { exact_copy(chunk->key.data, chunk->key.len),
				 chunk->key.len },
			.value = { exact_copy(chunk->value.data,
					      chunk->value.len),
				   chunk->value.len },
		};
	}
}

/*
 * Store a value with encode or scatter, as the host does: a value below least_bytes stays as it is.
 * Returns the result of that slot; 0: the value stays as it is.
 */
static int put(struct codec *codec, struct tenon_slice value,
	       struct stored *stored)
{
	struct tenon_slice form = value;
	struct rig_output output;
	struct rig_chunks chunks;
	int code;

	memset(stored, 0, sizeof(*stored));
	codec->host.seed = 1; /* equal values get equal forms */
	rig_output_init(&output, codec->max_value_bytes);
	rig_chunks_init(&chunks);
	if (value.len < codec->ops->least_bytes(codec->self)) {
		code = 0;
	} else if (splits(codec->plugin)) {
		struct tenon_split_item item = item_of(value, 0);

		code = codec_scatter(codec, &item, &chunks, &output);
	} else {
		code = codec_encode(codec, value, &output);
	}
	if (code == 1) {
		form = written(&output);
		keep_chunks(stored, &chunks);
	}
	if (code >= 0) {
		stored->form = exact_copy(form.data, form.len);
		stored->form_len = form.len;
	}
	rig_chunks_fini(&chunks);
	rig_output_fini(&output);
	return code;
}

/* Join the chunks that gather has accepted. */
static void join(const struct tenon_chunk *list, uint32_t count,
		 struct rig_output *value)
{
	struct tenon_output *base = &value->base;
	size_t total = 0;

	for (uint32_t i = 0; i < count; i++) {
		total += list[i].value.len;
	}
	ck_assert_int_eq(base->reserve(base, total), 0);
	for (uint32_t i = 0; i < count; i++) {
		if (list[i].value.len > 0) {
			memcpy(base->data + base->len, list[i].value.data,
			       list[i].value.len);
			base->len += list[i].value.len;
		}
	}
}

/*
 * Return the chunks that plan names: found in the stored value, or absent. Free the
 * list with free().
 */
static struct tenon_chunk *fetch(const struct rig_chunks *plan,
				 const struct stored *stored)
{
	uint32_t count = plan->base.count;
	struct tenon_chunk *list = calloc(count + 1, sizeof(*list));

	rig_assert(list != NULL, "out of memory");
	for (uint32_t i = 0; i < count; i++) {
		list[i].key = plan->list[i].key;
		for (uint32_t j = 0; j < stored->count; j++) {
			/* The core does not accept a chunk that is longer than planned. */
			if (slices_equal(list[i].key, stored->list[j].key) &&
			    stored->list[j].value.len <=
				    plan->list[i].value.len) {
				list[i].value = stored->list[j].value;
			}
		}
	}
	return list;
}

/*
 * Read a stored value whose flags name the codec. Returns the slots' result; 0: *value
 * has the value.
 */
static int get(struct codec *codec, const struct stored *stored,
	       struct rig_output *value)
{
	struct tenon_split_item parent = item_of(form_of(stored), 0);
	struct rig_chunks plan;
	int code;

	if (!splits(codec->plugin)) {
		return codec_decode(codec, form_of(stored), value);
	}
	parent.flags = codec->ops->flags(codec->self);
	rig_chunks_init(&plan);
	code = codec_plan(codec, &parent, &plan);
	if (!code) {
		struct tenon_chunk *list = fetch(&plan, stored);

		code = codec_gather(codec, &parent, list, plan.base.count);
		if (!code) {
			join(list, plan.base.count, value);
		}
		free(list);
	}
	rig_chunks_fini(&plan);
	return code;
}

/* Store a value and read it back. Return true when the codec took the value. */
static bool round_trip(struct codec *codec, struct tenon_slice value)
{
	const struct tenon__plugin *plugin = codec->plugin;
	struct rig_output output;
	struct stored stored;
	int code = put(codec, value, &stored);

	rig_output_init(&output, codec->max_value_bytes);
	if (code == 1) {
		rig_assert(get(codec, &stored, &output) == 0,
			      "codec '%s' cannot read its own form of %zu bytes: %s",
			      plugin->name, value.len, codec->err.message);
		rig_assert(slices_equal(written(&output), value),
			      "codec '%s' makes another value of %zu bytes",
			      plugin->name, value.len);
	}
	rig_output_fini(&output);
	stored_free(&stored);
	return code == 1;
}

/* Store the longest value of this kind that the codec takes, of `most` bytes or fewer. */
static size_t put_longest(struct codec *codec, size_t most,
			  enum value_kind kind, struct stored *stored,
			  char *value)
{
	uint64_t least = codec->ops->least_bytes(codec->self);

	for (size_t len = most; len > 0 && len >= least; len--) {
		if (put(codec, make_value(value, len, kind), stored) == 1) {
			return len;
		}
		stored_free(stored);
	}
	return 0;
}

/*
 * Store a value of len bytes, or the longest shorter value that this variant takes: text, or zeros
 * when the variant takes no text. Returns the length; 0: the variant took no value.
 */
static size_t put_some(struct codec *codec, size_t len, struct stored *stored,
		       char **value)
{
	size_t taken;

	memset(stored, 0, sizeof(*stored));
	*value = malloc(len + 1);
	ck_assert_ptr_nonnull(*value);
	taken = put_longest(codec, len, VALUE_TEXT, stored, *value);
	if (taken == 0) {
		taken = put_longest(codec, len, VALUE_ZEROS, stored, *value);
	}
	return taken;
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
		ck_assert_subject(flags != 0);
		for (size_t len = 0; len < EVERY_SIZE_TO; len += 50) {
			round_trip(&codec, make_value(text, len, VALUE_TEXT));
			ck_assert_subject(codec.ops->flags(codec.self) == flags);
		}
		codec_close(&codec);
	}
}
END_TEST

START_TEST(codec_either_encodes_or_splits)
{
	const struct tenon__plugin *plugin = subject(_i);
	const struct tenon_codec_ops *ops = &plugin->ops.codec;

	ck_assert_subject((ops->encode != NULL) != (ops->scatter != NULL));
	ck_assert_subject((ops->encode != NULL) == (ops->decode != NULL));
	ck_assert_subject((ops->scatter != NULL) == (ops->plan != NULL));
	ck_assert_subject((ops->scatter != NULL) == (ops->gather != NULL));
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
		taken = put_some(&codec, 2000, &stored, &value) > 0 || taken;
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
		if (splits(plugin) || codec_encode(&codec, value, &first) == 0) {
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
			ck_assert_subject(codec_encode(&codec, value,
						       &stored) == 1);
			ck_assert_subject(slices_equal(written(&stored),
						       written(&first)));
			ck_assert_subject(codec_decode(&codec, written(&stored),
						       &back) == 0);
			ck_assert_subject(slices_equal(written(&back), value));
			rig_output_fini(&stored);
			rig_output_fini(&back);
		}
		rig_output_fini(&first);
		codec_close(&codec);
	}
}
END_TEST

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
	code = get(codec, stored, &output);
	rig_assert(code || allowed == ANYTHING ||
			   (allowed == ERROR_OR_VALUE &&
			    slices_equal(written(&output), value)),
		   "codec '%s' takes a damaged form of %zu bytes for a value of %zu bytes",
		   plugin->name, stored->form_len, output.base.len);
	rig_output_fini(&output);
}

START_TEST(truncated_forms_are_no_values)
{
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct stored stored;
		struct codec codec;
		char *text;
		size_t len;

		codec_open(&codec, subject(_i), variant.options,
			   MAX_VALUE_BYTES);
		len = put_some(&codec, 2000, &stored, &text);
		while (len > 0 && stored.form_len > 0) {
			stored.form_len--;
			read_damaged(&codec, &stored,
				     (struct tenon_slice){ text, len },
				     variant.promise != NONE ? ERROR
							     : ANYTHING);
		}
		stored_free(&stored);
		free(text);
		codec_close(&codec);
	}
}
END_TEST

START_TEST(flipped_bits_are_survived)
{
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct stored stored;
		struct codec codec;
		char *text;
		size_t len;

		codec_open(&codec, subject(_i), variant.options,
			   MAX_VALUE_BYTES);
		len = put_some(&codec, 1000, &stored, &text);
		for (size_t bit = 0; len > 0 && bit < stored.form_len * 8;
		     bit++) {
			char flip = (char)(1 << bit % 8);

			stored.form[bit / 8] ^= flip;
			read_damaged(&codec, &stored,
				     (struct tenon_slice){ text, len },
				     variant.promise == DETECTS ? ERROR_OR_VALUE
								: ANYTHING);
			stored.form[bit / 8] ^= flip;
		}
		stored_free(&stored);
		free(text);
		codec_close(&codec);
	}
}
END_TEST

START_TEST(bytes_behind_the_form_are_no_part_of_it)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct stored stored;
		struct codec codec;
		char *longer;
		char *text;
		size_t len;

		codec_open(&codec, plugin, variant.options, MAX_VALUE_BYTES);
		len = put_some(&codec, 2000, &stored, &text);
		for (size_t more = 1; len > 0 && more < 20; more++) {
			longer = calloc(1, stored.form_len + more);
			ck_assert_ptr_nonnull(longer);
			memcpy(longer, stored.form, stored.form_len);
			memset(longer + stored.form_len, 'x', more);
			free(stored.form);
			stored.form = longer;
			stored.form_len += more;
			read_damaged(&codec, &stored,
				     (struct tenon_slice){ text, len },
				     variant.promise != NONE ? ERROR
							     : ANYTHING);
		}
		stored_free(&stored);
		free(text);
		codec_close(&codec);
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
			get(&codec, &stored, &output);
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
		item = item_of(places[i], is_stored ? ops->flags(codec->self) : 0);
		rig_output_init(&output, codec->max_value_bytes);
		rig_chunks_init(&chunks);
		if (splits(codec->plugin)) {
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
			if (put(&codec, value, &stored) == 1) {
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

		codec_open(&codec, plugin, variant->options, max);
		rig_output_init(&output, max);
		output.base.data = malloc(room + 1);
		ck_assert_ptr_nonnull(output.base.data);
		output.base.capacity = room;
		ck_assert_subject((get(&codec, stored, &output) == 0) ==
				  (max >= len));
		ck_assert_subject(output.largest <= max);
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
		size_t len = splits(plugin) ? 1000 : MAX_VALUE_BYTES;
		char *zeros = calloc(1, len);
		struct codec writer;
		struct stored stored;

		ck_assert_ptr_nonnull(zeros);
		codec_open(&writer, plugin, variant.options, MAX_VALUE_BYTES);
		if (put(&writer, (struct tenon_slice){ zeros, len }, &stored) ==
		    1) {
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
		if (!splits(plugin)) {
			code = put(&writer, (struct tenon_slice){ zeros, len },
				   &stored);
		}
		if (code == 1) {
			bool is_limited = space_limit(len / 2, &before);

			code = get(&codec, &stored, &output);
			if (is_limited) {
				space_unlimit(&before);
			}
			ck_assert_msg(code == TENON_ETOOBIG,
				      "codec plugin '%s': decode of %zu bytes that make %zu, with max_value_bytes %zu and room for %zu bytes: found %d, expected TENON_ETOOBIG (%d): %s",
				      plugin->name, stored.form_len, len, max,
				      len / 2, code, TENON_ETOOBIG,
				      codec.err.message);
			ck_assert_subject(output.largest <= max);
			ck_assert_subject(codec.host.largest < len / 2);
		}
		stored_free(&stored);
		rig_output_fini(&output);
		codec_close(&codec);
		codec_close(&writer);
		free(zeros);
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
	struct tenon_split_item item = item_of(value, 0);
	struct rig_output output;
	struct rig_chunks chunks;
	bool failed = false;
	int code;

	rig_output_init(&output, codec->max_value_bytes);
	rig_chunks_init(&chunks);
	output.fail_from = n;
	chunks.fail_from = n;
	code = splits(plugin) ? codec_scatter(codec, &item, &chunks, &output)
			      : codec_encode(codec, value, &output);
	if (code == TENON_ENOMEM) {
		ck_assert_subject(output.calls >= n || chunks.calls >= n);
		failed = true;
	} else {
		ck_assert_subject(!code || code == 1);
		ck_assert_subject(output.calls < n && chunks.calls < n);
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
	struct tenon_split_item parent = item_of(form_of(stored), 0);
	struct rig_output output;
	struct rig_chunks chunks;
	int code;

	rig_output_init(&output, codec->max_value_bytes);
	rig_chunks_init(&chunks);
	output.fail_from = n;
	chunks.fail_from = n;
	code = splits(plugin) ? codec_plan(codec, &parent, &chunks)
			      : codec_decode(codec, form_of(stored), &output);
	ck_assert_subject(!code || code == TENON_ENOMEM);
	ck_assert_subject((!code) == (output.calls < n && chunks.calls < n));
	rig_chunks_fini(&chunks);
	rig_output_fini(&output);
	return code != 0;
}

START_TEST(no_room_is_an_error_and_passes)
{
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct codec codec;
		struct stored stored;
		char *text;
		size_t len;

		codec_open(&codec, subject(_i), variant.options,
			   MAX_VALUE_BYTES);
		len = put_some(&codec, 1000, &stored, &text);
		if (len > 0) {
			const struct tenon_slice value = { text, len };
			size_t n = 1;

			while (fails_at(&codec, value, n)) {
				ck_assert(round_trip(&codec, value));
				n++;
			}
			for (n = 1; fails_to_read_at(&codec, &stored, n); n++) {
				ck_assert(round_trip(&codec, value));
			}
		}
		stored_free(&stored);
		free(text);
		codec_close(&codec);
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
		len = put_some(&helper, 2000, &stored, &text);
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
			code = put(&codec, value, &again);
			failed = code == TENON_ENOMEM;
			ck_assert_subject(failed || code == 1);
			stored_free(&again);
			code = get(&codec, &stored, &output);
			ck_assert_subject(!code || code == TENON_ENOMEM);
			failed = failed || code != 0;
			codec.host.fail_from = 0;
			ck_assert_subject(round_trip(&codec, value));
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
		ck_assert_subject(codec.host.made == made);
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
	get(codec, &cut, &output);
	rig_output_fini(&output);
}

START_TEST(values_leave_no_memory_behind)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct stored stored;
		struct codec codec;
		size_t before = 0;
		size_t after;
		char *text;
		size_t len;

		codec_open(&codec, plugin, variant.options, MAX_VALUE_BYTES);
		len = put_some(&codec, 2000, &stored, &text);
		for (int i = 0; len > 0 && i < 2 * LEAK_ROUNDS; i++) {
			before = i == LEAK_ROUNDS ? heap_bytes() : before;
			use_memory(&codec, &stored,
				   (struct tenon_slice){ text, len });
		}
		after = heap_bytes();
		ck_assert_msg(len == 0 || after < before + LEAK_ROUNDS,
			      "codec plugin '%s': %zu bytes more of malloc are in use after %d values",
			      plugin->name, after - before, LEAK_ROUNDS);
		stored_free(&stored);
		free(text);
		codec_close(&codec);
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
		len = put_some(&codec, 2000, &first, &text);
		for (size_t cut = 1; len > 0 && cut < first.form_len; cut++) {
			struct tenon_slice value = { text, len };
			struct stored broken = { .form = first.form,
						 .form_len = cut };
			struct rig_output output;
			struct stored again;

			rig_output_init(&output, MAX_VALUE_BYTES);
			get(&codec, &broken, &output);
			rig_output_fini(&output);
			rig_output_init(&output, MAX_VALUE_BYTES);
			ck_assert_subject(get(&codec, &first, &output) == 0);
			ck_assert_subject(slices_equal(written(&output), value));
			rig_output_fini(&output);
			ck_assert_subject(put(&codec, value, &again) == 1);
			ck_assert_subject(slices_equal(form_of(&again),
						       form_of(&first)));
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
			if (put(&one, value, &stored) == 1) {
				ck_assert_subject(get(&other, &stored,
						      &output) == 0);
				ck_assert_subject(slices_equal(written(&output),
							       value));
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
	const struct tenon_split_item parent = item_of(bad, 0);
	struct rig_output output;
	struct rig_chunks chunks;
	struct codec codec;

	codec_open(&codec, plugin, NULL, MAX_VALUE_BYTES);
	rig_output_init(&output, MAX_VALUE_BYTES);
	rig_chunks_init(&chunks);
	if (splits(plugin)) {
		ck_assert_subject(codec.ops->plan(codec.self, &parent,
						  &chunks.base, NULL) != 0);
	} else {
		ck_assert_subject(codec.ops->decode(codec.self, &bad,
						    &output.base, NULL) != 0);
	}
	rig_chunks_fini(&chunks);
	rig_output_fini(&output);
	codec_close(&codec);
}
END_TEST

/* ---- splitting ---------------------------------------------------------- */

/* Check that scatter made the chunk that plan asks for, from this place of the value. */
static void check_chunk(const struct tenon__plugin *plugin,
			const struct tenon_chunk *made,
			const struct tenon_chunk *named, const char *place)
{
	rig_assert(slices_equal(made->key, named->key) && !named->value.data &&
			   made->value.len <= named->value.len &&
			   made->value.data == place,
		   "codec '%s' plans other chunks than it makes", plugin->name);
}

START_TEST(chunks_are_the_value_and_plan_names_them)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct codec codec;

		codec_open(&codec, plugin, variant.options, MAX_VALUE_BYTES);
		for (size_t len = 0; splits(plugin) && len < EVERY_SIZE_TO;
		     len++) {
			char bytes[EVERY_SIZE_TO];
			struct tenon_split_item item =
				item_of(make_value(bytes, len, VALUE_NOISE), 0);
			struct rig_output parent;
			struct rig_chunks chunks;
			struct rig_chunks plan;
			size_t at = 0;

			rig_output_init(&parent, MAX_VALUE_BYTES);
			rig_chunks_init(&chunks);
			rig_chunks_init(&plan);
			if (codec_scatter(&codec, &item, &chunks, &parent) == 1) {
				item.value = written(&parent);
				ck_assert_subject(codec_plan(&codec, &item,
							     &plan) == 0);
				ck_assert_subject(plan.base.count ==
						  chunks.base.count);
			}
			for (uint32_t i = 0; i < plan.base.count; i++) {
				check_chunk(plugin, &chunks.list[i],
					    &plan.list[i], bytes + at);
				at += chunks.list[i].value.len;
			}
			ck_assert_subject(at == 0 || at == len);
			rig_chunks_fini(&plan);
			rig_chunks_fini(&chunks);
			rig_output_fini(&parent);
		}
		codec_close(&codec);
	}
}
END_TEST

START_TEST(keys_of_chunks_can_be_sent_and_differ)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct codec codec;

		codec_open(&codec, plugin, variant.options, MAX_VALUE_BYTES);
		for (size_t len = 1; splits(plugin) && len <= 250; len++) {
			char key[250];
			char bytes[1000];
			struct tenon_split_item item = item_of(
				make_value(bytes, sizeof(bytes), VALUE_TEXT), 0);
			struct rig_output parent;
			struct rig_chunks chunks;

			memset(key, 'k', sizeof(key));
			item.key = (struct tenon_slice){ key, len };
			rig_output_init(&parent, MAX_VALUE_BYTES);
			rig_chunks_init(&chunks);
			/* A chunk key that cannot be sent would give TENON_EKEY. */
			codec_scatter(&codec, &item, &chunks, &parent);
			for (uint32_t i = 0; i < chunks.base.count; i++) {
				ck_assert_subject(!slices_equal(
					chunks.list[i].key, item.key));
				ck_assert_subject(
					i == 0 ||
					!slices_equal(chunks.list[i].key,
						      chunks.list[i - 1].key));
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
		struct stored stored;
		struct codec codec;
		char *text = NULL;
		size_t len = 0;

		codec_open(&codec, plugin, variant.options, MAX_VALUE_BYTES);
		memset(&stored, 0, sizeof(stored));
		rig_output_init(&parent, MAX_VALUE_BYTES);
		rig_chunks_init(&chunks);
		if (splits(plugin)) {
			len = put_some(&codec, 1000, &stored, &text);
		}
		if (len > 0) {
			struct tenon_split_item item =
				item_of((struct tenon_slice){ text, len }, 0);

			item.conditional = 1;
			ck_assert_subject(
				codec_scatter(&codec, &item, &chunks,
					      &parent) ==
				(codec.ops->owns_chunks(codec.self) != 0
					 ? 1
					 : TENON_ETOOBIG));
		}
		rig_chunks_fini(&chunks);
		rig_output_fini(&parent);
		stored_free(&stored);
		free(text);
		codec_close(&codec);
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
	code = get(codec, stored, &output);
	stored->list[i].value = kept;
	rig_output_fini(&output);
	return code;
}

START_TEST(absent_and_short_chunks_are_misses)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct stored stored;
		struct codec codec;
		char *text = NULL;

		memset(&stored, 0, sizeof(stored));
		codec_open(&codec, plugin, variant.options, MAX_VALUE_BYTES);
		if (splits(plugin)) {
			put_some(&codec, 950, &stored, &text);
		}
		for (uint32_t i = 0; i < stored.count; i++) {
			struct tenon_slice value = stored.list[i].value;
			bool last = i + 1 == stored.count;

			ck_assert_subject(
				get_with(&codec, &stored, i,
					 (struct tenon_slice){ NULL, 0 }) ==
				TENON_MISS);
			ck_assert_subject(
				get_with(&codec, &stored, i,
					 (struct tenon_slice){ "", 0 }) ==
				TENON_MISS);
			value.len--;
			/*
			 * Without a promise a codec may not know the length of the last
			 * chunk.
			 */
			ck_assert_subject((last && variant.promise != DETECTS) ||
					  get_with(&codec, &stored, i, value) ==
						  TENON_MISS);
		}
		stored_free(&stored);
		free(text);
		codec_close(&codec);
	}
}
END_TEST

START_TEST(damaged_chunks_are_no_values_where_promised)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct stored stored;
		struct codec codec;
		char *text = NULL;

		memset(&stored, 0, sizeof(stored));
		codec_open(&codec, plugin, variant.options, MAX_VALUE_BYTES);
		if (splits(plugin) && variant.promise == DETECTS) {
			put_some(&codec, 950, &stored, &text);
		}
		for (uint32_t i = 0; i < stored.count; i++) {
			struct tenon_slice value = stored.list[i].value;
			char *flipped = exact_copy(value.data, value.len);

			flipped[value.len / 2] ^= 4;
			value.data = flipped;
			ck_assert_subject(get_with(&codec, &stored, i, value) ==
					  TENON_EUNDECODABLE);
			free(flipped);
		}
		stored_free(&stored);
		free(text);
		codec_close(&codec);
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

	rig_assert(plan->base.count > 0, "codec '%s' plans nothing",
		   codec->plugin->name);
	for (uint32_t i = 0; i < plan->base.count; i++) {
		rig_assert(plan->list[i].value.len > 0,
			   "codec '%s' plans a chunk of no bytes",
			   codec->plugin->name);
		total += plan->list[i].value.len;
	}
	rig_assert(total <= codec->max_value_bytes,
		   "codec '%s' plans more than max_value_bytes",
		   codec->plugin->name);
}

START_TEST(hostile_parents_are_survived)
{
	const struct tenon__plugin *plugin = subject(_i);
	size_t rounds = HOSTILE_COUNT / count_variants(plugin);
	struct variant variant;

	FOR_EACH_VARIANT(variant) {
		struct tenon_split_item parent = item_of(
			(struct tenon_slice){ NULL, 0 }, 0);
		struct stored good;
		struct codec codec;
		uint64_t seed = 13;
		char *text;

		if (!splits(plugin)) {
			continue;
		}
		codec_open(&codec, plugin, variant.options, 4096);
		put_some(&codec, 950, &good, &text);
		for (size_t round = 0; round < rounds; round++) {
			char bytes[80];
			struct rig_chunks plan;

			parent.value.data = bytes;
			parent.value.len = make_hostile(bytes, &good, &seed);
			rig_chunks_init(&plan);
			if (codec_plan(&codec, &parent, &plan) == 0) {
				struct tenon_chunk *list = fetch(&plan, &good);

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
	subjects_add_test(truncated_forms_are_no_values);
	subjects_add_test(flipped_bits_are_survived);
	subjects_add_test(bytes_behind_the_form_are_no_part_of_it);
	subjects_add_test(garbage_is_survived);
	subjects_add_test(no_byte_beside_the_input_is_read);
	subjects_add_test(nothing_above_max_value_bytes_is_made);
	subjects_add_test(bombs_are_refused_early);
	subjects_add_test(no_room_is_an_error_and_passes);
	subjects_add_test(no_memory_is_an_error_and_passes);
	subjects_add_test(init_that_runs_out_of_memory_cleans_up);
	subjects_add_test(instance_that_was_never_used_is_released);
	subjects_add_test(values_ask_for_no_memory_of_the_host);
	subjects_add_test(values_leave_no_memory_behind);
	subjects_add_test(errors_leave_no_traces);
	subjects_add_test(instances_are_independent);
	subjects_add_test(error_object_may_be_missing);
	subjects_add_test(chunks_are_the_value_and_plan_names_them);
	subjects_add_test(keys_of_chunks_can_be_sent_and_differ);
	subjects_add_test(only_a_codec_that_owns_chunks_splits_a_conditional_value);
	subjects_add_test(absent_and_short_chunks_are_misses);
	subjects_add_test(damaged_chunks_are_no_values_where_promised);
	subjects_add_test(hostile_parents_are_survived);
	return suite_run(suite);
}
