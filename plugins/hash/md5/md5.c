/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MD5 (RFC 1321) of a key. The hash is the first four bytes of the digest as a little-endian
 * number, as in libmc and libmemcached, or as a big-endian number (option `bytes`). The code is
 * made for keys: nearly all are shorter than 56 bytes, which is one block, and only the first of
 * the four words of the digest is needed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#if defined(__GNUC__) && defined(__x86_64__)
#include <immintrin.h>
#endif

#include "../hash_common.h"

#ifdef __GNUC__
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE
#endif

#define BLOCK_BYTES   64
#define WORDS	      16 /* in a block */
#define DIGEST_WORDS  4
#define LENGTH_OFFSET 56 /* of the key's length in bits, at the end of the last block */
#define ONE_BLOCK_MAX 55 /* longest key that leaves room for 0x80 and the length */

#define INIT_A 0x67452301u
#define INIT_B 0xefcdab89u
#define INIT_C 0x98badcfeu
#define INIT_D 0x10325476u

/*
 * RFC 1321 combines the halves of G with "or"; no bit is set in both, so adding them gives the
 * same. The compiler can then add the half with ~z early. Each step of MD5 waits for the one
 * before, so this makes a step shorter.
 */
#define F(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define G(x, y, z) (((y) & ~(z)) + ((x) & (z)))
#define I(x, y, z) ((y) ^ ((x) | ~(z)))

#define STEP(f, a, b, c, d, w, k, s)                                           \
	do {                                                                   \
		(a) += (w) + k##u + f(b, c, d);                                \
		(a) = (((a) << (s)) | ((a) >> (32 - (s)))) + (b);              \
	} while (0)

/*
 * A step with H, which is b ^ c ^ d. Before the step t is c ^ d. Afterwards t is b ^ c, which is
 * c ^ d in the next step's names.
 */
#define STEP_H(a, b, c, d, t, w, k, s)                                         \
	do {                                                                   \
		(t) ^= (b);                                                    \
		(a) += (w) + k##u + (t);                                       \
		(a) = (((a) << (s)) | ((a) >> (32 - (s)))) + (b);              \
		(t) ^= (d);                                                    \
	} while (0)

/*
 * The 64 steps. a, b, c, d and t are numbers, or vectors of numbers, one for each key; word(i)
 * is word i of the block.
 */
#define ROUNDS(a, b, c, d, t, word)                                            \
	STEP(F, a, b, c, d, word(0), 0xd76aa478, 7);                           \
	STEP(F, d, a, b, c, word(1), 0xe8c7b756, 12);                          \
	STEP(F, c, d, a, b, word(2), 0x242070db, 17);                          \
	STEP(F, b, c, d, a, word(3), 0xc1bdceee, 22);                          \
	STEP(F, a, b, c, d, word(4), 0xf57c0faf, 7);                           \
	STEP(F, d, a, b, c, word(5), 0x4787c62a, 12);                          \
	STEP(F, c, d, a, b, word(6), 0xa8304613, 17);                          \
	STEP(F, b, c, d, a, word(7), 0xfd469501, 22);                          \
	STEP(F, a, b, c, d, word(8), 0x698098d8, 7);                           \
	STEP(F, d, a, b, c, word(9), 0x8b44f7af, 12);                          \
	STEP(F, c, d, a, b, word(10), 0xffff5bb1, 17);                         \
	STEP(F, b, c, d, a, word(11), 0x895cd7be, 22);                         \
	STEP(F, a, b, c, d, word(12), 0x6b901122, 7);                          \
	STEP(F, d, a, b, c, word(13), 0xfd987193, 12);                         \
	STEP(F, c, d, a, b, word(14), 0xa679438e, 17);                         \
	STEP(F, b, c, d, a, word(15), 0x49b40821, 22);                         \
	STEP(G, a, b, c, d, word(1), 0xf61e2562, 5);                           \
	STEP(G, d, a, b, c, word(6), 0xc040b340, 9);                           \
	STEP(G, c, d, a, b, word(11), 0x265e5a51, 14);                         \
	STEP(G, b, c, d, a, word(0), 0xe9b6c7aa, 20);                          \
	STEP(G, a, b, c, d, word(5), 0xd62f105d, 5);                           \
	STEP(G, d, a, b, c, word(10), 0x02441453, 9);                          \
	STEP(G, c, d, a, b, word(15), 0xd8a1e681, 14);                         \
	STEP(G, b, c, d, a, word(4), 0xe7d3fbc8, 20);                          \
	STEP(G, a, b, c, d, word(9), 0x21e1cde6, 5);                           \
	STEP(G, d, a, b, c, word(14), 0xc33707d6, 9);                          \
	STEP(G, c, d, a, b, word(3), 0xf4d50d87, 14);                          \
	STEP(G, b, c, d, a, word(8), 0x455a14ed, 20);                          \
	STEP(G, a, b, c, d, word(13), 0xa9e3e905, 5);                          \
	STEP(G, d, a, b, c, word(2), 0xfcefa3f8, 9);                           \
	STEP(G, c, d, a, b, word(7), 0x676f02d9, 14);                          \
	STEP(G, b, c, d, a, word(12), 0x8d2a4c8a, 20);                         \
	(t) = (c) ^ (d);                                                       \
	STEP_H(a, b, c, d, t, word(5), 0xfffa3942, 4);                         \
	STEP_H(d, a, b, c, t, word(8), 0x8771f681, 11);                        \
	STEP_H(c, d, a, b, t, word(11), 0x6d9d6122, 16);                       \
	STEP_H(b, c, d, a, t, word(14), 0xfde5380c, 23);                       \
	STEP_H(a, b, c, d, t, word(1), 0xa4beea44, 4);                         \
	STEP_H(d, a, b, c, t, word(4), 0x4bdecfa9, 11);                        \
	STEP_H(c, d, a, b, t, word(7), 0xf6bb4b60, 16);                        \
	STEP_H(b, c, d, a, t, word(10), 0xbebfbc70, 23);                       \
	STEP_H(a, b, c, d, t, word(13), 0x289b7ec6, 4);                        \
	STEP_H(d, a, b, c, t, word(0), 0xeaa127fa, 11);                        \
	STEP_H(c, d, a, b, t, word(3), 0xd4ef3085, 16);                        \
	STEP_H(b, c, d, a, t, word(6), 0x04881d05, 23);                        \
	STEP_H(a, b, c, d, t, word(9), 0xd9d4d039, 4);                         \
	STEP_H(d, a, b, c, t, word(12), 0xe6db99e5, 11);                       \
	STEP_H(c, d, a, b, t, word(15), 0x1fa27cf8, 16);                       \
	STEP_H(b, c, d, a, t, word(2), 0xc4ac5665, 23);                        \
	STEP(I, a, b, c, d, word(0), 0xf4292244, 6);                           \
	STEP(I, d, a, b, c, word(7), 0x432aff97, 10);                          \
	STEP(I, c, d, a, b, word(14), 0xab9423a7, 15);                         \
	STEP(I, b, c, d, a, word(5), 0xfc93a039, 21);                          \
	STEP(I, a, b, c, d, word(12), 0x655b59c3, 6);                          \
	STEP(I, d, a, b, c, word(3), 0x8f0ccc92, 10);                          \
	STEP(I, c, d, a, b, word(10), 0xffeff47d, 15);                         \
	STEP(I, b, c, d, a, word(1), 0x85845dd1, 21);                          \
	STEP(I, a, b, c, d, word(8), 0x6fa87e4f, 6);                           \
	STEP(I, d, a, b, c, word(15), 0xfe2ce6e0, 10);                         \
	STEP(I, c, d, a, b, word(6), 0xa3014314, 15);                          \
	STEP(I, b, c, d, a, word(13), 0x4e0811a1, 21);                         \
	STEP(I, a, b, c, d, word(4), 0xf7537e82, 6);                           \
	STEP(I, d, a, b, c, word(11), 0xbd3af235, 10);                         \
	STEP(I, c, d, a, b, word(2), 0x2ad7d2bb, 15);                          \
	STEP(I, b, c, d, a, word(9), 0xeb86d391, 21)

static inline void store_le32(unsigned char *bytes, uint32_t word)
{
	bytes[0] = (unsigned char)word;
	bytes[1] = (unsigned char)(word >> 8);
	bytes[2] = (unsigned char)(word >> 16);
	bytes[3] = (unsigned char)(word >> 24);
}

/* ---- one key ----------------------------------------------------------- */

#define WORD(i) load_le32(block + (i)*4)
/* Word 15 is the upper half of the length in bits, which is 0 for a key of one block. */
#define WORD_OF_ONE_BLOCK(i) ((i) == 15 ? 0 : WORD(i))

/*
 * Copy less than a block. Two overlapping copies of fixed size cost less than one copy of unknown
 * size.
 */
static inline void copy_tail(unsigned char *to, const unsigned char *from,
			     size_t len)
{
	if (len >= 32) {
		memcpy(to, from, 32);
		memcpy(to + len - 32, from + len - 32, 32);
	} else if (len >= 16) {
		memcpy(to, from, 16);
		memcpy(to + len - 16, from + len - 16, 16);
	} else if (len >= 8) {
		memcpy(to, from, 8);
		memcpy(to + len - 8, from + len - 8, 8);
	} else {
		for (size_t i = 0; i < len; i++) {
			to[i] = from[i];
		}
	}
}

/* Return the number of blocks of a padded key. */
static size_t block_count(size_t key_len)
{
	return (key_len + 1 + 8 + BLOCK_BYTES - 1) / BLOCK_BYTES;
}

/*
 * Return block number n of a padded key: a pointer into the key when the key fills the block,
 * else scratch, in which the block is built.
 */
static inline const unsigned char *padded_block(
	unsigned char scratch[BLOCK_BYTES], const unsigned char *key,
	size_t key_len, size_t n)
{
	size_t start = n * BLOCK_BYTES;
	uint64_t bits = (uint64_t)key_len * 8;

	if (start + BLOCK_BYTES <= key_len) {
		return key + start;
	}
	memset(scratch, 0, BLOCK_BYTES);
	if (start <= key_len) {
		copy_tail(scratch, key + start, key_len - start);
		scratch[key_len - start] = 0x80;
	}
	if (n + 1 == block_count(key_len)) {
		store_le32(scratch + LENGTH_OFFSET, (uint32_t)bits);
		store_le32(scratch + LENGTH_OFFSET + 4, (uint32_t)(bits >> 32));
	}
	return scratch;
}

static void compress(uint32_t state[4], const unsigned char *block)
{
	uint32_t a = state[0];
	uint32_t b = state[1];
	uint32_t c = state[2];
	uint32_t d = state[3];
	uint32_t t;

	ROUNDS(a, b, c, d, t, WORD);
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
}

/*
 * Return the first word of the digest of one block. Not inlined: where gcc sees the block being
 * built, it adds words and constants ahead of time and spills all sums to the stack. The compiler
 * removes the last three steps, which do not change word a.
 */
NOINLINE static uint32_t one_block(const unsigned char *block)
{
	uint32_t a = INIT_A;
	uint32_t b = INIT_B;
	uint32_t c = INIT_C;
	uint32_t d = INIT_D;
	uint32_t t;

	ROUNDS(a, b, c, d, t, WORD_OF_ONE_BLOCK);
	return INIT_A + a;
}

/* Compute the digest of a key of any length, as little-endian words. */
static void digest_of(uint32_t state[DIGEST_WORDS], const unsigned char *key,
		      size_t key_len)
{
	unsigned char scratch[BLOCK_BYTES];
	size_t count = block_count(key_len);

	state[0] = INIT_A;
	state[1] = INIT_B;
	state[2] = INIT_C;
	state[3] = INIT_D;
	for (size_t n = 0; n < count; n++) {
		compress(state, padded_block(scratch, key, key_len, n));
	}
}

NOINLINE static uint32_t many_blocks(const unsigned char *key, size_t key_len)
{
	uint32_t state[DIGEST_WORDS];

	digest_of(state, key, key_len);
	return state[0];
}

/* Return the first word of a key's digest, little-endian. */
static inline uint32_t first_word(const void *key, size_t key_len)
{
	unsigned char block[BLOCK_BYTES] = { 0 };

	if (key_len > ONE_BLOCK_MAX) {
		return many_blocks(key, key_len);
	}
	copy_tail(block, key, key_len);
	block[key_len] = 0x80;
	store_le32(block + LENGTH_OFFSET, (uint32_t)key_len * 8);
	return one_block(block);
}

/* ---- many keys --------------------------------------------------------- */

#ifdef __GNUC__

#define LANES_MAX  16
#define BLOCKS_MAX 5 /* blocks of a key of TENON_KEY_MAX_BYTES */

/* Fewer keys are hashed faster one by one. */
#define WORTHWHILE_SSE2 5
#define WORTHWHILE_AVX2 3

/* Keys of the same number of blocks, collected until there is one for each lane. */
struct lanes {
	const struct tenon_slice *keys[LANES_MAX];
	uint64_t *out[LANES_MAX]; /* where the hash of each key goes */
	size_t count;
};

/* Word i of every lane. */
#define WORD_OF_LANES(i) w[i]

/*
 * Define a function that hashes as many keys as `vector` has lanes. All keys have `blocks` blocks.
 * load(w, block) fills w[i] with word i of each key's block.
 */
#define DEFINE_LANES(name, vector, load, attributes)                           \
	attributes static void name(uint32_t *out, const struct lanes *lanes,  \
				    size_t blocks)                             \
	{                                                                      \
		enum { COUNT = sizeof(vector) / sizeof(uint32_t) };            \
		unsigned char scratch[COUNT][BLOCK_BYTES];                     \
		const unsigned char *block[COUNT];                             \
		vector w[WORDS];                                               \
		vector a = (vector){ 0 } + INIT_A;                             \
		vector b = (vector){ 0 } + INIT_B;                             \
		vector c = (vector){ 0 } + INIT_C;                             \
		vector d = (vector){ 0 } + INIT_D;                             \
		vector t;                                                      \
                                                                               \
		for (size_t n = 0; n < blocks; n++) {                          \
			vector a0 = a, b0 = b, c0 = c, d0 = d;                 \
                                                                               \
			for (size_t i = 0; i < COUNT; i++) {                   \
				const struct tenon_slice *key =                \
					lanes->keys[i];                        \
                                                                               \
				block[i] = padded_block(scratch[i], key->data, \
							key->len, n);          \
			}                                                      \
			load(w, block);                                        \
			ROUNDS(a, b, c, d, t, WORD_OF_LANES);                  \
			a += a0;                                               \
			b += b0;                                               \
			c += c0;                                               \
			d += d0;                                               \
		}                                                              \
		memcpy(out, &a, sizeof(a));                                    \
	}

/*
 * hash_x8 of SSE2 and hash_x16 of AVX2 have vectors that are twice as wide as the processor's
 * registers. Each step of MD5 waits for the one before, so two independent halves take no longer
 * than one.
 */
typedef uint32_t vector_x8 __attribute__((vector_size(32)));

static inline void load_x8(vector_x8 w[WORDS],
			   const unsigned char *const block[8])
{
	for (size_t i = 0; i < WORDS; i++) {
		w[i] = (vector_x8){ load_le32(block[0] + i * 4),
				    load_le32(block[1] + i * 4),
				    load_le32(block[2] + i * 4),
				    load_le32(block[3] + i * 4),
				    load_le32(block[4] + i * 4),
				    load_le32(block[5] + i * 4),
				    load_le32(block[6] + i * 4),
				    load_le32(block[7] + i * 4) };
	}
}

DEFINE_LANES(hash_x8, vector_x8, load_x8, )

#ifdef __x86_64__

#define AVX2 __attribute__((target("avx2")))

typedef uint32_t vector_x16 __attribute__((vector_size(64)));

/*
 * Transpose 8 x 8 words: word j of block[i], from byte `offset` on, becomes lane i of
 * w[j * stride].
 */
AVX2 static inline void transpose_x8(__m256i *w, size_t stride,
				     const unsigned char *const block[8],
				     size_t offset)
{
#define ROW(i) _mm256_loadu_si256((const void *)(block[i] + offset))
	__m256i r01 = _mm256_unpacklo_epi32(ROW(0), ROW(1));
	__m256i s01 = _mm256_unpackhi_epi32(ROW(0), ROW(1));
	__m256i r23 = _mm256_unpacklo_epi32(ROW(2), ROW(3));
	__m256i s23 = _mm256_unpackhi_epi32(ROW(2), ROW(3));
	__m256i r45 = _mm256_unpacklo_epi32(ROW(4), ROW(5));
	__m256i s45 = _mm256_unpackhi_epi32(ROW(4), ROW(5));
	__m256i r67 = _mm256_unpacklo_epi32(ROW(6), ROW(7));
	__m256i s67 = _mm256_unpackhi_epi32(ROW(6), ROW(7));
#undef ROW
	__m256i low[4] = { _mm256_unpacklo_epi64(r01, r23),
			   _mm256_unpackhi_epi64(r01, r23),
			   _mm256_unpacklo_epi64(s01, s23),
			   _mm256_unpackhi_epi64(s01, s23) };
	__m256i high[4] = { _mm256_unpacklo_epi64(r45, r67),
			    _mm256_unpackhi_epi64(r45, r67),
			    _mm256_unpacklo_epi64(s45, s67),
			    _mm256_unpackhi_epi64(s45, s67) };

	for (size_t i = 0; i < 4; i++) {
		w[i * stride] = _mm256_permute2x128_si256(low[i], high[i], 0x20);
		w[(i + 4) * stride] = _mm256_permute2x128_si256(low[i], high[i], 0x31);
	}
}

AVX2 static inline void load_x8_avx2(vector_x8 w[WORDS],
				     const unsigned char *const block[8])
{
	transpose_x8((__m256i *)w, 1, block, 0);
	transpose_x8((__m256i *)(w + 8), 1, block, BLOCK_BYTES / 2);
}

AVX2 static inline void load_x16(vector_x16 w[WORDS],
				 const unsigned char *const block[16])
{
	for (size_t half = 0; half < 2; half++) {
		transpose_x8((__m256i *)w + half, 2, block + 8 * half, 0);
		transpose_x8((__m256i *)(w + 8) + half, 2, block + 8 * half,
			     BLOCK_BYTES / 2);
	}
}

DEFINE_LANES(hash_x8_avx2, vector_x8, load_x8_avx2, AVX2)
DEFINE_LANES(hash_x16, vector_x16, load_x16, AVX2)

#endif

static bool has_avx2(void)
{
#ifdef __x86_64__
	return __builtin_cpu_supports("avx2");
#else
	return false;
#endif
}

/* Hash the collected keys, and empty the collection. Lanes without a key hash the first key again. */
static void run_lanes(struct lanes *lanes, size_t blocks, bool avx2)
{
	uint32_t hashes[LANES_MAX];
	size_t width = lanes->count > 8 ? 16 : 8; /* 16 only with AVX2 */

	for (size_t i = lanes->count; i < width; i++) {
		lanes->keys[i] = lanes->keys[0];
	}
	if (!avx2) {
		hash_x8(hashes, lanes, blocks);
	} else {
#ifdef __x86_64__
		(width == 8 ? hash_x8_avx2 : hash_x16)(hashes, lanes, blocks);
#endif
	}
	for (size_t i = 0; i < lanes->count; i++) {
		*lanes->out[i] = hashes[i];
	}
	lanes->count = 0;
}

/* Hash the keys that are left at the end, fewer than the lanes. */
static void run_rest(struct lanes *lanes, size_t blocks, bool avx2)
{
	if (lanes->count >= (avx2 ? WORTHWHILE_AVX2 : WORTHWHILE_SSE2)) {
		run_lanes(lanes, blocks, avx2);
		return;
	}
	for (size_t i = 0; i < lanes->count; i++) {
		const struct tenon_slice *key = lanes->keys[i];

		*lanes->out[i] = first_word(key->data, key->len);
	}
}

/* Write the first word of each key's digest, little-endian. */
static void first_words(const struct tenon_slice *keys, size_t count,
			uint64_t *out)
{
	struct lanes lanes[BLOCKS_MAX]; /* lanes[n]: keys of n + 1 blocks */
	bool avx2 = has_avx2();
	size_t width = avx2 ? 16 : 8;

	for (size_t n = 0; n < BLOCKS_MAX; n++) {
		lanes[n].count = 0;
	}
	for (size_t i = 0; i < count; i++) {
		size_t blocks = block_count(keys[i].len);
		struct lanes *mine;

		if (blocks > BLOCKS_MAX) {
			out[i] = first_word(keys[i].data, keys[i].len);
			continue;
		}
		mine = &lanes[blocks - 1];
		mine->keys[mine->count] = &keys[i];
		mine->out[mine->count] = &out[i];
		if (++mine->count == width) {
			run_lanes(mine, blocks, avx2);
		}
	}
	for (size_t n = 0; n < BLOCKS_MAX; n++) {
		run_rest(&lanes[n], n + 1, avx2);
	}
}

#else

static void first_words(const struct tenon_slice *keys, size_t count,
			uint64_t *out)
{
	for (size_t i = 0; i < count; i++) {
		out[i] = first_word(keys[i].data, keys[i].len);
	}
}

#endif

/* ---- plugin ------------------------------------------------------------ */

struct md5_options {
	int32_t bytes; /* index into bytes_choices */
};

static const char *const bytes_choices[] = { "little", "big", NULL };
enum { BYTES_LITTLE, BYTES_BIG };

struct md5 {
	bool is_big;
};

static int md5_init(void *self, const void *options,
		    const struct tenon_host *host, struct tenon_error *err)
{
	const struct md5_options *md5_options = options;
	struct md5 *md5 = self;

	(void)host;
	(void)err;
	md5->is_big = md5_options->bytes == BYTES_BIG;
	return 0;
}

static inline uint32_t swap_bytes(uint32_t word)
{
	return word << 24 | (word << 8 & 0xff0000) | (word >> 8 & 0xff00) |
	       word >> 24;
}

/* Not inlined, so that md5_hash needs no register for its result and its option. */
NOINLINE static uint64_t hash_big(const void *key, size_t key_len)
{
	return swap_bytes(first_word(key, key_len));
}

static uint64_t md5_hash(const void *self, const void *key, size_t key_len)
{
	const struct md5 *md5 = self;

	return md5->is_big ? hash_big(key, key_len) : first_word(key, key_len);
}

static void md5_hash_many(const void *self, const struct tenon_slice *keys,
			  size_t count, uint64_t *out)
{
	const struct md5 *md5 = self;

	first_words(keys, count, out);
	for (size_t i = 0; md5->is_big && i < count; i++) {
		out[i] = swap_bytes((uint32_t)out[i]);
	}
}

static void md5_digest(const void *self, const void *key, size_t key_len,
		       uint32_t *words)
{
	const struct md5 *md5 = self;

	digest_of(words, key, key_len);
	for (size_t i = 0; md5->is_big && i < DIGEST_WORDS; i++) {
		words[i] = swap_bytes(words[i]);
	}
}

static const struct tenon_option md5_options[] = {
	{ .name = "bytes",
	  .type = TENON_OPTION_CHOICE,
	  .offset = offsetof(struct md5_options, bytes),
	  .def_text = "little",
	  .choices = bytes_choices,
	  .help = "order in which the first four bytes of the digest make a number" },
	{ .name = NULL },
};

/*
 * From RFC 1321, appendix A.5, and computed by libmc. Some have the lengths around which a block
 * is added.
 */
static const struct tenon_hash_vector md5_vectors[] = {
	{ "", 0, 0, 0xd98c1dd4 },
	{ "a", 1, 0, 0xb975c10c },
	{ "message digest", 14, 0, 0x7d696bf9 },
	{ "abcdefghijklmnopqrstuvwxyz", 26, 0, 0xd7d3fcc3 },
	{ "foo", 3, 0, 0xdb18bdac },
	{ "key:1", 5, 0, 0x3cb0c47a },
	{ "user:1234", 9, 0, 0xe7f65f01 },
	{ "\xe4\xb8\xad\xe6\x96\x87", 6, 0, 0x23c2baa7 },
	{ HIGH_BYTES, 16, 0, 0x2bbfedf0 },
	{ DIGITS_250, 55, 0, 0xc94f7a6e },
	{ DIGITS_250, 56, 0, 0xb270f28a },
	{ DIGITS_250, 63, 0, 0x4356e2c5 },
	{ DIGITS_250, 64, 0, 0x34fd7b7f },
	{ DIGITS_250, 119, 0, 0x50c8ee42 },
	{ DIGITS_250, 120, 0, 0x607a8771 },
	{ DIGITS_250, 250, 0, 0xa6454ce3 },
};

static const struct tenon_hash_ops md5_ops = {
	.size = sizeof(struct tenon_hash_ops),
	.state_size = sizeof(struct md5),
	.init = md5_init,
	.hash = md5_hash,
	.hash_many = md5_hash_many,
	.selftest = md5_vectors,
	.selftest_count = sizeof(md5_vectors) / sizeof(md5_vectors[0]),
	.bits = 32,
	.digest_words = DIGEST_WORDS,
	.digest = md5_digest,
};

TENON_PLUGIN_DEFINE(hash_md5, .kind = TENON_KIND_HASH, .name = "md5",
		    .version = "1.0",
		    .summary = "the first four bytes of the MD5 digest",
		    .ops = &md5_ops,
		    .options_bytes = sizeof(struct md5_options),
		    .options = md5_options)
