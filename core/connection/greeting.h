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

/* What a transport or a filter calls for connections that may have a greeting. */
extern const struct tenon_connection_ops tenon__greeting_ops;

#endif
