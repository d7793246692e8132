/* SPDX-License-Identifier: BSD-3-Clause */
/* Sentences that explain results with a negative status. */
#ifndef TENON_CORE_EXPLAIN_H
#define TENON_CORE_EXPLAIN_H

#include "operation/operation.h"

/*
 * Return one sentence about why the last exchange on a connection failed.
 * Owns: the string is static or the connection's, and lives until the next exchange.
 */
const char *tenon__connection_failure(const struct tenon__connection *conn);

/* Write "alias (address)" of a server into out; only the address when the server has no alias. */
void tenon__describe_connection(const struct tenon__connection *conn, char *out,
				size_t size);

/*
 * Write into err why a result of the last call has no answer. err NULL is allowed.
 * Shape: result is a result of the operation, or a copy of one. item is the one that the result belongs
 *        to; NULL: the result is that of a server.
 * Returns the status of the result.
 */
int tenon__explain(const struct tenon__operation *op,
		   const struct tenon_item *item,
		   const struct tenon_result *result, struct tenon_error *err);

/*
 * Find the first of count results with a negative status, and explain it in err.
 * Returns that status; 0 when every request has an answer.
 */
static inline int tenon__explain_first(const struct tenon__operation *op,
				       size_t count, struct tenon_error *err)
{
	const struct tenon_result *results = op->requests.results;

	for (size_t i = 0; i < count; i++) {
		if (results[i].status < 0) {
			return tenon__explain(op, op->requests.list[i].item,
					      &results[i], err);
		}
	}
	return 0;
}

#endif
