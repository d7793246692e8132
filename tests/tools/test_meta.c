/* SPDX-License-Identifier: BSD-3-Clause */
/* The plain exchange of `tenon explain --online`: replies of servers can be anything. */
#include <check.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tools/tenon/direct.h"
#include "../tools/tenon/latency.h"
#include "../tools/tenon/meta.h"
#include "fakes/fake_server.h"
#include "fakes/names.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

#define ASKED "me key\r\n"
#define FOUND "ME key exp=-98 la=2 cas=1 fetch=no cls=7 size=67\r\n"

static struct meta_slab found;

static bool parse(const char *text)
{
	return meta_parse(text, strlen(text), &found);
}

START_TEST(an_item_has_class_and_size)
{
	ck_assert(parse(FOUND));
	ck_assert_uint_eq(found.item_bytes, 67);
	ck_assert_uint_eq(found.class, 7);
	ck_assert(parse("ME key exp=-1 cls=1\r\n"));
	ck_assert_uint_eq(found.item_bytes, 0);
	ck_assert_uint_eq(found.class, 1);
}
END_TEST

static const char *const wrong[] = {
	"",
	"EN\r\n",
	"ERROR\r\n",
	"CLIENT_ERROR unauthenticated\r\n",
	"ME key cls=1",
	"ME key cls=1\r\nEN\r\n",
	"ME key cls=1 size=x\r\n",
	"ME key cls=1 size=99999999999999999999\r\n",
	"ME key size=1 cls=-1\r\n",
	"ME \r\n",
};

START_TEST(other_replies_tell_nothing)
{
	ck_assert(!parse(wrong[_i]));
	ck_assert_uint_eq(found.item_bytes, 0);
	ck_assert_uint_eq(found.class, 0);
	ck_assert(!meta_parse("ME key cls=1\0\r\n", 15, &found));
}
END_TEST

/* ---- exchanges -------------------------------------------------------------- */

static bool ask(const struct fake_listen *listen, const struct fake_step *steps,
		size_t count, int64_t timeout_ms)
{
	struct fake_server *server = fake_server_listen(listen, steps, count);

	ck_assert(server);
	bool told = meta_read(fake_server_address(server), slice("key"),
			      timeout_ms, &found);
	char *problem = fake_server_join(server);
	ck_assert_msg(!problem, "%s", problem);
	return told;
}

#define LONG_MS 60000

START_TEST(a_server_is_asked)
{
	static const struct fake_listen listens[] = {
		{ .family = FAKE_INET },
		{ .family = FAKE_UNIX },
	};

	ck_assert(ask(&listens[_i],
		      FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(ASKED),
				 FAKE_SEND_SPLIT(FOUND, 7, 1), FAKE_EXPECT_CLOSE),
		      LONG_MS));
	ck_assert_uint_eq(found.class, 7);
}
END_TEST

/* memcached says so to a client without user and password, and leaves the connection open. */
START_TEST(an_error_line_ends_the_exchange)
{
	const struct fake_listen listen = { .family = FAKE_INET };

	ck_assert(!ask(&listen,
		       FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(ASKED),
				  FAKE_SEND("CLIENT_ERROR unauthenticated\r\n"),
				  FAKE_EXPECT_CLOSE),
		       LONG_MS));
}
END_TEST

START_TEST(a_server_that_closes_tells_nothing)
{
	const struct fake_listen listen = { .family = FAKE_INET };

	ck_assert(!ask(&listen,
		       FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(ASKED),
				  FAKE_SEND("ME key"), FAKE_CLOSE),
		       LONG_MS));
}
END_TEST

START_TEST(a_server_that_waits_meets_the_deadline)
{
	const struct fake_listen listen = { .family = FAKE_INET };

	ck_assert(!ask(&listen,
		       FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(ASKED),
				  FAKE_SEND("ME key"), FAKE_HOLD),
		       50));
}
END_TEST

START_TEST(an_endless_reply_ends_the_exchange)
{
	const struct fake_listen listen = { .family = FAKE_INET };
	char *endless = malloc(100000);

	memset(endless, 'x', 100000);
	ck_assert(!ask(&listen,
		       FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(ASKED),
				  FAKE_SEND_BYTES(endless, 2048), FAKE_HOLD),
		       LONG_MS));
	free(endless);
}
END_TEST

/* Try to connect. Returns the reason why there is no connection. */
static const char *refusal(const char *address, int64_t timeout_ms)
{
	static struct direct direct;

	ck_assert(!direct_open(&direct, address, clock_ms() + timeout_ms));
	direct_close(&direct);
	return direct.why;
}

START_TEST(a_refused_connection_is_told)
{
	char address[200];

	fake_refused_address(FAKE_INET, address, sizeof(address));
	check_says(refusal(address, LONG_MS), "refused");
	check_says(refusal("/nowhere/x.sock", LONG_MS), "No such file");
	check_says(refusal("nonsense", LONG_MS), "no port");
	ck_assert(!meta_read(address, slice("key"), LONG_MS, &found));
}
END_TEST

START_TEST(a_lookup_that_hangs_meets_the_deadline)
{
	static const struct fake_name names[] = {
		{ .host = "slow.test", .hangs = true },
		{ .host = "none.test", .gai_error = EAI_NONAME },
	};

	fake_names_set(names, COUNT(names));
	check_says(refusal("slow.test:11211", 50),
		   "the lookup of the name timed out");
	check_says(refusal("none.test:11211", LONG_MS),
		   gai_strerror(EAI_NONAME));
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
	ck_assert(meta_read(address, slice("key"), LONG_MS, &found));
	ck_assert_ptr_null(fake_server_join(server));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("meta");
	TCase *tcase = tcase_create("meta");

	scratch_begin();
	tcase_add_test(tcase, an_item_has_class_and_size);
	LOOP(tcase, other_replies_tell_nothing, COUNT(wrong));
	LOOP(tcase, a_server_is_asked, 2);
	tcase_add_test(tcase, an_error_line_ends_the_exchange);
	tcase_add_test(tcase, a_server_that_closes_tells_nothing);
	tcase_add_test(tcase, a_server_that_waits_meets_the_deadline);
	tcase_add_test(tcase, an_endless_reply_ends_the_exchange);
	tcase_add_test(tcase, a_refused_connection_is_told);
	tcase_add_test(tcase, a_lookup_that_hangs_meets_the_deadline);
	tcase_add_test(tcase, a_name_is_looked_up);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
