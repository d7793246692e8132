/* SPDX-License-Identifier: BSD-3-Clause */
/* The meta protocol without a socket: the bytes of requests, and replies that come in any pieces. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "fakes/flow.h"
#include "runner/suite.h"
#include "wire/meta/meta_protocol.h"
#include "wire/meta/opaque.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* Pieces of every length from 1 to this many bytes. */
#define PIECES 60

static struct flow flow;

static void set_up(void)
{
	flow_open(&flow, "meta");
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

/* Run a check with a new flow for pieces of each length. */
static void in_pieces(void (*check)(int row, int step), int row)
{
	for (int step = 1; step <= PIECES; step++) {
		check(row, step);
		flow_close(&flow);
		flow_open(&flow, "meta");
	}
}

static void ask_keys(enum tenon_verb verb, const char *keys)
{
	static char key[FLOW_REQUESTS][2];

	for (size_t i = 0; keys[i]; i++) {
		key[flow.count][0] = keys[i];
		flow_ask(&flow, verb, key[flow.count], 0);
	}
}

/* The statuses of all requests: one letter each. '-': no answer. */
static const char *statuses(void)
{
	static char text[FLOW_REQUESTS + 1];

	for (uint32_t i = 0; i < flow.count; i++) {
		int status = flow.results[i].status;

		text[i] = !tenon__request_is_done(&flow.requests[i]) ? '-' :
			  status == TENON_HIT			     ? 'h' :
			  status == TENON_MISS			     ? 'm' :
			  status == TENON_ESERVER		     ? 's' :
			  status == TENON_ECLIENT		     ? 'c' :
			  status == TENON_EUNKNOWN		     ? 'u' :
								       '?';
	}
	text[flow.count] = '\0';
	return text;
}

/* ---- requests ------------------------------------------------------------- */

static const struct {
	enum tenon_verb verb;
	const char *request, *noreply;
} lines[] = {
	{ TENON_GET, "mg k v f O0000\r\n", NULL },
	{ TENON_GETS, "mg k v f c O0000\r\n", NULL },
	{ TENON_GAT, "mg k v f T60 O0000\r\n", NULL },
	{ TENON_GATS, "mg k v f c T60 O0000\r\n", NULL },
	{ TENON_SET, "ms k 5 F7 T60 O0000\r\nvalue\r\n",
	  "ms k 5 F7 T60 q O0000\r\nvalue\r\n" },
	{ TENON_ADD, "ms k 5 F7 T60 ME O0000\r\nvalue\r\n",
	  "ms k 5 F7 T60 ME q O0000\r\nvalue\r\n" },
	{ TENON_REPLACE, "ms k 5 F7 T60 MR O0000\r\nvalue\r\n",
	  "ms k 5 F7 T60 MR q O0000\r\nvalue\r\n" },
	{ TENON_APPEND, "ms k 5 MA O0000\r\nvalue\r\n",
	  "ms k 5 MA q O0000\r\nvalue\r\n" },
	{ TENON_PREPEND, "ms k 5 MP O0000\r\nvalue\r\n",
	  "ms k 5 MP q O0000\r\nvalue\r\n" },
	{ TENON_CAS, "ms k 5 C99 F7 T60 O0000\r\nvalue\r\n",
	  "ms k 5 C99 F7 T60 q O0000\r\nvalue\r\n" },
	{ TENON_DELETE, "md k O0000\r\n", "md k q O0000\r\n" },
	{ TENON_TOUCH, "mg k T60 O0000\r\n", "mg k T60 q O0000\r\n" },
	{ TENON_INCR, "ma k D5 v O0000\r\n", "ma k D5 q O0000\r\n" },
	{ TENON_DECR, "ma k D5 v MD O0000\r\n", "ma k D5 MD q O0000\r\n" },
};

/* Ask with all numbers of an item set. */
static void ask_full(enum tenon_verb verb, uint8_t bits)
{
	struct tenon_item *item = &flow.items[flow.count];

	flow_ask(&flow, verb, "k", bits);
	item->flags = 7;
	item->exptime = 60;
	item->cas = 99;
	item->delta = 5;
}

START_TEST(a_request_has_its_flags_and_an_opaque)
{
	ask_full(lines[_i].verb, 0);
	ck_assert_str_eq(flow_write(&flow), lines[_i].request);
}
END_TEST

START_TEST(a_noreply_request_is_quiet)
{
	if (!lines[_i].noreply) {
		return;
	}
	ask_full(lines[_i].verb, TENON_REQUEST_NOREPLY);
	ck_assert_str_eq(flow_write(&flow), lines[_i].noreply);
	ck_assert(flow.wire.fence);
}
END_TEST

START_TEST(many_keys_are_one_batch_with_one_fence)
{
	ask_keys(TENON_GET, "abc");
	ask_keys(TENON_GETS, "d");
	ck_assert_str_eq(flow_write(&flow), "mg a q v f O0000\r\n"
					    "mg b q v f O1000\r\n"
					    "mg c q v f O2000\r\nmn\r\n"
					    "mg d v f c O3000\r\n");
}
END_TEST

START_TEST(opaques_are_read_as_they_are_written)
{
	static const uint32_t numbers[] = { 0,	     1,	       63,
					    64,	     4095,     4096,
					    0x123456, 0xfffffe, OPAQUE_MASK };
	char tail[TAIL_BYTES];
	uint32_t number;

	for (size_t i = 0; i < COUNT(numbers); i++) {
		ck_assert_ptr_eq(put_tail(tail, numbers[i]), tail + TAIL_BYTES);
		ck_assert(has_tail(tail, numbers[i]));
		ck_assert(!has_tail(tail, numbers[i] ^ 0x40000));
		ck_assert(read_letters(tail + 2, &number));
		ck_assert_uint_eq(number, numbers[i]);
	}
	ck_assert(!read_letters("000/", &number));
	ck_assert(!read_letters("p000", &number));
	ck_assert(!read_letters("00\xff" "0", &number));
}
END_TEST

/* Behind opaque 16777215 comes opaque 0, also within a batch. */
START_TEST(opaques_begin_again)
{
	flow.wire.meta.next = OPAQUE_MASK;
	ask_keys(TENON_GET, "ab");
	ck_assert_str_eq(flow_write(&flow), "mg a q v f Ooooo\r\n"
					    "mg b q v f O0000\r\nmn\r\n");
	ck_assert_int_eq(read_text("VA 1 f0 O0000\r\nB\r\nMN\r\n", _i),
			 TENON_WIRE_DONE);
	ck_assert_str_eq(statuses(), "mh");
}
END_TEST

/* ---- replies in any pieces --------------------------------------------------- */

static const struct {
	enum tenon_verb verb;
	const char *reply;
	int status;
	const char *value;
	uint32_t flags;
	uint64_t cas, number;
} answers[] = {
	{ TENON_GET, "VA 3 f7 O0000\r\nabc\r\n", TENON_HIT, "abc", .flags = 7 },
	{ TENON_GET, "VA 0 f0 O0000\r\n\r\n", TENON_HIT, "", .flags = 0 },
	{ TENON_GET, "VA 4 f4294967295 O0000\r\n\r\nMN\r\n", TENON_HIT, "\r\nMN",
	  .flags = UINT32_MAX },
	{ TENON_GET, "VA 1 f0 O0000 W X\r\nx\r\n", TENON_HIT, "x", .flags = 0 },
	{ TENON_GET, "VA 1 f0 Z O0000 X\r\nx\r\n", TENON_HIT, "x", .flags = 0 },
	{ TENON_GET, "EN O0000\r\n", .status = TENON_MISS },
	{ TENON_GET, "SERVER_ERROR busy\r\n", .status = TENON_ESERVER },
	{ TENON_GETS, "VA 1 f0 c18446744073709551615 O0000\r\nx\r\n", TENON_HIT,
	  "x", .cas = UINT64_MAX },
	{ TENON_GAT, "VA 1 f9 O0000\r\nx\r\n", TENON_HIT, "x", .flags = 9 },
	{ TENON_GATS, "VA 1 f9 c8 O0000\r\nx\r\n", TENON_HIT, "x", .flags = 9,
	  .cas = 8 },
	{ TENON_SET, "HD O0000\r\n", .status = TENON_STORED },
	{ TENON_SET, "NS O0000\r\n", .status = TENON_NOT_STORED },
	{ TENON_SET, "SERVER_ERROR out of memory storing object\r\n",
	  .status = TENON_ESERVER },
	{ TENON_ADD, "NS O0000\r\n", .status = TENON_NOT_STORED },
	{ TENON_CAS, "HD O0000\r\n", .status = TENON_STORED },
	{ TENON_CAS, "EX O0000\r\n", .status = TENON_EXISTS },
	{ TENON_CAS, "NF O0000\r\n", .status = TENON_MISS },
	{ TENON_DELETE, "HD O0000\r\n", .status = TENON_DELETED },
	{ TENON_DELETE, "NF O0000\r\n", .status = TENON_MISS },
	{ TENON_TOUCH, "HD O0000\r\n", .status = TENON_TOUCHED },
	{ TENON_TOUCH, "HD O0000 Z X\r\n", .status = TENON_TOUCHED },
	{ TENON_TOUCH, "EN O0000\r\n", .status = TENON_MISS },
	{ TENON_INCR, "VA 2 O0000\r\n12\r\n", TENON_HIT, .number = 12 },
	{ TENON_DECR, "VA 2 O0000\r\n9 \r\n", TENON_HIT, .number = 9 },
	{ TENON_INCR, "VA 20 O0000\r\n18446744073709551615\r\n", TENON_HIT,
	  .number = UINT64_MAX },
	{ TENON_INCR, "NF O0000\r\n", .status = TENON_MISS },
	{ TENON_INCR, "CLIENT_ERROR non-numeric value\r\n",
	  .status = TENON_ECLIENT },
};

static void check_answer(int row, int step)
{
	const char *text = answers[row].reply;
	const struct tenon_result *result = &flow.results[0];

	flow_ask(&flow, answers[row].verb, "k", 0);
	flow_write(&flow);
	ck_assert_int_eq(read_text(text, step), TENON_WIRE_DONE);
	ck_assert_int_eq(result->status, answers[row].status);
	ck_assert_pstr_eq(result->value, answers[row].value);
	ck_assert_uint_eq(result->flags, answers[row].flags);
	ck_assert_uint_eq(result->cas, answers[row].cas);
	ck_assert_uint_eq(result->number, answers[row].number);
	ck_assert_uint_eq(flow.wire.meta.heard, 1);
}

START_TEST(an_answer_has_its_status_and_its_value)
{
	in_pieces(check_answer, _i);
}
END_TEST

static const struct {
	const char *reply;
	const char *statuses; /* of gets of a, b, c, d in one batch */
} batches[] = {
	{ "MN\r\n", "mmmm" },
	{ "VA 1 f0 O0000\r\nA\r\nVA 1 f0 O1000\r\nB\r\nVA 1 f0 O2000\r\nC\r\n"
	  "VA 1 f0 O3000\r\nD\r\nMN\r\n",
	  "hhhh" },
	{ "VA 1 f0 O1000\r\nB\r\nMN\r\n", "mhmm" },
	{ "VA 1 f0 O3000\r\nD\r\nMN\r\n", "mmmh" },
	{ "VA 1 f0 O0000\r\nA\r\nVA 1 f0 O2000\r\nC\r\nMN\r\n", "hmhm" },
	/* a server that answers quiet requests */
	{ "EN O0000\r\nVA 1 f0 O1000\r\nB\r\nEN O3000\r\nMN\r\n", "mhmm" },
	{ "EN O0000\r\nEN O1000\r\nEN O2000\r\nEN O3000\r\nMN\r\n", "mmmm" },
	/* an error line is that of one of the requests in front of the next reply */
	{ "SERVER_ERROR x\r\nVA 1 f0 O1000\r\nB\r\nMN\r\n", "shmm" },
	{ "VA 1 f0 O0000\r\nA\r\nSERVER_ERROR x\r\nVA 1 f0 O3000\r\nD\r\nMN\r\n",
	  "hssh" },
	{ "VA 1 f0 O0000\r\nA\r\nCLIENT_ERROR x\r\nSERVER_ERROR y\r\nMN\r\n",
	  "hccc" },
};

static void check_batch(int row, int step)
{
	ask_keys(TENON_GET, "abcd");
	flow_write(&flow);
	ck_assert_int_eq(read_text(batches[row].reply, step),
			 TENON_WIRE_DONE);
	ck_assert_str_eq(statuses(), batches[row].statuses);
	for (uint32_t i = 0; i < 4; i++) {
		const struct tenon_result *result = &flow.results[i];

		ck_assert(result->status != TENON_HIT ||
			  (result->value_len == 1 &&
			   result->value[0] == (char)('A' + i)));
		ck_assert(!result->text == (result->status >= 0));
	}
	ck_assert_uint_eq(flow.tally.hits + flow.tally.misses +
				  flow.tally.outcomes[TENON_TALLY_OUTCOME(
					  TENON_ESERVER)] +
				  flow.tally.outcomes[TENON_TALLY_OUTCOME(
					  TENON_ECLIENT)],
			  4);
	ck_assert_uint_eq(flow.wire.meta.heard, 4);
}

START_TEST(a_batch_is_answered_by_opaques_and_its_end)
{
	in_pieces(check_batch, _i);
}
END_TEST

START_TEST(requests_of_all_kinds_follow_one_another)
{
	ask_keys(TENON_GET, "ab");
	ask_keys(TENON_SET, "c");
	ask_keys(TENON_GET, "d");
	ask_keys(TENON_INCR, "e");
	ask_keys(TENON_GATS, "fg");
	flow_write(&flow);
	ck_assert_int_eq(read_text("VA 1 f0 O0000\r\nA\r\nMN\r\nHD O2000\r\n"
				   "VA 1 f0 O3000\r\nD\r\nVA 1 O4000\r\n5\r\n"
				   "VA 1 f1 c2 O6000\r\nG\r\nMN\r\n",
				   _i),
			 TENON_WIRE_DONE);
	ck_assert_str_eq(statuses(), "hm?hhmh");
	ck_assert_int_eq(flow.results[2].status, TENON_STORED);
	ck_assert_uint_eq(flow.results[4].number, 5);
	ck_assert_uint_eq(flow.results[6].cas, 2);
}
END_TEST

START_TEST(values_go_into_the_memory_that_the_operation_gives)
{
	flow_ask(&flow, TENON_GET, "a", 0)->asks = true;
	flow_ask(&flow, TENON_GET, "b", 0)->asks = true;
	flow_ask(&flow, TENON_GET, "c", 0);
	flow_write(&flow);
	ck_assert_int_eq(read_text("VA 3 f5 O0000\r\nabc\r\n"
				   "VA 2 f0 O1000\r\nde\r\n"
				   "VA 1 f0 O2000\r\nf\r\nMN\r\n",
				   _i),
			 TENON_WIRE_DONE);
	ck_assert_ptr_eq(flow.results[0].value, flow.sinks[0]);
	ck_assert_str_eq(flow.sinks[0], "abc");
	ck_assert_str_eq(flow.sinks[1], "de");
	ck_assert_str_eq(flow.results[2].value, "f");
}
END_TEST

START_TEST(a_value_above_max_value_bytes_is_skipped)
{
	flow.wire.max_value_bytes = 3;
	ask_keys(TENON_GET, "ab");
	flow_ask(&flow, TENON_GETS, "c", 0);
	flow_write(&flow);
	ck_assert_int_eq(read_text("VA 9 f0 O0000\r\nMN\r\nMN\r\nx\r\n"
				   "VA 3 f0 O1000\r\nabc\r\nMN\r\n"
				   "VA 4 f0 c1 O2000\r\nabcd\r\n",
				   _i),
			 TENON_WIRE_DONE);
	ck_assert_int_eq(flow.results[0].status, TENON_ETOOBIG);
	ck_assert_str_eq(flow.results[1].value, "abc");
	ck_assert_int_eq(flow.results[2].status, TENON_ETOOBIG);
}
END_TEST

/* ---- noreply ------------------------------------------------------------------ */

static unsigned told; /* lines that answered noreply requests with an error */

static void count_line(struct tenon__wire *wire, int status, const char *line,
		       size_t len)
{
	(void)wire;
	ck_assert_int_eq(status, TENON_ESERVER);
	ck_assert(tenon__wire_awaits(wire) || wire->fence);
	ck_assert(strncmp(line, "SERVER_ERROR x", len) == 0);
	told++;
}

START_TEST(replies_of_noreply_requests_come_before_the_fence)
{
	told = 0;
	flow.wire.unasked = count_line;
	flow_ask(&flow, TENON_ADD, "a", TENON_REQUEST_NOREPLY);
	flow_ask(&flow, TENON_DELETE, "b", TENON_REQUEST_NOREPLY);
	flow_ask(&flow, TENON_SET, "c", TENON_REQUEST_NOREPLY);
	flow_ask(&flow, TENON_TOUCH, "d", TENON_REQUEST_NOREPLY);
	flow_ask(&flow, TENON_GET, "e", 0);
	flow_ask(&flow, TENON_INCR, "f", TENON_REQUEST_NOREPLY);
	flow_ask(&flow, TENON_GET, "g", 0);
	ck_assert_ptr_nonnull(strstr(flow_write(&flow),
				     "q O3000\r\nmn\r\nmg e v f O4000\r\n"));
	ck_assert_int_eq(read_text("NS O0000\r\nSERVER_ERROR x\r\nHD O3000\r\n"
				   "MN\r\nEN O4000\r\nNF O5000\r\nMN\r\n"
				   "EN O6000\r\n",
				   _i),
			 TENON_WIRE_DONE);
	ck_assert_uint_eq(told, 1);
	ck_assert_int_eq(flow.results[4].status, TENON_MISS);
	ck_assert_int_eq(flow.results[6].status, TENON_MISS);
	ck_assert(!flow.wire.fence);
}
END_TEST

START_TEST(replies_of_noreply_requests_come_before_a_command_for_a_server)
{
	static struct tenon_slice none;
	struct tenon__request *req;

	flow_ask(&flow, TENON_DELETE, "a", TENON_REQUEST_NOREPLY);
	req = flow_ask(&flow, TENON_GET, "", 0);
	req->verb = tenon__server_verb_of(TENON_VERSION);
	req->key = none;
	ck_assert_str_eq(flow_write(&flow),
			 "md a q O0000\r\nmn\r\nversion\r\n");
	ck_assert_int_eq(read_text("NF O0000\r\nMN\r\nVERSION 1.6\r\n", _i),
			 TENON_WIRE_DONE);
	ck_assert_int_eq(flow.results[1].status, TENON_OK);
	ck_assert_uint_eq(flow.results[1].value_len, 3);
}
END_TEST

static const struct {
	const char *bytes;
	bool unasked;
} waiting[] = {
	{ "SERVER_ERROR x\r\n", true },
	{ "NS O0000\r\n", true },
	{ "NF O0000\r\nEX O1000\r\nHD O2000 X\r\nERROR\r\n", true },
	{ "NF O0000\r\nNF O1", true },
	{ "NF O0000\r\nE", true },
	{ "SERVER_ERROR x", true },
	{ "NFO", false },
	{ "V", false },
	{ "NF O0000\r\nMN", false },
	{ "NF\r\n", false },
	{ "NF k\r\n", false },
	{ "MN\r\n", false },
	{ "VA 1 O0000\r\n1\r\n", false },
};

START_TEST(bytes_on_an_idle_connection_may_answer_noreply_requests)
{
	ck_assert_int_eq(flow.wire.protocol->are_unasked(
				 waiting[_i].bytes, strlen(waiting[_i].bytes)),
			 waiting[_i].unasked);
}
END_TEST

/* ---- servers that cannot be trusted ------------------------------------------- */

/* Two gets in a batch, a set, a get that is alone, incr; opaques 0 to 4. */
static const struct {
	const char *reply, *why, *statuses;
} hostile[] = {
	{ "VA 1 f0 O4000\r\nA\r\n", "wrong opaque", "-----" },
	{ "VA 1 f0 Ooooo\r\nA\r\n", "wrong opaque", "-----" },
	{ "VA 1 f0 O2000\r\nA\r\n", "wrong opaque", "-----" },
	/* reordered, and twice */
	{ "VA 1 f0 O1000\r\nB\r\nVA 1 f0 O0000\r\nA\r\n", "wrong opaque", "mh---" },
	{ "VA 1 f0 O0000\r\nA\r\nVA 1 f0 O0000\r\nA\r\n", "wrong opaque", "h----" },
	{ "EN O1000\r\nEN O0000\r\n", "wrong opaque", "mm---" },
	{ "EN O0000\r\nEN O0000\r\n", "wrong opaque", "m----" },
	/* without an opaque, and with flags that nobody asked for */
	{ "EN\r\n", "without the opaque", "-----" },
	{ "EN k O0000\r\n", "without the opaque", "-----" },
	{ "EN O0000 O1000\r\n", "without the opaque", "-----" },
	{ "EN O000\r\n", "without the opaque", "-----" },
	{ "EN O00000\r\n", "without the opaque", "-----" },
	{ "EN Op000\r\n", "without the opaque", "-----" }, /* p is no letter */
	{ "EN 5 O0000\r\n", "without the opaque", "-----" },
	{ "VA 1 f0\r\nA\r\n", "malformed VA", "-----" },
	{ "VA 1 f0 s5 O0000\r\nA\r\n", "malformed VA", "-----" },
	{ "VA 1 O0000 f0\r\nA\r\n", "malformed VA", "-----" },
	{ "VA 1 f4294967296 O0000\r\nA\r\n", "malformed VA", "-----" },
	{ "VA f0 O0000\r\nA\r\n", "malformed VA", "-----" },
	{ "VA -1 f0 O0000\r\nA\r\n", "malformed VA", "-----" },
	{ "VA 18446744073709551615 f0 O0000\r\n", "impossible length", "-----" },
	/* a value of another length than the line says */
	{ "VA 1 f0 O0000\r\nAB\r\n", "no line end", "-----" },
	{ "VA 2 f0 O0000\r\nA\r\nMN\r\n", "no line end", "-----" },
	/* replies of other commands in a batch */
	{ "HD O0000\r\n", "unexpected reply", "-----" },
	{ "NS O0000\r\n", "unexpected reply", "-----" },
	{ "EX O0000\r\n", "unexpected reply", "-----" },
	{ "NF O0000\r\n", "unexpected reply", "-----" },
	{ "END\r\n", "unexpected reply", "-----" },
	{ "VALUE a 0 1\r\nA\r\n", "unexpected reply", "-----" },
	{ "\r\n", "unexpected reply", "-----" },
	{ "M\r\n", "unexpected reply", "-----" },
	/* MN is missing, twice, or early */
	{ "VA 1 f0 O0000\r\nA\r\nHD O2000\r\n", "unexpected reply", "h----" },
	{ "MN\r\nMN\r\n", "unexpected reply", "mm---" },
	{ "MN\r\nVA 1 f0 O0000\r\nA\r\n", "unexpected reply", "mm---" },
	{ "MN\r\nHD O2000\r\nMN\r\n", "unexpected reply", "mm?--" },
	/* more error lines than requests */
	{ "SERVER_ERROR x\r\nSERVER_ERROR x\r\nSERVER_ERROR x\r\n",
	  "more error lines", "-----" },
	{ "SERVER_ERROR x\r\nVA 1 f0 O0000\r\nA\r\n", "more error lines",
	  "-----" },
	{ "VA 1 f0 O1000\r\nA\r\nSERVER_ERROR x\r\n", "more error lines",
	  "mh---" },
	/* a wrong opaque behind the batch */
	{ "MN\r\nHD O1000\r\n", "wrong opaque", "mm---" },
	{ "MN\r\nNS O3000\r\n", "wrong opaque", "mm---" },
	{ "MN\r\nHD O2000\r\nEN O4000\r\n", "wrong opaque", "mm?--" },
	{ "MN\r\nHD O2000\r\nEN O3000\r\nVA 1 O3000\r\n1\r\n", "wrong opaque",
	  "mm?m-" },
	{ "MN\r\nHD O2000\r\nEN O3000\r\nNF O5000\r\n", "wrong opaque", "mm?m-" },
	{ "MN\r\nHD O2000\r\nEN O3000\r\nVA 1 f0 O4000\r\n1\r\n", "malformed VA",
	  "mm?m-" },
	{ "MN\r\nHD O2000\r\nEN O3000\r\nVA 2 O4000\r\n1\r\n.", "no line end",
	  "mm?m-" },
	{ "MN\r\nHD O2000\r\nEN O3000\r\nVA 2 O4000\r\n1x\r\n",
	  "malformed number", "mm?m-" },
	{ "MN\r\nHD O2000\r\nEN O3000\r\nVA 0 O4000\r\n\r\n",
	  "malformed number", "mm?m-" },
	/* read.c: NUMBER_MAX_BYTES */
	{ "MN\r\nHD O2000\r\nEN O3000\r\nVA 65 O4000\r\n", "malformed number",
	  "mm?m-" },
	{ "MN\r\nHD O2000\r\nEN O3000\r\nHD O4000\r\n", "unexpected reply",
	  "mm?m-" },
	{ "MN\r\nHD O2000\r\nEN O3000\r\nNF O4000\r\nNF O4000\r\n",
	  "after the last reply", "mm?mm" },
};

static void check_hostile(int row, int step)
{
	ask_keys(TENON_GET, "ab");
	ask_keys(TENON_SET, "c");
	ask_keys(TENON_GET, "d");
	ask_keys(TENON_INCR, "e");
	flow_write(&flow);
	/* bytes behind the last reply are seen when they come with it */
	if (strstr(hostile[row].why, "last reply")) {
		step = 1000;
	}
	ck_assert_int_eq(read_text(hostile[row].reply, step),
			 TENON_WIRE_BROKEN);
	ck_assert_int_eq(flow.wire.status, TENON_EPROTOCOL);
	ck_assert_msg(strstr(flow.wire.problem, hostile[row].why) != NULL,
		      "\"%s\" not in \"%s\"", hostile[row].why,
		      flow.wire.problem);
	ck_assert_str_eq(statuses(), hostile[row].statuses);
}

START_TEST(a_reply_that_cannot_be_matched_poisons_the_connection)
{
	in_pieces(check_hostile, _i);
}
END_TEST

/* A noreply delete, then a get behind a fence. */
static const char *const hostile_fences[] = {
	"NF O1000\r\n",	/* the opaque of the get */
	"NF O2000\r\n", /* of no request yet */
	"NF Ooooo\r\n", /* of one before */
	"NF O0000\r\nNF O0000\r\n",
	"NF\r\n",
	"NF k O0000\r\n",
	"VA 1 f0 O0000\r\nA\r\n",
	"MN\r\nMN\r\n",
	"END\r\n",
};

START_TEST(only_noreply_requests_are_answered_before_the_fence)
{
	flow_ask(&flow, TENON_DELETE, "a", TENON_REQUEST_NOREPLY);
	flow_ask(&flow, TENON_GET, "b", 0);
	flow_write(&flow);
	ck_assert_int_eq(read_text(hostile_fences[_i], 100), TENON_WIRE_BROKEN);
	ck_assert_int_eq(flow.wire.status, TENON_EPROTOCOL);
	ck_assert_str_eq(statuses(), "--");
}
END_TEST

START_TEST(replies_to_nothing_in_flight_are_those_of_noreply_requests)
{
	flow_ask(&flow, TENON_DELETE, "a", TENON_REQUEST_NOREPLY);
	flow_write(&flow);
	flow.wire.block->filled = 0;
	tenon__wire_awaits(&flow.wire);
	ck_assert_int_eq(read_text("NF O0000\r\n", _i), TENON_WIRE_DONE);
	ck_assert_int_eq(read_text("NF O0000\r\n", _i), TENON_WIRE_BROKEN);
}
END_TEST

START_TEST(a_lost_end_of_a_batch_leaves_it_open)
{
	ask_keys(TENON_GET, "ab");
	flow_write(&flow);
	ck_assert_int_eq(read_text("VA 1 f0 O0000\r\nA\r\nVA 1 f0 O1000\r\nB\r\n",
				   _i),
			 TENON_WIRE_MORE);
}
END_TEST

/* Loop: a miss and a value, with flags that do not end and with a line end far behind. */
START_TEST(a_line_without_an_end_is_too_long)
{
	static char text[3 * TENON_REPLY_LINE_MAX_BYTES];
	int n = sprintf(text, "%s", _i % 2 ? "VA 1 f0 O0000" : "EN O0000");

	for (; n < 2 * TENON_REPLY_LINE_MAX_BYTES; n += 2) {
		strcpy(text + n, " W");
	}
	strcpy(text + n, _i < 2 ? "" : "\r\n");
	ask_keys(TENON_GET, "ab");
	flow_write(&flow);
	ck_assert_int_eq(read_text(text, 100), TENON_WIRE_BROKEN);
	ck_assert_int_eq(flow.wire.status, TENON_EPROTOCOL);
	ck_assert_str_eq(flow.wire.problem[0] ? statuses() : "no problem", "--");
}
END_TEST

/* A value that is not all there is never given away. */
START_TEST(a_value_longer_than_said_does_not_arrive)
{
	ask_keys(TENON_GET, "a");
	flow_write(&flow);
	ck_assert_int_eq(read_text("VA 100 f0 O0000\r\nA\r\n", _i),
			 TENON_WIRE_MORE);
	ck_assert_str_eq(statuses(), "-");
}
END_TEST

static const struct {
	enum tenon_verb verb;
	const char *reply;
} ignorant[] = {
	{ TENON_GET, "ERROR\r\n" },
	{ TENON_GET, "ERROR\r\nERROR\r\nERROR\r\nERROR\r\n" },
	{ TENON_SET, "ERROR\r\nERROR\r\nERROR\r\n" },
	{ TENON_DELETE, "ERROR\r\n" },
	{ TENON_TOUCH, "ERROR unknown command\r\n" },
	{ TENON_INCR, "ERROR\r\n" },
};

/* A server that has never answered a meta command: the connection is refused, and not the requests. */
START_TEST(a_server_without_meta_commands_does_not_fit_the_config)
{
	ask_keys(ignorant[_i].verb, "abc");
	flow_write(&flow);
	flow.wire.fresh = true;
	ck_assert_int_eq(read_text(ignorant[_i].reply, 1), TENON_WIRE_BROKEN);
	ck_assert_int_eq(flow.wire.status, TENON_EUNKNOWN);
	ck_assert(flow.wire.rejected);
	ck_assert_str_eq(statuses(), "---");
	ck_assert_str_eq(flow.wire.problem, TENON_META_UNKNOWN);
	ck_assert_str_eq(flow.wire.protocol->unknown, TENON_META_UNKNOWN);
}
END_TEST

START_TEST(a_server_that_answers_knows_meta_commands)
{
	ask_keys(TENON_DELETE, "a");
	flow_write(&flow);
	ck_assert(!flow.wire.meta.known);
	ck_assert_int_eq(read_text("NF O0000\r\n", 1), TENON_WIRE_DONE);
	ck_assert(flow.wire.meta.known);
}
END_TEST

START_TEST(an_unknown_meta_command_gets_one_clear_answer)
{
	flow.wire.meta.known = true;
	ask_keys(ignorant[_i].verb, "abc");
	flow_write(&flow);
	ck_assert_int_eq(read_text(ignorant[_i].reply, 1), TENON_WIRE_BROKEN);
	ck_assert_int_eq(flow.wire.status, TENON_ECLOSED);
	ck_assert_uint_ne(flow.wire.erred, 0);
	ck_assert_str_eq(statuses(), "uuu");
	ck_assert_str_eq(flow.results[2].text, TENON_META_UNKNOWN);
	ck_assert_ptr_nonnull(strstr(TENON_META_UNKNOWN, "no meta commands"));
	ck_assert_ptr_nonnull(strstr(TENON_META_UNKNOWN, "protocol: classic"));
}
END_TEST

/* A noreply delete, a fence, and a get; error lines come before the reply to the fence. */
static const struct {
	const char *reply;
	bool fresh, known;
	int status;	  /* of the exchange */
	const char *why;  /* the problem that is told */
} fenced_errors[] = {
	{ "ERROR\r\n", true, false, TENON_EUNKNOWN, TENON_META_UNKNOWN },
	{ "ERROR Too many open connections\r\n", true, false, TENON_ECONNECT,
	  "Too many open connections" },
	{ "ERROR Too many open connections\r\n", true, true, TENON_ECONNECT,
	  "Too many open connections" },
	{ "CLIENT_ERROR unauthenticated\r\n", true, true, TENON_EAUTH,
	  "user and password" },
	/* the line may be one that nobody asked for: a new connection shows more */
	{ "ERROR\r\n", false, false, TENON_ECLOSED, "ERROR to a noreply request" },
	{ "ERROR Too many open connections\r\n", false, false, TENON_ECLOSED,
	  "Too many open connections" },
	{ "ERROR\r\nMN\r\nEN O1000\r\n", false, true, 0, "" },
	{ "ERROR\r\nMN\r\nEN O1000\r\n", true, true, 0, "" },
	{ "SERVER_ERROR x\r\nMN\r\nEN O1000\r\n", false, false, 0, "" },
};

START_TEST(an_error_before_the_fence_is_no_answer_to_the_next_request)
{
	bool ends_well = fenced_errors[_i].status == 0;

	flow_ask(&flow, TENON_DELETE, "a", TENON_REQUEST_NOREPLY);
	flow_ask(&flow, TENON_GET, "b", 0);
	flow_write(&flow);
	flow.wire.fresh = fenced_errors[_i].fresh;
	flow.wire.meta.known = fenced_errors[_i].known;
	ck_assert_int_eq(read_text(fenced_errors[_i].reply, 7),
			 ends_well ? TENON_WIRE_DONE : TENON_WIRE_BROKEN);
	ck_assert_int_eq(flow.wire.status, fenced_errors[_i].status);
	ck_assert_str_eq(statuses(), ends_well ? "-m" : "--");
	ck_assert(flow.wire.rejected ==
		  (!ends_well && flow.wire.status != TENON_ECLOSED));
	ck_assert_ptr_nonnull(strstr(flow.wire.problem, fenced_errors[_i].why));
}
END_TEST

/* On a connection in use, ERROR may be a line that nobody asked for: the server is not held back. */
START_TEST(only_a_new_connection_shows_that_a_server_knows_no_meta_commands)
{
	ask_keys(TENON_GET, "ab");
	flow_write(&flow);
	flow.wire.fresh = false;
	ck_assert_int_eq(read_text("ERROR\r\n", 7), TENON_WIRE_BROKEN);
	ck_assert_int_eq(flow.wire.status, TENON_ECLOSED);
	ck_assert(!flow.wire.rejected);
	ck_assert_str_eq(statuses(), "uu");
}
END_TEST

/* What an exchange that broke left behind is forgotten. */
START_TEST(an_exchange_that_is_repeated_begins_anew)
{
	ask_keys(TENON_GET, "ab");
	flow_write(&flow);
	ck_assert_int_eq(read_text("SERVER_ERROR x\r\n", _i), TENON_WIRE_MORE);
	ck_assert_str_eq(flow_write(&flow), "mg a q v f O2000\r\n"
					    "mg b q v f O3000\r\nmn\r\n");
	ck_assert_int_eq(read_text("MN\r\n", _i), TENON_WIRE_DONE);
	ck_assert_str_eq(statuses(), "mm");
}
END_TEST

static void add_requests(TCase *tcase)
{
	tcase_add_loop_test(tcase, a_request_has_its_flags_and_an_opaque, 0,
			    COUNT(lines));
	tcase_add_loop_test(tcase, a_noreply_request_is_quiet, 0, COUNT(lines));
	tcase_add_test(tcase, many_keys_are_one_batch_with_one_fence);
	tcase_add_test(tcase, opaques_are_read_as_they_are_written);
	tcase_add_loop_test(tcase, opaques_begin_again, 1, 25);
}

static void add_replies(TCase *tcase)
{
	tcase_add_loop_test(tcase, an_answer_has_its_status_and_its_value, 0,
			    COUNT(answers));
	tcase_add_loop_test(tcase, a_batch_is_answered_by_opaques_and_its_end, 0,
			    COUNT(batches));
	tcase_add_loop_test(tcase, requests_of_all_kinds_follow_one_another, 1,
			    PIECES);
	tcase_add_loop_test(tcase,
			    values_go_into_the_memory_that_the_operation_gives,
			    1, PIECES);
	tcase_add_loop_test(tcase, a_value_above_max_value_bytes_is_skipped, 1,
			    PIECES);
	tcase_add_loop_test(tcase,
			    replies_of_noreply_requests_come_before_the_fence, 1,
			    PIECES);
	tcase_add_loop_test(
		tcase,
		replies_of_noreply_requests_come_before_a_command_for_a_server,
		1, 40);
	tcase_add_loop_test(tcase,
			    bytes_on_an_idle_connection_may_answer_noreply_requests,
			    0, COUNT(waiting));
}

static void add_hostile(TCase *tcase)
{
	tcase_add_loop_test(tcase,
			    a_reply_that_cannot_be_matched_poisons_the_connection,
			    0, COUNT(hostile));
	tcase_add_loop_test(tcase,
			    only_noreply_requests_are_answered_before_the_fence,
			    0, COUNT(hostile_fences));
	tcase_add_loop_test(
		tcase,
		replies_to_nothing_in_flight_are_those_of_noreply_requests, 1,
		12);
	tcase_add_loop_test(tcase, a_lost_end_of_a_batch_leaves_it_open, 1,
			    PIECES);
	tcase_add_loop_test(tcase, a_value_longer_than_said_does_not_arrive, 1,
			    25);
	tcase_add_loop_test(tcase,
			    a_server_without_meta_commands_does_not_fit_the_config,
			    0, COUNT(ignorant));
	tcase_add_loop_test(tcase,
			    an_unknown_meta_command_gets_one_clear_answer, 0,
			    COUNT(ignorant));
	tcase_add_test(tcase, a_server_that_answers_knows_meta_commands);
	tcase_add_loop_test(tcase, a_line_without_an_end_is_too_long, 0, 4);
	tcase_add_loop_test(tcase,
			    an_error_before_the_fence_is_no_answer_to_the_next_request,
			    0, COUNT(fenced_errors));
	tcase_add_test(tcase,
		       only_a_new_connection_shows_that_a_server_knows_no_meta_commands);
	tcase_add_loop_test(tcase, an_exchange_that_is_repeated_begins_anew, 1,
			    20);
}

int main(void)
{
	Suite *suite = suite_create("meta");
	TCase *tcase = tcase_create("meta");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	add_requests(tcase);
	add_replies(tcase);
	add_hostile(tcase);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
