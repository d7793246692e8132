/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/plugin/failover.h
 * @brief Failover policies: which server to use now, or none.
 *
 * A policy does no I/O and reads no clock: it is told of outcomes together with
 * the time and answers questions. Every client has its own instance; where reads,
 * writes and deletes have different policies, each of these is told of all
 * outcomes.
 *
 * Stability: plugin ABI 1; grows only at the end of structs.
 */
#ifndef TENON_PLUGIN_FAILOVER_H
#define TENON_PLUGIN_FAILOVER_H

#include "tenon/plugin/distribution.h"

TENON_BEGIN_DECLS

/** What the operation does with the key. */
enum tenon_access {
	TENON_ACCESS_READ = 0,
	TENON_ACCESS_WRITE = 1,
	TENON_ACCESS_DELETE = 2
};

/** Number of accesses. */
#define TENON_ACCESS_COUNT 3

/** An answer of route(): the policy does not want this operation on any server. */
#define TENON_ROUTE_REFUSED (UINT32_MAX - 1)

/** One server as a policy may know it. Strings are NUL-terminated, never NULL. */
struct tenon_failover_server {
	const char *alias; /**< the server's name; its address when it has no alias */
	const char *host;  /**< as struct tenon_ring_server */
	uint32_t port;     /**< likewise */
	uint32_t weight;   /**< likewise */
	uint32_t pool;     /**< index into the pools; 0: the main ring */
};

/**
 * What a policy is told when it is set up. Lives during init; the strings live
 * as long as the instance.
 */
struct tenon_failover_setup {
	uint32_t size;            /**< sizeof this struct, as the core saw it */
	uint32_t server_count;    /**< servers are 0..server_count-1, those of the main ring first */
	int64_t retry_timeout_ms; /**< the config's retry_timeout */
	const struct tenon_failover_server *servers; /**< [server_count] */
	const char *const *pools; /**< [pool_count]; pools[0] is "", the others are spare pools */
	uint32_t pool_count;      /**< 1 or more; each pool has a server or more */
};

/** One question, and what may go with its answer. Lives during the call. */
struct tenon_route_query {
	uint32_t home;   /**< the main ring's answer */
	uint32_t access; /**< enum tenon_access */
	/** The nth other server after the home (nth 1, 2, …) or TENON_NO_SERVER. */
	uint32_t (*next)(const struct tenon_route_query *query, uint32_t nth);
	/**
	 * The key's servers in a spare pool (1..pool_count-1), which has a ring
	 * of its own: nth 0 is its home there, 1, 2, … the next ones;
	 * TENON_NO_SERVER when there are no more.
	 */
	uint32_t (*spare)(const struct tenon_route_query *query, uint32_t pool,
			  uint32_t nth);
	/**
	 * To be set by route(), 0 before: what is written or touched on the
	 * answer lives this long at most, 1..2592000; 0: as long as it is told.
	 */
	uint32_t exptime_max_s;
};

/** What a policy makes of a server. */
struct tenon_failover_state {
	uint32_t state;    /**< enum tenon_server_state */
	uint32_t failures; /**< in a row; 0 after a success */
	int64_t down_until_ms; /**< DOWN: it is tried again from this time on */
};

/** The slots of a failover policy. One thread at a time. */
struct tenon_failover_ops {
	uint32_t size;       /**< sizeof(struct tenon_failover_ops) */
	uint32_t state_size; /**< bytes the core allocates, zeroed, as `self` */
	/**
	 * Prepare the instance. Also called, with fini right after it, when a
	 * config is checked. Errors: TENON_ENOMEM, TENON_ECONFIG (an option
	 * that does not fit the servers). Must leave self safe for fini.
	 * OPTIONAL.
	 */
	int (*init)(void *self, const void *options,
		    const struct tenon_host *host,
		    const struct tenon_failover_setup *setup,
		    struct tenon_error *err);
	/** Release the instance; also after a failed init. OPTIONAL. */
	void (*fini)(void *self);
	/**
	 * Choose the server for one key: an index, TENON_NO_SERVER to fail the
	 * key with "server down" at once, or TENON_ROUTE_REFUSED to fail it
	 * with "refused by policy". Called for every key of every operation,
	 * and again for a key whose server has just failed before it could have
	 * done anything: another answer than that server lets the key go there
	 * within the same operation. Never blocks. now_ms is monotonic.
	 * REQUIRED.
	 */
	uint32_t (*route)(void *self, struct tenon_route_query *query,
			  int64_t now_ms);
	/**
	 * An exchange with this server failed: status is TENON_ECONNECT,
	 * TENON_ECLOSED, TENON_ETIMEDOUT or TENON_EPROTOCOL. Once per exchange,
	 * also for servers that this instance did not choose; but not for one
	 * that was late when it had been given less than three quarters of
	 * poll_timeout, as another server had taken the rest. REQUIRED.
	 */
	void (*on_failure)(void *self, uint32_t server, int status,
			   int64_t now_ms);
	/** An exchange with this server was completed. As on_failure. REQUIRED. */
	void (*on_success)(void *self, uint32_t server, int64_t now_ms);
	/**
	 * Tell what is made of a server, for people; *out is zeroed. Changes
	 * nothing. OPTIONAL; default: up.
	 */
	void (*state)(const void *self, uint32_t server, int64_t now_ms,
		      struct tenon_failover_state *out);
};

TENON_END_DECLS

#endif
