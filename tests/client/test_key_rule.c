/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys that cannot be sent, by the config's key_rule, and the part of a key that is hashed. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "api/client.h"
#include "cluster/key_forms.h"
#include "fakes/memcached.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"
#include "tenon/ring.h"

#define SERVERS 3

static struct memcached servers[SERVERS];
static struct rig rig;

static void start(const char *settings)
{
	static char text[SERVERS][200];
	const char *lines[SERVERS];

	for (size_t i = 0; i < SERVERS; i++) {
		ck_assert(memcached_start(&servers[i], MEMCACHED_UNIX, NULL));
		snprintf(text[i], sizeof(text[i]), "%s server-%zu",
			 servers[i].address, i);
		lines[i] = text[i];
	}
	memset(&rig, 0, sizeof(rig));
	rig_open_at(&rig, lines, SERVERS, settings);
}

static void stop(void)
{
	rig_close(&rig);
	for (size_t i = 0; i < SERVERS; i++) {
		memcached_stop(&servers[i]);
	}
}

static size_t home_of(struct tenon_slice key)
{
	size_t home = SIZE_MAX;

	ck_assert_msg(tenon_client_where(rig.client, key, &home, &rig.err) == 0,
		      "%s", rig.err.message);
	return home;
}

static int store(struct tenon_slice key)
{
	const struct tenon_item item = { .key = key,
					 .value = tenon_slice_of("value") };
	const struct tenon_result *results;

	tenon_run(rig.client, TENON_SET, &item, 1, NULL, &results, &rig.err);
	return results[0].status;
}

static int get(struct tenon_slice key)
{
	struct tenon_result result;

	tenon_get(rig.client, key, &result, &rig.err);
	return result.status;
}

/*
 * Keys and what is sent for them. MD5 by md5sum: of 251 bytes 'a'; of "app/" and 251 bytes 'a'; of
 * "two words".
 */
static const struct {
	const char *settings;
	size_t fill; /* the key is so many bytes 'a'; 0: it is the text */
	const char *text;
	const char *tail; /* the end of the key that is sent */
	size_t sent_len;
} rows[] = {
	{ "key_rule: md5\n", 251, NULL, "21f5b107cda33036590a19419afd7fb6", 32 },
	{ "key_rule: md5\n", 250, NULL, "aaaa", 250 },
	{ "key_rule: md5\nprefix: app/\n", 251, NULL,
	  "1cba202652dd47309be0a077f4ccff3c", 32 },
	{ "key_rule: md5\n", 0, "two words",
	  "573eb82c528c319f0097158784ff0aed", 32 },
	{ "key_rule: dalli\n", 251, NULL,
	  ":md5:21f5b107cda33036590a19419afd7fb6", 249 },
	{ "key_rule: dalli\nprefix: app/\n", 251, NULL,
	  ":md5:1cba202652dd47309be0a077f4ccff3c", 250 },
};

START_TEST(a_key_that_cannot_be_sent_gets_another_form)
{
	char long_key[300];
	struct tenon_slice key = { rows[_i].text, 0 };
	size_t tail_len = strlen(rows[_i].tail);

	memset(long_key, 'a', sizeof(long_key));
	key.len = rows[_i].fill;
	key.data = long_key;
	if (key.len == 0) {
		key = tenon_slice_of(rows[_i].text);
	}
	start(rows[_i].settings);
	ck_assert_int_eq(store(key), TENON_STORED);
	ck_assert_int_eq(get(key), TENON_HIT);

	/* a client without the rule and prefix finds the value under the form that was sent */
	char sent[TENON_KEY_MAX_BYTES];
	struct tenon_slice form;
	ck_assert_int_eq(tenon__sent_key(rig.client->engine.assembly, &form,
					 key, sent),
			 0);
	ck_assert_uint_eq(form.len, rows[_i].sent_len);
	const char *end = (const char *)form.data + form.len - tail_len;
	ck_assert_msg(memcmp(end, rows[_i].tail, tail_len) == 0,
		      "sent: %.*s", (int)form.len, (const char *)form.data);
	stop();
}
END_TEST

/* Keys that stay refused. */
static const struct {
	const char *settings;
	size_t len;
	const char *text;
} refused[] = {
	{ "key_rule: refuse\n", 251, NULL },
	{ "", 251, NULL },
	{ "key_rule: md5\n", 0, "" },
	{ "key_rule: dalli\n", 0, "two words" },
	/* key_forms.h: TENON_LONG_KEY_MAX_BYTES */
	{ "key_rule: md5\n", TENON_LONG_KEY_MAX_BYTES + 1, NULL },
};

START_TEST(other_keys_stay_refused)
{
	static char long_key[TENON_LONG_KEY_MAX_BYTES + 1];
	struct tenon_slice key = { long_key, refused[_i].len };

	memset(long_key, 'a', sizeof(long_key));
	if (refused[_i].text) {
		key = tenon_slice_of(refused[_i].text);
	}
	start(refused[_i].settings);
	ck_assert_int_eq(store(key), TENON_EKEY);
	ck_assert_int_eq(get(key), TENON_EKEY);
	stop();
}
END_TEST

START_TEST(the_longest_key_is_taken)
{
	static char long_key[TENON_LONG_KEY_MAX_BYTES];
	const struct tenon_slice key = { long_key, sizeof(long_key) };

	memset(long_key, 'a', sizeof(long_key));
	start("key_rule: md5\n");
	ck_assert_int_eq(store(key), TENON_STORED);
	ck_assert_int_eq(get(key), TENON_HIT);
	stop();
}
END_TEST

START_TEST(keys_with_one_tag_share_a_server)
{
	char text[40];

	start("hash_tag: \"{}\"\n");
	for (unsigned i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "cart:{user7}:%u", i);
		ck_assert_uint_eq(home_of(tenon_slice_of(text)),
				  home_of(tenon_slice_of("user7")));
		ck_assert_int_eq(store(tenon_slice_of(text)), TENON_STORED);
		ck_assert_uint_eq(rig.client->operation.requests.results[0].server,
				  home_of(tenon_slice_of("user7")));
	}
	stop();
}
END_TEST

START_TEST(a_prefix_that_is_not_hashed_moves_no_key)
{
	size_t homes[100];
	size_t moved = 0;
	char text[40];

	start("");
	for (unsigned i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "key:%u", i);
		homes[i] = home_of(tenon_slice_of(text));
	}
	stop();
	start("prefix: app/\nhash_prefix: no\n");
	for (unsigned i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "key:%u", i);
		ck_assert_uint_eq(home_of(tenon_slice_of(text)), homes[i]);
		ck_assert_int_eq(store(tenon_slice_of(text)), TENON_STORED);
		ck_assert_uint_eq(rig.client->operation.requests.results[0].server,
				  homes[i]);
	}
	stop();
	start("prefix: app/\n");
	for (unsigned i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "key:%u", i);
		moved += home_of(tenon_slice_of(text)) != homes[i];
	}
	ck_assert_uint_gt(moved, 30);
	stop();
}
END_TEST

/* The middle one of these illegal keys has as many bytes as the key that is sent in its place. */
START_TEST(an_illegal_key_is_hashed_as_it_is_sent)
{
	static const char key[] = "key with spaces and 29 bytes.";
	struct tenon_item one = { .key = tenon_slice_of(key) };
	struct tenon_route route;

	start("prefix: app/\nhash_prefix: no\nkey_rule: md5\n");
	for (one.key.len = 27; one.key.len <= 29; one.key.len++) {
		ck_assert_int_eq(tenon_client_route(rig.client, &one, &route,
						    &rig.err),
				 0);
		ck_assert_uint_eq(route.key.len, 32);
		ck_assert_uint_eq(route.hashed.len, 32);
		ck_assert_mem_eq(route.hashed.data, route.key.data, 32);
	}
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("key rule");
	TCase *tcase = tcase_create("keys");

	scratch_begin();
	memcached_require();
	tcase_set_timeout(tcase, 60);
	LOOP(tcase, a_key_that_cannot_be_sent_gets_another_form, COUNT(rows));
	LOOP(tcase, other_keys_stay_refused, COUNT(refused));
	tcase_add_test(tcase, the_longest_key_is_taken);
	tcase_add_test(tcase, keys_with_one_tag_share_a_server);
	tcase_add_test(tcase, a_prefix_that_is_not_hashed_moves_no_key);
	tcase_add_test(tcase, an_illegal_key_is_hashed_as_it_is_sent);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
