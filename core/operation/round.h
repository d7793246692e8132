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

/* Make room for count requests in all. Errors: TENON_ENOMEM. */
int tenon__round_grow(struct tenon_client *client, size_t count);

static inline int tenon__round_reserve(struct tenon_client *client,
				       size_t count)
{
	return count <= client->request_capacity
		       ? 0
		       : tenon__round_grow(client, count);
}

/* Make request number client->request_count ready: a key as it is sent. There is room. */
static inline uint32_t tenon__round_add(struct tenon_client *client,
					const struct tenon__verb *verb,
					struct tenon_slice key,
					const struct tenon_item *item)
{
	struct tenon__operation *op = &client->operation;
	uint32_t req = client->request_count++;

	op->keys[req] = key;
	op->requests[req] =
		(struct tenon__request){ .verb = verb, .item = item };
	op->results[req] = (struct tenon_result){ .server = TENON_NO_SERVER };
	return req;
}

/*
 * Run every request that is neither answered nor held; those behind the caller's
 * items are written first. Errors: TENON_ENOMEM.
 */
int tenon__round_run(struct tenon_client *client, bool noreply);

/* The same for requests that go to the server of their number, without a key. */
int tenon__round_run_servers(struct tenon_client *client, bool noreply);

#endif
