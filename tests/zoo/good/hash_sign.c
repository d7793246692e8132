/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hash that depends on the sign of char. The option `coarse` makes all keys that begin alike have
 * the same hash.
 */
#include "tenon/plugin/hash.h"

#define COARSE_BYTES 4

struct sign_options {
	int32_t sign;
	int32_t coarse;
};

struct sign {
	const struct sign_options *options;
};

static const char *const signs[] = { "signed", "unsigned", NULL };

static const struct tenon_option sign_options[] = {
	{ .name = "char",
	  .type = TENON_OPTION_CHOICE,
	  .offset = offsetof(struct sign_options, sign),
	  .choices = signs,
	  .def_text = "signed",
	  .help = "how bytes above 0x7f are read" },
	{ .name = "coarse",
	  .type = TENON_OPTION_BOOL,
	  .offset = offsetof(struct sign_options, coarse),
	  .help = "hash only the beginning of a key" },
	{ .name = NULL },
};

static int sign_init(void *self, const void *options,
		     const struct tenon_host *host, struct tenon_error *err)
{
	struct sign *sign = self;

	(void)host;
	(void)err;
	sign->options = options;
	return 0;
}

static uint64_t sign_hash(const void *self, const void *key, size_t key_len)
{
	const struct sign *sign = self;
	const unsigned char *bytes = key;
	uint32_t hash = 5381;

	if (sign->options->coarse && key_len > COARSE_BYTES) {
		key_len = COARSE_BYTES;
	}
	for (size_t i = 0; i < key_len; i++) {
		uint32_t byte = bytes[i];

		if (sign->options->sign == 0 && byte > 0x7f) {
			byte -= 256;
		}
		hash = (hash ^ byte) * 0x9e3779b1u;
		hash ^= hash >> 15;
	}
	return hash;
}

static const struct tenon_hash_vector sign_vectors[] = {
	{ "", 0, 0, 5381 },
	{ "a", 1, 0, 1520941930 },
	{ "ab", 2, 0, 337064102 },
};

static const struct tenon_hash_ops sign_ops = {
	.size = sizeof(sign_ops),
	.state_size = sizeof(struct sign),
	.init = sign_init,
	.hash = sign_hash,
	.selftest = sign_vectors,
	.selftest_count = 3,
	.bits = 32,
};

TENON_PLUGIN_DEFINE(hash_sign, .kind = TENON_KIND_HASH, .name = "sign",
		    .version = "1", .summary = "depends on the sign of char",
		    .ops = &sign_ops,
		    .options_bytes = sizeof(struct sign_options),
		    .options = sign_options)
