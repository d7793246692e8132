/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the chaos program, and the data that its threads share. */
#ifndef TENON_TESTS_CHAOS_H
#define TENON_TESTS_CHAOS_H

#include <pthread.h>
#include <stdatomic.h>

#include "chaos/chaos_model.h"
#include "fakes/memcached.h"
#include "tenon/pool.h"

#define CHAOS_SERVERS_MAX 24
#define CHAOS_SPARES 2 /* further places, free at first, for aliases to move to */
#define CHAOS_GUTTERS 2 /* places of the spare pool's servers, which do not move */
#define CHAOS_WORKERS_MAX 32
#define CHAOS_KEYS 40 /* number of keys of each worker */
#define CHAOS_COUNTERS 4
#define CHAOS_KEY_BYTES 24

/* The time-outs of the clients; a call that ends later than CHAOS_LATE_MS is late. */
#define CHAOS_POLL_MS 250
#define CHAOS_CONNECT_MS 80
#define CHAOS_RETRY_MS 300
#define CHAOS_LATE_MS (CHAOS_POLL_MS + 20 + CHAOS_POLL_MS / 10)
/* Values above this are split. */
#define CHAOS_CHUNK_BYTES 20000

enum chaos_phase {
	CHAOS_STORM = 0,
	CHAOS_AFTER = 1, /* every server works: each worker shows that its client works */
	CHAOS_END = 2
};

/* ---- servers: chaos_gremlin.c ------------------------------------------- */

struct chaos_servers {
	/*
	 * places: first those of the servers, then the free ones, then those of the
	 * spare pool
	 */
	size_t server_count, place_count;
	char addresses[CHAOS_PLACES_MAX][128]; /* by place; fixed */
	struct memcached processes[CHAOS_PLACES_MAX]; /* used by the gremlin's thread only */
	atomic_ushort generations[CHAOS_PLACES_MAX]; /* as in model_window */
	/* the place of each alias, and the number of changes of this table; under lock */
	pthread_mutex_t lock;
	uint32_t places[CHAOS_SERVERS_MAX];
	atomic_uint changed;
	atomic_int phase;
};

struct chaos_deeds {
	uint64_t kills, stops, restarts, moves;
};

extern struct chaos_servers chaos_servers;
extern struct chaos_deeds chaos_deeds;

/* Start a process at every place. Return false when one does not start. */
bool chaos_servers_start(size_t server_count);
void chaos_servers_stop(void);

/*
 * Do one harmful deed, or repair a place that is due. One thread calls this again and
 * again.
 */
void chaos_gremlin_step(uint64_t *random);

/* Repair every place. */
void chaos_gremlin_heal(void);

/* ---- workers: chaos_worker.c -------------------------------------------- */

enum chaos_violation {
	CHAOS_WRONG = 0,   /* a value that was never written to its key */
	CHAOS_LOST = 1,    /* an acknowledged write is missing */
	CHAOS_STALE = 2,   /* a value or a number that had been replaced */
	CHAOS_STATUS = 3,  /* a status that no fault explains */
	CHAOS_LATE = 4,    /* a call that ended after its deadline */
	CHAOS_BROKEN = 5,  /* the client does not work after the storm */
	CHAOS_VIOLATIONS = 6
};

struct chaos_counts {
	uint64_t calls, keys;       /* calls and keys that were run */
	uint64_t answered, failed;  /* keys with an answer, and without */
	/* values read; values compared with acknowledged writes */
	uint64_t values, judged;
	uint64_t misses, split;     /* misses; values that were split */
	uint64_t numbers;           /* results of incr that were compared */
	uint64_t cuts, losses, delays; /* faults of the fault decorator */
	uint64_t moves;             /* calls of update_servers */
	uint64_t statuses[32];      /* keys that failed, by -status */
	uint64_t violations[CHAOS_VIOLATIONS];
	/* the longest lateness beyond CHAOS_LATE_MS; the same without stalls */
	int64_t late_ns, net_late_ns;
};

struct chaos_worker {
	pthread_t thread;
	bool running;
	uint32_t number;
	const char *transport, *policy;
	uint64_t random;
	struct tenon_pool *pool;     /* NULL: the worker has its own client */
	struct tenon_client *client; /* with a pool: borrowed for each deed */

	size_t server_count; /* of this client, with its spare servers */
	/* the client's view of the servers' places */
	uint32_t places[CHAOS_SERVERS_MAX + CHAOS_GUTTERS];
	unsigned seen;                      /* chaos_servers.changed when places was copied */
	atomic_uint moved;                  /* the same, read by the gremlin's thread */
	uint64_t disturbed; /* number of events that can cost a chunk */
	struct model_window window;
	/* a reply was lost in the last call, so a request may have been sent twice */
	bool lost;
	int64_t begin_ns;
	/* /proc file with the time that the thread waited for a processor */
	int stall_fd;
	uint64_t stalled_ns; /* value of stall_fd when the call began */

	struct model_key keys[CHAOS_KEYS];
	struct model_count counters[CHAOS_COUNTERS][CHAOS_PLACES_MAX];
	struct chaos_counts counts;
	char complaint[400]; /* message of the first violation */
	atomic_bool works;   /* has shown after the storm that the client works */
	uint64_t attempts;   /* number of attempts to show that */
	char trouble[400];   /* result of the last attempt */
};

/*
 * A call may end this much later than CHAOS_LATE_MS, without stalls, before it is a
 * violation.
 */
extern int64_t chaos_patience_ms;

extern struct chaos_worker *chaos_workers;
extern size_t chaos_worker_count;

/*
 * Open the worker's client, or a client pool of pool_size clients. On failure err has
 * the reason.
 */
int chaos_worker_open(struct chaos_worker *worker, uint32_t pool_size,
		      struct tenon_error *err);
void *chaos_worker_run(void *payload);

/* Return true when every worker has taken over the newest server list. */
bool chaos_workers_follow(void);

int64_t chaos_now_ns(void);

/* Return the time by which a sleeping thread was woken late, summed over the interval. */
int64_t chaos_stalls_ns(int64_t begin_ns, int64_t end_ns);

#endif
