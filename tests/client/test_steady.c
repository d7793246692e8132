/* SPDX-License-Identifier: BSD-3-Clause */
/* In steady state an operation of any size allocates no memory. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "conformance/subject.h"
#include "fakes/memcached.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "base/memory.h"
#include "runner/suite.h"

#define SERVERS 3
#define KEYS 200
#define LARGE 300000
#define STEADY 20 /* rounds in a row without an allocation */
#define ROUNDS_MAX 200

static struct memcached servers[SERVERS];
static char keys[KEYS][16];
static struct tenon_item items[KEYS];
static char large[LARGE];

static void run_all(struct rig *rig)
{
	struct tenon_item one = { .key = TENON_LITERAL("large"),
				  .value = { large, LARGE } };

	ck_assert_int_eq(rig_run(rig, TENON_SET, items, KEYS, 0), 0);
	ck_assert_int_eq(rig_run(rig, TENON_GETS, items, KEYS, 0), 0);
	ck_assert_int_eq(rig_run(rig, TENON_SET, items, KEYS, TENON_NOREPLY), 0);
	ck_assert_int_eq(rig_one(rig, TENON_SET, &one, 0), TENON_STORED);
	ck_assert_int_eq(rig_get(rig, "large"), TENON_HIT);
	ck_assert_int_eq(rig_get(rig, "absent"), TENON_MISS);
	ck_assert_int_eq(rig_one(rig, TENON_DELETE, &one, 0), TENON_DELETED);
}

START_TEST(operations_in_steady_state_allocate_nothing)
{
	const char *addresses[SERVERS];
	struct rig rig = { 0 };

	rig_transport = subject(_i)->name;
	for (size_t i = 0; i < SERVERS; i++) {
		ck_assert(memcached_start(&servers[i], MEMCACHED_UNIX, NULL));
		addresses[i] = servers[i].address;
	}
	for (unsigned i = 0; i < KEYS; i++) {
		snprintf(keys[i], sizeof(keys[i]), "k:%u", i);
		items[i] = (struct tenon_item){
			.key = { keys[i], strlen(keys[i]) },
			.value = { large, i * 40 },
		};
	}
	rig_open_at(&rig, addresses, SERVERS, "prefix: \"p:\"\n");
	/*
	 * the number of blocks for a reply depends on the kernel too: it is sometimes
	 * larger
	 */
	for (int round = 0, steady = 0; steady < STEADY; round++) {
		ck_assert_int_lt(round, ROUNDS_MAX);
		tenon__memory_fail_from(0);
		run_all(&rig);
		steady = tenon__memory_made() == 0 ? steady + 1 : 0;
	}
	rig_close(&rig);
	for (size_t i = 0; i < SERVERS; i++) {
		memcached_stop(&servers[i]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("steady state");

	scratch_begin();
	subjects_load(TENON_KIND_TRANSPORT);
	subjects_add_tests(suite);
	subjects_add_test(operations_in_steady_state_allocate_nothing);
	return suite_run(suite);
}
