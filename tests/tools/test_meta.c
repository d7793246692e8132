/* SPDX-License-Identifier: BSD-3-Clause */
/* The exchange of `tenon explain --online`: replies of servers can be anything. */
#include <check.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tools/tenon/meta.h"
#include "fakes/fake_server.h"
#include "fakes/names.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

#define ASKED "me key\r\nmg key s t l h f u\r\n"
#define FOUND                                                          \
	"ME key exp=-98 la=2 cas=1 fetch=no cls=7 size=67\r\n"         \
	"HD s3 t98 l2 h0 f5\r\n"

static struct meta_item found;

static bool parse(const char *text)
{
	return meta_parse(text, strlen(text), &found);
}

START_TEST(an_item_has_all_numbers)
{
	ck_assert(parse(FOUND));
	ck_assert_int_eq(found.state, META_FOUND);
	ck_assert_uint_eq(found.value_bytes, 3);
	ck_assert_uint_eq(found.item_bytes, 67);
	ck_assert_int_eq(found.ttl_s, 98);
	ck_assert_uint_eq(found.idle_s, 2);
	ck_assert_uint_eq(found.flags, 5);
	ck_assert_uint_eq(found.class, 7);
	ck_assert(!found.fetched);
	ck_assert(parse("ME key exp=-1 cls=1\r\nHD s3 t-1 h1 f0\r\n"));
	ck_assert_int_eq(found.ttl_s, -1);
	ck_assert(found.fetched);
}
END_TEST

START_TEST(an_absent_item_is_absent)
{
	ck_assert(parse("EN\r\nEN\r\n"));
	ck_assert_int_eq(found.state, META_ABSENT);
}
END_TEST

START_TEST(a_server_without_me_tells_the_rest)
{
	ck_assert(parse("ERROR\r\nHD s3 t98 l2 h0 f5\r\n"));
	ck_assert_int_eq(found.state, META_FOUND);
	ck_assert_uint_eq(found.value_bytes, 3);
	ck_assert_uint_eq(found.class, 0);
}
END_TEST

START_TEST(a_server_without_meta_commands_is_named_so)
{
	ck_assert(!parse("ERROR\r\nERROR\r\n"));
	ck_assert_int_eq(found.state, META_UNKNOWN);
	check_says(found.text, "does not know meta commands");
}
END_TEST

static const char *const wrong[] = {
	"",
	"EN\r\n",
	"EN\r\nEN",
	"EN\r\nEN\r\nEN\r\n",
	"ME key\r\nVALUE key 0 3\r\n",
	"ME key cls=x\r\nHD s3\r\n",
	"ME key size=99999999999999999999\r\nHD s3\r\n",
	"ME \r\nHD s3\r\n",
	"EN\r\nHD s\r\n",
	"EN\r\nHD s-3\r\n",
	"EN\r\nHD f4294967296\r\n",
	"EN\r\nHD h2\r\n",
	"EN\r\nHD t1x\r\n",
	"EN\r\nSERVER_ERROR out of memory\r\n",
};

START_TEST(other_replies_are_refused_and_quoted)
{
	ck_assert(!parse(wrong[_i]));
	ck_assert_int_eq(found.state, META_FAILED);
	check_says(found.text, "unexpected reply ");
}
END_TEST

START_TEST(control_bytes_of_a_server_are_not_shown)
{
	ck_assert(!parse("EN\r\nHD\x1b[31m\r\n"));
	check_says(found.text, "\\x1b[31m");
	ck_assert(!meta_parse("EN\r\nE\0\r\n", 8, &found));
	ck_assert_int_eq(found.state, META_FAILED);
}
END_TEST

/* ---- exchanges -------------------------------------------------------------- */

static void ask(const struct fake_listen *listen, const struct fake_step *steps,
		size_t count, int64_t timeout_ms)
{
	struct fake_server *server = fake_server_listen(listen, steps, count);

	ck_assert(server);
	meta_read(fake_server_address(server), slice("key"), timeout_ms,
		  &found);
	char *problem = fake_server_join(server);
	ck_assert_msg(!problem, "%s", problem);
}

#define LONG_MS 60000

START_TEST(both_commands_are_sent_at_once)
{
	static const struct fake_listen listens[] = {
		{ .family = FAKE_INET },
		{ .family = FAKE_UNIX },
	};

	ask(&listens[_i],
	    FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(ASKED),
		       FAKE_SEND_SPLIT(FOUND, 7, 1), FAKE_EXPECT_CLOSE),
	    LONG_MS);
	ck_assert_int_eq(found.state, META_FOUND);
	ck_assert_uint_eq(found.class, 7);
}
END_TEST

START_TEST(a_server_that_closes_is_told)
{
	const struct fake_listen listen = { .family = FAKE_INET };

	ask(&listen,
	    FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(ASKED), FAKE_SEND("EN\r\n"),
		       FAKE_CLOSE),
	    LONG_MS);
	ck_assert_int_eq(found.state, META_FAILED);
	check_says(found.text, "reset by peer");
}
END_TEST

START_TEST(a_server_that_waits_meets_the_deadline)
{
	const struct fake_listen listen = { .family = FAKE_INET };

	ask(&listen,
	    FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(ASKED), FAKE_SEND("EN\r\n"),
		       FAKE_HOLD),
	    50);
	ck_assert_int_eq(found.state, META_FAILED);
	check_says(found.text, "timed out");
}
END_TEST

START_TEST(an_endless_reply_ends_the_exchange)
{
	const struct fake_listen listen = { .family = FAKE_INET };
	char *endless = malloc(100000);

	memset(endless, 'x', 100000);
	ask(&listen,
	    FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(ASKED),
		       FAKE_SEND_BYTES(endless, 2048), FAKE_HOLD),
	    LONG_MS);
	free(endless);
	ck_assert_int_eq(found.state, META_FAILED);
	check_says(found.text, "Message too long");
}
END_TEST

START_TEST(a_refused_connection_is_told)
{
	char address[200];

	fake_refused_address(FAKE_INET, address, sizeof(address));
	meta_read(address, slice("key"), LONG_MS, &found);
	check_says(found.text, "refused");
	meta_read("/nowhere/x.sock", slice("key"), LONG_MS, &found);
	check_says(found.text, "No such file");
	meta_read("nonsense", slice("key"), LONG_MS, &found);
	check_says(found.text, "no port");
	ck_assert_int_eq(found.state, META_FAILED);
}
END_TEST

START_TEST(a_lookup_that_hangs_meets_the_deadline)
{
	static const struct fake_name names[] = {
		{ .host = "slow.test", .hangs = true },
		{ .host = "none.test", .gai_error = EAI_NONAME },
	};

	fake_names_set(names, COUNT(names));
	meta_read("slow.test:11211", slice("key"), 50, &found);
	ck_assert_int_eq(found.state, META_FAILED);
	check_says(found.text, "the lookup of the name timed out");
	meta_read("none.test:11211", slice("key"), LONG_MS, &found);
	check_says(found.text, gai_strerror(EAI_NONAME));
	fake_names_release();
}
END_TEST

START_TEST(a_name_is_looked_up)
{
	const struct fake_listen listen = { .family = FAKE_INET };
	static const struct fake_name names[] = {
		{ .host = "fine.test", .addresses = { "127.0.0.1" } },
	};
	struct fake_server *server = fake_server_listen(
		&listen, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(ASKED),
				    FAKE_SEND(FOUND), FAKE_EXPECT_CLOSE));
	char address[200];

	fake_names_set(names, COUNT(names));
	snprintf(address, sizeof(address), "fine.test%s",
		 strrchr(fake_server_address(server), ':'));
	meta_read(address, slice("key"), LONG_MS, &found);
	ck_assert_int_eq(found.state, META_FOUND);
	ck_assert_ptr_null(fake_server_join(server));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("meta");
	TCase *tcase = tcase_create("meta");

	scratch_begin();
	tcase_add_test(tcase, an_item_has_all_numbers);
	tcase_add_test(tcase, an_absent_item_is_absent);
	tcase_add_test(tcase, a_server_without_me_tells_the_rest);
	tcase_add_test(tcase, a_server_without_meta_commands_is_named_so);
	LOOP(tcase, other_replies_are_refused_and_quoted, COUNT(wrong));
	tcase_add_test(tcase, control_bytes_of_a_server_are_not_shown);
	LOOP(tcase, both_commands_are_sent_at_once, 2);
	tcase_add_test(tcase, a_server_that_closes_is_told);
	tcase_add_test(tcase, a_server_that_waits_meets_the_deadline);
	tcase_add_test(tcase, an_endless_reply_ends_the_exchange);
	tcase_add_test(tcase, a_refused_connection_is_told);
	tcase_add_test(tcase, a_lookup_that_hangs_meets_the_deadline);
	tcase_add_test(tcase, a_name_is_looked_up);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
