/* SPDX-License-Identifier: BSD-3-Clause */
/* Sentences for results that are no answers. */
#ifndef TENON_CORE_EXPLAIN_H
#define TENON_CORE_EXPLAIN_H

#include "operation/operation.h"

/* Why its last exchange failed: one sentence, which lives until its next one. */
const char *tenon__connection_failure(const struct tenon__connection *conn);

/* "alias (address)", or the address alone where it is the name. */
void tenon__describe_connection(const struct tenon__connection *conn, char *out,
				size_t size);

/* Write into err why the key of results[index] has no answer; returns its status. */
int tenon__explain(const struct tenon__operation *op, size_t index,
		   struct tenon_error *err);

/*
 * The status of the first of count results that is no answer, explained in err;
 * 0 when all are answers.
 */
static inline int tenon__explain_first(const struct tenon__operation *op,
				       size_t count, struct tenon_error *err)
{
	const struct tenon_result *results = op->requests.results;

	for (size_t i = 0; i < count; i++) {
		if (results[i].status < 0) {
			return tenon__explain(op, i, err);
		}
	}
	return 0;
}

#endif
