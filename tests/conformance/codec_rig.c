/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/codec_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "fakes/random.h"
#include "plugin/instance.h"
#include "wire/key.h"

/* ---- memory ------------------------------------------------------------- */

char *exact_copy(const void *bytes, size_t len)
{
	/*
	 * malloc(0) may return NULL. No extra byte otherwise: it would hide a read
	 * beyond the end.
	 */
	char *copy = malloc(len > 0 ? len : 1);

	rig_assert(copy != NULL, "no memory for %zu bytes", len);
	if (len > 0) {
		memcpy(copy, bytes, len);
	}
	return copy;
}

struct tenon_slice written(const struct rig_output *output)
{
	return (struct tenon_slice){ output->base.data, output->base.len };
}

/* ---- outputs ------------------------------------------------------------ */

static int output_reserve(struct tenon_output *base, size_t bytes)
{
	struct rig_output *output = (struct rig_output *)(void *)base;
	char *data;

	output->calls++;
	if (bytes > output->largest) {
		output->largest = bytes;
	}
	rig_assert(base->len <= base->capacity,
		   "%s: reserve() is called with a len of %zu bytes, and the capacity is %zu",
		   subject_now(), base->len, base->capacity);
	if (output->fail_from != 0 && output->calls >= output->fail_from) {
		return TENON_ENOMEM;
	}
	if (bytes > output->most_bytes) {
		return TENON_ETOOBIG;
	}
	if (bytes <= base->capacity) {
		return 0;
	}
	data = malloc(bytes);
	rig_assert(data != NULL, "%s: no memory for reserve() of %zu bytes",
		   subject_now(), bytes);
	memset(data, 0xa5, bytes);
	if (base->len > 0) {
		memcpy(data, base->data, base->len);
	}
	free(base->data);
	base->data = data;
	base->capacity = bytes;
	return 0;
}

void rig_output_init(struct rig_output *output, uint64_t max_value_bytes)
{
	*output = (struct rig_output){
		.base = { .size = sizeof(output->base),
			  .reserve = output_reserve,
			  .key = { "conformance:key", 15 } },
		.most_bytes = max_value_bytes + TENON_OUTPUT_EXTRA_BYTES,
	};
}

void rig_output_fini(struct rig_output *output)
{
	free(output->base.data);
	output->base.data = NULL;
}

/* ---- lists of chunks ---------------------------------------------------- */

static int chunks_add(struct tenon_chunks *base, const void *key,
		      size_t key_len, struct tenon_slice value)
{
	struct rig_chunks *chunks = (struct rig_chunks *)(void *)base;
	struct tenon_chunk *list;

	chunks->calls++;
	if (chunks->fail_from != 0 && chunks->calls >= chunks->fail_from) {
		return TENON_ENOMEM;
	}
	if (!tenon__key_valid(key, key_len)) {
		return TENON_EKEY;
	}
	if (base->count == TENON_CHUNKS_MAX_COUNT) {
		return TENON_ETOOBIG;
	}
	/*
	 * A new list at each call, so that a codec that keeps a pointer into the old
	 * list is caught.
	 */
	list = malloc((base->count + 1) * sizeof(*list));
	rig_assert(list != NULL, "no memory for %u chunks",
		   (unsigned)base->count + 1);
	if (base->count > 0) {
		memcpy(list, chunks->list, base->count * sizeof(*list));
	}
	list[base->count] = (struct tenon_chunk){
		.key = { exact_copy(key, key_len), key_len }, .value = value
	};
	free(chunks->list);
	chunks->list = list;
	base->list = list;
	base->count++;
	return 0;
}

void rig_chunks_init(struct rig_chunks *chunks)
{
	*chunks = (struct rig_chunks){
		.base = { .size = sizeof(chunks->base), .add = chunks_add },
	};
}

void rig_chunks_fini(struct rig_chunks *chunks)
{
	for (uint32_t i = 0; i < chunks->base.count; i++) {
		free((void *)(uintptr_t)chunks->list[i].key.data);
	}
	free(chunks->list);
	rig_chunks_init(chunks);
}

/* ---- instances ---------------------------------------------------------- */

int codec_check(const struct tenon__plugin *plugin, const char *options,
		struct tenon_error *err)
{
	struct watched_host host;
	void *made = NULL;
	int code;

	watched_host_init(&host);
	code = subject_options_read(plugin, options, &host, &made, err);
	tenon__options_destroy(plugin, made);
	return code;
}

void codec_open(struct codec *codec, const struct tenon__plugin *plugin,
		const char *options, uint64_t max_value_bytes)
{
	struct tenon_codec_setup setup = {
		.size = sizeof(setup),
		.max_value_bytes = max_value_bytes,
	};
	struct tenon_error err = { 0 };

	*codec = (struct codec){ .plugin = plugin,
				 .ops = &plugin->ops.codec,
				 .max_value_bytes = max_value_bytes };
	watched_host_init(&codec->host);
	ck_assert_msg(subject_options_read(plugin, options, &codec->host,
					   &codec->options, &err) == 0,
		      "codec '%s' refuses %s: %s", plugin->name,
		      seen_text(options), err.message);
	codec->self = subject_state(codec->ops->state_size);
	ck_assert_msg(codec->ops->init(codec->self, codec->options,
				       &codec->host.table, &setup, &err) == 0,
		      "codec '%s': %s", plugin->name, err.message);
	/* The setup is valid during init only. */
	memset(&setup, 0x55, sizeof(setup));
}

void codec_close(struct codec *codec)
{
	const struct tenon__plugin *plugin = codec->plugin;

	codec->ops->fini(codec->self);
	ck_assert_subject_int(codec->host.live, ==, 0);
	free(codec->self);
	subject_options_free(plugin, codec->options);
}

/* ---- slots -------------------------------------------------------------- */

/* Check a slot's result: 0, `good` or one of codes. An error needs a message. */
static int check_answer(struct codec *codec, const char *slot, int code,
			int good, const int *codes)
{
	bool known = !code || code == good;

	for (size_t i = 0; codes[i] != 0; i++) {
		known = known || code == codes[i];
	}
	rig_assert(known,
		   "codec '%s': %s returned %s, expected %s%s",
		   codec->plugin->name, slot, seen_code(code),
		   good > 0 ? "0, 1" : "0", seen_statuses(codes));
	/* The core has its own message for TENON_ENOMEM. */
	if (!code || code == good ||
	    (code == TENON_ENOMEM && codec->err.code == 0)) {
		return code;
	}
	rig_assert(codec->err.code == code && codec->err.message[0] != '\0' &&
			   !strchr(codec->err.message, '\n'),
		   "codec '%s': %s returned %s with the error %s and the message %s",
		   codec->plugin->name, slot, seen_code(code),
		   seen_code(codec->err.code), seen_text(codec->err.message));
	for (const char *at = codec->err.message; *at != '\0'; at++) {
		rig_assert(*at >= ' ' && *at <= '~',
			   "codec '%s': %s puts a control byte into its error message: %s",
			   codec->plugin->name, slot,
			   seen_text(codec->err.message));
	}
	return code;
}

static void check_output(const struct codec *codec,
			 const struct rig_output *output)
{
	rig_assert(output->base.len <= output->base.capacity,
		   "codec '%s' wrote %zu bytes, and there was room for %zu",
		   codec->plugin->name, output->base.len,
		   output->base.capacity);
}

int codec_encode(struct codec *codec, struct tenon_slice value,
		 struct rig_output *output)
{
	static const int codes[] = { TENON_ENOMEM, TENON_ETOOBIG, 0 };
	char *copy = exact_copy(value.data, value.len);
	const struct tenon_slice given = { copy, value.len };
	int code;

	tenon__error_clear(&codec->err);
	code = codec->ops->encode(codec->self, &given, &output->base,
				  &codec->err);
	check_answer(codec, "encode", code, 1, codes);
	check_output(codec, output);
	rig_assert(slices_equal(given, value),
		   "codec '%s' wrote into a value: %s", codec->plugin->name,
		   seen_difference(given, value));
	free(copy);
	return code;
}

int codec_decode(struct codec *codec, struct tenon_slice stored,
		 struct rig_output *output)
{
	static const int codes[] = { TENON_EUNDECODABLE, TENON_ETOOBIG,
				     TENON_ENOMEM, 0 };
	char *copy = exact_copy(stored.data, stored.len);
	const struct tenon_slice given = { copy, stored.len };
	int code;

	output->base.flags = codec->ops->flags(codec->self);
	tenon__error_clear(&codec->err);
	code = codec->ops->decode(codec->self, &given, &output->base,
				  &codec->err);
	check_answer(codec, "decode", code, 0, codes);
	check_output(codec, output);
	rig_assert(slices_equal(given, stored),
		   "codec '%s' wrote into its input: %s", codec->plugin->name,
		   seen_difference(given, stored));
	rig_assert(code || output->base.len <= codec->max_value_bytes,
		   "codec '%s' made a value of %zu bytes, and max_value_bytes is %llu",
		   codec->plugin->name, output->base.len,
		   (unsigned long long)codec->max_value_bytes);
	free(copy);
	return code;
}

int codec_scatter(struct codec *codec, const struct tenon_split_item *item,
		  struct rig_chunks *chunks, struct rig_output *parent)
{
	static const int codes[] = { TENON_ENOMEM, TENON_ETOOBIG, 0 };
	char *key = exact_copy(item->key.data, item->key.len);
	struct tenon_split_item given = *item;
	int code;

	/* The value is not copied: chunks are parts of it. */
	given.key.data = key;
	codec->host.seed = 1; /* equal values make equal parents */
	tenon__error_clear(&codec->err);
	code = codec->ops->scatter(codec->self, &given, &chunks->base,
				   &parent->base, &codec->err);
	check_answer(codec, "scatter", code, 1, codes);
	check_output(codec, parent);
	free(key);
	return code;
}

int codec_plan(struct codec *codec, const struct tenon_split_item *parent,
	       struct rig_chunks *chunks)
{
	static const int codes[] = { TENON_EUNDECODABLE, TENON_ETOOBIG,
				     TENON_ENOMEM, 0 };
	char *key = exact_copy(parent->key.data, parent->key.len);
	char *value = exact_copy(parent->value.data, parent->value.len);
	struct tenon_split_item given = *parent;
	int code;

	given.key.data = key;
	given.value.data = value;
	tenon__error_clear(&codec->err);
	code = codec->ops->plan(codec->self, &given, &chunks->base,
				&codec->err);
	check_answer(codec, "plan", code, 0, codes);
	free(key);
	free(value);
	return code;
}

int codec_gather(struct codec *codec, const struct tenon_split_item *parent,
		 const struct tenon_chunk *list, uint32_t count)
{
	static const int codes[] = { TENON_MISS, TENON_EUNDECODABLE, 0 };
	struct tenon_chunk *given =
		(void *)exact_copy(list, count * sizeof(*list));
	char *value = exact_copy(parent->value.data, parent->value.len);
	struct tenon_split_item suspect = *parent;
	size_t total = 0;
	char *buffer;
	int code;

	for (uint32_t i = 0; i < count; i++) {
		total += list[i].value.data ? list[i].value.len : 0;
	}
	/* The chunks lie one after another, as in the core's reply buffer. */
	buffer = malloc(total > 0 ? total : 1);
	rig_assert(buffer != NULL, "no memory for %zu bytes", total);
	total = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (list[i].value.data) {
			memcpy(buffer + total, list[i].value.data,
			       list[i].value.len);
			given[i].value.data = buffer + total;
			total += list[i].value.len;
		}
	}
	suspect.value.data = value;
	tenon__error_clear(&codec->err);
	code = codec->ops->gather(codec->self, &suspect, given, count,
				  &codec->err);
	check_answer(codec, "gather", code, 0, codes);
	free(buffer);
	free(value);
	free(given);
	return code;
}

/* ---- values ------------------------------------------------------------- */

struct tenon_slice make_value(char *to, size_t len, enum value_kind kind)
{
	static const char *const words[] = { "the ", "ring ", "of ", "servers ",
					     "holds ", "a ", "thousand ",
					     "keys, ", "each ", "one.\n" };
	uint64_t seed = 11;
	size_t at = 0;

	while (at < len) {
		uint64_t dice = random_next(&seed);
		const char *word = words[dice % 10];
		size_t take = kind == VALUE_TEXT ? strlen(word) : 1;

		take = take < len - at ? take : len - at;
		if (kind == VALUE_TEXT) {
			memcpy(to + at, word, take);
		} else {
			to[at] = (char)(kind == VALUE_NOISE ? dice >> 24 : 0);
		}
		at += take;
	}
	return (struct tenon_slice){ to, len };
}

/* ---- SHA-256, FIPS 180-4 ------------------------------------------------ */

static const uint32_t sha256_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};

static uint32_t rotate(uint32_t word, unsigned by)
{
	return word >> by | word << (32 - by);
}

static void sha256_block(uint32_t state[8], const unsigned char *block)
{
	uint32_t w[64];
	uint32_t v[8];

	for (size_t i = 0; i < 64; i++) {
		if (i < 16) {
			w[i] = (uint32_t)block[4 * i] << 24 |
			       (uint32_t)block[4 * i + 1] << 16 |
			       (uint32_t)block[4 * i + 2] << 8 |
			       block[4 * i + 3];
			continue;
		}
		w[i] = (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^
			w[i - 2] >> 10) +
		       w[i - 7] +
		       (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^
			w[i - 15] >> 3) +
		       w[i - 16];
	}
	memcpy(v, state, sizeof(v));
	for (size_t i = 0; i < 64; i++) {
		uint32_t first = v[7] +
				 (rotate(v[4], 6) ^ rotate(v[4], 11) ^
				  rotate(v[4], 25)) +
				 ((v[4] & v[5]) ^ (~v[4] & v[6])) +
				 sha256_constants[i] + w[i];
		uint32_t second = (rotate(v[0], 2) ^ rotate(v[0], 13) ^
				   rotate(v[0], 22)) +
				  ((v[0] & v[1]) ^ (v[0] & v[2]) ^
				   (v[1] & v[2]));

		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[4] += first;
		v[0] = first + second;
	}
	for (size_t i = 0; i < 8; i++) {
		state[i] += v[i];
	}
}

void sha256_hex(char out[65], const void *bytes, size_t len)
{
	uint32_t state[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
	const unsigned char *at = bytes;
	unsigned char tail[128] = { 0 };
	size_t left = len % 64;
	size_t tail_len = left < 56 ? 64 : 128;

	for (size_t i = 0; i < len / 64; i++) {
		sha256_block(state, at + 64 * i);
	}
	if (left > 0) {
		memcpy(tail, at + (len - left), left);
	}
	tail[left] = 0x80;
	for (size_t i = 0; i < 8; i++) {
		tail[tail_len - 1 - i] =
			(unsigned char)((uint64_t)len * 8 >> 8 * i);
	}
	for (size_t i = 0; i < tail_len; i += 64) {
		sha256_block(state, tail + i);
	}
	for (size_t i = 0; i < 8; i++) {
		snprintf(out + 8 * i, 9, "%08x", (unsigned)state[i]);
	}
}
