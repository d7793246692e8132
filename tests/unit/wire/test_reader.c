/* SPDX-License-Identifier: BSD-3-Clause */
/* The reader of a protocol, run over bytes: what is in flight decides what a reply answers. */
#include <check.h>
#include <string.h>

#include "conformance/guard.h"
#include "fakes/flow.h"
#include "runner/suite.h"

static struct flow flow;

static void set_up(void)
{
	flow_open(&flow, "classic");
}

static void tear_down(void)
{
	flow_close(&flow);
}

/* Let a text arrive, in pieces of `step` bytes. */
static int read_text(const char *text, int step)
{
	return flow_read(&flow, text, strlen(text), (size_t)step);
}

START_TEST(a_value_is_read)
{
	flow_ask(&flow, TENON_GET, "k", 0);
	ck_assert_str_eq(flow_write(&flow), "get k\r\n");
	ck_assert_int_eq(read_text("VALUE k 5 1\r\nx\r\nEND\r\n", _i),
			 TENON_WIRE_DONE);
	ck_assert_int_eq(flow.results[0].status, TENON_HIT);
	ck_assert_uint_eq(flow.results[0].flags, 5);
	ck_assert_str_eq(flow.results[0].value, "x");
}
END_TEST

START_TEST(a_value_goes_into_the_memory_that_the_operation_gives)
{
	flow_ask(&flow, TENON_GET, "k", 0)->asks = true;
	flow_write(&flow);
	ck_assert_int_eq(read_text("VALUE k 5 3\r\nabc\r\nEND\r\n", _i),
			 TENON_WIRE_DONE);
	ck_assert_ptr_eq(flow.results[0].value, flow.sinks[0]);
	ck_assert_str_eq(flow.sinks[0], "abc");
}
END_TEST

START_TEST(answers_are_counted_by_their_status)
{
	flow_ask(&flow, TENON_GET, "k", 0);
	flow_ask(&flow, TENON_GET, "l", 0);
	flow_ask(&flow, TENON_SET, "k", 0);
	flow_write(&flow);
	ck_assert_int_eq(read_text("VALUE k 0 1\r\nx\r\nEND\r\nSTORED\r\n", _i),
			 TENON_WIRE_DONE);
	ck_assert_uint_eq(flow.tally.hits, 1);
	ck_assert_uint_eq(flow.tally.misses, 1);
	ck_assert_uint_eq(
		flow.tally.outcomes[TENON_TALLY_OUTCOME(TENON_STORED)], 1);
}
END_TEST

/* noreply is a request's: the fence stands between such a request and the next one with a reply. */
START_TEST(requests_with_and_without_reply_share_a_flow)
{
	flow_ask(&flow, TENON_DELETE, "a", 0);
	flow_ask(&flow, TENON_DELETE, "b", TENON_REQUEST_NOREPLY);
	flow_ask(&flow, TENON_DELETE, "c", TENON_REQUEST_NOREPLY);
	flow_ask(&flow, TENON_DELETE, "d", 0);
	flow_ask(&flow, TENON_DELETE, "e", TENON_REQUEST_NOREPLY);
	ck_assert_str_eq(flow_write(&flow),
			 "delete a\r\ndelete b noreply\r\ndelete c noreply\r\n"
			 "version\r\nget tenon:fence\r\ndelete d\r\n"
			 "delete e noreply\r\n");
	ck_assert_int_eq(read_text("DELETED\r\nERROR\r\nVERSION 1\r\nEND\r\n"
				   "NOT_FOUND\r\n",
				   _i),
			 TENON_WIRE_DONE);
	ck_assert_int_eq(flow.results[0].status, TENON_DELETED);
	ck_assert_int_eq(flow.results[3].status, TENON_MISS);
	for (int i = 1; i <= 4; i += i == 2 ? 2 : 1) {
		ck_assert_int_eq(flow.requests[i].state,
				 TENON_REQUEST_WRITTEN);
	}
	ck_assert(flow.wire.fence);
	ck_assert_int_eq(flow.wire.version, TENON_VERSION_THERE);
}
END_TEST

static const char *heard;

static void keep_line(struct tenon__wire *wire, int status, const char *line,
		      size_t len)
{
	ck_assert_ptr_eq(wire, &flow.wire);
	ck_assert_int_eq(status, TENON_EUNKNOWN);
	ck_assert_uint_eq(len, 5);
	heard = line;
}

START_TEST(an_error_of_a_noreply_request_answers_nothing)
{
	flow.wire.unasked = keep_line;
	flow_ask(&flow, TENON_DELETE, "a", TENON_REQUEST_NOREPLY);
	flow_ask(&flow, TENON_DELETE, "b", 0);
	flow_write(&flow);
	ck_assert_int_eq(read_text("ERROR\r\nVERSION 1\r\nEND\r\nDELETED\r\n",
				   _i),
			 TENON_WIRE_DONE);
	ck_assert_ptr_nonnull(heard);
	ck_assert_int_eq(flow.results[1].status, TENON_DELETED);
}
END_TEST

/* Bytes behind the last reply are judged by what is in flight, not by the end of a call. */
START_TEST(a_reply_to_nothing_in_flight_is_out_of_protocol)
{
	static const char *const stray[] = {
		"DELETED\r\nDELETED\r\n", "DELETED\r\nERROR\r\n",
		"DELETED\r\nx", "DELETED\r\n\r\n",
	};

	flow_ask(&flow, TENON_DELETE, "a", 0);
	flow_write(&flow);
	ck_assert_int_eq(read_text(stray[_i], 100), TENON_WIRE_BROKEN);
	ck_assert_int_eq(flow.wire.status, TENON_EPROTOCOL);
	ck_assert_int_eq(flow.results[0].status, TENON_DELETED);
}
END_TEST

START_TEST(a_reply_before_its_request_is_written_is_out_of_protocol)
{
	struct tenon__wire *wire = &flow.wire;

	flow_ask(&flow, TENON_DELETE, "a", 0);
	flow_write(&flow);
	flow_ask(&flow, TENON_DELETE, "b", 0);
	wire->queue = wire->last;
	ck_assert_int_eq(read_text("DELETED\r\nDELETED\r\n", 9),
			 TENON_WIRE_BROKEN);
	ck_assert_str_eq(wire->problem,
			 "a reply without a request: \"DELETED\"");
}
END_TEST

/* ---- a full block -------------------------------------------------------- */

static const struct {
	const char *protocol;
	enum tenon_verb verb;
	const char *reply;
} replies[] = {
	{ "classic", TENON_GET, "VALUE key 4294967295 10\r\n0123456789\r\nEND\r\n" },
	{ "classic", TENON_GETS, "VALUE key 5 3 18446744073709551615\r\nabc\r\nEND\r\n" },
	{ "classic", TENON_SET, "SERVER_ERROR out of memory storing object\r\n" },
	{ "classic", TENON_INCR, "18446744073709551615\r\n" },
	{ "meta", TENON_GET, "VA 10 f4294967295 O0000\r\n0123456789\r\n" },
	{ "meta", TENON_GETS, "VA 3 f5 c18446744073709551615 O0000\r\nabc\r\n" },
	{ "meta", TENON_SET, "HD c18446744073709551615 O0000\r\n" },
	{ "meta", TENON_INCR, "VA 20 O0000\r\n18446744073709551615\r\n" },
};

/* Let the first `len` bytes of a reply fill a block, behind which no byte can be read. */
static void fill_block(const char *protocol, enum tenon_verb verb,
		       const char *reply, size_t len)
{
	static const char zeros[1024];
	size_t before = 7 - len % 8; /* used bytes of the block: it begins and ends at a multiple of 8 */
	size_t bytes = sizeof(struct tenon__block) + before + len + 1;
	struct guard guard;

	tear_down();
	flow_open(&flow, protocol);
	guard_open(&guard, bytes);
	struct tenon__block *own = flow.wire.block;
	struct tenon__block *full = guard_at_end(&guard, zeros, bytes);
	full->capacity = before + len;
	full->filled = before;
	flow.wire.block = full;
	flow_ask(&flow, verb, "key", 0);
	flow_write(&flow);
	ck_assert_int_eq(flow_read(&flow, reply, len, len), TENON_WIRE_MORE);
	flow.wire.block = own;
	guard_close(&guard);
}

/* Loop: the replies, which arrive up to each of their bytes. */
START_TEST(no_byte_behind_a_full_block_is_read)
{
	for (size_t len = 1; len < strlen(replies[_i].reply); len++) {
		fill_block(replies[_i].protocol, replies[_i].verb,
			   replies[_i].reply, len);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reader");
	TCase *tcase = tcase_create("classic");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, a_value_is_read, 1, 25);
	tcase_add_loop_test(
		tcase, a_value_goes_into_the_memory_that_the_operation_gives, 1,
		25);
	tcase_add_loop_test(tcase, answers_are_counted_by_their_status, 1, 35);
	tcase_add_loop_test(tcase, requests_with_and_without_reply_share_a_flow,
			    1, 45);
	tcase_add_loop_test(
		tcase, an_error_of_a_noreply_request_answers_nothing, 1, 40);
	tcase_add_loop_test(
		tcase, a_reply_to_nothing_in_flight_is_out_of_protocol, 0, 4);
	tcase_add_test(
		tcase,
		a_reply_before_its_request_is_written_is_out_of_protocol);
	tcase_add_loop_test(tcase, no_byte_behind_a_full_block_is_read, 0,
			    sizeof(replies) / sizeof(replies[0]));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
