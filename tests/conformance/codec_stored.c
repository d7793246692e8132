/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/codec_stored.h"

#include <stdlib.h>
#include <string.h>

#include "conformance/promises.h"

#define KEY "conformance:key"

/* ---- variants ------------------------------------------------------------ */

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

bool variant_find(const struct tenon__plugin *plugin, size_t n,
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

/* ---- stored values ------------------------------------------------------- */

bool codec_splits(const struct tenon__plugin *plugin)
{
	return plugin->ops.codec.scatter != NULL;
}

struct tenon_slice stored_form(const struct stored *stored)
{
	return (struct tenon_slice){ stored->form, stored->form_len };
}

struct tenon_split_item codec_item(struct tenon_slice value, uint32_t flags)
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

void stored_free(struct stored *stored)
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
	rig_assert(stored->list != NULL, "no memory for %u chunks",
		   (unsigned)stored->count);
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

int stored_put(struct codec *codec, struct tenon_slice value,
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
	} else if (codec_splits(codec->plugin)) {
		struct tenon_split_item item = codec_item(value, 0);

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

struct tenon_chunk *stored_fetch(const struct rig_chunks *plan,
				 const struct stored *stored)
{
	uint32_t count = plan->base.count;
	struct tenon_chunk *list = calloc(count + 1, sizeof(*list));

	rig_assert(list != NULL, "no memory for %u chunks", (unsigned)count);
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

int stored_get(struct codec *codec, const struct stored *stored,
	       struct rig_output *value)
{
	struct tenon_split_item parent = codec_item(stored_form(stored), 0);
	struct rig_chunks plan;
	int code;

	if (!codec_splits(codec->plugin)) {
		return codec_decode(codec, stored_form(stored), value);
	}
	parent.flags = codec->ops->flags(codec->self);
	rig_chunks_init(&plan);
	code = codec_plan(codec, &parent, &plan);
	if (!code) {
		struct tenon_chunk *list = stored_fetch(&plan, stored);

		code = codec_gather(codec, &parent, list, plan.base.count);
		if (!code) {
			join(list, plan.base.count, value);
		}
		free(list);
	}
	rig_chunks_fini(&plan);
	return code;
}

/* Store the longest value of this kind that the codec takes, of `most` bytes or fewer. */
static size_t put_longest(struct codec *codec, size_t most,
			  enum value_kind kind, struct stored *stored,
			  char *value)
{
	uint64_t least = codec->ops->least_bytes(codec->self);

	for (size_t len = most; len > 0 && len >= least; len--) {
		if (stored_put(codec, make_value(value, len, kind), stored) == 1) {
			return len;
		}
		stored_free(stored);
	}
	return 0;
}

size_t stored_put_some(struct codec *codec, size_t len, struct stored *stored,
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

void kept_open(struct kept *kept, const struct tenon__plugin *plugin,
	       const char *options, size_t len)
{
	memset(kept, 0, sizeof(*kept));
	codec_open(&kept->codec, plugin, options, MAX_VALUE_BYTES);
	if (len > 0) {
		kept->len = stored_put_some(&kept->codec, len, &kept->stored,
					    &kept->text);
	}
}

void kept_close(struct kept *kept)
{
	stored_free(&kept->stored);
	free(kept->text);
	codec_close(&kept->codec);
}
