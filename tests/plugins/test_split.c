/* SPDX-License-Identifier: BSD-3-Clause */
/* Codec split: libmc's items to the byte, sealed items, and hostile parents. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "conformance/codec_rig.h"
#include "conformance/libmc_values.h"
#include "runner/suite.h"

#define MAX_VALUE_BYTES ((uint64_t)16 << 20)
#define SMALL "{chunk: 100, max: 1000}"
#define SEALED "{chunk: 100, max: 1000, format: sealed}"

#define says(codec, text) ck_assert_ptr_nonnull(strstr((codec)->err.message, text))

static void open_split(struct codec *codec, const char *options)
{
	codec_open(codec, subject_named(TENON_KIND_CODEC, "split"), options,
		   MAX_VALUE_BYTES);
}

static struct tenon_split_item make_item(const char *key, const void *value,
					 size_t len)
{
	return (struct tenon_split_item){ .key = { key, strlen(key) },
					  .value = { value, len } };
}

/* A split value: its parent and its chunks. */
struct parts {
	struct rig_output parent;
	struct rig_chunks chunks;
};

static int scatter(struct codec *codec, const struct tenon_split_item *item,
		   struct parts *parts)
{
	rig_output_init(&parts->parent, codec->max_value_bytes);
	rig_chunks_init(&parts->chunks);
	return codec_scatter(codec, item, &parts->chunks, &parts->parent);
}

static void parts_free(struct parts *parts)
{
	rig_chunks_fini(&parts->chunks);
	rig_output_fini(&parts->parent);
}

/* Call plan for a parent under `key`. Returns its result. */
static int plan(struct codec *codec, const char *key, struct tenon_slice parent,
		struct rig_chunks *chunks)
{
	const struct tenon_split_item item =
		make_item(key, parent.data, parent.len);

	rig_chunks_init(chunks);
	return codec_plan(codec, &item, chunks);
}

static int plan_only(struct codec *codec, const char *key, const char *parent,
		     size_t len)
{
	struct rig_chunks chunks;
	int code =
		plan(codec, key, (struct tenon_slice){ parent, len }, &chunks);

	rig_chunks_fini(&chunks);
	return code;
}

static int gather(struct codec *codec, const char *key, struct tenon_slice parent,
		  const struct tenon_chunk *list, uint32_t count)
{
	const struct tenon_split_item item =
		make_item(key, parent.data, parent.len);

	return codec_gather(codec, &item, list, count);
}

/* Return a key of n bytes. Static. */
static const char *long_key(size_t n)
{
	static char key[300];

	memset(key, 'k', n);
	key[n] = '\0';
	return key;
}

/* ---- libmc's format ----------------------------------------------------- */

static void check_piece(const struct libmc_case *libmc, struct tenon_slice key,
			struct tenon_slice value, uint32_t flags)
{
	const struct libmc_item *item = libmc_find(libmc, key.data, key.len);
	char sha256[65];

	ck_assert_msg(item != NULL, "case %s: libmc has no item '%.*s'",
		      libmc->name, (int)key.len, (const char *)key.data);
	sha256_hex(sha256, value.data, value.len);
	ck_assert_uint_eq(item->len, value.len);
	ck_assert_uint_eq(item->flags, flags);
	ck_assert_str_eq(item->sha256, sha256);
}

/* Read back a value from libmc's items. */
static void check_reading(struct codec *codec, const struct libmc_case *libmc,
			  const struct parts *parts)
{
	const struct tenon_slice parent = written(&parts->parent);
	struct rig_chunks found;

	ck_assert_int_eq(plan(codec, libmc->key, parent, &found), 0);
	ck_assert_uint_eq(found.base.count, libmc->count - 1);
	for (uint32_t i = 0; i < found.base.count; i++) {
		ck_assert(slices_equal(found.list[i].key,
				       parts->chunks.list[i].key));
		found.list[i].value = parts->chunks.list[i].value;
	}
	ck_assert_int_eq(gather(codec, libmc->key, parent, found.list,
				found.base.count),
			 0);
	rig_chunks_fini(&found);
}

static void check_libmc(const struct libmc_case *libmc, void *payload)
{
	struct tenon_split_item item =
		make_item(libmc->key, libmc->value, libmc->len);
	struct parts parts;
	struct codec codec;
	size_t *checked = payload;
	int code;

	/*
	 * Skip values with an option of libmc: they do not concern this codec or not
	 * its defaults.
	 */
	if (strcmp(libmc->option, "-") != 0) {
		return;
	}
	open_split(&codec, NULL);
	code = scatter(&codec, &item, &parts);
	if (!libmc->stored) {
		ck_assert_int_eq(code, TENON_ETOOBIG);
	} else if (!code) {
		ck_assert_uint_eq(libmc->count, 1);
		ck_assert_uint_eq(libmc->items[0].len, libmc->len);
	} else {
		ck_assert_int_eq(code, 1);
		ck_assert_uint_eq(libmc->count, parts.chunks.base.count + 1);
		check_piece(libmc, item.key, written(&parts.parent),
			    codec.ops->flags(codec.self));
		for (uint32_t i = 0; i < parts.chunks.base.count; i++) {
			check_piece(libmc, parts.chunks.list[i].key,
				    parts.chunks.list[i].value, 0);
		}
		check_reading(&codec, libmc, &parts);
		(*checked)++;
	}
	parts_free(&parts);
	codec_close(&codec);
}

START_TEST(items_are_those_of_libmc)
{
	size_t checked = 0;

	libmc_values_each(check_libmc, &checked);
	ck_assert_uint_eq(checked, 4);
}
END_TEST

/* split.c: LIBMC_KEY_MAX_BYTES */
START_TEST(each_limit_is_named)
{
	char *value = calloc(1, 10000001);
	struct tenon_split_item item = make_item("key", value, 10000001);
	struct codec codec;
	struct parts parts;

	ck_assert_ptr_nonnull(value);
	open_split(&codec, NULL);
	ck_assert_int_eq(scatter(&codec, &item, &parts), TENON_ETOOBIG);
	says(&codec, "value of 10000001 bytes is larger than max of codec split, 10000000 bytes");
	parts_free(&parts);
	item = make_item(long_key(201), value, 1000001);
	ck_assert_int_eq(scatter(&codec, &item, &parts), TENON_ETOOBIG);
	says(&codec, "key of 201 bytes is too long: libmc's format splits values under keys of at most 200 bytes");
	parts_free(&parts);
	item = make_item("key", value, 1000001);
	item.conditional = 1;
	ck_assert_int_eq(scatter(&codec, &item, &parts), TENON_ETOOBIG);
	says(&codec, "'format: sealed' does it for add, replace and cas too");
	parts_free(&parts);
	/* A value that is not split is never refused. */
	item = make_item(long_key(250), value, 1000000);
	item.conditional = 1;
	ck_assert_int_eq(scatter(&codec, &item, &parts), 0);
	parts_free(&parts);
	codec_close(&codec);
	free(value);
}
END_TEST

#define TEXT(text) text, sizeof(text) - 1

/* With chunks of 100 bytes and values of at most 1000 bytes. */
static const struct {
	const char *parent;
	size_t len;
	int code;
	uint32_t count;
} counts[] = {
	{ TEXT("1"), 0, 1 }, /* libmc never writes this parent, but reads it */
	{ TEXT("2"), 0, 2 },
	{ TEXT("10"), 0, 10 },
	{ TEXT("2\0\0"), 0, 2 },
	{ TEXT("\0" "2\0"), 0, 2 },
	{ TEXT("0"), TENON_EUNDECODABLE, 0 },
	{ TEXT("11"), TENON_EUNDECODABLE, 0 },
	{ TEXT("-1"), TENON_EUNDECODABLE, 0 },
	{ TEXT("1000000000"), TENON_EUNDECODABLE, 0 },
	{ TEXT("9999999999"), TENON_EUNDECODABLE, 0 },
	{ TEXT("4294967297"), TENON_EUNDECODABLE, 0 },
	{ TEXT("18446744073709551617"), TENON_EUNDECODABLE, 0 },
	{ TEXT(""), TENON_EUNDECODABLE, 0 },
	{ TEXT("\0\0"), TENON_EUNDECODABLE, 0 },
	{ TEXT("2\0" "3"), TENON_EUNDECODABLE, 0 },
	{ TEXT("02"), TENON_EUNDECODABLE, 0 },
	{ TEXT("+2"), TENON_EUNDECODABLE, 0 },
	{ TEXT(" 2"), TENON_EUNDECODABLE, 0 },
	{ TEXT("2 "), TENON_EUNDECODABLE, 0 },
	{ TEXT("2\n"), TENON_EUNDECODABLE, 0 },
	{ TEXT("2x"), TENON_EUNDECODABLE, 0 },
	{ TEXT("two"), TENON_EUNDECODABLE, 0 },
	{ TEXT("0x2"), TENON_EUNDECODABLE, 0 },
	{ TEXT("2.0"), TENON_EUNDECODABLE, 0 },
	{ TEXT("\x80\xff\n\r\x1b[31m"), TENON_EUNDECODABLE, 0 },
};

START_TEST(counts_are_read_as_written)
{
	struct rig_chunks found;
	struct codec codec;

	open_split(&codec, SMALL);
	ck_assert_int_eq(plan(&codec, "key",
			      (struct tenon_slice){ counts[_i].parent,
						    counts[_i].len },
			      &found),
			 counts[_i].code);
	ck_assert_uint_eq(found.base.count, counts[_i].count);
	for (uint32_t i = 0; i < found.base.count; i++) {
		char key[20];

		snprintf(key, sizeof(key), "~3key/%u", (unsigned)i);
		ck_assert(slices_equal(found.list[i].key,
				       (struct tenon_slice){ key, strlen(key) }));
		ck_assert_uint_eq(found.list[i].value.len, 100);
	}
	rig_chunks_fini(&found);
	codec_close(&codec);
}
END_TEST

START_TEST(long_keys_have_no_chunks)
{
	struct codec codec;

	open_split(&codec, SMALL);
	ck_assert_int_eq(plan_only(&codec, long_key(200), "2", 1), 0);
	ck_assert_int_eq(plan_only(&codec, long_key(201), "2", 1),
			 TENON_EUNDECODABLE);
	ck_assert_int_eq(plan_only(&codec, long_key(250), "2", 1),
			 TENON_EUNDECODABLE);
	codec_close(&codec);
}
END_TEST

START_TEST(the_fault_of_a_chunk_is_in_the_message)
{
	char value[500] = { 0 };
	struct tenon_split_item item = make_item("key", value, 450);
	struct tenon_chunk *list;
	struct codec codec;
	struct parts parts;

	open_split(&codec, SMALL);
	ck_assert_int_eq(scatter(&codec, &item, &parts), 1);
	ck_assert_uint_eq(parts.chunks.base.count, 5);
	list = parts.chunks.list;
#define GATHER(n) gather(&codec, "key", written(&parts.parent), list, n)
	ck_assert_int_eq(GATHER(5), 0);
	list[2].value.len = 99;
	ck_assert_int_eq(GATHER(5), TENON_MISS);
	says(&codec, "chunk 3 of 5 has 99 bytes, expected 100");
	list[2].value = (struct tenon_slice){ NULL, 0 };
	ck_assert_int_eq(GATHER(5), TENON_MISS);
	says(&codec, "chunk 3 of 5 is absent");
	list[2].value = (struct tenon_slice){ value, 101 };
	ck_assert_int_eq(GATHER(5), TENON_MISS);
	says(&codec, "chunk 3 of 5 has 101 bytes, expected 100");
	list[2].value.len = 100;
	list[4].value.len = 0;
	ck_assert_int_eq(GATHER(5), TENON_MISS);
	says(&codec, "chunk 5 of 5 has 0 bytes, expected 1 to 100");
	list[4].value.len = 100;
	ck_assert_int_eq(GATHER(5), 0);
	ck_assert_int_eq(GATHER(4), TENON_EUNDECODABLE);
	says(&codec, "4 chunks were read, but the parent names 5");
#undef GATHER
	parts_free(&parts);
	codec_close(&codec);
}
END_TEST

START_TEST(values_above_max_value_bytes_are_not_read)
{
	const struct tenon__plugin *plugin =
		subject_named(TENON_KIND_CODEC, "split");
	struct rig_chunks found;
	struct codec codec;

	codec_open(&codec, plugin, SMALL, 250);
	ck_assert_int_eq(plan_only(&codec, "key", "2", 1), 0);
	ck_assert_int_eq(plan_only(&codec, "key", "4", 1), TENON_ETOOBIG);
	says(&codec, "301 bytes or more, max_value_bytes is 250");
	/* Three chunks are possible when the last one is short. */
	ck_assert_int_eq(plan(&codec, "key", (struct tenon_slice){ "3", 1 },
			      &found),
			 0);
	ck_assert_uint_eq(found.list[1].value.len, 100);
	ck_assert_uint_eq(found.list[2].value.len, 50);
	for (uint32_t i = 0; i < 2; i++) {
		found.list[i].value.data = long_key(100);
	}
	ck_assert_int_eq(gather(&codec, "key", (struct tenon_slice){ "3", 1 },
				found.list, 3),
			 TENON_MISS);
	says(&codec, "chunk 3 of 3 is absent, or the value is larger than max_value_bytes");
	rig_chunks_fini(&found);
	codec_close(&codec);
	codec_open(&codec, plugin, SMALL, 300);
	ck_assert_int_eq(plan_only(&codec, "key", "3", 1), 0);
	ck_assert_int_eq(plan_only(&codec, "key", "4", 1), TENON_ETOOBIG);
	codec_close(&codec);
}
END_TEST

/* libmc's format does not notice this mix. That is the reason for format sealed. */
START_TEST(two_writes_mix_in_libmcs_format)
{
	char one[300];
	char other[300];
	struct tenon_split_item item = make_item("key", one, sizeof(one));
	struct codec codec;
	struct parts first;
	struct parts second;

	memset(one, '1', sizeof(one));
	memset(other, '2', sizeof(other));
	open_split(&codec, SMALL);
	ck_assert_int_eq(scatter(&codec, &item, &first), 1);
	item.value.data = other;
	ck_assert_int_eq(scatter(&codec, &item, &second), 1);
	for (uint32_t i = 0; i < 3; i++) {
		ck_assert(slices_equal(first.chunks.list[i].key,
				       second.chunks.list[i].key));
	}
	first.chunks.list[1].value = second.chunks.list[1].value;
	ck_assert_int_eq(gather(&codec, "key", written(&first.parent),
				first.chunks.list, 3),
			 0);
	parts_free(&first);
	parts_free(&second);
	codec_close(&codec);
}
END_TEST

/* ---- sealed ------------------------------------------------------------- */

/*
 * Two sources of random bytes: random_id() gives other bytes at each call, same_id()
 * always the same.
 */
static uint64_t next_id = 1;

static void random_id(void *context, void *out, size_t len)
{
	uint64_t id = next_id++;

	(void)context;
	ck_assert_uint_eq(len, sizeof(id));
	memcpy(out, &id, sizeof(id));
}

static void same_id(void *context, void *out, size_t len)
{
	(void)context;
	memset(out, 0xab, len);
}

START_TEST(sealed_layout_is_as_documented)
{
	char value[450];
	struct tenon_split_item item = make_item(
		"key", make_value(value, 450, VALUE_TEXT).data, sizeof(value));
	char parent[100];
	uint64_t checksum = 0;
	struct codec codec;
	struct parts parts;

	open_split(&codec, SEALED);
	codec.host.table.random_bytes = same_id;
	ck_assert_int_eq(scatter(&codec, &item, &parts), 1);
	ck_assert_uint_eq(parts.chunks.base.count, 5);
	for (uint32_t i = 0; i < 5; i++) {
		const struct tenon_chunk *chunk = &parts.chunks.list[i];
		char key[60];

		snprintf(key, sizeof(key), "~3key/abababababababab/%u",
			 (unsigned)i);
		ck_assert(slices_equal(chunk->key,
				       (struct tenon_slice){ key, strlen(key) }));
		ck_assert_uint_eq(chunk->value.len, 90);
		checksum = XXH3_64bits_withSeed(value + i * 90, 90, checksum);
	}
	snprintf(parent, sizeof(parent), "S1 450 5 abababababababab %016" PRIx64,
		 checksum);
	ck_assert(slices_equal(written(&parts.parent),
			       (struct tenon_slice){ parent, strlen(parent) }));
	parts_free(&parts);
	codec_close(&codec);
}
END_TEST

START_TEST(chunks_are_alike_and_never_longer_than_asked)
{
	char value[1000];
	struct codec codec;

	open_split(&codec, SEALED);
	for (size_t len = 101; len <= 1000; len++) {
		struct tenon_split_item item = make_item(
			"key", make_value(value, len, VALUE_TEXT).data, len);
		struct parts parts;

		rig_assert(scatter(&codec, &item, &parts) == 1, "%zu bytes",
			   len);
		rig_assert(parts.chunks.base.count == (len + 99) / 100,
			   "%zu bytes", len);
		for (uint32_t i = 0; i < parts.chunks.base.count; i++) {
			size_t chunk = parts.chunks.list[i].value.len;

			rig_assert(chunk >= 1 && chunk <= 100,
				   "%zu bytes: a chunk of %zu", len, chunk);
		}
		parts_free(&parts);
	}
	codec_close(&codec);
}
END_TEST

/*
 * Read a value whose chunk i is from another write, as a server has it after two
 * writes. keys_too: the chunk is found under any key.
 */
static int mix(struct codec *codec, uint32_t i, bool keys_too)
{
	char one[300];
	char other[300];
	struct tenon_split_item item = make_item("key", one, sizeof(one));
	struct rig_chunks found;
	struct parts first;
	struct parts second;
	int code;

	memset(one, '1', sizeof(one));
	memset(other, '2', sizeof(other));
	ck_assert_int_eq(scatter(codec, &item, &first), 1);
	item.value.data = other;
	ck_assert_int_eq(scatter(codec, &item, &second), 1);
	ck_assert_int_eq(plan(codec, "key", written(&first.parent), &found), 0);
	for (uint32_t j = 0; j < found.base.count; j++) {
		const struct tenon_chunk *there =
			j == i ? &second.chunks.list[j] : &first.chunks.list[j];
		bool seen = keys_too ||
			    slices_equal(there->key, found.list[j].key);

		found.list[j].value = seen ? there->value
					   : (struct tenon_slice){ NULL, 0 };
	}
	code = gather(codec, "key", written(&first.parent), found.list,
		      found.base.count);
	rig_chunks_fini(&found);
	parts_free(&first);
	parts_free(&second);
	return code;
}

START_TEST(two_sealed_writes_never_mix)
{
	struct codec codec;

	open_split(&codec, SEALED);
	codec.host.table.random_bytes = random_id;
	for (uint32_t i = 0; i < 3; i++) {
		/*
		 * The other write's chunk has another id in its key, so it is not
		 * looked for.
		 */
		ck_assert_int_eq(mix(&codec, i, false), TENON_MISS);
		says(&codec, "is absent");
		/* Even if that chunk is found, it does not pass the checksum. */
		ck_assert_int_eq(mix(&codec, i, true), TENON_EUNDECODABLE);
		says(&codec, "checksum");
	}
	/* With bad random numbers both writes have the same id, and the checksum decides. */
	codec.host.table.random_bytes = same_id;
	ck_assert_int_eq(mix(&codec, 1, false), TENON_EUNDECODABLE);
	ck_assert_int_eq(mix(&codec, 3, false), 0);
	codec_close(&codec);
}
END_TEST

/* Check that the reader finds all parts of the value. */
static void check_finds(struct codec *reader, const struct parts *parts)
{
	const struct tenon_slice parent = written(&parts->parent);
	struct rig_chunks found;

	ck_assert_int_eq(plan(reader, "key", parent, &found), 0);
	ck_assert_uint_eq(found.base.count, parts->chunks.base.count);
	ck_assert_int_eq(gather(reader, "key", parent, parts->chunks.list,
				parts->chunks.base.count),
			 0);
	rig_chunks_fini(&found);
}

START_TEST(both_formats_are_read_whichever_is_written)
{
	static const char *const options[] = { SMALL, SEALED };
	char value[450] = { 0 };

	for (size_t writes = 0; writes < 2; writes++) {
		struct tenon_split_item item =
			make_item("key", value, sizeof(value));
		struct codec writer;
		struct codec reader;
		struct parts parts;

		open_split(&writer, options[writes]);
		open_split(&reader, options[1 - writes]);
		ck_assert_uint_eq(writer.ops->owns_chunks(writer.self), writes);
		ck_assert_int_eq(scatter(&writer, &item, &parts), 1);
		check_finds(&reader, &parts);
		parts_free(&parts);
		codec_close(&reader);
		codec_close(&writer);
	}
}
END_TEST

START_TEST(sealed_is_read_with_any_chunk_and_max)
{
	char value[900] = { 0 };
	struct tenon_split_item item = make_item("key", value, sizeof(value));
	struct codec writer;
	struct codec reader;
	struct parts parts;

	open_split(&writer, SEALED);
	open_split(&reader, "{chunk: 33, max: 66, format: sealed}");
	ck_assert_int_eq(scatter(&writer, &item, &parts), 1);
	check_finds(&reader, &parts);
	parts_free(&parts);
	codec_close(&reader);
	codec_close(&writer);
}
END_TEST

START_TEST(sealed_keys_may_be_as_long_as_their_chunks_allow)
{
	static const struct {
		size_t value_bytes;
		size_t key_bytes; /* length of the longest key */
	} limits[] = { { 1000, 227 }, { 1001, 226 }, { 10000, 226 },
		       { 10001, 225 } };
	char *value = calloc(1, 20000);
	struct codec codec;

	ck_assert_ptr_nonnull(value);
	open_split(&codec, "{chunk: 100, max: 20000, format: sealed}");
	for (size_t i = 0; i < 4; i++) {
		size_t fits = limits[i].key_bytes;
		struct tenon_split_item item = make_item(
			long_key(fits), value, limits[i].value_bytes);
		struct parts parts;
		uint32_t last;

		ck_assert_int_eq(scatter(&codec, &item, &parts), 1);
		last = parts.chunks.base.count - 1;
		ck_assert_uint_eq(parts.chunks.list[last].key.len, 250);
		ck_assert_int_eq(plan_only(&codec, long_key(fits),
					   parts.parent.base.data,
					   parts.parent.base.len),
				 0);
		ck_assert_int_eq(plan_only(&codec, long_key(fits + 1),
					   parts.parent.base.data,
					   parts.parent.base.len),
				 TENON_EUNDECODABLE);
		parts_free(&parts);
		item = make_item(long_key(fits + 1), value,
				 limits[i].value_bytes);
		ck_assert_int_eq(scatter(&codec, &item, &parts), TENON_ETOOBIG);
		says(&codec, "would have 251 bytes, expected at most 250");
		parts_free(&parts);
	}
	codec_close(&codec);
	free(value);
}
END_TEST

#define ID "0123456789abcdef"

/* The client reads values of at most 16 MiB. */
static const struct {
	const char *parent;
	size_t len;
	int code;
} seals[] = {
	{ TEXT("S1 450 5 " ID " " ID), 0 },
	{ TEXT("S1 1 1 " ID " " ID), 0 },
	{ TEXT("S1 4096 4096 " ID " " ID), 0 },
	{ TEXT("S1 16777216 20 " ID " " ID), 0 },
	{ TEXT("S1 16777217 20 " ID " " ID), TENON_ETOOBIG },
	{ TEXT("S1 9999999999 20 " ID " " ID), TENON_ETOOBIG },
	{ TEXT("S1 450 0 " ID " " ID), TENON_EUNDECODABLE },
	{ TEXT("S1 0 1 " ID " " ID), TENON_EUNDECODABLE },
	{ TEXT("S1 0 0 " ID " " ID), TENON_EUNDECODABLE },
	/* the four chunks would have 2, 2, 2 and -1 bytes */
	{ TEXT("S1 5 4 " ID " " ID), TENON_EUNDECODABLE },
	{ TEXT("S1 4 5 " ID " " ID), TENON_EUNDECODABLE },
	{ TEXT("S1 450 4097 " ID " " ID), TENON_EUNDECODABLE },
	{ TEXT("S1 1229100 4097 " ID " " ID), TENON_EUNDECODABLE },
	{ TEXT("S1 450 4294967301 " ID " " ID), TENON_EUNDECODABLE },
	{ TEXT("S1 450 -5 " ID " " ID), TENON_EUNDECODABLE },
	{ TEXT("S1 0450 5 " ID " " ID), TENON_EUNDECODABLE },
	{ TEXT("S1 450 5 " ID " " ID " "), TENON_EUNDECODABLE },
	{ TEXT("S1 450 5 " ID " " ID "0"), TENON_EUNDECODABLE },
	{ TEXT("S1 450 5 " ID " 0123456789abcde"), TENON_EUNDECODABLE },
	{ TEXT("S1 450 5 " ID " 0123456789ABCDEF"), TENON_EUNDECODABLE },
	{ TEXT("S1 450 5 " ID), TENON_EUNDECODABLE },
	{ TEXT("S1 450 5  " ID " " ID), TENON_EUNDECODABLE },
	{ TEXT("S1 18446744073709551617 5 " ID " " ID), TENON_EUNDECODABLE },
	{ TEXT("S2 450 5 " ID " " ID), TENON_EUNDECODABLE },
	{ TEXT("s1 450 5 " ID " " ID), TENON_EUNDECODABLE },
	{ TEXT("S1"), TENON_EUNDECODABLE },
	{ TEXT("S"), TENON_EUNDECODABLE },
};

START_TEST(seals_are_read_as_written)
{
	struct codec codec;

	open_split(&codec, _i % 2 == 0 ? NULL : SEALED);
	ck_assert_int_eq(plan_only(&codec, "key", seals[_i].parent,
				   seals[_i].len),
			 seals[_i].code);
	codec_close(&codec);
}
END_TEST

START_TEST(sealed_is_for_add_replace_and_cas)
{
	char value[450] = { 0 };
	struct tenon_split_item item = make_item("key", value, sizeof(value));
	struct codec codec;
	struct parts parts;

	item.conditional = 1;
	open_split(&codec, SEALED);
	ck_assert_int_eq(scatter(&codec, &item, &parts), 1);
	parts_free(&parts);
	codec_close(&codec);
}
END_TEST

/* ---- options ------------------------------------------------------------ */

START_TEST(options_that_make_no_sense_are_refused)
{
	static const struct {
		const char *options;
		const char *says;
	} wrong[] = {
		{ "{chunk: 100, max: 99}", "max is 99 bytes, expected at least chunk, which is 100 bytes" },
		/* TENON_CHUNKS_MAX_COUNT */
		{ "{chunk: 1, max: 4097}", "4097 chunks of 1 bytes, expected at most 4096" },
		{ "{flag: 12}", "flag is 12, expected one bit" },
		{ "{chunk: 0}", "chunk" },
		{ "{format: libmemcached}", "format" },
	};
	const struct tenon__plugin *plugin =
		subject_named(TENON_KIND_CODEC, "split");
	struct tenon_error err = { 0 };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert_int_eq(codec_check(plugin, wrong[i].options, &err),
				 TENON_ECONFIG);
		ck_assert_msg(strstr(err.message, wrong[i].says) != NULL,
			      "%s: %s", wrong[i].options, err.message);
	}
	ck_assert_int_eq(codec_check(plugin, "{chunk: 1, max: 4096}", &err), 0);
	ck_assert_int_eq(codec_check(plugin, "{chunk: 1MB, max: 10MB}", &err), 0);
	/* split.c: OPTION_MAX_BYTES */
	subject_option_ends_at(plugin, "max: 1GiB, chunk", "1GiB",
			       "1073741825B");
	subject_option_ends_at(plugin, "chunk: 1GiB, max", "1GiB",
			       "1073741825B");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("split");
	TCase *libmc = tcase_create("libmc");
	TCase *sealed = tcase_create("sealed");

	suite_add_tcase(suite, libmc);
	tcase_add_test(libmc, items_are_those_of_libmc);
	tcase_add_test(libmc, each_limit_is_named);
	tcase_add_loop_test(libmc, counts_are_read_as_written, 0,
			    (int)(sizeof(counts) / sizeof(counts[0])));
	tcase_add_test(libmc, long_keys_have_no_chunks);
	tcase_add_test(libmc, the_fault_of_a_chunk_is_in_the_message);
	tcase_add_test(libmc, values_above_max_value_bytes_are_not_read);
	tcase_add_test(libmc, two_writes_mix_in_libmcs_format);
	tcase_add_test(libmc, options_that_make_no_sense_are_refused);
	suite_add_tcase(suite, sealed);
	tcase_add_test(sealed, sealed_layout_is_as_documented);
	tcase_add_test(sealed, chunks_are_alike_and_never_longer_than_asked);
	tcase_add_test(sealed, two_sealed_writes_never_mix);
	tcase_add_test(sealed, both_formats_are_read_whichever_is_written);
	tcase_add_test(sealed, sealed_is_read_with_any_chunk_and_max);
	tcase_add_test(sealed, sealed_keys_may_be_as_long_as_their_chunks_allow);
	tcase_add_loop_test(sealed, seals_are_read_as_written, 0,
			    (int)(sizeof(seals) / sizeof(seals[0])));
	tcase_add_test(sealed, sealed_is_for_add_replace_and_cas);
	return suite_run(suite);
}
