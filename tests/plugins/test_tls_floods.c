/* SPDX-License-Identifier: BSD-3-Clause */
/* secure tls: servers that send garbage, or messages of TLS without end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner/suite.h"
#include "tls_rig.h"

#define GET FAKE_EXPECT("get k\r\n")

/* ---- floods -------------------------------------------------------------------------- */

#define FLOOD(literal, sentence)                                               \
	{                                                                      \
		literal, sizeof(literal) - 1, sentence                         \
	}
#define TOO_MUCH                                                               \
	"the server has sent more than 512 KiB without a byte of an answer"

static const struct flood_row {
	const char *bytes;
	size_t len;
	const char *says;
} flood_rows[] = {
	FLOOD("garbage ",
	      "the server does not speak TLS on this port; it begins with 'garbage "),
	FLOOD("ERROR\r\n",
	      "the server speaks plain memcached, and no TLS, on this port"),
	/* records: warnings, changes of the cipher, data before the handshake, a length too many */
	FLOOD("\x15\x03\x03\0\2\1\x5a", "too many warn alerts"),
	FLOOD("\x14\x03\x03\0\1\1",
	      "the server does not speak TLS on this port"),
	FLOOD("\x17\x03\x03\0\x10"
	      "0123456789abcdef",
	      "the server does not speak TLS on this port"),
	FLOOD("\x16\x03\x03\xff\xff"
	      "0123456789abcdef",
	      "packet length too long"),
	/* records of the handshake: empty, pieces of a message, a message of 16 MiB, HelloRequests */
	FLOOD("\x16\x03\x03\0\0", "record too small"),
	FLOOD("\x16\x03\x03\0\1\0", TOO_MUCH),
	FLOOD("\x16\x03\x03\0\4\2\xff\xff\xff", "excessive message size"),
	FLOOD("\x16\x03\x03\0\4\0\0\0\0", TOO_MUCH),
};

/* Most bytes that a flood gets rid of: those that the client takes, and those in the kernel. */
#define FLOOD_MAX_BYTES ((size_t)32 * 1024 * 1024)

/* The flood ends when the client closes; after so many bytes the script fails. */
static void flood_handshake(int variant, const struct flood_row *row)
{
	struct rig rig = { 0 };
	struct tls_fake how = tls_rig_choose(variant);

	tls_rig_fake(&rig, &how,
		     FAKE_STEPS(FAKE_ACCEPT,
				FAKE_FLOOD(row->bytes, row->len,
					   FLOOD_MAX_BYTES / row->len)));
	tls_rig_open(&rig, "", "");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ESECURE);
	check_says(rig.err.message, row->says);
	rig_close(&rig);
}

START_TEST(a_flood_during_the_handshake_has_an_end)
{
	for (size_t i = 0; i < COUNT(flood_rows); i++) {
		flood_handshake(_i, &flood_rows[i]);
	}
}
END_TEST

/* More messages than a client takes: tls.c: STEPS_MAX. */
#define MESSAGES 20000

static const fake_deed_fn late_floods[] = { tls_update_keys, tls_send_tickets };

/* The deed is done when all messages are sent or the client has closed. */
static void flood_session(int variant, fake_deed_fn flood)
{
	struct rig rig = { 0 };
	struct tls_fake how = tls_rig_choose(variant);

	how.version = TLS1_3_VERSION; /* TLS 1.2 has no such messages */
	tls_rig_fake(&rig, &how,
		     FAKE_STEPS(FAKE_ACCEPT, GET, FAKE_DEED(flood, MESSAGES),
				FAKE_HOLD));
	tls_rig_open(&rig, "", "");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ESECURE);
	check_says(
		rig.err.message,
		"the server sends messages of TLS without end, and no answer");
	rig_close(&rig);
}

START_TEST(a_flood_in_the_place_of_a_reply_has_an_end)
{
	for (size_t i = 0; i < COUNT(late_floods); i++) {
		flood_session(_i, late_floods[i]);
	}
}
END_TEST

#define REPLY "VALUE k 0 5\r\nhello\r\nEND\r\n"

/* Servers renew keys and send tickets. */
START_TEST(a_few_messages_of_tls_do_not_disturb_a_reply)
{
	struct rig rig = { 0 };
	struct tls_fake how = tls_rig_choose(_i);

	how.version = TLS1_3_VERSION;
	tls_rig_fake(
		&rig, &how,
		FAKE_STEPS(FAKE_ACCEPT, GET, FAKE_DEED(tls_update_keys, 20),
			   FAKE_DEED(tls_send_tickets, 20), FAKE_SEND(REPLY),
			   GET, FAKE_SEND("VALUE k 0 5\r\nhe"),
			   FAKE_DEED(tls_update_keys, 20),
			   FAKE_SEND("llo\r\nEND\r\n"), FAKE_HOLD));
	tls_rig_open(&rig, "", "");
	for (int i = 0; i < 2; i++) {
		ck_assert_msg(rig_get(&rig, "k") == TENON_HIT, "%s",
			      rig.err.message);
		ck_assert(rig_value_is(&rig, "hello"));
	}
	rig_close(&rig);
}
END_TEST

/* ---- small records ---- */

#define SMALL_BYTES 30000

/* Write the reply to a get of this value. Returns its length. */
static size_t write_reply(char *out, size_t room, const char *value, size_t len)
{
	size_t head = (size_t)snprintf(out, room, "VALUE k 0 %zu\r\n", len);

	memcpy(out + head, value, len);
	memcpy(out + head + len, "\r\nEND\r\n", 7);
	return head + len + 7;
}

START_TEST(a_value_in_records_of_one_byte_is_a_value)
{
	struct rig rig = { 0 };
	struct tls_fake how = tls_rig_choose(_i);
	char reply[SMALL_BYTES + 100];
	char *value = binary_value(SMALL_BYTES, 7);
	const struct fake_step send = {
		.kind = FAKE_STEP_SEND,
		.bytes = reply,
		.len = write_reply(reply, sizeof(reply), value, SMALL_BYTES),
		.piece_bytes = 1,
	};

	tls_rig_fake(&rig, &how, FAKE_STEPS(FAKE_ACCEPT, GET, send));
	tls_rig_open(&rig, "", "");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_HIT);
	ck_assert(result_value_is(&rig.result, value, SMALL_BYTES));
	rig_close(&rig);
	free(value);
}
END_TEST

/* ---- the suite ------------------------------------------------------------------------------ */

int main(void)
{
	const TTest *const one[] = {
		a_flood_during_the_handshake_has_an_end,
		a_flood_in_the_place_of_a_reply_has_an_end,
		a_few_messages_of_tls_do_not_disturb_a_reply,
		a_value_in_records_of_one_byte_is_a_value,
	};
	Suite *suite = tls_rig_suite("tls_floods");

	tls_rig_add(suite, one, COUNT(one), 1);
	return suite_run(suite);
}
