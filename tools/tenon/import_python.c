/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Python's clients as JSON: the dictionary CACHES of Django, one entry of it, or the arguments of
 * pylibmc.Client or pymemcache's HashClient. Source of truth: pylibmc 1.6.3 (the order in which
 * it sets behaviors), pymemcache 3.5.2 and 4, python-memcached 1.59, Django 4.2.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "import.h"

enum client { CLIENT_PYMEMCACHE, CLIENT_PYLIBMC, CLIENT_PYTHON_MEMCACHED };

static const char *const client_names[] = { "pymemcache", "pylibmc",
					    "python-memcached" };

/* ---- values of JSON ----------------------------------------------------- */

static bool is_true(const json_t *value)
{
	return json_is_true(value) || json_number_value(value) != 0;
}

/* Read a number. JSON's null is *out as it is. */
static bool read_number(struct import *import, const char *name,
			const json_t *value, double *out)
{
	if (json_is_null(value)) {
		return true;
	}
	if (!json_is_number(value) || json_number_value(value) < 0) {
		return import_fail(import, 0, 0, "'%s' is no number", name);
	}
	*out = json_number_value(value);
	return true;
}

/* ---- servers ------------------------------------------------------------ */

static bool fail_server(struct import *import, const json_t *server)
{
	char *text = import_dump(server);

	import_fail(import, 0, 0, "the server is %s, expected \"host:port\"",
		    text);
	free(text);
	return false;
}

/* Read ["host", port] of pymemcache, or ["host:port", weight] of the other clients. */
static bool read_pair(struct import *import, enum client client,
		      const json_t *pair)
{
	const char *host = json_string_value(json_array_get(pair, 0));
	json_int_t number = json_integer_value(json_array_get(pair, 1));
	struct import_text address = { host, host ? strlen(host) : 0 };
	char *text;

	if (!host || json_array_size(pair) != 2 || number < 1) {
		return fail_server(import, pair);
	}
	if (client != CLIENT_PYMEMCACHE) {
		import_add_server(import, address, NULL, (uint64_t)number);
		return true;
	}
	text = alloc_format(strchr(host, ':') ? "[%s]:%d" : "%s:%d", host,
			    (int)number);
	address.data = text;
	address.len = strlen(text);
	import_add_server(import, address, NULL, 1);
	free(text);
	return true;
}

static bool read_address(struct import *import, struct import_text text)
{
	return import_add_weighted(import, import_trim(text), NULL);
}

/* Read a server, or as Django has it, several with ',' or ';' between them. */
static bool read_server(struct import *import, enum client client,
			const json_t *server)
{
	const char *text = json_string_value(server);
	struct import_text rest = { text, text ? strlen(text) : 0 };

	if (json_is_array(server)) {
		return read_pair(import, client, server);
	}
	if (rest.len == 0) {
		return fail_server(import, server);
	}
	while (rest.len > 0) {
		if (!read_address(import, import_cut(&rest, ",;"))) {
			return fail_server(import, server);
		}
	}
	return true;
}

static bool read_servers(struct import *import, enum client client,
			 const json_t *servers)
{
	size_t index;
	json_t *server;

	if (!json_is_array(servers)) {
		return read_server(import, client, servers);
	}
	json_array_foreach(servers, index, server) {
		if (!read_server(import, client, server)) {
			return false;
		}
	}
	return import->server_count > 0 ?
		       true :
		       import_fail(import, 0, 0, "the list of servers is empty");
}

/* Put the prefix of the client in front of the one that Django makes. */
static void put_before_prefix(struct import *import, const char *prefix)
{
	char *both = alloc_format("%s%s", prefix,
				  import->prefix ? import->prefix : "");

	free(import->prefix);
	import->prefix = both;
}

/* ---- pylibmc ------------------------------------------------------------ */

/* The distributions of pylibmc. */
static const struct {
	const char *name;
	enum import_distribution distribution;
} distributions[] = {
	{ "modula", IMPORT_MODULA },
	{ "consistent", IMPORT_CONSISTENT },
	{ "consistent ketama", IMPORT_CONSISTENT },
	{ "consistent weighted", IMPORT_WEIGHTED },
	{ "consistent ketama spy", IMPORT_SPY },
	{ "random", IMPORT_RANDOM },
	{ "virtual bucket", IMPORT_VIRTUAL_BUCKET },
};

static bool set_distribution(struct import *import,
			     struct import_libmemcached *settings,
			     const json_t *value)
{
	const char *name = json_string_value(value);

	for (size_t i = 0; name && i < sizeof(distributions) /
						sizeof(distributions[0]); i++) {
		if (strcmp(name, distributions[i].name) == 0) {
			settings->distribution = distributions[i].distribution;
			settings->preset = NULL;
			return true;
		}
	}
	return import_fail(import, 0, 0,
			   "pylibmc has no distribution '%s'", name ? name : "");
}

static bool set_hash(struct import *import,
		     struct import_libmemcached *settings, const json_t *value)
{
	const char *name = json_string_value(value);

	settings->hash = import_libmemcached_hash((struct import_text){
		name ? name : "", name ? strlen(name) : 0 });
	return settings->hash ? true :
				import_fail(import, 0, 0,
					    "pylibmc has no hash function '%s'",
					    name ? name : "");
}

/* Set the behaviors that choose the ring, in pylibmc's order: before the servers are added. */
static bool set_ring(struct import *import,
		     struct import_libmemcached *settings,
		     const json_t *behaviors)
{
	const json_t *hash = json_object_get(behaviors, "hash");
	const json_t *distribution = json_object_get(behaviors, "distribution");

	if (hash && !set_hash(import, settings, hash)) {
		return false;
	}
	if (is_true(json_object_get(behaviors, "ketama"))) {
		settings->distribution = IMPORT_CONSISTENT;
		settings->preset = "pylibmc";
	}
	if (is_true(json_object_get(behaviors, "ketama_weighted"))) {
		settings->distribution = IMPORT_WEIGHTED;
		settings->preset = NULL;
		settings->hash = "md5";
	}
	return !distribution || set_distribution(import, settings, distribution);
}

/* Set one of the behaviors that do not choose the ring. */
static bool set_behavior(struct import *import,
			 struct import_libmemcached *settings, const char *name,
			 const json_t *value)
{
	double count = 0;

	if (strcmp(name, "connect_timeout") == 0) {
		return read_number(import, name, value,
				   &settings->connect_timeout_ms);
	}
	if (strcmp(name, "_poll_timeout") == 0) {
		return read_number(import, name, value,
				   &settings->poll_timeout_ms);
	}
	if (strcmp(name, "retry_timeout") == 0 ||
	    strcmp(name, "_retry_timeout") == 0) {
		return read_number(import, name, value,
				   &settings->retry_timeout_s);
	}
	if (strcmp(name, "auto_eject") == 0 ||
	    strcmp(name, "remove_failed") == 0) {
		settings->ejects = settings->ejects || is_true(value);
		return true;
	}
	if (strcmp(name, "failure_limit") == 0 ||
	    strcmp(name, "dead_timeout") == 0) {
		if (!read_number(import, name, value, &count)) {
			return false;
		}
		*(name[0] == 'f' ? &settings->failure_limit :
				   &settings->dead_timeout_s) = (uint64_t)count;
		return true;
	}
	if (strcmp(name, "namespace") == 0 && json_is_string(value)) {
		put_before_prefix(import, json_string_value(value));
		return true;
	}
	import_note_json(import, name, value, NULL);
	return true;
}

/* Behaviors that the ring was made from, and those that tenon always has. */
static bool is_settled(const char *name)
{
	static const char *const names[] = { "hash", "distribution", "ketama",
					     "ketama_weighted", "cas",
					     "tcp_nodelay", "verify_keys",
					     "_hash_with_prefix_key" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0) {
			return true;
		}
	}
	return false;
}

static bool use_behaviors(struct import *import, const json_t *behaviors)
{
	struct import_libmemcached settings = import_libmemcached_defaults();
	const char *name;
	json_t *value;
	/* The loop of jansson takes no const object. */
	json_t *object = (json_t *)(uintptr_t)behaviors;
	char *prefix = import->prefix;

	if (!set_ring(import, &settings, behaviors)) {
		return false;
	}
	json_object_foreach(object, name, value) {
		if (!is_settled(name) &&
		    !set_behavior(import, &settings, name, value)) {
			return false;
		}
	}
	for (size_t i = 0; i < import->server_count; i++) {
		settings.weighs |= import->servers[i].weight > 1;
	}
	/* The prefix that Django puts in front is part of the key to pylibmc. */
	settings.hashes_namespace =
		import->prefix == prefix ||
		is_true(json_object_get(behaviors, "_hash_with_prefix_key"));
	import_libmemcached_apply(import, &settings);
	return true;
}

/* The reason why an argument of pylibmc.Client is left out, or NULL. */
static const char *why_not(const char *name)
{
	static const struct {
		const char *name, *why;
	} reasons[] = {
		{ "username",
		  "it is for SASL, which needs the binary protocol, and tenon does not speak that" },
		{ "password", "it is for SASL, as username" },
		{ "binary", "tenon does not speak the binary protocol" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (strcmp(name, reasons[i].name) == 0) {
			return reasons[i].why;
		}
	}
	return NULL;
}

static bool use_pylibmc(struct import *import, const json_t *options)
{
	const json_t *behaviors = json_object_get(options, "behaviors");
	json_t *object = (json_t *)(uintptr_t)options;
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) {
		if (strcmp(name, "behaviors") != 0 &&
		    strcmp(name, "servers") != 0) {
			import_note_json(import, name, value, why_not(name));
		}
	}
	if (behaviors && !json_is_object(behaviors)) {
		return import_fail(import, 0, 0, "'behaviors' is no object");
	}
	return use_behaviors(import, behaviors);
}

/* ---- pymemcache --------------------------------------------------------- */

struct pymemcache {
	double connect_timeout_s; /* less than 0: none */
	double timeout_s;
	double retry_attempts;
	double retry_timeout_s;
	double dead_timeout_s;
	bool has_prefix;
};

static bool set_argument(struct import *import, struct pymemcache *arguments,
			 const char *name, const json_t *value)
{
	const struct {
		const char *name;
		double *out;
	} numbers[] = {
		{ "connect_timeout", &arguments->connect_timeout_s },
		{ "timeout", &arguments->timeout_s },
		{ "retry_attempts", &arguments->retry_attempts },
		{ "retry_timeout", &arguments->retry_timeout_s },
		{ "dead_timeout", &arguments->dead_timeout_s },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strcmp(name, numbers[i].name) == 0) {
			return read_number(import, name, value, numbers[i].out);
		}
	}
	if (strcmp(name, "key_prefix") == 0 && json_is_string(value)) {
		put_before_prefix(import, json_string_value(value));
		arguments->has_prefix = true;
	} else if (strcmp(name, "servers") != 0 &&
		   strcmp(name, "no_delay") != 0) {
		import_note_json(import, name, value, NULL);
	}
	return true;
}

static void apply_seconds(struct import *import, struct imported_time *time,
			  const char *name, double seconds)
{
	if (seconds >= 0) {
		import_set_time(import, time, name, seconds * 1000, NULL);
	} else {
		import_note(import,
			    "%s: pymemcache waits without a limit, and tenon does not",
			    name);
	}
}

static bool use_pymemcache(struct import *import, const json_t *options)
{
	struct pymemcache arguments = { .connect_timeout_s = -1,
					.timeout_s = -1,
					.retry_attempts = 2,
					.retry_timeout_s = -1,
					.dead_timeout_s = -1 };
	json_t *object = (json_t *)(uintptr_t)options;
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) {
		if (!set_argument(import, &arguments, name, value)) {
			return false;
		}
	}
	import->ring = "pymemcache";
	apply_seconds(import, &import->connect_timeout, "connect_timeout",
		      arguments.connect_timeout_s);
	apply_seconds(import, &import->poll_timeout, "timeout",
		      arguments.timeout_s);
	import->failover = "eject";
	import->failures = (uint64_t)arguments.retry_attempts + 1;
	import_set_time(import, &import->retry_timeout, "dead_timeout",
			arguments.dead_timeout_s < 0 ? 60000 :
				arguments.dead_timeout_s * 1000,
			arguments.dead_timeout_s < 0 ?
				"pymemcache's default dead_timeout" : NULL);
	if (arguments.retry_timeout_s >= 0) {
		import_note(import,
			    "retry_timeout: %g: tenon has one time, which is pymemcache's dead_timeout",
			    arguments.retry_timeout_s);
	}
	if (arguments.has_prefix) {
		import_unhashed_prefix(import, "pymemcache");
	}
	import_drop_weights(import, "pymemcache has none");
	return true;
}

/* ---- python-memcached --------------------------------------------------- */

static bool use_python_memcached(struct import *import, const json_t *options)
{
	double dead_retry_s = -1;
	double timeout_s = -1;
	json_t *object = (json_t *)(uintptr_t)options;
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) {
		double *out = strcmp(name, "dead_retry") == 0 ? &dead_retry_s :
			      strcmp(name, "socket_timeout") == 0 ? &timeout_s :
								    NULL;

		if (out && !read_number(import, name, value, out)) {
			return false;
		}
		if (!out && strcmp(name, "servers") != 0) {
			import_note_json(import, name, value, NULL);
		}
	}
	import->ring = "python-memcached";
	import->failover = "eject";
	import_set_time(import, &import->connect_timeout, "socket_timeout",
			timeout_s < 0 ? 3000 : timeout_s * 1000,
			timeout_s < 0 ? "python-memcached's default" : NULL);
	import_set_time(import, &import->poll_timeout, "socket_timeout",
			timeout_s < 0 ? 3000 : timeout_s * 1000,
			timeout_s < 0 ? "python-memcached's default" : NULL);
	import_set_time(import, &import->retry_timeout, "dead_retry",
			dead_retry_s < 0 ? 30000 : dead_retry_s * 1000,
			dead_retry_s < 0 ? "python-memcached's default" : NULL);
	return true;
}

static bool use_client(struct import *import, enum client client,
		       const json_t *options)
{
	switch (client) {
	case CLIENT_PYLIBMC:
		return use_pylibmc(import, options);
	case CLIENT_PYTHON_MEMCACHED:
		return use_python_memcached(import, options);
	case CLIENT_PYMEMCACHE:
		break;
	}
	return use_pymemcache(import, options);
}

/* ---- Django ------------------------------------------------------------- */

/* Find the client of a BACKEND. Returns false when that is not one of memcached. */
static bool find_client(const json_t *cache, enum client *client)
{
	static const char *const classes[] = { ".PyMemcacheCache",
					       ".PyLibMCCache",
					       ".MemcachedCache" };
	const char *backend = json_string_value(json_object_get(cache, "BACKEND"));
	const char *class = backend ? strrchr(backend, '.') : NULL;

	for (size_t i = 0; class && i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (strcmp(class, classes[i]) == 0) {
			*client = (enum client)i;
			return true;
		}
	}
	return false;
}

/* Django's keys are "KEY_PREFIX:VERSION:key". */
static void set_prefix(struct import *import, const json_t *cache)
{
	const json_t *prefix = json_object_get(cache, "KEY_PREFIX");
	const json_t *version = json_object_get(cache, "VERSION");
	const json_t *function = json_object_get(cache, "KEY_FUNCTION");

	if (function && !json_is_null(function)) {
		import_note_json(import, "KEY_FUNCTION", function,
				 "set the prefix that it makes");
		return;
	}
	import->keys_have_prefix = true;
	import->prefix = alloc_format(
		"%s:%d:", json_is_string(prefix) ? json_string_value(prefix) : "",
		json_is_integer(version) ? (int)json_integer_value(version) : 1);
}

static void note_others(struct import *import, const json_t *cache)
{
	static const char *const known[] = { "BACKEND", "LOCATION", "KEY_PREFIX",
					     "VERSION", "KEY_FUNCTION",
					     "OPTIONS", "TIMEOUT" };
	json_t *object = (json_t *)(uintptr_t)cache;
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) {
		size_t i = 0;

		while (i < sizeof(known) / sizeof(known[0]) &&
		       strcmp(name, known[i]) != 0) {
			i++;
		}
		if (i == sizeof(known) / sizeof(known[0])) {
			import_note_json(import, name, value, NULL);
		} else if (strcmp(name, "TIMEOUT") == 0) {
			import_note_json(import, name, value,
					 "in tenon each call has its exptime");
		}
	}
}

static bool use_cache(struct import *import, const json_t *cache)
{
	const json_t *options = json_object_get(cache, "OPTIONS");
	const json_t *location = json_object_get(cache, "LOCATION");
	enum client client = CLIENT_PYMEMCACHE;

	if (!find_client(cache, &client)) {
		return import_fail(import, 0, 0,
				   "BACKEND is not PyMemcacheCache, PyLibMCCache or MemcachedCache of Django");
	}
	if (!location || !read_servers(import, client, location)) {
		return location ? false :
				  import_fail(import, 0, 0, "has no LOCATION");
	}
	if (!import->title) {
		import->title = alloc_format("Django's cache with %s",
					     client_names[client]);
	}
	set_prefix(import, cache);
	note_others(import, cache);
	return use_client(import, client, options);
}

/* Choose among the caches that are memcached. */
static bool use_caches(struct import *import, const json_t *caches)
{
	json_t *object = (json_t *)(uintptr_t)caches;
	const char **names =
		alloc_array(json_object_size(caches) + 1, sizeof(*names));
	enum client client = CLIENT_PYMEMCACHE;
	size_t count = 0;
	const char *name;
	json_t *cache;

	json_object_foreach(object, name, cache) {
		if (find_client(cache, &client)) {
			names[count++] = name;
		}
	}
	name = import_choose(import, "cache", names, count);
	free(names);
	if (!name) {
		return false;
	}
	cache = json_object_get(caches, name);
	find_client(cache, &client);
	import->title = alloc_format("cache '%s' of Django with %s", name,
				     client_names[client]);
	return use_cache(import, cache);
}

bool import_python(struct import *import, const json_t *root)
{
	const json_t *servers = json_object_get(root, "servers");
	bool is_pylibmc = json_object_get(root, "behaviors") ||
			  json_object_get(root, "binary");
	enum client client = is_pylibmc ? CLIENT_PYLIBMC : CLIENT_PYMEMCACHE;

	if (json_object_get(root, "CACHES")) {
		root = json_object_get(root, "CACHES");
	}
	if (json_object_get(root, "BACKEND")) {
		return use_cache(import, root);
	}
	if (!servers) {
		return use_caches(import, root);
	}
	import->title = alloc_format("arguments of %s", client_names[client]);
	return read_servers(import, client, servers) &&
	       use_client(import, client, root);
}
