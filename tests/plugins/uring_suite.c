/* SPDX-License-Identifier: BSD-3-Clause */
#include "uring_suite.h"

#include <liburing.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "conformance/subject.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

#define PLUGIN "transport_uring"

/* Return true when this machine has an io_uring that the plugin can work with. */
static bool kernel_has_io_uring(void)
{
	struct io_uring ring;
	int code = io_uring_queue_init(1, &ring, 0);

	if (code) {
		return false;
	}
	bool usable = (ring.features & IORING_FEAT_EXT_ARG) != 0;
	io_uring_queue_exit(&ring);
	return usable;
}

static int skipped(const struct uring_test *tests, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (int time = 0; time < tests[i].times; time++) {
			subject_say_left_out(PLUGIN, *tests[i].test);
		}
	}
	printf("1..0 # SKIP " PLUGIN " is left out\n");
	return EXIT_SUCCESS;
}

int uring_suite_run(const char *name, const struct uring_test *tests, size_t count, SFun set_up)
{
	if (subject_is_left_out(PLUGIN) || !kernel_has_io_uring()) {
		return skipped(tests, count);
	}

	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);

	for (size_t i = 0; i < count; i++) {
		tcase_add_loop_test(tcase, *tests[i].test, 0, tests[i].times);
	}
	scratch_begin();
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, set_up, NULL);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
