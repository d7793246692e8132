/* SPDX-License-Identifier: BSD-3-Clause */
#include "plugin/verify.h"

#include <inttypes.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "option/option.h"
#include "plugin/host.h"
#include "plugin/instance.h"
#include "plugin/kind.h"

#define DESCRIPTOR_1_0_BYTES TENON__SIZE_TO(struct tenon_plugin, check)
#define OPTION_1_0_BYTES     TENON__SIZE_TO(struct tenon_option, help)
/* Longer rows are taken for a mistake: no later minor version will have them. */
#define OPTION_MAX_BYTES 4096

#define LEAST_SELFTESTS 3
#define SELFTEST_GROUP 16 /* enough keys to fill the widest SIMD registers at once */

/* ---- the descriptor ----------------------------------------------------- */

/* Check magic, version numbers and sizes. Afterwards all fields of ABI 1.0 may be read. */
static int check_prefix(const struct tenon_plugin *descriptor,
			struct tenon__refusal *refusal)
{
	if (descriptor->magic != TENON_PLUGIN_MAGIC) {
		return tenon__refuse(refusal,
				     "magic 0x%08" PRIx32
				     ", expected 0x%08x; it is not a tenon plugin",
				     descriptor->magic, TENON_PLUGIN_MAGIC);
	}
	if (descriptor->abi_major != TENON_PLUGIN_ABI_MAJOR) {
		return tenon__refuse(
			refusal, "ABI major %u, expected %u; " TENON__REBUILD,
			(unsigned)descriptor->abi_major,
			(unsigned)TENON_PLUGIN_ABI_MAJOR);
	}
	if (descriptor->size < DESCRIPTOR_1_0_BYTES) {
		return tenon__refuse(
			refusal,
			"descriptor of %" PRIu32
			" bytes, expected %zu or more; " TENON__REBUILD,
			descriptor->size, DESCRIPTOR_1_0_BYTES);
	}
	if (descriptor->needs_host_minor > TENON_PLUGIN_ABI_MINOR) {
		return tenon__refuse(
			refusal,
			"needs ABI %u.%" PRIu32
			", expected at most %u.%u; the plugin needs a later version of tenon",
			(unsigned)TENON_PLUGIN_ABI_MAJOR,
			descriptor->needs_host_minor,
			(unsigned)TENON_PLUGIN_ABI_MAJOR,
			(unsigned)TENON_PLUGIN_ABI_MINOR);
	}
	if (descriptor->flags != 0) {
		return tenon__refuse(refusal,
				     "unknown flags 0x%" PRIx32 ", expected 0x0",
				     descriptor->flags);
	}
	if (descriptor->option_size < OPTION_1_0_BYTES) {
		return tenon__refuse(
			refusal,
			"option rows of %" PRIu32
			" bytes, expected %zu or more; " TENON__REBUILD,
			descriptor->option_size, OPTION_1_0_BYTES);
	}
	if (descriptor->option_size > OPTION_MAX_BYTES ||
	    descriptor->option_size % alignof(struct tenon_option) != 0) {
		return tenon__refuse(refusal,
				     "option rows of %" PRIu32
				     " bytes, expected a multiple of %zu up to %d; " TENON__REBUILD,
				     descriptor->option_size,
				     alignof(struct tenon_option),
				     OPTION_MAX_BYTES);
	}
	return 0;
}

/* Check kind and name: valid ones, and the ones that were asked for. */
static int check_identity(const struct tenon_plugin *descriptor, uint32_t kind,
			  const char *name, struct tenon__refusal *refusal)
{
	const struct tenon__kind *found = tenon__kind_find(descriptor->kind);

	if (!found) {
		return tenon__refuse(
			refusal,
			"unknown kind %" PRIu32
			", expected hash (%d), distribution (%d), transport (%d), codec (%d), failover (%d) or secure (%d)",
			descriptor->kind, TENON_KIND_HASH,
			TENON_KIND_DISTRIBUTION, TENON_KIND_TRANSPORT,
			TENON_KIND_CODEC, TENON_KIND_FAILOVER,
			TENON_KIND_SECURE);
	}
	if (!tenon__name_is_valid(descriptor->name)) {
		return tenon__refuse(
			refusal,
			"name '%.60s', expected lower_snake of 1..47 bytes",
			descriptor->name ? descriptor->name : "");
	}
	if (kind != 0 && descriptor->kind != kind) {
		return tenon__refuse(refusal, "kind %s, expected %s",
				     tenon__kind_name(descriptor->kind),
				     tenon__kind_name(kind));
	}
	if (name && strcmp(descriptor->name, name) != 0) {
		return tenon__refuse(refusal, "name '%s', expected '%s'",
				     descriptor->name, name);
	}
	if (!descriptor->version || !descriptor->summary) {
		return tenon__refuse(refusal, "no %s, expected one line",
				     !descriptor->version ? "version"
							  : "summary");
	}
	return 0;
}

/* Return a row in the plugin's layout, where rows may be longer or shorter than in the core's. */
static const struct tenon_option *
option_row(const struct tenon_plugin *descriptor, size_t index)
{
	return (const void *)((const char *)descriptor->options +
			      index * descriptor->option_size);
}

/* Copy the option rows into the core's layout and check the copies. */
static int take_options(struct tenon__plugin *out,
			const struct tenon_plugin *descriptor,
			struct tenon__refusal *refusal)
{
	size_t bytes = descriptor->option_size < sizeof(struct tenon_option) ?
			       descriptor->option_size :
			       sizeof(struct tenon_option);
	char problem[TENON__PROBLEM_BYTES];
	size_t count = 0;

	if (descriptor->options_bytes > TENON_OPTIONS_MAX_BYTES) {
		return tenon__refuse(refusal,
				     "option struct of %" PRIu32
				     " bytes, expected at most %d",
				     descriptor->options_bytes,
				     TENON_OPTIONS_MAX_BYTES);
	}
	out->options_bytes = descriptor->options_bytes;
	while (descriptor->options && option_row(descriptor, count)->name) {
		if (++count > TENON_OPTION_MAX_COUNT) {
			return tenon__refuse(
				refusal,
				"more than %d options, expected a row with name NULL after at most that many",
				TENON_OPTION_MAX_COUNT);
		}
	}
	out->options = tenon__calloc(count + 1, sizeof(*out->options));
	if (!out->options) {
		return TENON_ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		memcpy(&out->options[i], option_row(descriptor, i), bytes);
	}
	if (!tenon__option_rows_valid(out->options, out->options_bytes,
				      descriptor->kind != TENON_KIND_HASH,
				      problem)) {
		return tenon__refuse(refusal, "%s", problem);
	}
	return 0;
}

int tenon__verify_descriptor(struct tenon__plugin *out,
			     const struct tenon_plugin *descriptor,
			     uint32_t kind, const char *name,
			     struct tenon__refusal *refusal)
{
	int code = check_prefix(descriptor, refusal);

	if (!code) {
		code = check_identity(descriptor, kind, name, refusal);
	}
	if (!code) {
		out->kind = descriptor->kind;
		out->kind_name = tenon__kind_name(descriptor->kind);
		out->name = descriptor->name;
		out->version = descriptor->version;
		out->summary = descriptor->summary;
	}
	return code;
}

int tenon__verify_slots(struct tenon__plugin *out,
			const struct tenon_plugin *descriptor,
			struct tenon__refusal *refusal)
{
	int code = tenon__kind_take_ops(out, descriptor,
					tenon__kind_find(out->kind), refusal);

	out->check =
		descriptor->check ? descriptor->check : tenon__check_nothing;
	return code ? code : take_options(out, descriptor, refusal);
}

/* ---- known answers ------------------------------------------------------ */

static int check_vector(const struct tenon_hash_ops *ops, uint32_t index,
			struct tenon__refusal *refusal)
{
	const struct tenon_hash_vector *vector = &ops->selftest[index];

	if (!vector->key || vector->key_len > TENON_KEY_MAX_BYTES) {
		return tenon__refuse(refusal,
				     "self-test vector %" PRIu32
				     " has no key or too long a key, expected 0..%d bytes",
				     index, TENON_KEY_MAX_BYTES);
	}
	if (ops->bits < 64 && vector->hash >> ops->bits != 0) {
		return tenon__refuse(refusal,
				     "self-test vector %" PRIu32
				     " is 0x%" PRIx64
				     ", expected less than 2^%" PRIu32,
				     index, vector->hash, ops->bits);
	}
	return 0;
}

static int check_answer(const struct tenon_hash *hash, uint32_t index,
			const char *slot, uint64_t found,
			struct tenon__refusal *refusal)
{
	uint64_t expected = hash->ops->selftest[index].hash;

	if (found == expected) {
		return 0;
	}
	return tenon__refuse(refusal,
			     "self-test vector %" PRIu32 ": %s found 0x%" PRIx64
			     ", expected 0x%" PRIx64,
			     index, slot, found, expected);
}

/* Check one group of vectors: each key alone by hash, and all keys at once by hash_many. */
static int check_group(const struct tenon_hash *hash, uint32_t first,
		       uint32_t count, struct tenon__refusal *refusal)
{
	const struct tenon_hash_vector *vectors = hash->ops->selftest + first;
	struct tenon_slice keys[SELFTEST_GROUP];
	uint64_t found[SELFTEST_GROUP];
	int code = 0;

	for (uint32_t i = 0; i < count && !code; i++) {
		code = check_vector(hash->ops, first + i, refusal);
		if (!code) {
			keys[i].data = vectors[i].key;
			keys[i].len = vectors[i].key_len;
			code = check_answer(hash, first + i, "hash",
					    hash->ops->hash(hash->self,
							    keys[i].data,
							    keys[i].len),
					    refusal);
		}
	}
	if (!code) {
		hash->ops->hash_many(hash->self, keys, count, found);
	}
	for (uint32_t i = 0; i < count && !code; i++) {
		code = check_answer(hash, first + i, "hash_many", found[i],
				    refusal);
	}
	return code;
}

/* The most words of a digest. */
#define DIGEST_WORDS_MAX 16

static int check_digest(const struct tenon_hash *hash, uint32_t index,
			struct tenon__refusal *refusal)
{
	const struct tenon_hash_ops *ops = hash->ops;
	const struct tenon_hash_vector *vector = &ops->selftest[index];
	uint32_t words[DIGEST_WORDS_MAX];

	ops->digest(hash->self, vector->key, vector->key_len, words);
	if (words[0] == (uint32_t)vector->hash) {
		return 0;
	}
	return tenon__refuse(refusal,
			     "self-test vector %" PRIu32
			     ": digest begins with 0x%" PRIx32
			     ", expected the low 32 bits of the hash, 0x%" PRIx32,
			     index, words[0], (uint32_t)vector->hash);
}

static int check_digests(const struct tenon_hash *hash,
			 struct tenon__refusal *refusal)
{
	const struct tenon_hash_ops *ops = hash->ops;
	int code = 0;

	if (!ops->digest != (ops->digest_words == 0) ||
	    ops->digest_words > DIGEST_WORDS_MAX) {
		return tenon__refuse(refusal,
				     "found digest_words %" PRIu32
				     ", expected 1..%d with a digest slot and 0 without",
				     ops->digest_words, DIGEST_WORDS_MAX);
	}
	for (uint32_t i = 0; ops->digest && i < ops->selftest_count && !code;
	     i++) {
		code = check_digest(hash, i, refusal);
	}
	return code;
}

static int check_answers(const struct tenon_hash *hash,
			 struct tenon__refusal *refusal)
{
	uint32_t left = hash->ops->selftest_count;
	int code = 0;

	while (left > 0 && !code) {
		uint32_t count = left < SELFTEST_GROUP ? left : SELFTEST_GROUP;

		code = check_group(hash, hash->ops->selftest_count - left,
				   count, refusal);
		left -= count;
	}
	return code ? code : check_digests(hash, refusal);
}

int tenon__verify_hash(const struct tenon__plugin *plugin,
		       struct tenon__refusal *refusal)
{
	static const struct tenon__place nowhere = { "", 0, 0 };
	const struct tenon_hash_ops *ops = &plugin->ops.hash;
	struct tenon__option_owner owner = { .subject = NULL };
	struct tenon_hash hash = { NULL, NULL };
	struct tenon__chosen chosen = { .plugin = NULL };
	struct tenon_error reported;
	int code;

	if (ops->bits < 1 || ops->bits > 64) {
		return tenon__refuse(refusal,
				     "hash of %" PRIu32 " bits, expected 1..64",
				     ops->bits);
	}
	if (!ops->selftest || ops->selftest_count < LEAST_SELFTESTS) {
		return tenon__refuse(refusal,
				     "self-test of %" PRIu32
				     " vectors, expected %d or more",
				     !ops->selftest ? 0 : ops->selftest_count,
				     LEAST_SELFTESTS);
	}
	tenon__error_clear(&reported);
	code = tenon__chosen_init(&chosen, plugin, NULL, owner, NULL, &nowhere,
				  &reported);
	if (!code) {
		code = tenon__hash_create(&hash, plugin, chosen.options,
					  &chosen.host.table, &reported);
	}
	if (code && code != TENON_ENOMEM) {
		code = tenon__refuse(refusal,
				     "failed before its self-test: %.200s",
				     reported.message);
	}
	if (!code) {
		code = check_answers(&hash, refusal);
	}
	tenon__hash_destroy(&hash);
	tenon__chosen_fini(&chosen);
	return code;
}
