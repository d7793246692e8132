/* SPDX-License-Identifier: BSD-3-Clause */
#include "plugins/ketama_rig.h"

#include "fakes/random.h"

struct spy spy;

void spy_start(uint64_t (*value)(const char *name))
{
	spy.value = value;
	spy.count = 0;
}

static uint64_t spy_one(const void *self, const void *key, size_t key_len)
{
	char *name = spy.names[spy.count];

	(void)self;
	ck_assert_uint_lt(spy.count, SPY_POINTS_MAX);
	ck_assert_uint_lt(key_len, SPY_NAME_BYTES);
	memcpy(name, key, key_len);
	name[key_len] = '\0';
	spy.values[spy.count] = spy.value(name);
	return spy.values[spy.count++];
}

static void spy_many(const void *self, const struct tenon_slice *keys,
		     size_t count, uint64_t *out)
{
	for (size_t i = 0; i < count; i++) {
		out[i] = spy_one(self, keys[i].data, keys[i].len);
	}
}

/* Word i is the value of the name, and i more. */
static void spy_digest(const void *self, const void *key, size_t key_len,
		       uint32_t *words)
{
	uint64_t value = spy_one(self, key, key_len);

	for (uint32_t i = 0; i < SPY_WORDS; i++) {
		words[i] = (uint32_t)value + i;
	}
}

static const struct tenon_hash_ops spy_ops = { .size = sizeof(spy_ops),
					       .hash = spy_one,
					       .hash_many = spy_many,
					       .bits = 64,
					       .digest_words = SPY_WORDS,
					       .digest = spy_digest };
const struct tenon_hash spy_hash = { NULL, &spy_ops };

/* ---- values ------------------------------------------------------------- */

uint64_t md5_value(const char *name)
{
	const struct tenon_hash *md5 = subject_hash("md5");

	return md5->ops->hash(md5->self, name, strlen(name));
}

uint64_t wide_value(const char *name)
{
	uint64_t seed = md5_value(name);

	return random_next(&seed);
}

uint64_t same_value(const char *name)
{
	(void)name;
	return 0x12345678;
}

uint64_t few_value(const char *name)
{
	static const uint64_t values[] = { 0, 0x80000000, 0x80000001,
					   0xffffffff };

	return values[md5_value(name) % 4];
}

uint64_t dense_value(const char *name)
{
	return 0x40000000 + md5_value(name) % 1000;
}

uint64_t step_value(const char *name)
{
	return (uint64_t)(name[0] - 'a' + 1) * 1000;
}
