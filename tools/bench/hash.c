/* SPDX-License-Identifier: BSD-3-Clause */
/* The mode `hash`: it measures hash plugins without a client. */
#include "tenon/plugin/hash.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench_plugin.h"
#include "run.h"
#include "bench_subject.h"
#include "table.h"
#include "tool.h"

#define KEYS_COUNT	 1024
#define BATCH		 100 /* keys at once */
#define COUNT_OPERATIONS 8000

/* ---- hashing again and again --------------------------------------------- */

struct hashing {
	const struct tenon_hash *hash;
	struct tenon_slice *keys;
	bool is_many;
	size_t next;
	uint64_t sum; /* keeps the compiler from removing hashes */
};

/* Make an array of keys. The caller frees the array and keys[0].data, which has all keys. */
static struct tenon_slice *make_keys(size_t key_len)
{
	struct tenon_slice *keys = alloc_array(KEYS_COUNT, sizeof(*keys));
	char *bytes = alloc_array(KEYS_COUNT, key_len);

	for (size_t i = 0; i < KEYS_COUNT; i++) {
		char *key = bytes + i * key_len;
		char name[32];
		int len = snprintf(name, sizeof(name), "user:%zu:profile:%zu",
				   i * 7919, i);

		for (size_t at = 0; at < key_len; at++) {
			key[at] = name[at % (size_t)len];
		}
		keys[i] = (struct tenon_slice){ key, key_len };
	}
	return keys;
}

static void *hash_open(const struct settings *settings, const char *client,
		       const char *case_name)
{
	size_t many_len = subject_size(case_name, "hash-many-");
	size_t key_len = many_len > 0 ? many_len
				      : subject_size(case_name, "hash-");
	const struct tenon_hash *hash = key_len > 0 ? plugin_hash(client) : NULL;
	struct hashing *self;

	(void)settings;
	if (!hash || (many_len > 0 && !hash->ops->hash_many)) {
		return NULL;
	}
	self = alloc_array(1, sizeof(*self));
	self->hash = hash;
	self->is_many = many_len > 0;
	self->keys = make_keys(key_len);
	return self;
}

static void hash_each(struct hashing *self, size_t count)
{
	const struct tenon_hash *hash = self->hash;
	size_t end = self->next + count;
	uint64_t sum = 0;

	for (size_t i = self->next; i < end; i++) {
		const struct tenon_slice *key = &self->keys[i % KEYS_COUNT];

		sum += hash->ops->hash(hash->self, key->data, key->len);
	}
	self->next = end % KEYS_COUNT;
	self->sum += sum;
}

static void hash_many(struct hashing *self, size_t count)
{
	uint64_t hashes[BATCH];

	while (count > 0) {
		size_t part = count < BATCH ? count : BATCH;

		self->hash->ops->hash_many(self->hash->self, self->keys, part,
					   hashes);
		self->sum += hashes[0];
		count -= part;
	}
}

static void hash_run(void *opened, size_t operations)
{
	struct hashing *self = opened;

	if (self->is_many) {
		hash_many(self, operations);
	} else {
		hash_each(self, operations);
	}
}

static void hash_close(void *opened)
{
	struct hashing *self = opened;

	free((char *)(uintptr_t)self->keys[0].data);
	free(self->keys);
	free(self);
}

const struct subject hash_subject = {
	.open = hash_open,
	.run = hash_run,
	.close = hash_close,
};

/* ---- the mode ------------------------------------------------------------ */

static void measure(struct table *table, const struct settings *settings,
		    const char *name, const char *case_name)
{
	double key_ns = subject_ns(&hash_subject, settings, name, case_name);

	if (key_ns < 0) {
		return; /* the plugin cannot hash many */
	}
	table_text(table, name);
	table_text(table, case_name);
	table_number(table, key_ns);
	table_number(table, count_instructions(settings, name, case_name,
					       COUNT_OPERATIONS));
}

int run_hash(const struct settings *settings)
{
	static const char *const cases[] = { "hash-20", "hash-many-20",
					     "hash-200", "hash-many-200" };
	static const struct column columns[] = {
		{ "client", "hash", COLUMN_TEXT },
		{ "case", "case", COLUMN_TEXT },
		{ "key_ns", "ns a key", 1 },
		{ "instructions", "instructions", 0 },
		{ NULL, NULL, 0 },
	};
	struct plugins plugins;
	struct table table;

	plugins_select(&plugins, "hash", settings->clients);
	table_begin(&table, settings, "hash", columns);
	for (size_t i = 0; i < plugins.count; i++) {
		for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
			if (is_selected(settings->cases, cases[c])) {
				measure(&table, settings,
					plugins.list[i]->name, cases[c]);
			}
		}
	}
	table_end(&table);
	return EXIT_SUCCESS;
}
