/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memcached gives the right to refresh a stale item to the first look at the item (W in the reply), also
 * to a look that wants no value. A command that only shows the item gives the right back, so that a
 * program gets it.
 */
#ifndef TENON_CLI_GIVE_BACK_H
#define TENON_CLI_GIVE_BACK_H

#include <jansson.h>

#include "cli.h"

/*
 * Make the item stale again when the result has TENON_MARK_WON: its next look wins. The result is from
 * this client, with its cas unique; an item that has changed since stays as it is. The lifetime stays.
 * Reports a warning when that is not possible.
 */
void give_back(const struct app *app, struct tenon_slice key,
	       const struct tenon_result *result);

/* Name the marks about a stale item, such as "stale won". The caller frees the text; "": none. */
char *give_back_marks(uint32_t marks);

/* Put each of these marks as true or false. */
void give_back_put_marks(json_t *object, uint32_t marks);

#endif
