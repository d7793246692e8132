/* SPDX-License-Identifier: BSD-3-Clause */
/* The meta protocol (memcached doc/protocol.txt, "Meta Commands"): bytes out, replies in. */
#ifndef TENON_CORE_META_PROTOCOL_H
#define TENON_CORE_META_PROTOCOL_H

#include "wire/protocol.h"

/* The text of each result when the server answers a meta command with ERROR. */
#define TENON_META_UNKNOWN \
	"the server knows no meta commands (it answered ERROR); the config needs protocol: classic"
/* The end of the sentence when the server closes a new connection behind a meta command. */
#define TENON_META_CLOSED \
	"; the server may know no meta commands, so set `protocol: classic`"

extern const struct tenon__protocol tenon__meta;

/* The function `write` of the protocol, which is explained in protocol.h. */
void tenon__meta_write(struct tenon__wire *wire);

#endif
