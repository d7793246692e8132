/* SPDX-License-Identifier: BSD-3-Clause */
/* The codecs of one client: its instances, and values on their way through them. */
#ifndef TENON_CORE_CHAIN_H
#define TENON_CORE_CHAIN_H

#include <stdbool.h>

#include "base/arena.h"
#include "cluster/assembly.h"

struct tenon__chain {
	const struct tenon__codec_choice *codecs; /* the assembly's */
	void **instances;
	size_t count;
	uint32_t flags; /* of all codecs */
	uint32_t user_flags; /* the application's; others are unknown */
	const struct tenon_codec_ops *splitter; /* NULL: none */
	void *splitter_instance;
	uint32_t split_flags; /* 0 without splitter */
	bool owns_chunks;
	uint64_t least_bytes; /* no codec takes a shorter value */
	uint64_t max_value_bytes;
	uint64_t left_bytes; /* what the running operation may still decode */
	struct tenon__arena *arena; /* the operation's memory */
};

/* Errors: what a codec's init returns, TENON_ENOMEM; *chain is safe for fini. */
int tenon__chain_init(struct tenon__chain *chain,
		      const struct tenon__assembly *assembly,
		      struct tenon__arena *arena, struct tenon_error *err);
void tenon__chain_fini(struct tenon__chain *chain);

/*
 * Let the codecs that encode have a value; *value and *flags change where one
 * takes it. Errors: the key's status, with a sentence.
 */
int tenon__chain_encode(struct tenon__chain *chain, struct tenon_slice *value,
			uint32_t *flags, struct tenon_error *err);

/*
 * Undo them, by the flags; a codec's bits are gone afterwards. The value is
 * followed by a NUL. Errors: the key's status, with a sentence.
 */
int tenon__chain_decode(struct tenon__chain *chain, struct tenon_slice *value,
			uint32_t *flags, struct tenon_error *err);

/* A list that scatter and plan fill; its memory is the operation's. */
struct tenon__chunks {
	struct tenon_chunks base; /* first */
	struct tenon__chain *chain;
	struct tenon_chunk *list;
	uint32_t capacity;
};

void tenon__chunks_init(struct tenon__chunks *chunks,
			struct tenon__chain *chain);

/*
 * Let the splitting codec have a value; there is one. Returns 1: *chunks and
 * *parent are what to store; 0: it stays whole; else the key's status.
 */
int tenon__chain_scatter(struct tenon__chain *chain,
			 const struct tenon_split_item *item,
			 struct tenon__chunks *chunks,
			 struct tenon_slice *parent, struct tenon_error *err);

#endif
