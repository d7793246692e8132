/* SPDX-License-Identifier: BSD-3-Clause */
/* Meta commands in the caller's words, over bytes: the lines that are sent, and replies in any pieces. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/flow.h"
#include "runner/suite.h"
#include "wire/verbatim.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* Replies come in pieces of every length from 1 to this many bytes. */
#define PIECES 40

static const char *const protocols[] = { "classic", "meta", "auto" };

static struct flow flow;

static void set_up(void)
{
	flow_open(&flow, "classic");
}

static void tear_down(void)
{
	flow_close(&flow);
}

/* Ask in a new flow, and let a reply arrive in pieces of `step` bytes. */
static int ask(const char *protocol, const char *name, const char *words,
	       const char *reply, size_t step)
{
	flow_close(&flow);
	flow_open(&flow, protocol);
	flow_ask_verbatim(&flow, name, words);
	flow_write(&flow);
	return flow_read(&flow, reply, strlen(reply), step);
}

/* ---- requests --------------------------------------------------------------- */

static const struct {
	const char *name, *words, *sent;
} requests[] = {
	{ "mg", "k v t", "mg k v t\r\nmn\r\n" },
	{ "ms", "k 5 T60", "ms k 5 T60\r\nvalue\r\nmn\r\n" },
	{ "md", "k q", "md k q\r\nmn\r\n" },
	{ "ma", "k N60 J5 MD", "ma k N60 J5 MD\r\nmn\r\n" },
	{ "me", "k", "me k\r\nmn\r\n" },
	{ "mn", "", "mn\r\n" },
};

START_TEST(a_command_is_sent_as_it_is_with_an_end_behind_it)
{
	for (size_t i = 0; i < COUNT(protocols); i++) {
		flow_close(&flow);
		flow_open(&flow, protocols[i]);
		flow_ask_verbatim(&flow, requests[_i].name, requests[_i].words);
		ck_assert_str_eq(flow_write(&flow), requests[_i].sent);
	}
}
END_TEST

START_TEST(a_large_value_is_sent_from_the_memory_of_the_caller)
{
	static char large[TENON_SEND_COPY_MAX_BYTES + 1];
	struct tenon__request *req = flow_ask_verbatim(&flow, "ms", "k 1025");

	memset(large, 'x', sizeof(large));
	flow.items[0].value = (struct tenon_slice){ large, sizeof(large) };
	const char *sent = flow_write(&flow);
	ck_assert_ptr_eq(flow.wire.pieces[1].iov_base, large);
	ck_assert_uint_eq(strlen(sent), 11 + sizeof(large) + 6);
	ck_assert_str_eq(strchr(sent, '\n') + 1 + sizeof(large), "\r\nmn\r\n");
	ck_assert_int_eq(req->state, TENON_REQUEST_WRITTEN);
}
END_TEST

START_TEST(only_the_six_commands_are_there)
{
	static const char *const others[] = { "", "m", "mx", "get", "mgs", "MG" };

	for (size_t i = 0; i < COUNT(others); i++) {
		ck_assert_ptr_null(tenon__verbatim_verb_of(others[i]));
	}
}
END_TEST

/* ---- replies ---------------------------------------------------------------- */

static const struct {
	const char *name, *words, *reply;
	int status;
	const char *text, *value; /* NULL: none */
} replies[] = {
	{ "mg", "k v", "VA 5\r\nhello\r\nMN\r\n", TENON_HIT, "VA 5", "hello" },
	{ "mg", "k v f", "VA 0 f7\r\n\r\nMN\r\n", TENON_HIT, "VA 0 f7", "" },
	{ "mg", "k v", "VA 4 W Z\r\nMN\r\n\r\nMN\r\n", TENON_HIT, "VA 4 W Z",
	  "MN\r\n" },
	{ "mg", "k t", "HD t-1\r\nMN\r\n", TENON_OK, "HD t-1", NULL },
	{ "mg", "k", "EN\r\nMN\r\n", TENON_MISS, "EN", NULL },
	{ "mg", "k q", "MN\r\n", TENON_MISS, NULL, NULL },
	{ "ms", "k 5", "HD\r\nMN\r\n", TENON_OK, "HD", NULL },
	{ "ms", "k 5 q", "MN\r\n", TENON_OK, NULL, NULL },
	{ "ms", "k 5 ME", "NS\r\nMN\r\n", TENON_NOT_STORED, "NS", NULL },
	{ "ms", "k 5 C1", "EX\r\nMN\r\n", TENON_EXISTS, "EX", NULL },
	{ "md", "k", "NF Oa\r\nMN\r\n", TENON_MISS, "NF Oa", NULL },
	{ "md", "k q", "MN\r\n", TENON_OK, NULL, NULL },
	{ "ma", "k v", "VA 2 t60\r\n42\r\nMN\r\n", TENON_HIT, "VA 2 t60", "42" },
	{ "me", "k", "ME k exp=-1 la=2\r\nMN\r\n", TENON_OK, "ME k exp=-1 la=2",
	  NULL },
	{ "mn", "", "MN\r\n", TENON_OK, "MN", NULL },
	/* a code of a later server */
	{ "mg", "k", "XY 7\r\nMN\r\n", TENON_OK, "XY 7", NULL },
};

START_TEST(a_reply_is_told_as_it_came)
{
	const struct tenon_result *result = &flow.results[0];

	for (size_t i = 0; i < COUNT(protocols); i++) {
		for (size_t step = 1; step <= PIECES; step++) {
			ck_assert_int_eq(ask(protocols[i], replies[_i].name,
					     replies[_i].words,
					     replies[_i].reply, step),
					 TENON_WIRE_DONE);
			ck_assert(tenon__request_is_done(&flow.requests[0]));
			ck_assert_int_eq(result->status, replies[_i].status);
			ck_assert_pstr_eq(result->text, replies[_i].text);
			ck_assert_pstr_eq(result->value, replies[_i].value);
			ck_assert(flow.wire.meta.known);
		}
	}
}
END_TEST

static const struct {
	const char *reply;
	int status;
	const char *text;
} errors[] = {
	/* a server without meta commands: both lines are unknown to it */
	{ "ERROR\r\nERROR\r\n", TENON_EUNKNOWN, TENON_VERBATIM_UNKNOWN },
	{ "CLIENT_ERROR bad token\r\nMN\r\n", TENON_ECLIENT,
	  "CLIENT_ERROR bad token" },
	{ "SERVER_ERROR out of memory\r\nMN\r\n", TENON_ESERVER,
	  "SERVER_ERROR out of memory" },
	{ "VA 1\r\nx\r\nERROR\r\n", TENON_EUNKNOWN, TENON_VERBATIM_UNKNOWN },
};

START_TEST(an_error_line_ends_the_exchange_and_the_connection)
{
	for (size_t i = 0; i < COUNT(protocols); i++) {
		for (size_t step = 1; step <= PIECES; step++) {
			ck_assert_int_eq(ask(protocols[i], "mg", "k v",
					     errors[_i].reply, step),
					 TENON_WIRE_BROKEN);
			ck_assert(tenon__request_is_done(&flow.requests[0]));
			ck_assert_int_eq(flow.wire.status, TENON_ECLOSED);
			ck_assert_int_eq(flow.results[0].status,
					 errors[_i].status);
			ck_assert_str_eq(flow.results[0].text, errors[_i].text);
			ck_assert_ptr_null(flow.results[0].value);
			ck_assert(!flow.wire.meta.known);
		}
	}
}
END_TEST

static const struct {
	const char *name, *reply, *problem;
} nonsense[] = {
	{ "mg", "VA 2\r\nhello\r\nMN\r\n", "no line end after a value" },
	{ "mg", "VA\r\n", "a malformed VA line" },
	{ "mg", "VA x\r\n", "a malformed VA line" },
	{ "mg", "VA 5x\r\n", "a malformed VA line" },
	{ "mg", "VA 99999999999999999999\r\n", "a malformed VA line" },
	{ "mg", "VA 18446744073709551615\r\n", "a value of impossible length" },
	{ "mg", "HD\r\nHD\r\n", "an unexpected reply" },
	{ "mg", "hello\r\n", "an unexpected reply" },
	{ "mg", "H\r\n", "an unexpected reply" },
	{ "mg", "HDt\r\n", "an unexpected reply" },
	{ "mg", "\r\n", "an unexpected reply" },
	{ "mg", "HD\n", "a malformed line" },
	{ "mn", "HD\r\n", "an unexpected reply" },
	{ "mg", "HD\r\nMN\r\nHD\r\n", "bytes after the last reply" },
};

START_TEST(a_reply_out_of_protocol_ends_the_connection)
{
	for (size_t i = 0; i < COUNT(protocols); i++) {
		ck_assert_int_eq(ask(protocols[i], nonsense[_i].name, "",
				     nonsense[_i].reply, FLOW_BYTES),
				 TENON_WIRE_BROKEN);
		ck_assert_int_eq(flow.wire.status, TENON_EPROTOCOL);
		ck_assert_ptr_nonnull(
			strstr(flow.wire.problem, nonsense[_i].problem));
	}
}
END_TEST

START_TEST(a_line_with_a_nul_is_out_of_protocol)
{
	flow_ask_verbatim(&flow, "mg", "k");
	flow_write(&flow);
	ck_assert_int_eq(flow_read(&flow, "HD \0\r\n", 6, 6),
			 TENON_WIRE_BROKEN);
}
END_TEST

/* Without MN the exchange is not over, whatever came: the caller's deadline ends it. */
START_TEST(a_reply_without_its_end_is_no_answer)
{
	static const char *const parts[] = { "HD\r\n", "VA 5\r\nhello\r\n",
					     "VA 5\r\nhel", "VA 9\r\nhello\r\nMN\r\n",
					     "MN", "" };

	ck_assert_int_eq(ask(protocols[_i], "mg", "k v", "", 1),
			 TENON_WIRE_MORE);
	for (size_t i = 0; i < COUNT(parts); i++) {
		for (size_t step = 1; step <= PIECES; step++) {
			ck_assert_int_eq(ask(protocols[_i], "mg", "k v",
					     parts[i], step),
					 TENON_WIRE_MORE);
			ck_assert_int_eq(flow.requests[0].state,
					 TENON_REQUEST_WRITTEN);
			ck_assert_int_eq(flow.results[0].status, 0);
		}
	}
}
END_TEST

START_TEST(a_value_above_a_limit_is_skipped)
{
	for (size_t step = 1; step <= PIECES; step++) {
		flow_close(&flow);
		flow_open(&flow, "classic");
		flow.wire.max_value_bytes = _i == 0 ? 4 : FLOW_BYTES;
		flow.intake.left_bytes = _i == 0 ? FLOW_BYTES : 4;
		flow_ask_verbatim(&flow, "mg", "k v");
		flow_write(&flow);
		ck_assert_int_eq(flow_read(&flow, "VA 5\r\nhello\r\nMN\r\n", 17,
					   step),
				 TENON_WIRE_DONE);
		ck_assert_int_eq(flow.results[0].status, TENON_ETOOBIG);
		ck_assert_ptr_null(flow.results[0].value);
		ck_assert_pstr_eq(flow.results[0].text,
				  _i == 0 ? NULL : TENON_OPERATION_TOO_BIG);
	}
}
END_TEST

START_TEST(answers_are_counted_by_their_status)
{
	const tenon__counter *outcomes = flow.tally.outcomes;

	ask("classic", "mg", "k v", "VA 1\r\nx\r\nMN\r\n", 1);
	ck_assert_uint_eq(flow.tally.hits, 1);
	ck_assert_uint_eq(flow.tally.misses, 0);
	ask("classic", "mg", "k v", "EN\r\nMN\r\n", 1);
	ck_assert_uint_eq(flow.tally.hits, 0);
	ck_assert_uint_eq(flow.tally.misses, 1);
	ask("classic", "ms", "k 5 ME", "NS\r\nMN\r\n", 1);
	ck_assert_uint_eq(outcomes[TENON_TALLY_OUTCOME(TENON_NOT_STORED)], 1);
}
END_TEST

/* The replies of noreply requests come in front of the reply to the fence. */
START_TEST(a_command_behind_noreply_requests_has_a_fence)
{
	static const char *const sent[] = {
		"delete a noreply\r\nversion\r\nget tenon:fence\r\n"
		"mg k\r\nmn\r\n",
		"md a q O0000\r\nmn\r\nmg k\r\nmn\r\n",
	};
	static const char *const arrives[] = {
		"ERROR\r\nVERSION 1\r\nEND\r\nHD\r\nMN\r\n",
		"NF O0000\r\nMN\r\nHD\r\nMN\r\n",
	};

	for (size_t step = 1; step <= PIECES; step++) {
		flow_close(&flow);
		flow_open(&flow, protocols[_i]);
		flow_ask(&flow, TENON_DELETE, "a", TENON_REQUEST_NOREPLY);
		flow_ask_verbatim(&flow, "mg", "k");
		ck_assert_str_eq(flow_write(&flow), sent[_i]);
		ck_assert_int_eq(flow_read(&flow, arrives[_i],
					   strlen(arrives[_i]), step),
				 TENON_WIRE_DONE);
		ck_assert_str_eq(flow.results[1].text, "HD");
	}
}
END_TEST

/* TENON_REPLY_LINE_MAX_BYTES is 2048. */
START_TEST(a_line_without_end_is_out_of_protocol)
{
	char *endless = malloc(2050);

	memset(endless, 'H', 2050);
	flow_ask_verbatim(&flow, "mg", "k");
	flow_write(&flow);
	ck_assert_int_eq(flow_read(&flow, endless, 2048, 2048),
			 TENON_WIRE_MORE);
	ck_assert_int_eq(flow_read(&flow, endless, 1, 1), TENON_WIRE_BROKEN);
	free(endless);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("verbatim");
	TCase *tcase = tcase_create("verbatim");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase,
			    a_command_is_sent_as_it_is_with_an_end_behind_it, 0,
			    (int)COUNT(requests));
	tcase_add_test(tcase,
		       a_large_value_is_sent_from_the_memory_of_the_caller);
	tcase_add_test(tcase, only_the_six_commands_are_there);
	tcase_add_loop_test(tcase, a_reply_is_told_as_it_came, 0,
			    (int)COUNT(replies));
	tcase_add_loop_test(tcase,
			    an_error_line_ends_the_exchange_and_the_connection,
			    0, (int)COUNT(errors));
	tcase_add_loop_test(tcase, a_reply_out_of_protocol_ends_the_connection,
			    0, (int)COUNT(nonsense));
	tcase_add_test(tcase, a_line_with_a_nul_is_out_of_protocol);
	tcase_add_loop_test(tcase, a_reply_without_its_end_is_no_answer, 0,
			    (int)COUNT(protocols));
	tcase_add_loop_test(tcase, a_value_above_a_limit_is_skipped, 0, 2);
	tcase_add_test(tcase, answers_are_counted_by_their_status);
	tcase_add_loop_test(tcase,
			    a_command_behind_noreply_requests_has_a_fence, 0,
			    2);
	tcase_add_test(tcase, a_line_without_end_is_out_of_protocol);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
