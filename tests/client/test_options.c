/* SPDX-License-Identifier: BSD-3-Clause */
/* struct tenon_call: the options of one call, above all its timeout. */
#include <check.h>
#include <stddef.h>
#include <string.h>

#include "conformance/subject.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"
#include "tenon/health.h"

/* The sizes are part of the ABI. */
#if UINTPTR_MAX == UINT64_MAX
_Static_assert(sizeof(struct tenon_item) == 96, "struct tenon_item");
_Static_assert(sizeof(struct tenon_result) == 80, "struct tenon_result");
_Static_assert(offsetof(struct tenon_item, routing_key) == 64, "routing_key");
_Static_assert(offsetof(struct tenon_item, new_cas) == 88, "new_cas");
_Static_assert(offsetof(struct tenon_result, marks) == 52, "marks");
_Static_assert(offsetof(struct tenon_result, idle_s) == 72, "idle_s");
#endif
_Static_assert(sizeof(struct tenon_call) == 32, "struct tenon_call");
_Static_assert(offsetof(struct tenon_call, timeout_ms) == 8, "timeout_ms");

#define GET_MISS FAKE_EXPECT("get k\r\n"), FAKE_SEND("END\r\n")

static const struct tenon_item k = { .key = TENON_LITERAL("k") };

/* ---- the timeout of one call ------------------------------------------------ */

static void check_state(struct rig *rig, uint32_t state, uint64_t failures)
{
	struct tenon_health health;

	ck_assert_int_eq(tenon_client_health(rig->client, 0, &health), 0);
	ck_assert_uint_eq(health.state, state);
	ck_assert_uint_eq(health.failures, failures);
}

/* With poll_timeout 151 ms, three quarters of the time would be enough to blame the server. */
static const struct {
	const char *settings;
	int64_t timeout_ms;
} shorter[] = {
	{ "poll_timeout: 60s\n" RETRY_NEVER, 150 },
	{ "poll_timeout: 151ms\n" RETRY_NEVER, 150 },
};

static void check_nobody_is_blamed(const char *settings, int64_t timeout_ms)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_EXPECT_CLOSE, FAKE_ACCEPT, GET_MISS));
	rig_open(&rig, settings);
	rig.timeout_ms = timeout_ms;
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ETIMEDOUT);
	check_says(rig.err.message, "within the timeout of the call (150 ms)");
	check_state(&rig, TENON_SERVER_UP, 0);
	rig.timeout_ms = 20000;
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}

START_TEST(a_timeout_that_is_shorter_than_poll_timeout_blames_nobody)
{
	rig_transport = subject(_i)->name;
	for (size_t row = 0; row < COUNT(shorter); row++) {
		check_nobody_is_blamed(shorter[row].settings,
				       shorter[row].timeout_ms);
	}
}
END_TEST

START_TEST(a_call_may_wait_longer_than_poll_timeout)
{
	struct rig rig = { 0 };

	rig_transport = subject(_i)->name;
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_DELAY(300), FAKE_SEND("END\r\n")));
	rig_open(&rig, "poll_timeout: 100ms\n" RETRY_NEVER);
	rig.timeout_ms = 20000;
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	check_state(&rig, TENON_SERVER_UP, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(a_server_that_is_later_than_poll_timeout_is_blamed)
{
	struct rig rig = { 0 };

	rig_transport = subject(_i)->name;
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_EXPECT_CLOSE));
	rig_open(&rig, "poll_timeout: 100ms\n" RETRY_NEVER);
	rig.timeout_ms = 200;
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ETIMEDOUT);
	check_says(rig.err.message, "within the timeout of the call (200 ms)");
	check_state(&rig, TENON_SERVER_DOWN, 1);
	rig.timeout_ms = 0;
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_EDOWN);
	rig_close(&rig);
}
END_TEST

static const struct {
	const char *settings;
	uint32_t state;
} connects[] = {
	/* the call ends before connect_timeout */
	{ "connect_timeout: 20s\npoll_timeout: 20s\n" RETRY_NEVER,
	  TENON_SERVER_UP },
	/* the server has the whole connect_timeout */
	{ "connect_timeout: 50ms\npoll_timeout: 20s\n" RETRY_NEVER,
	  TENON_SERVER_DOWN },
};

START_TEST(a_connect_is_judged_by_connect_timeout)
{
	const struct fake_listen full = { .family = FAKE_UNIX, .full = true };
	int row = _i / subjects_count();
	struct rig rig = { 0 };

	rig_transport = subject(_i % subjects_count())->name;
	rig_fake_at(&rig, &full, FAKE_STEPS(FAKE_HOLD));
	rig_open(&rig, connects[row].settings);
	rig.timeout_ms = 200;
	ck_assert_int_lt(rig_get(&rig, "k"), 0);
	check_state(&rig, connects[row].state,
		    connects[row].state == TENON_SERVER_DOWN);
	rig_close(&rig);
}
END_TEST

START_TEST(a_command_for_all_servers_has_a_timeout)
{
	struct rig rig = { 0 };

	rig_transport = subject(_i)->name;
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("version\r\n"),
				  FAKE_SEND("VERSION 1.6\r\n")));
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("version\r\n"),
				  FAKE_EXPECT_CLOSE));
	rig_open(&rig, "poll_timeout: 60s\n" RETRY_NEVER);
	rig.timeout_ms = 150;
	ck_assert_int_eq(rig_run_servers(&rig, TENON_VERSION, NULL, 0),
			 TENON_ETIMEDOUT);
	ck_assert_int_eq(rig.results[0].status, TENON_OK);
	ck_assert_int_eq(rig.results[1].status, TENON_ETIMEDOUT);
	check_says(rig.err.message, "within the timeout of the call (150 ms)");
	rig_close(&rig);
}
END_TEST

/* ---- the struct ------------------------------------------------------------- */

static struct rig rig;

/* A client of one server, which answers the gets of a test. No test waits for it. */
static void start(void)
{
	static const struct fake_step steps[] = { FAKE_ACCEPT, GET_MISS,
						  GET_MISS, FAKE_HOLD };

	memset(&rig, 0, sizeof(rig));
	rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, NULL);
}

static void stop(void)
{
	rig_close(&rig);
}

static int run(const void *call)
{
	return tenon_run(rig.client, TENON_GET, &k, 1, call, &rig.results,
			 &rig.err);
}

/* Check that a call is refused as a whole, with these words. */
static void check_refused(const struct tenon_call *call, const char *words)
{
	ck_assert_int_eq(run(call), TENON_EINVAL);
	check_says(rig.err.message, words);
	ck_assert_ptr_null(rig.results);
	ck_assert_int_eq(tenon_run_servers(rig.client, TENON_VERSION, NULL,
					   call, &rig.results, &rig.err),
			 TENON_EINVAL);
	check_says(rig.err.message, words);
	ck_assert_ptr_null(rig.results);
}

static const struct {
	struct tenon_call call;
	const char *words;
} refused[] = {
	{ { .size = 0 }, "size of struct tenon_call is 0, expected sizeof" },
	{ { .size = 3 }, "size of struct tenon_call is 3" },
	/* call_options.c: STRUCT_MAX_BYTES */
	{ { .size = 4097 }, "size of struct tenon_call is 4097" },
	{ { .size = sizeof(struct tenon_call), .timeout_ms = -1 },
	  "timeout_ms is -1, expected 1 to 3600000, or 0" },
	/* TENON_TIMEOUT_MAX_MS */
	{ { .size = sizeof(struct tenon_call), .timeout_ms = 3600001 },
	  "timeout_ms is 3600001" },
	{ { .size = sizeof(struct tenon_call), .timeout_ms = INT64_MAX },
	  "timeout_ms is 9223372036854775807" },
	{ { .size = sizeof(struct tenon_call), .options = 1u << 30 },
	  "options 0x40000000 are not allowed" },
};

START_TEST(a_wrong_field_is_refused_and_nothing_is_sent)
{
	check_refused(&refused[_i].call, refused[_i].words);
	ck_assert_int_eq(run(NULL), 0);
	ck_assert_int_eq(run(NULL), 0);
}
END_TEST

START_TEST(the_longest_timeout_is_an_hour)
{
	const struct tenon_call hour = { .size = sizeof(hour),
					 .timeout_ms = 3600000 };

	ck_assert_int_eq(run(&hour), 0);
	ck_assert_int_eq(run(NULL), 0);
}
END_TEST

/* An old program: bytes behind `size` are not its, whatever they are. */
START_TEST(bytes_behind_size_are_not_read)
{
	struct tenon_call call = { .size = 4, .options = 1u << 30,
				   .timeout_ms = -1 };

	ck_assert_int_eq(run(&call), 0);
	call.size = 8;
	check_refused(&call, "options 0x40000000");
	call.options = 0;
	ck_assert_int_eq(run(&call), 0);
	call.size = 16;
	check_refused(&call, "timeout_ms is -1");
}
END_TEST

/* A new program: fields that the library does not know must be 0. */
START_TEST(an_unknown_field_is_refused_when_it_is_set)
{
	struct {
		struct tenon_call call;
		char later[8];
	} call = { .call = { .size = sizeof(call) } };

	ck_assert_int_eq(run(&call), 0);
	call.later[7] = 1;
	check_refused(&call.call, "a field at offset 39");
	call.call.size--;
	ck_assert_int_eq(run(&call), 0);
}
END_TEST

/* ---- the items -------------------------------------------------------------- */

static const struct {
	enum tenon_verb verb;
	struct tenon_item item;
	const char *words;
} wrong_items[] = {
	{ TENON_INCR, { .key = TENON_LITERAL("n"), .initial = 1 },
	  "key \"n\": an initial value needs `protocol: meta`" },
	{ TENON_DECR, { .key = TENON_LITERAL("n"), .initial = UINT64_MAX },
	  "key \"n\": an initial value needs `protocol: meta`" },
	{ TENON_GET, { .key = TENON_LITERAL("n"), .reserved_bits = 1 },
	  "key \"n\": the reserved field of struct tenon_item is not 0" },
	{ TENON_SET,
	  { .key = TENON_LITERAL("n"), .new_cas = UINT64_C(1) << 63 },
	  "key \"n\": a cas unique of the caller's own (new_cas) needs `protocol: meta`" },
};

START_TEST(a_wrong_item_is_refused_for_its_key_only)
{
	struct tenon_item items[] = { k, wrong_items[_i].item, k };
	enum tenon_verb verb = wrong_items[_i].verb;

	/* the other keys are refused for their own reason: nothing has to be sent */
	items[0].key = items[2].key = slice("a b");
	ck_assert_int_eq(rig_run(&rig, verb, items, 3, 0), TENON_EKEY);
	ck_assert_int_eq(rig.results[0].status, TENON_EKEY);
	ck_assert_int_eq(rig.results[1].status, TENON_EINVAL);
	ck_assert_uint_eq(rig.results[1].server, UINT32_MAX);
	ck_assert_int_eq(rig.results[2].status, TENON_EKEY);
	ck_assert_int_eq(rig_one(&rig, verb, &items[1], 0), TENON_EINVAL);
	check_says(rig.err.message, wrong_items[_i].words);
	ck_assert_int_eq(run(NULL), 0);
	ck_assert_int_eq(run(NULL), 0);
}
END_TEST

START_TEST(only_incr_and_decr_read_initial)
{
	struct tenon_item one = k;

	one.initial = 5;
	ck_assert_int_eq(rig_one(&rig, TENON_GET, &one, 0), TENON_MISS);
	ck_assert_int_eq(run(NULL), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("options");
	TCase *tcase = tcase_create("connect");
	TCase *structs = tcase_create("structs");

	scratch_begin();
	subjects_load(TENON_KIND_TRANSPORT);
	subjects_add_tests(suite);
	subjects_add_test(a_timeout_that_is_shorter_than_poll_timeout_blames_nobody);
	subjects_add_test(a_call_may_wait_longer_than_poll_timeout);
	subjects_add_test(a_server_that_is_later_than_poll_timeout_is_blamed);
	subjects_add_test(a_command_for_all_servers_has_a_timeout);
	subjects_add_test_to(tcase, a_connect_is_judged_by_connect_timeout,
			     COUNT(connects));
	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(structs, start, stop);
	LOOP(structs, a_wrong_field_is_refused_and_nothing_is_sent,
	     COUNT(refused));
	tcase_add_test(structs, the_longest_timeout_is_an_hour);
	tcase_add_test(structs, bytes_behind_size_are_not_read);
	tcase_add_test(structs, an_unknown_field_is_refused_when_it_is_set);
	LOOP(structs, a_wrong_item_is_refused_for_its_key_only,
	     COUNT(wrong_items));
	tcase_add_test(structs, only_incr_and_decr_read_initial);
	suite_add_tcase(suite, structs);
	return suite_run(suite);
}
