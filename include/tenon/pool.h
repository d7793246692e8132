/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/pool.h
 * @brief A pool of clients, for programs with threads.
 *
 * A client serves one thread at a time; a pool lends clients, each to one thread
 * until it is given back. Clients of a pool share their config's ring, hash and
 * schema; each has connections and a failover policy of its own. Whoever asks
 * first gets a client first: nobody overtakes those who wait.
 *
 * Threads: every function may be called on any thread at any time, but
 * tenon_pool_close(), which must be the last.
 * Fork:    a pool may be used in a child when no thread was within one of its
 *          functions at the time of the fork; clients that were lent then are lent
 *          in the child too.
 *
 * Stability: client ABI; structs never change size.
 */
#ifndef TENON_POOL_H
#define TENON_POOL_H

#include "tenon/health.h"

TENON_BEGIN_DECLS

struct tenon_pool;

/** More clients than this are a mistake. */
#define TENON_POOL_CLIENTS_MAX 4096

/**
 * How many clients a pool has. Where all are lent and another is asked for, their
 * number doubles, by `growth` at most and up to `max`.
 */
struct tenon_pool_limits {
	uint32_t initial; /**< made at once: 1..max */
	uint32_t max;     /**< 1..TENON_POOL_CLIENTS_MAX */
	uint32_t growth;  /**< 1 or more */
};

/** libmc's: 1, 4 (memcached has 4 threads by default), 4. */
#define TENON_POOL_LIMITS { 1, 4, 4 }

/**
 * Make a pool. No socket is opened before an operation needs one.
 * Shape:   limits NULL: TENON_POOL_LIMITS.
 * Owns:    *out is the caller's, for tenon_pool_close(); config is not kept. A log
 *          function of the config is called on any thread that uses the pool.
 * Errors:  as tenon_client_open(); TENON_EINVAL for limits out of range.
 */
int tenon_pool_open(struct tenon_config *config,
		    const struct tenon_pool_limits *limits,
		    struct tenon_pool **out, struct tenon_error *err);

/** Close every client and free the pool. All were given back. NULL is fine. */
void tenon_pool_close(struct tenon_pool *pool);

/**
 * Borrow a client, waiting for one where all are lent.
 * Shape:   timeout_ms is how long to wait: 0 not at all, -1 for ever.
 * Owns:    *out is the caller's until tenon_pool_release(); everything may be done
 *          with it but tenon_client_close(). A hook of tenon_client_set_wait() has
 *          to be the pool's again when the client is given back.
 * Errors:  TENON_ETIMEDOUT, TENON_EWAIT (the pool's wait hook gave up),
 *          TENON_ENOMEM, TENON_EIO (no descriptor left to wait with); *out is
 *          then NULL.
 * Cost:    a lock while there are clients to lend; who has to wait needs a
 *          descriptor meanwhile.
 */
int tenon_pool_acquire(struct tenon_pool *pool, int64_t timeout_ms,
		       struct tenon_client **out, struct tenon_error *err);

/**
 * As tenon_pool_acquire(), and this hook waits where the client is not there at
 * once, whatever tenon_pool_set_wait() says: it may look after signals, say, and
 * give up. The client's own waits do not go through it.
 * Shape:   wait NULL: exactly as tenon_pool_acquire().
 * Owns:    payload is the caller's; the hook is not called after the return.
 * Errors:  as tenon_pool_acquire(); TENON_EWAIT: the hook gave up. A client that
 *          came at that moment is lent: 0.
 * Threads: any; the hook is called on this one.
 */
int tenon_pool_acquire_hooked(struct tenon_pool *pool, int64_t timeout_ms,
			      tenon_wait_fn wait, void *payload,
			      struct tenon_client **out,
			      struct tenon_error *err);

/**
 * Give a client back; who has waited longest gets it. Its results are gone then.
 * Shape:   client NULL is fine; any thread may give it back.
 * Errors:  TENON_EINVAL: it is not lent from this pool.
 */
int tenon_pool_release(struct tenon_pool *pool, struct tenon_client *client);

/** Receives the results of a call; they are gone when it returns. */
typedef void (*tenon_results_fn)(const struct tenon_result *results,
				 size_t count, void *payload);

/** A tenon_run() on whichever client is free. */
struct tenon_pool_call {
	enum tenon_verb verb;           /**< as for tenon_run() */
	unsigned options;               /**< likewise */
	const struct tenon_item *items; /**< [count] */
	size_t count;                   /**< 0 or more */
	tenon_results_fn done; /**< called once where there are results; NULL: not needed */
	void *payload; /**< for done */
};

/**
 * Borrow a client, run, hand over the results, and give it back. poll_timeout is
 * the time for all of it, the wait for a client included.
 * Owns:    results are the client's until `done` returns, which copies what it
 *          needs; it must not wait for another client of this pool.
 * Errors:  as tenon_run() and tenon_pool_acquire(). `done` was called unless they
 *          concern the call as a whole.
 */
int tenon_pool_run(struct tenon_pool *pool, const struct tenon_pool_call *call,
		   struct tenon_error *err);

/* Changes of a pool at work. A client that is lent takes them when it is given
 * back: what runs ends as it began. After an error nothing has changed. */

/**
 * Change how many clients there may be.
 * Errors:  TENON_EINVAL, TENON_ENOMEM (there are fewer than `initial` then).
 */
int tenon_pool_resize(struct tenon_pool *pool,
		      const struct tenon_pool_limits *limits,
		      struct tenon_error *err);

/** Move servers, as tenon_client_update_servers(). Errors: likewise. */
int tenon_pool_update_servers(struct tenon_pool *pool,
			      const char *const *specs, size_t count,
			      struct tenon_error *err);

/**
 * Go on with another config: every client is replaced.
 * Errors:  as tenon_client_open(); TENON_EINVAL: the pool has a wait hook and the
 *          config's transport takes none.
 */
int tenon_pool_reconfigure(struct tenon_pool *pool, struct tenon_config *config,
			   struct tenon_error *err);

/**
 * Let somebody else wait, as tenon_client_set_wait() for all clients; the waits
 * for a client go through the hook too, so that it may run other green threads of
 * the same pool.
 * Owns:    payload is the caller's and has to outlive the pool.
 * Errors:  as tenon_client_set_wait().
 * Threads: the hook is called on the thread that waits.
 */
int tenon_pool_set_wait(struct tenon_pool *pool, tenon_wait_fn wait,
			void *payload, struct tenon_error *err);

/** What a pool is doing. */
struct tenon_pool_counts {
	uint32_t clients; /**< that there are or that are being made */
	uint32_t idle;    /**< of them, not lent */
	uint32_t waiting; /**< callers that wait for one */
	uint32_t reserved; /**< 0 */
	uint64_t waits;    /**< calls that had to wait, so far */
	uint64_t timeouts; /**< of them, in vain */
};

/** Take the counts, all of the same moment. Never fails. Threads: any. */
void tenon_pool_counts(struct tenon_pool *pool, struct tenon_pool_counts *out);

/**
 * The health of server number index, summed over the clients that there are.
 * Owns:    out->alias lives until the pool is reconfigured or closed.
 * Errors:  TENON_EINVAL when there is none of that number; TENON_ENOMEM.
 */
int tenon_pool_health(struct tenon_pool *pool, size_t index,
		      struct tenon_health *out);

TENON_END_DECLS

#endif
