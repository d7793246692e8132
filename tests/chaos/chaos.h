/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the chaos program, and the data that its threads share. */
#ifndef TENON_TESTS_CHAOS_H
#define TENON_TESTS_CHAOS_H

#include <pthread.h>
#include <stdatomic.h>

#include "chaos/chaos_model.h"
#include "fakes/fault.h"
#include "fakes/memcached.h"
#include "fakes/proxy.h"
#include "tenon/pool.h"

#define CHAOS_SERVERS_MAX 24
#define CHAOS_SPARES 2 /* further places, free at first, for aliases to move to */
#define CHAOS_GUTTERS 2 /* places of the spare pool's servers, which do not move */
#define CHAOS_WORKERS_MAX 32
#define CHAOS_KEYS 40 /* number of keys of each worker */
#define CHAOS_COUNTERS 4
/* The connections of a server whose connections can be used up; as memcached's -c. */
#define CHAOS_CONNECTION_LIMIT "120"
/* TENON_ELOCAL: the reason is a limit of this process or this host. */
#define CHAOS_ELOCAL (-22)
/* After a server is well again, a client may take it for unwell for this long. */
#define CHAOS_RECOVER_MS 4000
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

/* ---- gremlins: chaos_gremlin.c ------------------------------------------- */

enum chaos_gremlin {
	CHAOS_KILL = 0,        /* kills a server and restarts it, empty */
	CHAOS_STOP = 1,        /* stops a server for a while */
	CHAOS_MOVE = 2,        /* moves an alias to another place */
	CHAOS_FAULTS = 3,      /* the fault decorator of each worker's client */
	CHAOS_LIMITS = 4,      /* this process gets no socket, or no local port */
	CHAOS_IDLE = 5,        /* a proxy cuts connections that are idle */
	CHAOS_STRAYS = 6,      /* a proxy sends bytes that nobody asked for */
	CHAOS_BACKLOG = 7,     /* a proxy accepts nothing, and its backlog is full */
	CHAOS_BUSY = 8,        /* the same for a moment, on UNIX sockets */
	CHAOS_ADDRESSES = 9,   /* a name has a dead address beside the live one */
	CHAOS_CONNECTIONS = 10, /* a server's connections are used up */
	CHAOS_CLOCK = 11,      /* the clock of the core jumps forward */
	CHAOS_GREMLINS = 12
};

struct chaos_deed {
	enum chaos_gremlin gremlin;
	/* chooses among the places, and among the ways, that the gremlin has */
	uint32_t place, how;
	int64_t length_ms; /* time until the deed is undone */
	int64_t pause_ms;  /* time until the next deed */
};

/* The gremlins of this run: one bit for each. */
extern unsigned chaos_gremlins;

static inline bool chaos_has(enum chaos_gremlin gremlin)
{
	return (chaos_gremlins >> gremlin & 1) != 0;
}

/*
 * Read a list of names with commas between them; "all" is every gremlin. Returns false
 * when a name is unknown.
 */
bool chaos_gremlins_read(const char *list);

const char *chaos_gremlin_name(enum chaos_gremlin gremlin);

/* Draw the next deed of the plan. The plan follows from the seed and the gremlins only. */
void chaos_plan_next(uint64_t *random, struct chaos_deed *deed);

/*
 * Undo the deeds that are due, and do the next deed when its time has come. One thread
 * calls this again and again.
 */
void chaos_gremlin_step(uint64_t *random);

/* Undo every deed. */
void chaos_gremlin_heal(void);

struct chaos_deeds {
	uint64_t kills, stops, restarts, moves;
	uint64_t limits, idle_cuts, strays, backlogs, busy, address_changes,
		connection_limits, clock_jumps;
	uint64_t cut_connections, stray_connections;
};

extern struct chaos_deeds chaos_deeds;

/* ---- servers: chaos_place.c ---------------------------------------------- */

struct chaos_servers {
	/*
	 * places: first those of the servers, then the free ones, then those of the
	 * spare pool
	 */
	size_t server_count, place_count;
	char addresses[CHAOS_PLACES_MAX][128]; /* by place; fixed */
	/* The gremlin's thread only uses the next two. A place without a proxy has NULL. */
	struct memcached processes[CHAOS_PLACES_MAX];
	struct proxy *proxies[CHAOS_PLACES_MAX];
	atomic_ushort generations[CHAOS_PLACES_MAX]; /* as in model_window */
	/*
	 * Until this time clients may rightly take the server of a place for unwell.
	 * INT64_MAX: the server is unwell now.
	 */
	atomic_llong hurt_until_ns[CHAOS_PLACES_MAX];
	/* until then, a connection may be cut and the client not told; stray bytes may wait */
	atomic_llong untold_until_ns[CHAOS_PLACES_MAX];
	atomic_llong stray_until_ns[CHAOS_PLACES_MAX];
	/* the place of each alias, and the number of changes of this table; under lock */
	pthread_mutex_t lock;
	uint32_t places[CHAOS_SERVERS_MAX];
	atomic_uint changed;
	atomic_int phase;
};

extern struct chaos_servers chaos_servers;

/* The folder of the certificates; NULL: no server speaks TLS. */
extern const char *chaos_tls_folder;

/* Return true when the server of a place speaks TLS. An alias keeps to places of one kind. */
bool chaos_has_tls(uint32_t place);

/* Start a process, and a proxy where one is needed, at every place. */
bool chaos_servers_start(size_t server_count);
void chaos_servers_stop(void);

/* Wait until the proxies have closed the connections that the clients have closed. */
void chaos_proxies_rest(void);

/*
 * Record that the server of a place is unwell from now on; that it is well again from now
 * on.
 */
void chaos_place_hurt(uint32_t place);
void chaos_place_unhurt(uint32_t place);

/* Return true when no server was unwell lately, so that no client may take one for dead. */
bool chaos_places_well(void);

/* The machine stood still: clients may rightly take any server for unwell. */
void chaos_places_doubt(void);

/* Return true when no connection of the place is cut without its client being told. */
bool chaos_place_told(uint32_t place);

/*
 * The gate. A call of a worker is inside. While the gate is closed, no call runs, so
 * every connection is idle.
 */
void chaos_gate_enter(void);
void chaos_gate_leave(void);
void chaos_gate_close(void);
void chaos_gate_open(void);

/* ---- limits and names: chaos_local.c ------------------------------------- */

/* Take the descriptors below CHAOS_RESERVED, so that the limit can be lowered to it. */
#define CHAOS_RESERVED 64
bool chaos_local_begin(void);

/*
 * From now on a thread that called chaos_local_join() gets no socket or no local port, in
 * one of some ways; end this.
 */
void chaos_limit(uint32_t how);
void chaos_unlimit(void);

/* The calling thread is a worker: the limits act on it. */
void chaos_local_join(void);

/*
 * Give the place a name with the port of this address ("127.0.0.1:port"), and write
 * "name:port" to out. Returns false when the dead addresses cannot be made.
 */
bool chaos_name_make(uint32_t place, const char *address, char *out,
		     size_t bytes);

/* Change the order and the kind of the addresses that the name has. */
void chaos_name_change(uint32_t place, uint32_t how);

/* ---- workers: chaos_worker.c, chaos_call.c -------------------------------------------- */

enum chaos_violation {
	CHAOS_WRONG = 0,   /* a value that was never written to its key */
	CHAOS_LOST = 1,    /* an acknowledged write is missing */
	CHAOS_STALE = 2,   /* a value or a number that had been replaced */
	CHAOS_STATUS = 3,  /* a status that no fault explains */
	CHAOS_LATE = 4,    /* a call that ended after its deadline */
	CHAOS_BROKEN = 5,  /* the client does not work after the storm */
	/* a server was taken for unwell and only this process or one connection was */
	CHAOS_BLAMED = 6,
	CHAOS_UNSENT = 7,  /* a noreply request was reported as sent and cannot have been */
	CHAOS_VIOLATIONS = 8
};

struct chaos_counts {
	uint64_t calls, keys;       /* calls and keys that were run */
	uint64_t answered, failed;  /* keys with an answer, and without */
	/* values read; values compared with acknowledged writes */
	uint64_t values, judged;
	uint64_t misses, split;     /* misses; values that were split */
	uint64_t numbers;           /* results of incr that were compared */
	uint64_t calm;              /* keys for which every server was well */
	uint64_t doubts;            /* failures while the machine stood still */
	uint64_t sent;              /* noreply requests that were looked for at once */
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
	struct fault fault;          /* of its own client; not used with a pool */

	size_t server_count; /* of this client, with its spare servers */
	/* the client's view of the servers' places */
	uint32_t places[CHAOS_SERVERS_MAX + CHAOS_GUTTERS];
	unsigned seen;                      /* chaos_servers.changed when places was copied */
	atomic_uint moved;                  /* the same, read by the gremlin's thread */
	uint64_t disturbed; /* number of events that can cost a chunk */
	struct model_window window;
	/* in the last call the client sent requests once more, to this many connections */
	uint64_t repeats;
	uint64_t retries; /* sum of the client's counters when the call began */
	int64_t begin_ns;
	/* /proc file with the time that the thread waited for a processor */
	int stall_fd;
	unsigned gate_depth; /* how often the worker is inside the gate */
	/* until then this client may rightly take servers for unwell */
	int64_t hurt_until_ns;
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

/* The value of `integrity:` in the config of the clients, or NULL. */
extern const char *chaos_integrity;
bool chaos_is_strict(void);

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
