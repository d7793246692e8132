/* SPDX-License-Identifier: BSD-3-Clause */
/* The part of a key that is hashed, so that related keys share a server. */
#ifndef TENON_CORE_PART_H
#define TENON_CORE_PART_H

#include "tenon/types.h"

/* Values of the config's key hash_part. */
enum tenon__part {
	TENON__PART_KEY = 0,        /* the whole key */
	TENON__PART_TAG = 1,        /* between two characters, as in twemproxy */
	TENON__PART_PROXY_TAG = 2,  /* the same, as in memcached's proxy */
	TENON__PART_PROXY_STOP = 3, /* in front of a text */
	TENON__PART_MCROUTER = 4    /* without routing prefix and suffix, as in mcrouter */
};

/* The words of hash_part, by enum tenon__part. Ends with NULL. */
extern const char *const tenon__part_words[];

/* The longest text of the config's key hash_tag, in bytes. */
#define TENON_HASH_TAG_MAX_BYTES 32

struct tenon__part_rule {
	uint32_t part;    /* enum tenon__part */
	const char *text; /* TAG and PROXY_TAG: two characters, or ""; PROXY_STOP: the text */
};

/*
 * Return the part of a key that is hashed. The whole key when the key has no such part.
 * Shape:  the part points into the key. Its length is 0 only by PROXY_TAG and PROXY_STOP.
 * Source: twemproxy, nc_server.c server_pool_idx; memcached, proxy_lua.c mcp_key_hash_filter_stop
 *         and mcp_key_hash_filter_tag; mcrouter, lib/carbon/Keys-inl.h.
 */
struct tenon_slice tenon__part_of(const struct tenon__part_rule *rule,
				  struct tenon_slice key);

#endif
