/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A correct hash plugin. Each hash_*.c of this folder defines a macro before it includes this
 * file, which gives it exactly one mistake.
 */
#include "tenon/plugin/hash.h"

#ifndef PLUGIN_MAGIC
#define PLUGIN_MAGIC TENON_PLUGIN_MAGIC
#endif
#ifndef PLUGIN_MAJOR
#define PLUGIN_MAJOR TENON_PLUGIN_ABI_MAJOR
#endif
#ifndef PLUGIN_SIZE
#define PLUGIN_SIZE sizeof(struct tenon_plugin)
#endif
#ifndef PLUGIN_NEEDS_MINOR
#define PLUGIN_NEEDS_MINOR 0
#endif
#ifndef PLUGIN_FLAGS
#define PLUGIN_FLAGS 0
#endif
#ifndef PLUGIN_OPTION_SIZE
#define PLUGIN_OPTION_SIZE sizeof(struct tenon_option)
#endif
#ifndef PLUGIN_KIND
#define PLUGIN_KIND TENON_KIND_HASH
#endif
#ifndef PLUGIN_NAME
#error "define PLUGIN_NAME"
#endif
#ifndef PLUGIN_VERSION
#define PLUGIN_VERSION "1"
#endif
#ifndef PLUGIN_OPS
#define PLUGIN_OPS &ops
#endif
#ifndef OPS_SIZE
#define OPS_SIZE sizeof(struct tenon_hash_ops)
#endif
#ifndef OPS_INIT
#define OPS_INIT NULL
#endif
#ifndef OPS_HASH
#define OPS_HASH sum
#endif
#ifndef OPS_HASH_MANY
#define OPS_HASH_MANY NULL
#endif
#ifndef OPS_SELFTEST_COUNT
#define OPS_SELFTEST_COUNT 3
#endif
#ifndef OPS_BITS
#define OPS_BITS 32
#endif
#ifndef OPS_DIGEST_WORDS
#define OPS_DIGEST_WORDS 0
#endif
#ifndef OPS_DIGEST
#define OPS_DIGEST NULL
#endif
#ifndef HASH_OF_AB
#define HASH_OF_AB 195
#endif
#ifndef OPTION_DEFAULT
#define OPTION_DEFAULT 1
#endif

/* For objects that some macros leave unused. */
#define UNUSED __attribute__((unused))

struct options {
	int64_t factor;
};

static const struct tenon_option options[] = {
	{ .name = "factor",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct options, factor),
	  .min = 1,
	  .max = 10,
	  .def = OPTION_DEFAULT,
	  .help = "does nothing" },
	{ .name = NULL },
};

/* The hash of a key is the sum of its bytes. */
static inline uint64_t sum(const void *self, const void *key, size_t key_len)
{
	const unsigned char *bytes = key;
	uint64_t hash = 0;

	(void)self;
	for (size_t i = 0; i < key_len; i++) {
		hash += bytes[i];
	}
	return hash;
}

/* A correct digest of one word. */
UNUSED static void sum_digest(const void *self, const void *key, size_t key_len,
			      uint32_t *words)
{
	words[0] = (uint32_t)sum(self, key, key_len);
}

static const struct tenon_hash_vector vectors[] = {
	{ "", 0, 0, 0 },
	{ "a", 1, 0, 97 },
	{ "ab", 2, 0, HASH_OF_AB },
};

UNUSED static const struct tenon_hash_ops ops = {
	.size = OPS_SIZE,
	.init = OPS_INIT,
	.hash = OPS_HASH,
	.hash_many = OPS_HASH_MANY,
	.selftest = vectors,
	.selftest_count = OPS_SELFTEST_COUNT,
	.bits = OPS_BITS,
	.digest_words = OPS_DIGEST_WORDS,
	.digest = OPS_DIGEST,
};

UNUSED static const struct tenon_plugin plugin = {
	.magic = PLUGIN_MAGIC,
	.abi_major = PLUGIN_MAJOR,
	.size = PLUGIN_SIZE,
	.kind = PLUGIN_KIND,
	.needs_host_minor = PLUGIN_NEEDS_MINOR,
	.flags = PLUGIN_FLAGS,
	.option_size = PLUGIN_OPTION_SIZE,
	.options_bytes = sizeof(struct options),
	.name = PLUGIN_NAME,
	.version = PLUGIN_VERSION,
	.summary = "sum of the bytes",
	.ops = PLUGIN_OPS,
	.options = options,
};

#ifndef ENTRY_NAME
#define ENTRY_NAME tenon_plugin_entry
#endif
#ifndef ENTRY_RESULT
#define ENTRY_RESULT &plugin
#endif

TENON_PLUGIN_EXPORT const struct tenon_plugin *ENTRY_NAME(void);
const struct tenon_plugin *ENTRY_NAME(void)
{
	return ENTRY_RESULT;
}
