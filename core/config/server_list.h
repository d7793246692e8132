/* SPDX-License-Identifier: BSD-3-Clause */
/* The servers of a config, each with its place in the config. */
#ifndef TENON_CORE_SERVER_LIST_H
#define TENON_CORE_SERVER_LIST_H

#include <stdbool.h>

#include "config/server_line.h"
#include "option/node.h"

struct tenon__server_entry {
	struct tenon__server server;
	struct tenon__place place;
	char *canonical; /* the address, in the form in which addresses are compared */
	char *ring_name; /* the name that the server's points on a ring are made of */
	/* Values of the server's map that are read when an assembly is made, or NULL; in a source. */
	const struct tenon__node *auth;
	const struct tenon__node *secure;
	const struct tenon__node *secure_short; /* of the key that is short for `secure` */
	const char *folder; /* of that source: relative paths start there */
};

/* A list of servers. A zeroed list is empty. */
struct tenon__server_list {
	struct tenon__server_entry *entries;
	size_t count;
	size_t capacity;
	uint32_t *by_address; /* indexes of the entries, sorted by canonical address */
	uint32_t *by_name;    /* indexes of the entries, sorted by alias, or address if none */
	uint32_t *by_ring;    /* indexes of the entries, sorted by ring_name */
	bool shares_addresses; /* servers with different names may have the same address */
};

/*
 * Append one server. No two servers may have the same address, unless
 * list->shares_addresses, no two the same name, and no two
 * the same name on a ring.
 * - The name of a server is its alias, or its address if it has no alias.
 * - The name on a ring differs for a server without alias: its host alone when its port is
 *   11211, else host:port without brackets. Two servers with one ring name have the same points, so
 *   that one of them would get no key. Example: "h:11211" and "h2:1 h".
 * Addresses are compared without case, and all spellings of an IPv6 address are the same.
 * Owns:   the list takes the strings of *server. After an error they have been freed.
 * Errors: TENON_ECONFIG (more than TENON_SERVER_MAX_COUNT servers; a duplicate, with both
 *         places), TENON_ENOMEM.
 * Cost:   three binary searches, and moving up to 12 bytes per server in the list. So thousands of
 *         servers can be added one by one.
 * Source: libmc, Client.cpp (the name on a ring).
 */
int tenon__server_list_add(struct tenon__server_list *list,
			   struct tenon__server *server,
			   const struct tenon__place *place,
			   struct tenon_error *err);

/*
 * Append the servers in the value of the key `servers`: a list of servers, or one server. Each
 * is a server line or a map {address, alias, weight, pool, labels, auth, secure}. Relative paths start from folder.
 * Errors: TENON_ECONFIG (also for a malformed server), TENON_ENOMEM. Servers before the wrong
 *         one stay in the list.
 */
int tenon__server_list_read(struct tenon__server_list *list,
			    const struct tenon__node *value,
			    const char *folder, struct tenon_error *err);

/* Free all servers. The list is then empty. */
void tenon__server_list_fini(struct tenon__server_list *list);

#endif
