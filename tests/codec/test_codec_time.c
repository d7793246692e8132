/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The time that codecs take. A codec of these tests moves the clock of core/base/clock.c
 * instead of working.
 */
#include <check.h>
#include <string.h>

#include "api/client.h"
#include "base/clock.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

#define FLAG 16u
#define HOUR_NS (INT64_C(3600) * 1000000000)
#define SETTINGS \
	"codecs: [zlib: {threshold: 10B, level: 1}]\npoll_timeout: 20s\n" RETRY_NEVER

static struct tenon__codec_choice slow;
static struct tenon_codec_ops slow_ops;
static bool encodes;

static int slow_encode(void *self, const struct tenon_slice *value,
		       struct tenon_output *output, struct tenon_error *err)
{
	(void)self;
	(void)err;
	tenon__clock_advance(HOUR_NS);
	if (!encodes) {
		return 0;
	}
	if (output->reserve(output, value->len) != 0) {
		return TENON_ENOMEM;
	}
	memset(output->data, 'e', value->len);
	output->len = value->len;
	return 1;
}

static int slow_decode(void *self, const struct tenon_slice *stored,
		       struct tenon_output *output, struct tenon_error *err)
{
	return slow_encode(self, stored, output, err) == 1 ? 0 : TENON_ENOMEM;
}

/* Open a client whose only codec takes an hour for each value. */
static void open_slow(struct rig *rig)
{
	rig_codecs = NULL;
	rig_open(rig, SETTINGS);
	struct tenon__chain *chain = &rig->client->operation.chain;

	ck_assert_uint_eq(chain->count, 1);
	slow = chain->codecs[0];
	slow_ops = *slow.ops;
	slow_ops.encode = slow_encode;
	slow_ops.decode = slow_decode;
	slow.ops = &slow_ops;
	chain->codecs = &slow;
}

START_TEST(a_slow_codec_does_not_use_up_the_time_of_a_set)
{
	struct tenon_item items[2] = { item("a", "0123456789abcdef"),
				       item("b", "0123456789abcdef") };
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(sizeof("set a 0 0 16\r\n") - 1 + 18),
				  FAKE_READ(sizeof("set b 0 0 16\r\n") - 1 + 18),
				  FAKE_SEND("STORED\r\nSTORED\r\n"),
				  FAKE_EXPECT("get a\r\n"), FAKE_SEND("END\r\n")));
	encodes = false;
	open_slow(&rig);
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, 2, 0), 0);
	ck_assert_int_eq(rig.results[0].status, TENON_STORED);
	ck_assert_int_eq(rig.results[1].status, TENON_STORED);
	/* the server was not blamed for the two hours */
	ck_assert_int_eq(rig_get(&rig, "a"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(a_slow_codec_does_not_use_up_the_time_of_a_get)
{
	struct rig rig = { 0 };
	struct tenon_item items[2] = { item("a", ""), item("b", "") };

	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get a b\r\n"),
			    FAKE_SEND("VALUE a 16 2\r\nxx\r\nVALUE b 16 2\r\nxx\r\nEND\r\n"),
			    FAKE_EXPECT("get c\r\n"), FAKE_SEND("END\r\n")));
	encodes = true;
	open_slow(&rig);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, 2, 0), 0);
	ck_assert_int_eq(rig.results[0].status, TENON_HIT);
	ck_assert_int_eq(rig.results[1].status, TENON_HIT);
	ck_assert_int_eq(rig_get(&rig, "c"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

/* The deadline moves by the codec's hour, and not by more. */
START_TEST(the_network_has_poll_timeout_after_a_slow_codec)
{
	struct tenon_item one = item("a", "0123456789abcdef");
	struct rig rig = { 0 };
	struct tenon__operation *op;

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(sizeof("set a 0 0 16\r\n") - 1 + 18),
				  FAKE_SEND("STORED\r\n")));
	encodes = false;
	open_slow(&rig);
	op = &rig.client->operation;
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	/* the time since tenon__operation_begin() without the codec's hour counts */
	int64_t given_ns = op->deadline_ns - op->start_ns;
	ck_assert_int_le(given_ns, INT64_C(20) * 1000000000);
	ck_assert_int_gt(given_ns, INT64_C(1) * 1000000000);
	rig_close(&rig);
}
END_TEST

/* No codec is asked about a short value, so the deadline stays where it was. */
START_TEST(without_a_codec_the_deadline_stays)
{
	struct tenon_item one = item("a", "short");
	struct rig rig = { 0 };
	struct tenon__operation *op;

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("set a 0 0 5\r\nshort\r\n"),
				  FAKE_SEND("STORED\r\n")));
	open_slow(&rig);
	op = &rig.client->operation;
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	ck_assert_int_eq(op->deadline_ns - op->start_ns,
			 INT64_C(20) * 1000000000);
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("codec_time");
	TCase *tcase = tcase_create("time");

	scratch_begin();
	tcase_add_test(tcase, a_slow_codec_does_not_use_up_the_time_of_a_set);
	tcase_add_test(tcase, a_slow_codec_does_not_use_up_the_time_of_a_get);
	tcase_add_test(tcase, the_network_has_poll_timeout_after_a_slow_codec);
	tcase_add_test(tcase, without_a_codec_the_deadline_stays);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
