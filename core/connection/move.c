/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes the addresses of servers, which keep their aliases. */
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "config/server_list.h"
#include "connection/engine.h"

/* Return the connection of the server with this name, or NULL. Tries server number `hint` first. */
static struct tenon__connection *find_connection(struct tenon__engine *engine,
						 const char *name, size_t hint)
{
	if (strcmp(engine->conns[hint].name, name) == 0) {
		return &engine->conns[hint];
	}
	for (size_t i = 0; i < engine->server_count; i++) {
		if (strcmp(engine->conns[i].name, name) == 0) {
			return &engine->conns[i];
		}
	}
	return NULL;
}

/* Append server lines to *list. The caller frees *list, also after an error. */
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
 * Make a resolver for the new address of each server.
 * Shape:  places has an entry for each server of the engine, in the engine's order.
 * Errors: TENON_ECONFIG, TENON_ENOMEM. The caller frees the resolvers, also then.
 */
static int find_places(struct tenon__engine *engine,
		       struct tenon__resolver *places,
		       const struct tenon__server_list *list,
		       struct tenon_error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct tenon__server *server = &list->entries[i].server;
		const char *name = tenon__server_name(server);
		struct tenon__connection *conn =
			find_connection(engine, name, i);

		if (!conn) {
			return tenon__error_set(err, TENON_ECONFIG,
						"server \"%s\": no server of the client has this alias",
						name);
		}
		int code = tenon__resolver_init(&places[conn->base.server],
						server,
						engine->assembly->resolve_timeout_ms,
						err);
		if (code) {
			return code;
		}
	}
	return 0;
}

/* Give every server whose address differs its new resolver. Cannot fail. */
static void move_servers(struct tenon__engine *engine,
			 struct tenon__resolver *places)
{
	int64_t now_ms = tenon__now_ns() / 1000000;

	for (size_t i = 0; i < engine->server_count; i++) {
		struct tenon__connection *conn = &engine->conns[i];

		if (strcmp(conn->resolver.address, places[i].address) == 0) {
			continue;
		}
		tenon__engine_close_connection(engine, conn);
		tenon__connection_move(conn, &places[i], now_ms);
		tenon__policies_moved(&engine->policies, (uint32_t)i, now_ms);
		tenon__log_line(&engine->assembly->log, TENON_LOG_INFO,
				"%s: the address is %s now", conn->name,
				conn->resolver.address);
	}
}

int tenon__engine_update_servers(struct tenon__engine *engine,
				 const char *const *specs, size_t count,
				 struct tenon_error *err)
{
	/* one host may serve for two aliases, for example while the other host is replaced */
	struct tenon__server_list list = { .shares_addresses = true };
	struct tenon__resolver *places;
	int code;

	if (count != engine->server_count) {
		return tenon__error_set(err, TENON_ECONFIG,
					"found %zu servers, expected %zu: one for each alias of the client",
					count, engine->server_count);
	}
	places = tenon__calloc(count, sizeof(*places));
	if (!places) {
		return tenon__error_no_memory(err);
	}
	code = read_specs(&list, specs, count, err);
	if (!code) {
		code = find_places(engine, places, &list, err);
	}
	if (!code) {
		move_servers(engine, places);
	}
	for (size_t i = 0; i < count; i++) {
		tenon__resolver_fini(&places[i]);
	}
	tenon__free(places);
	tenon__server_list_fini(&list);
	return code;
}
