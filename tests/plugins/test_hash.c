/* SPDX-License-Identifier: BSD-3-Clause */
/* The hashes of libmc, compared with values that other programs computed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/subject.h"
#include "runner/suite.h"

static uint64_t hash_of(const char *name, const void *key, size_t len)
{
	const struct tenon_hash *hash = subject_hash(name);

	return hash->ops->hash(hash->self, key, len);
}

static FILE *open_vectors(const char *file)
{
	const char *source = getenv("abs_top_srcdir");
	char path[4096];
	FILE *vectors;

	snprintf(path, sizeof(path), "%s/tests/vectors/hash/%s",
		 source ? source : ".", file);
	vectors = fopen(path, "r");
	ck_assert_msg(vectors != NULL, "%s: cannot be read", path);
	return vectors;
}

/* Values that the hashes' authors published and that libmc gives as well. */
static const struct {
	const char *key;
	uint32_t md5;
	uint32_t crc32;
	uint32_t fnv1_32;
	uint32_t fnv1a_32;
} published[] = {
	{ "", 0xd98c1dd4, 0x00000000, 0x811c9dc5, 0x811c9dc5 },
	{ "a", 0xb975c10c, 0xe8b7be43, 0x050c5d7e, 0xe40c292c },
	{ "foo", 0xdb18bdac, 0x8c736521, 0x408f5e13, 0xa9f37ed7 },
	{ "key:1", 0x3cb0c47a, 0x0b6f3bec, 0x8964f7a5, 0x58140fa9 },
	{ "user:1234", 0xe7f65f01, 0xb0b05457, 0x13b52562, 0x8457ce84 },
	/*
	 * The bytes of a key are unsigned. libmemcached on x86 gives other values here
	 * for FNV.
	 */
	{ "\xe4\xb8\xad\xe6\x96\x87", 0x23c2baa7, 0x5a09ed37, 0x1369c6c9,
	  0xc488f045 },
};

START_TEST(published_values_are_found)
{
	const char *key = published[_i].key;
	size_t len = strlen(key);

	ck_assert_uint_eq(hash_of("md5", key, len), published[_i].md5);
	ck_assert_uint_eq(hash_of("crc32", key, len), published[_i].crc32);
	ck_assert_uint_eq(hash_of("fnv1_32", key, len), published[_i].fnv1_32);
	ck_assert_uint_eq(hash_of("fnv1a_32", key, len),
			  published[_i].fnv1a_32);
}
END_TEST

/* md5.c: ONE_BLOCK_MAX */
START_TEST(keys_of_every_length_hash_as_in_python)
{
	FILE *file = open_vectors("python.tsv");
	unsigned char key[TENON_KEY_MAX_BYTES];
	char line[256];
	size_t checked = 0;

	while (fgets(line, sizeof(line), file)) {
		uint64_t md5;
		uint64_t crc32;
		size_t len;

		if (sscanf(line, "%zu %" SCNu64 " %" SCNu64, &len, &md5,
			   &crc32) != 3) {
			continue;
		}
		ck_assert_uint_le(len, sizeof(key));
		for (size_t i = 0; i < len; i++) {
			key[i] = (unsigned char)(31 * i + 7 * len);
		}
		ck_assert_msg(hash_of("md5", key, len) == md5,
			      "md5 of %zu bytes", len);
		ck_assert_msg(hash_of("crc32", key, len) == crc32,
			      "crc32 of %zu bytes", len);
		checked++;
	}
	fclose(file);
	ck_assert_uint_eq(checked, TENON_KEY_MAX_BYTES + 1);
}
END_TEST

/* The columns of libmemcached.tsv after the key. */
enum { ONE_AT_A_TIME, MD5, CRC, FNV1_64, FNV1A_64, FNV1_32, FNV1A_32, COLUMNS };

static void check_row(char *line)
{
	uint64_t values[COLUMNS];
	size_t len = strcspn(line, "\t");
	char *at = line + len;

	for (size_t i = 0; i < COLUMNS; i++) {
		ck_assert_int_eq(*at, '\t');
		values[i] = strtoull(at + 1, &at, 10);
	}
	line[len] = '\0';
	ck_assert_msg(hash_of("md5", line, len) == values[MD5], "%s", line);
	ck_assert_msg((hash_of("crc32", line, len) >> 16 & 0x7fff) ==
			      values[CRC],
		      "%s", line);
	ck_assert_msg(hash_of("fnv1_32", line, len) == values[FNV1_32], "%s",
		      line);
	ck_assert_msg(hash_of("fnv1a_32", line, len) == values[FNV1A_32], "%s",
		      line);
}

START_TEST(keys_hash_as_in_libmemcached)
{
	FILE *file = open_vectors("libmemcached.tsv");
	char line[1024];
	size_t checked = 0;

	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '#' || strncmp(line, "key\t", 4) == 0) {
			continue;
		}
		check_row(line);
		checked++;
	}
	fclose(file);
	ck_assert_uint_eq(checked, 300);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hash");
	TCase *tcase = tcase_create("values");

	tcase_add_loop_test(tcase, published_values_are_found, 0,
			    sizeof(published) / sizeof(published[0]));
	tcase_add_test(tcase, keys_of_every_length_hash_as_in_python);
	tcase_add_test(tcase, keys_hash_as_in_libmemcached);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
