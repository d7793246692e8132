/* SPDX-License-Identifier: BSD-3-Clause */
/* fork() with a client that has connections, over every transport. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/subject.h"
#include "fakes/memcached.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

#define SERVERS 3
#define KEYS 60
#define ROUNDS 50

static struct memcached servers[SERVERS];
static char keys[KEYS][24];
static char values[KEYS][24];

/* Open a client of all servers and make all of its connections. */
static void start(struct rig *rig, int transport)
{
	const char *addresses[SERVERS];
	struct tenon_item items[KEYS];

	rig_transport = subject(transport)->name;
	for (size_t i = 0; i < SERVERS; i++) {
		ck_assert(memcached_start(&servers[i], MEMCACHED_INET, NULL));
		addresses[i] = servers[i].address;
	}
	rig_open_at(rig, addresses, SERVERS, NULL);
	for (int i = 0; i < KEYS; i++) {
		snprintf(keys[i], sizeof(keys[i]), "key:%d", i);
		snprintf(values[i], sizeof(values[i]), "value %d", i);
		items[i] = item(keys[i], values[i]);
	}
	ck_assert_int_eq(rig_run(rig, TENON_SET, items, KEYS, 0), 0);
}

static void end(struct rig *rig)
{
	rig_close(rig);
	for (size_t i = 0; i < SERVERS; i++) {
		memcached_stop(&servers[i]);
	}
}

/*
 * Read every key, in an order that depends on stride. Return true when every result is
 * right.
 */
static bool reads_right(struct tenon_client *client, int stride)
{
	const struct tenon_result *results;
	struct tenon_item items[KEYS];

	for (int i = 0; i < KEYS; i++) {
		items[i] = item(keys[i * stride % KEYS], NULL);
	}
	if (tenon_run(client, TENON_GET, items, KEYS, NULL, &results, NULL) != 0) {
		return false;
	}
	for (int i = 0; i < KEYS; i++) {
		const char *value = values[i * stride % KEYS];

		if (results[i].status != TENON_HIT ||
		    !result_value_is(&results[i], value, strlen(value))) {
			return false;
		}
	}
	return true;
}

/*
 * End a child. It releases its memory first, so that a leak checker can judge the child
 * too.
 */
static _Noreturn void end_child(struct rig *rig, bool right)
{
	tenon_client_close(rig->client);
	_exit(right ? 0 : 1);
}

static void check_child(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}

START_TEST(parent_and_child_work_at_the_same_time)
{
	struct rig rig = { 0 };
	pid_t pid;

	start(&rig, _i);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		bool right = true;

		for (int i = 0; i < ROUNDS; i++) {
			right &= reads_right(rig.client, 7);
		}
		end_child(&rig, right);
	}
	for (int i = 0; i < ROUNDS; i++) {
		ck_assert(reads_right(rig.client, 11));
	}
	check_child(pid);
	ck_assert(reads_right(rig.client, 1));
	end(&rig);
}
END_TEST

/* Return the servers' number of connections that were ever made. */
static uint64_t connections_made(struct rig *rig)
{
	uint64_t total = 0;

	ck_assert_int_eq(rig_run_servers(rig, TENON_STATS, NULL, 0), 0);
	for (size_t i = 0; i < SERVERS; i++) {
		struct tenon_slice name, value;
		size_t cursor = 0;

		while (tenon_stat_next(&rig->results[i], &cursor, &name,
				       &value)) {
			if (name.len == strlen("total_connections") &&
			    memcmp(name.data, "total_connections", name.len) ==
				    0) {
				total += strtoull(value.data, NULL, 10);
			}
		}
	}
	return total;
}

START_TEST(the_child_closes_and_the_parents_connections_stay)
{
	struct rig rig = { 0 };
	uint64_t before;
	pid_t pid;

	start(&rig, _i);
	before = connections_made(&rig);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		tenon_client_disconnect(rig.client);
		end_child(&rig, true);
	}
	check_child(pid);
	ck_assert(reads_right(rig.client, 1));
	ck_assert_uint_eq(connections_made(&rig), before);
	end(&rig);
}
END_TEST

START_TEST(a_child_makes_a_connection_for_each_server_once)
{
	struct rig rig = { 0 };
	uint64_t before;
	pid_t pid;

	start(&rig, _i);
	before = connections_made(&rig);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		bool right = true;

		for (int i = 0; i < 3; i++) {
			right &= reads_right(rig.client, 1);
		}
		end_child(&rig, right);
	}
	check_child(pid);
	ck_assert_uint_eq(connections_made(&rig), before + SERVERS);
	end(&rig);
}
END_TEST

START_TEST(grandchildren_work_too)
{
	struct rig rig = { 0 };
	pid_t pid;

	start(&rig, _i);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		bool right = reads_right(rig.client, 7);
		pid_t grandchild = fork();
		int status = 0;

		if (grandchild == 0) {
			end_child(&rig, reads_right(rig.client, 13));
		}
		right &= waitpid(grandchild, &status, 0) == grandchild;
		right &= reads_right(rig.client, 17);
		end_child(&rig, right && status == 0);
	}
	ck_assert(reads_right(rig.client, 11));
	check_child(pid);
	end(&rig);
}
END_TEST

START_TEST(a_noreply_behind_a_fork_disturbs_nobody)
{
	struct rig rig = { 0 };
	struct tenon_item bad;
	pid_t pid;

	start(&rig, _i);
	/* the late error of this request belongs to the parent's connection */
	bad = item(keys[0], NULL);
	bad.delta = 1;
	ck_assert_int_eq(rig_one(&rig, TENON_INCR, &bad, TENON_NOREPLY),
			 TENON_SENT);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		end_child(&rig, reads_right(rig.client, 7));
	}
	ck_assert(reads_right(rig.client, 11));
	check_child(pid);
	end(&rig);
}
END_TEST

START_TEST(no_descriptor_stays_with_the_child)
{
	struct rig rig = { 0 };
	struct rig_fds before;
	pid_t pid;

	fds_look(&before);
	start(&rig, _i);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		bool right = reads_right(rig.client, 7);
		size_t sockets;

		tenon_client_close(rig.client);
		(void)fds_since(&before, &sockets);
		_exit(right && sockets == 0 ? 0 : 1);
	}
	check_child(pid);
	end(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fork");

	scratch_begin();
	subjects_load(TENON_KIND_TRANSPORT);
	subjects_add_tests(suite);
	subjects_add_test(parent_and_child_work_at_the_same_time);
	subjects_add_test(the_child_closes_and_the_parents_connections_stay);
	subjects_add_test(a_child_makes_a_connection_for_each_server_once);
	subjects_add_test(grandchildren_work_too);
	subjects_add_test(a_noreply_behind_a_fork_disturbs_nobody);
	subjects_add_test(no_descriptor_stays_with_the_child);
	return suite_run(suite);
}
