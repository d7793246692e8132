/* SPDX-License-Identifier: BSD-3-Clause */
/* tenon_client_route(): where an item goes, and why. */
#include <string.h>

#include "api/client.h"
#include "base/clock.h"
#include "base/error.h"
#include "cluster/query.h"
#include "cluster/simulate.h"
#include "tenon/ring.h"
#include "wire/key.h"

_Static_assert((int)TENON_ROUTE_READ == TENON_ACCESS_READ &&
		       (int)TENON_ROUTE_WRITE == TENON_ACCESS_WRITE &&
		       (int)TENON_ROUTE_DELETE == TENON_ACCESS_DELETE &&
		       TENON_ROUTE_ACCESS_COUNT == TENON_ACCESS_COUNT,
	       "policies have the same accesses");

/* Points that are told before the home server's point, as many as behind it. */
#define POINTS_BEFORE (TENON_ROUTE_POINTS_MAX_COUNT / 2)

/* One call of tenon_client_route(). */
struct explained {
	struct tenon_client *client;
	const struct tenon__assembly *assembly;
	const struct tenon_item *item;
	struct tenon_item own; /* copies of the item's key and routing key */
	struct tenon__query query;
	int64_t now_ms;
	struct tenon_route *out;
	struct tenon_error *err;
};

static void *allocate(const struct explained *at, size_t bytes)
{
	return tenon__arena_alloc(&at->client->operation.arena, bytes);
}

/* ---- the key --------------------------------------------------------------- */

/* Copy bytes into memory of the client. Errors: TENON_ENOMEM. */
static int keep(const struct explained *at, struct tenon_slice *bytes)
{
	char *copy = allocate(at, bytes->len + 1);

	if (!copy) {
		return TENON_ENOMEM;
	}
	if (bytes->len > 0) {
		memcpy(copy, bytes->data, bytes->len);
	}
	copy[bytes->len] = '\0';
	bytes->data = copy;
	return 0;
}

/* Make the key as sent, and hash the bytes that decide. Errors: TENON_EKEY, TENON_ENOMEM. */
static int explain_key(struct explained *at)
{
	const struct tenon__assembly *assembly = at->assembly;
	struct tenon_slice sent = { "", 0 };
	struct tenon_route *out = at->out;
	char buffer[TENON_KEY_MAX_BYTES];
	bool fits = tenon__key_make(&sent, at->item->key, &assembly->prefix,
				    buffer) == 0;
	int code = tenon__sent_key(assembly, &sent, at->item->key, buffer);

	if (code == TENON_EKEY) {
		return tenon__sent_key_explain(assembly, at->item->key, at->err);
	}
	at->own.key = at->item->key;
	at->own.routing_key = at->item->routing_key;
	if (code || keep(at, &sent) != 0 || keep(at, &at->own.key) != 0 ||
	    keep(at, &at->own.routing_key) != 0) {
		return tenon__error_no_memory(at->err);
	}
	out->key = sent;
	out->key_replaced = !fits && assembly->key_digest;
	tenon__query_key(&at->query.key, assembly, &at->own, sent);
	out->hashed = tenon__hashed_part(assembly, at->own.routing_key,
					 at->own.key, sent);
	out->hash = assembly->hash.ops->hash(assembly->hash.self,
					     out->hashed.data, out->hashed.len);
	return 0;
}

/* ---- the ring -------------------------------------------------------------- */

/* List the points around the key. Errors: TENON_ENOMEM. */
static int list_points(const struct explained *at)
{
	struct tenon_ring_point found[TENON_ROUTE_POINTS_MAX_COUNT];
	const struct tenon__ring *ring = &at->assembly->rings[0];
	uint32_t home = 0;
	uint32_t count = at->assembly->distribution->points(
		ring->instance, &at->query.key, POINTS_BEFORE, found,
		TENON_ROUTE_POINTS_MAX_COUNT, &home);
	struct tenon_route_point *points =
		allocate(at, (count + 1) * sizeof(*points));

	if (!points) {
		return tenon__error_no_memory(at->err);
	}
	for (uint32_t i = 0; i < count; i++) {
		points[i] = (struct tenon_route_point){
			.place = found[i].place,
			.server = ring->first + found[i].server,
		};
	}
	at->out->points = points;
	at->out->point_count = count;
	at->out->home_point = home;
	return 0;
}

/* List the home server and all servers after it. Errors: TENON_ENOMEM. */
static int list_servers(const struct explained *at)
{
	const struct tenon__ring *ring = &at->assembly->rings[0];
	uint32_t *servers = allocate(at, ring->count * sizeof(*servers));
	uint32_t nth = 0;

	if (!servers) {
		return tenon__error_no_memory(at->err);
	}
	servers[nth++] = at->out->home;
	while (nth < ring->count) {
		servers[nth] = at->query.base.next(&at->query.base, nth);
		if (servers[nth] == TENON_NO_SERVER) {
			break;
		}
		nth++;
	}
	at->out->servers = servers;
	at->out->server_count = nth;
	return 0;
}

/* Errors: TENON_ENOMEM. */
static int explain_ring(struct explained *at)
{
	const struct tenon__assembly *assembly = at->assembly;
	const struct tenon__ring *ring = &assembly->rings[0];
	const struct tenon_ring_traits traits =
		tenon__ring_traits(ring, assembly->distribution);

	at->out->ring_points = traits.points;
	at->out->place = traits.place_bits > 0 && traits.place_bits < 64 ?
		tenon__low_bits(at->out->hash, traits.place_bits) : at->out->hash;
	at->out->hash_bits = traits.flags & TENON_RING_OWN_HASH
				     ? 0 : assembly->hash.ops->bits;
	at->out->home = tenon__ring_locate(ring, assembly->distribution,
					   &at->query.key);
	at->query.base.home = at->out->home;
	if (ring->count > 1 && list_points(at) != 0) {
		return TENON_ENOMEM;
	}
	return list_servers(at);
}

/* ---- the failover policies -------------------------------------------------- */

/*
 * Ask the policy for an access. The guards that stand before policies are passed by, because they
 * would claim a probe.
 */
static struct tenon_route_answer ask(struct explained *at,
				     const struct tenon__policies *policies,
				     uint32_t access)
{
	const struct tenon__policy *policy =
		&policies->list[at->assembly->policies.of[access]];
	uint32_t server;

	at->query.base.access = access;
	at->query.base.exptime_max_s = 0;
	server = policy->ops->route(policy->self, &at->query.base, at->now_ms);
	if (server < at->assembly->server_count) {
		return (struct tenon_route_answer){
			.server = server,
			.exptime_max_s = at->query.base.exptime_max_s,
		};
	}
	return (struct tenon_route_answer){
		.status = server == TENON_ROUTE_REFUSED ? TENON_EREFUSED
							: TENON_EDOWN,
		.server = TENON_NO_SERVER,
	};
}

static bool is_other(const struct tenon_route_answer *a,
		     const struct tenon_route_answer *b)
{
	return a->server != b->server || a->status != b->status;
}

/* Let the home server fail until the answer for each access has changed, or nearly for ever. */
static void fail_home(struct explained *at,
		      const struct tenon__policies *policies)
{
	struct tenon_route_answer *answers = at->out->home_down;
	uint32_t unchanged = TENON_ACCESS_COUNT;

	for (uint32_t i = 0; i < TENON_ACCESS_COUNT; i++) {
		answers[i] = ask(at, policies, i);
	}
	for (uint32_t n = 1; n <= TENON_ROUTE_FAILURES_MAX && unchanged > 0;
	     n++) {
		tenon__policies_tell_failure(policies, at->out->home,
					     TENON_ECONNECT, at->now_ms);
		for (uint32_t i = 0; i < TENON_ACCESS_COUNT; i++) {
			struct tenon_route_answer answer =
				ask(at, policies, i);

			if (answers[i].failures == 0 &&
			    is_other(&answer, &answers[i])) {
				answers[i] = answer;
				answers[i].failures = n;
				unchanged--;
			}
		}
	}
}

/* Errors: TENON_ENOMEM, the errors of a policy's init. */
static int explain_policies(struct explained *at)
{
	struct tenon__policies fresh = { .count = 0 };
	size_t which;
	int code;

	for (uint32_t i = 0; i < TENON_ACCESS_COUNT; i++) {
		at->out->now[i] = ask(at, &at->client->engine.policies, i);
	}
	code = tenon__policies_init(&fresh, &at->assembly->policies, &which,
				    at->err);
	if (!code) {
		fail_home(at, &fresh);
	}
	tenon__policies_fini(&fresh);
	return code;
}

/* ---- the value --------------------------------------------------------------- */

/* Describe the chunks. Errors: TENON_ENOMEM. */
static int list_chunks(const struct explained *at,
		       const struct tenon_chunks *found)
{
	struct tenon_route_chunk *chunks =
		allocate(at, (found->count + 1) * sizeof(*chunks));

	if (!chunks) {
		return tenon__error_no_memory(at->err);
	}
	for (uint32_t i = 0; i < found->count; i++) {
		const struct tenon_item chunk = {
			.routing_key = at->own.routing_key,
		};
		struct tenon_ring_key key;

		tenon__query_key(&key, at->assembly, &chunk,
				 found->list[i].key);
		chunks[i] = (struct tenon_route_chunk){
			.key = found->list[i].key,
			.value_bytes = found->list[i].value.len,
			.server = tenon__ring_locate(&at->assembly->rings[0],
						     at->assembly->distribution,
						     &key),
		};
	}
	at->out->chunks = chunks;
	at->out->chunk_count = found->count;
	return 0;
}

/* Let the splitter split the value, when there is one. Errors: its errors, TENON_ENOMEM. */
static int split_value(const struct explained *at, struct tenon_slice *value)
{
	struct tenon__chain *chain = &at->client->operation.chain;
	const struct tenon_split_item whole = {
		.key = at->out->key,
		.value = *value,
		.flags = at->out->stored_flags,
	};
	struct tenon__chunks chunks;
	int code;

	if (!chain->splitter || value->len < chain->split_least_bytes) {
		return 0;
	}
	code = tenon__chain_scatter(chain, &whole, &chunks, value, at->err);
	if (code != 1) {
		return code;
	}
	at->out->stored_flags |= chain->split_flags;
	return list_chunks(at, &chunks.base);
}

static int refuse_size(const struct explained *at)
{
	return tenon__error_set(
		at->err, TENON_ETOOBIG,
		"value of %zu bytes is larger than the client stores: see max_value_bytes and item_max, and a codec that splits",
		at->item->value.len);
}

/* Ask the codecs how they would store the value. Errors: as tenon_client_route(). */
static int explain_value(const struct explained *at)
{
	struct tenon__chain *chain = &at->client->operation.chain;
	struct tenon_slice value = at->item->value;
	struct tenon_route *out = at->out;
	int code = 0;

	out->stored_flags = at->item->flags;
	if (value.len == 0) {
		return 0;
	}
	if (value.len > at->assembly->max_value_bytes) {
		return refuse_size(at);
	}
	if (out->stored_flags & (chain->flags | ~chain->user_flags)) {
		return tenon__error_set(
			at->err, TENON_EINVAL,
			"the flags have bits that belong to a codec or are not in user_flags");
	}
	tenon__chain_begin(chain);
	if (chain->count > 0 && value.len >= chain->least_bytes) {
		code = tenon__chain_encode(chain, out->key, &value,
					   &out->stored_flags, at->err);
	}
	if (!code) {
		code = split_value(at, &value);
	}
	if (code) {
		return code;
	}
	out->stored_bytes = value.len;
	return tenon__item_is_too_big(at->assembly, out->key.len, value.len,
				      out->stored_flags)
		       ? refuse_size(at) : 0;
}

/* ---- the call ----------------------------------------------------------------- */

static int explain(struct explained *at)
{
	int code;

	at->client->operation.timeout_ms = 0;
	tenon__operation_begin(&at->client->operation);
	at->now_ms = at->client->operation.start_ms;
	tenon__walk_reset(&at->client->engine.walk);
	tenon__query_init(&at->query, at->assembly, &at->client->engine.walk);
	code = explain_key(at);
	if (!code) {
		code = explain_ring(at);
	}
	if (!code) {
		code = explain_policies(at);
	}
	tenon__walk_reset(&at->client->engine.walk);
	return code ? code : explain_value(at);
}

int tenon_client_route(struct tenon_client *client,
		       const struct tenon_item *item, struct tenon_route *out,
		       struct tenon_error *err)
{
	struct explained at = {
		.client = client,
		.assembly = client->engine.assembly,
		.item = item,
		.out = out,
		.err = err,
	};

	tenon__error_clear(err);
	*out = (struct tenon_route){
		.key = { "", 0 },
		.hashed = { "", 0 },
		.home = TENON_NO_SERVER,
	};
	if (!tenon__client_enter(client)) {
		return tenon__client_is_busy(err);
	}
	int code = explain(&at);
	tenon__client_leave(client);
	return code;
}
