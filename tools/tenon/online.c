/* SPDX-License-Identifier: BSD-3-Clause */
#include "online.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "home_keys.h"
#include "latency.h"
#include "needs_meta.h"
#include "output.h"
#include "progress.h"
#include "report.h"
#include "statistic.h"
#include "tenon/health.h"
#include "tenon/introspect.h"

/*
 * The longest time for the lookup of a name and for a connection, and that of the first request. When
 * a server has not answered by then, it holds the others no longer than AGAIN_MAX_MS each time.
 */
#define TRY_MAX_MS 3000
#define AGAIN_MAX_MS 500
/* Names are looked up and connections are made by so many threads. */
#define CONNECTORS_MAX 64
/* A chain is shown up to this length. */
#define CHAIN_MAX 16
/* The round trip is the shortest of this many, but none begins after ROUND_TRIPS_MAX_MS. */
#define ROUND_TRIPS 10
#define ROUND_TRIPS_MAX_MS 500

/* ---- servers in threads ------------------------------------------------------ */

struct work {
	struct online *online;
	const char *what; /* is done, as progress tells */
	void (*on)(struct online_server *server);
	atomic_size_t next; /* the server to work on next */
	atomic_size_t done;
};

static void *work_on(void *argument)
{
	struct work *work = argument;
	size_t count = work->online->count;
	size_t i;

	while ((i = atomic_fetch_add(&work->next, 1)) < count) {
		work->on(&work->online->servers[i]);
		progress_line("%s: %zu of %zu servers", work->what,
			      atomic_fetch_add(&work->done, 1) + 1, count);
	}
	return NULL;
}

/* Call a function, which may wait, for every server. */
static void each_server(struct online *online, const char *what,
			void (*on)(struct online_server *server))
{
	struct work work = { .online = online, .what = what, .on = on };
	pthread_t threads[CONNECTORS_MAX];
	size_t started = 0;

	while (started + 1 < online->count && started < CONNECTORS_MAX &&
	       pthread_create(&threads[started], NULL, work_on, &work) == 0) {
		started++;
	}
	work_on(&work);
	for (size_t i = 0; i < started; i++) {
		pthread_join(threads[i], NULL);
	}
}

/* ---- lookups and connections ----------------------------------------------- */

static void connect_server(struct online_server *server)
{
	direct_open(&server->direct, server->info.address,
		    clock_ms() + TRY_MAX_MS);
	direct_close(&server->direct);
}

/* ---- requests -------------------------------------------------------------- */

static struct tenon_call call_of(const struct online *online)
{
	struct tenon_call call = { .size = sizeof(call),
				   .timeout_ms = TRY_MAX_MS };

	for (size_t i = 0; i < online->count; i++) {
		if (online->servers[i].status == TENON_ETIMEDOUT) {
			call.timeout_ms = AGAIN_MAX_MS;
		}
	}
	return call;
}

static const struct tenon_result *ask(const struct online *online,
				      struct app *app,
				      enum tenon_server_verb verb,
				      const char *argument,
				      struct tenon_error *err)
{
	const struct tenon_result *results = NULL;
	struct tenon_call call = call_of(online);

	tenon_run_servers(app->client, verb, argument, &call, &results, err);
	return results;
}

/*
 * Why a server gave no answer. Behind a broken connection the library's sentence advises to run this
 * command, and a local limit has a way out of its own: those sentences are cut there. The caller
 * frees the text.
 */
static char *reason_of(const struct app *app, const struct tenon_result *result)
{
	char *reason = result_reason(app, result);
	bool is_cut = result->status == TENON_ECLOSED ||
		      result->status == TENON_ELOCAL;
	char *advice = reason && is_cut ? strstr(reason, "; ") : NULL;

	if (advice) {
		*advice = '\0';
	}
	return reason;
}

/* The first request makes the connection, with all that belongs to it. */
static bool ask_version(struct online *online, struct app *app,
			struct tenon_error *err)
{
	const struct tenon_result *results =
		ask(online, app, TENON_VERSION, NULL, err);

	for (size_t i = 0; results && i < online->count; i++) {
		struct online_server *server = &online->servers[i];

		server->status = results[i].status;
		if (results[i].status >= 0) {
			server->version = output_clean(results[i].value,
						       results[i].value_len);
		} else {
			server->reason = reason_of(app, &results[i]);
		}
	}
	return results != NULL;
}

/* A server that refuses one request and does another can be used: a proxy may know only one. */
static void set_usable(struct online_server *server)
{
	if (server->status < 0) {
		free(server->reason);
		server->reason = NULL;
		server->status = TENON_OK;
	}
}

/* ---- the binary protocol, and TLS --------------------------------------------- */

/*
 * Return true when the server took a connection without a secure plugin and sent no byte on it.
 * memcached -S waits for 24 bytes of a request, and closes the connection when they are text.
 */
static bool is_mute(const struct online_server *server)
{
	return (server->status == TENON_ECLOSED ||
		server->status == TENON_ETIMEDOUT) &&
	       server->direct.state == DIRECT_OPEN && !server->has_spoken;
}

/*
 * Return true when the server closed a connection that has no session. Where a secure plugin is set for
 * the server, the handshake fails first, with TENON_ESECURE.
 */
static bool may_want_tls(const struct online_server *server)
{
	return server->status == TENON_ECLOSED &&
	       server->direct.state == DIRECT_OPEN &&
	       server->secure.sessions == 0;
}

/* Find out what a server speaks that gave no proper answer. */
static void ask_what_it_speaks(struct online_server *server)
{
	if (is_mute(server)) {
		server->binary = binary_ask(server->info.address,
					    clock_ms() + TRY_MAX_MS);
	}
	if (may_want_tls(server) && server->binary == BINARY_NO) {
		server->wants_tls = tls_ask(server->info.address,
					    clock_ms() + TRY_MAX_MS);
	}
}

static bool one_is_unclear(const struct online *online)
{
	size_t i = 0;

	while (i < online->count && !is_mute(&online->servers[i]) &&
	       !may_want_tls(&online->servers[i])) {
		i++;
	}
	return i < online->count;
}

/* ---- sessions of the secure plugin ------------------------------------------ */

static void take_sessions(struct online *online, struct app *app)
{
	static struct tenon_health health;

	for (size_t i = 0; i < online->count; i++) {
		struct online_server *server = &online->servers[i];
		struct tenon_certificate one;

		tenon_client_health(app->client, i, &health);
		server->secure = health.secure;
		server->has_spoken = health.received_bytes > 0 ||
				     health.secure.sessions > 0;
		while (tenon_client_certificate(app->client, i,
						server->chain_count,
						&one) == 0 &&
		       server->chain_count < CHAIN_MAX) {
			server->chain = alloc_resize(server->chain,
						     server->chain_count + 1,
						     sizeof(one));
			server->chain[server->chain_count++] = one;
		}
	}
}

/* ---- statistics ------------------------------------------------------------ */

static void read_stats(struct online_server *server,
		       const struct tenon_result *result, int64_t before_s)
{
	const struct {
		const char *name;
		uint64_t *number;
	} numbers[] = {
		{ "curr_connections", &server->connections },
		{ "max_connections", &server->connections_max },
		{ "evictions", &server->evictions },
		{ "uptime", &server->uptime_s },
	};
	struct tenon_slice name;
	struct tenon_slice value;
	size_t cursor = 0;

	while (tenon_stat_next(result, &cursor, &name, &value) != 0) {
		if (statistic_is(&name, "time")) {
			server->has_time = true;
			server->skew_s = online_skew_s((int64_t)statistic_number(&value, INT64_MAX),
						      before_s, time(NULL));
		} else if (statistic_is(&name, "cmd_meta")) {
			server->meta = OFFER_YES;
		} else if (statistic_is(&name, "pointer_size") &&
			   server->meta == OFFER_UNKNOWN) {
			server->meta = OFFER_NO; /* until cmd_meta comes */
		}
		for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]);
		     i++) {
			if (statistic_is(&name, numbers[i].name)) {
				*numbers[i].number = statistic_number(&value, INT64_MAX);
			}
		}
	}
}

static void read_settings(struct online_server *server,
			  const struct tenon_result *result)
{
	const struct {
		const char *name;
		enum offer *offer;
	} offers[] = {
		{ "cas_enabled", &server->cas },
		{ "flush_enabled", &server->flush },
		{ "auth_enabled_ascii", &server->auth },
	};
	struct tenon_slice name;
	struct tenon_slice value;
	size_t cursor = 0;

	while (tenon_stat_next(result, &cursor, &name, &value) != 0) {
		if (statistic_is(&name, "item_size_max")) {
			server->item_max_bytes = statistic_number(&value, INT64_MAX);
		}
		for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]);
		     i++) {
			if (statistic_is(&name, offers[i].name)) {
				/* auth_enabled_ascii is "no" or a file */
				*offers[i].offer = statistic_is(&value, "no")
							   ? OFFER_NO
							   : OFFER_YES;
			}
		}
	}
}

static void ask_stats(struct online *online, struct app *app)
{
	struct tenon_error err;
	int64_t before_s = time(NULL);
	const struct tenon_result *results = ask(online, app, TENON_STATS, NULL, &err);

	for (size_t i = 0; results && i < online->count; i++) {
		if (results[i].status >= 0) {
			set_usable(&online->servers[i]);
			read_stats(&online->servers[i], &results[i], before_s);
		}
	}
	results = ask(online, app, TENON_STATS, "settings", &err);
	for (size_t i = 0; results && i < online->count; i++) {
		if (results[i].status >= 0) {
			read_settings(&online->servers[i], &results[i]);
		}
	}
}

/* ---- meta commands --------------------------------------------------------- */

/* A server that cannot be asked as the config says cannot be used. */
static void ask_meta(struct online *online, struct app *app)
{
	struct tenon_error err;

	for (size_t i = 0; online->needs_meta && i < online->count; i++) {
		struct online_server *server = &online->servers[i];
		struct tenon_call call = call_of(online);

		if (server->status < 0) {
			continue;
		}
		server->status = needs_meta_ask(app, i, &call, &err);
		if (server->status < 0) {
			server->reason = alloc_text(err.message);
		}
		if (server->status == TENON_EUNKNOWN) {
			server->meta = OFFER_NO;
		}
	}
}

/* ---- gat ------------------------------------------------------------------- */

/* Ask for absent keys with gat, which reads a key and touches it. */
static void ask_gat(struct online *online, struct app *app)
{
	char **keys = alloc_array(online->count, sizeof(*keys));
	struct tenon_item *items = alloc_array(online->count, sizeof(*items));
	const struct tenon_result *results = NULL;
	struct tenon_call call = call_of(online);
	struct tenon_error err;
	size_t count = 0;

	home_keys_find(app->client, keys);
	for (size_t i = 0; i < online->count; i++) {
		if (keys[i] && online->servers[i].status >= 0) {
			items[count++] = (struct tenon_item){
				.key = tenon_slice_of(keys[i]),
				.routing_key = tenon_slice_of(keys[i]),
			};
		}
	}
	tenon_run(app->client, TENON_GAT, items, count, &call, &results, &err);
	for (size_t i = 0; results && i < count; i++) {
		if (results[i].server >= online->count) {
			continue;
		}
		struct online_server *server =
			&online->servers[results[i].server];

		if (results[i].status == TENON_EUNKNOWN) {
			server->gat = OFFER_NO;
		} else if (results[i].status >= 0) {
			server->gat = OFFER_YES;
		}
	}
	for (size_t i = 0; i < online->count; i++) {
		free(keys[i]);
	}
	free(keys);
	free(items);
}

/* ---- round trips ----------------------------------------------------------- */

static void take_round_trips(struct online *online, struct app *app)
{
	static struct tenon_health health;

	for (size_t i = 0; i < online->count; i++) {
		struct online_server *server = &online->servers[i];

		tenon_client_health(app->client, i, &health);
		if (server->status >= 0) {
			server->round_trip_ns =
				tenon_histogram_permille_ns(&health.latency, 1);
		}
	}
}

static void ask_round_trips(struct online *online, struct app *app)
{
	int64_t until_ms = clock_ms() + ROUND_TRIPS_MAX_MS;
	struct tenon_error err;

	tenon_client_health_reset(app->client);
	for (int i = 0; i < ROUND_TRIPS && clock_ms() < until_ms; i++) {
		ask(online, app, TENON_VERSION, NULL, &err);
	}
	take_round_trips(online, app);
}

/* ---- all ------------------------------------------------------------------- */

static void take_setting(const struct tenon_setting_info *info, void *payload)
{
	struct online *online = payload;

	if (strcmp(info->name, "item_max") == 0) {
		online->item_max_bytes = printed_bytes(info->value);
	} else if (strcmp(info->name, "connect_timeout") == 0) {
		online->connect_timeout_ms = printed_ms(info->value);
	} else if (strcmp(info->name, "poll_timeout") == 0) {
		online->poll_timeout_ms = printed_ms(info->value);
	} else if (strcmp(info->name, "enable_flush_all") == 0) {
		online->flush_is_allowed = strcmp(info->value, "true") == 0;
	}
}

bool online_ask(struct online *out, struct app *app, struct tenon_error *err)
{
	size_t count = tenon_client_server_count(app->client);
	bool is_asked;

	*out = (struct online){ .count = count, .needs_meta = needs_meta(app) };
	out->servers = alloc_array(count, sizeof(*out->servers));
	tenon_config_each_setting(app->config, take_setting, out);
	for (size_t i = 0; i < count; i++) {
		out->servers[i].severity = -1;
		tenon_client_server(app->client, i, &out->servers[i].info);
	}
	each_server(out, "connecting", connect_server);
	progress_line("asking %zu servers", count);
	is_asked = ask_version(out, app, err);
	if (is_asked) {
		take_sessions(out, app);
		if (one_is_unclear(out)) {
			each_server(out, "asking in binary and TLS",
				    ask_what_it_speaks);
		}
		ask_stats(out, app);
		ask_meta(out, app);
		ask_gat(out, app);
		ask_round_trips(out, app);
	}
	progress_end();
	return is_asked;
}

void online_fini(struct online *online)
{
	for (size_t i = 0; i < online->count; i++) {
		free(online->servers[i].reason);
		free(online->servers[i].version);
		free(online->servers[i].chain);
	}
	free(online->servers);
}
