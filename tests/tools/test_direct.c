/* SPDX-License-Identifier: BSD-3-Clause */
/* The connections of `tenon check --online`. */
#include <check.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tools/tenon/direct.h"
#include "../tools/tenon/latency.h"
#include "fakes/fake_server.h"
#include "fakes/names.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

#define LONG_MS 60000

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
		&listen, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT_CLOSE));
	struct direct direct;
	char address[200];

	fake_names_set(names, COUNT(names));
	snprintf(address, sizeof(address), "fine.test%s",
		 strrchr(fake_server_address(server), ':'));
	ck_assert(direct_open(&direct, address, clock_ms() + LONG_MS));
	direct_close(&direct);
	ck_assert_ptr_null(fake_server_join(server));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("direct");
	TCase *tcase = tcase_create("direct");

	scratch_begin();
	tcase_add_test(tcase, a_refused_connection_is_told);
	tcase_add_test(tcase, a_lookup_that_hangs_meets_the_deadline);
	tcase_add_test(tcase, a_name_is_looked_up);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
