/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The wait hook: the application waits in place of the client. The tests watch the
 * library's calls, so that they notice a call that could block outside the hook.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "fakes/redirect.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"
#include "tenon/pool.h"

/* ---- calls that are watched ---------------------------------------------- */

static struct {
	size_t outside; /* number of calls that could block and were not made by the hook */
	size_t polls;
	char what[64]; /* the first of these calls */
} watched;

static void could_block(const char *call)
{
	if (watched.outside++ == 0) {
		snprintf(watched.what, sizeof(watched.what), "%s", call);
	}
}

static bool waits(int fd, int flags)
{
	return !(flags & MSG_DONTWAIT) &&
		!(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static int watched_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	watched.polls++;
	if (timeout_ms != 0) {
		could_block("poll");
	}
	return poll(fds, count, timeout_ms);
}

static int watched_connect(int fd, const struct sockaddr *address,
			   socklen_t len)
{
	if (waits(fd, 0)) {
		could_block("connect");
	}
	return connect(fd, address, len);
}

static ssize_t watched_recv(int fd, void *bytes, size_t len, int flags)
{
	if (waits(fd, flags)) {
		could_block("recv");
	}
	return recv(fd, bytes, len, flags);
}

static ssize_t watched_send(int fd, const void *bytes, size_t len, int flags)
{
	if (waits(fd, flags)) {
		could_block("send");
	}
	return send(fd, bytes, len, flags);
}

static ssize_t watched_sendmsg(int fd, const struct msghdr *message, int flags)
{
	if (waits(fd, flags)) {
		could_block("sendmsg");
	}
	return sendmsg(fd, message, flags);
}

/* Start watching. Call this after the client's transport has been loaded. */
static void watch(void)
{
	memset(&watched, 0, sizeof(watched));
	ck_assert_uint_ge(redirect("poll", (redirect_fn)watched_poll), 1);
	ck_assert_uint_ge(redirect("connect", (redirect_fn)watched_connect), 1);
	ck_assert_uint_ge(redirect("recv", (redirect_fn)watched_recv), 1);
	ck_assert_uint_ge(redirect("send", (redirect_fn)watched_send), 1);
	ck_assert_uint_ge(redirect("sendmsg", (redirect_fn)watched_sendmsg), 1);
}

/* ---- the hook ------------------------------------------------------------ */

static const char *const transports[] = { "poll", "blocking" };

struct hook {
	size_t calls;
	int greatest_ms;   /* the longest time-out */
	short events;      /* all events that were waited for */
	size_t fail_at;    /* number of the call that fails; 0: none */
	int fail_errno;
	size_t lie_until;  /* calls up to this one report events that did not happen */
	void (*meanwhile)(void); /* called in every call of the hook */
};

static int hook_wait(struct pollfd *fds, size_t count, int timeout_ms,
		     void *payload)
{
	struct hook *hook = payload;

	ck_assert_uint_gt(count, 0);
	ck_assert_int_ge(timeout_ms, 0);
	hook->calls++;
	for (size_t i = 0; i < count; i++) {
		ck_assert_int_ge(fds[i].fd, 0);
		hook->events |= fds[i].events;
		fds[i].revents = 0;
	}
	if (timeout_ms > hook->greatest_ms) {
		hook->greatest_ms = timeout_ms;
	}
	if (hook->meanwhile) {
		hook->meanwhile();
	}
	if (hook->calls == hook->fail_at) {
		errno = hook->fail_errno;
		return -1;
	}
	if (hook->calls <= hook->lie_until) {
		fds[0].revents = fds[0].events;
		return hook->calls % 3 == 0 ? 0 : 1;
	}
	return poll(fds, (nfds_t)count, timeout_ms);
}

/* Open the rig's client with this hook and the transport number i. */
static void open_hooked(struct rig *rig, const char *settings,
			struct hook *hook, int i)
{
	rig_transport = transports[i];
	rig_open(rig, settings);
	watch();
	ck_assert_int_eq(tenon_client_set_wait(rig->client, hook_wait, hook,
					       &rig->err), 0);
}

/* Get "k" from a fake with this script, which must live as long as the rig. */
static int get_hooked(struct rig *rig, const struct fake_step *steps,
		      size_t count, struct hook *hook, int i)
{
	rig_fake(rig, steps, count);
	open_hooked(rig, NULL, hook, i);
	return rig_get(rig, "k");
}

/* The two arguments of a slow server's script. */
#define SLOW_MISS \
	FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"), FAKE_DELAY(50), \
		   FAKE_SEND("END\r\n"))

static void check_hooked(const struct hook *hook)
{
	ck_assert_uint_gt(hook->calls, 0);
	ck_assert_msg(watched.outside == 0,
		      "%zu calls of the library could block, the first is %s",
		      watched.outside, watched.what);
	ck_assert_int_eq(hook->events & ~(POLLIN | POLLOUT), 0);
}

/* ---- every wait is the hook's -------------------------------------------- */

START_TEST(waits_for_a_connection_and_a_reply_are_the_hooks)
{
	struct rig rig = { 0 };
	struct hook hook = { 0 };
	int status = get_hooked(
		&rig,
		FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
			   FAKE_DELAY(50),
			   FAKE_SEND_SPLIT("VALUE k 0 1\r\nx\r\nEND\r\n",
					   1, 1)),
		&hook, _i);

	ck_assert_int_eq(status, TENON_HIT);
	ck_assert(rig_value_is(&rig, "x"));
	check_hooked(&hook);
	rig_close(&rig);
}
END_TEST

START_TEST(waits_for_a_name_are_the_hooks)
{
	char line[64];
	struct rig rig = { 0 };
	struct hook hook = { 0 };

	if (!fake_has_localhost()) {
		printf("# localhost has no address here, names are not tested\n");
		return;
	}
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n")));
	snprintf(line, sizeof(line), "localhost:%u",
		 fake_server_port(rig.fakes[0]));
	rig_transport = transports[_i];
	rig_open_one(&rig, line, NULL);
	watch();
	ck_assert_int_eq(tenon_client_set_wait(rig.client, hook_wait, &hook,
					       &rig.err), 0);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	check_hooked(&hook);
	rig_close(&rig);
}
END_TEST

START_TEST(waits_for_room_to_send_are_the_hooks)
{
	const struct fake_listen small = { .family = FAKE_UNIX,
					   .buffer_bytes = 8192 };
	const size_t len = (size_t)4 << 20;
	char *value = binary_value(len, 1);
	struct tenon_item one = item("k", NULL);
	char request[64];
	struct rig rig = { 0 };
	struct hook hook = { 0 };

	one.value = (struct tenon_slice){ value, len };
	snprintf(request, sizeof(request), "set k 0 0 %zu\r\n", len);
	rig_fake_at(&rig, &small,
		    FAKE_STEPS(FAKE_ACCEPT, fake_expect_text(request),
			       FAKE_DELAY(20), FAKE_EXPECT_BYTES(value, len),
			       FAKE_EXPECT("\r\n"), FAKE_SEND("STORED\r\n")));
	open_hooked(&rig, "max_value_bytes: 16MiB\n", &hook, _i);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	ck_assert(hook.events & POLLOUT);
	check_hooked(&hook);
	rig_close(&rig);
	free(value);
}
END_TEST

START_TEST(waits_for_many_servers_are_the_hooks)
{
	enum { SERVERS = 8 };
	static const struct fake_step steps[] = {
		FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN), FAKE_DELAY(30),
		FAKE_SEND("END\r\n")
	};
	char keys[SERVERS][RIG_KEY_LEN + 1];
	struct tenon_item items[SERVERS];
	struct rig rig = { 0 };
	struct hook hook = { 0 };

	for (int i = 0; i < SERVERS; i++) {
		rig_fake(&rig, steps, COUNT(steps));
	}
	open_hooked(&rig, NULL, &hook, _i);
	for (size_t i = 0; i < SERVERS; i++) {
		rig_key_at(&rig, i, 0, keys[i]);
		items[i] = item(keys[i], NULL);
	}
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, SERVERS, 0), 0);
	check_hooked(&hook);
	rig_close(&rig);
}
END_TEST

/* Without a hook, transport blocking makes connections whose sockets block. */
START_TEST(a_connection_from_before_the_hook_blocks_no_more)
{
	struct rig rig = { 0 };
	struct hook hook = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n"), FAKE_EXPECT("get k\r\n"),
				  FAKE_DELAY(30), FAKE_SEND("END\r\n")));
	rig_transport = transports[_i];
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	watch();
	ck_assert_int_eq(tenon_client_set_wait(rig.client, hook_wait, &hook,
					       &rig.err), 0);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	check_hooked(&hook);
	rig_close(&rig);
}
END_TEST

START_TEST(a_client_whose_hook_was_removed_waits_itself_again)
{
	struct rig rig = { 0 };
	struct hook hook = { 0 };

	rig_fake(&rig, SLOW_MISS);
	open_hooked(&rig, NULL, &hook, _i);
	ck_assert_int_eq(tenon_client_set_wait(rig.client, NULL, NULL,
					       &rig.err), 0);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_uint_eq(hook.calls, 0);
	ck_assert_uint_gt(watched.outside, 0);
	rig_close(&rig);
}
END_TEST

/* ---- deadlines ----------------------------------------------------------- */

START_TEST(the_hook_gets_the_time_left_and_the_deadline_holds)
{
	struct rig rig = { 0 };
	struct hook hook = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_EXPECT_CLOSE));
	open_hooked(&rig, "poll_timeout: 200ms\n", &hook, _i);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ETIMEDOUT);
	ck_assert_int_le(hook.greatest_ms, 200);
	check_hooked(&hook);
	rig_close(&rig);
}
END_TEST

START_TEST(a_hook_that_reports_false_events_does_no_harm)
{
	struct rig rig = { 0 };
	struct hook hook = { .lie_until = 50 };
	int status = get_hooked(&rig, SLOW_MISS, &hook, _i);

	ck_assert_int_eq(status, TENON_MISS);
	ck_assert_uint_gt(hook.calls, hook.lie_until);
	check_hooked(&hook);
	rig_close(&rig);
}
END_TEST

/* ---- a wait that fails --------------------------------------------------- */

START_TEST(a_wait_that_was_interrupted_goes_on)
{
	struct rig rig = { 0 };
	struct hook hook = { .fail_at = 1, .fail_errno = EINTR };
	int status = get_hooked(&rig, SLOW_MISS, &hook, _i);

	ck_assert_int_eq(status, TENON_MISS);
	ck_assert_uint_gt(hook.calls, 1);
	rig_close(&rig);
}
END_TEST

/*
 * The late answer arrives on a connection that is closed: the next key gets its own
 * answer.
 */
START_TEST(a_wait_given_up_is_ewait_and_not_the_servers_failure)
{
	const struct fake_listen at_once = { .family = FAKE_UNIX };
	struct rig rig = { 0 };
	struct hook hook = { .fail_at = 1, .fail_errno = ECANCELED };

	rig_fake_at(&rig, &at_once,
		 FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get a\r\n"),
			    FAKE_EXPECT_CLOSE, FAKE_ACCEPT,
			    FAKE_EXPECT("get b\r\n"),
			    FAKE_SEND("VALUE b 0 1\r\ny\r\nEND\r\n")));
	open_hooked(&rig, RETRY_NEVER, &hook, _i);
	ck_assert_int_eq(rig_get(&rig, "a"), TENON_EWAIT);
	ck_assert_int_eq(rig.err.sys_errno, ECANCELED);
	ck_assert_uint_eq(hook.calls, 1);
	ck_assert_int_eq(rig_get(&rig, "b"), TENON_HIT);
	ck_assert(rig_value_is(&rig, "y"));
	check_hooked(&hook);
	rig_close(&rig);
}
END_TEST

static struct fake_server *first_server;

static void await_the_first_server(void)
{
	ck_assert(fake_server_await(first_server, 5));
}

START_TEST(keys_answered_before_a_wait_was_given_up_stay_answered)
{
	char keys[2][RIG_KEY_LEN + 1];
	struct tenon_item items[2];
	struct rig rig = { 0 };
	struct hook hook = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n"), FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n")));
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n"), FAKE_READ(RIG_GET_LEN),
				  FAKE_EXPECT_CLOSE));
	open_hooked(&rig, NULL, &hook, _i);
	for (size_t i = 0; i < 2; i++) {
		rig_key_at(&rig, i, 0, keys[i]);
		items[i] = item(keys[i], NULL);
	}
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, 2, 0), 0);
	first_server = rig.fakes[0];
	hook = (struct hook){
		.fail_at = 2,
		.fail_errno = ECANCELED,
		.meanwhile = await_the_first_server,
	};
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, 2, 0), TENON_EWAIT);
	ck_assert_int_eq(rig.results[0].status, TENON_MISS);
	ck_assert_int_eq(rig.results[1].status, TENON_EWAIT);
	rig_close(&rig);
}
END_TEST

START_TEST(a_wait_for_a_connection_can_be_given_up)
{
	const struct fake_listen full = { .full = true };
	struct rig rig = { 0 };
	struct hook hook = { .fail_at = 1, .fail_errno = ECANCELED };
	struct rig_fds before;
	size_t sockets;

	rig_fake_at(&rig, &full, NULL, 0);
	fds_look(&before);
	open_hooked(&rig, NULL, &hook, _i);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_EWAIT);
	fds_since(&before, &sockets);
	ck_assert_uint_eq(sockets, 0);
	rig_close(&rig);
}
END_TEST

/* ---- meanwhile ----------------------------------------------------------- */

static struct rig outer, inner;

static void use_both_clients(void)
{
	struct tenon_result result;

	ck_assert_int_eq(tenon_get(outer.client, slice("k"), &result, NULL),
			 TENON_EBUSY);
	ck_assert_int_eq(tenon_client_set_wait(outer.client, NULL, NULL, NULL),
			 TENON_EBUSY);
	if (inner.client) {
		ck_assert_int_eq(rig_get(&inner, "i"), TENON_MISS);
		rig_close(&inner);
	}
}

START_TEST(in_a_wait_other_clients_work_and_this_one_is_busy)
{
	struct hook hook = { .meanwhile = use_both_clients };

	rig_fake(&outer, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				    FAKE_DELAY(20), FAKE_SEND("END\r\n")));
	rig_fake(&inner, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get i\r\n"),
				    FAKE_SEND("END\r\n")));
	rig_open(&inner, NULL);
	open_hooked(&outer, NULL, &hook, _i);
	ck_assert_int_eq(rig_get(&outer, "k"), TENON_MISS);
	ck_assert_ptr_null(inner.client);
	rig_close(&outer);
}
END_TEST

/* ---- a program that replaces poll ---------------------------------------- */

/* As greenify does: wait elsewhere, then poll without waiting. */
static size_t green_waits;

static int green_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	ck_assert_int_ge(timeout_ms, 0);
	for (nfds_t i = 0; i < count; i++) {
		ck_assert_int_eq(fds[i].events & ~(POLLIN | POLLOUT), 0);
	}
	green_waits++;
	poll(fds, count, timeout_ms);
	return poll(fds, count, 0);
}

static void patch_poll(void)
{
	green_waits = 0;
	watch();
	ck_assert_uint_ge(redirect("poll", (redirect_fn)green_poll), 1);
}

START_TEST(a_program_that_patches_poll_sees_every_wait)
{
	const struct fake_listen small = { .family = FAKE_UNIX,
					   .buffer_bytes = 8192 };
	const size_t len = (size_t)1 << 20;
	char *value = binary_value(len, 1);
	struct tenon_item one = item("k", NULL);
	struct rig rig = { 0 };

	one.value = (struct tenon_slice){ value, len };
	rig_fake_at(&rig, &small,
		    FAKE_STEPS(FAKE_ACCEPT, FAKE_DELAY(20),
			       FAKE_EXPECT("set k 0 0 1048576\r\n"),
			       FAKE_EXPECT_BYTES(value, len),
			       FAKE_EXPECT("\r\n"), FAKE_DELAY(20),
			       FAKE_SEND("STORED\r\n"),
			       FAKE_EXPECT("get k\r\n"), FAKE_DELAY(20),
			       FAKE_SEND("END\r\n")));
	rig_transport = "poll";
	rig_open(&rig, NULL);
	patch_poll();
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_uint_ge(green_waits, 3);
	ck_assert_msg(watched.outside == 0, "%s", watched.what);
	rig_close(&rig);
	free(value);
}
END_TEST

START_TEST(a_program_that_patches_poll_sees_waits_for_a_client)
{
	const struct tenon_pool_limits one = { 1, 1, 1 };
	struct tenon_client *lent, *none;
	struct tenon_config *config;
	struct tenon_pool *pool;

	ck_assert_int_eq(rig_config(&config, NULL), 0);
	ck_assert_int_eq(tenon_config_add_server(config, "127.0.0.1:1", NULL, 1,
						 NULL), 0);
	ck_assert_int_eq(tenon_pool_open(config, &one, &pool, NULL), 0);
	ck_assert_int_eq(tenon_pool_acquire(pool, 0, &lent, NULL), 0);
	patch_poll();
	ck_assert_int_eq(tenon_pool_acquire(pool, 20, &none, NULL),
			 TENON_ETIMEDOUT);
	ck_assert_uint_ge(green_waits, 1);
	ck_assert_uint_eq(watched.outside, 0);
	tenon_pool_release(pool, lent);
	tenon_pool_close(pool);
	tenon_config_destroy(config);
}
END_TEST

/* ---- signals ------------------------------------------------------------------ */

static void do_nothing(int number)
{
	(void)number;
}

/* Send this process a signal soon, and every few ms until stop_signals(). */
static void send_signals(void)
{
	const struct itimerval often = { { 0, 5000 }, { 0, 5000 } };
	struct sigaction action = { .sa_handler = do_nothing };

	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
}

static void stop_signals(void)
{
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };

	ck_assert_int_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
}

struct interrupts {
	int calls;
	int end_at; /* number of the call that ends the operation; 0: none */
};

static int interrupted(void *payload)
{
	struct interrupts *interrupts = payload;

	interrupts->calls++;
	return interrupts->calls == interrupts->end_at;
}

/* Signals are for the thread that runs the client, not for the fake servers' threads. */
static void block_signals(int how)
{
	sigset_t alarms;

	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	ck_assert_int_eq(pthread_sigmask(how, &alarms, NULL), 0);
}

/* A server that answers b, but not a: a wait for a would take an hour. */
static void start_endless(struct rig *rig, const char *transport)
{
	static const struct fake_listen at_once = { .family = FAKE_UNIX };
	static const struct fake_step steps[] = {
		FAKE_ACCEPT, FAKE_EXPECT("get a\r\n"), FAKE_EXPECT_CLOSE,
		FAKE_ACCEPT, FAKE_EXPECT("get b\r\n"), FAKE_SEND("END\r\n"),
	};

	rig_fake_at(rig, &at_once, steps, COUNT(steps));
	rig_transport = transport;
	rig_open(rig, "poll_timeout: 1h\n" RETRY_NEVER);
}

START_TEST(the_interrupt_function_ends_a_call_and_the_server_is_not_blamed)
{
	struct interrupts interrupts = { .end_at = 3 };
	struct rig rig = { 0 };

	block_signals(SIG_BLOCK);
	start_endless(&rig, transports[_i]);
	ck_assert_int_eq(tenon_client_set_interrupt(rig.client, interrupted,
						    &interrupts, &rig.err), 0);
	block_signals(SIG_UNBLOCK);
	send_signals();
	ck_assert_int_eq(rig_get(&rig, "a"), TENON_EWAIT);
	ck_assert_int_eq(rig.err.sys_errno, ECANCELED);
	stop_signals();
	ck_assert_int_eq(interrupts.calls, 3);
	ck_assert_int_eq(rig_get(&rig, "b"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

/* A replacement of poll(2) that returns early, as greenify's does after an exception. */
static int end_early(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	(void)timeout_ms;
	return poll(fds, count, 0);
}

START_TEST(a_patched_poll_that_ends_early_ends_the_call)
{
	struct rig rig = { 0 };

	start_endless(&rig, transports[_i]);
	ck_assert_uint_gt(redirect("poll", (redirect_fn)end_early), 0);
	ck_assert_int_eq(rig_get(&rig, "a"), TENON_EWAIT);
	ck_assert_uint_gt(redirect("poll", (redirect_fn)poll), 0);
	ck_assert_int_eq(rig_get(&rig, "b"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

/* ---- list ---------------------------------------------------------------- */

#define EACH(tcase, test) LOOP(tcase, test, COUNT(transports))

int main(void)
{
	Suite *suite = suite_create("wait");
	TCase *tc = tcase_create("wait");

	scratch_begin();
	EACH(tc, waits_for_a_connection_and_a_reply_are_the_hooks);
	EACH(tc, waits_for_a_name_are_the_hooks);
	EACH(tc, waits_for_room_to_send_are_the_hooks);
	EACH(tc, waits_for_many_servers_are_the_hooks);
	EACH(tc, a_connection_from_before_the_hook_blocks_no_more);
	EACH(tc, a_client_whose_hook_was_removed_waits_itself_again);
	EACH(tc, the_hook_gets_the_time_left_and_the_deadline_holds);
	EACH(tc, a_hook_that_reports_false_events_does_no_harm);
	EACH(tc, a_wait_that_was_interrupted_goes_on);
	EACH(tc, a_wait_given_up_is_ewait_and_not_the_servers_failure);
	EACH(tc, keys_answered_before_a_wait_was_given_up_stay_answered);
	EACH(tc, a_wait_for_a_connection_can_be_given_up);
	EACH(tc, in_a_wait_other_clients_work_and_this_one_is_busy);
	EACH(tc,
	     the_interrupt_function_ends_a_call_and_the_server_is_not_blamed);
	EACH(tc, a_patched_poll_that_ends_early_ends_the_call);
	tcase_add_test(tc, a_program_that_patches_poll_sees_every_wait);
	tcase_add_test(tc, a_program_that_patches_poll_sees_waits_for_a_client);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
