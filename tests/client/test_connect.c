/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connects that the kernel answers in an unusual way. The calls of socket(2) and connect(2) in the
 * library and its transports are replaced.
 */
#include <check.h>
#include <errno.h>
#include <sys/socket.h>

#include "fakes/redirect.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/builddir.h"
#include "runner/suite.h"

/* Transport uring connects as transport poll does. */
static const char *const transports[] = { "poll", "blocking" };
static const int limits[] = { EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL,
			      EAFNOSUPPORT, EPROTONOSUPPORT, ENETDOWN };

static int answer;	 /* the errno of calls that are replaced */
static unsigned answers; /* so many of them fail; the rest work */

static bool refuses(void)
{
	if (answers > 0) {
		answers--;
		errno = answer;
		return true;
	}
	return false;
}

static int fake_socket(int family, int type, int protocol)
{
	return refuses() ? -1 : socket(family, type, protocol);
}

static int fake_connect(int fd, const struct sockaddr *where, socklen_t len)
{
	return refuses() ? -1 : connect(fd, where, len);
}

/* A signal interrupts the call after the kernel has begun to connect. */
static int interrupted_connect(int fd, const struct sockaddr *where,
			       socklen_t len)
{
	int code = connect(fd, where, len);

	if (code == 0 || errno == EINPROGRESS) {
		answers++;
		errno = EINTR;
		code = -1;
	}
	return code;
}

/* Open a client whose server answers one get, over the transport of a loop test. */
static void open_client(struct rig *rig, size_t transport,
			enum fake_family family)
{
	static const struct fake_step steps[] = { FAKE_ACCEPT,
						  FAKE_EXPECT("get k\r\n"),
						  FAKE_SEND("END\r\n") };
	const struct fake_listen listen = { .family = family };

	rig_transport = transports[transport];
	rig_fake_at(rig, &listen, steps, COUNT(steps));
	rig_open(rig, RETRY_NEVER);
	ck_assert_uint_ge(redirect("socket", (redirect_fn)fake_socket), 1);
	ck_assert_uint_ge(redirect("connect", (redirect_fn)fake_connect), 1);
}

/* Meet one of the limits in the call that is redirected; which counts limits, within a transport. */
static void check_limit(int which, bool in_connect)
{
	const struct tenon_item one = item("k", NULL);
	struct rig rig = { 0 };

	open_client(&rig, (size_t)which / COUNT(limits), FAKE_INET);
	if (in_connect) {
		ck_assert_uint_ge(redirect("socket", (redirect_fn)socket), 1);
	}
	answer = limits[(size_t)which % COUNT(limits)];
	answers = 1;
	ck_assert_int_lt(rig_one(&rig, TENON_GET, &one, 0), 0);
	ck_assert_int_eq(rig.err.sys_errno, answer);
	ck_assert_uint_eq(answers, 0);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}

START_TEST(a_local_limit_is_no_failure_of_the_server)
{
	check_limit(_i, false);
}
END_TEST

START_TEST(a_local_limit_of_connect_is_no_failure_of_the_server)
{
	check_limit(_i, true);
}
END_TEST

START_TEST(a_connect_that_a_signal_interrupts_goes_on)
{
	struct rig rig = { 0 };

	open_client(&rig, (size_t)_i, FAKE_INET);
	ck_assert_uint_ge(redirect("connect",
				   (redirect_fn)interrupted_connect),
			  1);
	answers = 0;
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

/* Nothing says when a UNIX socket is connected after EINTR, so connect() is called again. */
START_TEST(a_connect_to_a_unix_socket_that_a_signal_interrupts_is_tried_again)
{
	static const int passing[] = { EINTR, EAGAIN };

	for (size_t i = 0; i < COUNT(passing); i++) {
		struct rig rig = { 0 };

		open_client(&rig, (size_t)_i, FAKE_UNIX);
		ck_assert_uint_ge(redirect("socket", (redirect_fn)socket), 1);
		answer = passing[i];
		answers = 5;
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
		ck_assert_uint_eq(answers, 0);
		rig_close(&rig);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("connect");
	TCase *tcase = tcase_create("connect");
	const int count = (int)COUNT(transports);

	enter_builddir();
	scratch_begin();
	tcase_add_loop_test(tcase, a_local_limit_is_no_failure_of_the_server, 0,
			    count * (int)COUNT(limits));
	tcase_add_loop_test(tcase,
			    a_local_limit_of_connect_is_no_failure_of_the_server,
			    0, count * (int)COUNT(limits));
	tcase_add_loop_test(tcase, a_connect_that_a_signal_interrupts_goes_on,
			    0, count);
	tcase_add_loop_test(
		tcase,
		a_connect_to_a_unix_socket_that_a_signal_interrupts_is_tried_again,
		0, count);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
