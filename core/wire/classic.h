/* SPDX-License-Identifier: BSD-3-Clause */
/* The classic text protocol (memcached doc/protocol.txt), sans-I/O. */
#ifndef TENON_CORE_CLASSIC_H
#define TENON_CORE_CLASSIC_H

#include "connection/connection.h"

/*
 * Write requests from connection->send_req on into the send buffer and its pieces,
 * as many as fit. Writes at least one when the buffer is empty.
 */
void tenon__classic_write(struct tenon__connection *conn);

/*
 * Read what has arrived. Returns enum tenon_verdict; broken sets connection->status
 * and says why in the log.
 */
int tenon__classic_read(struct tenon__connection *conn);

#endif
