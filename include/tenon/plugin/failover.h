/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/plugin/failover.h
 * @brief Failover policies: choose the server of a key when servers fail.
 *
 * A policy does no I/O and reads no clock. The core tells the policy which exchanges with servers
 * succeeded or failed, together with the time. For each key the core asks the policy for a
 * server. Every client has its own instance. Where reads, writes and deletes have different
 * policies, each policy is told of all exchanges.
 *
 * The clients of one pool share what they know about servers. When an exchange of one client
 * fails, the instances of all clients are told. When the server then answers one client, all are
 * told. While a server is TENON_SERVER_PROBING, only one client at a time sends keys to it; the
 * instances of the others are told so by on_probe(). Each instance is still called on one thread
 * at a time, and hears of the events of other clients when its own client begins an operation.
 *
 * Stability: plugin ABI 1; grows only at the end of structs.
 */
#ifndef TENON_PLUGIN_FAILOVER_H
#define TENON_PLUGIN_FAILOVER_H

#include "tenon/plugin/distribution.h"

TENON_BEGIN_DECLS

/** Access of an operation to a key. */
enum tenon_access {
	TENON_ACCESS_READ = 0,  /**< get, gets, gat, gats */
	TENON_ACCESS_WRITE = 1, /**< all verbs but reads and delete: set, incr, touch, ... */
	TENON_ACCESS_DELETE = 2 /**< delete */
};

/** Number of values of enum tenon_access. */
#define TENON_ACCESS_COUNT 3

/** Answer of route(): the policy allows this operation on no server. */
#define TENON_ROUTE_REFUSED (UINT32_MAX - 1)

/** One server, for init. Strings are NUL-terminated, never NULL. */
struct tenon_failover_server {
	const char *alias; /**< name of the server; its address when it has no alias */
	const char *host;  /**< as in struct tenon_ring_server */
	uint32_t port;     /**< as in struct tenon_ring_server */
	uint32_t weight;   /**< as in struct tenon_ring_server */
	uint32_t pool;     /**< index into pools; 0: the main ring */
};

/**
 * Facts about the client, for init. The struct is valid during init only; the strings live as
 * long as the instance.
 */
struct tenon_failover_setup {
	uint32_t size;            /**< sizeof(struct tenon_failover_setup) when the host was compiled */
	uint32_t server_count;    /**< entries of servers; servers of the main ring come first */
	int64_t retry_timeout_ms; /**< the config's retry_timeout */
	const struct tenon_failover_server *servers; /**< server_count entries */
	const char *const *pools; /**< names of server pools; pools[0] is "", the main ring */
	uint32_t pool_count;      /**< entries of pools, 1 or more; each pool has a server or more */
	uint32_t reserved;        /**< 0 */
	/** Labels of each server, server_count entries; NULL: no server has labels. See tenon_map_get(). */
	const struct tenon_map *const *labels;
};

/** Argument of route(): one key, and part of the answer. Valid during the call only. */
struct tenon_route_query {
	uint32_t home;   /**< home server of the key on the main ring */
	uint32_t access; /**< enum tenon_access */
	/**
	 * Get the nth other server after the home server, nth 1, 2, ...
	 * Returns: the index of the server; TENON_NO_SERVER when there are no more.
	 */
	uint32_t (*next)(const struct tenon_route_query *query, uint32_t nth);
	/**
	 * Get a server of the key in a pool of spare servers. Each pool has its own ring.
	 * Shape:   pool is 1..pool_count-1. nth 0 is the key's home server in this pool; nth 1, 2,
	 *          ... are the servers after it.
	 * Returns: the index of the server; TENON_NO_SERVER when there are no more.
	 */
	uint32_t (*spare)(const struct tenon_route_query *query, uint32_t pool,
			  uint32_t nth);
	/**
	 * Set by route(); 0 before. The client shortens exptime to this many seconds for an item
	 * that it writes or touches on the chosen server: 1..2592000. 0: exptime stays as it is.
	 */
	uint32_t exptime_max_s;
	uint32_t reserved; /**< 0 */
	/** The key, as the distribution gets it: the bytes that decide the server, and their hash. */
	const struct tenon_ring_key *key;
};

/** State of a server, as a policy sees it. */
struct tenon_failover_state {
	uint32_t state;    /**< enum tenon_server_state */
	uint32_t failures; /**< failures in a row; 0 after a success */
	int64_t down_until_ms; /**< TENON_SERVER_DOWN: time from which the server is tried again */
};

/** The slots of a failover policy. The host calls them on one thread at a time. */
struct tenon_failover_ops {
	uint32_t size;       /**< sizeof(struct tenon_failover_ops) */
	uint32_t state_size; /**< bytes, all zero, that the host allocates as `self`; 0: none */
	/**
	 * Prepare the instance. The host also calls init, and fini right after it, to check a
	 * config. The host calls fini also when init fails, so init must leave self in a state that
	 * fini can release.
	 * Returns: 0, or a negative enum tenon_status.
	 * Errors:  TENON_ENOMEM; TENON_ECONFIG: an option does not fit the servers.
	 * OPTIONAL. NULL: nothing to prepare.
	 */
	int (*init)(void *self, const void *options,
		    const struct tenon_host *host,
		    const struct tenon_failover_setup *setup,
		    struct tenon_error *err);
	/** Release the instance, also after a failed init. OPTIONAL. NULL: nothing to release. */
	void (*fini)(void *self);
	/**
	 * Choose the server for one key. Called for every key of every operation. Called again for
	 * a key when its server fails before the server can have done anything with the key: if the
	 * answer is another server, the key goes there within the same operation (a hop). The slot
	 * never blocks.
	 * Units:   now_ms is milliseconds of a monotonic clock.
	 * Returns: the index of a server; TENON_NO_SERVER: the key fails at once with TENON_EDOWN;
	 *          TENON_ROUTE_REFUSED: the key fails at once with TENON_EREFUSED.
	 * REQUIRED.
	 */
	uint32_t (*route)(void *self, struct tenon_route_query *query,
			  int64_t now_ms);
	/**
	 * Take note that an exchange with this server failed. Called once for each exchange, also
	 * for servers that this instance did not choose. Not called when the server was late but
	 * had less than three quarters of poll_timeout, because another server had used the rest, or
	 * when the call's own timeout was shorter than poll_timeout.
	 *
	 * Also called for the exchanges of other clients. Exchanges of several clients that failed
	 * in one incident (each began before the first of them failed) count as one failure. Not
	 * called when the server answered another client after the exchange began, because the
	 * failure is one of the connection then.
	 * Shape:   status is TENON_ECONNECT, TENON_ECLOSED, TENON_ETIMEDOUT or TENON_EPROTOCOL. now_ms
	 *          is the time of the failure, which may be a little before the now_ms of an
	 *          earlier call. After several failures of other clients it is the time of the last.
	 * REQUIRED.
	 */
	void (*on_failure)(void *self, uint32_t server, int status,
			   int64_t now_ms);
	/**
	 * Take note that an exchange with this server succeeded. Called once for each exchange,
	 * also for servers that this instance did not choose. Also called when the server answered
	 * another client after a failure, and when the server has moved to another address.
	 * REQUIRED.
	 */
	void (*on_success)(void *self, uint32_t server, int64_t now_ms);
	/**
	 * Describe the state of a server, for people. The slot changes nothing in self.
	 * Shape:   *out is all zero before the call.
	 * OPTIONAL. NULL: every server is shown as up.
	 */
	void (*state)(const void *self, uint32_t server, int64_t now_ms,
		      struct tenon_failover_state *out);
	/**
	 * Take note that another client probes this server now: treat the server as down until
	 * until_ms, or until on_success() or on_failure() is called for it, whichever is first. Called
	 * when route() gave a server that state() reports as TENON_SERVER_PROBING; route() is then
	 * called again. Also called before on_failure() when the failure was that of another
	 * client's probe; until_ms is the time of the failure then. May be called for any server: a
	 * server that the policy has in use stays in use.
	 * OPTIONAL. NULL: the policy does not care; a server that is probed gets the keys of all
	 * clients.
	 */
	void (*on_probe)(void *self, uint32_t server, int64_t until_ms);
};

TENON_END_DECLS

#endif
