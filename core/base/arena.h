/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An arena: allocations that are all released together, such as at the end of an operation.
 * Small allocations share a block. Blocks come from a cache and go back to the cache.
 */
#ifndef TENON_CORE_ARENA_H
#define TENON_CORE_ARENA_H

#include "base/block.h"

struct tenon__arena {
	struct tenon__block_cache *blocks;
	struct tenon__block *first; /* small allocations go into this block; NULL: empty arena */
};

/*
 * Allocate memory, aligned for any type and not zeroed. Returns NULL when out of memory.
 * Owns: the arena's; valid until tenon__arena_release().
 */
void *tenon__arena_alloc(struct tenon__arena *arena, size_t bytes);

/*
 * Copy a string into the arena. Never returns NULL: when there is no memory for the copy, the
 * result is the static string "out of memory".
 */
const char *tenon__arena_text(struct tenon__arena *arena, const char *text);

/* Add a block to the arena. The block comes from the same cache; the next release returns it. */
void tenon__arena_keep(struct tenon__arena *arena, struct tenon__block *block);

/* Give all blocks back to the cache. The arena is then empty and can be used again. */
void tenon__arena_release(struct tenon__arena *arena);

#endif
