/* SPDX-License-Identifier: BSD-3-Clause */
/* What codecs add to an operation: values on their way out and back, and the rounds they need. */
#ifndef TENON_CORE_TRANSFORM_H
#define TENON_CORE_TRANSFORM_H

#include "operation/operation.h"

/*
 * Run the operation whose items are in the client's requests, through the chain of
 * codecs (there is one). options as for tenon_run(). Errors: TENON_ENOMEM.
 */
int tenon__transform_run(struct tenon__operation *op,
			 const struct tenon__verb *verb, unsigned options);

#endif
