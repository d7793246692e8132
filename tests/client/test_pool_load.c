/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads that share a client pool of real servers while its size, servers and config
 * change.
 */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/memcached.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"
#include "tenon/pool.h"

#define SERVERS 3
#define THREADS 16
#define ROUNDS 150
#define KEYS 8

static struct memcached servers[SERVERS];
static struct tenon_pool *pool;
static struct tenon_config *config;
static struct tenon_error err;
static char lines[SERVERS][160];
static const char *specs[SERVERS];
static atomic_bool over;

static void open_pool(const struct tenon_pool_limits *limits)
{
	ck_assert_int_eq(rig_config(&config, &err), 0);
	ck_assert_int_eq(tenon_config_set(config, "poll_timeout", "60s", &err),
			 0);
	ck_assert_int_eq(tenon_config_set(config, "connect_timeout", "20s",
					  &err), 0);
	for (size_t i = 0; i < SERVERS; i++) {
		char alias[8];

		ck_assert(memcached_start(&servers[i], MEMCACHED_UNIX, NULL));
		snprintf(alias, sizeof(alias), "s%zu", i);
		snprintf(lines[i], sizeof(lines[i]), "%s %s",
			 servers[i].address, alias);
		specs[i] = lines[i];
		ck_assert_int_eq(tenon_config_add_server(config,
							 servers[i].address,
							 alias, 1, &err), 0);
	}
	ck_assert_msg(tenon_pool_open(config, limits, &pool, &err) == 0, "%s",
		      err.message);
}

static void close_pool(void)
{
	struct tenon_pool_counts counts;

	tenon_pool_counts(pool, &counts);
	ck_assert_uint_eq(counts.idle, counts.clients);
	tenon_pool_close(pool);
	tenon_config_destroy(config);
	for (size_t i = 0; i < SERVERS; i++) {
		memcached_stop(&servers[i]);
	}
}

/* The requests of a thread and the values that it has to get. */
struct worker {
	pthread_t thread;
	unsigned number;
	size_t answers;
	char keys[KEYS][32];
	char values[KEYS][32];
	struct tenon_item items[KEYS];
};

static void check_results(const struct tenon_result *results, size_t count,
			  void *payload)
{
	struct worker *worker = payload;

	for (size_t i = 0; i < count; i++) {
		ck_assert_int_eq(results[i].status, TENON_HIT);
		ck_assert(result_value_is(&results[i],
					  worker->items[i].value.data,
					  worker->items[i].value.len));
	}
	worker->answers += count;
}

static void make_items(struct worker *worker, int round)
{
	for (int i = 0; i < KEYS; i++) {
		snprintf(worker->keys[i], sizeof(worker->keys[i]), "%u:%d",
			 worker->number, i);
		snprintf(worker->values[i], sizeof(worker->values[i]),
			 "%u:%d:%d", worker->number, i, round);
		worker->items[i] = item(worker->keys[i], worker->values[i]);
	}
}

static void check_run(const struct tenon_pool_work *some)
{
	struct tenon_error why;

	ck_assert_msg(tenon_pool_run(pool, some, &why) == 0, "%s", why.message);
}

static void *work(void *payload)
{
	struct worker *worker = payload;
	const struct tenon_pool_work set = {
		.verb = TENON_SET,
		.items = worker->items,
		.count = KEYS,
	};
	const struct tenon_pool_work get = {
		.verb = TENON_GET,
		.items = worker->items,
		.count = KEYS,
		.done = check_results,
		.payload = worker,
	};

	for (int round = 0; round < ROUNDS; round++) {
		make_items(worker, round);
		check_run(&set);
		check_run(&get);
		struct tenon_client *client;
		ck_assert_int_eq(tenon_pool_acquire(pool, -1, &client, NULL),
				 0);
		ck_assert_int_eq(tenon_delete(client, worker->items[0].key,
					      NULL, NULL), 0);
		ck_assert_int_eq(tenon_pool_release(pool, client), 0);
	}
	return NULL;
}

/*
 * Change everything about the pool. No change may make an operation fail or hide a
 * stored value.
 */
static void *change(void *payload)
{
	static const struct tenon_pool_limits sizes[] = {
		{ 1, 4, 4 }, { 1, 1, 1 }, { 3, 6, 2 }, { 2, 2, 1 },
	};
	static struct tenon_health health;

	(void)payload;
	for (unsigned i = 0; !atomic_load(&over); i++) {
		struct tenon_pool_counts counts;

		ck_assert_int_eq(tenon_pool_resize(
			pool, &sizes[i % COUNT(sizes)], NULL), 0);
		ck_assert_int_eq(tenon_pool_update_servers(pool, specs,
							   SERVERS, NULL), 0);
		if (i % 4 == 0) {
			ck_assert_int_eq(tenon_pool_reconfigure(pool, config,
								NULL), 0);
		}
		/* a client may be changing hands at this moment */
		(void)tenon_pool_health(pool, i % SERVERS, &health);
		tenon_pool_counts(pool, &counts);
		ck_assert_uint_le(counts.idle, counts.clients);
		sleep_ms(1);
	}
	return NULL;
}

START_TEST(changes_under_load_fail_no_operation)
{
	const struct tenon_pool_limits limits = TENON_POOL_LIMITS;
	static struct worker workers[THREADS];
	pthread_t changer;

	open_pool(&limits);
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i].number = i;
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work,
						&workers[i]), 0);
	}
	ck_assert_int_eq(pthread_create(&changer, NULL, change, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		ck_assert_uint_eq(workers[i].answers, ROUNDS * KEYS);
	}
	atomic_store(&over, true);
	pthread_join(changer, NULL);
	close_pool();
}
END_TEST

/* Acquire clients with short waits: some end in time, some do not. */
static void *hurry(void *payload)
{
	size_t *served = payload;

	for (int i = 0; i < 200; i++) {
		struct tenon_client *client;
		int code = tenon_pool_acquire(pool, i % 3, &client, NULL);

		ck_assert(!code || code == TENON_ETIMEDOUT);
		if (!code) {
			sleep_ms(1);
			ck_assert_int_eq(tenon_pool_release(pool, client), 0);
			++*served;
		}
	}
	return NULL;
}

START_TEST(waits_that_end_at_the_last_moment_lose_no_client)
{
	const struct tenon_pool_limits limits = { 2, 2, 1 };
	struct tenon_pool_counts counts;
	pthread_t threads[THREADS];
	size_t served[THREADS] = { 0 };
	size_t sum = 0;

	open_pool(&limits);
	for (size_t i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_create(&threads[i], NULL, hurry,
						&served[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		sum += served[i];
	}
	tenon_pool_counts(pool, &counts);
	ck_assert_uint_gt(sum, 0);
	ck_assert_uint_eq(counts.clients, 2);
	ck_assert_uint_eq(counts.idle, 2);
	ck_assert_uint_eq(counts.waiting, 0);
	close_pool();
}
END_TEST

START_TEST(a_pool_as_large_as_its_threads_serves_them_all)
{
	const struct tenon_pool_limits limits = { 1, THREADS, THREADS };
	static struct worker workers[THREADS];
	struct tenon_pool_counts counts;

	open_pool(&limits);
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i].number = i;
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work,
						&workers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
	}
	tenon_pool_counts(pool, &counts);
	ck_assert_uint_le(counts.clients, THREADS);
	ck_assert_uint_eq(counts.timeouts, 0);
	close_pool();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pool under load");
	TCase *tc = tcase_create("pool under load");

	memcached_require();
	scratch_begin();
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, changes_under_load_fail_no_operation);
	tcase_add_test(tc, waits_that_end_at_the_last_moment_lose_no_client);
	tcase_add_test(tc,
		       a_pool_as_large_as_its_threads_serves_them_all);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
