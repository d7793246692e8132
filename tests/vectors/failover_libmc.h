/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The servers to which libmc sends keys when servers are dead.
 *
 * Origin: libmc 1069477 (2025-11) built with g++ 12. A Client over six listeners on
 *         127.0.0.1 with the aliases mc0 to mc5, md5, enableConsistentFailover(). The
 *         answers of getRealtimeServerAddressByKey() for the keys "failover:N", each
 *         set from a new Client, after the listeners of the set were closed.
 */
#ifndef TENON_TESTS_VECTORS_FAILOVER_LIBMC_H
#define TENON_TESTS_VECTORS_FAILOVER_LIBMC_H

#define FAILOVER_LIBMC_SERVERS 6
#define FAILOVER_LIBMC_SETS 5

/* The dead servers of each set, as bits. */
static const unsigned failover_libmc_dead[FAILOVER_LIBMC_SETS] = {
	0, 1u << 2, 1u << 2 | 1u << 5, 0x2f, 0x3f
};

/* For each set the digit of the server's alias; '-': no server. */
static const struct {
	unsigned n;
	const char *servers;
} failover_libmc_keys[] = {
	{ 0, "2444-" },
	{ 7, "3334-" },
	{ 14, "4444-" },
	{ 21, "0004-" },
	{ 28, "4444-" },
	{ 35, "1114-" },
	{ 42, "5514-" },
	{ 49, "5544-" },
	{ 56, "4444-" },
	{ 63, "1114-" },
	{ 70, "3334-" },
	{ 77, "1114-" },
	{ 84, "4444-" },
	{ 91, "2444-" },
	{ 98, "2534-" },
	{ 105, "5504-" },
	{ 112, "5544-" },
	{ 119, "3334-" },
	{ 126, "1114-" },
	{ 133, "4444-" },
	{ 140, "5534-" },
	{ 147, "2444-" },
	{ 154, "5514-" },
	{ 161, "4444-" },
	{ 168, "3334-" },
	{ 175, "4444-" },
	{ 182, "1114-" },
	{ 189, "5504-" },
	{ 196, "5544-" },
	{ 203, "0004-" },
	{ 210, "2114-" },
	{ 217, "5544-" },
	{ 224, "3334-" },
	{ 231, "1114-" },
	{ 238, "4444-" },
	{ 245, "0004-" },
	{ 252, "2004-" },
	{ 259, "2334-" },
	{ 266, "4444-" },
	{ 273, "3334-" },
	{ 280, "1114-" },
	{ 287, "2534-" },
	{ 294, "2334-" },
	{ 301, "0004-" },
	{ 308, "3334-" },
	{ 315, "0004-" },
	{ 322, "3334-" },
	{ 329, "0004-" },
	{ 336, "3334-" },
	{ 343, "4444-" },
	{ 350, "0004-" },
	{ 357, "5544-" },
	{ 364, "3334-" },
	{ 371, "0004-" },
	{ 378, "0004-" },
	{ 385, "1114-" },
	{ 392, "5514-" },
	{ 399, "3334-" },
	{ 406, "0004-" },
	{ 413, "2334-" },
};

#endif
