/* SPDX-License-Identifier: BSD-3-Clause */
/* The question of `tenon check --online` in the binary protocol: what servers answer. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../tools/tenon/binary.h"
#include "../tools/tenon/latency.h"
#include "fakes/fake_server.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

#define LONG_MS 60000
/* A header: magic, opcode, 4 bytes, status, length of the body, 12 bytes. */
#define HEADER(magic, opcode, status, len) \
	magic opcode "\0\0\0\0\0" status "\0\0\0" len "\0\0\0\0\0\0\0\0\0\0\0\0"
#define NOOP HEADER("\x80", "\x0a", "\0", "\0")

static enum binary ask_for(int64_t timeout_ms, const struct fake_step *steps,
			   size_t count)
{
	struct fake_server *server = fake_server_start(steps, count);

	ck_assert(server);
	enum binary found = binary_ask(fake_server_address(server),
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
	enum binary expected;
} replies[] = {
	{ REPLY(HEADER("\x81", "\x0a", "\0", "\0")), BINARY_OPEN },
	{ REPLY(HEADER("\x81", "\x0a", "\x20", "\x0d") "Auth failure."), BINARY_SASL },
	{ REPLY(HEADER("\x81", "\x0a", "\x81", "\0")), BINARY_OPEN },
	{ REPLY(HEADER("\x81", "\x0b", "\0", "\0")), BINARY_NO },
	{ REPLY(HEADER("\x80", "\x0a", "\0", "\0")), BINARY_NO },
	{ REPLY("CLIENT_ERROR unauthenticated\r\n"), BINARY_NO },
};

START_TEST(magic_opcode_and_status_decide)
{
	struct fake_step answer = FAKE_SEND_BYTES(replies[_i].reply.bytes,
						  replies[_i].reply.len);

	ck_assert_int_eq(ask_for(LONG_MS, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(NOOP),
						     answer, FAKE_EXPECT_CLOSE)),
			 replies[_i].expected);
}
END_TEST

START_TEST(a_reply_in_pieces_is_read)
{
	ck_assert_int_eq(ask_for(LONG_MS,
				 FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(NOOP),
					    FAKE_SEND_SPLIT(HEADER("\x81", "\x0a", "\x20", "\0"),
							    5, 1),
					    FAKE_EXPECT_CLOSE)),
			 BINARY_SASL);
}
END_TEST

START_TEST(a_part_of_a_reply_is_none)
{
	ck_assert_int_eq(ask_for(LONG_MS,
				 FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(NOOP),
					    FAKE_SEND("\x81\x0a\0"), FAKE_CLOSE)),
			 BINARY_NO);
	ck_assert_int_eq(ask_for(LONG_MS, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(1),
						     FAKE_RESET)),
			 BINARY_NO);
	ck_assert_int_eq(ask_for(50, FAKE_STEPS(FAKE_ACCEPT, FAKE_HOLD)),
			 BINARY_NO);
}
END_TEST

START_TEST(a_server_that_refuses_speaks_nothing)
{
	char address[200];

	fake_refused_address(FAKE_INET, address, sizeof(address));
	ck_assert_int_eq(binary_ask(address, clock_ms() + LONG_MS), BINARY_NO);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("binary");
	TCase *tcase = tcase_create("binary");

	scratch_begin();
	LOOP(tcase, magic_opcode_and_status_decide, COUNT(replies));
	tcase_add_test(tcase, a_reply_in_pieces_is_read);
	tcase_add_test(tcase, a_part_of_a_reply_is_none);
	tcase_add_test(tcase, a_server_that_refuses_speaks_nothing);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
