/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection behind a filter, without a socket: the test is the transport and the server. */
#define TENON_PLUGIN_BUILTIN /* the toys are a part of this program */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "connection/filter.h"
#include "connection/secure_session.h"
#include "plugin/host.h"
#include "plugin/kind.h"
#include "runner/suite.h"
#include "toys/frames.c"
#include "toys/xor.c"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define LARGE_BYTES (200 * 1024)

static struct tenon__server server = { .alias = "anna",
				       .host = "127.0.0.1",
				       .address = "127.0.0.1:11211",
				       .port = 11211 };
static struct tenon__outcome outcome;
static struct tenon__assembly assembly;
static struct tenon__secure instance;
static const struct tenon__secure *secures[] = { &instance };
static struct tenon_secure_ops secure; /* the plugin under test; a test may change slots */
static struct xor_state xor_self = { .mask = 0x2a };
static struct frames_state frames_self;
static struct tenon_connection_ops ops;
static struct tenon__intake intake;
static struct tenon__block_cache blocks;
static struct tenon__connection conn;
static struct tenon_item items[8];
static struct tenon__request requests[8];
static struct tenon_result results[8];
static struct tenon__health health;
static int ends; /* calls of end */
static char wire[2 * LARGE_BYTES]; /* what the transport sent */
static size_t wire_len;

static void count_end(const void *self, void *session)
{
	(void)self;
	(void)session;
	ends++;
}

static int begin_nothing(const void *self, void *session,
			 const struct tenon_server_facts *to,
			 struct tenon_error *err)
{
	(void)self;
	(void)session;
	(void)err;
	ck_assert_str_eq(to->alias, "anna");
	ck_assert_str_eq(to->host, "127.0.0.1");
	ck_assert_uint_eq(to->port, 11211);
	return 0;
}

static void use(const struct tenon_secure_ops *plugin, const void *self,
		const char *name)
{
	const struct tenon_plugin descriptor = { .ops = plugin };
	struct tenon__plugin taken;
	struct tenon__refusal refusal;

	ck_assert_int_eq(tenon__kind_take_ops(&taken, &descriptor,
					      tenon__kind_find(TENON_KIND_SECURE),
					      &refusal),
			 0);
	secure = taken.ops.secure;
	secure.end = count_end;
	secure.begin = plugin->begin ? plugin->begin : begin_nothing;
	instance = (struct tenon__secure){ &secure, name, self };
	assembly = (struct tenon__assembly){
		.servers = &server,
		.server_count = 1,
		.max_value_bytes = 1 << 20,
		.protocol = tenon__protocols[0],
		.outcomes.servers = &outcome,
		.secures.of = secures,
	};
	ends = 0;
	wire_len = 0;
	memset(&health, 0, sizeof(health));
	ck_assert_int_eq(tenon__connection_init(&conn, &assembly, 0, &blocks,
						&health, NULL),
			 0);
	ops = tenon__filter_ops();
}

static void use_xor(void)
{
	use(&xor_ops, &xor_self, "xor");
}

static void use_frames(void)
{
	static const struct tenon__plugin plugin = { .kind_name = "secure",
						     .name = "frames" };
	static struct tenon__host host;

	tenon__host_init(&host, &plugin, NULL);
	frames_self.host = &host.table;
	use(&frames_ops, &frames_self, "frames");
}

static void tear_down(void)
{
	tenon__filter_end(&conn);
	tenon__filter_free(&conn);
	tenon__connection_fini(&conn);
	tenon__block_cache_fini(&blocks);
	tenon__memory_fail_at(0);
}

/* Begin an exchange with `count` items, on the connection as it is. */
static void begin(enum tenon_verb verb, int count, bool noreply)
{
	intake.left_bytes = UINT64_C(1) << 30;
	memset(results, 0, sizeof(results));
	for (int i = 0; i < count; i++) {
		requests[i] = (struct tenon__request){
			.verb = tenon__verb_of(verb),
			.item = &items[i],
			.key = items[i].key,
			.result = &results[i],
			.intake = &intake,
			.bits = noreply ? TENON_REQUEST_NOREPLY : 0,
		};
		if (i == 0) {
			ck_assert_int_eq(tenon__wire_begin(&conn.wire,
							   requests),
					 0);
		} else {
			tenon__wire_add(&conn.wire, &requests[i]);
		}
	}
	tenon__connection_rewind(&conn);
}

static void begin_get(const char *key)
{
	items[0] = (struct tenon_item){ .key = { key, strlen(key) } };
	begin(TENON_GET, 1, false);
}

/* Connect. Returns what the connection wants. */
static int connected(void)
{
	struct tenon_address ignored;

	ck_assert_int_eq(ops.address(ops.context, &conn.base, &ignored), 1);
	conn.base.fd = 1000; /* no function of the core uses it */
	return ops.connected(ops.context, &conn.base);
}

/* Send once, at most n bytes. Returns what the connection wants. */
static int send_once(size_t n)
{
	struct iovec iov[TENON_SEND_PIECES];
	size_t count = ops.send_next(ops.context, &conn.base, iov,
				     TENON_SEND_PIECES);

	if (count == 0) {
		return ops.sent(ops.context, &conn.base, 0);
	}
	n = n < iov[0].iov_len ? n : iov[0].iov_len;
	ck_assert_uint_lt(wire_len + n, sizeof(wire));
	memcpy(wire + wire_len, iov[0].iov_base, n);
	wire_len += n;
	int after = ops.after(ops.context, &conn.base, n);
	int want = ops.sent(ops.context, &conn.base, n);

	ck_assert_int_eq(after, want);
	return want;
}

/* Send, at most n bytes at a time, until the connection does not want to. */
static int send_all(size_t n)
{
	int want;

	do {
		want = send_once(n);
	} while (want > 0 && (want & TENON_WANT_SEND));
	return want;
}

/* Let wire bytes arrive, `step` at a time. Returns what the connection wants. */
static int arrive(const char *bytes, size_t len, size_t step)
{
	int want = TENON_WANT_RECEIVE;

	while (len > 0 && want > 0) {
		size_t room;
		char *space = ops.recv_space(ops.context, &conn.base, &room);
		size_t n = len < step ? len : step;

		ck_assert_ptr_nonnull(space);
		n = n < room ? n : room;
		memcpy(space, bytes, n);
		want = ops.received(ops.context, &conn.base, n);
		bytes += n;
		len -= n;
	}
	return want;
}

static char *masked(const char *text, size_t len)
{
	static char out[2 * LARGE_BYTES];

	ck_assert_uint_lt(len, sizeof(out));
	for (size_t i = 0; i < len; i++) {
		out[i] = (char)(text[i] ^ 0x2a);
	}
	out[len] = '\0';
	return out;
}

static int arrive_masked(const char *text, size_t step)
{
	return arrive(masked(text, strlen(text)), strlen(text), step);
}

static void assert_wire(const char *text)
{
	ck_assert_uint_eq(wire_len, strlen(text));
	ck_assert_mem_eq(wire, masked(text, strlen(text)), wire_len);
	wire_len = 0;
}

/* The transport closes the connection and tells of a failure. */
static void fails(int status)
{
	conn.base.fd = -1;
	ops.failed(ops.context, &conn.base, status, 0);
}

/* ---- bytes of every size ------------------------------------------------------ */

static const size_t steps[] = { 1, 2, 3, 7, 64, SIZE_MAX };

START_TEST(a_get_goes_through_in_pieces_of_any_size)
{
	size_t step = steps[_i];

	use_xor();
	begin_get("k");
	ck_assert_int_eq(connected(), TENON_WANT_SEND);
	for (int round = 0; round < 3; round++) {
		if (round > 0) {
			tenon__connection_release(&conn);
			begin_get("k");
		}
		ck_assert_int_eq(send_all(step), TENON_WANT_RECEIVE);
		assert_wire("get k\r\n");
		ck_assert_int_eq(arrive_masked("VALUE k 5 3\r\nabc\r\nEND\r\n",
					       step),
				 TENON_WANT_NOTHING);
		ck_assert_int_eq(results[0].status, TENON_HIT);
		ck_assert_str_eq(results[0].value, "abc");
		ck_assert_uint_eq(results[0].flags, 5);
	}
	ck_assert_int_eq(ends, 0);
	tear_down();
}
END_TEST

/* A value that is larger than the outgoing buffer, TENON_FILTER_SEND_MAX_BYTES (64 KiB). */
START_TEST(a_large_value_is_sent_in_buffers)
{
	static char value[LARGE_BYTES], expected[LARGE_BYTES + 100];
	size_t most = 0;

	for (size_t i = 0; i < sizeof(value); i++) {
		value[i] = (char)(i * 31 >> 3);
	}
	use_xor();
	items[0] = (struct tenon_item){ .key = { "k", 1 },
					.value = { value, sizeof(value) } };
	begin(TENON_SET, 1, false);
	ck_assert_int_eq(connected(), TENON_WANT_SEND);
	for (int want = TENON_WANT_SEND; want & TENON_WANT_SEND;) {
		size_t before = wire_len;

		want = send_once(SIZE_MAX);
		most = wire_len - before > most ? wire_len - before : most;
	}
	ck_assert_uint_eq(most, 64 * 1024);
	int len = snprintf(expected, sizeof(expected), "set k 0 0 %d\r\n",
			   LARGE_BYTES);
	memcpy(expected + len, value, sizeof(value));
	memcpy(expected + len + sizeof(value), "\r\n", 2);
	ck_assert_uint_eq(wire_len, (size_t)len + sizeof(value) + 2);
	ck_assert_mem_eq(wire, masked(expected, wire_len), wire_len);
	ck_assert_int_eq(arrive_masked("STORED\r\n", 3), TENON_WANT_NOTHING);
	ck_assert_int_eq(results[0].status, TENON_STORED);
	tear_down();
}
END_TEST

START_TEST(a_large_value_is_received_into_a_sink)
{
	static char reply[LARGE_BYTES + 100], sink[LARGE_BYTES + 1];
	int len = snprintf(reply, sizeof(reply), "VALUE k 0 %d\r\n",
			   LARGE_BYTES);

	memset(reply + len, 'x', LARGE_BYTES);
	memcpy(reply + len + LARGE_BYTES, "\r\nEND\r\n", 8);
	use_xor();
	begin_get("k");
	requests[0].sink = sink;
	requests[0].sink_bytes = LARGE_BYTES;
	(void)connected();
	(void)send_all(SIZE_MAX);
	ck_assert_int_eq(arrive_masked(reply, 10000), TENON_WANT_NOTHING);
	ck_assert_int_eq(results[0].status, TENON_HIT);
	ck_assert_ptr_eq(results[0].value, sink);
	ck_assert_mem_eq(sink, reply + len, LARGE_BYTES);
	tear_down();
}
END_TEST

START_TEST(noreply_requests_are_done_when_the_kernel_took_them)
{
	use_xor();
	items[0] = (struct tenon_item){ .key = { "k", 1 },
					.value = { "v", 1 } };
	begin(TENON_SET, 1, true);
	(void)connected();
	ck_assert_int_eq(send_once(5) & TENON_WANT_SEND, TENON_WANT_SEND);
	ck_assert_int_eq(send_all(SIZE_MAX), TENON_WANT_NOTHING);
	assert_wire("set k 0 0 1 noreply\r\nv\r\n");
	tear_down();
}
END_TEST

START_TEST(a_request_is_unsent_until_the_kernel_took_a_byte)
{
	struct iovec iov[1];

	use_xor();
	begin_get("k");
	(void)connected();
	ck_assert_uint_eq(ops.send_next(ops.context, &conn.base, iov, 1), 1);
	ck_assert_ptr_eq(tenon__wire_unsent(&conn.wire), &requests[0]);
	ck_assert_int_eq(ops.sent(ops.context, &conn.base, 1),
			 TENON_WANT_SEND | TENON_WANT_RECEIVE);
	ck_assert_ptr_null(tenon__wire_unsent(&conn.wire));
	tear_down();
}
END_TEST

START_TEST(stray_bytes_behind_a_reply_close_the_connection)
{
	use_xor();
	begin_get("k");
	(void)connected();
	(void)send_all(SIZE_MAX);
	ck_assert_int_eq(arrive_masked("END\r\nEND\r\n", SIZE_MAX),
			 TENON_WANT_CLOSE);
	ck_assert_int_eq(conn.wire.status, TENON_EPROTOCOL);
	ck_assert_int_eq(ends, 1);
	tear_down();
}
END_TEST

/* ---- a handshake --------------------------------------------------------------- */

static int arrive_greeting(size_t step)
{
	return arrive("HELLO\n", 6, step);
}

/* Connect by frames and shake hands. */
static void greet(void)
{
	use_frames();
	begin_get("k");
	ck_assert_int_eq(connected(), TENON_WANT_SEND | TENON_WANT_RECEIVE);
	ck_assert_int_eq(send_all(SIZE_MAX), TENON_WANT_RECEIVE);
	wire_len = 0;
	ck_assert_int_eq(arrive_greeting(SIZE_MAX), TENON_WANT_SEND);
}

START_TEST(nothing_is_sent_before_the_handshake_is_over)
{
	size_t step = steps[_i];

	use_frames();
	begin_get("k");
	ck_assert_int_eq(connected(), TENON_WANT_SEND | TENON_WANT_RECEIVE);
	ck_assert_int_eq(conn.state, TENON_CONNECTION_SECURING);
	ck_assert_int_eq(send_all(step), TENON_WANT_RECEIVE);
	ck_assert_uint_eq(wire_len, 6);
	ck_assert_mem_eq(wire, "HELLO\n", 6);
	ck_assert_int_eq(arrive_greeting(step), TENON_WANT_SEND);
	ck_assert_int_eq(conn.state, TENON_CONNECTION_READY);
	wire_len = 0;
	ck_assert_int_eq(send_all(step), TENON_WANT_RECEIVE);
	ck_assert_uint_eq(wire_len, 3 + 7);
	ck_assert_mem_eq(wire, "D\0\7get k\r\n", 10);
	ck_assert_int_eq(arrive("D\0\5END\r\n", 8, step), TENON_WANT_NOTHING);
	ck_assert_int_eq(results[0].status, TENON_MISS);
	tear_down();
}
END_TEST

START_TEST(a_handshake_may_end_with_the_first_request_of_the_peer)
{
	greet();
	(void)send_all(SIZE_MAX);
	/* a ticket, a ping, and the reply in two frames */
	wire_len = 0;
	ck_assert_int_eq(arrive("T\0\2xxP\0\0D\0\2ENQ\0\0D\0\3D\r\n", 22,
				SIZE_MAX),
			 TENON_WANT_SEND);
	ck_assert_int_eq(results[0].status, TENON_MISS);
	ck_assert_int_eq(send_all(1), TENON_WANT_NOTHING); /* the pong */
	ck_assert_mem_eq(wire, "Q\0\0", 3);
	tear_down();
}
END_TEST

static const struct {
	const char *greeting;
	const char *problem;
	int want;
	const char *wire; /* what the server gets */
} refusals[] = {
	{ "REFUSED no certificate\n",
	  "secure plugin 'frames': the server greets with 'REFUSED no certificate'",
	  TENON_WANT_SEND, "HELLO\nBYE\n" },
	{ "ERROR\r\n", "secure plugin 'frames': the server greets with 'ERROR'",
	  TENON_WANT_CLOSE, "HELLO\n" },
};

/* The session has ended, and the connection knows why. */
static void assert_refused(const char *problem)
{
	ck_assert_int_eq(conn.wire.status, TENON_ESECURE);
	ck_assert_str_eq(conn.wire.problem, problem);
	ck_assert_int_eq(ends, 1);
	/* no request was sent, so all may go to another server */
	ck_assert_ptr_eq(tenon__wire_unsent(&conn.wire), &requests[0]);
}

START_TEST(a_refused_handshake_has_its_sentence)
{
	const char *greeting = refusals[_i].greeting;

	use_frames();
	begin_get("k");
	(void)connected();
	(void)send_all(SIZE_MAX);
	ck_assert_int_eq(arrive(greeting, strlen(greeting), 4),
			 refusals[_i].want);
	assert_refused(refusals[_i].problem);
	if (refusals[_i].want == TENON_WANT_SEND) {
		ck_assert_int_eq(conn.state, TENON_CONNECTION_SECURING);
		ck_assert_int_eq(send_once(SIZE_MAX), TENON_WANT_CLOSE);
	}
	ck_assert_int_eq(conn.state, TENON_CONNECTION_CLOSED);
	assert_refused(refusals[_i].problem);
	ck_assert_uint_eq(wire_len, strlen(refusals[_i].wire));
	ck_assert_mem_eq(wire, refusals[_i].wire, wire_len);
	tear_down();
}
END_TEST

#define REFUSAL "REFUSED no certificate\n"

/* The server refuses the greeting, and the alert waits to be sent. */
static void refuse(void)
{
	use_frames();
	begin_get("k");
	(void)connected();
	(void)send_all(SIZE_MAX);
	ck_assert_int_eq(arrive(REFUSAL, strlen(REFUSAL), SIZE_MAX),
			 TENON_WANT_SEND);
}

START_TEST(an_alert_is_sent_in_one_try)
{
	refuse();
	ck_assert_int_eq(send_once(2), TENON_WANT_CLOSE);
	ck_assert_mem_eq(wire, "HELLO\nBY", 8);
	ck_assert_int_eq(conn.state, TENON_CONNECTION_CLOSED);
	assert_refused(refusals[0].problem);
	tear_down();
}
END_TEST

START_TEST(an_alert_that_cannot_be_sent_changes_no_sentence)
{
	static const int statuses[] = { TENON_ECLOSED, TENON_ECONNECT,
					TENON_ETIMEDOUT };

	for (int i = 0; i < COUNT(statuses); i++) {
		refuse();
		fails(statuses[i]);
		ck_assert_int_eq(conn.state, TENON_CONNECTION_CLOSED);
		assert_refused(refusals[0].problem);
		/* the next failure is one of its own */
		begin_get("k");
		fails(TENON_ECONNECT);
		ck_assert_int_eq(conn.wire.status, TENON_ECONNECT);
		tear_down();
	}
}
END_TEST

START_TEST(bytes_in_front_of_an_alert_close_the_connection)
{
	refuse();
	ck_assert_int_eq(arrive("HELLO\n", 6, SIZE_MAX), TENON_WANT_CLOSE);
	ck_assert_int_eq(conn.state, TENON_CONNECTION_CLOSED);
	assert_refused(refusals[0].problem);
	tear_down();
}
END_TEST

/* The kernel has taken a part of the greeting, so the alert could have to wait. */
START_TEST(no_alert_goes_behind_bytes_that_wait)
{
	use_frames();
	begin_get("k");
	(void)connected();
	(void)send_once(3);
	ck_assert_int_eq(arrive(REFUSAL, strlen(REFUSAL), SIZE_MAX),
			 TENON_WANT_CLOSE);
	assert_refused(refusals[0].problem);
	tear_down();
}
END_TEST

static size_t give_too_much(const void *self, void *session, void *out,
			    size_t room)
{
	(void)self;
	(void)session;
	(void)out;
	return room + 1;
}

START_TEST(an_alert_beyond_its_room_is_not_sent)
{
	use_frames();
	secure.alert = give_too_much;
	begin_get("k");
	(void)connected();
	(void)send_all(SIZE_MAX);
	ck_assert_int_eq(arrive(REFUSAL, strlen(REFUSAL), SIZE_MAX),
			 TENON_WANT_CLOSE);
	assert_refused(refusals[0].problem);
	tear_down();
}
END_TEST

static size_t give_a_byte(const void *self, void *session, void *out,
			  size_t room)
{
	(void)self;
	(void)session;
	(void)room;
	memset(out, 'x', 1);
	return 1;
}

/* A session that was open is not asked for an alert: requests may be on their way. */
START_TEST(damage_behind_the_handshake_has_no_alert)
{
	greet();
	secure.alert = give_a_byte;
	(void)send_all(SIZE_MAX);
	ck_assert_int_eq(arrive("\377\0\0", 3, SIZE_MAX), TENON_WANT_CLOSE);
	tear_down();
}
END_TEST

START_TEST(a_server_that_closes_during_the_handshake_is_not_secure)
{
	use_frames();
	begin_get("k");
	(void)connected();
	(void)send_all(SIZE_MAX);
	fails(TENON_ECLOSED);
	ck_assert_int_eq(conn.wire.status, TENON_ESECURE);
	ck_assert_str_eq(conn.wire.problem,
			 "secure plugin 'frames': the server closed the connection during the handshake");
	ck_assert_int_eq(ends, 1);
	tear_down();
}
END_TEST

START_TEST(a_goodbye_is_an_end_of_file)
{
	greet();
	(void)send_all(SIZE_MAX);
	ck_assert_int_eq(arrive("E\0\0", 3, SIZE_MAX), TENON_WANT_CLOSE);
	ck_assert_int_eq(conn.wire.status, TENON_ECLOSED);
	ck_assert_int_eq(ends, 1);
	tear_down();
}
END_TEST

START_TEST(a_reply_in_front_of_a_goodbye_counts)
{
	greet();
	(void)send_all(SIZE_MAX);
	ck_assert_int_eq(arrive("D\0\5END\r\nE\0\0", 11, SIZE_MAX),
			 TENON_WANT_CLOSE);
	ck_assert_int_eq(conn.wire.status, 0);
	ck_assert_int_eq(results[0].status, TENON_MISS);
	tear_down();
}
END_TEST

START_TEST(damaged_bytes_close_the_connection)
{
	greet();
	(void)send_all(SIZE_MAX);
	ck_assert_int_eq(arrive("\377\0\0", 3, 1), TENON_WANT_CLOSE);
	ck_assert_int_eq(conn.wire.status, TENON_ESECURE);
	ck_assert_str_eq(conn.wire.problem,
			 "secure plugin 'frames': a frame begins with 0xff");
	tear_down();
}
END_TEST

START_TEST(a_new_connection_begins_a_new_session)
{
	greet();
	(void)send_all(SIZE_MAX);
	/* half a frame has come when the connection breaks */
	ck_assert_int_eq(arrive("D\0\5EN", 5, SIZE_MAX), TENON_WANT_RECEIVE);
	fails(TENON_ECLOSED);
	ck_assert_int_eq(conn.wire.status, TENON_ECLOSED);
	ck_assert_int_eq(ends, 1);
	begin_get("k");
	ck_assert_int_eq(connected(), TENON_WANT_SEND | TENON_WANT_RECEIVE);
	wire_len = 0;
	(void)send_all(SIZE_MAX);
	ck_assert_mem_eq(wire, "HELLO\n", 6);
	(void)arrive_greeting(SIZE_MAX);
	(void)send_all(SIZE_MAX);
	ck_assert_int_eq(arrive("D\0\5END\r\n", 8, 1), TENON_WANT_NOTHING);
	tear_down();
}
END_TEST

/* ---- an idle connection ---------------------------------------------------------- */

/* Shake hands and get a key, so that the connection is idle. */
static void become_idle(void)
{
	greet();
	(void)send_all(SIZE_MAX);
	ck_assert_int_eq(arrive("D\0\5END\r\n", 8, SIZE_MAX),
			 TENON_WANT_NOTHING);
}

static int seen(const char *bytes, size_t len)
{
	return ops.seen(ops.context, &conn.base, TENON_SEEN_BYTES, bytes, len);
}

static const struct {
	const char *bytes;
	size_t len;
	int closes;
} waiting[] = {
	{ "T\0\2xx", 5, 0 },	  /* a ticket means nothing to the connection */
	{ "T\0\2x", 4, 0 },	  /* a part of a ticket */
	{ "P\0\0T\0\2xx", 8, 0 },
	{ "D\0\5END\r\n", 8, 1 }, /* a reply to nothing */
	{ "T\0\2xxD\0\1E", 9, 1 },
	{ "E\0\0", 3, 1 },	  /* a goodbye */
	{ "x", 1, 0 },
	{ "x\0\0", 3, 1 },	  /* damage */
};

START_TEST(bytes_on_an_idle_connection_are_judged_by_their_meaning)
{
	become_idle();
	ck_assert_int_eq(seen(waiting[_i].bytes, waiting[_i].len),
			 waiting[_i].closes);
	/* what was looked at stays where it is, and is looked at again */
	if (!waiting[_i].closes) {
		ck_assert_int_eq(seen(waiting[_i].bytes, waiting[_i].len), 0);
	}
	ck_assert_int_eq(ends, waiting[_i].closes);
	tear_down();
}
END_TEST

START_TEST(an_end_on_an_idle_connection_closes_it)
{
	become_idle();
	ck_assert_int_eq(ops.seen(ops.context, &conn.base, TENON_SEEN_END, NULL,
				  0),
			 1);
	ck_assert_int_eq(ends, 1);
	tear_down();
}
END_TEST

/* A ticket and a part of the next frame were seen; the transport receives them once more. */
START_TEST(bytes_that_were_seen_are_not_taken_twice)
{
	static const char bytes[] = "T\0\2xxT\0\3yyyD\0\5END\r\n";
	size_t step = steps[_i];

	become_idle();
	ck_assert_int_eq(seen(bytes, 5), 0);
	ck_assert_int_eq(seen(bytes, 9), 0);
	begin_get("k");
	ck_assert_int_eq(send_all(SIZE_MAX), TENON_WANT_RECEIVE);
	ck_assert_int_eq(arrive(bytes, sizeof(bytes) - 1, step),
			 TENON_WANT_NOTHING);
	ck_assert_int_eq(results[0].status, TENON_MISS);
	tear_down();
}
END_TEST

/* Behind noreply requests error lines may wait: they are kept for the next exchange. */
START_TEST(plain_bytes_that_were_seen_arrive_once)
{
	static const char reply[] =
		"ERROR\r\nVERSION 1\r\nEND\r\nEND\r\n";
	char bytes[sizeof(reply)];
	size_t len = sizeof(reply) - 1;
	size_t step = steps[_i];

	use_xor();
	begin_get("k");
	(void)connected();
	(void)send_all(SIZE_MAX);
	(void)arrive_masked("END\r\n", SIZE_MAX);
	items[0] = (struct tenon_item){ .key = { "k", 1 },
					.value = { "v", 1 } };
	begin(TENON_SET, 1, true);
	ck_assert_int_eq(send_all(SIZE_MAX), TENON_WANT_NOTHING);
	memcpy(bytes, masked(reply, len), len);
	ck_assert_int_eq(seen(bytes, 7), 0);
	begin_get("k");
	ck_assert_int_eq(send_all(SIZE_MAX), TENON_WANT_RECEIVE);
	ck_assert_int_eq(arrive(bytes, len, step), TENON_WANT_NOTHING);
	ck_assert_int_eq(results[0].status, TENON_MISS);
	tear_down();
}
END_TEST

/* ---- plugins that break the contract, or fail ------------------------------------------ */

static int bad; /* what the slot below does */

enum {
	FAILS, FAILS_SILENTLY, TAKES_NOTHING, TAKES_TOO_MUCH, GIVES_TOO_MUCH,
	SENDS_NOTHING, SAYS_CLOSED, NO_MEMORY, BADS
};

static int bad_slot(const void *self, void *session,
		    struct tenon_secure_io *io, struct tenon_error *err)
{
	(void)self;
	(void)session;
	switch (bad) {
	case FAILS:
		snprintf(err->message, sizeof(err->message), "no luck");
		return TENON_ESECURE;
	case FAILS_SILENTLY:
		return TENON_EIO;
	case TAKES_TOO_MUCH:
		io->in_used = io->in_len + 1;
		return 0;
	case GIVES_TOO_MUCH:
		io->in_used = io->in_len;
		io->out_len = io->out_room + 1;
		return 0;
	case SENDS_NOTHING:
		io->in_used = io->in_len;
		return 0;
	case SAYS_CLOSED:
		return TENON_ECLOSED;
	case NO_MEMORY:
		return TENON_ENOMEM;
	default:
		return 0;
	}
}

/* The connection is closed, and its failure names the plugin. */
static void assert_failed(int status, const char *part)
{
	ck_assert_int_eq(conn.wire.status, status);
	ck_assert_msg(strstr(conn.wire.problem, part) != NULL, "%s",
		      conn.wire.problem);
	ck_assert_int_eq(conn.state, TENON_CONNECTION_CLOSED);
	ck_assert_int_eq(ends, 1);
}

static const struct {
	int status;
	const char *part;
} push_failures[BADS] = {
	[FAILS] = { TENON_ESECURE, "secure plugin 'xor': no luck" },
	[FAILS_SILENTLY] = { TENON_ESECURE,
			     "secure plugin 'xor': failed without a reason" },
	[TAKES_NOTHING] = { TENON_ESECURE, "push took 0 of 7 bytes" },
	[TAKES_TOO_MUCH] = { TENON_ESECURE, "push took 8 of 7 bytes" },
	[GIVES_TOO_MUCH] = { TENON_ESECURE, "gave 65537 for a room of 65536" },
	[SENDS_NOTHING] = { TENON_ESECURE, "does not send them" },
	[SAYS_CLOSED] = { TENON_ECLOSED, "" },
	[NO_MEMORY] = { TENON_ENOMEM, "" },
};

START_TEST(a_push_that_fails_closes_the_connection)
{
	struct iovec iov[1];

	use_xor();
	bad = _i;
	secure.push = bad_slot;
	begin_get("k");
	ck_assert_int_eq(connected(), TENON_WANT_SEND);
	ck_assert_uint_eq(ops.send_next(ops.context, &conn.base, iov, 1), 0);
	ck_assert_uint_eq(ops.send_next(ops.context, &conn.base, iov, 1), 0);
	ck_assert_int_eq(ops.sent(ops.context, &conn.base, 0),
			 TENON_WANT_CLOSE);
	assert_failed(push_failures[_i].status, push_failures[_i].part);
	ck_assert_int_eq(requests[0].state == TENON_REQUEST_DONE, 0);
	tear_down();
}
END_TEST

static const struct {
	int bad;
	int status;
	const char *part;
} pull_failures[] = {
	{ FAILS, TENON_ESECURE, "secure plugin 'xor': no luck" },
	{ FAILS_SILENTLY, TENON_ESECURE, "failed without a reason" },
	{ TAKES_TOO_MUCH, TENON_ESECURE, "pull took 4 of 3 bytes" },
	{ GIVES_TOO_MUCH, TENON_ESECURE, "pull took 3 of 3 bytes and gave" },
	{ SAYS_CLOSED, TENON_ECLOSED, "" },
	{ NO_MEMORY, TENON_ENOMEM, "" },
};

START_TEST(a_pull_that_fails_closes_the_connection)
{
	use_xor();
	bad = pull_failures[_i].bad;
	secure.pull = bad_slot;
	begin_get("k");
	(void)connected();
	(void)send_all(SIZE_MAX);
	ck_assert_int_eq(arrive("abc", 3, SIZE_MAX), TENON_WANT_CLOSE);
	assert_failed(pull_failures[_i].status, pull_failures[_i].part);
	tear_down();
}
END_TEST

static int tell_endless_chain(const void *self, const void *session,
			      uint32_t index,
			      struct tenon_secure_certificate *out)
{
	(void)self;
	(void)session;
	out->not_after_s = index;
	return 1;
}

START_TEST(a_chain_that_fails_is_kept_up_to_its_ceiling)
{
	struct tenon_secure_certificate told = { .size = sizeof(told) };

	use_xor();
	bad = FAILS;
	secure.pull = bad_slot;
	secure.certificate = tell_endless_chain;
	begin_get("k");
	(void)connected();
	(void)send_all(SIZE_MAX);
	ck_assert_int_eq(arrive("abc", 3, SIZE_MAX), TENON_WANT_CLOSE);
	ck_assert_int_eq(tenon__filter_certificate(&conn,
						   TENON_SESSION_CHAIN_MAX - 1,
						   &told),
			 1);
	ck_assert_int_eq(told.not_after_s, TENON_SESSION_CHAIN_MAX - 1);
	ck_assert_int_eq(tenon__filter_certificate(&conn,
						   TENON_SESSION_CHAIN_MAX,
						   &told),
			 0);
	tear_down();
}
END_TEST

/* TENON_FILTER_RECEIVE_MAX_BYTES and TENON_SECURE_WIRE_MAX_BYTES are 64 KiB. */
START_TEST(a_pull_that_never_takes_anything_is_stopped)
{
	static const char bytes[70000];

	use_xor();
	bad = TAKES_NOTHING;
	secure.pull = bad_slot;
	begin_get("k");
	(void)connected();
	(void)send_all(SIZE_MAX);
	ck_assert_int_eq(arrive(bytes, 64 * 1024 - 1, 999),
			 TENON_WANT_RECEIVE);
	ck_assert_int_eq(arrive(bytes, sizeof(bytes), 999), TENON_WANT_CLOSE);
	assert_failed(TENON_ESECURE, "pull took 0 of 65536 bytes");
	tear_down();
}
END_TEST

/* Let so many bytes of tickets arrive, which have no plain byte, in frames of 1 KiB. */
static int arrive_tickets(size_t len)
{
	static const char ticket[1024] = "T\3\375";
	int want = TENON_WANT_RECEIVE;

	for (; len > 0 && want == TENON_WANT_RECEIVE; len -= sizeof(ticket)) {
		want = arrive(ticket, sizeof(ticket), SIZE_MAX);
	}
	return want;
}

START_TEST(a_server_that_sends_no_byte_of_an_answer_is_stopped)
{
	greet();
	(void)send_all(SIZE_MAX);
	ck_assert_int_eq(arrive_tickets(TENON_SESSION_SILENT_MAX_BYTES - 1024),
			 TENON_WANT_RECEIVE);
	ck_assert_int_eq(arrive("D\0\1E", 4, SIZE_MAX), TENON_WANT_RECEIVE);
	ck_assert_int_eq(arrive_tickets(TENON_SESSION_SILENT_MAX_BYTES),
			 TENON_WANT_RECEIVE);
	ck_assert_int_eq(arrive("T\0\0", 3, SIZE_MAX), TENON_WANT_CLOSE);
	assert_failed(
		TENON_ESECURE,
		"the server has sent more than 512 KiB without a byte of an answer");
	tear_down();
}
END_TEST

static int early_pull(const void *self, void *session,
		      struct tenon_secure_io *io, struct tenon_error *err)
{
	(void)xor_change(self, session, io, err);
	return TENON_SECURE_RECEIVE;
}

static int begin_receives(const void *self, void *session,
			  const struct tenon_server_facts *to,
			  struct tenon_error *err)
{
	(void)self;
	(void)session;
	(void)to;
	(void)err;
	return TENON_SECURE_RECEIVE;
}

START_TEST(plain_bytes_during_a_handshake_close_the_connection)
{
	use_xor();
	secure.begin = begin_receives;
	secure.pull = early_pull;
	begin_get("k");
	ck_assert_int_eq(connected(), TENON_WANT_RECEIVE);
	ck_assert_int_eq(arrive("abc", 3, SIZE_MAX), TENON_WANT_CLOSE);
	assert_failed(TENON_ESECURE, "before the end of the handshake");
	tear_down();
}
END_TEST

static int begin_fails(const void *self, void *session,
		       const struct tenon_server_facts *to,
		       struct tenon_error *err)
{
	(void)self;
	(void)session;
	(void)to;
	snprintf(err->message, sizeof(err->message), "no luck today");
	return TENON_ESECURE;
}

START_TEST(a_begin_that_fails_closes_the_connection)
{
	use_xor();
	secure.begin = begin_fails;
	begin_get("k");
	ck_assert_int_eq(connected(), TENON_WANT_CLOSE);
	assert_failed(TENON_ESECURE, "secure plugin 'xor': no luck today");
	tear_down();
}
END_TEST

START_TEST(a_filter_without_memory_fails_the_connection)
{
	use_xor();
	begin_get("k");
	tenon__memory_fail_at(1);
	ck_assert_int_eq(connected(), TENON_WANT_CLOSE);
	tenon__memory_fail_at(0);
	ck_assert_int_eq(conn.wire.status, TENON_ENOMEM);
	ck_assert_int_eq(ends, 0);
	tear_down();
}
END_TEST

START_TEST(a_reply_without_memory_fails_the_connection)
{
	use_xor();
	begin_get("k");
	(void)connected();
	(void)send_all(SIZE_MAX);
	tenon__memory_fail_at(1);
	ck_assert_int_eq(arrive_masked("END\r\n", SIZE_MAX), TENON_WANT_CLOSE);
	tenon__memory_fail_at(0);
	assert_failed(TENON_ENOMEM, "");
	tear_down();
}
END_TEST

static const struct {
	const char *address;
	const char *host;
} hosts[] = {
	{ "cache1.example:11211", "cache1.example" },
	{ "10.0.0.1:1", "10.0.0.1" },
	{ "[2001:db8::1]:11211", "2001:db8::1" },
	{ "/run/memcached:1.sock", "/run/memcached:1.sock" },
};

static int begin_tells(const void *self, void *session,
		       const struct tenon_server_facts *to,
		       struct tenon_error *err)
{
	(void)self;
	(void)session;
	snprintf(err->message, sizeof(err->message), "%s", to->host);
	return TENON_ESECURE;
}

START_TEST(a_session_knows_the_host_of_its_server)
{
	const char *address = hosts[_i].address;
	struct tenon__server parsed;
	struct tenon__resolver place;
	struct tenon_error err;

	ck_assert_int_eq(tenon__server_parse(&parsed, address, strlen(address),
					     &err),
			 0);
	ck_assert_int_eq(tenon__resolver_init(&place, &parsed, 1000, &err), 0);
	tenon__server_fini(&parsed);
	use_xor();
	secure.begin = begin_tells;
	begin_get("k");
	const char *kept = conn.resolver.server_host;
	conn.resolver.server_host = place.server_host;
	(void)connected();
	conn.resolver.server_host = kept;
	tenon__resolver_fini(&place);
	assert_failed(TENON_ESECURE, hosts[_i].host);
	ck_assert_str_eq(conn.wire.problem + strlen("secure plugin 'xor': "),
			 hosts[_i].host);
	tear_down();
}
END_TEST

#define LOOP(test, count) tcase_add_loop_test(tcase, test, 0, count)

int main(void)
{
	Suite *suite = suite_create("filter");
	TCase *tcase = tcase_create("bytes");

	LOOP(a_get_goes_through_in_pieces_of_any_size, COUNT(steps));
	tcase_add_test(tcase, a_large_value_is_sent_in_buffers);
	tcase_add_test(tcase, a_large_value_is_received_into_a_sink);
	tcase_add_test(tcase,
		       noreply_requests_are_done_when_the_kernel_took_them);
	tcase_add_test(tcase, a_request_is_unsent_until_the_kernel_took_a_byte);
	tcase_add_test(tcase, stray_bytes_behind_a_reply_close_the_connection);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("handshake");
	LOOP(nothing_is_sent_before_the_handshake_is_over, COUNT(steps));
	tcase_add_test(tcase,
		       a_handshake_may_end_with_the_first_request_of_the_peer);
	LOOP(a_refused_handshake_has_its_sentence, COUNT(refusals));
	tcase_add_test(tcase, an_alert_is_sent_in_one_try);
	tcase_add_test(tcase, an_alert_that_cannot_be_sent_changes_no_sentence);
	tcase_add_test(tcase, bytes_in_front_of_an_alert_close_the_connection);
	tcase_add_test(tcase, no_alert_goes_behind_bytes_that_wait);
	tcase_add_test(tcase, an_alert_beyond_its_room_is_not_sent);
	tcase_add_test(tcase, damage_behind_the_handshake_has_no_alert);
	tcase_add_test(tcase,
		       a_server_that_closes_during_the_handshake_is_not_secure);
	tcase_add_test(tcase, a_goodbye_is_an_end_of_file);
	tcase_add_test(tcase, a_reply_in_front_of_a_goodbye_counts);
	tcase_add_test(tcase, damaged_bytes_close_the_connection);
	tcase_add_test(tcase, a_new_connection_begins_a_new_session);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("idle");
	LOOP(bytes_on_an_idle_connection_are_judged_by_their_meaning,
	     COUNT(waiting));
	tcase_add_test(tcase, an_end_on_an_idle_connection_closes_it);
	LOOP(bytes_that_were_seen_are_not_taken_twice, COUNT(steps));
	LOOP(plain_bytes_that_were_seen_arrive_once, COUNT(steps));
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("failures");
	LOOP(a_push_that_fails_closes_the_connection, BADS);
	LOOP(a_pull_that_fails_closes_the_connection, COUNT(pull_failures));
	tcase_add_test(tcase, a_chain_that_fails_is_kept_up_to_its_ceiling);
	tcase_add_test(tcase, a_pull_that_never_takes_anything_is_stopped);
	tcase_add_test(tcase,
		       a_server_that_sends_no_byte_of_an_answer_is_stopped);
	tcase_add_test(tcase,
		       plain_bytes_during_a_handshake_close_the_connection);
	tcase_add_test(tcase, a_begin_that_fails_closes_the_connection);
	tcase_add_test(tcase, a_filter_without_memory_fails_the_connection);
	tcase_add_test(tcase, a_reply_without_memory_fails_the_connection);
	LOOP(a_session_knows_the_host_of_its_server, COUNT(hosts));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
