/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of the model of the chaos program: which answers it accepts and which it calls
 * violations.
 */
#include <check.h>
#include <string.h>

#include "chaos/chaos_model.h"
#include "runner/suite.h"

static struct model_key key;
static struct model_count count;
/* every place has its first process during the whole call */
static struct model_window steady;
static struct model_window dying;  /* the process at place 1 is killed during the call */
static struct model_window second; /* place 1 has its second process during the whole call */

static void set_up(void)
{
	memset(&key, 0, sizeof(key));
	memset(&count, 0, sizeof(count));
	dying.after[1] = 1;
	second.before[1] = second.after[1] = 2;
}

START_TEST(an_acknowledged_write_is_found)
{
	model_acknowledged(&key, 1, &steady, 7, 0);
	ck_assert_int_eq(model_read(&key, 1, &steady, 7), MODEL_FINE);
	ck_assert_int_eq(model_missed(&key, 1, &steady), MODEL_LOST);
	ck_assert_uint_eq(key.views[1].write, 7);
}
END_TEST

START_TEST(a_replaced_value_is_stale)
{
	model_acknowledged(&key, 1, &steady, 7, 0);
	model_acknowledged(&key, 1, &steady, 8, 0);
	ck_assert_int_eq(model_read(&key, 1, &steady, 7), MODEL_STALE);
}
END_TEST

START_TEST(a_deleted_value_is_stale)
{
	model_acknowledged(&key, 1, &steady, 7, 0);
	model_acknowledged(&key, 1, &steady, 0, 0);
	ck_assert_int_eq(model_missed(&key, 1, &steady), MODEL_FINE);
	ck_assert_int_eq(model_read(&key, 1, &steady, 7), MODEL_STALE);
}
END_TEST

START_TEST(every_place_has_its_own_view)
{
	model_acknowledged(&key, 1, &steady, 7, 0);
	model_acknowledged(&key, 2, &steady, 8, 0);
	ck_assert_int_eq(model_read(&key, 1, &steady, 7), MODEL_FINE);
	ck_assert_int_eq(model_read(&key, 2, &steady, 8), MODEL_FINE);
	ck_assert_int_eq(model_read(&key, 2, &steady, 7), MODEL_STALE);
	ck_assert_int_eq(model_missed(&key, 3, &steady), MODEL_FINE);
}
END_TEST

START_TEST(a_new_process_knows_nothing)
{
	model_acknowledged(&key, 1, &steady, 7, 0);
	ck_assert_int_eq(model_missed(&key, 1, &second), MODEL_FINE);
	ck_assert_int_eq(model_read(&key, 1, &second, 7), MODEL_STALE);
}
END_TEST

START_TEST(no_answer_is_judged_while_a_process_is_replaced)
{
	model_acknowledged(&key, 1, &steady, 7, 0);
	ck_assert_int_eq(model_missed(&key, 1, &dying), MODEL_UNJUDGED);
	ck_assert_int_eq(model_read(&key, 1, &dying, 3), MODEL_UNJUDGED);
}
END_TEST

START_TEST(a_write_during_a_replacement_may_be_in_the_new_process)
{
	model_acknowledged(&key, 1, &dying, 7, 0);
	ck_assert_int_eq(model_missed(&key, 1, &second), MODEL_FINE);
	ck_assert_int_eq(model_read(&key, 1, &second, 7), MODEL_FINE);
	ck_assert_int_eq(model_missed(&key, 1, &second), MODEL_LOST);
}
END_TEST

START_TEST(a_floating_write_may_happen_once)
{
	model_acknowledged(&key, 1, &steady, 7, 0);
	model_unacknowledged(&key, 1, &steady, 8);
	ck_assert_int_eq(model_read(&key, 1, &steady, 7), MODEL_FINE);
	ck_assert_int_eq(model_read(&key, 1, &steady, 8), MODEL_FINE);
	ck_assert_int_eq(model_read(&key, 1, &steady, 7), MODEL_STALE);
	model_acknowledged(&key, 1, &steady, 9, 0);
	ck_assert_int_eq(model_read(&key, 1, &steady, 8), MODEL_STALE);
}
END_TEST

START_TEST(a_delete_may_float)
{
	model_acknowledged(&key, 1, &steady, 7, 0);
	model_unacknowledged(&key, MODEL_ANYWHERE, &steady, 0);
	ck_assert_int_eq(model_missed(&key, 1, &steady), MODEL_FINE);
}
END_TEST

START_TEST(a_floating_write_ends_with_its_process)
{
	model_unacknowledged(&key, 1, &steady, 7);
	ck_assert_int_eq(model_read(&key, 1, &second, 7), MODEL_STALE);
	ck_assert(model_has_room(&key, &second, 4));
	ck_assert_uint_eq(key.floating_count, 0);
}
END_TEST

START_TEST(a_key_has_room_for_a_limited_number_of_writes)
{
	for (uint64_t write = 1; model_has_room(&key, &steady, 4); write++) {
		ck_assert_uint_lt(write, 1000);
		model_unacknowledged(&key, 2, &steady, write);
	}
	ck_assert_uint_gt(key.floating_count, 10);
	ck_assert_uint_lt(key.floating_count, MODEL_FLOATING_MAX);
}
END_TEST

START_TEST(every_step_counts_once)
{
	model_count_made(&count, 1, &steady);
	ck_assert_int_eq(model_counted(&count, 1, &steady, 5, 5), MODEL_FINE);
	ck_assert_int_eq(model_counted(&count, 1, &steady, 2, 7), MODEL_FINE);
	ck_assert_int_eq(model_counted(&count, 1, &steady, 2, 7), MODEL_LOST);
	ck_assert_int_eq(model_counted(&count, 1, &steady, 2, 11), MODEL_STALE);
	ck_assert_int_eq(model_count_missed(&count, 1, &steady), MODEL_LOST);
}
END_TEST

START_TEST(a_step_without_answer_counts_once_or_not)
{
	model_count_made(&count, 1, &steady);
	model_uncounted(&count, 1, &steady, 3);
	ck_assert_int_eq(model_counted(&count, 1, &steady, 1, 1), MODEL_FINE);
	ck_assert_int_eq(model_counted(&count, 1, &steady, 1, 5), MODEL_FINE);
	ck_assert_int_eq(model_counted(&count, 1, &steady, 1, 9), MODEL_STALE);
}
END_TEST

START_TEST(a_new_process_counts_anew)
{
	model_count_made(&count, 1, &steady);
	ck_assert_int_eq(model_counted(&count, 1, &steady, 5, 5), MODEL_FINE);
	model_uncounted(&count, 1, &dying, 4);
	ck_assert_int_eq(model_count_missed(&count, 1, &second), MODEL_FINE);
	ck_assert_int_eq(model_counted(&count, 1, &second, 1, 5), MODEL_FINE);
	ck_assert_int_eq(model_counted(&count, 1, &second, 1, 8), MODEL_STALE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("chaos model");
	TCase *values = tcase_create("values");
	TCase *counters = tcase_create("counters");

	tcase_add_checked_fixture(values, set_up, NULL);
	tcase_add_test(values, an_acknowledged_write_is_found);
	tcase_add_test(values, a_replaced_value_is_stale);
	tcase_add_test(values, a_deleted_value_is_stale);
	tcase_add_test(values, every_place_has_its_own_view);
	tcase_add_test(values, a_new_process_knows_nothing);
	tcase_add_test(values, no_answer_is_judged_while_a_process_is_replaced);
	tcase_add_test(values,
		       a_write_during_a_replacement_may_be_in_the_new_process);
	tcase_add_test(values, a_floating_write_may_happen_once);
	tcase_add_test(values, a_delete_may_float);
	tcase_add_test(values, a_floating_write_ends_with_its_process);
	tcase_add_test(values, a_key_has_room_for_a_limited_number_of_writes);
	suite_add_tcase(suite, values);
	tcase_add_checked_fixture(counters, set_up, NULL);
	tcase_add_test(counters, every_step_counts_once);
	tcase_add_test(counters, a_step_without_answer_counts_once_or_not);
	tcase_add_test(counters, a_new_process_counts_anew);
	suite_add_tcase(suite, counters);
	return suite_run(suite);
}
