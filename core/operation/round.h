/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rounds of an operation: requests go to their servers, all of them at the same
 * time, and every one gets its outcome. Most operations are one round; codecs may
 * ask for more.
 */
#ifndef TENON_CORE_ROUND_H
#define TENON_CORE_ROUND_H

#include "api/client.h"

/* Begin an operation: the results of the one before are given up. */
void tenon__round_begin(struct tenon_client *client);

/* Make room for count slots in all. Errors: TENON_ENOMEM. */
int tenon__round_grow(struct tenon_client *client, size_t count);

static inline int tenon__round_reserve(struct tenon_client *client,
				       size_t count)
{
	return count <= client->slot_capacity ?
		0 : tenon__round_grow(client, count);
}

/* Make slot number client->slot_count ready: a key as it is sent. There is room. */
static inline uint32_t tenon__round_add(struct tenon_client *client,
					const struct tenon__verb *verb,
					struct tenon_slice key,
					const struct tenon_item *item)
{
	struct tenon__operation *op = &client->operation;
	uint32_t slot = client->slot_count++;

	op->keys[slot] = key;
	op->slots[slot] = (struct tenon__slot){ .verb = verb, .item = item };
	op->results[slot] =
		(struct tenon_result){ .server = TENON_NO_SERVER };
	return slot;
}

/*
 * Run every slot that is neither answered nor held; those behind the caller's
 * items are written first. Errors: TENON_ENOMEM.
 */
int tenon__round_run(struct tenon_client *client, bool noreply);

/* The same for slots that go to the server of their number, without a key. */
int tenon__round_run_servers(struct tenon_client *client, bool noreply);

#endif
