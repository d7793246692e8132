/* SPDX-License-Identifier: BSD-3-Clause */
/* struct tenon_diff of tenon/ring.h: two rings, and the keys that move between them. */
#include <stdlib.h>
#include <string.h>

#include "api/client.h"
#include "base/error.h"
#include "base/memory.h"
#include "cluster/query.h"
#include "cluster/simulate.h"
#include "tenon/ring.h"

/* One of the two rings. */
struct side {
	struct tenon__assembly *assembly; /* holds a reference */
	uint32_t *places; /* the place of each server of the main ring */
	struct tenon_ring_traits traits;
};

/* A server of the comparison. */
struct place {
	char *name;
	char *address;
	uint32_t server[2]; /* index in each ring; TENON_NO_SERVER: not there */
	uint32_t weight[2];       /* as configured */
	uint32_t share_weight[2]; /* as the ring counts it */
	uint64_t keys[2];
	uint64_t gained;
	uint64_t lost;
};

struct tenon_diff {
	struct side sides[2]; /* before, after */
	struct place *places;
	uint32_t place_count;
	struct tenon_diff_sums sums;
	/* A hash table of moves, open addressing; an entry with keys 0 is free. */
	struct tenon_diff_move *moves;
	size_t move_capacity; /* a power of two; 0: no table */
	struct tenon_diff_move *sorted; /* sums.move_count entries; NULL: keys were added since */
};

/* ---- which servers are the same ---------------------------------------------- */

/* A server of the first ring, for the search by name or by address. */
struct named {
	const char *text;
	uint32_t place;
};

static int compare_named(const void *a, const void *b)
{
	const struct named *left = a, *right = b;
	int order = strcmp(left->text, right->text);

	return order ? order : (left->place > right->place) -
				       (left->place < right->place);
}

/*
 * Find the first place with this text that has no server of the second ring yet. Returns
 * TENON_NO_SERVER when there is none.
 */
static uint32_t find_free(const struct tenon_diff *diff,
			  const struct named *list, uint32_t count,
			  const char *text)
{
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (strcmp(list[middle].text, text) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	for (; low < count && strcmp(list[low].text, text) == 0; low++) {
		if (diff->places[list[low].place].server[1] ==
		    TENON_NO_SERVER) {
			return list[low].place;
		}
	}
	return TENON_NO_SERVER;
}

/* Set the strings of a place, in place of those that it has. Errors: TENON_ENOMEM. */
static int set_strings(struct place *place, const struct tenon_client *client,
		       uint32_t server)
{
	const struct tenon__connection *conn = &client->engine.conns[server];
	const char *address = conn->resolver.address;

	tenon__free(place->name);
	tenon__free(place->address);
	place->name = tenon__strndup(conn->name, strlen(conn->name));
	place->address = tenon__strndup(address, strlen(address));
	return place->name && place->address ? 0 : TENON_ENOMEM;
}

/* A server of this side has its place there. Errors: TENON_ENOMEM. */
static int settle(struct tenon_diff *diff, size_t side,
		  const struct tenon_client *client, uint32_t server,
		  uint32_t place)
{
	struct place *at = &diff->places[place];
	const struct tenon__server *configured =
		&diff->sides[side].assembly->servers[server];

	diff->sides[side].places[server] = place;
	at->server[side] = server;
	at->weight[side] = configured->weight;
	at->share_weight[side] =
		tenon__ring_weight(&diff->sides[side].traits, configured);
	return set_strings(at, client, server);
}

/* Give the servers of the first ring the first places. Errors: TENON_ENOMEM. */
static int settle_first(struct tenon_diff *diff,
			const struct tenon_client *before)
{
	uint32_t count = diff->sides[0].assembly->rings[0].count;
	int code = 0;

	diff->place_count = count;
	for (uint32_t i = 0; i < count && !code; i++) {
		diff->places[i].server[1] = TENON_NO_SERVER;
		code = settle(diff, 0, before, i, i);
	}
	return code;
}

/* The first ring's servers by name and by address. */
struct index {
	struct named *names;
	struct named *addresses;
	uint32_t count;
};

static void index_fini(struct index *index)
{
	tenon__free(index->names);
	tenon__free(index->addresses);
}

/* Errors: TENON_ENOMEM; the caller calls index_fini() in any case. */
static int index_init(struct index *index, const struct tenon_diff *diff,
		      const struct tenon_client *before)
{
	index->count = diff->place_count;
	index->names = tenon__calloc(index->count, sizeof(*index->names));
	index->addresses =
		tenon__calloc(index->count, sizeof(*index->addresses));
	if (!index->names || !index->addresses) {
		return TENON_ENOMEM;
	}
	for (uint32_t i = 0; i < index->count; i++) {
		const struct tenon__connection *conn =
			&before->engine.conns[i];

		index->names[i] = (struct named){ conn->name, i };
		index->addresses[i] =
			(struct named){ conn->resolver.address, i };
	}
	qsort(index->names, index->count, sizeof(*index->names),
	      compare_named);
	qsort(index->addresses, index->count, sizeof(*index->addresses),
	      compare_named);
	return 0;
}

/*
 * Give the servers of the second ring their places: first those whose name the first ring has,
 * then those whose address it has, and new places to the rest. Errors: TENON_ENOMEM.
 */
static int settle_second(struct tenon_diff *diff, const struct index *index,
			 const struct tenon_client *after)
{
	const struct side *side = &diff->sides[1];
	uint32_t count = side->assembly->rings[0].count;
	int code = 0;

	for (uint32_t i = 0; i < count && !code; i++) {
		uint32_t place = find_free(diff, index->names, index->count,
					   after->engine.conns[i].name);

		side->places[i] = place;
		code = place == TENON_NO_SERVER
			       ? 0 : settle(diff, 1, after, i, place);
	}
	for (uint32_t i = 0; i < count && !code; i++) {
		if (side->places[i] != TENON_NO_SERVER) {
			continue;
		}
		uint32_t place = find_free(
			diff, index->addresses, index->count,
			after->engine.conns[i].resolver.address);

		if (place == TENON_NO_SERVER) {
			place = diff->place_count++;
			diff->places[place].server[0] = TENON_NO_SERVER;
		}
		code = settle(diff, 1, after, i, place);
	}
	return code;
}

/* ---- opening and closing -------------------------------------------------------- */

/* Errors: TENON_ENOMEM. */
static int side_init(struct side *side, const struct tenon_client *client)
{
	side->assembly = tenon__assembly_ref(client->engine.assembly);
	side->traits = tenon__ring_traits(&side->assembly->rings[0],
					  side->assembly->distribution);
	side->places = tenon__calloc(side->assembly->rings[0].count,
				     sizeof(*side->places));
	return side->places ? 0 : TENON_ENOMEM;
}

/* Errors: TENON_ENOMEM. */
static int diff_init(struct tenon_diff *diff, const struct tenon_client *before,
		     const struct tenon_client *after)
{
	struct index index = { .count = 0 };
	int code = side_init(&diff->sides[0], before);

	if (!code) {
		code = side_init(&diff->sides[1], after);
	}
	if (!code) {
		size_t most = (size_t)diff->sides[0].assembly->rings[0].count +
			      diff->sides[1].assembly->rings[0].count;
		diff->places = tenon__calloc(most, sizeof(*diff->places));
		code = diff->places ? settle_first(diff, before) : TENON_ENOMEM;
	}
	if (!code) {
		code = index_init(&index, diff, before);
	}
	if (!code) {
		code = settle_second(diff, &index, after);
	}
	index_fini(&index);
	return code;
}

int tenon_diff_open(const struct tenon_client *before,
		    const struct tenon_client *after, struct tenon_diff **out,
		    struct tenon_error *err)
{
	struct tenon_diff *diff = tenon__calloc(1, sizeof(*diff));

	tenon__error_clear(err);
	*out = NULL;
	if (!diff || diff_init(diff, before, after) != 0) {
		tenon_diff_close(diff);
		return tenon__error_no_memory(err);
	}
	*out = diff;
	return 0;
}

void tenon_diff_close(struct tenon_diff *diff)
{
	if (!diff) {
		return;
	}
	for (uint32_t i = 0; diff->places && i < diff->place_count; i++) {
		tenon__free(diff->places[i].name);
		tenon__free(diff->places[i].address);
	}
	for (size_t i = 0; i < 2; i++) {
		tenon__assembly_unref(diff->sides[i].assembly);
		tenon__free(diff->sides[i].places);
	}
	tenon__free(diff->places);
	tenon__free(diff->moves);
	tenon__free(diff->sorted);
	tenon__free(diff);
}

/* ---- moves ----------------------------------------------------------------------- */

#define MOVES_FIRST 64

/* Find the entry of a move, or the free entry where it belongs. capacity is a power of two. */
static struct tenon_diff_move *find_move(struct tenon_diff_move *moves,
					 size_t capacity, uint32_t from,
					 uint32_t to)
{
	uint64_t mixed = ((uint64_t)from << 32 | to) *
			 UINT64_C(0x9e3779b97f4a7c15);
	size_t at = (size_t)(mixed >> 32) & (capacity - 1);

	while (moves[at].keys > 0 &&
	       (moves[at].from != from || moves[at].to != to)) {
		at = (at + 1) & (capacity - 1);
	}
	return &moves[at];
}

/* Make room for one more move. Errors: TENON_ENOMEM. */
static int reserve_move(struct tenon_diff *diff)
{
	size_t capacity = diff->move_capacity ? 2 * diff->move_capacity
					      : MOVES_FIRST;
	struct tenon_diff_move *moves;

	if (2 * (diff->sums.move_count + 1) <= diff->move_capacity) {
		return 0;
	}
	moves = tenon__calloc(capacity, sizeof(*moves));
	if (!moves) {
		return TENON_ENOMEM;
	}
	for (size_t i = 0; i < diff->move_capacity; i++) {
		const struct tenon_diff_move *move = &diff->moves[i];

		if (move->keys > 0) {
			*find_move(moves, capacity, move->from, move->to) =
				*move;
		}
	}
	tenon__free(diff->moves);
	diff->moves = moves;
	diff->move_capacity = capacity;
	return 0;
}

/* Count a key that moves. Errors: TENON_ENOMEM; the key is not counted then. */
static int count_move(struct tenon_diff *diff, uint32_t from, uint32_t to)
{
	struct tenon_diff_move *move;

	if (reserve_move(diff) != 0) {
		return TENON_ENOMEM;
	}
	tenon__free(diff->sorted);
	diff->sorted = NULL;
	move = find_move(diff->moves, diff->move_capacity, from, to);
	diff->sums.move_count += move->keys == 0;
	move->from = from;
	move->to = to;
	move->keys++;
	diff->sums.moved++;
	diff->places[from].lost++;
	diff->places[to].gained++;
	return 0;
}

/* ---- keys ------------------------------------------------------------------------- */

/*
 * Find the place of an item in one ring. *sent becomes the key as it is sent; it points into the
 * item or into buffer, TENON_KEY_MAX_BYTES bytes. Errors: TENON_EKEY, TENON_ENOMEM.
 */
static int locate(const struct side *side, const struct tenon_item *item,
		  char *buffer, struct tenon_slice *sent, uint32_t *place)
{
	const struct tenon__assembly *assembly = side->assembly;
	struct tenon_ring_key key;

	int code = tenon__sent_key(assembly, sent, item->key, buffer);
	if (code) {
		return code;
	}
	tenon__query_key(&key, assembly, item, *sent);
	*place = side->places[tenon__ring_locate(
		&assembly->rings[0], assembly->distribution, &key)];
	return 0;
}

static bool same_bytes(const struct tenon_slice *a, const struct tenon_slice *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* Errors: TENON_ENOMEM; the key is not counted then. */
static int add_key(struct tenon_diff *diff, const struct tenon_item *item)
{
	char buffers[2][TENON_KEY_MAX_BYTES];
	struct tenon_slice sent[2];
	uint32_t places[2];

	for (size_t i = 0; i < 2; i++) {
		int code = locate(&diff->sides[i], item, buffers[i], &sent[i],
				  &places[i]);

		if (code == TENON_EKEY) {
			diff->sums.refused++;
			return 0;
		}
		if (code) {
			return code;
		}
	}
	bool renamed = !same_bytes(&sent[0], &sent[1]);
	bool moved = places[0] != places[1];
	if (moved && count_move(diff, places[0], places[1]) != 0) {
		return TENON_ENOMEM;
	}
	for (size_t i = 0; i < 2; i++) {
		diff->places[places[i]].keys[i]++;
	}
	diff->sums.keys++;
	diff->sums.renamed += renamed;
	diff->sums.missed += moved || renamed;
	return 0;
}

int tenon_diff_add(struct tenon_diff *diff, const struct tenon_item *items,
		   size_t count, struct tenon_error *err)
{
	tenon__error_clear(err);
	for (size_t i = 0; i < count; i++) {
		if (add_key(diff, &items[i]) != 0) {
			return tenon__error_no_memory(err);
		}
	}
	return 0;
}

int tenon_diff_simulate(struct tenon_diff *diff, uint64_t count, uint64_t seed,
			struct tenon_error *err)
{
	/* far apart for seeds that are close together */
	uint32_t first = (uint32_t)(seed * UINT64_C(0x9e3779b97f4a7c15) >> 32);
	char key[TENON__SIMULATED_BYTES];
	struct tenon_item item = { .key = { key, 0 } };

	tenon__error_clear(err);
	for (uint64_t i = 0; i < count; i++) {
		item.key.len = tenon__simulated_key(first + (uint32_t)i, key);
		if (add_key(diff, &item) != 0) {
			return tenon__error_no_memory(err);
		}
	}
	return 0;
}

/* ---- reading ------------------------------------------------------------------------ */

/* Return the keys of the fullest server by the mean; both per weight when the ring weighs. */
static double max_per_mean(const struct tenon_diff *diff, size_t side)
{
	uint64_t weights = 0;
	double most = 0;

	for (uint32_t i = 0; i < diff->place_count; i++) {
		const struct place *place = &diff->places[i];

		if (place->server[side] == TENON_NO_SERVER) {
			continue;
		}
		double keys = (double)place->keys[side] /
			      place->share_weight[side];

		weights += place->share_weight[side];
		most = keys > most ? keys : most;
	}
	return diff->sums.keys == 0
		       ? 0 : most * (double)weights / (double)diff->sums.keys;
}

void tenon_diff_sums(const struct tenon_diff *diff, struct tenon_diff_sums *out)
{
	*out = diff->sums;
	out->server_count = diff->place_count;
	out->max_per_mean_before = max_per_mean(diff, 0);
	out->max_per_mean_after = max_per_mean(diff, 1);
}

int tenon_diff_server(const struct tenon_diff *diff, size_t index,
		      struct tenon_diff_server *out)
{
	if (index >= diff->place_count) {
		return TENON_EINVAL;
	}
	const struct place *place = &diff->places[index];
	*out = (struct tenon_diff_server){
		.name = place->name,
		.address = place->address,
		.before = place->server[0],
		.after = place->server[1],
		.weight_before = place->weight[0],
		.weight_after = place->weight[1],
		.keys_before = place->keys[0],
		.keys_after = place->keys[1],
		.keys_gained = place->gained,
		.keys_lost = place->lost,
	};
	return 0;
}

/* For qsort(): most keys first, then by servers. */
static int compare_moves(const void *a, const void *b)
{
	const struct tenon_diff_move *left = a, *right = b;

	if (left->keys != right->keys) {
		return left->keys < right->keys ? 1 : -1;
	}
	if (left->from != right->from) {
		return left->from < right->from ? -1 : 1;
	}
	return (left->to > right->to) - (left->to < right->to);
}

/* Errors: TENON_ENOMEM. */
static int sort_moves(struct tenon_diff *diff)
{
	struct tenon_diff_move *sorted = tenon__calloc(
		(size_t)diff->sums.move_count + 1, sizeof(*sorted));
	size_t count = 0;

	if (!sorted) {
		return TENON_ENOMEM;
	}
	for (size_t i = 0; i < diff->move_capacity; i++) {
		if (diff->moves[i].keys > 0) {
			sorted[count++] = diff->moves[i];
		}
	}
	qsort(sorted, count, sizeof(*sorted), compare_moves);
	diff->sorted = sorted;
	return 0;
}

int tenon_diff_move(struct tenon_diff *diff, size_t index,
		    struct tenon_diff_move *out)
{
	if (index >= diff->sums.move_count) {
		return TENON_EINVAL;
	}
	if (!diff->sorted && sort_moves(diff) != 0) {
		return TENON_ENOMEM;
	}
	*out = diff->sorted[index];
	return 0;
}
