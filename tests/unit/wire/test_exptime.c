/* SPDX-License-Identifier: BSD-3-Clause */
/* The exptime that is sent for the exptime that a caller gives. */
#include <check.h>

#include "runner/suite.h"
#include "wire/exptime.h"

#define NOW 1800000000 /* January 2027 */
#define LATE 2147000000 /* two weeks before the largest UNIX time */

static const struct {
	bool from_now;
	int64_t now_s, exptime, sent;
} rows[] = {
	{ false, NOW, 0, 0 },
	{ false, NOW, -1, -1 },
	{ false, NOW, 1, 1 },
	/* TENON_EXPTIME_RELATIVE_MAX_S: up to 30 days, both forms are the same */
	{ false, NOW, 2592000, 2592000 },
	{ true, NOW, 2592000, 2592000 },
	/* a second more is a UNIX time, or seconds that become one */
	{ false, NOW, 2592001, 2592001 },
	{ true, NOW, 2592001, NOW + 2592001 },
	/* TENON_EXPTIME_DATE_MAX_S */
	{ false, NOW, 2147483647, 2147483647 },
	{ false, NOW, INT64_C(2147483648), 2147483647 },
	{ true, NOW, 2147483647 - NOW, 2147483647 },
	{ true, NOW, 2147483647 - NOW + 1, 2147483647 },
	{ true, NOW, 86400 * 36500ll, 2147483647 },
	/* TENON_EXPTIME_MAX_S */
	{ false, NOW, INT64_C(4294967296), 2147483647 },
	{ true, NOW, INT64_C(4294967296), 2147483647 },
	{ true, NOW, 0, 0 },
	{ true, NOW, -1, -1 },
	/* near the largest UNIX time, 30 days from now are the best that servers have */
	{ true, LATE, 2592001, 2592000 },
	{ false, LATE, INT64_C(2147483648), 2592000 },
	{ true, LATE, 1000, 1000 },
	{ true, INT64_C(2200000000), 5000000, 2592000 },
};

START_TEST(an_exptime_is_sent_as_servers_can_have_it)
{
	int64_t exptime = rows[_i].exptime;

	ck_assert(tenon__exptime_prepare(&exptime, rows[_i].from_now,
					 rows[_i].now_s));
	ck_assert_int_eq(exptime, rows[_i].sent);
	if (!tenon__exptime_unclear(rows[_i].exptime)) {
		ck_assert_int_eq(rows[_i].exptime, rows[_i].sent);
	}
}
END_TEST

START_TEST(an_exptime_without_a_meaning_is_refused)
{
	static const int64_t refused[] = { -2, -3600, INT64_MIN,
					   INT64_C(4294967297), INT64_MAX };

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		for (int from_now = 0; from_now < 2; from_now++) {
			int64_t exptime = refused[i];

			ck_assert(tenon__exptime_unclear(exptime));
			ck_assert(!tenon__exptime_prepare(&exptime, from_now,
							  NOW));
			ck_assert_int_eq(exptime, refused[i]);
		}
	}
}
END_TEST

static const struct {
	int64_t exptime, max_s, capped;
} caps[] = {
	{ 0, 7, 7 },
	{ 3, 7, 3 },
	{ 8, 7, 7 },
	{ -1, 7, -1 },
	{ NOW + 3, 7, NOW + 3 },
	{ NOW + 8, 7, 7 },
	{ NOW - 8, 7, NOW - 8 },
	{ 0, 9000000, 2592000 },
	{ NOW + 9000000, 9000000, 2592000 },
};

START_TEST(a_capped_item_lives_no_longer_than_either_limit)
{
	ck_assert_int_eq(tenon__exptime_cap(caps[_i].exptime, caps[_i].max_s,
					    NOW),
			 caps[_i].capped);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("exptime");
	TCase *tcase = tcase_create("exptime");

	tcase_add_loop_test(tcase, an_exptime_is_sent_as_servers_can_have_it, 0,
			    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, an_exptime_without_a_meaning_is_refused);
	tcase_add_loop_test(tcase,
			    a_capped_item_lives_no_longer_than_either_limit, 0,
			    sizeof(caps) / sizeof(caps[0]));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
