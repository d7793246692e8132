/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The engine of one client: its connections (one for each server), the transport that
 * moves their bytes, and the health and failover policies of the servers.
 * Threads: one at a time.
 */
#ifndef TENON_CORE_ENGINE_H
#define TENON_CORE_ENGINE_H

#include "connection/connection.h"

struct tenon__engine {
	struct tenon__assembly *assembly; /* the engine holds a reference */
	void *transport; /* the transport's instance; its functions are assembly->transport */
	const struct tenon_connection_ops *ops; /* what the transport calls */
	struct tenon_connection_ops filter_ops; /* with a secure plugin: the table of ops */
	struct tenon__policies policies;

	size_t server_count;
	struct tenon__connection *conns; /* one for each server */
	size_t added_count; /* of conns[], the first ones that the transport knows */
	struct tenon__health *health;	 /* one for each server */
	/*
	 * The latencies of all health records: TENON_HISTOGRAM_BUCKETS for each server. They are
	 * not in the records: then the counters of a server that has not answered, 13 KiB, take no
	 * memory, because nothing is written to their pages.
	 */
	tenon__counter *times;
	/*
	 * 2 * server_count entries: first the active_count connections of the running
	 * round, after them the connections whose exchange is repeated.
	 */
	struct tenon_connection **active;
	size_t active_count;
	/* The connections that the operation used. Results may point into their blocks. */
	struct tenon__connection **used;
	size_t used_count;
	struct tenon__block_cache blocks;
	struct tenon__walk walk; /* of the key that is being routed */
};

/*
 * Set up the transport, the policies and a closed connection for each server.
 * Owns:   the engine takes a reference of the assembly.
 * Errors: TENON_ENOMEM, TENON_ECONFIG, the errors of init of the transport and the
 *         policies. Call tenon__engine_fini() also after an error.
 */
int tenon__engine_init(struct tenon__engine *engine,
		       struct tenon__assembly *assembly,
		       struct tenon_error *err);

/* Close all connections and free everything of the engine. A zeroed engine is allowed. */
void tenon__engine_fini(struct tenon__engine *engine);

/*
 * Change the addresses of servers. When the address of a server differs, its connection
 * is closed; the next operation connects to the new address. Every key stays at its server.
 * Shape:  specs are server lines, exactly one for each alias, in any order.
 * Errors: TENON_ECONFIG, TENON_ENOMEM; nothing has changed then.
 */
int tenon__engine_update_servers(struct tenon__engine *engine,
				 const char *const *specs, size_t count,
				 struct tenon_error *err);

/* Close one connection, if it is open. The next operation that needs it connects again. */
void tenon__engine_close_connection(struct tenon__engine *engine,
				    struct tenon__connection *conn);

/* Close every connection. The engine stays usable: the next operation connects again. */
void tenon__engine_close(struct tenon__engine *engine);

/*
 * Hear what other clients of the assembly have seen of the servers. A connection that was idle
 * when another client saw its server fail is closed, so that the client tries the server again
 * on a new one.
 */
void tenon__engine_listen(struct tenon__engine *engine, int64_t now_ms);

/*
 * In a forked child: close the descriptors and forget the running name lookups. The
 * parent's connections stay open.
 */
void tenon__engine_forked(struct tenon__engine *engine);

static inline struct tenon__connection *tenon__engine_active(
	const struct tenon__engine *engine, size_t index)
{
	return tenon__connection_of(engine->active[index]);
}

#endif
