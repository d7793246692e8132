/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/client.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "cluster/key_forms.h"
#include "cluster/query.h"
#include "cluster/simulate.h"

const char *tenon_version(void)
{
	return PACKAGE_VERSION;
}

/* ---- opening and closing ----------------------------------------------- */

int tenon__client_make(struct tenon_client **out,
		       struct tenon__assembly *assembly,
		       struct tenon_error *err)
{
	struct tenon_client *client = tenon__calloc(1, sizeof(*client));

	*out = NULL;
	if (!client) {
		return tenon__error_no_memory(err);
	}
	if (tenon__fork_mark_init(&client->mark) != 0) {
		tenon__free(client);
		return tenon__error_no_memory(err);
	}
	int code = tenon__engine_init(&client->engine, assembly, err);
	if (!code) {
		code = tenon__operation_init(&client->operation,
					     &client->engine, err);
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

void tenon__client_forked(struct tenon_client *client)
{
	tenon__engine_forked(&client->engine);
	tenon__fork_mark_renew(&client->mark);
}

void tenon_client_disconnect(struct tenon_client *client)
{
	if (!tenon__client_enter(client)) {
		return;
	}
	tenon__engine_close(&client->engine);
	tenon__client_leave(client);
}

void tenon_client_close(struct tenon_client *client)
{
	if (!client) {
		return;
	}
	tenon_client_disconnect(client);
	tenon__operation_fini(&client->operation);
	tenon__engine_fini(&client->engine);
	tenon__fork_mark_fini(&client->mark);
	tenon__free(client);
}

int tenon__client_is_busy(struct tenon_error *err)
{
	return tenon__error_set(err, TENON_EBUSY,
				"another call runs on this client");
}

/* ---- waiting ----------------------------------------------------------- */

int tenon_client_set_wait(struct tenon_client *client, tenon_wait_fn wait,
			  void *payload, struct tenon_error *err)
{
	tenon__error_clear(err);
	if (!tenon__client_enter(client)) {
		return tenon__client_is_busy(err);
	}
	int code = client->engine.assembly->transport->set_wait(
		client->engine.transport, wait, payload);
	if (!code) {
		client->waits.wait = wait;
		client->waits.wait_payload = payload;
	}
	tenon__client_leave(client);
	return code ? tenon__error_set(err, TENON_EINVAL,
			"this transport accepts no wait hook; the default transport does") : 0;
}

int tenon_client_set_interrupt(struct tenon_client *client,
			       tenon_interrupt_fn interrupt, void *payload,
			       struct tenon_error *err)
{
	tenon__error_clear(err);
	if (!tenon__client_enter(client)) {
		return tenon__client_is_busy(err);
	}
	int code = client->engine.assembly->transport->set_interrupt(
		client->engine.transport, interrupt, payload);
	if (!code) {
		client->waits.interrupt = interrupt;
		client->waits.interrupt_payload = payload;
	}
	tenon__client_leave(client);
	return code ? tenon__error_set(err, TENON_EINVAL,
			"this transport does not notice signals; the default transport does") : 0;
}

/* ---- servers ----------------------------------------------------------- */

size_t tenon_client_server_count(const struct tenon_client *client)
{
	return client->engine.server_count;
}

int tenon_client_server(const struct tenon_client *client, size_t index,
			struct tenon_server_info *out)
{
	if (index >= client->engine.server_count) {
		return TENON_EINVAL;
	}
	*out = (struct tenon_server_info){
		.alias = client->engine.conns[index].name,
		.address = client->engine.conns[index].resolver.address,
		.weight = client->engine.assembly->servers[index].weight,
		.pool = client->engine.assembly->servers[index].pool
				? client->engine.assembly->servers[index].pool
				: "",
	};
	return 0;
}

int tenon_client_update_servers(struct tenon_client *client,
				const char *const *specs, size_t count,
				struct tenon_error *err)
{
	tenon__error_clear(err);
	if (!tenon__client_enter(client)) {
		return tenon__client_is_busy(err);
	}
	int code = tenon__engine_update_servers(&client->engine, specs, count,
						err);
	tenon__client_leave(client);
	return code;
}

/* ---- keys -------------------------------------------------------------- */

/* Return the home server of the bytes that decide the server. */
static inline size_t home_of(const struct tenon__assembly *assembly,
			     struct tenon_slice hashed)
{
	struct tenon_ring_key ring_key;

	tenon__query_hashed(&ring_key, assembly, hashed);
	return tenon__ring_locate(&assembly->rings[0], assembly->distribution,
				  &ring_key);
}

/*
 * Find the home server of a key that is not sent and hashed as it is, or that cannot be sent. Not
 * inlined, so that the usual path of where() stays short.
 */
static __attribute__((noinline)) int where_by_rules(
	const struct tenon__assembly *assembly, struct tenon_slice key,
	struct tenon_slice routing_key, size_t *out, struct tenon_error *err)
{
	char buffer[TENON_KEY_MAX_BYTES];
	struct tenon_slice sent;
	int code = tenon__sent_key(assembly, &sent, key, buffer);

	if (code) {
		return code == TENON_ENOMEM ? tenon__error_no_memory(err) :
			tenon__sent_key_explain(assembly, key, err);
	}
	*out = home_of(assembly,
		       tenon__hashed_part(assembly, routing_key, key, sent));
	return 0;
}

/* Find the home server of a key. An empty routing key decides nothing. */
static inline __attribute__((always_inline)) int where(const struct tenon__assembly *assembly,
			struct tenon_slice key, struct tenon_slice routing_key,
			size_t *out, struct tenon_error *err)
{
	tenon__error_clear(err);
	if (!assembly->plain_keys || !tenon__key_valid(key.data, key.len)) {
		return where_by_rules(assembly, key, routing_key, out, err);
	}
	*out = home_of(assembly, routing_key.len > 0 ? routing_key : key);
	return 0;
}

int tenon_client_where_item(struct tenon_client *client,
			    const struct tenon_item *item, size_t *out,
			    struct tenon_error *err)
{
	return where(client->engine.assembly, item->key, item->routing_key, out,
		     err);
}

int tenon_client_where(struct tenon_client *client, struct tenon_slice key,
		       size_t *out, struct tenon_error *err)
{
	const struct tenon_slice none = { "", 0 };

	return where(client->engine.assembly, key, none, out, err);
}

void tenon_client_shares(const struct tenon_client *client,
			 struct tenon_share *out)
{
	const struct tenon__assembly *assembly = client->engine.assembly;

	memset(out, 0, assembly->server_count * sizeof(*out));
	tenon__simulate(assembly, TENON__HASH_OF_CONFIG, out);
}
