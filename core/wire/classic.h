/* SPDX-License-Identifier: BSD-3-Clause */
/* The classic text protocol (memcached doc/protocol.txt): bytes out, replies in. */
#ifndef TENON_CORE_CLASSIC_H
#define TENON_CORE_CLASSIC_H

#include "wire/wire.h"

/*
 * Write the next requests, from wire->send_req on, into the send buffer and its list of
 * pieces: as many as fit, at least one. All earlier pieces were sent.
 */
void tenon__classic_write(struct tenon__wire *wire);

/*
 * Parse the bytes that have arrived, and record the answers of requests.
 * Returns enum tenon_verdict. After TENON_VERDICT_BROKEN, wire->status is the reason.
 */
int tenon__classic_read(struct tenon__wire *wire);

/* Return true when the bytes are whole error lines, as replies to noreply requests are. */
bool tenon__classic_are_errors(const char *bytes, size_t len);

#endif
