/* SPDX-License-Identifier: BSD-3-Clause */
/* Bits 16 to 30 of the CRC-32 of a key, as in libmemcached, twemproxy and python-memcached. */
#include <stddef.h>

#include "../crc32_slices.h"

struct crc_options {
	int32_t nonzero; /* 0 or 1 */
};

struct crc {
	struct crc32 crc32;
	uint32_t zero; /* the hash of a key whose bits are all 0 */
};

static int crc_init(void *self, const void *options,
		    const struct tenon_host *host, struct tenon_error *err)
{
	const struct crc_options *crc_options = options;
	struct crc *crc = self;

	(void)host;
	(void)err;
	crc32_fill(&crc->crc32);
	crc->zero = (uint32_t)crc_options->nonzero;
	return 0;
}

static uint64_t crc_hash(const void *self, const void *key, size_t key_len)
{
	const struct crc *crc = self;
	uint32_t hash = crc32_of(&crc->crc32, key, key_len) >> 16 & 0x7fff;

	return hash != 0 ? hash : crc->zero;
}

static const struct tenon_option crc_options[] = {
	{ .name = "nonzero",
	  .type = TENON_OPTION_BOOL,
	  .offset = offsetof(struct crc_options, nonzero),
	  .def = 0,
	  .help = "whether hash 0 becomes 1, as in python-memcached" },
	{ .name = NULL },
};

/* Computed by libhashkit 1.1.4. */
static const struct tenon_hash_vector crc_vectors[] = {
	{ "", 0, 0, 0x0000 },
	{ "a", 1, 0, 0x68b7 },
	{ "foo", 3, 0, 0x0c73 },
	{ "key:1", 5, 0, 0x0b6f },
	{ "user:1234", 9, 0, 0x30b0 },
	{ "\xe4\xb8\xad\xe6\x96\x87", 6, 0, 0x5a09 },
	{ HIGH_BYTES, 16, 0, 0x61e8 },
	{ DIGITS_250, 250, 0, 0x7c03 },
};

static const struct tenon_hash_ops crc_ops = {
	.size = sizeof(struct tenon_hash_ops),
	.state_size = sizeof(struct crc),
	.init = crc_init,
	.hash = crc_hash,
	.selftest = crc_vectors,
	.selftest_count = sizeof(crc_vectors) / sizeof(crc_vectors[0]),
	.bits = 15,
};

TENON_PLUGIN_DEFINE(hash_crc, .kind = TENON_KIND_HASH, .name = "crc",
		    .version = "1.0",
		    .summary = "bits 16 to 30 of CRC-32, as in libmemcached",
		    .ops = &crc_ops,
		    .options_bytes = sizeof(struct crc_options),
		    .options = crc_options)
