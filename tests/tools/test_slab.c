/* SPDX-License-Identifier: BSD-3-Clause */
/* The slab class of an item, for `tenon explain --online`: replies of servers can be anything. */
#include <check.h>

#include "../tools/tenon/slab.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

#define FOUND "ME key exp=-98 la=2 cas=1 fetch=no cls=7 size=67"

static struct slab found;

START_TEST(an_item_has_class_and_size)
{
	ck_assert(slab_parse(FOUND, &found));
	ck_assert_uint_eq(found.item_bytes, 67);
	ck_assert_uint_eq(found.class, 7);
	ck_assert(slab_parse("ME key exp=-1 cls=1", &found));
	ck_assert_uint_eq(found.item_bytes, 0);
	ck_assert_uint_eq(found.class, 1);
}
END_TEST

static const char *const wrong[] = {
	"",
	"EN",
	"HD",
	"ME",
	"ME ",
	"ME key cls=1 size=x",
	"ME key cls=1 size=99999999999999999999",
	"ME key size=1 cls=-1",
};

static void check_unknown(void)
{
	ck_assert_uint_eq(found.item_bytes, 0);
	ck_assert_uint_eq(found.class, 0);
}

START_TEST(other_replies_tell_nothing)
{
	ck_assert(!slab_parse(wrong[_i], &found));
	check_unknown();
}
END_TEST

static const struct {
	const char *reply;
	bool told;
} replies[] = {
	{ FOUND "\r\nMN\r\n", true },
	{ "EN\r\nMN\r\n", false },
	{ "MN\r\n", false },
	{ "ERROR\r\nERROR\r\n", false },
	{ "CLIENT_ERROR no\r\n", false },
	{ "VA 2\r\nhi\r\nMN\r\n", false },
};

START_TEST(a_server_is_asked)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT,
				  FAKE_EXPECT("me p:key\r\nmn\r\n"),
				  fake_send_text(replies[_i].reply), FAKE_HOLD));
	rig_open(&rig, "prefix: 'p:'\n");
	ck_assert_int_eq(slab_read(rig.client, 0, slice("key"), &found),
			 replies[_i].told);
	if (replies[_i].told) {
		ck_assert_uint_eq(found.class, 7);
	} else {
		check_unknown();
	}
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("slab");
	TCase *tcase = tcase_create("slab");

	scratch_begin();
	tcase_add_test(tcase, an_item_has_class_and_size);
	LOOP(tcase, other_replies_tell_nothing, COUNT(wrong));
	LOOP(tcase, a_server_is_asked, COUNT(replies));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
