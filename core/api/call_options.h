/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of a call. */
#ifndef TENON_CORE_CALL_OPTIONS_H
#define TENON_CORE_CALL_OPTIONS_H

#include "wire/protocol.h"

/*
 * Read the options of a call of this verb, over keys or over servers, and check that they go with the
 * verb and the protocol. *out gets all fields.
 * Errors: TENON_EINVAL.
 */
int tenon__options_read(struct tenon_call *out, const struct tenon_call *given,
			const struct tenon__verb *verb,
			const struct tenon__protocol *protocol,
			struct tenon_error *err);

#endif
