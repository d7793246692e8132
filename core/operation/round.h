/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rounds of an operation: requests go to their servers, all of them at the same
 * time, and every one gets its outcome. Most operations are one round; codecs may
 * ask for more.
 */
#ifndef TENON_CORE_ROUND_H
#define TENON_CORE_ROUND_H

#include "operation/operation.h"

/*
 * Run every request that is neither answered nor held; those behind the caller's
 * items are written first. Errors: TENON_ENOMEM.
 */
int tenon__round_run(struct tenon__operation *op, bool noreply);

/* The same for requests that go to the server of their number, without a key. */
int tenon__round_run_servers(struct tenon__operation *op, bool noreply);

#endif
