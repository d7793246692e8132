/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that replies are received into. Results point into blocks, so a block
 * never moves; a value that does not fit gets a block of its own size and the
 * kernel copies straight into it. Blocks are kept for the next operation.
 */
#ifndef TENON_CORE_BLOCK_H
#define TENON_CORE_BLOCK_H

#include <stddef.h>

/* The first block of a connection: a 100-key reply of small values in one receive. */
#define TENON_BLOCK_FIRST_BYTES ((size_t)16 * 1024)
/* What a client keeps between operations, over all connections; above it, freed. */
#define TENON_BLOCK_KEEP_MAX_BYTES ((size_t)64 * 1024 * 1024)

struct tenon__block {
	struct tenon__block *next;
	size_t capacity;
	size_t filled;
	char data[]; /* one more than capacity: a NUL may stand behind all */
};

/* The blocks of one client. Zeroed is empty. */
struct tenon__block_cache {
	struct tenon__block *free; /* any order; few */
	size_t owned_bytes;        /* capacity of all blocks, free or out */
};

/* Get an empty block with capacity of at least `bytes`, or NULL. */
struct tenon__block *tenon__block_get(struct tenon__block_cache *blocks,
				      size_t bytes);

/* Give back a list of blocks; NULL is fine. */
void tenon__block_put_all(struct tenon__block_cache *blocks,
			  struct tenon__block *list);

/* Free every free block. */
void tenon__block_cache_fini(struct tenon__block_cache *blocks);

#endif
