/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A round of an operation: requests are sent to all of their servers at the same time, and
 * every request gets its result. Most operations have one round; codecs may need more.
 */
#ifndef TENON_CORE_ROUND_H
#define TENON_CORE_ROUND_H

#include "operation/operation.h"

/*
 * Run every request that is neither answered nor held. On each connection, requests that
 * codecs added are sent before those of the caller's items.
 * Shape:  noreply: no request of the round has a reply.
 * Errors: TENON_ENOMEM. A request without an answer has its own status.
 */
int tenon__round_run(struct tenon__operation *op, bool noreply);

/*
 * Return the home server of a request. A round must have hashed its key: the request was there
 * when the last round began.
 */
uint32_t tenon__round_home(const struct tenon__operation *op, uint32_t req);

/*
 * Run every request on the server in its result, or on its home server where that is TENON_NO_SERVER.
 * A request without a key has a server. No failover policy is asked, and no request hops. noreply: the
 * requests get no reply.
 * Errors: TENON_ENOMEM.
 */
int tenon__round_run_pinned(struct tenon__operation *op, bool noreply);

#endif
