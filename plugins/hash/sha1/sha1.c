/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SHA-1 (RFC 3174) of a key. The hash is the first four bytes of the digest as a big-endian
 * number.
 */
#include <string.h>

#include "../hash_common.h"

#define BLOCK_BYTES	64
#define WORDS		5 /* in the digest */
#define STEPS		80
#define STEPS_PER_ROUND 20
#define LENGTH_OFFSET	56 /* of the key's length in bits, in the last block */

static const uint32_t initial[WORDS] = { 0x67452301, 0xefcdab89, 0x98badcfe,
					 0x10325476, 0xc3d2e1f0 };
static const uint32_t constants[] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc,
				      0xca62c1d6 };

static inline uint32_t load_be32(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	       (uint32_t)bytes[2] << 8 | (uint32_t)bytes[3];
}

static void store_be64(unsigned char *bytes, uint64_t number)
{
	for (size_t i = 0; i < 8; i++) {
		bytes[i] = (unsigned char)(number >> (56 - 8 * i));
	}
}

/* The function of three words that a round uses. */
static inline uint32_t combine(size_t round, uint32_t b, uint32_t c, uint32_t d)
{
	switch (round) {
	case 0:
		return d ^ (b & (c ^ d));
	case 2:
		return (b & c) | (d & (b | c));
	default:
		return b ^ c ^ d;
	}
}

/* Fill w with the 16 words of the block and the words that follow from them. */
static void expand(uint32_t w[STEPS], const unsigned char *block)
{
	for (size_t i = 0; i < 16; i++) {
		w[i] = load_be32(block + i * 4);
	}
	for (size_t i = 16; i < STEPS; i++) {
		w[i] = rotate_left32(
			w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	}
}

/* Run the 20 steps of a round. Inlined with a constant round, so that `combine` costs no branch. */
static inline void run_round(uint32_t s[WORDS], const uint32_t w[STEPS],
			     size_t round)
{
	const uint32_t *word = w + round * STEPS_PER_ROUND;

	for (size_t i = 0; i < STEPS_PER_ROUND; i++) {
		uint32_t next = rotate_left32(s[0], 5) +
				combine(round, s[1], s[2], s[3]) + s[4] +
				constants[round] + word[i];

		s[4] = s[3];
		s[3] = s[2];
		s[2] = rotate_left32(s[1], 30);
		s[1] = s[0];
		s[0] = next;
	}
}

static void compress(uint32_t state[WORDS], const unsigned char *block)
{
	uint32_t s[WORDS];
	uint32_t w[STEPS];

	expand(w, block);
	memcpy(s, state, sizeof(s));
	run_round(s, w, 0);
	run_round(s, w, 1);
	run_round(s, w, 2);
	run_round(s, w, 3);
	for (size_t i = 0; i < WORDS; i++) {
		state[i] += s[i];
	}
}

static void sha1_digest(const void *self, const void *key, size_t key_len,
			uint32_t *words)
{
	unsigned char last[2 * BLOCK_BYTES] = { 0 };
	const unsigned char *bytes = key;
	size_t left = key_len;
	size_t last_bytes;

	(void)self;
	memcpy(words, initial, sizeof(initial));
	for (; left >= BLOCK_BYTES; left -= BLOCK_BYTES) {
		compress(words, bytes);
		bytes += BLOCK_BYTES;
	}
	memcpy(last, bytes, left);
	last[left] = 0x80;
	last_bytes = left < LENGTH_OFFSET ? BLOCK_BYTES : 2 * BLOCK_BYTES;
	store_be64(last + last_bytes - 8, (uint64_t)key_len * 8);
	for (size_t i = 0; i < last_bytes; i += BLOCK_BYTES) {
		compress(words, last + i);
	}
}

static uint64_t sha1_hash(const void *self, const void *key, size_t key_len)
{
	uint32_t words[WORDS];

	sha1_digest(self, key, key_len, words);
	return words[0];
}

/* Computed by hashlib of CPython 3.11. */
static const struct tenon_hash_vector sha1_vectors[] = {
	{ "", 0, 0, 0xda39a3ee },
	{ "a", 1, 0, 0x86f7e437 },
	{ "foo", 3, 0, 0x0beec7b5 },
	{ "key:1", 5, 0, 0xb2dcab4f },
	{ "user:1234", 9, 0, 0x32490001 },
	{ "\xe4\xb8\xad\xe6\x96\x87", 6, 0, 0x7be2d2d2 },
	{ HIGH_BYTES, 16, 0, 0x329dfdca },
	{ DIGITS_250, 250, 0, 0xfce6f28a },
	{ "abc", 3, 0, 0xa9993e36 },
	{ DIGITS_250, 55, 0, 0x9f3a4ce7 },
	{ DIGITS_250, 56, 0, 0x0a40b8fb },
	{ DIGITS_250, 63, 0, 0x984b0f2f },
	{ DIGITS_250, 64, 0, 0xcf0800f7 },
};

static const struct tenon_hash_ops sha1_ops = {
	.size = sizeof(struct tenon_hash_ops),
	.hash = sha1_hash,
	.selftest = sha1_vectors,
	.selftest_count = sizeof(sha1_vectors) / sizeof(sha1_vectors[0]),
	.bits = 32,
	.digest_words = WORDS,
	.digest = sha1_digest,
};

TENON_PLUGIN_DEFINE(
	hash_sha1, .kind = TENON_KIND_HASH, .name = "sha1", .version = "1.0",
	.summary = "the first four bytes of the SHA-1 digest, big-endian",
	.ops = &sha1_ops)
