/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every transport with the fault decorator, against real memcached. A value names its
 * key and its write, so that a wrong value is always noticed.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/subject.h"
#include "fakes/fault.h"
#include "fakes/memcached.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"
#include "tenon/health.h"

#define SERVERS 3
#define KEYS 24
#define ROUNDS 40
#define VALUE_MAX 60000

static struct fault fault;
static struct memcached servers[SERVERS];
static char keys[KEYS][8];
static char values[KEYS][VALUE_MAX];
static struct tenon_item items[KEYS];
static unsigned written[KEYS]; /* number of the last write that was begun */
static unsigned stored[KEYS];  /* number of the last acknowledged write */
/*
 * Writes without an acknowledgement. Their bytes may lie in a connection that is gone,
 * and the server may read them from there at any later time.
 */
static bool unanswered[KEYS][ROUNDS + 1];
/*
 * Writes that may have gone twice. The decorator takes a connection away, and the server does
 * not know it, as behind a middlebox: the server may read the first copy at any later time.
 */
static bool repeated[KEYS][ROUNDS + 1];

/* Write the value of a key's nth write: "key nth", then a byte that follows from both. */
static size_t make_value(char *out, unsigned key, unsigned nth)
{
	static const size_t lengths[] = { 40, 200, 1500, 5000, 17000, VALUE_MAX };
	size_t len = lengths[(key + nth) % COUNT(lengths)];

	memset(out, 'a' + (int)((key * 7 + nth) % 26), len);
	int n = snprintf(out, 32, "%u %u ", key, nth);
	out[n] = 'x'; /* replaces the NUL */
	return len;
}

/*
 * Return true when the result is a whole value of that key. *nth is then the number of
 * its write.
 */
static bool is_value(const struct tenon_result *result, unsigned key,
		     unsigned *nth)
{
	static char expected[VALUE_MAX];
	unsigned of;

	if (result->value_len < 32 ||
	    sscanf(result->value, "%u %u ", &of, nth) != 2 || of != key) {
		return false;
	}
	return result->value_len == make_value(expected, key, *nth) &&
		memcmp(result->value, expected, result->value_len) == 0;
}

/* Write how often the operations of each server went again. */
static void count_retries(const struct rig *rig, uint64_t retries[SERVERS])
{
	struct tenon_health health;

	for (size_t i = 0; i < SERVERS; i++) {
		ck_assert_int_eq(tenon_client_health(rig->client, i, &health), 0);
		retries[i] = health.retries;
	}
}

/* Write all keys. Returns the number of keys without an answer. */
static unsigned write_all(struct rig *rig)
{
	unsigned failures = 0;
	uint64_t before[SERVERS], after[SERVERS];

	for (unsigned i = 0; i < KEYS; i++) {
		items[i] = (struct tenon_item){
			.key = { keys[i], strlen(keys[i]) },
			.value = { values[i],
				   make_value(values[i], i, ++written[i]) },
		};
	}
	count_retries(rig, before);
	rig_run(rig, TENON_SET, items, KEYS, 0);
	count_retries(rig, after);
	for (unsigned i = 0; i < KEYS; i++) {
		uint32_t server = rig->results[i].server;

		ck_assert_uint_lt(server, SERVERS);
		repeated[i][written[i]] = after[server] > before[server];
		if (rig->results[i].status == TENON_STORED) {
			stored[i] = written[i];
		} else {
			ck_assert_int_lt(rig->results[i].status, 0);
			unanswered[i][written[i]] = true;
			failures++;
		}
	}
	return failures;
}

/* Read all keys. may_repeat: a set may go twice. Returns the number of keys with an answer. */
static unsigned read_all(struct rig *rig, bool may_repeat)
{
	unsigned hits = 0, nth = 0;

	rig_run(rig, TENON_GET, items, KEYS, 0);
	for (unsigned i = 0; i < KEYS; i++) {
		const struct tenon_result *result = &rig->results[i];

		if (result->status < 0) {
			continue;
		}
		if (result->status == TENON_MISS) {
			ck_assert_uint_eq(stored[i], 0);
			continue;
		}
		ck_assert_int_eq(result->status, TENON_HIT);
		ck_assert_msg(is_value(result, i, &nth), "key %u: \"%.20s\"", i,
			      result->value);
		ck_assert_uint_le(nth, written[i]);
		ck_assert_msg(nth == stored[i] || unanswered[i][nth] ||
				      (may_repeat && repeated[i][nth]),
			      "key %u: write %u, the last stored is %u", i, nth,
			      stored[i]);
		hits++;
	}
	return hits;
}

static void start(struct rig *rig, int transport, const struct fault_plan *plan)
{
	const char *addresses[SERVERS];

	/*
	 * The servers are new and empty, so forget the earlier writes: tests may share
	 * a process.
	 */
	memset(written, 0, sizeof(written));
	memset(stored, 0, sizeof(stored));
	memset(unanswered, 0, sizeof(unanswered));
	memset(repeated, 0, sizeof(repeated));
	for (size_t i = 0; i < SERVERS; i++) {
		ck_assert(memcached_start(&servers[i], MEMCACHED_UNIX, NULL));
		addresses[i] = servers[i].address;
	}
	for (unsigned i = 0; i < KEYS; i++) {
		snprintf(keys[i], sizeof(keys[i]), "k:%u", i);
	}
	rig_transport = subject(transport)->name;
	rig_open_at(rig, addresses, SERVERS, RETRY_SOON);
	fault_wrap(&fault, rig->client, plan);
}

static void end(struct rig *rig)
{
	tenon_client_disconnect(rig->client);
	fault_unwrap(&fault, rig->client);
	rig_close(rig);
	for (size_t i = 0; i < SERVERS; i++) {
		memcached_stop(&servers[i]);
	}
}

/* Test with faults that only slow down: every key gets its right answer. */
static void harmless(int transport, const struct fault_plan *plan, int rounds)
{
	struct rig rig = { 0 };

	start(&rig, transport, plan);
	for (int round = 0; round < rounds; round++) {
		write_all(&rig);
		ck_assert_uint_eq(read_all(&rig, false), KEYS);
		ck_assert_mem_eq(stored, written, sizeof(stored));
	}
	end(&rig);
}

/* Test with faults that break connections: some keys fail, and no answer is wrong. */
static void harmful(int transport, const struct fault_plan *plan)
{
	struct rig rig = { 0 };
	unsigned hits = 0, failures = 0;

	start(&rig, transport, plan);
	for (int round = 0; round < ROUNDS; round++) {
		failures += write_all(&rig);
		hits += read_all(&rig, plan->reset_chance > 0);
	}
	ck_assert_uint_gt(hits, 0);
	ck_assert_uint_gt(failures + KEYS * ROUNDS - hits, 0);
	end(&rig);
}

START_TEST(one_byte_at_a_time_changes_nothing)
{
	harmless(_i, &(struct fault_plan){ .read_max_bytes = 1, .seed = 1 }, 1);
	ck_assert_uint_gt(fault.counts.short_reads, 10000);
}
END_TEST

START_TEST(short_reads_change_nothing)
{
	harmless(_i, &(struct fault_plan){ .read_max_bytes = 700, .seed = 2 },
		 ROUNDS);
	ck_assert_uint_gt(fault.counts.short_reads, 1000);
}
END_TEST

START_TEST(short_writes_change_nothing)
{
	harmless(_i, &(struct fault_plan){ .write_max_bytes = 90, .seed = 3 }, 2);
	ck_assert_uint_gt(fault.counts.short_writes, 1000);
}
END_TEST

START_TEST(delays_change_nothing)
{
	harmless(_i, &(struct fault_plan){ .delay_chance = 10, .seed = 4 },
		 ROUNDS);
	ck_assert_uint_gt(fault.counts.delays, 20);
}
END_TEST

START_TEST(resets_cost_keys_and_give_no_wrong_answer)
{
	harmful(_i, &(struct fault_plan){ .reset_chance = 20,
					  .read_max_bytes = 9000, .seed = 5 });
	ck_assert_uint_gt(fault.counts.resets, 20);
}
END_TEST

START_TEST(garbage_costs_keys_and_gives_no_wrong_answer)
{
	harmful(_i, &(struct fault_plan){ .garbage_chance = 20, .seed = 6 });
	ck_assert_uint_gt(fault.counts.garbage, 20);
}
END_TEST

START_TEST(everything_at_once_gives_no_wrong_answer)
{
	harmful(_i, &(struct fault_plan){
		.read_max_bytes = 5000, .write_max_bytes = 20000,
		.delay_chance = 2, .reset_chance = 2, .garbage_chance = 5,
		.seed = 7 });
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("transport faults");

	scratch_begin();
	subjects_load(TENON_KIND_TRANSPORT);
	subjects_add_tests(suite);
	subjects_add_test(one_byte_at_a_time_changes_nothing);
	subjects_add_test(short_reads_change_nothing);
	subjects_add_test(short_writes_change_nothing);
	subjects_add_test(delays_change_nothing);
	subjects_add_test(resets_cost_keys_and_give_no_wrong_answer);
	subjects_add_test(garbage_costs_keys_and_gives_no_wrong_answer);
	subjects_add_test(everything_at_once_gives_no_wrong_answer);
	return suite_run(suite);
}
