/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks keys and puts the prefix into them. */
#ifndef TENON_CORE_KEY_H
#define TENON_CORE_KEY_H

#include <stdbool.h>
#include <string.h>

#include "tenon/error.h"
#include "tenon/plugin/hash.h"
#include "tenon/types.h"

/* 16 bytes that are checked at once, by SIMD instructions where the machine has them. */
typedef uint8_t tenon__bytes16 __attribute__((vector_size(16)));

/*
 * Fill *bad: nonzero where the byte of `at` is below 0x21 or equal to 0x7f. A vector that is returned has another ABI on 32-bit x86 without SSE, and gcc warns of that.
 */
static inline void tenon__key_find_bad(tenon__bytes16 *bad, const char *at)
{
	tenon__bytes16 bytes;

	memcpy(&bytes, at, sizeof(bytes));
	*bad = (tenon__bytes16)((bytes < 0x21) | (bytes == 0x7f));
}

/*
 * Return true when this key can be sent: it has 1..TENON_KEY_MAX_BYTES bytes, no space
 * and no control byte (0..31, 127). Bytes from 128 on are allowed.
 * Source: memcached protocol.txt, "Keys".
 */
static inline bool tenon__key_valid(const char *key, size_t len)
{
	char padded[sizeof(tenon__bytes16)];
	tenon__bytes16 bad;
	uint64_t halves[2];

	if (len == 0 || len > TENON_KEY_MAX_BYTES) {
		return false;
	}
	if (len < sizeof(padded)) {
		memset(padded, 'k', sizeof(padded));
		memcpy(padded, key, len);
		tenon__key_find_bad(&bad, padded);
	} else {
		tenon__key_find_bad(&bad, key + len - sizeof(bad));
		for (size_t at = 0; at + sizeof(bad) < len;
		     at += sizeof(bad)) {
			tenon__bytes16 more;

			tenon__key_find_bad(&more, key + at);
			bad |= more;
		}
	}
	memcpy(halves, &bad, sizeof(halves));
	return (halves[0] | halves[1]) == 0;
}

/* Values of the config's key key_rule: what becomes of a key that cannot be sent. */
enum tenon__key_rule {
	TENON__KEY_REFUSE = 0,
	TENON__KEY_MD5 = 1,
	TENON__KEY_DALLI = 2
};

/* The words of key_rule, by enum tenon__key_rule. Ends with NULL. */
extern const char *const tenon__key_rule_words[];

/*
 * Make a key that can be sent of one that cannot.
 * Shape:   key has at least one byte, and the prefix. out has room for TENON_KEY_MAX_BYTES bytes.
 *          hash has a digest of TENON_KEY_DIGEST_WORDS little-endian words: MD5.
 * Returns: the length of the new key; 0 when the rule refuses the key.
 * Source:  MD5: node memcached, lib/utils.js (keyCompression). DALLI: Ruby's dalli, key_manager.rb.
 */
size_t tenon__key_shorten(enum tenon__key_rule rule,
			  const struct tenon_hash *hash, struct tenon_slice key,
			  bool has_prefix, char *out);
#define TENON_KEY_DIGEST_WORDS 4

/* Write into err why this key cannot be sent. Returns TENON_EKEY. */
int tenon__key_explain(struct tenon_slice key, size_t prefix_len,
		       struct tenon_error *err);

/* Values of the config's key prefix_rule: where the prefix goes. */
enum tenon__prefix_rule {
	TENON__PREFIX_LIBMC = 0, /* behind a `?` at the beginning of the key, as in libmc */
	TENON__PREFIX_FRONT = 1	 /* always in front */
};

/* The words of prefix_rule, by enum tenon__prefix_rule. Ends with NULL. */
extern const char *const tenon__prefix_rule_words[];

/* The prefix of all keys. */
struct tenon__prefix {
	const char *text;
	size_t len; /* 0: no prefix */
	enum tenon__prefix_rule rule;
};

/*
 * Put the prefix into the key.
 * Shape:  out has room for prefix->len + len bytes; len is 1 or more.
 * Source: libmc, _client.pyx normalize_key (the `?`).
 */
void tenon__key_prefix(char *out, const struct tenon__prefix *prefix,
		       const char *key, size_t len);

/*
 * Check a key and make the key that is sent: with the prefix.
 * Shape:  *out points into key, or into buffer (TENON_KEY_MAX_BYTES bytes) when
 *         there is a prefix.
 * Errors: TENON_EKEY; *out is untouched.
 */
static inline int tenon__key_make(struct tenon_slice *out,
				  struct tenon_slice key,
				  const struct tenon__prefix *prefix,
				  char *buffer)
{
	if (!tenon__key_valid(key.data, key.len)) {
		return TENON_EKEY;
	}
	if (prefix->len > 0) {
		if (key.len + prefix->len > TENON_KEY_MAX_BYTES) {
			return TENON_EKEY;
		}
		tenon__key_prefix(buffer, prefix, key.data, key.len);
		key.data = buffer;
		key.len += prefix->len;
	}
	*out = key;
	return 0;
}

#endif
