/* SPDX-License-Identifier: BSD-3-Clause */
/* Verbs that read values, through codecs. */
#ifndef TENON_CORE_TRANSFORM_READ_H
#define TENON_CORE_TRANSFORM_READ_H

#include "operation/transform_parts.h"

/*
 * First round: all keys. Second round: the chunks of the parents that were found. Then the
 * values are put together and decoded.
 * Errors: TENON_ENOMEM.
 */
int tenon__transform_read(struct tenon__transform *t);

#endif
