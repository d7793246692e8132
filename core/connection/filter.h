/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The filter of a connection to a server that has a `secure` plugin: between the connection, which
 * has plain bytes, and the transport, which moves wire bytes. When a server has one, the transport
 * of the engine calls the functions of tenon__filter_ops(); else it calls tenon__connection_ops.
 */
#ifndef TENON_CORE_FILTER_H
#define TENON_CORE_FILTER_H

#include "connection/connection.h"

/*
 * The outgoing buffer: most wire bytes of one send. Plain bytes that are pushed into it are
 * reported to the connection as sent when the kernel took all of the buffer.
 */
#define TENON_FILTER_SEND_MAX_BYTES TENON_SECURE_WIRE_MAX_BYTES
/* The incoming buffer: most wire bytes that have arrived and that the session has not taken. */
#define TENON_FILTER_RECEIVE_MAX_BYTES TENON_SECURE_WIRE_MAX_BYTES

/* Return the functions that a transport calls for connections of which some have a filter. */
struct tenon_connection_ops tenon__filter_ops(void);

/* End the session of a connection that is closed, or is closed next. There may be none. */
void tenon__filter_end(struct tenon__connection *conn);

/*
 * Tell a certificate of the chain that the server sent in the last handshake, as the slot of the
 * plugin does, also when that session has failed. Returns 0 when there is no such certificate.
 */
int tenon__filter_certificate(const struct tenon__connection *conn,
			      uint32_t index,
			      struct tenon_secure_certificate *out);

/* Free the filter of a connection, if there is one. Its session has ended. */
void tenon__filter_free(struct tenon__connection *conn);

#endif
