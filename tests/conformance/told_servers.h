/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The servers that a failover policy under test is told of: those of tenon-conformance --servers,
 * or usual ones. The tests need rings of many sizes, so they use the given servers again and again.
 */
#ifndef TENON_TESTS_TOLD_SERVERS_H
#define TENON_TESTS_TOLD_SERVERS_H

#include <stdbool.h>

#include "tenon/plugin/failover.h"

/* The servers, as the value of the key `servers` of a config. */
#define SERVERS_VARIABLE "TENON_CONFORMANCE_SERVERS"

/* Return that value, or a default. */
const char *servers_text(void);

/* Return true when --servers was given. */
bool servers_are_given(void);

/*
 * Return the number of pools, 2 or more: the main ring, and the pools of spare servers. When no
 * spare server is given, there is one pool of them nevertheless.
 */
uint32_t servers_pool_count(void);

/* Return the name of a pool; "" for the main ring, pool 0. It lives until the program ends. */
const char *servers_pool(uint32_t pool);

/*
 * Describe the nth server of a pool. The strings live until the program ends. When too few servers
 * are given, the first ones of the pool come again.
 */
void servers_describe(struct tenon_failover_server *out, uint32_t pool,
		      uint32_t nth);

#endif
