/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keys whose server has failed: the servers that they go to, within the same operation
 * and after it, for each policy.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/client.h"
#include "base/clock.h"
#include "conformance/subject.h"
#include "fakes/memcached.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"
#include "tenon/health.h"
#include "vectors/failover_libmc.h"

/* Much longer than the times that it is compared with. */
#define FAR_TOO_LONG_MS 5000

/* Return the address of a UNIX socket that does not exist. Static. */
static const char *nowhere(void)
{
	static char paths[8][108];
	static unsigned n;
	char *path = paths[n++ % 8];

	scratch_path(path, sizeof(paths[0]));
	return path;
}

/*
 * Open a client whose servers are those in `before`, each with a comma, and then the
 * rig's fakes. Each fake becomes a line of `servers:`, in which %s is its address
 * (NULL: "%s").
 */
static void open_with(struct rig *rig, const char *before,
		      const char *settings)
{
	char text[4096];
	size_t used;

	used = (size_t)snprintf(text, sizeof(text), "servers: [%s", before);
	for (size_t i = 0; i < rig->fake_count; i++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%s s%zu, ",
					 fake_server_address(rig->fakes[i]), i);
	}
	snprintf(text + used, sizeof(text) - used, "]\n%s", settings);
	rig_open_at(rig, NULL, 0, text);
}

/*
 * Open a client with a dead server named "dead" and one fake. *key has the home server
 * "dead".
 */
static void open_half_dead(struct rig *rig, const char *settings,
			   char key[RIG_KEY_LEN + 1])
{
	char before[200];

	snprintf(before, sizeof(before), "%s dead, ", nowhere());
	open_with(rig, before, settings);
	rig_key_at(rig, 0, 0, key);
}

/* ---- libmc's placement ---------------------------------------------------- */

START_TEST(keys_of_dead_servers_go_where_libmc_sends_them)
{
	struct memcached servers[FAILOVER_LIBMC_SERVERS] = { { 0 } };
	char lines[FAILOVER_LIBMC_SERVERS][160];
	const char *specs[FAILOVER_LIBMC_SERVERS];
	char keys[COUNT(failover_libmc_keys)][24];
	struct tenon_item items[COUNT(failover_libmc_keys)];
	unsigned dead = failover_libmc_dead[_i];
	struct rig rig = { 0 };

	for (unsigned i = 0; i < FAILOVER_LIBMC_SERVERS; i++) {
		const char *address = nowhere();

		if (!(dead >> i & 1)) {
			ck_assert(memcached_start(&servers[i], MEMCACHED_UNIX,
						  NULL));
			address = servers[i].address;
		}
		snprintf(lines[i], sizeof(lines[i]), "%s mc%u", address, i);
		specs[i] = lines[i];
	}
	for (size_t i = 0; i < COUNT(keys); i++) {
		snprintf(keys[i], sizeof(keys[i]), "failover:%u",
			 failover_libmc_keys[i].n);
		items[i] = item(keys[i], NULL);
	}
	rig_open_at(&rig, specs, COUNT(specs), "failover: eject\n" RETRY_NEVER);
	/* With at most two dead servers in a row, one call is enough. */
	for (int call = 0; call < (_i < 3 ? 1 : 3); call++) {
		rig_run(&rig, TENON_GET, items, COUNT(items), 0);
	}
	for (size_t i = 0; i < COUNT(items); i++) {
		char expected = failover_libmc_keys[i].servers[_i];

		if (expected == '-') {
			ck_assert_int_eq(rig.results[i].status, TENON_EDOWN);
		} else {
			ck_assert_int_eq(rig.results[i].status, TENON_MISS);
			ck_assert_uint_eq(rig.results[i].server,
					  (unsigned)(expected - '0'));
		}
	}
	rig_close(&rig);
	for (unsigned i = 0; i < FAILOVER_LIBMC_SERVERS; i++) {
		memcached_stop(&servers[i]);
	}
}
END_TEST

/* ---- hops ----------------------------------------------------------------- */

/* Every verb, its request with %s for the key, a reply and the status of that reply. */
static const struct {
	enum tenon_verb verb;
	const char *request;
	const char *reply;
	int status;
} verbs[] = {
	{ TENON_GET, "get %s\r\n", "END\r\n", TENON_MISS },
	{ TENON_GETS, "gets %s\r\n", "END\r\n", TENON_MISS },
	{ TENON_GAT, "gat 0 %s\r\n", "END\r\n", TENON_MISS },
	{ TENON_SET, "set %s 0 0 1\r\nv\r\n", "STORED\r\n", TENON_STORED },
	{ TENON_ADD, "add %s 0 0 1\r\nv\r\n", "STORED\r\n", TENON_STORED },
	{ TENON_REPLACE, "replace %s 0 0 1\r\nv\r\n", "NOT_STORED\r\n",
	  TENON_NOT_STORED },
	{ TENON_APPEND, "append %s 0 0 1\r\nv\r\n", "STORED\r\n",
	  TENON_STORED },
	{ TENON_DELETE, "delete %s\r\n", "NOT_FOUND\r\n", TENON_MISS },
	{ TENON_TOUCH, "touch %s 0\r\n", "TOUCHED\r\n", TENON_TOUCHED },
	{ TENON_INCR, "incr %s 0\r\n", "NOT_FOUND\r\n", TENON_MISS },
};

START_TEST(a_refused_connection_lets_any_verb_hop)
{
	char key[RIG_KEY_LEN + 1];
	char request[100];
	struct rig rig = { 0 };
	struct fake_step steps[] = { FAKE_ACCEPT, FAKE_WAIT, FAKE_WAIT };
	struct tenon_item one;

	/* the key depends on the aliases alone, so it is known before the fake starts */
	rig_fake(&rig, FAKE_STEPS(FAKE_HOLD));
	open_half_dead(&rig, "failover: eject\n", key);
	rig_close(&rig);
	snprintf(request, sizeof(request), verbs[_i].request, key);
	steps[1] = fake_expect_text(request);
	steps[2] = fake_send_text(verbs[_i].reply);
	rig_fake(&rig, steps, COUNT(steps));
	open_half_dead(&rig, "failover: eject\n", key);
	one = item(key, "v");
	ck_assert_int_eq(rig_one(&rig, verbs[_i].verb, &one, 0),
			 verbs[_i].status);
	ck_assert_uint_eq(rig.result.server, 1);
	rig_close(&rig);
}
END_TEST

START_TEST(a_cas_unique_goes_to_no_other_server)
{
	char key[RIG_KEY_LEN + 1];
	struct rig rig = { 0 };
	struct tenon_item one;

	rig_fake(&rig, FAKE_STEPS(FAKE_HOLD));
	open_half_dead(&rig, "failover: eject\n", key);
	one = item(key, "v");
	one.cas = 17;
	ck_assert_int_eq(rig_one(&rig, TENON_CAS, &one, 0), TENON_ECONNECT);
	ck_assert_uint_eq(rig.result.server, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(no_key_hops_without_failover)
{
	char key[RIG_KEY_LEN + 1];
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_HOLD));
	open_half_dead(&rig, "", key);
	ck_assert_int_eq(rig_get(&rig, key), TENON_ECONNECT);
	ck_assert_int_eq(rig_get(&rig, key), TENON_EDOWN);
	ck_assert_uint_eq(rig.result.server, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(a_noreply_command_hops_too)
{
	char key[RIG_KEY_LEN + 1];
	struct rig rig = { 0 };
	struct tenon_item one;

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN + 17),
				  FAKE_EXPECT_CLOSE));
	open_half_dead(&rig, "failover: eject\n", key);
	one = item(key, "v");
	/* "set KEY 0 0 1 noreply\r\nv\r\n" */
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, TENON_NOREPLY),
			 TENON_SENT);
	ck_assert_uint_eq(rig.result.server, 1);
	ck_assert(fake_server_await(rig.fakes[0], 2));
	tenon_client_disconnect(rig.client);
	rig_close(&rig);
}
END_TEST

/*
 * Open a client with two fakes. *key has the first one as its home server, which reads
 * the request and closes.
 */
static void open_closing(struct rig *rig, size_t request_len,
			 const struct fake_step *second, size_t count,
			 char key[RIG_KEY_LEN + 1])
{
	const struct fake_step first[] = { FAKE_ACCEPT, FAKE_READ(request_len),
					   FAKE_CLOSE };

	/* static, because the steps have to outlive the fakes */
	static struct fake_step kept[COUNT(first)];

	memcpy(kept, first, sizeof(kept));
	rig_fake(rig, kept, COUNT(kept));
	rig_fake(rig, second, count);
	rig_open(rig, "failover: eject\n");
	rig_key_at(rig, 0, 0, key);
}

START_TEST(a_repeatable_request_hops_before_a_reply_byte)
{
	char key[RIG_KEY_LEN + 1];
	struct rig rig = { 0 };

	open_closing(&rig, RIG_GET_LEN,
		     FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				FAKE_SEND("END\r\n")),
		     key);
	ck_assert_int_eq(rig_get(&rig, key), TENON_MISS);
	ck_assert_uint_eq(rig.result.server, 1);
	rig_close(&rig);
}
END_TEST

START_TEST(an_unrepeatable_request_does_not_hop)
{
	char key[RIG_KEY_LEN + 1];
	struct rig rig = { 0 };
	struct tenon_item one;

	/*
	 * "incr KEY 1\r\n" is three bytes longer than "get KEY\r\n"
	 */
	open_closing(&rig, RIG_GET_LEN + 3, FAKE_STEPS(FAKE_HOLD), key);
	one = item(key, NULL);
	one.delta = 1;
	ck_assert_int_eq(rig_one(&rig, TENON_INCR, &one, 0), TENON_ECLOSED);
	ck_assert_uint_eq(rig.result.server, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(no_key_hops_after_a_reply_byte)
{
	char key[RIG_KEY_LEN + 1];
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("E"), FAKE_CLOSE));
	rig_fake(&rig, FAKE_STEPS(FAKE_HOLD));
	rig_open(&rig, "failover: eject\n");
	rig_key_at(&rig, 0, 0, key);
	ck_assert_int_eq(rig_get(&rig, key), TENON_ECLOSED);
	rig_close(&rig);
}
END_TEST

/* This many servers, of which only the last one lives. */
#define CROWD 6

/* round.c: HOPS_MAX */
START_TEST(hops_are_bounded_and_the_next_call_goes_on)
{
	char text[1024] = "servers: [";
	size_t used = strlen(text);
	struct memcached last;
	struct rig rig = { 0 };
	char key[RIG_KEY_LEN + 1];
	bool bounded = false;

	ck_assert(memcached_start(&last, MEMCACHED_UNIX, NULL));
	for (int i = 0; i < CROWD; i++) {
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s s%d, ",
			i == CROWD - 1 ? last.address : nowhere(), i);
	}
	snprintf(text + used, sizeof(text) - used,
		 "]\nfailover: eject\n" RETRY_NEVER);
	for (unsigned nth = 0; nth < 20; nth++) {
		int status;

		rig_open_at(&rig, NULL, 0, text);
		rig_key_at(&rig, 0, nth, key);
		status = rig_get(&rig, key);
		/* an operation tries at most four servers for a key */
		ck_assert(status == TENON_MISS || status == TENON_ECONNECT);
		bounded |= status == TENON_ECONNECT;
		ck_assert_int_eq(rig_get(&rig, key), TENON_MISS);
		ck_assert_uint_eq(rig.result.server, CROWD - 1);
		rig_close(&rig);
	}
	ck_assert(bounded);
	memcached_stop(&last);
}
END_TEST

START_TEST(no_key_of_many_is_missing)
{
	enum { KEYS = 200 };
	static char keys[KEYS][24];
	struct tenon_item items[KEYS];
	struct memcached alive[2];
	struct rig rig = { 0 };
	char text[1024];

	for (int i = 0; i < 2; i++) {
		ck_assert(memcached_start(&alive[i], MEMCACHED_UNIX, NULL));
	}
	for (int i = 0; i < KEYS; i++) {
		snprintf(keys[i], sizeof(keys[i]), "many:%d", i);
		items[i] = item(keys[i], keys[i]);
	}
	snprintf(text, sizeof(text),
		 "servers: [%s a, %s b, %s c, %s d]\nfailover: eject\n" RETRY_NEVER,
		 nowhere(), alive[0].address, nowhere(), alive[1].address);
	rig_open_at(&rig, NULL, 0, text);
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, KEYS, 0), 0);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, KEYS, 0), 0);
	for (int i = 0; i < KEYS; i++) {
		ck_assert_int_eq(rig.results[i].status, TENON_HIT);
		ck_assert(result_value_is(&rig.results[i], keys[i],
					  strlen(keys[i])));
		ck_assert_uint_eq(rig.results[i].server % 2, 1);
	}
	rig_close(&rig);
	for (int i = 0; i < 2; i++) {
		memcached_stop(&alive[i]);
	}
}
END_TEST

START_TEST(a_hop_that_times_out_is_not_held_against_the_server)
{
	const struct fake_listen full = { .full = true };
	char key[RIG_KEY_LEN + 1];
	struct rig rig = { 0 };
	int64_t start_ms = now_ms();

	/* The first server takes its connect_timeout; the second has the rest of the time. */
	rig_fake_at(&rig, &full, FAKE_STEPS(FAKE_HOLD));
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_EXPECT_CLOSE, FAKE_ACCEPT,
				  FAKE_READ(RIG_GET_LEN), FAKE_SEND("END\r\n")));
	rig_open(&rig, "failover: eject\nconnect_timeout: 300ms\npoll_timeout: 900ms\n" RETRY_NEVER);
	rig_key_at(&rig, 0, 0, key);
	ck_assert_int_eq(rig_get(&rig, key), TENON_ETIMEDOUT);
	ck_assert_uint_eq(rig.result.server, 1);
	ck_assert_int_lt(now_ms() - start_ms, FAR_TOO_LONG_MS);
	ck_assert_int_eq(rig_get(&rig, key), TENON_MISS);
	ck_assert_uint_eq(rig.result.server, 1);
	rig_close(&rig);
}
END_TEST

/* ---- a hung server ---------------------------------------------------------- */

static const char *const sparing[] = {
	"failover: none\n",
	"failover: eject\n",
	"failover: {backoff: {failure_limit: 1, min: 1h, max: 1h}}\n",
	"failover: {read: eject, write: none}\n",
};

/* One call costs the deadline; the next hundred cost next to nothing. */
START_TEST(a_stopped_process_costs_one_deadline_and_is_then_spared)
{
	const char *settings = sparing[_i / subjects_count()];
	struct memcached stopped, other;
	struct rig rig = { 0 };
	char text[1024];
	char keys[2][RIG_KEY_LEN + 1];
	struct tenon_item items[2];
	int64_t start_ms;

	rig_transport = subject(_i % subjects_count())->name;
	ck_assert(memcached_start(&stopped, MEMCACHED_INET, NULL));
	ck_assert(memcached_start(&other, MEMCACHED_INET, NULL));
	snprintf(text, sizeof(text),
		 "servers: [%s stopped, %s other]\npoll_timeout: 800ms\n%s" RETRY_NEVER,
		 stopped.address, other.address, settings);
	rig_open_at(&rig, NULL, 0, text);
	for (size_t i = 0; i < 2; i++) {
		rig_key_at(&rig, i, 0, keys[i]);
		items[i] = item(keys[i], "v");
	}
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, 2, 0), 0);
	memcached_freeze(&stopped);
	start_ms = now_ms();
	/* the value of the other server is returned */
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, 2, 0),
			 TENON_ETIMEDOUT);
	ck_assert_int_eq(rig.results[0].status, TENON_ETIMEDOUT);
	ck_assert_uint_eq(rig.results[0].server, 0);
	ck_assert_int_eq(rig.results[1].status, TENON_HIT);
	for (int i = 0; i < 100; i++) {
		rig_run(&rig, TENON_GET, items, 2, 0);
		ck_assert_int_eq(rig.results[0].status,
				 strstr(settings, "failover: none") ?
					 TENON_EDOWN : TENON_MISS);
		ck_assert_int_eq(rig.results[1].status, TENON_HIT);
	}
	/* a hundred and one deadlines would take 80 s */
	ck_assert_int_lt(now_ms() - start_ms, 20000);
	kill(stopped.pid, SIGCONT);
	rig_close(&rig);
	memcached_stop(&stopped);
	memcached_stop(&other);
}
END_TEST

/*
 * One server uses up the whole deadline in the round that asks for the parents of split
 * values. The chunks are then not asked for, and no other server is blamed.
 */
START_TEST(a_hung_server_is_the_only_one_that_is_blamed)
{
	enum { SPLIT = 8, KEYS = SPLIT + 1 };
	static char value[500];
	char keys[KEYS][RIG_KEY_LEN + 1];
	struct tenon_item items[KEYS];
	struct memcached good, hung;
	struct tenon_health health;
	struct rig rig = { 0 };
	char text[1024];

	ck_assert(memcached_start(&good, MEMCACHED_INET, NULL));
	ck_assert(memcached_start(&hung, MEMCACHED_INET, NULL));
	snprintf(text, sizeof(text),
		 "servers: [%s good, %s hung]\npoll_timeout: 800ms\ncodecs: [split: {chunk: 200B, max: 20000B}]\n" RETRY_NEVER,
		 good.address, hung.address);
	rig_open_at(&rig, NULL, 0, text);
	memset(value, 'v', sizeof(value));
	for (unsigned i = 0; i < KEYS; i++) {
		rig_key_at(&rig, i < SPLIT ? 0 : 1, i, keys[i]);
		items[i] = item(keys[i], "v");
		if (i < SPLIT) {
			items[i].value.data = value;
			items[i].value.len = sizeof(value);
		}
	}
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, KEYS, 0), 0);
	memcached_freeze(&hung);
	ck_assert_int_lt(rig_run(&rig, TENON_GET, items, KEYS, 0), 0);
	ck_assert_int_eq(rig.results[SPLIT].status, TENON_ETIMEDOUT);
	for (unsigned i = 0; i < SPLIT; i++) {
		/* down: one of the chunks is on the hung server */
		ck_assert(rig.results[i].status == TENON_ETIMEDOUT ||
			  rig.results[i].status == TENON_EDOWN);
	}
	/* the other server's values can be read, on the same connection */
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, SPLIT, TENON_RAW), 0);
	for (unsigned i = 0; i < SPLIT; i++) {
		ck_assert_int_eq(rig.results[i].status, TENON_HIT);
	}
	tenon_client_health(rig.client, 0, &health);
	ck_assert_uint_eq(health.connects, 1);
	ck_assert_int_eq(health.state, TENON_SERVER_UP);
	tenon_client_health(rig.client, 1, &health);
	ck_assert_int_eq(health.state, TENON_SERVER_DOWN);
	kill(hung.pid, SIGCONT);
	rig_close(&rig);
	memcached_stop(&good);
	memcached_stop(&hung);
}
END_TEST

/* A server is not blamed either when the caller had too little time left. */
START_TEST(a_server_that_was_given_little_time_is_not_blamed)
{
	char key[RIG_KEY_LEN + 1];
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_EXPECT_CLOSE, FAKE_ACCEPT,
				  FAKE_READ(RIG_GET_LEN), FAKE_SEND("END\r\n")));
	rig_open(&rig, "poll_timeout: 20s\n" RETRY_NEVER);
	rig_key_at(&rig, 0, 0, key);
	/* no time left: the server is not even asked */
	rig.client->operation.latest_ns = tenon__now_ns();
	ck_assert_int_eq(rig_get(&rig, key), TENON_ETIMEDOUT);
	/* some time left, but less than poll_timeout */
	rig.client->operation.latest_ns = tenon__now_ns() + 100000000;
	ck_assert_int_eq(rig_get(&rig, key), TENON_ETIMEDOUT);
	rig.client->operation.latest_ns = INT64_MAX;
	ck_assert_int_eq(rig_get(&rig, key), TENON_MISS);
	rig_close(&rig);
}
END_TEST

/* ---- policies by access ------------------------------------------------------ */

START_TEST(reads_writes_and_deletes_have_policies_of_their_own)
{
	char key[RIG_KEY_LEN + 1];
	struct rig rig = { 0 };
	struct tenon_item one;

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n"),
				  FAKE_READ(RIG_GET_LEN + 3),
				  FAKE_SEND("NOT_FOUND\r\n")));
	open_half_dead(&rig,
		       "failover: {read: eject, write: none, delete: eject}\n"
		       RETRY_NEVER,
		       key);
	one = item(key, "v");
	ck_assert_int_eq(rig_set(&rig, key, "v"), TENON_ECONNECT);
	/* every policy has been told of the failure */
	ck_assert_int_eq(rig_get(&rig, key), TENON_MISS);
	ck_assert_int_eq(rig_one(&rig, TENON_DELETE, &one, 0), TENON_MISS);
	ck_assert_int_eq(rig_set(&rig, key, "v"), TENON_EDOWN);
	rig_close(&rig);
}
END_TEST

START_TEST(a_server_that_is_down_says_for_how_long)
{
	char key[RIG_KEY_LEN + 1];
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_HOLD));
	open_half_dead(&rig, "retry_timeout: 1h\n", key);
	ck_assert_int_eq(rig_get(&rig, key), TENON_ECONNECT);
	ck_assert_int_eq(rig_get(&rig, key), TENON_EDOWN);
	ck_assert_ptr_nonnull(strstr(rig.err.message, "dead ("));
	ck_assert_ptr_nonnull(strstr(rig.err.message, "tried again in 3"));
	rig_close(&rig);
}
END_TEST

/* ---- gutter ------------------------------------------------------------------- */

/* A request, and the request that goes to a spare pool whose gutter_ttl is 7 s. */
static const struct {
	enum tenon_verb verb;
	int64_t exptime;
	const char *request;
	const char *reply;
	int status;
} capped[] = {
	{ TENON_SET, 0, "set k 0 7 1\r\nv\r\n", "STORED\r\n", TENON_STORED },
	{ TENON_SET, 3, "set k 0 3 1\r\nv\r\n", "STORED\r\n", TENON_STORED },
	{ TENON_SET, 7, "set k 0 7 1\r\nv\r\n", "STORED\r\n", TENON_STORED },
	{ TENON_SET, 8, "set k 0 7 1\r\nv\r\n", "STORED\r\n", TENON_STORED },
	{ TENON_SET, -1, "set k 0 -1 1\r\nv\r\n", "STORED\r\n", TENON_STORED },
	/* UNIX times: in the far future, and in the past */
	{ TENON_SET, 1ll << 31, "set k 0 7 1\r\nv\r\n", "STORED\r\n",
	  TENON_STORED },
	{ TENON_SET, 100000000, "set k 0 100000000 1\r\nv\r\n", "STORED\r\n",
	  TENON_STORED },
	/* TENON_EXPTIME_RELATIVE_MAX_S; memcached reads 30 days and a second as UNIX time too */
	{ TENON_SET, 2592000, "set k 0 7 1\r\nv\r\n", "STORED\r\n",
	  TENON_STORED },
	{ TENON_SET, 2592001, "set k 0 2592001 1\r\nv\r\n", "STORED\r\n",
	  TENON_STORED },
	{ TENON_ADD, 60, "add k 0 7 1\r\nv\r\n", "STORED\r\n", TENON_STORED },
	{ TENON_TOUCH, 60, "touch k 7\r\n", "TOUCHED\r\n", TENON_TOUCHED },
	{ TENON_GAT, 60, "gat 7 k\r\n", "END\r\n", TENON_MISS },
	{ TENON_GET, 0, "get k\r\n", "END\r\n", TENON_MISS },
	{ TENON_DELETE, 0, "delete k\r\n", "DELETED\r\n", TENON_DELETED },
	{ TENON_INCR, 0, "incr k 0\r\n", "5\r\n", TENON_HIT },
};

START_TEST(items_in_the_spare_pool_live_at_most_gutter_ttl)
{
	struct fake_step steps[] = {
		FAKE_ACCEPT,
		fake_expect_text(capped[_i].request),
		fake_send_text(capped[_i].reply),
	};
	struct rig rig = { 0 };
	struct tenon_item one = item("k", "v");
	char text[512];

	rig_fake(&rig, steps, COUNT(steps));
	snprintf(text, sizeof(text),
		 "servers: [{address: %s, alias: spare, pool: gutter}, %s home]\n"
		 "failover: {gutter: {gutter_ttl: 7s}}\n",
		 fake_server_address(rig.fakes[0]), nowhere());
	rig_open_at(&rig, NULL, 0, text);
	one.exptime = capped[_i].exptime;
	ck_assert_int_eq(rig_one(&rig, capped[_i].verb, &one, 0),
			 capped[_i].status);
	/* servers of spare pools have the numbers after those of the ring */
	ck_assert_uint_eq(rig.result.server, 1);
	rig_close(&rig);
}
END_TEST

START_TEST(a_pool_of_several_is_a_ring_and_dies_as_one)
{
	enum { KEYS = 60 };
	static char keys[KEYS][24];
	struct tenon_item items[KEYS];
	struct memcached spares[2];
	struct rig rig = { 0 };
	unsigned per_server[3] = { 0 };
	char text[1024];

	for (int i = 0; i < 2; i++) {
		ck_assert(memcached_start(&spares[i], MEMCACHED_UNIX, NULL));
	}
	for (int i = 0; i < KEYS; i++) {
		snprintf(keys[i], sizeof(keys[i]), "many:%d", i);
		items[i] = item(keys[i], keys[i]);
	}
	snprintf(text, sizeof(text),
		 "servers: [%s home, {address: %s, alias: g1, pool: gutter}, {address: %s, alias: g2, pool: gutter}]\nfailover: gutter\n" RETRY_NEVER,
		 nowhere(), spares[0].address, spares[1].address);
	rig_open_at(&rig, NULL, 0, text);
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, KEYS, 0), 0);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, KEYS, 0), 0);
	for (int i = 0; i < KEYS; i++) {
		ck_assert_int_eq(rig.results[i].status, TENON_HIT);
		ck_assert_uint_lt(rig.results[i].server, 3);
		per_server[rig.results[i].server]++;
	}
	ck_assert_uint_eq(per_server[0], 0);
	ck_assert_uint_gt(per_server[1], KEYS / 10);
	ck_assert_uint_gt(per_server[2], KEYS / 10);
	/* one server of the spare pool dies: the other takes all keys */
	memcached_stop(&spares[0]);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, KEYS, 0), 0);
	for (int i = 0; i < KEYS; i++) {
		ck_assert_uint_eq(rig.results[i].server, 2);
	}
	rig_close(&rig);
	memcached_stop(&spares[1]);
}
END_TEST

/* ---- values through codecs ----------------------------------------------------- */

START_TEST(a_command_that_read_the_item_does_not_hop)
{
	char key[RIG_KEY_LEN + 1];
	struct rig rig = { 0 };
	struct tenon_item one;

	/* the server answers the get that comes before the command, and closes behind it */
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n"), FAKE_READ(RIG_GET_LEN),
				  FAKE_CLOSE));
	rig_fake(&rig, FAKE_STEPS(FAKE_HOLD));
	rig_codecs = NULL;
	rig_open(&rig, "failover: eject\n");
	rig_codecs = "none";
	rig_key_at(&rig, 0, 0, key);
	one = item(key, "v");
	ck_assert_int_eq(rig_one(&rig, TENON_APPEND, &one, 0), TENON_ECLOSED);
	ck_assert_uint_eq(rig.result.server, 0);
	rig_close(&rig);
}
END_TEST

/*
 * The server answers the get that comes before the command. Bytes after that answer
 * make the client give up the server. The value has its key, so it stays.
 */
START_TEST(a_command_goes_to_the_server_that_was_read)
{
	char key[RIG_KEY_LEN + 1];
	char reply[] = "VALUE key:00000 0 1\r\nx\r\nEND\r\nrubbish\r\n";
	struct rig rig = { 0 };
	struct tenon_item one;

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND_BYTES(reply, sizeof(reply) - 1),
				  FAKE_ACCEPT, FAKE_READ(10),
				  FAKE_SEND("NOT_STORED\r\n"), FAKE_HOLD));
	rig_fake(&rig, FAKE_STEPS(FAKE_HOLD));
	rig_codecs = NULL;
	rig_open(&rig, "failover: eject\npoll_timeout: 20s\n" RETRY_NEVER);
	rig_codecs = "none";
	rig_key_at(&rig, 0, 0, key);
	memcpy(reply + sizeof("VALUE ") - 1, key, RIG_KEY_LEN);
	one = item(key, "v");
	ck_assert_int_eq(rig_one(&rig, TENON_APPEND, &one, 0),
			 TENON_NOT_STORED);
	ck_assert_uint_eq(rig.result.server, 0);
	rig_close(&rig);
}
END_TEST

static const char *const formats[] = {
	"codecs: [{split: {format: sealed}}]\n",
	"codecs: [{split: {format: libmc}}]\n",
};

/* The chunks are on all servers. When one server is gone, the value is whole or absent. */
START_TEST(a_split_value_is_never_a_mix_when_servers_come_and_go)
{
	enum { SERVERS = 3, LEN = 2500000 };
	struct memcached servers[SERVERS];
	char *value = binary_value(LEN, 7);
	struct rig rig = { 0 };
	struct tenon_item one = { .key = TENON_LITERAL("large"),
				  .value = { value, LEN } };
	unsigned hits = 0, absent = 0;
	char text[1024];

	for (int i = 0; i < SERVERS; i++) {
		ck_assert(memcached_start(&servers[i], MEMCACHED_INET, NULL));
	}
	snprintf(text, sizeof(text),
		 "servers: [%s a, %s b, %s c]\nfailover: eject\n%s" RETRY_NEVER,
		 servers[0].address, servers[1].address, servers[2].address,
		 formats[_i]);
	rig_codecs = NULL;
	for (int victim = 0; victim < SERVERS; victim++) {
		rig_open_at(&rig, NULL, 0, text);
		ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0),
				 TENON_STORED);
		rig_close(&rig);

		/* a second client has an address for the victim at which no server listens */
		char gone[1024];
		const char *addresses[SERVERS];

		for (int i = 0; i < SERVERS; i++) {
			addresses[i] = i == victim ? nowhere() :
						     servers[i].address;
		}
		snprintf(gone, sizeof(gone),
			 "servers: [%s a, %s b, %s c]\nfailover: eject\n%s" RETRY_NEVER,
			 addresses[0], addresses[1], addresses[2],
			 formats[_i]);
		rig_open_at(&rig, NULL, 0, gone);
		int status = rig_get(&rig, "large");
		if (status == TENON_HIT) {
			ck_assert(result_value_is(&rig.result, value, LEN));
			hits++;
		} else {
			ck_assert_int_eq(status, TENON_MISS);
			absent++;
		}
		/* a value that is stored now is whole */
		ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0),
				 TENON_STORED);
		ck_assert_int_eq(rig_get(&rig, "large"), TENON_HIT);
		ck_assert(result_value_is(&rig.result, value, LEN));
		rig_close(&rig);
	}
	ck_assert_uint_gt(absent, 0);
	ck_assert_uint_eq(hits + absent, SERVERS);
	rig_codecs = "none";
	for (int i = 0; i < SERVERS; i++) {
		memcached_stop(&servers[i]);
	}
	free(value);
}
END_TEST

/* ---- list ---------------------------------------------------------------------- */

static TCase *new_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return tcase;
}

static void add_hops(TCase *tcase)
{
	LOOP(tcase, a_refused_connection_lets_any_verb_hop, COUNT(verbs));
	tcase_add_test(tcase, a_cas_unique_goes_to_no_other_server);
	tcase_add_test(tcase, no_key_hops_without_failover);
	tcase_add_test(tcase, a_noreply_command_hops_too);
	tcase_add_test(tcase, a_repeatable_request_hops_before_a_reply_byte);
	tcase_add_test(tcase, an_unrepeatable_request_does_not_hop);
	tcase_add_test(tcase, no_key_hops_after_a_reply_byte);
	tcase_add_test(tcase, hops_are_bounded_and_the_next_call_goes_on);
	tcase_add_test(tcase, no_key_of_many_is_missing);
	tcase_add_test(tcase,
		       a_hop_that_times_out_is_not_held_against_the_server);
}

int main(void)
{
	Suite *suite;
	TCase *tcase;

	scratch_begin();
	suite = suite_create("failover");
	subjects_load(TENON_KIND_TRANSPORT);
	tcase = new_case(suite, "libmc");
	LOOP(tcase, keys_of_dead_servers_go_where_libmc_sends_them,
	     FAILOVER_LIBMC_SETS);
	add_hops(new_case(suite, "hops"));
	tcase = new_case(suite, "hung");
	subjects_add_test_to(
		tcase, a_stopped_process_costs_one_deadline_and_is_then_spared,
		COUNT(sparing));
	suite_add_codec_test(tcase, a_hung_server_is_the_only_one_that_is_blamed,
			     1);
	tcase_add_test(tcase, a_server_that_was_given_little_time_is_not_blamed);
	tcase = new_case(suite, "policies");
	tcase_add_test(tcase,
		       reads_writes_and_deletes_have_policies_of_their_own);
	tcase_add_test(tcase, a_server_that_is_down_says_for_how_long);
	tcase = new_case(suite, "gutter");
	LOOP(tcase, items_in_the_spare_pool_live_at_most_gutter_ttl,
	     COUNT(capped));
	tcase_add_test(tcase, a_pool_of_several_is_a_ring_and_dies_as_one);
	tcase = new_case(suite, "codecs");
	suite_add_codec_test(tcase, a_command_that_read_the_item_does_not_hop,
			     1);
	suite_add_codec_test(tcase,
			     a_command_goes_to_the_server_that_was_read, 1);
	suite_add_codec_test(
		tcase, a_split_value_is_never_a_mix_when_servers_come_and_go,
		COUNT(formats));
	return suite_run(suite);
}
