/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors are opened when they are needed, closed after use, and closed on exec. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

START_TEST(a_client_that_is_never_used_opens_no_socket)
{
	static const char *const servers[] = {
		"127.0.0.1:11211 one", "localhost:11212 two",
		"/tmp/no-such.sock three", "[::1]:11213 four"
	};
	struct rig rig = { 0 };
	struct tenon_server_info info;
	struct rig_fds before;
	size_t sockets;
	size_t home;

	fds_look(&before);
	rig_open_at(&rig, servers, 4, NULL);
	ck_assert_int_eq(tenon_client_server(rig.client, 1, &info), 0);
	ck_assert_int_eq(
		tenon_client_where(rig.client, slice("k"), &home, NULL), 0);
	ck_assert_int_eq(rig_get(&rig, "not a key"), TENON_EKEY);
	tenon_client_disconnect(rig.client);
	fds_since(&before, &sockets);
	ck_assert_uint_eq(sockets, 0);
	rig_close(&rig);
	ck_assert_uint_eq(fds_since(&before, NULL), 0);
}
END_TEST

START_TEST(update_servers_opens_no_socket)
{
	static const char *const servers[] = { "127.0.0.1:11211 one",
					       "localhost:11212 two" };
	static const char *const moved[] = { "localhost:11213 one",
					     "127.0.0.1:11214 two" };
	struct rig rig = { 0 };
	struct rig_fds before;
	size_t sockets;

	fds_look(&before);
	rig_open_at(&rig, servers, 2, NULL);
	ck_assert_int_eq(
		tenon_client_update_servers(rig.client, moved, 2, &rig.err), 0);
	fds_since(&before, &sockets);
	ck_assert_uint_eq(sockets, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(only_the_servers_that_are_needed_are_connected)
{
	char key[RIG_KEY_LEN + 1];
	struct rig rig = { 0 };

	/* A fake reports a connection that its script does not have. */
	rig_fake(&rig, FAKE_STEPS(FAKE_DELAY(0)));
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n")));
	rig_fake(&rig, FAKE_STEPS(FAKE_DELAY(0)));
	rig_open(&rig, NULL);
	rig_key_at(&rig, 1, 0, key);
	ck_assert_int_eq(rig_get(&rig, key), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(descriptors_are_close_on_exec_and_gone_after_close)
{
	const enum memcached_family family = (enum memcached_family)_i;
	struct memcached server;
	struct rig rig = { 0 };
	struct rig_fds before;
	size_t sockets;

	ck_assert(memcached_start(&server, family, NULL));
	fds_look(&before);
	rig_open_one(&rig, server.address, NULL);
	ck_assert_int_eq(rig_set(&rig, "k", "v"), TENON_STORED);
	/* checks close-on-exec as well */
	fds_since(&before, &sockets);
	ck_assert_uint_eq(sockets, 1);
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_HIT);
	}
	fds_since(&before, &sockets);
	ck_assert_uint_eq(sockets, 1);
	tenon_client_disconnect(rig.client);
	fds_since(&before, &sockets);
	ck_assert_uint_eq(sockets, 0);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_HIT);
	rig_close(&rig);
	ck_assert_uint_eq(fds_since(&before, NULL), 0);
	memcached_stop(&server);
}
END_TEST

START_TEST(a_hundred_clients_leave_no_descriptor)
{
	struct memcached server;
	struct rig rig = { 0 };
	struct rig_fds before;

	ck_assert(memcached_start(&server, MEMCACHED_UNIX, NULL));
	fds_look(&before);
	for (int i = 0; i < 100; i++) {
		rig_open_one(&rig, server.address, NULL);
		ck_assert_int_eq(rig_set(&rig, "k", "v"), TENON_STORED);
		rig_close(&rig);
	}
	ck_assert_uint_eq(fds_since(&before, NULL), 0);
	memcached_stop(&server);
}
END_TEST

#define FAILURES 50

START_TEST(failed_connects_leak_no_descriptor)
{
	check_refusals_leak_nothing((enum fake_family)_i);
}
END_TEST

START_TEST(broken_connections_leak_no_descriptor)
{
	static struct fake_step steps[3 * FAILURES];
	struct rig rig = { 0 };
	struct fake_server *fake;
	struct rig_fds before;

	for (size_t i = 0; i < FAILURES; i++) {
		steps[3 * i] = (struct fake_step)FAKE_ACCEPT;
		steps[3 * i + 1] = (struct fake_step)FAKE_EXPECT("get k\r\n");
		steps[3 * i + 2] = (struct fake_step)FAKE_RESET;
	}
	fake = rig_fake(&rig, steps, 3 * FAILURES);
	fds_look(&before);
	rig_open(&rig, "retry_timeout: 0s\n");
	for (int i = 0; i < FAILURES; i++) {
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECLOSED);
	}
	ck_assert(fake_server_await(fake, 3 * FAILURES));
	ck_assert_uint_eq(fds_since(&before, NULL), 0);
	rig_close(&rig);
}
END_TEST

START_TEST(names_that_do_not_resolve_leak_no_descriptor)
{
	struct rig rig = { 0 };
	struct rig_fds before;

	fds_look(&before);
	rig_open_one(&rig, "no-such-host.invalid",
		     "connect_timeout: 2s\npoll_timeout: 2s\n");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECONNECT);
	rig_close(&rig);
	/* an abandoned lookup may take a while to end */
	for (int i = 0; i < 1000 && fds_since(&before, NULL) > 0; i++) {
		sleep_ms(10);
	}
	ck_assert_uint_eq(fds_since(&before, NULL), 0);
}
END_TEST

START_TEST(a_client_that_cannot_be_opened_leaves_nothing)
{
	struct tenon_client *client = (struct tenon_client *)&client;
	struct tenon_config *config;
	struct tenon_error err;
	struct rig_fds before;

	fds_look(&before);
	ck_assert_int_eq(rig_config(&config, &err), 0);
	ck_assert_int_eq(tenon_client_open(config, &client, &err),
			 TENON_ECONFIG);
	ck_assert_ptr_null(client);
	ck_assert_str_ne(err.message, "");
	tenon_config_destroy(config);
	tenon_client_close(NULL);
	ck_assert_uint_eq(fds_since(&before, NULL), 0);
}
END_TEST

static TCase *unused_case(void)
{
	TCase *tc = tcase_create("unused");

	tcase_add_test(tc, a_client_that_is_never_used_opens_no_socket);
	tcase_add_test(tc, update_servers_opens_no_socket);
	tcase_add_test(tc, only_the_servers_that_are_needed_are_connected);
	tcase_add_test(tc, a_client_that_cannot_be_opened_leaves_nothing);
	return tc;
}

static TCase *leaks_case(void)
{
	TCase *tc = tcase_create("leaks");

	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, failed_connects_leak_no_descriptor, FAKE_INET,
			    FAKE_INET + 1);
	tcase_add_loop_test(tc, failed_connects_leak_no_descriptor, FAKE_UNIX,
			    FAKE_UNIX + 1);
	tcase_add_test(tc, broken_connections_leak_no_descriptor);
	tcase_add_test(tc, names_that_do_not_resolve_leak_no_descriptor);
	return tc;
}

static TCase *used_case(void)
{
	TCase *tc = tcase_create("used");

	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc,
			    descriptors_are_close_on_exec_and_gone_after_close,
			    MEMCACHED_UNIX, MEMCACHED_INET + 1);
	tcase_add_test(tc, a_hundred_clients_leave_no_descriptor);
	return tc;
}

int main(void)
{
	Suite *suite;

	memcached_require();
	scratch_begin();
	suite = suite_create("lazy");
	suite_add_tcase(suite, unused_case());
	suite_add_tcase(suite, used_case());
	suite_add_tcase(suite, leaks_case());
	return suite_run(suite);
}
