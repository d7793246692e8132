/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plan of harmful deeds, and the deeds. Only processes, proxies and limits of this
 * program are touched.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "chaos/chaos.h"
#include "fakes/random.h"

/* The shortest and the longest time between two deeds. */
#define PAUSE_MIN_MS 40
#define PAUSE_MAX_MS 350
/* Replies that are on their way when the gate closes arrive within this time. */
#define QUIET_US 2000
/*
 * Silence on a connection is the connection's fault only when the connection was idle for
 * 100 ms (core/connection/faults.h: TENON_IDLE_MS).
 */
#define IDLE_US 110000
#define CONNECTIONS_HELD 130 /* more than CHAOS_CONNECTION_LIMIT */

enum state {
	UP = 0,
	STOPPED = 1,
	DEAD = 2,
	DEAF = 3, /* its proxy accepts nothing */
	FULL = 4  /* its connections are used up */
};

struct chaos_deeds chaos_deeds;
unsigned chaos_gremlins;

static struct {
	enum state state;
	int64_t until_ns;
	int held[CONNECTIONS_HELD]; /* when FULL */
} places[CHAOS_PLACES_MAX];

static int64_t next_deed_ns;
static int64_t limited_until_ns; /* 0: no limit is lowered */

static int64_t in_ms(int64_t ms)
{
	return chaos_now_ns() + ms * 1000000;
}

/* ---- processes ------------------------------------------------------------ */

static void make_unwell(uint32_t place, enum state state, int64_t length_ms)
{
	chaos_place_hurt(place);
	places[place].state = state;
	places[place].until_ns = in_ms(length_ms);
}

static void make_well(uint32_t place)
{
	places[place].state = UP;
	chaos_place_unhurt(place);
}

/* Cut all connections through a place's proxy. */
static void cut(uint32_t place, enum proxy_cut how)
{
	if (chaos_servers.proxies[place]) {
		chaos_deeds.cut_connections +=
			proxy_cut(chaos_servers.proxies[place], how);
	}
}

static void kill_place(uint32_t place, int64_t dead_ms)
{
	make_unwell(place, DEAD, dead_ms);
	atomic_fetch_add(&chaos_servers.generations[place], 1);
	memcached_stop(&chaos_servers.processes[place]);
	chaos_deeds.kills++;
}

static void stop_place(uint32_t place, int64_t stopped_ms)
{
	make_unwell(place, STOPPED, stopped_ms);
	memcached_freeze(&chaos_servers.processes[place]);
	chaos_deeds.stops++;
}

/* Start the process of a place again. Returns false when it does not start. */
static bool restart_place(uint32_t place)
{
	/* no request that waits in the proxy may reach the new process */
	cut(place, PROXY_RESET);
	if (!memcached_restart(&chaos_servers.processes[place])) {
		return false;
	}
	atomic_fetch_add(&chaos_servers.generations[place], 1);
	chaos_deeds.restarts++;
	return true;
}

static void let_go(uint32_t place)
{
	for (size_t i = 0; i < CONNECTIONS_HELD; i++) {
		if (places[place].held[i] >= 0) {
			close(places[place].held[i]);
		}
	}
}

/* Make the server of a place well. When that fails, it is tried again later. */
static void heal_place(uint32_t place)
{
	switch (places[place].state) {
	case UP:
		return;
	case STOPPED:
		memcached_thaw(&chaos_servers.processes[place]);
		break;
	case DEAD:
		if (!restart_place(place)) {
			places[place].until_ns = in_ms(100);
			return;
		}
		break;
	case DEAF:
		proxy_set_deaf(chaos_servers.proxies[place], false);
		break;
	case FULL:
		let_go(place);
		break;
	}
	make_well(place);
}

/* ---- choosing a place ------------------------------------------------------ */

static bool is_any(uint32_t place)
{
	(void)place;
	return true;
}

/* Return true when clients are connected to the place's proxy. */
static bool is_used(uint32_t place)
{
	struct proxy *proxy = chaos_servers.proxies[place];

	return proxy && proxy_look(proxy).open > 0;
}

static bool is_used_unix(uint32_t place)
{
	return is_used(place) && chaos_servers.addresses[place][0] == '/';
}

static bool has_name(uint32_t place)
{
	return is_used(place) && strncmp(chaos_servers.addresses[place], "place", 5) == 0;
}

static bool is_limited(uint32_t place)
{
	return is_used(place) && strstr(chaos_servers.processes[place].option,
		      CHAOS_CONNECTION_LIMIT) != NULL;
}

static bool is_free(uint32_t place)
{
	if (place >= chaos_servers.server_count + CHAOS_SPARES) {
		return false;
	}
	for (size_t i = 0; i < chaos_servers.server_count; i++) {
		if (chaos_servers.places[i] == place) {
			return false;
		}
	}
	return true;
}

/* Choose one of the places that fit. Returns false when there is none. */
static bool choose(uint32_t number, bool (*fits)(uint32_t place), uint32_t *out)
{
	uint32_t fitting[CHAOS_PLACES_MAX];
	uint32_t count = 0;

	for (uint32_t i = 0; i < chaos_servers.place_count; i++) {
		if (fits(i)) {
			fitting[count++] = i;
		}
	}
	if (count > 0) {
		*out = fitting[number % count];
	}
	return count > 0;
}

/*
 * Choose a place whose server becomes unwell. At most half of the servers are unwell at a
 * time.
 */
static bool choose_victim(uint32_t number, bool (*fits)(uint32_t place),
			  uint32_t *out)
{
	size_t unwell = 0;

	for (size_t i = 0; i < chaos_servers.place_count; i++) {
		unwell += places[i].state != UP;
	}
	return 2 * (unwell + 1) <= chaos_servers.place_count &&
		choose(number, fits, out) && places[*out].state == UP;
}

/* ---- deeds ----------------------------------------------------------------- */

static void close_gate(void)
{
	chaos_gate_close();
	usleep(QUIET_US);
}

static void do_kill(const struct chaos_deed *deed)
{
	uint32_t place;

	if (!choose_victim(deed->place, is_any, &place)) {
		return;
	}
	if (deed->how % 9 == 0) {
		stop_place(place, 0);
	}
	if (deed->how % 9 < 6) {
		kill_place(place, deed->length_ms);
	} else {
		kill_place(place, 0);
		heal_place(place);
	}
}

static void do_stop(const struct chaos_deed *deed)
{
	uint32_t place;

	if (choose_victim(deed->place, is_any, &place)) {
		stop_place(place, deed->length_ms);
	}
}

static bool is_free_with_tls(uint32_t place)
{
	return is_free(place) && chaos_has_tls(place);
}

static bool is_free_without_tls(uint32_t place)
{
	return is_free(place) && !chaos_has_tls(place);
}

/* Move an alias to a place that no client uses any more. */
static void do_move(const struct chaos_deed *deed)
{
	struct chaos_servers *servers = &chaos_servers;
	size_t alias = deed->how % servers->server_count;
	uint32_t place;

	if (!chaos_workers_follow() ||
	    !choose(deed->place,
		    chaos_has_tls(servers->places[alias]) ?
			    is_free_with_tls :
			    is_free_without_tls,
		    &place)) {
		return;
	}
	pthread_mutex_lock(&servers->lock);
	servers->places[alias] = place;
	pthread_mutex_unlock(&servers->lock);
	atomic_fetch_add(&servers->changed, 1);
	chaos_deeds.moves++;
}

/* Lower a limit, and cut connections, so that the clients need new sockets. */
static void do_limits(const struct chaos_deed *deed)
{
	close_gate();
	for (uint32_t i = 0; i < chaos_servers.place_count; i++) {
		cut(i, PROXY_CLOSE);
	}
	chaos_limit(deed->how);
	limited_until_ns = in_ms(deed->length_ms);
	chaos_gate_open();
	chaos_deeds.limits++;
}

static void end_limits(void)
{
	chaos_unlimit();
	limited_until_ns = 0;
}

static void do_idle(const struct chaos_deed *deed)
{
	enum proxy_cut how = (enum proxy_cut)(deed->how % PROXY_CUTS);
	uint32_t place;

	if (!choose(deed->place, is_used, &place)) {
		return;
	}
	close_gate();
	if (how == PROXY_SWALLOW || how == PROXY_END_ON_USE ||
	    how == PROXY_RESET_ON_USE) {
		atomic_store(&chaos_servers.untold_until_ns[place],
			     in_ms(CHAOS_RECOVER_MS));
	}
	if (how == PROXY_SWALLOW) {
		usleep(IDLE_US);
	}
	cut(place, how);
	chaos_gate_open();
	chaos_deeds.idle_cuts++;
}

/*
 * Write stray bytes. A value is of a key that nobody asks for. Only with `integrity: strict`
 * it may be of a key of a worker: without, a client may take it for an answer.
 */
static void write_stray(const struct chaos_deed *deed, char *out, size_t bytes)
{
	static const char *const texts[] = {
		"END\r\n", "STORED\r\n", "77\r\n", "DELETED\r\n",
		"VALUE stray 1 5\r\nSTRAY\r\nEND\r\n", "NOT_STORED\r\n",
		"NOT_FOUND\r\n", "EXISTS\r\n", "TOUCHED\r\n", "ERROR\r\n",
		"SERVER_ERROR stray\r\n", "VERSION 1.2.3\r\n", "OK\r\n", "E",
	};
	uint32_t owner = deed->how / 100 % (uint32_t)chaos_worker_count;

	if (chaos_is_strict() && deed->how % 5 == 0) {
		snprintf(out, bytes, "VALUE k:%u:%u 1 5\r\nSTRAY\r\nEND\r\n",
			 (unsigned)owner, (unsigned)(deed->place % CHAOS_KEYS));
		return;
	}
	snprintf(out, bytes, "%s",
		 texts[deed->how % (sizeof(texts) / sizeof(texts[0]))]);
}

static void do_strays(const struct chaos_deed *deed)
{
	char text[80];
	uint32_t place;

	if (!choose(deed->place, is_used, &place)) {
		return;
	}
	write_stray(deed, text, sizeof(text));
	close_gate();
	atomic_store(&chaos_servers.stray_until_ns[place],
		     in_ms(CHAOS_RECOVER_MS));
	chaos_deeds.stray_connections += proxy_stray(
		chaos_servers.proxies[place], text, strlen(text));
	chaos_gate_open();
	chaos_deeds.strays++;
}

static void do_backlog(const struct chaos_deed *deed)
{
	uint32_t place;

	if (!choose_victim(deed->place, is_used, &place)) {
		return;
	}
	close_gate();
	proxy_set_deaf(chaos_servers.proxies[place], true);
	make_unwell(place, DEAF, deed->length_ms);
	cut(place, PROXY_CLOSE);
	chaos_gate_open();
	chaos_deeds.backlogs++;
}

/*
 * The backlog is full for so short a time that a client that tries again gets through. Not
 * over TCP, which sends a lost SYN again after a second only.
 */
static void do_busy(const struct chaos_deed *deed)
{
	uint32_t place;

	if (!choose(deed->place, is_used_unix, &place) ||
	    places[place].state != UP) {
		return;
	}
	close_gate();
	proxy_set_deaf(chaos_servers.proxies[place], true);
	cut(place, PROXY_CLOSE);
	chaos_gate_open();
	usleep((useconds_t)deed->length_ms * 1000);
	proxy_set_deaf(chaos_servers.proxies[place], false);
	chaos_deeds.busy++;
}

static void do_addresses(const struct chaos_deed *deed)
{
	uint32_t place;

	if (!choose(deed->place, has_name, &place)) {
		return;
	}
	close_gate();
	chaos_name_change(place, deed->how);
	cut(place, PROXY_CLOSE);
	chaos_gate_open();
	chaos_deeds.address_changes++;
}

/* Use up the connections of a server. memcached refuses those above its limit. */
static void do_connections(const struct chaos_deed *deed)
{
	struct address where;
	uint32_t place;

	if (!choose_victim(deed->place, is_limited, &place) ||
	    !address_parse(chaos_servers.processes[place].address, &where)) {
		return;
	}
	close_gate();
	make_unwell(place, FULL, deed->length_ms);
	cut(place, PROXY_CLOSE);
	for (size_t i = 0; i < CONNECTIONS_HELD; i++) {
		int fd = address_socket(&where);

		places[place].held[i] = fd;
		if (fd >= 0 && connect(fd, &where.u.any, where.len) != 0) {
			usleep(100); /* until memcached has accepted some */
		}
	}
	chaos_gate_open();
	chaos_deeds.connection_limits++;
}

/*
 * The clock of the core jumps, during calls or between calls. The clock of the system
 * stays, because only root may set that clock.
 */
static void do_clock(const struct chaos_deed *deed)
{
	static const int64_t jumps_ms[] = { 50, 300, 2000, 60000, 3600000 };
	int64_t jump_ms = jumps_ms[deed->how / 2 % 5];
	bool between = deed->how % 2;

	if (between) {
		close_gate();
	}
	tenon__clock_advance(jump_ms * 1000000);
	if (between) {
		chaos_gate_open();
	} else {
		chaos_places_doubt(); /* a call that runs now takes servers for late */
	}
	chaos_deeds.clock_jumps++;
}

/* ---- the plan -------------------------------------------------------------- */

static const struct {
	const char *name;
	uint32_t share; /* of the deeds, relative to the other shares */
	uint32_t min_ms, max_ms; /* length */
	void (*run)(const struct chaos_deed *deed);
} deeds[CHAOS_GREMLINS] = {
	[CHAOS_KILL] = { "kill", 45, 1, 1500, do_kill },
	[CHAOS_STOP] = { "stop", 35, 20, 1200, do_stop },
	[CHAOS_MOVE] = { "move", 20, 0, 1, do_move },
	[CHAOS_FAULTS] = { "faults", 0, 0, 1, NULL },
	[CHAOS_LIMITS] = { "limits", 25, 10, 300, do_limits },
	[CHAOS_IDLE] = { "idle", 60, 0, 1, do_idle },
	[CHAOS_STRAYS] = { "strays", 40, 0, 1, do_strays },
	[CHAOS_BACKLOG] = { "backlog", 20, 5, 600, do_backlog },
	[CHAOS_BUSY] = { "busy", 20, 1, CHAOS_CONNECT_MS / 4, do_busy },
	[CHAOS_ADDRESSES] = { "addresses", 25, 0, 1, do_addresses },
	[CHAOS_CONNECTIONS] = { "connections", 15, 50, 800, do_connections },
	[CHAOS_CLOCK] = { "clock", 20, 0, 1, do_clock },
};

const char *chaos_gremlin_name(enum chaos_gremlin gremlin)
{
	return deeds[gremlin].name;
}

static bool read_name(const char *name, size_t len)
{
	if (len == 3 && strncmp(name, "all", 3) == 0) {
		chaos_gremlins = (1u << CHAOS_GREMLINS) - 1;
		return true;
	}
	for (unsigned i = 0; i < CHAOS_GREMLINS; i++) {
		if (strlen(deeds[i].name) == len &&
		    strncmp(deeds[i].name, name, len) == 0) {
			chaos_gremlins |= 1u << i;
			return true;
		}
	}
	return false;
}

bool chaos_gremlins_read(const char *list)
{
	chaos_gremlins = 0;
	for (;;) {
		size_t len = strcspn(list, ",");

		if (!read_name(list, len)) {
			return false;
		}
		if (list[len] == '\0') {
			return true;
		}
		list += len + 1;
	}
}

/* Choose a gremlin by its share. Without any gremlin that does deeds: CHAOS_FAULTS. */
static enum chaos_gremlin draw_gremlin(uint64_t number)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < CHAOS_GREMLINS; i++) {
		sum += chaos_has((enum chaos_gremlin)i) ? deeds[i].share : 0;
	}
	for (unsigned i = 0; i < CHAOS_GREMLINS && sum > 0; i++) {
		uint64_t share = chaos_has((enum chaos_gremlin)i) ?
			deeds[i].share : 0;

		if (number % sum < share) {
			return (enum chaos_gremlin)i;
		}
		number = number % sum - share;
		sum -= share;
	}
	return CHAOS_FAULTS;
}

static int64_t draw_ms(uint64_t *random, uint32_t min_ms, uint32_t max_ms)
{
	return min_ms + (int64_t)(random_next(random) % (max_ms - min_ms));
}

void chaos_plan_next(uint64_t *random, struct chaos_deed *deed)
{
	deed->gremlin = draw_gremlin(random_next(random));
	deed->place = (uint32_t)(random_next(random) % 1000000);
	deed->how = (uint32_t)(random_next(random) % 1000000);
	deed->length_ms = draw_ms(random, deeds[deed->gremlin].min_ms,
				  deeds[deed->gremlin].max_ms);
	deed->pause_ms = draw_ms(random, PAUSE_MIN_MS, PAUSE_MAX_MS);
}

/* Undo deeds that are due. */
static void undo(int64_t now_ns)
{
	for (uint32_t i = 0; i < chaos_servers.place_count; i++) {
		if (places[i].state != UP && now_ns >= places[i].until_ns) {
			heal_place(i);
		}
	}
}

void chaos_gremlin_step(uint64_t *random)
{
	struct chaos_deed deed;
	int64_t now_ns = chaos_now_ns();

	if (limited_until_ns > now_ns) {
		return; /* no process can be started */
	}
	if (limited_until_ns > 0) {
		end_limits();
	}
	undo(now_ns);
	if (now_ns < next_deed_ns) {
		return;
	}
	chaos_plan_next(random, &deed);
	if (deeds[deed.gremlin].run) {
		deeds[deed.gremlin].run(&deed);
	}
	next_deed_ns = in_ms(deed.pause_ms);
}

void chaos_gremlin_heal(void)
{
	end_limits();
	for (uint32_t i = 0; i < chaos_servers.place_count; i++) {
		while (places[i].state != UP) {
			heal_place(i);
		}
	}
}
