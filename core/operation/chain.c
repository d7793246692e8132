/* SPDX-License-Identifier: BSD-3-Clause */
#include "operation/chain.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "plugin/instance.h"
#include "plugin/plugin.h"
#include "wire/key.h"
#include "wire/wire.h"

/* ---- instances --------------------------------------------------------- */

static int init_codec(struct tenon__chain *chain,
		      const struct tenon__assembly *assembly, size_t i,
		      struct tenon_error *err)
{
	const struct tenon__codec_choice *codec = &chain->codecs[i];
	const struct tenon_codec_setup setup = tenon__codec_setup(assembly);
	void *self = tenon__instance_alloc(codec->ops->state_size);

	if (!self) {
		return tenon__error_no_memory(err);
	}
	chain->instances[i] = self;
	chain->count = i + 1;
	int code = codec->ops->init(self, codec->options, codec->host,
				    &setup, err);
	if (code) {
		return tenon__plugin_init_error(err, code, "codec",
						codec->name);
	}
	uint32_t flags = codec->ops->flags(self);
	uint64_t least_bytes = codec->ops->least_bytes(self);
	if (least_bytes < chain->least_bytes) {
		chain->least_bytes = least_bytes;
	}
	chain->flags |= flags;
	if (codec->ops->scatter) {
		chain->splitter = codec->ops;
		chain->splitter_instance = self;
		chain->split_flags = flags;
		chain->split_least_bytes = least_bytes;
		chain->owns_chunks = codec->ops->owns_chunks(self) != 0;
	}
	return 0;
}

int tenon__chain_init(struct tenon__chain *chain,
		      const struct tenon__assembly *assembly,
		      struct tenon__arena *arena, struct tenon_error *err)
{
	*chain = (struct tenon__chain){
		.codecs = assembly->codecs.list,
		.max_value_bytes = assembly->max_value_bytes,
		.max_operation_bytes = assembly->max_operation_bytes,
		.max_chunks = assembly->max_chunks,
		.user_flags = assembly->user_flags,
		.least_bytes = UINT64_MAX,
		.arena = arena,
	};
	if (assembly->codecs.count == 0) {
		return 0;
	}
	chain->instances = tenon__calloc(assembly->codecs.count,
					 sizeof(*chain->instances));
	if (!chain->instances) {
		return tenon__error_no_memory(err);
	}
	for (size_t i = 0; i < assembly->codecs.count; i++) {
		int code = init_codec(chain, assembly, i, err);
		if (code) {
			return code;
		}
	}
	return 0;
}

void tenon__chain_fini(struct tenon__chain *chain)
{
	for (size_t i = 0; i < chain->count; i++) {
		chain->codecs[i].ops->fini(chain->instances[i]);
		tenon__free(chain->instances[i]);
	}
	tenon__free(chain->instances);
}

/* ---- outputs ----------------------------------------------------------- */

/* The output of a codec. Its memory is a block, with one byte more than the capacity for a NUL. */
struct output {
	struct tenon_output base; /* the codec's part; must be first */
	struct tenon__chain *chain;
	struct tenon__block *block;
	uint64_t max_bytes;
};

static int output_reserve(struct tenon_output *base, size_t bytes)
{
	struct output *output = (struct output *)(void *)base;
	struct tenon__block_cache *blocks = output->chain->arena->blocks;

	if (bytes <= base->capacity) {
		return 0;
	}
	if (bytes > output->max_bytes) {
		return TENON_ETOOBIG;
	}
	struct tenon__block *block = tenon__block_get(blocks, bytes + 1);
	if (!block) {
		return TENON_ENOMEM;
	}
	if (base->len > 0) {
		memcpy(block->data, base->data, base->len);
	}
	tenon__block_put_all(blocks, output->block);
	output->block = block;
	base->data = block->data;
	base->capacity = block->capacity - 1;
	if (base->capacity > output->max_bytes) {
		base->capacity = (size_t)output->max_bytes;
	}
	return 0;
}

/* Begin without memory: codecs leave most values as they are and need none. */
static void output_begin(struct output *output, struct tenon__chain *chain,
			 struct tenon_slice key, uint32_t flags)
{
	*output = (struct output){
		.base = { .size = sizeof(output->base),
			  .reserve = output_reserve,
			  .key = key,
			  .flags = flags },
		.chain = chain,
		.max_bytes = chain->max_value_bytes + TENON_OUTPUT_EXTRA_BYTES,
	};
}

static void output_drop(struct output *output)
{
	tenon__block_put_all(output->chain->arena->blocks, output->block);
}

/*
 * Keep the output's bytes as long as the results of the operation, with a NUL after them.
 * Errors: TENON_ENOMEM, TENON_ETOOBIG.
 */
static int output_keep(struct output *output, struct tenon_slice *out)
{
	/* an empty value needs memory for its NUL */
	int code = output->block ? 0 : output_reserve(&output->base, 1);

	if (code) {
		return code;
	}
	output->base.data[output->base.len] = '\0';
	tenon__arena_keep(output->chain->arena, output->block);
	*out = (struct tenon_slice){ output->base.data, output->base.len };
	return 0;
}

/* Write a sentence into err when the codec wrote none. Returns code. */
static int explain(struct tenon_error *err, int code, const char *name)
{
	if (err->message[0] == '\0') {
		tenon__error_set(err, code, "codec %s: %s", name,
				 tenon_status_name(code));
	}
	return code;
}

/* ---- values ------------------------------------------------------------ */

/* A codec is about to encode or to split: its time does not count as network work. */
static inline void note_work(struct tenon__chain *chain)
{
	if (chain->busy_since_ns == 0) {
		chain->busy_since_ns = tenon__now_ns();
	}
}

int tenon__chain_encode(struct tenon__chain *chain, struct tenon_slice key,
			struct tenon_slice *value, uint32_t *flags,
			struct tenon_error *err)
{
	for (size_t i = 0; i < chain->count; i++) {
		const struct tenon__codec_choice *codec = &chain->codecs[i];
		struct output output;

		if (!codec->ops->encode) {
			continue;
		}
		note_work(chain);
		output_begin(&output, chain, key, *flags);
		int code = codec->ops->encode(chain->instances[i], value,
					      &output.base, err);
		if (!code) {
			output_drop(&output);
			continue;
		}
		if (code == 1) {
			code = output_keep(&output, value);
		}
		if (code < 0) {
			output_drop(&output);
			return explain(err, code, codec->name);
		}
		*flags |= codec->ops->flags(chain->instances[i]);
	}
	return 0;
}

/*
 * A decoded value is too large: name max_operation_bytes when that was the limit, else keep the
 * codec's sentence. Returns TENON_ETOOBIG.
 */
static int explain_decoded(const struct tenon__chain *chain, const char *name,
			   struct tenon_error *err)
{
	if (chain->left_bytes < chain->max_value_bytes) {
		return tenon__error_set(err, TENON_ETOOBIG,
					TENON_OPERATION_TOO_BIG " (%" PRIu64 ")",
					chain->max_operation_bytes);
	}
	return explain(err, TENON_ETOOBIG, name);
}

int tenon__chain_decode(struct tenon__chain *chain, struct tenon_slice key,
			struct tenon_slice *value, uint32_t *flags,
			struct tenon_error *err)
{
	for (size_t i = chain->count; i-- > 0;) {
		const struct tenon__codec_choice *codec = &chain->codecs[i];
		uint32_t own = codec->ops->flags(chain->instances[i]);
		struct output output;

		if (!codec->ops->decode || (*flags & own) == 0) {
			continue;
		}
		output_begin(&output, chain, key, *flags);
		/* one limit for all values of the operation: many small compression bombs
		 * together would take too much memory */
		if (output.max_bytes > chain->left_bytes) {
			output.max_bytes = chain->left_bytes;
		}
		int code = codec->ops->decode(chain->instances[i], value,
					      &output.base, err);
		if (!code && output.base.len > chain->max_value_bytes) {
			code = TENON_ETOOBIG;
		}
		if (!code) {
			code = output_keep(&output, value);
		}
		if (!code) {
			chain->left_bytes -= output.base.len;
		}
		if (code) {
			output_drop(&output);
			return code == TENON_ETOOBIG
				       ? explain_decoded(chain, codec->name, err)
				       : explain(err, code, codec->name);
		}
		*flags &= ~own;
	}
	return 0;
}

/* ---- chunks ------------------------------------------------------------ */

static int chunks_add(struct tenon_chunks *base, const void *key,
		      size_t key_len, struct tenon_slice value)
{
	struct tenon__chunks *chunks = (struct tenon__chunks *)(void *)base;

	if (base->count == TENON_CHUNKS_MAX_COUNT) {
		return TENON_ETOOBIG;
	}
	if (chunks->chain->left_chunks == 0) {
		chunks->over = true;
		return TENON_ETOOBIG;
	}
	if (!tenon__key_valid(key, key_len)) {
		return TENON_EKEY;
	}
	if (base->count == chunks->capacity) {
		uint32_t capacity = chunks->capacity ? 2 * chunks->capacity : 16;
		struct tenon_chunk *list = tenon__arena_alloc(
			chunks->chain->arena, capacity * sizeof(*list));
		if (!list) {
			return TENON_ENOMEM;
		}
		if (base->count > 0) {
			memcpy(list, chunks->list, base->count * sizeof(*list));
		}
		chunks->list = list;
		chunks->capacity = capacity;
		base->list = list;
	}
	char *copy = tenon__arena_alloc(chunks->chain->arena, key_len);
	if (!copy) {
		return TENON_ENOMEM;
	}
	memcpy(copy, key, key_len);
	chunks->chain->left_chunks--;
	chunks->list[base->count++] = (struct tenon_chunk){
		.key = { copy, key_len }, .value = value,
	};
	return 0;
}

void tenon__chunks_init(struct tenon__chunks *chunks,
			struct tenon__chain *chain)
{
	*chunks = (struct tenon__chunks){
		.base = { .size = sizeof(chunks->base), .add = chunks_add },
		.chain = chain,
	};
}

/* Name max_chunks when that was the limit. Returns code. */
static int explain_chunks(const struct tenon__chunks *chunks, int code,
			  struct tenon_error *err)
{
	if (code == TENON_ETOOBIG && chunks->over) {
		return tenon__error_set(
			err, code,
			"all split values of the operation together have more chunks than max_chunks (%" PRIu32
			")",
			chunks->chain->max_chunks);
	}
	return explain(err, code, "that splits");
}

int tenon__chain_scatter(struct tenon__chain *chain,
			 const struct tenon_split_item *item,
			 struct tenon__chunks *chunks,
			 struct tenon_slice *parent, struct tenon_error *err)
{
	struct output output;
	int code;

	note_work(chain);
	output_begin(&output, chain, item->key, item->flags);
	tenon__chunks_init(chunks, chain);
	code = chain->splitter->scatter(chain->splitter_instance, item,
					&chunks->base, &output.base, err);
	if (code == 1) {
		code = output_keep(&output, parent);
		if (!code) {
			return 1;
		}
	}
	output_drop(&output);
	return code < 0 ? explain_chunks(chunks, code, err) : 0;
}

int tenon__chain_plan(struct tenon__chain *chain,
		      const struct tenon_split_item *parent,
		      struct tenon__chunks *chunks, struct tenon_error *err)
{
	tenon__chunks_init(chunks, chain);
	int code = chain->splitter->plan(chain->splitter_instance, parent,
					 &chunks->base, err);
	return code ? explain_chunks(chunks, code, err) : 0;
}
