/* SPDX-License-Identifier: BSD-3-Clause */
/* The sum of a key's bytes and of the option `salt`. */
#include "tenon/plugin/hash.h"

struct good_options {
	int64_t salt;
};

struct good {
	uint64_t salt;
	void *memory;
	const struct tenon_host *host;
};

static const struct tenon_option good_options[] = {
	{ .name = "salt",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct good_options, salt),
	  .min = 0,
	  .max = 1000,
	  .def = 0,
	  .help = "added to every hash" },
	{ .name = NULL },
};

static int good_init(void *self, const void *options,
		     const struct tenon_host *host, struct tenon_error *err)
{
	struct good *good = self;
	const struct good_options *chosen = options;

	good->host = host;
	good->salt = (uint64_t)chosen->salt;
	good->memory = host->alloc(host->context, 100);
	if (!good->memory) {
		return host->set_error(err, TENON_ENOMEM, "out of memory");
	}
	return 0;
}

static void good_fini(void *self)
{
	struct good *good = self;

	good->host->free(good->host->context, good->memory);
}

static uint64_t good_hash(const void *self, const void *key, size_t key_len)
{
	const struct good *good = self;
	const unsigned char *bytes = key;
	uint64_t hash = good->salt;

	for (size_t i = 0; i < key_len; i++) {
		hash += bytes[i];
	}
	return hash;
}

static const struct tenon_hash_vector good_vectors[] = {
	{ "", 0, 0, 0 },
	{ "a", 1, 0, 97 },
	{ "ab", 2, 0, 195 },
};

static const struct tenon_hash_ops good_ops = {
	.size = sizeof(good_ops),
	.state_size = sizeof(struct good),
	.init = good_init,
	.fini = good_fini,
	.hash = good_hash,
	.selftest = good_vectors,
	.selftest_count = 3,
	.bits = 16,
};

TENON_PLUGIN_DEFINE(hash_good, .kind = TENON_KIND_HASH, .name = "good",
		    .version = "1.2", .summary = "sum of the bytes",
		    .ops = &good_ops,
		    .options_bytes = sizeof(struct good_options),
		    .options = good_options)
