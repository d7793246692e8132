/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * md5 of many keys on a processor without AVX2. The plugin's source is a part of this program, and
 * hears that the processor has none. Processors with AVX2: tests/conformance/hash.c.
 */
#define __builtin_cpu_supports(feature) 0
#include "../plugins/hash/md5/md5.c"

#include <stdlib.h>

#include "fakes/random.h"
#include "runner/suite.h"

#define MANY 40 /* more than twice the lanes */
#define LEN_MAX 250

/* Hash `count` keys together, and each alone. The arrays have the exact size. */
static void check_together(const struct tenon_slice *keys, size_t count)
{
	struct tenon_slice *own = malloc(count * sizeof(*own));
	uint64_t *found = malloc(count * sizeof(*found));

	ck_assert_ptr_nonnull(own);
	ck_assert_ptr_nonnull(found);
	memcpy(own, keys, count * sizeof(*own));
	first_words(own, count, found);
	for (size_t i = 0; i < count; i++) {
		ck_assert_msg(found[i] == first_word(keys[i].data, keys[i].len),
			      "%zu keys, key %zu of %zu bytes: found %#llx", count,
			      i, keys[i].len, (unsigned long long)found[i]);
	}
	free(own);
	free(found);
}

/* All keys have this length; above LEN_MAX, every key has another length. */
static void check_length(size_t len)
{
	static unsigned char bytes[MANY][LEN_MAX];
	struct tenon_slice keys[MANY];
	uint64_t seed = 1 + len;

	for (size_t i = 0; i < MANY; i++) {
		for (size_t at = 0; at < LEN_MAX; at++) {
			bytes[i][at] = (unsigned char)random_next(&seed);
		}
		keys[i] = (struct tenon_slice){
			bytes[i],
			len <= LEN_MAX ? len : random_next(&seed) % (LEN_MAX + 1)
		};
	}
	for (size_t count = 1; count <= MANY; count++) {
		check_together(keys, count);
	}
}

START_TEST(many_keys_have_the_hashes_of_one)
{
	for (size_t len = 0; len < LEN_MAX + 10; len++) {
		check_length(len);
	}
}
END_TEST

START_TEST(the_published_hashes_are_those_of_eight_lanes)
{
	for (size_t i = 0; i < sizeof(md5_vectors) / sizeof(md5_vectors[0]); i++) {
		const struct tenon_hash_vector *vector = &md5_vectors[i];
		struct tenon_slice keys[8];
		uint64_t found[8];

		for (size_t lane = 0; lane < 8; lane++) {
			keys[lane] = (struct tenon_slice){ vector->key, vector->key_len };
		}
		first_words(keys, 8, found);
		for (size_t lane = 0; lane < 8; lane++) {
			ck_assert_uint_eq(found[lane], vector->hash);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("md5");
	TCase *tcase = tcase_create("without AVX2");

	tcase_add_test(tcase, many_keys_have_the_hashes_of_one);
	tcase_add_test(tcase, the_published_hashes_are_those_of_eight_lanes);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
