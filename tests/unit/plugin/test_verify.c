/* SPDX-License-Identifier: BSD-3-Clause */
/* The ceilings of a plugin descriptor. tests/zoo/bad has descriptors with other mistakes. */
#include <check.h>
#include <string.h>

#include "base/memory.h"
#include "plugin/verify.h"
#include "runner/suite.h"
#include "tenon/plugin/hash.h"

#define ROW_BYTES sizeof(struct tenon_option)

static struct tenon_option rows[80];
static struct tenon_plugin descriptor;
static struct tenon__plugin out;
static struct tenon__refusal refusal;

static uint64_t hash(const void *self, const void *key, size_t key_len)
{
	(void)self;
	(void)key;
	return key_len;
}

static const struct tenon_hash_ops ops = {
	.size = sizeof(struct tenon_hash_ops),
	.hash = hash,
	.bits = 32,
};

static void set_up(void)
{
	memset(rows, 0, sizeof(rows));
	memset(&out, 0, sizeof(out));
	descriptor = (struct tenon_plugin){
		.magic = TENON_PLUGIN_MAGIC,
		.abi_major = TENON_PLUGIN_ABI_MAJOR,
		.size = sizeof(struct tenon_plugin),
		.kind = TENON_KIND_HASH,
		.option_size = ROW_BYTES,
		.name = "length",
		.version = "1",
		.summary = "the key's length",
		.ops = &ops,
		.options = rows,
	};
}

/* Options with the names "aa", "ab", "ac" ... */
static void make_rows(size_t count)
{
	static char names[80][3];

	memset(rows, 0, sizeof(rows));
	for (size_t i = 0; i < count; i++) {
		names[i][0] = (char)('a' + i / 26);
		names[i][1] = (char)('a' + i % 26);
		rows[i] = (struct tenon_option){
			.name = names[i],
			.type = TENON_OPTION_INT,
			.offset = (uint32_t)(i * sizeof(int64_t)),
			.min = 1,
			.max = 2,
			.def = 1,
			.help = "does nothing",
		};
	}
}

static int verify(void)
{
	int code = tenon__verify_descriptor(&out, &descriptor, 0, NULL,
					    &refusal);

	if (!code) {
		code = tenon__verify_slots(&out, &descriptor, &refusal);
		tenon__free(out.options);
		out.options = NULL;
	}
	return code;
}

static void assert_taken(void)
{
	refusal.text[0] = '\0';
	ck_assert_msg(verify() == 0, "%s", refusal.text);
}

static void assert_refused(const char *why)
{
	ck_assert_int_eq(verify(), TENON_EPLUGIN);
	ck_assert_msg(strstr(refusal.text, why) != NULL, "%s", refusal.text);
}

/* verify.c: OPTION_MAX_BYTES. The table has no option: its first row has no name and ends it. */
START_TEST(an_option_row_has_4096_bytes_at_most)
{
	descriptor.option_size = 4096;
	assert_taken();
	descriptor.option_size = 4096 + 8;
	assert_refused("option rows of 4104 bytes");
}
END_TEST

/* TENON_OPTION_MAX_COUNT */
START_TEST(a_plugin_has_64_options_at_most)
{
	descriptor.options_bytes = sizeof(rows) / ROW_BYTES * sizeof(int64_t);
	make_rows(64);
	assert_taken();
	make_rows(65);
	assert_refused("more than 64 options");
}
END_TEST

/* TENON_OPTIONS_MAX_BYTES */
START_TEST(an_option_struct_has_64_kib_at_most)
{
	descriptor.options_bytes = 65536;
	assert_taken();
	descriptor.options_bytes = 65537;
	assert_refused("option struct of 65537 bytes");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("verify");
	TCase *tcase = tcase_create("ceilings");

	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_test(tcase, an_option_row_has_4096_bytes_at_most);
	tcase_add_test(tcase, a_plugin_has_64_options_at_most);
	tcase_add_test(tcase, an_option_struct_has_64_kib_at_most);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
