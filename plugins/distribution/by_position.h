/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For distributions that have no order of their own for the servers after the home server: a walk
 * over the servers by position. The functions are inline in a header, because a plugin links to
 * no library of tenon.
 */
#ifndef TENON_PLUGINS_BY_POSITION_H
#define TENON_PLUGINS_BY_POSITION_H

#include "tenon/plugin/distribution.h"

/*
 * Return the first server at or after rank cursor->at that the walk has not found, and let
 * cursor->at point after that server. order[rank] is the server with this rank; order NULL: its
 * position is its rank. After the last rank comes rank 0.
 * Returns: TENON_NO_SERVER when the walk has found all servers.
 */
static inline uint32_t next_by_rank(struct tenon_ring_cursor *cursor,
				    uint32_t server_count,
				    const uint32_t *order)
{
	uint32_t server;

	if (cursor->found_count >= server_count) {
		return TENON_NO_SERVER;
	}
	do {
		server = (uint32_t)(cursor->at++ % server_count);
		server = order ? order[server] : server;
	} while (tenon_ring_seen(cursor, server));
	return server;
}

/* As next_by_rank(), in the order of the config. */
static inline uint32_t next_by_position(struct tenon_ring_cursor *cursor,
					uint32_t server_count)
{
	return next_by_rank(cursor, server_count, NULL);
}

/* Return the number with all its bits mixed: the last step of MurmurHash3 for 64 bits. */
static inline uint64_t mix_bits(uint64_t number)
{
	number = (number ^ number >> 33) * UINT64_C(0xff51afd7ed558ccd);
	number = (number ^ number >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return number ^ number >> 33;
}

/*
 * Begin a walk at the home server. The key's number, which is the same for all clients, chooses
 * the position where the walk goes on. So the keys of a server that is down go to all other
 * servers, not to one.
 * Returns: home.
 */
static inline uint32_t begin_scattered_walk(struct tenon_ring_cursor *cursor,
					    uint32_t server_count,
					    uint32_t home, uint64_t number)
{
	cursor->at = home + 1;
	if (server_count > 1) {
		cursor->at += mix_bits(number) % (server_count - 1);
	}
	return home;
}

#endif
