/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Facts about one item that only the meta commands of memcached tell: lifetime, last access, class.
 * The classic protocol of the library cannot ask for them, so these functions talk to one server
 * on a connection of their own.
 */
#ifndef TENON_CLI_META_H
#define TENON_CLI_META_H

#include <stdbool.h>
#include <stdint.h>

#include "tenon/tenon.h"

enum meta_state {
	META_FOUND,
	META_ABSENT,
	META_UNKNOWN, /* the server has no meta commands */
	META_FAILED   /* no proper answer; text says why */
};

/* An item on one server. The numbers are set when state is META_FOUND. */
struct meta_item {
	enum meta_state state;
	char text[160]; /* the reason, for META_FAILED and META_UNKNOWN */
	uint64_t value_bytes;
	uint64_t item_bytes; /* with key and header; 0: the server does not tell */
	uint32_t flags;
	int64_t ttl_s;  /* seconds left; -1: the item does not expire */
	uint64_t idle_s; /* seconds since the last access */
	bool fetched;   /* the item was read since it was stored */
	uint64_t class; /* slab class; 0: the server does not tell */
};

/*
 * Ask the server at this address ("host:port", "[ipv6]:port" or "/path.sock") for an item. The
 * question does not count as an access. Takes timeout_ms at most.
 */
void meta_read(const char *address, struct tenon_slice key, int64_t timeout_ms,
	       struct meta_item *out);

/*
 * Read the replies of a server to `me` and `mg`, two lines of len bytes together. Returns false
 * when they are no such replies; out->text says why. For tests, and for meta_read().
 */
bool meta_parse(const char *replies, size_t len, struct meta_item *out);

#endif
