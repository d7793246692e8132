/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/health.h
 * @brief How the servers of a client do: state, last error, counters, latency.
 *
 * A client keeps count for each of its servers, under the server's alias: a
 * server that moves keeps its numbers. Counting costs an operation one look at
 * the clock and a few additions per server, no lock and no memory.
 *
 * Threads: reading is the one thing that any thread may do with a client at any
 * time while it is open, also while an operation runs. Every number of a
 * snapshot is whole; state and last error belong together; two counters may be an
 * operation apart.
 *
 * Stability: client ABI; structs never change size.
 */
#ifndef TENON_HEALTH_H
#define TENON_HEALTH_H

#include "tenon/tenon.h"

TENON_BEGIN_DECLS

/* ---- histograms -------------------------------------------------------- */

/**
 * Buckets of a histogram of times: 32 ns wide up to 2 us, then 1/64 of a power of
 * two, up to 69 s; the last holds everything above. The way of HdrHistogram.
 */
#define TENON_HISTOGRAM_BUCKETS 1664

/** How often which time was taken. All zero is an empty one. */
struct tenon_histogram {
	uint64_t counts[TENON_HISTOGRAM_BUCKETS]; /**< of times, see tenon_histogram_bucket_ns() */
	uint64_t total;  /**< of counts */
	uint64_t sum_ns; /**< of all times */
	uint64_t max_ns; /**< exactly */
};

/** Count one time. */
void tenon_histogram_add(struct tenon_histogram *histogram, uint64_t ns);

/** Add the counts of another. */
void tenon_histogram_merge(struct tenon_histogram *into,
			   const struct tenon_histogram *from);

/**
 * The time that so many per thousand did not exceed: 500 is the median.
 * Shape:   never too low, and too high by 1.6 % or 32 ns at most, up to 69 s;
 *          1000 is the exact maximum; 0 when nothing was counted.
 */
uint64_t tenon_histogram_permille_ns(const struct tenon_histogram *histogram,
				     unsigned permille);

/**
 * Where a bucket begins; it ends where the next one begins.
 * Shape:   bucket is 0..TENON_HISTOGRAM_BUCKETS - 1; UINT64_MAX behind the last.
 */
uint64_t tenon_histogram_bucket_ns(size_t bucket);

/* ---- servers ----------------------------------------------------------- */

/** Name a state: "up", "failing", "down", "probing"; "unknown state" for a number that is none. */
const char *tenon_server_state_name(int state);

/** Slots of tenon_health.errors. */
#define TENON_HEALTH_ERRORS 32
#define TENON_HEALTH_TEXT_BYTES 128    /**< with its NUL */
#define TENON_HEALTH_ADDRESS_BYTES 280 /**< with its NUL */

/**
 * One server, as its client sees it. Times that end in _at_ms are monotonic, as
 * now_ms; 0: never. Counters begin at the opening of the client or the last
 * tenon_client_health_reset(). A key is counted as it goes to a server: what
 * codecs add (chunks) counts too, and a command to a whole server counts as one.
 */
struct tenon_health {
	const char *client; /**< NULL; a caller may name the client for tenon_health_prometheus() */
	const char *alias;  /**< lives as long as the client */
	char address[TENON_HEALTH_ADDRESS_BYTES]; /**< as configured, or as last updated */

	uint32_t state;         /**< enum tenon_server_state */
	uint32_t failures;      /**< in a row, up to now */
	int64_t now_ms;         /**< when the snapshot was made */
	int64_t state_at_ms;    /**< since when it is up, or not */
	int64_t retry_at_ms;    /**< down: when it is tried again, if the policy says; else 0 */
	int64_t error_at_ms;    /**< last error: when */
	int32_t error_status;   /**< last error: enum tenon_status; 0: none yet */
	int32_t error_sys_errno; /**< last error: errno, or 0 */
	char error_text[TENON_HEALTH_TEXT_BYTES]; /**< last error: one sentence, or "" */

	uint64_t operations; /**< in which the server took part */
	uint64_t failed;     /**< of them, those that the server failed */
	uint64_t timeouts;   /**< of failed: no complete answer in time */
	uint64_t keys;       /**< asked for: hits + misses + stored + other + all errors */
	uint64_t hits;       /**< get family */
	uint64_t misses;     /**< get family */
	uint64_t stored;     /**< store verbs */
	uint64_t other;      /**< deleted, touched, counted, not stored, sent without reply, ... */
	uint64_t errors[TENON_HEALTH_ERRORS]; /**< keys without answer: errors[-TENON_ETIMEDOUT] and so on */
	uint64_t connects;   /**< connections made */
	uint64_t reconnects; /**< of them, all but the first */
	uint64_t retries;    /**< operations repeated since an idle connection proved dead */
	uint64_t hops;       /**< keys whose home it is that went to another server */
	uint64_t sent_bytes;     /**< requests, as the kernel took them */
	uint64_t received_bytes; /**< replies */

	/**
	 * Operations that were answered, from their start until this server's
	 * answer was complete, connecting included.
	 */
	struct tenon_histogram latency;
};

/**
 * Take a snapshot of server number index.
 * Errors:  TENON_EINVAL when there is none of that number; *out is untouched.
 * Threads: any, while the client is open. Cost: some 15 KiB are copied.
 */
int tenon_client_health(const struct tenon_client *client, size_t index,
			struct tenon_health *out);

/**
 * Set counters and latencies of all servers to 0; state and last error stay.
 * Errors:  TENON_EBUSY while an operation runs.
 * Threads: as an operation.
 */
int tenon_client_health_reset(struct tenon_client *client);

/**
 * Add another client's snapshot of the same server, for pools: counters are
 * summed; of state and last error those of the one that is worse off, or that
 * has the later error, are kept.
 */
void tenon_health_merge(struct tenon_health *into,
			const struct tenon_health *from);

/* ---- Prometheus -------------------------------------------------------- */

/** Receives len bytes of text; returns 0 to go on, anything else to stop. */
typedef int (*tenon_write_fn)(void *payload, const char *text, size_t len);

/**
 * Write snapshots in Prometheus' text format.
 * Shape:   servers[count]; each has labels server (its alias) and, where set,
 *          client. The same server twice needs different names of clients.
 * Errors:  what write returned when it was not 0.
 * Source:  Prometheus, "Exposition formats", text format 0.0.4.
 */
int tenon_health_prometheus(const struct tenon_health *servers, size_t count,
			    tenon_write_fn write, void *payload);

/**
 * Write the snapshots of all servers of a client likewise.
 * Errors:  TENON_ENOMEM, or what write returned.
 * Threads: any, while the client is open.
 */
int tenon_client_prometheus(const struct tenon_client *client,
			    tenon_write_fn write, void *payload);

TENON_END_DECLS

#endif
