/* SPDX-License-Identifier: BSD-3-Clause */
/* The servers, the proxies before them, and what the workers may know of both. */
#define _GNU_SOURCE 1 /* PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "chaos/chaos.h"

/* A proxy rests when it has had no connection for so long. */
#define REST_MS 20
#define REST_MAX_MS 10000

struct chaos_servers chaos_servers = { .lock = PTHREAD_MUTEX_INITIALIZER };

static pthread_rwlock_t gate = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

const char *chaos_tls_folder;

static bool is_tcp(uint32_t place)
{
	return place % 2 == 1;
}

/* memcached speaks TLS on TCP only. */
bool chaos_has_tls(uint32_t place)
{
	return chaos_tls_folder && is_tcp(place);
}

/* Of four places one has a name, two have a proxy only, and one has neither. */
static bool has_name(uint32_t place)
{
	return (chaos_has(CHAOS_ADDRESSES) || chaos_has(CHAOS_LIMITS)) &&
		place % 4 == 1;
}

static bool has_proxy(uint32_t place)
{
	return has_name(place) ||
		(place % 4 >= 2 &&
		 (chaos_has(CHAOS_LIMITS) || chaos_has(CHAOS_IDLE) ||
		  chaos_has(CHAOS_STRAYS) || chaos_has(CHAOS_BACKLOG) ||
		  chaos_has(CHAOS_BUSY) || chaos_has(CHAOS_CONNECTIONS)));
}

/* Put a proxy before the process of a place. */
static bool start_proxy(uint32_t place)
{
	struct chaos_servers *servers = &chaos_servers;
	const char *behind = servers->processes[place].address;
	char *address = servers->addresses[place];
	size_t bytes = sizeof(servers->addresses[place]);

	servers->proxies[place] =
		proxy_start(behind, is_tcp(place) ? FAKE_INET : FAKE_UNIX);
	if (!servers->proxies[place]) {
		return false;
	}
	memccpy(address, proxy_address(servers->proxies[place]), '\0', bytes);
	return !has_name(place) ||
		chaos_name_make(place, proxy_address(servers->proxies[place]),
				address, bytes);
}

static bool start_place(uint32_t place)
{
	struct chaos_servers *servers = &chaos_servers;
	struct memcached *process = &servers->processes[place];
	enum memcached_family family = is_tcp(place) ? MEMCACHED_LOCAL :
						       MEMCACHED_UNIX;
	bool limited = chaos_has(CHAOS_CONNECTIONS) && has_proxy(place);
	char tls[300] = "", option[400];

	if (chaos_has_tls(place)) {
		snprintf(tls, sizeof(tls),
			 " -Z -o ssl_chain_cert=%s/server.pem,ssl_key=%s/server.key",
			 chaos_tls_folder, chaos_tls_folder);
	}
	snprintf(option, sizeof(option), "-m256%s%s",
		 limited ? " -c" CHAOS_CONNECTION_LIMIT : "", tls);
	if (!memcached_start(process, family, option)) {
		return false;
	}
	memcpy(servers->addresses[place], process->address,
	       sizeof(process->address));
	return !has_proxy(place) || start_proxy(place);
}

bool chaos_servers_start(size_t server_count)
{
	struct chaos_servers *servers = &chaos_servers;

	servers->server_count = server_count;
	servers->place_count = server_count + CHAOS_SPARES + CHAOS_GUTTERS;
	for (uint32_t i = 0; i < servers->place_count; i++) {
		if (i < server_count) {
			servers->places[i] = i;
		}
		if (!start_place(i)) {
			return false;
		}
	}
	return true;
}

void chaos_servers_stop(void)
{
	for (size_t i = 0; i < chaos_servers.place_count; i++) {
		proxy_stop(chaos_servers.proxies[i]);
		chaos_servers.proxies[i] = NULL;
		memcached_stop(&chaos_servers.processes[i]);
	}
}

static bool any_proxy_works(void)
{
	bool any = false;

	for (size_t i = 0; i < chaos_servers.place_count; i++) {
		struct proxy *proxy = chaos_servers.proxies[i];

		any = any || (proxy && proxy_look(proxy).open > 0);
	}
	return any;
}

void chaos_proxies_rest(void)
{
	int quiet_ms = 0;

	for (int ms = 0; ms < REST_MAX_MS && quiet_ms < REST_MS; ms++) {
		usleep(1000);
		quiet_ms = any_proxy_works() ? 0 : quiet_ms + 1;
	}
}

/* ---- well and unwell ------------------------------------------------------ */

void chaos_place_hurt(uint32_t place)
{
	atomic_store(&chaos_servers.hurt_until_ns[place], INT64_MAX);
}

void chaos_place_unhurt(uint32_t place)
{
	atomic_store(&chaos_servers.hurt_until_ns[place],
		     chaos_now_ns() + CHAOS_RECOVER_MS * INT64_C(1000000));
}

bool chaos_places_well(void)
{
	int64_t now_ns = chaos_now_ns();

	for (size_t i = 0; i < chaos_servers.place_count; i++) {
		if (atomic_load(&chaos_servers.hurt_until_ns[i]) > now_ns) {
			return false;
		}
	}
	return true;
}

void chaos_places_doubt(void)
{
	int64_t until_ns = chaos_now_ns() +
		CHAOS_RECOVER_MS * INT64_C(1000000);

	for (size_t i = 0; i < chaos_servers.place_count; i++) {
		long long was_ns =
			atomic_load(&chaos_servers.hurt_until_ns[i]);

		while (was_ns < until_ns &&
		       !atomic_compare_exchange_weak(
			       &chaos_servers.hurt_until_ns[i], &was_ns,
			       until_ns)) {
		}
	}
}

bool chaos_place_told(uint32_t place)
{
	struct proxy *proxy = chaos_servers.proxies[place];

	return !proxy || proxy_look(proxy).untold_open == 0;
}

/* ---- the gate -------------------------------------------------------------- */

void chaos_gate_enter(void)
{
	pthread_rwlock_rdlock(&gate);
}

void chaos_gate_leave(void)
{
	pthread_rwlock_unlock(&gate);
}

void chaos_gate_close(void)
{
	pthread_rwlock_wrlock(&gate);
}

void chaos_gate_open(void)
{
	pthread_rwlock_unlock(&gate);
}
