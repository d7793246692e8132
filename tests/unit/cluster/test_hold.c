/* SPDX-License-Identifier: BSD-3-Clause */
/* The hold-back of a server that does not fit the config. */
#include "base/published.h"
#include "cluster/hold.h"

#include <check.h>
#include <string.h>

#include "runner/suite.h"
#include "tenon/error.h"

#define RETRY_MS 5000
#define HERE 7

static struct tenon__hold hold;
static struct tenon__hold_reason found;

static bool stops(uint64_t place, int64_t now_ms)
{
	memset(&found, 0, sizeof(found));
	return tenon__hold_stops(&hold, place, now_ms, RETRY_MS, &found);
}

static void set_up(void)
{
	const struct tenon__hold_reason reason = { HERE, TENON_EAUTH,
						   "wrong password" };

	memset(&hold, 0, sizeof(hold));
	ck_assert(!stops(HERE, 1));
	tenon__hold_begin(&hold, &reason, 1000 + RETRY_MS);
}

START_TEST(clients_are_held_back_with_the_reason)
{
	ck_assert(stops(HERE, 1000));
	ck_assert(stops(HERE, 999 + RETRY_MS));
	ck_assert_int_eq(found.status, TENON_EAUTH);
	ck_assert_str_eq(found.text, "wrong password");
}
END_TEST

START_TEST(a_client_at_another_address_is_free)
{
	ck_assert(!stops(HERE + 1, 1000));
	ck_assert(stops(HERE, 1000));
}
END_TEST

START_TEST(one_client_tries_when_the_time_is_over)
{
	ck_assert(!stops(HERE, 1000 + RETRY_MS));
	ck_assert(stops(HERE, 1000 + RETRY_MS));
	ck_assert(stops(HERE, 999 + 2 * RETRY_MS));
	ck_assert(!stops(HERE, 1000 + 2 * RETRY_MS));
	ck_assert(stops(HERE, 1000 + 2 * RETRY_MS));
}
END_TEST

START_TEST(a_connection_that_works_ends_it)
{
	tenon__hold_end(&hold);
	ck_assert(!stops(HERE, 1000));
}
END_TEST

START_TEST(a_clock_that_jumps_back_ends_it_for_one_client)
{
	ck_assert(!stops(HERE, 100));
	ck_assert(stops(HERE, 100));
}
END_TEST

START_TEST(a_writer_that_a_fork_interrupted_blocks_nobody)
{
	const struct tenon__hold_reason other = { HERE, TENON_ESECURE,
						  "expired" };

	atomic_fetch_add(&hold.sequence, 1);
	ck_assert(!stops(HERE, 1000));
	tenon__published_forked(&hold.sequence);
	ck_assert(stops(HERE, 1000));
	tenon__hold_begin(&hold, &other, 1000 + RETRY_MS);
	ck_assert(stops(HERE, 1000));
	ck_assert_str_eq(found.text, "expired");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hold");
	TCase *tcase = tcase_create("hold");

	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_test(tcase, clients_are_held_back_with_the_reason);
	tcase_add_test(tcase, a_client_at_another_address_is_free);
	tcase_add_test(tcase, one_client_tries_when_the_time_is_over);
	tcase_add_test(tcase, a_connection_that_works_ends_it);
	tcase_add_test(tcase, a_clock_that_jumps_back_ends_it_for_one_client);
	tcase_add_test(tcase, a_writer_that_a_fork_interrupted_blocks_nobody);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
