/* SPDX-License-Identifier: BSD-3-Clause */
#include "fakes/flow.h"

#include <stdlib.h>
#include <string.h>

static void must(bool so)
{
	if (!so) {
		abort();
	}
}

static char *give_sink(struct tenon__intake *intake,
		       const struct tenon__request *req, size_t bytes)
{
	struct flow *flow =
		(struct flow *)(void *)((char *)intake -
					offsetof(struct flow, intake));
	char **sink = &flow->sinks[req - flow->requests];

	free(*sink);
	*sink = malloc(bytes + 1);
	must(*sink != NULL);
	return *sink;
}

void flow_open(struct flow *flow, const char *protocol)
{
	size_t i = 0;

	while (strcmp(tenon__protocol_names[i], protocol) != 0) {
		i++;
		must(tenon__protocol_names[i] != NULL);
	}
	memset(flow, 0, sizeof(*flow));
	flow->intake.left_bytes = FLOW_BYTES;
	flow->intake.sink = give_sink;
	flow->wire.protocol = tenon__protocols[i];
	flow->wire.tally = &flow->tally;
	flow->wire.max_value_bytes = FLOW_BYTES;
	flow->sent = malloc(FLOW_BYTES + 1);
	flow->wire.block = tenon__block_get(&flow->blocks, FLOW_BYTES);
	must(flow->sent && flow->wire.block);
	flow->wire.block->filled = 0;
}

static struct tenon__request *add_request(struct flow *flow,
					  const struct tenon__verb *verb,
					  const char *key, uint8_t bits)
{
	uint32_t i = flow->count++;
	struct tenon__request *req = &flow->requests[i];

	must(i < FLOW_REQUESTS);
	flow->items[i].key = tenon_slice_of(key);
	flow->items[i].value = tenon_slice_of("value");
	*req = (struct tenon__request){
		.verb = verb,
		.item = &flow->items[i],
		.key = flow->items[i].key,
		.result = &flow->results[i],
		.intake = &flow->intake,
		.bits = bits,
	};
	if (i == 0) {
		must(tenon__wire_begin(&flow->wire, req) == 0);
	} else {
		tenon__wire_add(&flow->wire, req);
	}
	return req;
}

struct tenon__request *flow_ask(struct flow *flow, enum tenon_verb verb,
				const char *key, uint8_t bits)
{
	return add_request(flow, tenon__verb_of(verb), key, bits);
}

struct tenon__request *flow_ask_verbatim(struct flow *flow, const char *name,
					 const char *words)
{
	return add_request(flow, tenon__verbatim_verb_of(name), words, 0);
}

const char *flow_write(struct flow *flow)
{
	struct tenon__wire *wire = &flow->wire;
	size_t len = 0;

	tenon__wire_rewind(wire);
	/* requests of an exchange that is repeated were written before */
	for (struct tenon__request *req = wire->first; req; req = req->next) {
		if (!tenon__request_is_done(req)) {
			tenon__request_go(req, TENON_REQUEST_QUEUED);
		}
	}
	while (wire->queue) {
		wire->protocol->write(wire);
		for (; wire->piece < wire->piece_count; wire->piece++) {
			const struct iovec *piece = &wire->pieces[wire->piece];

			must(piece->iov_len <= FLOW_BYTES - len);
			memcpy(flow->sent + len, piece->iov_base,
			       piece->iov_len);
			len += piece->iov_len;
		}
	}
	flow->sent[len] = '\0';
	return flow->sent;
}

/* Let the next bytes arrive where the reader wants them. Returns how many. */
static size_t arrive(struct flow *flow, const char *bytes, size_t len)
{
	struct tenon__wire *wire = &flow->wire;
	struct tenon__block *block = wire->block;

	if (wire->recv_state == TENON_RECV_SINK) {
		size_t room = wire->value_len - wire->sink_filled;

		len = len < room ? len : room;
		memcpy(wire->value_req->sink + wire->sink_filled, bytes, len);
		wire->sink_filled += len;
		return len;
	}
	must(len <= block->capacity - block->filled);
	memcpy(block->data + block->filled, bytes, len);
	block->filled += len;
	return len;
}

int flow_read(struct flow *flow, const void *bytes, size_t len, size_t step)
{
	const char *at = bytes;
	const char *end = at + len;
	int verdict = TENON_WIRE_MORE;

	/* behind noreply requests, errors may come after everything is done */
	while (at < end && (verdict == TENON_WIRE_MORE ||
			    (verdict == TENON_WIRE_DONE && flow->wire.fence))) {
		size_t left = (size_t)(end - at);

		at += arrive(flow, at, left < step ? left : step);
		verdict = flow->wire.protocol->read(&flow->wire);
	}
	return verdict == TENON_WIRE_DONE && at < end ? TENON_WIRE_BROKEN
						      : verdict;
}

void flow_close(struct flow *flow)
{
	for (uint32_t i = 0; i < FLOW_REQUESTS; i++) {
		free(flow->sinks[i]);
	}
	free(flow->sent);
	free(flow->wire.send_buffer);
	tenon__block_put_all(&flow->blocks, flow->wire.block);
	tenon__block_cache_fini(&flow->blocks);
}
