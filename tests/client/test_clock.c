/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client as time passes. The core reads its clock in core/base/clock.c only, so
 * tests move that clock instead of waiting.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "conformance/subject.h"
#include "fakes/fault.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

#define MINUTE_NS (INT64_C(60) * 1000000000)

static struct fault fault;

/* Open a client whose only server is a UNIX socket that does not exist. */
static void open_without_server(struct rig *rig, const char *settings)
{
	char path[108];

	scratch_path(path, sizeof(path));
	rig_open_one(rig, path, settings);
}

START_TEST(clock_advance_moves_the_clock_of_the_core)
{
	int64_t before_ns = tenon__now_ns();

	tenon__clock_advance(60 * MINUTE_NS);
	ck_assert_int_ge(tenon__now_ns() - before_ns, 60 * MINUTE_NS);
	ck_assert_int_lt(tenon__now_ns() - before_ns, 120 * MINUTE_NS);
}
END_TEST

START_TEST(a_dead_server_is_left_alone_until_retry_timeout_has_passed)
{
	struct rig rig = { 0 };

	open_without_server(&rig, "retry_timeout: 60min\n");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECONNECT);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_EDOWN);
	tenon__clock_advance(30 * MINUTE_NS);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_EDOWN);
	tenon__clock_advance(30 * MINUTE_NS);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECONNECT);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_EDOWN);
	rig_close(&rig);
}
END_TEST

START_TEST(a_server_that_was_down_is_tried_again_after_retry_timeout)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_CLOSE, FAKE_ACCEPT,
				  FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("VALUE k 0 1\r\nx\r\nEND\r\n")));
	rig_open(&rig, "retry_timeout: 60min\n");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECLOSED);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_EDOWN);
	tenon__clock_advance(60 * MINUTE_NS);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_HIT);
	rig_close(&rig);
}
END_TEST

START_TEST(retry_timeout_begins_when_the_failure_is_known)
{
	struct rig rig = { 0 };

	/* The failure itself takes half of retry_timeout. */
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("VALUE k 0 1\r\n"), FAKE_CLOSE));
	rig_open(&rig, "retry_timeout: 60min\npoll_timeout: 10min\n");
	fault_wrap(&fault, rig.client, &(struct fault_plan){
		.advance_ms = 30 * 60000 });
	ck_assert_int_lt(rig_get(&rig, "k"), 0);
	tenon__clock_advance(31 * MINUTE_NS);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_EDOWN);
	tenon_client_disconnect(rig.client);
	fault_unwrap(&fault, rig.client);
	rig_close(&rig);
}
END_TEST

/* The reply begins before the deadline and is not complete when the deadline passes. */
START_TEST(an_operation_ends_when_its_time_is_over)
{
	struct rig rig = { 0 };

	rig_transport = subject(_i)->name;
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("VALUE k 0 1\r\n")));
	rig_open(&rig, NULL);
	fault_wrap(&fault, rig.client, &(struct fault_plan){ .advance_ms = 600000 });
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ETIMEDOUT);
	ck_assert_uint_eq(fault.counts.delays, 1);
	tenon_client_disconnect(rig.client);
	fault_unwrap(&fault, rig.client);
	rig_close(&rig);
}
END_TEST

#define REFUSING 60

/* Connecting to each server takes a minute; the deadline passes after five of them. */
START_TEST(connecting_to_many_servers_ends_at_the_deadline)
{
	static char lines[REFUSING][160], address[128];
	static char keys[REFUSING][RIG_KEY_LEN + 1];
	static struct tenon_item items[REFUSING];
	const char *servers[REFUSING];
	struct rig rig = { 0 };

	rig_transport = subject(_i)->name;
	for (size_t i = 0; i < REFUSING; i++) {
		fake_refused_address(FAKE_UNIX, address, sizeof(address));
		snprintf(lines[i], sizeof(lines[i]), "%s s%zu", address, i);
		servers[i] = lines[i];
	}
	rig_open_at(&rig, servers, REFUSING,
		    "poll_timeout: 5min\nconnect_timeout: 10s\n" RETRY_NEVER);
	for (size_t i = 0; i < REFUSING; i++) {
		rig_key_at(&rig, i, 0, keys[i]);
		items[i] = item(keys[i], NULL);
	}
	fault_wrap(&fault, rig.client, &(struct fault_plan){
		.address_advance_ms = 30000 });
	rig_run(&rig, TENON_GET, items, REFUSING, 0);
	/* two questions for each server: the path, and then that there is no other */
	ck_assert_uint_ge(fault.counts.addresses, 8);
	ck_assert_uint_le(fault.counts.addresses, 12);
	ck_assert_int_eq(rig.results[0].status, TENON_ECONNECT);
	ck_assert_int_eq(rig.results[REFUSING - 1].status, TENON_ETIMEDOUT);
	/* a server that was not asked is not marked down */
	ck_assert_int_eq(rig_get(&rig, keys[0]), TENON_EDOWN);
	ck_assert_int_eq(rig_get(&rig, keys[REFUSING - 1]), TENON_ECONNECT);
	tenon_client_disconnect(rig.client);
	fault_unwrap(&fault, rig.client);
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("clock");
	TCase *tcase = tcase_create("clock");

	scratch_begin();
	subjects_load(TENON_KIND_TRANSPORT);
	subjects_add_tests(suite);
	subjects_add_test(an_operation_ends_when_its_time_is_over);
	subjects_add_test(connecting_to_many_servers_ends_at_the_deadline);
	tcase_add_test(tcase, clock_advance_moves_the_clock_of_the_core);
	tcase_add_test(tcase,
		       a_dead_server_is_left_alone_until_retry_timeout_has_passed);
	tcase_add_test(tcase,
		       a_server_that_was_down_is_tried_again_after_retry_timeout);
	tcase_add_test(tcase, retry_timeout_begins_when_the_failure_is_known);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
