/* SPDX-License-Identifier: BSD-3-Clause */
/* The record of failures, recoveries and probes that the clients of an assembly share. */
#include "cluster/outcome.h"

#include <check.h>
#include <pthread.h>
#include <string.h>

#include "runner/suite.h"
#include "tenon/error.h"

#define SERVERS 3

static struct tenon__outcomes outcomes;
static uint64_t known, before, after;

static void set_up(void)
{
	memset(&outcomes, 0, sizeof(outcomes));
	known = 0;
	ck_assert_int_eq(tenon__outcomes_init(&outcomes, SERVERS), 0);
}

static void tear_down(void)
{
	tenon__outcomes_fini(&outcomes);
}

/* Report the failure of an exchange with server 1. */
static bool report(int64_t began_ms, int64_t at_ms, int status, const char *text)
{
	const struct tenon__outcome_failure failure = {
		.status = status,
		.sys_errno = 111,
		.began_ms = began_ms,
		.at_ms = at_ms,
		.unanswered_since_ms =
			status == TENON_ETIMEDOUT ? began_ms : at_ms,
		.text = text,
	};

	return tenon__outcome_failed(&outcomes, 1, &failure, &known, &before,
				     &after);
}

static bool recover(int64_t at_ms)
{
	return tenon__outcome_recovered(&outcomes, 1, at_ms, &known, &after);
}

static struct tenon__outcome_counts counts(void)
{
	return tenon__outcome_unpack(
		atomic_load(&outcomes.servers[1].counts));
}

START_TEST(failures_one_after_another_are_counted)
{
	ck_assert(report(0, 300, TENON_ETIMEDOUT, "late"));
	ck_assert(report(300, 600, TENON_ETIMEDOUT, "late"));
	ck_assert(report(700, 701, TENON_ECONNECT, "refused"));
	ck_assert_uint_eq(counts().failures, 3);
	ck_assert_uint_eq(counts().recoveries, 0);
	ck_assert_uint_eq(atomic_load(&outcomes.sequence), 3);
	/* the caller made all the changes itself */
	ck_assert_uint_eq(known, 3);
	ck_assert_uint_eq(atomic_load(&outcomes.servers[0].counts), 0);
	ck_assert_uint_eq(atomic_load(&outcomes.servers[2].counts), 0);
}
END_TEST

START_TEST(one_incident_counts_once)
{
	ck_assert(report(0, 300, TENON_ETIMEDOUT, "late"));
	for (int64_t began_ms = 1; began_ms < 300; began_ms++) {
		ck_assert(!report(began_ms, began_ms + 300, TENON_ETIMEDOUT,
				"late"));
	}
	ck_assert_uint_eq(counts().failures, 1);
	ck_assert_uint_eq(atomic_load(&outcomes.sequence), 1);
	ck_assert(report(300, 600, TENON_ETIMEDOUT, "late"));
}
END_TEST

START_TEST(a_recovery_begins_a_new_count)
{
	report(0, 300, TENON_ECONNECT, "refused");
	ck_assert(recover(300));
	ck_assert_uint_eq(counts().failures, 0);
	ck_assert_uint_eq(counts().recoveries, 1);
	ck_assert(report(301, 302, TENON_ECONNECT, "refused"));
	ck_assert_uint_eq(counts().failures, 1);
	ck_assert_uint_eq(counts().recoveries, 1);
}
END_TEST

START_TEST(a_success_of_a_healthy_server_changes_nothing)
{
	ck_assert(recover(5));
	ck_assert_uint_eq(after, 0);
	ck_assert_uint_eq(atomic_load(&outcomes.sequence), 0);
}
END_TEST

START_TEST(an_answer_that_is_older_than_the_failure_is_no_recovery)
{
	report(0, 300, TENON_ECLOSED, "closed");
	ck_assert(!recover(299));
	ck_assert_uint_eq(counts().failures, 1);
	ck_assert(recover(300));
}
END_TEST

START_TEST(an_answer_while_another_client_waited_is_a_recovery)
{
	report(0, 300, TENON_ETIMEDOUT, "late");
	ck_assert(recover(299));
	ck_assert_uint_eq(counts().failures, 0);
	/* a second client that waited at the same time fails later; the answer contradicts it */
	ck_assert(!report(10, 310, TENON_ETIMEDOUT, "late"));
	ck_assert_uint_eq(counts().failures, 0);
	/* but not a client that began after the answer */
	ck_assert(report(299, 600, TENON_ETIMEDOUT, "late"));
}
END_TEST

START_TEST(the_text_of_the_last_failure_is_kept)
{
	char text[TENON_HEALTH_TEXT_BYTES];
	char longer[2 * TENON_HEALTH_TEXT_BYTES];

	report(0, 1, TENON_ECONNECT, "refused");
	tenon__outcome_text(&outcomes.servers[1], text);
	ck_assert_str_eq(text, "refused");
	ck_assert_int_eq(atomic_load(&outcomes.servers[1].sys_errno), 111);
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	report(2, 3, TENON_ECONNECT, longer);
	tenon__outcome_text(&outcomes.servers[1], text);
	ck_assert_uint_eq(strlen(text), sizeof(text) - 1);
}
END_TEST

START_TEST(a_fork_that_interrupts_a_writer_does_no_harm)
{
	char text[TENON_HEALTH_TEXT_BYTES];

	report(0, 1, TENON_ECONNECT, "first");
	atomic_fetch_add(&outcomes.servers[1].text_sequence, 1);
	tenon__outcome_text(&outcomes.servers[1], text);
	ck_assert_str_eq(text, "");
	ck_assert(report(1, 2, TENON_ECONNECT, "second"));
	tenon__outcome_text(&outcomes.servers[1], text);
	ck_assert_str_eq(text, "");
	tenon__outcomes_forked(&outcomes, SERVERS);
	ck_assert(report(3, 4, TENON_ECONNECT, "third"));
	tenon__outcome_text(&outcomes.servers[1], text);
	ck_assert_str_eq(text, "third");
}
END_TEST

/* outcome.c: RECOVERIES_MAX, outcome.c: PROBES_MAX, outcome.c: FAILURES_MAX */
START_TEST(counts_do_not_overflow)
{
	atomic_store(&outcomes.servers[1].counts, UINT64_MAX);
	ck_assert(report(0, 1, TENON_ECONNECT, "refused"));
	ck_assert_uint_eq(after, UINT64_MAX);
	ck_assert(recover(1));
	ck_assert_uint_eq(counts().recoveries, 0);
	ck_assert_uint_eq(counts().failures, 0);
	ck_assert_uint_eq(counts().failed_probes, 0);
}
END_TEST

/* ---- probes -------------------------------------------------------------- */

START_TEST(one_client_has_the_probe)
{
	struct tenon__outcome *outcome = &outcomes.servers[1];
	int64_t mine = 0, others = 0;

	ck_assert_int_eq(tenon__outcome_claim(outcome, &mine, 1000, 300), 0);
	ck_assert_int_eq(tenon__outcome_claim(outcome, &others, 1000, 300),
			 1300);
	ck_assert_int_eq(tenon__outcome_claim(outcome, &mine, 1299, 300), 0);
	ck_assert_int_eq(tenon__outcome_claim(outcome, &others, 1300, 300), 0);
	ck_assert_int_eq(tenon__outcome_claim(outcome, &mine, 1300, 300),
			 1600);
	ck_assert(!tenon__outcome_unclaim(outcome, &mine));
	ck_assert(tenon__outcome_unclaim(outcome, &others));
	ck_assert(!tenon__outcome_unclaim(outcome, &others));
	ck_assert_int_eq(tenon__outcome_claim(outcome, &mine, 1301, 300), 0);
}
END_TEST

START_TEST(a_recovery_ends_the_probe)
{
	int64_t mine = 0, others = 0;

	report(0, 1, TENON_ECONNECT, "refused");
	tenon__outcome_claim(&outcomes.servers[1], &mine, 1000, 300);
	recover(1001);
	report(1002, 1003, TENON_ECONNECT, "refused");
	ck_assert_int_eq(tenon__outcome_claim(&outcomes.servers[1], &others,
					      1004, 300), 0);
}
END_TEST

START_TEST(a_claim_from_before_the_clock_jumped_back_is_void)
{
	int64_t mine = 0, others = 0;

	tenon__outcome_claim(&outcomes.servers[1], &mine, 1000000, 300);
	ck_assert_int_eq(tenon__outcome_claim(&outcomes.servers[1], &others,
					      1000, 300), 0);
}
END_TEST

/* ---- addresses ----------------------------------------------------------- */

START_TEST(a_record_is_about_one_address)
{
	uint64_t here = tenon__outcome_place("a:1");
	uint64_t there = tenon__outcome_place("b:1");

	ck_assert_uint_ne(here, there);
	ck_assert(tenon__outcome_join(&outcomes, 1, here, false));
	ck_assert(tenon__outcome_join(&outcomes, 1, here, false));
	report(0, 1, TENON_ECONNECT, "refused");
	/* a client elsewhere cannot join while somebody is here */
	ck_assert(!tenon__outcome_join(&outcomes, 1, there, false));
	tenon__outcome_leave(&outcomes, 1, here);
	ck_assert(!tenon__outcome_join(&outcomes, 1, there, false));
	ck_assert_uint_eq(counts().failures, 1);
	tenon__outcome_leave(&outcomes, 1, here);
	ck_assert(tenon__outcome_join(&outcomes, 1, there, false));
	ck_assert_uint_eq(counts().failures, 0);
	ck_assert(tenon__outcome_is_at(&outcomes.servers[1], there));
}
END_TEST

START_TEST(a_client_that_moves_takes_the_record_along)
{
	uint64_t here = tenon__outcome_place("a:1");
	uint64_t there = tenon__outcome_place("b:1");

	tenon__outcome_join(&outcomes, 1, here, false);
	report(0, 1, TENON_ECONNECT, "refused");
	ck_assert(tenon__outcome_join(&outcomes, 1, there, true));
	ck_assert_uint_eq(counts().failures, 0);
	ck_assert_uint_eq(counts().recoveries, 1);
	ck_assert(!tenon__outcome_is_at(&outcomes.servers[1], here));
	/* the client that was here does not count any more */
	tenon__outcome_leave(&outcomes, 1, here);
	ck_assert(!tenon__outcome_join(&outcomes, 1, here, false));
	tenon__outcome_leave(&outcomes, 1, there);
	ck_assert(tenon__outcome_join(&outcomes, 1, here, false));
}
END_TEST

/* ---- threads ------------------------------------------------------------- */

#define THREADS 4
#define ROUNDS 20000

static atomic_int claims, counted;

static void *work(void *payload)
{
	int64_t mine = 0;
	uint64_t sequence = 0, from, to;

	for (int i = 1; i <= ROUNDS; i++) {
		char text[TENON_HEALTH_TEXT_BYTES];
		const struct tenon__outcome_failure failure = {
			.status = TENON_ETIMEDOUT,
			.began_ms = i - 1,
			.at_ms = i,
			.unanswered_since_ms = i - 1,
			.text = payload,
		};

		if (mine == 0 &&
		    tenon__outcome_claim(&outcomes.servers[2], &mine, 1000,
					 300) == 0) {
			claims++;
		}
		counted += tenon__outcome_failed(&outcomes, 1, &failure,
						 &sequence, &from, &to);
		tenon__outcome_text(&outcomes.servers[1], text);
		ck_assert(strcmp(text, "") == 0 || strcmp(text, "aaaa") == 0 ||
			  strcmp(text, "bbbb") == 0);
	}
	return NULL;
}

START_TEST(threads_lose_no_failure_and_share_no_claim)
{
	static char texts[2][5] = { "aaaa", "bbbb" };
	pthread_t threads[THREADS];

	claims = 0;
	counted = 0;
	for (int i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_create(&threads[i], NULL, work,
						texts[i % 2]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
	}
	ck_assert_uint_eq(counts().failures, (uint32_t)counted);
	ck_assert_uint_eq(atomic_load(&outcomes.sequence), (uint64_t)counted);
	ck_assert_int_eq(claims, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("outcome");
	TCase *tcase = tcase_create("record");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, failures_one_after_another_are_counted);
	tcase_add_test(tcase, one_incident_counts_once);
	tcase_add_test(tcase, a_recovery_begins_a_new_count);
	tcase_add_test(tcase, a_success_of_a_healthy_server_changes_nothing);
	tcase_add_test(tcase,
		       an_answer_that_is_older_than_the_failure_is_no_recovery);
	tcase_add_test(tcase,
		       an_answer_while_another_client_waited_is_a_recovery);
	tcase_add_test(tcase, the_text_of_the_last_failure_is_kept);
	tcase_add_test(tcase, a_fork_that_interrupts_a_writer_does_no_harm);
	tcase_add_test(tcase, counts_do_not_overflow);
	tcase_add_test(tcase, one_client_has_the_probe);
	tcase_add_test(tcase, a_recovery_ends_the_probe);
	tcase_add_test(tcase,
		       a_claim_from_before_the_clock_jumped_back_is_void);
	tcase_add_test(tcase, a_record_is_about_one_address);
	tcase_add_test(tcase, a_client_that_moves_takes_the_record_along);
	tcase_add_test(tcase, threads_lose_no_failure_and_share_no_claim);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
