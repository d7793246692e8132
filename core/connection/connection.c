/* SPDX-License-Identifier: BSD-3-Clause */
#include "connection/connection.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/cold.h"
#include "base/error.h"
#include "base/memory.h"
#include "wire/reply.h"

#define TO(state) (UINT32_C(1) << TENON_CONNECTION_##state)

static const struct tenon__state states[] = {
	[TENON_CONNECTION_CLOSED] = { "closed",
				      TO(CLOSED) | TO(RESOLVING) | TO(GREETING) |
					      TO(READY),
				      "no socket, ready at once when the transport needs no address" },
	[TENON_CONNECTION_RESOLVING] = { "resolving", TO(CLOSED) | TO(CONNECTING),
					 "the server's name is looked up" },
	[TENON_CONNECTION_CONNECTING] = { "connecting",
					  TO(CLOSED) | TO(SECURING) |
						  TO(GREETING) | TO(READY),
					  "the addresses are tried" },
	[TENON_CONNECTION_SECURING] = { "securing",
					TO(CLOSED) | TO(GREETING) | TO(READY),
					"the secure plugin shakes hands" },
	[TENON_CONNECTION_GREETING] = { "greeting", TO(CLOSED) | TO(READY),
					"user and password are sent" },
	[TENON_CONNECTION_READY] = { "ready", TO(CLOSED),
				     "requests can be sent" },
};

const struct tenon__states tenon__connection_states = {
	.thing = "connection",
	.list = states,
	.count = sizeof(states) / sizeof(states[0]),
};

/* The protocol met a line that answers a noreply request, or a fence that the server does not know. */
static void note_unasked(struct tenon__wire *wire, int status, const char *line,
			 size_t len)
{
	struct tenon__connection *conn =
		(struct tenon__connection *)(void *)((char *)wire -
						     offsetof(struct tenon__connection, wire));

	tenon__health_noreply_error(conn->health, status, line, len,
				    tenon__now_ns() / 1000000);
}

int tenon__connection_init(struct tenon__connection *conn,
			   const struct tenon__assembly *assembly,
			   uint32_t server, struct tenon__block_cache *blocks,
			   struct tenon__health *health,
			   struct tenon_error *err)
{
	*conn = (struct tenon__connection){
		.base = { .fd = -1, .server = server },
		.blocks = blocks,
		.name = tenon__server_name(&assembly->servers[server]),
		.labels = assembly->servers[server].labels,
		.protocol = assembly->protocol,
		.health = health,
		.hold = &assembly->outcomes.servers[server].hold,
		.retry_ms = assembly->retry_timeout_ms,
		.secure = assembly->secures.of ? assembly->secures.of[server] : NULL,
		.greeting = assembly->greetings.of
				    ? assembly->greetings.of[server]
				    : NULL,
		.wire = {
			.protocol = assembly->protocol,
			.tally = &health->tally,
			.unasked = note_unasked,
			.max_value_bytes = assembly->max_value_bytes,
		},
	};
	tenon__health_init(health, &assembly->log, conn->name,
			   assembly->servers[server].address, &conn->done_ns);
	return tenon__resolver_init(&conn->resolver, &assembly->servers[server],
				    assembly->resolve_timeout_ms, err);
}

void tenon__connection_fini(struct tenon__connection *conn)
{
	tenon__resolver_fini(&conn->resolver);
	tenon__free(conn->wire.send_buffer);
	tenon__block_put_all(conn->blocks, conn->wire.block);
	tenon__block_put_all(conn->blocks, conn->full);
}

void tenon__connection_move(struct tenon__connection *conn,
			    struct tenon__resolver *place, int64_t now_ms)
{
	tenon__resolver_fini(&conn->resolver);
	conn->resolver = *place;
	conn->done_ns = 0;
	conn->wire.version = TENON_VERSION_UNKNOWN;
	conn->wire.meta.known = false;
	tenon__health_moved(conn->health, place->address, now_ms);
	*place = (struct tenon__resolver){ 0 };
}

void tenon__connection_release_blocks(struct tenon__connection *conn)
{
	tenon__block_put_all(conn->blocks, conn->full);
	conn->full = NULL;
	if (conn->blocks->owned_bytes > TENON_BLOCK_KEEP_MAX_BYTES) {
		tenon__block_put_all(conn->blocks, conn->wire.block);
		conn->wire.block = NULL;
	}
}

/* ---- after a failure ------------------------------------------------------- */

/* Return what is known about the lookup of the server's name. */
static unsigned lookup_circumstances(const struct tenon__resolver *resolver)
{
	if (!resolver->host || resolver->given > 0) {
		return 0;
	}
	return resolver->outcome == TENON_LOOKUP_NO_NAME
		       ? TENON__WITH_NO_NAME
		       : TENON__WITH_NO_ANSWER;
}

/* Return true when the transport neither tried an address nor sent a byte: its time was over before. */
static bool is_untried(const struct tenon__connection *conn)
{
	return conn->wire.piece_count == 0 &&
	       (tenon__connection_is_open(conn) || conn->resolver.given == 0);
}

/* Return true when every server knows the command of the first request without an answer. */
static bool is_rare(const struct tenon__wire *wire)
{
	return wire->flight && wire->flight->verb->rare;
}

/* Return true when a new connection asked for `version` a server that has not answered that before. */
static bool is_asked(const struct tenon__wire *wire)
{
	return wire->fresh && wire->version == TENON_VERSION_UNKNOWN &&
	       tenon__wire_is_fenced(wire);
}

bool tenon__connection_is_begun(const struct tenon__connection *conn)
{
	const struct tenon__wire *wire = &conn->wire;
	const struct tenon__request *req = wire->first;

	if (!conn->heard) {
		return false;
	}
	while (req && !tenon__request_is_done(req)) {
		req = req->next;
	}
	return req || wire->recv_state != TENON_RECV_LINE ||
	       (wire->block && wire->parsed != wire->block->filled);
}

/*
 * The replies of an exchange are out of protocol. A value has its key, so it stays. Any other
 * answer may belong to another request: give it up.
 */
static void forget_answers(struct tenon__wire *wire)
{
	for (struct tenon__request *req = wire->first; req; req = req->next) {
		struct tenon_result *result = req->result;

		if (req->verb->shape == TENON_SHAPE_RETRIEVE &&
		    result->status == TENON_HIT) {
			continue;
		}
		*result = (struct tenon_result){ .server = result->server };
		if (tenon__request_is_done(req)) {
			tenon__request_go(req, TENON_REQUEST_WRITTEN);
		}
	}
}

/* The server closed the connection before it answered: it may have closed behind `version`. */
static void judge_version(struct tenon__connection *conn)
{
	struct tenon__wire *wire = &conn->wire;

	if (tenon__wire_is_fenced(wire) &&
	    wire->version == TENON_VERSION_UNKNOWN) {
		wire->version = TENON_VERSION_MISSING;
	} else if (wire->fresh && conn->protocol->asks &&
		   wire->version == TENON_VERSION_MISSING) {
		wire->version = TENON_VERSION_UNKNOWN; /* it closes without `version` as well */
	}
}

void tenon__connection_judge(struct tenon__connection *conn, int64_t start_ns,
			     bool had_little_time)
{
	struct tenon__wire *wire = &conn->wire;
	bool idle =
		start_ns - conn->heard_ns >= TENON_IDLE_MS * INT64_C(1000000);
	unsigned with = (wire->fresh ? 0 : TENON__WITH_REUSED) |
			(idle ? TENON__WITH_IDLE : 0) |
			(conn->heard && !wire->rejected ? TENON__WITH_HEARD
						       : 0) |
			(wire->erred ? TENON__WITH_ERRED : 0) |
			(wire->rejected || conn->held ? TENON__WITH_REJECTED : 0) |
			(had_little_time || is_untried(conn)
				 ? TENON__WITH_LITTLE_TIME
				 : 0) |
			(is_rare(wire) ? TENON__WITH_RARE_VERB : 0) |
			(conn->cut ? TENON__WITH_CUT : 0) |
			(is_asked(wire) ? TENON__WITH_ASKED : 0) |
			(tenon__connection_is_begun(conn) ? TENON__WITH_BEGUN : 0) |
			lookup_circumstances(&conn->resolver);

	conn->fault = tenon__fault_find(wire->status, with);
	if (wire->status == TENON_EPROTOCOL) {
		forget_answers(wire);
	}
	if (wire->status == TENON_ECLOSED && !conn->heard) {
		wire->suspect |= !wire->fresh && conn->erred_first;
		judge_version(conn);
	}
}

/* Return true when a request has no answer, and was never sent or may be sent twice behind this fault. */
static bool may_go_again(const struct tenon__fault *fault,
			 const struct tenon__request *req, bool is_unsent)
{
	return !tenon__request_is_done(req) &&
	       (is_unsent || req->verb->repeat >= fault->again);
}

/* Return true when a request goes again. None was sent from `unsent` on. */
static bool goes_again(const struct tenon__connection *conn,
		       const struct tenon__request *unsent)
{
	bool is_unsent = false;

	for (const struct tenon__request *req = conn->wire.first; req;
	     req = req->next) {
		is_unsent |= req == unsent;
		if (may_go_again(conn->fault, req, is_unsent)) {
			return true;
		}
	}
	return false;
}

bool tenon__connection_go_again(struct tenon__connection *conn)
{
	struct tenon__wire *wire = &conn->wire;
	struct tenon__request *unsent = tenon__wire_unsent(wire);
	struct tenon__request **end = &wire->first;
	struct tenon__request *next;
	bool is_unsent = false;

	if (!goes_again(conn, unsent)) {
		return false;
	}
	for (struct tenon__request *req = wire->first; req; req = next) {
		next = req->next;
		is_unsent |= req == unsent;
		if (tenon__request_is_done(req)) {
			continue;
		}
		if (!may_go_again(conn->fault, req, is_unsent)) {
			req->result->status = wire->status;
			tenon__request_go(req, TENON_REQUEST_DONE);
			tenon__tally_key(wire->tally, wire->status);
			continue;
		}
		tenon__request_go(req, TENON_REQUEST_QUEUED);
		*end = req;
		end = &req->next;
		wire->last = req;
	}
	*end = NULL;
	tenon__count(&conn->health->retries, 1);
	tenon__connection_rewind(conn);
	return true;
}

/* ---- a server that does not fit the config ---------------------------------- */

int64_t tenon__connection_hold(struct tenon__connection *conn, int64_t now_ms)
{
	struct tenon__hold_reason reason = {
		.place = tenon__outcome_place(conn->resolver.address),
		.status = conn->wire.status,
	};
	int64_t until_ms = now_ms + conn->retry_ms;

	if (conn->held) {
		return atomic_load(&conn->hold->until_ms);
	}
	snprintf(reason.text, sizeof(reason.text), "%s", conn->wire.problem);
	if (conn->retry_ms > 0) {
		tenon__hold_begin(conn->hold, &reason, until_ms);
	}
	return until_ms;
}

/* Return 0 when a new connection may be tried; the status to fail with while the server is held back. */
TENON__COLD static int ask_hold(struct tenon__connection *conn)
{
	struct tenon__hold_reason reason;

	if (!tenon__hold_stops(conn->hold,
			       tenon__outcome_place(conn->resolver.address),
			       tenon__now_ns() / 1000000, conn->retry_ms,
			       &reason)) {
		return 0;
	}
	conn->held = true;
	conn->wire.fresh = true;
	snprintf(conn->wire.problem, sizeof(conn->wire.problem), "%s",
		 reason.text);
	return (int)reason.status;
}

/* ---- what transports call ---------------------------------------------- */

int64_t tenon__connection_now_ns(void *context)
{
	(void)context;
	return tenon__now_ns();
}

int tenon__connection_address(void *context, struct tenon_connection *base,
			      struct tenon_address *out)
{
	struct tenon__connection *conn = tenon__connection_of(base);

	(void)context;
	if (conn->state == TENON_CONNECTION_CLOSED) {
		int held = ask_hold(conn);
		if (held) {
			return held;
		}
		tenon__connection_go(conn, TENON_CONNECTION_RESOLVING);
	}
	int code = tenon__resolver_next(&conn->resolver, out);
	if (code > 0 && conn->state == TENON_CONNECTION_RESOLVING) {
		tenon__connection_go(conn, TENON_CONNECTION_CONNECTING);
	}
	return code;
}

void tenon__connection_address_ended(void *context,
				     struct tenon_connection *base,
				     uint32_t nth, int sys_errno)
{
	(void)context;
	tenon__resolver_ended(&tenon__connection_of(base)->resolver, nth, sys_errno);
}

int tenon__connection_sets_up(void *context, struct tenon_connection *base)
{
	uint8_t state = tenon__connection_of(base)->state;

	(void)context;
	return state == TENON_CONNECTION_SECURING ||
	       state == TENON_CONNECTION_GREETING;
}

void tenon__connection_server(void *context, struct tenon_connection *base,
			      struct tenon_server_facts *out)
{
	const struct tenon__connection *conn = tenon__connection_of(base);

	(void)context;
	*out = (struct tenon_server_facts){
		.size = sizeof(*out),
		.port = conn->resolver.port,
		.alias = conn->name,
		.host = conn->resolver.server_host,
		.labels = conn->labels,
		.secure = conn->secure ? conn->secure->name : NULL,
	};
}

uint32_t tenon__connection_addresses_left(void *context,
					  struct tenon_connection *base)
{
	(void)context;
	return tenon__resolver_left(&tenon__connection_of(base)->resolver);
}

static int connection_connected(void *context, struct tenon_connection *base)
{
	struct tenon__connection *conn = tenon__connection_of(base);

	(void)context;
	tenon__resolver_connected(&conn->resolver);
	tenon__health_connected(conn->health);
	tenon__connection_go(conn, TENON_CONNECTION_READY);
	conn->wire.fresh = true;
	conn->wire.protocol = conn->protocol;
	conn->wire.fence = conn->protocol->asks &&
			   conn->wire.version != TENON_VERSION_MISSING;
	conn->wire.release = 0;
	return TENON_WANT_SEND;
}

static size_t connection_send_next(void *context, struct tenon_connection *base,
				   struct iovec *iov, size_t max)
{
	struct tenon__wire *wire = &tenon__connection_of(base)->wire;
	size_t count;

	(void)context;
	if (wire->piece == wire->piece_count) {
		if (!wire->queue) {
			return 0;
		}
		if (wire->send_short &&
		    wire->send_capacity < TENON_SEND_MAX_BYTES) {
			/* without memory for a larger buffer, the old one is used */
			(void)tenon__wire_grow(wire);
		}
		wire->protocol->write(wire);
	}
	count = wire->piece_count - wire->piece;
	if (count > max) {
		count = max;
	}
	for (size_t i = 0; i < count; i++) {
		iov[i] = wire->pieces[wire->piece + i];
	}
	return count;
}

/* Return what the connection wants when all pieces are sent. */
static inline int after_pieces(struct tenon__wire *wire)
{
	return (tenon__wire_awaits(wire) ? TENON_WANT_RECEIVE : 0) |
	       (wire->queue ? TENON_WANT_SEND : 0);
}

static int connection_sent(void *context, struct tenon_connection *base,
			   size_t n)
{
	struct tenon__connection *conn = tenon__connection_of(base);
	struct tenon__wire *wire = &conn->wire;

	(void)context;
	tenon__count(&conn->health->sent_bytes, n);
	while (n > 0) {
		struct iovec *piece = &wire->pieces[wire->piece];

		if (n < piece->iov_len) {
			piece->iov_base = (char *)piece->iov_base + n;
			piece->iov_len -= n;
			break;
		}
		n -= piece->iov_len;
		wire->piece++;
	}
	int want = after_pieces(wire);
	if (wire->piece < wire->piece_count) {
		return want | TENON_WANT_SEND;
	}
	if (want == TENON_WANT_NOTHING && tenon__wire_has_part(wire)) {
		return TENON_WANT_RECEIVE;
	}
	if (want == TENON_WANT_NOTHING) {
		wire->fresh = false;
		conn->done_ns = tenon__now_ns();
	}
	return want;
}

static int connection_after(void *context, struct tenon_connection *base,
			    size_t n)
{
	struct tenon__wire *wire = &tenon__connection_of(base)->wire;
	size_t left = 0;

	(void)context;
	for (uint32_t i = wire->piece; i < wire->piece_count; i++) {
		left += wire->pieces[i].iov_len;
	}
	return after_pieces(wire) | (n < left ? TENON_WANT_SEND : 0);
}

/*
 * Return the size in bytes of the next block to receive into: at least
 * TENON_BLOCK_FIRST_BYTES. As small values all get blocks of this one size, every block
 * that an operation gives back can be used for the next reply.
 */
static size_t block_size_wanted(const struct tenon__wire *wire)
{
	size_t kept = wire->block ? wire->block->filled - wire->keep_from : 0;
	/* the reply line after a value arrives in the same receive */
	size_t wanted = wire->recv_state == TENON_RECV_VALUE
				? wire->value_len + TENON_REPLY_LINE_MAX_BYTES
				: 2 * kept;

	return wanted < TENON_BLOCK_FIRST_BYTES ? TENON_BLOCK_FIRST_BYTES
						: wanted;
}

/*
 * Continue to receive into another block. The bytes that must stay in one piece are copied
 * to it. Returns false without memory.
 */
static bool change_block(struct tenon__connection *conn)
{
	struct tenon__wire *wire = &conn->wire;
	struct tenon__block *old = wire->block;
	struct tenon__block *block =
		tenon__block_get(conn->blocks, block_size_wanted(wire));

	if (!block) {
		return false;
	}
	if (old) {
		block->filled = old->filled - wire->keep_from;
		memcpy(block->data, old->data + wire->keep_from, block->filled);
		wire->parsed -= wire->keep_from;
		wire->keep_from = 0;
		old->next = conn->full;
		conn->full = old;
	}
	wire->block = block;
	return true;
}

void *tenon__connection_recv_space(void *context, struct tenon_connection *base,
				   size_t *len)
{
	struct tenon__connection *conn = tenon__connection_of(base);
	struct tenon__wire *wire = &conn->wire;
	const struct tenon__block *block = wire->block;
	bool fits = block != NULL;

	(void)context;
	if (wire->recv_state == TENON_RECV_SINK) {
		*len = wire->value_len - wire->sink_filled;
		return wire->value_req->sink + wire->sink_filled;
	}
	if (fits && wire->recv_state == TENON_RECV_VALUE) {
		fits = block->capacity - wire->keep_from >= wire->value_len + 2;
	} else if (fits) {
		fits = block->capacity - block->filled >=
		       TENON_REPLY_LINE_MAX_BYTES;
	}
	if (!fits && !change_block(conn)) {
		return NULL;
	}
	*len = wire->block->capacity - wire->block->filled;
	return wire->block->data + wire->block->filled;
}

/* Return what the connection wants when replies are missing. */
static int want_more(const struct tenon__wire *wire)
{
	bool all_sent = wire->piece == wire->piece_count && !wire->queue;

	return all_sent ? TENON_WANT_RECEIVE
			: TENON_WANT_RECEIVE | TENON_WANT_SEND;
}

static int connection_received(void *context, struct tenon_connection *base,
			       size_t n)
{
	struct tenon__connection *conn = tenon__connection_of(base);
	struct tenon__wire *wire = &conn->wire;

	(void)context;
	tenon__count(&conn->health->received_bytes, n);
	if (wire->recv_state == TENON_RECV_SINK) {
		wire->sink_filled += n;
	} else {
		wire->block->filled += n;
	}
	conn->heard = true;
	int verdict = wire->protocol->read(wire);
	if (wire->erred) {
		conn->health->unsettled = true; /* the server may refuse every request */
	}
	if (verdict == TENON_WIRE_MORE) {
		return want_more(wire);
	}
	if (verdict == TENON_WIRE_BROKEN) {
		tenon__connection_go(conn, TENON_CONNECTION_CLOSED);
		return TENON_WANT_CLOSE;
	}
	conn->done_ns = conn->heard_ns = tenon__now_ns();
	conn->erred_first = false;
	if (wire->fresh) {
		conn->erred_first = wire->erred && wire->erred != -TENON_ECLIENT;
		tenon__hold_end(conn->hold);
	}
	wire->fresh = false;
	return TENON_WANT_NOTHING;
}

static void connection_failed(void *context, struct tenon_connection *base,
			      int status, int sys_errno)
{
	struct tenon__connection *conn = tenon__connection_of(base);

	(void)context;
	struct tenon__resolver *resolver = &conn->resolver;

	if (status == TENON_ECONNECT && tenon__connection_sets_up(NULL, base)) {
		snprintf(conn->wire.problem, sizeof(conn->wire.problem),
			 conn->state == TENON_CONNECTION_SECURING
				 ? "the handshake did not end within connect_timeout"
				 : "no answer to user and password within connect_timeout");
	} else if (status == TENON_ECONNECT) {
		if (sys_errno && !tenon__resolver_errno(resolver)) {
			tenon__resolver_ended(resolver, 0, sys_errno);
		}
		sys_errno = tenon__resolver_errno(resolver);
		tenon__resolver_explain(resolver, conn->wire.problem,
					sizeof(conn->wire.problem));
	}
	/* TCP_USER_TIMEOUT has passed: the server acknowledges nothing. */
	if (status == TENON_ECLOSED && sys_errno == ETIMEDOUT &&
	    conn->wire.fresh) {
		status = TENON_ETIMEDOUT;
	}
	conn->wire.status = status != TENON_ENOMEM && status != TENON_EWAIT &&
					    tenon__is_local_limit(sys_errno)
				    ? TENON_ELOCAL
				    : status;
	conn->sys_errno = sys_errno;
	conn->failed_ns = tenon__now_ns();
	if (base->fd < 0) {
		tenon__connection_go(conn, TENON_CONNECTION_CLOSED);
	}
}

int tenon__connection_seen(void *context, struct tenon_connection *base,
			   unsigned seen, const void *bytes, size_t len)
{
	struct tenon__connection *conn = tenon__connection_of(base);
	struct tenon__wire *wire = &conn->wire;

	(void)context;
	if (seen & TENON_SEEN_END) {
		wire->suspect |= conn->erred_first;
	} else if (wire->fresh || (wire->fence && wire->protocol->are_unasked(
							 bytes, len))) {
		/* behind noreply requests error lines may wait, which the fence reads */
		return 0;
	}
	if (wire->fence) {
		tenon__reply_tell_waiting(wire, bytes, len);
	}
	tenon__connection_go(conn, TENON_CONNECTION_CLOSED);
	return 1;
}

const struct tenon_connection_ops tenon__connection_ops = {
	.size = sizeof(tenon__connection_ops),
	.now_ns = tenon__connection_now_ns,
	.address = tenon__connection_address,
	.connected = connection_connected,
	.send_next = connection_send_next,
	.sent = connection_sent,
	.recv_space = tenon__connection_recv_space,
	.received = connection_received,
	.failed = connection_failed,
	.after = connection_after,
	.seen = tenon__connection_seen,
	.address_ended = tenon__connection_address_ended,
	.addresses_left = tenon__connection_addresses_left,
	.sets_up = tenon__connection_sets_up,
	.server = tenon__connection_server,
};
