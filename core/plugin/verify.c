/* SPDX-License-Identifier: BSD-3-Clause */
#include "plugin/verify.h"

#include <inttypes.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "plugin/host.h"
#include "plugin/instance.h"
#include "base/memory.h"

#define REBUILD "rebuild it against tenon/plugin/plugin.h of this version"

/* Size of a struct up to and with a field: what 1.0 had, whatever is appended. */
#define SIZE_TO(type, field) (offsetof(type, field) + sizeof(((type *)NULL)->field))

#define DESCRIPTOR_1_0_BYTES SIZE_TO(struct tenon_plugin, check)
#define OPTION_1_0_BYTES SIZE_TO(struct tenon_option, help)
/* No later minor has rows as long as this. */
#define OPTION_MAX_BYTES 4096

#define LEAST_SELFTESTS 3
#define SELFTEST_GROUP 16 /* as many as any SIMD width takes at once */

/* A slot without which a kind, or a way of doing it, cannot work. */
struct slot {
	const char *name;
	size_t offset; /* of a function pointer in the ops */
};

struct kind {
	uint32_t kind;
	const char *name;
	size_t ops_bytes;
	size_t ops_1_0_bytes;
	const struct slot *required; /* ends with name NULL */
	/*
	 * Two sets of slots, each ending with name NULL, of which a plugin has
	 * exactly one, and all of it; or NULL.
	 */
	const struct slot *const *either;
	void (*fill)(union tenon__ops *ops);
};

/* ---- defaults of optional slots ----------------------------------------- */

static int check_nothing(const void *options, const struct tenon_host *host,
			 struct tenon_error *err)
{
	(void)options;
	(void)host;
	(void)err;
	return 0;
}

static int init_nothing(void *self, const void *options,
			const struct tenon_host *host, struct tenon_error *err)
{
	(void)self;
	return check_nothing(options, host, err);
}

static int init_no_transport(void *self, const void *options,
			     const struct tenon_host *host,
			     const struct tenon_transport_setup *setup,
			     struct tenon_error *err)
{
	(void)setup;
	return init_nothing(self, options, host, err);
}

static int take_no_hook(void *self, tenon_wait_fn wait, void *payload)
{
	(void)self;
	(void)payload;
	return wait ? TENON_EINVAL : 0;
}

static int init_no_failover(void *self, const void *options,
			    const struct tenon_host *host,
			    const struct tenon_failover_setup *setup,
			    struct tenon_error *err)
{
	(void)setup;
	return init_nothing(self, options, host, err);
}

static int init_no_codec(void *self, const void *options,
			 const struct tenon_host *host,
			 const struct tenon_codec_setup *setup,
			 struct tenon_error *err)
{
	(void)setup;
	return init_nothing(self, options, host, err);
}

static void fini_nothing(void *self)
{
	(void)self;
}

static uint32_t owns_no_chunks(const void *self)
{
	(void)self;
	return 0;
}

static uint64_t takes_any_length(const void *self)
{
	(void)self;
	return 0;
}

static void fill_hash(union tenon__ops *ops)
{
	struct tenon_hash_ops *hash = &ops->hash;

	hash->init = hash->init ? hash->init : init_nothing;
	hash->fini = hash->fini ? hash->fini : fini_nothing;
	hash->hash_many = hash->hash_many ? hash->hash_many : tenon__hash_each;
}

static void fill_distribution(union tenon__ops *ops)
{
	struct tenon_distribution_ops *distribution = &ops->distribution;

	if (!distribution->init) {
		distribution->init = init_nothing;
	}
	if (!distribution->fini) {
		distribution->fini = fini_nothing;
	}
}

static void fill_transport(union tenon__ops *ops)
{
	struct tenon_transport_ops *transport = &ops->transport;

	if (!transport->init) {
		transport->init = init_no_transport;
	}
	if (!transport->fini) {
		transport->fini = fini_nothing;
	}
	if (!transport->set_wait) {
		transport->set_wait = take_no_hook;
	}
}

static void fill_codec(union tenon__ops *ops)
{
	struct tenon_codec_ops *codec = &ops->codec;

	codec->init = codec->init ? codec->init : init_no_codec;
	codec->fini = codec->fini ? codec->fini : fini_nothing;
	if (!codec->owns_chunks) {
		codec->owns_chunks = owns_no_chunks;
	}
	if (!codec->least_bytes) {
		codec->least_bytes = takes_any_length;
	}
}

static void fill_failover(union tenon__ops *ops)
{
	struct tenon_failover_ops *failover = &ops->failover;

	if (!failover->init) {
		failover->init = init_no_failover;
	}
	if (!failover->fini) {
		failover->fini = fini_nothing;
	}
	if (!failover->state) {
		failover->state = tenon__state_up;
	}
}

/* ---- kinds -------------------------------------------------------------- */

static const struct slot hash_slots[] = {
	{ "hash", offsetof(struct tenon_hash_ops, hash) },
	{ NULL, 0 },
};

static const struct slot distribution_slots[] = {
	{ "build", offsetof(struct tenon_distribution_ops, build) },
	{ "locate", offsetof(struct tenon_distribution_ops, locate) },
	{ "next", offsetof(struct tenon_distribution_ops, next) },
	{ NULL, 0 },
};

static const struct slot transport_slots[] = {
	{ "run", offsetof(struct tenon_transport_ops, run) },
	{ "close", offsetof(struct tenon_transport_ops, close) },
	{ NULL, 0 },
};

static const struct slot codec_slots[] = {
	{ "flags", offsetof(struct tenon_codec_ops, flags) },
	{ NULL, 0 },
};

static const struct slot encoding_slots[] = {
	{ "encode", offsetof(struct tenon_codec_ops, encode) },
	{ "decode", offsetof(struct tenon_codec_ops, decode) },
	{ NULL, 0 },
};

static const struct slot splitting_slots[] = {
	{ "scatter", offsetof(struct tenon_codec_ops, scatter) },
	{ "plan", offsetof(struct tenon_codec_ops, plan) },
	{ "gather", offsetof(struct tenon_codec_ops, gather) },
	{ NULL, 0 },
};

static const struct slot *const codec_ways[] = { encoding_slots,
						 splitting_slots };

static const struct slot failover_slots[] = {
	{ "route", offsetof(struct tenon_failover_ops, route) },
	{ "on_failure", offsetof(struct tenon_failover_ops, on_failure) },
	{ "on_success", offsetof(struct tenon_failover_ops, on_success) },
	{ NULL, 0 },
};

static const struct kind kinds[] = {
	{ TENON_KIND_HASH, "hash", sizeof(struct tenon_hash_ops),
	  SIZE_TO(struct tenon_hash_ops, bits), hash_slots, NULL, fill_hash },
	{ TENON_KIND_DISTRIBUTION, "distribution",
	  sizeof(struct tenon_distribution_ops),
	  SIZE_TO(struct tenon_distribution_ops, next), distribution_slots,
	  NULL, fill_distribution },
	{ TENON_KIND_TRANSPORT, "transport",
	  sizeof(struct tenon_transport_ops),
	  SIZE_TO(struct tenon_transport_ops, close), transport_slots, NULL,
	  fill_transport },
	{ TENON_KIND_CODEC, "codec", sizeof(struct tenon_codec_ops),
	  SIZE_TO(struct tenon_codec_ops, owns_chunks), codec_slots, codec_ways,
	  fill_codec },
	{ TENON_KIND_FAILOVER, "failover", sizeof(struct tenon_failover_ops),
	  SIZE_TO(struct tenon_failover_ops, state), failover_slots,
	  NULL, fill_failover },
};

static const struct kind *find_kind(uint32_t kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].kind == kind) {
			return &kinds[i];
		}
	}
	return NULL;
}

const char *tenon__kind_name(uint32_t kind)
{
	const struct kind *found = find_kind(kind);

	return found ? found->name : NULL;
}

/* ---- the descriptor ----------------------------------------------------- */

/* Magic, numbers and sizes; afterwards every field of 1.0 may be read. */
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
		return tenon__refuse(refusal,
				     "ABI major %u, expected %u; " REBUILD,
				     (unsigned)descriptor->abi_major,
				     (unsigned)TENON_PLUGIN_ABI_MAJOR);
	}
	if (descriptor->size < DESCRIPTOR_1_0_BYTES) {
		return tenon__refuse(refusal,
				     "descriptor of %" PRIu32
				     " bytes, expected %zu or more; " REBUILD,
				     descriptor->size, DESCRIPTOR_1_0_BYTES);
	}
	if (descriptor->needs_host_minor > TENON_PLUGIN_ABI_MINOR) {
		return tenon__refuse(
			refusal,
			"needs ABI %u.%" PRIu32
			", expected %u.%u at most; it is for a later version of tenon",
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
		return tenon__refuse(refusal,
				     "option rows of %" PRIu32
				     " bytes, expected %zu or more; " REBUILD,
				     descriptor->option_size, OPTION_1_0_BYTES);
	}
	if (descriptor->option_size > OPTION_MAX_BYTES ||
	    descriptor->option_size % alignof(struct tenon_option) != 0) {
		return tenon__refuse(refusal,
				     "option rows of %" PRIu32
				     " bytes, expected a multiple of %zu up to %d; " REBUILD,
				     descriptor->option_size,
				     alignof(struct tenon_option),
				     OPTION_MAX_BYTES);
	}
	return 0;
}

/* Kind and name, as they are and as they were asked for. */
static int check_identity(const struct tenon_plugin *descriptor, uint32_t kind,
			  const char *name, struct tenon__refusal *refusal)
{
	const struct kind *found = find_kind(descriptor->kind);

	if (!found) {
		return tenon__refuse(
			refusal,
			"unknown kind %" PRIu32
			", expected hash (%d), distribution (%d), transport (%d), codec (%d) or failover (%d)",
			descriptor->kind, TENON_KIND_HASH,
			TENON_KIND_DISTRIBUTION, TENON_KIND_TRANSPORT,
			TENON_KIND_CODEC, TENON_KIND_FAILOVER);
	}
	if (!tenon__name_is_valid(descriptor->name)) {
		return tenon__refuse(
			refusal,
			"name '%.60s', expected lower_snake of 1..47 bytes",
			descriptor->name ? descriptor->name : "");
	}
	if (kind != 0 && descriptor->kind != kind) {
		return tenon__refuse(refusal, "kind %s, expected %s",
				     found->name, tenon__kind_name(kind));
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

static bool has_slot(const union tenon__ops *ops, const struct slot *row)
{
	void (*slot)(void);

	memcpy(&slot, (const char *)ops + row->offset, sizeof(slot));
	return slot != NULL;
}

/* The first row whose slot is there (or is not), or NULL. */
static const struct slot *find_slot(const union tenon__ops *ops,
				    const struct slot *rows, bool there)
{
	while (rows->name && has_slot(ops, rows) != there) {
		rows++;
	}
	return rows->name ? rows : NULL;
}

/* A plugin has all slots of one set, and none of the other. */
static int check_either(const union tenon__ops *ops,
			const struct slot *const *either,
			struct tenon__refusal *refusal)
{
	const struct slot *present[2];

	for (size_t i = 0; i < 2; i++) {
		const struct slot *missing = find_slot(ops, either[i], false);

		present[i] = find_slot(ops, either[i], true);
		if (present[i] && missing) {
			return tenon__refuse(
				refusal,
				"slot '%s' is missing beside '%s', expected a function",
				missing->name, present[i]->name);
		}
	}
	if ((present[0] != NULL) != (present[1] != NULL)) {
		return 0;
	}
	return tenon__refuse(
		refusal,
		"slots '%s' and '%s' are both %s, expected one of them",
		either[0]->name, either[1]->name,
		present[0] ? "there" : "missing");
}

/* Copy the ops into a table of our size, check and fill it. */
static int take_ops(struct tenon__plugin *out,
		    const struct tenon_plugin *descriptor,
		    const struct kind *kind, struct tenon__refusal *refusal)
{
	const struct slot *missing;
	uint32_t size;
	int code = 0;

	if (!descriptor->ops) {
		return tenon__refuse(refusal,
				     "no table of slots, expected one");
	}
	memcpy(&size, descriptor->ops, sizeof(size)); /* every table's first */
	if (size < kind->ops_1_0_bytes) {
		return tenon__refuse(refusal,
				     "table of slots has %" PRIu32
				     " bytes, expected %zu or more; " REBUILD,
				     size, kind->ops_1_0_bytes);
	}
	memcpy(&out->ops, descriptor->ops,
	       size < kind->ops_bytes ? size : kind->ops_bytes);
	missing = find_slot(&out->ops, kind->required, false);
	if (missing) {
		return tenon__refuse(
			refusal,
			"required slot '%s' is missing, expected a function",
			missing->name);
	}
	if (kind->either) {
		code = check_either(&out->ops, kind->either, refusal);
	}
	if (!code) {
		kind->fill(&out->ops);
	}
	return code;
}

/* The nth row in the plugin's layout, whose rows may be longer than ours. */
static const struct tenon_option *
option_row(const struct tenon_plugin *descriptor, size_t index)
{
	return (const void *)((const char *)descriptor->options +
			      index * descriptor->option_size);
}

/* Copy the option rows into our layout and check them. */
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
				"more than %d options, expected a row without name at their end",
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
	int code = take_ops(out, descriptor, find_kind(out->kind), refusal);

	out->check = descriptor->check ? descriptor->check : check_nothing;
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
				     " has no key of 0..%d bytes",
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

/* Check one group of vectors: each by hash, all at once by hash_many. */
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
	return code;
}

int tenon__verify_hash(const struct tenon__plugin *plugin,
		       struct tenon__refusal *refusal)
{
	static const struct tenon__place nowhere = { "", 0, 0 };
	const struct tenon_hash_ops *ops = &plugin->ops.hash;
	struct tenon__option_owner owner = { NULL, NULL, NULL };
	struct tenon_hash hash = { NULL, NULL };
	struct tenon_host host;
	struct tenon_error reported;
	void *options = NULL;
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
	tenon__host_init(&host, NULL);
	tenon__error_clear(&reported);
	code = tenon__options_create(&options, plugin, NULL, owner, &host,
				     &nowhere, &reported);
	if (!code) {
		code = tenon__hash_create(&hash, plugin, options, &host,
					  &reported);
	}
	if (code && code != TENON_ENOMEM) {
		code = tenon__refuse(refusal,
				     "not ready for its self-test: %.200s",
				     reported.message);
	}
	if (!code) {
		code = check_answers(&hash, refusal);
	}
	tenon__hash_destroy(&hash);
	tenon__options_destroy(plugin, options);
	return code;
}
