/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The protocol `auto`: a new connection begins in classic and asks for the version, in the send of its
 * first request. The steps of every verb over it: test_verbs.c.
 */
#include <check.h>

#include "fakes/rig.h"
#include "runner/suite.h"
#include "tenon/health.h"

#define AUTO "protocol: auto\n" RETRY_NEVER
/* The first question to a server, and the one to a server that has answered before. */
#define FIRST "version\r\nget tenon:fence\r\n"
#define AGAIN "version\r\n"
#define GET "get k\r\n"
#define END "END\r\n"
#define META "mg k v f O0000\r\n"

/* What a server answers to `version`, and the next request of the client. */
static const struct {
	const char *answer, *next, *reply;
} servers[] = {
	{ "VERSION 1.6.18\r\n", META, "EN O0000\r\n" },
	{ "VERSION 1.6.45_5_g1234567\r\n", META, "EN O0000\r\n" },
	{ "VERSION 1.6.200\r\n", META, "EN O0000\r\n" },
	{ "VERSION 1.7.0\r\n", META, "EN O0000\r\n" },
	{ "VERSION 2.0.1 DF\r\n", META, "EN O0000\r\n" },
	{ "VERSION 1.6.17\r\n", GET, END },
	{ "VERSION 1.6.0 DF\r\n", GET, END },
	{ "VERSION 1.5.22\r\n", GET, END },
	{ "VERSION 0.5.0\r\n", GET, END },
	{ "VERSION 1.6\r\n", GET, END },
	{ "VERSION 1.6.\r\n", GET, END },
	{ "VERSION 1.6.x\r\n", GET, END },
	{ "VERSION mcrouter 41.0.0\r\n", GET, END },
	{ "VERSION \r\n", GET, END },
	{ "ERROR\r\n", GET, END },
	{ "CLIENT_ERROR malformed request\r\n", GET, END },
	{ "SERVER_ERROR no backend\r\n", GET, END },
	{ "hello\r\n", GET, END },
	{ "", GET, END },
};

/* Loop: the servers, and whether the answer comes in pieces. */
START_TEST(the_version_decides_the_protocol_of_the_second_call)
{
	size_t server = (size_t)_i % COUNT(servers);
	size_t piece = (size_t)_i < COUNT(servers) ? 0 : 1;
	struct fake_step steps[] = {
		FAKE_ACCEPT,
		FAKE_EXPECT(FIRST GET),
		fake_send_text(servers[server].answer),
		FAKE_SEND(END END),
		fake_expect_text(servers[server].next),
		fake_send_text(servers[server].reply),
		fake_expect_text(servers[server].next[0] == 'm'
					 ? "mg k v f O1000\r\n"
					 : GET),
		fake_send_text(servers[server].next[0] == 'm'
				       ? "EN O1000\r\n"
				       : END),
	};
	struct tenon_health health;
	struct rig rig = { 0 };

	steps[2].piece_bytes = steps[3].piece_bytes = piece;
	rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, AUTO);
	for (int call = 0; call < 3; call++) {
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	}
	ck_assert_int_eq(tenon_client_health(rig.client, 0, &health), 0);
	ck_assert_uint_eq(health.state, TENON_SERVER_UP);
	ck_assert_uint_eq(health.noreply.errors, 0);
	ck_assert_uint_eq(rig.log_lines, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(each_connection_asks)
{
	struct rig rig = { 0 };

	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(FIRST GET),
			    FAKE_SEND("VERSION 1.6.18\r\n" END END), FAKE_EXPECT(META),
			    FAKE_SEND("EN O0000\r\n"), FAKE_CLOSE,
			    /* an older server has taken its place */
			    FAKE_ACCEPT, FAKE_EXPECT(AGAIN GET),
			    FAKE_SEND("VERSION 1.5.0\r\n" END), FAKE_EXPECT(GET),
			    FAKE_SEND(END), FAKE_CLOSE,
			    /* and one that does not know the command */
			    FAKE_ACCEPT, FAKE_EXPECT(AGAIN GET),
			    FAKE_SEND("ERROR\r\n" END), FAKE_EXPECT(GET),
			    FAKE_SEND(END), FAKE_CLOSE,
			    FAKE_ACCEPT, FAKE_EXPECT(FIRST GET),
			    FAKE_SEND("VERSION 1.6.18\r\n" END END),
			    /* O1000 went to the first connection, after its end */
			    FAKE_EXPECT("mg k v f O2000\r\n"),
			    FAKE_SEND("EN O2000\r\n")));
	rig_open(&rig, AUTO);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
		ck_assert(i == 3 || fake_server_await(rig.fakes[0], 6 * (i + 1)));
	}
	rig_close(&rig);
}
END_TEST

START_TEST(noreply_requests_go_before_the_question)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT,
				  FAKE_EXPECT("delete k noreply\r\n"),
				  FAKE_EXPECT(FIRST GET),
				  FAKE_SEND("SERVER_ERROR busy\r\n"
					    "VERSION 1.6.18\r\n" END END),
				  FAKE_EXPECT("md k q O0000\r\nmn\r\n"),
				  FAKE_EXPECT("mg k v f O1000\r\n"),
				  FAKE_SEND("NF O0000\r\nMN\r\nEN O1000\r\n")));
	rig_open(&rig, AUTO);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(rig_one(&rig, TENON_DELETE, &rig_usual_item,
					 TENON_NOREPLY),
				 TENON_SENT);
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	}
	rig_close(&rig);
}
END_TEST

/* twemproxy 0.4 closes behind a command that it does not know. */
START_TEST(a_server_that_closes_behind_version_is_not_asked_again)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(FIRST GET), FAKE_CLOSE,
				  FAKE_ACCEPT, FAKE_EXPECT(GET), FAKE_SEND(END),
				  FAKE_CLOSE, FAKE_ACCEPT, FAKE_EXPECT(GET),
				  FAKE_SEND(END)));
	rig_open(&rig, AUTO);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert(fake_server_await(rig.fakes[0], 7));
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

/* A request that must not be repeated fails once, and the server is not marked down. */
START_TEST(a_request_that_must_not_go_twice_fails_once_behind_version)
{
	const struct tenon_item one = item("k", "v");
	struct rig rig = { 0 };

	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(FIRST "add k 0 0 1\r\nv\r\n"),
			    FAKE_CLOSE, FAKE_ACCEPT,
			    FAKE_EXPECT("add k 0 0 1\r\nv\r\n"),
			    FAKE_SEND("STORED\r\n")));
	rig_open(&rig, AUTO);
	ck_assert_int_eq(rig_one(&rig, TENON_ADD, &one, 0), TENON_ECLOSED);
	ck_assert_int_eq(rig_one(&rig, TENON_ADD, &one, 0), TENON_STORED);
	rig_close(&rig);
}
END_TEST

/* A server that closes also without `version` is down, and is asked when it is back. */
START_TEST(a_server_that_only_crashed_is_asked_again)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(FIRST GET), FAKE_CLOSE,
				  FAKE_ACCEPT, FAKE_EXPECT(GET), FAKE_CLOSE,
				  FAKE_ACCEPT, FAKE_EXPECT(FIRST GET),
				  FAKE_SEND("VERSION 1.6.18\r\n" END END),
				  FAKE_EXPECT(META), FAKE_SEND("EN O0000\r\n")));
	rig_open(&rig, "protocol: auto\n" RETRY_SOON);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECLOSED);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

/* The answer to `version` is not one to the command: the closing is the command's fault. */
START_TEST(a_server_that_closes_behind_a_command_answers_the_next)
{
	const struct tenon_item k = item("k", NULL);
	struct tenon_health health;
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(FIRST "gat 0 k\r\n"),
				  FAKE_SEND("VERSION 1.4.0\r\n" END), FAKE_CLOSE,
				  FAKE_ACCEPT, FAKE_EXPECT(AGAIN GET),
				  FAKE_SEND("VERSION 1.4.0\r\n" END)));
	rig_open(&rig, AUTO);
	ck_assert_int_eq(rig_one(&rig, TENON_GAT, &k, 0), TENON_ECLOSED);
	check_says(rig.err.message, "behind a command");
	ck_assert_int_eq(tenon_client_health(rig.client, 0, &health), 0);
	ck_assert_uint_eq(health.state, TENON_SERVER_UP);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

/* Nor does it keep keys from the next server. */
START_TEST(keys_hop_from_a_server_that_closes_behind_its_version)
{
	struct rig rig = { 0 };
	char first[RIG_KEY_LEN + 1];

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(sizeof(FIRST) - 1 + RIG_GET_LEN),
				  FAKE_SEND("VERSION 1.4.0\r\n" END), FAKE_CLOSE));
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(sizeof(FIRST) - 1 + RIG_GET_LEN),
				  FAKE_SEND("VERSION 1.4.0\r\n" END END)));
	rig_open(&rig, AUTO "failover: eject\n");
	rig_key_at(&rig, 0, 0, first);
	ck_assert_int_eq(rig_get(&rig, first), TENON_MISS);
	rig_close(&rig);
}
END_TEST

static const struct {
	const char *answer;
	int status;
	const char *says;
} refusals[] = {
	{ "ERROR Too many open connections\r\n", TENON_ECONNECT,
	  "refuses the connection" },
	{ "CLIENT_ERROR unauthenticated\r\n", TENON_EAUTH, "key `auth`" },
	{ "VALUE k 0 1\r\nx\r\n", TENON_EPROTOCOL, "an unexpected reply" },
	{ "\x15\x03\x01", TENON_ESECURE, "tls: true" },
};

START_TEST(a_refused_connection_has_its_reason)
{
	const struct fake_step steps[] = {
		FAKE_ACCEPT, FAKE_EXPECT(FIRST GET),
		fake_send_text(refusals[_i].answer), FAKE_EXPECT_CLOSE
	};
	struct rig rig = { 0 };

	rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, AUTO);
	ck_assert_int_eq(rig_get(&rig, "k"), refusals[_i].status);
	check_says(rig.err.message, refusals[_i].says);
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("auto");
	TCase *tc = tcase_create("auto");

	LOOP(tc, the_version_decides_the_protocol_of_the_second_call,
	     2 * COUNT(servers));
	tcase_add_test(tc, each_connection_asks);
	tcase_add_test(tc, noreply_requests_go_before_the_question);
	tcase_add_test(tc, a_server_that_closes_behind_version_is_not_asked_again);
	tcase_add_test(tc,
		       a_request_that_must_not_go_twice_fails_once_behind_version);
	tcase_add_test(tc, a_server_that_only_crashed_is_asked_again);
	tcase_add_test(tc, a_server_that_closes_behind_a_command_answers_the_next);
	tcase_add_test(tc, keys_hop_from_a_server_that_closes_behind_its_version);
	LOOP(tc, a_refused_connection_has_its_reason, COUNT(refusals));
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
