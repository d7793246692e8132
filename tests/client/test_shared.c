/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The clients of a pool share what they know about servers: failures, recoveries, and the
 * client that probes a server. Real servers are frozen so that they accept connections
 * and answer nothing.
 */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/client.h"
#include "base/clock.h"
#include "fakes/memcached.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"
#include "tenon/health.h"
#include "tenon/pool.h"

#define CLIENTS 8
/* More servers than a guard passes over. */
#define CROWD 80

static struct memcached server;
static struct tenon_pool *pool;
static struct tenon_client *clients[CLIENTS];
static struct tenon_error err;
static char log_text[4096];

static void write_log(void *payload, int level, const char *line)
{
	size_t used = strlen(log_text);

	(void)payload;
	(void)level;
	snprintf(log_text + used, sizeof(log_text) - used, "%s\n", line);
}

/* Return the number of times that the log has this text. */
static size_t logged(const char *text)
{
	size_t count = 0;

	for (const char *at = log_text; (at = strstr(at, text)); at++) {
		count++;
	}
	return count;
}

/* Open a pool and borrow its clients. servers is the list in `servers:`; settings is YAML. */
static void open_servers(const char *servers, const char *settings)
{
	const struct tenon_pool_limits limits = { CLIENTS, CLIENTS, 1 };
	struct tenon_config *config;
	static char text[CROWD * 120 + 512];

	log_text[0] = '\0';
	snprintf(text, sizeof(text), "servers: [%s]\n%s", servers, settings);
	ck_assert_int_eq(rig_config(&config, NULL), 0);
	tenon_config_set_log(config, write_log, NULL);
	ck_assert_msg(tenon_config_load_text(config, "test", text, strlen(text),
					     &err) == 0, "%s", err.message);
	ck_assert_msg(tenon_pool_open(config, &limits, &pool, &err) == 0, "%s",
		      err.message);
	tenon_config_destroy(config);
	for (size_t i = 0; i < CLIENTS; i++) {
		ck_assert_int_eq(tenon_pool_acquire(pool, 0, &clients[i], &err),
				 0);
	}
}

/* Open a pool of one server. */
static void open_at(const char *address, const char *settings)
{
	char servers[200];

	snprintf(servers, sizeof(servers), "%s s0", address);
	open_servers(servers, settings);
}

static void start(const char *settings)
{
	ck_assert(memcached_start(&server, MEMCACHED_UNIX, NULL));
	open_at(server.address, settings);
}

static void close_clients(void)
{
	for (size_t i = 0; i < CLIENTS; i++) {
		tenon_pool_release(pool, clients[i]);
	}
	tenon_pool_close(pool);
}

static void stop(void)
{
	close_clients();
	memcached_stop(&server);
}

/* Return the status of the key. */
static int ask(struct tenon_client *client, struct tenon_error *why)
{
	struct tenon_result result;

	tenon_get(client, slice("k"), &result, why);
	return result.status;
}

static int get(size_t client)
{
	return ask(clients[client], &err);
}

/* A new connection to the frozen server gets no answer: this is the server's fault. */
static void check_late(size_t client)
{
	tenon_client_disconnect(clients[client]);
	ck_assert_int_eq(get(client), TENON_ETIMEDOUT);
}

/* All clients get a miss: the server is well for all of them. */
static void check_all_up(void)
{
	for (size_t i = 0; i < CLIENTS; i++) {
		ck_assert_msg(get(i) == TENON_MISS, "client %zu: %s", i,
			      err.message);
	}
}

static void check_all_down(size_t from)
{
	for (size_t i = from; i < CLIENTS; i++) {
		ck_assert_int_eq(get(i), TENON_EDOWN);
		check_says(err.message, "marked down after a failure");
	}
}

static struct tenon_health health_of(size_t client)
{
	static struct tenon_health health;

	ck_assert_int_eq(tenon_client_health(clients[client], 0, &health), 0);
	return health;
}

static struct tenon__outcome *record(void)
{
	return &clients[0]->engine.assembly->outcomes.servers[0];
}

/* The policies with which a single server goes down at its first failure, for an hour. */
static const char *const policies[] = {
	"poll_timeout: 400ms\nretry_timeout: 1h\nfailover: none\n",
	"poll_timeout: 400ms\nretry_timeout: 1h\nfailover: eject\n",
	"poll_timeout: 400ms\nfailover: {none: {late_retry: 1h}}\n"
	"retry_timeout: 1h\n",
	"poll_timeout: 400ms\nfailover: {backoff: {failures: 1, min: 1h, max: 1h, "
	"jitter: 0, max_ejected: 100}}\n",
};
#define HOUR_NS (INT64_C(3600) * 1000000000)

/* ---- hearing ------------------------------------------------------------- */

START_TEST(all_clients_hear_of_a_failure)
{
	start(policies[_i]);
	check_all_up();
	memcached_freeze(&server);
	check_late(0);
	check_all_down(0);
	for (size_t i = 0; i < CLIENTS; i++) {
		struct tenon_health health = health_of(i);

		ck_assert_uint_eq(health.state, TENON_SERVER_DOWN);
		check_says(health.error_text, "no complete answer");
		ck_assert_uint_eq(health.timeouts, i == 0);
	}
	/* one incident is one line in the log */
	ck_assert_uint_eq(logged("down: "), 1);
	memcached_thaw(&server);
	stop();
}
END_TEST

START_TEST(all_clients_hear_of_a_recovery)
{
	start(policies[_i]);
	check_all_up();
	memcached_freeze(&server);
	check_late(0);
	check_all_down(1);
	memcached_thaw(&server);
	tenon__clock_advance(HOUR_NS);
	ck_assert_int_eq(get(CLIENTS - 1), TENON_MISS);
	check_all_up();
	for (size_t i = 0; i < CLIENTS; i++) {
		ck_assert_uint_eq(health_of(i).state, TENON_SERVER_UP);
		ck_assert_uint_eq(health_of(i).failures, 0);
	}
	ck_assert_uint_eq(logged("up again"), 1);
	stop();
}
END_TEST

START_TEST(a_new_client_hears_of_earlier_failures)
{
	const struct tenon_pool_limits more = { CLIENTS, CLIENTS + 1, 1 };
	struct tenon_client *late;

	start(policies[0]);
	memcached_freeze(&server);
	check_late(0);
	ck_assert_int_eq(tenon_pool_resize(pool, &more, &err), 0);
	ck_assert_int_eq(tenon_pool_acquire(pool, 0, &late, &err), 0);
	ck_assert_int_eq(ask(late, &err), TENON_EDOWN);
	check_says(err.message, "no complete answer");
	tenon_pool_release(pool, late);
	memcached_thaw(&server);
	stop();
}
END_TEST

START_TEST(clients_of_different_configs_share_nothing)
{
	struct rig rig = { 0 };

	start(policies[0]);
	rig_open_one(&rig, server.address, "poll_timeout: 400ms\n" RETRY_NEVER);
	memcached_freeze(&server);
	check_late(0);
	memcached_thaw(&server);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(get(1), TENON_EDOWN);
	rig_close(&rig);
	stop();
}
END_TEST

/* ---- threads ------------------------------------------------------------- */

#define RETRY_MS 300
#define THREAD_ROUNDS 150

static const char *const soon[] = {
	"poll_timeout: 100ms\nretry_timeout: 300ms\nfailover: none\n",
	"poll_timeout: 100ms\nretry_timeout: 300ms\nfailover: eject\n",
	("poll_timeout: 100ms\nfailover: {backoff: {failures: 1, min: 300ms, "
	 "max: 300ms, jitter: 0, max_ejected: 100}}\n"),
};

static atomic_uint waited, spared;

static void *ask_often(void *payload)
{
	struct tenon_client *client = payload;

	for (int i = 0; i < THREAD_ROUNDS; i++) {
		struct tenon_error why;
		int status = ask(client, &why);

		waited += status == TENON_ETIMEDOUT;
		spared += status == TENON_EDOWN;
		sleep_ms(5);
	}
	return NULL;
}

START_TEST(a_hung_server_costs_one_client_one_timeout_per_retry)
{
	pthread_t threads[CLIENTS];
	unsigned most;
	int64_t began_ms;

	waited = 0;
	spared = 0;
	start(soon[_i]);
	memcached_freeze(&server);
	began_ms = now_ms();
	for (size_t i = 0; i < CLIENTS; i++) {
		ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_often,
						clients[i]), 0);
	}
	for (size_t i = 0; i < CLIENTS; i++) {
		pthread_join(threads[i], NULL);
	}
	/* each client may be under way when the server hangs; then one probe for each retry */
	most = CLIENTS + 1 + (unsigned)((now_ms() - began_ms) / RETRY_MS);
	ck_assert_uint_le(waited, most);
	ck_assert_uint_ge(waited, 2);
	ck_assert_uint_eq(waited + spared, CLIENTS * THREAD_ROUNDS);
	memcached_thaw(&server);
	stop();
}
END_TEST

static void *get_once(void *payload)
{
	struct tenon_error why;

	return (void *)(intptr_t)ask(payload, &why);
}

START_TEST(one_stop_that_many_clients_see_is_one_failure)
{
	pthread_t threads[CLIENTS];
	void *status;

	start("poll_timeout: 300ms\nretry_timeout: 1h\n"
	      "failover: {none: {failures: 2}}\n");
	check_all_up();
	memcached_freeze(&server);
	for (size_t i = 0; i < CLIENTS; i++) {
		ck_assert_int_eq(pthread_create(&threads[i], NULL, get_once,
						clients[i]), 0);
	}
	for (size_t i = 0; i < CLIENTS; i++) {
		pthread_join(threads[i], &status);
		ck_assert_int_eq((intptr_t)status, TENON_ETIMEDOUT);
	}
	memcached_thaw(&server);
	check_all_up();
	stop();
}
END_TEST

START_TEST(with_two_failures_a_stop_of_one_call_loses_nothing_else)
{
	start("poll_timeout: 400ms\nretry_timeout: 1h\n"
	      "failover: {eject: {failures: 2}}\n");
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(get(0), TENON_MISS);
		memcached_freeze(&server);
		check_late(0);
		ck_assert_uint_eq(health_of(0).state, TENON_SERVER_FAILING);
		memcached_thaw(&server);
		check_all_up();
	}
	memcached_freeze(&server);
	check_late(0);
	check_late(1);
	check_all_down(0);
	memcached_thaw(&server);
	stop();
}
END_TEST

/* ---- probes -------------------------------------------------------------- */

START_TEST(others_treat_a_server_as_down_while_one_probes)
{
	pthread_t thread;
	void *status;

	start(policies[_i]);
	memcached_freeze(&server);
	check_late(0);
	check_all_down(1);
	tenon__clock_advance(HOUR_NS);
	ck_assert_int_eq(pthread_create(&thread, NULL, get_once, clients[0]),
			 0);
	while (atomic_load(&record()->probe_until_ms) == 0) {
		sleep_ms(1);
	}
	check_all_down(1);
	pthread_join(thread, &status);
	ck_assert_int_eq((intptr_t)status, TENON_ETIMEDOUT);
	/* the probe failed, so the server stays down for another hour */
	check_all_down(0);
	memcached_thaw(&server);
	tenon__clock_advance(HOUR_NS - INT64_C(20000000000));
	check_all_down(0);
	tenon__clock_advance(INT64_C(20000000000));
	check_all_up();
	stop();
}
END_TEST

START_TEST(a_probe_that_nobody_ends_is_over_after_poll_timeout)
{
	int64_t foreign = 0;

	start(policies[_i]);
	memcached_freeze(&server);
	check_late(0);
	check_all_down(0);
	memcached_thaw(&server);
	tenon__clock_advance(HOUR_NS);
	ck_assert_int_eq(tenon__outcome_claim(record(), &foreign,
					      tenon__now_ns() / 1000000, 100),
			 0);
	check_all_down(0);
	tenon__clock_advance(INT64_C(150) * 1000000);
	check_all_up();
	stop();
}
END_TEST

START_TEST(a_probe_without_a_verdict_is_given_up)
{
	static const char *const settings =
		"poll_timeout: 1s\nretry_timeout: 1h\n";

	start(settings);
	memcached_freeze(&server);
	check_late(0);
	tenon__clock_advance(HOUR_NS);
	/* 100 ms are too little time: the timeout is not the server's fault */
	clients[0]->operation.latest_ns = tenon__now_ns() + 100000000;
	check_late(0);
	clients[0]->operation.latest_ns = INT64_MAX;
	ck_assert_int_eq(atomic_load(&record()->probe_until_ms), 0);
	memcached_thaw(&server);
	ck_assert_int_eq(get(1), TENON_MISS);
	check_all_up();
	stop();
}
END_TEST

START_TEST(a_server_that_is_never_dead_is_never_held_back)
{
	int64_t foreign = 0;

	start("poll_timeout: 400ms\nretry_timeout: 0s\n");
	memcached_freeze(&server);
	check_late(0);
	check_late(1);
	tenon__outcome_claim(record(), &foreign, tenon__now_ns() / 1000000,
			     100000);
	memcached_thaw(&server);
	check_all_up();
	stop();
}
END_TEST

START_TEST(a_probe_goes_out_on_a_new_connection)
{
	start(policies[_i]);
	check_all_up();
	memcached_freeze(&server);
	check_late(0);
	check_all_down(1);
	tenon__clock_advance(HOUR_NS);
	/* client 1 has a connection from before; its timeout would be that connection's fault */
	ck_assert_int_eq(get(1), TENON_ETIMEDOUT);
	check_all_down(0);
	memcached_thaw(&server);
	stop();
}
END_TEST

/* ---- contradictions ------------------------------------------------------ */

/* Report a failure of a client whose exchange began before the last answers to the others. */
static void report_failure_of(size_t client, int status)
{
	int64_t at_ms = tenon__now_ns() / 1000000;
	struct tenon__outcome_failure failure = {
		.status = status,
		.began_ms = at_ms - 1000,
		.at_ms = at_ms,
		.unanswered_since_ms = at_ms - 1000,
		.text = "scripted",
	};

	tenon__policies_failed(&clients[client]->engine.policies, 0, &failure);
}

static void report_failure(int status)
{
	report_failure_of(0, status);
}

START_TEST(one_late_answer_kills_no_server_that_answers_the_others)
{
	start(policies[_i]);
	check_all_up();
	report_failure(TENON_ETIMEDOUT);
	/* client 1 has had an answer meanwhile, so it knows better, and all hear of this */
	ck_assert_int_eq(get(1), TENON_MISS);
	check_all_up();
	stop();
}
END_TEST

START_TEST(a_client_with_a_connection_goes_on_when_another_cannot_connect)
{
	start(policies[_i]);
	check_all_up();
	report_failure(TENON_ECONNECT);
	ck_assert_int_eq(get(1), TENON_MISS);
	ck_assert_int_eq(get(0), TENON_EDOWN);
	stop();
}
END_TEST

START_TEST(a_client_without_an_answer_of_its_own_believes_a_failure)
{
	start(policies[_i]);
	ck_assert_int_eq(get(1), TENON_MISS);
	report_failure(TENON_ETIMEDOUT);
	ck_assert_int_eq(get(2), TENON_EDOWN);
	ck_assert_int_eq(get(1), TENON_MISS);
	ck_assert_int_eq(get(2), TENON_MISS);
	stop();
}
END_TEST

START_TEST(a_client_that_saw_the_same_failure_contradicts_nothing)
{
	start(policies[_i]);
	ck_assert_int_eq(get(1), TENON_MISS);
	report_failure_of(0, TENON_ETIMEDOUT);
	report_failure_of(1, TENON_ETIMEDOUT);
	check_all_down(0);
	stop();
}
END_TEST

/* ---- several servers ----------------------------------------------------- */

static struct memcached spare;

/* Return the server that client number `client` sends the key to; -1: the key failed. */
static int server_of(size_t client, const char *key)
{
	struct tenon_result result;
	int code = tenon_get(clients[client], slice(key), &result, NULL);

	return code ? -1 : (int)result.server;
}

/* Find a key whose home is server 0. */
static void find_key(char key[32])
{
	size_t home = 1;

	for (int i = 0; home != 0; i++) {
		snprintf(key, 32, "key:%d", i);
		ck_assert_int_eq(tenon_client_where(clients[0], slice(key),
						    &home, &err), 0);
	}
}

static struct probe {
	char key[32];
	int server;
} probe;

static void *probe_once(void *payload)
{
	(void)payload;
	probe.server = server_of(0, probe.key);
	return NULL;
}

START_TEST(keys_go_elsewhere_while_another_client_probes)
{
	static const char *const kinds[] = { "{address: %s, alias: s1}",
					     "{address: %s, alias: s1, pool: gutter}",
					     "{address: %s, alias: s1}" };
	static const char *const chosen[] = {
		"poll_timeout: 300ms\nretry_timeout: 1h\nfailover: eject\n",
		"poll_timeout: 300ms\nretry_timeout: 1h\nfailover: gutter\n",
		("poll_timeout: 300ms\nfailover: {backoff: {failures: 1, "
		 "min: 1h, max: 1h, jitter: 0}}\n"),
	};
	char address[300];
	pthread_t thread;
	size_t used;

	ck_assert(memcached_start(&server, MEMCACHED_UNIX, NULL));
	ck_assert(memcached_start(&spare, MEMCACHED_UNIX, NULL));
	used = (size_t)snprintf(address, sizeof(address), "%s s0, ",
				server.address);
	snprintf(address + used, sizeof(address) - used, kinds[_i],
		 spare.address);
	open_servers(address, chosen[_i]);
	find_key(probe.key);
	memcached_freeze(&server);
	ck_assert_int_eq(server_of(0, probe.key), -1);
	ck_assert_int_eq(server_of(1, probe.key), 1);
	tenon__clock_advance(HOUR_NS);
	ck_assert_int_eq(pthread_create(&thread, NULL, probe_once, NULL), 0);
	while (atomic_load(&record()->probe_until_ms) == 0) {
		sleep_ms(1);
	}
	for (size_t i = 1; i < CLIENTS; i++) {
		ck_assert_int_eq(server_of(i, probe.key), 1);
	}
	pthread_join(thread, NULL);
	ck_assert_int_eq(probe.server, -1);
	memcached_thaw(&server);
	tenon__clock_advance(HOUR_NS);
	for (size_t i = 0; i < CLIENTS; i++) {
		ck_assert_int_eq(server_of(i, probe.key), 0);
	}
	stop();
	memcached_stop(&spare);
}
END_TEST

/* ---- limits -------------------------------------------------------------- */

/* policy.c: REPLAY_MAX */
START_TEST(a_client_that_missed_many_failures_hears_of_them_at_once)
{
	start(policies[_i]);
	memcached_freeze(&server);
	check_late(0);
	atomic_fetch_add(&record()->counts, 0xfffff0);
	check_all_down(1);
	ck_assert_uint_eq(health_of(1).failures, 0xfffff1);
	memcached_thaw(&server);
	stop();
}
END_TEST

/* policy.c: GUARDED_MAX */
START_TEST(a_guard_passes_over_64_servers_at_most)
{
	static char servers[CROWD * 120];
	const struct tenon_result *results;
	struct tenon__outcome *records;
	size_t used = 0;

	for (int i = 0; i < CROWD; i++) {
		char path[108];

		scratch_path(path, sizeof(path));
		used += (size_t)snprintf(servers + used, sizeof(servers) - used,
					 "%s%s s%d", i ? ", " : "", path, i);
	}
	open_servers(servers, "retry_timeout: 1h\nfailover: eject\n");
	tenon_run_servers(clients[0], TENON_VERSION, NULL, NULL, &results, &err);
	ck_assert_int_eq(get(1), TENON_EDOWN);
	tenon__clock_advance(HOUR_NS);
	records = clients[0]->engine.assembly->outcomes.servers;
	for (int i = 0; i < CROWD; i++) {
		int64_t foreign = 0;

		tenon__outcome_claim(&records[i], &foreign,
				     tenon__now_ns() / 1000000, 100);
	}
	/* the server after 64 others is tried, although another client probes it */
	ck_assert_int_eq(get(1), TENON_ECONNECT);
	stop();
}
END_TEST

/* ---- moved servers ------------------------------------------------------- */

/* Return the address of a UNIX socket that does not exist. */
static const char *nowhere(void)
{
	static char path[108];

	scratch_path(path, sizeof(path));
	return path;
}

/* Let the pool have its server at this address. */
static void move(const char *address)
{
	char line[200];
	const char *spec = line;

	snprintf(line, sizeof(line), "%s s0", address);
	ck_assert_msg(tenon_pool_update_servers(pool, &spec, 1, &err) == 0,
		      "%s", err.message);
}

/* Give clients back and borrow as many again, so that they are up to date. */
static void renew(size_t from)
{
	for (size_t i = from; i < CLIENTS; i++) {
		ck_assert_int_eq(tenon_pool_release(pool, clients[i]), 0);
	}
	for (size_t i = from; i < CLIENTS; i++) {
		ck_assert_int_eq(tenon_pool_acquire(pool, 0, &clients[i], &err),
				 0);
	}
}

START_TEST(a_moved_server_forgets_the_failure_of_the_old_address)
{
	struct tenon_health health;

	ck_assert(memcached_start(&server, MEMCACHED_UNIX, NULL));
	open_at(nowhere(), policies[_i]);
	ck_assert_int_eq(get(0), TENON_ECONNECT);
	check_all_down(0);
	move(server.address);
	renew(0);
	for (size_t i = 0; i < CLIENTS; i++) {
		health = health_of(i);
		ck_assert_uint_eq(health.state, TENON_SERVER_UP);
		ck_assert_uint_eq(health.failures, 0);
		ck_assert_int_eq(health.error_status, 0);
		ck_assert_str_eq(health.error_text, "");
		ck_assert_int_eq(health.retry_at_ms, 0);
		ck_assert_str_eq(health.address, server.address);
	}
	check_all_up();
	stop();
}
END_TEST

START_TEST(failures_of_the_old_address_do_not_hurt_the_new_one)
{
	ck_assert(memcached_start(&server, MEMCACHED_UNIX, NULL));
	open_at(nowhere(), policies[0]);
	move(server.address);
	renew(1);
	/* client 0 is still lent, and knows the old address only */
	ck_assert_int_eq(get(1), TENON_MISS);
	ck_assert_int_eq(get(0), TENON_ECONNECT);
	ck_assert_int_eq(get(0), TENON_EDOWN);
	for (size_t i = 1; i < CLIENTS; i++) {
		ck_assert_int_eq(get(i), TENON_MISS);
	}
	ck_assert_int_eq(get(0), TENON_EDOWN);
	renew(0);
	check_all_up();
	/* all are at one address again, and share their failures */
	memcached_freeze(&server);
	check_late(3);
	check_all_down(0);
	memcached_thaw(&server);
	stop();
}
END_TEST

START_TEST(an_update_that_changes_nothing_forgets_nothing)
{
	start(policies[0]);
	memcached_freeze(&server);
	check_late(0);
	move(server.address);
	renew(0);
	check_all_down(0);
	memcached_thaw(&server);
	stop();
}
END_TEST

START_TEST(a_server_that_moves_there_and_back_is_shared_again)
{
	start(policies[0]);
	for (int i = 0; i < 5; i++) {
		move(nowhere());
		move(server.address);
	}
	renew(0);
	check_all_up();
	memcached_freeze(&server);
	check_late(5);
	check_all_down(0);
	memcached_thaw(&server);
	stop();
}
END_TEST

START_TEST(a_client_alone_forgets_the_old_address_too)
{
	struct rig rig = { 0 };
	char line[200];
	const char *spec = line;

	ck_assert(memcached_start(&server, MEMCACHED_UNIX, NULL));
	rig_open_one(&rig, nowhere(), RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECONNECT);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_EDOWN);
	/* the alias of a server without one is its first address */
	snprintf(line, sizeof(line), "%s %s", server.address,
		 rig.client->engine.conns[0].name);
	ck_assert_msg(tenon_client_update_servers(rig.client, &spec, 1,
						  &err) == 0, "%s",
		      err.message);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
	memcached_stop(&server);
}
END_TEST

/* ---- forks --------------------------------------------------------------- */

static struct tenon__health *health_record(void)
{
	return &clients[0]->engine.health[0];
}

START_TEST(a_child_shares_what_was_known_and_hears_no_more)
{
	int status = 0;
	pid_t child;

	start(policies[0]);
	memcached_freeze(&server);
	check_late(0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		bool down = get(1) == TENON_EDOWN && get(0) == TENON_EDOWN;

		memcached_thaw(&server);
		tenon__clock_advance(HOUR_NS);
		bool up = get(2) == TENON_MISS && get(0) == TENON_MISS;
		close_clients();
		_exit(down && up ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	check_all_down(0);
	stop();
}
END_TEST

/* Use the health record in a child. Returns 0, or the number of the step that went wrong. */
static int status_after_fork(void)
{
	struct tenon_health before = health_of(0);

	if (before.state != TENON_SERVER_UP ||
	    strcmp(before.address, server.address) != 0) {
		return 1;
	}
	/* the first use of the client in the child publishes the view again */
	if (get(0) != TENON_MISS) {
		return 2;
	}
	if (atomic_load(&health_record()->sequence) % 2 != 0) {
		return 3;
	}
	memcached_freeze(&server);
	tenon_client_disconnect(clients[0]);
	int late = get(0);
	memcached_thaw(&server);
	if (late != TENON_ETIMEDOUT) {
		return 4;
	}
	bool down = health_of(0).state == TENON_SERVER_DOWN;
	close_clients();
	return down ? 0 : 5;
}

/* health.c: READ_TRIES_MAX */
START_TEST(a_health_reader_does_not_wait_for_a_writer_that_a_fork_lost)
{
	int status = 0;
	pid_t child;

	/* the first calls of the child may be slow on a busy machine */
	start("connect_timeout: 1s\npoll_timeout: 2s\nretry_timeout: 1h\n"
	      "failover: none\n");
	ck_assert_int_eq(get(0), TENON_MISS);
	/* a fork while the client's thread publishes: the number is odd in the child */
	tenon__count(&health_record()->sequence, 1);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		alarm(20);
		_exit(status_after_fork());
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	ck_assert_int_eq(status, 0);
	tenon__count(&health_record()->sequence, 1);
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shared");
	TCase *tcase = tcase_create("clients of a pool");

	scratch_begin();
	memcached_require();
	tcase_set_timeout(tcase, 60);
	LOOP(tcase, all_clients_hear_of_a_failure, COUNT(policies));
	LOOP(tcase, all_clients_hear_of_a_recovery, COUNT(policies));
	tcase_add_test(tcase, a_new_client_hears_of_earlier_failures);
	tcase_add_test(tcase, clients_of_different_configs_share_nothing);
	LOOP(tcase, a_hung_server_costs_one_client_one_timeout_per_retry,
	     COUNT(soon));
	tcase_add_test(tcase, one_stop_that_many_clients_see_is_one_failure);
	tcase_add_test(tcase,
		       with_two_failures_a_stop_of_one_call_loses_nothing_else);
	LOOP(tcase, others_treat_a_server_as_down_while_one_probes,
	     COUNT(policies));
	LOOP(tcase, a_probe_that_nobody_ends_is_over_after_poll_timeout,
	     COUNT(policies));
	tcase_add_test(tcase, a_probe_without_a_verdict_is_given_up);
	tcase_add_test(tcase, a_server_that_is_never_dead_is_never_held_back);
	LOOP(tcase, a_probe_goes_out_on_a_new_connection, COUNT(policies));
	LOOP(tcase, one_late_answer_kills_no_server_that_answers_the_others,
	     COUNT(policies));
	LOOP(tcase,
	     a_client_with_a_connection_goes_on_when_another_cannot_connect,
	     COUNT(policies));
	LOOP(tcase, a_client_without_an_answer_of_its_own_believes_a_failure,
	     COUNT(policies));
	LOOP(tcase, a_client_that_saw_the_same_failure_contradicts_nothing,
	     COUNT(policies));
	LOOP(tcase, keys_go_elsewhere_while_another_client_probes, 3);
	LOOP(tcase,
	     a_client_that_missed_many_failures_hears_of_them_at_once,
	     COUNT(policies));
	tcase_add_test(tcase, a_guard_passes_over_64_servers_at_most);
	LOOP(tcase, a_moved_server_forgets_the_failure_of_the_old_address,
	     COUNT(policies));
	tcase_add_test(tcase,
		       failures_of_the_old_address_do_not_hurt_the_new_one);
	tcase_add_test(tcase, an_update_that_changes_nothing_forgets_nothing);
	tcase_add_test(tcase,
		       a_server_that_moves_there_and_back_is_shared_again);
	tcase_add_test(tcase, a_client_alone_forgets_the_old_address_too);
	tcase_add_test(tcase, a_child_shares_what_was_known_and_hears_no_more);
	tcase_add_test(
		tcase,
		a_health_reader_does_not_wait_for_a_writer_that_a_fork_lost);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
