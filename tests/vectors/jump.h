/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Jump consistent hash of memcached's proxy: servers of hashes among 1, 2, 3, 10, 1000 and 65535
 * servers. Rows 10 to 17, counted from 0, come in pairs: the first jump of one row is to exactly
 * 2, 4, 1024 or 32768, the first jump of the next row is just short of it. Produced by the function
 * of proxy_jump_hash.c of memcached 2d51e36, compiled alone on x86-64.
 */
#ifndef TENON_TESTS_VECTORS_JUMP_H
#define TENON_TESTS_VECTORS_JUMP_H

#include <stdint.h>

#define JUMP_COUNTS 6

static const uint32_t jump_counts[JUMP_COUNTS] = { 1, 2, 3, 10, 1000, 65535 };

static const struct {
	uint64_t hash;
	uint32_t servers[JUMP_COUNTS];
} jump_rows[] = {
	{ 0x0000000000000000, { 0, 0, 0, 0, 0, 0 } },
	{ 0x0000000000000001, { 0, 0, 0, 6, 549, 21134 } },
	{ 0x000000007fffffff, { 0, 0, 0, 9, 231, 51833 } },
	{ 0x0000000080000000, { 0, 0, 0, 8, 618, 10736 } },
	{ 0x00000000ffffffff, { 0, 0, 2, 5, 875, 23215 } },
	{ 0x0000000100000000, { 0, 1, 2, 2, 937, 30364 } },
	{ 0x7fffffffffffffff, { 0, 0, 2, 8, 972, 8550 } },
	{ 0x8000000000000000, { 0, 1, 1, 5, 453, 53854 } },
	{ 0xffffffffffffffff, { 0, 1, 2, 9, 313, 18311 } },
	{ 0x0000000000000100, { 0, 1, 2, 3, 520, 8799 } },
	{ 0x722b4cf71a9a6983, { 0, 0, 2, 8, 542, 22164 } },
	{ 0xa56525a11a9a6983, { 0, 1, 2, 2, 707, 38197 } },
	{ 0x322b4cf71a9a6983, { 0, 0, 0, 4, 401, 38320 } },
	{ 0x656525a11a9a6983, { 0, 0, 0, 9, 639, 32255 } },
	{ 0x076b4cf71a9a6983, { 0, 0, 0, 0, 0, 50682 } },
	{ 0x3aa525a11a9a6983, { 0, 0, 0, 0, 0, 30147 } },
	{ 0xcad54cf71a9a6983, { 0, 0, 0, 0, 0, 58070 } },
	{ 0xfe0f25a11a9a6983, { 0, 0, 0, 0, 0, 52480 } },
	{ 0x9924be57099a8681, { 0, 1, 1, 3, 270, 31028 } },
	{ 0xa00278349da68a4e, { 0, 1, 1, 8, 219, 60888 } },
	{ 0x4b3d0f93092d6ce3, { 0, 0, 0, 9, 540, 13752 } },
	{ 0x1b89c9227a0233d1, { 0, 0, 0, 9, 94, 5703 } },
	{ 0xf907ea780feb023d, { 0, 1, 1, 8, 700, 42086 } },
	{ 0x9864aa3325edcc29, { 0, 1, 1, 5, 548, 20109 } },
	{ 0xad22afbf2633e37f, { 0, 1, 1, 1, 385, 9678 } },
	{ 0xb4ff1d846762d4b6, { 0, 0, 0, 8, 828, 29306 } },
	{ 0x319744ca7b04e7f8, { 0, 1, 1, 5, 428, 50658 } },
	{ 0x79f3cd23bfaa0da9, { 0, 1, 1, 6, 329, 37042 } },
	{ 0x6ec6381ccb4e49cc, { 0, 0, 0, 9, 765, 33551 } },
	{ 0x181f11a7319e60d3, { 0, 0, 2, 9, 870, 34591 } },
	{ 0xcf30b8cb7966a1a3, { 0, 0, 0, 0, 470, 1476 } },
	{ 0x9cfa6cd77ad61262, { 0, 1, 1, 5, 410, 27432 } },
};

#endif
