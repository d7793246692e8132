/* SPDX-License-Identifier: BSD-3-Clause */
/* A name server that hangs: a lookup takes no longer than its limit and the deadline. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/subject.h"
#include "fakes/names.h"
#include "fakes/rig.h"
#include "runner/suite.h"

#define SLOW "slow.test"
#define FAR_TOO_LONG_MS 10000

static const struct fake_name names[] = { { .host = SLOW, .hangs = true } };

/* Open a client with the server "slow" and one fake, and find a key of each. */
static void start(struct rig *rig, int transport, const char *settings,
		  struct rig_pair *pair)
{
	char slow[] = SLOW " slow";
	char other[160];
	const char *servers[] = { slow, other };

	fake_names_set(names, COUNT(names));
	rig_transport = subject(transport)->name;
	snprintf(other, sizeof(other), "%s other",
		 fake_server_address(rig->fakes[0]));
	rig_open_at(rig, servers, 2, settings);
	rig_make_pair(rig, pair);
}

START_TEST(a_slow_lookup_costs_resolve_timeout_once_and_hinders_nobody)
{
	struct rig rig = { 0 };
	struct rig_pair pair;
	int64_t start_ms = now_ms();

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n")));
	start(&rig, _i, "resolve_timeout: 500ms\n" RETRY_NEVER, &pair);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, pair.items, 2, 0),
			 TENON_ECONNECT);
	ck_assert_int_eq(rig.results[1].status, TENON_MISS);
	check_says(rig.err.message,
		   "the lookup of slow.test took longer than resolve_timeout (500 ms)");
	/* no later call waits for the same lookup */
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(rig_get(&rig, pair.keys[0]), TENON_ECONNECT);
	}
	ck_assert_int_lt(now_ms() - start_ms, FAR_TOO_LONG_MS);
	ck_assert_uint_eq(fake_names_begun(), 1);
	rig_close(&rig);
	fake_names_release();
}
END_TEST

START_TEST(the_deadline_bounds_a_lookup_as_well)
{
	struct rig rig = { 0 };
	struct rig_pair pair;
	int64_t start_ms = now_ms();

	rig_fake(&rig, NULL, 0);
	start(&rig, _i, "resolve_timeout: 1h\npoll_timeout: 200ms\n", &pair);
	ck_assert_int_eq(rig_get(&rig, pair.keys[0]), TENON_ECONNECT);
	ck_assert_int_lt(now_ms() - start_ms, FAR_TOO_LONG_MS);
	check_says(rig.err.message,
		   "the lookup of slow.test took longer than the time left");
	rig_close(&rig);
	fake_names_release();
}
END_TEST

/* A lookup that is slow says nothing about the server. */
START_TEST(keys_of_a_slow_name_do_not_hop)
{
	struct rig rig = { 0 };
	struct rig_pair pair;

	rig_fake(&rig, NULL, 0);
	start(&rig, _i, "resolve_timeout: 200ms\nfailover: eject\n" RETRY_NEVER,
	      &pair);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(rig_get(&rig, pair.keys[0]), TENON_ECONNECT);
		ck_assert_uint_eq(rig.result.server, 0);
	}
	rig_close(&rig);
	fake_names_release();
}
END_TEST

static void *release_later(void *payload)
{
	(void)payload;
	fake_names_await(1);
	sleep_ms(300);
	fake_names_release();
	return NULL;
}

/* Open a client of one server, whose name has an address but whose lookup hangs. */
static void start_one(struct rig *rig, int transport, const char *settings)
{
	static const struct fake_name slow[] = {
		{ .host = SLOW, .addresses = { "127.0.0.1" }, .hangs = true },
	};
	static const struct fake_step steps[] = { FAKE_ACCEPT,
						  FAKE_EXPECT("get k\r\n"),
						  FAKE_SEND("END\r\n") };
	char line[64];

	rig_transport = subject(transport)->name;
	fake_names_set(slow, COUNT(slow));
	rig_fake(rig, steps, COUNT(steps));
	snprintf(line, sizeof(line), SLOW ":%u",
		 fake_server_port(rig->fakes[0]));
	rig_open_one(rig, line, settings);
}

/* connect_timeout begins when the address is known. */
START_TEST(a_lookup_longer_than_connect_timeout_is_no_failure)
{
	struct rig rig = { 0 };
	pthread_t thread;

	start_one(&rig, _i, "connect_timeout: 200ms\nresolve_timeout: 30s\n");
	ck_assert_int_eq(pthread_create(&thread, NULL, release_later, NULL), 0);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	pthread_join(thread, NULL);
	rig_close(&rig);
}
END_TEST

START_TEST(the_child_of_a_fork_during_a_lookup_is_clean_and_the_parent_is_unharmed)
{
	struct rig rig = { 0 };
	int status;
	pid_t pid;

	start_one(&rig, _i, "resolve_timeout: 50ms\n");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECONNECT);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		/* the child begins a lookup of its own, which hangs as well */
		int code = rig_get(&rig, "k");

		tenon_client_close(rig.client);
		_exit(code == TENON_ECONNECT ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	fake_names_release();
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("slow lookup");

	subjects_load(TENON_KIND_TRANSPORT);
	subjects_add_tests(suite);
	subjects_add_test(
		a_slow_lookup_costs_resolve_timeout_once_and_hinders_nobody);
	subjects_add_test(the_deadline_bounds_a_lookup_as_well);
	subjects_add_test(keys_of_a_slow_name_do_not_hop);
	subjects_add_test(a_lookup_longer_than_connect_timeout_is_no_failure);
	subjects_add_test(
		the_child_of_a_fork_during_a_lookup_is_clean_and_the_parent_is_unharmed);
	/* lookups are the process's */
	return suite_run_forked(suite);
}
