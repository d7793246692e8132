/* SPDX-License-Identifier: BSD-3-Clause */
/* The chain of codecs of one client: the codec instances, and functions that run values through. */
#ifndef TENON_CORE_CHAIN_H
#define TENON_CORE_CHAIN_H

#include <stdbool.h>

#include "base/arena.h"
#include "cluster/assembly.h"

struct tenon__chain {
	const struct tenon__codec_choice *codecs; /* the assembly's */
	void **instances; /* one for each codec */
	size_t count;
	uint32_t flags; /* the flag bits of all codecs */
	uint32_t user_flags; /* the flag bits that the application may use */
	const struct tenon_codec_ops *splitter; /* the codec that splits; NULL: none */
	void *splitter_instance;
	uint32_t split_flags; /* the splitter's flag bits; 0 without splitter */
	bool owns_chunks; /* the splitter's chunks are touched and deleted with their parent */
	uint64_t least_bytes; /* codecs are not asked about shorter values */
	uint64_t split_least_bytes; /* the splitter is not asked about shorter values */
	uint64_t max_value_bytes;
	uint64_t max_operation_bytes;
	uint32_t max_chunks;
	uint32_t left_chunks; /* most chunks that the running operation may still have */
	uint64_t left_bytes; /* most bytes that the running operation may still decode */
	/*
	 * The time at which a codec began to encode or to split values since the last round; 0:
	 * none did. See tenon__operation_excuse_codecs().
	 */
	int64_t busy_since_ns;
	struct tenon__arena *arena; /* the operation's memory */
};

/*
 * Make an instance of each codec of the assembly.
 * Errors: TENON_ENOMEM, the errors of a codec's init. Call tenon__chain_fini() also after
 *         an error.
 */
int tenon__chain_init(struct tenon__chain *chain,
		      const struct tenon__assembly *assembly,
		      struct tenon__arena *arena, struct tenon_error *err);
void tenon__chain_fini(struct tenon__chain *chain);

/* Begin an operation: its values may have max_operation_bytes and max_chunks again. */
static inline void tenon__chain_begin(struct tenon__chain *chain)
{
	chain->left_bytes = chain->max_operation_bytes;
	chain->left_chunks = chain->max_chunks;
	chain->busy_since_ns = 0;
}

/*
 * Run a value through the codecs that encode, in the order of the chain. key is the item's, as sent. A codec that
 * encodes the value changes *value and adds its bits to *flags.
 * Owns:   an encoded value lives as long as the results of the operation.
 * Errors: the status for the key, with a sentence in err.
 */
int tenon__chain_encode(struct tenon__chain *chain, struct tenon_slice key,
			struct tenon_slice *value, uint32_t *flags,
			struct tenon_error *err);

/*
 * Undo tenon__chain_encode(): run a value through the codecs whose bits are in *flags, in
 * the opposite order, and remove their bits from *flags.
 * Shape:  a NUL follows a decoded value.
 * Owns:   a decoded value lives as long as the results of the operation.
 * Errors: the status for the key, with a sentence in err.
 */
int tenon__chain_decode(struct tenon__chain *chain, struct tenon_slice key,
			struct tenon_slice *value, uint32_t *flags,
			struct tenon_error *err);

/* A list of chunks, which scatter or plan of a codec fills. Its memory is the operation's. */
struct tenon__chunks {
	struct tenon_chunks base; /* the codec's part; must be first */
	struct tenon__chain *chain;
	struct tenon_chunk *list;
	uint32_t capacity;
	bool over; /* the operation may have no more chunks: max_chunks */
};

void tenon__chunks_init(struct tenon__chunks *chunks,
			struct tenon__chain *chain);

/*
 * Let the splitter split a value. The chain has a splitter.
 * Returns 1: the value was split: store *chunks first, then *parent under the key;
 *         0: the value stays whole; negative: the status for the key, with a sentence in err.
 */
int tenon__chain_scatter(struct tenon__chain *chain,
			 const struct tenon_split_item *item,
			 struct tenon__chunks *chunks,
			 struct tenon_slice *parent, struct tenon_error *err);

/*
 * Let the splitter list the chunks of a parent that was read. The chain has a splitter.
 * Errors: the status for the key, with a sentence in err.
 */
int tenon__chain_plan(struct tenon__chain *chain,
		      const struct tenon_split_item *parent,
		      struct tenon__chunks *chunks, struct tenon_error *err);

#endif
