/* SPDX-License-Identifier: BSD-3-Clause */
/* The key `ring`, and the keys beside it. */
#include "config/preset.h"

#include <stdio.h>
#include <string.h>

#include "cluster/assembly.h"
#include "conformance/subject.h"
#include "fakes/rig.h"
#include "runner/suite.h"
#include "tenon/introspect.h"

static struct tenon_config *config;
static struct tenon_error err;
static char log_lines[1000];

static void keep_line(void *payload, int level, const char *line)
{
	size_t used = strlen(log_lines);

	(void)payload;
	snprintf(log_lines + used, sizeof(log_lines) - used, "%d %s\n", level,
		 line);
}

static void setup(void)
{
	log_lines[0] = '\0';
	ck_assert_int_eq(tenon_config_create(&config, &err), 0);
	tenon_config_set_log(config, keep_line, NULL);
}

static void teardown(void)
{
	tenon_config_destroy(config);
}

static int load(const char *text)
{
	int code = tenon_config_load_text(config, "site.yaml", text,
					  strlen(text), &err);

	return code ? code : tenon_config_check(config, &err);
}

static const char *chosen(enum tenon__role role)
{
	return config->choices[role].name;
}

/* Return the text of an option of a choice; "" when the choice has no such option. */
static const char *option_of(enum tenon__role role, const char *name)
{
	const struct tenon__node *options = config->choices[role].options;
	const struct tenon__node *at = options ? options->first : NULL;

	while (at && strcmp(at->key, name) != 0) {
		at = at->next;
	}
	return at ? at->text : "";
}

#define SERVERS "servers: [127.0.0.1:1 a, 127.0.0.1:2 b]\n"

START_TEST(every_ring_makes_a_client)
{
	char text[200];

	snprintf(text, sizeof(text), SERVERS "codecs: none\nring: %s\n",
		 tenon__presets[_i].name);
	ck_assert_msg(load(text) == 0, "%s: %s", tenon__presets[_i].name,
		      err.message);
	ck_assert_str_eq(log_lines, "");
}
END_TEST

START_TEST(the_default_ring_is_that_of_the_default_plugins)
{
	char hash[40];
	char distribution[40];

	ck_assert_int_eq(load(SERVERS), 0);
	snprintf(hash, sizeof(hash), "%s", chosen(TENON__ROLE_HASH));
	snprintf(distribution, sizeof(distribution), "%s",
		 chosen(TENON__ROLE_DISTRIBUTION));
	ck_assert_int_eq(load("ring: libmc\n"), 0);
	ck_assert_str_eq(chosen(TENON__ROLE_HASH), hash);
	ck_assert_str_eq(chosen(TENON__ROLE_DISTRIBUTION), distribution);
	ck_assert_ptr_null(config->choices[TENON__ROLE_DISTRIBUTION].options);
	ck_assert_str_eq(tenon__presets[0].name, "libmc");
}
END_TEST

/* The key beside `ring` has precedence before and behind it. */
static const char *const besides[] = {
	SERVERS "ring: gomemcache\nhash_function: fnv1_32\n",
	SERVERS "hash_function: fnv1_32\nring: gomemcache\n",
	SERVERS "ring: libmc\nhash_function: fnv1_32\n",
};

START_TEST(a_key_beside_the_ring_has_precedence)
{
	ck_assert_msg(load(besides[_i]) == 0, "%s", err.message);
	ck_assert_str_eq(chosen(TENON__ROLE_HASH), "fnv1_32");
	ck_assert_str_eq(chosen(TENON__ROLE_DISTRIBUTION),
			 _i < 2 ? "modula" : "ketama");
	ck_assert(tenon__preset_is_own(config, "hash_function"));
	ck_assert(!tenon__preset_is_own(config, "distribution"));
	ck_assert(!tenon__preset_is_own(config, "servers"));
}
END_TEST

START_TEST(null_gives_a_key_back_to_the_ring)
{
	ck_assert_int_eq(load(SERVERS "ring: gomemcache\nhash_function: md5\n"),
			 0);
	ck_assert_int_eq(load("hash_function: null\n"), 0);
	ck_assert_str_eq(chosen(TENON__ROLE_HASH), "crc32");
	ck_assert_int_eq(load("ring: null\n"), 0);
	ck_assert_str_eq(chosen(TENON__ROLE_HASH), "md5");
	ck_assert_str_eq(chosen(TENON__ROLE_DISTRIBUTION), "ketama");
}
END_TEST

START_TEST(a_later_ring_leaves_nothing_of_an_earlier_one)
{
	ck_assert_int_eq(load(SERVERS "ring: mcrouter-crc32\n"), 0);
	ck_assert_int_eq(config->settings.hash_part, TENON__PART_MCROUTER);
	ck_assert_int_eq(load("ring: libmemcached-modula\n"), 0);
	ck_assert_int_eq(config->settings.hash_part, TENON__PART_KEY);
	ck_assert_int_eq(config->settings.hash_prefix, 0);
	ck_assert_int_eq(load("ring: libmc\n"), 0);
	ck_assert_int_eq(config->settings.hash_prefix, 1);
	ck_assert_str_eq(tenon__preset_name(config), "libmc");
}
END_TEST

START_TEST(a_ring_has_options_for_hash_functions)
{
	ck_assert_int_eq(load(SERVERS "hash_function: fnv1_32\n"), 0);
	ck_assert_str_eq(option_of(TENON__ROLE_HASH, "char"), "");
	ck_assert_int_eq(load("ring: libmemcached-modula\n"), 0);
	ck_assert_str_eq(option_of(TENON__ROLE_HASH, "char"), "signed");
	ck_assert_int_eq(load("hash_function: {fnv1_32: {char: unsigned}}\n"),
			 0);
	ck_assert_str_eq(option_of(TENON__ROLE_HASH, "char"), "unsigned");
	ck_assert_int_eq(load("hash_function: fnv1a_32\n"), 0);
	ck_assert_str_eq(option_of(TENON__ROLE_HASH, "char"), "signed");
	ck_assert_int_eq(load("ring: libmc\n"), 0);
	ck_assert_str_eq(option_of(TENON__ROLE_HASH, "char"), "");
}
END_TEST

START_TEST(a_hash_tag_makes_the_rule)
{
	ck_assert_int_eq(load(SERVERS "hash_tag: \"{}\"\n"), 0);
	ck_assert_uint_eq(tenon__preset_part(config).part, TENON__PART_TAG);
	ck_assert_int_eq(load("ring: memcached-proxy-jump\n"), 0);
	ck_assert_uint_eq(tenon__preset_part(config).part,
			  TENON__PART_PROXY_TAG);
	ck_assert_int_eq(load("hash_part: tag\n"), 0);
	ck_assert_uint_eq(tenon__preset_part(config).part, TENON__PART_TAG);
	ck_assert_str_eq(tenon__preset_part(config).text, "{}");
}
END_TEST

static const struct {
	const char *text;
	const char *message;
} wrong[] = {
	{ SERVERS "ring: twemproxy-modulo\n",
	  "site.yaml:2:7: key 'ring': found 'twemproxy-modulo', expected the name of a ring; did you mean 'twemproxy-modula'?" },
	{ SERVERS "ring: [libmc]\n",
	  "site.yaml:2:7: key 'ring': found a list, expected the name of a ring; `tenon plugins rings` lists them" },
	{ SERVERS "ring: mcrouter-ch3\nhash_function: md5\n",
	  "site.yaml:3:16: key 'hash_function': the distribution hashes keys itself" },
	{ SERVERS "hash_tag: \"{\"\n",
	  "site.yaml:2:11: key 'hash_tag': expected exactly two characters" },
	{ SERVERS "hash_tag: \"{}}\"\n",
	  "site.yaml:2:11: key 'hash_tag': expected exactly two characters" },
	{ SERVERS "ring: mcrouter-crc32\nhash_tag: \"{}\"\n",
	  "site.yaml:3:11: key 'hash_tag': mcrouter's rule" },
	{ SERVERS "hash_part: proxy-stop\n",
	  "site.yaml:2:12: key 'hash_part': needs the key hash_tag" },
	{ SERVERS "ring: gomemcache\nhash_function: crc33\n",
	  "site.yaml:3:16: key 'hash_function': hash plugin 'crc33' not found; did you mean 'crc32'?" },
	/* wire/part.h: TENON_HASH_TAG_MAX_BYTES */
	{ SERVERS "hash_part: proxy-stop\nhash_tag: 123456789012345678901234567890123\n",
	  "site.yaml:3:11: key 'hash_tag': found '123456789012345678901234567890123', expected a string of 0..32 bytes" },
	{ SERVERS "ring: twemproxy\n",
	  "site.yaml:2:7: key 'ring': found 'twemproxy', expected the name of a ring; did you mean twemproxy-ketama, twemproxy-modula?" },
};

START_TEST(keys_that_contradict_each_other_are_refused)
{
	ck_assert_int_eq(load(wrong[_i].text), _i == 7 ? TENON_EPLUGIN
						       : TENON_ECONFIG);
	ck_assert_msg(strncmp(err.message, wrong[_i].message,
			      strlen(wrong[_i].message)) == 0,
		      "found: %s", err.message);
}
END_TEST

START_TEST(an_error_of_a_rings_plugin_is_at_the_ring)
{
	ck_assert_int_eq(load(SERVERS "ring: dalli\n"), 0);
	ck_assert_str_eq(config->choices[TENON__ROLE_DISTRIBUTION].place.where,
			 "site.yaml");
	ck_assert_uint_eq(config->choices[TENON__ROLE_DISTRIBUTION].place.line,
			  2);
}
END_TEST

START_TEST(rings_are_told)
{
	struct tenon_ring ring;
	size_t count = 0;

	while (tenon_ring_row(count, &ring) == 0) {
		ck_assert_str_eq(ring.name, tenon__presets[count].name);
		ck_assert_str_ne(ring.whose, "");
		ck_assert_ptr_nonnull(strstr(ring.keys, "distribution: "));
		count++;
	}
	ck_assert_int_eq(tenon_ring_row(count + 1, &ring), TENON_EINVAL);
	ck_assert_uint_gt(count, 10);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("preset");
	TCase *tcase = tcase_create("preset");
	size_t count = 0;

	while (tenon__presets[count].name) {
		count++;
	}
	tcase_add_checked_fixture(tcase, setup, teardown);
	for (int i = 0; i < (int)count; i++) {
		if (strstr(tenon__presets[i].text, "xxh3")) {
			subject_add_test_with(tcase, "hash_xxh3",
					      every_ring_makes_a_client, i,
					      i + 1);
		} else {
			tcase_add_loop_test(tcase, every_ring_makes_a_client, i,
					    i + 1);
		}
	}
	tcase_add_test(tcase, the_default_ring_is_that_of_the_default_plugins);
	LOOP(tcase, a_key_beside_the_ring_has_precedence, COUNT(besides));
	tcase_add_test(tcase, null_gives_a_key_back_to_the_ring);
	tcase_add_test(tcase, a_later_ring_leaves_nothing_of_an_earlier_one);
	tcase_add_test(tcase, a_ring_has_options_for_hash_functions);
	subject_add_test_with(tcase, "hash_xxh3", a_hash_tag_makes_the_rule,
			      0, 1);
	LOOP(tcase, keys_that_contradict_each_other_are_refused, COUNT(wrong));
	tcase_add_test(tcase, an_error_of_a_rings_plugin_is_at_the_ring);
	tcase_add_test(tcase, rings_are_told);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
