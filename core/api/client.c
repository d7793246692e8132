/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/client.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "config/server_list.h"
#include "plugin/instance.h"
#include "wire/key.h"

const char *tenon_version(void)
{
	return PACKAGE_VERSION;
}

/* ---- opening and closing ----------------------------------------------- */

static int open_transport(struct tenon_client *client, struct tenon_error *err)
{
	const struct tenon__assembly *assembly = client->assembly;
	const struct tenon_transport_setup setup = {
		.size = sizeof(setup),
		.server_count = (uint32_t)client->server_count,
		.connect_timeout_ms = assembly->connect_timeout_ms,
		.ops = &tenon__connection_ops,
	};

	client->transport =
		tenon__instance_alloc(assembly->transport->state_size);
	if (!client->transport) {
		return tenon__error_no_memory(err);
	}
	return assembly->transport->init(client->transport,
					 assembly->transport_options,
					 &assembly->host, &setup, err);
}

static int open_connections(struct tenon_client *client,
			    struct tenon_error *err)
{
	size_t count = client->assembly->server_count;

	client->conns = tenon__calloc(count, sizeof(*client->conns));
	client->health = tenon__calloc(count, sizeof(*client->health));
	client->active = tenon__calloc(2 * count, sizeof(*client->active));
	client->used = tenon__calloc(count, sizeof(*client->used));
	if (!client->conns || !client->health || !client->active ||
	    !client->used) {
		return tenon__error_no_memory(err);
	}
	for (; client->server_count < count; client->server_count++) {
		uint32_t server = (uint32_t)client->server_count;
		int code = tenon__connection_init(
			&client->conns[server], client->assembly, server,
			&client->operation, &client->blocks,
			&client->health[server], err);
		if (code) {
			return code;
		}
	}
	return 0;
}

int tenon__client_make(struct tenon_client **out,
		       struct tenon__assembly *assembly,
		       struct tenon_error *err)
{
	struct tenon_client *client;
	size_t which;
	int code;

	*out = NULL;
	client = tenon__calloc(1, sizeof(*client));
	if (!client) {
		return tenon__error_no_memory(err);
	}
	if (tenon__fork_mark_init(&client->mark) != 0) {
		tenon__free(client);
		return tenon__error_no_memory(err);
	}
	client->latest_ns = INT64_MAX;
	client->assembly = tenon__assembly_ref(assembly);
	code = open_connections(client, err);
	if (!code) {
		code = tenon__chain_init(&client->chain, client->assembly,
					 &client->blocks, err);
	}
	if (!code) {
		code = open_transport(client, err);
	}
	if (!code) {
		code = tenon__policies_init(&client->policies,
					    &client->assembly->policies, &which,
					    err);
	}
	if (code) {
		tenon_client_close(client);
		return code;
	}
	*out = client;
	return 0;
}

int tenon_client_open(struct tenon_config *config, struct tenon_client **out,
		      struct tenon_error *err)
{
	struct tenon__assembly *assembly;

	tenon__error_clear(err);
	*out = NULL;
	int code = tenon__assembly_create(&assembly, config, err);
	if (!code) {
		code = tenon__client_make(out, assembly, err);
		tenon__assembly_unref(assembly);
	}
	return code;
}

static void close_connections(struct tenon_client *client)
{
	for (size_t i = 0; client->transport && i < client->server_count; i++) {
		client->assembly->transport->close(client->transport,
						   &client->conns[i].base);
	}
}

void tenon__client_forked(struct tenon_client *client)
{
	/* these descriptors are ours; the connections stay open in the parent */
	close_connections(client);
	for (size_t i = 0; i < client->server_count; i++) {
		tenon__resolver_forked(&client->conns[i].resolver);
	}
	tenon__fork_mark_renew(&client->mark);
}

void tenon_client_disconnect(struct tenon_client *client)
{
	if (!tenon__client_enter(client)) {
		return;
	}
	close_connections(client);
	tenon__client_leave(client);
}

void tenon_client_close(struct tenon_client *client)
{
	if (!client) {
		return;
	}
	tenon_client_disconnect(client);
	if (client->transport) {
		client->assembly->transport->fini(client->transport);
		tenon__free(client->transport);
	}
	tenon__policies_fini(&client->policies);
	for (size_t i = 0; i < client->server_count; i++) {
		tenon__connection_fini(&client->conns[i]);
	}
	tenon__free(client->conns);
	tenon__free(client->health);
	tenon__free(client->active);
	tenon__free(client->used);
	tenon__chain_fini(&client->chain);
	tenon__block_cache_fini(&client->blocks);
	tenon__free(client->operation.keys);
	tenon__free(client->operation.requests);
	tenon__free(client->operation.results);
	tenon__free(client->hashes);
	tenon__free(client->key_buffer);
	tenon__assembly_unref(client->assembly);
	tenon__fork_mark_fini(&client->mark);
	tenon__free(client);
}

/* ---- waiting ----------------------------------------------------------- */

int tenon_client_set_wait(struct tenon_client *client, tenon_wait_fn wait,
			  void *payload, struct tenon_error *err)
{
	tenon__error_clear(err);
	if (!tenon__client_enter(client)) {
		return tenon__error_set(err, TENON_EBUSY,
					"another call runs on this client");
	}
	int code = client->assembly->transport->set_wait(client->transport,
							 wait, payload);
	tenon__client_leave(client);
	return code ? tenon__error_set(err, TENON_EINVAL,
			"the config's transport takes no wait hook; the default one does") : 0;
}

/* ---- servers ----------------------------------------------------------- */

size_t tenon_client_server_count(const struct tenon_client *client)
{
	return client->server_count;
}

int tenon_client_server(const struct tenon_client *client, size_t index,
			struct tenon_server_info *out)
{
	if (index >= client->server_count) {
		return TENON_EINVAL;
	}
	*out = (struct tenon_server_info){
		.alias = client->conns[index].name,
		.address = client->conns[index].resolver.address,
		.weight = client->assembly->servers[index].weight,
		.pool = client->assembly->servers[index].pool
				? client->assembly->servers[index].pool
				: "",
	};
	return 0;
}

/* The server with this name, or NULL; most often it is number `hint`. */
static struct tenon__connection *find_connection(struct tenon_client *client,
						 const char *name, size_t hint)
{
	if (strcmp(client->conns[hint].name, name) == 0) {
		return &client->conns[hint];
	}
	for (size_t i = 0; i < client->server_count; i++) {
		if (strcmp(client->conns[i].name, name) == 0) {
			return &client->conns[i];
		}
	}
	return NULL;
}

/* Read server lines; *list is the caller's to free also after an error. */
static int read_specs(struct tenon__server_list *list, const char *const *specs,
		      size_t count, struct tenon_error *err)
{
	const struct tenon__place nowhere = { .where = "" };

	for (size_t i = 0; i < count; i++) {
		struct tenon__server server;
		int code = tenon__server_parse(&server, specs[i],
					       strlen(specs[i]), err);
		if (!code) {
			code = tenon__server_list_add(list, &server, &nowhere,
						      err);
		}
		if (code) {
			return code;
		}
	}
	return 0;
}

/*
 * Put every server of the list where its alias is in places.
 * Errors: TENON_ECONFIG, TENON_ENOMEM.
 */
static int find_places(struct tenon_client *client,
		       struct tenon__resolver *places,
		       const struct tenon__server_list *list,
		       struct tenon_error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct tenon__server *server = &list->entries[i].server;
		const char *name = tenon__server_name(server);
		struct tenon__connection *conn =
			find_connection(client, name, i);

		if (!conn) {
			return tenon__error_set(err, TENON_ECONFIG,
				"server \"%s\": no server of this client has this alias",
				name);
		}
		int code = tenon__resolver_init(&places[conn->base.server],
						server, err);
		if (code) {
			return code;
		}
	}
	return 0;
}

/* Nothing can fail any more: let every server whose address differs move. */
static void move_servers(struct tenon_client *client,
			 struct tenon__resolver *places)
{
	for (size_t i = 0; i < client->server_count; i++) {
		struct tenon__connection *conn = &client->conns[i];

		if (strcmp(conn->resolver.address, places[i].address) == 0) {
			continue;
		}
		client->assembly->transport->close(client->transport,
						   &conn->base);
		tenon__connection_move(conn, &places[i]);
		tenon__log_line(&client->assembly->log, TENON_LOG_INFO,
				"%s: lives at %s now", conn->name,
				conn->resolver.address);
	}
}

static int update_servers(struct tenon_client *client,
			  const char *const *specs, size_t count,
			  struct tenon_error *err)
{
	struct tenon__server_list list = { 0 };
	struct tenon__resolver *places;
	int code;

	if (count != client->server_count) {
		return tenon__error_set(err, TENON_ECONFIG,
			"%zu servers, expected %zu: every alias of the client exactly once",
			count, client->server_count);
	}
	places = tenon__calloc(count, sizeof(*places));
	if (!places) {
		return tenon__error_no_memory(err);
	}
	code = read_specs(&list, specs, count, err);
	if (!code) {
		code = find_places(client, places, &list, err);
	}
	if (!code) {
		move_servers(client, places);
	}
	for (size_t i = 0; i < count; i++) {
		tenon__resolver_fini(&places[i]);
	}
	tenon__free(places);
	tenon__server_list_fini(&list);
	return code;
}

int tenon_client_update_servers(struct tenon_client *client,
				const char *const *specs, size_t count,
				struct tenon_error *err)
{
	tenon__error_clear(err);
	if (!tenon__client_enter(client)) {
		return tenon__error_set(err, TENON_EBUSY,
					"another call runs on this client");
	}
	int code = update_servers(client, specs, count, err);
	tenon__client_leave(client);
	return code;
}

/* ---- keys -------------------------------------------------------------- */

int tenon__client_explain_key(const struct tenon_client *client,
			      struct tenon_slice key, struct tenon_error *err)
{
	size_t prefix_len = client->assembly->prefix_len;

	if (key.len == 0) {
		return tenon__error_set(err, TENON_EKEY, "the key is empty");
	}
	if (key.len + prefix_len > TENON_KEY_MAX_BYTES) {
		return tenon__error_set(err, TENON_EKEY,
			"key of %zu bytes%s: memcached takes %d at most",
			key.len + prefix_len, prefix_len ? " with prefix" : "",
			TENON_KEY_MAX_BYTES);
	}
	size_t at = 0;
	while (at + 1 < key.len &&
	       tenon__key_valid((const char *)key.data + at, 1)) {
		at++;
	}
	return tenon__error_set(err, TENON_EKEY,
		"the key has byte 0x%02x at offset %zu: space and control bytes cannot be sent",
		((const unsigned char *)key.data)[at], at);
}

int tenon_client_where(struct tenon_client *client, struct tenon_slice key,
		       size_t *out, struct tenon_error *err)
{
	const struct tenon__assembly *assembly = client->assembly;
	const struct tenon_hash *hash = &assembly->hash;
	char buffer[TENON_KEY_MAX_BYTES];
	struct tenon_slice sent;

	tenon__error_clear(err);
	if (tenon__client_key(client, key, buffer, &sent) != 0) {
		return tenon__client_explain_key(client, key, err);
	}
	struct tenon_ring_key ring_key = {
		.key = sent.data, .key_len = sent.len,
	};
	if (assembly->rings[0].count > 1) {
		ring_key.hash = hash->ops->hash(hash->self, sent.data,
						sent.len);
	}
	*out = tenon__ring_locate(&assembly->rings[0], assembly->distribution,
				  &ring_key);
	return 0;
}
