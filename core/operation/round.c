/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "operation/round.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "operation/explain.h"
#include "base/memory.h"

/* ---- slots ------------------------------------------------------------- */

void tenon__round_begin(struct tenon_client *client)
{
	for (size_t i = 0; i < client->used_count; i++) {
		tenon__link_release(client->used[i]);
		client->used[i]->used = false;
	}
	client->used_count = 0;
	if (client->chain.scratch) {
		tenon__chain_release(&client->chain);
	}
	client->item_count = 0;
	client->slot_count = 0;
	client->hashed_count = 0;
	client->operation.reply_left_bytes = TENON_REPLY_MAX_BYTES;
	client->start_ns = tenon__now_ns();
	client->deadline_ns = client->start_ns +
		client->assembly->poll_timeout_ms * 1000000;
	if (client->deadline_ns > client->latest_ns) {
		client->deadline_ns = client->latest_ns;
	}
}

int tenon__round_grow(struct tenon_client *client, size_t count)
{
	struct tenon__operation *op = &client->operation;
	void *keys, *slots, *results, *hashes;

	if (count >= TENON_SLOT_END) {
		return TENON_ENOMEM;
	}
	if ((keys = tenon__realloc(op->keys, count, sizeof(*op->keys)))) {
		op->keys = keys;
	}
	if ((slots = tenon__realloc(op->slots, count, sizeof(*op->slots)))) {
		op->slots = slots;
	}
	if ((results = tenon__realloc(op->results, count,
				      sizeof(*op->results)))) {
		op->results = results;
	}
	if ((hashes = tenon__realloc(client->hashes, count,
				     sizeof(*client->hashes)))) {
		client->hashes = hashes;
	}
	if (!keys || !slots || !results || !hashes) {
		return TENON_ENOMEM;
	}
	client->slot_capacity = (uint32_t)count;
	return 0;
}

/* ---- from keys to links ------------------------------------------------ */

static void hash_keys(struct tenon_client *client)
{
	const struct tenon_hash *hash = &client->assembly->hash;
	const struct tenon_slice *keys = client->operation.keys;
	uint32_t from = client->hashed_count;
	uint32_t count = client->slot_count - from;

	client->hashed_count = client->slot_count;
	if (!client->assembly->needs_hash || count == 0) {
		return;
	}
	if (count > 1) {
		hash->ops->hash_many(hash->self, keys + from, count,
				     client->hashes + from);
	} else {
		client->hashes[from] = hash->ops->hash(hash->self,
						       keys[from].data,
						       keys[from].len);
	}
}

/* What a failover policy may ask about the key being routed. */
struct route {
	struct tenon_route_query query; /* first */
	const struct tenon_client *client;
	struct tenon_ring_key key;
	int64_t now_ms;
};

static uint32_t route_next(const struct tenon_route_query *query, uint32_t nth)
{
	const struct route *route = (const struct route *)(const void *)query;
	const struct tenon__assembly *assembly = route->client->assembly;

	return tenon__ring_next(&assembly->rings[0], assembly->distribution,
				&route->key, nth);
}

static uint32_t route_spare(const struct tenon_route_query *query,
			    uint32_t pool, uint32_t nth)
{
	const struct route *route = (const struct route *)(const void *)query;
	const struct tenon__assembly *assembly = route->client->assembly;

	if (pool == 0 || pool >= assembly->ring_count) {
		return TENON_NO_SERVER;
	}
	if (nth == 0) {
		return tenon__ring_locate(&assembly->rings[pool],
					  assembly->distribution, &route->key);
	}
	return tenon__ring_next(&assembly->rings[pool], assembly->distribution,
				&route->key, nth);
}

/* Seconds up to which memcached takes an exptime as relative; protocol.txt. */
#define RELATIVE_MAX_S (INT64_C(30) * 24 * 3600)

/* The exptime that lets an item live max_s at most. */
static int64_t cap_exptime(int64_t exptime, int64_t max_s)
{
	int64_t left_s = exptime;

	if (max_s > RELATIVE_MAX_S) {
		max_s = RELATIVE_MAX_S;
	}
	if (exptime > RELATIVE_MAX_S) {
		left_s = exptime - (int64_t)time(NULL);
	}
	return exptime == 0 || left_s > max_s ? max_s : exptime;
}

/* Let what a slot writes or touches live max_s at most. Errors: TENON_ENOMEM. */
static int cap_slot(struct tenon_client *client, uint32_t slot, uint32_t max_s)
{
	struct tenon__slot *at = &client->operation.slots[slot];
	struct tenon_item *item;

	if (!at->verb->exptime) {
		return 0;
	}
	item = tenon__chain_scratch(&client->chain, sizeof(*item));
	if (!item) {
		return TENON_ENOMEM;
	}
	*item = *at->item;
	item->exptime = cap_exptime(item->exptime, max_s);
	at->item = item;
	return 0;
}

/* Put a slot on the link of its server. Errors: TENON_ENOMEM. */
static inline int join_link(struct tenon_client *client, uint32_t server,
			    uint32_t slot)
{
	struct tenon__link *link = &client->links[server];

	client->operation.results[slot].server = server;
	if (link->first == TENON_SLOT_END) {
		if (tenon__link_begin(link) != 0) {
			return TENON_ENOMEM;
		}
		client->active[client->active_count++] = &link->base;
		if (!link->used) {
			link->used = true;
			client->used[client->used_count++] = link;
		}
	}
	tenon__link_add(link, slot);
	return 0;
}

/* A key has no server to go to: the policy said so. */
static void answer_unrouted(struct tenon_client *client, uint32_t slot,
			    uint32_t home, uint32_t answer)
{
	struct tenon__operation *op = &client->operation;

	op->results[slot].status = answer == TENON_ROUTE_REFUSED ?
		TENON_EREFUSED : TENON_EDOWN;
	op->results[slot].server = TENON_NO_SERVER;
	if (home < client->server_count) {
		op->results[slot].server = home;
		tenon__health_key(&client->health[home],
				  op->results[slot].status);
	}
	op->slots[slot].answered = true;
}

/* Ask the policy for the server of one key; an answer that is none stays one. */
static inline uint32_t ask_policy(struct tenon_client *client,
				  struct route *route, uint32_t slot)
{
	struct tenon__operation *op = &client->operation;
	const struct tenon__assembly *assembly = client->assembly;

	route->query.access = op->slots[slot].verb->access;
	route->query.exptime_max_s = 0;
	route->key.key = op->keys[slot].data;
	route->key.key_len = op->keys[slot].len;
	if (assembly->needs_hash) {
		route->key.hash = client->hashes[slot];
	}
	route->query.home = tenon__ring_locate(
		&assembly->rings[0], assembly->distribution, &route->key);
	return tenon__policies_route(&client->policies, &route->query,
				     route->now_ms);
}

/* Send a key to the server that the policy gave. Errors: TENON_ENOMEM. */
static inline int send_to(struct tenon_client *client,
			  const struct route *route, uint32_t server,
			  uint32_t slot)
{
	if (route->query.exptime_max_s > 0) {
		int code = cap_slot(client, slot, route->query.exptime_max_s);
		if (code) {
			return code;
		}
	}
	if (server != route->query.home &&
	    route->query.home < client->server_count) {
		tenon__count(&client->health[route->query.home].hops, 1);
	}
	return join_link(client, server, slot);
}

/*
 * Would the servers refuse the item for its size? That is looked at before it is
 * sent: they drop what is there with it, and a noreply command would not tell.
 */
static inline bool is_too_big(const struct tenon_client *client, uint32_t slot)
{
	const struct tenon__slot *at = &client->operation.slots[slot];

	return at->verb->shape == TENON_SHAPE_STORE &&
		at->item->value.len + client->operation.keys[slot].len +
				TENON_ITEM_EXTRA_BYTES +
				(at->item->flags ? TENON_ITEM_FLAGS_BYTES : 0) >
			client->assembly->item_max_bytes;
}

/* Find the server of one key, or why there is none. Errors: TENON_ENOMEM. */
static inline int route_slot(struct tenon_client *client, struct route *route,
			     uint32_t slot)
{
	struct tenon__operation *op = &client->operation;

	if (is_too_big(client, slot)) {
		op->results[slot].status = TENON_ETOOBIG;
		op->slots[slot].answered = true;
		return 0;
	}
	if (op->slots[slot].pinned) {
		return join_link(client, op->results[slot].server, slot);
	}
	uint32_t server = ask_policy(client, route, slot);
	if (server < client->server_count) {
		return send_to(client, route, server, slot);
	}
	answer_unrouted(client, slot, route->query.home, server);
	return 0;
}

/* Ready for any key; what is left out here is set for each. */
static inline void begin_route(struct route *route,
			       const struct tenon_client *client,
			       int64_t now_ns)
{
	route->query.next = route_next;
	route->query.spare = route_spare;
	route->client = client;
	route->key.hash = 0;
	route->now_ms = now_ns / 1000000;
}

/* Route the slots from..to-1 that are to be run. Errors: TENON_ENOMEM. */
static int route_slots(struct tenon_client *client, uint32_t from, uint32_t to)
{
	const struct tenon__slot *slots = client->operation.slots;
	struct route route;

	if (from == to) {
		return 0;
	}
	begin_route(&route, client, client->start_ns);
	for (uint32_t i = from; i < to; i++) {
		if (!slots[i].answered && !slots[i].held) {
			int code = route_slot(client, &route, i);
			if (code) {
				return code;
			}
		}
	}
	return 0;
}

/* ---- the exchanges ----------------------------------------------------- */

static struct tenon__link *active_link(const struct tenon_client *client,
				       size_t index)
{
	return (struct tenon__link *)(void *)client->active[index];
}

/* Does twice what the link's requests do no harm? */
static bool is_repeatable(const struct tenon_client *client,
			  const struct tenon__link *link)
{
	const struct tenon__slot *slots = client->operation.slots;

	for (uint32_t slot = link->first; slot != TENON_SLOT_END;
	     slot = slots[slot].next) {
		if (!slots[slot].verb->repeatable) {
			return false;
		}
	}
	return true;
}

/*
 * A connection that the server closed while it was idle shows only when it is
 * used. Such exchanges run once more, on new connections, where that is safe.
 */
static void repeat_stale(struct tenon_client *client)
{
	struct tenon_link **again = client->active + client->active_count;
	size_t count = 0;

	for (size_t i = 0; i < client->active_count; i++) {
		struct tenon__link *link = active_link(client, i);

		if (tenon__link_is_stale(link) && is_repeatable(client, link)) {
			tenon__count(&link->health->retries, 1);
			tenon__link_rewind(link);
			again[count++] = &link->base;
		}
	}
	if (count > 0) {
		client->assembly->transport->run(client->transport, again,
						 count,
						 tenon__now_ns(),
						 client->deadline_ns);
	}
}

/*
 * May a request whose server has failed go to another one? Where there was no
 * connection the server cannot have seen it; where no byte of a reply came, it may
 * have, and twice has to be as good as once. A cas unique means something to one
 * server only.
 */
static bool may_hop(const struct tenon__link *link,
		    const struct tenon__slot *slot)
{
	const struct tenon__verb *verb = slot->verb;

	if (!link->blamed || slot->pinned ||
	    (verb->cas && verb->shape == TENON_SHAPE_STORE)) {
		return false;
	}
	return link->status == TENON_ECONNECT ||
		(link->status == TENON_ECLOSED && !link->heard &&
		 verb->repeatable);
}

/*
 * What happened to the link's requests that the server did not answer. Those that
 * may hop are put in front of *hops, chained, and are not answered yet.
 */
static void settle(struct tenon_client *client, const struct tenon__link *link,
		   uint32_t *hops)
{
	struct tenon__operation *op = &client->operation;
	int status = link->status ? link->status : TENON_SENT;
	uint32_t next;

	for (uint32_t slot = link->first; slot != TENON_SLOT_END; slot = next) {
		struct tenon__slot *at = &op->slots[slot];

		next = at->next;
		if (at->answered) {
			continue;
		}
		op->results[slot].status = status;
		if (hops && may_hop(link, at)) {
			at->next = *hops;
			*hops = slot;
		} else {
			at->answered = true;
			tenon__health_key(link->health, status);
		}
	}
}

/*
 * Is a server late through no fault of its own? Its exchange, begun at start_ns, had
 * less than three quarters of the time that it may take: another server had taken
 * the rest in an earlier round or before a hop, or the caller had it no longer.
 */
static bool had_no_time(const struct tenon_client *client,
			const struct tenon__link *link, int64_t start_ns)
{
	const struct tenon__assembly *assembly = client->assembly;
	int64_t most_ms = assembly->poll_timeout_ms;

	if (link->status == TENON_ECONNECT) {
		if (link->sys_errno != ETIMEDOUT) {
			return false;
		}
		if (assembly->connect_timeout_ms < most_ms) {
			most_ms = assembly->connect_timeout_ms;
		}
	} else if (link->status != TENON_ETIMEDOUT) {
		return false;
	}
	return client->deadline_ns - start_ns < most_ms * 1000000 / 4 * 3;
}

/* The server failed: tell its policy, its health and the log. */
static void report_failure(struct tenon_client *client,
			   const struct tenon__link *link)
{
	int64_t now_ms = tenon__now_ns() / 1000000;
	struct tenon_failover_state state;

	tenon__policies_failed(&client->policies, link->base.server,
			       link->status, now_ms);
	tenon__policies_state(&client->policies, link->base.server, now_ms,
			      &state);
	const struct tenon__health_failure failure = {
		.status = link->status,
		.sys_errno = link->sys_errno,
		.text = tenon__link_failure(link),
		.state = state.state == TENON_SERVER_UP ?
			TENON_SERVER_FAILING : state.state,
		.retry_at_ms = state.down_until_ms,
		.now_ms = now_ms,
	};
	tenon__health_failed(link->health, &failure);
}

/* A server that had failed answered; its policy was told. */
static void report_recovery(struct tenon_client *client,
			    const struct tenon__link *link)
{
	int64_t now_ms = link->done_ns / 1000000;
	struct tenon_failover_state state;

	tenon__policies_state(&client->policies, link->base.server, now_ms,
			      &state);
	tenon__health_recovered(link->health, state.state, now_ms);
}

/*
 * Tell who wants to know how the exchange with one server went that began at
 * start_ns. An idle connection that was closed, and what failed on our side, say
 * nothing about the server.
 */
static void report(struct tenon_client *client, const struct tenon__link *link,
		   int64_t start_ns)
{
	if (link->blamed) {
		if (!tenon__link_is_stale(link) &&
		    !had_no_time(client, link, start_ns)) {
			report_failure(client, link);
		}
		return;
	}
	if (link->status) { /* failed on our side */
		return;
	}
	tenon__policies_succeeded(&client->policies, link->base.server,
				  client->start_ns / 1000000);
	if (link->done_ns > 0) {
		tenon__health_time(link->health, link->done_ns - start_ns);
		if (link->health->unsettled) {
			report_recovery(client, link);
		}
	}
}

/* No time is left to ask anybody: no request is sent and no connection spoilt. */
static void come_too_late(struct tenon_client *client)
{
	for (size_t i = 0; i < client->active_count; i++) {
		active_link(client, i)->status = TENON_ETIMEDOUT;
	}
}

/*
 * Run the exchanges of all active links and settle every request, but for those
 * that may hop: they are chained in *hops. NULL: none may.
 */
static void exchange(struct tenon_client *client, int64_t now_ns,
		     uint32_t *hops)
{
	for (size_t i = 0; i < client->active_count; i++) {
		tenon__link_rewind(active_link(client, i));
	}
	if (now_ns >= client->deadline_ns && !client->operation.noreply) {
		come_too_late(client);
	} else {
		client->assembly->transport->run(client->transport,
						 client->active,
						 client->active_count, now_ns,
						 client->deadline_ns);
		repeat_stale(client);
	}
	for (size_t i = 0; i < client->active_count; i++) {
		struct tenon__link *link = active_link(client, i);

		if (link->status != 0 || client->operation.noreply) {
			settle(client, link, hops);
		}
		report(client, link, now_ns);
	}
}

/* Start with no link; what an earlier round left undone is forgotten. */
static void begin(struct tenon_client *client)
{
	for (size_t i = 0; i < client->active_count; i++) {
		active_link(client, i)->first = TENON_SLOT_END;
	}
	client->active_count = 0;
}

/* ---- hops -------------------------------------------------------------- */

/* After the first server of a key, so many others may be tried in a round. */
#define HOPS_MAX 3

/*
 * Ask the policy again for the keys in the chain, now that it knows that their
 * servers have failed. One that has no other server keeps its failure.
 * Errors: TENON_ENOMEM.
 */
static int route_hops(struct tenon_client *client, uint32_t hops,
		      int64_t now_ns)
{
	struct tenon__operation *op = &client->operation;
	struct route route;
	uint32_t next;

	begin(client);
	begin_route(&route, client, now_ns);
	for (uint32_t slot = hops; slot != TENON_SLOT_END; slot = next) {
		struct tenon__slot *at = &op->slots[slot];
		uint32_t failed = op->results[slot].server;

		next = at->next;
		at->answered = true;
		uint32_t server = now_ns < client->deadline_ns ?
			ask_policy(client, &route, slot) : TENON_NO_SERVER;
		if (server == failed || server >= client->server_count) {
			tenon__health_key(client->links[failed].health,
					  op->results[slot].status);
			continue;
		}
		at->answered = false;
		int code = send_to(client, &route, server, slot);
		if (code) {
			return code;
		}
	}
	return 0;
}

/*
 * Exchange, and once more with other servers for keys whose server had failed
 * before it could do anything. Errors: TENON_ENOMEM.
 */
static int exchange_and_hop(struct tenon_client *client, int64_t now_ns)
{
	for (int hop = 0; client->active_count > 0; hop++) {
		uint32_t hops = TENON_SLOT_END;

		exchange(client, now_ns, hop < HOPS_MAX ? &hops : NULL);
		if (hops == TENON_SLOT_END) {
			break;
		}
		now_ns = tenon__now_ns();
		int code = route_hops(client, hops, now_ns);
		if (code) {
			return code;
		}
	}
	return 0;
}

/* ---- rounds ------------------------------------------------------------ */

int tenon__round_run(struct tenon_client *client, bool noreply)
{
	bool first = client->hashed_count == 0;

	begin(client);
	client->operation.noreply = noreply;
	hash_keys(client);
	int code = route_slots(client, client->item_count, client->slot_count);
	if (!code) {
		code = route_slots(client, 0, client->item_count);
	}
	if (code) {
		return code;
	}
	return exchange_and_hop(client, first ? client->start_ns :
						tenon__now_ns());
}

int tenon__round_run_servers(struct tenon_client *client, bool noreply)
{
	const struct tenon__slot *slots = client->operation.slots;

	begin(client);
	client->operation.noreply = noreply;
	for (uint32_t i = 0; i < client->slot_count; i++) {
		if (slots[i].answered) {
			continue;
		}
		int code = join_link(client, i, i);
		if (code) {
			return code;
		}
	}
	if (client->active_count > 0) {
		exchange(client, client->start_ns, NULL);
	}
	return 0;
}
