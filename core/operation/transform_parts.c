/* SPDX-License-Identifier: BSD-3-Clause */
#include "operation/transform_parts.h"

int tenon__transform_add(struct tenon__operation *op,
			 const struct tenon__verb *verb, struct tenon_slice key,
			 const struct tenon_item *item)
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

void tenon__transform_answer(struct tenon__transform *t, uint32_t req,
			     int status, const char *text)
{
	struct tenon__requests *rs = &t->op->requests;
	struct tenon_result *result = &rs->results[req];

	tenon__request_go(&rs->list[req], TENON_REQUEST_DONE);
	result->status = status;
	result->value = NULL;
	result->value_len = 0;
	result->text = text ? tenon__arena_text(&t->op->arena, text) : NULL;
}

void tenon__transform_share(struct tenon__transform *t, uint32_t req,
			    uint32_t other)
{
	const struct tenon_result *result = &t->op->requests.results[other];

	tenon__transform_answer(t, req, result->status, result->text);
	t->op->requests.results[req].server = result->server;
}

void tenon__transform_give_back(struct tenon__operation *op)
{
	if (op->request_capacity > op->item_count + TENON_REQUESTS_KEEP_MAX) {
		tenon__operation_shrink(op);
	}
}
