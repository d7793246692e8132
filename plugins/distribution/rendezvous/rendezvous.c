/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Distribution rendezvous: each server has a score for a key, and the server with the highest
 * score is the home server. The scores are those of pymemcache or of mcrouter.
 */
#include <stdbool.h>
#include <string.h>

#include "tenon/plugin/distribution.h"

#include "../../decimal.h"
#include "../../murmur3.h"
#include "../../murmur64a.h"
#include "../by_position.h"

/*
 * A walk goes by scores up to this server, and by position from there on. Each step by score
 * computes the scores of all servers, so a whole walk by scores would take too long.
 */
#define RANKED_MAX 64

#define PORT_BYTES    6 /* ":65535" */
#define WORD_BYTES    4 /* that MurmurHash3 takes at once */
#define ESCAPED_BYTES 4 /* "\xff" */
#define TEXT_BYTES    (TENON_KEY_MAX_BYTES * ESCAPED_BYTES + sizeof("b''"))

#define TAG_SEED UINT64_C(4193360111)
#define KEY_SEED UINT64_C(2718281828)

enum { OF_PYMEMCACHE, OF_MCROUTER };
enum { KEY_TEXT, KEY_BYTES };

static const char *const clients[] = { "pymemcache", "mcrouter", NULL };
static const char *const key_forms[] = { "text", "bytes", NULL };

struct rendezvous_options {
	int32_t of;
	int32_t key_form;
};

/* One server. */
struct node {
	uint64_t tag_hash; /* mcrouter: hash of the name */
	/* pymemcache: the hash of the name and "-", as far as whole words go; then the rest */
	uint32_t hash;
	uint32_t rest_len; /* less than 4 */
	unsigned char rest[WORD_BYTES];
	uint32_t len;      /* characters of the name and "-" */
	uint32_t name_len; /* bytes */
	const char *name;  /* alias, path, or host:port; without NUL */
};

struct rendezvous {
	const struct tenon_host *host;
	uint32_t server_count;
	bool mcrouter;
	bool keys_are_bytes;
	struct node *nodes;
	char *names; /* of all servers, one after the other */
};

static int rendezvous_init(void *self, const void *options,
			   const struct tenon_host *host,
			   struct tenon_error *err)
{
	const struct rendezvous_options *chosen = options;
	struct rendezvous *rendezvous = self;

	(void)err;
	rendezvous->host = host;
	rendezvous->mcrouter = chosen->of == OF_MCROUTER;
	rendezvous->keys_are_bytes = chosen->key_form == KEY_BYTES;
	return 0;
}

static void rendezvous_fini(void *self)
{
	struct rendezvous *rendezvous = self;

	if (rendezvous->host) {
		const struct tenon_host *host = rendezvous->host;

		host->free(host->context, rendezvous->nodes);
		host->free(host->context, rendezvous->names);
		rendezvous->nodes = NULL;
		rendezvous->names = NULL;
	}
}

/* ---- characters -------------------------------------------------------- */

/* Return the number of bytes of a UTF-8 character, by its first byte; 0: it has no such byte. */
static size_t character_len(unsigned char first)
{
	if (first >= 0xc2 && first <= 0xdf) {
		return 2;
	}
	if (first >= 0xe0 && first <= 0xef) {
		return 3;
	}
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/* Return true when the second byte makes a number that is too long, too large or a surrogate. */
static bool is_forbidden(unsigned char first, unsigned char second)
{
	return (first == 0xe0 && second < 0xa0) ||
	       (first == 0xed && second > 0x9f) ||
	       (first == 0xf0 && second < 0x90) ||
	       (first == 0xf4 && second > 0x8f);
}

/*
 * Read one character of UTF-8 of a text of len bytes, at least 1. *low becomes the low byte of
 * its number. A byte that belongs to no character is a character of its own, with this number.
 * Returns: the number of bytes of the character.
 */
static size_t read_character(const unsigned char *text, size_t len,
			     unsigned char *low)
{
	size_t wanted = character_len(text[0]);

	*low = text[0];
	if (wanted == 0 || wanted > len || is_forbidden(text[0], text[1])) {
		return 1;
	}
	for (size_t i = 1; i < wanted; i++) {
		if ((text[i] & 0xc0) != 0x80) {
			return 1;
		}
	}
	/* six bits are from the last byte, two from the byte before it */
	*low = (unsigned char)(text[wanted - 2] << 6 |
			       (text[wanted - 1] & 0x3f));
	return wanted;
}

/* Write the low bytes of the characters of a text. Returns their count, at most len. */
static size_t put_text(unsigned char *to, const unsigned char *text, size_t len)
{
	size_t count = 0;

	for (size_t at = 0; at < len; count++) {
		at += read_character(text + at, len - at, &to[count]);
	}
	return count;
}

/* Write a byte as Python does in the text form of an object of type bytes. Returns the length. */
static size_t put_escaped(unsigned char *to, unsigned char byte,
			  unsigned char quote)
{
	static const char digits[] = "0123456789abcdef";
	static const char plain[] = "\\\t\n\r";
	static const char letters[] = "\\tnr";
	const char *found = byte ? strchr(plain, byte) : NULL;

	to[0] = '\\';
	if (found || byte == quote) {
		to[1] = found ? (unsigned char)letters[found - plain] : quote;
		return 2;
	}
	if (byte >= ' ' && byte <= '~') {
		to[0] = byte;
		return 1;
	}
	to[1] = 'x';
	to[2] = (unsigned char)digits[byte >> 4];
	to[3] = (unsigned char)digits[byte & 0xf];
	return ESCAPED_BYTES;
}

/* Write a key as Python prints an object of type bytes: b'key'. Returns the length. */
static size_t put_bytes(unsigned char *to, const unsigned char *key, size_t len)
{
	unsigned char quote = memchr(key, '\'', len) && !memchr(key, '"', len) ?
		'"' : '\'';
	size_t count = 2;

	to[0] = 'b';
	to[1] = quote;
	for (size_t i = 0; i < len; i++) {
		count += put_escaped(to + count, key[i], quote);
	}
	to[count++] = quote;
	return count;
}

/* ---- build ------------------------------------------------------------- */

/* Write a server's name. Returns its length in bytes. */
static size_t put_name(char *to, const struct tenon_ring_server *server)
{
	const char *name = server->alias ? server->alias : server->host;
	size_t len = strlen(name);

	memcpy(to, name, len);
	if (!server->alias && server->port != 0) {
		to[len++] = ':';
		len += put_decimal(to + len, server->port);
	}
	return len;
}

/* Return the bytes that the names of all servers need, with a "-" behind each. */
static size_t names_bytes(const struct tenon_ring_server *servers,
			  uint32_t count)
{
	size_t bytes = 0;

	for (uint32_t i = 0; i < count; i++) {
		bytes += strlen(servers[i].alias ? servers[i].alias :
						   servers[i].host) +
			 PORT_BYTES + 1;
	}
	return bytes;
}

/* Hash the name and "-" as pymemcache does, as far as whole words go. */
static void hash_node(struct node *node)
{
	const unsigned char *text = (const unsigned char *)node->name;
	size_t text_len = node->name_len + 1;

	for (size_t at = 0; at < text_len; node->len++) {
		at += read_character(text + at, text_len - at,
				     &node->rest[node->rest_len++]);
		if (node->rest_len == WORD_BYTES) {
			node->hash = murmur3_word(node->hash,
						  load_le32(node->rest));
			node->rest_len = 0;
		}
	}
}

static int rendezvous_build(void *self, const struct tenon_ring_server *servers,
			    uint32_t count, const struct tenon_hash *key_hash,
			    struct tenon_error *err)
{
	struct rendezvous *rendezvous = self;
	const struct tenon_host *host = rendezvous->host;
	char *at;

	(void)key_hash;
	rendezvous->server_count = count;
	rendezvous->nodes =
		host->alloc(host->context, count * sizeof(*rendezvous->nodes));
	rendezvous->names =
		host->alloc(host->context, names_bytes(servers, count));
	if (!rendezvous->nodes || !rendezvous->names) {
		return host->set_error(err, TENON_ENOMEM, "out of memory");
	}
	at = rendezvous->names;
	for (uint32_t i = 0; i < count; i++) {
		struct node *node = &rendezvous->nodes[i];

		*node = (struct node){ .name = at };
		node->name_len = (uint32_t)put_name(at, &servers[i]);
		at += node->name_len;
		*at++ = '-';
		node->tag_hash = murmur64a(node->name, node->name_len, TAG_SEED);
		hash_node(node);
	}
	return 0;
}

/* ---- scores ------------------------------------------------------------ */

/*
 * A key as pymemcache hashes it, from bytes[WORD_BYTES] on. The rest of a server's name is put
 * before it, so that both are hashed in one go.
 */
struct key_text {
	size_t len; /* of the key */
	unsigned char bytes[WORD_BYTES + TEXT_BYTES];
};

static void key_text_fill(struct key_text *to,
			  const struct rendezvous *rendezvous,
			  const struct tenon_ring_key *key)
{
	unsigned char *text = to->bytes + WORD_BYTES;

	to->len = rendezvous->keys_are_bytes ?
		put_bytes(text, key->key, key->key_len) :
		put_text(text, key->key, key->key_len);
}

/* Return pymemcache's score: the MurmurHash3 of the name, "-" and the key. */
static uint32_t text_score(const struct node *node, struct key_text *key)
{
	unsigned char *bytes = key->bytes + WORD_BYTES - node->rest_len;
	size_t left = node->rest_len + key->len;
	uint32_t hash = node->hash;

	for (uint32_t i = 0; i < node->rest_len; i++) {
		bytes[i] = node->rest[i];
	}
	for (; left >= WORD_BYTES; bytes += WORD_BYTES, left -= WORD_BYTES) {
		hash = murmur3_word(hash, load_le32(bytes));
	}
	return murmur3_end(hash, bytes, left, node->len + key->len);
}

/* Return true when the name of a is larger than the name of b, in the order of their bytes. */
static bool is_larger(const struct node *a, const struct node *b)
{
	size_t len = a->name_len < b->name_len ? a->name_len : b->name_len;
	int order = memcmp(a->name, b->name, len);

	return order > 0 || (order == 0 && a->name_len > b->name_len);
}

/*
 * Return the server with the best score of pymemcache that the walk has not found; a cursor of
 * NULL means all servers. Of equal scores the one with the larger name is better.
 */
static uint32_t best_by_text(const struct rendezvous *rendezvous,
			     const struct tenon_ring_key *key,
			     const struct tenon_ring_cursor *cursor)
{
	const struct node *nodes = rendezvous->nodes;
	uint32_t best = TENON_NO_SERVER;
	uint32_t best_score = 0;
	struct key_text text;

	key_text_fill(&text, rendezvous, key);
	for (uint32_t i = 0; i < rendezvous->server_count; i++) {
		uint32_t score;

		if (cursor && tenon_ring_seen(cursor, i)) {
			continue;
		}
		score = text_score(&nodes[i], &text);
		if (best == TENON_NO_SERVER || score > best_score ||
		    (score == best_score &&
		     is_larger(&nodes[i], &nodes[best]))) {
			best = i;
			best_score = score;
		}
	}
	return best;
}

/* Return mcrouter's score, the hash of two hashes by the Hash128to64 of CityHash. */
static double tag_score(const struct node *node, uint64_t key_hash)
{
	const uint64_t factor = UINT64_C(0x9ddfea08eb382d69);
	uint64_t a = (key_hash ^ node->tag_hash) * factor;
	uint64_t b;

	a ^= a >> 47;
	b = (node->tag_hash ^ a) * factor;
	b ^= b >> 47;
	return (double)(b * factor);
}

/* As best_by_text(), with mcrouter's scores. Of equal scores the last one is the best. */
static uint32_t best_by_tag(const struct rendezvous *rendezvous,
			    const struct tenon_ring_key *key,
			    const struct tenon_ring_cursor *cursor)
{
	uint64_t key_hash = murmur64a(key->key, key->key_len, KEY_SEED);
	uint32_t best = TENON_NO_SERVER;
	double best_score = -1;

	for (uint32_t i = 0; i < rendezvous->server_count; i++) {
		double score = tag_score(&rendezvous->nodes[i], key_hash);

		if (score >= best_score &&
		    (!cursor || !tenon_ring_seen(cursor, i))) {
			best = i;
			best_score = score;
		}
	}
	return best;
}

static uint32_t best(const struct rendezvous *rendezvous,
		     const struct tenon_ring_key *key,
		     const struct tenon_ring_cursor *cursor)
{
	return rendezvous->mcrouter ? best_by_tag(rendezvous, key, cursor) :
				      best_by_text(rendezvous, key, cursor);
}

/* ---- slots ------------------------------------------------------------- */

static uint32_t rendezvous_locate(const void *self,
				  const struct tenon_ring_key *key)
{
	return best(self, key, NULL);
}

static uint32_t rendezvous_next(const void *self,
				struct tenon_ring_cursor *cursor)
{
	const struct rendezvous *rendezvous = self;
	uint32_t server;

	if (cursor->found_count == rendezvous->server_count ||
	    cursor->found_count >= RANKED_MAX) {
		return next_by_position(cursor, rendezvous->server_count);
	}
	server = best(rendezvous, cursor->key, cursor);
	cursor->at = server + 1;
	return server;
}

static void rendezvous_describe(const void *self, struct tenon_ring_traits *out)
{
	(void)self;
	out->flags = TENON_RING_OWN_HASH | TENON_RING_NO_WEIGHT;
}

static const struct tenon_option rendezvous_options[] = {
	{ .name = "of",
	  .type = TENON_OPTION_CHOICE,
	  .offset = offsetof(struct rendezvous_options, of),
	  .def_text = "pymemcache",
	  .choices = clients,
	  .help = "the client whose scores are used" },
	{ .name = "key_form",
	  .type = TENON_OPTION_CHOICE,
	  .offset = offsetof(struct rendezvous_options, key_form),
	  .def_text = "text",
	  .choices = key_forms,
	  .help = "type of the keys that pymemcache's user passes: str (text) or bytes" },
	{ .name = NULL }
};

static const struct tenon_distribution_ops rendezvous_ops = {
	.size = sizeof(struct tenon_distribution_ops),
	.state_size = sizeof(struct rendezvous),
	.init = rendezvous_init,
	.fini = rendezvous_fini,
	.build = rendezvous_build,
	.locate = rendezvous_locate,
	.next = rendezvous_next,
	.describe = rendezvous_describe,
};

TENON_PLUGIN_DEFINE(distribution_rendezvous, .kind = TENON_KIND_DISTRIBUTION,
		    .name = "rendezvous", .version = "1.0",
		    .summary = "the highest score of a server for the key, as in pymemcache or mcrouter",
		    .options_bytes = sizeof(struct rendezvous_options),
		    .options = rendezvous_options, .ops = &rendezvous_ops)
