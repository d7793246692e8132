/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz/gather.h"

#include <string.h>

#include "fakes/store.h"
#include "fuzz/fuzz_rig.h"

#define DAMAGES_MAX 7
#define SPLIT_FLAG 4096u

enum { COMPRESSED = 1, LIBMC = 2, TWICE = 4, OLD_PARENT = 8, CLIENTS = 4 };

/* The config, chosen by the first two bits of the input. */
static const char *const configs[CLIENTS] = {
	"codecs: [zlib: {threshold: 1GiB}, "
	"split: {format: sealed, chunk: 300B, max: 10000B}]\n",
	"codecs: [zlib: {threshold: 100B, keep_if_smaller: false}, "
	"split: {format: sealed, chunk: 300B, max: 10000B}]\n",
	"codecs: [zlib: {threshold: 1GiB}, "
	"split: {chunk: 300B, max: 10000B}]\n",
	"codecs: [zlib: {threshold: 100B, keep_if_smaller: false}, "
	"split: {chunk: 300B, max: 10000B}]\n",
};

static struct tenon_client *clients[CLIENTS];

void fuzz_gather_end(void)
{
	for (int i = 0; i < CLIENTS; i++) {
		tenon_client_close(clients[i]);
		clients[i] = NULL;
	}
}

/* ---- damage -------------------------------------------------------------- */

/* Return one of the items. There is at least one. */
static struct store_item *choose(struct store *store, unsigned number)
{
	struct store_item *item = store->items;
	unsigned count = 0;

	for (const struct store_item *at = item; at; at = at->next) {
		count++;
	}
	for (number %= count; number > 0; number--) {
		item = item->next;
	}
	return item;
}

static void lengthen(struct store *store, const struct store_item *item,
		     size_t more)
{
	size_t len = item->value_len + more;
	char *value = calloc(1, len);
	char key[TENON_KEY_MAX_BYTES];

	fuzz_must(value && item->key_len <= sizeof(key),
		  "there is memory, and the key fits");
	memcpy(key, item->key, item->key_len);
	memcpy(value, item->value, item->value_len);
	store_put(store, key, item->key_len, item->flags, value, len);
	free(value);
}

static void swap(struct store_item *a, struct store_item *b)
{
	char *value = a->value;
	size_t len = a->value_len;

	a->value = b->value;
	a->value_len = b->value_len;
	b->value = value;
	b->value_len = len;
}

/* Change one of the items in a way that no client would. */
static void damage(struct store *store, struct fuzz_input *input)
{
	unsigned what = fuzz_byte(input);
	struct store_item *item = choose(store, fuzz_byte(input));
	unsigned where = fuzz_two(input);

	switch (what % 4) {
	case 0:
		if (item->value_len > 0) {
			item->value[where % item->value_len] ^=
				(char)(1 << what / 4 % 8);
		}
		break;
	case 1:
		item->value_len = where % (item->value_len + 1);
		break;
	case 2:
		lengthen(store, item, 1 + where % 3);
		break;
	default:
		swap(item, choose(store, where));
	}
}

/* ---- writing and reading ------------------------------------------------- */

static void fill(char *value, size_t len, const struct fuzz_input *text,
		 unsigned seed)
{
	for (size_t i = 0; i < len; i++) {
		unsigned byte = text->left ? text->at[i % text->left] : 'v';

		value[i] = (char)(byte + seed * (1 + i / 64));
	}
}

static void write_value(struct tenon_client *client, const char *value,
			size_t len)
{
	const struct tenon_item item = { .key = TENON_LITERAL("k"),
					 .value = { value, len },
					 .flags = 7 };
	struct tenon_result result;
	struct tenon_error err;

	fuzz_must(tenon_set(client, &item, &result, &err) == 0 &&
			  result.status == TENON_STORED,
		  "a value is stored");
}

/* Copy items. The parent is copied only if `parent` is true. */
static void copy_items(struct store *to, const struct store *from, bool parent)
{
	for (const struct store_item *at = from->items; at; at = at->next) {
		if (parent || at->key_len > 1) {
			store_put(to, at->key, at->key_len, at->flags,
				  at->value, at->value_len);
		}
	}
}

/* Write both values, so that items of both are stored. */
static void write_both(struct tenon_client *client, struct store *store,
		       char values[2][GATHER_VALUE_MAX_BYTES], size_t len,
		       unsigned how)
{
	struct store old = { 0 };

	write_value(client, values[0], len);
	if (how & TWICE) {
		copy_items(&old, store, true);
		write_value(client, values[1], len);
		copy_items(store, &old, how & OLD_PARENT);
		store_clear(&old);
	}
}

static bool is_value(const struct tenon_result *result, const char *value,
		     size_t len)
{
	return result->value_len == len && result->flags == 7 &&
	       memcmp(result->value, value, len) == 0;
}

/*
 * Return true when the stored value is split in format sealed, whose parent has a
 * checksum of the chunks.
 */
static bool is_sealed(const struct store *store, unsigned how)
{
	const struct store_item *item = store->items;

	while (item->key_len > 1) {
		item = item->next;
	}
	return !(how & LIBMC) && (item->flags & SPLIT_FLAG);
}

/*
 * Check the result: a value has to be one of the two values, and a whole item has to be
 * found.
 */
static void check(const struct tenon_result *result,
		  char values[2][GATHER_VALUE_MAX_BYTES], size_t len,
		  bool written, bool there)
{
	fuzz_check_value(result);
	fuzz_must(result->status == TENON_HIT ||
			  result->status == TENON_MISS ||
			  result->status == TENON_EUNDECODABLE ||
			  result->status == TENON_ETOOBIG,
		  "a status that a reader may get");
	fuzz_must(result->status == TENON_HIT || result->text != NULL,
		  "a result without value has a reason");
	fuzz_must(result->status == TENON_HIT || !there,
		  "an undamaged value is read");
	fuzz_must(result->status != TENON_HIT || !written ||
			  is_value(result, values[0], len) ||
			  is_value(result, values[1], len),
		  "the value is one that was written");
}

int fuzz_gather(const uint8_t *data, size_t size)
{
	static char values[2][GATHER_VALUE_MAX_BYTES];
	struct fuzz_input input = { data, size };
	unsigned how = fuzz_byte(&input);
	size_t len = fuzz_two(&input) % (GATHER_VALUE_MAX_BYTES + 1);
	unsigned damages = fuzz_byte(&input) % (DAMAGES_MAX + 1);
	struct fuzz_input plan = fuzz_take(&input, (size_t)damages * 4);
	struct tenon_client **client = &clients[how % CLIENTS];
	struct tenon_result result;
	struct tenon_error err;
	struct store store;

	if (!*client) {
		char text[256];

		snprintf(text, sizeof(text), "servers: [nowhere]\n%s",
			 configs[how % CLIENTS]);
		*client = fuzz_open(text);
		fuzz_must(*client != NULL, "there is a client");
	}
	fill(values[0], len, &input, 0);
	fill(values[1], len, &input, 1);
	store_wrap(&store, *client);
	fuzz_rewind_random();
	write_both(*client, &store, values, len, how);
	bool sealed = is_sealed(&store, how);
	bool whole = damages == 0 && !(how & TWICE);
	for (unsigned i = 0; i < damages; i++) {
		damage(&store, &plan);
	}
	tenon_get(*client, (struct tenon_slice)TENON_LITERAL("k"), &result,
		  &err);
	check(&result, values, len, whole || sealed, whole);
	store_unwrap(&store, *client);
	return result.status;
}
