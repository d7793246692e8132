/* SPDX-License-Identifier: BSD-3-Clause */
/* The classic text protocol without a socket: the bytes of requests and the meaning of replies. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "connection/connection.h"
#include "base/memory.h"
#include "runner/suite.h"

#define KEYS_MAX 3000

static struct tenon__server server = { .host = "h", .address = "h:1", .port = 1 };
static struct tenon__assembly assembly;
static struct tenon__intake intake;
static struct tenon__block_cache blocks;
static struct tenon__connection connection;
static struct tenon_item items[KEYS_MAX];
static struct tenon_slice keys[KEYS_MAX];
static struct tenon__request requests[KEYS_MAX];
static struct tenon_result results[KEYS_MAX];
static struct tenon__health health;
static struct tenon__outcome outcome;
static bool noreply; /* of the next exchange */

static void set_up(void)
{
	assembly = (struct tenon__assembly){
		.servers = &server,
		.server_count = 1,
		.max_value_bytes = 1 << 20,
		.protocol = tenon__protocols[0],
		.outcomes.servers = &outcome,
	};
	server.host = "127.0.0.1";
	memset(&health, 0, sizeof(health));
	ck_assert_int_eq(tenon__connection_init(&connection, &assembly, 0,
						&blocks, &health, NULL),
			 0);
}

static void tear_down(void)
{
	tenon__connection_fini(&connection);
	tenon__block_cache_fini(&blocks);
}

/* Begin an exchange with a request for each of items[0..count-1]. */
static void begin(const struct tenon__verb *verb, uint32_t count)
{
	intake.left_bytes = UINT64_C(1) << 30;
	memset(results, 0, count * sizeof(*results));
	for (uint32_t i = 0; i < count; i++) {
		keys[i] = items[i].key;
		requests[i] = (struct tenon__request){
			.verb = verb,
			.item = &items[i],
			.key = keys[i],
			.result = &results[i],
			.intake = &intake,
			.bits = noreply ? TENON_REQUEST_NOREPLY : 0,
		};
		if (i == 0) {
			ck_assert_int_eq(tenon__wire_begin(&connection.wire,
							   requests),
					 0);
		} else {
			tenon__wire_add(&connection.wire, &requests[i]);
		}
	}
	tenon__connection_rewind(&connection);
}

static void begin_keys(enum tenon_verb verb, const char *const *names,
		       uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		items[i] = (struct tenon_item){
			.key = { names[i], strlen(names[i]) },
		};
	}
	begin(tenon__verb_of(verb), count);
}

static void begin_one(enum tenon_verb verb, const char *key)
{
	begin_keys(verb, &key, 1);
}

static int followed; /* the last return value of tenon_connection_ops.sent() */

/* Take all bytes that the connection has to send, `step` bytes at a time. */
static const char *sent(size_t step, size_t *len)
{
	static char all[1 << 20];
	struct iovec iov[TENON_SEND_PIECES];

	*len = 0;
	while (tenon__connection_ops.send_next(NULL, &connection.base, iov,
					       TENON_SEND_PIECES)) {
		size_t n = iov[0].iov_len < step ? iov[0].iov_len : step;

		ck_assert_uint_lt(*len + n, sizeof(all));
		memcpy(all + *len, iov[0].iov_base, n);
		*len += n;
		all[*len] = '\0';
		followed = tenon__connection_ops.sent(NULL, &connection.base, n);
	}
	return all;
}

static void assert_sent(const char *expected)
{
	size_t len;
	const char *all = sent(SIZE_MAX, &len);

	ck_assert_str_eq(all, expected);
}

/* Let bytes arrive, `step` at a time. Returns what the connection wants then. */
static int feed(const char *bytes, size_t len, size_t step)
{
	int want = TENON_WANT_RECEIVE;

	while (len > 0 && want > TENON_WANT_NOTHING) {
		size_t room, n;
		char *space = tenon__connection_ops.recv_space(NULL, &connection.base,
							       &room);

		ck_assert_ptr_nonnull(space);
		n = len < step ? len : step;
		n = n < room ? n : room;
		memcpy(space, bytes, n);
		want = tenon__connection_ops.received(NULL, &connection.base, n);
		bytes += n;
		len -= n;
	}
	return want;
}

static int reply(const char *bytes)
{
	size_t len;

	sent(SIZE_MAX, &len);
	return feed(bytes, strlen(bytes), SIZE_MAX);
}

static void assert_broken(int want, const char *why)
{
	ck_assert_int_eq(want, TENON_WANT_CLOSE);
	ck_assert_int_eq(connection.wire.status, TENON_EPROTOCOL);
	ck_assert_msg(strstr(connection.wire.problem, why) != NULL,
		      "\"%s\" not in \"%s\"", why, connection.wire.problem);
}

/* ---- requests ---------------------------------------------------------- */

START_TEST(a_get_names_all_its_keys_in_one_line)
{
	begin_keys(TENON_GET, (const char *[]){ "a", "bb", "ccc" }, 3);
	assert_sent("get a bb ccc\r\n");
}
END_TEST

START_TEST(a_gat_begins_a_line_where_exptime_changes)
{
	begin_keys(TENON_GATS, (const char *[]){ "a", "b", "c" }, 3);
	items[2].exptime = -1;
	assert_sent("gats 0 a b\r\ngats -1 c\r\n");
}
END_TEST

static const struct {
	enum tenon_verb verb;
	size_t line_max_bytes;
} line_ceilings[] = {
	{ TENON_GET, 8000 },  /* TENON_GET_LINE_MAX_BYTES */
	{ TENON_GATS, 2000 }, /* TENON_GAT_LINE_MAX_BYTES */
};

START_TEST(no_retrieval_line_is_longer_than_its_ceiling)
{
	static char name[KEYS_MAX][64];
	size_t words_before = line_ceilings[_i].verb == TENON_GATS ? 1 : 0;
	size_t lines = 0, longest = 0;

	for (uint32_t i = 0; i < KEYS_MAX; i++) {
		snprintf(name[i], sizeof(name[i]), "a-key-of-some-length:%u", i);
		items[i] = (struct tenon_item){
			.key = { name[i], strlen(name[i]) },
		};
	}
	begin(tenon__verb_of(line_ceilings[_i].verb), KEYS_MAX);
	size_t len, words = 0;
	const char *all = sent(1000, &len);
	for (const char *line = all; line < all + len;) {
		const char *end = strstr(line, "\r\n");

		ck_assert_uint_le((size_t)(end - line) + 2,
				  line_ceilings[_i].line_max_bytes);
		if ((size_t)(end - line) > longest) {
			longest = (size_t)(end - line);
		}
		lines++;
		for (const char *at = line; at < end; at++) {
			words += *at == ' ';
		}
		line = end + 2;
	}
	ck_assert_uint_eq(words, KEYS_MAX + lines * words_before);
	/* a line is nearly as long as allowed before the next line begins */
	ck_assert_uint_gt(longest, line_ceilings[_i].line_max_bytes - 100);
}
END_TEST

START_TEST(a_large_value_is_sent_from_the_callers_memory)
{
	static char value[100000];
	struct iovec iov[TENON_SEND_PIECES];

	items[0] = (struct tenon_item){
		.key = TENON_LITERAL("k"), .value = { value, sizeof(value) },
		.flags = 4294967295u, .exptime = INT64_MIN, .cas = UINT64_MAX,
	};
	begin(tenon__verb_of(TENON_CAS), 1);
	ck_assert_uint_eq(
		tenon__connection_ops.send_next(NULL, &connection.base, iov, 8), 3);
	ck_assert_mem_eq(iov[0].iov_base,
		"cas k 4294967295 -9223372036854775808 100000 18446744073709551615\r\n",
		iov[0].iov_len);
	ck_assert_ptr_eq(iov[1].iov_base, value);
	ck_assert_uint_eq(iov[1].iov_len, sizeof(value));
	ck_assert_mem_eq(iov[2].iov_base, "\r\n", iov[2].iov_len);
}
END_TEST

/* TENON_SEND_COPY_MAX_BYTES */
START_TEST(values_up_to_1024_bytes_are_copied_behind_their_line)
{
	static const char value[1025];
	struct iovec iov[TENON_SEND_PIECES];
	size_t len;

	for (size_t value_len = 1024; value_len <= 1025; value_len++) {
		items[0] = (struct tenon_item){
			.key = TENON_LITERAL("k"), .value = { value, value_len },
		};
		begin(tenon__verb_of(TENON_SET), 1);
		ck_assert_uint_eq(tenon__connection_ops.send_next(
					  NULL, &connection.base, iov, 8),
				  value_len == 1024 ? 1 : 3);
		sent(SIZE_MAX, &len);
	}
}
END_TEST

/* TENON_SEND_PIECES */
START_TEST(a_send_has_64_pieces_at_most)
{
	static const char value[2000];
	struct iovec iov[1000];
	size_t count, len;

	for (uint32_t i = 0; i < 300; i++) {
		items[i] = (struct tenon_item){
			.key = TENON_LITERAL("k"),
			.value = { value, sizeof(value) },
		};
	}
	begin(tenon__verb_of(TENON_SET), 300);
	count = tenon__connection_ops.send_next(NULL, &connection.base, iov, 1000);
	ck_assert_uint_gt(count, 32);
	ck_assert_uint_le(count, 64);
	sent(SIZE_MAX, &len);
	ck_assert_uint_gt(len, 300 * sizeof(value));
}
END_TEST

/* Loop: 0: values that are copied into the send buffer; 1: values that are not. */
START_TEST(the_send_buffer_grows_for_values_that_are_copied_into_it)
{
	static const char value[TENON_SEND_COPY_MAX_BYTES + 1];
	size_t value_len = sizeof(value) - (_i == 0 ? 1 : 0);
	size_t len;

	for (uint32_t i = 0; i < 200; i++) {
		items[i] = (struct tenon_item){
			.key = TENON_LITERAL("k"), .value = { value, value_len },
		};
	}
	for (int exchange = 0; exchange < 10; exchange++) {
		begin(tenon__verb_of(TENON_SET), 200);
		sent(SIZE_MAX, &len);
		ck_assert_uint_gt(len, 200 * value_len);
	}
	ck_assert_uint_eq(connection.wire.send_capacity,
			  _i == 0 ? 65536 /* TENON_SEND_MAX_BYTES */
				  : TENON_SEND_FIRST_BYTES);
}
END_TEST

/* Loop: each send takes _i bytes. */
START_TEST(partial_sends_lose_and_repeat_nothing)
{
	static char value[3000];
	static char expected[200 * 1700];
	size_t len = 0, got;

	memset(value, 'v', sizeof(value));
	for (uint32_t i = 0; i < 200; i++) {
		size_t value_len = i * 15;

		items[i] = (struct tenon_item){
			.key = TENON_LITERAL("k"), .value = { value, value_len },
		};
		len += (size_t)snprintf(expected + len, sizeof(expected) - len,
			"set k 0 0 %zu\r\n%.*s\r\n", value_len, (int)value_len,
			value);
	}
	begin(tenon__verb_of(TENON_SET), 200);
	const char *all = sent((size_t)_i, &got);
	ck_assert_uint_eq(got, len);
	ck_assert_mem_eq(all, expected, len);
}
END_TEST

START_TEST(a_request_after_noreply_is_fenced)
{
	size_t len;

	noreply = true;
	begin_one(TENON_DELETE, "k");
	assert_sent("delete k noreply\r\n");
	ck_assert_int_eq(followed, 0);
	noreply = false;
	begin_one(TENON_GET, "k");
	assert_sent("version\r\nget tenon:fence\r\nget k\r\n");
	sent(SIZE_MAX, &len);
	const char *late =
		"SERVER_ERROR late\r\nERROR\r\nVERSION 1\r\nEND\r\nEND\r\n";
	ck_assert_int_eq(feed(late, strlen(late), 3), TENON_WANT_NOTHING);
	ck_assert_int_eq(results[0].status, TENON_MISS);
	begin_one(TENON_GET, "k");
	assert_sent("get k\r\n");
}
END_TEST

/* A part of a line that answers a noreply request must not meet the next exchange. */
START_TEST(half_a_line_behind_noreply_is_awaited)
{
	struct iovec iov[4];

	noreply = true;
	begin_one(TENON_DELETE, "k");
	noreply = false;
	ck_assert_uint_eq(tenon__connection_ops.send_next(
				  NULL, &connection.base, iov, 4),
			  1);
	ck_assert_int_eq(feed("ERR", 3, 3),
			 TENON_WANT_SEND | TENON_WANT_RECEIVE);
	ck_assert_int_eq(tenon__connection_ops.sent(NULL, &connection.base,
						    iov[0].iov_len),
			 TENON_WANT_RECEIVE);
	ck_assert_int_eq(feed("OR\r\n", 4, 4), TENON_WANT_NOTHING);
}
END_TEST

START_TEST(a_value_before_the_reply_to_the_fence_breaks_the_connection)
{
	connection.wire.fence = true;
	begin_one(TENON_GET, "k");
	assert_broken(reply("VALUE k 0 1\r\nx\r\nEND\r\n"), "unexpected reply");
}
END_TEST

/* ---- replies ----------------------------------------------------------- */

/* Loop: the reply arrives _i bytes at a time. */
START_TEST(a_reply_means_the_same_in_receives_of_any_size)
{
	const char *wire = "VALUE a 1 3 77\r\nA\r\n\r\nVALUE c 4294967295 0 1\r\n"
			   "\r\nVALUE d 0 5 18446744073709551615\r\nEND\r\n\r\nEND\r\n";

	begin_keys(TENON_GETS, (const char *[]){ "a", "b", "c", "d" }, 4);
	size_t len;
	sent(SIZE_MAX, &len);
	ck_assert_int_eq(feed(wire, strlen(wire), (size_t)_i),
			 TENON_WANT_NOTHING);
	ck_assert_int_eq(results[0].status, TENON_HIT);
	ck_assert_uint_eq(results[0].value_len, 3);
	ck_assert_mem_eq(results[0].value, "A\r\n", 4);
	ck_assert_uint_eq(results[0].cas, 77);
	ck_assert_int_eq(results[1].status, TENON_MISS);
	ck_assert_ptr_null(results[1].value);
	ck_assert_uint_eq(results[2].flags, UINT32_MAX);
	ck_assert_str_eq(results[2].value, "");
	ck_assert_str_eq(results[3].value, "END\r\n");
	ck_assert_uint_eq(results[3].cas, UINT64_MAX);
}
END_TEST

/* Loop: the reply arrives _i bytes at a time. */
START_TEST(a_value_with_a_sink_is_received_into_it)
{
	static char sinks[3][40000];
	static char wire[50000];
	size_t len = 0, request_len;

	for (int i = 0; i < 3; i++) {
		int size = i == 1 ? 40000 : 30;

		len += (size_t)snprintf(wire + len, sizeof(wire) - len,
			"VALUE %d 5 %d\r\n%0*d\r\n", i, size, size, i + 1);
	}
	memcpy(wire + len, "END\r\n", 5);
	begin_keys(TENON_GET, (const char *[]){ "0", "1", "2" }, 3);
	for (int i = 0; i < 3; i++) {
		requests[i].sink = sinks[i];
		requests[i].sink_bytes = i == 2 ? 10 : sizeof(sinks[i]);
	}
	sent(SIZE_MAX, &request_len);
	ck_assert_int_eq(feed(wire, len + 5, (size_t)_i), TENON_WANT_NOTHING);
	ck_assert_int_eq(results[0].status, TENON_HIT);
	ck_assert_ptr_eq(results[0].value, sinks[0]);
	ck_assert_uint_eq(results[1].value_len, 40000);
	ck_assert_int_eq(sinks[1][0], '0');
	ck_assert_int_eq(sinks[1][39999], '2');
	/* larger than its sink: skipped */
	ck_assert_int_eq(results[2].status, TENON_ETOOBIG);
	ck_assert_int_eq(sinks[2][0], 0);
}
END_TEST

/* Loop: the reply arrives 4099 * _i bytes at a time, below and above the block size. */
START_TEST(values_larger_than_a_block_stay_in_one_piece)
{
	static char wire[400000];
	static const size_t sizes[] = { 1, 16300, 16384, 70000, 200000, 5 };
	static const char *const names[] = { "0", "1", "2", "3", "4", "5" };
	size_t len = 0, request_len;

	for (size_t i = 0; i < 6; i++) {
		len += (size_t)snprintf(wire + len, sizeof(wire) - len,
			"VALUE %zu 0 %zu\r\n", i, sizes[i]);
		memset(wire + len, 'a' + (int)i, sizes[i]);
		len += sizes[i];
		wire[len++] = '\r';
		wire[len++] = '\n';
	}
	memcpy(wire + len, "END\r\n", 5);
	begin_keys(TENON_GET, names, 6);
	sent(SIZE_MAX, &request_len);
	ck_assert_int_eq(feed(wire, len + 5, 4099 * (size_t)_i),
			 TENON_WANT_NOTHING);
	for (size_t i = 0; i < 6; i++) {
		ck_assert_uint_eq(results[i].value_len, sizes[i]);
		ck_assert_int_eq(results[i].value[0], 'a' + (int)i);
		ck_assert_int_eq(results[i].value[sizes[i] - 1], 'a' + (int)i);
		ck_assert_int_eq(results[i].value[sizes[i]], '\0');
	}
}
END_TEST

/* Loop: receives of 1021 * _i bytes. Blocks of one size can all be used for the next reply. */
START_TEST(values_smaller_than_a_block_take_blocks_of_one_size)
{
	static char wire[40 * 9000];
	static char name[40][8];
	const char *names[40];
	size_t len = 0, request_len;

	for (unsigned i = 0; i < 40; i++) {
		snprintf(name[i], sizeof(name[i]), "k%u", i);
		names[i] = name[i];
		len += (size_t)snprintf(wire + len, sizeof(wire) - len,
			"VALUE k%u 0 %u\r\n%0*u\r\n", i, 200 * (i + 1),
			200 * ((int)i + 1), i);
	}
	memcpy(wire + len, "END\r\n", 5);
	begin_keys(TENON_GET, names, 40);
	sent(SIZE_MAX, &request_len);
	ck_assert_int_eq(feed(wire, len + 5, 1021 * (size_t)_i),
			 TENON_WANT_NOTHING);
	tenon__connection_release_blocks(&connection);
	ck_assert_ptr_nonnull(blocks.free);
	for (struct tenon__block *at = blocks.free; at; at = at->next) {
		ck_assert_uint_eq(at->capacity, TENON_BLOCK_FIRST_BYTES);
	}
}
END_TEST

START_TEST(a_value_above_max_value_bytes_is_skipped)
{
	static char wire[300];
	size_t len;

	connection.wire.max_value_bytes = 10;
	int n = snprintf(wire, sizeof(wire),
			 "VALUE a 0 100\r\n%0100d\r\nVALUE b 0 2\r\nok\r\nEND\r\n", 7);
	begin_keys(TENON_GET, (const char *[]){ "a", "b" }, 2);
	sent(SIZE_MAX, &len);
	ck_assert_int_eq(feed(wire, (size_t)n, 7), TENON_WANT_NOTHING);
	ck_assert_int_eq(results[0].status, TENON_ETOOBIG);
	ck_assert_ptr_null(results[0].value);
	ck_assert_str_eq(results[1].value, "ok");
}
END_TEST

/*
 * The first value has a sink and uses up left_bytes, a gibibyte. The test reports its bytes as received
 * without writing them, so the sink needs no memory.
 */
START_TEST(all_values_together_have_a_gibibyte_at_most)
{
	const char *head = "VALUE a 0 1073741824\r\n";
	const char *rest = "\r\nVALUE b 0 0\r\n\r\nVALUE c 0 1\r\nx\r\nEND\r\n";
	static char sink[1];
	size_t len, room;

	begin_keys(TENON_GET, (const char *[]){ "a", "b", "c" }, 3);
	requests[0].sink = sink;
	requests[0].sink_bytes = (size_t)1 << 30;
	sent(SIZE_MAX, &len);
	ck_assert_int_eq(feed(head, strlen(head), SIZE_MAX),
			 TENON_WANT_RECEIVE);
	ck_assert_ptr_eq(tenon__connection_ops.recv_space(NULL, &connection.base,
							  &room),
			 sink);
	ck_assert_uint_eq(room, (size_t)1 << 30);
	ck_assert_int_eq(tenon__connection_ops.received(NULL, &connection.base, room),
			 TENON_WANT_RECEIVE);
	ck_assert_int_eq(feed(rest, strlen(rest), SIZE_MAX),
			 TENON_WANT_NOTHING);
	ck_assert_int_eq(results[0].status, TENON_HIT);
	ck_assert_int_eq(results[1].status, TENON_HIT);
	ck_assert_int_eq(results[2].status, TENON_ETOOBIG);
	ck_assert_ptr_nonnull(strstr(results[2].text, "max_operation_bytes"));
}
END_TEST

START_TEST(replies_out_of_order_are_matched_by_key)
{
	begin_keys(TENON_GET, (const char *[]){ "a", "b", "c", "a" }, 4);
	ck_assert_int_eq(
		reply("VALUE c 0 1\r\nC\r\nVALUE a 0 1\r\n1\r\n"
		      "VALUE b 0 1\r\nB\r\nVALUE a 0 1\r\n2\r\nEND\r\n"),
		TENON_WANT_NOTHING);
	ck_assert_str_eq(results[1].value, "B");
	ck_assert_str_eq(results[2].value, "C");
	/* the key was asked for twice: each request gets one of its two values */
	ck_assert_int_eq(results[0].value[0] + results[3].value[0], '1' + '2');
}
END_TEST

static const struct {
	enum tenon_verb verb;
	const char *reply;
	int status;
} answers[] = {
	{ TENON_SET, "STORED\r\n", TENON_STORED },
	{ TENON_ADD, "NOT_STORED\r\n", TENON_NOT_STORED },
	{ TENON_CAS, "EXISTS\r\n", TENON_EXISTS },
	{ TENON_CAS, "NOT_FOUND\r\n", TENON_MISS },
	{ TENON_DELETE, "DELETED\r\n", TENON_DELETED },
	{ TENON_DELETE, "NOT_FOUND\r\n", TENON_MISS },
	{ TENON_TOUCH, "TOUCHED\r\n", TENON_TOUCHED },
	{ TENON_INCR, "18446744073709551615\r\n", TENON_HIT },
	{ TENON_DECR, "7  \r\n", TENON_HIT },
	{ TENON_DECR, "NOT_FOUND\r\n", TENON_MISS },
	{ TENON_GET, "END\r\n", TENON_MISS },
	{ TENON_GET, "SERVER_ERROR out of memory\r\n", TENON_ESERVER },
	{ TENON_SET, "SERVER_ERROR object too large for cache\r\n",
	  TENON_ESERVER },
	{ TENON_INCR, "CLIENT_ERROR cannot increment or decrement\r\n",
	  TENON_ECLIENT },
	{ TENON_TOUCH, "ERROR\r\n", TENON_EUNKNOWN },
};

START_TEST(an_answer_has_its_status)
{
	begin_one(answers[_i].verb, "k");
	ck_assert_int_eq(reply(answers[_i].reply), TENON_WANT_NOTHING);
	ck_assert_int_eq(results[0].status, answers[_i].status);
	if (answers[_i].status < 0) {
		ck_assert_uint_eq(strlen(results[0].text) + 2,
				  strlen(answers[_i].reply));
	}
}
END_TEST

static const struct {
	enum tenon_verb verb;
	const char *reply;
	const char *why;
} nonsense[] = {
	{ TENON_GET, "VALUE other 0 1\r\nx\r\nEND\r\n", "not asked for" },
	{ TENON_GET, "VALUE kk 0 1\r\nx\r\nEND\r\n", "not asked for" },
	{ TENON_GET, "VALUE k 0 1\r\nx\r\nVALUE k 0 1\r\nx\r\nEND\r\n",
	  "not asked for" },
	{ TENON_GET, "VALUE k 0 1\r\nxy\r\n", "no line end after a value" },
	{ TENON_GET, "VALUE k 4294967296 1\r\nx\r\n", "malformed VALUE" },
	{ TENON_GET, "VALUE k 0 -1\r\nx\r\n", "malformed VALUE" },
	{ TENON_GET, "VALUE k 0\r\nx\r\n", "malformed VALUE" },
	{ TENON_GET, "VALUE k 0 1 5 6\r\nx\r\n", "malformed VALUE" },
	{ TENON_GET, "VALUE k 0 99999999999999999999999\r\n",
	  "malformed VALUE" },
	{ TENON_GET, "VALUE k 0 18446744073709551615\r\n", "impossible length" },
	{ TENON_GETS, "VALUE k 0 1\r\nx\r\n", "malformed VALUE" },
	{ TENON_GET, "VALUE \r\n", "not asked for" },
	{ TENON_GET, "STORED\r\n", "unexpected reply" },
	{ TENON_GET, "END\r\nEND\r\n", "after the last reply" },
	{ TENON_GET, "END\n", "malformed line" },
	{ TENON_GET, "\n", "malformed line" },
	{ TENON_GET, "\r\n", "unexpected reply" },
	{ TENON_SET, "EXISTS\r\n", "unexpected reply" },
	{ TENON_SET, "DELETED\r\n", "unexpected reply" },
	{ TENON_SET, "OK\r\n", "unexpected reply" },
	{ TENON_DELETE, "TOUCHED\r\n", "unexpected reply" },
	{ TENON_INCR, "18446744073709551616\r\n", "malformed number" },
	{ TENON_INCR, "-1\r\n", "malformed number" },
	{ TENON_INCR, "1x\r\n", "malformed number" },
};

START_TEST(nonsense_breaks_the_connection)
{
	begin_one(nonsense[_i].verb, "k");
	assert_broken(reply(nonsense[_i].reply), nonsense[_i].why);
}
END_TEST

/* TENON_REPLY_LINE_MAX_BYTES */
START_TEST(a_line_that_is_too_long_breaks_the_connection)
{
	static char wire[2049 + 1];

	memset(wire, 'x', 2049);
	begin_one(TENON_SET, "k");
	assert_broken(reply(wire), "line that is too long");
	wire[2048] = '\0';
	begin_one(TENON_SET, "k");
	ck_assert_int_eq(reply(wire), TENON_WANT_RECEIVE);
}
END_TEST

/* The 2048 bytes include the \r of the line end. */
START_TEST(a_reply_line_has_2048_bytes_at_most)
{
	static char wire[2050 + 1];
	const char *word = "SERVER_ERROR ";

	memset(wire, 'x', sizeof(wire) - 1);
	memcpy(wire, word, strlen(word));
	memcpy(wire + 2047, "\r\n", 3);
	begin_one(TENON_SET, "k");
	ck_assert_int_eq(reply(wire), TENON_WANT_NOTHING);
	ck_assert_int_eq(results[0].status, TENON_ESERVER);
	memcpy(wire + 2047, "x\r\n", 4);
	begin_one(TENON_SET, "k");
	assert_broken(reply(wire), "malformed line");
}
END_TEST

/* reply.c: SHOWN_REPLY_MAX_BYTES */
START_TEST(an_error_quotes_60_bytes_of_a_reply_at_most)
{
	char expected[62 + 1] = { 0 };
	char wire[100 + 1] = { 0 };

	memset(wire, 'x', 98);
	memcpy(wire + 98, "\r\n", 2);
	memset(expected, 'x', 61);
	expected[0] = '"';
	expected[61] = '"';
	begin_one(TENON_SET, "k");
	assert_broken(reply(wire), expected);
}
END_TEST

static void keep_line(void *payload, int level, const char *line)
{
	(void)level;
	snprintf(payload, 1000, "%s", line);
}

/* health.c: LOGGED_REPLY_MAX_BYTES */
START_TEST(the_log_quotes_100_bytes_of_an_unexpected_reply_at_most)
{
	static char line[1000];
	char wire[200 + 1] = { 0 };

	memset(wire, 'x', 198);
	memcpy(wire, "ERROR", 5);
	memcpy(wire + 198, "\r\n", 2);
	assembly.log = (struct tenon__log){ .fn = keep_line, .payload = line };
	connection.wire.fence = true;
	begin_one(TENON_GET, "k");
	ck_assert_int_eq(reply(wire), TENON_WANT_RECEIVE);
	wire[100] = '\0';
	ck_assert_ptr_nonnull(strstr(line, wire));
	wire[100] = 'x';
	wire[101] = '\0';
	ck_assert_ptr_null(strstr(line, wire));
}
END_TEST

START_TEST(a_reply_without_a_request_breaks_the_connection)
{
	begin_one(TENON_GET, "k");
	const char *early = "END\r\n";
	assert_broken(feed(early, 5, 5), "without a request");
}
END_TEST

START_TEST(an_answer_before_the_request_is_sent_breaks_the_connection)
{
	struct iovec iov[4];
	const char *early = "STORED\r\n";

	begin_one(TENON_SET, "k");
	tenon__connection_ops.send_next(NULL, &connection.base, iov, 4);
	assert_broken(feed(early, 8, 8), "before the request was sent");
}
END_TEST

START_TEST(after_a_refused_data_block_no_reply_is_matched)
{
	begin_keys(TENON_SET, (const char *[]){ "a", "b" }, 2);
	ck_assert_int_eq(reply("CLIENT_ERROR bad data chunk\r\nERROR\r\n"),
			 TENON_WANT_CLOSE);
	ck_assert_int_eq(results[0].status, TENON_ECLIENT);
	ck_assert(!tenon__request_is_done(&requests[1]));
	ck_assert_int_eq(connection.wire.status, TENON_ECLOSED);
	ck_assert_uint_ne(connection.wire.erred, 0);
}
END_TEST

START_TEST(an_error_line_answers_all_keys_left_in_its_retrieval_line)
{
	begin_keys(TENON_GAT, (const char *[]){ "a", "b", "c" }, 3);
	items[2].exptime = 5;
	ck_assert_int_eq(reply("VALUE a 0 1\r\nA\r\nSERVER_ERROR x\r\n"
			       "VALUE c 0 1\r\nC\r\nEND\r\n"),
			 TENON_WANT_NOTHING);
	ck_assert_int_eq(results[0].status, TENON_HIT);
	ck_assert_int_eq(results[1].status, TENON_ESERVER);
	ck_assert_str_eq(results[1].text, "SERVER_ERROR x");
	ck_assert_int_eq(results[2].status, TENON_HIT);
}
END_TEST

START_TEST(recv_space_is_null_without_memory_for_a_value)
{
	size_t len, room;

	begin_one(TENON_GET, "k");
	sent(SIZE_MAX, &len);
	const char *head = "VALUE k 0 500000\r\n";
	ck_assert_int_eq(feed(head, strlen(head), 100), TENON_WANT_RECEIVE);
	tenon__memory_fail_from(1);
	ck_assert_ptr_null(
		tenon__connection_ops.recv_space(NULL, &connection.base, &room));
	tenon__memory_fail_from(0);
}
END_TEST

/* Loop: stats arrive _i bytes at a time, in more than one block. */
START_TEST(stats_stay_in_one_piece)
{
	static char wire[60000];
	size_t len = 0, cursor = 0, lines = 0;
	struct tenon_slice name, value;

	while (len < sizeof(wire) - 100) {
		len += (size_t)snprintf(wire + len, sizeof(wire) - len,
			"STAT name%zu value %zu\r\n", lines, lines);
		lines++;
	}
	len += (size_t)snprintf(wire + len, sizeof(wire) - len, "END\r\n");
	items[0].key = tenon_slice_of("items");
	begin(tenon__server_verb_of(TENON_STATS), 1);
	assert_sent("stats items\r\n");
	ck_assert_int_eq(feed(wire, len, (size_t)_i), TENON_WANT_NOTHING);
	for (size_t i = 0; i < lines; i++) {
		char expected[40];

		ck_assert_int_eq(tenon_stat_next(&results[0], &cursor, &name,
						 &value), 1);
		int n = snprintf(expected, sizeof(expected), "value %zu", i);
		ck_assert_uint_eq(value.len, (size_t)n);
		ck_assert_mem_eq(value.data, expected, value.len);
	}
	ck_assert_int_eq(tenon_stat_next(&results[0], &cursor, &name, &value), 0);
}
END_TEST

/* Loop: the reply arrives _i bytes at a time. */
START_TEST(stats_without_end_have_all_their_lines)
{
	static const char wire[] = "STAT sizes_status error\r\n"
				   "STAT sizes_error cas_support_disabled\r\n";

	items[0].key = tenon_slice_of("sizes_enable");
	begin(tenon__server_verb_of(TENON_STATS), 1);
	assert_sent("stats sizes_enable\r\n");
	ck_assert_int_eq(feed(wire, sizeof(wire) - 1, (size_t)_i),
			 TENON_WANT_NOTHING);
	ck_assert_int_eq(results[0].status, TENON_OK);
	ck_assert_uint_eq(results[0].value_len, sizeof(wire) - 1);
	ck_assert_mem_eq(results[0].value, wire, sizeof(wire) - 1);
}
END_TEST

/*
 * TENON_STATS_MAX_BYTES. The test sets the block's length as if all lines before the last two
 * were received, so that it writes only the last two lines.
 */
START_TEST(the_stats_of_a_server_have_16_mib_at_most)
{
	const char *line = "STAT a 1\r\n";
	size_t len = strlen(line), request_len;
	struct tenon__block *block =
		tenon__block_get(&blocks, ((size_t)16 << 20) + 10000);

	begin(tenon__server_verb_of(TENON_STATS), 1);
	sent(SIZE_MAX, &request_len);
	connection.wire.block = block;
	block->filled = ((size_t)16 << 20) - len;
	connection.wire.parsed = block->filled;
	connection.wire.keep_from = 0;
	ck_assert_int_eq(feed(line, len, SIZE_MAX), TENON_WANT_RECEIVE);
	ck_assert_ptr_eq(connection.wire.block, block);
	assert_broken(feed(line, len, SIZE_MAX), "stats that are too long");
}
END_TEST

/*
 * TENON_BLOCK_KEEP_MAX_BYTES. The large block takes no memory, because the test does not write
 * into it.
 */
START_TEST(a_client_that_owns_more_than_64_mib_gives_every_block_back)
{
	struct tenon__block *large, *one_more;

	begin_one(TENON_GET, "k");
	ck_assert_int_eq(reply("END\r\n"), TENON_WANT_NOTHING);
	large = tenon__block_get(&blocks, ((size_t)64 << 20) -
						  blocks.owned_bytes);
	tenon__connection_release_blocks(&connection);
	ck_assert_ptr_nonnull(connection.wire.block);
	one_more = tenon__block_get(&blocks, 1);
	tenon__connection_release_blocks(&connection);
	ck_assert_ptr_null(connection.wire.block);
	tenon__block_put_all(&blocks, large);
	tenon__block_put_all(&blocks, one_more);
}
END_TEST

static TCase *request_lines(void)
{
	TCase *tcase = tcase_create("requests");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_get_names_all_its_keys_in_one_line);
	tcase_add_test(tcase, a_gat_begins_a_line_where_exptime_changes);
	tcase_add_loop_test(tcase, no_retrieval_line_is_longer_than_its_ceiling,
			    0, 2);
	tcase_add_test(tcase, a_large_value_is_sent_from_the_callers_memory);
	tcase_add_test(tcase,
		       values_up_to_1024_bytes_are_copied_behind_their_line);
	tcase_add_test(tcase, a_send_has_64_pieces_at_most);
	tcase_add_loop_test(tcase,
		the_send_buffer_grows_for_values_that_are_copied_into_it, 0, 2);
	tcase_add_loop_test(tcase, partial_sends_lose_and_repeat_nothing, 1, 12);
	tcase_add_test(tcase, a_request_after_noreply_is_fenced);
	tcase_add_test(tcase, half_a_line_behind_noreply_is_awaited);
	tcase_add_test(tcase,
		a_value_before_the_reply_to_the_fence_breaks_the_connection);
	return tcase;
}

static TCase *replies(void)
{
	TCase *tcase = tcase_create("replies");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, a_reply_means_the_same_in_receives_of_any_size,
			    1, 100);
	tcase_add_loop_test(tcase, a_value_with_a_sink_is_received_into_it, 1, 40);
	tcase_add_loop_test(tcase, values_larger_than_a_block_stay_in_one_piece,
			    1, 20);
	tcase_add_loop_test(tcase,
		values_smaller_than_a_block_take_blocks_of_one_size, 1, 20);
	tcase_add_test(tcase, a_value_above_max_value_bytes_is_skipped);
	tcase_add_test(tcase, all_values_together_have_a_gibibyte_at_most);
	tcase_add_test(tcase, replies_out_of_order_are_matched_by_key);
	tcase_add_loop_test(tcase, an_answer_has_its_status, 0,
			    sizeof(answers) / sizeof(*answers));
	tcase_add_loop_test(tcase, nonsense_breaks_the_connection, 0,
			    sizeof(nonsense) / sizeof(*nonsense));
	tcase_add_test(tcase, a_line_that_is_too_long_breaks_the_connection);
	tcase_add_test(tcase, a_reply_line_has_2048_bytes_at_most);
	tcase_add_test(tcase, an_error_quotes_60_bytes_of_a_reply_at_most);
	tcase_add_test(tcase,
		       the_log_quotes_100_bytes_of_an_unexpected_reply_at_most);
	tcase_add_test(tcase, a_reply_without_a_request_breaks_the_connection);
	tcase_add_test(tcase,
		an_answer_before_the_request_is_sent_breaks_the_connection);
	tcase_add_test(tcase, after_a_refused_data_block_no_reply_is_matched);
	tcase_add_test(tcase,
		an_error_line_answers_all_keys_left_in_its_retrieval_line);
	tcase_add_test(tcase, recv_space_is_null_without_memory_for_a_value);
	tcase_add_loop_test(tcase, stats_stay_in_one_piece, 3000, 3010);
	tcase_add_loop_test(tcase, stats_without_end_have_all_their_lines, 1, 70);
	tcase_add_test(tcase, the_stats_of_a_server_have_16_mib_at_most);
	tcase_add_test(tcase,
		a_client_that_owns_more_than_64_mib_gives_every_block_back);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("classic");

	suite_add_tcase(suite, request_lines());
	suite_add_tcase(suite, replies());
	return suite_run(suite);
}
