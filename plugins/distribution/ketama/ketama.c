/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Distribution ketama: the continuum rings of libmc, libmemcached, twemproxy and others. Each
 * server has points on a circle of 2^32 places. The place of a point is the hash of the server's
 * alias (or address) and the point's number. The home server of a key is the one whose point is
 * next to the key's hash. With the default options the ring is libmc's.
 */
#include "build.h"

/* A look-up scans up to so many points one by one, which is cheaper than a binary search. */
#define SCAN_MAX 8

/* Look-ups of a walk with rehash, before the other servers come in the order of the config. */
#define REHASH_LOOKUPS	   20 /* dalli */
#define REHASH_SUM_LOOKUPS 7  /* spymemcached */

/* In the `at` of a cursor: the servers follow in the order of the config. */
#define AT_REST ((uint64_t)1 << 63)

static int ketama_init(void *self, const void *options,
		       const struct tenon_host *host, struct tenon_error *err)
{
	struct ketama *ketama = self;

	(void)err;
	ketama->host = host;
	ketama->options = *(const struct ketama_options *)options;
	return 0;
}

static void ketama_fini(void *self)
{
	struct ketama *ketama = self;

	if (!ketama->host) {
		return;
	}
	ketama->host->free(ketama->host->context, ketama->points);
	ketama->host->free(ketama->host->context, ketama->index);
	ketama->points = NULL;
	ketama->index = NULL;
}

static int ketama_check(const void *options, const struct tenon_host *host,
			struct tenon_error *err)
{
	const struct ketama_options *chosen = options;

	if (chosen->points < chosen->points_per_digest) {
		return host->set_error(
			err, TENON_ECONFIG,
			"points is %lld and points_per_digest is %lld: no server "
			"would have a point; use points of at least %lld",
			(long long)chosen->points,
			(long long)chosen->points_per_digest,
			(long long)chosen->points_per_digest);
	}
	return 0;
}

static int ketama_build(void *self, const struct tenon_ring_server *servers,
			uint32_t count, const struct tenon_hash *key_hash,
			struct tenon_error *err)
{
	struct ketama *ketama = self;
	struct plan plan;
	int code;

	ketama->key_hash = key_hash;
	plan_init(&plan, &ketama->options, servers, count, key_hash);
	code = check_names(ketama->host, servers, count, err);
	if (!code) {
		code = check_digest(ketama->host, &plan, err);
	}
	if (!code) {
		code = count_points(ketama, &plan, servers, err);
	}
	if (!code && make_ring(ketama, &plan, servers) != 0) {
		code = ketama->host->set_error(err, TENON_ENOMEM,
					       "out of memory");
	}
	return code;
}

/* ---- look-up ------------------------------------------------------------ */

/* Return the index of the first entry at or after the hash; point_count stands for entry 0. */
static inline uint32_t find_point(const struct ketama *ketama, uint64_t hash)
{
	uint32_t bucket = (uint32_t)hash >> ketama->index_shift;
	uint32_t low = ketama->index[bucket];
	uint32_t high = ketama->index[bucket + 1];
	uint64_t wanted = hash << 32;

	while (high - low > SCAN_MAX) {
		uint32_t middle = low + (high - low) / 2;

		if (ketama->points[middle] < wanted) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	while (ketama->points[low] < wanted) {
		low++;
	}
	return low;
}

static uint32_t find_server(const struct ketama *ketama, uint64_t hash)
{
	return (uint32_t)ketama->points[find_point(ketama, hash)];
}

static uint32_t ketama_locate(const void *self,
			      const struct tenon_ring_key *key)
{
	return find_server(self, key->hash);
}

/* ---- the next servers of a key ------------------------------------------ */

/* Return the entry that follows in the direction of the walk: away from the hash. */
static uint32_t next_entry(const struct ketama *ketama, uint32_t entry)
{
	uint32_t last = ketama->point_count - 1;

	if (ketama->options.lookup == LOOKUP_AT_OR_BEFORE) {
		return entry == 0 ? last : entry - 1;
	}
	return entry == last ? 0 : entry + 1;
}

/*
 * Find the first server, from the one with the index in cursor->at, that the walk has not found.
 * For servers without a point, and for walks that hash again.
 */
static uint32_t next_of_rest(const struct ketama *ketama,
			     struct tenon_ring_cursor *cursor)
{
	while ((uint32_t)cursor->at < ketama->server_count) {
		uint32_t server = (uint32_t)cursor->at++;

		if (!tenon_ring_seen(cursor, server)) {
			return server;
		}
	}
	return TENON_NO_SERVER;
}

/* cursor->at: entries that were looked at << 32 | the next entry to look at. */
static uint32_t next_on_ring(const struct ketama *ketama,
			     struct tenon_ring_cursor *cursor)
{
	uint32_t looked = (uint32_t)(cursor->at >> 32);
	uint32_t entry = (uint32_t)cursor->at;

	if (cursor->found_count == 0) {
		entry = find_point(ketama, cursor->key->hash) %
			ketama->point_count;
	}
	while (looked < ketama->point_count) {
		uint32_t server = (uint32_t)ketama->points[entry];

		looked++;
		entry = next_entry(ketama, entry);
		if (!tenon_ring_seen(cursor, server)) {
			cursor->at = (uint64_t)looked << 32 | entry;
			return server;
		}
	}
	cursor->at = AT_REST;
	return next_of_rest(ketama, cursor);
}

/* Return the hash of the number in decimal with the key behind it. */
static uint32_t hash_again(const struct ketama *ketama,
			   const struct tenon_ring_key *key, uint32_t number)
{
	char text[DECIMAL_DIGITS_MAX + TENON_KEY_MAX_BYTES];
	size_t len = put_decimal(text, number);

	memcpy(text + len, key->key, key->key_len);
	len += key->key_len;
	return (uint32_t)ketama->key_hash->ops->hash(ketama->key_hash->self,
						     text, len);
}

/*
 * Find the next server by other hashes of the key. cursor->at: look-ups so far << 32 | the hash
 * of the last one. The hash of look-up n (1, 2, ...) is that of "<n-1><key>"; with rehash_sum the
 * hashes are added up, from the key's on.
 */
static uint32_t next_by_hash(const struct ketama *ketama,
			     struct tenon_ring_cursor *cursor)
{
	bool sum = ketama->options.next == NEXT_REHASH_SUM;
	uint32_t most = sum ? REHASH_SUM_LOOKUPS : REHASH_LOOKUPS;
	uint32_t tries = (uint32_t)(cursor->at >> 32);
	uint32_t hash = (uint32_t)cursor->at;

	for (; tries < most; tries++) {
		uint32_t server;

		if (tries == 0) {
			hash = (uint32_t)cursor->key->hash;
		} else {
			hash = (sum ? hash : 0) +
			       hash_again(ketama, cursor->key, tries - 1);
		}
		server = find_server(ketama, hash);
		if (!tenon_ring_seen(cursor, server)) {
			cursor->at = (uint64_t)(tries + 1) << 32 | hash;
			return server;
		}
	}
	cursor->at = AT_REST;
	return next_of_rest(ketama, cursor);
}

static uint32_t ketama_next(const void *self, struct tenon_ring_cursor *cursor)
{
	const struct ketama *ketama = self;

	if (cursor->found_count == ketama->server_count) {
		return TENON_NO_SERVER;
	}
	if (cursor->at & AT_REST) {
		return next_of_rest(ketama, cursor);
	}
	return ketama->options.next == NEXT_WALK ? next_on_ring(ketama, cursor)
						 : next_by_hash(ketama, cursor);
}

/* ---- for people --------------------------------------------------------- */

/* Return the place where the point of an entry truly lies. */
static uint32_t true_place(const struct ketama *ketama, uint32_t entry)
{
	switch (ketama->options.lookup) {
	case LOOKUP_AFTER:
		return place_of(ketama->points[entry]) + 1;
	case LOOKUP_AT_OR_BEFORE:
		entry = next_entry(ketama, entry);
		return place_of(ketama->points[entry]) + 1;
	default:
		return place_of(ketama->points[entry]);
	}
}

static uint32_t ketama_points(const void *self,
			      const struct tenon_ring_key *key, uint32_t before,
			      struct tenon_ring_point *out, uint32_t count,
			      uint32_t *home)
{
	const struct ketama *ketama = self;
	uint32_t points = ketama->point_count;
	uint32_t entry = find_point(ketama, key->hash) % points;
	uint32_t back;

	if (count > points) {
		count = points;
	}
	if (before >= count) {
		before = count - 1;
	}
	/* to go back on a circle, go forward the rest of the way */
	back = ketama->options.lookup == LOOKUP_AT_OR_BEFORE ? before
							     : points - before;
	entry = (uint32_t)(((uint64_t)entry + back) % points);
	for (uint32_t i = 0; i < count; i++) {
		out[i] = (struct tenon_ring_point){
			.place = true_place(ketama, entry),
			.server = (uint32_t)ketama->points[entry],
		};
		entry = next_entry(ketama, entry);
	}
	*home = before;
	return count;
}

static void ketama_describe(const void *self, struct tenon_ring_traits *out)
{
	const struct ketama *ketama = self;

	out->flags = TENON_RING_CONTINUUM;
	if (ketama->options.weights == WEIGHTS_IGNORED) {
		out->flags |= TENON_RING_NO_WEIGHT;
	}
	if (ketama->has_ties) {
		out->flags |= TENON_RING_TIES;
	}
	out->points = ketama->point_count;
	out->place_bits = 32;
}

/* ---- options ------------------------------------------------------------ */

/* In the order of the enums in points.h. */
static const char *const point_by_choices[] = { "point_hash", "key_hash",
						NULL };
static const char *const name_choices[] = { "short", "full", "slash", "address",
					    NULL };
static const char *const unix_port_choices[] = { "no", "yes", "colon", NULL };
static const char *const weights_choices[] = {
	"times",	 "share",  "share_when_given", "share_double",
	"share_integer", "switch", "ignored",	       NULL
};
static const char *const lookup_choices[] = { "at_or_after", "after",
					      "at_or_before", NULL };
static const char *const tie_choices[] = { "first", "last", "name", NULL };
static const char *const next_choices[] = { "walk", "rehash", "rehash_sum",
					    NULL };

#define CHOICE(option, values, otherwise, text)                                \
	{                                                                      \
		.name = #option, .type = TENON_OPTION_CHOICE,                  \
		.offset = offsetof(struct ketama_options, option),             \
		.def_text = (otherwise), .choices = (values), .help = (text)   \
	}

static const struct tenon_option ketama_options[] = {
	{ .name = "points",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct ketama_options, points),
	  .min = 1,
	  .max = POINTS_PER_SERVER_MAX,
	  .def = 100,
	  .help = "points of a server of weight 1, or of average weight when weights are shares" },
	{ .name = "points_per_digest",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct ketama_options, points_per_digest),
	  .min = 1,
	  .max = DIGEST_WORDS_MAX,
	  .def = 1,
	  .help = "points from one name; above 1 they are the words of the digest of the hash" },
	{ .name = "point_hash",
	  .type = TENON_OPTION_HASH,
	  .offset = offsetof(struct ketama_options, point_hash),
	  .def_text = "md5",
	  .help = "hash that places the servers on the ring, independent of the hash of keys" },
	CHOICE(point_by, point_by_choices, "point_hash",
	       "hash of the points: that of point_hash, or hash_function as for keys"),
	CHOICE(name, name_choices, "short",
	       "name of a server without alias: host[:port] without port 11211, host:port, "
	       "/host:port or host/host:port"),
	CHOICE(unix_port, unix_port_choices, "no",
	       "name of a UNIX socket: path, path:0 or path:"),
	CHOICE(separator, separators, "-",
	       "byte between the name of a server and the number of the point; - when not set"),
	CHOICE(weights, weights_choices, "times",
	       "how the number of points depends on the weights"),
	CHOICE(lookup, lookup_choices, "at_or_after",
	       "which point is a key's home, seen from its hash"),
	CHOICE(tie, tie_choices, "first",
	       "which server owns a place with points of several servers"),
	CHOICE(next, next_choices, "walk",
	       "how the servers after the home server are found"),
	{ .name = NULL }
};

static const struct tenon_distribution_ops ketama_ops = {
	.size = sizeof(struct tenon_distribution_ops),
	.state_size = sizeof(struct ketama),
	.init = ketama_init,
	.fini = ketama_fini,
	.build = ketama_build,
	.locate = ketama_locate,
	.next = ketama_next,
	.points = ketama_points,
	.describe = ketama_describe,
};

TENON_PLUGIN_DEFINE(
	distribution_ketama, .kind = TENON_KIND_DISTRIBUTION, .name = "ketama",
	.version = "1.1",
	.summary =
		"consistent hashing with the rings of libmc, libmemcached, twemproxy and others",
	.options_bytes = sizeof(struct ketama_options),
	.options = ketama_options, .ops = &ketama_ops, .check = ketama_check)
