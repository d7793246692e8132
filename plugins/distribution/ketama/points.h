/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The points of the servers of a ring: how many points each server has, the names that are hashed
 * for them, and their places. Only ketama.c includes this file.
 */
#ifndef TENON_PLUGINS_KETAMA_POINTS_H
#define TENON_PLUGINS_KETAMA_POINTS_H

#include <stdbool.h>
#include <string.h>

#include "tenon/plugin/distribution.h"

#include "../../decimal.h"

#define POINTS_PER_SERVER_MAX 10000 /* option points */
#define DIGEST_WORDS_MAX      16    /* of any hash */
#define NAME_MAX_BYTES	      480   /* longest alias or host */
/* longest name of a point: host/host:65535-16777215 */
#define POINT_MAX_BYTES (2 * NAME_MAX_BYTES + 64)
#define POINTS_AT_ONCE	16 /* names that are hashed in one call */

/* The weighted ring of libmemcached, for WEIGHTS_SWITCH. */
#define SWITCHED_POINTS	    160
#define SWITCHED_PER_DIGEST 4

/* ---- options ------------------------------------------------------------ */

enum point_by { BY_POINT_HASH, BY_KEY_HASH };
enum name_form { NAME_SHORT, NAME_FULL, NAME_SLASH, NAME_ADDRESS };
enum unix_port { UNIX_PORT_NO, UNIX_PORT_YES, UNIX_PORT_COLON };
enum weights {
	WEIGHTS_TIMES,
	WEIGHTS_SHARE,
	WEIGHTS_SHARE_WHEN_GIVEN,
	WEIGHTS_SHARE_DOUBLE,
	WEIGHTS_SHARE_INTEGER,
	WEIGHTS_SWITCH,
	WEIGHTS_IGNORED
};
enum lookup { LOOKUP_AT_OR_AFTER, LOOKUP_AFTER, LOOKUP_AT_OR_BEFORE };
enum tie { TIE_FIRST, TIE_LAST, TIE_NAME };
enum next { NEXT_WALK, NEXT_REHASH, NEXT_REHASH_SUM };

/* The host writes these fields; README.md tells what each value means. */
struct ketama_options {
	const struct tenon_hash *point_hash;
	int64_t points;
	int64_t points_per_digest;
	int32_t point_by;  /* enum point_by */
	int32_t name;	   /* enum name_form */
	int32_t unix_port; /* enum unix_port */
	int32_t separator; /* index into separators */
	int32_t weights;   /* enum weights */
	int32_t lookup;	   /* enum lookup */
	int32_t tie;	   /* enum tie */
	int32_t next;	   /* enum next */
};

static const char *const separators[] = { "-", ":", NULL };

/* ---- how many points a server has --------------------------------------- */

/* How the points of one ring are made: from the options, and from the servers' weights. */
struct plan {
	const struct ketama_options *options;
	const struct tenon_hash *hash; /* of the points */
	uint32_t points;
	uint32_t per_digest; /* points that one name gives */
	enum weights
		weights; /* a rule that does not depend on other servers' weights any more */
	uint32_t count;	       /* of servers */
	uint64_t total_weight; /* of all servers */
};

/* Decide the rule of a ring whose servers have the weights that the caller has summed up. */
static void plan_rule(struct plan *plan, const struct tenon_hash *key_hash,
		      bool any_given, bool any_above_one)
{
	const struct ketama_options *options = plan->options;

	plan->hash = options->point_by == BY_KEY_HASH ? key_hash
						      : options->point_hash;
	plan->points = (uint32_t)options->points;
	plan->per_digest = (uint32_t)options->points_per_digest;
	plan->weights = (enum weights)options->weights;
	if (plan->weights == WEIGHTS_SHARE_WHEN_GIVEN) {
		plan->weights = any_given ? WEIGHTS_SHARE : WEIGHTS_IGNORED;
	} else if (plan->weights == WEIGHTS_SWITCH && !any_above_one) {
		plan->weights = WEIGHTS_IGNORED;
	} else if (plan->weights == WEIGHTS_SWITCH) {
		plan->hash = options->point_hash;
		plan->points = SWITCHED_POINTS;
		plan->per_digest = SWITCHED_PER_DIGEST;
		plan->weights = WEIGHTS_SHARE;
	}
}

static void plan_init(struct plan *plan, const struct ketama_options *options,
		      const struct tenon_ring_server *servers, uint32_t count,
		      const struct tenon_hash *key_hash)
{
	bool any_above_one = false;
	bool any_given = false;

	*plan = (struct plan){ .options = options, .count = count };
	for (uint32_t i = 0; i < count; i++) {
		plan->total_weight += servers[i].weight;
		any_given = any_given || servers[i].weight_given;
		any_above_one = any_above_one || servers[i].weight > 1;
	}
	plan_rule(plan, key_hash, any_given, any_above_one);
}

/*
 * The formula of libmemcached, twemproxy and spymemcached, in 32-bit floats: equal weights of some
 * counts of servers give one name less than points / per_digest. The variable is volatile, so that
 * each step is rounded to a float and no two steps become one instruction.
 */
static uint32_t share_float(const struct plan *plan, uint32_t weight)
{
	volatile float names = (float)weight;
	const volatile float total = (float)plan->total_weight;

	names = names / total;
	names = names * (float)plan->points;
	names = names / (float)plan->per_digest;
	names = names * (float)plan->count;
	names = names + 0.0000000001F;
	return (uint32_t)names;
}

/* The formula of node-hashring, in 64-bit floats. */
static uint32_t share_double(const struct plan *plan, uint32_t weight)
{
	volatile double names = (double)weight;

	names = names / (double)plan->total_weight;
	names = names * (double)(plan->points / plan->per_digest);
	names = names * (double)plan->count;
	return (uint32_t)names;
}

/* Return how many names of a server of this weight are hashed. */
static uint64_t names_of(const struct plan *plan, uint32_t weight)
{
	uint64_t points = plan->points;

	switch (plan->weights) {
	case WEIGHTS_SHARE:
		return share_float(plan, weight);
	case WEIGHTS_SHARE_DOUBLE:
		return share_double(plan, weight);
	case WEIGHTS_SHARE_INTEGER:
		return points / plan->per_digest * plan->count * weight /
		       plan->total_weight;
	case WEIGHTS_TIMES:
		return points * weight / plan->per_digest;
	default:
		return points / plan->per_digest;
	}
}

/* ---- the names of points ------------------------------------------------ */

static size_t put_text(char *to, const char *text)
{
	size_t len = strlen(text);

	memcpy(to, text, len);
	return len;
}

/* Write ":port", or as much of it as the options want. Returns the length in bytes. */
static size_t put_port(char *to, const struct tenon_ring_server *server,
		       const struct ketama_options *options)
{
	bool is_unix = server->port == 0;
	size_t len = 0;

	if (is_unix && options->unix_port == UNIX_PORT_NO) {
		return 0;
	}
	if (options->name == NAME_SHORT && server->port == TENON_DEFAULT_PORT) {
		return 0;
	}
	to[len++] = ':';
	if (!is_unix || options->unix_port == UNIX_PORT_YES) {
		len += put_decimal(to + len, server->port);
	}
	return len;
}

/* Write the name of a server, without separator and NUL. Returns its length in bytes. */
static size_t put_name(char to[POINT_MAX_BYTES],
		       const struct tenon_ring_server *server,
		       const struct ketama_options *options)
{
	size_t len = 0;

	if (server->alias) {
		return put_text(to, server->alias);
	}
	if (options->name == NAME_ADDRESS) {
		len += put_text(to, server->host);
	}
	if (options->name == NAME_ADDRESS || options->name == NAME_SLASH) {
		to[len++] = '/';
	}
	len += put_text(to + len, server->host);
	return len + put_port(to + len, server, options);
}

/* Order servers by name. For qsort. */
struct named {
	const struct tenon_ring_server *server;
	const struct ketama_options *options;
	uint32_t index;
};

static int compare_names(const void *a, const void *b)
{
	const struct named *one = a;
	const struct named *other = b;
	char names[2][POINT_MAX_BYTES + 1];

	names[0][put_name(names[0], one->server, one->options)] = '\0';
	names[1][put_name(names[1], other->server, other->options)] = '\0';
	return strcmp(names[0], names[1]);
}

/* ---- the places of points ----------------------------------------------- */

/* The names of the points that are hashed together. They share their beginning. */
struct batch {
	char names[POINTS_AT_ONCE][POINT_MAX_BYTES];
	struct tenon_slice slices[POINTS_AT_ONCE];
	uint64_t hashes[POINTS_AT_ONCE];
	size_t start_len; /* of the beginning: the server's name and the separator */
	uint64_t server;  /* the lower half of the points */
	uint64_t shift;   /* struct ketama: a place is one less for some look-ups */
};

static void batch_begin(struct batch *batch,
			const struct tenon_ring_server *server, uint32_t index,
			const struct ketama_options *options)
{
	size_t len = put_name(batch->names[0], server, options);

	batch->names[0][len++] = separators[options->separator][0];
	batch->start_len = len;
	batch->server = index;
	batch->shift = options->lookup == LOOKUP_AT_OR_AFTER ? 0 : 1;
	batch->slices[0].data = batch->names[0];
	for (size_t n = 1; n < POINTS_AT_ONCE; n++) {
		memcpy(batch->names[n], batch->names[0], len);
		batch->slices[n].data = batch->names[n];
	}
}

/* Make the names number first, first + 1, ... */
static void batch_number(struct batch *batch, uint32_t first, uint32_t count)
{
	for (uint32_t n = 0; n < count; n++) {
		char *end = batch->names[n] + batch->start_len;

		batch->slices[n].len =
			batch->start_len + put_decimal(end, first + n);
	}
}

/* Return a point of the batch's server: place << 32 | index. */
static inline uint64_t batch_point(const struct batch *batch, uint64_t hash)
{
	return (hash - batch->shift) << 32 | batch->server;
}

/* Hash the names, and write their points. Returns the first entry after them. */
static uint64_t *batch_place(struct batch *batch, const struct plan *plan,
			     uint32_t count, uint64_t *points)
{
	const struct tenon_hash *hash = plan->hash;
	uint32_t words[DIGEST_WORDS_MAX];

	if (plan->per_digest == 1) {
		hash->ops->hash_many(hash->self, batch->slices, count,
				     batch->hashes);
		for (uint32_t n = 0; n < count; n++) {
			*points++ = batch_point(batch, batch->hashes[n]);
		}
		return points;
	}
	for (uint32_t n = 0; n < count; n++) {
		hash->ops->digest(hash->self, batch->slices[n].data,
				  batch->slices[n].len, words);
		for (uint32_t i = 0; i < plan->per_digest; i++) {
			*points++ = batch_point(batch, words[i]);
		}
	}
	return points;
}

/* Write the points of a server. Returns the first entry after them. */
static uint64_t *put_points(struct batch *batch, const struct plan *plan,
			    const struct tenon_ring_server *server,
			    uint32_t index, uint64_t *points)
{
	uint32_t count = (uint32_t)names_of(plan, server->weight);

	batch_begin(batch, server, index, plan->options);
	for (uint32_t done = 0; done < count; done += POINTS_AT_ONCE) {
		uint32_t size = count - done < POINTS_AT_ONCE ? count - done
							      : POINTS_AT_ONCE;

		batch_number(batch, done, size);
		points = batch_place(batch, plan, size, points);
	}
	return points;
}

#endif
