/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a server want TLS? memcached -Z closes a connection when it gets text, and does not say why. It
 * answers a handshake with a message of TLS. So do other servers that speak TLS.
 */
#ifndef TENON_CLI_TLS_PORT_H
#define TENON_CLI_TLS_PORT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Ask on a connection of its own, which has no secure plugin. The deadline is a time of clock_ms().
 * No library for TLS is needed, and no session begins.
 */
bool tls_port_ask(const char *address, int64_t deadline_ms);

#endif
