/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/conf.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster/assembly.h"
#include "runner/builddir.h"
#include "base/memory.h"
#include "runner/suite.h"
#include "tenon/introspect.h"

/* The files in a folder of configs. Each file is one test. */
struct files {
	char folder[400];
	struct dirent **entries;
	int count;
};

static struct files good;
static struct files broken;
static struct tenon_config *config;
static struct tenon_error err;
static char log_lines[1000];

static void keep_line(void *payload, int level, const char *line)
{
	size_t used = strlen(log_lines);

	ck_assert_ptr_eq(payload, log_lines);
	snprintf(log_lines + used, sizeof(log_lines) - used, "%d %s\n", level,
		 line);
}

static void setup(void)
{
	log_lines[0] = '\0';
	ck_assert_int_eq(tenon_config_create(&config, &err), 0);
	tenon_config_set_log(config, keep_line, log_lines);
}

static void teardown(void)
{
	tenon_config_destroy(config);
}

/* Return true for a file that names zlib or split in a build without these codecs. */
static bool is_left_out(const char *name)
{
	return !suite_has_codecs() &&
	       (strncmp(name, "libmc.", 6) == 0 ||
		strcmp(name, "codecs.json") == 0 ||
		strcmp(name, "failover-write.yaml") == 0 ||
		strncmp(name, "codec-unknown", 13) == 0);
}

static int is_file(const struct dirent *entry)
{
	if (is_left_out(entry->d_name)) {
		printf("# left out: configs/%s\n", entry->d_name);
		fflush(stdout);
		return 0;
	}
	return entry->d_name[0] != '.';
}

static void find_files(struct files *files, const char *folder)
{
	const char *top = getenv("abs_top_srcdir");

	snprintf(files->folder, sizeof(files->folder), "%s/tests/configs/%s",
		 top ? top : ".", folder);
	files->count =
		scandir(files->folder, &files->entries, is_file, alphasort);
	if (files->count <= 0) {
		abort();
	}
}

static int load(const char *text)
{
	return tenon_config_load_text(config, "site.yaml", text, strlen(text),
				      &err);
}

/* Write the names of the codecs in effect, each followed by a space. */
static void codec_names(char out[200])
{
	const struct tenon__choice *codecs[TENON__CODEC_MAX_COUNT];
	size_t count = tenon__config_codecs(config, codecs);
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_lt(used, 200);
		used += (size_t)snprintf(out + used, 200 - used, "%s ",
					 codecs[i]->name);
	}
}

static void expect_codecs(const char *expected)
{
	char names[200];

	codec_names(names);
	ck_assert_str_eq(names, expected);
}

/* Return true when the text matches the pattern, in which '*' stands for any text. */
static bool matches(const char *pattern, const char *text)
{
	while (*pattern != '\0' && *pattern != '*' && *pattern == *text) {
		pattern++;
		text++;
	}
	if (*pattern == '*') {
		for (; *text != '\0'; text++) {
			if (matches(pattern + 1, text)) {
				return true;
			}
		}
		return pattern[1] == '\0';
	}
	return *pattern == *text;
}

/* ---- files -------------------------------------------------------------- */

START_TEST(a_good_file_is_taken)
{
	ck_assert_int_eq(chdir(good.folder), 0);
	ck_assert_msg(tenon_config_load_file(config,
					     good.entries[_i]->d_name,
					     &err) == 0,
		      "%s", err.message);
	ck_assert_msg(tenon_config_check(config, &err) == 0, "%s", err.message);
	ck_assert_int_eq(err.code, 0);
}
END_TEST

/*
 * The first line of a broken file is "# " and the expected error, without the name of
 * the file.
 */
START_TEST(a_broken_file_is_refused_with_place_found_and_expected)
{
	const char *name = broken.entries[_i]->d_name;
	unsigned line = 0;
	unsigned column = 0;
	char first[600];
	char pattern[700];
	FILE *file;
	int code;

	ck_assert_int_eq(chdir(broken.folder), 0);
	file = fopen(name, "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(first, sizeof(first), file));
	fclose(file);
	first[strcspn(first, "\n")] = '\0';
	ck_assert_int_eq(first[0], '#');
	sscanf(first + 2, "%u:%u:", &line, &column);
	snprintf(pattern, sizeof(pattern), line > 0 ? "%s:%s" : "%s: %s", name,
		 first + 2);

	code = tenon_config_load_file(config, name, &err);
	if (!code) {
		code = tenon_config_check(config, &err);
	}
	ck_assert(code == TENON_ECONFIG || code == TENON_EPLUGIN);
	ck_assert_int_eq(err.code, code);
	ck_assert_msg(matches(pattern, err.message), "%s", err.message);
	ck_assert_uint_eq(err.line, line);
	ck_assert_uint_eq(err.column, column);
	ck_assert_str_eq(err.where, name);
	ck_assert_str_eq(log_lines, "");
}
END_TEST

START_TEST(a_file_that_cannot_be_read_says_why)
{
	ck_assert_int_eq(tenon_config_load_file(config, "/no/such.yaml", &err),
			 TENON_EIO);
	ck_assert_str_eq(err.message,
			 "/no/such.yaml: cannot be read: No such file or directory");
	ck_assert_str_eq(err.where, "/no/such.yaml");
	ck_assert_int_eq(err.sys_errno, 2);
	ck_assert_int_eq(tenon_config_load_file(config, good.folder, &err),
			 TENON_EIO);
	ck_assert_ptr_nonnull(strstr(err.message, ": Is a directory"));
}
END_TEST

START_TEST(a_file_that_is_too_long_is_refused)
{
	size_t size = 1048576 + 1; /* TENON_CONFIG_MAX_BYTES */
	char *text = malloc(size);

	ck_assert_ptr_nonnull(text);
	memset(text, '\n', size);
	memcpy(text, "servers: a", 10);
	ck_assert_int_eq(tenon_config_load_text(config, "big", text, size - 1,
						&err),
			 0);
	ck_assert_int_eq(tenon_config_load_text(config, "big", text, size,
						&err),
			 TENON_ECONFIG);
	ck_assert_str_eq(err.message,
			 "big: has more than 1048576 bytes, the most that a config may have");
	ck_assert_int_eq(tenon_config_load_file(config, "/dev/zero", &err),
			 TENON_ECONFIG);
	ck_assert_str_eq(
		err.message,
		"/dev/zero: has more than 1048576 bytes, the most that a config may have");
	free(text);
}
END_TEST

/*
 * TENON_CONFIG_MAX_DEPTH. libyaml's loader took minutes for brackets without end.
 */
START_TEST(brackets_without_end_are_refused_at_once)
{
	size_t size = 1048576;
	char *text = malloc(size);

	ck_assert_ptr_nonnull(text);
	memset(text, '[', size);
	ck_assert_int_eq(tenon_config_load_text(config, "deep", text, size,
						&err),
			 TENON_ECONFIG);
	ck_assert_str_eq(
		err.message,
		"deep:1:17: nested too deeply, expected at most 16 levels");
	free(text);
}
END_TEST

/* ---- values ------------------------------------------------------------- */

START_TEST(a_new_config_has_libmcs_defaults)
{
	ck_assert_str_eq(config->settings.prefix, "");
	ck_assert_int_eq(config->settings.resolve_timeout_ms, 200);
	ck_assert_int_eq(config->keepalive.idle_s, 60);
	ck_assert_int_eq(config->keepalive.interval_s, 10);
	ck_assert_int_eq(config->keepalive.count, 3);
	ck_assert_int_eq(config->settings.connect_timeout_ms, 10);
	ck_assert_int_eq(config->settings.poll_timeout_ms, 300);
	ck_assert_int_eq(config->settings.retry_timeout_ms, 5000);
	ck_assert_int_eq(config->settings.compression_threshold_bytes, 0);
	ck_assert_int_eq(config->settings.max_value_bytes, 16 * 1024 * 1024);
	ck_assert_int_eq(config->settings.enable_flush_all, 0);
	ck_assert_str_eq(config->choices[TENON__ROLE_HASH].name, "md5");
	ck_assert_str_eq(config->choices[TENON__ROLE_DISTRIBUTION].name,
			 "ketama");
	ck_assert_str_eq(config->choices[TENON__ROLE_TRANSPORT].name, "poll");
	ck_assert_str_eq(config->failover.list[0].name, "none");
	expect_codecs("zlib split ");
}
END_TEST

START_TEST(the_sample_config_of_libmc_has_its_meaning)
{
	ck_assert_int_eq(chdir(good.folder), 0);
	ck_assert_int_eq(tenon_config_load_file(config, _i == 0 ? "libmc.yaml" :
								  "libmc.json",
						&err),
			 0);
	ck_assert_uint_eq(config->servers.count, 3);
	ck_assert_str_eq(config->servers.entries[0].server.alias,
			 "mc-server111");
	ck_assert_str_eq(config->servers.entries[1].server.address,
			 "localhost:11212");
	ck_assert_ptr_null(config->servers.entries[2].server.alias);
	ck_assert_str_eq(config->choices[TENON__ROLE_HASH].name, "crc32");
	ck_assert_str_eq(config->settings.prefix, "");
	ck_assert_int_eq(config->settings.connect_timeout_ms, 10);
	ck_assert_int_eq(config->settings.poll_timeout_ms, 300);
	ck_assert_int_eq(config->settings.retry_timeout_ms, 5000);
	ck_assert_int_eq(config->settings.compression_threshold_bytes, 1024);
	expect_codecs("zlib split ");
}
END_TEST

START_TEST(every_key_is_read)
{
	const struct tenon__server_list *servers = &config->servers;

	ck_assert_int_eq(chdir(good.folder), 0);
	ck_assert_int_eq(tenon_config_load_file(config, "full.yaml", &err), 0);
	ck_assert_uint_eq(servers->count, 4);
	ck_assert_uint_eq(servers->entries[1].server.weight, 2);
	ck_assert_str_eq(servers->entries[2].server.host, "::1");
	ck_assert_str_eq(servers->entries[3].server.host,
			 "/run/memcached.sock");
	ck_assert_str_eq(servers->entries[3].server.alias, "local");
	ck_assert_str_eq(config->choices[TENON__ROLE_HASH].name, "fnv1a_32");
	ck_assert_str_eq(config->settings.prefix, "app.");
	ck_assert_int_eq(config->settings.resolve_timeout_ms, 100);
	ck_assert_int_eq(config->keepalive.idle_s, 120);
	ck_assert_int_eq(config->keepalive.interval_s, 5);
	ck_assert_int_eq(config->keepalive.count, 9);
	ck_assert_int_eq(config->settings.connect_timeout_ms, 250);
	ck_assert_int_eq(config->settings.poll_timeout_ms, 2000);
	ck_assert_int_eq(config->settings.retry_timeout_ms, 60000);
	ck_assert_int_eq(config->settings.max_value_bytes, 1048576);
	ck_assert_int_eq(config->settings.enable_flush_all, 1);
	expect_codecs("");
}
END_TEST

START_TEST(a_later_setting_overrides_an_earlier_one)
{
	ck_assert_int_eq(load("servers: [a, b]\nprefix: x\npoll_timeout: 7\n"),
			 0);
	ck_assert_int_eq(load("servers: [c]\nprefix: y\n"), 0);
	ck_assert_uint_eq(config->servers.count, 1);
	ck_assert_str_eq(config->servers.entries[0].server.host, "c");
	ck_assert_str_eq(config->settings.prefix, "y");
	ck_assert_int_eq(config->settings.poll_timeout_ms, 7);
	ck_assert_int_eq(tenon_config_set(config, "PREFIX", "z", &err), 0);
	ck_assert_str_eq(config->settings.prefix, "z");
	ck_assert_int_eq(tenon_config_set(config, "prefix", "", &err), 0);
	ck_assert_str_eq(config->settings.prefix, "");
	ck_assert_int_eq(tenon_config_set(config, "poll_timeout", "~", &err),
			 0);
	ck_assert_int_eq(config->settings.poll_timeout_ms, 300);
}
END_TEST

START_TEST(a_config_can_be_made_by_setters)
{
	ck_assert_int_eq(tenon_config_set(config, "servers",
					  "[a:11211 alias1, b:11211 alias2]",
					  &err),
			 0);
	ck_assert_int_eq(tenon_config_add_server(config, "c", NULL, 3, &err),
			 0);
	ck_assert_int_eq(tenon_config_set(config, "transport", "{poll: {}}",
					  &err),
			 0);
	ck_assert_int_eq(tenon_config_set(config, "poll_timeout", "250ms",
					  &err),
			 0);
	ck_assert_uint_eq(config->servers.count, 3);
	ck_assert_uint_eq(config->servers.entries[2].server.weight, 3);
	ck_assert_int_eq(config->settings.poll_timeout_ms, 250);
	ck_assert_msg(tenon_config_check(config, &err) == 0, "%s", err.message);
}
END_TEST

static const struct {
	const char *key;
	const char *value;
	int code;
	const char *message;
} set_errors[] = {
	{ "poll_timeout", "5 parsecs", TENON_ECONFIG,
	  "key 'poll_timeout': found '5 parsecs', expected a duration in 1ms..1h: a whole number with a unit (us, ms, s, min, h), or a bare whole number in ms" },
	{ "pol_timeout", "5", TENON_ECONFIG,
	  "key 'pol_timeout': unknown; did you mean 'poll_timeout'?" },
	{ "prefix", "[", TENON_ECONFIG,
	  "key 'prefix': not YAML: while parsing a flow node, did not find expected node content" },
	{ "servers", "a b c", TENON_ECONFIG,
	  "key 'servers': server 'a b c': has more than an address and an alias; a space inside an alias is written '\\ '" },
	{ "servers", "[a x, b x]", TENON_ECONFIG,
	  "key 'servers': servers: alias 'x' is used twice, expected a different one for each server" },
	{ "plugins", "no/such.so", TENON_EPLUGIN,
	  "key 'plugins': plugin no/such.so: found no file (No such file or directory), expected a shared object" },
	{ "prefix", "a\n--- b", TENON_ECONFIG,
	  "key 'prefix': found a second YAML document, expected only one" },
};

#define SET_ERROR_COUNT ((int)(sizeof(set_errors) / sizeof(set_errors[0])))

START_TEST(the_error_of_a_setter_says_the_key)
{
	memset(&err, 0x55, sizeof(err));
	ck_assert_int_eq(tenon_config_set(config, set_errors[_i].key,
					  set_errors[_i].value, &err),
			 set_errors[_i].code);
	ck_assert_int_eq(err.code, set_errors[_i].code);
	ck_assert_str_eq(err.message, set_errors[_i].message);
	ck_assert_str_eq(err.where, "");
	ck_assert_uint_eq(err.line, 0);
	ck_assert_uint_eq(err.column, 0);
	ck_assert_int_eq(tenon_config_set(config, set_errors[_i].key,
					  set_errors[_i].value, NULL),
			 set_errors[_i].code);
}
END_TEST

/* The forms of the key keepalive. idle_s 0: off; -1: an error. */
static const struct {
	const char *value;
	int idle_s, interval_s, count;
} keepalives[] = {
	{ "5s", 5, 10, 3 },
	{ "2min", 120, 10, 3 },
	{ "on", 60, 10, 3 },
	{ "true", 60, 10, 3 },
	{ "null", 60, 10, 3 },
	{ "off", 0, 10, 3 },
	{ "No", 0, 10, 3 },
	{ "{}", 60, 10, 3 },
	{ "{interval: 1s}", 60, 1, 3 },
	{ "{idle: 1min, interval: 20s, count: 1}", 60, 20, 1 },
	{ "\"off\"", -1, 0, 0 },
	{ "5", -1, 0, 0 },
	{ "0s", -1, 0, 0 },
	{ "500ms", -1, 0, 0 },
	{ "[5s]", -1, 0, 0 },
	{ "{idle: off}", -1, 0, 0 },
	{ "{probes: 2}", -1, 0, 0 },
	{ "{idle: 5s, idle: 6s}", -1, 0, 0 },
	{ "{count: 0}", -1, 0, 0 },
	/* settings.c: KEEPALIVE_MAX_S, settings.c: KEEPALIVE_PROBES_MAX */
	{ "{idle: 32767s, interval: 32767s, count: 127}", 32767, 32767, 127 },
	{ "32768s", -1, 0, 0 },
	{ "{interval: 32768s}", -1, 0, 0 },
	{ "{count: 128}", -1, 0, 0 },
};

START_TEST(keepalive_has_several_forms)
{
	int code = tenon_config_set(config, "keepalive", keepalives[_i].value,
				    &err);

	if (keepalives[_i].idle_s < 0) {
		ck_assert_int_eq(code, TENON_ECONFIG);
		ck_assert_ptr_nonnull(strstr(err.message, "'keepalive'"));
		ck_assert_int_eq(config->keepalive.idle_s, 60);
		return;
	}
	ck_assert_msg(code == 0, "%s", err.message);
	ck_assert_int_eq(config->keepalive.idle_s, keepalives[_i].idle_s);
	ck_assert_int_eq(config->keepalive.interval_s,
			 keepalives[_i].interval_s);
	ck_assert_int_eq(config->keepalive.count, keepalives[_i].count);
}
END_TEST

/* settings.c: TIMEOUT_MAX_MS, settings.c: RETRY_MAX_MS, TENON__SETTING_MAX_BYTES */
static const struct {
	const char *key;
	const char *most;
	const char *above;
} setting_limits[] = {
	{ "resolve_timeout", "1h", "3600001ms" },
	{ "connect_timeout", "1h", "3600001ms" },
	{ "poll_timeout", "1h", "3600001ms" },
	{ "retry_timeout", "24h", "86400001ms" },
	{ "max_idle", "24h", "86400001ms" },
	{ "compression_threshold", "1GiB", "1073741825" },
	{ "max_value_bytes", "1GiB", "1073741825B" },
	{ "item_max", "1GiB", "1073741825B" },
	{ "user_flags", "4294967295", "4294967296" },
};

START_TEST(each_setting_has_a_largest_value)
{
	const char *key = setting_limits[_i].key;

	ck_assert_msg(tenon_config_set(config, key, setting_limits[_i].most,
				       &err) == 0,
		      "%s", err.message);
	ck_assert_int_eq(tenon_config_set(config, key, setting_limits[_i].above,
					  &err),
			 TENON_ECONFIG);
}
END_TEST

START_TEST(a_prefix_leaves_one_byte_for_the_key)
{
	char prefix[251];

	memset(prefix, 'p', 250);
	prefix[250] = '\0';
	ck_assert_int_eq(tenon_config_set(config, "prefix", prefix, &err),
			 TENON_ECONFIG);
	ck_assert_int_eq(tenon_config_set(config, "prefix", prefix + 1, &err),
			 0);
}
END_TEST

START_TEST(a_plugin_of_a_setter_is_looked_up_when_all_is_said)
{
	ck_assert_int_eq(tenon_config_set(config, "servers", "a", &err), 0);
	ck_assert_int_eq(tenon_config_set(config, "hash_function", "nosuch",
					  &err),
			 0);
	ck_assert_int_eq(tenon_config_check(config, &err), TENON_EPLUGIN);
	ck_assert_ptr_nonnull(strstr(
		err.message, "key 'hash_function': hash plugin 'nosuch' not found"));
	ck_assert_str_eq(err.where, "");
	ck_assert_int_eq(tenon_config_set(config, "hash_function", "good",
					  &err),
			 0);
	enter_builddir();
	ck_assert_int_eq(tenon_config_set(config, "plugin_path", GOOD_DIR,
					  &err),
			 0);
	ck_assert_msg(tenon_config_check(config, &err) == 0, "%s", err.message);
}
END_TEST

START_TEST(a_server_is_added_once)
{
	ck_assert_int_eq(load("servers:\n  - a x\n"), 0);
	ck_assert_int_eq(tenon_config_add_server(config, "b", "x", 1, &err),
			 TENON_ECONFIG);
	ck_assert_str_eq(
		err.message,
		"servers: alias 'x' is used twice, first in site.yaml:2, expected a different one for each server");
	ck_assert_int_eq(tenon_config_add_server(config, "a:0", NULL, 1, &err),
			 TENON_ECONFIG);
	ck_assert_int_eq(tenon_config_add_server(config, "d", NULL, 0, &err),
			 TENON_ECONFIG);
	ck_assert_str_eq(err.message,
			 "server 'd': found weight 0, expected 1..1000");
}
END_TEST

/* The names are such that they do not arrive in order: "h7", "h14", "h21", ... */
START_TEST(every_server_among_many_is_added_once)
{
	enum { COUNT = 300 };
	char address[32], alias[32];

	for (int i = 0; i < COUNT; i++) {
		snprintf(address, sizeof(address), "h%d", i * 7 % COUNT);
		snprintf(alias, sizeof(alias), "a%d", i * 11 % COUNT);
		ck_assert_int_eq(tenon_config_add_server(config, address, alias,
							 1, &err),
				 0);
	}
	for (int i = 0; i < COUNT; i++) {
		snprintf(address, sizeof(address), "H%d:11211", i);
		snprintf(alias, sizeof(alias), "a%d", i);
		ck_assert_int_eq(tenon_config_add_server(config, address, NULL,
							 1, &err),
				 TENON_ECONFIG);
		ck_assert_ptr_nonnull(strstr(err.message, "address 'h"));
		ck_assert_int_eq(tenon_config_add_server(config, "new", alias, 1,
							 &err),
				 TENON_ECONFIG);
		ck_assert_ptr_nonnull(strstr(err.message, "alias 'a"));
	}
	ck_assert_int_eq((int)config->servers.count, COUNT);
	ck_assert_int_eq(tenon_config_check(config, &err), 0);
}
END_TEST

START_TEST(plugins_are_relative_to_the_file)
{
	char folder[] = "config-XXXXXX";
	char path[100];
	FILE *file;

	enter_builddir();
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/site.yaml", folder);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs("servers: [a]\nplugin_path: ../" GOOD_DIR
	      "\nplugins: [../" GOOD_DIR
	      "/hash_good.so]\nhash_function: good\nfailover: good\n",
	      file);
	fclose(file);
	ck_assert_msg(tenon_config_load_file(config, path, &err) == 0, "%s",
		      err.message);
	ck_assert_msg(tenon_config_check(config, &err) == 0, "%s", err.message);
	remove(path);
	remove(folder);
}
END_TEST

static const struct {
	const char *value;
	const char *names;
} codec_values[] = {
	{ "[b, {a: {x: 1}}, c]", "b a c " },
	{ "[{\"b\": {\"x\": 1}}, \"a\"]", "b a " },
	{ "[{b: }]", "b " },
	{ "a", "a " },
	{ "{a: {x: 1}}", "a " },
	{ "{a: ~}", "a " },
	{ "[]", "" },
	{ "none", "" },
	{ "None", "" },
	{ "~", "" },
	{ "", "" },
};

#define CODEC_VALUE_COUNT ((int)(sizeof(codec_values) / sizeof(codec_values[0])))

START_TEST(codecs_are_a_list_in_order_or_one_or_none)
{
	ck_assert_int_eq(tenon_config_set(config, "codecs", "[x, y]", &err), 0);
	ck_assert_int_eq(tenon_config_set(config, "codecs",
					  codec_values[_i].value, &err),
			 0);
	expect_codecs(codec_values[_i].names);
}
END_TEST

START_TEST(codecs_that_are_wrong_change_nothing)
{
	ck_assert_int_eq(tenon_config_set(config, "codecs", "[b, a]", &err), 0);
	ck_assert_int_eq(tenon_config_set(config, "codecs", "[c, d, C]", &err),
			 TENON_ECONFIG);
	ck_assert_str_eq(
		err.message,
		"key 'codecs': codec 'C' is listed twice, expected once");
	expect_codecs("b a ");
}
END_TEST

START_TEST(more_codecs_than_flag_bits_are_refused)
{
	char text[300] = "[";
	size_t used = strlen(text);

	for (int i = 1; i <= 32; i++) { /* TENON__CODEC_MAX_COUNT */
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "c%d,", i);
	}
	snprintf(text + used, sizeof(text) - used, "]");
	ck_assert_int_eq(tenon_config_set(config, "codecs", text, &err), 0);
	snprintf(text + used, sizeof(text) - used, "c]");
	ck_assert_int_eq(tenon_config_set(config, "codecs", text, &err),
			 TENON_ECONFIG);
	ck_assert_str_eq(
		err.message,
		"key 'codecs': found more codecs than the limit of 32, each codec needs a flag bit of its own");
}
END_TEST

START_TEST(a_threshold_is_libmcs_compression_before_the_default)
{
	static const char *const expected[][2] = {
		{ "threshold", "4096B" },
		{ "level", "6" },
		{ "keep_if_smaller", "false" },
	};
	const struct tenon__choice *codecs[TENON__CODEC_MAX_COUNT];
	const struct tenon__node *option;

	ck_assert_int_eq(load("servers: [a]\ncompression_threshold: 4KiB\n"),
			 0);
	ck_assert_uint_eq(tenon__config_codecs(config, codecs), 2);
	ck_assert_str_eq(codecs[0]->name, "zlib");
	ck_assert_str_eq(codecs[0]->asker, "compression_threshold");
	ck_assert_uint_eq(codecs[0]->place.line, 2);
	ck_assert_uint_eq(codecs[0]->place.column, 24);
	ck_assert(!codecs[0]->optional);
	ck_assert_uint_eq(codecs[0]->options->count, 3);
	option = codecs[0]->options->first;
	for (int i = 0; i < 3; i++, option = option->next) {
		ck_assert_str_eq(option->key, expected[i][0]);
		ck_assert_str_eq(option->text, expected[i][1]);
		ck_assert_uint_eq(option->key_place.line, 2);
		ck_assert_uint_eq(option->place.column, 24);
	}
	ck_assert_ptr_null(option);
	ck_assert_str_eq(codecs[1]->name, "split");
	ck_assert_int_eq(tenon_config_set(config, "compression_threshold", "0",
					  &err),
			 0);
	expect_codecs("zlib split ");
}
END_TEST

START_TEST(codecs_count_beside_a_threshold_of_zero)
{
	ck_assert_int_eq(load("compression_threshold: 1024\ncodecs: [a]\n"
			      "servers: b\n"),
			 0);
	expect_codecs("a ");
	ck_assert_int_eq(tenon_config_check(config, &err), TENON_ECONFIG);
	ck_assert_int_eq(tenon_config_set(config, "compression_threshold", "0",
					  &err),
			 0);
	ck_assert_int_eq(tenon_config_set(config, "codecs", "none", &err), 0);
	ck_assert_msg(tenon_config_check(config, &err) == 0, "%s", err.message);
	/* A list that names no codecs counts as set. */
	ck_assert_int_eq(tenon_config_set(config, "compression_threshold", "1",
					  &err),
			 0);
	ck_assert_int_eq(tenon_config_check(config, &err), TENON_ECONFIG);
	ck_assert_str_eq(
		err.message,
		"keys 'compression_threshold' and 'codecs' both configure compression, expected only one; remove one, or set compression_threshold to 0");
}
END_TEST

static void tell_codec(const struct tenon_setting_info *info, void *payload)
{
	char *told = payload;
	size_t used = strlen(told);

	if (strcmp(info->name, "codecs") == 0) {
		snprintf(told + used, 200 - used, "%s=%s,%s ", info->value,
			 info->kind, info->version);
	}
}

START_TEST(the_config_lists_its_codecs_in_order)
{
	char told[200] = "";

	ck_assert_int_eq(tenon_config_set(config, "codecs", "[b, {a: {}}]",
					  &err),
			 0);
	tenon_config_each_setting(config, tell_codec, told);
	ck_assert_str_eq(told, "b=codec, a=codec, ");
	told[0] = '\0';
	ck_assert_int_eq(tenon_config_set(config, "codecs", "[]", &err), 0);
	tenon_config_each_setting(config, tell_codec, told);
	ck_assert_str_eq(told, "none=, ");
	told[0] = '\0';
	enter_builddir();
	ck_assert_int_eq(load("servers: a\nplugin_path: " GOOD_DIR
			      "\ncodecs: [good, halves]\n"),
			 0);
	ck_assert_msg(tenon_config_check(config, &err) == 0, "%s", err.message);
	tenon_config_each_setting(config, tell_codec, told);
	ck_assert_str_eq(told, "good=codec,1 halves=codec,1 ");
}
END_TEST

START_TEST(success_clears_the_error)
{
	memset(&err, 0x55, sizeof(err));
	ck_assert_int_eq(load("servers: [a]\n"), 0);
	ck_assert_int_eq(err.code, 0);
	ck_assert_str_eq(err.message, "");
}
END_TEST

START_TEST(a_null_config_can_be_destroyed)
{
	tenon_config_destroy(NULL);
}
END_TEST

/* ---- memory ------------------------------------------------------------- */

static const char everything[] =
	"servers: [a x, {address: b, alias: y, weight: 2}, '[::1]']\n"
	"plugin_path: [" GOOD_DIR "]\n"
	"plugins: [" GOOD_DIR "/hash_good.so]\n"
	"hash_function: {good: {salt: 3}}\n"
	"distribution: {good: {point_hash: good}}\n"
	"transport: good\n"
	"codecs: [{good: {room: 2KiB}}, halves]\n"
	"failover: {good: {note: abc}}\n"
	"prefix: p\n";

static int make_everything(void)
{
	struct tenon_config *made;
	int code = tenon_config_create(&made, &err);

	if (!code) {
		code = tenon_config_load_text(made, "f", everything,
					      sizeof(everything) - 1, &err);
	}
	if (!code) {
		code = tenon_config_set(made, "prefix", "q", &err);
	}
	if (!code) {
		code = tenon_config_add_server(made, "z", "zed", 1, &err);
	}
	if (!code) {
		code = tenon_config_check(made, &err);
	}
	tenon_config_destroy(made);
	return code;
}

START_TEST(any_allocation_may_fail)
{
	int code = TENON_ENOMEM;
	size_t n;

	enter_builddir();
	for (n = 1; code; n++) {
		ck_assert_uint_lt(n, 2000);
		tenon__memory_fail_from(n);
		code = make_everything();
		tenon__memory_fail_from(0);
		ck_assert_msg(!code || code == TENON_ENOMEM, "%zu: %d %s", n,
			      code, err.message);
		ck_assert_int_eq(err.code, code);
	}
	ck_assert_uint_gt(n, 60);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *files = tcase_create("files");
	TCase *values = tcase_create("values");
	TCase *memory = tcase_create("memory");
	char builddir[400];
	char plugins[500];

	enter_builddir();
	find_files(&good, "good");
	find_files(&broken, "broken");
	/* Tests change to other folders. */
	if (!getcwd(builddir, sizeof(builddir))) {
		abort();
	}
	snprintf(plugins, sizeof(plugins), "%s/plugins/.libs", builddir);
	setenv("TENON_PLUGIN_PATH", plugins, 1);

	tcase_add_checked_fixture(files, setup, teardown);
	tcase_add_loop_test(files, a_good_file_is_taken, 0, good.count);
	tcase_add_loop_test(
		files, a_broken_file_is_refused_with_place_found_and_expected,
		0, broken.count);
	tcase_add_test(files, a_file_that_cannot_be_read_says_why);
	tcase_add_test(files, a_file_that_is_too_long_is_refused);
	tcase_add_test(files, brackets_without_end_are_refused_at_once);
	suite_add_tcase(suite, files);
	tcase_add_checked_fixture(values, setup, teardown);
	tcase_add_test(values, a_new_config_has_libmcs_defaults);
	tcase_add_loop_test(values,
			    the_sample_config_of_libmc_has_its_meaning, 0,
			    2);
	tcase_add_test(values, every_key_is_read);
	tcase_add_test(values, a_later_setting_overrides_an_earlier_one);
	tcase_add_test(values, a_config_can_be_made_by_setters);
	tcase_add_loop_test(values, keepalive_has_several_forms, 0,
			    (int)(sizeof(keepalives) / sizeof(keepalives[0])));
	tcase_add_loop_test(values, each_setting_has_a_largest_value, 0,
			    (int)(sizeof(setting_limits) /
				  sizeof(setting_limits[0])));
	tcase_add_test(values, a_prefix_leaves_one_byte_for_the_key);
	tcase_add_loop_test(values, the_error_of_a_setter_says_the_key, 0,
			    SET_ERROR_COUNT);
	tcase_add_test(values, a_plugin_of_a_setter_is_looked_up_when_all_is_said);
	tcase_add_test(values, a_server_is_added_once);
	tcase_add_test(values, every_server_among_many_is_added_once);
	tcase_add_test(values, plugins_are_relative_to_the_file);
	tcase_add_loop_test(values, codecs_are_a_list_in_order_or_one_or_none,
			    0, CODEC_VALUE_COUNT);
	tcase_add_test(values, codecs_that_are_wrong_change_nothing);
	tcase_add_test(values, more_codecs_than_flag_bits_are_refused);
	tcase_add_test(values,
		       a_threshold_is_libmcs_compression_before_the_default);
	tcase_add_test(values, codecs_count_beside_a_threshold_of_zero);
	tcase_add_test(values, the_config_lists_its_codecs_in_order);
	tcase_add_test(values, success_clears_the_error);
	tcase_add_test(values, a_null_config_can_be_destroyed);
	suite_add_tcase(suite, values);
	tcase_add_test(memory, any_allocation_may_fail);
	suite_add_tcase(suite, memory);
	return suite_run(suite);
}
