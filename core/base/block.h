/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks: memory that replies are received into. Results point into blocks, so a block never
 * moves. A value that does not fit into the current block gets a block of its own size, and
 * the kernel copies the value straight into that block. Blocks are kept for the next operation.
 */
#ifndef TENON_CORE_BLOCK_H
#define TENON_CORE_BLOCK_H

#include <stddef.h>

/* Size of a connection's first block: room for the reply to a get of 100 small values. */
#define TENON_BLOCK_FIRST_BYTES ((size_t)16 * 1024)
/*
 * The most memory that a client keeps between operations, in bytes, for all its connections
 * together. While a client owns more, it frees the blocks that are given back.
 */
#define TENON_BLOCK_KEEP_MAX_BYTES ((size_t)64 * 1024 * 1024)

struct tenon__block {
	struct tenon__block *next;
	size_t capacity;
	size_t filled;
	char data[]; /* capacity + 1 bytes: there is always room for a NUL after the data */
};

/* The blocks of one client. A zeroed cache is empty. */
struct tenon__block_cache {
	struct tenon__block *free; /* in any order; the list is short */
	size_t owned_bytes;        /* sum of the capacity of all blocks, free or in use */
};

/*
 * Get an empty block with a capacity of at least `bytes`: a free one, or else a new one.
 * Returns NULL when out of memory. Cost: linear in the number of free blocks.
 */
struct tenon__block *tenon__block_get(struct tenon__block_cache *blocks,
				      size_t bytes);

/* Give back a list of blocks, linked by `next`. list may be NULL. */
void tenon__block_put_all(struct tenon__block_cache *blocks,
			  struct tenon__block *list);

/* Free all free blocks. Blocks that are in use have to be given back before. */
void tenon__block_cache_fini(struct tenon__block_cache *blocks);

#endif
