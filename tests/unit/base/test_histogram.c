/* SPDX-License-Identifier: BSD-3-Clause */
/* Histograms of times: buckets and percentiles. */
#include <check.h>
#include <string.h>

#include "runner/suite.h"
#include "tenon/health.h"

static struct tenon_histogram histogram;

static void start_empty(void)
{
	memset(&histogram, 0, sizeof(histogram));
}

static void expect_near(unsigned permille, uint64_t wanted_ns)
{
	uint64_t found_ns = tenon_histogram_permille_ns(&histogram, permille);

	ck_assert_uint_ge(found_ns, wanted_ns);
	ck_assert_uint_le(found_ns, wanted_ns + wanted_ns / 64);
}

START_TEST(percentiles_are_never_too_low_and_one_64th_too_high_at_most)
{
	for (uint64_t i = 1; i <= 100000; i++) {
		tenon_histogram_add(&histogram, i * 1000);
	}
	expect_near(1, 100000);
	expect_near(500, 50000000);
	expect_near(900, 90000000);
	expect_near(990, 99000000);
	expect_near(999, 99900000);
	ck_assert_uint_eq(tenon_histogram_permille_ns(&histogram, 1000),
			  100000000);
	ck_assert_uint_eq(histogram.max_ns, 100000000);
	ck_assert_uint_eq(histogram.total, 100000);
	ck_assert_uint_eq(histogram.sum_ns, UINT64_C(5000050000000));
}
END_TEST

START_TEST(one_time_is_all_percentiles)
{
	tenon_histogram_add(&histogram, 123456789);
	ck_assert_uint_eq(tenon_histogram_permille_ns(&histogram, 1), 123456789);
	ck_assert_uint_eq(tenon_histogram_permille_ns(&histogram, 999),
			  123456789);
}
END_TEST

START_TEST(nothing_counted_has_no_percentile)
{
	ck_assert_uint_eq(tenon_histogram_permille_ns(&histogram, 500), 0);
	ck_assert_uint_eq(tenon_histogram_permille_ns(&histogram, 1000), 0);
}
END_TEST

START_TEST(every_time_up_to_69_s_is_in_the_bucket_that_begins_before_it)
{
	for (size_t bucket = 0; bucket < TENON_HISTOGRAM_BUCKETS; bucket++) {
		uint64_t from_ns = tenon_histogram_bucket_ns(bucket);
		uint64_t to_ns = tenon_histogram_bucket_ns(bucket + 1);

		ck_assert_uint_lt(from_ns, to_ns);
		start_empty();
		tenon_histogram_add(&histogram, from_ns);
		tenon_histogram_add(&histogram, to_ns - 1);
		ck_assert_msg(histogram.counts[bucket] == 2, "bucket %zu",
			      bucket);
		if (bucket >= 64 && bucket < TENON_HISTOGRAM_BUCKETS - 1) {
			ck_assert_uint_le(to_ns - from_ns, from_ns / 64);
		} else if (bucket < 64) {
			ck_assert_uint_eq(to_ns - from_ns, 32);
		}
	}
	ck_assert_uint_eq(tenon_histogram_bucket_ns(TENON_HISTOGRAM_BUCKETS),
			  UINT64_MAX);
}
END_TEST

/* TENON_HISTOGRAM_UNITS_MAX */
START_TEST(a_time_above_the_last_bucket_is_kept_exactly_as_maximum)
{
	tenon_histogram_add(&histogram, 1000);
	tenon_histogram_add(&histogram, UINT64_MAX);
	ck_assert_uint_eq(histogram.counts[TENON_HISTOGRAM_BUCKETS - 1], 1);
	ck_assert_uint_eq(tenon_histogram_permille_ns(&histogram, 1000),
			  UINT64_MAX);
	ck_assert_uint_le(tenon_histogram_permille_ns(&histogram, 500), 1024);
}
END_TEST

START_TEST(merged_counts_are_as_if_counted_together)
{
	static struct tenon_histogram more;

	memset(&more, 0, sizeof(more));
	tenon_histogram_add(&histogram, 10000);
	tenon_histogram_add(&more, 50000);
	tenon_histogram_add(&more, 30000);
	tenon_histogram_merge(&histogram, &more);
	ck_assert_uint_eq(histogram.total, 3);
	ck_assert_uint_eq(histogram.sum_ns, 90000);
	ck_assert_uint_eq(histogram.max_ns, 50000);
	expect_near(500, 30000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("histogram");
	TCase *tc = tcase_create("histogram");

	tcase_add_checked_fixture(tc, start_empty, NULL);
	tcase_add_test(
		tc, percentiles_are_never_too_low_and_one_64th_too_high_at_most);
	tcase_add_test(tc, one_time_is_all_percentiles);
	tcase_add_test(tc, nothing_counted_has_no_percentile);
	tcase_add_test(
		tc, every_time_up_to_69_s_is_in_the_bucket_that_begins_before_it);
	tcase_add_test(tc,
		       a_time_above_the_last_bucket_is_kept_exactly_as_maximum);
	tcase_add_test(tc, merged_counts_are_as_if_counted_together);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
