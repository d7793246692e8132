/* SPDX-License-Identifier: BSD-3-Clause */
#include "operation/call.h"

#include <string.h>

#include "base/memory.h"
#include "operation/round.h"
#include "operation/transform.h"
#include "wire/key.h"

/* ---- over keys --------------------------------------------------------- */

/* Make the key buffer large enough for all keys with the prefix. Errors: TENON_ENOMEM. */
static int reserve_keys(struct tenon__operation *op,
			const struct tenon_item *items, size_t count)
{
	size_t need = 0;

	if (op->assembly->prefix_len == 0) {
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		if (items[i].key.len <= TENON_KEY_MAX_BYTES) {
			need += items[i].key.len + op->assembly->prefix_len;
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

/* Append a request for each item. A request whose key or value is refused is answered at once. */
static void add_items(struct tenon__operation *op,
		      const struct tenon__verb *verb,
		      const struct tenon_item *items, size_t count)
{
	static const struct tenon_slice no_key = { "", 0 };
	const struct tenon__assembly *assembly = op->assembly;
	struct tenon__requests *rs = &op->requests;
	size_t prefix_len = assembly->prefix_len;
	uint64_t value_max_bytes = assembly->max_value_bytes;
	bool stores = verb->shape == TENON_SHAPE_STORE;
	char *buffer = op->key_buffer;

	for (size_t i = 0; i < count; i++) {
		struct tenon_slice key = no_key;
		int status =
			tenon__key_make(&key, items[i].key, assembly->prefix,
					prefix_len, buffer);

		if (!status && prefix_len > 0) {
			buffer += key.len;
		}
		if (stores && items[i].value.len > value_max_bytes) {
			status = TENON_ETOOBIG;
		}
		uint32_t req = tenon__operation_add(op, verb, key, &items[i]);
		rs->results[req].status = status;
		rs->list[req].answered = status != 0;
	}
	op->item_count = (uint32_t)count;
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

	rule->count = verb->shape == TENON_SHAPE_RETRIEVE ? (uint32_t)count : 0;
	rule->excluded = raw ? 0 : chain->flags | ~chain->user_flags;
}

int tenon__call_items(struct tenon__operation *op,
		      const struct tenon__verb *verb,
		      const struct tenon_item *items, size_t count,
		      unsigned options)
{
	bool noreply = (options & TENON_NOREPLY) != 0;

	tenon__operation_begin(op);
	if (tenon__operation_reserve(op, count) != 0 ||
	    reserve_keys(op, items, count) != 0) {
		return TENON_ENOMEM;
	}
	op->requests.argument = NULL;
	op->looks = verb->shape != TENON_SHAPE_RETRIEVE || op->assembly->strict;
	add_items(op, verb, items, count);
	bool raw = op->chain.count == 0 || (options & TENON_RAW);
	if (op->requests.sink_rule.fn) {
		aim_sinks(op, verb, count, raw);
	}
	return raw ? tenon__round_run(op, noreply)
		   : tenon__transform_run(op, verb, options);
}

/* ---- over servers ------------------------------------------------------ */

int tenon__call_servers(struct tenon__operation *op,
			const struct tenon__verb *verb, const char *argument,
			bool noreply)
{
	struct tenon__requests *rs = &op->requests;

	tenon__operation_begin(op);
	if (tenon__operation_reserve(op, op->engine->server_count) != 0) {
		return TENON_ENOMEM;
	}
	rs->argument = argument;
	op->looks = true;
	for (uint32_t i = 0; i < op->engine->server_count; i++) {
		tenon__operation_add(op, verb, (struct tenon_slice){ "", 0 },
				     NULL);
		rs->results[i].server = i;
		rs->list[i].answered =
			verb->only_connected &&
			op->engine->conns[i].base.fd < 0; /* its status is TENON_OK */
	}
	return tenon__round_run_servers(op, noreply);
}
