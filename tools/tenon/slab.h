/* SPDX-License-Identifier: BSD-3-Clause */
/* The slab class of one item and its size with key and header, which only the meta command `me` tells. */
#ifndef TENON_CLI_SLAB_H
#define TENON_CLI_SLAB_H

#include <stdbool.h>
#include <stdint.h>

#include "tenon/tenon.h"

/* A number that the server does not tell is 0. */
struct slab {
	uint64_t item_bytes; /* with key and header */
	uint64_t class;
};

/*
 * Ask a server for the item of a key, which is without the prefix. The question does not count as an
 * access. Returns false, with zeros in *out, when the server does not tell.
 */
bool slab_read(struct tenon_client *client, uint32_t server,
	       struct tenon_slice key, struct slab *out);

/* Read the line of a server's reply to `me`. Returns false when it is no such reply. */
bool slab_parse(const char *line, struct slab *out);

#endif
