/* SPDX-License-Identifier: BSD-3-Clause */
/* One call: from the caller's items, or a command for every server, to the results. */
#ifndef TENON_CORE_CALL_H
#define TENON_CORE_CALL_H

#include "operation/operation.h"

/*
 * Run a verb over count items. The results are op->requests.results[0..count-1].
 * Shape:  options as for tenon_run(), checked by the caller; count is below
 *         TENON_REQUEST_END.
 * Errors: TENON_ENOMEM. A key without an answer has its own status.
 */
int tenon__call_items(struct tenon__operation *op,
		      const struct tenon__verb *verb,
		      const struct tenon_item *items, size_t count,
		      unsigned options);

/*
 * Run a verb on every server. op->requests.results[i] is the result of server i.
 * Shape:  argument as for tenon_run_servers(), checked by the caller.
 * Errors: TENON_ENOMEM. A server without an answer has its own status.
 */
int tenon__call_servers(struct tenon__operation *op,
			const struct tenon__verb *verb, const char *argument,
			bool noreply);

#endif
