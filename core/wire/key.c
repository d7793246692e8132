/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/key.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

const char *const tenon__prefix_rule_words[] = { "libmc", "front", NULL };

void tenon__key_prefix(char *out, const struct tenon__prefix *prefix,
		       const char *key, size_t len)
{
	if (*key == '?' && prefix->rule == TENON__PREFIX_LIBMC) {
		*out++ = '?';
		key++;
		len--;
	}
	memcpy(out, prefix->text, prefix->len);
	memcpy(out + prefix->len, key, len);
}

int tenon__key_explain(struct tenon_slice key, size_t prefix_len,
		       struct tenon_error *err)
{
	if (key.len == 0) {
		return tenon__error_set(err, TENON_EKEY, "the key is empty");
	}
	if (key.len + prefix_len > TENON_KEY_MAX_BYTES) {
		return tenon__error_set(err, TENON_EKEY,
			"the key has %zu bytes%s: memcached accepts at most %d; the key_rule of the config can shorten keys",
			key.len + prefix_len, prefix_len ? " with prefix" : "",
			TENON_KEY_MAX_BYTES);
	}
	size_t at = 0;
	while (at + 1 < key.len &&
	       tenon__key_valid((const char *)key.data + at, 1)) {
		at++;
	}
	return tenon__error_set(err, TENON_EKEY,
		"the key has byte 0x%02x at offset %zu: space and control bytes cannot be sent",
		((const unsigned char *)key.data)[at], at);
}

/* ---- keys that cannot be sent ------------------------------------------- */

const char *const tenon__key_rule_words[] = { "refuse", "md5", "dalli", NULL };

#define DIGEST_BYTES 32 /* in hex */

/* Write the digest in hex, the first byte first. out has room for its NUL too. */
static void put_digest(char out[DIGEST_BYTES + 1], const struct tenon_hash *hash,
		       struct tenon_slice key)
{
	uint32_t words[TENON_KEY_DIGEST_WORDS];

	hash->ops->digest(hash->self, key.data, key.len, words);
	for (size_t i = 0; i < TENON_KEY_DIGEST_WORDS; i++) {
		snprintf(out + 8 * i, 9, "%08" PRIx32,
			 __builtin_bswap32(words[i]));
	}
}

/* dalli cuts a key so that it has 249 bytes with its digest, or 250 when it has a namespace. */
#define DALLI_BYTES 249
#define DALLI_MARK ":md5:"

static size_t shorten_dalli(const struct tenon_hash *hash, struct tenon_slice key,
			    bool has_prefix, char *out)
{
	size_t mark_len = sizeof(DALLI_MARK) - 1;
	size_t kept = DALLI_BYTES + has_prefix - mark_len - DIGEST_BYTES;
	char digest[DIGEST_BYTES + 1];

	if (key.len <= TENON_KEY_MAX_BYTES || !tenon__key_valid(key.data, kept)) {
		return 0; /* the bytes of the key are the trouble, not its length */
	}
	put_digest(digest, hash, key);
	memcpy(out, key.data, kept);
	memcpy(out + kept, DALLI_MARK, mark_len);
	memcpy(out + kept + mark_len, digest, DIGEST_BYTES);
	return kept + mark_len + DIGEST_BYTES;
}

size_t tenon__key_shorten(enum tenon__key_rule rule,
			  const struct tenon_hash *hash, struct tenon_slice key,
			  bool has_prefix, char *out)
{
	char digest[DIGEST_BYTES + 1];

	if (rule == TENON__KEY_DALLI) {
		return shorten_dalli(hash, key, has_prefix, out);
	}
	if (rule != TENON__KEY_MD5) {
		return 0;
	}
	put_digest(digest, hash, key);
	memcpy(out, digest, DIGEST_BYTES);
	return DIGEST_BYTES;
}
