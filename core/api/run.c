/* SPDX-License-Identifier: BSD-3-Clause */
/* The two calls that everything is: over keys, and over servers. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "operation/explain.h"
#include "operation/round.h"
#include "operation/transform.h"

/* A word or two behind stats, flush_all, verbosity. */
#define ARGUMENT_MAX_BYTES 200

#define OPTIONS (TENON_NOREPLY | TENON_RAW | TENON_NO_COMPRESS)

/* ---- over keys --------------------------------------------------------- */

/* Make room for the keys with prefix. Errors: TENON_ENOMEM. */
static int reserve_keys(struct tenon_client *client,
			const struct tenon_item *items, size_t count)
{
	size_t need = 0;

	if (client->assembly->prefix_len == 0) {
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		if (items[i].key.len <= TENON_KEY_MAX_BYTES) {
			need += items[i].key.len + client->assembly->prefix_len;
		}
	}
	if (need <= client->key_buffer_capacity) {
		return 0;
	}
	char *buffer = tenon__realloc(client->key_buffer, need, 1);
	if (!buffer) {
		return TENON_ENOMEM;
	}
	client->key_buffer = buffer;
	client->key_buffer_capacity = need;
	return 0;
}

/* Check every key and value; the result of a refused one is its refusal. */
static void add_items(struct tenon_client *client,
		      const struct tenon__verb *verb,
		      const struct tenon_item *items, size_t count)
{
	static const struct tenon_slice no_key = { "", 0 };
	struct tenon__operation *op = &client->operation;
	bool stores = verb->shape == TENON_SHAPE_STORE;
	char *buffer = client->key_buffer;

	for (size_t i = 0; i < count; i++) {
		struct tenon_slice key = no_key;
		int status = tenon__client_key(client, items[i].key, buffer,
					       &key);

		if (!status && client->assembly->prefix_len > 0) {
			buffer += key.len;
		}
		if (stores &&
		    items[i].value.len > client->assembly->max_value_bytes) {
			status = TENON_ETOOBIG;
		}
		uint32_t req = tenon__round_add(client, verb, key, &items[i]);
		op->results[req].status = status;
		op->requests[req].answered = status != 0;
	}
	client->item_count = (uint32_t)count;
}

static int run_items(struct tenon_client *client,
		     const struct tenon__verb *verb,
		     const struct tenon_item *items, size_t count,
		     unsigned options)
{
	bool noreply = (options & TENON_NOREPLY) != 0;

	tenon__round_begin(client);
	if (tenon__round_reserve(client, count) != 0 ||
	    reserve_keys(client, items, count) != 0) {
		return TENON_ENOMEM;
	}
	client->operation.argument = NULL;
	add_items(client, verb, items, count);
	bool raw = client->chain.count == 0 || (options & TENON_RAW);
	struct tenon__sink_rule *rule = &client->operation.sink_rule;
	rule->count = rule->fn && verb->shape == TENON_SHAPE_RETRIEVE
			      ? (uint32_t)count
			      : 0;
	rule->excluded =
		raw ? 0 : client->chain.flags | ~client->chain.user_flags;
	return raw ? tenon__round_run(client, noreply) :
		     tenon__transform_run(client, verb, options);
}

void tenon_client_set_sink(struct tenon_client *client, size_t min_bytes,
			   tenon_sink_fn fn, void *payload)
{
	client->operation.sink_rule = (struct tenon__sink_rule){
		.fn = fn,
		.payload = payload,
		.min_bytes = min_bytes,
	};
}

static int check_options(const struct tenon__verb *verb, unsigned options,
			 unsigned known, struct tenon_error *err)
{
	if (!verb->noreply) {
		known &= ~TENON_NOREPLY;
	}
	if (options & ~known) {
		return tenon__error_set(err, TENON_EINVAL,
					"options 0x%x do not go with %s",
					options, verb->name);
	}
	return 0;
}

int tenon_run(struct tenon_client *client, enum tenon_verb verb,
	      const struct tenon_item *items, size_t count, unsigned options,
	      const struct tenon_result **results, struct tenon_error *err)
{
	tenon__error_clear(err);
	*results = NULL;
	if ((unsigned)verb >= TENON_VERB_COUNT) {
		return tenon__error_set(err, TENON_EINVAL,
					"verb %d does not exist", (int)verb);
	}
	const struct tenon__verb *command = tenon__verb_of(verb);
	int code = check_options(command, options, OPTIONS, err);
	if (code) {
		return code;
	}
	if (count >= TENON_REQUEST_END) {
		return tenon__error_set(err, TENON_EINVAL,
					"%zu keys in one call", count);
	}
	if (!tenon__client_enter(client)) {
		return tenon__error_set(err, TENON_EBUSY,
					"another call runs on this client");
	}
	code = run_items(client, command, items, count, options);
	if (code) {
		tenon__error_no_memory(err);
	} else {
		*results = client->operation.results;
		code = tenon__explain_first(client, count, err);
	}
	tenon__client_leave(client);
	return code;
}

/* ---- over servers ------------------------------------------------------ */

static int run_servers(struct tenon_client *client,
		       const struct tenon__verb *verb, const char *argument,
		       bool noreply)
{
	struct tenon__operation *op = &client->operation;

	tenon__round_begin(client);
	if (tenon__round_reserve(client, client->server_count) != 0) {
		return TENON_ENOMEM;
	}
	op->argument = argument;
	for (uint32_t i = 0; i < client->server_count; i++) {
		tenon__round_add(client, verb, (struct tenon_slice){ "", 0 },
				 NULL);
		op->results[i].server = i;
		op->requests[i].answered =
			verb->only_connected &&
			client->conns[i].base.fd < 0; /* TENON_OK */
	}
	return tenon__round_run_servers(client, noreply);
}

/* Is this an argument that the command takes, and no second command? */
static int check_argument(const struct tenon__verb *verb, const char *argument,
			  struct tenon_error *err)
{
	static const char *const expected[] = {
		[TENON_ARGUMENT_NONE] = "no argument",
		[TENON_ARGUMENT_NUMBER] = "a number",
		[TENON_ARGUMENT_WORDS] = "words",
	};
	size_t len = argument ? strlen(argument) : 0;
	bool fits = !argument ||
		(verb->argument != TENON_ARGUMENT_NONE && len > 0);

	if (len > ARGUMENT_MAX_BYTES) {
		return tenon__error_set(err, TENON_EINVAL,
			"argument of %s: %zu bytes, at most %d are sent",
			verb->name, len, ARGUMENT_MAX_BYTES);
	}
	for (size_t i = 0; i < len && fits; i++) {
		unsigned char byte = (unsigned char)argument[i];

		fits = verb->argument == TENON_ARGUMENT_NUMBER ?
			byte >= '0' && byte <= '9' :
			byte >= 0x20 && byte != 0x7f;
	}
	return fits ? 0 : tenon__error_set(err, TENON_EINVAL,
		"argument \"%s\" of %s, expected %s", argument, verb->name,
		expected[verb->argument]);
}

int tenon_run_servers(struct tenon_client *client, enum tenon_server_verb verb,
		      const char *argument, unsigned options,
		      const struct tenon_result **results,
		      struct tenon_error *err)
{
	tenon__error_clear(err);
	*results = NULL;
	if ((unsigned)verb >= TENON_SERVER_VERB_COUNT) {
		return tenon__error_set(err, TENON_EINVAL,
					"verb %d does not exist", (int)verb);
	}
	const struct tenon__verb *command = tenon__server_verb_of(verb);
	int code = check_options(command, options, TENON_NOREPLY, err);
	if (code) {
		return code;
	}
	if (verb == TENON_FLUSH_ALL && !client->assembly->enable_flush_all) {
		return tenon__error_set(err, TENON_EDISABLED,
			"flush_all is switched off; set enable_flush_all: true to allow it");
	}
	code = check_argument(command, argument, err);
	if (code) {
		return code;
	}
	if (!tenon__client_enter(client)) {
		return tenon__error_set(err, TENON_EBUSY,
					"another call runs on this client");
	}
	/* quit has no reply: the server closes */
	code = run_servers(client, command, argument,
			   options || verb == TENON_QUIT);
	if (code) {
		tenon__error_no_memory(err);
	} else {
		*results = client->operation.results;
		code = tenon__explain_first(client, client->server_count, err);
	}
	tenon__client_leave(client);
	if (verb == TENON_QUIT) {
		tenon_client_disconnect(client);
	}
	return code;
}

