/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Distribution ketama, libmc's consistent hashing. Every server has 100 points for each unit of
 * weight on a ring of 2^32 places. The place of a point is the hash of the server's alias (or
 * address) and the point's number. The home server of a key is the one whose point is the first
 * at or after the key's hash.
 */
#include <string.h>

#include "tenon/plugin/distribution.h"

#include "../../decimal.h"

#define POINTS_PER_WEIGHT 100
#define POINTS_MAX	  (1u << 24) /* 128 MiB, and as much again while the ring is built */
#define NAME_MAX_BYTES	  480 /* longest alias or host */
#define POINT_MAX_BYTES	  512 /* longest alias or host with ":65535-99999" behind it */
#define POINTS_AT_ONCE	  16 /* points that are hashed in one call */

/* A look-up scans up to so many points one by one, which is cheaper than a binary search. */
#define SCAN_MAX 8

struct ketama_options {
	const struct tenon_hash *point_hash;
};

struct ketama {
	const struct tenon_host *host;
	const struct tenon_hash *point_hash;
	uint32_t server_count;
	uint32_t point_count;
	/*
	 * points[point_count + 1]: place << 32 | server, ascending. On the same place the server
	 * with the lowest index comes first. The last entry has the greatest place and the server
	 * of the first point, so that a look-up needs no test for the end of the ring.
	 */
	uint64_t *points;
	/* index[bucket], bucket = hash >> index_shift: the first point of this or a later bucket */
	uint32_t *index;
	uint32_t index_shift;
};

static int ketama_init(void *self, const void *options,
		       const struct tenon_host *host, struct tenon_error *err)
{
	const struct ketama_options *chosen = options;
	struct ketama *ketama = self;

	(void)err;
	ketama->host = host;
	ketama->point_hash = chosen->point_hash;
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

/* ---- build ------------------------------------------------------------- */

/*
 * Write the common beginning of the names of a server's points: "alias-", "host-" or
 * "host:port-". Returns its length in bytes.
 */
static size_t put_name(char to[POINT_MAX_BYTES],
		       const struct tenon_ring_server *server)
{
	const char *name = server->alias ? server->alias : server->host;
	size_t len = strlen(name);

	memcpy(to, name, len);
	/* a UNIX socket has no port; libmc omits its default port */
	if (!server->alias && server->port != 0 &&
	    server->port != TENON_DEFAULT_PORT) {
		to[len++] = ':';
		len += put_decimal(to + len, server->port);
	}
	to[len++] = '-';
	return len;
}

/* Compute the points of the server with this index, and write them to points[0..]. */
static void put_points(const struct ketama *ketama, uint64_t *points,
		       const struct tenon_ring_server *server, uint32_t index)
{
	const struct tenon_hash *hash = ketama->point_hash;
	uint32_t count = POINTS_PER_WEIGHT * server->weight;
	char names[POINTS_AT_ONCE][POINT_MAX_BYTES];
	struct tenon_slice slices[POINTS_AT_ONCE];
	uint64_t hashes[POINTS_AT_ONCE];
	size_t name_len = put_name(names[0], server);

	for (size_t n = 0; n < POINTS_AT_ONCE; n++) {
		memcpy(names[n], names[0], name_len);
		slices[n].data = names[n];
	}
	for (uint32_t done = 0; done < count; done += POINTS_AT_ONCE) {
		uint32_t batch = count - done;

		if (batch > POINTS_AT_ONCE) {
			batch = POINTS_AT_ONCE;
		}
		for (uint32_t n = 0; n < batch; n++) {
			slices[n].len =
				name_len +
				put_decimal(names[n] + name_len, done + n);
		}
		hash->ops->hash_many(hash->self, slices, batch, hashes);
		for (uint32_t n = 0; n < batch; n++) {
			points[done + n] = hashes[n] << 32 | index;
		}
	}
}

/*
 * Sort the points by place; points on the same place keep their order. Radix sort with one pass
 * for each byte, so that the time does not depend on how well the point hash spreads.
 */
static void sort_points(uint64_t *points, uint64_t *scratch, uint32_t count)
{
	for (unsigned shift = 32; shift < 64; shift += 8) {
		uint32_t start[256] = { 0 };
		uint64_t *from = points;
		uint32_t at = 0;

		for (uint32_t i = 0; i < count; i++) {
			start[points[i] >> shift & 0xff]++;
		}
		for (unsigned byte = 0; byte < 256; byte++) {
			uint32_t n = start[byte];

			start[byte] = at;
			at += n;
		}
		for (uint32_t i = 0; i < count; i++) {
			scratch[start[points[i] >> shift & 0xff]++] = points[i];
		}
		/* after four swaps the sorted points are in the array where they began */
		points = scratch;
		scratch = from;
	}
}

/* Fill index[0..buckets]. */
static void fill_index(struct ketama *ketama, uint32_t buckets)
{
	uint32_t bucket = 0;

	for (uint32_t i = 0; i < ketama->point_count; i++) {
		uint32_t value = (uint32_t)(ketama->points[i] >> 32);

		while (bucket <= value >> ketama->index_shift) {
			ketama->index[bucket++] = i;
		}
	}
	while (bucket <= buckets) {
		ketama->index[bucket++] = ketama->point_count;
	}
}

/* Check the servers and count their points. Errors: TENON_ECONFIG. */
static int measure(struct ketama *ketama,
		   const struct tenon_ring_server *servers, uint32_t count,
		   struct tenon_error *err)
{
	uint64_t weight = 0;

	for (uint32_t i = 0; i < count; i++) {
		const char *name =
			servers[i].alias ? servers[i].alias : servers[i].host;
		size_t len = strlen(name);

		if (len > NAME_MAX_BYTES) {
			return ketama->host->set_error(
				err, TENON_ECONFIG,
				"server '%.40s...' has a name of %zu bytes; "
				"ketama takes names of up to %d bytes",
				name, len, NAME_MAX_BYTES);
		}
		weight += servers[i].weight;
	}
	if (weight > POINTS_MAX / POINTS_PER_WEIGHT) {
		return ketama->host->set_error(
			err, TENON_ECONFIG,
			"the weights of all servers add up to %llu; ketama "
			"takes up to %u in all: use smaller weights",
			(unsigned long long)weight,
			POINTS_MAX / POINTS_PER_WEIGHT);
	}
	ketama->server_count = count;
	ketama->point_count = (uint32_t)weight * POINTS_PER_WEIGHT;
	return 0;
}

static int ketama_build(void *self, const struct tenon_ring_server *servers,
			uint32_t count, const struct tenon_hash *key_hash,
			struct tenon_error *err)
{
	struct ketama *ketama = self;
	const struct tenon_host *host = ketama->host;
	uint32_t buckets = 2;
	uint64_t *scratch;
	uint64_t *at;
	int code;

	(void)key_hash;
	code = measure(ketama, servers, count, err);
	if (code) {
		return code;
	}
	/* choose the number of buckets so that there is about one point in each */
	ketama->index_shift = 31;
	while (buckets < ketama->point_count) {
		buckets *= 2;
		ketama->index_shift--;
	}
	ketama->points =
		host->alloc(host->context, ((size_t)ketama->point_count + 1) *
						   sizeof(*ketama->points));
	ketama->index = host->alloc(
		host->context, ((size_t)buckets + 1) * sizeof(*ketama->index));
	scratch = host->alloc(host->context,
			      (size_t)ketama->point_count * sizeof(*scratch));
	if (!ketama->points || !ketama->index || !scratch) {
		host->free(host->context, scratch);
		return host->set_error(err, TENON_ENOMEM, "out of memory");
	}
	at = ketama->points;
	for (uint32_t i = 0; i < count; i++) {
		put_points(ketama, at, &servers[i], i);
		at += POINTS_PER_WEIGHT * servers[i].weight;
	}
	sort_points(ketama->points, scratch, ketama->point_count);
	*at = (uint64_t)UINT32_MAX << 32 | (uint32_t)ketama->points[0];
	fill_index(ketama, buckets);
	host->free(host->context, scratch);
	return 0;
}

/* ---- lookup ------------------------------------------------------------ */

/* Return the index of the first point at or after the hash; point_count stands for point 0. */
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

static uint32_t ketama_locate(const void *self,
			      const struct tenon_ring_key *key)
{
	const struct ketama *ketama = self;

	return (uint32_t)ketama->points[find_point(ketama, key->hash)];
}

/* cursor->at is the next entry of points[] to look at; 0 stands for the point of the key. */
static uint32_t ketama_next(const void *self, struct tenon_ring_cursor *cursor)
{
	const struct ketama *ketama = self;

	if (cursor->found_count == 0) {
		cursor->at = find_point(ketama, cursor->key->hash);
	} else if (cursor->found_count == ketama->server_count) {
		return TENON_NO_SERVER;
	}
	for (;;) {
		uint32_t server = (uint32_t)ketama->points[cursor->at];

		/* the last entry has the server of point 0, so continue with point 1 */
		cursor->at = cursor->at < ketama->point_count ?
				     cursor->at + 1 : 1;
		if (!tenon_ring_seen(cursor, server)) {
			return server;
		}
	}
}

static const struct tenon_option ketama_options[] = {
	{ .name = "point_hash",
	  .type = TENON_OPTION_HASH,
	  .offset = offsetof(struct ketama_options, point_hash),
	  .def_text = "md5",
	  .help = "hash that places the servers on the ring, independent of the hash of keys" },
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
};

TENON_PLUGIN_DEFINE(distribution_ketama, .kind = TENON_KIND_DISTRIBUTION,
		    .name = "ketama", .version = "1.0",
		    .summary = "consistent hashing with the ring of libmc",
		    .options_bytes = sizeof(struct ketama_options),
		    .options = ketama_options, .ops = &ketama_ops)
