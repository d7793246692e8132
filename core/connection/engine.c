/* SPDX-License-Identifier: BSD-3-Clause */
#include "connection/engine.h"

#include "base/error.h"
#include "base/memory.h"
#include "connection/filter.h"
#include "connection/greeting.h"
#include "plugin/instance.h"
#include "plugin/plugin.h"

static int init_connections(struct tenon__engine *engine,
			    struct tenon_error *err)
{
	size_t count = engine->assembly->server_count;

	engine->conns = tenon__calloc_dense(count, sizeof(*engine->conns));
	engine->health = tenon__calloc_dense(count, sizeof(*engine->health));
	engine->times = tenon__calloc(count * TENON_HISTOGRAM_BUCKETS,
				      sizeof(*engine->times));
	engine->active = tenon__calloc(2 * count, sizeof(*engine->active));
	engine->used = tenon__calloc(count, sizeof(*engine->used));
	if (!engine->conns || !engine->health || !engine->times ||
	    !engine->active || !engine->used ||
	    tenon__walk_init(&engine->walk, count) != 0) {
		return tenon__error_no_memory(err);
	}
	for (; engine->server_count < count; engine->server_count++) {
		uint32_t server = (uint32_t)engine->server_count;
		struct tenon__health *health = &engine->health[server];

		health->times = engine->times +
				(size_t)server * TENON_HISTOGRAM_BUCKETS;
		int code = tenon__connection_init(&engine->conns[server],
						  engine->assembly, server,
						  &engine->blocks, health, err);
		if (code) {
			return code;
		}
	}
	return 0;
}

/* Tell the transport of every connection. */
static int announce_connections(struct tenon__engine *engine,
				struct tenon_error *err)
{
	const struct tenon__assembly *assembly = engine->assembly;

	for (; engine->added_count < engine->server_count;
	     engine->added_count++) {
		int code = assembly->transport->add(
			engine->transport,
			&engine->conns[engine->added_count].base, err);
		if (code) {
			return tenon__plugin_init_error(
				err, code, "transport",
				assembly->transport_name);
		}
	}
	return 0;
}

/* Close every connection and let the transport forget it. */
static void remove_connections(struct tenon__engine *engine)
{
	tenon__engine_close(engine);
	while (engine->added_count > 0) {
		engine->added_count--;
		engine->assembly->transport->remove(
			engine->transport,
			&engine->conns[engine->added_count].base);
	}
}

static int init_transport(struct tenon__engine *engine, struct tenon_error *err)
{
	const struct tenon__assembly *assembly = engine->assembly;
	const struct tenon_transport_setup setup = {
		.size = sizeof(setup),
		.connect_timeout_ms = assembly->connect_timeout_ms,
		.ops = engine->ops,
		.resolve_timeout_ms = assembly->resolve_timeout_ms,
		.keepalive_idle_s = assembly->keepalive_idle_s,
		.keepalive_interval_s = assembly->keepalive_interval_s,
		.keepalive_count = assembly->keepalive_count,
		.user_timeout_ms = assembly->poll_timeout_ms / 2,
	};

	engine->transport =
		tenon__instance_alloc(assembly->transport->state_size);
	if (!engine->transport) {
		return tenon__error_no_memory(err);
	}
	int code = assembly->transport->init(engine->transport,
					     assembly->transport_options,
					     assembly->transport_host, &setup, err);
	return code ? tenon__plugin_init_error(err, code, "transport",
					       assembly->transport_name)
		    : announce_connections(engine, err);
}

int tenon__engine_init(struct tenon__engine *engine,
		       struct tenon__assembly *assembly,
		       struct tenon_error *err)
{
	size_t which;

	*engine = (struct tenon__engine){
		.assembly = tenon__assembly_ref(assembly),
	};
	engine->ops = assembly->greetings.of ? &tenon__greeting_ops
					     : &tenon__connection_ops;
	if (assembly->secures.of) {
		engine->filter_ops = tenon__filter_ops();
		engine->ops = &engine->filter_ops;
	}
	int code = init_connections(engine, err);
	if (!code) {
		code = init_transport(engine, err);
	}
	if (!code) {
		code = tenon__policies_init(&engine->policies,
					    &assembly->policies, &which, err);
	}
	if (!code && tenon__policies_share(&engine->policies,
					   &assembly->outcomes, engine->health,
					   engine->server_count,
					   assembly->poll_timeout_ms) != 0) {
		code = tenon__error_no_memory(err);
	}
	return code;
}

void tenon__engine_close_connection(struct tenon__engine *engine,
				    struct tenon__connection *conn)
{
	engine->assembly->transport->close(engine->transport, &conn->base);
	tenon__filter_end(conn);
	tenon__connection_go(conn, TENON_CONNECTION_CLOSED);
}

void tenon__engine_close(struct tenon__engine *engine)
{
	for (size_t i = 0; i < engine->added_count; i++) {
		tenon__engine_close_connection(engine, &engine->conns[i]);
	}
}

void tenon__engine_listen(struct tenon__engine *engine, int64_t now_ms)
{
	tenon__policies_listen(&engine->policies, now_ms);
	for (uint32_t i = 0; i < engine->server_count; i++) {
		struct tenon__connection *conn = &engine->conns[i];

		if (tenon__connection_is_open(conn) &&
		    tenon__policies_doubt(&engine->policies, i,
					  conn->done_ns / 1000000)) {
			tenon__engine_close_connection(engine, conn);
		}
	}
}

void tenon__engine_forked(struct tenon__engine *engine)
{
	tenon__engine_close(engine);
	for (size_t i = 0; i < engine->server_count; i++) {
		tenon__resolver_forked(&engine->conns[i].resolver);
		tenon__health_forked(&engine->health[i]);
	}
	tenon__outcomes_forked(&engine->assembly->outcomes,
			       engine->server_count);
}

void tenon__engine_fini(struct tenon__engine *engine)
{
	remove_connections(engine);
	if (engine->transport) {
		engine->assembly->transport->fini(engine->transport);
		tenon__free(engine->transport);
	}
	tenon__policies_fini(&engine->policies);
	for (size_t i = 0; i < engine->server_count; i++) {
		tenon__filter_free(&engine->conns[i]);
		tenon__connection_fini(&engine->conns[i]);
	}
	tenon__free(engine->conns);
	tenon__free(engine->health);
	tenon__free(engine->times);
	tenon__free(engine->active);
	tenon__free(engine->used);
	tenon__walk_fini(&engine->walk);
	tenon__block_cache_fini(&engine->blocks);
	tenon__assembly_unref(engine->assembly);
	*engine = (struct tenon__engine){ .assembly = NULL };
}
