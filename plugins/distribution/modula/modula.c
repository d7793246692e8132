/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Distribution modula: the remainder of the key's hash, divided by the number of places. A server
 * has as many places as its weight says, one after the other in the order of the config or of the
 * names.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tenon/plugin/distribution.h"

#include "../../decimal.h"
#include "../by_position.h"

/*
 * python-memcached tries so many places: the home server's, and then those of other hashes. The
 * number of a try has one digit.
 */
#define TRIES 10

#define PORT_BYTES 6 /* ":65535" */

enum { ORDER_CONFIG, ORDER_TWEMPROXY };
enum { WEIGHTS_REPEAT, WEIGHTS_IGNORED };
enum { NEXT_POSITION, NEXT_REHASH };

static const char *const order_rules[] = { "config", "twemproxy", NULL };
static const char *const weight_rules[] = { "repeat", "ignored", NULL };
static const char *const next_rules[] = { "position", "rehash", NULL };

struct modula_options {
	int32_t order;
	int32_t weights;
	int32_t next;
	int64_t hash_bits;
};

struct modula {
	const struct tenon_host *host;
	const struct tenon_hash *key_hash;
	uint64_t mask; /* the bits of a hash that count */
	uint32_t place_count;
	uint32_t server_count;
	/* When all servers have the same number of places, this number; else 0. */
	uint32_t places_each;
	bool by_name;
	bool weights_ignored;
	bool rehash;
	uint32_t *order; /* order[rank]: the server with this rank. NULL: its index is the rank */
	uint32_t *ends;	 /* ends[rank]: one more than the server's last place. NULL: not needed */
};

static int modula_init(void *self, const void *options,
		       const struct tenon_host *host, struct tenon_error *err)
{
	const struct modula_options *chosen = options;
	struct modula *modula = self;

	(void)err;
	modula->host = host;
	modula->mask = UINT64_MAX >> (64 - chosen->hash_bits);
	modula->by_name = chosen->order == ORDER_TWEMPROXY;
	modula->weights_ignored = chosen->weights == WEIGHTS_IGNORED;
	modula->rehash = chosen->next == NEXT_REHASH;
	return 0;
}

static void modula_fini(void *self)
{
	struct modula *modula = self;

	if (modula->host) {
		modula->host->free(modula->host->context, modula->order);
		modula->host->free(modula->host->context, modula->ends);
		modula->order = NULL;
		modula->ends = NULL;
	}
}

/* ---- order ------------------------------------------------------------- */

/* A server by the name that twemproxy sorts. */
struct named {
	const char *name; /* without NUL */
	size_t len;
	uint32_t server;
};

/*
 * Write the name that twemproxy gives a server: the alias, or the host, with the port when it is
 * not 11211. A socket without alias has the path with the colon before its weight. Returns the
 * length in bytes.
 */
static size_t put_name(char *to, const struct tenon_ring_server *server)
{
	const char *name = server->alias ? server->alias : server->host;
	size_t len = strlen(name);

	memcpy(to, name, len);
	if (!server->alias && server->port != TENON_DEFAULT_PORT) {
		to[len++] = ':';
		if (server->port != 0) {
			len += put_decimal(to + len, server->port);
		}
	}
	return len;
}

/* Compare as twemproxy: the shorter name comes first, names of one length by their bytes. */
static int compare_named(const void *a, const void *b)
{
	const struct named *one = a;
	const struct named *other = b;
	int order;

	if (one->len != other->len) {
		return one->len < other->len ? -1 : 1;
	}
	order = memcmp(one->name, other->name, one->len);
	if (order == 0) {
		return one->server < other->server ? -1 : 1;
	}
	return order;
}

static size_t names_bytes(const struct tenon_ring_server *servers,
			  uint32_t count)
{
	size_t bytes = 0;

	for (uint32_t i = 0; i < count; i++) {
		const char *name = servers[i].alias ? servers[i].alias :
						      servers[i].host;

		bytes += strlen(name) + PORT_BYTES;
	}
	return bytes;
}

/* Fill order[] by the names. names has room for names_bytes(), list for all servers. */
static void sort_servers(struct modula *modula,
			 const struct tenon_ring_server *servers, char *names,
			 struct named *list)
{
	uint32_t count = modula->server_count;

	for (uint32_t i = 0; i < count; i++) {
		list[i].name = names;
		list[i].len = put_name(names, &servers[i]);
		list[i].server = i;
		names += list[i].len;
	}
	qsort(list, count, sizeof(*list), compare_named);
	for (uint32_t rank = 0; rank < count; rank++) {
		modula->order[rank] = list[rank].server;
	}
}

/* Make order[]. Returns: 0, or TENON_ENOMEM. */
static int make_order(struct modula *modula,
		      const struct tenon_ring_server *servers)
{
	const struct tenon_host *host = modula->host;
	uint32_t count = modula->server_count;
	char *names = host->alloc(host->context, names_bytes(servers, count));
	struct named *list = host->alloc(host->context, count * sizeof(*list));
	int code = TENON_ENOMEM;

	modula->order =
		host->alloc(host->context, count * sizeof(*modula->order));
	if (names && list && modula->order) {
		sort_servers(modula, servers, names, list);
		code = 0;
	}
	host->free(host->context, names);
	host->free(host->context, list);
	return code;
}

static inline uint32_t server_at(const struct modula *modula, uint32_t rank)
{
	return modula->order ? modula->order[rank] : rank;
}

/* ---- build ------------------------------------------------------------- */

static uint32_t places_of(const struct modula *modula,
			  const struct tenon_ring_server *server)
{
	return modula->weights_ignored ? 1 : server->weight;
}

/* Return the number of places of each server; 0 when the numbers differ. */
static uint32_t equal_places(const struct modula *modula,
			     const struct tenon_ring_server *servers)
{
	uint32_t places = places_of(modula, &servers[0]);

	for (uint32_t i = 1; i < modula->server_count; i++) {
		if (places_of(modula, &servers[i]) != places) {
			return 0;
		}
	}
	return places;
}

static int modula_build(void *self, const struct tenon_ring_server *servers,
			uint32_t count, const struct tenon_hash *key_hash,
			struct tenon_error *err)
{
	struct modula *modula = self;
	const struct tenon_host *host = modula->host;

	modula->key_hash = key_hash;
	modula->server_count = count;
	if (modula->by_name && make_order(modula, servers)) {
		return host->set_error(err, TENON_ENOMEM, "out of memory");
	}
	modula->places_each = equal_places(modula, servers);
	if (modula->places_each > 0) {
		modula->place_count = modula->places_each * count;
		return 0;
	}
	modula->ends =
		host->alloc(host->context, count * sizeof(*modula->ends));
	if (!modula->ends) {
		return host->set_error(err, TENON_ENOMEM, "out of memory");
	}
	for (uint32_t rank = 0; rank < count; rank++) {
		modula->place_count +=
			places_of(modula, &servers[server_at(modula, rank)]);
		modula->ends[rank] = modula->place_count;
	}
	return 0;
}

/* ---- lookup ------------------------------------------------------------ */

/* Return the rank of the server of a hash whose other bits are cleared. */
static inline uint32_t find_rank(const struct modula *modula, uint64_t hash)
{
	uint32_t place = (uint32_t)(hash % modula->place_count);
	uint32_t low = 0;
	uint32_t high = modula->server_count - 1;

	if (modula->places_each > 0) {
		return place / modula->places_each;
	}
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (modula->ends[middle] <= place) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static uint32_t modula_locate(const void *self,
			      const struct tenon_ring_key *key)
{
	const struct modula *modula = self;

	return server_at(modula, find_rank(modula, key->hash & modula->mask));
}

/*
 * Return the server of a try of python-memcached. Try 0 has the key's hash. Each further try has
 * the hash of two numbers in decimal, without a space: the hash and the number of the last try.
 */
static uint32_t find_try(const struct modula *modula, uint64_t hash,
			 uint64_t number)
{
	const struct tenon_hash *key_hash = modula->key_hash;

	hash &= modula->mask;
	for (uint64_t i = 0; i < number; i++) {
		char text[2 * DECIMAL_DIGITS_MAX];
		size_t len = put_decimal(text, hash);

		len += put_decimal(text + len, i);
		hash = key_hash->ops->hash(key_hash->self, text, len) &
		       modula->mask;
	}
	return server_at(modula, find_rank(modula, hash));
}

/*
 * cursor->at is the number of the next try, as long as it is less than TRIES. Then it is more
 * than TRIES, and stands for the next rank.
 */
static uint32_t next_by_rehash(const struct modula *modula,
			       struct tenon_ring_cursor *cursor)
{
	uint64_t hash = cursor->key->hash;

	if (cursor->found_count == modula->server_count) {
		return TENON_NO_SERVER;
	}
	while (cursor->at < TRIES) {
		uint32_t server = find_try(modula, hash, cursor->at++);

		if (!tenon_ring_seen(cursor, server)) {
			return server;
		}
	}
	if (cursor->at == TRIES) {
		/* the rank after the home server's, and more than TRIES */
		cursor->at = (uint64_t)TRIES * modula->server_count +
			     find_rank(modula, hash & modula->mask) + 1;
	}
	return next_by_rank(cursor, modula->server_count, modula->order);
}

static uint32_t modula_next(const void *self, struct tenon_ring_cursor *cursor)
{
	const struct modula *modula = self;

	if (modula->rehash) {
		return next_by_rehash(modula, cursor);
	}
	if (cursor->found_count == 0) {
		cursor->at =
			find_rank(modula, cursor->key->hash & modula->mask);
	}
	return next_by_rank(cursor, modula->server_count, modula->order);
}

static void modula_describe(const void *self, struct tenon_ring_traits *out)
{
	const struct modula *modula = self;

	if (!modula->by_name) {
		out->flags = TENON_RING_ORDERED | TENON_RING_NO_NAMES;
	}
	if (modula->weights_ignored) {
		out->flags |= TENON_RING_NO_WEIGHT;
	}
}

static const struct tenon_option modula_options[] = {
	{ .name = "order",
	  .type = TENON_OPTION_CHOICE,
	  .offset = offsetof(struct modula_options, order),
	  .def_text = "config",
	  .choices = order_rules,
	  .help = "order of the servers: of the config, or sorted by name as twemproxy does" },
	{ .name = "weights",
	  .type = TENON_OPTION_CHOICE,
	  .offset = offsetof(struct modula_options, weights),
	  .def_text = "repeat",
	  .choices = weight_rules,
	  .help = "repeat: a server of weight 3 counts as three servers; ignored: as one" },
	{ .name = "hash_bits",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct modula_options, hash_bits),
	  .min = 1,
	  .max = 64,
	  .def = 64,
	  .help = "so many low bits of the hash are divided, the others are cleared" },
	{ .name = "next",
	  .type = TENON_OPTION_CHOICE,
	  .offset = offsetof(struct modula_options, next),
	  .def_text = "position",
	  .choices = next_rules,
	  .help = "servers after the home server: in the order of the config, or by new hashes" },
	{ .name = NULL }
};

static const struct tenon_distribution_ops modula_ops = {
	.size = sizeof(struct tenon_distribution_ops),
	.state_size = sizeof(struct modula),
	.init = modula_init,
	.fini = modula_fini,
	.build = modula_build,
	.locate = modula_locate,
	.next = modula_next,
	.describe = modula_describe,
};

TENON_PLUGIN_DEFINE(distribution_modula, .kind = TENON_KIND_DISTRIBUTION,
		    .name = "modula", .version = "1.0",
		    .summary = "the remainder of the hash, divided by the number of servers",
		    .options_bytes = sizeof(struct modula_options),
		    .options = modula_options, .ops = &modula_ops)
