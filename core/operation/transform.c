/* SPDX-License-Identifier: BSD-3-Clause */
#include "operation/transform.h"

#include "operation/transform_read.h"
#include "operation/transform_write.h"

int tenon__transform_run(struct tenon__operation *op,
			 const struct tenon__verb *verb, unsigned options)
{
	struct tenon__transform t = {
		.op = op,
		.chain = &op->chain,
		.verb = verb,
		.options = options,
	};

	if (verb->shape == TENON_SHAPE_RETRIEVE) {
		return tenon__transform_read(&t);
	}
	tenon__chain_begin(&op->chain);
	if (verb->whole) {
		return tenon__transform_store(&t);
	}
	return verb->modifies ? tenon__transform_modify(&t)
			      : tenon__transform_follow(&t);
}
