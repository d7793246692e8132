/* SPDX-License-Identifier: BSD-3-Clause */
#include "operation/turns.h"

#include <string.h>

#include "base/hash.h"

/* A hash table of the keys that were seen: the index of the latest item with that key, plus 1. */
struct seen {
	const struct tenon_slice *keys;
	uint32_t *slots; /* mask + 1 entries; 0: empty */
	uint32_t mask;
};

/* Return the slot of this key, which is empty when the key was not seen. */
static uint32_t *find_slot(const struct seen *seen,
			   const struct tenon_slice *key)
{
	/* the table is the size of one call, and its keys are the caller's own */
	uint64_t hash = tenon__hash(key->data, key->len);
	uint32_t at = (uint32_t)(hash ^ hash >> 32) & seen->mask;

	while (seen->slots[at] != 0) {
		const struct tenon_slice *other =
			&seen->keys[seen->slots[at] - 1];

		if (other->len == key->len &&
		    memcmp(other->data, key->data, key->len) == 0) {
			break;
		}
		at = (at + 1) & seen->mask;
	}
	return &seen->slots[at];
}

/* Make an empty table that stays at most half full. Errors: TENON_ENOMEM. */
static int make_seen(struct tenon__operation *op, struct seen *seen)
{
	size_t size = 16; /* the items are in memory, so twice their number is a size_t */

	while (size < 2 * (size_t)op->item_count) {
		size *= 2;
	}
	*seen = (struct seen){
		.keys = op->requests.keys,
		.slots = tenon__arena_alloc(&op->arena,
					    size * sizeof(*seen->slots)),
		.mask = (uint32_t)(size - 1),
	};
	if (!seen->slots) {
		return TENON_ENOMEM;
	}
	memset(seen->slots, 0, size * sizeof(*seen->slots));
	return 0;
}

int tenon__turns_make(struct tenon__operation *op, uint32_t **turns,
		      uint32_t *last)
{
	uint32_t *all;
	struct seen seen;

	*turns = NULL;
	*last = 0;
	if (op->item_count < 2) {
		return 0;
	}
	all = tenon__arena_alloc(&op->arena, op->item_count * sizeof(*all));
	if (!all || make_seen(op, &seen) != 0) {
		return TENON_ENOMEM;
	}
	for (uint32_t i = 0; i < op->item_count; i++) {
		uint32_t *slot = find_slot(&seen, &op->requests.keys[i]);

		all[i] = *slot == 0 ? 0 : all[*slot - 1] + 1;
		*slot = i + 1;
		if (all[i] > *last) {
			*last = all[i];
		}
	}
	*turns = *last > 0 ? all : NULL;
	return 0;
}
