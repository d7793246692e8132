/* SPDX-License-Identifier: BSD-3-Clause */
/* secure tls: servers that cut, stop, refuse or ask for what is refused. */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/suite.h"
#include "tenon/health.h"
#include "tls_rig.h"

#define GET FAKE_EXPECT("get k\r\n")
#define END FAKE_SEND("END\r\n")
#define HIT FAKE_SEND("VALUE k 0 5\r\nhello\r\nEND\r\n")

static struct tenon_health health_of(struct rig *rig)
{
	struct tenon_health health;

	ck_assert_int_eq(tenon_client_health(rig->client, 0, &health), 0);
	return health;
}

/* ---- truncation --------------------------------------------------------------- */

/* The server says goodbye (close_notify) and leaves the connection open, or cuts the connection. */
static struct fake_step end_of(bool says_goodbye)
{
	const struct fake_step goodbye = FAKE_DEED(tls_say_goodbye, 0);
	const struct fake_step cut = FAKE_CLOSE;

	return says_goodbye ? goodbye : cut;
}

static const char *const parts[] = {
	"",
	"VAL",
	"VALUE k 0 5\r\n",
	"VALUE k 0 5\r\nhel",
	"VALUE k 0 5\r\nhello",
};

/* The first connection of the client: nothing is tried again. */
static void cut_a_reply(int variant, const char *part, bool says_goodbye)
{
	struct rig rig = { 0 };
	struct tls_fake how = tls_rig_choose(variant);

	tls_rig_fake(&rig, &how,
		     FAKE_STEPS(FAKE_ACCEPT, GET, fake_send_text(part),
				end_of(says_goodbye)));
	tls_rig_open(&rig, "", "");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECLOSED);
	ck_assert_ptr_null(rig.result.value);
	if (part[0] == '\0') {
		check_says(rig.err.message,
			   "; the server may want SASL, which tenon does not speak");
	}
	rig_close(&rig);
}

START_TEST(a_reply_that_is_cut_is_an_error)
{
	for (size_t i = 0; i < COUNT(parts); i++) {
		cut_a_reply(_i, parts[i], false);
		cut_a_reply(_i, parts[i], true);
	}
}
END_TEST

/* The connection was open before, so the get goes again on a new one. */
static void cut_and_answer(int variant, const char *part, bool says_goodbye)
{
	struct rig rig = { 0 };
	struct tls_fake how = tls_rig_choose(variant);

	tls_rig_fake(&rig, &how,
		     FAKE_STEPS(FAKE_ACCEPT, GET, END, GET,
				fake_send_text(part), end_of(says_goodbye),
				FAKE_ACCEPT, GET, HIT));
	tls_rig_open(&rig, "", "");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_msg(rig_get(&rig, "k") == TENON_HIT, "%s", rig.err.message);
	ck_assert(rig_value_is(&rig, "hello"));
	rig_close(&rig);
}

START_TEST(a_get_whose_reply_is_cut_goes_again)
{
	for (size_t i = 0; i < COUNT(parts); i++) {
		cut_and_answer(_i, parts[i], false);
		cut_and_answer(_i, parts[i], true);
	}
}
END_TEST

/* A request that must not be repeated shows that the client looked before it sent. */
static void end_while_idle(int variant, bool says_goodbye)
{
	const struct tenon_item one = { .key = TENON_LITERAL("k"), .delta = 1 };
	struct rig rig = { 0 };
	struct tls_fake how = tls_rig_choose(variant);

	tls_rig_fake(&rig, &how,
		     FAKE_STEPS(FAKE_ACCEPT, GET, END, end_of(says_goodbye),
				FAKE_ACCEPT, FAKE_EXPECT("incr k 1\r\n"),
				FAKE_SEND("8\r\n")));
	tls_rig_open(&rig, "", "");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert(fake_server_await(rig.fakes[0], 4));
	ck_assert_msg(rig_one(&rig, TENON_INCR, &one, 0) == TENON_HIT, "%s",
		      rig.err.message);
	ck_assert_uint_eq(health_of(&rig).state, TENON_SERVER_UP);
	ck_assert_uint_eq(rig.log_lines, 0);
	rig_close(&rig);
}

START_TEST(an_idle_connection_that_ends_is_no_failure)
{
	end_while_idle(_i, false);
	end_while_idle(_i, true);
}
END_TEST

START_TEST(a_handshake_that_is_cut_has_its_sentence)
{
	struct rig rig = { 0 };
	struct tls_fake how = tls_rig_choose(_i);

	how.records = 2;
	tls_rig_fake(&rig, &how,
		     FAKE_STEPS(FAKE_ACCEPT, FAKE_DEED(tls_begin_handshake, 0),
				FAKE_CLOSE));
	tls_rig_open(&rig, "", "");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ESECURE);
	check_says(rig.err.message,
		   "the server closed the connection during the handshake");
	rig_close(&rig);
}
END_TEST

/* memcached says so in plain text on a port with TLS as well. The config is not to blame. */
START_TEST(a_server_without_a_connection_left_is_down)
{
	struct rig rig = { 0 };
	struct tls_fake how = tls_rig_choose(_i);

	tls_rig_fake(&rig, &how,
		     FAKE_STEPS(FAKE_ACCEPT,
				FAKE_RAW("ERROR Too many open connections\r\n"),
				FAKE_CLOSE));
	tls_rig_open(&rig, "", "");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ESECURE);
	check_says(rig.err.message, "the server has no connection left");
	ck_assert_uint_eq(health_of(&rig).state, TENON_SERVER_DOWN);
	rig_close(&rig);
}
END_TEST

/* ---- alerts and renegotiation ---------------------------------------------------- */

START_TEST(an_alert_in_the_place_of_a_reply_is_an_error)
{
	struct rig rig = { 0 };
	struct tls_fake how = tls_rig_choose(_i);

	tls_rig_fake(&rig, &how,
		     FAKE_STEPS(FAKE_ACCEPT, GET, FAKE_DEED(tls_send_alert, 0),
				FAKE_HOLD));
	tls_rig_open(&rig, "", "");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ESECURE);
	check_says(rig.err.message, "bad record mac");
	rig_close(&rig);
}
END_TEST

START_TEST(after_an_alert_on_a_used_connection_a_get_goes_again)
{
	struct rig rig = { 0 };
	struct tls_fake how = tls_rig_choose(_i);

	tls_rig_fake(&rig, &how,
		     FAKE_STEPS(FAKE_ACCEPT, GET, END, GET,
				FAKE_SEND("VALUE k 0 5\r\nhe"),
				FAKE_DEED(tls_send_alert, 0), FAKE_ACCEPT, GET,
				HIT));
	tls_rig_open(&rig, "", "");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_HIT);
	rig_close(&rig);
}
END_TEST

static const struct {
	const char *certificate;
	size_t alert;
} refused[] = {
	{ "self-signed", SSL_AD_UNKNOWN_CA },
	{ "other-name", SSL_AD_BAD_CERTIFICATE },
	{ "expired", SSL_AD_CERTIFICATE_EXPIRED },
};

START_TEST(a_server_hears_why_its_certificate_is_refused)
{
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct rig rig = { 0 };
		struct tls_fake how = tls_rig_choose(_i);

		how.certificate = refused[i].certificate;
		tls_rig_fake(&rig, &how,
			     FAKE_STEPS(FAKE_ACCEPT,
					FAKE_DEED(tls_expect_alert,
						  refused[i].alert),
					FAKE_EXPECT_CLOSE));
		tls_rig_open(&rig, "", "");
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_ESECURE);
		check_says(rig.err.message, "the server's certificate ");
		rig_close(&rig);
	}
}
END_TEST

START_TEST(a_server_that_asks_for_a_renegotiation_is_refused)
{
	struct rig rig = { 0 };
	struct tls_fake how = tls_rig_choose(_i);

	how.version = TLS1_2_VERSION;
	tls_rig_fake(&rig, &how,
		     FAKE_STEPS(FAKE_ACCEPT, GET, FAKE_DEED(tls_renegotiate, 0),
				FAKE_HOLD));
	tls_rig_open(&rig, "", "");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ESECURE);
	check_says(rig.err.message, "renegotiation");
	rig_close(&rig);
}
END_TEST

START_TEST(a_server_without_the_lowest_version_is_named_with_both)
{
	struct rig rig = { 0 };
	struct tls_fake how = tls_rig_choose(_i);

	how.version = TLS1_2_VERSION;
	tls_rig_fake(
		&rig, &how,
		FAKE_STEPS(FAKE_ACCEPT, FAKE_DEED(tls_refuse, 0), FAKE_HOLD));
	tls_rig_open(&rig, ", minimum: 1.3", "");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ESECURE);
	check_says(rig.err.message,
		   "the server speaks TLS 1.2 or older, and `minimum` is 1.3");
	rig_close(&rig);
}
END_TEST

/* ---- slow handshakes ---------------------------------------------------------------- */

/* The server sends so many records of its handshake, and then nothing. */
static void stop_after(int variant, size_t records)
{
	struct rig rig = { 0 };
	struct tls_fake how = tls_rig_choose(variant);

	how.records = records;
	tls_rig_fake(&rig, &how,
		     FAKE_STEPS(FAKE_ACCEPT, FAKE_DEED(tls_begin_handshake, 0),
				FAKE_HOLD));
	tls_rig_open(&rig, "", "connect_timeout: 50ms\n");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECONNECT);
	check_says(rig.err.message,
		   "the handshake did not end within connect_timeout");
	rig_close(&rig);
}

START_TEST(a_handshake_that_stops_ends_at_connect_timeout)
{
	for (size_t records = 1; records <= 4; records++) {
		stop_after(_i, records);
	}
}
END_TEST

/* Wait until the good server has answered. Then the slow one goes on. */
static void *free_the_slow(void *payload)
{
	struct rig *rig = payload;

	if (fake_server_await(rig->fakes[1], 3)) {
		fake_server_go(rig->fakes[0]);
	}
	return NULL;
}

/* A client that waits for one server alone waits until the deadline. */
START_TEST(a_slow_handshake_holds_up_no_other_server)
{
	struct rig rig = { 0 };
	struct rig_pair pair;
	struct tls_fake good = tls_rig_choose(_i);
	struct tls_fake slow = good;
	pthread_t thread;

	slow.records = 1;
	tls_rig_fake(&rig, &slow,
		     FAKE_STEPS(FAKE_ACCEPT, FAKE_DEED(tls_begin_handshake, 0),
				FAKE_WAIT, FAKE_DEED(tls_go_on, 0),
				FAKE_READ(RIG_GET_LEN), END));
	tls_rig_fake(&rig, &good,
		     FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN), END));
	tls_rig_open(&rig, "", "");
	rig_make_pair(&rig, &pair);
	ck_assert_int_eq(pthread_create(&thread, NULL, free_the_slow, &rig), 0);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, pair.items, 2, 0), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	rig_close(&rig);
}
END_TEST

/* ---- sessions that are resumed ------------------------------------------------------------ */

/* The server sees it: the handshake of the second connection has no certificate. */
static void reconnect(int variant, const char *more, bool resumes)
{
	struct rig rig = { 0 };
	struct tls_fake how = tls_rig_choose(variant);

	tls_rig_fake(&rig, &how,
		     FAKE_STEPS(FAKE_ACCEPT, FAKE_DEED(tls_shake_hands, 0), GET,
				END, FAKE_CLOSE, FAKE_ACCEPT,
				FAKE_DEED(tls_shake_hands, resumes), GET, END));
	tls_rig_open(&rig, more, "");
	for (int i = 0; i < 2; i++) {
		ck_assert_msg(rig_get(&rig, "k") == TENON_MISS, "%s",
			      rig.err.message);
	}
	ck_assert_uint_eq(health_of(&rig).secure.resumptions, resumes);
	rig_close(&rig);
}

START_TEST(the_server_sees_that_a_session_is_resumed)
{
	reconnect(_i, "", true);
	reconnect(_i, ", resume: never", false);
}
END_TEST

/* The child resumes a session of the parent. The server ends the connection of the parent then. */
START_TEST(a_child_of_fork_resumes_a_session_of_its_parent)
{
	struct rig rig = { 0 };
	struct tls_fake how = tls_rig_choose(_i);
	int status;

	tls_rig_fake(&rig, &how,
		     FAKE_STEPS(FAKE_ACCEPT, FAKE_DEED(tls_shake_hands, 0), GET,
				END, FAKE_ACCEPT, FAKE_DEED(tls_shake_hands, 1),
				GET, END, FAKE_EXPECT_CLOSE, FAKE_ACCEPT,
				FAKE_DEED(tls_shake_hands, 1), GET, END));
	tls_rig_open(&rig, "", "");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	pid_t child = fork();
	if (child == 0) {
		if (rig_get(&rig, "k") == TENON_MISS) {
			/* an exit would show valgrind the memory of the fake's thread as lost */
			kill(getpid(), SIGKILL);
		}
		_exit(1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

/* ---- the suite ------------------------------------------------------------------------------ */

int main(void)
{
	const TTest *const each[] = {
		a_reply_that_is_cut_is_an_error,
		a_get_whose_reply_is_cut_goes_again,
		an_idle_connection_that_ends_is_no_failure,
		a_handshake_that_is_cut_has_its_sentence,
		an_alert_in_the_place_of_a_reply_is_an_error,
		a_server_hears_why_its_certificate_is_refused,
		after_an_alert_on_a_used_connection_a_get_goes_again,
		a_handshake_that_stops_ends_at_connect_timeout,
		a_slow_handshake_holds_up_no_other_server,
		the_server_sees_that_a_session_is_resumed,
		a_child_of_fork_resumes_a_session_of_its_parent,
	};
	const TTest *const one[] = {
		a_server_that_asks_for_a_renegotiation_is_refused,
		a_server_without_the_lowest_version_is_named_with_both,
		a_server_without_a_connection_left_is_down,
	};
	Suite *suite = tls_rig_suite("tls_peers");

	tls_rig_add(suite, each, COUNT(each), TLS_RIG_VERSIONS);
	tls_rig_add(suite, one, COUNT(one), 1);
	return suite_run(suite);
}
