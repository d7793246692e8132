/* SPDX-License-Identifier: BSD-3-Clause */
/* The part of a key that is hashed, by the rules of twemproxy, memcached's proxy and mcrouter. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/rig.h"
#include "runner/suite.h"
#include "wire/part.h"

static const struct {
	uint32_t part;
	const char *text;
	const char *key;
	const char *hashed;
} rows[] = {
	{ TENON__PART_KEY, "{}", "a{b}c", "a{b}c" },
	{ TENON__PART_TAG, "{}", "a{b}c", "b" },
	{ TENON__PART_TAG, "{}", "{b}", "b" },
	{ TENON__PART_TAG, "{}", "a{b}{c}", "b" },
	{ TENON__PART_TAG, "{}", "a}b{c}", "c" },
	{ TENON__PART_TAG, "{}", "a{{b}}", "{b" },
	/* twemproxy hashes the whole key when nothing lies between the characters */
	{ TENON__PART_TAG, "{}", "a{}b{c}", "a{}b{c}" },
	{ TENON__PART_TAG, "{}", "a{b", "a{b" },
	{ TENON__PART_TAG, "{}", "a}b", "a}b" },
	{ TENON__PART_TAG, "{}", "{", "{" },
	{ TENON__PART_TAG, "$$", "a$b$c", "b" },
	{ TENON__PART_TAG, "", "a{b}c", "a{b}c" },
	/* memcached's proxy hashes nothing then: all these keys have one server */
	{ TENON__PART_PROXY_TAG, "{}", "{}b", "" },
	{ TENON__PART_PROXY_TAG, "{}", "a{b}c", "b" },
	{ TENON__PART_PROXY_TAG, "{}", "a{b", "a{b" },
	{ TENON__PART_PROXY_STOP, "|#|", "a|#|b|#|c", "a" },
	{ TENON__PART_PROXY_STOP, "|#|", "|#|b", "" },
	{ TENON__PART_PROXY_STOP, "|#|", "a|#b", "a|#b" },
	{ TENON__PART_PROXY_STOP, "", "a", "a" },
	{ TENON__PART_MCROUTER, "", "key", "key" },
	{ TENON__PART_MCROUTER, "", "key|#|x", "key" },
	{ TENON__PART_MCROUTER, "", "/region/cluster/key|#|x|#|y", "key" },
	{ TENON__PART_MCROUTER, "", "/region/cluster/", "" },
	{ TENON__PART_MCROUTER, "", "/region/key", "/region/key" },
	{ TENON__PART_MCROUTER, "", "/", "/" },
	{ TENON__PART_MCROUTER, "", "//", "//" },
	{ TENON__PART_MCROUTER, "", "///k", "k" },
	{ TENON__PART_MCROUTER, "", "a/b/c/d", "a/b/c/d" },
};

START_TEST(the_hashed_part_is_that_of_the_peer)
{
	const struct tenon__part_rule rule = { rows[_i].part, rows[_i].text };
	/* memory of exactly the key's length, so that valgrind sees a byte too many */
	size_t len = strlen(rows[_i].key);
	char *key = malloc(len);

	ck_assert_ptr_nonnull(key);
	memcpy(key, rows[_i].key, len);
	struct tenon_slice part =
		tenon__part_of(&rule, (struct tenon_slice){ key, len });
	ck_assert_uint_eq(part.len, strlen(rows[_i].hashed));
	ck_assert_mem_eq(part.data, rows[_i].hashed, part.len);
	free(key);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("part");
	TCase *tcase = tcase_create("part");

	LOOP(tcase, the_hashed_part_is_that_of_the_peer, COUNT(rows));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
