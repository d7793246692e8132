/* SPDX-License-Identifier: BSD-3-Clause */
/* Built as if with a later minor version of the ABI, in which every struct has grown at its end. */
#include "tenon/plugin/hash.h"

struct newer_option {
	struct tenon_option row;
	const char *added;
};

struct newer_ops {
	struct tenon_hash_ops ops;
	void (*added)(void);
};

struct newer_plugin {
	struct tenon_plugin plugin;
	const void *added;
};

struct newer_options {
	int64_t first;
	int64_t second;
};

static const struct newer_option newer_options[] = {
	{ { .name = "first",
	    .type = TENON_OPTION_INT,
	    .offset = offsetof(struct newer_options, first),
	    .max = 9,
	    .help = "a number" },
	  "more" },
	{ { .name = "second",
	    .type = TENON_OPTION_INT,
	    .offset = offsetof(struct newer_options, second),
	    .max = 9,
	    .def = 5,
	    .help = "another one" },
	  "more" },
	{ { .name = NULL }, NULL },
};

static void added_slot(void)
{
}

static uint64_t length(const void *self, const void *key, size_t key_len)
{
	(void)self;
	(void)key;
	return key_len;
}

static const struct tenon_hash_vector newer_vectors[] = {
	{ "", 0, 0, 0 },
	{ "a", 1, 0, 1 },
	{ "ab", 2, 0, 2 },
};

static const struct newer_ops newer_ops = {
	.ops = { .size = sizeof(newer_ops),
		 .hash = length,
		 .selftest = newer_vectors,
		 .selftest_count = 3,
		 .bits = 8 },
	.added = added_slot,
};

static const struct newer_plugin newer = {
	.plugin = { .magic = TENON_PLUGIN_MAGIC,
		    .abi_major = TENON_PLUGIN_ABI_MAJOR,
		    .abi_minor = TENON_PLUGIN_ABI_MINOR + 1,
		    .size = sizeof(newer),
		    .kind = TENON_KIND_HASH,
		    .option_size = sizeof(struct newer_option),
		    .options_bytes = sizeof(struct newer_options),
		    .name = "newer",
		    .version = "9",
		    .summary = "length of the key",
		    .ops = &newer_ops,
		    .options = &newer_options[0].row },
	.added = &newer_ops,
};

TENON_PLUGIN_EXPORT const struct tenon_plugin *tenon_plugin_entry(void);
const struct tenon_plugin *tenon_plugin_entry(void)
{
	return &newer.plugin;
}
