/* SPDX-License-Identifier: BSD-3-Clause */
/* One call: from the caller's items, or a command for every server, to the results. */
#ifndef TENON_CORE_CALL_H
#define TENON_CORE_CALL_H

#include "operation/operation.h"

/* The options that a protocol has to send: see tenon__request_more(). */
#define TENON__MORE_OPTIONS                                                    \
	(TENON_INVALIDATE | TENON_NO_BUMP | TENON_FACTS | TENON_COMPARE |      \
	 TENON_VIVIFY)

/* Return true when a protocol has to send some of the options of the call. */
static inline bool tenon__call_needs_more(const struct tenon_call *call)
{
	return ((call->options & TENON__MORE_OPTIONS) | call->lease_s |
		call->refresh_s) != 0;
}

/*
 * Run a verb over count items. The results are op->requests.results[0..count-1].
 * Shape:  *call has all fields and was checked by the caller; count is below
 *         TENON_REQUESTS_LIMIT.
 * Errors: TENON_ENOMEM. A key without an answer has its own status.
 */
int tenon__call_items(struct tenon__operation *op,
		      const struct tenon__verb *verb,
		      const struct tenon_item *items, size_t count,
		      const struct tenon_call *call);

/*
 * Run a verb on every server. op->requests.results[i] is the result of server i.
 * Shape:  argument and *call as for tenon_run_servers(), checked by the caller; *call has all
 *         fields. TENON_NOREPLY goes with any verb.
 * Errors: TENON_ENOMEM. A server without an answer has its own status.
 */
int tenon__call_servers(struct tenon__operation *op,
			const struct tenon__verb *verb, const char *argument,
			const struct tenon_call *call);

/*
 * Send a meta command in the caller's words. The result is op->requests.results[0].
 * Shape:  verb is from tenon__verbatim_verb_of(). The key of the item decides the home server, also of
 *         mn, which sends no key. server: an index, or TENON_NO_SERVER for the home. flags has at
 *         most TENON_META_FLAGS_MAX_BYTES. typed: the key is sent as it is, without the prefix.
 * Errors: TENON_ENOMEM. A request without an answer has its own status.
 */
int tenon__call_verbatim(struct tenon__operation *op,
			 const struct tenon__verb *verb,
			 const struct tenon_item *item,
			 struct tenon_slice flags, uint32_t server, bool typed,
			 const struct tenon_call *call);

#endif
