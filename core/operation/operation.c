/* SPDX-License-Identifier: BSD-3-Clause */
#include "operation/operation.h"

#include "base/clock.h"
#include "base/memory.h"

/* Ask the application for memory for a value. See struct tenon__intake. */
static char *give_sink(struct tenon__intake *intake,
		       const struct tenon__request *req, size_t bytes)
{
	struct tenon__requests *rs = (struct tenon__requests *)(void *)intake;
	const struct tenon__sink_rule *rule = &rs->sink_rule;

	if (bytes < rule->min_bytes || (req->result->flags & rule->excluded)) {
		return NULL;
	}
	return rule->fn(rule->payload, (size_t)(req - rs->list), bytes);
}

int tenon__operation_init(struct tenon__operation *op,
			  struct tenon__engine *engine, struct tenon_error *err)
{
	*op = (struct tenon__operation){
		.engine = engine,
		.assembly = engine->assembly,
		.arena = { .blocks = &engine->blocks },
		.latest_ns = INT64_MAX,
	};
	op->requests.intake.sink = give_sink;
	return tenon__chain_init(&op->chain, op->assembly, &op->arena, err);
}

void tenon__operation_fini(struct tenon__operation *op)
{
	if (op->arena.blocks) {
		tenon__arena_release(&op->arena);
	}
	tenon__chain_fini(&op->chain);
	tenon__free(op->requests.keys);
	tenon__free(op->requests.list);
	tenon__free(op->requests.results);
	tenon__free(op->hashes);
	tenon__free(op->key_buffer);
	*op = (struct tenon__operation){ .engine = NULL };
}

void tenon__operation_begin(struct tenon__operation *op)
{
	struct tenon__engine *engine = op->engine;

	for (size_t i = 0; i < engine->used_count; i++) {
		tenon__connection_release(engine->used[i]);
		engine->used[i]->used = false;
	}
	engine->used_count = 0;
	if (op->arena.first) {
		tenon__arena_release(&op->arena);
	}
	op->item_count = 0;
	op->request_count = 0;
	op->hashed_count = 0;
	op->routed = op->assembly->hashes_parts;
	op->requests.intake.left_bytes = op->assembly->max_operation_bytes;
	op->start_ns = tenon__now_ns();
	op->start_ms = op->start_ns / 1000000;
	op->deadline_ns =
		op->start_ns + tenon__operation_timeout_ms(op) * 1000000;
	if (op->deadline_ns > op->latest_ns) {
		op->deadline_ns = op->latest_ns;
	}
	if (tenon__policies_have_news(&engine->policies,
				      &op->assembly->outcomes)) {
		tenon__engine_listen(engine, op->start_ms);
	}
}

void tenon__operation_move_deadline(struct tenon__operation *op)
{
	int64_t now_ns = tenon__now_ns();

	op->deadline_ns += now_ns - op->chain.busy_since_ns;
	op->chain.busy_since_ns = 0;
	if (op->hashed_count == 0) { /* no round has begun */
		op->start_ns = now_ns;
		op->start_ms = now_ns / 1000000;
	}
}

/* Make an array smaller. When that fails, the array stays as it is. */
static void shrink(void **array, size_t count, size_t size)
{
	void *smaller = tenon__realloc(*array, count, size);

	if (smaller) {
		*array = smaller;
	}
}

void tenon__operation_shrink(struct tenon__operation *op)
{
	struct tenon__requests *rs = &op->requests;
	size_t count = op->item_count;

	op->request_capacity = op->item_count;
	op->request_count = op->item_count;
	op->hashed_count = op->item_count;
	shrink((void **)&rs->keys, count, sizeof(*rs->keys));
	shrink((void **)&rs->list, count, sizeof(*rs->list));
	shrink((void **)&rs->results, count, sizeof(*rs->results));
	shrink((void **)&op->hashes, count, sizeof(*op->hashes));
}

int tenon__operation_grow(struct tenon__operation *op, size_t count)
{
	struct tenon__requests *rs = &op->requests;
	void *keys, *requests, *results, *hashes;

	if (count >= TENON_REQUESTS_LIMIT) {
		return TENON_ENOMEM;
	}
	if ((keys = tenon__realloc(rs->keys, count, sizeof(*rs->keys)))) {
		rs->keys = keys;
	}
	if ((requests = tenon__realloc(rs->list, count, sizeof(*rs->list)))) {
		rs->list = requests;
	}
	if ((results = tenon__realloc(rs->results, count,
				      sizeof(*rs->results)))) {
		rs->results = results;
	}
	if ((hashes = tenon__realloc(op->hashes, count, sizeof(*op->hashes)))) {
		op->hashes = hashes;
	}
	if (!keys || !requests || !results || !hashes) {
		return TENON_ENOMEM;
	}
	op->request_capacity = (uint32_t)count;
	return 0;
}

int tenon__operation_set_exptime(struct tenon__operation *op, uint32_t req,
				 int64_t exptime)
{
	struct tenon__request *at = &op->requests.list[req];
	struct tenon_item *item = tenon__arena_alloc(&op->arena, sizeof(*item));

	if (!item) {
		return TENON_ENOMEM;
	}
	*item = *at->item;
	item->exptime = exptime;
	at->item = item;
	return 0;
}
