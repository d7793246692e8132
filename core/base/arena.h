/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that lives until one common end, such as that of an operation. Small
 * pieces share a block; blocks come from a cache and go back to it.
 */
#ifndef TENON_CORE_ARENA_H
#define TENON_CORE_ARENA_H

#include "base/block.h"

struct tenon__arena {
	struct tenon__block_cache *blocks;
	struct tenon__block *first; /* small pieces go into this block; NULL: empty */
};

/* Get memory until the next release, aligned for any type; NULL: no memory. */
void *tenon__arena_alloc(struct tenon__arena *arena, size_t bytes);

/* Copy a string; "out of memory" when there is no memory for the copy. */
const char *tenon__arena_text(struct tenon__arena *arena, const char *text);

/* Take a block of the same cache, and give it back with the next release. */
void tenon__arena_keep(struct tenon__arena *arena, struct tenon__block *block);

/* Give all memory back. */
void tenon__arena_release(struct tenon__arena *arena);

#endif
