/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules of tenon/plugin/distribution.h, tested for every distribution plugin. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/guard.h"
#include "conformance/promises.h"
#include "conformance/ring_rig.h"
#include "conformance/subject.h"
#include "runner/suite.h"

#define SERVERS_MAX 300
#define NAME_BYTES 64
#define KEY_BYTES 32

/* The promises of the plugins of this tree. */
static const struct {
	const char *name;
	const char *promises;
} known[] = {
	{ "ch3", "growth" },
	{ "jump", "growth" },
	{ "ketama", "order growth weight" },
	{ "modula", "weight" },
	{ "rendezvous", "order growth" },
};

static bool promises(const struct tenon__plugin *plugin, const char *promise)
{
	if (subject_is_foreign()) {
		return promises_have(promise);
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, plugin->name) == 0) {
			return strstr(known[i].promises, promise) != NULL;
		}
	}
	ck_abort_msg("conformance/distribution.c does not know what '%s' promises",
		     plugin->name);
	return false;
}

/* ---- servers ------------------------------------------------------------ */

/*
 * Servers with and without alias, on libmc's default port, on another port and on a
 * socket.
 */
struct servers {
	struct tenon_ring_server list[SERVERS_MAX];
	char names[SERVERS_MAX][NAME_BYTES];
	char aliases[SERVERS_MAX][NAME_BYTES];
	uint32_t count;
};

static void servers_fill(struct servers *servers, uint32_t count)
{
	memset(servers, 0, sizeof(*servers));
	servers->count = count;
	for (uint32_t i = 0; i < count; i++) {
		struct tenon_ring_server *server = &servers->list[i];

		server->weight = 1;
		server->host = servers->names[i];
		if (i % 7 == 6) {
			snprintf(servers->names[i], NAME_BYTES,
				 "/run/cache/%u.sock", (unsigned)i);
		} else {
			snprintf(servers->names[i], NAME_BYTES,
				 "cache%u.example", (unsigned)i);
			server->port = i % 3 == 0 ? 11211 : 11212 + i;
		}
		if (i % 2 == 1) {
			snprintf(servers->aliases[i], NAME_BYTES, "alias-%u",
				 (unsigned)i);
			server->alias = servers->aliases[i];
		}
	}
}

/* ---- rings -------------------------------------------------------------- */

/* Make an instance of the plugin under test. ring_free() releases it. */
static void make_ring(struct ring *ring, const struct tenon__plugin *plugin)
{
	ring_begin(ring, plugin);
	ring->options = subject_options(plugin, &ring->host);
	ring_init(ring);
}

static void build_list(struct ring *ring, const struct tenon_ring_server *list,
		       uint32_t count)
{
	struct tenon_error err = { 0 };

	ck_assert_msg(ring_build(ring, list, count, subject_hash("md5"),
				 &err) == 0,
		      "%s: %s", ring->plugin->name, err.message);
}

/* Build a ring of `count` servers. The server structs are freed before this returns. */
static void build_ring(struct ring *ring, const struct tenon__plugin *plugin,
		       uint32_t count)
{
	struct servers *servers = malloc(sizeof(*servers));

	ck_assert_ptr_nonnull(servers);
	servers_fill(servers, count);
	make_ring(ring, plugin);
	build_list(ring, servers->list, count);
	memset(servers, 0x55, sizeof(*servers));
	free(servers);
}

/* ---- keys --------------------------------------------------------------- */

struct key {
	char text[KEY_BYTES];
	struct tenon_ring_key ring_key;
};

static const struct tenon_ring_key *make_key(struct key *key, unsigned number)
{
	const struct tenon_hash *hash = subject_hash("md5");
	int len = snprintf(key->text, sizeof(key->text), "key:%u", number);

	key->ring_key.key = key->text;
	key->ring_key.key_len = (size_t)len;
	key->ring_key.hash = hash->ops->hash(hash->self, key->text,
					     (size_t)len);
	return &key->ring_key;
}

/*
 * Extreme hashes, which find errors of arithmetic. Keys with numbers from here on have
 * them.
 */
static const uint64_t extremes[] = {
	0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
	0x100000000, 0x7fffffffffffffff, 0x8000000000000000, UINT64_MAX
};
#define EXTREMES_COUNT (sizeof(extremes) / sizeof(extremes[0]))

static uint32_t locate(const struct ring *ring,
		       const struct tenon_ring_key *key)
{
	return ring->ops->locate(ring->self, key);
}

static uint32_t next(const struct ring *ring, const struct tenon_ring_key *key,
		     uint32_t nth)
{
	return ring_walk_nth(ring, key, nth);
}

/* ---- tests -------------------------------------------------------------- */

START_TEST(home_is_one_of_the_servers)
{
	const struct tenon__plugin *plugin = subject(_i);

	for (uint32_t count = 1; count <= SERVERS_MAX; count++) {
		struct ring ring;
		struct key key;

		build_ring(&ring, plugin, count);
		for (unsigned i = 0; i < 50; i++) {
			ck_assert_subject_int(locate(&ring, make_key(&key, i)), <, count);
		}
		for (size_t i = 0; i < EXTREMES_COUNT; i++) {
			make_key(&key, 0);
			key.ring_key.hash = extremes[i];
			ck_assert_subject_int(locate(&ring, &key.ring_key), <, count);
		}
		ring_free(&ring);
	}
}
END_TEST

START_TEST(every_server_is_home_to_some_keys)
{
	const struct tenon__plugin *plugin = subject(_i);
	bool used[20] = { false };
	struct ring ring;
	struct key key;

	build_ring(&ring, plugin, 20);
	for (unsigned i = 0; i < 20000; i++) {
		used[locate(&ring, make_key(&key, i))] = true;
	}
	for (size_t i = 0; i < 20; i++) {
		ck_assert_msg(used[i], "%s: server %zu of 20 has none of 20000 keys",
			      plugin->name, i);
	}
	ring_free(&ring);
}
END_TEST

/* Walk over all servers after the home server of one key. */
static void check_walk(const struct ring *ring, const struct tenon_ring_key *key,
		       uint32_t count)
{
	const struct tenon__plugin *plugin = ring->plugin;
	unsigned char seen[SERVERS_MAX / 8 + 1] = { 0 };
	struct tenon_ring_cursor cursor = { .size = sizeof(cursor),
					    .key = key,
					    .seen = seen };

	for (; cursor.found_count < count; cursor.found_count++) {
		uint32_t server = ring->ops->next(ring->self, &cursor);

		ck_assert_msg(server < count && !tenon_ring_seen(&cursor, server),
			      "%s: server %u of the walk over %u servers is %u, which is no other server",
			      plugin->name, (unsigned)cursor.found_count,
			      (unsigned)count, (unsigned)server);
		ck_assert_msg(cursor.found_count > 0 || count == 1 ||
				      server == locate(ring, key),
			      "%s: the walk over %u servers begins at %u, which is not the home server",
			      plugin->name, (unsigned)count, (unsigned)server);
		seen[server / 8] |= (unsigned char)(1u << server % 8);
	}
	ck_assert_subject_int(ring->ops->next(ring->self, &cursor), ==, TENON_NO_SERVER);
	ck_assert_subject_int(ring->ops->next(ring->self, &cursor), ==, TENON_NO_SERVER);
}

START_TEST(a_walk_finds_each_server_once)
{
	for (uint32_t count = 1; count <= SERVERS_MAX;
	     count = count < 30 ? count + 1 : count * 2 + 30) {
		struct ring ring;
		struct key key;

		build_ring(&ring, subject(_i), count);
		for (unsigned i = 0; i < 5; i++) {
			check_walk(&ring, make_key(&key, i), count);
		}
		for (size_t i = 0; i < EXTREMES_COUNT; i++) {
			make_key(&key, 0);
			key.ring_key.hash = extremes[i];
			check_walk(&ring, &key.ring_key, count);
		}
		ring_free(&ring);
	}
}
END_TEST

START_TEST(equal_servers_give_equal_rings)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct ring one;
	struct ring other;
	struct key key;

	build_ring(&one, plugin, 37);
	build_ring(&other, plugin, 37);
	for (unsigned i = 0; i < 5000; i++) {
		make_key(&key, i);
		ck_assert_subject_int(
			locate(&one, &key.ring_key), ==,
			locate(&other, &key.ring_key));
		ck_assert_subject_int(
			next(&one, &key.ring_key, 1), ==,
			next(&other, &key.ring_key, 1));
	}
	ring_free(&one);
	ring_free(&other);
}
END_TEST

START_TEST(address_under_an_alias_does_not_matter)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct servers *servers = malloc(sizeof(*servers));
	struct ring before;
	struct ring after;
	struct key key;

	ck_assert_ptr_nonnull(servers);
	servers_fill(servers, 40);
	make_ring(&before, plugin);
	build_list(&before, servers->list, 40);
	for (uint32_t i = 0; i < 40; i++) {
		if (servers->list[i].alias) {
			snprintf(servers->names[i], NAME_BYTES, "moved%u",
				 (unsigned)i);
			servers->list[i].port = 9000 + i;
		}
	}
	make_ring(&after, plugin);
	build_list(&after, servers->list, 40);
	for (unsigned i = 0; i < 5000; i++) {
		make_key(&key, i);
		ck_assert_subject_int(
			locate(&before, &key.ring_key), ==,
			locate(&after, &key.ring_key));
	}
	ring_free(&before);
	ring_free(&after);
	free(servers);
}
END_TEST

START_TEST(order_of_servers_does_not_matter_where_promised)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct tenon_ring_server shuffled[SERVERS_MAX];
	uint32_t place[SERVERS_MAX]; /* index of server i in shuffled */
	struct servers *servers = malloc(sizeof(*servers));
	struct ring straight;
	struct ring ring;
	struct key key;
	uint32_t count = 50;

	ck_assert_ptr_nonnull(servers);
	servers_fill(servers, count);
	for (uint32_t i = 0; i < count; i++) {
		place[i] = (i * 7 + 3) % count; /* 7 and 50 share no divisor */
		shuffled[place[i]] = servers->list[i];
	}
	make_ring(&straight, plugin);
	build_list(&straight, servers->list, count);
	make_ring(&ring, plugin);
	build_list(&ring, shuffled, count);
	for (unsigned i = 0; i < 5000 && promises(plugin, "order"); i++) {
		make_key(&key, i);
		ck_assert_subject_int(
			place[locate(&straight, &key.ring_key)], ==,
			locate(&ring, &key.ring_key));
	}
	ring_free(&straight);
	ring_free(&ring);
	free(servers);
}
END_TEST

START_TEST(new_server_only_takes_keys_where_promised)
{
	const struct tenon__plugin *plugin = subject(_i);
	unsigned moved = 0;
	struct ring before;
	struct ring after;
	struct key key;

	build_ring(&before, plugin, 20);
	build_ring(&after, plugin, 21);
	for (unsigned i = 0; i < 20000 && promises(plugin, "growth");
	     i++) {
		uint32_t home, old;

		make_key(&key, i);
		home = locate(&after, &key.ring_key);
		moved += home == 20;
		old = locate(&before, &key.ring_key);
		ck_assert_subject(home == 20 || home == old,
				  "that '%s' moves from server %u to %u when number 20 is added",
				  key.text, (unsigned)old, (unsigned)home);
	}
	ck_assert_subject(!promises(plugin, "growth") || moved > 0,
			  "that the new server has %u of 20000 keys", moved);
	ring_free(&before);
	ring_free(&after);
}
END_TEST

START_TEST(heavier_server_has_more_keys_where_promised)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct servers *servers = malloc(sizeof(*servers));
	unsigned keys[5] = { 0 };
	struct ring ring;
	struct key key;

	ck_assert_ptr_nonnull(servers);
	servers_fill(servers, 5);
	servers->list[2].weight = 4;
	make_ring(&ring, plugin);
	build_list(&ring, servers->list, 5);
	for (unsigned i = 0; i < 20000; i++) {
		keys[locate(&ring, make_key(&key, i))]++;
	}
	/* The fair share of keys is 4 of 8. */
	ck_assert_msg(!promises(plugin, "weight") ||
			      (keys[2] > 7000 && keys[2] < 13000),
		      "%s: a server with half of all weight has %u of 20000 keys",
		      plugin->name, keys[2]);
	ring_free(&ring);
	free(servers);
}
END_TEST

/* Data that the threads share. */
struct crowd {
	const struct ring *ring;
	uint32_t home[1000];
	uint32_t next[1000];
};

/* Returns NULL when every answer was right, or a text for free(). */
static void *locate_in_a_crowd(void *payload)
{
	struct crowd *crowd = payload;
	const struct ring *ring = crowd->ring;

	for (unsigned round = 0; round < 5; round++) {
		for (unsigned i = 0; i < 1000; i++) {
			uint32_t home, third;
			struct key key;

			make_key(&key, i);
			home = locate(ring, &key.ring_key);
			third = next(ring, &key.ring_key, 3);
			if (home != crowd->home[i] || third != crowd->next[i]) {
				return seen_copy("key %u: found server %u and then %u, one thread alone has %u and then %u",
						 i, (unsigned)home,
						 (unsigned)third,
						 (unsigned)crowd->home[i],
						 (unsigned)crowd->next[i]);
			}
		}
	}
	return NULL;
}

START_TEST(threads_share_a_ring)
{
	struct crowd crowd;
	struct ring ring;
	struct key key;

	build_ring(&ring, subject(_i), 20);
	crowd.ring = &ring;
	for (unsigned i = 0; i < 1000; i++) {
		make_key(&key, i);
		crowd.home[i] = locate(&ring, &key.ring_key);
		crowd.next[i] = next(&ring, &key.ring_key, 3);
	}
	subject_check_in_threads(locate_in_a_crowd, &crowd);
	ring_free(&ring);
}
END_TEST

static int try_build(const struct tenon__plugin *plugin, void *self,
		     const void *options, const struct watched_host *host)
{
	const struct tenon_distribution_ops *ops = &plugin->ops.distribution;
	struct servers *servers = malloc(sizeof(*servers));
	struct tenon_error err = { 0 };
	int code;

	ck_assert_ptr_nonnull(servers);
	servers_fill(servers, 9);
	code = ops->init(self, options, &host->table, &err);
	if (!code) {
		code = ops->build(self, servers->list, 9, subject_hash("md5"),
				  &err);
	}
	free(servers);
	return subject_check_reason(plugin, code, &err);
}

START_TEST(build_that_runs_out_of_memory_cleans_up)
{
	const struct tenon__plugin *plugin = subject(_i);
	const struct tenon_distribution_ops *ops = &plugin->ops.distribution;

	subject_check_without_memory(plugin, ops->state_size, try_build,
				     ops->fini);
}
END_TEST

START_TEST(error_object_may_be_missing)
{
	const struct tenon__plugin *plugin = subject(_i);
	const struct tenon_distribution_ops *ops = &plugin->ops.distribution;
	struct servers *servers = malloc(sizeof(*servers));
	struct ring ring;
	int code;

	ck_assert_ptr_nonnull(servers);
	servers_fill(servers, 3);
	make_ring(&ring, plugin);
	ring.host.made = 0;
	ring.host.fail_from = 1;
	/* Some distributions allocate nothing, so building may succeed. */
	code = ops->build(ring.self, servers->list, 3, subject_hash("md5"), NULL);
	ck_assert_subject(code == 0 || ring.host.made > 0,
			  "%s, and %zu allocations were asked for",
			  seen_status(code), ring.host.made);
	ring.host.fail_from = 0;
	ring_free(&ring);
	free(servers);
}
END_TEST

START_TEST(instance_that_was_never_built_is_released)
{
	struct ring ring;

	make_ring(&ring, subject(_i));
	ring_free(&ring);
}
END_TEST

START_TEST(lookups_ask_for_no_memory)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct ring ring;
	struct key key;
	size_t made;

	build_ring(&ring, plugin, 20);
	made = ring.host.made;
	for (unsigned i = 0; i < 100; i++) {
		make_key(&key, i);
		locate(&ring, &key.ring_key);
		next(&ring, &key.ring_key, 1 + i % 19);
	}
	ck_assert_subject_int(ring.host.made, ==, made);
	ring_free(&ring);
}
END_TEST

static void check_sum(const struct ring *ring, uint64_t before,
		      const char *slot, const struct key *key)
{
	uint64_t sum = watched_host_sum(&ring->host, ring->self,
					ring->ops->state_size);

	ck_assert_msg(sum == before,
		      "%s: %s() of '%s' changes the ring: the sum of its bytes was %#llx and is %#llx",
		      ring->plugin->name, slot, key->text,
		      (unsigned long long)before, (unsigned long long)sum);
}

/* After build() nothing changes in the instance, which threads share. */
START_TEST(lookups_change_nothing_in_the_ring)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct ring ring;
	struct key key;
	uint64_t before;

	build_ring(&ring, plugin, 20);
	before = watched_host_sum(&ring.host, ring.self,
				  plugin->ops.distribution.state_size);
	for (unsigned i = 0; i < 100; i++) {
		make_key(&key, i);
		locate(&ring, &key.ring_key);
		check_sum(&ring, before, "locate", &key);
		next(&ring, &key.ring_key, 1 + i % 19);
		check_sum(&ring, before, "next", &key);
	}
	ring_free(&ring);
}
END_TEST

/* The servers of build() cannot be read afterwards: a plugin that kept them crashes. */
START_TEST(build_keeps_nothing_of_its_servers)
{
	struct servers *servers;
	struct guard guard;
	struct ring ring;
	struct key key;

	guard_open(&guard, sizeof(*servers));
	servers = (void *)guard.start;
	servers_fill(servers, 20);
	make_ring(&ring, subject(_i));
	build_list(&ring, servers->list, 20);
	guard_forbid(&guard);
	for (unsigned i = 0; i < 100; i++) {
		make_key(&key, i);
		locate(&ring, &key.ring_key);
		next(&ring, &key.ring_key, 1 + i % 19);
	}
	ring_free(&ring);
	guard_close(&guard);
}
END_TEST

int conformance_distribution(void)
{
	Suite *suite = suite_create("conformance/distribution");

	subjects_load(TENON_KIND_DISTRIBUTION);
	subjects_add_tests(suite);
	subjects_add_test(home_is_one_of_the_servers);
	subjects_add_test(every_server_is_home_to_some_keys);
	subjects_add_test(a_walk_finds_each_server_once);
	subjects_add_test(equal_servers_give_equal_rings);
	subjects_add_test(address_under_an_alias_does_not_matter);
	subjects_add_test(order_of_servers_does_not_matter_where_promised);
	subjects_add_test(new_server_only_takes_keys_where_promised);
	subjects_add_test(heavier_server_has_more_keys_where_promised);
	subjects_add_test(threads_share_a_ring);
	subjects_add_test(build_that_runs_out_of_memory_cleans_up);
	subjects_add_test(error_object_may_be_missing);
	subjects_add_test(instance_that_was_never_built_is_released);
	subjects_add_test(lookups_ask_for_no_memory);
	subjects_add_test(lookups_change_nothing_in_the_ring);
	subjects_add_test(build_keeps_nothing_of_its_servers);
	return suite_run(suite);
}
