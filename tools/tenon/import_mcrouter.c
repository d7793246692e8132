/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One pool of a config of mcrouter. Source of truth: mcrouter 9d7f4342, routes/HashRouteFactory.h,
 * lib/WeightedCh3HashFunc.cpp and mcrouter_options_list.h; for protocol and security mcrouter 07999665,
 * lib/network/AccessPoint.cpp, lib/network/SecurityOptions.cpp and
 * routes/McRouteHandleProvider.cpp.
 */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "import.h"

/* Weights of mcrouter are 0 to 1. tenon has whole numbers: thousandths. */
#define WEIGHT_ONE 1000
#define WEIGHT_MISSING 0.5

#define TIMEOUT_DEFAULT_MS 1000
#define PROBE_DEFAULT_MS 10000
#define FAILURES_DEFAULT 3

/* ---- pools -------------------------------------------------------------- */

/* Names and definitions of all pools. The references are borrowed. */
struct pools {
	const char **names;
	const json_t **definitions;
	size_t count;
};

static void add_pool(struct pools *pools, const char *name, const json_t *pool)
{
	pools->names = alloc_resize(pools->names, pools->count + 1,
				    sizeof(*pools->names));
	pools->definitions = alloc_resize(pools->definitions, pools->count + 1,
					  sizeof(*pools->definitions));
	pools->names[pools->count] = name;
	pools->definitions[pools->count++] = pool;
}

/* jansson's loops take no const value, but do not change it. */
static json_t *mutable(const json_t *value)
{
	return (json_t *)(uintptr_t)value;
}

/* Find pools that are defined within routes: {"type": "Pool", "name": ..., "servers": [...]}. */
static void find_inline(struct pools *pools, const json_t *value)
{
	const char *name = json_string_value(json_object_get(value, "name"));
	const char *key;
	json_t *child;
	size_t index;

	if (name && json_is_array(json_object_get(value, "servers"))) {
		add_pool(pools, name, value);
		return;
	}
	json_object_foreach(mutable(value), key, child) {
		find_inline(pools, child);
	}
	json_array_foreach(mutable(value), index, child) {
		find_inline(pools, child);
	}
}

static void find_pools(struct pools *pools, const json_t *root)
{
	const char *name;
	json_t *pool;

	json_object_foreach(json_object_get(root, "pools"), name, pool) {
		add_pool(pools, name, pool);
	}
	find_inline(pools, json_object_get(root, "route"));
	find_inline(pools, json_object_get(root, "routes"));
}

/* ---- the PoolRoute of a pool -------------------------------------------- */

/* Return true when the value of the field "pool" of a route means this pool. */
static bool names_pool(const json_t *value, const char *pool)
{
	const char *name = json_string_value(value);

	if (!name) {
		name = json_string_value(json_object_get(value, "name"));
	}
	return name && strcmp(name, pool) == 0;
}

/* Return true for "PoolRoute|pool" and for an object with this pool. */
static bool is_route_to(const json_t *value, const char *pool)
{
	const char *text = json_string_value(value);

	if (text) {
		return strncmp(text, "PoolRoute|", 10) == 0 &&
		       strcmp(text + 10, pool) == 0;
	}
	return json_is_object(value) &&
	       names_pool(json_object_get(value, "pool"), pool);
}

/* Find the first route to a pool. Returns NULL when there is none. */
static const json_t *find_route(const json_t *value, const char *pool)
{
	const json_t *route = is_route_to(value, pool) ? value : NULL;
	const char *key;
	json_t *child;
	size_t index;

	json_object_foreach(mutable(value), key, child) {
		route = route ? route : find_route(child, pool);
	}
	json_array_foreach(mutable(value), index, child) {
		route = route ? route : find_route(child, pool);
	}
	return route;
}

/* ---- servers ------------------------------------------------------------ */

static bool fail_server(struct import *import, const json_t *server)
{
	char *text = import_dump(server);

	import_fail(import, 0, 0,
		    "the server is %s, expected \"host:port[:protocol[:security[:compression]]]\"",
		    text);
	free(text);
	return false;
}

/* Note a protocol that tenon does not speak. of is the server or the pool. */
static void note_protocol(struct import *import, struct import_text protocol,
			  const char *of)
{
	if (protocol.len > 0 && !import_is(protocol, "ascii")) {
		import_note(import,
			    "the protocol '%.*s' of %s: tenon speaks memcached's text protocol there",
			    (int)protocol.len, protocol.data, of);
	}
}

/* Return true when the word stands for TLS. Note what is neither TLS nor plain. */
static bool read_security(struct import *import, struct import_text word,
			  const char *of)
{
	static const char *const sessions[] = { "ssl", "tls", "fizz", "ktls12" };

	for (size_t i = 0; i < sizeof(sessions) / sizeof(sessions[0]); i++) {
		if (import_is(word, sessions[i])) {
			return true;
		}
	}
	if (import_is(word, "tls_to_plain")) {
		import_note(import,
			    "'tls_to_plain' of %s: tenon has no handshake of TLS with plain bytes behind it, and speaks without TLS there",
			    of);
	} else if (!import_is(word, "plain")) {
		import_note(import,
			    "the security '%.*s' of %s: tenon does not know it, and speaks without TLS there",
			    (int)word.len, word.data, of);
	}
	return false;
}

/* Read the words behind an address: ":protocol:security:compression". */
static bool read_words(struct import *import, struct import_text rest,
		       const char *of, bool *tls)
{
	struct import_text words[3] = { { "", 0 }, { "", 0 }, { "", 0 } };

	import_cut(&rest, ":"); /* the colon in front */
	for (size_t i = 0; i < 3 && rest.len > 0; i++) {
		words[i] = import_cut(&rest, ":");
	}
	note_protocol(import, words[0], of);
	if (words[1].len > 0) {
		*tls = read_security(import, words[1], of);
	}
	if (words[2].len > 0 && !import_is(words[2], "notcompressed")) {
		import_note(import,
			    "'%.*s' of %s: tenon does not have mcrouter's compression",
			    (int)words[2].len, words[2].data, of);
	}
	return rest.len == 0;
}

/* Read "host:port:ascii:plain", or an object that has this as its "hostname". */
static bool read_server(struct import *import, const json_t *server,
			bool pool_has_tls)
{
	const json_t *name = json_is_object(server) ?
				     json_object_get(server, "hostname") :
				     server;
	const char *spec = json_string_value(name);
	struct import_text text = { spec, spec ? strlen(spec) : 0 };
	struct import_text rest;
	struct import_text address;
	struct imported_server *added;

	if (text.len == 0) {
		return fail_server(import, server);
	}
	address = import_take_address(text, &rest);
	if (address.len == 0 || (rest.len > 0 && rest.data[0] != ':')) {
		return fail_server(import, server);
	}
	import_add_server(import, address, NULL, 1);
	added = &import->servers[import->server_count - 1];
	added->tls = pool_has_tls;
	return read_words(import, rest, added->address, &added->tls) ?
		       true :
		       fail_server(import, server);
}

static struct import_text text_of(const char *word)
{
	return (struct import_text){ word, strlen(word) };
}

/* Read the fields of a pool that hold for those of its servers that say nothing else. */
static bool read_defaults(struct import *import, const json_t *pool, bool *tls)
{
	static const char *const names[] = { "protocol", "security_mech" };
	const char *words[2];

	for (size_t i = 0; i < 2; i++) {
		const json_t *value = json_object_get(pool, names[i]);

		words[i] = json_string_value(value);
		if (value && !words[i]) {
			return import_fail(import, 0, 0, "'%s' is no text",
					   names[i]);
		}
	}
	if (words[0]) {
		note_protocol(import, text_of(words[0]), "the pool");
	}
	/* use_ssl is what security_mech was before, and mcrouter reads it without that only */
	*tls = words[1] ?
		       read_security(import, text_of(words[1]), "the pool") :
		       json_is_true(json_object_get(pool, "use_ssl"));
	return true;
}

/* The certificates of TLS are options of the program. */
static void note_certificates(struct import *import)
{
	for (size_t i = 0; i < import->server_count; i++) {
		if (import->servers[i].tls) {
			import_note(import,
				    "the certificates of TLS: mcrouter has them in its command line (--pem-ca-path, --pem-cert-path, --pem-key-path), not in the JSON; tls: true trusts the system's authorities, and tls: {ca: FILE} those of a file");
			return;
		}
	}
}

static bool read_servers(struct import *import, const json_t *pool)
{
	json_t *servers = json_object_get(pool, "servers");
	bool pool_has_tls = false;
	json_t *server;
	size_t index;

	if (json_array_size(servers) == 0) {
		return import_fail(import, 0, 0, "the pool has no servers");
	}
	if (!read_defaults(import, pool, &pool_has_tls)) {
		return false;
	}
	json_array_foreach(servers, index, server) {
		if (!read_server(import, server, pool_has_tls)) {
			return false;
		}
	}
	note_certificates(import);
	return true;
}

/* ---- the hash ----------------------------------------------------------- */

/* Set the weight of one server. mcrouter's is 0.5 when the list is too short. */
static void set_weight(struct import *import, struct imported_server *server,
		       double weight)
{
	double scaled = weight * WEIGHT_ONE;

	server->weight = scaled < 1	     ? 1 :
			 scaled > WEIGHT_ONE ? WEIGHT_ONE :
					       (uint64_t)(scaled + 0.5);
	if (scaled - (double)server->weight > 1e-6 ||
	    scaled - (double)server->weight < -1e-6) {
		import_note(import,
			    "weight %g of %s: it became %d of 1000, so a few keys go to other servers",
			    weight, server->address, (int)server->weight);
	}
}

static bool read_weights(struct import *import, const json_t *hash)
{
	json_t *weights = json_object_get(hash, "weights");

	for (size_t i = 0; i < import->server_count; i++) {
		const json_t *weight = json_array_get(weights, i);

		if (weight && !json_is_number(weight)) {
			return import_fail(import, 0, 0,
					   "a weight is no number");
		}
		set_weight(import, &import->servers[i],
			   weight ? json_number_value(weight) : WEIGHT_MISSING);
	}
	return true;
}

/* The tags of Rendezvous are what the servers are known by. */
static bool read_tags(struct import *import, const json_t *hash)
{
	json_t *tags = json_object_get(hash, "tags");

	for (size_t i = 0; i < import->server_count; i++) {
		const char *tag = json_string_value(json_array_get(tags, i));

		if (!tag) {
			return import_fail(import, 0, 0,
					   "the hash Rendezvous needs one tag for each server");
		}
		import->servers[i].alias = alloc_text(tag);
	}
	return true;
}

static bool read_function(struct import *import, const char *function,
			  const json_t *hash)
{
	if (strcmp(function, "Ch3") == 0) {
		import->ring = "mcrouter-ch3";
	} else if (strcmp(function, "Crc32") == 0) {
		import->ring = "mcrouter-crc32";
	} else if (strcmp(function, "WeightedCh3") == 0) {
		import->ring = "mcrouter-weighted-ch3";
		return read_weights(import, hash);
	} else if (strcmp(function, "Rendezvous") == 0) {
		import->ring = "mcrouter-rendezvous";
		return read_tags(import, hash);
	} else {
		import_note(import, "the hash %s: no ring of tenon has it",
			    function);
	}
	return true;
}

/* Read the hash of a route: a name, an object with hash_func, or none, which is Ch3. */
static bool read_hash(struct import *import, const json_t *route)
{
	const json_t *hash = json_object_get(route, "hash");
	const json_t *function = json_is_object(hash) ?
					 json_object_get(hash, "hash_func") :
					 hash;
	const char *salt = json_string_value(json_object_get(hash, "salt"));

	if (salt && salt[0] != '\0') {
		import_note(import,
			    "salt: \"%s\": tenon hashes keys without it, so keys go to other servers",
			    salt);
	}
	if (function && !json_is_string(function)) {
		return import_fail(import, 0, 0, "'hash' has no name in hash_func");
	}
	return read_function(import,
			     function ? json_string_value(function) : "Ch3",
			     hash);
}

/* ---- from the pool to the config ---------------------------------------- */

static void set_timeout(struct import *import, struct imported_time *time,
			const json_t *pool, const char *name)
{
	const json_t *value = json_object_get(pool, name);
	const json_t *server = json_object_get(pool, "server_timeout");

	value = value ? value : server;
	if (json_is_number(value)) {
		import_set_time(import, time, name, json_number_value(value),
				NULL);
	} else {
		import_set_time(import, time, name, TIMEOUT_DEFAULT_MS,
				"mcrouter's default");
	}
}

/* Note the fields of an object that are not in the list, which ends in NULL. */
static void note_fields(struct import *import, const json_t *object,
			const char *const *known)
{
	const char *name;
	json_t *value;

	json_object_foreach(mutable(object), name, value) {
		const char *const *at = known;

		while (*at && strcmp(name, *at) != 0) {
			at++;
		}
		if (!*at) {
			import_note_json(import, name, value, NULL);
		}
	}
}

static void note_rest(struct import *import, const json_t *pool,
		      const json_t *route)
{
	static const char *const of_pool[] = { "servers", "name", "type",
					       "server_timeout",
					       "connect_timeout", "protocol",
					       "security_mech", "use_ssl",
					       NULL };
	static const char *const of_route[] = { "type", "pool", "hash", "name",
						NULL };

	note_fields(import, pool, of_pool);
	if (!route) {
		import_note(import,
			    "the way to the pool: no PoolRoute names it, so its hash is taken for Ch3");
	}
	note_fields(import, route, of_route);
}

static bool use_pool(struct import *import, const json_t *root,
		     const char *name, const json_t *pool)
{
	const json_t *route = find_route(json_object_get(root, "route"), name);

	if (!route) {
		route = find_route(json_object_get(root, "routes"), name);
	}
	import->title = alloc_format("pool '%s' of mcrouter", name);
	if (!read_servers(import, pool) || !read_hash(import, route)) {
		return false;
	}
	set_timeout(import, &import->connect_timeout, pool, "connect_timeout");
	set_timeout(import, &import->poll_timeout, pool, "server_timeout");
	import_set_time(import, &import->retry_timeout, "probe delay",
			PROBE_DEFAULT_MS, "mcrouter's default first probe");
	import->failover = "none";
	import->failures = FAILURES_DEFAULT;
	note_rest(import, pool, route);
	return true;
}

bool import_mcrouter(struct import *import, const json_t *root)
{
	struct pools pools = { 0 };
	const char *name;
	bool done = false;

	find_pools(&pools, root);
	name = import_choose(import, "pool", pools.names, pools.count);
	for (size_t i = 0; name && i < pools.count; i++) {
		if (pools.names[i] == name) {
			done = use_pool(import, root, name,
					pools.definitions[i]);
			break;
		}
	}
	free(pools.names);
	free(pools.definitions);
	return done;
}
