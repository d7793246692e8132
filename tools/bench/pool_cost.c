/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * usage: pool_cost ADDRESS [ROUNDS]
 * Threads get one key from a memcached server with clients that they share, four at
 * most; operations per second for 1 to 40 threads and three ways of sharing them:
 *
 *   pool   tenon_pool_acquire() and _release()
 *   rule   libmc's ClientPool (src/ClientPool.cpp, include/LockPool.h) as it lends
 *          clients: a queue of condition variables under one lock; the first waiter
 *          is woken when a client is put back, and takes it if it is still there
 *   own    a client for each thread, nothing shared: as much as there is to have
 *
 * They take turns, so that whatever else the machine does hits all alike; shown are
 * medians over the rounds, and the CPU time that the process spends on a get.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tenon/pool.h"

#define CLIENTS 4
#define THREADS_MAX 40
#define SLICE_MS 100
#define ROUNDS_MAX 99

static struct tenon_config *config;
static atomic_bool over;

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "pool_cost: %s\n", what);
	exit(1);
}

static struct tenon_client *open_client(void)
{
	struct tenon_client *client;
	struct tenon_error err;

	if (tenon_client_open(config, &client, &err) != 0) {
		die(err.message);
	}
	return client;
}

/* ---- ways of sharing ----------------------------------------------------- */

static struct tenon_pool *pool;

static struct tenon_client *pool_get(unsigned thread)
{
	struct tenon_client *client;
	struct tenon_error err;

	(void)thread;
	if (tenon_pool_acquire(pool, -1, &client, &err) != 0) {
		die(err.message);
	}
	return client;
}

static void pool_put(struct tenon_client *client)
{
	tenon_pool_release(pool, client);
}

struct turn {
	struct turn *next;
	pthread_cond_t called;
	bool mine;
};

static struct {
	pthread_mutex_t lock;
	struct tenon_client *clients[CLIENTS];
	struct tenon_client *idle[CLIENTS];
	size_t idle_count;
	struct turn *first, *last;
	bool closed; /* who comes has to queue */
} rule = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void call_next(void)
{
	struct turn *turn = rule.first;

	if (turn) {
		turn->mine = true;
		pthread_cond_signal(&turn->called);
	} else {
		rule.closed = false;
	}
}

static struct tenon_client *rule_get(unsigned thread)
{
	struct turn turn = { .called = PTHREAD_COND_INITIALIZER };

	(void)thread;
	pthread_mutex_lock(&rule.lock);
	if (rule.closed) {
		*(rule.first ? &rule.last->next : &rule.first) = &turn;
		rule.last = &turn;
		while (!turn.mine) {
			pthread_cond_wait(&turn.called, &rule.lock);
		}
		rule.first = turn.next;
	} else {
		rule.closed = true;
	}
	struct tenon_client *client = rule.idle[--rule.idle_count];
	if (rule.idle_count > 0) {
		call_next();
	}
	pthread_mutex_unlock(&rule.lock);
	return client;
}

static void rule_put(struct tenon_client *client)
{
	pthread_mutex_lock(&rule.lock);
	rule.idle[rule.idle_count++] = client;
	if (rule.idle_count == 1) {
		call_next();
	}
	pthread_mutex_unlock(&rule.lock);
}

static struct tenon_client *own[THREADS_MAX];

static struct tenon_client *own_get(unsigned thread)
{
	return own[thread];
}

static void own_put(struct tenon_client *client)
{
	(void)client;
}

static const struct way {
	const char *name;
	struct tenon_client *(*get)(unsigned thread);
	void (*put)(struct tenon_client *client);
} ways[] = {
	{ "pool", pool_get, pool_put },
	{ "rule", rule_get, rule_put },
	{ "own", own_get, own_put },
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
	static const struct tenon_slice key = TENON_LITERAL("pool_cost");
	struct worker *worker = payload;

	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		struct tenon_client *client = worker->way->get(worker->number);
		struct tenon_result result;
		struct tenon_error err;

		if (tenon_get(client, key, &result, &err) != 0) {
			die(err.message);
		}
		worker->way->put(client);
		worker->done++;
	}
	return NULL;
}

struct measured {
	double rate;   /* gets per second */
	double cpu_us; /* of a get */
};

static double cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static struct measured measure(const struct way *way, unsigned threads)
{
	static struct worker workers[THREADS_MAX];
	const struct timespec slice = { .tv_nsec = SLICE_MS * 1000000L };
	double begin_us = cpu_us();
	size_t done = 0;

	atomic_store(&over, false);
	for (unsigned i = 0; i < threads; i++) {
		workers[i] = (struct worker){ .way = way, .number = i };
		if (pthread_create(&workers[i].thread, NULL, work,
				   &workers[i]) != 0) {
			die("no thread");
		}
	}
	nanosleep(&slice, NULL);
	atomic_store(&over, true);
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(workers[i].thread, NULL);
		done += workers[i].done;
	}
	return (struct measured){
		.rate = (double)done * 1000 / SLICE_MS,
		.cpu_us = (cpu_us() - begin_us) / (double)(done ? done : 1),
	};
}

static int by_size(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static double median(double *values, unsigned count)
{
	qsort(values, count, sizeof(*values), by_size);
	return values[count / 2];
}

static void run(unsigned threads, unsigned rounds)
{
	static double rates[WAYS][ROUNDS_MAX], spent_us[WAYS][ROUNDS_MAX];

	for (unsigned round = 0; round < rounds; round++) {
		for (size_t i = 0; i < WAYS; i++) {
			size_t way = (i + round) % WAYS;
			struct measured one = measure(&ways[way], threads);

			rates[way][round] = one.rate;
			spent_us[way][round] = one.cpu_us;
		}
	}
	printf("| %u |", threads);
	for (size_t i = 0; i < WAYS; i++) {
		printf(" %.0f / %.1f |", median(rates[i], rounds),
		       median(spent_us[i], rounds));
	}
	printf("\n");
}

/* ---- main ---------------------------------------------------------------- */

int main(int argc, char **argv)
{
	static const unsigned counts[] = { 1, 2, 4, 8, 40 };
	const struct tenon_pool_limits limits = { 1, CLIENTS, CLIENTS };
	unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 11;
	struct tenon_error err = { 0 };

	if (argc < 2 || rounds < 1 || rounds > ROUNDS_MAX) {
		die("usage: pool_cost ADDRESS [ROUNDS], 1 to 99 rounds");
	}
	if (tenon_config_create(&config, &err) != 0 ||
	    tenon_config_add_server(config, argv[1], NULL, 1, &err) != 0 ||
	    tenon_config_set(config, "poll_timeout", "60s", &err) != 0 ||
	    tenon_config_set(config, "connect_timeout", "10s", &err) != 0 ||
	    tenon_pool_open(config, &limits, &pool, &err) != 0) {
		die(err.message);
	}
	for (size_t i = 0; i < CLIENTS; i++) {
		rule.clients[i] = rule.idle[i] = open_client();
	}
	rule.idle_count = CLIENTS;
	for (size_t i = 0; i < THREADS_MAX; i++) {
		own[i] = open_client();
	}
	printf("| threads | pool: gets/s / CPU us | rule | own |\n"
	       "|---:|---:|---:|---:|\n");
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		run(counts[i], (unsigned)rounds);
	}
	for (size_t i = 0; i < CLIENTS; i++) {
		tenon_client_close(rule.clients[i]);
	}
	for (size_t i = 0; i < THREADS_MAX; i++) {
		tenon_client_close(own[i]);
	}
	tenon_pool_close(pool);
	tenon_config_destroy(config);
	return 0;
}
