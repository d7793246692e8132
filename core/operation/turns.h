/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The order of items with the same key. A split value takes more than one round, so another
 * value under the same key has to wait until the split value is stored.
 */
#ifndef TENON_CORE_TURNS_H
#define TENON_CORE_TURNS_H

#include "operation/operation.h"

/*
 * Give each of the caller's items a turn: the number of earlier items with the same key.
 * Shape:  *turns is an array of op->item_count numbers; NULL: no key is there twice. *last is
 *         the largest turn.
 * Owns:   *turns is the operation's memory.
 * Errors: TENON_ENOMEM.
 * Cost:   one hash for each key.
 */
int tenon__turns_make(struct tenon__operation *op, uint32_t **turns,
		      uint32_t *last);

#endif
