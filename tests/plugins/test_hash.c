/* SPDX-License-Identifier: BSD-3-Clause */
/* The hashes, compared with values that other programs computed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/subject.h"
#include "plugin/instance.h"
#include "runner/suite.h"

#define COLUMNS_MAX    16
#define LINE_MAX_BYTES 1024

/* A hash with the options that a test gives it. */
struct instance {
	const struct tenon__plugin *plugin;
	struct watched_host host;
	void *options;
	struct tenon_hash hash;
};

/* Make a hash from text as in a config: "md5" or "md5 {bytes: big}". */
static void instance_init(struct instance *instance, const char *text)
{
	struct tenon_error err = { 0 };
	char name[40];

	ck_assert_int_eq(sscanf(text, "%39s", name), 1);
	instance->plugin = subject_named(TENON_KIND_HASH, name);
	watched_host_init(&instance->host);
	ck_assert_msg(subject_options_read(instance->plugin, strchr(text, '{'),
					   &instance->host, &instance->options,
					   &err) == 0,
		      "%s: %s", text, err.message);
	ck_assert_msg(tenon__hash_create(&instance->hash, instance->plugin,
					 instance->options,
					 &instance->host.table, &err) == 0,
		      "%s: %s", text, err.message);
}

static void instance_fini(struct instance *instance)
{
	tenon__hash_destroy(&instance->hash);
	subject_options_free(instance->plugin, instance->options);
}

/* Hash a key alone and as all keys of an operation, and assert that both agree. */
static uint64_t hash_of(const struct tenon_hash *hash, const void *key,
			size_t len)
{
	struct tenon_slice keys[20];
	uint64_t many[20];
	uint64_t one = hash->ops->hash(hash->self, key, len);

	for (size_t i = 0; i < 20; i++) {
		keys[i] = (struct tenon_slice){ key, len };
	}
	hash->ops->hash_many(hash->self, keys, 20, many);
	for (size_t i = 0; i < 20; i++) {
		ck_assert_uint_eq(many[i], one);
	}
	return one;
}

/* ---- values that authors of hashes published ----------------------------- */

static const struct {
	const char *hash;
	const char *key;
	uint64_t value;
} published[] = {
	/* RFC 1321, appendix A.5 */
	{ "md5", "", 0xd98c1dd4 },
	{ "md5", "a", 0xb975c10c },
	{ "md5 {bytes: big}", "", 0xd41d8cd9 },
	{ "md5 {bytes: big}", "a", 0x0cc175b9 },
	/* RFC 3174, section 7.3 */
	{ "sha1", "abc", 0xa9993e36 },
	{ "sha1", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  0x84983e44 },
	/* the check value of the CRC catalogue; crc is bits 16 to 30 of it */
	{ "crc32", "123456789", 0xcbf43926 },
	{ "crc", "123456789", 0x4bf4 },
	/* http://www.isthe.com/chongo/tech/comp/fnv/ */
	{ "fnv1_32", "", 0x811c9dc5 },
	{ "fnv1_32", "foobar", 0x31f0b262 },
	{ "fnv1a_32", "", 0x811c9dc5 },
	{ "fnv1a_32", "foobar", 0xbf9cf968 },
	{ "fnv1_64", "foobar", 0xa4dda9c2 },
	{ "fnv1a_64", "foobar", 0xf73967e8 },
	/* libmc 1.4.15, for which bytes are unsigned */
	{ "fnv1_32", "\xe4\xb8\xad\xe6\x96\x87", 0x1369c6c9 },
	{ "fnv1a_32", "\xe4\xb8\xad\xe6\x96\x87", 0xc488f045 },
};

START_TEST(published_values_are_found)
{
	const char *key = published[_i].key;
	struct instance instance;

	instance_init(&instance, published[_i].hash);
	ck_assert_msg(hash_of(&instance.hash, key, strlen(key)) ==
			      published[_i].value,
		      "%s of '%s'", published[_i].hash, key);
	instance_fini(&instance);
}
END_TEST

/* Digests that RFC 1321, appendix A.5, and RFC 3174, section 7.3, publish. */
static const struct {
	const char *hash;
	const char *key;
	uint32_t count;
	uint32_t words[5];
} digests[] = {
	{ "md5 {bytes: big}",
	  "abc",
	  4,
	  { 0x90015098, 0x3cd24fb0, 0xd6963f7d, 0x28e17f72 } },
	{ "md5", "abc", 4, { 0x98500190, 0xb04fd23c, 0x7d3f96d6, 0x727fe128 } },
	{ "md5 {bytes: big}",
	  "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
	  4,
	  { 0x57edf4a2, 0x2be3c955, 0xac49da2e, 0x2107b67a } },
	{ "sha1",
	  "abc",
	  5,
	  { 0xa9993e36, 0x4706816a, 0xba3e2571, 0x7850c26c, 0x9cd0d89d } },
	{ "sha1",
	  "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  5,
	  { 0x84983e44, 0x1c3bd26e, 0xbaae4aa1, 0xf95129e5, 0xe54670f1 } },
};

START_TEST(digests_are_those_of_the_standards)
{
	const char *key = digests[_i].key;
	struct instance instance;
	uint32_t words[16] = { 0 };

	instance_init(&instance, digests[_i].hash);
	ck_assert_uint_eq(instance.hash.ops->digest_words, digests[_i].count);
	instance.hash.ops->digest(instance.hash.self, key, strlen(key), words);
	for (uint32_t i = 0; i < digests[_i].count; i++) {
		ck_assert_msg(words[i] == digests[_i].words[i],
			      "%s of '%s': word %u is 0x%08x", digests[_i].hash,
			      key, (unsigned)i, (unsigned)words[i]);
	}
	instance_fini(&instance);
}
END_TEST

START_TEST(the_low_half_of_crc16_is_the_crc_of_the_catalogue)
{
	struct instance instance;

	instance_init(&instance, "crc16");
	ck_assert_uint_eq(hash_of(&instance.hash, "123456789", 9) & 0xffff,
			  0x31c3);
	instance_fini(&instance);
}
END_TEST

/* ---- options ------------------------------------------------------------- */

START_TEST(the_seed_of_spooky_has_32_bits)
{
	subject_option_ends_at(subject_named(TENON_KIND_HASH, "spooky"), "seed",
			       "4294967295", "4294967296");
}
END_TEST

/* Return the code of making the options of xxh3 with a seed of len bytes. */
static int try_xxh3_seed(int len)
{
	const struct tenon__plugin *plugin =
		subject_named(TENON_KIND_HASH, "xxh3");
	struct tenon_error err = { 0 };
	struct watched_host host;
	void *options = NULL;
	char text[300];
	int code;

	snprintf(text, sizeof(text), "{seed: %0*d}", len, 0);
	watched_host_init(&host);
	code = subject_options_read(plugin, text, &host, &options, &err);
	subject_options_free(plugin, options);
	return code;
}

/* xxh3.c: SEED_MAX_BYTES */
START_TEST(the_seed_of_xxh3_has_at_most_200_bytes)
{
	ck_assert_int_eq(try_xxh3_seed(200), 0);
	ck_assert_int_eq(try_xxh3_seed(201), TENON_ECONFIG);
}
END_TEST

/* ---- tables that other programs made ------------------------------------- */

/*
 * Files of tests/vectors/hash. The first line without # names the columns: `key` or `length`,
 * then hashes with their options. All lengths occur, so both sides of md5.c: ONE_BLOCK_MAX.
 */
static const struct {
	const char *file;
	size_t rows;
} tables[] = {
	{ "python.tsv", TENON_KEY_MAX_BYTES + 1 },
	{ "libhashkit.tsv", TENON_KEY_MAX_BYTES + 1 },
	{ "twemproxy.tsv", TENON_KEY_MAX_BYTES + 1 },
	{ "spooky.tsv", TENON_KEY_MAX_BYTES + 1 },
	{ "libmemcached.tsv", 300 },
};

struct table {
	FILE *file;
	bool has_keys; /* the first column is a key, else a length */
	struct instance columns[COLUMNS_MAX];
	size_t columns_count;
};

/* Read a line without its newline. Returns false at the end of the file. */
static bool read_line(FILE *file, char line[LINE_MAX_BYTES])
{
	do {
		if (!fgets(line, LINE_MAX_BYTES, file)) {
			return false;
		}
		ck_assert_ptr_nonnull(strchr(line, '\n'));
		line[strcspn(line, "\n")] = '\0';
	} while (line[0] == '#');
	return true;
}

static void table_open(struct table *table, const char *file)
{
	const char *source = getenv("abs_top_srcdir");
	char line[LINE_MAX_BYTES];
	char path[4096];
	char *column;

	snprintf(path, sizeof(path), "%s/tests/vectors/hash/%s",
		 source ? source : ".", file);
	table->file = fopen(path, "r");
	ck_assert_msg(table->file != NULL, "%s: cannot be read", path);
	ck_assert(read_line(table->file, line));
	column = strtok(line, "\t");
	table->has_keys = strcmp(column, "key") == 0;
	table->columns_count = 0;
	while ((column = strtok(NULL, "\t"))) {
		ck_assert_uint_lt(table->columns_count, COLUMNS_MAX);
		instance_init(&table->columns[table->columns_count++], column);
	}
	ck_assert_uint_gt(table->columns_count, 0);
}

static void table_close(struct table *table)
{
	fclose(table->file);
	for (size_t i = 0; i < table->columns_count; i++) {
		instance_fini(&table->columns[i]);
	}
}

/* Make the key of a row from its first field. Returns the key's length. */
static size_t make_key(const struct table *table, const char *field,
		       unsigned char key[TENON_KEY_MAX_BYTES])
{
	size_t len = table->has_keys ? strlen(field) : strtoul(field, NULL, 10);

	ck_assert_uint_le(len, TENON_KEY_MAX_BYTES);
	if (table->has_keys) {
		memcpy(key, field, len);
		return len;
	}
	for (size_t i = 0; i < len; i++) {
		key[i] = (unsigned char)(31 * i + 7 * len);
	}
	return len;
}

static void check_row(struct table *table, char *line)
{
	unsigned char key[TENON_KEY_MAX_BYTES];
	char *at = line + strcspn(line, "\t");
	size_t len;

	ck_assert_int_eq(*at, '\t');
	*at++ = '\0';
	len = make_key(table, line, key);
	for (size_t i = 0; i < table->columns_count; i++) {
		uint64_t value = strtoull(at, &at, 10);

		ck_assert_msg(hash_of(&table->columns[i].hash, key, len) ==
				      value,
			      "%s, column %zu, row '%s'",
			      table->columns[i].plugin->name, i + 1, line);
		ck_assert_int_eq(*at,
				 i + 1 < table->columns_count ? '\t' : '\0');
		at++;
	}
}

static void check_table(const char *file, size_t rows)
{
	char line[LINE_MAX_BYTES];
	struct table table;
	size_t checked = 0;

	table_open(&table, file);
	while (read_line(table.file, line)) {
		check_row(&table, line);
		checked++;
	}
	table_close(&table);
	ck_assert_uint_eq(checked, rows);
}

START_TEST(keys_hash_as_in_other_programs)
{
	check_table(tables[_i].file, tables[_i].rows);
}
END_TEST

START_TEST(keys_hash_as_in_xxhash)
{
	check_table("xxhash.tsv", TENON_KEY_MAX_BYTES + 1);
}
END_TEST

/* Add the tests of xxh3, or say that this build is without xxh3. */
static void add_xxh3_tests(TCase *tcase)
{
	static const TTest *const *const tests[] = {
		&the_seed_of_xxh3_has_at_most_200_bytes,
		&keys_hash_as_in_xxhash,
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		subject_add_test_with(tcase, "hash_xxh3", *tests[i], 0, 1);
	}
}

int main(void)
{
	Suite *suite = suite_create("hash");
	TCase *tcase = tcase_create("values");

	tcase_add_loop_test(tcase, published_values_are_found, 0,
			    sizeof(published) / sizeof(published[0]));
	tcase_add_loop_test(tcase, digests_are_those_of_the_standards, 0,
			    sizeof(digests) / sizeof(digests[0]));
	tcase_add_test(tcase,
		       the_low_half_of_crc16_is_the_crc_of_the_catalogue);
	tcase_add_test(tcase, the_seed_of_spooky_has_32_bits);
	tcase_add_loop_test(tcase, keys_hash_as_in_other_programs, 0,
			    sizeof(tables) / sizeof(tables[0]));
	add_xxh3_tests(tcase);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
