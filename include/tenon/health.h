/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/health.h
 * @brief Health of the servers of a client: state, last error, counters, latency.
 *
 * A client keeps a health record for each of its servers. The record belongs to the server's
 * alias: a server that moves to another address keeps its counters. Counting costs an operation
 * one look at the clock and a few additions per server, no lock and no memory.
 *
 * Threads: reading health is the one thing that any thread may do with an open client at any
 * time, also while an operation runs. Each number in a snapshot is complete, and state and last
 * error belong together. Two counters of a snapshot may differ by one operation.
 *
 * Stability: client ABI; structs never change size.
 */
#ifndef TENON_HEALTH_H
#define TENON_HEALTH_H

#include "tenon/tenon.h"

TENON_BEGIN_DECLS

/* ---- histograms -------------------------------------------------------- */

/**
 * Number of buckets of a histogram of times. Buckets are 32 ns wide up to 2 us, then 1/64 of a
 * power of two, up to 69 s. The last bucket counts all longer times.
 * Source:  HdrHistogram has this layout.
 */
#define TENON_HISTOGRAM_BUCKETS 1664

/** Histogram of times. A struct of zeros is an empty histogram. */
struct tenon_histogram {
	uint64_t counts[TENON_HISTOGRAM_BUCKETS]; /**< times in each bucket */
	uint64_t total;  /**< sum of counts */
	uint64_t sum_ns; /**< sum of all times, in nanoseconds */
	uint64_t max_ns; /**< longest time, exact, in nanoseconds */
};

/**
 * Count one time.
 * Units:   ns is nanoseconds.
 * Threads: one call at a time per histogram.
 */
void tenon_histogram_add(struct tenon_histogram *histogram, uint64_t ns);

/**
 * Add the counts of the histogram `from` to the histogram `into`.
 * Threads: one call at a time per histogram.
 */
void tenon_histogram_merge(struct tenon_histogram *into,
			   const struct tenon_histogram *from);

/**
 * Get a percentile: the time that `permille` of 1000 times did not exceed. 500 is the median.
 * Shape:   permille is 0..1000.
 * Units:   nanoseconds.
 * Returns: the time; never too low, too high by at most 1.6 % or 32 ns (for times up to 69 s).
 *          1000 returns the exact maximum. An empty histogram returns 0.
 * Errors:  none.
 * Threads: any, while the histogram does not change.
 */
uint64_t tenon_histogram_permille_ns(const struct tenon_histogram *histogram,
				     unsigned permille);

/**
 * Get the start of a bucket. A bucket ends where the next bucket starts.
 * Shape:   bucket is 0..TENON_HISTOGRAM_BUCKETS - 1.
 * Units:   nanoseconds.
 * Returns: the start of the bucket; UINT64_MAX for a number behind the last bucket.
 * Errors:  none.
 * Threads: any.
 */
uint64_t tenon_histogram_bucket_ns(size_t bucket);

/* ---- servers ----------------------------------------------------------- */

/**
 * Get the name of a state.
 * Shape:   state is an enum tenon_server_state or any other number.
 * Returns: "up", "failing", "refusing", "misconfigured", "down" or "probing"; "unknown state" for
 *          any other number.
 * Owns:    the string is static.
 * Errors:  none.
 * Threads: any.
 */
const char *tenon_server_state_name(int state);

/** A certificate that ends within this many days is TENON_CERTIFICATE_ENDING. */
#define TENON_CERTIFICATE_WARNING_DAYS 14

/** Whether a certificate of a server's chain is about to end: the one that ends first. */
enum tenon_certificate_state {
	TENON_CERTIFICATE_UNKNOWN = 0, /**< no session yet, or a plugin without certificates */
	TENON_CERTIFICATE_VALID = 1,   /**< it ends later than TENON_CERTIFICATE_WARNING_DAYS */
	TENON_CERTIFICATE_ENDING = 2,  /**< it ends within TENON_CERTIFICATE_WARNING_DAYS */
	TENON_CERTIFICATE_ENDED = 3    /**< its time is over; new sessions will fail */
};

/**
 * Get the name of a state of a certificate.
 * Shape:   state is an enum tenon_certificate_state or any other number.
 * Returns: "unknown", "valid", "ending" or "ended"; "unknown" for any other number.
 * Owns:    the string is static.
 * Errors:  none.
 * Threads: any.
 */
const char *tenon_certificate_state_name(int state);

#define TENON_HEALTH_PROTOCOL_BYTES 16 /**< size of protocol, its NUL included */
#define TENON_HEALTH_CIPHER_BYTES 48   /**< size of cipher, its NUL included */

/**
 * The sessions of the `secure` plugin, such as TLS, with one server. Texts and certificate are
 * those of the last session that had a complete handshake. All is 0 without a plugin. The counters
 * count as those of struct tenon_health.
 */
struct tenon_secure_health {
	uint64_t sessions;         /**< complete handshakes */
	uint64_t resumptions;      /**< of these: handshakes that resumed an earlier session */
	uint64_t handshake_ns;     /**< time of the last handshake */
	uint64_t handshake_max_ns; /**< time of the longest handshake */
	uint64_t handshake_sum_ns; /**< time of all handshakes */
	/**
	 * Unix time at which the first certificate of the server's chain ends, the trusted one included;
	 * 0: unknown
	 */
	int64_t certificate_ends_s;
	uint32_t certificate_state; /**< enum tenon_certificate_state, now */
	uint32_t reserved;          /**< 0 */
	char protocol[TENON_HEALTH_PROTOCOL_BYTES]; /**< such as "TLSv1.3", or "" */
	char cipher[TENON_HEALTH_CIPHER_BYTES]; /**< such as "TLS_AES_256_GCM_SHA384", or "" */
};

#define TENON_HEALTH_TEXT_BYTES 128 /**< size of each error_text, its NUL included */

/**
 * Error lines by which a server answered noreply requests, such as "SERVER_ERROR out of memory storing
 * object". No call fails because of them, so they are collected here: with the next call that talks to
 * the server, also when the server has closed the connection meanwhile. Lines that have not arrived by then are
 * lost with their connection, and so are those behind the first TENON_SEEN_MAX_BYTES of a closed one.
 * Over the classic protocol memcached does not answer noreply requests that fail; over meta it
 * does. A server that does not know `version` adds one ERROR for each client over classic,
 * because the client asks for `version` behind noreply requests.
 */
struct tenon_noreply_health {
	uint64_t errors;        /**< error lines; counts as the counters of struct tenon_health */
	int64_t error_at_ms;    /**< the last one: its time, as in struct tenon_health; 0: none yet */
	int32_t error_status;   /**< TENON_ESERVER, TENON_ECLIENT or TENON_EUNKNOWN; 0: none yet */
	uint32_t reserved;      /**< 0 */
	char error_text[TENON_HEALTH_TEXT_BYTES]; /**< the words of the server, or "" */
};

/** Number of entries of errors in struct tenon_health. */
#define TENON_HEALTH_ERRORS 32
#define TENON_HEALTH_ADDRESS_BYTES 280 /**< size of address, its NUL included */

/**
 * Health of one server, as its client sees it. Fields with names that end in _at_ms are times of
 * the same monotonic clock as now_ms, in milliseconds; 0: never. Counters count from the opening of
 * the client, or from the last tenon_client_health_reset(). Keys are counted as they are sent:
 * chunks that a codec adds count too, and a command for whole servers counts as one key.
 */
struct tenon_health {
	const char *client; /**< NULL; the caller may set a name for tenon_health_prometheus() */
	const char *alias;  /**< name of the server; lives as long as the client */
	char address[TENON_HEALTH_ADDRESS_BYTES]; /**< as configured, or updated */

	uint32_t state;         /**< enum tenon_server_state */
	uint32_t failures;      /**< failures in a row, up to now */
	int64_t now_ms;         /**< time of the snapshot */
	int64_t state_at_ms;    /**< time when the server came up, or stopped being up */
	int64_t retry_at_ms;    /**< down, misconfigured: time of the next try, if known; else 0 */
	int64_t error_at_ms;    /**< last error: its time */
	int32_t error_status;   /**< last error: enum tenon_status; 0: no error yet */
	int32_t error_sys_errno; /**< last error: errno, or 0 */
	char error_text[TENON_HEALTH_TEXT_BYTES]; /**< last error: one sentence, or "" */

	uint64_t operations; /**< operations that had requests for the server */
	uint64_t failed;     /**< operations in which the server failed */
	uint64_t timeouts;   /**< failed operations without a complete answer in time */
	uint64_t keys;       /**< keys sent: hits + misses + stored + other + all errors */
	uint64_t hits;       /**< get, gets, gat, gats: key found */
	uint64_t misses;     /**< get, gets, gat, gats: key absent */
	uint64_t stored;     /**< set, add, replace, append, prepend, cas: value stored */
	uint64_t other;      /**< other answers: deleted, touched, not stored, no reply asked, ... */
	uint64_t errors[TENON_HEALTH_ERRORS]; /**< keys without answer, by -status: errors[-TENON_EDOWN] */
	uint64_t connects;   /**< connections made */
	uint64_t reconnects; /**< connections made, without the first one */
	uint64_t retries;    /**< operations repeated on a new connection, because the earlier one was at fault */
	uint64_t hops;       /**< keys that have their home here and went to another server */
	uint64_t sent_bytes;     /**< bytes of requests that the kernel took */
	uint64_t received_bytes; /**< bytes of replies */

	struct tenon_noreply_health noreply; /**< errors of noreply requests */
	struct tenon_secure_health secure; /**< sessions of the `secure` plugin */

	/**
	 * Times of operations that the server answered: from the start of the operation until
	 * the server's answer was complete, connecting included.
	 */
	struct tenon_histogram latency;
};

/**
 * Take a snapshot of the health of one server.
 * Shape:   index is 0..tenon_client_server_count() - 1.
 * Returns: 0, or TENON_EINVAL; *out is then untouched.
 * Owns:    out->alias is the client's. The rest of *out is a copy.
 * Errors:  TENON_EINVAL: index is out of range.
 * Threads: any, while the client is open.
 * Cost:    about 15 KiB are copied.
 */
int tenon_client_health(const struct tenon_client *client, size_t index,
			struct tenon_health *out);

/**
 * Set the counters and histograms of all servers to 0. State and last error stay.
 * Returns: 0, or TENON_EBUSY.
 * Errors:  TENON_EBUSY: an operation runs.
 * Threads: one call at a time per client.
 */
int tenon_client_health_reset(struct tenon_client *client);

/**
 * Add the health record `from` to the record `into`; both are snapshots of one server by
 * different clients. Counters are summed. `into` gets the worse state and the later error.
 * Owns:    strings of `into` stay those of the client that they came from.
 * Threads: any; the records are the caller's.
 */
void tenon_health_merge(struct tenon_health *into,
			const struct tenon_health *from);

/* ---- metrics ----------------------------------------------------------- */

/** A number that a plugin counts: see tenon_host.metric of tenon/plugin/plugin.h. */
struct tenon_metric_info {
	const char *kind;   /**< kind of the plugin, such as "failover" */
	const char *plugin; /**< name of the plugin */
	const char *name;   /**< name of the metric */
	const char *help;   /**< one line about the metric */
	uint32_t type;      /**< 1: a counter; 2: a gauge, which goes up and down */
	uint32_t reserved;  /**< 0 */
	int64_t value;      /**< of all clients of the pool; counted since the config was opened */
};

/**
 * Get one metric of the plugins of a client. A plugin that the config names at several places has
 * one metric with the sum.
 * Shape:   index is 0, 1, ... The metrics of a plugin come in the order in which it added them. A metric
 *          that is added later may change the indexes of others.
 * Returns: 0, or TENON_EINVAL; *out is then untouched.
 * Owns:    the strings are the client's.
 * Errors:  TENON_EINVAL: there are not so many metrics.
 * Threads: any, while the client is open.
 */
int tenon_client_metric(const struct tenon_client *client, size_t index,
			struct tenon_metric_info *out);

/* ---- Prometheus -------------------------------------------------------- */

/**
 * Write function: receives a part of the text.
 * Shape:   text has len bytes and no NUL.
 * Returns: 0 to go on; any other number to stop.
 * Owns:    text is valid during the call only.
 * Threads: called on the thread that made the call.
 */
typedef int (*tenon_write_fn)(void *payload, const char *text, size_t len);

/**
 * Write health records in the text format of Prometheus.
 * Shape:   servers has count entries. Each server gets the label `server` with its alias, and
 *          the label `client` if client is not NULL. Metrics of sessions of a `secure` plugin are
 *          written when one of the servers has had a session. Records of the same server need different
 *          names of clients.
 * Returns: 0, or the number with which the write function stopped.
 * Owns:    servers and payload stay the caller's.
 * Errors:  those of the write function.
 * Threads: any.
 * Source:  Prometheus, "Exposition formats", text format 0.0.4.
 */
int tenon_health_prometheus(const struct tenon_health *servers, size_t count,
			    tenon_write_fn write, void *payload);

/**
 * Write the metrics of the plugins of a client's config in the text format of Prometheus. The metric
 * NAME of a plugin is called tenon_KIND_PLUGIN_NAME.
 * Returns: 0, or the number with which the write function stopped.
 * Owns:    payload stays the caller's.
 * Errors:  those of the write function.
 * Threads: any, while the client is open.
 */
int tenon_metrics_prometheus(const struct tenon_client *client,
			     tenon_write_fn write, void *payload);

/**
 * Write the health of all servers of a client, and the metrics of its plugins, in the text format
 * of Prometheus, as tenon_health_prometheus() and tenon_metrics_prometheus() do.
 * Returns: 0, a negative enum tenon_status, or the number with which the write function stopped.
 * Owns:    payload stays the caller's.
 * Errors:  TENON_ENOMEM, and those of the write function.
 * Threads: any, while the client is open.
 */
int tenon_client_prometheus(const struct tenon_client *client,
			    tenon_write_fn write, void *payload);

TENON_END_DECLS

#endif
