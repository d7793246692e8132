/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Building a ring: the points of all servers, sorted, with an index. Only ketama.c includes this
 * file.
 */
#ifndef TENON_PLUGINS_KETAMA_BUILD_H
#define TENON_PLUGINS_KETAMA_BUILD_H

#include <stdlib.h>

#include "points.h"

/* The most points of a ring: 128 MiB, and as much again while the ring is built. */
#define POINTS_MAX (1u << 24)

/* So few points are sorted by insertion. */
#define INSERT_MAX 64

/* More points are sorted in parts. At least 256, so that a part has a bucket or more. */
#define PART_MAX 16384

struct ketama {
	/*
	 * points[point_count + 1]: place << 32 | server, ascending. A look-up always takes the first
	 * entry at or after the hash. The last entry has the greatest place and the server of the
	 * first entry, so that a look-up needs no test for the end of the ring.
	 *
	 * The other look-ups differ in these entries. after: each place is one less. at_or_before:
	 * each place is one less, and an entry has the server of the point before it; so the
	 * keys from a point's place up to the next point, exclusive, belong to the point's server.
	 */
	uint64_t *points;
	/* index[bucket], bucket = hash >> index_shift: the first point of this or a later bucket */
	uint32_t *index;
	uint32_t index_shift;
	uint32_t point_count;
	uint32_t server_count;
	bool has_ties; /* the order of the servers decides about some place */
	const struct tenon_hash *key_hash; /* for walks that hash again */
	const struct tenon_host *host;
	struct ketama_options options;
};

/* ---- checks ------------------------------------------------------------- */

/* Check that no name is too long. Errors: TENON_ECONFIG. */
static int check_names(const struct tenon_host *host,
		       const struct tenon_ring_server *servers, uint32_t count,
		       struct tenon_error *err)
{
	for (uint32_t i = 0; i < count; i++) {
		const char *name =
			servers[i].alias ? servers[i].alias : servers[i].host;
		size_t len = strlen(name);

		if (len > NAME_MAX_BYTES) {
			return host->set_error(
				err, TENON_ECONFIG,
				"server '%.40s...' has a name of %zu bytes; "
				"ketama takes names of up to %d bytes",
				name, len, NAME_MAX_BYTES);
		}
	}
	return 0;
}

/* Check that the hash of the points gives as many words as a name needs. Errors: TENON_ECONFIG. */
static int check_digest(const struct tenon_host *host, const struct plan *plan,
			struct tenon_error *err)
{
	uint32_t words =
		plan->hash->ops->digest ? plan->hash->ops->digest_words : 0;

	if (plan->per_digest == 1 || plan->per_digest <= words) {
		return 0;
	}
	return host->set_error(
		err, TENON_ECONFIG,
		"points_per_digest is %u, but the hash of the points has a digest "
		"of %u words; use a hash such as md5, which has 4",
		(unsigned)plan->per_digest, (unsigned)words);
}

/* Count the points of all servers. Errors: TENON_ECONFIG. */
static int count_points(struct ketama *ketama, const struct plan *plan,
			const struct tenon_ring_server *servers,
			struct tenon_error *err)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < plan->count; i++) {
		count += names_of(plan, servers[i].weight) * plan->per_digest;
	}
	if (count > POINTS_MAX) {
		return ketama->host->set_error(
			err, TENON_ECONFIG,
			"the ring would have %llu points; ketama takes up to %u: "
			"use smaller weights or fewer points",
			(unsigned long long)count, POINTS_MAX);
	}
	if (count == 0) {
		return ketama->host->set_error(
			err, TENON_ECONFIG,
			"no server has a point on the ring; use more points");
	}
	ketama->server_count = plan->count;
	ketama->point_count = (uint32_t)count;
	return 0;
}

/* ---- points ------------------------------------------------------------- */

/*
 * Make the list of servers in the order in which their points are placed: that of their names.
 * Returns NULL when there is no memory.
 */
static struct named *sort_by_name(const struct ketama *ketama,
				  const struct tenon_ring_server *servers)
{
	struct named *list = ketama->host->alloc(
		ketama->host->context, ketama->server_count * sizeof(*list));

	for (uint32_t i = 0; list && i < ketama->server_count; i++) {
		list[i] = (struct named){ &servers[i], &ketama->options, i };
	}
	if (list) {
		qsort(list, ketama->server_count, sizeof(*list), compare_names);
	}
	return list;
}

/* Write the points of all servers, unsorted. Errors: TENON_ENOMEM. */
static int place_points(const struct ketama *ketama, const struct plan *plan,
			const struct tenon_ring_server *servers,
			uint64_t *points)
{
	const struct tenon_host *host = ketama->host;
	bool by_name = ketama->options.tie == TIE_NAME;
	struct named *list = by_name ? sort_by_name(ketama, servers) : NULL;
	struct batch *batch = host->alloc(host->context, sizeof(*batch));
	int code = batch && (list || !by_name) ? 0 : TENON_ENOMEM;

	for (uint32_t i = 0; !code && i < ketama->server_count; i++) {
		uint32_t server = list ? list[i].index : i;

		points = put_points(batch, plan, &servers[server], server,
				    points);
	}
	host->free(host->context, batch);
	host->free(host->context, list);
	return code;
}

/* ---- ties --------------------------------------------------------------- */

static uint32_t place_of(uint64_t point)
{
	return (uint32_t)(point >> 32);
}

/* run[0..count-1] are the points of one place. Return the one that owns the place. */
static uint32_t winner(const struct ketama *ketama, const uint64_t *run,
		       uint32_t count)
{
	switch (ketama->options.tie) {
	case TIE_LAST:
		return count - 1;
	case TIE_NAME: {
		/* xmemcached: by the true place, which is one more for these look-ups */
		bool shifted = ketama->options.lookup != LOOKUP_AT_OR_AFTER;

		return (place_of(run[0]) + shifted) % count;
	}
	default:
		return 0;
	}
}

/*
 * Decide the owner of each place with points of several servers, among the sorted entries
 * start..stop-1, which have all points of their places. A look-up finds the first entry of a
 * place. For at_or_before, shift_servers() then gives the last entry's server to the entry behind
 * the place, so the owner has to be last.
 */
static void settle_ties(struct ketama *ketama, uint32_t start, uint32_t stop)
{
	bool at_end = ketama->options.lookup == LOOKUP_AT_OR_BEFORE;
	uint64_t *points = ketama->points;
	uint32_t end;

	for (uint32_t run = start; run < stop; run = end) {
		uint32_t owner;
		uint32_t found;
		uint64_t point;

		end = run + 1;
		while (end < stop &&
		       place_of(points[end]) == place_of(points[run])) {
			ketama->has_ties |= ketama->options.tie != TIE_NAME &&
					    points[end] != points[run];
			end++;
		}
		owner = run + winner(ketama, points + run, end - run);
		found = at_end ? end - 1 : run;
		point = points[owner];
		points[owner] = points[found];
		points[found] = point;
	}
}

/* Give each entry the server of the entry before it, for at_or_before. */
static void shift_servers(uint64_t *points, uint32_t count)
{
	uint32_t before = (uint32_t)points[count - 1];

	for (uint32_t i = 0; i < count; i++) {
		uint32_t server = (uint32_t)points[i];

		points[i] = (points[i] >> 32) << 32 | before;
		before = server;
	}
}

/* ---- sorting ------------------------------------------------------------ */

/*
 * Copy points from one array to the other, sorted by the byte at the shift; points with equal
 * bytes keep their order. ends[byte] becomes the entry after the last one with this byte.
 */
static void sort_by_byte(const uint64_t *from, uint64_t *to, uint32_t count,
			 unsigned shift, uint32_t ends[256])
{
	uint32_t at = 0;

	memset(ends, 0, 256 * sizeof(*ends));
	for (uint32_t i = 0; i < count; i++) {
		ends[from[i] >> shift & 0xff]++;
	}
	for (unsigned byte = 0; byte < 256; byte++) {
		uint32_t n = ends[byte];

		ends[byte] = at;
		at += n;
	}
	for (uint32_t i = 0; i < count; i++) {
		to[ends[from[i] >> shift & 0xff]++] = from[i];
	}
}

/* Sort a few points by place, in their array. Stable. */
static void insert_sorted(uint64_t *points, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		uint64_t point = points[i];
		uint32_t at = i;

		for (; at > 0 && place_of(points[at - 1]) > place_of(point); at--) {
			points[at] = points[at - 1];
		}
		points[at] = point;
	}
}

/* Sort the points of one bucket by place, with scratch of their size. Stable. */
static void sort_bucket(uint64_t *points, uint64_t *scratch, uint32_t count)
{
	uint32_t ends[256];

	if (count <= INSERT_MAX) {
		insert_sorted(points, count);
		return;
	}
	sort_by_byte(points, scratch, count, 32, ends);
	sort_by_byte(scratch, points, count, 40, ends);
	sort_by_byte(points, scratch, count, 48, ends);
	sort_by_byte(scratch, points, count, 56, ends);
}

/* The points of some buckets, which are next to each other on the ring. */
struct part {
	uint32_t first_bucket, buckets;
	uint32_t start, end; /* the entries start..end-1 */
};

/*
 * Copy the points of a part to the ring, each into its bucket, and fill the index of these buckets,
 * which is all zero before. The points of a bucket keep their order.
 */
static void fill_buckets(struct ketama *ketama, const uint64_t *unsorted,
			 const struct part *part)
{
	/* the first entry of each bucket while points are copied, then the entry after its last */
	uint32_t *ends = ketama->index + 1;
	uint32_t shift = 32 + ketama->index_shift;
	uint32_t at = part->start;

	for (uint32_t i = part->start; i < part->end; i++) {
		ends[unsorted[i] >> shift]++;
	}
	for (uint32_t i = 0; i < part->buckets; i++) {
		uint32_t *end = &ends[part->first_bucket + i];
		uint32_t count = *end;

		*end = at;
		at += count;
	}
	for (uint32_t i = part->start; i < part->end; i++) {
		ketama->points[ends[unsorted[i] >> shift]++] = unsorted[i];
	}
}

/* Sort the points of a part into the ring, and decide ties. The unsorted points are overwritten. */
static void sort_part(struct ketama *ketama, uint64_t *unsorted,
		      const struct part *part)
{
	const uint32_t *ends = ketama->index + part->first_bucket + 1;
	uint32_t start = part->start;

	fill_buckets(ketama, unsorted, part);
	for (uint32_t i = 0; i < part->buckets; i++) {
		if (ends[i] - start > 1) {
			sort_bucket(ketama->points + start, unsorted + start,
				    ends[i] - start);
			settle_ties(ketama, start, ends[i]);
		}
		start = ends[i];
	}
}

/*
 * Sort the points of a large ring, which are in ketama->points. The first pass sorts by the highest
 * byte. The parts that it makes fit into the processor's cache, where the rest is quick.
 */
static void sort_large(struct ketama *ketama, uint64_t *scratch,
		       uint32_t buckets)
{
	uint32_t ends[256];
	struct part part = { .buckets = buckets / 256 };

	sort_by_byte(ketama->points, scratch, ketama->point_count, 56, ends);
	for (unsigned byte = 0; byte < 256; byte++) {
		part.end = ends[byte];
		sort_part(ketama, scratch, &part);
		part.start = part.end;
		part.first_bucket += part.buckets;
	}
}

/* ---- the ring ----------------------------------------------------------- */

/* Fill points and index, whose memory the caller has allocated. Errors: TENON_ENOMEM. */
static int fill_ring(struct ketama *ketama, const struct plan *plan,
		     const struct tenon_ring_server *servers, uint64_t *scratch,
		     uint32_t buckets)
{
	uint32_t count = ketama->point_count;
	uint64_t *points = ketama->points;
	const struct part whole = { 0, buckets, 0, count };
	bool is_large = count > PART_MAX;

	if (place_points(ketama, plan, servers, is_large ? points : scratch) !=
	    0) {
		return TENON_ENOMEM;
	}
	if (is_large) {
		sort_large(ketama, scratch, buckets);
	} else {
		sort_part(ketama, scratch, &whole);
	}
	if (ketama->options.lookup == LOOKUP_AT_OR_BEFORE) {
		shift_servers(points, count);
	}
	points[count] = (uint64_t)UINT32_MAX << 32 | (uint32_t)points[0];
	return 0;
}

/* Choose the number of buckets so that there is about one point in each. */
static uint32_t choose_buckets(struct ketama *ketama)
{
	uint32_t buckets = 2;

	ketama->index_shift = 31;
	while (buckets < ketama->point_count) {
		buckets *= 2;
		ketama->index_shift--;
	}
	return buckets;
}

/* Allocate and fill the ring. Errors: TENON_ENOMEM. */
static int make_ring(struct ketama *ketama, const struct plan *plan,
		     const struct tenon_ring_server *servers)
{
	const struct tenon_host *host = ketama->host;
	uint32_t buckets = choose_buckets(ketama);
	size_t points_bytes = (size_t)ketama->point_count * sizeof(uint64_t);
	uint64_t *scratch = host->alloc(host->context, points_bytes);
	int code = TENON_ENOMEM;

	ketama->points =
		host->alloc(host->context, points_bytes + sizeof(uint64_t));
	ketama->index = host->alloc(
		host->context, ((size_t)buckets + 1) * sizeof(*ketama->index));
	if (ketama->points && ketama->index && scratch) {
		code = fill_ring(ketama, plan, servers, scratch, buckets);
	}
	host->free(host->context, scratch);
	return code;
}

#endif
