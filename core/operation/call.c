/* SPDX-License-Identifier: BSD-3-Clause */
#include "operation/call.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/cold.h"
#include "base/error.h"
#include "base/memory.h"
#include "cluster/key_forms.h"
#include "operation/round.h"
#include "operation/transform.h"
#include "tenon/introspect.h"
#include "wire/base64.h"
#include "wire/digits.h"
#include "wire/exptime.h"
#include "wire/key.h"
#include "wire/protocol.h"
#include "wire/verbatim.h"

/* ---- over keys --------------------------------------------------------- */

/* Make the key buffer large enough for all keys with the prefix. Errors: TENON_ENOMEM. */
static int reserve_keys(struct tenon__operation *op,
			const struct tenon_item *items, size_t count)
{
	size_t need = 0;

	if (op->assembly->prefix.len == 0) {
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		if (items[i].key.len <= TENON_KEY_MAX_BYTES) {
			need += items[i].key.len + op->assembly->prefix.len;
		}
	}
	if (need <= op->key_buffer_capacity) {
		return 0;
	}
	char *buffer = tenon__realloc(op->key_buffer, need, 1);
	if (!buffer) {
		return TENON_ENOMEM;
	}
	op->key_buffer = buffer;
	op->key_buffer_capacity = need;
	return 0;
}

/* Answer a request whose exptime has no meaning. */
TENON__COLD static void refuse_exptime(struct tenon__operation *op,
				       uint32_t req, int64_t exptime)
{
	struct tenon_error err;

	tenon__error_set(&err, TENON_EINVAL,
			 "exptime %" PRId64
			 " has no meaning, expected -1 (expires at once), 0 (never) or 1 to %" PRId64,
			 exptime, TENON_EXPTIME_MAX_S);
	op->requests.results[req].status = TENON_EINVAL;
	op->requests.results[req].text =
		tenon__arena_text(&op->arena, err.message);
	tenon__request_go(&op->requests.list[req], TENON_REQUEST_DONE);
}

/*
 * Look at a request whose value or exptime may not be sent as it is.
 * Errors: TENON_ENOMEM.
 */
TENON__COLD static int prepare_item(struct tenon__operation *op, uint32_t req,
				    unsigned options)
{
	bool from_now = (options & TENON_FROM_NOW) != 0;
	struct tenon__request *at = &op->requests.list[req];
	int64_t exptime = at->item->exptime;

	if (tenon__request_is_done(at)) {
		return 0;
	}
	if (at->verb->shape == TENON_SHAPE_STORE &&
	    at->item->value.len > op->assembly->max_value_bytes) {
		op->requests.results[req].status = TENON_ETOOBIG;
		tenon__request_go(at, TENON_REQUEST_DONE);
		return 0;
	}
	if (!tenon__exptime_prepare(&exptime, from_now, tenon__unix_s())) {
		refuse_exptime(op, req, exptime);
		return 0;
	}
	return exptime == at->item->exptime
		       ? 0
		       : tenon__operation_set_exptime(op, req, exptime);
}

/* Answer a request whose item the client cannot send. text is static. */
static void refuse_item(struct tenon__operation *op, uint32_t req,
			const char *text)
{
	op->requests.results[req].status = TENON_EINVAL;
	op->requests.results[req].text = text;
	tenon__request_go(&op->requests.list[req], TENON_REQUEST_DONE);
}

/* Return true when a protocol has to send a field that the verb alone does not need. */
static bool needs_more(const struct tenon__verb *verb,
		       const struct tenon_item *item)
{
	return (verb->delta && item->initial > 0) ||
	       (item->new_cas > 0 && verb->access == TENON_ACCESS_WRITE);
}

/* Let a request have `more`. Errors: TENON_ENOMEM. */
static int give_more(struct tenon__operation *op, uint32_t req,
		     const struct tenon_call *call)
{
	struct tenon__request *at = &op->requests.list[req];

	if (!op->assembly->protocol->sends_more) {
		refuse_item(op, req,
			    at->verb->delta && at->item->initial > 0
				    ? "an initial value needs `protocol: meta`: over classic text leave initial 0, and when the key is absent, add it with the value and count again if somebody else was first"
				    : "a cas unique of the caller's own (new_cas) needs `protocol: meta`");
		return 0;
	}
	op->call = *call;
	op->requests.intake.call = &op->call;
	at->bits |= TENON_REQUEST_MORE;
	return !at->verb->exptime && tenon__exptime_unclear(at->item->exptime)
		       ? prepare_item(op, req, call->options)
		       : 0;
}

/*
 * Look at an item that has a routing key, or something else beyond what its verb needs.
 * Errors: TENON_ENOMEM.
 */
TENON__COLD static int look_at_extras(struct tenon__operation *op,
				      uint32_t req,
				      const struct tenon_call *call)
{
	const struct tenon__request *at = &op->requests.list[req];
	const struct tenon_item *item = at->item;

	if (item->routing_key.len > 0) {
		op->routed = true;
	}
	if (tenon__request_is_done(at)) {
		return 0;
	}
	if (item->reserved_bits) {
		refuse_item(op, req,
			    "the reserved field of struct tenon_item is not 0: set the whole item to 0 before its fields");
		return 0;
	}
	return needs_more(at->verb, item) || tenon__call_needs_more(call)
		       ? give_more(op, req, call)
		       : 0;
}

/* Return true when look_at_extras() has to look at this item. */
static inline bool has_extras(const struct tenon_item *item)
{
	return (item->routing_key.len | item->initial | item->reserved_bits |
		item->new_cas) != 0;
}

/* Make the key that is sent in place of a key that cannot be sent. Errors: TENON_EKEY, TENON_ENOMEM. */
TENON__COLD static int replace_key(struct tenon__operation *op,
				   struct tenon_slice *out,
				   struct tenon_slice key)
{
	char *buffer = tenon__arena_alloc(&op->arena, TENON_KEY_MAX_BYTES);

	return buffer ? tenon__sent_key_replace(op->assembly, out, key, buffer)
		      : TENON_ENOMEM;
}

/* Let a request send its key as base64. Errors: TENON_ENOMEM. */
TENON__COLD static int send_binary(struct tenon__operation *op, uint32_t req)
{
	struct tenon__request *at = &op->requests.list[req];
	const struct tenon_slice key = op->requests.keys[req];
	size_t len = TENON_BASE64_BYTES(key.len);
	char *letters = tenon__arena_alloc(&op->arena, len);

	if (!letters) {
		return TENON_ENOMEM;
	}
	tenon__base64(letters, key);
	at->key = (struct tenon_slice){ letters, len };
	at->bits |= TENON_REQUEST_BINARY;
	return 0;
}

/*
 * Append a request for an item whose key cannot be sent as it is: with another key, or answered.
 * Errors: TENON_ENOMEM.
 */
TENON__COLD static int add_replaced(struct tenon__operation *op,
				    const struct tenon__verb *verb,
				    const struct tenon_item *item, uint32_t *req)
{
	struct tenon_slice key = { "", 0 };
	int status = replace_key(op, &key, item->key);

	if (status == TENON_ENOMEM) {
		return TENON_ENOMEM;
	}
	*req = tenon__operation_add(op, verb, key, item);
	op->requests.results[*req].status = status;
	if (status) {
		tenon__request_go(&op->requests.list[*req], TENON_REQUEST_DONE);
		return 0;
	}
	return op->assembly->key_digest ? 0 : send_binary(op, *req);
}

/*
 * Append a request for each item. A request whose key, value, exptime or initial value is refused
 * is answered at once. Inlined, because every call runs it.
 * Errors: TENON_ENOMEM.
 */
static inline __attribute__((always_inline)) int add_items(
	struct tenon__operation *op, const struct tenon__verb *verb,
	const struct tenon_item *items, size_t count,
	const struct tenon_call *call)
{
	static const struct tenon_slice no_key = { "", 0 };
	const struct tenon__assembly *assembly = op->assembly;
	struct tenon__requests *rs = &op->requests;
	size_t prefix_len = assembly->prefix.len;
	uint64_t value_max_bytes = assembly->max_value_bytes;
	bool looks = verb->exptime; /* every verb that stores a value has an exptime */
	bool more = assembly->protocol->sends_more &&
		    tenon__call_needs_more(call);
	char *buffer = op->key_buffer;

	for (size_t i = 0; i < count; i++) {
		struct tenon_slice key = no_key;
		uint32_t req;
		int status =
			tenon__key_make(&key, items[i].key, &assembly->prefix,
					buffer);

		if (status && tenon__replaces_keys(assembly)) {
			if (add_replaced(op, verb, &items[i], &req) != 0) {
				return TENON_ENOMEM;
			}
		} else {
			if (prefix_len > 0) { /* without a prefix there is no buffer */
				buffer += key.len;
			}
			req = tenon__operation_add(op, verb, key, &items[i]);
			rs->results[req].status = status;
			if (status) {
				tenon__request_go(&rs->list[req],
						  TENON_REQUEST_DONE);
			}
		}
		if (looks &&
		    (items[i].value.len > value_max_bytes ||
		     tenon__exptime_unclear(items[i].exptime)) &&
		    prepare_item(op, req, call->options) != 0) {
			return TENON_ENOMEM;
		}
		if (has_extras(&items[i]) &&
		    look_at_extras(op, req, call) != 0) {
			return TENON_ENOMEM;
		}
	}
	for (uint32_t req = 0; more && req < count; req++) {
		if (!has_extras(&items[req]) && /* those were looked at above */
		    look_at_extras(op, req, call) != 0) {
			return TENON_ENOMEM;
		}
	}
	op->item_count = (uint32_t)count;
	return 0;
}

/*
 * Set which values of this call may be received into the caller's memory: those of the
 * caller's keys that no codec has to decode.
 */
static void aim_sinks(struct tenon__operation *op,
		      const struct tenon__verb *verb, size_t count, bool raw)
{
	struct tenon__sink_rule *rule = &op->requests.sink_rule;
	const struct tenon__chain *chain = &op->chain;

	rule->excluded = raw ? 0 : chain->flags | ~chain->user_flags;
	for (size_t i = 0; i < count; i++) {
		op->requests.list[i].asks = verb->shape == TENON_SHAPE_RETRIEVE;
	}
}

int tenon__call_items(struct tenon__operation *op,
		      const struct tenon__verb *verb,
		      const struct tenon_item *items, size_t count,
		      const struct tenon_call *call)
{
	unsigned options = call->options;
	bool noreply = (options & TENON_NOREPLY) != 0;

	op->timeout_ms = call->timeout_ms;
	tenon__operation_begin(op);
	if (tenon__operation_reserve(op, count) != 0 ||
	    reserve_keys(op, items, count) != 0 ||
	    add_items(op, verb, items, count, call) != 0) {
		return TENON_ENOMEM;
	}
	op->looks = verb->shape != TENON_SHAPE_RETRIEVE || op->assembly->strict;
	bool raw = op->chain.count == 0 || (options & (TENON_RAW | TENON_FACTS));
	if (op->requests.sink_rule.fn) {
		aim_sinks(op, verb, count, raw);
	}
	return raw ? tenon__round_run(op, noreply)
		   : tenon__transform_run(op, verb, options);
}

/* ---- over servers ------------------------------------------------------ */

int tenon__call_servers(struct tenon__operation *op,
			const struct tenon__verb *verb, const char *argument,
			const struct tenon_call *call)
{
	struct tenon__requests *rs = &op->requests;
	const struct tenon_slice words = tenon_slice_of(argument);

	op->timeout_ms = call->timeout_ms;
	tenon__operation_begin(op);
	if (tenon__operation_reserve(op, op->engine->server_count) != 0) {
		return TENON_ENOMEM;
	}
	op->looks = true;
	for (uint32_t i = 0; i < op->engine->server_count; i++) {
		tenon__operation_add(op, verb, words, NULL);
		rs->results[i].server = i;
		if (verb->only_connected &&
		    !tenon__connection_is_open(&op->engine->conns[i])) {
			/* its status is TENON_OK */
			tenon__request_go(&rs->list[i], TENON_REQUEST_DONE);
		}
	}
	return tenon__round_run_pinned(op,
				       (call->options & TENON_NOREPLY) != 0);
}

/* ---- a meta command in the caller's words --------------------------------------- */

/* What stands behind the name: a key, perhaps as base64, the length of a value, the flag b, flags. */
#define VERBATIM_MAX_BYTES                                                     \
	(TENON_BASE64_BYTES(TENON_KEY_MAX_BYTES) + 21 + 2 + 1 +                \
	 TENON_META_FLAGS_MAX_BYTES)

/* With a fence, the name, line ends, a short value and `mn`. */
_Static_assert(VERBATIM_MAX_BYTES + TENON_SEND_COPY_MAX_BYTES + 64 <=
		       TENON_SEND_FIRST_BYTES,
	       "a meta command fits into the first send buffer");

static char *put_slice(char *at, struct tenon_slice bytes)
{
	memcpy(at, bytes.data, bytes.len);
	return at + bytes.len;
}

/* Write what the request sends behind its name. Errors: TENON_ENOMEM. */
static int write_words(struct tenon__operation *op, struct tenon_slice flags)
{
	struct tenon__request *at = &op->requests.list[0];
	char *words = tenon__arena_alloc(&op->arena, VERBATIM_MAX_BYTES);
	char *end = words;

	if (!words) {
		return TENON_ENOMEM;
	}
	end = put_slice(end, at->key);
	if (tenon__verbatim_stores(at->verb)) {
		*end++ = ' ';
		end = tenon__put_u64(end, at->item->value.len);
	}
	if (at->bits & TENON_REQUEST_BINARY) {
		end = put_slice(end, tenon_slice_of(" b"));
	}
	if (flags.len > 0) {
		*end++ = ' ';
		end = put_slice(end, flags);
	}
	at->key = (struct tenon_slice){ words, (size_t)(end - words) };
	return 0;
}

/* Append the request. A key that is refused is answered at once. Errors: TENON_ENOMEM. */
static int add_verbatim(struct tenon__operation *op,
			const struct tenon__verb *verb,
			const struct tenon_item *item, bool typed,
			const struct tenon_call *call)
{
	if (!typed) {
		return add_items(op, verb, item, 1, call);
	}
	uint32_t req = tenon__operation_add(op, verb, item->key, item);

	if (!tenon__key_valid(item->key.data, item->key.len)) {
		op->requests.results[req].status = TENON_EKEY;
		tenon__request_go(&op->requests.list[req], TENON_REQUEST_DONE);
	}
	op->routed |= item->routing_key.len > 0;
	op->item_count = 1;
	return 0;
}

int tenon__call_verbatim(struct tenon__operation *op,
			 const struct tenon__verb *verb,
			 const struct tenon_item *item,
			 struct tenon_slice flags, uint32_t server, bool typed,
			 const struct tenon_call *call)
{
	op->timeout_ms = call->timeout_ms;
	tenon__operation_begin(op);
	if (tenon__operation_reserve(op, 1) != 0 ||
	    reserve_keys(op, item, 1) != 0 ||
	    add_verbatim(op, verb, item, typed, call) != 0) {
		return TENON_ENOMEM;
	}
	struct tenon__request *req = &op->requests.list[0];
	if (!tenon__request_is_done(req) &&
	    item->value.len > op->assembly->max_value_bytes) {
		op->requests.results[0].status = TENON_ETOOBIG;
		tenon__request_go(req, TENON_REQUEST_DONE);
	}
	if (tenon__request_is_done(req)) {
		return 0;
	}
	op->looks = true;
	op->requests.results[0].server = server;
	if (tenon__verbatim_is_end(verb)) {
		req->key.len = 0;
	} else if (write_words(op, flags) != 0) {
		return TENON_ENOMEM;
	}
	return tenon__round_run_pinned(op, false);
}
