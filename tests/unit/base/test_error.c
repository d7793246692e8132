/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/error.h"

#include <string.h>

#include "runner/suite.h"

static const int statuses[] = {
	TENON_OK,	 TENON_HIT,	  TENON_MISS,	   TENON_STORED,
	TENON_NOT_STORED, TENON_EXISTS,	  TENON_DELETED,   TENON_TOUCHED,
	TENON_SENT,	 TENON_NOT_MODIFIED, TENON_ENOMEM,	  TENON_EINVAL,	   TENON_EKEY,
	TENON_ETOOBIG,	 TENON_ETIMEDOUT, TENON_ECONNECT,  TENON_ECLOSED,
	TENON_EDOWN,	 TENON_EPROTOCOL, TENON_ESERVER,   TENON_ECLIENT,
	TENON_EUNKNOWN,	 TENON_EDISABLED, TENON_ECONFIG,   TENON_EPLUGIN,
	TENON_EIO,	 TENON_EBUSY,	  TENON_EUNDECODABLE, TENON_EENCODED,
	TENON_EREFUSED,  TENON_EWAIT,	  TENON_ELOCAL,
	TENON_ESECURE,	 TENON_EAUTH,
};

#define STATUS_COUNT ((int)(sizeof(statuses) / sizeof(statuses[0])))

START_TEST(every_status_has_a_name_of_its_own)
{
	const char *name = tenon_status_name(statuses[_i]);

	ck_assert_str_ne(name, "unknown status");
	for (int i = 0; i < STATUS_COUNT; i++) {
		if (i != _i) {
			ck_assert_str_ne(name, tenon_status_name(statuses[i]));
		}
	}
}
END_TEST

START_TEST(a_number_that_is_no_status_is_called_unknown)
{
	ck_assert_str_eq(tenon_status_name(TENON_NOT_MODIFIED + 1), "unknown status");
	ck_assert_str_eq(tenon_status_name(TENON_EAUTH - 1), "unknown status");
}
END_TEST

START_TEST(no_function_needs_an_error_object)
{
	tenon__error_clear(NULL);
	ck_assert_int_eq(tenon__error_set(NULL, TENON_EKEY, "x"), TENON_EKEY);
	ck_assert_int_eq(tenon__error_at(NULL, TENON_EKEY, "f", 1, 2, "x"),
			 TENON_EKEY);
}
END_TEST

START_TEST(clear_forgets_everything)
{
	struct tenon_error err;

	memset(&err, 0x55, sizeof(err));
	tenon__error_clear(&err);
	ck_assert_int_eq(err.code, 0);
	ck_assert_int_eq(err.sys_errno, 0);
	ck_assert_uint_eq(err.line, 0);
	ck_assert_uint_eq(err.column, 0);
	ck_assert_str_eq(err.where, "");
	ck_assert_str_eq(err.message, "");
}
END_TEST

START_TEST(error_set_keeps_the_other_fields)
{
	struct tenon_error err = { .sys_errno = 5, .line = 3, .where = "w" };

	ck_assert_int_eq(tenon__error_set(&err, TENON_EIO, "%s %d", "a", 1),
			 TENON_EIO);
	ck_assert_int_eq(err.code, TENON_EIO);
	ck_assert_str_eq(err.message, "a 1");
	ck_assert_int_eq(err.sys_errno, 5);
	ck_assert_uint_eq(err.line, 3);
	ck_assert_str_eq(err.where, "w");
}
END_TEST

START_TEST(a_place_is_put_in_front)
{
	struct tenon_error err;

	tenon__error_clear(&err);
	tenon__error_at(&err, TENON_ECONFIG, "site.yaml", 3, 10, "found %d", 7);
	ck_assert_str_eq(err.message, "site.yaml:3:10: found 7");
	ck_assert_str_eq(err.where, "site.yaml");
	ck_assert_uint_eq(err.line, 3);
	ck_assert_uint_eq(err.column, 10);
}
END_TEST

START_TEST(no_place_is_not_put_in_front)
{
	struct tenon_error err;

	tenon__error_clear(&err);
	tenon__error_at(&err, TENON_ECONFIG, "site.yaml", 0, 0, "found 7");
	ck_assert_str_eq(err.message, "found 7");
	ck_assert_str_eq(err.where, "site.yaml");
}
END_TEST

START_TEST(a_message_that_is_too_long_ends_in_dots)
{
	struct tenon_error err;
	char text[1000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	tenon__error_clear(&err);
	tenon__error_at(&err, TENON_ECONFIG, text, 1, 1, "%s", text);
	ck_assert_uint_eq(strlen(err.message), sizeof(err.message) - 1);
	ck_assert_str_eq(err.message + sizeof(err.message) - 5, "x...");
	ck_assert_uint_eq(strlen(err.where), sizeof(err.where) - 1);
	ck_assert_str_eq(err.where + sizeof(err.where) - 5, "x...");
}
END_TEST

START_TEST(a_message_that_just_fits_stays_whole)
{
	struct tenon_error err;
	char text[TENON_ERROR_MESSAGE_BYTES];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	tenon__error_clear(&err);
	tenon__error_set(&err, TENON_ECONFIG, "%s", text);
	ck_assert_str_eq(err.message, text);
}
END_TEST

START_TEST(a_cut_does_not_split_utf_8)
{
	struct tenon_error err;
	char text[1000] = "";

	for (size_t i = 0; i + 3 < sizeof(text); i += 3) {
		memcpy(text + i, "\xe2\x82\xac", 4);
	}
	for (int shift = 0; shift < 3; shift++) {
		size_t len;

		tenon__error_clear(&err);
		tenon__error_set(&err, TENON_ECONFIG, "%.*s%s", shift, "abc",
				 text);
		len = strlen(err.message);
		ck_assert_str_eq(err.message + len - 3, "...");
		ck_assert_uint_eq((len - 3 - (size_t)shift) % 3, 0);
	}
}
END_TEST

START_TEST(control_bytes_never_reach_the_message)
{
	struct tenon_error err;

	tenon__error_clear(&err);
	tenon__error_at(&err, TENON_ECONFIG, "a\nb", 1, 1, "%s",
			"x\r\n\033[2Jy\x7f");
	ck_assert_str_eq(err.message, "a?b:1:1: x???[2Jy?");
	ck_assert_str_eq(err.where, "a?b");
}
END_TEST

/* C1 controls as UTF-8 and as bytes, overlong forms, and Unicode's marks; letters stay. */
START_TEST(control_characters_never_reach_the_message)
{
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{ "\xc2\x9b" "2J", "??2J" },
		{ "\xc2\x80\xc2\x9f\xc2\xa0", "????\xc2\xa0" },
		{ "\x80\x9b\x9f", "???" },
		{ "\xe0\x80\x9b", "\xe0??" },
		{ "\xc0\x9b", "\xc0?" },
		{ "\xe2\x80\xa8\xe2\x80\xae\xe2\x81\xa6", "?????????" },
		{ "\xc3\x80\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
		  "\xc3\x80\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "\xe2\x80", "\xe2?" },
		{ "\xf0\x9f\x98", "\xf0??" },
		{ "\xff\xfe\xf5\x9b", "\xff\xfe\xf5?" },
	};
	struct tenon_error err;

	tenon__error_clear(&err);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tenon__error_set(&err, TENON_ESERVER, "%s", rows[i].text);
		ck_assert_str_eq(err.message, rows[i].expected);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("error");
	TCase *names = tcase_create("names");
	TCase *texts = tcase_create("texts");

	tcase_add_loop_test(names, every_status_has_a_name_of_its_own, 0,
			    STATUS_COUNT);
	tcase_add_test(names, a_number_that_is_no_status_is_called_unknown);
	suite_add_tcase(suite, names);
	tcase_add_test(texts, no_function_needs_an_error_object);
	tcase_add_test(texts, clear_forgets_everything);
	tcase_add_test(texts, error_set_keeps_the_other_fields);
	tcase_add_test(texts, a_place_is_put_in_front);
	tcase_add_test(texts, no_place_is_not_put_in_front);
	tcase_add_test(texts, a_message_that_is_too_long_ends_in_dots);
	tcase_add_test(texts, a_message_that_just_fits_stays_whole);
	tcase_add_test(texts, a_cut_does_not_split_utf_8);
	tcase_add_test(texts, control_bytes_never_reach_the_message);
	tcase_add_test(texts, control_characters_never_reach_the_message);
	suite_add_tcase(suite, texts);
	return suite_run(suite);
}
