/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/arena.h"

#include <stdalign.h>
#include <string.h>

#include "tenon/error.h"

/* The size in bytes of a block that small allocations share. */
#define SHARED_BYTES ((size_t)16 * 1024)

void *tenon__arena_alloc(struct tenon__arena *arena, size_t bytes)
{
	struct tenon__block *block = arena->first;
	size_t align = alignof(max_align_t);
	size_t used = block ? (block->filled + align - 1) / align * align : 0;

	if (block && used <= block->capacity &&
	    bytes <= block->capacity - used) {
		block->filled = used + bytes;
		return block->data + used;
	}
	block = tenon__block_get(arena->blocks, bytes > SHARED_BYTES ?
							bytes : SHARED_BYTES);
	if (!block) {
		return NULL;
	}
	block->filled = bytes;
	block->next = arena->first;
	arena->first = block;
	return block->data;
}

const char *tenon__arena_text(struct tenon__arena *arena, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = tenon__arena_alloc(arena, size);

	return copy ? memcpy(copy, text, size) :
		      tenon_status_name(TENON_ENOMEM);
}

void tenon__arena_keep(struct tenon__arena *arena, struct tenon__block *block)
{
	/* the first block stays the one that small allocations share */
	if (arena->first) {
		block->next = arena->first->next;
		arena->first->next = block;
	} else {
		block->filled = block->capacity;
		block->next = NULL;
		arena->first = block;
	}
}

void tenon__arena_release(struct tenon__arena *arena)
{
	tenon__block_put_all(arena->blocks, arena->first);
	arena->first = NULL;
}
