/* SPDX-License-Identifier: BSD-3-Clause */
/* What a client consists of; client.c makes it, operation.c runs it. */
#ifndef TENON_CORE_CLIENT_H
#define TENON_CORE_CLIENT_H

#include <stdatomic.h>

#include "base/fork.h"
#include "cluster/policy.h"
#include "connection/connection.h"
#include "operation/chain.h"
#include "wire/key.h"

/* What the pool of a client keeps in it; pool.c and template.c only. */
struct tenon__lease {
	struct tenon_pool *pool;
	struct tenon__template *template; /* the template it was made by */
	struct tenon_client *next, *next_idle;
	atomic_bool lent;
};

struct tenon_client {
	struct tenon__assembly *assembly;
	atomic_bool busy; /* an operation is running */
	struct tenon__fork_mark mark;

	void *transport; /* an instance, with the assembly's ops */
	struct tenon__policies policies;

	size_t server_count;
	struct tenon__connection *conns; /* by server */
	struct tenon__health *health; /* likewise */
	/*
	 * The connections of the running round; behind them go those that are tried
	 * again: room for twice server_count.
	 */
	struct tenon_connection **active;
	size_t active_count;
	/* The connections of the operation: results may point into their blocks. */
	struct tenon__connection **used;
	size_t used_count;
	struct tenon__block_cache blocks;

	struct tenon__chain chain;

	/* The operation: its arrays have room for request_capacity requests. */
	struct tenon__operation operation;
	uint32_t item_count;	/* requests of the caller's items */
	uint32_t request_count; /* all requests */
	uint32_t hashed_count;	/* requests whose hash is known */
	uint32_t request_capacity;
	int64_t start_ns, deadline_ns;
	int64_t latest_ns; /* no operation goes on after it; INT64_MAX: as poll_timeout says */
	uint64_t *hashes;
	char *key_buffer; /* keys with prefix */
	size_t key_buffer_capacity;

	struct tenon__lease lease;
};

/*
 * Make a client of an assembly, which it keeps a reference of.
 * Errors: as tenon_client_open(), but for what the config says.
 */
int tenon__client_make(struct tenon_client **out,
		       struct tenon__assembly *assembly,
		       struct tenon_error *err);

/*
 * The client is a copy that a fork got: let go of the connections and lookups,
 * which are the parent's.
 */
void tenon__client_forked(struct tenon_client *client);

/*
 * Take the client for one call, or for as long as nothing else may run on it.
 * Returns false when another call has it.
 */
static inline bool tenon__client_enter(struct tenon_client *client)
{
	if (atomic_exchange_explicit(&client->busy, true,
				     memory_order_acquire)) {
		return false;
	}
	if (tenon__forked(&client->mark)) {
		tenon__client_forked(client);
	}
	return true;
}

static inline void tenon__client_leave(struct tenon_client *client)
{
	atomic_store_explicit(&client->busy, false, memory_order_release);
}

/*
 * Check a key and make the one that is sent: with prefix.
 * Shape:  *out points into key, or into buffer (TENON_KEY_MAX_BYTES bytes) when
 *         there is a prefix.
 * Errors: TENON_EKEY.
 */
static inline int tenon__client_key(const struct tenon_client *client,
				    struct tenon_slice key, char *buffer,
				    struct tenon_slice *out)
{
	const struct tenon__assembly *assembly = client->assembly;

	if (!tenon__key_valid(key.data, key.len)) {
		return TENON_EKEY;
	}
	if (assembly->prefix_len > 0) {
		if (key.len + assembly->prefix_len > TENON_KEY_MAX_BYTES) {
			return TENON_EKEY;
		}
		tenon__key_prefix(buffer, assembly->prefix,
				  assembly->prefix_len, key.data, key.len);
		key.data = buffer;
		key.len += assembly->prefix_len;
	}
	*out = key;
	return 0;
}

/* Write into err why this key cannot be sent; returns TENON_EKEY. */
int tenon__client_explain_key(const struct tenon_client *client,
			      struct tenon_slice key, struct tenon_error *err);

#endif
