/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The greeting of a new connection: user and password, when the config has them for its server. No
 * request is sent before the server has accepted them: behind a refused greeting, memcached would
 * take the value of a set for commands. The greeting stands in front of the connection's functions,
 * so that an engine whose config has no password calls those at once.
 */
#ifndef TENON_CORE_GREETING_H
#define TENON_CORE_GREETING_H

#include "connection/connection.h"

/* What a transport or a filter calls for connections that may have a greeting; in connection.c. */
extern const struct tenon_connection_ops tenon__greeting_ops;

/* Its slots that differ from those of tenon__connection_ops. */
int tenon__greeting_connected(void *context, struct tenon_connection *base);
size_t tenon__greeting_send_next(void *context, struct tenon_connection *base,
				 struct iovec *iov, size_t max);
int tenon__greeting_sent(void *context, struct tenon_connection *base,
			 size_t n);
int tenon__greeting_received(void *context, struct tenon_connection *base,
			     size_t n);
void tenon__greeting_failed(void *context, struct tenon_connection *base,
			    int status, int sys_errno);
int tenon__greeting_after(void *context, struct tenon_connection *base,
			  size_t n);

#endif
