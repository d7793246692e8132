/* SPDX-License-Identifier: BSD-3-Clause */
/* hash_many computes other hashes than hash, from the second key on. */
#include "tenon/plugin/hash.h"

static void wrong_many(const void *self, const struct tenon_slice *keys,
		       size_t count, uint64_t *out);

#define PLUGIN_NAME "many"
#define OPS_HASH_MANY wrong_many
#include "hash_template.h"

static void wrong_many(const void *self, const struct tenon_slice *keys,
		       size_t count, uint64_t *out)
{
	for (size_t i = 0; i < count; i++) {
		out[i] = sum(self, keys[0].data, keys[0].len);
	}
}
