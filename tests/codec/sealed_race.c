/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several threads write split values to a few keys, and others read them. Every value
 * that is read has to be a whole value of one writer. Reports in TAP.
 *
 * usage: sealed_race [SECONDS [SERVERS [FORMAT]]]
 *
 * Format sealed must pass. Format libmc cannot tell the chunks of two writers apart:
 * mixed values of that format are counted, but are no failure.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fakes/memcached.h"
#include "fakes/random.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "fakes/value.h"
#include "tenon/tenon.h"

#define SECONDS 3
#define SERVERS 3
#define SERVERS_MAX 8
#define WRITERS 4
#define READERS 4
#define KEYS 3
#define VALUE_MAX_BYTES 20000

struct counts {
	uint64_t writes;  /* writes that were stored */
	uint64_t refused; /* add, cas: refused by the server, because of another writer */
	uint64_t hits;
	uint64_t misses;  /* misses without a reason */
	uint64_t torn;    /* misses because a chunk is absent or does not fit */
	uint64_t mixed;   /* values that no thread wrote */
	uint64_t failed;  /* results with any other status */
};

struct worker {
	pthread_t thread;
	struct tenon_client *client;
	uint64_t random;
	uint64_t number; /* number of the thread */
	uint64_t tries;  /* number of attempts to write */
	bool sealed;
	char *value;
	struct counts counts;
	char message[TENON_ERROR_MESSAGE_BYTES]; /* of the first failure */
};

static const char *const keys[KEYS] = { "red", "green", "blue" };
static struct memcached servers[SERVERS_MAX];
static size_t server_count = SERVERS;
static atomic_bool stop;

static void keep_failure(struct worker *worker, const struct tenon_error *err)
{
	worker->counts.failed++;
	if (worker->message[0] == '\0') {
		snprintf(worker->message, sizeof(worker->message), "%s",
			 err->message);
	}
}

/* ---- writers ------------------------------------------------------------- */

static void count_store(struct worker *worker, int status,
			const struct tenon_error *err)
{
	switch (status) {
	case TENON_STORED:
		worker->counts.writes++;
		break;
	case TENON_NOT_STORED:
	case TENON_EXISTS:
	case TENON_MISS:
		worker->counts.refused++;
		break;
	default:
		keep_failure(worker, err);
	}
}

static void delete_key(struct worker *worker, size_t key)
{
	const struct tenon_slice slice = { keys[key], strlen(keys[key]) };
	struct tenon_error err;

	if (tenon_delete(worker->client, slice, NULL, &err) != 0) {
		keep_failure(worker, &err);
	}
}

static void write_one(struct worker *worker)
{
	size_t key = random_next(&worker->random) % KEYS;
	uint64_t how = random_next(&worker->random) % 10;
	struct value_head head = { .key = key };
	struct tenon_item item = { .key = { keys[key], strlen(keys[key]) } };
	struct tenon_result result;
	struct tenon_error err;
	int (*store)(struct tenon_client *, const struct tenon_item *,
		     struct tenon_result *, struct tenon_error *) = tenon_set;

	if (how == 0) {
		delete_key(worker, key);
		return;
	}
	if (worker->sealed && how == 1) {
		store = tenon_add;
	} else if (worker->sealed && how == 2) {
		store = tenon_replace;
	} else if (worker->sealed && how == 3) {
		store = tenon_cas;
		tenon_gets(worker->client, item.key, &result, &err);
		item.cas = result.status == TENON_HIT ? result.cas : 1;
	}
	head.write = worker->number << 48 | ++worker->tries;
	head.len = VALUE_HEAD_BYTES + random_next(&worker->random) %
		(VALUE_MAX_BYTES - VALUE_HEAD_BYTES);
	value_make(worker->value, &head);
	item.value = (struct tenon_slice){ worker->value, (size_t)head.len };
	store(worker->client, &item, &result, &err);
	count_store(worker, result.status, &err);
}

static void *write_all(void *payload)
{
	struct worker *worker = payload;

	while (!atomic_load(&stop)) {
		write_one(worker);
	}
	return NULL;
}

/* ---- readers ------------------------------------------------------------- */

static void count_result(struct worker *worker, size_t key,
			 const struct tenon_result *result,
			 const struct tenon_error *err)
{
	struct value_head head;

	switch (result->status) {
	case TENON_HIT:
		if (value_is_whole(result->value, result->value_len, key,
				   &head)) {
			worker->counts.hits++;
		} else {
			worker->counts.mixed++;
		}
		break;
	case TENON_MISS:
		if (result->text) {
			worker->counts.torn++;
		} else {
			worker->counts.misses++;
		}
		break;
	default:
		keep_failure(worker, err);
	}
}

static void *read_all(void *payload)
{
	static const enum tenon_verb verbs[] = { TENON_GET, TENON_GET,
						 TENON_GETS, TENON_GAT };
	struct worker *worker = payload;
	struct tenon_item items[KEYS] = { 0 };

	for (size_t i = 0; i < KEYS; i++) {
		items[i].key = (struct tenon_slice){ keys[i], strlen(keys[i]) };
	}
	while (!atomic_load(&stop)) {
		uint64_t verb = random_next(&worker->random) % 4;
		const struct tenon_result *results;
		struct tenon_error err;

		tenon_run(worker->client, verbs[verb], items, KEYS, NULL, &results,
			  &err);
		for (size_t i = 0; i < KEYS; i++) {
			if (results) {
				count_result(worker, i, &results[i], &err);
			} else {
				keep_failure(worker, &err);
			}
		}
	}
	return NULL;
}

/* ---- the race ------------------------------------------------------------ */

static void give_up(const char *what, const char *why)
{
	printf("Bail out! %s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

static struct tenon_client *open_client(const char *format)
{
	struct tenon_client *client = NULL;
	struct tenon_config *config;
	struct tenon_error err;
	char codecs[160];
	int code = rig_config(&config, &err);

	snprintf(codecs, sizeof(codecs),
		 "[split: {format: %s, chunk: 1000B, max: 1MB}]", format);
	for (size_t i = 0; i < server_count && !code; i++) {
		code = tenon_config_add_server(config, servers[i].address, NULL,
					       1, &err);
	}
	if (!code) {
		code = tenon_config_set(config, "codecs", codecs, &err);
	}
	if (!code) {
		code = tenon_config_set(config, "poll_timeout", "60s", &err);
	}
	if (!code) {
		code = tenon_config_set(config, "connect_timeout", "20s", &err);
	}
	if (!code) {
		code = tenon_client_open(config, &client, &err);
	}
	tenon_config_destroy(config);
	if (code) {
		give_up("client", err.message);
	}
	return client;
}

static void start_worker(struct worker *worker, uint64_t number,
			 const char *format)
{
	*worker = (struct worker){
		.client = open_client(format),
		.random = number + 1,
		.number = number,
		.sealed = strcmp(format, "sealed") == 0,
		.value = malloc(VALUE_MAX_BYTES),
	};
	if (!worker->value ||
	    pthread_create(&worker->thread, NULL,
			   number < WRITERS ? write_all : read_all,
			   worker) != 0) {
		give_up("thread", "cannot be made");
	}
}

static void add_counts(struct counts *to, const struct counts *from)
{
	to->writes += from->writes;
	to->refused += from->refused;
	to->hits += from->hits;
	to->misses += from->misses;
	to->torn += from->torn;
	to->mixed += from->mixed;
	to->failed += from->failed;
}

/*
 * Return the number of items that are left when every key is deleted: chunks without a
 * parent.
 */
static uint64_t count_orphans(const char *format)
{
	struct tenon_client *client = open_client(format);
	const struct tenon_result *results;
	uint64_t total = 0;

	for (size_t i = 0; i < KEYS; i++) {
		tenon_delete(client,
			     (struct tenon_slice){ keys[i], strlen(keys[i]) },
			     NULL, NULL);
	}
	tenon_run_servers(client, TENON_STATS, NULL, NULL, &results, NULL);
	for (size_t i = 0; results && i < server_count; i++) {
		struct tenon_slice name, value;
		size_t cursor = 0;

		while (tenon_stat_next(&results[i], &cursor, &name, &value)) {
			if (name.len == 10 &&
			    memcmp(name.data, "curr_items", 10) == 0) {
				total += strtoul(value.data, NULL, 10);
			}
		}
	}
	tenon_client_close(client);
	return total;
}

static struct counts race(const char *format, unsigned seconds)
{
	static struct worker workers[WRITERS + READERS];
	const struct timespec time = { .tv_sec = seconds };
	struct counts total = { 0 };

	atomic_store(&stop, false);
	for (size_t i = 0; i < WRITERS + READERS; i++) {
		start_worker(&workers[i], i, format);
	}
	nanosleep(&time, NULL);
	atomic_store(&stop, true);
	for (size_t i = 0; i < WRITERS + READERS; i++) {
		struct worker *worker = &workers[i];

		pthread_join(worker->thread, NULL);
		tenon_client_close(worker->client);
		free(worker->value);
		add_counts(&total, &worker->counts);
		if (worker->message[0] != '\0') {
			printf("# thread %zu: %s\n", i, worker->message);
		}
	}
	return total;
}

/* Run the race. Prints one line of TAP and one line of counts. */
static void run(const char *format, unsigned seconds, int number)
{
	bool sealed = strcmp(format, "sealed") == 0;
	struct counts counts;

	for (size_t i = 0; i < server_count; i++) {
		if (!memcached_start(&servers[i], MEMCACHED_UNIX, "-m1024")) {
			give_up("memcached", "does not start");
		}
	}
	counts = race(format, seconds);
	printf("# %s, %u s, %zu servers: %" PRIu64 " writes (%" PRIu64
	       " refused), %" PRIu64 " values read, %" PRIu64
	       " absent, %" PRIu64 " torn with a reason, %" PRIu64
	       " mixed, %" PRIu64 " failed; %" PRIu64 " items left over\n",
	       format, seconds, server_count, counts.writes, counts.refused,
	       counts.hits, counts.misses, counts.torn, counts.mixed,
	       counts.failed, count_orphans(format));
	printf("%s %d - %s_%s\n",
	       counts.hits > 0 && counts.writes > 0 && counts.failed == 0 &&
			       (!sealed || counts.mixed == 0) ? "ok" : "not ok",
	       number, format,
	       sealed ? "gives_only_values_that_were_written_whole" :
			"is_counted");
	fflush(stdout);
	for (size_t i = 0; i < server_count; i++) {
		memcached_stop(&servers[i]);
	}
}

int main(int argc, char **argv)
{
	unsigned long seconds = argc > 1 ? strtoul(argv[1], NULL, 10) : SECONDS;
	int number = 0;

	server_count = argc > 2 ? strtoul(argv[2], NULL, 10) : SERVERS;
	if (seconds < 1 || seconds > 86400 || server_count < 1 ||
	    server_count > SERVERS_MAX || argc > 4) {
		fprintf(stderr,
			"usage: sealed_race [SECONDS [SERVERS (1..%d) [sealed|libmc]]]\n",
			SERVERS_MAX);
		return EXIT_FAILURE;
	}
	scratch_begin();
	if (argc == 4) {
		run(argv[3], (unsigned)seconds, ++number);
	} else {
		run("sealed", (unsigned)seconds, ++number);
		run("libmc", (unsigned)seconds, ++number);
	}
	printf("1..%d\n", number);
	return EXIT_SUCCESS;
}
