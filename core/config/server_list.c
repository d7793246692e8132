/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/server_list.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/auth.h"
#include "config/defaults.h"
#include "option/option.h"

/* A server that is written as a map. "" as alias or pool: the option is null or missing. */
struct server_options {
	const char *address;
	const char *alias;
	int64_t weight; /* 0: the option is missing */
	const char *pool;
	struct tenon_map *labels;
	const struct tenon__node *auth;
	const struct tenon__node *secure;
	const struct tenon__node *secure_short;
};

static const struct tenon_option server_rows[] = {
	{ .name = "address",
	  .type = TENON_OPTION_STRING,
	  .offset = offsetof(struct server_options, address),
	  .min = 1,
	  .max = TENON_HOST_MAX_BYTES + 8,
	  .def_text = "" },
	{ .name = "alias",
	  .type = TENON_OPTION_STRING,
	  .offset = offsetof(struct server_options, alias),
	  .min = 1,
	  .max = TENON_ALIAS_MAX_BYTES,
	  .def_text = "" },
	{ .name = "weight",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct server_options, weight),
	  .min = 1,
	  .max = TENON_WEIGHT_MAX,
	  .def = 0 },
	{ .name = "pool",
	  .type = TENON_OPTION_STRING,
	  .offset = offsetof(struct server_options, pool),
	  .min = 1,
	  .max = TENON_POOL_NAME_MAX_BYTES,
	  .def_text = "" },
	{ .name = "labels",
	  .type = TENON_OPTION_MAP,
	  .offset = offsetof(struct server_options, labels),
	  .max = TENON_LABELS_MAX_COUNT },
	{ .name = "auth",
	  .type = TENON__OPTION_NODE,
	  .offset = offsetof(struct server_options, auth) },
	{ .name = "secure",
	  .type = TENON__OPTION_NODE,
	  .offset = offsetof(struct server_options, secure) },
	{ .name = tenon__default_secure_key,
	  .type = TENON__OPTION_NODE,
	  .offset = offsetof(struct server_options, secure_short) },
	{ .name = NULL },
};

/* ---- unique names and addresses ----------------------------------------- */

/* The longest IPv6 address with its port and a NUL. */
#define IPV6_BYTES (TENON_HOST_MAX_BYTES + 16)

static bool is_ipv6(const struct tenon__server *server)
{
	return server->port != 0 && strchr(server->host, ':') != NULL;
}

/* Make the text host:port, without brackets. Returns NULL when out of memory. */
static char *join_port(const char *host, uint32_t port)
{
	char text[IPV6_BYTES];
	int len = snprintf(text, sizeof(text), "%s:%u", host, (unsigned)port);

	return tenon__strndup(text, (size_t)len);
}

/*
 * Make a server's address in canonical form: two addresses are the same when their canonical
 * forms are equal texts. Returns NULL when out of memory.
 */
static char *canonical_address(const struct tenon__server *server)
{
	char host[TENON_HOST_MAX_BYTES + 1];
	struct in6_addr ipv6;
	char *address;

	if (!is_ipv6(server)) {
		address = tenon__strdup(server->address);
	} else if (inet_pton(AF_INET6, server->host, &ipv6) == 1) {
		inet_ntop(AF_INET6, &ipv6, host, sizeof(host));
		address = join_port(host, server->port);
	} else { /* with a zone */
		address = join_port(server->host, server->port);
	}
	for (char *at = address; server->port != 0 && at && *at != '\0';
	     at++) {
		*at = tenon__lower(*at);
	}
	return address;
}

/*
 * Make the name that a server has on a ring, as libmc makes it: the alias; without alias the
 * host, with its port when that is another one than 11211. A UNIX socket has no port. Returns NULL
 * when out of memory.
 */
static char *ring_name(const struct tenon__server *server)
{
	if (server->alias) {
		return tenon__strdup(server->alias);
	}
	if (server->port == 0 || server->port == TENON_DEFAULT_PORT) {
		return tenon__strdup(server->host);
	}
	return is_ipv6(server) ? join_port(server->host, server->port)
			       : tenon__strdup(server->address);
}

/* Return the text that the entries of an order are sorted by. */
typedef const char *key_of(const struct tenon__server_entry *entry);

static const char *address_of(const struct tenon__server_entry *entry)
{
	return entry->canonical;
}

static const char *name_of(const struct tenon__server_entry *entry)
{
	return tenon__server_name(&entry->server);
}

static const char *ring_name_of(const struct tenon__server_entry *entry)
{
	return entry->ring_name;
}

/*
 * Find the entry with a key in an order, by binary search. *at is its index in the order, or the
 * index where such an entry would have to be inserted. Returns the entry, or NULL.
 */
static const struct tenon__server_entry *
find(const struct tenon__server_list *list, const uint32_t *order, key_of *key,
     const char *wanted, size_t *at)
{
	size_t low = 0;
	size_t high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct tenon__server_entry *entry =
			&list->entries[order[middle]];
		int compared = strcmp(key(entry), wanted);

		if (compared == 0) {
			*at = middle;
			return entry;
		}
		if (compared < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	*at = low;
	return NULL;
}

/* Print the place of the first of two entries, with end behind it; "" for an unknown place. */
#define FIRST_BYTES (TENON_ERROR_WHERE_BYTES + 32)
static const char *print_first(char out[FIRST_BYTES],
			       const struct tenon__server_entry *first,
			       const char *end)
{
	out[0] = '\0';
	if (first->place.line > 0) {
		snprintf(out, FIRST_BYTES, ", first in %.*s:%u%s",
			 TENON_ERROR_WHERE_BYTES, first->place.where,
			 (unsigned)first->place.line, end);
	}
	return out;
}

static int duplicate(const struct tenon__server_entry *first,
		     const struct tenon__server_entry *again, const char *what,
		     const char *name, struct tenon_error *err)
{
	char where[FIRST_BYTES];

	return tenon__error_place(
		err, TENON_ECONFIG, &again->place,
		"servers: %s '%.120s' is used twice%s, expected a different one for each server",
		what, name, print_first(where, first, ""));
}

/* The alias of one server is the name that the ring makes of the other's address. */
static int duplicate_on_ring(const struct tenon__server_entry *first,
			     const struct tenon__server_entry *again,
			     struct tenon_error *err)
{
	const struct tenon__server_entry *bare =
		first->server.alias ? again : first;
	char where[FIRST_BYTES];

	return tenon__error_place(
		err, TENON_ECONFIG, &again->place,
		"servers: '%.80s' and '%.80s'%s have the same name '%.80s' on the ring, expected a different one for each server; give %.80s an alias",
		again->server.address, first->server.address,
		print_first(where, first, ","), again->ring_name,
		bare->server.address);
}

/* ---- the list ----------------------------------------------------------- */

/* Make room for one more entry. Errors: TENON_ENOMEM; the entries are unchanged. */
static int reserve(struct tenon__server_list *list, struct tenon_error *err)
{
	size_t capacity = list->capacity > 0 ? 2 * list->capacity : 8;
	void *grown;

	if (list->count < list->capacity) {
		return 0;
	}
	if ((grown = tenon__realloc(list->entries, capacity,
				    sizeof(*list->entries)))) {
		list->entries = grown;
	}
	if (grown && (grown = tenon__realloc(list->by_address, capacity,
					     sizeof(*list->by_address)))) {
		list->by_address = grown;
	}
	if (grown && (grown = tenon__realloc(list->by_name, capacity,
					     sizeof(*list->by_name)))) {
		list->by_name = grown;
	}
	if (grown && (grown = tenon__realloc(list->by_ring, capacity,
					     sizeof(*list->by_ring)))) {
		list->by_ring = grown;
		list->capacity = capacity;
	}
	return grown ? 0 : tenon__error_no_memory(err);
}

/* Insert the number of the next entry, list->count, into an order. */
static void insert(const struct tenon__server_list *list, uint32_t *order,
		   size_t at)
{
	memmove(order + at + 1, order + at,
		(list->count - at) * sizeof(*order));
	order[at] = (uint32_t)list->count;
}

/* Append an entry, unless its address or name is in the list. On error the entry is not taken. */
static int append(struct tenon__server_list *list,
		  const struct tenon__server_entry *entry,
		  struct tenon_error *err)
{
	const struct tenon__server_entry *first;
	size_t address_at, name_at, ring_at;

	if (list->count == TENON_SERVER_MAX_COUNT) {
		return tenon__error_place(err, TENON_ECONFIG, &entry->place,
					  "servers: found more servers than the limit of %d",
					  TENON_SERVER_MAX_COUNT);
	}
	first = find(list, list->by_address, address_of, entry->canonical,
		     &address_at);
	if (first && !list->shares_addresses) {
		return duplicate(first, entry, "address", entry->canonical,
				 err);
	}
	first = find(list, list->by_name, name_of, name_of(entry), &name_at);
	if (first) {
		return duplicate(first, entry, "alias", name_of(entry), err);
	}
	first = find(list, list->by_ring, ring_name_of, entry->ring_name,
		     &ring_at);
	if (first) {
		return duplicate_on_ring(first, entry, err);
	}
	int code = reserve(list, err);
	if (!code) {
		insert(list, list->by_address, address_at);
		insert(list, list->by_name, name_at);
		insert(list, list->by_ring, ring_at);
		list->entries[list->count++] = *entry;
	}
	return code;
}

int tenon__server_list_add(struct tenon__server_list *list,
			   struct tenon__server *server,
			   const struct tenon__place *place,
			   struct tenon_error *err)
{
	struct tenon__server_entry entry = {
		.server = *server,
		.place = *place,
		.canonical = canonical_address(server),
		.ring_name = ring_name(server),
	};
	int code = entry.canonical && entry.ring_name
			   ? append(list, &entry, err)
			   : tenon__error_no_memory(err);
	if (code) {
		tenon__free(entry.canonical);
		tenon__free(entry.ring_name);
		tenon__server_fini(server);
	}
	return code;
}

void tenon__server_list_fini(struct tenon__server_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		tenon__server_fini(&list->entries[i].server);
		tenon__free(list->entries[i].canonical);
		tenon__free(list->entries[i].ring_name);
	}
	tenon__free(list->entries);
	tenon__free(list->by_address);
	tenon__free(list->by_name);
	tenon__free(list->by_ring);
	*list = (struct tenon__server_list){ 0 };
}

/* ---- reading ------------------------------------------------------------ */

/* Check the values of a server's map that are read later, as far as no other file reads them. */
static int check_later(const struct tenon__server_entry *entry,
		       const struct tenon__node *map, struct tenon_error *err)
{
	if (entry->secure && entry->secure_short) {
		return tenon__error_place(
			err, TENON_ECONFIG, &map->place,
			"server: found 'secure' and '%s', expected one of them",
			tenon__default_secure_key);
	}
	return entry->auth ? tenon__auth_check(entry->auth, err) : 0;
}

/* Read a server's map. *entry gets the values that are read later. */
static int parse_map(struct tenon__server *out,
		     struct tenon__server_entry *entry,
		     const struct tenon__node *map, struct tenon_error *err)
{
	const struct tenon__option_owner owner = { .subject = "server" };
	struct server_options options = { .address = NULL };
	struct tenon_error reported = { .code = 0 };
	int code = tenon__option_fill(server_rows, &options, map, &owner,
				      &map->place, err);

	if (!code && options.address[0] == '\0') {
		code = tenon__error_place(err, TENON_ECONFIG, &map->place,
					  "server: found no address, expected {address: host:port}");
	} else if (!code) {
		code = tenon__server_make(
			out, options.address,
			options.alias[0] != '\0' ? options.alias : NULL,
			options.weight ? (uint64_t)options.weight : 1,
			&reported);
		out->weight_given = options.weight != 0;
		if (!code && options.pool[0] != '\0') {
			code = tenon__server_set_pool(out, options.pool,
						      &reported);
		}
		if (code) {
			tenon__server_fini(out);
			tenon__error_place(err, code, &map->place, "%s",
					   reported.message);
		} else {
			out->labels = options.labels; /* with its memory */
			options.labels = NULL;
		}
	}
	entry->auth = options.auth;
	entry->secure = options.secure;
	entry->secure_short = options.secure_short;
	tenon__option_fini(server_rows, &options);
	if (!code) {
		code = check_later(entry, map, err);
		if (code) {
			tenon__server_fini(out);
		}
	}
	return code;
}

static int read_entry(struct tenon__server_list *list,
		      const struct tenon__node *node, const char *folder,
		      struct tenon_error *err)
{
	struct tenon__server_entry later = { .auth = NULL };
	struct tenon__server server = { .alias = NULL };
	struct tenon_error reported = { .code = 0 };
	char found[TENON__NODE_FOUND_BYTES];
	int code = 0;

	if (node->type == TENON__NODE_MAP) {
		code = parse_map(&server, &later, node, err);
	} else if (node->type == TENON__NODE_LIST ||
		   tenon__node_is_null(node)) {
		code = tenon__error_place(
			err, TENON_ECONFIG, &node->place,
			"server: found %s, expected host:port alias, or {address: host:port, alias: name, weight: 1, pool: name}",
			tenon__node_found(found, node));
	} else {
		code = tenon__server_parse(&server, node->text,
					   strlen(node->text), &reported);
		if (code) {
			tenon__error_place(err, code, &node->place, "%s",
					   reported.message);
		}
	}
	if (!code) {
		code = tenon__server_list_add(list, &server, &node->place, err);
	}
	if (!code) {
		list->entries[list->count - 1].auth = later.auth;
		list->entries[list->count - 1].secure = later.secure;
		list->entries[list->count - 1].secure_short =
			later.secure_short;
		list->entries[list->count - 1].folder = folder;
	}
	return code;
}

int tenon__server_list_read(struct tenon__server_list *list,
			    const struct tenon__node *value,
			    const char *folder, struct tenon_error *err)
{
	int code = 0;

	if (value->type != TENON__NODE_LIST) {
		return read_entry(list, value, folder, err);
	}
	/* An error of the list, as `tenon check` reads the list again for each error of an entry. */
	if (value->count > TENON_SERVER_MAX_COUNT) {
		return tenon__error_place(err, TENON_ECONFIG, &value->place,
					  "servers: found %zu servers, expected at most %d",
					  value->count, TENON_SERVER_MAX_COUNT);
	}
	for (const struct tenon__node *node = value->first; node && !code;
	     node = node->next) {
		code = read_entry(list, node, folder, err);
	}
	return code;
}
