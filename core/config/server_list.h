/* SPDX-License-Identifier: BSD-3-Clause */
/* The servers of a config, each with its place. */
#ifndef TENON_CORE_SERVER_LIST_H
#define TENON_CORE_SERVER_LIST_H

#include "config/server_line.h"
#include "option/node.h"

struct tenon__server_entry {
	struct tenon__server server;
	struct tenon__place place;
	char *canonical; /* its address in the form that is compared */
};

/* Zeroed is empty. */
struct tenon__server_list {
	struct tenon__server_entry *entries;
	size_t count;
	size_t capacity;
	uint32_t *by_address; /* numbers of entries, sorted */
	uint32_t *by_name;
};

/*
 * Append one server; takes what *server owns, also when it fails. Every alias and
 * every address may be there once: the name of a server without alias is its
 * address; addresses are compared without regard to case and to how an IPv6
 * address is written.
 * Errors: TENON_ECONFIG (too many; a duplicate, with both places), TENON_ENOMEM.
 * Cost:   two binary searches; thousands of servers may be added one by one.
 */
int tenon__server_list_add(struct tenon__server_list *list,
			   struct tenon__server *server,
			   const struct tenon__place *place,
			   struct tenon_error *err);

/*
 * Append what the value of `servers:` says: a list of server lines and maps
 * {address, alias, weight, pool}, or one server line. Errors: as above, and for what
 * is malformed.
 */
int tenon__server_list_read(struct tenon__server_list *list,
			    const struct tenon__node *value,
			    struct tenon_error *err);

/* Free every server and make it empty. */
void tenon__server_list_fini(struct tenon__server_list *list);

#endif
