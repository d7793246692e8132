/* SPDX-License-Identifier: BSD-3-Clause */
#include <check.h>
#include <string.h>

#include "wire/key.h"
#include "runner/suite.h"

/* Loop: a key with byte _i, at every place of keys of 1 to 17 bytes. */
START_TEST(spaces_and_control_bytes_are_refused_and_all_others_accepted)
{
	char key[17];

	for (size_t len = 1; len <= sizeof(key); len++) {
		for (size_t at = 0; at < len; at++) {
			memset(key, 'k', sizeof(key));
			key[at] = (char)_i;
			ck_assert_msg(tenon__key_valid(key, len) ==
					      (_i > 0x20 && _i != 0x7f),
				      "byte 0x%02x at %zu of %zu", (unsigned)_i,
				      at, len);
		}
	}
}
END_TEST

/* TENON_KEY_MAX_BYTES */
START_TEST(length_is_1_to_250)
{
	char key[252];

	memset(key, 'k', sizeof(key));
	ck_assert(!tenon__key_valid(key, 0));
	ck_assert(tenon__key_valid(key, 1));
	ck_assert(tenon__key_valid(key, 250));
	ck_assert(!tenon__key_valid(key, 251));
}
END_TEST

static const struct tenon__prefix libmc = { "app/", 4, TENON__PREFIX_LIBMC };
static const struct tenon__prefix front = { "app/", 4, TENON__PREFIX_FRONT };

START_TEST(prefix_goes_in_front)
{
	char out[8];

	tenon__key_prefix(out, &libmc, "k:p", 3);
	ck_assert_mem_eq(out, "app/k:p", 7);
}
END_TEST

START_TEST(prefix_goes_after_a_question_mark_in_libmc_only)
{
	char out[8];

	tenon__key_prefix(out, &libmc, "?k:p", 4);
	ck_assert_mem_eq(out, "?app/k:p", 8);
	tenon__key_prefix(out, &front, "?k:p", 4);
	ck_assert_mem_eq(out, "app/?k:p", 8);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("key");
	TCase *tcase = tcase_create("key");

	tcase_add_loop_test(tcase,
		spaces_and_control_bytes_are_refused_and_all_others_accepted,
		0, 256);
	tcase_add_test(tcase, length_is_1_to_250);
	tcase_add_test(tcase, prefix_goes_in_front);
	tcase_add_test(tcase, prefix_goes_after_a_question_mark_in_libmc_only);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
