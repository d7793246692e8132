/* SPDX-License-Identifier: BSD-3-Clause */
/* The question of `tenon check --online` in TLS: what servers answer. */
#include <check.h>

#include "../tools/tenon/latency.h"
#include "../tools/tenon/tls_port.h"
#include "fakes/fake_server.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

#define LONG_MS 60000
#define HELLO "\x16\3\1\0\4\1\0\0\0"

static bool ask_for(int64_t timeout_ms, const struct fake_step *steps,
		    size_t count)
{
	struct fake_server *server = fake_server_start(steps, count);

	ck_assert(server);
	bool found = tls_port_ask(fake_server_address(server),
				  clock_ms() + timeout_ms);
	char *problem = fake_server_join(server);
	ck_assert_msg(!problem, "%s", problem);
	return found;
}

#define REPLY(literal) { (literal), sizeof(literal) - 1 }

static const struct {
	struct {
		const char *bytes;
		size_t len;
	} reply;
	bool expected;
} replies[] = {
	{ REPLY("\x15\3\3\0\2\2\x32"), true },	/* decode_error */
	{ REPLY("\x15\3\1\0\2\2\x46"), true },	/* protocol_version */
	{ REPLY("\x16\3\3\0\x7a\2\0\0\x76"), true }, /* a ServerHello */
	{ REPLY("\x15\2\3\0\2\2\x32"), false },
	{ REPLY("\x17\3\3\0\2\2\x32"), false },
	{ REPLY("HTTP/1.1 400 Bad Request\r\n"), false },
	{ REPLY("CLIENT_ERROR unauthenticated\r\n"), false },
};

START_TEST(type_and_version_of_the_record_decide)
{
	struct fake_step answer = FAKE_SEND_BYTES(replies[_i].reply.bytes,
						  replies[_i].reply.len);

	ck_assert_int_eq(ask_for(LONG_MS, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(HELLO),
						     answer, FAKE_EXPECT_CLOSE)),
			 replies[_i].expected);
}
END_TEST

START_TEST(a_reply_in_pieces_is_read)
{
	ck_assert(ask_for(LONG_MS,
			  FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(HELLO),
				     FAKE_SEND_SPLIT("\x15\3\3\0\2\2\x32", 3, 1),
				     FAKE_EXPECT_CLOSE)));
}
END_TEST

START_TEST(a_part_of_a_reply_is_none)
{
	ck_assert(!ask_for(LONG_MS,
			   FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(HELLO),
				      FAKE_SEND("\x15\3\3"), FAKE_CLOSE)));
	ck_assert(!ask_for(LONG_MS,
			   FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(1), FAKE_RESET)));
	ck_assert(!ask_for(50, FAKE_STEPS(FAKE_ACCEPT, FAKE_HOLD)));
}
END_TEST

START_TEST(a_server_that_refuses_speaks_nothing)
{
	char address[200];

	fake_refused_address(FAKE_INET, address, sizeof(address));
	ck_assert(!tls_port_ask(address, clock_ms() + LONG_MS));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tls_port");
	TCase *tcase = tcase_create("tls_port");

	scratch_begin();
	LOOP(tcase, type_and_version_of_the_record_decide, COUNT(replies));
	tcase_add_test(tcase, a_reply_in_pieces_is_read);
	tcase_add_test(tcase, a_part_of_a_reply_is_none);
	tcase_add_test(tcase, a_server_that_refuses_speaks_nothing);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
