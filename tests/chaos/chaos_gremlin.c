/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kills, stops, restarts and moves servers. It touches only processes that this program
 * started.
 */
#include <string.h>

#include "chaos/chaos.h"
#include "fakes/random.h"

/* The shortest and the longest time for which a server is left alone, dead or stopped. */
#define PAUSE_MIN_MS 40
#define PAUSE_MAX_MS 350
#define DEAD_MAX_MS 1500
#define STOPPED_MAX_MS 1200

enum state {
	UP = 0,
	STOPPED = 1,
	DEAD = 2
};

struct chaos_servers chaos_servers = { .lock = PTHREAD_MUTEX_INITIALIZER };
struct chaos_deeds chaos_deeds;

static struct {
	enum state state;
	int64_t until_ns;
} places[CHAOS_PLACES_MAX];

static int64_t next_deed_ns;

static int64_t some_ms(uint64_t *random, int min_ms, int max_ms)
{
	return min_ms + (int64_t)(random_next(random) %
				  (unsigned)(max_ms - min_ms));
}

static int64_t in_ms(int64_t ms)
{
	return chaos_now_ns() + ms * 1000000;
}

bool chaos_servers_start(size_t server_count)
{
	struct chaos_servers *servers = &chaos_servers;

	servers->server_count = server_count;
	servers->place_count = server_count + CHAOS_SPARES + CHAOS_GUTTERS;
	for (uint32_t i = 0; i < servers->place_count; i++) {
		enum memcached_family family = i % 2 ? MEMCACHED_LOCAL :
						       MEMCACHED_UNIX;

		if (i < server_count) {
			servers->places[i] = i;
		}
		if (!memcached_start(&servers->processes[i], family, "-m256")) {
			return false;
		}
		memcpy(servers->addresses[i], servers->processes[i].address,
		       sizeof(servers->addresses[i]));
	}
	return true;
}

void chaos_servers_stop(void)
{
	for (size_t i = 0; i < chaos_servers.place_count; i++) {
		memcached_stop(&chaos_servers.processes[i]);
	}
}

/* ---- deeds --------------------------------------------------------------- */

static void kill_place(uint32_t place, int64_t dead_ms)
{
	atomic_fetch_add(&chaos_servers.generations[place], 1);
	memcached_stop(&chaos_servers.processes[place]);
	places[place].state = DEAD;
	places[place].until_ns = in_ms(dead_ms);
	chaos_deeds.kills++;
}

static void stop_place(uint32_t place, int64_t stopped_ms)
{
	memcached_freeze(&chaos_servers.processes[place]);
	places[place].state = STOPPED;
	places[place].until_ns = in_ms(stopped_ms);
	chaos_deeds.stops++;
}

/* Start or continue the process of a place. When that fails, it is tried again later. */
static void heal_place(uint32_t place)
{
	struct memcached *process = &chaos_servers.processes[place];

	if (places[place].state == STOPPED) {
		memcached_thaw(process);
		places[place].state = UP;
	} else if (places[place].state == DEAD && memcached_restart(process)) {
		atomic_fetch_add(&chaos_servers.generations[place], 1);
		places[place].state = UP;
		chaos_deeds.restarts++;
	} else {
		places[place].until_ns = in_ms(100);
	}
}

static bool is_taken(uint32_t place)
{
	if (place >= chaos_servers.server_count + CHAOS_SPARES) {
		return true;
	}
	for (size_t i = 0; i < chaos_servers.server_count; i++) {
		if (chaos_servers.places[i] == place) {
			return true;
		}
	}
	return false;
}

/* Move an alias to a place that no client uses any more. */
static void move_alias(uint64_t *random)
{
	struct chaos_servers *servers = &chaos_servers;
	size_t alias = random_next(random) % servers->server_count;

	if (!chaos_workers_follow()) {
		return;
	}
	for (uint32_t place = 0; place < servers->place_count; place++) {
		if (is_taken(place) || random_next(random) % 2) {
			continue;
		}
		pthread_mutex_lock(&servers->lock);
		servers->places[alias] = place;
		pthread_mutex_unlock(&servers->lock);
		atomic_fetch_add(&servers->changed, 1);
		chaos_deeds.moves++;
		return;
	}
}

/*
 * Return true when the place may be harmed: at most half of the servers are unwell at a
 * time.
 */
static bool may_harm(uint32_t place)
{
	size_t unwell = 0;

	for (size_t i = 0; i < chaos_servers.place_count; i++) {
		unwell += places[i].state != UP;
	}
	return places[place].state == UP &&
		2 * (unwell + 1) <= chaos_servers.place_count;
}

static void do_harm(uint64_t *random)
{
	uint32_t place = (uint32_t)(random_next(random) %
				    chaos_servers.place_count);
	uint64_t how = random_next(random) % 100;

	if (how < 20) {
		move_alias(random);
	} else if (!may_harm(place)) {
		return;
	} else if (how < 55) {
		stop_place(place, some_ms(random, 20, STOPPED_MAX_MS));
	} else if (how < 60) {
		stop_place(place, 0);
		kill_place(place, some_ms(random, 1, DEAD_MAX_MS));
	} else if (how < 75) {
		kill_place(place, 0);
		heal_place(place);
	} else {
		kill_place(place, some_ms(random, 1, DEAD_MAX_MS));
	}
}

void chaos_gremlin_step(uint64_t *random)
{
	int64_t now_ns = chaos_now_ns();

	for (uint32_t i = 0; i < chaos_servers.place_count; i++) {
		if (places[i].state != UP && now_ns >= places[i].until_ns) {
			heal_place(i);
		}
	}
	if (now_ns >= next_deed_ns) {
		do_harm(random);
		next_deed_ns = in_ms(some_ms(random, PAUSE_MIN_MS,
					     PAUSE_MAX_MS));
	}
}

void chaos_gremlin_heal(void)
{
	for (uint32_t i = 0; i < chaos_servers.place_count; i++) {
		while (places[i].state != UP) {
			heal_place(i);
		}
	}
}
