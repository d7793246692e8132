/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The protocol `auto`: each new connection begins in the classic protocol, with `version` in front of its first
 * request that has a reply. When memcached answers that it is new enough, the connection goes on in
 * the meta protocol. This takes no round trip of its own.
 */
#ifndef TENON_CORE_AUTO_H
#define TENON_CORE_AUTO_H

#include "wire/protocol.h"

/*
 * The first release of memcached whose meta commands are those of protocol.txt of today: 1.6.10 changed
 * the syntax, 1.6.18 took the second space out of replies. As in struct tenon__wire: 1.6.18.
 */
#define TENON_META_RELEASE 10618

extern const struct tenon__protocol tenon__auto;

#endif
