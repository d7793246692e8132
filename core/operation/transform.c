/* SPDX-License-Identifier: BSD-3-Clause */
#include "operation/transform.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/cold.h"
#include "base/error.h"
#include "operation/round.h"
#include "operation/turns.h"

/* A split value. Its chunks are the requests first..first+chunks.base.count-1. */
struct split {
	struct split *next;
	uint32_t req; /* the caller's request, for the parent */
	uint32_t first;
	bool unsent; /* writing: a chunk was not stored, so the parent was not sent */
	struct tenon__chunks chunks;
	struct tenon_split_item parent; /* reading: the parent that was read */
	char *buffer;                   /* reading: all chunks are received into it */
};

/* A look: a get of the item that a request of the caller is about to change. */
struct look {
	struct look *next;
	uint32_t req; /* the caller's request */
	uint32_t get; /* the get */
};

/* One operation with codecs. */
struct transform {
	struct tenon__operation *op;
	struct tenon__chain *chain;
	const struct tenon__verb *verb;
	unsigned options;
	struct split *splits;
	struct look *looks;
	bool held; /* a request waits for another round */
	const uint32_t *turns; /* writing: the turn of each of the caller's items; NULL: no turns */
	uint32_t turn;         /* the running turn */
	bool long_values;   /* writing: the splitter has to be asked about a value */
	uint32_t unclocked; /* reading: chunks that were planned since the clock was read */
};

/* ---- requests and outcomes ------------------------------------------------ */

/* Append a request. Errors: TENON_ENOMEM. */
static int add_req(struct tenon__operation *op, const struct tenon__verb *verb,
		   struct tenon_slice key, const struct tenon_item *item)
{
	if (op->request_count == op->request_capacity) {
		size_t more = (size_t)op->request_capacity +
			      op->request_capacity / 2 + 16;
		int code = tenon__operation_reserve(op, more);
		if (code) {
			return code;
		}
	}
	tenon__operation_add(op, verb, key, item);
	return 0;
}

/* Append a request for the key of another one. Errors: TENON_ENOMEM. */
static int add_same_key(struct tenon__operation *op,
			const struct tenon__verb *verb, uint32_t other)
{
	uint32_t req = op->request_count;
	int code = add_req(op, verb, op->requests.keys[other],
			   op->requests.list[other].item);

	if (!code) {
		op->requests.list[req].key = op->requests.list[other].key;
		op->requests.list[req].bits |= op->requests.list[other].bits &
					       TENON_REQUEST_BINARY;
	}
	return code;
}

/* Set the result of a request without a reply of its own. text is copied; NULL: none. */
static void answer(struct transform *t, uint32_t req, int status,
		   const char *text)
{
	struct tenon__requests *rs = &t->op->requests;
	struct tenon_result *result = &rs->results[req];

	tenon__request_go(&rs->list[req], TENON_REQUEST_DONE);
	result->status = status;
	result->value = NULL;
	result->value_len = 0;
	result->text = text ? tenon__arena_text(&t->op->arena, text) : NULL;
}

/* Set the result of a request to the status, text and server of another request. */
static void share_outcome(struct transform *t, uint32_t req, uint32_t other)
{
	const struct tenon_result *result = &t->op->requests.results[other];

	answer(t, req, result->status, result->text);
	t->op->requests.results[req].server = result->server;
}

/*
 * Give back the memory of the requests that codecs added, when there were very many. Their
 * results are gone then.
 */
static void give_back(struct tenon__operation *op)
{
	if (op->request_capacity > op->item_count + TENON_REQUESTS_KEEP_MAX) {
		tenon__operation_shrink(op);
	}
}

static void hold(struct transform *t, uint32_t req)
{
	tenon__request_go(&t->op->requests.list[req], TENON_REQUEST_HELD);
	t->held = true;
}

static bool has_turn(const struct transform *t, uint32_t req)
{
	return !t->turns || t->turns[req] == t->turn;
}

/* Return true when a request has no answer yet, and has its turn. */
static bool is_pending(const struct transform *t, uint32_t req)
{
	return !tenon__request_is_done(&t->op->requests.list[req]) &&
	       has_turn(t, req);
}

/* Release every held request that has its turn: the next round runs it. */
static void let_go(struct transform *t)
{
	struct tenon__request *requests = t->op->requests.list;

	for (uint32_t i = 0; i < t->op->item_count; i++) {
		if (requests[i].state == TENON_REQUEST_HELD && has_turn(t, i)) {
			tenon__request_go(&requests[i], TENON_REQUEST_NEW);
		}
	}
	t->held = false;
}

/* Append a get of the item that is stored under the key of a request. Errors: TENON_ENOMEM. */
static int add_look(struct transform *t, uint32_t req)
{
	struct look *look = tenon__arena_alloc(&t->op->arena, sizeof(*look));

	if (!look) {
		return TENON_ENOMEM;
	}
	*look = (struct look){
		.next = t->looks,
		.req = req,
		.get = t->op->request_count,
	};
	t->looks = look;
	return add_same_key(t->op, tenon__verb_of(TENON_GET), req);
}

/* Return the flags of the item that a look found; 0 when there is no item. */
static uint32_t flags_found(const struct transform *t, const struct look *look)
{
	const struct tenon_result *result = &t->op->requests.results[look->get];

	return result->status == TENON_HIT ? result->flags : 0;
}

/* ---- set, add, replace, cas -------------------------------------------- */

/* Append requests that store the chunks of a value, and hold the parent. Errors: TENON_ENOMEM. */
static int add_chunks(struct transform *t, uint32_t req,
		      const struct tenon__chunks *chunks,
		      const struct tenon_item *wire)
{
	struct split *split = tenon__arena_alloc(&t->op->arena, sizeof(*split));
	struct tenon_item *items = tenon__arena_alloc(
		&t->op->arena, chunks->base.count * sizeof(*items));

	if (!split || !items) {
		return TENON_ENOMEM;
	}
	*split = (struct split){
		.next = t->splits,
		.req = req,
		.chunks = *chunks,
		.first = t->op->request_count,
	};
	t->splits = split;
	for (uint32_t i = 0; i < chunks->base.count; i++) {
		items[i] = (struct tenon_item){
			.value = chunks->list[i].value,
			.flags = wire->flags,
			.exptime = wire->exptime,
			.routing_key = wire->routing_key,
		};
		int code = add_req(t->op, tenon__verb_of(TENON_SET),
				   chunks->list[i].key, &items[i]);
		if (code) {
			return code;
		}
	}
	hold(t, req);
	return 0;
}

/* Answer a request that a codec refused. Returns 0, or TENON_ENOMEM when code is that. */
static int refuse(struct transform *t, uint32_t req, int code,
		  const struct tenon_error *err)
{
	if (code == TENON_ENOMEM) {
		return code;
	}
	answer(t, req, code, err->message);
	return 0;
}

/*
 * Run the value of a request through the codecs that encode. When a codec refuses the value,
 * the request is answered with the codec's status.
 * Errors: TENON_ENOMEM.
 */
static int encode_req(struct transform *t, uint32_t req,
		      struct tenon_item *wire)
{
	struct tenon_error err;
	int code = 0;

	tenon__error_clear(&err);
	if (!(t->options & TENON_NO_COMPRESS)) {
		code = tenon__chain_encode(t->chain, t->op->requests.keys[req],
					   &wire->value, &wire->flags, &err);
	}
	if (code) {
		return refuse(t, req, code, &err);
	}
	t->long_values |= t->chain->splitter &&
			  wire->value.len >= t->chain->split_least_bytes;
	return 0;
}

/*
 * Ask the splitter about the value of a request. When the splitter refuses the value, the
 * request is answered with the splitter's status.
 * Errors: TENON_ENOMEM.
 */
static int split_req(struct transform *t, uint32_t req)
{
	struct tenon__requests *rs = &t->op->requests;
	const struct tenon_item *item = rs->list[req].item;
	const struct tenon_split_item whole = {
		.key = rs->keys[req],
		.value = item->value,
		.flags = item->flags,
		.conditional = t->verb->conditional,
	};
	struct tenon__chunks chunks;
	struct tenon_slice parent;
	struct tenon_error err;

	tenon__error_clear(&err);
	int code = tenon__chain_scatter(t->chain, &whole, &chunks, &parent,
					&err);
	if (code == TENON_EKEY && (rs->list[req].bits & TENON_REQUEST_BINARY)) {
		tenon__error_set(&err, code,
			"the value has to be split, and a key with spaces or control bytes has no chunks");
	}
	if (code < 0) {
		return refuse(t, req, code, &err);
	}
	if (!code) {
		return 0;
	}
	struct tenon_item *wire = tenon__arena_alloc(&t->op->arena,
						     sizeof(*wire));
	if (!wire) {
		return TENON_ENOMEM;
	}
	*wire = *item;
	wire->value = parent;
	wire->flags |= t->chain->split_flags;
	rs->list[req].item = wire;
	return add_chunks(t, req, &chunks, item);
}

/* Refuse a request whose flags have bits that the application may not use. */
static void refuse_flags(struct transform *t, uint32_t req, uint32_t flags)
{
	answer(t, req, TENON_EINVAL,
	       flags & t->chain->flags
		       ? "the flags have bits that belong to a codec"
		       : "the flags have bits that are not in user_flags");
}

/*
 * Encode the values of all requests. A value that a codec may encode gets a copy of its
 * item, because the caller's item must not change.
 * Errors: TENON_ENOMEM.
 */
static int encode_all(struct transform *t)
{
	struct tenon__requests *rs = &t->op->requests;
	uint32_t ours = t->chain->flags | ~t->chain->user_flags;

	for (uint32_t i = 0; i < t->op->item_count; i++) {
		const struct tenon_item *item = rs->list[i].item;
		int code = 0;

		if (tenon__request_is_done(&rs->list[i])) {
			continue;
		}
		if (item->flags & ours) {
			refuse_flags(t, i, item->flags);
		} else if (item->value.len >= t->chain->least_bytes) {
			struct tenon_item *wire = tenon__arena_alloc(
				&t->op->arena, sizeof(*wire));
			if (!wire) {
				return TENON_ENOMEM;
			}
			*wire = *item;
			rs->list[i].item = wire;
			code = encode_req(t, i, wire);
		}
		if (code) {
			return code;
		}
	}
	return 0;
}

/* Ask the splitter about every value that is long enough. Errors: TENON_ENOMEM. */
static int split_all(struct transform *t)
{
	const struct tenon__requests *rs = &t->op->requests;
	uint64_t least_bytes = t->chain->split_least_bytes;
	int code = 0;

	for (uint32_t i = 0; i < t->op->item_count && !code; i++) {
		if (is_pending(t, i) &&
		    rs->list[i].item->value.len >= least_bytes) {
			code = split_req(t, i);
		}
	}
	return code;
}

/* Append a look for every request that has no answer yet. Errors: TENON_ENOMEM. */
static int look_all(struct transform *t)
{
	int code = 0;

	for (uint32_t i = 0; i < t->op->item_count && !code; i++) {
		if (is_pending(t, i)) {
			code = add_look(t, i);
		}
	}
	return code;
}

/*
 * A parent is sent only when all of its chunks are stored. Otherwise the request gets the
 * result of the first chunk that failed.
 */
static void judge_chunks(struct transform *t)
{
	const struct tenon_result *results = t->op->requests.results;

	for (struct split *split = t->splits; split; split = split->next) {
		for (uint32_t i = 0; i < split->chunks.base.count; i++) {
			int status = results[split->first + i].status;

			if (status != TENON_STORED && status != TENON_SENT) {
				split->unsent = true;
				share_outcome(t, split->req, split->first + i);
				break;
			}
		}
	}
}

/* Return true when the server stored, deleted or touched the item of this request. */
static bool is_done(const struct transform *t, uint32_t req)
{
	int status = t->op->requests.results[req].status;

	return status == TENON_STORED || status == TENON_DELETED ||
		status == TENON_TOUCHED;
}

/*
 * Return true when the parent of these chunks was certainly not stored. After a timeout, or
 * when the connection broke, the server may have stored it, so the chunks are kept.
 */
static bool is_orphaned(const struct transform *t, const struct split *split)
{
	switch (t->op->requests.results[split->req].status) {
	case TENON_NOT_STORED:
	case TENON_EXISTS:
	case TENON_MISS:
	case TENON_ECONNECT:
	case TENON_EAUTH:
	case TENON_EDOWN:
	case TENON_EREFUSED:
		return true;
	default:
		return split->unsent;
	}
}

/* Append a request of this verb for each of the chunks. Errors: TENON_ENOMEM. */
static int follow(struct transform *t, const struct tenon_chunks *chunks,
		  const struct tenon__verb *verb, const struct tenon_item *item)
{
	for (uint32_t i = 0; i < chunks->count; i++) {
		int code = add_req(t->op, verb, chunks->list[i].key, item);
		if (code) {
			return code;
		}
	}
	return 0;
}

/*
 * Run a last round for the chunks of old and failed values, with noreply. It deletes the
 * chunks of values that were replaced or deleted, and of values whose parent was not
 * stored. It touches the chunks of values that were touched.
 * Errors: TENON_ENOMEM.
 */
static int clean_up(struct transform *t)
{
	struct tenon__requests *rs = &t->op->requests;
	uint32_t before = t->op->request_count;
	const struct tenon__verb *verb = t->verb == tenon__verb_of(TENON_TOUCH) ?
		t->verb : tenon__verb_of(TENON_DELETE);
	int code = 0;

	for (const struct look *look = t->looks; look && !code;
	     look = look->next) {
		const struct tenon_result *found = &rs->results[look->get];
		struct tenon__chunks chunks;

		if (!(flags_found(t, look) & t->chain->split_flags) ||
		    !is_done(t, look->req)) {
			continue;
		}
		const struct tenon_split_item parent = {
			.key = rs->keys[look->req],
			.value = { found->value, found->value_len },
			.flags = found->flags,
		};
		struct tenon_error err = { 0 };
		if (tenon__chain_plan(t->chain, &parent, &chunks, &err) == 0) {
			code = follow(t, &chunks.base, verb,
				      rs->list[look->req].item);
		}
	}
	for (const struct split *split = t->splits;
	     split && t->chain->owns_chunks && !code; split = split->next) {
		if (is_orphaned(t, split)) {
			code = follow(t, &split->chunks.base, verb,
				      rs->list[split->req].item);
		}
	}
	if (!code && t->op->request_count > before) {
		code = tenon__round_run(t->op, true);
	}
	give_back(t->op);
	return code;
}

/*
 * Return true when no server can have got this chunk. A key that hopped has another server than
 * its home server, and the server before may have got it.
 */
static bool is_untouched(const struct transform *t, uint32_t req)
{
	const struct tenon_result *result = &t->op->requests.results[req];

	switch (result->status) {
	case TENON_EDOWN:
	case TENON_EREFUSED:
	case TENON_ELOCAL:
	case TENON_EKEY:
	case TENON_ETOOBIG:
		return true;
	case TENON_ECONNECT:
	case TENON_EAUTH:
		return result->server == tenon__round_home(t->op, req);
	default:
		return false;
	}
}

/*
 * Return true when an old parent would now name chunks of the new value: the new parent is not
 * stored, and a chunk may be. Only chunks that have the same keys in every write can do that.
 */
static bool is_torn(const struct transform *t, const struct split *split)
{
	int status = t->op->requests.results[split->req].status;

	if (status == TENON_STORED || status == TENON_SENT) {
		return false;
	}
	for (uint32_t i = 0; i < split->chunks.base.count; i++) {
		if (!is_untouched(t, split->first + i)) {
			return true;
		}
	}
	return false;
}

/* Append a delete of the parent on this server, without asking a policy. Errors: TENON_ENOMEM. */
static int delete_at(struct transform *t, const struct split *split,
		     uint32_t server)
{
	uint32_t req = t->op->request_count;
	int code = add_same_key(t->op, tenon__verb_of(TENON_DELETE), split->req);

	if (!code) {
		t->op->requests.list[req].pinned = true;
		t->op->requests.results[req].server = server;
	}
	return code;
}

/*
 * Append deletes of the old parent: on its home server, on the server that got the new parent,
 * and on the server that the failover policy names now.
 * Errors: TENON_ENOMEM.
 */
static int delete_parent(struct transform *t, const struct split *split)
{
	uint32_t home = tenon__round_home(t->op, split->req);
	uint32_t last = t->op->requests.results[split->req].server;
	int code = delete_at(t, split, home);

	if (!code && !split->unsent && last != home &&
	    last < t->op->engine->server_count) {
		code = delete_at(t, split, last);
	}
	if (!code) {
		code = add_same_key(t->op, tenon__verb_of(TENON_DELETE),
				    split->req);
	}
	return code;
}

/*
 * Delete the old parents of values that were stored in part, so that no reader puts old and new
 * chunks together. Without time left the deletes have no reply, and a server that needs a new
 * connection has connect_timeout for it.
 * Errors: TENON_ENOMEM.
 */
TENON__COLD static int delete_torn(struct transform *t)
{
	uint32_t before = t->op->request_count;
	int64_t now_ns = tenon__now_ns();
	bool late = now_ns >= t->op->deadline_ns;
	int code = 0;

	for (const struct split *split = t->splits; split && !code;
	     split = split->next) {
		if (is_torn(t, split)) {
			code = delete_parent(t, split);
		}
	}
	if (code || t->op->request_count == before) {
		return code;
	}
	if (!late) {
		return tenon__round_run(t->op, false);
	}
	int64_t deadline_ns = t->op->deadline_ns;

	t->op->deadline_ns =
		now_ns + t->op->assembly->connect_timeout_ms * 1000000;
	code = tenon__round_run(t->op, true);
	t->op->deadline_ns = deadline_ns;
	return code;
}

/* Memory ran out: answer every request that has no answer yet, so that no round sends it. */
TENON__COLD static void give_up(struct transform *t)
{
	struct tenon__requests *rs = &t->op->requests;

	for (uint32_t i = 0; i < t->op->request_count; i++) {
		if (!tenon__request_is_done(&rs->list[i])) {
			tenon__request_go(&rs->list[i], TENON_REQUEST_DONE);
			rs->results[i].status = TENON_ENOMEM;
		}
	}
}

/* Make room for the deletes that delete_torn() may need, while there is memory. */
static int reserve_deletes(struct transform *t)
{
	size_t count = 0;

	for (const struct split *split = t->splits; split; split = split->next) {
		count += 3;
	}
	return tenon__operation_reserve(t->op, t->op->request_count + count);
}

/* Run the rounds of one turn. Errors: TENON_ENOMEM. */
static int run_store_rounds(struct transform *t)
{
	/*
	 * A look and a chunk need their replies, and in a round either all requests have a reply
	 * or none.
	 */
	bool noreply = (t->options & TENON_NOREPLY) && !t->looks && !t->splits;

	tenon__operation_excuse_codecs(t->op);
	int code = tenon__round_run(t->op, noreply);

	if (!code && t->held) {
		judge_chunks(t);
		let_go(t);
		code = tenon__round_run(t->op, noreply);
	}
	if (code && t->splits) {
		give_up(t);
	}
	if (t->splits && !t->chain->owns_chunks) {
		int after = delete_torn(t);
		give_back(t->op);
		return code ? code : after;
	}
	return code ? code : clean_up(t);
}

/*
 * First round: chunks, looks, and the requests whose values are not split. Second round: the
 * parents, so that no parent is stored before its chunks.
 */
static int run_store_turn(struct transform *t)
{
	bool looks = t->chain->owns_chunks && !t->verb->absent_only;
	int code = t->long_values ? split_all(t) : 0;

	if (!code && looks) {
		code = look_all(t);
	}
	if (!code && t->splits) {
		code = reserve_deletes(t);
	}
	return code ? code : run_store_rounds(t);
}

/* Let the requests of one turn run, and hold the others. The turn 0 comes first. */
static void begin_turn(struct transform *t, uint32_t turn)
{
	struct tenon__request *requests = t->op->requests.list;

	t->turn = turn;
	for (uint32_t i = 0; i < t->op->item_count; i++) {
		if (turn == 0 && !has_turn(t, i) &&
		    requests[i].state == TENON_REQUEST_NEW) {
			tenon__request_go(&requests[i], TENON_REQUEST_HELD);
		}
	}
	let_go(t);
	t->splits = NULL;
	t->looks = NULL;
}

/*
 * Store all values. When one may be split and a key is there twice, the items of that key have
 * their turns one after the other, so that the last one stays.
 */
static int run_store(struct transform *t)
{
	uint32_t *turns = NULL;
	uint32_t last = 0;
	int code = encode_all(t);

	if (!code && t->long_values) {
		code = tenon__turns_make(t->op, &turns, &last);
		t->turns = turns;
	}
	for (uint32_t turn = 0; !code && turn <= last; turn++) {
		if (turns) {
			begin_turn(t, turn);
		}
		code = run_store_turn(t);
	}
	return code;
}

/* ---- delete, touch ----------------------------------------------------- */

/*
 * Run the commands. When the splitter owns its chunks, the same round looks at the old items
 * first, and clean_up() deletes or touches their chunks.
 */
static int run_follow(struct transform *t)
{
	bool noreply = (t->options & TENON_NOREPLY) && !t->chain->owns_chunks;
	/* the chunks of a value that is only stale stay, as its parent does */
	bool looks = t->chain->owns_chunks && !(t->options & TENON_INVALIDATE);

	int code = looks ? look_all(t) : 0;

	if (!code) {
		code = tenon__round_run(t->op, noreply);
	}
	return code ? code : clean_up(t);
}

/* ---- append, prepend, incr, decr --------------------------------------- */

/*
 * These commands change the stored bytes. The stored bytes of an encoded or split value are
 * not the value, so the first round looks at the stored flags, and the second round
 * changes only values that are stored as they are.
 */
static int run_modify(struct transform *t)
{
	struct tenon_result *results;
	int code = 0;

	for (uint32_t i = 0; i < t->op->item_count && !code; i++) {
		if (is_pending(t, i)) {
			hold(t, i);
			code = add_look(t, i);
		}
	}
	if (!code) {
		code = tenon__round_run(t->op, false);
	}
	if (code) {
		return code;
	}
	results = t->op->requests.results;
	for (const struct look *look = t->looks; look; look = look->next) {
		if (results[look->get].status < 0) {
			share_outcome(t, look->req, look->get);
		} else if (flags_found(t, look) & t->chain->flags) {
			answer(t, look->req, TENON_EENCODED,
			       "the stored value is encoded or split: store the whole value again");
			results[look->req].server = results[look->get].server;
		} else {
			/* the look is true of this server only */
			results[look->req].server = results[look->get].server;
			t->op->requests.list[look->req].pinned = true;
		}
	}
	let_go(t);
	return tenon__round_run(t->op, (t->options & TENON_NOREPLY) != 0);
}

/* ---- get, gets, gat, gats ---------------------------------------------- */

/* Append requests that read the chunks of a parent into split->buffer. Errors: TENON_ENOMEM. */
static int add_parts(struct transform *t, struct split *split)
{
	struct tenon__requests *rs = &t->op->requests;
	const struct tenon__verb *verb = tenon__verb_of(
		t->verb->exptime ? TENON_GAT : TENON_GET);
	const struct tenon_item *item = rs->list[split->req].item;
	size_t at = 0;

	split->first = t->op->request_count;
	for (uint32_t i = 0; i < split->chunks.base.count; i++) {
		const struct tenon_chunk *chunk = &split->chunks.list[i];
		int code = add_req(t->op, verb, chunk->key, item);
		if (code) {
			return code;
		}
		rs->list[split->first + i].sink = split->buffer + at;
		rs->list[split->first + i].sink_bytes = chunk->value.len;
		at += chunk->value.len;
	}
	return 0;
}

/* Get one buffer for all chunks of a value. Errors: TENON_ENOMEM; TENON_ETOOBIG with a sentence. */
static int make_buffer(struct transform *t, struct split *split,
		       struct tenon_error *err)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < split->chunks.base.count; i++) {
		bytes += split->chunks.list[i].value.len;
	}
	if (bytes > t->chain->max_value_bytes + TENON_OUTPUT_EXTRA_BYTES) {
		return tenon__error_set(
			err, TENON_ETOOBIG,
			"the split value is larger than max_value_bytes (%" PRIu64 ")",
			t->chain->max_value_bytes);
	}
	if (bytes > t->chain->left_bytes) {
		return tenon__error_set(err, TENON_ETOOBIG,
					TENON_OPERATION_TOO_BIG " (%" PRIu64 ")",
					t->chain->max_operation_bytes);
	}
	t->chain->left_bytes -= bytes;
	split->buffer = tenon__arena_alloc(&t->op->arena, (size_t)bytes + 1);
	return split->buffer ? 0 : TENON_ENOMEM;
}

/* The clock is read again after this many chunks were planned. */
#define CHUNKS_PER_CLOCK 1024

/*
 * Return true when the deadline has passed while chunks were planned. A hostile server can make
 * many parents that name many chunks.
 */
static bool is_late(struct transform *t)
{
	if (t->unclocked < CHUNKS_PER_CLOCK) {
		return false;
	}
	if (tenon__now_ns() < t->op->deadline_ns) {
		t->unclocked = 0;
		return false;
	}
	return true;
}

/*
 * A parent was read: append requests for its chunks. When the codec refuses the parent, the
 * request is answered with the codec's status.
 * Errors: TENON_ENOMEM.
 */
static int begin_gather(struct transform *t, uint32_t req)
{
	struct tenon__requests *rs = &t->op->requests;
	const struct tenon_result *result = &rs->results[req];
	struct split *split = tenon__arena_alloc(&t->op->arena, sizeof(*split));
	struct tenon_error err = { 0 };

	if (!split) {
		return TENON_ENOMEM;
	}
	*split = (struct split){
		.next = t->splits,
		.req = req,
		.parent = { .key = rs->keys[req],
			    .value = { result->value, result->value_len },
			    .flags = result->flags },
	};
	int code = tenon__chain_plan(t->chain, &split->parent, &split->chunks,
				     &err);
	t->unclocked += split->chunks.base.count;
	if (!code) {
		code = make_buffer(t, split, &err);
	}
	if (!code) {
		t->splits = split;
		return add_parts(t, split);
	}
	if (code != TENON_ENOMEM) {
		answer(t, req, code,
		       err.message[0] ? err.message : tenon_status_name(code));
		code = 0;
	}
	return code;
}

/* Make one value of the chunks that were read, or answer the request with the failure. */
static void end_gather(struct transform *t, const struct split *split)
{
	struct tenon_result *results = t->op->requests.results;
	struct tenon_result *result = &results[split->req];
	struct tenon_error err = { 0 };
	size_t len = 0;

	for (uint32_t i = 0; i < split->chunks.base.count; i++) {
		const struct tenon_result *part = &results[split->first + i];

		/* without a text, TENON_ETOOBIG is a chunk that is longer than its parent says */
		if (part->status < 0 &&
		    (part->status != TENON_ETOOBIG || part->text)) {
			share_outcome(t, split->req, split->first + i);
			return;
		}
		split->chunks.list[i].value = (struct tenon_slice){
			part->value, part->value_len,
		};
		len += part->value_len;
	}
	int code = t->chain->splitter->gather(t->chain->splitter_instance,
					      &split->parent,
					      split->chunks.list,
					      split->chunks.base.count, &err);
	if (code) {
		answer(t, split->req, code,
		       err.message[0] ? err.message : tenon_status_name(code));
		return;
	}
	split->buffer[len] = '\0';
	result->value = split->buffer;
	result->value_len = len;
	result->flags &= ~t->chain->split_flags;
}

/* Decode the value of a request. On failure the request is answered with the codec's status. */
static void decode_req(struct transform *t, uint32_t req)
{
	struct tenon_result *result = &t->op->requests.results[req];
	struct tenon_slice value = { result->value, result->value_len };
	struct tenon_error err = { 0 };
	uint32_t unknown = result->flags &
		~(t->chain->flags | t->chain->user_flags);

	if (unknown) {
		tenon__error_set(&err, TENON_EUNDECODABLE,
			"flags 0x%x belong to no codec of the chain and are not in user_flags",
			(unsigned)unknown);
		answer(t, req, TENON_EUNDECODABLE, err.message);
		return;
	}
	int code = tenon__chain_decode(t->chain, t->op->requests.keys[req],
				       &value, &result->flags, &err);
	if (code) {
		answer(t, req, code, err.message);
		return;
	}
	result->value = value.data;
	result->value_len = value.len;
}

/*
 * First round: all keys. Second round: the chunks of the parents that were found. Then the
 * values are put together and decoded.
 */
static int run_retrieve(struct transform *t)
{
	const struct tenon__requests *rs = &t->op->requests;
	uint32_t ours = t->chain->flags | ~t->chain->user_flags;
	uint32_t count = t->op->item_count;
	uint32_t first = count; /* the first hit that has to be gathered or decoded */
	int code = tenon__round_run(t->op, false);

	for (uint32_t i = 0; i < count && !code; i++) {
		if (!(rs->results[i].flags & ours) ||
		    rs->results[i].status != TENON_HIT) {
			continue;
		}
		if (first == count) {
			first = i;
			tenon__chain_begin(t->chain);
		}
		if (!(rs->results[i].flags & t->chain->split_flags)) {
			continue;
		}
		if (is_late(t)) {
			answer(t, i, TENON_ETIMEDOUT,
			       "no time left to read the chunks of the split value");
			continue;
		}
		code = begin_gather(t, i);
	}
	if (!code && t->splits) {
		code = tenon__round_run(t->op, false);
	}
	if (code) {
		return code;
	}
	for (const struct split *split = t->splits; split; split = split->next) {
		end_gather(t, split);
	}
	if (t->splits) {
		give_back(t->op);
	}
	for (uint32_t i = first; i < count; i++) {
		if (rs->results[i].status == TENON_HIT &&
		    (rs->results[i].flags & ours)) {
			decode_req(t, i);
		}
	}
	return 0;
}

int tenon__transform_run(struct tenon__operation *op,
			 const struct tenon__verb *verb, unsigned options)
{
	struct transform t = {
		.op = op,
		.chain = &op->chain,
		.verb = verb,
		.options = options,
	};

	if (verb->shape == TENON_SHAPE_RETRIEVE) {
		return run_retrieve(&t);
	}
	tenon__chain_begin(&op->chain);
	if (verb->whole) {
		return run_store(&t);
	}
	return verb->modifies ? run_modify(&t) : run_follow(&t);
}
