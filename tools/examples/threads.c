/* SPDX-License-Identifier: BSD-3-Clause */
/* Let four threads share a client pool. */
#include <pthread.h>
#include <stdio.h>
#include <tenon/pool.h>

#define THREADS 4

static void show(const struct tenon_result *results, size_t count, void *payload)
{
	(void)payload;
	for (size_t i = 0; i < count; i++) {
		printf("%s\n", tenon_status_name(results[i].status));
	}
}

static void *work(void *pool)
{
	const struct tenon_item item = { .key = tenon_slice_of("greeting") };
	const struct tenon_pool_work get = {
		.verb = TENON_GET, .items = &item, .count = 1, .done = show,
	};
	struct tenon_error err;

	if (tenon_pool_run(pool, &get, &err)) {
		fprintf(stderr, "%s\n", err.message);
	}
	return NULL;
}

static void run_threads(struct tenon_pool *pool)
{
	pthread_t threads[THREADS];
	int count = 0;

	while (count < THREADS &&
	       !pthread_create(&threads[count], NULL, work, pool)) {
		count++;
	}
	while (count > 0) {
		pthread_join(threads[--count], NULL);
	}
}

int main(int argc, char **argv)
{
	const struct tenon_pool_limits limits = { .initial = 1, .max = 2,
						  .growth = 1 };
	struct tenon_config *config;
	struct tenon_pool *pool = NULL;
	struct tenon_pool_counts counts;
	struct tenon_error err;
	int failed = tenon_config_create(&config, &err) ||
		     tenon_config_load_file(config, argc > 1 ? argv[1] :
					    "tenon.yaml", &err) ||
		     tenon_pool_open(config, &limits, &pool, &err);

	tenon_config_destroy(config);
	if (failed) {
		fprintf(stderr, "%s\n", err.message);
		return 2;
	}
	run_threads(pool);
	tenon_pool_counts(pool, &counts);
	printf("%u clients; %llu threads had to wait\n", (unsigned)counts.clients,
	       (unsigned long long)counts.waits);
	tenon_pool_close(pool);
	return 0;
}
