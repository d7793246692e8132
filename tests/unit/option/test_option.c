/* SPDX-License-Identifier: BSD-3-Clause */
#include "option/option.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "option/quantity.h"
#include "option/row_text.h"
#include "option/suggest.h"
#include "option/texts.h"
#include "runner/suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

struct values {
	int32_t flag;
	int32_t word;
	int64_t number;
	int64_t size;
	int64_t time_ms;
	int64_t bare_ms;
	int64_t bare_s;
	const char *text;
	const struct tenon_hash *hash;
	const struct tenon_list *list;
	const struct tenon_map *map;
	int64_t share;
};

static const char *const words[] = { "red", "green", NULL };

static const struct tenon_option rows[] = {
	{ .name = "flag",
	  .type = TENON_OPTION_BOOL,
	  .offset = offsetof(struct values, flag),
	  .def = 1,
	  .help = "h" },
	{ .name = "word",
	  .type = TENON_OPTION_CHOICE,
	  .offset = offsetof(struct values, word),
	  .def_text = "green",
	  .choices = words,
	  .help = "h" },
	{ .name = "number",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct values, number),
	  .min = -10,
	  .max = 10,
	  .def = 3,
	  .help = "h" },
	{ .name = "size",
	  .type = TENON_OPTION_SIZE,
	  .offset = offsetof(struct values, size),
	  .min = 1,
	  .max = INT64_MAX,
	  .def = 1024,
	  .help = "h" },
	{ .name = "time",
	  .type = TENON_OPTION_DURATION,
	  .unit = TENON_UNIT_MS,
	  .offset = offsetof(struct values, time_ms),
	  .min = 0,
	  .max = 7200000,
	  .def = 1500,
	  .help = "h" },
	{ .name = "bare",
	  .type = TENON_OPTION_DURATION,
	  .unit = TENON_UNIT_MS,
	  .flags = TENON_OPTION_BARE,
	  .offset = offsetof(struct values, bare_ms),
	  .min = 1,
	  .max = 60000,
	  .def = 10,
	  .help = "h" },
	{ .name = "seconds",
	  .type = TENON_OPTION_DURATION,
	  .unit = TENON_UNIT_MS,
	  .flags = TENON__OPTION_BARE_SECONDS,
	  .offset = offsetof(struct values, bare_s),
	  .min = 0,
	  .max = 60000,
	  .def = 5000,
	  .help = "h" },
	{ .name = "text",
	  .type = TENON_OPTION_STRING,
	  .offset = offsetof(struct values, text),
	  .min = 0,
	  .max = 5,
	  .def_text = "abc",
	  .help = "h" },
	{ .name = "hash",
	  .type = TENON_OPTION_HASH,
	  .offset = offsetof(struct values, hash),
	  .def_text = "usual",
	  .help = "h" },
	{ .name = "list",
	  .type = TENON_OPTION_LIST,
	  .offset = offsetof(struct values, list),
	  .max = 3,
	  .help = "h" },
	{ .name = "map",
	  .type = TENON_OPTION_MAP,
	  .offset = offsetof(struct values, map),
	  .min = 1,
	  .max = 2,
	  .help = "h" },
	{ .name = "share",
	  .type = TENON_OPTION_FRACTION,
	  .offset = offsetof(struct values, share),
	  .max = 1500000,
	  .def = 250000,
	  .help = "h" },
	{ .name = NULL },
};

static const struct tenon_hash usual_hash = { NULL, NULL };
static const struct tenon_hash other_hash = { NULL, NULL };
static const struct tenon__place nowhere = { "", 0, 0 };

static int find_hash(void *payload, const struct tenon_hash **out,
		     const char *asker, const char *name,
		     const struct tenon__place *place, struct tenon_error *err)
{
	ck_assert_ptr_eq(payload, (const void *)rows);
	if (strcmp(name, "usual") == 0 || strcmp(name, "other") == 0) {
		*out = name[0] == 'u' ? &usual_hash : &other_hash;
		return 0;
	}
	return tenon__error_place(err, TENON_EPLUGIN, place, "%s: no %s", asker,
				  name);
}

static const struct tenon__option_owner owner = {
	.subject = "plugin 'x'",
	.hash = find_hash,
	.payload = (void *)(uintptr_t)rows,
};

/* Parse text as a map of options into *out. */
static int fill(struct values *out, const char *text, struct tenon_error *err)
{
	struct tenon__node *root;
	int code;

	memset(out, 0, sizeof(*out));
	tenon__error_clear(err);
	code = tenon__node_parse(&root, "f", text, strlen(text), err);
	ck_assert_msg(!code || code == TENON_ENOMEM, "%s", err->message);
	if (!code) {
		code = tenon__option_fill(rows, out, root, &owner, &nowhere,
					  err);
	}
	tenon__node_free(root);
	return code;
}

START_TEST(defaults_are_written)
{
	struct values values;
	struct tenon_error err;

	ck_assert_int_eq(fill(&values, "", &err), 0);
	ck_assert_int_eq(values.flag, 1);
	ck_assert_int_eq(values.word, 1);
	ck_assert_int_eq(values.number, 3);
	ck_assert_int_eq(values.size, 1024);
	ck_assert_int_eq(values.time_ms, 1500);
	ck_assert_int_eq(values.bare_ms, 10);
	ck_assert_int_eq(values.bare_s, 5000);
	ck_assert_str_eq(values.text, "abc");
	ck_assert_ptr_eq(values.hash, &usual_hash);
	ck_assert_uint_eq(values.list->count, 0);
	ck_assert_uint_eq(values.map->count, 0);
	ck_assert_int_eq(values.share, 250000);
	tenon__option_fini(rows, &values);
	ck_assert_ptr_null(values.text);
	ck_assert_ptr_null(values.list);
	ck_assert_ptr_null(values.map);
}
END_TEST

START_TEST(a_null_value_is_the_default)
{
	struct values values;
	struct tenon_error err;

	ck_assert_int_eq(fill(&values,
			      "{flag: , number: ~, text: null, hash: NULL, word: }",
			      &err),
			 0);
	ck_assert_int_eq(values.flag, 1);
	ck_assert_int_eq(values.number, 3);
	ck_assert_str_eq(values.text, "abc");
	ck_assert_ptr_eq(values.hash, &usual_hash);
	ck_assert_int_eq(values.word, 1);
	tenon__option_fini(rows, &values);
}
END_TEST

static const struct {
	const char *text;
	size_t offset;
	int64_t value;
} numbers[] = {
	{ "number: -10", offsetof(struct values, number), -10 },
	{ "NUMBER: 10", offsetof(struct values, number), 10 },
	{ "size: 7B", offsetof(struct values, size), 7 },
	{ "size: 2kB", offsetof(struct values, size), 2000 },
	{ "size: 3MB", offsetof(struct values, size), 3000000 },
	{ "size: 4GB", offsetof(struct values, size), 4000000000 },
	{ "size: 64KiB", offsetof(struct values, size), 65536 },
	{ "size: 64 MiB", offsetof(struct values, size), 67108864 },
	{ "size: '2GiB'", offsetof(struct values, size), 2147483648 },
	{ "time: 0s", offsetof(struct values, time_ms), 0 },
	{ "time: 3000us", offsetof(struct values, time_ms), 3 },
	{ "time: 250ms", offsetof(struct values, time_ms), 250 },
	{ "time: \"2 s\"", offsetof(struct values, time_ms), 2000 },
	{ "time: 3min", offsetof(struct values, time_ms), 180000 },
	{ "time: 2h", offsetof(struct values, time_ms), 7200000 },
	{ "bare: 7", offsetof(struct values, bare_ms), 7 },
	{ "bare: 7s", offsetof(struct values, bare_ms), 7000 },
	{ "seconds: 7", offsetof(struct values, bare_s), 7000 },
	{ "seconds: 7ms", offsetof(struct values, bare_s), 7 },
	{ "seconds: 0", offsetof(struct values, bare_s), 0 },
	{ "share: 0", offsetof(struct values, share), 0 },
	{ "share: 1", offsetof(struct values, share), 1000000 },
	{ "share: 1.5", offsetof(struct values, share), 1500000 },
	{ "share: 0.000001", offsetof(struct values, share), 1 },
	{ "share: '0.25'", offsetof(struct values, share), 250000 },
	{ "share: 12.5%", offsetof(struct values, share), 125000 },
	{ "share: 100%", offsetof(struct values, share), 1000000 },
};

START_TEST(a_number_is_read_in_its_unit)
{
	struct values values;
	struct tenon_error err;
	int64_t value;

	ck_assert_msg(fill(&values, numbers[_i].text, &err) == 0, "%s: %s",
		      numbers[_i].text, err.message);
	memcpy(&value, (char *)&values + numbers[_i].offset, sizeof(value));
	ck_assert_int_eq(value, numbers[_i].value);
	tenon__option_fini(rows, &values);
}
END_TEST

START_TEST(words_are_read_in_any_case)
{
	static const char *const truths[] = { "true", "YES", "On" };
	static const char *const lies[] = { "false", "No", "OFF" };
	struct values values;
	struct tenon_error err;
	char text[60];

	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "{flag: %s, word: RED}", truths[i]);
		ck_assert_int_eq(fill(&values, text, &err), 0);
		ck_assert_int_eq(values.flag, 1);
		ck_assert_int_eq(values.word, 0);
		tenon__option_fini(rows, &values);
		snprintf(text, sizeof(text), "{flag: %s, word: 'green'}",
			 lies[i]);
		ck_assert_int_eq(fill(&values, text, &err), 0);
		ck_assert_int_eq(values.flag, 0);
		ck_assert_int_eq(values.word, 1);
		tenon__option_fini(rows, &values);
	}
}
END_TEST

START_TEST(strings_are_taken_as_they_are)
{
	struct values values;
	struct tenon_error err;

	ck_assert_int_eq(fill(&values, "{text: 'null', hash: other}", &err), 0);
	ck_assert_str_eq(values.text, "null");
	ck_assert_ptr_eq(values.hash, &other_hash);
	tenon__option_fini(rows, &values);
	ck_assert_int_eq(fill(&values, "{text: ''}", &err), 0);
	ck_assert_str_eq(values.text, "");
	tenon__option_fini(rows, &values);
	ck_assert_int_eq(fill(&values, "text: 12345", &err), 0);
	ck_assert_str_eq(values.text, "12345");
	tenon__option_fini(rows, &values);
}
END_TEST

START_TEST(a_list_has_texts_in_their_order)
{
	struct values values;
	struct tenon_error err;

	ck_assert_int_eq(fill(&values, "{list: [b, '', 12], number: 1}", &err),
			 0);
	ck_assert_uint_eq(values.list->count, 3);
	ck_assert_str_eq(values.list->texts[0], "b");
	ck_assert_str_eq(values.list->texts[1], "");
	ck_assert_str_eq(values.list->texts[2], "12");
	tenon__option_fini(rows, &values);
	ck_assert_int_eq(fill(&values, "{list: alone, number: 1}", &err), 0);
	ck_assert_uint_eq(values.list->count, 1);
	ck_assert_str_eq(values.list->texts[0], "alone");
	tenon__option_fini(rows, &values);
}
END_TEST

START_TEST(a_map_has_a_value_for_each_name)
{
	struct values values;
	struct tenon_error err;

	ck_assert_int_eq(fill(&values, "map: {zone: a, rack: 7}", &err), 0);
	ck_assert_uint_eq(values.map->count, 2);
	ck_assert_str_eq(values.map->entries[0].name, "zone");
	ck_assert_str_eq(tenon_map_get(values.map, "zone"), "a");
	ck_assert_str_eq(tenon_map_get(values.map, "rack"), "7");
	ck_assert_ptr_null(tenon_map_get(values.map, "row"));
	ck_assert_ptr_null(tenon_map_get(NULL, "zone"));
	struct tenon_map *copy = tenon__map_copy(values.map);
	tenon__option_fini(rows, &values);
	ck_assert_str_eq(tenon_map_get(copy, "rack"), "7");
	tenon__free(copy);
}
END_TEST

#define SHARE "expected a fraction in 0..1.5, such as 0.25 or 25%"
#define DURATION ": a whole number with a unit (us, ms, s, min, h)"

static const struct {
	const char *text;
	const char *message;
} errors[] = {
	{ "time: 30",
	  "f:1:7: plugin 'x': option 'time': found '30', expected a duration in 0ms..2h" DURATION },
	{ "time: '30'",
	  "f:1:7: plugin 'x': option 'time': found quoted '30', expected a duration in 0ms..2h" DURATION },
	{ "time: 3h",
	  "f:1:7: plugin 'x': option 'time': found '3h', expected a duration in 0ms..2h" DURATION },
	{ "time: 0.5s",
	  "f:1:7: plugin 'x': option 'time': found '0.5s', expected a duration in 0ms..2h" DURATION },
	{ "time: 1500us",
	  "f:1:7: plugin 'x': option 'time': found '1500us', expected a whole number of ms" },
	{ "time: 5 parsecs",
	  "f:1:7: plugin 'x': option 'time': found '5 parsecs', expected a duration in 0ms..2h" DURATION },
	{ "time: -1s",
	  "f:1:7: plugin 'x': option 'time': found '-1s', expected a duration in 0ms..2h" DURATION },
	{ "time: 9999999999999999999999h",
	  "f:1:7: plugin 'x': option 'time': found '9999999999999999999999h', expected a duration in 0ms..2h" DURATION },
	/* 2^64 + 5 ms, and 2^57 h, which is a multiple of 2^64 ms. */
	{ "time: 18446744073709551621ms",
	  "f:1:7: plugin 'x': option 'time': found '18446744073709551621ms', expected a duration in 0ms..2h" DURATION },
	{ "time: 144115188075855872h",
	  "f:1:7: plugin 'x': option 'time': found '144115188075855872h', expected a duration in 0ms..2h" DURATION },
	{ "time: 1e3ms",
	  "f:1:7: plugin 'x': option 'time': found '1e3ms', expected a duration in 0ms..2h" DURATION },
	{ "bare: '7'",
	  "f:1:7: plugin 'x': option 'bare': found quoted '7', expected a duration in 1ms..1min" DURATION ", or a bare whole number in ms" },
	{ "bare: 0",
	  "f:1:7: plugin 'x': option 'bare': found '0', expected a duration in 1ms..1min" DURATION ", or a bare whole number in ms" },
	{ "seconds: 61",
	  "f:1:10: plugin 'x': option 'seconds': found '61', expected a duration in 0ms..1min" DURATION ", or a bare whole number in s" },
	{ "size: 64",
	  "f:1:7: plugin 'x': option 'size': found '64', expected a size in 1B..9223372036854775807B: a whole number with a unit (B, kB, MB, GB, KiB, MiB, GiB)" },
	{ "size: 64K",
	  "f:1:7: plugin 'x': option 'size': found '64K', expected a size in 1B..9223372036854775807B: a whole number with a unit (B, kB, MB, GB, KiB, MiB, GiB)" },
	{ "number: 11",
	  "f:1:9: plugin 'x': option 'number': found '11', expected a whole number in -10..10" },
	{ "number: -11",
	  "f:1:9: plugin 'x': option 'number': found '-11', expected a whole number in -10..10" },
	{ "number: 1.5",
	  "f:1:9: plugin 'x': option 'number': found '1.5', expected a whole number in -10..10" },
	{ "number: '1'",
	  "f:1:9: plugin 'x': option 'number': found quoted '1', expected a whole number in -10..10" },
	{ "number: -x",
	  "f:1:9: plugin 'x': option 'number': found '-x', expected a whole number in -10..10" },
	{ "number: [1]",
	  "f:1:9: plugin 'x': option 'number': found a list, expected a whole number in -10..10" },
	{ "number: {}",
	  "f:1:9: plugin 'x': option 'number': found a map, expected a whole number in -10..10" },
	{ "flag: maybe",
	  "f:1:7: plugin 'x': option 'flag': found 'maybe', expected true or false" },
	{ "flag: 'true'",
	  "f:1:7: plugin 'x': option 'flag': found quoted 'true', expected true or false" },
	{ "flag: 1",
	  "f:1:7: plugin 'x': option 'flag': found '1', expected true or false" },
	{ "word: blue",
	  "f:1:7: plugin 'x': option 'word': found 'blue', expected one of red, green" },
	{ "text: abcdef",
	  "f:1:7: plugin 'x': option 'text': found 'abcdef', expected a string of 0..5 bytes" },
	{ "text: [a]",
	  "f:1:7: plugin 'x': option 'text': found a list, expected a string of 0..5 bytes" },
	{ "text: {a: }",
	  "f:1:7: plugin 'x': option 'text': found a map, expected a string of 0..5 bytes; put a text that has a ':' in quotes" },
	{ "list: [a, b, c, d]",
	  "f:1:7: plugin 'x': option 'list': found a list, expected a list of 0..3 entries, each a text" },
	{ "list: [a, [b]]",
	  "f:1:7: plugin 'x': option 'list': found a list, expected a list of 0..3 entries, each a text" },
	{ "list: {a: b}",
	  "f:1:7: plugin 'x': option 'list': found a map, expected a list of 0..3 entries, each a text" },
	{ "map: {}",
	  "f:1:6: plugin 'x': option 'map': found a map, expected a map of 1..2 entries, each a text" },
	{ "map: {a: 1, b: 2, c: 3}",
	  "f:1:6: plugin 'x': option 'map': found a map, expected a map of 1..2 entries, each a text" },
	{ "map: {a: {b: c}}",
	  "f:1:6: plugin 'x': option 'map': found a map, expected a map of 1..2 entries, each a text" },
	{ "map: a",
	  "f:1:6: plugin 'x': option 'map': found 'a', expected a map of 1..2 entries, each a text" },
	{ "map: [a]",
	  "f:1:6: plugin 'x': option 'map': found a list, expected a map of 1..2 entries, each a text" },
	{ "share: 1.500001",
	  "f:1:8: plugin 'x': option 'share': found '1.500001', " SHARE },
	{ "share: 0.0000001",
	  "f:1:8: plugin 'x': option 'share': found '0.0000001', " SHARE },
	{ "share: -0.1",
	  "f:1:8: plugin 'x': option 'share': found '-0.1', " SHARE },
	{ "share: .5", "f:1:8: plugin 'x': option 'share': found '.5', " SHARE },
	{ "share: 9e9", "f:1:8: plugin 'x': option 'share': found '9e9', " SHARE },
	{ "share: 9223372036854775807.999999",
	  "f:1:8: plugin 'x': option 'share': found '9223372036854775807.999999', " SHARE },
	{ "hash: nope", "f:1:7: plugin 'x': option 'hash': no nope" },
	{ "{flag: on, nubmer: 1}",
	  "f:1:12: plugin 'x': unknown option 'nubmer', expected flag, word, number, size, time, bare, seconds, text, hash, list, map, share; did you mean 'number'?" },
	{ "{flag: on, FLAG: off}",
	  "f:1:12: plugin 'x': option 'flag' is set twice, first in line 1, expected once" },
};

START_TEST(a_wrong_value_is_refused_with_place_found_and_expected)
{
	struct values values;
	struct tenon_error err;
	int code = fill(&values, errors[_i].text, &err);

	ck_assert_int_ne(code, 0);
	ck_assert_int_eq(err.code, code);
	ck_assert_str_eq(err.message, errors[_i].message);
	tenon__option_fini(rows, &values);
}
END_TEST

START_TEST(a_plugin_without_options_refuses_options)
{
	struct tenon__node *root;
	struct tenon_error err = { .code = 0 };

	ck_assert_int_eq(tenon__node_parse(&root, "f", "a: 1", 4, &err), 0);
	ck_assert_int_eq(tenon__option_fill(NULL, NULL, root, &owner, &nowhere,
					    &err),
			 TENON_ECONFIG);
	ck_assert_str_eq(
		err.message,
		"f:1:1: plugin 'x': unknown option 'a', expected no option");
	tenon__node_free(root);
}
END_TEST

START_TEST(any_allocation_may_fail)
{
	struct values values;
	struct tenon_error err;
	int code = TENON_ENOMEM;
	size_t n;

	for (n = 1; code; n++) {
		ck_assert_uint_lt(n, 100);
		tenon__memory_fail_from(n);
		code = fill(&values,
			    "{text: a, number: 1, list: [a, b], map: {a: b}}",
			    &err);
		tenon__memory_fail_from(0);
		tenon__option_fini(rows, &values);
		if (code) {
			ck_assert_int_eq(code, TENON_ENOMEM);
			ck_assert_int_eq(err.code, TENON_ENOMEM);
		}
	}
	ck_assert_uint_gt(n, 5);
}
END_TEST

static const struct {
	const char *name;
	const char *type;
	const char *def;
	const char *range;
	const char *choices;
	const char *bare;
} printed[] = {
	{ "flag", "bool", "true", "", "", "" },
	{ "word", "choice", "green", "", "red, green", "" },
	{ "number", "int", "3", "-10..10", "", "" },
	{ "size", "size", "1KiB", "1B..9223372036854775807B", "", "" },
	{ "time", "duration", "1500ms", "0ms..2h", "", "" },
	{ "bare", "duration", "10ms", "1ms..1min", "", "ms" },
	{ "seconds", "duration", "5s", "0ms..1min", "", "s" },
	{ "text", "string", "abc", "0..5 bytes", "", "" },
	{ "hash", "hash", "usual", "", "", "" },
	{ "list", "list", "[]", "0..3 entries", "", "" },
	{ "map", "map", "{}", "1..2 entries", "", "" },
	{ "share", "fraction", "0.25", "0..1.5", "", "" },
};

START_TEST(a_row_is_printed_for_people)
{
	const struct tenon_option *row =
		tenon__option_find(rows, printed[_i].name);
	char text[TENON__OPTION_TEXT_BYTES];

	ck_assert_str_eq(tenon__option_type_name(row), printed[_i].type);
	tenon__option_print_default(text, row);
	ck_assert_str_eq(text, printed[_i].def);
	tenon__option_print_range(text, row);
	ck_assert_str_eq(text, printed[_i].range);
	tenon__option_print_choices(text, row);
	ck_assert_str_eq(text, printed[_i].choices);
	ck_assert_str_eq(tenon__quantity_bare_unit(row), printed[_i].bare);
}
END_TEST

/* ---- rows of plugins ---------------------------------------------------- */

static const char *const no_words[] = { NULL };

#define ROW(...) { .name = "a", .help = "h", __VA_ARGS__ }
#define INT_ROW(...) ROW(.type = TENON_OPTION_INT, .max = 9, __VA_ARGS__)

static const struct {
	struct tenon_option row;
	const char *problem; /* NULL: no problem */
} row_cases[] = {
	{ INT_ROW(.def = 9), NULL },
	{ INT_ROW(.offset = 24), NULL },
	{ { .name = "A", .type = TENON_OPTION_INT, .help = "h" },
	  "option 'A' has a wrong name, expected lower_snake of 1..47 bytes" },
	{ ROW(.type = 0), "option 'a' has an unknown type, expected one of enum tenon_option_type" },
	{ ROW(.type = 12), "option 'a' has an unknown type, expected one of enum tenon_option_type" },
	{ INT_ROW(.flags = 2), "option 'a' has TENON_OPTION_PATH, which only a STRING may have" },
	{ INT_ROW(.flags = 4), "option 'a' has unknown flags, expected 0, TENON_OPTION_BARE or TENON_OPTION_PATH" },
	{ INT_ROW(.flags = TENON__OPTION_BARE_SECONDS),
	  "option 'a' has unknown flags, expected 0, TENON_OPTION_BARE or TENON_OPTION_PATH" },
	{ INT_ROW(.flags = TENON_OPTION_BARE),
	  "option 'a' has TENON_OPTION_BARE, which only a SIZE or DURATION may have" },
	{ ROW(.type = TENON_OPTION_DURATION), "option 'a' has no unit, expected TENON_UNIT_US, TENON_UNIT_MS or TENON_UNIT_S" },
	{ ROW(.type = TENON_OPTION_DURATION, .unit = 4),
	  "option 'a' has no unit, expected TENON_UNIT_US, TENON_UNIT_MS or TENON_UNIT_S" },
	{ ROW(.type = TENON_OPTION_DURATION, .unit = 3, .min = -1, .max = 1),
	  "option 'a' has a negative min, expected 0 or more" },
	{ { .name = "a", .type = TENON_OPTION_INT },
	  "option 'a' has no help, expected one line" },
	{ INT_ROW(.offset = 25), "option 'a' has a field outside the option struct, expected offset + size <= options_bytes" },
	{ INT_ROW(.offset = 4294967288u),
	  "option 'a' has a field outside the option struct, expected offset + size <= options_bytes" },
	{ INT_ROW(.offset = 4), "option 'a' has a field that is not aligned, expected an offset from offsetof()" },
	{ INT_ROW(.def = 10), "option 'a' has a default outside its range, expected min <= def <= max" },
	{ INT_ROW(.def = -1), "option 'a' has a default outside its range, expected min <= def <= max" },
	{ ROW(.type = TENON_OPTION_STRING, .def_text = "", .max = 1), NULL },
	{ ROW(.type = TENON_OPTION_STRING),
	  "option 'a' has no default text with a length in min..max" },
	{ ROW(.type = TENON_OPTION_STRING, .def_text = "xx", .max = 1),
	  "option 'a' has no default text with a length in min..max" },
	{ ROW(.type = TENON_OPTION_STRING, .def_text = "", .min = -1),
	  "option 'a' has a wrong range of lengths, expected 0 <= min <= max" },
	{ ROW(.type = TENON_OPTION_CHOICE, .def_text = "red",
	      .choices = words),
	  NULL },
	{ ROW(.type = TENON_OPTION_CHOICE, .def_text = "red"),
	  "option 'a' has no choices, expected one word or more" },
	{ ROW(.type = TENON_OPTION_CHOICE, .def_text = "red",
	      .choices = no_words),
	  "option 'a' has no choices, expected one word or more" },
	{ ROW(.type = TENON_OPTION_CHOICE, .def_text = "blue",
	      .choices = words),
	  "option 'a' has a default that is not one of its choices" },
	{ ROW(.type = TENON_OPTION_CHOICE, .choices = words),
	  "option 'a' has a default that is not one of its choices" },
	{ ROW(.type = TENON_OPTION_HASH, .def_text = "x"), NULL },
	{ ROW(.type = TENON_OPTION_PLUGIN, .def = TENON_KIND_CODEC,
	      .def_text = "x"),
	  NULL },
	{ ROW(.type = TENON_OPTION_PLUGIN, .def_text = "x"),
	  "option 'a' has no kind in def, expected one of enum tenon_plugin_kind" },
	{ ROW(.type = TENON_OPTION_PLUGIN, .def = TENON_KIND_SECURE + 1,
	      .def_text = "x"),
	  "option 'a' has no kind in def, expected one of enum tenon_plugin_kind" },
	{ ROW(.type = TENON_OPTION_PLUGIN, .def = TENON_KIND_CODEC),
	  "option 'a' has no valid default, expected the name of a plugin" },
	{ ROW(.type = TENON_OPTION_LIST, .max = 1), NULL },
	{ ROW(.type = TENON_OPTION_LIST),
	  "option 'a' has a wrong number of entries, expected 0 <= min <= max, and max of 1 or more" },
	{ ROW(.type = TENON_OPTION_MAP, .min = 3, .max = 2),
	  "option 'a' has a wrong number of entries, expected 0 <= min <= max, and max of 1 or more" },
	{ ROW(.type = TENON_OPTION_FRACTION, .min = -1, .max = 1),
	  "option 'a' has a negative min, expected 0 or more" },
	{ ROW(.type = TENON_OPTION_HASH),
	  "option 'a' has no valid default, expected the name of a hash plugin" },
};

START_TEST(the_rows_of_a_plugin_are_checked)
{
	const struct tenon_option pair[] = { row_cases[_i].row,
					     { .name = NULL } };
	char problem[TENON__PROBLEM_BYTES] = "";
	bool valid = tenon__option_rows_valid(pair, 32, true, problem);

	ck_assert_int_eq(valid, !row_cases[_i].problem);
	ck_assert_str_eq(problem,
			 row_cases[_i].problem ? row_cases[_i].problem : "");
}
END_TEST

START_TEST(rows_do_not_share_names_or_fields)
{
	struct tenon_option pair[] = { INT_ROW(.offset = 0),
				       INT_ROW(.offset = 8),
				       { .name = NULL } };
	char problem[TENON__PROBLEM_BYTES];

	ck_assert(!tenon__option_rows_valid(pair, 32, true, problem));
	ck_assert_str_eq(problem, "option 'a' has two rows, expected one");
	pair[1].name = "b";
	ck_assert(tenon__option_rows_valid(pair, 32, true, problem));
	pair[1].type = TENON_OPTION_BOOL;
	pair[1].offset = 4;
	ck_assert(!tenon__option_rows_valid(pair, 32, true, problem));
	ck_assert_str_eq(problem,
			 "option 'b' has a field that overlaps another option's");
}
END_TEST

START_TEST(a_hash_may_not_name_a_hash)
{
	const struct tenon_option row[] = { ROW(.type = TENON_OPTION_HASH,
						.def_text = "x"),
					    { .name = NULL } };
	char problem[TENON__PROBLEM_BYTES];

	ck_assert(!tenon__option_rows_valid(row, 32, false, problem));
	ck_assert_str_eq(problem,
			 "option 'a' has the type HASH, which a hash plugin may not use");
}
END_TEST

START_TEST(names_are_lower_snake)
{
	char longest[TENON_PLUGIN_NAME_BYTES + 1];

	ck_assert(tenon__name_is_valid("a"));
	ck_assert(tenon__name_is_valid("fnv1a_32"));
	ck_assert(!tenon__name_is_valid(NULL));
	ck_assert(!tenon__name_is_valid(""));
	ck_assert(!tenon__name_is_valid("1a"));
	ck_assert(!tenon__name_is_valid("_a"));
	ck_assert(!tenon__name_is_valid("aB"));
	ck_assert(!tenon__name_is_valid("a/b"));
	ck_assert(!tenon__name_is_valid(".."));
	memset(longest, 'a', sizeof(longest));
	longest[TENON_PLUGIN_NAME_BYTES] = '\0';
	ck_assert(!tenon__name_is_valid(longest));
	longest[TENON_PLUGIN_NAME_BYTES - 1] = '\0';
	ck_assert(tenon__name_is_valid(longest));
}
END_TEST

/* ---- suggestions -------------------------------------------------------- */

static const struct {
	const char *word;
	const char *nearest; /* "": no suggestion */
} near_cases[] = {
	{ "md6", "md5" },	    { "MD5", "md5" },
	{ "5md", "" },		    { "mdd5", "md5" },
	{ "x", "" },		    { "poll_timout", "poll_timeout" },
	{ "pol_timeuot", "poll_timeout" }, { "timeout", "" },
	{ "conect_timeout", "connect_timeout" }, { "", "" },
};

START_TEST(the_nearest_name_is_suggested)
{
	struct tenon__suggestion near;

	tenon__suggest_begin(&near, near_cases[_i].word);
	tenon__suggest_offer(&near, "connect_timeout");
	tenon__suggest_offer(&near, "poll_timeout");
	tenon__suggest_offer(&near, "md5");
	ck_assert_str_eq(near.best, near_cases[_i].nearest);
}
END_TEST

START_TEST(the_first_of_equally_near_names_is_suggested)
{
	struct tenon__suggestion near;

	tenon__suggest_begin(&near, "crc3");
	tenon__suggest_offer(&near, "crc1");
	tenon__suggest_offer(&near, "crc2");
	ck_assert_str_eq(near.best, "crc1");
}
END_TEST

START_TEST(the_longer_of_equally_near_names_is_suggested)
{
	struct tenon__suggestion near;

	tenon__suggest_begin(&near, "fnv1a64");
	tenon__suggest_offer(&near, "fnv1_64");
	tenon__suggest_offer(&near, "fnv1a_64");
	ck_assert_str_eq(near.best, "fnv1a_64");
	tenon__suggest_offer(&near, "fnv1_64");
	ck_assert_str_eq(near.best, "fnv1a_64");
}
END_TEST

START_TEST(words_of_any_length_are_compared)
{
	struct tenon__suggestion near;
	char word[200];
	char text[TENON__SUGGESTION_BYTES];

	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	tenon__suggest_begin(&near, word);
	tenon__suggest_offer(&near, word);
	tenon__suggest_offer(&near, "aaa");
	tenon__suggest_print(text, &near);
	ck_assert_str_eq(text, "");
	word[TENON_PLUGIN_NAME_BYTES - 1] = '\0';
	tenon__suggest_begin(&near, word);
	tenon__suggest_offer(&near, word);
	tenon__suggest_print(text, &near);
	ck_assert_uint_eq(strlen(text), strlen("; did you mean ''?") +
						TENON_PLUGIN_NAME_BYTES - 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("option");
	TCase *values = tcase_create("values");
	TCase *checks = tcase_create("rows");
	TCase *suggestions = tcase_create("suggestions");

	tcase_add_test(values, defaults_are_written);
	tcase_add_test(values, a_null_value_is_the_default);
	tcase_add_loop_test(values, a_number_is_read_in_its_unit, 0,
			    COUNT(numbers));
	tcase_add_test(values, words_are_read_in_any_case);
	tcase_add_test(values, strings_are_taken_as_they_are);
	tcase_add_test(values, a_list_has_texts_in_their_order);
	tcase_add_test(values, a_map_has_a_value_for_each_name);
	tcase_add_loop_test(
		values, a_wrong_value_is_refused_with_place_found_and_expected,
		0, COUNT(errors));
	tcase_add_test(values, a_plugin_without_options_refuses_options);
	tcase_add_test(values, any_allocation_may_fail);
	tcase_add_loop_test(values, a_row_is_printed_for_people, 0,
			    COUNT(printed));
	suite_add_tcase(suite, values);
	tcase_add_loop_test(checks, the_rows_of_a_plugin_are_checked, 0,
			    COUNT(row_cases));
	tcase_add_test(checks, rows_do_not_share_names_or_fields);
	tcase_add_test(checks, a_hash_may_not_name_a_hash);
	tcase_add_test(checks, names_are_lower_snake);
	suite_add_tcase(suite, checks);
	tcase_add_loop_test(suggestions, the_nearest_name_is_suggested, 0,
			    COUNT(near_cases));
	tcase_add_test(suggestions,
		       the_first_of_equally_near_names_is_suggested);
	tcase_add_test(suggestions,
		       the_longer_of_equally_near_names_is_suggested);
	tcase_add_test(suggestions, words_of_any_length_are_compared);
	suite_add_tcase(suite, suggestions);
	return suite_run(suite);
}
