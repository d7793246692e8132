/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of the histogram rows that `tenon bench` shows. */
#include <check.h>
#include <stdlib.h>
#include <time.h>
#include <string.h>

#include "../tools/tenon/latency.h"
#include "runner/suite.h"

static struct tenon_histogram histogram;
static struct latency_row rows[LATENCY_ROWS_MAX];

static void start_empty(void)
{
	memset(&histogram, 0, sizeof(histogram));
}

START_TEST(no_call_has_no_row)
{
	ck_assert_uint_eq(latency_rows(&histogram, rows), 0);
}
END_TEST

START_TEST(any_number_of_ns_has_a_row)
{
	size_t count;

	tenon_histogram_add(&histogram, 0);
	for (unsigned bit = 0; bit < 64; bit++) {
		tenon_histogram_add(&histogram, UINT64_C(1) << bit);
		tenon_histogram_add(&histogram, (UINT64_C(1) << bit) - 1);
	}
	tenon_histogram_add(&histogram, UINT64_MAX);
	count = latency_rows(&histogram, rows);
	ck_assert_uint_ge(count, 1);
	ck_assert_uint_le(count, LATENCY_ROWS_MAX);
}
END_TEST

START_TEST(rows_follow_each_other_and_hold_every_call)
{
	uint64_t calls = 0;
	size_t count;

	for (uint64_t i = 1; i <= 20000; i++) {
		tenon_histogram_add(&histogram, i * 1000);
	}
	count = latency_rows(&histogram, rows);
	ck_assert_uint_gt(count, 10);
	ck_assert_uint_le(rows[0].from_ns, 1000);
	ck_assert_uint_gt(rows[count - 1].to_ns, 20000000);
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_lt(rows[i].from_ns, rows[i].to_ns);
		ck_assert(i == 0 || rows[i - 1].to_ns == rows[i].from_ns);
		calls += rows[i].count;
	}
	ck_assert_uint_eq(calls, 20000);
}
END_TEST

static const struct {
	uint64_t ns;
	const char *text;
} texts[] = {
	{ 0, "0.0 us" },           { 9876, "9.9 us" },
	{ 123456, "123 us" },      { 4567890, "4.57 ms" },
	{ 456789012, "456.8 ms" }, { 12345678901, "12.35 s" },
};

START_TEST(times_are_shown_in_a_unit_that_fits)
{
	char *text = latency_text(texts[_i].ns);

	ck_assert_str_eq(text, texts[_i].text);
	free(text);
}
END_TEST

static const struct {
	int64_t left_s; /* far enough from the next text for a slow test */
	int64_t days;
	const char *text;
} ends[] = {
	{ 83 * 86400 + 4 * 3600 + 60, 83, "83 d 4 h" },
	{ 3600 + 300 + 30, 0, "1 h 5 min" },
	{ -2 * 86400 - 60, -3, "ended 2 d ago" },
};

START_TEST(the_end_of_a_certificate_is_days_and_a_text)
{
	int64_t ends_s = (int64_t)time(NULL) + ends[_i].left_s;
	char *text = certificate_text(ends_s);

	ck_assert_str_eq(text, ends[_i].text);
	ck_assert_int_eq(certificate_days(ends_s), ends[_i].days);
	free(text);
	text = certificate_text(0);
	ck_assert_str_eq(text, "-");
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("latency");
	TCase *tc = tcase_create("latency");

	tcase_add_checked_fixture(tc, start_empty, NULL);
	tcase_add_test(tc, no_call_has_no_row);
	tcase_add_test(tc, any_number_of_ns_has_a_row);
	tcase_add_test(tc, rows_follow_each_other_and_hold_every_call);
	tcase_add_loop_test(tc, times_are_shown_in_a_unit_that_fits, 0,
			    (int)(sizeof(texts) / sizeof(texts[0])));
	tcase_add_loop_test(tc, the_end_of_a_certificate_is_days_and_a_text, 0,
			    (int)(sizeof(ends) / sizeof(ends[0])));
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
