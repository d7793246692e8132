/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Distribution ch3: mcrouter's hash functions Ch3 and WeightedCh3. Ch3 walks a binary tree of
 * server numbers, and a stream of bits that is made from the key decides at each branch.
 */
#include <stdbool.h>
#include <string.h>

#include "tenon/plugin/distribution.h"

#include "../../murmur64a.h"
#include "../../spooky.h"
#include "../by_position.h"

#define CH3_SEED UINT64_C(4193360111)
#define SHIFT	 23 /* bits between two bits that the walk uses */
#define TRIES	 32 /* walks before server 0 is taken */
#define DEPTH	 16 /* of the tree for 65535 servers */
/* 64-bit words of the stream, enough for all walks */
#define STREAM_WORDS ((DEPTH + TRIES * SHIFT * DEPTH) / 64 + 1)

#define WEIGHT_SEED   UINT32_C(0xface2014)
#define WEIGHT_TRIES  32 /* servers before the last one is taken */
#define WEIGHT_ONE    1000 /* mcrouter's weight 1.0 */
#define WEIGHT_ABSENT 500 /* of a server without a weight: mcrouter's weight 0.5 */
#define SALT_BYTES    2 /* digits of the number of a try */

enum { WEIGHTS_IGNORED, WEIGHTS_TRIED };

static const char *const weight_rules[] = { "ignored", "tried", NULL };

struct ch3_options {
	int32_t weights;
};

struct ch3 {
	const struct tenon_host *host;
	uint32_t server_count;
	uint32_t depth; /* bits of the highest server number */
	bool weighted;
	/* thresholds[i]: server i takes a key with a number below it. NULL: all servers take all keys */
	uint32_t *thresholds;
};

static int ch3_init(void *self, const void *options,
		    const struct tenon_host *host, struct tenon_error *err)
{
	const struct ch3_options *chosen = options;
	struct ch3 *ch3 = self;

	(void)err;
	ch3->host = host;
	ch3->weighted = chosen->weights == WEIGHTS_TRIED;
	return 0;
}

static void ch3_fini(void *self)
{
	struct ch3 *ch3 = self;

	if (ch3->host) {
		ch3->host->free(ch3->host->context, ch3->thresholds);
		ch3->thresholds = NULL;
	}
}

static uint32_t threshold_of(const struct tenon_ring_server *server)
{
	uint32_t weight = server->weight_given ? server->weight : WEIGHT_ABSENT;

	return (uint32_t)((double)weight / WEIGHT_ONE * UINT32_MAX);
}

static int ch3_build(void *self, const struct tenon_ring_server *servers,
		     uint32_t count, const struct tenon_hash *key_hash,
		     struct tenon_error *err)
{
	struct ch3 *ch3 = self;
	const struct tenon_host *host = ch3->host;

	(void)key_hash;
	ch3->server_count = count;
	while ((count - 1) >> ch3->depth > 0) {
		ch3->depth++;
	}
	if (!ch3->weighted) {
		return 0;
	}
	ch3->thresholds =
		host->alloc(host->context, count * sizeof(*ch3->thresholds));
	if (!ch3->thresholds) {
		return host->set_error(err, TENON_ENOMEM, "out of memory");
	}
	for (uint32_t i = 0; i < count; i++) {
		ch3->thresholds[i] = threshold_of(&servers[i]);
	}
	return 0;
}

/* ---- Ch3 --------------------------------------------------------------- */

/* The bits of a key: its hash, then the hash of the hash, and so on. */
struct stream {
	uint32_t word_count; /* computed so far, at least 1 */
	uint64_t words[STREAM_WORDS];
};

static void stream_begin(struct stream *stream, const void *key, size_t key_len)
{
	stream->words[0] = murmur64a(key, key_len, CH3_SEED);
	stream->word_count = 1;
}

/* Compute one more word: the hash of the last word's eight bytes, little-endian. */
static void stream_go_on(struct stream *stream)
{
	uint64_t last = stream->words[stream->word_count - 1];
	unsigned char bytes[8];

	for (unsigned i = 0; i < 8; i++) {
		bytes[i] = (unsigned char)(last >> 8 * i);
	}
	stream->words[stream->word_count++] =
		murmur64a(bytes, sizeof(bytes), CH3_SEED);
}

static inline uint32_t stream_bit(struct stream *stream, uint32_t at)
{
	while (stream->word_count <= at / 64) {
		stream_go_on(stream);
	}
	return stream->words[at / 64] >> at % 64 & 1;
}

/*
 * Return the server of a stream of bits. The first part of a walk chooses how many bits the
 * server's number has, the second part chooses the bits after the first. A number that is too
 * large is followed by another walk, further on in the stream.
 */
static uint32_t find_server(const struct ch3 *ch3, struct stream *stream)
{
	uint32_t depth = ch3->depth;
	uint32_t at = depth;

	if (depth == 0) {
		return 0;
	}
	for (unsigned attempt = 0; attempt < TRIES; attempt++) {
		uint32_t number = 1;

		while (!stream_bit(stream, at)) {
			if (--depth == 0) {
				return 0;
			}
			at = depth;
		}
		for (uint32_t i = 1; i < depth; i++) {
			at += SHIFT;
			number = number << 1 | stream_bit(stream, at);
		}
		at += SHIFT;
		if (number < ch3->server_count) {
			return number;
		}
	}
	return 0;
}

static uint32_t find_home(const struct ch3 *ch3, const void *key,
			  size_t key_len)
{
	struct stream stream;

	stream_begin(&stream, key, key_len);
	return find_server(ch3, &stream);
}

/* ---- WeightedCh3 ------------------------------------------------------- */

/* Write the decimal digits of a number below 100, the last one first. Returns their count. */
static size_t put_salt(char to[SALT_BYTES], unsigned number)
{
	to[0] = (char)('0' + number % 10);
	to[1] = (char)('0' + number / 10);
	return number < 10 ? 1 : 2;
}

/*
 * Try the key's server, then the servers of the key with "0", "1", ... behind it, until one takes
 * the key. The less weight a server has, the fewer keys it takes.
 */
static uint32_t find_weighted(const struct ch3 *ch3,
			      const struct tenon_ring_key *key)
{
	char salted[TENON_KEY_MAX_BYTES + SALT_BYTES];
	size_t len = key->key_len;
	uint32_t server;

	memcpy(salted, key->key, len);
	for (unsigned i = 0;; i++) {
		server = find_home(ch3, salted, len);
		if (i == WEIGHT_TRIES - 1 ||
		    spooky32(salted, len, WEIGHT_SEED) <
			    ch3->thresholds[server]) {
			return server;
		}
		len = key->key_len + put_salt(salted + key->key_len, i);
	}
}

/* ---- slots ------------------------------------------------------------- */

static uint32_t ch3_locate(const void *self, const struct tenon_ring_key *key)
{
	const struct ch3 *ch3 = self;

	return ch3->thresholds ? find_weighted(ch3, key) :
				 find_home(ch3, key->key, key->key_len);
}

static uint32_t ch3_next(const void *self, struct tenon_ring_cursor *cursor)
{
	const struct tenon_ring_key *key = cursor->key;
	const struct ch3 *ch3 = self;

	if (cursor->found_count == 0) {
		return begin_scattered_walk(
			cursor, ch3->server_count, ch3_locate(ch3, key),
			murmur64a(key->key, key->key_len, CH3_SEED));
	}
	return next_by_position(cursor, ch3->server_count);
}

static void ch3_describe(const void *self, struct tenon_ring_traits *out)
{
	const struct ch3 *ch3 = self;

	out->flags = TENON_RING_OWN_HASH | TENON_RING_ORDERED |
		     TENON_RING_NO_NAMES;
	if (!ch3->weighted) {
		out->flags |= TENON_RING_NO_WEIGHT;
	} else if (TENON_HAS(out, struct tenon_ring_traits, absent_weight)) {
		out->absent_weight = WEIGHT_ABSENT;
	}
}

static const struct tenon_option ch3_options[] = {
	{ .name = "weights",
	  .type = TENON_OPTION_CHOICE,
	  .offset = offsetof(struct ch3_options, weights),
	  .def_text = "ignored",
	  .choices = weight_rules,
	  .help = "tried: WeightedCh3, a server of weight w takes w of 1000 keys that try it" },
	{ .name = NULL }
};

static const struct tenon_distribution_ops ch3_ops = {
	.size = sizeof(struct tenon_distribution_ops),
	.state_size = sizeof(struct ch3),
	.init = ch3_init,
	.fini = ch3_fini,
	.build = ch3_build,
	.locate = ch3_locate,
	.next = ch3_next,
	.describe = ch3_describe,
};

TENON_PLUGIN_DEFINE(distribution_ch3, .kind = TENON_KIND_DISTRIBUTION,
		    .name = "ch3", .version = "1.0",
		    .summary = "the consistent hashing of mcrouter, Ch3 and WeightedCh3",
		    .options_bytes = sizeof(struct ch3_options),
		    .options = ch3_options, .ops = &ch3_ops)
