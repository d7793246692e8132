/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A meta command in the caller's own words, TENON_SHAPE_VERBATIM: `mn` is sent behind it, whose reply
 * MN ends the exchange, also when the command has no reply. All text protocols share the functions.
 * Source: memcached doc/protocol.txt, "Meta Commands".
 */
#ifndef TENON_CORE_VERBATIM_H
#define TENON_CORE_VERBATIM_H

#include "wire/wire.h"

/* The text of a result when the server answers the command with ERROR. */
#define TENON_VERBATIM_UNKNOWN                                                 \
	"the server does not know this meta command (it answered ERROR)"

/* Return true when a block with a value stands behind the line of this command: ms. */
static inline bool tenon__verbatim_stores(const struct tenon__verb *verb)
{
	return verb->name[1] == 's';
}

/* Return true when this command is the one that ends an exchange: mn. */
static inline bool tenon__verbatim_is_end(const struct tenon__verb *verb)
{
	return verb->name[1] == 'n';
}

/*
 * Write the next request. Its `key` is what stands behind the name of the command; nothing else is in
 * the send buffer but a fence. *from is as in tenon__send_value().
 */
char *tenon__verbatim_write(struct tenon__wire *wire, char *at,
			    const char **from);

/* Read from the reply as much as has arrived. Returns an enum tenon__verdict, or TENON_WIRE_READ_ON. */
int tenon__verbatim_next(struct tenon__wire *wire);

#endif
