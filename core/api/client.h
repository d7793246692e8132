/* SPDX-License-Identifier: BSD-3-Clause */
/* A client: an engine and one operation. client.c makes it, run.c runs it. */
#ifndef TENON_CORE_CLIENT_H
#define TENON_CORE_CLIENT_H

#include <stdatomic.h>

#include "base/fork.h"
#include "operation/operation.h"

/* The part of a client that belongs to its pool: pool.c and template.c only. */
struct tenon__lease {
	struct tenon_pool *pool;
	struct tenon__template *template; /* the template it was made by */
	struct tenon_client *next, *next_idle;
	atomic_bool lent;
};

struct tenon_client {
	struct tenon__engine engine;
	struct tenon__operation operation;
	atomic_bool busy; /* a call is running */
	struct tenon__fork_mark mark;
	struct tenon__lease lease;
};

/*
 * Make a client of an assembly, which it keeps a reference of.
 * Errors: as tenon_client_open(), but for what the config says.
 */
int tenon__client_make(struct tenon_client **out,
		       struct tenon__assembly *assembly,
		       struct tenon_error *err);

/* The client is a copy in a forked child: let go of the connections and lookups, which are the parent's. */
void tenon__client_forked(struct tenon_client *client);

/*
 * Take the client for one call.
 * Returns false when another call runs on it.
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

#endif
