/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Assertions about plugins, and texts of values for them. A failure prints the plugin, what was
 * expected and what was found. ck_assert_subject_...() is about the variable `plugin`; the others
 * are about the subject that the test asked for last.
 */
#ifndef TENON_TESTS_SEEN_H
#define TENON_TESTS_SEEN_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

#include "tenon/types.h"

/* ---- texts of values ------------------------------------------------------- */

/*
 * Each of these functions returns a text that lives until the eighth call after it. They are for
 * the thread of the test only.
 */

const char *seen_format(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* A status by name and number: "value too big (-4)". */
const char *seen_status(int status);

/* The code of a slot: 0 and 1 as they are, another one as a status. */
const char *seen_code(int code);

/* More statuses, up to a 0, with a comma in front of each. */
const char *seen_statuses(const int *statuses);

/* The length and the first bytes in hex: "3 bytes: 61 62 63". */
const char *seen_bytes(struct tenon_slice bytes);

/* Where two strings of bytes differ, with some bytes of both from there on. */
const char *seen_difference(struct tenon_slice found,
			    struct tenon_slice expected);

/* A text in quotes, with other bytes than printable ASCII as \xNN; NULL is NULL. */
const char *seen_text(const char *text);

/* A pointer, to data or to a function. */
#define seen_pointer(pointer) ((pointer) ? "not NULL" : "NULL")

/* Return a text for free(), from any thread. */
char *seen_copy(const char *format, ...) __attribute__((format(printf, 1, 2)));

bool slices_equal(struct tenon_slice a, struct tenon_slice b);

/* Return kind and name of the subject that the test asked for last: "codec plugin 'zlib'". */
const char *subject_now(void);

/* ---- assertions -------------------------------------------------------------- */

/* What the assertions about `plugin` print of it. */
#define SEEN_PLUGIN seen_format("%s plugin '%s'", plugin->kind_name, plugin->name)

/*
 * Assert a condition about `plugin`. A format and its arguments have to follow: they say what
 * was found.
 */
#define ck_assert_subject(condition, ...)                                      \
	ck_assert_msg(condition, "%s: expected %s, found %s", SEEN_PLUGIN,     \
		      #condition, seen_format(__VA_ARGS__))

/*
 * What the assertions below have in common. found and expected stand with their text in front, because
 * a macro that is passed on loses its name.
 */

/* (found op expected), for numbers of one type. format: that of a number. */
#define SEEN_NUMBERS(who, type, format, text, found, op, name, expected)       \
	do {                                                                   \
		const type found_ = (type)(found);                             \
		const type expected_ = (type)(expected);                       \
									       \
		ck_assert_msg(found_ op expected_,                             \
			      "%s: %s is " format ", expected %s " format      \
			      ", which is %s",                                 \
			      who, text, found_, #op, expected_, name);        \
	} while (0)

/* Two codes are the same; seen is the function that prints one. */
#define SEEN_CODES(who, seen, text, found, expected)                           \
	do {                                                                   \
		const int found_ = (found);                                    \
		const int expected_ = (expected);                              \
									       \
		ck_assert_msg(found_ == expected_, "%s: %s is %s, expected %s", \
			      who, text, seen(found_), seen(expected_));       \
	} while (0)

/* Two slices have the same bytes. */
#define SEEN_BYTES(who, text, found, name, expected)                           \
	do {                                                                   \
		const struct tenon_slice found_ = (found);                     \
		const struct tenon_slice expected_ = (expected);               \
									       \
		ck_assert_msg(slices_equal(found_, expected_),                 \
			      "%s: %s is not %s: %s", who, text, name,         \
			      seen_difference(found_, expected_));             \
	} while (0)

/* Assert (found op expected) about `plugin`, for integers. */
#define ck_assert_subject_int(found, op, expected)                             \
	SEEN_NUMBERS(SEEN_PLUGIN, long long, "%lld", #found, found, op,        \
		     #expected, expected)

/* As ck_assert_subject_int(), for hashes and sums. */
#define ck_assert_subject_hex(found, op, expected)                             \
	SEEN_NUMBERS(SEEN_PLUGIN, unsigned long long, "%#llx", #found, found,  \
		     op, #expected, expected)

/* Assert that a slot of `plugin` has returned this code. */
#define ck_assert_subject_code(found, expected)                                \
	SEEN_CODES(SEEN_PLUGIN, seen_code, #found, found, expected)

/* Assert that `plugin` has made these bytes. */
#define ck_assert_subject_bytes(found, expected)                               \
	SEEN_BYTES(SEEN_PLUGIN, #found, found, #expected, expected)

/* The same about the subject that the test asked for last. */
#define ck_assert_number(found, op, expected)                                  \
	SEEN_NUMBERS(subject_now(), long long, "%lld", #found, found, op,      \
		     #expected, expected)

/* Assert that an operation has ended with this status. */
#define ck_assert_status(found, expected)                                      \
	SEEN_CODES(subject_now(), seen_status, #found, found, expected)

/* Assert that an operation has given these bytes. */
#define ck_assert_bytes(found, expected)                                       \
	SEEN_BYTES(subject_now(), #found, found, #expected, expected)

#endif
