/* SPDX-License-Identifier: BSD-3-Clause */
#include "runner/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int suite_failed_count;
int suite_run_count;

static int run(Suite *suite, enum fork_status fork_status)
{
	SRunner *runner = srunner_create(suite);

	srunner_set_fork_status(runner, fork_status);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	suite_run_count = srunner_ntests_run(runner);
	suite_failed_count = srunner_ntests_failed(runner);
	srunner_free(runner);
	return EXIT_SUCCESS;
}

int suite_run(Suite *suite)
{
	return run(suite, CK_FORK_GETENV);
}

int suite_run_forked(Suite *suite)
{
	return run(suite, CK_FORK);
}

bool suite_has_codecs(void)
{
	return strcmp(WITH_CODECS, "yes") == 0;
}

void suite_add_codec_test(TCase *tcase, const TTest *test, int count)
{
	if (suite_has_codecs()) {
		tcase_add_loop_test(tcase, test, 0, count);
		return;
	}
	/* Not with stdio: the processes of the tests would write its buffer once more. */
	for (int i = 0; i < count; i++) {
		dprintf(STDOUT_FILENO, "# left out: codecs %s\n", test->name);
	}
}
