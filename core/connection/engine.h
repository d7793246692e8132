/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The connections of one client, the transport that drives them, and the client's
 * view of its servers: health and failover policies. One thread at a time.
 */
#ifndef TENON_CORE_ENGINE_H
#define TENON_CORE_ENGINE_H

#include "connection/connection.h"

struct tenon__engine {
	struct tenon__assembly *assembly; /* the engine has a reference */
	void *transport; /* an instance; its slots are the assembly's */
	struct tenon__policies policies;

	size_t server_count;
	struct tenon__connection *conns; /* by server */
	struct tenon__health *health;	 /* by server */
	/*
	 * The connections of the running round, and behind them those that are tried
	 * again: 2 * server_count entries.
	 */
	struct tenon_connection **active;
	size_t active_count;
	/* The connections of the operation: results may point into their blocks. */
	struct tenon__connection **used;
	size_t used_count;
	struct tenon__block_cache blocks;
};

/*
 * Make the connections, all of them closed, the transport and the policies.
 * requests is where every exchange finds its requests; it lives as long as the
 * engine.
 * Errors: TENON_ENOMEM, TENON_ECONFIG, what init of the transport and of the
 *         policies returns. *engine is for tenon__engine_fini() in any case.
 */
int tenon__engine_init(struct tenon__engine *engine,
		       struct tenon__assembly *assembly,
		       struct tenon__requests *requests,
		       struct tenon_error *err);

/* Free it; a zeroed engine is fine. Connections are closed. */
void tenon__engine_fini(struct tenon__engine *engine);

/*
 * Let servers move: specs are server lines, every alias exactly once. A server
 * whose address differs is disconnected, and connected at its new address when it
 * is needed. No key changes its server.
 * Errors: TENON_ECONFIG, TENON_ENOMEM; nothing has changed then.
 */
int tenon__engine_update_servers(struct tenon__engine *engine,
				 const char *const *specs, size_t count,
				 struct tenon_error *err);

/* Close every connection. The engine can be used again: it connects when it has to. */
void tenon__engine_close(struct tenon__engine *engine);

/*
 * This process is a fork of the one that made the engine: close the descriptors and
 * forget the lookups. The connections stay open in the parent.
 */
void tenon__engine_forked(struct tenon__engine *engine);

static inline struct tenon__connection *tenon__engine_active(
	const struct tenon__engine *engine, size_t index)
{
	return (struct tenon__connection *)(void *)engine->active[index];
}

#endif
