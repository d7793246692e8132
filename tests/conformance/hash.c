/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules of tenon/plugin/hash.h, tested for every hash plugin. */
#include <stdlib.h>
#include <string.h>

#include "conformance/guard.h"
#include "conformance/subject.h"
#include "fakes/random.h"
#include "plugin/instance.h"
#include "runner/suite.h"

#define KEYS_COUNT 256
#define MANY_MAX 40
/* longer than a key, as a distribution's names of points may be */
#define NAME_MAX_BYTES 1000
/* words of the longest digest that the core takes */
#define DIGEST_WORDS_MOST 16

/* An instance of the plugin under test. */
struct instance {
	const struct tenon__plugin *plugin;
	struct watched_host host;
	void *options;
	struct tenon_hash hash;
};

static void instance_init(struct instance *instance,
			  const struct tenon__plugin *plugin)
{
	struct tenon_error err = { 0 };

	instance->plugin = plugin;
	watched_host_init(&instance->host);
	instance->options = subject_options(plugin, &instance->host);
	ck_assert_msg(tenon__hash_create(&instance->hash, plugin,
					 instance->options,
					 &instance->host.table, &err) == 0,
		      "%s: %s", plugin->name, err.message);
}

static void instance_fini(struct instance *instance)
{
	const struct tenon__plugin *plugin = instance->plugin;

	tenon__hash_destroy(&instance->hash);
	subject_options_free(plugin, instance->options);
	ck_assert_subject_int(instance->host.live, ==, 0);
}

static uint64_t hash_of(const struct tenon_hash *hash, const void *key,
			size_t len)
{
	return hash->ops->hash(hash->self, key, len);
}

static void check_hash(const struct instance *instance,
		       struct tenon_slice key, uint64_t expected)
{
	const struct tenon__plugin *plugin = instance->plugin;
	uint64_t hash = hash_of(&instance->hash, key.data, key.len);

	ck_assert_subject(hash == expected,
			  "%#llx, expected %#llx as in the call before, for the key of %s",
			  (unsigned long long)hash,
			  (unsigned long long)expected, seen_bytes(key));
}

static void fill_key(unsigned char *key, size_t len, uint64_t *seed)
{
	for (size_t i = 0; i < len; i++) {
		key[i] = (unsigned char)random_next(seed);
	}
}

/* Make a key in memory of its exact size, so that a sanitizer sees a read beyond the end. */
static struct tenon_slice make_key(size_t len, uint64_t *seed)
{
	unsigned char *key = malloc(len > 0 ? len : 1);

	ck_assert_ptr_nonnull(key);
	fill_key(key, len, seed);
	return (struct tenon_slice){ key, len };
}

static void free_key(struct tenon_slice key)
{
	free((void *)(uintptr_t)key.data);
}

/* ---- known answers ------------------------------------------------------ */

START_TEST(known_answers_are_given)
{
	const struct tenon__plugin *plugin = subject(_i);
	const struct tenon_hash_ops *ops = &plugin->ops.hash;
	struct instance instance;

	instance_init(&instance, plugin);
	ck_assert_subject_int(ops->selftest_count, >=, 3);
	for (uint32_t i = 0; i < ops->selftest_count; i++) {
		const struct tenon_hash_vector *vector = &ops->selftest[i];
		uint64_t hash = hash_of(&instance.hash, vector->key,
					vector->key_len);

		ck_assert_msg(hash == vector->hash,
			      "%s: vector %u: found %#llx, expected %#llx",
			      plugin->name, (unsigned)i,
			      (unsigned long long)hash,
			      (unsigned long long)vector->hash);
	}
	instance_fini(&instance);
}
END_TEST

static bool has_high_byte(const struct tenon_hash_vector *vector)
{
	for (uint32_t i = 0; i < vector->key_len; i++) {
		if ((unsigned char)vector->key[i] >= 0x80) {
			return true;
		}
	}
	return false;
}

static const char *yes_or_no(bool is_so)
{
	return is_so ? "yes" : "no";
}

START_TEST(known_answers_include_the_extremes)
{
	const struct tenon__plugin *plugin = subject(_i);
	const struct tenon_hash_ops *ops = &plugin->ops.hash;
	bool has_empty = false;
	bool has_one_byte = false;
	bool has_longest = false;
	bool has_high_bytes = false;

	for (uint32_t i = 0; i < ops->selftest_count; i++) {
		const struct tenon_hash_vector *vector = &ops->selftest[i];

		has_empty |= vector->key_len == 0;
		has_one_byte |= vector->key_len == 1;
		has_longest |= vector->key_len == TENON_KEY_MAX_BYTES;
		has_high_bytes |= has_high_byte(vector);
	}
	ck_assert_subject(has_empty && has_one_byte && has_longest &&
				  has_high_bytes,
			  "%u vectors; an empty key: %s, a key of 1 byte: %s, of %d bytes: %s, with a byte above 0x7f: %s",
			  (unsigned)ops->selftest_count, yes_or_no(has_empty),
			  yes_or_no(has_one_byte), TENON_KEY_MAX_BYTES,
			  yes_or_no(has_longest), yes_or_no(has_high_bytes));
}
END_TEST

/* ---- the same key always has the same hash ------------------------------ */

START_TEST(same_key_has_the_same_hash_in_every_instance)
{
	struct instance one;
	struct instance other;
	uint64_t seed = 2;

	instance_init(&one, subject(_i));
	instance_init(&other, subject(_i));
	for (size_t len = 0; len <= TENON_KEY_MAX_BYTES; len++) {
		struct tenon_slice key = make_key(len, &seed);
		uint64_t hash = hash_of(&one.hash, key.data, len);

		check_hash(&one, key, hash);
		check_hash(&other, key, hash);
		free_key(key);
	}
	instance_fini(&one);
	instance_fini(&other);
}
END_TEST

/* Data that the threads share. */
struct crowd {
	const struct tenon_hash *hash;
	struct tenon_slice keys[KEYS_COUNT];
	uint64_t expected[KEYS_COUNT];
};

/* Returns NULL when every answer was right, or a text for free(). */
static void *hash_in_a_crowd(void *payload)
{
	struct crowd *crowd = payload;
	uint64_t found[KEYS_COUNT];

	for (int round = 0; round < 20; round++) {
		crowd->hash->ops->hash_many(crowd->hash->self, crowd->keys,
					    KEYS_COUNT, found);
		for (size_t i = 0; i < KEYS_COUNT; i++) {
			uint64_t hash = hash_of(crowd->hash,
						crowd->keys[i].data,
						crowd->keys[i].len);

			if (hash != crowd->expected[i] ||
			    found[i] != crowd->expected[i]) {
				return seen_copy("key %zu: found %#llx by hash and %#llx by hash_many, one thread alone has %#llx",
						 i, (unsigned long long)hash,
						 (unsigned long long)found[i],
						 (unsigned long long)
							 crowd->expected[i]);
			}
		}
	}
	return NULL;
}

START_TEST(threads_do_not_disturb_each_other)
{
	struct instance instance;
	struct crowd crowd;
	uint64_t seed = 3;

	instance_init(&instance, subject(_i));
	crowd.hash = &instance.hash;
	for (size_t i = 0; i < KEYS_COUNT; i++) {
		crowd.keys[i] = make_key(i % (TENON_KEY_MAX_BYTES + 1), &seed);
		crowd.expected[i] = hash_of(crowd.hash, crowd.keys[i].data,
					    crowd.keys[i].len);
	}
	subject_check_in_threads(hash_in_a_crowd, &crowd);
	for (size_t i = 0; i < KEYS_COUNT; i++) {
		free_key(crowd.keys[i]);
	}
	instance_fini(&instance);
}
END_TEST

/* ---- reading the key and nothing else ----------------------------------- */

START_TEST(no_byte_beside_the_key_is_read)
{
	const struct tenon__plugin *plugin = subject(_i);
	unsigned char key[NAME_MAX_BYTES];
	struct instance instance;
	struct guard guard;
	uint64_t seed = 4;

	instance_init(&instance, subject(_i));
	guard_open(&guard, NAME_MAX_BYTES);
	for (size_t len = 0; len <= NAME_MAX_BYTES; len++) {
		struct tenon_slice slice = { NULL, len };
		uint64_t expected;
		uint64_t many;

		fill_key(key, len, &seed);
		expected = hash_of(&instance.hash, key, len);
		slice.data = guard_at_end(&guard, key, len);
		check_hash(&instance, slice, expected);
		instance.hash.ops->hash_many(instance.hash.self, &slice, 1,
					     &many);
		ck_assert_subject_hex(many, ==, expected);
		slice.data = guard_at_start(&guard, key, len);
		check_hash(&instance, slice, expected);
	}
	guard_close(&guard);
	instance_fini(&instance);
}
END_TEST

/* Return true when some change of byte i changes the hash. */
static bool decides(const struct tenon_hash *hash, unsigned char *key,
		    size_t len, size_t i)
{
	uint64_t before = hash_of(hash, key, len);
	unsigned char kept = key[i];
	bool changes = false;

	for (unsigned change = 1; change < 256 && !changes; change++) {
		key[i] = (unsigned char)(kept ^ change);
		changes = hash_of(hash, key, len) != before;
	}
	key[i] = kept;
	return changes;
}

START_TEST(every_byte_of_a_key_decides_its_hash)
{
	unsigned char key[TENON_KEY_MAX_BYTES];
	struct instance instance;
	uint64_t seed = 10;

	instance_init(&instance, subject(_i));
	for (size_t len = 1; len <= sizeof(key); len += len < 50 ? 1 : 50) {
		fill_key(key, len, &seed);
		for (size_t i = 0; i < len; i++) {
			ck_assert_msg(decides(&instance.hash, key, len, i),
				      "%s: byte %zu of a key of %zu bytes never changes the hash, which is %#llx",
				      instance.plugin->name, i, len,
				      (unsigned long long)hash_of(
					      &instance.hash, key, len));
		}
	}
	instance_fini(&instance);
}
END_TEST

START_TEST(hashing_changes_nothing_in_the_instance)
{
	const struct tenon__plugin *plugin = subject(_i);
	uint32_t bytes = plugin->ops.hash.state_size;
	struct instance instance;
	uint64_t seed = 11;
	uint64_t before;

	instance_init(&instance, plugin);
	before = watched_host_sum(&instance.host, instance.hash.self, bytes);
	for (size_t len = 0; len <= TENON_KEY_MAX_BYTES; len++) {
		struct tenon_slice key = make_key(len, &seed);
		uint64_t many;

		instance.hash.ops->hash_many(instance.hash.self, &key, 1, &many);
		check_hash(&instance, key, many);
		free_key(key);
	}
	ck_assert_subject_hex(
		watched_host_sum(&instance.host, instance.hash.self, bytes), ==,
		before);
	instance_fini(&instance);
}
END_TEST

START_TEST(alignment_and_neighbours_do_not_matter)
{
	unsigned char room[16 + TENON_KEY_MAX_BYTES + 16];
	unsigned char key[TENON_KEY_MAX_BYTES];
	struct instance instance;
	uint64_t seed = 5;

	instance_init(&instance, subject(_i));
	for (size_t len = 0; len <= TENON_KEY_MAX_BYTES; len++) {
		uint64_t expected;

		fill_key(key, len, &seed);
		expected = hash_of(&instance.hash, key, len);
		for (size_t shift = 0; shift < 16; shift++) {
			fill_key(room, sizeof(room), &seed);
			memcpy(room + shift, key, len);
			check_hash(&instance,
				   (struct tenon_slice){ room + shift, len },
				   expected);
		}
	}
	instance_fini(&instance);
}
END_TEST

START_TEST(no_hash_has_more_than_its_bits)
{
	const struct tenon__plugin *plugin = subject(_i);
	uint32_t bits = plugin->ops.hash.bits;
	struct instance instance;
	uint64_t seed = 6;

	instance_init(&instance, plugin);
	ck_assert_subject(bits >= 1 && bits <= 64, "%u bits", (unsigned)bits);
	for (size_t i = 0; i < 20000 && bits < 64; i++) {
		unsigned char key[TENON_KEY_MAX_BYTES];
		size_t len = i % (sizeof(key) + 1);

		fill_key(key, len, &seed);
		ck_assert_subject_hex(hash_of(&instance.hash, key, len) >> bits, ==,
				      0);
	}
	instance_fini(&instance);
}
END_TEST

/* ---- many at once ------------------------------------------------------- */

static void check_many(const struct instance *instance,
		       const struct tenon_slice *keys, size_t count)
{
	const struct tenon__plugin *plugin = instance->plugin;
	const struct tenon_hash *hash = &instance->hash;
	/* Arrays of exact size, as the keys are. */
	struct tenon_slice *own = malloc(count * sizeof(*own) + 1);
	uint64_t *found = malloc(count * sizeof(*found) + 1);

	ck_assert_ptr_nonnull(own);
	ck_assert_ptr_nonnull(found);
	if (count > 0) {
		memcpy(own, keys, count * sizeof(*own));
	}
	((unsigned char *)found)[count * sizeof(*found)] = 0xa5;
	hash->ops->hash_many(hash->self, own, count, found);
	for (size_t i = 0; i < count; i++) {
		uint64_t expected = hash_of(hash, keys[i].data, keys[i].len);

		ck_assert_msg(found[i] == expected,
			      "%s: hash_many of %zu keys: key %zu of %zu bytes: found %#llx, hash has %#llx",
			      plugin->name, count, i, keys[i].len,
			      (unsigned long long)found[i],
			      (unsigned long long)expected);
	}
	ck_assert_subject_hex(((unsigned char *)found)[count * sizeof(*found)], ==,
			      0xa5);
	free(own);
	free(found);
}

START_TEST(many_hashes_are_those_of_one)
{
	struct tenon_slice keys[MANY_MAX];
	struct instance instance;
	uint64_t seed = 7;

	instance_init(&instance, subject(_i));
	for (size_t round = 0; round < 10; round++) {
		for (size_t count = 0; count <= MANY_MAX; count++) {
			for (size_t i = 0; i < count; i++) {
				size_t len = random_next(&seed) %
					     (TENON_KEY_MAX_BYTES + 1);

				keys[i] = make_key(len, &seed);
			}
			check_many(&instance, keys, count);
			for (size_t i = 0; i < count; i++) {
				free_key(keys[i]);
			}
		}
	}
	instance_fini(&instance);
}
END_TEST

START_TEST(many_hashes_of_equally_long_keys_are_those_of_one)
{
	struct tenon_slice keys[MANY_MAX];
	struct instance instance;
	uint64_t seed = 8;

	instance_init(&instance, subject(_i));
	for (size_t len = 0; len <= NAME_MAX_BYTES;
	     len += len < TENON_KEY_MAX_BYTES ? 1 : 125) {
		for (size_t i = 0; i < MANY_MAX; i++) {
			keys[i] = make_key(len, &seed);
		}
		check_many(&instance, keys, MANY_MAX);
		check_many(&instance, keys, 1 + len % MANY_MAX);
		for (size_t i = 0; i < MANY_MAX; i++) {
			free_key(keys[i]);
		}
	}
	instance_fini(&instance);
}
END_TEST

/* ---- the digest ---------------------------------------------------------- */

/* Assert that the digest begins with the hash, and that nothing is written behind its words. */
static void check_digest(const struct instance *instance,
			 struct tenon_slice key)
{
	const struct tenon__plugin *plugin = instance->plugin;
	const struct tenon_hash *hash = &instance->hash;
	uint32_t count = hash->ops->digest_words;
	uint32_t first[DIGEST_WORDS_MOST + 1];
	uint32_t second[DIGEST_WORDS_MOST + 1];

	const struct tenon_slice digest = { first, count * sizeof(first[0]) };
	const struct tenon_slice digest_again = { second, digest.len };

	memset(first, 0xa5, sizeof(first));
	memset(second, 0x5a, sizeof(second));
	hash->ops->digest(hash->self, key.data, key.len, first);
	hash->ops->digest(hash->self, key.data, key.len, second);
	ck_assert_subject_hex(first[0], ==,
			      (uint32_t)hash_of(hash, key.data, key.len));
	ck_assert_subject_bytes(digest, digest_again);
	ck_assert_subject_hex(first[count], ==, 0xa5a5a5a5);
}

START_TEST(a_digest_begins_with_the_hash)
{
	struct instance instance;
	uint64_t seed = 9;

	instance_init(&instance, subject(_i));
	for (size_t len = 0;
	     instance.hash.ops->digest && len <= NAME_MAX_BYTES; len++) {
		struct tenon_slice key = make_key(len, &seed);

		check_digest(&instance, key);
		free_key(key);
	}
	instance_fini(&instance);
}
END_TEST

/* ---- memory ------------------------------------------------------------- */

static int try_init(const struct tenon__plugin *plugin, void *self,
		    const void *options, const struct watched_host *host)
{
	struct tenon_error err = { 0 };

	return plugin->ops.hash.init(self, options, &host->table, &err);
}

START_TEST(init_that_runs_out_of_memory_cleans_up)
{
	const struct tenon__plugin *plugin = subject(_i);
	const struct tenon_hash_ops *ops = &plugin->ops.hash;

	subject_check_without_memory(plugin, ops->state_size, try_init,
				     ops->fini);
}
END_TEST

int conformance_hash(void)
{
	Suite *suite = suite_create("conformance/hash");

	subjects_load(TENON_KIND_HASH);
	subjects_add_tests(suite);
	subjects_add_test(known_answers_are_given);
	subjects_add_test(known_answers_include_the_extremes);
	subjects_add_test(same_key_has_the_same_hash_in_every_instance);
	subjects_add_test(threads_do_not_disturb_each_other);
	subjects_add_test(no_byte_beside_the_key_is_read);
	subjects_add_test(every_byte_of_a_key_decides_its_hash);
	subjects_add_test(hashing_changes_nothing_in_the_instance);
	subjects_add_test(alignment_and_neighbours_do_not_matter);
	subjects_add_test(no_hash_has_more_than_its_bits);
	subjects_add_test(many_hashes_are_those_of_one);
	subjects_add_test(many_hashes_of_equally_long_keys_are_those_of_one);
	subjects_add_test(a_digest_begins_with_the_hash);
	subjects_add_test(init_that_runs_out_of_memory_cleans_up);
	return suite_run(suite);
}
