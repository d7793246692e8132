/* SPDX-License-Identifier: BSD-3-Clause */
#include "operation/round.h"

#include <errno.h>

#include "base/clock.h"
#include "base/cold.h"
#include "cluster/key_forms.h"
#include "cluster/query.h"
#include "operation/explain.h"
#include "wire/exptime.h"

/* ---- from keys to connections ------------------------------------------------ */

/* Return the bytes that decide the server of a request. */
static struct tenon_slice routing_key_of(const struct tenon__operation *op,
					 uint32_t req)
{
	static const struct tenon_slice none = { "", 0 };
	const struct tenon_item *item = op->requests.list[req].item;

	return tenon__hashed_part(op->assembly, item->routing_key,
				  req < op->item_count ? item->key : none,
				  op->requests.keys[req]);
}

/*
 * Some items have routing keys, or a part of each key is hashed: list what decides the server of each request. A request that a
 * codec added has the routing key of the caller's item that it belongs to.
 * Errors: TENON_ENOMEM.
 */
TENON__COLD static int list_routing_keys(struct tenon__operation *op)
{
	size_t count = op->request_count;
	struct tenon_slice *keys =
		tenon__arena_alloc(&op->arena, count * sizeof(*keys));

	if (!keys) {
		return TENON_ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++) {
		keys[i] = routing_key_of(op, i);
	}
	op->routing_keys = keys;
	return 0;
}

/* Inlined, because every round runs it. Errors: TENON_ENOMEM. */
static inline __attribute__((always_inline)) int hash_keys(
	struct tenon__operation *op)
{
	const struct tenon_hash *hash = &op->assembly->hash;
	uint32_t from = op->hashed_count;
	uint32_t count = op->request_count - from;

	op->hashed_count = op->request_count;
	op->routing_keys = op->requests.keys;
	if (op->routed && list_routing_keys(op) != 0) {
		return TENON_ENOMEM;
	}
	if (!op->assembly->needs_hash || count == 0) {
		return 0;
	}
	const struct tenon_slice *keys = op->routing_keys;
	if (count > 1) {
		hash->ops->hash_many(hash->self, keys + from, count,
				     op->hashes + from);
	} else {
		op->hashes[from] = hash->ops->hash(hash->self, keys[from].data,
						   keys[from].len);
	}
	return 0;
}

/* The key that is being routed. */
struct route {
	struct tenon__query query;
	const struct tenon_slice *keys; /* the routing keys of all requests */
	int64_t now_ms;
};

/*
 * Limit the life of the item that a request writes or touches to max_s, and tell a request that may ask
 * for a refresh of the limit. Errors: TENON_ENOMEM.
 */
TENON__COLD static int cap_request_exptime(struct tenon__operation *op,
					   uint32_t req, uint32_t max_s)
{
	struct tenon__request *at = &op->requests.list[req];
	bool more = at->bits & TENON_REQUEST_MORE;
	int64_t exptime = at->item->exptime;

	if (!at->verb->exptime && !more) {
		return 0;
	}
	if (at->verb->access == TENON_ACCESS_DELETE && exptime == 0) {
		return 0; /* the item keeps the end that it has */
	}
	if (!at->verb->exptime && at->verb->shape == TENON_SHAPE_RETRIEVE) {
		at->bits |= TENON_REQUEST_CAPPED;
		exptime = 0;
	}
	return tenon__operation_set_exptime(
		op, req, tenon__exptime_cap(exptime, max_s, tenon__unix_s()));
}

/* Append a request to the exchange with this server. Errors: TENON_ENOMEM. */
static inline int join_connection(struct tenon__operation *op, uint32_t server,
				  uint32_t req)
{
	struct tenon__engine *engine = op->engine;
	struct tenon__connection *conn = &engine->conns[server];
	struct tenon__request *at = &op->requests.list[req];

	at->result = &op->requests.results[req];
	at->result->server = server;
	at->intake = &op->requests.intake;
	at->bits |= op->noreply * TENON_REQUEST_NOREPLY; /* the others stay, or go with the next send */
	if (conn->wire.first) {
		tenon__wire_add(&conn->wire, at);
		return 0;
	}
	if (tenon__wire_begin(&conn->wire, at) != 0) {
		return TENON_ENOMEM;
	}
	engine->active[engine->active_count++] = &conn->base;
	if (!conn->used) {
		conn->used = true;
		engine->used[engine->used_count++] = conn;
	}
	return 0;
}

/* Answer a request that the failover policy sends to no server. home: the key's home server. */
TENON__COLD static void answer_unrouted(struct tenon__operation *op,
					uint32_t req, uint32_t home,
					uint32_t answer)
{
	struct tenon__requests *rs = &op->requests;

	rs->results[req].status =
		answer == TENON_ROUTE_REFUSED ? TENON_EREFUSED : TENON_EDOWN;
	rs->results[req].server = TENON_NO_SERVER;
	if (home < op->engine->server_count) {
		rs->results[req].server = home;
		tenon__tally_key(&op->engine->health[home].tally,
				 rs->results[req].status);
	}
	tenon__request_go(&rs->list[req], TENON_REQUEST_DONE);
}

/*
 * Ask the failover policy for the server of one key.
 * Returns the index of a server, TENON_NO_SERVER or TENON_ROUTE_REFUSED.
 */
static inline uint32_t ask_policy(struct tenon__operation *op,
				  struct route *route, uint32_t req)
{
	struct tenon__requests *rs = &op->requests;
	const struct tenon__assembly *assembly = op->assembly;

	tenon__walk_reset(&op->engine->walk);
	route->query.base.access = rs->list[req].verb->access;
	route->query.key = tenon__ring_key(
		route->keys[req], assembly->needs_hash ? op->hashes[req] : 0);
	route->query.base.home = tenon__ring_locate(
		&assembly->rings[0], assembly->distribution, &route->query.key);
	return tenon__policies_route(&op->engine->policies, &route->query.base,
				     route->now_ms);
}

/* Send a request to the server that the failover policy chose. Errors: TENON_ENOMEM. */
static inline int send_to(struct tenon__operation *op, struct route *route,
			  uint32_t server, uint32_t req)
{
	if (route->query.base.exptime_max_s > 0) {
		int code = cap_request_exptime(op, req,
					       route->query.base.exptime_max_s);
		route->query.base.exptime_max_s = 0; /* of this key only */
		if (code) {
			return code;
		}
	}
	if (server != route->query.base.home &&
	    route->query.base.home < op->engine->server_count) {
		tenon__count(&op->engine->health[route->query.base.home].hops, 1);
	}
	return join_connection(op, server, req);
}

/* Return true when the item of this request is too big to be sent. */
static inline bool is_too_big(const struct tenon__operation *op, uint32_t req)
{
	const struct tenon__request *at = &op->requests.list[req];

	return at->verb->shape == TENON_SHAPE_STORE &&
	       tenon__item_is_too_big(op->assembly, op->requests.keys[req].len,
				      at->item->value.len, at->item->flags);
}

/*
 * Send a request to the server of its key, or answer the request when no server may get
 * it. Errors: TENON_ENOMEM.
 */
static inline int route_request(struct tenon__operation *op,
				struct route *route, uint32_t req)
{
	struct tenon__requests *rs = &op->requests;

	if (is_too_big(op, req)) {
		rs->results[req].status = TENON_ETOOBIG;
		/* a look may have set it; this request goes to no server */
		rs->results[req].server = TENON_NO_SERVER;
		tenon__request_go(&rs->list[req], TENON_REQUEST_DONE);
		return 0;
	}
	if (rs->list[req].pinned) {
		return join_connection(op, rs->results[req].server, req);
	}
	uint32_t server = ask_policy(op, route, req);
	if (server < op->engine->server_count) {
		return send_to(op, route, server, req);
	}
	answer_unrouted(op, req, route->query.base.home, server);
	route->query.base.exptime_max_s = 0;
	return 0;
}

/* Set the fields that are the same for all keys. ask_policy() sets the others for each key. */
static inline void begin_route(struct route *route,
			       const struct tenon__operation *op,
			       int64_t now_ms)
{
	tenon__query_init(&route->query, op->assembly, &op->engine->walk);
	route->keys = op->routing_keys;
	route->now_ms = now_ms;
}

/* Route the new requests among from..to-1; to is above from. Errors: TENON_ENOMEM. */
static int route_requests(struct tenon__operation *op, uint32_t from,
			  uint32_t to)
{
	const struct tenon__request *requests = op->requests.list;
	struct route route;

	begin_route(&route, op, op->start_ms);
	for (uint32_t i = from; i < to; i++) {
		if (requests[i].state == TENON_REQUEST_NEW) {
			int code = route_request(op, &route, i);
			if (code) {
				return code;
			}
		}
	}
	return 0;
}

/* ---- the exchanges ----------------------------------------------------- */

/*
 * Return true when a timeout is not the server's fault: the call's own timeout is shorter than
 * poll_timeout (or connect_timeout), or the exchange, which began at start_ns, had less than three
 * quarters of it until the deadline. The other part was used up by another server in an earlier
 * round or before a hop, or by the wait for a client of a client pool.
 */
static bool had_little_time(const struct tenon__operation *op,
			    const struct tenon__connection *conn,
			    int64_t start_ns)
{
	const struct tenon__assembly *assembly = op->assembly;
	int64_t most_ms = assembly->poll_timeout_ms;

	if (conn->wire.status == TENON_ECONNECT) {
		if (conn->sys_errno != ETIMEDOUT && conn->sys_errno != EAGAIN) {
			return false;
		}
		if (assembly->connect_timeout_ms < most_ms) {
			most_ms = assembly->connect_timeout_ms;
		}
	} else if (conn->wire.status != TENON_ETIMEDOUT) {
		return false;
	}
	if (tenon__operation_timeout_ms(op) < most_ms) {
		return true;
	}
	/* the lookup of the server's name was not the server's time */
	if (conn->resolver.given_ns > start_ns) {
		start_ns = conn->resolver.given_ns;
	}
	return op->deadline_ns - start_ns < most_ms * 1000000 / 4 * 3;
}

/*
 * Judge the failed exchanges that began at start_ns, and collect those that go again on a new
 * connection. Returns their number.
 */
static size_t judge_failures(struct tenon__operation *op, int64_t start_ns,
			     bool has_time, struct tenon_connection **again)
{
	size_t count = 0;

	for (size_t i = 0; i < op->engine->active_count; i++) {
		struct tenon__connection *conn =
			tenon__engine_active(op->engine, i);

		if (!conn->wire.status || conn->fault) {
			continue;
		}
		tenon__connection_judge(conn, start_ns,
					had_little_time(op, conn, start_ns));
		if (has_time && conn->fault->again &&
		    tenon__connection_go_again(conn)) {
			conn->fault = NULL;
			again[count++] = &conn->base;
		}
	}
	return count;
}

/*
 * Decide whose fault each failed exchange is. While there is time, send the requests again that
 * failed by a fault of their connection. This ends: an exchange on a new connection goes again
 * only behind an error line, which has answered one of its requests.
 */
TENON__COLD static void handle_failures(struct tenon__operation *op,
					int64_t start_ns)
{
	struct tenon__engine *engine = op->engine;
	struct tenon_connection **again = engine->active + engine->active_count;

	for (size_t i = 0; i < engine->active_count; i++) {
		tenon__engine_active(engine, i)->fault = NULL;
	}
	for (;;) {
		int64_t now_ns = tenon__now_ns();
		size_t count = judge_failures(op, start_ns,
					      now_ns < op->deadline_ns, again);

		if (!count) {
			return;
		}
		op->assembly->transport->run(engine->transport, again, count,
					     now_ns, op->deadline_ns);
		start_ns = now_ns;
	}
}

/*
 * Return true when a request whose server has failed may hop to another server. Without a
 * connection, or when the connection ended while it was set up, the server cannot have seen the
 * request. When a connection broke before the
 * first byte of the reply, the server may have seen it, so the request must be repeatable. A
 * cas request never hops, because a cas unique is valid on its own server only. is_begun: that byte
 * came.
 */
static bool may_hop(const struct tenon__connection *conn,
		    const struct tenon__request *req, bool is_begun)
{
	const struct tenon__verb *verb = req->verb;

	if (conn->fault->shown.kind != TENON_FAILURE_SERVER || req->pinned ||
	    (verb->cas && verb->shape == TENON_SHAPE_STORE)) {
		return false;
	}
	if (conn->wire.status == TENON_ECONNECT || conn->cut) {
		return true;
	}
	return conn->wire.status == TENON_ECLOSED && !is_begun &&
	       verb->repeat != TENON_REPEAT_HARMS;
}

/*
 * Answer the requests of a connection that got no reply. Requests that may hop are not
 * answered yet: they are put in front of the chain *hops. hops NULL: no request may hop.
 */
TENON__COLD static void settle(const struct tenon__connection *conn,
			       struct tenon__request **hops)
{
	int status = conn->wire.status ? conn->wire.status : TENON_SENT;
	/* before the loop answers requests, which would look like answers that came */
	bool is_begun = tenon__connection_is_begun(conn);
	struct tenon__request *next;

	for (struct tenon__request *req = conn->wire.first; req; req = next) {
		next = req->next;
		if (tenon__request_is_done(req)) {
			continue;
		}
		req->result->status = status;
		if (status == TENON_EUNKNOWN) {
			req->result->text = conn->wire.protocol->unknown;
		}
		if (hops && conn->wire.status && may_hop(conn, req, is_begun)) {
			req->next = *hops;
			*hops = req;
		} else {
			tenon__request_go(req, TENON_REQUEST_DONE);
			tenon__tally_key(&conn->health->tally, status);
		}
	}
}

/*
 * Tell the failover policies of a failure. The answer that another client got after
 * unanswered_since_ms contradicts the failure.
 */
static void tell_policies(struct tenon__operation *op,
			  const struct tenon__connection *conn,
			  int64_t start_ns, int64_t now_ms)
{
	struct tenon__outcome_failure failure = {
		.status = conn->wire.status,
		.sys_errno = conn->sys_errno,
		.began_ms = start_ns / 1000000,
		.at_ms = now_ms,
		.unanswered_since_ms = now_ms,
		.text = tenon__connection_failure(conn),
	};

	if (conn->wire.status == TENON_ETIMEDOUT ||
	    conn->sys_errno == ETIMEDOUT) {
		failure.unanswered_since_ms = failure.began_ms;
	} else if (conn->failed_ns > start_ns) {
		failure.unanswered_since_ms = conn->failed_ns / 1000000;
	}
	tenon__policies_failed(&op->engine->policies, conn->base.server,
			       &failure);
}

/* The server failed: tell the failover policies and the health record, which writes to the log. */
TENON__COLD static void report_failure(struct tenon__operation *op,
				       const struct tenon__connection *conn,
				       int64_t start_ns)
{
	int64_t now_ms = tenon__now_ns() / 1000000;
	struct tenon__health_failure failure = {
		.status = conn->wire.status,
		.sys_errno = conn->sys_errno,
		.text = tenon__connection_failure(conn),
		.now_ms = now_ms,
	};

	tell_policies(op, conn, start_ns, now_ms);
	tenon__policies_judge(&op->engine->policies, conn->base.server, now_ms,
			      &failure);
	tenon__health_failed(conn->health, &failure);
}

/*
 * The server does not fit the config. No policy hears of it. The health record hears of each try;
 * while the server is held back, only when it does not know.
 */
TENON__COLD static void report_misfit(struct tenon__connection *conn)
{
	int64_t now_ms = tenon__now_ns() / 1000000;
	const struct tenon__health_failure failure = {
		.status = conn->wire.status,
		.sys_errno = conn->sys_errno,
		.text = tenon__connection_failure(conn),
		.state = TENON_SERVER_MISCONFIGURED,
		.retry_at_ms = tenon__connection_hold(conn, now_ms),
		.now_ms = now_ms,
	};

	if (!conn->held) {
		tenon__health_failed(conn->health, &failure);
	} else if (conn->health->view.state != TENON_SERVER_MISCONFIGURED) {
		tenon__health_heard_failure(conn->health, &failure, 1);
	}
}

/*
 * Judge the answers of an exchange, and tell the health record when the server refused every
 * request. Returns true when the server is refusing now.
 */
TENON__COLD static bool report_answers(const struct tenon__connection *conn)
{
	const struct tenon_result *refused = NULL;

	for (const struct tenon__request *req = conn->wire.first; req;
	     req = req->next) {
		const struct tenon_result *result = req->result;

		switch (result->status) {
		case TENON_EUNKNOWN:
			/* a server may well not know this one command */
			refused = req->verb->rare ? refused : result;
			break;
		case TENON_ECLIENT:
		case TENON_ESERVER:
			refused = result;
			break;
		case TENON_SENT:
			break;
		default:
			if (result->status >= 0 ||
			    result->status == TENON_ETOOBIG) {
				tenon__health_accepted(conn->health);
				return false;
			}
		}
	}
	if (!refused) {
		return conn->health->view.state == TENON_SERVER_REFUSING;
	}
	return tenon__health_refused(conn->health, refused->status,
				     refused->text ? refused->text : "",
				     tenon__now_ns() / 1000000);
}

/*
 * A server has answered that had failed, or that refused a request. The failover policies were
 * told already.
 */
TENON__COLD static void report_recovery(struct tenon__operation *op,
					const struct tenon__connection *conn)
{
	int64_t now_ms = conn->done_ns / 1000000;
	struct tenon_failover_state state;

	if (!tenon__policies_recovered(&op->engine->policies, conn->base.server,
				       now_ms) ||
	    report_answers(conn)) {
		return;
	}
	tenon__policies_state(&op->engine->policies, conn->base.server, now_ms,
			      &state);
	tenon__health_recovered(conn->health, state.state, now_ms);
}

/* Report an exchange that was not completed. */
TENON__COLD static void report_unfinished(struct tenon__operation *op,
					  struct tenon__connection *conn,
					  int64_t start_ns)
{
	if (conn->fault->shown.kind == TENON_FAILURE_SERVER) {
		report_failure(op, conn, start_ns);
		return;
	}
	if (conn->fault->shown.kind == TENON_FAILURE_CONFIGURATION) {
		report_misfit(conn);
	} else if (conn->health->unsettled) { /* a refused request, perhaps */
		(void)report_answers(conn);
	}
	tenon__policies_undecided(&op->engine->policies, conn->base.server);
}

/*
 * Tell the failover policies and the health record the outcome of the exchange that began at
 * start_ns. They hear only of failures that are the server's fault.
 */
static void report(struct tenon__operation *op, struct tenon__connection *conn,
		   int64_t start_ns)
{
	if (conn->wire.status) {
		report_unfinished(op, conn, start_ns);
		return;
	}
	tenon__policies_succeeded(&op->engine->policies, conn->base.server,
				  op->start_ms);
	if (conn->done_ns > start_ns) {
		tenon__health_time(conn->health, conn->done_ns - start_ns);
		if (conn->health->unsettled) {
			report_recovery(op, conn);
		}
	}
}

/* Close the connections that were idle for longer than max_idle. */
TENON__COLD static void close_idle(struct tenon__operation *op, int64_t now_ns)
{
	struct tenon__engine *engine = op->engine;

	for (size_t i = 0; i < engine->active_count; i++) {
		struct tenon__connection *conn =
			tenon__engine_active(engine, i);

		if (tenon__connection_is_open(conn) &&
		    now_ns - conn->done_ns > op->assembly->max_idle_ns) {
			tenon__engine_close_connection(engine, conn);
		}
	}
}

/* The deadline has passed: fail without sending anything, so that no connection must be closed. */
TENON__COLD static void come_too_late(struct tenon__operation *op)
{
	for (size_t i = 0; i < op->engine->active_count; i++) {
		tenon__engine_active(op->engine, i)->wire.status =
			TENON_ETIMEDOUT;
	}
}

/*
 * Run the exchanges of all active connections, and answer every request. Requests that may
 * hop are put into the chain *hops instead. hops NULL: no request may hop.
 */
static void exchange(struct tenon__operation *op, int64_t now_ns,
		     struct tenon__request **hops)
{
	struct tenon__engine *engine = op->engine;
	size_t count = engine->active_count;

	if (op->assembly->max_idle_ns) {
		close_idle(op, now_ns);
	}
	if (op->looks) {
		op->assembly->transport->look(engine->transport, engine->active,
					      count);
	}
	for (size_t i = 0; i < count; i++) {
		tenon__connection_rewind(tenon__engine_active(engine, i));
	}
	if (now_ns >= op->deadline_ns && !op->noreply) {
		come_too_late(op);
	} else {
		op->assembly->transport->run(engine->transport, engine->active,
					     count, now_ns, op->deadline_ns);
	}
	for (size_t i = 0; i < count; i++) {
		if (tenon__engine_active(engine, i)->wire.status) {
			handle_failures(op, now_ns);
			break;
		}
	}
	for (size_t i = 0; i < count; i++) {
		struct tenon__connection *conn =
			tenon__engine_active(engine, i);

		if (conn->wire.status != 0 || op->noreply) {
			settle(conn, hops);
		}
		report(op, conn, now_ns);
	}
}

/* Begin a round: no connection is active. Exchanges that were prepared but not run are dropped. */
static void begin(struct tenon__operation *op)
{
	for (size_t i = 0; i < op->engine->active_count; i++) {
		tenon__wire_clear(&tenon__engine_active(op->engine, i)->wire);
	}
	op->engine->active_count = 0;
}

/* ---- hops -------------------------------------------------------------- */

/* A key may hop this many times in a round. */
#define HOPS_MAX 3

/*
 * Ask the failover policy again for the keys in the chain `hops`: now it knows that their
 * servers have failed. A key for which it gives no other server keeps its failure.
 * Errors: TENON_ENOMEM.
 */
static int route_hops(struct tenon__operation *op, struct tenon__request *hops,
		      int64_t now_ns)
{
	struct route route;
	struct tenon__request *next;

	begin(op);
	begin_route(&route, op, now_ns / 1000000);
	for (struct tenon__request *at = hops; at; at = next) {
		uint32_t req = (uint32_t)(at - op->requests.list);
		uint32_t failed = at->result->server;

		next = at->next;
		route.query.base.exptime_max_s = 0;
		uint32_t server = now_ns < op->deadline_ns
					  ? ask_policy(op, &route, req)
					  : TENON_NO_SERVER;
		if (server == failed || server >= op->engine->server_count) {
			tenon__request_go(at, TENON_REQUEST_DONE);
			tenon__tally_key(&op->engine->health[failed].tally,
					 at->result->status);
			continue;
		}
		int code = send_to(op, &route, server, req);
		if (code) {
			return code;
		}
	}
	return 0;
}

/*
 * Run the exchanges of a round. Then run exchanges with other servers for the keys that may
 * hop, at most HOPS_MAX times.
 * Errors: TENON_ENOMEM.
 */
static int exchange_and_hop(struct tenon__operation *op, int64_t now_ns)
{
	for (int hop = 0; op->engine->active_count > 0; hop++) {
		struct tenon__request *hops = NULL;

		exchange(op, now_ns, hop < HOPS_MAX ? &hops : NULL);
		if (!hops) {
			break;
		}
		now_ns = tenon__now_ns();
		int code = route_hops(op, hops, now_ns);
		if (code) {
			return code;
		}
	}
	return 0;
}

/* ---- rounds ------------------------------------------------------------ */

uint32_t tenon__round_home(const struct tenon__operation *op, uint32_t req)
{
	const struct tenon__assembly *assembly = op->assembly;
	const struct tenon_ring_key ring_key = tenon__ring_key(
		routing_key_of(op, req),
		assembly->needs_hash ? op->hashes[req] : 0);

	return tenon__ring_locate(&assembly->rings[0], assembly->distribution,
				  &ring_key);
}

int tenon__round_run(struct tenon__operation *op, bool noreply)
{
	bool first = op->hashed_count == 0;

	begin(op);
	op->noreply = noreply;
	int code = hash_keys(op);
	if (!code && op->request_count > op->item_count) {
		code = route_requests(op, op->item_count, op->request_count);
	}
	if (!code && op->item_count > 0) {
		code = route_requests(op, 0, op->item_count);
	}
	if (code) {
		return code;
	}
	return exchange_and_hop(op, first ? op->start_ns : tenon__now_ns());
}

/* Return true when some request has no server yet. */
static bool needs_home(const struct tenon__operation *op)
{
	uint32_t i = 0;

	while (i < op->request_count &&
	       op->requests.results[i].server != TENON_NO_SERVER) {
		i++;
	}
	return i < op->request_count;
}

int tenon__round_run_pinned(struct tenon__operation *op, bool noreply)
{
	const struct tenon__requests *rs = &op->requests;

	begin(op);
	op->noreply = noreply;
	int code = needs_home(op) ? hash_keys(op) : 0;
	for (uint32_t i = 0; !code && i < op->request_count; i++) {
		uint32_t server = rs->results[i].server;

		if (rs->list[i].state == TENON_REQUEST_NEW) {
			code = join_connection(op,
					       server == TENON_NO_SERVER
						       ? tenon__round_home(op, i)
						       : server,
					       i);
		}
	}
	if (!code && op->engine->active_count > 0) {
		exchange(op, op->start_ns, NULL);
	}
	return code;
}
