/* SPDX-License-Identifier: BSD-3-Clause */
/* The digest does not begin with the hash. */
#include "tenon/plugin/hash.h"

static void wrong_digest(const void *self, const void *key, size_t key_len,
			 uint32_t *words);

#define PLUGIN_NAME "digest"
#define OPS_DIGEST_WORDS 2
#define OPS_DIGEST wrong_digest
#include "hash_template.h"

static void wrong_digest(const void *self, const void *key, size_t key_len,
			 uint32_t *words)
{
	words[0] = 0;
	words[1] = (uint32_t)sum(self, key, key_len);
}
