/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the chaos program, and what its threads share. */
#ifndef TENON_TESTS_CHAOS_H
#define TENON_TESTS_CHAOS_H

#include <pthread.h>
#include <stdatomic.h>

#include "chaos/chaos_model.h"
#include "fakes/memcached.h"
#include "tenon/pool.h"

#define CHAOS_SERVERS_MAX 24
#define CHAOS_SPARES 2 /* places that no alias lives at, to move to */
#define CHAOS_GUTTERS 2 /* and those of the spare pool: they do not move */
#define CHAOS_WORKERS_MAX 32
#define CHAOS_KEYS 40 /* of each worker */
#define CHAOS_COUNTERS 4
#define CHAOS_KEY_BYTES 24

/* What a worker's calls may take, and what is given them beyond. */
#define CHAOS_POLL_MS 250
#define CHAOS_CONNECT_MS 80
#define CHAOS_RETRY_MS 300
#define CHAOS_LATE_MS (CHAOS_POLL_MS + 20 + CHAOS_POLL_MS / 10)
/* Values above this are split. */
#define CHAOS_CHUNK_BYTES 20000

enum chaos_phase {
	CHAOS_STORM = 0,
	CHAOS_AFTER = 1, /* every server is well: show that everything works */
	CHAOS_END = 2
};

/* ---- servers: chaos_gremlin.c ------------------------------------------- */

struct chaos_servers {
	/* places: first of the servers, then the spare ones, then the pool's */
	size_t server_count, place_count;
	char addresses[CHAOS_PLACES_MAX][128]; /* by place; they never change */
	struct memcached processes[CHAOS_PLACES_MAX]; /* the gremlin's */
	atomic_ushort generations[CHAOS_PLACES_MAX]; /* as in model_window */
	/* where each alias lives, guarded by lock; changed: how often it was */
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

/* Start a process at every place; false: it does not start. */
bool chaos_servers_start(size_t server_count);
void chaos_servers_stop(void);

/* Do harm once, or heal what is due; to be called again and again, by one thread. */
void chaos_gremlin_step(uint64_t *random);

/* Heal everything. */
void chaos_gremlin_heal(void);

/* ---- workers: chaos_worker.c -------------------------------------------- */

enum chaos_violation {
	CHAOS_WRONG = 0,   /* a value that was never written to its key */
	CHAOS_LOST = 1,    /* an acknowledged write is gone */
	CHAOS_STALE = 2,   /* a value, or a number, that had been replaced */
	CHAOS_STATUS = 3,  /* an outcome that none of the faults explains */
	CHAOS_LATE = 4,    /* a call beyond its deadline */
	CHAOS_BROKEN = 5,  /* does not work after the storm */
	CHAOS_VIOLATIONS = 6
};

struct chaos_counts {
	uint64_t calls, keys;       /* run */
	uint64_t answered, failed;  /* keys */
	uint64_t values, judged;    /* read whole; compared with what was acknowledged */
	uint64_t misses, split;     /* of values: that were split */
	uint64_t numbers;           /* of incr, compared */
	uint64_t cuts, losses, delays; /* by the fault decorator */
	uint64_t moves;             /* update_servers that were done */
	uint64_t statuses[32];      /* keys that failed, by -status */
	uint64_t violations[CHAOS_VIOLATIONS];
	int64_t late_ns, net_late_ns; /* the worst, beyond CHAOS_LATE_MS; without stalls */
};

struct chaos_worker {
	pthread_t thread;
	bool running;
	uint32_t number;
	const char *transport, *policy;
	uint64_t random;
	struct tenon_pool *pool;     /* NULL: the client is the worker's own */
	struct tenon_client *client; /* borrowed for each deed where there is a pool */

	size_t server_count; /* of this client: with a spare pool, or not */
	uint32_t places[CHAOS_SERVERS_MAX + CHAOS_GUTTERS]; /* where they live for it */
	unsigned seen;                      /* chaos_servers.changed, then */
	atomic_uint moved;                  /* the same, for the gremlin */
	uint64_t disturbed; /* how often anything happened that can cost a chunk */
	struct model_window window;
	bool lost; /* a reply, in the last call: its request may have been sent twice */
	int64_t begin_ns;
	int stall_fd;       /* /proc: how long the thread waited for a processor */
	uint64_t stalled_ns; /* when the call began */

	struct model_key keys[CHAOS_KEYS];
	struct model_count counters[CHAOS_COUNTERS][CHAOS_PLACES_MAX];
	struct chaos_counts counts;
	char complaint[400]; /* of the first violation */
	atomic_bool works;   /* after the storm */
	uint64_t attempts;   /* to show that it does */
	char trouble[400];   /* what came of the last one */
};

/* How much later still than CHAOS_LATE_MS, without stalls, is a violation. */
extern int64_t chaos_patience_ms;

extern struct chaos_worker *chaos_workers;
extern size_t chaos_worker_count;

/* Open the worker's client, or a pool of so many. err says why not. */
int chaos_worker_open(struct chaos_worker *worker, uint32_t pool_size,
		      struct tenon_error *err);
void *chaos_worker_run(void *payload);

/* Did every worker take the server list that is the newest? */
bool chaos_workers_follow(void);

int64_t chaos_now_ns(void);

/* How late a thread that only sleeps was woken, summed over a time. */
int64_t chaos_stalls_ns(int64_t begin_ns, int64_t end_ns);

#endif
