/* SPDX-License-Identifier: BSD-3-Clause */
/* lookup3 (Jenkins): hashlittle() with the initial value of libmemcached and twemproxy, 13. */
#include <string.h>

#include "../hash_common.h"

#define INITIAL	    (0xdeadbeefu + 13)
#define BLOCK_BYTES 12

#define MIX(x, y, z, bits)                                                     \
	do {                                                                   \
		(x) = ((x) - (y)) ^ rotate_left32((y), (bits));                \
		(y) += (z);                                                    \
	} while (0)

#define FINAL(x, y, bits) ((x) = ((x) ^ (y)) - rotate_left32((y), (bits)))

/* The three words of the state. */
struct words {
	uint32_t a;
	uint32_t b;
	uint32_t c;
};

static inline void mix(struct words *s)
{
	MIX(s->a, s->c, s->b, 4);
	MIX(s->b, s->a, s->c, 6);
	MIX(s->c, s->b, s->a, 8);
	MIX(s->a, s->c, s->b, 16);
	MIX(s->b, s->a, s->c, 19);
	MIX(s->c, s->b, s->a, 4);
}

static inline uint32_t finish(struct words *s)
{
	FINAL(s->c, s->b, 14);
	FINAL(s->a, s->c, 11);
	FINAL(s->b, s->a, 25);
	FINAL(s->c, s->b, 16);
	FINAL(s->a, s->c, 4);
	FINAL(s->b, s->a, 14);
	FINAL(s->c, s->b, 24);
	return s->c;
}

static inline void add_block(struct words *s, const unsigned char *bytes)
{
	s->a += load_le32(bytes);
	s->b += load_le32(bytes + 4);
	s->c += load_le32(bytes + 8);
}

static uint64_t jenkins_hash(const void *self, const void *key, size_t key_len)
{
	uint32_t initial = INITIAL + (uint32_t)key_len;
	struct words s = { initial, initial, initial };
	unsigned char last[BLOCK_BYTES] = { 0 };
	const unsigned char *bytes = key;

	(void)self;
	if (key_len == 0) {
		return initial;
	}
	for (; key_len > BLOCK_BYTES; key_len -= BLOCK_BYTES) {
		add_block(&s, bytes);
		mix(&s);
		bytes += BLOCK_BYTES;
	}
	memcpy(last, bytes, key_len);
	add_block(&s, last);
	return finish(&s);
}

/* Computed by libhashkit 1.1.4. */
static const struct tenon_hash_vector jenkins_vectors[] = {
	{ "", 0, 0, 0xdeadbefc },
	{ "a", 1, 0, 0xe0a38690 },
	{ "foo", 3, 0, 0x99f84f99 },
	{ "key:1", 5, 0, 0x82bc75da },
	{ "user:1234", 9, 0, 0xf57ec064 },
	{ "\xe4\xb8\xad\xe6\x96\x87", 6, 0, 0x57e5de1b },
	{ HIGH_BYTES, 16, 0, 0xaee33839 },
	{ DIGITS_250, 250, 0, 0xbf7d1c1c },
	{ DIGITS_250, 12, 0, 0x517c3a51 },
	{ DIGITS_250, 13, 0, 0x197abba5 },
};

static const struct tenon_hash_ops jenkins_ops = {
	.size = sizeof(struct tenon_hash_ops),
	.hash = jenkins_hash,
	.selftest = jenkins_vectors,
	.selftest_count = sizeof(jenkins_vectors) / sizeof(jenkins_vectors[0]),
	.bits = 32,
};

TENON_PLUGIN_DEFINE(hash_jenkins, .kind = TENON_KIND_HASH, .name = "jenkins",
		    .version = "1.0",
		    .summary = "lookup3 (Jenkins), as in libmemcached",
		    .ops = &jenkins_ops)
