/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of the proxy that other tests put between a client and its server. */
#include "fakes/proxy.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

#define HUGE_BYTES (4u << 20)

static const enum fake_family families[] = { FAKE_INET, FAKE_UNIX };

static struct fake_server *server;
static struct proxy *proxy;
static int fd; /* of the client */

static void start(int family, const struct fake_step *steps, size_t count)
{
	const struct fake_listen listen = { .family = families[family] };

	server = fake_server_listen(&listen, steps, count);
	ck_assert_ptr_nonnull(server);
	proxy = proxy_start(fake_server_address(server), families[family]);
	ck_assert_ptr_nonnull(proxy);
}

/* Begin to connect to the proxy. Returns 0, or errno. */
static int begin_connect(void)
{
	struct address where;

	ck_assert(address_parse(proxy_address(proxy), &where));
	fd = address_socket(&where);
	ck_assert_int_ge(fd, 0);
	return connect(fd, &where.u.any, where.len) == 0 ? 0 : errno;
}

static void await(short events)
{
	struct pollfd made = { .fd = fd, .events = events };

	ck_assert_int_eq(poll(&made, 1, -1), 1);
}

static void connect_now(void)
{
	int code = begin_connect();

	ck_assert(code == 0 || code == EINPROGRESS);
	await(POLLOUT);
}

static void say(const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL),
			 (ssize_t)strlen(text));
}

/* Wait for exactly this text. */
static void hear(const char *text)
{
	char got[64];
	size_t len = 0;

	while (len < strlen(text)) {
		ssize_t n;

		await(POLLIN);
		n = recv(fd, got + len, strlen(text) - len, 0);
		ck_assert_int_gt(n, 0);
		len += (size_t)n;
	}
	ck_assert_mem_eq(got, text, len);
}

/* Send one request and wait for its reply, so that the connection is there and idle. */
static void greet(void)
{
	connect_now();
	say("one\r\n");
	hear("1\r\n");
}

/* Receive without waiting. Returns a number of bytes, or a negative errno. */
static ssize_t look(void)
{
	char bytes[64];
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

	return n < 0 ? -errno : n;
}

/* Wait until the proxy has taken this many bytes of a connection that was cut. */
static void await_lost_bytes(size_t bytes)
{
	while (proxy_look(proxy).lost_bytes < bytes) {
		sleep_ms(1);
	}
}

static void await_open(size_t count)
{
	while (proxy_look(proxy).open != count) {
		sleep_ms(1);
	}
}

static void finish(void)
{
	char *problem;

	close(fd);
	await_open(0);
	proxy_stop(proxy);
	problem = fake_server_join(server);
	ck_assert_msg(!problem, "%s", problem);
}

#define GREETING FAKE_ACCEPT, FAKE_EXPECT("one\r\n"), FAKE_SEND("1\r\n")

START_TEST(bytes_pass_in_both_directions)
{
	start(_i, FAKE_STEPS(GREETING, FAKE_EXPECT("two\r\n"),
			     FAKE_SEND("2\r\n"), FAKE_EXPECT_CLOSE));
	greet();
	say("two\r\n");
	hear("2\r\n");
	ck_assert_uint_eq(proxy_look(proxy).accepted, 1);
	ck_assert_uint_eq(proxy_look(proxy).open, 1);
	finish();
}
END_TEST

START_TEST(bytes_that_a_side_does_not_take_yet_wait)
{
	static char huge[HUGE_BYTES], got[HUGE_BYTES];
	size_t sent = 0, taken = 0;
	ssize_t n;

	memset(huge, 'h', HUGE_BYTES);
	start(_i, FAKE_STEPS(FAKE_ACCEPT, FAKE_WAIT,
			     FAKE_EXPECT_BYTES(huge, HUGE_BYTES),
			     FAKE_SEND_BYTES(huge, HUGE_BYTES),
			     FAKE_EXPECT_CLOSE));
	connect_now();
	while ((n = send(fd, huge, HUGE_BYTES - sent, MSG_NOSIGNAL)) > 0) {
		sent += (size_t)n;
	}
	fake_server_go(server);
	while (sent < HUGE_BYTES) {
		await(POLLOUT);
		n = send(fd, huge, HUGE_BYTES - sent, MSG_NOSIGNAL);
		ck_assert_int_gt(n, 0);
		sent += (size_t)n;
	}
	while (taken < HUGE_BYTES) {
		await(POLLIN);
		n = recv(fd, got + taken, HUGE_BYTES - taken, 0);
		ck_assert_int_gt(n, 0);
		taken += (size_t)n;
	}
	ck_assert_mem_eq(got, huge, HUGE_BYTES);
	ck_assert_int_eq(look(), -EAGAIN);
	finish();
}
END_TEST

START_TEST(a_server_that_closes_ends_the_connection)
{
	start(_i, FAKE_STEPS(GREETING, FAKE_CLOSE));
	greet();
	await(POLLIN);
	ck_assert_int_eq(look(), 0);
	finish();
}
END_TEST

START_TEST(a_server_that_refuses_ends_the_connection)
{
	char address[128];

	fake_refused_address(families[_i], address, sizeof(address));
	proxy = proxy_start(address, families[_i]);
	ck_assert_ptr_nonnull(proxy);
	connect_now();
	await(POLLIN);
	ck_assert_int_le(look(), 0);
	close(fd);
	await_open(0);
	proxy_stop(proxy);
}
END_TEST

/* ---- cuts ---------------------------------------------------------------- */

START_TEST(a_swallowed_connection_tells_the_client_nothing)
{
	start(_i, FAKE_STEPS(GREETING, FAKE_EXPECT_CLOSE));
	greet();
	ck_assert_uint_eq(proxy_cut(proxy, PROXY_SWALLOW), 1);
	say("two\r\n");
	await_lost_bytes(5);
	ck_assert_int_eq(look(), -EAGAIN);
	ck_assert_uint_eq(proxy_look(proxy).cut_open, 1);
	ck_assert_uint_eq(proxy_look(proxy).untold_open, 1);
	ck_assert_uint_eq(proxy_cut(proxy, PROXY_END), 0);
	finish();
}
END_TEST

START_TEST(the_end_of_file_is_there_and_later_bytes_disappear)
{
	start(_i, FAKE_STEPS(GREETING, FAKE_EXPECT_CLOSE));
	greet();
	ck_assert_uint_eq(proxy_cut(proxy, PROXY_END), 1);
	ck_assert_int_eq(look(), 0);
	say("two\r\n");
	await_lost_bytes(5);
	ck_assert_int_eq(look(), 0);
	ck_assert_uint_eq(proxy_look(proxy).cut_open, 1);
	finish();
}
END_TEST

START_TEST(a_closed_connection_answers_later_bytes_with_an_error)
{
	start(_i, FAKE_STEPS(GREETING, FAKE_EXPECT_CLOSE));
	greet();
	ck_assert_uint_eq(proxy_cut(proxy, PROXY_CLOSE), 1);
	ck_assert_int_eq(look(), 0);
	ck_assert_uint_eq(proxy_look(proxy).open, 0);
	while (send(fd, "two\r\n", 5, MSG_NOSIGNAL) == 5) {
		sleep_ms(1);
	}
	ck_assert(errno == EPIPE || errno == ECONNRESET);
	finish();
}
END_TEST

START_TEST(a_reset_is_there_at_once)
{
	start(_i, FAKE_STEPS(GREETING, FAKE_EXPECT_CLOSE));
	greet();
	ck_assert_uint_eq(proxy_cut(proxy, PROXY_RESET), 1);
	ck_assert_int_eq(look(), families[_i] == FAKE_UNIX ? 0 : -ECONNRESET);
	finish();
}
END_TEST

START_TEST(a_cut_on_use_shows_when_the_client_sends)
{
	bool end = _i % 2;
	bool is_unix = _i / 2;

	start(is_unix, FAKE_STEPS(GREETING, FAKE_EXPECT_CLOSE));
	greet();
	ck_assert_uint_eq(proxy_cut(proxy, end ? PROXY_END_ON_USE :
						 PROXY_RESET_ON_USE), 1);
	ck_assert_int_eq(look(), -EAGAIN);
	ck_assert_uint_eq(proxy_look(proxy).untold_open, 1);
	say("two\r\n");
	await(POLLIN);
	ck_assert_uint_eq(proxy_look(proxy).untold_open, 0);
	ck_assert_int_eq(look(), end || is_unix ? 0 : -ECONNRESET);
	ck_assert_uint_eq(proxy_look(proxy).lost_bytes, 5);
	finish();
}
END_TEST

START_TEST(bytes_that_came_before_a_cut_reach_the_server)
{
	start(_i, FAKE_STEPS(GREETING, FAKE_EXPECT("two\r\n"),
			     FAKE_EXPECT_CLOSE));
	greet();
	say("two\r\n");
	ck_assert_uint_eq(proxy_cut(proxy, PROXY_END), 1);
	say("three\r\n");
	await_lost_bytes(7);
	finish();
}
END_TEST

START_TEST(a_new_connection_after_a_cut_works)
{
	int cut_fd;

	start(_i, FAKE_STEPS(GREETING, FAKE_EXPECT_CLOSE, GREETING,
			     FAKE_EXPECT_CLOSE));
	greet();
	proxy_cut(proxy, PROXY_END);
	cut_fd = fd;
	greet();
	close(cut_fd);
	await_open(1);
	ck_assert_uint_eq(proxy_look(proxy).accepted, 2);
	ck_assert_uint_eq(proxy_look(proxy).cut, 1);
	finish();
}
END_TEST

START_TEST(idle_connections_are_cut)
{
	start(_i, FAKE_STEPS(GREETING, FAKE_EXPECT_CLOSE));
	greet();
	proxy_cut_idle(proxy, PROXY_END, 5);
	await(POLLIN);
	ck_assert_int_eq(look(), 0);
	finish();
}
END_TEST

/* ---- stray bytes and full backlogs ---------------------------------------- */

START_TEST(stray_bytes_come_before_the_next_reply)
{
	start(_i, FAKE_STEPS(GREETING, FAKE_EXPECT("two\r\n"),
			     FAKE_SEND("2\r\n"), FAKE_EXPECT_CLOSE));
	greet();
	ck_assert_uint_eq(proxy_stray(proxy, "END\r\n", 5), 1);
	ck_assert_int_eq(look(), 5);
	proxy_stray(proxy, "77\r\n", 4);
	say("two\r\n");
	hear("77\r\n2\r\n");
	finish();
}
END_TEST

START_TEST(a_deaf_proxy_takes_no_connection_until_it_hears_again)
{
	int old_fd;
	int code;

	start(_i, FAKE_STEPS(GREETING, FAKE_EXPECT_CLOSE, GREETING,
			     FAKE_EXPECT_CLOSE));
	greet();
	ck_assert(proxy_set_deaf(proxy, true));
	ck_assert(proxy_set_deaf(proxy, true));
	old_fd = fd;
	code = begin_connect();
	ck_assert_int_eq(code, families[_i] == FAKE_UNIX ? EAGAIN : EINPROGRESS);
	close(fd);
	ck_assert(proxy_set_deaf(proxy, false));
	close(old_fd);
	greet();
	ck_assert_uint_eq(proxy_look(proxy).accepted, 2);
	finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proxy");
	TCase *tcase = tcase_create("proxy");
	const TTest *const tests[] = {
		bytes_pass_in_both_directions,
		bytes_that_a_side_does_not_take_yet_wait,
		a_server_that_closes_ends_the_connection,
		a_server_that_refuses_ends_the_connection,
		a_swallowed_connection_tells_the_client_nothing,
		the_end_of_file_is_there_and_later_bytes_disappear,
		a_closed_connection_answers_later_bytes_with_an_error,
		a_reset_is_there_at_once,
		bytes_that_came_before_a_cut_reach_the_server,
		a_new_connection_after_a_cut_works,
		idle_connections_are_cut,
		stray_bytes_come_before_the_next_reply,
		a_deaf_proxy_takes_no_connection_until_it_hears_again,
	};

	scratch_begin();
	for (size_t i = 0; i < COUNT(tests); i++) {
		LOOP(tcase, tests[i], COUNT(families));
	}
	LOOP(tcase, a_cut_on_use_shows_when_the_client_sends,
	     2 * COUNT(families));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
