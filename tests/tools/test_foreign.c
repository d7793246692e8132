/* SPDX-License-Identifier: BSD-3-Clause */
/* The questions of `tenon check --online` in the binary protocol and in TLS: what servers answer. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../tools/tenon/foreign.h"
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
#define HELLO "\x16\3\1\0\4\1\0\0\0"

_Static_assert(BINARY_NO == 0, "0 is what no proper reply gives");

static int ask_in_binary(const char *address, int64_t deadline_ms)
{
	return (int)binary_ask(address, deadline_ms);
}

static int ask_in_tls(const char *address, int64_t deadline_ms)
{
	return tls_ask(address, deadline_ms);
}

/* Each with a reply, which is read in pieces, and a beginning that is no reply. */
static const struct question {
	int (*ask)(const char *address, int64_t deadline_ms);
	struct fake_step expect;
	struct fake_step in_pieces, part;
	int found; /* by the reply; 0: nothing */
} binary = {
	ask_in_binary,
	FAKE_EXPECT(NOOP),
	FAKE_SEND_SPLIT(HEADER("\x81", "\x0a", "\x20", "\0"), 5, 1),
	FAKE_SEND("\x81\x0a\0"),
	BINARY_SASL,
}, tls = {
	ask_in_tls,
	FAKE_EXPECT(HELLO),
	FAKE_SEND_SPLIT("\x15\3\3\0\2\2\x32", 3, 1),
	FAKE_SEND("\x15\3\3"),
	true,
};

static const struct question *const questions[] = { &binary, &tls };

static int ask_for(const struct question *question, int64_t timeout_ms,
		   const struct fake_step *steps, size_t count)
{
	struct fake_server *server = fake_server_start(steps, count);

	ck_assert(server);
	int found = question->ask(fake_server_address(server),
				  clock_ms() + timeout_ms);
	char *problem = fake_server_join(server);
	ck_assert_msg(!problem, "%s", problem);
	return found;
}

static const struct {
	const struct question *question;
	struct fake_step reply;
	int expected;
} replies[] = {
	{ &binary, FAKE_SEND(HEADER("\x81", "\x0a", "\0", "\0")), BINARY_OPEN },
	{ &binary, FAKE_SEND(HEADER("\x81", "\x0a", "\x20", "\x0d") "Auth failure."), BINARY_SASL },
	{ &binary, FAKE_SEND(HEADER("\x81", "\x0a", "\x81", "\0")), BINARY_OPEN },
	{ &binary, FAKE_SEND(HEADER("\x81", "\x0b", "\0", "\0")), BINARY_NO },
	{ &binary, FAKE_SEND(HEADER("\x80", "\x0a", "\0", "\0")), BINARY_NO },
	{ &binary, FAKE_SEND("CLIENT_ERROR unauthenticated\r\n"), BINARY_NO },
	{ &tls, FAKE_SEND("\x15\3\3\0\2\2\x32"), true },  /* decode_error */
	{ &tls, FAKE_SEND("\x15\3\1\0\2\2\x46"), true },  /* protocol_version */
	{ &tls, FAKE_SEND("\x16\3\3\0\x7a\2\0\0\x76"), true }, /* a ServerHello */
	{ &tls, FAKE_SEND("\x15\2\3\0\2\2\x32"), false },
	{ &tls, FAKE_SEND("\x17\3\3\0\2\2\x32"), false },
	{ &tls, FAKE_SEND("HTTP/1.1 400 Bad Request\r\n"), false },
	{ &tls, FAKE_SEND("CLIENT_ERROR unauthenticated\r\n"), false },
};

START_TEST(the_first_bytes_decide)
{
	const struct question *question = replies[_i].question;

	ck_assert_int_eq(ask_for(question, LONG_MS,
				 FAKE_STEPS(FAKE_ACCEPT, question->expect,
					    replies[_i].reply, FAKE_EXPECT_CLOSE)),
			 replies[_i].expected);
}
END_TEST

START_TEST(a_reply_in_pieces_is_read)
{
	const struct question *question = questions[_i];

	ck_assert_int_eq(ask_for(question, LONG_MS,
				 FAKE_STEPS(FAKE_ACCEPT, question->expect,
					    question->in_pieces, FAKE_EXPECT_CLOSE)),
			 question->found);
}
END_TEST

START_TEST(a_part_of_a_reply_is_none)
{
	const struct question *question = questions[_i];

	ck_assert_int_eq(ask_for(question, LONG_MS,
				 FAKE_STEPS(FAKE_ACCEPT, question->expect,
					    question->part, FAKE_CLOSE)), 0);
	ck_assert_int_eq(ask_for(question, LONG_MS,
				 FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(1), FAKE_RESET)), 0);
	ck_assert_int_eq(ask_for(question, 50, FAKE_STEPS(FAKE_ACCEPT, FAKE_HOLD)), 0);
}
END_TEST

START_TEST(a_server_that_refuses_speaks_nothing)
{
	char address[200];

	fake_refused_address(FAKE_INET, address, sizeof(address));
	ck_assert_int_eq(questions[_i]->ask(address, clock_ms() + LONG_MS), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("foreign");
	TCase *tcase = tcase_create("foreign");

	scratch_begin();
	LOOP(tcase, the_first_bytes_decide, COUNT(replies));
	LOOP(tcase, a_reply_in_pieces_is_read, COUNT(questions));
	LOOP(tcase, a_part_of_a_reply_is_none, COUNT(questions));
	LOOP(tcase, a_server_that_refuses_speaks_nothing, COUNT(questions));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
