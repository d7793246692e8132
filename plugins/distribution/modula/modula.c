/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Distribution modula: the remainder of the key's hash, divided by the number of places. A server
 * has as many places as its weight says, one after the other, in the order of the config or of
 * the servers' names.
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

/* twemproxy leaves this port out of the name of a server. */
#define PORT_LEFT_OUT 11211

enum { ORDER_CONFIG, ORDER_NAME };
enum { WEIGHTS_REPEAT, WEIGHTS_IGNORED };
enum { NEXT_POSITION, NEXT_REHASH };

static const char *const order_rules[] = { "config", "name", NULL };
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
	bool weights_ignored;
	bool by_name;
	bool rehash;
	/* order[i]: the server that comes as number i. NULL: the order of the config */
	uint32_t *order;
	/* ends[i]: one more than the last place of the server of number i. NULL: not needed */
	uint32_t *ends;
};

static int modula_init(void *self, const void *options,
		       const struct tenon_host *host, struct tenon_error *err)
{
	const struct modula_options *chosen = options;
	struct modula *modula = self;

	(void)err;
	modula->host = host;
	modula->mask = UINT64_MAX >> (64 - chosen->hash_bits);
	modula->weights_ignored = chosen->weights == WEIGHTS_IGNORED;
	modula->by_name = chosen->order == ORDER_NAME;
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

/* ---- order of names ---------------------------------------------------- */

/* A server's name for the order: a text, and what comes after the text. */
struct name {
	const char *text;
	size_t text_len;
	char end[1 +
		 DECIMAL_DIGITS_MAX]; /* ":PORT", ":" or nothing; not NUL-terminated */
	size_t end_len;
	uint32_t server;
};

/* The alias; else "host", "host:port" when the port is another than 11211, or "/path:". */
static void make_name(struct name *name, const struct tenon_ring_server *server,
		      uint32_t index)
{
	name->text = server->alias ? server->alias : server->host;
	name->text_len = strlen(name->text);
	name->end_len = 0;
	name->server = index;
	if (server->alias || server->port == PORT_LEFT_OUT) {
		return;
	}
	name->end[name->end_len++] = ':';
	if (server->port > 0) {
		name->end_len += put_decimal(name->end + 1, server->port);
	}
}

static unsigned char byte_of(const struct name *name, size_t i)
{
	return (unsigned char)(i < name->text_len
				       ? name->text[i]
				       : name->end[i - name->text_len]);
}

/* For qsort: shorter names first, names of one length by their bytes, equal names as configured. */
static int compare_names(const void *first, const void *second)
{
	const struct name *a = first;
	const struct name *b = second;
	size_t a_len = a->text_len + a->end_len;
	size_t b_len = b->text_len + b->end_len;

	if (a_len != b_len) {
		return a_len < b_len ? -1 : 1;
	}
	for (size_t i = 0; i < a_len; i++) {
		if (byte_of(a, i) != byte_of(b, i)) {
			return byte_of(a, i) < byte_of(b, i) ? -1 : 1;
		}
	}
	return a->server < b->server ? -1 : 1;
}

/* Fill modula->order. Errors: TENON_ENOMEM. */
static int sort_by_name(struct modula *modula,
			const struct tenon_ring_server *servers)
{
	const struct tenon_host *host = modula->host;
	uint32_t count = modula->server_count;
	struct name *names = host->alloc(host->context, count * sizeof(*names));

	modula->order =
		host->alloc(host->context, count * sizeof(*modula->order));
	if (!names || !modula->order) {
		host->free(host->context, names);
		return TENON_ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++) {
		make_name(&names[i], &servers[i], i);
	}
	qsort(names, count, sizeof(*names), compare_names);
	for (uint32_t i = 0; i < count; i++) {
		modula->order[i] = names[i].server;
	}
	host->free(host->context, names);
	return 0;
}

/* Return the server that comes as number i. */
static inline uint32_t server_at(const struct modula *modula, uint32_t i)
{
	return modula->order ? modula->order[i] : i;
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

/* Fill modula->ends. Errors: TENON_ENOMEM. */
static int count_places(struct modula *modula,
			const struct tenon_ring_server *servers)
{
	const struct tenon_host *host = modula->host;

	modula->ends = host->alloc(
		host->context, modula->server_count * sizeof(*modula->ends));
	if (!modula->ends) {
		return TENON_ENOMEM;
	}
	for (uint32_t i = 0; i < modula->server_count; i++) {
		modula->place_count +=
			places_of(modula, &servers[server_at(modula, i)]);
		modula->ends[i] = modula->place_count;
	}
	return 0;
}

static int modula_build(void *self, const struct tenon_ring_server *servers,
			uint32_t count, const struct tenon_hash *key_hash,
			struct tenon_error *err)
{
	struct modula *modula = self;
	int code = 0;

	modula->key_hash = key_hash;
	modula->server_count = count;
	modula->places_each = equal_places(modula, servers);
	modula->place_count = modula->places_each * count;
	if (modula->by_name) {
		code = sort_by_name(modula, servers);
	}
	if (!code && modula->places_each == 0) {
		code = count_places(modula, servers);
	}
	return code ? modula->host->set_error(err, code, "out of memory") : 0;
}

/* ---- lookup ------------------------------------------------------------ */

/* Return the server of a hash whose other bits are cleared. */
static inline uint32_t find_server(const struct modula *modula, uint64_t hash)
{
	uint32_t place = (uint32_t)(hash % modula->place_count);
	uint32_t low = 0;
	uint32_t high = modula->server_count - 1;

	if (modula->places_each > 0) {
		return server_at(modula, place / modula->places_each);
	}
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (modula->ends[middle] <= place) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return server_at(modula, low);
}

static uint32_t modula_locate(const void *self,
			      const struct tenon_ring_key *key)
{
	const struct modula *modula = self;

	return find_server(modula, key->hash & modula->mask);
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
	return find_server(modula, hash);
}

/*
 * cursor->at is the number of the next try, as long as it is less than TRIES. Then it is more
 * than TRIES, and stands for the next position.
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
		/* the next position after the home server, and more than TRIES */
		cursor->at = (uint64_t)TRIES * modula->server_count +
			     find_server(modula, hash & modula->mask) + 1;
	}
	return next_by_position(cursor, modula->server_count);
}

static uint32_t modula_next(const void *self, struct tenon_ring_cursor *cursor)
{
	const struct modula *modula = self;

	if (modula->rehash) {
		return next_by_rehash(modula, cursor);
	}
	if (cursor->found_count == 0) {
		cursor->at = modula_locate(modula, cursor->key);
	}
	return next_by_position(cursor, modula->server_count);
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
	  .help = "order of the servers: of the config, or of their names as twemproxy sorts them" },
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

TENON_PLUGIN_DEFINE(
	distribution_modula, .kind = TENON_KIND_DISTRIBUTION, .name = "modula",
	.version = "1.0",
	.summary =
		"the remainder of the hash, divided by the number of servers",
	.options_bytes = sizeof(struct modula_options),
	.options = modula_options, .ops = &modula_ops)
