/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of the transport uring below a secure plugin: an operation on one server goes without the ring.
 * The toy xor with the mask 0 changes no byte, so the servers speak plain text. A function of liburing
 * is replaced by one that counts its calls.
 */
#define _GNU_SOURCE 1 /* for liburing.h and RTLD_NEXT */
#include <check.h>
#include <dlfcn.h>
#include <liburing.h>
#include <stdlib.h>

#include "fakes/rig.h"
#include "uring_suite.h"

#define TIMES 3

static int enters; /* calls that submit to the ring and wait in it */

typedef int (*wait_fn)(struct io_uring *, struct io_uring_cqe **, unsigned,
		       struct __kernel_timespec *, sigset_t *);

/* The plugin calls this function, both as a built-in and as a module. */
__attribute__((visibility("default"))) int io_uring_submit_and_wait_timeout(
	struct io_uring *ring, struct io_uring_cqe **cqe, unsigned count,
	struct __kernel_timespec *time, sigset_t *mask)
{
	wait_fn next;

	*(void **)&next = dlsym(RTLD_NEXT, "io_uring_submit_and_wait_timeout");
	if (!next) {
		abort();
	}
	enters++;
	return next(ring, cqe, count, time, mask);
}

static const char *const settings[] = {
	"",
	"secure: {xor: {mask: 0}}\n",
};

/* Loop: without and with a secure plugin. */
START_TEST(one_secure_server_goes_without_the_ring)
{
	static struct fake_step steps[2][2];
	char keys[2][RIG_KEY_LEN + 1];
	struct tenon_item items[2];
	struct rig rig = { 0 };

	for (size_t i = 0; i < 2; i++) {
		steps[i][0] = (struct fake_step)FAKE_ACCEPT;
		steps[i][1] = (struct fake_step)FAKE_SERVE(RIG_GET_LEN, "END\r\n",
							   2 * TIMES);
		rig_fake(&rig, steps[i], 2);
	}
	rig_plugin = "tests/toys/.libs/secure_xor.so";
	rig_open(&rig, settings[_i]);
	for (size_t i = 0; i < 2; i++) {
		rig_key_at(&rig, i, 0, keys[i]);
		items[i] = item(keys[i], NULL);
	}
	for (int i = 0; i < TIMES; i++) {
		for (size_t one = 0; one < 2; one++) {
			enters = 0;
			ck_assert_int_eq(rig_get(&rig, keys[one]), TENON_MISS);
			ck_assert_int_eq(enters > 0, _i == 0);
		}
		enters = 0;
		ck_assert_int_eq(rig_run(&rig, TENON_GET, items, 2, 0), 0);
		ck_assert_int_gt(enters, 0);
	}
	rig_close(&rig);
}
END_TEST

static void set_up(void)
{
	rig_transport = "uring";
	rig_warm = true;
}

static const struct uring_test tests[] = {
	{ &one_secure_server_goes_without_the_ring, COUNT(settings) },
};

int main(void)
{
	return uring_suite_run("uring_secure", tests, COUNT(tests), set_up);
}
