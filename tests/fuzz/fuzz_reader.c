/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the reader of a protocol, without a connection. The input chooses requests, and the bytes
 * that arrive for them: once whole, and once in pieces. Both must be read alike.
 *
 * Shape of the input:
 *   1 byte                 the size of the pieces minus 1
 *   1 byte                 the number of requests minus 1 in the lower 3 bits, and the bit META:
 *                          the meta protocol; otherwise the classic protocol
 *   3 bytes, with META and the bit OPTIONS
 *                          options of the call: of their bits those from 16 on, lease_s, refresh_s
 *   2 bytes for each       verb, then its key in the lower 3 bits and the bits ASKS, NOREPLY, MORE (the
 *                          request has the options of the call) and BINARY; with the bit VERBATIM, a meta
 *                          command in the caller's words
 *   the rest               the bytes that arrive
 */
#include <string.h>

#include "base/text.h"
#include "fakes/flow.h"
#include "fuzz/fuzz.h"

enum { COUNT = 0x07, OPTIONS = 0x40, META = 0x80 };
enum {
	KEY = 0x07,
	MORE = 0x08,
	ASKS = 0x10,
	NOREPLY = 0x20,
	VERBATIM = 0x40,
	BINARY = 0x80
};

const char fuzz_name[] = "reader";

static const char *const keys[] = {
	"a", "b", "c", "key:00000000", "key:00000001", "a", "longer:0123456789abcdef", "tenon:fence",
};

static struct flow flows[2];
static struct tenon_call call; /* size 0: without options */

void fuzz_end(void)
{
}

/* Queue one meta command in each flow. */
static void ask_verbatim(unsigned which, unsigned bits)
{
	static const char *const names[] = { "mg", "ms", "md", "ma", "mn", "me" };
	const char *name = names[which % (sizeof(names) / sizeof(names[0]))];

	for (int i = 0; i < 2; i++) {
		flow_ask_verbatim(&flows[i], name, keys[bits & KEY]);
	}
}

/* Queue one request in each flow. */
static void ask(struct fuzz_input *input)
{
	unsigned which = fuzz_byte(input);
	enum tenon_verb verb = which % TENON_VERB_COUNT;
	unsigned bits = fuzz_byte(input);
	uint8_t request_bits = 0;

	if (bits & VERBATIM) {
		ask_verbatim(which, bits);
		return;
	}
	if ((bits & NOREPLY) && tenon__verb_of(verb)->noreply) {
		request_bits |= TENON_REQUEST_NOREPLY;
	}
	if ((bits & MORE) && call.size > 0) {
		request_bits |= TENON_REQUEST_MORE;
	}
	if ((bits & BINARY) && call.size > 0) {
		request_bits |= TENON_REQUEST_BINARY;
	}
	for (int i = 0; i < 2; i++) {
		struct tenon__request *req = flow_ask(
			&flows[i], verb, keys[bits & KEY], request_bits);

		req->asks = (bits & ASKS) &&
			    req->verb->shape == TENON_SHAPE_RETRIEVE;
	}
}

/* Read the options of the call, which only the meta protocol can send. */
static void take_options(struct fuzz_input *input, unsigned head)
{
	call = (struct tenon_call){ .size = 0 };
	if ((head & (META | OPTIONS)) != (META | OPTIONS)) {
		return;
	}
	call.size = sizeof(call);
	call.options = (uint32_t)fuzz_byte(input) * TENON_INVALIDATE;
	call.lease_s = fuzz_byte(input);
	call.refresh_s = fuzz_byte(input);
	for (int i = 0; i < 2; i++) {
		flows[i].intake.call = &call;
	}
}

/* Return the statuses that may answer a request, as bits. */
static uint32_t answers_of(const struct tenon__request *req)
{
	if (req->verb->shape == TENON_SHAPE_VERBATIM) {
		return 1u << TENON_HIT | 1u << TENON_MISS |
		       1u << TENON_NOT_STORED | 1u << TENON_EXISTS;
	}
	return tenon__request_more(req) && (call.options & TENON_COMPARE)
		       ? req->verb->answers | 1u << TENON_EXISTS |
				 1u << TENON_NOT_MODIFIED
		       : req->verb->answers;
}

/* Check the result of one request in both flows. */
static void check_result(uint32_t i)
{
	const struct tenon_result *whole = &flows[0].results[i];
	const struct tenon_result *parts = &flows[1].results[i];
	const struct tenon__request *req = &flows[0].requests[i];
	uint32_t answers = answers_of(req);

	fuzz_must(req->state == flows[1].requests[i].state,
		  "pieces answer the requests that the whole answers");
	fuzz_must(whole->status == parts->status &&
			  whole->number == parts->number &&
			  whole->value_len == parts->value_len,
		  "with the same result");
	fuzz_must(whole->cas == parts->cas && whole->flags == parts->flags &&
			  whole->marks == parts->marks &&
			  whole->ttl_s == parts->ttl_s &&
			  whole->size_bytes == parts->size_bytes &&
			  whole->idle_s == parts->idle_s,
		  "with the same facts");
	fuzz_must(whole->status <= 0 || (answers >> whole->status & 1),
		  "a verb has its own answers only");
	fuzz_must(tenon__request_is_done(req) || whole->status == 0,
		  "a status is final");
	if (tenon__request_is_done(req)) {
		fuzz_must(tenon__same_text(whole->text, parts->text),
			  "with the same text");
	}
	if (whole->value && tenon__request_is_done(req)) {
		fuzz_must(memcmp(whole->value, parts->value,
				 whole->value_len + 1) == 0,
			  "with the same value");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size < FLOW_BYTES ? size : 0 };
	size_t step = fuzz_byte(&input) + 1;
	unsigned head = fuzz_byte(&input);
	unsigned count = (head & COUNT) + 1;
	const char *protocol = head & META ? "meta" : "classic";
	int verdicts[2];

	flow_open(&flows[0], protocol);
	flow_open(&flows[1], protocol);
	take_options(&input, head);
	while (count-- > 0) {
		ask(&input);
	}
	for (int i = 0; i < 2; i++) {
		flow_write(&flows[i]);
		verdicts[i] = flow_read(&flows[i], input.at, input.left,
					i == 0 ? SIZE_MAX : step);
	}
	fuzz_must(strcmp(flows[0].sent, flows[1].sent) == 0,
		  "requests are written alike");
	fuzz_must(verdicts[0] == verdicts[1],
		  "pieces have the verdict of the whole");
	for (uint32_t i = 0; i < flows[0].count; i++) {
		check_result(i);
	}
	flow_close(&flows[0]);
	flow_close(&flows[1]);
	return 0;
}
