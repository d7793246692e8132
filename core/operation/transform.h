/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Operations with codecs: values are encoded before they are sent and decoded after they
 * were received. Chunks of split values need requests and rounds of their own.
 */
#ifndef TENON_CORE_TRANSFORM_H
#define TENON_CORE_TRANSFORM_H

#include "operation/operation.h"

/*
 * Run an operation whose requests for the caller's items were added, with the codecs of
 * its chain. The chain has at least one codec.
 * Shape:  options as for tenon_run(), without TENON_RAW.
 * Errors: TENON_ENOMEM. A request without an answer has its own status.
 */
int tenon__transform_run(struct tenon__operation *op,
			 const struct tenon__verb *verb, unsigned options);

#endif
