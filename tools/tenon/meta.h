/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The slab class of one item and its size with key and header. Only the meta command `me` tells them,
 * and the library has no request for it, so these functions ask on a plain connection of their own.
 */
#ifndef TENON_CLI_META_H
#define TENON_CLI_META_H

#include <stdbool.h>
#include <stdint.h>

#include "tenon/tenon.h"

/* A number that the server does not tell is 0. */
struct meta_slab {
	uint64_t item_bytes; /* with key and header */
	uint64_t class;
};

/*
 * Ask the server at this address ("host:port", "[ipv6]:port" or "/path.sock") for an item. The
 * question does not count as an access. Takes timeout_ms at most. Returns false, with zeros in *out,
 * when the server does not tell.
 */
bool meta_read(const char *address, struct tenon_slice key, int64_t timeout_ms,
	       struct meta_slab *out);

/* Read the reply of a server to `me`, one line of len bytes. Returns false when it is no such reply. */
bool meta_parse(const char *reply, size_t len, struct meta_slab *out);

#endif
