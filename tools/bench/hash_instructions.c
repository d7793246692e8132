/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * usage: hash_instructions HASH COUNT [KEY_BYTES [BATCH]]
 * Hash COUNT keys and say how long one took. HASH is the name of a built-in
 * hash plugin or of an alternative that was compiled in; with BATCH the plugin's
 * hash_many gets that many keys at a time.
 *
 * Instructions per key, which no noise touches, are the difference of two runs:
 *
 *   ir() { valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 |
 *          sed -n 's/.*Collected : //p'; }
 *   echo $(( ($(ir ./hash_instructions md5 2000) -
 *             $(ir ./hash_instructions md5 1000)) / 1000 ))
 *
 * Alternatives: -DWITH_OPENSSL -lcrypto, -DWITH_NETTLE -lnettle, -DWITH_ZLIB
 * -lz.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef WITH_OPENSSL
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#endif
#ifdef WITH_NETTLE
#include <nettle/md5.h>
#endif
#ifdef WITH_ZLIB
#include <zlib.h>
#endif

#include "core/plugin/builtin.h"
#include "tenon/plugin/hash.h"

#define KEYS_COUNT 1024 /* different keys; a power of two */
#define BATCH_MAX 1000

typedef uint64_t (*hash_fn)(const void *self, const void *key, size_t key_len);

/* RFC 1321 as it reads: a context, a loop over the steps, tables. */
static uint64_t md5_loop(const void *self, const void *key, size_t key_len)
{
	static const uint32_t constants[64] = {
		0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf,
		0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af,
		0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e,
		0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa,
		0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6,
		0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8,
		0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122,
		0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
		0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039,
		0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97,
		0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d,
		0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1,
		0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391
	};
	static const uint8_t shifts[16] = { 7, 12, 17, 22, 5, 9,  14, 20,
					    4, 11, 16, 23, 6, 10, 15, 21 };
	uint32_t state[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
	uint32_t words[16] = { 0 };
	uint32_t a = state[0];
	uint32_t b = state[1];
	uint32_t c = state[2];
	uint32_t d = state[3];

	(void)self;
	if (key_len > 55) {
		fprintf(stderr, "loop: only keys of 0..55 bytes\n");
		exit(2);
	}
	memcpy(words, key, key_len);
	((unsigned char *)words)[key_len] = 0x80;
	words[14] = (uint32_t)key_len * 8;
	for (unsigned i = 0; i < 64; i++) {
		unsigned shift = shifts[i / 16 * 4 + i % 4];
		unsigned word;
		uint32_t sum;

		if (i < 16) {
			sum = (b & c) | (~b & d);
			word = i;
		} else if (i < 32) {
			sum = (d & b) | (~d & c);
			word = (5 * i + 1) % 16;
		} else if (i < 48) {
			sum = b ^ c ^ d;
			word = (3 * i + 5) % 16;
		} else {
			sum = c ^ (b | ~d);
			word = 7 * i % 16;
		}
		sum += a + constants[i] + words[word];
		a = d;
		d = c;
		c = b;
		b += (sum << shift) | (sum >> (32 - shift));
	}
	return state[0] + a;
}

#if defined(WITH_OPENSSL) || defined(WITH_NETTLE)
static uint64_t first_word(const uint8_t digest[16])
{
	return (uint64_t)digest[0] | (uint64_t)digest[1] << 8 |
	       (uint64_t)digest[2] << 16 | (uint64_t)digest[3] << 24;
}
#endif

#ifdef WITH_OPENSSL
static uint64_t md5_openssl(const void *self, const void *key, size_t key_len)
{
	uint8_t digest[16];

	(void)self;
	MD5(key, key_len, digest);
	return first_word(digest);
}

static uint64_t md5_openssl_context(const void *self, const void *key,
				    size_t key_len)
{
	uint8_t digest[16];
	MD5_CTX context;

	(void)self;
	MD5_Init(&context);
	MD5_Update(&context, key, key_len);
	MD5_Final(digest, &context);
	return first_word(digest);
}
#endif

#ifdef WITH_NETTLE
static uint64_t md5_nettle(const void *self, const void *key, size_t key_len)
{
	uint8_t digest[16];
	struct md5_ctx context;

	(void)self;
	md5_init(&context);
	md5_update(&context, key_len, key);
	md5_digest(&context, sizeof(digest), digest);
	return first_word(digest);
}
#endif


#ifdef WITH_ZLIB
static uint64_t crc32_zlib(const void *self, const void *key, size_t key_len)
{
	(void)self;
	return crc32(0, key, (uInt)key_len);
}
#endif

static const struct {
	const char *name;
	hash_fn hash;
} alternatives[] = {
	{ "loop", md5_loop },
#ifdef WITH_OPENSSL
	{ "openssl", md5_openssl },
	{ "openssl_context", md5_openssl_context },
#endif
#ifdef WITH_NETTLE
	{ "nettle", md5_nettle },
#endif
#ifdef WITH_ZLIB
	{ "zlib_crc32", crc32_zlib },
#endif
};

static const struct tenon_hash_ops *find_plugin(const char *name)
{
	for (size_t i = 0; i < tenon__builtin_plugin_count; i++) {
		const struct tenon_plugin *plugin = tenon__builtin_plugins[i]();

		if (plugin->kind == TENON_KIND_HASH &&
		    strcmp(plugin->name, name) == 0) {
			return plugin->ops;
		}
	}
	return NULL;
}

static hash_fn find_alternative(const char *name)
{
	for (size_t i = 0; i < sizeof(alternatives) / sizeof(alternatives[0]);
	     i++) {
		if (strcmp(alternatives[i].name, name) == 0) {
			return alternatives[i].hash;
		}
	}
	return NULL;
}

static int parse_number(unsigned long *out, const char *text,
			unsigned long min, unsigned long max)
{
	char *end;

	*out = strtoul(text, &end, 10);
	if (end == text || *end != '\0' || *out < min || *out > max) {
		fprintf(stderr, "'%s': expected a number in %lu..%lu\n", text,
			min, max);
		return -1;
	}
	return 0;
}

/* Returns keys[KEYS_COUNT] of key_len bytes each, or NULL. */
static struct tenon_slice *make_keys(size_t key_len)
{
	struct tenon_slice *keys = calloc(KEYS_COUNT, sizeof(*keys));
	char *bytes = malloc(KEYS_COUNT * key_len + 1);

	if (keys == NULL || bytes == NULL) {
		free(keys);
		free(bytes);
		return NULL;
	}
	for (size_t i = 0; i < KEYS_COUNT; i++) {
		char *key = bytes + i * key_len;
		char name[32];
		int len = snprintf(name, sizeof(name), "user:%zu:profile:%zu",
				   i * 7919, i);

		for (size_t at = 0; at < key_len; at++) {
			key[at] = name[at % (size_t)len];
		}
		keys[i] = (struct tenon_slice){ key, key_len };
	}
	return keys;
}

static uint64_t hash_each(hash_fn hash, const void *self,
			  const struct tenon_slice *keys, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		const struct tenon_slice *key = &keys[i % KEYS_COUNT];

		sum += hash(self, key->data, key->len);
	}
	return sum;
}

static uint64_t hash_batches(const struct tenon_hash_ops *ops, const void *self,
			     const struct tenon_slice *keys, size_t count,
			     size_t batch)
{
	static uint64_t hashes[BATCH_MAX];
	uint64_t sum = 0;

	for (size_t done = 0; done < count; done += batch) {
		ops->hash_many(self, keys, batch, hashes);
		sum += hashes[0] + hashes[batch - 1];
	}
	return sum;
}

static int run(const char *name, size_t count, size_t key_len, size_t batch)
{
	const struct tenon_hash_ops *ops = find_plugin(name);
	hash_fn hash = ops != NULL ? ops->hash : find_alternative(name);
	struct tenon_slice *keys = make_keys(key_len);
	struct timespec start;
	struct timespec end;
	uint64_t sum;
	double ns;
	/* Hashes of the tree keep no pointers: their state may live on. */
	void *self = ops != NULL ? calloc(1, ops->state_size + 1) : NULL;

	if (hash == NULL || (batch > 0 && (!ops || !ops->hash_many))) {
		fprintf(stderr, "no hash '%s'%s\n", name,
			batch > 0 ? " with hash_many" : "");
		return 2;
	}
	if (keys == NULL) {
		return 1;
	}
	if (ops != NULL && ops->init != NULL &&
	    ops->init(self, NULL, NULL, NULL) != 0) {
		return 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	sum = batch > 0 ? hash_batches(ops, self, keys, count, batch) :
			  hash_each(hash, self, keys, count);
	clock_gettime(CLOCK_MONOTONIC, &end);
	ns = (double)(end.tv_sec - start.tv_sec) * 1e9 +
	     (double)(end.tv_nsec - start.tv_nsec);
	printf("%s: %.1f ns a key (%016" PRIx64 ")\n", name, ns / (double)count,
	       sum);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long count;
	unsigned long key_len = 20;
	unsigned long batch = 0;

	if (argc < 3 || argc > 5) {
		fprintf(stderr,
			"usage: hash_instructions HASH COUNT [KEY_BYTES [BATCH]]\n");
		return 2;
	}
	if (parse_number(&count, argv[2], 1, 1000000000) != 0 ||
	    (argc > 3 && parse_number(&key_len, argv[3], 0, 250) != 0) ||
	    (argc > 4 && parse_number(&batch, argv[4], 1, BATCH_MAX) != 0)) {
		return 2;
	}
	return run(argv[1], count, key_len, batch);
}
