/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The health of one server as one client sees it: state, last error, counters, latency.
 *
 * Threads: only the client's thread writes; any thread may read. The fields of the view have to
 * match each other, so they are published together under a sequence number.
 */
#ifndef TENON_CORE_HEALTH_H
#define TENON_CORE_HEALTH_H

#include <stdbool.h>

#include "base/counter.h"
#include "base/histogram.h"
#include "base/log.h"
#include "tenon/plugin/secure.h"

/* A server writes at most TENON_LOG_LINES log lines in each window; further ones are counted. */
#define TENON_LOG_LINES 5
#define TENON_LOG_WINDOW_MS 10000

/* This many exchanges in a row that the server refuses make it refusing. */
#define TENON_REFUSALS_MAX 3

/*
 * State, last error and address of a server. Readers always get all fields of the same moment.
 * The fields are explained at struct tenon_health.
 */
struct tenon__health_view {
	uint32_t state; /* enum tenon_server_state */
	uint32_t failures;
	int64_t state_at_ms;
	int64_t retry_at_ms;
	int64_t error_at_ms;
	int32_t error_status;
	int32_t error_sys_errno;
	char error_text[TENON_HEALTH_TEXT_BYTES];
	char address[TENON_HEALTH_ADDRESS_BYTES];
	/* the last error of a noreply request; see struct tenon_noreply_health */
	int64_t noreply_at_ms;
	int32_t noreply_status;
	uint32_t reserved;
	char noreply_text[TENON_HEALTH_TEXT_BYTES];
	/* of the last session; see struct tenon_secure_health */
	int64_t certificate_ends_s;
	char protocol[TENON_HEALTH_PROTOCOL_BYTES];
	char cipher[TENON_HEALTH_CIPHER_BYTES];
};

#define TENON_HEALTH_WORDS (sizeof(struct tenon__health_view) / sizeof(uint64_t))

struct tenon__health {
	/* written in every operation */
	struct tenon__tally tally;
	tenon__counter sent_bytes, received_bytes;
	tenon__counter sum_ns, max_ns;
	tenon__counter *times; /* latencies: TENON_HISTOGRAM_BUCKETS; the engine's */

	/* written rarely */
	tenon__counter connects, reconnects, retries, hops;
	tenon__counter failed, timeouts;
	tenon__counter noreply_errors;
	tenon__counter sessions, resumptions;
	tenon__counter handshake_ns, handshake_max_ns, handshake_sum_ns;
	tenon__counter sequence; /* odd while words are written */
	tenon__counter words[TENON_HEALTH_WORDS]; /* the published copy of view */

	/* only for the writer */
	const struct tenon__log *log;
	const char *name; /* alias of the server, or its address */
	struct tenon__health_view view;
	const int64_t *answered_ns; /* the connection's: time of the last answer; 0: none */
	bool was_connected;    /* at least once, so the next connect is a reconnect */
	bool has_answered;     /* the server gave a proper answer before the last reset */
	uint32_t refusals;     /* exchanges in a row in which the server refused every request */
	bool unsettled;        /* the server is not up, or its log line about being up is still due */
	uint32_t failures;     /* failures or refusals since the server was up */
	uint32_t told;         /* the state in the last log line: enum tenon_server_state */
	uint32_t log_lines;    /* lines in the current window */
	int64_t log_window_at_ms; /* beginning of the current window */
	uint64_t log_left_out; /* lines that were left out since the last line */
};

/* The failure of an exchange with a server. */
struct tenon__health_failure {
	int status;          /* enum tenon_status */
	int sys_errno;       /* or 0 */
	const char *text;    /* one sentence */
	uint32_t state;      /* the policy's state; TENON_SERVER_FAILING if the policy says up */
	int64_t retry_at_ms; /* the time when the server is tried again; 0: unknown */
	int64_t now_ms;
};

/*
 * Set up the health of a server. *health is zeroed before, except for times.
 * Owns: log, name and answered_ns are not copied and have to live as long as *health. address is
 *       copied.
 */
void tenon__health_init(struct tenon__health *health,
			const struct tenon__log *log, const char *name,
			const char *address, const int64_t *answered_ns);

/*
 * Set the address of a server that has moved. Counters stay. The server is up, and the last error
 * is forgotten, because it was one of the old address.
 */
void tenon__health_moved(struct tenon__health *health, const char *address,
			 int64_t now_ms);

/*
 * In a forked child: publish the view again, because the fork may have interrupted a writer in the
 * parent. Threads: the writer.
 */
void tenon__health_forked(struct tenon__health *health);

/* Count a connection that was made. */
static inline void tenon__health_connected(struct tenon__health *health)
{
	tenon__count(&health->reconnects, health->was_connected);
	tenon__count(&health->connects, 1);
	health->was_connected = true;
}

/* Record a session whose handshake is complete and took ns nanoseconds. */
void tenon__health_secured(struct tenon__health *health,
			   const struct tenon_secure_facts *facts, int64_t ns);

/* Count one complete answer of the server, which took ns nanoseconds. */
static inline void tenon__health_time(struct tenon__health *health, int64_t ns)
{
	uint64_t took_ns = ns > 0 ? (uint64_t)ns : 0;


	tenon__count(&health->times[tenon__histogram_bucket(took_ns)], 1);
	tenon__count(&health->sum_ns, took_ns);
	if (took_ns > atomic_load_explicit(&health->max_ns,
					   memory_order_relaxed)) {
		atomic_store_explicit(&health->max_ns, took_ns,
				      memory_order_relaxed);
	}
}

/* Record that an exchange failed, and log a change of the state. */
void tenon__health_failed(struct tenon__health *health,
			  const struct tenon__health_failure *failure);

/* Record a proper answer: the server does not refuse every request. */
static inline void tenon__health_accepted(struct tenon__health *health)
{
	health->refusals = 0;
}

/* Record an answer of an unsettled server. state is the new state by the failover policy. */
void tenon__health_recovered(struct tenon__health *health, uint32_t state,
			     int64_t now_ms);

/*
 * Record `count` failures of other clients' exchanges, of which this is the last one. They are
 * not counted as failed operations of this client. The client that saw a failure has logged it.
 */
void tenon__health_heard_failure(struct tenon__health *health,
				 const struct tenon__health_failure *failure,
				 uint32_t count);

/* Record that another client got an answer. state is the new state by the failover policy. */
void tenon__health_heard_recovery(struct tenon__health *health, uint32_t state,
				  int64_t now_ms);

/*
 * Record an exchange in which the server answered and refused every request with an error line
 * (not counting ERROR to a command that some servers do not know).
 * The server is refusing when it has never given this client a proper answer, or after
 * TENON_REFUSALS_MAX such exchanges in a row. Also for a connection that the server refuses with
 * a line.
 * Shape:   text is the error line of the server, with a NUL and without the line end. status is
 *          TENON_ECLIENT, TENON_ESERVER or TENON_EUNKNOWN.
 * Returns: true when the server is refusing now.
 */
bool tenon__health_refused(struct tenon__health *health, int status,
			   const char *text, int64_t now_ms);

/*
 * Record an error line that answers a noreply request. The line has no line end and no NUL.
 * Shape: status is TENON_ECLIENT, TENON_ESERVER or TENON_EUNKNOWN.
 */
void tenon__health_noreply_error(struct tenon__health *health, int status,
				 const char *line, size_t len, int64_t now_ms);

/*
 * Read state, last error, counters and latencies. The state is probing for a server that is
 * down and whose retry time has passed. In a child that was forked while the client wrote its
 * view, state and last error may not belong together, until the child uses the client.
 * Threads: any.
 */
void tenon__health_read(const struct tenon__health *health, int64_t now_ms,
			struct tenon_health *out);

/* Set counters and latencies to 0. State and last error stay. Threads: the writer. */
void tenon__health_reset(struct tenon__health *health);

/* Write one log line about the server, or count the line as left out when the limit is reached. */
void tenon__health_log(struct tenon__health *health, int level, int64_t now_ms,
		       const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
