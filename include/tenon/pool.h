/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/pool.h
 * @brief Client pools, for programs with threads.
 *
 * A client serves one thread at a time. A client pool lends its clients to threads: a thread
 * borrows a client, uses it and gives it back. The clients of a client pool share the ring, the
 * hash and the option rows of their config. Each client has its own connections and its own
 * failover policies, but all of them hear when a server fails for one of them and when it answers
 * again, and only one of them probes a server that failed. When all clients are lent, threads wait in a queue: the first thread that
 * asked gets the next client.
 *
 * Threads: every function may be called on any thread at any time, except tenon_pool_close(), which
 * must be the last call.
 * Cancel:  a thread that is cancelled (pthread_cancel(3)) while it waits for a client leaves the
 *          queue, and no client is lost. The functions are no cancellation points otherwise. A
 *          thread that has borrowed a client gives it back in a cleanup handler of its own.
 * Fork:    a child process may use the client pool if no thread was inside one of these functions
 *          during the fork. A client that was lent at that time is lent in the child, too.
 *
 * Stability: client ABI; structs never change size.
 */
#ifndef TENON_POOL_H
#define TENON_POOL_H

#include "tenon/health.h"

TENON_BEGIN_DECLS

/** A client pool: clients of one config that threads borrow. */
struct tenon_pool;

/** Largest value of max in struct tenon_pool_limits. */
#define TENON_POOL_CLIENTS_MAX 4096

/**
 * How many clients a client pool has. When all clients are lent and a thread asks for one, the
 * client pool makes as many new clients as it has, but at most `growth`, and never more than
 * `max` in all.
 */
struct tenon_pool_limits {
	uint32_t initial; /**< clients made at once: 1..max */
	uint32_t max;     /**< 1..TENON_POOL_CLIENTS_MAX */
	uint32_t growth;  /**< 1 or more */
};

/**
 * Default limits: initial 1, max 4, growth 4.
 * Source:  libmc; memcached has 4 threads by default.
 */
#define TENON_POOL_LIMITS { 1, 4, 4 }

/**
 * Open a client pool. No socket is opened before an operation needs one.
 * Shape:   limits NULL: TENON_POOL_LIMITS.
 * Returns: 0, or a negative enum tenon_status; *out is then NULL.
 * Owns:    *out is the caller's. tenon_pool_close() frees it. config is not kept.
 * Errors:  TENON_ECONFIG, TENON_EPLUGIN, TENON_ENOMEM, as tenon_client_open(). TENON_EINVAL:
 *          limits are out of range.
 * Threads: any. The log function of the config is called on any thread that uses the client pool.
 */
int tenon_pool_open(struct tenon_config *config,
		    const struct tenon_pool_limits *limits,
		    struct tenon_pool **out, struct tenon_error *err);

/**
 * Close every client and free the client pool. Every client must have been given back; a client
 * that is still lent is never freed and must not be used any more.
 * Shape:   pool may be NULL.
 * Threads: no other call on this client pool may run.
 */
void tenon_pool_close(struct tenon_pool *pool);

/**
 * Borrow a client. When all clients are lent, the call waits for one.
 * Units:   timeout_ms is how long to wait in milliseconds; 0: do not wait; -1: no limit.
 * Returns: 0, or a negative enum tenon_status; *out is then NULL.
 * Owns:    *out is the caller's until tenon_pool_release(). The caller must not call
 *          tenon_client_close() with it. A caller that sets a wait hook of its own with
 *          tenon_client_set_wait() sets the pool's hook again before the release.
 * Errors:  TENON_ETIMEDOUT: no client in time. TENON_EWAIT: the wait hook failed, or the client
 *          pool is shut. TENON_ENOMEM.
 *          TENON_ELOCAL: no descriptor is left to wait with.
 * Threads: any.
 * Cost:    one lock when a client is free. A thread that waits needs one descriptor.
 */
int tenon_pool_acquire(struct tenon_pool *pool, int64_t timeout_ms,
		       struct tenon_client **out, struct tenon_error *err);

/**
 * Borrow a client as tenon_pool_acquire() does, and wait through a hook of the caller's. The
 * hook replaces the one of tenon_pool_set_wait() for this wait only. It may look after signals,
 * for example, and give up. The client's own waits do not go through it.
 * Shape:   wait may be NULL: the call is then tenon_pool_acquire().
 * Units:   timeout_ms as for tenon_pool_acquire().
 * Returns: 0, or a negative enum tenon_status; *out is then NULL.
 * Owns:    payload is the caller's; the hook is not called after the return.
 * Errors:  as tenon_pool_acquire(). TENON_EWAIT: the hook gave up. When a client came at that
 *          moment, it is lent and the call returns 0.
 * Threads: any; the hook is called on the calling thread.
 */
int tenon_pool_acquire_hooked(struct tenon_pool *pool, int64_t timeout_ms,
			      tenon_wait_fn wait, void *payload,
			      struct tenon_client **out,
			      struct tenon_error *err);

/**
 * Give a client back. The thread that has waited longest gets it. The client's results become
 * invalid, and a sink of tenon_client_set_sink() is taken away.
 * Shape:   client may be NULL.
 * Returns: 0, or TENON_EINVAL.
 * Owns:    client is the client pool's again.
 * Errors:  TENON_EINVAL: the client is not lent from this client pool.
 * Threads: any; also another thread than the one that borrowed the client.
 */
int tenon_pool_release(struct tenon_pool *pool, struct tenon_client *client);

/**
 * Results function: receives the results of a call.
 * Shape:   results has count entries, in the order of the items.
 * Owns:    results are valid during the call only: copy what is needed longer.
 * Threads: called on the thread that called tenon_pool_run(). The function must not wait for
 *          another client of the same client pool.
 */
typedef void (*tenon_results_fn)(const struct tenon_result *results,
				 size_t count, void *payload);

/** Arguments of tenon_pool_run(). */
struct tenon_pool_work {
	enum tenon_verb verb;           /**< as for tenon_run() */
	const struct tenon_item *items; /**< count entries */
	size_t count;                   /**< 0 or more */
	const struct tenon_call *call;  /**< options, as for tenon_run(); NULL: the defaults */
	tenon_results_fn done; /**< called once if there are results; may be NULL */
	void *payload; /**< for done */
};

/**
 * Borrow a client, run tenon_run() on it, pass the results to work->done, and give the client
 * back. One deadline holds for all of that, the wait for a client included: timeout_ms of
 * work->call, or poll_timeout of the config.
 * Returns: 0 when every key has an answer. Otherwise a negative enum tenon_status.
 * Owns:    the results are the client's and are valid until `done` returns.
 * Errors:  those of tenon_run() and tenon_pool_acquire(): each negative enum tenon_status.
 *          work->done was called, unless the error concerns the call as a whole.
 * Threads: any.
 */
int tenon_pool_run(struct tenon_pool *pool, const struct tenon_pool_work *work,
		   struct tenon_error *err);

/*
 * The next four functions change a client pool while it is in use. A client that is lent is changed
 * when it is given back; operations that run are not affected. After an error nothing has changed,
 * except where said.
 */

/**
 * Change how many clients the client pool may have.
 * Returns: 0, or a negative enum tenon_status.
 * Owns:    limits is copied.
 * Errors:  TENON_EINVAL: limits are out of range, or the client pool is shut; nothing has
 *          changed. TENON_ENOMEM: the new
 *          limits hold, but there are fewer clients than limits->initial.
 * Threads: any.
 */
int tenon_pool_resize(struct tenon_pool *pool,
		      const struct tenon_pool_limits *limits,
		      struct tenon_error *err);

/**
 * Give servers new addresses, as tenon_client_update_servers() does for one client. A client that
 * is lent is changed when it is given back.
 * Shape:   specs has count strings. Each is like an entry of `servers:` in the config ("host:port
 *          alias"), in any order. Every alias is there exactly once.
 * Returns: 0, or a negative enum tenon_status; nothing has changed then.
 * Owns:    specs is copied.
 * Errors:  TENON_ECONFIG: unknown, missing or repeated alias, or malformed address.
 *          TENON_ENOMEM.
 * Threads: any.
 */
int tenon_pool_update_servers(struct tenon_pool *pool,
			      const char *const *specs, size_t count,
			      struct tenon_error *err);

/**
 * Use another config: every client is replaced. A client that is lent is replaced when it is
 * given back.
 * Returns: 0, or a negative enum tenon_status; nothing has changed then.
 * Owns:    config is not kept.
 * Errors:  TENON_ECONFIG, TENON_EPLUGIN, TENON_ENOMEM, as tenon_client_open(). TENON_EINVAL: the
 *          client pool has a wait hook and the transport of the config cannot use one.
 * Threads: any.
 */
int tenon_pool_reconfigure(struct tenon_pool *pool, struct tenon_config *config,
			   struct tenon_error *err);

/**
 * Set the wait hook of all clients, as tenon_client_set_wait() does for one. Threads that wait for
 * a client use the hook, too; the hook may run other green threads that use the same client pool.
 * Shape:   wait NULL: clients wait by themselves again.
 * Returns: 0, or a negative enum tenon_status; nothing has changed then.
 * Owns:    payload stays the caller's and must outlive the client pool.
 * Errors:  TENON_EINVAL: the transport cannot use a hook. TENON_ENOMEM.
 * Threads: any. The hook is called on the thread that waits.
 */
int tenon_pool_set_wait(struct tenon_pool *pool, tenon_wait_fn wait,
			void *payload, struct tenon_error *err);

/**
 * Stop lending, for good: before tenon_pool_close(), while other threads may still use the client
 * pool. Idle clients are closed now, and each lent client when it is given back. Callers that wait
 * for a client, and callers that ask later, get TENON_EWAIT with sys_errno ESHUTDOWN.
 * Owns:    the client pool stays the caller's, for tenon_pool_close().
 * Threads: any. A second call does nothing.
 */
void tenon_pool_shut(struct tenon_pool *pool);

/** Clients and waits of a client pool. */
struct tenon_pool_counts {
	uint32_t clients;  /**< clients that exist or are being made */
	uint32_t idle;     /**< clients that are not lent */
	uint32_t waiting;  /**< calls that wait for a client now */
	uint32_t reserved; /**< 0 */
	uint64_t waits;    /**< calls that had to wait, since the client pool was opened */
	uint64_t timeouts; /**< calls that got no client in time, since the client pool was opened */
};

/**
 * Get the counts of a client pool, all of one moment.
 * Threads: any.
 * Cost:    one lock.
 */
void tenon_pool_counts(struct tenon_pool *pool, struct tenon_pool_counts *out);

/**
 * Get the health of one server, summed over the clients that exist.
 * Shape:   index is 0 or more, as for tenon_client_server().
 * Returns: 0, or a negative enum tenon_status.
 * Owns:    out->alias is the client pool's, until it is reconfigured or closed.
 * Errors:  TENON_EINVAL: index is out of range. TENON_ENOMEM.
 * Threads: any.
 * Cost:    one lock, and about 15 KiB are copied for each client.
 */
int tenon_pool_health(struct tenon_pool *pool, size_t index,
		      struct tenon_health *out);

TENON_END_DECLS

#endif
