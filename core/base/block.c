/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/block.h"

#include <stdint.h>

#include "base/memory.h"

static void block_free(struct tenon__block_cache *blocks,
		       struct tenon__block *block)
{
	blocks->owned_bytes -= block->capacity;
	tenon__free(block);
}

/* Unlink and return the smallest free block of at least `bytes` bytes, or NULL. */
static struct tenon__block *take_fitting(struct tenon__block_cache *blocks,
					 size_t bytes)
{
	struct tenon__block **best = NULL;

	for (struct tenon__block **at = &blocks->free; *at; at = &(*at)->next) {
		if ((*at)->capacity >= bytes &&
		    (!best || (*at)->capacity < (*best)->capacity)) {
			best = at;
		}
	}
	if (!best) {
		return NULL;
	}
	struct tenon__block *block = *best;
	*best = block->next;
	return block;
}

struct tenon__block *tenon__block_get(struct tenon__block_cache *blocks,
				      size_t bytes)
{
	struct tenon__block *block = take_fitting(blocks, bytes);

	if (!block) {
		if (bytes > SIZE_MAX - sizeof(*block) - 1) {
			return NULL;
		}
		block = tenon__alloc(sizeof(*block) + bytes + 1);
		if (!block) {
			return NULL;
		}
		block->capacity = bytes;
		blocks->owned_bytes += bytes;
	}
	block->next = NULL;
	block->filled = 0;
	return block;
}

void tenon__block_put_all(struct tenon__block_cache *blocks,
			  struct tenon__block *list)
{
	while (list) {
		struct tenon__block *block = list;

		list = block->next;
		if (blocks->owned_bytes > TENON_BLOCK_KEEP_MAX_BYTES) {
			block_free(blocks, block);
			continue;
		}
		block->next = blocks->free;
		blocks->free = block;
	}
}

void tenon__block_cache_fini(struct tenon__block_cache *blocks)
{
	while (blocks->free) {
		struct tenon__block *block = blocks->free;

		blocks->free = block->next;
		block_free(blocks, block);
	}
}
