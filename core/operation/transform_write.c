/* SPDX-License-Identifier: BSD-3-Clause */
#include "operation/transform_write.h"

#include "base/clock.h"
#include "base/cold.h"
#include "base/error.h"
#include "operation/round.h"
#include "operation/turns.h"

/* A look: a get of the item that a request of the caller is about to change. */
struct tenon__look {
	struct tenon__look *next;
	uint32_t req; /* the caller's request */
	uint32_t get; /* the get */
};

/* ---- requests and turns -------------------------------------------------- */

/* Append a request for the key of another one. Errors: TENON_ENOMEM. */
static int add_same_key(struct tenon__operation *op,
			const struct tenon__verb *verb, uint32_t other)
{
	uint32_t req = op->request_count;
	int code = tenon__transform_add(op, verb, op->requests.keys[other],
			   op->requests.list[other].item);

	if (!code) {
		op->requests.list[req].key = op->requests.list[other].key;
		op->requests.list[req].bits |= op->requests.list[other].bits &
					       TENON_REQUEST_BINARY;
	}
	return code;
}

static void hold(struct tenon__transform *t, uint32_t req)
{
	tenon__request_go(&t->op->requests.list[req], TENON_REQUEST_HELD);
	t->held = true;
}

static bool has_turn(const struct tenon__transform *t, uint32_t req)
{
	return !t->turns || t->turns[req] == t->turn;
}

/* Return true when a request has no answer yet, and has its turn. */
static bool is_pending(const struct tenon__transform *t, uint32_t req)
{
	return !tenon__request_is_done(&t->op->requests.list[req]) &&
	       has_turn(t, req);
}

/* Release every held request that has its turn: the next round runs it. */
static void let_go(struct tenon__transform *t)
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
static int add_look(struct tenon__transform *t, uint32_t req)
{
	struct tenon__look *look = tenon__arena_alloc(&t->op->arena, sizeof(*look));

	if (!look) {
		return TENON_ENOMEM;
	}
	*look = (struct tenon__look){
		.next = t->looks,
		.req = req,
		.get = t->op->request_count,
	};
	t->looks = look;
	return add_same_key(t->op, tenon__verb_of(TENON_GET), req);
}

/* Return the flags of the item that a look found; 0 when there is no item. */
static uint32_t flags_found(const struct tenon__transform *t, const struct tenon__look *look)
{
	const struct tenon_result *result = &t->op->requests.results[look->get];

	return result->status == TENON_HIT ? result->flags : 0;
}

/* ---- set, add, replace, cas -------------------------------------------- */

/* Append requests that store the chunks of a value, and hold the parent. Errors: TENON_ENOMEM. */
static int add_chunks(struct tenon__transform *t, uint32_t req,
		      const struct tenon__chunks *chunks,
		      const struct tenon_item *wire)
{
	struct tenon__split *split = tenon__arena_alloc(&t->op->arena, sizeof(*split));
	struct tenon_item *items = tenon__arena_alloc(
		&t->op->arena, chunks->base.count * sizeof(*items));

	if (!split || !items) {
		return TENON_ENOMEM;
	}
	*split = (struct tenon__split){
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
		int code = tenon__transform_add(t->op, tenon__verb_of(TENON_SET),
				   chunks->list[i].key, &items[i]);
		if (code) {
			return code;
		}
	}
	hold(t, req);
	return 0;
}

/* Answer a request that a codec refused. Returns 0, or TENON_ENOMEM when code is that. */
static int refuse(struct tenon__transform *t, uint32_t req, int code,
		  const struct tenon_error *err)
{
	if (code == TENON_ENOMEM) {
		return code;
	}
	tenon__transform_answer(t, req, code, err->message);
	return 0;
}

/*
 * Run the value of a request through the codecs that encode. When a codec refuses the value,
 * the request is answered with the codec's status.
 * Errors: TENON_ENOMEM.
 */
static int encode_req(struct tenon__transform *t, uint32_t req,
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
static int split_req(struct tenon__transform *t, uint32_t req)
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
static void refuse_flags(struct tenon__transform *t, uint32_t req, uint32_t flags)
{
	tenon__transform_answer(t, req, TENON_EINVAL,
	       flags & t->chain->flags
		       ? "the flags have bits that belong to a codec"
		       : "the flags have bits that are not in user_flags");
}

/*
 * Encode the values of all requests. A value that a codec may encode gets a copy of its
 * item, because the caller's item must not change.
 * Errors: TENON_ENOMEM.
 */
static int encode_all(struct tenon__transform *t)
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
static int split_all(struct tenon__transform *t)
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
static int look_all(struct tenon__transform *t)
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
static void judge_chunks(struct tenon__transform *t)
{
	const struct tenon_result *results = t->op->requests.results;

	for (struct tenon__split *split = t->splits; split; split = split->next) {
		for (uint32_t i = 0; i < split->chunks.base.count; i++) {
			int status = results[split->first + i].status;

			if (status != TENON_STORED && status != TENON_SENT) {
				split->unsent = true;
				tenon__transform_share(t, split->req, split->first + i);
				break;
			}
		}
	}
}

/* Return true when the server stored, deleted or touched the item of this request. */
static bool is_done(const struct tenon__transform *t, uint32_t req)
{
	int status = t->op->requests.results[req].status;

	return status == TENON_STORED || status == TENON_DELETED ||
		status == TENON_TOUCHED;
}

/*
 * Return true when the parent of these chunks was certainly not stored. After a timeout, or
 * when the connection broke, the server may have stored it, so the chunks are kept.
 */
static bool is_orphaned(const struct tenon__transform *t, const struct tenon__split *split)
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
static int follow(struct tenon__transform *t, const struct tenon_chunks *chunks,
		  const struct tenon__verb *verb, const struct tenon_item *item)
{
	for (uint32_t i = 0; i < chunks->count; i++) {
		int code = tenon__transform_add(t->op, verb, chunks->list[i].key, item);
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
static int clean_up(struct tenon__transform *t)
{
	struct tenon__requests *rs = &t->op->requests;
	uint32_t before = t->op->request_count;
	const struct tenon__verb *verb = t->verb == tenon__verb_of(TENON_TOUCH) ?
		t->verb : tenon__verb_of(TENON_DELETE);
	int code = 0;

	for (const struct tenon__look *look = t->looks; look && !code;
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
	for (const struct tenon__split *split = t->splits;
	     split && t->chain->owns_chunks && !code; split = split->next) {
		if (is_orphaned(t, split)) {
			code = follow(t, &split->chunks.base, verb,
				      rs->list[split->req].item);
		}
	}
	if (!code && t->op->request_count > before) {
		code = tenon__round_run(t->op, true);
	}
	tenon__transform_give_back(t->op);
	return code;
}

/*
 * Return true when no server can have got this chunk. A key that hopped has another server than
 * its home server, and the server before may have got it.
 */
static bool is_untouched(const struct tenon__transform *t, uint32_t req)
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
static bool is_torn(const struct tenon__transform *t, const struct tenon__split *split)
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
static int delete_at(struct tenon__transform *t, const struct tenon__split *split,
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
static int delete_parent(struct tenon__transform *t, const struct tenon__split *split)
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
TENON__COLD static int delete_torn(struct tenon__transform *t)
{
	uint32_t before = t->op->request_count;
	int64_t now_ns = tenon__now_ns();
	bool late = now_ns >= t->op->deadline_ns;
	int code = 0;

	for (const struct tenon__split *split = t->splits; split && !code;
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
TENON__COLD static void give_up(struct tenon__transform *t)
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
static int reserve_deletes(struct tenon__transform *t)
{
	size_t count = 0;

	for (const struct tenon__split *split = t->splits; split; split = split->next) {
		count += 3;
	}
	return tenon__operation_reserve(t->op, t->op->request_count + count);
}

/* Run the rounds of one turn. Errors: TENON_ENOMEM. */
static int run_store_rounds(struct tenon__transform *t)
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
		tenon__transform_give_back(t->op);
		return code ? code : after;
	}
	return code ? code : clean_up(t);
}

/*
 * First round: chunks, looks, and the requests whose values are not split. Second round: the
 * parents, so that no parent is stored before its chunks.
 */
static int run_store_turn(struct tenon__transform *t)
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
static void begin_turn(struct tenon__transform *t, uint32_t turn)
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

int tenon__transform_store(struct tenon__transform *t)
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

int tenon__transform_follow(struct tenon__transform *t)
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

int tenon__transform_modify(struct tenon__transform *t)
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
	for (const struct tenon__look *look = t->looks; look; look = look->next) {
		if (results[look->get].status < 0) {
			tenon__transform_share(t, look->req, look->get);
		} else if (flags_found(t, look) & t->chain->flags) {
			tenon__transform_answer(t, look->req, TENON_EENCODED,
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
