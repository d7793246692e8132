/* SPDX-License-Identifier: BSD-3-Clause */
#include "operation/round.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "operation/explain.h"

/* ---- requests ------------------------------------------------------------- */

void tenon__round_begin(struct tenon_client *client)
{
	for (size_t i = 0; i < client->used_count; i++) {
		tenon__connection_release(client->used[i]);
		client->used[i]->used = false;
	}
	client->used_count = 0;
	if (client->chain.scratch) {
		tenon__chain_release(&client->chain);
	}
	client->item_count = 0;
	client->request_count = 0;
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
	void *keys, *requests, *results, *hashes;

	if (count >= TENON_REQUEST_END) {
		return TENON_ENOMEM;
	}
	if ((keys = tenon__realloc(op->keys, count, sizeof(*op->keys)))) {
		op->keys = keys;
	}
	if ((requests = tenon__realloc(op->requests, count,
				       sizeof(*op->requests)))) {
		op->requests = requests;
	}
	if ((results = tenon__realloc(op->results, count,
				      sizeof(*op->results)))) {
		op->results = results;
	}
	if ((hashes = tenon__realloc(client->hashes, count,
				     sizeof(*client->hashes)))) {
		client->hashes = hashes;
	}
	if (!keys || !requests || !results || !hashes) {
		return TENON_ENOMEM;
	}
	client->request_capacity = (uint32_t)count;
	return 0;
}

/* ---- from keys to connections ------------------------------------------------ */

static void hash_keys(struct tenon_client *client)
{
	const struct tenon_hash *hash = &client->assembly->hash;
	const struct tenon_slice *keys = client->operation.keys;
	uint32_t from = client->hashed_count;
	uint32_t count = client->request_count - from;

	client->hashed_count = client->request_count;
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

/* Let what a request writes or touches live max_s at most. Errors: TENON_ENOMEM. */
static int cap_req(struct tenon_client *client, uint32_t req, uint32_t max_s)
{
	struct tenon__request *at = &client->operation.requests[req];
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

/* Put a request on the connection of its server. Errors: TENON_ENOMEM. */
static inline int join_connection(struct tenon_client *client, uint32_t server,
				  uint32_t req)
{
	struct tenon__connection *conn = &client->conns[server];

	client->operation.results[req].server = server;
	if (conn->first == TENON_REQUEST_END) {
		if (tenon__connection_begin(conn) != 0) {
			return TENON_ENOMEM;
		}
		client->active[client->active_count++] = &conn->base;
		if (!conn->used) {
			conn->used = true;
			client->used[client->used_count++] = conn;
		}
	}
	tenon__connection_add(conn, req);
	return 0;
}

/* A key has no server to go to: the policy said so. */
static void answer_unrouted(struct tenon_client *client, uint32_t req,
			    uint32_t home, uint32_t answer)
{
	struct tenon__operation *op = &client->operation;

	op->results[req].status =
		answer == TENON_ROUTE_REFUSED ? TENON_EREFUSED : TENON_EDOWN;
	op->results[req].server = TENON_NO_SERVER;
	if (home < client->server_count) {
		op->results[req].server = home;
		tenon__health_key(&client->health[home],
				  op->results[req].status);
	}
	op->requests[req].answered = true;
}

/* Ask the policy for the server of one key; an answer that is none stays one. */
static inline uint32_t ask_policy(struct tenon_client *client,
				  struct route *route, uint32_t req)
{
	struct tenon__operation *op = &client->operation;
	const struct tenon__assembly *assembly = client->assembly;

	route->query.access = op->requests[req].verb->access;
	route->query.exptime_max_s = 0;
	route->key.key = op->keys[req].data;
	route->key.key_len = op->keys[req].len;
	if (assembly->needs_hash) {
		route->key.hash = client->hashes[req];
	}
	route->query.home = tenon__ring_locate(
		&assembly->rings[0], assembly->distribution, &route->key);
	return tenon__policies_route(&client->policies, &route->query,
				     route->now_ms);
}

/* Send a key to the server that the policy gave. Errors: TENON_ENOMEM. */
static inline int send_to(struct tenon_client *client,
			  const struct route *route, uint32_t server,
			  uint32_t req)
{
	if (route->query.exptime_max_s > 0) {
		int code = cap_req(client, req, route->query.exptime_max_s);
		if (code) {
			return code;
		}
	}
	if (server != route->query.home &&
	    route->query.home < client->server_count) {
		tenon__count(&client->health[route->query.home].hops, 1);
	}
	return join_connection(client, server, req);
}

/*
 * Would the servers refuse the item for its size? That is looked at before it is
 * sent: they drop what is there with it, and a noreply command would not tell.
 */
static inline bool is_too_big(const struct tenon_client *client, uint32_t req)
{
	const struct tenon__request *at = &client->operation.requests[req];

	return at->verb->shape == TENON_SHAPE_STORE &&
	       at->item->value.len + client->operation.keys[req].len +
			       TENON_ITEM_EXTRA_BYTES +
			       (at->item->flags ? TENON_ITEM_FLAGS_BYTES : 0) >
		       client->assembly->item_max_bytes;
}

/* Find the server of one key, or why there is none. Errors: TENON_ENOMEM. */
static inline int route_req(struct tenon_client *client, struct route *route,
			    uint32_t req)
{
	struct tenon__operation *op = &client->operation;

	if (is_too_big(client, req)) {
		op->results[req].status = TENON_ETOOBIG;
		op->requests[req].answered = true;
		return 0;
	}
	if (op->requests[req].pinned) {
		return join_connection(client, op->results[req].server, req);
	}
	uint32_t server = ask_policy(client, route, req);
	if (server < client->server_count) {
		return send_to(client, route, server, req);
	}
	answer_unrouted(client, req, route->query.home, server);
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

/* Route the requests from..to-1 that are to be run. Errors: TENON_ENOMEM. */
static int route_requests(struct tenon_client *client, uint32_t from,
			  uint32_t to)
{
	const struct tenon__request *requests = client->operation.requests;
	struct route route;

	if (from == to) {
		return 0;
	}
	begin_route(&route, client, client->start_ns);
	for (uint32_t i = from; i < to; i++) {
		if (!requests[i].answered && !requests[i].held) {
			int code = route_req(client, &route, i);
			if (code) {
				return code;
			}
		}
	}
	return 0;
}

/* ---- the exchanges ----------------------------------------------------- */

static struct tenon__connection *active_connection(
	const struct tenon_client *client, size_t index)
{
	return (struct tenon__connection *)(void *)client->active[index];
}

/* Does twice what the connection's requests do no harm? */
static bool is_repeatable(const struct tenon_client *client,
			  const struct tenon__connection *conn)
{
	const struct tenon__request *requests = client->operation.requests;

	for (uint32_t req = conn->first; req != TENON_REQUEST_END;
	     req = requests[req].next) {
		if (!requests[req].verb->repeatable) {
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
	struct tenon_connection **again = client->active + client->active_count;
	size_t count = 0;

	for (size_t i = 0; i < client->active_count; i++) {
		struct tenon__connection *conn = active_connection(client, i);

		if (tenon__connection_is_stale(conn) &&
		    is_repeatable(client, conn)) {
			tenon__count(&conn->health->retries, 1);
			tenon__connection_rewind(conn);
			again[count++] = &conn->base;
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
static bool may_hop(const struct tenon__connection *conn,
		    const struct tenon__request *req)
{
	const struct tenon__verb *verb = req->verb;

	if (!conn->blamed || req->pinned ||
	    (verb->cas && verb->shape == TENON_SHAPE_STORE)) {
		return false;
	}
	return conn->status == TENON_ECONNECT ||
	       (conn->status == TENON_ECLOSED && !conn->heard &&
		verb->repeatable);
}

/*
 * What happened to the connection's requests that the server did not answer. Those that
 * may hop are put in front of *hops, chained, and are not answered yet.
 */
static void settle(struct tenon_client *client,
		   const struct tenon__connection *conn, uint32_t *hops)
{
	struct tenon__operation *op = &client->operation;
	int status = conn->status ? conn->status : TENON_SENT;
	uint32_t next;

	for (uint32_t req = conn->first; req != TENON_REQUEST_END; req = next) {
		struct tenon__request *at = &op->requests[req];

		next = at->next;
		if (at->answered) {
			continue;
		}
		op->results[req].status = status;
		if (hops && may_hop(conn, at)) {
			at->next = *hops;
			*hops = req;
		} else {
			at->answered = true;
			tenon__health_key(conn->health, status);
		}
	}
}

/*
 * Is a server late through no fault of its own? Its exchange, begun at start_ns, had
 * less than three quarters of the time that it may take: another server had taken
 * the rest in an earlier round or before a hop, or the caller had it no longer.
 */
static bool had_no_time(const struct tenon_client *client,
			const struct tenon__connection *conn, int64_t start_ns)
{
	const struct tenon__assembly *assembly = client->assembly;
	int64_t most_ms = assembly->poll_timeout_ms;

	if (conn->status == TENON_ECONNECT) {
		if (conn->sys_errno != ETIMEDOUT) {
			return false;
		}
		if (assembly->connect_timeout_ms < most_ms) {
			most_ms = assembly->connect_timeout_ms;
		}
	} else if (conn->status != TENON_ETIMEDOUT) {
		return false;
	}
	return client->deadline_ns - start_ns < most_ms * 1000000 / 4 * 3;
}

/* The server failed: tell its policy, its health and the log. */
static void report_failure(struct tenon_client *client,
			   const struct tenon__connection *conn)
{
	int64_t now_ms = tenon__now_ns() / 1000000;
	struct tenon_failover_state state;

	tenon__policies_failed(&client->policies, conn->base.server,
			       conn->status, now_ms);
	tenon__policies_state(&client->policies, conn->base.server, now_ms,
			      &state);
	const struct tenon__health_failure failure = {
		.status = conn->status,
		.sys_errno = conn->sys_errno,
		.text = tenon__connection_failure(conn),
		.state = state.state == TENON_SERVER_UP ? TENON_SERVER_FAILING
							: state.state,
		.retry_at_ms = state.down_until_ms,
		.now_ms = now_ms,
	};
	tenon__health_failed(conn->health, &failure);
}

/* A server that had failed answered; its policy was told. */
static void report_recovery(struct tenon_client *client,
			    const struct tenon__connection *conn)
{
	int64_t now_ms = conn->done_ns / 1000000;
	struct tenon_failover_state state;

	tenon__policies_state(&client->policies, conn->base.server, now_ms,
			      &state);
	tenon__health_recovered(conn->health, state.state, now_ms);
}

/*
 * Tell who wants to know how the exchange with one server went that began at
 * start_ns. An idle connection that was closed, and what failed on our side, say
 * nothing about the server.
 */
static void report(struct tenon_client *client,
		   const struct tenon__connection *conn, int64_t start_ns)
{
	if (conn->blamed) {
		if (!tenon__connection_is_stale(conn) &&
		    !had_no_time(client, conn, start_ns)) {
			report_failure(client, conn);
		}
		return;
	}
	if (conn->status) { /* failed on our side */
		return;
	}
	tenon__policies_succeeded(&client->policies, conn->base.server,
				  client->start_ns / 1000000);
	if (conn->done_ns > 0) {
		tenon__health_time(conn->health, conn->done_ns - start_ns);
		if (conn->health->unsettled) {
			report_recovery(client, conn);
		}
	}
}

/* No time is left to ask anybody: no request is sent and no connection spoilt. */
static void come_too_late(struct tenon_client *client)
{
	for (size_t i = 0; i < client->active_count; i++) {
		active_connection(client, i)->status = TENON_ETIMEDOUT;
	}
}

/*
 * Run the exchanges of all active connections and settle every request, but for those
 * that may hop: they are chained in *hops. NULL: none may.
 */
static void exchange(struct tenon_client *client, int64_t now_ns,
		     uint32_t *hops)
{
	for (size_t i = 0; i < client->active_count; i++) {
		tenon__connection_rewind(active_connection(client, i));
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
		struct tenon__connection *conn = active_connection(client, i);

		if (conn->status != 0 || client->operation.noreply) {
			settle(client, conn, hops);
		}
		report(client, conn, now_ns);
	}
}

/* Start with no connection; what an earlier round left undone is forgotten. */
static void begin(struct tenon_client *client)
{
	for (size_t i = 0; i < client->active_count; i++) {
		active_connection(client, i)->first = TENON_REQUEST_END;
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
	for (uint32_t req = hops; req != TENON_REQUEST_END; req = next) {
		struct tenon__request *at = &op->requests[req];
		uint32_t failed = op->results[req].server;

		next = at->next;
		at->answered = true;
		uint32_t server = now_ns < client->deadline_ns
					  ? ask_policy(client, &route, req)
					  : TENON_NO_SERVER;
		if (server == failed || server >= client->server_count) {
			tenon__health_key(client->conns[failed].health,
					  op->results[req].status);
			continue;
		}
		at->answered = false;
		int code = send_to(client, &route, server, req);
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
		uint32_t hops = TENON_REQUEST_END;

		exchange(client, now_ns, hop < HOPS_MAX ? &hops : NULL);
		if (hops == TENON_REQUEST_END) {
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
	int code = route_requests(client, client->item_count,
				  client->request_count);
	if (!code) {
		code = route_requests(client, 0, client->item_count);
	}
	if (code) {
		return code;
	}
	return exchange_and_hop(client, first ? client->start_ns :
						tenon__now_ns());
}

int tenon__round_run_servers(struct tenon_client *client, bool noreply)
{
	const struct tenon__request *requests = client->operation.requests;

	begin(client);
	client->operation.noreply = noreply;
	for (uint32_t i = 0; i < client->request_count; i++) {
		if (requests[i].answered) {
			continue;
		}
		int code = join_connection(client, i, i);
		if (code) {
			return code;
		}
	}
	if (client->active_count > 0) {
		exchange(client, client->start_ns, NULL);
	}
	return 0;
}
