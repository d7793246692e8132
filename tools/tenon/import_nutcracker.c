/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nutcracker.yml of twemproxy. Source of truth: twemproxy 60aaf85, nc_conf.c, nc_conf.h and
 * nc_server.c.
 */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "alloc.h"
#include "import.h"
#include "options.h"

#define RETRY_DEFAULT_MS 30000
#define FAILURES_DEFAULT 2
#define HASH_DEFAULT "fnv1a_64"

struct yaml_reader {
	struct import *import;
	yaml_document_t document;
	const char *distribution;
	const char *hash;
	bool ejects;
	double timeout_ms; /* less than 0: nutcracker waits without a limit */
	double retry_ms;
	uint64_t failures;
};

static bool fail_at(struct yaml_reader *reader, const yaml_node_t *node,
		    const char *key, const char *expected)
{
	bool is_scalar = node->type == YAML_SCALAR_NODE;

	return import_fail(reader->import, node->start_mark.line + 1,
			   node->start_mark.column + 1,
			   "%s is %s%s%s, expected %s", key,
			   is_scalar ? "'" : "",
			   is_scalar ? (const char *)node->data.scalar.value :
				       "no single value",
			   is_scalar ? "'" : "", expected);
}

static yaml_node_t *node_of(struct yaml_reader *reader, int number)
{
	return yaml_document_get_node(&reader->document, number);
}

/* The text of a scalar, or "" for another node. */
static const char *text_of(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE ?
		       (const char *)node->data.scalar.value : "";
}

/* ---- the keys of a pool ------------------------------------------------- */

/* The names of twemproxy, and those of tenon where they differ. */
static const char *const hashes[][2] = {
	{ "one_at_a_time", "one_at_a_time" },
	{ "md5", "md5" },
	{ "crc16", "crc16" },
	{ "crc32", "crc" }, /* libmemcached's 15 bits */
	{ "crc32a", "crc32" },
	{ "fnv1_64", "fnv1_64" },
	{ "fnv1a_64", "fnv1a_64" },
	{ "fnv1_32", "fnv1_32" },
	{ "fnv1a_32", "fnv1a_32" },
	{ "hsieh", "hsieh" },
	{ "murmur", "murmur" },
	{ "jenkins", "jenkins" },
};

static bool read_hash(struct yaml_reader *reader, const yaml_node_t *node)
{
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		if (strcmp(text_of(node), hashes[i][0]) == 0) {
			reader->hash = hashes[i][1];
			return true;
		}
	}
	return fail_at(reader, node, "hash",
		       "one_at_a_time, md5, crc16, crc32, crc32a, fnv1_64, fnv1a_64, fnv1_32, fnv1a_32, hsieh, murmur or jenkins");
}

static bool read_distribution(struct yaml_reader *reader,
			      const yaml_node_t *node)
{
	static const char *const names[] = { "ketama", "modula", "random" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text_of(node), names[i]) == 0) {
			reader->distribution = names[i];
			return true;
		}
	}
	return fail_at(reader, node, "distribution", "ketama, modula or random");
}

static bool read_hash_tag(struct yaml_reader *reader, const yaml_node_t *node)
{
	if (strlen(text_of(node)) != 2) {
		return fail_at(reader, node, "hash_tag", "two characters");
	}
	free(reader->import->hash_tag);
	reader->import->hash_tag = alloc_text(text_of(node));
	return true;
}

static bool read_bool(struct yaml_reader *reader, const yaml_node_t *node,
		      const char *key, bool *out)
{
	*out = strcmp(text_of(node), "true") == 0;
	return *out || strcmp(text_of(node), "false") == 0 ?
		       true :
		       fail_at(reader, node, key, "true or false");
}

static bool read_count(struct yaml_reader *reader, const yaml_node_t *node,
		       const char *key, uint64_t *out)
{
	return parse_u64(text_of(node), INT32_MAX, out) ?
		       true :
		       fail_at(reader, node, key, "a number");
}

static bool read_eject(struct yaml_reader *reader, const yaml_node_t *node)
{
	return read_bool(reader, node, "auto_eject_hosts", &reader->ejects);
}

static bool read_timeout(struct yaml_reader *reader, const yaml_node_t *node)
{
	uint64_t ms = 0;

	if (strcmp(text_of(node), "-1") == 0) {
		return true;
	}
	if (!read_count(reader, node, "timeout", &ms)) {
		return false;
	}
	reader->timeout_ms = (double)ms;
	return true;
}

static bool read_retry(struct yaml_reader *reader, const yaml_node_t *node)
{
	uint64_t ms = 0;

	if (!read_count(reader, node, "server_retry_timeout", &ms)) {
		return false;
	}
	reader->retry_ms = (double)ms;
	return true;
}

static bool read_failures(struct yaml_reader *reader, const yaml_node_t *node)
{
	return read_count(reader, node, "server_failure_limit",
			  &reader->failures);
}

static bool read_redis(struct yaml_reader *reader, const yaml_node_t *node)
{
	bool is_redis = false;

	if (!read_bool(reader, node, "redis", &is_redis)) {
		return false;
	}
	return is_redis ? import_fail(reader->import, node->start_mark.line + 1,
				      node->start_mark.column + 1,
				      "the pool has servers of Redis") :
			  true;
}

/*
 * Read "host:port:weight [name]" or "/path:weight [name]". nutcracker's name of a UNIX socket
 * without a name is its path with a colon.
 */
static bool read_server(struct yaml_reader *reader, const yaml_node_t *node)
{
	struct import_text rest = { text_of(node), strlen(text_of(node)) };
	struct import_text spec = import_cut(&rest, " ");
	struct import_text tail;
	struct import_text address = import_take_address(spec, &tail);
	char *name = NULL;
	bool fits = tail.len > 1;

	rest = import_trim(rest);
	if (rest.len > 0) {
		name = import_copy(rest);
	} else if (address.len > 0 && address.data[0] == '/') {
		name = alloc_format("%.*s:", (int)address.len, address.data);
	}
	fits = fits && import_add_weighted(reader->import, spec, name);
	free(name);
	return fits ? true :
		      fail_at(reader, node, "a server",
			      "host:port:weight [name] or /path:weight [name]");
}

static bool read_servers(struct yaml_reader *reader, const yaml_node_t *node)
{
	if (node->type != YAML_SEQUENCE_NODE) {
		return fail_at(reader, node, "servers", "a list");
	}
	for (yaml_node_item_t *item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++) {
		if (!read_server(reader, node_of(reader, *item))) {
			return false;
		}
	}
	return true;
}

static bool accept_key(struct yaml_reader *reader, const yaml_node_t *node)
{
	(void)reader;
	(void)node;
	return true;
}

#define OF_THE_PROXY "a setting of the proxy itself"

static const struct key_row {
	const char *name;
	/* NULL: the key cannot be carried over, for the reason why */
	bool (*read)(struct yaml_reader *reader, const yaml_node_t *node);
	const char *why;
} key_rows[] = {
	{ "listen", accept_key, NULL }, /* where the proxy was, which is no more */
	{ "hash", read_hash, NULL },
	{ "hash_tag", read_hash_tag, NULL },
	{ "distribution", read_distribution, NULL },
	{ "timeout", read_timeout, NULL },
	{ "auto_eject_hosts", read_eject, NULL },
	{ "server_retry_timeout", read_retry, NULL },
	{ "server_failure_limit", read_failures, NULL },
	{ "redis", read_redis, NULL },
	{ "servers", read_servers, NULL },
	{ "backlog", NULL, OF_THE_PROXY },
	{ "client_connections", NULL, OF_THE_PROXY },
	{ "reuseport", NULL, OF_THE_PROXY },
	{ "redis_auth", NULL, "a setting for Redis" },
	{ "redis_db", NULL, "a setting for Redis" },
	{ "preconnect", NULL, "tenon connects to a server when a key needs it" },
	{ "server_connections", NULL,
	  "a client of tenon has one connection to a server" },
	{ "tcpkeepalive", NULL,
	  "set the key keepalive, whose times nutcracker leaves to the system" },
};

#define KEY_COUNT (sizeof(key_rows) / sizeof(key_rows[0]))

static bool fail_key(struct yaml_reader *reader, const yaml_node_t *key)
{
	struct nearest nearest = { 0 };

	for (size_t i = 0; i < KEY_COUNT; i++) {
		nearest_feed(&nearest, text_of(key), key_rows[i].name);
	}
	return import_fail(reader->import, key->start_mark.line + 1,
			   key->start_mark.column + 1,
			   nearest.name ?
				   "nutcracker has no key '%s', did you mean '%s'?" :
				   "nutcracker has no key '%s'",
			   text_of(key), nearest.name);
}

static bool read_key(struct yaml_reader *reader, const yaml_node_t *key,
		     const yaml_node_t *value)
{
	for (const struct key_row *row = key_rows; row < key_rows + KEY_COUNT;
	     row++) {
		if (strcmp(text_of(key), row->name) != 0) {
			continue;
		}
		if (row->read) {
			return row->read(reader, value);
		}
		import_note_setting(reader->import, row->name, ": ",
				    text_of(value), row->why);
		return true;
	}
	return fail_key(reader, key);
}

static bool read_pool(struct yaml_reader *reader, const yaml_node_t *pool)
{
	if (pool->type != YAML_MAPPING_NODE) {
		return fail_at(reader, pool, "a pool", "keys with values");
	}
	for (yaml_node_pair_t *pair = pool->data.mapping.pairs.start;
	     pair < pool->data.mapping.pairs.top; pair++) {
		if (!read_key(reader, node_of(reader, pair->key),
			      node_of(reader, pair->value))) {
			return false;
		}
	}
	return reader->import->server_count > 0 ?
		       true :
		       import_fail(reader->import, pool->start_mark.line + 1,
				   pool->start_mark.column + 1,
				   "the pool has no servers");
}

/* ---- from the keys to the config ---------------------------------------- */

static void apply_failures(struct yaml_reader *reader)
{
	struct import *import = reader->import;

	if (!reader->ejects) {
		import_set_time(import, &import->retry_timeout,
				"server_retry_timeout", 0,
				"nutcracker tries a failed server with every request");
		return;
	}
	import->failover = "eject";
	import->failures = reader->failures;
	import_set_time(import, &import->retry_timeout, "server_retry_timeout",
			reader->retry_ms, NULL);
	if (strcmp(reader->distribution, "modula") == 0) {
		import_note(import,
			    "ejection with modula: nutcracker spreads all keys anew, and tenon only those of the ejected server");
	}
}

static void apply(struct yaml_reader *reader)
{
	struct import *import = reader->import;

	if (strcmp(reader->distribution, "random") == 0) {
		import_note(import,
			    "distribution: random: no ring of tenon sends a key to any server");
	} else {
		import->ring = strcmp(reader->distribution, "modula") == 0 ?
				       "twemproxy-modula" : "twemproxy-ketama";
		if (strcmp(reader->hash, HASH_DEFAULT) != 0) {
			import->hash_function = reader->hash;
		}
	}
	if (reader->timeout_ms < 0) {
		import_note(import,
			    "timeout: nutcracker waits without a limit, and tenon for poll_timeout, 300ms by default");
	} else {
		import_set_time(import, &import->connect_timeout, "timeout",
				reader->timeout_ms, NULL);
		import_set_time(import, &import->poll_timeout, "timeout",
				reader->timeout_ms, NULL);
	}
	apply_failures(reader);
}

/* ---- the document ------------------------------------------------------- */

/* Find the pool of --pool, or the only one. Returns NULL after import_fail(). */
static const yaml_node_t *choose_pool(struct yaml_reader *reader,
				      const yaml_node_t *root)
{
	yaml_node_pair_t *pairs = root->data.mapping.pairs.start;
	size_t count = (size_t)(root->data.mapping.pairs.top - pairs);
	const char **names = alloc_array(count + 1, sizeof(*names));
	const yaml_node_t *pool = NULL;
	const char *name;

	for (size_t i = 0; i < count; i++) {
		names[i] = text_of(node_of(reader, pairs[i].key));
	}
	name = import_choose(reader->import, "pool", names, count);
	for (size_t i = 0; name && i < count; i++) {
		if (names[i] == name) {
			pool = node_of(reader, pairs[i].value);
		}
	}
	if (pool) {
		reader->import->title =
			alloc_format("pool '%s' of nutcracker", name);
	}
	free(names);
	return pool;
}

static bool read_document(struct yaml_reader *reader)
{
	const yaml_node_t *root =
		yaml_document_get_root_node(&reader->document);
	const yaml_node_t *pool;

	if (!root || root->type != YAML_MAPPING_NODE) {
		return import_fail(reader->import, 1, 1,
				   "expected pools with their names");
	}
	pool = choose_pool(reader, root);
	if (!pool || !read_pool(reader, pool)) {
		return false;
	}
	apply(reader);
	return true;
}

static bool fail_parser(struct import *import, const yaml_parser_t *parser)
{
	return import_fail(import, parser->problem_mark.line + 1,
			   parser->problem_mark.column + 1, "is not YAML: %s",
			   parser->problem ? parser->problem : "out of memory");
}

bool import_nutcracker(struct import *import, struct import_text text)
{
	struct yaml_reader reader = { .import = import,
				      .distribution = "ketama",
				      .hash = HASH_DEFAULT,
				      .timeout_ms = -1,
				      .retry_ms = RETRY_DEFAULT_MS,
				      .failures = FAILURES_DEFAULT };
	yaml_parser_t parser;
	bool done;

	if (!yaml_parser_initialize(&parser)) {
		alloc_failed();
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.data,
				     text.len);
	done = yaml_parser_load(&parser, &reader.document) != 0;
	if (!done) {
		fail_parser(import, &parser);
	} else {
		done = read_document(&reader);
		yaml_document_delete(&reader.document);
	}
	yaml_parser_delete(&parser);
	return done;
}
