/* SPDX-License-Identifier: BSD-3-Clause */
/* Verbs that change items, through codecs. All errors: TENON_ENOMEM. */
#ifndef TENON_CORE_TRANSFORM_WRITE_H
#define TENON_CORE_TRANSFORM_WRITE_H

#include "operation/transform_parts.h"

/*
 * set, add, replace, cas. Store all values. When one may be split and a key is there twice, the items
 * of that key have their turns one after the other, so that the last one stays.
 */
int tenon__transform_store(struct tenon__transform *t);

/*
 * delete, touch. Run the commands. When the splitter owns its chunks, the same round looks at the old
 * items first, and a last round deletes or touches their chunks.
 */
int tenon__transform_follow(struct tenon__transform *t);

/*
 * append, prepend, incr, decr. These commands change the stored bytes. The stored bytes of an encoded or
 * split value are not the value, so the first round looks at the stored flags, and the second round
 * changes only values that are stored as they are.
 */
int tenon__transform_modify(struct tenon__transform *t);

#endif
