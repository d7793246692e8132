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
 * Describe the nth server of the main ring, or the nth spare server. The strings live until the
 * program ends. When too few servers are given, the first ones come again.
 */
void servers_describe(struct tenon_failover_server *out, bool is_spare,
		      uint32_t nth);

/* Return the name of the pool of spare servers. */
const char *servers_pool(void);

#endif
