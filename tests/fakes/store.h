/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Servers in memory: a transport that answers the requests itself, without a
 * socket and without libcheck. It knows get, gets, gat, gats, set and delete;
 * what it is told to store it keeps as it is.
 */
#ifndef TENON_TESTS_FAKES_STORE_H
#define TENON_TESTS_FAKES_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tenon_client;
struct tenon_connection_ops;
struct tenon_transport_ops;

struct store_item {
	struct store_item *next;
	size_t key_len;
	size_t value_len;
	uint32_t flags;
	char *value;
	char key[];
};

/* What becomes of a command that changes an item. */
enum store_fate {
	STORE_DONE = 0,
	STORE_REFUSED,  /* SERVER_ERROR, and the item stays as it was */
	STORE_UNSEEN,   /* the connection breaks before the server reads the command */
	STORE_UNHEARD   /* the command is done, and the connection breaks before the reply */
};

/* Decide the fate of a set or delete. key is as sent. */
typedef enum store_fate (*store_fate_fn)(uint32_t server, bool is_delete,
					 const char *key, size_t key_len);

struct store {
	struct store_item *items; /* the newest first */
	size_t rounds;            /* runs of the transport */
	store_fate_fn fate;       /* NULL: every command is done */
	int broken_status; /* of a connection that breaks: TENON_ECLOSED or TENON_ETIMEDOUT */
	const struct tenon_transport_ops *next; /* the client's transport */
	void *replaced;                         /* the client's instance of it */
	const struct tenon_connection_ops *ops; /* the core's, for a transport */
};

/* Take the place of the transport of a client that has not run anything yet. */
void store_wrap(struct store *store, struct tenon_client *client);

/* Give the place back: before tenon_client_close(). */
void store_unwrap(struct store *store, struct tenon_client *client);

/* Keep an item as it is; one under the same key goes. */
void store_put(struct store *store, const void *key, size_t key_len,
	       uint32_t flags, const void *value, size_t value_len);

/* Return the item with this key, or NULL. */
const struct store_item *store_find(struct store *store, const void *key,
				    size_t key_len);

/* Drop everything. */
void store_clear(struct store *store);

#endif
