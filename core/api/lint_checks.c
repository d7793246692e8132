/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The checks of the linter, one function each. A check reads the config and the assembly, and adds
 * a finding with a reason and a way out. The core knows no plugin by its name, so a check asks
 * the plugin for its nature, or measures what the plugin does.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/lint_checks.h"
#include "base/error.h"
#include "base/text.h"
#include "config/preset.h"
#include "option/option.h"
#include "option/row_text.h"

/* A hash function with fewer bits than this leaves most points of a continuum without keys. */
#define RING_BITS_MIN 24
/* More than this much above its fair share, a server is a finding. */
#define IMBALANCE_ABOVE 1.3
/* The config's hash function may place keys this much worse than ideal hashes. */
#define SKEW_ABOVE 1.1

/* ---- places in the config ------------------------------------------------ */

/* Return the place of a key: where it was set last. Its line is 0 when it is not in a file. */
static struct tenon__place key_place(const struct tenon__lint *lint,
				     const char *name)
{
	const struct tenon__place nowhere = { "", 0, 0 };

	for (const struct tenon__source *source = lint->config->sources; source;
	     source = source->next) {
		const struct tenon__node *root = source->root;

		if (source->key && tenon__same_word(source->key, name)) {
			return nowhere;
		}
		if (source->key || !root || root->type != TENON__NODE_MAP) {
			continue;
		}
		for (const struct tenon__node *entry = root->first; entry;
		     entry = entry->next) {
			if (tenon__same_word(entry->key, name)) {
				return entry->key_place;
			}
		}
	}
	return nowhere;
}

/* Return the place of the first of these keys that is set in a file. names ends with NULL. */
static struct tenon__place first_place(const struct tenon__lint *lint,
				       const char *const *names)
{
	struct tenon__place place = key_place(lint, *names);

	while (place.line == 0 && *++names) {
		place = key_place(lint, *names);
	}
	return place;
}

/* Return the place that decides the ring. */
static struct tenon__place ring_place(const struct tenon__lint *lint)
{
	static const char *const names[] = { "distribution", "ring", "servers",
					     NULL };

	return first_place(lint, names);
}

/* Return the place that decides the hashes. */
static struct tenon__place hash_place(const struct tenon__lint *lint)
{
	static const char *const names[] = { "hash_function", "ring",
					     "distribution", "servers", NULL };

	return first_place(lint, names);
}

/* ---- the main ring ------------------------------------------------------- */

/* Return true when the ring has a choice of servers, and its nature has these bits. */
static bool ring_is(const struct tenon__lint *lint, uint32_t bits)
{
	return lint->assembly->rings[0].count > 1 &&
	       (lint->traits.flags & bits) == bits;
}

static bool hashes_matter(const struct tenon__lint *lint)
{
	return ring_is(lint, 0) && !(lint->traits.flags & TENON_RING_OWN_HASH);
}

/*
 * Return true when the fullest server has more than `limit` times its fair share, and when chance
 * alone, four standard deviations of the mean, does not explain the difference.
 */
static bool is_above(const struct tenon__balance *balance, double limit)
{
	double excess = balance->max_over_fair - limit;

	return excess > 0 && excess * excess * balance->mean > 4 * 4;
}

static bool is_skewed(const struct tenon__lint *lint)
{
	return hashes_matter(lint) &&
	       is_above(&lint->real, lint->ideal.max_over_fair * SKEW_ABOVE);
}

static bool is_weak(const struct tenon__lint *lint)
{
	return hashes_matter(lint) && ring_is(lint, TENON_RING_CONTINUUM) &&
	       lint->assembly->hash.ops->bits < RING_BITS_MIN;
}

static void check_weak_hash(struct tenon__lint *lint)
{
	const struct tenon__place place = hash_place(lint);

	if (!is_weak(lint)) {
		return;
	}
	tenon__lint_say(
		lint, &place,
		"choose a hash function with 24 bits or more; this moves keys to other servers",
		"the hash function has %" PRIu32
		" bits, so most points of the ring get no key, and the servers share the keys badly",
		lint->assembly->hash.ops->bits);
}

static void check_skewed_hash(struct tenon__lint *lint)
{
	const struct tenon__place place = hash_place(lint);

	if (!is_skewed(lint)) {
		return;
	}
	tenon__lint_say(
		lint, &place,
		"choose another hash function; this moves keys to other servers",
		"the hash function scatters similar keys badly: the fullest server has %.2f times its fair share of 100000 simulated keys, and would have %.2f times with random hashes",
		lint->real.max_over_fair, lint->ideal.max_over_fair);
}

static void check_imbalance(struct tenon__lint *lint)
{
	const struct tenon__place place = ring_place(lint);
	const struct tenon__assembly *assembly = lint->assembly;
	const struct tenon__ring *ring = &assembly->rings[0];

	/* where the hashes are to blame, more points would not help */
	if (!ring_is(lint, 0) || is_weak(lint) || is_skewed(lint) ||
	    !is_above(&lint->real, IMBALANCE_ABOVE)) {
		return;
	}
	tenon__lint_say(
		lint, &place,
		"give the servers more points, when the distribution has an option `points`; this moves keys to other servers",
		"server '%s' has %.2f times its fair share of 100000 simulated keys",
		tenon__server_name(&assembly->servers[ring->first +
						      lint->real.fullest]),
		lint->real.max_over_fair);
}

static void check_order(struct tenon__lint *lint)
{
	const struct tenon__place place = ring_place(lint);

	if (ring_is(lint, TENON_RING_ORDERED)) {
		tenon__lint_say(
			lint, &place,
			"only append servers; put the address of a new server in place of one that goes",
			"the order of the servers decides where keys are: a server that is added or removed before others, or another order, moves keys");
	} else if (ring_is(lint, TENON_RING_TIES)) {
		tenon__lint_say(
			lint, &place,
			"nothing has to change; keep the order of the servers, or accept a few misses",
			"a few places of the ring have points of several servers, and the order of these servers decides who owns the place: another order moves the few keys there, and no others");
	}
}

/* ---- keys beside `ring` -------------------------------------------------- */

static void check_overridden_ring(struct tenon__lint *lint)
{
	for (size_t i = 0; i < TENON__RING_KEY_COUNT; i++) {
		const char *name = tenon__preset_overridden(
			lint->config, (enum tenon__ring_key)i);

		if (name) {
			tenon__lint_say(
				lint, &lint->config->ring.own[i].place,
				"set the clients of the ring to the same, or remove the key",
				"the key '%s' replaces what ring '%s' chooses, so keys are where the clients of this ring put them only if these clients have the same setting",
				name, tenon__preset_name(lint->config));
		}
	}
}

static void check_hash_name(struct tenon__lint *lint)
{
	const struct tenon_config *config = lint->config;
	const char *name = config->choices[TENON__ROLE_HASH].name;
	const char *meant = tenon__preset_hash_name(config, name);

	if (!meant || !tenon__preset_is_own(config, "hash_function")) {
		return;
	}
	tenon__lint_say(
		lint, &config->ring.own[TENON__RING_HASH].place,
		"look up the name in the configs of these clients, and give tenon's name of the same hash function",
		"the clients of ring '%s' call another hash function '%s': it is '%s' in tenon",
		tenon__preset_name(config), name, meant);
}

/* ---- the signedness of char ---------------------------------------------- */

/* An option that chooses how a hash function reads bytes above 0x7f. */
#define CHAR_OPTION "char"

/* Return true when the config sets an option of the hash function, or its ring chooses the function. */
static bool sets_hash_option(const struct tenon__lint *lint, const char *name)
{
	bool chosen_by_ring =
		lint->config->ring.sources &&
		!tenon__preset_is_own(lint->config, "hash_function");
	const struct tenon__node *map =
		lint->config->choices[TENON__ROLE_HASH].options;
	const struct tenon__node *entry = map ? map->first : NULL;

	while (entry && !tenon__same_word(entry->key, name)) {
		entry = entry->next;
	}
	return entry || chosen_by_ring;
}

static void check_char_sign(struct tenon__lint *lint)
{
	const struct tenon__place place = hash_place(lint);
	const struct tenon_option *row =
		tenon__selection_hash_rows(&lint->assembly->selection,
					   &lint->assembly->hash);

	while (row && row->name && strcmp(row->name, CHAR_OPTION) != 0) {
		row++;
	}
	if (!hashes_matter(lint) || !row || !row->name ||
	    sets_hash_option(lint, CHAR_OPTION)) {
		return;
	}
	tenon__lint_say(
		lint, &place,
		"set the option `char` of the hash function to what the other clients of these servers do: signed on x86, unsigned on Arm",
		"keys with bytes above 0x7f have other hashes in clients that were compiled with the other sign of char");
}

/* ---- servers ------------------------------------------------------------- */

/* Return the pool of a server in a list; "" is the main ring. */
static const char *pool_of(const struct tenon__server_entry *entry)
{
	return entry->server.pool ? entry->server.pool : "";
}

/* Return true when the servers of a pool have different weights. */
static bool weights_differ(const struct tenon__server_list *list,
			   const char *pool)
{
	uint32_t weight = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct tenon__server *server = &list->entries[i].server;

		if (strcmp(pool_of(&list->entries[i]), pool) != 0) {
			continue;
		}
		if (weight != 0 && server->weight != weight) {
			return true;
		}
		weight = server->weight;
	}
	return false;
}

static void check_ignored_weight(struct tenon__lint *lint)
{
	const struct tenon__server_list *list = &lint->config->servers;

	if (!(lint->traits.flags & TENON_RING_NO_WEIGHT) ||
	    !weights_differ(list, "")) {
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		const struct tenon__server_entry *entry = &list->entries[i];

		if (!entry->server.weight_given || entry->server.pool) {
			continue;
		}
		tenon__lint_say(
			lint, &entry->place,
			"remove the weights, or choose a distribution that uses them, which moves keys to other servers",
			"the distribution ignores weights: server '%s' with weight %" PRIu32
			" gets as many keys as any other",
			tenon__server_name(&entry->server),
			entry->server.weight);
		return;
	}
}

static void check_ignored_alias(struct tenon__lint *lint)
{
	const struct tenon__server_list *list = &lint->config->servers;

	for (size_t i = 0; i < list->count; i++) {
		const struct tenon__server_entry *entry = &list->entries[i];

		if (!ring_is(lint, TENON_RING_NO_NAMES) ||
		    !entry->server.alias || entry->server.pool) {
			continue;
		}
		tenon__lint_say(
			lint, &entry->place,
			"keep the alias for logs and tables, but do not rely on it to keep keys in place",
			"the distribution ignores names: the alias '%s' does not decide where keys are",
			entry->server.alias);
		return;
	}
}

static bool is_private_ipv4(const char *host)
{
	struct in_addr address;
	uint32_t number;

	if (inet_pton(AF_INET, host, &address) != 1) {
		return false;
	}
	number = ntohl(address.s_addr);
	return number >> 24 == 10 ||                     /* 10.0.0.0/8 */
	       number >> 20 == (172 << 4 | 1) ||         /* 172.16.0.0/12 */
	       number >> 16 == (192 << 8 | 168) ||       /* 192.168.0.0/16 */
	       number >> 22 == (100 << 2 | 1);           /* 100.64.0.0/10 */
}

static bool is_private_ipv6(const char *host)
{
	struct in6_addr address;

	return inet_pton(AF_INET6, host, &address) == 1 &&
	       (address.s6_addr[0] & 0xfe) == 0xfc; /* fc00::/7 */
}

/* Return true when four numbers with '-' between them begin the text, as in "10-0-12-7.pod". */
static bool begins_with_ipv4(const char *text)
{
	for (int i = 0; i < 4; i++) {
		size_t digits = strspn(text, "0123456789");

		if (digits < 1 || digits > 3 || (i < 3 && text[digits] != '-')) {
			return false;
		}
		text += digits + (i < 3);
	}
	return true;
}

/* Return true when the first label of a name has an address in it: "ip-10-0-12-7.ec2.internal". */
static bool spells_address(const char *host)
{
	for (const char *at = host; *at != '\0' && *at != '.'; at++) {
		if ((at == host || at[-1] == '-') && begins_with_ipv4(at)) {
			return true;
		}
	}
	return false;
}

static void check_ephemeral_address(struct tenon__lint *lint)
{
	const struct tenon__server_list *list = &lint->config->servers;

	for (size_t i = 0; i < list->count; i++) {
		const struct tenon__server_entry *entry = &list->entries[i];
		const char *host = entry->server.host;

		if (list->count == 1 ||
		    lint->traits.flags & TENON_RING_NO_NAMES ||
		    entry->server.alias || entry->server.port == 0 ||
		    !(is_private_ipv4(host) || is_private_ipv6(host) ||
		      spells_address(host))) {
			continue;
		}
		tenon__lint_say(
			lint, &entry->place,
			"give the server an alias; no key moves when the alias is the name that the ring hashes now",
			"server '%s' has no alias, and its address looks as if it may change: its keys move with the address",
			entry->server.address);
	}
}

static void check_unused_pool(struct tenon__lint *lint)
{
	const struct tenon__assembly *assembly = lint->assembly;
	const struct tenon__server_list *list = &lint->config->servers;

	for (size_t i = 1; i < assembly->ring_count; i++) {
		const char *pool = assembly->rings[i].pool;
		const struct tenon__server_entry *entry = list->entries;

		while (strcmp(pool_of(entry), pool) != 0) {
			entry++;
		}
		if (tenon__assembly_uses_pool(assembly, pool)) {
			continue;
		}
		tenon__lint_say(
			lint, &entry->place,
			"name the pool in an option of a failover policy, or remove its servers",
			"no option of a failover policy names the pool '%s', so no key goes to its servers",
			pool);
	}
}

/* ---- times --------------------------------------------------------------- */

/* Write a duration as a config has it: 250ms, 2s. Returns out. */
static const char *duration(char out[TENON__OPTION_TEXT_BYTES], int64_t value_ms)
{
	const struct tenon_option row = { .type = TENON_OPTION_DURATION,
					  .unit = TENON_UNIT_MS,
					  .def = value_ms };

	tenon__option_print_default(out, &row);
	return out;
}

static void check_poll_below_connect(struct tenon__lint *lint)
{
	const struct tenon__settings *settings = &lint->config->settings;
	const struct tenon__place place = key_place(lint, "poll_timeout");
	const struct tenon__place other = key_place(lint, "connect_timeout");
	char texts[2][TENON__OPTION_TEXT_BYTES];

	if (settings->poll_timeout_ms >= settings->connect_timeout_ms) {
		return;
	}
	tenon__lint_say(
		lint, place.line > 0 ? &place : &other,
		"set poll_timeout to connect_timeout or more",
		"poll_timeout (%s) is below connect_timeout (%s), so an operation ends before a slow connection is made",
		duration(texts[0], settings->poll_timeout_ms),
		duration(texts[1], settings->connect_timeout_ms));
}

static void check_retry_below_poll(struct tenon__lint *lint)
{
	const struct tenon__settings *settings = &lint->config->settings;
	const struct tenon__place place = key_place(lint, "retry_timeout");
	const struct tenon__place other = key_place(lint, "poll_timeout");
	char texts[2][TENON__OPTION_TEXT_BYTES];

	if (settings->retry_timeout_ms >= settings->poll_timeout_ms) {
		return;
	}
	tenon__lint_say(
		lint, place.line > 0 ? &place : &other,
		"set retry_timeout to several times poll_timeout",
		"retry_timeout (%s) is below poll_timeout (%s), so operations wait for a server that is down more often than they leave it alone",
		duration(texts[0], settings->retry_timeout_ms),
		duration(texts[1], settings->poll_timeout_ms));
}

static bool is_literal(const char *host)
{
	struct in6_addr address;

	return inet_pton(AF_INET, host, &address) == 1 ||
	       inet_pton(AF_INET6, host, &address) == 1;
}

/* Return true when a server has a name that has to be looked up. */
static bool looks_names_up(const struct tenon__lint *lint)
{
	const struct tenon__assembly *assembly = lint->assembly;

	for (size_t i = 0; i < assembly->server_count; i++) {
		const struct tenon__server *server = &assembly->servers[i];

		if (server->port != 0 && !is_literal(server->host)) {
			return true;
		}
	}
	return false;
}

static void check_resolve_above_poll(struct tenon__lint *lint)
{
	const struct tenon__settings *settings = &lint->config->settings;
	const struct tenon__place place = key_place(lint, "resolve_timeout");
	char texts[2][TENON__OPTION_TEXT_BYTES];

	/* without the key, the default is meant, which fits the default of poll_timeout */
	if (place.where[0] == '\0' || !looks_names_up(lint) ||
	    settings->resolve_timeout_ms < settings->poll_timeout_ms) {
		return;
	}
	tenon__lint_say(
		lint, &place, "set resolve_timeout below poll_timeout",
		"resolve_timeout (%s) is not below poll_timeout (%s), so a slow name server takes all the time of an operation",
		duration(texts[0], settings->resolve_timeout_ms),
		duration(texts[1], settings->poll_timeout_ms));
}

static void check_late_keepalive(struct tenon__lint *lint)
{
	const struct tenon_config *config = lint->config;
	const struct tenon__place place = key_place(lint, "keepalive");
	int64_t idle_ms = config->keepalive.idle_s * 1000;
	char texts[2][TENON__OPTION_TEXT_BYTES];

	/* without the key, the default is meant, which does no harm */
	if (place.where[0] == '\0' || config->settings.max_idle_ms == 0 ||
	    idle_ms < config->settings.max_idle_ms) {
		return;
	}
	tenon__lint_say(
		lint, &place, "set the idle time of keepalive below max_idle",
		"keepalive waits %s before its first probe, and a connection is not used after max_idle (%s), so the probes keep connections open that are not used any more",
		duration(texts[0], idle_ms),
		duration(texts[1], config->settings.max_idle_ms));
}

/* ---- the table ----------------------------------------------------------- */

#define NOTE TENON_FINDING_NOTE
#define WARNING TENON_FINDING_WARNING

const struct tenon__check tenon__checks[] = {
	{ "weak-hash", WARNING, check_weak_hash },
	{ "skewed-hash", WARNING, check_skewed_hash },
	{ "imbalance", NOTE, check_imbalance },
	{ "order-dependent", NOTE, check_order },
	{ "overridden-ring", NOTE, check_overridden_ring },
	{ "hash-name", NOTE, check_hash_name },
	{ "char-sign", NOTE, check_char_sign },
	{ "ephemeral-address", NOTE, check_ephemeral_address },
	{ "ignored-weight", WARNING, check_ignored_weight },
	{ "ignored-alias", NOTE, check_ignored_alias },
	{ "unused-pool", WARNING, check_unused_pool },
	{ "poll-below-connect", WARNING, check_poll_below_connect },
	{ "retry-below-poll", WARNING, check_retry_below_poll },
	{ "resolve-above-poll", WARNING, check_resolve_above_poll },
	{ "late-keepalive", NOTE, check_late_keepalive },
	{ NULL, 0, NULL },
};

const struct tenon__check tenon__unused_ignore = { "unused-ignore", NOTE,
						   NULL };
