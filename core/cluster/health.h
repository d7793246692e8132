/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How one server of one client does. The client's thread is the only writer; any
 * thread may read. So counters are atomics that are loaded and stored, never
 * exchanged: that costs what plain ones cost. What belongs together is published
 * under a sequence number.
 */
#ifndef TENON_CORE_HEALTH_H
#define TENON_CORE_HEALTH_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/histogram.h"
#include "base/log.h"

/* A server's log lines: so many within so long, the others are counted. */
#define TENON_LOG_LINES 5
#define TENON_LOG_WINDOW_MS 10000

/* Where the keys of a status are counted: those without answer in the upper half. */
#define TENON_HEALTH_OUTCOMES (2 * TENON_HEALTH_ERRORS)
#define TENON_HEALTH_OUTCOME(status) \
	((unsigned)(TENON_HEALTH_ERRORS - (status)) % TENON_HEALTH_OUTCOMES)

typedef _Atomic uint64_t tenon__counter;

/* What belongs together: published as a whole. */
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
};

#define TENON_HEALTH_WORDS (sizeof(struct tenon__health_view) / sizeof(uint64_t))

struct tenon__health {
	/* every operation */
	tenon__counter hits, misses; /* get family */
	tenon__counter sent_bytes, received_bytes;
	tenon__counter sum_ns, max_ns;
	tenon__counter outcomes[TENON_HEALTH_OUTCOMES]; /* all other keys */
	tenon__counter times[TENON_HISTOGRAM_BUCKETS];

	/* now and then */
	tenon__counter connects, reconnects, retries, hops;
	tenon__counter failed, timeouts;
	tenon__counter sequence; /* odd while words are written */
	tenon__counter words[TENON_HEALTH_WORDS];

	/* the writer's own */
	const struct tenon__log *log;
	const char *name;
	struct tenon__health_view view; /* what words hold */
	bool was_connected;
	bool unsettled;                 /* it failed, or the log has not heard that it is well */
	uint32_t failures;              /* since it was up */
	uint32_t told;                  /* the state that the log knows of */
	uint32_t log_lines;             /* in the window */
	int64_t log_window_at_ms;
	uint64_t log_left_out;          /* lines since the last one */
};

/* How an exchange failed. */
struct tenon__health_failure {
	int status;
	int sys_errno;
	const char *text;    /* one sentence */
	uint32_t state;      /* what the policy makes of it: enum tenon_server_state */
	int64_t retry_at_ms; /* 0: unknown */
	int64_t now_ms;
};

/* health is zeroed. log and name live as long as health. */
void tenon__health_init(struct tenon__health *health,
			const struct tenon__log *log, const char *name,
			const char *address);

/* The server lives elsewhere. */
void tenon__health_moved(struct tenon__health *health, const char *address);

static inline void tenon__count(tenon__counter *counter, uint64_t n)
{
	atomic_store_explicit(
		counter,
		atomic_load_explicit(counter, memory_order_relaxed) + n,
		memory_order_relaxed);
}

static inline void tenon__health_connected(struct tenon__health *health)
{
	tenon__count(&health->reconnects, health->was_connected);
	tenon__count(&health->connects, 1);
	health->was_connected = true;
}

/* A key has this status; of the get family only when it is neither hit nor miss. */
static inline void tenon__health_key(struct tenon__health *health, int status)
{
	tenon__count(&health->outcomes[TENON_HEALTH_OUTCOME(status)], 1);
}

/* The server answered what was asked of it, so long after that. */
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

/* The server failed an exchange. Says so in the log when that is news. */
void tenon__health_failed(struct tenon__health *health,
			  const struct tenon__health_failure *failure);

/* An unsettled server answered; state is what the policy makes of it. */
void tenon__health_recovered(struct tenon__health *health, uint32_t state,
			     int64_t now_ms);

/*
 * Read state, last error, counters and latencies. A server that is down and whose
 * retry time has passed reads as probing.
 * Threads: any.
 */
void tenon__health_read(const struct tenon__health *health, int64_t now_ms,
			struct tenon_health *out);

/* Set counters and latencies to zero; state and last error stay. Threads: the writer. */
void tenon__health_reset(struct tenon__health *health);

/* Say one line about the server, within its limit. */
void tenon__health_log(struct tenon__health *health, int level, int64_t now_ms,
		       const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
