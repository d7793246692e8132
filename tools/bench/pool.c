/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The mode `pool`. Threads get one key in one of two ways: they share at most four clients of a
 * client pool, by tenon_pool_acquire() and tenon_pool_release(); or each thread has a client of
 * its own, the best case. The two ways take turns, so that other work on the machine affects both
 * alike.
 */
#include "tenon/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench_client.h"
#include "quartiles.h"
#include "run.h"
#include "table.h"

#define CLIENTS 4
#define THREADS_MAX 40

static const unsigned thread_counts[] = { 1, 2, 4, 8, THREADS_MAX };
#define SIZES (sizeof(thread_counts) / sizeof(thread_counts[0]))

static struct tenon_pool *pool;
static struct tenon_client *own[THREADS_MAX];
static atomic_bool is_over;

/* ---- ways of sharing ----------------------------------------------------- */

static struct tenon_client *pool_acquire(unsigned thread)
{
	struct tenon_client *client;
	struct tenon_error err;

	(void)thread;
	if (tenon_pool_acquire(pool, -1, &client, &err) != 0) {
		fail("%s", err.message);
	}
	return client;
}

static void pool_release(struct tenon_client *client)
{
	tenon_pool_release(pool, client);
}

static struct tenon_client *own_acquire(unsigned thread)
{
	return own[thread];
}

static void own_release(struct tenon_client *client)
{
	(void)client;
}

static const struct way {
	const char *name;
	struct tenon_client *(*acquire)(unsigned thread);
	void (*release)(struct tenon_client *client);
} ways[] = {
	{ "pool", pool_acquire, pool_release },
	{ "own", own_acquire, own_release },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* ---- threads ------------------------------------------------------------- */

struct worker {
	pthread_t thread;
	const struct way *way;
	unsigned number;
	size_t done;
};

static void *work(void *payload)
{
	static const struct tenon_slice key = TENON_LITERAL("tenon:pool");
	struct worker *worker = payload;

	while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
		struct tenon_client *client =
			worker->way->acquire(worker->number);
		struct tenon_result result;
		struct tenon_error err;

		if (tenon_get(client, key, &result, &err) != 0) {
			fail("%s", err.message);
		}
		worker->way->release(client);
		worker->done++;
	}
	return NULL;
}

static size_t run_threads(const struct way *way, unsigned threads,
			  unsigned slice_ms)
{
	static struct worker workers[THREADS_MAX];
	const struct timespec slice = {
		.tv_sec = (time_t)(slice_ms / 1000),
		.tv_nsec = (long)(slice_ms % 1000) * 1000000L
	};
	size_t done = 0;

	atomic_store(&is_over, false);
	for (unsigned i = 0; i < threads; i++) {
		workers[i] = (struct worker){ .way = way, .number = i };
		if (pthread_create(&workers[i].thread, NULL, work,
				   &workers[i]) != 0) {
			fail("a thread cannot be started");
		}
	}
	nanosleep(&slice, NULL);
	atomic_store(&is_over, true);
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(workers[i].thread, NULL);
		done += workers[i].done;
	}
	return done;
}

/* ---- the mode ------------------------------------------------------------ */

static void open_clients(const struct servers *servers)
{
	const struct tenon_pool_limits limits = { 1, CLIENTS, CLIENTS };
	struct tenon_error err;
	struct tenon_config *config = config_open(servers->addresses, 1, &err);

	if (!config || tenon_pool_open(config, &limits, &pool, &err) != 0) {
		fail("%s", err.message);
	}
	for (size_t i = 0; i < THREADS_MAX; i++) {
		if (tenon_client_open(config, &own[i], &err) != 0) {
			fail("%s", err.message);
		}
	}
	tenon_config_destroy(config);
}

static void close_clients(void)
{
	for (size_t i = 0; i < THREADS_MAX; i++) {
		tenon_client_close(own[i]);
	}
	tenon_pool_close(pool);
}

/* The results of all rounds of one way. */
struct samples {
	double *rates; /* gets per second */
	double *cpu_us; /* CPU time of a get */
};

static void run_round(struct samples *samples, const struct settings *settings,
		      const struct way *way, unsigned threads, unsigned round)
{
	int64_t wall_ns = clock_wall_ns();
	int64_t cpu_ns = clock_cpu_ns();
	size_t done = run_threads(way, threads, settings->slice_ms);

	cpu_ns = clock_cpu_ns() - cpu_ns;
	wall_ns = clock_wall_ns() - wall_ns;
	samples->rates[round] = (double)done * 1e9 / (double)wall_ns;
	samples->cpu_us[round] =
		(double)cpu_ns / 1e3 / (double)(done > 0 ? done : 1);
}

static void measure(struct table *table, const struct settings *settings,
		    unsigned threads)
{
	struct samples samples[WAYS];

	for (size_t i = 0; i < WAYS; i++) {
		samples[i].rates = alloc_array(settings->rounds, sizeof(double));
		samples[i].cpu_us =
			alloc_array(settings->rounds, sizeof(double));
	}
	for (unsigned round = 0; round < settings->rounds; round++) {
		for (size_t i = 0; i < WAYS; i++) {
			size_t at = (i + round) % WAYS;

			run_round(&samples[at], settings, &ways[at], threads,
				  round);
		}
	}
	for (size_t i = 0; i < WAYS; i++) {
		table_number(table, threads);
		table_text(table, ways[i].name);
		table_number(table,
			     quartiles_of(samples[i].rates, settings->rounds)
				     .median);
		table_number(table,
			     quartiles_of(samples[i].cpu_us, settings->rounds)
				     .median);
		free(samples[i].rates);
		free(samples[i].cpu_us);
	}
}

int run_pool(const struct settings *settings)
{
	static const struct column columns[] = {
		{ "threads", "threads", COLUMN_COUNT },
		{ "clients", "clients", COLUMN_TEXT },
		{ "gets_per_s", "gets/s", 0 },
		{ "cpu_us", "CPU us", 1 },
		{ NULL, NULL, 0 },
	};
	struct servers servers;
	struct table table;

	servers_init(&servers, settings);
	open_clients(&servers);
	table_begin(&table, settings, "pool", columns);
	for (size_t i = 0; i < SIZES; i++) {
		char *name = alloc_format("threads-%u", thread_counts[i]);

		if (is_selected(settings->cases, name)) {
			measure(&table, settings, thread_counts[i]);
		}
		free(name);
	}
	table_end(&table);
	close_clients();
	servers_stop(&servers);
	return EXIT_SUCCESS;
}
